"""`zjk-gis catalogue`: which layers a city is made of, and what each must look like."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zjk_gis.cli.speaking import speaking
from zjk_gis.errors import InputError
from zjk_gis.io.paths import blamed_on, target_file
from zjk_gis.layers.catalogue import CATALOGUE, spec_of
from zjk_gis.layers.checks.reference import describe, fields_table, reference_page
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console

__all__ = ["command"]


@click.command("catalogue")
@click.argument("layer", required=False)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write the whole catalogue as a page (.md)."
)
@speaking
def command(layer: str | None, output: Path | None, console: Console) -> None:
    """Say what a layer must look like, or list the layers there are."""
    if layer is not None and output is not None:
        raise InputError(tr("-o writes the whole catalogue; name no layer with it"))
    if output is not None:
        target = target_file(output, (".md",))
        with blamed_on(target, "written"):
            target.write_text(reference_page(console.lang), encoding="utf-8")
        console.say(tr("written to {target}", target=target))
        console.result({"path": str(target)})
        return
    if layer is None:
        rows = [(spec.name, spec.title, spec.code, spec.source) for spec in CATALOGUE.values()]
        console.show(rows, [tr("layer"), tr("title"), tr("code"), tr("source")])
        console.result(
            {"layers": [dict(zip(("layer", "title", "code", "source"), row, strict=True)) for row in rows]}
        )
        return
    spec = spec_of(layer)
    about, fields = describe(spec, console.lang), fields_table(spec, console.lang)
    for line in [f"{spec.title} {spec.name}", *(f"  {line}" for line in about)]:
        console.say(line)
    console.show(fields.to_numpy().tolist(), fields.columns.tolist())
    console.result(
        {"layer": spec.name, "title": spec.title, "fields": fields_table(spec, "en").to_dict("records")}
    )
