"""Which sheets of an atlas each shape belongs on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["rows_by_area"]

_BESIDE_M = 0.5  # what lies so near to an area touches it
_FINEST = 1e-6  # of a measure: less is how numbers are rounded


def rows_by_area(shapes: NDArray[Any], areas: NDArray[Any]) -> list[NDArray[np.int64]]:
    """Return for each area the shapes that belong there.

    1. A shape belongs where the most of it lies, by area, length or being there: to the first of equals.
    2. What lies whole in several areas, because they overlap there or a point is on their border, belongs to
       each.
    3. What lies in none belongs to each that it touches, within half a metre.

    Examples
    --------
    >>> areas = np.array([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)])
    >>> shapes = np.array([shapely.box(8, 0, 16, 2), shapely.Point(10, 5), shapely.box(8, 10, 12, 12)])
    >>> [rows.tolist() for rows in rows_by_area(shapes, areas)]
    [[1, 2], [0, 1, 2]]
    """
    tree = shapely.STRtree(areas)
    row, area = tree.query(shapes, predicate="intersects")
    kind = np.minimum(shapely.get_dimensions(shapes[row]), shapely.get_dimensions(areas[area]))
    share, whole = np.ones(len(row)), np.ones(len(row))
    for dimension, measure in ((2, shapely.area), (1, shapely.length)):
        own = np.flatnonzero(kind == dimension)
        share[own] = measure(shapely.intersection(shapes[row[own]], areas[area[own]]))
        whole[own] = measure(shapes[row[own]])
    inside = share > _FINEST
    row, area, share, whole = row[inside], area[inside], share[inside], whole[inside]
    order = np.lexsort((area, -np.round(share / _FINEST), row))
    most = np.zeros(len(row), dtype=bool)  # rule 1
    most[order[np.unique(row[order], return_index=True)[1]]] = True
    kept = most | (share >= (1 - _FINEST) * whole)  # rule 2
    nowhere = np.setdiff1d(np.flatnonzero(~shapely.is_empty(shapes)), row)  # rule 3
    near, beside = tree.query(shapes[nowhere], predicate="dwithin", distance=_BESIDE_M)
    rows = np.concatenate([row[kept], nowhere[near]])
    sheets = np.concatenate([area[kept], beside])
    order = np.lexsort((rows, sheets))
    ends = np.searchsorted(sheets[order], np.arange(len(areas) + 1))
    return [rows[order][ends[at] : ends[at + 1]] for at in range(len(areas))]
