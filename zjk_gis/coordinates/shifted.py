"""Are positions shifted? Told by how far they lie from ground that is known, as given and put back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shapely
from pyproj import CRS, Transformer

from zjk_gis.coordinates.datums import shift
from zjk_gis.crs import CGCS2000, require_same_datum

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


__all__ = ["DATUMS", "FARTHEST_M", "NOISE_M", "ShiftTest", "shift_test", "to_ground"]

ShiftDatum = Literal["wgs84", "gcj02", "bd09"]

DATUMS: tuple[ShiftDatum, ...] = ("wgs84", "gcj02", "bd09")

FARTHEST_M = 1000.0  # what lies farther off counts no more than this: it tells nothing of a shift
NOISE_M = 5.0  # positions, roads and boundaries are not better than this
_CLEAR, _NEAR_M = 0.75, 200.0
_MORE_INSIDE, _MORE_POINTS = 0.05, 10
_STRAY = 0.01  # so many lie outside areas although their datum is right


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
    inside : dict of str to float
        The share of the points within 5 m of the ground, which for areas means in them.
    is_areal : bool
        Whether the ground is areas. Most points lie in them whatever the datum, so that distances of 0 tell
        nothing: what does is how many lie outside.
    """

    points: int
    median_m: dict[ShiftDatum, float]
    mean_m: dict[ShiftDatum, float]
    nearest: dict[ShiftDatum, int]
    inside: dict[ShiftDatum, float]
    is_areal: bool = False

    @property
    def best(self) -> ShiftDatum:
        """The datum in which they lie nearest, or in which most lie inside."""
        inside = self.inside if self.is_areal else dict.fromkeys(DATUMS, 0.0)
        return min(DATUMS, key=lambda each: (-inside[each], self.mean_m[each], DATUMS.index(each)))

    @property
    def odds(self) -> dict[ShiftDatum, float]:
        """How much the distances, or the shares outside, speak for each datum; the three together are 1."""
        weights = {datum: (self.mean_m[datum] + NOISE_M) ** -2 for datum in DATUMS}
        if self.is_areal:
            weights = {datum: (1 - self.inside[datum] + _STRAY) ** -2 for datum in DATUMS}
        total = sum(weights.values())
        return {datum: weight / total for datum, weight in weights.items()}

    @property
    def is_clear(self) -> bool:
        """Whether the best datum is clearly better than the other two.

        It has three quarters of what speaks for the three, which is about twice as near as in the second
        best, and a mean of at most 200 m; of areas, at least 5 % of the points more lie inside, and 10.
        """
        if self.odds[self.best] < _CLEAR or self.mean_m[self.best] > _NEAR_M:
            return False
        second = max(share for datum, share in self.inside.items() if datum != self.best)
        more = self.inside[self.best] - second
        return not self.is_areal or (more >= _MORE_INSIDE and more * self.points >= _MORE_POINTS)


def shift_test(
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    distance_m: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
    *,
    is_areal: bool = False,
) -> ShiftTest:
    """Measure how far points lie from known ground as given, and put back from GCJ-02 and from BD-09.

    Parameters
    ----------
    lon, lat : ndarray of float64
        Degrees of at least one point.
    distance_m : callable
        Takes longitudes and latitudes on the ground and returns distances in metres.
    is_areal : bool, default False
        Whether the distances are from areas, 0 in them.

    Returns
    -------
    ShiftTest

    Examples
    --------
    >>> from zjk_gis.crs.datum import wgs84_to_gcj02
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
        dict(zip(DATUMS, (distances <= NOISE_M).mean(axis=1).tolist(), strict=True)),
        is_areal,
    )


def to_ground(lon: NDArray[np.float64], lat: NDArray[np.float64], crs: Any) -> NDArray[np.object_]:
    """Make points of degrees on the ground in the CRS of a layer they are compared with."""
    wanted = CRS.from_user_input(crs)
    require_same_datum(CRS.from_epsg(CGCS2000), wanted, "points")
    x, y = Transformer.from_crs(CGCS2000, wanted, always_xy=True).transform(lon, lat)
    made: NDArray[np.object_] = np.asarray(shapely.points(x, y), dtype=object)
    return made
