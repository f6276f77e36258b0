"""Text into what a field asks for: a table of what people write and what it means."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zjk_gis.layers.catalogue import UNIT_GRIDS
from zjk_gis.layers.spec import Field
from zjk_gis.layers.times import TimeOrder
from zjk_gis.layers.values import as_text, convert_types, converted

WRONG = "wrong"


def turn(value, dtype, **options):
    values, wrong = converted(
        pd.Series([value], dtype=object), Field(name="f", title="", dtype=dtype, **options)
    )
    if wrong[0]:
        return WRONG
    return None if pd.isna(values[0]) else values[0]


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("12.5", 12.5),
        ("１２", 12),
        (" 7　", 7),
        ("1,234,567.5", 1234567.5),
        ("-3e2", -300),
        (4, 4),
        ("", None),
        (None, None),
        (np.nan, None),
        ("12,5", WRONG),
        ("DN300", WRONG),
        ("nan", WRONG),
        ("inf", WRONG),
        (float("inf"), WRONG),
    ],
)
def test_numbers(written, number):
    assert turn(written, "number") == number


@pytest.mark.parametrize(("written", "number"), [("3", 3), ("3.0", 3), (3.0, 3), ("2.5", WRONG), ("", None)])
def test_whole_numbers(written, number):
    assert turn(written, "integer") == number


def test_whole_numbers_are_integers_unless_one_is_missing():
    field = Field(name="f", title="", dtype="integer")
    assert converted(pd.Series(["1", "2"]), field)[0].dtype == "int64"
    assert converted(pd.Series(["1", None]), field)[0].dtype == "float64"


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("2025-01-02", "2025-01-02"),
        ("2025/1/2 3:04", "2025-01-02 03:04"),
        ("2025.01.02", "2025-01-02"),
        ("20250102", "2025-01-02"),
        (20250102, "2025-01-02"),
        ("2025年1月2日 3时4分5秒", "2025-01-02 03:04:05"),
        ("2025-01-02T03:04:05.678", "2025-01-02 03:04:05.678"),
        ("2025-01-01T22:00Z", "2025-01-02 06:00"),
        ("2025-01-02 00:00:00+08:00", "2025-01-02"),
        ("2025-01-01T11:30:00-0500", "2025-01-02 00:30"),
        (dt.date(2025, 1, 2), "2025-01-02"),
        (pd.Timestamp("2025-01-02 03:00"), "2025-01-02 03:00"),
        ("9999-12-31", "9999-12-31"),
        ("", None),
        ("01/02/2025", WRONG),
        ("2025-02-30", WRONG),
        ("昨天", WRONG),
        (45000.5, "2023-03-15 12:00"),
        (5, WRONG),
    ],
)
def test_times_are_in_beijing_and_years_come_first(written, time):
    expected = time if time in (None, WRONG) else pd.Timestamp(time)
    assert turn(written, "datetime") == expected


def test_a_date_has_no_time_of_day():
    assert turn("2025-12-31 23:59", "date") == pd.Timestamp("2025-12-31")
    utc = pd.Series(pd.to_datetime(["2025-01-01T20:00Z"]))
    assert converted(utc, Field(name="d", title="", dtype="date"))[0][0] == pd.Timestamp("2025-01-02")


@pytest.mark.parametrize(
    ("written", "answer"),
    [("是", True), ("NO", False), (1, True), (0.0, False), (None, None), ("也许", WRONG)],
)
def test_yes_or_no(written, answer):
    assert turn(written, "boolean") == answer


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("007", "007"),
        ("１３０７０３", "130703"),
        (130703005001001.0, "130703005001001"),
        (1234567890123456, "1234567890123456"),
        (1234567890123456.0, WRONG),
        (" ", None),
    ],
)
def test_a_code_is_text_and_a_float_keeps_only_fifteen_digits(written, code):
    assert turn(written, "text", digits=16) == code


def test_a_value_that_is_none_stays_as_it_came_and_is_told():
    layer = pd.DataFrame({"area_m2": ["100", "约一百"], "own": ["x", "y"]}, index=[7, 8])
    result, unconverted, _ = convert_types(layer, UNIT_GRIDS)
    assert result["area_m2"].tolist() == [100.0, "约一百"]
    assert unconverted == {"area_m2": [8]}
    assert layer["area_m2"].tolist() == ["100", "约一百"]


def test_what_was_inferred_of_times_is_told_and_the_caller_may_say_more():
    layer = pd.DataFrame({"valid_from": ["03/10/2024", "04/10/2024"], "valid_to": [20251231, 20251231]})
    result, unconverted, remarks = convert_types(layer, UNIT_GRIDS)
    assert result["valid_from"].tolist() == ["03/10/2024", "04/10/2024"]
    assert unconverted == {"valid_from": [0, 1]}
    assert [remark.split(": ")[0] for remark in remarks] == ["valid_from", "valid_to"]
    result, unconverted, _ = convert_types(layer, UNIT_GRIDS, order=TimeOrder(dayfirst=True))
    assert result["valid_from"].dt.month.tolist() == [10, 10]
    assert unconverted == {}


@settings(deadline=None)
@given(st.lists(st.none() | st.floats() | st.integers() | st.text() | st.booleans(), max_size=8))
def test_no_value_breaks_any_type_and_missing_is_never_wrong(values):
    column = pd.Series(values, dtype=object)
    blank = as_text(column).isna().to_numpy()
    for dtype in ("text", "integer", "number", "date", "datetime", "boolean"):
        result, wrong = converted(column, Field(name="f", title="", dtype=dtype))
        assert len(result) == len(wrong) == len(values)
        assert not (wrong & blank).any()
        assert result[wrong].isna().all() or dtype == "text"
