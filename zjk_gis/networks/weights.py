"""Weights whose sums come out the same in whatever order they are added.

Sums of floats depend on the order of their terms: with lengths as measured, the part that a bridge cuts off
comes out at 1e-13 instead of 0, with either sign, and two parts of the same length differ in the last digit.
Whole multiples of one power of two are added without rounding as long as the sum fits in 53 bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["addable"]

#: Bits of a sum: one of the 53 is left for half a weight.
_BITS = 52


def addable(weights: ArrayLike) -> NDArray[np.float64]:
    """Round weights so that sums and differences of them, each taken at most once, are exact.

    Parameters
    ----------
    weights : array_like of float

    Returns
    -------
    ndarray of float64
        Multiples of one power of two, at most 2.3e-16 of the largest possible sum away from what was given:
        for a million pipes of up to a kilometre about a tenth of a micrometre. Given back as they are if one
        is not finite.

    Examples
    --------
    >>> given = np.array([0.1, 0.2, 0.3])
    >>> bool(given.sum() == given[::-1].sum()), bool(addable(given).sum() == addable(given)[::-1].sum())
    (False, True)
    >>> addable([5.0, 1.0]).tolist()
    [5.0, 1.0]
    """
    given = np.ascontiguousarray(weights, np.float64)
    largest = np.abs(given).max(initial=0.0)
    if largest == 0 or not np.isfinite(largest):
        return given
    unit = np.frexp(largest * len(given))[1] - _BITS
    even: NDArray[np.float64] = np.ldexp(np.round(np.ldexp(given, -unit)), unit)
    return even
