"""`zjk-gis access roads`: what a road layer is as a graph, and where a person should look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
import pandas as pd

from zjk_gis.access import bottlenecks, detour_index
from zjk_gis.cli.access.layers import (
    as_records,
    at_option,
    city_layers,
    network_of,
    output_option,
    tell_answer,
)
from zjk_gis.cli.options import CITY
from zjk_gis.cli.output import show_rows, write_found
from zjk_gis.cli.speaking import speaking
from zjk_gis.layers.labels import label
from zjk_gis.maps import roads_map
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd

    from zjk_gis.access import RoadNetwork
    from zjk_gis.cli.console import Console

__all__ = ["roads"]


@click.command("roads")
@click.argument("city", type=CITY)
@click.option(
    "--join-crossings",
    is_flag=True,
    help="Join roads that cross where nothing tells whether they meet; by default they pass each other.",
)
@at_option
@output_option
@click.option("--save", type=click.Path(path_type=Path), help="Save the graph for use from Python.")
@click.option("--most", default=10, show_default=True, help="How many are printed.")
@speaking
def roads(
    city: Path | str,
    join_crossings: bool,
    at: str | None,
    output: Path | None,
    save: Path | None,
    most: int,
    console: Console,
) -> None:
    """Make a graph of a city's roads, list what was joined, what was not, and why, and where it hangs by one.

    Where the city has estates, who would be cut off is counted, and how roundabout ways between them are by
    street. With -o the findings go to roads.gpkg, roads.xlsx and roads.html in that folder.
    """
    layers = city_layers(city, ["roads"], console, also=("residential_estates", "streets", "built_up_areas"))
    network = network_of(layers, console, join=join_crossings, at=at)
    lang = console.lang
    homes = layers.get("residential_estates")
    weak = bottlenecks(network, homes=homes)
    detours = None if homes is None else detour_index(homes, network, areas=layers.get("streets"))
    answer = _sentences(network, weak, console)
    tell_answer(answer, console)
    report = _in_order(network.report)
    show_rows(report, ("first_edge", "second_edge", "kind", "decision", "reason", "gap_m"), most, console)
    if len(weak):
        console.say(tr("roads and junctions on which a part of the city hangs:", lang=lang))
        told = weak.round({"road_cut_off_m": 0, "people": 0})
        show_rows(told, ("kind", "edge_code", "road_name", "road_cut_off_m", "people"), most, console)
    if detours is not None:
        console.say(tr("ways along the roads over the straight line, 200 to 1,000 m apart:", lang=lang))
        show_rows(detours.round(2), ("area_code", "pairs", "detour_median", "detour_90"), most, console)
    files: list[Path] = []
    if output is not None:
        drawn = roads_map(
            network,
            bottlenecks=weak,
            region=layers.get("built_up_areas"),
            barriers=layers.get("rivers"),
            date=at,
            lang=lang,
        )
        tables = {
            "road_report": report,
            "bottlenecks": weak,
            "road_edges": network.edges,
            "road_nodes": network.nodes,
        }
        more = {} if detours is None else {"detour_index": detours}
        files = write_found(
            tables, output, "roads", drawn, console, more=more, title=tr("Road network", lang=lang)
        )
    if save is not None:
        console.say(tr("graph saved to {path}", path=network.save(save)))
    console.result(
        {
            "answer": answer,
            "nodes": network.graph.size,
            "edges": len(network),
            "length_m": float(network.length_m.sum()),
            "parts": int(network.part.max()) + 1,
            "set_aside": network.set_aside,
            "report": as_records(pd.DataFrame(report.drop(columns="geometry"))),
            "bottlenecks": as_records(pd.DataFrame(weak.drop(columns="geometry"))),
            "detours": None if detours is None else as_records(detours),
            "files": [str(path) for path in files],
        }
    )


def _in_order(report: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return what a person has to decide first, then the widest gaps."""
    order = report["decision"].map({"left_open": 0, "passable": 1, "apart": 2, "joined": 3})
    shown = report.assign(order=order).sort_values(["order", "gap_m"], ascending=[True, False], kind="stable")
    return shown.drop(columns="order").reset_index(drop=True)


def _sentences(network: RoadNetwork, weak: gpd.GeoDataFrame, console: Console) -> list[str]:
    """Say how much hangs together and what is to be decided, and where most hangs on one road."""
    lang = console.lang
    largest = np.bincount(network.part[network.graph.tail], weights=network.length_m).max()
    told = [
        tr(
            "{km:,.1f} km of road, of which {share:.1%} hang together; {count:,} places are left for "
            "a person to decide.",
            km=float(network.length_m.sum()) / 1000,
            share=float(largest / network.length_m.sum()),
            count=int(network.report["decision"].isin(["left_open", "passable"]).sum()),
            lang=lang,
        )
    ]
    if not len(weak):
        return [*told, tr("No part of the city hangs on a single road or junction.", lang=lang)]
    first = weak.iloc[0]
    return [
        *told,
        tr(
            "{count:,} single roads or junctions cut off a part if they are closed; most the {kind} {edge}: "
            "{metres:,.0f} m of road.",
            count=len(weak),
            kind=label(first["kind"], lang),
            edge=first["edge_code"],
            metres=first["road_cut_off_m"],
            lang=lang,
        ),
    ]
