"""Where roads meet: lines cut at their junctions, and what was joined, kept apart or left open, and why.

Lines know nothing of each other in a bureau's layer. They are joined by these rules, in this order:

1. Ends at one place (within a millimetre) meet, whatever their levels: so a bridge reaches the ground.
2. An end at a vertex within another line meets it if both have one level, or one is unknown, or the ending
   line is the elevated one, which comes down there. Where several lines have that vertex, one of its own
   level is preferred.
3. Vertices within two lines at one place meet unless their levels are known and differ.
4. An end that meets nothing is joined to the nearest line within the tolerance that rule 2 allows.
5. Lines that cross without a vertex in common meet if both are known to be on one level, pass each other if
   their levels differ, and are otherwise listed: undecided, apart unless the caller has them joined.

Levels come from the column of levels or from the one of bridges; see `zjk_gis.access.roads.network`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.engine.arrays import distinct, is_among, offsets_of
from zjk_gis.networks import components

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Cut", "Meetings", "cut_lines"]

_SAME_M = 1e-3  # vertices nearer than this are one place
_POINT, _LINE = 0, 1


@dataclass(frozen=True, slots=True)
class Meetings:
    """What happens where two lines meet, one row each.

    Attributes
    ----------
    first, second : ndarray of int64
        The lines.
    x, y : ndarray of float64
    kind : ndarray of str
        ``end_gap``, ``crossing``, ``end_below``, ``common_vertex`` or ``double_line``.
    decision : ndarray of str
        ``joined``, ``apart`` or ``left_open``.
    reason : ndarray of str
        ``within_tolerance``, ``same_level``, ``levels_differ``, ``level_unknown``, ``asked_for`` or
        ``drawn_twice``.
    gap_m : ndarray of float64
        How far apart the lines were.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    kind: NDArray[np.str_]
    decision: NDArray[np.str_]
    reason: NDArray[np.str_]
    gap_m: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cut:
    """Lines cut into edges.

    Attributes
    ----------
    nodes : ndarray of float64, shape (n, 2)
    tail, head : ndarray of int32
        The nodes where each edge begins and ends.
    line : ndarray of int64
        The line that it is a stretch of.
    from_m : ndarray of float64
        How far along it the edge begins.
    coords : ndarray of float64, shape (v, 2)
    starts : ndarray of int64
        Edge e is ``coords[starts[e]:starts[e + 1]]``.
    """

    nodes: NDArray[np.float64]
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    line: NDArray[np.int64]
    from_m: NDArray[np.float64]
    coords: NDArray[np.float64]
    starts: NDArray[np.int64]


class _Lines:
    """Lines as arrays: vertices one behind the other, how far along each lies, and which are ends."""

    def __init__(self, shapes: NDArray[Any], level: NDArray[np.float64], guessed: NDArray[np.bool_]) -> None:
        self.shapes, self.level, self.guessed = shapes, level, guessed
        self.coords, self.line = shapely.get_coordinates(shapes, return_index=True)
        self.starts = offsets_of(np.bincount(self.line, minlength=len(shapes)))
        step = np.hypot(*np.diff(self.coords, axis=0, prepend=self.coords[:1]).T)
        step[self.starts[:-1]] = 0.0
        run = np.cumsum(step)
        self.along = run - run[self.starts[self.line]]
        self.length = self.along[self.starts[1:] - 1]
        # End 2 i is the beginning of line i, end 2 i + 1 its end; -1 for a vertex between.
        self.end = np.full(len(self.coords), -1, np.int64)
        self.end[self.starts[:-1]] = 2 * np.arange(len(shapes))
        self.end[self.starts[1:] - 1] = 2 * np.arange(len(shapes)) + 1

    def end_points(self) -> NDArray[np.float64]:
        ends = np.empty((2 * len(self.shapes), 2))
        ends[0::2], ends[1::2] = self.coords[self.starts[:-1]], self.coords[self.starts[1:] - 1]
        return ends


class _Joints:
    """The places along lines that are joined: the ends first, then places between."""

    def __init__(self, lines: _Lines) -> None:
        ends = 2 * len(lines.shapes)
        self.line = [np.repeat(np.arange(len(lines.shapes)), 2)]
        along = np.zeros(ends)
        along[1::2] = lines.length
        self.along = [along]
        self.size = ends
        self.first: list[NDArray[np.int64]] = []
        self.second: list[NDArray[np.int64]] = []

    def between(self, line: NDArray[np.int64], along: NDArray[np.float64]) -> NDArray[np.int64]:
        """Add places between ends; return their numbers."""
        self.line.append(line)
        self.along.append(along)
        self.size += len(line)
        return np.arange(self.size - len(line), self.size)

    def join(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> None:
        self.first.append(first)
        self.second.append(second)


def cut_lines(
    shapes: NDArray[Any],
    level: NDArray[np.float64],
    guessed: NDArray[np.bool_],
    *,
    tolerance_m: float,
    join_undecided: bool,
) -> tuple[Cut, Meetings]:
    """Cut lines where they meet, by the rules of this module.

    Parameters
    ----------
    shapes : ndarray of LineString
        In metres, none of length 0, in an order that does not depend on the caller's rows.
    level : ndarray of float64
        0 on the ground, more above it, less below; NaN where it is not known.
    guessed : ndarray of bool
        Whether a level was told from a column of bridges: two bridges may be of two levels.
    tolerance_m : float
        The widest gap that is closed.
    join_undecided : bool
        Whether crossings that nothing decides are joined.

    Returns
    -------
    Cut
    Meetings
        All that was joined across a gap or without a vertex in common, or kept apart.

    Examples
    --------
    A street that ends 0.3 m short of another:

    >>> from shapely import LineString
    >>> lines = np.array([LineString([(0, 0), (100, 0)]), LineString([(50, 0.3), (50, 40)])])
    >>> cut, met = cut_lines(lines, np.zeros(2), np.zeros(2, bool), tolerance_m=0.5, join_undecided=False)
    >>> len(cut.nodes), len(cut.tail), met.kind.tolist(), met.gap_m.tolist()
    (4, 3, ['end_gap'], [0.3])
    """
    lines = _Lines(shapes, level, guessed)
    joints, told = _Joints(lines), []
    told.append(_at_vertices(lines, joints))
    gaps, over = _across_gaps(lines, joints, tolerance_m)
    told.append(gaps)
    told.append(_at_crossings(lines, joints, over, tolerance_m, join_undecided=join_undecided))
    return _cut(lines, joints, tolerance_m), _together(told)


def _at_vertices(lines: _Lines, joints: _Joints) -> Meetings:
    """Join by rules 1 to 3 what has a vertex in common."""
    from scipy.spatial import cKDTree

    pairs = cKDTree(lines.coords).query_pairs(_SAME_M, output_type="ndarray").astype(np.int64)
    a, b = pairs.T
    # Neighbours on one line are not a junction of it with itself.
    apart = (lines.line[a] != lines.line[b]) | (np.abs(lines.along[a] - lines.along[b]) > 2 * _SAME_M)
    a, b = a[apart], b[apart]
    swap = (lines.end[a] < 0) & (lines.end[b] >= 0)  # an end goes first
    a, b = np.where(swap, b, a), np.where(swap, a, b)
    la, lb = lines.level[lines.line[a]], lines.level[lines.line[b]]
    known = ~(np.isnan(la) | np.isnan(lb))
    equal = ~known | (la == lb)
    both_ends = lines.end[b] >= 0
    on_vertex = (lines.end[a] >= 0) & ~both_ends
    comes_down = on_vertex & known & (la != 0) & (lb == 0)
    # Rule 2: an end whose level passes through there does not come down as well.
    level_through = np.zeros(len(lines.coords), np.bool_)
    level_through[a[on_vertex & known & (la == lb)]] = True
    meets = both_ends | equal | (comes_down & ~level_through[a])
    place = np.full(len(lines.coords), -1, np.int64)
    is_end = lines.end >= 0
    place[is_end] = lines.end[is_end]
    inner = distinct(np.concatenate([a[meets], b[meets]]))
    inner = inner[place[inner] < 0]
    place[inner] = joints.between(lines.line[inner], lines.along[inner])
    joints.join(place[a[meets]], place[b[meets]])
    left = ~meets
    kind = np.where(on_vertex[left], "end_below", "common_vertex")
    return _told(lines, a[left], b[left], kind, "apart", "levels_differ")


def _told(
    lines: _Lines,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    kind: NDArray[np.str_],
    decision: str,
    reason: str,
) -> Meetings:
    x, y = lines.coords[a].T
    size = len(a)
    return Meetings(
        lines.line[a],
        lines.line[b],
        x,
        y,
        kind,
        np.full(size, decision),
        np.full(size, reason),
        np.zeros(size),
    )


def _across_gaps(lines: _Lines, joints: _Joints, tolerance_m: float) -> tuple[Meetings, set[tuple[int, int]]]:
    """Join by rule 4 ends that meet nothing; return also which lines an end reaches or overshoots so."""
    met = np.zeros(2 * len(lines.shapes), np.bool_)
    for each in (*joints.first, *joints.second):
        met[each[each < len(met)]] = True
    free = np.flatnonzero(~met)
    points = np.asarray(shapely.points(lines.end_points()[free]))
    at, other = shapely.STRtree(lines.shapes).query(points, predicate="dwithin", distance=tolerance_m)
    own = free[at] // 2
    end, other, point = free[at][other != own], other[other != own].astype(np.int64), points[at[other != own]]
    gap = shapely.distance(point, lines.shapes[other])
    mine, theirs = lines.level[end // 2], lines.level[other]
    along = np.asarray(shapely.line_locate_point(lines.shapes[other], point))
    near_end = (along <= tolerance_m) | (along >= lines.length[other] - tolerance_m)
    allowed = near_end | np.isnan(mine) | np.isnan(theirs) | (mine == theirs) | ((mine != 0) & (theirs == 0))
    order = np.lexsort((other, gap.round(9), ~allowed, end))
    first = order[np.unique(end[order], return_index=True)[1]]
    kept = first[allowed[first]]
    line, along_kept = other[kept], along[kept]
    place = np.where(along_kept <= tolerance_m, 2 * line, 2 * line + 1)
    between = ~near_end[kept]
    place[between] = joints.between(line[between], along_kept[between])
    joints.join(end[kept], place)
    over = {(int(a), int(b)) for a, b in zip(end[kept] // 2, line, strict=True)}
    # Two ends that face each other find each other: told once.
    twin = ~between & np.isin(place, end[kept])
    back = dict(zip(end[kept].tolist(), place.tolist(), strict=True))
    again = np.array(
        [bool(t) and back.get(p) == e and p < e for t, e, p in zip(twin, end[kept], place, strict=True)], bool
    )
    refused = first[~allowed[first]]
    rows = np.concatenate([kept[~again], refused]).astype(np.int64)
    x, y = lines.end_points()[end[rows]].T
    joined = np.concatenate([np.ones(len(kept) - int(again.sum()), bool), np.zeros(len(refused), bool)])
    return (
        Meetings(
            end[rows] // 2,
            other[rows],
            x,
            y,
            np.where(joined, "end_gap", "end_below"),
            np.where(joined, "joined", "apart"),
            np.where(joined, "within_tolerance", "levels_differ"),
            gap[rows],
        ),
        over,
    )


def _at_crossings(
    lines: _Lines,
    joints: _Joints,
    over: set[tuple[int, int]],
    tolerance_m: float,
    *,
    join_undecided: bool,
) -> Meetings:
    """Decide by rule 5 where lines cross without a vertex in common."""
    first, second = _may_cross(lines, joints)
    shared = np.asarray(shapely.intersection(lines.shapes[first], lines.shapes[second]))
    parts, pair = shapely.get_parts(shared, return_index=True)
    inner, of_part = shapely.get_parts(parts, return_index=True)
    pair, kind = pair[of_part], shapely.get_type_id(inner)
    a, b = first[pair], second[pair]
    is_point = kind == _POINT
    place = np.full((len(inner), 2), np.nan)
    place[is_point] = shapely.get_coordinates(inner[is_point])
    twice = (kind == _LINE) & (shapely.length(inner) > tolerance_m)
    place[twice] = shapely.get_coordinates(shapely.line_interpolate_point(inner[twice], 0.5, normalized=True))
    at = shapely.points(place)
    along_a = np.asarray(shapely.line_locate_point(lines.shapes[a], at))
    along_b = np.asarray(shapely.line_locate_point(lines.shapes[b], at))
    open_ = is_point & ~_is_settled(lines, (a, b), (along_a, along_b), place, over, tolerance_m)
    la, lb = lines.level[a], lines.level[b]
    unknown = np.isnan(la) | np.isnan(lb) | ((la == lb) & (la != 0) & lines.guessed[a] & lines.guessed[b])
    same, differ = ~unknown & (la == lb), ~unknown & (la != lb)
    join = open_ & (same | (unknown & join_undecided))
    joints.join(joints.between(a[join], along_a[join]), joints.between(b[join], along_b[join]))
    decision = np.select([twice, differ, join], ["apart", "apart", "joined"], default="left_open")
    reason = np.select(
        [twice, differ, same, join],
        ["drawn_twice", "levels_differ", "same_level", "asked_for"],
        default="level_unknown",
    )
    rows = np.flatnonzero(open_ | twice)
    return Meetings(
        a[rows],
        b[rows],
        place[rows, 0],
        place[rows, 1],
        np.where(twice[rows], "double_line", "crossing"),
        decision[rows],
        reason[rows],
        np.zeros(len(rows)),
    )


def _may_cross(lines: _Lines, joints: _Joints) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs of lines that share more than their ends."""
    tree = shapely.STRtree(lines.shapes)
    first, second = tree.query(lines.shapes).astype(np.int64)
    before = first < second
    first, second = first[before], second[before]
    # Two straight lines that meet at their ends share nothing else, unless they lie on each other.
    straight = np.diff(lines.starts) == 2
    ends = 2 * len(straight)
    a, b = (np.concatenate(each) for each in (joints.first, joints.second))
    meet = (a < ends) & (b < ends)
    low, high = np.sort(np.vstack([a[meet] // 2, b[meet] // 2]), axis=0)
    met = low * len(straight) + high
    direction = np.diff(lines.end_points().reshape(-1, 2, 2), axis=1)[:, 0]
    (ux, uy), (vx, vy) = direction[first].T, direction[second].T
    turned = np.abs(ux * vy - uy * vx) > 1e-9 * np.hypot(ux, uy) * np.hypot(vx, vy)
    harmless = straight[first] & straight[second] & is_among(first * len(straight) + second, met) & turned
    first, second = first[~harmless], second[~harmless]
    touching = shapely.touches(lines.shapes[first], lines.shapes[second])
    crossing = ~touching & shapely.intersects(lines.shapes[first], lines.shapes[second])
    return first[crossing], second[crossing]


def _is_settled(
    lines: _Lines,
    pair: tuple[NDArray[np.int64], NDArray[np.int64]],
    along: tuple[NDArray[np.float64], NDArray[np.float64]],
    place: NDArray[np.float64],
    over: set[tuple[int, int]],
    tolerance_m: float,
) -> NDArray[np.bool_]:
    """Tell which crossings the rules before have decided: at vertices of both, or beside a joined end."""
    from scipy.spatial import cKDTree

    both = np.ones(len(place), np.bool_)
    if len(place):
        shown = np.nan_to_num(place)
        near = cKDTree(lines.coords).query_ball_point(shown, 2 * _SAME_M)
        for which in pair:
            both &= [
                bool(len(each)) and bool((lines.line[each] == line).any())
                for each, line in zip(near, which.tolist(), strict=True)
            ]
    settled = both
    for (one, other), far in zip((pair, pair[::-1]), along, strict=True):
        reached = np.array([(a, b) in over for a, b in zip(one.tolist(), other.tolist(), strict=True)], bool)
        at_end = np.minimum(far, lines.length[one] - far) <= 2 * tolerance_m
        settled |= reached & at_end
    return settled


def _cut(lines: _Lines, joints: _Joints, tolerance_m: float) -> Cut:
    """Give nodes their numbers, and cut every line at its joints."""
    line, along = np.concatenate(joints.line), np.concatenate(joints.along)
    first, second = (np.concatenate(each).astype(np.int32) for each in (joints.first, joints.second))
    order = np.lexsort((np.arange(len(line)), along, line))
    # Joints of one line within a millimetre of each other are one.
    same = (line[order[1:]] == line[order[:-1]]) & (np.diff(along[order]) <= 2 * _SAME_M)
    node = components(
        len(line),
        np.concatenate([first, order[:-1][same].astype(np.int32)]),
        np.concatenate([second, order[1:][same].astype(np.int32)]),
    )
    # Cut places and vertices in one row along each line; a vertex at a cut gives way to it.
    kept = (
        order[np.concatenate([[True], ~same | (line[order[1:]] != line[order[:-1]])])]
        if len(order)
        else order
    )
    spots = np.asarray(shapely.get_coordinates(shapely.line_interpolate_point(lines.shapes[line], along)))
    where = _places_of(node, spots, joints, len(lines.shapes))
    between = np.flatnonzero(lines.end < 0)
    all_line = np.concatenate([line[kept], lines.line[between]])
    all_along = np.concatenate([along[kept], lines.along[between]])
    all_node = np.concatenate([node[kept], np.full(len(between), -1)])
    all_xy = np.concatenate([where[node[kept]], lines.coords[between]])
    row = np.lexsort((all_node < 0, all_along, all_line))
    all_line, all_along, all_node, all_xy = all_line[row], all_along[row], all_node[row], all_xy[row]
    at_cut = np.zeros(len(row), np.bool_)
    for step in (1, -1):
        beside = np.roll(np.arange(len(row)), step)
        near = (all_line[beside] == all_line) & (np.abs(all_along[beside] - all_along) <= 2 * _SAME_M)
        at_cut |= near & (all_node[beside] >= 0)
    stays = (all_node >= 0) | ~at_cut
    return _edges(all_line[stays], all_along[stays], all_node[stays], all_xy[stays], where, tolerance_m)


def _places_of(
    node: NDArray[np.int32], spots: NDArray[np.float64], joints: _Joints, lines: int
) -> NDArray[np.float64]:
    """Return where each node lies: at a place within a line if it has one, so that no through road bends."""
    is_end = np.arange(len(node)) < 2 * lines
    met = np.zeros(len(node), np.int64)
    for each in (*joints.first, *joints.second):
        np.add.at(met, each, 1)
    # Of ends alone, where most meet; of equals from west to east.
    order = np.lexsort((spots[:, 1], spots[:, 0], -met, is_end, node))
    first = order[np.unique(node[order], return_index=True)[1]]
    return spots[first]


def _edges(
    line: NDArray[np.int64],
    along: NDArray[np.float64],
    node: NDArray[np.int64],
    xy: NDArray[np.float64],
    nodes: NDArray[np.float64],
    tolerance_m: float,
) -> Cut:
    """Make an edge of each stretch between two cuts of a line."""
    cuts = np.flatnonzero(node >= 0)
    begin, end = cuts[:-1], cuts[1:]
    # What gaps and overshoots leave behind, from a node to itself, is not a road.
    real = (line[begin] == line[end]) & (
        (node[begin] != node[end]) | (along[end] - along[begin] > 2 * tolerance_m + 2 * _SAME_M)
    )
    begin, end = begin[real], end[real]
    counts = end - begin + 1
    starts = offsets_of(counts)
    position = np.arange(starts[-1]) + np.repeat(begin - starts[:-1], counts)
    used, number = np.unique(np.concatenate([node[begin], node[end]]), return_inverse=True)
    tail, head = number.astype(np.int32).reshape(2, -1)
    return Cut(nodes[used], tail, head, line[begin], along[begin], xy[position], starts)


def _together(told: list[Meetings]) -> Meetings:
    names = ("first", "second", "x", "y", "kind", "decision", "reason", "gap_m")
    columns = [np.concatenate([getattr(each, name) for each in told]) for name in names]
    order = np.lexsort((columns[3], columns[2], columns[1], columns[0]))
    return Meetings(*(column[order] for column in columns))
