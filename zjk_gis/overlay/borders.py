"""How much border pieces of ground have in common with others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

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
    own, those = _boxes(some, within), _boxes(others, 0.0)
    west, south, east, north = own[0].min(), own[1].min(), own[2].max(), own[3].max()
    here = np.flatnonzero((those[2] >= west) & (those[0] <= east) & (those[3] >= south) & (those[1] <= north))
    those = [bound[here] for bound in those]
    side = 2.0 * float(np.median(np.maximum(own[2] - own[0], own[3] - own[1])))
    side = max(side, float(max(east - west, north - south)) / _MOST_COLUMNS)
    most = _CELLS_EACH * (len(some) + len(here))
    while True:
        cells, cells_2 = (_Cells.of(boxes, (west, south), side) for boxes in (own, those))
        if cells.entries() + cells_2.entries() <= most:
            break
        side *= 2.0
    height = max(int((each.row + each.rows).max(initial=0)) for each in (cells, cells_2)) + 1
    at, cell = _entries(cells, height)
    at_2, cell_2 = _entries(cells_2, height)
    order = np.argsort(cell_2, kind="stable")
    at_2, cell_2 = at_2[order], cell_2[order]
    start = np.searchsorted(cell_2, cell)
    count = np.searchsorted(cell_2, cell, side="right") - start
    one, other = np.repeat(at, count), at_2[expand(start, count)]
    for low, high in ((0, 2), (1, 3)):
        near = (own[low][one] <= those[high][other]) & (own[high][one] >= those[low][other])
        one, other = one[near], other[near]
    return one, here[other]


def _boxes(edges: NDArray[np.float64], within: float) -> list[NDArray[np.float64]]:
    """Return the least and the greatest x and y of edges, a column each: rows of two are slow to go along."""
    ax, ay, bx, by = np.ascontiguousarray(edges.T)
    return [
        np.minimum(ax, bx) - within,
        np.minimum(ay, by) - within,
        np.maximum(ax, bx) + within,
        np.maximum(ay, by) + within,
    ]


class _Cells(NamedTuple):
    """The first column and row of each box, and how many of either it spans."""

    column: NDArray[np.int64]
    row: NDArray[np.int64]
    columns: NDArray[np.int64]
    rows: NDArray[np.int64]

    @classmethod
    def of(cls, boxes: list[NDArray[np.float64]], origin: tuple[float, float], side: float) -> _Cells:
        """Lay boxes over squares of a side."""
        west, south, east, north = (
            np.floor((bound - origin[at % 2]) / side).astype(np.int64) for at, bound in enumerate(boxes)
        )
        return cls(west, south, east - west + 1, north - south + 1)

    def entries(self) -> int:
        """Return how many squares there are, for every box anew."""
        return int((self.columns * self.rows).sum())


def _entries(cells: _Cells, height: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List every box with each of its cells, which have one number each."""
    box = np.repeat(np.arange(len(cells.column)), cells.columns)
    rows = cells.rows[box]
    first = expand(cells.column, cells.columns) * height + cells.row[box]
    return np.repeat(box, rows), expand(first, rows)


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
    ax, ay, bx, by = np.ascontiguousarray(own.T)
    cx, cy, dx, dy = np.ascontiguousarray(other.T)
    ux, uy = bx - ax, by - ay
    length = np.hypot(ux, uy)
    ux, uy = ux / np.maximum(length, 1e-300), uy / np.maximum(length, 1e-300)
    ends = ((cx - ax, cy - ay), (dx - ax, dy - ay))
    at = [x * ux + y * uy for x, y in ends]
    across = [y * ux - x * uy for x, y in ends]
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
