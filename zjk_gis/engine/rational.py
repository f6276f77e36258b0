"""Point location in exact rational arithmetic: for the few coordinates that doubles cannot reason about.

Products of coordinates such as 1e-200 or 1e+200 leave the range of doubles, so neither the compiled grid nor
GEOS can be sure of a sign. Here they are integers of any length: slow, and always right.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.engine.shapes import Rings

__all__ = ["is_extreme", "zones_of_point"]

# The squares of what lies between, and what rounding takes from them, are doubles still.
_LEAST, _GREATEST = 1e-120, 1e120


def is_extreme(*coordinates: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which rows of coordinates have one whose products may leave the range of doubles."""
    extreme = np.zeros(coordinates[0].shape[0], dtype=np.bool_)
    for values in coordinates:
        size = np.abs(values)
        extreme |= ((size > 0) & (size < _LEAST)) | (size > _GREATEST)
    return extreme


def zones_of_point(rings: Rings, x: float, y: float) -> list[tuple[int, bool]]:
    """Return the zones that contain or touch a point, ascending, and whether it only touches each.

    Examples
    --------
    >>> import shapely
    >>> from zjk_gis.engine.shapes import Rings
    >>> tiny = shapely.Polygon([(0, 0), (4e-300, 0), (0, 4e-300)])
    >>> zones_of_point(Rings.of(np.array([tiny])), 1e-300, 1e-300)
    [(0, False)]
    >>> zones_of_point(Rings.of(np.array([tiny])), 2e-300, 2e-300)
    [(0, True)]
    """
    if not (np.isfinite(x) and np.isfinite(y)):
        return []
    near = (rings.low[:, 0] <= x) & (x <= rings.high[:, 0]) & (rings.low[:, 1] <= y) & (y <= rings.high[:, 1])
    px, py = Fraction(x), Fraction(y)
    odd: dict[int, bool] = {}
    touched: set[int] = set()
    for r in np.flatnonzero(near).tolist():
        zone = int(rings.zone[r])
        ring = rings.coords[rings.starts[r] : rings.starts[r + 1]]
        a, b = ring[:-1], ring[1:]
        level = (np.minimum(a[:, 1], b[:, 1]) <= y) & (y <= np.maximum(a[:, 1], b[:, 1]))
        for edge in np.hstack([a, b])[level].tolist():
            ax, ay, bx, by = map(Fraction, edge)
            side = (ax - px) * (by - py) - (ay - py) * (bx - px)
            if side == 0 and min(ax, bx) <= px <= max(ax, bx) and min(ay, by) <= py <= max(ay, by):
                touched.add(zone)
            elif (ay > py) != (by > py) and (side > 0) == (by > ay):
                odd[zone] = not odd.get(zone, False)
    inside = {zone for zone, is_odd in odd.items() if is_odd} - touched
    return [(zone, zone in touched) for zone in sorted(inside | touched)]
