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

from zjk_gis.engine.compiled import compiled, inner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.engine.arrays import Bools, Floats, Ints, Ints32, Whole
    from zjk_gis.engine.shapes import Rings

__all__ = ["Cancelled", "cancel_edges", "chained", "edges_left"]


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
    first, net, member = _cancel(rings.coords, rings.coords.view(np.int64), rings.starts, turned)
    times = np.abs(net)
    left = _directed(rings, np.repeat(first, times), np.repeat(net < 0, times))
    ring = np.searchsorted(rings.starts, member, side="right") - 1
    return Cancelled(
        left[_in_order(left)],
        _directed(rings, member, turned[ring]),
        rings.zone[ring].astype(np.int64),
    )


def _in_order(edges: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the order of edges by where they begin, then where they end.

    The first number alone tells most of them apart, and is sorted by ten times as fast.
    """
    x = edges[:, 0].copy()
    order = np.argsort(x)
    same = x[order[1:]] == x[order[:-1]]
    tied = np.concatenate([[False], same]) | np.concatenate([same, [False]])
    some = order[tied]
    begins, ends = edges[some].view(np.complex128).T
    order[tied] = some[np.lexsort((ends, begins))]
    return order


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
    place = _numbered(points, points.view(np.int64))
    begin, end = place[: len(edges)], place[len(edges) :]
    n_places = int(place.max(initial=-1)) + 1
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
def _numbered(points: Floats, bits: Ints) -> Ints:
    """Return the number of each place, in the order of first points; `bits` are the coordinates' own."""
    table, shift = _table_for(points.shape[0])
    number = np.empty(points.shape[0], np.int64)
    count = 0
    for k in range(points.shape[0]):
        slot = _slot(bits[k, 0], bits[k, 1], shift)
        while table[slot] > 0:
            o = table[slot] - 1
            if bits[k, 0] == bits[o, 0] and bits[k, 1] == bits[o, 1]:
                break
            slot = (slot + 1) & (table.size - 1)
        if table[slot] == 0:
            table[slot] = k + 1
            number[k] = count
            count += 1
        else:
            number[k] = number[table[slot] - 1]
    return number


@compiled
def _cancel(coords: Floats, bits: Ints, starts: Ints, turned: Bools) -> tuple[Ints, Ints32, Ints]:
    """Cancel edges; `bits` are the coordinates as whole numbers.

    Two zones have most often many edges in common, one after another. So where the edge before this one was
    found, the next is looked for beside it, and a table of all places is asked only where a run begins.

    Returns the first edge at each place where some are left, how many, negative if against its direction, and
    all edges at such places, ascending.
    """
    table, shift = _table_for(coords.shape[0])
    same = np.full(coords.shape[0], -1, np.int32)  # the first edge at the place of each
    net = np.zeros(coords.shape[0], np.int32)  # how many are left, at the first edge
    for r in range(starts.size - 1):
        near, step = np.int64(0), np.int64(0)  # the edge that the last one met, and where it leads
        for e in range(starts[r], starts[r + 1] - 1):
            if coords[e, 0] == coords[e + 1, 0] and coords[e, 1] == coords[e + 1, 1]:
                continue
            way = np.int64(0)
            near += step
            if step != 0 and near >= 0 and same[near] >= 0:
                way = _direction(bits, e, np.int64(same[near]))
            if way == 0:
                near = _first_like(table, shift, bits, e)
                way = _direction(bits, e, near)
            o = e if near == e else np.int64(same[near])
            step = np.int64(0) if o == e else way
            same[e] = o
            net[o] += -way if turned[r] else way
    places = members = 0
    for e in range(same.size):
        if same[e] >= 0 and net[same[e]] != 0:
            members += 1
            places += same[e] == e
    first, left, member = np.empty(places, np.int64), np.empty(places, np.int32), np.empty(members, np.int64)
    places = members = 0
    for e in range(same.size):
        if same[e] >= 0 and net[same[e]] != 0:
            member[members] = e
            members += 1
            if same[e] == e:
                first[places], left[places] = e, net[e]
                places += 1
    return first, left, member


@inner
def _first_like(table: Ints32, shift: Whole, bits: Ints, e: Whole) -> Whole:
    """Return the first edge at the place of one, which is that one itself if none was there before."""
    # The same whichever end comes first.
    slot = _slot(bits[e, 0] + bits[e + 1, 0], bits[e, 1] + bits[e + 1, 1], shift)
    while table[slot] > 0:
        o = np.int64(table[slot] - 1)
        if _direction(bits, e, o) != 0:
            return o
        slot = (slot + 1) & (table.size - 1)
    table[slot] = e + 1
    return e


@inner
def _direction(bits: Ints, e: Whole, o: Whole) -> Whole:
    """Return 1 if two edges are the same, -1 if one runs against the other, 0 if they are none of either."""
    ax, ay, bx, by = bits[e, 0], bits[e, 1], bits[e + 1, 0], bits[e + 1, 1]
    cx, cy, dx, dy = bits[o, 0], bits[o, 1], bits[o + 1, 0], bits[o + 1, 1]
    if ax == cx and ay == cy and bx == dx and by == dy:
        return np.int64(1)
    if ax == dx and ay == dy and bx == cx and by == cy:
        return np.int64(-1)
    return np.int64(0)


@compiled
def _table_for(count: Whole) -> tuple[Ints32, Whole]:
    """Return an empty table of as many slots as so many numbers from 1 need, and its shift for `_slot`."""
    shift, size = 58, 64
    while size < 1.2 * count:
        size *= 2
        shift -= 1
    return np.zeros(size, np.int32), np.int64(shift)


@inner
def _slot(one: Whole, two: Whole, shift: Whole) -> Whole:
    key = np.uint64(one) * np.uint64(0x9E3779B97F4A7C15)
    key = (key ^ (key >> np.uint64(32))) + np.uint64(two)
    key *= np.uint64(0xD6E8FEB86659FD93)
    return np.int64(key >> np.uint64(shift))
