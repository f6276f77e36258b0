"""`zjk-gis synth`: make a synthetic city."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zjk_gis.cli.speaking import speaking
from zjk_gis.synth import make_city, make_pipe_faults, make_weeks, write_city, write_pipe_faults
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
@click.option(
    "--weeks",
    type=click.IntRange(min=8),
    help="Write so many weekly folders of a small city for `refresh` instead, and how it must end.",
)
@click.pass_context
@speaking
def command(
    context: click.Context,
    folder: Path,
    grids: int,
    incidents: int,
    seed: int,
    pipe_faults: bool,
    weeks: int | None,
    console: Console,
) -> None:
    """Make a synthetic Zhangjiakou with known faults.

    Writes city.gpkg, incidents.csv, deadlines.csv and the truth about its planted faults into FOLDER.
    """
    if weeks is not None:
        _write_weeks(context, folder, weeks, console)
        return
    city = make_city(grids=grids, incidents=incidents, seed=seed)
    write_city(city, folder)
    console.say(tr("made a synthetic city: {folder}", folder=folder))
    if pipe_faults:
        package = write_pipe_faults(make_pipe_faults(seed=seed), folder)
        console.say(tr("written to {path}", path=package))
    sizes = {name: len(layer) for name, layer in city.layers.items()} | {"incidents": len(city.incidents)}
    console.show(list(sizes.items()), [tr("layer"), tr("features")])
    console.result({"folder": str(folder), "features": sizes})


def _write_weeks(context: click.Context, folder: Path, weeks: int, console: Console) -> None:
    """Write weekly folders; a small city unless its size is asked for."""
    asked = {
        name: context.params[name]
        for name in ("grids", "incidents", "seed")
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    }
    made = make_weeks(folder, weeks=weeks, **asked)
    console.say(
        tr("weekly folders written: {folder}; try `zjk-gis refresh {city}`", folder=folder,
           city=folder / "city.toml")
    )  # fmt: skip
    console.result({"folder": str(folder), "deliveries": made.deliveries, **made.truth})
