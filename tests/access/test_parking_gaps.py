"""Ground beyond the reach of parking.

The region is a strip 1,000 m long and 2 m wide; with the only lot at its western end, a reach of 300 m
leaves 700 m. So narrow a strip cuts discs almost straight.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, box

from zjk_gis.access import parking_gaps
from zjk_gis.errors import EmptyLayerError, GeometryError, InputError, MissingColumnError
from zjk_gis.overlay.contents import _rounded

X, Y = 573000, 4520000


def strip(west=0, east=1000, height=2):
    return box(X + west, Y, X + east, Y + height)


def layer(*shapes, crs=4547, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


def lot(x, y=1):
    return Point(X + x, Y + y)


REGION = layer(strip())
RIVER = layer(box(X + 100, Y - 500, X + 150, Y + 500))


def spans(gaps):
    """Return where each gap begins and ends along the strip."""
    return [(round(west - X), round(east - X)) for west, _, east, _ in gaps.geometry.bounds.to_numpy()]


def test_what_is_beyond_reach_is_a_gap():
    gaps = parking_gaps(REGION, layer(lot(0)))
    assert spans(gaps) == [(300, 1000)]
    assert gaps.columns.tolist() == ["gap_code", "area_m2", "geometry"]
    assert gaps["gap_code"].tolist() == ["P001"]
    assert gaps["area_m2"].tolist() == [pytest.approx(700 * 2, abs=0.1)]


def test_the_disc_is_as_wide_as_it_says():
    whole = layer(box(X - 400, Y - 400, X + 400, Y + 400))
    gaps = parking_gaps(whole, layer(Point(X, Y)))
    assert 800**2 - gaps["area_m2"].sum() == pytest.approx(np.pi * 300**2, rel=2e-4)


def test_several_lots_and_another_radius():
    assert spans(parking_gaps(REGION, layer(lot(100), lot(600)), within_m=100)) == [(200, 500), (700, 1000)]
    assert len(parking_gaps(REGION, layer(lot(100), lot(600), lot(900)))) == 0


def test_a_lot_may_be_an_area_and_reaches_from_its_border():
    assert spans(parking_gaps(REGION, layer(strip(0, 100), lot(950)))) == [(400, 650)]


class TestBarriers:
    def test_a_lot_does_not_reach_over_the_river_nor_does_the_river_need_one(self):
        gaps = parking_gaps(REGION, layer(lot(0)), barriers=RIVER)
        assert spans(gaps) == [(150, 1000)]

    def test_a_river_that_ends_is_gone_round_within_the_disc(self):
        creek = layer(box(X + 100, Y - 500, X + 150, Y + 200))
        assert spans(parking_gaps(REGION, layer(lot(0)), barriers=creek)) == [(300, 1000)]

    def test_a_lot_on_the_bank_serves_its_side(self):
        assert spans(parking_gaps(REGION, layer(lot(150)), barriers=RIVER)) == [(450, 1000), (0, 100)]

    def test_a_lot_in_the_river_serves_nobody_and_is_named(self):
        lots = layer(lot(0), lot(125), lot(500))
        lots.index = ["west", "afloat", "east"]
        gaps = parking_gaps(REGION, lots, barriers=RIVER)
        assert gaps.attrs["lots_in_barriers"] == ["afloat"]
        assert spans(gaps) == [(800, 1000), (150, 200)]

    def test_no_barriers_in_the_layer(self):
        assert spans(parking_gaps(REGION, layer(lot(0)), barriers=layer())) == [(300, 1000)]


class TestPeople:
    def test_by_the_share_of_each_estate(self):
        estates = layer(strip(200, 400), strip(500, 600), strip(0, 100), population=[100, 70, 999])
        gaps = parking_gaps(REGION, layer(lot(0)), estates=estates)
        assert gaps["people"].tolist() == [50 + 70]
        assert gaps["people"].dtype == np.int64

    def test_an_estate_across_two_gaps_is_shared_and_nobody_is_lost(self):
        lots = layer(lot(0), lot(1000), lot(500))
        estates = layer(strip(0, 1000), population=[7])
        gaps = parking_gaps(REGION, lots, estates=estates, within_m=100)
        assert spans(gaps) == [(100, 400), (600, 900)]
        assert gaps["people"].tolist() == [2, 2]  # 2.1 each: 4.2 in all

    def test_unknown_numbers_are_told(self):
        estates = layer(strip(500, 600), strip(600, 700), population=[None, 10])
        gaps = parking_gaps(REGION, layer(lot(0)), estates=estates)
        assert (gaps["people"].tolist(), gaps.attrs["estates_without_population"]) == ([10], 1)

    def test_no_estates_no_people(self):
        assert parking_gaps(REGION, layer(lot(0)), estates=layer(population=[]))["people"].tolist() == [0]

    @pytest.mark.parametrize("wrong", [-1, "many", float("inf")])
    def test_numbers_that_cannot_be_are_set_aside_or_refused(self, wrong):
        estates = layer(strip(500, 600), strip(600, 700), population=[5, wrong])
        gaps = parking_gaps(REGION, layer(lot(0)), estates=estates)
        assert (gaps["people"].tolist(), gaps.attrs["estates_without_population"]) == ([5], 1)
        assert [(row["row"], row["why"]) for row in gaps.attrs["set_aside"]] == [(1, "not_an_amount")]
        with pytest.raises(InputError, match=r"estates: 1 of 2 rows have a population .* \(row 1\)"):
            parking_gaps(REGION, layer(lot(0)), estates=estates, strict=True)

    def test_the_column_is_named(self):
        with pytest.raises(MissingColumnError, match="estates: no column 'population'"):
            parking_gaps(REGION, layer(lot(0)), estates=layer(strip()))

    @given(st.lists(st.floats(0, 1e6), max_size=20))
    def test_rounding_changes_no_one_by_more_than_one_and_the_total_by_half(self, amounts):
        rounded = _rounded(np.array(amounts))
        assert abs(rounded.sum() - sum(amounts)) <= 0.5 + 1e-4
        assert (abs(rounded - np.array(amounts)) < 1 + 1e-5).all()


def test_specks_are_dropped_but_counted():
    gaps = parking_gaps(layer(strip(0, 304)), layer(lot(0)))
    assert (len(gaps), gaps.attrs["dropped_below_min_area"]["count"]) == (0, 1)
    assert gaps.attrs["dropped_below_min_area"]["area_m2"] == pytest.approx(4 * 2, abs=0.1)
    assert len(parking_gaps(layer(strip(0, 304)), layer(lot(0)), min_area_m2=5)) == 1


def test_degrees_are_measured_in_metres():
    gaps = parking_gaps(REGION.to_crs(4490), layer(lot(0)).to_crs(4490), barriers=RIVER.to_crs(4490))
    assert gaps.crs.to_epsg() == 4547
    assert spans(gaps) == [(150, 1000)]


def test_the_order_of_rows_changes_nothing():
    rng = np.random.default_rng(5)
    lots = layer(*[lot(x, y) for x, y in rng.uniform(0, [1000, 2], (8, 2))])
    estates = layer(*[strip(x, x + 90) for x in range(0, 1000, 100)], population=range(10, 20))
    expected = parking_gaps(REGION, lots, estates=estates, within_m=40)
    shuffled = parking_gaps(
        REGION,
        lots.sample(frac=1, random_state=1),
        estates=estates.sample(frac=1, random_state=2),
        within_m=40,
    )
    assert len(expected) > 1
    pd.testing.assert_frame_equal(pd.DataFrame(shuffled), pd.DataFrame(expected))


def test_what_cannot_give_right_answers_is_refused():
    with pytest.raises(EmptyLayerError, match="lots: the layer is empty"):
        parking_gaps(REGION, layer())
    with pytest.raises(GeometryError, match="lots: 1 of 1 rows are not polygons"):
        parking_gaps(REGION, layer(strip().boundary))
    with pytest.raises(GeometryError, match=r"lots: 1 of 1 rows have no geometry \(row 1\)"):
        parking_gaps(REGION, layer(lot(0), None))
    with pytest.raises(InputError, match="within_m must be a finite number"):
        parking_gaps(REGION, layer(lot(0)), within_m=-300)
