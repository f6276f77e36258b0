"""`zjk-gis pipes survey`, `dig` and `section`: what the rules of the field say of pipes and covers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import geopandas as gpd
import pandas as pd
import shapely
from shapely import LineString

from zjk_gis.cli.city import read_city, require_layers, tell_report, tell_set_aside
from zjk_gis.cli.options import CITY
from zjk_gis.cli.output import show_rows, tell_files, write_found
from zjk_gis.cli.speaking import speaking
from zjk_gis.crs import convert_crs
from zjk_gis.errors import InputError
from zjk_gis.io import check_writable, read_layer, write_layer
from zjk_gis.layers.columns.time_cells import today
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.labels import label
from zjk_gis.maps import dig_map, pipes_map, print_section, save_offline
from zjk_gis.pipes import (
    adverse_slopes,
    clearance_conflicts,
    cover_depths,
    cover_faults,
    cross_section,
    excavation_impact,
    pipe_network,
    repeated_excavations,
    survey_faults,
)
from zjk_gis.words import listed, tr
from zjk_gis.workspace.addresses import shown

if TYPE_CHECKING:
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
        "is_bridge", "cut_off_m", "backs_up_m", "backs_up_first", "scope", "chief_name")  # fmt: skip
# What stands beside pipes: the layers of a city, and what clearances ask of them.
_BESIDE = ("building_footprints", "historic_buildings", "ancient_trees", "kerbs", "carriageways", "railways")
_CUT = ("offset_m", "pipe_code", "class_name", "diameter_mm", "level_m", "cover_m", "angle", "owner")


def _layers(city: Path | str, console: Console, *others: str) -> dict[str, gpd.GeoDataFrame]:
    """Read the layers of a city that a question needs; pipes must be there."""
    layers = read_city(city, console, layers=["pipelines", *others])
    require_layers(layers, city, "pipelines")
    return layers


def _buildings(layers: dict[str, gpd.GeoDataFrame]) -> gpd.GeoDataFrame | None:
    """Return all buildings of a city once: the historic ones and the others."""
    every = [layers[name] for name in ("building_footprints", "historic_buildings") if name in layers]
    return _together(*every) if len(every) == 2 else every[0] if every else None


def _together(buildings: gpd.GeoDataFrame, historic: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return buildings and historic ones in one layer; one that is in both under the name of the second."""
    listed = convert_crs(historic, buildings.crs, name="historic_buildings")
    middles = gpd.GeoDataFrame(geometry=listed.representative_point(), crs=listed.crs)
    twice = buildings.index.isin(middles.sjoin(buildings, predicate="within")["index_right"])
    named = [
        gpd.GeoDataFrame({"footprint_code": rows[code]}, geometry=rows.geometry)
        for rows, code in ((buildings[~twice], "footprint_code"), (listed, "building_code"))
    ]
    return gpd.GeoDataFrame(pd.concat(named, ignore_index=True), crs=buildings.crs)


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
    others = ("manholes", "pipe_points", "roads", "excavation_permits", *_BESIDE)
    layers = _layers(city, console, *others)
    pipes, wells = layers["pipelines"], layers.get("manholes")
    day = at or today().isoformat()
    points = layers.get("pipe_points")
    found: dict[str, gpd.GeoDataFrame] = {}
    if wells is not None:
        found["survey_faults"] = survey_faults(wells, pipes, points=points, at=day, lang=console.lang)
    found["adverse_slopes"] = adverse_slopes(pipes, manholes=wells, points=points, at=day)
    found["clearance_conflicts"] = clearance_conflicts(
        pipes,
        buildings=_buildings(layers),
        trees=layers.get("ancient_trees"),
        kerbs=layers.get("kerbs"),
        railways=layers.get("railways"),
        tolerance_m=tolerance,
        at=day,
    )
    found["cover_depths"] = cover_depths(
        pipes, carriageways=layers.get("carriageways"), tolerance_m=tolerance, at=day
    )
    if wells is not None:
        ways = layers.get("carriageways")
        found["cover_faults"] = cover_faults(
            wells,
            pipelines=pipes,
            places=None if ways is None else ways.assign(place="车行道"),
            at=day,
            inspected_within_days=inspected_within,
            lang=console.lang,
        )
    roads = layers.get("roads")
    if "excavation_permits" in layers and roads is not None and "opened_on" in roads:
        found["repeated_excavations"] = repeated_excavations(layers["excavation_permits"], roads, at=day)
    for name, rows in found.items():
        tell_set_aside(rows, console)
        unsure = rows.drop(columns=rows.geometry.name).eq("cannot_be_judged").any(axis=1)
        title = label(name, console.lang)
        if unsure.any():
            said = tr(
                "{title}: {count:,}, of which {unsure:,} cannot be judged",
                title=title,
                count=len(rows),
                unsure=unsure.sum(),
            )
        else:
            said = tr("{title}: {count:,}", title=title, count=len(rows))
        console.say(said)
        if len(rows):  # what is sure comes first
            show_rows(pd.concat([rows[~unsure], rows[unsure]]), _COLUMNS[name], most, console)
    files: list[Path] = []
    if output is not None:
        drawn = pipes_map(
            pipes,
            wells,
            findings={name: rows for name, rows in found.items() if len(rows)},
            date=day,
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
    """Tell what a dig meets: pipes, how deep, whom to tell, what hangs on each, whose ground it is.

    DIG is a file with the polygons to be dug up, such as excavation permits.
    """
    for path in (output, page):
        if path is not None:
            check_writable(path)
    layers = _layers(city, console, "manholes", "pipe_points", "historic_blocks", "responsibility_zones")
    network = None
    if "manholes" in layers:
        points = layers.get("pipe_points")
        network = pipe_network(layers["manholes"], layers["pipelines"], points=points, abandoned=True)
    else:
        console.note(tr("there is no layer manholes: what hangs on each pipe is not known"))
    day = at or today().isoformat()
    ground = read_layer(dig_file, spec="excavation_permits")
    tell_report(ground, console)
    found = excavation_impact(
        ground,
        layers["pipelines"],
        depth_m=depth,
        margin_m=margin,
        network=network,
        blocks=layers.get("historic_blocks"),
        zones=layers.get("responsibility_zones"),
        at=day,
    )
    tell_set_aside(found, console)
    _tell_without_pipes(ground, found, layers["pipelines"], margin, console)
    hit = int((found["impact"] == "is_hit").sum())
    console.say(tr("{count:,} pipes concerned, {hit:,} of them hit", count=len(found), hit=hit))
    show_rows(found, _DUG, len(found), console)
    if network is not None:
        _tell_backing_up(found, console)
    told = sorted(set(found["tell"]))
    if told:
        console.say(tr("to be told: {names}", names=listed(told)))
    if output is not None:
        write_layer(found, output)
    if page is not None:
        save_offline(
            dig_map(found, ground, layers["pipelines"], layers.get("manholes"), date=day, lang=console.lang),
            page,
        )
    tell_files((output, page), console)
    console.result(
        {
            "pipes": found["pipe_code"].tolist(),
            "hit": found.loc[found["impact"] == "is_hit", "pipe_code"].tolist(),
            "tell": told,
            "backs_up_m": found.get("backs_up_m", pd.Series(dtype=float)).to_list(),
            "files": [str(path) for path in (output, page) if path is not None],
        }
    )


def _check_there(asked: gpd.GeoDataFrame, pipes: gpd.GeoDataFrame, name: str) -> None:
    """Refuse what lies wholly outside the ground of the pipes: that nothing is met there says nothing."""
    moved = convert_crs(asked, pipes.crs, name=name)
    if not moved.intersects(shapely.box(*pipes.total_bounds)).any():
        raise InputError(
            tr(
                "{name}: lies outside the ground that the pipes cover; check its coordinates and its CRS "
                "(that of the pipes is {crs})",
                name=label(name),
                crs=pipes.crs.name,
            )
        )


def _tell_without_pipes(
    ground: gpd.GeoDataFrame,
    found: gpd.GeoDataFrame,
    pipes: gpd.GeoDataFrame,
    margin: float,
    console: Console,
) -> None:
    """Name the digs that meet no pipe."""
    if found.empty:
        _check_there(ground, pipes, "dig")
    names = code_text(ground["permit_code"]) if "permit_code" in ground else ground.index.astype(str)
    without = sorted(set(names.fillna("")) - set(found["dig"]))
    if without:
        console.note(
            tr(
                "no pipe is recorded within {margin:g} m of these digs: {names}",
                margin=margin,
                names=listed(without),
            )
        )


def _tell_backing_up(found: gpd.GeoDataFrame, console: Console) -> None:
    """Say which drains back up if they are dug through or blocked."""
    for row in found[found["backs_up_m"] > 0].drop_duplicates("pipe_code").itertuples():
        console.say(
            tr(
                "if drain {pipe} is blocked, {length:,.0f} m of pipes and {manholes:,} manholes upstream "
                "back up, first at {first}",
                pipe=row.pipe_code,
                length=row.backs_up_m,
                manholes=row.backs_up_manholes,
                first=row.backs_up_first,
            )
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
@click.option("--at", help="The day on which the ground is cut, such as 2025-12-31; by default today.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the rows to this file.")
@click.option(
    "--picture",
    type=click.Path(path_type=Path),
    help="Draw the section to scale in this file (.svg, .png, .pdf).",
)
@speaking
def section(
    city: Path | str,
    ends: tuple[float, ...] | None,
    line_file: Path | None,
    at: str | None,
    output: Path | None,
    picture: Path | None,
    console: Console,
) -> None:
    """Print the pipes that a line cuts: where along it, how deep, how large, whose."""
    if (ends is None) == (line_file is None):
        raise InputError(tr("give the line either by its two ends or as a file"))
    for path in (output, picture):
        if path is not None:
            check_writable(path)
    day = at or today().isoformat()
    pipes = _layers(city, console)["pipelines"]
    line = read_layer(line_file) if line_file is not None else LineString([ends[:2], ends[2:]])  # type: ignore[index]
    cut = cross_section(line, pipes, at=day)
    tell_set_aside(cut, console)
    if cut.empty:
        asked = (
            line if isinstance(line, gpd.GeoDataFrame) else gpd.GeoDataFrame(geometry=[line], crs=pipes.crs)
        )
        _check_there(asked, pipes, "section_line")
        if picture is not None:
            console.note(tr("no pipe is cut: no picture is drawn"))
    console.say(tr("{count:,} pipes are cut", count=len(cut)))
    show_rows(cut, _CUT, len(cut), console)
    if output is not None:
        write_layer(cut, output)
    if picture is not None and len(cut):
        print_section(
            cut,
            picture,
            date=day,
            source=city.name if isinstance(city, Path) else shown(city),
            lang=console.lang,
        )
    tell_files((output, picture if len(cut) else None), console)
    table = cut.drop(columns=cut.geometry.name).astype(object)
    console.result({"pipes": table.where(table.notna(), None).to_dict("records")})
