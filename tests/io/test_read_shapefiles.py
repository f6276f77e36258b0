"""Shapefiles: encodings that nobody states, names cut to 10 bytes, parts that are missing."""

import shutil

import geopandas as gpd
import pyogrio
import pytest
from shapely import Point

from zjk_gis.errors import CRSError, FileError
from zjk_gis.io import read_layer, write_layer

NAMES = ["堡子里社区", "大境门"]


def make_shapefile(path, *, encoding="UTF-8", cpg=True, crs=4547, column="名称", values=NAMES):
    layer = gpd.GeoDataFrame(
        {column: values}, geometry=[Point(573000 + i, 4520000) for i in range(len(values))], crs=crs
    )
    pyogrio.write_dataframe(layer, path, encoding=encoding)
    if not cpg:
        path.with_suffix(".cpg").unlink()
    return path


def report_of(layer):
    return layer.attrs["report"]


@pytest.mark.parametrize(
    ("encoding", "cpg", "name", "found"),
    [
        ("UTF-8", True, "UTF-8", ".cpg says UTF-8"),
        ("UTF-8", False, "UTF-8", "no .cpg; valid UTF-8"),
        ("GB18030", True, "GB18030", ".cpg says GB18030"),
        ("GBK", False, "GB18030", "no .cpg; valid GB18030"),
    ],
)
def test_the_encoding_is_found_and_said(tmp_path, encoding, cpg, name, found):
    layer = read_layer(make_shapefile(tmp_path / "a.shp", encoding=encoding, cpg=cpg))
    assert layer["名称"].tolist() == NAMES
    assert (report_of(layer)["encoding"], report_of(layer)["encoding_found"]) == (name, found)


def test_a_gbk_shapefile_without_cpg_is_more_than_pyogrio_reads(tmp_path):
    path = make_shapefile(tmp_path / "a.shp", encoding="GBK", cpg=False)
    assert pyogrio.read_dataframe(path).columns[0] == "Ãû³Æ"
    assert "a.shp: read as GB18030 (no .cpg; valid GB18030)" in report_of(read_layer(path))["remarks"]


@pytest.mark.parametrize("declared", ["UTF-8", "ISO-8859-1", "ANSI 1252", "OEM", "nonsense", "hex", "北京"])
def test_a_cpg_that_does_not_fit_is_not_believed(tmp_path, declared):
    path = make_shapefile(tmp_path / "a.shp", encoding="GBK")
    path.with_suffix(".cpg").write_text(declared, encoding="utf-8")
    layer = read_layer(path)
    assert layer["名称"].tolist() == NAMES
    assert report_of(layer)["encoding"] == "GB18030"
    assert "which does not fit" in report_of(layer)["encoding_found"]


@pytest.mark.parametrize("declared", ["936", "GBK", "gb2312", "ANSI 936"])
def test_the_many_names_of_gbk_are_one(tmp_path, declared):
    path = make_shapefile(tmp_path / "a.shp", encoding="GBK")
    path.with_suffix(".cpg").write_text(declared)
    assert report_of(read_layer(path))["encoding_found"] == f".cpg says {declared}"


def test_plain_ascii_is_utf_8(tmp_path):
    layer = read_layer(make_shapefile(tmp_path / "a.shp", cpg=False, column="name", values=["a", None]))
    assert report_of(layer)["encoding_found"] == "no .cpg; plain ASCII"
    assert report_of(layer)["remarks"] == []


@pytest.mark.parametrize(
    ("encoding", "text", "kept"), [("UTF-8", "桥" * 27, 26), ("GBK", "a" + "桥" * 40, 40)]
)
def test_a_value_cut_within_a_character_loses_that_character_and_no_more(tmp_path, encoding, text, kept):
    path = make_shapefile(tmp_path / "a.shp", encoding=encoding, cpg=False, values=["x" * 80, "大境门"])
    dbf = path.with_suffix(".dbf")
    dbf.write_bytes(dbf.read_bytes().replace(b"x" * 80, text.encode(encoding)[:80]))
    layer = read_layer(path)
    assert layer["名称"].tolist() == [text[:kept], "大境门"]
    assert "1 names or values end or break within a character" in report_of(layer)["remarks"][-1]


@pytest.mark.parametrize(("encoding", "cut"), [("UTF-8", "单元网"), ("GBK", "单元网格编")])
@pytest.mark.filterwarnings("ignore:.*laundered field name")
@pytest.mark.filterwarnings("ignore:Could not decode error message")
def test_names_cut_to_ten_bytes_are_completed_by_the_spec(tmp_path, encoding, cut):
    path = make_shapefile(
        tmp_path / "a.shp", encoding=encoding, cpg=False, column="单元网格编码", values=["130703005001001"]
    )
    layer = read_layer(path, spec="unit_grids")
    assert layer["grid_code"].tolist() == ["130703005001001"]
    assert report_of(layer)["renamed"] == {cut: "grid_code"}
    assert list(read_layer(path).columns) == [cut, "geometry"]


def test_shortened_names_come_back(tmp_path):
    layer = gpd.GeoDataFrame({"incident_code": ["1"]}, geometry=[Point(0, 0)], crs=4547)
    result = read_layer(write_layer(layer, tmp_path / "a.shp"))
    assert list(result.columns) == ["incident_code", "geometry"]
    assert report_of(result)["renamed"] == {"incid_code": "incident_code"}


def test_a_missing_prj_is_said_and_crs_names_it(tmp_path):
    path = make_shapefile(tmp_path / "a.shp")
    path.with_suffix(".prj").unlink()
    layer = read_layer(path)
    assert layer.crs is None
    assert (report_of(layer)["crs"], report_of(layer)["crs_from"]) == (None, "none")
    assert "a.shp: has no .prj; name its system with crs=" in report_of(layer)["remarks"]
    named = read_layer(path, crs=4547)
    assert (named.crs.to_epsg(), report_of(named)["crs_from"]) == (4547, "argument")
    assert named.geometry[0].x == 573000


def test_a_crs_that_contradicts_the_prj_is_refused(tmp_path):
    path = make_shapefile(tmp_path / "a.shp")
    assert read_layer(path, crs=4547).attrs["report"]["crs_from"] == "file"
    with pytest.raises(CRSError, match=r"says it is in CGCS2000 .* 114E, but crs= says CGCS2000 .* 117E"):
        read_layer(path, crs=4548)


def rewrite_prj(path, change):
    prj = path.with_suffix(".prj")
    prj.write_bytes(change(prj.read_text()))
    return path


def test_a_system_named_in_gbk_is_understood(tmp_path):
    path = rewrite_prj(
        make_shapefile(tmp_path / "a.shp"),
        lambda wkt: wkt.replace("CGCS2000_3_Degree", "张家口城市").encode("gbk"),
    )
    layer = read_layer(path)
    assert layer.crs.name.startswith("张家口城市")
    assert layer["名称"].tolist() == NAMES


@pytest.mark.parametrize(
    "change", [lambda wkt: wkt[:99].encode(), lambda _: b"", lambda _: 'LOCAL_CS["城"]'.encode()]
)
def test_a_prj_that_places_nothing_is_as_good_as_none(tmp_path, change):
    path = rewrite_prj(make_shapefile(tmp_path / "a.shp"), change)
    layer = read_layer(path)
    assert layer.crs is None
    assert "has no usable CRS; name its system with crs=" in report_of(layer)["remarks"][0]
    assert read_layer(path, crs=4547).crs.to_epsg() == 4547


def test_a_shapefile_without_table_has_shapes_only(tmp_path):
    path = make_shapefile(tmp_path / "a.shp")
    path.with_suffix(".dbf").unlink()
    layer = read_layer(path)
    assert (len(layer), list(layer.columns)) == (2, ["geometry"])
    assert "has no .dbf" in report_of(layer)["remarks"][0]


def test_a_table_with_a_damaged_header_is_a_file_error(tmp_path):
    path = make_shapefile(tmp_path / "a.shp")
    path.with_suffix(".dbf").write_bytes(b"\x03")
    with pytest.raises(FileError, match=r"a\.dbf: the table's header is damaged"):
        read_layer(path)


def test_a_table_shorter_than_the_shapes_is_a_file_error(tmp_path):
    path = make_shapefile(tmp_path / "a.shp", values=["一", "二", "三"])
    shutil.copy(make_shapefile(tmp_path / "b.shp", values=["一"]).with_suffix(".dbf"), tmp_path / "a.dbf")
    with pytest.raises(FileError, match="announces 3 rows but holds 1"):
        read_layer(path)
