"""`City`: one city file, read and checked."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from zjk_gis.arguments import checked
from zjk_gis.errors import FileError, ZjkGisError
from zjk_gis.io import list_layers
from zjk_gis.layers.labels import label
from zjk_gis.presentation import Presentation, presented
from zjk_gis.words import language, tr
from zjk_gis.workspace.addresses import is_address
from zjk_gis.workspace.city_file import parsing
from zjk_gis.workspace.city_file.editions import correction_in
from zjk_gis.workspace.city_file.faults import Faults, refusal
from zjk_gis.workspace.city_file.own_tables import duties_of, tables_of
from zjk_gis.workspace.city_file.sections import Coordinates, PublicLots, Publish, Rules, Source, Weights
from zjk_gis.workspace.city_file.table import Table
from zjk_gis.workspace.city_file.toml_text import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd

    from zjk_gis.workspace.city_file.sections import Contact, Deadline, Duty

__all__ = ["ASIDE_BOOK", "City", "city_of", "is_own", "workspace_of"]

ASIDE_BOOK = "待改正.xlsx"  # beside the city file: what a weekly run sets aside

_ENDING = ".toml"
_WORKSPACE, _HISTORY = "city.gpkg", "history"
_NOT_SENT = ("~$", "._")  # what Excel lays beside a workbook that is open, and macOS beside any file


@presented
@checked
@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """What a city file (``city.toml``) says: where the files are, how they are read, thresholds and duties.

    It stands wherever a city is asked for, in place of the path of a workspace.

    Parameters
    ----------
    path : Path
        Of the city file.
    name : str
        Of the city, as titles have it.
    workspace : Path or str
        The GeoPackage where the layers are kept, or the address of a PostGIS schema.
    history : Path
        The folder with the record of each run.
    coordinates : Coordinates
    sources : tuple of Source
        In the order of the file.
    rules : Rules
    thresholds : mapping of str to float
        Those that the file sets; of the others the library's own count.
    duties : tuple of Duty
    deadlines : tuple of Deadline
    weights : Weights
    public_lots : PublicLots
    contacts : mapping of str to Contact
        By the code of the street.
    publish : Publish

    Notes
    -----
    What comes first, where several say how a file is to be read:

    1. an option of the call;
    2. the city file;
    3. what the workspace remembers;
    4. the file's own evidence.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> text = '''
    ... [city]
    ... name = "示例市"
    ... [[source]]
    ... layer = "责任区"
    ... files = "收件/*/责任区.shp"
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "city.toml")
    ...     _ = path.write_text(text, encoding="utf-8")
    ...     city = City.read(path)
    >>> city.name, city.sources[0].layer, city.sources[0].key
    ('示例市', 'responsibility_zones', ('zone_code',))
    """

    path: Path
    name: str = ""
    workspace: Path | str
    history: Path
    coordinates: Coordinates = field(default_factory=Coordinates)
    sources: tuple[Source, ...] = ()
    rules: Rules = field(default_factory=Rules)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    duties: tuple[Duty, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    weights: Weights = field(default_factory=Weights)
    public_lots: PublicLots = field(default_factory=PublicLots)
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    publish: Publish = field(default_factory=Publish)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> City:
        """Read a city file and check all of it.

        Parameters
        ----------
        path : str or path
            In UTF-8, with or without a mark at its beginning; UTF-16 and GB18030 are read as well.

        Returns
        -------
        City
            Paths lead from the file's folder. They stay in it unless ``[city]`` says ``outside = true``.

        Raises
        ------
        FileError
            If there is no such file, or it is not text.
        CityFileError
            If anything in it is wrong; the message lists everything, each with its line.
        """
        source = Path(path)
        values, lines = read_toml(source)
        faults = Faults(lines)
        city = _city_of(source.resolve(), Table(values, (), faults))
        if faults.found:
            raise refusal(source, faults.found)
        return city

    def __fspath__(self) -> str:
        """Return the path of the city file."""
        return str(self.path)

    @property
    def folder(self) -> Path:
        """The folder of the city file, from which all paths lead."""
        return self.path.parent

    def files_of(self, source: Source) -> list[Path]:
        """Return the files that are there of a source, by name.

        A file without the source's table or sheet is none of its files, if all that the file holds is what
        other sources take from it: a delivery of this week need not hold every layer.

        Examples
        --------
        >>> city = City(path=Path("nowhere/city.toml"), workspace=Path("city.gpkg"), history=Path("history"))
        >>> city.files_of(Source(layer="roads", files=("roads*.shp",)))
        []
        """
        found = self._matched(source)
        self._refuse_leading_out(found)
        part = _part_of(source)
        lacking = {path: held for path in found if part and (held := _held(path)) and part not in held}
        if not lacking:
            return found
        taken: dict[Path, set[str]] = {path: set() for path in lacking}
        for each in self.sources:
            for path in lacking.keys() & set(self._matched(each)):
                taken[path].add(_part_of(each))
        return [path for path in found if path not in lacking or not lacking[path] <= taken[path]]

    def _matched(self, source: Source) -> list[Path]:
        """Return the files that match a source's patterns, and those whose names say that they correct one.

        A correction that the pattern of another source names is a file of that one.
        """
        found, corrections = self._named(source), self._corrections(source)
        if corrections - found:
            others = (each for each in self.sources if each is not source)
            found |= corrections.difference(*(self._named(each) for each in others))
        return sorted(found)

    def _named(self, source: Source) -> set[Path]:
        found = {path for base, parts in self._patterns(source) for path in _globbed(base, parts)}
        return {path for path in found if not is_own(self, path)}

    def _corrections(self, source: Source) -> set[Path]:
        """Return the files that would match a source's patterns if their names did not tell a correction."""
        found = set()
        for base, parts in self._patterns(source):
            *folders, last = parts.split("/")
            stem, dot, ending = last.rpartition(".") if "." in last else (last, "", "")
            if stem.endswith("*"):  # which it would match as it is
                continue
            for path in _globbed(base, "/".join([*folders, f"{stem}*{dot}{ending}"])):
                name, marks = correction_in(path.stem)
                if marks and fnmatchcase(name + path.suffix, last) and not is_own(self, path):
                    found.add(path)
        return found

    def _patterns(self, source: Source) -> Iterator[tuple[Path, str]]:
        """Yield each pattern of a source: from which folder it leads, and the rest."""
        for pattern in source.files:
            plain = Path(pattern.replace("\\", "/"))
            base = Path(plain.anchor) if plain.is_absolute() else self.folder
            yield (
                base,
                plain.relative_to(plain.anchor).as_posix() if plain.is_absolute() else plain.as_posix(),
            )

    def _refuse_leading_out(self, paths: Iterable[Path]) -> None:
        """Refuse what seems to lie in the city's folder but is a link that leads out of it."""
        for path in paths:
            lies_inside = path.is_relative_to(self.folder)
            # Unlike `resolve`, which raises where links lead in a circle.
            own = Path(os.path.realpath(path))
            if lies_inside and not own.is_relative_to(os.path.realpath(self.folder)):
                raise FileError(
                    tr(
                        "{path}: is a link that leads out of the city's folder, and is not followed; copy "
                        "the file here, or write its own place in files",
                        path=path,
                    )
                )

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """What the file says of the tables that ship, as every function takes them with ``tables=``.

        ``deadlines``, ``score_weights``, ``risk_weights`` and ``limits``, each if the file sets any of it.
        """
        return tables_of(self)

    @property
    def duty_table(self) -> pd.DataFrame | None:
        """The duties as `zjk_gis.responsibility.who_handles` takes them; None where the file has none."""
        return duties_of(self)

    def _presentation(self) -> Presentation:
        told = tr(
            "The city file {path} of {name}: {count} sources.",
            path=self.path.name,
            name=self.name or tr("a city without a name"),
            count=len(self.sources),
        )
        rows = [(each.layer, ", ".join(each.files), len(self.files_of(each))) for each in self.sources]
        return Presentation(
            told, [label(name, language()) for name in ("layer", "source_files", "files_found")], rows
        )


def is_own(city: City, path: Path) -> bool:
    """Tell whether a file is none that was sent: the runs write it, or it only tells that one is open.

    Examples
    --------
    >>> city = City(path=Path("city.toml"), workspace=Path("city.gpkg"), history=Path("history"))
    >>> is_own(city, Path("history/0001/a.gpkg")), is_own(city, Path("~$案件.xlsx"))
    (True, True)
    """
    written = [city.history, city.folder / ASIDE_BOOK]
    written += [Path(city.workspace)] if not is_address(city.workspace) else []
    written += [city.publish.folder] if city.publish.folder is not None else []
    return path.name.startswith(_NOT_SENT) or any(
        path == each or path.is_relative_to(each) for each in written
    )


def _globbed(base: Path, parts: str) -> Iterator[Path]:
    for path in base.glob(parts):
        yield Path(os.path.normpath(path))


def _part_of(source: Source) -> str:
    """Return which part of a file a source is: a table or sheet; nothing where it is the only one."""
    return source.table or source.sheet


def _held(path: Path) -> frozenset[str]:
    """Return the tables or sheets of a file; none where it cannot be read, which reading tells."""
    try:
        state = path.stat()
        return _held_at(path, state.st_size, state.st_mtime_ns)
    except (OSError, ZjkGisError):
        return frozenset()


@lru_cache(maxsize=1024)
def _held_at(path: Path, _size: int, _changed: int) -> frozenset[str]:
    return frozenset(list_layers(path))


def city_of(target: object) -> City | None:
    """Return the city file that a target is or names by a path with its ending; None for anything else.

    Raises
    ------
    FileError, CityFileError
        As `City.read` does.

    Examples
    --------
    >>> city_of("city.gpkg") is None, city_of("postgresql://server/zjk") is None
    (True, True)
    """
    if isinstance(target, City):
        return target
    if is_address(target) or not isinstance(target, str | os.PathLike):
        return None
    path = os.fspath(target)
    return City.read(path) if isinstance(path, str) and path.lower().endswith(_ENDING) else None


def workspace_of(target: str | os.PathLike[str]) -> str | os.PathLike[str]:
    """Return where the layers of a city are kept: what its file says, or the target itself."""
    city = city_of(target)
    return target if city is None else city.workspace


def _city_of(path: Path, table: Table) -> City:
    """Read all sections of a city file."""
    top = table.table("city")
    if "city" not in table:
        table.lacks("[city]", tr("the section with the city's name and its workspace"))
    outside = top.flag("outside", default=False)
    place_of = parsing.path_reader(path.parent, outside=outside)
    workspace: Path | str | None = top.text("workspace")
    if not is_address(workspace):
        workspace = place_of(top, "workspace")
    named = [parsing.read_source(each, outside=outside) for each in table.tables("source")]
    city = City(
        path=path,
        name=top.text("name"),
        workspace=workspace or path.parent / _WORKSPACE,
        history=place_of(top, "history") or path.parent / _HISTORY,
        coordinates=parsing.read_coordinates(table.table("coordinates")),
        sources=tuple(each for each in named if each is not None),
        rules=parsing.read_rules(table.table("rules")),
        thresholds=parsing.read_thresholds(table.table("thresholds")),
        duties=parsing.read_duties(table.table("duties")),
        deadlines=parsing.read_deadlines(table.table("deadlines")),
        weights=parsing.read_weights(table.table("weights")),
        public_lots=parsing.read_lots(table.table("public_lots")),
        contacts=parsing.read_contacts(table.table("contacts")),
        publish=parsing.read_publish(table.table("publish"), place_of),
    )
    top.close()
    table.close()
    return city
