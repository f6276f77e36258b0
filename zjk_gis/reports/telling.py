"""How numbers and texts are told to a reader, on paper as on the screen."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from zjk_gis.io.spreadsheets import midnight

if TYPE_CHECKING:
    import datetime as dt

__all__ = ["amount", "plain", "share_of", "told", "told_time"]

# What no XML may hold: controls, halves of characters, and two that are none.
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LARGER = {"m²": (1e6, 1e6, "km²"), "m": (1e4, 1e3, "km")}  # from how many on it is told in which unit


def plain(text: str) -> str:
    r"""Replace the characters that neither a page nor a workbook can hold.

    Examples
    --------
    >>> plain("a\x00b\ud800")
    'a�b�'
    """
    return _NO_TEXT.sub("\ufffd", text)


def told_time(created: dt.datetime | None) -> str:
    """Tell when something was made, to the minute; by default the day, so that a day's files are the same.

    Examples
    --------
    >>> import datetime as dt
    >>> told_time(dt.datetime(2026, 1, 2, 3, 4))
    '2026-01-02 03:04'
    """
    return midnight().strftime("%Y-%m-%d") if created is None else created.strftime("%Y-%m-%d %H:%M")


def told(kind: str, cell: Any) -> str:
    """Write a cell as a reader expects it.

    Parameters
    ----------
    kind : str
        See `SheetColumn`.
    cell : object
        Of that kind; None where there is none.

    Returns
    -------
    str

    Examples
    --------
    >>> told("share", 0.25), told("measure", 1234.5), told("number", 0.5), told("text", None)
    ('25.0%', '1,234.5', '0.5', '')
    """
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if kind == "share":
        return share_of(cell)
    formats = {
        "degrees": ".6f",
        "measure": ",.1f",
        "integer": ",.0f",
        "year": ".0f",
        "date": "%Y-%m-%d",
        "datetime": "%Y-%m-%d %H:%M",
    }
    if kind in formats:
        return format(cell, formats[kind])
    if isinstance(cell, float):
        return f"{cell:,.{1 if abs(cell) >= 1000 else 3}f}".rstrip("0").rstrip(".")
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def share_of(ratio: float) -> str:
    """Write a share so that nearly all is not told as all, nor hardly any as none.

    Examples
    --------
    >>> share_of(0.25), share_of(0.99997), share_of(0.0002), share_of(1.0)
    ('25.0%', '99.997%', '0.02%', '100%')
    """
    if ratio in (0.0, 1.0):
        return f"{ratio:.0%}"
    for digits in (1, 2, 3):
        text = f"{ratio:.{digits}%}"
        if float(text[:-1]) not in (0.0, 100.0):
            return text
    return "<0.001%" if 0 < ratio < 1 / 2 else ">99.999%" if 1 / 2 < ratio < 1 else f"{ratio:.1%}"


def amount(value: float, unit: str) -> str:
    """Write an amount with its unit, large areas and lengths in kilometres.

    Examples
    --------
    >>> amount(20000, ""), amount(12_345_678.9, "m²"), amount(850.26, "m")
    ('20,000', '12.35 km²', '850.3 m')
    """
    start, size, larger = _LARGER.get(unit, (math.inf, 1.0, unit))
    if abs(value) >= start:
        return f"{value / size:,.2f} {larger}"
    digits = 0 if float(value).is_integer() else 1 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f} {plain(unit)}".rstrip()
