"""How a disc is shared out among polygons, compiled: edges far from it are passed over eight at a time.

The area that a ring shares with a disc is a sum over its edges: within the disc each spans a triangle with
the centre, beyond it a sector. Sectors of edges that follow each other add up to one, which their first and
last place tell, but for whole turns; those are counted where the way around the centre crosses the ray to the
west. So of a run of edges whose box does not reach the disc nothing is looked at but its two ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.engine.compiled import inner, lean
from zjk_gis.engine.predicates import greater, lesser

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.engine.arrays import Bools, Floats, Ints, Real, Whole

__all__ = ["bound_runs", "boxes_of", "share_discs"]

_RUN = 8  # edges of which one box is kept
_MANY = 16  # runs of which one box is kept, too


def boxes_of(edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many boxes rings with so many edges have: of many runs, too, where these are several."""
    runs = -(-edges // _RUN)
    return np.asarray(runs + np.where(runs > _MANY, -(-runs // _MANY), 0))


@lean
def bound_runs(coords: Floats, starts: Ints, runs: Ints, boxes: Floats) -> None:
    """Fill the boxes (west, south, east, north) of each ring: of its runs, and behind them of many runs each.

    Those of ring k are `boxes[runs[k]:runs[k + 1]]`.
    """
    for ring in range(starts.size - 1):
        at, last = starts[ring], starts[ring + 1] - 1
        n_runs = (last - at + _RUN - 1) // _RUN
        n_boxes = runs[ring + 1] - runs[ring]
        for k in range(n_boxes):
            edges = _RUN if k < n_runs else _RUN * _MANY
            first = at + edges * (k if k < n_runs else k - n_runs)
            west = east = coords[first, 0]
            south = north = coords[first, 1]
            for i in range(first + 1, min(first + edges, last) + 1):
                west, east = lesser(west, coords[i, 0]), greater(east, coords[i, 0])
                south, north = lesser(south, coords[i, 1]), greater(north, coords[i, 1])
            box = runs[ring] + k
            boxes[box, 0], boxes[box, 1], boxes[box, 2], boxes[box, 3] = west, south, east, north


@lean
def share_discs(
    x: Floats,
    y: Floats,
    radius: Floats,
    zone: Ints,
    shares: Floats,
    coords: Floats,
    starts: Ints,
    rings: Ints,
    first: Ints,
    is_hole: Bools,
    low: Floats,
    high: Floats,
    runs: Ints,
    boxes: Floats,
) -> None:
    """Fill in the share of each disc that lies in its zone, whose rings are `rings[first[zone]:...]`."""
    for i in range(x.size):
        px, py, r = x[i], y[i], radius[i]
        total = 0.0
        for k in range(first[zone[i]], first[zone[i] + 1]):
            ring = rings[k]
            if _is_beyond(low[ring, 0], low[ring, 1], high[ring, 0], high[ring, 1], px, py, r):
                continue
            area = _area(
                px, py, r, coords, starts[ring], starts[ring + 1] - 1, boxes, runs[ring], runs[ring + 1]
            )
            total += -area if is_hole[ring] else area
        shares[i] = total / (np.pi * r * r)


@inner
def _is_beyond(west: Real, south: Real, east: Real, north: Real, px: Real, py: Real, r: Real) -> Any:
    """Tell whether a box does not reach into a disc."""
    dx = greater(greater(west - px, px - east), 0.0)
    dy = greater(greater(south - py, py - north), 0.0)
    return dx * dx + dy * dy >= r * r


@inner
def _area(
    px: Real, py: Real, r: Real, coords: Floats, at: Whole, last: Whole, boxes: Floats, box: Whole, end: Whole
) -> Real:
    """Return the area that a ring, whose vertices are those from `at` to `last`, shares with a disc."""
    n_runs = (last - at + _RUN - 1) // _RUN
    has_many = box + n_runs < end
    square = r * r
    triangles, angle = 0.0, 0.0
    # The place where the way beyond the disc began, and how often it went around since.
    sx, sy, turns = coords[at, 0] - px, coords[at, 1] - py, np.int64(0)
    ax, ay = sx, sy
    i = at
    while i < last:
        # 1. A run, or many, that does not reach the disc: only its ends count.
        step = np.int64(0)
        if (i - at) % _RUN == 0:
            run = (i - at) // _RUN
            if has_many and run % _MANY == 0:
                b = box + n_runs + run // _MANY
                if _is_beyond(boxes[b, 0], boxes[b, 1], boxes[b, 2], boxes[b, 3], px, py, r):
                    step = np.int64(_RUN * _MANY)
            if step == 0:
                b = box + run
                if _is_beyond(boxes[b, 0], boxes[b, 1], boxes[b, 2], boxes[b, 3], px, py, r):
                    step = np.int64(_RUN)
        if step > 0:
            i = min(i + step, last)
            bx, by = coords[i, 0] - px, coords[i, 1] - py
            turns += _turn(ax, ay, bx, by)
            ax, ay = bx, by
            continue
        # 2. An edge: does its line cut the disc, and the edge itself?
        i += 1
        bx, by = coords[i, 0] - px, coords[i, 1] - py
        dx, dy = bx - ax, by - ay
        length2, along, across = dx * dx + dy * dy, ax * dx + ay * dy, ax * dy - ay * dx
        under_root = length2 * square - across * across
        enters, leaves, root = 1.0, 0.0, 0.0
        if under_root > 0.0 and length2 > 0.0:
            root = np.sqrt(under_root)
            enters = lesser(greater((-along - root) / length2, 0.0), 1.0)
            leaves = lesser(greater((-along + root) / length2, 0.0), 1.0)
        if enters >= leaves:
            turns += _turn(ax, ay, bx, by)
            ax, ay = bx, by
            continue
        # 3. It does: what was beyond until here spans a sector, the part within a triangle.
        angle += _sector(sx, sy, ax, ay, turns)
        ux, uy, vx, vy = ax, ay, bx, by
        # Where it comes in and goes out is told from the foot of the centre, as its ends may be far.
        if enters > 0.0:
            ux, uy = (across * dy - dx * root) / length2, (-across * dx - dy * root) / length2
            angle += np.arctan2(ax * uy - ay * ux, ax * ux + ay * uy)
        if leaves < 1.0:
            vx, vy = (across * dy + dx * root) / length2, (-across * dx + dy * root) / length2
            angle += np.arctan2(vx * by - vy * bx, vx * bx + vy * by)
        triangles += ux * vy - uy * vx
        ax, ay = bx, by
        sx, sy, turns = bx, by, np.int64(0)
    angle += _sector(sx, sy, ax, ay, turns)
    return abs(0.5 * triangles + 0.5 * square * angle)


@inner
def _turn(ax: Real, ay: Real, bx: Real, by: Real) -> Whole:
    """Count a way from a to b across the ray to the west: 1 counter-clockwise, -1 clockwise, else 0."""
    if (ay >= 0.0) == (by >= 0.0):
        return np.int64(0)
    side = ax * by - ay * bx
    if by < 0.0:
        return np.int64(1 if side > 0.0 else 0)
    return np.int64(-1 if side < 0.0 else 0)


@inner
def _sector(ax: Real, ay: Real, bx: Real, by: Real, turns: Whole) -> Real:
    """Return the angle from a to b of a way that went around so often."""
    if ax == bx and ay == by:
        return 2.0 * np.pi * turns
    # Without -0.0, for which the angle of the ray to the west would be that from below.
    return np.arctan2(by + 0.0, bx) - np.arctan2(ay + 0.0, ax) + 2.0 * np.pi * turns
