"""Point in polygon by brute force, in integers of any length: slow, plain, and nobody's code but its own.

A double is an integer over a power of two. All coordinates of a question are brought over one power of
two, so that each step is done with integers and nothing is ever rounded. Nothing of `zjk_gis` is asked,
and nothing of GEOS but the vertices.

Each ring is told apart twice, by a ray to the right and by a ray upwards, and the two must agree: they
only do so for rings that do not cross themselves, so that a broken test polygon is noticed, too.
"""

from __future__ import annotations

import math
from itertools import pairwise

import shapely

NONE, INSIDE, BORDER = "none", "inside", "border"


def contacts(polygons, x, y):
    """Return {(point, polygon): "inside" | "border"} for all pairs that touch."""
    answers = {}
    rings = [list(rings_of(polygon)) for polygon in polygons]
    for p, (px, py) in enumerate(zip(x, y, strict=True)):
        for z, parts in enumerate(rings):
            how = where_in_parts(parts, float(px), float(py))
            if how != NONE:
                answers[p, z] = how
    return answers


def where(polygon, x, y):
    """Tell whether a point is "inside" a polygon, on its "border", or "none" of both.

    >>> where(shapely.box(0, 0, 4, 4), 1.0, 1.0)
    'inside'
    >>> where(shapely.Polygon([(0, 0), (3e-300, 0), (3e-300, 3e-300)]), 1e-300, 1e-300)
    'border'
    >>> where(shapely.Polygon([(0, 0), (3e-300, 0), (3e-300, 3e-300)]), 1e-300, 1.0000000000000002e-300)
    'none'
    """
    return where_in_parts(list(rings_of(polygon)), float(x), float(y))


def rings_of(polygon):
    """Return, for each part, its rings as lists of vertices: the outer one first, then the holes."""
    for part in shapely.get_parts(polygon):
        yield [shapely.get_coordinates(ring).tolist() for ring in shapely.get_rings(part)]


def where_in_parts(parts, x, y):
    if not (math.isfinite(x) and math.isfinite(y)):
        return NONE
    hows = [_where_in_part(rings, x, y) for rings in parts]
    return BORDER if BORDER in hows else INSIDE if INSIDE in hows else NONE


def _where_in_part(rings, x, y):
    shell, *holes = rings
    how = where_in_ring(shell, x, y)
    for hole in holes if how == INSIDE else []:
        in_hole = where_in_ring(hole, x, y)
        if in_hole != NONE:
            return BORDER if in_hole == BORDER else NONE
    return how


def where_in_ring(ring, x, y):
    xs, ys = [vertex[0] for vertex in ring], [vertex[1] for vertex in ring]
    if not (min(xs) <= x <= max(xs) and min(ys) <= y <= max(ys)):
        return NONE
    xs, ys = over_one_power_of_two([*xs, x], [*ys, y])
    px, py = xs.pop(), ys.pop()
    corners = [(a - px, b - py) for a, b in zip(xs, ys, strict=True)]  # seen from the point
    edges = list(pairwise(corners))
    if any(_holds_origin(a, b) for a, b in edges):
        return BORDER
    to_the_right = sum(_crosses_ray(a, b) for a, b in edges)
    turned = [((b, -a), (d, -c)) for (a, b), (c, d) in edges]
    upwards = sum(_crosses_ray(a, b) for a, b in turned)
    assert to_the_right == upwards, "the ring crosses itself"
    assert to_the_right in (-1, 0, 1), "the ring winds around a point twice"
    return INSIDE if to_the_right else NONE


def over_one_power_of_two(*lists):
    """Turn lists of doubles into lists of integers, all multiplied by the same power of two."""
    ratios = [[value.as_integer_ratio() for value in values] for values in lists]
    common = max(below for values in ratios for _, below in values)
    return [[above * (common // below) for above, below in values] for values in ratios]


def side(a, b, c):
    """Return the sign of the turn from a over b to c, without rounding: 1 left, -1 right, 0 straight."""
    (ax, bx, cx), (ay, by, cy) = over_one_power_of_two([a[0], b[0], c[0]], [a[1], b[1], c[1]])
    turn = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    return (turn > 0) - (turn < 0)


def _holds_origin(a, b):
    """Tell whether the origin lies on an edge: in line with it, and not beyond either end."""
    straight = a[0] * b[1] == a[1] * b[0]
    return straight and a[0] * b[0] + a[1] * b[1] <= 0


def _crosses_ray(a, b):
    """Count how an edge crosses the ray from the origin to the right: 1 upwards, -1 downwards, 0 not."""
    if (a[1] > 0) == (b[1] > 0):
        return 0
    turn = a[0] * b[1] - a[1] * b[0]
    upwards = b[1] > 0
    return (1 if upwards else -1) if (turn > 0) == upwards else 0
