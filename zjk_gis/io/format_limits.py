"""What a format cannot hold, and what is written in its place; each time the log is told.

1. Columns whose names a format takes for one another get different ones (`told_apart`).
2. Measures are left out but of .parquet; heights, where a format wants them of all shapes or of none and only
   some have one (`fit_axes`).
3. A place that is not a number is no geometry, a height that is not a number no height
   (`with_sound_shapes`).
4. A .dbf has names of ten bytes and text of 254 (`fit_dbf`).
5. Shapes that rounding breaks are named (`tell_broken`).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.crs import CGCS2000, WGS84, without_measures
from zjk_gis.errors import name_rows
from zjk_gis.io.geopackage import names_apart
from zjk_gis.io.vector.shapefile import DBF_TEXT_BYTES, cut_to_bytes, short_names
from zjk_gis.layers.columns.values import as_text
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.shapes import cleaned, has_bad_height, has_place, has_shape, only
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from pathlib import Path

    _Table = TypeVar("_Table", pd.DataFrame, gpd.GeoDataFrame)

__all__ = [
    "fit_axes", "fit_dbf", "tell_broken", "tell_table_measures", "told_apart", "with_sound_shapes",
]  # fmt: skip

_LOG = logging.getLogger(__name__)
_ONE_CASE = (".gpkg", ".shp", ".gdb")  # which do not tell columns apart by their case
_ALL_OR_NONE = {".shp": "a shapefile", ".fgb": "a FlatGeobuf file"}  # with heights everywhere or nowhere


def told_apart(frame: _Table, target: Path) -> _Table:
    """Give columns whose names a format takes for one another different ones, and tell."""
    geometry = frame.active_geometry_name if isinstance(frame, gpd.GeoDataFrame) else None
    names = list(frame.columns)
    columns = [at for at, name in enumerate(names) if name != geometry]
    by_case = target.suffix.lower() not in _ONE_CASE
    others = names_apart((str(names[at]) for at in columns), by_case=by_case)
    if not others:
        return frame
    pairs = listed(f"{names[columns[at]]} -> {name}" for at, name in others.items())
    told = (
        tr("{name}: columns of one name are told apart: {pairs}", name=target.name, pairs=pairs)
        if by_case
        else tr(
            "{name}: columns of one name, but for its case, are told apart: {pairs}",
            name=target.name,
            pairs=pairs,
        )
    )
    _LOG.warning(told)
    for at, name in others.items():
        names[columns[at]] = name
    result = frame.copy(deep=False)
    result.columns = pd.Index(names)
    return result


def fit_axes(frame: gpd.GeoDataFrame, target: Path) -> gpd.GeoDataFrame:
    """Leave out measures, and heights of some shapes where a format wants them of all or none; tell it."""
    shapes = frame.geometry.to_numpy()
    measured = shapely.has_m(shapes)
    if measured.any():
        _tell_measures(frame.index[measured], target)
        frame = without_measures(frame)
        shapes = frame.geometry.to_numpy()
    here = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    high = shapely.has_z(shapes)
    format_ = _ALL_OR_NONE.get(target.suffix.lower())
    if format_ is None or not high.any() or high[here].all():
        return frame
    points = bool((shapely.get_type_id(shapes[here]) == shapely.GeometryType.POINT).all())
    _LOG.warning(
        tr(
            "{name}: {format} holds heights for all shapes or for none, and only {high} of {whole} have one: "
            "{where} ({rows})",
            name=target.name,
            format=tr(format_),
            high=int(high.sum()),
            whole=int(here.sum()),
            where=tr("they stand in the column z")
            if points
            else tr("they are left out; write .gpkg to keep them"),
            rows=name_rows(frame.index[high]),
        )
    )
    flat = frame.set_geometry(gpd.GeoSeries(shapely.force_2d(shapes), index=frame.index, crs=frame.crs))
    if not points:
        return flat
    with_heights: gpd.GeoDataFrame = with_answers(flat, {"z": shapely.get_z(shapes)})
    return with_heights


def with_sound_shapes(frame: gpd.GeoDataFrame, target: Path) -> gpd.GeoDataFrame:
    """Write a row whose place is not a number without a geometry, and its height likewise; tell which."""
    shapes, hollow = cleaned(frame.geometry.to_numpy())
    here, placed = has_shape(shapes), has_place(shapes)
    bottomless = placed & has_bad_height(shapes)
    for rows, what in (
        (here & ~placed, tr("a coordinate is NaN or infinite; written without a geometry")),
        (bottomless, tr("a height is NaN or infinite; written without heights")),
    ):
        if rows.any():
            named = name_rows(frame.index[rows])
            _LOG.warning(tr("{name}: {rows}: {what}", name=target.name, rows=named, what=what))
    if placed.all() and not hollow.any() and not bottomless.any():
        return frame
    shapes = only(shapes, placed)
    shapes[bottomless] = shapely.force_2d(shapes[bottomless])
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))


def fit_dbf(frame: gpd.GeoDataFrame, target: Path) -> gpd.GeoDataFrame:
    """Shorten names and text to what a .dbf holds, and tell which."""
    result = frame.copy(deep=False)
    geometry = frame.active_geometry_name
    columns = [name for name in frame.columns if name != geometry]
    for name in columns:
        if pd.api.types.is_datetime64_any_dtype(frame[name].dtype):
            result[name] = as_text(frame[name])
        if not isinstance(result[name].dtype, pd.StringDtype):
            continue
        text = result[name].fillna("")
        long = np.array([len(value.encode()) > DBF_TEXT_BYTES for value in text.tolist()], dtype=bool)
        if long.any():
            _LOG.warning(
                tr(
                    "{name}: {column} is cut to {most} bytes in {rows}",
                    name=target.name,
                    column=name,
                    most=DBF_TEXT_BYTES,
                    rows=name_rows(frame.index[long]),
                )
            )
            result[name] = result[name].map(
                lambda text: cut_to_bytes(text, DBF_TEXT_BYTES), na_action="ignore"
            )
    renamed = short_names(columns)
    if renamed:
        pairs = listed(f"{old} -> {new}" for old, new in renamed.items())
        _LOG.warning(
            tr("{name}: a shapefile's names have at most 10 bytes: {pairs}", name=target.name, pairs=pairs)
        )
    return result.rename(columns=renamed)


def tell_broken(before: gpd.GeoSeries, after: gpd.GeoSeries, target: Path) -> None:
    """Tell which shapes have slivers so narrow that rounding turns them inside out."""
    if after.equals(before):
        return
    broken = shapely.is_valid(before.to_numpy()) & ~shapely.is_valid(after.to_numpy())
    if broken.any():
        _LOG.warning(
            tr(
                "{name}: {count} shapes have slivers that rounding makes invalid; repair them ({rows})",
                name=target.name,
                count=int(broken.sum()),
                rows=name_rows(before.index[broken]),
            )
        )


def tell_table_measures(frame: gpd.GeoDataFrame, target: Path) -> None:
    """Tell which measures a table does not hold: those of lines and areas in a sheet, or converted ones."""
    shapes = frame.geometry.to_numpy()
    measured = shapely.has_m(shapes)
    if not measured.any() or (shapely.get_type_id(shapes[measured]) == shapely.GeometryType.POINT).all():
        return
    if target.suffix.lower() != ".csv" or frame.crs is None or frame.crs.to_epsg() not in (CGCS2000, WGS84):
        _tell_measures(frame.index[measured], target)


def _tell_measures(rows: pd.Index, target: Path) -> None:
    _LOG.warning(
        tr(
            "{name}: the measures (M) of {count} shapes are left out; write .parquet to keep them ({rows})",
            name=target.name,
            count=len(rows),
            rows=name_rows(rows),
        )
    )
