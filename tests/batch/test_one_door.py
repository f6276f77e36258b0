"""One door: a file is read by one rule, however its rows are worked on and wherever they go.

Each file below is assigned in batches and as a whole, with and without `fix_positions`, with and without
pyarrow, into every format that is written; the answers are known by construction.

    zones   A   B        both 100 m wide at 40.82 N
            114.881–114.882   114.882–114.883
"""

import gzip
import sqlite3

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
from shapely import Point, box

from zjk_gis import read_layer, write_layer
from zjk_gis.batch.job import assign_batch
from zjk_gis.coordinates.datums import shift
from zjk_gis.errors import InputError

IN_A, IN_B = "114.8815,40.8205", "114.8825,40.8205"
FORMATS = ["csv", "xlsx", "gpkg", "shp", "geojson", "fgb", "kml", "gdb", "parquet"]


@pytest.fixture
def zones():
    squares = [box(114.881, 40.82, 114.882, 40.821), box(114.882, 40.82, 114.883, 40.821)]
    return gpd.GeoDataFrame({"zone_code": ["A", "B"]}, geometry=squares, crs=4490)


@pytest.fixture(params=["pyarrow", "no pyarrow"])
def machine(request, monkeypatch):
    """A machine with pyarrow, on which text is worked on in batches, and one without."""
    if request.param == "no pyarrow":
        monkeypatch.setattr("zjk_gis.batch.job.has", lambda _: False)
    return request.param


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def read(path):
    """Return what was written, in the words of the table: column names are what matters here."""
    if path.suffix == ".csv":
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    if path.suffix == ".xlsx":
        return pd.read_excel(path, dtype=str, keep_default_na=False, engine="openpyxl")
    if path.suffix == ".kml":  # which has columns of its own beside the table's
        return read_layer(path).drop(columns="begin", errors="ignore")
    if path.suffix == ".parquet":
        return gpd.read_parquet(path) if b"geo" in path.read_bytes()[-4000:] else pd.read_parquet(path)
    return gpd.read_file(path, layer=path.stem) if path.suffix == ".gpkg" else gpd.read_file(path)


def answers(path):
    return read(path)["zone_code"].tolist()


every_way = pytest.mark.parametrize("fix", [False, True], ids=["as it is", "fixed"])
every_format = pytest.mark.parametrize("ending", FORMATS)


@every_format
@every_way
def test_a_title_above_and_a_sum_below_are_no_incidents(tmp_path, zones, machine, ending, fix):
    text = f"案件统计表\n案件编号,经度,纬度\n001,{IN_A}\n002,{IN_B}\n合计,2,\n"
    source = write(tmp_path / "in.csv", text)
    target = tmp_path / f"out.{ending}"
    summary = assign_batch(source, zones, target, fix_positions=fix)
    assert (summary.rows_in, summary.rows_out, summary.rejects) == (2, 2, 0)
    assert summary.left_out == {"title": 1, "total": 1}
    assert answers(target) == ["A", "B"]
    said = " ".join(summary.remarks)
    assert "left out as what stands above the names: row 1" in said
    assert "left out as sums of other rows" in said


@every_format
@every_way
def test_most_rows_decide_and_the_one_in_rome_is_set_aside(tmp_path, zones, machine, ending, fix):
    rows = [f"{n},{IN_A}" for n in range(99)] + ["99,12.49,41.89"]
    source = write(tmp_path / "in.csv", "案件编号,经度,纬度\n" + "\n".join(rows) + "\n")
    target = tmp_path / f"out.{ending}"
    summary = assign_batch(source, zones, target, fix_positions=fix)
    assert (summary.rows_in, summary.rows_out) == (100, 99)
    assert summary.reject_reasons == {"outside_china": 1}
    rejects = pd.read_csv(summary.rejects_path, dtype=str)
    assert rejects[["row_number", "why", "案件编号", "经度"]].to_numpy().tolist() == [
        ["100", "坐标在中国境外", "99", "12.49"]
    ]


@every_format
@every_way
def test_without_names_no_row_is_lost_and_the_reading_says_so(tmp_path, zones, machine, ending, fix):
    source = write(tmp_path / "in.csv", f"001,{IN_A}\n002,{IN_B}\n")
    target = tmp_path / f"out.{ending}"
    summary = assign_batch(source, zones, target, lon="column_2", lat="column_3", fix_positions=fix)
    assert summary.rows_in == 2
    assert answers(target) == ["A", "B"]
    assert read(target)["column_1"].tolist() in (["001", "002"], [1, 2])
    assert any("has no row of names" in remark for remark in summary.remarks)


@every_format
@every_way
def test_columns_keep_their_names_and_case(tmp_path, zones, machine, ending, fix):
    source = write(tmp_path / "in.csv", f"STATE,SOURCE,DESCRIPT,Lon,LAT\n完好,热线,积水,{IN_A}\n")
    target = tmp_path / f"out.{ending}"
    assign_batch(source, zones, target, fix_positions=fix)
    assert list(read(target).columns[:5]) == ["STATE", "SOURCE", "DESCRIPT", "Lon", "LAT"]


@every_format
@every_way
def test_two_columns_of_one_name_both_keep_their_values(tmp_path, zones, machine, ending, fix):
    source = write(tmp_path / "in.csv", f"备注,备注,经度,纬度\n一,二,{IN_A}\n")
    target = tmp_path / f"out.{ending}"
    summary = assign_batch(source, zones, target, fix_positions=fix)
    table = read(target)
    assert table[["备注", "备注_2"]].to_numpy().tolist() == [["一", "二"]]
    assert any("is called '备注_2'" in remark for remark in summary.remarks)


@pytest.mark.parametrize("kind", ["csv", "gbk.csv", "tsv", "xlsx", "full width.csv", "gz"])
def test_the_same_rows_come_out_whatever_they_came_in(tmp_path, zones, machine, kind):
    rows = [
        ["台账", "", ""],
        ["编号", "经度", "纬度"],
        ["1", *IN_A.split(",")],
        ["2", "0", "0"],
        ["3", "", ""],
        ["4", *reversed(IN_A.split(","))],
        ["5", "东经", "北纬"],
        ["6", *IN_B.split(",")],
        ["小计", "", ""],
        ["编号", "经度", "纬度"],
        ["7", *IN_B.split(",")],
        ["注：截至三月", "", ""],
    ]
    path = tmp_path / f"in.{kind}"
    if kind == "xlsx":
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append([cell or None for cell in row])
        book.save(path)
    else:
        delimiter = {"tsv": "\t", "full width.csv": "，"}.get(kind, ",")
        text = "".join(delimiter.join(row) + "\n" for row in rows)
        write(path, text, "gbk" if kind.startswith("gbk") else "utf-8")
        if kind == "gz":
            path = tmp_path / "in.csv.gz"
            path.write_bytes(gzip.compress(text.encode()))
    summary = assign_batch(path, zones, tmp_path / "out.csv")
    assert summary.reject_reasons == {"missing": 1, "not_a_number": 1, "swapped_axes": 1, "zero": 1}
    assert summary.left_out == {"note": 1, "repeated_header": 1, "title": 1, "total": 1}
    out = pd.read_csv(
        tmp_path / "out.csv", dtype=str, sep="\t" if kind == "tsv" and machine == "pyarrow" else ","
    )
    assert out[["编号", "zone_code"]].to_numpy().tolist() == [["1", "A"], ["6", "B"], ["7", "B"]]


def test_gbk_lines_below_utf8_ones_are_read_as_what_they_are(tmp_path, zones, machine):
    rows = f"1,{IN_A},桥西区的井盖\n".encode() * 3000 + f"2,{IN_B},桥东\n".encode("gbk") * 5
    path = tmp_path / "in.csv"
    path.write_bytes("编号,经度,纬度,说明\n".encode() + rows)
    summary = assign_batch(path, zones, tmp_path / "out.csv")
    out = pd.read_csv(tmp_path / "out.csv", dtype=str)
    assert out["说明"].value_counts().to_dict() == {"桥西区的井盖": 3000, "桥东": 5}
    assert summary.encoding == "UTF-8"
    assert "in.csv: 5 lines are in GB18030, not in UTF-8; read as such" in summary.remarks
    layer = read_layer(path)
    assert layer["说明"].value_counts().to_dict() == {"桥西区的井盖": 3000, "桥东": 5}
    assert "5 lines are in GB18030" in " ".join(layer.attrs["report"].remarks)


@every_format
def test_a_datum_that_the_title_states_is_applied_and_told(tmp_path, zones, machine, ending):
    lon, lat = shift(np.array([114.8815, 114.8825]), np.array([40.8205] * 2), source="wgs84", target="gcj02")
    rows = "".join(f"00{n},{x},{y}\n" for n, (x, y) in enumerate(zip(lon, lat, strict=True)))
    source = write(tmp_path / "in.csv", "案件台账(高德坐标)\n案件编号,经度,纬度\n" + rows)
    target = tmp_path / f"out.{ending}"
    summary = assign_batch(source, zones, target)
    assert answers(target) == ["A", "B"]
    assert 'in.csv: the datum is GCJ-02 (火星坐标), as the title "案件台账(高德坐标)" says' in summary.remarks
    table = read(target)
    if "geometry" in table:
        assert table.geometry.x.tolist() == pytest.approx([114.8815, 114.8825], abs=1e-6)
    else:
        assert table["lon"].astype(float).tolist() == pytest.approx([114.8815, 114.8825], abs=1e-6)
    as_it_is = assign_batch(source, zones, target, datum="wgs84")
    assert as_it_is.found == {"none": 2}


def many(tmp_path, rows):
    path = tmp_path / "many.csv"
    return write(
        path, "案件编号,发生时间,经度,纬度\n" + "".join(f"{n},{row}\n" for n, row in enumerate(rows))
    )


@every_way
def test_positions_that_lie_far_off_stop_the_work_before_it_begins(tmp_path, zones, machine, fix):
    source = many(tmp_path, ["2025-03-01,114.8875,40.8215"] * 111 + [f"2025-03-01,{IN_A}"] * 6)
    with pytest.raises(InputError, match="lie more than 50 m outside every layer"):
        assign_batch(source, zones, tmp_path / "out.csv", fix_positions=fix)
    assert not (tmp_path / "out.csv").exists()
    summary = assign_batch(source, zones, tmp_path / "out.csv", fix_positions=fix, even_if_off=True)
    assert summary.found == {"inside": 6, "none": 111}


@every_way
def test_the_order_of_dates_is_that_of_the_column(tmp_path, zones, machine, fix):
    zones = pd.concat([zones.assign(valid_to="2025-03-15"), zones.assign(valid_from="2025-03-16")])
    zones = zones.assign(chief_name=["一月的", "一月的", "新的", "新的"]).reset_index(drop=True)
    source = many(tmp_path, [f"10/03/2025,{IN_A}", f"30/03/2025,{IN_A}", f"今天,{IN_A}"])
    summary = assign_batch(source, zones, tmp_path / "out.csv", fix_positions=fix)
    assert pd.read_csv(tmp_path / "out.csv")["chief_name"].tolist() == ["一月的", "新的"]
    assert summary.reject_reasons == {"bad_time": 1}
    unclear = many(tmp_path, [f"10/03/2025,{IN_A}", f"11/03/2025,{IN_A}"])
    with pytest.raises(InputError, match="dayfirst="):
        assign_batch(unclear, zones, tmp_path / "out.csv", fix_positions=fix)
    told = assign_batch(unclear, zones, tmp_path / "out.csv", fix_positions=fix, dayfirst=False)
    assert told.reject_reasons == {}
    assert pd.read_csv(tmp_path / "out.csv")["chief_name"].tolist() == ["新的", "新的"]
    assert told.about["tz"] == "Asia/Shanghai"


def test_a_job_says_the_encoding_of_a_shapefile_whether_it_reads_in_batches_or_not(tmp_path):
    points = gpd.GeoDataFrame({"名称": ["桥西"]}, geometry=[Point(573500, 4520500)], crs=4547)
    pyogrio.write_dataframe(points, tmp_path / "in.shp", encoding="GBK")
    zones = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(573000, 4520000, 574000, 4521000)], crs=4547)
    told = [assign_batch(tmp_path / "in.shp", zones, tmp_path / f"out.{end}") for end in ("csv", "xlsx")]
    assert [summary.encoding for summary in told] == ["GB18030", "GB18030"]


def test_a_point_at_no_number_is_named_when_it_is_read(tmp_path):
    points = gpd.GeoDataFrame(
        {"名称": ["桥西", "桥东"]}, geometry=[Point(573500, 4520500), Point(float("nan"), 1)], crs=4547
    )
    pyogrio.write_dataframe(points, tmp_path / "in.gpkg")
    report = read_layer(tmp_path / "in.gpkg").attrs["report"]
    assert report.without_position == {"missing": [1]}
    assert report.remarks == ["in.gpkg: 1 row has no usable geometry"]


@pytest.mark.parametrize("kind", ["gpkg", "parquet", "gdb"])
def test_heights_go_along(tmp_path, zones, machine, kind):
    if kind == "parquet" and machine == "no pyarrow":
        return  # which nobody could read there
    points = gpd.GeoDataFrame({"n": [1]}, geometry=[Point(114.8815, 40.8205, 712.5)], crs=4490)
    source = write_layer(points, tmp_path / f"in.{kind}")
    assign_batch(source, zones, tmp_path / "out.csv")
    assert pd.read_csv(tmp_path / "out.csv")["z"].tolist() == [712.5]
    assign_batch(source, zones, tmp_path / "out.gpkg")
    assert gpd.read_file(tmp_path / "out.gpkg", layer="out").geometry[0].z == 712.5


# Chinese headings ------------------------------------------------------------------------------------------

SOURCE = f"""案件编号,判定方式,zone_code,经度,纬度,ok
001,目测,Q,{IN_A},True
002,inside,,{IN_B},False
003,,,,,True
004,区内,Q,114.99,40.82,True
"""


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@every_way
def test_what_is_added_is_chinese_and_the_source_passes_as_it_came(tmp_path, zones, machine, ending, fix):
    """A column with the heading or the name of an answer gives way; its values are the source's still."""
    source = write(tmp_path / "in.csv", SOURCE)
    target = tmp_path / f"out.{ending}"
    summary = assign_batch(source, zones, target, fix_positions=fix, headings="zh", even_if_off=True)
    table = read(target)
    if fix:
        assert table.pop("坐标改正").tolist() == [""] * 3
    if "lon" in table:  # where positions may have been moved it is said where they are
        table = table.drop(columns=["lon", "lat"])
    assert table.drop(columns="距离(m)").to_numpy().tolist() == [
        ["001", "目测", "Q", *IN_A.split(","), "True", "A", "区内", "1", "否", "唯一责任区"],
        ["002", "inside", "", *IN_B.split(","), "False", "B", "区内", "1", "否", "唯一责任区"],
        ["004", "区内", "Q", "114.99", "40.82", "True", "", "无人负责", "0", "是", "超出就近范围"],
    ]
    assert list(table.columns) == [
        "案件编号", "判定方式(原记录)", "责任区编码(原记录)", "经度", "纬度", "ok",
        "责任区编码", "判定方式", "距离(m)", "候选数", "待确认归属", "原因",
    ]  # fmt: skip
    rejects = read(summary.rejects_path)
    assert rejects.iloc[0, :3].to_dict() == {"行号": "3", "未采用原因": "无坐标", "案件编号": "003"}
    back = read_layer(target)
    assert back["found"].tolist() == ["inside", "inside", "none"]
    assert back["found_recorded"].fillna("").tolist() == ["目测", "inside", "区内"]


def test_the_source_of_columns_and_of_text_are_headed_alike(tmp_path, zones):
    """From Parquet, GeoPackage or text to .csv: the same words behind the same rows."""
    points = gpd.GeoDataFrame(
        {"n": [1, 2]}, geometry=[Point(114.8815, 40.8205), Point(114.99, 40.82)], crs=4490
    )
    told = []
    for ending in ("parquet", "gpkg", "csv"):
        source = write_layer(points, tmp_path / f"in.{ending}")
        assign_batch(source, zones, tmp_path / "out.csv", headings="zh", even_if_off=True, resume=False)
        told.append(read(tmp_path / "out.csv")[["n", "判定方式", "待确认归属", "原因"]].to_numpy().tolist())
    assert told == [[["1", "区内", "否", "唯一责任区"], ["2", "无人负责", "是", "超出就近范围"]]] * 3


def test_a_file_for_programs_keeps_the_names_and_gets_the_titles(tmp_path, zones):
    source = write(tmp_path / "in.csv", f"案件编号,经度,纬度\n001,{IN_A}\n")
    for ending in ("parquet", "gpkg"):
        assign_batch(source, zones, tmp_path / f"out.{ending}", headings="zh")
        assert read_layer(tmp_path / f"out.{ending}")["found"].tolist() == ["inside"]
    with sqlite3.connect(tmp_path / "out.gpkg") as database:
        told = dict(database.execute("SELECT column_name, name FROM gpkg_data_columns").fetchall())
        ((style,),) = database.execute("SELECT styleQML FROM layer_styles").fetchall()
    database.close()
    assert (told["found"], told["distance_m"]) == ("判定方式", "距离(m)")
    assert 'attr="found"' in style
