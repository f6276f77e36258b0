"""Reading what a command is given: a city's layers from one file, incidents from another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import geopandas as gpd

from zjk_gis.cli.invalid_rows import mend
from zjk_gis.crs import measured_otherwise
from zjk_gis.errors import CRSError, InputError, name_rows
from zjk_gis.io import list_layers, read_layer
from zjk_gis.layers.catalogue import CATALOGUE, spec_of
from zjk_gis.layers.labels import label
from zjk_gis.layers.spec import PUNCTUAL
from zjk_gis.read_report import report_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from zjk_gis.cli.console import Console

__all__ = [
    "datum_option",
    "even_if_off_option",
    "place_options",
    "read_city",
    "read_companion",
    "read_zones",
    "tell_report",
    "tell_set_aside",
]

_MOST_NAMED = 5

datum_option = click.option(
    "--datum",
    help="The datum of the positions: gcj02 (高德), bd09 (百度), wgs84 or cgcs2000; by default what the file "
    "itself says.",
)


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


def read_city(path: Path, console: Console) -> dict[str, gpd.GeoDataFrame]:
    """Read every layer of a GeoPackage whose name the catalogue knows, in English or Chinese."""
    wanted = {}
    for name in list_layers(path):
        spec = next((s for s in CATALOGUE.values() if name in (s.name, s.title)), None)
        if spec is not None:
            wanted[spec.name] = name
    if not wanted:
        message = (
            f"{path}: none of its layers ({', '.join(list_layers(path))}) is one that a city is made of: "
            f"{', '.join(CATALOGUE)}; name a layer as one of these"
        )
        raise InputError(message)
    city = {}
    for spec_name, layer in wanted.items():
        city[spec_name] = read_layer(path, layer=layer, spec=spec_of(spec_name))
        tell_report(city[spec_name], console)
        city[spec_name] = mend(city[spec_name], spec_name, console)
    return city


def read_companion(zones: Path, path: Path | None, name: str, console: Console) -> gpd.GeoDataFrame | None:
    """Read the layer named, or the one that came with the zones."""
    if path is not None:
        names = list_layers(path)
        return mend(read_layer(path, layer=name if name in names else None), name, console)
    if name not in list_layers(zones):
        return None
    return mend(read_layer(zones, layer=name, spec=name), name, console)


def read_zones(path: Path, layer: str | None, console: Console) -> gpd.GeoDataFrame:
    """Read the layer that answers: the one named, or the responsibility zones of a city, or the only one."""
    names = list_layers(path)
    zones_spec = spec_of("responsibility_zones")
    if layer is None and len(names) > 1:
        layer = next((name for name in names if name in (zones_spec.name, zones_spec.title)), None)
    if layer is None and len(names) > 1:
        message = f"{path}: has the layers {', '.join(names)}; say which one answers with --layer"
        raise InputError(message)
    plain = read_layer(path, layer=layer)
    for name in ("responsibility_zones", "unit_grids", "road_sections"):
        spec = spec_of(name)
        if set(spec.field(spec.code).names) & {str(column).strip() for column in plain.columns}:
            zones = read_layer(path, layer=layer, spec=spec)
            tell_report(zones, console)
            return mend(zones, "zones", console)
    tell_report(plain, console)
    return mend(plain, "zones", console)


def tell_set_aside(rows: gpd.GeoDataFrame, console: Console) -> None:
    """Say on stderr which rows a question set aside, and why; nothing where none was."""
    counted: dict[tuple[str, str], list[object]] = {}
    for row in rows.attrs.get("set_aside", []):
        counted.setdefault((row["layer"], row["why"]), []).append(row["row"])
    for (layer, why), numbers in counted.items():
        first = "、".join(map(str, numbers[:_MOST_NAMED])) + (" 等" if len(numbers) > _MOST_NAMED else "")
        console.note(
            f"{label(layer, 'zh')}:{len(numbers)} 行未参与分析,{label(why, 'zh')}(行 {first})",
            f"{layer}: {len(numbers)} rows set aside, {label(why, 'en')} ({name_rows(numbers)})",
        )


def tell_report(layer: gpd.GeoDataFrame, console: Console) -> None:
    """Say on stderr what reading had to infer; nothing where nothing was."""
    for remark in report_of(layer).remarks:
        console.note(remark, remark)
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
            f"{name}:坐标系为 {own};长度和面积按 {measured} 量算",
            f"{name}: in {own}; lengths and areas are measured in {measured}",
        )
