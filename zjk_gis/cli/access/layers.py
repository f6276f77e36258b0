"""What the subcommands read: the city's roads with its barriers, and the layers that are asked about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from zjk_gis.access import public_lots, road_network
from zjk_gis.cli.city import read_city, require_layers, tell_aside
from zjk_gis.cli.options import current_city
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.labels import label
from zjk_gis.words import listed, tr
from zjk_gis.workspace.city_file import PublicLots

if TYPE_CHECKING:
    import geopandas as gpd

    from zjk_gis.access import RoadNetwork
    from zjk_gis.cli.console import Console

__all__ = [
    "as_records",
    "as_share",
    "at_option",
    "barriers_of",
    "city_layers",
    "doors_of",
    "facilities_in",
    "network_of",
    "output_option",
    "tell_answer",
    "tell_network",
    "travel_option",
]

_BARRIERS = ("rivers", "railways")

travel_option = click.option(
    "--travel",
    type=click.Choice(["foot", "car"]),
    default="foot",
    show_default=True,
    help="On foot, or by car, which keeps to one-way streets.",
)
at_option = click.option(
    "--at",
    help="The day that is judged, told on the map: roads opened later are left out. By default all roads.",
)
output_option = click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="A folder for layers, workbook and map."
)


def city_layers(
    city: Path | str, wanted: list[str], console: Console, *, also: tuple[str, ...] = ()
) -> dict[str, gpd.GeoDataFrame]:
    """Read the layers that a question needs, and some that help; refuse a city that lacks one it needs."""
    names = [spec_of(name).name for name in wanted]
    found = read_city(city, console, layers=[*names, *also, *_BARRIERS])
    require_layers(found, city, *names)
    return found


def barriers_of(layers: dict[str, gpd.GeoDataFrame]) -> list[gpd.GeoDataFrame]:
    """Return what nobody crosses but on a bridge."""
    return [layers[name] for name in _BARRIERS if name in layers and len(layers[name])]


def network_of(
    layers: dict[str, gpd.GeoDataFrame], console: Console, *, join: bool, at: str | None = None
) -> RoadNetwork:
    """Make the graph of the roads, or of those of a day, and say what had to be decided."""
    network = road_network(
        layers["roads"], barriers=barriers_of(layers), crossings="join" if join else "report", at=at
    )
    tell_network(network, console)
    tell_aside(network.set_aside, console)
    return network


def tell_network(network: RoadNetwork, console: Console) -> None:
    """Say on stderr what the graph is made of, and how many places a person should look at."""
    lang = console.lang
    console.note(
        tr(
            "road network: {nodes:,} junctions, {edges:,} stretches, "
            "{parts:,} parts that do not hang together",
            nodes=network.graph.size,
            edges=len(network),
            parts=int(network.part.max()) + 1 if len(network) else 0,
        )
    )
    counts = network.report.groupby(["kind", "decision"]).size()
    if len(counts):
        between = ("({decision})", " ({decision})")[lang == "en"]
        told = [
            f"{label(str(kind), lang)}{between.format(decision=label(str(decision), lang))} {number:,}"
            for (kind, decision), number in counts.items()
        ]
        console.note(tr("where lines do not simply meet: {told}", told=listed(told)))


def doors_of(
    layers: dict[str, gpd.GeoDataFrame], layer: gpd.GeoDataFrame, name: str
) -> gpd.GeoDataFrame | None:
    """Return the entrances that are of this layer's rows; None where there are none."""
    entrances = layers.get("entrances")
    if entrances is None or spec_of(name).code not in layer:
        return None
    own = entrances[entrances["facility_code"].isin(layer[spec_of(name).code])]
    return own if len(own) else None


def tell_answer(sentences: list[str], console: Console) -> None:
    """Print the answer in sentences, above the tables it is drawn from."""
    for sentence in sentences:
        console.say(sentence)


def as_share(value: Any) -> str:
    """Write a share as a percentage; a dash where there is none."""
    return "-" if pd.isna(value) else f"{value:.1%}"


def as_records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table as JSON can say it: nothing where there is no value."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def facilities_in(layers: dict[str, gpd.GeoDataFrame], name: str, console: Console) -> gpd.GeoDataFrame:
    """Return the facilities that are asked about; of parking lots those open to the public, and say so."""
    facilities = layers[name]
    if name != "parking_lots" or "lot_kind" not in facilities:
        return facilities
    city = current_city()
    rule = PublicLots() if city is None else city.public_lots
    public = public_lots(facilities, **rule.as_options())
    console.note(
        tr(
            "parking lots open to the public: {count:,} of {total:,}",
            count=len(public),
            total=len(facilities),
        )
    )
    return public
