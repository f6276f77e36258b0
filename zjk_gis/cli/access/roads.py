"""`zjk-gis access roads`: what a road layer is as a graph, and where a person should look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zjk_gis.cli.access.layers import city_layers, network_of
from zjk_gis.cli.options import CITY
from zjk_gis.cli.speaking import speaking
from zjk_gis.errors import InputError
from zjk_gis.io import check_writable, write_layer
from zjk_gis.layers.labels import label
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console

__all__ = ["roads"]


@click.command("roads")
@click.argument("city", type=CITY)
@click.option(
    "--join-crossings",
    is_flag=True,
    help="Join roads that cross where nothing tells whether they meet; by default they pass each other.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write nodes and edges to this .gpkg.")
@click.option("--save", type=click.Path(path_type=Path), help="Save the graph for use from Python.")
@click.option("--most", default=10, show_default=True, help="How many are printed.")
@speaking
def roads(
    city: Path | str,
    join_crossings: bool,
    output: Path | None,
    save: Path | None,
    most: int,
    console: Console,
) -> None:
    """Make a graph of a city's roads, and list what was joined, what was not, and why."""
    if output is not None:
        check_writable(output)
    if output is not None and output.suffix.lower() != ".gpkg":
        raise InputError(tr("{output}: nodes and edges are two layers; name a .gpkg file", output=output))
    layers = city_layers(city, ["roads"], console)
    network = network_of(layers, console, join=join_crossings)
    lang = console.lang
    report = network.report
    # What a person has to decide first, then the widest gaps.
    order = report["decision"].map({"left_open": 0, "passable": 1, "apart": 2, "joined": 3})
    shown = report.assign(order=order).sort_values(["order", "gap_m"], ascending=[True, False], kind="stable")
    console.show(
        [
            (
                row.first_edge,
                row.second_edge,
                label(row.kind, lang),
                label(row.decision, lang),
                label(row.reason, lang),
                f"{row.gap_m:.2f}",
            )
            for row in shown.head(most).itertuples()
        ],
        [
            label(name, lang, unit=True)
            for name in ("first_edge", "second_edge", "kind", "decision", "reason", "gap_m")
        ],
    )
    if output is not None:
        output.unlink(missing_ok=True)
        write_layer(network.edges, output, layer="road_edges")
        write_layer(network.nodes, output, layer="road_nodes")
        write_layer(report, output, layer="road_report")
        console.say(tr("layers written to {output}", output=output))
    if save is not None:
        console.say(tr("graph saved to {path}", path=network.save(save)))
    console.result(
        {
            "nodes": network.graph.size,
            "edges": len(network),
            "length_m": float(network.length_m.sum()),
            "parts": int(network.part.max()) + 1,
            "set_aside": network.set_aside,
            "report": report.drop(columns="geometry").to_dict("records"),
            "output": None if output is None else str(output),
        }
    )
