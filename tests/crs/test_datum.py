"""The shifted datums: compared with other people's code, there and back, and at the edges of China."""

import coord_convert.transform
import eviltransform
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

import zjk_gis
from zjk_gis.crs import datum
from zjk_gis.errors import InputError

# The box of the public algorithm, edges left out.
LON, LAT = st.floats(72.0041, 137.8346), st.floats(0.8294, 55.827)
THERE_AND_BACK = [
    (datum.wgs84_to_gcj02, datum.gcj02_to_wgs84),
    (datum.gcj02_to_bd09, datum.bd09_to_gcj02),
    (datum.wgs84_to_bd09, datum.bd09_to_wgs84),
]
SHIFTS = [shift for pair in THERE_AND_BACK for shift in pair]


def metres(a, b):
    return Geod(ellps="WGS84").inv(*a, *b)[2]


def all_over_china(n=3000):
    rng = np.random.default_rng(4)
    return rng.uniform(72.1, 137.7, n), rng.uniform(0.9, 55.7, n)


def one_by_one(function, lon, lat):
    return tuple(np.array([function(x, y) for x, y in zip(lon, lat, strict=True)]).T)


def test_it_is_found_at_the_front_door():
    assert zjk_gis.crs.datum.wgs84_to_gcj02 is datum.wgs84_to_gcj02


def test_gcj02_agrees_with_a_published_pair():
    lon, lat = datum.wgs84_to_gcj02(121.5272106, 31.1774276)
    assert (float(lon), float(lat)) == pytest.approx((121.531541859215, 31.17530398364597), abs=1e-12)


def test_it_agrees_with_coord_convert_within_a_micrometre():
    lon, lat = all_over_china()
    gcj = datum.wgs84_to_gcj02(lon, lat)
    assert metres(gcj, one_by_one(coord_convert.transform.wgs2gcj, lon, lat)).max() < 1e-6
    assert metres(datum.gcj02_to_bd09(*gcj), one_by_one(coord_convert.transform.gcj2bd, *gcj)).max() < 1e-6
    assert (
        metres(datum.wgs84_to_bd09(lon, lat), one_by_one(coord_convert.transform.wgs2bd, lon, lat)).max()
        < 1e-6
    )


def test_it_agrees_with_eviltransform_but_for_the_ellipsoid():
    # eviltransform divides by 6,378,137 m, all others by the 6,378,245 m of Krassowsky: up to 2 cm in 1 km.
    lon, lat = all_over_china()
    theirs = one_by_one(lambda x, y: eviltransform.wgs2gcj(y, x)[::-1], lon, lat)
    assert metres(datum.wgs84_to_gcj02(lon, lat), theirs).max() < 0.02
    theirs = one_by_one(lambda x, y: eviltransform.gcj2bd(y, x)[::-1], lon, lat)
    assert metres(datum.gcj02_to_bd09(lon, lat), theirs).max() < 1e-6
    theirs = one_by_one(lambda x, y: eviltransform.gcj2wgs_exact(y, x)[::-1], lon, lat)
    # Half a metre is what it promises; here and there its search goes astray.
    assert np.quantile(metres(datum.gcj02_to_wgs84(lon, lat), theirs), 0.99) < 0.5


@pytest.mark.parametrize(("there", "back"), THERE_AND_BACK)
@given(lon=LON, lat=LAT)
def test_there_and_back_is_the_same_place_within_a_hundredth_of_a_millimetre(there, back, lon, lat):
    assert metres((lon, lat), tuple(map(float, back(*there(lon, lat))))) < 1e-5


@pytest.mark.parametrize(("there", "back"), THERE_AND_BACK[::2])
@pytest.mark.parametrize("inwards", [1e-6, 1e-4, 1e-3, 5e-3, 0.02])
def test_a_point_that_is_shifted_across_the_edge_of_the_box_comes_back(there, back, inwards):
    across = np.linspace(1, 55, 500)
    along = np.linspace(72.1, 137.8, 500)
    for lon, lat in [
        (np.full(500, 137.8347 - inwards), across),
        (np.full(500, 72.004 + inwards), across),
        (along, np.full(500, 0.8293 + inwards)),
        (along, np.full(500, 55.8271 - inwards)),
    ]:
        assert metres((lon, lat), back(*there(lon, lat))).max() < 1e-6
        gcj = datum.wgs84_to_gcj02(lon, lat)
        assert metres(gcj, datum.bd09_to_gcj02(*datum.gcj02_to_bd09(*gcj))).max() < 1e-6


def test_at_the_eastern_edge_points_do_cross_it():
    lon, _ = datum.wgs84_to_gcj02(137.8346, 40.0)
    assert lon > 137.8347


def test_at_zhangjiakou_a_forgotten_conversion_is_five_grids_away():
    lon, lat = np.meshgrid(np.linspace(114.8, 114.95, 9), np.linspace(40.75, 40.9, 9))
    distance = metres((lon, lat), datum.wgs84_to_gcj02(lon, lat))
    assert 520 < distance.min() < distance.max() < 590
    distance = metres((lon, lat), datum.wgs84_to_bd09(lon, lat))
    assert 1320 < distance.min() < distance.max() < 1410


@pytest.mark.parametrize("shift", SHIFTS)
def test_outside_china_and_nothing_stay_as_they_are(shift):
    lon = np.array([2.35, np.nan, 114.0, 140.0, np.inf, 573312.0, 0.0, 1e300, 72.0])
    lat = np.array([48.86, 40.0, np.nan, 40.0, 40.0, 4520947.0, 0.0, -1e300, 40.0])
    new_lon, new_lat = shift(lon, lat)
    assert np.array_equal(new_lon, lon, equal_nan=True)
    assert np.array_equal(new_lat, lat, equal_nan=True)


def test_points_outside_china_are_named():
    lon, lat = [114.87, 2.35, np.nan, 137.84, 137.83], [40.82, 48.86, 40.82, 40, 40]
    assert datum.outside_china(lon, lat).tolist() == [False, True, False, True, False]


@pytest.mark.parametrize("shift", SHIFTS)
def test_many_points_give_what_each_gives_alone(shift):
    lon, lat = all_over_china(40_000)  # more than one chunk
    lon[::7] = 2.35
    together = shift(lon, lat)
    for at in (0, 1, 7, 16_383, 16_384, 39_999):
        assert tuple(map(float, shift(lon[at], lat[at]))) == (together[0][at], together[1][at])


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3)])
def test_shapes_are_kept_and_inputs_unchanged(shape):
    lon, lat = np.full(shape, 114.88), np.full(shape, 40.82)
    new_lon, new_lat = datum.wgs84_to_gcj02(lon, lat)
    assert new_lon.shape == new_lat.shape == shape
    assert (lon == 114.88).all()
    assert (new_lon != 114.88).all()


def test_shapes_must_agree():
    with pytest.raises(InputError, match=r"same shape, not \(2,\) and \(1,\)"):
        datum.wgs84_to_gcj02([114, 115], [40])
