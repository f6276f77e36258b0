"""Are positions shifted? Told by how far they lie from ground that is known, as given and put back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import shapely

from zjk_gis.crs import CGCS2000, convert_crs
from zjk_gis.layers.datums import shift

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


__all__ = ["DATUMS", "FARTHEST_M", "NOISE_M", "ShiftTest", "shift_test", "to_ground"]

ShiftDatum = Literal["wgs84", "gcj02", "bd09"]

DATUMS: tuple[ShiftDatum, ...] = ("wgs84", "gcj02", "bd09")

FARTHEST_M = 1000.0  # what lies farther off counts no more than this: it tells nothing of a shift
NOISE_M = 5.0  # positions, roads and boundaries are not better than this


@dataclass(frozen=True, slots=True)
class ShiftTest:
    """How far points lie from known ground if they are taken to be in each datum.

    Attributes
    ----------
    points : int
    median_m : dict of str to float
    mean_m : dict of str to float
        With distances cut off at 1,000 m.
    nearest : dict of str to int
        How many of the points are nearest in this datum.
    """

    points: int
    median_m: dict[ShiftDatum, float]
    mean_m: dict[ShiftDatum, float]
    nearest: dict[ShiftDatum, int]

    @property
    def best(self) -> ShiftDatum:
        """The datum in which they lie nearest."""
        return min(DATUMS, key=lambda datum: (self.mean_m[datum], DATUMS.index(datum)))

    @property
    def odds(self) -> dict[ShiftDatum, float]:
        """How much the distances speak for each datum; the three together are 1."""
        weights = {datum: (self.mean_m[datum] + NOISE_M) ** -2 for datum in DATUMS}
        total = sum(weights.values())
        return {datum: weight / total for datum, weight in weights.items()}


def shift_test(
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    distance_m: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
) -> ShiftTest:
    """Measure how far points lie from known ground as given, and put back from GCJ-02 and from BD-09.

    Parameters
    ----------
    lon, lat : ndarray of float64
        Degrees of at least one point.
    distance_m : callable
        Takes longitudes and latitudes on the ground and returns distances in metres.

    Returns
    -------
    ShiftTest

    Examples
    --------
    >>> from zjk_gis.datum import wgs84_to_gcj02
    >>> lon, lat = wgs84_to_gcj02(np.full(5, 114.88), np.linspace(40.8, 40.9, 5))
    >>> shift_test(lon, lat, lambda x, y: abs(x - 114.88) * 84360).best  # a road that runs north
    'gcj02'
    """
    distances = np.stack([distance_m(*shift(lon, lat, source=datum, target="wgs84")) for datum in DATUMS])
    closest = np.bincount(distances.argmin(axis=0), minlength=len(DATUMS))
    medians, means = np.median(distances, axis=1), np.minimum(distances, FARTHEST_M).mean(axis=1)
    return ShiftTest(
        len(lon),
        dict(zip(DATUMS, medians.tolist(), strict=True)),
        dict(zip(DATUMS, means.tolist(), strict=True)),
        dict(zip(DATUMS, closest.tolist(), strict=True)),
    )


def to_ground(lon: NDArray[np.float64], lat: NDArray[np.float64], crs: Any) -> NDArray[np.object_]:
    """Make points of degrees on the ground in the CRS of a layer they are compared with."""
    points = gpd.GeoSeries(shapely.points(lon, lat), crs=CGCS2000)
    made: NDArray[np.object_] = convert_crs(points, crs, name="points").to_numpy()
    return made
