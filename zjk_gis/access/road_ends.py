"""Dead ends (断头路) and the links that would open them or shorten ways (微循环)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.crs import convert_crs
from zjk_gis.errors import InputError
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.shapes import has_place
from zjk_gis.networks.nearest import Places, Ways, near_pairs
from zjk_gis.overlay.polygons import cover_of
from zjk_gis.words import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.access.roads.network import RoadNetwork, Travel

__all__ = ["dead_ends", "missing_links"]

_AT_M = 20.0  # an end as near as this to the boundary or an entrance belongs to it
_FARTHEST_M = 5_000.0  # of a way round: longer ones are told as NaN
_OWN_M = 1e-6


@checked
def dead_ends(
    network: RoadNetwork,
    boundary: gpd.GeoDataFrame,
    *,
    least_m: float = 30.0,
    link_m: float = 200.0,
    entrances: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """List where roads for cars end, and which of these ends are dead ends that could be opened (断头路).

    Parameters
    ----------
    network : RoadNetwork
        Footpaths and stairs are left out: where a road goes on as one, it ends for cars.
    boundary : GeoDataFrame
        The ground that the road layer covers: an end at its edge or beyond is the layer's, not the road's.
    least_m : float, default 30.0
        A shorter stub is a driveway.
    link_m : float, default 200.0
        How long a missing link is at most, in a straight line.
    entrances : GeoDataFrame, optional
        Gates of estates, factories, car parks: an end within 20 m of one leads there.

    Returns
    -------
    GeoDataFrame
        One row an end of a road, from west to east, in the CRS of the network; the geometry is the end:

        - ``edge_code``, ``road_code``, ``road_name`` (text) of the road that ends;
        - ``kind`` (text): ``dead_end``, ``at_boundary``, ``at_entrance`` or ``driveway``;
        - ``length_m`` (float64): from the last junction to the end;
        - ``link_m`` (float64), ``link_edge_code`` (text): for dead ends, the link to another road within
          `link_m` that would save most, and that road; missing where there is none that crosses no barrier
          and no road;
        - ``way_round_m`` (float64): how far it is along the roads today; NaN where over 5 km or cut off;
        - ``saved_m`` (float64): the way round less the link.

        ``attrs["links"]`` holds the links as lines, with ``edge_code``, ``link_edge_code``, ``link_m``,
        ``way_round_m`` and ``saved_m``.

    Raises
    ------
    EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used.
    InputError
        If a length is negative, or no road lies in the boundary.

    Notes
    -----
    Clause 10 of the policy of 2022-03-17 asks for dead ends to be opened. Whether one could be is for a
    person to judge: houses and walls are not looked at.

    Examples
    --------
    A street with three stubs: of 60 m, of 12 m, and one that ends at the boundary:

    >>> import geopandas as gpd
    >>> from shapely import LineString, box
    >>> from zjk_gis.access import road_network
    >>> roads = gpd.GeoDataFrame(
    ...     {"edge_code": ["A", "B", "C"]},
    ...     geometry=[
    ...         LineString([(0, 0), (100, 0), (200, 0), (500, 0)]),
    ...         LineString([(100, 0), (100, 60)]),
    ...         LineString([(200, 0), (200, 12)]),
    ...     ],
    ...     crs=4547,
    ... )
    >>> ground = gpd.GeoDataFrame(geometry=[box(0, -100, 500, 100)], crs=4547)
    >>> dead_ends(road_network(roads), ground)[["edge_code", "kind", "length_m"]]
      edge_code         kind  length_m
    0         A  at_boundary     100.0
    1         B     dead_end      60.0
    2         C     driveway      12.0
    3         A  at_boundary     300.0
    """
    require_amounts(least_m=least_m, link_m=link_m)
    ground = cover_of(ready(boundary, "boundary", kind="polygon", crs=network.crs).geometry.to_numpy())
    shapely.prepare(ground)
    if not shapely.intersects(ground, network.lines).any():
        raise InputError(tr("boundary: no road lies in it; give the ground that the roads cover"))
    ends = _Ends.of(network)
    points = np.asarray(shapely.points(network.node_xy[ends.node]))
    edge_of_layer = shapely.boundary(ground)
    at_boundary = ~shapely.contains(ground, points) | shapely.dwithin(edge_of_layer, points, _AT_M)
    at_entrance = np.zeros(len(points), np.bool_)
    if entrances is not None and len(entrances):
        gates = convert_crs(entrances, network.crs, name="entrances").geometry.to_numpy()
        gates = gates[has_place(gates)]
        at_entrance[shapely.STRtree(gates).query(points, predicate="dwithin", distance=_AT_M)[0]] = True
    kind = np.select(
        [at_boundary, at_entrance, ends.length < least_m],
        ["at_boundary", "at_entrance", "driveway"],
        default="dead_end",
    )
    links = _best_links(network, ends, np.flatnonzero(kind == "dead_end"), link_m)
    codes = network.names["edge_code"]
    row = network.row[ends.edge]
    table = gpd.GeoDataFrame(
        {
            **{
                name: pd.Series(network.names[name][row], dtype="str")
                for name in ("edge_code", "road_code", "road_name")
            },
            "kind": pd.Series(kind, dtype="str"),
            "length_m": ends.length,
            "link_m": links.metres,
            "link_edge_code": pd.Series(
                [codes[network.row[edge]] if edge >= 0 else None for edge in links.edge.tolist()], dtype="str"
            ),
            "way_round_m": links.way_round,
            "saved_m": links.way_round - links.metres,
        },
        geometry=points,
        crs=network.crs,
    )
    west, south = network.node_xy[ends.node].T
    table = table.iloc[np.lexsort((south, west))].reset_index(drop=True)
    there = links.edge >= 0
    names = ["edge_code", "link_edge_code", "link_m", "way_round_m", "saved_m"]
    order = np.lexsort((south, west))
    lines = shapely.linestrings(
        np.stack([network.node_xy[ends.node], links.place], axis=1)[order][there[order]]
    )
    table.attrs["links"] = gpd.GeoDataFrame(
        table.loc[there[order], names].reset_index(drop=True), geometry=lines, crs=network.crs
    )
    return table


@checked
def missing_links(
    network: RoadNetwork,
    *,
    within_m: float = 200.0,
    least_saved_m: float = 300.0,
    count: int = 50,
    travel: Travel = "foot",
) -> gpd.GeoDataFrame:
    """Find short links between junctions that would shorten long ways round (微循环打通).

    Parameters
    ----------
    network : RoadNetwork
    within_m : float, default 200.0
        How long a link is at most.
    least_saved_m : float, default 300.0
        How much shorter the way between its ends must become.
    count : int, default 50
        How many are told, those that save most for a metre of link first.
    travel : {"foot", "car"}, default "foot"

    Returns
    -------
    GeoDataFrame
        One row a link, a line in the CRS of the network: ``link_code``, ``first_edge`` and ``second_edge``
        (text: a road at either end), ``link_m``, ``way_round_m`` (float64; NaN where over 5 km or cut off),
        ``saved_m`` (float64; measured from 5 km where there is no way round) and ``detour`` (today's way over
        the link). A link crosses no road and no barrier. Of links side by side, whose ends are within
        `within_m` of each other's, the best is told.

    Raises
    ------
    InputError
        If an option is not what it can be.

    Examples
    --------
    Two streets of 1 km, 100 m apart, joined at one end:

    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> from zjk_gis.access import road_network
    >>> roads = gpd.GeoDataFrame(
    ...     {"edge_code": ["A", "B", "C"]},
    ...     geometry=[
    ...         LineString([(0, 0), (1000, 0)]),
    ...         LineString([(0, 100), (1000, 100)]),
    ...         LineString([(0, 0), (0, 100)]),
    ...     ],
    ...     crs=4547,
    ... )
    >>> missing_links(road_network(roads))[["first_edge", "second_edge", "link_m", "saved_m"]].values.tolist()
    [['A', 'B', 100.0, 2000.0]]
    """
    require_amounts(within_m=within_m, least_saved_m=least_saved_m, count=count)
    ways = network.ways(travel)
    open_ = np.flatnonzero(ways.forward | ways.backward)
    used = np.unique(np.concatenate([network.graph.tail[open_], network.graph.head[open_]]))
    points = shapely.points(network.node_xy[used])
    a, b = shapely.STRtree(points).query(points, predicate="dwithin", distance=within_m)
    later = a < b
    first, second = used[a[later]].astype(np.int64), used[b[later]].astype(np.int64)
    metres = np.hypot(*(network.node_xy[first] - network.node_xy[second]).T)
    kept = metres > _OWN_M
    first, second, metres = first[kept], second[kept], metres[kept]
    # Ways that are short enough already are found near by; only what is left is looked at far and wide.
    near = _way_round(network, ways, first, second, limit=within_m + least_saved_m)
    left = near - metres >= least_saved_m
    first, second, metres = first[left], second[left], metres[left]
    lines = np.asarray(
        shapely.linestrings(np.stack([network.node_xy[first], network.node_xy[second]], axis=1))
    )
    free = ~_crosses(network, lines, open_)
    first, second, metres, lines = first[free], second[free], metres[free], lines[free]
    way = _way_round(network, ways, first, second, limit=_FARTHEST_M)
    saved = np.where(np.isfinite(way), way, _FARTHEST_M) - metres
    worth = np.flatnonzero(saved >= least_saved_m)
    xy = network.node_xy
    order = worth[
        np.lexsort(
            (xy[second[worth], 0], xy[first[worth], 1], xy[first[worth], 0], metres[worth] - saved[worth])
        )
    ]
    order = order[np.argsort(-(saved / metres)[order], kind="stable")]
    chosen = _apart(xy, first, second, order, within_m, int(count))
    edge = _an_edge_of(network, open_)
    codes = network.names["edge_code"]
    return gpd.GeoDataFrame(
        {
            "link_code": pd.Series([f"L{n:03d}" for n in range(1, len(chosen) + 1)], dtype="str"),
            "first_edge": pd.Series(codes[network.row[edge[first[chosen]]]], dtype="str"),
            "second_edge": pd.Series(codes[network.row[edge[second[chosen]]]], dtype="str"),
            "link_m": metres[chosen],
            "way_round_m": np.where(np.isfinite(way[chosen]), way[chosen], np.nan),
            "saved_m": saved[chosen],
            "detour": np.where(np.isfinite(way[chosen]), way[chosen] / metres[chosen], np.nan),
        },
        geometry=lines[chosen],
        crs=network.crs,
    )


@dataclass(frozen=True, slots=True)
class _Ends:
    """Where roads for cars end: the node, the edge that ends there, how long the stub is, and its edges."""

    node: NDArray[np.int64]
    edge: NDArray[np.int64]
    length: NDArray[np.float64]
    stub: list[list[int]]

    @classmethod
    def of(cls, network: RoadNetwork) -> _Ends:
        driven = np.flatnonzero(~network.on_foot)
        tail, head = network.graph.tail[driven], network.graph.head[driven]
        degree = np.bincount(np.concatenate([tail, head]), minlength=network.graph.size)
        at: dict[int, list[int]] = {}
        for edge, a, b in zip(driven.tolist(), tail.tolist(), head.tolist(), strict=True):
            if degree[a] <= 2:
                at.setdefault(a, []).append(edge)
            if degree[b] <= 2 and b != a:
                at.setdefault(b, []).append(edge)
        nodes, edges, lengths, stubs = [], [], [], []
        for node in np.flatnonzero(degree == 1).tolist():
            stub: list[int] = []
            here = node
            # Go back to the last junction; a road that meets nothing ends twice.
            while True:
                onward = [edge for edge in at.get(here, []) if edge not in stub]
                if not onward or (stub and degree[here] != 2):
                    break
                stub.append(onward[0])
                a, b = int(network.graph.tail[onward[0]]), int(network.graph.head[onward[0]])
                here = b if here == a else a
            nodes.append(node)
            edges.append(stub[0])
            lengths.append(float(network.length_m[stub].sum()))
            stubs.append(stub)
        return cls(np.array(nodes, np.int64), np.array(edges, np.int64), np.array(lengths), stubs)


@dataclass(frozen=True, slots=True)
class _Links:
    """The best link of each end: its length, the edge it leads to and where, and the way round today."""

    metres: NDArray[np.float64]
    edge: NDArray[np.int64]
    place: NDArray[np.float64]
    way_round: NDArray[np.float64]


def _best_links(network: RoadNetwork, ends: _Ends, dead: NDArray[np.int64], link_m: float) -> _Links:
    """Find for dead ends the link to another road that saves most."""
    size = len(ends.node)
    links = _Links(
        np.full(size, np.nan), np.full(size, -1, np.int64), np.full((size, 2), np.nan), np.full(size, np.nan)
    )
    driven = np.flatnonzero(~network.on_foot)
    if not len(dead) or not len(driven):
        return links
    points = np.asarray(shapely.points(network.node_xy[ends.node[dead]]))
    at, item = shapely.STRtree(network.lines[driven]).query(points, predicate="dwithin", distance=link_m)
    end, edge = dead[at], driven[item]
    other = np.array([e not in ends.stub[k] for k, e in zip(end.tolist(), edge.tolist(), strict=True)], bool)
    end, edge, point = end[other], edge[other], points[at[other]]
    along = np.asarray(shapely.line_locate_point(network.lines[edge], point))
    place = shapely.get_coordinates(shapely.line_interpolate_point(network.lines[edge], along))
    here = network.node_xy[ends.node[end]]
    metres = np.hypot(*(place - here).T)
    free = (metres > _OWN_M) & ~_crosses(
        network, np.asarray(shapely.linestrings(np.stack([here, place], axis=1))), driven
    )
    end, edge, along, place, metres = end[free], edge[free], along[free], place[free], metres[free]
    way = _ways_from_ends(network, ends, end, edge, along)
    saved = np.where(np.isfinite(way), way, _FARTHEST_M) - metres
    order = np.lexsort((edge, metres, -saved.round(6), end))
    first = order[np.unique(end[order], return_index=True)[1]]
    links.metres[end[first]], links.edge[end[first]] = metres[first], edge[first]
    links.place[end[first]] = place[first]
    links.way_round[end[first]] = np.where(np.isfinite(way[first]), way[first], np.nan)
    return links


def _ways_from_ends(
    network: RoadNetwork,
    ends: _Ends,
    end: NDArray[np.int64],
    edge: NDArray[np.int64],
    along: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Measure the way from each end to a place on an edge as it is today; infinite beyond 5 km."""
    if not len(end):
        return np.empty(0)
    both = np.ones(len(network), np.bool_) & ~network.on_foot
    ways = Ways(network.graph, network.length_m, both, both)
    asked, label = np.unique(end, return_inverse=True)
    own = ends.edge[asked]
    at_tail = network.graph.tail[own] == ends.node[asked]
    sites = Places(own, np.where(at_tail, 0.0, network.length_m[own]), np.zeros(len(asked)))
    places = Places(edge, along, np.zeros(len(edge)))
    found = near_pairs(ways, places, sites, np.arange(len(asked)), limit=_FARTHEST_M)
    way = np.full(len(end), np.inf)
    mine = label[found.place] == found.label
    way[found.place[mine]] = found.distance[mine]
    return way


def _way_round(
    network: RoadNetwork, ways: Ways, first: NDArray[np.int64], second: NDArray[np.int64], *, limit: float
) -> NDArray[np.float64]:
    """Measure the way between pairs of nodes; infinite beyond a limit."""
    way = np.full(len(first), np.inf)
    if not len(first):
        return way
    open_ = np.flatnonzero(ways.forward | ways.backward)
    edge = _an_edge_of(network, open_)

    def at(node: NDArray[np.int64]) -> Places:
        e = edge[node]
        along = np.where(network.graph.tail[e] == node, 0.0, network.length_m[e])
        return Places(e, along, np.zeros(len(node)))

    begin, label = np.unique(first, return_inverse=True)
    end, number = np.unique(second, return_inverse=True)
    found = near_pairs(ways, at(end), at(begin), np.arange(len(begin)), limit=limit)
    keys = found.label * len(end) + found.place
    wanted = label.astype(np.int64) * len(end) + number
    where = np.searchsorted(keys, wanted)
    there = where < len(keys)
    there[there] = keys[where[there]] == wanted[there]
    way[there] = found.distance[where[there]]
    return way


def _an_edge_of(network: RoadNetwork, edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one edge at each node, the first; -1 where there is none."""
    found = np.full(network.graph.size, -1, np.int64)
    for ends in (network.graph.head, network.graph.tail):
        found[ends[edges][::-1]] = edges[::-1]
    return found


def _crosses(network: RoadNetwork, lines: NDArray[Any], edges: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which links cross a road or a barrier; where they begin and end they touch one."""
    crossing = np.zeros(len(lines), np.bool_)
    if not len(lines):
        return crossing
    at, _ = shapely.STRtree(network.lines[edges]).query(lines, predicate="crosses")
    crossing[at] = True
    ends = shapely.get_coordinates(lines).reshape(-1, 4)
    return crossing | network.barriers.crossed(ends)


def _apart(
    xy: NDArray[np.float64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    order: NDArray[np.int64],
    within_m: float,
    count: int,
) -> NDArray[np.int64]:
    """Choose links in order, leaving out those that lie beside one chosen before."""
    chosen: list[int] = []
    for link in order.tolist():
        if len(chosen) == count:
            break
        a, b = xy[first[link]], xy[second[link]]
        for other in chosen:
            c, d = xy[first[other]], xy[second[other]]
            straight = max(np.hypot(*(a - c)), np.hypot(*(b - d)))
            crossed = max(np.hypot(*(a - d)), np.hypot(*(b - c)))
            if min(straight, crossed) <= within_m:
                break
        else:
            chosen.append(link)
    return np.array(chosen, np.int64)
