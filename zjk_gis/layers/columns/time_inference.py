"""What a column of dates and times shows of how it is written: rules 2 to 4 of the module `times`.

Each function judges the cells of a column, and tells what it inferred (``remarks``) or why it cannot
(``refusals``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.errors import name_rows
from zjk_gis.layers.columns.time_cells import numbers_as
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.layers.columns.time_cells import NumberKind, TimeCells

__all__ = ["decide_numbers", "decide_order", "shown", "zones_said"]

# In the words of the catalogue of sentences.
_KIND_NAMES: dict[NumberKind, str] = {
    "calendar": "dates written yyyymmdd",
    "serials": "days as Excel counts them",
    "seconds": "seconds since 1970 (UTC)",
    "milliseconds": "milliseconds since 1970 (UTC)",
}


def decide_order(
    cells: TimeCells,
    values: pd.Series,
    *,
    name: str,
    dayfirst: bool | None,
    refusals: list[str],
    remarks: list[str],
) -> bool | None:
    """Tell which comes first, day or month, from the rows that can be read one way only."""
    if dayfirst is not None:
        return dayfirst
    by_day, by_month = ~np.isnat(cells.day_first), ~np.isnat(cells.month_first)
    day_only, month_only = by_day & ~by_month, by_month & ~by_day
    either = by_day & by_month & (cells.day_first != cells.month_first)
    if day_only.any() and month_only.any():
        refusals.append(
            tr(
                "{name}: some dates can only be read day first ({days}), others only month first ({months}); "
                "write them as 2025-12-31",
                name=name,
                days=_rows(values, day_only),
                months=_rows(values, month_only),
            )
        )
        return None
    if day_only.any() or month_only.any():
        dayfirst = bool(day_only.any())
        proof = day_only if dayfirst else month_only
        remarks.append(
            tr(
                "{name}: dates such as {shown} were read {value} first, as {proof} of {by_day} can "
                "be read in no other way ({rows})",
                name=name,
                shown=shown(values, proof),
                value=tr("day") if dayfirst else tr("month"),
                proof=int(proof.sum()),
                by_day=int((by_day | by_month).sum()),
                rows=name_rows(values.index[proof]),
            )
        )
        return dayfirst
    if either.any():
        refusals.append(
            tr(
                "{name}: {count} of {whole} values can be read day first or month first ({rows}); write them "
                "as 2025-12-31, or say which with dayfirst=True, dayfirst=False or time_format='%d/%m/%Y'",
                name=name,
                count=int(either.sum()),
                whole=len(values),
                rows=_rows(values, either),
            )
        )
    return None


def decide_numbers(
    cells: TimeCells,
    values: pd.Series,
    *,
    name: str,
    tz: str,
    whole: bool,
    refusals: list[str],
    remarks: list[str],
) -> NumberKind:
    """Tell what the numbers of a column count."""
    is_number = ~np.isnan(cells.number)
    kinds: dict[NumberKind, NDArray[np.bool_]] = {}
    for each in _KIND_NAMES if is_number.any() else ():
        fits = ~np.isnat(numbers_as(cells.number, each, tz))
        if fits.any():
            kinds[each] = fits
    if not kinds:
        return "calendar"
    others = is_number & ~np.logical_or.reduce(list(kinds.values()))
    kind, fits = next(iter(kinds.items()))
    if len(kinds) == 1 and (kind == "calendar" or not others.any()):
        read = pd.Timestamp(numbers_as(cells.number[fits][:1], kind, tz)[0])
        some = "" if whole else tr("of the first rows ")
        remarks.append(
            tr(
                "{name}: {fits} numbers {some}were read as {kind_names} (such as {shown}: {read})",
                name=name,
                fits=int(fits.sum()),
                some=some,
                kind_names=tr(_KIND_NAMES[kind]),
                shown=shown(values, fits),
                read=read,
            )
        )
        return kind
    read_as = [(tr(_KIND_NAMES[each]), mask) for each, mask in kinds.items()]
    read_as += [(tr("something else"), others)] if others.any() else []
    refusals.append(
        tr(
            "{name}: its numbers are not of one kind, but could be {kinds}; write them as 2025-12-31",
            name=name,
            kinds=listed(
                tr("{kind} ({rows})", kind=kind, rows=_rows(values, mask)) for kind, mask in read_as
            ),
        )
    )
    return "undecided"


def zones_said(
    cells: TimeCells,
    times: NDArray[np.datetime64],
    wall: NDArray[np.datetime64],
    *,
    name: str,
    tz: str,
    whole: bool,
) -> list[str]:
    """Say how many times were turned from another zone's clock, and from which."""
    moved = ~np.isnan(cells.offset) & ~np.isnat(times) & (wall != times)
    if not moved.any():
        return []
    count, of = int(moved.sum()), int(cells.present.sum())
    zones = listed(map(_offset_text, np.unique(cells.offset[moved]).tolist()))
    return [
        tr(
            "{name}: {count} of the {of} times are in another zone ({zones}) and were turned into those of "
            "{tz}",
            name=name,
            count=count,
            of=of,
            zones=zones,
            tz=tz,
        )
        if whole
        else tr(
            "{name}: {count} of the first {of} times are in another zone ({zones}) and were turned into "
            "those of {tz}",
            name=name,
            count=count,
            of=of,
            zones=zones,
            tz=tz,
        )
    ]


def _offset_text(seconds: float) -> str:
    minutes = round(abs(seconds) / 60)
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def _rows(values: pd.Series, mask: NDArray[np.bool_]) -> str:
    return tr("{rows}, such as {value}", rows=name_rows(values.index[mask]), value=shown(values, mask))


def shown(values: pd.Series, mask: NDArray[np.bool_]) -> str:
    """Return the first of some values as a person would write it."""
    return repr(values[mask].iloc[[0]].tolist()[0])
