"""Tables, layers, workbooks and maps that several commands print and write."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

import pandas as pd

from zjk_gis.errors import InputError
from zjk_gis.io import write_layer
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.labels import label
from zjk_gis.maps import save_offline
from zjk_gis.maps.printing.printed import page_of
from zjk_gis.reports import write_workbook
from zjk_gis.reports.dossier import ready_folder
from zjk_gis.standards import rules_table
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import folium
    import geopandas as gpd

    from zjk_gis.cli.console import Console

__all__ = ["of_classes", "show_rows", "tell_files", "write_found"]

_FILES = (".gpkg", ".xlsx", ".html", ".csv", ".shp", ".geojson")


def of_classes(cases: gpd.GeoDataFrame, classes: Sequence[str] | None) -> gpd.GeoDataFrame:
    """Return the incidents whose codes begin as asked."""
    if not classes:
        return cases
    require_columns(cases, "incidents", "event_code")
    codes = code_text(cases["event_code"]).fillna("")
    own = cases[codes.str.startswith(tuple(classes)).to_numpy(dtype=bool)]
    if own.empty:
        known = sorted({*codes} - {""})
        raise InputError(
            tr("incidents: none has an event code that begins with {classes}; there are {known}",
               classes=listed(classes), known=listed(known[:20]))
        )  # fmt: skip
    return own


def show_rows(rows: pd.DataFrame, columns: tuple[str, ...], most: int, console: Console) -> None:
    """Print the first rows of a table, the columns that are there."""
    there = [name for name in columns if name in rows]
    first = rows[there].head(most)
    if "pipe_kind" in first:  # as people say it: 污水, not WS
        kinds = rules_table("pipe_kinds").drop_duplicates("pipe_kind").set_index("pipe_kind")
        names = kinds["pipe_kind_name" if console.lang == "zh" else "english_name"]
        first = first.assign(pipe_kind=first["pipe_kind"].map(names).fillna(first["pipe_kind"]))
    told = first.astype(object).where(first.notna(), "")
    console.show(
        [
            tuple(
                _FORMS.get(name.rpartition("_")[2], _cell)(value, console)
                for name, value in zip(there, row, strict=True)
            )
            for row in told.itertuples(index=False)
        ],
        [label(name, console.lang, unit=True) for name in there],
    )


def _cell(value: object, console: Console) -> object:
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        return str(value.date())
    if isinstance(value, str):
        return tr(", ").join(label(part, console.lang) for part in value.split(";"))
    return value


def _year(value: object, _: Console) -> object:
    return f"{value:.0f}" if isinstance(value, Real) else value


def _share(value: object, _: Console) -> object:
    return f"{value:.1%}" if isinstance(value, Real) else value


# By how the name of a column ends.
_FORMS: dict[str, Callable[[object, Console], object]] = {
    "year": _year,
    "share": _share,
}


def write_found(
    tables: Mapping[str, pd.DataFrame],
    folder: Path,
    stem: str,
    drawn: folium.Map,
    console: Console,
    *,
    more: Mapping[str, pd.DataFrame] | None = None,
    figures: Mapping[str, object] | None = None,
    title: str | None = None,
) -> list[Path]:
    """Write layers (.gpkg), a workbook (.xlsx) and a map (.html) to a folder; map and book name one day."""
    if folder.suffix.lower() in _FILES and not folder.is_dir():
        raise InputError(tr("{folder}: several files are written; name a folder", folder=folder))
    ready_folder(folder)
    package, workbook, page = (folder / f"{stem}.{ending}" for ending in ("gpkg", "xlsx", "html"))
    package.unlink(missing_ok=True)
    for name, rows in tables.items():
        if len(rows) and "geometry" in rows:
            write_layer(rows, package, layer=name)
    write_workbook(
        {**tables, **(more or {})},
        workbook,
        summary=figures or {label(name, console.lang): len(rows) for name, rows in tables.items()},
        title=title,
        map_file=page.name,
        source=page_of(drawn).source,
        as_of=page_of(drawn).day,  # the day that the map was asked for, and not that on which it was made
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
