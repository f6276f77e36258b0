"""The cases of a month, what each counts for, and the figures added up from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.assess.clocks import STATES, period_of
from zjk_gis.assess.facts import case_facts, dates_of
from zjk_gis.assess.rates import QUANTILES, RATES, rates_of
from zjk_gis.reports.bulletin.ids import encoded, figure_id, subject_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from zjk_gis.assess.clocks import Rules
    from zjk_gis.assess.facts import CaseFacts
    from zjk_gis.assess.working_time import Times, WorkingCalendar

__all__ = ["COUNTS", "STANDINGS", "Months", "OneMonth", "kind_of", "unit_of"]

# Counts that are figures of their own: which rate they are part of, and which part.
COUNTS = {
    "reported": ("filed_rate", "denominator"),
    "filed": ("filed_rate", "numerator"),
    "due": ("handled_rate", "denominator"),
    "overdue_open": ("overdue_open_rate", "numerator"),
    "closing_due": ("closed_rate", "denominator"),
}
# How cases stand towards their deadline: counted for the whole city, so that what is in no rate is a figure.
STANDINGS = ("no_deadline", "no_time", "unpublished", "suspended", "void")
_ORDER = [*COUNTS, *RATES, *QUANTILES]


def kind_of(indicator: str) -> tuple[str, str] | None:
    """Return which flags of a case make the numerator and the denominator; None where it is not counted so.

    Examples
    --------
    >>> kind_of("closed_rate"), kind_of("overdue_open"), kind_of("hours_90"), kind_of("score")
    (('closed_due', 'closing_due'), ('overdue_open', ''), ('timed', 'timed'), None)
    """
    if indicator in RATES:
        return RATES[indicator]
    if indicator in (*COUNTS, *STANDINGS):
        return indicator, ""
    return ("timed", "timed") if indicator in QUANTILES else None


def unit_of(indicator: str) -> str:
    """Return in which unit a figure of cases is: ``share``, ``hours`` or ``cases``."""
    return "share" if indicator in RATES else "hours" if indicator in QUANTILES else "cases"


@dataclass(frozen=True)
class OneMonth:
    """The cases reported in a month, and how they stand at one time.

    Attributes
    ----------
    month : str
    moment : datetime64
        The time at which it is judged.
    places : ndarray of int64
        Which rows of the incidents these are.
    codes : DataFrame of str
        Their codes, a column each; missing where there is none.
    facts : CaseFacts
    """

    month: str
    moment: np.datetime64
    places: NDArray[np.int64]
    codes: pd.DataFrame
    facts: CaseFacts

    def flag(self, name: str) -> NDArray[np.bool_]:
        """Tell which cases count for something, or stand in some way towards their deadline."""
        if name in self.facts.flags:
            return self.facts.flags[name]
        return np.asarray(self.facts.state == STATES.index(name))

    def standings(self) -> pd.DataFrame:
        """Count the cases of the whole city that are in no rate, by why; columns as `figures` has them."""
        rows = [
            {
                "key": "all", "subject": "", "indicator": name, "month": self.month, "value_unit": "cases",
                "figure": figure_id(self.month, name, "all"), "value": count, "numerator": count,
                "denominator": np.nan, "n": len(self.places), "low_95": np.nan, "high_95": np.nan,
            }
            for name, count in ((name, float(self.flag(name).sum())) for name in STANDINGS)
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def those(self, codes: Mapping[str, str | None]) -> NDArray[np.bool_]:
        """Tell which cases have certain codes."""
        here = np.ones(len(self.codes), dtype=bool)
        for column, code in codes.items():
            values = self.codes[column]
            here &= (values.isna() if code is None else values == code).to_numpy(dtype=bool)
        return here

    def figures(self, columns: Sequence[str], by: Sequence[str]) -> pd.DataFrame:
        """Add up the figures of the cases, grouped by columns of codes.

        Returns
        -------
        DataFrame
            A row a group and indicator: the columns of codes, ``figure``, ``month``, ``key`` (of the group in
            the id), ``subject``, ``indicator``, ``value``, ``value_unit``, ``numerator``, ``denominator``,
            ``n``, ``low_95`` and ``high_95``.
        """
        rates = rates_of(self.codes, self.facts, list(columns))
        parts = [rates]
        for name, (rate, part) in COUNTS.items():
            own = rates[rates["indicator"] == rate]
            parts.append(
                own.assign(
                    indicator=name, numerator=own[part], denominator=np.nan, value=own[part],
                    low_95=np.nan, high_95=np.nan,
                )
            )  # fmt: skip
        table = pd.concat(parts, ignore_index=True)
        groups = list(zip(*(table[name] for name in columns), strict=True)) if columns else [()] * len(table)
        keys: dict[tuple[object, ...], str] = {}
        told: dict[tuple[object, ...], str] = {}
        clean = [
            tuple(None if code is None or code != code else str(code) for code in group) for group in groups
        ]
        for group in clean:
            if group not in keys:
                keys[group] = subject_key(zip(columns, group, strict=True), by)
                told[group] = " ".join("—" if code is None else code for code in group)
        table["key"] = pd.Series([keys[group] for group in clean], index=table.index, dtype="str")
        table["subject"] = pd.Series([told[group] for group in clean], index=table.index, dtype="str")
        table["month"] = self.month
        table["value_unit"] = table["indicator"].map({name: unit_of(name) for name in _ORDER})
        table["figure"] = self.month + "/" + table["indicator"].map(encoded) + "/" + table["key"]
        if not columns:
            table = pd.concat([table, self.standings()], ignore_index=True)
        order = table["indicator"].map({name: at for at, name in enumerate([*_ORDER, *STANDINGS])})
        return table.iloc[np.lexsort((order, table["key"].to_numpy(dtype=str)))].reset_index(drop=True)


@dataclass
class Months:
    """The incidents by month, each judged at the same time of its own as the month that is asked about."""

    incidents: pd.DataFrame
    codes: pd.DataFrame
    rules: Rules
    calendar: WorkingCalendar
    month: str
    moment: np.datetime64
    dated: str = "occurred_at"
    _known: dict[str, OneMonth] = field(default_factory=dict)

    @cached_property
    def _of_rows(self) -> tuple[Times, NDArray[np.int64], NDArray[np.int64]]:
        """Return when each incident was, the order of months, and the number of each in that order."""
        dates = dates_of(self.incidents, self.dated)
        number = dates.astype("M8[M]").astype(np.int64)
        order = np.argsort(number, kind="stable").astype(np.int64)
        return dates, order, number[order]

    def times(self) -> Times:
        """Return when each incident was."""
        return self._of_rows[0]

    def undated(self) -> int:
        """How many incidents have no date, so that they are in no month."""
        return int(np.isnat(self._of_rows[0]).sum())

    def there(self) -> list[str]:
        """Return the months that have cases, in order."""
        dates = self._of_rows[0]
        return [str(month) for month in np.unique(dates[~np.isnat(dates)].astype("M8[M]"))]

    def moment_in(self, month: str) -> np.datetime64:
        """Return when a month is judged: as long before or after its end as the month asked about."""
        first, last = period_of(self.month)
        begin, end = period_of(month)
        if self.moment >= last:
            return end + (self.moment - last)
        return min(begin + (self.moment - first), end)

    def of(self, month: str) -> OneMonth:
        """Return a month's cases and what each counts for."""
        if month not in self._known:
            dates, order, numbers = self._of_rows
            own = np.datetime64(month, "M").astype(np.int64)
            begin, end = np.searchsorted(numbers, [own, own + 1])
            moment = self.moment_in(month)
            places = np.sort(order[begin:end])
            places = places[dates[places] <= moment]
            rows = self.incidents.iloc[places]
            facts = case_facts(rows, self.rules, self.calendar, moment)
            self._known[month] = OneMonth(
                month, moment, places, self.codes.iloc[places].reset_index(drop=True), facts
            )
        return self._known[month]

    def before(self, back: int) -> str:
        """Name the month so many months before the one that is asked about."""
        return str(np.datetime64(self.month, "M") - back)

    def figure(self, indicator: str, subject: str, back: int = 0) -> str:
        """Return the id of a figure of a month."""
        return figure_id(self.before(back), indicator, subject)
