"""Where every drain comes out, what drains through it, and which run into the wrong network (雨污混接)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.values import code_text, coded
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.networks import Graph, terminals, upstream_totals
from zjk_gis.pipes.in_use import in_use
from zjk_gis.pipes.tracing import pieces_of
from zjk_gis.standards import rules_table

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.pipes.topology import PipeNetwork

__all__ = ["MISCONNECTIONS", "misconnections", "outfalls"]

_DRAINAGE = "PS"
# What drains where it must not: from one kind (CJJ 61) into another.
MISCONNECTIONS = {
    ("WS", "YS"): "sewage_into_rain",
    ("YS", "WS"): "rain_into_sewage",
    ("HS", "WS"): "combined_into_separate",
    ("HS", "YS"): "combined_into_separate",
}
_BITS = {"WS": 1, "YS": 2, "HS": 4}


@checked
def outfalls(
    network: PipeNetwork,
    *,
    registered: gpd.GeoDataFrame | None = None,
    within_m: float = 5.0,
    at: str | dt.date | None = None,
) -> gpd.GeoDataFrame:
    """Find where every drain comes out and what drains through it (排口归属), all pipes at once.

    Parameters
    ----------
    network : PipeNetwork
    registered : GeoDataFrame, optional
        The register of outfalls (排水口): points with ``outfall_code``, perhaps with ``pipe_kind``: one of
        rain water is none for sewage. A place where pipes end that has none within reach is told by the code
        of its manhole.
    within_m : float, default 5.0
        How near a registered outfall must lie.
    at : date or str, optional
        The network and what stands on it as they were on this day, by ``valid_from`` and ``valid_to``; by
        default all of it.

    Returns
    -------
    GeoDataFrame
        The drains (排水) in their order, a pipe that manholes divide once a piece, with

        - ``outfall_code`` (text): the nearest place that nothing leaves; missing where all ways go in a
        circle;
        - ``is_registered`` (bool, with `registered`);
        - ``downstream_length_m``: to that place, the pipe itself counted;
        - ``several_outfalls`` (bool): whether there is another;
        - ``upstream_length_m``, ``upstream_manholes``: what drains through the pipe, itself counted, every
          pipe once by however many ways it comes;
        - ``in_cycle`` (bool): the pipe is part of a circle, which a drain must not be;
        - ``from_node``, ``to_node``, ``length_m``.

        Without a row where the network has no drains.

    Raises
    ------
    InputError
        If the register cannot be used, or a distance is negative.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> from zjk_gis.pipes import pipe_network
    >>> manholes = gpd.GeoDataFrame(
    ...     {"manhole_code": ["M1", "M2", "M3"]}, geometry=gpd.points_from_xy([0, 30, 70], [0] * 3), crs=4547
    ... )
    >>> drains = gpd.GeoDataFrame(
    ...     {"pipe_code": ["P1", "P2"], "pipe_kind": "雨水", "flow": "顺向"},
    ...     geometry=[LineString([(0, 0), (30, 0)]), LineString([(30, 0), (70, 0)])],
    ...     crs=4547,
    ... )
    >>> found = outfalls(pipe_network(manholes, drains))
    >>> found[["pipe_code", "outfall_code", "downstream_length_m", "upstream_length_m"]]
      pipe_code outfall_code  downstream_length_m  upstream_length_m
    0        P1           M3                 70.0               30.0
    1        P2           M3                 40.0               70.0
    """
    require_amounts(within_m=within_m)
    network, aside = network.on(at), SetAside()
    drainage = _drained(network)
    edges = drainage.edges
    end = drainage.outfall
    code, known = network.node_codes.copy(), np.zeros(network.graph.size, dtype=bool)
    if registered is not None:
        there = in_use(registered, "outfalls", at, aside)
        node, names = _registered(network, drainage, there, within_m)
        code[node], known[node] = names, True
    told: dict[str, Any] = {
        "outfall_code": _codes_at(code, end),
        "downstream_length_m": np.round(drainage.downstream_m, 3),
        "several_outfalls": drainage.several,
        "upstream_length_m": np.round(drainage.upstream_m, 3),
        "upstream_manholes": drainage.upstream_manholes,
        "in_cycle": drainage.in_cycle,
    }
    if registered is not None:
        told["is_registered"] = (end >= 0) & known[np.maximum(end, 0)]
    return aside.added_to(pieces_of(network, edges, told))


@checked
def misconnections(network: PipeNetwork, *, at: str | dt.date | None = None) -> gpd.GeoDataFrame:
    """Find the drains that run into the wrong network (雨污混接错接), and what comes through each.

    Parameters
    ----------
    network : PipeNetwork
    at : date or str, optional
        The network as it was on this day (see `PipeNetwork.on`); by default all of it.

    Returns
    -------
    GeoDataFrame
        The drains concerned, in their order, with

        - ``misconnection`` (text): ``sewage_into_rain`` (污入雨), ``rain_into_sewage`` (雨入污) or
          ``combined_into_separate`` (合流入分流);
        - ``manhole_code``: where; ``into_pipes``: the codes of the pipes that take it on, joined by ``;``,
          empty where the pipe ends at a manhole of the other kind;
        - ``drains_m``, ``drains_manholes``: the length of pipe and the manholes that drain through it;
        - ``outfall_code``: where that comes out, and ``several_outfalls``;
        - ``is_sure`` (bool): the direction of the pipe is recorded or follows from levels.

    Notes
    -----
    GB 50014-2021: sewage must not enter rain-water pipes, nor rain the sewers. Sewage and rain into combined
    pipes (雨污合流) are what these are for, and are not listed.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> from zjk_gis.pipes import pipe_network
    >>> manholes = gpd.GeoDataFrame(
    ...     {"manhole_code": ["W1", "Y1", "Y2"]}, geometry=gpd.points_from_xy([0, 30, 70], [0] * 3), crs=4547
    ... )
    >>> drains = gpd.GeoDataFrame(
    ...     {"pipe_code": ["P1", "P2"], "pipe_kind": ["污水", "雨水"], "flow": "顺向"},
    ...     geometry=[LineString([(0, 0), (30, 0)]), LineString([(30, 0), (70, 0)])],
    ...     crs=4547,
    ... )
    >>> found = misconnections(pipe_network(manholes, drains))
    >>> found[["pipe_code", "misconnection", "manhole_code", "into_pipes", "drains_m", "outfall_code"]]
      pipe_code     misconnection manhole_code into_pipes  drains_m outfall_code
    0        P1  sewage_into_rain           Y1         P2      30.0           Y2
    """
    network = network.on(at)
    drainage = _drained(network)
    kind = network.kind[network.edge_pipe].astype(str)
    flowing, of_edge = drainage.flowing, drainage.of_edge
    leaving = np.zeros(network.graph.size, np.int64)
    here = np.array([_BITS.get(each, 0) for each in kind[of_edge].tolist()], np.int64)
    np.bitwise_or.at(leaving, flowing.tail, here)
    # A node that nothing leaves is of the kind its manhole is.
    of_node = np.array([_BITS.get(each, 0) for each in network.nodes["pipe_kind"].tolist()], np.int64)
    out = np.bincount(flowing.tail, minlength=network.graph.size)
    leaving = np.where(out == 0, of_node, leaving)
    found = np.full(len(flowing), "", dtype="U24")
    for (first, second), name in MISCONNECTIONS.items():
        found[(kind[of_edge] == first) & (leaving[flowing.head] & _BITS[second] > 0)] = name
    rows = np.flatnonzero(found != "")
    edges = of_edge[rows]
    # What flows both ways may be wrong at both ends: each is a finding.
    order = np.lexsort((flowing.head[rows], edges))
    rows, edges = rows[order], edges[order]
    position = np.full(len(network.graph), -1, np.int64)
    position[drainage.edges] = np.arange(len(drainage.edges))
    drain = position[edges]
    node = flowing.head[rows]
    end = drainage.outfall[drain]
    told: dict[str, Any] = {
        "misconnection": pd.array(found[rows], dtype="str"),
        "manhole_code": pd.array(network.node_codes[node], dtype="str"),
        "into_pipes": pd.array(
            [_taken_on(network, drainage, int(n), found[r]) for n, r in zip(node, rows, strict=True)],
            dtype="str",
        ),
        "drains_m": np.round(drainage.upstream_m[drain], 3),
        "drains_manholes": drainage.upstream_manholes[drain],
        "outfall_code": _codes_at(network.node_codes, end),
        "several_outfalls": drainage.several[drain],
        "is_sure": np.isin(network.direction.source[network.edge_pipe[edges]], (0, 1))
        & (network.edge_way[edges] != 0),
    }
    return pieces_of(network, edges, told)


def _codes_at(codes: NDArray[np.object_], node: NDArray[np.int64]) -> Any:
    """Return the codes of nodes; missing where there is no node."""
    found = codes[np.maximum(node, 0)].copy()
    found[node < 0] = None
    return pd.array(found, dtype="str")


def _registered(
    network: PipeNetwork, drainage: _Drainage, registered: gpd.GeoDataFrame, within_m: float
) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Return the places where drains end and the codes of the outfalls there, of their own kind if told."""
    spec = CATALOGUE["outfalls"]
    rows = ready(registered, spec.name, kind="point", code=spec.code, crs=network.crs)
    kinds = pd.Series("", index=rows.index)
    if "pipe_kind" in rows:
        kinds = coded(rows, spec.field("pipe_kind"), spec.name)[0].fillna("")
    kind = kinds.to_numpy(dtype=object)
    last = np.flatnonzero(drainage.outfall == drainage.flowing.head[: len(drainage.edges)])
    ends, first = np.unique(drainage.outfall[last], return_index=True)
    carries = network.kind[network.edge_pipe[drainage.edges[last[first]]]]
    shapes = shapely.centroid(rows.geometry.to_numpy())
    places = network.nodes.geometry.to_numpy()[ends]
    node, row = shapely.STRtree(shapes).query(places, predicate="dwithin", distance=within_m)
    fits = (kind[row] == carries[node]) | (kind[row] == "")
    node, row = node[fits], row[fits]
    names = code_text(rows[spec.code]).to_numpy(dtype=object)
    order = np.lexsort((names[row].astype(str), shapely.distance(places[node], shapes[row]), node))
    first = np.unique(node[order], return_index=True)[1]
    return ends[node[order][first]], names[row[order][first]]


@dataclass(frozen=True, slots=True)
class _Drainage:
    """What is known of the drains of a network; arrays are in the order of `edges` but for the graph's."""

    edges: NDArray[np.int64]
    flowing: Graph
    of_edge: NDArray[np.int64]
    outfall: NDArray[np.int64]
    downstream_m: NDArray[np.float64]
    several: NDArray[np.bool_]
    upstream_m: NDArray[np.float64]
    upstream_manholes: NDArray[np.int64]
    in_cycle: NDArray[np.bool_]


def _drained(network: PipeNetwork) -> _Drainage:
    """Follow all drains at once, up and down."""
    kinds = rules_table("pipe_kinds")
    drains = kinds.loc[kinds["class_code"] == _DRAINAGE, "pipe_kind"]
    mine = np.isin(network.kind[network.edge_pipe].astype(str), drains.to_numpy(dtype=str))
    flowing, of_edge = network.flow
    kept = mine[of_edge]
    flowing, of_edge = flowing.without(~kept)[0], of_edge[kept]
    length = network.length[of_edge]
    # An edge that flows both ways is there twice, and weighs once.
    again = np.arange(len(of_edge)) >= mine.sum()
    above = upstream_totals(flowing, network.is_manhole, np.where(again, 0.0, length))
    ends = terminals(flowing, length)
    edges = of_edge[: int(mine.sum())]
    first = slice(0, len(edges))
    tail, head = flowing.tail[first], flowing.head[first]
    circle = above.in_cycle[first]
    return _Drainage(
        edges,
        flowing,
        of_edge,
        ends.node[head],
        ends.distance[head] + network.length[edges],
        ends.several[head],
        above.edges[tail] + np.where(circle, 0.0, network.length[edges]),
        np.round(above.nodes[tail]).astype(np.int64),
        circle & (network.edge_way[edges] != 0),
    )


def _taken_on(network: PipeNetwork, drainage: _Drainage, node: int, found: str) -> str:
    """Return the codes of the pipes that leave a node and must not take on what comes."""
    wrong = {second for (_, second), name in MISCONNECTIONS.items() if name == found}
    out = drainage.flowing.out
    edges = drainage.of_edge[out.edges[out.starts[node] : out.starts[node + 1]]]
    pipes = network.edge_pipe[edges]
    return ";".join(sorted({str(network.pipe_codes[pipe]) for pipe in pipes if network.kind[pipe] in wrong}))
