"""`zjk-gis report`: a table of indicators as a page or a workbook that a leader would look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zjk_gis.cli.speaking import speaking
from zjk_gis.io import read_table
from zjk_gis.read_report import report_of
from zjk_gis.reports import write_table_report
from zjk_gis.reports.report import check_report_path
from zjk_gis.words import tr

if TYPE_CHECKING:
    import pandas as pd

    from zjk_gis.cli.console import Console

__all__ = ["command"]


@click.command("report")
@click.argument("tables", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="A .html or .xlsx file.")
@click.option("--sheet", help="The sheet of a workbook that has several.")
@click.option("--title", help="The heading; by default the first table's name.")
@click.option("--source", default="", help="Where the data come from, told under the title.")
@click.option("--as-of", help="The day for which the figures are valid.")
@speaking
def command(
    tables: tuple[Path, ...],
    output: Path,
    sheet: str | None,
    title: str | None,
    source: str,
    as_of: str | None,
    console: Console,
) -> None:
    """Make a report of any table of indicators.

    TABLES are .csv or .xlsx files. The first column of names names the rows; each column of numbers is summed
    up and drawn: over months as a line, else as sorted bars. Percentages, thousands, 万 and 亿 are
    understood; what has no data is shown as such, and a column that is not drawn is named with the reason. A
    page (.html) prints well; a workbook (.xlsx) holds all rows.
    """
    check_report_path(output, tables)
    read: dict[str, pd.DataFrame] = {}
    paths: dict[str, Path] = {}
    for path in tables:
        table = read_table(path, layer=sheet)
        for remark in report_of(table).remarks:
            console.note(remark)
        name = path.stem if path.stem not in read else f"{path.stem} ({len(read) + 1})"
        read[name], paths[name] = table, path
    undrawn = write_table_report(read, output, title=title, source=source, as_of=as_of, lang=console.lang)
    for name, whys in undrawn.items():
        for why in whys:
            console.note(tr("{path}: {why}", path=paths[name], why=why))
    console.say(tr("report: {report}", report=output))
    console.result({"output": str(output), "rows": {name: len(table) for name, table in read.items()}})
