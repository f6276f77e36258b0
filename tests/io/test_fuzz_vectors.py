"""Vector files with bytes changed: a layer or an error of ours, never a crash, a hang or a heap of memory.

GDAL is C++ code that may take the process down, so every kind is read in a process of its own.
"""

from __future__ import annotations

import random
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, Point, box
from test_fuzz_tables import (
    COMMAND_EVERY,
    command_says,
    ends_well,
    keep_within_limits,
    mutated,
    overwritten,
)  # fmt: skip

KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>井盖</name><Folder><name>桥西</name>
<Placemark><name>井1</name><ExtendedData><Data name="编码"><value>0012</value></Data></ExtendedData>
<Point><coordinates>114.88,40.82,0</coordinates></Point></Placemark>
<Placemark><Polygon><outerBoundaryIs><LinearRing><coordinates>114,40 115,40 115,41 114,40</coordinates>
</LinearRing></outerBoundaryIs></Polygon></Placemark>
<Placemark><MultiGeometry><Point><coordinates>114,40</coordinates></Point><LineString>
<coordinates>114,40,1 115,41,2</coordinates></LineString></MultiGeometry></Placemark>
</Folder></Document></kml>"""

_DRAWN = """0 SECTION 2 HEADER 9 $ACADVER 1 AC1015 9 $DWGCODEPAGE 3 ANSI_936 0 ENDSEC
0 SECTION 2 BLOCKS 0 BLOCK 8 0 2 井 10 0.0 20 0.0 0 CIRCLE 8 0 10 0.0 20 0.0 40 0.7 0 ENDBLK 0 ENDSEC
0 SECTION 2 ENTITIES 0 POINT 8 井盖 10 573000.0 20 4520000.0
0 TEXT 8 注记 10 573000.0 20 4520000.0 40 2.5 1 清宁路 0 INSERT 8 井 2 井 10 573010.0 20 4520000.0
0 LWPOLYLINE 8 地块 90 4 70 1 10 0.0 20 0.0 10 10.0 20 0.0 10 10.0 20 10.0 10 0.0 20 10.0
0 LINE 8 管 10 0.0 20 0.0 11 5.0 21 5.0 0 ENDSEC 0 EOF"""
DXF = _DRAWN.replace(" ", "\n")

ROUNDS = {
    "shp": 250, "dbf": 250, "shx": 150, "prj": 150, "cpg": 60, "gpkg": 250, "geojson": 500, "fgb": 400,
    "parquet": 300, "kml": 800, "dxf": 400, "gdb": 250, "zip": 250,
}  # fmt: skip


def city() -> gpd.GeoDataFrame:
    """Twelve areas with text, numbers and dates."""
    count = 12
    return gpd.GeoDataFrame(
        {
            "编号": [f"{i:03d}" for i in range(count)],
            "名称": ["堡子里街道", "清宁路", None] * 4,
            "面积": [i / 7 for i in range(count)],
            "日期": pd.to_datetime(["2024-01-01"] * count),
        },
        geometry=[
            box(i, 0, i + 1, 1).union(box(i, 2, i + 1, 3)) if i % 2 else box(i, 0, i + 1, 1)
            for i in range(count)
        ],
        crs=4547,
    )


def make(kind: str, folder: Path) -> tuple[Path, list[Path]]:
    """Make a sound file; return it and the parts of it that are to be changed."""
    import zjk_gis.io as door

    if kind in ("kml", "dxf"):
        path = folder / f"a.{kind}"
        path.write_bytes(KML.encode() if kind == "kml" else DXF.encode("gbk"))
        return path, [path]
    ending = "shp" if kind in ("shp", "dbf", "shx", "prj", "cpg", "zip") else kind
    path = folder / f"a.{ending}"
    layer = city().to_crs(4490) if kind == "geojson" else city()
    if ending == "shp":
        layer = layer.assign(
            日期=layer["日期"].astype("str"), geometry=[LineString([(i, 0), (i, 9)]) for i in range(12)]
        )
    if kind == "gpkg":
        layer = layer.assign(geometry=[Point(i, i) for i in range(12)])
    door.write_layer(layer, path)
    if kind == "zip":
        packed = folder / "a.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(folder.glob("a.*")):
                if part != packed:
                    archive.write(part, part.name)
                    part.unlink()
        return packed, [packed]
    if kind == "gdb":
        return path, sorted(path.glob("*.gdbtab*"))
    return path, [path.with_suffix(f".{kind}")]


def run(kind: str) -> None:
    """Read many mutations of one kind; the first that goes wrong ends the process with its seed."""
    import zjk_gis.io as door
    from zjk_gis.errors import ZjkGisError

    with tempfile.TemporaryDirectory() as name:
        path, parts = make(kind, Path(name))
        Path(name, "city").mkdir()
        door.read_layer(path)  # what is loaded once is no matter of the file
        sound = {part: part.read_bytes() for part in parts}
        keep_within_limits()
        read = 0
        for seed in range(ROUNDS[kind]):
            dice = random.Random(seed)  # noqa: S311
            chosen = dice.choice(parts)
            change = (
                overwritten
                if kind in ("gpkg", "gdb", "fgb", "parquet", "shp") and dice.random() < 0.7
                else mutated
            )
            chosen.write_bytes(change(sound[chosen], dice))
            print(kind, seed, flush=True)
            said = ""
            try:
                for layer in door.list_layers(path):
                    with warnings.catch_warnings():
                        door.read_layer(path, layer=layer)
                    read += 1
            except ZjkGisError as error:
                said = str(error)
            assert "\n" not in said, f"seed {seed}: {said!r} has several lines"
            assert not said or path.stem in said, f"seed {seed}: {said!r} names no file"
            if not seed % COMMAND_EVERY:
                command_says(path, Path(name, "city", "city.gpkg"))
            chosen.write_bytes(sound[chosen])
            for stray in path.parent.glob("a.gpkg-*"):
                stray.unlink()
        assert read, "no mutation could be read: the readable are not reached"
        print("done", read)


@pytest.mark.parametrize("kind", ROUNDS)
def test_bytes_changed_at_random_give_a_layer_or_an_error_of_ours(kind):
    ends_well(__file__, kind)


if __name__ == "__main__":
    run(sys.argv[1])
