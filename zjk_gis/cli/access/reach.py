"""`zjk-gis access reach`: who reaches a kind of facility within a distance, and why others do not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from zjk_gis.access import coverage_of, nearest_facilities, service_areas
from zjk_gis.cli.access.layers import (
    as_records,
    as_share,
    city_layers,
    facilities_in,
    network_of,
    travel_option,
)
from zjk_gis.cli.options import CITY
from zjk_gis.cli.speaking import speaking
from zjk_gis.errors import InputError
from zjk_gis.io import check_writable, write_layer
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.labels import label
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from zjk_gis.cli.console import Console

__all__ = ["reach"]

_REASONS = ("reached", "too_far", "cut_off", "no_road", "in_barrier", "no_position")


@click.command("reach")
@click.argument("city", type=CITY)
@click.option("--to", "to", required=True, help="The layer of facilities, such as parking_lots.")
@click.option(
    "--from", "origins", default="residential_estates", show_default=True, help="The layer of homes."
)
@click.option("--within", default=300.0, show_default=True, help="How many metres are within reach.")
@click.option("--by", "by", help="Count by this layer too: communities, streets or districts.")
@travel_option
@click.option(
    "--join-crossings",
    is_flag=True,
    help="Join roads that cross where nothing tells whether they meet; by default they pass each other.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write homes and ground to this .gpkg.")
@click.option("--most", default=10, show_default=True, help="How many are printed.")
@speaking
def reach(
    city: Path | str,
    to: str,
    origins: str,
    within: float,
    by: str | None,
    travel: Literal["foot", "car"],
    join_crossings: bool,
    output: Path | None,
    most: int,
    console: Console,
) -> None:
    """Tell who reaches a facility along the roads, beside the straight line, and why others do not.

    CITY holds roads, the facilities and the homes; its rivers and railways are crossed on bridges alone, and
    its entrances, where it has any, are how facilities are reached and estates are left.
    """
    if output is not None:
        check_writable(output)
        if output.suffix.lower() != ".gpkg":
            raise InputError(
                tr("{output}: homes and ground are two layers; name a .gpkg file", output=output)
            )
    target, source = spec_of(to).name, spec_of(origins).name
    wanted = ["roads", target, source, *([] if by is None else [by])]
    layers = city_layers(city, wanted, console, also=("entrances",))
    network = network_of(layers, console, join=join_crossings)
    facilities = facilities_in(layers, target, console)
    doors = _doors(layers, facilities, target), _doors(layers, layers[source], source)
    homes = nearest_facilities(
        layers[source],
        facilities,
        network,
        within_m=within,
        entrances=doors[0],
        gates=doors[1],
        travel=travel,
    )
    areas = None if by is None else layers[spec_of(by).name]
    whole = coverage_of(homes, within_m=within)
    _show(homes, whole, target, within, console)
    table = None if areas is None else coverage_of(homes, areas, within_m=within)
    if table is not None:
        _show_areas(table, most, console)
    if output is not None:
        output.unlink(missing_ok=True)
        ground = service_areas(facilities, network, within_m=within, entrances=doors[0], travel=travel)
        write_layer(homes, output, layer="homes")
        write_layer(ground, output, layer="service_areas")
        write_layer(network.report, output, layer="road_report")
        console.say(tr("layers written to {output}", output=output))
    console.result(
        {
            "to": target,
            "from": source,
            "within_m": within,
            **whole.attrs["total"],
            "reasons": homes["reason"].value_counts().to_dict(),
            "off_road": homes.attrs["off_road"],
            "areas": None if table is None else as_records(table),
            "output": None if output is None else str(output),
        }
    )


def _doors(
    layers: dict[str, gpd.GeoDataFrame], layer: gpd.GeoDataFrame, name: str
) -> gpd.GeoDataFrame | None:
    """Return the entrances that are of this layer's rows; None where there are none."""
    entrances = layers.get("entrances")
    if entrances is None:
        return None
    own = entrances[entrances["facility_code"].isin(layer[spec_of(name).code])]
    return own if len(own) else None


def _show(homes: gpd.GeoDataFrame, whole: pd.DataFrame, target: str, within: float, console: Console) -> None:
    """Print who is within reach, by either way of measuring, and why others are not."""
    lang = console.lang
    row = whole.iloc[0]
    counted = "people" if "people" in whole and row["people"] > 0 else "homes"
    total = row[counted]
    console.say(
        tr(
            "{facility}, within {within:,.0f} m: {homes:,} homes asked for",
            facility=label(target, lang),
            within=within,
            homes=len(homes),
        )
    )

    def share(part: float) -> str:
        return f"{part / total:.1%}" if total else "-"

    ways = (("network", tr("along the roads")), ("straight", tr("in a straight line")))
    console.show(
        [
            (
                words,
                int(row[f"homes_{way}"]),
                f"{row[f'{counted}_{way}']:,.0f}",
                share(row[f"{counted}_{way}"]),
            )
            for way, words in ways
        ],
        [
            tr("measured"),
            tr("homes within reach"),
            tr("people") if counted == "people" else tr("homes"),
            tr("share"),
        ],
    )
    reasons = homes["reason"].value_counts()
    console.show(
        [(label(each, lang), int(reasons[each])) for each in _REASONS if each in reasons],
        [tr("along the roads"), tr("homes")],
    )
    off = homes.attrs["off_road"]
    if off:
        console.say(
            tr(
                "{count:,} facilities are reached by no road (the first: {code}, {why})",
                count=len(off),
                code=off[0]["facility_code"],
                why=label(off[0]["why"], lang),
            )
        )


def _show_areas(table: pd.DataFrame, most: int, console: Console) -> None:
    """Print the areas with most people out of reach."""
    if "people" not in table:
        return
    lacking = (table["people"] - table["people_network"]).rename("lacking")
    worst = table.assign(lacking=lacking).sort_values(["lacking", "area_code"], ascending=[False, True])
    console.show(
        [
            (
                row.area_code if isinstance(row.area_code, str) else "-",
                f"{row.people:,.0f}",
                f"{row.lacking:,.0f}",
                as_share(row.share_network),
                as_share(row.share_straight),
            )
            for row in worst.head(most).itertuples()
        ],
        [
            tr("code of the area"),
            tr("people"),
            tr("not within reach"),
            tr("share along the roads"),
            tr("share in a straight line"),
        ],
    )
