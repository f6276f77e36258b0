"""From coordinates to answers: arrays in, arrays out, no table in sight.

The engine finds which zones a point is in or near; here the rule of `zjk_gis.index.policy` and the validity
periods decide which of them answers, and say how sure that is.

Nearly every incident lies inside one zone, far from its border: those are answered at once. Only the rest,
some in a hundred, are looked at pair by pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.engine import BORDER as ON_BORDER
from zjk_gis.engine import INSIDE as STRICTLY_INSIDE
from zjk_gis.engine import NONE as NOT_FOUND
from zjk_gis.engine import Pairs
from zjk_gis.index.policy import first_by_rank, first_in_runs, nearness
from zjk_gis.layers.columns.periods import ALWAYS, NEVER
from zjk_gis.threads import CHUNK_AT_HAND, in_chunks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.engine import Contacts, LineIndex, Located, PolygonIndex, Positions

__all__ = [
    "FOUND",
    "REASONS",
    "Answers",
    "Rows",
    "accuracy_shares",
    "answer_by_lines",
    "answer_by_polygons",
    "doubt_inaccurate",
    "locate_near_borders",
]

FOUND = np.array(["inside", "border", "nearest", "none"], dtype=object)
REASONS = np.array(
    [
        "one_zone", "overlap", "shared_border", "outer_border", "within_reach", "tie", "undecided",
        "expired_zone", "out_of_reach", "no_position", "bad_position", "zero",
    ],
    dtype=object,
)  # fmt: skip
_INSIDE, _BORDER, _NEAREST, _NONE = range(len(FOUND))
(
    _ONE_ZONE, _OVERLAP, _SHARED_BORDER, _OUTER_BORDER, _WITHIN_REACH, _TIE, _UNDECIDED, _EXPIRED_ZONE,
    _OUT_OF_REACH, _NO_POSITION, _BAD_POSITION, _ZERO,
) = range(len(REASONS))  # fmt: skip
_MILLIMETRE = 3  # decimals: distances that agree to the millimetre are equal
_ANYWHERE_M = 2.0e7  # half way around the earth
_CHUNK = 1 << 16  # points looked at pair by pair: what is worked out of them stays at hand


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

    @property
    def codes_differ(self) -> bool:
        """Whether every row has a code of its own."""
        return int(np.bincount(self.code).max(initial=0)) <= 1

    @property
    def are_bounded(self) -> bool:
        """Whether any row holds for a certain period only."""
        return bool((self.begins > NEVER).any() or (self.ends < ALWAYS).any())

    def hold(self, item: NDArray[np.integer], day: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell whether each row is valid on each day; on an unknown day every version may be."""
        held: NDArray[np.bool_] = (self.begins[item] <= day) & (day <= self.ends[item])
        held |= day == NEVER
        return held


@dataclass(slots=True)
class Answers:
    """What was found for n points.

    Attributes
    ----------
    row : ndarray of int32
        The position of the row that answers, or -1.
    found, reason : ndarray of uint8
        Positions in `FOUND` and `REASONS`.
    distance : ndarray of float64
        To the answering row, 0 inside, NaN where nobody answers.
    candidates : ndarray of int64
        How many codes could answer.
    ambiguous : ndarray of bool
        Whether a person should look.
    share : ndarray of float64 or None
        The share of the accuracy circle in the answering row, where accuracies are known.
    """

    row: NDArray[np.int32]
    found: NDArray[np.uint8]
    reason: NDArray[np.uint8]
    distance: NDArray[np.float64]
    candidates: NDArray[np.int64]
    ambiguous: NDArray[np.bool_]
    share: NDArray[np.float64] | None = None

    @classmethod
    def nobody(cls, size: int) -> Answers:
        """Begin with nobody answering for anything."""
        return cls(
            row=np.full(size, -1, dtype=np.int32),
            found=np.full(size, _NONE, dtype=np.uint8),
            reason=np.full(size, _OUT_OF_REACH, dtype=np.uint8),
            distance=np.full(size, np.nan),
            candidates=np.zeros(size, dtype=np.int64),
            ambiguous=np.ones(size, dtype=bool),
        )

    def say_unusable(
        self, place: Positions, missing: NDArray[np.bool_] | None, zero: NDArray[np.bool_] | None
    ) -> None:
        """Say of points without usable position that this is why nobody answers."""
        self.reason[place.unusable()] = _BAD_POSITION
        if zero is not None:
            self.reason[zero] = _ZERO
        if missing is not None:
            self.reason[missing] = _NO_POSITION

    def put(self, where: NDArray[np.int64], rest: Answers) -> None:
        """Take over the answers for some of the points."""
        for name in ("row", "found", "reason", "distance", "candidates", "ambiguous"):
            getattr(self, name)[where] = getattr(rest, name)


def answer_by_polygons(
    index: PolygonIndex,
    rows: Rows,
    place: Positions,
    day: NDArray[np.int64],
    *,
    border_within: float,
    nearest_within: float,
) -> Answers:
    """Find the zone that answers for each point.

    1. The zones valid on the point's day that contain it, or whose border is within `border_within`, are
       its candidates; the rule picks one: one that strictly contains it before one that it touches, and that
       before one merely near.
    2. Where there is none, the nearest valid zone within `nearest_within` answers.
    3. Otherwise nobody does.
    """
    place.work_out()  # which is needed more than once
    located = index.locate_at(place, near=border_within)
    answers, rest, alone = _answered_at_once(located, rows, day)
    if nearest_within > 0:
        # Those that are nowhere near a border, either, have been answered.
        near = index.locate_at(place.of(alone), near=nearest_within).near
        rest = np.concatenate([rest, alone if near is None else alone[near]])
    rest = index.by_tile(rest, place.x, place.y)

    def look(part: slice) -> None:
        few = rest[part]
        asked = (index, rows, *place.exact(few), day[few])
        answers.put(few, _answer_by_pairs(*asked, border_within=border_within, nearest_within=nearest_within))

    in_chunks(look, len(rest), chunk=_CHUNK)
    return answers


def _answered_at_once(
    located: Located, rows: Rows, day: NDArray[np.int64]
) -> tuple[Answers, NDArray[np.int64], NDArray[np.int64]]:
    """Answer for all points that lie in one zone and near no border, and say of the rest that nobody does.

    Returns the answers, the points that have to be looked at, and those that have no zone or border near.
    """
    size = len(located.row)
    answers = Answers(
        row=located.row,
        found=np.empty(size, np.uint8),
        reason=np.empty(size, np.uint8),
        distance=np.zeros(size),  # memory that is not written to costs nothing
        candidates=np.empty(size, np.int64),
        ambiguous=np.empty(size, np.bool_),
    )
    is_bounded = rows.are_bounded

    def begin(part: slice) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        found = located.found[part]
        plain = (found == STRICTLY_INSIDE) & (located.count[part] == 1)
        alone = found == NOT_FOUND
        if located.near is not None:
            far = ~located.near[part]
            plain &= far
            alone &= far
        if is_bounded:
            plain &= rows.hold(located.row[part], day[part]) & (day[part] != NEVER)
        answers.found[part] = alone * np.uint8(_NONE)  # the others are _INSIDE and _ONE_ZONE, which are 0
        answers.reason[part] = alone * np.uint8(_OUT_OF_REACH)
        answers.candidates[part] = ~alone
        answers.ambiguous[part] = alone
        nobody = part.start + np.flatnonzero(alone)
        answers.distance[nobody] = np.nan
        return part.start + np.flatnonzero(~(plain | alone)), nobody

    parts = in_chunks(begin, size)
    nothing = np.empty(0, np.int64)
    rest, alone = (np.concatenate([nothing, *each]) for each in zip((nothing, nothing), *parts, strict=True))
    return answers, rest, alone


@dataclass(frozen=True, slots=True)
class NearBorders:
    """Which zone answers for each of n points, those near a border counting as on it.

    Attributes
    ----------
    row, found, count
        As of `zjk_gis.engine.Located`, with the zones near.
    holds : ndarray of bool
        Whether the zone that answers contains or touches the point.
    border : ndarray of float64
        How far the nearest border is, NaN where none is near.
    """

    row: NDArray[np.int32]
    found: NDArray[np.uint8]
    count: NDArray[np.int32]
    holds: NDArray[np.bool_]
    border: NDArray[np.float64]


def locate_near_borders(
    index: PolygonIndex, rank: NDArray[np.int64], place: Positions, border_within: float
) -> NearBorders:
    """Find the zone that answers for each point whatever its day, with the borders near."""
    located = index.locate_at(place, near=border_within)
    row, found, count = located.row, located.found, located.count
    holds, border = row >= 0, np.full(len(row), np.nan)
    is_near = np.ones(len(row), np.bool_) if located.near is None else located.near
    asked = index.by_tile(np.flatnonzero(is_near), place.x, place.y)

    def look(part: slice) -> None:
        rows = asked[part]
        contacts = index.contacts(*place.exact(rows), border_within=border_within)
        answered, pick = _pick(contacts, rank)
        at = rows[answered]
        if not len(at):
            return
        begins = np.flatnonzero(np.diff(contacts.point, prepend=-1))
        nearest = np.minimum.reduceat(contacts.border, begins)
        at_border = np.logical_or.reduceat(contacts.at_border, begins)
        row[at] = contacts.item[pick]
        found[at] = np.where(at_border, ON_BORDER, STRICTLY_INSIDE)
        count[at] = np.diff(begins, append=len(contacts.point))
        holds[at] = contacts.distance[pick] == 0
        border[at] = np.where(nearest < np.inf, nearest, np.nan)

    in_chunks(look, len(asked), chunk=_CHUNK)
    return NearBorders(row, found, count, holds, border)


def _pick(contacts: Contacts, rank: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the points that have a contact, and the position of the first by the rule for each."""
    how = nearness(contacts.inside, contacts.distance).astype(np.int64)
    return first_in_runs(contacts.point, how * max(len(rank), 1) + rank[contacts.item])


def accuracy_shares(
    index: PolygonIndex,
    place: Positions,
    row: NDArray[np.integer],
    accuracy: NDArray[np.float64],
    *,
    holds: NDArray[np.bool_],
    near: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Return how much of each accuracy circle lies in the answering zone.

    `near` tells which circles may reach a border, where that is known of all.

    1. 0 where nobody answers; 1 where somebody does and the accuracy is not known.
    2. 0 where the circle is boundless.
    3. Away from all borders, the whole of it where the zone `holds` the point, and nothing where the zone is
       merely the nearest.
    4. Elsewhere the circle is cut with the zone.
    """
    share = np.empty(len(row))

    def begin(part: slice) -> NDArray[np.int64]:
        is_answered = row[part] >= 0
        known = (accuracy[part] > 0) & is_answered
        bounded = accuracy[part] <= _ANYWHERE_M  # not infinity: no zone holds any share of it
        share[part] = is_answered & (~known | (bounded & holds[part]))  # 1, 2, 3
        asked = known & bounded
        found: NDArray[np.int64] = part.start + np.flatnonzero(asked if near is None else asked & near[part])
        return found

    parts = in_chunks(begin, len(row), chunk=CHUNK_AT_HAND)
    asked = np.concatenate([np.empty(0, np.int64), *parts])
    if near is None:
        asked = _reaching(index, place, asked, accuracy)
    if len(asked):  # 4
        share[asked] = index.disc_shares(*place.exact(asked), accuracy[asked], row[asked])
    return share


def _reaching(
    index: PolygonIndex, place: Positions, asked: NDArray[np.int64], accuracy: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return which accuracy circles may reach a border, asking for those of about one size at a time."""
    sizes = np.frexp(accuracy[asked])[1]
    found = []
    for size in np.flatnonzero(np.bincount(sizes - sizes.min(initial=0))) + sizes.min(initial=0):
        some = asked[sizes == size]
        near = index.locate_at(place.of(some), near=float(accuracy[some].max())).near
        found.append(some if near is None else some[near])
    return np.concatenate([np.empty(0, np.int64), *found])


def doubt_inaccurate(
    answers: Answers,
    index: PolygonIndex,
    place: Positions,
    accuracy: NDArray[np.float64],
    undecided_below: float,
) -> None:
    """Work out how much of each accuracy circle lies in the answering zone; too little is undecided."""
    answers.share = accuracy_shares(index, place, answers.row, accuracy, holds=answers.distance == 0)
    undecided = (accuracy > 0) & (answers.row >= 0) & (answers.share < undecided_below)
    answers.ambiguous |= undecided
    answers.reason[undecided] = _UNDECIDED


def _answer_by_pairs(
    index: PolygonIndex,
    rows: Rows,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    day: NDArray[np.int64],
    *,
    border_within: float,
    nearest_within: float,
) -> Answers:
    """Find the zone that answers for each point, looking at every zone in question."""
    answers = Answers.nobody(len(x))
    contacts = index.contacts(x, y, border_within=border_within)
    held, holds = contacts, None
    if rows.are_bounded:
        holds = rows.hold(contacts.item, day[contacts.point])
        held = contacts.select(holds)
    answered, pick = _pick(held, rows.rank)
    answers.row[answered] = held.item[pick]
    answers.distance[answered] = held.distance[pick]
    if rows.codes_differ:
        answers.candidates = np.bincount(held.point, minlength=len(x))
    else:
        answers.candidates = _count_codes(held.point, rows.code[held.item], len(x))
    several = answers.candidates > 1
    at_border = np.zeros(len(x), dtype=bool)
    at_border[held.point[held.at_border]] = True
    is_answered = answers.row >= 0
    for found, where, alone, shared in (
        (_INSIDE, is_answered & ~at_border, _ONE_ZONE, _OVERLAP),
        (_BORDER, is_answered & at_border, _OUTER_BORDER, _SHARED_BORDER),
    ):
        answers.found[where] = found
        answers.reason[where & ~several] = alone
        answers.reason[where & several] = shared
    answers.ambiguous[is_answered] = several[is_answered]

    if nearest_within > 0:
        rest = np.flatnonzero(~is_answered)
        near = index.near(x[rest], y[rest], within=nearest_within)
        _answer_by_nearest(answers, rows, near, rest, day, tie_within=border_within)

    if holds is not None:
        lapsed = np.zeros(len(x), dtype=bool)
        lapsed[contacts.point[contacts.inside & ~holds]] = True
        answers.reason[lapsed & ~is_answered] = _EXPIRED_ZONE
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
    pairs = index.near(x, y, within=nearest_within)
    near: Pairs = pairs
    if rows.side.any():
        wanted = rows.side[pairs.item]
        there = index.side(x, y, pairs)
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
    answers.found[where] = _NEAREST
    tied = counts[reached] > 1
    answers.ambiguous[where] = tied
    answers.reason[where] = np.where(tied, _TIE, _WITHIN_REACH)


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
