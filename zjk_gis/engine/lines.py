"""The lines near a point, and the side on which it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.engine.pairs import make_points, near_pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.engine.pairs import Pairs

__all__ = ["LineIndex"]

# Half the length of line over which its direction at the foot of a point is taken.
_STEP = 0.05


class LineIndex:
    """An immutable index over lines.

    Parameters
    ----------
    lines : ndarray of shapely geometries
        Lines or multilines.

    Examples
    --------
    A street that runs east; one point 3 m to its left, one 4 m to its right:

    >>> import numpy as np, shapely
    >>> index = LineIndex(np.array([shapely.LineString([(0, 0), (100, 0)])]))
    >>> x, y = np.array([50.0, 60.0]), np.array([3.0, -4.0])
    >>> found = index.near(x, y, within=10)
    >>> found.distance.tolist(), index.side(x, y, found).tolist()
    ([3.0, 4.0], [1, -1])
    """

    def __init__(self, lines: NDArray[Any]) -> None:
        self._lines = lines
        self._tree = shapely.STRtree(lines)

    def near(self, x: NDArray[np.float64], y: NDArray[np.float64], *, within: float) -> Pairs:
        """Find the lines within a distance of each point, and how far each is.

        Parameters
        ----------
        x, y : ndarray of float64
            n coordinates.
        within : float
            The greatest distance, inclusive, in the units of the coordinates.

        Returns
        -------
        Pairs
        """
        return near_pairs(self._tree, make_points(x, y), within=within)

    def side(self, x: NDArray[np.float64], y: NDArray[np.float64], pairs: Pairs) -> NDArray[np.int8]:
        """Tell on which side of its line each paired point lies, seen along the line.

        Parameters
        ----------
        x, y : ndarray of float64
            The coordinates that were queried.
        pairs : Pairs
            What `near` returned for them.

        Returns
        -------
        ndarray of int8
            1 left, -1 right, 0 on the line, beyond its end in its own direction, or where the line has
            several parts and so no one direction.
        """
        lines = self._lines[pairs.item]
        px, py = x[pairs.point], y[pairs.point]
        single = shapely.get_num_geometries(lines) == 1
        lines = np.where(single, shapely.get_geometry(lines, 0), lines)
        foot = shapely.line_locate_point(lines, shapely.points(px, py))
        behind = shapely.line_interpolate_point(lines, np.maximum(foot - _STEP, 0.0))
        ahead = shapely.line_interpolate_point(lines, foot + _STEP)
        ax, ay, bx, by = (
            shapely.get_x(behind),
            shapely.get_y(behind),
            shapely.get_x(ahead),
            shapely.get_y(ahead),
        )
        cross = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
        return np.where(single, np.sign(cross), 0).astype(np.int8)
