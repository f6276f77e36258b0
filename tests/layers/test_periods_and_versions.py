"""Which rows count on a day."""

import datetime as dt

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

from zjk_gis.errors import InputError
from zjk_gis.layers.columns.levels import levels_of
from zjk_gis.layers.columns.periods import ALWAYS, NEVER, day_of, days_of, validity_days
from zjk_gis.layers.versions import split_at, zones_at

DAY = day_of("2025-01-01")


@pytest.mark.parametrize(
    "value",
    [
        "2025-01-01",
        "2025/1/1 23:59",
        dt.date(2025, 1, 1),
        pd.Timestamp("2025-01-01 08:00"),
        "2024-12-31T16:00:00Z",
        pd.Timestamp("2024-12-31 16:00", tz="UTC"),
    ],
)
def test_a_day_is_the_same_however_it_is_written(value):
    assert days_of(pd.Series([value], dtype=object), "x").tolist() == [DAY]
    assert days_of(pd.Series([value]), "x").tolist() == [DAY]


@pytest.mark.parametrize("missing", [None, "", "  ", pd.NaT, float("nan")])
def test_a_missing_day_is_never_and_no_error(missing):
    assert days_of(pd.Series([missing], dtype=object), "x").tolist() == [NEVER]


def test_words_are_not_dates():
    with pytest.raises(
        InputError, match=r"zones: valid_to: 1 of 2 values are not dates \(row b, such as '长期'\)"
    ):
        days_of(pd.Series(["2025-01-01", "长期"], index=["a", "b"]), "zones: valid_to")
    with pytest.raises(InputError, match="at must be a date such as 2025-12-31, not None"):
        day_of(None)


def make_zones(**columns):
    n = len(next(iter(columns.values())))
    return gpd.GeoDataFrame(columns, geometry=[box(0, 0, 1, 1)] * n, crs=4547)


def test_missing_ends_are_open():
    begins, ends = validity_days(
        make_zones(valid_from=[None, "2025-01-01"], valid_to=["2025-01-01", None]), "zones"
    )
    assert (begins.tolist(), ends.tolist()) == ([NEVER, DAY], [DAY, ALWAYS])


@pytest.mark.parametrize(
    ("day", "kept"),
    [("2024-12-31", ["old"]), ("2025-01-01", ["new"]), ("2026-01-01", []), (None, ["old", "new"])],
)
def test_both_days_of_a_period_are_included(day, kept):
    zones = make_zones(
        zone_code=["old", "new"],
        valid_from=["2024-01-01", "2025-01-01"],
        valid_to=["2024-12-31", "2025-12-31"],
    )
    assert zones_at(zones, day)["zone_code"].tolist() == kept


@pytest.mark.parametrize(
    ("there", "asked", "number"),
    [
        ([1, 2, 3], 2, 2),
        ([1, 2, 3], "2", 2),
        ([1, 2, 3], "二级", 2),  # numbers have no order of words, and take that of any
        ([1, 2, 3], 9, None),
        ([1, 2, 3], "甲", None),
        (["一级", "二级"], "二级", 2),
        (["一级", "二级"], 2, 2),
        (["区级", "社区级"], "社区级", 4),
        (["区级", "社区级"], "二级", None),  # of another order
    ],
)
def test_a_level_is_found_by_its_number_or_word(there, asked, number):
    assert levels_of(pd.DataFrame({"level": there}), "zones").find(asked) == number


@pytest.mark.parametrize(("inside", "is_hierarchy"), [(51, True), (50, True), (49, False)])
def test_half_of_the_finest_ground_lies_in_a_hierarchy(inside, is_hierarchy):
    """The coarse zone ends at 0; of the fine ones, 100 m together, one lies in it."""
    shapes = [box(-500, 0, 0, 10), box(-inside, 0, 0, 10), box(0, 0, 100 - inside, 10)]
    layer = gpd.GeoDataFrame({"zone_code": list("ABC"), "level": [1, 2, 2]}, geometry=shapes, crs=4547)
    if is_hierarchy:
        assert zones_at(layer)["zone_code"].tolist() == ["B", "C"]
        return
    with pytest.raises(InputError, match="the column level does not make a hierarchy"):
        zones_at(layer)


def test_zones_of_a_day_and_the_others_keep_their_columns():
    layer = gpd.GeoDataFrame(
        {"zone_code": ["A", "B"], "valid_to": ["2024-12-31", None]},
        geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)],
        crs=4547,
        index=[7, 7],
    )
    valid, others = split_at(layer, "2025-06-01")
    assert (valid["zone_code"].tolist(), others["zone_code"].tolist()) == (["B"], ["A"])
    assert valid.columns.tolist() == others.columns.tolist() == layer.columns.tolist()
    assert (valid.index.tolist(), others.index.tolist()) == ([1], [0])
