"""Longitudes and latitudes as people write them: 114°52′20.5″ is 114 + 52/60 + 20.5/3600."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zjk_gis.layers.columns.coordinates import Pair, degrees_of, read_positions

ANGLE = 114 + 52 / 60 + 20.5 / 3600


@pytest.mark.parametrize(
    "text",
    [
        "114°52′20.5″",
        "114°52′20.5″E",
        "E114°52′20.5″",
        "E 114° 52′ 20.5″",
        "东经114度52分20.5秒",
        "东经：114°52′20.5″",
        "114°52′20.5″ 东经",
        "１１４°５２′２０．５″",
        "114º52'20.5\"",
        "114˚52’20.5”",
        "114°52'20.5''",
        "114°52′20.5",
        "114d52'20.5\"e",
        "114-52-20.5",
        "114 52 20.5",
        "114:52:20.5",
        " 114°52′20.5″\n",
    ],
)
def test_degrees_minutes_and_seconds_in_every_usual_writing(text):
    numbers, is_dms = degrees_of([text])
    assert numbers[0] == pytest.approx(ANGLE, abs=1e-12)
    assert is_dms.tolist() == [True]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("114°52.5′", 114.875),
        ("114-52.5", 114.875),
        ("114°", 114.0),
        ("114.875°", 114.875),
        ("东经114.875", 114.875),
        ("114.875E", 114.875),
        ("W114.875", -114.875),
        ("西经114°52.5′", -114.875),
        ("40°30′S", -40.5),
        ("-40°30′", -40.5),
        ("114°52′60.00″", 114 + 53 / 60),  # 59.999 as printers round it
        ("114°60.00′", 115.0),
        ("180°0′0″", 180.0),
    ],
)
def test_angles_with_fewer_parts_or_a_side(text, number):
    numbers, is_dms = degrees_of([text])
    assert numbers[0] == pytest.approx(number, abs=1e-12)
    assert is_dms.tolist() == [True]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("114.875", 114.875),
        (" 114.875 ", 114.875),
        ("１１４.８７５", 114.875),
        ("38573312.5", 38573312.5),
        ("4,520,947.25", 4520947.25),
    ],
)
def test_plain_numbers_stay_what_they_are(text, number):
    numbers, is_dms = degrees_of([text])
    assert numbers.tolist() == [number]
    assert is_dms.tolist() == [False]


@pytest.mark.parametrize(
    "text",
    [
        "114°72′10″",
        "114°52′60.01″",
        "114°60′10″",
        "114.5°20′",
        "114°52.5′20″",
        "181°00′00″",
        "E114°52′W",
        "E-114°52′",
        "114-52",  # a house number, a range, or degrees and minutes: too little to tell
        "2024-01-02",
        "114 52-20",
        "东经",
        "inf",
        "True",
    ],
)
def test_what_is_no_angle_is_no_number(text):
    numbers, is_dms = degrees_of([text])
    assert math.isnan(numbers[0])
    assert is_dms.tolist() == [False]


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(["114.5", None, "114°30′"], dtype="str"),
        pd.Series(["114.5", None, "114°30′"], dtype=object),
        pd.Series([114.5, None, "114°30′"], dtype=object, index=[7, 7, 3]),
        np.array(["114.5", "", "114°30′"]),
    ],
)
def test_blanks_and_mixed_types_keep_their_places(values):
    numbers, is_dms = degrees_of(values)
    assert np.array_equal(numbers, [114.5, np.nan, 114.5], equal_nan=True)
    assert is_dms.tolist() == [False, False, True]


def test_columns_of_numbers_pass_as_they_are():
    assert degrees_of(pd.Series([1, 2]))[0].tolist() == [1.0, 2.0]
    assert degrees_of([])[0].tolist() == []


@given(
    st.integers(0, 179),
    st.integers(0, 59),
    st.integers(0, 599999),
    st.sampled_from("NESW"),
    st.sampled_from(["{d}°{m}′{s:.4f}″{side}", "{side}{d}-{m}-{s:.4f}", "{side} {d} {m:02d} {s:.4f}"]),
)
def test_what_is_written_is_read_back(degrees, minutes, tenthousandths, side, form):
    seconds = tenthousandths / 10000
    numbers, _ = degrees_of([form.format(d=degrees, m=minutes, s=seconds, side=side)])
    sign = -1 if side in "SW" else 1
    assert numbers[0] == pytest.approx(sign * (degrees + minutes / 60 + seconds / 3600), abs=1e-12)


def test_a_table_may_mix_decimals_and_angles():
    table = pd.DataFrame(
        {
            "经度": ["114.88", "114°52′48″", "114°52′", "", "无"],
            "纬度": ["40.82", "40.82", "40°71′", "1", "1"],
        }
    )
    positions = read_positions(table, Pair("经度", "纬度", sure=True))
    assert positions.x[:2].tolist() == [114.88, 114.88]
    assert positions.why.tolist() == ["", "", "not_a_number", "missing", "not_a_number"]
    assert positions.is_dms.tolist() == [False, True, False, False, False]
