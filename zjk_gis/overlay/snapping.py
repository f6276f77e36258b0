"""Polygons given the same vertices where they touch.

An overlay computes where two borders cross and rounds it: the new vertex lies a hair off both, and neither
has it. Uniting or cutting such polygons leaves spikes and hairlines. Once every polygon that touches there
carries the very same vertices, uniting and cutting are exact, and the borders of neighbours match.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.engine.arrays import expand
from zjk_gis.overlay.borders import near_pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MATCH_M", "SAME_M", "edges_in_common", "is_real", "weld", "with_vertices"]

SAME_M = 1e-7  # vertices nearer than this are one: a hundred times what rounding moves them in a city
MATCH_M = 1e-5  # borders that part by less, and have no ground between them, are one: finer than any survey
_ASLANT = np.exp(-1j)


@dataclass(frozen=True, slots=True)
class _Rings:
    """The vertices of polygons, each as one complex number, and where they belong."""

    places: NDArray[np.complex128]
    ring: NDArray[np.int64]  # of each vertex
    polygon: NDArray[np.int64]  # of each ring
    shape: NDArray[np.int64]  # of each polygon

    @classmethod
    def of(cls, shapes: NDArray[Any]) -> _Rings:
        polygons, shape = shapely.get_parts(shapes, return_index=True)
        rings, polygon = shapely.get_rings(polygons, return_index=True)
        coords, ring = shapely.get_coordinates(rings, return_index=True)
        return cls(coords[:, 0] + 1j * coords[:, 1], ring, polygon, shape)

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where the vertices are that an edge begins with."""
        return np.flatnonzero(self.ring[:-1] == self.ring[1:])

    def shape_of_vertex(self) -> NDArray[np.int64]:
        return self.shape[self.polygon[self.ring]]

    def rebuilt(self, shapes: NDArray[Any]) -> NDArray[Any]:
        """Make polygons of the vertices again; one of which too little is left is empty."""
        fresh = np.ones(len(self.places), dtype=bool)
        fresh[1:] = (self.ring[1:] != self.ring[:-1]) | (self.places[1:] != self.places[:-1])
        places, ring = self.places[fresh], self.ring[fresh]
        whole = np.bincount(ring, minlength=len(self.polygon)) >= 4
        shell = np.r_[True, self.polygon[1:] != self.polygon[:-1]] if len(self.polygon) else whole
        lost = np.isin(self.polygon, self.polygon[shell & ~whole])  # holes go with the shell they are in
        kept = whole & ~lost
        number = np.cumsum(kept) - 1
        own = kept[ring]
        rings: NDArray[Any] = np.asarray(shapely.linearrings(_pairs(places[own]), indices=number[ring[own]]))
        polygons, of_ring = np.unique(self.polygon[kept], return_inverse=True)
        parts: NDArray[Any] = np.asarray(shapely.polygons(rings, indices=of_ring))
        result = np.array([shapely.Polygon()] * len(shapes) + [None], dtype=object)[:-1]
        multi = shapely.get_type_id(shapes) == shapely.GeometryType.MULTIPOLYGON
        owner = self.shape[polygons]
        result[owner[~multi[owner]]] = parts[~multi[owner]]
        several = multi[owner]
        if several.any():
            owners, place = np.unique(owner[several], return_inverse=True)
            result[owners] = shapely.multipolygons(parts[several], indices=place)
        return result


def weld(zones: NDArray[Any], pieces: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Give zones and pieces of ground the same vertices wherever they touch.

    Parameters
    ----------
    zones : ndarray of Polygon and MultiPolygon
        In metres; every one that touches a piece should be among them.
    pieces : ndarray of Polygon
        Gaps and overlaps between the zones.

    Returns
    -------
    zones, pieces : ndarray
        As they were, but where vertices within `SAME_M` of each other have become one and edges have got the
        vertices that lie on them. A zone that nothing was done to is the same object. A piece that is nowhere
        wider than that is empty.

    Examples
    --------
    The left zone has no vertex where the two on the right meet:

    >>> zones = shapely.box([0, 12, 12], [0, 0, 5], [10, 20, 20], [10, 5, 10])
    >>> welded, _ = weld(zones, shapely.box([10], 0, 12, [5]))
    >>> shapely.get_num_coordinates(welded).tolist(), float(shapely.area(welded).sum())
    ([6, 5, 5], 180.0)
    """
    both = np.concatenate([zones, pieces])
    rings = _Rings.of(both)
    of_piece = rings.shape_of_vertex() >= len(zones)
    hot = of_piece.copy()
    hot[np.isin(rings.places, rings.places[of_piece])] = True
    borders = rings.starts[of_piece[rings.starts]]
    others = np.flatnonzero(~hot)
    _, near = _on_edges(rings.places[borders], rings.places[borders + 1], rings.places[others], SAME_M)
    hot[others[near]] = True
    spots, places = _merged(rings.places, hot, of_piece)
    moved = _Rings(places, rings.ring, rings.polygon, rings.shape)
    grown, inserted = _with_vertices(moved, spots)
    touched = np.unique(np.r_[rings.shape_of_vertex()[places != rings.places], inserted])
    welded = both.copy()
    if len(touched):
        rebuilt = grown.rebuilt(both)[touched]
        piece = touched >= len(zones)  # its tips may have closed up: they are ground no more
        rebuilt[piece] = shapely.make_valid(rebuilt[piece], method="structure", keep_collapsed=False)
        sound = piece | (shapely.is_valid(rebuilt) & ~shapely.is_empty(rebuilt))
        welded[touched[sound]] = rebuilt[sound]
    return welded[: len(zones)], welded[len(zones) :]


def with_vertices(shape: Any, points: NDArray[np.float64]) -> Any:
    """Give a polygon vertices where points lie on its border.

    Parameters
    ----------
    shape : Polygon or MultiPolygon
    points : ndarray of float64, shape (n, 2)
        A vertex of the shape within `MATCH_M` of one moves there.

    Examples
    --------
    >>> grown = with_vertices(shapely.box(0, 0, 10, 10), np.array([[10.0, 4.0], [10.0, 10.00000001]]))
    >>> grown.exterior.coords[1:4]
    [(10.0, 4.0), (10.0, 10.00000001), (0.0, 10.0)]
    """
    whole = np.array([shape], dtype=object)
    rings = _Rings.of(whole)
    spots = np.unique(points[:, 0] + 1j * points[:, 1])
    vertex, spot = shapely.STRtree(np.asarray(shapely.points(_pairs(spots)))).query(
        shapely.points(_pairs(rings.places)), predicate="dwithin", distance=MATCH_M
    )
    places = rings.places.copy()
    places[vertex] = spots[spot]
    moved = _Rings(places, rings.ring, rings.polygon, rings.shape)
    return _with_vertices(moved, spots, MATCH_M)[0].rebuilt(whole)[0]


def edges_in_common(
    pieces: NDArray[Any], zones: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Measure the border that welded pieces share with zones.

    Returns
    -------
    piece, zone : ndarray of int64
        The pairs that share at least one edge, in order.
    length : ndarray of float64
        How long that border is, in the unit of the coordinates.

    Examples
    --------
    >>> edges_in_common(shapely.box([10], 0, 12, 5), shapely.box([0, 12], 0, [10, 20], 5))
    (array([0, 0]), array([0, 1]), array([5., 5.]))
    """
    rings = _Rings.of(np.concatenate([pieces, zones]))
    begins = rings.starts
    owner = rings.shape_of_vertex()[begins]
    names, number = np.unique(rings.places, return_inverse=True)
    one, other = number[begins], number[begins + 1]
    key = np.minimum(one, other) * np.int64(len(names)) + np.maximum(one, other)
    mine = owner < len(pieces)
    order = np.argsort(key[~mine], kind="stable")
    theirs, their_owner = key[~mine][order], owner[~mine][order] - len(pieces)
    first, last = (np.searchsorted(theirs, key[mine], side=side) for side in ("left", "right"))
    count = last - first
    at = np.repeat(first, count) + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    length = np.abs(rings.places[begins + 1] - rings.places[begins])[mine]
    pairs, group = np.unique(
        np.repeat(owner[mine], count) * np.int64(max(len(zones), 1)) + their_owner[at], return_inverse=True
    )
    piece, zone = np.divmod(pairs, max(len(zones), 1))
    border = np.bincount(group, weights=np.repeat(length, count), minlength=len(pairs))
    return piece.astype(np.int64), zone.astype(np.int64), border.astype(np.float64)


def is_real(pieces: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which pieces of ground are wider than two vertices that count as one.

    Examples
    --------
    >>> is_real(shapely.box(0, 0, [1, 1e-8], [1, 100])).tolist()
    [True, False]
    """
    real = ~shapely.is_empty(pieces)
    real[real] = 2 * shapely.area(pieces[real]) >= SAME_M * shapely.length(pieces[real])
    return np.asarray(real)


def _pairs(places: NDArray[np.complex128]) -> NDArray[np.float64]:
    return np.stack([places.real, places.imag], axis=1)


def _on_edges(
    begin: NDArray[np.complex128], end: NDArray[np.complex128], spots: NDArray[np.complex128], within: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs of an edge and a spot within a distance of it, each once, in order."""
    edges, points = np.hstack([_pairs(begin), _pairs(end)]), np.hstack([_pairs(spots), _pairs(spots)])
    one, other = near_pairs(edges, points, within)
    edge, spot = np.divmod(np.unique(one * np.int64(len(spots)) + other), max(len(spots), 1))
    along, off = end[edge] - begin[edge], spots[spot] - begin[edge]
    share = (off * along.conj()).real / np.maximum(np.abs(along) ** 2, 1e-300)
    near = np.abs(off - np.clip(share, 0.0, 1.0) * along) <= within
    return edge[near], spot[near]


def _near_each_other(places: NDArray[np.complex128]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs of places within `SAME_M` of each other, each also with itself."""
    across = (places * _ASLANT).real  # so that places in rows and columns do not fall together
    order = np.argsort(across, kind="stable")
    across = across[order]
    first = np.arange(len(places))
    count = np.searchsorted(across, across + SAME_M, side="right") - first
    one, other = order[np.repeat(first, count)], order[expand(first, count)]
    near = np.abs(places[one] - places[other]) <= SAME_M
    one, other = one[near], other[near]
    return np.concatenate([one, other]), np.concatenate([other, one])


def _merged(
    places: NDArray[np.complex128], hot: NDArray[np.bool_], of_piece: NDArray[np.bool_]
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Make one of vertices that are all but the same; a zone's own is kept, then the most south-western."""
    spots, which = np.unique(places[hot], return_inverse=True)
    by_piece = np.ones(len(spots), dtype=bool)
    by_piece[which[~of_piece[hot]]] = False
    rank = np.empty(len(spots), dtype=np.int64)
    rank[np.argsort(by_piece, kind="stable")] = np.arange(len(spots))
    one, other = _near_each_other(spots)
    least = rank.copy()
    while True:
        before = least.copy()
        np.minimum.at(least, one, least[other])
        if (least == before).all():
            break
    at_rank = np.argsort(rank)
    merged = places.copy()
    merged[hot] = spots[at_rank[least[which]]]
    return np.unique(spots[at_rank[least]]), merged


def _with_vertices(
    rings: _Rings, spots: NDArray[np.complex128], within: float = SAME_M
) -> tuple[_Rings, NDArray[np.int64]]:
    """Insert the spots into the edges they lie on; tell also into which shapes."""
    begins = rings.starts
    begin, end = rings.places[begins], rings.places[begins + 1]
    real = np.flatnonzero(begin != end)
    begins, begin, end = begins[real], begin[real], end[real]
    edge, spot = _on_edges(begin, end, spots, within)
    along = end[edge] - begin[edge]
    share = ((spots[spot] - begin[edge]) * along.conj()).real / np.abs(along) ** 2
    inner = (spots[spot] != begin[edge]) & (spots[spot] != end[edge]) & (share > 0) & (share < 1)
    edge, spot, share = edge[inner], spot[inner], share[inner]
    order = np.lexsort((share, edge))
    after = begins[edge[order]]
    grown = _Rings(
        np.insert(rings.places, after + 1, spots[spot[order]]),
        np.insert(rings.ring, after + 1, rings.ring[after]),
        rings.polygon,
        rings.shape,
    )
    return grown, np.unique(rings.shape_of_vertex()[after])
