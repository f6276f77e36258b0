"""Dead ends, missing links, detours and bottlenecks.

the ground: x from 0 to 500, y from -100 to 300

D  200 m   o=====================o        two streets, joined at their western ends by E
   60 m        |B                         a stub of 60 m, one of 12 m (C)
A   0 m    o===+=====+=========o          A ends at the boundary in the east
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point, box

from zjk_gis.access import (
    bottlenecks,
    dead_ends,
    detour_index,
    lacking_facilities,
    missing_links,
    nearest_facilities,
    road_network,
)
from zjk_gis.errors import InputError, MissingColumnError

X, Y = 573000, 4520000


def line(*points):
    return LineString([(X + x, Y + y) for x, y in points])


def layer(*shapes, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4547)


GROUND = layer(box(X, Y - 100, X + 500, Y + 300))
ROADS = layer(
    line((50, 0), (100, 0), (200, 0), (500, 0)), line((100, 0), (100, 60)), line((200, 0), (200, 12)),
    line((50, 200), (400, 200)), line((50, 0), (50, 200)),
    edge_code=list("ABCDE"), road_name=["前街", "断头巷", "车道", "后街", "西路"],
)  # fmt: skip
NETWORK = road_network(ROADS)


class TestDeadEnds:
    def test_a_stub_inside_is_one_and_its_neighbours_are_not(self):
        found = dead_ends(NETWORK, GROUND).set_index("edge_code")
        assert found["kind"].to_dict() == {
            "B": "dead_end",
            "C": "driveway",
            "D": "dead_end",
            "A": "at_boundary",
        }
        assert found["length_m"].to_dict() == {"B": 60, "C": 12, "D": 600, "A": 300}

    def test_the_link_that_would_save_most_and_the_way_round_today(self):
        found = dead_ends(NETWORK, GROUND).set_index("edge_code").loc["B"]
        assert (found["link_edge_code"], found["link_m"]) == ("D", 140)
        assert found["way_round_m"] == 60 + 50 + 200 + 50
        assert found["saved_m"] == found["way_round_m"] - 140

    def test_links_come_as_lines(self):
        links = dead_ends(NETWORK, GROUND).attrs["links"]
        assert links["edge_code"].tolist() == ["B", "D"]
        assert links.geometry.length.tolist() == pytest.approx(links["link_m"].tolist())

    def test_a_link_crosses_no_river(self):
        river = layer(box(X - 9, Y + 100, X + 999, Y + 120))
        found = dead_ends(road_network(ROADS, barriers=river), GROUND).set_index("edge_code")
        assert found["link_edge_code"]["B"] == "E"

    def test_a_gate_is_where_a_road_leads(self):
        gates = layer(Point(X + 100, Y + 70))
        found = dead_ends(NETWORK, GROUND, entrances=gates).set_index("edge_code")
        assert found["kind"]["B"] == "at_entrance"

    def test_a_stub_in_several_rows_is_as_long_as_all_of_them(self):
        roads = layer(line((0, 0), (250, 0), (500, 0)), line((250, 0), (250, 20)), line((250, 20), (250, 45)))
        found = dead_ends(road_network(roads), GROUND)
        assert found.loc[found["kind"] == "dead_end", "length_m"].tolist() == [45]

    def test_where_a_street_goes_on_as_stairs_it_ends_for_cars(self):
        roads = layer(line((0, 0), (250, 0), (500, 0)), line((250, 0), (250, 90)),
                      line((250, 90), (250, 140)),
                      road_class=["支路", "支路", "台阶"], edge_code=list("ABC"))  # fmt: skip
        found = dead_ends(road_network(roads), GROUND)
        assert found.loc[found["kind"] == "dead_end", "edge_code"].tolist() == ["B"]

    def test_a_ring_has_no_end_and_a_lone_road_two(self):
        ring = layer(line((100, 100), (200, 100), (200, 200), (100, 100)))
        assert len(dead_ends(road_network(ring), GROUND)) == 0
        lone = dead_ends(road_network(layer(line((100, 100), (200, 100)))), GROUND)
        assert lone["kind"].tolist() == ["dead_end", "dead_end"]
        assert lone["link_m"].isna().all()

    def test_lengths_are_checked(self):
        with pytest.raises(InputError, match="least_m"):
            dead_ends(NETWORK, GROUND, least_m=-1)

    def test_a_boundary_that_holds_no_road_is_refused(self):
        with pytest.raises(InputError, match="boundary: no road lies in it"):
            dead_ends(NETWORK, GROUND.translate(90_000).to_frame("geometry"))


class TestMissingLinks:
    def test_two_streets_side_by_side(self):
        roads = layer(
            line((0, 0), (1000, 0)),
            line((0, 100), (1000, 100)),
            line((0, 0), (0, 100)),
            edge_code=list("ABC"),
        )
        found = missing_links(road_network(roads))
        assert found[
            ["first_edge", "second_edge", "link_m", "way_round_m", "saved_m"]
        ].to_numpy().tolist() == [["A", "B", 100, 2100, 2000]]
        assert found["detour"].tolist() == [21]

    def test_nothing_is_missing_in_a_lattice(self):
        streets = [line((0, y), (300, y)) for y in (0, 100, 200)] + [
            line((x, 0), (x, 200)) for x in (0, 100, 200, 300)
        ]
        assert len(missing_links(road_network(layer(*streets), crossings="join"))) == 0

    def test_a_link_crosses_neither_road_nor_water(self):
        roads = layer(
            line((0, 0), (1000, 0)),
            line((0, 100), (1000, 100)),
            line((0, 0), (0, 100)),
            line((900, 50), (1100, 50)),
        )
        river = layer(box(X + 500, Y + 20, X + 1200, Y + 30))
        found = missing_links(road_network(roads, barriers=river), least_saved_m=500)
        assert found.geometry.intersects(river.union_all()).sum() == 0

    def test_parts_that_hang_together_by_nothing(self):
        found = missing_links(road_network(layer(line((0, 0), (50, 0)), line((120, 0), (300, 0)))))
        assert found["link_m"].tolist() == [70]
        assert found["way_round_m"].isna().tolist() == [True]

    @given(st.integers(0, 2**32 - 1))
    def test_what_a_link_saves_is_what_it_saves_when_it_is_built(self, seed):
        rng = np.random.default_rng(seed)
        comb = [line((x, 0), (x, 100 * int(rng.integers(1, 6)))) for x in range(0, 700, 100)]
        roads = layer(line((0, 0), (600, 0)), *comb)
        network = road_network(roads, crossings="join")
        found = missing_links(network, count=3)
        for link in found.itertuples():
            a, b = (Point(*point) for point in link.geometry.coords)
            way = nearest_facilities(layer(a), layer(b), network, within_m=1e6)["network_m"].iloc[0]
            assert way == pytest.approx(link.way_round_m)
            built = road_network(
                pd.concat([roads, layer(link.geometry)], ignore_index=True), crossings="join"
            )
            now = nearest_facilities(layer(a), layer(b), built, within_m=1e6)["network_m"].iloc[0]
            assert way - now == pytest.approx(link.saved_m)


class TestDetour:
    BLOCK = road_network(layer(line((0, 0), (300, 0), (300, 300), (0, 300), (0, 0))))

    def test_along_a_street_there_is_none_and_round_a_corner_there_is(self):
        corners = layer(*[Point(X + x, Y + y) for x, y in ((0, 0), (300, 0), (300, 300))])
        told = detour_index(corners, self.BLOCK)
        assert told["pairs"].tolist() == [6]
        assert told["detour_median"].tolist() == pytest.approx([1.0])
        assert told["detour_90"].tolist() == pytest.approx([2**0.5])

    def test_near_pairs_are_left_to_noise(self):
        near = layer(Point(X, Y), Point(X + 100, Y))
        assert detour_index(near, self.BLOCK)["pairs"].tolist() == [0]

    def test_what_is_cut_off_is_counted_apart_and_by_area(self):
        network = road_network(layer(line((0, 0), (900, 0)), line((0, 250), (900, 250))))
        homes = layer(*[Point(X + x, Y + y) for x, y in ((0, 0), (300, 0), (0, 250))])
        areas = layer(
            box(X - 1, Y - 1, X + 1, Y + 1), box(X + 299, Y - 1, X + 301, Y + 1), community_code=["b", "a"]
        )
        told = detour_index(homes, network, areas=areas)
        assert told["area_code"].fillna("-").tolist() == ["a", "b", "-"]
        assert told["pairs"].tolist() == [1, 1, 0]
        assert told["not_measured"].tolist() == [1, 1, 2]

    def test_bounds_are_checked(self):
        with pytest.raises(InputError, match="no more than most_m"):
            detour_index(layer(Point(X, Y)), self.BLOCK, least_m=500, most_m=300)


class TestBottlenecks:
    def test_what_hangs_on_one_street(self):
        west, east = (
            line((0, 0), (0, 100), (-100, 100), (0, 0)),
            line((200, 0), (200, 90), (290, 90), (200, 0)),
        )
        network = road_network(layer(west, line((0, 0), (200, 0)), east, edge_code=list("WSE")))
        homes = layer(Point(X + 200, Y + 50), population=[70])
        found = bottlenecks(network, homes=homes)
        assert found["edge_code"].tolist() == ["S"]
        assert found["road_cut_off_m"].tolist() == pytest.approx([east.length])
        assert found["people"].tolist() == [70]
        with pytest.raises(MissingColumnError, match="population"):
            bottlenecks(network, homes=homes[["geometry"]])

    def test_two_bridges_are_no_bottleneck(self):
        banks = [line((0, 0), (200, 0)), line((0, 50), (200, 50))]
        ways = [line((0, 0), (0, 50)), line((200, 0), (200, 50))]
        assert len(bottlenecks(road_network(layer(*banks, *ways)))) == 0
        one = bottlenecks(road_network(layer(*banks, *ways[:1])), least_m=150)
        assert one.loc[one["kind"] == "road", "road_cut_off_m"].tolist() == [200]


class TestEstates:
    STREET = road_network(layer(line((0, 0), (2000, 0))))
    KINDS = {  # noqa: RUF012
        "public_toilets": layer(Point(X + 200, Y), toilet_code=["C1"]),
        "green_spaces": layer(box(X + 900, Y - 50, X + 1000, Y - 5), green_code=["G1"]),
    }

    def test_one_table_an_estate(self):
        estates = layer(Point(X, Y), Point(X + 950, Y), estate_code=["X1", "X2"])
        table = lacking_facilities(
            estates, self.KINDS, self.STREET, within_m=500, radii_m={"green_spaces": 300}
        )
        assert table["estate_code"].tolist() == ["X1", "X1", "X2", "X2"]
        assert table["lacks"].tolist() == [False, True, True, False]

    def test_kinds_and_distances_are_asked_for(self):
        estates = layer(Point(X, Y), estate_code=["X1"])
        with pytest.raises(InputError, match="at least one kind"):
            lacking_facilities(estates, {}, self.STREET)
        with pytest.raises(InputError, match="radii_m: parks is not one of the facilities"):
            lacking_facilities(estates, self.KINDS, self.STREET, radii_m={"parks": 500})
