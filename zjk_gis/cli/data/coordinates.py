"""`zjk-gis coordinates`: what the coordinates of a file probably are, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zjk_gis.cli.city import tell_report
from zjk_gis.cli.speaking import speaking
from zjk_gis.coordinates.inference import infer_coordinates
from zjk_gis.crs import crs_for
from zjk_gis.errors import InputError
from zjk_gis.io import check_writable, read_layer, write_layer
from zjk_gis.io.unplaced import read_unplaced
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console
    from zjk_gis.coordinates.guesses import CoordinateGuess

__all__ = ["command"]

_SYSTEMS = {
    "wgs84": "on the ground (CGCS2000/WGS84)",
    "gcj02": "GCJ-02",
    "bd09": "BD-09",
    "undecided": "datum undecided",
}


@click.command("coordinates")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--layer", help="Which layer or sheet of the file, where there are several.")
@click.option("--x", help="One column of coordinates; by default those of the usual names.")
@click.option("--y", help="The other column.")
@click.option(
    "--reference",
    type=click.Path(path_type=Path),
    help="Roads or boundaries that the points should lie on or near, by which GCJ-02 and BD-09 are told.",
)
@click.option("--reference-layer", help="Which layer of the reference.")
@click.option("--confirm", type=int, help="Place the layer as this hypothesis says; needs -o.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Where to write the placed layer.")
@speaking
def command(
    path: Path,
    layer: str | None,
    x: str | None,
    y: str | None,
    reference: Path | None,
    reference_layer: str | None,
    confirm: int | None,
    output: Path | None,
    console: Console,
) -> None:
    """Say what the coordinates of a file probably are, and why.

    Nothing is changed unless a hypothesis is confirmed by its number. Leaves with 1 if nothing known fits.
    """
    if (confirm is None) is not (output is None):
        raise InputError(
            tr("--confirm and -o go together: which hypothesis, and where to write the placed layer")
        )
    if output is not None:
        check_writable(output)
    table = read_unplaced(path, layer=layer)
    tell_report(table, console)
    known = None if reference is None else read_layer(reference, layer=reference_layer)
    guess = infer_coordinates(table, x=x, y=y, reference=known)
    _print(guess, console)
    if guess.best.crs is not None:
        placed = guess.confirm(table, choice=confirm or 1)
        measure = crs_for(placed)
        console.say(
            tr(
                "to measure lengths and areas in EPSG:{epsg}: {reason}",
                epsg=measure.epsg,
                reason=measure.reason,
            ),
        )
    if confirm is not None and output is not None:
        placed = guess.confirm(table, choice=confirm)
        written = write_layer(placed, output, headings="en")  # all columns are the source's own
        console.say(
            tr(
                "placed as hypothesis {confirm} in {written}",
                confirm=confirm,
                written=written,
            )
        )
    hypotheses = guess.to_frame().reset_index().astype(object)
    rows = hypotheses.where(hypotheses.notna(), None).to_dict("records")
    console.result({"rows": guess.rows, "usable": guess.usable, "hypotheses": rows})
    if guess.best.crs is None:
        click.get_current_context().exit(1)


def _print(guess: CoordinateGuess, console: Console) -> None:
    console.say(
        tr(
            "{rows:,} rows, {usable:,} with a usable position; these may be:",
            rows=guess.rows,
            usable=guess.usable,
        ),
    )
    for number, each in enumerate(guess.hypotheses, start=1):
        percent = f"{100 * each.confidence:.0f} %"
        if each.crs is None:
            console.say(tr("  {number}. unknown", number=number))
        else:
            console.say(
                tr(
                    "  {number}. {what}: EPSG:{crs}, {datum}, {percent} sure",
                    number=number,
                    what=each.what,
                    crs=each.crs,
                    datum=tr(_SYSTEMS[each.datum]),
                    percent=percent,
                )
            )
        for line in each.evidence:
            console.say(tr("       {line}", line=line))
