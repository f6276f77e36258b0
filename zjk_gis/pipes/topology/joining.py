"""Which node each end of a pipe hangs on.

In this order:

1. **By name.** The end names a manhole or survey point by code, 物探点号 or 图上点号. Where the pipe is drawn
   the other way round than it is named, the names count. A name whose node lies too far away is not believed.
2. **By an unknown name.** Ends that name the same point, which no table has, meet there.
3. **By place.** An end without a name hangs on the nearest node of its kind of pipe within reach; never both
   ends of a pipe on one node.
4. **By meeting.** Ends that are left meet where they lie: the nearest two first, then two such meetings, as
long
   as all of a meeting lie within reach of one another. So a chain of ends, each near the next, is not one
   node.

Two nodes are never made one: they have different codes. What could not be joined hangs on a node of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.pipes.topology.nodes import NodeNames

__all__ = ["HOW", "REMARKS", "Ends", "join_ends"]

HOW = ("by_name", "by_unknown_name", "by_place", "by_meeting", "alone", "split")
BY_NAME, BY_UNKNOWN_NAME, BY_PLACE, BY_MEETING, ALONE, SPLIT = range(6)
REMARKS = ("", "far_from_named", "unknown_name", "named_too_far", "nothing_near", "other_end_nearer")
FINE, FAR_FROM_NAMED, UNKNOWN_NAME, NAMED_TOO_FAR, NOTHING_NEAR, OTHER_END_NEARER = range(6)
_SAME_M = 0.001


@dataclass
class Ends:
    """The ends of n pipes: the first half of each array where they begin, the second where they end.

    Attributes
    ----------
    place : ndarray of float64, shape (2 n, 2)
    group : ndarray of int64
        What the pipe carries: 0 where it is not known; ends of other groups are not for each other.
    node : ndarray of int64
        The node each hangs on; -1 before it is known.
    how, remark : ndarray of int8
        Positions in `HOW` and `REMARKS`.
    distance : ndarray of float64
        From the end to its node, or to what it was not joined with.
    near : ndarray of int64
        The node it was not joined with; -1 where there is none.
    backwards : ndarray of bool, shape (n,)
        Which pipes are drawn the other way round than they are named.
    """

    place: NDArray[np.float64]
    group: NDArray[np.int64]
    node: NDArray[np.int64]
    how: NDArray[np.int8]
    remark: NDArray[np.int8]
    distance: NDArray[np.float64]
    near: NDArray[np.int64]
    backwards: NDArray[np.bool_]

    @property
    def pipes(self) -> int:
        """How many pipes there are."""
        return len(self.place) // 2


def join_ends(
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    group: NDArray[np.int64],
    recorded: tuple[pd.Series, pd.Series],
    names: NodeNames,
    node_group: NDArray[np.int64],
    *,
    within_m: float,
    trusted_within_m: float,
) -> tuple[Ends, NDArray[np.float64], list[str]]:
    """Find the node of each end of each pipe.

    Returns
    -------
    ends : Ends
        The first half of each array tells of the end that the pipe records as its first (起点).
    at : ndarray of float64, shape (m, 2)
        The nodes made: where ends meet or are alone, after those that there were.
    codes : list of str
        Of these the names that no table has, empty for the others.
    """
    count = len(starts)
    both = pd.concat([recorded[0], recorded[1]], ignore_index=True)
    at = np.concatenate([starts, ends])
    matches = names.match(both)
    node = names.nearest(matches, at)
    backwards = _drawn_backwards(node, names.place, starts, ends, within_m)
    turned = np.concatenate([backwards, backwards])
    other = np.concatenate([at[count:], at[:count]])
    at = np.where(turned[:, None], other, at)
    if backwards.any():  # of several nodes of one name the nearest to the right end
        node = names.nearest(matches, at)
    found = Ends(
        at,
        np.concatenate([group, group]),
        np.full(2 * count, -1, np.int64),
        np.full(2 * count, ALONE, np.int8),
        np.zeros(2 * count, np.int8),
        np.full(2 * count, np.nan),
        np.full(2 * count, -1, np.int64),
        backwards,
    )
    made: list[NDArray[np.float64]] = []
    codes: list[str] = []
    _by_name(found, node, names.place, within_m, trusted_within_m)
    free = len(names.place)
    free = _by_unknown_name(found, node, matches.written, free, made, codes, trusted_within_m)
    _by_place(found, names, node_group, within_m)
    _by_meeting(found, free, made, codes, within_m)
    places = np.concatenate([each.reshape(-1, 2) for each in made]) if made else np.empty((0, 2))
    return found, places, codes


def _drawn_backwards(
    node: NDArray[np.int64],
    place: NDArray[np.float64],
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    within_m: float,
) -> NDArray[np.bool_]:
    """Tell which pipes are drawn from the point they name last to the one they name first."""
    count = len(starts)
    first, last = node[:count], node[count:]

    def far(named: NDArray[np.int64], at: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(named >= 0, np.hypot(*(place[np.maximum(named, 0)] - at).T), 0.0)

    as_drawn = far(first, starts) + far(last, ends)
    other_way = far(first, ends) + far(last, starts)
    backwards = (as_drawn > within_m) & (other_way < as_drawn) & (first != last)
    return np.asarray(backwards, dtype=bool)


def _by_name(
    found: Ends, node: NDArray[np.int64], place: NDArray[np.float64], within_m: float, trusted_within_m: float
) -> None:
    """Rule 1."""
    known = node >= 0
    far = np.full(len(node), np.nan)
    far[known] = np.hypot(*(place[node[known]] - found.place[known]).T)
    believed = known & (far <= trusted_within_m)
    found.node[believed], found.how[believed] = node[believed], BY_NAME
    found.distance[believed] = far[believed]
    found.remark[believed & (far > within_m)] = FAR_FROM_NAMED
    doubted = known & ~believed
    found.remark[doubted], found.near[doubted] = NAMED_TOO_FAR, node[doubted]
    found.distance[doubted] = far[doubted]


def _by_unknown_name(
    found: Ends,
    node: NDArray[np.int64],
    written: pd.Series,
    free: int,
    made: list[NDArray[np.float64]],
    codes: list[str],
    trusted_within_m: float,
) -> int:
    """Rule 2; return the number of the next node to be made."""
    unknown = np.flatnonzero((node < 0) & written.notna().to_numpy())
    if not len(unknown):
        return free
    number, names = pd.factorize(written.to_numpy(dtype=object)[unknown], sort=True)
    places = np.column_stack(
        [np.bincount(number, found.place[unknown, axis]) / np.bincount(number) for axis in range(2)]
    )
    far = np.hypot(*(places[number] - found.place[unknown]).T)
    scattered = np.zeros(len(names), dtype=bool)
    scattered[number[far > trusted_within_m]] = True
    found.remark[unknown] = UNKNOWN_NAME
    fine = ~scattered[number]
    ends = unknown[fine]
    kept = np.flatnonzero(~scattered)
    position = np.full(len(names), -1)
    position[kept] = np.arange(len(kept))
    found.node[ends], found.how[ends] = free + position[number[fine]], BY_UNKNOWN_NAME
    found.distance[ends] = far[fine]
    made.append(places[kept])
    codes += [str(names[each]) for each in kept]
    return free + len(kept)


def _by_place(found: Ends, names: NodeNames, node_group: NDArray[np.int64], within_m: float) -> None:
    """Rule 3."""
    waiting = np.flatnonzero((found.node < 0) & np.isin(found.remark, (FINE, NAMED_TOO_FAR)))
    if not len(waiting) or not len(names.place):
        return
    tree = shapely.STRtree(np.asarray(shapely.points(names.place)))
    end, node = tree.query(shapely.points(found.place[waiting]), predicate="dwithin", distance=within_m)
    end = waiting[end]
    mine, theirs = found.group[end], node_group[node]
    fits = (mine == theirs) | (mine == 0) | (theirs == 0)
    end, node = end[fits], node[fits]
    far = np.hypot(*(names.place[node] - found.place[end]).T)
    # The nearest of each end; of two equally near the one that comes first from west to east.
    order = np.lexsort((names.place[node, 1], names.place[node, 0], far, end))
    end, node, far = end[order], node[order], far[order]
    first = np.unique(end, return_index=True)[1]
    end, node, far = end[first], node[first], far[first]
    taken = found.node.copy()
    taken[end] = node
    # Of a pipe whose two ends would hang on one node only the nearer one does.
    count = found.pipes
    other = (end + count) % (2 * count)
    distance = found.distance.copy()
    distance[end] = far
    same = (taken[other] == node) & (
        (found.node[other] >= 0) | (distance[other] < far) | ((distance[other] == far) & (end >= count))
    )
    ring = same & (np.hypot(*(found.place[end] - found.place[other]).T) <= _SAME_M)
    away = same & ~ring
    found.remark[end[away]], found.near[end[away]] = OTHER_END_NEARER, node[away]
    found.distance[end[away]] = far[away]
    end, node, far = end[~away], node[~away], far[~away]
    found.node[end], found.how[end], found.distance[end] = node, BY_PLACE, far


def _by_meeting(
    found: Ends, free: int, made: list[NDArray[np.float64]], codes: list[str], within_m: float
) -> None:
    """Rule 4: nodes are made for all ends that are left."""
    waiting = np.flatnonzero(found.node < 0)
    if not len(waiting):
        return
    # Ends at the same millimetre are one meeting to begin with.
    place = np.round(found.place[waiting] / _SAME_M)
    cells, meeting = np.unique(np.column_stack([place, found.group[waiting]]), axis=0, return_inverse=True)
    meeting = meeting.reshape(-1)
    final = _meetings(cells[:, :2] * _SAME_M, cells[:, 2], meeting, waiting % found.pipes, within_m)
    meeting = final[meeting]
    _, meeting = np.unique(meeting, return_inverse=True)
    size = np.bincount(meeting)
    places = np.column_stack([np.bincount(meeting, found.place[waiting, axis]) / size for axis in range(2)])
    found.node[waiting] = free + meeting
    alone = size[meeting] == 1
    found.how[waiting] = np.where(alone, ALONE, BY_MEETING)
    met = waiting[~alone]
    found.distance[met] = np.hypot(*(places[meeting[~alone]] - found.place[met]).T)
    lost = waiting[alone & (found.remark[waiting] == FINE)]
    found.remark[lost] = NOTHING_NEAR
    made.append(places)
    codes += [""] * len(places)


def _meetings(
    place: NDArray[np.float64],
    group: NDArray[np.float64],
    meeting: NDArray[np.int64],
    pipe: NDArray[np.int64],
    within_m: float,
) -> NDArray[np.int64]:
    """Join places, the nearest first, while all of each meeting lie within reach of one another.

    Returns
    -------
    ndarray of int64
        The first place of the meeting that each place belongs to.
    """
    from scipy.spatial import cKDTree

    stands_for = np.arange(len(place))
    if len(place) < 2:
        return stands_for
    near = np.asarray(cKDTree(place).query_pairs(within_m, output_type="ndarray"))
    if not len(near):
        return stands_for
    far = np.hypot(*(place[near[:, 0]] - place[near[:, 1]]).T)
    # Places are sorted from west to east, so that of equally near ones the order is that of the ground.
    near = near[np.lexsort((near.max(axis=1), near.min(axis=1), np.round(far, 6)))]
    members = {int(each): [int(each)] for each in np.unique(near)}
    pipes: dict[int, set[int]] = {each: set() for each in members}
    for at, whose in zip(meeting.tolist(), pipe.tolist(), strict=True):
        if at in pipes:
            pipes[at].add(whose)
    for a, b in near.tolist():
        one, two = sorted((int(stands_for[a]), int(stands_for[b])))
        if one == two or pipes[one] & pipes[two]:
            continue
        if group[one] and group[two] and group[one] != group[two]:
            continue
        all_of = place[members[one] + members[two]]
        if np.hypot(*(all_of[:, None] - all_of[None]).transpose(2, 0, 1)).max() > within_m:
            continue
        members[one] += members.pop(two)
        pipes[one] |= pipes.pop(two)
        group[one] = group[one] or group[two]
        stands_for[members[one]] = one
    return stands_for
