"""The tables of a workspace in PostGIS, as SQLAlchemy and GeoAlchemy2 see them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.workspace.versions import OWN, Version, declared_kind, kind_of

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    from zjk_gis.workspace.conditions import Condition

__all__ = [
    "catalogue_table",
    "copy_lines",
    "copy_texts",
    "found_layers",
    "has_function",
    "hold_shapes",
    "is_open",
    "known_srid",
    "quoted",
    "table_of",
    "test_of",
    "versions_in",
]

_CATALOGUE = f"{OWN}versions"
_SAME_SYSTEM = f"{OWN}same_system"  # the constraint by which PostGIS knows the SRID of a column of any kind
_NULL = "\\N"
_ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def catalogue_table(schema: str) -> Table:
    """Describe the catalogue of a schema."""
    import sqlalchemy as sa

    return sa.Table(
        _CATALOGUE,
        sa.MetaData(schema=schema),
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        *[sa.Column(name, sa.Text, nullable=False) for name in ("layer",)],
        sa.Column("version", sa.Integer, nullable=False),
        *[sa.Column(name, sa.Text, nullable=False) for name in ("action", "written_at")],
        sa.Column("row_count", sa.BigInteger, nullable=False),
        *[sa.Column(name, sa.Text, nullable=False) for name in ("source", "note", "table_name")],
        sa.Column("last_row", sa.BigInteger, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.UniqueConstraint("layer", "version"),
    )


def table_of(version: Version, schema: str, *, srid: int = -1) -> Table:
    """Describe the table of a version."""
    import sqlalchemy as sa
    from geoalchemy2 import Geometry

    kinds: dict[str, Any] = {
        "text": sa.Text,
        "integer": sa.BigInteger,
        "real": sa.Double,
        "boolean": sa.Boolean,
    }
    kind, axes = declared_kind(version)
    shape = Geometry(
        None if axes is None else f"{kind}{axes}".upper(),
        srid=-1 if axes is None else srid,  # a constraint holds those of any kind to it
        dimension=2 + len(axes or ""),
        spatial_index=False,
    )
    columns = []
    for name, dtype in version.columns:
        wanted = kinds.get(kind_of(dtype)) or sa.dialects.postgresql.TIMESTAMP(
            timezone="," in dtype, precision=3
        )
        columns.append(sa.Column(name, wanted))
    return sa.Table(
        version.table,
        sa.MetaData(schema=schema),
        sa.Column(version.row_id, sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column(version.geometry, shape),
        *columns,
        *_same_system(version, srid),
    )


def _same_system(version: Version, srid: int) -> list[Any]:
    """Hold the rows of a column without a declared kind to one system, by which other programs know it."""
    import sqlalchemy as sa

    if srid <= 0 or declared_kind(version)[1] is not None:
        return []
    return [sa.CheckConstraint(sa.func.ST_SRID(sa.column(version.geometry)) == srid, name=_SAME_SYSTEM)]


def hold_shapes(connection: Connection, schema: str, version: Version) -> None:
    """Let a table's column of shapes hold what a version does; no row is changed by that."""
    kind, axes = declared_kind(version)
    srid = known_srid(connection, version)
    table, column = quoted(connection, schema, version.table), _quote(connection, version.geometry)
    wanted = "geometry" if axes is None else f"geometry({kind}{axes},{srid})"
    connection.exec_driver_sql(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {wanted} USING {column}")
    if _same_system(version, srid):
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {_SAME_SYSTEM}")
        connection.exec_driver_sql(
            f"ALTER TABLE {table} ADD CONSTRAINT {_SAME_SYSTEM} CHECK (ST_SRID({column}) = {srid})"
        )


def _quote(connection: Connection, name: str) -> str:
    return str(connection.dialect.identifier_preparer.quote_identifier(name))


def is_open(connection: Connection, schema: str, version: Version) -> bool:
    """Tell whether a table's column of shapes holds any kind of shape already."""
    import sqlalchemy as sa

    query = sa.text(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = CAST(:held AS regclass) AND attname = :shape"
    )
    asked = {"held": quoted(connection, schema, version.table), "shape": version.geometry}
    return str(connection.execute(query, asked).scalar_one()) == "geometry"


def quoted(connection: Connection, schema: str, name: str) -> str:
    """Write the name of something in a schema so that nothing in it is read as SQL."""
    return f"{_quote(connection, schema)}.{_quote(connection, name)}"


def versions_in(connection: Connection, schema: str) -> list[Version]:
    """Return every version that the catalogue knows, oldest first."""
    import sqlalchemy as sa

    if not sa.inspect(connection).has_table(_CATALOGUE, schema=schema):
        return []
    table = catalogue_table(schema)
    rows = connection.execute(sa.select(table).order_by(table.c.id)).mappings()
    return [Version.from_row(dict(row)) for row in rows]


def found_layers(connection: Connection, schema: str) -> list[Version]:
    """Describe the layers that others put into the schema."""
    import sqlalchemy as sa

    known = {version.table for version in versions_in(connection, schema)}
    views = sa.table(
        "geometry_columns",
        *[
            sa.column(name)
            for name in (
                "f_table_schema",
                "f_table_name",
                "f_geometry_column",
                "srid",
                "type",
                "coord_dimension",
            )
        ],
    )
    query = (
        sa.select(
            views.c.f_table_name,
            views.c.f_geometry_column,
            views.c.srid,
            views.c.type,
            views.c.coord_dimension,
        )
        .where(views.c.f_table_schema == schema)
        .order_by(views.c.f_table_name, views.c.f_geometry_column)
    )
    result: dict[str, Version] = {}
    for name, shape, srid, kind, axes in connection.execute(query).fetchall():
        if name not in known and name not in result:
            version = _describe(connection, schema, str(name), str(shape), int(srid), _kind_of(kind, axes))
            if version is not None:
                result[str(name)] = version
    return list(result.values())


def _kind_of(kind: str, axes: int) -> str:
    """Name a kind of shape as a version does: PostGIS says «POINTM» and «POINT» of three or four axes."""
    plain = kind.removesuffix("M")
    more = {3: "M" if kind != plain else "Z", 4: "ZM"}.get(axes, "")
    return f"{plain} {more}".rstrip()


def _describe(
    connection: Connection, schema: str, name: str, shape: str, srid: int, kind: str
) -> Version | None:
    import sqlalchemy as sa

    there = sa.inspect(connection)
    keys = there.get_pk_constraint(name, schema=schema)["constrained_columns"]
    fields = {field["name"]: field["type"] for field in there.get_columns(name, schema=schema)}
    if len(keys) != 1 or not isinstance(fields[keys[0]], sa.Integer):
        return None  # without numbered rows nothing says which were there first
    columns = tuple((field, _dtype_of(sql)) for field, sql in fields.items() if field not in (keys[0], shape))
    table = sa.table(name, sa.column(keys[0]), sa.column(shape), schema=schema)
    extent = sa.func.ST_Extent(table.c[shape])
    count, last, *bounds = connection.execute(
        sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.max(table.c[keys[0]]), 0),
            *[getattr(sa.func, each)(extent) for each in ("ST_XMin", "ST_YMin", "ST_XMax", "ST_YMax")],
        ).select_from(table)
    ).one()
    crs = ""
    if srid > 0:
        systems = sa.table(
            "spatial_ref_sys", *[sa.column(n) for n in ("srid", "auth_name", "auth_srid", "srtext")]
        )
        found = connection.execute(
            sa.select(systems.c.auth_name, systems.c.auth_srid, systems.c.srtext).where(
                systems.c.srid == srid
            )
        ).one_or_none()
        if found is not None:
            crs = f"EPSG:{found[1]}" if found[0] == "EPSG" else str(found[2])
    return Version(
        layer=name,
        number=0,
        action="found",
        table=name,
        last_row=last,
        columns=columns,
        row_id=keys[0],
        geometry=shape,
        crs=crs,
        kinds=(kind,),
        bounds=None if None in bounds else (bounds[0], bounds[1], bounds[2], bounds[3]),
        rows=count,
    )


def has_function(connection: Connection, name: str) -> bool:
    """Tell whether the server has a function."""
    import sqlalchemy as sa

    functions = sa.table("pg_proc", sa.column("proname"), schema="pg_catalog")
    query = sa.select(functions.c.proname).where(functions.c.proname == name).limit(1)
    return connection.execute(query).one_or_none() is not None


def test_of(table: Table, condition: Condition) -> Any:
    """Write a condition with places for its values, which are bound."""
    import sqlalchemy as sa

    column = table.c[condition.column]

    def bound(value: Any) -> Any:
        if condition.kind != "time":
            return value
        moment = dt.datetime.fromisoformat(value)
        return moment.replace(tzinfo=dt.UTC) if getattr(column.type, "timezone", False) else moment

    if not condition.one_of:
        ends = [column.is_not(None)]
        if condition.least is not None:
            ends.append(column >= bound(condition.least))
        if condition.most is not None:
            ends.append(column <= bound(condition.most))
        return sa.and_(*ends)
    wanted = [bound(each) for each in condition.values]  # noqa: PD011 - a tuple, no frame
    values = sa.bindparam(None, wanted, type_=sa.ARRAY(column.type))
    test: Any = column == sa.any_(values)
    return sa.or_(test, column.is_(None)) if condition.missing else test


def copy_texts(values: pd.Series) -> list[str]:
    """Write a column in the text format of COPY."""
    missing = values.isna().to_numpy()
    if isinstance(values.dtype, pd.StringDtype):
        written = [text.translate(_ESCAPED) for text in values.fillna("").tolist()]
    elif pd.api.types.is_datetime64_any_dtype(values.dtype):
        naive = values.dt.tz_localize(None) if isinstance(values.dtype, pd.DatetimeTZDtype) else values
        written = np.datetime_as_string(naive.to_numpy().astype("datetime64[ms]")).tolist()
    elif values.dtype == object:
        written = values.where(~missing, "").tolist()
    elif pd.api.types.is_bool_dtype(values.dtype):
        written = np.where(values.fillna(False).to_numpy(dtype=bool), "t", "f").tolist()
    elif pd.api.types.is_integer_dtype(values.dtype):
        written = list(map(str, values.fillna(0).to_numpy(dtype=np.int64).tolist()))
    else:  # repr is the shortest text that reads back the same
        written = list(map(repr, values.to_numpy(dtype=np.float64, na_value=np.nan).tolist()))
    for i in np.flatnonzero(missing).tolist():
        written[i] = _NULL
    return written


def copy_lines(columns: list[list[str]]) -> str:
    """Join columns to the lines of COPY."""
    return "\n".join(map("\t".join, zip(*columns, strict=True))) + "\n"


def known_srid(connection: Connection, version: Version) -> int:
    """Return the number by which PostGIS knows a CRS, or 0; the catalogue holds the CRS itself."""
    import sqlalchemy as sa

    code = version.crs.removeprefix("EPSG:")
    if not code.isdigit():
        return 0
    systems = sa.table("spatial_ref_sys", sa.column("srid"))
    query = sa.select(systems.c.srid).where(systems.c.srid == int(code))
    return int(code) if connection.execute(query).one_or_none() else 0


def _dtype_of(sql: Any) -> str:
    """Return the dtype that holds the values of a column of others."""
    import sqlalchemy as sa

    if isinstance(sql, sa.Boolean):
        return "bool"
    if isinstance(sql, sa.Integer):
        return "int64"
    if isinstance(sql, sa.Numeric):
        return "float64"
    if isinstance(sql, sa.DateTime):
        return "datetime64[ms, Asia/Shanghai]" if sql.timezone else "datetime64[ms]"
    return "datetime64[ms]" if isinstance(sql, sa.Date) else "str"
