"""Dates and times as people write them: one reading, decided once for a column and never guessed."""

import datetime as dt
import pickle

import numpy as np
import pandas as pd
import pytest

from zjk_gis.errors import InputError
from zjk_gis.layers.columns.periods import NEVER, day_of, days_of
from zjk_gis.layers.columns.time_cells import numbers_as
from zjk_gis.layers.columns.times import YEAR_FIRST, read_times, time_of, time_order

WRONG = "wrong"


def read(values, **options):
    """Write what a column is read as, row by row, as objects and where possible also as text."""
    reading = read_times(pd.Series(values, dtype=object), **options)
    if all(isinstance(value, str) for value in values):
        as_text = read_times(pd.Series(values, dtype="str"), **options)
        pd.testing.assert_series_equal(reading.times, as_text.times)
        assert (reading.wrong == as_text.wrong).all()
    rows = zip(reading.times, reading.wrong, strict=True)
    return [WRONG if wrong else None if time is pd.NaT else str(time) for time, wrong in rows]


class TestYearFirst:
    """A text with its year first is read as it stands, in whatever company."""

    @pytest.mark.parametrize(
        ("written", "time"),
        [
            ("2025-12-31", "2025-12-31 00:00:00"),
            ("2025/1/2", "2025-01-02 00:00:00"),
            ("2025.1.2", "2025-01-02 00:00:00"),
            ("2025年3月11日", "2025-03-11 00:00:00"),
            ("2025 年 3 月 11 日", "2025-03-11 00:00:00"),
            ("２０２５年３月１１日", "2025-03-11 00:00:00"),
            ("20251231", "2025-12-31 00:00:00"),
            ("2025-03-11 08:30", "2025-03-11 08:30:00"),
            ("2025/3/11 8:30:15", "2025-03-11 08:30:15"),
            ("2025-03-11 08:30:15.123", "2025-03-11 08:30:15.123000"),
            ("2025-03-11T08:30:15,123", "2025-03-11 08:30:15.123000"),
            ("2025年3月11日 8时30分", "2025-03-11 08:30:00"),
            ("2025年3月11日8时30分15秒", "2025-03-11 08:30:15"),
            ("2025年3月11号 8点", "2025-03-11 08:00:00"),
            ("2025-03-11T08:30:15", "2025-03-11 08:30:15"),
            ("2025-03-11T08", "2025-03-11 08:00:00"),
            ("20250311T083015", "2025-03-11 08:30:15"),
            ("20250311083015", "2025-03-11 08:30:15"),
            ("202503110830", "2025-03-11 08:30:00"),
            ("20250311 08:30", "2025-03-11 08:30:00"),
            ("2025/3/11 下午 3:05:00", "2025-03-11 15:05:00"),
            ("2025-03-11 12:05 AM", "2025-03-11 00:05:00"),
            ("9999-12-31", "9999-12-31 00:00:00"),
        ],
    )
    def test_it_is_what_it_says(self, written, time):
        assert read([written]) == [time]

    @pytest.mark.parametrize(
        ("written", "time"),
        [
            ("2025-03-11 01:00:00+08", "2025-03-11 01:00:00"),  # as psql prints it
            ("2025-03-11 01:00:00.5+0800", "2025-03-11 01:00:00.500000"),
            ("2025-03-11T01:00:00+08:00", "2025-03-11 01:00:00"),
            ("2025-03-10T22:00:00Z", "2025-03-11 06:00:00"),
            ("2025-03-10 12:30-0500", "2025-03-11 01:30:00"),
            ("2025-03-10 22:00:00 UTC", "2025-03-11 06:00:00"),
            ("2025-03-11Z", "2025-03-11 00:00:00"),  # a day stays that day
            ("2025-03-11+14:00", "2025-03-11 00:00:00"),
        ],
    )
    def test_a_zone_is_turned_into_beijing_time(self, written, time):
        assert read([written]) == [time]

    def test_iso_texts_of_any_length_stand_in_one_column(self):
        written = ["2025-03-11", "2025-03-11T08:30", "2025-03-11 08:30:15.5", "2025-03-11T00:30:00Z"]
        days = [time[8:16] for time in read(written)]
        assert days == ["11 00:00", "11 08:30", "11 08:30", "11 08:30"]

    @pytest.mark.parametrize(
        "written",
        [
            "08:30", "today", "now", "2025", "25/3/10", "soon", "5", "2025-3/1", "2025-02-30", "2025-13-01",
            "2025-03-11 24:00", "2025-03-11 08:60", "2025-03-1108:30", "2025-03-11 01:00 CST", "0000-00-00",
            "0000-01-01", "2025-03-11 13:00 PM", "2025-03-11 08:00+25", "NaT", "nan", "20251332", "1e8",
            "2025-03-11-05", "11 Mar", "٢٠٢٥-٠٣-١١",
        ],
    )  # fmt: skip
    def test_whatever_is_not_a_time_is_told_by_row(self, written):
        assert read([written, "2025-03-11"]) == [WRONG, "2025-03-11 00:00:00"]

    @pytest.mark.parametrize(
        "value", [True, 5, 2025, 5.5, float("inf"), 10**400, pd.Timedelta("1D"), [1], np.True_]
    )
    def test_nor_is_another_thing(self, value):
        assert read([value, "2025-03-11"]) == [WRONG, "2025-03-11 00:00:00"]
        with pytest.raises(InputError, match=r"dates: 1 of 2 values are not dates \(row 0, such as"):
            days_of(pd.Series([value, "2025-03-11"], dtype=object), "dates")


class TestTwoNumbersBeforeTheYear:
    """10/03/2025 is read only where the column shows which comes first, or the caller says."""

    def test_one_row_that_reads_one_way_only_proves_the_whole_column(self):
        assert read(["10/03/2025", "30/03/2025"]) == ["2025-03-10 00:00:00", "2025-03-30 00:00:00"]
        assert read(["10/03/2025 8:30", "3-30-2025"]) == ["2025-10-03 08:30:00", "2025-03-30 00:00:00"]
        order = time_order(pd.Series(["10/03/2025", "30/03/2025"]), name="occurred_at")
        (remark,) = order.remarks
        assert remark == (
            "occurred_at: dates such as '30/03/2025' were read day first, as 1 of 2 can be read in no other "
            "way (row 1)"
        )

    def test_a_column_that_does_not_show_it_is_refused_with_the_way_out(self):
        column = pd.Series(["03/10/2025", "04/11/2025", "2025-03-10"])
        with pytest.raises(
            InputError,
            match=r"dates: 2 of 3 values can be read day first or month first \(rows 0, 1, such as "
            r"'03/10/2025'\).*dayfirst=True, dayfirst=False or time_format=",
        ):
            days_of(column, "dates")
        assert read_times(column).wrong.tolist() == [True, True, False]

    def test_a_column_that_shows_both_is_refused_with_rows_of_both(self):
        column = pd.Series(["30/03/2025", "03/30/2025", "04/11/2025"], index=list("abc"))
        with pytest.raises(
            InputError, match=r"day first \(row a, such as '30/03/2025'\).*month first \(row b"
        ):
            time_order(column)

    def test_no_order_is_needed_where_both_are_the_same(self):
        assert read(["10/10/2025"]) == ["2025-10-10 00:00:00"]

    def test_the_caller_can_say_it_and_rows_against_it_are_wrong(self):
        written = ["03/10/2025", "30/03/2025", "2025-03-11"]
        assert read(written, dayfirst=True) == [f"2025-{day} 00:00:00" for day in ("10-03", "03-30", "03-11")]
        assert read(written, dayfirst=False) == ["2025-03-10 00:00:00", WRONG, "2025-03-11 00:00:00"]
        with pytest.raises(InputError, match=r"row 1, such as '30/03/2025'.*the column is read month first"):
            days_of(pd.Series(written), "dates", dayfirst=False)

    def test_a_format_says_it_exactly(self):
        written = ["25/3/10 0830", "2025-03-11"]
        assert read(written, time_format="%y/%m/%d %H%M") == ["2025-03-10 08:30:00", WRONG]
        assert read(["10.03.25", "2025-03-11"], time_format="%d.%m.%y") == [
            "2025-03-10 00:00:00",
            "2025-03-11 00:00:00",
        ]
        assert read(["10.03.2025 01:00 +0100"], time_format="%d.%m.%Y %H:%M %z") == ["2025-03-10 08:00:00"]
        assert read(["today", "now"], time_format="%d.%m.%Y") == [WRONG, WRONG]

    def test_numbers_that_lost_a_zero_do_not_fit_a_format_by_chance(self):
        assert read([10032025, 1032025], time_format="%d%m%Y") == ["2025-03-10 00:00:00", WRONG]
        assert read_times(pd.Series([10032025]), time_format="%d%m%Y").days.tolist() == [day_of("2025-03-10")]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"dayfirst": 1}, "dayfirst must be True, False or None"),
            ({"dayfirst": True, "time_format": "%d/%m/%Y"}, "give one of them"),
            ({"time_format": "%H:%M"}, "does not name year, month and day"),
            ({"time_format": "ISO8601"}, "does not name year, month and day"),
            ({"time_format": "%Y-%m-%d %Q"}, "cannot be used"),
            ({"time_format": "%Y-%m-%d %H:%M %Z"}, "names of zones"),
            ({"tz": "Peking"}, "tz must be the name of a time zone"),
        ],
    )
    def test_options_that_cannot_be_used_are_refused(self, options, message):
        with pytest.raises(InputError, match=message):
            read_times(pd.Series(["2025-03-10"]), **options)


class TestNumbers:
    """Numbers are of one kind in a column, and what they were taken for is told."""

    @pytest.mark.parametrize(
        ("numbers", "times", "kind"),
        [
            ([20240102, 20240103], ["2024-01-02 00:00:00", "2024-01-03 00:00:00"], "dates written yyyymmdd"),
            (["20240102", "20240103"], ["2024-01-02 00:00:00", "2024-01-03 00:00:00"], "yyyymmdd"),
            ([20240102083015], ["2024-01-02 08:30:15"], "yyyymmdd"),
            ([45293.5, 45294], ["2024-01-02 12:00:00", "2024-01-03 00:00:00"], "days as Excel counts them"),
            (["45293.5", "2958465"], ["2024-01-02 12:00:00", "9999-12-31 00:00:00"], "Excel"),
            ([1704168000], ["2024-01-02 12:00:00"], r"seconds since 1970 \(UTC\)"),
            ([1704168000.25], ["2024-01-02 12:00:00.250000"], "seconds since 1970"),
            ([1704168000250], ["2024-01-02 12:00:00.250000"], "milliseconds since 1970"),
        ],
    )
    def test_of_one_kind_they_are_read_and_told(self, numbers, times, kind):
        assert read(numbers) == times
        (remark,) = read_times(pd.Series(numbers), name="occurred_at").order.remarks
        assert remark.startswith(f"occurred_at: {len(numbers)} numbers were read as ")
        assert pd.Series([remark]).str.contains(kind).all()

    def test_a_column_of_numbers_with_gaps_is_read_alike(self):
        column = pd.Series([20240102, None, 20240104])
        assert days_of(column, "x").tolist() == [day_of("2024-01-02"), NEVER, day_of("2024-01-04")]
        assert (days_of(column.astype("Int64"), "x") == days_of(column, "x")).all()

    def test_of_several_kinds_they_are_refused_with_rows_of_each(self):
        column = pd.Series([45293.5, 20240102, 5])
        with pytest.raises(
            InputError, match=r"not of one kind.*row 1, such as 20240102.*Excel.*row 0.*row 2"
        ):
            days_of(column, "dates")
        assert read_times(column).wrong.all()

    def test_a_stray_number_spoils_all_but_written_dates(self):
        assert read([20240102, 5]) == ["2024-01-02 00:00:00", WRONG]
        assert read([45293.5, 5]) == [WRONG, WRONG]
        assert read([1704168000, 5]) == [WRONG, WRONG]

    def test_no_number_becomes_1970(self):
        for number in (0, 1, 20240102, 45293.5, 1704168000, 12345, 10**15, -1):
            assert "1970" not in read([number])[0]


@pytest.mark.parametrize(
    ("kind", "number", "time"),
    [
        ("calendar", 18991231, None),
        ("calendar", 19000101, "1900-01-01"),
        ("calendar", 20991231, "2099-12-31"),
        ("calendar", 21000101, None),
        ("calendar", 99991231, "9999-12-31"),  # without end
        ("calendar", 20241301, None),
        ("calendar", 20240001, None),
        ("calendar", 20240230, None),
        ("calendar", 20240229, "2024-02-29"),
        ("calendar", 20240100, None),
        ("calendar", 202401022359, "2024-01-02 23:59"),
        ("calendar", 202401022360, None),
        ("calendar", 202401022400, None),
        ("calendar", 20240102235959, "2024-01-02 23:59:59"),
        ("calendar", 20240102235960, None),
        ("calendar", 20240102.5, None),
        # Excel's days, and what it writes for 9999-12-31
        ("serials", 29220.5, None),
        ("serials", 29221, "1980-01-01"),
        ("serials", 73050.5, "2099-12-31 12:00"),
        ("serials", 73051, None),
        ("serials", 2958465, "9999-12-31"),
        # since 1970 in UTC, told by the clock of Beijing
        ("seconds", 315_532_799, None),
        ("seconds", 315_532_800, "1980-01-01 08:00"),
        ("seconds", 4_102_444_799, "2100-01-01 07:59:59"),
        ("seconds", 4_102_444_800, None),
        ("milliseconds", 315_532_799_999, None),
        ("milliseconds", 315_532_800_000, "1980-01-01 08:00"),
        ("milliseconds", 4_102_444_800_000, None),
    ],
)
def test_how_far_a_bare_number_is_believed(kind, number, time):
    (found,) = numbers_as(np.array([float(number)]), kind, "Asia/Shanghai")
    assert np.isnat(found) if time is None else found == np.datetime64(time)


class TestZones:
    """Days are Beijing's unless another zone is named, and what was turned is told."""

    def test_days_are_those_of_beijing_by_default(self):
        column = pd.Series(pd.to_datetime(["2025-03-10T22:00Z", None]))
        assert days_of(column, "x").tolist() == [day_of("2025-03-11"), NEVER]
        (remark,) = read_times(column, name="recorded_at").order.remarks
        assert remark == (
            "recorded_at: 1 of the 1 times are in another zone (+00:00) and were turned into those of "
            "Asia/Shanghai"
        )

    def test_of_another_zone_where_it_is_named(self):
        written = ["2025-03-10T22:30Z", "2025-07-10T22:30Z", "2025-03-10 22:30"]
        berlin = ["2025-03-10 23:30:00", "2025-07-11 00:30:00", "2025-03-10 22:30:00"]
        assert read(written, tz="Europe/Berlin") == berlin

    def test_times_of_the_zone_itself_are_no_news(self):
        assert time_order(pd.Series(["2025-03-11 01:00:00+08", "2025-03-11"])).remarks == ()

    def test_the_offsets_are_named(self):
        written = ["2025-03-11 01:00-05:00", "2025-03-11 01:00+0530", "2025-03-11 01:00+08"]
        (remark,) = time_order(pd.Series(written), whole=False).remarks
        assert "2 of the first 3 times are in another zone (-05:00, +05:30)" in remark

    def test_epoch_seconds_are_turned_too(self):
        assert read([1704168000], tz="UTC") == ["2024-01-02 04:00:00"]


class TestTypes:
    """Columns of any type, and of several."""

    @pytest.mark.parametrize(
        "value",
        [
            "2025-03-11", dt.date(2025, 3, 11), dt.datetime(2025, 3, 11, 8), pd.Timestamp("2025-03-11 08:00"),
            np.datetime64("2025-03-11"), pd.Timestamp("2025-03-10 22:00", tz="UTC"),
            dt.datetime(2025, 3, 10, 22, tzinfo=dt.UTC),
        ],
    )  # fmt: skip
    def test_the_same_day_in_each(self, value):
        assert days_of(pd.Series([value], dtype=object), "x").tolist() == [day_of("2025-03-11")]
        assert (
            days_of(pd.Series([value, "2025-03-11"], dtype=object), "x").tolist()
            == [day_of("2025-03-11")] * 2
        )

    @pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
    def test_of_any_resolution(self, unit):
        column = pd.Series(pd.to_datetime(["2025-03-11 08:30", None])).astype(f"datetime64[{unit}]")
        reading = read_times(column)
        assert reading.times.dtype == "datetime64[us]"
        assert reading.days.tolist() == [day_of("2025-03-11"), NEVER]

    @pytest.mark.parametrize(
        "column",
        [
            pd.Series([None, None], dtype=object),
            pd.Series([pd.NaT, pd.NaT]),
            pd.Series(["", "  "]),
            pd.Series(["", None], dtype=object),
            pd.Series([np.nan, np.nan]),
            pd.Series([pd.NA, pd.NA], dtype="Int64"),
        ],
    )
    def test_nothing_is_missing_and_no_error(self, column):
        assert days_of(column, "x").tolist() == [NEVER, NEVER]
        assert time_order(column).remarks == ()

    def test_an_empty_column(self):
        for dtype in (object, "str", "float64", "datetime64[ns]"):
            assert days_of(pd.Series([], dtype=dtype), "x").tolist() == []

    def test_categories_are_read_by_what_they_say(self):
        assert days_of(pd.Series(["2025-03-11", None]).astype("category"), "x").tolist() == [
            day_of("2025-03-11"),
            NEVER,
        ]

    def test_index_and_name_stay(self):
        column = pd.Series(["2025-03-11"], index=["row"], name="occurred_at")
        times = read_times(column).times
        assert (times.index.tolist(), times.name) == (["row"], "occurred_at")


class TestAnOrderDecidedOnce:
    """What the first rows showed holds for all, and rows against it are set aside."""

    def test_it_is_applied_and_not_decided_again(self):
        order = time_order(pd.Series(["30/03/2025"]))
        later, wrong = order.days(pd.Series(["03/04/2025", "03/30/2025", "2025-03-11", None]))
        assert later.tolist() == [day_of("2025-04-03"), NEVER, day_of("2025-03-11"), NEVER]
        assert wrong.tolist() == [False, True, False, False]

    def test_what_the_first_rows_did_not_have_is_not_guessed_later(self):
        order = time_order(pd.Series(["2025-03-11"]))
        days, wrong = order.days(pd.Series(["30/03/2025", "45293.5", "20250312"]))
        assert (days[2], wrong.tolist()) == (day_of("2025-03-12"), [True, True, False])
        serials = time_order(pd.Series([45293.5]))
        assert serials.days(pd.Series([20250312, 45294]))[1].tolist() == [True, False]

    def test_it_can_be_sent_to_another_process(self):
        order = time_order(pd.Series(["30/03/2025"]), tz="Europe/Berlin", name="occurred_at")
        assert pickle.loads(pickle.dumps(order)) == order  # noqa: S301
        assert len({order, YEAR_FIRST, YEAR_FIRST}) == 2

    def test_rows_in_another_order_are_read_alike(self):
        written = ["10/03/2025", "2025-03-11", "30/03/2025", "soon", "20250312"]
        mixed = [3, 2, 4, 0, 1]
        assert [read(written)[row] for row in mixed] == read([written[row] for row in mixed])


class TestOneDate:
    """A date given by itself has its year first: nothing shows another order."""

    @pytest.mark.parametrize(
        "value",
        [
            5,
            True,
            5.5,
            None,
            "09/06/2025",
            "30/06/2025",
            "2025",
            "08:30",
            "today",
            "soon",
            "45293",
            "",
            pd.NaT,
        ],
    )
    def test_anything_else_is_refused(self, value):
        with pytest.raises(InputError, match="until must be a date such as 2025-12-31, not"):
            day_of(value, "until")

    @pytest.mark.parametrize(
        ("value", "is_day"),
        [
            ("2025-03-11", True),
            ("20250311", True),
            ("2025年3月11日", True),
            (dt.date(2025, 3, 11), True),
            ("2025-03-11 00:00", False),
            ("20250311083000", False),
            ("2025年3月11日8时", False),
            (dt.datetime(2025, 3, 11), False),
            (pd.Timestamp("2025-03-10T22:00Z"), False),
        ],
    )
    def test_it_is_a_day_or_a_time(self, value, is_day):
        moment = time_of(value, "at")
        assert (moment.is_day, str(moment.time.date())) == (is_day, "2025-03-11")

    def test_it_may_be_of_another_zone(self):
        assert day_of("2025-03-10T22:00Z", tz="Europe/Berlin") == day_of("2025-03-10")
