"""The rule that decides between zones, as a value."""

import geopandas as gpd
import numpy as np
import pytest
from shapely import box

from zjk_gis.errors import InputError
from zjk_gis.index import Policy
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


def prioritised(*priorities):
    """Return zones A, B, C ... of one ground, which their priorities alone tell apart."""
    codes = list("ABCDE"[: len(priorities)])
    return gpd.GeoDataFrame(
        {"zone_code": codes, "priority": list(priorities)}, geometry=[SMALL] * len(codes), crs=4547
    )


@pytest.mark.parametrize(
    ("priorities", "expected"),
    [
        ((1, 3, 2), "BCA"),
        (("1", "3.0", " 2 "), "BCA"),  # of numbers the greatest
        (("低", "高", "中"), "BCA"),
        (("一般", "高", "低"), "BAC"),
        (("三级", "一级", "二级"), "BCA"),  # of words of an order the first
        (("P2", "p0", "P1"), "BCA"),
        (("一般", "特急", "紧急"), "BCA"),
        (("次要", "重要", "一般"), "BCA"),
        (("low", "HIGH", "Medium"), "BCA"),
        (("低", None, "高"), "CAB"),  # a missing one comes last
    ],
)
def test_priorities_are_numbers_or_words_of_one_order(priorities, expected):
    assert ranked(prioritised(*priorities)) == list(expected)


def test_your_own_words_for_priorities_have_an_order_of_yours():
    layer = prioritised("甲类", "督办", " 重点 ")
    with pytest.raises(InputError, match=r"'督办' \(row 1; nearest"):
        ranked(layer)
    policy = Policy(priority_order=("督办", "重点", "甲类"))
    assert ranked(layer, policy=policy) == ["B", "C", "A"]
    with pytest.raises(InputError, match=r"'高' \(row 0\); policy.priority_order has 督办, 重点, 甲类"):
        ranked(prioritised("高", "督办"), policy=policy)


@pytest.mark.parametrize("priorities", [("1", "高"), ("高", "P1"), ("重大", "X")])
def test_priorities_of_several_orders_are_refused_by_name(priorities):
    with pytest.raises(InputError, match=r"1 of 2 priorities in 'priority' are neither numbers nor words of"):
        ranked(prioritised(*priorities))


@pytest.mark.parametrize("words", [("高", "高"), ("高", " "), ("Ｐ1", "p1")])
def test_words_of_an_order_that_are_the_same_are_refused(words):
    with pytest.raises(InputError, match="priority_order must be different words"):
        Policy(priority_order=words)


@pytest.mark.parametrize("order", [("area",), ("lowest_code", "lowest_code")])
def test_a_key_that_is_none_or_stands_twice(order):
    with pytest.raises(InputError):
        Policy(order=order)
