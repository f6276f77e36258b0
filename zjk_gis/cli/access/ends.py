"""`zjk-gis access ends`: dead ends, and links that would shorten ways."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from zjk_gis.access import dead_ends, missing_links
from zjk_gis.cli.access.layers import (
    as_records,
    at_option,
    city_layers,
    network_of,
    output_option,
    tell_answer,
)
from zjk_gis.cli.options import CITY
from zjk_gis.cli.output import write_found
from zjk_gis.cli.speaking import speaking
from zjk_gis.layers.labels import label
from zjk_gis.maps import dead_ends_map
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
@at_option
@output_option
@click.option("--most", default=10, show_default=True, help="How many are printed.")
@speaking
def ends(
    city: Path | str,
    region: Path | None,
    least: float,
    link: float,
    at: str | None,
    output: Path | None,
    most: int,
    console: Console,
) -> None:
    """List dead ends with the link that would open each, and links that would shorten long ways round.

    With -o the findings go to dead_ends.gpkg, dead_ends.xlsx and dead_ends.html in that folder.
    """
    wanted = ["roads"] if region is not None else ["roads", "built_up_areas"]
    layers = city_layers(city, wanted, console, also=("entrances",))
    ground = layers["built_up_areas"] if region is None else read_one(region)
    network = network_of(layers, console, join=False, at=at)
    found = dead_ends(network, ground, least_m=least, link_m=link, entrances=layers.get("entrances"))
    links = missing_links(network, within_m=link)
    lang = console.lang
    dead = found[found["kind"] == "dead_end"].sort_values(
        ["saved_m", "edge_code"], ascending=[False, True], kind="stable"
    )
    answer = _sentences(dead, links, console)
    tell_answer(answer, console)
    counts = found["kind"].value_counts()
    console.show(
        [(label(str(kind), lang), int(number)) for kind, number in counts.items()],
        [tr("road ends"), tr("count")],
    )
    _table(dead, ("edge_code", "road_name", "length_m", "link_edge_code", "link_m", "saved_m"), most, console)
    if len(links):
        console.say(tr("links that would shorten ways:"))
        _table(links, ("first_edge", "second_edge", "link_m", "way_round_m", "saved_m"), most, console)
    files: list[Path] = []
    if output is not None:
        drawn = dead_ends_map(
            found,
            roads=layers["roads"],
            links=links,
            region=ground,
            barriers=layers.get("rivers"),
            date=at,
            lang=lang,
        )
        tables = {"dead_ends": found, "dead_end_links": found.attrs["links"], "missing_links": links}
        files = write_found(
            tables, output, "dead_ends", drawn, console,
            title=tr("Dead ends and missing links", lang=lang),
            figures={label(str(kind), lang): int(number) for kind, number in counts.items()}
            | {label("missing_links", lang): len(links)},
        )  # fmt: skip
    console.result(
        {
            "answer": answer,
            "kinds": counts.to_dict(),
            "dead_ends": as_records(pd.DataFrame(dead.drop(columns="geometry"))),
            "missing_links": as_records(pd.DataFrame(links.drop(columns="geometry"))),
            "files": [str(path) for path in files],
        }
    )


def _sentences(dead: gpd.GeoDataFrame, links: gpd.GeoDataFrame, console: Console) -> list[str]:
    """Say how many dead ends could be opened and which saves most, and the same of missing links."""
    lang = console.lang
    told = [
        tr(
            "{count:,} dead ends, of which {open:,} could be joined to a road near by.",
            count=len(dead),
            open=int(dead["link_m"].notna().sum()),
            lang=lang,
        )
    ]
    if dead["saved_m"].notna().any():
        first = dead.iloc[0]
        told[0] += tr(
            " {edge} saves most: a link of {link:,.0f} m shortens the way along the roads by {saved:,.0f} m.",
            edge=first["edge_code"],
            link=first["link_m"],
            saved=first["saved_m"],
            lang=lang,
        )
    if not len(links):
        return [*told, tr("No short link between roads would shorten a long way round.", lang=lang)]
    first = links.iloc[0]
    return [
        *told,
        tr(
            "{count:,} links would shorten ways round; most for its length the one of {link:,.0f} m between "
            "{first} and {second}: {saved:,.0f} m less along the roads.",
            count=len(links),
            link=first["link_m"],
            first=first["first_edge"],
            second=first["second_edge"],
            saved=first["saved_m"],
            lang=lang,
        ),
    ]


def _table(rows: gpd.GeoDataFrame, columns: tuple[str, ...], most: int, console: Console) -> None:
    def said(value: Any) -> object:
        if pd.isna(value):
            return "-"
        return f"{value:,.0f}" if isinstance(value, float) else value

    console.show(
        [tuple(said(getattr(row, name)) for name in columns) for row in rows.head(most).itertuples()],
        [label(name, console.lang, unit=True) for name in columns],
    )
