"""`zjk-gis covers`: a live register of covers, changed one at a time and asked for the nearest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from pyproj import Transformer

from zjk_gis.cli.city import datum_option, tell_report
from zjk_gis.cli.console import language_option
from zjk_gis.cli.options import headings_option
from zjk_gis.cli.speaking import speaking
from zjk_gis.crs import CGCS2000
from zjk_gis.io import check_writable, list_layers, read_layer, write_layer
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.labels import label
from zjk_gis.pipes.manholes.register import CoverRegister
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    import pandas as pd

    from zjk_gis.cli.console import Console
    from zjk_gis.layers.labels import Language

__all__ = ["command"]

_REGISTER = click.argument("register", type=click.Path(path_type=Path))


@click.group("covers")
@language_option(expose_value=False)
def command() -> None:
    """Keep a live register of covers: begin it, change it, ask for the nearest.

    LON and LAT are in CGCS2000 or WGS 84 degrees.
    """


@command.command("build")
@click.argument("source", type=click.Path(path_type=Path))
@_REGISTER
@click.option("--layer", help="Which layer of the file; by default its manholes.")
@datum_option
@speaking
def _build(source: Path, register: Path, layer: str | None, datum: str | None, console: Console) -> None:
    """Begin a register with the covers of a layer."""
    spec = spec_of("manholes")
    if layer is None and len(names := list_layers(source)) > 1:
        layer = next((name for name in names if name in (spec.name, spec.title)), None)
    covers = read_layer(source, layer=layer, datum=datum, spec=spec)
    tell_report(covers, console)
    with CoverRegister.build(covers, register) as made:
        count = len(made)
    console.say(tr("{register}: {count:,} covers", register=register, count=count))
    console.result({"covers": count})


@command.command("near")
@_REGISTER
@click.argument("lon", type=float)
@click.argument("lat", type=float)
@click.option("--count", default=5, show_default=True, help="How many at most.")
@click.option("--within", type=float, help="No farther than this many metres.")
@speaking
def _near(register: Path, lon: float, lat: float, count: int, within: float | None, console: Console) -> None:
    """Find the covers nearest to a place."""
    with CoverRegister.open(register) as opened:
        found = opened.nearest(*_metres(opened, lon, lat), count=count, within_m=within)
        shown = _degrees(opened, found)
    rows = [
        [row.code, f"{row.distance_m:.2f}", f"{row.lon:.7f}", f"{row.lat:.7f}"] for row in shown.itertuples()
    ]
    heads = [label(name, console.lang, unit=True) for name in ("code", "distance_m", "longitude", "latitude")]
    console.show(rows, heads)
    console.result({"covers": shown.drop(columns=["x", "y"]).to_dict("records")})


@command.command("add")
@_REGISTER
@click.argument("code")
@click.argument("lon", type=float)
@click.argument("lat", type=float)
@speaking
def _add(register: Path, code: str, lon: float, lat: float, console: Console) -> None:
    """Set a cover."""
    with CoverRegister.open(register) as opened:
        x, y = _metres(opened, lon, lat)
        beside = opened.nearest(x, y, within_m=0.5)
        opened.insert(code, x, y)
    for other in beside.itertuples():
        console.note(
            tr(
                "note: {code} is {distance_m:.2f} m away; the same cover?",
                code=other.code,
                distance_m=other.distance_m,
            ),
        )
    console.say(tr("{code} added", code=code))
    console.result({"added": code, "beside": beside["code"].tolist()})


@command.command("move")
@_REGISTER
@click.argument("code")
@click.argument("lon", type=float)
@click.argument("lat", type=float)
@speaking
def _move(register: Path, code: str, lon: float, lat: float, console: Console) -> None:
    """Move a cover."""
    with CoverRegister.open(register) as opened:
        opened.move(code, *_metres(opened, lon, lat))
    console.say(tr("{code} moved", code=code))
    console.result({"moved": code})


@command.command("remove")
@_REGISTER
@click.argument("codes", nargs=-1, required=True)
@speaking
def _remove(register: Path, codes: tuple[str, ...], console: Console) -> None:
    """Take covers out."""
    with CoverRegister.open(register) as opened:
        opened.delete(codes)
    console.say(tr("{codes} removed", codes=listed(codes)))
    console.result({"removed": list(codes)})


@command.command("check")
@_REGISTER
@click.option("--within", default=0.5, show_default=True, help="Metres below which two covers are one.")
@speaking
def _check(register: Path, within: float, console: Console) -> None:
    """List covers that lie too close together to be two; leaves with 1 if there are any."""
    with CoverRegister.open(register) as opened:
        pairs = opened.close_pairs(within_m=within)
    rows = [[row.code, row.other_code, f"{row.distance_m:.3f}"] for row in pairs.itertuples()]
    heads = [label("code", console.lang), tr("other code"), label("distance_m", console.lang, unit=True)]
    console.show(rows, heads)
    console.say(tr("{pairs_count:,} pairs", pairs_count=len(pairs)))
    console.result({"pairs": pairs.to_dict("records")})
    if len(pairs):
        click.get_current_context().exit(1)


@command.command("export")
@_REGISTER
@click.argument("path", type=click.Path(path_type=Path))
@headings_option
@speaking
def _export(register: Path, path: Path, headings: Language | None, console: Console) -> None:
    """Write all covers to a file."""
    check_writable(path)
    with CoverRegister.open(register) as opened:
        layer = opened.to_layer()
    written = write_layer(layer, path, headings=headings)
    console.say(tr("{layer_count:,} covers -> {written}", layer_count=len(layer), written=written))
    console.result({"path": str(written), "covers": len(layer)})


def _metres(register: CoverRegister, lon: float, lat: float) -> tuple[float, float]:
    x, y = Transformer.from_crs(CGCS2000, register.crs, always_xy=True).transform(lon, lat)
    return float(x), float(y)


def _degrees(register: CoverRegister, found: pd.DataFrame) -> pd.DataFrame:
    back = Transformer.from_crs(register.crs, CGCS2000, always_xy=True)
    lon, lat = back.transform(found["x"].to_numpy(), found["y"].to_numpy())
    return found.assign(lon=lon, lat=lat)
