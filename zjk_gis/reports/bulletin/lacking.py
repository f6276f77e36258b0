"""What the incidents do not say, so that it cannot be computed: told by name, never silently empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from zjk_gis.assess.clocks import STATES
from zjk_gis.assess.rates import RATES
from zjk_gis.layers.labels import label
from zjk_gis.reports.bulletin.figuring import value_told
from zjk_gis.reports.bulletin.ids import figure_id, subject_key
from zjk_gis.reports.bulletin.months import STANDINGS
from zjk_gis.reports.bulletin.scores import weights_of
from zjk_gis.words import language, listed, tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


def remarks_of(making: Making, told: Callable[[str, int], str] | None = None) -> list[str]:
    """Say what could not be computed of a bulletin, and why, in the language that is spoken.

    Parameters
    ----------
    making : Making
    told : callable, optional
        Writes a count, of the id of the figure and the count.
    """
    return [*_of_columns(making), *_of_states(making, told or _plainly), *_of_months(making)]


def _plainly(_: str, count: int) -> str:
    return value_told(count, "cases")


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
    for table, why in making.unfound.items():
        yield tr("{name}: {what}", name=label(table, lang), what=why())
    without = weights_of(making)[1]
    if without:
        yield tr(
            "the score is made without {indicators}", indicators=listed(label(each, lang) for each in without)
        )


def _of_states(making: Making, told: Callable[[str, int], str]) -> Iterator[str]:
    """Tell which cases of the month are in no rate."""
    month = making.months.month
    own = making.months.of(month)
    count = {name: int(own.flag(name).sum()) for name in STANDINGS}
    said = {name: told(figure_id(month, name, "all"), number) for name, number in count.items()}
    sentences = {
        "no_deadline": tr(
            "{count} have no deadline, neither recorded nor in the table: they are in no rate of "
            "handling{classes}",
            count=said["no_deadline"], classes=_which(making),
        ),
        "no_time": tr(
            "{count} are filed or closed by their state, but no time says when: they are in no rate of "
            "handling",
            count=said["no_time"],
        ),
        "unpublished": tr(
            "{count} are due in a year whose calendar is not in the table workdays",
            count=said["unpublished"],
        ),
        "suspended": tr("{count}, suspended, are in no rate of handling", count=said["suspended"]),
        "void": tr("{count}, void, count as reported only", count=said["void"]),
    }  # fmt: skip
    yield from (sentence for state, sentence in sentences.items() if count[state])
    is_nobody = own.codes[making.by].isna()
    nobody = int(is_nobody.any(axis=1).sum())
    if nobody:
        figure = figure_id(month, "reported", subject_key([(making.by[0], None)], making.by))
        yield tr(
            "{count} have no {column}: they count for the city, and for nobody who is ranked",
            count=told(figure, nobody) if len(making.by) == 1 else _plainly(figure, nobody),
            column=listed(label(name, language()) for name in making.by),
        )


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
