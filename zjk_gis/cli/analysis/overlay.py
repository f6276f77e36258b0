"""`zjk-gis overlay`: the rows of one layer with the codes of another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from zjk_gis.cli.city import read_zones, tell_report, tell_set_aside
from zjk_gis.cli.options import CITY, LEVEL, WORDS
from zjk_gis.cli.output import show_rows
from zjk_gis.cli.speaking import speaking
from zjk_gis.io import check_writable, read_layer, write_layer
from zjk_gis.layers.columns.time_cells import today
from zjk_gis.overlay import overlay_layers, overlay_totals
from zjk_gis.overlay.layers import How
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console

__all__ = ["command"]


@click.command("overlay")
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=CITY)
@click.option(
    "--how", type=click.Choice(get_args(How)), default="share", show_default=True, help="What is asked."
)
@click.option("--once", is_flag=True, help="Every row of A once, with what has most of it.")
@click.option("--split", is_flag=True, help="Cut the rows of A at the borders of B.")
@click.option("--a-layer", help="The layer of A, where it has several.")
@click.option("--b-layer", help="The layer of B; by default its responsibility zones.")
@click.option("--code", help="The column of codes of B; by default the one that the catalogue knows.")
@click.option("--by", type=WORDS, help="Sum by these columns; by default by the code of B.")
@click.option("--within", "within_m", type=float, help="With nearest: how far, in metres.")
@click.option("--at", help="The day on which rows of B are valid, such as 2025-12-31; by default today.")
@click.option("--level", type=LEVEL, help="Which level of B answers; by default the finest.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the rows to this file.")
@click.option("--most", default=20, show_default=True, help="How many sums are printed.")
@speaking
def command(
    a: Path,
    b: Path | str,
    how: Any,
    once: bool,
    split: bool,
    a_layer: str | None,
    b_layer: str | None,
    code: str | None,
    by: tuple[str, ...] | None,
    within_m: float | None,
    at: str | None,
    level: int | str | None,
    output: Path | None,
    most: int,
    console: Console,
) -> None:
    """Give the rows of A the codes of B, and say how much lies where.

    No row of A is lost and none comes twice unasked; lengths and areas add up to those of A.
    """
    if output is not None:
        check_writable(output)
    rows = read_layer(a, layer=a_layer)
    tell_report(rows, console)
    found = overlay_layers(
        rows,
        read_zones(b, b_layer, console),
        how,
        once=once,
        split=split,
        code=code,
        within_m=float("inf") if within_m is None else within_m,
        at=at or today().isoformat(),
        level=level,
    )
    tell_set_aside(found, console)
    nowhere = int((found["found"] == "none").groupby(found["row"]).all().sum())
    console.say(
        tr(
            "{count:,} rows, {nowhere:,} of them nowhere",
            count=len(rows),
            nowhere=nowhere,
        )
    )
    totals = overlay_totals(found, list(by) if by else None)
    show_rows(totals, tuple(map(str, totals.columns)), most, console)
    if output is not None:
        write_layer(found, output)
        console.say(tr("written to {path}", path=output))
    table = totals.astype(object)
    console.result(
        {
            "rows": len(rows),
            "nowhere": nowhere,
            "totals": table.where(table.notna(), None).to_dict("records"),
            "output": None if output is None else str(output),
        }
    )
