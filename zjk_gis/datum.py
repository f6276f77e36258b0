"""GCJ-02, the shifted datum of Chinese web maps, and WGS84.

AMap and Tencent coordinates are GCJ-02: at Zhangjiakou they lie 524 to 588 m from where they are on the
ground, five unit grids away. CGCS2000 agrees with WGS84 within centimetres to decimetres and is treated as
the same here. Points outside China (72.004–137.8347°E, 0.8293–55.8271°N, the box of the public algorithm)
pass unchanged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["gcj02_to_wgs84", "wgs84_to_gcj02"]

_SEMI_MAJOR_M = 6378245.0
_ECCENTRICITY_2 = 0.00669342162296594323
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271


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
    x, y = _pair(lon, lat)
    shift_x, shift_y = _shift(x, y)
    return x + shift_x, y + shift_y


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shift GCJ-02 longitudes and latitudes back to WGS84.

    The inverse is found by fixed-point iteration, to well below a millimetre.

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
    x, y = _pair(lon, lat)
    guess_x, guess_y = x, y
    for _ in range(6):  # each step gains about three digits
        shift_x, shift_y = _shift(guess_x, guess_y)
        guess_x, guess_y = x - shift_x, y - shift_y
    return guess_x, guess_y


def _pair(lon: ArrayLike, lat: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    if x.shape != y.shape:
        message = f"lon and lat must have the same shape, not {x.shape} and {y.shape}"
        raise InputError(message)
    return x, y


def _shift(
    lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute the GCJ-02 shift in degrees; zero outside China."""
    x, y = lon - 105.0, lat - 35.0
    wave = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    root = np.sqrt(np.abs(x))
    north = (
        -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
        + (wave + 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi / 3.0 * y)) * 2.0 / 3.0
        + (160.0 * np.sin(np.pi / 12.0 * y) + 320.0 * np.sin(np.pi / 30.0 * y)) * 2.0 / 3.0
    )  # fmt: skip
    east = (
        300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
        + (wave + 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi / 3.0 * x)) * 2.0 / 3.0
        + (150.0 * np.sin(np.pi / 12.0 * x) + 300.0 * np.sin(np.pi / 30.0 * x)) * 2.0 / 3.0
    )  # fmt: skip
    phi = np.radians(lat)
    curve = 1.0 - _ECCENTRICITY_2 * np.sin(phi) ** 2
    meridian_m = _SEMI_MAJOR_M * (1.0 - _ECCENTRICITY_2) / (curve * np.sqrt(curve))
    parallel_m = _SEMI_MAJOR_M / np.sqrt(curve) * np.cos(phi)
    inside = (lon > _WEST) & (lon < _EAST) & (lat > _SOUTH) & (lat < _NORTH)
    shift_x = np.where(inside, np.degrees(east / parallel_m), 0.0)
    shift_y = np.where(inside, np.degrees(north / meridian_m), 0.0)
    return shift_x, shift_y
