"""What the incidents do not say, so that it cannot be computed: told by name, never silently empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from zjk_gis.assess.rates import RATES
from zjk_gis.layers.labels import label
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from zjk_gis.reports.bulletin.asking import Making

__all__ = ["remark_on_gaps", "with_times"]

_OPTIONAL = {"rework_count": "rework_rate", "extended_to": "extended_rate", "is_repeat": "repeat_rate"}
_MOST_NAMED = 5  # classes of events that are named


def with_times(cases: pd.DataFrame, remarks: list[str]) -> pd.DataFrame:
    """Give incidents that lack them empty columns of filing and closing times, and say what that costs."""
    timed = [label(name) for name in RATES if name != "filed_rate"]
    if "filed_at" not in cases:
        remarks.append(
            tr("no filing time (filed_at, 立案时间): {rates} and the hours cannot be computed",
               rates=listed(timed))
        )  # fmt: skip
        cases = cases.assign(filed_at=pd.Series(pd.NaT, index=cases.index, dtype="datetime64[us]"))
    if not {"handled_at", "closed_at"} & {*cases.columns}:
        remarks.append(
            tr("neither a handling nor a closing time (handled_at, 处置时间; closed_at, 结案时间): "
               "{rates} and the hours cannot be computed", rates=listed(timed))
        )  # fmt: skip
        cases = cases.assign(closed_at=pd.Series(pd.NaT, index=cases.index, dtype="datetime64[us]"))
    return cases


def remark_on_gaps(making: Making) -> None:
    """Remark on what is missing in the cases of the month."""
    months, remarks = making.months, making.remarks
    own, cases = months.of(months.month), months.incidents
    states = own.states()
    for column, rate in _OPTIONAL.items():
        if column not in cases:
            remarks.append(
                tr("no column {column} ({title}): {rate} is not computed",
                   column=column, title=label(column), rate=label(rate))
            )  # fmt: skip
    for state, sentence in (
        ("no_deadline", tr("{count:,} cases have no deadline, neither recorded nor in the table: "
                           "they are in no rate of handling", count=states["no_deadline"])),
        ("no_time", tr("{count:,} cases are filed or closed by their state, but no time says when: "
                       "they are in no rate of handling", count=states["no_time"])),
        ("unpublished", tr("{count:,} cases are due in a year whose calendar is not in the table workdays",
                           count=states["unpublished"])),
        ("suspended", tr("{count:,} suspended cases are in no rate of handling", count=states["suspended"])),
        ("void", tr("{count:,} void cases count as reported only", count=states["void"])),
    ):  # fmt: skip
        if states[state]:
            remarks.append(sentence + _which(making, state))
    nobody = int(own.codes[making.by].isna().any(axis=1).sum())
    if nobody:
        remarks.append(
            tr("{count:,} cases have no {column}: they count for the city, and nobody is ranked by them",
               count=nobody, column=listed(map(label, making.by)))
        )  # fmt: skip
    if months.undated():
        remarks.append(tr("{count:,} incidents have no time and are in no month", count=months.undated()))
    there = months.there()
    for back, sentence in (
        (1, tr("{month} has no cases: there is no change on the month before", month=months.before(1))),
        (12, tr("{month} has no cases: there is no change on the year before", month=months.before(12))),
    ):
        if months.before(back) not in there:
            remarks.append(sentence)


def _which(making: Making, state: str) -> str:
    """Name the classes of events without a deadline, those with most cases first."""
    trade = making.asked["trade"]
    codes = making.months.of(making.months.month).codes
    if state != "no_deadline" or trade not in codes:
        return ""
    from zjk_gis.assess.clocks import STATES

    is_so = making.months.of(making.months.month).facts.state == STATES.index(state)
    counted = codes[trade][is_so].value_counts()
    counted = counted.sort_index().sort_values(ascending=False, kind="stable").head(_MOST_NAMED)
    named = making.names.get(trade, {})
    told = listed(f"{code} {named.get(code, '')}".strip() for code in counted.index)
    return tr(" (most of {classes})", classes=told) if told else ""
