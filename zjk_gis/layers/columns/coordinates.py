"""Columns of coordinates: which they are, and what they hold."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.crs.systems import in_china
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.columns.datum_words import datum_in_name
from zjk_gis.layers.columns.values import as_text, converted, plain
from zjk_gis.layers.spec import Field
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    from zjk_gis.layers.columns.datum_words import WebDatum

__all__ = [
    "SAMPLE_ROWS",
    "UNUSABLE_REASONS",
    "Pair",
    "Positions",
    "coordinate_columns",
    "coordinate_names",
    "datum_of_column",
    "degrees_of",
    "is_coordinate_name",
    "is_most",
    "is_rejected",
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
# Marks first, then NFKC: that would turn ″ into two primes, º into the letter o, and ´ into a blank.
_MARKS = str.maketrans(
    {
        **dict.fromkeys("º˚∘度", "°"),
        **dict.fromkeys("′＇’‘´`分", "'"),
        **dict.fromkeys("″＂”“〃秒", '"'),
        **dict.fromkeys("—–－−", "-"),
    }
)
_AXIS = r"(东经|西经|北纬|南纬|[ewns])"
_FORMS = (
    # 114°52′20.5″, its last mark perhaps forgotten
    r"(?P<d>\d{1,3}(?:\.\d+)?)\s*[°d](?:\s*(?P<m>\d{1,2}(?:\.\d+)?)\s*(?:'\s*(?:(?P<s>\d{1,2}(?:\.\d+)?)\s*\"?)?)?)?",
    # 114-52-20.5, 114 52 20.5, 114:52:20.5
    r"(?P<d>\d{1,3})(?P<by>[-\s:])(?P<m>\d{1,2})(?P=by)(?P<s>\d{1,2}(?:\.\d+)?)",
    # 114-52.34; 114-52 is too little to tell
    r"(?P<d>\d{1,3})[-\s:](?P<m>\d{1,2}\.\d+)(?P<s>)",
    # 114.8723 beside E or 东经
    r"(?P<d>\d{1,3}(?:\.\d+)?)(?P<m>)(?P<s>)",
)
_PATTERNS = tuple(re.compile(rf"(?:{_AXIS}\s*:?\s*)?([-+])?\s*{form}\s*{_AXIS}?") for form in _FORMS)
_SAME_AXIS = {"东经": "e", "西经": "w", "北纬": "n", "南纬": "s"}
_NUMBER = Field(name="coordinate", title="坐标", dtype="number")
_MOST_DEGREES = 180.0


def is_rejected(reasons: pd.Series) -> pd.Series:
    """Tell which reasons of an assignment are those of rows without a usable position.

    Examples
    --------
    >>> is_rejected(pd.Series(["one_zone", "zero", "no_position"])).tolist()
    [False, True, True]
    """
    return reasons.isin(UNUSABLE_REASONS)


def needs_a_look(assigned: pd.DataFrame) -> pd.Series:
    """Tell which rows of an assignment a person should look at (待确认归属): one idea, counted one way.

    Those that are ``ambiguous`` and have a usable position; rows without one are rejected, not in doubt.

    Parameters
    ----------
    assigned : DataFrame
        With ``ambiguous``, and ``reason`` where some may have no usable position.

    Examples
    --------
    >>> assigned = pd.DataFrame({"ambiguous": [True, True], "reason": ["overlap", "zero"]})
    >>> needs_a_look(assigned).tolist()
    [True, False]
    """
    doubtful = assigned["ambiguous"].fillna(value=False).astype(bool)
    return doubtful & ~is_rejected(assigned["reason"]) if "reason" in assigned else doubtful


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
        raise InputError(tr("{name}: lon= and lat= go together; name both columns of coordinates", name=name))
    for column in (lon, lat):
        if column not in present:
            raise MissingColumnError(
                tr(
                    "{name}: no column {column!r}; its columns are {present}",
                    name=name,
                    column=column,
                    present=", ".join(present),
                )
            )
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


def degrees_of(texts: ArrayLike | pd.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Read what was written for a longitude or latitude as decimal numbers.

    Parameters
    ----------
    texts : Series or array_like
        Numbers; or text with a plain number (``114.8723``, full-width digits too), with degrees, minutes
        and seconds (``114°52′20.5″E``, ``E 114°52.34′``, ``东经114度52分20.5秒``, ``114-52-20.5``,
        ``114 52 20.5``, ``114:52:20.5``), or with degrees and a mark (``114.8723°``, ``北纬40.8``).

    Returns
    -------
    numbers : ndarray of float64
        West and south are negative; NaN where there is no number, or one that cannot be an angle: minutes
        or seconds of 60 and more, degrees over 180, marks that contradict each other. A plain number is
        returned as it is, be it degrees or metres.
    is_dms : ndarray of bool
        Which were written as angles, with a mark, minutes or seconds, instead of as a plain number.

    Notes
    -----
    ``114.5220`` is a plain number, even where a surveyor meant 114°52′20″ by it: that cannot be told from
    one value. See `zjk_gis.infer_coordinates`.

    Examples
    --------
    >>> numbers, is_dms = degrees_of(["114.8723", "114°52′20.5″E", "南纬40-49-04", "114°72′", ""])
    >>> numbers.round(6).tolist(), is_dms.tolist()
    ([114.8723, 114.872361, -40.817778, nan, nan], [False, True, True, False, False])
    """
    values = texts if isinstance(texts, pd.Series) else pd.Series(np.asarray(texts))
    numbers, wrong = _plain_numbers(values)
    is_dms = np.zeros(len(values), dtype=bool)
    if wrong.any():
        angles = _angles(as_text(values[wrong]))
        numbers[wrong] = angles
        is_dms[wrong] = np.isfinite(angles)
    return numbers, is_dms


def _plain_numbers(values: pd.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Read plain numbers; of text, the short way first, as nearly all of a million values go it."""
    values = values.reset_index(drop=True)
    if isinstance(values.dtype, pd.StringDtype):
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan).copy()
        left = ~np.isfinite(numbers)
        numbers[left] = np.nan
    else:
        numbers, left = np.full(len(values), np.nan), np.ones(len(values), dtype=bool)
    wrong = np.zeros(len(values), dtype=bool)
    if left.any():
        rest, wrong[left] = converted(values[left], _NUMBER)
        numbers[left] = rest.to_numpy(dtype=np.float64)
    return numbers, wrong


def _angles(texts: pd.Series) -> NDArray[np.float64]:
    """Read text with degrees, minutes and seconds; NaN where it is not such a thing."""
    result = np.full(len(texts), np.nan)
    left = list(enumerate(_in_plain_marks(texts)))
    for pattern in _PATTERNS:
        matches = [(at, pattern.fullmatch(text)) for at, text in left]
        found = [(at, match) for at, match in matches if match is not None]
        if found:
            result[[at for at, _ in found]] = _put_together([match for _, match in found])
        left = [pair for pair, (_, match) in zip(left, matches, strict=True) if match is None]
        if not left:
            break
    return result


def _put_together(matches: list[re.Match[str]]) -> NDArray[np.float64]:
    """Add up degrees, minutes and seconds, and give them their sign; NaN where they contradict each other."""
    degrees, minutes, seconds = (
        np.array([match[part] or "nan" for match in matches]).astype(np.float64) for part in "dms"
    )
    in_minutes, in_seconds = ~np.isnan(minutes), ~np.isnan(seconds)
    wrong = in_minutes & (degrees % 1 != 0) | in_seconds & (minutes % 1 != 0)
    # 59.999″ is printed as 60.00″: the last part may be full, no other.
    wrong |= (minutes > 60) | (seconds > 60) | in_seconds & (minutes == 60)
    angle = degrees + np.nan_to_num(minutes) / 60 + np.nan_to_num(seconds) / 3600
    wrong |= angle > _MOST_DEGREES
    sides = [(match[1], match[2], match[match.re.groups]) for match in matches]
    written = {side: _sign(*side) for side in set(sides)}
    signed: NDArray[np.float64] = np.where(wrong, np.nan, angle) * np.array([written[s] for s in sides])
    return signed


def _sign(before: str | None, sign: str | None, after: str | None) -> float:
    """Return 1 for east and north, -1 for west and south, NaN for marks that contradict each other."""
    axes = {_SAME_AXIS.get(axis, axis) for axis in (before, after) if axis}
    if len(axes) + (sign is not None) > 1:
        return math.nan
    return -1.0 if sign == "-" or axes & {"w", "s"} else 1.0


def _in_plain_marks(texts: pd.Series) -> list[str]:
    """Write the marks of degrees, minutes and seconds, full-width characters and letters in one way."""
    together = "\n".join(" ".join(text.split()) for text in texts.tolist())  # one long text is quickest
    marked = unicodedata.normalize("NFKC", together.translate(_MARKS)).casefold()
    return marked.replace("''", '"').split("\n")
