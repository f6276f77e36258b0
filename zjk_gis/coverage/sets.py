"""Ground by all that claim it: overlaps of pairs, divided where a third joins in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.overlay.polygons import faces_between, united_faces

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["sets_of"]


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
