"""`zjk-gis publish`: a city as a folder of pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from zjk_gis.city import publish_city
from zjk_gis.city.publish.settings import folder_said
from zjk_gis.cli.analysis.bulletin_options import targets_of
from zjk_gis.cli.city import cases_options, read_city, read_incidents
from zjk_gis.cli.options import CITY, LEVEL, WORDS, current_city
from zjk_gis.cli.speaking import repair_option, speaking
from zjk_gis.io import read_table
from zjk_gis.words import tr
from zjk_gis.workspace.addresses import shown

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console
    from zjk_gis.workspace.city_file import City

__all__ = ["command"]


@click.command("publish")
@click.argument("city", type=CITY)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="The folder; one that was published before is replaced. By default that of the city file.",
)
@cases_options
@click.option(
    "--audience",
    type=click.Choice(["bureau", "public"]),
    help="For whom it is, by default the bureau; the public gets neither personal data nor pipes that are "
    "not said to be public.",
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
@click.option("--least", type=int, help="With fewer cases nobody is ranked; by default 30.")
@click.option(
    "--prints/--no-prints",
    "printed",
    default=True,
    help="Whether a sheet is printed of each street and chief.",
)
@click.option(
    "--most-chiefs",
    type=click.IntRange(min=0),
    default=2000,
    show_default=True,
    help="How many road chiefs have a page of their own at most: those with most to do.",
)
@click.option("--title", help="The title of the front page.")
@click.option(
    "--source", help="Where the data are from; by default the name of CITY, unless it is a city file."
)
@repair_option
@speaking
def command(
    city: Path | str,
    output: Path | None,
    incidents: Path | None,
    datum: str | None,
    fix_positions: bool,
    leave_out: tuple[str, ...] | None,
    deadlines: Path | None,
    targets: Path | None,
    least: int | None,
    source: str | None,
    console: Console,
    **asked: Any,
) -> None:
    """Publish a city as a folder of pages that opens from a share or a stick, without a network.

    A front page with figures, map, findings by street and ranking; a page for each street and each chief;
    workbooks and sheets to print. Each figure leads to the rows that it is made of. The same data give the
    same bytes. Of a city file all that it says counts, as in the weekly run; an option comes first.
    """
    own = current_city()
    folder = _folder(output, own)
    layers = read_city(city, console)
    if incidents is not None:
        layers["incidents"] = read_incidents(
            incidents, console, roads=layers.get("roads"), datum=datum, fix=fix_positions
        )
    made = publish_city(
        layers,
        folder,
        settings=own,
        leave_out=leave_out or (),
        deadlines=None if deadlines is None else read_table(deadlines),
        targets=None if targets is None else targets_of(read_table(targets)),
        least_n=least,
        source=_source(city, own) if source is None else source,
        lang=console.lang if own is None or _is_language_asked() else None,
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


def _folder(output: Path | None, own: City | None) -> Path:
    """Return the folder that is asked for, or else that of the city file.

    Raises
    ------
    UsageError
        If neither names one.
    """
    folder = output or (None if own is None else folder_said(own))
    if folder is None:
        raise click.UsageError(
            tr("name the folder with -o, or in the city file, as folder in [publish]"),
            click.get_current_context(),
        )
    return folder


def _source(city: Path | str, own: City | None) -> str:
    """Name where the data are from: the file or schema; of a city file its name is the title."""
    if own is not None:
        return ""
    return city.name if isinstance(city, Path) else shown(city)


def _is_language_asked() -> bool:
    """Tell whether the call names the language, before or after the name of the command."""
    here = click.get_current_context()
    asked = {each.get_parameter_source("lang") for each in (here, here.find_root())}
    return ParameterSource.COMMANDLINE in asked
