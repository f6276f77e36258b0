"""Small questions, answered without compiled code: it would take longer to load than to do without.

The answers are those of the compiled grid, bit for bit. Bounding boxes narrow the search (STRtree); then a
ray is cast against the edges level with the point, by the exact sign of `zjk_gis.engine.signs`. GEOS's own
predicates are not used: they reckon in pairs of doubles, and for coordinates of very different size (a
vertex at cos(90°) = 6e-17 beside one at 3) these are not exact. Distances are taken by the one formula of
`zjk_gis.engine.distance`.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.engine.arrays import expand
from zjk_gis.engine.distance import segment_distances
from zjk_gis.engine.signs import orientations

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.engine.shapes import Rings

__all__ = ["SmallAnswers"]

# GEOS may round a distance otherwise in its last bits: it is asked for a little more.
_MORE = 1.0 + 1e-9
_LEAST = 1e-150  # distances below it are 0: their squares are
_AT_ONCE = 2_000_000  # edges, so that a few long borders do not fill the memory


class SmallAnswers:
    """Which polygons hold a point, and which borders are near it."""

    def __init__(self, polygons: NDArray[Any], rings: Rings) -> None:
        self._rings = rings
        self._areas = shapely.STRtree(polygons)
        self._borders: shapely.STRtree | None = None
        self._polygons = polygons
        self._order, self._first = rings.of_zones()
        lengths = np.diff(rings.starts) - 1
        self._edges_of = np.bincount(rings.zone, weights=lengths, minlength=rings.n_zones).astype(np.int64)

    def cost(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> int:
        """Return how many edges `cover` will look at."""
        return int(self._edges_of[self._boxes(x, y)[1]].sum())

    def cover(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
        """Return (point, zone, only touches) for every zone that contains or touches a point, sorted."""
        point, zone = self._boxes(x, y)
        inside, touches = np.zeros(len(point), np.bool_), np.zeros(len(point), np.bool_)
        for part in self._portions(zone):
            inside[part], touches[part] = self._cast_rays(x[point[part]], y[point[part]], zone[part])
        held = inside | touches
        return point[held], zone[held], touches[held]

    def _boxes(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the pairs of a point and a zone whose bounding box holds it, sorted."""
        size = max(self._rings.n_zones, 1)
        point, zone = np.divmod(_keys(self._areas.query(_points(x, y)), size), size)
        return point, zone

    def _portions(self, zone: NDArray[np.int64]) -> list[slice]:
        """Cut pairs into portions that together have not too many edges."""
        total = np.cumsum(self._edges_of[zone])
        cuts = np.searchsorted(total, np.arange(_AT_ONCE, total[-1], _AT_ONCE)).tolist() if len(zone) else []
        ends = sorted({0, *cuts, len(zone)})
        return [slice(start, stop) for start, stop in itertools.pairwise(ends)]

    def _edges(self, zone: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (pair, first vertex) for all edges of some zones."""
        rings = self._rings
        n_rings = self._first[zone + 1] - self._first[zone]
        ring = self._order[expand(self._first[zone], n_rings)]
        n_edges = rings.starts[ring + 1] - rings.starts[ring] - 1
        pair = np.repeat(np.repeat(np.arange(len(zone)), n_rings), n_edges)
        return pair, expand(rings.starts[ring], n_edges)

    def _cast_rays(
        self, x: NDArray[np.float64], y: NDArray[np.float64], zone: NDArray[np.int64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Tell for each pair whether the zone strictly contains the point, and whether it touches it."""
        pair, edge = self._edges(zone)
        ay, by, py = self._rings.coords[edge, 1], self._rings.coords[edge + 1, 1], y[pair]
        level = (np.minimum(ay, by) <= py) & (py <= np.maximum(ay, by))
        pair, edge, ay, by, py = pair[level], edge[level], ay[level], by[level], py[level]
        ax, bx, px = self._rings.coords[edge, 0], self._rings.coords[edge + 1, 0], x[pair]
        side = orientations(ax, ay, bx, by, px, py)
        on_edge = (side == 0) & (np.minimum(ax, bx) <= px) & (px <= np.maximum(ax, bx))
        crossed = ((ay > py) != (by > py)) & ((side > 0) == (by > ay))
        touches = np.bincount(pair[on_edge], minlength=len(zone)) > 0
        odd = np.bincount(pair[crossed], minlength=len(zone)) % 2 == 1
        return odd & ~touches, touches

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
            max_distance=None if np.isinf(within) else within * _MORE + _LEAST,
            return_distance=True,
            all_matches=False,
        )
        asked = usable[first]
        pairs = self._border_tree().query(points[asked], predicate="dwithin", distance=least * _MORE + _LEAST)
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
        distance = np.full(len(zone), np.inf)
        for part in self._portions(zone):
            pair, edge = self._edges(zone[part])
            a, b = self._rings.coords[edge], self._rings.coords[edge + 1]
            each = segment_distances(x[part][pair], y[part][pair], a[:, 0], a[:, 1], b[:, 0], b[:, 1])
            np.minimum.at(distance[part], pair, each)
        return distance


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
