"""`zjk-gis layers`: which layers a workspace holds, and how each came about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zjk_gis.cli.speaking import speaking
from zjk_gis.words import tr
from zjk_gis.workspace.addresses import shown
from zjk_gis.workspace.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from zjk_gis.cli.console import Console

__all__ = ["command"]

_HEADINGS = {
    "layer": "layer", "title": "title", "version": "version", "action": "change", "rows": "number of rows",
    "errors": "errors", "written_at": "written at", "source": "from", "note": "note", "crs": "system",
}  # fmt: skip
_ACTIONS = {"write": "written", "append": "appended", "delete": "deleted", "found": "found"}
_LIST = ("layer", "title", "rows", "version", "written_at", "errors", "crs", "source")
_HISTORY = ("version", "action", "rows", "written_at", "errors", "source", "note")
_LONGEST = 40


@click.command("layers")
@click.argument("target")
@click.option("--history", "name", metavar="LAYER", help="The versions of one layer instead.")
@speaking
def command(target: str, name: str | None, console: Console) -> None:
    """List the layers of a workspace, or the versions of one.

    TARGET is a GeoPackage (city.gpkg) or a PostGIS schema (postgresql://user@host/database?schema=zjk).
    """
    with Workspace.open(target) as workspace:
        found = workspace.list() if name is None else workspace.history(name)
    columns = _LIST if name is None else _HISTORY
    if found.empty:
        console.say(tr("{shown}: no layers yet", shown=shown(target)))
    else:
        heads = [tr(_HEADINGS[column]) for column in columns]
        console.show(_cells(found[list(columns)], console), heads)
    console.result({"layers" if name is None else "versions": _values(found)})


def _cells(found: pd.DataFrame, console: Console) -> list[list[object]]:
    shown = found.assign(written_at=found["written_at"].dt.strftime("%Y-%m-%d %H:%M").fillna(""))
    if "action" in shown:
        shown["action"] = shown["action"].map(lambda action: tr(_ACTIONS[action]))
    shown = shown.astype(object).where(shown.notna(), "")
    return [
        [f"{cell:.{_LONGEST}}" if isinstance(cell, str) else cell for cell in row]
        for row in shown.to_numpy().tolist()
    ]


def _values(found: pd.DataFrame) -> list[dict[str, object]]:
    plain = found.assign(
        written_at=found["written_at"].map(lambda time: time.isoformat(), na_action="ignore")
    )
    plain = plain.astype(object)
    return [
        {str(key): value for key, value in row.items()}
        for row in plain.where(plain.notna(), None).to_dict("records")
    ]
