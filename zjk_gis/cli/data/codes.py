"""`zjk-gis codes`: codes explained, checked and continued."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zjk_gis.cli.city import tell_report
from zjk_gis.cli.console import language_option
from zjk_gis.cli.options import headings_option
from zjk_gis.cli.speaking import speaking
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.io import check_writable, write_table
from zjk_gis.io.unplaced import read_unplaced
from zjk_gis.standards import SCHEMES, check_codes, explain_code, next_codes
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    import pandas as pd

    from zjk_gis.cli.console import Console
    from zjk_gis.layers.labels import Language

__all__ = ["command"]

_SHOWN = 20
_scheme = click.option("--scheme", type=click.Choice(list(SCHEMES)), help="What the codes are of.")
_tables = click.option(
    "--tables",
    type=click.Path(path_type=Path),
    help="A folder with your own rows of the tables, such as streets.csv.",
)


@click.group("codes")
@language_option(expose_value=False)
def command() -> None:
    """Explain, check and continue codes."""


@command.command("explain")
@click.argument("codes", nargs=-1, required=True)
@_scheme
@_tables
@speaking
def explain(codes: tuple[str, ...], scheme: str | None, tables: Path | None, console: Console) -> None:
    """Say digit by digit what codes mean."""
    lang = console.lang
    told = {code: explain_code(code, scheme, tables=tables, lang=lang) for code in codes}
    for words in told.values():
        console.say(words)
    console.result(told)


@command.command("check")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--column", required=True, help="The column of codes, such as grid_code or 网格编码.")
@click.option("--layer", help="Which layer or sheet of the file, where there are several.")
@click.option("--scheme", type=click.Choice(list(SCHEMES)), required=True, help="What the codes are of.")
@_tables
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write all problems to .csv or .xlsx.")
@headings_option
@speaking
def check(
    path: Path,
    column: str,
    layer: str | None,
    scheme: str,
    tables: Path | None,
    output: Path | None,
    headings: Language | None,
    console: Console,
) -> None:
    """List the codes of a file that are not as they must be.

    Leaves with 1 if there is an error among them.
    """
    if output is not None:
        check_writable(output)
    codes = _column(path, column, layer, console)
    problems = check_codes(codes, scheme, tables=tables, lang=console.lang)
    problems.insert(0, "row", [str(label) for label in codes.index[problems["at"]]])
    errors = int((problems["severity"] == "error").sum())
    console.say(
        tr(
            "{codes_count:,} codes, {errors:,} errors, {problems_count:,} warnings",
            codes_count=len(codes),
            errors=errors,
            problems_count=len(problems) - errors,
        ),
    )
    for rule, count in problems["rule"].value_counts().sort_index().items():
        console.say(tr("    {rule}: {count:,}", rule=rule, count=count))
    for problem in problems.head(_SHOWN).itertuples(index=False):
        console.say(tr("  {where}: {why}", where=f"[{problem.row}] {problem.code}", why=problem.message))
    rest = len(problems) - _SHOWN
    if rest > 0:
        console.say(tr("  ... and {rest:,} more", rest=rest))
    if output is not None:
        written = write_table(problems.drop(columns="at"), output, headings=headings)
        console.say(tr("all problems written to {written}", written=written))
    console.result({"codes": len(codes), "errors": errors, "problems": problems.to_dict("records")})
    if errors:
        click.get_current_context().exit(1)


@command.command("next")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--column", required=True, help="The column of codes given out so far.")
@click.option("--layer", help="Which layer or sheet of the file, where there are several.")
@click.option("--scheme", type=click.Choice(list(SCHEMES)), required=True, help="What the codes are of.")
@click.option("--prefix", required=True, help="The digits before the number: the 12 of a grid's community.")
@click.option("--count", type=click.IntRange(min=1), default=1, help="How many are wanted.")
@click.option(
    "--retired",
    type=click.Path(path_type=Path),
    help="A file with a column of the same name: codes now void.",
)
@speaking
def following(
    path: Path,
    column: str,
    layer: str | None,
    scheme: str,
    prefix: str,
    count: int,
    retired: Path | None,
    console: Console,
) -> None:
    """Give out the next codes; void ones never come again."""
    given = _column(path, column, layer, console)
    void = () if retired is None else _column(retired, column, None, console)
    codes = next_codes(given, count, scheme=scheme, prefix=prefix, retired=void)
    for code in codes:
        console.say(code)
    console.result({"codes": codes})


def _column(path: Path, column: str, layer: str | None, console: Console) -> pd.Series:
    table = read_unplaced(path, layer=layer)
    tell_report(table, console)
    if column not in table.columns:
        columns = listed(table.columns)
        raise MissingColumnError(
            tr(
                "{path}: has no column {column!r}; its columns are {columns}",
                path=path,
                column=column,
                columns=columns,
            )
        )
    values = table[column]
    if values.dtype.kind == "f":
        raise InputError(
            tr(
                "{path}: {column} is stored as numbers with decimals; codes of over 15 digits are lost",
                path=path,
                column=column,
            )
        )
    return values
