"""The layers of a workspace in one GeoPackage.

GDAL makes each table in a file of its own, in bulk; SQLite moves it into the GeoPackage within one
transaction, together with its entry in the catalogue. A process that is killed in the middle leaves a journal
behind, from which the next one to open the file restores what was there.
"""

# ruff: noqa: S608 - every name in a query is quoted or a constant, every value bound

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.crs import without_measures
from zjk_gis.errors import FileError, InputError, WorkspaceError
from zjk_gis.io.binary_shapes import shapes_of_wkb
from zjk_gis.io.geopackage import quoted
from zjk_gis.io.geopackage_titles import describe_layer, forget_layer
from zjk_gis.io.paths import (
    blamed_on,
    check_content,
    existing_file,
    format_of,
    gdal_name,
    target_file,
    workshop,
)
from zjk_gis.words import tr
from zjk_gis.workspace.versions import KEPT, OWN, Version, archived_name, as_it_lies, declared_kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.workspace.conditions import Condition

__all__ = ["GeoPackageStore"]

_CATALOGUE = f"{OWN}versions"
_ANY_KIND = ("geometry", "unknown")
_MADE = "made"  # the name under which the file of a new table is attached
_BASE = (
    "gpkg_spatial_ref_sys",
    "gpkg_contents",
    "gpkg_geometry_columns",
    "gpkg_extensions",
    "gpkg_ogr_contents",
)
_GPKG, _VERSION = 0x47504B47, 10400  # what marks an SQLite file as a GeoPackage 1.4
_ENVELOPE_BYTES = np.array([0, 32, 48, 48, 64, 0, 0, 0])
_REFUSE = "{what} ON {table} BEGIN SELECT RAISE(ABORT, '{message}'); END"
_TIME = "strftime('%Y-%m-%dT%H:%M:%f', {column})"
# Times of a table of others may have a zone: they are read as Beijing's.
_BEIJING_TIME = (
    "CASE WHEN {column} GLOB '*[Zz]' OR substr({column}, -6) GLOB '[+-][0-9][0-9]:[0-9][0-9]' "
    "THEN strftime('%Y-%m-%dT%H:%M:%f', {column}, '+8 hours') "
    "ELSE strftime('%Y-%m-%dT%H:%M:%f', {column}) END"
)
_DTYPES = {
    "BOOLEAN": "bool", "DATE": "datetime64[ms]", "DATETIME": "datetime64[ms]", "DOUBLE": "float64",
    "FLOAT": "float64", "INT": "int64", "INTEGER": "int64", "MEDIUMINT": "int64", "REAL": "float64",
    "SMALLINT": "int64", "TINYINT": "int64",
}  # fmt: skip


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
            return _versions(database)

    def found(self) -> list[Version]:
        """Return the layers that are there but were not written by a workspace."""
        if not self.path.exists() or not self.path.stat().st_size:
            return []
        with self._open() as database:
            return _found(database)

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
            version = as_it_lies(version, _versions(database))
            if not _has(database, version.table):
                raise WorkspaceError(
                    tr(
                        "{path}: the table {table!r} of {layer} was removed by others",
                        path=self.path,
                        table=version.table,
                        layer=version.layer,
                    )
                )
            tree = f"rtree_{version.table}_{version.geometry}"
            if bbox is not None and _has(database, tree):
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
                yield GeoPackageWriting(self, database, folders)
            except BaseException:
                if database.in_transaction:  # a full disk has ended it already
                    database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")


class GeoPackageWriting:
    """One change of a GeoPackage, while nobody else writes to it."""

    def __init__(self, store: GeoPackageStore, database: sqlite3.Connection, folders: ExitStack) -> None:
        self._store = store
        self._database = database
        self._folders = folders

    def versions(self) -> list[Version]:
        """Return every version that the catalogue knows, oldest first."""
        return _versions(self._database)

    def found(self) -> list[Version]:
        """Return the layers that are there but were not written by a workspace."""
        return _found(self._database)

    def create(self, frame: gpd.GeoDataFrame, version: Version, before: Version | None) -> None:
        """Make the table of a version and fill it; the one before is put away."""
        database = self._database
        if before is not None:
            self.archive(before)
        self._make(frame, version)
        self._prepare()
        self._take_srs(version)
        objects = database.execute(
            f"SELECT type, name, sql FROM {_MADE}.sqlite_master WHERE tbl_name = ? AND sql NOT NULL",
            [version.table],
        ).fetchall()
        table = next(sql for kind, _, sql in objects if kind == "table")
        database.execute(table)
        database.execute(
            f"INSERT INTO main.{quoted(version.table)} SELECT * FROM {_MADE}.{quoted(version.table)}"
        )
        tree = f"rtree_{version.table}_{version.geometry}"
        database.execute(f"CREATE VIRTUAL TABLE main.{quoted(tree)} USING rtree(id, minx, maxx, miny, maxy)")
        for part in ("node", "parent", "rowid"):  # the tree that GDAL packed, page by page
            name = quoted(f"{tree}_{part}")
            database.execute(f"DELETE FROM main.{name}")
            database.execute(f"INSERT INTO main.{name} SELECT * FROM {_MADE}.{name}")
        for about in ("gpkg_contents", "gpkg_geometry_columns", "gpkg_extensions", "gpkg_ogr_contents"):
            database.execute(
                f"INSERT OR REPLACE INTO main.{about} SELECT * FROM {_MADE}.{about} WHERE table_name = ?",
                [version.table],
            )
        self._declare(version)
        describe_layer(database, version.table, [name for name, _ in version.columns], frame)
        for kind, _, sql in objects:
            if kind == "trigger":
                database.execute(sql)
        self._guard(version.table)

    def extend(self, frame: gpd.GeoDataFrame, before: Version, after: Version) -> None:
        """Add rows behind those that are there."""
        database, table = self._database, quoted(after.table)
        paused = database.execute(
            "SELECT name, sql FROM main.sqlite_master WHERE type = 'trigger' AND tbl_name = ?", [after.table]
        ).fetchall()
        for name, _ in paused:
            database.execute(f"DROP TRIGGER main.{quoted(name)}")
        self._make(frame, after)
        self._take_srs(after)
        names = [name for name, _ in after.columns]
        there = {row[1] for row in database.execute(f"PRAGMA {_MADE}.table_info({table})")}
        kept = ", ".join(quoted(name) for name in [after.geometry, *names] if name in there)
        database.execute(
            f"INSERT INTO main.{table} ({quoted(after.row_id)}, {kept}) "
            f"SELECT {quoted(after.row_id)} + ?, {kept} FROM {_MADE}.{table}",
            [before.last_row],
        )
        shapes = frame.geometry.to_numpy()
        here = np.flatnonzero(~shapely.is_missing(shapes) & ~shapely.is_empty(shapes))
        bounds = shapely.bounds(shapes[here])[:, [0, 2, 1, 3]]
        tree = f"rtree_{after.table}_{after.geometry}"
        if _has(database, tree):
            database.executemany(
                f"INSERT INTO {quoted(tree)} VALUES (?, ?, ?, ?, ?)",
                np.column_stack([here + 1 + before.last_row, bounds]).tolist(),
            )
        if declared_kind(after) != declared_kind(before):
            self._declare(after)
        database.execute(
            "UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ?, last_change = ? "
            "WHERE table_name = ?",
            [*(after.bounds or [None] * 4), after.written_at, after.table],
        )
        if _has(database, "gpkg_ogr_contents"):
            database.execute(
                "UPDATE gpkg_ogr_contents SET feature_count = ? WHERE table_name = ?",
                [after.rows, after.table],
            )
        for _, sql in paused:
            database.execute(sql)

    def _declare(self, version: Version) -> None:
        """Say in the file's own catalogue what a table holds; 2 is what may be, heights or measures."""
        axes = "".join(kind.partition(" ")[2] for kind in version.kinds)
        self._database.execute(
            "UPDATE main.gpkg_geometry_columns SET geometry_type_name = ?, z = ?, m = ? WHERE table_name = ?",
            [declared_kind(version)[0].upper(), *(2 if axis in axes else 0 for axis in "ZM"), version.table],
        )

    def archive(self, version: Version) -> None:
        """Put a table away under another name, where other programs do not list it."""
        table = archived_name(version)
        self._unlist(version)
        self._database.execute(f"ALTER TABLE {quoted(version.table)} RENAME TO {quoted(table)}")
        self._database.execute(
            f"UPDATE {_CATALOGUE} SET table_name = ? WHERE layer = ? AND table_name = ?",
            [table, version.layer, version.table],
        )

    def drop(self, version: Version) -> None:
        """Remove a table for good."""
        self._unlist(version)
        self._database.execute(f"DROP TABLE IF EXISTS {quoted(version.table)}")

    def guard(self, version: Version) -> None:
        """Let nobody change the rows of a table that others made."""
        self._prepare()
        self._guard(version.table)

    def record(self, version: Version) -> None:
        """Enter a version into the catalogue."""
        self._prepare()
        row = version.to_row()
        self._database.execute(
            f"INSERT INTO {_CATALOGUE} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
            list(row.values()),
        )

    def forget(self, layer: str) -> None:
        """Remove a layer's versions from the catalogue."""
        self._database.execute(f"DELETE FROM {_CATALOGUE} WHERE layer = ?", [layer])

    def _make(self, frame: gpd.GeoDataFrame, version: Version) -> None:
        """Have GDAL make the table in a file of its own, and attach that."""
        import pyogrio

        made = self._folders.enter_context(workshop(self._store.path)) / "made.gpkg"
        pyogrio.write_dataframe(
            without_measures(frame),
            gdal_name(made),
            driver="GPKG",
            layer=version.table,
            geometry_type=_declared(version),
            promote_to_multi=False,
            FID=version.row_id,
            GEOMETRY_NAME=version.geometry,
        )
        _put_measures(frame.geometry.to_numpy(), made, version)
        self._database.execute(f"ATTACH ? AS {_MADE}", [str(made)])

    def _prepare(self) -> None:
        """Make the tables of a GeoPackage and of the catalogue where they are missing."""
        database = self._database
        attached = any(row[1] == _MADE for row in database.execute("PRAGMA database_list"))
        for name in _BASE if attached else ():
            if not _has(database, name):
                (sql,) = database.execute(
                    f"SELECT sql FROM {_MADE}.sqlite_master WHERE name = ?",
                    [name],
                ).fetchone()
                database.execute(sql)
                if name == "gpkg_spatial_ref_sys":
                    database.execute(f"INSERT INTO main.{name} SELECT * FROM {_MADE}.{name}")
                    database.execute(f"PRAGMA application_id = {_GPKG}")
                    database.execute(f"PRAGMA user_version = {_VERSION}")
        if not _has(database, _CATALOGUE):
            database.execute(
                f"CREATE TABLE {_CATALOGUE} (id INTEGER PRIMARY KEY AUTOINCREMENT, layer TEXT NOT NULL, "
                "version INTEGER NOT NULL, action TEXT NOT NULL, written_at TEXT NOT NULL, "
                "row_count INTEGER NOT NULL, source TEXT NOT NULL, note TEXT NOT NULL, "
                "table_name TEXT NOT NULL, last_row INTEGER NOT NULL, about TEXT NOT NULL, "
                "UNIQUE (layer, version))"
            )
            # Listed as a plain table: without any, GDAL lists every table there is as a layer.
            database.execute(
                "INSERT INTO gpkg_contents (table_name, data_type, identifier, description) "
                "VALUES (?, 'attributes', ?, '版本历史 the versions of the layers')",
                [_CATALOGUE, _CATALOGUE],
            )

    def _take_srs(self, version: Version) -> None:
        """Take over the definition of a coordinate reference system."""
        query = (
            f"SELECT new.srs_id, old.srs_id NOT NULL AND old.definition <> new.definition "
            f"AND (new.organization_coordsys_id <> old.organization_coordsys_id OR lower(new.organization) "
            f"NOT IN ('epsg')) FROM {_MADE}.gpkg_spatial_ref_sys new JOIN {_MADE}.gpkg_geometry_columns "
            "USING (srs_id) LEFT JOIN main.gpkg_spatial_ref_sys old USING (srs_id)"
        )
        for number, other in self._database.execute(query).fetchall():
            if other:
                raise InputError(
                    tr(
                        "{layer}: its CRS has no EPSG code, and {path} has another such one under the number "
                        "{number}; convert the layer to a CRS with a code first",
                        layer=version.layer,
                        path=self._store.path,
                        number=number,
                    )
                )
        self._database.execute(
            f"INSERT OR IGNORE INTO main.gpkg_spatial_ref_sys SELECT * FROM {_MADE}.gpkg_spatial_ref_sys"
        )

    def _guard(self, table: str) -> None:
        """Let nobody change rows of a version."""
        for what in ("INSERT", "UPDATE", "DELETE"):
            name = quoted(f"{OWN}{what.lower()}_{table}")
            body = _REFUSE.format(what=what, table=quoted(table), message=KEPT)
            self._database.execute(f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {body}")

    def _unlist(self, version: Version) -> None:
        """Take a table out of what other programs see: its index, its triggers, its entries."""
        database = self._database
        named = database.execute(
            "SELECT name FROM main.sqlite_master WHERE type = 'trigger' AND tbl_name = ?", [version.table]
        ).fetchall()
        for (name,) in named:
            database.execute(f"DROP TRIGGER main.{quoted(name)}")
        database.execute(f"DROP TABLE IF EXISTS main.{quoted(f'rtree_{version.table}_{version.geometry}')}")
        forget_layer(database, version.table)
        for about in ("gpkg_extensions", "gpkg_geometry_columns", "gpkg_ogr_contents", "gpkg_contents"):
            if _has(database, about):
                database.execute(f"DELETE FROM {about} WHERE table_name = ?", [version.table])


def _has(database: sqlite3.Connection, table: str) -> bool:
    found = database.execute("SELECT 1 FROM main.sqlite_master WHERE name = ? AND type = 'table'", [table])
    return found.fetchone() is not None


def _versions(database: sqlite3.Connection) -> list[Version]:
    if not _has(database, _CATALOGUE):
        return []
    found = database.execute(f"SELECT * FROM {_CATALOGUE} ORDER BY id")
    names = [column[0] for column in found.description]
    return [Version.from_row(dict(zip(names, row, strict=True))) for row in found.fetchall()]


def _found(database: sqlite3.Connection) -> list[Version]:
    """Describe the layers that others put into the file."""
    if not _has(database, "gpkg_contents") or not _has(database, "gpkg_geometry_columns"):
        return []
    known = {version.table.casefold() for version in _versions(database)}
    query = (
        "SELECT c.table_name, g.column_name, g.geometry_type_name, g.z, g.m, "
        "c.min_x, c.min_y, c.max_x, c.max_y, c.last_change, "
        "s.organization, s.organization_coordsys_id, s.definition, s.srs_id "
        "FROM gpkg_contents c JOIN gpkg_geometry_columns g USING (table_name) "
        "LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id WHERE c.data_type = 'features' ORDER BY 1"
    )
    result = []
    for name, shape, kind, z, m, *bounds, changed, who, code, wkt, srs in database.execute(query).fetchall():
        if name.casefold() in known or not _has(database, name):
            continue
        fields = database.execute(f"PRAGMA main.table_info({quoted(name)})").fetchall()
        key = next((field[1] for field in fields if field[5]), "rowid")
        columns = tuple(
            (str(field[1]), _DTYPES.get(re.sub(r"\(.*", "", str(field[2])).strip().upper(), "str"))
            for field in fields
            if field[1] not in (key, shape)
        )
        count, last = database.execute(
            f"SELECT count(*), coalesce(max({quoted(key)}), 0) FROM {quoted(name)}"
        ).fetchone()
        known_crs = srs is not None and srs > 0
        crs = f"{who}:{code}".upper() if known_crs and str(who).upper() == "EPSG" else str(wkt or "")
        result.append(
            Version(
                layer=name,
                number=0,
                action="found",
                table=name,
                last_row=last,
                columns=columns,
                row_id=key,
                geometry=shape,
                crs=crs if known_crs else "",
                kinds=(f"{kind} {'Z' if z else ''}{'M' if m else ''}".rstrip(),),
                bounds=None if None in bounds else (bounds[0], bounds[1], bounds[2], bounds[3]),
                rows=count,
                written_at=str(changed),
            )
        )
    return result


def _put_measures(shapes: NDArray[np.object_], made: Path, version: Version) -> None:
    """Put shapes with measures, of which pyogrio writes none, behind the headers that GDAL made for them."""
    measured = np.flatnonzero(shapely.has_m(shapes))
    if not len(measured):
        return
    table, shape, row_id = quoted(version.table), quoted(version.geometry), quoted(version.row_id)
    with blamed_on(made, "written"), closing(sqlite3.connect(made)) as database:
        triggers = database.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", [version.table]
        ).fetchall()
        for name, _ in triggers:  # which call functions that only GDAL has, of extents that stay the same
            database.execute(f"DROP TRIGGER {quoted(name)}")
        for at in measured.tolist():
            query = f"SELECT {shape} FROM {table} WHERE {row_id} = ?"
            (blob,) = database.execute(query, [at + 1]).fetchone()
            head = blob[: 8 + int(_ENVELOPE_BYTES[(blob[3] >> 1) & 7])]
            content = head + shapely.to_wkb(shapes[at], flavor="iso")
            database.execute(f"UPDATE {table} SET {shape} = ? WHERE {row_id} = ?", [content, at + 1])
        for _, sql in triggers:
            database.execute(sql)
        database.commit()


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
    sizes = (8 + _ENVELOPE_BYTES).tolist()
    bare = [None if blob is None else blob[sizes[(blob[3] >> 1) & 7] :] for blob in blobs]
    result = np.empty(len(bare), dtype=object)
    result[:] = bare
    return result


def _declared(version: Version) -> str:
    """Return the kind of shape for which GDAL makes a table, measures apart."""
    kind, _ = declared_kind(version)
    high = " Z" if any("Z" in each.partition(" ")[2] for each in version.kinds) else ""
    return "Unknown" if kind.casefold() in _ANY_KIND else f"{kind}{high}"
