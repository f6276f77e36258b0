"""Vector files at both doors: read whole by `read_layer`, and in batches for a job; the same values at each.

The batches are of two rows, so that every file has several, and reading goes on at any of them.
"""

import datetime as dt
import sqlite3
import subprocess
import sys

import fiona
import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from pyproj import CRS
from shapely import Point

from zjk_gis.batch.opening import open_source
from zjk_gis.batch.sources import Place
from zjk_gis.errors import CRSError, FileError, GeometryError, InputError
from zjk_gis.io import read_layer

CODES = [130703010100000001, None, 130703010100000003, 5, -7]
NAMES = ["堡子里社区", "大境门", None, "清水河左岸", "东窑子镇"]
TIMES = pd.to_datetime(
    ["2025-03-11 06:00:00", None, "2025-03-11 23:59:59.500", "1999-12-31", "2025-01-01"], format="ISO8601"
)
SHAPES = [Point(573000 + at, 4520000) for at in range(5)]


def incidents(**more):
    columns = {"名称": NAMES, "code": pd.array(CODES, dtype="Int64"), "wide": [1.5, None, 3, 4, 5], **more}
    return gpd.GeoDataFrame(columns, geometry=SHAPES, crs=4547)


def in_batches(path, **options):
    """All rows of a source, column by column, as plain Python values; the positions beside them."""
    source = open_source(path, batch_rows=2, **options)
    batches = list(source.batches(Place()))
    tables = [source.table(batch, source.places(batch).why >= 0) for batch in batches]
    table = pa.Table.from_batches(tables, schema=source.schema)
    names = [name for name in table.schema.names if name != source.geometry]
    x = [x for batch in batches for x in source.places(batch).x.tolist()]
    return source, {name: table[name].to_pylist() for name in names}, x


def whole(path, **options):
    layer = read_layer(path, **options)
    return layer, {name: [plain(each) for each in layer[name].tolist()] for name in layer.columns[:-1]}


def plain(value):
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.tz_localize(None).to_pydatetime()
    return value


def same_at_both_doors(path, **options):
    layer, values = whole(path, **options)
    source, others, x = in_batches(path, **options)
    assert others == values
    assert x == pytest.approx(layer.geometry.x.tolist())
    assert (source.crs, source.geometry) == (layer.crs, layer.geometry.name)
    return layer, source, values


def geopackage(path, frame=None, layer="案件"):
    pyogrio.write_dataframe(incidents(time=TIMES) if frame is None else frame, path, layer=layer)
    return path


def shapefile(path, frame=None, encoding="GBK", cpg=None):
    pyogrio.write_dataframe(incidents() if frame is None else frame, path, encoding=encoding)
    path.with_suffix(".cpg").unlink()
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)
    return path


def change(path, place, content):
    """Overwrite some bytes of a file."""
    with path.open("r+b") as file:
        file.seek(place)
        file.write(content)


def test_a_geopackage_has_the_same_values_at_both_doors(tmp_path):
    _, _, values = same_at_both_doors(geopackage(tmp_path / "a.gpkg"))
    assert values["code"] == CODES
    assert values["名称"] == NAMES
    assert values["time"][2] == dt.datetime(2025, 3, 11, 23, 59, 59, 500000)


@pytest.mark.parametrize("encoding", ["GBK", "UTF-8"])
@pytest.mark.parametrize("cpg", [None, "ISO 8859-1", "1252", "UTF-8", "GBK"])
def test_a_shapefile_has_the_same_values_at_both_doors(tmp_path, encoding, cpg):
    layer, source, values = same_at_both_doors(shapefile(tmp_path / "a.shp", encoding=encoding, cpg=cpg))
    assert (values["code"], values["名称"]) == (CODES, NAMES)
    assert [each for each in layer.attrs["report"].remarks if "read as" in each] == [
        each for each in source.remarks if "read as" in each
    ]


def test_two_names_cut_to_the_same_ten_bytes_both_keep_their_values(tmp_path):
    frame = (
        incidents().rename(columns={"wide": "单元网格编"}).assign(单元网格X=["甲", "乙", "丙", "丁", "戊"])
    )
    path = shapefile(tmp_path / "a.shp", frame[["单元网格编", "单元网格X", "geometry"]])
    name = "单元网格编".encode("gbk")
    change(path.with_suffix(".dbf"), 64, name + b"\0")
    layer, source, values = same_at_both_doors(path)
    assert values == {"单元网格编": [1.5, None, 3, 4, 5], "单元网格编_2": ["甲", "乙", "丙", "丁", "戊"]}
    assert layer.attrs["report"].renamed == {"单元网格编": "单元网格编_2"}
    said = "a.shp: the column '单元网格编' comes again and is called '单元网格编_2'"
    assert said in layer.attrs["report"].remarks
    assert said in source.remarks


def test_two_columns_of_one_name_in_parquet_both_keep_their_values(tmp_path):
    path = tmp_path / "a.parquet"
    incidents().to_parquet(path)
    table = pq.read_table(path)
    names = ["a", "a", "b", "geometry"]
    about = {b"geo": table.schema.metadata[b"geo"]}
    pq.write_table(table.rename_columns(names).replace_schema_metadata(about), path)
    layer, source, values = same_at_both_doors(path)
    assert list(values) == ["a", "a_2", "b"]
    assert "a.parquet: the column 'a' comes again and is called 'a_2'" in source.remarks
    assert layer.attrs["report"].renamed == {"a": "a_2"}


def test_a_column_that_has_the_name_of_the_shapes_is_kept(tmp_path):
    frame = incidents().rename_geometry("geom").assign(geometry=["a", "b", "c", "d", "e"])
    _, _, values = same_at_both_doors(geopackage(tmp_path / "a.gpkg", frame))
    assert values["geometry_2"] == ["a", "b", "c", "d", "e"]


def test_rows_marked_as_deleted_are_left_out_wherever_reading_goes_on(tmp_path):
    path = shapefile(tmp_path / "a.shp")
    header, record = (
        int.from_bytes(path.with_suffix(".dbf").read_bytes()[at : at + 2], "little") for at in (8, 10)
    )
    change(path.with_suffix(".dbf"), header + record, b"*")
    _, source, values = same_at_both_doors(path)
    assert values["名称"] == [NAMES[0], *NAMES[2:]]
    assert "a.shp: 1 row is marked as deleted and left out" in source.remarks
    first, *_ = source.batches(Place())
    rest = [source.table(each, source.places(each).why >= 0) for each in source.batches(first.after)]
    assert [name for each in rest for name in each.column("名称").to_pylist()] == NAMES[3:]


def test_rows_past_a_stale_count_are_read(tmp_path):
    path = geopackage(tmp_path / "a.gpkg")
    with sqlite3.connect(path) as database:
        database.execute("UPDATE gpkg_ogr_contents SET feature_count = 2")
    database.close()
    _, source, values = same_at_both_doors(path)
    assert values["code"] == CODES
    assert "a.gpkg: says that 案件 has 2 rows, but it has 5; all were read" in source.remarks
    last = list(source.batches(Place(at=4, rows=4)))
    assert [each.rows for each in last] == [1]


@pytest.mark.parametrize(
    ("zones", "told"),
    [
        (["+08:00"] * 3, False),
        (["Z", "+08:00", "-05:00"], False),
        (["", "+08:00", ""], True),
        (["", "", ""], False),
    ],
    ids=["one zone", "several zones", "some without", "none"],
)
def test_times_are_the_same_moments_at_both_doors(tmp_path, zones, told):
    """Read whole, a column keeps its zone; in batches it is Beijing's time, without one."""
    path = geopackage(tmp_path / "a.gpkg", incidents(time=TIMES)[:3].drop(columns=["code"]))
    with sqlite3.connect(path) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        for at, zone in enumerate(zones):
            text = f"2025-03-11T23:00:00.000{zone}"
            database.execute('UPDATE "案件" SET time = ? WHERE fid = ?', [text, at + 1])
    database.close()
    _, others, _ = in_batches(path)
    layer = read_layer(path)
    times = layer["time"]
    if isinstance(times.dtype, pd.DatetimeTZDtype):
        times = times.dt.tz_convert("Asia/Shanghai")
    assert others["time"] == [plain(each) for each in times]
    hours = {"+08:00": 11, "": 11, "Z": 12, "-05:00": 12}
    assert [each.day for each in others["time"]] == [hours[zone] for zone in zones]
    assert told == any("taken for Beijing's" in each for each in layer.attrs["report"].remarks)


@pytest.mark.parametrize("driver", ["GPKG", "ESRI Shapefile"])
def test_dates_and_yes_or_no_keep_their_kind_where_some_are_missing(tmp_path, driver):
    path = tmp_path / ("a.gpkg" if driver == "GPKG" else "a.shp")
    schema = {"geometry": "Point", "properties": {"day": "date", "done": "bool", "count": "int32"}}
    rows = [{"day": "2025-03-11", "done": True, "count": 7}, {"day": None, "done": None, "count": None}]
    with fiona.open(path, "w", driver=driver, schema=schema, crs="EPSG:4547", layer="a") as file:
        for row, shape in zip(rows, SHAPES, strict=False):
            file.write({"type": "Feature", "geometry": shapely.geometry.mapping(shape), "properties": row})
    layer, values = whole(path)
    assert layer.dtypes.astype("str").tolist()[:3] == ["datetime64[ms]", "boolean", "Int64"]
    assert values == {"day": [dt.datetime(2025, 3, 11), None], "done": [True, None], "count": [7, None]}
    _, others, _ = in_batches(path)
    assert others == {"day": [dt.date(2025, 3, 11), None], "done": [True, None], "count": [7, None]}


def test_long_numbers_that_64_bits_do_not_hold_are_text_at_both_doors(tmp_path):
    path = shapefile(tmp_path / "a.shp", incidents()[["code", "geometry"]])
    dbf = path.with_suffix(".dbf")
    numbers = ["11020313070300500101", "", "1", "2", "3"]
    field = b"CODE".ljust(11, b"\0") + b"N" + bytes(4) + bytes([20, 0]) + bytes(14)
    header = b"\x03" + bytes(3) + (5).to_bytes(4, "little") + (65).to_bytes(2, "little")
    header += (21).to_bytes(2, "little") + bytes(20) + field + b"\r"
    dbf.write_bytes(header + b"".join(b" " + each.rjust(20).encode() for each in numbers) + b"\x1a")
    _, source, values = same_at_both_doors(path)
    assert values["CODE"] == ["11020313070300500101", None, "1", "2", "3"]
    assert "numbers of CODE have more digits than numbers hold; read as text" in "\n".join(source.remarks)


def test_text_cut_within_a_character_is_decoded_at_both_doors(tmp_path):
    path = shapefile(tmp_path / "a.shp")
    dbf = path.with_suffix(".dbf")
    cut = "清水河左岸".encode("gbk")
    dbf.write_bytes(dbf.read_bytes().replace(cut, cut[:-1] + b" "))
    _, source, values = same_at_both_doors(path)
    assert values["名称"][3] == "清水河左"
    assert "1 names or values end or break within a character" in "\n".join(source.remarks)


SYSTEMS = {
    "a .prj in GBK": lambda wkt: wkt.replace("CGCS2000_3_Degree", "张家口城市").encode("gbk"),
    "no place on Earth": lambda _: b'LOCAL_CS["city"]',
    "damaged": lambda wkt: wkt[:99].encode(),
    "another system, which the numbers contradict": lambda _: CRS(4326).to_wkt("WKT1_ESRI").encode(),
}


@pytest.mark.parametrize("case", SYSTEMS)
def test_the_system_is_settled_by_one_rule(tmp_path, case):
    path = shapefile(tmp_path / "a.shp")
    prj = path.with_suffix(".prj")
    prj.write_bytes(SYSTEMS[case](prj.read_text()))
    if case == "a .prj in GBK":
        _, source, _ = same_at_both_doors(path)
        assert source.crs.name.startswith("张家口城市")
        return
    assert read_layer(path).crs is None
    with pytest.raises(CRSError, match=r"a\.shp: .*name its system with crs="):
        open_source(path)
    layer, source, _ = same_at_both_doors(path, crs=4547)
    assert [each for each in layer.attrs["report"].remarks if "as crs= says" in each] == [
        each for each in source.remarks if "as crs= says" in each
    ]


def test_a_caller_who_contradicts_the_file_is_refused_at_both_doors(tmp_path):
    path = geopackage(tmp_path / "a.gpkg")
    for door in (read_layer, open_source):
        with pytest.raises(CRSError, match=r"says it is in .* 114E, but crs= says .* 117E"):
            door(path, crs=4548)


def test_the_layer_is_the_only_one_or_that_of_the_incidents(tmp_path):
    path = geopackage(tmp_path / "a.gpkg")
    geopackage(path, incidents()[:1], "路灯")
    assert len(in_batches(path)[2]) == len(read_layer(path, spec="incidents")) == 5
    geopackage(path, incidents()[:1], "incidents")
    with pytest.raises(InputError, match="which of its layers holds the incidents"):
        open_source(path)


def test_damage_is_refused_at_both_doors(tmp_path):
    path = shapefile(tmp_path / "a.shp")
    path.write_bytes(path.read_bytes()[:-10])
    for door in (read_layer, open_source):
        with pytest.raises(FileError, match="is cut off"):
            door(path)


def test_a_layer_of_areas_holds_no_incidents(tmp_path):
    frame = incidents().set_geometry(shapely.buffer(SHAPES, 1), crs=4547)
    with pytest.raises(GeometryError, match="holds no points but Polygon"):
        open_source(geopackage(tmp_path / "a.gpkg", frame))


WITHOUT = """
import sys
sys.modules["pyarrow"] = None
from zjk_gis.io import read_layer
for path in sys.argv[1:]:
    layer = read_layer(path)
    words = layer.drop(columns="geometry").astype("str").to_numpy().tolist()
    kinds = layer.dtypes.astype(str).to_dict()
    print(repr([kinds, words, layer.geometry.to_wkt().tolist(), layer.attrs["report"].as_dict()]))
"""


def test_a_layer_is_the_same_without_pyarrow(tmp_path):
    paths = [geopackage(tmp_path / "a.gpkg"), shapefile(tmp_path / "b.shp", cpg="latin-1")]
    for ending in ("fgb", "geojson"):
        paths.append(tmp_path / f"c.{ending}")
        pyogrio.write_dataframe(incidents(time=TIMES).to_crs(4326), paths[-1])
    bare = subprocess.run(
        [sys.executable, "-c", WITHOUT, *map(str, paths)], capture_output=True, text=True, check=True
    )
    for path, said in zip(paths, bare.stdout.splitlines(), strict=True):
        layer = read_layer(path)
        expected = [
            layer.dtypes.astype(str).to_dict(),
            layer.drop(columns="geometry").astype("str").to_numpy().tolist(),
            layer.geometry.to_wkt().tolist(),
            layer.attrs["report"].as_dict(),
        ]
        assert said == repr(expected)
