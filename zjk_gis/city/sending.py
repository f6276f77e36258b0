"""What a source sends: its files by edition, read as the city file says, and which rows cannot be taken."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from zjk_gis.city.digests import file_digest, row_digests
from zjk_gis.errors import CRSError, InputError
from zjk_gis.io.files import as_spec
from zjk_gis.io.paths import is_readable
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.read_report import ReadReport, report_of
from zjk_gis.words import listed, tr
from zjk_gis.workspace.city_file.editions import edition_of, named_day
from zjk_gis.workspace.city_file.reading import newest_day, read_file, shown_path
from zjk_gis.workspace.city_file.systems import stored

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from zjk_gis.layers.spec import LayerSpec
    from zjk_gis.workspace.city_file import City, Source

__all__ = [
    "Batch",
    "Sent",
    "batches_of",
    "is_same_system",
    "key_of",
    "named_sources",
    "read_batch",
    "typed",
    "way_of",
]

_DEGREES = frozenset({"EPSG:4490", "EPSG:4326", "OGC:CRS84"})  # CGCS2000 and WGS84, apart by decimetres
_RULES = 1  # of this room; with others what was seen is judged anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The files of one source and one day.

    Attributes
    ----------
    day, how : str
        See `EditionRecord`.
    paths : tuple of Path
    digests : tuple of str
        Of the files, sorted.
    """

    day: str
    how: str
    paths: tuple[Path, ...]
    digests: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Sent:
    """A batch that was read.

    Attributes
    ----------
    rows : GeoDataFrame
        In the system in which the city keeps layers, with the library's names. `origin` tells of each row
        the file and which record of it.
    origin : DataFrame
        ``file`` and ``row``, indexed as `rows`.
    ids : Series of str
        A digest of each row as it came.
    read_as : dict
        ``columns``, ``crs`` and ``datum`` of the files.
    remarks : list of str
    """

    rows: gpd.GeoDataFrame
    origin: pd.DataFrame
    ids: pd.Series
    read_as: dict[str, Any]
    remarks: list[str] = field(default_factory=list)


def named_sources(city: City) -> dict[str, Source]:
    """Return the sources by name: that of the layer, with the files where several send the same layer."""
    layers = [each.layer for each in city.sources]
    return {
        each.layer if layers.count(each.layer) == 1 else f"{each.layer}: {each.files[0]}": each
        for each in city.sources
    }


def way_of(city: City, source: Source) -> str:
    """Return a digest of how a source is read and judged: when that changes, its files are looked at anew."""
    told = {
        "rules": _RULES, "layer": source.layer, "encoding": source.encoding, "sheet": source.sheet,
        "table": source.table, "key": list(source.key), "complete": source.complete,
        "edition": source.edition, "edition_column": source.edition_column, "crs": source.crs,
        "datum": source.datum, "columns": dict(source.columns),
        "values": {name: dict(each) for name, each in source.values.items()},  # noqa: PD011
        "store": city.coordinates.store, "default": city.coordinates.default,
        "of_all": city.coordinates.datum, "older": city.rules.older,
        "correction_days": city.rules.correction_days,
    }  # fmt: skip
    text = json.dumps(told, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def key_of(source: Source, columns: Sequence[str]) -> tuple[str, ...]:
    """Return by which columns rows are told apart: in layers of versions the day of each, too."""
    spec = spec_of(source.layer)
    key = tuple(source.key) or (spec.code,)
    is_usual = key == (spec.code,) and spec.versioned
    return (*key, "valid_from") if is_usual and "valid_from" in columns else key


def batches_of(
    city: City, source: Source, days: dict[str, str], digests: dict[Path, str] | None = None
) -> list[Batch]:
    """Return the files of a source by edition, the oldest first; `days` of files are remembered in it.

    `digests` holds those of files that another source has looked at: many take a layer each of one file.

    Raises
    ------
    FileError, InputError
        If a file cannot be read whose date stands in its rows.
    """
    by_day: dict[str, list[tuple[str, Path, str]]] = {}
    for path in city.files_of(source):
        if not is_readable(path):
            continue
        known = {} if digests is None else digests
        if path not in known:
            known[path] = file_digest(path)
        digest = known[path]
        day, how = _day_of(city, source, path, digest, days)
        by_day.setdefault(day, []).append((digest, path, how))
    return [
        Batch(
            day=day,
            how="file" if any(how == "file" for *_, how in files) else files[0][2],
            paths=tuple(sorted(path for _, path, _ in files)),
            digests=tuple(sorted(digest for digest, *_ in files)),
        )
        for day, files in sorted(by_day.items())
    ]


def _day_of(city: City, source: Source, path: Path, digest: str, days: dict[str, str]) -> tuple[str, str]:
    """Return the date of a file and where it is from: a name, a column, or the last resort."""
    if source.edition == "column":
        if digest not in days:
            newest = newest_day(read_file(city, source, path), source.edition_column)
            days[digest] = "" if newest is None else newest.isoformat()
        if days[digest]:
            return days[digest], "column"
    if source.edition == "folder":
        named = named_day(path, city.folder)
        if named is not None:
            return named.isoformat(), "folder"
    # A file that was seen keeps its day: copying it gives it another time.
    if digest not in days:
        days[digest] = edition_of(path, city.folder, by_name=False).isoformat()
    return days[digest], "file"


def read_batch(city: City, source: Source, batch: Batch) -> Sent:
    """Read the files of a batch, as the city file says.

    Raises
    ------
    FileError, InputError, CRSError
        If a file cannot be read, or lacks a column that the city file names.
    """
    parts, origins, remarks = [], [], []
    read_as: dict[str, Any] = {}
    for path in batch.paths:
        rows, told, read = _as_sent(city, source, path)
        parts.append(rows)
        origins.append(pd.DataFrame({"file": shown_path(city, path), "row": range(1, len(rows) + 1)}))
        remarks += told
        read_as = {
            "columns": sorted({*read_as.get("columns", ()), *read["columns"]}),
            "crs": _same(read_as.get("crs"), read["crs"], source, "crs"),
            "datum": _same(read_as.get("datum"), read["datum"], source, "datum"),
        }
    crs = parts[0].crs
    together = pd.concat(
        [each.astype(object) if len(parts) > 1 else each for each in parts], ignore_index=True
    )
    rows = gpd.GeoDataFrame(together, geometry="geometry", crs=crs)
    rows = typed(rows, spec_of(source.layer)) if len(parts) > 1 else rows
    origin = pd.concat(origins, ignore_index=True)
    # The same row in two files of one day is one row.
    ids = row_digests(rows)
    once = ~ids.duplicated()
    return Sent(
        rows=gpd.GeoDataFrame(rows[once].reset_index(drop=True)),
        origin=origin[once].reset_index(drop=True),
        ids=ids[once].reset_index(drop=True),
        read_as=read_as,
        remarks=remarks,
    )


def is_same_system(one: str, other: str) -> bool:
    """Tell whether two systems give the same place for the same numbers: a GeoJSON can only say WGS84.

    Examples
    --------
    >>> is_same_system("EPSG:4490", "EPSG:4326"), is_same_system("EPSG:4490", "EPSG:4547")
    (True, False)
    """
    return one == other or {one, other} <= _DEGREES


def typed(rows: gpd.GeoDataFrame, spec: LayerSpec) -> gpd.GeoDataFrame:
    """Give rows the types of their spec; values that are none stay as they came."""
    made: gpd.GeoDataFrame = as_spec(rows, spec, spec.name, ReadReport())
    made.attrs = {}
    return made


def _as_sent(city: City, source: Source, path: Path) -> tuple[gpd.GeoDataFrame, list[str], dict[str, Any]]:
    """Read one file; return its rows, what is to be said of it, and what it is."""
    rows = read_file(city, source, path)
    if rows.active_geometry_name != "geometry":
        rows = rows.rename_geometry("geometry")
    if rows.crs is None:
        raise CRSError(
            tr("{path}: does not say its coordinate system; write crs under its [[source]]", path=path)
        )
    report = report_of(rows)
    spec, remarks = spec_of(source.layer), list(report.remarks)
    known = [each.name for each in spec.fields if each.name in rows]
    spare = [str(name) for name in rows.columns if name not in (*known, "geometry")]
    if spare:
        remarks.append(
            tr("{path}: columns that are not taken: {columns}", path=path.name, columns=listed(spare))
        )
    told = {"columns": known, "crs": rows.crs.to_string(), "datum": report.datum.get("source", "")}
    rows = gpd.GeoDataFrame(rows[[*known, "geometry"]])
    rows.attrs = {}
    return stored(rows, city, source.layer), remarks, told


def _same(before: str | None, now: str, source: Source, what: str) -> str:
    if before is not None and not is_same_system(before, now):
        raise InputError(
            tr(
                "{layer}: the files of one edition differ in their {what}: {before} and {now}",
                layer=source.layer,
                what=what,
                before=before or tr("none"),
                now=now or tr("none"),
            )
        )
    return now
