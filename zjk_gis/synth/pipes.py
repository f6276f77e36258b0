"""Pipes and manholes under the streets, with faults planted among them."""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from zjk_gis.synth.ground import LANE, MAIN, RIVERSIDE
from zjk_gis.synth.offices import CRS
from zjk_gis.synth.streets import nearest_codes, node_keys

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

__all__ = ["NOBODY", "PART_OF_KIND", "make_pipes"]

# kind: (part code of its manholes, offset from the centreline in m, on main roads only, material, owner)
_KINDS: dict[str, tuple[str, float, bool, str, str]] = {
    "WS": ("0102", -2.0, False, "砼", "市政排水公司"),
    "YS": ("0103", 2.0, False, "砼", "市政排水公司"),
    "SS": ("0101", 5.0, True, "PE", "自来水公司"),
    "TR": ("0111", -6.0, True, "G", "燃气公司"),
    "RS": ("0110", 7.5, True, "G", "热力公司"),
    "GD": ("0105", -8.5, True, "PVC", "供电公司"),
    "DX": ("0107", 9.5, True, "PVC", "通信公司"),
}
PART_OF_KIND = {kind: part for kind, (part, *_) in _KINDS.items()}
NOBODY = "权属不明"
_DRAINS = ("WS", "YS")
_PRESSURE_DEPTH_M = {"SS": 1.6, "TR": 1.3, "RS": 1.8, "GD": 1.1, "DX": 1.0}
_PRESSURE_MM = {"SS": 300, "TR": 200, "RS": 400, "GD": 150, "DX": 110}
_FALL = 0.004  # of the ground along the way to the outfall
_LEAST_FALL = 0.0036  # of a street in which drains are laid: one along a hillside takes none
_GRAVITY_SPACING_M = 72.0  # less than the least that GB 50014 allows
_ONE_COVER_M = 0.6  # nearer than this two covers of one kind would be taken for one
_SIZES_MM = np.array([300, 400, 500, 600, 800, 1000])


def make_pipes(
    roads: gpd.GeoDataFrame,
    districts: gpd.GeoDataFrame,
    core: BaseGeometry,
    holes: list[BaseGeometry],
    manholes: int,
    rng: np.random.Generator,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, dict[str, list[int]]]:
    """Lay pipes along the streets, about `manholes` covers, and plant what is wrong.

    Parameters
    ----------
    roads, districts : GeoDataFrame
    core : geometry
        The historic cores, which no pipe crosses but the planted ones.
    holes : list of geometry
        Ground without a zone, in some of which a cover is put.
    """
    usable = roads[(roads["road_class"] != LANE) & ~roads["is_bridge"]]
    usable = usable[(usable.distance(core) > 15).to_numpy()]
    usable = usable[~usable["road_name"].isin(RIVERSIDE)]
    dry = shapely.union_all(districts.geometry.to_numpy()).buffer(-3.0)
    shapely.prepare(dry)
    network = _Network(usable)
    laid = [
        [e for e in network.edges if (not main_only or e.main) and (kind not in _DRAINS or e.falls)]
        for kind, (_, _, main_only, _, _) in _KINDS.items()
    ]
    junctions = sum(len({node for e in edges for node in (e.high, e.low)}) for edges in laid)
    length = sum(e.line.length for edges in laid for e in edges)
    # Every junction has a cover, and a stretch of length L has L / spacing - 1 between its ends.
    spacing = float(np.clip(length / max(1, manholes - junctions + sum(map(len, laid))), 25, 120))
    survey = _Survey(districts, dry)
    for edges, (kind, (part, offset, _, material, owner)) in zip(laid, _KINDS.items(), strict=True):
        _lay(survey, network, edges, kind, part, offset, material, owner, spacing)
    _widen_downstream(survey.pipes)
    truth = _plant(survey, core, holes, rng)
    return (*survey.frames(rng), truth)


class _Edge:
    """A street between two junctions, directed so that water runs from `high` to `low`."""

    def __init__(self, row: Any, a: Any, b: Any, far_a: float, far_b: float) -> None:
        down = far_a >= far_b
        self.high, self.low = (a, b) if down else (b, a)
        self.far_high, self.far_low = (far_a, far_b) if down else (far_b, far_a)
        self.line = row.geometry if down else row.geometry.reverse()
        self.name, self.main = row.road_name, row.road_class == MAIN
        self.falls = (self.far_high - self.far_low) * _FALL >= _LEAST_FALL * self.line.length


class _Network:
    """The streets with the distance of every junction to its bank's outfall, the southernmost junction."""

    def __init__(self, roads: gpd.GeoDataFrame) -> None:
        start, end = node_keys(roads.geometry.to_numpy())
        links: dict[Any, list[tuple[Any, float]]] = {}
        for a, b, length in zip(start, end, roads.length, strict=True):
            links.setdefault(a, []).append((b, length))
            links.setdefault(b, []).append((a, length))
        self.far: dict[Any, float] = {}
        while len(self.far) < len(links):
            root = min((n for n in links if n not in self.far), key=lambda n: (n[1], n[0]))
            queue = [(0.0, root)]
            while queue:
                distance, node = heapq.heappop(queue)
                if node in self.far:
                    continue
                self.far[node] = distance
                for other, step in links[node]:
                    if other not in self.far:
                        heapq.heappush(queue, (distance + step, other))
        self.edges = [
            _Edge(row, a, b, self.far[a], self.far[b])
            for row, a, b in zip(roads.itertuples(), start, end, strict=True)
        ]
        self.longest = max(self.far.values())

    def ground_m(self, far: float) -> float:
        """Return the level of the ground: it falls along the way to the outfall."""
        return 705.0 + _FALL * far


class _Survey:
    """The manholes and pipes laid so far."""

    def __init__(self, districts: gpd.GeoDataFrame, dry: BaseGeometry) -> None:
        self.districts, self.dry = districts, dry
        self.manholes: list[dict[str, Any]] = []
        self.pipes: list[dict[str, Any]] = []

    def cover(
        self, kind: str, part: str, x: float, y: float, ground: float, depth: float, **more: Any
    ) -> int:
        if not self.dry.contains(shapely.Point(x, y)):  # a street's end at the water or at the city's edge
            x, y = shapely.get_coordinates(shapely.shortest_line(self.dry, shapely.Point(x, y)))[0]
        self.manholes.append(
            {
                "pipe_kind": kind,
                "part": part,
                "ground_level_m": round(ground, 3),
                "well_depth_m": round(depth, 3),
                "geometry": shapely.Point(round(x, 2), round(y, 2)),
                **more,
            }
        )
        return len(self.manholes) - 1

    def pipe(self, kind: str, a: int, b: int, *, diameter: int, **more: Any) -> int:
        ends = [self.manholes[a], self.manholes[b]]
        depth = [end["well_depth_m"] for end in ends]
        self.pipes.append(
            {
                "pipe_kind": kind,
                "a": a,
                "b": b,
                "from_depth_m": depth[0],
                "to_depth_m": depth[1],
                "from_level_m": round(ends[0]["ground_level_m"] - depth[0], 3),
                "to_level_m": round(ends[1]["ground_level_m"] - depth[1], 3),
                "diameter_mm": diameter,
                "geometry": shapely.linestrings(
                    [shapely.get_coordinates(end["geometry"])[0] for end in ends]
                ),
                **more,
            }
        )
        return len(self.pipes) - 1

    def lower(self, pipe: int, *, from_m: float, to_m: float) -> None:
        """Raise the ends of a pipe by so much, or lower them."""
        row = self.pipes[pipe]
        for end, by in (("from", from_m), ("to", to_m)):
            row[f"{end}_depth_m"] = round(row[f"{end}_depth_m"] - by, 3)
            row[f"{end}_level_m"] = round(row[f"{end}_level_m"] + by, 3)

    def frames(self, rng: np.random.Generator) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
        points = gpd.GeoDataFrame(self.manholes, geometry="geometry", crs=CRS)
        district = nearest_codes(points.geometry, self.districts, "district_code")
        stem = district.astype(str) + points["part"].to_numpy().astype(str)
        sequence = points.groupby(stem).cumcount() + 1
        points["manhole_code"] = stem + sequence.map("{:06d}".format)
        points["well_number"] = points["pipe_kind"] + (points.groupby("pipe_kind").cumcount() + 1).astype(str)
        points["cover_material"] = rng.choice(
            ["球墨铸铁", "复合材料", "水泥"], len(points), p=[0.7, 0.22, 0.08]
        )
        points["cover_size"] = "Φ700"
        points["load_class"] = np.where(
            points.pop("main").fillna(False).astype(bool),
            "D400",
            rng.choice(["C250", "D400", "B125"], len(points), p=[0.6, 0.3, 0.1]),
        )
        points["state"] = rng.choice(["完好", "破损", "丢失"], len(points), p=[0.965, 0.03, 0.005])
        points = points[
            [
                "manhole_code",
                "well_number",
                "pipe_kind",
                "ground_level_m",
                "well_depth_m",
                "cover_material",
                "cover_size",
                "load_class",
                "road_name",
                "owner",
                "state",
                "geometry",
            ]
        ]
        lines = gpd.GeoDataFrame(self.pipes, geometry="geometry", crs=CRS)
        code = points["manhole_code"].to_numpy()
        lines["from_manhole"], lines["to_manhole"] = code[lines["a"]], code[lines["b"]]
        lines["pipe_code"] = lines["pipe_kind"] + (lines.groupby("pipe_kind").cumcount() + 1).map(
            "{:05d}".format
        )
        lines["flow"] = np.where(lines["pipe_kind"].isin(["WS", "YS"]), "顺向", "双向")
        lines["burial"] = "直埋"
        lines["built_year"] = rng.integers(1985, 2024, len(lines))
        lines = lines[
            [
                "pipe_code",
                "pipe_kind",
                "from_manhole",
                "to_manhole",
                "from_depth_m",
                "to_depth_m",
                "from_level_m",
                "to_level_m",
                "diameter_mm",
                "material",
                "flow",
                "burial",
                "built_year",
                "road_name",
                "owner",
                "geometry",
            ]
        ]
        return points, lines


def _lay(
    survey: _Survey,
    network: _Network,
    edges: list[_Edge],
    kind: str,
    part: str,
    offset: float,
    material: str,
    owner: str,
    spacing: float,
) -> None:
    """Put a cover at every junction and every `spacing` metres, and join them by pipes."""
    gravity = kind in _DRAINS
    at_node: dict[Any, int] = {}
    at_spot: dict[tuple[int, int], list[int]] = {}

    def put(x: float, y: float, far: float, edge: _Edge) -> int:
        deep = 4.2 - 2.4 * far / network.longest if gravity else _PRESSURE_DEPTH_M[kind]
        index = survey.cover(
            kind, part, x, y, network.ground_m(far), deep, road_name=edge.name, owner=owner, main=edge.main
        )
        spot = survey.manholes[index]["geometry"]
        cell = int(spot.x), int(spot.y)
        around = [(cell[0] + dx, cell[1] + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
        for other in [
            i for each in around for i in at_spot.get(each, [])
        ]:  # where streets meet, or moved away from the water: one cover serves both
            if survey.manholes[other]["geometry"].distance(spot) < _ONE_COVER_M:
                survey.manholes.pop()
                return other
        at_spot.setdefault(cell, []).append(index)
        return index

    for edge in edges:
        for node, far, s in ((edge.high, edge.far_high, 0.0), (edge.low, edge.far_low, edge.line.length)):
            if node not in at_node:
                nx, ny = _across(edge.line, s)
                at_node[node] = put(node[0] + nx * offset, node[1] + ny * offset, far, edge)
    upstream = _upstream_lengths(edges) if gravity else {}
    for edge in edges:
        count = max(0, round(edge.line.length / spacing) - 1)
        if gravity:
            count = max(count, int(edge.line.length / _GRAVITY_SPACING_M))
        stations = np.linspace(0, 1, count + 2)[1:-1] * edge.line.length
        chain = [at_node[edge.high]]
        for s in stations:
            here = edge.line.interpolate(s)
            nx, ny = _across(edge.line, s)
            far = edge.far_high + (edge.far_low - edge.far_high) * s / edge.line.length
            chain.append(put(here.x + nx * offset, here.y + ny * offset, far, edge))
        chain.append(at_node[edge.low])
        if gravity:
            steps = np.searchsorted([300, 900, 2000, 4500, 9000], upstream[edge.high] + edge.line.length)
            diameter = int(_SIZES_MM[steps])
        else:
            diameter = _PRESSURE_MM[kind]
        for a, b in itertools.pairwise(dict.fromkeys(chain)):
            survey.pipe(kind, a, b, diameter=diameter, material=material, owner=owner, road_name=edge.name)


def _across(line: Any, s: float) -> tuple[float, float]:
    """Return the unit vector across a line, to the north or the east whichever way the line is drawn."""
    behind, ahead = line.interpolate(max(s - 1.0, 0.0)), line.interpolate(min(s + 1.0, line.length))
    length = max(behind.distance(ahead), 1e-6)
    nx, ny = -(ahead.y - behind.y) / length, (ahead.x - behind.x) / length
    return (nx, ny) if nx + ny >= 0 else (-nx, -ny)


def _upstream_lengths(edges: list[_Edge]) -> dict[Any, float]:
    """Sum the lengths of street that drain through each junction, each junction passing on by one street."""
    out: dict[Any, _Edge] = {}
    for edge in edges:
        if edge.high not in out or edge.far_low < out[edge.high].far_low:
            out[edge.high] = edge
    total: dict[Any, float] = {}
    nodes = {n: f for e in edges for n, f in ((e.high, e.far_high), (e.low, e.far_low))}
    for edge in edges:
        total[edge.low] = total.get(edge.low, 0.0) + (0.0 if out.get(edge.high) is edge else edge.line.length)
    for node in sorted(nodes, key=lambda n: (-nodes[n], n)):
        total.setdefault(node, 0.0)
        if node in out:
            low = out[node].low
            total[low] = total.get(low, 0.0) + total[node] + out[node].line.length
    return total


def _widen_downstream(pipes: list[dict[str, Any]]) -> None:
    """Let no drain be narrower than those that run into it."""
    drains = [pipe for pipe in pipes if pipe["pipe_kind"] in _DRAINS]
    widest: dict[int, int] = {}
    for pipe in sorted(drains, key=lambda pipe: -float(pipe["from_level_m"])):
        pipe["diameter_mm"] = max(pipe["diameter_mm"], widest.get(pipe["a"], 0))
        widest[pipe["b"]] = max(widest.get(pipe["b"], 0), pipe["diameter_mm"])


def _plant(
    survey: _Survey, core: BaseGeometry, holes: list[BaseGeometry], rng: np.random.Generator
) -> dict[str, list[int]]:
    """Plant orphan covers, covers in ground without a zone, misconnections, and pipes through a core."""
    wells = len(survey.manholes)
    count = max(3, round(12 * min(1.0, wells / 3000)))
    orphans: list[int] = []
    laid = shapely.STRtree([well["geometry"] for well in survey.manholes])
    lines = shapely.STRtree([pipe["geometry"] for pipe in survey.pipes])
    for base in map(int, rng.permutation(wells)):
        like = survey.manholes[base]
        x, y = like["geometry"].x + 3.1, like["geometry"].y - 2.3
        if len(orphans) == count:
            break
        spot = shapely.Point(x, y)
        if any(len(tree.query(spot, predicate="dwithin", distance=1.5)) for tree in (laid, lines)):
            continue  # so near that a pipe might be taken for its own
        orphans.append(
            survey.cover(
                like["pipe_kind"],
                like["part"],
                x,
                y,
                like["ground_level_m"],
                like["well_depth_m"],
                road_name=like["road_name"],
                owner=NOBODY,
                main=False,
            )
        )
    orphans += [
        survey.cover("WS", "0102", spot.x, spot.y, 712.0, 2.0, road_name=None, owner=NOBODY, main=False)
        for spot in (_inner_point(hole, lines) for hole in holes)
    ]
    rain = [i for i in range(wells) if survey.manholes[i]["pipe_kind"] == "YS"]
    tree = shapely.STRtree([survey.manholes[i]["geometry"] for i in rain])
    wrong = []
    sewage = [i for i, pipe in enumerate(survey.pipes) if pipe["pipe_kind"] == "WS"]
    for i in rng.choice(sewage, 3, replace=False):
        start = survey.pipes[int(i)]["a"]
        near = rain[int(tree.nearest(survey.manholes[start]["geometry"]))]
        wrong.append(
            survey.pipe(
                "WS",
                start,
                near,
                diameter=300,
                material="PVC",
                owner=NOBODY,
                road_name=survey.manholes[start]["road_name"],
            )
        )
        survey.lower(wrong[-1], from_m=0.02, to_m=-0.02 - 0.004 * survey.pipes[wrong[-1]]["geometry"].length)
    crossing = []
    old_fort = max(shapely.get_parts(core), key=lambda part: part.area)
    west, south, east, north = old_fort.bounds
    for number, (kind, part) in enumerate((("TR", "0111"), ("SS", "0101"), ("RS", "0110"), ("GD", "0105"))):
        y = south + (north - south) * (0.2 + 0.2 * number)
        ends = [
            survey.cover(kind, part, x, y, 715.0, 1.5, road_name=None, owner=_KINDS[kind][4], main=False)
            for x in (west - 12.0 - number, east + 12.0 + number)
        ]
        crossing.append(
            survey.pipe(
                kind, *ends, diameter=_PRESSURE_MM[kind], material="G", owner=_KINDS[kind][4], road_name=None
            )
        )
    return {"orphans": orphans, "misconnected": wrong, "crossing": crossing}


def _inner_point(shape: BaseGeometry, lines: shapely.STRtree) -> Any:
    """Return a point in a shape that lies beside no pipe."""
    west, south, east, north = shape.bounds
    x, y = np.meshgrid(np.linspace(west, east, 40), np.linspace(south, north, 40))
    lattice = map(shapely.Point, x.ravel(), y.ravel())
    points = [shapely.point_on_surface(shape), *lattice]
    return next(
        (
            point
            for point in points
            if shape.contains(point) and not len(lines.query(point, predicate="dwithin", distance=1.5))
        ),
        points[0],
    )
