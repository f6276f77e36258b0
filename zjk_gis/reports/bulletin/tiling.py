"""Figures as tiles: value, target, change and judgement, told by sign and word beside the colour."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zjk_gis.drawing.palette import BLUE, VERMILION
from zjk_gis.layers.labels import label
from zjk_gis.reports.bulletin.figuring import change_told, value_told
from zjk_gis.reports.bulletin.judging import HIGH_IS_GOOD
from zjk_gis.reports.bulletin.months import STANDINGS
from zjk_gis.words import language, tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from zjk_gis.reports.bulletin.result import Bulletin

__all__ = ["SIGNS", "FigureTile", "figures_of", "spark_of", "tile_of", "tiles_of"]

# Colour is never alone: each judgement has a sign, which any Chinese typeface has, and a word.
SIGNS = {"good": "√", "watch": "△", "bad": "×", "no_data": "○", "not_judged": "·"}
_ARROWS = {1: "↑", -1: "↓", 0: "→"}
_UNIT = re.compile(r"\s*[(（][^()（）]*[)）]$")  # which stands behind the value
_SPARK = (180.0, 30.0)
_SAME = 5e-5  # of a share: a change that is written as none


@dataclass(frozen=True, slots=True)
class FigureTile:
    """A figure as it is shown.

    Attributes
    ----------
    figure : str
        Its id.
    name, value : str
        As told to the reader.
    made : str
        Numerator and denominator; empty for counts.
    target : str
        What it was to reach, or what it was compared with.
    judgement : str
        ``good``, ``watch``, ``bad``, ``no_data`` or ``not_judged``, which chooses the colour.
    sign, word : str
        The same for those who do not see colours.
    change : str
        Against the month before, with an arrow; empty where there is nothing to compare with.
    change_short : str
        The same in a table: arrow and amount, of shares in percentage points.
    course : {"better", "worse", ""}
        Whether that is good.
    """

    figure: str
    name: str
    value: str
    made: str
    target: str
    judgement: str
    sign: str
    word: str
    change: str
    change_short: str
    course: str


def figures_of(bulletin: Bulletin, key: str) -> dict[str, dict[str, Any]]:
    """Return the rows of `Bulletin.figures` of the month about one subject, by indicator.

    Parameters
    ----------
    bulletin : Bulletin
    key : str
        The end of an id: ``all``, ``130703``, ...
    """
    now = bulletin.figures[bulletin.figures["month"] == bulletin.month]
    own = now[now["figure"].str.split("/").str[2] == key]
    own = own[own["chapter"] != "progress"]
    return {str(row["indicator"]): row for row in _records(own)}


def tiles_of(bulletin: Bulletin, key: str) -> list[FigureTile]:
    """Return the tiles of the whole city (``all``) or of one subject, those of the score apart."""
    rows = figures_of(bulletin, key)
    return [
        tile_of(row)
        for name, row in rows.items()
        if name not in ("score", "class_place") and not (name in STANDINGS and not row["value"])
    ]


def tile_of(row: Mapping[Any, Any]) -> FigureTile:
    """Write a row of `Bulletin.figures` as a tile, in the language that is spoken."""
    lang = language()
    name, unit, value = str(row["indicator"]), str(row["value_unit"]), float(row["value"])
    made = ""
    if unit == "share" and row["denominator"] == row["denominator"]:
        made = f"{row['numerator']:,.0f} ÷ {row['denominator']:,.0f}"
    change, moved = float(row["month_change"]), change_told(row["month_change"], unit)
    way = 0 if abs(change) < (_SAME if unit == "share" else 0.005) else 1 if change > 0 else -1
    is_high = HIGH_IS_GOOD.get(name)
    course = "" if is_high is None or not way else "better" if (way > 0) == is_high else "worse"
    judgement = str(row["judgement"])
    is_told = bool(moved) and name != "class_place"
    amount = (
        f"{100 * abs(change):.2f}" if unit == "share" else f"{abs(change):,.{0 if unit == 'cases' else 1}f}"
    )
    return FigureTile(
        str(row["figure"]),
        _UNIT.sub("", label(name, lang)) if unit == "hours" else label(name, lang),
        value_told(value, unit),
        made,
        _compared(row, unit, is_high),
        judgement,
        SIGNS.get(judgement, ""),
        label(judgement, lang),
        f"{_ARROWS[way]} {moved}" if is_told else "",
        f"{_ARROWS[way]}{amount if way else ''}" if is_told else "",
        course,
    )


def _compared(row: Mapping[Any, Any], unit: str, is_high: bool | None) -> str:
    """Say what a figure was to reach, or what else it was compared with."""
    target = row["target_value"]
    if target == target and target is not None:
        sign = "≥" if is_high else "≤"
        return tr("target {sign} {value}", sign=sign, value=value_told(float(target), unit))
    by = {
        "city": tr("compared with the whole city"),
        "month_before": tr("compared with the month before"),
    }
    return by.get(str(row["judged_by"]), "")


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def spark_of(bulletin: Bulletin, figure: str) -> str:
    """Draw twelve months as a small line; nothing where there are fewer than two with data."""
    indicator = figure.split("/")[1]
    rows = bulletin.trend[bulletin.trend["indicator"] == indicator]
    values = [float(each) for each in rows["value"]]
    known = [(at, each) for at, each in enumerate(values) if each == each]
    if len(known) < 2:
        return ""
    low, high = min(each for _, each in known), max(each for _, each in known)
    width, height = _SPARK
    step, room = (width - 8) / max(len(values) - 1, 1), height - 10
    points = [(4 + at * step, 5 + room * (1 - (each - low) / ((high - low) or 1))) for at, each in known]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" preserveAspectRatio="none" aria-hidden="true">'
        f'<polyline points="{line}" fill="none" stroke="{BLUE}" stroke-width="1.6" '
        f'vector-effect="non-scaling-stroke"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{VERMILION}"/></svg>'
    )
