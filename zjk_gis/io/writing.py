"""Writing a layer or a table: in the format that the name's ending says, whole or not at all.

A file is made in a hidden folder beside its place and moved there when it is complete, so that a full disk or
a crash leaves the old one as it was.
"""

from __future__ import annotations

import logging
import shutil
import warnings
from typing import TYPE_CHECKING, Any, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis._optional import need
from zjk_gis.arguments import checked
from zjk_gis.crs import CGCS2000, WGS84, convert_crs, require_crs, without_measures
from zjk_gis.errors import FileError, GeometryError, InputError, name_rows
from zjk_gis.io.coordinate_columns import with_coordinates
from zjk_gis.io.geopackage import names_apart, versioned_layers
from zjk_gis.io.geopackage_titles import with_titles
from zjk_gis.io.paths import check_content, format_of, gdal_name, target_file, workshop
from zjk_gis.io.spreadsheets import write_csv, write_sheets
from zjk_gis.io.vector.geodatabase import copy_geodatabase, geodatabase_options, on_grid, storable_types
from zjk_gis.io.vector.kml import write_kml
from zjk_gis.io.vector.shapefile import DBF_TEXT_BYTES, cut_to_bytes, short_names
from zjk_gis.layers.columns.times import read_times
from zjk_gis.layers.columns.values import as_text, text_of
from zjk_gis.layers.headings import headed, settled
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.shapes import (
    cleaned,
    has_bad_height,
    has_place,
    has_shape,
    only,
)
from zjk_gis.words import tr

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    from zjk_gis.layers.labels import Language

    _Table = TypeVar("_Table", pd.DataFrame, gpd.GeoDataFrame)

__all__ = ["plain_columns", "write_layer", "write_table"]

_LOG = logging.getLogger(__name__)
_TABLES = (".csv", ".xlsx")
_ANY_SHAPE = (".gpkg", ".parquet")  # they keep what is empty or not finite as it is
_ONE_KIND = {"ESRI Shapefile": "a shapefile", "OpenFileGDB": "a layer of a File Geodatabase"}
_ONE_CASE = (".gpkg", ".shp", ".gdb")  # which do not tell columns apart by their case
_ALL_OR_NONE = {".shp": "a shapefile", ".fgb": "a FlatGeobuf file"}  # with heights everywhere or nowhere
# The columns that a GeoPackage adds by itself, under a name that the layer does not have.
_GDB_OWN = {"FID": ("OBJECTID", "OBJECTID_"), "GEOMETRY_NAME": ("SHAPE", "SHAPE_")}
_GPKG_OWN = {"FID": ("fid", "fid_", "fid__"), "GEOMETRY_NAME": ("geom", "geometry", "geom_")}
# Parts, indexes and copies of metadata of the old shapefile; beside the new one they would mislead.
_STALE = (
    ".ain", ".aih", ".cpg", ".dbf", ".fbn", ".fbx", ".idm", ".ind", ".prj", ".qix", ".qpj", ".sbn", ".sbx",
    ".shx",
)  # fmt: skip


@checked
def write_layer(
    frame: gpd.GeoDataFrame,
    path: str | os.PathLike[str],
    *,
    layer: str | None = None,
    headings: Language | None = None,
) -> Path:
    """Write a layer to a file whose ending says the format.

    Parameters
    ----------
    frame : GeoDataFrame
        Its index is not written.
    path : str or path
        Ending in one of

        - ``.gpkg``: the layer is added to the file, or takes the place of the one of its name
        - ``.shp``: UTF-8 with a .cpg; names of more than 10 bytes are shortened (``DBF_NAMES``;
          `read_layer` turns them back), text of more than 254 bytes is cut, dates
          are text
        - ``.geojson``: converted to WGS 84, as the format demands
        - ``.gdb``: a folder; as in a GeoPackage layers are added. Lines and areas become multiple ones,
          booleans 1 and 0; whole numbers over 32 bits and milliseconds need ArcGIS Pro 3.2 or newer, which is
          told
        - ``.kml``: converted to WGS 84; values become text
        - ``.fgb``, ``.parquet``
        - ``.csv``: UTF-8 with byte order mark; points as ``lon`` and ``lat`` in CGCS2000 degrees, other
          shapes as ``wkt`` in the same; an apostrophe before text that a spreadsheet would run as a formula
        - ``.xlsx``: text never as formula or link, codes as text; ``lon`` and ``lat``, for lines and areas
          of a point on them

        Heights (Z) are kept by all; in tables as a column ``z`` of points, and in ``wkt``. Where only some
        shapes have them, a .shp or .fgb holds none, but ``z`` beside points. Measures (M) are kept by
        .parquet, and as a column ``m`` of points in tables.
    layer : str, optional
        The name of the layer in a GeoPackage or of the sheet; by default the file's own without ending.
    headings : {"zh", "en"}, optional
        Of a .csv or .xlsx: Chinese headings and words (判定方式, 边界) or the library's English names and
        codes (``found``, ``border``), by default in the language of the process (`zjk_gis.words.language`).
        `read_layer` gives the English ones again. Columns that are not the library's pass as they came, and
        the coordinates are ``lon`` and ``lat`` in both. The other formats keep the English names; a .gpkg has
        the Chinese ones as titles and aliases beside them, and a style by which QGIS opens it.

    Returns
    -------
    Path
        The file written. What a format could not hold as it was (names, long text, heights) is told through
        the logger ``zjk_gis.io.writing``.

    Raises
    ------
    InputError
        If the ending is unknown, or the format cannot hold the layer.
    CRSError
        If the format needs degrees and the layer has no CRS.
    FileError
        If it cannot be written; an existing file is then as it was.
    MissingExtraError
        If the format needs an optional package that is not installed.

    Notes
    -----
    Columns of one name, or in a .gpkg, .shp or .gdb of names that differ by case alone, all keep their
    values; the later ones get a number behind their name. A column ``lon``, ``lat``, ``z``, ``m`` or ``wkt``
    that says something else than the geometry is kept as
    ``<name>_recorded``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from shapely import Point
    >>> points = gpd.GeoDataFrame({"note": ["=1+1"]}, geometry=[Point(114.88, 40.82)], crs=4490)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(write_layer(points, pathlib.Path(folder, "a.csv")).read_text("utf-8-sig").strip())
    note,lon,lat
    '=1+1,114.88,40.82
    """
    target = target_file(path)
    words = settled(headings)
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        raise InputError(
            tr("{target}: what should be written has no geometry; use write_table for a table", target=target)
        )
    ending = target.suffix.lower()
    frame = _told_apart(frame, target)
    if ending in _TABLES:
        _tell_table_measures(frame, target)
        table = with_coordinates(frame, wkt=ending == ".csv")
        return _write_rows(headed(table, words), target, layer)
    plain = plain_columns(frame)
    if ending not in _ANY_SHAPE:
        plain = _with_sound_shapes(plain, target)
    if ending != ".parquet":
        plain = _fit_axes(plain, target)
    if ending != ".parquet":
        gdal_name(target)
    with workshop(target) as folder:
        made = folder / target.name
        if ending == ".parquet":
            need("pyarrow", extra="parquet", purpose="write a .parquet file")
            plain.to_parquet(made, index=False)
        elif ending == ".gpkg":
            _write_geopackage(plain, made, target, layer or target.stem)
        elif ending == ".shp":
            _write_vector(_fit_dbf(plain, target), made, encoding="UTF-8")
        elif ending == ".gdb":
            _write_geodatabase(plain, made, target, layer or target.stem)
        elif ending == ".kml":
            write_kml(_in_degrees(plain, target), made, layer=layer or target.stem)
        elif ending == ".geojson":
            # Text that looks like JSON stays text. With the usual 7 decimals slivers collapse.
            options = {"RFC7946": True, "COORDINATE_PRECISION": 15, "AUTODETECT_JSON_STRINGS": False}
            _write_vector(_in_degrees(plain, target), made, **options)
        else:  # FlatGeobuf's index would put the rows in another order
            _write_vector(plain, made, SPATIAL_INDEX=False)
        _move_into_place(made, target)
    return target


@checked
def write_table(
    table: pd.DataFrame, path: str | os.PathLike[str], *, headings: Language | None = None
) -> Path:
    r"""Write a table without geometry to a .csv, .xlsx or .parquet file.

    Parameters
    ----------
    table : DataFrame
        Its index is not written.
    path : str or path
    headings : {"zh", "en"}, optional
        As for `write_layer`; a .parquet keeps the English names.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the ending is another, or a sheet cannot hold the table.
    FileError
        If it cannot be written; an existing file is then as it was.
    MissingExtraError
        If XlsxWriter or pyarrow is needed and not installed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_table(pd.DataFrame({"code": ["007"]}), pathlib.Path(folder, "codes.csv"))
    ...     path.read_bytes()
    b'\xef\xbb\xbfcode\r\n007\r\n'
    """
    target = target_file(path, (*_TABLES, ".parquet"))
    words = settled(headings)
    plain = _told_apart(pd.DataFrame(table), target)
    shapes = [name for name in plain.columns if isinstance(plain[name].dtype, gpd.array.GeometryDtype)]
    plain = plain.drop(columns=shapes)
    return _write_rows(plain if target.suffix.lower() == ".parquet" else headed(plain, words), target, None)


def write_workbook_of(tables: Mapping[str, pd.DataFrame], path: str | os.PathLike[str]) -> Path:
    """Write several tables to one .xlsx file, a sheet each; raises as `write_table` does."""
    target = target_file(path, (".xlsx",))
    with workshop(target) as folder:
        made = folder / target.name
        write_sheets(tables, made)
        _move_into_place(made, target)
    return target


def _write_rows(table: pd.DataFrame, target: Path, sheet: str | None) -> Path:
    with workshop(target) as folder:
        made = folder / target.name
        if target.suffix.lower() == ".csv":
            write_csv(table, made)
        elif target.suffix.lower() == ".parquet":
            need("pyarrow", extra="parquet", purpose="write a .parquet file")
            table.to_parquet(made, index=False)
        else:
            write_sheets({sheet or target.stem: table}, made)
        _move_into_place(made, target)
    return target


def _told_apart(frame: _Table, target: Path) -> _Table:
    """Give columns whose names a format takes for one another different ones, and tell."""
    geometry = frame.active_geometry_name if isinstance(frame, gpd.GeoDataFrame) else None
    names = list(frame.columns)
    columns = [at for at, name in enumerate(names) if name != geometry]
    by_case = target.suffix.lower() not in _ONE_CASE
    others = names_apart((str(names[at]) for at in columns), by_case=by_case)
    if not others:
        return frame
    pairs = ", ".join(f"{names[columns[at]]} -> {name}" for at, name in others.items())
    but = "" if by_case else ", but for its case,"
    _LOG.warning("%s: columns of one name%s are told apart: %s", target.name, but, pairs)
    for at, name in others.items():
        names[columns[at]] = name
    result = frame.copy(deep=False)
    result.columns = pd.Index(names)
    return result


def _fit_axes(frame: gpd.GeoDataFrame, target: Path) -> gpd.GeoDataFrame:
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
    where = "they stand in the column z" if points else "they are left out; write .gpkg to keep them"
    _LOG.warning(
        "%s: %s holds heights for all shapes or for none, and only %d of %d have one: %s (%s)",
        target.name, format_, int(high.sum()), int(here.sum()), where, name_rows(frame.index[high]),
    )  # fmt: skip
    flat = frame.set_geometry(gpd.GeoSeries(shapely.force_2d(shapes), index=frame.index, crs=frame.crs))
    if not points:
        return flat
    with_heights: gpd.GeoDataFrame = with_answers(flat, {"z": shapely.get_z(shapes)})
    return with_heights


def _tell_measures(rows: pd.Index, target: Path) -> None:
    _LOG.warning(
        "%s: the measures (M) of %d shapes are left out; write .parquet to keep them (%s)",
        target.name, len(rows), name_rows(rows),
    )  # fmt: skip


def _tell_table_measures(frame: gpd.GeoDataFrame, target: Path) -> None:
    """Tell which measures a table does not hold: those of lines and areas in a sheet, or converted ones."""
    shapes = frame.geometry.to_numpy()
    measured = shapely.has_m(shapes)
    if not measured.any() or (shapely.get_type_id(shapes[measured]) == shapely.GeometryType.POINT).all():
        return
    if target.suffix.lower() != ".csv" or frame.crs is None or frame.crs.to_epsg() not in (CGCS2000, WGS84):
        _tell_measures(frame.index[measured], target)


def plain_columns(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give every column a type that any format holds: mixed and unusual values become text."""
    result = frame.copy(deep=False)
    result.attrs = {}
    geometry = frame.active_geometry_name
    for name in [name for name in frame.columns if name != geometry]:
        kind = pd.api.types.infer_dtype(frame[name], skipna=True)
        if kind in ("date", "datetime") and frame[name].dtype == object:
            result[name] = read_times(frame[name], name=str(name)).required().times.astype("datetime64[ms]")
        elif kind == "boolean" and frame[name].isna().any():
            result[name] = frame[name].astype("boolean")
        elif isinstance(frame[name].dtype, gpd.array.GeometryDtype):
            result[name] = pd.Series(shapely.to_wkt(frame[name].to_numpy()), index=frame.index, dtype="str")
        elif frame[name].dtype == object or isinstance(frame[name].dtype, pd.CategoricalDtype):
            result[name] = frame[name].map(text_of, na_action="ignore").astype("str")
    result.columns = result.columns.map(str)
    return result


def _with_sound_shapes(frame: gpd.GeoDataFrame, target: Path) -> gpd.GeoDataFrame:
    """Write a row whose place is not a number without a geometry, and its height likewise; tell which."""
    shapes, hollow = cleaned(frame.geometry.to_numpy())
    here, placed = has_shape(shapes), has_place(shapes)
    bottomless = placed & has_bad_height(shapes)
    for rows, what in (
        (here & ~placed, "a coordinate is NaN or infinite; written without a geometry"),
        (bottomless, "a height is NaN or infinite; written without heights"),
    ):
        if rows.any():
            _LOG.warning("%s: %s: %s", target.name, name_rows(frame.index[rows]), what)
    if placed.all() and not hollow.any() and not bottomless.any():
        return frame
    shapes = only(shapes, placed)
    shapes[bottomless] = shapely.force_2d(shapes[bottomless])
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))


def _write_geopackage(frame: gpd.GeoDataFrame, made: Path, target: Path, layer: str) -> None:
    """Add a layer to a copy of the file that is there, or make a new one."""
    if target.exists():
        if any(target.with_name(target.name + tail).exists() for tail in ("-wal", "-journal")):
            raise FileError(
                tr("{target}: is open in another program such as QGIS; close it there first", target=target)
            )
        check_content(target, format_of(target))
        if layer in versioned_layers(target):
            raise FileError(
                tr(
                    "{target}: {layer!r} is kept there with its versions; write it with zjk_gis.Workspace",
                    target=target,
                    layer=layer,
                )
            )
        shutil.copyfile(target, made)
    taken = {str(name).casefold() for name in frame.columns if name != frame.active_geometry_name}
    own = {option: next(name for name in names if name not in taken) for option, names in _GPKG_OWN.items()}
    _write_vector(frame, made, layer=layer, **own)
    with_titles(made, layer, frame)


def _write_geodatabase(frame: gpd.GeoDataFrame, made: Path, target: Path, layer: str) -> None:
    """Add a layer to a copy of the File Geodatabase that is there, or make a new one."""
    if target.exists():
        copy_geodatabase(target, made)
    fitting, told = storable_types(frame)
    options, needed = geodatabase_options(fitting)
    for text in [*told, *needed]:
        _LOG.warning("%s: %s", target.name, text)
    taken = {str(name).casefold() for name in frame.columns if name != frame.active_geometry_name}
    own = {
        option: next(name for name in (*names, f"ZJK_{names[0]}") if name.casefold() not in taken)
        for option, names in _GDB_OWN.items()
    }
    _tell_broken(fitting.geometry, on_grid(fitting), target)
    # The format has no column for single and multiple lines or areas; it calls both multiple.
    kinds = set(frame.geometry.geom_type.dropna())
    _write_vector(fitting, made, layer=layer, promote_to_multi=kinds != {"Point"}, **own, **options)


def _in_degrees(frame: gpd.GeoDataFrame, target: Path) -> gpd.GeoDataFrame:
    """Convert a layer to WGS 84, and tell which shapes that breaks."""
    require_crs(frame, target.name)
    converted = convert_crs(frame, WGS84, name=target.name)
    _tell_broken(frame.geometry, converted.geometry, target)
    return converted


def _tell_broken(before: gpd.GeoSeries, after: gpd.GeoSeries, target: Path) -> None:
    """Tell which shapes have slivers so narrow that rounding turns them inside out."""
    if after.equals(before):
        return
    broken = shapely.is_valid(before.to_numpy()) & ~shapely.is_valid(after.to_numpy())
    if broken.any():
        rows = name_rows(before.index[broken])
        _LOG.warning(
            "%s: %d shapes have slivers that rounding makes invalid; repair them (%s)",
            target.name, int(broken.sum()), rows,
        )  # fmt: skip


def _write_vector(frame: gpd.GeoDataFrame, made: Path, **options: Any) -> None:
    """Write with the driver of the ending; what GDAL remarks on is told to the log."""
    import pyogrio

    driver = format_of(made).title
    own = frame.geometry.geom_type.astype("str")
    if driver != "ESRI Shapefile" or "MultiPoint" not in set(own):  # a shapefile tells point and points apart
        own = own.str.removeprefix("Multi")
    kinds = set(own.dropna())
    if driver in _ONE_KIND and len(kinds) > 1:
        several = ", ".join(sorted(kinds))
        rows = name_rows(frame.index[own.notna() & (own != own.mode().iloc[0])])
        raise GeometryError(
            tr(
                "{name}: {one_kind} holds one kind of shape, not {several}; write .gpkg, or take out "
                "the others ({rows})",
                name=made.name,
                one_kind=_ONE_KIND[driver],
                several=several,
                rows=rows,
            )
        )
    # A layer without a single shape gives GDAL no hint of its kind.
    unknown = {} if kinds else {"geometry_type": "Point" if driver in _ONE_KIND else "Unknown"}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        pyogrio.write_dataframe(frame, gdal_name(made), driver=driver, **unknown, **options)
    for warning in told:
        text = " ".join(str(warning.message).split())
        if "'crs' was not provided" not in text:
            _LOG.warning("%s: %s", made.name, text)


def _fit_dbf(frame: gpd.GeoDataFrame, target: Path) -> gpd.GeoDataFrame:
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
                "%s: %s is cut to %d bytes in %s",
                target.name,
                name,
                DBF_TEXT_BYTES,
                name_rows(frame.index[long]),
            )
            result[name] = result[name].map(
                lambda text: cut_to_bytes(text, DBF_TEXT_BYTES), na_action="ignore"
            )
    renamed = short_names(columns)
    if renamed:
        pairs = ", ".join(f"{old} -> {new}" for old, new in renamed.items())
        _LOG.warning("%s: a shapefile's names have at most 10 bytes: %s", target.name, pairs)
    return result.rename(columns=renamed)


def _move_into_place(made: Path, target: Path) -> None:
    """Move what was made to where it belongs, the file itself last; what described the old one goes."""
    if made.is_dir():
        _swap(made, target)
        return
    parts = [part for part in made.parent.iterdir() if part != made]
    if target.suffix.lower() == ".shp":
        fresh = {part.name for part in parts}
        for neighbour in list(target.parent.iterdir()):
            stale = neighbour.suffix.lower() in _STALE and neighbour.name not in fresh
            if neighbour.stem == target.stem and stale:
                neighbour.unlink()
    for part in [*sorted(parts), made]:
        part.replace(target.parent / part.name)


def _swap(made: Path, target: Path) -> None:
    """Put a folder in the place of another; if that fails, the other is put back."""
    if not target.exists():
        made.rename(target)
        return
    before = made.with_name(f"{made.name}.before")
    target.rename(before)
    try:
        made.rename(target)
    except OSError:
        before.rename(target)
        raise
