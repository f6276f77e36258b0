"""A layer with every vertex moved: by a function of its coordinates, or to another coordinate system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from zjk_gis.arguments import checked

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    import numpy as np
    from numpy.typing import NDArray

    _Layer = TypeVar("_Layer", gpd.GeoDataFrame, gpd.GeoSeries)

__all__ = ["finite_bounds", "projected", "with_vertices_moved", "without_measures"]


def projected(layer: _Layer, crs: Any) -> _Layer:
    """Return a layer in another coordinate system; a height that is not a number does not cost the place.

    Parameters
    ----------
    layer : GeoDataFrame or GeoSeries
    crs : optional
        Anything pyproj understands.

    Returns
    -------
    GeoDataFrame or GeoSeries

    Notes
    -----
    PROJ answers a NaN or infinite height by the same for x and y, although horizontal systems do not ask
    for the height.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> cover = gpd.GeoSeries([Point(573000, 4520000, float("nan"))], crs=4547)
    >>> [round(degrees, 4) for degrees in projected(cover, 4490).iloc[0].coords[0]]
    [114.8652, 40.8115, nan]
    """
    import numpy as np
    import shapely
    from pyproj import CRS, Transformer

    wanted = CRS.from_user_input(crs)
    shapes = layer.geometry.to_numpy()
    solid = shapes[shapely.has_z(shapes)]
    whole = np.isfinite(shapely.get_coordinates(solid, include_z=True)[:, 2]).all()
    if whole or len(layer.crs.axis_info) > 2 or len(wanted.axis_info) > 2:
        converted: _Layer = layer.to_crs(wanted)
        return converted
    convert = Transformer.from_crs(layer.crs, wanted, always_xy=True).transform
    return with_vertices_moved(layer, convert, wanted)


def finite_bounds(shapes: NDArray[Any]) -> tuple[float, float, float, float]:
    """Return west, south, east and north of the vertices that are finite; NaN where there are none.

    Parameters
    ----------
    shapes : ndarray of shapely.Geometry

    Examples
    --------
    >>> import numpy as np
    >>> from shapely import Point
    >>> finite_bounds(np.array([Point(1, 2), Point(3, float("inf")), Point(), None]))
    (1.0, 2.0, 1.0, 2.0)
    """
    import numpy as np
    import shapely

    bounds = shapely.total_bounds(shapes)
    if np.isinf(bounds).any():
        vertices = shapely.get_coordinates(shapes)
        vertices = vertices[np.isfinite(vertices).all(axis=1)]
        bounds = np.full(4, np.nan)
        if len(vertices):
            bounds = np.concatenate([vertices.min(axis=0), vertices.max(axis=0)])
    west, south, east, north = (float(bound) for bound in bounds)
    return west, south, east, north


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
    solid = shapely.has_z(shapes)
    for rows, include_z in ((~solid, False), (solid, True)):  # what is flat stays flat beside heights
        if rows.any():
            vertices = shapely.get_coordinates(shapes[rows], include_z=include_z)
            vertices[:, 0], vertices[:, 1] = move(vertices[:, 0].copy(), vertices[:, 1].copy())
            shapes[rows] = shapely.set_coordinates(shapes[rows], vertices)
    moved = gpd.GeoSeries(shapes, index=layer.index, crs=crs, name=layer.geometry.name)
    if isinstance(layer, gpd.GeoSeries):
        moved.attrs = dict(layer.attrs)
        return moved
    result: _Layer = layer.set_geometry(moved)
    result.attrs = dict(layer.attrs)
    return result


@checked
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
