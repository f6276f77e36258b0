"""Point location in polygons, small and large questions alike."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.engine.arrays import as_coordinates, expand, offsets_of
from zjk_gis.engine.pairs import Pairs
from zjk_gis.engine.polygons.small import SmallAnswers
from zjk_gis.engine.shapes import Rings
from zjk_gis.engine.signs import is_extreme
from zjk_gis.threads import in_chunks

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from zjk_gis.engine.polygons.grid import CompiledGrid
    from zjk_gis.engine.segments import SegmentGrid
    from zjk_gis.engine.widths.approximate import Approximation, Transform

__all__ = ["BORDER", "FOUND", "INSIDE", "NONE", "Contacts", "Located", "PolygonIndex", "Positions"]

NONE, INSIDE, BORDER = 0, 1, 2
FOUND = ("none", "inside", "border")

# Up to so many points in all, and edges to be looked at for them, compiled code would take longer to load
# than to do without.
_FEW_POINTS, _FEW_EDGES = 50_000, 20_000_000
# Cells for each edge: coarse grids are compiled sooner, fine ones pay once there are two dozen times as many
# points as edges.
_COARSE, _FINE = 1.4, 4.2
_POINTS_PER_EDGE = 24
# Vertices up to which GEOS checks validity before the compiled code would be loaded.
_FEW_VERTICES = 200_000
# Of the side of a cell: an approximate projection must not be further off.
_GOOD_ENOUGH = 1e-3
_NOTHING = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.bool_))


@dataclass(frozen=True, slots=True)
class Located:
    """Which polygon answers for each of n points.

    Attributes
    ----------
    row : ndarray of int32
        The position of the polygon, or -1.
    found : ndarray of uint8
        A position in `FOUND`: 0 none, 1 inside, 2 border.
    count : ndarray of int32
        How many polygons contain or touch the point.
    """

    row: NDArray[np.int32]
    found: NDArray[np.uint8]
    count: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Contacts(Pairs):
    """Points and the polygons that contain them or lie at them.

    Attributes
    ----------
    inside : ndarray of bool
        Whether the point lies strictly inside the polygon.
    at_border : ndarray of bool
        Whether the point lies on the polygon's border, or within the tolerance of it.
    """

    inside: NDArray[np.bool_]
    at_border: NDArray[np.bool_]


class Positions:
    """Where n points lie, exactly or about.

    Parameters
    ----------
    x, y : ndarray of float64
        The coordinates; with `through`, those that it takes.
    through : Approximation, optional
        Leads to about where the points lie.
    exactly : callable, optional
        With `through`: takes the numbers of some points and returns their exact coordinates.
    """

    def __init__(
        self,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        through: Approximation | None = None,
        exactly: Callable[[NDArray[np.int64]], tuple[NDArray[np.float64], NDArray[np.float64]]] | None = None,
    ) -> None:
        self.given = (x, y)
        self.through = through
        self._exactly = exactly
        self._about: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    def __len__(self) -> int:
        return len(self.given[0])

    @property
    def error(self) -> float:
        """How far a point may be from `x` and `y`; 0 where they are exact."""
        return 0.0 if self.through is None else self.through.error

    @property
    def is_worked_out(self) -> bool:
        """Whether `x` and `y` are there already."""
        return self.through is None or self._about is not None

    @property
    def x(self) -> NDArray[np.float64]:
        """Eastings, NaN where there is no such place or it is not known."""
        return self._work_out()[0]

    @property
    def y(self) -> NDArray[np.float64]:
        """Northings."""
        return self._work_out()[1]

    def exact(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the exact coordinates of some points."""
        return (self.x[rows], self.y[rows]) if self._exactly is None else self._exactly(rows)

    def unusable(self) -> NDArray[np.bool_]:
        """Tell which points have no place at all."""
        unusable = ~(np.isfinite(self.x) & np.isfinite(self.y))
        if self._exactly is not None:
            rows = np.flatnonzero(unusable)
            x, y = self._exactly(rows)
            unusable[rows] = ~(np.isfinite(x) & np.isfinite(y))
        return unusable

    def _work_out(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if self.through is None:
            return self.given
        if self._about is None:
            self._about = self.through.apply(*self.given)
        return self._about


class PolygonIndex:
    """An immutable point-location index over polygons.

    Parameters
    ----------
    polygons : ndarray of shapely geometries
        Valid polygons or multipolygons; they may overlap, nest and leave gaps.
    rank : ndarray of int64, optional
        Which polygon answers where several could: the one with the lowest rank. By default their order.
    rings, grid : Rings and CompiledGrid, optional
        What an index was made of, to put it together again; `polygons` may then be None.

    Notes
    -----
    The first points are answered without compiled code; the grid is compiled when more than 50,000 have been
    asked for in all, or by `compile`. The answers are the same to the last bit.

    Examples
    --------
    Two squares side by side, and a point in each, on their common border, and far away:

    >>> import numpy as np, shapely
    >>> squares = np.array([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)])
    >>> index = PolygonIndex(squares)
    >>> x, y = np.array([5.0, 15.0, 10.0, 99.0]), np.array([5.0, 5.0, 5.0, 5.0])
    >>> located = index.locate(x, y)
    >>> located.row.tolist(), [FOUND[how] for how in located.found], located.count.tolist()
    ([0, 1, 0, -1], ['inside', 'inside', 'border', 'none'], [1, 1, 2, 0])
    >>> offsets, rows, _ = index.candidates(x, y)
    >>> offsets.tolist(), rows.tolist()
    ([0, 1, 2, 4, 4], [0, 1, 0, 1])
    """

    def __init__(
        self,
        polygons: NDArray[Any] | None,
        rank: NDArray[np.int64] | None = None,
        *,
        rings: Rings | None = None,
        grid: CompiledGrid | None = None,
    ) -> None:
        if rings is None:
            polygons = np.asarray(polygons, dtype=object)
            rings = Rings.of(polygons)
        self._polygons = polygons
        self.rings = rings
        self.rank = np.arange(rings.n_zones) if rank is None else np.asarray(rank, dtype=np.int64)
        self._grid = grid
        self._is_fine = grid is not None
        self._segments: SegmentGrid | None = None
        self._answers: SmallAnswers | None = None
        self._asked = 0
        self._lock = threading.Lock()
        self._is_extreme = (rings.may_be_tiny and is_extreme(rings.coords)) or is_extreme(
            rings.low, rings.high
        )

    def __len__(self) -> int:
        return self.rings.n_zones

    def compile(self, *, fine: bool = True) -> CompiledGrid:
        """Compile the grid now, however few points were asked for."""
        from zjk_gis.engine.polygons.grid import CompiledGrid

        with self._lock:
            if self._grid is None or (fine and not self._is_fine):
                per_edge = _FINE if fine else _COARSE
                self._grid = CompiledGrid.compile(self.rings, self.rank, cells_per_edge=per_edge)
                self._is_fine = fine
            return self._grid

    def invalid(self, *, keep: bool = True) -> NDArray[np.bool_]:
        """Tell which polygons are not valid, as GEOS does.

        For many vertices the grid is compiled, which looks at all pairs of edges that come near each other:
        a polygon of one ring in which none of them meet is valid. Only the others are put to GEOS. Without
        `keep` the grid is thrown away, where no points will be asked.
        """
        rings = self.rings
        shapes = self._shapes()
        suspects = np.ones(len(self), np.bool_)
        if len(rings.coords) > _FEW_VERTICES and np.isfinite(rings.coords).all() and not self._is_extreme:
            from zjk_gis.engine.polygons.grid import CompiledGrid

            suspects[:] = False
            grid = None
            if keep:
                grid = CompiledGrid.compile(rings, self.rank, cells_per_edge=_COARSE, suspects=suspects)
            else:
                CompiledGrid.check(rings, cells_per_edge=_COARSE, suspects=suspects)
            suspects |= np.bincount(rings.zone, minlength=len(self)) > 1
            suspects[rings.zone[(rings.low == rings.high).any(axis=1)]] = True  # flat, perhaps a single point
            with self._lock:
                if self._grid is None and grid is not None:
                    self._grid, self._is_fine = grid, False
        asked = np.flatnonzero(suspects)
        parts = in_chunks(lambda part: shapely.is_valid(shapes[asked[part]]), len(asked), chunk=2048)
        suspects[asked] = ~np.concatenate([np.empty(0, np.bool_), *parts])
        return suspects

    def locate(self, x: ArrayLike, y: ArrayLike) -> Located:
        """Find the polygon that answers for each point.

        Parameters
        ----------
        x, y : array_like of float64
            n coordinates; a point that is not finite is in no polygon.

        Returns
        -------
        Located
            One that contains the point strictly comes before one it only touches, then the lowest rank.
        """
        xs, ys = as_coordinates(x, y)
        grid = self._grid_for(xs, ys)
        if grid is None:
            return self._first_of(*self._small().cover(xs, ys), len(xs))
        row, found, many, still_open = grid.locate(xs, ys)
        if len(still_open):
            rest = self._first_of(*self._small().cover(xs[still_open], ys[still_open]), len(still_open))
            row[still_open], found[still_open], many[still_open] = rest.row, rest.found, rest.count
        return Located(row, found, many)

    def locate_at(self, place: Positions) -> Located:
        """Find the polygon that answers for each point of which it is known about where it lies.

        The answers are those of `locate` for where the points truly lie; only the few are placed exactly for
        which it matters.
        """
        if place.through is None:
            return self.locate(place.x, place.y)
        grid = self.compile(fine=self._is_fine)
        if place.is_worked_out:
            row, found, many, still_open = grid.locate(place.x, place.y, error=place.error)
            still_open = np.concatenate([still_open, np.flatnonzero(np.isnan(place.x))])
        else:
            row, found, many, still_open = grid.locate_through(place.through, *place.given)
        exact = self.locate(*place.exact(still_open))
        row[still_open], found[still_open], many[still_open] = exact.row, exact.found, exact.count
        return Located(row, found, many)

    def place(
        self,
        transform: Transform,
        bounds: tuple[float, float, float, float],
        x: NDArray[np.float64],
        y: NDArray[np.float64],
    ) -> Positions:
        """Bring points in other coordinates to those of the polygons: exactly, or for many about.

        Parameters
        ----------
        transform : callable
            Takes two arrays of those coordinates and returns two of the polygons'.
        bounds : tuple of float
            West, south, east and north of the polygons in those coordinates, or a little more.
        x, y : ndarray of float64
            n coordinates.
        """
        grid = self._grid_for(x, y) if self._grid is not None or len(x) > _FEW_POINTS else None
        through = None
        if grid is not None:
            from zjk_gis.engine.widths.approximate import Approximation

            through = Approximation.fit(transform, bounds, _GOOD_ENOUGH * grid.place[3])
        if through is None:
            return Positions(*as_coordinates(*transform(x, y)))
        return Positions(x, y, through, lambda rows: transform(x[rows], y[rows]))

    def candidates(
        self, x: ArrayLike, y: ArrayLike
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.bool_]]:
        """Find all polygons that contain or touch each point.

        Returns
        -------
        offsets : ndarray of int64, length n + 1
            Those of point i are ``rows[offsets[i]:offsets[i + 1]]``, ascending.
        rows : ndarray of int32
        touches : ndarray of bool
            Whether the point only touches the polygon.
        """
        xs, ys = as_coordinates(x, y)
        grid = self._grid_for(xs, ys)
        if grid is None:
            point, zone, touches = self._small().cover(xs, ys)
            return offsets_of(np.bincount(point, minlength=len(xs))), zone.astype(np.int32), touches
        _, _, many, still_open = grid.locate(xs, ys)
        point, zone, touch = (
            self._small().cover(xs[still_open], ys[still_open]) if len(still_open) else _NOTHING
        )
        many[still_open] = np.bincount(point, minlength=len(still_open))
        offsets = offsets_of(many)
        rows, touches = grid.members_of(xs, ys, offsets)
        where = expand(offsets[still_open], many[still_open].astype(np.int64))
        rows[where], touches[where] = zone, touch
        return offsets, rows, touches

    def contacts(self, x: ArrayLike, y: ArrayLike, *, border_within: float = 0.0) -> Contacts:
        """Find the polygons that contain each point or whose border is near it.

        Parameters
        ----------
        x, y : array_like of float64
            n coordinates; a point that is not finite is in no polygon.
        border_within : float, default 0.0
            How near to a border counts as on it. At 0 only points exactly on a border do.

        Returns
        -------
        Contacts
            Sorted by point and then by polygon. `distance` is 0 where the polygon contains the point.
        """
        xs, ys = as_coordinates(x, y)
        offsets, rows, touches = self.candidates(xs, ys)
        point, zone = np.repeat(np.arange(len(xs)), np.diff(offsets)), rows.astype(np.int64)
        if border_within > 0:
            at_point, at_zone, border_distance = self.borders(xs, ys, within=border_within)
        else:
            at_point, at_zone, border_distance = point[:0], zone[:0], np.empty(0)
        size = max(len(self), 1)
        covering, near = point * size + zone, at_point * size + at_zone
        keys = np.union1d(covering, near)
        at = np.searchsorted(keys, covering)
        distance = np.zeros(len(keys))
        inside, at_border = np.zeros(len(keys), np.bool_), np.zeros(len(keys), np.bool_)
        where = np.searchsorted(keys, near)
        distance[where] = border_distance
        at_border[where] = True
        distance[at] = 0.0
        inside[at] = ~touches
        at_border[at[touches]] = True
        return Contacts(*np.divmod(keys, size), distance=distance, inside=inside, at_border=at_border)

    def may_be_near_border(self, x: ArrayLike, y: ArrayLike, within: float) -> NDArray[np.bool_]:
        """Tell which points may have a border within a distance: all that have, and few others."""
        xs, ys = as_coordinates(x, y)
        if within <= 0 or self._grid is None:
            return np.full(len(xs), within > 0)
        return self._grid.may_be_near(xs, ys, within)

    def near(self, x: ArrayLike, y: ArrayLike, *, within: float) -> Pairs:
        """Find the polygons within a distance of each point, and how far each is.

        Parameters
        ----------
        x, y : array_like of float64
            n coordinates.
        within : float
            The greatest distance, inclusive, in the units of the coordinates.

        Returns
        -------
        Pairs
            Sorted by point and then by polygon; the distance is 0 where the polygon contains the point.
        """
        found = self.contacts(x, y, border_within=within)
        return Pairs(found.point, found.item, found.distance)

    def nearest(
        self, x: ArrayLike, y: ArrayLike, *, within: float = np.inf
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Find the nearest polygon to each point, and how far it is.

        Parameters
        ----------
        x, y : array_like of float64
            n coordinates.
        within : float, optional
            The greatest distance, inclusive.

        Returns
        -------
        row : ndarray of int32
            -1 where none is within reach. Of those equally near the lowest rank answers.
        distance : ndarray of float64
            0 for a point in or on a polygon, NaN where none is within reach.
        """
        xs, ys = as_coordinates(x, y)
        located = self.locate(xs, ys)
        row, distance = located.row.copy(), np.zeros(len(xs))
        outside = np.flatnonzero(located.row < 0)
        if len(outside):
            there = as_coordinates(xs[outside], ys[outside])
            if self._grid is None:
                row[outside], distance[outside] = self._small().nearest(*there, within, self.rank)
            else:
                row[outside], distance[outside], _ = self._segment_grid().nearest(*there, within=within)
        return row, distance

    def borders(
        self, x: NDArray[np.float64], y: NDArray[np.float64], *, within: float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Return (point, polygon, distance) for the borders within a distance of each point, sorted."""
        if self._grid is None:
            return self._small().borders(x, y, within)
        asked = np.flatnonzero(self._grid.may_be_near(x, y, within))
        offsets, zone, distance, _ = self._segment_grid().within(x[asked], y[asked], distance=within)
        return np.repeat(asked, np.diff(offsets)), zone.astype(np.int64), distance

    def _first_of(
        self, point: NDArray[np.int64], zone: NDArray[np.int64], touches: NDArray[np.bool_], size: int
    ) -> Located:
        """Let the first by the rule answer for each point."""
        order = np.lexsort((self.rank[zone], touches, point))[::-1]
        row, found = np.full(size, -1, np.int32), np.zeros(size, np.uint8)
        row[point[order]] = zone[order]  # the last written is the first by rank
        found[point[order]] = np.where(touches[order], BORDER, INSIDE)
        return Located(row, found, np.bincount(point, minlength=size).astype(np.int32))

    def _grid_for(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> CompiledGrid | None:
        """Return the grid for some more points, finer for many; None where the question is small."""
        if self._is_extreme:
            return None
        self._asked += len(x)
        if self._grid is None and self._asked <= _FEW_POINTS and self._small().cost(x, y) <= _FEW_EDGES:
            return None
        return self.compile(fine=self._asked > _POINTS_PER_EDGE * len(self.rings.coords))

    def _small(self) -> SmallAnswers:
        shapes = self._shapes()
        with self._lock:
            if self._answers is None:
                self._answers = SmallAnswers(shapes, self.rings)
            return self._answers

    def _shapes(self) -> NDArray[Any]:
        if self._polygons is None:
            self._polygons = self.rings.polygons()
        return self._polygons

    def _segment_grid(self) -> SegmentGrid:
        from zjk_gis.engine.segments import SegmentGrid

        with self._lock:
            if self._segments is None:
                is_edge = np.ones(len(self.rings.coords), np.bool_)
                is_edge[self.rings.starts[1:] - 1] = False
                owner = np.repeat(self.rings.zone, np.diff(self.rings.starts))
                starts = np.flatnonzero(is_edge)
                self._segments = SegmentGrid(self.rings.coords, starts, owner[starts], rank=self.rank)
            return self._segments
