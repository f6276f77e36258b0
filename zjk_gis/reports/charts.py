"""What a chart says, apart from how it is drawn: the page draws it as SVG, the workbook as Excel's own.

Nothing here knows which table a chart is made from; `pictures` chooses, `drawing` draws.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from zjk_gis.reports.telling import amount, share_of, told
from zjk_gis.words import Language, tr

__all__ = ["Chart", "Series", "Tone", "described", "lorenz", "sentence_of"]

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
    is_cut : bool
        Whether there are more names than are drawn.
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
    is_cut: bool = False

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


def sentence_of(chart: Chart, lang: Language) -> str:
    """Say a chart that compares nothing as a sentence; empty where it is worth drawing.

    A single bar, or bars that are all of the same length, show less than their number says.

    Examples
    --------
    >>> sentence_of(Chart("bars", "泊位：数量", names=["东停车场"], series=[Series("数量", [180])]), "zh")
    '泊位：数量：东停车场 180'
    >>> whole = Chart("shares", "案件如何找到责任区", names=["案件"],
    ...               series=[Series("区内", [3.0]), Series("边界", [1.0])])
    >>> sentence_of(whole, "zh")
    '案件如何找到责任区：案件共 4，其中区内 3（75.0%）；边界 1（25.0%）'
    """
    if chart.kind == "shares" and len(chart.names) == 1:
        return _parts_said(chart, lang)
    if chart.kind not in ("bars", "lines"):
        return ""
    amounts = chart.series[0].amounts
    if len(chart.names) == 1:
        value = tr("no data", lang=lang) if amounts[0] is None else told(chart.value_kind, amounts[0])
        return tr("{title}: {name} {value}", title=chart.title, name=chart.names[0], value=value, lang=lang)
    if chart.kind == "bars" and chart.is_cut and len(set(amounts)) == 1 and amounts[0] is not None:
        return tr(
            "{title}: {value} in each of the first {count} rows, so that nothing is drawn",
            title=chart.title,
            value=told(chart.value_kind, amounts[0]),
            count=len(amounts),
            lang=lang,
        )
    if chart.kind == "bars" and len(set(amounts)) == 1 and amounts[0] is not None:
        return tr(
            "{title}: {value} in each of {count} rows, so that nothing is drawn",
            title=chart.title,
            value=told(chart.value_kind, amounts[0]),
            count=len(amounts),
            lang=lang,
        )
    return ""


def _parts_said(chart: Chart, lang: Language) -> str:
    """Say what one whole consists of."""
    unit = chart.unit_of(0)
    values = [(one.name, one.amounts[0] or 0.0) for one in chart.series]
    whole = sum(value for _, value in values)
    if whole <= 0:
        nothing = tr("no data", lang=lang)
        return tr("{title}: {name} {value}", title=chart.title, name=chart.names[0], value=nothing, lang=lang)
    parts = [
        tr(
            "{part} {value} ({share})",
            part=name,
            value=amount(value, unit),
            share=share_of(value / whole),
            lang=lang,
        )
        for name, value in values
    ]
    return tr(
        "{title}: {name} {whole} in all, of which {parts}",
        title=chart.title,
        name=chart.names[0],
        whole=amount(whole, unit),
        parts=tr("; ", lang=lang).join(parts),
        lang=lang,
    )


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
