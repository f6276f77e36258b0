"""Enforcement cases in a bulletin: their two ledgers (双台账), and decisions published in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.assess.clocks import period_of
from zjk_gis.assess.ledgers import case_ledgers
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.periods import NEVER, days_of
from zjk_gis.reports.bulletin.asking import Chapter
from zjk_gis.standards.rules import rules_table

if TYPE_CHECKING:
    from zjk_gis.reports.bulletin.asking import Making

__all__ = ["LAYER", "PUBLISHED", "ledgers", "publications"]

LAYER, PUBLISHED = "enforcement_cases", "penalties_published"
_LEDGERS = "case_ledgers"
_LIMIT = "penalty_published_within"
_SHOWN = ("case_code", "district_code", "department", "cause", "decided_on", "published_on")


def ledgers(making: Making) -> Chapter:
    """List what is still to be done in each case, counted back from its last day (clause 二十四)."""
    cases = making.layers.get(LAYER)
    if cases is None:
        return Chapter()
    months = making.months
    day = str((months.moment - np.timedelta64(1, "us")).astype("M8[D]"))
    try:
        ledger = case_ledgers(cases, months.calendar, as_of=day, tables=making.asked["tables"])
    except InputError as error:
        said = str(error)
        making.unfound[_LEDGERS] = lambda: said
        return Chapter()
    return Chapter(tables={_LEDGERS: ledger})


def publications(making: Making) -> pd.DataFrame | None:
    """Tell of the decisions whose last day of publication is in the month whether they were published by it.

    Seven working days from the decision, the day itself not counted (clause 三十); days that are not over at
    the time that is judged are not in the month yet. None where no enforcement cases came along.
    """
    cases = making.layers.get(LAYER)
    if cases is None or "decided_on" not in cases:
        return None
    months = making.months
    limits = rules_table("limits", overrides=making.asked["tables"]).set_index("limit")
    decided, published = (
        days_of(cases[name], name) if name in cases else np.full(len(cases), NEVER)
        for name in ("decided_on", "published_on")
    )
    rows = np.flatnonzero(decided != NEVER)
    last = months.calendar.workdays_after(
        decided[rows].astype("M8[D]"), int(str(limits.loc[_LIMIT, "value"])), refuse=False
    )
    first, end = (moment.astype("M8[D]") for moment in period_of(months.month))
    until = min(end, months.moment.astype("M8[D]"))
    here = ~np.isnat(last) & (last >= first) & (last < until)
    rows, last = rows[here], last[here]
    in_time = (published[rows] != NEVER) & (published[rows] <= last.astype(np.int64))
    told = pd.DataFrame({"in_numerator": in_time, "in_denominator": True, "due_on": last.astype("M8[s]")})
    own = cases.iloc[rows][[name for name in _SHOWN if name in cases]].reset_index(drop=True)
    return pd.concat([told, pd.DataFrame(own)], axis=1)
