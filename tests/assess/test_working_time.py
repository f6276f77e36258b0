"""Working time by the State Council's calendar, beside a loop that goes from minute to minute."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zjk_gis.assess import WorkingCalendar
from zjk_gis.errors import InputError
from zjk_gis.standards import rules_table

CALENDAR = WorkingCalendar.of()


def is_working(minute, calendar=CALENDAR):
    """Tell whether a minute is worked: 08–12 and 14–18 on weekdays, unless the table says otherwise."""
    kind = _KINDS.get(minute.date())
    worked = kind == "班" or (kind is None and minute.weekday() < 5)
    hour = minute.hour + minute.minute / 60
    return worked and any(begin <= hour < end for begin, end in calendar.hours)


_TABLE = rules_table("workdays")
_KINDS = {dt.date.fromisoformat(day): kind for day, kind in zip(_TABLE["date"], _TABLE["kind"], strict=True)}


def slow_deadline(start, minutes):
    """Count worked minutes down; the deadline is the end of the last."""
    while True:
        if is_working(start):
            minutes -= 1
        start += dt.timedelta(minutes=1)
        if not minutes:
            return start


@pytest.mark.parametrize(
    ("start", "amount", "clock", "due"),
    [
        ("2025-11-03 22:36", 2, "紧急工作时", "2025-11-04 00:36"),
        ("2025-01-27 17:00", 4, "工作时", "2025-02-05 11:00"),  # 28 January to 4 February are off
        ("2025-01-26 10:00", 2, "工作时", "2025-01-26 12:00"),  # a Sunday that is worked
        ("2025-11-03 08:00", 4, "工作时", "2025-11-03 12:00"),  # and not 14:00
        ("2025-11-03 12:00", 4, "工作时", "2025-11-03 18:00"),  # noon is no working time
        ("2025-11-03 12:30", 1, "工作时", "2025-11-03 15:00"),
        ("2025-11-03 18:00", 1, "工作时", "2025-11-04 09:00"),
        ("2025-11-07 23:10", 1, "工作时", "2025-11-10 09:00"),  # filed on Friday night
        ("2025-11-07 10:00", 1, "工作日", "2025-11-10 10:00"),
        ("2025-11-07 10:00", 1, "自然日", "2025-11-08 10:00"),
        ("2025-11-03T02:00:00Z", 1, "工作时", "2025-11-03 11:00"),  # ten o'clock in Beijing
    ],
)
def test_a_deadline_is_where_it_is_known_to_be(start, amount, clock, due):
    assert CALENDAR.deadline(start, amount, clock) == pd.Timestamp(due)
    assert CALENDAR.elapsed(start, due, clock) == amount


@settings(max_examples=60, deadline=None)
@given(
    st.datetimes(dt.datetime(2024, 12, 20), dt.datetime(2025, 11, 20)),
    st.integers(1, 40 * 60),
)
def test_deadlines_are_those_of_a_loop_over_minutes(start, minutes):
    start = start.replace(second=0, microsecond=0)
    due = slow_deadline(start, minutes)
    assert CALENDAR.deadline(start, minutes / 60) == due
    assert CALENDAR.elapsed(start, due) == pytest.approx(minutes / 60, abs=1e-12)


def test_ten_thousand_deadlines_are_those_of_counted_minutes():
    """Every minute of two years is counted once; a deadline is the end of the minute that makes it full."""
    rng = np.random.default_rng(1)
    first = dt.datetime(2024, 12, 1)
    minutes = [first + dt.timedelta(minutes=each) for each in range(500 * 24 * 60)]
    worked = np.flatnonzero([is_working(minute) for minute in minutes])
    starts, amounts = rng.integers(0, 300 * 24 * 60, 10_000), rng.integers(1, 60 * 60, 10_000)
    last = worked[np.searchsorted(worked, starts) + amounts - 1]
    base = np.datetime64(first, "us")
    due = CALENDAR.deadline(base + starts.astype("m8[m]"), amounts / 60, "工作时")
    assert (due == base + (last + 1).astype("m8[m]")).all()


@given(st.lists(st.datetimes(dt.datetime(2019, 1, 1), dt.datetime(2026, 12, 31)), min_size=3, max_size=3))
def test_elapsed_time_adds_up_and_turns_its_sign(times):
    first, second, third = sorted(times)
    whole = CALENDAR.elapsed(first, third)
    assert CALENDAR.elapsed(first, second) + CALENDAR.elapsed(second, third) == pytest.approx(whole, abs=1e-9)
    assert CALENDAR.elapsed(third, first) == -whole
    assert 0 <= whole <= (third - first) / dt.timedelta(hours=1)


def test_a_year_that_is_not_published_is_refused_by_name():
    with pytest.raises(InputError, match="calendar of 2027 is not in the table"):
        CALENDAR.deadline("2027-01-04 08:00", 1)
    with pytest.raises(InputError, match="calendar of 2027 is not"):
        CALENDAR.deadline("2026-12-31 17:00", 2)
    with pytest.raises(InputError, match="calendar of 2017, 2018 is not"):
        CALENDAR.elapsed("2017-05-01", "2019-05-01")
    with pytest.raises(InputError, match="calendar of 2027 is not"):
        CALENDAR.is_workday("2027-05-01")
    with pytest.raises(InputError, match="calendar of 2027 is not"):
        CALENDAR.workdays_after("2026-12-29", 7)
    assert CALENDAR.deadline("2026-12-31 17:00", 1) == pd.Timestamp("2026-12-31 18:00")
    assert CALENDAR.deadline("2027-01-04 08:00", 1, "紧急工作时") == pd.Timestamp("2027-01-04 09:00")


def test_a_table_goes_on_with_those_rows_missing():
    starts = ["2026-12-31 17:00", "2026-12-31 16:00", None]
    due = CALENDAR.deadline(starts, 2, refuse=False)
    assert np.isnat(due).tolist() == [True, False, True]


def test_rows_of_yours_make_a_year_or_change_one():
    """A year is there once its 1 January is; here 2028 is, and 2027 is not."""
    own = pd.DataFrame({"date": ["2028-01-01", "2025-11-04"], "kind": ["休", "休"]})
    calendar = WorkingCalendar.of(tables={"workdays": own})
    assert calendar.years == [*range(2019, 2027), 2028]
    assert calendar.deadline("2028-01-03 08:00", 1) == pd.Timestamp("2028-01-03 09:00")
    assert calendar.deadline("2025-11-03 17:00", 2) == pd.Timestamp("2025-11-05 09:00")
    with pytest.raises(InputError, match="of 2027 is"):
        calendar.elapsed("2026-12-01", "2028-02-01")


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({"date": ["2027-01-01"], "kind": ["假"]}, "kind is 休"),
        ({"date": ["soon"], "kind": ["休"]}, "workdays: date.*not dates"),
    ],
)
def test_a_row_that_says_nothing_is_refused(own, told):
    with pytest.raises(InputError, match=told):
        WorkingCalendar.of(tables={"workdays": pd.DataFrame(own)})


@pytest.mark.parametrize("hours", [(), ((12, 8),), ((8, 12), (11, 18)), ((8, 25),)])
def test_hours_are_in_order_within_a_day(hours):
    with pytest.raises(InputError, match="working periods in order"):
        WorkingCalendar.of(hours=hours)


def test_hours_of_ones_own():
    calendar = WorkingCalendar.of(hours=((9, 12), (13.5, 17.5)))
    assert calendar.hours_a_day == 7
    assert calendar.deadline("2025-11-03 11:00", 2) == pd.Timestamp("2025-11-03 14:30")
    assert calendar.deadline("2025-11-03 09:00", 1, "工作日") == pd.Timestamp("2025-11-03 17:30")


def test_days_are_counted_without_the_one_they_begin_on():
    """24 January 2025 is a Friday, the 26th is worked, the 28th to 4 February are off, the 8th is worked."""
    assert CALENDAR.workdays_after("2025-01-24", 1) == pd.Timestamp("2025-01-26")
    days = CALENDAR.workdays_after(["2025-01-24", "2025-01-30", None], 3)
    assert days.astype(str).tolist() == ["2025-02-05", "2025-02-07", "NaT"]


def test_several_clocks_in_one_call():
    due = CALENDAR.deadline(
        ["2025-11-07 17:00"] * 4, [2, 2, 1, 1], ["紧急工作时", "工作时", "工作日", "自然日"]
    )
    assert due.astype("M8[m]").astype(str).tolist() == [
        "2025-11-07T19:00", "2025-11-10T09:00", "2025-11-10T17:00", "2025-11-08T17:00",
    ]  # fmt: skip
    with pytest.raises(InputError, match="no clock '小时'"):
        CALENDAR.deadline("2025-11-07 17:00", 1, "小时")
    with pytest.raises(InputError, match="greater than 0"):
        CALENDAR.deadline("2025-11-07 17:00", 0)


@pytest.mark.parametrize(
    ("year", "worked"),
    [(2019, 250), (2020, 249), (2021, 250), (2022, 249), (2023, 249), (2024, 251), (2025, 248), (2026, 248)],
)
def test_a_year_has_its_number_of_working_days(year, worked):
    """Weekdays less the festivals of the law: eleven days until 2024, thirteen since; two more in 2020."""
    days = np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="M8[D]")
    assert CALENDAR.is_workday(days).sum() == worked
