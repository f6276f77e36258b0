"""The edges of polygons that are left when those are taken away along which two polygons meet.

In a clean coverage every inner edge comes twice, once in each direction. Taken together all edges say how
many polygons cover each place; taking away what cancels out changes nothing in that. What is left are the
outer border and the faults: borders of gaps, of overlaps, and stretches where one side has a vertex that the
other lacks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.engine.compiled import compiled
from zjk_gis.threads import all_of, count

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.engine.arrays import Bools, Floats, Ints, Ints32, Whole
    from zjk_gis.engine.shapes import Rings

__all__ = ["Cancelled", "cancel_edges", "chained", "edges_left"]

_ONE_TABLE = 200_000  # vertices; more are shared out among threads


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What is left of the edges of polygons.

    Attributes
    ----------
    left : ndarray of float64, shape (n, 4)
        Where each edge that is left begins and ends, the covered side on its left, as often as it is left;
        sorted, so that the order of the polygons does not matter.
    edges : ndarray of float64, shape (m, 4)
        All edges, cancelled ones too, at the places where any is left: as `left`, but each with its owner.
    zone : ndarray of int64, shape (m,)
        The polygon of each.
    """

    left: NDArray[np.float64]
    edges: NDArray[np.float64]
    zone: NDArray[np.int64]


def edges_left(rings: Rings) -> NDArray[np.float64]:
    """Return the edges that do not cancel out, each as often as it is left; see `Cancelled`.

    Examples
    --------
    Of two squares side by side the common edge is taken away:

    >>> import shapely
    >>> from zjk_gis.engine.shapes import Rings
    >>> len(edges_left(Rings.of(shapely.box([0, 1], 0, [1, 2], 1))))
    6
    """
    return cancel_edges(rings).left


def cancel_edges(rings: Rings) -> Cancelled:
    """Take away the edges along which two polygons meet.

    Parameters
    ----------
    rings : Rings
        Of valid polygons, in whatever direction.

    Examples
    --------
    Of two squares one over the other by a half, no edge has a partner; each tells whose it is:

    >>> import shapely
    >>> from zjk_gis.engine.shapes import Rings
    >>> cancelled = cancel_edges(Rings.of(shapely.box([0, 1], 0, [2, 3], 1)))
    >>> len(cancelled.left), np.bincount(cancelled.zone).tolist()
    (8, [4, 4])
    """
    turned = rings.turned
    parts = 1 if len(rings.coords) < _ONE_TABLE else min(16, 1 << (count() - 1).bit_length())
    found = all_of(lambda part: _cancel(rings.coords, rings.starts, turned, parts, part), range(parts))
    first, net, member = (np.concatenate([each[at] for each in found]) for at in range(3))
    times = np.abs(net)
    left = _directed(rings, np.repeat(first, times), np.repeat(net < 0, times))
    ring = np.searchsorted(rings.starts, member, side="right") - 1
    begins, ends = left.view(np.complex128).T  # two numbers are sorted by sooner than four
    return Cancelled(
        left[np.lexsort((ends, begins))],
        _directed(rings, member, turned[ring]),
        rings.zone[ring].astype(np.int64),
    )


def _directed(rings: Rings, edge: NDArray[np.int64], backward: NDArray[np.bool_]) -> NDArray[np.float64]:
    begins, ends = rings.coords[edge], rings.coords[edge + 1]
    turn = backward[:, None]
    return np.hstack([np.where(turn, ends, begins), np.where(turn, begins, ends)])


def chained(edges: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Join edges end to end to lines as long as there is but one way to go on.

    Parameters
    ----------
    edges : ndarray of float64, shape (n, 4)
        Where each begins and ends.

    Returns
    -------
    coords : ndarray of float64, shape (v, 2)
        The vertices of the lines.
    line : ndarray of int64, shape (v,)
        The line of each, ascending from 0.

    Examples
    --------
    >>> coords, line = chained(np.array([[0.0, 0, 1, 0], [1.0, 0, 1, 1], [5.0, 5, 6, 5]]))
    >>> coords.tolist(), line.tolist()
    ([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [5.0, 5.0], [6.0, 5.0]], [0, 0, 0, 1, 1])
    """
    points = np.concatenate([edges[:, :2], edges[:, 2:]]) + 0.0  # one zero, not two
    _, place = np.unique(points.view(np.complex128).ravel(), return_inverse=True)
    begin, end = place[: len(edges)].astype(np.int64), place[len(edges) :].astype(np.int64)
    n_places = int(place.max()) + 1 if len(place) else 0
    goes_on = (np.bincount(begin, minlength=n_places) == 1) & (np.bincount(end, minlength=n_places) == 1)
    edge_from = np.full(n_places, -1, np.int64)
    edge_from[begin] = np.arange(len(edges))
    order, line = _follow(begin, end, edge_from, goes_on)
    is_first = np.diff(line, prepend=-1) != 0
    coords = np.insert(edges[order, 2:], np.flatnonzero(is_first), edges[order[is_first], :2], axis=0)
    return coords, np.repeat(np.arange(int(is_first.sum())), np.bincount(line) + 1)


@compiled
def _follow(begin: Ints, end: Ints, edge_from: Ints, goes_on: Bools) -> tuple[Ints, Ints]:
    """Return the edges line by line, and the line of each: open lines first, then rings."""
    n = begin.size
    order, line = np.empty(n, np.int64), np.empty(n, np.int64)
    done = np.zeros(n, np.bool_)
    count = lines = 0
    for rings in range(2):
        for first in range(n):
            if done[first] or (rings == 0 and goes_on[begin[first]]):
                continue
            e = first
            while True:
                order[count] = e
                line[count] = lines
                done[e] = True
                count += 1
                if not goes_on[end[e]] or done[edge_from[end[e]]]:
                    break
                e = edge_from[end[e]]
            lines += 1
    return order, line


@compiled
def _cancel(  # noqa: C901
    coords: Floats, starts: Ints, turned: Bools, parts: Whole, part: Whole
) -> tuple[Ints, Ints32, Ints]:
    """Cancel the edges of one part of all places.

    Returns an edge for each place where some are left, how many, negative if against its direction, and all
    edges at such places.
    """
    shift, size = 58, 64
    while size * parts < 1.6 * coords.shape[0]:
        size *= 2
        shift -= 1
    table = np.zeros((size, 2), np.int32)  # the first edge there, counted from 1, and how many are left
    slots = np.full(coords.shape[0], -1, np.int32)
    bits = coords.view(np.uint64)
    mine = np.uint64(part)
    others = np.uint64(parts - 1)
    for r in range(starts.size - 1):
        for e in range(starts[r], starts[r + 1] - 1):
            # The same whichever end comes first.
            key = (bits[e, 0] + bits[e + 1, 0]) * np.uint64(0x9E3779B97F4A7C15)
            key = (key ^ (key >> np.uint64(32))) + bits[e, 1] + bits[e + 1, 1]
            key *= np.uint64(0xD6E8FEB86659FD93)
            if (key >> np.uint64(20)) & others != mine:
                continue
            ax, ay, bx, by = coords[e, 0], coords[e, 1], coords[e + 1, 0], coords[e + 1, 1]
            if ax == bx and ay == by:
                continue
            slot = np.int64(key >> np.uint64(shift))
            same = True
            while table[slot, 0] > 0:
                o = table[slot, 0] - 1
                cx, cy, dx, dy = coords[o, 0], coords[o, 1], coords[o + 1, 0], coords[o + 1, 1]
                same = ax == cx and ay == cy and bx == dx and by == dy
                if same or (ax == dx and ay == dy and bx == cx and by == cy):
                    break
                slot = (slot + 1) & (size - 1)
            if table[slot, 0] == 0:
                table[slot, 0] = e + 1
                same = True
            table[slot, 1] += 1 if same != turned[r] else -1
            slots[e] = slot
    places = members = 0
    for at in range(size):
        if table[at, 1] != 0:
            places += 1
    for e in range(slots.size):
        if slots[e] >= 0 and table[slots[e], 1] != 0:
            members += 1
    first, left, member = np.empty(places, np.int64), np.empty(places, np.int32), np.empty(members, np.int64)
    places = members = 0
    for at in range(size):
        if table[at, 1] != 0:
            first[places] = table[at, 0] - 1
            left[places] = table[at, 1]
            places += 1
    for e in range(slots.size):
        if slots[e] >= 0 and table[slots[e], 1] != 0:
            member[members] = e
            members += 1
    return first, left, member
