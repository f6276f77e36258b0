"""The ground cut along the borders of zones into pieces, each held by the same rows everywhere.

The borders are taken together and cut where they cross, so that what lies between them are pieces that no
border enters: a point of each tells who holds all of it. A border that several zones share is taken once.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.overlay.polygons import faces_between, united_faces

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Pieces", "cut_ground", "held_by", "on_their_own", "sets_of", "united"]


@dataclass(frozen=True, slots=True)
class Pieces:
    """Ground cut into pieces.

    Attributes
    ----------
    shapes : ndarray of Polygon
    inner : ndarray of Point
        A point in each.
    """

    shapes: NDArray[Any]
    inner: NDArray[Any]


def cut_ground(shapes: NDArray[Any]) -> Pieces:
    """Cut the plane along the borders of polygons; pieces that none of them holds may be among them.

    Parameters
    ----------
    shapes : ndarray of Polygon and MultiPolygon
        Valid ones; they may overlap.

    Examples
    --------
    >>> sorted(shapely.area(cut_ground(shapely.box([0, 6], 0, [10, 20], 10)).shapes).tolist())
    [40.0, 60.0, 100.0]
    """
    nothing: NDArray[Any] = np.empty(0, dtype=object)
    if not len(shapes):
        return Pieces(nothing, nothing)
    pieces = faces_between(np.asarray(shapely.multilinestrings([_distinct_edges(shapes)])))
    # In one order, whatever that of the rows.
    pieces = shapely.normalize(pieces)
    west, south, east, north = shapely.bounds(pieces).T if len(pieces) else np.empty((4, 0))
    pieces = pieces[np.lexsort((shapely.area(pieces), north, east, south, west))]
    return Pieces(pieces, shapely.point_on_surface(pieces))


def held_by(inner: NDArray[Any], shapes: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return (piece, shape) for every shape that holds a piece.

    Parameters
    ----------
    inner : ndarray of Point
        A point in each piece.
    shapes : ndarray of Polygon and MultiPolygon
    """
    shapely.prepare(shapes)
    piece, shape = shapely.STRtree(shapes).query(inner)
    holds = shapely.contains(shapes[shape], inner[piece])
    piece, shape = piece[holds], shape[holds]
    order = np.lexsort((shape, piece))
    return piece[order], shape[order]


def united(pieces: NDArray[Any], group: NDArray[np.integer], count: int) -> NDArray[Any]:
    """Unite the pieces of each of `count` groups; they do not overlap, and their edges match."""
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(count + 1))
    whole = [united_faces(pieces[order[start:stop]]) for start, stop in itertools.pairwise(ends)]
    made = np.empty(count, dtype=object)
    made[:] = whole
    return made


def on_their_own(shapes: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which polygons surely overlap no other; what lies in the bounding box of a doubtful one may not.

    Examples
    --------
    >>> on_their_own(shapely.box([0, 10, 50, 55], 0, [10, 20, 60, 65], 10)).tolist()
    [True, True, False, False]
    """
    doubtful = ~shapely.is_empty(shapely.coverage_invalid_edges(shapes))
    alone = ~doubtful
    if doubtful.any():
        alone[shapely.STRtree(shapes).query(shapely.envelope(shapes[doubtful]))[1]] = False
    return alone


def _distinct_edges(shapes: NDArray[Any]) -> Any:
    """Return every edge of some polygons once, joined to lines."""
    rings = shapely.get_parts(shapely.boundary(shapely.get_parts(shapes)))
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[:-1] == ring[1:]
    a, b = coords[:-1][same] + 0.0, coords[1:][same] + 0.0
    turned = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    edges = np.hstack([np.where(turned[:, None], b, a), np.where(turned[:, None], a, b)])
    first = ~pd.DataFrame(edges).duplicated().to_numpy()
    # Edges that follow each other in a ring stay one line: there are far fewer ends to be compared.
    where = np.flatnonzero(first)
    ring_of = ring[:-1][same][where]
    begins = np.ones(len(where), dtype=bool)
    begins[1:] = (np.diff(where) != 1) | (ring_of[1:] != ring_of[:-1])
    line = np.cumsum(begins) - 1
    starts = np.flatnonzero(begins)
    begin, end = coords[:-1][same][where], coords[1:][same][where]
    points = np.insert(end, starts, begin[starts], axis=0)
    lines = np.insert(line, starts, line[starts])
    return shapely.linestrings(points, indices=lines)


def sets_of(
    common: NDArray[Any], first: NDArray[np.intp], second: NDArray[np.intp]
) -> tuple[NDArray[Any], list[tuple[int, ...]]]:
    """Divide the ground that pairs share by who claims it.

    Parameters
    ----------
    common : ndarray of geometries
        What each pair shares: polygons, and perhaps lines and points, which are left out.
    first, second : ndarray of int
        The pair.

    Returns
    -------
    grounds : ndarray of Polygon and MultiPolygon
        Each piece of ground once.
    members : list of tuple of int
        All that claim it, ascending.

    Examples
    --------
    Of three strips the middle of the first and second is also the third's:

    >>> strips = shapely.box([0.0, 1, 2], 0, [4, 5, 6], 1)
    >>> one, other = np.array([0, 0, 1]), np.array([1, 2, 2])
    >>> grounds, members = sets_of(shapely.intersection(strips[one], strips[other]), one, other)
    >>> shapely.area(grounds).tolist(), members
    ([1.0, 2.0, 1.0], [(0, 1), (0, 1, 2), (1, 2)])
    """
    parts, pair = shapely.get_parts(common, return_index=True)
    parts, inner = shapely.get_parts(parts, return_index=True)
    areal = shapely.get_type_id(parts) == 3
    parts, pair = parts[areal], pair[inner[areal]]
    if not len(parts):
        return np.empty(0, dtype=object), []
    faces = faces_between(shapely.boundary(parts))
    face, part = shapely.STRtree(parts).query(shapely.point_on_surface(faces), predicate="within")
    claimed: list[set[int]] = [set() for _ in range(len(faces))]
    for at, of in zip(face.tolist(), pair[part].tolist(), strict=True):
        claimed[at] |= {int(first[of]), int(second[of])}
    by_members: dict[tuple[int, ...], list[int]] = {}
    for at, rows in enumerate(claimed):
        if rows:
            by_members.setdefault(tuple(sorted(rows)), []).append(at)
    members = sorted(by_members)
    grounds = np.empty(len(members), dtype=object)
    for at, name in enumerate(members):
        grounds[at] = united_faces(faces[by_members[name]])
    return grounds, members
