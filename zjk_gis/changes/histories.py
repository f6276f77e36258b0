"""Who holds a piece of ground when: periods of zones turned into a history without gaps or repeats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.errors import InputError, name_rows
from zjk_gis.layers.columns.periods import ALWAYS, NEVER, validity_days
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.layers.labels import Language

__all__ = ["Spell", "dates_of", "days_between", "history_of", "periods_of", "told"]


@dataclass(frozen=True, slots=True, order=True)
class Spell:
    """A stretch of time through which the same codes hold a piece of ground.

    Attributes
    ----------
    first, last : int
        Day numbers, both included; `NEVER` and `ALWAYS` where a side is open.
    codes : tuple of str
        Sorted; none where nobody holds it.
    """

    first: int
    last: int
    codes: tuple[str, ...]


def history_of(
    claims: Iterable[tuple[str, int, int]], *, first: int = NEVER, last: int = ALWAYS
) -> tuple[Spell, ...]:
    """Turn claims on a piece of ground into spells that follow each other without gap or repeat.

    Parameters
    ----------
    claims : iterable of (str, int, int)
        Code, first and last day of each claim.
    first, last : int
        The days between which the history is told.

    Examples
    --------
    >>> for spell in history_of([("A", 1, 5), ("A", 6, 8), ("B", 8, 9)], first=0, last=12):
    ...     print(spell.first, spell.last, spell.codes)
    0 0 ()
    1 7 ('A',)
    8 8 ('A', 'B')
    9 9 ('B',)
    10 12 ()
    """
    held = [claim for claim in claims if claim[1] <= last and claim[2] >= first]
    starts = {first}
    for _, begin, end in held:
        starts.add(max(begin, first))
        if end < last:
            starts.add(end + 1)
    days = sorted(starts)
    spells: list[Spell] = []
    for day, following in zip(days, [*days[1:], None], strict=True):
        until = last if following is None else following - 1
        codes = tuple(sorted({code for code, begin, end in held if begin <= day <= end}))
        if spells and spells[-1].codes == codes:
            spells[-1] = Spell(spells[-1].first, until, codes)
        else:
            spells.append(Spell(day, until, codes))
    return tuple(spells)


def periods_of(zones: gpd.GeoDataFrame, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return first and last day of each row, and refuse rows that end before they begin.

    Raises
    ------
    InputError
        The message names the rows.
    """
    begins, ends = validity_days(zones, name)
    wrong = begins > ends
    if wrong.any():
        raise InputError(
            tr(
                "{name}: {wrong} of {zones_count} rows have a valid_to before their valid_from "
                "({rows}); put the dates right",
                name=name,
                wrong=int(wrong.sum()),
                zones_count=len(zones),
                rows=name_rows(zones.index[wrong]),
            )
        )
    return begins, ends


def dates_of(days: Sequence[int]) -> pd.Series:
    """Turn day numbers into dates; an open side is missing.

    Examples
    --------
    >>> dates_of([0, NEVER]).tolist()
    [Timestamp('1970-01-01 00:00:00'), NaT]
    """
    numbers = np.array(days, dtype=np.int64)
    numbers = np.where((numbers == NEVER) | (numbers == ALWAYS), NEVER, numbers)  # NEVER is the missing day
    return pd.Series(numbers.astype("datetime64[D]").astype("datetime64[s]"))


def days_between(spells: Iterable[Spell]) -> pd.Series:
    """Count the days of spells; missing where a side is open."""
    return pd.Series(
        [
            None if spell.first == NEVER or spell.last == ALWAYS else spell.last - spell.first + 1
            for spell in spells
        ],
        dtype="Int64",
    )


def told(
    spell: Spell, before: tuple[str, ...], after: tuple[str, ...], lang: Language, chiefs: str = ""
) -> str:
    """Tell a spell in a sentence.

    Examples
    --------
    >>> print(told(Spell(20148, 20161, ()), ("A",), ("B",), "zh"))
    2025-03-01 至 2025-03-14 无人负责,共 14 天;此前由 A 负责,此后由 B 负责
    >>> print(told(Spell(20148, ALWAYS, ("A", "B")), (), (), "en"))
    from 2025-03-01 on A and B answer at the same time
    """
    return _told_zh(spell, before, after, chiefs) if lang == "zh" else _told_en(spell, before, after, chiefs)


def _day(number: int) -> str:
    return str(np.datetime64(number, "D"))


def _told_zh(spell: Spell, before: tuple[str, ...], after: tuple[str, ...], chiefs: str) -> str:
    open_first, open_last = spell.first == NEVER, spell.last == ALWAYS
    if open_first and open_last:
        when = "一直"
    elif open_first:
        when = f"至 {_day(spell.last)} 为止"
    elif open_last:
        when = f"自 {_day(spell.first)} 起"
    elif spell.first == spell.last:
        when = f"{_day(spell.first)} 当天"
    else:
        when = f"{_day(spell.first)} 至 {_day(spell.last)}"
    who = {0: "无人负责", 1: f"由 {''.join(spell.codes)} 负责"}.get(
        len(spell.codes), f"由 {'、'.join(spell.codes)} 同时负责"
    )
    if chiefs:
        who += f"(路长 {chiefs.replace(';', '、')})"
    text = f"{when} {who}"
    if not open_first and not open_last:
        text += f",共 {spell.last - spell.first + 1} 天"
    sides = [
        f"{word}由 {'、'.join(codes)} 负责" for word, codes in (("此前", before), ("此后", after)) if codes
    ]
    return text + (";" + ",".join(sides) if sides else "")


def _told_en(spell: Spell, before: tuple[str, ...], after: tuple[str, ...], chiefs: str) -> str:
    open_first, open_last = spell.first == NEVER, spell.last == ALWAYS
    if open_first and open_last:
        when = "at all times"
    elif open_first:
        when = f"until {_day(spell.last)}"
    elif open_last:
        when = f"from {_day(spell.first)} on"
    elif spell.first == spell.last:
        when = f"on {_day(spell.first)}"
    else:
        when = f"from {_day(spell.first)} to {_day(spell.last)}"
    who = {0: "nobody answers", 1: f"{''.join(spell.codes)} answers"}.get(
        len(spell.codes), f"{' and '.join(spell.codes)} answer at the same time"
    )
    if chiefs:
        who += f" (chief {chiefs.replace(';', ', ')})"
    text = f"{when} {who}"
    if not open_first and not open_last:
        days = spell.last - spell.first + 1
        text += f", {days} day{'s' if days > 1 else ''}"
    sides = [
        f"{word} {' and '.join(codes)}" for word, codes in (("before", before), ("after", after)) if codes
    ]
    return text + ("; " + ", ".join(sides) if sides else "")
