"""From a table to a layer: which columns are coordinates, and in which system.

A row without a usable position is kept without geometry and named in the report; it is never dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError as ProjError

from zjk_gis.crs import CGCS2000
from zjk_gis.errors import CRSError, InputError, name_rows
from zjk_gis.io.in_one_cell import geometry_column, geometry_of, pair_column, pair_of
from zjk_gis.layers.coordinates import (
    Pair,
    in_china,
    looks_projected,
    named_columns,
    north_first,
    read_positions,
)
from zjk_gis.layers.inference import probable_crs
from zjk_gis.layers.readings import packed_evidence
from zjk_gis.layers.values import as_text

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from zjk_gis.layers.coordinates import Positions

__all__ = ["parse_crs", "place_table"]

_COARSE_DECIMALS = 2


def parse_crs(crs: Any) -> CRS | None:
    """Turn what a caller gives for a CRS into one.

    Raises
    ------
    CRSError
        If it names none.
    """
    if crs is None:
        return None
    try:
        return CRS.from_user_input(int(crs) if isinstance(crs, str) and crs.strip().isdigit() else crs)
    except (ProjError, ValueError, TypeError) as error:
        message = f"crs={crs!r} names no coordinate reference system; write for instance 4490 or 'EPSG:4547'"
        raise CRSError(message) from error


def place_table(
    table: pd.DataFrame,
    path: Path,
    report: dict[str, Any],
    *,
    crs: CRS | None,
    lon: str | None,
    lat: str | None,
) -> gpd.GeoDataFrame:
    """Give a table its geometry.

    Parameters
    ----------
    table : DataFrame
    path : Path
        Named in errors.
    report : dict
        Told the columns, their axes, the CRS and where it is from, and the rows without a position.
    crs : CRS or None
        Of the coordinates; by default CGCS2000 degrees, if all of them look so.
    lon, lat : str or None
        The columns; by default those recognised.

    Returns
    -------
    GeoDataFrame

    Raises
    ------
    InputError
        If no columns of coordinates are recognised.
    CRSError
        If the coordinates are no degrees in China and `crs` is missing, or do not fit it.
    """
    unnamed = lon is None and lat is None
    shape = geometry_column(table, named=True) if unnamed else None
    pair = named_columns(table.columns, lon, lat, path.name) if shape is None else None
    both = pair_column(table) if shape is None and pair is None else None
    if pair is None and both is None and shape is None:
        shape = geometry_column(table, named=False)
    if shape is not None:
        return _place_shapes(table, shape, path, report, crs)
    if both is not None:
        parts, sure = pair_of(table[both], both)
        pair, coordinates = Pair("east", "north", sure=sure), parts
    elif pair is not None:
        coordinates = table
    else:
        message = (
            f"{path}: no columns of coordinates among {', '.join(map(str, table.columns))}; "
            "name them with lon= and lat="
        )
        raise InputError(message)
    positions = read_positions(coordinates, pair)
    if not pair.sure and north_first(positions.x, positions.y):
        pair = Pair(pair.north, pair.east, sure=True)
        positions = positions.exchanged()
        turned = (
            f"{both} holds the latitude or northing first"
            if both is not None
            else f"{pair.north} points north and {pair.east} east, as surveyors write"
        )
        report["remarks"].append(f"{path.name}: {turned}")
    columns = f"{pair.east} and {pair.north}" if both is None else both
    _tell_coarse(positions, columns, table.index, path, report)
    chosen = _choose_crs(positions.x, positions.y, path, report, crs, columns)
    report["coordinates"] = {"east": pair.east, "north": pair.north} if both is None else {"both": both}
    if positions.is_dms.any():
        report["remarks"].append(
            f"{path.name}: {int(positions.is_dms.sum())} positions in {columns} are "
            "written as angles (degrees, minutes, seconds) and were turned into decimal degrees"
        )
    for why in ("missing", "not_a_number", "zero"):
        rows = table.index[positions.why == why].tolist()
        if rows:
            report["without_position"][why] = rows
    if "geometry" in table.columns:  # the name that the points take
        table = table.rename(columns={"geometry": "geometry_recorded"})
        report["names"] = {"geometry": "geometry_recorded"}
    usable = positions.why == ""
    shapes: NDArray[np.object_] = np.full(len(table), None, dtype=object)
    shapes[usable] = shapely.points(positions.x[usable], positions.y[usable])
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, index=table.index, crs=chosen))


def _tell_coarse(
    positions: Positions, columns: str, index: pd.Index, path: Path, report: dict[str, Any]
) -> None:
    """Tell positions in degrees that were rounded so far that they say no more than the quarter."""
    degrees = in_china(positions.x, positions.y) | in_china(positions.y, positions.x)
    coarse = degrees & ~positions.is_dms
    for numbers in (positions.x, positions.y):
        coarse &= np.abs(numbers - np.round(numbers, _COARSE_DECIMALS)) < 1e-9
    if coarse.any():
        rows = index[coarse].tolist()
        report["coarse"] = rows
        report["remarks"].append(
            f"{path.name}: {len(rows)} positions in {columns} have {_COARSE_DECIMALS} decimals or fewer, "
            f"which is about 1 km ({name_rows(rows)})"
        )


def _place_shapes(
    table: pd.DataFrame, column: str, path: Path, report: dict[str, Any], crs: CRS | None
) -> gpd.GeoDataFrame:
    text = as_text(table[column])
    shapes, srids = geometry_of(table[column])
    blank = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    empty = text.isna().to_numpy() | shapely.is_empty(shapes)
    for why, rows in (("missing", empty), ("not_a_number", blank & ~empty)):
        if rows.any():
            report["without_position"][why] = table.index[rows].tolist()
    points = shapely.get_coordinates(shapes)
    chosen = _choose_crs(points[:, 0], points[:, 1], path, report, _named(srids, crs, path, column), column)
    if crs is None and srids:
        report["crs_from"] = f"file: {column} names it"
    report["coordinates"] = {"wkt": column}
    others = table.drop(columns=column)
    if "geometry" in others.columns:
        others = others.rename(columns={"geometry": "geometry_recorded"})
        report["names"] = {"geometry": "geometry_recorded"}
    return gpd.GeoDataFrame(others, geometry=gpd.GeoSeries(shapes, index=table.index, crs=chosen))


def _named(srids: set[int], given: CRS | None, path: Path, column: str) -> CRS | None:
    """Return the system that the geometries themselves name; refuse several, or another than the caller's."""
    if len(srids) > 1:
        message = (
            f"{path}: {column} names several systems ({', '.join(map(str, sorted(srids)))}); part the file"
        )
        raise CRSError(message)
    own = parse_crs(next(iter(srids))) if srids else None
    if own is not None and given is not None and not own.equals(given, ignore_axis_order=True):
        message = f"{path}: {column} says it is in {own.name}, but crs= says {given.name}; leave crs= out"
        raise CRSError(message)
    return own if given is None else given


def _choose_crs(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    path: Path,
    report: dict[str, Any],
    given: CRS | None,
    columns: str,
) -> CRS | None:
    """Return the CRS given, if the coordinates can be in it, or CGCS2000 degrees, if all look so."""
    usable = np.isfinite(x) & np.isfinite(y)
    x, y = x[usable], y[usable]
    degrees = in_china(x, y) | in_china(y, x)  # a row with its axes swapped is a matter for check_positions
    if given is not None:
        if len(x) and given.is_projected and degrees.all():
            message = (
                f"{path}: {columns} hold degrees, but crs={given.name} is in metres; crs= says what the "
                "file's numbers are in (perhaps 4490), .to_crs() converts afterwards"
            )
            raise CRSError(message)
        if len(x) and given.is_geographic and (looks_projected(x, y) | looks_projected(y, x)).all():
            message = (
                f"{path}: {columns} hold metres, but crs={given.name} is in degrees: {probable_crs(x, y)}"
            )
            raise CRSError(message)
        report["crs_from"] = "argument"
        return given
    if not len(x):
        report["crs_from"] = "none: no row has a usable position"
        return None
    if not degrees.all():
        hint = probable_crs(x, y)
        if degrees.any():
            hint = (
                f"{int((~degrees).sum())} of {len(x)} positions are no degrees in China; crs=4490 if they "
                "are degrees all the same"
            )
        message = f"{path}: name the system of {columns} with crs=; {hint}"
        raise CRSError(message)
    packed = packed_evidence(x, y)
    if packed is not None:
        message = (
            f"{path}: {columns} look like packed degrees, minutes and seconds (114.5220 for 114°52′20″): "
            f"{packed}; place them with zjk_gis.infer_coordinates(table).confirm(table), or pass crs=4490 "
            "if they are decimal degrees"
        )
        raise CRSError(message)
    report["crs_from"] = f"assumed: all {len(x)} positions in {columns} are degrees in China"
    swapped = int(in_china(y, x).sum())
    but = f", {swapped} of them with the axes exchanged (see check_positions)" if swapped else ""
    remark = f"{path.name}: {columns} taken for CGCS2000 (EPSG:4490): all are degrees in China{but}"
    remark += "; whether they are GCJ-02 or BD-09 is undecided (zjk_gis.infer_coordinates, reference=roads)"
    report["remarks"].append(remark)
    return CRS.from_epsg(CGCS2000)
