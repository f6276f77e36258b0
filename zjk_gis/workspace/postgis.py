"""The layers of a workspace in one schema of a PostgreSQL database with PostGIS.

SQLAlchemy and GeoAlchemy2 write the SQL: names are quoted and values bound by them. Rows go in by COPY.
Everything that one change does happens in one transaction of the server.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis._optional import need
from zjk_gis.errors import InputError, WorkspaceError, ZjkGisError
from zjk_gis.io.binary_shapes import shapes_of_wkb
from zjk_gis.words import tr
from zjk_gis.workspace.postgis_tables import (
    catalogue_table,
    copy_lines,
    copy_texts,
    found_layers,
    has_function,
    hold_shapes,
    is_open,
    known_srid,
    quoted,
    table_of,
    test_of,
    versions_in,
)
from zjk_gis.workspace.versions import (
    KEPT,
    OWN,
    Version,
    archived_name,
    as_it_lies,
    check_name,
    declared_kind,
    kind_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from zjk_gis.workspace.conditions import Condition

__all__ = ["PostgisStore"]

_CATALOGUE = f"{OWN}versions"
_CATALOGUE_KEY = 0x7A6A6B  # of the lock under which the catalogue itself is made
_DRIVER = "postgresql+psycopg"
_LOCK_TIMEOUT = "55P03"
_AT_ONCE = 50_000
_WHERE = ("host", "hostaddr", "port", "dbname", "service")  # what of an address says where a database is


class PostgisStore:
    """A workspace's layers in a schema of PostGIS.

    Parameters
    ----------
    url : str
        ``postgresql://user:password@host:port/database?schema=zjk``.
    wait_s : float
        How long to wait for another process that is writing.
    """

    def __init__(self, url: str, *, wait_s: float) -> None:
        for module in ("sqlalchemy", "psycopg", "geoalchemy2"):
            need(module, extra="postgis", purpose="open a workspace in PostGIS")
        import sqlalchemy as sa

        try:
            parsed = sa.make_url(url)
        except (sa.exc.ArgumentError, ValueError):  # the text may hold a password: it is not repeated
            raise InputError(
                tr("the address must look like postgresql://user@host:5432/database?schema=zjk")
            ) from None
        schema = parsed.query.get("schema", "public")
        if not isinstance(schema, str):
            raise InputError(tr("the address must name one schema, as in ...?schema=zjk"))
        self.schema = check_name(schema, tr("a schema"))
        self.wait_s = wait_s
        secrets = {key: value for key, value in parsed.query.items() if "password" in key.casefold()}
        if not all(isinstance(value, str) for value in secrets.values()):
            raise InputError(tr("the address must name a password once"))
        # Passwords go to the driver by themselves: in the address, whatever shows it would show them.
        parsed = parsed.set(drivername=_DRIVER).difference_update_query(["schema", *secrets])
        # What tells two workspaces apart is where they are, not who asks, nor how.
        where = parsed.set(username=None, password=None, drivername="postgresql")
        where = where.difference_update_query([key for key in where.query if key not in _WHERE])
        self.name = f"{where.render_as_string()}{'&' if where.query else '?'}schema={schema}"
        self._engine = sa.create_engine(
            parsed,
            poolclass=sa.pool.NullPool,
            hide_parameters=True,
            connect_args={
                "application_name": "zjk_gis",
                "connect_timeout": max(2, min(30, round(wait_s))),
                **secrets,
            },
        )
        with self._connection() as connection:
            if not has_function(connection, "postgis_lib_version"):
                raise WorkspaceError(
                    tr(
                        "{name}: has no PostGIS; an administrator runs there: CREATE EXTENSION postgis",
                        name=self.name,
                    )
                )

    def close(self) -> None:
        """Let go of the connections."""
        self._engine.dispose()

    @contextmanager
    def _connection(self, *, writing: bool = False) -> Iterator[Connection]:
        """Connect for one question or one change; what the server says is said in one line."""
        import psycopg
        import sqlalchemy as sa

        try:
            with self._engine.connect() as connection, connection.begin():
                connection.exec_driver_sql("SET TIME ZONE 'UTC'")
                if not writing:
                    connection.exec_driver_sql("SET TRANSACTION READ ONLY")
                yield connection
        except ZjkGisError:
            raise
        except (sa.exc.SQLAlchemyError, psycopg.Error) as error:
            cause = getattr(error, "orig", None) or error
            state = getattr(cause, "sqlstate", None)
            reason = " ".join(str(cause).split("\n")[0].split())
            if state == _LOCK_TIMEOUT:
                reason = tr("another program is writing to it; try again later")
            raise WorkspaceError(tr("{name}: {reason}", name=self.name, reason=reason)) from None

    def versions(self) -> list[Version]:
        """Return every version that the catalogue knows, oldest first."""
        with self._connection() as connection:
            return versions_in(connection, self.schema)

    def found(self) -> list[Version]:
        """Return the layers that are there but were not written by a workspace."""
        with self._connection() as connection:
            return found_layers(connection, self.schema)

    def rows(
        self,
        version: Version,
        columns: Sequence[str],
        conditions: Sequence[Condition],
        bbox: tuple[float, float, float, float] | None,
    ) -> tuple[list[Sequence[Any]], NDArray[np.object_]]:
        """Return the values of columns, one sequence each, and the shapes, in the order of the rows."""
        import sqlalchemy as sa

        with self._connection() as connection:
            version = self._held(connection, version)
            table = table_of(version, self.schema)
            shape, row_id = table.c[version.geometry], table.c[version.row_id]
            texts = {name for name, dtype in version.columns if kind_of(dtype) == "text"}
            asked = [sa.cast(table.c[name], sa.Text) if name in texts else table.c[name] for name in columns]
            # Shapes come as bytes, for shapely to read all at once.
            bare = sa.func.ST_AsBinary(shape, type_=sa.LargeBinary)
            query = sa.select(*asked, bare).where(row_id <= version.last_row).order_by(row_id)
            for condition in conditions:
                query = query.where(test_of(table, condition))
            if bbox is not None:
                query = query.where(shape.op("&&")(sa.func.ST_MakeEnvelope(*bbox, sa.func.ST_SRID(shape))))
            found = connection.execute(query).fetchall()
        by_column: list[Sequence[Any]] = (
            list(zip(*found, strict=True)) if found else [()] * (len(columns) + 1)
        )
        shapes = np.empty(len(found), dtype=object)
        shapes[:] = by_column[-1]
        return by_column[:-1], shapes_of_wkb(shapes)

    def _held(self, connection: Connection, version: Version) -> Version:
        """Hold the table of a version while it is read, so that nobody puts another in its place."""
        import sqlalchemy as sa

        while True:
            version = as_it_lies(version, versions_in(connection, self.schema))
            if not sa.inspect(connection).has_table(version.table, schema=self.schema):
                raise WorkspaceError(
                    tr(
                        "{name}: the table {table!r} of {layer} was removed by others",
                        name=self.name,
                        table=version.table,
                        layer=version.layer,
                    )
                )
            table = quoted(connection, self.schema, version.table)
            connection.exec_driver_sql(f"LOCK TABLE {table} IN ACCESS SHARE MODE")
            if as_it_lies(version, versions_in(connection, self.schema)).table == version.table:
                return version

    @contextmanager
    def writing(self) -> Iterator[PostgisWriting]:
        """Hold the schema's catalogue alone; everything done is kept at the end, or nothing of it."""
        with self._connection(writing=True) as connection:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {max(1, round(self.wait_s * 1000))}")
            self._prepare(connection)
            yield PostgisWriting(self.schema, connection)

    def _prepare(self, connection: Connection) -> None:
        """Make the catalogue where it is missing, and lock it."""
        import sqlalchemy as sa

        lock = sa.select(sa.func.pg_advisory_xact_lock(_CATALOGUE_KEY, sa.func.hashtext(self.schema)))
        connection.execute(lock)
        there = sa.inspect(connection)
        if not there.has_schema(self.schema):
            connection.execute(sa.schema.CreateSchema(self.schema))
        if not there.has_table(_CATALOGUE, schema=self.schema):
            catalogue_table(self.schema).create(connection)
        guard = quoted(connection, self.schema, f"{OWN}refuse")
        connection.exec_driver_sql(
            f"CREATE OR REPLACE FUNCTION {guard}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF coalesce(current_setting('zjk_gis.writing', true), '') <> 'on' "
            f"THEN RAISE EXCEPTION '{KEPT}'; END IF; RETURN NULL; END $$"
        )
        connection.exec_driver_sql("SET LOCAL zjk_gis.writing = 'on'")


class PostgisWriting:
    """One change of a schema, while no other workspace changes it."""

    def __init__(self, schema: str, connection: Connection) -> None:
        self._schema = schema
        self._connection = connection

    def versions(self) -> list[Version]:
        """Return every version that the catalogue knows, oldest first."""
        return versions_in(self._connection, self._schema)

    def found(self) -> list[Version]:
        """Return the layers that are there but were not written by a workspace."""
        return found_layers(self._connection, self._schema)

    def create(self, frame: gpd.GeoDataFrame, version: Version, before: Version | None) -> None:
        """Make the table of a version and fill it; the one before is put away."""
        import sqlalchemy as sa

        # Filled under another name: who reads the version before need not wait.
        new = replace(version, table=f"{OWN}new_{version.layer}")
        table = table_of(new, self._schema, srid=known_srid(self._connection, version))
        table.create(self._connection)
        self._copy(frame, new, first=1)
        shape = table.c[version.geometry]
        index = sa.Index(f"{OWN}shape_{version.number}_{version.layer}", shape, postgresql_using="gist")
        index.create(self._connection)
        self.guard(new)
        if before is not None:
            self.archive(before)
        self._rename(new.table, version.table)

    def extend(self, frame: gpd.GeoDataFrame, before: Version, after: Version) -> None:
        """Add rows behind those that are there."""
        differs = declared_kind(before) != declared_kind(after)
        mixed = declared_kind(after)[1] is None  # may have been made 3-D by an older release
        if (differs or mixed) and not is_open(self._connection, self._schema, after):
            hold_shapes(self._connection, self._schema, after)
        self._copy(frame, after, first=before.last_row + 1)

    def archive(self, version: Version) -> None:
        """Put a table away under another name."""
        import sqlalchemy as sa

        table = archived_name(version)
        self._rename(version.table, table)
        catalogue = catalogue_table(self._schema)
        self._connection.execute(
            sa.update(catalogue)
            .where(catalogue.c.layer == version.layer, catalogue.c.table_name == version.table)
            .values(table_name=table)
        )

    def _rename(self, old: str, new: str) -> None:
        quote = self._connection.dialect.identifier_preparer.quote_identifier
        table = quoted(self._connection, self._schema, old)
        self._connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {quote(new)}")

    def drop(self, version: Version) -> None:
        """Remove a table for good."""
        self._connection.exec_driver_sql(
            f"DROP TABLE IF EXISTS {quoted(self._connection, self._schema, version.table)}"
        )

    def guard(self, version: Version) -> None:
        """Let nobody change the rows of a table."""
        quote = self._connection.dialect.identifier_preparer.quote_identifier
        table, refuse = (
            quoted(self._connection, self._schema, version.table),
            quoted(self._connection, self._schema, f"{OWN}refuse"),
        )
        self._connection.exec_driver_sql(
            f"CREATE TRIGGER {quote(f'{OWN}refuse')} BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE "
            f"ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {refuse}()"
        )

    def record(self, version: Version) -> None:
        """Enter a version into the catalogue."""
        self._connection.execute(catalogue_table(self._schema).insert().values(version.to_row()))

    def forget(self, layer: str) -> None:
        """Remove a layer's versions from the catalogue."""
        catalogue = catalogue_table(self._schema)
        self._connection.execute(catalogue.delete().where(catalogue.c.layer == layer))

    def _copy(self, frame: gpd.GeoDataFrame, version: Version, *, first: int) -> None:
        """Send rows by COPY, a block at a time."""
        from psycopg import sql

        names = [name for name, _ in version.columns if name in frame.columns]
        srid = known_srid(self._connection, version)
        columns = [sql.Identifier(name) for name in (version.row_id, version.geometry, *names)]
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(self._schema, version.table), sql.SQL(", ").join(columns)
        )
        driver: Any = self._connection.connection.driver_connection
        shapes = frame.geometry.to_numpy()
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for begin in range(0, len(frame), _AT_ONCE):
                part = frame.iloc[begin : begin + _AT_ONCE]
                numbers = range(first + begin, first + begin + len(part))
                wkb = shapely.to_wkb(
                    shapely.set_srid(shapes[begin : begin + len(part)], srid), hex=True, include_srid=srid > 0
                )
                copy.write(
                    copy_lines(
                        [
                            list(map(str, numbers)),
                            copy_texts(pd.Series(wkb, dtype=object)),
                            *[copy_texts(part[name]) for name in names],
                        ]
                    )
                )
