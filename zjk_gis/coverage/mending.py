"""Fixes made to zones, each behind a guard: no zone disappears, falls apart or breaks, no ground is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.overlay.snapping import SAME_M, is_real, weld, with_vertices

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["REFUSALS", "Fixes", "matched", "mended", "refusal", "together"]

_DUST_M2 = 1e-7  # a square of a third of a millimetre: no part of a zone
_NOT_FREE = "another_zone_there"  # a gap that is none
_NOT_HELD = "nobody_would_have_it"  # a zone that should keep the ground of an overlap does not have it
REFUSALS = (
    "would_be_empty",
    "would_be_invalid",
    "would_be_split",
    "area_not_conserved",
    _NOT_FREE,
    _NOT_HELD,
)


@dataclass(frozen=True, slots=True)
class Fixes:
    """Ground to be given to zones or taken from them, in the order in which it is tried.

    Attributes
    ----------
    grounds : ndarray of Polygon and MultiPolygon
    gaining : ndarray of int64
        The zone that has the ground afterwards.
    losing : ndarray of int64
        The zone that gives it up; -1 where nobody had it.
    """

    grounds: NDArray[Any]
    gaining: NDArray[np.int64]
    losing: NDArray[np.int64]

    @property
    def changed(self) -> NDArray[np.int64]:
        """The one zone that each fix changes."""
        return np.where(self.losing >= 0, self.losing, self.gaining)

    def take(self, which: NDArray[np.bool_]) -> Fixes:
        """Keep some of them."""
        return Fixes(self.grounds[which], self.gaining[which], self.losing[which])


def mended(zones: NDArray[Any], fixes: Fixes) -> tuple[NDArray[Any], NDArray[np.object_]]:
    """Make the fixes that the guard lets through.

    Parameters
    ----------
    zones : ndarray of Polygon and MultiPolygon
        Valid ones, in metres.
    fixes : Fixes

    Returns
    -------
    zones : ndarray
        With the fixes made. Neighbours of the ground have got its vertices, so that borders match; the others
        are the same objects.
    refused : ndarray of str
        Why a fix was not made; empty where it was. One of `REFUSALS`.

    Examples
    --------
    >>> zones = shapely.box([0, 8], 0, [10, 20], 10)
    >>> fixes = Fixes(np.array([shapely.box(8, 0, 10, 10)]), np.array([0]), np.array([1]))
    >>> shapes, refused = mended(zones, fixes)
    >>> shapely.area(shapes).tolist(), refused.tolist()
    ([100.0, 100.0], [''])
    """
    refused = np.full(len(fixes.grounds), "", dtype=object)
    if not len(fixes.grounds):
        return zones, refused
    near = np.unique(shapely.STRtree(zones).query(fixes.grounds, predicate="dwithin", distance=SAME_M)[1])
    near = np.unique(np.concatenate([near, fixes.changed, fixes.gaining]))
    result = zones.copy()
    result[near], grounds = weld(zones[near], fixes.grounds)
    _refuse_wrong_ground(refused, result, near, grounds, fixes)
    steps = [_step(ground, gains) for ground, gains in zip(grounds, fixes.losing < 0, strict=True)]
    changed = fixes.changed
    order = np.argsort(changed, kind="stable")
    for own in np.split(order, np.flatnonzero(np.diff(changed[order])) + 1):
        zone = int(changed[own[0]])
        result[zone] = _mend(result[zone], [int(at) for at in own if not refused[at]], steps, refused)
    return result, refused


def matched(
    zones: NDArray[Any], grounds: NDArray[Any], gaining: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[np.object_]]:
    """Give zones the vertices of their neighbours that they lack.

    Parameters
    ----------
    zones : ndarray of Polygon and MultiPolygon
    grounds : ndarray of Point and MultiPoint
        The vertices, exact or as near as a file in degrees keeps them: of the zones' vertices that are all
        but there the most south-western one is meant, so that several that are all but one become one.
    gaining : ndarray of int64
        The zone that gets each.

    Returns
    -------
    zones : ndarray
    refused : ndarray of str
        As `mended` tells.

    Examples
    --------
    >>> zones = shapely.box([0, 0], [0, 10], 20, [10, 20])
    >>> zones, _ = matched(zones, shapely.points([[10, 10]]), np.array([0]))
    >>> shapely.get_num_coordinates(zones).tolist()
    [6, 5]
    """
    result, refused = zones.copy(), np.full(len(grounds), "", dtype=object)
    points, of = shapely.get_coordinates(grounds, return_index=True)
    points = _at_vertices(points, zones)
    for at in range(len(grounds)):
        zone = int(gaining[at])
        after = with_vertices(result[zone], points[of == at])
        refused[at] = refusal(result[zone], after, 0.0)
        if not refused[at]:
            result[zone] = after
    return result, refused


def refusal(before: Any, after: Any, change_m2: float) -> str:
    """Say why a changed zone must not take the place of what it was.

    Parameters
    ----------
    before, after : Polygon or MultiPolygon
    change_m2 : float
        By how much its area should have changed.

    Returns
    -------
    str
        Empty where nothing speaks against it; otherwise the first that holds of ``would_be_empty``,
        ``would_be_invalid``, ``would_be_split`` (into more parts than before) and ``area_not_conserved``.

    Examples
    --------
    >>> zone = shapely.box(0, 0, 100, 10)
    >>> cut = shapely.difference(zone, shapely.box(40, -1, 60, 11))
    >>> refusal(zone, cut, -200.0), refusal(zone, shapely.Polygon(), -1000.0)
    ('would_be_split', 'would_be_empty')
    >>> refusal(zone, shapely.box(0, 0, 90, 10), -100.0), refusal(zone, shapely.box(0, 0, 90, 10), 0.0)
    ('', 'area_not_conserved')
    """
    if after is None or shapely.is_empty(after):
        return "would_be_empty"
    kinds = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
    if shapely.get_type_id(after) not in kinds or not shapely.is_valid(after):
        return "would_be_invalid"
    if shapely.get_num_geometries(after) > shapely.get_num_geometries(before):
        return "would_be_split"
    slack = SAME_M * (1 + float(shapely.length(before) + shapely.length(after)))
    if abs(after.area - before.area - change_m2) > slack:
        return "area_not_conserved"
    return ""


def _at_vertices(points: NDArray[np.float64], zones: NDArray[Any]) -> NDArray[np.float64]:
    """Return points as the vertices of zones that they stand for; as they are where there is none."""
    spots = np.asarray(shapely.points(points))
    near = np.unique(shapely.STRtree(zones).query(spots, predicate="dwithin", distance=SAME_M)[1])
    vertices = np.unique(shapely.get_coordinates(zones[near]), axis=0)  # in order: south-western ones first
    vertex, point = shapely.STRtree(spots).query(
        shapely.points(vertices), predicate="dwithin", distance=SAME_M
    )
    first = np.full(len(points), len(vertices))
    np.minimum.at(first, point, vertex)
    known = first < len(vertices)
    moved = points.copy()
    moved[known] = vertices[first[known]]
    return moved


def _step(ground: Any, gains: bool) -> tuple[Any, Callable[[Any, Any], Any], float]:
    """Return the ground, how it is joined or cut, and by how much that changes the area."""
    return ground, shapely.union if gains else shapely.difference, ground.area if gains else -ground.area


def _mend(
    zone: Any,
    fixes: list[int],
    steps: list[tuple[Any, Callable[[Any, Any], Any], float]],
    refused: NDArray[np.object_],
) -> Any:
    """Make all fixes to one zone together; where that is refused, one by one, as long as one succeeds."""
    whole = zone
    gained, lost = ([steps[at][0] for at in fixes if (steps[at][2] > 0) == side] for side in (True, False))
    if gained:
        whole = shapely.union(whole, shapely.union_all(gained))
    if lost:
        whole = shapely.difference(whole, shapely.union_all(lost))
    whole = _without_dust(whole)
    if not refusal(zone, whole, sum(steps[at][2] for at in fixes)):
        return _like(zone, whole)
    pending, progress = fixes, True
    while progress:  # a cut that would leave a scrap can be made once the scrap is gone
        left, progress = [], False
        for at in pending:
            ground, change, amount = steps[at]
            after = _without_dust(change(zone, ground))
            refused[at] = refusal(zone, after, amount)
            if refused[at]:
                left.append(at)
            else:
                zone, progress = _like(zone, after), True
        pending = left
    return zone


def _without_dust(shape: Any) -> Any:
    """Drop the parts of a shape that are rounding: where lines all but meet, some are left over."""
    parts = shapely.get_parts(shape)
    if len(parts) < 2:
        return shape
    real = is_real(parts) & (shapely.area(parts) >= _DUST_M2)
    return shape if real.all() or not real.any() else together(parts[real])


def together(polygons: NDArray[Any]) -> Any:
    """Return polygons as one shape."""
    parts = shapely.get_parts(polygons)
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


def _like(before: Any, after: Any) -> Any:
    """Return the shape as a MultiPolygon where it was one."""
    if before.geom_type == "MultiPolygon" and after.geom_type == "Polygon":
        return shapely.MultiPolygon([after])
    return after


def _refuse_wrong_ground(
    refused: NDArray[np.object_],
    zones: NDArray[Any],
    near: NDArray[np.int64],
    grounds: NDArray[Any],
    fixes: Fixes,
) -> None:
    """Refuse to fill ground that has a zone, and to take ground from one that no other would keep."""
    solid = ~shapely.is_empty(grounds)
    shapely.prepare(zones[near])
    tree = shapely.STRtree(zones[near])
    ground, zone = tree.query(grounds, predicate="intersects")
    fill = fixes.losing[ground] < 0
    ground, zone = ground[fill], near[zone[fill]]
    deep = shapely.relate_pattern(zones[zone], grounds[ground], "T********")
    shared = shapely.area(shapely.intersection(grounds[ground[deep]], zones[zone[deep]]))
    slack = SAME_M * (1 + shapely.length(grounds))
    refused[ground[deep][shared > slack[ground[deep]]]] = _NOT_FREE
    cut = np.flatnonzero((fixes.losing >= 0) & solid)
    for side in (fixes.gaining, fixes.losing):
        doubtful = cut[~shapely.covers(zones[side[cut]], grounds[cut])]
        held = shapely.area(shapely.intersection(grounds[doubtful], zones[side[doubtful]]))
        refused[doubtful[held < shapely.area(grounds[doubtful]) - slack[doubtful]]] = _NOT_HELD
    shapely.destroy_prepared(zones[near])
