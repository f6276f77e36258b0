"""The cells in which incidents are counted, which of them are near each other, and what counts go by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import sparse
from scipy.spatial import cKDTree

from zjk_gis.crs import convert_crs, require_crs
from zjk_gis.errors import InputError
from zjk_gis.index import ZoneIndex
from zjk_gis.layers.columns.requirements import require_rows
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.results import row_codes
from zjk_gis.layers.shapes import point_coordinates
from zjk_gis.layers.spec import PUNCTUAL
from zjk_gis.layers.versions import zones_at
from zjk_gis.overlay.borders import TOUCH_M
from zjk_gis.overlay.contents import contents_of
from zjk_gis.overlay.lattice import Lattice
from zjk_gis.overlay.polygons import cover_of
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

__all__ = ["BASES", "FEW", "NO_POSITION", "OUTSIDE", "Basis", "Cells", "basis_of", "cells_of", "positions_of"]

OUTSIDE, NO_POSITION = -1, -2
FEW = 30  # cells below which the normal approximation is rough
_MOST_PAIRS = 30_000_000
_SAMPLE = 1000
_LEAST_SHARE = 0.1  # of the median of the cells that have any
# What counts are divided by: how many of its units are one.
BASES = {"people": 10_000.0, "roads": 1000.0, "patrols": 1.0}


@dataclass(frozen=True)
class Cells:
    """Cells of ground, from the lowest centre up, so that the order of rows changes no digit.

    Attributes
    ----------
    frame : GeoDataFrame
        ``cell_code`` and the ground of each, in a metric CRS.
    order : ndarray of int64
        Where each stands in what is answered.
    near : sparse array of float64, shape (n, n)
        1 between cells that are near each other, and between each and itself.
    ground : Lattice or ZoneIndex
        Tells in which cell a point lies.
    column_row : ndarray of int64, shape (n, 2)
        Of the cells of a lattice.
    cell_m, reach_m : float
        NaN for polygons of the caller's, and where near means to touch.
    area_km2 : float
        Of all together.
    """

    frame: gpd.GeoDataFrame
    order: NDArray[np.int64]
    near: Any
    ground: Lattice | ZoneIndex
    column_row: NDArray[np.int64]
    cell_m: float
    reach_m: float
    area_km2: float

    def __len__(self) -> int:
        return len(self.frame)

    def holding(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the cell of each point, `OUTSIDE` where there is none, `NO_POSITION` if it is not finite."""
        known = np.isfinite(x) & np.isfinite(y)
        cell = np.full(len(x), NO_POSITION, dtype=np.int64)
        coords = np.column_stack([x[known], y[known]])
        if isinstance(self.ground, ZoneIndex):
            row = self.ground.locate(coords[:, 0], coords[:, 1]).row
            cell[known] = np.where(row >= 0, row, OUTSIDE)
        else:
            cell[known] = _in_lattice(self.ground, self.column_row, self.frame.geometry.to_numpy(), coords)
        return cell


def cells_of(
    cells: float | gpd.GeoDataFrame,
    region: gpd.GeoDataFrame | None,
    *,
    hexagons: bool,
    reach_m: float | None,
    day: str | dt.date | None,
) -> Cells:
    """Make the cells that are asked for; see `hot_spots`."""
    if reach_m is not None:
        require_amounts(reach_m=reach_m)
    if isinstance(cells, gpd.GeoDataFrame):
        if region is not None or hexagons:
            raise InputError(
                tr("cells: areas of your own bring their ground with them; leave out region= and hexagons=")
            )
        return _own(cells, reach_m, day)
    require_amounts(cells=cells)
    if not cells > 0:
        raise InputError(tr("cells must be more than 0"))
    if region is None:
        raise InputError(
            tr("cells of {cells:g} m need a region=: within it a cell without incidents counts as 0, and "
               "outside there are none", cells=cells)
        )  # fmt: skip
    if reach_m is not None and reach_m < cells:
        raise InputError(
            tr("reach_m: {reach_m:g} m reaches no other cell of {cells:g} m; it must be at least that",
               reach_m=reach_m, cells=cells)
        )  # fmt: skip
    region = ready(region, "region", kind="polygon")
    lattice = Lattice(float(cells), hexagons=hexagons)
    column_row, pieces = lattice.over(cover_of(region.geometry.to_numpy()))
    centres = lattice.centres(column_row)
    order = np.lexsort((centres[:, 0], centres[:, 1]))
    width = max(4, len(str(len(order))))
    codes = np.array([f"C{number:0{width}d}" for number in range(1, len(order) + 1)], dtype=object)
    frame = gpd.GeoDataFrame(
        {"cell_code": pd.Series(codes, dtype="str")}, geometry=pieces, crs=region.crs
    ).iloc[order]
    # The neighbours of a square are up to 1.42 sides away and others 2; of a hexagon 1 and 1.73.
    within = float(cells) * (1.2 if hexagons else 1.5) if reach_m is None else float(reach_m)
    near = _within(centres[order], within)
    reach = np.nan if reach_m is None else float(reach_m)
    return Cells(frame, order, near, lattice, column_row[order], float(cells), reach, _km2(pieces))


def _own(layer: gpd.GeoDataFrame, reach_m: float | None, day: str | dt.date | None) -> Cells:
    """Take the caller's polygons as cells: those of the finest level, valid on a day."""
    layer = ready(layer, "cells", kind="polygon")
    layer = zones_at(layer, day)
    require_rows(layer, "cells")
    codes = row_codes(layer)
    shapes = layer.geometry.to_numpy()
    x, y = shapely.get_coordinates(shapely.centroid(shapes)).T
    order = np.lexsort((codes.astype(str), x, y))
    frame = gpd.GeoDataFrame(
        {"cell_code": pd.Series(codes, index=layer.index, dtype="str")}, geometry=shapes, crs=layer.crs
    ).iloc[order]
    if reach_m is None:
        ordered = shapes[order]
        first, second = shapely.STRtree(ordered).query(ordered, predicate="dwithin", distance=TOUCH_M)
        near = sparse.csr_array((np.ones(len(first)), (first, second)), shape=(len(order),) * 2)
    else:
        near = _within(np.column_stack([x, y])[order], float(reach_m))
    index = ZoneIndex.build(frame.rename(columns={"cell_code": "code"}), code="code")
    reach = np.nan if reach_m is None else float(reach_m)
    return Cells(frame, order, near, index, np.empty((0, 2), np.int64), np.nan, reach, _km2(shapes))


def _km2(shapes: NDArray[Any]) -> float:
    return float(shapely.area(shapes).sum()) / 1e6


def _within(points: NDArray[np.float64], reach_m: float) -> Any:
    """Return which points are within reach of each other, each of itself too."""
    tree, reach = cKDTree(points), reach_m * (1 + 1e-9)
    sample = points[:: max(1, len(points) // _SAMPLE)]
    expected = tree.query_ball_point(sample, reach, return_length=True).mean() * len(points)
    if expected > _MOST_PAIRS:
        raise InputError(
            tr("reach_m: {reach_m:g} m makes about {pairs:,.0f} pairs of cells; take larger cells or a "
               "shorter reach", reach_m=reach_m, pairs=expected)
        )  # fmt: skip
    first, second = tree.query_pairs(reach, output_type="ndarray").T
    self_ = np.arange(len(points))
    rows, columns = np.concatenate([first, second, self_]), np.concatenate([second, first, self_])
    near = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(points),) * 2)
    near.sort_indices()
    return near


def _in_lattice(
    lattice: Lattice, cells: NDArray[np.int64], pieces: NDArray[Any], coords: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the cell of each point; one on the outer border belongs to the ground that it touches."""
    low, high = cells.min(axis=0), cells.max(axis=0)
    span = high - low + 1
    place = np.full(span[0] * span[1], OUTSIDE, dtype=np.int64)
    place[np.ravel_multi_index(tuple((cells - low).T), tuple(span))] = np.arange(len(cells))
    own = lattice.cells_of(coords)
    is_there = ((own >= low) & (own <= high)).all(axis=1)
    found = np.full(len(coords), OUTSIDE, dtype=np.int64)
    found[is_there] = place[np.ravel_multi_index(tuple((own[is_there] - low).T), tuple(span))]
    is_cut = shapely.area(pieces) < (1 - 1e-9) * shapely.area(lattice.shapes(np.zeros((1, 2), np.int64)))[0]
    doubtful = np.flatnonzero((found >= 0) & is_cut[found])
    shapely.prepare(pieces)
    points = shapely.points(coords[doubtful])
    found[doubtful[~shapely.intersects(pieces[found[doubtful]], points)]] = OUTSIDE
    left = np.flatnonzero(found == OUTSIDE)
    number, cell = shapely.STRtree(pieces).query(shapely.points(coords[left]), predicate="intersects")
    order = np.lexsort((-cell, number))  # of several the first is written last
    found[left[number[order]]] = cell[order]
    return found


def positions_of(
    layer: gpd.GeoDataFrame, name: str, crs: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y of points in a CRS; not finite where there is none."""
    require_crs(layer, name)
    require_rows(layer, name)
    return point_coordinates(convert_crs(layer, crs, name=name).geometry.to_numpy())


@dataclass(frozen=True)
class Basis:
    """What counts are divided by.

    Attributes
    ----------
    name : str
        One of `BASES`, or ``nothing``.
    amount : ndarray of float64
        How much of it is in each cell: people, metres of road, fixes or metres of patrols.
    least : float
        Cells with no more of it are not judged.
    set_aside : list of dict
        Rows of it that could not be counted.
    """

    name: str
    amount: NDArray[np.float64]
    least: float
    set_aside: list[dict[str, Any]]

    @property
    def is_judged(self) -> NDArray[np.bool_]:
        """Which cells have enough of it."""
        return np.asarray(self.amount > self.least)


def basis_of(
    cells: Cells,
    people: gpd.GeoDataFrame | None,
    roads: gpd.GeoDataFrame | None,
    patrols: gpd.GeoDataFrame | None,
    least: float | None,
) -> Basis:
    """Return by what counts are divided; see `hot_spots`.

    Raises
    ------
    InputError
        If several are given, or no cell has enough.
    """
    if least is not None:
        require_amounts(least=least)
    given = {"people": people, "roads": roads, "patrols": patrols}
    named = [name for name, layer in given.items() if layer is not None]
    if not named:
        return Basis("nothing", np.ones(len(cells)), 0.0, [])
    if len(named) > 1:
        raise InputError(tr("counts are divided by one thing; give people=, roads= or patrols="))
    name = named[0]
    aside: list[dict[str, Any]] = []
    if patrols is not None and set(patrols.geom_type.dropna()) <= PUNCTUAL:
        held = cells.holding(*positions_of(patrols, name, cells.frame.crs))
        amount = np.bincount(held[held >= 0], minlength=len(cells)).astype(np.float64)
        aside = [
            {"layer": name, "row": row, "why": "no_position", "value": ""}
            for row in patrols.index[held == NO_POSITION]
        ]
    elif people is not None:
        told = contents_of(cells.frame, people=people)
        amount, aside = told["people"].to_numpy(dtype=np.float64), told.attrs.get("set_aside", [])
    else:
        lines = roads if roads is not None else patrols
        amount = contents_of(cells.frame, roads=lines)["road_m"].to_numpy(dtype=np.float64)
    if not amount.sum() > 0:
        raise InputError(tr("{name}: nothing of it lies in the cells", name=name))
    if least is None:  # one report on a metre of road would be the hottest place of the city
        least = _LEAST_SHARE * float(np.median(amount[amount > 0]))
    if not (amount > least).any():
        raise InputError(tr("least: no cell has more than {least:g} of {name}", least=least, name=name))
    return Basis(name, amount, least, aside)
