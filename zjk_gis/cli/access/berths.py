"""`zjk-gis access berths`: parking berths compared with vehicles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from zjk_gis.access import berth_balance, berths_by_area
from zjk_gis.cli.access.layers import as_records, city_layers, facilities_in, network_of
from zjk_gis.cli.options import CITY
from zjk_gis.cli.speaking import speaking
from zjk_gis.io import check_writable, write_layer
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.labels import label
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console

__all__ = ["berths"]

_KINDS = ("berths_public", "berths_private", "berths_on_street", "berths")


@click.command("berths")
@click.argument("city", type=CITY)
@click.option(
    "--per-household",
    type=float,
    help="How many vehicles a household has, where the homes have no column vehicles.",
)
@click.option(
    "--by", "by", default="streets", show_default=True, help="The layer that berths are counted by."
)
@click.option("--within", default=300.0, show_default=True, help="How many metres one walks to a lot.")
@click.option("--small-city", is_flag=True, help="The city has no more than 500,000 people.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the homes to this file.")
@speaking
def berths(
    city: Path | str,
    per_household: float | None,
    by: str,
    within: float,
    small_city: bool,
    output: Path | None,
    console: Console,
) -> None:
    """Compare parking berths with the vehicles that reach them along the roads, and by area with a standard.

    Berths open to the public are shared out among all who reach them; those of a firm or an estate are
    counted apart.
    """
    if output is not None:
        check_writable(output)
    area = spec_of(by).name
    layers = city_layers(city, ["roads", "parking_lots", "residential_estates", area], console)
    network = network_of(layers, console, join=False)
    homes = layers["residential_estates"]
    balance = berth_balance(
        homes,
        facilities_in(layers, "parking_lots", console),
        network,
        within_m=within,
        vehicles_per_household=per_household,
        large_city=not small_city,
    )
    table = berths_by_area(
        layers["parking_lots"],
        layers[area],
        homes=homes,
        vehicles_per_household=per_household,
        large_city=not small_city,
    )
    lang = console.lang
    total, vehicles = float(table["berths"].sum()), float(table["vehicles"].sum())
    low, high = balance.wanted
    ratio = total / vehicles if vehicles else float("nan")
    console.say(
        tr(
            "{berths:,.0f} berths, {vehicles:,.0f} vehicles: {ratio:.2f} a vehicle; the standard "
            "asks for {low} to {high}",
            berths=total,
            vehicles=vehicles,
            ratio=ratio,
            low=low,
            high=high,
        )
    )
    console.show(
        [
            (
                row.area_code if isinstance(row.area_code, str) else "-",
                *(f"{getattr(row, kind):,.0f}" for kind in _KINDS),
                f"{row.vehicles:,.0f}",
                _two_digits(row.ratio),
                label(row.judgement, lang) if isinstance(row.judgement, str) else "-",
            )
            for row in table.itertuples()
        ],
        [
            tr("code of the area"),
            *(label(kind, lang) for kind in (*_KINDS, "vehicles", "ratio", "judgement")),
        ],
    )
    lacking = int((balance.homes["lots_reached"] == 0).sum())
    console.say(
        tr(
            "{homes:,} of {total:,} homes reach no lot open to the public within "
            "{within:,.0f} m; {vehicles:,.0f} vehicles have no berth",
            homes=lacking,
            total=len(homes),
            within=within,
            vehicles=balance.homes["shortage"].sum(),
        )
    )
    if output is not None:
        written = write_layer(balance.homes, output)
        console.say(tr("layers written to {output}", output=written))
    console.result(
        {
            "berths": total,
            "vehicles": vehicles,
            "ratio": None if ratio != ratio else ratio,
            "wanted": list(balance.wanted),
            "shortage": float(balance.homes["shortage"].sum()),
            "homes_without_a_lot": lacking,
            "areas": as_records(table),
        }
    )


def _two_digits(value: Any) -> str:
    return "-" if pd.isna(value) else f"{value:.2f}"
