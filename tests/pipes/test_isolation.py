"""A burst main: valves to close, what is isolated, what is without supply.

S --V1-- A --V2-- B ---- C --V3-- S2       V3 is closed; the main breaks between V1 and V2
"""

from __future__ import annotations

import warnings

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from networks_of import CRS, manholes_at, pipes_of, sources_at, valves_at
from shapely import LineString, Point

from zjk_gis.errors import InputError
from zjk_gis.pipes import isolation_segments, pipe_network, shut_off

WELLS = manholes_at(S=(0, 0), A=(100, 0), B=(200, 0), C=(300, 0), S2=(400, 0))
MAINS = pipes_of(
    SA=[(0, 0), (100, 0)], AB=[(100, 0), (200, 0)], BC=[(200, 0), (300, 0)], CS2=[(300, 0), (400, 0)]
).assign(pipe_kind="给水")
VALVES = valves_at(V1=(10, 0), V2=(110, 0), V3=(390, 0)).assign(valve_state=["开", "开", "关"])
SOURCES = sources_at(W1=(0, 0), W2=(400, 0))
NETWORK = pipe_network(WELLS, MAINS)


def lengths(closed):
    return closed.pipes.groupby("state")["length_m"].sum().to_dict()


def test_what_is_isolated_is_not_all_that_is_without_supply():
    closed = shut_off(NETWORK, "SA", valves=VALVES, sources=SOURCES)
    assert closed.valves["valve_code"].tolist() == ["V1", "V2"]
    assert lengths(closed) == {"isolated": 100.0, "without_supply": 280.0}


@pytest.mark.parametrize("how", ["named", "in its column"])
def test_where_a_valve_cannot_be_turned_the_next_is_closed(how):
    valves = VALVES.assign(is_operable=["是", "否", "是"]) if how == "in its column" else VALVES
    inoperable = ["V2"] if how == "named" else []
    closed = shut_off(NETWORK, "SA", valves=valves, sources=SOURCES, inoperable=inoperable)
    assert closed.valves["valve_code"].tolist() == ["V1"]  # V3 is closed already
    assert closed.stuck["valve_code"].tolist() == ["V2"]
    assert lengths(closed) == {"isolated": 380.0}


def test_the_next_ring_is_said():
    valves = VALVES.assign(valve_state="开")
    closed = shut_off(NETWORK, "SA", valves=valves, sources=SOURCES, inoperable=["V2"])
    assert closed.valves[["valve_code", "ring"]].to_numpy(dtype=object).tolist() == [["V1", 1], ["V3", 2]]


def test_a_ring_main_keeps_its_supply_from_the_other_side():
    valves = VALVES.assign(valve_state="开")
    closed = shut_off(NETWORK, "SA", valves=valves, sources=SOURCES)
    assert lengths(closed) == {"isolated": 100.0}
    assert closed.valves["feeds"].tolist() == [True, True]


def test_without_sources_only_what_is_isolated_is_told():
    closed = shut_off(NETWORK, "SA", valves=VALVES)
    assert not closed.supply_known
    assert lengths(closed) == {"isolated": 100.0}


def test_what_had_no_supply_even_before_is_told_and_not_counted_as_lost():
    """V2 is closed already and so is V3: between them nobody had water before the main broke."""
    valves = VALVES.assign(valve_state=["开", "关", "关"])
    closed = shut_off(NETWORK, "SA", valves=valves, sources=SOURCES)
    assert lengths(closed) == {"isolated": 100.0}
    assert closed.not_fed_before_m == 280.0


def test_users_and_hydrants_are_lost_where_their_pipe_is():
    users = gpd.GeoDataFrame(
        {"user_code": ["U1", "U2", "H1"], "user_kind": ["居民", "医院", "消火栓"]},
        geometry=[Point(50, 5), Point(5, 5), Point(250, 3)],
        crs=CRS,
    )
    closed = shut_off(NETWORK, "SA", valves=VALVES, sources=SOURCES, users=users)
    assert closed.users[["user_code", "state"]].to_numpy(dtype=object).tolist() == [
        ["U1", "isolated"],
        ["H1", "without_supply"],
    ]


def test_a_burst_may_be_an_incident_on_a_stretch_between_valves():
    incident = gpd.GeoDataFrame({"incident_code": ["I1"]}, geometry=[Point(150, 8)], crs=CRS)
    closed = shut_off(NETWORK, incident, valves=VALVES, sources=SOURCES)
    assert closed.valves["valve_code"].tolist() == ["V2"]
    assert lengths(closed) == {"isolated": 280.0}


def test_valves_that_shut_nothing_off_and_those_on_no_pipe_are_told():
    valves = pd.concat(
        [
            VALVES.assign(valve_kind="闸阀"),
            valves_at(V8=(50, 0), V9=(50, 900)).assign(valve_kind=["排气阀", "闸阀"], valve_state="开"),
        ],
        ignore_index=True,
    )
    closed = shut_off(NETWORK, "SA", valves=valves, sources=SOURCES)
    assert closed.left_out[["code", "why"]].to_numpy(dtype=object).tolist() == [
        ["V8", "does_not_shut"],
        ["V9", "nothing_near"],
    ]
    assert lengths(closed) == {"isolated": 100.0, "without_supply": 280.0}


def test_at_a_crossing_a_valve_must_say_which_pipe_it_shuts_off():
    wells = manholes_at(S=(0, 0), A=(100, 0), B=(200, 0), C=(100, 100))
    mains = pipes_of(SA=[(0, 0), (100, 0)], AB=[(100, 0), (200, 0)], AC=[(100, 0), (100, 100)])
    network = pipe_network(wells, mains.assign(pipe_kind="给水"))
    valves = valves_at(V1=(100, 0), V2=(100, 0)).assign(manhole_code="A", pipe_code=[None, "AB"])
    closed = shut_off(network, "AB", valves=valves, sources=sources_at(W=(0, 0)))
    assert closed.left_out[["code", "why"]].to_numpy(dtype=object).tolist() == [["V1", "which_pipe"]]
    assert closed.valves["valve_code"].tolist() == ["V2"]
    assert lengths(closed) == {"isolated": 100.0}


def test_a_sewer_beside_the_main_has_no_part_in_it():
    wells = pd.concat([WELLS, manholes_at(W1=(0, 0.2), W2=(400, 0.2))], ignore_index=True)
    pipes = pd.concat([MAINS, pipes_of(WS1=[(0, 0.2), (400, 0.2)])], ignore_index=True)
    closed = shut_off(pipe_network(wells, pipes), "SA", valves=VALVES, sources=SOURCES)
    assert lengths(closed) == {"isolated": 100.0, "without_supply": 280.0}


def test_a_house_without_return_flow_is_without_heat():
    """Supply and return run side by side; only the return breaks."""
    wells = manholes_at(H=(0, 0), A=(100, 0), B=(200, 0), H2=(0, 1), A2=(100, 1), B2=(200, 1))
    heat = pipes_of(
        G1=[(0, 0), (100, 0)], G2=[(100, 0), (200, 0)], R1=[(0, 1), (100, 1)], R2=[(100, 1), (200, 1)]
    ).assign(pipe_kind="热水", circuit=["供水", "供水", "回水", "回水"])
    network = pipe_network(wells, heat)
    valves = valves_at(G=(110, 0), R=(110, 1)).assign(pipe_code=["G2", "R2"])
    users = gpd.GeoDataFrame({"user_code": ["near", "far"]}, geometry=[Point(50, 9), Point(180, 9)], crs=CRS)
    source = sources_at(H=(0, 0.5))
    closed = shut_off(network, "R2", valves=valves, sources=source, users=users)
    assert closed.valves["valve_code"].tolist() == ["R"]
    assert closed.users[["user_code", "state"]].to_numpy(dtype=object).tolist() == [["far", "isolated"]]


def test_what_is_asked_must_be_there():
    with pytest.raises(InputError, match="no pipe or manhole XX"):
        shut_off(NETWORK, "XX", valves=VALVES)
    with pytest.raises(InputError, match="no valve V7"):
        shut_off(NETWORK, "SA", valves=VALVES, inoperable=["V7"])


def street_grid(seed: int, *, side: int = 8) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return wells, mains between neighbours (some twice) and valves near their ends."""
    rng = np.random.default_rng(seed)
    places = {f"N{x}-{y}": (100.0 * x, 100.0 * y) for x in range(side) for y in range(side)}
    pairs = [(f"N{x}-{y}", f"N{x + 1}-{y}") for x in range(side - 1) for y in range(side)]
    pairs += [(f"N{x}-{y}", f"N{x}-{y + 1}") for x in range(side) for y in range(side - 1)]
    pairs = [pairs[at] for at in rng.permutation(len(pairs))[: int(0.7 * len(pairs))]]
    pairs += pairs[:3]
    lines = {f"P{n}": [places[a], places[b]] for n, (a, b) in enumerate(pairs)}
    mains = pipes_of(**lines).assign(
        pipe_kind="给水", from_manhole=[a for a, _ in pairs], to_manhole=[b for _, b in pairs]
    )
    stands = [(n, end) for n in range(len(pairs)) for end in (0, 1) if rng.random() < 0.4]
    valves = gpd.GeoDataFrame(
        {
            "valve_code": [f"V{n}{'ab'[end]}" for n, end in stands],
            "pipe_code": [f"P{n}" for n, _ in stands],
            "manhole_code": [pairs[n][end] for n, end in stands],
            "valve_state": ["关" if rng.random() < 0.1 else "开" for _ in stands],
            "is_operable": ["否" if rng.random() < 0.15 else "是" for _ in stands],
        },
        geometry=[Point(places[pairs[n][end]]) for n, end in stands],
        crs=CRS,
    )
    return manholes_at(**places), mains, valves


def by_hand(
    mains: gpd.GeoDataFrame, valves: gpd.GeoDataFrame, broken: str, source: str
) -> dict[str, set[str]]:
    """Work out a shut-off from its definition: a graph of wells and mains, an edge where they meet."""
    stands = {(p, m): v for p, m, v in zip(valves.pipe_code, valves.manhole_code, valves.index, strict=True)}
    meets = [
        (pipe, well, stands.get((pipe, well)))
        for pipe, a, b in zip(mains.pipe_code, mains.from_manhole, mains.to_manhole, strict=True)
        for well in (a, b)
    ]
    closed = {v for v in valves.index if valves.valve_state[v] == "关"}
    stuck = {v for v in valves.index if valves.is_operable[v] == "否"}

    def graph(shut):
        whole = nx.Graph()
        whole.add_nodes_from([*mains.pipe_code, *mains.from_manhole, *mains.to_manhole])
        whole.add_edges_from((p, w) for p, w, v in meets if v is None or v not in shut)
        return whole

    can_shut = closed | (set(valves.index) - stuck)
    isolated = nx.node_connected_component(graph(can_shut), broken)
    closing = {v for p, w, v in meets if v in can_shut - closed and (p in isolated) != (w in isolated)}
    open_ = graph(closed | closing)
    fed = set() if source in isolated else nx.node_connected_component(open_, source)
    before = nx.node_connected_component(graph(closed), source)
    pipes = set(mains.pipe_code)
    return {
        "close": {valves.valve_code[v] for v in closing},
        "isolated": isolated & pipes,
        "without_supply": (before - fed - isolated) & pipes,
    }


@pytest.mark.parametrize("seed", range(6))
def test_a_shut_off_is_what_its_definition_says(seed):
    wells, mains, valves = street_grid(seed)
    network = pipe_network(wells, mains)
    source = sources_at(W=(0, 0))
    for broken in mains["pipe_code"][::5]:
        closed = shut_off(network, broken, valves=valves, sources=source)
        states = closed.pipes.groupby("state")["pipe_code"].agg(set).to_dict()
        assert {
            "close": set(closed.valves["valve_code"]),
            "isolated": states.get("isolated", set()),
            "without_supply": states.get("without_supply", set()),
        } == by_hand(mains, valves, broken, "N0-0"), broken


@pytest.mark.parametrize("seed", range(100))
def test_segments_are_those_of_wntr(seed):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wntr
    wells, mains, valves = street_grid(seed, side=5 + seed % 5)
    links = nx.MultiGraph()
    links.add_nodes_from(wells["manhole_code"])
    for row in mains.itertuples():
        links.add_edge(row.from_manhole, row.to_manhole, row.pipe_code)
    layer = pd.DataFrame({"link": valves["pipe_code"], "node": valves["manhole_code"]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, of_link, _ = wntr.metrics.topographic.valve_segments(links, layer)
    theirs = of_link.groupby(of_link).apply(lambda each: frozenset(each.index))
    ours = isolation_segments(pipe_network(wells, mains), valves)
    assert set(ours.groupby("segment")["pipe_code"].agg(frozenset)) == set(theirs)
    assert ours["length_m"].sum() == pytest.approx(mains.length.sum())


def test_a_valve_in_the_middle_of_a_main_divides_it():
    found = isolation_segments(NETWORK, VALVES)
    assert found.groupby("segment")["length_m"].sum().tolist() == [10.0, 100.0, 280.0, 10.0]
    assert found["segment_valves"].unique().tolist() == ["V1", "V1;V2", "V2;V3", "V3"]
    assert isinstance(found.geometry.iloc[0], LineString)
