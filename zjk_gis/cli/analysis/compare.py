"""`zjk-gis compare`: what moves from whom to whom when zones are redrawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zjk_gis.cli.city import datum_option, even_if_off_option, read_city, read_incidents, read_zones
from zjk_gis.cli.invalid_rows import mend
from zjk_gis.cli.options import CITY, LEVEL
from zjk_gis.cli.speaking import repair_option, speaking
from zjk_gis.cli.times import reading_times
from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.labels import label
from zjk_gis.layers.versions import zones_at
from zjk_gis.reports import compare_city, write_changes
from zjk_gis.reports.dossier import Dossier
from zjk_gis.words import listed, tr
from zjk_gis.workspace.addresses import shown
from zjk_gis.workspace.workspace import Workspace

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from zjk_gis.changes.changes import ZoneChanges
    from zjk_gis.cli.console import Console

__all__ = ["command"]

_ZONES = "responsibility_zones"
_LISTED = ("move_code", "kind", "from_code", "to_code", "from_chief", "to_chief", "area_m2", "road_m", "open")
_OF_CHIEFS = (
    "chief_code",
    "direction",
    "counterpart_chief",
    "from_code",
    "to_code",
    "area_m2",
    "road_m",
    "open",
)


@click.command("compare")
@click.argument("old", type=CITY)
@click.argument("new", type=CITY, required=False)
@click.option("--at-old", help="The day of the former zones, such as 2025-06-30.")
@click.option("--at-new", help="The day of the zones that follow.")
@click.option("--old-version", type=int, help="The version of the former zones in a workspace.")
@click.option("--new-version", type=int, help="The version of the zones that follow.")
@click.option("--layer", help="The layer of zones; by default the responsibility zones.")
@click.option("--code", default="zone_code", show_default=True, help="The column of codes.")
@click.option("--level", type=LEVEL, help="Which level is compared; by default the finest.")
@click.option("--incidents", type=click.Path(path_type=Path), help="Incidents, to see which change hands.")
@click.option("--fix-positions", is_flag=True, help="Fix swapped axes and GCJ-02, and say which.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="A folder for layers, workbook and map."
)
@click.option("--most", default=10, show_default=True, help="How many rows of each table are printed.")
@datum_option
@even_if_off_option
@reading_times
@repair_option
@speaking
def command(
    old: Path | str,
    new: Path | str | None,
    at_old: str | None,
    at_new: str | None,
    old_version: int | None,
    new_version: int | None,
    layer: str | None,
    code: str,
    level: int | str | None,
    incidents: Path | None,
    fix_positions: bool,
    output: Path | None,
    most: int,
    datum: str | None,
    even_if_off: bool,
    times: dict[str, Any],
    console: Console,
) -> None:
    """Tell what moves from whom to whom when zones are redrawn.

    OLD and NEW are files of zones, or cities in one GeoPackage; without NEW two days (--at-old, --at-new) or
    two versions (--old-version, --new-version) of OLD are compared. Roads, covers and other components are
    those of NEW. With -o the findings go to changes.gpkg, changes.xlsx and changes.html in that folder.
    """
    if new is None and (at_old, old_version) == (at_new, new_version):
        raise InputError(
            tr(
                "{shown}: name a second file, two days (--at-old, --at-new) or two versions to compare",
                shown=shown(old),
            )
        )
    source = new or old
    before = _zones(old, old_version, layer, console)
    after = _zones(source, new_version, layer, console)
    city = read_city(source, console, layers=CATALOGUE)
    points = None
    if incidents is not None:
        points = read_incidents(
            incidents, console, roads=city.get("roads"), datum=datum, fix=fix_positions, **times
        )
    changes = compare_city(
        before,
        after,
        city=city,
        incidents=points,
        code=code,
        at_old=at_old,
        at_new=at_new,
        level=level,
        even_if_off=even_if_off,
    )
    _show(changes, most, console)
    made = Dossier()
    if output is not None:
        states = (zones_at(before, at_old, level=level), zones_at(after, at_new, level=level))
        made = write_changes(changes, output, states=states, at=at_new, lang=console.lang)
        console.list_files(made.files)
    console.result(
        {
            "figures": dict(zip(changes.figures["measure"], changes.figures["value"], strict=True)),
            "zones": changes.zones["kind"].value_counts().sort_index().to_dict(),
            "files": [str(path) for path in made.files],
        }
    )


def _zones(path: Path | str, version: int | None, layer: str | None, console: Console) -> gpd.GeoDataFrame:
    """Read a layer of zones, or a version of it from a workspace."""
    if version is None:
        return read_zones(path, layer, console)
    with Workspace.open(path) as workspace:
        return mend(workspace.read(layer or _ZONES, version=version), "zones", console)


def _show(changes: ZoneChanges, most: int, console: Console) -> None:
    lang = console.lang
    for name, match in changes.code_matches.items():
        for line in match.told(name, console.lang):
            console.say(line)
    console.show(
        [
            (label(str(row.measure), lang), f"{row.value:,.0f} {row.unit}".rstrip())
            for row in changes.figures.itertuples()
        ],
        [label("measure", lang), label("value", lang)],
    )
    counts = changes.zones["kind"].value_counts().sort_index()
    told = listed(f"{label(str(kind), lang)} {count:,}" for kind, count in counts.items())
    console.say(tr("zones: {told}", told=told))
    if len(changes.moved):
        console.say(tr("ground that changes hands, the largest first"))
        _show_rows(changes.moved.head(most), _LISTED, console)
    if len(changes.handover):
        console.say(tr("hand-over list"))
        _show_rows(changes.handover.head(most), _OF_CHIEFS, console)


def _show_rows(rows: pd.DataFrame, columns: tuple[str, ...], console: Console) -> None:
    shown = [name for name in columns if name in rows]
    console.show(
        [
            tuple(label(cell, console.lang) if isinstance(cell, str) else cell for cell in row)
            for row in rows[shown].astype(object).itertuples(index=False, name=None)
        ],
        [label(name, console.lang, unit=True) for name in shown],
    )
