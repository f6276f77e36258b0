"""`zjk-gis report`, and the report of an assignment."""

import warnings

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from shapely import Point, box

X, Y = 573000, 4520000


def sheets_of(path):
    with warnings.catch_warnings():  # openpyxl does not know the bars of Excel 2010
        warnings.filterwarnings("ignore", message=".*extension is not supported")
        return openpyxl.load_workbook(path).sheetnames


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "各社区.csv"
    rows = '社区,案件数,结案率\n东风,"1,204",97.5%\n西风,980,无数据\n'
    path.write_text(rows, encoding="gb18030")
    return path


def test_any_table_becomes_a_page(run, table, tmp_path):
    code, out, err = run(
        "report", table, "-o", tmp_path / "r.html", "--source", "统计局", "--as-of", "2025-12"
    )
    assert code == 0, err
    assert "报告" in out
    text = (tmp_path / "r.html").read_text("utf-8")
    for words in (
        "<h1>各社区</h1>",
        "数据来源：统计局",
        "<b>2,184</b><span>案件数合计</span>",
        "97.5%",
        "1 / 2 行有数据",
    ):
        assert words in text
    assert text.count("<svg") == 2


def test_a_column_that_is_not_drawn_is_named(run, tmp_path):
    table = tmp_path / "表.csv"
    table.write_text("社区,人口,结案率\n东风,1.2万,97%\n西风,9，800,0.9\n", encoding="utf-8")
    code, _, err = run("report", table, "-o", tmp_path / "r.html")
    assert code == 0, err
    assert "「结案率」未画图：有的值带百分号，有的不带（1 个，如「0.9」）" in err
    assert "<b>21,800</b><span>人口合计</span>" in (tmp_path / "r.html").read_text("utf-8")
    code, _, err = run("report", table, "-o", tmp_path / "r.xlsx", "--lang", "en")
    assert "结案率 is not drawn: some values have a percent sign, others none (1, such as 0.9)" in err


def test_several_tables_become_a_workbook(run, table, tmp_path):
    other = tmp_path / "二.csv"
    other.write_text("a,b\nx,1\n", encoding="utf-8")
    code, _, err = run("report", table, other, "-o", tmp_path / "r.xlsx", "--lang", "en", "--title", "T")
    assert code == 0, err
    assert sheets_of(tmp_path / "r.xlsx") == ["Cover", "Charts", "各社区", "二"]


def test_a_report_has_an_ending_and_overwrites_no_source(run, table, tmp_path):
    code, _, err = run("--lang", "en", "report", table, "-o", tmp_path / "r.pdf")
    assert (code, "a report is a page (.html) or a workbook (.xlsx)" in err) == (2, True)
    page = tmp_path / "t.xlsx"
    page.write_bytes(b"")
    code, _, err = run("--lang", "en", "report", page, "-o", page)
    assert (code, "would overwrite" in err) == (2, True)


@pytest.fixture
def files(tmp_path):
    zones = gpd.GeoDataFrame(
        {"责任区编码": ["A", "B"], "路长编号": ["LZ01", "LZ02"]},
        geometry=[box(X, Y, X + 100, Y + 100), box(X + 100, Y, X + 200, Y + 100)],
        crs=4547,
    )
    zones.to_file(tmp_path / "zones.gpkg")
    points = gpd.GeoSeries([Point(X + 50, Y + 50), Point(X + 100, Y + 50)], crs=4547).to_crs(4490)
    incidents = pd.DataFrame(
        {
            "案件编号": ["001", "002", "003"],
            "发生时间": ["2025-01-06 08:30", "2025-02-07 09:00", "2025-02-07 10:00"],
            "经度": [*points.x.round(7).astype(str), ""],
            "纬度": [*points.y.round(7).astype(str), ""],
        }
    )
    incidents.to_csv(tmp_path / "incidents.csv", index=False)
    return tmp_path / "incidents.csv", tmp_path / "zones.gpkg"


@pytest.mark.parametrize("output", ["out.csv", "out.gpkg", "out.xlsx"])
def test_an_assignment_is_reported_whether_streamed_or_not(run, files, tmp_path, output):
    code, out, err = run("assign", *files, "-o", tmp_path / output, "--report", tmp_path / "r.html")
    assert code == 0, err
    assert "报告" in out
    text = (tmp_path / "r.html").read_text("utf-8")
    for words in (
        "案件归属报告",
        "<b>33.3%</b><span>未采用</span><small>1 / 3</small>",
        "哪些案件需人工确认？",
        "谁的案件最多？",
    ):
        assert words in text
    assert "各月案件数" in text
    assert "<iframe" in text


def test_a_workbook_of_an_assignment(run, files, tmp_path):
    code, _, err = run("assign", *files, "-o", tmp_path / "out.csv", "--report", tmp_path / "r.xlsx")
    assert code == 0, err
    assert {"案件归属", "待确认归属", "案件最多的路长"} <= set(sheets_of(tmp_path / "r.xlsx"))


def test_a_report_that_would_overwrite_the_result_is_refused_before_the_work(run, files, tmp_path):
    code, _, err = run(
        "--lang", "en", "assign", *files, "-o", tmp_path / "out.xlsx", "--report", tmp_path / "out.xlsx"
    )
    assert (code, "would overwrite" in err) == (2, True)
    assert not (tmp_path / "out.xlsx").exists()
