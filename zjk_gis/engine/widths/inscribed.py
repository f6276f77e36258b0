"""How wide polygons are: the diameter of the largest circle that lies in each.

The largest circle touches the border in two or three places. So every place of a border is asked how far a
circle that touches it there can grow: that has a closed form for each of the other edges, which is a convex
function of the place along an edge, and of the direction at a reflex corner. So whatever edge a circle meets
somewhere bounds it between any two places, too: by the larger of what that edge allows at both. Stretches of
the border whose bound is no more than the largest circle so far are left out; in the others the next place is
where two bounds cross. A corridor of a kilometre costs no more than its edges, where a search by squares
looks along all of it.
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

_MIDDLE = 0.5
_NO_EDGE = 1e-6  # metres
_ROUNDING = 1.0 + 1e-6
_STRAIGHT = 1e-6  # the sine of a turn: a circle that touches such a vertex juts out by a billionth of that
_ENDS = 1e-6  # of an element: its ends belong to its neighbours, too
_SLIPS = 4.0 * _NO_EDGE  # where edges are left out, a circle slips through
_LEAST_GAIN = 1.0 + 1e-7  # a circle larger by less is not looked for
_MOST_ASKED = 60  # places of one element, if bounds do not come together
_LEAST_STEP = 0.05  # of what lies between two places: so far from either the next is asked
_FEW_PAIRS = 300_000  # fewer are reckoned sooner than compiled code is loaded


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
    Every circle found lies inside, and none is larger by more than a millionth.

    Examples
    --------
    >>> import shapely
    >>> ring = shapely.Point(0, 0).buffer(103).difference(shapely.Point(0, 0).buffer(100))
    >>> greatest_widths(np.array([shapely.box(0, 0, 60, 0.4), ring])).round(2).tolist()
    [0.4, 3.0]
    """
    if not len(shapes):
        return np.zeros(0)
    border = _Border.of(Rings.of(np.asarray(shapes, dtype=object)))
    most = np.sqrt(shapely.area(shapes) / np.pi) * _ROUNDING  # a circle is no larger than what it lies in
    return 2.0 * (_largest(border, most) if border.is_small else border.largest(most))


def _largest(border: _Border, most: Floats) -> Floats:
    """Return the radius of the largest circle in each shape: all stretches at once, round after round."""
    largest = np.zeros(len(most))

    def asked(element: Ints, place: Floats) -> tuple[Floats, Ints]:
        radius, met = border.radii(element, place)
        shape = border.shape[element]
        np.maximum.at(largest, shape, np.where(radius <= most[shape], radius, 0.0))
        return radius, met

    def wanted(element: Ints, bound: Floats) -> NDArray[np.intp]:
        return np.flatnonzero(bound > largest[border.shape[element]] * _LEAST_GAIN)

    element = np.arange(len(border.shape))
    low = border.low
    middle, met = asked(element, np.full(len(element), _MIDDLE))
    bound = np.maximum(border.meeting(element, low, met), border.meeting(element, 1.0 - low, met))
    kept = wanted(element, bound)
    element, low, middle, met = element[kept], low[kept], middle[kept], met[kept]
    # A stretch has two places, the radius at each, and the edge that is met.
    centre = (np.full(len(kept), _MIDDLE), middle, met)
    first, last = ((place, *border.radii(element, place)) for place in (low, 1.0 - low))
    element = np.tile(element, 2)
    one, two = ([np.concatenate(both) for both in zip(*ends, strict=True)]
                for ends in ((first, centre), (centre, last)))  # fmt: skip
    for _ in range(_MOST_ASKED):
        of_one, of_two = border.meeting(element, two[0], one[2]), border.meeting(element, one[0], two[2])
        bound = np.minimum(np.maximum(one[1], of_one), np.maximum(two[1], of_two))
        bound[two[0] - one[0] < _ENDS] = 0.0
        kept = wanted(element, bound)
        if not len(kept):
            break
        element, of_one, of_two = element[kept], of_one[kept], of_two[kept]
        one, two = [each[kept] for each in one], [each[kept] for each in two]
        # The next place is where the straight lines between these values cross.
        with np.errstate(invalid="ignore", divide="ignore"):
            rise, fall = of_two - one[1], of_one - two[1]
            step = np.clip(rise / (rise + fall), _LEAST_STEP, 1.0 - _LEAST_STEP)
        place = one[0] + np.where(np.isfinite(step), step, _MIDDLE) * (two[0] - one[0])
        new = (place, *asked(element, place))
        element = np.tile(element, 2)
        one, two = ([np.concatenate(both) for both in zip(*ends, strict=True)]
                    for ends in ((one, new), (new, two)))  # fmt: skip
    return largest


class _Border:
    """The elements of borders: edges, and the corners that point inward."""

    def __init__(self, edges: Floats, starts: Ints, shape: Ints, before: Ints) -> None:
        """Take edges with the inside to their left, those of a shape together, and the edge before each."""
        self._edges, self._starts = edges, starts
        along = edges[:, 2:] - edges[:, :2]
        unit = along / np.maximum(np.hypot(*along.T), 1e-300)[:, None]
        inward = np.stack([-unit[:, 1], unit[:, 0]], axis=1)
        turn = unit[before, 0] * unit[:, 1] - unit[before, 1] * unit[:, 0]
        # At a vertex that is all but straight, a circle may touch both edges: it counts as a corner, too.
        goes_on = (unit[before] * unit).sum(axis=1) > 0.0
        corner = np.flatnonzero((turn < 0.0) | ((turn < _STRAIGHT) & goes_on))
        at = np.concatenate([np.arange(len(edges)), corner])
        self.shape = shape[at]
        # An edge goes from its begin to its end with one normal; a corner stays and its normal turns.
        self._begin = edges[at, :2]
        self._along = np.concatenate([along, np.zeros((len(corner), 2))])
        self._normal = np.concatenate([inward, inward[before[corner]]])
        self._turning = np.concatenate([np.zeros((len(edges), 2)), inward[corner] - inward[before[corner]]])
        pairs = np.bincount(self.shape, minlength=len(starts) - 1) * np.diff(starts)
        self.is_small = bool(pairs.sum() < _FEW_PAIRS)
        self._skip = np.stack([at, np.concatenate([np.arange(len(edges)), before[corner]])], axis=1)
        # Where each element begins to be its own; it ends as far from 1.
        long = np.maximum(np.hypot(*self._along.T), _NO_EDGE)
        self.low = np.minimum(_ENDS + np.where(self._skip[:, 0] == self._skip[:, 1], _SLIPS / long, 0.0),
                              _LEAST_STEP)  # fmt: skip

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

    def radii(self, element: Ints, place: Floats) -> tuple[Floats, Ints]:
        """Return how far circles grow that touch elements at places from 0 to 1, and the edge each meets."""
        counts = np.diff(self._starts)[self.shape[element]]
        edge = expand(self._starts[self.shape[element]], counts)
        circle = np.repeat(np.arange(len(element)), counts)
        every = self.meeting(element[circle], place[circle], edge)
        radius = np.minimum.reduceat(every, offsets_of(counts)[:-1]) if len(element) else np.zeros(0)
        is_met = np.flatnonzero(every == radius[circle])
        met = np.zeros(len(element), np.int64)
        met[circle[is_met[::-1]]] = edge[is_met[::-1]]  # the first of several
        return radius, met

    def meeting(self, element: Ints, place: Floats, edge: Ints) -> Floats:
        """Return the radius at which each circle meets an edge; infinite for those it touches there."""
        points = self._begin[element] + place[:, None] * self._along[element]
        normals = self._normal[element] + place[:, None] * self._turning[element]
        radius = _radius(points, normals / np.hypot(*normals.T)[:, None], self._edges[edge])
        radius[(edge == self._skip[element, 0]) | (edge == self._skip[element, 1])] = np.inf
        return radius

    def largest(self, most: Floats) -> Floats:
        """Return the radius of the largest circle in each shape, in compiled code."""
        from zjk_gis.engine.widths.tangents import largest_radii

        is_edge = np.arange(len(self.shape)) < len(self._edges)
        elements = np.lexsort((is_edge, self._skip[:, 0]))  # a corner comes before the edge that begins there
        ways = (self._begin, self._along, self._normal, self._turning)
        found = largest_radii(
            elements, ways, self.shape, self._skip, self._edges, self._starts, self.low, most
        )
        radii = np.zeros(len(self._starts) - 1)
        np.maximum.at(radii, self.shape[elements], found)
        return radii


def _radius(points: Floats, normals: Floats, edges: Floats) -> Floats:
    """Return the radius at which each circle that touches a point meets an edge."""
    (px, py), (nx, ny) = points.T, normals.T
    ax, ay, bx, by = edges.T
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
    radius[(ahead_a <= 0.0) & (ahead_b <= 0.0)] = np.inf
    return np.asarray(radius)
