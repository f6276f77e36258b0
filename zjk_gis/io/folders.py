"""A folder as a bureau sends it: every file in it read, guessed at with evidence, and accounted for."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.errors import FileError, InputError, ZjkGisError
from zjk_gis.io.archives import is_archive, unpacked
from zjk_gis.io.files import as_spec, list_layers, read_layer, read_table
from zjk_gis.io.paths import existing_file, is_geodatabase, is_readable
from zjk_gis.io.tables.geometry import NoCoordinatesError, parse_crs
from zjk_gis.layers.catalogue import CATALOGUE, spec_of
from zjk_gis.layers.columns.datum_words import parse_datum
from zjk_gis.layers.excerpts import excerpt
from zjk_gis.layers.naming import fields_of
from zjk_gis.presentation import Presentation, presented
from zjk_gis.progress import track
from zjk_gis.read_report import report_of
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zjk_gis.layers.spec import LayerSpec

__all__ = ["EVERY_FILE", "FolderReading", "read_folder"]

EVERY_FILE = "*"  # in a mapping: what holds for every file that is not named

# What belongs to another file, or is of a program's own.
_SIDECARS = (
    ".dbf", ".shx", ".prj", ".cpg", ".sbn", ".sbx", ".qpj", ".qix", ".fix", ".xml", ".qml", ".qmd", ".lyr",
    ".lock", ".gpkg-wal", ".gpkg-shm", ".gpkg-journal",
)  # fmt: skip
_NOTHING = object()  # where None would mean that a layer is of no kind
_HIDDEN = (".", "~$", "__MACOSX", "Thumbs.db", "desktop.ini")
_COLUMNS = (
    "file", "layer", "key", "spec", "evidence", "rows", "encoding", "crs", "crs_from", "without_position",
    "unconverted", "remarks", "error",
)  # fmt: skip


@presented
@checked
@dataclass(frozen=True, slots=True)
class FolderReading:
    """What was found in a folder.

    Attributes
    ----------
    layers : dict of str to GeoDataFrame or DataFrame
        By the path within the folder, with ``:`` and the layer's name where a file holds several. What has no
        positions is a plain table.
    report : DataFrame
        One row a layer, and one for each file that could not be read: ``file``, ``layer``, ``key`` (empty
        where nothing was read), ``spec`` (the layer of the catalogue that it is, or empty) and ``evidence``
        for that, ``rows``, ``encoding``, ``crs`` and ``crs_from``, ``without_position`` and ``unconverted``
        (how many rows), ``remarks``, and ``error``, the reason why it was not read.
    """

    layers: dict[str, pd.DataFrame]
    report: pd.DataFrame

    def __getitem__(self, key: str) -> pd.DataFrame:
        return self.layers[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def of(self, spec: LayerSpec | str) -> list[pd.DataFrame]:
        """Return the layers that are of one kind, such as ``"unit_grids"``."""
        name = (spec_of(spec) if isinstance(spec, str) else spec).name
        keys = self.report.loc[self.report["spec"] == name, "key"]
        return [self.layers[key] for key in keys]

    def _presentation(self) -> Presentation:
        told = tr(
            "Layers read: {layers:,}. Files not read: {unread:,}.",
            layers=len(self),
            unread=int((self.report["error"] != "").sum()),
        )
        return excerpt(told, self.report, ["file", "layer", "spec", "rows", "crs", "error"])


class _Said:
    """What the caller says of the layers of a folder, and what of it was needed."""

    def __init__(
        self,
        specs: Mapping[str, Any],
        crs: Any,
        datum: str | Mapping[str, str] | None,
        leave_out: Collection[str],
    ) -> None:
        self._by_file = {
            "leave_out": dict.fromkeys(leave_out, True),
            "specs": specs,
            "crs": crs if _is_by_file(crs) else {},
            "datum": {} if datum is None or isinstance(datum, str) else datum,
        }
        self._of_all = {
            "crs": None if _is_by_file(crs) else crs,
            "datum": datum if isinstance(datum, str) else None,
        }
        self._used: set[tuple[str, str]] = set()

    def of(self, names: tuple[str, ...]) -> tuple[Any, str | None, Any]:
        """Return the system, the datum and the kind said of a layer under the first of its names."""
        found = {}
        for option, said in self._by_file.items():
            known = [name for name in dict.fromkeys(names) if name in said]
            self._used |= {(option, name) for name in known}
            found[option] = (
                said[known[0]] if known else said.get(EVERY_FILE, self._of_all.get(option, _NOTHING))
            )
        return found["crs"], found["datum"], found["specs"]

    def leaves_out(self, names: tuple[str, ...]) -> bool:
        """Tell whether a layer or file, of these names, is not to be read; what is said of it is of use."""
        self.of(names)
        return names[0] in self._by_file["leave_out"]

    def unknown(self) -> list[tuple[str, str]]:
        """Return the options and names that no layer has."""
        said = {(option, name) for option, names in self._by_file.items() for name in names}
        return sorted(each for each in said - self._used if each[1] != EVERY_FILE)


def _is_by_file(crs: Any) -> bool:
    """Tell systems by file from one that is written as parameters of PROJ or as PROJJSON."""
    return isinstance(crs, Mapping) and not {"proj", "init", "type"} & set(crs)


@checked
def read_folder(
    path: str | os.PathLike[str],
    *,
    specs: Mapping[str, LayerSpec | str | None] | None = None,
    crs: Any | Mapping[str, Any] = None,
    datum: str | Mapping[str, str] | None = None,
    leave_out: Collection[str] = (),
    progress: bool | None = None,
) -> FolderReading:
    r"""Read every layer in a folder, and tell of each what it is taken for and why.

    Parameters
    ----------
    path : str or path
        A folder, with folders and .zip archives in it, or an archive.
    specs : mapping of str to LayerSpec or str, optional
        What layers are, where the guess is wrong; None for none. A layer is named by its key (see
        `FolderReading`), a file by its path in the folder or its name alone, every other one by ``"*"``.
    crs : optional, or mapping of str to it
        The system of the coordinates in files that do not say, as for `read_layer`: of all of them, or by
        what they are called, as in `specs`.
    datum : str or mapping of str to str, optional
        The datum of all positions, as for `read_layer`, or of those in some files, as in `specs`.
    leave_out : collection of str
        What is not read: layers by their keys, files by their paths in the folder.
    progress : bool, optional
        Whether to show a bar; by default where somebody watches.

    Returns
    -------
    FolderReading
        A file that cannot be read stops nothing: its reason stands in the report.

    Raises
    ------
    FileError
        If there is no such folder, or an archive is hostile or damaged and it is all there is to read.
    InputError
        If `path` is a single file, `specs`, `crs`, `datum` or `leave_out` names a layer or file that is
        not there, or a datum or system is unknown.

    Notes
    -----
    A layer is taken for one of the catalogue if it has that layer's column of codes under any of its names,
    its geometry is of the right type, and no other layer of the catalogue fits as well; the file's name and
    the other columns decide between several. Links are not followed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     grids = Path(folder, "网格表.csv")
    ...     _ = grids.write_text("案件编号,经度,纬度\n001,114.88,40.82\n", "utf-8")
    ...     _ = Path(folder, "说明.docx").write_bytes(b"PK")
    ...     found = read_folder(folder)
    >>> found.report[["key", "spec", "rows"]].to_numpy().tolist()
    [['网格表.csv', 'incidents', 1], ['', '', 0]]
    """
    root = Path(os.path.abspath(path)) if isinstance(path, str | os.PathLike) else Path()  # noqa: PTH100
    if is_geodatabase(root):
        raise InputError(
            tr(
                "{root}: is a File Geodatabase; read_layer reads its layers, or name the folder it lies in",
                root=root,
            )
        )
    said = _Said(specs or {}, crs, datum, leave_out)
    for name in [datum] if isinstance(datum, str) else (datum or {}).values():
        parse_datum(name)
    for each in crs.values() if _is_by_file(crs) else [crs]:
        parse_crs(each)
    found = FolderReading({}, pd.DataFrame(columns=list(_COLUMNS)))
    rows: list[dict[str, Any]] = []
    if root.is_dir():
        _read_all(root, "", found.layers, rows, said, progress)
    else:
        archive = existing_file(path)
        if not is_archive(archive):
            raise InputError(
                tr(
                    "{archive}: is neither a folder nor a .zip archive; read a single file with read_layer",
                    archive=archive,
                )
            )
        _read_archive(archive, "", found.layers, rows, said, progress)
    for option, unknown in said.unknown():
        raise InputError(
            tr(
                "{option}: there is no layer or file {unknown!r}; the layers are {value}",
                option=option,
                unknown=unknown,
                value=", ".join(found.layers) or "none",
            )
        )
    report = pd.DataFrame(rows, columns=list(_COLUMNS))
    return FolderReading(found.layers, report)


def _read_archive(
    archive: Path,
    prefix: str,
    layers: dict[str, pd.DataFrame],
    rows: list[dict[str, Any]],
    said: _Said,
    progress: bool | None,
) -> None:
    remarks: list[str] = []
    with unpacked(archive, remarks) as folder:
        if remarks:
            rows.append(_row(prefix.rstrip("/") or archive.name, "", remarks="; ".join(remarks)))
        _read_all(folder, prefix, layers, rows, said, progress)


def _read_all(
    root: Path,
    prefix: str,
    layers: dict[str, pd.DataFrame],
    rows: list[dict[str, Any]],
    said: _Said,
    progress: bool | None,
) -> None:
    """Read all files below a folder, in the order of their names."""
    files = sorted(_files(root), key=lambda file: file.relative_to(root).as_posix())
    for file in track(files, title=tr("reading"), show=progress):
        told = prefix + file.relative_to(root).as_posix()
        try:
            if said.leaves_out((told, file.name)):
                continue
            if file.is_symlink():
                raise FileError(tr("{told}: is a link, which is not followed; copy the file here", told=told))
            if is_archive(file):
                _read_archive(file, f"{told}/", layers, rows, said, False)
            else:
                _read_file(file, told, layers, rows, said)
        except ZjkGisError as error:
            reason = str(error).replace(str(root) + os.sep, prefix)
            rows.append(_row(told, "", error=reason))


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        bases = [name for name in folders if is_geodatabase(Path(folder, name))]
        folders[:] = sorted(name for name in folders if not name.startswith(_HIDDEN) and name not in bases)
        for name in [*bases, *names]:
            file = Path(folder, name)
            if not name.startswith(_HIDDEN) and not name.lower().endswith(_SIDECARS):
                yield file


def _read_file(
    file: Path,
    told: str,
    layers: dict[str, pd.DataFrame],
    rows: list[dict[str, Any]],
    said: _Said,
) -> None:
    """Read each layer of a file."""
    if not is_readable(file):
        raise InputError(
            tr("{told}: the ending {suffix!r} is not a known format", told=told, suffix=file.suffix)
        )
    said.of((told, file.name))  # a file that cannot be opened is there all the same
    names = list_layers(file)
    if not names:
        raise FileError(tr("{told}: holds no layer", told=told))
    for name in names:
        key = told if len(names) == 1 else f"{told}:{name}"
        if said.leaves_out((key, told, file.name)):
            continue
        try:
            crs, datum, given = said.of((key, told, file.name))
            frame = _read(file, name, crs, datum)
            spec, evidence = guess_spec(frame, f"{told} {name}")
            if given is not _NOTHING:
                spec = spec_of(given) if isinstance(given, str) else given
                evidence = tr("as the caller says")
            report = report_of(frame)
            if spec is not None:
                frame = as_spec(frame, spec, file.name, report)
        except ZjkGisError as error:
            rows.append(_row(told, name, error=str(error).replace(str(file), told)))
            continue
        frame.attrs["report"] = replace(report, path=told)
        layers[key] = frame
        rows.append(
            _row(
                told,
                name,
                key=key,
                spec="" if spec is None else spec.name,
                evidence=evidence,
                rows=len(frame),
                encoding=report.encoding,
                crs=report.crs or "",
                crs_from=report.crs_from,
                without_position=sum(map(len, report.without_position.values())),
                unconverted=sum(map(len, report.unconverted.values())),
                remarks=tr("; ").join(report.remarks),
            )
        )


def _read(file: Path, layer: str, crs: Any, datum: str | None) -> pd.DataFrame:
    """Read a layer, or a table where there are no positions."""
    try:
        frame: pd.DataFrame = read_layer(file, layer=layer, crs=crs, datum=datum)
        return frame
    except NoCoordinatesError:
        table: pd.DataFrame = read_table(file, layer=layer)
        report_of(table).remarks.append(
            tr("{name}: no columns of coordinates; read as a table", name=file.name)
        )
        return table


def guess_spec(frame: pd.DataFrame, name: str) -> tuple[LayerSpec | None, str]:
    """Guess what a layer is, from its columns, its geometry and its name; say by what.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame
    name : str
        Of the file and the layer.

    Returns
    -------
    LayerSpec or None
        None where nothing fits, or several fit as well.
    str
        The evidence.

    Examples
    --------
    >>> guess_spec(pd.DataFrame({"责任区编码": ["A"], "路长": ["甲"]}), "表1")[1]
    'no geometry'
    """
    if not isinstance(frame, gpd.GeoDataFrame):
        return None, tr("no geometry")
    kinds = set(frame.geom_type.dropna())
    scores: list[tuple[int, int, LayerSpec]] = []
    for spec in CATALOGUE.values():
        fields = fields_of(frame, spec)
        if spec.code in fields and kinds <= spec.geometry:
            is_named = spec.title in name or spec.name in name.lower()
            scores.append((int(is_named), len(fields), spec))
    if not scores:
        return None, tr("no layer of the catalogue has a column of codes among these columns")
    scores.sort(key=lambda score: score[:2], reverse=True)
    named, count, best = scores[0]
    if len(scores) > 1 and scores[1][:2] == (named, count):
        first, last = (spec.name for *_, spec in scores[:2])
        return None, tr("fits {first} and {last} as well; say which with specs=", first=first, last=last)
    if named:
        return best, tr("has its codes, {count} of its columns and its name", count=count)
    return best, tr("has its codes, {count} of its columns", count=count)


def _row(file: str, layer: str, **told: Any) -> dict[str, Any]:
    empty = dict.fromkeys(_COLUMNS, "")
    return {**empty, "rows": 0, "without_position": 0, "unconverted": 0, "file": file, "layer": layer, **told}
