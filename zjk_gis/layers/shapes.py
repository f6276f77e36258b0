"""Geometries as files bring them: missing, empty, with empty parts, with coordinates that are not numbers.

Every analysis, map and writer asks here whether a row has a place. GEOS answers such questions by an error
(the x of an empty point), by a warning, by passing over them (the bounds of a polygon with a vertex that is
not a number), and at an empty ring some of its functions end the whole process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.threads import in_chunks

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "cleaned",
    "flat",
    "has_bad_height",
    "has_place",
    "has_shape",
    "inner_points",
    "only",
    "point_coordinates",
]

_POLYGON = int(shapely.GeometryType.POLYGON)


def flat(shapes: NDArray[Any]) -> NDArray[Any]:
    """Return geometries without heights; as they are where none has any.

    Examples
    --------
    >>> from shapely import Point
    >>> flat(np.array([Point(1, 2, 3)])).tolist()
    [<POINT (1 2)>]
    """
    return np.asarray(shapely.force_2d(shapes)) if shapely.has_z(shapes).any() else shapes


def has_shape(shapes: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which geometries are there and not empty.

    Examples
    --------
    >>> from shapely import Point
    >>> has_shape(np.array([Point(1, 2), Point(), None])).tolist()
    [True, False, False]
    """
    found: NDArray[np.bool_] = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    return found


def has_place(shapes: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which geometries have vertices, all of them at finite x and y.

    Examples
    --------
    >>> from shapely import LineString, Point
    >>> nowhere = LineString([(0, 0), (float("inf"), 1), (2, 2)])
    >>> has_place(np.array([Point(1, 2), Point(), None, nowhere])).tolist()
    [True, False, False, False]
    """
    found = has_shape(shapes)
    if not np.isfinite(shapely.get_coordinates(shapes)).all():
        coords, row = shapely.get_coordinates(shapes, return_index=True)
        found[row[~np.isfinite(coords).all(axis=1)]] = False
    return found


def only(shapes: NDArray[Any], rows: NDArray[np.bool_]) -> NDArray[Any]:
    """Return the geometries of some rows, and None for the others.

    Examples
    --------
    >>> from shapely import Point
    >>> only(np.array([Point(1, 2), Point()]), np.array([True, False])).tolist()
    [<POINT (1 2)>, None]
    """
    kept = np.full(len(shapes), None, dtype=object)
    kept[rows] = shapes[rows]
    return kept


def has_bad_height(shapes: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which geometries have a z that is NaN or infinite.

    Examples
    --------
    >>> from shapely import Point
    >>> has_bad_height(np.array([Point(1, 2), Point(1, 2, 3), Point(1, 2, float("inf"))])).tolist()
    [False, False, True]
    """
    bad = np.zeros(len(shapes), dtype=bool)
    solid = np.flatnonzero(shapely.has_z(shapes))
    if len(solid):
        coords, row = shapely.get_coordinates(shapes[solid], include_z=True, return_index=True)
        bad[solid[row[~np.isfinite(coords[:, 2])]]] = True
    return bad


def point_coordinates(points: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y of points; NaN where the point is missing or empty, or something else than a point.

    Examples
    --------
    >>> from shapely import Point
    >>> x, y = point_coordinates(np.array([Point(1, 2), Point(), None]))
    >>> x.tolist(), y.tolist()
    ([1.0, nan, nan], [2.0, nan, nan])
    """
    x, y = np.empty(len(points)), np.empty(len(points))

    def read(part: slice) -> None:
        some = points[part]
        try:
            shapely.get_x(some, out=x[part])  # noqa: TID251  the one place that may
        except shapely.errors.GEOSException:  # an empty point has none
            some = only(some, ~shapely.is_empty(some))
            shapely.get_x(some, out=x[part])  # noqa: TID251
        shapely.get_y(some, out=y[part])  # noqa: TID251

    in_chunks(read, len(points))
    return x, y


def inner_points(shapes: NDArray[Any]) -> NDArray[Any]:
    """Return a point in each geometry; None where it has no place.

    Examples
    --------
    >>> inner_points(np.array([shapely.box(0, 0, 2, 2), shapely.Polygon(), None])).tolist()
    [<POINT (1 1)>, None, None]
    """
    whole, _ = cleaned(shapes)
    points: NDArray[Any] = np.asarray(shapely.point_on_surface(only(whole, has_place(whole))))
    return points


def cleaned(shapes: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Leave out empty rings and parts, which cover no ground, and heights that are infinite.

    Parameters
    ----------
    shapes : ndarray of shapely.Geometry, shape (n,)

    Returns
    -------
    shapes : ndarray of shapely.Geometry, shape (n,)
        The array itself if nothing had to be left out. Of the same types; infinite heights are NaN, by which
        GEOS says that there is none.
    had_empty_parts : ndarray of bool, shape (n,)

    Examples
    --------
    >>> shape = shapely.from_wkt("POLYGON ((0 0, 1 0, 1 1, 0 0), EMPTY)")
    >>> shapes, had = cleaned(np.array([shape]))
    >>> shapes[0].wkt, had.tolist()
    ('POLYGON ((0 0, 1 0, 1 1, 0 0))', [True])
    """
    hollow = _has_empty_parts(shapes)
    high = _is_infinitely_high(shapes)
    if hollow.any() or high.any():
        shapes = shapes.copy()
        for row in np.flatnonzero(hollow).tolist():
            shapes[row] = _rebuilt(shapes[row])
        if high.any():
            coords = shapely.get_coordinates(shapes[high], include_z=True)
            coords[np.isinf(coords[:, 2]), 2] = np.nan
            shapes[high] = shapely.set_coordinates(shapes[high].copy(), coords)
    return shapes, hollow


def _has_empty_parts(shapes: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which geometries that are not empty have an empty ring or part."""
    kinds = shapely.get_type_id(shapes)
    found = _has_empty_rings(shapes, kinds)
    several = np.flatnonzero((kinds > _POLYGON) & ~shapely.is_empty(shapes))
    if len(several):
        parts, owner = shapely.get_parts(shapes[several], return_index=True)
        inner = shapely.get_type_id(parts)
        # A collection within a collection is looked at as a whole: few files have any.
        wrong = shapely.is_empty(parts) | _has_empty_rings(parts, inner)
        nested = np.flatnonzero(inner > _POLYGON)
        if len(nested):
            wrong[nested] |= _has_empty_parts(parts[nested])
        found[several[owner[wrong]]] = True
    return found


def _has_empty_rings(shapes: NDArray[Any], kinds: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    found = np.zeros(len(shapes), dtype=bool)
    pierced = np.flatnonzero((kinds == _POLYGON) & (shapely.get_num_interior_rings(shapes) > 0))
    if len(pierced):
        rings, owner = shapely.get_rings(shapes[pierced], return_index=True)
        found[pierced[owner[shapely.is_empty(rings)]]] = True
    return found


def _is_infinitely_high(shapes: NDArray[Any]) -> NDArray[np.bool_]:
    found = np.zeros(len(shapes), dtype=bool)
    bad = np.flatnonzero(has_bad_height(shapes))
    if len(bad):
        coords, row = shapely.get_coordinates(shapes[bad], include_z=True, return_index=True)
        found[bad[row[np.isinf(coords[:, 2])]]] = True
    return found


def _rebuilt(shape: Any) -> Any:
    """Put one geometry together again from what is not empty in it."""
    if shape.geom_type == "Polygon":
        holes = [hole for hole in shape.interiors if not hole.is_empty]
        return shapely.Polygon(shape.exterior, holes)
    if not hasattr(shape, "geoms"):
        return shape
    return type(shape)([_rebuilt(part) for part in shape.geoms if not part.is_empty])
