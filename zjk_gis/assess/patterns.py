"""How a place became hot or cold over time: the seventeen classes of emerging hot spots (时空热点类型)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PATTERNS", "patterns_of"]

_KINDS = (
    "new", "consecutive", "intensifying", "persistent", "diminishing", "oscillating", "sporadic",
    "historical",
)  # fmt: skip
PATTERNS = ("no_pattern", *(f"{kind}_{side}" for side in ("hot", "cold") for kind in _KINDS))


def patterns_of(
    side: NDArray[np.int8], tau: NDArray[np.float64], p_value: NDArray[np.float64], alpha: float
) -> NDArray[np.int8]:
    """Classify places by the steps in which they were hot or cold; of the rules the first that holds counts.

    1. ``new``: hot in the last step, and never before;
    2. ``consecutive``: hot in a run of at least two last steps, never before, in less than 90 % of all;
    3. ``intensifying``: hot in at least 90 % of all steps, the last among them, and z rises significantly;
    4. ``persistent``: the same, and z neither rises nor falls significantly;
    5. ``diminishing``: the same, and z falls significantly;
    6. ``oscillating``: hot in the last step, cold in some step before, hot in less than 90 % of all;
    7. ``sporadic``: hot in some steps, less than 90 % of all, and cold in none;
    8. ``historical``: hot in at least 90 % of all steps, and neither hot nor cold in the last.

    The same of cold, where z that falls intensifies. What fits none is ``no_pattern``.

    Parameters
    ----------
    side : ndarray of int8, shape (steps, n)
        1 where a place was significantly hot, -1 where cold, otherwise 0.
    tau, p_value : ndarray of float64, length n
        The trend of z.
    alpha : float
        At which p a trend is significant.

    Returns
    -------
    ndarray of int8, length n
        Places in `PATTERNS`.

    Notes
    -----
    Definitions as published by Esri (ArcGIS Pro 2.8, How Emerging Hot Spot Analysis works; confidence S). It
    does not say what precedes where two fit, as ``new`` and ``oscillating`` may; nor that ``persistent`` asks
    for the last step, without which ``historical`` could never differ from it. A place that was cold nearly
    always and is hot in the last step is called by what it is now.

    Examples
    --------
    >>> side = np.array([[0] * 11 + [1], [0] + [1] * 11, [-1] * 11 + [0]], dtype=np.int8).T
    >>> found = patterns_of(side, np.array([0.1, 0.9, 0.0]), np.array([0.7, 0.0, 1.0]), 0.05)
    >>> [PATTERNS[each] for each in found]
    ['new_hot', 'intensifying_hot', 'historical_cold']
    """
    answer = np.zeros(side.shape[1], dtype=np.int8)
    for sign, offset in ((1, 1), (-1, 1 + len(_KINDS))):
        own, other = side == sign, (side == -sign).any(axis=0)
        number, is_last = own.sum(axis=0), own[-1]
        is_most = 10 * number >= 9 * len(side)
        run = np.cumprod(own[::-1], axis=0).sum(axis=0)
        only_run = is_last & (number == run)
        rises = (sign * tau > 0) & (p_value <= alpha)
        falls = (sign * tau < 0) & (p_value <= alpha)
        rules = [
            only_run & (run == 1),
            only_run & (run > 1) & ~is_most,
            is_most & is_last & rises,
            is_most & is_last & ~rises & ~falls,
            is_most & is_last & falls,
            is_last & other & ~is_most,
            (number > 0) & ~is_most & ~other,
            is_most & (side[-1] == 0),
        ]
        kind = np.select(rules, range(len(rules)), default=-1)
        answer[kind >= 0] = (kind[kind >= 0] + offset).astype(np.int8)
    return answer
