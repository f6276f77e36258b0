"""Survey points and lines become a network, and every joining is told.

M1 ----P1---- M2 ----P2---- M3      names first, then places,
              |                     and a pipe drawn in one piece
              P3                    is divided at manholes on it
              |
              M4
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from networks_of import CRS, manholes_at, pipes_of
from shapely import MultiLineString, Point

from zjk_gis.errors import EmptyLayerError, FileError, InputError, MissingColumnError
from zjk_gis.index.flatfile import read_arrays, write_arrays
from zjk_gis.pipes import PipeNetwork, pipe_network

WELLS = manholes_at(M1=(0, 0), M2=(30, 0), M3=(60, 0), M4=(30, -40))


def ends_of(network: PipeNetwork) -> dict[str, set[str]]:
    """Return the two nodes of each pipe by its code."""
    joins = network.joins()
    joins = joins[joins["end"] != "between"]
    return joins.groupby("pipe_code")["node_code"].agg(set).to_dict()


def test_names_come_before_places():
    """P1 ends 0.2 m beside M2 and names M1 and M4, which is 9 m away."""
    wells = manholes_at(M1=(0, 0), M2=(30.2, 0), M4=(30, -9))
    pipes = pipes_of(P1=[(0, 0), (30, 0)]).assign(from_manhole="M1", to_manhole="M4")
    network = pipe_network(wells, pipes)
    assert ends_of(network) == {"P1": {"M1", "M4"}}
    assert network.joins()["remark"].tolist() == ["", "far_from_named"]


def test_a_name_whose_point_is_far_away_is_not_believed_and_is_told():
    pipes = pipes_of(P1=[(0, 0), (30, 0)]).assign(from_manhole="M1", to_manhole="M3")
    network = pipe_network(WELLS, pipes, trusted_within_m=10)
    assert ends_of(network) == {"P1": {"M1", "M2"}}
    (told,) = network.unjoined().to_dict("records")
    assert (told["end"], told["reason"], told["near_code"], told["distance_m"]) == (
        "to",
        "named_too_far",
        "M3",
        30.0,
    )


@pytest.mark.parametrize("column", ["well_number", "map_number"])
def test_pipes_may_name_manholes_by_code_or_by_either_number(column):
    wells = WELLS.assign(**{column: ["1", "2", "3", "4"]})
    pipes = pipes_of(P1=[(0, 1), (30, 1)]).assign(from_manhole=1.0, to_manhole="M2")
    assert ends_of(pipe_network(wells, pipes)) == {"P1": {"M1", "M2"}}


def test_a_number_that_two_wells_bear_means_the_nearer_one():
    wells = manholes_at(A=(0, 0), B=(500, 0), C=(30, 0)).assign(well_number=["7", "7", "8"])
    pipes = pipes_of(P1=[(0.3, 0), (30, 0)]).assign(from_manhole="7", to_manhole="8")
    assert ends_of(pipe_network(wells, pipes)) == {"P1": {"A", "C"}}


def test_ends_that_miss_their_manhole_by_centimetres_are_joined_with_their_distance():
    network = pipe_network(WELLS, pipes_of(P1=[(0, 0.03), (29.96, 0)]))
    assert network.joins()[["node_code", "how", "distance_m"]].to_numpy(dtype=object).tolist() == [
        ["M1", "by_place", 0.03],
        ["M2", "by_place", 0.04],
    ]


def test_a_pipe_drawn_backwards_is_joined_by_its_names():
    pipes = pipes_of(P1=[(30, 0), (0, 0)]).assign(from_manhole="M1", to_manhole="M2", flow="顺向")
    network = pipe_network(WELLS, pipes)
    assert network.joins()["distance_m"].tolist() == [0.0, 0.0]
    assert network.directions()["drawn_backwards"].tolist() == [True]
    assert network.node_codes[network.graph.tail].tolist() == ["M1"]


def test_pipes_that_name_a_point_no_table_has_meet_there_and_are_told():
    pipes = pipes_of(P1=[(0, 0), (90, 90)], P2=[(90, 90.1), (30, 0)])
    pipes = pipes.assign(from_manhole=["M1", "X9"], to_manhole=["X9", "M2"])
    network = pipe_network(WELLS, pipes)
    assert ends_of(network) == {"P1": {"M1", "X9"}, "P2": {"X9", "M2"}}
    assert network.unjoined()["reason"].tolist() == ["unknown_name"] * 2


def test_a_chain_of_ends_each_near_the_next_is_not_one_node():
    """Eleven stubs whose ends lie 0.4 m apart: single linkage at 0.5 m would make a node 4 m long."""
    pipes = pipes_of(**{f"P{n}": [(0.4 * n, 0), (0.4 * n, 50 + n)] for n in range(11)})
    network = pipe_network(manholes_at(far=(900, 900)), pipes)
    near = network.nodes.geometry.y < 1
    joins = network.joins()
    assert near.sum() >= 6
    assert joins["distance_m"].max() <= 0.25


def test_three_ends_at_one_place_meet_in_one_node_without_a_manhole():
    pipes = pipes_of(P1=[(0, 0), (90, 90)], P2=[(90, 90), (30, 0)], P3=[(90.02, 90), (90, 150)])
    network = pipe_network(WELLS, pipes)
    assert network.degree[network.nodes["layer"] == ""].tolist() == [3, 1]
    assert network.node_codes[-1] == ""


def test_both_ends_of_a_short_pipe_never_hang_on_one_manhole():
    network = pipe_network(WELLS, pipes_of(P1=[(0.1, 0), (0.4, 0)]))
    assert network.joins()["distance_m"].tolist() == [0.1]
    assert network.unjoined()[["end", "reason", "near_code"]].to_numpy(dtype=object).tolist() == [
        ["to", "other_end_nearer", "M1"]
    ]


def test_two_wells_at_one_place_are_never_made_one():
    wells = manholes_at(A=(0, 0), B=(0, 0), C=(30, 0))
    pipes = pipes_of(P1=[(0, 0), (30, 0)], P2=[(30, 0), (0, 0)]).assign(
        from_manhole=["A", "C"], to_manhole=["C", "B"]
    )
    assert ends_of(pipe_network(wells, pipes)) == {"P1": {"A", "C"}, "P2": {"C", "B"}}


def test_a_survey_point_that_is_a_manhole_is_counted_once():
    wells = WELLS.assign(well_number=["WS1", "WS2", "WS3", "WS4"])
    points = gpd.GeoDataFrame(
        {"point_code": ["WS2", "WS9"], "pipe_kind": "WS"}, geometry=[Point(30, 0.1), Point(45, 20)], crs=CRS
    )
    pipes = pipes_of(P1=[(30, 0), (45, 20)]).assign(from_manhole="WS2", to_manhole="WS9")
    network = pipe_network(wells, pipes, points=points)
    assert len(network.nodes) == 5
    assert ends_of(network) == {"P1": {"M2", "WS9"}}
    assert network.report().set_index("what")["number"]["same_point_and_manhole"] == 1


def test_a_pipe_drawn_in_one_piece_is_divided_at_the_manholes_on_it():
    network = pipe_network(WELLS, pipes_of(P1=[(0, 0), (60, 0)], P3=[(30, 0), (30, -40)]))
    assert len(network.graph) == 3
    assert network.length.tolist() == [30.0, 30.0, 40.0]
    (cut,) = network.joins().query("how == 'split'").to_dict("records")
    assert (cut["node_code"], cut["distance_m"]) == ("M2", 0.0)


@pytest.mark.parametrize(
    ("place", "kind", "pieces"),
    [((30, 0.0), "WS", 2), ((30, 0.4), "WS", 2), ((30, 0.6), "WS", 1), ((30, 0.0), "给水", 1)],
    ids=["on it", "within reach", "just out of reach", "of another kind"],
)
def test_what_divides_a_pipe(place, kind, pieces):
    wells = manholes_at(M1=(0, 0), M2=place, M3=(60, 0)).assign(pipe_kind=["WS", kind, "WS"])
    assert len(pipe_network(wells, pipes_of(P1=[(0, 0), (60, 0)])).graph) == pieces


def test_a_manhole_of_a_pipe_beside_another_does_not_divide_the_other():
    wells = manholes_at(A=(0, 0), B=(60, 0), C=(0, 0.3), D=(30, 0.3), E=(60, 0.3))
    pipes = pipes_of(P1=[(0, 0), (60, 0)], P2=[(0, 0.3), (30, 0.3)], P3=[(30, 0.3), (60, 0.3)])
    pipes = pipes.assign(from_manhole=["A", "C", "D"], to_manhole=["B", "D", "E"])
    assert len(pipe_network(wells, pipes).graph) == 3


def test_heights_and_lines_in_several_parts_are_taken_where_they_make_one_line():
    whole = MultiLineString([[(0, 0, 5), (10, 0, 5)], [(10, 0, 5), (30, 0, 4)]])
    apart = MultiLineString([[(0, 0), (10, 0)], [(20, 0), (30, 0)]])
    pipes = gpd.GeoDataFrame({"pipe_code": ["P1", "P2"], "pipe_kind": "WS"}, geometry=[whole, apart], crs=CRS)
    network = pipe_network(WELLS, pipes)
    assert network.pipe_codes.tolist() == ["P1"]
    assert network.set_aside == [
        {"layer": "pipelines", "row": 1, "why": "parts_apart", "value": "MultiLineString"}
    ]


def test_abandoned_pipes_carry_nothing():
    pipes = pipes_of(P1=[(0, 0), (30, 0)], P2=[(30, 0), (60, 0)]).assign(state=["在用", "废弃"])
    assert pipe_network(WELLS, pipes).pipe_codes.tolist() == ["P1"]
    assert len(pipe_network(WELLS, pipes, abandoned=True)) == 2


@pytest.mark.parametrize("kind", ["污水", "WS", "ｗｓ", "sewage", "污水管"])
def test_a_kind_means_the_same_however_it_is_written(kind):
    assert pipe_network(WELLS, pipes_of(P1=[(0, 0), (30, 0)]).assign(pipe_kind=kind)).kind.tolist() == ["WS"]


def test_a_kind_that_nobody_knows_is_refused_with_the_nearest_known():
    with pytest.raises(InputError, match=r"污水菅.*nearest: WS"):
        pipe_network(WELLS, pipes_of(P1=[(0, 0), (30, 0)]).assign(pipe_kind="污水菅"))


def test_a_layer_without_kinds_or_with_nothing_usable_is_refused():
    with pytest.raises(MissingColumnError, match="pipe_kind"):
        pipe_network(WELLS, pipes_of(P1=[(0, 0), (30, 0)]).drop(columns="pipe_kind"))
    with pytest.raises(EmptyLayerError):
        pipe_network(WELLS, pipes_of(P1=[(0, 0), (30, 0)]).assign(state="废弃"))


class TestDirection:
    """The recorded flow, then the levels, then the way it is drawn."""

    PIPE = pipes_of(P1=[(0, 0), (30, 0)])

    @pytest.mark.parametrize(
        ("columns", "way", "source"),
        [
            ({}, 1, "drawn"),
            ({"flow": "逆向"}, -1, "flow"),
            ({"flow": "双向"}, 0, "flow"),
            ({"from_level_m": 700.0, "to_level_m": 700.4}, -1, "levels"),
            ({"from_level_m": 700.0, "to_level_m": 700.0}, 1, "drawn"),
            ({"flow": "顺向", "from_level_m": 700.0, "to_level_m": 700.4}, 1, "flow"),
        ],
    )
    def test_of_a_drain(self, columns, way, source):
        told = pipe_network(WELLS, self.PIPE.assign(**columns)).directions().iloc[0]
        assert (told["way"], told["direction_source"]) == (way, source)

    def test_depths_tell_levels_where_the_ground_is_known(self):
        wells = WELLS.assign(ground_level_m=[710.0, 705.0, 705.0, 705.0])
        pipes = self.PIPE.assign(from_manhole="M2", to_manhole="M1", from_depth_m=1.0, to_depth_m=3.0)
        told = pipe_network(wells, pipes).directions().iloc[0]
        assert (told["way"], told["direction_source"]) == (-1, "levels")

    def test_a_recorded_flow_that_runs_uphill_is_a_contradiction(self):
        pipes = self.PIPE.assign(flow="顺向", from_level_m=700.0, to_level_m=700.4)
        assert pipe_network(WELLS, pipes).directions()["contradicts"].tolist() == [True]

    def test_water_under_pressure_flows_both_ways_unless_it_is_recorded(self):
        pipes = self.PIPE.assign(pipe_kind="给水", from_level_m=700.0, to_level_m=699.0)
        told = pipe_network(WELLS, pipes).directions().iloc[0]
        assert (told["way"], told["direction_source"]) == (0, "")

    def test_what_is_asked_first_can_be_chosen(self):
        pipes = self.PIPE.assign(flow="顺向", from_level_m=700.0, to_level_m=700.4)
        told = pipe_network(WELLS, pipes, direction=["levels", "flow"]).directions().iloc[0]
        assert (told["way"], told["direction_source"]) == (-1, "levels")
        with pytest.raises(InputError, match="slope"):
            pipe_network(WELLS, pipes, direction=["slope"])


def city_of(seed: int) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return wells on a grid of streets, and pipes between neighbours, half of them without names."""
    rng = np.random.default_rng(seed)
    wells = manholes_at(**{f"M{x}_{y}": (50.0 * x, 50.0 * y) for x in range(6) for y in range(6)})
    at = dict(zip(wells["manhole_code"], wells.geometry, strict=True))
    pairs = [(f"M{x}_{y}", f"M{x + 1}_{y}") for x in range(5) for y in range(6)]
    pairs += [(f"M{x}_{y}", f"M{x}_{y + 1}") for x in range(6) for y in range(5)]
    pairs = [pairs[at] for at in rng.permutation(len(pairs))[:40]]
    lines = [shapely.LineString([at[a], at[b]]) for a, b in pairs]
    moved = shapely.transform(lines, lambda xy: xy + rng.uniform(-0.1, 0.1, xy.shape))
    named = rng.random(len(pairs)) < 0.5
    pipes = gpd.GeoDataFrame(
        {
            "pipe_code": [f"P{a}-{b}" for a, b in pairs],
            "pipe_kind": "WS",
            "from_manhole": [a if told else None for (a, _), told in zip(pairs, named, strict=True)],
            "to_manhole": [b if told else None for (_, b), told in zip(pairs, named, strict=True)],
        },
        geometry=moved,
        crs=CRS,
    )
    return wells, pipes


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_whatever_is_moved_by_centimetres_or_has_no_name_the_network_is_the_same(seed):
    wells, pipes = city_of(seed)
    wanted = {code: set(code[1:].split("-")) for code in pipes["pipe_code"]}
    assert ends_of(pipe_network(wells, pipes)) == wanted


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_of_rows_changes_nothing(seed):
    wells, pipes = city_of(seed)
    rng = np.random.default_rng(seed)
    one = pipe_network(wells, pipes)
    two = pipe_network(wells.iloc[rng.permutation(len(wells))], pipes.iloc[rng.permutation(len(pipes))])
    by = ["pipe_code", "end"]
    pd.testing.assert_frame_equal(
        one.joins().sort_values(by, ignore_index=True), two.joins().sort_values(by, ignore_index=True)
    )


def test_the_report_adds_up():
    wells, pipes = city_of(3)
    report = pipe_network(wells, pipes).report().set_index("what")["number"]
    assert report["by_name"] + report["by_place"] == 2 * len(pipes)


def test_degrees_and_components_stand_in_the_table_of_nodes():
    pipes = pipes_of(P1=[(0, 0), (30, 0)], P2=[(30, 0), (60, 0)])
    table = pipe_network(WELLS, pipes).table().set_index("node_code")
    assert table["degree"].to_dict() == {"M1": 1, "M2": 2, "M3": 1, "M4": 0}
    assert table["component"].to_dict() == {"M1": 0, "M2": 0, "M3": 0, "M4": 1}


def test_a_saved_network_is_the_same_network(tmp_path):
    wells, pipes = city_of(5)
    pipes = pipes.assign(diameter_mm=300, flow="顺向", remark="己方")
    network = pipe_network(wells, pipes)
    loaded = PipeNetwork.load(network.save(tmp_path / "pipes.net"))
    for told in ("joins", "unjoined", "directions", "report"):
        pd.testing.assert_frame_equal(getattr(network, told)(), getattr(loaded, told)())
    assert loaded.pipelines.drop(columns="geometry").columns.tolist() == [
        "pipe_code", "pipe_kind", "from_manhole", "to_manhole", "diameter_mm", "flow",
    ]  # fmt: skip
    assert loaded.pipelines.geometry.geom_equals(network.pipelines.geometry).all()
    assert (loaded.component == network.component).all()


def test_a_saved_network_that_was_tampered_with_is_refused(tmp_path):
    network = pipe_network(*city_of(5))
    path = network.save(tmp_path / "pipes.net")
    whole = path.read_bytes()
    for at in (9, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
        with pytest.raises(FileError):
            PipeNetwork.load(path)
    with pytest.raises(FileError, match="cannot be read"):
        PipeNetwork.load(tmp_path / "other.net")


def test_numbers_in_a_file_that_stand_for_nothing_are_refused(tmp_path):
    """The checksums are right: somebody wrote the file on purpose."""
    path = pipe_network(*city_of(5)).save(tmp_path / "pipes.net")
    arrays, about = read_arrays(path, "pipe network")
    for name, value in (("tail", 10**6), ("edge_pipe", -1), ("begins", np.nan), ("end_how", 99), ("line", 7)):
        wrong = {each: values.copy() for each, values in arrays.items()}
        wrong[name].reshape(-1)[0] = value
        write_arrays(path, "pipe network", wrong, about)
        with pytest.raises(FileError, match="is damaged"):
            PipeNetwork.load(path)
