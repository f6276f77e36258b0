"""`zjk-gis works`: what works cost, and whether they are paid and finished in time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zjk_gis.assess import work_indicators
from zjk_gis.cli.access.layers import as_records
from zjk_gis.cli.analysis.recurring import most_option, output_option
from zjk_gis.cli.city import read_city, require_layers, tell_set_aside
from zjk_gis.cli.options import CITY, WORDS
from zjk_gis.cli.output import show_rows
from zjk_gis.cli.speaking import speaking
from zjk_gis.io import check_writable, write_table
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.columns.time_cells import today
from zjk_gis.words import tr
from zjk_gis.workspace.city import read_one

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console

__all__ = ["command"]

_COLUMNS = ("indicator", "numerator", "denominator", "value", "low_95", "high_95", "n")


@click.command("works")
@click.argument("city", type=CITY)
@click.option(
    "--works", "path", type=click.Path(path_type=Path), help="Works; by default the projects of the city."
)
@click.option("--by", type=WORDS, help="The columns that are compared, such as department or street_code.")
@click.option(
    "--areas", help="A layer of CITY that divides the ground, such as streets; --by then names its codes."
)
@click.option("--as-of", help="How things stood on this day; by default today.")
@output_option
@most_option
@speaking
def command(
    city: Path | str,
    path: Path | None,
    by: tuple[str, ...] | None,
    areas: str | None,
    as_of: str | None,
    output: Path | None,
    most: int,
    console: Console,
) -> None:
    """Tell what works cost, and whether they are paid and finished in time.

    With --areas a work counts in each area by the share of it that lies there.
    """
    if output is not None:
        check_writable(output)
    wanted = [*([] if path is not None else ["projects"]), *([spec_of(areas).name] if areas else [])]
    layers = read_city(city, console, layers=wanted) if wanted else {}
    require_layers(layers, city, *wanted)
    works = layers["projects"] if path is None else read_one(path)
    day = as_of or today().isoformat()
    ground = layers[spec_of(areas).name] if areas else None
    asked = by or ((spec_of(areas).code,) if areas else ())
    found = work_indicators(works, by=[str(name) for name in asked] or None, areas=ground, as_of=day)
    tell_set_aside(found, console)
    console.say(tr("{works:,} works, as of {day}.", works=len(works), day=day))
    if found.attrs["amounts_unknown"]:
        console.note(
            tr("note: {count:,} works tell no amount: they are in no share of money",
               count=found.attrs["amounts_unknown"])
        )  # fmt: skip
    show_rows(found, (*asked, *_COLUMNS), most, console)
    if len(found) > most:
        console.say(tr("  ... and {rest:,} more", rest=len(found) - most))
    if output is not None:
        write_table(found, output)
        console.say(tr("written to {path}", path=output))
    console.result(
        {"as_of": day, "rows": as_records(found), "output": None if output is None else str(output)}
    )
