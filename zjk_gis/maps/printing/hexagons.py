"""Many points on paper: hexagons with the count of what lies in each, as `cells.js` draws on a screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.maps.classes import count_breaks
from zjk_gis.maps.style import DENSITY
from zjk_gis.overlay.lattice import Lattice

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

__all__ = ["Hexagons", "count_in_hexagons"]

_LEAST_MM = 3.5  # narrower ones are not told apart on a wall
_ROUND = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True, slots=True)
class Hexagons:
    """Points counted.

    Attributes
    ----------
    width : float
        Of a hexagon from side to side, in metres: a round number.
    shapes : ndarray of Polygon
        Those that hold a point.
    counts : ndarray of int
    """

    width: float
    shapes: NDArray[Any]
    counts: NDArray[np.int64]

    @property
    def breaks(self) -> list[int]:
        """The count at which each class begins."""
        return count_breaks(self.counts, len(DENSITY))

    @property
    def classes(self) -> NDArray[np.int64]:
        """The class of each hexagon."""
        return np.asarray(np.searchsorted(self.breaks, self.counts, side="right") - 1, dtype=np.int64)


def count_in_hexagons(coords: NDArray[np.float64], metres_a_millimetre: float) -> Hexagons:
    """Count points in hexagons of a round width; the lattice is fixed to the ground, whatever the frame.

    Parameters
    ----------
    coords : ndarray of float, shape (n, 2)
        In metres.
    metres_a_millimetre : float
        Of paper: the hexagons are the least wide that can be told apart there.

    Examples
    --------
    >>> import shapely
    >>> found = count_in_hexagons(np.array([[0.0, 0.0], [40.0, 0.0], [100.0, 0.0]]), 25.0)
    >>> found.width, found.counts.tolist(), shapely.area(found.shapes).round().tolist()
    (100.0, [2, 1], [8660.0, 8660.0])
    """
    width = _round_up(_LEAST_MM * metres_a_millimetre)
    lattice = Lattice(width, hexagons=True)
    found, counts = np.unique(lattice.cells_of(coords), axis=0, return_counts=True)
    return Hexagons(width, lattice.shapes(found), counts)


def _round_up(length: float) -> float:
    power = 10.0 ** np.floor(np.log10(length))
    return float(power * next(step for step in _ROUND if step * power >= length * (1 - 1e-9)))
