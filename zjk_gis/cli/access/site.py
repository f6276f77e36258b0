"""`zjk-gis access site`: where the next facilities do most good."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from zjk_gis.access import site_facilities
from zjk_gis.cli.access.layers import city_layers, facilities_in, network_of, travel_option
from zjk_gis.cli.city import tell_report
from zjk_gis.cli.options import CITY
from zjk_gis.cli.speaking import speaking
from zjk_gis.io import check_writable, read_layer, write_layer
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.labels import label
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.access import Siting
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
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the sites to this file.")
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
    output: Path | None,
    console: Console,
) -> None:
    """Choose where the next facilities do most good, and say how far from the best the choice can be."""
    if output is not None:
        check_writable(output)
    target, source = spec_of(to).name, spec_of(origins).name
    layers = city_layers(city, ["roads", target, source], console)
    network = network_of(layers, console, join=False)
    if candidates is None:
        places = network.nodes[["node", "geometry"]].rename(columns={"node": "candidate"})
        places["candidate"] = places["candidate"].map("J{:06d}".format)
        code = "candidate"
    else:
        places = read_layer(candidates)
        tell_report(places, console)
        code = None
    plan = site_facilities(
        layers[source],
        places,
        network,
        goal=goal,
        count=count,
        within_m=within,
        existing=facilities_in(layers, target, console),
        code=code,
        travel=travel,
    )
    _show(plan, target, code, console)
    if output is not None:
        written = write_layer(plan.sites, output)
        console.say(tr("layers written to {output}", output=written))
    degrees = plan.sites.to_crs(4490).geometry
    console.result(
        {
            "to": target,
            "goal": goal,
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
        }
    )


def _show(plan: Siting, target: str, code: str | None, console: Console) -> None:
    """Print the sites in the order in which each adds most."""
    lang = console.lang
    console.say(
        tr(
            "{facility}: {served:,.0f} of {people:,.0f} people within reach with {count:,} more; no plan "
            "can be more than {gap:.2%} better",
            facility=label(target, lang),
            served=plan.served,
            people=plan.people,
            count=len(plan.sites),
            gap=plan.gap,
        )
    )
    names = plan.sites[code].tolist() if code is not None else plan.sites.index.astype(str).tolist()
    points = plan.sites.geometry.representative_point()
    console.show(
        [
            (int(order), name, f"{gain:,.0f}", f"{at.x:.1f}", f"{at.y:.1f}")
            for order, name, gain, at in zip(
                plan.sites["order"], names, plan.sites["gain"], points, strict=True
            )
        ],
        [label("order", lang), tr("site"), label("gain", lang), "x", "y"],
    )
    reasons = plan.demand["reason"].value_counts()
    console.show(
        [(label(str(each), lang), int(number)) for each, number in reasons.items()],
        [tr("along the roads"), tr("homes")],
    )
