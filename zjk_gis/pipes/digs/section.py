"""What a line across pipes cuts, from the side (横断面)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.crs import convert_crs
from zjk_gis.errors import GeometryError, InputError, name_rows
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.shapes import cleaned, flat, has_place
from zjk_gis.pipes.dimensions import dimensions_of, kinds_of, pipes_of, texts_of
from zjk_gis.pipes.in_use import is_abandoned
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    from shapely.geometry.base import BaseGeometry

__all__ = ["cross_section"]


@checked
def cross_section(
    line: gpd.GeoDataFrame | gpd.GeoSeries | BaseGeometry,
    pipelines: gpd.GeoDataFrame,
    *,
    at: str | dt.date | None = None,
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Return the pipes that a line cuts, where along it and how deep.

    Parameters
    ----------
    line : LineString, GeoSeries or GeoDataFrame
        One line: bare in the CRS of `pipelines`, or with its own.
    pipelines : GeoDataFrame
        Lines with ``pipe_code`` and ``pipe_kind``; with sizes, depths and levels where they are known.
    at : date or str, optional
        The day on which the ground is cut: pipes not yet laid are set aside; those given up by then are still
        in it, and marked.
    strict : bool, default False
        Refuse pipes that cannot be judged, instead of setting them aside.

    Returns
    -------
    GeoDataFrame
        One row a crossing, from the beginning of the line on, points in a metric CRS: ``offset_m`` (float64,
        along the line), ``pipe_code``, ``pipe_kind`` (the code of CJJ 61), ``class_name``, ``owner`` (text),
        ``diameter_mm``, ``width_mm``, ``height_mm`` (float64), ``level_m`` (of the axis), ``top_m``,
        ``bottom_m``, ``ground_m`` (levels), ``cover_m`` (ground over its top), ``angle`` (degrees between
        the pipe and the line, 90 where it is cut straight across) and ``is_abandoned`` (bool: 废弃). NaN
        where something is not known. A pipe that runs along the line has a row where it begins to.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError
        If the pipes cannot be used.
    GeometryError
        If `line` is not one line.
    InputError
        If no kind is understood.

    Notes
    -----
    A level or depth is that of the bottom of drains and the top of other pipes (CJJ 61 practice), and is
    taken on the straight between the ends of a pipe.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> pipes = gpd.GeoDataFrame(
    ...     {
    ...         "pipe_code": ["P1", "P2"],
    ...         "pipe_kind": ["污水", "给水"],
    ...         "diameter_mm": [400, 200],
    ...         "from_level_m": [699.0, 700.5],
    ...         "to_level_m": [698.0, 700.5],
    ...         "from_depth_m": [3.0, 1.5],
    ...         "to_depth_m": [4.0, 1.5],
    ...     },
    ...     geometry=[LineString([(0, 6), (100, 6)]), LineString([(0, 2), (100, 2)])],
    ...     crs=4547,
    ... )
    >>> cut = cross_section(LineString([(50, 0), (50, 10)]), pipes)
    >>> cut[["offset_m", "pipe_code", "level_m", "cover_m", "angle"]].round(2)
       offset_m pipe_code  level_m  cover_m  angle
    0       2.0        P2    700.4      1.5   90.0
    1       6.0        P1    698.7      3.1   90.0
    """
    aside = SetAside(strict=strict)
    pipes = pipes_of(pipelines, aside, at, abandoned=True)
    cut = _one_line(line, pipelines, pipes.crs)
    kinds = kinds_of(pipes, aside)
    shapes = flat(pipes.geometry.to_numpy())
    near = shapely.STRtree(shapes).query(cut, predicate="intersects")
    near.sort()
    parts, of = shapely.get_parts(shapely.intersection(shapes[near], cut), return_index=True)
    spots, pipe = shapely.get_point(parts, 0), near[of]
    spots = np.where(shapely.get_dimensions(parts) == 0, parts, spots)
    size = dimensions_of(pipes, kinds["gravity"].to_numpy())
    share = shapely.line_locate_point(shapes[pipe], spots, normalized=True)

    def there(ends: Any) -> Any:
        return ends[pipe, 0] + share * (ends[pipe, 1] - ends[pipe, 0])

    level, depth = there(size.axis_levels), there(size.depth)
    half = size.height[pipe] / 2
    table = pd.DataFrame(
        {
            "offset_m": shapely.line_locate_point(cut, spots),
            "pipe_code": code_text(pipes["pipe_code"]).to_numpy(dtype=object)[pipe],
            "pipe_kind": kinds["pipe_kind"].to_numpy(dtype=object)[pipe],
            "class_name": kinds["class_name"].to_numpy(dtype=object)[pipe],
            "owner": texts_of(pipes, "owner")[pipe],
            "diameter_mm": np.where(size.width == size.height, size.width * 1000, np.nan)[pipe],
            "width_mm": size.width[pipe] * 1000,
            "height_mm": size.height[pipe] * 1000,
            "level_m": level,
            "top_m": level + half,
            "bottom_m": level - half,
            "ground_m": there(size.level) + depth,
            "cover_m": there(size.covers),
            "angle": _angles(cut, shapes[pipe], spots),
            "is_abandoned": is_abandoned(pipes, at)[pipe],
        }
    )
    for name in ("pipe_code", "pipe_kind", "class_name", "owner"):
        table[name] = table[name].astype("str")
    table["_shape"] = spots
    table = table.sort_values(["offset_m", "pipe_code"], ignore_index=True)
    points = table.pop("_shape").to_numpy(dtype=object)
    return aside.told_in(gpd.GeoDataFrame(table, geometry=points, crs=pipes.crs))


def _one_line(line: Any, pipelines: gpd.GeoDataFrame, crs: Any) -> Any:
    """Return the one line that is given, in the CRS of the pipes."""
    rows = ""
    if isinstance(line, gpd.GeoDataFrame | gpd.GeoSeries):
        if len(line) != 1:
            raise InputError(tr("line must be one line, not {number} rows", number=len(line)))
        series, rows = line.geometry, tr(" ({rows})", rows=name_rows(line.index))
    else:
        series = gpd.GeoSeries([line], crs=pipelines.crs)
    shapes, _ = cleaned(series.to_numpy())
    if shapely.get_type_id(shapes[0]) == shapely.GeometryType.MULTILINESTRING:
        shapes = np.asarray(shapely.line_merge(shapes))  # files bring one line as one of several parts
    if shapely.get_type_id(shapes[0]) != shapely.GeometryType.LINESTRING or not has_place(shapes)[0]:
        raise GeometryError(tr("line must be one LineString, whose coordinates are finite{rows}", rows=rows))
    if shapely.length(shapes[0]) == 0:
        raise GeometryError(tr("line has no length: both ends are at one place{rows}", rows=rows))
    moved = convert_crs(gpd.GeoDataFrame(geometry=shapes, crs=series.crs), crs, name="line")
    return shapely.force_2d(moved.geometry.iloc[0])


def _angles(cut: Any, shapes: Any, spots: Any) -> Any:
    """Return the angle between the line and each pipe where they meet, from 0 to 90 degrees."""

    def direction(lines: Any) -> Any:
        along, length = shapely.line_locate_point(lines, spots), shapely.length(lines)
        step = np.minimum(0.5, length / 4)
        a = shapely.line_interpolate_point(lines, np.maximum(along - step, 0.0))
        b = shapely.line_interpolate_point(lines, np.minimum(along + step, length))
        dx, dy = (shapely.get_coordinates(b) - shapely.get_coordinates(a)).T
        return np.arctan2(dy, dx)

    turn = np.abs(np.degrees(direction(np.full(len(shapes), cut)) - direction(shapes))) % 180
    return np.minimum(turn, 180 - turn)
