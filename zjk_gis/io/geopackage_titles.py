"""The Chinese names of a GeoPackage's layer, where QGIS reads them, and a style by which it opens.

The columns keep the library's English names, by which programs know them. Beside them stand

1. in ``gpkg_data_columns`` (GeoPackage 1.4, Annex F.9, extension ``gpkg_schema``) the heading, the title and
   what it means, with unit and codes: GDAL hands the heading to QGIS as an alias;
2. in ``layer_styles``, a table of QGIS, a style with colours, aliases and the words for codes.

A style that somebody has saved there from QGIS stays, and stays the default. A layer without any column that
the library knows gets neither.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from zjk_gis.drawing.palette import (
    FOUND,
    HOT_CLASSES,
    HOT_PATTERNS,
    ORANGE,
    VERMILION,
    pipe_colour,
)
from zjk_gis.drawing.qgis_style import Category, qgis_style
from zjk_gis.io.paths import blamed_on
from zjk_gis.layers.catalogue import PIPELINES
from zjk_gis.layers.columns.values import understood
from zjk_gis.layers.headings import headings_of, results_of, word
from zjk_gis.layers.results import CODED
from zjk_gis.standards import rules_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from zjk_gis.drawing.qgis_style import ShapeKind

__all__ = ["describe_layer", "forget_layer", "with_titles"]

_STYLE = "张家口城市管理"  # the name of the library's own style
_UNIT = re.compile(r"\((?:m|m²|mm)\)$")
_SEVERAL = ("position_fix", "component_counts", "exception")  # which hold more than one code, or counts
# The columns by which a layer is coloured, the first of them that it has.
_COLOURED_BY = (
    "found",
    "agreement",
    "severity",
    "finding",
    "fault",
    "kind",
    "answer",
    "action",
    "hot_class",
    "pattern",
)
_PIPE_KIND = "pipe_kind"  # by which pipes and manholes are coloured where nothing was found of them
_SHAPES = ("circle", "square", "triangle", "diamond")
_LOOKS: dict[str, dict[str, tuple[str, str]]] = {
    "found": FOUND,
    "severity": {"error": (VERMILION, "circle"), "warning": (ORANGE, "triangle")},
    "hot_class": {word: (colour, "square") for word, colour in HOT_CLASSES.items()},
    "pattern": {word: (colour, "square") for word, colour in HOT_PATTERNS.items()},
}
_KINDS: dict[str, ShapeKind] = {
    "POINT": "point", "MULTIPOINT": "point", "LINESTRING": "line", "MULTILINESTRING": "line",
    "POLYGON": "polygon", "MULTIPOLYGON": "polygon",
}  # fmt: skip
_SCHEMA = ("gpkg_schema", "http://www.geopackage.org/spec121/#extension_schema", "read-write")
_TABLES = {
    "gpkg_extensions": (
        "CREATE TABLE gpkg_extensions (table_name TEXT,column_name TEXT,extension_name TEXT NOT NULL,"
        "definition TEXT NOT NULL,scope TEXT NOT NULL,"
        "CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name))"
    ),
    "gpkg_data_columns": (
        "CREATE TABLE gpkg_data_columns (table_name TEXT NOT NULL,column_name TEXT NOT NULL,name TEXT,"
        "title TEXT,description TEXT,mime_type TEXT,constraint_name TEXT,"
        "CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),"
        "CONSTRAINT gdc_tn UNIQUE (table_name, name))"
    ),
    "gpkg_data_column_constraints": (
        "CREATE TABLE gpkg_data_column_constraints (constraint_name TEXT NOT NULL,"
        "constraint_type TEXT NOT NULL,value TEXT,min NUMERIC,min_is_inclusive BOOLEAN,max NUMERIC,"
        "max_is_inclusive BOOLEAN,description TEXT,"
        "CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value))"
    ),
    "layer_styles": (  # as QGIS makes it
        "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,f_table_catalog TEXT(256),"
        "f_table_schema TEXT(256),f_table_name TEXT(256),f_geometry_column TEXT(256),styleName TEXT(30),"
        "styleQML TEXT,styleSLD TEXT,useAsDefault BOOLEAN,description TEXT,owner TEXT(30),ui TEXT(30),"
        "update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))"
    ),
}


def with_titles(path: Path, layer: str, rows: pd.DataFrame | None = None) -> None:
    """Name the columns of a layer that was just written, and give it a style; see `describe_layer`.

    Parameters
    ----------
    path : Path
        A GeoPackage that nobody else has open.
    layer : str
    rows : DataFrame, optional
        What was written.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    with blamed_on(path, "written"), closing(sqlite3.connect(path)) as database:
        columns = [str(row[1]) for row in database.execute("SELECT * FROM pragma_table_info(?)", [layer])]
        describe_layer(database, layer, columns, rows)
        database.commit()


def describe_layer(
    database: sqlite3.Connection, layer: str, columns: Sequence[str], rows: pd.DataFrame | None = None
) -> None:
    """Name the columns of a layer in Chinese where QGIS reads them, and give it a style.

    Parameters
    ----------
    database : Connection
        The GeoPackage, with the layer in its catalogue.
    layer : str
    columns : sequence of str
    rows : DataFrame, optional
        By whose values it is told what a coded column is; without it the names decide.
    """
    forget_layer(database, layer)
    titles: dict[str, str] = {}
    for name, title in headings_of(columns, rows).items():
        if title not in titles.values():
            titles[name] = title
    if not titles:
        return
    answers = results_of(columns, rows)
    known = {name: _words(name) for name in titles if name in CODED and name in answers}
    _make_tables(database)
    database.executemany(
        "INSERT INTO gpkg_data_columns (table_name, column_name, name, title, description) "
        "VALUES (?, ?, ?, ?, ?)",
        [
            (
                layer,
                name,
                title,
                _UNIT.sub("", title),
                _told(title, name, known.get(name, {}), rows),
            )
            for name, title in titles.items()
        ],
    )
    found = database.execute(
        "SELECT g.column_name, g.geometry_type_name, c.last_change FROM gpkg_geometry_columns g "
        "JOIN gpkg_contents c USING (table_name) WHERE table_name = ?",
        [layer],
    ).fetchone()
    if found is None:
        return
    shape, kind, changed = found
    if _is_foreign(database):
        return
    single = {name: words for name, words in known.items() if name not in _SEVERAL}
    column = next((name for name in _COLOURED_BY if name in single), "")
    categories = _categories(column, rows) if column else []
    if not column and _PIPE_KIND in titles:
        column, categories = _PIPE_KIND, _pipe_categories(rows)
    style = qgis_style(
        _KINDS.get(str(kind).upper()), titles, column=column, categories=categories, words=single
    )
    taken = database.execute(
        "SELECT 1 FROM layer_styles WHERE f_table_name = ? AND useAsDefault AND styleName <> ?",
        [layer, _STYLE],
    ).fetchone()
    database.execute(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
        "styleName, styleQML, styleSLD, useAsDefault, description, owner, update_time) "
        "VALUES ('', '', ?, ?, ?, ?, '', ?, 'zjk_gis', '', ?)",
        [layer, shape, _STYLE, style, taken is None, changed],
    )
    database.execute(
        "INSERT OR IGNORE INTO gpkg_contents (table_name, data_type, identifier, description, last_change) "
        "VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?)",
        [changed],
    )


def _is_foreign(database: sqlite3.Connection) -> bool:
    """Tell whether styles are kept in a table of another make, which is left alone."""
    columns = {str(row[1]) for row in database.execute("SELECT * FROM pragma_table_info('layer_styles')")}
    return bool(columns) and not {"f_table_name", "styleName", "useAsDefault"} <= columns


def forget_layer(database: sqlite3.Connection, layer: str) -> None:
    """Remove what the library has said of a layer; what others have, such as their styles, stays."""
    for table, test in (
        ("gpkg_data_columns", "table_name = ?"),
        ("layer_styles", f"f_table_name = ? AND styleName = '{_STYLE}'"),
    ):
        if _has(database, table) and not (table == "layer_styles" and _is_foreign(database)):
            database.execute(f"DELETE FROM {table} WHERE {test}", [layer])  # noqa: S608 - constants


def _make_tables(database: sqlite3.Connection) -> None:
    for name, sql in _TABLES.items():
        if not _has(database, name):
            database.execute(sql)
    for name in ("gpkg_data_columns", "gpkg_data_column_constraints"):
        there = "SELECT 1 FROM gpkg_extensions WHERE table_name = ? AND extension_name = 'gpkg_schema'"
        if database.execute(there, [name]).fetchone() is None:
            database.execute("INSERT INTO gpkg_extensions VALUES (?, NULL, ?, ?, ?)", [name, *_SCHEMA])


def _categories(column: str, rows: pd.DataFrame | None) -> list[Category]:
    """Return the codes of a column that occur, in the order of its vocabulary; or all that have a look."""
    looks = _LOOKS.get(column, {})
    there = _words(column) if rows is None else _present(_words(column), column, rows)
    listed = {each: text for each, text in _words(column).items() if each in (looks or there)}
    return [Category(each, text, looks.get(each)) for each, text in listed.items()]


def _pipe_categories(rows: pd.DataFrame | None) -> list[Category]:
    """Return the kinds of pipes that occur, however they are written, each in the colour of CJJ 61-2017."""
    kinds = rules_table("pipe_kinds").drop_duplicates("pipe_kind").set_index("pipe_kind")
    written = {kind: kind for kind in kinds.index}
    if rows is not None and _PIPE_KIND in rows:
        own = rows[_PIPE_KIND].dropna().drop_duplicates()
        known, _ = understood(own, PIPELINES.field(_PIPE_KIND))
        written = {str(value): kind for value, kind in zip(own, known, strict=True) if kind in kinds.index}
    order = {kind: at for at, kind in enumerate(kinds.index)}
    names, classes = kinds["pipe_kind_name"].to_dict(), kinds["class_code"].to_dict()
    shapes = dict(zip(dict.fromkeys(classes.values()), _SHAPES * 3, strict=False))
    return [
        Category(value, names[kind], (pipe_colour(classes[kind]), shapes[classes[kind]]))
        for value, kind in sorted(written.items(), key=lambda pair: (order[pair[1]], pair[0]))
    ]


def _present(words: Mapping[str, str], column: str, rows: pd.DataFrame | None) -> dict[str, str]:
    """Return the words for the codes that occur; all of them where the rows are not at hand."""
    if rows is None or column not in rows:
        return dict(words)
    there = set(rows[column].dropna())
    return {each: text for each, text in words.items() if each in there}


def _words(column: str) -> dict[str, str]:
    return {each: word(each, column) for each in CODED[column]}


def _told(title: str, column: str, words: Mapping[str, str], rows: pd.DataFrame | None) -> str:
    """Say what a column holds: its heading with the unit, and the codes with their words."""
    codes = "、".join(f"{each} {text}" for each, text in _present(words, column, rows).items())
    return f"{title}:{codes}" if codes else title


def _has(database: sqlite3.Connection, table: str) -> bool:
    found = database.execute("SELECT 1 FROM main.sqlite_master WHERE name = ? AND type = 'table'", [table])
    return found.fetchone() is not None
