"""How much border pieces of ground have in common with others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.engine.arrays import expand
from zjk_gis.engine.shapes import Rings

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CONTACT_M", "TOUCH_M", "alongside", "common_borders", "edges_of", "near_pairs"]

TOUCH_M = 0.01  # borders nearer than this lie on each other
CONTACT_M = 0.05  # the least stretch of common border that makes a neighbour: a corner alone does not
_CELLS_EACH = 8  # as many squares as an edge may lie in on average
_MOST_COLUMNS = 1 << 30  # so that the number of a square is a whole number of 64 bits


def edges_of(shapes: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the edges of shapes, and the shape of each.

    Returns
    -------
    edges : ndarray of float64, shape (n, 4)
    owner : ndarray of int64, shape (n,)

    Examples
    --------
    >>> import shapely
    >>> edges, owner = edges_of(shapely.box([0, 5], 0, [1, 6], 1))
    >>> edges.shape, owner.tolist()
    ((8, 4), [0, 0, 0, 0, 1, 1, 1, 1])
    """
    return Rings.of(shapes).edges() if len(shapes) else (np.empty((0, 4)), np.empty(0, np.int64))


def common_borders(
    pieces: NDArray[Any], edges: NDArray[np.float64], owner: NDArray[np.integer[Any]]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Measure how much of the border of each piece runs along the edges of each owner.

    Parameters
    ----------
    pieces : ndarray of Polygon and MultiPolygon
    edges : ndarray of float64, shape (n, 4)
    owner : ndarray of int, shape (n,)

    Returns
    -------
    piece, owner : ndarray of int64
        Pairs that touch, sorted.
    length : ndarray of float64
        Metres of the piece's border that lie within 0.01 m of an edge of that owner, each counted once.

    Examples
    --------
    >>> import shapely
    >>> edges, owner = edges_of(shapely.box([0, 12], 0, [10, 20], 10))
    >>> piece, owner, length = common_borders(shapely.box([10.0], 0, [12], 5), edges, owner)
    >>> owner.tolist(), length.tolist()
    ([0, 1], [5.0, 5.0])
    """
    own, piece = edges_of(pieces)
    if not len(own) or not len(edges):
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    segment, other = near_pairs(own, edges, TOUCH_M)
    begin, end = alongside(own[segment], edges[other], TOUCH_M)
    near = end > begin
    segment, begin, end = segment[near], begin[near], end[near]
    whose = np.asarray(owner)[other[near]].astype(np.int64)
    order = np.lexsort((begin, whose, segment))
    segment, whose, begin, end = segment[order], whose[order], begin[order], end[order]
    # What an earlier stretch on the same segment has covered already is not counted again.
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = (segment[1:] != segment[:-1]) | (whose[1:] != whose[:-1])
    begin = np.maximum(begin, _reached(end, starts))
    keys = piece[segment] * (int(whose.max(initial=0)) + 1) + whose
    found, at = np.unique(keys, return_inverse=True)
    length = np.bincount(at, weights=np.maximum(end - begin, 0.0), minlength=len(found))
    at_piece, of_owner = np.divmod(found, int(whose.max(initial=0)) + 1)
    return at_piece.astype(np.int64), of_owner.astype(np.int64), length.astype(np.float64)


def near_pairs(
    some: NDArray[np.float64], others: NDArray[np.float64], within: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs of edges whose boxes are within a distance: all there are, perhaps more than once.

    Squares of a grid hold them, a little larger than the edges are long, so that most lie in one or two. To
    make shapes for a tree of GEOS would take longer than all the rest.

    Examples
    --------
    >>> near_pairs(np.array([[0.0, 0, 1, 0]]), np.array([[5.0, 0, 6, 1], [1.05, 0, 2, 3]]), 0.1)[1].tolist()
    [1]
    """
    nothing = np.empty(0, np.int64)
    if not len(some) or not len(others):
        return nothing, nothing
    low, high = np.minimum(some[:, :2], some[:, 2:]) - within, np.maximum(some[:, :2], some[:, 2:]) + within
    low_2, high_2 = np.minimum(others[:, :2], others[:, 2:]), np.maximum(others[:, :2], others[:, 2:])
    west_south, east_north = low.min(axis=0), high.max(axis=0)
    here = np.flatnonzero(((high_2 >= west_south) & (low_2 <= east_north)).all(axis=1))
    low_2, high_2 = low_2[here], high_2[here]
    side = 2.0 * float(np.median((high - low).max(axis=1)))
    side = max(side, float((east_north - west_south).max()) / _MOST_COLUMNS)
    while True:
        first, size = _cells(low, high, west_south, side)
        first_2, size_2 = _cells(low_2, high_2, west_south, side)
        if size.prod(axis=1).sum() + size_2.prod(axis=1).sum() <= _CELLS_EACH * (len(low) + len(low_2)):
            break
        side *= 2.0
    height = int(max(first[:, 1].max(initial=0), first_2[:, 1].max(initial=0)) + size[:, 1].max() + 1)
    height += int(size_2[:, 1].max(initial=0))
    at, cell = _entries(first, size, height)
    at_2, cell_2 = _entries(first_2, size_2, height)
    order = np.argsort(cell_2, kind="stable")
    at_2, cell_2 = at_2[order], cell_2[order]
    start = np.searchsorted(cell_2, cell)
    count = np.searchsorted(cell_2, cell, side="right") - start
    one, other = np.repeat(at, count), at_2[expand(start, count)]
    near = ((low[one] <= high_2[other]) & (high[one] >= low_2[other])).all(axis=1)
    return one[near], here[other[near]]


def _cells(
    low: NDArray[np.float64], high: NDArray[np.float64], origin: NDArray[np.float64], side: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first column and row of each box, and how many it spans."""
    first = np.floor((low - origin) / side).astype(np.int64)
    return first, np.floor((high - origin) / side).astype(np.int64) - first + 1


def _entries(
    first: NDArray[np.int64], size: NDArray[np.int64], height: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List every box with each of its cells, which have one number each."""
    columns = np.repeat(np.arange(len(first)), size[:, 0])
    column = expand(first[:, 0], size[:, 0])
    rows = size[columns, 1]
    return np.repeat(columns, rows), np.repeat(column * height, rows) + expand(first[columns, 1], rows)


def alongside(
    own: NDArray[np.float64], other: NDArray[np.float64], within: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return from where to where, along each first edge, the second one lies near its line.

    Examples
    --------
    >>> begin, end = alongside(np.array([[0.0, 0, 10, 0]]), np.array([[4.0, 0.2, 8, -0.2]]), 0.1)
    >>> begin.tolist(), end.tolist()
    ([5.0], [7.0])
    """
    along = own[:, 2:] - own[:, :2]
    length = np.hypot(*along.T)
    unit = along / np.maximum(length, 1e-300)[:, None]
    a, b = other[:, :2] - own[:, :2], other[:, 2:] - own[:, :2]
    at = np.stack([(end * unit).sum(axis=1) for end in (a, b)])
    across = np.stack([end[:, 1] * unit[:, 0] - end[:, 0] * unit[:, 1] for end in (a, b)])
    # The part of the second edge inside the strip of that width around the first one's line.
    rise = across[1] - across[0]
    steep = np.where(rise == 0.0, 1.0, rise)
    one, two = (-within - across[0]) / steep, (within - across[0]) / steep
    inside = np.abs(across[0]) <= within
    low = np.where(rise == 0.0, np.where(inside, 0.0, 1.0), np.maximum(np.minimum(one, two), 0.0))
    high = np.where(rise == 0.0, np.where(inside, 1.0, 0.0), np.minimum(np.maximum(one, two), 1.0))
    run = at[1] - at[0]
    first, last = at[0] + low * run, at[0] + high * run
    begin = np.where(high >= low, np.maximum(np.minimum(first, last), 0.0), 0.0)
    end = np.where(high >= low, np.minimum(np.maximum(first, last), length), 0.0)
    return begin, end


def _reached(end: NDArray[np.float64], starts: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how far all stretches before each one reach, in its group; minus infinity for the first."""
    if not len(end):
        return end
    group = np.cumsum(starts) - 1
    step = float(end.max()) + 1.0  # groups are lifted above each other, so that one pass serves all
    highest = np.maximum.accumulate(end + group * step) - group * step
    reached = np.concatenate([[-np.inf], highest[:-1]])
    reached[starts] = -np.inf
    return reached
