"""The id of a figure: which month, what is measured, of whom. It is safe in paths, addresses and commands.

``2025-11/closed_rate/130703`` is the rate of one area, ``2025-11/closed_rate/all`` that of the whole city and
``2025-11/handled_in_time_rate/130703+event_code=0102`` that of one trade in it. Codes of another column than
the one by which areas are compared carry its name. In a code, all but letters, digits, ``-`` and ``_`` is
written as ``~`` and the two hexadecimal digits of each byte; a lone ``~`` stands for no code at all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zjk_gis.errors import InputError
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["ALL", "encoded", "figure_id", "parsed", "subject_key"]

ALL, _NOBODY = "all", "~"
_ESCAPED = re.compile(r"~([0-9A-F]{2})")


def encoded(code: str | None) -> str:
    """Write a code so that it can stand in an id.

    Examples
    --------
    >>> encoded("130703"), encoded("桥西"), encoded("../a b"), encoded(None), encoded("all")
    ('130703', '桥西', '~2E~2E~2Fa~20b', '~', '~61ll')
    """
    if code is None:
        return _NOBODY
    if code == ALL:
        return _byte(code[0]) + code[1:]
    return "".join(mark if mark.isalnum() or mark in "-_" else _byte(mark) for mark in code)


def subject_key(codes: Iterable[tuple[str, str | None]], by: Sequence[str]) -> str:
    """Write whom a figure is about: codes by their columns, ``all`` where there are none.

    Examples
    --------
    >>> subject_key([("district_code", "130703"), ("event_code", "0102")], ["district_code"])
    '130703+event_code=0102'
    """
    parts = [
        encoded(code) if column in by else f"{encoded(column)}={encoded(code)}" for column, code in codes
    ]
    return "+".join(parts) or ALL


def figure_id(month: str, indicator: str, subject: str) -> str:
    """Return the id of a figure.

    Examples
    --------
    >>> figure_id("2025-11", "closed_rate", "130703")
    '2025-11/closed_rate/130703'
    """
    return f"{month}/{encoded(indicator)}/{subject}"


def parsed(figure: str, by: Sequence[str]) -> tuple[str, str, dict[str, str | None]]:
    """Return month, indicator and the codes by column that an id names.

    Examples
    --------
    >>> parsed("2025-11/closed_rate/130703+event_code=0102", ["district_code"])
    ('2025-11', 'closed_rate', {'district_code': '130703', 'event_code': '0102'})
    """
    parts = figure.split("/")
    if len(parts) != 3 or not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", parts[0]) or not all(parts):
        raise InputError(
            tr(
                "{figure!r} is not the id of a figure; it looks like 2025-11/closed_rate/130703",
                figure=figure,
            )
        )
    month, indicator, subject = parts
    codes: dict[str, str | None] = {}
    own = iter(by)
    for part in [] if subject == ALL else subject.split("+"):
        column, equals, code = part.rpartition("=")
        name = _decoded(column) if equals else next(own, None)
        if name is None:
            raise InputError(
                tr("{figure!r}: {code} is of no column; figures are by {by}",
                   figure=figure, code=part, by="+".join(by))
            )  # fmt: skip
        codes[str(name)] = _decoded(code)
    return month, str(_decoded(indicator)), codes


def _byte(mark: str) -> str:
    return "".join(f"~{byte:02X}" for byte in mark.encode("utf-8", "surrogatepass"))


def _decoded(text: str) -> str | None:
    if text == _NOBODY:
        return None
    raw = _ESCAPED.sub(lambda found: chr(0xE100 + int(found[1], 16)), text)
    data = b"".join(
        bytes([ord(mark) - 0xE100]) if 0xE100 <= ord(mark) < 0xE200 else mark.encode("utf-8") for mark in raw
    )
    return data.decode("utf-8", "surrogatepass")
