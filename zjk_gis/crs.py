"""Coordinate reference systems: which one metres are measured in.

Areas and distances are never computed in degrees or in Web Mercator (whose areas are 1.75 times too large
at Zhangjiakou): a layer in either is converted to the CGCS2000 3-degree Gauss-Krüger zone of its centre,
and the caller is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis.errors import CRSError

if TYPE_CHECKING:
    import geopandas as gpd
    from pyproj import CRS

__all__ = ["CGCS2000", "WGS84", "as_metric", "is_metric", "is_stretched", "metric_crs", "require_crs"]

CGCS2000 = 4490
WGS84 = 4326

_FIRST_MERIDIAN, _LAST_MERIDIAN = 75, 135
_FIRST_EPSG = 4534  # CGCS2000 / 3-degree Gauss-Kruger CM 75E, without zone prefix


def metric_crs(longitude: float) -> int:
    """Return the EPSG code of the CGCS2000 3-degree zone at a longitude.

    Parameters
    ----------
    longitude : float
        Degrees east.

    Returns
    -------
    int
        A code from 4534 (central meridian 75°E) to 4554 (135°E), coordinates without zone prefix.

    Raises
    ------
    CRSError
        If the longitude lies outside China's zones (73.5–136.5°E).

    Notes
    -----
    Zhangjiakou spans two zones, split at 115.5°E: 怀来, 赤城 and 沽源 fall in the eastern one.

    Examples
    --------
    >>> metric_crs(114.88), metric_crs(115.6)
    (4547, 4548)
    """
    meridian = 3 * round(longitude / 3)
    if not _FIRST_MERIDIAN <= meridian <= _LAST_MERIDIAN:
        message = (
            f"no CGCS2000 3-degree zone at longitude {longitude:.4f}; China spans 73.5 to 136.5. "
            "Are longitude and latitude swapped?"
        )
        raise CRSError(message)
    return _FIRST_EPSG + (meridian - _FIRST_MERIDIAN) // 3


def require_crs(layer: gpd.GeoDataFrame | gpd.GeoSeries, name: str) -> CRS:
    """Return a layer's CRS, or say how to set one.

    Parameters
    ----------
    layer : GeoDataFrame or GeoSeries
    name : str
        What the layer is called in the error.

    Raises
    ------
    CRSError
        If the layer has none.
    """
    if layer.crs is None:
        message = (
            f"{name}: no coordinate reference system; set the one the data were made in, for instance "
            f"layer.set_crs(4490) for longitude and latitude or layer.set_crs(4547) for CGCS2000 / CM 114E"
        )
        raise CRSError(message)
    crs: CRS = layer.crs
    return crs


def is_metric(crs: CRS) -> bool:
    """Tell whether lengths and areas measured in a CRS are true metres.

    Examples
    --------
    >>> from pyproj import CRS
    >>> [is_metric(CRS(code)) for code in (4547, 4526, 4490, 3857)]
    [True, True, False, False]
    """
    if not crs.is_projected or crs.coordinate_operation is None or is_stretched(crs):
        return False
    return all(axis.unit_conversion_factor == 1.0 for axis in crs.axis_info[:2])


def is_stretched(crs: CRS) -> bool:
    """Tell whether a projection stretches lengths as Web Mercator does, more the farther from the equator.

    Examples
    --------
    >>> from pyproj import CRS
    >>> is_stretched(CRS(3857)), is_stretched(CRS(4547))
    (True, False)
    """
    method = crs.coordinate_operation.method_name if crs.coordinate_operation is not None else ""
    return "Mercator" in method and "Transverse" not in method


def as_metric(layer: gpd.GeoDataFrame, name: str) -> gpd.GeoDataFrame:
    """Return a layer in a CRS whose unit is the true metre, converted only where it must be.

    Parameters
    ----------
    layer : GeoDataFrame
    name : str
        What the layer is called in errors.

    Returns
    -------
    GeoDataFrame
        The layer itself if its CRS serves; otherwise a copy in the CGCS2000 3-degree zone of its centre.

    Raises
    ------
    CRSError
        If the layer has no CRS, or lies outside China's zones.

    Examples
    --------
    >>> import geopandas as gpd
    >>> lonlat = gpd.GeoDataFrame(geometry=gpd.points_from_xy([114.88], [40.82]), crs=4490)
    >>> as_metric(lonlat, "points").crs.to_epsg()
    4547
    """
    crs = require_crs(layer, name)
    if is_metric(crs):
        return layer
    if crs.to_epsg() in (CGCS2000, WGS84):
        bounds = layer.total_bounds
    else:
        bounds = layer.geometry.to_crs(CGCS2000).total_bounds
    if not bool((bounds == bounds).all()):  # every geometry is empty: any zone serves
        return layer.to_crs(metric_crs(114.0))
    return layer.to_crs(metric_crs((bounds[0] + bounds[2]) / 2))
