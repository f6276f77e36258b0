"""Ground as polygons: united, taken apart into pieces, freed of hairlines, numbered.

Borders lie a little: where one zone carries a vertex on a shared border that its neighbour lacks, rounding
leaves a hairline of a few millimetres, hundreds of metres long. It is not ground that anyone could answer
for, but it joins real gaps to each other and spoils their widths. So hairlines are cut off here, and counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "cover_of",
    "faces_between",
    "largest_first",
    "numbered",
    "pieces_of",
    "sides_of",
    "solid_pieces",
    "solid_pieces_of",
    "united_faces",
]

_POLYGON = 3
_GRID_M = 1e-7  # far below what anybody measures, and a hundred times what rounding moves a vertex
_TAIL_SHARE = 0.05  # of a perimeter: a shorter hairline on a piece changes nothing that is reported


def cover_of(shapes: NDArray[Any]) -> shapely.Geometry:
    """Unite polygons, whether or not they overlap.

    Parameters
    ----------
    shapes : ndarray of Polygon and MultiPolygon
        Valid ones.

    Returns
    -------
    Polygon or MultiPolygon
        Empty for no shapes.

    Notes
    -----
    Polygons whose edges all match those of their neighbours are united by cancelling the edges that come
    twice, ten times as fast as an overlay; the few that are left go through the overlay, which is robust.

    Examples
    --------
    >>> cover_of(shapely.box([0, 1, 1], 0, [1, 2, 3], 1)).area
    3.0
    """
    if not len(shapes):
        return shapely.MultiPolygon()
    parts = shapely.get_parts(shapes)
    # From west to east, equals by their bytes, so that the order of rows changes no digit of the result.
    by_bytes = np.unique(shapely.to_wkb(parts), return_inverse=True)[1]
    west, south, *_ = shapely.bounds(parts).T
    parts = parts[np.lexsort((by_bytes, south, west))]
    matching = shapely.is_empty(shapely.coverage_invalid_edges(parts))
    return shapely.union_all([*shapely.get_parts(united_faces(parts[matching])), *parts[~matching]])


def faces_between(lines: NDArray[Any]) -> NDArray[Any]:
    """Cut the plane along lines: into faces that no line enters.

    Parameters
    ----------
    lines : ndarray of LineString and MultiLineString
        In metres. They may cross, and lie on each other but for rounding: they are cut where they meet on a
        grid of a ten-millionth of a metre. Without it a cut may miss its partner by a hair, and two faces
        would stay one.

    Examples
    --------
    >>> faces = faces_between(shapely.boundary(shapely.box([0, 6], 0, [10, 20], 10)))
    >>> sorted(shapely.area(faces).tolist())
    [40.0, 60.0, 100.0]
    """
    cut = shapely.union_all(lines, grid_size=_GRID_M)
    return np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts([cut]))))


def united_faces(parts: NDArray[Any]) -> shapely.Geometry:
    """Unite polygons that do not overlap: by their edges if these match, otherwise by an overlay.

    Parameters
    ----------
    parts : ndarray of Polygon and MultiPolygon

    Returns
    -------
    Polygon or MultiPolygon
        Always valid.

    Examples
    --------
    The right one lacks a vertex of the left one:

    >>> left = shapely.Polygon([(0, 0), (1, 0), (1, 0.5), (1, 1), (0, 1)])
    >>> united_faces(np.array([left, shapely.box(1, 0, 2, 1)])).area
    2.0
    """
    try:
        clean = shapely.coverage_union_all(parts)
    except shapely.GEOSException:  # edges of the one cross those of another, if only by rounding
        return shapely.union_all(parts)
    return clean if shapely.is_valid(clean) else shapely.union_all(parts)


def pieces_of(geometry: shapely.Geometry) -> NDArray[Any]:
    """Take a geometry apart into its polygons; lines and points, where borders merely meet, are left out."""
    parts = shapely.get_parts([geometry])
    parts = shapely.get_parts(parts)  # a collection may hold multipolygons
    return np.asarray(parts[(shapely.get_type_id(parts) == _POLYGON) & ~shapely.is_empty(parts)])


def sides_of(shapes: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the length and the mean width of polygons: the sides of a rectangle as large and as far around.

    Parameters
    ----------
    shapes : ndarray of Polygon and MultiPolygon

    Returns
    -------
    length, width : ndarray of float64
        Their product is the area. Where no rectangle is so short around (a disc), those of a square.

    Examples
    --------
    >>> length, width = sides_of(shapely.box(0, 0, [100, 10], [0.5, 10]))
    >>> length.tolist(), width.tolist()
    ([100.0, 10.0], [0.5, 10.0])
    """
    area, half = shapely.area(shapes), shapely.length(shapes) / 2
    length = (half + np.sqrt(np.maximum(half**2 - 4 * area, 0.0))) / 2
    length = np.where(half**2 < 4 * area, np.sqrt(area), length)
    width = np.divide(area, length, out=np.zeros(len(area)), where=length > 0)
    return np.asarray(length), np.asarray(width)


def solid_pieces(
    geometry: shapely.Geometry, *, min_area_m2: float, min_width_m: float
) -> tuple[NDArray[Any], dict[str, dict[str, float]]]:
    """Take ground apart into the pieces that count, and say how much did not.

    Parameters
    ----------
    geometry : Geometry
    min_area_m2 : float
        Smaller pieces are dropped.
    min_width_m : float
        What is nowhere wider is dropped, and cut off where it hangs on a wider piece.

    Returns
    -------
    pieces : ndarray of Polygon
        Normalised.
    dropped : dict
        ``dropped_hairlines`` and ``dropped_below_min_area``, each with ``count`` and ``area_m2``.

    Examples
    --------
    A gap of 10 m by 10 m with a hairline of 1 mm by 100 m, and a speck:

    >>> ground = shapely.union_all([*shapely.box([0, 10, 200], 0, [10, 110, 200.05], [10, 0.001, 0.05])])
    >>> pieces, dropped = solid_pieces(ground, min_area_m2=0.01, min_width_m=0.01)
    >>> shapely.area(pieces).round(3).tolist(), dropped["dropped_hairlines"]
    ([100.0], {'count': 1, 'area_m2': 0.1})
    >>> dropped["dropped_below_min_area"]
    {'count': 1, 'area_m2': 0.0025}
    """
    pieces, _, dropped = solid_pieces_of(
        np.array([geometry], dtype=object), min_area_m2=min_area_m2, min_width_m=min_width_m
    )
    return pieces, dropped


def solid_pieces_of(
    geometries: NDArray[Any], *, min_area_m2: float, min_width_m: float
) -> tuple[NDArray[Any], NDArray[np.intp], dict[str, dict[str, float]]]:
    """Do the same for many grounds at once; return also the ground of each piece, ascending."""
    parts, owner = shapely.get_parts(geometries, return_index=True)
    parts, inner = shapely.get_parts(parts, return_index=True)  # a collection may hold multipolygons
    solid = (shapely.get_type_id(parts) == _POLYGON) & ~shapely.is_empty(parts)
    pieces, owner, hairlines = _without_hairlines(parts[solid], owner[inner][solid], min_width_m)
    large = shapely.area(pieces) >= min_area_m2
    dropped = {
        "dropped_hairlines": _account(hairlines),
        "dropped_below_min_area": _account(pieces[~large]),
    }
    order = np.argsort(owner[large], kind="stable")
    return shapely.normalize(pieces[large])[order], owner[large][order], dropped


def largest_first(shapes: NDArray[Any]) -> NDArray[np.intp]:
    """Return the order of shapes by area, the largest first; equal ones from west to east, south to north."""
    west, south, *_ = shapely.bounds(shapes).T.round(3) if len(shapes) else np.empty((4, 0))
    return np.lexsort((south, west, -shapely.area(shapes).round(4)))


def numbered(prefix: str, count: int) -> list[str]:
    """Make codes for rows, with as many digits as the last one needs, but at least three.

    Examples
    --------
    >>> numbered("G", 2), numbered("G", 1000)[0]
    (['G001', 'G002'], 'G0001')
    """
    digits = max(3, len(str(count)))
    return [f"{prefix}{number:0{digits}}" for number in range(1, count + 1)]


def _without_hairlines(
    pieces: NDArray[Any], owner: NDArray[np.intp], width: float
) -> tuple[NDArray[Any], NDArray[np.intp], NDArray[Any]]:
    """Cut off what is nowhere wider than a width; pieces without such tails stay exactly as they are."""
    if not len(pieces) or width == 0:
        return pieces, owner, pieces[:0]
    shrunk = shapely.buffer(pieces, -width / 2, join_style="mitre")
    thin = shapely.is_empty(shrunk)
    # Grown again, a piece gains hardly any border: where it lost none when shrunk, there is no tail.
    has_tail = ~thin & _is_shorter(shrunk, pieces, _TAIL_SHARE / 2)
    opened = np.full(len(pieces), None, dtype=object)
    opened[has_tail] = shapely.buffer(shrunk[has_tail], width / 2, join_style="mitre")
    has_tail[has_tail] = _is_shorter(opened[has_tail], pieces[has_tail], _TAIL_SHARE)
    kept, owners, cut = [pieces[~thin & ~has_tail]], [owner[~thin & ~has_tail]], [pieces[thin]]
    for at in np.flatnonzero(has_tail):
        whole = pieces_of(shapely.intersection(pieces[at], opened[at]))
        kept.append(whole)
        owners.append(np.full(len(whole), owner[at]))
        cut.append(pieces_of(shapely.difference(pieces[at], opened[at])))
    return np.concatenate(kept), np.concatenate(owners), np.concatenate(cut)


def _is_shorter(shapes: NDArray[Any], than: NDArray[Any], share: float) -> NDArray[np.bool_]:
    """Tell which shapes fell apart, or have a border shorter by a share."""
    apart = shapely.get_num_geometries(shapes) > 1
    return np.asarray(apart | (shapely.length(shapes) < (1 - share) * shapely.length(than)))


def _account(pieces: NDArray[Any]) -> dict[str, float]:
    return {"count": len(pieces), "area_m2": round(float(shapely.area(pieces).sum()), 6)}
