"""One door: a file is read by one rule, however its rows are worked on and wherever they go.

Each file below is assigned in batches and as a whole, with and without `fix_positions`, with and without
pyarrow, into every format that is written; the answers are known by construction.

    zones   A   B        both 100 m wide at 40.82 N
            114.881–114.882   114.882–114.883
"""

import gzip

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from shapely import box

from zjk_gis import read_layer
from zjk_gis.assign.job import assign_batch

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
        monkeypatch.setattr("zjk_gis.assign.job.has", lambda _: False)
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
    return gpd.read_file(path)


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
    assert summary.left_out == {"title": 1, "total": 1} or summary.left_out == {"total": 1}
    assert answers(target) == ["A", "B"]
    said = " ".join(summary.remarks)
    assert "left out as above the names: row 1" in said
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
    assert {why: n for why, n in summary.left_out.items() if why != "title"} == {
        "note": 1, "repeated_header": 1, "total": 1,
    }  # fmt: skip
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
    assert "in.csv: 5 lines are in GB18030, not in UTF-8, and were read as such" in summary.remarks
    layer = read_layer(path)
    assert layer["说明"].value_counts().to_dict() == {"桥西区的井盖": 3000, "桥东": 5}
    assert "5 lines are in GB18030" in " ".join(layer.attrs["report"]["remarks"])
