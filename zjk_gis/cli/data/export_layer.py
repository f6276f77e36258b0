"""`zjk-gis export`: a layer of a workspace, or some of it, to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zjk_gis.cli.options import headings_option
from zjk_gis.cli.speaking import speaking
from zjk_gis.errors import InputError
from zjk_gis.io import check_writable, write_layer
from zjk_gis.read_report import report_of
from zjk_gis.words import tr
from zjk_gis.workspace.versions import kind_of
from zjk_gis.workspace.workspace import Workspace

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console
    from zjk_gis.layers.labels import Language

__all__ = ["command"]


@click.command("export")
@click.argument("target")
@click.argument("layer")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--at", help="Only rows valid on this day, by valid_from and valid_to.")
@click.option("--version", help="A version by its number, or as it was at a time such as 2025-12-31.")
@click.option(
    "--where",
    multiple=True,
    metavar="COLUMN=VALUE",
    help="Only rows with this value; several by commas, a range as LEAST..MOST, nothing for a missing one.",
)
@click.option("--columns", help="Only these columns, by commas.")
@click.option("--bbox", help="Only what meets MINX,MINY,MAXX,MAXY, in the layer's own coordinates.")
@headings_option
@speaking
def command(
    target: str,
    layer: str,
    path: Path,
    at: str | None,
    version: str | None,
    where: tuple[str, ...],
    columns: str | None,
    bbox: str | None,
    headings: Language | None,
    console: Console,
) -> None:
    """Write a layer of a workspace to a file.

    TARGET is a GeoPackage (city.gpkg) or a PostGIS schema (postgresql://user@host/database?schema=zjk); the
    ending of PATH says the format.
    """
    check_writable(path)
    number = int(version) if version is not None and version.isdecimal() and len(version) < 7 else version
    with Workspace.open(target) as workspace:
        dtypes = workspace.dtypes(layer, version=number)
        frame = workspace.read(
            layer,
            at=at,
            version=number,
            where=dict(_condition(text, dtypes, layer) for text in where),
            columns=None if columns is None else [each.strip() for each in columns.split(",")],
            bbox=None if bbox is None else _numbers(bbox),
        )
    written = write_layer(frame, path, headings=headings)
    report = report_of(frame)
    console.say(
        tr(
            "{layer} version {version}, {frame_count:,} rows -> {written}",
            layer=layer,
            version=report.version,
            frame_count=len(frame),
            written=written,
        ),
    )
    console.result({"path": str(written), "rows": len(frame), "version": report.version})


def _condition(text: str, dtypes: dict[str, str], layer: str) -> tuple[str, Any]:
    """Read COLUMN=VALUE with the value's type as the column has it."""
    column, equals, wanted = text.partition("=")
    column = column.strip()
    if not equals or column not in dtypes:
        raise InputError(
            tr(
                "{layer}: --where {text!r} must be COLUMN=VALUE with one of {dtypes}",
                layer=layer,
                text=text,
                dtypes=", ".join(dtypes),
            )
        )
    kind = kind_of(dtypes[column])

    def value(given: str) -> Any:
        given = given.strip()
        if not given:
            return None
        try:
            if kind == "boolean":
                return {"true": True, "1": True, "是": True, "false": False, "0": False, "否": False}[
                    given.lower()
                ]
            return int(given) if kind == "integer" else float(given) if kind == "real" else given
        except (ValueError, KeyError):
            raise InputError(
                tr(
                    "{layer}: {column} holds {kind}; {given!r} is none",
                    layer=layer,
                    column=column,
                    kind=kind,
                    given=given,
                )
            ) from None

    least, dots, most = wanted.partition("..")
    if dots:
        return column, (value(least), value(most))
    return column, [value(each) for each in wanted.split(",")]


def _numbers(bbox: str) -> Any:
    try:
        return tuple(float(each) for each in bbox.split(","))
    except ValueError:
        raise InputError(tr("--bbox must be MINX,MINY,MAXX,MAXY, not {bbox!r}", bbox=bbox)) from None
