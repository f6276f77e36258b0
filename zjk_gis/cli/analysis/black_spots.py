"""`zjk-gis black-spots`: where along the roads incidents lie thickest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zjk_gis.assess import black_spots
from zjk_gis.cli.analysis.recurring import (
    most_option,
    output_option,
    tell_caveat,
    tell_found,
    with_names,
)
from zjk_gis.cli.city import cases_options, read_cases, read_city, require_layers
from zjk_gis.cli.options import CITY, WORDS
from zjk_gis.cli.speaking import speaking
from zjk_gis.errors import InputError
from zjk_gis.io import check_writable
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import as_text, code_text
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from zjk_gis.cli.console import Console

__all__ = ["command"]

_COLUMNS = (
    "rank", "road_name", "from_m", "to_m", "incidents", "left_side", "right_side", "per_100m",
    "street_name", "zone_code", "chief_name",
)  # fmt: skip
_NAMED = 5  # classes in an error


@click.command("black-spots")
@click.argument("city", type=CITY)
@cases_options
@click.option("--events", type=WORDS, help="Count these classes alone: codes or names; by default all.")
@click.option(
    "--every", "every_m", default=100.0, show_default=True, help="How long a piece of road is, in metres."
)
@click.option(
    "--within",
    "within_m",
    default=30.0,
    show_default=True,
    help="How near the nearest road must be, in metres.",
)
@click.option(
    "--named-within",
    "named_within_m",
    default=100.0,
    show_default=True,
    help="How near the road must be that an incident names, in metres.",
)
@click.option(
    "--least", "least_n", default=3, show_default=True, help="With fewer incidents a piece is not ranked."
)
@output_option
@most_option
@speaking
def command(
    city: Path | str,
    incidents: Path | None,
    datum: str | None,
    fix_positions: bool,
    events: tuple[str, ...] | None,
    every_m: float,
    within_m: float,
    named_within_m: float,
    least_n: int,
    output: Path | None,
    most: int,
    console: Console,
) -> None:
    """Count incidents along the roads, 100 m of each road at a time, and rank the thickest pieces.

    Sides are those seen along the road as it was drawn. Pieces begin at the beginning of the road and do not
    slide.
    """
    if output is not None:
        check_writable(output)
    layers = read_city(city, console, layers=["roads"])
    require_layers(layers, city, "roads")
    cases = read_cases(city, incidents, console, datum=datum, fix=fix_positions)
    if events is not None:
        cases = _of_classes(cases, events)
    found = black_spots(
        cases,
        layers["roads"],
        every_m=every_m,
        within_m=within_m,
        named_within_m=named_within_m,
        least_n=least_n,
    )
    found = with_names(found, city, console)
    names = ("named", "nearest", "named_elsewhere", "off_road", "pieces", "road_m")
    told = {name: found.attrs[name] for name in names}
    console.say(
        tr("{named:,} incidents lie on the road that they name, {nearest:,} on the nearest ({elsewhere:,} of "
           "them name another), {off:,} near none.",
           named=told["named"], nearest=told["nearest"], elsewhere=told["named_elsewhere"],
           off=told["off_road"])
    )  # fmt: skip
    console.say(
        tr("{ranked:,} of {pieces:,} pieces of {every:g} m ({road:,.1f} km) have at least {least} incidents.",
           ranked=int(found["rank"].notna().sum()), pieces=told["pieces"], every=every_m,
           road=told["road_m"] / 1000, least=least_n)
    )  # fmt: skip
    tell_caveat(console)
    tell_found(found, _COLUMNS, most, output, console, **told)


def _of_classes(cases: gpd.GeoDataFrame, events: tuple[str, ...]) -> gpd.GeoDataFrame:
    """Return the incidents of some classes, each named by its code or its name."""
    require_columns(cases, "incidents", "event_code")
    known = code_text(cases["event_code"]).to_frame("code")
    known["name"] = as_text(cases["event_name"]) if "event_name" in cases else ""
    asked = known["code"].isin(events) | known["name"].isin(events)
    there = {*known["code"].dropna(), *known["name"].dropna()}
    lacking = [event for event in events if event not in there]
    if lacking:
        first = known.value_counts().index[:_NAMED]
        raise InputError(
            tr("incidents: none is of class {event}; the most frequent are {classes}", event=listed(lacking),
               classes=listed(" ".join(filter(None, each)) for each in first))
        )  # fmt: skip
    return cases[asked]
