"""The ground: a river, two banks, and their subdivision down to unit grids, with streets along the cuts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely import LineString, Point, Polygon
from shapely.ops import polygonize, split

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

__all__ = ["Cut", "Ground", "Leaf", "make_ground"]

# The middle of the city in CGCS2000 / CM 114E: the river runs east of the old fort.
CENTRE_E, CENTRE_N = 574250.0, 4520900.0
GRID_AREA_M2 = 10_000.0
STREET_AREA_M2 = 900_000.0
RIVER_WIDTH_M = 96.0
SNAP_M = 0.01  # survey data are kept to the centimetre

MAIN, SIDE, LANE, WALL = "主干路", "支路", "巷", "院墙"
RIVERSIDE = ("清水河西路", "清水河东路")


@dataclass(frozen=True, slots=True)
class Cut:
    """A line along which the ground was divided: a street, or a courtyard wall."""

    line: LineString
    kind: str
    name: str = ""


@dataclass(slots=True)
class Leaf:
    """A unit grid to be, with its place in the hierarchy."""

    shape: Polygon
    bank: int
    street: int
    community: int
    group: int


@dataclass(slots=True)
class Ground:
    """Everything that shapes the city."""

    outline: Polygon
    river: BaseGeometry
    banks: list[Polygon]
    leaves: list[Leaf] = field(default_factory=list)
    grids: list[BaseGeometry] = field(default_factory=list)
    cuts: list[Cut] = field(default_factory=list)
    edges: list[tuple[LineString, int]] = field(default_factory=list)
    bridges: list[Cut] = field(default_factory=list)
    streets_of_bank: list[int] = field(default_factory=list)
    landmark_of_street: dict[int, int] = field(default_factory=dict)  # on the west bank


def make_ground(
    grids: int,
    communities_of_street: list[list[int]],
    landmarks: list[tuple[Point, int]],
    rng: np.random.Generator,
) -> Ground:
    """Divide a city of about `grids` hectares.

    Parameters
    ----------
    grids : int
    communities_of_street : list of list of int
        For each bank the number of communities that each of its streets may have, in order.
    landmarks : list of (Point, int)
        Places on the west bank whose street is known, and how many communities that has.
    rng : Generator
    """
    outline, water = _outline_and_river(grids, rng)
    # Cut by the whole river, not by the part inside: else a hair of land could join the banks at its ends.
    parts = sorted(shapely.get_parts(outline.difference(water)), key=lambda part: -part.area)[:2]
    banks = sorted(parts, key=lambda part: part.centroid.x)
    ground = Ground(outline=outline, river=outline.intersection(water), banks=banks)
    west, east = banks[0], banks[-1]
    area = west.area + east.area
    total = max(4, round(area / STREET_AREA_M2))
    share = [max(2, round(total * bank.area / area)) for bank in (west, east)]
    named = [len(limits) for limits in communities_of_street]
    share = [min(share[0], named[0] + len(landmarks)), min(share[1], named[1])]
    ground.streets_of_bank = share
    strips = max(2, min(*share, 2 + grids // 400))
    roads = _bridge_roads(outline, strips, rng)
    for bank_number, bank in enumerate((west, east)):
        shore = bank.exterior.intersection(ground.river.buffer(0.02))
        shore = shapely.line_merge(shore) if shore.geom_type != "LineString" else shore
        longest = max(shapely.get_parts(shore), key=lambda line: line.length)
        ground.cuts.append(Cut(longest, MAIN, RIVERSIDE[bank_number]))
        strips_of_bank = _cut_into_strips(ground, bank, roads)
        limits = communities_of_street[bank_number]
        _divide_bank(ground, strips_of_bank, bank_number, share[bank_number], limits, landmarks, rng)
    for number, road in enumerate(roads):
        over = road.intersection(ground.river)
        for part in shapely.get_parts(over):
            if part.length > 20:
                ground.bridges.append(Cut(part, MAIN, f"#{number}"))
    _add_dead_ends(ground, rng)
    _node(ground)
    return ground


def _outline_and_river(grids: int, rng: np.random.Generator) -> tuple[Polygon, Polygon]:
    land = grids * GRID_AREA_M2
    north = np.sqrt(land * 1.55 / np.pi)
    width = min(RIVER_WIDTH_M, north / 12)
    land += 2 * north * width
    east = land / (np.pi * north)
    angle = np.linspace(0, 2 * np.pi, 160, endpoint=False)
    bulge = np.ones_like(angle)
    for harmonic in (2, 3, 4, 5, 7):
        bulge += rng.normal(0, 0.035) * np.cos(harmonic * angle + rng.uniform(0, 2 * np.pi))
    ring = np.column_stack([east * bulge * np.cos(angle), north * bulge * np.sin(angle)])
    ring = np.round(ring + [CENTRE_E, CENTRE_N], 2)
    y = np.linspace(-1.3, 1.3, 90)
    x = 0.10 * np.sin(2.6 * y + rng.uniform(-0.3, 0.3)) + 0.03 * np.sin(7 * y + rng.uniform(0, 6)) + 0.07
    course = np.column_stack([x * east + CENTRE_E, y * north + CENTRE_N])
    river = LineString(course).buffer(width / 2, quad_segs=4, cap_style="flat")
    outline = Polygon(ring)
    water: Any = shapely.set_precision(river, SNAP_M)
    return outline, water


def _bridge_roads(outline: Polygon, strips: int, rng: np.random.Generator) -> list[LineString]:
    west, south, east, north = outline.bounds
    roads = []
    for i in range(1, strips):
        y = south + (north - south) * (i / strips + rng.normal(0, 0.012))
        tilt = rng.normal(0, 40)
        roads.append(_wiggle(np.array([west - 60, y - tilt]), np.array([east + 60, y + tilt]), 22.0, rng))
    return sorted(roads, key=lambda road: -road.centroid.y)


def _cut_into_strips(ground: Ground, bank: Polygon, roads: list[LineString]) -> list[Polygon]:
    """Cut a bank by the roads that lead to the bridges."""
    strips = [bank]
    for i, road in enumerate(roads):
        cut = [part for strip in strips for part in shapely.get_parts(split(strip, road))]
        inside = max(shapely.get_parts(road.intersection(bank)), key=lambda line: line.length)
        ground.cuts.append(Cut(inside, MAIN, f"#{i}"))
        strips = cut
    return sorted(_merge_small(strips, len(roads) + 1), key=lambda part: -part.centroid.y)


def _divide_bank(
    ground: Ground,
    strips: list[Polygon],
    number: int,
    streets: int,
    limits: list[int],
    landmarks: list[tuple[Point, int]],
    rng: np.random.Generator,
) -> None:
    """Cut the strips of a bank into streets, those into communities, and so on down."""
    quota = _quotas([part.area for part in strips], streets)
    street = 0
    for strip, count in zip(strips, quota, strict=True):
        for piece in _divide(ground, strip, count, MAIN, rng):
            known = len(ground.landmark_of_street) if number == 0 else 0
            spare = min(count for _, count in landmarks)  # a landmark's street that none was found for
            limit = limits[street - known] if street - known < len(limits) else spare
            for i, (place, its_limit) in enumerate(landmarks):
                if number == 0 and piece.contains(place) and street not in ground.landmark_of_street:
                    ground.landmark_of_street[street], limit = i, its_limit
            wanted = int(np.clip(round(piece.area / (12 * GRID_AREA_M2)), 1, limit))
            for c, part in enumerate(_divide(ground, piece, wanted, SIDE, rng)):
                _divide_community(ground, part, number, street, c, rng)
            street += 1


def _divide_community(
    ground: Ground, part: Polygon, bank: int, street: int, community: int, rng: np.random.Generator
) -> None:
    grids = max(1, round(part.area / GRID_AREA_M2))
    groups = max(1, round(grids / 6))
    counts = _quotas([1.0] * groups, grids)
    for number, piece in enumerate(_divide(ground, part, groups, LANE, rng)):
        wanted = max(1, round(piece.area / GRID_AREA_M2)) if groups > 1 else counts[0]
        for leaf in _divide(ground, piece, wanted, LANE, rng, walls=True):
            ground.leaves.append(Leaf(leaf, bank, street, community, number))


def _merge_small(parts: list[Polygon], most: int) -> list[Polygon]:
    """Join the smallest parts, left over by a cut, to the neighbour with the longest common border."""
    kept = sorted(parts, key=lambda part: part.area)
    while len(kept) > most:
        scrap = kept.pop(0)
        best = max(range(len(kept)), key=lambda i: kept[i].intersection(scrap.buffer(0.05)).length)
        joined: Any = shapely.union_all([kept[best], scrap], grid_size=SNAP_M)
        kept[best] = max(shapely.get_parts(joined), key=lambda part: part.area)
        kept.sort(key=lambda part: part.area)
    return kept


def _quotas(weights: list[float], total: int) -> list[int]:
    """Share out `total` in proportion to the weights, at least one each."""
    exact = np.array(weights) / sum(weights) * total
    counts = np.maximum(1, np.floor(exact).astype(int))
    while counts.sum() < total:
        counts[np.argmax(exact - counts)] += 1
    while counts.sum() > total and counts.max() > 1:
        over = np.where(counts > 1, counts - exact, -np.inf)
        counts[np.argmax(over)] -= 1
    return [int(n) for n in counts]


def _divide(
    ground: Ground, shape: Polygon, parts: int, kind: str, rng: np.random.Generator, *, walls: bool = False
) -> list[Polygon]:
    """Cut a shape in two again and again until there are `parts` pieces of about the same size."""
    if parts <= 1:
        return [shape]
    first = parts // 2
    last_cut = parts == 2
    pieces, line = _cut(shape, float(np.clip(first / parts * rng.normal(1, 0.1), 0.3, 0.7)), rng)
    if line is None:
        return [shape]
    is_wall = walls and last_cut and rng.random() < 0.35
    ground.cuts.append(Cut(line, WALL if is_wall else kind))
    return [
        leaf
        for piece, count in zip(pieces, (first, parts - first), strict=True)
        for leaf in _divide(ground, piece, count, kind, rng, walls=walls)
    ]


def _cut(shape: Polygon, ratio: float, rng: np.random.Generator) -> tuple[list[Polygon], LineString | None]:
    """Cut a shape across its longer extent so that the first piece has about `ratio` of the area."""
    box = shapely.get_coordinates(shapely.oriented_envelope(shape))[:4]
    sides = np.roll(box, -1, axis=0) - box
    lengths = np.hypot(*sides.T)
    along = sides[np.argmax(lengths)] / lengths.max()
    if along[0] + 0.01 * along[1] < 0:
        along = -along
    turn = rng.normal(0, np.radians(5))
    along = np.array(
        [along[0] * np.cos(turn) - along[1] * np.sin(turn), along[0] * np.sin(turn) + along[1] * np.cos(turn)]
    )
    across = np.array([-along[1], along[0]])
    reach = lengths.max() + lengths.min() + 50
    ring = shapely.get_coordinates(shape)
    low, high = (ring @ along).min(), (ring @ along).max()
    middle = shapely.get_coordinates(shape.centroid)[0] @ across
    for wiggle in (0.045, 0.02, 0.0):
        lo, hi = low, high
        for _ in range(14):
            offset = (lo + hi) / 2
            corner = along * offset + across * (middle - reach)
            half = Polygon(
                [
                    corner,
                    corner + across * 2 * reach,
                    corner + across * 2 * reach - along * 2 * reach,
                    corner - along * 2 * reach,
                ]
            )
            if shape.intersection(half).area < ratio * shape.area:
                lo = offset
            else:
                hi = offset
        chord = LineString(
            [along * offset + across * (middle - reach), along * offset + across * (middle + reach)]
        )
        inner = shape.intersection(chord)
        if inner.geom_type != "LineString":
            continue
        a, b = shapely.get_coordinates(inner)[[0, -1]]
        direction = (b - a) / np.hypot(*(b - a))
        line = _wiggle(a - direction * 3, b + direction * 3, min(14.0, wiggle * inner.length), rng)
        pieces = [p for p in shapely.get_parts(split(shape, line)) if p.geom_type == "Polygon"]
        if len(pieces) != 2 or min(p.area for p in pieces) < 0.5 * min(ratio, 1 - ratio) * shape.area:
            continue
        pieces.sort(key=lambda p: shapely.get_coordinates(p.centroid)[0] @ along)
        street: Any = shape.intersection(line)
        if street.geom_type == "LineString":
            return pieces, street
    return [shape], None


def _wiggle(
    a: NDArray[Any], b: NDArray[Any], amplitude: float, rng: np.random.Generator, step: float = 32.0
) -> LineString:
    """Draw an irregular line from a to b: a few random waves, drawn every 32 m or so."""
    length = float(np.hypot(*(b - a)))
    n = max(2, round(length / step) + 1)
    t = np.linspace(0, 1, n)
    t[1:-1] += rng.normal(0, 0.15 / n, n - 2)
    offset = np.zeros(n)
    for wave in (1, 2, 3, 5, 9):
        offset += rng.normal(0, amplitude / wave**0.8) * np.sin(np.pi * wave * t)
    normal = np.array([-(b - a)[1], (b - a)[0]]) / length
    points = a + t[:, None] * (b - a) + np.clip(offset, -1.6 * amplitude, 1.6 * amplitude)[:, None] * normal
    return LineString(np.round(points, 2))


def _add_dead_ends(ground: Ground, rng: np.random.Generator) -> None:
    """Let some lanes send a short one into the block beside them: real dead ends."""
    tree = shapely.STRtree([leaf.shape for leaf in ground.leaves])
    lanes = [cut for cut in ground.cuts if cut.kind == LANE and cut.line.length > 60]
    for lane in lanes:
        if rng.random() > 0.16:
            continue
        at = rng.uniform(0.35, 0.65) * lane.line.length
        start, ahead = lane.line.interpolate(at), lane.line.interpolate(at + 1)
        side = rng.choice([-1, 1])
        normal = np.array([-(ahead.y - start.y), ahead.x - start.x]) * side
        end = np.array([start.x, start.y]) + normal * rng.uniform(32, 52)
        tip = Point(np.round(end, 2))
        for i in tree.query(tip, predicate="within"):
            shape = ground.leaves[i].shape
            spur = LineString([(start.x, start.y), (tip.x, tip.y)])
            if shape.exterior.distance(tip) > 12 and shape.buffer(0.05).contains(spur):
                ground.cuts.append(Cut(spur, LANE))


def _node(ground: Ground) -> None:
    """Node all lines once, so that neighbours share every vertex, and read grids and road edges off."""
    rings = [LineString(bank.exterior.coords) for bank in ground.banks]
    lines = [cut.line for cut in ground.cuts] + [cut.line for cut in ground.bridges] + rings
    noded = shapely.union_all(lines, grid_size=SNAP_M)
    faces = list(polygonize(shapely.get_parts(noded)))
    tree = shapely.STRtree([leaf.shape for leaf in ground.leaves])
    inside = [shapely.point_on_surface(face) for face in faces]
    parts: dict[int, list[Polygon]] = {}
    for face, spot in zip(faces, inside, strict=True):
        if ground.river.contains(spot):
            continue
        parts.setdefault(int(tree.nearest(spot)), []).append(face)
    keep = sorted(parts)
    ground.grids = [shapely.coverage_union_all(parts[i]) if len(parts[i]) > 1 else parts[i][0] for i in keep]
    ground.leaves = [ground.leaves[i] for i in keep]
    streets = [(i, cut) for i, cut in enumerate([*ground.cuts, *ground.bridges]) if cut.kind != WALL]
    street_tree = shapely.STRtree([cut.line for _, cut in streets])
    for edge in shapely.get_parts(noded):
        spot = edge.interpolate(0.5, normalized=True)
        near = street_tree.query(spot, predicate="dwithin", distance=0.03)
        if len(near):
            ground.edges.append((edge, streets[int(near.min())][0]))
