"""GCJ-02 and BD-09, the shifted datums of Chinese web maps, and WGS84.

AMap and Tencent coordinates are GCJ-02: at Zhangjiakou they lie 524 to 588 m from where they are on the
ground, five unit grids away. Baidu's are BD-09, a second shift on top: 1.32 to 1.41 km. CGCS2000 agrees with
WGS84 within centimetres to decimetres and is treated as the same here.

Points outside China (72.004–137.8347°E, 0.8293–55.8271°N, the box of the public algorithm) pass unchanged;
`outside_china` names them. What counts is where a point is on the ground: one that is shifted across the edge
of the box comes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.errors import InputError
from zjk_gis.threads import in_chunks
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from numpy.typing import ArrayLike, NDArray

    _Floats: TypeAlias = NDArray[np.float64]
    _Pair: TypeAlias = tuple[_Floats, _Floats]
    _Move: TypeAlias = Callable[[_Floats, _Floats], tuple[_Floats, _Floats, NDArray[np.bool_]]]

__all__ = [
    "bd09_to_gcj02",
    "bd09_to_wgs84",
    "gcj02_to_bd09",
    "gcj02_to_wgs84",
    "outside_china",
    "wgs84_to_bd09",
    "wgs84_to_gcj02",
]

_SEMI_MAJOR_M = 6378245.0
_ECCENTRICITY_2 = 0.00669342162296594323
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
_REACH = 0.1  # degrees: farther than either datum, or both, move a point of the box
_BD_EAST, _BD_NORTH = 0.0065, 0.006
_BD_WAVE = np.pi * 3000.0 / 180.0
# Steps of the inverse: each leaves 0.6 % (GCJ-02) or 2 % (BD-09) of the error, at first a hundredth of a
# degree; after these it is below 1e-11 degrees, a thousandth of a millimetre.
_GCJ_STEPS, _BD_STEPS = 5, 6
_CHUNK = 1 << 14  # points: the dozen arrays that a chunk needs stay in the processor's cache


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shift WGS84 longitudes and latitudes to GCJ-02.

    Parameters
    ----------
    lon, lat : array_like of float
        Degrees; NaN stays NaN.

    Returns
    -------
    lon, lat : ndarray of float64
        Of the same shape.

    Raises
    ------
    InputError
        If the shapes differ.

    Examples
    --------
    >>> lon, lat = wgs84_to_gcj02([114.87222, 2.35], [40.81778, 48.86])
    >>> lon.round(6).tolist(), lat.round(6).tolist()
    ([114.87835, 2.35], [40.819114, 48.86])
    """
    return _moved(lon, lat, _wgs84_to_gcj02)


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shift GCJ-02 longitudes and latitudes back to WGS84.

    The inverse is found by iteration, to well below a millimetre.

    Parameters
    ----------
    lon, lat : array_like of float
        Degrees; NaN stays NaN.

    Returns
    -------
    lon, lat : ndarray of float64
        Of the same shape.

    Raises
    ------
    InputError
        If the shapes differ.

    Examples
    --------
    >>> lon, lat = gcj02_to_wgs84(*wgs84_to_gcj02(114.87222, 40.81778))
    >>> bool(abs(lon - 114.87222) < 1e-9 and abs(lat - 40.81778) < 1e-9)
    True
    """
    return _moved(lon, lat, _gcj02_to_wgs84)


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shift GCJ-02 longitudes and latitudes to BD-09.

    Parameters
    ----------
    lon, lat : array_like of float
        Degrees; NaN stays NaN.

    Returns
    -------
    lon, lat : ndarray of float64
        Of the same shape.

    Raises
    ------
    InputError
        If the shapes differ.

    Examples
    --------
    >>> lon, lat = gcj02_to_bd09([114.87835, 2.35], [40.819114, 48.86])
    >>> lon.round(6).tolist(), lat.round(6).tolist()
    ([114.884918, 2.35], [40.824974, 48.86])
    """
    return _moved(lon, lat, _gcj02_to_bd09)


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shift BD-09 longitudes and latitudes back to GCJ-02.

    The inverse is found by iteration, to well below a millimetre; the formula that is usually copied is 5
    to 20 cm off.

    Parameters
    ----------
    lon, lat : array_like of float
        Degrees; NaN stays NaN.

    Returns
    -------
    lon, lat : ndarray of float64
        Of the same shape.

    Raises
    ------
    InputError
        If the shapes differ.

    Examples
    --------
    >>> lon, lat = bd09_to_gcj02(*gcj02_to_bd09(114.87835, 40.819114))
    >>> bool(abs(lon - 114.87835) < 1e-9 and abs(lat - 40.819114) < 1e-9)
    True
    """
    return _moved(lon, lat, _bd09_to_gcj02)


def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shift WGS84 longitudes and latitudes to BD-09.

    Parameters
    ----------
    lon, lat : array_like of float
        Degrees; NaN stays NaN.

    Returns
    -------
    lon, lat : ndarray of float64
        Of the same shape.

    Raises
    ------
    InputError
        If the shapes differ.

    Examples
    --------
    >>> lon, lat = wgs84_to_bd09(114.87222, 40.81778)
    >>> round(float(lon), 6), round(float(lat), 6)
    (114.884918, 40.824974)
    """
    return _moved(lon, lat, _wgs84_to_bd09)


def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shift BD-09 longitudes and latitudes back to WGS84.

    Parameters
    ----------
    lon, lat : array_like of float
        Degrees; NaN stays NaN.

    Returns
    -------
    lon, lat : ndarray of float64
        Of the same shape.

    Raises
    ------
    InputError
        If the shapes differ.

    Examples
    --------
    >>> lon, lat = bd09_to_wgs84(*wgs84_to_bd09(114.87222, 40.81778))
    >>> bool(abs(lon - 114.87222) < 1e-9 and abs(lat - 40.81778) < 1e-9)
    True
    """
    return _moved(lon, lat, _bd09_to_wgs84)


def outside_china(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Tell which WGS84 positions the shifts pass unchanged, because they lie outside the box of China.

    Parameters
    ----------
    lon, lat : array_like of float
        Degrees on WGS84 or CGCS2000.

    Returns
    -------
    ndarray of bool
        False for NaN, which is nowhere.

    Raises
    ------
    InputError
        If the shapes differ.

    Examples
    --------
    >>> outside_china([114.87, 2.35, float("nan")], [40.82, 48.86, 40.82]).tolist()
    [False, True, False]
    """
    x, y = _pair(lon, lat)
    outside: NDArray[np.bool_] = ~(_inside(x, y) | np.isnan(x) | np.isnan(y))
    return outside


def _pair(lon: ArrayLike, lat: ArrayLike) -> _Pair:
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    if x.shape != y.shape:
        raise InputError(
            tr(
                "lon and lat must have the same shape, not {shape} and {shape_2}",
                shape=x.shape,
                shape_2=y.shape,
            )
        )
    return x, y


def _moved(lon: ArrayLike, lat: ArrayLike, move: _Move) -> _Pair:
    """Move all points that a shift applies to, chunk by chunk."""
    x, y = _pair(lon, lat)
    shape = x.shape
    x, y = x.ravel(), y.ravel()
    new_x, new_y = x.copy(), y.copy()

    def work(part: slice) -> None:
        old_x, old_y = x[part], y[part]
        near = _inside(old_x, old_y, reach=_REACH)
        if near.all():
            moved_x, moved_y, moves = move(old_x, old_y)
            np.copyto(new_x[part], moved_x, where=moves)
            np.copyto(new_y[part], moved_y, where=moves)
        elif near.any():
            moved_x, moved_y, moves = move(old_x[near], old_y[near])
            new_x[part][near] = np.where(moves, moved_x, old_x[near])
            new_y[part][near] = np.where(moves, moved_y, old_y[near])

    in_chunks(work, len(x), chunk=_CHUNK)
    return new_x.reshape(shape), new_y.reshape(shape)


def _inside(x: _Floats, y: _Floats, *, reach: float = 0.0) -> NDArray[np.bool_]:
    """Tell which points lie in the box of China, or that near to it."""
    inside: NDArray[np.bool_] = (
        (x > _WEST - reach) & (x < _EAST + reach) & (y > _SOUTH - reach) & (y < _NORTH + reach)
    )
    return inside


def _wgs84_to_gcj02(x: _Floats, y: _Floats) -> tuple[_Floats, _Floats, NDArray[np.bool_]]:
    shift_x, shift_y = _gcj_shift(x, y)
    return x + shift_x, y + shift_y, _inside(x, y)


def _gcj02_to_wgs84(x: _Floats, y: _Floats) -> tuple[_Floats, _Floats, NDArray[np.bool_]]:
    ground = _unshifted(_gcj_shift, x, y, steps=_GCJ_STEPS)
    return *ground, _inside(*ground)


def _gcj02_to_bd09(x: _Floats, y: _Floats) -> tuple[_Floats, _Floats, NDArray[np.bool_]]:
    shift_x, shift_y = _bd_shift(x, y)
    return x + shift_x, y + shift_y, _inside_as_gcj02(x, y)


def _bd09_to_gcj02(x: _Floats, y: _Floats) -> tuple[_Floats, _Floats, NDArray[np.bool_]]:
    gcj = _unshifted(_bd_shift, x, y, steps=_BD_STEPS)
    return *gcj, _inside_as_gcj02(*gcj)


def _wgs84_to_bd09(x: _Floats, y: _Floats) -> tuple[_Floats, _Floats, NDArray[np.bool_]]:
    gcj_x, gcj_y, inside = _wgs84_to_gcj02(x, y)
    shift_x, shift_y = _bd_shift(gcj_x, gcj_y)
    return gcj_x + shift_x, gcj_y + shift_y, inside


def _bd09_to_wgs84(x: _Floats, y: _Floats) -> tuple[_Floats, _Floats, NDArray[np.bool_]]:
    return _gcj02_to_wgs84(*_unshifted(_bd_shift, x, y, steps=_BD_STEPS))


def _inside_as_gcj02(x: _Floats, y: _Floats) -> NDArray[np.bool_]:
    """Tell which GCJ-02 points are in the box of China where they are on the ground."""
    inside = _inside(x, y, reach=-_REACH)
    edge = _inside(x, y, reach=_REACH) & ~inside
    if edge.any():
        inside[edge] = _gcj02_to_wgs84(x[edge], y[edge])[2]
    return inside


def _unshifted(shift: Callable[[_Floats, _Floats], _Pair], x: _Floats, y: _Floats, *, steps: int) -> _Pair:
    """Find the points that a shift moves to these."""
    guess_x, guess_y = x, y
    for _ in range(steps):
        shift_x, shift_y = shift(guess_x, guess_y)
        guess_x, guess_y = x - shift_x, y - shift_y
    return guess_x, guess_y


def _gcj_shift(lon: _Floats, lat: _Floats) -> _Pair:
    """Compute the GCJ-02 shift in degrees, in and near the box of China."""
    x, y = lon - 105.0, lat - 35.0
    x30, x12, x3, x1, x2, x6 = _waves(x, doubled=True)
    y30, y12, y3, y1, *_ = _waves(y, doubled=False)
    wave = 20.0 * (x6 + x2)
    root = np.sqrt(np.abs(x))
    north = (
        -100.0 + 2.0 * x + (3.0 + 0.2 * y + 0.1 * x) * y + 0.2 * root
        + (wave + 20.0 * y1 + 40.0 * y3 + 160.0 * y12 + 320.0 * y30) * (2.0 / 3.0)
    )  # fmt: skip
    east = (
        300.0 + x + (2.0 + 0.1 * x) * y + 0.1 * x * x + 0.1 * root
        + (wave + 20.0 * x1 + 40.0 * x3 + 150.0 * x12 + 300.0 * x30) * (2.0 / 3.0)
    )  # fmt: skip
    sine2 = np.sin(np.radians(lat)) ** 2
    curve = 1.0 - _ECCENTRICITY_2 * sine2
    root = np.sqrt(curve)
    degrees = np.degrees(1.0 / _SEMI_MAJOR_M) * root
    shift_x = east * degrees / np.sqrt(1.0 - sine2)  # latitudes from -1 to 56: the cosine is positive
    shift_y = north * degrees * curve * (1.0 / (1.0 - _ECCENTRICITY_2))
    return shift_x, shift_y


def _waves(v: _Floats, *, doubled: bool) -> tuple[_Floats, ...]:
    """Return the sines of πv/30, πv/12, πv/3 and πv, and if asked for those of 2πv and 6πv.

    All from the sine and cosine of πv/60, by the formulas for multiples of an angle: a sine from its series
    takes as long as fifteen multiplications.
    """
    turn = v * (np.pi / 60.0)
    s, c = np.sin(turn), np.cos(turn)
    s2 = 2.0 * s * c
    c2 = 1.0 - 2.0 * s * s
    s4, c4 = 2.0 * s2 * c2, 1.0 - 2.0 * s2 * s2
    s5, c5 = s4 * c + c4 * s, c4 * c - s4 * s
    s10, c10 = 2.0 * s5 * c5, 1.0 - 2.0 * s5 * s5
    s20, c20 = 2.0 * s10 * c10, 1.0 - 2.0 * s10 * s10
    s60 = (3.0 - 4.0 * s20 * s20) * s20
    if not doubled:
        return s2, s5, s20, s60
    c60 = (4.0 * c20 * c20 - 3.0) * c20
    s120 = 2.0 * s60 * c60
    return s2, s5, s20, s60, s120, (3.0 - 4.0 * s120 * s120) * s120


def _bd_shift(x: _Floats, y: _Floats) -> _Pair:
    """Compute the shift from GCJ-02 to BD-09 in degrees.

    The algorithm turns a point about the origin by an angle of at most 3e-6 and lengthens its radius; for so
    small an angle, a few terms of the series are exact to the last digit.
    """
    longer = 2e-5 * np.sin(y * _BD_WAVE) / np.hypot(x, y)
    turn = 3e-6 * np.cos(x * _BD_WAVE)
    sine, versine = turn - turn**3 / 6.0, turn * turn / 2.0
    cosine_shift = longer - versine - longer * versine  # (1 + longer)(1 - versine) - 1
    across = (1.0 + longer) * sine
    return x * cosine_shift - y * across + _BD_EAST, y * cosine_shift + x * across + _BD_NORTH
