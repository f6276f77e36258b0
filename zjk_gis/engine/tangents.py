"""The circle that touches a border at one point and grows until it meets another edge: compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.engine.compiled import lean
from zjk_gis.engine.predicates import greater, lesser
from zjk_gis.threads import in_chunks

if TYPE_CHECKING:
    from zjk_gis.engine.arrays import Floats, Ints, Real, Whole

__all__ = ["tangent_radii"]

_AT_ONCE = 2048
_BEYOND = 2.0 + 1e-9  # diameters: what lies farther cannot be met


def tangent_radii(
    points: Floats, normals: Floats, shape: Ints, skip: Ints, edges: Floats, starts: Ints, enough: Real
) -> Floats:
    """Return the radii; see `zjk_gis.engine.inscribed`."""
    radii = np.empty(len(points))

    def work(part: slice) -> None:
        _fill(points[part], normals[part], shape[part], skip[part], edges, starts, enough, radii[part])

    in_chunks(work, len(points), chunk=_AT_ONCE)
    return radii


@lean
def _fill(
    points: Floats,
    normals: Floats,
    shape: Ints,
    skip: Ints,
    edges: Floats,
    starts: Ints,
    enough: Real,
    radii: Floats,
) -> None:
    largest, before = 0.0, -1
    for k in range(points.shape[0]):
        if shape[k] != before:
            largest, before = 0.0, shape[k]
        px, py, nx, ny = points[k, 0], points[k, 1], normals[k, 0], normals[k, 1]
        least = np.inf
        first, last = starts[shape[k]], starts[shape[k] + 1]
        own, other = skip[k, 0], skip[k, 1]
        for step in range(1, last - first):  # from the next edge on, as those nearby leave little room
            e = own + step
            if e >= last:
                e -= last - first
            if e == other:
                continue
            ax, ay, bx, by = edges[e, 0] - px, edges[e, 1] - py, edges[e, 2] - px, edges[e, 3] - py
            reach = _BEYOND * least
            if (
                ((ax > reach) & (bx > reach))
                | ((ax < -reach) & (bx < -reach))
                | ((ay > reach) & (by > reach))
                | ((ay < -reach) & (by < -reach))
            ):
                continue
            least = lesser(least, _radius(nx, ny, ax, ay, bx, by))
            if least < enough * largest:
                break
        radii[k] = least
        largest = greater(largest, least)


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
