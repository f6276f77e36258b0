"""Which way each pipe flows, what says so, and where two say otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import PIPELINES
from zjk_gis.layers.columns.values import coded, converted
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["DIRECTIONS", "Direction", "directions_of"]

DIRECTIONS = ("flow", "levels", "drawn")
_LEVEL_M = 0.001  # levels are surveyed to the millimetre
_FLOWS = {"顺向": 1, "逆向": -1, "双向": 0}


@dataclass(frozen=True, slots=True)
class Direction:
    """The direction of each pipe: 1 from its first end (起点) to its last, -1 the other way, 0 both.

    Attributes
    ----------
    way : ndarray of int8
        The one that counts.
    source : ndarray of int8
        What says so: a position in `DIRECTIONS`, -1 where nothing does.
    flow, levels : ndarray of int8
        What each of them says; 2 where it says nothing.
    """

    way: NDArray[np.int8]
    source: NDArray[np.int8]
    flow: NDArray[np.int8]
    levels: NDArray[np.int8]

    @property
    def contradicts(self) -> NDArray[np.bool_]:
        """Where the recorded flow runs uphill."""
        both_say = np.abs(self.flow * self.levels) == 1
        return np.asarray(both_say & (self.flow != self.levels), dtype=bool)


def directions_of(
    pipes: gpd.GeoDataFrame,
    gravity: NDArray[np.bool_],
    ground: tuple[NDArray[np.float64], NDArray[np.float64]],
    order: Sequence[str],
) -> Direction:
    """Find which way each pipe flows.

    Parameters
    ----------
    pipes : GeoDataFrame
    gravity : ndarray of bool
        Which of them flow by gravity: levels and the way it is drawn say something of these alone.
    ground : tuple of ndarray of float64
        The level of the ground at either end, from which a depth (埋深) becomes a level.
    order : sequence of str
        What is asked, the first that says something counts: some of `DIRECTIONS`.

    Raises
    ------
    InputError
        If `order` names something else, or the flows are not understood.
    """
    unknown = [name for name in order if name not in DIRECTIONS]
    if isinstance(order, str) or unknown or not order:
        raise InputError(
            tr(
                "direction must be some of {known} in the order in which they count, not {order!r}",
                known=", ".join(DIRECTIONS),
                order=order,
            )
        )
    silent = np.full(len(pipes), 2, np.int8)
    flow = silent
    if "flow" in pipes:
        meant, _ = coded(pipes, PIPELINES.field("flow"), "pipelines")
        flow = np.select([(meant == word).to_numpy(dtype=bool) for word in _FLOWS], [*_FLOWS.values()], 2)
        flow = flow.astype(np.int8)
    first, last = (_level(pipes, end, at) for end, at in zip(("from", "to"), ground, strict=True))
    fall = first - last
    levels = np.where(np.abs(fall) > _LEVEL_M, np.sign(fall), 2.0)
    levels = np.where(gravity & np.isfinite(fall), levels, 2.0).astype(np.int8)
    told = {"flow": flow, "levels": levels, "drawn": np.where(gravity, 1, 2).astype(np.int8)}
    way, source = silent.copy(), np.full(len(pipes), -1, np.int8)
    for name in order:
        says = (way == 2) & (told[name] != 2)
        way[says], source[says] = told[name][says], DIRECTIONS.index(name)
    return Direction(np.where(way == 2, 0, way).astype(np.int8), source, flow, levels)


def _level(pipes: gpd.GeoDataFrame, end: str, ground: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the level of one end of each pipe: as it is recorded, else by its depth below the ground."""
    level = np.full(len(pipes), np.nan)
    if f"{end}_level_m" in pipes:
        field = PIPELINES.field(f"{end}_level_m")
        level = converted(pipes[field.name], field)[0].to_numpy(dtype=np.float64, na_value=np.nan)
    if f"{end}_depth_m" in pipes:
        field = PIPELINES.field(f"{end}_depth_m")
        depth = converted(pipes[field.name], field)[0].to_numpy(dtype=np.float64, na_value=np.nan)
        level = np.where(np.isfinite(level), level, ground - depth)
    return level
