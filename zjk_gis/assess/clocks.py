"""When each incident is due, and how it stands at a given time (处置时限)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.assess.working_time import CLOCKS, WorkingCalendar
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.catalogue import INCIDENTS
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.times import read_times, time_of
from zjk_gis.layers.columns.values import as_text, code_text, coded
from zjk_gis.standards.rules import rules_table
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from zjk_gis.assess.working_time import Times
    from zjk_gis.standards.rules import Overrides

__all__ = [
    "STATES",
    "Progress",
    "Rules",
    "deadlines",
    "known_at",
    "moment_of",
    "period_of",
    "progress_of",
    "rules_of",
]

# What holds first is said: a void case has no deadline, one that is handled is not suspended.
STATES = (
    "void", "suspended", "not_filed", "no_time", "no_deadline", "unpublished", "in_time", "overdue",
    "not_due",
)  # fmt: skip
_VOID, _SUSPENDED = "作废", "挂账"
_BEFORE_FILING = ("上报", "受理")
_NEVER = np.datetime64("NaT", "us")


@checked
def deadlines(
    incidents: pd.DataFrame,
    table: pd.DataFrame | None = None,
    calendar: WorkingCalendar | None = None,
    *,
    as_of: str | dt.date,
    practice: str | None = None,
    tables: Overrides | None = None,
) -> pd.DataFrame:
    """Tell when each incident is due, how much of its time is used and left, and whether it is in time.

    The clock starts when the case is filed (立案) and stops when it is handled (处置), or closed (结案) where
    no time of handling is recorded. Where the platform recorded a deadline (``due_at``), that holds; an
    extension (``extended_to``, 延期) moves it. What happened after `as_of` is not known yet.

    Parameters
    ----------
    incidents : DataFrame
        With ``filed_at``; ``event_code`` unless all have a ``due_at``; ``handled_at`` or ``closed_at``;
        perhaps ``extended_to`` and ``state``, which names the suspended (挂账) and the void (作废).
    table : DataFrame, optional
        How long each class may take: ``event_code``, ``deadline`` and ``clock``, a row a class. By default
        the table ``deadlines``, which holds what other cities do: none of Zhangjiakou's is known.
    calendar : WorkingCalendar, optional
        By default that of the table ``workdays``.
    as_of : date or time, or str
        A day means its end.
    practice : str, optional
        Which rows of a table count that has several of a class, by its column ``practice``.
    tables : mapping, str or Path, optional
        Your own rows of the tables ``deadlines`` and ``workdays``.

    Returns
    -------
    DataFrame
        A row an incident, in their order and under their index: ``incident_code`` if there is one, ``due_at``
        (datetime64, Beijing time), ``clock`` and in its unit ``time_allowed``, ``time_used`` and
        ``time_left`` (below 0 where it is overdue), ``is_handled`` (bool), and ``deadline_state``:

        ``in_time`` 按期, ``overdue`` 超期 (handled too late, or not yet), ``not_due`` 未到期, ``no_deadline``
        无规定, ``unpublished`` 未公布 (the deadline reaches into a year whose calendar is not in the table),
        ``not_filed`` 未立案, ``no_time`` (filed or closed by its state, but no time says when), ``suspended``
        挂账 and ``void`` 作废.

    Raises
    ------
    InputError
        If the table has two rows of a class, a deadline that is not a number above 0, or an unknown clock.
    MissingColumnError
        If a column is missing.

    Examples
    --------
    >>> cases = pd.DataFrame(
    ...     {
    ...         "event_code": ["0102", "0102", "0501"],
    ...         "filed_at": ["2025-11-03 08:00", "2025-11-07 17:00", "2025-11-07 17:00"],
    ...         "closed_at": ["2025-11-03 12:00", None, None],
    ...     }
    ... )
    >>> found = deadlines(cases, as_of="2025-11-10 10:00", practice="one city")
    >>> found[["due_at", "time_used", "time_left", "deadline_state"]]
                   due_at  time_used  time_left deadline_state
    0 2025-11-03 12:00:00        4.0        0.0        in_time
    1 2025-11-10 11:00:00        3.0        1.0        not_due
    2                 NaT        NaN        NaN        no_deadline
    """
    calendar = calendar or WorkingCalendar.of(tables=tables)
    rules = rules_of(table, practice=practice, tables=tables)
    moment = moment_of(as_of)
    progress = progress_of(incidents, rules, calendar, moment)
    until = np.where(progress.is_handled, progress.handled, moment)
    clocks, names = progress.clock, np.array(CLOCKS, dtype=object)[progress.clock]
    has_due = ~np.isnat(progress.due)
    start = np.where(has_due, progress.filed, _NEVER)
    answer = {} if "incident_code" not in incidents else {"incident_code": incidents["incident_code"]}
    known = {"refuse": False}
    return pd.DataFrame(
        {
            **answer,
            "due_at": progress.due,
            "clock": pd.Series(names, index=incidents.index).where(has_due).astype("str"),
            "time_allowed": calendar.elapsed(start, progress.due, clocks, **known),
            "time_used": calendar.elapsed(start, until, clocks, **known),
            "time_left": calendar.elapsed(until, progress.due, clocks, **known),
            "is_handled": progress.is_handled,
            "deadline_state": pd.Series(
                np.array(STATES, dtype=object)[progress.state], index=incidents.index, dtype="str"
            ),
        },
        index=incidents.index,
    )


@dataclass(frozen=True)
class Rules:
    """How long each class may take.

    Attributes
    ----------
    codes : Index of str
        Of the classes.
    amounts : ndarray of float64
    clocks : ndarray of int8
        Places in `CLOCKS`.
    """

    codes: pd.Index
    amounts: NDArray[np.float64]
    clocks: NDArray[np.int8]


def rules_of(table: pd.DataFrame | None, *, practice: str | None, tables: Overrides | None) -> Rules:
    """Read a table of deadlines; see `deadlines`."""
    rows = rules_table("deadlines", overrides=tables) if table is None else table
    require_columns(rows, "deadlines", "event_code", "deadline", "clock")
    if practice is not None:
        require_columns(rows, "deadlines", "practice")
        known = sorted({*map(str, rows["practice"])})
        rows = rows[rows["practice"] == practice]
        if rows.empty:
            raise InputError(
                tr("practice: {practice!r} is not in the table; it has {known}",
                   practice=practice, known=listed(known))
            )  # fmt: skip
    if "confidence" in rows:  # yours take the place of all that ship for their class
        own = rows["confidence"] == "user"
        rows = rows[own | ~rows["event_code"].isin(rows.loc[own, "event_code"])]
    codes = code_text(rows["event_code"])
    twice = codes.duplicated(keep=False)
    if table is None and practice is None:
        # The table that ships holds what several cities do: none of them is this one's.
        rows, codes = rows[~twice], codes[~twice]
    elif twice.any():
        raise InputError(
            tr("deadlines: {code} has several rows; keep one, or say which practice=",
               code=str(codes[twice].iloc[0]))
        )  # fmt: skip
    amounts = pd.to_numeric(rows["deadline"], errors="coerce").to_numpy(dtype=np.float64)
    clocks = pd.Index(CLOCKS, dtype=object).get_indexer(pd.Index(rows["clock"], dtype=object))
    for is_wrong, column, wanted in (
        (~(amounts > 0) | np.isinf(amounts), "deadline", tr("a number greater than 0")),
        (clocks < 0, "clock", listed(CLOCKS)),
    ):
        if is_wrong.any():
            at = int(np.argmax(is_wrong))
            raise InputError(
                tr("deadlines: {column} of {code} must be {wanted}, not {value!r}",
                   column=column, code=str(codes.iloc[at]), wanted=wanted, value=str(rows[column].iloc[at]))
            )  # fmt: skip
    return Rules(pd.Index(codes), amounts, clocks.astype(np.int8))


def moment_of(as_of: str | dt.date, name: str = "as_of") -> np.datetime64:
    """Return a time, or the end of a day."""
    moment = time_of(as_of, name)
    return np.datetime64(moment.time + pd.Timedelta(days=int(moment.is_day)), "us")


def period_of(
    month: str | None, since: str | dt.date | None = None, until: str | dt.date | None = None
) -> tuple[np.datetime64, np.datetime64]:
    """Return the first moment of a period, and the first after it; not a time where it is open.

    Examples
    --------
    >>> [str(each)[:10] for each in period_of("2025-11")]
    ['2025-11-01', '2025-12-01']
    >>> [str(each)[:10] for each in period_of(None, "2025-11-05", None)]
    ['2025-11-05', 'NaT']
    """
    if month is not None:
        if since is not None or until is not None:
            raise InputError(tr("give month=, or since= and until="))
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
            raise InputError(tr("month must be written as 2025-11, not {month!r}", month=month))
        first = np.datetime64(month, "M")
        return first.astype("M8[us]"), (first + 1).astype("M8[us]")
    begins = _NEVER if since is None else np.datetime64(time_of(since, "since").time, "us")
    ends = _NEVER if until is None else moment_of(until, "until")
    if begins >= ends:
        raise InputError(tr("since {since} is not before the end of {until}", since=since, until=until))
    return begins, ends


def known_at(values: Times, moment: np.datetime64) -> Times:
    """Leave out what is not known yet at a time; what happens at that very time is."""
    return np.where(values <= moment, values, _NEVER)


@dataclass(frozen=True)
class Progress:
    """How incidents stand at a time, an array a fact.

    Attributes
    ----------
    filed, handled, closed, due : ndarray of datetime64[us]
        Missing where it is not so, or not known, at that time.
    clock : ndarray of int8
        The place in `CLOCKS`.
    state : ndarray of int8
        The place in `STATES`.
    is_filed, is_handled, is_closed, is_extended : ndarray of bool
    """

    filed: Times
    handled: Times
    closed: Times
    due: Times
    clock: NDArray[np.int8]
    state: NDArray[np.int8]
    is_filed: NDArray[np.bool_]
    is_handled: NDArray[np.bool_]
    is_closed: NDArray[np.bool_]
    is_extended: NDArray[np.bool_]


def progress_of(
    incidents: pd.DataFrame, rules: Rules, calendar: WorkingCalendar, moment: np.datetime64
) -> Progress:
    """Tell how incidents stand at a time; see `deadlines`."""
    require_columns(incidents, "incidents", "filed_at")
    if not {"handled_at", "closed_at"} & {*incidents.columns}:
        raise MissingColumnError(
            tr(
                "incidents: neither handled_at nor closed_at says when they were done; the columns are "
                "{columns}",
                columns=listed(map(str, incidents.columns)),
            )
        )
    recorded = {name: _times(incidents, name) for name in ("filed_at", "handled_at", "closed_at")}
    filed, handled, closed = (known_at(times, moment) for times in recorded.values())
    handled = np.where(np.isnat(handled), closed, handled)
    has_no_end = np.isnat(recorded["handled_at"]) & np.isnat(recorded["closed_at"])
    state = _states(incidents)
    is_void = (state == _VOID).to_numpy(dtype=bool, na_value=False)
    is_before = state.isin(_BEFORE_FILING).to_numpy(dtype=bool) | state.isna().to_numpy()
    is_filed = ~np.isnat(filed) | (~is_before & np.isnat(recorded["filed_at"]))
    is_closed = ~np.isnat(closed) | (has_no_end & (state == "结案").to_numpy(dtype=bool, na_value=False))
    is_handled = ~np.isnat(handled) | is_closed
    is_suspended = (state == _SUSPENDED).to_numpy(dtype=bool, na_value=False) & ~is_handled
    due, clock, has_rule = _due(incidents, filed, rules, calendar)
    extended = _times(incidents, "extended_to")
    due = np.where(~np.isnat(extended) & (np.isnat(due) | (extended > due)), extended, due)
    has_due, is_late = ~np.isnat(due), handled > due
    conditions = [
        is_void,
        is_suspended,
        ~is_filed,
        np.isnat(filed) | (is_handled & np.isnat(handled)),
        ~has_rule & ~has_due,
        ~has_due,
        is_handled & ~is_late,
        is_late | (due < moment),
    ]
    codes = np.select(conditions, range(len(conditions)), default=STATES.index("not_due")).astype(np.int8)
    return Progress(
        filed, handled, closed, due, clock, codes, is_filed, is_handled, is_closed, ~np.isnat(extended)
    )


def _due(
    incidents: pd.DataFrame, filed: Times, rules: Rules, calendar: WorkingCalendar
) -> tuple[Times, NDArray[np.int8], NDArray[np.bool_]]:
    """Return when each is due, by which clock, and whether there is a rule; what was recorded comes first."""
    recorded = _times(incidents, "due_at")
    rule = np.full(len(incidents), -1)
    if "event_code" in incidents:
        codes, values = pd.factorize(incidents["event_code"])
        places = rules.codes.get_indexer(pd.Index(as_text(pd.Series(values).astype(object))))
        rule = np.append(places, -1)[codes]
    elif (np.isnat(recorded) & ~np.isnat(filed)).any():
        require_columns(incidents, "incidents", "event_code")
    clock = np.append(rules.clocks, np.int8(0))[rule].astype(np.int8)
    amounts = np.append(rules.amounts, np.nan)[rule]
    asked = np.isnat(recorded) & (rule >= 0) & ~np.isnat(filed)
    due = recorded.copy()
    if asked.any():
        due[asked] = calendar.deadline(filed[asked], amounts[asked], clock[asked], refuse=False)
    return due, clock, rule >= 0


def _times(incidents: pd.DataFrame, name: str) -> Times:
    """Read a column of times that need not be there."""
    if name not in incidents:
        return np.full(len(incidents), _NEVER)
    reading = read_times(incidents[name], name=tr("{name}: {what}", name="incidents", what=name))
    return reading.required().times.to_numpy(dtype="M8[us]")


def _states(incidents: pd.DataFrame) -> pd.Series:
    if "state" not in incidents:
        return pd.Series(None, index=incidents.index, dtype="str")
    written = incidents["state"]
    if isinstance(written.dtype, pd.CategoricalDtype):  # text is read at once, others one by one
        written = written.astype("str")
    return coded(pd.DataFrame({"state": written}), INCIDENTS.field("state"), "incidents")[0]
