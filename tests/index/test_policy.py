"""The rule that decides between zones, as a value."""

import geopandas as gpd
import numpy as np
import pytest
from shapely import box

from zjk_gis import Policy
from zjk_gis.errors import InputError
from zjk_gis.index.policy import rank_of

SMALL, LARGE = box(0, 0, 10, 10), box(0, 0, 20, 20)


def ranked(layer, **options):
    order = np.argsort(rank_of(layer, "zone_code", **options))
    return layer["zone_code"].iloc[order].tolist()


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (("highest_priority", "smallest_area", "lowest_code"), ["B", "A", "C"]),
        (("smallest_area", "lowest_code"), ["A", "C", "B"]),
        (("largest_area",), ["B", "A", "C"]),
        (("lowest_code",), ["A", "B", "C"]),
        ((), ["A", "B", "C"]),
    ],
)
def test_the_keys_are_compared_in_their_order(order, expected):
    layer = gpd.GeoDataFrame(
        {"zone_code": ["C", "B", "A"], "priority": [None, 5, 1]}, geometry=[SMALL, LARGE, SMALL], crs=4547
    )
    assert ranked(layer, policy=Policy(order=order)) == expected


def test_what_is_equal_in_all_is_told_apart_by_its_geometry_and_not_by_its_row():
    layer = gpd.GeoDataFrame({"zone_code": ["A", "A"]}, geometry=[SMALL, box(5, 0, 15, 10)], crs=4547)
    rank = rank_of(layer, "zone_code")
    assert rank_of(layer.iloc[::-1], "zone_code").tolist() == rank[::-1].tolist()


def test_a_priority_that_is_no_number_is_named():
    layer = gpd.GeoDataFrame(
        {"zone_code": ["A", "B"], "priority": ["1", "high"]}, geometry=[SMALL, LARGE], crs=4547
    )
    with pytest.raises(InputError, match=r"1 of 2 priorities are no numbers \(row 1, such as 'high'\)"):
        rank_of(layer, "zone_code")


@pytest.mark.parametrize("order", [("area",), ("lowest_code", "lowest_code")])
def test_a_key_that_is_none_or_stands_twice(order):
    with pytest.raises(InputError):
        Policy(order=order)
