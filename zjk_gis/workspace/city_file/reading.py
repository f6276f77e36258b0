"""Reading what a source sends, as the city file says; what comes first is told at `City`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from zjk_gis.coordinates.datums import in_declared_datum
from zjk_gis.crs import convert_crs, require_crs
from zjk_gis.errors import CRSError, FileError
from zjk_gis.io import list_layers, read_layer
from zjk_gis.io.paths import ending_of, format_of, is_readable
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.columns.datum_words import parse_datum
from zjk_gis.layers.columns.time_cells import today
from zjk_gis.read_report import report_of
from zjk_gis.words import listed, tr
from zjk_gis.workspace.city_file.editions import corrects, edition_of, latest_day, marks_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from pathlib import Path

    from zjk_gis.workspace.city_file.city import City
    from zjk_gis.workspace.city_file.sections import Source

__all__ = ["newest_day", "no_files", "read_file", "read_sources", "shown_path", "source_of", "sources_in"]

_AXES = ("lon", "lat")


def read_file(
    city: City, source: Source, path: Path, *, remembered: str | None = None, **said: Any
) -> gpd.GeoDataFrame:
    """Read a file of a source.

    Parameters
    ----------
    city : City
    source : Source
    path : Path
    remembered : str, optional
        The datum that the workspace remembers of the file.
    **said
        Options of `read_layer`, before everything; None says nothing.

    Returns
    -------
    GeoDataFrame
        With the names and types of its layer.

    Raises
    ------
    FileError, InputError, CRSError
        As `read_layer` does.
    """
    options = _options(source, path) | {name: each for name, each in said.items() if each is not None}
    options.setdefault("spec", spec_of(source.layer))
    if options.get("datum") is None and remembered:
        options["datum"] = remembered
    default = city.coordinates.default
    try:
        rows = read_layer(path, **options)
    except CRSError:
        if options.get("crs") or not default:
            raise
        rows = read_layer(path, **(options | {"crs": default}))
    if rows.crs is None and default:
        rows = rows.set_crs(default)
    if city.coordinates.datum and not report_of(rows).datum:
        rows = in_declared_datum(rows, parse_datum(city.coordinates.datum), told=city.path.name)
    return rows


def _options(source: Source, path: Path) -> dict[str, Any]:
    """Return what a source says of a file, as `read_layer` takes it."""
    kind = format_of(path).kind if is_readable(path) else ""
    options: dict[str, Any] = {"crs": source.crs or None, "datum": source.datum or None}
    options["column_names"] = {name: each for name, each in source.columns.items() if name not in _AXES}
    options |= {name: source.columns[name] for name in _AXES if name in source.columns}
    options |= {"values": source.values}  # noqa: PD011 - of a source, not of a table
    if kind == "workbook":
        options["layer"] = source.sheet or None
    elif kind in ("vector", "geodatabase") or not kind:
        options["layer"] = source.table or None
    if source.encoding != "auto" and (kind == "text" or ending_of(path) == ".shp"):
        options["encoding"] = source.encoding
    return options


def source_of(city: City, path: Path, layer: str, *, or_only: bool = False) -> Source | None:
    """Return the source of a layer that a file is of; None where it is of none.

    With `or_only` it is the only source of the file, whatever its layer.
    """
    sources = _sources_of(city, path)
    found = next((each for each in sources if each.layer == layer), None)
    return sources[0] if found is None and or_only and len(sources) == 1 else found


def sources_in(city: City, path: Path) -> dict[str, Source]:
    """Return the source of each layer or sheet of a file, by its name; those of no source are left out.

    Raises
    ------
    FileError, InputError
        If a file of a source cannot be opened.
    """
    sources = _sources_of(city, path)
    names = list_layers(path) if sources else []
    by_part = {each.table or each.sheet: each for each in reversed(sources)}
    found = {name: by_part.get(name) or (by_part.get("") if len(names) == 1 else None) for name in names}
    return {name: each for name, each in found.items() if each is not None}


def _sources_of(city: City, path: Path) -> list[Source]:
    wanted = os.path.realpath(path)
    return [each for each in city.sources if wanted in map(os.path.realpath, city.files_of(each))]


def read_sources(
    city: City, layer: str, *, remembered: Mapping[str, str] | None = None
) -> gpd.GeoDataFrame | None:
    """Read a layer from the files of its sources: the newest edition of each, or all of what is added to.

    Rows of the same key in several editions are the newest one's, and of one day those of the file whose name
    says that it corrects the other; what is dated after today is left out. The report says which files were
    read.

    Parameters
    ----------
    city : City
    layer : str
        Its name in the catalogue.
    remembered : mapping of str to str, optional
        The datum that the workspace remembers, by the file's name.

    Returns
    -------
    GeoDataFrame or None
        None where no source has a file.
    """
    known = remembered or {}
    parts = []
    for source in (each for each in city.sources if each.layer == layer):
        read = [
            (_day(city, source, path), path, read_file(city, source, path, remembered=known.get(path.name)))
            for path in city.files_of(source)
        ]
        parts += [_kept(city, source, read)] if read else []
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else _together(parts)


def _day(city: City, source: Source, path: Path) -> dt.date:
    return edition_of(path, city.folder, by_name=source.edition == "folder")


def _kept(city: City, source: Source, read: list[tuple[dt.date, Path, gpd.GeoDataFrame]]) -> gpd.GeoDataFrame:
    """Return the newest edition of a complete set, and of another the newest row of each key."""
    if source.edition == "column":
        read = [(newest_day(rows, source.edition_column) or day, path, rows) for day, path, rows in read]
    latest = latest_day(today())
    later = [path for day, path, _ in read if day > latest]
    read = [each for each in read if each[0] <= latest] or read
    read = sorted(read, key=lambda each: (each[0], marks_of(each[1], city.folder), each[1]))
    newest = read[-1][0]
    if source.complete:
        paths = [path for day, path, _ in read if day == newest]
        right = {one for one in paths if not any(corrects(other, one, city.folder) for other in paths)}
        read = [each for each in read if each[1] in right]
    rows = _together([each for *_, each in read])
    if not source.complete and len({day for day, *_ in read}) > 1:
        key = [name for name in source.key if name in rows]
        named = rows[key].notna().all(axis=1) if key else pd.Series(data=False, index=rows.index)
        rows = rows[~(named & rows.duplicated(key or None, keep="last"))].reset_index(drop=True)
    files = ", ".join(shown_path(city, path) for _, path, _ in read)
    report_of(rows).remarks.append(
        tr("{layer}: read from {files}, edition {day}", layer=source.layer, files=files, day=newest)
    )
    if later and newest <= latest:
        named = listed(shown_path(city, path) for path in later)
        report_of(rows).remarks.append(
            tr("{layer}: {files} are of a day that is still to come and were left out", layer=source.layer,
               files=named)
        )  # fmt: skip
    return rows


def newest_day(rows: gpd.GeoDataFrame, column: str) -> dt.date | None:
    """Return the newest day in a column; None where it tells none."""
    told = pd.to_datetime(rows[column], errors="coerce").max() if column in rows else pd.NaT
    return None if pd.isna(told) else told.date()


def shown_path(city: City, path: Path) -> str:
    """Return a file's path as a city tells it: from its folder, where it lies in that."""
    return path.relative_to(city.folder).as_posix() if path.is_relative_to(city.folder) else str(path)


def _together(parts: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Put rows together, in the system of the first; the report is that of the last, with all remarks."""
    first = parts[0]
    if len(parts) == 1:
        return first
    crs = require_crs(first, report_of(first).path)
    same = [convert_crs(each, crs, name=report_of(each).path) for each in parts]
    report = report_of(parts[-1])
    report.remarks[:0] = [remark for each in parts[:-1] for remark in report_of(each).remarks]
    plain = [
        each.rename_geometry("geometry") if each.active_geometry_name != "geometry" else each for each in same
    ]
    for each in plain:
        each.attrs = {}
    rows = gpd.GeoDataFrame(pd.concat(plain, ignore_index=True), geometry="geometry", crs=crs)
    report.rows = len(rows)
    rows.attrs = {"report": report}
    return rows


def no_files(city: City) -> FileError:
    """Return the error of a city that has neither a workspace nor a file of any source."""
    return FileError(
        tr(
            "{city}: there is neither the workspace {workspace} nor a file of any of its sources",
            city=city.path.name,
            workspace=city.workspace,
        )
    )
