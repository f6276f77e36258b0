"""Pairs of a point and an item near it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Pairs", "make_points", "near_pairs"]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Points and the items near them, sorted by point and then by item.

    Attributes
    ----------
    point : ndarray of int64
        Positions in the queried coordinates.
    item : ndarray of int64
        Positions in the indexed geometries.
    distance : ndarray of float64
        The distance of each pair, in the units of the coordinates; 0 where the item contains the point.
    """

    point: NDArray[np.int64]
    item: NDArray[np.int64]
    distance: NDArray[np.float64]


def make_points(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[Any]:
    """Turn coordinates into points; a coordinate that is not finite gives no point and so no pair."""
    usable = np.isfinite(x) & np.isfinite(y)
    points = np.full(x.shape, None, dtype=object)
    points[usable] = shapely.points(x[usable], y[usable])
    return points


def near_pairs(tree: shapely.STRtree, points: NDArray[Any], *, within: float) -> Pairs:
    """Find every item within a distance of each point."""
    point, item = tree.query(points, predicate="dwithin", distance=within)
    order = np.lexsort((item, point))
    point, item = point[order], item[order]
    distance = shapely.distance(points[point], tree.geometries[item])
    return Pairs(point.astype(np.int64), item.astype(np.int64), distance)
