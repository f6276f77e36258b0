"""Working time by the State Council's calendar (节假日安排), with days off that are worked (调休上班).

All times are counted in whole microseconds from prefix sums over days, so that ten million rows cost a few
array operations. Working periods are half-open, [08:00, 12:00) and [14:00, 18:00) unless others are given.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.times import read_times
from zjk_gis.presentation import Presentation, presented
from zjk_gis.standards.clocks import CLOCKS, Clock
from zjk_gis.standards.rules import rules_table
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self, TypeAlias

    from numpy.typing import ArrayLike, NDArray

    from zjk_gis.standards.rules import Overrides

    Times: TypeAlias = NDArray[np.datetime64]

__all__ = ["CLOCKS", "Clock", "WorkingCalendar"]

_NAMES = pd.Index(CLOCKS, dtype=object)
_HOUR = 3_600_000_000  # in microseconds
_DAY = 24 * _HOUR
_SATURDAY = 5


@checked
@presented
@dataclass(frozen=True, eq=False)
class WorkingCalendar:
    """Which days are worked (工作日历), and how much working time lies between two times.

    The four clocks:

    - 紧急工作时, hours that never stop;
    - 工作时, hours of working time;
    - 工作日, as many hours of working time as a working day has, so that 1 工作日 is 8 工作时;
    - 自然日, 24 hours that never stop.

    Times without a zone are Beijing's, others are turned into them. A deadline is the earliest time at which
    the time allowed has passed: 4 工作时 from 08:00 end at 12:00, not at 14:00. What is done at the deadline
    is in time. (Conventions, confidence M.) The notice of the next year may still move the last days of one.

    Attributes
    ----------
    first_day : int
        1 January of the first year, as days since 1970-01-01.
    is_worked : ndarray of bool
        Whether each day from then on is worked.
    is_published : ndarray of bool
        Whether the year of each day is in the table.
    hours : tuple of tuple of float
        The working periods of a day.

    Examples
    --------
    >>> calendar = WorkingCalendar.of()
    >>> calendar.deadline("2025-01-27 17:00", 4, "工作时")
    Timestamp('2025-02-05 11:00:00')
    >>> calendar.deadline("2025-11-03 22:36", 2, "紧急工作时")
    Timestamp('2025-11-04 00:36:00')
    >>> calendar.elapsed("2025-01-26 10:00", "2025-01-26 14:00", "工作时")
    2.0
    """

    first_day: int
    is_worked: NDArray[np.bool_]
    is_published: NDArray[np.bool_]
    hours: tuple[tuple[float, float], ...]

    @classmethod
    def of(
        cls,
        *,
        hours: Sequence[tuple[float, float]] = ((8, 12), (14, 18)),
        tables: Overrides | None = None,
    ) -> Self:
        """Make the calendar of the table ``workdays`` that ships with the package.

        Parameters
        ----------
        hours : sequence of (float, float), default ((8, 12), (14, 18))
            The working periods of a day, in hours from midnight, in order.
        tables : mapping, str or Path, optional
            Your own rows of ``workdays``, as `rules_table` takes them: ``date`` and ``kind`` (休 or 班). A
            year is taken as published once its 1 January is in the table.

        Raises
        ------
        InputError
            If a row holds no date or another kind, or the hours are not in order within a day.
        """
        periods = tuple((float(begin), float(end)) for begin, end in hours)
        flat = [0.0, *(each for period in periods for each in period), 24.0]
        if not periods or any(b <= a for a, b in periods) or flat != sorted(flat):
            raise InputError(
                tr("hours: give working periods in order, such as ((8, 12), (14, 18)), not {hours}",
                   hours=listed(map(str, periods)))
            )  # fmt: skip
        days, is_off = _special_days(rules_table("workdays", overrides=tables))
        years = days.astype("datetime64[Y]")
        opened = set(years[days == years.astype("datetime64[D]")].tolist())
        first, last = min(opened).year, max(opened).year
        span = np.arange(f"{first}-01-01", f"{last + 1}-01-01", dtype="datetime64[D]")
        is_published = np.isin(span.astype("datetime64[Y]"), np.array(sorted(opened), "datetime64[Y]"))
        is_worked = (span.astype(np.int64) + 3) % 7 < _SATURDAY  # 1970-01-01 was a Thursday
        here = (days >= span[0]) & (days <= span[-1])
        is_worked[(days[here] - span[0]).astype(np.int64)] = ~is_off[here]
        return cls(int(span[0].astype(np.int64)), is_worked & is_published, is_published, periods)

    @property
    def years(self) -> list[int]:
        """The years that are published."""
        days = np.flatnonzero(self.is_published) + self.first_day
        return sorted(
            {year.year for year in np.unique(days.astype("datetime64[D]").astype("M8[Y]")).tolist()}
        )

    @property
    def hours_a_day(self) -> float:
        """How many hours a working day has."""
        return sum(end - begin for begin, end in self.hours)

    def is_workday(self, dates: object) -> Any:
        """Tell whether days are worked.

        Parameters
        ----------
        dates : date, str, or Series or array of these

        Returns
        -------
        bool or ndarray of bool

        Raises
        ------
        InputError
            If a year is not published, or a day is missing or none.

        Examples
        --------
        >>> WorkingCalendar.of().is_workday(["2025-01-26", "2025-01-28"]).tolist()
        [True, False]
        """
        times, is_one = _times_of(dates, "dates")
        if np.isnat(times).any():
            raise InputError(
                tr("{name}: {count} are missing", name="dates", count=int(np.isnat(times).sum()))
            )
        number = _day_numbers(times)
        self._refuse_unpublished(number, number)
        worked = self.is_worked[number - self.first_day]
        return bool(worked[0]) if is_one else worked

    def elapsed(
        self, start: object, finish: object, clock: ArrayLike = "工作时", *, refuse: bool = True
    ) -> Any:
        """Count the time between two times by a clock: in hours, or in days for 工作日 and 自然日.

        Parameters
        ----------
        start, finish : time, str, or Series or array of these
        clock : {"紧急工作时", "工作时", "工作日", "自然日"} or array of these
        refuse : bool, default True
            Whether a year that is not published is refused; otherwise such rows are NaN.

        Returns
        -------
        float or ndarray of float64
            Negative where the end is before the start; NaN where either is missing.

        Raises
        ------
        InputError
            If working time reaches into a year that is not published, or there is no such clock.
        """
        begins, one = _times_of(start, "start")
        ends, other = _times_of(finish, "finish")
        begins, ends = np.broadcast_arrays(begins, ends)
        clocks = _clocks(clock, len(begins))
        amount = (ends - begins).astype("m8[us]").astype(np.float64)
        missing = np.isnat(begins) | np.isnat(ends)
        works = np.flatnonzero(np.isin(clocks, (1, 2)) & ~missing)
        first, last = begins[works], ends[works]
        lost = self._unpublished(_day_numbers(np.minimum(first, last)), _day_numbers(np.maximum(first, last)))
        if refuse:
            self._tell(lost, np.minimum(first, last), np.maximum(first, last))
        amount[works] = np.where(lost, np.nan, self._worked(last) - self._worked(first))
        amount = np.where(missing, np.nan, amount) / self._unit(clocks)
        return float(amount[0]) if one and other and len(amount) == 1 and np.ndim(clock) == 0 else amount

    def deadline(
        self, start: object, amount: ArrayLike, clock: ArrayLike = "工作时", *, refuse: bool = True
    ) -> Any:
        """Find the time at which so much time has passed by a clock.

        Parameters
        ----------
        start : time, str, or Series or array of these
        amount : float or array of float
            Hours for 紧急工作时 and 工作时, days for 工作日 and 自然日; above 0.
        clock : {"紧急工作时", "工作时", "工作日", "自然日"} or array of these
        refuse : bool, default True
            Whether a year that is not published is refused; otherwise such rows are missing.

        Returns
        -------
        Timestamp or ndarray of datetime64[us]
            Beijing time; missing where the start or the amount is.

        Raises
        ------
        InputError
            If it lies in or behind a year that is not published, an amount is not above 0, or there is no
            such clock.

        Examples
        --------
        >>> calendar = WorkingCalendar.of()
        >>> calendar.deadline(["2025-11-03 08:00", "2025-11-07 17:00"], 4).astype(str).tolist()
        ['2025-11-03T12:00:00.000000', '2025-11-10T11:00:00.000000']
        >>> calendar.deadline("2027-01-04 08:00", 1)
        Traceback (most recent call last):
        zjk_gis.errors.InputError: the State Council's calendar of 2027 is not in the table workdays; ...
        """
        begins, one = _times_of(start, "start")
        amounts = np.asarray(amount, dtype=np.float64)
        begins, amounts = np.broadcast_arrays(begins, np.atleast_1d(amounts))
        if (amounts <= 0).any():
            raise InputError(tr("{name} must be greater than 0", name="amount"))
        clocks = _clocks(clock, len(begins))
        there = ~(np.isnat(begins) | np.isnan(amounts))
        length = np.zeros(len(begins), np.int64)
        length[there] = np.rint(amounts[there] * self._unit(clocks)[there]).astype(np.int64)
        due = np.where(there, begins + length.astype("m8[us]"), np.datetime64("NaT", "us"))
        works = np.flatnonzero(np.isin(clocks, (1, 2)) & there)
        found = self._reached(begins[works], length[works])
        if refuse:
            self._tell(np.isnat(found), begins[works], found)
        due[works] = found
        is_single = one and amounts.shape == (1,) and np.ndim(amount) == 0 and np.ndim(clock) == 0
        return pd.Timestamp(due[0]) if is_single else due

    def workdays_after(self, dates: object, count: int, *, refuse: bool = True) -> Any:
        """Return the last day of so many working days, the day itself not counted (期间开始之日不计).

        Parameters
        ----------
        dates : date, str, or Series or array of these
        count : int
            At least 1.
        refuse : bool, default True
            Whether a year that is not published is refused; otherwise such rows are missing.

        Returns
        -------
        Timestamp or ndarray of datetime64[D]

        Raises
        ------
        InputError
            If a year is not published, or `count` is below 1.

        Examples
        --------
        >>> WorkingCalendar.of().workdays_after("2025-01-24", 7)
        Timestamp('2025-02-10 00:00:00')
        """
        if count < 1:
            raise InputError(tr("{name} must be at least 1, not {count}", name="count", count=count))
        times, is_one = _times_of(dates, "dates")
        ends = times.astype("M8[D]") + np.timedelta64(1, "D")  # what begins at the next midnight
        full = np.full(len(times), count * self._day_length)
        found = self._reached(ends.astype("M8[us]"), full)
        if refuse:
            self._tell(np.isnat(found) & ~np.isnat(times), ends.astype("M8[us]"), found)
        last = found.astype("M8[D]")
        return pd.Timestamp(last[0]) if is_one else last

    @property
    def _day_length(self) -> int:
        return round(self.hours_a_day * _HOUR)

    @property
    def _before(self) -> NDArray[np.int64]:
        """How many working days are before each day, and before the day after the last."""
        return np.concatenate([[0], np.cumsum(self.is_worked, dtype=np.int64)])

    def _unit(self, clocks: NDArray[np.int8]) -> NDArray[np.int64]:
        """Return what one of each clock is, in microseconds."""
        return np.array([_HOUR, _HOUR, self._day_length, _DAY])[clocks]

    def _worked(self, times: Times) -> NDArray[np.int64]:
        """Return the working time from the first day of the table to each time, which may lie outside."""
        number = _day_numbers(times) - self.first_day
        within = times.astype(np.int64) - (number + self.first_day) * _DAY
        inside = (number >= 0) & (number < len(self.is_worked))
        place = np.clip(number, 0, len(self.is_worked))
        part = np.zeros(len(times), np.int64)
        for begin, end in self.hours:
            part += np.clip(within - round(begin * _HOUR), 0, round((end - begin) * _HOUR))
        is_worked = np.append(self.is_worked, False)[place] & inside
        return self._before[place] * self._day_length + np.where(is_worked, part, 0)

    def _reached(self, start: Times, length: NDArray[np.int64]) -> Times:
        """Return when so much working time has passed; missing where an unpublished day lies before."""
        found = np.full(len(start), np.datetime64("NaT", "us"))
        there = np.flatnonzero(~np.isnat(start))
        begins = start[there]
        wanted = self._worked(begins) + length[there]
        number = -(-wanted // self._day_length) - 1  # of the working day on which it ends
        worked = np.flatnonzero(self.is_worked)
        known = number < len(worked)
        day = np.where(known, worked[np.minimum(number, len(worked) - 1)], len(self.is_worked))
        day = day + self.first_day
        known &= ~self._unpublished(_day_numbers(begins), day)
        rest = wanted - number * self._day_length
        lengths = np.array([round((end - begin) * _HOUR) for begin, end in self.hours])
        ends = np.cumsum(lengths)
        period = np.minimum(np.searchsorted(ends, rest), len(ends) - 1)
        opening = np.array([round(begin * _HOUR) for begin, _ in self.hours])
        time = day * _DAY + opening[period] + rest - (ends - lengths)[period]
        found[there[known]] = time[known].astype("M8[us]")
        return found

    def _unpublished(self, first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell where any of the days from first to last is of a year that is not published."""
        known = np.concatenate([[0], np.cumsum(self.is_published, dtype=np.int64)])
        at, to = (np.clip(days - self.first_day, 0, len(self.is_published)) for days in (first, last + 1))
        return np.asarray(known[to] - known[at] != last + 1 - first)

    def _refuse_unpublished(self, first: NDArray[np.int64], last: NDArray[np.int64]) -> None:
        days = [days.astype("M8[D]").astype("M8[us]") for days in (first, last)]
        self._tell(self._unpublished(first, last), days[0], days[1])

    def _tell(self, lost: NDArray[np.bool_], first: Times, last: Times) -> None:
        """Refuse rows that reach into years that are not published, and name these."""
        if not lost.any():
            return
        years: set[int] = set()
        known = self.years
        for begin, end in zip(first[lost].astype("M8[Y]"), last[lost].astype("M8[Y]"), strict=True):
            year = int(begin.astype(np.int64)) + 1970
            until = int(end.astype(np.int64)) + 1970
            if np.isnat(end):  # behind the first year that is not there nothing is known
                until = next(each for each in range(year, year + len(known) + 1) if each not in known)
            years.update(each for each in range(year, until + 1) if each not in known)
            if len(years) > len(known):
                break
        raise InputError(
            tr(
                "the State Council's calendar of {years} is not in the table workdays; it has {known}. Add "
                "the rows of the notice once it is published (tables={{'workdays': ...}})",
                years=listed(map(str, sorted(years))),
                known=listed(map(str, known)),
            )
        )

    def _presentation(self) -> Presentation:
        years = self.years
        periods = listed(f"{_clock(begin)}–{_clock(end)}" for begin, end in self.hours)
        sentence = tr(
            "The working calendar of {first} to {last}: {days:,} working days, {periods}.",
            first=years[0], last=years[-1], days=int(self.is_worked.sum()), periods=periods,
        )  # fmt: skip
        return Presentation(sentence)


def _clock(hours: float) -> str:
    return f"{int(hours):02d}:{round(hours % 1 * 60):02d}"


def _special_days(table: pd.DataFrame) -> tuple[Times, NDArray[np.bool_]]:
    """Return the days of the table, and which of them are off."""
    strange = sorted({*table["kind"]} - {"休", "班"})
    if strange:
        raise InputError(tr("workdays: kind is 休 (off) or 班 (worked), not {value!r}", value=strange[0]))
    days = read_times(table["date"], name="workdays: date").required().times
    if days.isna().any():
        raise InputError(tr("{name}: {count} are missing", name="date", count=int(days.isna().sum())))
    return days.to_numpy().astype("M8[D]"), (table["kind"] == "休").to_numpy(dtype=bool)


def _times_of(values: object, name: str) -> tuple[Times, bool]:
    """Return times on Beijing's clock, and whether it was a single one."""
    is_one = isinstance(values, str | dt.date | np.datetime64) or values is pd.NaT or values is None
    series = (
        values if isinstance(values, pd.Series) else pd.Series([values] if is_one else cast("Any", values))
    )
    times = read_times(series, name=name).required().times
    return times.to_numpy(dtype="M8[us]"), is_one


def _day_numbers(times: Times) -> NDArray[np.int64]:
    return times.astype("M8[us]").astype(np.int64) // _DAY


def _clocks(clock: object, count: int) -> NDArray[np.int8]:
    """Return the place of each row's clock in `CLOCKS`."""
    if isinstance(clock, np.ndarray) and clock.dtype == np.int8:  # as `Progress` has them
        return clock
    names = pd.Index(np.atleast_1d(np.asarray(clock, dtype=object)))
    found = _NAMES.get_indexer(names)
    if (found < 0).any():
        raise InputError(
            tr(
                "there is no clock {clock!r}; the clocks are {clocks}",
                clock=str(names[int(np.argmax(found < 0))]),
                clocks=listed(CLOCKS),
            )
        )
    return np.broadcast_to(found.astype(np.int8), count)
