"""Web services of tiles: what they are called, where their tiles are, and in which datum.

Addresses as the services' own maps use them: AMap's are those of its web map, Tianditu's from its list of map
services (WMTS, ``w``: spherical Mercator on CGCS2000), OpenStreetMap's from its tile usage policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["SERVICES", "Datum", "Service"]

Datum = Literal["wgs84", "gcj02"]

_AMAP = (
    "https://webrd0{{s}}.is.autonavi.com/appmaptile?lang={}&size=1&scale=1&style=8&x={{x}}&y={{y}}&z={{z}}"
)
_AMAP_PHOTO = "https://webst0{s}.is.autonavi.com/appmaptile?style=6&x={x}&y={y}&z={z}"
_AMAP_ROADS = "https://webst0{s}.is.autonavi.com/appmaptile?style=8&x={x}&y={y}&z={z}"
_TIANDITU = (
    "https://t{{s}}.tianditu.gov.cn/{0}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={0}&STYLE=default"
    "&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={{key}}"
)
_OSM = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
_OSM_CREDIT = '&copy; <a href="https://www.openstreetmap.org/copyright">OpenStreetMap</a> contributors'


@dataclass(frozen=True, slots=True)
class Service:
    """A web service of tiles.

    Attributes
    ----------
    name, credit : str
        Sentences of the catalogue.
    urls : (tuple of str, tuple of str)
        The addresses of the layers that lie on one another, from below; in Chinese and in English.
    hosts : str
        What ``{s}`` in an address may be, a character each.
    zooms : (int, int)
    datum : {"wgs84", "gcj02"}
    asks_key : bool
        Whether it wants to know who asks.
    """

    name: str
    credit: str
    urls: tuple[tuple[str, ...], tuple[str, ...]]
    hosts: str
    zooms: tuple[int, int]
    datum: Datum = "wgs84"
    asks_key: bool = False


SERVICES = {
    "amap": Service(
        "AMap",
        "&copy; AMap",
        ((_AMAP.format("zh_cn"),), (_AMAP.format("en"),)),
        "1234",
        (3, 18),
        "gcj02",
    ),
    "amap-satellite": Service(
        "AMap imagery",
        "&copy; AMap",
        ((_AMAP_PHOTO, _AMAP_ROADS), (_AMAP_PHOTO,)),
        "1234",
        (3, 18),
        "gcj02",
    ),
    "tianditu": Service(
        "Tianditu",
        "&copy; Tianditu",
        (
            (_TIANDITU.format("vec"), _TIANDITU.format("cva")),
            (_TIANDITU.format("vec"), _TIANDITU.format("eva")),
        ),
        "01234567",
        (1, 18),
        asks_key=True,
    ),
    "tianditu-satellite": Service(
        "Tianditu imagery",
        "&copy; Tianditu",
        (
            (_TIANDITU.format("img"), _TIANDITU.format("cia")),
            (_TIANDITU.format("img"), _TIANDITU.format("eia")),
        ),
        "01234567",
        (1, 18),
        asks_key=True,
    ),
    "osm": Service("OpenStreetMap", _OSM_CREDIT, ((_OSM,), (_OSM,)), "", (0, 19)),
    "none": Service("No base map", "", ((), ()), "", (0, 22)),
}
