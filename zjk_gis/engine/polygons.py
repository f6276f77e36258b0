"""Point location in polygons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.engine.pairs import Pairs, make_points, near_pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Contacts", "PolygonIndex"]


@dataclass(frozen=True, slots=True)
class Contacts(Pairs):
    """Points and the polygons that contain them or lie at them.

    Attributes
    ----------
    inside : ndarray of bool
        Whether the point lies strictly inside the polygon.
    at_border : ndarray of bool
        Whether the point lies on the polygon's border, or within the tolerance of it.
    """

    inside: NDArray[np.bool_]
    at_border: NDArray[np.bool_]


class PolygonIndex:
    """An immutable point-location index over polygons.

    Parameters
    ----------
    polygons : ndarray of shapely geometries
        Valid polygons or multipolygons; they may overlap, nest and leave gaps.

    Examples
    --------
    Two squares side by side, and a point in each, on their common border, and far away:

    >>> import numpy as np, shapely
    >>> squares = np.array([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)])
    >>> index = PolygonIndex(squares)
    >>> found = index.contacts(np.array([5.0, 15.0, 10.0, 99.0]), np.array([5.0, 5.0, 5.0, 5.0]))
    >>> found.point.tolist(), found.item.tolist(), found.inside.tolist()
    ([0, 1, 2, 2], [0, 1, 0, 1], [True, True, False, False])
    """

    def __init__(self, polygons: NDArray[Any]) -> None:
        self._polygons = polygons
        self._areas = shapely.STRtree(polygons)
        self._borders: shapely.STRtree | None = None

    def contacts(
        self, x: NDArray[np.float64], y: NDArray[np.float64], *, border_within: float = 0.0
    ) -> Contacts:
        """Find the polygons that contain each point or whose border is near it.

        Parameters
        ----------
        x, y : ndarray of float64
            n coordinates; a point that is not finite is in no polygon.
        border_within : float, default 0.0
            How near to a border counts as on it. At 0 only points exactly on a border do.

        Returns
        -------
        Contacts
        """
        points = make_points(x, y)
        covering = self._keys(self._areas.query(points, predicate="intersects"))
        strict = self._keys(self._areas.query(points, predicate="within"))
        touching = np.setdiff1d(covering, strict, assume_unique=True)
        if border_within > 0:
            if self._borders is None:
                self._borders = shapely.STRtree(shapely.boundary(self._polygons))
            near = self._borders.query(points, predicate="dwithin", distance=border_within)
            touching = np.union1d(touching, self._keys(near))
        keys = np.union1d(covering, touching)
        point, item = np.divmod(keys, max(len(self._polygons), 1))
        distance = np.zeros(len(keys))
        outside = ~np.isin(keys, covering, assume_unique=True)
        distance[outside] = shapely.distance(points[point[outside]], self._polygons[item[outside]])
        return Contacts(
            point=point,
            item=item,
            distance=distance,
            inside=np.isin(keys, strict, assume_unique=True),
            at_border=np.isin(keys, touching, assume_unique=True),
        )

    def near(self, x: NDArray[np.float64], y: NDArray[np.float64], *, within: float) -> Pairs:
        """Find the polygons within a distance of each point, and how far each is.

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
        return near_pairs(self._areas, make_points(x, y), within=within)

    def _keys(self, pairs: NDArray[Any]) -> NDArray[np.int64]:
        """Fold pairs into sorted single numbers, so that sets of pairs are sets of numbers."""
        point, item = pairs.astype(np.int64)
        return np.sort(point * max(len(self._polygons), 1) + item)
