"""The distance from a point to a segment: one formula, bit for bit the same in compiled code and here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["segment_distances"]


def segment_distances(
    px: NDArray[np.float64],
    py: NDArray[np.float64],
    ax: NDArray[np.float64],
    ay: NDArray[np.float64],
    bx: NDArray[np.float64],
    by: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the distance of each point from its segment.

    A segment that two zones share is drawn the other way round by each: its ends are put in one order
    first, so that both are equally far to the last bit.

    Examples
    --------
    >>> segment_distances(*(np.array([value]) for value in (5.0, 3.0, 0.0, 0.0, 10.0, 0.0))).tolist()
    [3.0]
    """
    turned = (ax > bx) | ((ax == bx) & (ay > by))
    ax, bx = np.where(turned, bx, ax), np.where(turned, ax, bx)
    ay, by = np.where(turned, by, ay), np.where(turned, ay, by)
    dx, dy = bx - ax, by - ay
    length2 = dx * dx + dy * dy
    along = (px - ax) * dx + (py - ay) * dy
    to_a = np.sqrt((px - ax) * (px - ax) + (py - ay) * (py - ay))
    to_b = np.sqrt((px - bx) * (px - bx) + (py - by) * (py - by))
    across = np.abs((ay - py) * dx - (ax - px) * dy) / np.sqrt(np.where(length2 > 0, length2, 1.0))
    return np.where(along <= 0, to_a, np.where(along >= length2, to_b, across))
