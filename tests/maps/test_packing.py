"""What is packed in Python comes out the same, as the page's script reads it."""

import base64
import json
import zlib

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon, box

from zjk_gis.errors import InputError
from zjk_gis.layers import label
from zjk_gis.maps import packing


def unpacked(text):
    """Read what is packed as unpack.js does."""
    numbers, value, shift = [], 0, 0
    for byte in zlib.decompress(base64.b64decode(text)):
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(value)
            value = shift = 0
    n, rings, points, timed = numbers[:4]
    parts = np.split(np.array(numbers[4:]), np.cumsum([n, n, n, rings, points, points]))
    kind, style, ring_counts, point_counts, x, y, time = parts
    steps = np.stack([x, y], axis=1)
    steps = np.where(steps % 2, -(steps + 1) // 2, steps // 2)
    return {
        "kind": kind.tolist(),
        "style": style.tolist(),
        "rings": ring_counts.tolist(),
        "points": point_counts.tolist(),
        "xy": np.cumsum(steps, axis=0),
        "time": time.tolist() if timed else None,
    }


def packed(shapes, **options):
    shapes = np.array(shapes, dtype=object)
    return unpacked(packing.pack_shapes(shapes, np.arange(len(shapes)), digits=1e6, **options))


degrees = st.tuples(st.floats(-180, 180), st.floats(-85, 85))


@given(st.lists(degrees, max_size=20))
def test_points_come_back_to_a_tenth_of_a_metre(places):
    found = packed([Point(*place) for place in places])
    expected = np.array(places).reshape(-1, 2)
    assert np.abs(found["xy"] / 1e6 - expected).max(initial=0) <= 0.5000001e-6


@given(st.lists(st.lists(degrees, min_size=2, max_size=9), max_size=5))
def test_lines_keep_their_first_and_last_point(lines):
    found = packed([LineString(line) for line in lines])
    at = 0
    for line, count in zip(lines, found["points"], strict=True):
        own = found["xy"][at : at + count] / 1e6
        assert np.abs(own[[0, -1]] - np.array(line)[[0, -1]]).max() <= 0.5000001e-6
        at += count


def test_areas_lose_their_closing_point_and_turn_one_way():
    ring = Polygon(box(0, 0, 9, 9).exterior, [box(2, 2, 3, 3).exterior])
    found = packed([MultiPolygon([ring, box(20, 0, 21, 1)]), Point(1, 1), LineString([(0, 0), (1, 1)])])
    assert (found["kind"], found["rings"], found["points"]) == ([2, 0, 1], [3, 1, 1], [4, 4, 4, 1, 2])
    turns = [shapely.LinearRing(found["xy"][a : a + 4]).is_ccw for a in (0, 4, 8)]
    assert turns == [True, False, True] or turns == [False, True, False]


def test_days_travel_with_the_shapes():
    times = ["1900-01-02", None, "不知道", "1850-01-01", "2025年3月1日 23:59"]
    days = packing.day_numbers(pd.DataFrame({"time": times}), "time")
    assert days.tolist() == [1, 10**9, 10**9, 10**9, 45715]
    assert packed([Point(0, 0)] * 5, days=days)["time"] == days.tolist()


def test_times_with_a_zone_are_of_the_day_that_it_is_in_beijing():
    for times in (
        pd.Series(pd.to_datetime(["2025-03-01 00:30"])).dt.tz_localize("Asia/Shanghai"),
        pd.Series(pd.to_datetime(["2025-02-28 16:30Z"])),
        pd.Series(["2025-03-01 00:30:00+08"]),
    ):
        assert packing.day_numbers(pd.DataFrame({"time": times}), "time").tolist() == [45715]
    utc = packing.day_numbers(pd.DataFrame({"time": ["2025-02-28T16:30Z"]}), "time", tz="UTC")
    assert utc.tolist() == [45714]


def test_days_that_could_be_two_are_refused_and_a_column_that_is_not_there_gives_none():
    table = pd.DataFrame({"time": ["01/03/2025"]})
    with pytest.raises(InputError, match="day first or month first"):
        packing.day_numbers(table, "time")
    assert packing.day_numbers(table, "time", dayfirst=True).tolist() == [45715]
    assert packing.day_numbers(table, "other") is None


@given(st.lists(st.one_of(st.none(), st.text(st.characters(codec="utf-8"))), max_size=20))
def test_texts_come_back_as_they_were(values):
    frame = pd.DataFrame({"note": pd.Series(values, dtype=object)})
    column = json.loads(zlib.decompress(base64.b64decode(packing.pack_table(frame, ["note"], "zh"))))[0]
    read = [column["d"][code] for code in column["c"]] if "d" in column else column["v"]
    assert read == ["" if value is None else label(value) for value in values]


def test_columns_of_lists_are_told_as_text():
    texts, codes = packing.texts_of(pd.Series([[1, 2], None, [1, 2]]), "zh")
    assert [texts[code] for code in codes] == ["[1, 2]", "", "[1, 2]"]


def test_neighbours_stand_together_whatever_the_order():
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 1, 500), rng.uniform(0, 1, 500)
    order = packing.morton_order(x, y)
    steps = np.hypot(np.diff(x[order]), np.diff(y[order]))
    assert np.median(steps) < 0.1 < np.median(np.hypot(np.diff(x), np.diff(y)))
    turned = packing.morton_order(x[::-1], y[::-1])
    assert x[order].tolist() == x[::-1][turned].tolist()


def test_links_follow_their_rows():
    extra = packing.Extra("相邻", "links", [[1, 2], [0], [0, 1]])
    assert extra.of_rows(np.array([2, 0]), 3, 7) == {"t": "相邻", "k": "links", "to": 7, "v": [[1], [0]]}


@pytest.mark.parametrize("number", [0, 127, 128, 16_383, 16_384, 2**34])
def test_numbers_of_any_size_come_back(number):
    assert packed([Point(0, 0)], days=np.array([number]))["time"] == [number]
