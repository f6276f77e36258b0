"""`zjk-gis changes`: what is another answer than in an earlier run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zjk_gis.city import changes_between
from zjk_gis.cli.output import show_rows
from zjk_gis.cli.speaking import speaking
from zjk_gis.io import check_writable
from zjk_gis.layers.labels import label
from zjk_gis.reports import write_workbook
from zjk_gis.words import tr

if TYPE_CHECKING:
    import pandas as pd

    from zjk_gis.cli.console import Console

__all__ = ["command"]

_COLUMNS = {
    "gaps": ("change", "gap_code", "area_m2"),
    "chiefs": ("layer", "code", "chief_before", "chief_after", "name_before", "name_after"),
    "indicators": ("indicator", "area", "value_before", "value_after", "change", "turned"),
}


@click.command("changes")
@click.argument("city", type=click.Path(path_type=Path))
@click.option("--before", type=int, help="The earlier run; by default the one before.")
@click.option("--after", type=int, help="The later run; by default the last.")
@click.option("--most", default=10, show_default=True, help="How many of each are printed.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A workbook (.xlsx) with all of them.")
@speaking
def command(
    city: Path, before: int | None, after: int | None, most: int, output: Path | None, console: Console
) -> None:
    """Tell what changed between two runs: new and closed gaps, chiefs who took over, indicators that turned.

    CITY is a city file (city.toml) with at least two runs.
    """
    if output is not None:
        check_writable(output)
    found = changes_between(city, before, after)
    console.say(tr("from run {before} to run {after}", before=found.before, after=found.after))
    tables: dict[str, pd.DataFrame] = {name: getattr(found, name) for name in _COLUMNS}
    for (name, rows), sentence in zip(tables.items(), found.sentences, strict=True):
        console.say(sentence)
        if len(rows):
            show_rows(rows, _COLUMNS[name], most, console)
    if output is not None:
        written = write_workbook(
            tables,
            output,
            summary={label(name, console.lang): len(rows) for name, rows in tables.items()},
            title=tr("What changed"),
            lang=console.lang,
        )
        console.say(tr("written to {path}", path=written))
    console.result(
        {"before": found.before, "after": found.after}
        | {
            name: rows[list(_COLUMNS[name])]
            .astype(object)
            .where(rows[list(_COLUMNS[name])].notna(), None)
            .to_dict("records")
            for name, rows in tables.items()
        }
    )
