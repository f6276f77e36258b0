"""`zjk-gis access ends`: dead ends, and links that would shorten ways."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from zjk_gis.access import dead_ends, missing_links
from zjk_gis.cli.access.layers import as_records, city_layers, network_of
from zjk_gis.cli.options import CITY
from zjk_gis.cli.speaking import speaking
from zjk_gis.errors import InputError
from zjk_gis.io import check_writable, write_layer
from zjk_gis.layers.labels import label
from zjk_gis.words import tr
from zjk_gis.workspace.city import read_one

if TYPE_CHECKING:
    import geopandas as gpd

    from zjk_gis.cli.console import Console

__all__ = ["ends"]


@click.command("ends")
@click.argument("city", type=CITY)
@click.option(
    "--region",
    type=click.Path(path_type=Path),
    help="The ground that the roads cover, as a layer file; by default the built-up areas.",
)
@click.option("--least", default=30.0, show_default=True, help="Stubs shorter than this are driveways.")
@click.option("--link", default=200.0, show_default=True, help="How many metres a link has at most.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write ends and links to this .gpkg.")
@click.option("--most", default=10, show_default=True, help="How many are printed.")
@speaking
def ends(
    city: Path | str,
    region: Path | None,
    least: float,
    link: float,
    output: Path | None,
    most: int,
    console: Console,
) -> None:
    """List dead ends with the link that would open each, and links that would shorten long ways round."""
    if output is not None:
        check_writable(output)
        if output.suffix.lower() != ".gpkg":
            raise InputError(tr("{output}: ends and links are two layers; name a .gpkg file", output=output))
    wanted = ["roads"] if region is not None else ["roads", "built_up_areas"]
    layers = city_layers(city, wanted, console, also=("entrances",))
    ground = layers["built_up_areas"] if region is None else read_one(region)
    network = network_of(layers, console, join=False)
    found = dead_ends(network, ground, least_m=least, link_m=link, entrances=layers.get("entrances"))
    links = missing_links(network, within_m=link)
    lang = console.lang
    counts = found["kind"].value_counts()
    console.show(
        [(label(str(kind), lang), int(number)) for kind, number in counts.items()],
        [tr("road ends"), tr("count")],
    )
    dead = found[found["kind"] == "dead_end"].sort_values(
        ["saved_m", "edge_code"], ascending=[False, True], kind="stable"
    )
    _table(dead, ("edge_code", "road_name", "length_m", "link_edge_code", "link_m", "saved_m"), most, console)
    if len(links):
        console.say(tr("links that would shorten ways:"))
        _table(links, ("first_edge", "second_edge", "link_m", "way_round_m", "saved_m"), most, console)
    if output is not None:
        output.unlink(missing_ok=True)
        write_layer(found, output, layer="dead_ends")
        write_layer(found.attrs["links"], output, layer="dead_end_links")
        write_layer(links, output, layer="missing_links")
        console.say(tr("layers written to {output}", output=output))
    console.result(
        {
            "kinds": counts.to_dict(),
            "dead_ends": as_records(pd.DataFrame(dead.drop(columns="geometry"))),
            "missing_links": as_records(pd.DataFrame(links.drop(columns="geometry"))),
            "output": None if output is None else str(output),
        }
    )


def _table(rows: gpd.GeoDataFrame, columns: tuple[str, ...], most: int, console: Console) -> None:
    def said(value: Any) -> object:
        if pd.isna(value):
            return "-"
        return f"{value:,.0f}" if isinstance(value, float) else value

    console.show(
        [tuple(said(getattr(row, name)) for name in columns) for row in rows.head(most).itertuples()],
        [label(name, console.lang, unit=True) for name in columns],
    )
