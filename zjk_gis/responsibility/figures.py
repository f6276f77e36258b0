"""Key figures that can be traced: each is a sum over rows of a named table, and says which and of what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.responsibility.chiefs import gini

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["FIGURES", "Figure", "figures_of"]


@dataclass(frozen=True, slots=True)
class Figure:
    """How a figure is computed.

    Attributes
    ----------
    promise, measure, unit : str
    layer : str
        The table whose rows it is computed from.
    filter : str
        Which of its rows, as `DataFrame.query` reads it; empty for all.
    amount : str
        What is computed of these: ``count`` (of rows), ``count(c)`` (of rows where column c is filled),
        ``sum(c)``, ``max(c)`` or ``gini(c)``.
    whole_amount : str
        What is computed of all rows of the table, for the denominator; ``1`` for one that needs none.
    """

    promise: str
    measure: str
    unit: str
    layer: str
    filter: str
    amount: str
    whole_amount: str


def _shares(
    promise: str, stem: str, unit: str, layer: str, answers: Iterable[str], amount: str
) -> list[Figure]:
    return [
        Figure(promise, f"{stem}_{name}", unit, layer, f"answer == '{answer}'", amount, amount)
        for name, answer in (pair.split(":") if ":" in pair else (pair, pair) for pair in answers)
    ]


_ROADS, _MATTERS, _PEOPLE = "every_road", "every_matter", "everyone"
FIGURES: tuple[Figure, ...] = (
    *_shares(_ROADS, "ground", "m²", "ground", ["once:one", "several", "nobody", "accepted"], "sum(area_m2)"),
    *_shares(_ROADS, "road", "m", "stretches", ["one", "several", "nobody"], "sum(counted_m)"),
    Figure(
        _ROADS, "road_border", "m", "stretches", "border_road == True", "sum(counted_m)", "sum(counted_m)"
    ),
    *_shares(_MATTERS, "matters", "", "matters", ["one", "several", "fallback"], "count"),
    Figure(_MATTERS, "incidents_answered", "", "assigned", "found != 'none'", "count", "count"),
    Figure(
        _MATTERS,
        "incidents_undoubted",
        "",
        "assigned",
        "found != 'none' and ambiguous == False",
        "count",
        "count",
    ),
    Figure(_PEOPLE, "zones_with_chief", "", "judged_zones", "has_chief == True", "count", "count"),
    Figure(_PEOPLE, "chiefs_idle", "", "chiefs", "standing == 'idle'", "count", "count(load)"),
    Figure(_PEOPLE, "chiefs_overloaded", "", "chiefs", "standing == 'overloaded'", "count", "count(load)"),
    Figure(_PEOPLE, "load_gini", "", "chiefs", "", "gini(load)", "1"),
    Figure(_PEOPLE, "load_of_busiest", "", "chiefs", "", "max(load)", "sum(load)"),
    Figure(_PEOPLE, "incidents_with_chief", "", "assigned", "chief_serves == True", "count", "count"),
)

_OF: Mapping[str, Callable[[pd.Series], float]] = {
    "count": lambda values: float(values.notna().sum()),
    "sum": lambda values: float(np.sort(values.dropna().to_numpy(dtype=np.float64)).sum()),
    "max": lambda values: float(values.max()),
    "gini": lambda values: gini(values.dropna()),
}


def figures_of(tables: Mapping[str, pd.DataFrame], *, without: Iterable[str] = ()) -> pd.DataFrame:
    """Compute the figures that the tables there are allow.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By the names that figures have for them.
    without : iterable of str
        Measures that are left out.

    Returns
    -------
    DataFrame
        One row a figure, in the order of `FIGURES`: ``promise``, ``measure``, ``value``, ``whole``, ``unit``,
        ``share``, and whence: ``layer``, ``filter``, ``amount``, ``whole_amount``.

    Examples
    --------
    >>> ground = pd.DataFrame({"answer": ["one", "several", "nobody"], "area_m2": [8.0, 1.0, 1.0]})
    >>> figures_of({"ground": ground})[["measure", "share", "filter"]].head(2).to_numpy().tolist()
    [['ground_once', 0.8, "answer == 'one'"], ['ground_several', 0.1, "answer == 'several'"]]
    """
    left_out = {*without}
    rows = []
    for figure in FIGURES:
        if figure.layer not in tables or figure.measure in left_out:
            continue
        table = tables[figure.layer]
        chosen = table.query(figure.filter, engine="python") if figure.filter else table
        value, whole = _amount(chosen, figure.amount), _amount(table, figure.whole_amount)
        rows.append((figure.promise, figure.measure, value, whole, figure.unit, *_trace(figure)))
    names = ["promise", "measure", "value", "whole", "unit", "layer", "filter", "amount", "whole_amount"]
    found = pd.DataFrame(rows, columns=names).astype({"value": np.float64, "whole": np.float64})
    share = (found["value"] / found["whole"]).where(found["whole"] > 0)
    found.insert(5, "share", share)
    return found


def _trace(figure: Figure) -> tuple[str, str, str, str]:
    return figure.layer, figure.filter, figure.amount, figure.whole_amount


def _amount(rows: pd.DataFrame, amount: str) -> float:
    if amount == "1":
        return 1.0
    if amount == "count":
        return float(len(rows))
    how, column = amount.rstrip(")").split("(")
    return _OF[how](rows[column])
