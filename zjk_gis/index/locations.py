"""Where points lie: which zone answers for each, and which road section is nearest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.engine.polygons.index import FOUND
from zjk_gis.layers.excerpts import counts_told
from zjk_gis.layers.labels import label
from zjk_gis.presentation import MOST_ROWS, Presentation, presented
from zjk_gis.words import language, tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SectionsFound", "ZonesFound"]


@presented
@dataclass(frozen=True, slots=True)
class ZonesFound:
    """Which zone answers for each of n points.

    Attributes
    ----------
    row : ndarray of int32
        The position of the zone in the layer that was compiled, or -1.
    found : ndarray of uint8
        How: 0 none, 1 inside, 2 border (see `words`).
    count : ndarray of int32
        How many zones contain or touch the point; with `border_within_m` those near count, too.
    border_m : ndarray of float64 or None
        With `border_within_m`: how far the nearest border is, NaN where it is further than that.
    share : ndarray of float64 or None
        With `accuracy_m`: the share of the accuracy circle that lies in the answering zone.
    undecided : ndarray of bool or None
        With `accuracy_m`: whether that share is below what was stated (待确认).
    """

    row: NDArray[np.int32]
    found: NDArray[np.uint8]
    count: NDArray[np.int32]
    border_m: NDArray[np.float64] | None = None
    share: NDArray[np.float64] | None = None
    undecided: NDArray[np.bool_] | None = None

    @property
    def words(self) -> NDArray[np.str_]:
        """`found` in words: none, inside or border."""
        return np.array(FOUND)[self.found]

    def _presentation(self) -> Presentation:
        told = tr(
            "{count:,} points; zones answer for {answered:,}.",
            count=len(self.row),
            answered=int((self.row >= 0).sum()),
        )
        numbers = np.bincount(self.found, minlength=len(FOUND)).tolist()
        counts = {word: number for word, number in zip(FOUND, numbers, strict=False) if number}
        return Presentation(told, [label("found", language()), tr("points")], counts_told(counts))


@presented
@dataclass(frozen=True, slots=True)
class SectionsFound:
    """The nearest road section of each of n points.

    Attributes
    ----------
    row : ndarray of int64
        The position of the section in the layer that was compiled, or -1.
    distance_m : ndarray of float64
        NaN where there is none.
    chainage_m : ndarray of float64
        How far along the section (里程) its nearest place lies; NaN where there is none.
    side : ndarray of int8
        1 left, -1 right, seen along the section; 0 on it, beyond its end, or where there is none.
    """

    row: NDArray[np.int64]
    distance_m: NDArray[np.float64]
    chainage_m: NDArray[np.float64]
    side: NDArray[np.int8]

    def _presentation(self) -> Presentation:
        known = self.row >= 0
        told = tr(
            "{count:,} points; a section is within reach of {answered:,}.",
            count=len(known),
            answered=int(known.sum()),
        )
        columns = [tr("row"), tr("distance (m)"), tr("chainage (m)")]
        first = zip(
            self.row[:MOST_ROWS], self.distance_m[:MOST_ROWS], self.chainage_m[:MOST_ROWS], strict=True
        )
        return Presentation(told, columns, [[each.item() for each in row] for row in first], len(known))
