"""Point location in polygons, small and large questions alike."""

from __future__ import annotations

import threading
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.engine.arrays import as_coordinates, as_floats, expand, offsets_of
from zjk_gis.engine.pairs import Pairs
from zjk_gis.engine.polygons.discs import ChainedRings, disc_shares
from zjk_gis.engine.polygons.small import SmallAnswers
from zjk_gis.engine.shapes import Rings
from zjk_gis.engine.signs import is_extreme
from zjk_gis.threads import in_chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from zjk_gis.engine.polygons.grid import CompiledGrid
    from zjk_gis.engine.segments import SegmentGrid
    from zjk_gis.engine.widths.approximate import Approximation, Transform

__all__ = [
    "BORDER",
    "FEW_POINTS",
    "FOUND",
    "INSIDE",
    "NONE",
    "Contacts",
    "Located",
    "PolygonIndex",
    "Positions",
]

NONE, INSIDE, BORDER = 0, 1, 2
FOUND = ("none", "inside", "border")

# Up to so many points in all, and edges to be looked at for them, compiled code would take longer to load
# than to do without.
FEW_POINTS, _FEW_EDGES = 50_000, 20_000_000
# Cells for each edge: coarse grids are compiled sooner, fine ones pay once there are two dozen times as many
# points as edges.
_COARSE, _FINE = 1.4, 4.2
_POINTS_PER_EDGE = 24
# Vertices up to which GEOS checks validity before the compiled code would be loaded.
_FEW_VERTICES = 200_000
# Cells: nearer polygons are looked for in the grid of points, farther ones in one of segments.
_AT_HAND = 8.0
# Of the side of a cell: an approximate projection must not be further off.
_GOOD_ENOUGH = 1e-3
# Of a point and a polygon: how far the border is, and how the polygon has the point.
_Pairs = tuple["NDArray[np.int64]", "NDArray[np.integer[Any]]", "NDArray[np.float64]", "NDArray[np.uint8]"]
_HOLDS, _TOUCHES = 1, 2
_NEAR = 4  # a bit more in what is found
_NOTHING = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.bool_))
_CHUNK = 1 << 16


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
    near : ndarray of bool or None
        Where it was asked: whether a border may be near, as at all points that have one near and few others.
    """

    row: NDArray[np.int32]
    found: NDArray[np.uint8]
    count: NDArray[np.int32]
    near: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Contacts(Pairs):
    """Points and the polygons that contain them or lie at them.

    Attributes
    ----------
    inside : ndarray of bool
        Whether the point lies strictly inside the polygon.
    at_border : ndarray of bool
        Whether the point lies on the polygon's border, or within the tolerance of it.
    border : ndarray of float64
        How far the polygon's border is; infinite where that is beyond the tolerance.
    """

    inside: NDArray[np.bool_]
    at_border: NDArray[np.bool_]
    border: NDArray[np.float64]

    def select(self, keep: NDArray[np.bool_]) -> Contacts:
        """Return some of them."""
        return Contacts(*(getattr(self, each.name)[keep] for each in fields(self)))


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
        return self.work_out()[0]

    @property
    def y(self) -> NDArray[np.float64]:
        """Northings."""
        return self.work_out()[1]

    def exact(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the exact coordinates of some points."""
        return (self.x[rows], self.y[rows]) if self._exactly is None else self._exactly(rows)

    def of(self, rows: NDArray[np.int64]) -> Positions:
        """Return those of some points."""
        x, y = self.given
        if self._exactly is None:
            return Positions(x[rows], y[rows])
        exactly = self._exactly
        some = Positions(x[rows], y[rows], self.through, lambda few: exactly(rows[few]))
        if self._about is not None:
            some._about = (self._about[0][rows], self._about[1][rows])
        return some

    def unusable(self) -> NDArray[np.bool_]:
        """Tell which points have no place at all."""
        x, y = self.work_out()
        unusable = np.empty(len(x), np.bool_)

        def look(part: slice) -> None:
            unusable[part] = ~(np.isfinite(x[part]) & np.isfinite(y[part]))

        in_chunks(look, len(x))
        if self._exactly is not None:
            rows = np.flatnonzero(unusable)
            x, y = self._exactly(rows)
            unusable[rows] = ~(np.isfinite(x) & np.isfinite(y))
        return unusable

    def work_out(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return `x` and `y`, worked out once where they lie about."""
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
        self._chains: ChainedRings | None = None
        self._answers: SmallAnswers | None = None
        self._asked = self._expected = 0
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

    def expect(self, points: int) -> None:
        """Say for how many points it will be asked in all, so that from the first on the grid answers."""
        self._expected = points

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

    def locate(self, x: ArrayLike, y: ArrayLike, *, near: float = 0.0) -> Located:
        """Find the polygon that answers for each point.

        Parameters
        ----------
        x, y : array_like of float64
            n coordinates; a point that is not finite is in no polygon.
        near : float, default 0.0
            How near a border may be for `Located.near` to tell of it; at 0 it is not looked for.

        Returns
        -------
        Located
            One that contains the point strictly comes before one it only touches, then the lowest rank.
        """
        xs, ys = as_coordinates(x, y)
        return self._located(self._grid_for(xs, ys), xs, ys, near)

    def locate_at(self, place: Positions, *, near: float = 0.0) -> Located:
        """Find the polygon that answers for each point of which it is known about where it lies.

        The answers are those of `locate` for where the points truly lie; only the few are placed exactly for
        which it matters.
        """
        if place.through is None:
            return self.locate(place.x, place.y, near=near)
        grid = self.compile(fine=self._is_fine)
        if place.is_worked_out:
            row, found, many, still_open = grid.locate(place.x, place.y, error=place.error, near=near)
            still_open = np.concatenate([still_open, np.flatnonzero(np.isnan(place.x))])
        else:
            row, found, many, still_open = grid.locate_through(place.through, *place.given, near=near)
        exact = self.locate(*place.exact(still_open), near=near)
        return _completed(row, found, many, still_open, exact, near)

    def _located(
        self, grid: CompiledGrid | None, x: NDArray[np.float64], y: NDArray[np.float64], near: float
    ) -> Located:
        if grid is not None:
            row, found, many, still_open = grid.locate(x, y, near=near)
            exact = self._located(None, x[still_open], y[still_open], near)
            return _completed(row, found, many, still_open, exact, near)
        if not len(x):
            return self._first_of(*_NOTHING, 0, near)
        return self._first_of(*self._small().cover(x, y), len(x), near)

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
        grid = self._grid_for(x, y) if self._grid is not None or len(x) > FEW_POINTS else None
        through = None
        if grid is not None:
            from zjk_gis.engine.widths.approximate import Approximation

            through = Approximation.fit(transform, bounds, _GOOD_ENOUGH * grid.place[3])
        if through is None:
            return Positions(*as_coordinates(*transform(x, y)))
        return Positions(x, y, through, lambda rows: transform(x[rows], y[rows]))

    def candidates(
        self, x: ArrayLike, y: ArrayLike, *, border_within: float = 0.0
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.bool_]]:
        """Find all polygons that contain or touch each point, or whose border is near it.

        Parameters
        ----------
        x, y : array_like of float64
            n coordinates.
        border_within : float, default 0.0
            How near to a border counts as on it.

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
        located = self._located(grid, xs, ys, border_within)
        # Nearly all have one or none, and no border near.
        counts = located.count.astype(np.int64)
        asked = (located.count > 1) | (located.found == BORDER)
        if located.near is not None:
            asked |= located.near
        rest = self.by_tile(np.flatnonzero(asked), xs, ys)
        point, zone, _, how = self._pairs(grid, xs[rest], ys[rest], np.full(len(rest), float(border_within)))
        counts[rest] = np.bincount(point, minlength=len(rest))
        offsets = offsets_of(counts)
        rows, touches = np.empty(offsets[-1], np.int32), np.zeros(offsets[-1], np.bool_)
        alone = ~asked & (located.row >= 0)
        rows[offsets[:-1][alone]] = located.row[alone]
        at = expand(offsets[rest], counts[rest])
        rows[at], touches[at] = zone, how == _TOUCHES
        return offsets, rows, touches

    def contacts(self, x: ArrayLike, y: ArrayLike, *, border_within: ArrayLike = 0.0) -> Contacts:
        """Find the polygons that contain each point or whose border is near it.

        Parameters
        ----------
        x, y : array_like of float64
            n coordinates; a point that is not finite is in no polygon.
        border_within : float or array_like, default 0.0
            How near to a border counts as on it, for all points or for each. At 0 only points exactly on a
            border do.

        Returns
        -------
        Contacts
            Sorted by point and then by polygon. `distance` is 0 where the polygon contains the point.
        """
        xs, ys = as_coordinates(x, y)
        within = as_floats(np.broadcast_to(np.asarray(border_within, np.float64), xs.shape))
        point, zone, border, how = self._pairs(self._grid_for(xs, ys), xs, ys, within)
        return Contacts(
            point,
            zone.astype(np.int64),
            distance=np.where(how > 0, 0.0, border),
            inside=how == _HOLDS,
            at_border=(how == _TOUCHES) | (border < np.inf),
            border=border,
        )

    def disc_shares(
        self, x: ArrayLike, y: ArrayLike, radius: ArrayLike, zone: ArrayLike
    ) -> NDArray[np.float64]:
        """Return the share of each disc that lies in its polygon; see `zjk_gis.engine.disc_shares`.

        Parameters
        ----------
        x, y, radius : array_like of float64
            n discs, of finite radii above 0.
        zone : array_like of int64
            The position of the polygon of each.
        """
        xs, ys = as_coordinates(x, y)
        radii, zones = as_floats(radius), np.ascontiguousarray(zone, np.int64)
        if self._grid is None:
            return disc_shares(self.rings, xs, ys, radii, zones)
        with self._lock:
            if self._chains is None:
                self._chains = ChainedRings(self.rings)
        order = self.by_tile(np.arange(len(xs)), xs, ys)
        shares = np.empty(len(xs))
        shares[order] = self._chains.disc_shares(xs[order], ys[order], radii[order], zones[order])
        return shares

    def by_tile(
        self, rows: NDArray[np.int64], x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Return the numbers of some points in an order in which they are soon looked at one by one."""
        if self._grid is None or self._grid.is_at_hand:
            return rows
        return rows[self._grid.by_tile(x[rows], y[rows])]

    def _pairs(
        self,
        grid: CompiledGrid | None,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        within: NDArray[np.float64],
    ) -> _Pairs:
        """Pair each point with the polygons that have it or a border within its distance, sorted."""
        if grid is None:
            return self._pairs_of_few(x, y, within)

        def work(part: slice) -> _Pairs:
            (point, zone, border, how), still_open = grid.contacts(x[part], y[part], within[part])
            pairs: _Pairs = (point + part.start, zone, border, how)
            if len(still_open):
                rows = still_open + part.start
                rest, *more = self._pairs_of_few(x[rows], y[rows], within[rows])
                pairs = _joined([pairs, (rows[rest], *more)])
                order = np.lexsort(pairs[1::-1])
                pairs = tuple(each[order] for each in pairs)  # type: ignore[assignment]
            return pairs

        parts = in_chunks(work, len(x), chunk=_CHUNK)
        return (
            parts[0] if len(parts) == 1 else _joined([self._pairs_of_few(x[:0], y[:0], within[:0]), *parts])
        )

    def _pairs_of_few(
        self, x: NDArray[np.float64], y: NDArray[np.float64], within: NDArray[np.float64]
    ) -> _Pairs:
        """Do as `_pairs` without compiled code."""
        if not len(x):
            return np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0), np.empty(0, np.uint8)
        size = len(self)
        point, zone, touches = self._small().cover(x, y)
        covering = point * size + zone
        if (within > 0).any():
            at_point, at_zone, distance = self._small().borders(x, y, float(np.nanmax(within)))
            is_near = distance <= within[at_point]
            near, distance = (at_point * size + at_zone)[is_near], distance[is_near]
        else:
            near, distance = covering[:0], np.empty(0)
        keys = np.union1d(covering, near)
        border, how = np.full(len(keys), np.inf), np.zeros(len(keys), np.uint8)
        border[np.searchsorted(keys, near)] = distance
        how[np.searchsorted(keys, covering)] = np.where(touches, _TOUCHES, _HOLDS)
        return keys // size, (keys % size).astype(np.int32), border, how

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
            grid = self._grid
            if grid is None:
                row[outside], distance[outside] = self._small().nearest(*there, within, self.rank)
            elif within * grid.place[2] <= _AT_HAND:
                row[outside], distance[outside] = self._nearest_at_hand(grid, *there, within)
            else:
                row[outside], distance[outside], _ = self._segment_grid().nearest(*there, within=within)
        return row, distance

    def _nearest_at_hand(
        self, grid: CompiledGrid, x: NDArray[np.float64], y: NDArray[np.float64], within: float
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Find the nearest border to points outside all polygons, not many cells away."""
        point, zone, border, _ = self._pairs(grid, x, y, np.full(len(x), float(within)))
        order = np.lexsort((self.rank[zone], border, point))[::-1]
        row, distance = np.full(len(x), -1, np.int32), np.full(len(x), np.nan)
        row[point[order]], distance[point[order]] = zone[order], border[order]  # the last written is first
        return row, distance

    def _first_of(
        self,
        point: NDArray[np.int64],
        zone: NDArray[np.int64],
        touches: NDArray[np.bool_],
        size: int,
        near: float,
    ) -> Located:
        """Let the first by the rule answer for each point."""
        order = np.lexsort((self.rank[zone], touches, point))[::-1]
        row, found = np.full(size, -1, np.int32), np.zeros(size, np.uint8)
        row[point[order]] = zone[order]  # the last written is the first by rank
        found[point[order]] = np.where(touches[order], BORDER, INSIDE)
        count = np.bincount(point, minlength=size).astype(np.int32)
        return Located(row, found, count, np.ones(size, np.bool_) if near > 0 else None)

    def _grid_for(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> CompiledGrid | None:
        """Return the grid for some more points, finer for many; None where the question is small."""
        if self._is_extreme:
            return None
        self._asked += len(x)
        asked = max(self._asked, self._expected)
        if self._grid is None and asked <= FEW_POINTS and self._small().cost(x, y) <= _FEW_EDGES:
            return None
        return self.compile(fine=asked > _POINTS_PER_EDGE * len(self.rings.coords))

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


def _completed(
    row: NDArray[np.int32],
    found: NDArray[np.uint8],
    many: NDArray[np.int32],
    still_open: NDArray[np.int64],
    exact: Located,
    near: float,
) -> Located:
    """Put together what a grid answered, and what was found otherwise of what stayed open."""
    is_near = None
    if near > 0:
        is_near = (found & _NEAR) != 0
        is_near[still_open] = exact.near
        found &= _NEAR - 1
    row[still_open], found[still_open], many[still_open] = exact.row, exact.found, exact.count
    return Located(row, found, many, is_near)


def _joined(parts: Sequence[_Pairs]) -> _Pairs:
    """Put pairs behind each other."""
    point, zone, border, how = (np.concatenate(each) for each in zip(*parts, strict=True))
    return point, zone, border, how
