"""Where one may step on the road: edges without what lies in a barrier or above it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.engine.lines import LineIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.access.roads.barriers import Barriers

__all__ = ["Stretches"]


@dataclass(frozen=True, slots=True)
class Stretches:
    """Edges without what lies in a barrier or above it, such as the deck of a bridge.

    Attributes
    ----------
    index : LineIndex
        Over the stretches.
    shapes : ndarray of LineString
    edge : ndarray of int64
        The edge of each.
    offset : ndarray of float64
        How far along it the stretch begins.
    """

    index: LineIndex
    shapes: NDArray[Any]
    edge: NDArray[np.int64]
    offset: NDArray[np.float64]

    @classmethod
    def of(cls, lines: NDArray[Any], edge: NDArray[np.int64], barriers: Barriers) -> Stretches:
        """Cut edges where they enter a barrier or cross one."""
        offset = np.zeros(len(lines))
        if len(barriers):
            cut = barriers.off(lines)
            whole = np.array([a is b for a, b in zip(cut, lines, strict=True)], bool)
            pieces, of = shapely.get_parts(cut[~whole], return_index=True)
            solid = shapely.length(pieces) > 0
            pieces, row = pieces[solid], np.flatnonzero(~whole)[of[solid]]
            start = shapely.line_locate_point(lines[row], shapely.get_point(pieces, 0))
            end = shapely.line_locate_point(lines[row], shapely.get_point(pieces, -1))
            turned = end < start
            pieces[turned] = shapely.reverse(pieces[turned])
            edge = np.concatenate([edge[whole], edge[row]])
            offset = np.concatenate([offset[whole], np.minimum(start, end)])
            lines = np.concatenate([lines[whole], pieces])
            order = np.lexsort((offset, edge))
            lines, edge, offset = lines[order], edge[order], offset[order]
        return cls(LineIndex(lines), lines, edge, offset)
