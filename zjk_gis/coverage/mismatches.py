"""Borders that should match and do not.

Neighbours share a border where both carry the same vertices. Edges that do are taken away first; only the
rest is looked at: the rim, and the places where something is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.engine.shapes import Rings
from zjk_gis.errors import InputError
from zjk_gis.layers.metric import require_amounts
from zjk_gis.overlay.borders import alongside
from zjk_gis.overlay.faces import choose
from zjk_gis.overlay.polygons import numbered
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

__all__ = ["coverage_edges", "stray_vertices"]

_EXACT_M = 1e-8  # nearer than rounding of coordinates in metres can tell: the vertex lies on the edge
_RUN = 5.0  # tolerances: borders that merely cross are near each other for less
_FEW_VERTICES = 50_000  # fewer are compared sooner than compiled code is loaded
_KINDS = ("unmatched_vertex", "near_edges")


@checked
def coverage_edges(
    zones: gpd.GeoDataFrame,
    *,
    code: str = "zone_code",
    at: str | dt.date | None = None,
    level: int | str | None = None,
    within_m: float = 0.1,
) -> gpd.GeoDataFrame:
    """Find the stretches where borders of two zones should match and do not (边界不匹配).

    Parameters
    ----------
    zones : GeoDataFrame
        Responsibility zones (责任区) or unit grids (单元网格), perhaps in several levels and versions.
    code : str, default "zone_code"
        The column with their codes.
    at : date or str, optional
        The day that is judged, by ``valid_from`` and ``valid_to``. By default zones of all times count.
    level : int or str, optional
        The level of the hierarchy that is judged; by default the finest.
    within_m : float, default 0.1
        Borders no further apart than this are meant to be the same.

    Returns
    -------
    GeoDataFrame
        One row a stretch, the greatest deviation first, in the metric CRS of `zones`, or the CGCS2000
        3-degree zone of their centre. Columns:

        - ``mismatch_code`` (text): ``M001``, ``M002``, ...;
        - ``kind`` (text): ``unmatched_vertex`` (a vertex of the one lies on the border of the other, which
          has none there: no ground is in doubt, but whoever moves one border leaves the other behind) or
          ``near_edges`` (the borders part, by no more than `within_m`: a sliver of gap or overlap);
        - ``first_code`` and ``second_code`` (text): sorted;
        - ``lacking_code`` (text): the zone that lacks the vertex, both (``A;B``) if each lacks some;
        - ``vertices`` (int64): how many vertices have no partner;
        - ``deviation_m`` (float64): the greatest distance of such a vertex from the other border;
        - ``length_m`` (float64): of the stretch; 0 for a point;
        - ``geometry``: the stretch along the first zone's border, or the unmatched vertices where they alone
          are at fault.

        ``attrs["edges_left"]`` tells how many edges found no partner and were looked at.

    Raises
    ------
    MissingColumnError
        If `zones` lacks the column of codes.
    EmptyLayerError
        If it has no rows.
    CRSError
        If it has no CRS.
    GeometryError
        If rows have no geometry, an invalid one or no polygon; the message names them.
    InputError
        If a date cannot be read, there is no such level, or `within_m` is negative or 0.

    See Also
    --------
    coverage_gaps, overlapping_zones : The ground between borders that do not match.

    Notes
    -----
    Borders further apart are a gap or an overlap, not a mismatch, and so are borders that cross: those near
    each other for less than five times `within_m` are left out, unless a vertex lies on the other border
    itself. Where the zones' own details are finer than
    `within_m`, a narrow strip counts as near to both its sides: choose it well below the narrowest zone.

    Examples
    --------
    B has a vertex in the middle of A's border, 2 cm off:

    >>> import geopandas as gpd
    >>> from shapely import Polygon, box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B"]},
    ...     geometry=[box(0, 0, 10, 10), Polygon([(10, 0), (20, 0), (20, 10), (10, 10), (10.02, 5)])],
    ...     crs=4547,
    ... )
    >>> found = coverage_edges(zones).round(6)
    >>> found[["mismatch_code", "kind", "lacking_code", "vertices", "deviation_m", "length_m"]]
      mismatch_code        kind lacking_code  vertices  deviation_m  length_m
    0          M001  near_edges            A         1         0.02      10.0
    """
    require_amounts(within_m=within_m)
    if within_m == 0:
        raise InputError(tr("within_m must be greater than 0: edges that match exactly are never looked at"))
    valid, _, rings, crs = choose(zones, code=code, at=at, level=level)
    names, number = np.unique(valid.codes, return_inverse=True)
    edges, owner = _edges_left(rings, number)
    vertices = _lonely_vertices(edges, owner, within_m)
    pairs = _Pairs(len(names))
    runs, pair = _runs(edges, owner, vertices, pairs, within_m)
    found = _describe(runs, pair, vertices, pairs, names, within_m)
    table = gpd.GeoDataFrame(found, geometry="geometry", crs=crs)
    table.attrs["edges_left"] = len(edges)
    return table


def stray_vertices(
    shapes: NDArray[Any], within: float
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Find the vertices that lie on the border of another polygon which has none there.

    Parameters
    ----------
    shapes : ndarray of Polygon and MultiPolygon
    within : float
        How near counts as on it. Of two vertices that are as near, but not the same, one is named: the other
        has to move.

    Returns
    -------
    points : ndarray of float64, shape (n, 2)
    of, by : ndarray of int64
        Which polygon has the vertex, and which lacks it.

    Examples
    --------
    >>> shapes = shapely.box([0, 10, 0], [10, 10, 0], [10, 20, 20], [20, 20, 10])
    >>> points, _, by = stray_vertices(shapes, 1e-7)
    >>> np.unique(points, axis=0).tolist(), np.unique(by).tolist()
    ([[10.0, 10.0]], [2])
    """
    edges, owner = _edges_left(Rings.of(shapes), np.arange(len(shapes)))
    found = _lonely_vertices(edges, owner, within)
    both = np.concatenate([edges[:, :2], edges[:, 2:]])
    ends = np.unique(np.column_stack([both, np.tile(owner, 2)]), axis=0)
    if not len(ends):
        return found.point, found.of, found.by
    at, near = shapely.STRtree(np.asarray(shapely.points(ends[:, :2]))).query(
        shapely.points(found.point), predicate="dwithin", distance=within
    )
    theirs = ends[near, 2] == found.by[at]
    at, near = at[theirs], near[theirs]
    one, other = found.point[at], ends[near, :2]
    moves = (other[:, 0] < one[:, 0]) | ((other[:, 0] == one[:, 0]) & (other[:, 1] < one[:, 1]))
    kept = np.ones(len(found.point), dtype=bool)
    kept[at[moves]] = False
    return found.point[kept], found.of[kept], found.by[kept]


@dataclass(frozen=True, slots=True)
class _Vertices:
    """Vertices near the border of another zone that has none there: a row a vertex and other zone, sorted."""

    point: NDArray[np.float64]
    of: NDArray[np.int64]
    by: NDArray[np.int64]
    deviation: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Two zones as one number, and back.

    Attributes
    ----------
    size : int
        How many zones there are: all of them, and not only those of which edges are left.
    """

    size: int

    def number(self, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of each pair, whichever of the two comes first."""
        return np.minimum(one, other) * self.size + np.maximum(one, other)

    def zones(self, number: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the two zones of each pair, the lower first."""
        return np.divmod(number, self.size)


def _edges_left(rings: Rings, number: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the edges without a partner, in a fixed order, and the number of each one's code."""
    if len(rings.coords) < _FEW_VERTICES:
        edges, zone = _uncancelled(*rings.edges())
    else:
        from zjk_gis.engine.edges import cancel_edges

        cancelled = cancel_edges(rings)
        edges, zone = cancelled.edges, cancelled.zone
    owner = number[zone].astype(np.int64)
    order = np.lexsort((*edges.T[::-1], owner))
    return edges[order], owner[order]


def _uncancelled(
    edges: NDArray[np.float64], zone: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Cancel edges as `zjk_gis.engine.edges` does, without compiled code."""
    ends = np.ascontiguousarray(edges + 0.0).view(np.complex128)
    _, place = np.unique(ends, return_inverse=True)
    place = place.reshape(-1, 2)
    keys = place.min(axis=1) * (int(place.max(initial=0)) + 1) + place.max(axis=1)
    _, at = np.unique(keys, return_inverse=True)
    net = np.bincount(at, weights=np.where(place[:, 0] < place[:, 1], 1, -1))
    left = net[at] != 0
    return edges[left], zone[left]


def _lonely_vertices(edges: NDArray[np.float64], owner: NDArray[np.int64], within: float) -> _Vertices:
    """Find the vertices that lie within a distance of an edge of another zone, but on no vertex of it."""
    tree = shapely.STRtree(np.asarray(shapely.linestrings(edges.reshape(-1, 2, 2))))
    at, near = tree.query(shapely.points(edges[:, :2]), predicate="dwithin", distance=within)
    foreign = owner[at] != owner[near]
    at, near = at[foreign], near[foreign]
    point, other = edges[at, :2], edges[near]
    along = other[:, 2:] - other[:, :2]
    share = ((point - other[:, :2]) * along).sum(axis=1) / (along**2).sum(axis=1)
    deviation = np.hypot(*(point - other[:, :2] - np.clip(share, 0.0, 1.0)[:, None] * along).T)
    shared = (point == other[:, :2]).all(axis=1) | (point == other[:, 2:]).all(axis=1)
    deviation[shared] = -1.0  # comes first, and says that the other zone has the vertex
    order = np.lexsort((deviation, owner[near], point[:, 1], point[:, 0], owner[at]))
    at, near, deviation = at[order], near[order], deviation[order]
    keys = np.stack([edges[at, 0], edges[at, 1], owner[at], owner[near]], axis=1)
    first = np.ones(len(at), dtype=bool)
    first[1:] = (keys[1:] != keys[:-1]).any(axis=1)
    kept = first & (deviation >= 0.0)
    return _Vertices(edges[at[kept], :2], owner[at[kept]], owner[near[kept]], deviation[kept])


def _runs(
    edges: NDArray[np.float64],
    owner: NDArray[np.int64],
    vertices: _Vertices,
    pairs: _Pairs,
    within: float,
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the stretches in which the border of the first of two zones runs near that of the second.

    Only pairs are asked of which one has a vertex that the other lacks.
    """
    wanted = np.unique(pairs.number(vertices.of, vertices.by))
    busy = np.flatnonzero(np.isin(owner, np.unique(np.concatenate([vertices.of, vertices.by]))))
    lines = np.asarray(shapely.linestrings(edges[busy].reshape(-1, 2, 2)))
    one, other = shapely.STRtree(lines).query(lines, predicate="dwithin", distance=within)
    one, other = busy[one], busy[other]
    keys = pairs.number(owner[one], owner[other])
    ours = (owner[one] < owner[other]) & np.isin(keys, wanted)
    one, other, keys = one[ours], other[ours], keys[ours]
    begin, end = alongside(edges[one], edges[other], within)
    near = end > begin
    one, keys, begin, end = one[near], keys[near], begin[near], end[near]
    start, along = edges[one, :2], edges[one, 2:] - edges[one, :2]
    unit = along / np.hypot(*along.T)[:, None]
    stretches = np.stack([start + begin[:, None] * unit, start + end[:, None] * unit], axis=1)
    # Ends of an edge stay the vertices they are, so that stretches of neighbouring edges join.
    length = np.hypot(*along.T)
    stretches[end >= length, 1] = edges[one[end >= length], 2:]
    known, group = np.unique(keys, return_inverse=True)
    order = np.argsort(group, kind="stable")
    pieces: NDArray[Any] = np.asarray(shapely.linestrings(stretches[order]))
    joined: NDArray[Any] = np.asarray(shapely.multilinestrings(pieces, indices=group[order]))
    # Stretches of one edge near several of the other's overlap: united, each counts once.
    merged = shapely.line_merge(shapely.union_all(joined[:, None], axis=1))
    runs, pair = shapely.get_parts(merged, return_index=True)
    return runs, known[pair]


def _describe(
    runs: NDArray[Any],
    pair: NDArray[np.int64],
    vertices: _Vertices,
    pairs: _Pairs,
    names: NDArray[np.object_],
    within: float,
) -> pd.DataFrame:
    """Give every run its vertices, and say what is wrong with it."""
    of_pair = pairs.number(vertices.of, vertices.by)
    at, run = shapely.STRtree(runs).query(
        shapely.points(vertices.point), predicate="dwithin", distance=within * (1 + 1e-9)
    )
    own = of_pair[at] == pair[run]
    at, run = at[own], run[own]
    deviation = np.full(len(runs), -1.0)
    np.maximum.at(deviation, run, vertices.deviation[at])
    is_point = (deviation >= 0) & (deviation <= _EXACT_M)
    counted = is_point | ((deviation > _EXACT_M) & (shapely.length(runs) >= _RUN * within))
    order = np.lexsort((at, run))
    at, starts = at[order], np.searchsorted(run[order], np.arange(len(runs) + 1))
    columns: dict[str, list[Any]] = {name: [] for name in ("lacking_code", "vertices", "geometry")}
    for which in np.flatnonzero(counted).tolist():
        mine = at[starts[which] : starts[which + 1]]
        points = np.unique(vertices.point[mine], axis=0)
        spots = shapely.MultiPoint(points) if len(points) > 1 else shapely.Point(points[0])
        columns["lacking_code"].append(";".join(sorted(set(names[vertices.by[mine]]))))
        columns["vertices"].append(len(points))
        columns["geometry"].append(spots if is_point[which] else shapely.normalize(runs[which]))
    shapes = np.array([*columns["geometry"], None], dtype=object)[:-1]
    first, second = pairs.zones(pair[counted])
    deviation = np.where(is_point, 0.0, deviation)[counted]
    west, south, *_ = shapely.bounds(shapes).T.round(6)
    order = np.lexsort((south, west, second, first, -deviation.round(9)))
    return pd.DataFrame(
        {
            "mismatch_code": pd.Series(numbered("M", len(shapes)), dtype="str"),
            "kind": pd.Series(np.where(is_point, *_KINDS)[counted][order], dtype="str"),
            "first_code": pd.Series(names[first[order]], dtype="str"),
            "second_code": pd.Series(names[second[order]], dtype="str"),
            "lacking_code": pd.Series(np.array(columns["lacking_code"], dtype=object)[order], dtype="str"),
            "vertices": np.array(columns["vertices"], dtype=np.int64)[order],
            "deviation_m": deviation[order],
            "length_m": shapely.length(shapes)[order],
            "geometry": shapes[order],
        }
    )
