"""Drains that back up: beside a search that tries every way out, one by one."""

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
from networks_of import CRS, manholes_at, pipes_of
from shapely import LineString, Point, box

from zjk_gis.errors import InputError
from zjk_gis.pipes import backed_up, excavation_impact, pipe_network

# M1 -> M2 -> M3 -> M4, where M2 has an overflow to M5; water runs in a main beside them.
WELLS = manholes_at(M1=(0, 0), M2=(30, 0), M3=(60, 0), M4=(90, 0), M5=(30, 40), V1=(0, 9), V2=(90, 9))
PIPES = pipes_of(
    P1=[(0, 0), (30, 0)],
    P2=[(30, 0), (60, 0)],
    P3=[(60, 0), (90, 0)],
    P4=[(30, 0), (30, 40)],
    W=[(0, 9), (90, 9)],
).assign(flow="顺向", pipe_kind=["污水"] * 4 + ["给水"])
NETWORK = pipe_network(WELLS, PIPES)


def told(rows):
    return dict(zip(rows["pipe_code"], rows["distance_m"], strict=True))


def test_what_has_no_other_way_out_backs_up():
    assert told(backed_up(NETWORK, "P3")) == {"P2": 0.0}  # P1 runs off through the overflow
    assert told(backed_up(NETWORK, "P2")) == {}
    assert told(backed_up(NETWORK, ["P2", "P4"])) == {"P1": 0.0}
    assert told(backed_up(NETWORK, "M2")) == {"P1": 0.0}


def test_a_place_near_a_drain_blocks_it():
    burst = gpd.GeoDataFrame(geometry=[Point(75, 3)], crs=CRS)
    assert told(backed_up(NETWORK, burst)) == {"P2": 0.0}


def test_only_drains_back_up():
    with pytest.raises(InputError, match="drain"):
        backed_up(NETWORK, "W")


def test_a_dig_tells_what_backs_up_and_where_first():
    dig = gpd.GeoDataFrame(geometry=[box(70, -5, 80, 12)], crs=CRS)
    found = excavation_impact(dig, PIPES, network=NETWORK).set_index("pipe_code")
    columns = ["backs_up_m", "backs_up_manholes", "backs_up_first"]
    assert found.loc["P3", columns].tolist() == [30.0, 2, "M3"]
    assert found.loc["W", columns].tolist() == [0.0, 0, ""]


@pytest.mark.parametrize("seed", range(20))
def test_random_drains_with_loops_and_parallels(seed):
    rng = np.random.default_rng(seed)
    places = {f"N{i}": tuple(rng.uniform(0, 900, 2)) for i in range(25)}
    ways = [tuple(pair) for pair in rng.choice([*places], (40, 2)) if pair[0] != pair[1]]
    pipes = gpd.GeoDataFrame(
        {
            "pipe_code": [f"P{i}" for i in range(len(ways))],
            "pipe_kind": "WS",
            "flow": "顺向",
            "from_manhole": [a for a, _ in ways],
            "to_manhole": [b for _, b in ways],
        },
        geometry=[LineString([places[a], places[b]]) for a, b in ways],
        crs=CRS,
    )
    network = pipe_network(manholes_at(**places), pipes, within_m=1e-6)
    for blocked in range(0, len(ways), 7):
        graph = nx.MultiDiGraph()
        graph.add_nodes_from(places)
        graph.add_edges_from((a, b) for i, (a, b) in enumerate(ways) if i != blocked)
        every = {a for a, _ in ways}
        ends = {b for _, b in ways} - every
        behind = {ways[blocked][0], *nx.ancestors(graph, ways[blocked][0])}
        out = set().union(ends, *(nx.ancestors(graph, end) for end in ends))
        expected = {f"P{i}" for i, (_, b) in enumerate(ways) if i != blocked and b in behind and b not in out}
        assert set(backed_up(network, f"P{blocked}")["pipe_code"]) == expected
