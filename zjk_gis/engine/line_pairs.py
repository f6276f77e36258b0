"""Lines that come near each other, and where: plan distances with the heights at the nearest place.

Segments are put into the square cells that their widened bounding boxes touch; two are compared in the one
cell that holds the lower left corner of what their boxes have in common, so that each pair is compared once
and nothing need be remembered. Only pairs nearer than asked are kept.

GEOS gives neither the place on each nor the heights there, and counts a distance over an obstacle of two
metres in height as 0. Distances here are those of GEOS to the last bits (`tests/engine/test_line_pairs.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.engine.compiled import compiled, lean
from zjk_gis.threads import in_chunks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.engine.arrays import Floats, Ints, Ints32, Real, Whole

__all__ = ["CROSSES", "JOINT", "LinePairs", "Lines", "near_pairs"]

CROSSES, JOINT = 1, 2
_JOINT_M = 0.05  # ends this near to the other line are joined to it
_HALVINGS = 24  # of a segment: to a hundredth of a millimetre of 100 m
_MOST_CELLS = 1 << 23
_AT_ONCE = 1 << 15  # cells


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a width, each of one kind.

    Attributes
    ----------
    coords : ndarray of float64, shape (v, 4)
        x, y and two heights of the axis, such as by level and by depth; NaN where one is not known.
    starts : ndarray of int64
        Segment k runs from ``coords[starts[k]]`` to ``coords[starts[k] + 1]``.
    owner : ndarray of int64
        The line of each segment.
    half : ndarray of float64
        Half the width of each line.
    kind : ndarray of int64
        Of each line.
    ends : ndarray of float64, shape (n, 4)
        Where each line begins and ends: x, y, x, y.
    nodes : ndarray of int64, shape (n, 2)
        What it begins and ends at; -1 where that is not known.
    family : ndarray of int64
        Lines of one family may be joined to each other.
    """

    coords: NDArray[np.float64]
    starts: NDArray[np.int64]
    owner: NDArray[np.int64]
    half: NDArray[np.float64]
    kind: NDArray[np.int64]
    ends: NDArray[np.float64]
    nodes: NDArray[np.int64]
    family: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LinePairs:
    """Pairs of segments of two lines that are near each other.

    Attributes
    ----------
    a, b : ndarray of int64
        The lines, the lower number first.
    distance : ndarray of float64
        Between their axes, in plan.
    ax, ay, bx, by : ndarray of float64
        The nearest places on the two.
    rise : ndarray of float64
        How far apart the axes are in height at the least where one lies over the other; NaN where neither
        does, or heights are not known.
    how : ndarray of int64
        `CROSSES` where the axes cross in plan, `JOINT` where lines of one family are joined.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    distance: NDArray[np.float64]
    ax: NDArray[np.float64]
    ay: NDArray[np.float64]
    bx: NDArray[np.float64]
    by: NDArray[np.float64]
    rise: NDArray[np.float64]
    how: NDArray[np.int64]


def near_pairs(lines: Lines, reach: NDArray[np.float64]) -> LinePairs:
    """Find the pairs of segments whose edges are nearer than asked of their kinds.

    Parameters
    ----------
    lines : Lines
    reach : ndarray of float64, shape (k, k)
        For each pair of kinds the distance from edge to edge below which a pair is kept; negative where such
        pairs are never asked about. Symmetric.

    Returns
    -------
    LinePairs
        Sorted by `a` and `b`.

    Examples
    --------
    Two pipes 1.2 m apart, 0.3 m wide each, of which gaps below 1 m are asked for:

    >>> coords = np.array([[0, 0, 5, 0], [9, 0, 5, 0], [2, 1.2, 4, 0], [8, 1.2, 4, 0]], float)
    >>> pipes = Lines(
    ...     coords, np.array([0, 2]), np.array([0, 1]), np.array([0.15, 0.15]), np.array([0, 0]),
    ...     coords[:, :2].reshape(2, 4), np.full((2, 2), -1), np.array([0, 1]),
    ... )
    >>> found = near_pairs(pipes, np.array([[1.0]]))
    >>> found.a.tolist(), found.b.tolist(), found.distance.tolist(), found.rise.tolist()
    ([0], [1], [1.2], [nan])
    """
    if not len(lines.starts):
        none, nothing = np.empty(0, np.int64), np.empty(0)
        return LinePairs(none, none, nothing, nothing, nothing, nothing, nothing, nothing, none)
    spread = np.maximum(reach.max(axis=1), 0.0)[lines.kind] / 2 + lines.half
    boxes, place, (nx, ny) = _grid_of(lines, spread)
    counts = np.zeros(nx * ny + 1, np.int64)
    _count(boxes, place, nx, ny, counts)
    first = np.cumsum(counts)
    listed = np.empty(int(first[-1]), np.int32)
    _list(boxes, place, nx, ny, first, listed)  # leaves in `first` where each cell begins
    asked = (lines.coords, lines.starts, lines.owner, lines.half, lines.kind, lines.ends, lines.nodes)
    parts = in_chunks(
        lambda part: _compare(
            np.int64(part.start), np.int64(part.stop), boxes, place, nx, first, listed, *asked,
            lines.family, reach,
        ),
        nx * ny,
        chunk=_AT_ONCE,
    )  # fmt: skip
    whole = np.concatenate([numbers for numbers, _ in parts])
    real = np.concatenate([values for _, values in parts])
    order = np.argsort(whole[:, 0] * len(lines.half) + whole[:, 1], kind="stable")
    whole, real = whole[order], real[order]
    distance, ax, ay, bx, by, rise = real.T
    return LinePairs(whole[:, 0], whole[:, 1], distance, ax, ay, bx, by, rise, whole[:, 2])


def _grid_of(
    lines: Lines, spread: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[int, int]]:
    """Lay cells as large as segments are: boxes of segments, place and size of the grid."""
    a, b = lines.coords[lines.starts, :2], lines.coords[lines.starts + 1, :2]
    wider = spread[lines.owner][:, None]
    boxes = np.ascontiguousarray(np.hstack([np.minimum(a, b) - wider, np.maximum(a, b) + wider]))
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    width, height = np.maximum(high - low, 1e-6).tolist()
    size = float(np.mean(boxes[:, 2:] - boxes[:, :2]))
    side = max(size, (width * height / _MOST_CELLS) ** 0.5, max(width, height) / 1e6, 1e-6)
    return boxes, np.array([*low, 1.0 / side]), (int(width / side) + 1, int(height / side) + 1)


@lean
def _cell(value: Real, low: Real, inverse: Real, most: Whole) -> Whole:
    return min(max(np.int64((value - low) * inverse), np.int64(0)), most - 1)


@compiled
def _count(boxes: Floats, place: Floats, nx: Whole, ny: Whole, counts: Ints) -> None:
    for k in range(boxes.shape[0]):
        for r in range(
            _cell(boxes[k, 1], place[1], place[2], ny), _cell(boxes[k, 3], place[1], place[2], ny) + 1
        ):
            for c in range(
                _cell(boxes[k, 0], place[0], place[2], nx), _cell(boxes[k, 2], place[0], place[2], nx) + 1
            ):
                counts[r * nx + c] += 1


@compiled
def _list(boxes: Floats, place: Floats, nx: Whole, ny: Whole, first: Ints, listed: Ints32) -> None:
    # From the last to the first, so that cells list segments in their order and `first` ends up at begins.
    for back in range(boxes.shape[0]):
        k = boxes.shape[0] - 1 - back
        for r in range(
            _cell(boxes[k, 1], place[1], place[2], ny), _cell(boxes[k, 3], place[1], place[2], ny) + 1
        ):
            for c in range(
                _cell(boxes[k, 0], place[0], place[2], nx), _cell(boxes[k, 2], place[0], place[2], nx) + 1
            ):
                first[r * nx + c] -= 1
                listed[first[r * nx + c]] = k


@lean
def _to_segment(px: Real, py: Real, ax: Real, ay: Real, bx: Real, by: Real) -> tuple[float, float]:
    """Return how far a point is from a segment, and at which share of it the nearest place lies."""
    dx, dy = bx - ax, by - ay
    length2 = dx * dx + dy * dy
    t = 0.0
    if length2 > 0.0:
        t = min(max(((px - ax) * dx + (py - ay) * dy) / length2, 0.0), 1.0)
    # At the ends no rounding of the way there is let in.
    ex = px - (bx if t == 1.0 else ax + t * dx)
    ey = py - (by if t == 1.0 else ay + t * dy)
    return np.sqrt(ex * ex + ey * ey), t


@lean
def _nearest(
    ax: Real, ay: Real, bx: Real, by: Real, cx: Real, cy: Real, dx: Real, dy: Real
) -> tuple[float, float, float, int]:
    """Return the distance of two segments, where on each it is, and whether they cross."""
    ux, uy, vx, vy = bx - ax, by - ay, dx - cx, dy - cy
    across = ux * vy - uy * vx
    if across != 0.0:
        s = ((cx - ax) * vy - (cy - ay) * vx) / across
        t = ((cx - ax) * uy - (cy - ay) * ux) / across
        if 0.0 <= s <= 1.0 and 0.0 <= t <= 1.0:
            return 0.0, s, t, 1
    # Otherwise an end of one of them is nearest; of equally near ones the first.
    best, at_s = _to_segment(cx, cy, ax, ay, bx, by)
    at_t = 0.0
    far, s = _to_segment(dx, dy, ax, ay, bx, by)
    if far < best:
        best, at_s, at_t = far, s, 1.0
    far, t = _to_segment(ax, ay, cx, cy, dx, dy)
    if far < best:
        best, at_s, at_t = far, 0.0, t
    far, t = _to_segment(bx, by, cx, cy, dx, dy)
    if far < best:
        best, at_s, at_t = far, 1.0, t
    return best, at_s, at_t, 0


@lean
def _drop(coords: Floats, i: Whole, s: Real, j: Whole, t: Real) -> float:
    """Return how much higher one axis is than the other: by level, or by depth, or not known."""
    for column in (2, 3):
        za = coords[i, column] + s * (coords[i + 1, column] - coords[i, column])
        zb = coords[j, column] + t * (coords[j + 1, column] - coords[j, column])
        if np.isfinite(za) and np.isfinite(zb):
            return float(za - zb)
    return np.nan


@lean
def _leaves_at(coords: Floats, i: Whole, j: Whole, s: Real, end: Real, overlap: Real) -> float:
    """Return at which share of a segment, from one that lies over another towards an end, it does no more."""
    inside, outside = s, end
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        far, _ = _to_segment(
            coords[i, 0] + middle * (coords[i + 1, 0] - coords[i, 0]),
            coords[i, 1] + middle * (coords[i + 1, 1] - coords[i, 1]),
            coords[j, 0], coords[j, 1], coords[j + 1, 0], coords[j + 1, 1],
        )  # fmt: skip
        if far < overlap:
            inside = middle
        else:
            outside = middle
    return float(inside)


@lean
def _least_rise(coords: Floats, i: Whole, j: Whole, s: Real, t: Real, crosses: Whole, overlap: Real) -> float:
    """Return the least difference of height where one line lies over the other.

    Where they cross, that is there. Where they run on top of each other it is at one of the ends of the
    stretch, which may lie within a line that turns away, or 0 where one rises through the other on the way.
    """
    here = _drop(coords, i, s, j, t)
    if crosses == 1 or not np.isfinite(here):
        return abs(here)
    least, above, below = abs(here), here >= 0.0, here <= 0.0
    for end in range(4):
        one, other, begin, on = (i, j, s, float(end)) if end < 2 else (j, i, t, float(end - 2))
        k = one + np.int64(on)
        far, there = _to_segment(
            coords[k, 0], coords[k, 1],
            coords[other, 0], coords[other, 1], coords[other + 1, 0], coords[other + 1, 1],
        )  # fmt: skip
        if far >= overlap:
            on = _leaves_at(coords, one, other, begin, on, overlap)
            far, there = _to_segment(
                coords[one, 0] + on * (coords[one + 1, 0] - coords[one, 0]),
                coords[one, 1] + on * (coords[one + 1, 1] - coords[one, 1]),
                coords[other, 0], coords[other, 1], coords[other + 1, 0], coords[other + 1, 1],
            )  # fmt: skip
        drop = _drop(coords, i, on, j, there) if end < 2 else _drop(coords, i, there, j, on)
        least = min(least, abs(drop))
        above = above and drop >= 0.0
        below = below and drop <= 0.0
    return least if above or below else 0.0


@lean
def _joined(ends: Floats, nodes: Ints, a: Whole, b: Whole) -> bool:
    """Tell whether two lines share a node, by name or by place."""
    for p in range(2):
        for q in range(2):
            if nodes[a, p] >= 0 and nodes[a, p] == nodes[b, q]:
                return True
            dx, dy = ends[a, 2 * p] - ends[b, 2 * q], ends[a, 2 * p + 1] - ends[b, 2 * q + 1]
            if dx * dx + dy * dy <= _JOINT_M * _JOINT_M:
                return True
    return False


@lean
def _ends_on(ends: Floats, a: Whole, b: Whole, ax: Real, ay: Real, bx: Real, by: Real) -> bool:
    """Tell whether one of two lines ends at the place where they meet."""
    for p in range(2):
        dx, dy = ends[a, 2 * p] - ax, ends[a, 2 * p + 1] - ay
        ex, ey = ends[b, 2 * p] - bx, ends[b, 2 * p + 1] - by
        if min(dx * dx + dy * dy, ex * ex + ey * ey) <= _JOINT_M * _JOINT_M:
            return True
    return False


@compiled
def _compare(
    begin: Whole,
    stop: Whole,
    boxes: Floats,
    place: Floats,
    nx: Whole,
    first: Ints,
    listed: Ints32,
    coords: Floats,
    starts: Ints,
    owner: Ints,
    half: Floats,
    kind: Ints,
    ends: Floats,
    nodes: Ints,
    family: Ints,
    reach: Floats,
) -> tuple[Ints, Floats]:
    """Compare the segments of some cells, pair by pair."""
    whole, real = np.empty((256, 3), np.int64), np.empty((256, 6))
    n = 0
    for cell in range(begin, stop):
        col, row = cell % nx, cell // nx
        for p in range(first[cell], first[cell + 1]):
            k = listed[p]
            for q in range(p + 1, first[cell + 1]):
                m = listed[q]
                a, b = owner[k], owner[m]
                limit = reach[kind[a], kind[b]]
                if a == b or limit < 0.0:
                    continue
                # Boxes apart, or to be compared in another cell.
                x, y = max(boxes[k, 0], boxes[m, 0]), max(boxes[k, 1], boxes[m, 1])
                if x > min(boxes[k, 2], boxes[m, 2]) or y > min(boxes[k, 3], boxes[m, 3]):
                    continue
                if np.int64((x - place[0]) * place[2]) != col or np.int64((y - place[1]) * place[2]) != row:
                    continue
                # The lower number first, so that the answer does not depend on the order of segments.
                i, j = starts[k], starts[m]
                if a > b:
                    a, b, i, j = b, a, j, i
                distance, s, t, crosses = _nearest(
                    coords[i, 0], coords[i, 1], coords[i + 1, 0], coords[i + 1, 1],
                    coords[j, 0], coords[j, 1], coords[j + 1, 0], coords[j + 1, 1],
                )  # fmt: skip
                if distance - half[a] - half[b] >= limit:
                    continue
                if n == whole.shape[0]:
                    whole = np.concatenate((whole, np.empty((n, 3), np.int64)))
                    real = np.concatenate((real, np.empty((n, 6))))
                ax = coords[i, 0] + s * (coords[i + 1, 0] - coords[i, 0])
                ay = coords[i, 1] + s * (coords[i + 1, 1] - coords[i, 1])
                bx = coords[j, 0] + t * (coords[j + 1, 0] - coords[j, 0])
                by = coords[j, 1] + t * (coords[j + 1, 1] - coords[j, 1])
                how = crosses
                if family[a] == family[b] and (
                    _joined(ends, nodes, a, b)
                    or (distance <= _JOINT_M and _ends_on(ends, a, b, ax, ay, bx, by))
                ):
                    how += JOINT
                real[n, 0], real[n, 1], real[n, 2], real[n, 3], real[n, 4] = distance, ax, ay, bx, by
                real[n, 5] = np.nan
                if crosses == 1 or distance < half[a] + half[b]:
                    real[n, 5] = _least_rise(coords, i, j, s, t, crosses, half[a] + half[b])
                whole[n, 0], whole[n, 1], whole[n, 2] = a, b, how
                n += 1
    return whole[:n].copy(), real[:n].copy()
