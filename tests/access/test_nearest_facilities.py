"""The nearest facility along the roads.

north  50 m  o=========o=========o    a ladder across a river (y from 10 to 40), 400 m from end to end,
                                 |    with one bridge at its eastern end
south   0 m  o=========o=========o    homes and lots are named by where they stand
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, box

from zjk_gis.access import nearest_facilities, road_network
from zjk_gis.access.roads.barriers import BANK_M
from zjk_gis.errors import CRSError, EmptyLayerError, InputError, MissingColumnError

X, Y = 573000, 4520000


def line(*points):
    return LineString([(X + x, Y + y) for x, y in points])


def at(x, y):
    return Point(X + x, Y + y)


def square(x0, y0, x1, y1):
    return box(X + x0, Y + y0, X + x1, Y + y1)


def layer(*shapes, crs=4547, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


RIVER = layer(square(-999, 10, 999, 40))
SOUTH, NORTH, BRIDGE = line((0, 0), (400, 0)), line((0, 50), (400, 50)), line((400, 0), (400, 50))
LADDER = road_network(layer(SOUTH, NORTH, BRIDGE, is_bridge=[False, False, True]), barriers=RIVER)
BROKEN = road_network(layer(SOUTH, NORTH), barriers=RIVER)


def lots(*points, **columns):
    return layer(*points, lot_code=columns.pop("lot_code", [f"T{n}" for n in range(len(points))]), **columns)


def one(found):
    row = found.iloc[0]
    return row["facility_code"], row["network_m"], row["reason"]


class TestRiver:
    def test_a_lot_across_the_water_is_as_far_as_the_bridge_makes_it(self):
        found = nearest_facilities(layer(at(0, 0)), lots(at(0, 50)), LADDER, within_m=500)
        assert one(found) == ("T0", 850, "too_far")
        assert found.loc[0, ["straight_m", "detour", "nearest_straight_m"]].tolist() == [50, 17, 50]

    def test_without_the_bridge_it_is_cut_off(self):
        found = nearest_facilities(layer(at(0, 0)), lots(at(0, 50)), BROKEN, within_m=500)
        assert found["reason"].tolist() == ["cut_off"]
        assert found["facility_code"].isna().tolist() == [True]
        assert found["network_m"].isna().tolist() == [True]
        assert found["nearest_straight_m"].tolist() == [50]

    def test_a_home_steps_on_the_road_of_its_own_bank(self):
        # 4 m from the river, the road beyond it is nearer than the one behind.
        narrow = road_network(
            layer(line((0, 0), (400, 0)), line((0, 60), (400, 60))), barriers=layer(square(-999, 30, 999, 34))
        )
        found = nearest_facilities(layer(at(100, 35)), lots(at(100, 0), at(150, 60)), narrow)
        assert one(found) == ("T1", 25 + 50, "reached")
        found = nearest_facilities(layer(at(100, 29)), lots(at(100, 0), at(150, 60)), narrow)
        assert one(found) == ("T0", 29, "reached")
        # With the road of its own bank beyond reach, it is on none; without the water it crosses over.
        found = nearest_facilities(layer(at(100, 29.5)), lots(at(150, 60)), narrow, to_road_m=29)
        assert found["reason"].tolist() == ["no_road"]

    def test_nobody_steps_on_the_deck_of_a_bridge(self):
        found = nearest_facilities(layer(at(390, 8)), lots(at(400, 50)), LADDER)
        assert one(found) == ("T0", 8 + 10 + 50, "reached")  # down to the street, not along the bank
        on_the_road = nearest_facilities(layer(at(395, 8)), lots(at(400, 50)), LADDER)
        assert one(on_the_road) == ("T0", 5 + 42, "reached")  # the bridge begins on land

    def test_origins_in_the_water_are_told(self):
        found = nearest_facilities(layer(at(100, 25)), lots(at(0, 0)), LADDER)
        assert found["reason"].tolist() == ["in_barrier"]

    def test_a_railway_is_a_barrier_that_is_a_line(self):
        rails = layer(line((-9, 30), (500, 30)))
        network = road_network(layer(line((0, 0), (400, 0)), line((0, 50), (400, 50))), barriers=rails)
        found = nearest_facilities(layer(at(100, 28)), lots(at(100, 0), at(100, 50)), network)
        assert one(found) == ("T0", 28, "reached")


class TestOnTheEdge:
    def test_places_lie_on_edges_not_at_nodes(self):
        found = nearest_facilities(layer(at(110, -5)), lots(at(130, 3), at(60, 0)), LADDER)
        assert one(found) == ("T0", pytest.approx(5 + 20 + 3), "reached")

    def test_of_two_parallel_roads_the_shorter_counts(self):
        twins = road_network(layer(line((0, 0), (5, 0)), line((0, 0), (2.5, 2.45), (5, 0))))
        assert one(nearest_facilities(layer(at(0, 0)), lots(at(5, 0)), twins))[1] == 5

    def test_of_equally_near_ones_the_lowest_code(self):
        homes, both = layer(at(100, 0)), [at(80, 0), at(120, 0)]
        assert one(nearest_facilities(homes, lots(*both, lot_code=["b", "a"]), LADDER))[0] == "a"
        assert one(nearest_facilities(homes, lots(*both, lot_code=["a", "b"]), LADDER))[0] == "a"

    def test_within_reach_is_inclusive(self):
        for within, reason in ((20, "reached"), (19.9, "too_far")):
            found = nearest_facilities(layer(at(100, 0)), lots(at(120, 0)), LADDER, within_m=within)
            assert found["reason"].tolist() == [reason]

    def test_several_for_each(self):
        homes = layer(at(100, 0), at(100, 25), name=["dry", "afloat"])
        homes.index = ["x", "y"]
        three = lots(at(120, 0), at(90, 0), at(350, 0))
        found = nearest_facilities(homes, three, LADDER, count=3, within_m=100)
        assert found.index.tolist() == ["x", "x", "y"]
        assert found["rank"].tolist() == [1, 2, 1]
        assert found["facility_code"].tolist()[:2] == ["T1", "T0"]
        assert found["reason"].tolist() == ["reached", "reached", "in_barrier"]


class TestTravel:
    ROUND = road_network(
        layer(
            line((0, 0), (100, 0)), line((100, 0), (100, 100), (0, 100), (0, 0)), line((100, 0), (150, 0)),
            one_way=["单行", "双向", None], road_class=["支路", "支路", "步行路"],
        )
    )  # fmt: skip

    def test_a_car_goes_round_where_a_street_is_one_way(self):
        there = (layer(at(20, 0)), lots(at(80, 0)))
        back = (layer(at(80, 0)), lots(at(20, 0)))
        assert one(nearest_facilities(*there, self.ROUND, travel="car"))[1] == 60
        assert one(nearest_facilities(*back, self.ROUND, travel="car", within_m=999))[1] == 20 + 300 + 20
        assert one(nearest_facilities(*back, self.ROUND))[1] == 60

    def test_a_car_keeps_off_footpaths(self):
        home = layer(at(140, 0))
        assert one(nearest_facilities(home, lots(at(80, 0)), self.ROUND))[1] == 60
        assert one(nearest_facilities(home, lots(at(90, 0)), self.ROUND, travel="car"))[1] == 40 + 390

    def test_another_way_to_travel_is_refused(self):
        with pytest.raises(InputError, match="travel must be one of foot, car"):
            nearest_facilities(layer(at(0, 0)), lots(at(0, 0)), LADDER, travel="boat")


class TestEntrances:
    PARK = layer(square(100, -80, 300, -5), green_code=["G1"])

    def test_a_park_is_entered_from_the_roads_beside_it(self):
        assert one(nearest_facilities(layer(at(50, 0)), self.PARK, LADDER))[1] == pytest.approx(
            50 + 5, abs=29
        )
        assert one(nearest_facilities(layer(at(200, 0)), self.PARK, LADDER))[1] <= 105

    def test_or_by_its_gates_alone(self):
        gates = layer(at(300, -5), facility_code=["G1"], entrance_code=["E7"])
        found = nearest_facilities(layer(at(50, 0)), self.PARK, LADDER, entrances=gates)
        assert one(found) == ("G1", 250 + 5, "reached")
        assert found["entrance_code"].tolist() == ["E7"]

    def test_an_estate_is_left_by_its_gates(self):
        estate = layer(square(100, -80, 300, -5), estate_code=["X1"])
        gates = layer(at(300, 0), at(100, 0), facility_code=["X1", "X1"])
        found = nearest_facilities(estate, lots(at(50, 0), at(330, 0)), LADDER, gates=gates, count=2)
        assert found["facility_code"].tolist() == ["T1", "T0"]
        assert found["network_m"].tolist() == [30, 50]

    def test_entrances_of_nothing_are_refused(self):
        with pytest.raises(InputError, match=r"no facility_code .* \(the first: G9"):
            nearest_facilities(
                layer(at(0, 0)), self.PARK, LADDER, entrances=layer(at(0, 0), facility_code=["G9"])
            )
        with pytest.raises(MissingColumnError, match="entrances: no column 'facility_code'"):
            nearest_facilities(layer(at(0, 0)), self.PARK, LADDER, entrances=layer(at(0, 0)))


class TestRows:
    def test_rows_keep_their_order_columns_and_places(self):
        homes = layer(at(100, 0), None, at(5000, 0), reason=["p", "q", "r"]).to_crs(4490)
        homes.index = [7, 3, 5]
        found = nearest_facilities(homes, lots(at(120, 0)), LADDER)
        assert found.index.tolist() == [7, 3, 5]
        assert found.crs == homes.crs
        assert found["reason"].tolist() == ["reached", "no_position", "no_road"]
        assert found["reason_recorded"].tolist() == ["p", "q", "r"]

    def test_facilities_off_the_road_are_listed_with_the_reason(self):
        there = lots(at(120, 0), at(3000, 3000), at(50, 25), None)
        found = nearest_facilities(layer(at(100, 0)), there, LADDER)
        assert found.attrs["off_road"] == [
            {"facility_code": "T1", "row": 1, "why": "no_road"},
            {"facility_code": "T2", "row": 2, "why": "in_barrier"},
            {"facility_code": "T3", "row": 3, "why": "no_position"},
        ]

    def test_no_origins_no_answers(self):
        assert len(nearest_facilities(layer(), lots(at(0, 0)), LADDER)) == 0

    def test_what_cannot_give_an_answer_is_refused(self):
        home = layer(at(0, 0))
        with pytest.raises(EmptyLayerError, match="facilities"):
            nearest_facilities(home, lots(), LADDER)
        with pytest.raises(CRSError, match="origins"):
            nearest_facilities(layer(at(0, 0), crs=None), lots(at(0, 0)), LADDER)
        with pytest.raises(MissingColumnError, match="no column 'nr'"):
            nearest_facilities(home, lots(at(0, 0)), LADDER, code="nr")
        for count in (0, 1.5, True):
            with pytest.raises(InputError, match="count must be"):
                nearest_facilities(home, lots(at(0, 0)), LADDER, count=count)
        with pytest.raises(InputError, match="within_m"):
            nearest_facilities(home, lots(at(0, 0)), LADDER, within_m=-1)


@given(st.integers(0, 2**32 - 1))
@example(
    1_202_698_753
)  # the nearest part of a road over the pond is across the water, the farther one is not
def test_no_leg_crosses_a_barrier_and_every_distance_is_the_shortest(seed):
    """On a lattice with a random pond, beside Dijkstra in networkx over nodes and places."""
    import networkx as nx

    rng = np.random.default_rng(seed)
    streets = [line((0, y), (300, y)) for y in (0, 100, 200)] + [
        line((x, 0), (x, 200)) for x in (0, 150, 300)
    ]
    pond = Polygon([(X + 150 + 60 * np.cos(a), Y + 50 + 40 * np.sin(a)) for a in rng.uniform(0, 6.28, 9)])
    pond = pond.convex_hull
    network = road_network(layer(*streets), barriers=layer(pond), crossings="join")
    homes = layer(*[at(*p) for p in rng.uniform(-20, 320, (12, 2)).tolist()])
    there = lots(*[at(*p) for p in rng.uniform(-20, 320, (4, 2)).tolist()])
    found = nearest_facilities(homes, there, network, within_m=200)
    pd.testing.assert_frame_equal(
        found,
        nearest_facilities(
            homes.sample(frac=1, random_state=1), there.sample(frac=1, random_state=2), network, within_m=200
        ).loc[homes.index],
    )
    graph = nx.MultiGraph()
    ground = network.edges
    for edge, (a, b, metres) in enumerate(
        zip(ground["from_node"], ground["to_node"], ground["length_m"], strict=True)
    ):
        graph.add_edge(a, b, weight=metres, edge=edge)

    deep = pond.buffer(-BANK_M, join_style="mitre")

    def on_edge(point):
        """Try every part of every edge: the nearest whose straight leg is dry, decks left out."""
        best = None
        parts = [(edge, part) for edge, shape in enumerate(ground.geometry)
                 for part in shapely.get_parts(shape.difference(deep)) if not part.is_empty]  # fmt: skip
        for edge, part in parts:
            spot = part.interpolate(part.project(point))
            wet = LineString([point, spot]).intersection(deep).length
            if wet > 1e-3 or deep.contains(point) or point.distance(spot) > 200:
                continue
            if best is None or point.distance(spot) < best[0] - 1e-9:
                best = (point.distance(spot), edge, ground.geometry.iloc[edge].project(spot))
        return best

    def metres_between(one, other):
        (leg, e, c), (other_leg, f, d) = one, other
        ends = [(ground["from_node"][e], c), (ground["to_node"][e], ground["length_m"][e] - c)]
        other_ends = [(ground["from_node"][f], d), (ground["to_node"][f], ground["length_m"][f] - d)]
        ways = [
            m + nx.shortest_path_length(graph, n, o, weight="weight") + k
            for n, m in ends
            for o, k in other_ends
        ]
        return leg + other_leg + min([*ways, *([abs(c - d)] if e == f else [])])

    placed = [on_edge(point) for point in there.geometry]
    for row, point in enumerate(homes.geometry):
        here = on_edge(point)
        told = found["network_m"].iloc[row]
        if here is None or not any(placed):
            assert np.isnan(told)
            continue
        # Which of two edges equally near is stepped on may differ; the distance then does by no more.
        right = min(metres_between(here, each) for each in placed if each is not None)
        assert told == pytest.approx(right, abs=1e-3)  # a leg may touch the water for so long
