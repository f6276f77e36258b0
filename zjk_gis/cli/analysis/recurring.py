"""What the commands about repeats, several reports and black spots have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from zjk_gis.cli.access.layers import as_records
from zjk_gis.cli.city import read_city, tell_set_aside
from zjk_gis.cli.options import WORDS
from zjk_gis.cli.output import show_rows
from zjk_gis.io import write_layer
from zjk_gis.protection.answering import with_who_answers
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd

    from zjk_gis.cli.console import Console

__all__ = [
    "most_option",
    "output_option",
    "same_option",
    "tell_caveat",
    "tell_found",
    "with_names",
]

same_option = click.option(
    "--same",
    type=WORDS,
    default="event_code",
    show_default=True,
    help="The columns by which incidents are of one class.",
)
output_option = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Write all of them to this file (.xlsx, .gpkg, .csv).",
)
most_option = click.option("--most", default=10, show_default=True, help="How many are printed.")


def with_names(found: gpd.GeoDataFrame, city: Path | str, console: Console) -> gpd.GeoDataFrame:
    """Add the zone with its chief and the street, as far as the city has them."""
    layers = read_city(city, console, layers=["responsibility_zones", "streets"])
    zones, streets = (layers.get(name) for name in ("responsibility_zones", "streets"))
    return with_who_answers(found, zones, streets)


def tell_found(
    found: gpd.GeoDataFrame,
    columns: tuple[str, ...],
    most: int,
    output: Path | None,
    console: Console,
    **figures: Any,
) -> None:
    """Say which rows were set aside, print the first of what was found, and write all of it."""
    tell_set_aside(found, console)
    first = found.head(most)
    show_rows(first.assign(**first.select_dtypes("float").round(2)), columns, most, console)
    if len(found) > most:
        console.say(tr("  ... and {rest:,} more", rest=len(found) - most))
    if output is not None:
        write_layer(found, output)
        console.say(tr("written to {path}", path=output))
    rows = as_records(pd.DataFrame(found.drop(columns="geometry")))
    console.result({**figures, "rows": rows, "output": None if output is None else str(output)})


def tell_caveat(console: Console) -> None:
    """Say what counts of incidents are good for."""
    console.say(
        tr("Counts follow the routes of inspectors: compare places of one class that are patrolled alike.")
    )
