"""How a disc, such as the accuracy circle of a GPS fix, is shared out among polygons: few discs or many.

Few are shared out without compiled code, looking at every edge of the zone. What is summed is the same for
many (`zjk_gis.engine.polygons.chains`), but not in the same order; so shares are rounded to where that is not
seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.engine.arrays import expand, offsets_of
from zjk_gis.threads import CHUNK_AT_HAND, in_chunks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.engine.shapes import Rings

__all__ = ["ChainedRings", "disc_shares"]

_AT_ONCE = 4096
_DECIMALS = 12  # rounding adds up to far less


def disc_shares(
    rings: Rings,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    radius: NDArray[np.float64],
    zone: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the share of each disc that lies in its zone, from 0 to 1, to twelve decimals.

    The area is summed over the zone's edges: of each, the part within the disc spans a triangle with the
    centre, and the parts without span sectors. So it is exact up to rounding; no circle is made a polygon.

    Examples
    --------
    >>> import shapely
    >>> from zjk_gis.engine.shapes import Rings
    >>> square = Rings.of(np.array([shapely.box(0, 0, 10, 10)]))
    >>> one = np.array([5.0])
    >>> disc_shares(square, np.array([0.0]), one, one, np.array([0])).round(6).tolist()
    [0.5]
    """
    order, first = rings.of_zones()
    shares = np.empty(len(zone))
    for start in range(0, len(zone), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        own = zone[part]
        n_rings = first[own + 1] - first[own]
        ring = order[expand(first[own], n_rings)]
        disc = np.repeat(np.arange(len(own)), n_rings)
        area = _areas(rings, ring, x[part][disc], y[part][disc], radius[part][disc])
        total = np.bincount(disc, weights=np.where(rings.is_hole[ring], -area, area), minlength=len(own))
        shares[part] = total / (np.pi * radius[part] ** 2)
    return _rounded(shares)


class ChainedRings:
    """Rings with boxes around runs of their edges, to share out many discs.

    Examples
    --------
    >>> import shapely
    >>> from zjk_gis.engine.shapes import Rings
    >>> square = ChainedRings(Rings.of(np.array([shapely.box(0, 0, 10, 10)])))
    >>> one = np.array([5.0])
    >>> square.disc_shares(np.array([0.0]), one, one, np.array([0])).tolist()
    [0.5]
    """

    def __init__(self, rings: Rings) -> None:
        from zjk_gis.engine.polygons.chains import bound_runs, boxes_of

        order, first = rings.of_zones()
        runs = offsets_of(boxes_of(np.diff(rings.starts) - 1))
        boxes = np.empty((runs[-1], 4))
        bound_runs(rings.coords, rings.starts, runs, boxes)
        self._tables = (
            rings.coords, rings.starts, order, first, rings.is_hole, rings.low, rings.high, runs, boxes
        )  # fmt: skip

    def disc_shares(
        self,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        radius: NDArray[np.float64],
        zone: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """Do as `disc_shares`; soonest for discs in an order in which neighbours follow each other."""
        from zjk_gis.engine.polygons.chains import share_discs

        shares = np.empty(len(zone))

        def work(part: slice) -> None:
            share_discs(x[part], y[part], radius[part], zone[part], shares[part], *self._tables)

        in_chunks(work, len(zone), chunk=CHUNK_AT_HAND)
        return _rounded(shares)


def _rounded(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(np.round(shares, _DECIMALS), 0.0, 1.0) + 0.0  # not -0.0


def _areas(
    rings: Rings,
    ring: NDArray[np.int64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    radius: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the area that each ring shares with its disc."""
    n_edges = rings.starts[ring + 1] - rings.starts[ring] - 1
    edge = expand(rings.starts[ring], n_edges)
    pair = np.repeat(np.arange(len(ring)), n_edges)
    centre = np.column_stack([x, y])[pair]
    r = radius[pair]
    a, b = rings.coords[edge] - centre, rings.coords[edge + 1] - centre
    d = b - a
    length2, along, across = (d * d).sum(axis=1), (a * d).sum(axis=1), _cross(a, d)
    under_root = length2 * r**2 - across**2
    root = np.sqrt(np.maximum(under_root, 0.0))
    divisor = np.where(length2 > 0, length2, 1.0)
    enters, leaves = (
        np.clip((-along - root) / divisor, 0.0, 1.0),
        np.clip((-along + root) / divisor, 0.0, 1.0),
    )
    cuts = (under_root > 0) & (length2 > 0) & (enters < leaves)
    # Where it comes in and goes out is told from the foot of the centre, as its ends may be far.
    foot = np.column_stack([d[:, 1], -d[:, 0]]) * (across / divisor)[:, None]
    half = d * (root / divisor)[:, None]
    p = np.where((cuts & (enters > 0.0))[:, None], foot - half, a)
    q = np.where(cuts[:, None], np.where((leaves < 1.0)[:, None], foot + half, b), a)
    # Where the edge does not cut the disc, p and q are its beginning, and all of it spans one sector.
    area = _sector(a, p, r) + 0.5 * _cross(p, q) * cuts + _sector(q, b, r)
    return np.abs(np.bincount(pair, weights=area, minlength=len(ring)))


def _cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    product: NDArray[np.float64] = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return product


def _sector(a: NDArray[np.float64], b: NDArray[np.float64], r: NDArray[np.float64]) -> NDArray[np.float64]:
    sector: NDArray[np.float64] = 0.5 * r**2 * np.arctan2(_cross(a, b), (a * b).sum(axis=1))
    return sector
