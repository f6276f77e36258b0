"""Shapefiles: encodings that nobody states, names cut to 10 bytes, parts that are missing."""

import shutil

import geopandas as gpd
import pandas as pd
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
    assert (report_of(layer).encoding, report_of(layer).encoding_found) == (name, found)


def test_a_gbk_shapefile_without_cpg_is_more_than_pyogrio_reads(tmp_path):
    path = make_shapefile(tmp_path / "a.shp", encoding="GBK", cpg=False)
    assert pyogrio.read_dataframe(path).columns[0] == "Ãû³Æ"
    assert "a.shp: read as GB18030 (no .cpg; valid GB18030)" in report_of(read_layer(path)).remarks


@pytest.mark.parametrize("declared", ["UTF-8", "ISO-8859-1", "ANSI 1252", "OEM", "nonsense", "hex", "北京"])
def test_a_cpg_that_does_not_fit_is_not_believed(tmp_path, declared):
    path = make_shapefile(tmp_path / "a.shp", encoding="GBK")
    path.with_suffix(".cpg").write_text(declared, encoding="utf-8")
    layer = read_layer(path)
    assert layer["名称"].tolist() == NAMES
    assert report_of(layer).encoding == "GB18030"
    assert "which does not fit" in report_of(layer).encoding_found


@pytest.mark.parametrize("declared", ["936", "GBK", "gb2312", "ANSI 936"])
def test_the_many_names_of_gbk_are_one(tmp_path, declared):
    path = make_shapefile(tmp_path / "a.shp", encoding="GBK")
    path.with_suffix(".cpg").write_text(declared)
    assert report_of(read_layer(path)).encoding_found == f".cpg says {declared}"


def test_plain_ascii_is_utf_8(tmp_path):
    layer = read_layer(make_shapefile(tmp_path / "a.shp", cpg=False, column="name", values=["a", None]))
    assert report_of(layer).encoding_found == "no .cpg; plain ASCII"
    assert report_of(layer).remarks == []


@pytest.mark.parametrize(
    ("encoding", "text", "kept"), [("UTF-8", "桥" * 27, 26), ("GBK", "a" + "桥" * 40, 40)]
)
def test_a_value_cut_within_a_character_loses_that_character_and_no_more(tmp_path, encoding, text, kept):
    path = make_shapefile(tmp_path / "a.shp", encoding=encoding, cpg=False, values=["x" * 80, "大境门"])
    dbf = path.with_suffix(".dbf")
    dbf.write_bytes(dbf.read_bytes().replace(b"x" * 80, text.encode(encoding)[:80]))
    layer = read_layer(path)
    assert layer["名称"].tolist() == [text[:kept], "大境门"]
    assert "1 names or values end or break within a character" in report_of(layer).remarks[-1]


@pytest.mark.parametrize(("encoding", "cut"), [("UTF-8", "单元网"), ("GBK", "单元网格编")])
@pytest.mark.filterwarnings("ignore:.*laundered field name")
@pytest.mark.filterwarnings("ignore:Could not decode error message")
def test_names_cut_to_ten_bytes_are_completed_by_the_spec(tmp_path, encoding, cut):
    path = make_shapefile(
        tmp_path / "a.shp", encoding=encoding, cpg=False, column="单元网格编码", values=["130703005001001"]
    )
    layer = read_layer(path, spec="unit_grids")
    assert layer["grid_code"].tolist() == ["130703005001001"]
    assert report_of(layer).renamed == {cut: "grid_code"}
    assert list(read_layer(path).columns) == [cut, "geometry"]


def test_shortened_names_come_back(tmp_path):
    layer = gpd.GeoDataFrame({"incident_code": ["1"]}, geometry=[Point(0, 0)], crs=4547)
    result = read_layer(write_layer(layer, tmp_path / "a.shp"))
    assert list(result.columns) == ["incident_code", "geometry"]
    assert report_of(result).renamed == {"incid_code": "incident_code"}


def test_a_missing_prj_is_said_and_crs_names_it(tmp_path):
    path = make_shapefile(tmp_path / "a.shp")
    path.with_suffix(".prj").unlink()
    layer = read_layer(path)
    assert layer.crs is None
    assert (report_of(layer).crs, report_of(layer).crs_from) == (None, "none")
    assert "a.shp: has no .prj; name its system with crs=" in report_of(layer).remarks
    named = read_layer(path, crs=4547)
    assert (named.crs.to_epsg(), report_of(named).crs_from) == (4547, "argument")
    assert named.geometry[0].x == 573000


def test_a_crs_that_contradicts_the_prj_is_refused(tmp_path):
    path = make_shapefile(tmp_path / "a.shp")
    assert read_layer(path, crs=4547).attrs["report"].crs_from == "file"
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
    assert "has no usable CRS; name its system with crs=" in report_of(layer).remarks[0]
    assert read_layer(path, crs=4547).crs.to_epsg() == 4547


def test_a_shapefile_without_table_has_shapes_only(tmp_path):
    path = make_shapefile(tmp_path / "a.shp")
    path.with_suffix(".dbf").unlink()
    layer = read_layer(path)
    assert (len(layer), list(layer.columns)) == (2, ["geometry"])
    assert "has no .dbf" in report_of(layer).remarks[0]


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


def with_numbers(tmp_path, width, values, *, kind=b"N"):
    """Write a shapefile whose table has one column of numbers of a given width, as no tool here writes it."""
    path = make_shapefile(tmp_path / "a.shp", values=["x"] * len(values))
    field = b"CODE".ljust(11, b"\0") + kind + bytes(4) + bytes([width, 0]) + bytes(14)
    header = b"\x03" + bytes(3) + len(values).to_bytes(4, "little") + (65).to_bytes(2, "little")
    header += (width + 1).to_bytes(2, "little") + bytes(20) + field + b"\r"
    rows = b"".join(b" " + value.rjust(width).encode() for value in values)
    path.with_suffix(".dbf").write_bytes(header + rows + b"\x1a")
    return path


@pytest.mark.parametrize(
    ("width", "values", "read"),
    [
        (18, ["130703010100000001", "130703010100000003"], [130703010100000001, 130703010100000003]),
        (18, ["130703010100000001", ""], [130703010100000001, None]),
        (16, ["", "1307030101000001"], [None, 1307030101000001]),
        (19, ["1307030101000000001", "1307030101000000003"], [1307030101000000001, 1307030101000000003]),
        (20, ["01020313070300500101", "1"], [1020313070300500101, 1]),
        (20, ["11020313070300500101", ""], ["11020313070300500101", None]),
    ],
)
@pytest.mark.parametrize("kind", [b"N", b"F"])
def test_long_numbers_keep_all_their_digits(tmp_path, width, values, read, kind):
    column = read_layer(with_numbers(tmp_path, width, values, kind=kind))["CODE"]
    assert [None if pd.isna(value) else value for value in column.tolist()] == read


def test_numbers_longer_than_64_bits_are_said_to_be_text(tmp_path):
    layer = read_layer(with_numbers(tmp_path, 20, ["11020313070300500101", "11020313070300500102"]))
    assert (
        "a.shp: numbers of CODE have more digits than numbers hold; read as text" in report_of(layer).remarks
    )


def test_a_row_marked_as_deleted_is_left_out_and_moves_no_code(tmp_path):
    path = with_numbers(tmp_path, 18, ["130703010100000001", "130703010100000003", ""])
    dbf = path.with_suffix(".dbf")
    content = bytearray(dbf.read_bytes())
    content[65] = ord("*")
    dbf.write_bytes(content)
    layer = read_layer(path)
    assert layer.geometry.x.tolist() == [573001, 573002]
    assert layer["CODE"].tolist() == [130703010100000003, pd.NA]
    assert "a.shp: 1 row is marked as deleted and left out" in report_of(layer).remarks


def test_short_or_broken_long_numbers_stay_as_gdal_reads_them(tmp_path):
    assert read_layer(with_numbers(tmp_path, 20, ["12", "7"]))["CODE"].tolist() == [12.0, 7.0]
    assert read_layer(with_numbers(tmp_path, 20, ["1.30703010100000e+15", "7"]))["CODE"].dtype == "float64"


def test_a_blank_where_yes_or_no_belongs_is_neither(tmp_path):
    path = write_flags(tmp_path, [True, False, True])
    records = bytearray(path.with_suffix(".dbf").read_bytes())
    assert records.endswith(b" T F T\x1a")
    records[-4:-3] = b" "
    path.with_suffix(".dbf").write_bytes(records)
    flags = read_layer(path)["ok"]
    assert flags.isna().tolist() == [False, True, False]
    assert flags.dropna().astype(bool).tolist() == [True, True]


def test_rows_of_the_table_beyond_the_shapes_are_told(tmp_path):
    path = write_flags(tmp_path, [True, False, True])
    records = bytearray(path.with_suffix(".dbf").read_bytes()[:-1] + b" T F\x1a")
    records[4:8] = (5).to_bytes(4, "little")
    path.with_suffix(".dbf").write_bytes(records)
    layer = read_layer(path)
    assert len(layer) == 3
    assert "flags.shp: its .dbf has 2 rows more than there are shapes; they are left out" in (
        layer.attrs["report"].remarks
    )


def write_flags(tmp_path, flags):
    """A shapefile with a column of yes and no."""
    shapes = [Point(573000 + i, 4520000) for i in range(len(flags))]
    gpd.GeoDataFrame({"ok": flags}, geometry=shapes, crs=4547).to_file(tmp_path / "flags.shp")
    return tmp_path / "flags.shp"
