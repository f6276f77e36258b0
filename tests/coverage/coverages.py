"""Coverages with planted faults, known by construction, and strategies for hypothesis.

The city is a chessboard of squares that share their borders, each side divided into as many edges as asked,
so that a fault in the middle of a square or on a side is where it was put, and nowhere else.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from hypothesis import strategies as st
from shapely import box

X, Y = 573000.0, 4520000.0
SIDE = 64.0

# Rectangles on the metre squares of a region of 10 m by 10 m.
steps = st.integers(0, 9)
spans = st.integers(1, 5)
rectangles = st.builds(
    lambda x, y, w, h: box(X + x, Y + y, X + min(x + w, 10), Y + min(y + h, 10)), steps, steps, spans, spans
)
rectangle_lists = st.lists(rectangles, min_size=1, max_size=10)


@dataclass(frozen=True)
class Planted:
    """A city and what is wrong with it: areas by gap, and by pair of codes, and borders by pair."""

    region: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame
    gaps: dict  # a point in each gap: (area, kind)
    overlaps: dict  # pair of codes: (area, kind)
    mismatches: dict  # pair of codes: (kind, deviation)


def plant(columns, rows, *, per_side=4, seed=0):
    """Plant one fault at most in each square: a hole, a sliver, an overlap, a nested zone, a bad border."""
    rng = np.random.default_rng(seed)
    size = columns * rows
    codes = np.array([f"Z{at:06}" for at in range(size)])
    column, row = np.divmod(np.arange(size), rows)
    west, south = X + column * SIDE, Y + row * SIDE
    t = np.arange(per_side) * (SIDE / per_side)
    zero, full = np.zeros(per_side), np.full(per_side, SIDE)
    ring = np.stack([np.r_[t, full, SIDE - t, zero], np.r_[zero, t, full, SIDE - t]], axis=1)
    shapes = shapely.polygons(ring[None] + np.stack([west, south], axis=1)[:, None])
    what = rng.choice(8, size)
    gaps, overlaps, mismatches = {}, {}, {}
    for at in range(size):
        x, y = west[at], south[at]
        a, b = (rng.integers(4, 60, 2) / 4).tolist()  # quarters of metres: every area is exact
        if what[at] == 1:  # a hole
            hole = box(x + 16, y + 16, x + 16 + a, y + 16 + b)
            shapes[at] = shapes[at].difference(hole)
            gaps[x + 16 + a / 2, y + 16 + b / 2] = (a * b, "hole")
        elif what[at] == 2 and column[at] < columns - 1:  # its eastern side stands back by a quarter metre
            strip = box(x + SIDE - 0.25, y + 16, x + SIDE, y + 48)
            shapes[at] = shapes[at].difference(strip)
            gaps[x + SIDE - 0.125, y + 32] = (8.0, "sliver")
        elif what[at] == 3 and column[at] < columns - 1:  # it reaches over its eastern neighbour
            shapes[at] = shapes[at].union(box(x + SIDE, y + 16, x + SIDE + a / 2, y + 48))
            overlaps[codes[at], codes[at + rows]] = (a / 2 * 32, "partial" if a / 2 >= 1 else "sliver")
        elif what[at] == 4 and column[at] < columns - 1:  # a vertex that its neighbour lacks
            shapes[at] = with_vertex(shapes[at], x + SIDE, y + SIDE / 2 + 1.5)
            mismatches[codes[at], codes[at + rows]] = ("unmatched_vertex", 0.0)
        elif what[at] == 5 and column[at] < columns - 1:  # and one that rounding moved by 2 mm
            off = 2.0**-9
            shapes[at] = with_vertex(shapes[at], x + SIDE + off, y + SIDE / 2 + 1.5)
            mismatches[codes[at], codes[at + rows]] = ("near_edges", off)
    nested = np.flatnonzero(what == 6)  # another zone, all inside
    inner = shapely.box(west[nested] + 24, south[nested] + 24, west[nested] + 40, south[nested] + 40)
    for at in nested.tolist():
        overlaps[f"N{at:06}", codes[at]] = (256.0, "nested")
    zones = gpd.GeoDataFrame(
        {"zone_code": np.concatenate([codes, [f"N{at:06}" for at in nested]])},
        geometry=np.concatenate([shapes, inner]),
        crs=4547,
    )
    frame = box(X, Y, X + columns * SIDE, Y + rows * SIDE)
    return Planted(gpd.GeoDataFrame(geometry=[frame], crs=4547), zones, gaps, overlaps, mismatches)


def with_vertex(shape, x, y):
    """Add a vertex where the ring passes nearest."""
    ring = shapely.get_coordinates(shape)
    edges = shapely.linestrings(np.stack([ring[:-1], ring[1:]], axis=1))
    at = int(np.argmin(shapely.distance(edges, shapely.Point(x, y))))
    return shapely.Polygon(np.insert(ring, at + 1, (x, y), axis=0))


def drawn_apart(side, *, per_side, apart, seed=0, digits=None):
    """Draw side × side counties, each by another hand: every border twice, winding, up to so far apart."""
    rng = np.random.default_rng(seed)
    step = 40.0 * per_side
    corners = np.stack(np.meshgrid(*[np.arange(side + 1) * step] * 2, indexing="ij"), axis=-1)
    corners[1:-1, 1:-1] += rng.uniform(-step / 6, step / 6, (side - 1, side - 1, 2))
    share = np.linspace(0, 1, 8 * per_side + 1)
    true = {}

    def border(one, other):
        first, last = sorted([one, other])
        along = corners[last] - corners[first]
        across = np.array([-along[1], along[0]]) / np.hypot(*along)
        if (first, last) not in true:
            waves = (rng.normal() * np.sin(np.pi * k * share) / k for k in range(1, 20))
            true[first, last] = (
                corners[first] + share[:, None] * along + sum(waves)[:, None] * step / 40 * across
            )
        at = np.r_[0, np.arange(1, per_side) + rng.uniform(-0.4, 0.4, per_side - 1), per_side] / per_side
        line = np.stack([np.interp(at, share, true[first, last][:, axis]) for axis in (0, 1)], axis=1)
        off = sum(rng.uniform(-1, 1) * np.sin(2 * np.pi * k * at) for k in rng.integers(1, per_side // 3, 3))
        line += (off * apart / 6)[:, None] * across
        line[1:-1] += rng.uniform(-apart / 20, apart / 20, (per_side - 1, 2))
        return (line if first == one else line[::-1])[:-1]

    shapes = []
    for i, j in np.ndindex(side, side):
        ring = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1), (i, j)]
        shapes.append(np.concatenate([border(ring[at], ring[at + 1]) for at in range(4)]) + (X, Y))
    return _coverage(shapes, digits)


def straight_streets(side, *, seed=0, digits=None):
    """Draw side × side blocks along straight streets at an angle, each with vertices of its own."""
    rng = np.random.default_rng(seed)
    turn = np.array([[np.cos(0.21), -np.sin(0.21)], [np.sin(0.21), np.cos(0.21)]])
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]])
    shapes = []
    for place in np.ndindex(side, side):
        shares = [np.r_[0, np.sort(rng.uniform(0.05, 0.95, rng.integers(0, 6)))] for _ in range(4)]
        rings = [square[at] + t[:, None] * (square[at + 1] - square[at]) for at, t in enumerate(shares)]
        shapes.append((np.concatenate(rings) + place) * 120 @ turn.T + (X, Y))
    return _coverage(shapes, digits)


def _coverage(rings, digits):
    rings = [ring if digits is None else np.round(ring, digits) for ring in rings]
    codes = [f"C{at:03}" for at in range(len(rings))]
    return gpd.GeoDataFrame(
        {"zone_code": codes}, geometry=[shapely.Polygon(ring) for ring in rings], crs=4547
    )
