"""What each case counts for, row by row: from this every indicator is added up, and can be again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.assess.clocks import STATES, progress_of
from zjk_gis.layers.columns.times import read_times

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.assess.clocks import Rules
    from zjk_gis.assess.working_time import Times, WorkingCalendar

__all__ = ["CaseFacts", "case_facts", "dates_of"]

_HOUR = np.timedelta64(1, "h")


@dataclass(frozen=True)
class CaseFacts:
    """What each case counts for at a time, a place a row.

    Attributes
    ----------
    flags : dict of str to ndarray of bool
        By what is counted: ``reported``, ``filed``, ``due``, ``handled_due``, ``in_time``, ``overdue_open``,
        ``closing_due``, ``closed_due``, ``closed_in_time``, ``timed``; where the columns are there
        ``extended``, ``reworked`` and ``repeated``.
    hours : ndarray of float64
        By the wall clock from filing to handling; NaN where either is missing.
    state : ndarray of int8
        The place in `zjk_gis.assess.clocks.STATES`.
    due : ndarray of datetime64[us]
        When each is due.
    """

    flags: dict[str, NDArray[np.bool_]]
    hours: NDArray[np.float64]
    state: NDArray[np.int8]
    due: Times


def case_facts(
    rows: pd.DataFrame, rules: Rules, calendar: WorkingCalendar, moment: np.datetime64
) -> CaseFacts:
    """Tell what each case counts for; the definitions are those of `indicators`."""
    progress = progress_of(rows, rules, calendar, moment)
    state = progress.state
    is_live = ~np.isin(state, [STATES.index("void"), STATES.index("suspended")]) & progress.is_filed
    is_due = np.isin(state, [STATES.index("in_time"), STATES.index("overdue")])
    closed = ~np.isnat(progress.closed)
    closing = is_live & ~np.isnat(progress.due) & (closed | (progress.due < moment))
    closing &= ~(progress.is_closed & ~closed) & ~np.isnat(progress.filed)
    timed = ~np.isnat(progress.filed) & ~np.isnat(progress.handled) & (state != STATES.index("void"))
    hours = np.asarray((progress.handled - progress.filed) / _HOUR, np.float64)
    flags = {
        "reported": np.ones(len(rows), dtype=bool),
        "filed": progress.is_filed & (state != STATES.index("void")),
        "due": is_due,
        "handled_due": is_due & progress.is_handled,
        "in_time": state == STATES.index("in_time"),
        "overdue_open": is_due & ~progress.is_handled,
        "closing_due": closing,
        "closed_due": closing & closed,
        "closed_in_time": closing & (progress.closed <= progress.due),
        "timed": timed & (hours >= 0),
    }
    if "extended_to" in rows:
        flags["extended"] = is_due & progress.is_extended
    if "rework_count" in rows:
        counted = pd.to_numeric(rows["rework_count"], errors="coerce").to_numpy(dtype=np.float64, na_value=0)
        flags["reworked"] = closing & (counted > 0)
    if "is_repeat" in rows:
        flags["repeated"] = flags["filed"] & rows["is_repeat"].fillna(False).to_numpy(dtype=bool)
    return CaseFacts(flags, hours, state, progress.due)


def dates_of(rows: pd.DataFrame, dated: str) -> Times:
    """Read the column that says in which month each incident is."""
    return read_times(rows[dated], name=dated).required().times.to_numpy("M8[us]")
