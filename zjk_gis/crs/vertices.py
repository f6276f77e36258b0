"""A layer with every vertex moved by a function of its coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    import numpy as np
    from numpy.typing import NDArray

    _Layer = TypeVar("_Layer", gpd.GeoDataFrame, gpd.GeoSeries)

__all__ = ["with_vertices_moved"]


def with_vertices_moved(
    layer: _Layer,
    move: Callable[
        [NDArray[np.float64], NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]
    ],
    crs: Any,
) -> _Layer:
    """Return a copy of a layer of points, lines, polygons or collections with its vertices moved.

    Parameters
    ----------
    layer : GeoDataFrame or GeoSeries
    move : callable
        Takes the x and the y of all vertices and returns them moved.
    crs : optional
        Of the result.

    Returns
    -------
    GeoDataFrame or GeoSeries
        Index, columns, heights, missing and empty geometries as they were.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> line = gpd.GeoSeries([LineString([(0, 0, 7), (1, 0, 8)]), None])
    >>> with_vertices_moved(line, lambda x, y: (x + 100, y), 4547).tolist()
    [<LINESTRING Z (100 0 7, 101 0 8)>, None]
    """
    import geopandas as gpd
    import shapely

    shapes = layer.geometry.to_numpy().copy()
    vertices = shapely.get_coordinates(shapes, include_z=bool(shapely.has_z(shapes).any()))
    vertices[:, 0], vertices[:, 1] = move(vertices[:, 0].copy(), vertices[:, 1].copy())
    moved = gpd.GeoSeries(
        shapely.set_coordinates(shapes, vertices), index=layer.index, crs=crs, name=layer.geometry.name
    )
    if isinstance(layer, gpd.GeoSeries):
        moved.attrs = dict(layer.attrs)
        return moved
    result: _Layer = layer.set_geometry(moved)
    result.attrs = dict(layer.attrs)
    return result
