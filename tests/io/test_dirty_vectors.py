"""Vector files as bureaus send them: each dirty in its own way, with its right answer or its refusal."""

import json
import shutil
import sqlite3
import struct
import warnings
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from pyproj import CRS
from shapely import LineString, MultiPoint, Point, Polygon, box

from zjk_gis.errors import ZjkGisError
from zjk_gis.io import read_layer

NAMES = ["堡子里街道", "清宁路", "明德北街"]
EAST, NORTH = 573300.0, 4520900.0
METRES = [Point(EAST, NORTH), Point(EAST + 10, NORTH), Point(EAST + 20, NORTH + 5)]
DEGREES = [Point(114.88, 40.82), Point(114.89, 40.82), Point(114.9, 40.83)]


def wells(shapes=METRES, crs: Any = 4547, **columns: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"名称": NAMES[: len(shapes)], **columns}, geometry=list(shapes), crs=crs)


def shapefile(
    folder: Path, layer: gpd.GeoDataFrame | None = None, encoding="GB18030", *, cpg: str | None = None
):
    """Write a shapefile as GDAL does it; by default in GBK and without .cpg."""
    path = folder / "a.shp"
    pyogrio.write_dataframe(wells() if layer is None else layer, path, encoding=encoding)
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)
    return path


def changed(path: Path, ending: str, change) -> Path:
    """Change the bytes of one part of a shapefile."""
    part = path.with_suffix(ending)
    part.write_bytes(change(part.read_bytes()))
    return path


def without(path: Path, *endings: str) -> Path:
    for ending in endings:
        path.with_suffix(ending).unlink()
    return path


def renamed(path: Path, change) -> Path:
    """Rename all parts of a shapefile."""
    made = path
    for part in sorted(path.parent.glob(f"{path.stem}.*")):
        target = part.with_name(change(part.name))
        part.rename(target)
        made = target if target.suffix.lower() == ".shp" else made
    return made


def said_ldid(ldid: int):
    return lambda content: content[:29] + bytes([ldid]) + content[30:]


def gdal(name: str, frame: gpd.GeoDataFrame | None = None, **options: Any):
    def make(folder: Path) -> Path:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that there is no CRS
            pyogrio.write_dataframe(wells() if frame is None else frame, folder / name, **options)
        return folder / name

    return make


def feature(coordinates, kind="Point", **properties):
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": kind, "coordinates": coordinates},
    }


def collection(*features, **more):
    return {"type": "FeatureCollection", **more, "features": list(features)}


def text(name: str, content: Any, encoding="utf-8"):
    """Write JSON, or text as it is."""

    def make(folder: Path) -> Path:
        written = content if isinstance(content, str | bytes) else json.dumps(content, ensure_ascii=False)
        (folder / name).write_bytes(written if isinstance(written, bytes) else written.encode(encoding))
        return folder / name

    return make


def zipped(make, name="a.zip", *, prefix="", encoding: str | None = None):
    """Pack all parts of what is made; in GBK without saying so, as an old Windows does."""

    def pack(folder: Path) -> Path:
        inside = folder / "inside"
        inside.mkdir()
        make(inside)
        with zipfile.ZipFile(folder / name, "w") as archive:
            for part in sorted(each for each in inside.rglob("*") if each.is_file()):
                member = zipfile.ZipInfo(prefix + part.relative_to(inside).as_posix())
                if encoding is not None:
                    member = _Silent(member.filename, encoding)
                archive.writestr(member, part.read_bytes())
        return folder / name

    return pack


class _Silent(zipfile.ZipInfo):
    """A member whose name is in an encoding that the archive does not tell."""

    def __init__(self, name: str, encoding: str) -> None:
        super().__init__(name.encode(encoding).decode("latin-1"))

    def _encodeFilenameFlags(self):  # noqa: N802
        return self.filename.encode("latin-1"), self.flag_bits


POINT = b"<Point><coordinates>114.88,40.82</coordinates></Point>"


@dataclass
class Dirty:
    """A file, and what must come of it; or the words with which it is refused."""

    name: str
    make: Any
    rows: int = 3
    names: list[str | None] | None = field(default_factory=lambda: list(NAMES))
    column: str = "名称"
    epsg: int | None = 4547
    first: tuple[float, float] | None = (EAST, NORTH)
    encoding: str | None = None
    said: str = ""
    refused: str = ""
    layer: str | None = None
    crs: Any = None


def run_sql(*statements: str):
    def make(folder: Path) -> Path:
        path = gdal("a.gpkg", layer="wells")(folder)
        database = sqlite3.connect(path)
        for (trigger,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        for statement in statements:
            database.execute(statement)
        database.commit()
        database.close()
        return path

    return make


def an_sqlite(folder: Path) -> Path:
    with sqlite3.connect(folder / "a.gpkg") as database:
        database.execute("CREATE TABLE t (a)")
    database.close()
    return folder / "a.gpkg"


def two_layers(folder: Path) -> Path:
    path = gdal("a.gpkg", layer="井盖")(folder)
    pyogrio.write_dataframe(wells(DEGREES[:1], 4490), path, layer="路灯", append=False)
    return path


def unfinished(folder: Path) -> Path:
    """A GeoPackage whose last rows are in the journal that another program left beside it."""
    source = gdal("b.gpkg", wells(METRES[:1]), layer="wells")(folder)
    database = sqlite3.connect(source)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA wal_autocheckpoint = 0")
    for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f'DROP TRIGGER "{trigger}"')
    database.execute("INSERT INTO wells (geom, 名称) SELECT geom, '清宁路' FROM wells")
    database.commit()
    for ending in ("", "-wal"):
        shutil.copy(f"{source}{ending}", folder / f"a.gpkg{ending}")
    database.close()
    return folder / "a.gpkg"


def cut(make, share=0.5):
    def cut_off(folder: Path) -> Path:
        path = make(folder)
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])
        return path

    return cut_off


def plain_parquet(folder: Path) -> Path:
    pd.DataFrame({"名称": NAMES, "经度": [114.88, 114.89, 114.9], "纬度": [40.82, 40.82, 40.83]}).to_parquet(
        folder / "a.parquet"
    )
    return folder / "a.parquet"


def parquet_with(change) -> Any:
    def make(folder: Path) -> Path:
        wells().to_parquet(folder / "a.parquet")
        table = pq.read_table(folder / "a.parquet")
        described = json.loads(table.schema.metadata[b"geo"])
        change(described)
        pq.write_table(
            table.replace_schema_metadata({**table.schema.metadata, b"geo": json.dumps(described).encode()}),
            folder / "a.parquet",
        )
        return folder / "a.parquet"

    return make


def prj(content: str | bytes):
    written = content if isinstance(content, bytes) else content.encode()
    return lambda folder: changed(shapefile(folder), ".prj", lambda _: written)


ZONE_38 = [Point(38_000_000 + each.x, each.y) for each in METRES]
BOW_TIE = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])

FILES = [
    # ── shapefiles
    Dirty("gbk_and_nothing_said", shapefile, encoding="GB18030"),
    Dirty(
        "gbk_and_the_table_says_gbk",
        lambda f: changed(shapefile(f), ".dbf", said_ldid(0x4D)),
        encoding="GB18030",
    ),
    Dirty(
        "gbk_and_the_table_says_windows_1252",
        lambda f: changed(shapefile(f), ".dbf", said_ldid(0x57)),
        encoding="GB18030",
    ),
    Dirty("gbk_and_cpg_says_utf_8", lambda f: shapefile(f, cpg="UTF-8"), encoding="GB18030"),
    Dirty("utf_8_and_cpg_says_gbk", lambda f: shapefile(f, encoding="UTF-8", cpg="936"), encoding="UTF-8"),
    Dirty("utf_8_and_nothing_said", lambda f: shapefile(f, encoding="UTF-8"), encoding="UTF-8"),
    Dirty("cpg_is_nonsense", lambda f: shapefile(f, cpg="简体中文"), encoding="GB18030"),
    Dirty("cpg_is_empty", lambda f: shapefile(f, cpg=""), encoding="GB18030"),
    Dirty(
        "rare_characters_of_gb18030",
        lambda f: shapefile(f, wells().assign(名称=["𠮷", "㐂", "龘"])),
        names=["𠮷", "㐂", "龘"],
        encoding="GB18030",
    ),
    Dirty(
        "value_cut_within_a_character",
        lambda f: changed(
            shapefile(f, wells().assign(名称=["桥" * 5] * 3)),
            ".dbf",
            lambda c: c[: c.rindex("桥".encode("gbk")) + 1] + b" " + c[c.rindex("桥".encode("gbk")) + 2 :],
        ),
        names=["桥" * 5, "桥" * 5, "桥" * 4],
        said="end or break within a character",
    ),
    Dirty("endings_in_capitals", lambda f: renamed(shapefile(f), str.upper)),
    Dirty(
        "endings_of_mixed_case",
        lambda f: renamed(shapefile(f), lambda name: name.replace(".shp", ".Shp").replace(".dbf", ".DBF")),
    ),
    Dirty(
        "name_in_chinese_with_blanks",
        lambda f: renamed(shapefile(f), lambda name: f"桥东 井盖 (1){name[1:]}"),
    ),
    Dirty(
        "no_index",
        lambda f: without(shapefile(f), ".shx"),
        said="has no .shx; the order of its shapes was found again",
    ),
    Dirty(
        "no_table",
        lambda f: without(shapefile(f), ".dbf"),
        names=None,
        said="has no .dbf; there are shapes but no columns",
    ),
    Dirty("no_prj", lambda f: without(shapefile(f), ".prj"), epsg=None, said="crs=4547"),
    Dirty("no_prj_but_named", lambda f: without(shapefile(f), ".prj"), crs=4547),
    Dirty(
        "no_prj_and_zone_before_the_easting",
        lambda f: without(shapefile(f, wells(ZONE_38, 4526)), ".prj"),
        epsg=None,
        first=(38_573_300.0, NORTH),
        said="crs=4526",
    ),
    Dirty(
        "no_prj_and_degrees",
        lambda f: without(shapefile(f, wells(DEGREES, 4490)), ".prj"),
        epsg=None,
        first=(114.88, 40.82),
        said="no .prj",
    ),
    Dirty("prj_is_empty", prj(""), epsg=None, said="crs=4547"),
    Dirty("prj_is_of_html", prj("<html>404</html>"), epsg=None, said="crs=4547"),
    Dirty("prj_names_no_place", prj('LOCAL_CS["Unknown"]'), epsg=None),
    Dirty(
        "prj_contradicts_the_numbers",
        prj(CRS(4326).to_wkt("WKT1_ESRI")),
        epsg=None,
        said="says it is in WGS 84, but holds no degrees; name its system with crs=",
    ),
    Dirty(
        "table_shorter_than_the_shapes",
        lambda f: changed(
            shapefile(f),
            ".dbf",
            lambda c: c[:4] + struct.pack("<I", 2) + c[8 : -struct.unpack("<H", c[10:12])[0] - 1],
        ),
        refused="a.shp",
    ),
    Dirty(
        "table_of_rows_marked_deleted",
        lambda f: changed(
            shapefile(f),
            ".dbf",
            lambda c: c[: struct.unpack("<H", c[8:10])[0]] + b"*" + c[struct.unpack("<H", c[8:10])[0] + 1 :],
        ),
        rows=2,
        names=NAMES[1:],
        first=(EAST + 10, NORTH),
        said="1 row is marked as deleted and left out",
    ),
    Dirty("shapes_cut_off", lambda f: changed(shapefile(f), ".shp", lambda c: c[:-10]), refused="is cut off"),
    Dirty(
        "a_picture_named_shp",
        text("a.shp", b"\x89PNG\r\n\x1a\n" + b"\0" * 200),
        refused="its content looks like binary",
    ),
    Dirty("an_empty_shp", text("a.shp", b""), refused="the file is empty"),
    Dirty(
        "a_shp_of_another_byte_order", text("a.shp", struct.pack("<I", 9994) + b"\0" * 96), refused="a.shp"
    ),
    Dirty(
        "no_shapes_in_some_rows",
        lambda f: shapefile(f, wells([METRES[0], None, None])),
        said="2 rows have no usable geometry",
    ),
    Dirty(
        "prj_of_metres_and_numbers_of_degrees",
        lambda f: changed(
            shapefile(f, wells(DEGREES, 4490)), ".prj", lambda _: CRS(4547).to_wkt("WKT1_ESRI").encode()
        ),
        epsg=None,
        first=(114.88, 40.82),
        said="but holds degrees; name its system with crs=",
    ),
    Dirty(
        "prj_wrong_and_the_right_system_named",
        lambda f: changed(
            shapefile(f, wells(DEGREES, 4490)), ".prj", lambda _: CRS(4547).to_wkt("WKT1_ESRI").encode()
        ),
        crs=4490,
        epsg=4490,
        first=(114.88, 40.82),
        said="taken for China Geodetic Coordinate System 2000, as crs= says",
    ),
    Dirty(
        "prj_of_another_zone",
        lambda f: shapefile(f, wells(ZONE_38, 4547)),
        first=(38_573_300.0, NORTH),
        said="crs=4526",
    ),
    Dirty(
        "heights", lambda f: shapefile(f, wells([Point(EAST, NORTH, 700), Point(1, 2, 3), Point(4, 5, 6)]))
    ),
    Dirty(
        "not_a_number_among_the_coordinates",
        lambda f: changed(
            shapefile(f), ".shp", lambda c: c[:-16] + struct.pack("<dd", float("nan"), float("nan"))
        ),
        said="1 row has no usable geometry",
    ),
    # ── GeoPackages
    Dirty(
        "several_layers_and_none_named", two_layers, refused="name one of its layers with layer=: 井盖, 路灯"
    ),
    Dirty("several_layers_and_one_named", two_layers, layer="井盖"),
    Dirty(
        "a_layer_that_is_not_there",
        two_layers,
        layer="井",
        refused="has no layer '井'; its layers are 井盖, 路灯",
    ),
    Dirty("system_undefined", gdal("a.gpkg", wells(crs=None)), epsg=None, said="has no usable CRS"),
    Dirty(
        "system_not_among_those_described",
        run_sql(
            "UPDATE gpkg_geometry_columns SET srs_id = 999999", "UPDATE gpkg_contents SET srs_id = 999999"
        ),
        epsg=None,
        said="has no usable CRS",
    ),
    Dirty(
        "rows_in_the_journal_of_another_program",
        unfinished,
        rows=2,
        names=["堡子里街道", "清宁路"],
        said="says that wells has 1 rows, but it has 2; all were read",
    ),
    Dirty(
        "fewer_rows_than_it_says",
        run_sql("DELETE FROM wells WHERE fid = 3"),
        rows=2,
        names=NAMES[:2],
        said="says that wells has 3 rows, but it has 2",
    ),
    Dirty(
        "no_layers_at_all",
        run_sql("DELETE FROM gpkg_contents", "DELETE FROM gpkg_geometry_columns", "DROP TABLE wells"),
        refused="holds no layer",
    ),
    Dirty("a_layer_whose_table_is_gone", run_sql("DROP TABLE wells"), refused="a.gpkg"),
    Dirty(
        "a_shape_that_is_none",
        run_sql("UPDATE wells SET geom = x'00112233' WHERE fid = 2"),
        said="1 row has no usable geometry",
    ),
    Dirty("an_sqlite_that_is_no_geopackage", an_sqlite, refused="a.gpkg"),
    Dirty("a_geopackage_cut_off", cut(gdal("a.gpkg")), refused="a.gpkg"),
    Dirty(
        "a_geopackage_that_is_html", text("a.gpkg", "<html>"), refused="its content looks like XML or HTML"
    ),
    Dirty("shapes_of_several_kinds", gdal("a.gpkg", wells([METRES[0], LineString(METRES), box(0, 0, 1, 1)]))),
    Dirty(
        "shapes_that_cross_themselves_are_kept",
        gdal("a.gpkg", wells([BOW_TIE, BOW_TIE, BOW_TIE])),
        first=None,
    ),
    Dirty(
        "empty_shapes",
        gdal("a.gpkg", wells([METRES[0], Point(), Point()])),
        said="2 rows have no usable geometry",
    ),
    # ── GeoJSON
    Dirty(
        "byte_order_mark",
        text("a.geojson", collection(feature([114.88, 40.82], 名称="甲")), "utf-8-sig"),
        rows=1,
        names=["甲"],
        epsg=4326,
        first=(114.88, 40.82),
    ),
    Dirty(
        "json_in_gbk",
        text("a.geojson", collection(feature([114.88, 40.82], 名称="甲")), "gbk"),
        rows=1,
        names=["甲"],
        epsg=4326,
        first=(114.88, 40.82),
        encoding="GB18030",
    ),
    Dirty(
        "json_in_utf_16", text("a.geojson", collection(), "utf-16"), refused="its content looks like binary"
    ),
    Dirty(
        "metres_and_the_system_named",
        text(
            "a.geojson",
            collection(
                feature([EAST, NORTH], 名称="甲"),
                crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}},
            ),
        ),
        rows=1,
        names=["甲"],
    ),
    Dirty(
        "metres_and_nothing_named",
        text("a.geojson", collection(feature([EAST, NORTH], 名称="甲"))),
        rows=1,
        names=["甲"],
        epsg=None,
        said="crs=4547",
    ),
    Dirty(
        "latitude_first",
        text("a.geojson", collection(feature([40.82, 114.88], 名称="甲"))),
        rows=1,
        names=["甲"],
        epsg=None,
        first=(40.82, 114.88),
        said="no degrees",
    ),
    Dirty(
        "something_behind_the_end",
        text("a.geojson", json.dumps(collection(feature([114.88, 40.82], 名称="甲"))) + "<script>"),
        refused="a.geojson",
    ),
    Dirty(
        "json_cut_off",
        cut(text("a.geojson", collection(feature([114.88, 40.82], 名称="甲")))),
        refused="a.geojson",
    ),
    Dirty("json_that_is_no_map", text("a.geojson", {"code": 200, "data": []}), refused="a.geojson"),
    Dirty("no_features", text("a.geojson", collection()), rows=0, names=None, epsg=4326, first=None),
    Dirty(
        "null_shapes",
        text("a.geojson", collection({"type": "Feature", "properties": {"名称": "甲"}, "geometry": None})),
        rows=1,
        names=["甲"],
        epsg=4326,
        first=None,
        said="1 row has no usable geometry",
    ),
    Dirty(
        "a_topology", text("a.geojson", {"type": "Topology", "objects": {}, "arcs": []}), refused="a.geojson"
    ),
    Dirty(
        "features_with_other_columns_each",
        text(
            "a.json", collection(feature([114.88, 40.82], 名称="甲"), feature([114.89, 40.82], 权属="电信"))
        ),
        rows=2,
        names=["甲", None],
        epsg=4326,
        first=(114.88, 40.82),
    ),
    # ── FlatGeobuf and Parquet
    Dirty("a_flatgeobuf_cut_off", cut(gdal("a.fgb"), 0.9), refused="a.fgb"),
    Dirty("a_flatgeobuf_without_index", gdal("a.fgb", SPATIAL_INDEX="NO")),
    Dirty("a_table_in_parquet", plain_parquet, epsg=4490, first=(114.88, 40.82)),
    Dirty("a_parquet_cut_off", cut(plain_parquet), refused="a.parquet"),
    Dirty(
        "a_parquet_that_names_no_system",
        parquet_with(lambda geo: geo["columns"]["geometry"].update(crs=None)),
        epsg=None,
        said="has no usable CRS",
    ),
    Dirty(
        "a_parquet_whose_shapes_are_elsewhere",
        parquet_with(lambda geo: geo.update(primary_column="geom")),
        refused="a.parquet",
    ),
    # ── archives
    Dirty("a_shapefile_in_an_archive", zipped(shapefile)),
    Dirty("a_shapefile_below_folders", zipped(shapefile, prefix="数据/2025/")),
    Dirty(
        "names_in_gbk_in_an_archive",
        zipped(lambda f: renamed(shapefile(f), lambda name: f"井盖{name[1:]}"), encoding="gbk"),
        said="read as GB18030",
    ),
    Dirty(
        "several_files_in_an_archive",
        zipped(lambda f: (shapefile(f), gdal("b.gpkg")(f))),
        refused="holds several files to read",
    ),
    Dirty("nothing_to_read_in_an_archive", zipped(text("readme.md", "x")), refused="or none"),
    Dirty(
        "a_member_that_climbs_out",
        zipped(text("a.geojson", "{}"), prefix="../"),
        refused="would be unpacked outside the folder",
    ),
    Dirty("an_archive_cut_off", cut(zipped(shapefile), 0.7), refused="a.zip"),
    Dirty(
        "a_shapefile_without_its_other_parts",
        zipped(lambda f: without(shapefile(f), ".dbf", ".shx")),
        names=None,
        said="has no .dbf",
    ),
    # ── KML
    Dirty(
        "a_kml_without_namespace",
        text("a.kml", b"<kml><Placemark><name>" + "甲".encode() + b"</name>" + POINT + b"</Placemark></kml>"),
        rows=1,
        names=["甲"],
        column="name",
        epsg=4326,
        first=(114.88, 40.82),
    ),
    Dirty(
        "a_kml_in_gbk_that_says_utf_8",
        text(
            "a.kml",
            b'<?xml version="1.0" encoding="UTF-8"?><kml><Placemark><name>'
            + "甲乙".encode("gbk")
            + b"</name>"
            + POINT
            + b"</Placemark></kml>",
        ),
        rows=1,
        names=["甲乙"],
        column="name",
        epsg=4326,
        first=(114.88, 40.82),
        encoding="GB18030",
    ),
    Dirty(
        "a_kml_without_placemarks",
        text("a.kml", b"<kml><Document/></kml>"),
        rows=0,
        names=None,
        epsg=4326,
        first=None,
    ),
]


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_a_dirty_file_is_read_right_or_refused_with_its_reason(tmp_path, file):
    path = file.make(tmp_path)
    if file.refused:
        with pytest.raises(ZjkGisError) as refused:
            read_layer(path, layer=file.layer, crs=file.crs)
        assert file.refused in str(refused.value)
        assert str(path) in str(refused.value)
        return
    layer = read_layer(path, layer=file.layer, crs=file.crs)
    report = layer.attrs["report"]
    assert len(layer) == file.rows
    if file.names is not None:
        assert [None if pd.isna(name) else name for name in layer[file.column]] == file.names
    assert (layer.crs.to_epsg() if layer.crs else None) == file.epsg
    if file.first is not None:
        point = layer.geometry.iloc[0]
        assert (point.x, point.y) == pytest.approx(file.first, abs=1e-6)
    if file.encoding is not None:
        assert report.encoding == file.encoding
    assert file.said in "\n".join(report.remarks)
    json.dumps(report)


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "fgb", "parquet", "gdb"])
def test_shapes_come_through_as_they_are(tmp_path, ending):
    shapes = [BOW_TIE, MultiPoint([(1, 2), (3, 4)]), Point(1, 2), LineString([(0, 0), (1, 1)])]
    if ending in ("gdb", "fgb"):
        shapes = [BOW_TIE]
    path = tmp_path / f"a.{ending}"
    layer = gpd.GeoDataFrame(geometry=shapes, crs=4326)
    if ending == "parquet":
        layer.to_parquet(path)
    else:
        pyogrio.write_dataframe(layer, path, driver="OpenFileGDB" if ending == "gdb" else None)
    for shape, read in zip(shapes, read_layer(path).geometry, strict=True):
        assert shapely.equals(shapely.node(read), shapely.node(shape)) or read.equals_exact(shape, 1e-6)
