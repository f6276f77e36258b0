"""A graph of the city's own roads: what meets, what passes, and what is said of it.

    C (bridge over B, no vertex)
    |
A---+---+---        streets are 100 m long and cross in the middle unless said otherwise
    |   D
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point, box

from zjk_gis.access import RoadNetwork, road_network
from zjk_gis.errors import EmptyLayerError, FileError, GeometryError, InputError, MissingColumnError

X, Y = 573000, 4520000


def line(*points):
    return LineString([(X + x, Y + y) for x, y in points])


def roads(*lines, **columns):
    codes = columns.pop("edge_code", [chr(65 + at) for at in range(len(lines))])
    return gpd.GeoDataFrame({"edge_code": codes, **columns}, geometry=list(lines), crs=4547)


WEST_EAST, SOUTH_NORTH = line((0, 0), (100, 0)), line((50, -50), (50, 50))


def told(network):
    return [
        (row.first_edge, row.second_edge, row.kind, row.decision, row.reason)
        for row in network.report.itertuples()
    ]


def sizes(network):
    return network.graph.size, len(network)


class TestMeeting:
    def test_ends_at_one_place_meet(self):
        assert sizes(road_network(roads(line((0, 0), (50, 0)), line((50, 0), (90, 40))))) == (3, 2)

    def test_an_end_at_a_vertex_of_another_cuts_it_there(self):
        network = road_network(roads(line((0, 0), (50, 0), (100, 0)), line((50, 0), (50, 40))))
        assert sizes(network) == (4, 3)
        assert sorted(network.length_m) == [40, 50, 50]
        assert told(network) == []

    def test_vertices_in_common_within_two_lines_meet(self):
        across = line((50, -50), (50, 0), (50, 50))
        assert sizes(road_network(roads(line((0, 0), (50, 0), (100, 0)), across))) == (5, 4)

    def test_a_street_from_a_place_to_itself_stays_one(self):
        square = line((0, 0), (40, 0), (40, 40), (0, 40), (0, 0))
        network = road_network(roads(square, line((0, 0), (-30, 0))))
        assert sizes(network) == (2, 2)
        assert sorted(network.length_m) == [30, 160]

    def test_a_lollipop_is_cut_where_it_meets_itself(self):
        network = road_network(roads(line((0, 0), (50, 0), (50, 30), (80, 30), (80, 0), (50, 0))))
        assert sizes(network) == (2, 2)
        assert sorted(network.length_m) == [50, 120]

    def test_parallel_roads_stay_two(self):
        network = road_network(roads(line((0, 0), (5, 0)), line((0, 0), (2.5, 2.45), (5, 0))))
        assert sizes(network) == (2, 2)


class TestGaps:
    def test_an_end_short_of_a_street_is_joined_and_told(self):
        network = road_network(roads(WEST_EAST, line((50, 0.3), (50, 40))))
        assert sizes(network) == (4, 3)
        assert told(network) == [("B", "A", "end_gap", "joined", "within_tolerance")]
        assert network.report["gap_m"].tolist() == [pytest.approx(0.3)]

    def test_an_end_beyond_a_street_is_joined_and_leaves_no_stub(self):
        network = road_network(roads(WEST_EAST, line((50, -0.3), (50, 40))))
        assert sizes(network) == (4, 3)
        assert told(network) == [("B", "A", "end_gap", "joined", "within_tolerance")]

    def test_two_ends_that_face_each_other_are_told_once(self):
        network = road_network(roads(line((0, 0), (50, 0)), line((50.4, 0), (90, 0))))
        assert sizes(network) == (3, 2)
        assert len(network.report) == 1

    def test_a_wider_gap_stays_open(self):
        network = road_network(roads(WEST_EAST, line((50, 0.6), (50, 40))))
        assert (sizes(network), told(network)) == ((4, 2), [])
        assert sizes(road_network(roads(WEST_EAST, line((50, 0.6), (50, 40))), tolerance_m=0.7)) == (4, 3)

    def test_a_street_that_ends_under_a_viaduct_does_not_join_it(self):
        network = road_network(roads(WEST_EAST, line((50, 0.2), (50, 40)), grade_level=[1, 0]))
        assert sizes(network) == (4, 2)
        assert told(network) == [("B", "A", "end_below", "apart", "levels_differ")]

    def test_a_ramp_comes_down_on_the_street(self):
        assert sizes(road_network(roads(WEST_EAST, line((50, 0.2), (50, 40)), grade_level=[0, 1]))) == (4, 3)


class TestCrossings:
    def test_on_one_level_they_meet_and_it_is_told(self):
        network = road_network(roads(WEST_EAST, SOUTH_NORTH, is_bridge=[False, False]))
        assert sizes(network) == (5, 4)
        assert told(network) == [("A", "B", "crossing", "joined", "same_level")]

    def test_a_bridge_passes_over(self):
        network = road_network(roads(WEST_EAST, SOUTH_NORTH, is_bridge=["否", "是"]))
        assert sizes(network) == (4, 2)
        assert told(network) == [("A", "B", "crossing", "apart", "levels_differ")]

    def test_without_levels_they_are_listed_and_stay_apart_unless_asked_for(self):
        network = road_network(roads(WEST_EAST, SOUTH_NORTH))
        assert sizes(network) == (4, 2)
        assert told(network) == [("A", "B", "crossing", "left_open", "level_unknown")]
        joined = road_network(roads(WEST_EAST, SOUTH_NORTH), crossings="join")
        assert sizes(joined) == (5, 4)
        assert told(joined) == [("A", "B", "crossing", "joined", "asked_for")]

    def test_two_bridges_of_unknown_level_are_undecided(self):
        network = road_network(roads(WEST_EAST, SOUTH_NORTH, is_bridge=[True, True]))
        assert told(network) == [("A", "B", "crossing", "left_open", "level_unknown")]

    def test_a_level_goes_before_a_bridge(self):
        network = road_network(roads(WEST_EAST, SOUTH_NORTH, is_bridge=[True, True], grade_level=[1, 2]))
        assert told(network) == [("A", "B", "crossing", "apart", "levels_differ")]

    def test_a_vertex_in_common_does_not_join_two_levels(self):
        across = line((50, -50), (50, 0), (50, 50))
        network = road_network(roads(line((0, 0), (50, 0), (100, 0)), across, grade_level=[0, 1]))
        assert sizes(network) == (4, 2)
        assert told(network) == [("A", "B", "common_vertex", "apart", "levels_differ")]

    def test_a_ramp_reaches_the_viaduct_and_not_the_street_below(self):
        viaduct, street = line((0, 0), (50, 0), (100, 0)), line((50, -50), (50, 0), (50, 50))
        network = road_network(roads(viaduct, street, line((50, 0), (90, 40)), grade_level=[1, 0, 1]))
        assert sizes(network) == (6, 4)

    def test_lines_on_each_other_are_told(self):
        network = road_network(roads(WEST_EAST, line((20, 0), (80, 0))), tolerance_m=0)
        assert ("A", "B", "double_line", "apart", "drawn_twice") in told(network)


class TestRows:
    def test_bridges_over_a_river_are_what_roads_are_and_unrecorded_ones_are_told(self):
        river = gpd.GeoDataFrame(geometry=[box(X + 20, Y - 99, X + 30, Y + 99)], crs=4547)
        both = roads(WEST_EAST, line((0, 30), (100, 30)), is_bridge=[True, False])
        network = road_network(both, barriers=river)
        assert told(network) == [("B", "", "barrier", "passable", "not_a_bridge")]

    def test_ways_and_directions_are_read_in_chinese(self):
        network = road_network(
            roads(WEST_EAST, line((0, 9), (9, 9)), line((0, 19), (9, 19)), one_way=["单行", "反向", None],
                  road_class=["主干道", "人行道", "台阶"])
        )  # fmt: skip
        assert network.one_way.tolist() == [1, -1, 0]
        assert network.on_foot.tolist() == [False, True, True]

    def test_rows_without_names_or_codes_are_called_by_their_label(self):
        layer = gpd.GeoDataFrame(geometry=[WEST_EAST], crs=4547, index=["x7"])
        assert road_network(layer).edges["edge_code"].tolist() == ["x7"]

    def test_rows_that_are_no_lines_are_set_aside_by_name_or_refused(self):
        layer = roads(WEST_EAST, Point(X, Y), box(X, Y, X + 9, Y + 9), None)
        network = road_network(layer)
        assert [(row["row"], row["why"]) for row in network.set_aside] == [
            (1, "other_geometry"),
            (2, "other_geometry"),
            (3, "no_geometry"),
        ]
        with pytest.raises(GeometryError, match="roads"):
            road_network(layer, strict=True)

    def test_unknown_words_are_refused_or_told(self):
        with pytest.raises(InputError, match="one_way"):
            road_network(roads(WEST_EAST, one_way=["sideways"]))
        network = road_network(roads(WEST_EAST, line((0, 9), (9, 9)), one_way=["sideways", "双向"]))
        assert [(row["row"], row["why"], row["value"]) for row in network.set_aside] == [
            (0, "not_understood", "sideways")
        ]

    def test_parts_of_a_row_follow_one_another(self):
        two = MultiLineString([line((0, 0), (10, 0)), line((20, 0), (50, 0))])
        network = road_network(roads(two))
        assert sorted(zip(network.from_m, network.length_m, strict=True)) == [(0, 10), (10, 30)]

    def test_wrong_input(self):
        with pytest.raises(EmptyLayerError):
            road_network(roads())
        with pytest.raises(InputError, match="crossings must be one of"):
            road_network(roads(WEST_EAST), crossings="cut")
        with pytest.raises(MissingColumnError, match="no column 'nr'"):
            road_network(roads(WEST_EAST), code="nr")

    def test_degrees_are_measured_in_metres(self):
        network = road_network(roads(WEST_EAST).to_crs(4490))
        assert network.crs.to_epsg() == 4547
        assert network.length_m == pytest.approx([100], abs=0.01)


@given(st.integers(0, 2**32 - 1))
def test_the_order_of_rows_changes_nothing_but_their_numbers(seed):
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, 6, (12, 2)) * 20
    ends = starts + rng.integers(1, 4, (12, 2)) * 20 * rng.choice([-1, 1], (12, 2))
    layer = roads(
        *[line(a, b) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)],
        grade_level=rng.choice([0, 1, None], 12),
    )
    one, other = road_network(layer), road_network(layer.sample(frac=1, random_state=seed % 1000))
    pd.testing.assert_frame_equal(one.report, other.report)
    pd.testing.assert_frame_equal(one.edges, other.edges)
    # All ground that was drawn is in the graph, no more than once.
    assert one.length_m.sum() == pytest.approx(layer.length.sum(), abs=1e-6 * len(layer) * 100)


class TestFile:
    NETWORK = road_network(
        roads(
            WEST_EAST, SOUTH_NORTH, line((200, 0), (300, 0)), is_bridge=[False, False, True],
            width_m=[9, None, 7],
        ),
        barriers=gpd.GeoDataFrame(
            geometry=[box(X + 220, Y - 9, X + 230, Y + 9), line((60, -9), (60, 9))], crs=4547
        ),
    )  # fmt: skip

    def test_a_saved_network_comes_back_the_same(self, tmp_path):
        again = RoadNetwork.load(self.NETWORK.save(tmp_path / "roads.network"))
        pd.testing.assert_frame_equal(again.edges, self.NETWORK.edges)
        pd.testing.assert_frame_equal(again.nodes, self.NETWORK.nodes)
        pd.testing.assert_frame_equal(again.report, self.NETWORK.report)
        assert again.barriers.ground.equals(self.NETWORK.barriers.ground)
        assert repr(again) == repr(self.NETWORK)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("tail", [99]),
            ("row", [-1]),
            ("length_m", [np.nan]),
            ("starts", [5]),
            ("node_xy", [np.inf]),
            ("met_kind", [77]),
            ("edge_code_lengths", [-5]),
            ("barrier_areas_lengths", [1]),
        ],
    )
    def test_a_file_that_holds_something_else_is_refused(self, tmp_path, name, value):
        from zjk_gis.index.flatfile import read_arrays, write_arrays

        path = self.NETWORK.save(tmp_path / "roads.network")
        arrays, about = read_arrays(path, "road network")
        spoiled = arrays[name].copy()
        spoiled.reshape(-1)[0] = value[0]
        write_arrays(path, "road network", {**arrays, name: spoiled}, about)
        with pytest.raises(FileError, match="does not hold a road network"):
            RoadNetwork.load(path)


class TestTheDay:
    LATER = roads(WEST_EAST, SOUTH_NORTH, opened_on=["2026-07-01", None])

    def test_a_road_opened_later_is_set_aside_and_one_without_a_date_is_there(self):
        network = road_network(self.LATER, at="2026-06-30")
        assert sizes(network) == (2, 1)
        assert network.edges["edge_code"].tolist() == ["B"]
        assert network.set_aside == [
            {"layer": "roads", "row": 0, "why": "not_yet_opened", "value": "2026-07-01"}
        ]

    @pytest.mark.parametrize("at", [None, "2026-07-01"])
    def test_on_the_day_it_is_opened_it_is_there_and_without_a_day_all_are(self, at):
        assert len(road_network(self.LATER, at=at)) == 2

    def test_a_day_that_is_none_is_refused_even_where_no_road_has_a_date(self):
        with pytest.raises(InputError, match="at"):
            road_network(roads(WEST_EAST), at="2026-13-01")
