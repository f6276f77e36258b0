"""On which side of an edge a point lies: exactly.

In plain double precision the sign of the orientation determinant can be wrong for a point next to an edge. A
filter accepts the sign where it exceeds a proven bound of the rounding error (Shewchuk 1997, *Adaptive
precision floating-point arithmetic and fast robust geometric predicates*); the few other cases are summed
without any error, as expansions of doubles that do not overlap.

Expansions are exact as long as no product leaves the range of doubles. Where one would, the answer is
`UNKNOWN`, and `zjk_gis.engine.rational` decides with integers of any length.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zjk_gis.engine.compiled import compiled, inner, lean

__all__ = ["UNKNOWN", "greater", "lesser", "orient"]

UNKNOWN = 2

_BOUND = (3.0 + 16.0 * 2.0**-53) * 2.0**-53
_LEAST, _GREATEST = 1e-270, 1e270  # products between these lose nothing, nor do their parts
_SPLITTER = 2.0**27 + 1.0


@lean
def lesser(a: float, b: float) -> float:
    """Return the lesser of two numbers, ten times as fast as ``min``, which minds what is not a number."""
    return a if a < b else b  # noqa: FURB136


@lean
def greater(a: float, b: float) -> float:
    """Return the greater of two numbers; see `lesser`."""
    return a if a > b else b  # noqa: FURB136


@lean
def orient(ax: float, ay: float, bx: float, by: float, cx: float, cy: float) -> int:
    """Return 1 if c lies to the left of the line from a to b, -1 to the right, 0 on it, or `UNKNOWN`."""
    left = (ax - cx) * (by - cy)
    right = (ay - cy) * (bx - cx)
    det = left - right
    bound = _BOUND * (abs(left) + abs(right)) + _LEAST
    if det > bound:
        return 1
    if -det > bound:
        return -1
    return _orient_exactly(ax, ay, bx, by, cx, cy)


@compiled
def _orient_exactly(ax: float, ay: float, bx: float, by: float, cx: float, cy: float) -> int:
    """Sum ax*by - ax*cy - cx*by - ay*bx + ay*cx + cy*bx without rounding."""
    total = np.empty(12)
    size: Any = np.int64(0)
    for term in range(6):
        if term == 0:
            p, q = ax, by
        elif term == 1:
            p, q = -ax, cy
        elif term == 2:
            p, q = -cx, by
        elif term == 3:
            p, q = -ay, bx
        elif term == 4:
            p, q = ay, cx
        else:
            p, q = cy, bx
        if p == 0.0 or q == 0.0:
            continue
        high = p * q
        if not (_LEAST < abs(high) < _GREATEST and abs(p) < _GREATEST and abs(q) < _GREATEST):
            return UNKNOWN
        size = _add(total, size, _error_of_product(p, q, high))
        size = _add(total, size, high)
    for k in range(size - 1, -1, -1):  # the last part that is not 0 outweighs all before it
        if total[k] > 0.0:
            return 1
        if total[k] < 0.0:
            return -1
    return 0


@inner
def _error_of_product(p: float, q: float, product: float) -> float:
    """Return exactly what rounding took from p * q (Dekker)."""
    c = _SPLITTER * p
    p_high = c - (c - p)
    p_low = p - p_high
    c = _SPLITTER * q
    q_high = c - (c - q)
    q_low = q - q_high
    error: float = p_low * q_low - (((product - p_high * q_high) - p_low * q_high) - p_high * q_low)
    return error


@lean
def _add(total: np.ndarray, size: int, value: float) -> int:
    """Add a number to an expansion, exactly; return the new length."""
    for k in range(size):
        part = total[k]
        s = value + part
        virtual = s - value
        total[k] = (value - (s - virtual)) + (part - virtual)
        value = s
    total[size] = value
    return size + 1
