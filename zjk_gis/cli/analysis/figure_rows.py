"""`zjk-gis rows`: the rows that a figure of a bulletin is made of, and their sum."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import geopandas as gpd
import pandas as pd

from zjk_gis.cli.analysis.bulletin_options import bulletin_options, make_bulletin, options_in
from zjk_gis.cli.options import CITY
from zjk_gis.cli.output import show_rows
from zjk_gis.cli.speaking import speaking
from zjk_gis.errors import FileError, InputError
from zjk_gis.io import check_writable, read_table, write_layer, write_table
from zjk_gis.layers.labels import label
from zjk_gis.reports.bulletin.folder import FIGURES, RECORD, content_of, read_record
from zjk_gis.reports.bulletin.ids import parsed
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console
    from zjk_gis.reports import Bulletin

__all__ = ["command"]

_MOST_SHOWN = 20
_MAPPED = (".gpkg", ".geojson", ".shp", ".fgb")
_SHOWN = (
    "incident_code", "in_numerator", "in_denominator", "hours_taken", "deadline_state", "due_at", "filed_at",
    "handled_at", "closed_at", "event_code", "chief_code",
    # of scores, places and targets
    "subject", "subject_name", "indicator", "value", "indicator_points", "weight", "contribution", "score",
    "is_counted", "target", "area", "numerator", "denominator", "figure", "measured_by",
    # of decisions
    "case_code", "department", "cause", "decided_on", "published_on", "due_on",
)  # fmt: skip
_EQUAL = 1e-9


@click.command("rows")
@click.argument("figure")
@click.argument("city", type=CITY, default=".")
@bulletin_options
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write all rows to this file.")
@speaking
def command(figure: str, city: Path | str, output: Path | None, console: Console, **asked: Any) -> None:
    """Print the rows that a figure of a bulletin is made of, and the sum that gives the figure.

    FIGURE is an id, such as 2025-11/closed_rate/130703. CITY is the folder of a bulletin, by default the
    current one, or a city, with the options of `zjk-gis assess` that were used.
    """
    if output is not None:
        check_writable(output)
    recorded: dict[str, Any] | None = None
    folder = Path(city)
    if isinstance(city, Path) and folder.is_dir() and (folder / RECORD).is_file():
        recorded = read_record(folder)
        bulletin = _again(recorded, folder, asked, console)
    elif isinstance(city, Path) and city == Path():
        raise InputError(
            tr("the current folder holds no bulletin; name the folder of one, or a city: "
               "zjk-gis rows {figure} CITY", figure=figure)
        )  # fmt: skip
    else:
        month = parsed(figure, asked.get("by") or ["district_code"])[0]
        bulletin = make_bulletin(city, month, asked, console)
    row = bulletin.figure(figure)
    rows = bulletin.rows(figure)
    value, added = bulletin.added_up(figure)
    changed = recorded is not None and recorded.get("content") != content_of(bulletin)
    if changed:
        console.note(tr("the data have changed since the bulletin was written"))
        _compare(folder, figure, value, console)
    name = label(str(row["indicator"]), console.lang)
    who = str(row["subject_name"]) or tr("the whole city")
    console.say(
        tr("{month} {who}, {indicator}: {sum}", month=row["month"], who=who, indicator=name, sum=added)
    )
    console.say(tr("{count:,} rows", count=len(rows)))
    show_rows(rows, _SHOWN, _MOST_SHOWN, console)
    if len(rows) > _MOST_SHOWN:
        console.say(tr("  ... and {rest:,} more", rest=len(rows) - _MOST_SHOWN))
    if output is not None:
        console.say(tr("written to {path}", path=_write(bulletin, rows, output)))
    console.result(
        {
            "figure": figure,
            "value": None if math.isnan(value) else value,
            "sum": added,
            "rows": len(rows),
            "data_changed": changed,
        }
    )


def _again(recorded: dict[str, Any], folder: Path, asked: dict[str, Any], console: Console) -> Bulletin:
    """Make the bulletin of a folder again, as it was asked for then."""
    given = [name for name, value in asked.items() if value]
    if given:
        raise InputError(
            tr("{folder}: the bulletin says itself how it was made; leave out {option}",
               folder=folder, option="--" + given[0].replace("_", "-"))
        )  # fmt: skip
    if not recorded.get("city") or not recorded.get("month"):
        raise InputError(
            tr("{folder}: does not say from which city it was made (the address of a database is not "
               "recorded); name the city", folder=folder)
        )  # fmt: skip
    return make_bulletin(
        folder / str(recorded["city"]), str(recorded["month"]), options_in(recorded, folder), console
    )


def _compare(folder: Path, figure: str, value: float, console: Console) -> None:
    """Say what the bulletin told, where that is another figure than now."""
    try:
        told = read_table(folder / FIGURES)
    except FileError:
        return
    old = told.loc[told["figure"].astype("str") == figure, "value"] if "figure" in told else told.iloc[:0, 0]
    before = float(pd.to_numeric(old, errors="coerce").iloc[0]) if len(old) else math.nan
    if abs(before - value) <= _EQUAL or (math.isnan(before) and math.isnan(value)):
        console.note(tr("this figure is the same as in the bulletin"))
    else:
        console.note(
            tr("the bulletin told {before}, now it is {now}", before=_plain(before), now=_plain(value))
        )


def _plain(value: float) -> str:
    return tr("no data") if math.isnan(value) else f"{value:.6g}"


def _write(bulletin: Bulletin, rows: pd.DataFrame, output: Path) -> Path:
    """Write rows: with their positions where the file can hold them."""
    cases = bulletin.making.months.incidents
    if output.suffix.lower() in _MAPPED and isinstance(cases, gpd.GeoDataFrame) and "geometry" in rows:
        return write_layer(gpd.GeoDataFrame(rows, geometry="geometry", crs=cases.crs), output)
    return write_table(rows, output)
