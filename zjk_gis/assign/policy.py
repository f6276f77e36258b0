"""The rule that decides which zone answers where several could.

Stated once, here, and never a matter of row order:

1. a zone that strictly contains the incident comes before one that it merely touches or is near;
2. then the highest `priority`, where the layer has that column (a missing priority comes last);
3. then the smallest area: what was drawn for a special place overrules what was drawn around it;
4. then the lowest code, then the version that began last, then the geometry itself, so that no tie is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["first_by_rank", "rank_of"]


def rank_of(layer: gpd.GeoDataFrame, code: str, begins: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank the rows of a layer by the rule, 0 first.

    Parameters
    ----------
    layer : GeoDataFrame
        Zones in a metric CRS (or lines, whose areas are all 0).
    code : str
        The column of codes.
    begins : ndarray of int64
        The day on which each version began.

    Returns
    -------
    ndarray of int64
        One rank a row; the same row has the same rank whatever the order of the rows.
    """
    order = pd.DataFrame(
        {
            "priority": -pd.to_numeric(layer["priority"]) if "priority" in layer else 0.0,
            "area": layer.geometry.area.to_numpy(),
            "code": layer[code].astype(str).to_numpy(),
            "begins": -begins,
            "shape": shapely.to_wkb(layer.geometry.to_numpy(), hex=True),
        },
        index=layer.index,
    ).reset_index(drop=True)
    sorted_rows = order.sort_values(list(order.columns), kind="stable", na_position="last").index.to_numpy()
    rank = np.empty(len(layer), dtype=np.int64)
    rank[sorted_rows] = np.arange(len(layer))
    return rank


def first_by_rank(
    point: NDArray[np.int64], *keys: NDArray[np.generic]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pick, for every point, the pair that comes first by the keys.

    Parameters
    ----------
    point : ndarray of int64
        The point of each pair.
    *keys : ndarray
        What to sort by, the most important first; smaller comes first.

    Returns
    -------
    points : ndarray of int64
        The points that have a pair, ascending.
    pairs : ndarray of int64
        The position of the pair that answers for each.

    Examples
    --------
    >>> first_by_rank(np.array([4, 4, 7]), np.array([2, 1, 5]))
    (array([4, 7]), array([1, 2]))
    """
    order = np.lexsort((*reversed(keys), point))
    points, first = np.unique(point[order], return_index=True)
    return points, order[first]
