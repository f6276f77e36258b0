"""`zjk-gis duplicates`: several reports of one thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zjk_gis.assess import duplicate_reports
from zjk_gis.cli.analysis.recurring import (
    most_option,
    output_option,
    same_option,
    tell_found,
    with_names,
)
from zjk_gis.cli.city import cases_options, read_cases
from zjk_gis.cli.options import CITY
from zjk_gis.cli.speaking import speaking
from zjk_gis.io import check_writable
from zjk_gis.words import tr

if TYPE_CHECKING:
    from pathlib import Path

    from zjk_gis.cli.console import Console

__all__ = ["command"]

_COLUMNS = (
    "main_code", "incident_code", "event_name", "occurred_at", "minutes_after", "distance_m", "likeness",
    "street_name", "description",
)  # fmt: skip


@click.command("duplicates")
@click.argument("city", type=CITY)
@cases_options
@click.option(
    "--within", "within_m", default=20.0, show_default=True, help="How far from the main report, in metres."
)
@click.option(
    "--period",
    "within",
    default="24h",
    show_default=True,
    help="How long after the main report, such as 24h or 30min.",
)
@same_option
@click.option(
    "--alike",
    default=0.6,
    show_default=True,
    help="How like the texts must be, from 0 (not asked) to 1 (the same pairs of characters).",
)
@click.option(
    "--text", default="description", show_default=True, help="The column that says what it is about."
)
@output_option
@most_option
@speaking
def command(
    city: Path | str,
    incidents: Path | None,
    datum: str | None,
    fix_positions: bool,
    within_m: float,
    within: str,
    same: tuple[str, ...],
    alike: float,
    text: str,
    output: Path | None,
    most: int,
    console: Console,
) -> None:
    """Group reports that are probably of one thing; the first report of each is the main one.

    They are near each other in place and time, of one class, and say nearly the same. A person should look
    before any of them is closed.
    """
    if output is not None:
        check_writable(output)
    cases = read_cases(city, incidents, console, datum=datum, fix=fix_positions)
    found = duplicate_reports(cases, within_m=within_m, within=within, same=same, alike=alike, text=text)
    found = with_names(found, city, console)
    names = ("incidents", "groups", "duplicates", "without_text", "accuracy_m")
    told = {name: found.attrs[name] for name in names}
    console.say(
        tr("{incidents:,} reports: {duplicates:,} probably tell again what {groups:,} main reports told "
           "(within {within_m:g} m and {period}, texts alike by {alike:.0%} or more); look at them before "
           "closing any.",
           incidents=told["incidents"], duplicates=told["duplicates"], groups=told["groups"],
           within_m=within_m, period=within, alike=alike)
    )  # fmt: skip
    console.say(
        tr("Positions are good for some {accuracy:g} m: reports of one thing can lie {twice:g} m apart.",
           accuracy=told["accuracy_m"], twice=2 * told["accuracy_m"])
    )  # fmt: skip
    if alike > 0 and told["without_text"]:
        console.note(
            tr("note: {count:,} reports have no text and are like none; --alike 0 does not ask for texts",
               count=told["without_text"])
        )  # fmt: skip
    tell_found(found, _COLUMNS, most, output, console, **told)
