"""Where it comes from, where it goes, and what runs into the wrong network.

M1 --P1-> M2 --P2-> M3 --P3-> M5        sewage; P4 joins it at M2
          ^
          P4
          M4
"""

from __future__ import annotations

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from networks_of import CRS, manholes_at, pipes_of
from shapely import Point

from zjk_gis.errors import InputError
from zjk_gis.pipes import critical_manholes, critical_pipes, misconnections, outfalls, pipe_network, trace

WELLS = manholes_at(M1=(0, 0), M2=(30, 0), M3=(60, 0), M4=(30, -40), M5=(100, 0))
DRAINS = pipes_of(
    P1=[(0, 0), (30, 0)], P2=[(30, 0), (60, 0)], P3=[(60, 0), (100, 0)], P4=[(30, -40), (30, 0)]
).assign(flow="顺向")
NETWORK = pipe_network(WELLS, DRAINS)


def found(*args, **options):
    return trace(NETWORK, *args, **options)["pipe_code"].tolist()


class TestTrace:
    @pytest.mark.parametrize(
        ("start", "direction", "pipes"),
        [
            ("M3", "upstream", ["P1", "P2", "P4"]),
            ("M3", "downstream", ["P3"]),
            ("M4", "connected", ["P1", "P2", "P3", "P4"]),
            ("P2", "upstream", ["P1", "P2", "P4"]),
            ("P2", "downstream", ["P2", "P3"]),
            (["P1", "P4"], "downstream", ["P1", "P2", "P3", "P4"]),
            ("M1", "upstream", []),
        ],
    )
    def test_from_a_manhole_or_a_pipe(self, start, direction, pipes):
        assert found(start, direction=direction) == pipes

    def test_steps_and_distances_are_told(self):
        rows = trace(NETWORK, "M5")
        assert rows[["pipe_code", "steps", "distance_m"]].to_numpy(dtype=object).tolist() == [
            ["P1", 3, 70.0],
            ["P2", 2, 40.0],
            ["P3", 1, 0.0],
            ["P4", 3, 70.0],
        ]

    def test_a_smell_is_traced_from_where_it_was_reported(self):
        smell = gpd.GeoDataFrame({"incident_code": ["I"]}, geometry=[Point(45, 6)], crs=CRS).to_crs(4490)
        assert found(smell) == ["P1", "P2", "P4"]
        with pytest.raises(InputError, match="no pipe lies within 5 m"):
            found(smell, within_m=5)

    def test_stops_are_found_and_nothing_beyond_them_barriers_are_not(self):
        assert found("M5", stops="M3") == ["P3"]
        assert found("M5", stops="P2") == ["P2", "P3"]
        assert found("M5", barriers="P2") == ["P3"]
        assert found("M5", barriers="M3") == []

    def test_rows_of_manholes_and_of_pipes_are_taken_by_their_codes(self):
        assert found(WELLS.query("manhole_code == 'M3'")) == ["P1", "P2", "P4"]
        assert found(DRAINS.query("pipe_code == 'P3'")) == ["P1", "P2", "P3", "P4"]

    def test_only_pipes_of_a_kind_are_followed(self):
        mixed = pipe_network(WELLS, DRAINS.assign(pipe_kind=["污水", "污水", "污水", "雨水"]))
        for kind in ("污水", "WS", "sewage"):
            assert trace(mixed, "M5", kinds=kind)["pipe_code"].tolist() == ["P1", "P2", "P3"]
        assert len(trace(mixed, "M5", kinds="排水")) == 4
        with pytest.raises(InputError, match="污氺"):
            trace(mixed, "M5", kinds="污氺")
        with pytest.raises(InputError, match="has no pipes of kind 给水; it has WS, YS"):
            trace(mixed, "M5", kinds="给水")

    def test_what_is_not_there_is_refused(self):
        with pytest.raises(InputError, match="no pipe or manhole M9"):
            found("M9")
        with pytest.raises(InputError, match="sideways"):
            found("M1", direction="sideways")

    def test_a_pipe_of_unknown_direction_is_followed_both_ways(self):
        mains = pipe_network(WELLS, DRAINS.assign(pipe_kind="给水", flow=None))
        assert len(trace(mains, "M2", direction="downstream")) == 4


class TestOutfalls:
    def test_every_drain_has_its_outfall_and_what_drains_through_it(self):
        rows = outfalls(NETWORK).set_index("pipe_code")
        assert set(rows["outfall_code"]) == {"M5"}
        assert rows["upstream_length_m"].to_dict() == {"P1": 30.0, "P2": 100.0, "P3": 140.0, "P4": 40.0}
        assert rows["upstream_manholes"].to_dict() == {"P1": 1, "P2": 3, "P3": 4, "P4": 1}
        assert rows["downstream_length_m"].to_dict() == {"P1": 100.0, "P2": 70.0, "P3": 40.0, "P4": 110.0}

    def test_a_registered_outfall_gives_its_name(self):
        register = gpd.GeoDataFrame({"outfall_code": ["PK01"]}, geometry=[Point(103, 0)], crs=CRS)
        rows = outfalls(NETWORK, registered=register)
        assert set(rows["outfall_code"]) == {"PK01"}
        assert rows["is_registered"].all()
        assert not outfalls(NETWORK, registered=register, within_m=2)["is_registered"].any()

    def test_where_flow_divides_there_are_several_outfalls_and_the_nearest_is_told(self):
        wells = pd.concat([WELLS, manholes_at(M6=(60, 20))], ignore_index=True)
        drains = pd.concat([DRAINS, pipes_of(P5=[(60, 0), (60, 20)]).assign(flow="顺向")], ignore_index=True)
        rows = outfalls(pipe_network(wells, drains)).set_index("pipe_code")
        assert rows.loc["P2", ["outfall_code", "several_outfalls"]].tolist() == ["M6", True]
        assert rows.loc["P3", ["outfall_code", "several_outfalls"]].tolist() == ["M5", False]
        assert rows.loc["P3", "upstream_length_m"] == 140.0

    def test_water_in_a_circle_comes_out_nowhere_and_that_is_said(self):
        wells = manholes_at(A=(0, 0), B=(30, 0), C=(0, 30))
        ring = pipes_of(P1=[(0, 0), (30, 0)], P2=[(30, 0), (0, 30)], P3=[(0, 30), (0, 0)])
        rows = outfalls(pipe_network(wells, ring))
        assert rows["outfall_code"].isna().all()
        assert rows["in_cycle"].all()
        assert rows["upstream_length_m"].tolist() == pytest.approx([60 + 30 * 2**0.5] * 3, abs=1e-3)

    def test_without_drains_there_are_no_rows(self):
        assert len(outfalls(pipe_network(WELLS, DRAINS.assign(pipe_kind="给水")))) == 0


class TestMisconnections:
    """Sewage at M1..M2, rain at M2..M5: the kinds are planted, each beside a near miss."""

    @pytest.mark.parametrize(
        ("kinds", "wrong"),
        [
            (["污水", "雨水", "雨水", "雨水"], {"P1": "sewage_into_rain"}),
            (["雨水", "污水", "污水", "污水"], {"P1": "rain_into_sewage"}),
            (["合流", "污水", "污水", "污水"], {"P1": "combined_into_separate"}),
            (["污水", "合流", "合流", "雨水"], {}),  # what combined pipes are for
            (["污水", "污水", "污水", "污水"], {}),
        ],
    )
    def test_what_runs_into_what(self, kinds, wrong):
        rows = misconnections(pipe_network(WELLS, DRAINS.assign(pipe_kind=kinds)))
        assert dict(zip(rows["pipe_code"], rows["misconnection"], strict=True)) == wrong

    def test_what_comes_through_and_where_it_comes_out_is_told(self):
        rows = misconnections(pipe_network(WELLS, DRAINS.assign(pipe_kind=["WS", "WS", "YS", "WS"])))
        told = rows[["pipe_code", "manhole_code", "into_pipes", "drains_m", "outfall_code", "is_sure"]]
        assert told.to_numpy(dtype=object).tolist() == [["P2", "M3", "P3", 100.0, "M5", True]]

    def test_a_sewer_that_ends_at_a_rain_manhole_is_one(self):
        wells = WELLS.assign(pipe_kind=["WS", "WS", "WS", "WS", "雨水"])
        rows = misconnections(pipe_network(wells, DRAINS))
        assert rows[["pipe_code", "misconnection", "into_pipes"]].to_numpy(dtype=object).tolist() == [
            ["P3", "sewage_into_rain", ""]
        ]
        assert len(misconnections(pipe_network(wells.assign(pipe_kind="WS"), DRAINS))) == 0

    @pytest.mark.parametrize("sewage", ["WS", "ws", " ＷＳ ", "污水", "污水管", "sewage", "WS(污水)"])
    @pytest.mark.parametrize("rain", ["YS", "雨水", "雨水管道", "rain water", "雨水-YS"])
    def test_kinds_are_codes_or_names(self, sewage, rain):
        drains = DRAINS.assign(pipe_kind=[sewage, rain, rain, sewage])
        assert misconnections(pipe_network(WELLS, drains))["pipe_code"].tolist() == ["P1", "P4"]

    def test_a_guessed_direction_is_not_sure(self):
        drains = DRAINS.assign(pipe_kind=["WS", "WS", "YS", "WS"]).drop(columns="flow")
        assert misconnections(pipe_network(WELLS, drains))["is_sure"].tolist() == [False]


class TestCritical:
    def test_two_parallel_pipes_are_no_bridge_and_the_manhole_behind_them_is_the_only_cut(self):
        wells = manholes_at(M1=(0, 0), M2=(30, 0), M3=(70, 0))
        mains = pipes_of(P1=[(0, 0), (30, 0)], P2=[(0, 0), (15, 3), (30, 0)], P3=[(30, 0), (70, 0)]).assign(
            pipe_kind="给水"
        )
        network = pipe_network(wells, mains)
        pipes = critical_pipes(network)
        assert pipes["is_bridge"].tolist() == [False, False, True]
        nodes = critical_manholes(network)
        assert nodes.loc[nodes["is_cut"], "node_code"].tolist() == ["M2"]
        assert nodes["cut_off_m"].tolist() == [0.0, 40.0, 0.0]

    def test_with_a_source_what_lies_behind_it_is_cut_off_however_large(self):
        source = gpd.GeoDataFrame({"source_code": ["S"]}, geometry=[Point(100, 0)], crs=CRS)
        mains = pipe_network(WELLS, DRAINS.assign(pipe_kind="给水"))
        fed = critical_pipes(mains, sources=source).set_index("pipe_code")
        assert fed["cut_off_m"].to_dict() == {"P1": 0.0, "P2": 70.0, "P3": 100.0, "P4": 0.0}
        assert critical_pipes(mains).set_index("pipe_code")["cut_off_m"]["P3"] == 0.0

    def test_parts_that_no_source_reaches_are_told(self):
        source = gpd.GeoDataFrame({"source_code": ["S"]}, geometry=[Point(0, 0)], crs=CRS)
        apart = DRAINS.assign(pipe_kind="给水").drop(index=1)
        rows = critical_pipes(pipe_network(WELLS, apart), sources=source).set_index("pipe_code")
        assert rows["is_fed"].to_dict() == {"P1": True, "P3": False, "P4": True}


@pytest.mark.parametrize("seed", range(20))
def test_a_network_of_any_shape_is_traced_as_networkx_does(seed):
    """Wells on a ring and drains between any two of them, some twice, some from a well to itself."""
    rng = np.random.default_rng(seed)
    turn = np.linspace(0, 6.2, 25)
    places = {f"M{n}": (500 * np.cos(a), 500 * np.sin(a)) for n, a in enumerate(turn)}
    ends = rng.integers(0, 25, (30, 2)).tolist()
    ends += [ends[0], ends[1]]
    lines = {f"P{n}": [places[f"M{a}"], (n * 1.0, 7.0 * n), places[f"M{b}"]] for n, (a, b) in enumerate(ends)}
    drains = pipes_of(**lines).assign(
        from_manhole=[f"M{a}" for a, _ in ends], to_manhole=[f"M{b}" for _, b in ends], flow="顺向"
    )
    network = pipe_network(manholes_at(**places), drains)
    peer = nx.MultiDiGraph()
    peer.add_nodes_from(places)
    peer.add_edges_from((f"M{a}", f"M{b}", f"P{n}") for n, (a, b) in enumerate(ends))
    for start in ("M0", "M7", "M19"):
        above = nx.ancestors(peer, start) | {start}
        wanted = {pipe for _, into, pipe in peer.edges(keys=True) if into in above}
        assert set(trace(network, start)["pipe_code"]) == wanted
    rows = outfalls(network).set_index("pipe_code")
    for tail, _, pipe in peer.edges(keys=True):
        above = nx.ancestors(peer, tail) | {tail}
        through = {p for _, b, p in peer.edges(keys=True) if b in above} | {pipe}
        length = drains.set_index("pipe_code").length[sorted(through)].sum()
        assert rows["upstream_length_m"][pipe] == pytest.approx(length, abs=0.01)
