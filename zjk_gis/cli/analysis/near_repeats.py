"""`zjk-gis near-repeats`: whether one incident brings another nearby soon after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zjk_gis.assess import near_repeats
from zjk_gis.assess.knox import MOST_PERMUTATIONS
from zjk_gis.cli.access.layers import as_records
from zjk_gis.cli.analysis.recurring import most_option, output_option
from zjk_gis.cli.city import cases_options, read_cases
from zjk_gis.cli.options import CITY, NUMBERS, WORDS
from zjk_gis.cli.output import of_classes, show_rows
from zjk_gis.cli.speaking import speaking
from zjk_gis.io import check_writable, write_table
from zjk_gis.words import tr

if TYPE_CHECKING:
    from pathlib import Path

    from zjk_gis.cli.console import Console

__all__ = ["command"]

_COLUMNS = ("over_m", "up_to_m", "from_days", "to_days", "pairs", "expected_pairs", "ratio_to_chance",
            "p_value")  # fmt: skip
_CHANCE = 0.05


@click.command("near-repeats")
@click.argument("city", type=CITY)
@cases_options
@click.option(
    "--class",
    "classes",
    type=WORDS,
    help="Only incidents whose event code begins so, such as 05 or 0501,0502.",
)
@click.option(
    "--within",
    "distances",
    type=NUMBERS,
    default="100,200",
    show_default=True,
    help="Where bands of distance end, in metres.",
)
@click.option("--days", type=NUMBERS, default="7,14", show_default=True, help="Where bands of days end.")
@click.option(
    "--permutations",
    default=999,
    show_default=True,
    type=click.IntRange(1, MOST_PERMUTATIONS),
    help="How often days are dealt anew among the places.",
)
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(min=0), help="The same seed deals the same."
)
@output_option
@most_option
@speaking
def command(
    city: Path | str,
    incidents: Path | None,
    datum: str | None,
    fix_positions: bool,
    classes: tuple[str, ...] | None,
    distances: tuple[float, ...],
    days: tuple[float, ...],
    permutations: int,
    seed: int,
    output: Path | None,
    most: int,
    console: Console,
) -> None:
    """Tell whether incidents follow each other nearby and soon more often than chance (Knox's test).

    Leave out reports of one thing first (`zjk-gis duplicates`): each of them is a near repeat, too.
    """
    if output is not None:
        check_writable(output)
    cases = of_classes(read_cases(city, incidents, console, datum=datum, fix=fix_positions), classes)
    found = near_repeats(
        cases, distances=distances, days=[int(day) for day in days], permutations=permutations, seed=seed
    )
    told = {name: found.attrs[name] for name in ("incidents", "no_position", "no_time", "permutations")}
    beyond = found[found["p_value"] <= _CHANCE]
    console.say(
        tr("{incidents:,} incidents: {beyond:,} of {bands:,} bands have more pairs than chance (p at most "
           "{chance:g}); {away:,} have no place, {untimed:,} no time.",
           incidents=told["incidents"], beyond=len(beyond), bands=len(found), chance=_CHANCE,
           away=told["no_position"], untimed=told["no_time"])
    )  # fmt: skip
    if len(beyond):
        first = beyond.sort_values("ratio_to_chance", ascending=False, kind="stable").iloc[0]
        console.say(
            tr("Most above chance: {over:g} to {up_to:g} m and {begin} to {end} days apart, {pairs:,} pairs, "
               "{ratio:.2f} times what chance gives.",
               over=first["over_m"], up_to=first["up_to_m"], begin=int(first["from_days"]),
               end=int(first["to_days"]), pairs=int(first["pairs"]), ratio=first["ratio_to_chance"])
        )  # fmt: skip
    show_rows(found, _COLUMNS, most, console)
    if output is not None:
        write_table(found, output)
        console.say(tr("written to {path}", path=output))
    console.result({**told, "rows": as_records(found), "output": None if output is None else str(output)})
