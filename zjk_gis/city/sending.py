"""What a source sends: its files by edition, read as the city file says, and which rows cannot be taken."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from zjk_gis.city.digests import file_digest, row_digests
from zjk_gis.city.rows import keys_of
from zjk_gis.crs import CGCS2000
from zjk_gis.errors import CRSError, InputError, MissingColumnError, ZjkGisError
from zjk_gis.io.archives import is_archive
from zjk_gis.io.files import as_spec
from zjk_gis.io.paths import existing_file, is_readable
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.labels import label
from zjk_gis.read_report import ReadReport, report_of
from zjk_gis.words import listed, tr
from zjk_gis.workspace.city_file.city import is_own
from zjk_gis.workspace.city_file.editions import corrects, edition_of, marks_of, named_day
from zjk_gis.workspace.city_file.reading import newest_day, read_file, shown_path
from zjk_gis.workspace.city_file.systems import stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from zjk_gis.layers.spec import LayerSpec
    from zjk_gis.workspace.city_file import City, Source

__all__ = [
    "Batch",
    "Sent",
    "SentFile",
    "batches_of",
    "content_of",
    "is_same_system",
    "key_of",
    "named_sources",
    "put_together",
    "read_files",
    "strangers_in",
    "typed",
    "way_of",
]

_DEGREES = frozenset({"EPSG:4490", "EPSG:4326", "OGC:CRS84"})  # CGCS2000 and WGS84, apart by decimetres
_ANY = re.compile(r"[*?\[]")
_RULES = 1  # of this room; with others what was seen is judged anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The files of one source and one day.

    Attributes
    ----------
    day, how : str
        See `EditionRecord`.
    files : dict of Path to str
        The digest of each, with what its name says of being a correction: who names a file anew says so.
    refused : dict of Path to str
        Those that cannot be read, and why.
    """

    day: str
    how: str
    files: dict[Path, str]
    refused: dict[Path, str] = field(default_factory=dict)

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files, by name."""
        return tuple(sorted({*self.files, *self.refused}))

    @property
    def digests(self) -> tuple[str, ...]:
        """The digests of those that can be read, sorted."""
        return tuple(sorted(self.files.values()))

    def without(self, refused: Mapping[Path, str]) -> Batch:
        """Return the batch without files that cannot be read."""
        left = {path: digest for path, digest in self.files.items() if path not in refused}
        return replace(self, files=left, refused={})


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFile:
    """A file that was read: its rows, and what it is."""

    path: Path
    rows: gpd.GeoDataFrame
    columns: list[str]
    crs: str
    datum: str
    remarks: list[str]


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
    disputed : list of str
        The files that say different things of the same rows, where none is known to be the later one.
    disputes : int
        How many rows.
    remarks : list of str
    """

    rows: gpd.GeoDataFrame
    origin: pd.DataFrame
    ids: pd.Series
    read_as: dict[str, Any]
    disputed: list[str] = field(default_factory=list)
    disputes: int = 0
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
    """
    by_day: dict[str, list[tuple[Path, str, str, str]]] = {}
    known = {} if digests is None else digests
    for path in city.files_of(source):
        if not _is_sent(path):
            continue
        digest, day, how, why = "", "", "file", ""
        try:
            existing_file(path)
            digest = known[path] = known.get(path) or file_digest(path)
            day, how = _day_of(city, source, path, digest, days)
        except ZjkGisError as error:
            why = _why(city, path, error)
            named = named_day(path, city.folder) if source.edition == "folder" else None
            day = "" if named is None else named.isoformat()
        by_day.setdefault(day, []).append((path, digest, how, why))
    found = []
    for day, files in sorted(by_day.items()):
        good = {
            path: _marked(digest, marks_of(path, city.folder)) for path, digest, _, why in files if not why
        }
        hows = [how for path, _, how, _ in files if path in good]
        found.append(
            Batch(
                day=day,
                how="file" if not hows or "file" in hows else hows[0],
                files=good,
                refused={path: why for path, _, _, why in files if why},
            )
        )
    return found


def _is_sent(path: Path) -> bool:
    return is_readable(path) or is_archive(path)


def strangers_in(city: City) -> list[str]:
    """Return the files that lie where files come in and are of no source: nobody would miss them else.

    Where they come in is what patterns begin with, up to the first folder that may be any.
    """
    roots, known = set(), set()
    for source in city.sources:
        known.update(city.files_of(source))
        for pattern in source.files:
            folders = pattern.replace("\\", "/").split("/")[:-1]
            fixed = list(takewhile(lambda name: not _ANY.search(name), folders))
            roots.add(city.folder.joinpath(*fixed) if fixed else None)
    found = {
        path
        for root in roots
        if root is not None and root.is_dir() and root != city.folder
        for path in root.rglob("*")
        if path.is_file() and _is_sent(path) and not path.name.startswith(".") and not is_own(city, path)
    }
    return sorted(
        shown_path(city, path)
        for path in found - known
        if not any(each.suffix.lower() == ".gdb" for each in path.parents)
    )


def _marked(digest: str, marks: str) -> str:
    return f"{digest}:{marks}" if marks else digest


def content_of(digest: str) -> str:
    """Return the digest of a file whatever it is called."""
    return digest.partition(":")[0]


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


def read_files(
    city: City, source: Source, paths: Iterable[Path]
) -> tuple[dict[Path, SentFile], dict[Path, str]]:
    """Read files as the city file says; return those that can be read, and why the others cannot."""
    found: dict[Path, SentFile] = {}
    refused: dict[Path, str] = {}
    for path in paths:
        try:
            found[path] = _as_sent(city, source, path)
        except ZjkGisError as error:
            refused[path] = _why(city, path, error)
    return found, refused


def _why(city: City, path: Path, error: ZjkGisError) -> str:
    """Return what is wrong with a file, which is called as everywhere else."""
    shown = shown_path(city, path)
    told = str(error).replace(str(path), shown)
    return told if path.name in told else tr("{source}: {why}", source=shown, why=told)


def put_together(
    city: City, source: Source, batch: Batch, read: Mapping[Path, SentFile], arrived: Mapping[str, int]
) -> Sent:
    """Make one set of rows of the files of a batch.

    Parameters
    ----------
    city : City
    source : Source
    batch : Batch
    read : mapping of Path to SentFile
        Its files, see `read_files`.
    arrived : mapping of str to int
        By digest, in which run a file was taken first; others have come since.

    Raises
    ------
    InputError
        If the files differ in their system or datum.
    """
    remarks: list[str] = []
    read_as: dict[str, Any] = {"columns": []}
    parts = [read[path] for path in batch.files]
    for each in parts:
        remarks += each.remarks
        read_as["columns"] = sorted({*read_as["columns"], *each.columns})
        if len(each.rows):
            read_as["crs"] = _same(read_as.get("crs"), each.crs, source, "crs")
            read_as["datum"] = _same(read_as.get("datum"), each.datum, source, "datum")
    full = [each for each in parts if len(each.rows)] or parts[:1]
    together = pd.concat(
        [each.rows.astype(object) if len(full) > 1 else each.rows for each in full], ignore_index=True
    )
    rows = gpd.GeoDataFrame(together, geometry="geometry", crs=full[0].rows.crs)
    rows = typed(rows, spec_of(source.layer)) if len(full) > 1 else rows
    origin = pd.DataFrame(
        [
            (shown_path(city, each.path), row, each.path)
            for each in full
            for row in range(1, len(each.rows) + 1)
        ],
        columns=["file", "row", "path"],
    )
    ids = row_digests(rows)
    keys = keys_of(rows, key_of(source, list(rows.columns)))
    kept, disputes = _latest(city, source, batch, origin["path"], keys, ids, arrived, remarks)
    # The same row in two files of one day is one row.
    kept &= ~ids.where(kept).duplicated()
    return Sent(
        rows=gpd.GeoDataFrame(rows[kept].reset_index(drop=True)),
        origin=origin.loc[kept, ["file", "row"]].reset_index(drop=True),
        ids=ids[kept].reset_index(drop=True),
        read_as=read_as,
        disputed=sorted(set(origin.loc[disputes & kept, "file"])),
        disputes=int((disputes & kept).sum()),
        remarks=remarks,
    )


def _latest(
    city: City,
    source: Source,
    batch: Batch,
    paths: pd.Series,
    keys: pd.Series,
    ids: pd.Series,
    arrived: Mapping[str, int],
    remarks: list[str],
) -> tuple[pd.Series, pd.Series]:
    """Tell which rows of the files of one day count, and which stand in several that say different things.

    1. A file whose name says so corrects another: of a complete set all of it, else row by row.
    2. Else a file that has come in a later run corrects one that was there before, row by row.
    3. Where both say the contrary, or neither says anything, a person has to.
    """
    kept, disputes = pd.Series(True, index=keys.index), pd.Series(False, index=keys.index)
    if paths.nunique() < 2:
        return kept, disputes
    now = max(arrived.values(), default=0) + 1
    came = {path: arrived.get(digest, now) for path, digest in batch.files.items()}

    def replaces(one: Path, other: Path) -> bool:
        named, against = corrects(one, other, city.folder), corrects(other, one, city.folder)
        return (named and came[one] >= came[other]) or (not against and came[one] > came[other])

    by_file = {path: set(keys[paths == path]) - {""} for path in paths.unique()}
    pairs = {
        (one, other)
        for one in by_file
        for other in by_file
        if one != other and by_file[one] & by_file[other] and replaces(one, other)
    }
    for one, other in sorted(pairs):
        if source.complete and corrects(one, other, city.folder):
            kept &= paths != other
        else:
            same = ids.isin(set(ids[paths == one]))
            kept &= ~((paths == other) & keys.isin(by_file[one]) & ~same)
        remarks.append(
            tr(
                "{one} corrects {other}, of the same day",
                one=shown_path(city, one),
                other=shown_path(city, other),
            )
        )
    several = keys[kept & (keys != "")]
    told = pd.DataFrame({"key": several, "id": ids[several.index], "path": paths[several.index].astype(str)})
    told = told.drop_duplicates(["key", "id"])
    of_key = told.groupby("key")
    torn = (of_key["id"].transform("size") > 1) & (of_key["path"].transform("nunique") > 1)
    disputes |= keys.isin(set(told.loc[torn, "key"])) & kept
    return kept, disputes


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


def _as_sent(city: City, source: Source, path: Path) -> SentFile:
    """Read one file; return its rows, what is to be said of it, and what it is."""
    rows = read_file(city, source, path)
    if rows.active_geometry_name != "geometry":
        rows = rows.rename_geometry("geometry")
    if rows.crs is None and not rows.geometry.notna().any():
        rows = rows.set_crs(city.coordinates.store or CGCS2000)
    if rows.crs is None:
        raise CRSError(
            tr("{path}: does not say its coordinate system; write crs under its [[source]]", path=path)
        )
    report = report_of(rows)
    lacking = [name for name in key_of(source, list(rows.columns)) if name not in rows]
    if lacking and not len(rows):  # which a GeoJSON without features has not, nor any other column
        rows = rows.assign(**{name: pd.Series(dtype="str") for name in lacking})
    elif lacking:
        raise MissingColumnError(
            tr(
                "no column {name} ({title}), by which rows are known again; there are {columns}",
                name=lacking[0],
                title=label(lacking[0], "zh"),
                columns=listed(str(each) for each in rows.columns if each != "geometry") or tr("none"),
            )
        )
    spec, remarks = spec_of(source.layer), list(report.remarks)
    known = [each.name for each in spec.fields if each.name in rows]
    used = {*known, "geometry", *report.coordinates.values()}
    spare = [str(name) for name in rows.columns if name not in used]
    if spare:
        remarks.append(
            tr("{path}: columns that are not taken: {columns}", path=path.name, columns=listed(spare))
        )
    crs = rows.crs.to_string()
    rows = gpd.GeoDataFrame(rows[[*known, "geometry"]])
    rows.attrs = {}
    return SentFile(
        path=path, rows=stored(rows, city, source.layer), columns=known, crs=crs,
        datum=str(report.datum.get("source", "")), remarks=remarks,
    )  # fmt: skip


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
