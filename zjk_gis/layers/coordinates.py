"""Columns of coordinates: which they are, and what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.crs.systems import in_china
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.datum_words import datum_in_name
from zjk_gis.layers.degrees import degrees_of
from zjk_gis.layers.values import as_text, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import NDArray

    from zjk_gis.layers.datum_words import WebDatum

__all__ = [
    "SAMPLE_ROWS",
    "UNUSABLE_REASONS",
    "Pair",
    "Positions",
    "coordinate_columns",
    "coordinate_names",
    "datum_of_column",
    "is_coordinate_name",
    "is_most",
    "is_zero",
    "looks_projected",
    "named_columns",
    "north_first",
    "read_positions",
]

SAMPLE_ROWS = 10_000  # the first ones, by which the others are judged

_LON_NAMES = ("lon", "lng", "long", "longitude", "经度", "经度坐标", "地理经度", "gps经度", "wgs84经度")
_LAT_NAMES = ("lat", "latitude", "纬度", "纬度坐标", "地理纬度", "gps纬度", "wgs84纬度")
# Names that do not say which axis points north: survey tables call the northing X, web maps the easting.
_XY_NAMES = (
    ("x", "y"),
    ("x坐标", "y坐标"),
    ("坐标x", "坐标y"),
    ("xcoord", "ycoord"),
    ("coordx", "coordy"),
    ("pointx", "pointy"),
    ("posx", "posy"),
)
_EASTING_NAMES = (("easting", "northing"), ("东坐标", "北坐标"), ("横坐标", "纵坐标"))
_ALL_NAMES = frozenset(
    name for names in (_LON_NAMES, _LAT_NAMES, *_XY_NAMES, *_EASTING_NAMES) for name in names
)
# Where columns of several datums stand side by side, those on the ground need no conversion.
_DATUMS: tuple[WebDatum, ...] = ("wgs84", "cgcs2000", "gcj02", "bd09")
_IN_ONE_COLUMN = ("坐标", "经纬度", "位置", "lonlat", "lnglat", "latlon", "latlng", "coord", "coords",
                  "coordinates", "location", "position")  # fmt: skip
_ZERO = 1e-9

# Why an assignment had no position to go by: none was there, it was not finite, or it was 0, 0.
UNUSABLE_REASONS = ("no_position", "bad_position", "zero")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two columns that hold positions.

    Attributes
    ----------
    east, north : str
        The columns of the longitude or easting, and of the latitude or northing.
    sure : bool
        Whether the names say which axis is which; X and Y do not.
    """

    east: str
    north: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Positions:
    """What two columns of coordinates hold, row by row.

    Attributes
    ----------
    x, y : ndarray of float64
        NaN where the row has no usable position.
    why : ndarray of str
        Empty for a usable position; ``missing``, ``not_a_number`` or ``zero`` (the 0, 0 that devices write
        when they have no fix) otherwise.
    is_dms : ndarray of bool
        Whether either of the two was written as an angle (114°52′20″, 北纬40.8) instead of a plain number.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    why: NDArray[np.str_]
    is_dms: NDArray[np.bool_]

    def exchanged(self) -> Positions:
        """Return the positions with the two columns exchanged."""
        return Positions(self.y, self.x, self.why, self.is_dms)


def coordinate_columns(columns: Iterable[object]) -> Pair | None:
    """Recognise the columns of coordinates by their usual names.

    Parameters
    ----------
    columns : iterable
        Column names; compared without case, blanks, underscores and full-width forms.

    Returns
    -------
    Pair or None
        Longitude and latitude before X and Y where there are both; then columns that name a datum beside the
        axis (``gcj02_lng``, ``百度经度``), those of the ground first.

    Examples
    --------
    >>> coordinate_columns(["案件编号", "经度", "纬度"])
    Pair(east='经度', north='纬度', sure=True)
    >>> coordinate_columns(["X 坐标", "Y 坐标"])
    Pair(east='X 坐标', north='Y 坐标', sure=False)
    >>> coordinate_columns(["经度(GCJ-02)", "纬度(GCJ-02)"])
    Pair(east='经度(GCJ-02)', north='纬度(GCJ-02)', sure=True)
    """
    plainly: dict[str, str] = {}
    stated: dict[WebDatum, dict[str, str]] = {datum: {} for datum in _DATUMS}
    for column in columns:
        name = str(column)
        plainly.setdefault(_key(name), name)
        if (found := datum_in_name(name, _ALL_NAMES)) is not None:
            stated[found[1]].setdefault(found[0], name)
    return next(
        (pair for known in (plainly, *stated.values()) if (pair := _pair_of(known)) is not None), None
    )


def _pair_of(known: dict[str, str]) -> Pair | None:
    """Return the two columns among those known by the names of axes."""
    east = next((known[name] for name in _LON_NAMES if name in known), None)
    north = next((known[name] for name in _LAT_NAMES if name in known), None)
    if east is not None and north is not None:
        return Pair(east, north, sure=True)
    for names, sure in ((_EASTING_NAMES, True), (_XY_NAMES, False)):
        for first, second in names:
            if first in known and second in known:
                return Pair(known[first], known[second], sure=sure)
    return None


def coordinate_names() -> frozenset[str]:
    """Return the names that columns of coordinates have, without case, blanks and underscores."""
    return _ALL_NAMES


def is_coordinate_name(name: str) -> bool:
    """Tell whether a column may hold coordinates by its name alone.

    Examples
    --------
    >>> [is_coordinate_name(name) for name in ("经度", "Point_X", "百度经度", "名称")]
    [True, True, True, False]
    """
    return _key(name) in _ALL_NAMES or datum_in_name(name, _ALL_NAMES) is not None


def datum_of_column(name: str) -> WebDatum | None:
    """Return the datum that the name of a column of coordinates states, None if none.

    Examples
    --------
    >>> [datum_of_column(name) for name in ("gcj02_lng", "百度坐标", "经度", "百度链接")]
    ['gcj02', 'bd09', None, None]
    """
    found = datum_in_name(name, (*_ALL_NAMES, *_IN_ONE_COLUMN))
    return None if found is None else found[1]


def is_zero(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which positions are the 0, 0 that devices write when they have no fix; False for NaN.

    Examples
    --------
    >>> is_zero(np.array([0.0, 1e-12, 0.0]), np.array([0.0, 0.0, 40.8])).tolist()
    [True, True, False]
    """
    zero: NDArray[np.bool_] = (np.abs(x) <= _ZERO) & (np.abs(y) <= _ZERO)
    return zero


def _key(name: str) -> str:
    return plain(name).casefold().replace(" ", "").replace("_", "")


def named_columns(columns: Iterable[object], lon: str | None, lat: str | None, name: str) -> Pair | None:
    """Return the columns of coordinates that the caller named, or else those recognised.

    Raises
    ------
    InputError
        If only one of the two is named.
    MissingColumnError
        If a named column is not there.
    """
    present = [str(column) for column in columns]
    if lon is None and lat is None:
        return coordinate_columns(present)
    if lon is None or lat is None:
        message = f"{name}: lon= and lat= go together; name both columns of coordinates"
        raise InputError(message)
    for column in (lon, lat):
        if column not in present:
            message = f"{name}: no column {column!r}; its columns are {', '.join(present)}"
            raise MissingColumnError(message)
    return Pair(lon, lat, sure=True)


def read_positions(table: pd.DataFrame, pair: Pair) -> Positions:
    """Read two columns as numbers or as degrees, minutes and seconds; what is neither is told row by row.

    Parameters
    ----------
    table : DataFrame
    pair : Pair

    Returns
    -------
    Positions

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"lon": ["114°52′30″", "", "东经", "0"], "lat": ["40.8", "40.8", "40.8", "0"]})
    >>> positions = read_positions(table, Pair("lon", "lat", sure=True))
    >>> positions.x[0].tolist(), positions.is_dms[0].tolist(), positions.why.tolist()
    (114.875, True, ['', 'missing', 'not_a_number', 'zero'])
    """
    xs, x_is_dms = degrees_of(table[pair.east])
    ys, y_is_dms = degrees_of(table[pair.north])
    blank_x, blank_y = (as_text(table[name]).isna().to_numpy() for name in (pair.east, pair.north))
    wrong = np.isnan(xs) & ~blank_x | np.isnan(ys) & ~blank_y
    zero = is_zero(xs, ys)
    kinds = ["not_a_number", "missing", "zero"]
    why = np.select([wrong, blank_x | blank_y, zero], kinds, default="")
    unusable = why != ""
    x, y = np.where(unusable, np.nan, xs), np.where(unusable, np.nan, ys)
    return Positions(x, y, why, (x_is_dms | y_is_dms) & ~unusable)


def looks_projected(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which pairs are an easting and a northing of a Gauss-Krüger zone in China, in this order."""
    metres = (x >= 1e5) & (x < 1e6)
    prefixed = (x >= 13e6) & (x < 46e6)
    inside: NDArray[np.bool_] = (metres | prefixed) & (y >= 3e5) & (y < 6.1e6)
    return inside


def north_first(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    """Tell whether columns named X and Y hold the northing first, as survey tables do.

    Most of the first 10,000 usable rows decide: a row the other way round is that row's fault.

    Examples
    --------
    >>> north_first(np.array([4520900.0]), np.array([573300.0]))
    True
    """
    usable = np.flatnonzero(np.isfinite(x) & np.isfinite(y))[:SAMPLE_ROWS]
    if not len(usable):
        return False
    x, y = x[usable], y[usable]
    swapped_metres = looks_projected(y, x) & (x >= 1.5e6)  # no easting without prefix is so great
    return is_most(in_china(y, x)) or is_most(swapped_metres)


def is_most(rows: NDArray[np.bool_]) -> bool:
    """Tell whether more than half of some rows are so, which decides for all: the others are set aside.

    Examples
    --------
    >>> is_most(np.array([True, True, False])), is_most(np.array([True, False]))
    (True, False)
    """
    return 2 * int(np.count_nonzero(rows)) > len(rows)
