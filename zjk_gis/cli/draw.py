"""`zjk-gis map`: a city on one page."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from zjk_gis.cli.assign import put_right
from zjk_gis.cli.city import read_city, tell_report
from zjk_gis.cli.console import speaking
from zjk_gis.cli.draw_kinds import KINDS, Question, draw_kind
from zjk_gis.io import check_writable, read_layer
from zjk_gis.maps import city_map, save_map
from zjk_gis.progress import track
from zjk_gis.reports import survey_city

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console

__all__ = ["command"]


@click.command("map")
@click.argument("city", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The .html page.")
@click.option("--incidents", type=click.Path(path_type=Path), help="Incidents to assign and draw.")
@click.option("--at", help="The day that is judged; by default today.")
@click.option("--title", help="The map's title.")
@click.option("--source", help="Where the data are from, told at the foot of the map.")
@click.option(
    "--kind", type=click.Choice(["city", *KINDS]), default="city", show_default=True, help="What is drawn."
)
@click.option("--before", type=click.Path(path_type=Path), help="For changes: the zones as they were.")
@click.option("--layer", help="For choropleth: the layer of CITY whose areas are coloured.")
@click.option("--column", help="For choropleth: the indicator.")
@click.option(
    "--method",
    type=click.Choice(["quantile", "natural", "equal"]),
    default="quantile",
    help="For choropleth.",
)
@click.option("--classes", default=5, show_default=True, help="For choropleth: the most classes.")
@click.option("--fix-positions", is_flag=True, help="Put swapped axes and GCJ-02 right, and say which.")
@click.option("--offline/--online", default=True, show_default=True, help="Put all scripts into the page.")
@speaking
def command(
    city: Path,
    output: Path,
    incidents: Path | None,
    at: str | None,
    title: str | None,
    source: str | None,
    kind: str,
    before: Path | None,
    layer: str | None,
    column: str | None,
    method: Literal["quantile", "natural", "equal"],
    classes: int,
    fix_positions: bool,
    offline: bool,
    console: Console,
) -> None:
    """Draw a city and what is wrong with it on one map 出图.

    CITY is a GeoPackage with layers of the catalogue's names. Whatever it allows to ask is asked: gaps,
    overlaps, sections without a chief, manholes, pipes and parking. With --kind one question is drawn alone.
    """
    check_writable(output)
    layers = {} if kind == "choropleth" else read_city(city, console)
    points = None
    if incidents is not None:
        points = read_layer(incidents, spec="incidents")
        tell_report(points, console)
        points = put_right(points, layers.get("roads"), console, change=fix_positions)
    day = at or dt.date.today()
    if kind == "city":
        results = survey_city(
            layers,
            points,
            at=day,
            steps=lambda names: track(names, title=console.pick("分析", "analysing"), total=len(names)),
        )
        page = city_map(layers, results=results, title=title, source=source, lang=console.lang)
        counts = {name: len(rows) for name, rows in results.items()}
    else:
        question = Question(
            city=city, layers=layers, incidents=points, at=day, before=before, layer=layer, column=column,
            method=method, classes=classes, title=title, source=source, lang=console.lang,
        )  # fmt: skip
        page, counts = draw_kind(kind, question)
    save_map(page, output, offline=offline)
    size = output.stat().st_size
    console.say(f"地图:{output}({size / 1e6:.1f} MB)", f"map: {output} ({size / 1e6:.1f} MB)")
    console.result(
        {
            "output": str(output),
            "bytes": size,
            "kind": kind,
            "features": counts,
        }
    )
