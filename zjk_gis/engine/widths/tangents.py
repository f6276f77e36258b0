"""The circle that touches a border at one point and grows until it meets another edge: compiled.

The search is that of `zjk_gis.engine.widths.inscribed`, element by element, so that what bounds one is tried
at the next, and no circle is grown further than matters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.engine.arrays import offsets_of
from zjk_gis.engine.compiled import inner, lean
from zjk_gis.engine.predicates import greater, lesser
from zjk_gis.threads import in_chunks

if TYPE_CHECKING:
    from zjk_gis.engine.arrays import Floats, Ints, Real, Whole

__all__ = ["blocks_of", "largest_radii"]

_AT_ONCE = 4096  # elements; each such part looks for its own largest circle
_EVERY = 8  # elements are asked in their middle first, so that a large circle is known
_BLOCK = 32  # edges that follow each other, and are passed over together where all of them are too far
_MORE = 1.0 + 1e-9  # so that rounding passes over nothing
_MIDDLE = 0.5
_NO_STRETCH = 1e-6  # of an element
_LEAST_GAIN = 1.0 + 1e-7  # a circle larger by less is not looked for
_MOST_ASKED = 60  # places of one element, if bounds do not come together
_LEAST_STEP = 0.05  # of what lies between two places: so far from either the next is asked


def blocks_of(edges: Floats, starts: Ints) -> tuple[Floats, Ints]:
    """Return the bounds of the blocks of edges, and which blocks are those of each shape."""
    blocks = offsets_of(-(np.diff(starts) // -_BLOCK))
    owner = np.repeat(np.arange(len(starts) - 1), np.diff(blocks))
    begins = starts[owner] + _BLOCK * (np.arange(len(owner)) - blocks[owner])
    low = np.minimum.reduceat(np.minimum(edges[:, :2], edges[:, 2:]), begins)
    high = np.maximum.reduceat(np.maximum(edges[:, :2], edges[:, 2:]), begins)
    return np.hstack([low, high]), blocks


def largest_radii(
    elements: Ints,
    ways: tuple[Floats, Floats, Floats, Floats],
    shape: Ints,
    skip: Ints,
    edges: Floats,
    starts: Ints,
    lows: Floats,
    most: Floats,
) -> Floats:
    """Return for each element the radius of the largest circle that was found in its shape until then.

    Parameters
    ----------
    elements : ndarray of int64
        All of them, in the order in which they follow each other along the borders.
    ways : tuple of ndarray
        Where each element begins, its vector, its normal there and how that turns.
    shape, skip, edges, starts
        See `zjk_gis.engine.widths.inscribed`.
    lows : ndarray of float64
        The first place of each element, from 0 to 1; the last is as far from 1.
    most : ndarray of float64
        A radius for each shape that no circle in it can exceed.
    """
    radii = np.empty(len(elements))
    boxes, blocks = blocks_of(edges, starts)

    def work(part: slice) -> None:
        stack = np.empty((_MOST_ASKED + 2, 6))
        _search(
            elements[part], *ways, shape, skip, edges, starts, boxes, blocks, lows, most, stack,
            radii[part],
        )  # fmt: skip

    in_chunks(work, len(elements), chunk=_AT_ONCE)
    return radii


@lean
def _search(
    elements: Ints,
    begin: Floats,
    along: Floats,
    normal: Floats,
    turning: Floats,
    shape: Ints,
    skip: Ints,
    edges: Floats,
    starts: Ints,
    boxes: Floats,
    blocks: Ints,
    lows: Floats,
    most: Floats,
    stack: Floats,
    radii: Floats,
) -> None:
    """Look at the elements of one shape after the other."""
    k = 0
    while k < elements.size:
        own = shape[elements[k]]
        stop = k
        while stop < elements.size and shape[elements[stop]] == own:
            stop += 1
        largest, near = 0.0, np.int64(-1)
        for j in range(k, stop, _EVERY):
            radius, near = _grown(
                elements[j], _MIDDLE, begin, along, normal, turning, shape, skip, edges, starts, boxes,
                blocks, near, largest,
            )  # fmt: skip
            if largest < radius <= most[own]:
                largest = radius
        for j in range(k, stop):
            largest, near = _search_along(
                elements[j], begin, along, normal, turning, shape, skip, edges, starts, boxes, blocks,
                lows, most[own], near, largest, stack,
            )  # fmt: skip
            radii[j] = largest
        k = stop


@inner
def _search_along(
    e: Whole,
    begin: Floats,
    along: Floats,
    normal: Floats,
    turning: Floats,
    shape: Ints,
    skip: Ints,
    edges: Floats,
    starts: Ints,
    boxes: Floats,
    blocks: Ints,
    lows: Floats,
    most: Real,
    near: Whole,
    largest: Real,
    stack: Floats,
) -> tuple[Real, Whole]:
    """Return the largest circle after an element is searched, and an edge that bounds it there.

    The stack holds stretches of the element: both places, the radius at each, and the edge that is met.
    """
    low, high = lows[e], 1.0 - lows[e]
    # 1. What bounded the element before may bound this one, too; else the edge that is met in its middle.
    for turn in range(2):
        if turn == 1:
            middle, near = _grown(
                e, _MIDDLE, begin, along, normal, turning, shape, skip, edges, starts, boxes, blocks, near,
                largest,
            )  # fmt: skip
            if largest < middle <= most:
                largest = middle
        if near >= 0:
            bound = greater(
                _meeting(e, low, near, begin, along, normal, turning, skip, edges),
                _meeting(e, high, near, begin, along, normal, turning, skip, edges),
            )
            if bound <= largest * _LEAST_GAIN:
                return largest, near
    # 2. Otherwise both halves are stretches.
    at_low, met_low = _grown(
        e, low, begin, along, normal, turning, shape, skip, edges, starts, boxes, blocks, near, largest
    )
    at_high, met_high = _grown(
        e, high, begin, along, normal, turning, shape, skip, edges, starts, boxes, blocks, near, largest
    )
    n = 2
    stack[0, 0], stack[0, 1], stack[0, 2] = low, at_low, met_low
    stack[0, 3], stack[0, 4], stack[0, 5] = _MIDDLE, middle, near
    stack[1, 0], stack[1, 1], stack[1, 2] = _MIDDLE, middle, near
    stack[1, 3], stack[1, 4], stack[1, 5] = high, at_high, met_high
    asked = 3
    while n > 0:
        n -= 1
        one, at_one, met_one = stack[n, 0], stack[n, 1], np.int64(stack[n, 2])
        two, at_two, met_two = stack[n, 3], stack[n, 4], np.int64(stack[n, 5])
        # 3. What is met at either place bounds the stretch by what it allows at both.
        of_one = _meeting(e, two, met_one, begin, along, normal, turning, skip, edges)
        of_two = _meeting(e, one, met_two, begin, along, normal, turning, skip, edges)
        if lesser(greater(at_one, of_one), greater(at_two, of_two)) <= largest * _LEAST_GAIN:
            continue
        if asked >= _MOST_ASKED or two - one < _NO_STRETCH:
            continue
        # 4. The next place is where the straight lines between these values cross.
        step = 0.5
        rise, fall = of_two - at_one, of_one - at_two
        if 0.0 <= rise < np.inf and 0.0 <= fall < np.inf and rise + fall > 0.0:
            step = lesser(greater(rise / (rise + fall), _LEAST_STEP), 1.0 - _LEAST_STEP)
        place = one + step * (two - one)
        radius, met = _grown(
            e, place, begin, along, normal, turning, shape, skip, edges, starts, boxes, blocks, met_one,
            largest,
        )  # fmt: skip
        asked += 1
        if largest < radius <= most:
            largest, near = radius, met
        stack[n, 3], stack[n, 4], stack[n, 5] = place, radius, met
        stack[n + 1, 0], stack[n + 1, 1], stack[n + 1, 2] = place, radius, met
        stack[n + 1, 3], stack[n + 1, 4], stack[n + 1, 5] = two, at_two, met_two
        n += 2
    return largest, near


@inner
def _meeting(
    e: Whole,
    place: Real,
    edge: Whole,
    begin: Floats,
    along: Floats,
    normal: Floats,
    turning: Floats,
    skip: Ints,
    edges: Floats,
) -> Real:
    """Return the radius at which the circle that touches an element meets one edge."""
    if edge < 0 or edge == skip[e, 0] or edge == skip[e, 1]:
        return np.inf
    nx, ny = normal[e, 0] + place * turning[e, 0], normal[e, 1] + place * turning[e, 1]
    length = np.sqrt(nx * nx + ny * ny)
    px, py = begin[e, 0] + place * along[e, 0], begin[e, 1] + place * along[e, 1]
    ax, ay, bx, by = edges[edge, 0], edges[edge, 1], edges[edge, 2], edges[edge, 3]
    return _radius(nx / length, ny / length, ax - px, ay - py, bx - px, by - py)


@inner
def _grown(
    e: Whole,
    place: Real,
    begin: Floats,
    along: Floats,
    normal: Floats,
    turning: Floats,
    shape: Ints,
    skip: Ints,
    edges: Floats,
    starts: Ints,
    boxes: Floats,
    blocks: Ints,
    near: Whole,
    enough: Real,
) -> tuple[Real, Whole]:
    """Return the radius at which a circle meets the first edge of its shape, and that edge.

    Where it cannot be as large as `enough`, an edge that forbids it is returned with what that one allows.
    An edge that may be `near` is looked at first.
    """
    nx, ny = normal[e, 0] + place * turning[e, 0], normal[e, 1] + place * turning[e, 1]
    length = np.sqrt(nx * nx + ny * ny)
    nx, ny = nx / length, ny / length
    px, py = begin[e, 0] + place * along[e, 0], begin[e, 1] + place * along[e, 1]
    own, other = skip[e, 0], skip[e, 1]
    first, last = starts[shape[e]], starts[shape[e] + 1]
    many = blocks[shape[e] + 1] - blocks[shape[e]]
    block = (own - first) // _BLOCK  # those nearby leave little room
    least: Real = np.inf
    met: Whole = np.int64(-1)
    west, south, east, north = -np.inf, -np.inf, np.inf, np.inf  # of the circle
    if first <= near < last and near != own and near != other:
        ax, ay, bx, by = edges[near, 0], edges[near, 1], edges[near, 2], edges[near, 3]
        least = _radius(nx, ny, ax - px, ay - py, bx - px, by - py)
        if least < enough:
            return least, near
        if least < np.inf:
            met = near
            reach = least * _MORE
            west, east = px + least * nx - reach, px + least * nx + reach
            south, north = py + least * ny - reach, py + least * ny + reach
    for _ in range(many):
        at = blocks[shape[e]] + block
        if boxes[at, 0] <= east and boxes[at, 2] >= west and boxes[at, 1] <= north and boxes[at, 3] >= south:
            start = first + block * _BLOCK
            for k in range(start, min(start + _BLOCK, last)):
                ax, ay, bx, by = edges[k, 0], edges[k, 1], edges[k, 2], edges[k, 3]
                if (
                    (k == own)
                    | (k == other)
                    | ((ax > east) & (bx > east))
                    | ((ax < west) & (bx < west))
                    | ((ay > north) & (by > north))
                    | ((ay < south) & (by < south))
                ):
                    continue
                radius = _radius(nx, ny, ax - px, ay - py, bx - px, by - py)
                if radius < least:
                    least, met = radius, k
                    reach = least * _MORE
                    west, east = px + least * nx - reach, px + least * nx + reach
                    south, north = py + least * ny - reach, py + least * ny + reach
            if least < enough:
                break
        block += 1
        if block == many:
            block = 0
    return least, met


@inner
def _radius(nx: Real, ny: Real, ax: Real, ay: Real, bx: Real, by: Real) -> Real:
    """Return the radius at which a circle that touches (0, 0) meets an edge."""
    ahead_a, ahead_b = nx * ax + ny * ay, nx * bx + ny * by
    if ahead_a <= 0.0 and ahead_b <= 0.0:
        return np.inf  # all of it lies behind the tangent
    radius = np.inf
    if ahead_a > 0.0:
        radius = (ax * ax + ay * ay) / (2.0 * ahead_a)
    if ahead_b > 0.0:
        radius = lesser(radius, (bx * bx + by * by) / (2.0 * ahead_b))
    ux, uy = bx - ax, by - ay
    length = np.sqrt(ux * ux + uy * uy)
    if length == 0.0:
        return radius
    ux, uy = ux / length, uy / length
    mx, my = uy, -ux  # the normal of the line, towards the point
    away = -(mx * ax + my * ay)
    if away < 0.0:
        mx, my, away = -mx, -my, -away
    turn = 1.0 - (mx * nx + my * ny)
    if turn > 0.0:
        reach = away / turn
        along = ux * (reach * nx - ax) + uy * (reach * ny - ay)
        if 0.0 <= along <= length:
            radius = lesser(radius, reach)
    return radius
