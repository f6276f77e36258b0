"""What the rows of a layer are called, and in which area each lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import as_text
from zjk_gis.layers.results import spec_in

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["area_of", "by_code", "codes_of"]


def codes_of(layer: gpd.GeoDataFrame, code: str | None, name: str) -> pd.Series:
    """Return what the rows of a layer are called: a column, the catalogue's code, or the index label.

    Raises
    ------
    MissingColumnError
        If a column is named that is not there.
    """
    if code is not None:
        require_columns(layer, name, code)
    spec = spec_in(map(str, layer.columns))
    labels = pd.Series(layer.index.astype(str), index=layer.index, dtype="str")
    column = code if code is not None else None if spec is None else spec.code
    return labels if column is None else as_text(layer[column]).fillna(labels)


def by_code(areas: gpd.GeoDataFrame, code: str | None) -> tuple[gpd.GeoDataFrame, NDArray[Any]]:
    """Return areas in the order of their codes, and the codes."""
    names = codes_of(areas, code, "areas").to_numpy(dtype=object).astype(str)
    order = np.argsort(names, kind="stable")
    return areas.iloc[order], names[order]


def area_of(points: NDArray[Any], shapes: NDArray[Any]) -> NDArray[np.int64]:
    """Return the number of the area in which each point lies; how many there are where it lies in none.

    Parameters
    ----------
    points : ndarray of Point
        Or None.
    shapes : ndarray of Polygon
        In the order of their codes: on a border the lowest has the point.

    Examples
    --------
    >>> points = np.array([shapely.Point(1, 1), shapely.Point(2, 1), None])
    >>> area_of(points, shapely.box([0, 2], 0, [2, 4], 2)).tolist()
    [0, 0, 2]
    """
    row = np.full(len(points), len(shapes), np.int64)
    there = np.flatnonzero(~shapely.is_missing(points))
    at, area = shapely.STRtree(shapes).query(points[there], predicate="intersects")
    np.minimum.at(row, there[at], area)
    return row
