"""Pairs of a point and an item near it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Pairs"]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Points and the items near them, sorted by point and then by item.

    Attributes
    ----------
    point : ndarray of int64
        Positions in the queried coordinates.
    item : ndarray of int64
        Positions in the indexed geometries.
    distance : ndarray of float64
        The distance of each pair, in the units of the coordinates; 0 where the item contains the point.
    """

    point: NDArray[np.int64]
    item: NDArray[np.int64]
    distance: NDArray[np.float64]
