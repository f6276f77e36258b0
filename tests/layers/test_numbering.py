"""Unit grids numbered W to E, N to S; old numbers stay, void ones never come again."""

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity, box

from zjk_gis.errors import InputError
from zjk_gis.layers import number_grids

COMMUNITY = "130703005001"


def lattice(columns=3, rows=2, *, side=100.0, community=COMMUNITY):
    squares = [
        box(573000 + i * side, 4520000 - j * side, 573000 + (i + 1) * side, 4520000 - (j - 1) * side)
        for j in range(rows)
        for i in range(columns)
    ]
    return gpd.GeoDataFrame({"community_code": [community] * len(squares)}, geometry=squares, crs=4547)


def numbers(grids, **options):
    return number_grids(grids, **options)["grid_code"].str[-3:].astype(int).tolist()


def test_grids_are_read_like_a_page():
    assert numbers(lattice(3, 2)) == [1, 2, 3, 4, 5, 6]


def test_rows_may_wave():
    grids = lattice(4, 3)
    shifts = np.random.default_rng(3).uniform(-15, 15, (len(grids), 2))
    grids["geometry"] = [affinity.translate(g, *s) for g, s in zip(grids.geometry, shifts, strict=True)]
    assert numbers(grids) == list(range(1, 13))


@settings(deadline=None)
@given(st.permutations(range(6)))
def test_the_order_of_rows_does_not_matter(order):
    whole = number_grids(lattice(3, 2))
    assert number_grids(lattice(3, 2).iloc[list(order)])["grid_code"].sort_index().equals(whole["grid_code"])


def test_each_community_is_counted_by_itself():
    two = lattice(2, 1)
    two["community_code"] = [COMMUNITY, "130703005003"]
    assert number_grids(two)["grid_code"].tolist() == ["130703005001001", "130703005003001"]


def test_new_grids_follow_and_old_ones_keep_their_codes():
    grids = lattice(3, 1)
    grids["grid_code"] = [None, "130703005001004", ""]
    assert numbers(grids) == [5, 4, 6]
    assert numbers(grids, retired=["130703005001009"]) == [10, 4, 11]


def test_codes_that_new_grids_made_numbers_count():
    grids = lattice(3, 1)
    grids["grid_code"] = [130703005001004.0, np.nan, np.nan]
    assert number_grids(grids)["grid_code"].tolist() == [f"130703005001{n:03d}" for n in (4, 5, 6)]
    grids["grid_code"] = ["１３０７０３００５００１００４", None, None]
    assert numbers(grids) == [4, 5, 6]
    grids["grid_code"] = [1307030050010041.0, np.nan, np.nan]
    with pytest.raises(InputError, match="grid_code has lost digits in row 0"):
        number_grids(grids)
    grids["grid_code"] = ["13070300500104", None, None]
    with pytest.raises(InputError, match="may be of 130703005001"):
        number_grids(grids)


def test_degrees_are_measured_in_metres():
    assert numbers(lattice(3, 2).to_crs(4490)) == [1, 2, 3, 4, 5, 6]


def test_what_cannot_be_numbered_is_named():
    grids = lattice(2, 1)
    grids["community_code"] = [COMMUNITY, "130703"]
    with pytest.raises(InputError, match=r"community_code must have 12 digits in row 1|row.* 1"):
        number_grids(grids)
    with pytest.raises(InputError, match="no column 'district'"):
        number_grids(grids, community="district")
    full = lattice(2, 1)
    full["grid_code"] = [None, "130703005001999"]
    with pytest.raises(InputError, match="0 sequence numbers left"):
        number_grids(full)
