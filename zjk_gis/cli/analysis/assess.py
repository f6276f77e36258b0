"""`zjk-gis assess`: the bulletin of a month, with the indicators and who comes first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from zjk_gis.cli.analysis.bulletin_options import bulletin_options, make_bulletin, record_of
from zjk_gis.cli.options import CITY
from zjk_gis.cli.speaking import speaking
from zjk_gis.errors import InputError
from zjk_gis.io import check_writable
from zjk_gis.layers.labels import label
from zjk_gis.reports import write_bulletin, write_bulletin_book
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console
    from zjk_gis.reports import Bulletin

__all__ = ["command"]


@click.command("assess")
@click.argument("city", type=CITY)
@click.option("--month", required=True, help="The month that is judged, such as 2025-11.")
@bulletin_options
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write a folder, or a workbook alone (.xlsx)."
)
@speaking
def command(city: Path | str, month: str, output: Path | None, console: Console, **asked: Any) -> None:
    """Make the bulletin of a month: indicators, ranking, worst ten, notice, each figure with an id.

    A case is due by its recorded deadline, or else by the table of deadlines and working time. The rows that
    a figure is made of are printed by `zjk-gis rows`.
    """
    is_book = output is not None and _is_book(output)
    bulletin = make_bulletin(city, month, asked, console)
    _tell(bulletin, console)
    for remark in bulletin.remarks:
        console.note(tr("not computed: {remark}", remark=remark))
    if output is not None and is_book:
        written = write_bulletin_book(bulletin, output, lang=console.lang)
        console.say(tr("workbook written to {output}", output=written))
    elif output is not None:
        made = write_bulletin(bulletin, output, lang=console.lang, made_from=record_of(city, asked, output))
        console.list_files(made.files)
    overall = bulletin.figures[bulletin.figures["chapter"] == "overall"]
    console.result(
        {
            "month": month,
            "indicators": _records(overall),
            "ranking": _records(bulletin.ranking),
            "remarks": bulletin.remarks,
        }
    )


def _is_book(output: Path) -> bool:
    """Tell whether a workbook is wanted, or a folder; refuse other files before any work."""
    if output.is_dir() or not output.suffix:
        return False
    if output.suffix.lower() != ".xlsx":
        raise InputError(
            tr("{output}: a bulletin is a folder, or a workbook (.xlsx) alone; name it so", output=output)
        )
    check_writable(output)
    return True


def _tell(bulletin: Bulletin, console: Console) -> None:
    """Say how the month was and who comes first and last, and print the ranking."""
    overall = bulletin.figures[bulletin.figures["chapter"] == "overall"]
    figures = overall.set_index("indicator")["value"]
    ranked, month, lang = bulletin.ranking, bulletin.month, console.lang
    if not figures["closing_due"]:
        console.say(
            tr("{month}: {reported:,.0f} cases reported, {filed:,.0f} filed; none was due for closing.",
               month=month, reported=figures["reported"], filed=figures["filed"])
        )  # fmt: skip
    else:
        console.say(
            tr("{month}: {reported:,.0f} cases reported, {filed:,.0f} filed; of {due:,.0f} due for closing "
               "{closed:.2%} were closed, {in_time:.2%} in time.",
               month=month, reported=figures["reported"], filed=figures["filed"], due=figures["closing_due"],
               closed=figures["closed_rate"], in_time=figures["closed_in_time_rate"])
        )  # fmt: skip
    placed = ranked[ranked["class_place"].notna()]
    if len(placed) > 1:
        first, last = placed.iloc[0], placed.iloc[-1]
        console.say(
            tr("First is {first} with {high:.2f} points, last {last} with {low:.2f}.",
               first=_named(first), high=first["score"], last=_named(last), low=last["score"])
        )  # fmt: skip
    again = overall[overall["indicator"] == "repeat_rate"]
    if len(again) and again["denominator"].iloc[0]:
        repeated, filed, share = again[["numerator", "denominator", "value"]].iloc[0]
        console.say(
            tr("{repeated:,.0f} of {filed:,.0f} filed cases ({share:.2%}) happened again where they had been "
               "closed.", repeated=repeated, filed=filed, share=share)
        )  # fmt: skip
    rows = [
        (
            *("-" if pd.isna(row[name]) else str(row[name]) for name in bulletin.by),
            str(row["subject_name"]),
            "-" if pd.isna(row["class_place"]) else str(row["class_place"]),
            _moved(row.get("places_gained", pd.NA)),
            "-" if pd.isna(row["score"]) else f"{row['score']:.2f}",
            f"{row['n']:,}",
            str(row["figure"]),
        )
        for _, row in ranked.iterrows()
    ]
    columns = (*bulletin.by, "subject_name", "class_place", "places_gained", "score", "n", "figure")
    console.show(rows, [label(name, lang) for name in columns])


def _named(row: pd.Series) -> str:
    name, code = str(row["subject_name"]), str(row["subject"])
    return name if name == code else tr("{name} ({code})", name=name, code=code)


def _moved(places: Any) -> str:
    """Write how many places were gained: ↑2, ↓1 or =."""
    if pd.isna(places):
        return "-"
    return f"↑{places}" if places > 0 else f"↓{-places}" if places < 0 else "="


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table as JSON can say it: nothing where there is no value."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]
