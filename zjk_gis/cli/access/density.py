"""`zjk-gis access density`: facilities to a square kilometre compared with what is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from zjk_gis.access import facility_density
from zjk_gis.cli.access.layers import as_records, city_layers, facilities_in, output_option, tell_answer
from zjk_gis.cli.options import CITY
from zjk_gis.cli.output import show_rows, write_found
from zjk_gis.cli.speaking import speaking
from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.labels import label
from zjk_gis.maps import choropleth
from zjk_gis.words import tr
from zjk_gis.workspace.city import read_one

if TYPE_CHECKING:
    import geopandas as gpd

    from zjk_gis.cli.console import Console

__all__ = ["density"]

_COLUMNS = ("cell_code", "area_km2", "facilities", "per_km2", "wanted_per_km2", "short_by")


@click.command("density")
@click.argument("city", type=CITY)
@click.option("--to", "to", default="public_toilets", show_default=True, help="The layer of facilities.")
@click.option(
    "--least", type=float, help="How many to a square kilometre are asked for; known of public toilets alone."
)
@click.option(
    "--centre", type=click.Path(path_type=Path), help="The centre, where more are asked for, as a layer file."
)
@click.option("--least-centre", type=float, help="How many are asked for in the centre.")
@click.option(
    "--region",
    type=click.Path(path_type=Path),
    help="The ground that is counted, as a layer file; by default the built-up areas.",
)
@output_option
@click.option("--most", default=10, show_default=True, help="How many are printed.")
@speaking
def density(
    city: Path | str,
    to: str,
    least: float | None,
    centre: Path | None,
    least_centre: float | None,
    region: Path | None,
    output: Path | None,
    most: int,
    console: Console,
) -> None:
    """Compare facilities to a square kilometre with what is asked for, and list the cells that fall short.

    The mean is over the built-up area; the cells of 1 km show where it comes from. With -o the findings go to
    density.gpkg, density.xlsx and density.html in that folder.
    """
    target = spec_of(to).name
    if target != "public_toilets" and (least is None or (centre is not None and least_centre is None)):
        raise InputError(
            tr(
                "{layer}: no standard says how many there should be to a square kilometre; give --least, and "
                "--least-centre with --centre",
                layer=label(target, console.lang),
            )
        )
    layers = city_layers(city, [target, *(["built_up_areas"] if region is None else [])], console)
    cells = facility_density(
        facilities_in(layers, target, console),
        layers["built_up_areas"] if region is None else read_one(region),
        least=least,
        centre=None if centre is None else read_one(centre),
        least_centre=least_centre,
    )
    answer = _sentences(cells, target, console)
    tell_answer(answer, console)
    short = cells[cells["falls_short"]].sort_values(["short_by", "cell_code"], ascending=[False, True])
    show_rows(short.round(2), _COLUMNS, most, console)
    files: list[Path] = []
    if output is not None:
        title = tr(
            "{facility} to a square kilometre", facility=label(target, console.lang), lang=console.lang
        )
        drawn = choropleth(
            cells, "per_km2", labels="cell_code", columns=_COLUMNS, title=title, lang=console.lang
        )
        files = write_found(
            {"facility_density": cells}, output, "density", drawn, console,
            title=title, figures=_figures(cells, console),
        )  # fmt: skip
    console.result(
        {
            "to": target,
            "answer": answer,
            "mean": cells.attrs["mean"],
            "mean_centre": cells.attrs.get("mean_centre"),
            "outside": cells.attrs["outside"],
            "no_position": cells.attrs["no_position"],
            "cells": as_records(pd.DataFrame(cells.drop(columns="geometry"))),
            "files": [str(path) for path in files],
        }
    )


def _figures(cells: gpd.GeoDataFrame, console: Console) -> dict[str, object]:
    """Return the figures of the cover: those of the mean, and how many cells fall short."""
    mean: dict[str, Any] = cells.attrs["mean"]
    names = ("facilities", "area_km2", "per_km2", "wanted_per_km2")
    figures = {label(name, console.lang): mean[name] for name in names}
    return figures | {label("falls_short", console.lang): int(cells["falls_short"].sum())}


def _sentences(cells: gpd.GeoDataFrame, target: str, console: Console) -> list[str]:
    """Say whether the mean is reached, and how many cells fall short and where most."""
    lang = console.lang
    mean = cells.attrs["mean"]
    told = tr(
        "{facility}: {count:,} in {area:,.2f} km², {per:,.2f} to a square kilometre; {wanted:,.2f} are asked "
        "for: {verdict}.",
        verdict=tr("reached", lang=lang) if mean["reached"] else tr("not reached", lang=lang),
        facility=label(target, lang),
        count=mean["facilities"],
        area=mean["area_km2"],
        per=mean["per_km2"],
        wanted=mean["wanted_per_km2"],
        lang=lang,
    )
    short = cells[cells["falls_short"]].sort_values(["short_by", "cell_code"], ascending=[False, True])
    judged = int(cells["is_judged"].sum())
    if not judged:
        return [told, tr("No cell of 1 km lies far enough in the region to be judged.", lang=lang)]
    if not len(short):
        return [told, tr("None of the {judged:,} cells of 1 km falls short.", judged=judged, lang=lang)]
    first = short.iloc[0]
    return [
        told,
        tr(
            "{count:,} of {judged:,} cells of 1 km fall short, most {cell}: {short:,} more are needed there.",
            count=len(short),
            judged=judged,
            cell=first["cell_code"],
            short=int(first["short_by"]),
            lang=lang,
        ),
    ]
