"""Text into what a field asks for: a table of what people write and what it means."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zjk_gis.layers.catalogue import RESPONSIBILITY_ZONES, ROAD_SECTIONS, UNIT_GRIDS
from zjk_gis.layers.columns.times import TimeOrder
from zjk_gis.layers.columns.values import as_text, convert_types, converted, in_order, name_values, understood
from zjk_gis.layers.spec import Field

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


@pytest.mark.parametrize(("word", "told"), [("二级", {}), ("不详", {"level": [1]})])
def test_words_of_an_order_stay_and_only_others_are_told(word, told):
    zones = gpd.GeoDataFrame({"level": ["一级", word]}, geometry=gpd.points_from_xy([0, 1], [0, 0]))
    read, unconverted, _ = convert_types(zones, RESPONSIBILITY_ZONES)
    assert read["level"].tolist() == ["一级", word]
    assert unconverted == told


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


@pytest.mark.parametrize(
    ("domain", "written", "meant"),
    [
        ("protection_scopes", "核心保护范围", "核心保护范围"),
        ("protection_scopes", " 核心 区", "核心保护范围"),
        ("protection_scopes", "核心保护区", "核心保护范围"),
        ("protection_scopes", "Core", "核心保护范围"),
        ("protection_scopes", "缓冲区", WRONG),
        ("pipe_kinds", "ｗｓ", "WS"),
        ("pipe_kinds", "污水", "WS"),
        ("pipe_kinds", "雨水管", "YS"),
        ("pipe_kinds", "给水", "JS"),  # a class stands for itself: its kind is not known
        ("pipe_states", 0.0, "0"),
        ("pipe_states", "在用", "0"),
        ("burials", "直埋", "ZM"),
        ("pipe_states", None, None),
        ("", "任意", "任意"),
    ],
)
def test_a_coded_value_is_understood_however_it_is_spelled(domain, written, meant):
    field = Field(name="f", title="", domain=domain)
    values, wrong = understood(pd.Series([written], dtype=object), field)
    assert (WRONG if wrong[0] else None if pd.isna(values[0]) else values[0]) == meant


def test_a_spelling_that_would_mean_two_values_means_none():
    own = pd.DataFrame(
        {
            "dictionary": "flows",
            "value": ["上行", "下行"],
            "name": "直行",
            "english_name": "",
            "source": "ours",
        }
    )
    values, wrong = understood(
        pd.Series(["上行", "直行"]), Field(name="f", title="", domain="flows"), tables={"dictionaries": own}
    )
    assert values[0] == "上行"
    assert wrong.tolist() == [False, True]


def test_your_own_spellings_are_understood():
    own = pd.DataFrame({"dictionary": ["flows"], "spelling": ["正向"], "value": ["顺向"]})
    values, wrong = understood(
        pd.Series(["正向"]), Field(name="f", title="", domain="flows"), tables={"value_aliases": own}
    )
    assert values.tolist() == ["顺向"]
    assert not wrong.any()


@pytest.mark.parametrize("state", ["在用", 0, 0.0, "0", "0.0", " ０ ", "0(在用)", "in use"])
def test_a_code_is_the_same_as_a_number_or_beside_its_name(state):
    meant, wrong = understood(
        pd.Series([state], dtype=object), Field(name="state", title="状态", domain="pipe_states")
    )
    assert (meant.tolist(), wrong.tolist()) == (["0"], [False])


def test_a_code_beside_the_name_of_another_is_not_understood():
    kind = Field(name="pipe_kind", title="管线类别", domain="pipe_kinds")
    assert understood(pd.Series(["WS(雨水)", "WS-", "污水、雨水"]), kind)[1].tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("values", "numbers", "scale"),
    [
        ([1, 2.0, "3"], [1, 2, 3], ""),
        (["三级", "1级", "II"], [3, 1, 2], "levels"),
        (["村级", "镇街级", "县级"], [4, 3, 2], "level_places"),
        (["1", "二级"], [1, 2], "levels"),
    ],
)
def test_levels_are_read_in_one_order(values, numbers, scale):
    level = Field(name="level", title="级别", dtype="integer", scales=("levels", "level_places"))
    found, wrong, of = in_order(pd.Series(values, dtype=object), level)
    assert (found.tolist(), wrong.any(), of) == (numbers, False, scale)


@pytest.mark.parametrize("values", [["一级", "区级"], [1.5, 2], ["重点", "一级"]])
def test_what_is_of_no_one_order_is_wrong(values):
    level = Field(name="level", title="级别", dtype="integer", scales=("levels", "level_places"))
    assert in_order(pd.Series(values, dtype=object), level)[1].sum() == 1


def test_a_code_of_fifteen_digits_is_whole_and_one_of_sixteen_is_not():
    field = UNIT_GRIDS.field("grid_code")
    codes = pd.Series([999_999_999_999_999.0, 1_000_000_000_000_000.0, 10**15], dtype=object)
    assert converted(codes, field)[1].tolist() == [False, True, False]


def test_the_two_nearest_known_values_are_named():
    told = name_values({"侧": [3, 5]}, ROAD_SECTIONS.field("side"), None)
    assert told.startswith("'侧' (rows 3, 5; nearest: ")
    assert len(told.partition("nearest: ")[2].partition(")")[0].split(", ")) == 2
