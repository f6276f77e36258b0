"""Reading what a command is given: a city's layers from one file, incidents from another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import geopandas as gpd

from zjk_gis.cli.invalid_rows import mend
from zjk_gis.cli.options import current_city
from zjk_gis.coordinates.datum_evidence import SHIFT_TITLES, UNDECIDED
from zjk_gis.coordinates.position_fixes import review_positions
from zjk_gis.crs import measured_otherwise
from zjk_gis.errors import CRSError, InputError, name_rows
from zjk_gis.io import read_layer
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.labels import label
from zjk_gis.layers.spec import PUNCTUAL
from zjk_gis.read_report import report_of
from zjk_gis.words import tr
from zjk_gis.workspace.addresses import shown
from zjk_gis.workspace.city import read_city as layers_of
from zjk_gis.workspace.city import read_companion as companion_of
from zjk_gis.workspace.city import read_zones as zones_of
from zjk_gis.workspace.city_file.city import workspace_of
from zjk_gis.workspace.city_file.reading import read_file, source_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from zjk_gis.cli.console import Console

__all__ = [
    "cases_options",
    "datum_option",
    "even_if_off_option",
    "held_by",
    "place_options",
    "read_cases",
    "read_city",
    "read_companion",
    "read_incidents",
    "read_sent",
    "read_zones",
    "require_layers",
    "tell_aside",
    "tell_lacking",
    "tell_positions",
    "tell_report",
    "tell_set_aside",
]

_FIXED = ("swapped_axes", *SHIFT_TITLES)  # what --fix-positions fixes

datum_option = click.option(
    "--datum",
    help="The datum of the positions: gcj02 (高德), bd09 (百度), wgs84 or cgcs2000; by default what the file "
    "itself says.",
)


def cases_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that `read_cases` takes: incidents, the datum, and whether to fix them."""
    command = click.option(
        "--fix-positions", is_flag=True, help="Fix swapped axes and GCJ-02, and say which."
    )(command)
    incidents = click.option(
        "--incidents", type=click.Path(path_type=Path), help="Incidents; by default those of the city."
    )
    return incidents(datum_option(command))


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say where the positions of its incidents are read from."""
    for name, words in (
        ("--crs", "The CRS of the incidents' coordinates, such as EPSG:4490."),
        ("--lat", "The column of latitudes or northings of a table."),
        ("--lon", "The column of longitudes or eastings of a table."),
    ):
        command = click.option(name, help=words)(command)
    return command


even_if_off_option = click.option(
    "--even-if-off", is_flag=True, help="Go on even if the positions cannot be where the zones are."
)


def read_city(
    city: Path | str, console: Console, *, layers: Iterable[str] | None = None
) -> dict[str, gpd.GeoDataFrame]:
    """Read a city's layers, and say what reading had to infer."""
    found = layers_of(city, layers=layers)
    for layer in found.values():
        tell_report(layer, console)
    return {name: mend(layer, name, console) for name, layer in found.items()}


def require_layers(layers: Iterable[str], city: Path | str, *names: str) -> None:
    """Refuse a city that lacks a layer which is needed; names are those of the catalogue.

    Raises
    ------
    InputError
    """
    lacking = [name for name in names if name not in layers]
    if lacking:
        raise InputError(
            tr(
                "{shown}: has no layer {name} ({title}); import it first",
                shown=shown(city),
                name=lacking[0],
                title=spec_of(lacking[0]).title,
            )
        )


def read_companion(
    zones: Path | str, path: Path | None, name: str, console: Console
) -> gpd.GeoDataFrame | None:
    """Read the layer named, or the one that came with the zones."""
    found = companion_of(zones, name, path)
    return None if found is None else mend(found, name, console)


def read_zones(city: Path | str, layer: str | None, console: Console) -> gpd.GeoDataFrame:
    """Read the layer that answers, and say what reading had to infer."""
    zones = zones_of(city, layer)
    tell_report(zones, console)
    return mend(zones, "zones", console)


def read_cases(
    city: Path | str,
    path: Path | None,
    console: Console,
    *,
    datum: str | None = None,
    fix: bool = False,
    by_roads: bool = True,
) -> gpd.GeoDataFrame:
    """Read the incidents of a file, or else those that the city has.

    The city's roads tell what datum a file has, where its places matter: unless told otherwise.

    Raises
    ------
    InputError
        If none is named and the city has none.
    """
    if path is not None:
        roads = read_city(city, console, layers=["roads"]).get("roads") if by_roads else None
        return read_incidents(path, console, roads=roads, datum=datum, fix=fix)
    layers = read_city(city, console, layers=["incidents"])
    require_layers(layers, city, "incidents")
    return layers["incidents"]


def read_incidents(
    path: Path,
    console: Console,
    *,
    roads: gpd.GeoDataFrame | None,
    datum: str | None = None,
    fix: bool = False,
    **times: Any,
) -> gpd.GeoDataFrame:
    """Read incidents, and say what reading had to infer and what is suspicious about their positions."""
    points = read_sent(path, "incidents", datum=datum, **times)
    tell_report(points, console)
    found = review_positions(points, roads=roads, fix=fix)
    if found.lacking:
        tell_lacking(found.lacking, console)
    tell_positions(found.problems, found.fixed if fix else None, console)
    return found.points


def read_sent(path: Path, layer: str, **said: Any) -> gpd.GeoDataFrame:
    """Read a file as a layer; as the city file says, where it is one of its source's files."""
    city = current_city()
    source = None if city is None else source_of(city, path, layer)
    if city is None or source is None:
        return read_layer(path, spec=layer, **said)
    return read_file(city, source, path, **said)


def held_by(city: Path | str) -> list[Path]:
    """Return the files that hold a city, which no output may replace."""
    kept = workspace_of(city)
    return [path for path in dict.fromkeys((city, kept)) if isinstance(path, Path)]


def tell_lacking(name: str, console: Console) -> None:
    """Say for want of which column it is not judged whether positions are GCJ-02 or BD-09."""
    console.note(
        tr(
            "note: without a column {column!r} it is not judged whether positions are GCJ-02 or BD-09",
            column=label(name, console.lang),
        )
    )


def tell_positions(problems: Mapping[str, int], fixed: Mapping[str, int] | None, console: Console) -> None:
    """Say what is suspicious about positions, and what was fixed of it; None where nothing was to be."""
    for problem, count in problems.items():
        name = label(problem, console.lang)
        if fixed is not None:
            done = fixed.get(problem, 0)
            console.say(
                tr(
                    "  positions, {problem}: {count:,} found, {done:,} fixed",
                    problem=name,
                    count=count,
                    done=done,
                )
            )
        elif problem in _FIXED:
            console.note(
                tr(
                    "note: {count:,} rows have {problem} and were left alone; --fix-positions fixes them",
                    count=count,
                    problem=name,
                )
            )
        elif problem == UNDECIDED:
            console.note(tr("note: {count:,} rows: {problem}", count=count, problem=name))


def tell_set_aside(rows: gpd.GeoDataFrame, console: Console) -> None:
    """Say on stderr which rows a question set aside, and why; nothing where none was."""
    tell_aside(rows.attrs.get("set_aside", []), console)


def tell_aside(rows: list[dict[str, Any]], console: Console) -> None:
    """Say on stderr which rows were set aside, and why, from their records."""
    counted: dict[tuple[str, str], list[object]] = {}
    for row in rows:
        counted.setdefault((row["layer"], row["why"]), []).append(row["row"])
    for (layer, why), numbers in counted.items():
        console.note(
            tr(
                "{layer}: {count:,} rows set aside, {why} ({rows})",
                layer=label(layer, console.lang),
                count=len(numbers),
                why=label(why, console.lang),
                rows=name_rows(numbers),
            )
        )


def tell_report(layer: gpd.GeoDataFrame, console: Console) -> None:
    """Say on stderr what reading had to infer; nothing where nothing was."""
    for remark in report_of(layer).remarks:
        console.note(remark)
    _tell_measuring(layer, console)


def _tell_measuring(layer: gpd.GeoDataFrame, console: Console) -> None:
    """Say on stderr where the lengths and areas of a layer are measured, if not where one would expect."""
    if not isinstance(layer, gpd.GeoDataFrame) or layer.active_geometry_name is None or layer.crs is None:
        return
    if set(layer.geom_type.dropna()) <= PUNCTUAL:
        return
    try:
        found = measured_otherwise(layer)
    except CRSError:  # refused by whoever is asked to measure it, with the layer's name
        return
    if found is not None:
        own, measured = (each.name for each in found)
        name = Path(report_of(layer).path).name
        console.note(
            tr(
                "{name}: in {own}; lengths and areas are measured in {measured}",
                name=name,
                own=own,
                measured=measured,
            ),
        )
