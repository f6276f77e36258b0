"""Who holds a piece of ground when: periods of zones turned into a history without gaps or repeats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.errors import InputError, name_rows
from zjk_gis.layers.columns.periods import ALWAYS, NEVER, validity_days
from zjk_gis.words import listed, tr

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
    2025-03-01 至 2025-03-14 无人负责，共 14 天；此前由 A 负责，此后由 B 负责
    >>> print(told(Spell(20148, ALWAYS, ("A", "B")), (), (), "en"))
    from 2025-03-01 on A and B answer at the same time
    """
    who = _who(spell.codes, lang)
    if chiefs:
        names = listed(chiefs.split(";"), lang=lang)
        who = tr("{who} (chief {names})", who=who, names=names, lang=lang)
    text = tr("{when} {who}", when=_when(spell, lang), who=who, lang=lang)
    if spell.first != NEVER and spell.last != ALWAYS:
        days = spell.last - spell.first + 1
        text += tr(", 1 day", lang=lang) if days == 1 else tr(", {days:,} days", days=days, lang=lang)
    sides = []
    if before:
        sides.append(tr("before {codes}", codes=_together(before, lang), lang=lang))
    if after:
        sides.append(tr("after {codes}", codes=_together(after, lang), lang=lang))
    return (
        tr("{text}; {sides}", text=text, sides=tr(", ", lang=lang).join(sides), lang=lang) if sides else text
    )


def _day(number: int) -> str:
    return str(np.datetime64(number, "D"))


def _when(spell: Spell, lang: Language) -> str:
    """Say from which day to which, by the sides that are open."""
    first, last = _day(spell.first), _day(spell.last)
    if spell.first == NEVER and spell.last == ALWAYS:
        return tr("at all times", lang=lang)
    if spell.first == NEVER:
        return tr("until {last}", last=last, lang=lang)
    if spell.last == ALWAYS:
        return tr("from {first} on", first=first, lang=lang)
    if spell.first == spell.last:
        return tr("on {first}", first=first, lang=lang)
    return tr("from {first} to {last}", first=first, last=last, lang=lang)


def _who(codes: tuple[str, ...], lang: Language) -> str:
    if not codes:
        return tr("nobody answers", lang=lang)
    if len(codes) == 1:
        return tr("{code} answers", code=codes[0], lang=lang)
    return tr("{codes} answer at the same time", codes=_together(codes, lang), lang=lang)


def _together(codes: tuple[str, ...], lang: Language) -> str:
    return tr(" and ", lang=lang).join(codes)
