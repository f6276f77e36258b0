"""Frontages: on whose ground a road runs, and for which side of it the zones along it answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.overlay.linear import intervals_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Frontage", "on_ground"]

_CROSSING = 4  # times the tolerance: what is no longer only crosses a border
_BESIDE = 2  # times the tolerance: how far beside a road it is looked whose ground lies there
_LEAST_BESIDE_M = 0.1
_LOOKS = (0.25, 0.5, 0.75)  # where along a stretch


@dataclass(frozen=True, slots=True)
class Frontage:
    """Roads and the zones on whose ground, or along whose borders, they run."""

    line: NDArray[Any]
    shapes: NDArray[Any]
    border_within: float

    def sides(
        self, pieces: pd.DataFrame, row: NDArray[np.int64], piece: NDArray[np.intp]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
        """Tell for which side of which piece of road each zone answers.

        1. A zone whose ground lies on one side only is that side's neighbour.
        2. Where each side has such a neighbour the road runs along a common border: they answer for their own
           sides, who has ground on both sides for both, and who has none (the next block, near a crossing)
           for neither.
        3. Everywhere else whoever holds the piece holds both sides.

        Returns
        -------
        side : ndarray of int64
            1 left, -1 right, 0 both; a row a pair of `row` and `piece`.
        answers : ndarray of bool
            Which pairs count.
        along : ndarray of bool
            Which pieces run along a common border.
        """
        side, answers = np.zeros(len(piece), dtype=np.int64), np.ones(len(piece), dtype=np.bool_)
        along = np.zeros(len(pieces), dtype=np.bool_)
        asked = np.flatnonzero(np.bincount(piece, minlength=len(pieces))[piece] > 1)
        if not len(asked):
            return side, answers, along
        looked, at = np.unique(piece[asked], return_inverse=True)
        zone = self.shapes[row[asked]]
        on = {
            way: sum(shapely.intersects(zone, spots[at]).astype(np.int64) for spots in beside)
            > len(_LOOKS) // 2
            for way, beside in self._beside(pieces.iloc[looked]).items()
        }
        own = np.where(on[1] == on[-1], 0, np.where(on[1], 1, -1))
        common = np.ones(len(looked), dtype=np.bool_)
        for way in (1, -1):
            common &= np.bincount(at, weights=own == way, minlength=len(looked)) > 0
        along[looked] = common
        side[asked] = np.where(common[at], own, 0)
        answers[asked] = ~common[at] | on[1] | on[-1]
        return side, answers, along

    def _beside(self, pieces: pd.DataFrame) -> dict[int, list[NDArray[Any]]]:
        """Return points to the left and to the right of each piece, beyond the tolerance."""
        line, begin = self.line[pieces["line"]], pieces["from_m"].to_numpy()
        size = pieces["to_m"].to_numpy() - begin
        off = max(_BESIDE * self.border_within, _LEAST_BESIDE_M)
        found: dict[int, list[NDArray[Any]]] = {way: [] for way in (1, -1)}
        for share in _LOOKS:
            before, middle, after = (
                shapely.get_coordinates(shapely.line_interpolate_point(line, begin + at * size))
                for at in (share - 0.01, share, share + 0.01)
            )
            along = after - before
            unit = along / np.maximum(np.hypot(*along.T), 1e-300)[:, None]
            left = np.stack([-unit[:, 1], unit[:, 0]], axis=1)
            for way, spots in found.items():
                spots.append(np.asarray(shapely.points(middle + way * off * left)))
        return found


def on_ground(line: NDArray[Any], shapes: NDArray[Any], border_within: float) -> pd.DataFrame:
    """Find the stretches of each line on the ground of each zone, or along its border."""
    at, row = shapely.STRtree(shapes).query(line, predicate="dwithin", distance=border_within)
    whole = shapely.contains_properly(shapes[row], line[at])
    near = np.flatnonzero(~whole)
    wider = shapely.buffer(shapes[row[near]], border_within, join_style="mitre")
    on = intervals_of(line, at[near], row[near], shapely.intersection(line[at[near]], shapes[row[near]]))
    around = intervals_of(line, at[near], row[near], shapely.intersection(line[at[near]], wider))
    held = pd.DataFrame(
        {"line": at[whole], "row": row[whole], "from_m": 0.0, "to_m": shapely.length(line[at[whole]])}
    )
    return pd.concat([held, _without_crossings(on, around, _CROSSING * border_within)], ignore_index=True)


def _without_crossings(on: pd.DataFrame, around: pd.DataFrame, crossing: float) -> pd.DataFrame:
    """Keep of the stretches near a zone what lies on it or runs along it; a crossing ends at the border."""
    around = around.assign(piece=np.arange(len(around)))
    pairs = around.merge(on, on=["line", "row"], suffixes=("", "_on"))
    pairs = pairs[(pairs["from_m_on"] <= pairs["to_m"]) & (pairs["to_m_on"] >= pairs["from_m"])]
    inner = pairs.groupby("piece").agg(begin=("from_m_on", "min"), end=("to_m_on", "max"))
    around = around.join(inner, on="piece")
    alone = around["begin"].isna()
    runs_along = around["to_m"] - around["from_m"] > crossing
    begin = around["from_m"].where(alone | (around["begin"] - around["from_m"] > crossing), around["begin"])
    end = around["to_m"].where(alone | (around["to_m"] - around["end"] > crossing), around["end"])
    kept = around.assign(from_m=begin, to_m=end)[~alone | runs_along]
    return kept[["line", "row", "from_m", "to_m"]]
