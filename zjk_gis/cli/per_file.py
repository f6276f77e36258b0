"""What is said of all files of a command, or of one: `--crs EPSG:4547`, `--crs 井盖.csv=EPSG:4547`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zjk_gis.errors import InputError
from zjk_gis.io.archives import is_archive
from zjk_gis.io.folders import EVERY_FILE
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["PerFile"]

# A system may be written with = itself: "+proj=utm +zone=50", or as WKT or JSON.
_ONE_FILE = re.compile(r"(?s)([^=+{\[][^={\[]*)=(.+)")


@dataclass(frozen=True, slots=True)
class PerFile:
    """What `--as`, `--crs` and `--datum` say: of all files, and of some by name.

    Attributes
    ----------
    kind, crs, datum : str or None
        Of all files of which nothing else is said.
    kinds, systems, datums : dict of str to str
        By the name of a file, its path, or either with ``:`` and the name of a layer.
    """

    kind: str | None
    crs: str | None
    datum: str | None
    kinds: dict[str, str]
    systems: dict[str, str]
    datums: dict[str, str]

    @classmethod
    def read(
        cls, paths: Iterable[Path], kinds: Iterable[str], systems: Iterable[str], datums: Iterable[str]
    ) -> PerFile:
        """Read the values of the options.

        Parameters
        ----------
        paths : iterable of Path
            Of the files and folders that the command was given.
        kinds, systems, datums : iterable of str
            Each value, or FILE=VALUE.

        Raises
        ------
        InputError
            If one thing is said twice, a kind is none of the catalogue, or a file is not among the paths.

        Examples
        --------
        >>> from pathlib import Path
        >>> said = PerFile.read([Path("井盖.csv")], [], ["EPSG:4490", "井盖.csv=EPSG:4547"], [])
        >>> said.of(Path("井盖.csv"))[1], said.of(Path("案件.csv"))[1]
        ('EPSG:4547', 'EPSG:4490')
        """
        kind, of_kinds = _split("--as", kinds)
        crs, of_systems = _split("--crs", systems)
        datum, of_datums = _split("--datum", datums)
        _check_names(list(paths), {"--as": of_kinds, "--crs": of_systems, "--datum": of_datums})
        of_kinds = {name: spec_of(each).name for name, each in of_kinds.items()}
        return cls(None if kind is None else spec_of(kind).name, crs, datum, of_kinds, of_systems, of_datums)

    def of(self, file: Path, layer: str = "") -> tuple[str | None, str | None, str | None]:
        """Return the kind, the system and the datum said of a file, or of a layer of it."""
        names = _names_of(file)
        names = [*(f"{name}:{layer}" for name in names), *names]
        return (
            _first(self.kinds, names, self.kind),
            _first(self.systems, names, self.crs),
            _first(self.datums, names, self.datum),
        )

    def in_folder(self, folder: Path) -> dict[str, Any]:
        """Return the arguments of `zjk_gis.io.read_folder`: what is said of all, and of its files."""
        inside = _names_inside(folder)

        def about(said: Mapping[str, str], of_all: str | None) -> dict[str, str]:
            here = {name: each for name, each in said.items() if inside is None or _file_of(name) in inside}
            return here if of_all is None else {EVERY_FILE: of_all, **here}

        return {
            "specs": about(self.kinds, None),
            "crs": about(self.systems, self.crs),
            "datum": about(self.datums, self.datum),
        }


def _split(option: str, values: Iterable[str]) -> tuple[str | None, dict[str, str]]:
    """Tell what is said of all from what is said of one file."""
    of_all: str | None = None
    by_file: dict[str, str] = {}
    for value in values:
        found = _ONE_FILE.fullmatch(value)
        if (found is None and of_all is not None) or (found is not None and found[1] in by_file):
            raise InputError(
                tr(
                    "{option} {value}: is given twice; say it once, of a single file as FILE=VALUE",
                    option=option,
                    value=value,
                )
            )
        if found is None:
            of_all = value
        else:
            by_file[found[1]] = found[2]
    return of_all, by_file


def _first(said: Mapping[str, str], names: Iterable[str], of_all: str | None) -> str | None:
    return next((said[name] for name in names if name in said), of_all)


def _names_of(file: Path) -> list[str]:
    return list(dict.fromkeys([str(file), file.as_posix(), file.name]))


def _file_of(name: str) -> str:
    """Return a name without that of a layer: ``city.gpkg`` of ``city.gpkg:grids``."""
    file, _, layer = name.rpartition(":")
    return file if file and not set(layer) & set("/\\") else name


def _names_inside(folder: Path) -> set[str] | None:
    """Return the paths and names of the files in a folder; None where an archive may hold any."""
    if not folder.is_dir():
        return None
    files = [each for each in folder.rglob("*") if not each.is_symlink()]
    if any(each.is_file() and is_archive(each) for each in files):
        return None
    return {name for each in files for name in (each.relative_to(folder).as_posix(), each.name)}


def _check_names(paths: list[Path], said: Mapping[str, Mapping[str, str]]) -> None:
    """Refuse what is said of a file that the command was not given, before anything is done."""
    known: set[str] = set()
    for path in paths:
        inside = _names_inside(path) if path.is_dir() or path.suffix.lower() == ".zip" else set()
        if inside is None:
            return  # read_folder looks into the archive, and refuses what is not there
        known |= inside | set(_names_of(path))
    for option, by_file in said.items():
        unknown = next((name for name in by_file if not {name, _file_of(name)} & known), None)
        if unknown is not None:
            raise InputError(
                tr(
                    "{option}: there is no file {unknown} among {paths}",
                    option=option,
                    unknown=unknown,
                    paths=listed(paths),
                )
            )
