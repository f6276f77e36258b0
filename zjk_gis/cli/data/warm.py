"""`zjk-gis warm`: the engine compiled before anybody waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zjk_gis.cli.speaking import speaking
from zjk_gis.engine.warming import GROUPS, is_kept, warm
from zjk_gis.errors import FileError
from zjk_gis.progress import track
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console

__all__ = ["command"]


@click.command("warm")
@speaking
def command(console: Console) -> None:
    """Compile the engine now, so that the first large question on this machine or image need not wait."""
    went_well = list(track(warm(), title=tr("compiling the engine"), total=len(GROUPS)))
    if not all(went_well) or not is_kept():
        raise FileError(
            tr("the compiled engine cannot be kept; set NUMBA_CACHE_DIR to a directory that can be written")
        )
    console.say(tr("the engine is compiled; large questions begin at once"))
    console.result({"compiled": list(GROUPS)})
