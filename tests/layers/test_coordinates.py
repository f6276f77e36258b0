"""Columns of coordinates: by which names they are known, and what their numbers probably are."""

import numpy as np
import pandas as pd
import pytest

from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.columns.coordinates import (
    coordinate_columns,
    looks_projected,
    named_columns,
    north_first,
    read_positions,
)


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        (["id", "lon", "lat"], ("lon", "lat", True)),
        (["LNG", "LAT"], ("LNG", "LAT", True)),
        (["纬度", "经度"], ("经度", "纬度", True)),
        ([" 经 度 ", "纬　度"], (" 经 度 ", "纬　度", True)),
        (["x", "y", "lon", "lat"], ("lon", "lat", True)),
        (["X坐标", "Y坐标"], ("X坐标", "Y坐标", False)),
        (["Ｘ", "Ｙ"], ("Ｘ", "Ｙ", False)),
        (["横坐标", "纵坐标"], ("横坐标", "纵坐标", True)),
        (["x", "lat"], None),
        (["name"], None),
        ([], None),
    ],
)
def test_usual_names(columns, found):
    pair = coordinate_columns(columns)
    assert (pair and (pair.east, pair.north, pair.sure)) == found


def test_named_columns_must_be_there_and_come_together():
    assert named_columns(["a", "b"], "b", "a", "table").east == "b"
    with pytest.raises(InputError, match="go together"):
        named_columns(["a", "b"], "a", None, "table")
    with pytest.raises(MissingColumnError, match="no column 'c'; its columns are a, b"):
        named_columns(["a", "b"], "a", "c", "table")


def test_every_unusable_position_says_why():
    table = pd.DataFrame(
        {
            "lon": ["114.8", "", "114.8", "东经", "inf", "0", "0"],
            "lat": ["40.8", "40.8", None, "40", "1", "0.0", "40"],
        }
    )
    positions = read_positions(table, coordinate_columns(table.columns))
    assert positions.why.tolist() == ["", "missing", "missing", "not_a_number", "not_a_number", "zero", ""]
    assert np.isfinite(positions.x).tolist() == (positions.why == "").tolist()


@pytest.mark.parametrize(
    ("x", "y", "north"),
    [
        ([4520900, 4521000], [573300, 573400], True),
        ([4520900], [38573300], True),
        ([573300], [4520900], False),
        ([40.8, 40.9], [114.8, 114.9], True),
        ([40.8, 114.9], [114.8, 40.9], False),
        ([np.nan], [np.nan], False),
    ],
)
def test_surveyors_write_the_northing_first(x, y, north):
    assert north_first(np.array(x, dtype=float), np.array(y, dtype=float)) is north


@pytest.mark.parametrize(
    ("x", "y", "is_one"),
    [
        # an easting without zone, from 100 km up to 1,000 km, or with one, 13 to 45
        (99_999.5, 4e6, False),
        (100_000, 4e6, True),
        (999_999.5, 4e6, True),
        (1_000_000, 4e6, False),
        (12_999_999.5, 4e6, False),
        (13_000_000, 4e6, True),
        (45_999_999.5, 4e6, True),
        (46_000_000, 4e6, False),
        # a northing from 3° to 54° of latitude
        (500_000, 299_999.5, False),
        (500_000, 300_000, True),
        (500_000, 6_099_999.5, True),
        (500_000, 6_100_000, False),
        (np.nan, 4e6, False),
    ],
)
def test_which_numbers_have_the_form_of_gauss_kruger_metres(x, y, is_one):
    assert looks_projected(np.array([x]), np.array([y])).tolist() == [is_one]
