"""Dates and times as people write them: one reading for the whole library, decided once for a column.

1. A text with its year first (2025-12-31, 2025/1/2, 2025年3月11日, 20251231), perhaps with a clock and a
   zone, is read as it stands.
2. Two numbers before the year (10/03/2025) are read only where the column shows which of them is the day:
   30/03/2025 cannot be read month first. Otherwise the caller has to say (`dayfirst`, `time_format`).
3. Numbers are of one kind in a column: yyyymmdd or yyyymmddHHMMSS, the days of Excel, or seconds or
   milliseconds since 1970. All but the first kind count only where every number of the column is one.
4. A time with a zone is turned into the clock of `tz`, Beijing's by default; one without stands as it is.

Whatever is none of these (08:30, today, 2025, 25/3/10, 5, True) is not a time. What was inferred is told.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from zjk_gis.errors import InputError, name_rows
from zjk_gis.layers.columns.time_cells import BEIJING, TimeCells, names_whole_day, numbers_as, on_clock
from zjk_gis.layers.columns.time_inference import decide_numbers, decide_order, shown, zones_said
from zjk_gis.words import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.layers.columns.time_cells import NumberKind

__all__ = [
    "BEIJING",
    "YEAR_FIRST",
    "Moment",
    "TimeOrder",
    "TimeReading",
    "check_tz",
    "read_times",
    "time_of",
    "time_order",
]

_NAT = np.datetime64("NaT", "us")


class Moment(NamedTuple):
    """One time, without a zone, and whether a whole day was meant."""

    time: pd.Timestamp
    is_day: bool


@dataclass(frozen=True, slots=True)
class TimeOrder:
    """How a column of dates and times is read, decided once and applied to any number of rows.

    Attributes
    ----------
    name : str
        What the column is called in messages.
    tz : str
        Whose clock and days they are.
    dayfirst : bool or None
        What 10/03/2025 is; None where nothing told, so that it is not read.
    numbers : {"calendar", "serials", "seconds", "milliseconds", "undecided"}
        What a number is; only ``calendar`` is read without having been inferred.
    time_format : str or None
        How texts are written, in the words of strptime, as the caller said.
    remarks : tuple of str
        What was inferred, and what a person should know.

    Examples
    --------
    >>> order = time_order(pd.Series(["10/03/2025", "30/03/2025"]))
    >>> times, wrong = order.times(pd.Series(["11/03/2025 08:30", "2025-03-12", "03/30/2025"]))
    >>> times.astype(str).tolist(), wrong.tolist()
    (['2025-03-11 08:30:00', '2025-03-12 00:00:00', nan], [False, False, True])
    """

    name: str = "times"
    tz: str = BEIJING
    dayfirst: bool | None = None
    numbers: NumberKind = "calendar"
    time_format: str | None = None
    remarks: tuple[str, ...] = ()

    @property
    def reads_plain_days(self) -> bool:
        """Whether 2025-12-31 08:30 is what it looks like, as it is unless a format says otherwise."""
        return self.time_format is None

    def read(self, values: pd.Series) -> TimeReading:
        """Read a column by this order, be it the one it was decided for or some of its rows."""
        cells = TimeCells.of(values, self.time_format)
        times = _local(cells, self)
        return TimeReading(_series(times, values), cells.present & np.isnat(times), self, "", values)

    def times(self, values: pd.Series) -> tuple[pd.Series, NDArray[np.bool_]]:
        """Read a column by this order.

        Returns
        -------
        times : Series of datetime64[us]
            On the clock of `tz`, without a zone; missing where a value is missing or wrong.
        wrong : ndarray of bool
            Which rows hold something else than a time, or one written in another order.
        """
        reading = self.read(values)
        return reading.times, reading.wrong

    def days(self, values: pd.Series) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Read a column as day numbers since 1970-01-01; missing and wrong ones are `periods.NEVER`."""
        reading = self.read(values)
        return reading.days, reading.wrong


YEAR_FIRST = TimeOrder()  # of a column of which nothing is known


@dataclass(frozen=True)
class TimeReading:
    """A whole column of dates and times that was read.

    Attributes
    ----------
    times : Series of datetime64[us]
        On the clock of the order's `tz`, without a zone; missing where a value is missing or wrong.
    wrong : ndarray of bool
        Which rows hold something that could not be read.
    order : TimeOrder
        How they were read, with its remarks.
    refusal : str
        Why nothing could be decided for some rows; empty where all could be.
    values : Series
        As they came.
    """

    times: pd.Series
    wrong: NDArray[np.bool_]
    order: TimeOrder
    refusal: str
    values: pd.Series

    @cached_property
    def days(self) -> NDArray[np.int64]:
        """Day numbers since 1970-01-01; missing and wrong ones are `periods.NEVER`."""
        return _days(self.times)

    def required(self) -> TimeReading:
        """Return the reading itself, or refuse the column if a value could not be read.

        Raises
        ------
        InputError
            If so; the message names the rows and the way out.
        """
        if self.refusal:
            raise InputError(self.refusal)
        if self.wrong.any():
            rows = self.values.index[self.wrong]
            way_out = tr("write them as 2025-12-31")
            if self.order.time_format is not None:
                way_out = tr("they are not written as {form!r}", form=self.order.time_format)
            elif self.order.dayfirst is not None:
                way_out += (
                    tr(" (the column is read day first)")
                    if self.order.dayfirst
                    else tr(" (the column is read month first)")
                )
            raise InputError(
                tr(
                    "{name}: {wrong} of {values_count} values are not dates ({rows}, such as {shown}); "
                    "{way_out}",
                    name=self.order.name,
                    wrong=int(self.wrong.sum()),
                    values_count=len(self.values),
                    rows=name_rows(rows),
                    shown=shown(self.values, self.wrong),
                    way_out=way_out,
                )
            )
        return self


def read_times(
    values: pd.Series,
    *,
    dayfirst: bool | None = None,
    time_format: str | None = None,
    tz: str = BEIJING,
    name: str = "times",
) -> TimeReading:
    """Read a whole column of dates and times by the rule of this module.

    Parameters
    ----------
    values : Series
        Text, dates, times (with or without zone) or numbers, mixed as they come.
    dayfirst : bool, optional
        What 10/03/2025 is; by default what the column shows.
    time_format : str, optional
        How texts are written, in the words of strptime (``"%d.%m.%y"``). A text with its year first is read
        as well, unless the format puts the year first itself.
    tz : str, default "Asia/Shanghai"
        Whose clock and days they are.
    name : str
        What the column is called in messages.

    Returns
    -------
    TimeReading
        What could not be read is told by row; `TimeReading.required` refuses it.

    Raises
    ------
    InputError
        If an option is not usable.

    Examples
    --------
    >>> reading = read_times(pd.Series(["2025-03-11 01:00:00+08", "2025年3月11日 8时30分", "soon", None]))
    >>> reading.times.astype(str).tolist(), reading.wrong.tolist()
    (['2025-03-11 01:00:00', '2025-03-11 08:30:00', nan, nan], [False, False, True, False])
    >>> print(read_times(pd.Series(["03/10/2025", "04/11/2025"]), name="dates").refusal)
    dates: 2 of 2 values can be read day first or month first (rows 0, 1, such as '03/10/2025'); write them
    as 2025-12-31, or say which with dayfirst=True, dayfirst=False or time_format='%d/%m/%Y'
    """
    return _read(values, TimeOrder(name, tz, dayfirst, "calendar", time_format), whole=True)


def time_order(
    sample: pd.Series,
    *,
    dayfirst: bool | None = None,
    time_format: str | None = None,
    tz: str = BEIJING,
    name: str = "times",
    whole: bool = True,
) -> TimeOrder:
    """Decide how a column is read from its first rows, or from all of them.

    Parameters
    ----------
    sample : Series
    dayfirst, time_format, tz, name
        As in `read_times`.
    whole : bool, default True
        Whether these are all rows, so that remarks may count them.

    Returns
    -------
    TimeOrder
        It can be pickled, and compared with another.

    Raises
    ------
    InputError
        If the column shows no order or several, its numbers are not of one kind, or an option is not usable.

    Examples
    --------
    >>> order = time_order(pd.Series([45293.5, 45294.0]), name="occurred_at")
    >>> order.numbers, order.times(pd.Series([45295.25, 5]))[1].tolist()
    ('serials', [False, True])
    >>> print(*order.remarks)
    occurred_at: 2 numbers were read as days as Excel counts them (such as 45293.5: 2024-01-02 12:00:00)
    """
    reading = _read(sample, TimeOrder(name, tz, dayfirst, "calendar", time_format), whole=whole)
    if reading.refusal:
        raise InputError(reading.refusal)
    return reading.order


def time_of(value: Any, name: str, *, tz: str = BEIJING) -> Moment:
    """Read one date or time that was given by itself: with its year first, as nothing shows another order.

    Parameters
    ----------
    value : str, date, datetime or datetime64
    name : str
        What it is called in errors.
    tz : str, default "Asia/Shanghai"
        To whose clock a time with a zone is turned.

    Returns
    -------
    Moment

    Raises
    ------
    InputError
        If it is something else.

    Examples
    --------
    >>> time_of("2025-12-31", "at")
    Moment(time=Timestamp('2025-12-31 00:00:00'), is_day=True)
    >>> time_of("2025-12-31T20:00Z", "at").time
    Timestamp('2026-01-01 04:00:00')
    """
    time: Any = pd.NaT
    is_day = False
    if isinstance(value, str | dt.date | np.datetime64):
        check_tz(tz)
        read, _ = TimeOrder(name, tz).times(pd.Series([value], dtype=object))
        time = read.iloc[0]
        is_day = isinstance(value, dt.date) and not isinstance(value, dt.datetime)
        if isinstance(value, str):
            is_day = names_whole_day(value)
    if pd.isna(time):
        raise InputError(
            tr("{name} must be a date such as 2025-12-31, not {value!r}", name=name, value=value)
        )
    return Moment(pd.Timestamp(time), is_day)


def _read(values: pd.Series, asked: TimeOrder, *, whole: bool) -> TimeReading:
    """Decide how a column is read, and read it."""
    _check_options(asked)
    cells = TimeCells.of(values, asked.time_format)
    refusals: list[str] = []
    remarks: list[str] = []
    told: dict[str, Any] = {"name": asked.name, "refusals": refusals, "remarks": remarks}
    dayfirst = decide_order(cells, values, dayfirst=asked.dayfirst, **told)
    numbers = decide_numbers(cells, values, tz=asked.tz, whole=whole, **told)
    order = replace(asked, dayfirst=dayfirst, numbers=numbers)
    times = _local(cells, order)
    remarks += zones_said(cells, times, _wall(cells, order), name=asked.name, tz=asked.tz, whole=whole)
    order = replace(order, remarks=tuple(remarks))
    wrong = cells.present & np.isnat(times)
    return TimeReading(_series(times, values), wrong, order, tr("; ").join(refusals), values)


def _wall(cells: TimeCells, order: TimeOrder) -> NDArray[np.datetime64]:
    """Return the times of texts and of times by an order, as their own clock showed them."""
    if order.dayfirst is None:
        last = np.where(cells.day_first == cells.month_first, cells.day_first, _NAT)
    else:
        last = cells.day_first if order.dayfirst else cells.month_first
    return np.where(np.isnat(cells.written), last, cells.written)


def _local(cells: TimeCells, order: TimeOrder) -> NDArray[np.datetime64]:
    """Return the rows' times by an order, on the clock of its zone."""
    times = on_clock(_wall(cells, order), cells.offset, order.tz)
    is_number = ~np.isnan(cells.number)
    if order.numbers == "undecided" or not is_number.any():
        return times
    return np.where(is_number, numbers_as(cells.number, order.numbers, order.tz), times)


def _check_options(asked: TimeOrder) -> None:
    check_tz(asked.tz)
    dayfirst: object = asked.dayfirst
    if dayfirst is not None and not isinstance(dayfirst, bool):
        raise InputError(tr("dayfirst must be True, False or None, not {dayfirst!r}", dayfirst=dayfirst))
    if asked.time_format is None:
        return
    if asked.dayfirst is not None:
        raise InputError(tr("dayfirst= and time_format= both say which comes first; give one of them"))
    named = set(re.findall(r"%([A-Za-z])", asked.time_format))
    if "Z" in named:  # which ones strptime knows depends on the machine, and CST is three of them
        raise InputError(
            tr(
                "time_format {time_format!r} has names of zones, which are not unique; use %z, tz=",
                time_format=asked.time_format,
            )
        )
    if not (named & set("Yy") and ("j" in named or ("d" in named and named & set("mbB")))):
        raise InputError(
            tr(
                "time_format {time_format!r} does not name year, month and day; write it such as "
                "'%d/%m/%Y' or '%Y%m%d %H:%M'",
                time_format=asked.time_format,
            )
        )
    try:
        written = dt.datetime(2025, 12, 31, tzinfo=dt.UTC).strftime(asked.time_format)
        dt.datetime.strptime(written, asked.time_format)
    except (ValueError, re.error) as error:
        raise InputError(
            tr(
                "time_format {time_format!r} cannot be used: {error}",
                time_format=asked.time_format,
                error=error,
            )
        ) from None


def check_tz(tz: str) -> None:
    """Refuse what is not the name of a time zone.

    Raises
    ------
    InputError
        If so.
    """
    try:
        zoneinfo.ZoneInfo(tz)
    except (ValueError, TypeError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise InputError(
            tr(
                "tz must be the name of a time zone such as 'Asia/Shanghai' or 'Europe/Berlin', not {tz!r}",
                tz=tz,
            )
        ) from None


def _series(times: NDArray[np.datetime64], values: pd.Series) -> pd.Series:
    return pd.Series(times.astype("datetime64[us]"), index=values.index, name=values.name)


def _days(times: pd.Series) -> NDArray[np.int64]:
    """Count days since 1970-01-01; numpy writes a missing one as the least number, which is `NEVER`."""
    days: NDArray[np.int64] = times.to_numpy().astype("datetime64[D]").astype(np.int64)
    return days
