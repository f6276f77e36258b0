"""The workbook, read back cell by cell."""

import base64
import datetime as dt
import math
import re
import warnings
import zipfile

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from openpyxl.utils.escape import unescape
from shapely import LineString, Point, box

from zjk_gis import _optional
from zjk_gis.errors import CRSError, FileError, InputError, MissingExtraError
from zjk_gis.io import read_table, write_table
from zjk_gis.reports import columns, write_workbook
from zjk_gis.reports.workbook import looks as workbook_looks
from zjk_gis.reports.workbook import writing as workbook

CREATED = dt.datetime(2026, 1, 2, 3, 4, 5)


@pytest.fixture
def written(tmp_path):
    """Return a function that writes sheets and reads the workbook back."""

    def write(sheets, summary=None, **options):
        path = write_workbook(
            sheets,
            tmp_path / "report.xlsx",
            summary={} if summary is None else summary,
            created=CREATED,
            **options,
        )
        with warnings.catch_warnings():  # openpyxl does not know the bars of Excel 2010
            warnings.filterwarnings("ignore", message=".*extension is not supported")
            return openpyxl.load_workbook(path)

    return write


def rows_of(sheet, start=4):
    """Return the rows from the header on, which is below the question, its notes and the link back."""
    return [list(row) for row in sheet.iter_rows(min_row=start, values_only=True)]


def title_of(chart):
    """Return what stands above a chart."""
    return "".join(run.t for paragraph in chart.title.tx.rich.p for run in paragraph.r)


def pages_of(sheet):
    """Count the pages that a sheet takes on paper: a page wide, and as high as its rows are."""
    if sheet.page_setup.fitToHeight in (1, None) and not sheet.print_area:
        return 1  # a cover or a picture, fitted to one page
    area = sheet.print_area.replace("$", "").split("!")[-1]
    rows = openpyxl.utils.cell.range_boundaries(area)
    height = sum(sheet.row_dimensions[row].height or 15 for row in range(rows[1], rows[3] + 1))
    widths = {
        at: each.width for each in sheet.column_dimensions.values() for at in range(each.min, each.max + 1)
    }
    wide = sum(widths.get(at, 9) for at in range(rows[0], rows[2] + 1))
    scale = min(1, 140 / wide)  # characters that a landscape A4 holds at full size
    return math.ceil(height * scale / 500)


def texts_of(sheet):
    return [cell.value for row in sheet.iter_rows() for cell in row if cell.value is not None]


def column(written, name, values, **options):
    """Write one column and return its header and its cells."""
    sheet = written({"data": pd.DataFrame({name: pd.Series(values, **options)})})["data"]
    return [cell.value for cell in sheet["A"][3:]]


class TestCells:
    @pytest.mark.parametrize(
        ("name", "values", "expected"),
        [
            ("grid_code", ["130703005001012"], ["网格编码", "130703005001012"]),
            ("grid_code", [130703005001012], ["网格编码", "130703005001012"]),
            ("grid_code", ["007", None], ["网格编码", "007", None]),
            ("district_code", [130703.0, np.nan], ["区县代码", "130703", None]),
            ("well_number", [12], ["物探点号", "12"]),
            ("area_m2", [1800.25], ["面积(m²)", 1800.25]),
            ("berths", [50, 60], ["泊位数", 50, 60]),
            ("zone_name", ["  东 "], ["责任区名称", "  东 "]),
            ("my_id", [2**60], ["my_id", str(2**60)]),  # a number that a spreadsheet would round
            ("depth", [np.inf, 1.5], ["depth", "inf", "1.5"]),
            ("found", ["inside", "nearest"], ["判定方式", "区内", "就近"]),
            ("reason", ["my own", None], ["原因", "my own", None]),
            ("section_found", ["none"], ["责任路段判定方式", "无人负责"]),
            ("incidents", [7], ["案件数", 7]),
            ("zone_code_recorded", ["B"], ["责任区编码(原记录)", "B"]),
            ("description", ["inside"], ["问题描述", "inside"]),  # a person's word, not the library's
            ("found", [3, 4], ["判定方式", 3, 4]),  # a table of checks counts what it found
            ("ambiguous", [True, False], ["待确认归属", "是", "否"]),
            ("mixed", ["a", 1, None], ["mixed", "a", "1", None]),
            ("no_values", [None, None], ["no_values", None, None]),
        ],
    )
    def test_what_stands_in_a_column(self, written, name, values, expected):
        cells = column(written, name, values)
        assert cells == expected[: len(cells)]
        assert [value for value in expected[len(cells) :] if value is not None] == []

    @pytest.mark.parametrize(
        ("name", "values", "expected"),
        [
            ("valid_to", ["2025-12-31"], dt.datetime(2025, 12, 31)),
            ("valid_to", [dt.date(2025, 12, 31)], dt.datetime(2025, 12, 31)),
            ("valid_to", [pd.Timestamp("2025-12-31")], dt.datetime(2025, 12, 31)),
            ("occurred_at", ["2025-12-31 23:59:01"], dt.datetime(2025, 12, 31, 23, 59, 1)),
            ("when", [pd.Timestamp("2025-12-31 16:00", tz="UTC")], dt.datetime(2026, 1, 1)),  # Beijing time
            ("valid_to", ["soon"], "soon"),
            ("when", [dt.date(1899, 1, 1)], "1899-01-01"),  # a spreadsheet knows no such date
        ],
    )
    def test_dates_are_dates(self, written, name, values, expected):
        assert column(written, name, values)[1] == expected

    @pytest.mark.parametrize(
        ("name", "value", "number_format"),
        [
            ("grid_code", "007", "@"),
            ("area_m2", 1.0, "#,##0.00"),
            ("share", 0.25, "0.0%"),
            ("population", 1200, "#,##0"),
            ("built_year", 1998, "0"),
            ("valid_from", "2025-01-01", "yyyy-mm-dd"),
            ("occurred_at", "2025-01-01 08:00", "yyyy-mm-dd hh:mm"),
        ],
    )
    def test_formats(self, written, name, value, number_format):
        assert written({"data": pd.DataFrame({name: [value]})})["data"]["A5"].number_format == number_format

    @pytest.mark.parametrize(
        "text",
        [
            "=1+1",
            "+86 313",
            "-cmd|' /C calc'!A0",
            "@SUM(1)",
            "\t=1",
            '=HYPERLINK("http://x")',
            "http://x.cn",
            "internal:A1",
            "＝1+1",
            "＠SUM(1)",
            "\n=1",
            "{=1}",
        ],
    )
    def test_text_stays_text(self, written, text):
        book = written(
            {
                "data": pd.DataFrame({"note": [text], "zone_code": [text], "reason": [text], text: [1]}),
                text: pd.DataFrame({"a": [1]}),
            },
            summary={text: text},
            title=text,
        )
        sheet = book["data"]
        assert [sheet[cell].value for cell in ("A5", "B5", "C5", "D4")] == [text] * 4
        assert texts_of(book.worksheets[0]).count(text) >= 3  # the title, a figure and its name
        assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= {
            "s",
            "n",
            "inlineStr",
        }
        links = [
            cell.hyperlink for page in book for row in page.iter_rows() for cell in row if cell.hyperlink
        ]
        assert {(link.target, link.location.rpartition("!")[2]) for link in links} == {(None, "A1")}

    def test_what_looks_like_an_escape_is_none(self, written):
        """In a workbook's XML, _x0041_ would be read as the letter A."""
        assert unescape(column(written, "note", ["_x0041_"])[1]) == "_x0041_"

    def test_text_that_begins_like_a_formula_is_marked_as_text(self, written):
        sheet = written({"data": pd.DataFrame({"note": ["=1+1", "1+1"]})})["data"]
        assert [sheet[cell].quotePrefix for cell in ("A5", "A6")] == [True, False]

    def test_text_too_long_for_a_cell_is_cut_and_says_so(self, written):
        cell = column(written, "note", ["长" * 40_000])[1]
        assert len(cell) == 32_767
        assert cell.endswith("长 …[40,000]")


class TestGeometry:
    def test_a_shape_becomes_a_point_in_it(self, written):
        crescent = Point(573000, 4520000).buffer(100).difference(Point(573040, 4520000).buffer(100))
        layer = gpd.GeoDataFrame({"gap_code": ["G001", "G002"]}, geometry=[crescent, None], crs=4547)
        rows = rows_of(written({"gaps": layer})["责任空白"])
        assert rows[0] == ["空白编号", "经度", "纬度"]
        there = gpd.GeoSeries.from_xy([rows[1][1]], [rows[1][2]], crs=4490).to_crs(4547)[0]
        assert there.within(crescent)
        assert rows[2] == ["G002", None, None]

    def test_to_six_decimals_whatever_the_crs(self, written):
        point = gpd.GeoDataFrame(geometry=[Point(114.8765432109, 40.81)], crs=4326)
        assert rows_of(written({"points": point})["points"])[1] == [114.876543, 40.81]
        assert rows_of(written({"points": point.to_crs(4547)})["points"])[1] == [114.876543, 40.81]

    def test_what_was_recorded_is_told_apart(self, written):
        layer = gpd.GeoDataFrame({"经度": ["114.9"]}, geometry=[Point(114.87, 40.81)], crs=4490)
        assert rows_of(written({"points": layer})["points"])[0] == ["经度(原记录)", "经度", "纬度"]

    def test_a_second_geometry_is_left_out(self, written):
        layer = gpd.GeoDataFrame(geometry=[Point(114.87, 40.81)], crs=4490)
        layer["old"] = gpd.GeoSeries([LineString([(0, 0), (1, 1)])], crs=4490)
        assert rows_of(written({"points": layer})["points"])[0] == ["经度", "纬度"]

    def test_no_crs_no_coordinates(self, written):
        with pytest.raises(CRSError, match="gaps: no coordinate reference system"):
            written({"gaps": gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)])})

    def test_a_layer_without_rows_or_shapes_is_fine(self, written):
        empty = gpd.GeoDataFrame({"gap_code": pd.Series([], dtype="str")}, geometry=[], crs=4547)
        rows = rows_of(written({"gaps": empty})["责任空白"])
        assert rows == [["空白编号", "经度", "纬度"], ["无", None, None]]
        assert rows_of(written({"none": gpd.GeoDataFrame(geometry=[None])})["无人负责"])[0] == [
            "经度",
            "纬度",
        ]


class TestSheets:
    def test_each_question_has_a_sheet_in_order_after_the_cover(self, written):
        book = written({"overlaps": pd.DataFrame({"a": [1]}), "gaps": pd.DataFrame({"a": [1]})})
        assert book.sheetnames == ["封面", "责任重叠", "责任空白"]

    def test_headers_stay_in_view_and_filter(self, written):
        sheet = written({"gaps": pd.DataFrame({"a": [1, 2], "b": [3, 4]})})["责任空白"]
        assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A5", "A4:B6")

    def test_a_title_is_that_of_the_layer(self, written):
        """Several layers have a state; the column of codes tells which one this is."""
        manholes = written({"orphan_manholes": pd.DataFrame({"manhole_code": ["1"], "state": ["完好"]})})
        assert [cell.value for cell in manholes["孤立窨井"][4]] == ["窨井编码", "状态"]
        incidents = written({"incidents": pd.DataFrame({"state": ["结案"]})})
        assert incidents["案件"]["A4"].value == "案件状态"

    def test_columns_are_wide_enough_for_chinese_but_not_endless(self, written):
        table = pd.DataFrame({"a": ["责任区" * 5], "b": ["x"], "c": ["长" * 500]})
        widths = written({"t": table})["t"].column_dimensions
        assert widths["A"].width == pytest.approx(32, abs=1)
        assert widths["B"].width == pytest.approx(8, abs=1)
        assert widths["C"].width == pytest.approx(50, abs=1)

    @pytest.mark.parametrize(
        ("names", "expected"),
        [
            (["a/b:c*d?e[f]g\\h"], ["a_b_c_d_e_f_g_h"]),
            (["x" * 40, "x" * 41], ["x" * 31, "x" * 27 + " (2)"]),
            (["gaps", "责任空白", "GAPS2", "gaps2"], ["责任空白", "责任空白 (2)", "GAPS2", "gaps2 (2)"]),
            (["封面"], ["封面 (2)"]),
            (["'quoted'", "", "History"], ["quoted", "Sheet", "History_"]),
            (["𠀀" * 20], ["𠀀" * 15]),  # Excel counts these twice
            (["a\x00b"], ["a_b"]),
        ],
    )
    def test_names_that_excel_would_not_take(self, written, names, expected):
        book = written({name: pd.DataFrame({"a": [1]}) for name in names})
        assert book.sheetnames[1:] == expected

    def test_a_long_table_goes_on_in_the_next_sheet(self, written, monkeypatch):
        monkeypatch.setattr(workbook, "_MOST_ROWS", 3)
        book = written({"gaps": pd.DataFrame({"gap_code": list("abcdefg")})})
        assert book.sheetnames[1:] == ["责任空白", "责任空白 (2)", "责任空白 (3)"]
        cells = [row for sheet in book.worksheets[1:] for row in rows_of(sheet)[1:]]
        assert cells == [[letter] for letter in "abcdefg"]

    def test_columns_of_one_name_are_all_kept_under_two(self, written):
        twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
        assert rows_of(written({"t": twice})["t"]) == [["a", "a (2)"], [1, 2]]

    def test_a_column_of_the_source_gives_way_to_the_answer(self, written):
        told = pd.DataFrame({"原因": ["路灯不亮"], "found": ["border"], "reason": ["shared_border"]})
        assert rows_of(written({"t": told})["t"]) == [
            ["原因(原记录)", "判定方式", "原因"],
            ["路灯不亮", "边界", "边界共有"],
        ]

    def test_too_many_columns_are_refused(self, written):
        with pytest.raises(InputError, match="wide: 16,383 columns"):
            written({"wide": pd.DataFrame(np.zeros((1, 16_383)))})

    def test_a_sheet_begins_with_its_question_and_leads_back(self, written):
        sheet = written(
            {"busiest_chiefs": pd.DataFrame({"chief_code": ["LZ1", "LZ2"], "share": [0.5, 0.25]})}
        )["案件最多的路长"]
        assert sheet["A1"].value == "谁的案件最多？"
        assert sheet["A2"].value == "共 2 行  ·  占比的分母为全部案件，包括无人负责的。"
        assert (sheet["A3"].value, sheet["A3"].hyperlink.location) == ("← 返回封面", "'封面'!A1")

    def test_a_sheet_prints_on_a4_with_its_header_on_each_page(self, written):
        sheet = written({"gaps": pd.DataFrame({"a": [1]})})["责任空白"]
        setup = sheet.page_setup
        assert (setup.orientation, setup.paperSize, setup.fitToWidth, setup.fitToHeight) == (
            "landscape",
            9,
            None,  # one page
            0,
        )
        assert sheet.print_title_rows == "$4:$4"

    def test_a_code_that_is_text_gets_no_green_triangle(self, tmp_path):
        path = write_workbook(
            {"t": pd.DataFrame({"grid_code": ["0101"]})}, tmp_path / "a.xlsx", summary={}, created=CREATED
        )
        with zipfile.ZipFile(path) as parts:
            assert b'numberStoredAsText="1"' in parts.read("xl/worksheets/sheet2.xml")

    def test_shares_have_bars_from_none_to_all_and_words_that_ask_for_action_are_marked(self, written):
        table = pd.DataFrame({"chief_code": ["A", "B"], "share": [0.1, 0.3], "standing": ["overloaded", ""]})
        rules = written({"t": table})["t"].conditional_formatting
        kinds = {(str(found.sqref), rule.type) for found in rules for rule in found.rules}
        assert ("B5:B6", "dataBar") in kinds
        marked = {rule.formula[0] for found in rules for rule in found.rules if rule.type == "cellIs"}
        assert '"任务过重"' in marked

    def test_rows_lead_to_their_place_on_the_map(self, written):
        layer = gpd.GeoDataFrame({"gap_code": ["G1", "G2"]}, geometry=[Point(114.87, 40.81), None], crs=4490)
        sheet = written({"gaps": layer}, map_file="地图.html")["责任空白"]
        assert [sheet[cell].value for cell in ("D4", "D5", "D6")] == ["位置", "看图", None]
        link = sheet["D5"].hyperlink
        assert (link.target, link.location) == ("地图.html", "17/40.810000/114.870000")

    @pytest.mark.parametrize(
        "name",
        [
            "../map.html",
            "http://x/map.html",
            "javascript:alert(1)//.html",
            "a#b.html",
            "map.exe",
            "\u202elmth.html",
        ],
    )
    def test_a_map_that_is_no_page_beside_it_is_refused(self, written, name):
        with pytest.raises(InputError, match="map_file must be the plain name"):
            written({"t": pd.DataFrame({"a": [1]})}, map_file=name)

    def test_the_answer_is_the_same_in_blocks(self, written, monkeypatch):
        """A column is what all of its rows make it, whatever a block of them alone would be."""
        monkeypatch.setattr(columns, "_BLOCK", 2)
        table = pd.DataFrame(
            {
                "mixed": [1, 2, 3, "x", 5],
                "flags": [True, None, None, None, False],
                "n": [1, 2, 3, 4, 5.5],
                "when": ["2025-01-01", None, None, None, None],
                "found": ["inside", None, "none", None, None],
            }
        )
        rows = rows_of(written({"t": table.rename(columns={"when": "valid_to"})})["t"])
        assert [row[0] for row in rows[1:]] == ["1", "2", "3", "x", "5"]
        assert [row[1] for row in rows[1:]] == ["是", None, None, None, "否"]
        assert [row[2] for row in rows[1:]] == [1, 2, 3, 4, 5.5]
        assert [row[3] for row in rows[1:]] == [dt.datetime(2025, 1, 1), None, None, None, None]
        assert [row[4] for row in rows[1:]] == ["区内", None, "无人负责", None, None]

    def test_what_was_written_is_read_back(self, tmp_path):
        """The lines above the header do not hinder the library's own reading."""
        table = pd.DataFrame({"zone_code": ["007", "008"], "incidents": [3, 4]})
        path = write_workbook({"t": table}, tmp_path / "a.xlsx", summary={}, created=CREATED)
        back = read_table(path, layer="t")
        assert back.to_dict("list") == {"责任区编码": ["007", "008"], "案件数": ["3", "4"]}


class TestOnPaper:
    """The book prints what was found; rows by the thousand are for the screen."""

    @pytest.fixture
    def book(self, written):
        rows = pd.DataFrame({f"列{n}": ["文字" * 4] * 20_000 for n in range(20)})
        gaps = pd.DataFrame({"gap_code": [f"G{n}" for n in range(60)], "area_m2": 1.0, "kind": "hole"})
        return written({"gaps": gaps, "assigned": rows})

    def test_findings_are_printed_whole_a_page_wide_under_their_headings(self, book):
        sheet = book["责任空白"]
        assert sheet.print_area == "'责任空白'!$A$1:$C$64"
        assert (sheet.page_setup.orientation, sheet.print_title_rows) == ("landscape", "$4:$4")
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)

    def test_of_rows_the_first_page_is_printed_and_the_sheet_says_so(self, book):
        sheet = book["案件归属"]
        assert sheet.max_row == 20_004  # all are there
        assert sheet.print_area == "'案件归属'!$A$1:$L$44"
        assert "打印前 40 行、左起 12 列（共 20 列），其余请在屏幕上查看" in sheet["A2"].value

    def test_the_whole_book_takes_few_pages(self, book):
        assert {sheet.title: pages_of(sheet) for sheet in book}["案件归属"] == 1
        assert sum(map(pages_of, book)) < 10


class TestCharts:
    def test_the_busiest_chiefs_are_drawn_beside_their_numbers(self, written):
        chiefs = pd.DataFrame({"chief_code": ["LZ1", "LZ2"], "chief_name": ["甲", "乙"], "incidents": [3, 5]})
        book = written({"busiest_chiefs": chiefs, "empty": chiefs.iloc[:0]})
        assert book.sheetnames == ["封面", "图表", "案件最多的路长", "无"]
        sheet = book["图表"]
        assert rows_of(sheet, 1)[2:5] == [["", "案件数"], ["乙", 5], ["甲", 3]]
        assert sheet["A1"].value == title_of(sheet._charts[0]) == "案件最多的路长：案件数"
        series = sheet._charts[0].series[0]
        assert series.val.numRef.f == "图表!$B$4:$B$5"
        assert [point.v for point in series.cat.strRef.strCache.pt] == ["乙", "甲"]

    @pytest.mark.parametrize("name", ["=A!A1", "别的表!B2", "=1+1"])
    def test_a_title_is_never_a_reference(self, written, name):
        book = written({name: pd.DataFrame({"社区": ["甲", "乙"], "人数": [3, 4]})})
        assert title_of(book["图表"]._charts[0]) == f"{name}：人数".replace("!", "！")

    def test_no_data_is_said_and_not_nought(self, written):
        sheet = written({"t": pd.DataFrame({"社区": ["甲", "乙"], "人数": [None, 4.5]})})["图表"]
        assert rows_of(sheet, 4) == [["乙", 4.5], ["甲", "无数据"]]

    def test_hours_and_weekdays_are_a_sheet_of_their_own(self, written):
        incidents = pd.DataFrame(
            {"occurred_at": ["2025-01-06 08:30", "2025-01-06 08:50", "2025-02-04 23:00"], "found": "inside"}
        )
        book = written({"assigned": incidents.assign(reason="one_zone")})
        rows = rows_of(book["案件发生时段"], 4)
        assert rows[1][:1] + rows[1][8:11] == ["周一", 0, 2, 0]  # hours 7 to 9
        assert (rows[2][24], sum(sum(row[1:]) for row in rows[1:])) == (1, 3)

    def test_hours_of_a_part_of_the_incidents_are_called_by_that_part(self, written):
        times = pd.DataFrame({"occurred_at": ["2025-01-06 08:30"], "found": "none", "reason": "no_zone"})
        book = written({"assigned": times, "rejects": times})
        assert book.sheetnames[1:3] == ["案件发生时段", "未采用的行：案件发生时段"]

    def test_a_picture_has_a_sheet(self, tmp_path, written):
        assert "地图" in written({"t": pd.DataFrame({"a": [1]})}, picture=PNG).sheetnames
        with zipfile.ZipFile(tmp_path / "report.xlsx") as parts:
            assert parts.read("xl/media/image1.png") == PNG
        with pytest.raises(InputError, match="picture: is not a PNG"):
            written({}, picture=b"GIF89a")


# One white pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAG7buVgAAAABJRU5ErkJggg=="
)


class TestCover:
    def test_figures_and_contents(self, written):
        book = written(
            {"gaps": pd.DataFrame({"a": [1, 2]}), "it's": pd.DataFrame({"a": []})},
            summary={
                "incidents": 20_000,
                "gaps": 2,
                "found": {"inside": 19_000},
                "judged": dt.date(2025, 12, 31),
                "ok": None,
            },
            title="桥西区",
            source="热线",
            as_of="2025-12-31",
        )
        told = texts_of(book["封面"])
        assert told[:2] == ["桥西区", "统计截至 2025-12-31  ·  数据来源：热线  ·  生成于 2026-01-02 03:04"]
        for figure in (
            ["案件数", "责任空白", "judged", "ok"],
            [20_000, 2, dt.datetime(2025, 12, 31), "无数据"],
            ["判定方式", "区内", 19_000],
            ["责任空白", "哪些地方没有责任区？", 2],
            ["it's", "it's", 0],
        ):
            at = (
                told.index(figure[0])
                if figure[0] != "责任空白"
                else len(told) - 1 - told[::-1].index("责任空白")
            )
            found = [value for value in told[at : at + 12] if value != ""]
            assert found[: len(figure)] == figure
        links = [c.hyperlink.location for row in book["封面"].iter_rows() for c in row if c.hyperlink]
        assert links == ["'责任空白'!A1", "'责任空白'!A1", "'it''s'!A1"]  # a figure leads to its sheet, too

    def test_figures_of_an_audit_have_their_denominators_and_lead_to_their_sheets(self, written):
        figures = pd.DataFrame(
            [
                ("every_road", "ground_nobody", 50_000.0, 2_000_000.0, "m²"),
                ("everyone", "chiefs_idle", 0.0, 0.0, ""),
                ("everyone", "load_gini", 0.25, 1.0, ""),
            ],
            columns=["promise", "measure", "value", "whole", "unit"],
        )
        book = written({"gaps": pd.DataFrame({"gap_code": ["G1"]})}, summary=figures)
        told = texts_of(book["封面"])
        assert {"路路有人管", 0.025, "50,000 m² / 2.00 km²", "人人都管事", "无数据", 0.25} <= set(told)
        linked = {
            c.value: c.hyperlink.location for row in book["封面"].iter_rows() for c in row if c.hyperlink
        }
        assert linked["无人负责的土地"] == "'责任空白'!A1"

    def test_a_table_as_summary(self, written):
        summary = pd.DataFrame({"kind": ["hole", "edge"], "area_m2": [12.5, 3.0]})
        book = written({"gaps": pd.DataFrame({"a": [1]})}, summary=summary)
        told = [value for value in texts_of(book["封面"]) if value != ""]
        at = told.index("类型")
        assert told[at : at + 6] == ["类型", "面积(m²)", "空洞", 12.5, "城区边缘", 3]

    def test_in_english(self, written):
        gaps = pd.DataFrame(
            {"gap_code": ["G001"], "area_m2": [1.0], "kind": ["hole"], "grid_found": ["border"]}
        )
        chiefs = pd.DataFrame({"chief_code": ["A", "B"], "incidents": [3, 5]})
        book = written(
            {"gaps": gaps.assign(ambiguous=True), "chiefs": chiefs},
            summary={"found": {"inside": 1}},
            lang="en",
        )
        assert book.sheetnames == ["Cover", "Charts", "gaps", "chiefs"]
        assert rows_of(book["gaps"]) == [
            ["gap", "area (m²)", "kind", "unit grids: found", "needs a look"],
            ["G001", 1, "hole among zones", "border", "yes"],
        ]
        told = " ".join(str(value) for sheet in book for value in texts_of(sheet))
        assert not [character for character in told if "\u4e00" <= character <= "\u9fff"]
        assert "Which ground has no responsibility zone?" in told

    def test_an_unknown_language_is_refused(self, written):
        with pytest.raises(InputError, match="lang must be one of zh, en, not 'fr'"):
            written({}, lang="fr")


SHEETS = {"gaps": pd.DataFrame({"gap_code": ["G001"]})}


class TestFile:
    def test_the_same_answers_give_the_same_bytes(self, tmp_path):
        first = write_workbook(SHEETS, tmp_path / "a.xlsx", summary={"gaps": 1}, created=CREATED)
        second = write_workbook(SHEETS, tmp_path / "b.xlsx", summary={"gaps": 1}, created=CREATED)
        assert first.read_bytes() == second.read_bytes()
        with zipfile.ZipFile(first) as parts:
            assert b"2026-01-02T03:04:05Z" in parts.read("docProps/core.xml")

    def test_without_a_time_it_is_of_the_day(self, tmp_path):
        """Two runs of one day, an hour apart, give the same bytes."""
        for path in (
            write_workbook(SHEETS, tmp_path / "a.xlsx", summary={}),
            write_table(SHEETS["gaps"], tmp_path / "b.xlsx"),
        ):
            with zipfile.ZipFile(path) as parts:
                assert b"T00:00:00Z" in parts.read("docProps/core.xml")
                texts = b"".join(parts.read(name) for name in parts.namelist() if "haredStrings" in name)
            assert not re.search(rb"\d{4}-\d\d-\d\d \d\d:", texts)

    def test_the_callers_tables_are_untouched(self, tmp_path):
        table = pd.DataFrame({"grid_code": [1], "valid_to": ["2025-12-31"]})
        before = table.copy()
        write_workbook({"t": table}, tmp_path / "a.xlsx", summary={})
        pd.testing.assert_frame_equal(table, before)

    def test_an_existing_file_is_replaced_only_when_all_is_well(self, tmp_path, monkeypatch):
        path = tmp_path / "a.xlsx"
        path.write_bytes(b"old")

        def fail(*_args, **_options):
            raise OSError("no space left")

        monkeypatch.setattr(workbook, "write_sheet", fail)
        with pytest.raises(FileError, match=r"a\.xlsx: cannot be written: no space left"):
            write_workbook(SHEETS, path, summary={})
        assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.xlsx", b"old")]
        monkeypatch.undo()
        assert write_workbook(SHEETS, path, summary={}) == path
        assert [file.name for file in tmp_path.iterdir()] == ["a.xlsx"]

    def test_where_it_cannot_be_written(self, tmp_path):
        with pytest.raises(FileError, match="folder"):
            write_workbook(SHEETS, tmp_path / "no" / "a.xlsx", summary={})
        with pytest.raises(InputError, match=r"ending '\.xls'"):
            write_workbook(SHEETS, tmp_path / "a.xls", summary={})

    def test_without_the_extra_the_command_is_named(self, tmp_path, monkeypatch):
        def missing(name):
            raise ModuleNotFoundError(name=name)

        monkeypatch.setattr(_optional, "import_module", missing)
        with pytest.raises(MissingExtraError, match=r'pip install "zjk_gis\[excel\]"'):
            write_workbook(SHEETS, tmp_path / "a.xlsx", summary={})


def test_every_kind_of_column_has_a_format():
    assert set(columns.Kind.__args__) <= set(workbook_looks.FORMATS)
