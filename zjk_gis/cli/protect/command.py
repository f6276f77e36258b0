"""`zjk-gis protect`: what may not be where, and what is missing in the files of what is protected."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import geopandas as gpd

from zjk_gis.cli.city import read_city, tell_report, tell_set_aside
from zjk_gis.cli.options import CITY
from zjk_gis.cli.output import show_rows, write_found
from zjk_gis.cli.protect.asking import Asking
from zjk_gis.cli.protect.sections import LAYERS, SECTIONS
from zjk_gis.cli.speaking import speaking
from zjk_gis.errors import InputError
from zjk_gis.io import read_layer
from zjk_gis.layers.columns.periods import day_of
from zjk_gis.layers.columns.time_cells import today
from zjk_gis.layers.labels import label
from zjk_gis.layers.metric import require_amounts
from zjk_gis.maps import heritage_map
from zjk_gis.words import tr
from zjk_gis.workspace.addresses import shown

if TYPE_CHECKING:
    import pandas as pd

    from zjk_gis.cli.console import Console

__all__ = ["command"]


@click.command("protect")
@click.argument("city", type=CITY)
@click.option(
    "--extent",
    type=click.Path(path_type=Path),
    help="How far the survey of protected ground reached, as a layer file; by default the layer "
    "survey_extents of CITY.",
)
@click.option("--at", help="The day that is judged, such as 2025-12-31; by default today.")
@click.option(
    "--since",
    help="An earlier day, such as 2024-12-31: what was built, raised or pulled down from then to --at.",
)
@click.option("--tolerance", default=0.1, show_default=True, help="How well borders are known, in metres.")
@click.option("--surveyed-within", type=float, help="How old the survey of a building may be, in years.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="A folder for layers, workbook and map.",
)
@click.option("--most", default=10, show_default=True, help="How many of each kind are printed.")
@speaking
def command(
    city: Path | str,
    extent: Path | None,
    at: str | None,
    since: str | None,
    tolerance: float,
    surveyed_within: float | None,
    output: Path | None,
    most: int,
    console: Console,
) -> None:
    """Tell what lies in protected scopes and who decides; check blocks, files of buildings, heights, views.

    Works, permits, pipes, boards, hazards and illegal buildings of CITY are judged by its historic blocks,
    cultural relics, ancient trees and river areas, the strictest scope first. Then it tells for what ground
    two contracts pay, which poles could share one, what stands on footways, which cables could go into a
    tunnel, how far hazards reach, and with --since which buildings changed.
    """
    day = at or today().isoformat()
    day_of(day)
    if since is not None:
        day_of(since, "since")
    require_amounts(tolerance_m=tolerance)
    if surveyed_within is not None:
        require_amounts(surveyed_within_years=surveyed_within)
    layers = read_city(city, console, layers=LAYERS)
    if not any(section.is_asked(layers) for section in SECTIONS.values()):
        raise InputError(
            tr(
                "{shown}: has nothing to judge: no protected ground with works in it, no buildings, "
                "contracts, street furniture or hazards",
                shown=shown(city),
            )
        )
    reached = None
    if extent is not None:
        reached = read_layer(extent, spec="survey_extents")
        tell_report(reached, console)
    if reached is None and "survey_extents" not in layers and SECTIONS["scopes"].is_asked(layers):
        console.note(
            tr(
                "note: how far the survey of protected ground reached is not known; what lies in no scope is "
                "«unknown», not «outside» (--extent)"
            )
        )
    if since is None and SECTIONS["buildings"].is_asked(layers):
        console.note(tr("note: which buildings changed is told since a day that you name (--since)"))
    asking = Asking(day, since, reached, tolerance, surveyed_within, console.lang)
    found = _answers(layers, asking, most, console)
    files: list[Path] = []
    if output is not None:
        files = _write(found, layers, output, day, console)
    console.result(
        {
            "at": asking.at,
            "found": {name: len(rows) for name, rows in found.items()},
            "files": [str(path) for path in files],
        }
    )


def _answers(
    layers: dict[str, gpd.GeoDataFrame], asking: Asking, most: int, console: Console
) -> dict[str, pd.DataFrame]:
    """Ask every question that the layers allow, and print what is found."""
    found: dict[str, pd.DataFrame] = {}
    for section in SECTIONS.values():
        if not section.is_asked(layers):
            continue
        try:
            tables = section.answer(layers, asking)
        except InputError as error:  # one layer that cannot be used does not hide what the others tell
            console.note(tr("not answered: {why}", why=error))
            continue
        for name, rows in tables.items():
            if isinstance(rows, gpd.GeoDataFrame):
                tell_set_aside(rows, console)
            for remark in rows.attrs.get("remarks", []):
                console.note(remark)
            console.say(tr("{title}: {count:,}", title=label(name, console.lang), count=len(rows)))
            if len(rows):
                show_rows(rows, section.columns[name], most, console)
        found |= tables
    return found


def _write(
    found: dict[str, pd.DataFrame],
    layers: dict[str, gpd.GeoDataFrame],
    folder: Path,
    day: str,
    console: Console,
) -> list[Path]:
    """Write findings as layers, workbook and map."""
    shapes = {name: rows for name, rows in found.items() if isinstance(rows, gpd.GeoDataFrame)}
    tables = {name: rows for name, rows in found.items() if name not in shapes}
    blocks = layers.get("historic_blocks")
    page = heritage_map(
        gpd.GeoDataFrame(geometry=[], crs=next(iter(layers.values())).crs) if blocks is None else blocks,
        layers.get("historic_buildings"),
        findings={name: rows for name, rows in shapes.items() if len(rows) and name != "block_conformity"},
        layers=layers,
        region=layers.get("built_up_areas"),
        title=tr("Protected scopes, works and hazards"),
        date=day,
        lang=console.lang,
    )
    return write_found(shapes, folder, "protection", page, console, more=tables)
