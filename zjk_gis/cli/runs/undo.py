"""`zjk-gis undo`: a bad week is undone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zjk_gis.city import undo_refresh
from zjk_gis.cli.speaking import speaking

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console

__all__ = ["command"]


@click.command("undo")
@click.argument("city", type=click.Path(path_type=Path))
@speaking
def command(city: Path, console: Console) -> None:
    """Undo the last run of a city: its layers are as before it, and so is what is known of its files.

    CITY is a city file (city.toml). Nothing is lost: the undone versions of the layers can still be read.
    Files of the undone run are not taken again until `zjk-gis refresh CITY --again`; corrected files are.
    """
    undone = undo_refresh(city, tell=console.say)
    console.result({"run": undone.number, "undoes": undone.undoes, "versions": undone.versions})
