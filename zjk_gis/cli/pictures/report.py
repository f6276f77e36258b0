"""`zjk-gis report`: a table of indicators as a page or a workbook that a leader would look at."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from zjk_gis.cli.speaking import speaking
from zjk_gis.errors import FileError, InputError
from zjk_gis.io import check_writable, read_table
from zjk_gis.layers.columns.coordinates import is_rejected
from zjk_gis.layers.labels import label
from zjk_gis.maps import city_map
from zjk_gis.read_report import report_of
from zjk_gis.reports import assignment_figures, busiest_chiefs, write_page, write_workbook
from zjk_gis.reports.headlines import table_figures
from zjk_gis.reports.pictures import undrawn_of
from zjk_gis.reports.tables import with_numbers
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    import folium
    import geopandas as gpd

    from zjk_gis.cli.console import Console

__all__ = ["MOST_REPORTED", "check_report_path", "command", "report_assignment"]

MOST_REPORTED = 1_000_000  # rows that a report reads; of more it tells the figures alone
_MOST_DRAWN = 200_000  # incidents on its map
_AMOUNTS = ("distance_m", "candidates", "along_m", "offset_m", "border_m")
_ENDINGS = (".html", ".htm", ".xlsx")


@click.command("report")
@click.argument("tables", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="A .html or .xlsx file.")
@click.option("--sheet", help="The sheet of a workbook that has several.")
@click.option("--title", help="The heading; by default the first table's name.")
@click.option("--source", default="", help="Where the data come from, told under the title.")
@click.option("--as-of", help="The day for which the figures are valid.")
@speaking
def command(
    tables: tuple[Path, ...],
    output: Path,
    sheet: str | None,
    title: str | None,
    source: str,
    as_of: str | None,
    console: Console,
) -> None:
    """Make a report of any table of indicators.

    TABLES are .csv or .xlsx files. The first column of names names the rows; each column of numbers is summed
    up and drawn: over months as a line, else as sorted bars. Percentages, thousands, 万 and 亿 are
    understood; what has no data is shown as such, and a column that is not drawn is named with the reason. A
    page (.html) prints well; a workbook (.xlsx) holds all rows.
    """
    check_report_path(output, tables)
    read: dict[str, pd.DataFrame] = {}
    for path in tables:
        table = read_table(path, layer=sheet)
        for remark in report_of(table).remarks:
            console.note(remark)
        name = path.stem if path.stem not in read else f"{path.stem} ({len(read) + 1})"
        read[name] = with_numbers(table)
        for zh, en in zip(
            undrawn_of(name, read[name], "zh"), undrawn_of(name, read[name], "en"), strict=True
        ):
            console.note(console.pick(f"{path}:{zh}", f"{path}: {en}"))
    figures = {name: _tiles(table, name, console) for name, table in read.items()}
    summary = next(iter(figures.values())) if len(figures) == 1 else figures
    heading = title or next(iter(read))
    _write(output, read, summary, console, title=heading, source=source, as_of=as_of)
    console.say(tr("report: {output}", output=output, lang=console.lang))
    console.result({"output": str(output), "rows": {name: len(table) for name, table in read.items()}})


def check_report_path(report: Path, others: tuple[Path, ...]) -> None:
    """Refuse a report that could not be written, or would overwrite what it is made from.

    Raises
    ------
    InputError, FileError
    """
    if report.suffix.lower() not in _ENDINGS:
        raise InputError(
            tr("{report}: a report is a page (.html) or a workbook (.xlsx); name it so", report=report)
        )
    check_writable(report)
    if report.resolve() in {other.resolve() for other in others}:
        raise FileError(
            tr("{report}: would overwrite what it is made from; name another file", report=report)
        )


def report_assignment(
    report: Path,
    summary: Mapping[str, Any],
    assigned: gpd.GeoDataFrame | None,
    layers: Mapping[str, gpd.GeoDataFrame],
    source: str,
    console: Console,
    layer: str,
) -> None:
    """Report how the rows of a layer were assigned; without them, the figures alone."""
    sheets: dict[str, pd.DataFrame] = {}
    drawn = None
    if assigned is None:
        console.note(
            tr(
                "more than {most_reported:,} rows: figures alone",
                most_reported=MOST_REPORTED,
                lang=console.lang,
            )
        )
    else:
        assigned = _typed(assigned)
        sheets["assigned"] = assigned
        unusable = is_rejected(assigned["reason"])
        sheets["ambiguous"] = assigned[assigned["ambiguous"] & ~unusable]
        if {"chief_code", "zone_code"} <= set(assigned.columns):
            sheets["busiest_chiefs"] = busiest_chiefs(assigned, top=max(len(assigned), 1))
        if report.suffix.lower() != ".xlsx":
            drawn = _map_of(assigned, layers, console)
    if layer != "incidents":  # the sheets of incidents ask questions about incidents
        sheets = {f"rows_{name}": rows.rename(columns={"incidents": "rows"}) for name, rows in sheets.items()}
    name = label(layer, console.lang) if layer else ""
    title = console.pick(f"{name}归属报告", f"Assignment of {name or 'rows'}")
    figures = assignment_figures(summary).replace({"measure": {"incidents": layer or "row_count"}})
    _write(report, sheets, figures, console, title=title, source=source, page_map=drawn)
    console.say(tr("report: {report}", report=report, lang=console.lang))


def _typed(assigned: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give the columns that the assignment added their types again, which a text file does not keep."""
    typed = assigned.copy()
    for name in assigned.columns:
        values = assigned[name]
        if str(name).endswith("ambiguous"):
            typed[name] = values.astype(str).str.casefold().isin(["true", "1", "1.0"])
        elif str(name).endswith(_AMOUNTS) and not pd.api.types.is_numeric_dtype(values.dtype):
            typed[name] = pd.to_numeric(values, errors="coerce")
    return typed


def _map_of(
    assigned: gpd.GeoDataFrame, layers: Mapping[str, gpd.GeoDataFrame], console: Console
) -> folium.Map | None:
    """Draw the incidents on their zones, if the machine can and there are not too many."""
    if len(assigned) > _MOST_DRAWN or find_spec("offlinefolium") is None:
        console.note(
            tr(
                "the report has no map (more than {most_drawn:,} incidents, or no extra offline-maps)",
                most_drawn=_MOST_DRAWN,
                lang=console.lang,
            ),
        )
        return None
    known = {name: rows for name, rows in layers.items() if name in ("unit_grids", "road_sections", "roads")}
    if "zone_code" in layers["zones"]:
        known["responsibility_zones"] = layers["zones"]
    return city_map(known, results={"assigned": assigned}, lang=console.lang)


def _tiles(table: pd.DataFrame, name: str, console: Console) -> dict[str, object]:
    return {f"{at}": tile for at, tile in enumerate(table_figures(table, name, console.lang))}


def _write(
    path: Path,
    sheets: Mapping[str, pd.DataFrame],
    summary: Mapping[str, object] | pd.DataFrame,
    console: Console,
    *,
    page_map: folium.Map | None = None,
    **about: Any,
) -> None:
    """Write a page or a workbook, as the ending says."""
    if path.suffix.lower() == ".xlsx":
        write_workbook(sheets, path, summary=summary, lang=console.lang, **about)
    else:
        write_page(sheets, path, summary=summary, page_map=page_map, lang=console.lang, **about)
