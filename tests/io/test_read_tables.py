"""Tables as bureaus send them: encodings, delimiters, codes, coordinates, and what the report says."""

import datetime as dt

import openpyxl
import pandas as pd
import pytest
from shapely import Point

from zjk_gis.errors import CRSError, FileError, InputError, MissingColumnError
from zjk_gis.io import list_layers, read_layer

HEADER = "案件编号,经度,纬度,事件代码"
ROW = "0001,114.88,40.82,0102"


def write(tmp_path, text, name="incidents.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def report_of(layer):
    return layer.attrs["report"]


def make_workbook(path, *sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets, start=1):
        page = book.create_sheet(f"表{number}")
        for row in rows:
            page.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("encoding", "name", "sure"),
    [
        ("utf-8-sig", "UTF-8", True),
        ("utf-8", "UTF-8", True),
        ("gbk", "GB18030", False),
        ("gb18030", "GB18030", False),
        ("utf-16", "UTF-16", True),
    ],
)
def test_the_encoding_is_found_and_said(tmp_path, encoding, name, sure):
    text = f"{HEADER}\n{ROW}\n" + ("0002,114.9,40.8,㐀\n" if encoding == "gb18030" else "")
    layer = read_layer(write(tmp_path, text, encoding=encoding))
    assert list(layer.columns) == ["案件编号", "经度", "纬度", "事件代码", "geometry"]
    assert report_of(layer).encoding == name
    assert any("GB18030" in remark for remark in report_of(layer).remarks) is not sure


def test_bytes_in_no_encoding_are_refused_with_their_place(tmp_path):
    with pytest.raises(FileError, match=r"neither UTF-8 \(byte 4\) nor GB18030 \(byte 4\)"):
        read_layer(write(tmp_path, b"a,b\n\xff\xff\n"))
    with pytest.raises(FileError, match="begins as utf-8-sig but is not valid at byte"):
        read_layer(write(tmp_path, b"\xef\xbb\xbfa,b\n\xff\xff\n"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["csv", "tsv", "txt"])
def test_the_delimiter_is_found(tmp_path, delimiter, ending):
    text = f"{HEADER}\n{ROW}\n".replace(",", delimiter)
    layer = read_layer(write(tmp_path, text, name=f"a.{ending}"))
    assert layer.iloc[0, :4].tolist() == ROW.split(",")
    assert report_of(layer).delimiter == delimiter


def test_delimiters_and_breaks_in_quotes_are_text(tmp_path):
    text = 'lon;lat;"a,b,c,d"\n114.8;40.8;"x;y\n""z"""\n'
    layer = read_layer(write(tmp_path, text))
    assert layer["a,b,c,d"].tolist() == ['x;y\n"z"']


def test_codes_stay_text_and_empty_cells_are_missing(tmp_path):
    layer = read_layer(write(tmp_path, f"{HEADER},备注\n{ROW},NA\n0002,114.9,40.8,,null\n"))
    assert layer["案件编号"].tolist() == ["0001", "0002"]
    assert layer["备注"].tolist() == ["NA", "null"]
    assert layer["事件代码"].isna().tolist() == [False, True]


def test_short_rows_blank_lines_and_nameless_columns(tmp_path):
    layer = read_layer(write(tmp_path, "lon,lat,备注,备注,,\n114.8,40.8\n\n114.9,40.9,a,b,c,\n"))
    assert list(layer.columns) == ["lon", "lat", "备注", "备注_2", "column_5", "geometry"]
    assert layer["备注_2"].isna().tolist() == [True, False]
    assert "the column '备注' comes again and is called '备注_2'" in report_of(layer).remarks[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('lon,lat\n"114.8,40.8\n', "never closed"),
        ("\n\n", "holds no table"),
    ],
)
def test_a_table_that_is_none_is_a_file_error(tmp_path, text, words):
    with pytest.raises(FileError, match=words):
        read_layer(write(tmp_path, text))


def test_rows_without_a_usable_position_are_kept_and_named(tmp_path):
    rows = [
        "1,114.88,40.82",
        "2,,40.8",
        "3,东经114度多,40.8",
        "4,inf,40.8",
        "5,0,0",
        "6,１１４.９, 40.9 ",
        "7",
    ]
    layer = read_layer(write(tmp_path, "id,lon,lat\n" + "\n".join(rows)))
    assert layer["id"].tolist() == list("1234567")
    assert layer.geometry.isna().tolist() == [False, True, True, True, True, False, True]
    assert layer.geometry[5].equals(Point(114.9, 40.9))
    assert layer["lon"].tolist()[2:4] == ["东经114度多", "inf"]
    assert report_of(layer).without_position == {"missing": [1, 6], "not_a_number": [2, 3], "zero": [4]}
    assert report_of(layer).rows == 7


def test_degrees_in_china_are_taken_for_cgcs2000_and_said(tmp_path):
    layer = read_layer(write(tmp_path, f"{HEADER}\n{ROW}\n"))
    assert layer.crs.to_epsg() == 4490
    assert report_of(layer).crs_from == "assumed: all 1 positions are degrees in China"
    assert report_of(layer).coordinates == {"east": "经度", "north": "纬度"}
    assert "taken for CGCS2000" in report_of(layer).remarks[-1]


def test_a_row_with_swapped_axes_is_read_as_it_stands(tmp_path):
    layer = read_layer(write(tmp_path, f"{HEADER}\n{ROW}\n0002,40.82,114.88,\n"))
    assert layer.geometry[1].equals(Point(40.82, 114.88))
    assert layer.crs.to_epsg() == 4490
    assert "1 of them with the axes exchanged" in report_of(layer).remarks[-1]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("2.35,48.86", "crs=; numbers from 2.35 to 2.35"),
        ("114.8,40.8\n1148.2,40.8", "crs=; 1 of 2 positions are not degrees in China"),
        ("463300,4020900", "crs=; probably Gauss-Krüger, central meridian 114°E, no zone prefix .crs=4547"),
    ],
)
def test_numbers_that_nobody_can_be_sure_of_need_a_crs(tmp_path, rows, words):
    path = write(tmp_path, f"lon,lat\n{rows}\n")
    with pytest.raises(CRSError, match=words):
        read_layer(path)
    layer = read_layer(path, crs="4547" if "4020900" in rows else 4326)
    assert report_of(layer).crs_from == "argument"


@pytest.mark.parametrize(
    ("row", "code"), [("573300,4520900", 4547), ("38573300,4520900", 4526), ("4520900,38573300", 4526)]
)
def test_metres_of_one_likely_system_are_taken_for_it_and_said(tmp_path, row, code):
    layer = read_layer(write(tmp_path, f"x,y\n{row}\n"))
    assert layer.crs.to_epsg() == code
    assert f"taken for Gauss-Krüger, {'central' if code == 4547 else 'zone prefix 38'}" in "".join(
        report_of(layer).remarks
    )
    assert layer.to_crs(4490).geometry.x[0] == pytest.approx(114.87, abs=0.01)


def test_most_rows_decide_and_the_others_are_set_aside(tmp_path):
    rows = ["114.88,40.82"] * 99 + ["12.49,41.89"]
    layer = read_layer(write(tmp_path, "lon,lat\n" + "\n".join(rows) + "\n"))
    assert layer.crs.to_epsg() == 4490
    assert report_of(layer).without_position == {"outside_china": [99]}
    assert layer.geometry.isna().sum() == 1
    assert layer["lon"][99] == "12.49"
    assert any("rows outside China by lon and lat, unlike" in remark for remark in report_of(layer).remarks)


def test_degrees_among_metres_are_set_aside(tmp_path):
    layer = read_layer(write(tmp_path, "x,y\n573300,4520900\n573400,4520800\n114.8,40.8\n"), crs=4547)
    assert report_of(layer).without_position == {"bad_position": [2]}


def test_a_crs_that_cannot_be_the_files_is_refused(tmp_path):
    degrees = write(tmp_path, "lon,lat\n114.8,40.8\n")
    with pytest.raises(CRSError, match=r"hold degrees, but crs=CGCS2000 / 3-degree .* is in metres"):
        read_layer(degrees, crs=4547)
    metres = write(tmp_path, "x,y\n573300,4520900\n", name="metres.csv")
    with pytest.raises(CRSError, match="hold metres, but crs=WGS 84 is in degrees"):
        read_layer(metres, crs=4326)
    with pytest.raises(CRSError, match="crs='EPSG:nonsense' names no coordinate reference system"):
        read_layer(degrees, crs="EPSG:nonsense")


@pytest.mark.parametrize(
    ("header", "row"),
    [("X坐标,Y坐标", "4520900,573300"), ("x,y", "573300,4520900"), ("横坐标,纵坐标", "573300,4520900")],
)
def test_surveyors_x_points_north(tmp_path, header, row):
    layer = read_layer(write(tmp_path, f"{header}\n{row}\n"), crs=4547)
    assert layer.geometry[0].equals(Point(573300, 4520900))
    assert any("points north" in remark for remark in report_of(layer).remarks) is header.startswith("X")


def test_columns_of_coordinates_can_be_named(tmp_path):
    path = write(tmp_path, "a,b,lon,lat\n114.8,40.8,0,0\n")
    assert read_layer(path, lon="a", lat="b").geometry[0].equals(Point(114.8, 40.8))
    with pytest.raises(MissingColumnError, match="no column 'c'; its columns are a, b"):
        read_layer(path, lon="a", lat="c")
    with pytest.raises(InputError, match="go together"):
        read_layer(path, lon="a")


def test_a_table_without_coordinates_says_what_it_has(tmp_path):
    with pytest.raises(
        InputError, match="no columns of coordinates among id, name; name them with lon= and lat="
    ):
        read_layer(write(tmp_path, "id,name\n1,a\n"))


def test_geometry_as_text_is_read(tmp_path):
    layer = read_layer(
        write(tmp_path, 'id,wkt\n1,"POLYGON ((114 40, 115 40, 115 41, 114 40))"\n2,\n3,nonsense\n')
    )
    assert layer.geometry.isna().tolist() == [False, True, True]
    assert list(layer.columns) == ["id", "geometry"]
    assert report_of(layer).without_position == {"missing": [1], "not_a_number": [2]}


def test_a_column_called_geometry_that_is_none_is_kept(tmp_path):
    layer = read_layer(write(tmp_path, "geometry,lon,lat\n圆形,114.8,40.8\n"))
    assert layer["geometry_recorded"].tolist() == ["圆形"]
    assert report_of(layer).renamed == {"geometry": "geometry_recorded"}


def test_a_spec_brings_names_and_types(tmp_path):
    text = (
        "案件编号,上报时间,事件代码,上报渠道,备注,经度,纬度\n"
        "001,2025/1/2 3:04,0102,热线,x,114.88,40.82\n"
        "002,昨天,0103,热线,y,114.89,40.83\n"
    )
    layer = read_layer(write(tmp_path, text), spec="案件")
    assert list(layer.columns)[:5] == ["incident_code", "occurred_at", "event_code", "source", "备注"]
    assert layer["occurred_at"].tolist() == [dt.datetime(2025, 1, 2, 3, 4), "昨天"]
    assert report_of(layer).renamed["上报时间"] == "occurred_at"
    assert report_of(layer).unconverted == {"occurred_at": [1]}
    assert (
        "1 values of occurred_at are not times (record 2); kept as they came" in report_of(layer).remarks[-1]
    )


def test_a_workbook_gives_the_text_a_person_sees(tmp_path):
    path = make_workbook(
        tmp_path / "a.xlsx",
        [
            ["编号", "经度", "纬度", "代码", "时间", "日期", "有效"],
            [1, 114.88, 40.82, "0102", dt.datetime(2025, 1, 2, 3, 4), dt.date(2025, 1, 2), True],
            [130703005001001, 114.89, 40.83, 102, None, None, False],
            [None] * 7,
            [1307030050010012, "东经", None, None, None, None, None],
            [1307030050010010, 114.9, 40.84, None, None, None, None],
        ],
    )
    layer = read_layer(path)
    assert layer.iloc[0, :7].tolist() == [
        "1",
        "114.88",
        "40.82",
        "0102",
        "2025-01-02 03:04:00",
        "2025-01-02",
        "是",
    ]
    assert layer["编号"].tolist()[1:3] == ["130703005001001", "1307030050010012"]
    assert layer["编号"].isna().tolist() == [False, False, False, True]
    assert report_of(layer).digits_lost == {"编号": {3: "1307030050010010"}}
    assert "more than 15 digits" in report_of(layer).remarks[0]
    assert report_of(layer).without_position == {"not_a_number": [2]}


def test_a_title_above_the_table_is_passed_over(tmp_path):
    path = make_workbook(tmp_path / "a.xlsx", [["2025年案件表"], [], ["id", "lon", "lat"], [1, 114.8, 40.8]])
    layer = read_layer(path)
    assert layer["id"].tolist() == ["1"]
    assert "the header is row 3" in report_of(layer).remarks[0]


def test_one_sheet_is_taken_and_several_must_be_named(tmp_path):
    table = [["lon", "lat"], [114.8, 40.8]]
    assert read_layer(make_workbook(tmp_path / "one.xlsx", table, [])).attrs["report"].layer == "表1"
    path = make_workbook(tmp_path / "two.xlsx", table, table)
    assert list_layers(path) == ["表1", "表2"]
    with pytest.raises(InputError, match="layer=: 表1, 表2"):
        read_layer(path)
    assert len(read_layer(path, layer="表2")) == 1
    with pytest.raises(FileError, match="holds no layer"):
        read_layer(make_workbook(tmp_path / "none.xlsx", []))


def test_a_new_workbook_under_an_old_name_is_read(tmp_path):
    path = make_workbook(tmp_path / "a.xlsx", [["lon", "lat"], [114.8, 40.8]])
    assert len(read_layer(path.rename(tmp_path / "a.xls"))) == 1


def test_a_parquet_table_without_geometry_is_placed_by_its_columns(tmp_path):
    pd.DataFrame({"id": [1, 2], "lon": [114.8, None], "lat": [40.8, 40.9]}).to_parquet(tmp_path / "a.parquet")
    layer = read_layer(tmp_path / "a.parquet")
    assert layer["id"].tolist() == [1, 2]
    assert report_of(layer).without_position == {"missing": [1]}


def test_dates_are_read_by_the_order_that_their_column_shows_or_the_caller_says(tmp_path):
    def read(*times, **options):
        rows = "\n".join(f"{i},{time},114.88,40.82" for i, time in enumerate(times))
        path = write(tmp_path, f"案件编号,发生时间,经度,纬度\n{rows}\n")
        layer = read_layer(path, spec="incidents", **options)
        return [str(time)[:10] for time in layer["occurred_at"]], report_of(layer)

    days, report = read("10/03/2025", "30/03/2025")
    assert days == ["2025-03-10", "2025-03-30"]
    assert "incidents.csv: occurred_at: dates such as '30/03/2025' were read day first" in report.remarks[-1]
    days, report = read("10/03/2025", "2025-03-11 01:00:00+08", "2025/3/12")
    assert days == ["10/03/2025", "2025-03-11", "2025-03-12"]
    assert report.unconverted == {"occurred_at": [0]}
    assert any("can be read day first or month first (record 1" in remark for remark in report.remarks)
    assert read("10/03/2025", dayfirst=True)[0] == ["2025-03-10"]
    assert read("10.3.25", time_format="%d.%m.%y")[0] == ["2025-03-10"]
    assert read("2025-03-10T20:00Z", tz="UTC")[0] == ["2025-03-10"]
    with pytest.raises(InputError, match="name it with spec="):
        read_layer(tmp_path / "incidents.csv", dayfirst=True)
