"""`zjk-gis publish`: a city as a folder of pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zjk_gis.city import publish_city
from zjk_gis.cli.analysis.bulletin_options import targets_of
from zjk_gis.cli.city import cases_options, read_city, read_incidents
from zjk_gis.cli.options import CITY, LEVEL, WORDS
from zjk_gis.cli.speaking import repair_option, speaking
from zjk_gis.io import read_table
from zjk_gis.workspace.addresses import shown

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console

__all__ = ["command"]


@click.command("publish")
@click.argument("city", type=CITY)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="The folder; one that was published before is replaced.",
)
@cases_options
@click.option(
    "--audience",
    type=click.Choice(["bureau", "public"]),
    default="bureau",
    show_default=True,
    help="For whom it is; the public gets neither personal data nor pipes that are not said to be public.",
)
@click.option("--approval", help="The number under which the maps were approved for publication (审图号).")
@click.option(
    "--personal",
    type=click.Choice(["mask", "drop"]),
    help="What becomes of who reported and how to reach them; by default masked, and dropped for the public.",
)
@click.option("--leave-out", type=WORDS, help="Layers that nobody gets, such as pipelines,manholes.")
@click.option(
    "--month", help="The month that is ranked, such as 2025-11; by default the last with incidents."
)
@click.option("--at", help="The day that is told; by default the last of the month.")
@click.option("--level", type=LEVEL, help="Which level of zones answers; by default the finest.")
@click.option(
    "--deadlines",
    type=click.Path(path_type=Path),
    help="How long each class may take: a table with event_code, deadline and clock.",
)
@click.option(
    "--targets",
    type=click.Path(path_type=Path),
    help="What indicators are to reach: a table with indicator and target.",
)
@click.option("--least", default=30, show_default=True, help="With fewer cases nobody is ranked.")
@click.option(
    "--prints/--no-prints", default=True, help="Whether a sheet is printed of each street and chief."
)
@click.option("--title", help="The title of the front page.")
@click.option("--source", help="Where the data are from; by default the name of CITY.")
@repair_option
@speaking
def command(
    city: Path | str,
    output: Path,
    incidents: Path | None,
    datum: str | None,
    fix_positions: bool,
    leave_out: tuple[str, ...] | None,
    deadlines: Path | None,
    targets: Path | None,
    least: int,
    source: str | None,
    console: Console,
    **asked: Any,
) -> None:
    """Publish a city as a folder of pages that opens from a share or a stick, without a network.

    A front page with figures, map, findings by street and ranking; a page for each street and each chief;
    workbooks and sheets to print. Each figure leads to the rows that it is made of. The same data give the
    same bytes.
    """
    layers = read_city(city, console)
    if incidents is not None:
        layers["incidents"] = read_incidents(
            incidents, console, roads=layers.get("roads"), datum=datum, fix=fix_positions
        )
    named = city.name if isinstance(city, Path) else shown(city)
    made = publish_city(
        layers,
        output,
        leave_out=leave_out or (),
        deadlines=None if deadlines is None else read_table(deadlines),
        targets=None if targets is None else targets_of(read_table(targets)),
        least_n=least,
        source=named if source is None else source,
        lang=console.lang,
        **asked,
    )
    for remark in made.remarks:
        console.note(remark)
    told = made._presentation()  # noqa: SLF001  what it says of itself
    console.say(told.sentences)
    console.show(told.rows, told.header)
    console.result(
        {
            "folder": str(made.folder), "files": made.files, "pages": made.pages, "month": made.month,
            "at": made.at, "largest_bytes": made.largest_bytes, "remarks": made.remarks,
        }
    )  # fmt: skip
