"""Ground within reach, cut where the budget ends and at the water.

    lot at 500 m of a street of 1,000 m; a river may cross it, with or without a bridge
o==================L=====|river|=====o
"""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point, box

from zjk_gis.access import nearest_facilities, road_network, service_areas
from zjk_gis.errors import InputError

X, Y = 573000, 4520000


def line(*points):
    return LineString([(X + x, Y + y) for x, y in points])


def layer(*shapes, crs=4547, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


STREET = layer(line((0, 0), (1000, 0)), is_bridge=[False])
LOT = layer(Point(X + 500, Y), lot_code=["T1"])


def span(ground, row=0):
    west, _, east, _ = ground.geometry.iloc[row].bounds
    return round(west - X), round(east - X)


def test_roads_are_cut_exactly_where_the_budget_ends():
    ground = service_areas(LOT, road_network(STREET), within_m=300, rings_m=[500, 100])
    assert ground["within_m"].tolist() == [100, 300, 500]
    assert ground["road_m"].tolist() == [200, 600, 1000]
    assert span(ground, 1) == (200, 800)


def test_no_ground_is_shown_from_which_it_is_farther_than_said():
    ground = service_areas(LOT, road_network(STREET), within_m=300).geometry.iloc[0]
    x, y = np.random.default_rng(1).uniform([150, -40], [850, 40], (2000, 2)).T
    metres = np.abs(x - 500) + np.abs(y)
    inside = shapely.contains_xy(ground, X + x, Y + y)
    assert metres[inside].max() <= 300 + 1e-6
    # And little is left out: what is nearer than 20 m less, beside the road, is shown.
    assert inside[(metres < 270) & (np.abs(y) < 29)].all()


def test_the_leg_to_the_road_is_part_of_the_way():
    aside = layer(Point(X + 500, Y + 60), lot_code=["T1"])
    assert service_areas(aside, road_network(STREET), within_m=300)["road_m"].tolist() == [480]


class TestRiver:
    RIVER = layer(box(X + 600, Y - 500, X + 640, Y + 500))
    BANKS = layer(line((0, 0), (590, 0)), line((650, 0), (1000, 0)))
    BRIDGED = layer(line((0, 0), (590, 0)), line((650, 0), (1000, 0)), line((590, 0), (650, 0)),
                    is_bridge=[False, False, True], width_m=[None, None, 12])  # fmt: skip

    def test_without_a_bridge_nothing_beyond_it_is_reached(self):
        ground = service_areas(LOT, road_network(self.BANKS, barriers=self.RIVER), within_m=300)
        assert span(ground) == (200, 600)
        assert ground.geometry.intersection(self.RIVER.geometry.iloc[0]).area.tolist() == [0]

    def test_with_one_the_deck_alone_lies_in_the_river(self):
        ground = service_areas(LOT, road_network(self.BRIDGED, barriers=self.RIVER), within_m=300)
        assert span(ground) == (200, 800)
        deck = box(X + 600, Y - 6, X + 640, Y + 6)
        in_the_river = ground.geometry.iloc[0].intersection(self.RIVER.geometry.iloc[0])
        assert in_the_river.symmetric_difference(deck).area == pytest.approx(0, abs=1e-3)
        assert ground.geometry.iloc[0].geom_type == "Polygon"

    def test_a_narrow_canal_is_not_jumped(self):
        canal = layer(box(X - 99, Y + 5, X + 1999, Y + 8))
        ground = service_areas(LOT, road_network(STREET, barriers=canal), within_m=300)
        assert round(ground.geometry.iloc[0].bounds[3] - Y, 3) == 5

    def test_nor_is_a_railway(self):
        rails = layer(line((0, 10), (1000, 10)))
        ground = service_areas(LOT, road_network(STREET, barriers=rails), within_m=300)
        assert round(ground.geometry.iloc[0].bounds[3] - Y, 3) == 9.5


def test_united_ground_counts_once_and_each_lot_can_have_its_own():
    two = layer(Point(X + 600, Y), Point(X + 500, Y), Point(X, Y + 900), lot_code=["b", "a", "c"])
    network = road_network(STREET)
    people = layer(box(X, Y - 10, X + 1000, Y + 10), population=[1000])
    united = service_areas(two, network, within_m=100, people=people)
    assert united["road_m"].tolist() == [300]
    assert united["people"].tolist() == [pytest.approx(300, abs=25)]
    own = service_areas(two, network, within_m=100, each=True)
    assert own["facility_code"].tolist() == ["a", "b", "c"]
    assert own["road_m"].tolist() == [200, 200, 0]
    assert own.geometry.is_empty.tolist() == [False, False, True]
    assert own.attrs["off_road"] == [{"facility_code": "c", "row": 2, "why": "no_road"}]


def test_a_car_serves_what_lies_behind_it():
    network = road_network(layer(line((0, 0), (1000, 0)), one_way=["正向"]))
    assert span(service_areas(LOT, network, within_m=200, travel="car", beside_m=0.3)) == pytest.approx(
        (300, 500), abs=0.5
    )


def test_distances_are_checked():
    network = road_network(STREET)
    for wrong in (-1, "far", float("nan")):
        with pytest.raises(InputError, match="within_m"):
            service_areas(LOT, network, within_m=wrong)
        with pytest.raises(InputError, match=r"rings_m\[1\]"):
            service_areas(LOT, network, rings_m=[500, wrong])


@given(st.integers(0, 2**32 - 1))
def test_no_ground_in_the_water_but_decks_and_roads_as_far_as_they_are_reached(seed):
    """A lattice of streets with a pond and a canal; streets over them are bridges."""
    rng = np.random.default_rng(seed)
    streets = [line((0, y), (400, y)) for y in (0, 100, 200)] + [
        line((x, 0), (x, 200)) for x in (0, 130, 260, 400)
    ]
    pond = Point(X + rng.uniform(50, 350), Y + rng.uniform(50, 150)).buffer(rng.uniform(20, 60))
    canal = box(X - 50, Y + 140, X + 500, Y + 140 + rng.uniform(2, 20))
    water = layer(pond, canal)
    network = road_network(layer(*streets), barriers=water, crossings="join")
    lots = layer(
        *[Point(X + x, Y + y) for x, y in rng.uniform(0, [400, 200], (3, 2))], lot_code=["a", "b", "c"]
    )
    within = float(rng.uniform(50, 400))
    ground = service_areas(lots, network, within_m=within).geometry.iloc[0]
    assert ground.is_valid
    wet = ground.intersection(water.union_all())
    decks = shapely.union_all(shapely.buffer(network.lines, 3.01, cap_style="square"))
    assert wet.difference(decks).area == pytest.approx(0, abs=1e-6)
    # Along dry roads what is shown is what is reached: the same as asked place by place.
    edges = np.flatnonzero(network.length_m > 0)
    spots = shapely.line_interpolate_point(
        network.lines[np.repeat(edges, 5)], np.tile([0.1, 0.3, 0.5, 0.7, 0.9], len(edges)), normalized=True
    )
    dry = shapely.distance(spots, water.union_all()) > 1
    homes = layer(*spots[dry])
    asked = nearest_facilities(homes, lots, network, within_m=within)["network_m"].to_numpy()
    shown = shapely.contains(ground, spots[dry])
    assert shown[asked < within - 45].all()
    roads = shapely.union_all(network.lines[edges])
    alone = np.array([shapely.length(roads.intersection(Point(p).buffer(31))) < 63 for p in spots[dry]])
    assert not shown[(asked > within + 1e-6) & alone].any()
