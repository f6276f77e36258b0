"""Plots in rows, on each of which one case is laid: a fault, or what is just within the rule."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import affinity

from zjk_gis.synth.offices import CRS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["PLOT_M", "Plot", "laid_out", "margin"]

PLOT_M = 300.0
_A_ROW = 10


@dataclass
class Plot:
    """Where a case is laid, and what was laid so far."""

    number: int
    rng: np.random.Generator
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    truth: dict[str, list[str]] = field(default_factory=dict)
    turn: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    middle: tuple[float, float] = (0.0, 0.0)

    def placed(self, shape: Any) -> Any:
        """Turn and move a shape to where the plot lies."""
        return affinity.translate(affinity.rotate(shape, self.turn, origin=(0, 0)), *self.shift)

    def add(self, layer: str, shape: Any, **columns: Any) -> None:
        """Add a row to a layer."""
        self.rows.setdefault(layer, []).append(columns | {"geometry": self.placed(shape)})

    def expect(self, check: str, *codes: str) -> None:
        """Note what a check must find."""
        self.truth.setdefault(check, []).append("|".join(codes))


_Plot = TypeVar("_Plot", bound=Plot)


def laid_out(
    cases: Iterable[Callable[[_Plot, bool], None]],
    plot_of: Callable[[int, np.random.Generator], _Plot],
    *,
    seed: int,
    origin: tuple[float, float],
    checks: Iterable[str],
) -> tuple[dict[str, gpd.GeoDataFrame], dict[str, list[str]]]:
    """Lay every case twice, with its fault and without, each on a plot turned and moved a little.

    Returns
    -------
    layers : dict of str to GeoDataFrame
    truth : dict of str to list of str
        Of every check, sorted.
    """
    rng = np.random.default_rng(seed)
    rows: dict[str, list[dict[str, Any]]] = {}
    truth: dict[str, list[str]] = {name: [] for name in checks}
    both = [(case, fault) for case in cases for fault in (True, False)]
    for number, (case, fault) in enumerate(both):
        plot = plot_of(number, rng)
        plot.turn = float(rng.uniform(0, 360))
        step = rng.uniform(-20, 20, 2)
        row, column = divmod(number, _A_ROW)
        plot.middle = origin[0] + column * PLOT_M, origin[1] + row * PLOT_M
        plot.shift = plot.middle[0] + float(step[0]), plot.middle[1] + float(step[1])
        case(plot, fault)
        for layer, more in plot.rows.items():
            rows.setdefault(layer, []).extend(more)
        for check, codes in plot.truth.items():
            truth[check].extend(codes)
    layers = {
        name: gpd.GeoDataFrame(pd.DataFrame(more), geometry="geometry", crs=CRS)
        for name, more in rows.items()
    }
    return layers, {name: sorted(codes) for name, codes in truth.items()}


def margin(plot: Plot, fault: bool, least: float = 0.005, most: float = 0.05) -> float:
    """Return by how much a limit is missed, or kept."""
    size = float(plot.rng.uniform(least, most))
    return size if fault else -size
