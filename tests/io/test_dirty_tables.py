"""Tables as bureaus send them: every file is dirty in its own way, and its right answer stands beside it."""

from __future__ import annotations

import datetime as dt
import io
import struct
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import shapely
import xlwt
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.pandas import column, data_frames
from shapely import Point

from zjk_gis.errors import CRSError, FileError, InputError
from zjk_gis.io import list_layers, read_layer, write_table
from zjk_gis.io.files import read_table
from zjk_gis.io.tables import xls as old_workbooks
from zjk_gis.io.tables import xlsx as sheet_xml


@dataclass
class Dirty:
    """A text file and what must come of it."""

    name: str
    text: str
    columns: list[str]
    first: list[str | None]
    rows: int = 1
    left_out: list[tuple[int, str]] = field(default_factory=list)
    said: str = ""
    ending: str = "csv"
    encoding: str = "utf-8"


PLACED = ["编号", "经度", "纬度"]
ONE = ["1", "114.8", "40.8"]

TEXTS = [
    Dirty("clean", "编号,经度,纬度\n1,114.8,40.8\n", PLACED, ONE),
    Dirty(
        "title_of_one_cell",
        "井盖普查表\n编号,经度,纬度\n1,114.8,40.8\n",
        PLACED,
        ONE,
        left_out=[(1, "title")],
        said="the header is row 2",
    ),
    Dirty(
        "title_padded_by_excel_and_who_filled_it_in",
        "井盖普查表,,\n填报单位：市政处,填报日期：2025-1-2,\n,,\n编号,经度,纬度\n1,114.8,40.8\n",
        PLACED,
        ONE,
        left_out=[(1, "title"), (2, "title")],
        said="the header is row 4",
    ),
    Dirty(
        "units_below_the_names",
        "编号,经度,纬度,井深\n,°,°,(m)\n1,114.8,40.8,2.5\n",
        [*PLACED, "井深"],
        [*ONE, "2.5"],
        left_out=[(2, "units")],
        said="units below the names: 经度 °, 纬度 °, 井深 (m)",
    ),
    Dirty(
        "instructions_below_the_names",
        "编号,经度,纬度\n必填,必填,选填\n1,114.8,40.8\n",
        PLACED,
        ONE,
        left_out=[(2, "instructions")],
    ),
    Dirty(
        "numbers_of_the_columns",
        "街道,甲,乙,经度,纬度\n甲,1,2,3,4\n桥东,5,6,114.8,40.8\n",
        ["街道", "甲", "乙", "经度", "纬度"],
        ["桥东", "5", "6", "114.8", "40.8"],
        left_out=[(2, "column_numbers")],
    ),
    Dirty(
        "totals_and_signatures_at_the_end",
        "编号,经度,纬度\n1,114.8,40.8\n合　计,1,\n注：数据截至2025年,,\n制表人：王某,审核人：李某,\n",
        PLACED,
        ONE,
        left_out=[(3, "total"), (4, "note"), (5, "note")],
        said="left out as sums of other rows: row 3",
    ),
    Dirty(
        "sums_of_the_coordinates_too",
        "编号,经度,纬度\n1,114.8,40.8\n2,114.9,40.9\n合计,229.7,81.7\n",
        PLACED,
        ONE,
        rows=2,
        left_out=[(4, "total")],
    ),
    Dirty(
        "a_thing_that_is_called_like_a_sum",
        "编号,经度,纬度\n1,114.8,40.8\n2,114.9,40.9\n平均,114.85,40.85\n",
        PLACED,
        ONE,
        rows=3,
    ),
    Dirty(
        "subtotals_between",
        "街道,编号,面积\n甲街道,1,3\n小计,,3\n乙街道,2,4\n小计,,4\n",
        ["街道", "编号", "面积"],
        ["甲街道", "1", "3"],
        rows=2,
        left_out=[(3, "total"), (5, "total")],
    ),
    Dirty(
        "names_again_on_every_page",
        "编号,经度,纬度\n1,114.8,40.8\n编号,经度,纬度\n2,114.9,40.9\n",
        PLACED,
        ONE,
        rows=2,
        left_out=[(3, "repeated_header")],
    ),
    Dirty(
        "two_rows_of_names",
        "编号,坐标,,备注\n,经度,纬度,\n1,114.8,40.8,x\n",
        [*PLACED, "备注"],
        [*ONE, "x"],
        said="经度 (坐标/经度)",
    ),
    Dirty(
        "two_rows_of_names_all_under_headings",
        "基本信息,,坐标,\n编号,名称,经度,纬度\n1,甲,114.8,40.8\n",
        ["编号", "名称", "经度", "纬度"],
        ["1", "甲", "114.8", "40.8"],
        said="the header is rows 1, 2",
    ),
    Dirty(
        "the_same_names_under_two_headings",
        "编号,起点,,终点,\n,经度,纬度,经度,纬度\n1,114.8,40.8,114.9,40.9\n",
        ["编号", "起点/经度", "起点/纬度", "终点/经度", "终点/纬度"],
        ["1", "114.8", "40.8", "114.9", "40.9"],
    ),
    Dirty(
        "no_names_at_all",
        "1,114.8,40.8\n2,114.9,40.9\n",
        ["column_1", "column_2", "column_3"],
        ONE,
        rows=2,
        said="has no row of names (the first full row holds 3 numbers",
    ),
    Dirty("years_as_names", "街道,2024,2025\n桥东,5,6\n", ["街道", "2024", "2025"], ["桥东", "5", "6"]),
    Dirty(
        "two_rows_of_names_that_nobody_knows",
        "工号,责任人,,片区\n,姓氏,职务,\n甲1,张,路长,东\n",
        ["工号", "姓氏", "职务", "片区"],
        ["甲1", "张", "路长", "东"],
        said="the header is rows 1, 2",
    ),
    Dirty(
        "a_column_without_a_name_is_no_second_row_of_names",
        "片区,,责任人\n桥东,一片,\n桥西,2,李\n",
        ["片区", "column_2", "责任人"],
        ["桥东", "一片", None],
        rows=2,
    ),
    Dirty(
        "another_table_below",
        "编号,经度,纬度\n1,114.8,40.8\n\n道路编码,道路名称,\n7,某路,\n",
        PLACED,
        ONE,
        rows=3,
        said="row 4 named columns again, perhaps those of another table",
    ),
    Dirty(
        "codes_in_scientific_notation",
        "网格编码,名称\n1.30703E+14,a\n1.30703005001001E+14,b\n130703005001002,c\n",
        ["网格编码", "名称"],
        ["1.30703E+14", "a"],
        rows=3,
        said="1 values of 网格编码 are written like 1.30703E+14 and have lost digits (record 1)",
    ),
    Dirty(
        "codes_rounded_before_they_were_written",
        "井盖编码,名称\n" + "".join(f"130703010200{n:03}0,某\n" for n in range(9)),
        ["井盖编码", "名称"],
        ["1307030102000000", "某"],
        rows=9,
        said="all long codes of 井盖编码 end in 0 after their 15th digit",
    ),
    Dirty(
        "a_row_that_only_happens_to_count",
        "片区,甲类,乙类,丙类\n桥东,1,2,3\n桥西,无,2,3\n",
        ["片区", "甲类", "乙类", "丙类"],
        ["桥东", "1", "2", "3"],
        rows=2,
    ),
    Dirty("full_width_commas", "编号，经度，纬度\n1，114.8，40.8\n", PLACED, ONE, said="full-width commas"),
    Dirty(
        "parted_by_blanks",
        "编号  经度   纬度\n1   114.8  40.8\n",
        PLACED,
        ONE,
        said="by blanks",
        ending="txt",
    ),
    Dirty("delimiters_at_the_end", "编号,经度,纬度\n1,114.8,40.8,\n2,114.8,40.8,,\n", PLACED, ONE, rows=2),
    Dirty("byte_order_mark", "编号,经度,纬度\n1,114.8,40.8\n", PLACED, ONE, encoding="utf-8-sig"),
    Dirty("unicode_text_of_excel", "编号\t经度\t纬度\r\n1\t114.8\t40.8\r\n", PLACED, ONE, encoding="utf-16"),
    Dirty("gbk", "编号,经度,纬度\n1,114.8,40.8\n", PLACED, ONE, encoding="gbk", said="GB18030"),
    Dirty("old_mac_line_ends", "编号,经度,纬度\r1,114.8,40.8\r", PLACED, ONE),
    Dirty(
        "line_ends_and_delimiters_in_quotes",
        '编号,地址,经度\n1,"某路\n1,2号",114.8\n',
        ["编号", "地址", "经度"],
        ["1", "某路\n1,2号", "114.8"],
    ),
    Dirty(
        "names_broken_over_two_lines",
        '"井盖\n编号",经度,纬度\n1,114.8,40.8\n',
        ["井盖 编号", "经度", "纬度"],
        ONE,
    ),
    Dirty(
        "an_address_with_a_comma_and_no_quotes",
        "编号,地址,经度,纬度\n1,某路1号,114.8,40.8\n2,某路,2号,114.8,40.8\n",
        ["编号", "地址", "经度", "纬度", "column_5"],
        ["1", "某路1号", "114.8", "40.8", None],
        rows=2,
        said="1 line has more cells than the 4 of the names",
    ),
    Dirty(
        "a_line_end_in_a_cell_and_no_quotes",
        "编号,经度,纬度,地址\n1,114.8,40.8,甲\n2,114.8,40.8,某\n路\n",
        [*PLACED, "地址"],
        [*ONE, "甲"],
        rows=3,
        said="1 line has fewer cells than the 4 of the names",
    ),
]


@pytest.mark.parametrize("dirty", TEXTS, ids=lambda dirty: dirty.name)
def test_a_dirty_text_file_is_read_right(tmp_path, dirty):
    path = tmp_path / f"a.{dirty.ending}"
    path.write_bytes(dirty.text.encode(dirty.encoding))
    table = read_table(path)
    report = table.attrs["report"]
    assert list(table.columns) == dirty.columns
    assert [None if cell != cell else cell for cell in table.iloc[0].tolist()] == dirty.first
    assert len(table) == dirty.rows
    assert [(row["row"], row["why"]) for row in report.left_out] == dirty.left_out
    assert dirty.said in "\n".join(report.remarks)


def test_what_is_left_out_is_kept_with_its_text(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("编号,面积\n1,3\n合计,3\n", "utf-8")
    assert read_table(path).attrs["report"].left_out == [{"row": 3, "why": "total", "text": "合计 | 3"}]


HEAD = ["编号", "经度", "纬度"]


def workbook(tmp_path, rows, *, merge=(), formats=None, change=None):
    """Write rows to a sheet of an .xlsx file, merge cells and change what else is asked for."""
    book = openpyxl.Workbook()
    page = book.active
    for row in rows:
        page.append(row)
    for cells in merge:
        page.merge_cells(cells)
    for cell, shown in (formats or {}).items():
        page[cell].number_format = shown
    if change is not None:
        change(book)
    path = tmp_path / "a.xlsx"
    book.save(path)
    return path


def old_workbook(tmp_path, rows, *, merge=()):
    """Write rows to a sheet of an .xls file; merged cells are (first row, last row, first, last column)."""
    book = xlwt.Workbook(encoding="utf-8")
    page = book.add_sheet("表")
    covered = {}
    for r1, r2, c1, c2 in merge:
        page.write_merge(r1, r2, c1, c2, rows[r1][c1])
        covered |= {(r, c): True for r in range(r1, r2 + 1) for c in range(c1, c2 + 1)}
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            if cell is not None and (r, c) not in covered:
                page.write(r, c, cell)
    path = tmp_path / "a.xls"
    book.save(str(path))
    return path


def report_of(table):
    return table.attrs["report"]


def test_a_merged_title_and_names_under_merged_headings(tmp_path):
    rows = [
        ["井盖普查表", None, None, None],
        ["编号", "坐标", None, "备注"],
        [None, "经度", "纬度", None],
        [1, 114.8, 40.8, "x"],
    ]
    path = workbook(tmp_path, rows, merge=["A1:D1", "A2:A3", "B2:C2", "D2:D3"])
    table = read_table(path)
    assert table.to_dict("records") == [{"编号": "1", "经度": "114.8", "纬度": "40.8", "备注": "x"}]
    assert report_of(table).header["rows"] == [2, 3]
    assert report_of(table).header["full_names"] == {"经度": "坐标/经度", "纬度": "坐标/纬度"}
    assert report_of(table).left_out == [{"row": 1, "why": "title", "text": "井盖普查表"}]


def test_names_in_three_rows(tmp_path):
    rows = [
        ["编号", "位置", None, None],
        [None, "坐标", None, "地址"],
        [None, "经度", "纬度", None],
        [1, 114.8, 40.8, "某路"],
    ]
    path = workbook(tmp_path, rows, merge=["A1:A3", "B1:D1", "B2:C2", "D2:D3"])
    table = read_table(path)
    assert list(table.columns) == ["编号", "经度", "纬度", "地址"]
    assert report_of(table).header["full_names"]["经度"] == "位置/坐标/经度"


def test_cells_merged_downwards_count_for_every_row(tmp_path):
    rows = [["街道", *HEAD], ["甲街道", 1, 114.8, 40.8], [None, 2, 114.9, 40.9], ["乙街道", 3, 114.7, 40.7]]
    table = read_table(workbook(tmp_path, rows, merge=["A2:A3"]))
    assert table["街道"].tolist() == ["甲街道", "甲街道", "乙街道"]
    assert report_of(table).filled_down == {"街道": 1}
    assert "1 cells of 街道 filled from the merged cell above" in report_of(table).remarks[-1]


def test_an_empty_cell_that_is_not_merged_stays_empty(tmp_path):
    rows = [["街道", *HEAD], ["甲街道", 1, 114.8, 40.8], [None, 2, 114.9, 40.9]]
    assert read_table(workbook(tmp_path, rows))["街道"].isna().tolist() == [False, True]


def test_a_table_that_begins_somewhere_in_the_sheet(tmp_path):
    rows = [[], [None, None, "表"], [], [None, None, *HEAD], [None, None, 1, 114.8, 40.8]]
    table = read_table(workbook(tmp_path, rows))
    assert table.to_numpy().tolist() == [["1", "114.8", "40.8"]]
    assert report_of(table).header["rows"] == [4]


def test_units_totals_and_signatures_in_a_workbook(tmp_path):
    rows = [
        [*HEAD, "井深"],
        [None, "°", "°", "m"],
        [1, 114.8, 40.8, 2.5],
        ["合计", None, None, 2.5],
        ["制表人：王某"],
    ]
    table = read_table(workbook(tmp_path, rows, merge=["A4:C4", "A5:D5"]))
    assert len(table) == 1
    assert [(row["row"], row["why"]) for row in report_of(table).left_out] == [
        (2, "units"),
        (4, "total"),
        (5, "note"),
    ]


def test_codes_that_were_numbers_get_their_zeros_back_where_the_length_is_known(tmp_path):
    rows = [["案件编号", "事件代码", "经度", "纬度"], ["001", 102, 114.8, 40.8], ["002", "0103", 114.9, 40.9]]
    path = workbook(tmp_path, rows)
    layer = read_layer(path, spec="incidents")
    assert layer["event_code"].tolist() == ["0102", "0103"]
    assert report_of(layer).zeros_restored == {"事件代码": {0: "102"}}
    assert read_layer(path)["事件代码"].tolist() == ["102", "0103"]  # nobody said how long they are


def test_a_code_that_cannot_begin_with_zero_is_not_made_longer(tmp_path):
    rows = [["井盖编码", "经度", "纬度"], [130703010200001, 114.8, 40.8]]
    layer = read_layer(workbook(tmp_path, rows), spec="manholes")
    assert layer["manhole_code"].tolist() == ["130703010200001"]
    assert report_of(layer).zeros_restored == {}


def test_zeros_that_a_format_shows_are_part_of_the_text(tmp_path):
    rows = [["编号", "代码"], [1, 102], [2, 12345]]
    table = read_table(workbook(tmp_path, rows, formats={"B2": "0000", "B3": "0000"}))
    assert table["代码"].tolist() == ["0102", "12345"]


def test_digits_that_excel_has_lost_are_not_made_up(tmp_path):
    rows = [["井盖编码", "经度", "纬度"], [1307030102000010, 114.8, 40.8], ["1307030102000002", 114.9, 40.9]]
    layer = read_layer(workbook(tmp_path, rows), spec="manholes")
    assert layer["manhole_code"].isna().tolist() == [True, False]
    assert report_of(layer).digits_lost == {"井盖编码": {0: "1307030102000010"}}
    assert "get them again as text" in "".join(report_of(layer).remarks)


def test_a_number_of_sixteen_digits_that_excel_cannot_have_written_is_exact(tmp_path):
    rows = [["井盖编码", "经度", "纬度"], [1307030102000012, 114.8, 40.8]]
    layer = read_layer(workbook(tmp_path, rows), spec="manholes")
    assert layer["manhole_code"].tolist() == ["1307030102000012"]


def test_errors_in_cells_are_missing_values(tmp_path):
    def change(book):
        book.active["B2"].data_type = "e"

    table = read_table(workbook(tmp_path, [["编号", "井深", "经度"], [1, "#N/A", 114.8]], change=change))
    assert table["井深"].isna().all()
    assert report_of(table).errors == ["B2"]


def test_formulas_that_nobody_computed_are_told(tmp_path):
    table = read_table(workbook(tmp_path, [["编号", "面积", "经度"], [1, "=2*3", 114.8]]))
    assert table["面积"].isna().all()
    assert report_of(table).uncomputed == ["B2"]
    assert "cell B2 hold a formula without a value" in "".join(report_of(table).remarks)


def test_hidden_rows_columns_and_sheets_are_told(tmp_path):
    def change(book):
        book.active.row_dimensions[3].hidden = True
        book.active.column_dimensions["B"].hidden = True
        choices = book.create_sheet("选项")
        choices.append(["完好", "破损"])
        choices.sheet_state = "hidden"

    path = workbook(tmp_path, [HEAD, [1, 114.8, 40.8], [2, 114.9, 40.9]], change=change)
    assert list_layers(path) == ["Sheet"]
    table = read_table(path)
    assert len(table) == 2
    assert report_of(table).hidden == {"rows": [3], "columns": 1, "sheets": ["选项"]}
    assert read_table(path, layer="选项").shape == (0, 2)


def test_dates_since_1904_and_since_1900_are_the_same_day(tmp_path):
    def change(book):
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904

    rows = [["编号", "日期", "时间"], [1, dt.date(2025, 1, 2), dt.datetime(2025, 1, 2, 3, 4, 5)]]
    for how in (None, change):
        table = read_table(workbook(tmp_path, rows, change=how))
        assert table.iloc[0].tolist() == ["1", "2025-01-02", "2025-01-02 03:04:05"]


def test_numbers_kept_as_text_with_full_width_digits_and_thousands(tmp_path):
    rows = [
        ["井盖编码", "井深", "经度", "纬度"],
        ["１３０７０３０１０２０００００１", "1,002.5", "１１４．８", "40.8 "],
    ]
    layer = read_layer(workbook(tmp_path, rows), spec="manholes")
    assert layer["manhole_code"].tolist() == ["1307030102000001"]
    assert layer["well_depth_m"].tolist() == [1002.5]
    assert (layer.geometry.x[0], layer.geometry.y[0]) == (114.8, 40.8)


def test_an_old_workbook_is_read_like_a_new_one(tmp_path):
    rows = [
        ["井盖普查表", None, None, None],
        ["街道", "编号", "坐标", None],
        [None, None, "经度", "纬度"],
        ["甲街道", 1, 114.8, 40.8],
        [None, 2, 114.9, 40.9],
        ["合计", 2, None, None],
    ]
    merge = [(0, 0, 0, 3), (1, 2, 0, 0), (1, 2, 1, 1), (1, 1, 2, 3), (3, 4, 0, 0)]
    table = read_table(old_workbook(tmp_path, rows, merge=merge))
    assert table.to_numpy().tolist() == [["甲街道", "1", "114.8", "40.8"], ["甲街道", "2", "114.9", "40.9"]]
    assert list(table.columns) == ["街道", "编号", "经度", "纬度"]
    assert [row["row"] for row in report_of(table).left_out] == [1, 6]


def test_errors_and_hidden_rows_of_an_old_workbook_are_told(tmp_path):
    book = xlwt.Workbook()
    page = book.add_sheet("表")
    for at, name in enumerate(["编号", "井深"]):
        page.write(0, at, name)
    page.write(1, 0, 1)
    page.row(1).set_cell_error(1, 42)  # #N/A
    page.row(1).hidden = True
    book.save(str(tmp_path / "a.xls"))
    table = read_table(tmp_path / "a.xls")
    assert table["井深"].isna().all()
    assert report_of(table).errors == ["B2"]
    assert report_of(table).hidden["rows"] == [2]


def test_an_old_workbook_that_claims_to_be_endless_is_refused(tmp_path):
    path = old_workbook(tmp_path, [["编号", "经度"], [1, 114.8]])
    content = path.read_bytes()
    at = content.index(struct.pack("<HHII", 0x200, 14, 0, 2))
    claim = struct.pack("<HHIIHHH", 0x200, 14, 0, 2**31, 0, 65535, 0)
    path.write_bytes(content[:at] + claim + content[at + len(claim) :])
    with pytest.raises(FileError, match="claims more cells than a sheet has"):
        read_table(path)


def test_an_old_workbook_with_a_cell_at_the_end_of_the_world_is_refused(tmp_path):
    path = old_workbook(tmp_path, [["编号", "经度"], [1, 114.8], [2, 114.123456789]])
    content = path.read_bytes()
    number = struct.pack("<d", 114.123456789)
    at = content.index(number) - 6
    path.write_bytes(content[:at] + struct.pack("<HH", 65535, 65535) + content[at + 4 :])
    with pytest.raises(FileError, match="sheet 1 reaches over 65,536 rows"):
        read_table(path)


# An .xls file is a row of sectors, and its table says of each which one comes next:
#
#     as written   0 → 1 → 2 → end          in a circle   0 → 1 → 2 ⟲
#
SECTOR = 512


def table_in_a_circle(content):
    """Let the first sector of the directory be followed by itself."""
    (directory,), (table,) = struct.unpack_from("<I", content, 48), struct.unpack_from("<I", content, 76)
    struct.pack_into("<I", content, SECTOR * (1 + table) + 4 * directory, directory)


def list_of_tables_in_a_circle(content):
    """Go on with the list of tables in a new sector, which is followed by itself."""
    last = len(content) // SECTOR - 1
    content += struct.pack("<128I", *[0xFFFFFFFF] * 127, last)
    struct.pack_into("<I", content, 68, last)


@pytest.mark.parametrize("bend", [table_in_a_circle, list_of_tables_in_a_circle])
def test_an_old_workbook_whose_sectors_run_in_a_circle_is_refused(tmp_path, bend):
    path = old_workbook(tmp_path, [["编号", "经度"], [1, 114.8]])
    content = bytearray(path.read_bytes())
    bend(content)
    path.write_bytes(content)
    with pytest.raises(FileError, match="damaged"):
        read_table(path)


def test_an_old_workbook_has_lost_digits_too(tmp_path):
    table = read_table(old_workbook(tmp_path, [["编号", "经度"], [1307030102000010, 114.8], ["0012", 114.9]]))
    assert table["编号"].isna().tolist() == [True, False]
    assert table["编号"][1] == "0012"


@pytest.mark.parametrize("far", ["XFD1048576", "A90000000", "ZZZ1"])
def test_a_sheet_with_a_cell_at_the_end_of_the_world_is_refused(tmp_path, far):
    path = workbook(tmp_path, [HEAD, [1, 114.8, 40.8]])
    replace_in(path, "xl/worksheets/sheet1.xml", b"</sheetData>", FAR.replace(b"FAR", far.encode()))
    with pytest.raises(FileError, match=r"reaches over|places that are none"):
        read_table(path)


FAR = b'<row r="3"><c r="FAR"><v>1</v></c></row></sheetData>'


def replace_in(path, part, old, new):
    """Change one part of a workbook."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts[part]
    parts[part] = parts[part].replace(old, new)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_a_long_text_that_many_cells_share_is_refused(tmp_path):
    path = write_table(pd.DataFrame({"编号": ["长"]}), tmp_path / "a.xlsx")
    replace_in(path, "xl/sharedStrings.xml", "长".encode(), b"x" * 1_000_000)
    row = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>1</v></c></row>' % (n, n) for n in range(3, 2003))
    replace_in(path, "xl/worksheets/sheet1.xml", b"</sheetData>", row + b"</sheetData>")
    with pytest.raises(FileError, match=r"the texts of sheet 'a' take 1,\d{3} MB"):
        read_table(path)


def test_a_long_text_that_many_cells_of_an_old_workbook_share_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sheet_xml, "MOST_SHARED_BYTES", 4 << 20)
    monkeypatch.setattr(old_workbooks, "MOST_SHARED_BYTES", 4 << 20)
    short = [[str(n), "路" * n] for n in range(1, 200)]
    path = old_workbook(tmp_path, [["编号", "备注"], *short])
    assert len(read_table(path)) == 199
    path = old_workbook(tmp_path, [["编号", "备注"], *short, *([n, "a" + "路" * 20_000] for n in range(300))])
    with pytest.raises(FileError, match=r"the texts of sheet 1 take 5 MB"):
        read_table(path)


def test_a_sheet_that_only_claims_to_be_endless_is_read(tmp_path):
    path = workbook(tmp_path, [HEAD, [1, 114.8, 40.8]])
    replace_in(path, "xl/worksheets/sheet1.xml", b'ref="A1:C2"', b'ref="A1:XFD1048576"')
    assert len(read_table(path)) == 1


def test_formatted_but_empty_cells_far_below_do_no_harm(tmp_path):
    path = workbook(tmp_path, [HEAD, [1, 114.8, 40.8]])
    replace_in(
        path,
        "xl/worksheets/sheet1.xml",
        b"</sheetData>",
        b'<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>',
    )
    assert len(read_table(path)) == 1


OF_4490 = shapely.set_srid(Point(114.8812, 40.8234), 4490)
PLACES = [
    ("coordinates_side_by_side", '编号,坐标\n1,"114.8812,40.8234"\n', (114.8812, 40.8234), ""),
    (
        "with_brackets_and_full_width",
        "编号,经纬度\n1,（１１４．８８１２， 40.8234）\n",
        (114.8812, 40.8234),
        "",
    ),
    ("parted_by_a_blank", "编号,位置坐标\n1,114.8812 40.8234\n", (114.8812, 40.8234), ""),
    ("latitude_first", '编号,坐标\n1,"40.8234,114.8812"\n', (114.8812, 40.8234), "holds the latitude"),
    ("latitude_first_by_name", "编号,latlng\n1,40.8234;114.8812\n", (114.8812, 40.8234), ""),
    ("marked_each", "编号,坐标\n1,北纬40.8234 东经114.8812\n", (114.8812, 40.8234), "written as angles"),
    ("marked_after", "编号,坐标\n1,40.8234N 114.8812E\n", (114.8812, 40.8234), "written as angles"),
    ("of_a_phone", "编号;坐标\n1;40°49′24.24″N 114°52′52.32″E\n", (114.8812, 40.8234), "written as angles"),
    (
        "of_a_map",
        '编号,位置\n1,"114°52\'52.32""E, 40°49\'24.24""N"\n',
        (114.8812, 40.8234),
        "written as angles",
    ),
    (
        "angles_side_by_side",
        "编号,经纬度\n1,114°52′52.32″ 40°49′24.24″\n",
        (114.8812, 40.8234),
        "written as angles",
    ),
    ("degrees_in_one_cell", '编号,坐标\n1,"114°52′30″E,40°49′12″N"\n', (114.875, 40.82), "written as angles"),
    (
        "degrees_with_a_mark",
        "编号,经度,纬度\n1,114.8812°E,北纬40.8234\n",
        (114.8812, 40.8234),
        "written as angles",
    ),
    (
        "degrees_in_two_columns",
        "编号,经度,纬度\n1,114°52′30″,40度49分12秒\n",
        (114.875, 40.82),
        "written as angles",
    ),
    ("full_width_digits", "编号,经度,纬度\n1,１１４．８８１２,４０．８２３４\n", (114.8812, 40.8234), ""),
    ("two_decimals", "编号,经度,纬度\n1,114.88,40.82\n", (114.88, 40.82), "about 1 km (record 1)"),
    ("well_known_text", "编号,wkt\n1,POINT (114.8812 40.8234)\n", (114.8812, 40.8234), "taken for CGCS2000"),
    ("text_under_another_name", "编号,围栏\n1,POINT (114.8812 40.8234)\n", (114.8812, 40.8234), ""),
    ("text_with_its_system", "编号,geom\n1,SRID=4490;POINT (114.8812 40.8234)\n", (114.8812, 40.8234), ""),
    (
        "binary_of_postgis",
        f"编号,the_geom\n1,{shapely.to_wkb(OF_4490, hex=True, include_srid=True)}\n",
        (114.8812, 40.8234),
        "",
    ),
    (
        "geojson_in_a_cell",
        '编号;geometry\n1;{"type": "Point", "coordinates": [114.8812, 40.8234]}\n',
        (114.8812, 40.8234),
        "",
    ),
]


@pytest.mark.parametrize(("name", "text", "place", "said"), PLACES, ids=[place[0] for place in PLACES])
def test_a_place_is_found_however_it_is_written(tmp_path, name, text, place, said):
    path = tmp_path / f"{name}.csv"
    path.write_text(text, "utf-8")
    layer = read_layer(path)
    assert shapely.get_coordinates(layer.geometry.to_numpy()).tolist() == [pytest.approx(place)]
    assert layer.crs.to_epsg() == 4490
    assert layer["编号"].tolist() == ["1"]
    assert said in "".join(report_of(layer).remarks)


PACKED = "编号,经度,纬度\n" + "".join(
    f"{n},114.{n * 7 % 60:02}{n * 13 % 60:02},40.{n * 11 % 60:02}{n * 17 % 60:02}\n" for n in range(60)
)
REFUSED = [
    (
        "no_names",
        "1,114.8,40.8\n",
        InputError,
        "no columns of coordinates among column_1, column_2, column_3",
    ),
    ("no_place", "编号,名称\n1,a\n", InputError, "no columns of coordinates"),
    ("metres", "编号,经度,纬度\n1,73300,4520900\n", CRSError, "name the system of 经度 and 纬度 with crs="),
    ("packed", PACKED, CRSError, "look like packed degrees"),
    (
        "several_systems",
        "a,geom\n1,SRID=4490;POINT (1 2)\n2,SRID=4547;POINT (1 2)\n",
        CRSError,
        "several systems",
    ),
    ("open_quote", '编号,经度,纬度\n1,"114.8,40.8\n', FileError, "never closed"),
    ("a_binary_file", "编号,\x00\x00\n", FileError, "looks like binary"),
    ("nothing", "\n\n , \n", FileError, "holds no table"),
]


@pytest.mark.parametrize(("name", "text", "error", "reason"), REFUSED, ids=[case[0] for case in REFUSED])
def test_what_cannot_be_read_right_is_refused_with_its_reason(tmp_path, name, text, error, reason):
    path = tmp_path / f"{name}.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(error, match=reason):
        read_layer(path)


def test_geometries_that_would_overflow_the_stack_are_no_geometries(tmp_path):
    deep = "GEOMETRYCOLLECTION (" * 100_000 + "POINT (1 2)" + ")" * 100_000
    binary = "010700000001000000" * 100_000
    path = tmp_path / "a.csv"
    path.write_text(f"id,wkt\n1,POINT (114.8 40.8)\n2,{deep}\n3,POINT (114.8 40.8)\n4,{binary}\n", "utf-8")
    layer = read_layer(path)
    assert report_of(layer).without_position == {"not_a_number": [1, 3]}


def test_a_few_cells_that_are_no_pair_are_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("编号;坐标\n1;114.8812,40.8234\n2;114.9,40.9\n3;桥东\n4;\n5;0,0\n", "utf-8")
    assert report_of(read_layer(path)).without_position == {
        "missing": [3],
        "not_a_number": [2],
        "zero": [4],
    }


TEXT_CELLS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8).map(str.strip)
TABLES = data_frames(
    [
        column("井盖编码", elements=st.from_regex(r"\A1307030102[0-9]{6}\Z")),
        column("井深", elements=st.floats(-1e9, 1e9)),
        column("井盖数量", elements=st.integers(0, 10**14)),
        column(
            "普查时间",
            elements=st.datetimes(dt.datetime(1900, 3, 1), dt.datetime(2099, 1, 1)).map(
                lambda time: time.replace(microsecond=0)
            ),
        ),
        column("备注", elements=TEXT_CELLS),
    ]
)


@settings(max_examples=60, deadline=None)
@given(table=TABLES, ending=st.sampled_from(["csv", "xlsx"]))
def test_a_table_that_was_written_is_read_as_it_was(table, ending):
    with tempfile.TemporaryDirectory() as folder:
        back = read_table(write_table(table, Path(folder, f"a.{ending}")))
    assert list(back.columns) == list(table.columns)
    assert back["井盖编码"].tolist() == table["井盖编码"].tolist()
    # A workbook's writer gives 16 digits, where some numbers take 17.
    assert back["井深"].astype(float).tolist() == pytest.approx(table["井深"].tolist(), rel=1e-15, abs=0)
    assert back["井盖数量"].astype(int).tolist() == table["井盖数量"].tolist()
    assert pd.to_datetime(back["普查时间"], format="mixed").tolist() == table["普查时间"].tolist()
    assert back["备注"].fillna("").tolist() == table["备注"].tolist()


def test_dates_are_dates_for_excel_and_columns_wide_enough(tmp_path):
    times = pd.to_datetime(
        ["2025-01-02 03:04:05", None, "1800-01-01", "2025-01-02 00:00:00.5"], format="mixed"
    )
    table = pd.DataFrame({"普查时间": times, "备注": ["很" * 12, "", "", ""]})
    page = openpyxl.load_workbook(write_table(table, tmp_path / "a.xlsx")).active
    cells = [cell.value for cell in page["A"]][1:]
    assert cells == [dt.datetime(2025, 1, 2, 3, 4, 5), None, "1800-01-01", "2025-01-02 00:00:00.500000"]
    assert page.column_dimensions["B"].width > 24


NAMES = ["井盖编码", "权属单位", "经度", "纬度", "井深"]
GROUPS = ["井盖编码", "权属单位", "坐标", "", "井深"]
UNDER = ["", "", "经度", "纬度", ""]
UNITS = ["", "", "°", "°", "m"]
NUMBERED = ["甲", "1", "2", "3", "4"]
TITLE = ["桥东区井盖普查表", "", "", "", ""]
FILLED_IN = ["填报单位：市政处", "", "", "填报日期：2025年1月2日", ""]
TOTAL = ["合计", "", "", "", "9"]
SIGNED = ["制表人：王某", "", "审核人：李某", "", ""]
BLANK = [""] * 5


@settings(max_examples=120, deadline=None)
@given(
    above=st.lists(st.sampled_from([TITLE, FILLED_IN, BLANK]), max_size=3),
    names=st.sampled_from([[NAMES], [GROUPS, UNDER]]),
    between=st.sampled_from([[], [UNITS], [NUMBERED], [UNITS, NUMBERED], [BLANK]]),
    count=st.integers(1, 12),
    every_page=st.booleans(),
    below=st.sampled_from([[], [TOTAL], [SIGNED], [TOTAL, BLANK, SIGNED]]),
    how=st.sampled_from(["csv", "gbk", "semicolons", "full_width", "xlsx", "xls"]),
    in_degrees=st.booleans(),
)
def test_every_mixture_of_dirt_is_read_right(
    above, names, between, count, every_page, below, how, in_degrees
):
    places = [(114 + (50 + n % 10) / 60, 40 + (40 + n % 10) / 60) for n in range(count)]
    rows = [
        [
            f"1307030102{n:06}",
            "市政公司" if n % 3 else "",
            f"114°{50 + n % 10}′" if in_degrees else repr(lon),
            f"40°{40 + n % 10}′" if in_degrees else repr(lat),
            "１．５",
        ]
        for n, (lon, lat) in enumerate(places)
    ]
    if every_page and count > 2 and len(names) == 1:
        rows[2:2] = names
    cells = [*above, *names, *between, *rows, *below]
    with tempfile.TemporaryDirectory() as folder:
        layer = read_layer(write_cells(cells, Path(folder), how), spec="manholes")
    assert layer["manhole_code"].tolist() == [f"1307030102{n:06}" for n in range(count)]
    assert layer["well_depth_m"].tolist() == [1.5] * count
    assert shapely.get_coordinates(layer.geometry.to_numpy()).tolist() == [pytest.approx(at) for at in places]
    told = len(report_of(layer).left_out) + len(report_of(layer).header["rows"])
    assert told == sum(any(row) for row in cells) - count


def write_cells(cells, folder, how):
    """Write cells as text in one of the ways of a bureau; in workbooks what is empty is not there at all."""
    path = folder / f"a.{how if how in ('xlsx', 'xls') else 'csv'}"
    if how == "xlsx":
        book = openpyxl.Workbook()
        for row in cells:
            book.active.append([cell or None for cell in row])
        book.save(path)
    elif how == "xls":
        book = xlwt.Workbook()
        page = book.add_sheet("表")
        for r, row in enumerate(cells):
            for c, cell in enumerate(row):
                if cell:
                    page.write(r, c, cell)
        book.save(str(path))
    else:
        delimiter = {"semicolons": ";", "full_width": "，"}.get(how, ",")
        text = "".join(delimiter.join(row) + "\r\n" for row in cells)
        path.write_bytes(text.encode("gbk" if how == "gbk" else "utf-8-sig"))
    return path


HAN = st.text("甲乙丙丁桥东西南北路街片区网格城管人", min_size=2, max_size=5)
CELLS = st.one_of(
    HAN, HAN, st.just(""), st.integers(0, 10**9).map(str), st.sampled_from(["m", "无", "是", "2025-01-02"])
)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), wide=st.integers(2, 6), ending=st.sampled_from(["csv", "xlsx"]))
def test_a_clean_table_of_unknown_names_loses_nothing(data, wide, ending):
    names = data.draw(st.lists(HAN, min_size=wide, max_size=wide, unique=True))
    kinds = [data.draw(st.sampled_from([HAN, CELLS, st.integers(0, 99).map(str)])) for _ in names]
    rows = data.draw(st.lists(st.tuples(HAN, *kinds[1:]), min_size=1, max_size=8))
    table = pd.DataFrame(rows, columns=names, dtype="str")
    with tempfile.TemporaryDirectory() as folder:
        back = read_table(write_table(table, Path(folder, f"a.{ending}")))
    assert back.fillna("").to_numpy().tolist() == table.to_numpy().tolist()
    assert list(back.columns) == names


def zipped(*names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), "<x/>")  # the same bytes at any time
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (
            "a page of the web.xls",
            "<html><table><tr><td>编号</td></tr></table></html>".encode(),
            "looks like",
        ),
        ("text with tabs.xls", "编号\t经度\n1\t114.8\n".encode("gbk"), "looks like plain text"),
        ("a text document.xlsx", zipped("word/document.xml"), "no .xlsx workbook; save it as .xlsx or .csv"),
        ("open document.xlsx", zipped("mimetype", "content.xml"), "no .xlsx workbook"),
        ("binary workbook.xlsx", zipped("xl/workbook.bin"), "no .xlsx workbook"),
        ("two parts of one name.xlsx", zipped("xl/workbook.xml", "xl/Workbook.xml"), "two parts of one name"),
        ("without sheets.xlsx", zipped("xl/workbook.xml"), "cannot be read"),
        ("cut off.xlsx", zipped("xl/workbook.xml")[:60], "cannot be read"),
        ("only a container.xls", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000), "damaged"),
        ("a workbook.csv", zipped("xl/workbook.xml"), "looks like"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(tmp_path, name, content, reason):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FileError, match=reason):
        read_table(path)


@given(
    rows=st.lists(st.lists(st.sampled_from(["甲", "1", ""]), min_size=1, max_size=6), max_size=9),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_ragged_lines_are_found_alike_with_and_without_quotes(rows, end):
    first = next((row for row in rows if any(row)), [])
    assume(any(first[:3]) or not any(first))  # what stands only beyond the names is a second row of names
    plain = end.join(["编号,经度,纬度", *(",".join(row) for row in rows), "9,1,2"])
    with tempfile.TemporaryDirectory() as folder:
        told = []
        for text in (plain, plain.replace("编号", '"编号"')):
            path = Path(folder, "a.csv")
            path.write_bytes(text.encode())
            told.append(report_of(read_table(path)))
    assert told[0] == told[1]
    wrong = told[0]["ragged"]
    filled = {at: row for at, row in enumerate(rows, start=2) if any(row)}
    assert wrong.get("short", []) == [at for at, row in filled.items() if len(row) < 3]
    assert wrong.get("long", []) == [at for at, row in filled.items() if any(row[3:])]
