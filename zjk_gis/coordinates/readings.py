"""The ways in which two columns of numbers can be read as positions, and how well each reading fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from pyproj import Transformer

from zjk_gis.crs import CGCS2000
from zjk_gis.crs.systems import in_china
from zjk_gis.standards import rules_table
from zjk_gis.words import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Reading", "city_bounds", "packed_evidence", "readings", "unpacked"]

Kind = Literal["degrees", "packed_degrees", "zone_prefix", "no_prefix", "web_mercator"]

_AROUND_CITY = 0.7  # degrees from the label points of its districts and counties to the farthest border
_MOST_SAMPLED = 5000
_MAJORITY, _LEAST_SHARE = 0.5, 0.1
_PACKED_ODDS = (
    1 / 50
)  # degrees.minutes-seconds (114.5220 for 114°52′20″) are rare, so evidence must be strong
_BEYOND_DOUBT = 100.0
_SIXTY = 0.6  # how often two digits of an evenly spread number are below 60
_ELSEWHERE = 0.05  # what a position in China, but not in this city, counts
_WEB_MERCATOR = 3857


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read two columns.

    Attributes
    ----------
    kind : {"degrees", "packed_degrees", "zone_prefix", "no_prefix", "web_mercator"}
    epsg : int
    north_first : bool
        Whether the first column holds the latitude or northing.
    fits : float
        The share of usable rows whose numbers can be read so.
    in_place : float
        The share of those that come to lie where they should: in the city, or around a reference.
    weight : float
        How much speaks for it, to be compared with the other readings.
    lon, lat : ndarray of float64
        Degrees of a sample of the rows.
    odd : ndarray of int
        The rows that cannot be read so.
    exchanged : int
        How many of these can once their axes are exchanged.
    evidence : tuple of str
    """

    kind: Kind
    epsg: int
    north_first: bool
    fits: float
    in_place: float
    weight: float
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    odd: NDArray[np.intp]
    exchanged: int
    evidence: tuple[str, ...]


def city_bounds() -> tuple[float, float, float, float]:
    """Return west, south, east and north of the city, roughly: around its districts' and counties' labels.

    Examples
    --------
    >>> [round(degrees, 1) for degrees in city_bounds()]
    [113.3, 39.1, 116.5, 42.6]
    """
    areas = rules_table("areas")
    areas = areas[(areas["lon"] != "") & (areas["lat"] != "")]
    lon, lat = areas["lon"].astype(float), areas["lat"].astype(float)
    return (
        float(lon.min()) - _AROUND_CITY,
        float(lat.min()) - _AROUND_CITY,
        float(lon.max()) + _AROUND_CITY,
        float(lat.max()) + _AROUND_CITY,
    )


def readings(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    place: tuple[float, float, float, float],
    place_name: str,
) -> list[Reading]:
    """Find every way in which numbers can be read as positions in China.

    Parameters
    ----------
    x, y : ndarray of float64
        Two columns of usable numbers, in the order in which they came.
    place : tuple of float
        West, south, east and north in degrees: where the positions should be.
    place_name : str

    Returns
    -------
    list of Reading
        The one that most speaks for first; empty if none fits a tenth of the rows.

    Notes
    -----
    The majority decides what the numbers are: where a reading fits over half of the rows, those that fit half
    or fewer are left out, and a reading that fits less than a tenth always is. The rows that do not fit are
    faults of their own.
    """
    found = []
    forms = {north_first: _forms(*((y, x) if north_first else (x, y))) for north_first in (False, True)}
    most = max((float(fits.mean()) for each in forms.values() for _, _, fits in each), default=0.0)
    least = _MAJORITY if most > _MAJORITY else _LEAST_SHARE
    for north_first in (False, True):
        east, north = (y, x) if north_first else (x, y)
        others = {(kind, epsg): fits for kind, epsg, fits in forms[not north_first]}
        for kind, epsg, fits in forms[north_first]:
            rows = np.flatnonzero(fits)
            if fits.mean() <= least:
                continue
            sample = rows[:: max(1, len(rows) // _MOST_SAMPLED)]
            lon, lat = _degrees(kind, epsg, east[sample], north[sample])
            inside = (lon >= place[0]) & (lat >= place[1]) & (lon <= place[2]) & (lat <= place[3])
            share, in_place = len(rows) / len(x), float(inside.mean())
            weight = share * (_ELSEWHERE + (1 - _ELSEWHERE) * in_place)
            ranges = _ranges(kind, east[rows], north[rows])
            evidence = [
                tr(
                    "{count:,} of {whole:,} positions can be read so: {ranges}",
                    count=len(rows),
                    whole=len(x),
                    ranges=ranges,
                ),
                tr("{share:.0f} % of them come to lie {place}", share=100 * in_place, place=place_name),
            ]
            if kind in ("degrees", "packed_degrees"):
                odds, words = _packed_odds(east[sample], north[sample])
                packed = odds / (1 + odds)
                weight *= packed if kind == "packed_degrees" else 1 - packed
                evidence += words if kind == "packed_degrees" else []
            odd = np.flatnonzero(~fits)
            turned = int((others[kind, epsg] & ~fits).sum()) if (kind, epsg) in others else 0
            found.append(
                Reading(
                    kind, epsg, north_first, share, in_place, weight, lon, lat, odd, turned, tuple(evidence)
                )
            )
    return sorted(found, key=lambda reading: -reading.weight)


def _forms(
    east: NDArray[np.float64], north: NDArray[np.float64]
) -> list[tuple[Kind, int, NDArray[np.bool_]]]:
    """List the forms that some of the numbers have, with the system each stands for."""
    degrees = in_china(east, north)
    gauss = (north >= 3e5) & (north < 6.1e6)
    forms: list[tuple[Kind, int, NDArray[np.bool_]]] = [
        ("degrees", CGCS2000, degrees),
        ("packed_degrees", CGCS2000, degrees & _below_sixty(east) & _below_sixty(north)),
    ]
    plain = gauss & (east >= 1e5) & (east < 9e5)
    forms += [("no_prefix", 4547, plain), ("no_prefix", 4548, plain)]
    zone = np.floor_divide(east, 1e6)
    within = gauss & (east % 1e6 >= 1e5) & (east % 1e6 < 9e5)
    for number in np.unique(zone[within & (zone >= 13) & (zone <= 45)]).astype(int).tolist():
        epsg = 4513 + number - 25 if number >= 25 else 4491 + number - 13
        if number >= 25 or number <= 23:  # 3-degree zones from 25, 6-degree zones to 23
            forms.append(("zone_prefix", epsg, within & (zone == number)))
    mercator = (east >= 8.1e6) & (east <= 15.2e6) & (north >= 3.3e5) & (north <= 7.2e6)
    forms.append(("web_mercator", _WEB_MERCATOR, mercator))
    return forms


def _degrees(
    kind: Kind, epsg: int, east: NDArray[np.float64], north: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if kind == "degrees":
        return east, north
    if kind == "packed_degrees":
        return unpacked(east), unpacked(north)
    lon, lat = Transformer.from_crs(epsg, CGCS2000, always_xy=True).transform(east, north)
    return lon, lat


def unpacked(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn degrees.minutes-seconds, as calculators write them, into decimal degrees.

    Examples
    --------
    >>> unpacked(np.array([114.52205])).round(9).tolist()  # 114°52′20.5″
    [114.872361111]
    """
    degrees = np.floor(values)
    minutes, seconds = _minutes_seconds(values)
    decimal: NDArray[np.float64] = degrees + minutes / 60 + seconds / 3600
    return decimal


def _minutes_seconds(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    hundredths = (values - np.floor(values)) * 100
    minutes = np.floor(hundredths + 1e-9)
    return minutes, np.maximum((hundredths - minutes) * 100, 0.0)


def _below_sixty(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    minutes, seconds = _minutes_seconds(values)
    below: NDArray[np.bool_] = (minutes < 60) & (seconds < 60 - 1e-6)
    return below


def packed_evidence(x: NDArray[np.float64], y: NDArray[np.float64]) -> str | None:
    """Say why longitudes and latitudes that look decimal are packed degrees, minutes and seconds after all.

    Parameters
    ----------
    x, y : ndarray of float64
        Usable numbers, in either order.

    Returns
    -------
    str or None
        None unless that is a hundred times likelier than decimal degrees, which takes positions spread over
        some minutes.

    Examples
    --------
    >>> minutes, seconds = np.arange(60) // 12, np.arange(60) % 12 * 5
    >>> numbers = minutes / 100 + seconds / 10000
    >>> print(packed_evidence(114.5 + numbers, 40.4 + numbers[::-1]))
    where seconds would be, all numbers are below 60, though they fill 10 minutes one after the other; by
    chance 1 in 45 billion
    """
    if not (_below_sixty(x) & _below_sixty(y)).all():
        return None
    step = max(1, len(x) // _MOST_SAMPLED)
    odds, words = _packed_odds(x[::step], y[::step])
    return words[0] if odds > _BEYOND_DOUBT else None


def _packed_odds(east: NDArray[np.float64], north: NDArray[np.float64]) -> tuple[float, list[str]]:
    """Weigh degrees.minutes-seconds against decimal degrees by the digits where seconds would be.

    Positions lie in clusters, so that their digits are alike by nature: a village whose decimals all begin
    with 52 and 0 to 5 proves nothing. What does is that decimals run from 52 to 53 without ever passing 526
    to 529.
    """
    if not (_below_sixty(east) & _below_sixty(north)).all():
        return 0.0, []
    proofs, minutes = 0, 0
    for values in (east, north):
        telling = values[_minutes_seconds(values)[1] > 1e-6]  # two decimals have no seconds to show
        tens, occupied = np.unique(
            np.floor(np.unique(np.floor(telling * 1000 + 1e-6)) / 10), return_counts=True
        )
        next_to = np.diff(tens) == 1
        proofs += int(np.minimum(occupied[:-1], occupied[1:])[next_to].sum())
        minutes += len(tens)
    odds = _PACKED_ODDS * _SIXTY ** -float(min(proofs, 200))
    words = tr(
        "where seconds would be, all numbers are below 60, though they fill {minutes} minutes one after the "
        "other; by chance 1 in {chance}",
        minutes=minutes,
        chance=_rounded(_SIXTY ** -float(min(proofs, 200))),
    )
    return odds, [words]


def _rounded(number: float) -> str:
    if number > 1e9:
        return tr("{billions:,.0f} billion", billions=number / 1e9)
    return f"{number:,.0f}"


def _ranges(kind: Kind, east: NDArray[np.float64], north: NDArray[np.float64]) -> str:
    digits = 4 if kind in ("degrees", "packed_degrees") else 0
    names = (tr("longitudes"), tr("latitudes")) if digits else (tr("eastings"), tr("northings"))
    return tr(" and ").join(
        tr(
            "{name} {least} to {most}",
            name=name,
            least=f"{values.min():.{digits}f}",
            most=f"{values.max():.{digits}f}",
        )
        for name, values in zip(names, (east, north), strict=True)
    )
