"""Which rings may cross or touch themselves: all others bound valid polygons.

The edges of a ring are taken in blocks of some that follow each other. Where the boxes of two blocks meet,
their edges are compared with each other, and edges whose boxes meet are looked at exactly. Nothing is kept:
to compile a grid for it would take five times as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.engine.compiled import compiled, inner
from zjk_gis.engine.predicates import greater, lesser, orient
from zjk_gis.threads import all_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.engine.arrays import Bools, Floats, Ints, Real, Whole
    from zjk_gis.engine.shapes import Rings

__all__ = ["is_back", "may_meet_themselves", "meet_badly"]

_AT_ONCE = 1 << 16  # vertices
_LEAST = 8  # edges in a block; the third root of their number, if that is more


def may_meet_themselves(rings: Rings) -> NDArray[np.bool_]:
    """Tell which rings meet themselves otherwise than one edge goes on where another ends.

    Parameters
    ----------
    rings : Rings
        With finite coordinates, none so near 0 or so far that products of them leave the range of doubles.

    Returns
    -------
    ndarray of bool
        One for each ring. A ring of which it is False is simple, and its polygon valid.

    Examples
    --------
    >>> import shapely
    >>> from zjk_gis.engine.shapes import Rings
    >>> bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    >>> may_meet_themselves(Rings.of(np.array([shapely.box(0, 0, 1, 1), bow]))).tolist()
    [False, True]
    """
    starts = rings.starts
    bad = np.zeros(len(rings.zone), np.bool_)
    first = np.unique(np.searchsorted(starts, np.arange(0, len(rings.coords), _AT_ONCE)))
    parts = zip(first.tolist(), [*first[1:].tolist(), len(bad)], strict=True)
    all_of(lambda part: _mark(rings.coords, starts[part[0] : part[1] + 1], bad[part[0] : part[1]]), parts)
    return bad


@compiled
def _mark(coords: Floats, starts: Ints, bad: Bools) -> None:
    """Mark the rings that may meet themselves."""
    boxes = np.empty((64, 4), np.float64)
    for r in range(bad.size):
        first, n = starts[r], starts[r + 1] - 1 - starts[r]
        size: Any = max(_LEAST, int(np.cbrt(n)))
        many = (n + size - 1) // size
        if many > boxes.shape[0]:
            boxes = np.empty((2 * many, 4), np.float64)
        # The box of each block of edges, from its first vertex to the one after its last edge begins.
        for block in range(many):
            begin = first + block * size
            west = east = coords[begin, 0]
            south = north = coords[begin, 1]
            for v in range(begin + 1, min(begin + size, first + n) + 1):
                x, y = coords[v, 0], coords[v, 1]
                west, east = lesser(west, x), greater(east, x)
                south, north = lesser(south, y), greater(north, y)
            boxes[block, 0], boxes[block, 1], boxes[block, 2], boxes[block, 3] = west, south, east, north
        bad[r] = _is_bad(coords, first, n, size, many, boxes)


@inner
def _is_bad(coords: Floats, first: Whole, n: Whole, size: Whole, many: Whole, boxes: Floats) -> Any:
    """Tell whether two edges of a ring meet badly, block by block."""
    for one in range(many):
        for other in range(one, many):
            # What the boxes of both blocks have in common.
            west, south = greater(boxes[one, 0], boxes[other, 0]), greater(boxes[one, 1], boxes[other, 1])
            east, north = lesser(boxes[one, 2], boxes[other, 2]), lesser(boxes[one, 3], boxes[other, 3])
            if west > east or south > north:
                continue
            stop, last = min((one + 1) * size, n), min((other + 1) * size, n)
            for e in range(first + one * size, first + stop):
                ax, ay, bx, by = coords[e, 0], coords[e, 1], coords[e + 1, 0], coords[e + 1, 1]
                if (
                    ((ax < west) & (bx < west))
                    | ((ax > east) & (bx > east))
                    | ((ay < south) & (by < south))
                    | ((ay > north) & (by > north))
                    | ((ax == bx) & (ay == by))
                ):
                    continue
                x_low, x_high = lesser(ax, bx), greater(ax, bx)
                y_low, y_high = lesser(ay, by), greater(ay, by)
                for f in range(max(e + 1, first + other * size), first + last):
                    cx, cy, dx, dy = coords[f, 0], coords[f, 1], coords[f + 1, 0], coords[f + 1, 1]
                    if (
                        ((cx > x_high) & (dx > x_high))
                        | ((cx < x_low) & (dx < x_low))
                        | ((cy > y_high) & (dy > y_high))
                        | ((cy < y_low) & (dy < y_low))
                        | ((cx == dx) & (cy == dy))
                    ):
                        continue
                    if meet_badly(ax, ay, bx, by, cx, cy, dx, dy):
                        return True
    return False


@inner
def meet_badly(ax: Real, ay: Real, bx: Real, by: Real, cx: Real, cy: Real, dx: Real, dy: Real) -> Any:
    """Tell whether two edges of a ring, a to b and c to d, meet otherwise than one goes on from the other."""
    # The second leads to the first: they may only lie on each other.
    if dx == ax and dy == ay:
        if cx == bx and cy == by:
            return True
        return is_back(cx, cy, ax, ay, bx, by) and orient(cx, cy, ax, ay, bx, by) == 0
    # The first leads to the second.
    if bx == cx and by == cy:
        return is_back(ax, ay, bx, by, dx, dy) and orient(ax, ay, bx, by, dx, dy) == 0
    # Neither: they meet if the ends of each are on both sides of the other.
    return orient(ax, ay, bx, by, cx, cy) * orient(ax, ay, bx, by, dx, dy) <= 0 and (
        orient(cx, cy, dx, dy, ax, ay) * orient(cx, cy, dx, dy, bx, by) <= 0
    )


@inner
def is_back(ax: Real, ay: Real, bx: Real, by: Real, cx: Real, cy: Real) -> Any:
    """Tell whether, of three points on a line, the way from b to c leads back towards a."""
    return (bx - ax) * (cx - bx) < 0.0 or (by - ay) * (cy - by) < 0.0
