"""`zjk-gis synth`: make a synthetic city."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zjk_gis.cli.speaking import speaking
from zjk_gis.synth import make_city, make_pipe_faults, write_city, write_pipe_faults
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console

__all__ = ["command"]


@click.command("synth")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--grids", default=1100, show_default=True, type=click.IntRange(min=300), help="Unit grids.")
@click.option(
    "--incidents", default=20_000, show_default=True, type=click.IntRange(min=1000), help="Incidents."
)
@click.option("--seed", default=20220317, show_default=True, help="The same seed gives the same city.")
@click.option("--pipe-faults", is_flag=True, help="Write a field of pipes with planted faults, too.")
@speaking
def command(folder: Path, grids: int, incidents: int, seed: int, pipe_faults: bool, console: Console) -> None:
    """Make a synthetic Zhangjiakou with known faults.

    Writes city.gpkg, incidents.csv, deadlines.csv and the truth about its planted faults into FOLDER.
    """
    city = make_city(grids=grids, incidents=incidents, seed=seed)
    write_city(city, folder)
    console.say(tr("made a synthetic city: {folder}", folder=folder))
    if pipe_faults:
        package = write_pipe_faults(make_pipe_faults(seed=seed), folder)
        console.say(tr("written to {path}", path=package))
    sizes = {name: len(layer) for name, layer in city.layers.items()} | {"incidents": len(city.incidents)}
    console.show(list(sizes.items()), [tr("layer"), tr("features")])
    console.result({"folder": str(folder), "features": sizes})
