"""Which projection measures a place in true metres.

1. A plane system that is true to scale where the layer lies and counts in feet, yards or kilometres: the same
   projection in metres, so that straight borders stay straight.
2. In China the CGCS2000 3-degree zone of the centre.
3. Elsewhere the UTM zone of the centre, on the layer's own datum.
4. Where no zone of UTM reaches all of a layer, near a pole or over a breadth of several zones: an azimuthal
   equal-area projection of its centre.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.arguments import checked
from zjk_gis.crs.systems import WGS84, datum_of
from zjk_gis.errors import CRSError
from zjk_gis.words import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyproj import CRS

    Bounds = tuple[float, float, float, float]

__all__ = [
    "code_of",
    "epsg_of",
    "greenwich_base",
    "in_metres",
    "is_true_at",
    "metre_of",
    "plane_of",
    "scale_at",
    "title_of_crs",
    "utm_or_laea",
]

_TRUE = 0.004  # how far lengths may be from the truth; UTM is 0.1 % off at the border of its zone
_STEP_M = 100.0
_UTM_DEGREES = 3.5  # from the central meridian: half of a zone, and half a degree beyond
_UTM_SOUTH, _UTM_NORTH = -80.0, 84.0


def plane_of(crs: CRS) -> CRS:
    """Return the horizontal part of a system: without heights, and without parameters to another datum.

    Examples
    --------
    >>> from pyproj import CRS
    >>> plane_of(CRS("EPSG:2229+5703")).to_epsg()
    2229
    """
    while crs.is_compound or crs.is_bound:
        part = crs.sub_crs_list[0] if crs.is_compound else crs.source_crs
        if part is None:  # pragma: no cover - PROJ makes no such system
            return crs
        crs = part
    return crs


@checked
def title_of_crs(crs: CRS) -> str:
    """Name a system in one line: by its code where it has one, otherwise by its name.

    Examples
    --------
    >>> from pyproj import CRS
    >>> title_of_crs(CRS(4547)), title_of_crs(in_metres(CRS(2229)))
    ('EPSG:4547', 'NAD83 / California zone 5 (ftUS) in metres')
    """
    code = code_of(crs)
    return crs.name if code is None else code


@functools.lru_cache(maxsize=128)
def code_of(crs: CRS) -> str | None:
    """Return the code of a system, as ``EPSG:4547``; None where no register has it.

    To find that out of a system that was made here takes PROJ half a second, so it is remembered.

    Examples
    --------
    >>> from pyproj import CRS
    >>> code_of(CRS(4547)), code_of(in_metres(CRS(2229)))
    ('EPSG:4547', None)
    """
    authority = crs.to_authority(min_confidence=100)
    return None if authority is None else ":".join(authority)


def epsg_of(crs: CRS) -> int | None:
    """Return the EPSG code of a system; None where it has none."""
    code = code_of(crs)
    return int(code.removeprefix("EPSG:")) if code is not None and code.startswith("EPSG:") else None


def metre_of(crs: CRS) -> float:
    """Return how many metres the unit of a plane system is; not a number where its axes differ."""
    factors = {axis.unit_conversion_factor for axis in plane_of(crs).axis_info[:2]}
    return factors.pop() if len(factors) == 1 else math.nan


@functools.lru_cache(maxsize=32)
def in_metres(crs: CRS) -> CRS:
    """Return the same projection with the metre for its unit.

    Parameters
    ----------
    crs : pyproj.CRS
        A plane system.

    Examples
    --------
    >>> from pyproj import CRS, Transformer
    >>> feet = CRS(2229)
    >>> to_metres = Transformer.from_crs(feet, in_metres(feet), always_xy=True)
    >>> to_metres.transform(3937.0, 7874.0)
    (1200.0, 2400.0)
    """
    from pyproj import CRS

    plane = plane_of(crs)
    if metre_of(plane) == 1.0:
        return plane
    parts: dict[str, Any] = plane.to_json_dict()
    for axis in parts["coordinate_system"]["axis"]:
        axis["unit"] = "metre"
    parts.pop("id", None)
    parts["name"] = f"{plane.name} in metres"
    return CRS.from_wkt(CRS.from_json_dict(parts).to_wkt())


def scale_at(crs: CRS, x: float, y: float) -> tuple[float, float] | None:
    """Return the least and the greatest scale of a plane system at a place: 1 where a metre is a metre.

    Parameters
    ----------
    crs : pyproj.CRS
    x, y : float
        In its units.

    Returns
    -------
    tuple of float or None
        None where the system has no such place.

    Examples
    --------
    Web Mercator at the latitude of Zhangjiakou, where lengths are a third too long:

    >>> from pyproj import CRS
    >>> [round(scale, 2) for scale in scale_at(CRS(3857), 12_788_000, 4_985_000)]
    [1.32, 1.32]
    """
    from pyproj.exceptions import ProjError

    plane, unit = plane_of(crs), metre_of(crs)
    step = _STEP_M / unit
    if not math.isfinite(step):
        return None
    # Four directions, 45 degrees apart: a projection that stretches does so along one of them.
    east, north = (
        np.array([1.0, 0.0, math.sqrt(0.5), -math.sqrt(0.5)]),
        np.array([0.0, 1.0, *[math.sqrt(0.5)] * 2]),
    )
    try:
        to_degrees, ellipsoid = _degrees_of(plane)
        lon, lat = to_degrees(
            np.concatenate([x - step * east, x + step * east]),
            np.concatenate([y - step * north, y + step * north]),
        )
    except ProjError:
        return None
    if not (np.isfinite(lon) & np.isfinite(lat) & (np.abs(lat) <= 90)).all():
        return None
    true = np.asarray(ellipsoid.inv(lon[:4], lat[:4], lon[4:], lat[4:])[2])
    if not (true > 0).all():
        return None
    scales = 2 * _STEP_M / true
    return float(scales.min()), float(scales.max())


def is_true_at(crs: CRS, x: float, y: float) -> bool:
    """Tell whether lengths in a plane system are true at a place, to 0.4 %; yes where it has no such place.

    Examples
    --------
    >>> from pyproj import CRS
    >>> is_true_at(CRS(4547), 573_000, 4_520_000), is_true_at(CRS(4087), 12_788_000, 4_540_000)
    (True, False)
    """
    scales = scale_at(crs, x, y)
    return scales is None or (scales[0] > 1 - _TRUE and scales[1] < 1 + _TRUE)


@functools.lru_cache(maxsize=32)
def _degrees_of(plane: CRS) -> tuple[Any, Any]:
    """Return what leads from a plane system to degrees, and the ellipsoid on which these are measured."""
    from pyproj import Transformer

    base = plane.geodetic_crs
    if base is None:  # pragma: no cover - a plane system has one
        raise CRSError(tr("{name} has no place on Earth", name=plane.name))
    factor = math.degrees(base.axis_info[0].unit_conversion_factor)
    back = Transformer.from_crs(plane, base, always_xy=True)

    def to_degrees(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[Any, Any]:
        lon, lat = back.transform(x, y)
        return np.asarray(lon) * factor, np.asarray(lat) * factor

    return to_degrees, base.get_geod()


def greenwich_base(crs: CRS, name: str) -> CRS:
    """Return the system of longitude and latitude to stay in, in degrees from Greenwich.

    Parameters
    ----------
    crs : pyproj.CRS
    name : str
        What the layer is called in errors.

    Returns
    -------
    pyproj.CRS
        That of the layer's own datum; WGS 84 where this counts from another meridian or in gon, brings
        parameters to WGS 84, or is CGCS2000, which is the same within decimetres.

    Raises
    ------
    CRSError
        If the system has no place on Earth.

    Examples
    --------
    >>> from pyproj import CRS
    >>> greenwich_base(CRS(2229), "zones").name, greenwich_base(CRS(27572), "zones").name
    ('NAD83', 'WGS 84')
    """
    from pyproj import CRS

    base = None if crs.is_engineering else crs.geodetic_crs
    if base is None:
        raise CRSError(
            tr(
                "{name}: its system, {name_2}, is a local one without a place on Earth; fit it to "
                "control points (zjk_gis.crs.fit_similarity), or name the one the data were made in "
                "with layer.set_crs(..., allow_override=True)",
                name=name,
                name_2=crs.name,
            )
        )
    base = plane_of(base)
    degrees = base.is_geographic and math.isclose(base.axis_info[0].unit_conversion_factor, math.pi / 180)
    from_greenwich = base.prime_meridian is None or base.prime_meridian.longitude == 0
    if crs.is_bound or not (degrees and from_greenwich) or datum_of(base) in ("wgs84", "cgcs2000"):
        return CRS.from_epsg(WGS84)
    return base.to_2d()


def utm_or_laea(base: CRS, bounds: Bounds) -> tuple[CRS, str]:
    """Choose the projection outside China, and say why.

    Parameters
    ----------
    base : pyproj.CRS
        Longitude and latitude.
    bounds : tuple of float
        West, south, east and north in degrees; east may exceed 180 where the layer crosses that meridian.

    Returns
    -------
    crs : pyproj.CRS
    reason : str

    Examples
    --------
    >>> from pyproj import CRS
    >>> crs, reason = utm_or_laea(CRS(4326), (-87.8, 41.6, -87.5, 42.0))
    >>> crs.to_epsg(), reason
    (32616, 'the UTM zone of the centre')
    >>> crs, reason = utm_or_laea(CRS(4269), (-124.0, 32.0, -67.0, 49.0))
    >>> crs.name, reason
    ('NAD83 / LAEA 40, -96', 'no UTM zone reaches all of it, so equal-area about the centre')
    """
    from pyproj import CRS
    from pyproj.crs import ProjectedCRS
    from pyproj.crs.coordinate_operation import LambertAzimuthalEqualAreaConversion

    west, south, east, north = bounds
    lon, lat = (west + east) / 2, (south + north) / 2
    zone = math.floor((lon + 180) / 6) % 60 + 1
    meridian = 6 * math.floor(lon / 6) + 3
    polar = south < _UTM_SOUTH or north > _UTM_NORTH
    if not polar and max(east - meridian, meridian - west) <= _UTM_DEGREES:
        side = "S" if lat < 0 else "N"
        return _utm_zone(base, zone, side), tr("the UTM zone of the centre")
    at_lat, at_lon = round(lat), (round(lon) + 180) % 360 - 180
    made = ProjectedCRS(
        LambertAzimuthalEqualAreaConversion(at_lat, at_lon),
        name=f"{base.name} / LAEA {at_lat}, {at_lon}",
        geodetic_crs=base,
    )
    why = (
        tr("beyond the zones of UTM, so equal-area about the centre")
        if polar
        else tr("no UTM zone reaches all of it, so equal-area about the centre")
    )
    return CRS(made), why


@functools.lru_cache(maxsize=32)
def _utm_zone(base: CRS, zone: int, side: str) -> CRS:
    """Return a zone of UTM on a datum, by its code where it has one."""
    from pyproj import CRS
    from pyproj.crs import ProjectedCRS
    from pyproj.crs.coordinate_operation import UTMConversion

    conversion = UTMConversion(str(zone), hemisphere=side)
    made = CRS(ProjectedCRS(conversion, f"{base.name} / UTM zone {zone}{side}", geodetic_crs=base))
    code = epsg_of(made)
    return made if code is None else CRS.from_epsg(code)
