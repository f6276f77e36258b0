"""`zjk-gis access berths`: parking berths compared with vehicles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from zjk_gis.access import berth_balance, berths_by_area
from zjk_gis.cli.access.layers import (
    as_records,
    at_option,
    city_layers,
    doors_of,
    facilities_in,
    network_of,
    output_option,
    tell_answer,
)
from zjk_gis.cli.options import CITY
from zjk_gis.cli.output import write_found
from zjk_gis.cli.speaking import speaking
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.labels import label
from zjk_gis.maps import choropleth
from zjk_gis.words import tr

if TYPE_CHECKING:
    from pathlib import Path

    import folium
    import geopandas as gpd

    from zjk_gis.access import BerthBalance
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
@at_option
@output_option
@speaking
def berths(
    city: Path | str,
    per_household: float | None,
    by: str,
    within: float,
    small_city: bool,
    at: str | None,
    output: Path | None,
    console: Console,
) -> None:
    """Compare parking berths with the vehicles that reach them along the roads, and by area with a standard.

    Berths open to the public are shared out among all who reach them; those of a firm or an estate are
    counted apart. With -o the findings go to berths.gpkg, berths.xlsx and berths.html in that folder.
    """
    area = spec_of(by).name
    layers = city_layers(
        city, ["roads", "parking_lots", "residential_estates", area], console, also=("entrances",)
    )
    network = network_of(layers, console, join=False, at=at)
    homes = layers["residential_estates"]
    lots = facilities_in(layers, "parking_lots", console)
    balance = berth_balance(
        homes,
        lots,
        network,
        within_m=within,
        vehicles_per_household=per_household,
        large_city=not small_city,
        entrances=doors_of(layers, lots, "parking_lots"),
        gates=doors_of(layers, homes, "residential_estates"),
    )
    table = berths_by_area(
        layers["parking_lots"],
        layers[area],
        homes=homes,
        vehicles_per_household=per_household,
        large_city=not small_city,
    )
    answer = _sentences(balance, table, within, console)
    tell_answer(answer, console)
    _show(table, console)
    files: list[Path] = []
    if output is not None:
        title = tr("Berths and vehicles", lang=console.lang)
        files = write_found(
            {"berth_balance": balance.homes, "berths_of_lots": balance.lots},
            output,
            "berths",
            _map(table, layers[area], area, title, at, console),
            console,
            more={"berths_by_area": table},
            title=title,
            figures=_figures(table, balance, console),
        )
    total, vehicles = float(table["berths"].sum()), float(table["vehicles"].sum())
    console.result(
        {
            "answer": answer,
            "berths": total,
            "vehicles": vehicles,
            "ratio": total / vehicles if vehicles else None,
            "wanted": list(balance.wanted),
            "shortage": float(balance.homes["shortage"].sum()),
            "homes_without_a_lot": int((balance.homes["lots_reached"] == 0).sum()),
            "areas": as_records(table),
            "files": [str(path) for path in files],
        }
    )


def _sentences(balance: BerthBalance, table: pd.DataFrame, within: float, console: Console) -> list[str]:
    """Say what there is to a vehicle, and who reaches nothing that is open to the public."""
    lang = console.lang
    total, vehicles = float(table["berths"].sum()), float(table["vehicles"].sum())
    low, high = balance.wanted
    return [
        tr(
            "{berths:,.0f} berths, {vehicles:,.0f} vehicles: {ratio:.2f} a vehicle; the standard "
            "asks for {low} to {high}",
            berths=total,
            vehicles=vehicles,
            ratio=total / vehicles if vehicles else float("nan"),
            low=low,
            high=high,
            lang=lang,
        ),
        tr(
            "{homes:,} of {total:,} homes reach no lot open to the public within "
            "{within:,.0f} m along the roads; {vehicles:,.0f} vehicles have no berth",
            homes=int((balance.homes["lots_reached"] == 0).sum()),
            total=len(balance.homes),
            within=within,
            vehicles=balance.homes["shortage"].sum(),
            lang=lang,
        ),
    ]


def _figures(table: pd.DataFrame, balance: BerthBalance, console: Console) -> dict[str, object]:
    """Return the figures of the cover, kinds of berths apart."""
    figures = {name: float(table[name].sum()) for name in (*_KINDS, "vehicles")}
    figures["shortage"] = float(balance.homes["shortage"].sum())
    return {label(name, console.lang): value for name, value in figures.items()}


def _map(
    table: pd.DataFrame, areas: gpd.GeoDataFrame, area: str, title: str, at: str | None, console: Console
) -> folium.Map:
    """Colour the areas by berths a vehicle."""
    code = spec_of(area).code
    drawn = areas[[code, "geometry"]].merge(
        table.rename(columns={"area_code": code}), on=code, how="left", validate="one_to_one"
    )
    columns = [code, *_KINDS, "vehicles", "ratio", "judgement"]
    return choropleth(drawn, "ratio", labels=code, columns=columns, title=title, date=at, lang=console.lang)


def _show(table: pd.DataFrame, console: Console) -> None:
    """Print berths by area."""
    lang = console.lang
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


def _two_digits(value: Any) -> str:
    return "-" if pd.isna(value) else f"{value:.2f}"
