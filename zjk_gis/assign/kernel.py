"""From coordinates to answers: arrays in, arrays out, no table in sight.

The engine finds which zones a point is in or near; here the rule of `zjk_gis.assign.policy` and the validity
periods decide which of them answers, and say how sure that is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.assign.policy import first_by_rank
from zjk_gis.engine import Pairs
from zjk_gis.layers.periods import ALWAYS, NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.engine import LineIndex, PolygonIndex

__all__ = ["Answers", "Rows", "answer_by_lines", "answer_by_polygons"]

_MILLIMETRE = 3  # decimals: distances that agree to the millimetre are equal


@dataclass(frozen=True, slots=True)
class Rows:
    """What the rule needs to know of the rows of a layer.

    Attributes
    ----------
    code : ndarray of int64
        A number for each distinct code: the versions of one zone share it.
    rank : ndarray of int64
        The rows' rank by the rule, 0 first.
    begins, ends : ndarray of int64
        First and last day of validity, both included.
    side : ndarray of int8
        For lines: 1 answers for the left side only, -1 for the right, 0 for both.
    """

    code: NDArray[np.int64]
    rank: NDArray[np.int64]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    side: NDArray[np.int8]

    def hold(self, item: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell whether each row is valid on each day; on an unknown day every version may be."""
        held: NDArray[np.bool_] = (self.begins[item] <= day) & (day <= self.ends[item])
        held |= day == NEVER
        return held


@dataclass(slots=True)
class Answers:
    """What was found for n points.

    Attributes
    ----------
    row : ndarray of int64
        The position of the row that answers, or -1.
    found, reason : ndarray of object
    distance : ndarray of float64
        To the answering row, 0 inside, NaN where nobody answers.
    candidates : ndarray of int64
        How many codes could answer.
    ambiguous : ndarray of bool
        Whether a person should look.
    """

    row: NDArray[np.int64]
    found: NDArray[np.object_]
    reason: NDArray[np.object_]
    distance: NDArray[np.float64]
    candidates: NDArray[np.int64]
    ambiguous: NDArray[np.bool_]

    @classmethod
    def nobody(cls, size: int) -> Answers:
        """Begin with nobody answering for anything."""
        return cls(
            row=np.full(size, -1, dtype=np.int64),
            found=np.full(size, "none", dtype=object),
            reason=np.full(size, "out_of_reach", dtype=object),
            distance=np.full(size, np.nan),
            candidates=np.zeros(size, dtype=np.int64),
            ambiguous=np.ones(size, dtype=bool),
        )


def answer_by_polygons(
    index: PolygonIndex,
    rows: Rows,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    day: NDArray[np.int64],
    *,
    border_within: float,
    nearest_within: float,
) -> Answers:
    """Find the zone that answers for each point.

    1. The zones valid on the point's day that contain it, or whose border is within `border_within`, are
       its candidates; the rule picks one. One strictly containing zone is never overruled by one merely near.
    2. Where there is none, the nearest valid zone within `nearest_within` answers.
    3. Otherwise nobody does.
    """
    answers = Answers.nobody(len(x))
    contacts = index.contacts(x, y, border_within=border_within)
    holds = rows.hold(contacts.item, day[contacts.point])
    point, item = contacts.point[holds], contacts.item[holds]
    inside, distance = contacts.inside[holds], contacts.distance[holds]

    answered, pick = first_by_rank(point, ~inside, rows.rank[item])
    answers.row[answered] = item[pick]
    answers.distance[answered] = distance[pick]
    answers.candidates = _count_codes(point, rows.code[item], len(x))
    several = answers.candidates > 1
    at_border = np.zeros(len(x), dtype=bool)
    at_border[point[contacts.at_border[holds]]] = True
    is_answered = answers.row >= 0
    for found, where, alone, shared in (
        ("inside", is_answered & ~at_border, "one_zone", "overlap"),
        ("border", is_answered & at_border, "outer_border", "shared_border"),
    ):
        answers.found[where] = found
        answers.reason[where & ~several] = alone
        answers.reason[where & several] = shared
    answers.ambiguous[is_answered] = several[is_answered]

    rest = np.flatnonzero(~is_answered)
    near = index.near(x[rest], y[rest], within=nearest_within)
    _answer_by_nearest(answers, rows, near, rest, day, tie_within=border_within)

    lapsed = np.zeros(len(x), dtype=bool)
    lapsed[contacts.point[contacts.inside & ~holds]] = True
    answers.reason[lapsed & ~is_answered] = "expired_zone"
    _doubt_unknown_days(answers, rows, day)
    return answers


def answer_by_lines(
    index: LineIndex,
    rows: Rows,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    day: NDArray[np.int64],
    *,
    tie_within: float,
    nearest_within: float,
) -> Answers:
    """Find the line that answers for each point: the nearest valid one that answers for the point's side."""
    answers = Answers.nobody(len(x))
    near = index.near(x, y, within=nearest_within)
    if rows.side.any():
        wanted = rows.side[near.item]
        there = index.side(x, y, near)
        near = _select(near, (wanted == 0) | (there == 0) | (wanted == there))
    _answer_by_nearest(answers, rows, near, np.arange(len(x)), day, tie_within=tie_within)
    _doubt_unknown_days(answers, rows, day)
    return answers


def _answer_by_nearest(
    answers: Answers,
    rows: Rows,
    near: Pairs,
    asked: NDArray[np.int64],
    day: NDArray[np.int64],
    *,
    tie_within: float,
) -> None:
    """Let the nearest valid row answer for the points `asked`; rivals as near make the case ambiguous."""
    near = _select(near, rows.hold(near.item, day[asked[near.point]]))
    steps = np.round(near.distance, _MILLIMETRE)
    reached, pick = first_by_rank(near.point, steps, rows.rank[near.item])
    least = np.full(len(asked), np.inf)
    least[reached] = near.distance[pick]
    rivals = near.distance <= least[near.point] + tie_within
    counts = _count_codes(near.point[rivals], rows.code[near.item[rivals]], len(asked))

    where = asked[reached]
    answers.row[where] = near.item[pick]
    answers.distance[where] = near.distance[pick]
    answers.candidates[where] = counts[reached]
    answers.found[where] = "nearest"
    tied = counts[reached] > 1
    answers.ambiguous[where] = tied
    answers.reason[where] = np.where(tied, "tie", "within_reach")


def _select(pairs: Pairs, keep: NDArray[np.bool_]) -> Pairs:
    return Pairs(pairs.point[keep], pairs.item[keep], pairs.distance[keep])


def _count_codes(point: NDArray[np.int64], code: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Count the distinct codes paired with each point."""
    if not len(point):
        return np.zeros(size, dtype=np.int64)
    width = int(code.max()) + 1
    distinct = np.unique(point * width + code)
    return np.bincount(distinct // width, minlength=size)


def _doubt_unknown_days(answers: Answers, rows: Rows, day: NDArray[np.int64]) -> None:
    """Ask a person to look where the day is unknown and the answer may have been another on another day."""
    answered = answers.row >= 0
    bounded = (rows.begins > NEVER) | (rows.ends < ALWAYS)
    answers.ambiguous[answered] |= (day[answered] == NEVER) & bounded[answers.row[answered]]
