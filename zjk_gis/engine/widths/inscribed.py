"""How wide polygons are: the diameter of the largest circle that lies in each.

The largest circle touches the border in two or three places. So every point of a border is asked how far a
circle that touches it there can grow: that has a closed form for each of the other edges. Edges are asked at
some points, reflex corners in some directions, and between the best of these the maximum is narrowed down.
A corridor of a kilometre costs no more than its edges, where a search by squares looks along all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.engine.arrays import expand, offsets_of
from zjk_gis.engine.shapes import Rings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.engine.arrays import Floats, Ints

__all__ = ["greatest_widths"]

_SAMPLES = np.array([1.0, 3.0, 5.0]) / 6.0
_STEP = 1.0 / 3.0
_NO_EDGE = 1e-6  # metres
_ROUNDING = 1.0 + 1e-6
_LONG, _MANY = 500, 40  # a border of more elements has more places that are nearly the best
_BEST = 10  # samples a shape between whose neighbours the maximum is looked for
_ENOUGH = 0.5  # a circle smaller by this factor than the largest so far is not asked how far it grows
_ROUNDS = 40
_GOLDEN = (5.0**0.5 - 1.0) / 2.0
_ENDS = 1e-9  # the ends of an edge belong to its neighbours, too
_FEW_PAIRS = 1_000_000  # fewer are reckoned sooner than compiled code is loaded


def greatest_widths(shapes: NDArray[Any]) -> NDArray[np.float64]:
    """Return the diameter of the largest circle inside each shape.

    Parameters
    ----------
    shapes : ndarray of Polygon and MultiPolygon
        Valid ones. Of several parts the widest counts.

    Returns
    -------
    ndarray of float64
        0 for an empty shape.

    Notes
    -----
    Every circle found lies inside. It is the largest but for what a maximum between two samples of an edge
    may hide; the tests hold it to 1 % of what GEOS finds.

    Examples
    --------
    >>> import shapely
    >>> ring = shapely.Point(0, 0).buffer(103).difference(shapely.Point(0, 0).buffer(100))
    >>> greatest_widths(np.array([shapely.box(0, 0, 60, 0.4), ring])).round(2).tolist()
    [0.4, 3.0]
    """
    widths = np.zeros(len(shapes))
    if not len(shapes):
        return widths
    border = _Border.of(Rings.of(np.asarray(shapes, dtype=object)))
    element = np.tile(np.arange(len(border.shape)), len(_SAMPLES))
    place = np.repeat(_SAMPLES, len(border.shape))
    shape = border.shape[element]
    most = np.sqrt(shapely.area(shapes) / np.pi) * _ROUNDING  # a circle is no larger than what it lies in
    radius = border.radii(element, place, enough=_ENOUGH)
    radius[radius > most[shape]] = 0.0
    np.maximum.at(widths, shape, radius)
    order = np.lexsort((-radius, shape))
    nth = np.arange(len(order)) - np.searchsorted(shape[order], shape[order])
    is_long = np.bincount(border.shape, minlength=len(shapes)) > _LONG
    best = order[nth < np.where(is_long[shape[order]], _MANY, _BEST)]
    best = best[radius[best] > _ENOUGH * widths[shape[best]]]
    highest = _highest(border, element[best], place[best])
    np.maximum.at(widths, shape[best], np.where(highest <= most[shape[best]], highest, 0.0))
    return 2.0 * widths


def _highest(border: _Border, element: Ints, place: Floats) -> Floats:
    """Narrow down the maximum around places of the border, by the golden section."""
    low, high = np.maximum(place - _STEP, _ENDS), np.minimum(place + _STEP, 1.0 - _ENDS)
    if not border.is_small:
        return border.highest(element, low, high)
    one, other = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_one, at_other = border.radii(element, one), border.radii(element, other)
    for _ in range(_ROUNDS):
        left = at_one >= at_other
        low, high = np.where(left, low, one), np.where(left, other, high)
        asked = np.where(left, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))
        found = border.radii(element, asked)
        one, other = np.where(left, asked, other), np.where(left, one, asked)
        at_one, at_other = np.where(left, found, at_other), np.where(left, at_one, found)
    return np.maximum(at_one, at_other)


class _Border:
    """The elements of borders: edges, and the corners that point inward."""

    def __init__(self, edges: Floats, starts: Ints, shape: Ints, before: Ints) -> None:
        """Take edges with the inside to their left, those of a shape together, and the edge before each."""
        self._edges, self._starts = edges, starts
        along = edges[:, 2:] - edges[:, :2]
        unit = along / np.maximum(np.hypot(*along.T), 1e-300)[:, None]
        inward = np.stack([-unit[:, 1], unit[:, 0]], axis=1)
        turn = unit[before, 0] * unit[:, 1] - unit[before, 1] * unit[:, 0]
        corner = np.flatnonzero(turn < 0.0)
        at = np.concatenate([np.arange(len(edges)), corner])
        self.shape = shape[at]
        # An edge goes from its begin to its end with one normal; a corner stays and its normal turns.
        self._begin = edges[at, :2]
        self._along = np.concatenate([along, np.zeros((len(corner), 2))])
        self._normal = np.concatenate([inward, inward[before[corner]]])
        self._turning = np.concatenate([np.zeros((len(edges), 2)), inward[corner] - inward[before[corner]]])
        self._blocks: tuple[Floats, Ints] | None = None
        pairs = np.bincount(self.shape, minlength=len(starts) - 1) * np.diff(starts)
        self.is_small = pairs.sum() * len(_SAMPLES) < _FEW_PAIRS
        self._skip = np.stack([at, np.concatenate([np.arange(len(edges)), before[corner]])], axis=1)

    @classmethod
    def of(cls, rings: Rings) -> _Border:
        """Take the edges of all rings but those so short that rounding gives them their direction."""
        ring = np.repeat(np.arange(len(rings.zone)), np.diff(rings.starts))
        is_edge = np.zeros(len(rings.coords), np.bool_)
        steps = np.hypot(*np.diff(rings.coords, axis=0).T)
        is_edge[:-1] = (ring[1:] == ring[:-1]) & (steps > _NO_EDGE)
        at = np.flatnonzero(is_edge)
        at = at[np.argsort(rings.zone[ring[at]], kind="stable")]
        ring = ring[at]
        edges = np.hstack([rings.coords[at], rings.coords[at + 1]])
        first = np.flatnonzero(np.diff(ring, prepend=-1) != 0)
        last = np.append(first[1:], len(at)) - 1
        before, after = np.arange(len(at)) - 1, np.arange(len(at)) + 1
        before[first], after[last] = last, first
        turned = rings.turned[ring]
        edges = np.where(turned[:, None], edges[:, [2, 3, 0, 1]], edges)
        shape = rings.zone[ring].astype(np.int64)
        counts = np.bincount(shape, minlength=rings.n_zones)
        return cls(edges, offsets_of(counts), shape, np.where(turned, after, before))

    def radii(self, element: Ints, place: Floats, *, enough: float = 0.0) -> Floats:
        """Return how far the circles grow that touch elements at places from 0 to 1 along them.

        A circle that cannot be `enough` times as large as the largest of its shape may be told too large,
        but never that large.
        """
        points = self._begin[element] + place[:, None] * self._along[element]
        normals = self._normal[element] + place[:, None] * self._turning[element]
        normals /= np.hypot(*normals.T)[:, None]
        asked = (points, normals, self.shape[element], self._skip[element], self._edges, self._starts)
        if self.is_small:
            return _radii(*asked)
        from zjk_gis.engine.widths.tangents import tangent_radii

        return tangent_radii(*asked, self._in_blocks(), enough)

    def highest(self, element: Ints, low: Floats, high: Floats) -> Floats:
        """Narrow down the maximum between two places of each element, in compiled code."""
        from zjk_gis.engine.widths.tangents import highest_radii

        ways = (self._begin, self._along, self._normal, self._turning)
        own = (self.shape, self._skip, self._edges, self._starts)
        return highest_radii(element, low, high, ways, *own, self._in_blocks(), _ROUNDS)

    def _in_blocks(self) -> tuple[Floats, Ints]:
        from zjk_gis.engine.widths.tangents import blocks_of

        if self._blocks is None:
            self._blocks = blocks_of(self._edges, self._starts)
        return self._blocks


def _radii(points: Floats, normals: Floats, shape: Ints, skip: Ints, edges: Floats, starts: Ints) -> Floats:
    """Return the radius at which each circle meets the first edge of its shape, two edges left out.

    Parameters
    ----------
    points, normals : ndarray of float64, shape (n, 2)
        Where each circle touches the border, and the way to its centre.
    shape : ndarray of int64, shape (n,)
    skip : ndarray of int64, shape (n, 2)
        The edges that it touches there.
    edges : ndarray of float64, shape (m, 4)
    starts : ndarray of int64
        Those of shape k are ``edges[starts[k]:starts[k + 1]]``.
    """
    counts = np.diff(starts)[shape]
    edge = expand(starts[shape], counts)
    circle = np.repeat(np.arange(len(points)), counts)
    (px, py), (nx, ny) = points[circle].T, normals[circle].T
    ax, ay, bx, by = edges[edge].T
    ax, ay, bx, by = ax - px, ay - py, bx - px, by - py
    ahead_a, ahead_b = nx * ax + ny * ay, nx * bx + ny * by
    ux, uy = bx - ax, by - ay
    length = np.sqrt(ux * ux + uy * uy)
    ux, uy = ux / length, uy / length
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        at_a = np.where(ahead_a > 0.0, (ax * ax + ay * ay) / (2.0 * ahead_a), np.inf)
        at_b = np.where(ahead_b > 0.0, (bx * bx + by * by) / (2.0 * ahead_b), np.inf)
        away = -(uy * ax - ux * ay)
        side = np.where(away < 0.0, -1.0, 1.0)
        turn = 1.0 - side * (uy * nx - ux * ny)
        reach = np.where(turn > 0.0, side * away / turn, np.inf)
        along = ux * (reach * nx - ax) + uy * (reach * ny - ay)
    meets = (turn > 0.0) & (along >= 0.0) & (along <= length)
    radius = np.minimum(np.minimum(at_a, at_b), np.where(meets, reach, np.inf))
    behind = (ahead_a <= 0.0) & (ahead_b <= 0.0)
    radius[behind | (edge == skip[circle, 0]) | (edge == skip[circle, 1])] = np.inf
    return np.asarray(np.minimum.reduceat(radius, offsets_of(counts)[:-1]))
