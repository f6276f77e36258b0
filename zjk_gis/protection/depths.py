"""How deep shapes reach into ground: the farthest from its border, to the centimetre. Arrays alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["depths_of"]

_SURE_M = 0.01


def depths_of(shapes: NDArray[Any], grounds: NDArray[Any]) -> NDArray[np.float64]:
    """Return how far from the border of a ground its shape gets inside, at the farthest.

    Parameters
    ----------
    shapes, grounds : ndarray of geometries, shape (n,)
        Pairs of a point, line or polygon and a polygon.

    Returns
    -------
    ndarray of float64
        In metres, out by a centimetre at most for lines; 0 for what is not inside. Of a polygon it is that of
        its outline or, if it covers the middle of the ground, that of the middle.

    Notes
    -----
    Along a line the distance to a border changes by no more than the way made. So nothing of a stretch whose
    ends are a and b metres deep is deeper than (a + b + length) / 2: stretches that cannot win are dropped,
    the others halved until it matters no more.

    Examples
    --------
    >>> line, ground = shapely.LineString([(-5, 4), (30, 4)]), shapely.box(0, 0, 20, 10)
    >>> depths_of(np.array([line]), np.array([ground])).round(2).tolist()
    [4.0]
    """
    pieces = shapely.intersection(shapes, grounds)
    border = shapely.boundary(grounds)
    areal = shapely.get_dimensions(pieces) == 2
    best = np.zeros(len(pieces))
    if areal.any():
        middle = np.full(len(pieces), None, dtype=object)
        middle[areal] = shapely.get_point(shapely.maximum_inscribed_circle(grounds[areal], 0.01), 0)
        held = areal & shapely.intersects(pieces, middle)
        best[held] = shapely.distance(middle[held], border[held])
        pieces[areal] = shapely.boundary(pieces[areal])
    coords, owner = shapely.get_coordinates(pieces, return_index=True)
    deep = _distances(coords, border[owner])
    np.maximum.at(best, owner, deep)
    parts, part_of = shapely.get_parts(pieces, return_index=True)
    vertices, part = shapely.get_coordinates(parts, return_index=True)
    along = np.flatnonzero(part[1:] == part[:-1])
    own = part_of[part[along]]
    begin, end = vertices[along], vertices[along + 1]
    a, b = _distances(begin, border[own]), _distances(end, border[own])
    while True:
        length = np.hypot(*(end - begin).T)
        may_win = (a + b + length) / 2 > best[own] + _SURE_M
        if not may_win.any():
            return best
        own, begin, end, a, b = own[may_win], begin[may_win], end[may_win], a[may_win], b[may_win]
        half = (begin + end) / 2
        c = _distances(half, border[own])
        np.maximum.at(best, own, c)
        own = np.tile(own, 2)
        begin, end = np.concatenate([begin, half]), np.concatenate([half, end])
        a, b = np.concatenate([a, c]), np.concatenate([c, b])


def _distances(coords: NDArray[np.float64], border: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(shapely.distance(shapely.points(coords), border), dtype=np.float64)
