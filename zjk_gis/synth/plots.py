"""Plots on each of which one case is laid: a fault, or what is just within the rule."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import affinity

from zjk_gis.synth.offices import CRS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["PLOT_M", "Plot", "free_around", "in_rows", "laid", "margin", "settled", "spots_in"]

PLOT_M = 300.0
_A_ROW = 10
_SPOTS_M = 12.0


@dataclass
class Plot:
    """A case: what is laid, where the plot's middle is the origin, and what is to be found in it.

    Attributes
    ----------
    in_city : bool
        Whether it will lie among the roads and pipes of a city.
    told : list of (bool, str, str)
        Whether it is a fault or a near miss, of which check, and the codes, joined by ``|``.
    turn : float
        In degrees.
    reach_m : float
        How far around what is laid nothing of another plot may lie.
    """

    number: int
    rng: np.random.Generator
    in_city: bool = False
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    told: list[tuple[bool, str, str]] = field(default_factory=list)
    turn: float = 0.0
    reach_m: float = 0.0

    def placed(self, x: float, y: float) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of each layer, turned, with the plot's middle at a place."""

        def put(shape: Any) -> Any:
            return affinity.translate(affinity.rotate(shape, self.turn, origin=(0, 0)), x, y)

        return {
            layer: [row | {"geometry": put(row["geometry"])} for row in rows]
            for layer, rows in self.rows.items()
        }

    def add(self, layer: str, shape: Any, **columns: Any) -> None:
        """Lay a thing."""
        self.rows.setdefault(layer, []).append(columns | {"geometry": shape})

    def expect(self, fault: bool, check: str, *codes: str) -> None:
        """Note what a check must find, or must leave alone as it keeps the rule by a little."""
        self.told.append((fault, check, "|".join(codes)))


_Plot = TypeVar("_Plot", bound=Plot)


def laid(
    cases: Iterable[Callable[[_Plot, bool], None]],
    plot_of: Callable[..., _Plot],
    rng: np.random.Generator,
    *,
    in_city: bool = False,
) -> Iterator[_Plot]:
    """Lay each case twice: with its fault, and as a near miss."""
    pairs = [(case, fault) for case in cases for fault in (True, False)]
    for number, (case, fault) in enumerate(pairs):
        plot = plot_of(number, rng, in_city=in_city, turn=float(rng.uniform(0, 360)))
        case(plot, fault)
        yield plot


def in_rows(
    plots: Iterable[Plot], rng: np.random.Generator, *, origin: tuple[float, float], checks: Iterable[str]
) -> tuple[dict[str, gpd.GeoDataFrame], dict[str, list[str]]]:
    """Set plots in rows, each moved a little.

    Returns
    -------
    layers : dict of str to GeoDataFrame
    truth : dict of str to list of str
        Of every check what it must find, sorted.
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    truth: dict[str, list[str]] = {name: [] for name in checks}
    for plot in plots:
        step = rng.uniform(-20, 20, 2)
        row, column = divmod(plot.number, _A_ROW)
        x, y = origin[0] + column * PLOT_M + float(step[0]), origin[1] + row * PLOT_M + float(step[1])
        for layer, more in plot.placed(x, y).items():
            rows.setdefault(layer, []).extend(more)
        for fault, check, codes in plot.told:
            if fault:
                truth[check].append(codes)
    layers = {
        name: gpd.GeoDataFrame(pd.DataFrame(more), geometry="geometry", crs=CRS)
        for name, more in rows.items()
    }
    return layers, {name: sorted(codes) for name, codes in truth.items()}


def spots_in(land: Any, rng: np.random.Generator) -> NDArray[Any]:
    """Return places all over a ground, in any order."""
    west, south, east, north = land.bounds
    steps = np.arange(west, east, _SPOTS_M), np.arange(south, north, _SPOTS_M)
    x, y = (axis.ravel() for axis in np.meshgrid(*steps))
    return rng.permutation(np.column_stack([x, y])[shapely.contains_xy(land, x, y)])


def free_around(spots: NDArray[Any], *taken: Any) -> NDArray[Any]:
    """Return how far each place is from what is there."""
    parts = np.concatenate([shapely.get_parts(each) for each in taken])
    points = shapely.points(spots)
    return shapely.STRtree(parts).query_nearest(points, return_distance=True, all_matches=False)[1]


def settled(
    plots: Sequence[_Plot], spots: NDArray[Any], free: NDArray[Any], *, apart_m: float
) -> Iterator[tuple[_Plot, float, float]]:
    """Find a place for each plot, the largest first; those that a small city has no room for are left out.

    What is taken is no longer free, so that other plots may follow.
    """
    circles = {plot.number: _circle(plot) for plot in plots}
    for plot in sorted(plots, key=lambda plot: -circles[plot.number][2]):
        away_x, away_y, radius = circles[plot.number]
        room = np.flatnonzero(free >= radius + apart_m)
        if len(room):
            middle = spots[room[0]]
            np.minimum(free, np.hypot(*(spots - middle).T) - radius, out=free)
            # Turned about the origin of the plot, which need not be the middle of what lies on it.
            yield plot, float(middle[0] - away_x), float(middle[1] - away_y)


def _circle(plot: Plot) -> tuple[float, float, float]:
    """Return the middle and the radius of what lies on a plot, turned as it will be."""
    shapes = [row["geometry"] for rows in plot.placed(0.0, 0.0).values() for row in rows]
    circle = shapely.minimum_bounding_circle(shapely.geometrycollections(shapes))
    if circle.geom_type == "Point":
        return circle.x, circle.y, plot.reach_m
    radius = float(shapely.minimum_bounding_radius(circle))
    return circle.centroid.x, circle.centroid.y, radius + plot.reach_m


def margin(plot: Plot, fault: bool, least: float = 0.005, most: float = 0.05) -> float:
    """Return by how much a limit is missed, or kept."""
    size = float(plot.rng.uniform(least, most))
    return size if fault else -size
