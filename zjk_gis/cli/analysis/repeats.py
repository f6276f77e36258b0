"""`zjk-gis repeats`: the places where the same thing happened again after it had been dealt with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zjk_gis.assess import mark_repeats, repeat_incidents
from zjk_gis.cli.analysis.recurring import (
    most_option,
    output_option,
    same_option,
    tell_caveat,
    tell_found,
    with_names,
)
from zjk_gis.cli.city import cases_options, read_cases
from zjk_gis.cli.options import CITY
from zjk_gis.cli.speaking import speaking
from zjk_gis.io import check_writable, write_layer
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console

__all__ = ["command"]

_COLUMNS = (
    "place_code", "event_name", "times", "first_at", "last_at", "median_gap_days", "street_name", "zone_code",
    "chief_name",
)  # fmt: skip


@click.command("repeats")
@click.argument("city", type=CITY)
@cases_options
@click.option(
    "--within", "within_m", default=20.0, show_default=True, help="How far from the first case, in metres."
)
@click.option(
    "--period",
    "within",
    default="90d",
    show_default=True,
    help="How long after the last case, such as 90d or 24h.",
)
@same_option
@click.option(
    "--after-closing/--while-open",
    "after_closing",
    default=True,
    help="Whether only what is reported after the last case was closed is a repeat; so by default.",
)
@click.option(
    "--least", "least_n", default=2, show_default=True, help="From how many cases on a place is listed."
)
@click.option(
    "--mark",
    type=click.Path(path_type=Path),
    help="Write the incidents to this file, each with whether it is a repeat.",
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
    after_closing: bool,
    least_n: int,
    mark: Path | None,
    output: Path | None,
    most: int,
    console: Console,
) -> None:
    """List the places where the same thing happened again after it had been dealt with.

    A case belongs to a place if it is about the same part, or lies near the first case of it, and is of the
    same class. The worst come first.
    """
    for path in (mark, output):
        if path is not None:
            check_writable(path)
    rule: dict[str, Any] = {
        "within_m": within_m, "within": within, "same": same, "after_closing": after_closing
    }  # fmt: skip
    cases = read_cases(city, incidents, console, datum=datum, fix=fix_positions)
    found = with_names(repeat_incidents(cases, **rule, least_n=least_n), city, console)
    told = {name: found.attrs[name] for name in ("incidents", "repeats", "void", "closing_unknown")}
    console.say(
        tr("{incidents:,} cases: {places:,} places with at least {least} of one class, {repeats:,} cases are "
           "repeats (within {within_m:g} m of the first case and {period} of the last).",
           incidents=told["incidents"], places=len(found), least=least_n, repeats=told["repeats"],
           within_m=within_m, period=within)
    )  # fmt: skip
    if told["closing_unknown"]:
        console.note(
            tr("note: {count:,} cases are closed, but no time says when: what follows them counts as "
               "reported while they were open", count=told["closing_unknown"])
        )  # fmt: skip
    tell_caveat(console)
    if mark is not None:
        write_layer(mark_repeats(cases, **rule), mark)
        console.say(tr("written to {path}", path=mark))
    tell_found(found, _COLUMNS, most, output, console, **told, places=len(found))
