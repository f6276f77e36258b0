"""`zjk-gis assess`: the indicators of a month, and who comes first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
import pandas as pd

from zjk_gis.assess import composite_score, indicators, mark_repeats, ranking
from zjk_gis.cli.city import cases_options, read_cases, tell_set_aside
from zjk_gis.cli.options import CITY, WORDS
from zjk_gis.cli.speaking import speaking
from zjk_gis.io import check_writable, read_table
from zjk_gis.layers.labels import label
from zjk_gis.reports import write_workbook
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console

__all__ = ["command"]

_PRINTED = ("closed_rate", "closed_in_time_rate")


@click.command("assess")
@click.argument("city", type=CITY)
@click.option("--month", required=True, help="The month that is judged, such as 2025-11.")
@cases_options
@click.option(
    "--by", type=WORDS, default="district_code", show_default=True, help="The columns that are compared."
)
@click.option("--as-of", help="How things stood on this day; by default the end of the month.")
@click.option(
    "--deadlines",
    type=click.Path(path_type=Path),
    help="How long each class may take: a table with event_code, deadline and clock.",
)
@click.option(
    "--repeats",
    is_flag=True,
    help="Find the repeats and tell their share: the same class again within 20 m and 90 days, after it was "
    "closed; what the file says of it does not count.",
)
@click.option("--least", default=30, show_default=True, help="With fewer cases nobody is ranked.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write a workbook (.xlsx).")
@speaking
def command(
    city: Path | str,
    month: str,
    incidents: Path | None,
    datum: str | None,
    fix_positions: bool,
    by: tuple[str, ...],
    as_of: str | None,
    deadlines: Path | None,
    repeats: bool,
    least: int,
    output: Path | None,
    console: Console,
) -> None:
    """Compute the indicators of a month, each with its numerator and denominator, and rank by them.

    A case is due by its recorded deadline, or else by the table of deadlines and working time.
    """
    if output is not None:
        check_writable(output)
    cases = read_cases(city, incidents, console, datum=datum, fix=fix_positions, by_roads=repeats)
    if repeats:  # once for both tables
        cases = mark_repeats(cases.drop(columns="is_repeat", errors="ignore"))
        tell_set_aside(cases, console)
    asked: dict[str, Any] = {"month": month, "as_of": as_of}
    asked["table"] = None if deadlines is None else read_table(deadlines)
    whole = indicators(cases, **asked)
    areas = indicators(cases, by=by, **asked)
    ranked = _ranked(areas, list(by), least)
    _tell(whole, ranked, list(by), month, console)
    if output is not None:
        shown = [*by, "score", "class_place", "n", "is_tied", "unranked", "lacking_indicators"]
        sheets = {"ranking": ranked[shown].round(2), "indicators": areas.round(4)}
        values = zip(whole["indicator"].tolist(), whole["value"].tolist(), strict=True)
        summary = {str(name): _shown(str(name), float(value)) for name, value in values}
        written = write_workbook(
            sheets,
            output,
            summary=summary,
            lang=console.lang,
            title=tr("City management in {month}", month=month),
        )
        console.say(tr("workbook written to {output}", output=written))
    console.result({"month": month, "indicators": _records(whole), "ranking": _records(ranked)})


def _ranked(areas: pd.DataFrame, by: list[str], least: int) -> pd.DataFrame:
    """Score by those of the usual weights that could be computed, and rank."""
    from zjk_gis.standards import rules_table

    weights = rules_table("score_weights")
    weights = weights[weights["indicator"].isin(areas["indicator"])]
    return ranking(composite_score(areas, by=by, score_weights=weights), least_n=least)


def _tell(whole: pd.DataFrame, ranked: pd.DataFrame, by: list[str], month: str, console: Console) -> None:
    """Say how the month was and who comes first and last, and print the ranking."""
    figures = whole.set_index("indicator")
    filed, closed, in_time = (figures.loc[name] for name in ("filed_rate", *_PRINTED))
    if not closed["denominator"]:
        console.say(
            tr("{month}: {reported:,.0f} cases reported, {filed:,.0f} filed; none was due for closing.",
               month=month, reported=filed["denominator"], filed=filed["numerator"])
        )  # fmt: skip
    else:
        console.say(
            tr("{month}: {reported:,.0f} cases reported, {filed:,.0f} filed; of {due:,.0f} due for closing "
               "{closed:.2%} were closed, {in_time:.2%} in time.",
               month=month, reported=filed["denominator"], filed=filed["numerator"],
               due=closed["denominator"], closed=closed["value"], in_time=in_time["value"])
        )  # fmt: skip
    placed = ranked[ranked["class_place"].notna()]
    if len(placed) > 1:
        first, last = (" ".join(str(placed.iloc[at][name]) for name in by) for at in (0, -1))
        console.say(
            tr("First is {first} with {high:.2f} points, last {last} with {low:.2f}.",
               first=first, high=placed.iloc[0]["score"], last=last, low=placed.iloc[-1]["score"])
        )  # fmt: skip
    if "repeat_rate" in figures.index and figures.loc["repeat_rate", "denominator"]:
        again = figures.loc["repeat_rate"]
        console.say(
            tr("{repeated:,.0f} of {filed:,.0f} filed cases ({share:.2%}) happened again where they had been "
               "closed.", repeated=again["numerator"], filed=again["denominator"], share=again["value"])
        )  # fmt: skip
    lang = console.lang
    rows = [
        (
            *("-" if pd.isna(row[name]) else str(row[name]) for name in by),
            "-" if pd.isna(row["class_place"]) else str(row["class_place"]),
            "-" if pd.isna(row["score"]) else f"{row['score']:.2f}",
            f"{row['n']:,}",
        )
        for _, row in ranked.iterrows()
    ]
    console.show(rows, [label(name, lang) for name in (*by, "class_place", "score", "n")])


def _shown(indicator: str, value: float) -> str | float:
    """Write a share as a percentage, hours as they are, and a dash where there is no data."""
    if np.isnan(value):
        return "-"
    return f"{value:.2%}" if indicator.endswith("_rate") else round(value, 1)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table as JSON can say it: nothing where there is no value."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]
