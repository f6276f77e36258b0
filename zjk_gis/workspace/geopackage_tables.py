"""What a GeoPackage says of its layers: the versions that the catalogue knows, and those of others."""

# ruff: noqa: S608 - every name in a query is quoted or a constant, every value bound

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.io.geopackage import quoted
from zjk_gis.workspace.versions import OWN, Version

if TYPE_CHECKING:
    import sqlite3

__all__ = ["CATALOGUE_TABLE", "ENVELOPE_BYTES", "has_table", "layers_found", "versions_in"]

CATALOGUE_TABLE = f"{OWN}versions"
ENVELOPE_BYTES = np.array([0, 32, 48, 48, 64, 0, 0, 0])
_DTYPES = {
    "BOOLEAN": "bool", "DATE": "datetime64[ms]", "DATETIME": "datetime64[ms]", "DOUBLE": "float64",
    "FLOAT": "float64", "INT": "int64", "INTEGER": "int64", "MEDIUMINT": "int64", "REAL": "float64",
    "SMALLINT": "int64", "TINYINT": "int64",
}  # fmt: skip


def has_table(database: sqlite3.Connection, table: str) -> bool:
    """Tell whether a table is in the file itself."""
    found = database.execute("SELECT 1 FROM main.sqlite_master WHERE name = ? AND type = 'table'", [table])
    return found.fetchone() is not None


def versions_in(database: sqlite3.Connection) -> list[Version]:
    """Return every version that the catalogue of a file knows, oldest first."""
    if not has_table(database, CATALOGUE_TABLE):
        return []
    found = database.execute(f"SELECT * FROM {CATALOGUE_TABLE} ORDER BY id")
    names = [column[0] for column in found.description]
    return [Version.from_row(dict(zip(names, row, strict=True))) for row in found.fetchall()]


def layers_found(database: sqlite3.Connection) -> list[Version]:
    """Describe the layers that others put into the file."""
    if not has_table(database, "gpkg_contents") or not has_table(database, "gpkg_geometry_columns"):
        return []
    known = {version.table.casefold() for version in versions_in(database)}
    query = (
        "SELECT c.table_name, g.column_name, g.geometry_type_name, g.z, g.m, "
        "c.min_x, c.min_y, c.max_x, c.max_y, c.last_change, "
        "s.organization, s.organization_coordsys_id, s.definition, s.srs_id "
        "FROM gpkg_contents c JOIN gpkg_geometry_columns g USING (table_name) "
        "LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id WHERE c.data_type = 'features' ORDER BY 1"
    )
    result = []
    for name, shape, kind, z, m, *bounds, changed, who, code, wkt, srs in database.execute(query).fetchall():
        if name.casefold() in known or not has_table(database, name):
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
