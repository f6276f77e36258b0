"""The lines near a point: how far, on which side, and how far along."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.engine.arrays import as_coordinates, expand, offsets_of
from zjk_gis.engine.distance import segment_distances
from zjk_gis.engine.pairs import Pairs
from zjk_gis.engine.shapes import Parts
from zjk_gis.engine.signs import orientations
from zjk_gis.threads import in_chunks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from zjk_gis.engine.segments import SegmentGrid

__all__ = ["LineIndex", "NearLines"]

# Points asked for in all before compiled code is loaded, see `zjk_gis.engine.polygons.index`.
_SMALL = 20_000
_UNKNOWN = 2  # see `zjk_gis.engine.predicates`
_MORE = 1.0 + 1e-9  # GEOS may round a distance otherwise in its last bits
_MARGIN = 1e-6  # beyond what GEOS says: on a line its distances differ by a rounding of the coordinates


@dataclass(frozen=True, slots=True)
class NearLines(Pairs):
    """Points and the lines near them.

    Attributes
    ----------
    segment : ndarray of int64
        The line's nearest segment, numbered through all lines.
    """

    segment: NDArray[np.int64]


class LineIndex:
    """An immutable index over lines.

    Parameters
    ----------
    lines : ndarray of shapely geometries
        Lines or multilines.
    rank : ndarray of int64, optional
        Of lines equally near to the last bit the one with the lowest rank is nearest; by default the first.
    parts : Parts, optional
        What an index was made of, to put it together again; `lines` may then be None.

    Examples
    --------
    A street that runs east; one point 3 m to its left, one 4 m to its right:

    >>> import numpy as np, shapely
    >>> index = LineIndex(np.array([shapely.LineString([(0, 0), (100, 0)])]))
    >>> x, y = np.array([50.0, 60.0]), np.array([3.0, -4.0])
    >>> found = index.near(x, y, within=10)
    >>> found.distance.tolist(), index.side(x, y, found).tolist(), index.chainage(x, y, found).tolist()
    ([3.0, 4.0], [1, -1], [50.0, 60.0])
    """

    def __init__(
        self,
        lines: NDArray[Any] | None,
        rank: NDArray[np.int64] | None = None,
        *,
        parts: Parts | None = None,
    ) -> None:
        if parts is None:
            lines, parts = Parts.of(np.asarray(lines, dtype=object))
        self._lines, self.parts, self._coords = lines, parts, parts.coords
        owner, ends, n_lines = parts.line, parts.starts, parts.n_lines
        self._rank = np.arange(n_lines) if rank is None else np.asarray(rank, dtype=np.int64)
        n_segments = np.diff(ends) - 1
        # Segment k runs from vertex starts[k] to the next; first and last tell which segments end a part.
        self._starts = expand(ends[:-1], n_segments)
        self._owner = np.repeat(owner, n_segments).astype(np.int32)
        self._is_first, self._is_last = (
            np.zeros(len(self._starts), np.bool_),
            np.zeros(len(self._starts), np.bool_),
        )
        firsts = offsets_of(n_segments)
        self._is_first[firsts[:-1]] = True
        self._is_last[firsts[1:] - 1] = True
        a, b = self._coords[self._starts], self._coords[self._starts + 1]
        dx, dy = (b - a).T
        lengths = np.sqrt(dx * dx + dy * dy)
        run = np.cumsum(lengths) - lengths
        self._first_of_line = np.searchsorted(self._owner, np.arange(n_lines + 1))
        filled = np.minimum(self._first_of_line[:-1], max(len(run) - 1, 0))
        # How far along its line each segment begins.
        self._run = run - (run[filled][self._owner] if len(run) else 0.0)
        self._is_single = np.bincount(owner, minlength=n_lines) == 1
        self._tree: shapely.STRtree | None = None
        self._grid: SegmentGrid | None = None
        self._asked = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self.parts.n_lines

    def near(self, x: ArrayLike, y: ArrayLike, *, within: float | NDArray[np.float64]) -> NearLines:
        """Find the lines within a distance of each point, and how far each is.

        Parameters
        ----------
        x, y : array_like of float64
            n coordinates.
        within : float or ndarray of float64
            The greatest distance, inclusive, in the units of the coordinates; one for all or for each point.

        Returns
        -------
        NearLines
            Sorted by point and then by line.
        """
        xs, ys = as_coordinates(x, y)
        reach = np.broadcast_to(np.asarray(within, np.float64), xs.shape)
        if not self._is_small(len(xs)):
            offsets, line, distance, segment = self._segments().within(xs, ys, distance=reach)
            return NearLines(
                np.repeat(np.arange(len(xs)), np.diff(offsets)), line.astype(np.int64), distance, segment
            )
        usable = np.flatnonzero(np.isfinite(xs) & np.isfinite(ys) & (reach >= 0))
        points = shapely.points(xs[usable], ys[usable])
        first, line = self._line_tree().query(
            points, predicate="dwithin", distance=reach[usable] * _MORE + _MARGIN
        )
        order = np.lexsort((line, first))
        point, line = usable[first[order]], line[order].astype(np.int64)
        distance, segment = self._to_lines(xs[point], ys[point], line)
        near = distance <= reach[point]
        return NearLines(point[near], line[near], distance[near], segment[near])

    def nearest(self, x: ArrayLike, y: ArrayLike, *, within: float = np.inf) -> NearLines:
        """Find the nearest line to each point that has one within reach.

        Parameters
        ----------
        x, y : array_like of float64
            n coordinates.
        within : float, optional
            The greatest distance, inclusive.

        Returns
        -------
        NearLines
            At most one for each point. Of lines equally near the lowest rank is given.
        """
        xs, ys = as_coordinates(x, y)
        if not self._is_small(len(xs)):
            line, distance, segment = self._segments().nearest(xs, ys, within=within)
            point = np.flatnonzero(line >= 0)
            return NearLines(point, line[point].astype(np.int64), distance[point], segment[point])
        usable = np.flatnonzero(np.isfinite(xs) & np.isfinite(ys))
        least = np.full(len(xs), -1.0)
        (first, _), found = self._line_tree().query_nearest(
            shapely.points(xs[usable], ys[usable]), all_matches=False, return_distance=True
        )
        least[usable[first]] = np.minimum(found * _MORE + _MARGIN, within)
        pairs = self.near(xs, ys, within=least)
        order = np.lexsort((self._rank[pairs.item], pairs.distance, pairs.point))
        leads = order[np.unique(pairs.point[order], return_index=True)[1]]
        return NearLines(pairs.point[leads], pairs.item[leads], pairs.distance[leads], pairs.segment[leads])

    def side(self, x: ArrayLike, y: ArrayLike, pairs: NearLines) -> NDArray[np.int8]:
        """Tell on which side of its line each paired point lies, seen along the line.

        At a corner the side is that of the tangent half way between the two segments.

        Parameters
        ----------
        x, y : array_like of float64
            The coordinates that were queried.
        pairs : NearLines
            What `near` or `nearest` returned for them.

        Returns
        -------
        ndarray of int8
            1 left, -1 right, 0 on the line, beyond its end in its own direction, or where the line has
            several parts and so no one direction.
        """
        return self.place(x, y, pairs)[0]

    def chainage(self, x: ArrayLike, y: ArrayLike, pairs: NearLines) -> NDArray[np.float64]:
        """Tell how far along its line (里程) the place lies that is nearest to each paired point.

        Parameters
        ----------
        x, y : array_like of float64
            The coordinates that were queried.
        pairs : NearLines
            What `near` or `nearest` returned for them.

        Returns
        -------
        ndarray of float64
            From the beginning of the line; the parts of a multiline follow one another.
        """
        return self.place(x, y, pairs)[1]

    def place(
        self, x: ArrayLike, y: ArrayLike, pairs: NearLines
    ) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """Return what `side` and `chainage` do, for the price of one."""
        xs, ys = as_coordinates(x, y)
        px, py, k = xs[pairs.point], ys[pairs.point], pairs.segment
        if self._grid is None:
            side, chainage = self._place_in_numpy(px, py, k)
        else:
            from zjk_gis.engine.segments import sides_and_chainages

            side, chainage = np.empty(len(k), np.int8), np.empty(len(k))
            tables = (self._coords, self._starts, self._is_first, self._is_last, self._run)
            in_chunks(
                lambda part: sides_and_chainages(
                    px[part], py[part], k[part], *tables, side[part], chainage[part]
                ),
                len(k),
            )
            unsure = np.flatnonzero(side == _UNKNOWN)
            side[unsure] = self._place_in_numpy(px[unsure], py[unsure], k[unsure])[0]
        side[(pairs.distance == 0) | ~self._is_single[pairs.item]] = 0
        return side, chainage

    def _place_in_numpy(
        self, px: NDArray[np.float64], py: NDArray[np.float64], k: NDArray[np.int64]
    ) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        (ax, ay), (bx, by) = self._coords[self._starts[k]].T, self._coords[self._starts[k] + 1].T
        dx, dy = bx - ax, by - ay
        along, length2 = (px - ax) * dx + (py - ay) * dy, dx * dx + dy * dy
        length = np.sqrt(length2)
        chainage = self._run[k] + np.minimum(np.maximum(along / length2, 0.0), 1.0) * length
        side = orientations(ax, ay, bx, by, px, py)
        behind, beyond = (along <= 0) & ~self._is_first[k], (along >= length2) & ~self._is_last[k]
        where = np.flatnonzero(behind | beyond)
        other = self._starts[np.where(behind[where], k[where] - 1, k[where] + 1)]
        ex, ey = (self._coords[other + 1] - self._coords[other]).T
        other_length = np.sqrt(ex * ex + ey * ey)
        tx = dx[where] / length[where] + ex / other_length
        ty = dy[where] / length[where] + ey / other_length
        cx, cy = np.where(behind, ax, bx)[where], np.where(behind, ay, by)[where]
        side[where] = np.sign(tx * (py[where] - cy) - ty * (px[where] - cx))
        return side, chainage

    def _is_small(self, size: int) -> bool:
        if self._grid is None:
            self._asked += size
        return self._grid is None and self._asked <= _SMALL

    def _to_lines(
        self, x: NDArray[np.float64], y: NDArray[np.float64], line: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the distance of each point from its line, and the line's nearest segment."""
        first = self._first_of_line[line]
        counts = self._first_of_line[line + 1] - first
        segment = expand(first, counts)
        pair = np.repeat(np.arange(len(line)), counts)
        a, b = self._coords[self._starts[segment]], self._coords[self._starts[segment] + 1]
        each = segment_distances(x[pair], y[pair], a[:, 0], a[:, 1], b[:, 0], b[:, 1])
        order = np.lexsort((segment, each, pair))
        leads = order[offsets_of(counts)[:-1]] if len(line) else order
        return each[leads], segment[leads]

    def _line_tree(self) -> shapely.STRtree:
        with self._lock:
            if self._tree is None:
                self._tree = shapely.STRtree(self.parts.lines() if self._lines is None else self._lines)
            return self._tree

    def _segments(self) -> SegmentGrid:
        from zjk_gis.engine.segments import SegmentGrid

        with self._lock:
            if self._grid is None:
                self._grid = SegmentGrid(self._coords, self._starts, self._owner, rank=self._rank)
            return self._grid
