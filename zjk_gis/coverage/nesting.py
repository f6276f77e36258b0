"""Polygons held against those they are made up of, and against their neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.overlay.polygons import cover_of, solid_pieces, solid_pieces_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["adjacent_parts", "areas_in_common", "nesting_differences"]

_SPECK_M2 = 0.01


def adjacent_parts(shapes: NDArray[Any], within_m: float, least_border_m: float) -> list[list[int]]:
    """Sort polygons into parts within which one can walk from each to each across common borders.

    Parameters
    ----------
    shapes : ndarray of Polygon and MultiPolygon
    within_m : float
        Borders that run no farther apart count as common.
    least_border_m : float
        How much common border makes neighbours; a corner is not enough.

    Returns
    -------
    list of list of int
        Positions, the part with the largest area first.

    Examples
    --------
    >>> adjacent_parts(shapely.box([0, 10, 30], [0, 9.5, 0], [10, 20, 40], [10, 19, 10]), 0.1, 1.0)
    [[0], [2], [1]]
    >>> adjacent_parts(shapely.box([0, 10, 20], [0, 5, 0], [10, 20, 40], [10, 20, 10]), 0.1, 1.0)
    [[0, 1, 2]]
    """
    label = np.arange(len(shapes))
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=within_m)
    once = one < other
    one, other = one[once], other[once]
    reach = shapely.buffer(shapes[other], within_m)
    border = shapely.length(shapely.intersection(shapely.boundary(shapes[one]), reach))
    joined = border >= least_border_m
    for first, second in zip(one[joined].tolist(), other[joined].tolist(), strict=True):
        low, high = sorted((label[first], label[second]))
        label[label == high] = low
    area = np.bincount(label, weights=shapely.area(shapes), minlength=len(shapes)).round(6)
    present = np.unique(label)
    return [np.flatnonzero(label == at).tolist() for at in present[np.argsort(-area[present], kind="stable")]]


def areas_in_common(
    shapes: NDArray[Any], others: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Measure the ground that two layers of polygons share.

    Returns
    -------
    shape, other : ndarray of int64
        The pairs that share ground, in order.
    area : ndarray of float64
        How much.

    Examples
    --------
    >>> areas_in_common(shapely.box([0], 0, 10, 10), shapely.box([0, 5, 10], 0, [5, 20, 20], 10))
    (array([0, 0]), array([0, 1]), array([50., 50.]))
    """
    shape, other = shapely.STRtree(others).query(shapes, predicate="intersects")
    whole = shapely.covered_by(shapes[shape], others[other])
    area = np.asarray(shapely.area(shapes[shape]), dtype=np.float64)
    area[~whole] = shapely.area(shapely.intersection(shapes[shape[~whole]], others[other[~whole]]))
    order = np.lexsort((other, shape))
    order = order[area[order] > 0]
    return shape[order].astype(np.int64), other[order].astype(np.int64), area[order]


def nesting_differences(parent: Any, children: NDArray[Any], tolerance_m: float) -> tuple[Any, NDArray[Any]]:
    """Return the ground of a polygon that none of its members has, and that of each outside of it.

    Parameters
    ----------
    parent : Polygon or MultiPolygon
    children : ndarray of Polygon and MultiPolygon
    tolerance_m : float
        What is nowhere wider is left out.

    Returns
    -------
    missing : Polygon or MultiPolygon
        Empty where there is none.
    outside : ndarray of Polygon or MultiPolygon
        One a child.

    Examples
    --------
    >>> children = shapely.box([0, 5], 0, [5, 12], [10, 8])
    >>> missing, outside = nesting_differences(shapely.box(0, 0, 10, 10), children, 0.5)
    >>> missing.area, shapely.area(outside).tolist()
    (10.0, [0.0, 16.0])
    """
    limits = {"min_area_m2": _SPECK_M2, "min_width_m": tolerance_m}
    pieces, _ = solid_pieces(shapely.difference(parent, cover_of(children)), **limits)
    missing = shapely.union_all(pieces) if len(pieces) else shapely.Polygon()
    beyond, owner, _ = solid_pieces_of(shapely.difference(children, parent), **limits)
    outside = np.array([*[shapely.Polygon()] * len(children), None], dtype=object)[:-1]
    for at in np.unique(owner):
        outside[at] = shapely.union_all(beyond[owner == at])
    return missing, outside
