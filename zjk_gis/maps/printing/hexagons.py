"""Many points on paper: hexagons with the count of what lies in each, as `cells.js` draws on a screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from zjk_gis.maps.classes import count_breaks
from zjk_gis.maps.style import DENSITY

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
    >>> found = count_in_hexagons(np.array([[0.0, 0.0], [40.0, 0.0], [100.0, 0.0]]), 25.0)
    >>> found.width, found.counts.tolist(), shapely.area(found.shapes).round().tolist()
    (100.0, [2, 1], [8660.0, 8660.0])
    """
    width = _round_up(_LEAST_MM * metres_a_millimetre)
    side = width / np.sqrt(3)
    # Of the two nearest rows of centres the nearer centre; odd rows are shifted by half a hexagon.
    rows = np.floor(coords[:, 1] / (1.5 * side))[:, None] + [0, 1]
    shift = np.where(rows % 2 == 1, 0.5, 0.0)
    columns = np.rint(coords[:, :1] / width - shift)
    apart = np.hypot(coords[:, :1] - (columns + shift) * width, coords[:, 1:] - rows * 1.5 * side)
    nearer = np.arange(len(coords)), apart.argmin(axis=1)
    cells = np.column_stack([columns[nearer], rows[nearer]])
    found, counts = np.unique(cells, axis=0, return_counts=True)
    centres = np.column_stack([(found[:, 0] + np.where(found[:, 1] % 2 == 1, 0.5, 0.0)) * width,
                               found[:, 1] * 1.5 * side])  # fmt: skip
    turns = np.radians(np.arange(30, 390, 60))
    corners = centres[:, None, :] + side * np.column_stack([np.cos(turns), np.sin(turns)])
    return Hexagons(width, shapely.polygons(corners), counts)


def _round_up(length: float) -> float:
    power = 10.0 ** np.floor(np.log10(length))
    return float(power * next(step for step in _ROUND if step * power >= length * (1 - 1e-9)))
