"""On which side of a segment a point lies: exactly, for arrays, without compiled code.

What `zjk_gis.engine.predicates` is for one point in compiled code. A filter accepts the sign where rounding
cannot have changed it; the few others are decided in rational arithmetic, whatever the size of the numbers.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["is_extreme", "orientations"]

_BOUND = (3.0 + 16.0 * 2.0**-53) * 2.0**-53  # Shewchuk 1997
_TINY = 1e-270
# The squares of what lies between, and what rounding takes from them, are doubles still.
_LEAST, _GREATEST = 1e-120, 1e120


def orientations(
    ax: NDArray[np.float64],
    ay: NDArray[np.float64],
    bx: NDArray[np.float64],
    by: NDArray[np.float64],
    px: NDArray[np.float64],
    py: NDArray[np.float64],
) -> NDArray[np.int8]:
    """Return 1 where p lies to the left of the line from a to b, -1 to the right, 0 on it.

    Examples
    --------
    A point one part in 10^16 off a diagonal, and one on it:

    >>> a, b = np.zeros(2), np.ones(2)
    >>> orientations(a, a, b, b, np.array([0.5, 0.5]), np.array([0.5 + 1e-16, 0.5])).tolist()
    [1, 0]
    """
    with np.errstate(all="ignore"):
        left, right = (ax - px) * (by - py), (ay - py) * (bx - px)
        det = left - right
        sure = np.abs(det) > _BOUND * (np.abs(left) + np.abs(right)) + _TINY
    sign = np.zeros(len(det), np.int8)
    sign[sure] = np.sign(det[sure])
    for i in np.flatnonzero(~sure & np.isfinite(px) & np.isfinite(py)).tolist():
        values = (float(v[i]) for v in (ax, ay, bx, by, px, py))
        a0, a1, b0, b1, x, y = map(Fraction, values)
        exact = (a0 - x) * (b1 - y) - (a1 - y) * (b0 - x)
        sign[i] = (exact > 0) - (exact < 0)
    return sign


def is_extreme(*coordinates: NDArray[np.float64]) -> bool:
    """Tell whether any coordinate is one whose products may leave the range of doubles.

    Examples
    --------
    >>> is_extreme(np.array([0.0, 4.5e6])), is_extreme(np.array([1e-200])), is_extreme(np.array([1e200]))
    (False, True, True)
    """
    for values in coordinates:
        size = np.abs(values)
        if ((size < _LEAST) & (size > 0) | (size > _GREATEST)).any():
            return True
    return False
