"""Dead ends and missing links planted among the roads, each beside a near miss; all are listed naively."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from shapely import ops

from zjk_gis.synth.ground import LANE
from zjk_gis.synth.offices import CRS
from zjk_gis.synth.planting import place_code
from zjk_gis.synth.streets import node_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shapely.geometry.base import BaseGeometry

    from zjk_gis.synth.planting import Planting

    Node = tuple[float, float]

__all__ = ["RoadGraph", "close_lanes", "cut_back_ends", "list_dead_ends", "list_missing_links", "set_gates"]

_BY_M = 0.4  # by which a limit is missed, or kept
_OF_EACH = 2
_DRIVEWAY_M, _AT_M = 30.0, 20.0
_LINK_M, _SAVED_M, _FARTHEST_M = 200.0, 300.0, 5000.0
_BANK_M = 0.05


class RoadGraph:
    """The roads as a graph of their ends, for counting by hand."""

    def __init__(self, roads: gpd.GeoDataFrame) -> None:
        start, end = node_keys(roads.geometry.to_numpy())
        self.links: dict[Node, list[tuple[Node, float, int]]] = {}
        self.ends = list(zip(start, end, strict=True))
        for row, (a, b, length) in enumerate(zip(start, end, roads.length, strict=True)):
            self.links.setdefault(a, []).append((b, length, row))
            self.links.setdefault(b, []).append((a, length, row))

    def ways(self, sources: dict[Node, float], limit: float, *, without: int = -1) -> dict[Node, float]:
        """Measure the way from the nearest source to each node within a limit (Dijkstra)."""
        far: dict[Node, float] = {}
        queue = [(metres, node) for node, metres in sources.items()]
        heapq.heapify(queue)
        while queue:
            metres, node = heapq.heappop(queue)
            if node in far or metres > limit:
                continue
            far[node] = metres
            for other, step, row in self.links[node]:
                if other not in far and row != without:
                    heapq.heappush(queue, (metres + step, other))
        return far

    def stubs(self) -> Iterator[tuple[int, Node, float]]:
        """Yield for each end of a road its row, where it ends, and how far it is to the last junction."""
        for node, around in self.links.items():
            if len(around) != 1:
                continue
            before, length, row = around[0]
            first, here = row, before
            while len(self.links[here]) == 2:
                here, step, row = next(each for each in self.links[here] if each[2] != row)
                length += step
            yield first, node, length


def cut_back_ends(
    roads: gpd.GeoDataFrame, region: BaseGeometry, planting: Planting, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    """Cut roads back to just more or less than a driveway's length, or than the way to the city's edge."""
    roads = roads.copy()
    lines = roads.geometry.to_numpy().copy()
    edge = region.boundary
    graph = RoadGraph(roads)
    stubs = [(row, node) for row, node, length in graph.stubs() if abs(length - lines[row].length) < 1e-6]
    stubs = [stubs[at] for at in rng.permutation(len(stubs))]
    inner = [row for row, node in stubs if edge.distance(shapely.Point(node)) > 80]
    spurs = [row for row in inner if len(lines[row].coords) == 2 and 31 < lines[row].length < 60]
    outer = [row for row, node in stubs if edge.distance(shapely.Point(node)) < 5 and lines[row].length > 100]
    tips = dict(stubs)
    for rows, limit in ((spurs, _DRIVEWAY_M), (outer, _AT_M)):
        for number, row in enumerate(rows[: 2 * _OF_EACH]):
            fault = number % 2 == 0
            wanted = limit + (_BY_M if fault else -_BY_M)
            line = lines[row] if node_keys(lines[[row]])[1][0] == tips[row] else lines[row].reverse()
            keep = wanted if limit == _DRIVEWAY_M else _until(line, edge, wanted)
            lines[row] = _rounded(ops.substring(line, 0, keep))
            planting.note("dead_end", roads["edge_code"].iloc[row], fault=fault)
    roads.geometry = lines
    return roads


def _until(line: Any, edge: BaseGeometry, wanted: float) -> float:
    """Return how far a line that ends at the edge may go and stay so far from it."""
    low, high = line.length - 3 * wanted, line.length
    while high - low > 0.001:
        middle = (low + high) / 2
        low, high = (middle, high) if edge.distance(line.interpolate(middle)) > wanted else (low, middle)
    return float(low)


def _rounded(line: Any) -> Any:
    return shapely.linestrings(shapely.get_coordinates(line).round(2))


def set_gates(
    roads: gpd.GeoDataFrame, region: BaseGeometry, planting: Planting, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    """Set gates before ends of roads: a little nearer than what makes a road lead to its gate, or farther.

    Returns
    -------
    GeoDataFrame
        The layer ``entrances``.
    """
    told = {row["code"] for row in planting.rows if row["kind"] == "dead_end"}
    graph = RoadGraph(roads)
    tips = shapely.points(list(graph.links))
    ends = [each for each in graph.stubs() if roads["edge_code"].iloc[each[0]] not in told]
    gates: list[Any] = []
    for at in rng.permutation(len(ends)).tolist():
        row, node, length = ends[at]
        if region.boundary.distance(shapely.Point(node)) < 60 or length < 40:
            continue
        fault = len(gates) % 2 == 0
        line = roads.geometry.iloc[row]
        before = np.array(line.coords[1] if node_keys([line])[0][0] == node else line.coords[-2])
        ahead = (np.array(node) - before) / np.hypot(*(np.array(node) - before))
        gate = shapely.Point(np.round(np.array(node) + ahead * (_AT_M + (_BY_M if fault else -_BY_M)), 2))
        if np.count_nonzero(shapely.distance(tips, gate) < 2 * _AT_M) > 1:
            continue  # so near another end that it would be that one's gate
        gates.append(gate)
        planting.note("dead_end", roads["edge_code"].iloc[row], fault=fault)
        if len(gates) == 2 * _OF_EACH:
            break
    return gpd.GeoDataFrame(
        {
            "entrance_code": [f"CRK{number:03d}" for number in range(1, len(gates) + 1)],
            "facility_code": [f"DW{number:03d}" for number in range(1, len(gates) + 1)],
            "entrance_name": [f"{number}号单位大门" for number in range(1, len(gates) + 1)],
        },
        geometry=gates,
        crs=CRS,
    )


def list_dead_ends(
    roads: gpd.GeoDataFrame, region: BaseGeometry, gates: gpd.GeoDataFrame, planting: Planting
) -> None:
    """Note all dead ends that were not planted, one by one."""
    told = {row["code"] for row in planting.rows if row["kind"] == "dead_end"}
    doors = gates.union_all()
    for row, node, length in RoadGraph(roads).stubs():
        code, tip = roads["edge_code"].iloc[row], shapely.Point(node)
        if length < _DRIVEWAY_M or doors.distance(tip) <= _AT_M or code in told:
            continue
        if region.contains(tip) and region.boundary.distance(tip) > _AT_M:
            planting.note("dead_end", code, fault=True)


def close_lanes(roads: gpd.GeoDataFrame, rng: np.random.Generator) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Take out lanes whose ends are then just farther apart than a missing link, or just not as far.

    Returns
    -------
    roads : GeoDataFrame
    near : list of str
        The pairs of ends that are no missing link.
    """
    near: list[str] = []
    for fault in [True, False] * _OF_EACH:
        graph = RoadGraph(roads)
        best: tuple[float, int] | None = None
        lanes = np.flatnonzero(((roads["road_class"] == LANE) & (roads.length < 150)).to_numpy())
        for row in rng.permutation(lanes)[:400].tolist():
            a, b = graph.ends[row]
            if min(len(graph.links[a]), len(graph.links[b])) < 3 or a == b:
                continue
            straight = float(np.hypot(a[0] - b[0], a[1] - b[1]))
            way = graph.ways({a: 0.0}, straight + 400, without=row).get(b, np.inf)
            over = way - straight - _SAVED_M if fault else _SAVED_M - (way - straight)
            if 0.5 < over < 100 and (best is None or over < best[0]):
                best = (over, row)
        if best is not None:
            if not fault:
                near.append(_pair(*graph.ends[best[1]]))
            roads = roads.drop(index=roads.index[best[1]]).reset_index(drop=True)
    return roads, near


def list_missing_links(
    roads: gpd.GeoDataFrame, river: BaseGeometry, near: Iterable[str], planting: Planting
) -> None:
    """Note all missing links, pair of ends by pair of ends, and as near misses those that cross the river."""
    graph = RoadGraph(roads)
    nodes = np.array(list(graph.links))
    points: Any = shapely.points(nodes)
    a, b = shapely.STRtree(points).query(points, predicate="dwithin", distance=_LINK_M)
    links: list[tuple[float, float, Node, Node]] = []
    across: list[tuple[float, str]] = []
    streets = shapely.STRtree(roads.geometry.to_numpy())
    water = river.buffer(-_BANK_M)
    shapely.prepare(water)
    order = np.argsort(a, kind="stable")
    for first, others in enumerate(np.split(b[order], np.cumsum(np.bincount(a, minlength=len(nodes)))[:-1])):
        start = tuple(nodes[first])
        ways = graph.ways({start: 0.0}, _LINK_M + _SAVED_M)
        later = nodes[others[others > first]]
        pairs = [(float(np.hypot(*(each - nodes[first]))), tuple(each)) for each in later]
        pairs = [each for each in pairs if ways.get(each[1], np.inf) - each[0] >= _SAVED_M]
        ways = graph.ways({start: 0.0}, _FARTHEST_M) if pairs else {}
        for metres, end in pairs:
            line = shapely.LineString([start, end])
            saved = ways.get(end, _FARTHEST_M) - metres
            if saved < _SAVED_M or len(streets.query(line, predicate="crosses")):
                continue
            if shapely.intersection(line, water).length > 1e-3:
                across.append((metres, _pair(start, end)))
            else:
                links.append((saved / metres, metres, start, end))
    chosen: list[tuple[Node, Node]] = []
    for _, _, start, end in sorted(links, key=lambda link: (-link[0], link[1])):
        if all(_apart(start, end, *other) > _LINK_M for other in chosen):
            chosen.append((start, end))
            planting.note("missing_links", _pair(start, end), fault=True)
    told = {_pair(*link) for link in chosen}
    for code in [*near, *[code for _, code in sorted(across)[: 2 * _OF_EACH]]]:
        if code not in told:
            planting.note("missing_links", code, fault=False)


def _apart(a: Node, b: Node, c: Node, d: Node) -> float:
    """Return how far the ends of two links are from one another, whichever way round."""

    def far(p: Node, q: Node) -> float:
        return float(np.hypot(p[0] - q[0], p[1] - q[1]))

    return min(max(far(a, c), far(b, d)), max(far(a, d), far(b, c)))


def _pair(a: Node, b: Node) -> str:
    return "|".join(sorted((place_code(*a), place_code(*b))))
