"""Facilities to a square kilometre: a mean, and the cells behind it.

a region of 3 km by 1 km, of which the last cell is only 200 m wide
"""

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, box

from zjk_gis.access import facility_density
from zjk_gis.errors import EmptyLayerError, InputError

X, Y = 573000, 4520000
REGION = gpd.GeoDataFrame(geometry=[box(X, Y, X + 2200, Y + 1000)], crs=4547)


def toilets(*places):
    return gpd.GeoDataFrame(geometry=[Point(X + x, Y + y) for x, y in places], crs=4547)


def test_cells_are_clipped_and_a_sliver_is_not_judged():
    cells = facility_density(toilets((100, 100), (200, 200), (2100, 500)), REGION)
    assert cells["area_km2"].round(6).tolist() == [1, 1, 0.2]
    assert cells["facilities"].tolist() == [2, 0, 1]
    assert cells["per_km2"].round(6).tolist() == [2, 0, 5]
    assert cells["is_judged"].tolist() == [True, True, False]
    assert cells["short_by"].tolist() == [2, 4, 0]
    assert cells["falls_short"].tolist() == [True, True, False]


def test_the_mean_is_over_the_region_whatever_the_cells():
    mean = facility_density(toilets(*[(at, 500) for at in range(0, 2200, 250)]), REGION).attrs["mean"]
    assert mean["per_km2"] == pytest.approx(9 / 2.2)
    assert (mean["wanted_per_km2"], mean["reached"]) == (4, True)


def test_more_are_asked_for_in_the_centre():
    centre = gpd.GeoDataFrame(geometry=[box(X, Y, X + 500, Y + 1000)], crs=4547)
    cells = facility_density(toilets((100, 100)), REGION, centre=centre)
    assert cells["wanted_per_km2"].tolist() == [5, 4, 4]
    assert cells.attrs["mean_centre"]["per_km2"] == pytest.approx(2)
    assert cells.attrs["mean_centre"]["reached"] is False


def test_what_lies_beyond_or_nowhere_is_counted_apart():
    layer = toilets((100, 100), (9000, 0))
    layer.loc[2, "geometry"] = None
    cells = facility_density(layer.set_crs(4547), REGION)
    assert (cells.attrs["outside"], cells.attrs["no_position"]) == (1, 1)


def test_numbers_and_layers_are_checked():
    with pytest.raises(EmptyLayerError):
        facility_density(toilets(), REGION)
    for wrong in ({"cell_m": 0}, {"least": -1}, {"least_share": 2}):
        with pytest.raises(InputError):
            facility_density(toilets((0, 0)), REGION, **wrong)


@given(st.integers(0, 2**32 - 1), st.sampled_from([200, 1000, 700]))
def test_every_facility_in_the_region_is_in_one_cell_and_the_cells_are_the_region(seed, cell):
    rng = np.random.default_rng(seed)
    places = rng.uniform(-100, 2300, (30, 2)).round(-2)  # many on the lines between cells
    cells = facility_density(toilets(*places.tolist()), REGION, cell_m=cell)
    assert cells["facilities"].sum() == cells.attrs["mean"]["facilities"]
    assert cells["facilities"].sum() + cells.attrs["outside"] == 30
    assert cells["area_km2"].sum() == pytest.approx(2.2)
