"""The contents of a GeoPackage, asked of SQLite itself."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from zjk_gis.io.paths import blamed_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = [
    "geopackage_layers",
    "geopackage_numbers",
    "geopackage_rows",
    "names_apart",
    "quoted",
    "versioned_layers",
]

# Where QGIS keeps its symbols, and a workspace its catalogue; never layers of the city.
_VERSIONS = "zjk_versions"
_NO_LAYERS = ("layer_styles", _VERSIONS)
_CATALOGUE = ("sqlite_master", "gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys")


def geopackage_layers(path: Path) -> list[str]:
    """Return the layers and tables of a GeoPackage, in the order of its catalogue.

    The catalogue is read whole: where its bytes are damaged GDAL quotes them in its errors, and Fiona 1.10
    takes the process down over a quotation that is no UTF-8.

    Raises
    ------
    FileError
        If the catalogue is damaged or missing.
    """
    with blamed_on(path), closing(_connect(path)) as database:
        for table in _CATALOGUE:
            database.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - a constant
        found = database.execute(
            "SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes')"
        ).fetchall()
    return [str(name) for (name,) in found if name not in _NO_LAYERS]


def geopackage_rows(path: Path, layer: str) -> int:
    """Count the rows of a layer, whatever the file says of their number.

    Raises
    ------
    FileError
        If its table is missing or damaged.
    """
    with blamed_on(path), closing(_connect(path)) as database:
        counted = database.execute(f"SELECT count(*) FROM {quoted(layer)}").fetchone()  # noqa: S608
    return int(counted[0])


def geopackage_numbers(path: Path, layer: str, columns: Sequence[str]) -> list[list[int | None]]:
    """Read columns of whole numbers as they stand, in the order in which GDAL reads the rows.

    Raises
    ------
    FileError
        If the table cannot be read.
    """
    names = ", ".join(map(quoted, columns))
    with blamed_on(path), closing(_connect(path)) as database:
        known = database.execute("SELECT 1 FROM sqlite_master WHERE name = ? AND type = 'table'", [layer])
        order = "ORDER BY rowid" if known.fetchone() else ""  # a view has none, nor an index of its own
        rows = database.execute(f"SELECT {names} FROM {quoted(layer)} {order}").fetchall()  # noqa: S608
    whole = [[value if isinstance(value, int) else None for value in row] for row in rows]
    return [list(column) for column in zip(*whole, strict=True)]


def names_apart(names: Iterable[str], *, by_case: bool) -> dict[int, str]:
    """Find the columns that bear the name of one before, and other names for them.

    Parameters
    ----------
    names : iterable of str
    by_case : bool
        Whether the format tells names apart by their case; a GeoPackage and a .dbf do not.

    Returns
    -------
    dict of int to str
        By position.

    Examples
    --------
    >>> names_apart(["state", "STATE", "名称"], by_case=False)
    {1: 'STATE_2'}
    """
    given = list(names)
    taken: set[str] = set()
    free = {name if by_case else name.casefold() for name in given}
    found: dict[int, str] = {}
    for at, name in enumerate(given):
        made, number = name, 1
        while (made if by_case else made.casefold()) in (taken if made == name else taken | free):
            number += 1
            made = f"{name}_{number}"
        taken.add(made if by_case else made.casefold())
        if made != name:
            found[at] = made
    return found


def quoted(name: str) -> str:
    """Quote a name for SQL.

    Examples
    --------
    >>> quoted('井"盖')
    '"井""盖"'
    """
    return '"' + name.replace('"', '""') + '"'


def versioned_layers(path: Path) -> set[str]:
    """Return the layers of a GeoPackage that a workspace keeps the versions of."""
    with blamed_on(path), closing(_connect(path)) as database:
        there = database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [_VERSIONS]).fetchone()
        if there is None:
            return set()
        return {str(name) for (name,) in database.execute(f"SELECT layer FROM {_VERSIONS}")}  # noqa: S608


def _connect(path: Path) -> sqlite3.Connection:
    """Connect for reading: a file that nobody writes to is read without leaving lock files beside it."""
    open_elsewhere = any(path.with_name(path.name + tail).exists() for tail in ("-wal", "-journal"))
    # Where a process was killed while writing, SQLite restores what was there, and must be able to write.
    mode = "mode=rw" if open_elsewhere and os.access(path, os.W_OK) else "immutable=1"
    return sqlite3.connect(f"{path.as_uri()}?{mode}", uri=True)
