"""The times of incidents: how each case stands is chosen first, then its times are walked to that.

The walk goes over working time a period at a time, in plain Python, so that it shares nothing with
`zjk_gis.assess`, whose answers it is to judge; only the days off come from the same table.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.standards import rules_table
from zjk_gis.synth.offices import FIRST_DAY, LAST_DAY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = [
    "CASE_TIMES", "LIMITS", "WorkingWalk", "limits_table", "read_clock", "title_of", "walk_cases", "written",
]  # fmt: skip

# How long each class may take in this invented city: no real city's rule.
LIMITS: dict[str, tuple[int, str]] = {
    "0101": (10, "工作日"),
    "0102": (4, "工作时"),
    "0103": (1, "工作日"),
    "0104": (4, "工作时"),
    "0110": (5, "工作日"),
    "0304": (1, "工作日"),
    "0305": (4, "工作时"),
    "0401": (2, "紧急工作时"),
    "0402": (4, "紧急工作时"),
    "0403": (2, "紧急工作时"),
    "0404": (2, "自然日"),
    "0405": (4, "紧急工作时"),
    "0406": (6, "紧急工作时"),
    "0501": (2, "工作时"),
    "0504": (4, "工作时"),
    "0505": (2, "工作时"),
    "0506": (4, "工作时"),
    "2101": (5, "工作日"),
    "2102": (5, "工作日"),
    "2103": (5, "工作日"),
    "2104": (5, "工作日"),
    "2105": (5, "工作日"),
}
# Classes of the local extension: what is planted in places has them to itself.
_EXTENSION = {
    "2101": "毁绿种菜",
    "2102": "飞线充电",
    "2103": "私设地锁",
    "2104": "僵尸车",
    "2105": "占用盲道",
}
# The columns of times, as the bureau calls them.
CASE_TIMES = ("立案时间", "截止时间", "延期截止时间", "处置时间", "结案时间")

_HOUR, _DAY = 3600, 86_400
_PERIODS = ((8 * _HOUR, 12 * _HOUR), (14 * _HOUR, 18 * _HOUR))
_WORKING_DAY = sum(end - begin for begin, end in _PERIODS)
_SECONDS = {"紧急工作时": _HOUR, "工作时": _HOUR, "工作日": _WORKING_DAY, "自然日": _DAY}
_WORKED = ("工作时", "工作日")
_ORIGIN = pd.Timestamp(FIRST_DAY)
_END = int((pd.Timestamp(LAST_DAY) - _ORIGIN).total_seconds()) + _DAY  # when the table was sent
_NEVER = -1

# Shares of cases, but for those handled in time: that is the rest.
_VOID, _SUSPENDED, _UNTOUCHED, _LATE = 0.02, 0.02, 0.012, 0.10
_EXTENDED, _REWORKED = 0.04, 0.06


@dataclass(slots=True)
class WorkingWalk:
    """Working time as a list of periods, through which one walks.

    Attributes
    ----------
    begins, ends : list of int
        Of each period, in seconds from the first day of the sample.

    Examples
    --------
    >>> walk = WorkingWalk()
    >>> written(walk.after(read_clock("2025-01-27 17:00"), 4, "工作时"))
    '2025-02-05 11:00:00'
    """

    begins: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        special = rules_table("workdays").set_index("date")["kind"].to_dict()
        for day in pd.date_range(FIRST_DAY, f"{pd.Timestamp(LAST_DAY).year + 1}-12-31"):
            kind = special.get(f"{day:%Y-%m-%d}", "休" if day.day_of_week in (5, 6) else "班")
            if kind == "班":
                midnight = int((day - _ORIGIN).total_seconds())
                self.begins += [midnight + begin for begin, _ in _PERIODS]
                self.ends += [midnight + end for _, end in _PERIODS]

    def after(self, start: int, amount: float, clock: str) -> int:
        """Return the second at which so much time has passed since `start`, by a clock."""
        left = int(amount * _SECONDS[clock])
        if clock not in _WORKED:
            return start + left
        at = bisect_right(self.ends, start)
        while True:
            begin = max(start, self.begins[at])
            if left <= self.ends[at] - begin:
                return begin + left
            left -= self.ends[at] - begin
            at += 1


def limits_table() -> pd.DataFrame:
    """Return how long each class may take, as `zjk_gis.assess.deadlines` reads it.

    Examples
    --------
    >>> limits_table().iloc[1].astype(str).tolist()
    ['0102', '暴露垃圾', '4', '工作时']
    """
    rows = [(code, title_of(code), amount, clock) for code, (amount, clock) in LIMITS.items()]
    return pd.DataFrame(rows, columns=["event_code", "event_name", "deadline", "clock"])


def title_of(event: str) -> str:
    """Return what a class of incidents is called.

    Examples
    --------
    >>> title_of("0102"), title_of("2102")
    ('暴露垃圾', '飞线充电')
    """
    return _EXTENSION.get(event) or str(_names()[event])


@cache
def _names() -> dict[str, str]:
    return dict(rules_table("events")[["event_code", "event_name"]].itertuples(index=False, name=None))


def read_clock(time: str) -> int:
    """Return the seconds from the first day of the sample to a time."""
    return int((pd.Timestamp(time) - _ORIGIN).total_seconds())


def written(second: int) -> str:
    """Write a time as the bureau does; empty where there is none.

    Examples
    --------
    >>> written(90), written(-1)
    ('2024-01-01 00:01:30', '')
    """
    return "" if second == _NEVER else f"{_ORIGIN + pd.Timedelta(seconds=second):%Y-%m-%d %H:%M:%S}"


@dataclass(slots=True)
class _Course:
    """How one case went: what is written of it, and how it stands on the last day."""

    state: str = "结案"
    stands: str = "in_time"
    times: tuple[int, ...] = (_NEVER,) * len(CASE_TIMES)
    reworked: int = 0


def walk_cases(
    occurred: NDArray[np.int64],
    events: Iterable[str],
    streets: NDArray[np.object_],
    luck: NDArray[np.float64],
    pace: NDArray[np.float64],
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, list[str]]:
    """Give every case its times.

    Parameters
    ----------
    occurred : ndarray of int64
        Seconds from the first day of the sample.
    events : iterable of str
        Codes of `LIMITS`.
    streets : ndarray of str
        Some are slower than others, and all got better in the second year.
    luck, pace : ndarray of float64
        From 0 to 1, how the case went; and exponential, how long its handling took.
    rng : Generator

    Returns
    -------
    table : DataFrame
        ``案件状态``, the columns of `CASE_TIMES` and ``返工次数``.
    stands : list of str
        How each stands at the end of the last day, as `zjk_gis.assess.deadlines` calls it.
    """
    names = sorted({*streets})
    slow = dict(zip(names, rng.uniform(0.4, 1.8, len(names)), strict=True))
    draws = rng.random((len(occurred), 5))
    walk = WorkingWalk()
    courses = [
        _course(walk, int(o), event, slow[street] * (1.25 - 0.5 * o / _END), float(u), float(p), draw)
        for o, event, street, u, p, draw in zip(occurred, events, streets, luck, pace, draws, strict=True)
    ]
    columns = {name: [written(course.times[at]) for course in courses] for at, name in enumerate(CASE_TIMES)}
    return (
        pd.DataFrame(
            {
                "案件状态": [course.state for course in courses],
                **columns,
                "返工次数": [course.reworked for course in courses],
            }
        ),
        [course.stands for course in courses],
    )


def _course(
    walk: WorkingWalk,
    occurred: int,
    event: str,
    slow: float,
    luck: float,
    pace: float,
    draw: NDArray[np.float64],
) -> _Course:
    """Choose how a case went, and walk its times to that; what lies behind the end has not happened yet."""
    amount, clock = LIMITS[event]
    filed = occurred + 180 + int(draw[0] * 90 * 60)
    if luck < _VOID / 2 or filed > _END:  # refused, or only just reported
        return _Course("作废", "void") if luck < _VOID / 2 else _Course("受理", "not_filed")
    due = walk.after(filed, amount, clock)
    if luck < _VOID:
        return _Course("作废", "void", (filed, due, _NEVER, _NEVER, _NEVER))
    if luck < _VOID + _SUSPENDED:
        return _Course("挂账", "suspended", (filed, due, _NEVER, _NEVER, _NEVER))
    luck -= _VOID + _SUSPENDED
    is_untouched = luck < _UNTOUCHED
    is_late = luck < _UNTOUCHED + _LATE * slow
    allowed, extended = amount, _NEVER
    if draw[1] < _EXTENDED:
        allowed, extended = 2 * amount, walk.after(filed, 2 * amount, clock)
    share = 1.02 + pace * 1.5 if is_late else (1 - 0.95 * float(np.exp(-pace))) ** 1.6
    handled = _NEVER if is_untouched else walk.after(filed, share * allowed, clock)
    closed = handled if is_untouched else walk.after(handled, 0.05 + 1.5 * draw[2] ** 2, "工作时")
    last = max(due, extended)
    is_open = is_untouched or handled > _END
    stands = "not_due" if is_open and last >= _END else "overdue" if is_late or is_open else "in_time"
    if is_open:
        state = "处置" if draw[3] < 0.6 else "派遣"
        return _Course(state, stands, (filed, due, extended, _NEVER, _NEVER))
    reworked = int(draw[4] < _REWORKED * slow) + int(draw[4] < 0.15 * _REWORKED * slow)
    if closed > _END or draw[3] > 0.985:
        return _Course("核查", stands, (filed, due, extended, handled, _NEVER), reworked)
    return _Course("结案", stands, (filed, due, extended, handled, closed), reworked)
