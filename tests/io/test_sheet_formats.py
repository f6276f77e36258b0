"""What a cell shows is what is read: codes that a spreadsheet holds as numbers, or took for dates."""

import datetime as dt

import openpyxl
import pandas as pd
import pytest
import xlsxwriter
import xlwt

from zjk_gis import read_layer
from zjk_gis.io import write_table
from zjk_gis.io.tables.number_formats import number_format


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("General", 5.5, "5.5"),
        ("@", 5, "5"),
        ("0000", 7, "0007"),
        ('"ZR"000', 7, "ZR007"),
        ("\\Z\\-000", 5, "Z-005"),
        ("[$-804]0000", 7, "0007"),
        ("[$¥-804]0.0", 7, "¥7.0"),
        ("000-000", 123456, "123-456"),
        ("000-000", 7, "000-007"),
        ("000-000", 1234567, "1234-567"),
        ("0000_ ", 7, "0007"),
        ("000*-", 7, "007"),
        ("K0+000", 3250, "K3+250"),
        ("[Red]000;[红色]-000", -7, "-007"),
        ("000;(000)", -7, "(007)"),
        ("000;-000;", 0, ""),
        ('0;-0;"none"', 0, "none"),
        ("[<=9999999]###-####;(###) ###-####", 5551234, "555-1234"),
        ("[<=9999999]###-####;(###) ###-####", 3135551234, "(313) 555-1234"),
        ("#,##0", 1234567, "1,234,567"),
        ("#,##0", 0, "0"),
        ("#,##0.00", 1234.5, "1,234.50"),
        ("0.0#", 5.25, "5.25"),
        ("0.00", 2.675, "2.68"),
        ("0.00E+00", 130703, "1.31E+05"),
        ("0%", 0.5, "50%"),
        ('G/通用格式"号"', 7, "7号"),
        ("[DBNum1]000", 7, None),
        ("# ?/?", 0.5, None),
        ("0,", 5000, None),
        ("yyyy/m/d", 5, None),
    ],
)
def test_what_a_number_format_shows(code, value, shown):
    assert number_format(code).of_number(value) == shown


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("d-mmm", "12-Mar"),
        ('m"月"d"日"', "3月12日"),
        ("yyyy/m/d", "2025/3/12"),
        ("yy-mm-dd", "25-03-12"),
        ("h:mm", None),
        ("dddd", None),
    ],
)
def test_what_a_format_of_days_shows(code, shown):
    assert number_format(code).of_date(dt.date(2025, 3, 12)) == shown


def test_text_is_shown_with_the_text_around_it():
    assert number_format('"ZR"@').of_text("01") == "ZR01"
    assert number_format('0;-0;0;"ZR"@').of_text("01") == "ZR01"
    assert number_format("000").of_text("01") == "01"


def by_openpyxl(path, rows, formats):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for place, code in formats.items():
        book.active[place].number_format = code
    book.save(path)


def by_xlsxwriter(path, rows, formats):
    book = xlsxwriter.Workbook(str(path))
    page = book.add_worksheet()
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            code = formats.get(f"{'ABCDEF'[c]}{r + 1}")
            looks = book.add_format({"num_format": code}) if code else None
            if isinstance(value, dt.date):
                page.write_datetime(r, c, dt.datetime(value.year, value.month, value.day), looks)
            else:
                page.write(r, c, value, looks)
    book.close()


def by_xlwt(path, rows, formats):
    book = xlwt.Workbook(encoding="utf-8")
    page = book.add_sheet("Sheet1")
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            code = formats.get(f"{'ABCDEF'[c]}{r + 1}")
            if value is not None:
                page.write(r, c, value, xlwt.easyxf(num_format_str=code) if code else xlwt.XFStyle())
    book.save(str(path))


WRITERS = pytest.mark.parametrize(
    ("write", "ending"), [(by_openpyxl, "xlsx"), (by_xlsxwriter, "xlsx"), (by_xlwt, "xls")]
)


def read(tmp_path, write, ending, rows, formats, spec=None):
    path = tmp_path / f"table.{ending}"
    table = [[*row, "经度", "纬度"] if at == 0 else [*row, 114.88, 40.82] for at, row in enumerate(rows)]
    write(path, table, formats)
    return read_layer(path, crs=4490, spec=spec)


@WRITERS
def test_codes_are_read_as_their_cells_show_them(tmp_path, write, ending):
    rows = [["编号", "分段", "备用"], [7, 123456, 12], [8, 7, 13]]
    formats = {"A2": '"ZR"000', "A3": '"ZR"000', "B2": "000-000", "B3": "[$-804]000000", "C2": "0000_ "}
    layer = read(tmp_path, write, ending, rows, formats)
    assert layer["编号"].tolist() == ["ZR007", "ZR008"]
    assert layer["分段"].tolist() == ["123-456", "000007"]
    assert layer["备用"].tolist() == ["0012", "13"]


@WRITERS
def test_numbers_stay_numbers_however_they_are_padded(tmp_path, write, ending):
    rows = [["井盖编码", "井深"], ["1307030102000001", 3250]]
    layer = read(tmp_path, write, ending, rows, {"B2": "K0+000"}, spec="manholes")
    assert layer["well_depth_m"].tolist() == [3250]


@WRITERS
def test_in_a_column_of_codes_any_words_are_read_and_other_dress_is_told(tmp_path, write, ending):
    rows = [["责任区编码"], [7], [130703], [8], [9]]
    formats = {"A2": '"Z"0', "A3": "#,##0", "A4": "[DBNum1]000", "A5": "0"}
    layer = read(tmp_path, write, ending, rows, formats, spec="responsibility_zones")
    assert layer["zone_code"].tolist() == ["Z7", "130703", "8", "9"]
    report = layer.attrs["report"]
    assert report.other_shown == {"责任区编码": {1: "130,703"}}
    assert report.unknown_formats == {"责任区编码": {2: "[DBNum1]000"}}
    assert any("130,703 is read as 130703" in remark for remark in report.remarks)
    assert any("[DBNum1]000" in remark and "record 3" in remark for remark in report.remarks)


@WRITERS
def test_a_heading_tells_codes_where_no_layer_is_named(tmp_path, write, ending):
    rows = [["责任区编号(新)", "面积"], [7, 7], [8, 8], [9, 9]]
    formats = {"A2": '"Z"0', "A3": 'General"号"', "A4": "0.00", "B2": '0"亩"'}
    layer = read(tmp_path, write, ending, rows, formats)
    assert layer["责任区编号(新)"].tolist() == ["Z7", "8号", "9"]
    assert layer["面积"].tolist() == ["7", "8", "9"]
    assert layer.attrs["report"].other_shown == {"责任区编号(新)": {2: "9.00"}}


@WRITERS
def test_coordinates_keep_their_digits_though_fewer_are_shown(tmp_path, write, ending):
    layer = read(tmp_path, write, ending, [["名称"], ["甲"]], {"B2": "0.00", "C2": '0.00"°"'})
    assert layer.geometry[0].coords[0] == (114.88, 40.82)


@WRITERS
def test_a_date_where_codes_stand_is_told_with_what_it_shows(tmp_path, write, ending):
    rows = [["楼门"], ["13-40"], [dt.date(2025, 3, 12)], ["7-21"], [dt.date(2025, 5, 8)]]
    layer = read(tmp_path, write, ending, rows, {"A3": 'm"月"d"日"', "A5": "d-mmm"})
    assert layer["楼门"].tolist() == ["13-40", "3月12日", "7-21", "8-May"]
    report = layer.attrs["report"]
    assert report.dates_for_codes == {"楼门": {1: "3月12日", 3: "8-May"}}
    assert any("a date where codes stand (records 2, 4)" in remark for remark in report.remarks)


@WRITERS
def test_a_column_of_codes_all_of_which_became_dates_or_times_is_told_by_its_heading(tmp_path, write, ending):
    rows = [["责任区编号", "上报日期"], [dt.date(2025, 3, 12), dt.date(2025, 3, 12)], [0.0625, None]]
    formats = {"A2": "m-d", "A3": "h:mm", "B2": "m-d"}
    layer = read(tmp_path, write, ending, rows, formats)
    assert layer["责任区编号"].tolist() == ["3-12", "01:30:00"]
    assert layer["上报日期"].tolist()[0] == "2025-03-12"
    assert layer.attrs["report"].dates_for_codes == {"责任区编号": {0: "3-12", 1: "01:30:00"}}


@WRITERS
@pytest.mark.parametrize(
    ("heading", "other"), [("建成", "2025-03-11"), ("日期", "3-11"), ("建成", "待定"), ("建成", None)]
)
def test_dates_among_dates_stay_dates(tmp_path, write, ending, heading, other):
    rows = [[heading], [other], [dt.date(2025, 3, 12)]]
    layer = read(tmp_path, write, ending, rows, {"A3": "yyyy/m/d"})
    assert layer[heading].tolist()[1] == "2025-03-12"
    assert layer.attrs["report"].dates_for_codes == {}


def test_merged_cells_are_shown_alike_in_all_their_rows(tmp_path):
    book = openpyxl.Workbook()
    page = book.active
    for row in (["责任区编码", "经度", "纬度"], [7, 114.88, 40.82], [None, 114.89, 40.82]):
        page.append(row)
    page["A2"].number_format = '"Z"0'
    page.merge_cells("A2:A3")
    book.save(tmp_path / "merged.xlsx")
    layer = read_layer(tmp_path / "merged.xlsx", crs=4490, spec="responsibility_zones")
    assert layer["zone_code"].tolist() == ["Z7", "Z7"]


def test_a_table_is_set_up_for_paper_as_the_books_are(tmp_path):
    table = pd.DataFrame(
        {"street_name": ["名" * 100, None], "area_m2": [1.5, 123_456_789_012.25], "note": ["a\nb\nc", "=1+1"]}
        | {f"column_{number}": ["x" * 40] * 2 for number in range(9)}
    )
    for name, rows in (("表", table), ("one", table.iloc[:1]), ("none", table.iloc[:0])):
        page = openpyxl.load_workbook(write_table(table.loc[rows.index], tmp_path / f"{name}.xlsx")).active
        assert (page.print_title_rows, page.page_setup.orientation) == ("$1:$1", "landscape")
        assert (page.page_setup.paperSize, page.sheet_properties.pageSetUpPr.fitToPage) == (9, True)
        assert page.oddFooter.left.text == name
        assert page.oddFooter.right.text == "&P / &N"
        assert page.print_area.startswith(f"'{name}'!$A$1:$")
        assert page.print_area.endswith(f"${len(rows) + 1}")
        assert page["A1"].font.bold
    book = openpyxl.load_workbook(tmp_path / "表.xlsx").active
    assert book.print_area.split("$")[-2] < "L"  # as many columns as can be read
    assert book.row_dimensions[2].height == 15 * 4
    assert book.column_dimensions["B"].width >= len("123456789012.25")
