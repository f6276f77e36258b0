"""The contents of a GeoPackage, asked of SQLite itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from zjk_gis.io.paths import blamed_on

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["geopackage_layers"]

_STYLES = "layer_styles"  # where QGIS keeps its symbols; never a layer of the city
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
    # A file that nobody writes to is read without leaving lock files beside it.
    written = path.with_name(path.name + "-wal").exists()
    address = f"{path.as_uri()}?{'mode=ro' if written else 'immutable=1'}"
    with blamed_on(path), closing(sqlite3.connect(address, uri=True)) as database:
        for table in _CATALOGUE:
            database.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - a constant
        found = database.execute(
            "SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes')"
        ).fetchall()
    return [str(name) for (name,) in found if name != _STYLES]
