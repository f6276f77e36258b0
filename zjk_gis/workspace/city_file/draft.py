"""A city file from what lies in a folder: each file looked at as it is read, and accounted for."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.crs import crs_for
from zjk_gis.errors import FileError, InputError, ZjkGisError
from zjk_gis.io import read_folder
from zjk_gis.io.archives import is_archive
from zjk_gis.io.files import as_spec
from zjk_gis.io.paths import blamed_on, ending_of, endings_read, format_of, is_readable, workshop
from zjk_gis.layers.catalogue import CATALOGUE, spec_of
from zjk_gis.layers.columns.values import as_text, understood
from zjk_gis.presentation import Presentation, presented
from zjk_gis.read_report import report_of
from zjk_gis.words import tr
from zjk_gis.workspace.city_file.city import City
from zjk_gis.workspace.city_file.editions import DAY, edition_of
from zjk_gis.workspace.city_file.quoting import pattern_of
from zjk_gis.workspace.city_file.reading import read_file
from zjk_gis.workspace.city_file.sections import Coordinates, Source
from zjk_gis.workspace.city_file.template import Noted, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zjk_gis.io import FolderReading
    from zjk_gis.layers.spec import LayerSpec

__all__ = ["Draft", "draft_city"]

_CODE_NAME = re.compile(r"(?:编号|编码|代码|code|id)$", re.IGNORECASE)
_ZHANGJIAKOU, _NAME = "1307", "张家口市"
_MOST_TOLD = 10  # of the files of which nothing can be made
_MOST_KEPT = 0.5  # of the rows of an older edition: a set of which fewer are there again is added to


@presented
@checked
@dataclass(frozen=True, slots=True)
class Draft:
    """What was written, and what was not understood.

    Attributes
    ----------
    city : City
        The file as it reads.
    unplaced : tuple of (str, str)
        Files, or layers of files, that are no source, and why.
    """

    city: City
    unplaced: tuple[tuple[str, str], ...]

    def _presentation(self) -> Presentation:
        told = tr(
            "{path}: {count} sources; not placed: {rest}.",
            path=self.city.path.name,
            count=len(self.city.sources),
            rest=len(self.unplaced),
        )
        return Presentation(told, [tr("file"), tr("why")], self.unplaced)


@dataclass(slots=True)
class _Found:
    """A layer of a file: what it is and how it was read."""

    file: Path
    layer: str
    spec: LayerSpec
    frame: gpd.GeoDataFrame
    evidence: str
    said: dict[str, str] = field(default_factory=dict)  # columns that no name told
    settings: tuple[Any, ...] = ()


@checked
def draft_city(
    folder: str | os.PathLike[str], path: str | os.PathLike[str], *, overwrite: bool = False
) -> Draft:
    r"""Write a city file from what lies in a folder.

    Parameters
    ----------
    folder : str or path
        Where the files come in. All of them are read.
    path : str or path
        Of the city file, such as ``city.toml``.
    overwrite : bool, default False
        Whether a file that is there is replaced.

    Returns
    -------
    Draft

    Raises
    ------
    FileError
        If there is no such folder, no file in it is a layer of a city, or `path` is there or cannot be
        written.
    InputError
        If `path` does not end with ``.toml``.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sent = Path(folder, "收件", "2025-03-07")
    ...     sent.mkdir(parents=True)
    ...     _ = Path(sent, "案件.csv").write_text("任务号,经度,纬度\n1,114.88,40.82\n", "utf-8")
    ...     draft = draft_city(Path(folder, "收件"), Path(folder, "city.toml"))
    >>> draft.city.sources[0].files, draft.city.sources[0].columns["incident_code"]
    (('收件/*/案件.csv',), '任务号')
    """
    root, target = Path(os.path.abspath(folder)), Path(os.path.abspath(path))  # noqa: PTH100 - links stay
    _refuse(root, target, overwrite=overwrite)
    found, unplaced = _looked_at(root, read_folder(root))
    base = target.parent.resolve()
    home = os.path.relpath(root, base).replace(os.sep, "/")
    sources: list[Source] = []
    notes: list[Noted] = []
    for group in _grouped(found):
        source, noted, failed = _source_of(group, root, home, base, [each.file for each in found])
        unplaced += failed
        if source is not None and noted is not None:
            sources.append(source)
            notes.append(noted)
    if not sources:
        raise _nothing_in(root, unplaced)
    measure, why = _measure([each.frame for each in found])
    coordinates = Coordinates(store="EPSG:4490", measure=measure)
    outside = home.startswith("..") or Path(home).is_absolute()
    text = text_of(_named(found, root), coordinates, why, sources, notes, unplaced, outside=outside)
    with workshop(target) as shop, blamed_on(target, "written"):
        made = Path(shop, target.name)
        made.write_text(text, encoding="utf-8", newline="\n")
        made.replace(target)
    return Draft(City.read(target), tuple(unplaced))


def _refuse(root: Path, target: Path, *, overwrite: bool) -> None:
    if not root.is_dir():
        raise FileError(tr("{root}: is not a folder; name the one where the files come in", root=root))
    if target.suffix.lower() != ".toml":
        raise InputError(tr("{target}: a city file ends with .toml, such as city.toml", target=target))
    if not target.parent.is_dir():
        raise FileError(
            tr(
                "{plain}: the folder {folder} does not exist; create it first",
                plain=target,
                folder=target.parent,
            )
        )
    if target.exists() and not overwrite:
        raise FileError(
            tr("{target}: is there already; name another, or overwrite it with overwrite=True", target=target)
        )


def _nothing_in(root: Path, unplaced: Sequence[tuple[str, str]]) -> FileError:
    """Say that a folder holds nothing of which a source can be made, and what was looked for."""
    told = tr(
        "{folder}: no file in it, or in a folder below it, is a layer of a city, so nothing was written; "
        "looked for {endings} and .zip",
        folder=root,
        endings=" ".join(endings_read()),
    )
    rest = len(unplaced) - _MOST_TOLD
    lines = [f"{name}: {why}" for name, why in unplaced[:_MOST_TOLD]]
    lines += [tr("and {rest} more", rest=rest)] if rest > 0 else []
    return FileError("\n  ".join([told, *lines]))


def _looked_at(root: Path, reading: FolderReading) -> tuple[list[_Found], list[tuple[str, str]]]:
    """Tell the layers of files that can be sources from what cannot."""
    found: list[_Found] = []
    unplaced: list[tuple[str, str]] = []
    inside: dict[str, int] = {}
    rows: list[dict[str, Any]] = [dict(row) for row in reading.report.to_dict("records")]  # type: ignore[arg-type]
    for row in rows:
        archive = _archive_of(root, str(row["file"]))
        if archive is not None:
            inside[archive] = inside.get(archive, 0) + 1
    for row in rows:
        name, key = str(row["file"]), str(row["key"])
        shown = key or name
        archive = _archive_of(root, name)
        frame = reading.layers.get(key)
        if row["error"] or frame is None:
            if row["error"]:
                unplaced.append((shown, str(row["error"]).removeprefix(name).lstrip(":： ")))
        elif archive is not None and inside[archive] > 1:
            unplaced.append((shown, tr("is one of several in an archive; unpack it")))
        elif not isinstance(frame, gpd.GeoDataFrame):
            unplaced.append((shown, tr("no positions, so it is a table and not a layer")))
        else:
            each, why = _placed(root / (archive or name), str(row["layer"]), frame, row, shown)
            found += [each] if each is not None else []
            unplaced += [(shown, why)] if each is None else []
    return found, unplaced


def _archive_of(root: Path, name: str) -> str | None:
    """Return the archive that a file is in; None where it lies in the folder itself."""
    parts = name.split("/")
    for at in range(1, len(parts)):
        path = "/".join(parts[:at])
        if (root / path).is_file() and is_archive(root / path):
            return path
    return None


def _placed(
    file: Path, layer: str, frame: gpd.GeoDataFrame, row: dict[str, Any], shown: str
) -> tuple[_Found | None, str]:
    """Tell which layer of the catalogue a layer is: as `read_folder` guesses, or else by its name."""
    if row["spec"]:
        spec = spec_of(str(row["spec"]))
        return _Found(file, layer, spec, frame, str(row["evidence"])), ""
    kinds = set(frame.geom_type.dropna())
    named = [each for each in CATALOGUE.values() if each.title in shown and kinds <= each.geometry and kinds]
    longest = max((len(each.title) for each in named), default=0)
    named = [each for each in named if len(each.title) == longest]
    if len(named) != 1:
        return None, str(row["evidence"])
    spec = named[0]
    codes = [str(name) for name in frame if _CODE_NAME.search(str(name)) and _is_key(frame[name])]
    if len(codes) != 1:
        return None, tr(
            "is called {title}, but which of its columns is {code} does not show: {columns}",
            title=spec.title,
            code=spec.code,
            columns=", ".join(str(name) for name in frame if name != "geometry"),
        )
    typed = as_spec(frame, spec, file.name, report_of(frame))
    typed = typed.rename(columns={codes[0]: spec.code}) if spec.code not in typed else typed
    typed.attrs = frame.attrs
    evidence = tr("is called {title}, and {column} tells its rows apart", title=spec.title, column=codes[0])
    return _Found(file, layer, spec, typed, evidence, {spec.code: codes[0]}), ""


def _is_key(values: pd.Series) -> bool:
    return bool(len(values) and values.notna().all() and values.is_unique)


def _grouped(found: Sequence[_Found]) -> list[list[_Found]]:
    """Put together the files that are read alike: of the same layer, sheet, columns, system and datum."""
    groups: dict[tuple[Any, ...], list[_Found]] = {}
    for each in found:
        report = report_of(each.frame)
        columns = _columns_of(each)
        guessed = "" if report.crs_from in ("file", "format") else str(report.crs)
        named = (columns.get(each.spec.code, ""), columns.get("lon", ""))
        key = (each.spec.name, _own_layer(each), named, guessed, str(report.datum.get("source", "")))
        groups.setdefault(key, []).append(each)
    return [sorted(group, key=lambda each: str(each.file)) for group in groups.values()]


def _own_layer(each: _Found) -> str:
    """Return the sheet or table, where the file has such a thing."""
    if not is_readable(each.file):  # an archive, with a single layer in it
        return ""
    form = format_of(each.file)
    return each.layer if form.kind in ("workbook", "geodatabase") or form.title == "GPKG" else ""


def _columns_of(each: _Found) -> dict[str, str]:
    """Return which column of the file each of the layer's is, where their names differ."""
    report = report_of(each.frame)
    fields = {one.name for one in each.spec.fields}
    named = {name: given for given, name in report.renamed.items() if name in fields and given != name}
    named |= each.said
    if {"east", "north"} <= set(report.coordinates):
        named |= {"lon": report.coordinates["east"], "lat": report.coordinates["north"]}
    return named


def _source_of(
    group: list[_Found], root: Path, home: str, base: Path, others: Iterable[Path]
) -> tuple[Source | None, Noted | None, list[tuple[str, str]]]:
    """Make a source of files that are read alike, and try it on the newest; what to tell of it besides."""
    newest = max(group, key=lambda each: (edition_of(each.file, root), str(each.file)))
    spec, report = newest.spec, report_of(newest.frame)
    all_columns = [_columns_of(each) for each in group]
    columns = {
        name: given
        for name, given in _columns_of(newest).items()
        if all(one.get(name) == given for one in all_columns)
    }
    files = _patterns(sorted({each.file for each in group}), root, home, {*others})
    kind = format_of(newest.file).kind if is_readable(newest.file) else ""
    own = _own_layer(newest)
    dated = any(DAY.search(part) for each in group for part in each.file.relative_to(root).parts)
    guessed = report.crs is not None and report.crs_from not in ("file", "format", "none", "")
    values, odd = _values_of(group)
    source = Source(
        layer=spec.name,
        files=files,
        sheet=own if kind == "workbook" else "",
        table=own if kind in ("vector", "geodatabase") else "",
        key=_key_of(newest),
        complete=_is_complete(group, root),
        edition="folder" if dated else "file",
        crs=str(report.crs) if guessed else "",
        datum=str(report.datum.get("source", "")),
        columns=columns,
        values=values,
    )
    lacking = [one for one in spec.fields if one.required and one.name not in newest.frame]
    taken = {one.name for one in spec.fields} | {*report.coordinates.values()}
    spare = [str(name) for name in newest.frame if str(name) not in taken]
    noted = Noted(
        title=spec.title,
        count=len(group),
        rows=len(newest.frame),
        evidence=newest.evidence,
        encoding=report.encoding if kind == "text" or ending_of(newest.file) == ".shp" else "",
        crs=report.crs or "",
        crs_from=report.crs_from,
        datum_from=str(report.datum.get("declared_by", "")),
        lacking=tuple(one.name for one in lacking),
        spare=tuple(name for name in spare if name != newest.frame.active_geometry_name),
        odd=odd,
        repeated=_repeated(newest, source.key),
    )
    return _tried(source, noted, newest, base)


def _tried(
    source: Source, noted: Noted, newest: _Found, base: Path
) -> tuple[Source | None, Noted | None, list[tuple[str, str]]]:
    """Read the newest file by a source as it was made; without its columns, if it must be."""
    city = City(path=base / "city.toml", workspace=base / "city.gpkg", history=base)
    reason = ""
    for each in (source, replace(source, columns=dict(newest.said))):
        try:
            read_file(city, each, newest.file)
        except ZjkGisError as error:
            reason = str(error)
            continue
        return each, noted, []
    return None, None, [(newest.file.name, reason)]


def _patterns(files: Sequence[Path], root: Path, home: str, others: set[Path]) -> tuple[str, ...]:
    """Return the fewest patterns that match these files, whatever the day in their names, and no others."""
    found: list[str] = []
    for file in files:
        parts = file.relative_to(root).parts
        general = "/".join(_any_day(part) for part in parts)
        if not {path for path in root.glob(general) if path in others} <= {*files}:
            general = "/".join(map(pattern_of, parts))
        start = (
            "/".join(part if part == ".." else pattern_of(part) for part in home.split("/"))
            if home != "."
            else ""
        )
        found.append(f"{start}/{general}" if start else general)
    return tuple(dict.fromkeys(found))


def _any_day(part: str) -> str:
    """Write a name with * for each day in it."""
    pieces, at = [], 0
    for day in DAY.finditer(part):
        pieces += [pattern_of(part[at : day.start()]), "*"]
        at = day.end()
    return re.sub(r"\*+", "*", "".join(pieces)) + pattern_of(part[at:]) if at else pattern_of(part)


def _key_of(each: _Found) -> tuple[str, ...]:
    code = each.spec.code
    if code not in each.frame:
        return (code,)
    versions = each.spec.versioned and "valid_from" in each.frame
    return (code, "valid_from") if versions and each.frame[code].duplicated().any() else (code,)


def _repeated(each: _Found, key: Sequence[str]) -> int:
    names = [name for name in key if name in each.frame]
    return int(each.frame.duplicated(names).sum()) if names else 0


def _is_complete(group: Sequence[_Found], root: Path) -> bool:
    """Tell whether a source sends all its rows each time: by what became of the last ones, or by its kind."""
    by_day: dict[Any, set[str]] = {}
    for each in group:
        if each.spec.code in each.frame:
            day = edition_of(each.file, root)
            by_day.setdefault(day, set()).update(as_text(each.frame[each.spec.code]).dropna())
    days = sorted(by_day)
    if len(days) > 1 and by_day[days[-2]]:
        return len(by_day[days[-2]] & by_day[days[-1]]) >= _MOST_KEPT * len(by_day[days[-2]])
    return "occurred_at" not in {one.name for one in group[0].spec.fields}


def _values_of(
    group: Sequence[_Found],
) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, int]]]:
    """Return the values that are no standard ones: those with a known meaning, and the others by rows."""
    meant: dict[str, dict[str, str]] = {}
    odd: dict[str, dict[str, int]] = {}
    for one in group[0].spec.fields:
        frames = [each.frame[one.name] for each in group if one.domain and one.name in each.frame]
        if not frames:
            continue
        texts = pd.concat([as_text(each) for each in frames], ignore_index=True).dropna()
        counts = texts.value_counts().sort_index()
        known = set(one.allowed())
        strangers = pd.Series([text for text in counts.index if text not in known], dtype="str")
        meanings, wrong = understood(strangers, one)
        for text, meaning, is_odd in zip(strangers, meanings, wrong, strict=True):
            if is_odd:
                odd.setdefault(one.name, {})[text] = int(counts[text])
            else:
                meant.setdefault(one.name, {})[text] = str(meaning)
    return meant, odd


def _named(found: Sequence[_Found], root: Path) -> str:
    """Return the name of the city, by the codes of its layers."""
    inside = total = 0
    for each in found:
        for one in each.spec.fields:
            if one.scheme and one.name in each.frame:
                codes = as_text(each.frame[one.name]).dropna()
                total += len(codes)
                inside += int(codes.str.startswith(_ZHANGJIAKOU).sum())
    return _NAME if inside and 2 * inside > total else root.parent.name or root.name


def _measure(frames: Sequence[gpd.GeoDataFrame]) -> tuple[str, str]:
    """Return the system to measure in, and why: by the largest of the layers that have a place."""
    for frame in sorted(frames, key=len, reverse=True):
        try:
            choice = crs_for(frame)
        except ZjkGisError:
            continue
        if choice.epsg is not None:
            return f"EPSG:{choice.epsg}", choice.reason
    return "", ""
