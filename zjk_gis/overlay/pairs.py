"""Pairs of rows that are asked about and rows that answer, with how they were found and how much it is."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.engine import PolygonIndex
from zjk_gis.layers.shapes import point_coordinates
from zjk_gis.overlay.sharing import Shared, counted_once, measures, shared_amounts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from zjk_gis.overlay.answering import Answering

__all__ = ["FOUND", "ROUNDING", "Pairs", "most_of_each", "pairs_of", "with_every_row"]

ROUNDING = 1e-9
FOUND = ("none", "inside", "border", "partial", "crossing", "nearest")
_NONE, _INSIDE, _BORDER, _PARTIAL, _CROSSING, _NEAREST = range(len(FOUND))


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rows that are asked about, what answers (-1 nothing), how it was found and how much it is."""

    row: NDArray[np.int64]
    other: NDArray[np.int64]
    found: NDArray[np.int8]
    amount: NDArray[np.float64]
    dimension: NDArray[np.int8]
    share: NDArray[np.float64]
    count: NDArray[np.float64]
    distance: NDArray[np.float64]
    candidates: NDArray[np.int64]

    @classmethod
    def of(cls, row: NDArray[Any], found: int | NDArray[Any], **others: Any) -> Pairs:
        """Return pairs; what is not given is not known, and one value stands for all."""
        plain = {"other": -1, "amount": np.nan, "dimension": -1, "share": np.nan, "count": np.nan,
                 "distance": np.nan, "candidates": 0}  # fmt: skip
        kinds = {"other": np.int64, "found": np.int8, "dimension": np.int8, "candidates": np.int64}
        values = plain | {"found": found} | others
        columns = {
            name: np.array(np.broadcast_to(value, len(row)), dtype=kinds.get(name, np.float64))
            for name, value in values.items()
        }
        return cls(row=np.asarray(row, np.int64), **columns)

    @classmethod
    def joined(cls, several: Sequence[Pairs]) -> Pairs:
        """Return pairs one behind the other."""
        if len(several) == 1:
            return several[0]
        parts = [*several, cls.of(np.empty(0, np.int64), _NONE)]
        return cls(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)))

    def taken(self, which: NDArray[Any]) -> Pairs:
        """Return some of the pairs, or all in another order."""
        return Pairs(*(getattr(self, f.name)[which] for f in fields(self)))

    def of_rows(self, rows: NDArray[np.int64]) -> Pairs:
        """Return the same pairs, their rows numbered as in the whole layer."""
        return replace(self, row=rows[self.row])

    def sorted_by(self, order: NDArray[np.int64]) -> Pairs:
        """Return the pairs by row, and within it in an order."""
        if (np.diff(self.row) > 0).all():
            return self
        return self.taken(np.lexsort((order, self.row)))


def pairs_of(
    how: str,
    shapes: NDArray[Any],
    dimension: int,
    answering: Answering,
    within_m: float,
    least: float,
) -> Pairs:
    """Pair shapes of one dimension with what answers."""
    if not len(answering):
        return _nowhere(np.arange(len(shapes)), measures(shapes, dimension), dimension)
    if how == "nearest":
        return _nearest(shapes, answering, within_m)
    if how == "crossing" and answering.dimension < 2:
        return _crossings(shapes, dimension, answering)
    if dimension == 0 and how != "crossing":
        return _points_in_areas(shapes, answering)
    return _shares(how, shapes, dimension, answering, least)


def _nowhere(
    row: NDArray[Any], amount: NDArray[np.float64], dimension: int, share: Any = 1.0, candidates: Any = 0
) -> Pairs:
    count = 1.0 if dimension == 0 else np.nan
    return Pairs.of(
        row, _NONE, amount=amount, dimension=dimension, share=share, count=count, candidates=candidates
    )


def _points_in_areas(shapes: NDArray[Any], answering: Answering) -> Pairs:
    """Give each point to one area: one that it lies strictly inside, else one that it touches."""
    located = PolygonIndex(answering.shapes, rank=answering.rank).locate(*point_coordinates(shapes))
    return Pairs.of(
        np.arange(len(shapes)),
        np.array([_NONE, _INSIDE, _BORDER])[located.found],
        other=located.row,
        amount=1.0,
        dimension=0,
        share=1.0,
        count=1.0,
        candidates=located.count,
    )


def _shares(how: str, shapes: NDArray[Any], dimension: int, answering: Answering, least: float) -> Pairs:
    """Divide each shape among the areas that hold it, and what is left over."""
    shared = shared_amounts(shapes, answering.shapes)
    candidates = np.bincount(shared.shape, minlength=len(shapes))
    size = measures(shapes, dimension)
    if how == "within":
        shared = _kept(shared, shared.whole)
        first = np.lexsort((answering.rank[shared.area], shared.shape))
        shared = _kept(shared, first[np.unique(shared.shape[first], return_index=True)[1]])
    elif how == "share":
        shared = counted_once(shared, shapes, answering.shapes, answering.rank)
        shared = _without_slivers(shared, size, least)
    share = shared.amount / np.where(size > 0, size, 1.0)[shared.shape]
    pairs = Pairs.of(
        shared.shape,
        np.where(share >= 1 - ROUNDING, _INSIDE, _PARTIAL),
        other=shared.area,
        amount=shared.amount,
        dimension=dimension,
        share=share,
        count=1.0 if dimension == 0 else np.nan,
        candidates=candidates[shared.shape],
    )
    if how == "crossing":
        return pairs
    rest = size - np.bincount(shared.shape, weights=shared.amount, minlength=len(shapes))
    over = np.flatnonzero(rest > np.maximum(ROUNDING * size, least if how == "share" else 0.0))
    beyond = _nowhere(over, rest[over], dimension, rest[over] / size[over], candidates[over])
    return Pairs.joined([pairs, beyond])


def _kept(shared: Shared, which: NDArray[Any]) -> Shared:
    return Shared(shared.shape[which], shared.area[which], shared.amount[which], shared.whole[which])


def _without_slivers(shared: Shared, size: NDArray[np.float64], least: float) -> Shared:
    """Give pieces of less than `least` to the largest piece of their row, and what is missing of it, too."""
    if not len(shared.shape):
        return shared
    amount = shared.amount.copy()
    order = np.lexsort((shared.area, -amount, shared.shape))
    first = order[np.unique(shared.shape[order], return_index=True)[1]]
    largest = np.full(int(shared.shape.max()) + 1, -1, np.int64)
    largest[shared.shape[first]] = first
    small = (amount < least) & (largest[shared.shape] != np.arange(len(amount)))
    np.add.at(amount, largest[shared.shape[small]], amount[small])
    amount[small] = 0.0
    rest = size - np.bincount(shared.shape, weights=amount, minlength=len(size))
    hair = (rest[shared.shape[first]] > 0) & (rest[shared.shape[first]] <= least)
    amount[first[hair]] += rest[shared.shape[first[hair]]]
    return _kept(Shared(shared.shape, shared.area, amount, shared.whole), ~small)


def _crossings(shapes: NDArray[Any], dimension: int, answering: Answering) -> Pairs:
    """Pair shapes with the lines or points that they meet: how often, and over what length."""
    row, other = shapely.STRtree(answering.shapes).query(shapes, predicate="intersects")
    common = shapely.intersection(shapes[row], answering.shapes[other])
    parts, pair = shapely.get_parts(common, return_index=True)
    inner, outer = shapely.get_parts(parts, return_index=True)
    is_point = shapely.get_dimensions(inner) == 0
    times = np.bincount(pair[outer][is_point], minlength=len(row)).astype(np.float64)
    if dimension == 2 and answering.dimension == 1:  # a line through ground is there once
        times[:] = 1.0
    along = dimension > 0 and answering.dimension == 1
    return Pairs.of(
        row,
        _CROSSING,
        other=other,
        amount=shapely.length(common) if along else np.nan,
        dimension=int(along),
        count=times,
        candidates=np.bincount(row, minlength=len(shapes))[row],
    )


def _nearest(shapes: NDArray[Any], answering: Answering, within_m: float) -> Pairs:
    """Pair each shape with the nearest row; of equally near ones with the first by code."""
    (row, other), distance = shapely.STRtree(answering.shapes).query_nearest(
        shapes, return_distance=True, max_distance=None if np.isinf(within_m) else within_m + ROUNDING
    )
    near = distance <= within_m
    row, other, distance = row[near], other[near], distance[near]
    candidates = np.bincount(row, minlength=len(shapes))[row]
    order = np.lexsort((answering.order[other], row))
    first = order[np.unique(row[order], return_index=True)[1]]
    return Pairs.of(
        row[first], _NEAREST, other=other[first], distance=distance[first], candidates=candidates[first]
    )


def with_every_row(pairs: Pairs, number: int) -> Pairs:
    """Add the rows that nothing answers, so that none is lost."""
    lost = np.flatnonzero(np.bincount(pairs.row, minlength=number) == 0)
    return Pairs.joined([pairs, Pairs.of(lost, _NONE)]) if len(lost) else pairs


def most_of_each(pairs: Pairs, order: NDArray[np.int64]) -> Pairs:
    """Keep for each row what has most of it; what answers comes before what does not."""
    if (np.diff(pairs.row) > 0).all():
        return pairs
    most = np.nan_to_num(np.where(np.isnan(pairs.amount), pairs.count, pairs.amount)).round(9)
    by_row = np.lexsort((order, -most, pairs.other < 0, pairs.row))
    return pairs.taken(by_row[np.unique(pairs.row[by_row], return_index=True)[1]])
