"""The layers of a workspace in one GeoPackage.

GDAL makes each table in a file of its own, in bulk; SQLite moves it into the GeoPackage within one
transaction, together with its entry in the catalogue. A process that is killed in the middle leaves a journal
behind, from which the next one to open the file restores what was there.
"""

# ruff: noqa: S608 - every name in a query is quoted or a constant, every value bound

from __future__ import annotations

import json
import sqlite3
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.errors import FileError, WorkspaceError
from zjk_gis.io.binary_shapes import shapes_of_wkb
from zjk_gis.io.geopackage import quoted
from zjk_gis.io.paths import (
    blamed_on,
    check_content,
    existing_file,
    format_of,
    gdal_name,
    target_file,
)
from zjk_gis.words import tr
from zjk_gis.workspace.geopackage_tables import ENVELOPE_BYTES, has_table, layers_found, versions_in
from zjk_gis.workspace.geopackage_writing import GeoPackageWriting
from zjk_gis.workspace.versions import Version, as_it_lies

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from zjk_gis.workspace.conditions import Condition

__all__ = ["GeoPackageStore"]

_TIME = "strftime('%Y-%m-%dT%H:%M:%f', {column})"
# Times of a table of others may have a zone: they are read as Beijing's.
_BEIJING_TIME = (
    "CASE WHEN {column} GLOB '*[Zz]' OR substr({column}, -6) GLOB '[+-][0-9][0-9]:[0-9][0-9]' "
    "THEN strftime('%Y-%m-%dT%H:%M:%f', {column}, '+8 hours') "
    "ELSE strftime('%Y-%m-%dT%H:%M:%f', {column}) END"
)


class GeoPackageStore:
    """A workspace's layers in a GeoPackage.

    Parameters
    ----------
    path : str or path
        A file that is there, or can be made.
    wait_s : float
        How long to wait for another process that is writing.
    """

    def __init__(self, path: str | Path, *, wait_s: float) -> None:
        self.path = target_file(path, (".gpkg",))
        gdal_name(self.path)
        self.wait_s = wait_s
        self.name = str(self.path)
        if self.path.exists() and self.path.stat().st_size:
            check_content(existing_file(path), format_of(self.path))
            self.versions()  # a damaged file is told at once

    def close(self) -> None:
        """Nothing is held open between calls."""

    @contextmanager
    def _open(self, doing: str = "read") -> Iterator[sqlite3.Connection]:
        """Connect for one question or one change; what SQLite says is said of the file."""
        try:
            with blamed_on(self.path, doing), closing(self._connect()) as database:
                yield database
        except FileError as error:
            if "locked" in str(error.__cause__):
                raise WorkspaceError(
                    tr(
                        "{path}: another program is writing to it, or holds it open; try again later",
                        path=self.path,
                    )
                ) from error
            raise

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=self.wait_s, isolation_level=None)
        database.execute("PRAGMA trusted_schema = OFF")  # no function hidden in the file's views is run
        database.execute("PRAGMA cache_size = -65536")
        return database

    def versions(self) -> list[Version]:
        """Return every version that the catalogue knows, oldest first."""
        if not self.path.exists() or not self.path.stat().st_size:
            return []
        with self._open() as database:
            return versions_in(database)

    def found(self) -> list[Version]:
        """Return the layers that are there but were not written by a workspace."""
        if not self.path.exists() or not self.path.stat().st_size:
            return []
        with self._open() as database:
            return layers_found(database)

    def rows(
        self,
        version: Version,
        columns: Sequence[str],
        conditions: Sequence[Condition],
        bbox: tuple[float, float, float, float] | None,
    ) -> tuple[list[Sequence[Any]], NDArray[np.object_]]:
        """Return the values of columns, one sequence each, and the shapes, in the order of the rows."""
        tests = [f"{quoted(version.row_id)} <= ?"]
        values: list[Any] = [version.last_row]
        for condition in conditions:
            test, needed = _test(condition)
            tests.append(test)
            values += needed
        with self._open() as database:
            database.execute("BEGIN")  # what follows sees one state of the file
            version = as_it_lies(version, versions_in(database))
            if not has_table(database, version.table):
                raise WorkspaceError(
                    tr(
                        "{path}: the table {table!r} of {layer} was removed by others",
                        path=self.path,
                        table=version.table,
                        layer=version.layer,
                    )
                )
            tree = f"rtree_{version.table}_{version.geometry}"
            if bbox is not None and has_table(database, tree):
                inside = "minx <= ? AND maxx >= ? AND miny <= ? AND maxy >= ?"
                tests.append(f"{quoted(version.row_id)} IN (SELECT id FROM {quoted(tree)} WHERE {inside})")
                values += [bbox[2], bbox[0], bbox[3], bbox[1]]
            names = ", ".join(quoted(each) for each in [*columns, version.geometry])
            chosen = f"WHERE {' AND '.join(tests)} ORDER BY {quoted(version.row_id)}"
            found = database.execute(
                f"SELECT {names} FROM {quoted(version.table)} {chosen}", values
            ).fetchall()
        by_column: list[Sequence[Any]] = (
            list(zip(*found, strict=True)) if found else [()] * (len(columns) + 1)
        )
        with blamed_on(self.path):
            return by_column[:-1], shapes_of_wkb(_wkb(by_column[-1]))

    @contextmanager
    def writing(self) -> Iterator[GeoPackageWriting]:
        """Hold the file alone; everything done is kept at the end, or nothing of it."""
        # The folders of new tables go when the connection that has their files attached is closed.
        with ExitStack() as folders, self._open("written") as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield GeoPackageWriting(self.path, database, folders)
            except BaseException:
                if database.in_transaction:  # a full disk has ended it already
                    database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")


def _test(condition: Condition) -> tuple[str, list[Any]]:
    """Write a condition as SQL with places for its values, which are bound."""
    column = quoted(condition.column)
    value = column
    if condition.kind == "time":
        value = (_TIME if condition.zoned else _BEIJING_TIME).format(column=column)
    if not condition.one_of:
        ends = (("<=", condition.most), (">=", condition.least))
        tests = [f"{value} {sign} ?" for sign, end in ends if end is not None]
        return " AND ".join([f"{column} NOT NULL", *tests]), [end for _, end in ends if end is not None]
    test, needed = f"{value} IN (SELECT value FROM json_each(?))", [json.dumps(condition.values)]
    return (f"({test} OR {column} IS NULL)" if condition.missing else test), needed


def _wkb(blobs: Sequence[bytes | None]) -> NDArray[np.object_]:
    """Cut the headers off the shapes of a GeoPackage."""
    sizes = (8 + ENVELOPE_BYTES).tolist()
    bare = [None if blob is None else blob[sizes[(blob[3] >> 1) & 7] :] for blob in blobs]
    result = np.empty(len(bare), dtype=object)
    result[:] = bare
    return result
