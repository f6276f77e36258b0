"""Writing a layer or a table: in the format that the name's ending says, whole or not at all.

A file is made in a hidden folder beside its place and moved there when it is complete, so that a full disk or
a crash leaves the old one as it was.
"""

from __future__ import annotations

import logging
import shutil
import warnings
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import shapely

from zjk_gis._optional import need
from zjk_gis.arguments import checked
from zjk_gis.crs import WGS84, convert_crs, require_crs
from zjk_gis.errors import FileError, GeometryError, InputError, name_rows
from zjk_gis.io.coordinate_columns import with_coordinates
from zjk_gis.io.format_limits import (
    fit_axes,
    fit_dbf,
    tell_broken,
    tell_table_measures,
    told_apart,
    with_sound_shapes,
)
from zjk_gis.io.geopackage import versioned_layers
from zjk_gis.io.geopackage_titles import with_titles
from zjk_gis.io.paths import check_content, format_of, gdal_name, target_file, workshop
from zjk_gis.io.spreadsheets import write_csv, write_sheets
from zjk_gis.io.vector.geodatabase import copy_geodatabase, geodatabase_options, on_grid, storable_types
from zjk_gis.io.vector.kml import write_kml
from zjk_gis.layers.columns.times import read_times
from zjk_gis.layers.columns.values import text_of
from zjk_gis.layers.headings import headed, settled
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    from zjk_gis.layers.labels import Language

__all__ = ["plain_columns", "write_layer", "write_table"]

_LOG = logging.getLogger(__name__)
_TABLES = (".csv", ".xlsx")
_ANY_SHAPE = (".gpkg", ".parquet")  # they keep what is empty or not finite as it is
_ONE_KIND = {"ESRI Shapefile": "a shapefile", "OpenFileGDB": "a layer of a File Geodatabase"}
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
    frame = told_apart(frame, target)
    if ending in _TABLES:
        tell_table_measures(frame, target)
        table = with_coordinates(frame, wkt=ending == ".csv")
        return _write_rows(headed(table, words), target, layer)
    plain = plain_columns(frame)
    if ending not in _ANY_SHAPE:
        plain = with_sound_shapes(plain, target)
    if ending != ".parquet":
        plain = fit_axes(plain, target)
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
            _write_vector(fit_dbf(plain, target), made, encoding="UTF-8")
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
    plain = told_apart(pd.DataFrame(table), target)
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
        _LOG.warning(tr("{name}: {what}", name=target.name, what=text))
    taken = {str(name).casefold() for name in frame.columns if name != frame.active_geometry_name}
    own = {
        option: next(name for name in (*names, f"ZJK_{names[0]}") if name.casefold() not in taken)
        for option, names in _GDB_OWN.items()
    }
    tell_broken(fitting.geometry, on_grid(fitting), target)
    # The format has no column for single and multiple lines or areas; it calls both multiple.
    kinds = set(frame.geometry.geom_type.dropna())
    _write_vector(fitting, made, layer=layer, promote_to_multi=kinds != {"Point"}, **own, **options)


def _in_degrees(frame: gpd.GeoDataFrame, target: Path) -> gpd.GeoDataFrame:
    """Convert a layer to WGS 84, and tell which shapes that breaks."""
    require_crs(frame, target.name)
    converted = convert_crs(frame, WGS84, name=target.name)
    tell_broken(frame.geometry, converted.geometry, target)
    return converted


def _write_vector(frame: gpd.GeoDataFrame, made: Path, **options: Any) -> None:
    """Write with the driver of the ending; what GDAL remarks on is told to the log."""
    import pyogrio

    driver = format_of(made).title
    own = frame.geometry.geom_type.astype("str")
    if driver != "ESRI Shapefile" or "MultiPoint" not in set(own):  # a shapefile tells point and points apart
        own = own.str.removeprefix("Multi")
    kinds = set(own.dropna())
    if driver in _ONE_KIND and len(kinds) > 1:
        several = listed(sorted(kinds))
        rows = name_rows(frame.index[own.notna() & (own != own.mode().iloc[0])])
        raise GeometryError(
            tr(
                "{name}: {one_kind} holds one kind of shape, not {several}; write .gpkg, or take out "
                "the others ({rows})",
                name=made.name,
                one_kind=tr(_ONE_KIND[driver]),
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
            _LOG.warning(tr("{name}: {what}", name=made.name, what=text))


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
