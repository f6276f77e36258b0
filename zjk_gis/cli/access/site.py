"""`zjk-gis access site`: where the next facilities do most good."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
import numpy as np
import pandas as pd

from zjk_gis.access import site_facilities
from zjk_gis.cli.access.layers import (
    at_option,
    city_layers,
    doors_of,
    facilities_in,
    network_of,
    output_option,
    tell_answer,
    travel_option,
)
from zjk_gis.cli.city import tell_report
from zjk_gis.cli.options import CITY
from zjk_gis.cli.output import write_found
from zjk_gis.cli.speaking import speaking
from zjk_gis.io import read_layer
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.labels import label
from zjk_gis.maps import siting_map
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    import geopandas as gpd

    from zjk_gis.access import RoadNetwork, Siting
    from zjk_gis.cli.console import Console

__all__ = ["site"]


@click.command("site")
@click.argument("city", type=CITY)
@click.option(
    "--to", "to", required=True, help="The layer of facilities that there are, such as parking_lots."
)
@click.option("--count", type=int, help="How many more to build; needed but for reach_all.")
@click.option(
    "--candidates",
    type=click.Path(path_type=Path),
    help="Where they could stand, as a layer file; by default at every road junction.",
)
@click.option(
    "--goal",
    type=click.Choice(["cover", "reach_all", "distance"]),
    default="cover",
    show_default=True,
    help="Reach most people, reach everyone with fewest, or make ways shortest.",
)
@click.option(
    "--from", "origins", default="residential_estates", show_default=True, help="The layer of homes."
)
@click.option("--within", default=500.0, show_default=True, help="How many metres are within reach.")
@travel_option
@at_option
@output_option
@speaking
def site(
    city: Path | str,
    to: str,
    count: int | None,
    candidates: Path | None,
    goal: Literal["cover", "reach_all", "distance"],
    origins: str,
    within: float,
    travel: Literal["foot", "car"],
    at: str | None,
    output: Path | None,
    console: Console,
) -> None:
    """Choose where the next facilities do most good, and say how far from the best the choice can be.

    With -o the plan goes to sites.gpkg, sites.xlsx and sites.html in that folder.
    """
    target, source = spec_of(to).name, spec_of(origins).name
    layers = city_layers(city, ["roads", target, source], console, also=("entrances", "built_up_areas"))
    network = network_of(layers, console, join=False, at=at)
    if candidates is None:
        places = _junctions(network)
        code = "candidate"
    else:
        places = read_layer(candidates)
        tell_report(places, console)
        code = None
    existing = facilities_in(layers, target, console)
    plan = site_facilities(
        layers[source],
        places,
        network,
        goal=goal,
        count=count,
        within_m=within,
        existing=existing,
        code=code,
        gates=doors_of(layers, layers[source], source),
        travel=travel,
    )
    answer = _sentences(plan, target, source, within, console)
    tell_answer(answer, console)
    _show(plan, source, code, console)
    files: list[Path] = []
    if output is not None:
        title = tr("Sites for new facilities: {layer}", layer=label(target, console.lang), lang=console.lang)
        drawn = siting_map(
            plan,
            existing=existing,
            region=layers.get("built_up_areas"),
            barriers=layers.get("rivers"),
            title=title,
            date=at,
            lang=console.lang,
        )
        files = write_found(
            {"sites": plan.sites, "site_demand": plan.demand}, output, "sites", drawn, console,
            title=title, figures=_figures(plan, console),
        )  # fmt: skip
    degrees = plan.sites.to_crs(4490).geometry
    console.result(
        {
            "to": target,
            "goal": goal,
            "answer": answer,
            "within_m": within,
            "people": plan.people,
            "served": plan.served,
            "value": plan.value,
            "bound": plan.bound,
            "gap": plan.gap,
            "sites": [
                {"order": int(order), "gain": None if gain != gain else float(gain), "lon": at.x, "lat": at.y}
                for order, gain, at in zip(
                    plan.sites["order"], plan.sites["gain"], degrees.representative_point(), strict=True
                )
            ],
            "reasons": plan.demand["reason"].value_counts().to_dict(),
            "files": [str(path) for path in files],
        }
    )


def _junctions(network: RoadNetwork) -> gpd.GeoDataFrame:
    """Return the junctions as candidates, each with the name of a road there."""
    nodes = network.nodes
    edge = np.zeros(len(nodes), np.int64)
    for ends in (network.graph.head, network.graph.tail):
        edge[ends[::-1]] = np.arange(len(network))[::-1]
    return nodes[["geometry"]].assign(
        candidate=nodes["node"].map("J{:06d}".format), road_name=network.names["road_name"][network.row[edge]]
    )


def _sentences(plan: Siting, target: str, source: str, within: float, console: Console) -> list[str]:
    """Say who is within reach before and after, and where the first site stands and who is left out."""
    lang = console.lang
    told = tr(
        "{facility}: {count:,} more bring {served:,.0f} of {people:,.0f} people ({share:.1%}) within "
        "{within:,.0f} m along the roads; no plan can be more than {gap:.2%} better.",
        facility=label(target, lang),
        count=len(plan.sites),
        served=plan.served,
        people=plan.people,
        share=plan.served / plan.people if plan.people else 0.0,
        within=within,
        gap=plan.gap,
        lang=lang,
    )
    if plan.goal != "distance":
        told += tr(
            " Today it is {before:,.0f}.", before=plan.served - float(plan.sites["gain"].sum()), lang=lang
        )
    reasons = plan.demand["reason"].value_counts()
    missed = [f"{label(str(each), lang)} {reasons[each]:,}" for each in reasons.index if each != "served"]
    if not missed:
        return [told, tr("All are within reach along the roads.", lang=lang)]
    return [
        told,
        tr(
            "Still not within reach along the roads ({layer}): {reasons}.",
            layer=label(source, lang),
            reasons=listed(missed, lang=lang),
            lang=lang,
        ),
    ]


def _figures(plan: Siting, console: Console) -> dict[str, object]:
    """Return the figures of the cover."""
    lang = console.lang
    return {
        label("sites", lang): len(plan.sites),
        label("people", lang): plan.people,
        label("people_network", lang): plan.served,
        tr("no plan can be better by more than", lang=lang): f"{plan.gap:.2%}",
    }


def _show(plan: Siting, source: str, code: str | None, console: Console) -> None:
    """Print the sites in the order in which each adds most."""
    lang = console.lang
    names = plan.sites[code].tolist() if code is not None else plan.sites.index.astype(str).tolist()
    points = plan.sites.geometry.representative_point()
    gain = tr("person-metres saved", lang=lang) if plan.goal == "distance" else tr("people more", lang=lang)
    roads = (
        plan.sites["road_name"] if "road_name" in plan.sites else pd.Series(None, plan.sites.index, object)
    )
    console.show(
        [
            (
                int(order),
                name,
                road if isinstance(road, str) else "-",
                "-" if pd.isna(more) else f"{more:,.0f}",
                f"{at.x:.1f}",
                f"{at.y:.1f}",
            )
            for order, name, road, more, at in zip(
                plan.sites["order"], names, roads, plan.sites["gain"], points, strict=True
            )
        ],
        [label("order", lang), tr("site", lang=lang), label("road_name", lang), gain, "x", "y"],
    )
    reasons = plan.demand["reason"].value_counts()
    console.show(
        [(label(str(each), lang), int(number)) for each, number in reasons.items()],
        [tr("along the roads", lang=lang), label(source, lang)],
    )
