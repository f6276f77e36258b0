"""Gaps and overlaps taken apart into what can be mended by one rule, and who should have each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.coverage.mending import REFUSALS, Fixes, matched, mended, together
from zjk_gis.coverage.mismatches import stray_vertices
from zjk_gis.coverage.strips import strips_of
from zjk_gis.overlay.snapping import MATCH_M, SAME_M, edges_in_common, is_real, weld, with_vertices

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from zjk_gis.coverage.rules import RepairRules

__all__ = [
    "Proposal",
    "Zones",
    "cuts_of",
    "fills_of",
    "geometry_array",
    "guarded",
    "matches_of",
    "polygons_of",
]

_HAIRLINE_M = 0.01  # ground that is nowhere wider has never anybody on it
_TAIL_SHARE = 0.05  # of a perimeter: a shorter hairline stays with the piece it hangs on
_NEARLY_AS_LONG = 0.5  # of the longest: a border on whose line the gap at its side may be closed
_WHOLE = 1e-4  # the share of a zone that may stick out of another and still count as all of it inside


@dataclass(frozen=True, slots=True)
class Zones:
    """The zones that are judged.

    Attributes
    ----------
    shapes : ndarray of Polygon and MultiPolygon
        In metres.
    codes : ndarray of str
        Each once.
    rank : ndarray of int64
        0 for the zone that keeps the ground whoever else claims it.
    priority : ndarray of float64
        Not a number where there is none.
    """

    shapes: NDArray[Any]
    codes: NDArray[np.object_]
    rank: NDArray[np.int64]
    priority: NDArray[np.float64]

    def first_by(self, one: int, other: int) -> str:
        """Name the rule by which the first of two zones comes before the other."""
        if np.nan_to_num(self.priority[one], nan=-np.inf) != np.nan_to_num(self.priority[other], nan=-np.inf):
            return "highest_priority"
        return "smallest_area" if self.shapes[one].area != self.shapes[other].area else "lowest_code"


@dataclass(slots=True, eq=False)
class Proposal:
    """What should be done about one piece of ground.

    Attributes
    ----------
    action : {"fill", "cut", "snap", "match"}
    ground : Polygon or MultiPolygon
        The vertices, as points, for a match.
    gaining, losing : int
        Positions of zones; -1 for none.
    by : str
        The rule that chose who gains.
    reason : str
        Why it is left to a person; empty if it is proposed.
    borders : dict of int to float
        For a gap the zones around it, with the length of common border in metres.
    """

    action: str
    ground: Any
    gaining: int
    losing: int
    by: str
    reason: str
    borders: dict[int, float] = field(default_factory=dict)


def fills_of(gaps: NDArray[Any], zones: Zones, rules: RepairRules) -> list[Proposal]:
    """Say which zone should have each gap: the one with the longest common border.

    What is nowhere wider than the snapping distance is closed border by border: of the zones along it the one
    that gives way in overlaps takes it, so that the whole border comes to lie on the line of the other.
    """
    solid, _, thin, _ = _solid_and_thin(gaps, np.zeros(len(gaps), dtype=np.int64), rules.snap_within_m)
    pieces = np.concatenate([solid, thin])
    if not len(pieces):
        return []
    near = np.unique(shapely.STRtree(zones.shapes).query(pieces, predicate="dwithin", distance=SAME_M)[1])
    around, pieces = weld(zones.shapes[near], pieces)
    narrow = strips_of(pieces[len(solid) :], around)
    around, pieces = weld(around, np.concatenate([pieces[: len(solid)], narrow]))
    piece, zone, length = edges_in_common(pieces, around)
    borders: list[dict[int, float]] = [{} for _ in pieces]
    for at, who, how_long in zip(piece.tolist(), near[zone].tolist(), length.round(6).tolist(), strict=True):
        borders[at][who] = how_long
    found = []
    for ground, own in zip(pieces[: len(solid)], borders[: len(solid)], strict=True):
        ranked = _longest_first(own, zones)
        reason = _exceeded(rules, "fill", ground) if ranked else "no_neighbour"
        found.append(Proposal("fill", ground, (ranked or [-1])[0], -1, "longest_border", reason, own))
    strips: dict[tuple[int, int], list[int]] = {}
    for at in range(len(solid), len(pieces)):
        ranked = _longest_first(borders[at], zones)
        if ranked and not shapely.is_empty(pieces[at]):
            long = [who for who in ranked if borders[at][who] >= _NEARLY_AS_LONG * borders[at][ranked[0]]]
            gaining = max(long, key=lambda who: zones.rank[who])
            other = next((who for who in ranked if who != gaining), -1)
            strips.setdefault((gaining, other), []).append(at)
    for (gaining, _), places in strips.items():
        sums: dict[int, float] = {}
        for at in places:
            for who, how_long in borders[at].items():
                sums[who] = sums.get(who, 0.0) + how_long
        ground = together(pieces[places])
        found.append(Proposal("snap", ground, gaining, -1, "line_of_the_other", "", sums))
    return found


def cuts_of(pairs: Iterable[tuple[int, int, Any]], zones: Zones, rules: RepairRules) -> list[Proposal]:
    """Say which of two zones should keep the ground that both claim: the one that ranks first.

    Ground that several claim is cut from each of the others in favour of the first of all. Zones of which one
    lies inside the other, or that are the same, are left to a person.
    """
    claims = {
        (one, other) if zones.rank[one] < zones.rank[other] else (other, one): ground
        for one, other, ground in pairs
    }
    rivals: dict[int, set[int]] = {}
    for keeps, loses in claims:
        rivals.setdefault(loses, set()).add(keeps)
    sides = sorted(claims)
    inside, grounds = [], []
    for keeps, loses in sides:
        common = claims[keeps, loses]
        inside.append(_inside(common, zones.shapes[keeps], zones.shapes[loses]))
        before = sorted(rivals.get(keeps, set()) & rivals[loses])
        if before:
            common = shapely.difference(common, shapely.union_all(zones.shapes[before]))
        grounds.append(common)
    pieces, owner = polygons_of(grounds)
    solid, solid_of, thin, thin_of = _solid_and_thin(pieces, owner, rules.snap_within_m)
    found = []
    narrow: dict[int, list[int]] = {}
    for at, pair in enumerate(thin_of.tolist()):
        narrow.setdefault(pair, []).append(at)
    for action, ground, pair in [
        *(("cut", piece, at) for piece, at in zip(solid, solid_of.tolist(), strict=True)),
        *(("snap", together(thin[own]), at) for at, own in narrow.items()),
    ]:
        keeps, loses = sides[pair]
        reason = inside[pair] or _exceeded(rules, action, ground)
        by = zones.first_by(keeps, loses)
        found.append(Proposal("cut" if inside[pair] else action, ground, keeps, loses, by, reason))
    return found


def matches_of(found: list[Proposal], shapes: NDArray[Any]) -> list[Proposal]:
    """Say which zones should get vertices of their neighbours, once what is proposed has been made.

    `shapes` are the zones with that; see `guarded`. Borders of ground that is left to a person wait for the
    decision.
    """
    left = [each for each in found if each.reason]
    points, of, by = stray_vertices(shapes, MATCH_M)
    spots = np.asarray(shapely.points(points))
    waits = shapely.STRtree(geometry_array(each.ground for each in left)).query(
        spots, predicate="dwithin", distance=SAME_M
    )[0]
    free = np.ones(len(points), dtype=bool)
    free[waits] = False
    pairs, group = np.unique(np.stack([by[free], of[free]], axis=1), axis=0, return_inverse=True)
    order = np.argsort(group, kind="stable")
    own = np.split(spots[free][order], np.flatnonzero(np.diff(group[order])) + 1)
    grounds = geometry_array(shapely.multipoints(each) for each in own if len(each))
    kept = ~_move_ground(shapes[pairs[:, 0]], grounds)
    pairs, grounds = pairs[kept], grounds[kept]
    _, refused = matched(shapes, grounds, pairs[:, 0])
    return [
        Proposal("match", ground, int(gains), -1, "vertices_of_the_other", str(why), {int(other): 0.0})
        for ground, (gains, other), why in zip(grounds, pairs.tolist(), refused.tolist(), strict=True)
    ]


def polygons_of(grounds: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Take geometries apart into their polygons, each with the number of the one it comes from.

    Examples
    --------
    >>> polygons_of([shapely.Point(0, 0), shapely.MultiPolygon([shapely.box(0, 0, 1, 1)])])[1]
    array([1])
    """
    parts, owner = shapely.get_parts(geometry_array(grounds), return_index=True)
    parts, inner = shapely.get_parts(parts, return_index=True)  # a collection may hold multipolygons
    areal = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(parts)
    return parts[areal], owner[inner[areal]]


def geometry_array(shapes: Iterable[Any]) -> NDArray[Any]:
    """Make an array of geometries, of none too."""
    return np.array([*shapes, None], dtype=object)[:-1]  # the None keeps numpy from looking inside


def guarded(found: list[Proposal], zones: Zones) -> tuple[list[Proposal], NDArray[Any]]:
    """Try what is proposed, leave to a person what would harm a zone, and return the zones with the rest.

    Before that two ways out are tried. A border that cannot be snapped as a whole is snapped stretch by
    stretch. Where an overlap cannot be cut from the one zone but from the other, and no priority is against
    it, the other gives way.
    """
    shapes = _try(found, zones)
    if not any(each.reason in REFUSALS for each in found):
        return found, shapes
    whole = [each for each in found if each.action == "snap" and each.reason]
    stretches = [
        replace(each, ground=part) for each in whole for part in shapely.get_parts(each.ground).tolist()
    ]
    if len(stretches) > len(whole):
        found = [each for each in found if each not in whole] + stretches
        _try(found, zones, again=whole)
    turned = [
        each
        for each in found
        if each.reason in REFUSALS and each.losing >= 0 and each.by != "highest_priority"
    ]
    kept = [(each, each.by, each.reason) for each in turned]
    for each in turned:
        each.gaining, each.losing, each.by = each.losing, each.gaining, "keeps_both_whole"
    if turned:
        _try(found, zones, again=turned)
    for each, by, reason in kept:
        if each.reason:
            each.gaining, each.losing, each.by, each.reason = each.losing, each.gaining, by, reason
    return found, mended(zones.shapes, _fixes([each for each in found if not each.reason]))[0]


def _longest_first(borders: dict[int, float], zones: Zones) -> list[int]:
    return sorted(borders, key=lambda who: (-borders[who], zones.codes[who]))


def _inside(common: Any, keeps: Any, loses: Any) -> str:
    """Say whether two zones are the same, one is inside the other, or neither."""
    whole = [common.area >= (1 - _WHOLE) * zone.area for zone in (keeps, loses)]
    return "duplicate" if all(whole) else "nested" if any(whole) else ""


def _exceeded(rules: RepairRules, action: str, ground: Any) -> str:
    """Say which limit a piece of ground exceeds; empty if none."""
    if action == "snap":
        return ""
    area, width = (
        (rules.max_fill_area_m2, rules.max_fill_width_m)
        if action == "fill"
        else (rules.max_cut_area_m2, rules.max_cut_width_m)
    )
    if ground.area > area + SAME_M:
        return "too_large"
    within = shapely.buffer(ground, -(width / 2 + SAME_M), join_style="mitre")
    return "" if shapely.is_empty(within) else "too_wide"


def _solid_and_thin(
    pieces: NDArray[Any], owner: NDArray[np.int64], snap_within_m: float
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[Any], NDArray[np.int64]]:
    """Part ground into what is wider than the snapping distance and what is nowhere, each with its owner.

    What is rounding is left out; without snapping hairlines are, too.
    """
    width = max(snap_within_m, _HAIRLINE_M)
    real = is_real(pieces)
    pieces, owner = pieces[real], owner[real]
    shrunk = shapely.buffer(pieces, -width / 2, join_style="mitre")
    opened = shapely.buffer(shrunk, width / 2, join_style="mitre")
    is_thin = shapely.is_empty(opened)
    tailed = ~is_thin & (
        (shapely.get_num_geometries(opened) > 1)
        | (shapely.length(opened) < (1 - _TAIL_SHARE) * shapely.length(pieces))
    )
    whole = ~is_thin & ~tailed
    bodies, of_body = polygons_of(shapely.intersection(pieces[tailed], opened[tailed]))
    tails, of_tail = polygons_of(shapely.difference(pieces[tailed], opened[tailed]))
    solid, solid_of = np.concatenate([pieces[whole], bodies]), np.r_[owner[whole], owner[tailed][of_body]]
    thin, thin_of = np.concatenate([pieces[is_thin], tails]), np.r_[owner[is_thin], owner[tailed][of_tail]]
    kept, narrow = is_real(solid), is_real(thin) & (snap_within_m > 0)
    return solid[kept], solid_of[kept], thin[narrow], thin_of[narrow]


def _move_ground(shapes: NDArray[Any], grounds: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell where a shape would gain or lose ground by the vertices: its border is another, and is snapped."""
    moves = np.zeros(len(shapes), dtype=bool)
    points, of = shapely.get_coordinates(grounds, return_index=True)
    off = shapely.distance(shapely.boundary(shapes)[of], shapely.points(points)) > SAME_M
    for at in np.unique(of[off]).tolist():
        after = with_vertices(shapes[at], points[of == at])
        sound = shapely.is_valid(after) and not shapely.is_empty(after)
        moves[at] = (
            not sound or is_real(polygons_of([shapely.symmetric_difference(shapes[at], after)])[0]).any()
        )
    return moves


def _try(found: list[Proposal], zones: Zones, again: Iterable[Proposal] = ()) -> NDArray[Any]:
    """Write down why the guard refuses what no limit forbids; again only for the zones of some proposals.

    Returns the zones as they become.
    """
    asked = {zone for each in again for zone in (each.gaining, each.losing)}
    tried = [
        each
        for each in found
        if each.reason in ("", *REFUSALS)
        and (not asked or (each.losing if each.losing >= 0 else each.gaining) in asked)
    ]
    shapes, refused = mended(zones.shapes, _fixes(tried))
    for each, why in zip(tried, refused, strict=True):
        each.reason = why
    return shapes


def _fixes(found: list[Proposal]) -> Fixes:
    return Fixes(
        geometry_array(each.ground for each in found),
        np.array([each.gaining for each in found], dtype=np.int64),
        np.array([each.losing for each in found], dtype=np.int64),
    )
