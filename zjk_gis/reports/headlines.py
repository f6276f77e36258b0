"""The headline figures: each a number that is read first, with what it is counted of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.layers.headings import heading
from zjk_gis.layers.labels import label
from zjk_gis.reports.columns import SheetColumn, cell_of, columns_of
from zjk_gis.reports.telling import amount, plain, told
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.layers.labels import Language

__all__ = ["Group", "Tile", "assignment_figures", "headlines", "table_figures"]

_MOST_TOTALS = 5


@dataclass(frozen=True, slots=True)
class Tile:
    """One headline figure.

    Attributes
    ----------
    name : str
    kind : str
        How it is shown; see `SheetColumn`.
    cell : object
        The number or text.
    note : str
        What it is counted of; may be empty.
    key : str
        What it was called in the summary, from which the sheet it is explained on is told.
    """

    name: str
    kind: str
    cell: Any
    note: str = ""
    key: str = ""

    @property
    def text(self) -> str:
        """What is read."""
        return told(self.kind, self.cell)


@dataclass(frozen=True, slots=True)
class Group:
    """Headline figures that belong together: tiles, or the columns of a small table."""

    title: str
    tiles: list[Tile] = field(default_factory=list)
    table: list[SheetColumn] = field(default_factory=list)


def headlines(summary: Mapping[str, object] | pd.DataFrame, lang: Language) -> list[Group]:
    """Sort the key figures into groups: those that stand alone first.

    Parameters
    ----------
    summary : mapping or DataFrame
        A mapping inside a mapping is a group. A table with ``measure``, ``value`` and ``whole``, such as the
        figures of an audit, gives each figure with its denominator, grouped by ``promise``; any other table
        is shown as it is.
    lang : {"zh", "en"}

    Returns
    -------
    list of Group
        None of them empty.

    Examples
    --------
    >>> figures = pd.DataFrame({"measure": ["gaps"], "value": [1.0], "whole": [4.0], "unit": [""]})
    >>> [(tile.name, tile.text, tile.note) for tile in headlines(figures, "zh")[0].tiles]
    [('责任空白', '25.0%', '1 / 4')]
    """
    if isinstance(summary, pd.DataFrame):
        if {"measure", "value", "whole"} <= set(summary.columns):
            return _of_figures(summary, lang)
        return [Group("", table=columns_of(summary, "summary", lang))]
    alone: list[Tile] = []
    groups = [Group("", alone)]
    for key, value in summary.items():
        if isinstance(value, Mapping):
            tiles = [_tile(str(name), item, lang) for name, item in value.items()]
            groups.append(Group(plain(heading(str(key), lang)), tiles))
        else:
            alone.append(_tile(str(key), value, lang))
    return [group for group in groups if group.tiles]


@checked
def assignment_figures(summary: Mapping[str, Any]) -> pd.DataFrame:
    """Turn the counts of an assignment into figures with their denominators.

    Parameters
    ----------
    summary : mapping
        As `assignment_summary` returns it.

    Returns
    -------
    DataFrame
        ``measure``, ``value``, ``whole`` and ``unit``: all incidents first, without a whole, then how they
        were found, those rejected apart, and those that a person should look at.

    Examples
    --------
    >>> found = {"inside": 7, "border": 1, "nearest": 0, "none": 0}
    >>> figures = assignment_figures({"incidents": 10, "found": found, "ambiguous": 1, "rejected": 2})
    >>> figures.set_index("measure")["value"].to_dict()
    {'incidents': 10, 'inside': 7, 'border': 1, 'nearest': 0, 'none': 0, 'rejected': 2, 'ambiguous': 1}
    """
    counts = {name: int(count) for name, count in summary["found"].items()}
    counts |= {name: int(summary[name]) for name in ("rejected", "ambiguous")}
    rows = [("incidents", int(summary["incidents"]), np.nan, "")]
    rows += [(name, count, float(summary["incidents"]), "") for name, count in counts.items()]
    return pd.DataFrame(rows, columns=["measure", "value", "whole", "unit"])


def table_figures(frame: pd.DataFrame, name: str, lang: Language) -> list[Tile]:
    """Sum up any table: how many rows, totals of amounts, medians of shares and other numbers."""
    tiles = [Tile(heading("row_count", lang), "integer", len(frame))]
    for column in columns_of(frame, name, lang):
        values = [cell for cell in column.cells if cell is not None]
        if len(tiles) > _MOST_TOTALS or not values or column.kind in ("degrees", "year"):
            continue
        note = _known(len(values), len(frame), lang)
        if column.kind in ("integer", "measure") and "%" not in column.title:
            tiles.append(
                Tile(tr("{column}: total", column=column.title, lang=lang), column.kind, sum(values), note)
            )
        elif column.kind not in ("text", "code", "date", "datetime"):
            middle = float(np.median(values))
            tiles.append(
                Tile(tr("{column}: median", column=column.title, lang=lang), column.kind, middle, note)
            )
    return tiles


def _known(known: int, rows: int, lang: Language) -> str:
    """Say of how many rows there are data, where some have none."""
    return (
        tr("{known:,} of {rows:,} rows have data", known=known, rows=rows, lang=lang) if known < rows else ""
    )


def _tile(key: str, value: object, lang: Language) -> Tile:
    if isinstance(value, Tile):
        return value
    kind, cell = cell_of(value, lang)
    if cell is None:
        kind, cell = "text", tr("no data", lang=lang)
    return Tile(plain(heading(key, lang)), kind, cell, key=key)


def _of_figures(frame: pd.DataFrame, lang: Language) -> list[Group]:
    promises = frame["promise"] if "promise" in frame else pd.Series("", index=frame.index)
    groups = []
    for promise, rows in frame.groupby(promises, sort=False):
        title = plain(label(str(promise), lang)) if promise else ""
        groups.append(Group(title, [_figure(row, lang) for row in rows.to_dict("records")]))
    return groups


def _figure(row: Mapping[Any, Any], lang: Language) -> Tile:
    key = str(row["measure"])
    name = plain(label(key, lang))
    value, whole = float(row["value"]), float(row["whole"])
    unit = "" if pd.isna(row.get("unit", "")) else str(row.get("unit", ""))
    if not np.isfinite(value) or whole == 0:
        return Tile(name, "text", tr("no data", lang=lang), "" if whole else amount(whole, unit), key)
    if key == "load_gini" or not np.isfinite(whole):  # nothing that could be reached
        return Tile(name, "integer" if value.is_integer() else "number", value, plain(unit), key)
    return Tile(name, "share", value / whole, f"{amount(value, unit)} / {amount(whole, unit)}", key)
