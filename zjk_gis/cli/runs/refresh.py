"""`zjk-gis refresh`: the weekly run of a city."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zjk_gis.city import refresh_city
from zjk_gis.city.editions import SET_ASIDE
from zjk_gis.city.refresh import stopped_by
from zjk_gis.city.runs import source_title
from zjk_gis.cli.options import WORDS
from zjk_gis.cli.speaking import speaking
from zjk_gis.layers.labels import label
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.city import Refreshed
    from zjk_gis.cli.console import Console

__all__ = ["command"]

_COUNTS = ("added", "changed", "restored", "withdrawn", "aside")
_SHOWN = 10  # rows that differ, of a dry run


@click.command("refresh")
@click.argument("city", type=click.Path(path_type=Path))
@click.option("--at", help="The day that is judged; by default today.")
@click.option("--dry-run", is_flag=True, help="Say what would be taken, and why; nothing is written.")
@click.option(
    "--even-so", type=WORDS, metavar="LAYERS",
    help="Layers that are taken although a guard stops the run, or the same rows were there before.",
)  # fmt: skip
@click.option("--again", is_flag=True, help="Take files again that came in a run which was undone.")
@speaking
def command(
    city: Path,
    at: str | None,
    dry_run: bool,
    even_so: tuple[str, ...] | None,
    again: bool,
    console: Console,
) -> None:
    """Run a city: take what is new or changed, ask all that there is to ask, tell what changed.

    CITY is a city file (city.toml). What has come is judged by its content: the same rows are not taken
    twice, an older edition never goes over a newer one, and a complete set that has shrunk stops the run. All
    is taken or nothing. Rows that cannot be taken are in a workbook beside the city file; corrected there,
    the next run takes them. A run that was stopped goes on when it is called again.

    A file that cannot be read or is dated after the run is set aside, and everything else goes on. Of files
    of one day the one whose name ends with _更正, _v2 or (1) corrects the other.

    It runs from cron or the Task Scheduler and writes a log a day into the history folder. Exit codes: 0
    done, or nothing new; 1 done, but rows or files are set aside, files were refused as old, or a question
    could not be answered; 2 stopped, nothing was written; 4 another run of the city is at work. With
    --dry-run they are those of the run that it tells of.
    """
    result = refresh_city(
        city,
        at=at,
        dry_run=dry_run,
        even_so=even_so or (),
        again=again,
        tell=console.note,
        show=False if console.as_json else None,
    )
    _tell(result, console)
    console.result(
        {
            "run": result.run,
            "at": result.at,
            "taken": result.taken.astype(object).where(result.taken.notna(), None).to_dict("records"),
            "answered": {each.step: each.outcome for each in result.answered},
            "aside": result.aside,
            "workbook": None if result.workbook is None else str(result.workbook),
            "published": None if result.published is None else str(result.published),
            "changes": [] if result.changes is None else result.changes.sentences,
            "stops": result.stops,
        }
    )
    if result.stops:
        raise stopped_by(city.name, result.stops)
    if not result.is_clean:
        click.get_current_context().exit(1)


def _tell(result: Refreshed, console: Console) -> None:
    """Print what came of each edition that is news; of a dry run also why, and the first rows that differ."""
    lang = console.lang
    told = (
        result.taken
        if result.is_dry
        else result.taken[~result.taken["verdict"].isin(["unchanged", "missing"])]
    )
    if len(told):
        told = told.assign(source=told["source"].map(source_title))
        columns = ["source", "day", *_COUNTS, *(["sentence"] if result.is_dry else [])]
        rows = [tuple(label(str(cell), lang) for cell in row) for row in told[columns].to_numpy().tolist()]
        console.show(rows, [label("layer" if name == "source" else name, lang) for name in columns])
    if result.is_dry:
        shown = result.rows[["layer", "row_key", "change", "columns"]].head(_SHOWN).to_numpy().tolist()
        if shown:
            heads = [label(name, lang) for name in ("layer", "row_key", "change", "columns")]
            console.show([tuple(label(str(cell), lang) for cell in row) for row in shown], heads)
        for remark in result.remarks:
            console.say(remark)
    if result.workbook is not None:
        whole = int(result.taken["verdict"].isin(SET_ASIDE).sum())
        console.say(
            tr("{count:,} rows set aside: {workbook}", count=result.aside, workbook=result.workbook)
            if not whole
            else tr("{count:,} rows and {whole:,} whole deliveries set aside: {workbook}", count=result.aside,
                    whole=whole, workbook=result.workbook)
        )  # fmt: skip
    if result.changes is not None:
        for sentence in result.changes.sentences:
            console.say(sentence)
    if result.published is not None:
        console.say(tr("published to {folder}", folder=result.published))
    if not result.is_dry:
        console.say(tr("run {run} of {at}", run=result.run, at=result.at))
