"""Tables as bureaus send them: every file is dirty in its own way, and its right answer stands beside it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from zjk_gis.io.files import read_table


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
        said="1 lines have more cells than the 4 of the names",
    ),
    Dirty(
        "a_line_end_in_a_cell_and_no_quotes",
        "编号,经度,纬度,地址\n1,114.8,40.8,甲\n2,114.8,40.8,某\n路\n",
        [*PLACED, "地址"],
        [*ONE, "甲"],
        rows=3,
        said="1 lines have fewer cells than the 4 of the names",
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
    assert [(row["row"], row["why"]) for row in report["left_out"]] == dirty.left_out
    assert dirty.said in "\n".join(report["remarks"])


def test_what_is_left_out_is_kept_with_its_text(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("编号,面积\n1,3\n合计,3\n", "utf-8")
    assert read_table(path).attrs["report"]["left_out"] == [{"row": 3, "why": "total", "text": "合计 | 3"}]
