"""The circle that touches a border at one point and grows until it meets another edge: compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.engine.arrays import offsets_of
from zjk_gis.engine.compiled import lean
from zjk_gis.engine.predicates import greater, lesser
from zjk_gis.threads import in_chunks

if TYPE_CHECKING:
    from zjk_gis.engine.arrays import Floats, Ints, Real, Whole

__all__ = ["blocks_of", "highest_radii", "tangent_radii"]

_AT_ONCE = 2048
_NARROWED_AT_ONCE = 64  # places, each asked some thirty times
_GOLDEN = (5.0**0.5 - 1.0) / 2.0
_BLOCK = 32  # edges that follow each other, and are passed over together where all of them are too far
_MORE = 1.0 + 1e-9  # so that rounding passes over nothing


def blocks_of(edges: Floats, starts: Ints) -> tuple[Floats, Ints]:
    """Return the bounds of the blocks of edges, and which blocks are those of each shape."""
    blocks = offsets_of(-(np.diff(starts) // -_BLOCK))
    owner = np.repeat(np.arange(len(starts) - 1), np.diff(blocks))
    begins = starts[owner] + _BLOCK * (np.arange(len(owner)) - blocks[owner])
    low = np.minimum.reduceat(np.minimum(edges[:, :2], edges[:, 2:]), begins)
    high = np.maximum.reduceat(np.maximum(edges[:, :2], edges[:, 2:]), begins)
    return np.hstack([low, high]), blocks


def tangent_radii(
    points: Floats,
    normals: Floats,
    shape: Ints,
    skip: Ints,
    edges: Floats,
    starts: Ints,
    blocks: tuple[Floats, Ints],
    enough: Real,
) -> Floats:
    """Return the radii; see `zjk_gis.engine.widths.inscribed`."""
    radii = np.empty(len(points))

    def work(part: slice) -> None:
        _fill(
            points[part], normals[part], shape[part], skip[part], edges, starts, *blocks, enough, radii[part]
        )  # fmt: skip

    in_chunks(work, len(points), chunk=_AT_ONCE)
    return radii


def highest_radii(
    element: Ints,
    low: Floats,
    high: Floats,
    ways: tuple[Floats, Floats, Floats, Floats],
    shape: Ints,
    skip: Ints,
    edges: Floats,
    starts: Ints,
    blocks: tuple[Floats, Ints],
    rounds: int,
) -> Floats:
    """Return the largest radius between two places of each element, narrowed down by the golden section.

    `ways` are where each element begins, its vector, its normal there and how that turns.
    """
    radii = np.empty(len(element))

    def work(part: slice) -> None:
        _narrow(
            element[part], low[part], high[part], *ways, shape, skip, edges, starts, *blocks, rounds,
            radii[part],
        )  # fmt: skip

    in_chunks(work, len(element), chunk=_NARROWED_AT_ONCE)
    return radii


@lean
def _fill(
    points: Floats,
    normals: Floats,
    shape: Ints,
    skip: Ints,
    edges: Floats,
    starts: Ints,
    boxes: Floats,
    blocks: Ints,
    enough: Real,
    radii: Floats,
) -> None:
    largest, before = 0.0, -1
    for k in range(points.shape[0]):
        if shape[k] != before:
            largest, before = 0.0, shape[k]
        radii[k] = _grown(
            points[k, 0], points[k, 1], normals[k, 0], normals[k, 1], shape[k], skip[k, 0], skip[k, 1],
            edges, starts, boxes, blocks, enough * largest,
        )  # fmt: skip
        largest = greater(largest, radii[k])


@lean
def _narrow(
    element: Ints,
    low: Floats,
    high: Floats,
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
    rounds: Whole,
    radii: Floats,
) -> None:
    for k in range(element.size):
        e, left, right = element[k], low[k], high[k]
        one, other = right - _GOLDEN * (right - left), left + _GOLDEN * (right - left)
        at_one = at_other = 0.0
        for turn in range(-2, rounds):  # both places are asked first, then one of them again
            place = one
            if turn == -1:
                place = other
            elif turn >= 0:
                is_left = at_one >= at_other
                if is_left:
                    right, other, at_other = other, one, at_one
                    one = place = right - _GOLDEN * (right - left)
                else:
                    left, one, at_one = one, other, at_other
                    other = place = left + _GOLDEN * (right - left)
            nx, ny = normal[e, 0] + place * turning[e, 0], normal[e, 1] + place * turning[e, 1]
            length = np.sqrt(nx * nx + ny * ny)
            found = _grown(
                begin[e, 0] + place * along[e, 0], begin[e, 1] + place * along[e, 1],
                nx / length, ny / length, shape[e], skip[e, 0], skip[e, 1], edges, starts, boxes, blocks, 0.0,
            )  # fmt: skip
            if turn == -2 or (turn >= 0 and is_left):
                at_one = found
            else:
                at_other = found
        radii[k] = greater(at_one, at_other)


@lean
def _grown(
    px: Real,
    py: Real,
    nx: Real,
    ny: Real,
    shape: Whole,
    own: Whole,
    other: Whole,
    edges: Floats,
    starts: Ints,
    boxes: Floats,
    blocks: Ints,
    enough: Real,
) -> Real:
    """Return the radius at which a circle meets the first edge of its shape, or one below `enough`."""
    first, last = starts[shape], starts[shape + 1]
    many = blocks[shape + 1] - blocks[shape]
    block = (own - first) // _BLOCK  # those nearby leave little room
    least = np.inf
    west, south, east, north = -np.inf, -np.inf, np.inf, np.inf  # of the circle
    for _ in range(many):
        at = blocks[shape] + block
        if boxes[at, 0] <= east and boxes[at, 2] >= west and boxes[at, 1] <= north and boxes[at, 3] >= south:
            begin = first + block * _BLOCK
            for e in range(begin, min(begin + _BLOCK, last)):
                ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
                if (
                    (e == own)
                    | (e == other)
                    | ((ax > east) & (bx > east))
                    | ((ax < west) & (bx < west))
                    | ((ay > north) & (by > north))
                    | ((ay < south) & (by < south))
                ):
                    continue
                radius = _radius(nx, ny, ax - px, ay - py, bx - px, by - py)
                if radius < least:
                    least = radius
                    reach = least * _MORE
                    west, east = px + least * nx - reach, px + least * nx + reach
                    south, north = py + least * ny - reach, py + least * ny + reach
            if least < enough:
                break
        block += 1
        if block == many:
            block = 0
    return least


@lean
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
