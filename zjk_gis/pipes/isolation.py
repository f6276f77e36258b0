"""A burst main: which valves to close, what is isolated, who is without supply (爆管关阀分析).

Valves divide a network into segments: what hangs together while all of them are shut. A burst isolates its
segment, and where a valve of it cannot be turned, the segment beyond as well. What is *isolated* is not all
that is *without supply*: beyond it there may be pipes that no source reaches any more. The second question is
asked from the sources, with the valves closed. Pressure is not asked at all: that is hydraulics.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.excerpts import excerpt
from zjk_gis.layers.metric import require_amounts
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.networks import Graph, Pieces, components, segments, spread
from zjk_gis.pipes.in_use import in_use
from zjk_gis.pipes.places import edges_and_nodes, of_class, placed_on
from zjk_gis.pipes.topology.network import cut_lines
from zjk_gis.pipes.valves import VALVES, Valved, codes_of, concerned, cut_at_valves, left_out_of
from zjk_gis.presentation import Presentation, presented
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from zjk_gis.layers.spec import LayerSpec
    from zjk_gis.pipes.topology import PipeNetwork

__all__ = ["ShutOff", "isolation_segments", "shut_off"]

SOURCES, USERS = CATALOGUE["supply_sources"], CATALOGUE["pipe_users"]
_AT_END_M = 1e-6


@presented
@checked
@dataclass(frozen=True)
class ShutOff:
    """What closing valves at a burst does.

    Attributes
    ----------
    valves : GeoDataFrame
        The valves to close, in the order of their codes, with ``ring`` (1: at the burst; 2 and more: because
        a valve nearer to it cannot be turned) and ``feeds`` (whether supply arrives at it from outside:
        without it, closing keeps water in, not out).
    stuck : GeoDataFrame
        The valves that would have been closed but cannot be turned.
    pipes : GeoDataFrame
        The pieces of pipes concerned: ``state`` (``isolated``, ``without_supply``) and ``length_m``.
    users : GeoDataFrame or None
        The users concerned, with ``state``: hydrants among them.
    left_out : DataFrame
        Valves, sources and users that do not count, each with the reason (``why``).
    supply_known : bool
        Whether a source stands on the network: without one only what is isolated can be told.
    not_fed_before_m : float
        How much pipe of the same part no source reached even before, as where a valve is closed that should
        not be.
    """

    valves: gpd.GeoDataFrame
    stuck: gpd.GeoDataFrame
    pipes: gpd.GeoDataFrame
    users: gpd.GeoDataFrame | None
    left_out: pd.DataFrame
    supply_known: bool
    not_fed_before_m: float = 0.0

    def length_m(self, state: str) -> float:
        """Return how long the pipes of a state are together."""
        return float(self.pipes.loc[self.pipes["state"] == state, "length_m"].sum())

    def _presentation(self) -> Presentation:
        told = tr(
            "Valves to close: {valves:,}; isolated: {isolated:,.1f} m of pipes; without supply beyond them: "
            "{without:,.1f} m. Users concerned: {users}.",
            valves=len(self.valves),
            isolated=self.length_m("isolated"),
            without=self.length_m("without_supply"),
            users=tr("not asked") if self.users is None else f"{len(self.users):,}",
        )
        return excerpt(told, self.valves, ["valve_code", "ring", "feeds", "valve_kind", "road_name"])


@checked
def isolation_segments(
    network: PipeNetwork,
    valves: gpd.GeoDataFrame,
    *,
    within_m: float = 1.0,
    at: str | dt.date | None = None,
) -> gpd.GeoDataFrame:
    """Find what can be isolated alone when all valves around it are closed (阀门隔离单元).

    Parameters
    ----------
    network : PipeNetwork
    valves : GeoDataFrame
        Points with ``valve_code``; see `shut_off`.
    within_m : float, default 1.0
        How near a valve that names no pipe must lie to one.
    at : date or str, optional
        The network and what stands on it as they were on this day, by ``valid_from`` and ``valid_to``; by
        default all of it.

    Returns
    -------
    GeoDataFrame
        The pipes, cut at valves, each piece with ``segment`` (int64, from 0, in the order of the pipes),
        ``segment_length_m``, ``segment_valves`` (the codes of those around it, joined by ``;``) and
        ``length_m``. ``attrs["left_out"]`` lists the valves that do not count, each with ``why``.

    Raises
    ------
    InputError
        If the valves cannot be used.

    Notes
    -----
    Segments as by Walski (1993) and `wntr.metrics.topographic.valve_segments`: the vertices are nodes and
    pipes, joined where no valve stands.

    Examples
    --------
    A main of 100 m with a valve at 40 m:

    >>> from shapely import LineString
    >>> from zjk_gis.pipes import pipe_network
    >>> manholes = gpd.GeoDataFrame(
    ...     {"manhole_code": ["A", "B"]}, geometry=gpd.points_from_xy([0, 100], [0, 0]), crs=4547
    ... )
    >>> main = gpd.GeoDataFrame(
    ...     {"pipe_code": ["P"], "pipe_kind": "给水"}, geometry=[LineString([(0, 0), (100, 0)])], crs=4547
    ... )
    >>> valves = gpd.GeoDataFrame({"valve_code": ["V"]}, geometry=gpd.points_from_xy([40], [0]), crs=4547)
    >>> segments = isolation_segments(pipe_network(manholes, main), valves)
    >>> segments[["pipe_code", "segment", "segment_length_m", "segment_valves"]]
      pipe_code  segment  segment_length_m segment_valves
    0         P        0              40.0              V
    0         P        1              60.0              V
    """
    network, aside = network.on(at), SetAside()
    valved = cut_at_valves(network, in_use(valves, VALVES.name, at, aside), (), within_m)
    pieces = valved.pieces
    label = segments(pieces, np.ones(len(valved.rows), dtype=bool))
    of_piece = label[pieces.nodes :]
    length = pieces.ends - pieces.begins
    shown = np.flatnonzero(length > 0)
    number, _ = pd.factorize(of_piece[shown])
    stands = pieces.valve >= 0
    sides = pd.DataFrame(
        {
            "segment": np.concatenate([label[pieces.first[stands]], label[pieces.second[stands]]]),
            "valve": np.tile(codes_of(valved.rows, VALVES.code)[pieces.valve[stands]], 2),
        }
    ).drop_duplicates()
    around = sides.sort_values("valve", kind="stable").groupby("segment")["valve"].agg(";".join)
    total = np.bincount(of_piece, length, minlength=len(pieces))
    answers = {
        "segment": number,
        "segment_length_m": np.round(total[of_piece[shown]], 3),
        "segment_valves": pd.Series(of_piece[shown]).map(around).fillna("").array,
    }
    result = _pieces_shown(network, pieces, shown, answers)
    result.attrs["left_out"] = valved.left_out
    return aside.added_to(result)


@checked
def shut_off(
    network: PipeNetwork,
    pipe: str | Sequence[str] | gpd.GeoDataFrame,
    *,
    valves: gpd.GeoDataFrame,
    sources: gpd.GeoDataFrame | None = None,
    inoperable: Sequence[str] = (),
    users: gpd.GeoDataFrame | None = None,
    within_m: float = 1.0,
    users_within_m: float = 30.0,
    at: str | dt.date | None = None,
) -> ShutOff:
    """Tell which valves to close at a burst, what they isolate, and who is without supply (爆管关阀分析).

    Parameters
    ----------
    network : PipeNetwork
    pipe : str, sequence of str or GeoDataFrame
        What is broken: codes of pipes, or rows, such as an incident, of which the nearest pipe counts.
    valves : GeoDataFrame
        Points with ``valve_code``, perhaps with ``pipe_code`` or ``manhole_code`` (where it stands; without
        them the nearest pipe), ``valve_kind`` (check, air, drain and pressure valves do not shut a pipe off),
        ``valve_state`` (a closed one stays closed) and ``is_operable``.
    sources : GeoDataFrame, optional
        Points with ``source_code``: waterworks, gas stations, heat sources. Without them only what is
        isolated is told.
    inoperable : sequence of str, optional
        Codes of valves that cannot be turned, besides those whose ``is_operable`` says so: the next ones
        behind them are closed.
    users : GeoDataFrame, optional
        Points with ``user_code``, perhaps with ``user_kind``: hydrants are users.
    within_m : float, default 1.0
        How near a valve or source that names no pipe must lie to one; the nearest counts.
    users_within_m : float, default 30.0
        The same of users and of a burst given as a point.
    at : date or str, optional
        The network and what stands on it as they were on this day, by ``valid_from`` and ``valid_to``; by
        default all of it.

    Returns
    -------
    ShutOff

    Raises
    ------
    InputError
        If a code is not known, or a layer cannot be used.

    Notes
    -----
    Topology alone: a pipe that a source still reaches may have too little pressure. Heat: where pipes say
    which ``circuit`` they belong to (供水, 回水), a source and a user stand on both, and a user is without
    supply as soon as one of the two is.

    Examples
    --------
    ``S--V1--A--V2--B----C--V3--S2``, V3 is closed. Between V1 and V2 the main breaks: B and C are not
    isolated, but no source reaches them.

    >>> from shapely import LineString
    >>> from zjk_gis.pipes import pipe_network
    >>> x = [0, 100, 200, 300, 400]
    >>> manholes = gpd.GeoDataFrame(
    ...     {"manhole_code": ["S", "A", "B", "C", "S2"]}, geometry=gpd.points_from_xy(x, [0] * 5), crs=4547
    ... )
    >>> mains = gpd.GeoDataFrame(
    ...     {"pipe_code": ["P1", "P2", "P3", "P4"], "pipe_kind": "给水"},
    ...     geometry=[LineString([(a, 0), (a + 100, 0)]) for a in x[:4]],
    ...     crs=4547,
    ... )
    >>> valves = gpd.GeoDataFrame(
    ...     {"valve_code": ["V1", "V2", "V3"], "valve_state": ["开", "开", "关"]},
    ...     geometry=gpd.points_from_xy([10, 110, 390], [0] * 3),
    ...     crs=4547,
    ... )
    >>> sources = gpd.GeoDataFrame(
    ...     {"source_code": ["W1", "W2"]}, geometry=gpd.points_from_xy([0, 400], [0] * 2), crs=4547
    ... )
    >>> closed = shut_off(pipe_network(manholes, mains), "P1", valves=valves, sources=sources)
    >>> closed.valves[["valve_code", "ring", "feeds"]]
      valve_code  ring  feeds
    0         V1     1   True
    1         V2     1  False
    >>> closed.pipes[["pipe_code", "state", "length_m"]]
      pipe_code           state  length_m
    0        P1        isolated      90.0
    1        P2        isolated      10.0
    1        P2  without_supply      90.0
    2        P3  without_supply     100.0
    3        P4  without_supply      90.0
    """
    require_amounts(within_m=within_m, users_within_m=users_within_m)
    network, aside = network.on(at), SetAside()
    valves, sources, users = (
        in_use(layer, spec.name, at, aside)
        for layer, spec in ((valves, VALVES), (sources, SOURCES), (users, USERS))
    )
    edges, nodes = edges_and_nodes(network, pipe, name="pipe", within_m=users_within_m)
    same = _of_one_class(network, edges, nodes)
    valved = cut_at_valves(network, valves, inoperable, within_m, same)
    pieces = valved.pieces
    broken = _broken(network, pipe, edges, nodes, valved, users_within_m)
    # 1. Every valve that can be closed, or is, is a border; the burst isolates its segment.
    label = segments(pieces, ~valved.is_open | ~valved.is_stuck)
    burst = np.unique(label[broken])
    isolated = np.isin(label, burst)
    ring = _rings(pieces, valved, broken)
    stands = pieces.valve >= 0
    first, second, valve = pieces.first[stands], pieces.second[stands], pieces.valve[stands]
    on_border = isolated[first] != isolated[second]
    closing = np.zeros(len(valved.rows), dtype=bool)
    closing[valve[on_border]] = True
    closing &= valved.is_open
    # 2. From the sources, with these valves closed: what is still reached.
    left_out = [{**row, "code": row["value"]} for row in aside.rows] + valved.left_out
    fed_from = np.empty(0, np.int64)
    if sources is not None:
        fed_from = _vertices(network, sources, SOURCES, valved, within_m, same, left_out)[1]
    before = _fed(pieces, fed_from, ~valved.is_open)
    after = _fed(pieces, fed_from[~isolated[fed_from]], ~valved.is_open | closing) & ~isolated
    state = np.full(len(pieces), "", dtype=object)
    if sources is not None:
        state[~after] = "without_supply"
        state[~after & ~before] = "not_fed_before"
    state[isolated] = "isolated"
    outside = np.where(isolated[first], second, first)
    feeds = np.zeros(len(valved.rows), dtype=bool)
    feeds[valve] = after[outside]
    told = valved.rows[closing]
    told = with_answers(told, {"ring": ring[closing], "feeds": feeds[closing]})
    stuck = valved.is_stuck & valved.is_open & (ring > 0)
    of_piece = state[pieces.nodes :]
    reach = np.isin(pieces.edge, np.flatnonzero(_same_part(network, edges, nodes)))
    length = pieces.ends - pieces.begins
    kept = (of_piece != "") & (length > 0) & (reach | (of_piece == "isolated"))
    shown = np.flatnonzero(kept & (of_piece != "not_fed_before"))
    answers = {"state": pd.array(of_piece[shown], dtype="str")}
    lost = None
    if users is not None:
        lost = _lost_users(network, users, valved, state, users_within_m, same, left_out)
    return ShutOff(
        told.sort_values(VALVES.code, kind="stable"),
        valved.rows[stuck],
        _pieces_shown(network, pieces, shown, answers),
        lost,
        pd.DataFrame(left_out, columns=["layer", "row", "code", "why"]),
        sources is not None and len(fed_from) > 0,
        float(length[kept & (of_piece == "not_fed_before")].sum()),
    )


def _broken(
    network: PipeNetwork,
    pipe: str | Sequence[str] | gpd.GeoDataFrame,
    edges: NDArray[np.int64],
    nodes: NDArray[np.int64],
    valved: Valved,
    within_m: float,
) -> NDArray[np.int64]:
    """Return the vertices that are broken: the piece a point lies on, else all pieces of the pipes named.

    Of a pipe that is only named nobody knows where it is broken: all of it but the stubs that a valve at its
    very end makes.
    """
    pieces = valved.pieces
    if isinstance(pipe, gpd.GeoDataFrame) and not {"pipe_code", "manhole_code"} & set(pipe.columns):
        placed = placed_on(network, pipe, "pipe", within_m=within_m)
        return valved.pieces_at(placed.edge, placed.along)
    whole = np.isin(pieces.edge, edges) & (pieces.ends > pieces.begins)
    longest: dict[int, int] = {}
    for at in np.flatnonzero(whole).tolist():
        edge = int(pieces.edge[at])
        known = longest.get(edge)
        if known is None or _size(pieces, at) > _size(pieces, known):
            longest[edge] = at
    return np.concatenate([nodes, np.array(sorted(longest.values()), np.int64) + pieces.nodes])


def _size(pieces: Pieces, at: int) -> float:
    return float(pieces.ends[at] - pieces.begins[at])


def _rings(pieces: Pieces, valved: Valved, broken: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each valve in which ring around the burst it stands: how many stuck ones lie before it, + 1.

    0 where it is not reached without passing a valve that can be closed.
    """
    label = segments(pieces, np.ones(len(valved.rows), dtype=bool))
    stands = pieces.valve >= 0
    first, second = label[pieces.first[stands]], label[pieces.second[stands]]
    valve = pieces.valve[stands]
    passes = valved.is_stuck[valve] & valved.is_open[valve]
    size = int(label.max()) + 1
    between = Graph(size, first, second)
    reached = spread(between.both, len(between), np.unique(label[broken]), shut_edges=~passes)
    steps = np.stack([reached.nodes[first], reached.nodes[second]]).astype(np.int64)
    nearer = np.where((steps >= 0).all(axis=0), steps.min(axis=0), steps.max(axis=0))
    ring = np.zeros(len(valved.rows), np.int64)
    ring[valve] = nearer + 1
    return ring


def _fed(pieces: Pieces, sources: NDArray[np.int64], shut: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which vertices sources reach while some valves are shut."""
    stands = pieces.valve >= 0
    is_open = ~stands
    is_open[stands] = ~shut[pieces.valve[stands]]
    label = components(len(pieces), pieces.first[is_open], pieces.second[is_open])
    return np.isin(label, label[sources])


def _vertices(
    network: PipeNetwork,
    layer: gpd.GeoDataFrame,
    spec: LayerSpec,
    valved: Valved,
    within_m: float,
    among: NDArray[np.bool_],
    left_out: list[dict[str, Any]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the position and the vertex of each thing on the network, once for each circuit."""
    rows, position = concerned(network, layer, spec, among)
    standing = np.zeros(len(rows), dtype=bool)
    row, vertices = [], []
    for circuit in network.circuits:
        placed = placed_on(network, rows, spec.name, within_m=within_m, among=among & circuit)
        vertex = valved.pieces_at(placed.edge, placed.along)
        if spec is SOURCES:  # one at a node feeds all that meets there, not only one of the pipes
            edge = np.maximum(placed.edge, 0)
            at_tail = (placed.edge >= 0) & (placed.along <= _AT_END_M)
            at_head = (placed.edge >= 0) & (placed.along >= network.length[edge] - _AT_END_M)
            vertex = np.where(at_tail, network.graph.tail[edge], vertex)
            vertex = np.where(at_head & ~at_tail, network.graph.head[edge], vertex)
        standing |= placed.edge >= 0
        row.append(np.flatnonzero(placed.edge >= 0))
        vertices.append(vertex[placed.edge >= 0])
    left_out += left_out_of(rows, codes_of(rows, spec.code), placed, spec.name, ~standing)
    return position[np.concatenate(row)], np.concatenate(vertices)


def _of_one_class(
    network: PipeNetwork, edges: NDArray[np.int64], nodes: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell which edges are of the class of what is broken, such as water supply."""
    broken = edges if len(edges) else np.concatenate([network.edges_at(node) for node in nodes])
    same = np.zeros(len(network), dtype=bool)
    for kind in set(network.kind[network.edge_pipe[broken]].tolist()):
        same |= of_class(network, kind)
    return same[network.edge_pipe]


def _lost_users(
    network: PipeNetwork,
    users: gpd.GeoDataFrame,
    valved: Valved,
    state: NDArray[np.object_],
    within_m: float,
    among: NDArray[np.bool_],
    left_out: list[dict[str, Any]],
) -> gpd.GeoDataFrame:
    """Return the users that are isolated or without supply, on either circuit."""
    row, vertex = _vertices(network, users, USERS, valved, within_m, among, left_out)
    worst = np.full(len(users), "", dtype=object)
    for name in ("without_supply", "isolated"):
        worst[row[state[vertex] == name]] = name
    lost = worst != ""
    return with_answers(users[lost], {"state": pd.array(worst[lost], dtype="str")})


def _same_part(network: PipeNetwork, edges: NDArray[np.int64], nodes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which edges hang together with those that are broken."""
    mine = np.unique(network.component[np.concatenate([network.graph.tail[edges], nodes])])
    return np.isin(network.component[network.graph.tail], mine)


def _pieces_shown(
    network: PipeNetwork, pieces: Pieces, shown: NDArray[np.int64], answers: dict[str, Any]
) -> gpd.GeoDataFrame:
    """Return the rows of some pieces of pipes, each with its own line, in the order of the pipes as drawn."""
    edge = pieces.edge[shown]
    turned = network.turned[edge]
    begin = np.where(turned, network.length[edge] - pieces.ends[shown], pieces.begins[shown])
    stop = np.where(turned, network.length[edge] - pieces.begins[shown], pieces.ends[shown])
    begin, stop = begin + network.begins[edge], stop + network.begins[edge]
    rows = network.pipelines.iloc[network.edge_pipe[edge]]
    lines = cut_lines(np.asarray(rows.geometry.to_numpy()), begin, stop)
    told = with_answers(rows, {**answers, "length_m": np.round(stop - begin, 3)})
    return told.set_geometry(gpd.GeoSeries(lines, index=told.index, crs=network.crs))
