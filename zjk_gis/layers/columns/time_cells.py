"""What the cells of a column of dates and times say by themselves, before anything is decided for all."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BEIJING", "NumberKind", "TimeCells", "names_whole_day", "numbers_as", "on_clock", "today"]

BEIJING = "Asia/Shanghai"


def today() -> dt.date:
    """Return the day in Beijing, whatever the clock of the machine is set to: a server's may be London's.

    Examples
    --------
    >>> today() == dt.datetime.now(dt.timezone(dt.timedelta(hours=8))).date()
    True
    """
    return dt.datetime.now(ZoneInfo(BEIJING)).date()


NumberKind = Literal["calendar", "serials", "seconds", "milliseconds", "undecided"]

_CLOCK = (
    r"(?:(?P<half>上午|下午) ?)?(?P<hour>[0-9]{1,2})"
    r"(?::(?P<minute>[0-9]{1,2})(?::(?P<second>[0-9]{1,2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"|[时点] ?(?:(?P<minute_zh>[0-9]{1,2})分? ?(?:(?P<second_zh>[0-9]{1,2})秒)?)?|(?<=[T ][0-9]{2}))"
    r"(?: ?(?P<meridiem>[AaPp][Mm]))?"
)
_ZONE = r"(?P<zone>[Zz]|UTC|GMT|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9](?::?[0-5][0-9])?)?)"
_DAY_ZONE = r"(?:[Zz]|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"  # as web services write days: the day stays that day
_YEAR_FIRST = re.compile(
    r"(?P<year>[0-9]{4})(?:"
    r"(?P<between>[-/.])(?P<month>[0-9]{1,2})(?P=between)(?P<day>[0-9]{1,2})(?=[ TZz+-]|$)"
    r"| ?年 ?(?P<month_zh>[0-9]{1,2}) ?月 ?(?P<day_zh>[0-9]{1,2}) ?(?:[日号]|(?= |$))"
    r"|(?P<month_plain>[0-9]{2})(?P<day_plain>[0-9]{2})(?=[ T])"
    rf")(?:[ T]*(?:{_CLOCK}|(?<=T)(?P<basic>[0-9]{{4}}(?:[0-9]{{2}})?)) ?{_ZONE}?|{_DAY_ZONE})?"
)
_YEAR_LAST = re.compile(
    r"(?P<first>[0-9]{1,2})(?P<between>[-/.])(?P<second_part>[0-9]{1,2})(?P=between)(?P<year>[0-9]{4})"
    rf"(?:[ T]+{_CLOCK} ?{_ZONE}?)?"
)
# What most programs write; the parser of pandas reads these at once, and in no other order.
_PLAIN = re.compile(
    r"(?P<plain>(?!0000)[0-9]{4}(?P<between>[-/.])[0-9]{1,2}(?P=between)[0-9]{1,2}"
    r"(?:[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?P<clock>))?)"
    rf"(?:(?(clock) ?{_ZONE}|{_DAY_ZONE}))?"
)
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")

_US = "datetime64[us]"
_NAT = np.datetime64("NaT", "us")
_FIRST, _AFTER_LAST = np.datetime64("0001-01-01", "us"), np.datetime64("10000-01-01", "us")  # of the calendar
_EPOCH = np.datetime64("1970-01-01", "us")
_EXCEL_EPOCH = np.datetime64("1899-12-30", "us")
_EXCEL_LAST = 2_958_465  # 9999-12-31, written for "until further notice"
_COMPACT_YEARS, _LAST_COMPACT = (1900, 2099), 99_991_231
_BEYOND = 10**18  # no time is written as so great a number, and a float may not hold a greater one
_PLAUSIBLE = (1980, 2099)  # years in which a bare number is believed to be a time


@dataclass(frozen=True, slots=True)
class TimeCells:
    """A column taken apart: what each row holds, before anything is decided for all of them.

    Attributes
    ----------
    present : ndarray of bool
        Which rows hold anything.
    written : ndarray of datetime64[us]
        Times that are clear by themselves, as they stand.
    offset : ndarray of float64
        How many seconds their zone is ahead of UTC; NaN where they have none.
    day_first, month_first : ndarray of datetime64[us]
        What a row with the year last is by either order; missing where it is none by that order.
    number : ndarray of float64
        Numbers, NaN elsewhere.
    """

    present: NDArray[np.bool_]
    written: NDArray[np.datetime64]
    offset: NDArray[np.float64]
    day_first: NDArray[np.datetime64]
    month_first: NDArray[np.datetime64]
    number: NDArray[np.float64]

    @classmethod
    def of(cls, values: pd.Series, time_format: str | None) -> TimeCells:
        """Take a column apart."""
        if isinstance(values.dtype, pd.CategoricalDtype | pd.ArrowDtype):
            values = values.astype(object)
        if pd.api.types.is_datetime64_any_dtype(values.dtype):
            return cls._of_times(values)
        if isinstance(values.dtype, pd.StringDtype):
            codes, texts = pd.factorize(values)
            return cls._of_texts(codes, [_normal(text) for text in texts.tolist()], time_format)
        if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
            if time_format is not None:
                return cls._of_objects(values.astype(object), time_format)
            cells = cls._nothing(values.notna().to_numpy(dtype=bool))
            number = values.to_numpy(dtype=np.float64, na_value=np.nan)
            return replace(cells, number=number)
        return cls._of_objects(values, time_format)

    @classmethod
    def _nothing(cls, present: NDArray[np.bool_]) -> TimeCells:
        size = len(present)
        written, day_first, month_first = (np.full(size, _NAT) for _ in range(3))
        offset, number = (np.full(size, np.nan) for _ in range(2))
        return cls(present, written, offset, day_first, month_first, number)

    @classmethod
    def _of_times(cls, values: pd.Series) -> TimeCells:
        cells = cls._nothing(values.notna().to_numpy())
        if not isinstance(values.dtype, pd.DatetimeTZDtype):
            return replace(cells, written=values.to_numpy().astype(_US))
        wall = values.dt.tz_localize(None).to_numpy().astype(_US)
        utc = values.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype(_US)
        return replace(cells, written=wall, offset=(wall - utc) / np.timedelta64(1, "s"))

    @classmethod
    def _of_objects(cls, values: pd.Series, time_format: str | None) -> TimeCells:
        """Take objects apart by their type; of texts, each different one once."""
        codes = np.full(len(values), -1, dtype=np.int64)
        places: dict[str, int] = {}
        own = cls._nothing(~values.isna().to_numpy(dtype=bool))
        for row, value in enumerate(values.tolist()):
            if not own.present[row] or isinstance(value, bool):
                continue
            if isinstance(value, str):
                codes[row] = places.setdefault(_normal(value), len(places))
            elif isinstance(value, dt.date):
                own.written[row], own.offset[row] = _of_date(value)
            elif isinstance(value, np.datetime64):
                own.written[row] = value.astype(_US)
            elif isinstance(value, int | float | np.integer | np.floating):
                if time_format is None:
                    own.number[row] = np.clip(value, -_BEYOND, _BEYOND)
                else:
                    codes[row] = places.setdefault(str(value).removesuffix(".0"), len(places))
        texts = cls._of_texts(codes, list(places), time_format)
        is_text = codes >= 0
        return replace(
            texts,
            present=np.where(is_text, texts.present, own.present),
            written=np.where(is_text, texts.written, own.written),
            offset=np.where(is_text, texts.offset, own.offset),
            number=np.where(is_text, texts.number, own.number),
        )

    @classmethod
    def _of_texts(cls, codes: NDArray[np.integer], texts: list[str], time_format: str | None) -> TimeCells:
        """Read each different text once, and hand it to the rows that have it; -1 is not text."""
        found = cls._nothing(np.array([text != "" for text in [*texts, ""]], dtype=bool))
        if time_format is None:
            others = _enter_plain(found, texts)
        else:
            for at, text in enumerate(texts):
                found.written[at], found.offset[at] = _by_format(text, time_format)
            puts_year_first = time_format.lstrip()[:2] in ("%Y", "%y")
            others = [] if puts_year_first else np.flatnonzero(np.isnat(found.written[:-1])).tolist()
        for at in others:
            _enter(found, at, texts[at], year_first_only=time_format is not None)
        return cls(**{name: getattr(found, name)[codes] for name in cls.__dataclass_fields__})


def names_whole_day(text: str) -> bool:
    """Tell whether a text with its year first has no clock.

    Examples
    --------
    >>> [names_whole_day(text) for text in ("20251231", "2025-12-31", "20251231083000", "2025年3月11日8时")]
    [True, True, False, False]
    """
    plain = _normal(text)
    found = _YEAR_FIRST.fullmatch(plain)
    return len(plain) == 8 if found is None else found["hour"] is None and found["basic"] is None


def _normal(text: str) -> str:
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip()


def _enter_plain(cells: TimeCells, texts: list[str]) -> list[int]:
    """Enter the texts that are plain, and return which are not; blank ones are neither."""
    matches = [_PLAIN.fullmatch(text) for text in texts]
    rows = [at for at, match in enumerate(matches) if match is not None]
    plain = pd.Series([match["plain"] for match in matches if match is not None], dtype="str")
    cells.written[rows] = pd.to_datetime(plain, format="ISO8601", errors="coerce").to_numpy().astype(_US)
    for at, match in enumerate(matches):
        if match is not None and match.end("plain") < len(texts[at]):
            cells.offset[at] = _seconds_ahead(match["zone"])
    return [at for at in np.flatnonzero(np.isnat(cells.written[: len(texts)])).tolist() if texts[at]]


def _enter(cells: TimeCells, at: int, text: str, *, year_first_only: bool) -> None:
    """Enter what one text that is not plain says."""
    match = _YEAR_FIRST.fullmatch(text)
    if match is not None:
        cells.written[at], cells.offset[at] = _of_year_first(match)
    elif year_first_only:
        return
    elif (match := _YEAR_LAST.fullmatch(text)) is not None:
        one, other, cells.offset[at] = _of_year_last(match)
        cells.day_first[at], cells.month_first[at] = one, other
    elif _NUMBER.fullmatch(text):
        cells.number[at] = float(text)


def _of_date(value: dt.date) -> tuple[np.datetime64, float]:
    """Return a date or time as it stands, and how far its zone is ahead; NaN where it has none."""
    ahead = value.utcoffset() if isinstance(value, dt.datetime) else None
    plain = value.replace(tzinfo=None) if isinstance(value, dt.datetime) else value
    return np.datetime64(plain).astype(_US), np.nan if ahead is None else ahead.total_seconds()


def _of_year_first(match: re.Match[str]) -> tuple[np.datetime64, float]:
    month = match["month"] or match["month_zh"] or match["month_plain"]
    day = match["day"] or match["day_zh"] or match["day_plain"]
    time = _calendar(int(match["year"]), int(month), int(day), _clock(match, match["basic"]))
    return time, _seconds_ahead(match["zone"])


def _of_year_last(match: re.Match[str]) -> tuple[np.datetime64, np.datetime64, float]:
    one, other, year = int(match["first"]), int(match["second_part"]), int(match["year"])
    clock = _clock(match, None)
    return (
        _calendar(year, other, one, clock),
        _calendar(year, one, other, clock),
        _seconds_ahead(match["zone"]),
    )


def _clock(match: re.Match[str], basic: str | None) -> tuple[int, int, int, int] | None:
    """Return hour, minute, second and microsecond; None where they are none."""
    if basic is not None:
        return int(basic[:2]), int(basic[2:4]), int(basic[4:] or 0), 0
    hour = int(match["hour"] or 0)
    half = {"上午": "am", "下午": "pm"}.get(match["half"] or "", (match["meridiem"] or "").lower())
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    minute = int(match["minute"] or match["minute_zh"] or 0)
    second = int(match["second"] or match["second_zh"] or 0)
    return hour, minute, second, int((match["fraction"] or "0").ljust(6, "0")[:6])


def _calendar(year: int, month: int, day: int, clock: tuple[int, int, int, int] | None) -> np.datetime64:
    """Return a time of the calendar; missing where there is no such."""
    if clock is None:
        return _NAT
    try:
        return np.datetime64(dt.datetime(year, month, day, *clock), "us")
    except ValueError:
        return _NAT


@cache
def _seconds_ahead(zone: str | None) -> float:
    if zone is None:
        return np.nan
    if zone in ("Z", "z", "UTC", "GMT"):
        return 0.0
    digits = zone[1:].replace(":", "").ljust(6, "0")
    ahead = int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:])
    return float(-ahead if zone[0] == "-" else ahead)


def _by_format(text: str, time_format: str) -> tuple[np.datetime64, float]:
    """Read a text as a format says; missing where it is not written so."""
    try:
        time = dt.datetime.strptime(text, time_format)
    except ValueError:
        return _NAT, np.nan
    # Digits without anything between them can be cut in several ways; so they must read back the same.
    if text.isdigit() and time.strftime(time_format) != text:
        return _NAT, np.nan
    return _of_date(time)


def numbers_as(number: NDArray[np.float64], kind: NumberKind, tz: str) -> NDArray[np.datetime64]:
    """Read numbers as one kind says; missing where a number cannot be of that kind."""
    if kind == "calendar":
        return _of_digits(number)
    low, high = (np.datetime64(f"{year}-01-01", "us") for year in (_PLAUSIBLE[0], _PLAUSIBLE[1] + 1))
    finite = np.where(np.isfinite(number) & (np.abs(number) < 1e13), number, -1.0)
    if kind == "serials":  # Excel itself keeps milliseconds
        least, most = ((bound - _EXCEL_EPOCH) / np.timedelta64(1, "D") for bound in (low, high))
        fits = ((finite >= least) & (finite < most)) | (finite == _EXCEL_LAST)
        counted = np.round(np.where(fits, finite, 0.0) * 86_400_000).astype(np.int64)
        return np.where(fits, _EXCEL_EPOCH + counted.astype("timedelta64[ms]"), _NAT)
    scale = 1e6 if kind == "seconds" else 1e3
    least, most = ((bound - _EPOCH) / np.timedelta64(1, "us") / scale for bound in (low, high))
    fits = (finite >= least) & (finite < most)
    counted = np.round(np.where(fits, finite, 0.0) * scale).astype(np.int64)
    utc = np.where(fits, _EPOCH + counted.astype("timedelta64[us]"), _NAT)
    return on_clock(utc, np.zeros(len(utc)), tz)


def _of_digits(number: NDArray[np.float64]) -> NDArray[np.datetime64]:
    """Read yyyymmdd, yyyymmddHHMM and yyyymmddHHMMSS."""
    whole = np.where(
        np.isfinite(number) & (np.abs(number) < 1e14) & (number == np.floor(number)), number, 0.0
    )
    stamp = whole.astype(np.int64)
    for digits, missing in ((8, 6), (12, 2)):
        stamp = np.where((stamp >= 10 ** (digits - 1)) & (stamp < 10**digits), stamp * 10**missing, stamp)
    date, clock = stamp // 10**6, stamp % 10**6
    year, month, day = date // 10_000, date // 100 % 100, date % 100
    first = np.datetime64("1970-01", "M") + ((year - 1970) * 12 + month - 1).astype("timedelta64[M]")
    days = first.astype("datetime64[D]") + (day - 1).astype("timedelta64[D]")
    fits = ((year >= _COMPACT_YEARS[0]) & (year <= _COMPACT_YEARS[1])) | (date == _LAST_COMPACT)
    fits &= (month >= 1) & (month <= 12) & (day >= 1) & (days.astype("datetime64[M]") == first)
    hour, minute, second = clock // 10_000, clock // 100 % 100, clock % 100
    fits &= (hour < 24) & (minute < 60) & (second < 60)
    seconds = (hour * 60 + minute) * 60 + second
    return np.where(fits, days.astype(_US) + seconds.astype("timedelta64[s]"), _NAT)


def on_clock(written: NDArray[np.datetime64], offset: NDArray[np.float64], tz: str) -> NDArray[np.datetime64]:
    """Turn times with an offset into the clock of a zone; those without one stand as they are."""
    zoned = np.flatnonzero(~np.isnan(offset) & ~np.isnat(written))
    if not len(zoned):
        return written
    utc = written[zoned] - np.round(offset[zoned]).astype(np.int64).astype("timedelta64[s]")
    local = pd.DatetimeIndex(utc).tz_localize("UTC").tz_convert(tz).tz_localize(None)
    local_us = local.to_numpy().astype(_US)
    result = written.copy()
    result[zoned] = np.where((local_us >= _FIRST) & (local_us < _AFTER_LAST), local_us, _NAT)
    return result
