"""Which shapes of two sets lie on common ground: how a gap is known again whose shape and code changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CommonGround", "common_ground"]

_LEAST = 0.5  # of the smaller shape


@dataclass(frozen=True, slots=True)
class CommonGround:
    """Pairs of shapes that meet.

    Attributes
    ----------
    one, other : ndarray of int64
        Their places in the two sets.
    common, together : ndarray of float64
        What both cover, and what they cover together, in the square of the coordinates' unit.
    is_same : ndarray of bool
        Whether at least half of the smaller one is common ground.
    """

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    common: NDArray[np.float64]
    together: NDArray[np.float64]
    is_same: NDArray[np.bool_]


def common_ground(shapes: NDArray[Any], others: NDArray[Any]) -> CommonGround:
    """Find the pairs of two sets of shapes that meet, and how much ground they have in common.

    Examples
    --------
    >>> from shapely import box
    >>> met = common_ground(np.array([box(0, 0, 4, 1)]), np.array([box(0, 0, 1, 1), box(3.6, 0, 9, 1)]))
    >>> met.other.tolist(), met.common.round(3).tolist(), met.is_same.tolist()
    ([0, 1], [1.0, 0.4], [True, False])
    """
    one, other = shapely.STRtree(others).query(shapes, predicate="intersects")
    common = shapely.area(shapely.intersection(shapes[one], others[other]))
    first, second = shapely.area(shapes[one]), shapely.area(others[other])
    return CommonGround(
        one, other, common, first + second - common, common >= _LEAST * np.minimum(first, second)
    )
