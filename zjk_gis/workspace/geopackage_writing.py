"""One change of a GeoPackage: GDAL makes the table in a file of its own, SQLite moves it over."""

# ruff: noqa: S608 - every name in a query is quoted or a constant, every value bound

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import numpy as np
import shapely

from zjk_gis.crs import without_measures
from zjk_gis.errors import InputError
from zjk_gis.io.geopackage import quoted
from zjk_gis.io.geopackage_titles import describe_layer, forget_layer
from zjk_gis.io.paths import blamed_on, gdal_name, workshop
from zjk_gis.words import tr
from zjk_gis.workspace.geopackage_tables import (
    CATALOGUE_TABLE,
    ENVELOPE_BYTES,
    has_table,
    layers_found,
    versions_in,
)
from zjk_gis.workspace.versions import KEPT, OWN, Version, archived_name, declared_kind

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["GeoPackageWriting"]

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
_REFUSE = "{what} ON {table} BEGIN SELECT RAISE(ABORT, '{message}'); END"


class GeoPackageWriting:
    """One change of a GeoPackage, while nobody else writes to it."""

    def __init__(self, path: Path, database: sqlite3.Connection, folders: ExitStack) -> None:
        self._path = path
        self._database = database
        self._folders = folders

    def versions(self) -> list[Version]:
        """Return every version that the catalogue knows, oldest first."""
        return versions_in(self._database)

    def found(self) -> list[Version]:
        """Return the layers that are there but were not written by a workspace."""
        return layers_found(self._database)

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
        if has_table(database, tree):
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
        if has_table(database, "gpkg_ogr_contents"):
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
            f"UPDATE {CATALOGUE_TABLE} SET table_name = ? WHERE layer = ? AND table_name = ?",
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
            f"INSERT INTO {CATALOGUE_TABLE} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
            list(row.values()),
        )

    def forget(self, layer: str) -> None:
        """Remove a layer's versions from the catalogue."""
        self._database.execute(f"DELETE FROM {CATALOGUE_TABLE} WHERE layer = ?", [layer])

    def _make(self, frame: gpd.GeoDataFrame, version: Version) -> None:
        """Have GDAL make the table in a file of its own, and attach that."""
        import pyogrio

        made = self._folders.enter_context(workshop(self._path)) / "made.gpkg"
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
            if not has_table(database, name):
                (sql,) = database.execute(
                    f"SELECT sql FROM {_MADE}.sqlite_master WHERE name = ?",
                    [name],
                ).fetchone()
                database.execute(sql)
                if name == "gpkg_spatial_ref_sys":
                    database.execute(f"INSERT INTO main.{name} SELECT * FROM {_MADE}.{name}")
                    database.execute(f"PRAGMA application_id = {_GPKG}")
                    database.execute(f"PRAGMA user_version = {_VERSION}")
        if not has_table(database, CATALOGUE_TABLE):
            database.execute(
                f"CREATE TABLE {CATALOGUE_TABLE} (id INTEGER PRIMARY KEY AUTOINCREMENT, layer TEXT NOT NULL, "
                "version INTEGER NOT NULL, action TEXT NOT NULL, written_at TEXT NOT NULL, "
                "row_count INTEGER NOT NULL, source TEXT NOT NULL, note TEXT NOT NULL, "
                "table_name TEXT NOT NULL, last_row INTEGER NOT NULL, about TEXT NOT NULL, "
                "UNIQUE (layer, version))"
            )
            # Listed as a plain table: without any, GDAL lists every table there is as a layer.
            database.execute(
                "INSERT INTO gpkg_contents (table_name, data_type, identifier, description) "
                "VALUES (?, 'attributes', ?, '版本历史 the versions of the layers')",
                [CATALOGUE_TABLE, CATALOGUE_TABLE],
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
                        path=self._path,
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
            if has_table(database, about):
                database.execute(f"DELETE FROM {about} WHERE table_name = ?", [version.table])


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
            head = blob[: 8 + int(ENVELOPE_BYTES[(blob[3] >> 1) & 7])]
            content = head + shapely.to_wkb(shapes[at], flavor="iso")
            database.execute(f"UPDATE {table} SET {shape} = ? WHERE {row_id} = ?", [content, at + 1])
        for _, sql in triggers:
            database.execute(sql)
        database.commit()


def _declared(version: Version) -> str:
    """Return the kind of shape for which GDAL makes a table, measures apart."""
    kind, _ = declared_kind(version)
    high = " Z" if any("Z" in each.partition(" ")[2] for each in version.kinds) else ""
    return "Unknown" if kind.casefold() in _ANY_KIND else f"{kind}{high}"
