"""Small questions, answered through GEOS: no compiled code is loaded for a thousand points.

The answers are those of the compiled grid, bit for bit: the predicates of GEOS are exact, and distances are
taken by the one formula of `zjk_gis.engine.distance`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.engine.arrays import expand
from zjk_gis.engine.distance import segment_distances
from zjk_gis.engine.rational import is_extreme, zones_of_point

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.engine.shapes import Rings

__all__ = ["GeosAnswers"]

# GEOS may round a distance otherwise in its last bits: it is asked for a little more.
_MORE = 1.0 + 1e-9


class GeosAnswers:
    """Which polygons hold a point, and which borders are near it, by STRtree and exact predicates."""

    def __init__(self, polygons: NDArray[Any], rings: Rings) -> None:
        self._rings = rings
        self._areas = shapely.STRtree(polygons)
        self._borders: shapely.STRtree | None = None
        self._polygons = polygons
        self._order, self._first = rings.of_zones()

    def cover(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
        """Return (point, zone, only touches) for every zone that contains or touches a point, sorted."""
        points = _points(x, y)
        size = max(self._rings.n_zones, 1)
        covering = _keys(self._areas.query(points, predicate="intersects"), size)
        strict = _keys(self._areas.query(points, predicate="within"), size)
        touches = ~np.isin(covering, strict, assume_unique=True)
        point, zone = np.divmod(covering, size)
        extreme = np.flatnonzero(is_extreme(x, y))
        if len(extreme):
            keep = ~np.isin(point, extreme)
            exact = [(i, z, t) for i in extreme.tolist() for z, t in zones_of_point(self._rings, x[i], y[i])]
            more = np.array(exact, dtype=np.int64).reshape(-1, 3)
            point = np.concatenate([point[keep], more[:, 0]])
            zone = np.concatenate([zone[keep], more[:, 1]])
            touches = np.concatenate([touches[keep], more[:, 2].astype(np.bool_)])
            order = np.lexsort((zone, point))
            point, zone, touches = point[order], zone[order], touches[order]
        return point, zone, touches

    def borders(
        self, x: NDArray[np.float64], y: NDArray[np.float64], within: float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Return (point, zone, distance) for every border within a distance of a point, sorted."""
        found = self._border_tree().query(_points(x, y), predicate="dwithin", distance=within * _MORE)
        size = max(self._rings.n_zones, 1)
        point, zone = np.divmod(_keys(found, size), size)
        distance = self._distances(x[point], y[point], zone)
        near = distance <= within
        return point[near], zone[near], distance[near]

    def nearest(
        self, x: NDArray[np.float64], y: NDArray[np.float64], within: float, rank: NDArray[np.int64]
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Return the zone whose border is nearest to each point, and how far; -1 and NaN if there is none."""
        points = _points(x, y)
        usable = np.flatnonzero(~shapely.is_missing(points))
        (first, _), least = self._border_tree().query_nearest(
            points[usable],
            max_distance=None if np.isinf(within) else max(within * _MORE, 5e-324),
            return_distance=True,
            all_matches=False,
        )
        asked = usable[first]
        pairs = self._border_tree().query(points[asked], predicate="dwithin", distance=least * _MORE)
        point, zone = asked[pairs[0]], pairs[1]
        distance = self._distances(x[point], y[point], zone)
        order = np.lexsort((rank[zone], distance, point))
        point, zone, distance = point[order], zone[order], distance[order]
        leads = np.concatenate([np.ones(min(len(point), 1), np.bool_), point[1:] != point[:-1]])
        leads &= distance <= within
        row, nearest = np.full(len(x), -1, np.int32), np.full(len(x), np.nan)
        row[point[leads]], nearest[point[leads]] = zone[leads], distance[leads]
        return row, nearest

    def _border_tree(self) -> shapely.STRtree:
        if self._borders is None:
            self._borders = shapely.STRtree(shapely.boundary(self._polygons))
        return self._borders

    def _distances(
        self, x: NDArray[np.float64], y: NDArray[np.float64], zone: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the distance of each point from the border of its zone."""
        distance = np.empty(len(zone))
        for start in range(0, len(zone), 4096):  # so that a few long borders do not fill the memory
            part = slice(start, start + 4096)
            distance[part] = self._distances_of_part(x[part], y[part], zone[part])
        return distance

    def _distances_of_part(
        self, x: NDArray[np.float64], y: NDArray[np.float64], zone: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        rings, coords = self._rings, self._rings.coords
        n_rings = self._first[zone + 1] - self._first[zone]
        ring = self._order[expand(self._first[zone], n_rings)]
        pair = np.repeat(np.arange(len(zone)), n_rings)
        n_edges = rings.starts[ring + 1] - rings.starts[ring] - 1
        edge = expand(rings.starts[ring], n_edges)
        pair = np.repeat(pair, n_edges)
        a, b = coords[edge], coords[edge + 1]
        each = segment_distances(x[pair], y[pair], a[:, 0], a[:, 1], b[:, 0], b[:, 1])
        least = np.full(len(zone), np.inf)
        np.minimum.at(least, pair, each)
        return least


def _points(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[Any]:
    """Turn coordinates into points; a coordinate that is not finite gives no point and so no answer."""
    usable = np.isfinite(x) & np.isfinite(y)
    points = np.full(x.shape, None, dtype=object)
    points[usable] = shapely.points(x[usable], y[usable])
    return points


def _keys(pairs: NDArray[Any], size: int) -> NDArray[np.int64]:
    """Fold pairs into sorted single numbers, so that sets of pairs are sets of numbers."""
    point, zone = pairs.astype(np.int64)
    return np.sort(point * size + zone)
