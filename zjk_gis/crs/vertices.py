"""A layer with every vertex moved by a function of its coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    import numpy as np
    from numpy.typing import NDArray

    _Layer = TypeVar("_Layer", gpd.GeoDataFrame, gpd.GeoSeries)

__all__ = ["with_vertices_moved", "without_measures"]


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
        Index, columns, heights, missing and empty geometries as they were; without measures (M).

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

    layer = without_measures(layer)
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


def without_measures(layer: _Layer) -> _Layer:
    """Return a layer whose shapes have no measures (M), with their heights as they were.

    Parameters
    ----------
    layer : GeoDataFrame or GeoSeries

    Returns
    -------
    GeoDataFrame or GeoSeries
        The layer itself where there are none.

    Examples
    --------
    >>> import geopandas as gpd
    >>> measured = gpd.GeoSeries.from_wkt(["POINT ZM (1 2 30 4)", "POINT M (1 2 4)", "POINT (1 2)"])
    >>> without_measures(measured).tolist()
    [<POINT Z (1 2 30)>, <POINT (1 2)>, <POINT (1 2)>]
    """
    import geopandas as gpd
    import shapely

    shapes = layer.geometry.to_numpy()
    measured = shapely.has_m(shapes)
    if not measured.any():
        return layer
    plain, high = shapes.copy(), measured & shapely.has_z(shapes)
    # Of four numbers a place the first three are kept; coordinates cannot be set where there are four.
    plain[high] = shapely.from_wkb(shapely.to_wkb(shapes[high], output_dimension=3))
    plain[measured & ~high] = shapely.force_2d(shapes[measured & ~high])
    made = gpd.GeoSeries(plain, index=layer.index, crs=layer.crs, name=layer.geometry.name)
    if isinstance(layer, gpd.GeoSeries):
        made.attrs = dict(layer.attrs)
        return made
    result: _Layer = layer.set_geometry(made)
    return result
