"""The two ledgers of enforcement cases (双台账): counted back from the last day, and complex ones apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.assess.clocks import moment_of
from zjk_gis.assess.working_time import WorkingCalendar
from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.columns.periods import NEVER, days_of
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import as_text, coded, converted
from zjk_gis.standards.rules import rules_table
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from zjk_gis.standards.rules import Overrides

__all__ = ["case_ledgers"]

# What is to be done, from which day on, on which day it was, and within which limits: usual, complex cases.
_DUTIES = (
    ("decide", "filed_on", "decided_on", "penalty_decided_within", "complex_penalty_decided_within"),
    ("close", "filed_on", "closed_on", "case_closed_within", "complex_case_closed_within"),
    ("publish", "decided_on", "published_on", "penalty_published_within", "penalty_published_within"),
)
_DAYS, _WORKING_DAYS = ("days", "天", "自然日"), ("working days", "工作日")
_REVOKED, _CLOSED = "撤销", "结案"


@checked
def case_ledgers(
    cases: pd.DataFrame,
    calendar: WorkingCalendar | None = None,
    *,
    as_of: str | dt.date,
    tables: Overrides | None = None,
) -> pd.DataFrame:
    """List what is still to be done in each enforcement case (行政执法案件), counted back from its last day.

    Three duties, each of the day on which it begins not counted: from filing to the decision (90 days, law on
    administrative penalties of 2021, article 60, confidence M; where a law or rule sets another term, put it
    into ``penalty_decided_within``), from filing to closing (clause 二十四; the
    policy has no number, so that none is made up: add ``case_closed_within`` to the table ``limits``), from
    the decision to publishing (7 working days, clause 三十, confidence P). Complex cases stand in a ledger of
    their own (复杂疑难案件加快办理); ``complex_case_closed_within`` and ``complex_penalty_decided_within``
    are theirs, if you have them.

    Parameters
    ----------
    cases : DataFrame
        With ``case_code`` and ``filed_on``; perhaps ``decided_on``, ``published_on``, ``closed_on``,
        ``is_complex``, ``case_state`` (撤销: nothing is to be done), ``department`` and ``cause``.
    calendar : WorkingCalendar, optional
        By default that of the table ``workdays``.
    as_of : date or time, or str
        The day that is today.
    tables : mapping, str or Path, optional
        Your own rows of ``limits`` and ``workdays``.

    Returns
    -------
    DataFrame
        A row a case and duty that has begun and was not done by that day, the most urgent first:
        ``case_code``, ``department`` and ``cause`` if there are any, ``ledger`` (``countdown`` 倒排,
        ``complex`` 疑难加快), ``duty`` (``decide`` 作出决定, ``close`` 结案, ``publish`` 公示), ``begun_on``,
        ``due_on`` (datetime64, the last day), ``days_used`` and ``days_left`` (of all days; below 0 where it
        is overdue) and ``deadline_state`` (``not_due``, ``overdue``, ``no_deadline``, ``unpublished``).

    Raises
    ------
    MissingColumnError
        If ``case_code`` or ``filed_on`` is missing.
    InputError
        If a date cannot be read, or a limit is not a whole number of days or working days.

    Examples
    --------
    >>> cases = pd.DataFrame(
    ...     {"case_code": ["A1"], "filed_on": ["2025-01-02"], "decided_on": ["2025-01-24"]}
    ... )
    >>> case_ledgers(cases, as_of="2025-02-06")[["duty", "due_on", "days_left", "deadline_state"]]
          duty     due_on  days_left deadline_state
    0  publish 2025-02-10        4.0        not_due
    1    close        NaT        NaN        no_deadline
    """
    require_columns(cases, "cases", "case_code", "filed_on")
    calendar = calendar or WorkingCalendar.of(tables=tables)
    limits = rules_table("limits", overrides=tables).set_index("limit")
    today = int((moment_of(as_of) - np.timedelta64(1, "us")).astype("M8[D]").astype(np.int64))
    is_complex = _flags(cases)
    states = pd.Series("", index=cases.index)
    if "case_state" in cases:
        states = coded(cases, spec_of("enforcement_cases").field("case_state"), "cases", tables=tables)[
            0
        ].fillna("")
    closed = _days(cases, "closed_on")
    is_closed = (closed <= today) & (closed != NEVER) | ((states == _CLOSED) & (closed == NEVER)).to_numpy()
    parts = []
    for duty, begins, ends, usual, pressing in _DUTIES:
        begun, done = _days(cases, begins), _days(cases, ends)
        is_open = (begun != NEVER) & (begun <= today) & ((done == NEVER) | (done > today))
        is_open &= (states != _REVOKED).to_numpy() & ~(is_closed & (duty != "publish"))
        for complex_, limit in ((False, usual), (True, pressing if pressing in limits.index else usual)):
            rows = np.flatnonzero(is_open & (is_complex == complex_))
            due, state = _due(begun[rows], limit, limits, calendar)
            parts.append(_listed(cases, rows, duty, complex_, begun[rows], due, state, today))
    ledger = pd.concat(parts, ignore_index=True)
    return ledger.sort_values(
        ["days_left", "days_used", "case_code", "duty"], ascending=[True, False, True, True], kind="stable",
        ignore_index=True,
    )  # fmt: skip


def _days(cases: pd.DataFrame, name: str) -> NDArray[np.int64]:
    if name not in cases:
        return np.full(len(cases), NEVER)
    return days_of(cases[name], tr("{name}: {what}", name="cases", what=name))


def _flags(cases: pd.DataFrame) -> NDArray[np.bool_]:
    if "is_complex" not in cases:
        return np.zeros(len(cases), dtype=bool)
    values, wrong = converted(cases["is_complex"], spec_of("enforcement_cases").field("is_complex"))
    if wrong.any():
        raise InputError(
            tr("{name}: {value!r} is neither yes nor no", name="cases: is_complex",
               value=str(cases["is_complex"].iloc[int(np.argmax(wrong))]))
        )  # fmt: skip
    return values.fillna(False).to_numpy(dtype=bool)


def _due(
    begun: NDArray[np.int64], limit: str, limits: pd.DataFrame, calendar: WorkingCalendar
) -> tuple[NDArray[np.datetime64], str]:
    """Return the last days, and what to say where there is none."""
    if limit not in limits.index:
        return np.full(len(begun), np.datetime64("NaT", "D")), "no_deadline"
    amount, unit = str(limits.loc[limit, "value"]), str(limits.loc[limit, "unit"])
    if not amount.isdigit() or int(amount) < 1 or unit not in (*_DAYS, *_WORKING_DAYS):
        raise InputError(
            tr("limits: {limit} must be a whole number of days or working days, not {value!r} {unit!r}",
               limit=limit, value=amount, unit=unit)
        )  # fmt: skip
    if unit in _DAYS:
        return (begun + int(amount)).astype("M8[D]"), ""
    return calendar.workdays_after(begun.astype("M8[D]"), int(amount), refuse=False), "unpublished"


def _listed(
    cases: pd.DataFrame,
    rows: NDArray[np.int64],
    duty: str,
    is_complex: bool,
    begun: NDArray[np.int64],
    due: NDArray[np.datetime64],
    lacking: str,
    today: int,
) -> pd.DataFrame:
    """List the cases in which one duty is open."""
    has_none = np.isnat(due)
    left = np.where(has_none, np.nan, due.astype(np.int64) - today)
    state = np.where(has_none, lacking, np.where(left < 0, "overdue", "not_due"))
    named = {
        name: as_text(cases[name].iloc[rows]).array
        for name in ("case_code", "department", "cause")
        if name in cases
    }
    text = {
        "ledger": np.full(len(rows), "complex" if is_complex else "countdown"),
        "duty": np.full(len(rows), duty),
    }
    return pd.DataFrame(
        {
            **named,
            **{name: pd.Series(values, dtype="str") for name, values in text.items()},
            "begun_on": begun.astype("M8[D]").astype("M8[s]"),
            "due_on": due.astype("M8[s]"),
            "days_used": today - begun,
            "days_left": left,
            "deadline_state": pd.Series(state, dtype="str"),
        }
    )
