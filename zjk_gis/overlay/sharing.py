"""What shapes share with areas: how many points, what length, how much ground. Arrays in, arrays out.

Rows of tables are the business of `zjk_gis.overlay.layers`; every room that asks how much of something lies
in something asks here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.engine import PolygonIndex
from zjk_gis.layers.shapes import point_coordinates

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Shared", "counted_once", "measures", "shared_amounts"]

_ROUNDING = 1e-9  # the share of a shape that a cut leaves where nothing is left


@dataclass(frozen=True, slots=True)
class Shared:
    """Pairs of a shape and an area that share something, sorted by shape and then by area.

    Attributes
    ----------
    shape, area : ndarray of int64
        Positions of the two.
    amount : ndarray of float64
        What they share: 1 for a point, metres of a line, square metres of ground.
    whole : ndarray of bool
        Whether all of the shape lies in the area; a point on its border does.
    """

    shape: NDArray[np.int64]
    area: NDArray[np.int64]
    amount: NDArray[np.float64]
    whole: NDArray[np.bool_]


def measures(shapes: NDArray[Any], dimension: int) -> NDArray[np.float64]:
    """Return what shapes of a dimension amount to: 1 for points, a length, an area.

    Examples
    --------
    >>> measures(shapely.box(0, 0, [2, 3], 1), 2).tolist(), measures(shapely.points([[0, 0]]), 0).tolist()
    ([2.0, 3.0], [1.0])
    """
    if dimension == 0:
        return np.ones(len(shapes))
    return np.asarray((shapely.length if dimension == 1 else shapely.area)(shapes), dtype=np.float64)


def shared_amounts(shapes: NDArray[Any], areas: NDArray[Any]) -> Shared:
    """Find which shapes lie in which areas, and how much of each.

    Parameters
    ----------
    shapes : ndarray of geometries
        Points, lines or polygons, all of one dimension, in metres.
    areas : ndarray of Polygon and MultiPolygon
        Valid ones; they may overlap.

    Returns
    -------
    Shared
        Points on a border are in every area that they touch; what only touches shares nothing and is left
        out.

    Notes
    -----
    A shape that lies in an area as a whole is measured and never cut: of pipes in zones that is nearly all
    of them. Points are asked of `zjk_gis.engine`, which is exact.

    Examples
    --------
    >>> lines = shapely.linestrings([[[0, 5], [20, 5]], [[0, 6], [8, 6]]])
    >>> shared = shared_amounts(lines, shapely.box([0, 10], 0, [10, 30], 10))
    >>> shared.shape.tolist(), shared.area.tolist(), shared.amount.tolist(), shared.whole.tolist()
    ([0, 0, 1], [0, 1, 0], [10.0, 10.0, 8.0], [False, False, True])
    """
    if not len(shapes) or not len(areas):
        nothing = np.empty(0, np.int64)
        return Shared(nothing, nothing, np.empty(0), np.empty(0, dtype=bool))
    dimension = int(shapely.get_dimensions(shapes).max())
    if dimension == 0:
        offsets, area, _ = PolygonIndex(areas).candidates(*point_coordinates(shapes))
        shape = np.repeat(np.arange(len(shapes)), np.diff(offsets))
        pairs = Shared(
            shape, np.asarray(area, np.int64), np.ones(len(shape)), np.ones(len(shape), dtype=bool)
        )
    else:
        # Areas are asked, as GEOS then prepares each once for all the shapes near it.
        area, shape = shapely.STRtree(shapes).query(areas, predicate="intersects")
        shapely.prepare(areas)
        whole = shapely.covers(areas[area], shapes[shape])
        amount = measures(shapes, dimension)[shape]
        cut = np.flatnonzero(~whole)
        amount[cut] = measures(shapely.intersection(shapes[shape[cut]], areas[area[cut]]), dimension)
        some = amount > 0
        pairs = Shared(shape[some], area[some], amount[some], whole[some])
    order = np.lexsort((pairs.area, pairs.shape))
    return Shared(pairs.shape[order], pairs.area[order], pairs.amount[order], pairs.whole[order])


def counted_once(
    shared: Shared, shapes: NDArray[Any], areas: NDArray[Any], rank: NDArray[np.integer[Any]]
) -> Shared:
    """Give what several areas claim of a shape to one of them: the one of the lowest rank.

    Parameters
    ----------
    shared : Shared
        From `shared_amounts` of the same lines or polygons.
    shapes, areas : ndarray of geometries
    rank : ndarray of int
        One for each area.

    Returns
    -------
    Shared
        Pairs of which nothing is left are left out. Together they amount to what the areas hold of each
        shape, so that totals add up.

    Examples
    --------
    >>> line, areas = shapely.linestrings([[[0, 5], [20, 5]]]), shapely.box([0, 8], 0, [10, 20], 10)
    >>> counted_once(shared_amounts(line, areas), line, areas, np.array([1, 0])).amount.tolist()
    [8.0, 12.0]
    """
    dimension = int(shapely.get_dimensions(shapes).max(initial=0))
    amount = shared.amount.copy()
    order = np.lexsort((rank[shared.area], shared.shape))
    turn = np.arange(len(order)) - np.searchsorted(shared.shape[order], shared.shape[order])
    contested = _contested(shared, areas, dimension, len(shapes))
    left = shapes.copy()
    for each in range(
        int(turn.max(initial=-1)) + 1
    ):  # the first of every shape, then the second of what is left
        pair = order[(turn == each) & contested[shared.shape[order]]]
        shape, area = shared.shape[pair], areas[shared.area[pair]]
        if each:
            amount[pair] = measures(shapely.intersection(left[shape], area), dimension)
        left[shape] = shapely.difference(left[shape], area)
    some = amount > _ROUNDING * measures(shapes, dimension)[shared.shape]
    return Shared(shared.shape[some], shared.area[some], amount[some], shared.whole[some])


def _contested(shared: Shared, areas: NDArray[Any], dimension: int, number: int) -> NDArray[np.bool_]:
    """Tell of which shapes two areas may claim the same: of a line even neighbours, which share a border."""
    several = np.bincount(shared.shape, minlength=number) > 1
    if dimension < 2 or not several.any():
        return several
    met = np.unique(shared.area[several[shared.shape]])
    first, second = shapely.STRtree(areas[met]).query(areas[met], predicate="intersects")
    first, second = first[first < second], second[first < second]
    over = ~shapely.touches(areas[met[first]], areas[met[second]])
    claims = np.zeros(len(areas), dtype=bool)
    claims[met[first[over]]] = claims[met[second[over]]] = True
    contested = np.bincount(shared.shape[claims[shared.area]], minlength=number) > 1
    return np.asarray(contested)
