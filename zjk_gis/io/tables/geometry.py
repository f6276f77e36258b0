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

from zjk_gis.coordinates.bare_numbers import misfits, system_of
from zjk_gis.coordinates.datums import stated_datum
from zjk_gis.crs.systems import in_china
from zjk_gis.errors import CRSError, InputError, name_rows
from zjk_gis.io.tables.cell_positions import geometry_column, geometry_of, pair_column, pair_of
from zjk_gis.layers.columns.coordinates import Pair, named_columns, north_first, read_positions
from zjk_gis.layers.columns.values import as_text
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from zjk_gis.coordinates.bare_numbers import BareSystem
    from zjk_gis.layers.columns.coordinates import Positions
    from zjk_gis.layers.columns.datum_words import WebDatum
    from zjk_gis.read_report import ReadReport

__all__ = ["NoCoordinatesError", "parse_crs", "place_table", "titles_in"]

_COARSE_DECIMALS = 2
_TITLES = ("title", "note")
_REASONS = ("missing", "not_a_number", "zero", "too_many_cells", "outside_china", "bad_position")


class NoCoordinatesError(InputError):
    """A table has no columns of coordinates, so that it is not a layer."""


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
        raise CRSError(
            tr(
                "crs={crs!r} names no coordinate reference system; write for instance 4490 or 'EPSG:4547'",
                crs=crs,
            )
        ) from error


def place_table(
    table: pd.DataFrame,
    path: Path,
    report: ReadReport,
    *,
    crs: CRS | None,
    lon: str | None,
    lat: str | None,
    datum: WebDatum | None = None,
) -> gpd.GeoDataFrame:
    """Give a table its geometry.

    Parameters
    ----------
    table : DataFrame
    path : Path
        Named in errors.
    report : ReadReport
        Told the columns, their axes, the CRS and where it is from, and the rows without a position.
    crs : CRS or None
        Of the coordinates; by default what `zjk_gis.coordinates.bare_numbers` finds.
    lon, lat : str or None
        The columns; by default those recognised.
    datum : str, optional
        What the caller declares; it is not converted here.

    Returns
    -------
    GeoDataFrame

    Raises
    ------
    InputError
        If no columns of coordinates are recognised.
    CRSError
        If nothing says which system the coordinates are in, or they cannot be in `crs`.
    """
    unnamed = lon is None and lat is None
    shape = geometry_column(table, named=True) if unnamed else None
    pair = named_columns(table.columns, lon, lat, path.name) if shape is None else None
    both = pair_column(table) if shape is None and pair is None else None
    if pair is None and both is None and shape is None:
        shape = geometry_column(table, named=False)
    if shape is not None:
        return _place_shapes(table, shape, path, report, crs, datum)
    if both is not None:
        parts, sure = pair_of(table[both], both)
        pair, coordinates = Pair("east", "north", sure=sure), parts
    elif pair is not None:
        coordinates = table
    else:
        raise NoCoordinatesError(
            tr(
                "{path}: no columns of coordinates among {columns}; name them with lon= and lat=",
                path=path,
                columns=listed(table.columns),
            )
        )
    positions = read_positions(coordinates, pair)
    if not pair.sure and north_first(positions.x, positions.y):
        pair = Pair(pair.north, pair.east, sure=True)
        positions = positions.exchanged()
        turned = (
            tr("{name}: {both} holds the latitude or northing first", name=path.name, both=both)
            if both is not None
            else tr(
                "{name}: {north} points north and {east} east, as surveyors write",
                name=path.name,
                north=pair.north,
                east=pair.east,
            )
        )
        report.remarks.append(turned)
    columns = tr("{first} and {last}", first=pair.east, last=pair.north) if both is None else both
    _tell_coarse(positions, columns, table.index, path, report)
    system = system_of(positions.x, positions.y, given=crs, name=path.name, columns=columns)
    _tell_system(system, report, datum, [both] if both is not None else [pair.east, pair.north])
    report.coordinates = {"east": pair.east, "north": pair.north} if both is None else {"both": both}
    if positions.is_dms.any():
        report.remarks.append(
            tr(
                "{name}: {is_dms} positions in {columns} are written as angles (degrees, minutes, "
                "seconds) and were turned into decimal degrees",
                name=path.name,
                is_dms=int(positions.is_dms.sum()),
                columns=columns,
            )
        )
    why = positions.why.astype(object)
    why[report.too_many_cells] = "too_many_cells"  # which cell is which is not known there
    misfit = misfits(positions.x, positions.y, system.limit)
    aside = (why == "") & (misfit != "") & (misfit != "swapped_axes")  # those are read as they stand
    why[aside] = misfit[aside]
    _set_aside(why, table.index, columns, path, report)
    if "geometry" in table.columns:  # the name that the points take
        table = table.rename(columns={"geometry": "geometry_recorded"})
        report.renamed = {"geometry": "geometry_recorded"}
    usable = why == ""
    shapes: NDArray[np.object_] = np.full(len(table), None, dtype=object)
    shapes[usable] = shapely.points(positions.x[usable], positions.y[usable])
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, index=table.index, crs=system.crs))


def _tell_system(
    system: BareSystem, report: ReadReport, declared: WebDatum | None, columns: list[str]
) -> None:
    report.crs_from = system.found
    report.limit = system.limit
    known = declared is not None or stated_datum(titles_in(report), columns) is not None
    report.remarks += system.said(datum_known=known)


def titles_in(report: ReadReport) -> list[str]:
    """Return the lines of a file beside its table, in which it may name the datum."""
    return [row["text"] for row in report.left_out if row["why"] in _TITLES]


def _set_aside(
    why: NDArray[np.object_], index: pd.Index, columns: str, path: Path, report: ReadReport
) -> None:
    """Tell the rows without a position by reason; say those that stand out among the others."""
    for reason in _REASONS:
        rows = index[why == reason].tolist()
        if rows:
            report.without_position[reason] = rows
            report.remarks += _set_aside_said(reason, rows, columns, path)


def _set_aside_said(reason: str, rows: list[Any], columns: str, path: Path) -> list[str]:
    """Say which rows have no position for a reason that makes them stand out among the others."""
    name, count, named = path.name, len(rows), name_rows(rows)
    if reason == "too_many_cells":
        return [
            tr(
                "{name}: rows with more cells than there are columns, set aside without a position: {count} "
                "({rows})",
                name=name,
                count=count,
                rows=named,
            )
        ]
    if reason == "outside_china":
        return [
            tr(
                "{name}: rows outside China by {columns}, unlike the others, set aside without a position: "
                "{count} ({rows})",
                name=name,
                columns=columns,
                count=count,
                rows=named,
            )
        ]
    if reason == "bad_position":
        return [
            tr(
                "{name}: rows with numbers in {columns} that do not fit the others, set aside without a "
                "position: {count} ({rows})",
                name=name,
                columns=columns,
                count=count,
                rows=named,
            )
        ]
    return []


def _tell_coarse(positions: Positions, columns: str, index: pd.Index, path: Path, report: ReadReport) -> None:
    """Tell positions in degrees that were rounded so far that they say no more than the quarter."""
    degrees = in_china(positions.x, positions.y) | in_china(positions.y, positions.x)
    coarse = degrees & ~positions.is_dms
    for numbers in (positions.x, positions.y):
        coarse &= np.abs(numbers - np.round(numbers, _COARSE_DECIMALS)) < 1e-9
    if coarse.any():
        rows = index[coarse].tolist()
        report.coarse = rows
        report.remarks.append(
            tr(
                "{name}: {rows_count} positions in {columns} have {coarse_decimals} decimals or "
                "fewer, which is about 1 km ({rows})",
                name=path.name,
                rows_count=len(rows),
                columns=columns,
                coarse_decimals=_COARSE_DECIMALS,
                rows=name_rows(rows),
            )
        )


def _place_shapes(
    table: pd.DataFrame,
    column: str,
    path: Path,
    report: ReadReport,
    crs: CRS | None,
    datum: WebDatum | None,
) -> gpd.GeoDataFrame:
    text = as_text(table[column])
    shapes, srids = geometry_of(table[column])
    blank = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    empty = text.isna().to_numpy() | shapely.is_empty(shapes)
    points, owner = shapely.get_coordinates(shapes, return_index=True)
    named = _named(srids, crs, path, column)
    system = system_of(points[:, 0], points[:, 1], given=named, name=path.name, columns=column)
    _tell_system(system, report, datum, [column])
    misfit = misfits(points[:, 0], points[:, 1], system.limit)
    away = np.zeros(len(table), dtype=bool)
    away[owner[(misfit != "") & (misfit != "swapped_axes")]] = True
    why: NDArray[np.object_] = np.select(
        [empty, blank, away], ["missing", "not_a_number", "outside_china"], default=""
    ).astype(object)
    _set_aside(why, table.index, column, path, report)
    shapes[away] = None
    if crs is None and srids:
        report.crs_from = tr("file: {column} names it", column=column)
    report.coordinates = {"wkt": column}
    others = table.drop(columns=column)
    if "geometry" in others.columns:
        others = others.rename(columns={"geometry": "geometry_recorded"})
        report.renamed = {"geometry": "geometry_recorded"}
    return gpd.GeoDataFrame(others, geometry=gpd.GeoSeries(shapes, index=table.index, crs=system.crs))


def _named(srids: set[int], given: CRS | None, path: Path, column: str) -> CRS | None:
    """Return the system that the geometries themselves name; refuse several, or another than the caller's."""
    if len(srids) > 1:
        raise CRSError(
            tr(
                "{path}: {column} names several systems ({srids}); split the file",
                path=path,
                column=column,
                srids=", ".join(map(str, sorted(srids))),
            )
        )
    own = parse_crs(next(iter(srids))) if srids else None
    if own is not None and given is not None and not own.equals(given, ignore_axis_order=True):
        raise CRSError(
            tr(
                "{path}: {column} says it is in {name}, but crs= says {name_2}; leave crs= out",
                path=path,
                column=column,
                name=own.name,
                name_2=given.name,
            )
        )
    return own if given is None else given
