"""On which sheet of an atlas each shape is at home, and which sheets it concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["homes_of", "sheets_concerned"]

_BESIDE_M = 0.5  # what lies so near to an area touches it
_FINEST = 1e-6  # of a measure: less is how numbers are rounded


def homes_of(shapes: NDArray[Any], areas: NDArray[Any]) -> NDArray[np.int64]:
    """Return in which of the areas the most of each shape lies; the first of equals, -1 for none.

    Areas are compared by the area they share, lines by length, points by being within.

    Examples
    --------
    >>> areas = np.array([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)])
    >>> shapes = np.array([shapely.box(8, 0, 16, 2), shapely.Point(10, 5), shapely.box(20, 0, 30, 9)])
    >>> homes_of(shapes, areas).tolist()
    [1, 0, -1]
    """
    homes = np.full(len(shapes), -1, dtype=np.int64)
    shape, area = shapely.STRtree(areas).query(shapes, predicate="intersects")
    if not len(shape):
        return homes
    dimension = np.minimum(shapely.get_dimensions(shapes[shape]), shapely.get_dimensions(areas[area]))
    share = np.ones(len(shape))
    for kind, measure in ((2, shapely.area), (1, shapely.length)):
        own = np.flatnonzero(dimension == kind)
        share[own] = measure(shapely.intersection(shapes[shape[own]], areas[area[own]]))
    inside = share > _FINEST
    shape, area, share = shape[inside], area[inside], np.round(share[inside] / _FINEST)
    order = np.lexsort((area, -share, shape))
    first = np.unique(shape[order], return_index=True)[1]
    homes[shape[order][first]] = area[order][first]
    return homes


def sheets_concerned(shapes: NDArray[Any], areas: NDArray[Any], homes: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return for each area the shapes that are at home there, and those at home nowhere that touch it.

    Examples
    --------
    >>> areas = np.array([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)])
    >>> gap = np.array([shapely.box(8, 10, 12, 12)])
    >>> [rows.tolist() for rows in sheets_concerned(gap, areas, homes_of(gap, areas))]
    [[0], [0]]
    """
    outside = np.flatnonzero(homes < 0)
    near = np.empty((2, 0), dtype=np.int64)
    if len(outside):
        near = shapely.STRtree(areas).query(shapes[outside], predicate="dwithin", distance=_BESIDE_M)
    rows = np.concatenate([np.flatnonzero(homes >= 0), outside[near[0]]])
    sheets = np.concatenate([homes[homes >= 0], near[1]])
    order = np.lexsort((rows, sheets))
    ends = np.searchsorted(sheets[order], np.arange(len(areas) + 1))
    return [rows[order][ends[at] : ends[at + 1]] for at in range(len(areas))]
