"""Files read in batches: every cell, every row, whatever they are packed and encoded in."""

import csv
import datetime as dt
import gzip
import io
import json
import os
from contextlib import suppress
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely import MultiPoint, Point, box

from zjk_gis.batch.columns import as_csv
from zjk_gis.batch.ledger import open_ledger
from zjk_gis.batch.opening import open_source
from zjk_gis.batch.sources import Place, fingerprint_of
from zjk_gis.errors import CRSError, FileError, GeometryError, InputError
from zjk_gis.io import read_table
from zjk_gis.io.tables.cells import Cells, Why, days_of_cells, numbers_of_cells
from zjk_gis.io.tables.scan import _compiled, loops_for
from zjk_gis.layers.columns.periods import NEVER, days_of
from zjk_gis.layers.columns.times import time_order

LON, LAT = 114.88, 40.82


def rows_of(source, place=Place()):  # noqa: B008 - frozen
    """Return all rows from a place on as text, cell by cell."""
    tables = [source.table(batch, np.ones(batch.rows, dtype=bool)) for batch in source.batches(place)]
    return [list(row.values()) for table in tables for row in table.to_pylist()]


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


# Text ------------------------------------------------------------------------------------------------------

cells = st.text(alphabet=st.sampled_from(["a", "桥", ",", '"', "\n", "\r", " ", "7", "'"]), max_size=6)


def quoted(cell, *, always):
    if always or any(mark in cell for mark in ',"\r\n'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


@given(
    rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=12),
    batch_rows=st.integers(1, 5),
    always=st.booleans(),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
)
@example(rows=[("", "")], batch_rows=1, always=True, line_end="\n")
def test_any_text_comes_back_cell_by_cell(tmp_path_factory, rows, batch_rows, always, line_end):
    lines = ["lon,lat,first,second"]
    lines += [",".join([str(LON), str(LAT), *(quoted(cell, always=always) for cell in row)]) for row in rows]
    path = write(tmp_path_factory.mktemp("text") / "a.csv", line_end.join(lines) + line_end)
    source = open_source(path, batch_rows=batch_rows)
    assert all(batch.rows <= batch_rows for batch in source.batches(Place()))
    read = [tuple(cell or "" for cell in row[2:]) for row in rows_of(source)]
    assert read == [tuple(take_guard_off(cell) for cell in row) for row in rows]


def take_guard_off(cell):
    """Do as `read_layer` does with the apostrophe that `write_layer` puts before a formula."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith((*"=+-@\t\r",)) else cell


@given(st.lists(st.tuples(cells, cells), max_size=12), st.data())
def test_reading_goes_on_at_any_place_it_named(tmp_path_factory, rows, data):
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerows([["lon", "lat", "a", "b"], *([LON, LAT, *row] for row in rows)])
    path = write(tmp_path_factory.mktemp("place") / "a.csv", text.getvalue(), "gb18030")
    source = open_source(path, crs=4490, batch_rows=2)
    places = [Place(), *(batch.after for batch in source.batches(Place()))]
    place = data.draw(st.sampled_from(places))
    assert rows_of(source, place) == rows_of(source)[place.rows :]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_the_encoding_is_found_from_the_bytes(tmp_path, encoding):
    path = write(tmp_path / "a.csv", f"经度,纬度,问题\n{LON},{LAT},井盖缺失\n", encoding)
    source = open_source(path)
    assert source.names == ["经度", "纬度", "问题"]
    assert rows_of(source) == [[str(LON), str(LAT), "井盖缺失"]]


def test_text_that_is_ascii_for_long_may_still_be_gbk(tmp_path, monkeypatch):
    monkeypatch.setattr("zjk_gis.io.tables.text._FIRST_BLOCK", 64)
    monkeypatch.setattr("zjk_gis.io.tables.text._LEAST_BLOCK", 64)
    rows = [f"{LON},{LAT},plain {at}\n" for at in range(50)]
    path = write(tmp_path / "a.csv", "lon,lat,note\n" + "".join(rows) + f"{LON},{LAT},积水\n", "gbk")
    source = open_source(path, batch_rows=7)
    assert rows_of(source)[50][2] == "积水"
    said = "a.csv: read as GB18030 (not valid UTF-8, valid GB18030)"
    assert (source.encoding, source.closing_remarks({})) == ("GB18030", [said])
    report = read_table(path).attrs["report"]
    assert (report.encoding, report.remarks[:1]) == ("GB18030", [said])


@pytest.mark.parametrize("rows", [20, 3_000])
def test_a_sum_and_a_remark_in_another_encoding_than_the_rows_are_no_incidents(tmp_path, rows):
    path = tmp_path / "a.csv"
    table = "name,lon,lat\n" + f"桥西,{LON},{LAT}\n" * rows
    path.write_bytes(table.encode() + f"桥东,{LON},{LAT}\n合计,{rows},\n备注：以上,,\n".encode("gbk"))
    source = open_source(path, batch_rows=1_000)
    batches = list(source.batches(Place()))
    assert sum(batch.rows for batch in batches) == rows + 1
    assert [told for batch in batches for told in batch.told] == ["left:total", "left:note"]
    table = read_table(path)
    assert table["name"].tolist() == ["桥西"] * rows + ["桥东"]
    assert [row["text"] for row in table.attrs["report"].left_out] == [f"合计 | {rows}", "备注：以上"]


def mixed_rows(tmp_path, monkeypatch, last):
    """Return the texts of twenty rows in UTF-8 and a last one in other bytes, read in small blocks."""
    monkeypatch.setattr("zjk_gis.io.tables.text._FIRST_BLOCK", 32)
    monkeypatch.setattr("zjk_gis.io.tables.text._LEAST_BLOCK", 32)
    path = tmp_path / "a.csv"
    path.write_bytes(
        b"lon,lat,note\n" + f"{LON},{LAT},桥西\n".encode() * 20 + f"{LON},{LAT},".encode() + last
    )
    source = open_source(path, batch_rows=4)
    batches = [source.checked(batch) for batch in source.batches(Place())]
    tables = [source.table(batch, np.ones(batch.rows, dtype=bool)) for batch in batches]
    return [row["note"] for table in tables for row in table.to_pylist()], [
        told for batch in batches for told in batch.told
    ]


def test_a_row_of_gbk_below_utf8_is_read_as_what_it_is(tmp_path, monkeypatch):
    notes, told = mixed_rows(tmp_path, monkeypatch, "桥东".encode("gbk") + b"\n")
    assert notes == ["桥西"] * 20 + ["桥东"]
    assert told == ["mixed:other"]


def test_a_damaged_row_keeps_what_can_be_read_and_is_counted(tmp_path, monkeypatch):
    notes, told = mixed_rows(tmp_path, monkeypatch, "桥东".encode()[:-1] + b"!\n")
    assert notes == ["桥西"] * 20 + ["桥�!"]
    assert told == ["mixed:damaged"]


def test_packed_text_is_unpacked(tmp_path):
    text = f"lon,lat,note\n{LON},{LAT},积水\n".encode()
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text[:20]) + gzip.compress(text[20:]))
    with pa.CompressedOutputStream(str(tmp_path / "b.csv.zst"), "zstd") as packed:
        packed.write(text)
    for name in ("a.csv.gz", "b.csv.zst"):
        assert rows_of(open_source(tmp_path / name)) == [[str(LON), str(LAT), "积水"]]


def test_a_cut_archive_is_an_error_and_no_short_table(tmp_path):
    rows = "".join(f"{LON},{LAT},{at * 7919}\n" for at in range(2000))
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(("lon,lat,n\n" + rows).encode())[:-500])
    with pytest.raises(FileError, match=r"a\.csv\.gz: cannot be read"):
        rows_of(open_source(tmp_path / "a.csv.gz", batch_rows=100))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("before", [0, 1, 3000])
def test_an_open_quote_is_named_by_its_line_and_not_swallowed(tmp_path, before, end, monkeypatch):
    monkeypatch.setattr("zjk_gis.io.tables.text._FIRST_BLOCK", 64)
    sound = [f'{LON},{LAT},"two{end}lines"'] * before
    lines = ["lon,lat,note", *sound, f'{LON},{LAT},"开口', f"{LON},{LAT},x", ""]
    path = write(tmp_path / "a.csv", end.join(lines))
    told = f'line {2 + 2 * before:,} has a quote that is never closed.* begins: {LON},{LAT},"开口$'
    with pytest.raises(FileError, match=told):
        rows_of(open_source(path))


def test_an_open_quote_among_the_names_is_in_the_first_line(tmp_path):
    with pytest.raises(FileError, match=r'line 1 has a quote that is never closed.* begins: "lon,lat$'):
        open_source(write(tmp_path / "a.csv", '"lon,lat\n114.8,40.8\n'))


def test_a_quote_within_a_cell_is_a_letter_like_others(tmp_path):
    path = write(tmp_path / "a.csv", f'lon,lat,note\n{LON},{LAT},5" pipe\n{LON},{LAT},6" pipe\n')
    assert [row[2] for row in rows_of(open_source(path))] == ['5" pipe', '6" pipe']


def test_missing_and_empty_are_two_things(tmp_path):
    path = write(tmp_path / "a.csv", f'lon,lat,note,more\n{LON},{LAT},,""\n')
    assert rows_of(open_source(path)) == [[str(LON), str(LAT), None, ""]]


def test_short_rows_are_filled_up_and_long_ones_rejected(tmp_path):
    path = write(tmp_path / "a.csv", f"lon,lat,note\n{LON},{LAT}\n{LON},{LAT},x,y\n{LON},{LAT},z,\n\n")
    source = open_source(path)
    (batch,) = source.batches(Place())
    assert source.places(batch).why.tolist() == [Why.USABLE, Why.TOO_MANY_CELLS, Why.USABLE]
    kept = source.table(batch, np.array([True, False, True])).to_pylist()
    assert [row["note"] for row in kept] == [None, "z"]


def test_positions_that_are_none_say_why(tmp_path):
    lines = [
        f"{LON},{LAT}",
        f"{LON},",
        "0,0",
        "北纬,x",
        "inf,40",
        f"{LAT},{LON}",
        f" {LON} , {LAT} ",
        "1.1488e2,40.82",
    ]
    source = open_source(write(tmp_path / "a.csv", "lon,lat\n" + "\n".join(lines) + "\n"), crs=4490)
    (batch,) = source.batches(Place())
    places = source.places(batch)
    assert [Why(why).word for why in places.why.tolist()] == [
        "usable", "missing", "zero", "not_a_number", "not_a_number", "swapped_axes", "usable", "usable",
    ]  # fmt: skip
    assert places.x[[0, 6, 7]].tolist() == [LON] * 3
    assert np.isnan(places.x[1:6]).all()


def test_degrees_are_assumed_only_in_china(tmp_path):
    inside = write(tmp_path / "in.csv", f"lon,lat\n{LON},{LAT}\n")
    assert open_source(inside).crs.to_epsg() == 4490
    metres = write(tmp_path / "m.csv", "x,y\n463000,4020000\n")  # not in Zhangjiakou
    with pytest.raises(CRSError, match="crs=4547"):
        open_source(metres)
    assert open_source(metres, crs=4547).crs.to_epsg() == 4547
    with pytest.raises(CRSError, match="hold metres"):
        open_source(metres, crs=4490)


def test_survey_tables_have_the_northing_first(tmp_path):
    path = write(tmp_path / "a.csv", "X坐标,Y坐标\n4520000,38573000\n")
    source = open_source(path, crs=4526)
    (batch,) = source.batches(Place())
    assert (source.places(batch).x[0], source.places(batch).y[0]) == (38573000, 4520000)


def test_parts_of_a_folder_follow_by_name(tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    write(folder / "part-2.csv", f"lon,lat,n\n{LON},{LAT},three\n")
    write(folder / "part-1.csv", f"lon,lat,n\n{LON},{LAT},桥西\n{LON},{LAT},two\n", "gbk")
    write(folder / "_SUCCESS", "")
    source = open_source(folder, batch_rows=1)
    assert [row[2] for row in rows_of(source)] == ["桥西", "two", "three"]
    write(folder / "part-3.csv", "lon,lat\n")
    with pytest.raises(InputError, match=r"part-3\.csv: its columns"):
        open_source(folder)
    write(folder / "notes.docx", "")
    with pytest.raises(InputError, match="nothing else"):
        open_source(folder)


# Cells -----------------------------------------------------------------------------------------------------

numbers = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, places=7, min_value=-(10**9), max_value=10**9).map(
        str
    ),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["", " ", "1.", ".5", "-.5", "+3", "--1", "1.2.3", "1e5", "９", "12,345.5", "nan", "x"]),
)


def as_cells(texts, loops):
    content = "".join(texts).encode()
    ends = np.cumsum([0, *(len(text.encode()) for text in texts)])
    return Cells(loops.text(content), ends[:-1].copy(), ends[1:].copy(), loops)


@settings(deadline=None)  # the first call compiles
@given(st.lists(numbers, min_size=1, max_size=20))
def test_numbers_are_read_to_the_last_bit(texts):
    plain, fast = (numbers_of_cells(as_cells(texts, loops)) for loops in (loops_for(0), _compiled()))
    np.testing.assert_array_equal(plain.value, fast.value)
    for text, value, wrong, missing in zip(texts, plain.value, plain.wrong, plain.missing, strict=True):
        assert missing == (text.strip() == "")
        try:
            expected = float(text.strip().replace(",", ""))
        except ValueError:
            expected = 9.0 if text == "９" else np.nan
        if missing or wrong:
            assert np.isnan(value)
            assert missing or np.isnan(expected) or np.isinf(expected)
        else:
            assert value == pytest.approx(expected, rel=1e-15)


dates = st.one_of(
    st.dates(dt.date(1700, 1, 1), dt.date(2199, 12, 31)).map(str),
    st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2100, 1, 1)).map(lambda t: t.isoformat(sep=" ")),
    st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2100, 1, 1)).map(lambda t: t.isoformat("T", "seconds")),
    st.sampled_from(["2025-01-31T20:00:00Z", "2025-01-31T20:00:00+08:00", "", " ", "2024-02-29 23:59"]),
)


@settings(deadline=None)
@given(st.lists(dates, min_size=1, max_size=20))
def test_days_are_those_of_the_library(texts):
    for loops in (loops_for(0), _compiled()):
        days, wrong = days_of_cells(as_cells(texts, loops))
        np.testing.assert_array_equal(days, days_of(pd.Series(texts), "times"))
        assert not wrong.any()


@pytest.mark.parametrize("loops", [loops_for(0), loops_for(1 << 20)], ids=["plain", "compiled"])
def test_days_are_read_by_the_order_of_their_column(loops):
    texts = ["2025-03-10 08:30", "10/03/2025", "03/30/2025", "", "2025-03-10 01:00:00+08", "20250310"]
    day = days_of(pd.Series(["2025-03-10"]), "day")[0]
    days, wrong = days_of_cells(as_cells(texts, loops), time_order(pd.Series(["30/03/2025"])))
    assert days.tolist() == [day, day, NEVER, NEVER, day, day]
    assert wrong.tolist() == [False, False, True, False, False, False]
    days, wrong = days_of_cells(as_cells(texts, loops))  # nothing shows which comes first
    assert wrong.tolist() == [False, True, True, False, False, False]
    by_format = time_order(pd.Series(texts), time_format="%m/%d/%Y")
    days, wrong = days_of_cells(as_cells(texts, loops), by_format)
    assert wrong.tolist() == [False, False, False, False, False, True]
    assert days[1:3].tolist() == days_of(pd.Series(["2025-10-03", "2025-03-30"]), "days").tolist()


def test_no_date_is_told_and_not_taken_for_one():
    texts = [
        "2025-02-30",
        "2025-13-01",
        "2025-01-01 25:00",
        "2025-01-01 10:61",
        "soon",
        "2025年1月2日",
        "20250103",
    ]
    days, wrong = days_of_cells(as_cells(texts, loops_for(0)))
    assert wrong.tolist() == [True, True, True, True, True, False, False]
    assert days[5:].tolist() == days_of(pd.Series(["2025-01-02", "2025-01-03"]), "times").tolist()
    assert (days[:5] == NEVER).all()


# Columns ---------------------------------------------------------------------------------------------------


def test_columns_become_text_that_no_spreadsheet_runs():
    batch = pa.record_batch(
        {
            "text": ["=1+1", "-3.5", "'@x", "", None],
            "flag": [True, False, None, True, True],
            "list": [[1], None, ["=2"] and [2], [], [3, 4]],
            "raw": [b"\x00", None, b"", b"a", b"b"],
            "code": pa.array(["x", None, "=y", "x", "x"]).dictionary_encode(),
        }
    )
    read = list(csv.reader(io.StringIO(as_csv(batch).decode(), newline="")))
    assert [row[0] for row in read] == ["'=1+1", "-3.5", "''@x", "", ""]
    assert [row[1] for row in read] == ["True", "False", "", "True", "True"]
    assert [row[2] for row in read] == ["[1]", "", "[2]", "[]", "[3, 4]"]
    assert [row[3] for row in read] == ["00", "", "", "61", "62"]
    assert [row[4] for row in read] == ["x", "", "'=y", "x", "x"]


def test_geoparquet_points_are_read_in_bulk(tmp_path):
    points = [Point(LON, LAT), None, Point(), Point(LON, LAT, 7), Point(float("inf"), LAT)]
    gpd.GeoDataFrame({"n": range(5)}, geometry=points, crs=4490).to_parquet(tmp_path / "a.parquet")
    source = open_source(tmp_path / "a.parquet")
    (batch,) = source.batches(Place())
    places = source.places(batch)
    assert [Why(why).word for why in places.why.tolist()] == [
        "usable", "missing", "missing", "usable", "not_a_number",
    ]  # fmt: skip
    assert places.x[[0, 3]].tolist() == [LON, LON]
    assert source.crs.to_epsg() == 4490


def test_geoparquet_may_hold_its_points_as_columns(tmp_path):
    frame = gpd.GeoDataFrame({"n": [1, 2]}, geometry=[Point(LON, LAT), None], crs=4490)
    frame.to_parquet(tmp_path / "a.parquet", geometry_encoding="geoarrow")
    source = open_source(tmp_path / "a.parquet")
    (batch,) = source.batches(Place())
    assert source.places(batch).x[0] == LON
    assert source.places(batch).why.tolist() == [Why.USABLE, Why.MISSING]


@pytest.mark.parametrize("shape", [box(0, 0, 1, 1), MultiPoint([(LON, LAT)])])
@pytest.mark.parametrize("ending", ["parquet", "gpkg", "shp"])
def test_what_holds_no_points_is_refused_at_once(tmp_path, shape, ending):
    frame = gpd.GeoDataFrame({"n": [1]}, geometry=[shape], crs=4490)
    path = tmp_path / f"a.{ending}"
    frame.to_parquet(path) if ending == "parquet" else frame.to_file(path)
    with pytest.raises(GeometryError, match="holds no points"):
        open_source(path)


def test_parquet_goes_on_in_the_middle_of_a_row_group(tmp_path):
    table = pa.table({"n": range(100), "lon": [LON] * 100, "lat": [LAT] * 100})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=30)
    source = open_source(tmp_path / "a.parquet", batch_rows=7)
    for at in (0, 6, 29, 30, 31, 59, 60, 99, 100):
        assert [row[0] for row in rows_of(source, Place(0, at, at))] == list(range(at, 100))


@pytest.mark.parametrize("text", [f"{LON}", f" {LON} ", f'"{LON}"'])
def test_coordinates_may_be_text_in_parquet_too(tmp_path, text):
    table = pa.table({"lon": pa.array([text, None]).dictionary_encode(), "lat": [str(LAT)] * 2})
    pq.write_table(table, tmp_path / "a.parquet")
    source = open_source(tmp_path / "a.parquet")
    (batch,) = source.batches(Place())
    assert source.places(batch).x[0] == LON
    assert source.places(batch).why.tolist() == [Why.USABLE, Why.MISSING]


@pytest.mark.parametrize(
    "times",
    [
        pa.array([dt.datetime(2025, 1, 31, 20), None], pa.timestamp("ms")),
        pa.array([dt.datetime(2025, 1, 31, 12), None], pa.timestamp("us", "UTC")),
        pa.array([dt.date(2025, 1, 31), None]),
        pa.array(["2025-01-31 20:00:00", None]),
        pa.array(["2025年1月31日", None]).dictionary_encode(),
    ],
    ids=lambda times: str(times.type),
)
def test_days_come_from_any_type_of_time(tmp_path, times):
    table = pa.table({"lon": [LON] * 2, "lat": [LAT] * 2, "发生时间": times})
    pq.write_table(table, tmp_path / "a.parquet")
    source = open_source(tmp_path / "a.parquet")
    (batch,) = source.batches(Place())
    days, wrong = source.days(batch)
    assert days.tolist() == [days_of(pd.Series(["2025-01-31"]), "day")[0], NEVER]
    assert not wrong.any()


def test_a_geopackage_keeps_its_times_as_they_stand(tmp_path):
    frame = gpd.GeoDataFrame(
        {"occurred_at": pd.to_datetime(["2025-01-31 23:30", "2025-02-01 00:30"])},
        geometry=[Point(LON, LAT)] * 2,
        crs=4490,
    )
    frame.to_file(tmp_path / "a.gpkg")
    source = open_source(tmp_path / "a.gpkg", batch_rows=1)
    assert [row[0] for row in rows_of(source)] == [
        dt.datetime(2025, 1, 31, 23, 30),
        dt.datetime(2025, 2, 1, 0, 30),
    ]
    assert [row[0].day for row in rows_of(source, Place(0, 1, 1))] == [1]


def test_times_of_a_geopackage_with_a_zone_are_turned_and_told(tmp_path):
    frame = gpd.GeoDataFrame(
        {"occurred_at": pd.to_datetime(["2025-01-31T22:00Z", "2025-02-01T02:00Z"])},
        geometry=[Point(LON, LAT)] * 2,
        crs=4490,
    )
    frame.to_file(tmp_path / "a.gpkg")
    source = open_source(tmp_path / "a.gpkg")
    assert [row[0].isoformat(" ") for row in rows_of(source)] == [
        "2025-02-01 06:00:00",
        "2025-02-01 10:00:00",
    ]
    (remark,) = source.remarks
    assert remark == (
        "a.gpkg: occurred_at: 2 of the first 2 times are in another zone (+00:00) and were turned into those "
        "of Asia/Shanghai"
    )
    berlin = open_source(tmp_path / "a.gpkg", tz="Europe/Berlin")
    assert [row[0].hour for row in rows_of(berlin)] == [23, 3]


def test_a_shapefile_in_gbk_is_read_with_its_words(tmp_path):
    frame = gpd.GeoDataFrame({"note": ["井盖缺失"]}, geometry=[Point(LON, LAT)], crs=4490)
    frame.to_file(tmp_path / "a.shp", encoding="GBK")
    (tmp_path / "a.cpg").unlink()
    assert rows_of(open_source(tmp_path / "a.shp"))[0][0] == "井盖缺失"


# The ledger ------------------------------------------------------------------------------------------------


def add(ledger, content, rows):
    ledger.rows.write(content)
    ledger.commit(Place(0, rows, rows), {"rows": rows, "out": rows})


def test_a_ledger_keeps_whole_parts_and_cuts_off_the_rest(tmp_path):
    target = tmp_path / "out.csv"
    with open_ledger(target, {"source": "1"}, resume=True) as ledger:
        add(ledger, b"first", 5)
        ledger.rows.write(b"half")
    with open_ledger(target, {"source": "1"}, resume=True) as ledger:
        assert (ledger.place.rows, ledger.rows.tell()) == (5, 5)
        assert "goes on after row 5" in ledger.remarks[-1]
        add(ledger, b"second", 9)
        ledger.publish(tmp_path / "out.csv.rejects.csv")
    assert target.read_bytes() == b"firstsecond"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.csv"]


def test_a_ledger_of_something_else_is_not_gone_on_with(tmp_path):
    target = tmp_path / "out.csv"
    with open_ledger(target, {"source": "1", "zones": "1"}, resume=True) as ledger:
        add(ledger, b"first", 5)
    with open_ledger(target, {"source": "1", "zones": "2"}, resume=True) as ledger:
        assert ledger.place == Place()
        assert "begun again, as zones differ" in ledger.remarks[0]


def test_damaged_parts_are_made_again(tmp_path):
    target = tmp_path / "out.csv"
    with open_ledger(target, {}, resume=True) as ledger:
        add(ledger, b"first", 5)
        add(ledger, b"second", 9)
    rows = tmp_path / "out.csv.parts" / "rows"
    rows.write_bytes(b"firstSecond")
    with open_ledger(target, {}, resume=True) as ledger:
        assert (ledger.place.rows, ledger.rows.tell()) == (5, 5)
        assert "1 of 2 parts" in ledger.remarks[0]
    (tmp_path / "out.csv.parts" / "manifest.json").write_text(json.dumps({"version": 99}))
    with open_ledger(target, {}, resume=True) as ledger:
        assert ledger.place == Place()


def test_one_run_at_a_time(tmp_path):
    target = tmp_path / "out.csv"
    with open_ledger(target, {}, resume=True) as first:
        add(first, b"first", 5)
        with (
            pytest.raises(FileError, match=r"being made by another run \(process \d+ on "),
            open_ledger(target, {}, resume=True),
        ):
            pass
    with open_ledger(target, {}, resume=True) as second:
        assert second.place.rows == 5


def test_a_folder_with_strange_files_is_left_alone(tmp_path):
    folder = tmp_path / "out.csv.parts"
    folder.mkdir()
    write(folder / "thesis.docx", "years of work")
    with pytest.raises(FileError, match=r"thesis\.docx"), open_ledger(tmp_path / "out.csv", {}, resume=True):
        pass
    assert (folder / "thesis.docx").exists()


def test_what_gdal_left_beside_a_geopackage_when_it_was_killed_does_not_stop_the_next_run(tmp_path):
    target, mark = tmp_path / "out.gpkg", {"source": "a"}
    with open_ledger(target, mark, resume=True) as ledger:
        ledger.rows.write(b"rows")
        for ending in ("", "-journal", ".tmp_rtree_out.db", ".tmp_rtree_out.db-journal"):
            ledger.workplace().with_name(ledger.workplace().name + ending).write_bytes(b"made")
        ledger.publish(tmp_path / "out.csv.rejects.csv", made=ledger.workplace())
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".lock"] == ["out.gpkg"]


def manifest_of(target):
    return target.with_name(target.name + ".parts") / "manifest.json"


@pytest.mark.parametrize(
    "changed",
    [
        lambda told: told["parts"][0]["place"].update(rows=168_000),
        lambda told: told["parts"][0]["place"].update(at="x"),
        lambda told: told["parts"][0]["tally"].update(rows=168_000),
        lambda told: told["parts"][0].pop("rows_crc"),
        lambda told: told.update(parts=[]),
        lambda told: told.pop("parts"),
    ],
)
def test_a_ledger_that_was_changed_is_not_believed(tmp_path, changed):
    target = tmp_path / "out.csv"
    with open_ledger(target, {"source": "1"}, resume=True) as ledger:
        add(ledger, b"first", 5)
    told = json.loads(manifest_of(target).read_text("utf-8"))
    changed(told)
    manifest_of(target).write_text(json.dumps(told), "utf-8")
    with open_ledger(target, {"source": "1"}, resume=True) as ledger:
        assert (ledger.place, ledger.rows.tell()) == (Place(), 0)
        assert "begun again, as the record of an earlier run is damaged" in ledger.remarks[0]


def test_a_ledger_whose_numbers_contradict_each_other_is_not_believed(tmp_path):
    """Even with the right checksum, which anybody can make."""
    target = tmp_path / "out.csv"
    with open_ledger(target, {}, resume=True) as ledger:
        ledger.rows.write(b"first")
        ledger.commit(Place(0, 5, 168_000), {"rows": 5, "out": 5, "rejects": 0})
    with open_ledger(target, {}, resume=True) as ledger:
        assert ledger.place == Place()


def planted(tmp_path, name):
    """Another's file, and a link to it where the job would write."""
    precious = tmp_path / "precious.txt"
    write(precious, "years of work")
    link = tmp_path / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(precious)
    return precious


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
@pytest.mark.parametrize("name", ["out.csv.lock", "out.csv.parts/manifest.json.new"])
def test_a_planted_link_is_not_written_through(tmp_path, name):
    precious = planted(tmp_path, name)
    with suppress(FileError), open_ledger(tmp_path / "out.csv", {}, resume=True) as ledger:
        add(ledger, b"first", 5)
    assert precious.read_text("utf-8") == "years of work"


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
@pytest.mark.parametrize("name", ["rows", "rejects.csv", "manifest.json.new"])
def test_a_link_planted_in_the_middle_is_not_written_through(tmp_path, name):
    target = tmp_path / "out.csv"
    with open_ledger(target, {}, resume=True) as ledger:
        add(ledger, b"", 5)
    (tmp_path / "out.csv.parts" / name).unlink(missing_ok=True)
    precious = planted(tmp_path, f"out.csv.parts/{name}")
    with suppress(FileError), open_ledger(target, {}, resume=True) as ledger:
        add(ledger, b"second", 9)
    assert precious.read_text("utf-8") == "years of work"


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_folder_of_parts_that_is_a_link_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out.csv.parts").symlink_to(tmp_path / "elsewhere")
    with (
        pytest.raises(FileError, match="is not a folder"),
        open_ledger(tmp_path / "out.csv", {}, resume=True),
    ):
        pass
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_what_is_not_a_lock_is_not_taken_for_one(tmp_path, link):
    write(tmp_path / "precious.txt", "years of work")
    link(tmp_path / "out.csv.lock", tmp_path / "precious.txt")
    with pytest.raises(FileError, match=r"out\.csv\.lock: is not the lock of a run"):
        open_ledger(tmp_path / "out.csv", {}, resume=True).__enter__()
    assert (tmp_path / "precious.txt").read_text("utf-8") == "years of work"
    assert (tmp_path / "out.csv.lock").exists()


def test_the_fingerprint_tells_a_change_wherever_it_is(tmp_path):
    """A byte in the middle, with the same size and with the time of writing set back."""
    file = tmp_path / "in.csv"
    content = bytearray(b"code,lon,lat\n" + b"1,114.885,40.825\n" * 50_000)
    file.write_bytes(content)
    os.utime(file, ns=(1, 1))
    before = fingerprint_of([file])
    assert fingerprint_of([file]) == before
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(1, 1))
    assert fingerprint_of([file]) != before


@pytest.mark.parametrize("ending", [".dbf", ".DBF", ".shx", ".prj", ".cpg"])
def test_the_fingerprint_of_a_shapefile_is_of_all_its_files(tmp_path, ending):
    for name in ("in.shp", f"in{ending}", "other.dbf"):
        write(tmp_path / name, "first")
    before = fingerprint_of([tmp_path / "in.shp"])
    write(tmp_path / "other.dbf", "other")
    assert fingerprint_of([tmp_path / "in.shp"]) == before
    write(tmp_path / f"in{ending}", "other")
    assert fingerprint_of([tmp_path / "in.shp"]) != before


def test_the_fingerprint_of_a_geopackage_is_of_its_journal_too(tmp_path):
    write(tmp_path / "in.gpkg", "first")
    before = fingerprint_of([tmp_path / "in.gpkg"])
    write(tmp_path / "in.gpkg-wal", "a change not yet in the file")
    assert fingerprint_of([tmp_path / "in.gpkg"]) != before
