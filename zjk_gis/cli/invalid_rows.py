"""Layers whose rows cannot be used: refused with all rows named, or made valid and told row by row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zjk_gis.errors import FileError
from zjk_gis.io import write_table
from zjk_gis.layers.labels import label
from zjk_gis.layers.soundness import made_valid, tell_fault
from zjk_gis.text import table
from zjk_gis.words import tr

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from zjk_gis.cli.console import Console
    from zjk_gis.errors import InputError

__all__ = ["mend", "words_of"]

_SHOWN = 20
_FOR_A_PERSON = {"no_geometry", "other_geometry", "bad_coordinate"}
_NAMES = {
    "zones": "zones",
    "region": "ground to be covered",
    "allowed": "ground that needs no zone",
    "old": "old zones",
    "new": "new zones",
}
_CONVERTED = re.compile(r" \(converted to (.*)\)$")


def words_of(error: InputError, console: Console) -> str:
    """Say which rows of a layer cannot be used, all of them, and what to do at the command.

    Parameters
    ----------
    error : InputError
        Where it names `rows`, the many go to a file, whose name is told; otherwise its words are returned.
    console : Console

    Returns
    -------
    str
    """
    rows: pd.DataFrame | None = getattr(error, "rows", None)
    if rows is None:
        return str(error)
    name = str(rows["layer"].iloc[0])
    converted = _CONVERTED.search(name)
    name = _CONVERTED.sub("", name)
    title = tr(_NAMES[name]) if name in _NAMES else label(name, console.lang)
    lines = [
        tr(
            "{title}: {rows_count:,} rows have a geometry of no use",
            title=title,
            rows_count=len(rows),
        )
    ]
    if converted:
        lines[0] += tr(" (converted to {converted})", converted=converted[1])
    told = _told(rows, console)
    lines += _listed(told, console, "invalid")
    for_a_person = rows["fault"].isin(_FOR_A_PERSON).any() or bool(converted)
    if for_a_person or console.repair:
        lines.append(tr("draw them, redraw them or take them out"))
    elif console.repair is None:
        lines.append(tr("repair them in a GIS and try again"))
    else:
        lines.append(
            tr(
                "--repair makes them valid and lists what it changed row by row; or repair them in a GIS",
            )
        )
    return "\n".join(lines)


def mend(layer: gpd.GeoDataFrame, name: str, console: Console) -> gpd.GeoDataFrame:
    """Make invalid polygons valid where `--repair` asks for it, and list by row what changed.

    Parameters
    ----------
    layer : GeoDataFrame
    name : str
        What the layer is called.
    console : Console

    Returns
    -------
    GeoDataFrame
    """
    if not console.repair or getattr(layer, "active_geometry_name", None) is None:
        return layer
    mended, changes = made_valid(layer, name)
    if not len(changes):
        return mended
    title = tr(_NAMES[name]) if name in _NAMES else label(name, console.lang)
    console.note(
        tr(
            "{title}: {changes_count:,} invalid rows made valid",
            title=title,
            changes_count=len(changes),
        )
    )
    amounts = ["area_before_m2", "area_after_m2", "parts_before", "parts_after"]
    told = _told(changes, console).join(changes[amounts].reset_index(drop=True).round(2))
    told = told.rename(columns={column: label(column, console.lang, unit=True) for column in amounts})
    for line in _listed(told, console, "repaired"):
        console.note(line)
    plain = changes.astype(object)
    for row in plain.where(plain.notna(), None).to_dict("records"):
        console.repaired.append({str(key): value for key, value in row.items()})
    return mended


def _told(rows: pd.DataFrame, console: Console) -> pd.DataFrame:
    """Put rows under headings, their faults in words."""
    places = rows[["x", "y"]].to_numpy().tolist()
    faults = [
        tell_fault(fault, place, console.lang) for fault, place in zip(rows["fault"], places, strict=True)
    ]
    told = rows[["row", "code"]].reset_index(drop=True).astype(str)
    told["fault"] = faults
    return told.set_axis([label("row", console.lang), label("code", console.lang), tr("fault")], axis=1)


def _listed(told: pd.DataFrame, console: Console, ending: str) -> list[str]:
    """Lay out the rows; of many the first, and all in a file."""
    header = [str(column) for column in told.columns]
    shown = told.astype(object).to_numpy().tolist()
    if len(shown) <= _SHOWN:
        return list(table(shown, header))
    target = _written(told, console.beside(ending))
    if target is None:  # nowhere to write: then all are printed
        return list(table(shown, header))
    rest = tr("all {shown_count:,} rows: {target}", shown_count=len(shown), target=target)
    return [*table(shown[:_SHOWN], header), rest]


def _written(told: pd.DataFrame, target: Path) -> Any:
    try:
        return write_table(told, target)
    except FileError:
        return None
