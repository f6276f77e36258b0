"""`zjk-gis pipes survey`, `dig` and `section`: what the rules of the field say of pipes and covers."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click
from shapely import LineString

from zjk_gis.cli.city import read_city, require_layers, tell_report, tell_set_aside
from zjk_gis.cli.options import CITY
from zjk_gis.cli.output import show_rows, tell_files, write_found
from zjk_gis.cli.speaking import speaking
from zjk_gis.errors import InputError
from zjk_gis.io import check_writable, read_layer, write_layer
from zjk_gis.layers.labels import label
from zjk_gis.maps import dig_map, pipes_map, save_offline
from zjk_gis.pipes import (
    adverse_slopes,
    clearance_conflicts,
    cover_depths,
    cover_faults,
    cross_section,
    excavation_impact,
    repeated_excavations,
    survey_faults,
)
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd

    from zjk_gis.cli.console import Console

__all__ = ["dig", "section", "survey"]

_CITY = click.argument("city", type=CITY)
_COLUMNS = {
    "survey_faults": ("title", "pipe_code", "manhole_code", "value", "limit", "message"),
    "adverse_slopes": ("pipe_code", "slope_fault", "slope", "least_slope", "lacking"),
    "clearance_conflicts": ("pipe_a", "pipe_b", "beside_code", "kind", "net_m", "required_m", "status",
                            "who_yields"),
    "cover_depths": ("pipe_code", "cover_m", "required_m", "road_place", "status"),
    "cover_faults": ("title", "manhole_code", "other", "message", "owner"),
    "repeated_excavations": ("road_code", "permit_a", "permit_b", "months_between", "length_m",
                             "moratorium_until"),
}  # fmt: skip
_DUG = ("dig", "pipe_code", "class_name", "length_m", "cover_m", "depth_margin_m", "impact", "tell",
        "scope", "chief_name")  # fmt: skip
_CUT = ("offset_m", "pipe_code", "class_name", "diameter_mm", "level_m", "cover_m", "angle", "owner")


def _layers(city: Path | str, console: Console, *others: str) -> dict[str, gpd.GeoDataFrame]:
    """Read the layers of a city that a question needs; pipes must be there."""
    layers = read_city(city, console, layers=["pipelines", *others])
    require_layers(layers, city, "pipelines")
    return layers


@click.command("survey")
@_CITY
@click.option("--at", help="The day that is judged, such as 2025-12-31; by default today.")
@click.option("--inspected-within", type=int, help="How often covers must be inspected, in days.")
@click.option("--tolerance", default=0.0, show_default=True, help="The accuracy of the survey, in metres.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="A folder for layers, workbook and map.",
)
@click.option("--most", default=10, show_default=True, help="How many of each kind are printed.")
@speaking
def survey(
    city: Path | str,
    at: str | None,
    inspected_within: int | None,
    tolerance: float,
    output: Path | None,
    most: int,
    console: Console,
) -> None:
    """Check pipes and covers against the rules: survey, slopes, clearances, depths, covers, road cuts."""
    others = ("manholes", "pipe_points", "ancient_trees", "historic_buildings", "roads", "excavation_permits")
    layers = _layers(city, console, *others)
    pipes, wells = layers["pipelines"], layers.get("manholes")
    day = at or dt.date.today().isoformat()
    points = layers.get("pipe_points")
    found: dict[str, gpd.GeoDataFrame] = {}
    if wells is not None:
        found["survey_faults"] = survey_faults(wells, pipes, points=points, lang=console.lang)
    found["adverse_slopes"] = adverse_slopes(pipes, manholes=wells, points=points)
    found["clearance_conflicts"] = clearance_conflicts(
        pipes,
        buildings=layers.get("historic_buildings"),
        trees=layers.get("ancient_trees"),
        tolerance_m=tolerance,
    )
    found["cover_depths"] = cover_depths(pipes, tolerance_m=tolerance)
    if wells is not None:
        found["cover_faults"] = cover_faults(
            wells, pipelines=pipes, at=day, inspected_within_days=inspected_within, lang=console.lang
        )
    roads = layers.get("roads")
    if "excavation_permits" in layers and roads is not None and "opened_on" in roads:
        found["repeated_excavations"] = repeated_excavations(layers["excavation_permits"], roads, at=day)
    for name, rows in found.items():
        tell_set_aside(rows, console)
        console.say(tr("{title}: {count:,}", title=label(name, console.lang), count=len(rows)))
        if len(rows):
            show_rows(rows, _COLUMNS[name], most, console)
    files: list[Path] = []
    if output is not None:
        drawn = pipes_map(
            pipes,
            wells,
            findings={name: rows for name, rows in found.items() if len(rows)},
            lang=console.lang,
        )
        files = write_found(found, output, "survey", drawn, console)
    console.result(
        {
            "at": day,
            "faults": {name: len(rows) for name, rows in found.items()},
            "files": [str(path) for path in files],
        }
    )


@click.command("dig")
@_CITY
@click.argument("dig_file", metavar="DIG", type=click.Path(path_type=Path))
@click.option("--depth", type=float, help="How deep the dig is, in metres.")
@click.option("--margin", default=1.0, show_default=True, help="Metres within which pipes are told of, too.")
@click.option("--at", help="The day on which zones answer, such as 2025-12-31; by default today.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the rows to this file.")
@click.option("--map", "page", type=click.Path(path_type=Path), help="Draw them on this page (.html).")
@speaking
def dig(
    city: Path | str,
    dig_file: Path,
    depth: float | None,
    margin: float,
    at: str | None,
    output: Path | None,
    page: Path | None,
    console: Console,
) -> None:
    """Tell what a dig meets: pipes, how deep they lie, whom to tell, whose ground it is.

    DIG is a file with the polygons to be dug up, such as excavation permits.
    """
    for path in (output, page):
        if path is not None:
            check_writable(path)
    layers = _layers(city, console, "manholes", "historic_blocks", "responsibility_zones")
    ground = read_layer(dig_file, spec="excavation_permits")
    tell_report(ground, console)
    found = excavation_impact(
        ground,
        layers["pipelines"],
        depth_m=depth,
        margin_m=margin,
        blocks=layers.get("historic_blocks"),
        zones=layers.get("responsibility_zones"),
        at=at or dt.date.today().isoformat(),
    )
    tell_set_aside(found, console)
    hit = int((found["impact"] == "is_hit").sum())
    console.say(tr("{count:,} pipes concerned, {hit:,} of them hit", count=len(found), hit=hit))
    show_rows(found, _DUG, len(found), console)
    told = sorted(set(found["tell"]))
    console.say(tr("to be told: {names}", names=", ".join(told) or "-"))
    if output is not None:
        write_layer(found, output)
    if page is not None:
        save_offline(
            dig_map(found, ground, layers["pipelines"], layers.get("manholes"), lang=console.lang), page
        )
    tell_files((output, page), console)
    console.result(
        {
            "pipes": found["pipe_code"].tolist(),
            "hit": found.loc[found["impact"] == "is_hit", "pipe_code"].tolist(),
            "tell": told,
            "files": [str(path) for path in (output, page) if path is not None],
        }
    )


@click.command("section")
@_CITY
@click.option(
    "--line",
    "ends",
    nargs=4,
    type=float,
    metavar="X1 Y1 X2 Y2",
    help="The ends of the line, in the CRS of the pipes.",
)
@click.option("--line-file", type=click.Path(path_type=Path), help="A file with the one line.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the rows to this file.")
@speaking
def section(
    city: Path | str,
    ends: tuple[float, ...] | None,
    line_file: Path | None,
    output: Path | None,
    console: Console,
) -> None:
    """Print the pipes that a line cuts: where along it, how deep, how large, whose."""
    if (ends is None) == (line_file is None):
        raise InputError(tr("give the line either by its two ends or as a file"))
    if output is not None:
        check_writable(output)
    pipes = _layers(city, console)["pipelines"]
    line = read_layer(line_file) if line_file is not None else LineString([ends[:2], ends[2:]])  # type: ignore[index]
    cut = cross_section(line, pipes)
    tell_set_aside(cut, console)
    console.say(tr("{count:,} pipes are cut", count=len(cut)))
    show_rows(cut, _CUT, len(cut), console)
    if output is not None:
        write_layer(cut, output)
    tell_files((output,), console)
    table = cut.drop(columns=cut.geometry.name).astype(object)
    console.result({"pipes": table.where(table.notna(), None).to_dict("records")})
