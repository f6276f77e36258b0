"""`zjk-gis init`: a city file from what lies in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zjk_gis.cli.speaking import speaking
from zjk_gis.errors import FileError
from zjk_gis.layers.labels import label
from zjk_gis.words import tr
from zjk_gis.workspace.city_file.draft import draft_city

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console

__all__ = ["command"]


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("city.toml"), show_default=True,
    help="The city file.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a city file that is there.")
@speaking
def command(folder: Path, output: Path, force: bool, console: Console) -> None:
    """Write a city file from what lies in a folder.

    Every file in FOLDER is read: which layer it is, its sheet, columns, values, encoding, system and datum,
    and which files are editions of one another. All of it goes to city.toml with comments, beside the
    thresholds, duties, deadlines, weights and contacts that may be set there. Look it over; then it stands
    wherever a command takes a city. A file that is there is replaced only with --force.
    """
    if output.exists() and not force:
        raise FileError(
            tr("{output}: is there already; name another file, or replace it with --force", output=output)
        )
    draft = draft_city(folder, output, overwrite=force)
    console.say(tr("city file written: {output}", output=output))
    rows = [
        (label(each.layer, console.lang), ", ".join(each.files), len(draft.city.files_of(each)))
        for each in draft.city.sources
    ]
    if rows:
        console.show(rows, [label(name, console.lang) for name in ("layer", "source_files", "files_found")])
    if draft.unplaced:
        console.say(tr("not placed: {count:,}", count=len(draft.unplaced)))
        for name, why in draft.unplaced:
            console.say(f"  {name}: {why}")
    console.say(
        tr("look it over, then use it wherever a city is asked for: zjk-gis audit {output}", output=output)
    )
    console.result(
        {
            "output": str(output),
            "sources": [
                {"layer": each.layer, "files": list(each.files), "found": len(draft.city.files_of(each))}
                for each in draft.city.sources
            ],
            "unplaced": [{"file": name, "why": why} for name, why in draft.unplaced],
        }
    )
