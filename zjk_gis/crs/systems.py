"""The coordinate systems that data of Zhangjiakou come in, and the datum that any system rests on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from zjk_gis.arguments import checked
from zjk_gis.errors import CRSError
from zjk_gis.words import tr

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pyproj import CRS

__all__ = [
    "CGCS2000",
    "SYSTEMS",
    "WGS84",
    "Datum",
    "System",
    "datum_of",
    "in_china",
    "metric_crs",
    "same_numbers",
    "shifted_crs",
    "title_of",
]

CGCS2000 = 4490
WGS84 = 4326

Datum: TypeAlias = Literal["cgcs2000", "wgs84", "xian80", "beijing54", "gcj02", "bd09"]

# 73.5–135.1°E and 3.4–53.6°N, rounded outwards. A latitude never looks like a longitude here, so swapped
# axes are certain.
_WEST, _EAST, _SOUTH, _NORTH = 73.0, 136.0, 3.0, 54.0
_FIRST_MERIDIAN, _LAST_MERIDIAN = 75, 135
# The 3-degree zone of 75°E in each datum: without zone prefix, and with the prefix 25.
_FIRST_EPSG = {"cgcs2000": (4534, 4513), "xian80": (2370, 2349), "beijing54": (2422, 2401)}
# In the words of the catalogue of sentences.
_TITLES = {
    "cgcs2000": "CGCS2000",
    "wgs84": "WGS 84",
    "xian80": "Xi'an 80 (西安80)",
    "beijing54": "Beijing 54 (北京54)",
    "gcj02": "GCJ-02 (火星坐标)",
    "bd09": "BD-09 (百度坐标)",
}
# How files write the datums, letters and digits only: EPSG's names, those of ESRI, and usual short forms.
_NAMES = (
    (r"gcj0?2", "gcj02"),
    (r"bd0?9", "bd09"),
    (r"china2000|cgcs2000|chinageodeticcoordinatesystem2000", "cgcs2000"),
    (r"worldgeodeticsystem1984|wgs_?(19)?84", "wgs84"),
    (r"xian(19)?80", "xian80"),
    (r"beijing(19)?54", "beijing54"),
)


@dataclass(frozen=True, slots=True)
class System:
    """A coordinate system that layers of Zhangjiakou come in.

    Attributes
    ----------
    epsg : int
    datum : {"cgcs2000", "xian80", "beijing54"}
    central_meridian : int or None
        Degrees east; None for longitude and latitude.
    zone_prefix : int or None
        What eastings begin with (38573312 m in zone 38); None where they have no prefix.
    """

    epsg: int
    datum: Datum
    central_meridian: int | None
    zone_prefix: int | None

    @property
    def name(self) -> str:
        """The system in words.

        Examples
        --------
        >>> [system.name for system in SYSTEMS if system.epsg in (4490, 4526, 2383)]
        ['CGCS2000, longitude and latitude', 'CGCS2000, 3-degree zone 38 (114°E), eastings with prefix 38',
         "Xi'an 80 (西安80), 3-degree zone of 114°E, eastings without prefix"]
        """
        datum, meridian = title_of(self.datum), self.central_meridian
        if meridian is None:
            return tr("{datum}, longitude and latitude", datum=datum)
        if self.zone_prefix is None:
            return tr(
                "{datum}, 3-degree zone of {meridian}°E, eastings without prefix",
                datum=datum,
                meridian=meridian,
            )
        return tr(
            "{datum}, 3-degree zone {zone} ({meridian}°E), eastings with prefix {zone}",
            datum=datum,
            zone=self.zone_prefix,
            meridian=meridian,
        )


# Computed with PROJ (confidence C). The zones meet at 115.5°E: 怀来, 赤城 and 沽源 lie in 39, the rest in 38.
SYSTEMS = (
    System(4490, "cgcs2000", None, None),
    System(4547, "cgcs2000", 114, None),
    System(4548, "cgcs2000", 117, None),
    System(4526, "cgcs2000", 114, 38),
    System(4527, "cgcs2000", 117, 39),
    System(4610, "xian80", None, None),
    System(2383, "xian80", 114, None),
    System(2384, "xian80", 117, None),
    System(2362, "xian80", 114, 38),
    System(2363, "xian80", 117, 39),
    System(4214, "beijing54", None, None),
    System(2435, "beijing54", 114, None),
    System(2436, "beijing54", 117, None),
    System(2414, "beijing54", 114, 38),
    System(2415, "beijing54", 117, 39),
)


def same_numbers(epsg: int) -> list[System]:
    """List the systems whose numbers look alike: those of one zone and prefix, in every datum.

    Parameters
    ----------
    epsg : int

    Returns
    -------
    list of System
        Empty if the code is none of `SYSTEMS`.

    Examples
    --------
    >>> [system.epsg for system in same_numbers(4526)]
    [4526, 2362, 2414]
    """
    one = next((system for system in SYSTEMS if system.epsg == epsg), None)
    return [
        system
        for system in SYSTEMS
        if one is not None
        and (system.central_meridian, system.zone_prefix) == (one.central_meridian, one.zone_prefix)
    ]


@checked
def metric_crs(
    longitude: float,
    *,
    datum: Literal["cgcs2000", "xian80", "beijing54"] = "cgcs2000",
    zone_prefix: bool = False,
) -> int:
    """Return the EPSG code of the 3-degree zone at a longitude.

    Parameters
    ----------
    longitude : float
        Degrees east.
    datum : {"cgcs2000", "xian80", "beijing54"}, default "cgcs2000"
    zone_prefix : bool, default False
        Whether eastings begin with the number of the zone.

    Returns
    -------
    int
        By default a code from 4534 (central meridian 75°E) to 4554 (135°E).

    Raises
    ------
    CRSError
        If the longitude lies outside China's zones (73.5–136.5°E).

    Notes
    -----
    Zhangjiakou spans two zones, split at 115.5°E: 怀来, 赤城 and 沽源 fall in the eastern one.

    Examples
    --------
    >>> metric_crs(114.88), metric_crs(115.6), metric_crs(114.88, datum="xian80", zone_prefix=True)
    (4547, 4548, 2362)
    """
    meridian = 3 * round(longitude / 3)
    if not _FIRST_MERIDIAN <= meridian <= _LAST_MERIDIAN:
        raise CRSError(
            tr(
                "no {titles} 3-degree zone at longitude {longitude:.4f}; China spans 73.5 to 136.5. "
                "Are longitude and latitude swapped?",
                titles=title_of(datum),
                longitude=longitude,
            )
        )
    return _FIRST_EPSG[datum][zone_prefix] + (meridian - _FIRST_MERIDIAN) // 3


@checked
def in_china(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which pairs are a longitude and a latitude in China, in this order; False for NaN.

    Parameters
    ----------
    lon, lat : ndarray of float64
        Degrees.

    Returns
    -------
    ndarray of bool
        Whether they lie in the rectangle of China, which its neighbours reach into.

    Examples
    --------
    >>> import numpy as np
    >>> in_china(np.array([114.88, 40.82, -87.7]), np.array([40.82, 114.88, 41.8])).tolist()
    [True, False, False]
    """
    inside: NDArray[np.bool_] = (lon >= _WEST) & (lon <= _EAST) & (lat >= _SOUTH) & (lat <= _NORTH)
    return inside


@checked
def datum_of(crs: CRS) -> Datum | None:
    """Tell which datum a coordinate system rests on, by its name in EPSG, in a .prj file or in common use.

    Parameters
    ----------
    crs : pyproj.CRS

    Returns
    -------
    {"cgcs2000", "wgs84", "xian80", "beijing54", "gcj02", "bd09"} or None
        None for any other.

    Examples
    --------
    >>> from pyproj import CRS
    >>> [datum_of(CRS(code)) for code in (4547, 3857, 2383, 4214, 2263)]
    ['cgcs2000', 'wgs84', 'xian80', 'beijing54', None]
    """
    geodetic = crs.geodetic_crs
    if geodetic is None:
        return None
    names = [geodetic.name, *([geodetic.datum.name] if geodetic.datum is not None else [])]
    for name in names:
        key = re.sub(r"[^a-z0-9]", "", name.casefold())
        for pattern, datum in _NAMES:
            if re.search(pattern, key):
                return datum  # type: ignore[return-value]
    return None


@checked
def shifted_crs(datum: Literal["gcj02", "bd09"]) -> CRS:
    """Return a coordinate system that says of longitudes and latitudes that they are shifted.

    No register has a code for GCJ-02 or BD-09. A layer that is labelled WGS 84 instead is taken at its word
    by everyone who opens it, 550 m or 1.4 km beside the truth; one labelled so is refused by this library
    where positions on the ground are meant.

    Parameters
    ----------
    datum : {"gcj02", "bd09"}

    Returns
    -------
    pyproj.CRS

    Examples
    --------
    >>> shifted_crs("gcj02").name, datum_of(shifted_crs("bd09"))
    ('GCJ-02', 'bd09')
    """
    from pyproj import CRS

    name = {"gcj02": "GCJ-02", "bd09": "BD-09"}[datum]
    return CRS.from_wkt(
        f'GEOGCRS["{name}",DATUM["{name}",ELLIPSOID["Krassowsky 1940",6378245,298.3]],CS[ellipsoidal,2],'
        'AXIS["longitude",east],AXIS["latitude",north],ANGLEUNIT["degree",0.0174532925199433]]'
    )


def title_of(datum: str) -> str:
    """Name a datum for people.

    Examples
    --------
    >>> title_of("xian80")
    "Xi'an 80 (西安80)"
    """
    return tr(_TITLES[datum]) if datum in _TITLES else datum
