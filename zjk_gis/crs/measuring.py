"""Which coordinate system metres are measured in."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shapely

from zjk_gis.arguments import checked
from zjk_gis.crs.projections import (
    epsg_of,
    greenwich_base,
    in_metres,
    scale_at,
    title_of_crs,
    utm_or_laea,
)
from zjk_gis.crs.requirements import is_metric, require_crs, unit_at
from zjk_gis.crs.systems import WGS84, datum_of, in_china, metric_crs, title_of
from zjk_gis.crs.vertices import finite_bounds, projected, with_vertices_moved
from zjk_gis.errors import CRSError, EmptyLayerError
from zjk_gis.presentation import Presentation, presented
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd
    from pyproj import CRS

    from zjk_gis.crs.projections import Bounds

__all__ = [
    "CrsChoice", "as_metric", "crs_for", "measured_otherwise",
]  # fmt: skip

_LOG = logging.getLogger(__name__)
_FAR_DEGREES = 5.0  # from the middle of the rows: Zhangjiakou reaches 3 degrees in all
_SECOND_ECCENTRICITY_2 = (
    0.00673949677548  # of CGCS2000's ellipsoid; those of the old datums differ in the fifth digit
)


@presented
@dataclass(frozen=True, slots=True)
class CrsChoice:
    """Which coordinate system to measure in, and why.

    Attributes
    ----------
    epsg : int or None
        None for a projection that no register has a code for.
    reason : str
    most_scale_ppm : float
        By how many millionths a length is wrong where it is most: 100 ppm are 10 cm in a kilometre. Positive
        where it is too long, as at the edge farthest from the central meridian.
    crs : pyproj.CRS
        The system itself.
    """

    epsg: int | None
    reason: str
    most_scale_ppm: float
    crs: CRS

    def _presentation(self) -> Presentation:
        told = tr(
            "{name}: {reason}. Lengths are wrong by at most {ppm:.0f} ppm.",
            name=title_of_crs(self.crs),
            reason=self.reason,
            ppm=abs(self.most_scale_ppm),
        )
        return Presentation(told)


@checked
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
        In China the 3-degree Gauss-Krüger zone of the centre, in the layer's own datum if that is Xi'an 80 or
        Beijing 54, otherwise in CGCS2000. Elsewhere the UTM zone of the centre on the layer's own datum, or,
        where none reaches all of it, an equal-area projection about its centre. Rows over 5 degrees from the
        middle one do not count if most lie nearer.

    Raises
    ------
    CRSError
        If the layer has no CRS, one without a place on Earth, is in GCJ-02 or BD-09, or latitudes are greater
        than 90.
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
    >>> chicago = crs_for((-87.8, 41.6, -87.5, 42.0))
    >>> chicago.epsg, chicago.reason
    (32616, 'from -87.8000 to -87.5000°E, centre -87.6500: the UTM zone of the centre (EPSG:32616)')
    """
    from pyproj import CRS

    base = CRS.from_epsg(WGS84)
    if isinstance(where, tuple):
        bounds = where
    else:
        base, bounds = _degree_bounds(where, tr("the layer"))
    if not all(map(math.isfinite, bounds)):
        raise EmptyLayerError(tr("the layer: has no geometry, so no place to choose a coordinate system for"))
    return _choice(base, bounds, tr("the layer"), zone_prefix=zone_prefix)


def _choice(base: CRS, bounds: Bounds, name: str, *, zone_prefix: bool = False) -> CrsChoice:
    """Choose by the bounds in degrees of a system of longitude and latitude."""
    chosen, why = _system(base, bounds, name)
    if not why:
        return _zone_in_china(_kept_datum(base), bounds, zone_prefix=zone_prefix)
    reason = _reason(title_of_crs(chosen), why, bounds)
    return CrsChoice(epsg_of(chosen), reason, _most_ppm(base, chosen, bounds), chosen)


def _system(base: CRS, bounds: Bounds, name: str) -> tuple[CRS, str]:
    """Return the system to measure in, and why it is that; nothing in China, where its zone is usual."""
    from pyproj import CRS

    west, south, east, north = bounds
    if max(-south, north) > 90:
        raise CRSError(
            tr(
                "{name}: reaches from {south:.4f} to {north:.4f} in latitude, which ends at 90. Are "
                "longitude and latitude swapped?",
                name=name,
                south=south,
                north=north,
            )
        )
    lon, lat = (west + east) / 2, (south + north) / 2
    if in_china(np.array([lon]), np.array([lat]))[0]:
        return CRS.from_epsg(metric_crs(lon, datum=_kept_datum(base))), ""
    return utm_or_laea(base, bounds)


def _reason(system: str, why: str, bounds: Bounds) -> str:
    west, _, east, _ = bounds
    return tr(
        "from {west:.4f} to {east:.4f}°E, centre {centre:.4f}: {why} ({system})",
        west=west,
        east=east,
        centre=(west + east) / 2,
        why=why,
        system=system,
    )


def _most_ppm(base: CRS, chosen: CRS, bounds: Bounds) -> float:
    """Return how wrong lengths are at the worst of corners, edges and centre; positive where too long."""
    from pyproj import Transformer

    west, south, east, north = bounds
    lon, lat = (
        each.ravel() for each in np.meshgrid(np.linspace(west, east, 3), np.linspace(south, north, 3))
    )
    places = Transformer.from_crs(base, chosen, always_xy=True).transform(lon, lat)
    scales = [scale_at(chosen, x, y) for x, y in zip(*places, strict=True)]
    return max((1e6 * (scale - 1) for pair in scales if pair for scale in pair), key=abs, default=math.nan)


def _kept_datum(base: CRS) -> Literal["cgcs2000", "xian80", "beijing54"]:
    """Return the datum in whose zones a layer is measured in China."""
    datum = datum_of(base)
    return datum if datum in ("xian80", "beijing54") else "cgcs2000"


def _zone_in_china(datum: Any, bounds: Bounds, *, zone_prefix: bool) -> CrsChoice:
    """Return the 3-degree zone of the centre, and what it costs."""
    from pyproj import CRS

    west, south, east, north = bounds
    centre = (west + east) / 2
    epsg = metric_crs(centre, datum=datum, zone_prefix=zone_prefix)
    meridian = 3 * round(centre / 3)
    lowest = 0.0 if south <= 0 <= north else min(abs(south), abs(north))
    outermost = max((west, east), key=lambda longitude: abs(longitude - meridian))
    scale = _scale_ppm(outermost - meridian, lowest)
    zone = tr("the 3-degree zone of {meridian}°E", meridian=meridian)
    reason = _reason(f"EPSG:{epsg}", zone, bounds)
    borders = [edge for edge in (meridian - 1.5, meridian + 1.5) if west < edge < east]
    if borders:
        reason += tr(
            "; crosses {borders}, the border of the zones: at {outermost:.4f}°E lengths are {scale:.2f} ‰ "
            "too long, at most {within:.2f} ‰ within the zone",
            borders=tr(" and ").join(f"{edge:g}°E" for edge in borders),
            outermost=outermost,
            scale=scale / 1000,
            within=_scale_ppm(1.5, lowest) / 1000,
        )
    return CrsChoice(epsg, reason, scale, CRS.from_epsg(epsg))


def _scale_ppm(degrees: float, latitude: float) -> float:
    """Return how much too long Gauss-Krüger lengths are, this far from the central meridian."""
    cosine2 = math.cos(math.radians(latitude)) ** 2
    return math.radians(degrees) ** 2 * cosine2 * (1 + _SECOND_ECCENTRICITY_2 * cosine2) / 2 * 1e6


def _degree_bounds(layer: gpd.GeoDataFrame | gpd.GeoSeries, name: str) -> tuple[CRS, Bounds]:
    """Return the system of longitude and latitude to stay in, and the bounds in its degrees."""
    crs = require_crs(layer, name)
    datum = datum_of(crs)
    if datum in ("gcj02", "bd09"):
        raise CRSError(
            tr(
                "{name}: is in {title_of}, which is shifted by hundreds of metres; use "
                "zjk_gis.convert_datum(layer, source={datum!r}, target='cgcs2000') first",
                name=name,
                title_of=title_of(datum),
                datum=datum,
            )
        )
    base = greenwich_base(crs, name)
    same = crs.is_geographic and (crs.to_2d() == base or datum == datum_of(base) or datum == "cgcs2000")
    degrees = layer.geometry if same and not crs.is_bound else projected(layer.geometry, base)
    return base, _bounds_of_most(degrees)


def _bounds_of_most(degrees: gpd.GeoSeries) -> Bounds:
    """Return the bounds of a layer, without the rows that lie far from where most are.

    One row with its axes swapped would move the centre of a city to 78°E, and with it the zone in which
    everything is measured. A layer on both sides of 180° goes on beyond it, to 181°.
    """
    bounds = _finite(degrees)
    if not len(bounds):
        return finite_bounds(degrees.to_numpy())
    if np.ptp(bounds[:, [0, 2]]) > 180:
        on = with_vertices_moved(degrees, lambda x, y: (np.where(x < 0, x + 360, x), y), degrees.crs)
        beyond = _finite(on)
        bounds = min((bounds, beyond), key=_spread)
    centre = (bounds[:, :2] + bounds[:, 2:]) / 2
    near = (np.abs(centre - np.median(centre, axis=0)) <= _FAR_DEGREES).all(axis=1)
    if 2 * int(near.sum()) > len(near):
        bounds = bounds[near]
    west, south = bounds[:, :2].min(axis=0).tolist()
    east, north = bounds[:, 2:].max(axis=0).tolist()
    return west, south, east, north


def _finite(layer: gpd.GeoSeries) -> Any:
    """Return the bounds of the rows that have a place."""
    bounds = shapely.bounds(layer.to_numpy())
    return bounds[np.isfinite(bounds).all(axis=1)]


def _spread(bounds: Any) -> float:
    """Return how broad most rows are, and how far apart."""
    middles = (bounds[:, 0] + bounds[:, 2]) / 2
    return float(np.median(np.abs(middles - np.median(middles)) + bounds[:, 2] - bounds[:, 0]))


@checked
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
        The layer itself if its CRS serves. A plane system that is true to scale, but counts in feet or
        another unit, stays the same projection in metres. Every other layer comes as a copy in the system
        that `crs_for` chooses. What is converted outside China, or from other units, is logged.

    Raises
    ------
    CRSError
        If the layer has no CRS, one without a place on Earth, is in GCJ-02 or BD-09, or latitudes are greater
        than 90.

    Examples
    --------
    >>> import geopandas as gpd
    >>> lonlat = gpd.GeoDataFrame(geometry=gpd.points_from_xy([114.88], [40.82]), crs=4490)
    >>> as_metric(lonlat, "points").crs.to_epsg()
    4547
    >>> feet = gpd.GeoDataFrame(geometry=gpd.points_from_xy([6_500_000], [1_840_000]), crs=2229)
    >>> metres = as_metric(feet, "points")
    >>> metres.crs.name, metres.geometry.x.round(2).tolist()
    ('NAD83 / California zone 5 (ftUS) in metres', [1981203.96])
    """
    found = _wanted(layer, name)
    if found is None:
        return layer
    wanted, told = found
    if told:
        _LOG.info(tr("{name}: {what}", name=name, what=told))
    return projected(layer, wanted)


@checked
def measured_otherwise(layer: gpd.GeoDataFrame, name: str = "") -> tuple[CRS, CRS] | None:
    """Tell in which other system a layer is measured, where its reader would not expect it.

    Parameters
    ----------
    layer : GeoDataFrame
    name : str, optional
        What the layer is called in errors.

    Returns
    -------
    own, measured : pyproj.CRS
        None where it is measured in its own, or lies in China in degrees and is measured in its zone there.

    Raises
    ------
    CRSError
        As `as_metric` does.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> wards = gpd.GeoDataFrame(geometry=[box(-87.7, 41.8, -87.6, 41.9)], crs=4326)
    >>> measured_otherwise(wards)[1].to_epsg()
    32616
    """
    found = _wanted(layer, name or tr("the layer"))
    return None if found is None or not found[1] else (layer.crs, found[0])


def _wanted(layer: gpd.GeoDataFrame, name: str) -> tuple[CRS, str] | None:
    """Return the system to measure a layer in, and what to tell of it; None where its own serves."""
    from pyproj import CRS

    crs = require_crs(layer, name)
    on_ground = datum_of(crs) not in ("gcj02", "bd09")
    if on_ground and crs.is_projected and unit_at(crs, *_middle(layer.geometry)) is not None:
        if is_metric(crs):
            return None
        wanted = in_metres(crs)
        return wanted, tr("its lengths are told in metres: {system}", system=wanted.name)
    base, bounds = _degree_bounds(layer, name)
    if not all(map(math.isfinite, bounds)):  # every geometry is empty: any zone serves
        return CRS.from_epsg(metric_crs(114.0, datum=_kept_datum(base))), ""
    chosen, why = _system(base, bounds, name)
    if crs.is_geographic and not why:  # degrees in China, in whose zones everybody measures
        return chosen, ""
    because = _reason(title_of_crs(chosen), why or tr("the 3-degree zone of the centre"), bounds)
    return chosen, tr("measured in {system}: {because}", system=chosen.name, because=because)


def _middle(shapes: gpd.GeoSeries) -> tuple[float, float]:
    """Return where the middle row of a layer lies, in its own coordinates; NaN if no row has a place."""
    bounds = _finite(shapes)
    if not len(bounds):
        return math.nan, math.nan
    x, y = np.median((bounds[:, :2] + bounds[:, 2:]) / 2, axis=0).tolist()
    return x, y
