"""`zjk-gis access estates`: what each estate lacks within reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pandas as pd

from zjk_gis.access import lacking_facilities
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
from zjk_gis.cli.output import show_rows, write_found
from zjk_gis.cli.speaking import speaking
from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.labels import label
from zjk_gis.maps import choropleth
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from zjk_gis.cli.console import Console

__all__ = ["estates"]

_ESTATES = "residential_estates"
_KINDS = (
    "parking_lots",
    "public_toilets",
    "green_spaces",
    "waste_points",
    "charging_stations",
    "fire_hydrants",
    "shelters",
)
_COLUMNS = ("estate_code", "estate_name", "built_year", "population", "kinds_lacking", "lacking_kinds")


@click.command("estates")
@click.argument("city", type=CITY)
@click.option(
    "--to",
    "to",
    multiple=True,
    help="A layer of facilities; may be given several times. By default all usual ones that the city has.",
)
@click.option("--within", default=500.0, show_default=True, help="How many metres are within reach.")
@click.option(
    "--radius",
    "radii",
    multiple=True,
    metavar="LAYER=METRES",
    help="The same for one layer, such as green_spaces=1000; may be given several times.",
)
@click.option("--built-until", type=int, help="Only estates built in this year or before, such as 2000.")
@at_option
@output_option
@click.option("--most", default=10, show_default=True, help="How many are printed.")
@speaking
def estates(
    city: Path | str,
    to: tuple[str, ...],
    within: float,
    radii: tuple[str, ...],
    built_until: int | None,
    at: str | None,
    output: Path | None,
    most: int,
    console: Console,
) -> None:
    """Tell which facilities each estate lacks within reach along the roads.

    With -o the findings go to estates.gpkg, estates.xlsx and estates.html in that folder.
    """
    wanted = [spec_of(name).name for name in to]
    also = ("entrances", *(() if wanted else _KINDS))
    layers = city_layers(city, ["roads", _ESTATES, *wanted], console, also=also)
    kinds = wanted or [name for name in _KINDS if name in layers]
    own = _radii(radii)
    network = network_of(layers, console, join=False, at=at)
    asked = layers[_ESTATES] if built_until is None else _old(layers[_ESTATES], built_until, console)
    table = lacking_facilities(
        asked,
        {name: facilities_in(layers, name, console) for name in kinds},
        network,
        within_m=within,
        radii_m=own,
        entrances=layers.get("entrances"),
        gates=doors_of(layers, layers[_ESTATES], _ESTATES),
    )
    found = _by_estate(asked, table)
    answer = _sentences(found, table, within, console)
    tell_answer(answer, console)
    named = _named(found, console)
    show_rows(named, _COLUMNS, most, console)
    files: list[Path] = []
    if output is not None:
        title = tr("What estates lack within reach along the roads", lang=console.lang)
        drawn = choropleth(
            named,
            "kinds_lacking",
            columns=_COLUMNS,
            palette="browns",
            title=title,
            date=at,
            lang=console.lang,
        )
        files = write_found(
            {"estates_lacking": named}, output, "estates", drawn, console,
            more={"lacking_facilities": table},
            title=title,
            figures={label(str(kind), console.lang): int(number) for kind, number in _counts(table).items()},
        )  # fmt: skip
    console.result(
        {
            "answer": answer,
            "within_m": within,
            "lacking": _counts(table).to_dict(),
            "off_road": table.attrs["off_road"],
            "estates": as_records(pd.DataFrame(found.drop(columns="geometry"))),
            "files": [str(path) for path in files],
        }
    )


def _radii(radii: tuple[str, ...]) -> dict[str, float]:
    """Read distances that layers have of their own."""
    own = {}
    for each in radii:
        name, _, metres = each.partition("=")
        try:
            own[spec_of(name.strip()).name] = float(metres)
        except ValueError as error:
            raise InputError(
                tr("--radius {given}: write a layer and metres, such as green_spaces=1000", given=each)
            ) from error
    return own


def _old(layer: gpd.GeoDataFrame, built_until: int, console: Console) -> gpd.GeoDataFrame:
    """Return the estates built until a year, and say of how many nobody knows."""
    if "built_year" not in layer:
        raise InputError(tr("residential_estates: no column built_year; leave --built-until out"))
    year = pd.to_numeric(layer["built_year"], errors="coerce")
    if year.isna().any():
        console.note(
            tr("estates without a year in built_year, left out: {count:,}", count=int(year.isna().sum()))
        )
    old = layer[(year <= built_until).to_numpy()]
    if not len(old):
        raise InputError(tr("no estate was built in {year} or before", year=built_until))
    return old


def _counts(table: pd.DataFrame) -> pd.Series:
    """Count the estates that lack each kind."""
    return table.groupby("facility", sort=False)["lacks"].sum().astype(int)


def _by_estate(layer: gpd.GeoDataFrame, table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the estates with what each lacks, those that lack most first."""
    kinds = table["facility"].unique().tolist()
    # The table holds the estates in their order, each with a row a kind.
    lacks = table["lacks"].to_numpy().reshape(len(layer), len(kinds))
    found = layer.copy()
    found["kinds_lacking"] = lacks.sum(axis=1)
    found["lacking_kinds"] = [
        ";".join(kind for kind, lack in zip(kinds, row, strict=True) if lack) for row in lacks
    ]
    by = ["kinds_lacking", *(["population"] if "population" in found else [])]
    return found.sort_values(by, ascending=False, kind="stable")


def _named(found: gpd.GeoDataFrame, console: Console) -> gpd.GeoDataFrame:
    """Return the table with the kinds in the reader's words."""
    words = [
        listed((label(kind, console.lang) for kind in kinds.split(";") if kind), lang=console.lang)
        for kinds in found["lacking_kinds"]
    ]
    return found.assign(lacking_kinds=words)


def _sentences(found: gpd.GeoDataFrame, table: pd.DataFrame, within: float, console: Console) -> list[str]:
    """Say how many estates lack something and what most, and which estate lacks most."""
    lang = console.lang
    counts = _counts(table)
    told = tr(
        "{count:,} of {total:,} estates lack something within reach along the roads: {kinds}.",
        count=int((found["kinds_lacking"] > 0).sum()),
        total=len(found),
        kinds=listed((f"{label(str(kind), lang)} {number:,}" for kind, number in counts.items()), lang=lang),
        lang=lang,
    )
    first = found.iloc[0]
    if first["kinds_lacking"] == 0:
        return [told, tr("No estate lacks anything that was asked about.", lang=lang)]
    return [
        told,
        tr(
            "{estate} lacks most: {kinds}; within reach is {within:,.0f} m, where a layer has none "
            "of its own.",
            estate=first["estate_code"],
            kinds=_named(found.iloc[:1], console)["lacking_kinds"].iloc[0],
            within=within,
            lang=lang,
        ),
    ]
