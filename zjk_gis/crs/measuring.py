"""Which coordinate system metres are measured in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np

from zjk_gis.crs.systems import CGCS2000, datum_of, metric_crs, title_of
from zjk_gis.crs.vertices import finite_bounds, projected
from zjk_gis.errors import CRSError, EmptyLayerError, GeometryError, InputError

if TYPE_CHECKING:
    from pyproj import CRS

__all__ = ["CrsChoice", "as_metric", "crs_for", "is_metric", "is_stretched", "require_crs", "require_layer"]

_FAR_DEGREES = 5.0  # from the middle of the rows: Zhangjiakou reaches 3 degrees in all
_SECOND_ECCENTRICITY_2 = (
    0.00673949677548  # of CGCS2000's ellipsoid; those of the old datums differ in the fifth digit
)


@dataclass(frozen=True, slots=True)
class CrsChoice:
    """Which coordinate system to measure in, and why.

    Attributes
    ----------
    epsg : int
    reason : str
    most_scale_ppm : float
        By how many millionths a length is too long at the edge farthest from the central meridian: 100 ppm
        are 10 cm in a kilometre.
    """

    epsg: int
    reason: str
    most_scale_ppm: float


def crs_for(
    where: gpd.GeoDataFrame | gpd.GeoSeries | tuple[float, float, float, float],
    *,
    zone_prefix: bool = False,
) -> CrsChoice:
    """Say which coordinate system to measure a layer or an extent in, and why.

    Parameters
    ----------
    where : GeoDataFrame, GeoSeries or tuple
        A layer in any CRS, or west, south, east and north in degrees.
    zone_prefix : bool, default False
        Whether eastings shall begin with the number of the zone.

    Returns
    -------
    CrsChoice
        The 3-degree Gauss-Krüger zone of the centre, in the layer's own datum (CGCS2000 for an extent). Rows
        over 5 degrees from the middle one do not count if most lie nearer.

    Raises
    ------
    CRSError
        If the layer has no CRS or is in GCJ-02 or BD-09, or the place lies outside China's zones.
    EmptyLayerError
        If the layer has no geometry.

    Notes
    -----
    Zones are 3 degrees wide and meet at 115.5°E in Zhangjiakou. An extent on both sides is measured in one
    zone all the same, that of its centre; the reason says what this costs. At 1.5 degrees from the central
    meridian lengths are 0.2 ‰ too long, whichever zone it is: that is how the projection is made.

    Examples
    --------
    >>> choice = crs_for((114.8, 40.7, 115.0, 40.9))
    >>> choice.epsg, round(choice.most_scale_ppm)
    (4547, 88)
    >>> print(crs_for((114.0, 39.6, 116.0, 42.1)).reason)
    from 114.0000 to 116.0000°E, centre 115.0000: the 3-degree zone of 114°E (EPSG:4547); crosses 115.5°E, the
    border of the zones: at 116.0000°E lengths are 0.36 ‰ too long, at most 0.20 ‰ within the zone
    """
    datum: Any = "cgcs2000"
    if isinstance(where, tuple):
        west, south, east, north = where
    else:
        datum, (west, south, east, north) = _degree_bounds(where, "the layer")
    if not all(map(math.isfinite, (west, south, east, north))):
        message = "the layer: has no geometry, so no place to choose a coordinate system for"
        raise EmptyLayerError(message)
    centre = (west + east) / 2
    epsg = metric_crs(centre, datum=datum, zone_prefix=zone_prefix)
    meridian = 3 * round(centre / 3)
    lowest = 0.0 if south <= 0 <= north else min(abs(south), abs(north))
    outermost = max((west, east), key=lambda longitude: abs(longitude - meridian))
    scale = _scale_ppm(outermost - meridian, lowest)
    reason = (
        f"from {west:.4f} to {east:.4f}°E, centre {centre:.4f}: the 3-degree zone of {meridian}°E "
        f"(EPSG:{epsg})"
    )
    borders = [edge for edge in (meridian - 1.5, meridian + 1.5) if west < edge < east]
    if borders:
        named = " and ".join(f"{edge:g}°E" for edge in borders)
        reason += (
            f"; crosses {named}, the border of the zones: at {outermost:.4f}°E lengths are "
            f"{scale / 1000:.2f} ‰ too long, at most {_scale_ppm(1.5, lowest) / 1000:.2f} ‰ within the zone"
        )
    return CrsChoice(epsg, reason, scale)


def _scale_ppm(degrees: float, latitude: float) -> float:
    """Return how much too long Gauss-Krüger lengths are, this far from the central meridian."""
    cosine2 = math.cos(math.radians(latitude)) ** 2
    return math.radians(degrees) ** 2 * cosine2 * (1 + _SECOND_ECCENTRICITY_2 * cosine2) / 2 * 1e6


def _degree_bounds(
    layer: gpd.GeoDataFrame | gpd.GeoSeries, name: str
) -> tuple[str, tuple[float, float, float, float]]:
    """Return the datum to stay in, and the bounds in degrees of that datum."""
    crs = require_crs(layer, name)
    datum = datum_of(crs)
    if datum in ("gcj02", "bd09"):
        message = (
            f"{name}: is in {title_of(datum)}, which is shifted by hundreds of metres; "
            f"use zjk_gis.convert_datum(layer, source={datum!r}, target='cgcs2000') first"
        )
        raise CRSError(message)
    kept = datum if datum in ("xian80", "beijing54") else "cgcs2000"
    geodetic = {"xian80": 4610, "beijing54": 4214}.get(kept, CGCS2000)
    same = crs.is_geographic and (kept == datum or datum == "wgs84")
    return kept, _bounds_of_most(layer.geometry if same else projected(layer.geometry, geodetic))


def _bounds_of_most(degrees: gpd.GeoSeries) -> tuple[float, float, float, float]:
    """Return the bounds of a layer, without the rows that lie far from where most are.

    One row with its axes swapped would move the centre of a city to 78°E, and with it the zone in which
    everything is measured.
    """
    bounds = degrees.bounds.to_numpy()
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(bounds):
        return finite_bounds(degrees.to_numpy())
    centre = (bounds[:, :2] + bounds[:, 2:]) / 2
    near = (np.abs(centre - np.median(centre, axis=0)) <= _FAR_DEGREES).all(axis=1)
    if 2 * int(near.sum()) > len(near):
        bounds = bounds[near]
    west, south = bounds[:, :2].min(axis=0).tolist()
    east, north = bounds[:, 2:].max(axis=0).tolist()
    return west, south, east, north


def require_layer(layer: object, name: str) -> None:
    """Refuse what is not a layer whose columns and geometry can be told apart.

    Parameters
    ----------
    layer : GeoDataFrame
    name : str
        What the layer is called in the error.

    Raises
    ------
    InputError
        If it is not a GeoDataFrame, or several of its columns have one name.
    GeometryError
        If it has no geometry column that is in use.

    Examples
    --------
    >>> import pandas as pd
    >>> require_layer(pd.DataFrame({"zone_code": ["A"]}), "zones")
    Traceback (most recent call last):
    zjk_gis.errors.InputError: zones: must be a GeoDataFrame, not DataFrame; read_layer reads one from a file
    """
    if not isinstance(layer, gpd.GeoDataFrame):
        message = (
            f"{name}: must be a GeoDataFrame, not {type(layer).__name__}; read_layer reads one from a file"
        )
        raise InputError(message)
    if layer.active_geometry_name is None or layer.active_geometry_name not in layer.columns:
        shapes = layer.select_dtypes("geometry").columns
        known = f"it has {', '.join(map(str, shapes))}: use" if len(shapes) else "make one with"
        message = f"{name}: no geometry column is in use; {known} layer.set_geometry(...)"
        raise GeometryError(message)
    if not layer.columns.is_unique:
        twice = ", ".join(map(str, layer.columns[layer.columns.duplicated()].unique()))
        message = f"{name}: several columns have one name: {twice}; rename or drop all but one"
        raise InputError(message)


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
    InputError
        If it is not a layer; see `require_layer`.
    """
    if not isinstance(layer, gpd.GeoSeries):
        require_layer(layer, name)
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
        The layer itself if its CRS serves; otherwise a copy in the 3-degree zone of its centre: that of its
        own datum for Xi'an 80 and Beijing 54, of CGCS2000 for all others.

    Raises
    ------
    CRSError
        If the layer has no CRS or is in GCJ-02 or BD-09, or lies outside China's zones.

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
    datum, bounds = _degree_bounds(layer, name)
    # Where every geometry is empty, any zone serves.
    longitude = (bounds[0] + bounds[2]) / 2 if all(map(math.isfinite, bounds)) else 114.0
    return projected(layer, metric_crs(longitude, datum=datum))  # type: ignore[arg-type]
