"""What the incidents do not say, so that it cannot be computed: told by name, never silently empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from zjk_gis.assess.clocks import STATES
from zjk_gis.assess.rates import RATES
from zjk_gis.layers.labels import label
from zjk_gis.reports.bulletin.scores import weights_of
from zjk_gis.words import language, listed, tr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zjk_gis.reports.bulletin.asking import Making

__all__ = ["remarks_of", "with_times"]

_OPTIONAL = {"rework_count": "rework_rate", "extended_to": "extended_rate", "is_repeat": "repeat_rate"}
_MOST_NAMED = 5  # classes of events that are named
_EMPTY = "datetime64[us]"


def with_times(cases: pd.DataFrame) -> tuple[pd.DataFrame, set[str]]:
    """Give incidents that lack them empty columns of filing and closing times; return which they lack."""
    lacking = set[str]()
    if "filed_at" not in cases:
        lacking.add("filed_at")
    if not {"handled_at", "closed_at"} & {*cases.columns}:
        lacking.add("closed_at")
    return cases.assign(**{name: pd.Series(pd.NaT, cases.index, _EMPTY) for name in sorted(lacking)}), lacking


def remarks_of(making: Making) -> list[str]:
    """Say what could not be computed of a bulletin, and why, in the language that is spoken."""
    return [*_of_columns(making), *_of_states(making), *_of_months(making)]


def _of_columns(making: Making) -> Iterator[str]:
    lang = language()
    rates = listed(label(name, lang) for name in RATES if name not in ("filed_rate", "repeat_rate"))
    for column in ("filed_at", "closed_at"):
        if column in making.lacking:
            yield tr(
                "no column {column} ({title}): {rates} and the hours cannot be computed",
                column=column, title=label(column, lang), rates=rates,
            )  # fmt: skip
    for column, rate in _OPTIONAL.items():
        if column not in making.months.incidents:
            yield tr(
                "no column {column} ({title}): {rate} is not computed",
                column=column, title=label(column, lang), rate=label(rate, lang),
            )  # fmt: skip
    trade = making.asked["trade"]
    if trade not in making.months.codes:
        yield tr(
            "no column {column} ({title}): trades and the matrix of areas by trades are left out",
            column=trade, title=label(trade, lang),
        )  # fmt: skip
    without = weights_of(making)[1]
    if without:
        yield tr(
            "the score is made without {indicators}", indicators=listed(label(each, lang) for each in without)
        )


def _of_states(making: Making) -> Iterator[str]:
    """Tell which cases of the month are in no rate."""
    own = making.months.of(making.months.month)
    count = own.states()
    sentences = {
        "no_deadline": tr(
            "{count:,} cases have no deadline, neither recorded nor in the table: they are in no rate of "
            "handling{classes}",
            count=count["no_deadline"], classes=_which(making),
        ),
        "no_time": tr(
            "{count:,} cases are filed or closed by their state, but no time says when: they are in no rate "
            "of handling",
            count=count["no_time"],
        ),
        "unpublished": tr(
            "{count:,} cases are due in a year whose calendar is not in the table workdays",
            count=count["unpublished"],
        ),
        "suspended": tr("{count:,} suspended cases are in no rate of handling", count=count["suspended"]),
        "void": tr("{count:,} void cases count as reported only", count=count["void"]),
    }  # fmt: skip
    yield from (sentence for state, sentence in sentences.items() if count[state])
    nobody = int(own.codes[making.by].isna().any(axis=1).sum())
    if nobody:
        yield tr(
            "{count:,} cases have no {column}: they count for the city, and for nobody who is ranked",
            count=nobody, column=listed(label(name, language()) for name in making.by),
        )  # fmt: skip


def _of_months(making: Making) -> Iterator[str]:
    months = making.months
    if months.undated():
        yield tr("{count:,} incidents have no time and are in no month", count=months.undated())
    there = months.there()
    if months.before(1) not in there:
        yield tr("{month} has no cases: there is no change on the month before", month=months.before(1))
    if months.before(12) not in there:
        yield tr("{month} has no cases: there is no change on the year before", month=months.before(12))


def _which(making: Making) -> str:
    """Name the classes of events without a deadline, those with most cases first."""
    trade, own = making.asked["trade"], making.months.of(making.months.month)
    if trade not in own.codes:
        return ""
    counted = own.codes[trade][own.facts.state == STATES.index("no_deadline")].value_counts()
    counted = counted.sort_index().sort_values(ascending=False, kind="stable").head(_MOST_NAMED)
    named = making.names.get(trade, {})
    told = listed(f"{code} {named.get(code, '')}".strip() for code in counted.index)
    return tr(" (most of them {classes})", classes=told) if told else ""
