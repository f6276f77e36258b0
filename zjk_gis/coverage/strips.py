"""Hairlines between zones, split where they meet: each runs between two zones."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.overlay.snapping import is_real

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["open_slits", "strips_of"]

_RUN = 5.0  # times the width: a dent of the outline that is shorter is its shape, and no slit
_NEAR_M = 1e-6
_NEAR = 3.0  # times the mean width: what is as near lies on the other side of the strip
_STRAIGHT = 0.87  # the cosine of a turn, of 30 degrees, from which a vertex is a corner
_WHOLE = 1e-6  # of a piece: feet lie on its edges but for rounding


def open_slits(shapes: NDArray[Any], outline: Any, width: float) -> NDArray[Any]:
    """Find where zones part and the ground between them is open to the outside.

    Parameters
    ----------
    shapes : ndarray of Polygon and MultiPolygon
        The zones, in metres.
    outline : Polygon or MultiPolygon
        What they cover, with or without its holes.
    width : float
        Slits nowhere wider are found.

    Returns
    -------
    ndarray of Polygon
        Each beside two zones at least.

    Examples
    --------
    >>> zones = shapely.box([0, 10.04], 0, [10, 20], 10)
    >>> shapely.area(open_slits(zones, shapely.union_all(zones), 0.05)).round(6).tolist()
    [0.4]
    """
    wide = shapely.buffer(outline, width / 2 + _NEAR_M, join_style="mitre")
    closed = shapely.buffer(wide, -width / 2 - _NEAR_M, join_style="mitre")
    pieces = shapely.get_parts(shapely.difference(closed, outline))
    pieces = pieces[shapely.get_type_id(pieces) == shapely.GeometryType.POLYGON]
    pieces = pieces[is_real(pieces) & (shapely.length(pieces) / 2 >= _RUN * width)]
    piece, _ = shapely.STRtree(shapes).query(pieces, predicate="dwithin", distance=_NEAR_M)
    found: NDArray[Any] = pieces[np.bincount(piece, minlength=len(pieces)) > 1]
    return found


def strips_of(pieces: NDArray[Any], zones: NDArray[Any]) -> NDArray[Any]:
    """Part the hairlines that run between several pairs of zones into one for each pair.

    Parameters
    ----------
    pieces : ndarray of Polygon
        Narrow gaps.
    zones : ndarray of Polygon and MultiPolygon
        Those around them, with the same vertices; see `zjk_gis.overlay.snapping.weld`.

    Returns
    -------
    ndarray of Polygon
        The only new vertices lie on edges, opposite a corner. What lies where several pairs meet goes with
        the largest strip beside it.

    Examples
    --------
    Three zones, a and b above c, part by 2 cm:

    >>> zones = shapely.box([0, 5.02, 0], [5.02, 5.02, 0], [5, 10.02, 10.02], [10, 10, 5])
    >>> gap = shapely.difference(shapely.box(0, 0, 10.02, 10), shapely.union_all(zones))
    >>> sorted(shapely.area(strips_of(np.array([gap]), zones)).round(4).tolist())
    [0.0996, 0.1, 0.1004]
    """
    owners = _owners(pieces, zones)
    split = [part for piece in pieces.tolist() for part in _strips(piece, owners)]
    return np.array([*split, None], dtype=object)[:-1]


def _owners(pieces: NDArray[Any], zones: NDArray[Any]) -> dict[complex, frozenset[int]]:
    """Tell which zones have each vertex of the pieces."""
    places = np.unique(_places(shapely.get_coordinates(pieces)))
    coords, of = shapely.get_coordinates(zones, return_index=True)
    theirs = _places(coords)
    common = np.isin(theirs, places)
    found: dict[complex, set[int]] = {}
    for place, zone in zip(theirs[common].tolist(), of[common].tolist(), strict=True):
        found.setdefault(place, set()).add(zone)
    return {place: frozenset(who) for place, who in found.items()}


def _strips(piece: Any, owners: dict[complex, frozenset[int]]) -> list[Any]:
    """Part one piece: its triangles with corners at two zones are strips, the others go with one of them."""
    nobody: frozenset[int] = frozenset()
    around = nobody.union(
        *(owners.get(at, nobody) for at in _places(shapely.get_coordinates(piece)).tolist())
    )
    if len(around) < 3 or piece.geom_type != "Polygon":
        return [piece]
    piece, owners = _with_feet(shapely.normalize(piece), owners)
    triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(piece))
    area = shapely.area(triangles)
    if abs(float(area.sum()) - piece.area) > _WHOLE * piece.area:
        return [piece]
    corners = _places(shapely.get_coordinates(triangles)).reshape(-1, 4)[:, :3].tolist()
    beside = _beside(corners)
    between = [nobody.union(*(owners.get(at, nobody) for at in own)) for own in corners]
    strip = _runs(between, beside)
    if strip.max(initial=-1) < 1:
        return [piece]
    first = [min((at.real, at.imag) for at in own) for own in corners]
    while True:
        size = np.bincount(strip[strip >= 0], weights=area[strip >= 0]).round(6).tolist()
        place = [
            min(first[at] for at in np.flatnonzero(strip == which).tolist()) for which in range(len(size))
        ]
        fresh = strip.copy()
        for at in np.flatnonzero(strip < 0).tolist():
            known = [int(strip[other]) for other in beside[at] if strip[other] >= 0]
            if known:
                fresh[at] = min(known, key=lambda which: (-size[which], place[which]))
        if (fresh == strip).all():
            break
        strip = fresh
    return [shapely.coverage_union_all(triangles[strip == which]) for which in range(len(size))]


def _with_feet(
    piece: Any, owners: dict[complex, frozenset[int]]
) -> tuple[Any, dict[complex, frozenset[int]]]:
    """Put a vertex opposite each corner that juts into a piece, where the strip beside it ends."""
    reach = _NEAR * 2 * piece.area / piece.length
    rings = [_places(shapely.get_coordinates(ring)) for ring in shapely.get_rings(piece).tolist()]
    begins = np.concatenate([ring[:-1] for ring in rings])
    along = np.concatenate([np.diff(ring) for ring in rings])
    before = np.concatenate([np.roll(np.diff(ring), 1) for ring in rings])
    sharp = (before.conj() * along).real < _STRAIGHT * np.abs(before) * np.abs(along)
    corners = np.unique(begins[sharp])
    ends = np.stack([_pairs(begins), _pairs(begins + along)], axis=1)
    edges: NDArray[Any] = np.asarray(shapely.linestrings(ends))
    corner, edge = shapely.STRtree(edges).query(
        shapely.points(_pairs(corners)), predicate="dwithin", distance=reach
    )
    metres = ((corners[corner] - begins[edge]) * along[edge].conj()).real / np.abs(along[edge])
    inner = (metres > reach) & (metres < np.abs(along[edge]) - reach)
    corner, edge, metres = corner[inner], edge[inner], metres[inner]
    if not len(corner):
        return piece, owners
    nobody: frozenset[int] = frozenset()
    feet: dict[int, list[complex]] = {}
    known = dict(owners)
    for at, far in sorted(zip(edge.tolist(), metres.tolist(), strict=True)):
        begin, step = complex(begins[at]), complex(along[at])
        foot = begin + step * (far / abs(step))
        feet.setdefault(at, []).append(foot)
        known[foot] = owners.get(begin, nobody) & owners.get(begin + step, nobody)
    places = [[complex(place), *feet.get(at, [])] for at, place in enumerate(begins)]
    starts = np.cumsum([0, *(len(ring) - 1 for ring in rings)]).tolist()
    shell, *holes = (
        _pairs(np.array([place for own in places[one:other] for place in own]))
        for one, other in itertools.pairwise(starts)
    )
    grown = shapely.Polygon(shell, holes)
    return (grown, known) if grown.is_valid else (piece, owners)


def _beside(corners: list[list[complex]]) -> list[list[int]]:
    """Tell which triangles share an edge with each."""
    of_edge: dict[frozenset[complex], list[int]] = {}
    for at, (a, b, c) in enumerate(corners):
        for edge in ((a, b), (b, c), (c, a)):
            of_edge.setdefault(frozenset(edge), []).append(at)
    beside: list[list[int]] = [[] for _ in corners]
    for pair in of_edge.values():
        if len(pair) == 2:
            beside[pair[0]].append(pair[1])
            beside[pair[1]].append(pair[0])
    return beside


def _runs(between: list[frozenset[int]], beside: list[list[int]]) -> NDArray[np.int64]:
    """Give a number to each run of triangles between the same two zones, and -1 to all others."""
    run = np.full(len(between), -1, dtype=np.int64)
    runs = 0
    for start, zones in enumerate(between):
        if run[start] >= 0 or len(zones) != 2:
            continue
        run[start], pending = runs, [start]
        while pending:
            for other in beside[pending.pop()]:
                if run[other] < 0 and between[other] == zones:
                    run[other] = runs
                    pending.append(other)
        runs += 1
    return run


def _places(coords: NDArray[np.float64]) -> NDArray[np.complex128]:
    return np.asarray(coords[:, 0] + 1j * coords[:, 1])


def _pairs(places: NDArray[np.complex128]) -> NDArray[np.float64]:
    return np.stack([places.real, places.imag], axis=1)
