"""Chains of points in time: each point joins the first of an earlier chain near it, or begins one.

A chain is held by its first point, its anchor: single linkage would make one place of a whole street. Anchors
are looked up in a grid of cells as wide as the reach, in which those that are too old are struck out on the
way, so that a place with very many points costs no more than another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.engine.compiled import compiled, lean
from zjk_gis.threads import each_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from zjk_gis.engine.arrays import Bools, Floats, Ints, Real, Whole

__all__ = ["Moments", "alike_groups", "chains_at_places"]

_MOST_CELLS = 1 << 19  # along a side, so that the key of a cell fits into 64 bits with the class
_MORE = 1.0 + 1e-6  # a cell is this much wider than the reach, which two points in it may round to


@dataclass(frozen=True)
class Moments:
    """Points in time, by class and in each class in the order in which they are gone through.

    Attributes
    ----------
    x, y : ndarray of float64, shape (n,)
        Metres.
    time : ndarray of int64, shape (n,)
        In one unit, ascending in each class.
    group : ndarray of int64, shape (n,)
        The class, ascending from 0.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    time: NDArray[np.int64]
    group: NDArray[np.int64]

    def slices(self) -> list[tuple[int, int]]:
        """Return from where to where each class reaches."""
        ends = [*np.flatnonzero(np.diff(self.group)) + 1, len(self.group)]
        return [(int(a), int(b)) for a, b in zip([0, *ends[:-1]], ends, strict=True) if b > a]


def chains_at_places(
    moments: Moments,
    closed: NDArray[np.int64],
    part: NDArray[np.int64],
    *,
    within: float,
    period: int,
    after_closing: bool,
) -> Iterator[tuple[slice, NDArray[np.int64], NDArray[np.bool_]]]:
    """Chain what recurs at one place (see `zjk_gis.assess.repeats` for the rule).

    Parameters
    ----------
    moments : Moments
    closed : ndarray of int64
        When each was closed; the greatest number where it was not.
    part : ndarray of int64
        The part that each is about, numbered anew in each class; -1 where none is named.
    within : float
        Greatest distance from the anchor, inclusive.
    period : int
        Greatest time from the last one of a chain, inclusive.
    after_closing : bool
        Whether only what comes when the last one was closed goes on a chain.

    Yields
    ------
    rows : slice
        The rows of one class.
    anchor : ndarray of int64
        The row of the anchor of each, its own where it begins a chain.
    counts : ndarray of bool
        False for what lies in the reach of a chain whose last one was not closed yet.

    Examples
    --------
    Three points 12 m from each other, on days 1, 20 and 200:

    >>> found = chains_at_places(
    ...     Moments(np.array([0.0, 12.0, 12.0]), np.zeros(3), np.array([1, 20, 200]), np.zeros(3, np.int64)),
    ...     np.array([5, 30, 210]),
    ...     np.full(3, -1),
    ...     within=20.0,
    ...     period=90,
    ...     after_closing=True,
    ... )
    >>> [anchor.tolist() for _, anchor, _ in found]
    [[0, 0, 2]]
    """
    size = len(moments.x)
    cell, begins, ends = _grid(moments, within)
    heads, following, of_part = np.full(len(begins), -1), np.full(size, -1), np.full(size, -1)
    last, anchor, counts = np.empty(size, np.int64), np.empty(size, np.int64), np.ones(size, np.bool_)

    def work(part_of_rows: tuple[int, int]) -> slice:
        a, b = part_of_rows
        _chain(
            a, b, moments.x, moments.y, moments.time, closed, part, cell, begins, ends, heads, following,
            of_part, last, anchor, counts, float(within), int(period), bool(after_closing),
        )  # fmt: skip
        return slice(a, b)

    for rows in each_of(work, moments.slices()):
        yield rows, anchor[rows], counts[rows]


def alike_groups(
    moments: Moments,
    grams: NDArray[np.int64],
    offsets: NDArray[np.int64],
    *,
    within: float,
    period: int,
    alike: float,
) -> Iterator[tuple[slice, NDArray[np.int64], NDArray[np.float64]]]:
    """Group what reports one thing (see `zjk_gis.assess.same_things` for the rule).

    Parameters
    ----------
    moments : Moments
    grams, offsets : ndarray of int64
        The pairs of characters of text i, ascending and each once, are ``grams[offsets[i]:offsets[i + 1]]``.
    within, period
        Greatest distance and time from the first one of a group, inclusive.
    alike : float
        The least likeness of Dice; 0 where texts make no difference.

    Yields
    ------
    rows : slice
        The rows of one class.
    anchor : ndarray of int64
        The row of the first one of the group of each, its own where it is that.
    likeness : ndarray of float64
        To the first one; NaN where there is no text.

    Examples
    --------
    >>> found = alike_groups(
    ...     Moments(np.zeros(2), np.zeros(2), np.array([1, 2]), np.zeros(2, np.int64)),
    ...     np.array([1, 2, 3, 2, 3]),
    ...     np.array([0, 3, 5]),
    ...     within=20.0,
    ...     period=24,
    ...     alike=0.6,
    ... )
    >>> [(anchor.tolist(), likeness.tolist()) for _, anchor, likeness in found]
    [([0, 0], [1.0, 0.8])]
    """
    size = len(moments.x)
    cell, begins, ends = _grid(moments, within)
    heads, following = np.full(len(begins), -1), np.full(size, -1)
    anchor, likeness = np.empty(size, np.int64), np.empty(size)

    def work(part_of_rows: tuple[int, int]) -> slice:
        a, b = part_of_rows
        _group(
            a, b, moments.x, moments.y, moments.time, grams, offsets, cell, begins, ends, heads, following,
            anchor, likeness, float(within), int(period), float(alike),
        )  # fmt: skip
        return slice(a, b)

    for rows in each_of(work, moments.slices()):
        yield rows, anchor[rows], likeness[rows]


def _grid(moments: Moments, within: float) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the cell of each point, and from where to where the three rows of cells around each one reach.

    Only cells that hold points are numbered, by class, row and column, so that neighbours in a row follow
    one another.
    """
    x, y = moments.x, moments.y
    if not len(x):
        none = np.zeros(0, np.int64)
        return none, none.reshape(0, 3), none.reshape(0, 3)
    extent = max(float(np.ptp(x)), float(np.ptp(y)))
    wide = max(within * _MORE, extent / _MOST_CELLS, 1e-3)
    column = ((x - x.min()) / wide).astype(np.int64) + 1
    row = ((y - y.min()) / wide).astype(np.int64) + 1
    columns, rows = int(column.max()) + 2, int(row.max()) + 2
    keys, cell = np.unique((moments.group * rows + row) * columns + column, return_inverse=True)
    around = keys[:, None] + np.array([-columns, 0, columns])
    return cell, np.searchsorted(keys, around - 1), np.searchsorted(keys, around + 1, side="right")


@lean
def _distance(x: Floats, y: Floats, i: Whole, j: Whole) -> Real:
    dx, dy = x[i] - x[j], y[i] - y[j]
    return np.sqrt(dx * dx + dy * dy)


@lean
def _strike(cell: Whole, before: Whole, after: Whole, heads: Ints, following: Ints) -> None:
    """Strike out what stands between two entries of a cell's list."""
    if before < 0:
        heads[cell] = after
    else:
        following[before] = after


@lean
def _anchor_near(
    i: Whole, x: Floats, y: Floats, time: Ints, part: Ints, cell: Ints, begins: Ints, ends: Ints,
    heads: Ints, following: Ints, last: Ints, within: Real, period: Whole,
) -> Whole:  # fmt: skip
    """Return the nearest anchor, of those equally near the earliest; anchors of other parts do not count."""
    best, nearest = -1, np.inf
    for side in range(3):
        for near in range(begins[cell[i], side], ends[cell[i], side]):
            before, here = -1, heads[near]
            while here >= 0:
                after = following[here]
                if time[i] - time[last[here]] > period:  # too old for all that follow as well
                    _strike(near, before, after, heads, following)
                else:
                    before = here
                    if part[i] < 0 or part[here] < 0:
                        far = _distance(x, y, i, here)
                        if far <= within and (far < nearest or (far == nearest and here < best)):
                            best, nearest = here, far
                here = after
    return best


@compiled
def _chain(
    first: Whole, end: Whole, x: Floats, y: Floats, time: Ints, closed: Ints, part: Ints, cell: Ints,
    begins: Ints, ends: Ints, heads: Ints, following: Ints, of_part: Ints, last: Ints, anchor: Ints,
    counts: Bools, within: Real, period: Whole, after_closing: bool,
) -> None:  # fmt: skip
    """Chain the rows of one class; `of_part` holds at `first` + part the anchor of the part's chain."""
    for i in range(first, end):
        best, own = -1, part[i]
        # 1. The same part.
        if own >= 0:
            held = of_part[first + own]
            if held >= 0 and time[i] - time[last[held]] <= period:
                best = held
        if best < 0:  # 2. Or the nearest anchor within reach.
            best = _anchor_near(
                i, x, y, time, part, cell, begins, ends, heads, following, last, within, period
            )
        if best < 0:  # 3. Or it begins a chain.
            anchor[i], last[i] = i, i
            following[i] = heads[cell[i]]
            heads[cell[i]] = i
            if own >= 0:
                of_part[first + own] = i
            continue
        anchor[i] = best
        if after_closing and closed[last[best]] > time[i]:
            counts[i] = False
        else:
            last[best] = i


@lean
def _likeness(grams: Ints, offsets: Ints, i: Whole, j: Whole) -> Real:
    """Return twice what two texts share by what both have; NaN where one has nothing."""
    a, end_a, b, end_b = offsets[i], offsets[i + 1], offsets[j], offsets[j + 1]
    if a == end_a or b == end_b:
        return np.nan
    total, shared = end_a - a + end_b - b, 0
    while a < end_a and b < end_b:
        if grams[a] == grams[b]:
            shared += 1
            a += 1
            b += 1
        elif grams[a] < grams[b]:
            a += 1
        else:
            b += 1
    return 2.0 * shared / total


@compiled
def _group(
    first: Whole, end: Whole, x: Floats, y: Floats, time: Ints, grams: Ints, offsets: Ints, cell: Ints,
    begins: Ints, ends: Ints, heads: Ints, following: Ints, anchor: Ints, likeness: Floats, within: Real,
    period: Whole, alike: Real,
) -> None:  # fmt: skip
    """Group the rows of one class."""
    for i in range(first, end):
        best, nearest, most = -1, np.inf, -1.0
        for side in range(3):
            for near in range(begins[cell[i], side], ends[cell[i], side]):
                before, here = -1, heads[near]
                while here >= 0:
                    after = following[here]
                    if time[i] - time[here] > period:  # too old for all that follow as well
                        _strike(near, before, after, heads, following)
                    else:
                        before = here
                        far = _distance(x, y, i, here)
                        if far <= within:
                            like = _likeness(grams, offsets, i, here)
                            known = 0.0 if np.isnan(like) else like
                            is_better = known > most or (
                                known == most and (far < nearest or (far == nearest and here < best))
                            )
                            if is_better and (alike == 0.0 or like >= alike):
                                best, nearest, most = here, far, known
                    here = after
        if best < 0:
            anchor[i] = i
            following[i] = heads[cell[i]]
            heads[cell[i]] = i
            likeness[i] = np.nan if offsets[i] == offsets[i + 1] else 1.0
        else:
            anchor[i] = best
            likeness[i] = _likeness(grams, offsets, i, best)
