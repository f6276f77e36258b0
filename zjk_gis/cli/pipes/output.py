"""Tables, layers, workbooks and maps that the commands of pipes print and write."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from zjk_gis.errors import FileError
from zjk_gis.io import write_layer
from zjk_gis.layers.labels import label
from zjk_gis.maps import save_offline
from zjk_gis.reports import write_workbook
from zjk_gis.words import tr

if TYPE_CHECKING:
    from pathlib import Path

    import folium
    import geopandas as gpd
    import pandas as pd

    from zjk_gis.cli.console import Console

__all__ = ["show_rows", "tell_files", "write_found"]


def show_rows(rows: pd.DataFrame, columns: tuple[str, ...], most: int, console: Console) -> None:
    """Print the first rows of a table, the columns that are there."""
    there = [name for name in columns if name in rows]
    first = rows[there].head(most)
    told = first.astype(object).where(first.notna(), "")
    console.show(
        [tuple(_cell(value, console) for value in row) for row in told.itertuples(index=False)],
        [label(name, console.lang, unit=True) for name in there],
    )


def _cell(value: object, console: Console) -> object:
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    if isinstance(value, str):
        return tr(", ").join(label(part, console.lang) for part in value.split(";"))
    return value


def write_found(
    tables: dict[str, gpd.GeoDataFrame],
    folder: Path,
    stem: str,
    drawn: folium.Map,
    console: Console,
    *,
    more: dict[str, pd.DataFrame] | None = None,
) -> list[Path]:
    """Write layers (.gpkg), a workbook (.xlsx) and a map (.html) to a folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            tr(
                "{folder}: cannot be made a folder ({strerror}); name another",
                folder=folder,
                strerror=error.strerror,
            )
        ) from error
    package, workbook, page = (folder / f"{stem}.{ending}" for ending in ("gpkg", "xlsx", "html"))
    package.unlink(missing_ok=True)
    for name, rows in tables.items():
        if len(rows):
            write_layer(rows, package, layer=name)
    write_workbook(
        {**tables, **(more or {})},
        workbook,
        summary={label(name, console.lang): len(rows) for name, rows in tables.items()},
        map_file=page.name,
        as_of=dt.date.today().isoformat(),
        lang=console.lang,
    )
    save_offline(drawn, page)
    paths = [path for path in (package, workbook, page) if path.exists()]
    tell_files(paths, console)
    return paths


def tell_files(paths: Any, console: Console) -> None:
    """Say which files were written; what is None was not asked for."""
    for path in paths:
        if path is not None:
            console.say(tr("written to {path}", path=path))
