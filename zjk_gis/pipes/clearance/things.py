"""Pipes, and what stands beside them, as the table of least distances asks of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.crs import convert_crs
from zjk_gis.engine.arrays import offsets_of
from zjk_gis.engine.line_pairs import LinePairs, Lines
from zjk_gis.layers.catalogue import PIPELINES
from zjk_gis.layers.columns.values import code_text, coded
from zjk_gis.layers.results import row_codes
from zjk_gis.layers.shapes import cleaned, flat, has_place, has_shape
from zjk_gis.layers.spec import AREAL, LINEAR, PUNCTUAL
from zjk_gis.pipes.clearance.separations import Thing, steps_of
from zjk_gis.pipes.dimensions import burials_of, dimensions_of, kinds_of, numbers_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.layers.set_aside import SetAside
    from zjk_gis.standards.rules import Overrides

__all__ = ["BESIDE", "Things", "things_of"]

_GROUPS = {"JS": "给水", "PS": "排水", "RQ": "燃气", "RL": "热力", "DL": "电力", "TX": "通信"}
_RECLAIMED = "ZS"
_IN_TRENCH = ("GG", "XTD")  # 管沟, 小通道: the table asks of the trench, not of what lies in it
_ABOVE_GROUND = ("JK", "DM", "SJ")  # 架空, 地面, 上架
_IN_TUNNEL = ("ZH", "RF", "JN")  # 综合管廊, 人防, 井内: side by side by design
_LAID = {"ZM": "直埋"}
_DUCTED = {"GM", "GK"}  # 管埋, 管块
_DUCT = {"电力": "保护管", "通信": "管道"}
BESIDE = {"buildings": "建筑", "trees": "树木", "kerbs": "路缘石", "railways": "铁路"}
_UNKNOWN_HALF_M = 1.0  # of a pipe whose class has no known size at all


@dataclass(frozen=True, slots=True)
class Things:
    """Pipes and what stands beside them, one behind the other."""

    shapes: NDArray[Any]
    codes: NDArray[np.object_]
    profile: NDArray[np.int64]
    profiles: list[Thing]
    half: NDArray[np.float64]  # of the width; 0 where it is not known
    doubt: NDArray[np.float64]  # by how much it may be more
    half_height: NDArray[np.float64]
    size_mm: NDArray[np.float64]
    z: NDArray[np.float64]  # axis level and depth at the beginning and end: (n, 4)
    nodes: NDArray[np.int64]
    family: NDArray[np.int64]
    ident: NDArray[np.int64]  # the row; outlines of one building share it
    n_pipes: int

    def key(self, pairs: LinePairs) -> NDArray[np.int64]:
        """Return one number for each pair of rows."""
        found: NDArray[np.int64] = self.ident[pairs.a] * (self.ident.max(initial=0) + 1) + self.ident[pairs.b]
        return found

    def lines(self) -> Lines:
        """Return what compiled code asks: vertices with heights, segments, ends."""
        coords, row, run = _vertices(self.shapes)
        placed = np.empty((len(coords), 4))
        placed[:, :2] = coords
        for column, (begin, end) in ((2, self.z[:, :2].T), (3, self.z[:, 2:].T)):
            placed[:, column] = begin[row] + run * (end - begin)[row]
        starts = np.flatnonzero(row[:-1] == row[1:])
        offsets = offsets_of(np.bincount(row, minlength=len(self.shapes)))
        return Lines(
            placed,
            starts,
            row[starts],
            self.half + self.doubt,
            self.profile,
            np.hstack([coords[offsets[:-1]], coords[offsets[1:] - 1]]),
            self.nodes,
            self.family,
        )

    def with_layer(self, layer: gpd.GeoDataFrame, name: str, crs: Any, aside: SetAside) -> Things:
        """Add a layer of what stands beside the pipes."""
        shapes, rows = _beside(layer, name, crs, aside)
        n = len(shapes)
        profiles = [*self.profiles, Thing(BESIDE[name])]
        nothing = np.zeros(n)

        def more(ours: NDArray[Any], theirs: Any) -> NDArray[Any]:
            return np.concatenate([ours, np.broadcast_to(theirs, (n, *ours.shape[1:]))])

        return Things(
            np.concatenate([self.shapes, shapes]),
            more(self.codes, row_codes(layer)[rows]),
            more(self.profile, len(self.profiles)),
            profiles,
            more(self.half, nothing),
            more(self.doubt, nothing),
            more(self.half_height, nothing),
            more(self.size_mm, np.nan),
            more(self.z, np.nan),
            more(self.nodes, -1),
            more(self.family, -len(profiles)),
            np.concatenate([self.ident, self.ident.max(initial=-1) + 1 + rows]),
            self.n_pipes,
        )


def _vertices(shapes: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Return vertices, their row, and the share of the way along their line at which each lies."""
    coords, row = shapely.get_coordinates(shapes, return_index=True)
    step = np.zeros(len(coords))
    step[1:] = np.hypot(*np.diff(coords, axis=0).T)
    offsets = offsets_of(np.bincount(row, minlength=len(shapes)))
    step[offsets[:-1]] = 0.0
    run = np.cumsum(step)
    begin = run[offsets[:-1]]
    whole = run[offsets[1:] - 1] - begin
    return coords, row.astype(np.int64), (run - begin[row]) / np.where(whole > 0, whole, 1.0)[row]


def things_of(pipes: gpd.GeoDataFrame, aside: SetAside, tables: Overrides | None = None) -> Things:
    """Read what the table asks of each pipe; set those aside of which it has nothing."""
    kinds = kinds_of(pipes, aside)
    burial = burials_of(pipes)
    number, classes = pd.factorize(kinds["class_code"])
    group = np.array([*(_GROUPS.get(each, "") for each in classes), ""], dtype=object)[number]
    group[(kinds["pipe_kind"] == _RECLAIMED).to_numpy(dtype=bool)] = "再生水"
    group[np.isin(burial, _IN_TRENCH) & (group != "")] = "管沟"
    reasons = np.select(
        [np.isin(burial, _ABOVE_GROUND), np.isin(burial, _IN_TUNNEL), group == ""],
        ["above_ground", "in_a_tunnel", "no_rule"],
        "",
    )
    known = kinds["pipe_kind"].notna().to_numpy()
    aside.note(pipes, "pipelines", (reasons != "") & known, reasons, pipes["pipe_kind"])
    judged = np.flatnonzero((reasons == "") & known)
    if len(judged) < len(pipes):
        pipes, kinds, group, burial = pipes.iloc[judged], kinds.iloc[judged], group[judged], burial[judged]
    size = dimensions_of(pipes, kinds["gravity"].to_numpy())
    half = np.nan_to_num(size.width / 2)
    profile, profiles = _profiles(pipes, group, size.width * 1000, burial, tables)
    axis = np.hstack([size.axis_levels, -size.axis_depths])
    return Things(
        _lines_of(pipes),
        code_text(pipes["pipe_code"]).to_numpy(dtype=object),
        profile,
        profiles,
        half,
        _doubts(size.width, group),
        size.height / 2,
        size.width * 1000,
        axis,
        _nodes_of(pipes),
        number[judged].astype(np.int64),
        np.arange(len(pipes)),
        len(pipes),
    )


def _lines_of(pipes: gpd.GeoDataFrame) -> NDArray[Any]:
    """Return pipes as single lines: parts that follow one another are joined where they meet."""
    shapes = flat(pipes.geometry.to_numpy())
    several = np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.MULTILINESTRING)
    shapes = shapes.copy()
    for at in several.tolist():
        merged = shapely.line_merge(shapes[at])
        shapes[at] = (
            merged
            if merged.geom_type == "LineString"
            else shapely.LineString(shapely.get_coordinates(shapes[at]))
        )
    return shapes


def _doubts(width: NDArray[np.float64], group: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return half of what a pipe of unknown size may be wide: as wide as the widest of its group."""
    doubt = np.zeros(len(width))
    unknown = np.isnan(width)
    for name in set(group[unknown].tolist()):
        rows = group == name
        known = width[rows & ~unknown]
        doubt[rows & unknown] = known.max() / 2 if len(known) else _UNKNOWN_HALF_M
    return doubt


def _profiles(
    pipes: gpd.GeoDataFrame,
    group: NDArray[np.object_],
    size_mm: NDArray[np.float64],
    burial: NDArray[Any],
    tables: Overrides | None,
) -> tuple[NDArray[np.int64], list[Thing]]:
    """Return a number for each pipe, the same where the table asks the same, and what each stands for.

    A size or voltage counts by the steps that the table has: any of a step stands for all of it.
    """
    pressure = np.full(len(pipes), "", dtype=object)
    if "gas_pressure" in pipes:
        meant, _ = coded(pipes, PIPELINES.field("gas_pressure"), "pipelines")
        pressure = np.where(group == "燃气", meant.fillna("").to_numpy(dtype=object), "")
    ways, way = pd.factorize(burial)[::-1]
    laid = np.array([_LAID.get(str(each), "") for each in ways] + [""], dtype=object)[way]
    for name, duct in _DUCT.items():
        laid[np.isin(way, np.flatnonzero(np.isin(ways, list(_DUCTED)))) & (group == name)] = duct
    voltage = np.where(group == "电力", numbers_of(pipes, "voltage_kv"), np.nan)
    sizes, voltages = steps_of(tables)
    columns = (
        pd.factorize(group, sort=True)[0],
        _steps(size_mm, sizes, "left"),
        pd.factorize(pressure, sort=True)[0],
        pd.factorize(laid, sort=True)[0],
        _steps(voltage, voltages, "right"),
    )
    key = np.zeros(len(pipes), np.int64)
    for column in columns:
        key = key * (int(column.max(initial=0)) + 2) + column
    number, keys = pd.factorize(key, sort=True)
    firsts = np.full(len(keys), len(pipes), np.int64)
    np.minimum.at(firsts, number, np.arange(len(pipes)))
    things = [
        Thing(group[at], float(size_mm[at]), str(pressure[at]), str(laid[at]), float(voltage[at]))
        for at in firsts.tolist()
    ]
    return number.astype(np.int64), things


def _steps(values: NDArray[np.float64], bounds: NDArray[np.float64], side: Any) -> NDArray[np.int64]:
    """Return between which bounds each value lies, from 1; 0 where it is not known."""
    return np.where(np.isnan(values), 0, np.searchsorted(bounds, values, side=side) + 1).astype(np.int64)


def _nodes_of(pipes: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return a number for the point that each pipe names at either end; -1 where it names none."""
    names = [
        code_text(pipes[end]).to_numpy(dtype=object) if end in pipes else np.full(len(pipes), None, object)
        for end in ("from_manhole", "to_manhole")
    ]
    number, _ = pd.factorize(np.concatenate(names))
    return np.ascontiguousarray(number.reshape(2, -1).T, dtype=np.int64)


def _beside(
    layer: gpd.GeoDataFrame, name: str, crs: Any, aside: SetAside
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return what stands beside pipes as lines: outlines of polygons, points as lines of no length."""
    shapes, _ = cleaned(layer.geometry.to_numpy())
    missing = ~has_shape(shapes)
    mixed = ~missing & ~np.isin(layer.geom_type.to_numpy(dtype=object), [*PUNCTUAL, *LINEAR, *AREAL])
    wrong = ~missing & ~mixed & ~(shapely.is_valid(shapes) & has_place(shapes))
    reasons = np.select([missing, mixed, wrong], ["no_geometry", "other_geometry", "invalid_geometry"], "")
    aside.note(layer, name, reasons != "", reasons, pd.Series("", index=layer.index))
    usable = np.flatnonzero(reasons == "")
    moved = convert_crs(gpd.GeoDataFrame(geometry=shapes[usable], crs=layer.crs), crs, name=name)
    plain = flat(moved.geometry.to_numpy())
    areal = shapely.get_dimensions(plain) == 2
    plain = np.where(areal, shapely.boundary(plain), plain)
    parts, row = shapely.get_parts(plain, return_index=True)
    points = shapely.get_dimensions(parts) == 0
    if points.any():
        spot = shapely.get_coordinates(parts[points])
        parts[points] = shapely.linestrings(np.stack([spot, spot], axis=1))
    return parts, usable[row]
