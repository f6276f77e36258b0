"""The constant shift under which points come nearest to the zones that they are said to be in."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["best_shift", "spread_sample"]

_FARTHEST_M = (
    1500.0  # what lies further off counts no more than this: it is recorded elsewhere for other reasons
)
_STEPS_M = (256.0, 64.0, 16.0, 4.0, 1.0, 0.25)
_CENTRING_M = (16.0, 4.0, 1.0, 0.25)
_AROUND = [(e, n) for e, n in itertools.product((-1, 0, 1), repeat=2) if (e, n) != (0, 0)]
_LEVEL_M = 1e-6  # mean distances that differ by less are equal


def best_shift(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    shapes: NDArray[Any],
    weight: NDArray[np.float64],
    *,
    seeds: Sequence[tuple[float, float]] = (),
) -> tuple[float, float]:
    """Find what is to be added to points so that they come nearest to their zones.

    Where a whole range of shifts does equally well, its middle is returned.

    Parameters
    ----------
    x, y : ndarray of float64
        n points.
    shapes : ndarray of Polygon and MultiPolygon
        The zone of each.
    weight : ndarray of float64
        How much each counts.
    seeds : sequence of (float, float)
        Shifts to begin the search with, beside none at all.

    Returns
    -------
    east, north : float

    Examples
    --------
    Four points, each 3 m too far to the east to be in its zone of 1 m:

    >>> corners = np.array([0.0, 20.0, 40.0, 60.0])
    >>> zones = shapely.box(corners, corners, corners + 1, corners + 1)
    >>> best_shift(corners + 3.5, corners + 0.5, zones, np.ones(4))
    (-3.0, 0.0)
    """
    known: dict[tuple[float, float], float] = {}

    def cost(shift: tuple[float, float]) -> float:
        if shift not in known:
            distance = shapely.distance(shapes, shapely.points(x + shift[0], y + shift[1]))
            known[shift] = float(np.average(np.minimum(distance, _FARTHEST_M), weights=weight))
        return known[shift]

    starts = [(0.0, 0.0), *((round(east, 2), round(north, 2)) for east, north in seeds)]
    best = min((_descended(cost, start) for start in starts), key=lambda shift: (cost(shift), *shift))
    for step in _CENTRING_M:
        grid = [
            (best[0] + step * east, best[1] + step * north)
            for east, north in itertools.product(range(-4, 5), repeat=2)
        ]
        least = min(cost(shift) for shift in grid)
        level = np.array([shift for shift in grid if cost(shift) <= least + _LEVEL_M])
        east, north = np.round(level.mean(axis=0), 3).tolist()
        # The middle of a bent range may be worse than its rim.
        middle = (east, north)
        best = middle if cost(middle) <= least + _LEVEL_M else min(map(tuple, level.tolist()))
    return float(best[0]) + 0.0, float(best[1]) + 0.0


def _descended(cost: Any, start: tuple[float, float]) -> tuple[float, float]:
    """Go where it is better, in ever smaller steps."""
    best = start
    for step in _STEPS_M:
        while True:
            around = [(best[0] + step * east, best[1] + step * north) for east, north in _AROUND]
            better = min(around, key=lambda shift: (cost(shift), shift))
            if cost(better) >= cost(best) - _LEVEL_M:
                break
            best = better
    return best


def spread_sample(x: NDArray[np.float64], y: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    """Pick at most so many points, the same whatever their order: every so-manieth from west to east."""
    order = np.lexsort((y, x))
    if len(order) <= most:
        return order
    return order[np.linspace(0, len(order) - 1, most).astype(np.intp)]
