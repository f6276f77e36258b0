"""What a chart says, apart from how it is drawn: the page draws it as SVG, the workbook as Excel's own.

Nothing here knows which table a chart is made from; `pictures` chooses, `drawing` draws.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

__all__ = ["Chart", "Series", "Tone", "described", "lorenz"]

Tone = Literal["plain", "good", "near", "doubtful", "bad", "rest"]


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one kind.

    Attributes
    ----------
    name : str
        As told to the reader.
    amounts : list of float or None
        None is no data, and drawn as such.
    tone : str
        Whether it is good that there is much of it: chooses colour and pattern.
    """

    name: str
    amounts: list[float | None]
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart.

    Attributes
    ----------
    kind : str
        ``bars``: one series, a bar a name. ``shares``: what each name's whole consists of. ``lines``: one
        series over months. ``panels``: several over the same months, side by side. ``heat``: names down,
        series across. ``lorenz``: two series, the shares of people and of load, least loaded first.
    title : str
    note : str
        What is counted, of how many, and what was left out.
    names : list of str
    series : list of Series
    unit : str
        Of the values; empty for counts.
    units : list of str
        Where each name has a unit of its own.
    value_kind : str
        How values are told; see `SheetColumn`.
    headline : str
        One figure that sums it up.
    """

    kind: Literal["bars", "shares", "lines", "panels", "heat", "lorenz"]
    title: str
    note: str = ""
    names: list[str] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    unit: str = ""
    value_kind: str = "number"
    headline: str = ""
    units: list[str] = field(default_factory=list)

    def unit_of(self, row: int) -> str:
        """Return the unit of one name's values."""
        return self.units[row] if self.units else self.unit


def described(chart: Chart) -> str:
    """Tell a chart in words, for those who cannot see it.

    Examples
    --------
    >>> described(Chart("bars", "案件", names=["甲", "乙"], series=[Series("件", [3, None])]))
    '甲 3; 乙 –'
    """
    if chart.kind == "lorenz":
        return chart.headline
    if chart.kind in ("panels", "heat"):
        return "; ".join(f"{one.name} {_number(sum(v or 0 for v in one.amounts))}" for one in chart.series)
    parts = []
    for at, name in enumerate(chart.names):
        values = [one.amounts[at] for one in chart.series]
        if chart.kind == "shares":
            told = ", ".join(
                f"{one.name} {_number(value)}" for one, value in zip(chart.series, values, strict=True)
            )
        else:
            told = _number(values[0])
        parts.append(f"{name} {told}")
    return "; ".join(parts)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def lorenz(loads: list[float], *, most_points: int = 200) -> tuple[list[float | None], list[float | None]]:
    """Return the Lorenz curve: which share of the load the least loaded share of people has.

    Parameters
    ----------
    loads : list of float
        At least 0 each.
    most_points : int, default 200
        Of a longer list so many points are kept, the ends among them.

    Returns
    -------
    people, load : list of float
        From 0 to 1; empty where there is no load.

    Examples
    --------
    >>> lorenz([0, 1, 3])
    ([0.0, 0.3333333333333333, 0.6666666666666666, 1.0], [0.0, 0.0, 0.25, 1.0])
    """
    ordered = np.sort(np.asarray(loads, dtype=np.float64))
    if not len(ordered) or ordered.sum() <= 0:
        return [], []
    load = np.concatenate([[0.0], np.cumsum(ordered) / ordered.sum()])
    load[-1] = 1.0
    people = np.arange(len(load)) / len(ordered)
    kept = np.unique(np.linspace(0, len(load) - 1, min(len(load), most_points)).round().astype(int))
    return people[kept].tolist(), load[kept].tolist()
