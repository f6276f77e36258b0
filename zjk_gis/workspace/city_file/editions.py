"""Of which day a file is: by its name and its folders', or else by when it was changed; and what it corrects.

The name of a correction ends with a word for it (``责任区_更正.shp``), the number of a version
(``责任区_v2.shp``) or that of another download (``责任区(1).shp``); so may that of its folder. It is then
read in place of the file without that ending, if both are of one day.
"""

from __future__ import annotations

import datetime as dt
import re
from itertools import zip_longest
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DAY", "correction_in", "corrects", "date_in", "edition_of", "latest_day", "marks_of", "named_day"]

Marks: TypeAlias = tuple[tuple[str, int], ...]

DAY = re.compile(
    r"(?<!\d)((?:19|20)\d\d)(?:([-._/])(\d{1,2})(?:\2(\d{1,2}))?|年(\d{1,2})月(?:(\d{1,2})日)?|(\d\d)(\d\d)?)(?!\d)"
)
_CORRECTION = re.compile(
    r"[\s_.·\-－—–]*(?:"
    r"(?P<word>(?:更正|勘误|修正|修改|修订|订正|补正|改正)[版件稿后]?|(?:最?终|定)[版稿]"
    r"|(?<![a-z])(?:corrected|correction|revised|final))\s*(?P<time>\d{0,3})"
    r"|(?<![a-z])v(?P<version>\d{1,3})"
    r"|[(（]\s*(?P<copy>\d{1,3})\s*[)）]"
    r")$",
    re.IGNORECASE,
)
_TAIL = re.compile(r"[\s_.·\-－—–]+$")


def date_in(name: str) -> dt.date | None:
    """Return the last day that a name tells; a month means its first day.

    Examples
    --------
    >>> [str(date_in(name)) for name in ("2025-03-07", "责任区20250307", "2025年3月", "第12批", "2025-13-40")]
    ['2025-03-07', '2025-03-07', '2025-03-01', 'None', 'None']
    """
    day = None
    for found in DAY.finditer(name):
        year, _, *rest = found.groups()
        month, on = next((pair for pair in zip(rest[::2], rest[1::2], strict=True) if pair[0]), ("1", None))
        try:
            day = dt.date(int(year), int(month), int(on or 1))
        except ValueError:
            continue
    return day


def named_day(path: Path, folder: Path) -> dt.date | None:
    """Return the day that a file's name tells, or else that of its folders, the innermost first.

    Examples
    --------
    >>> from pathlib import Path
    >>> str(named_day(Path("收件/2025-03-07/责任区.shp"), Path("收件")))
    '2025-03-07'
    """
    inside = path.relative_to(folder) if path.is_relative_to(folder) else path
    days = (date_in(name) for name in (path.stem, *reversed(inside.parent.parts)))
    return next((day for day in days if day is not None), None)


def edition_of(path: Path, folder: Path, *, by_name: bool = True) -> dt.date:
    """Return of which day a file is.

    Parameters
    ----------
    path : Path
    folder : Path
        Whose own name and whose parents' count for nothing.
    by_name : bool, default True
        Whether the file's name is asked, then those of its folders from the innermost.
    """
    day = named_day(path, folder) if by_name else None
    if day is not None:
        return day
    return dt.datetime.fromtimestamp(path.stat().st_mtime, tz=dt.UTC).astimezone().date()


def latest_day(at: dt.date) -> dt.date:
    """Return the latest day of which a file can be that is there on a day: clocks elsewhere may be ahead.

    Examples
    --------
    >>> str(latest_day(dt.date(2025, 11, 4)))
    '2025-11-05'
    """
    return at + dt.timedelta(days=1)


def correction_in(name: str) -> tuple[str, Marks]:
    """Return a name without what makes it one of a correction, and that, the first mark first.

    Examples
    --------
    >>> correction_in("责任区_更正"), correction_in("责任区v2(1)")
    (('责任区', (('word', 1),)), ('责任区', (('version', 2), ('copy', 1))))
    >>> correction_in("责任区2025-03-07")
    ('责任区2025-03-07', ())
    """
    marks: list[tuple[str, int]] = []
    while (found := _CORRECTION.search(name)) is not None:
        kind = "word" if found["word"] else "version" if found["version"] else "copy"
        marks.insert(0, (kind, int(found["time"] or found["version"] or found["copy"] or 1)))
        name = name[: found.start()]
    return name, tuple(marks)


def marks_of(path: Path, folder: Path) -> str:
    """Return what the names of a file and its folders say of being a correction; nothing where they do not.

    Examples
    --------
    >>> from pathlib import Path
    >>> marks_of(Path("收件/2025-03-07_更正/责任区(2).shp"), Path("收件"))
    'word1/copy2'
    """
    told = [marks for _, marks in _told(path, folder) if marks]
    return "/".join("".join(f"{kind}{number}" for kind, number in marks) for marks in told)


def corrects(path: Path, other: Path, folder: Path) -> bool:
    """Tell whether a file corrects another of the same day, by their names and those of their folders.

    Parameters
    ----------
    path, other : Path
    folder : Path
        Below which both lie.

    Examples
    --------
    >>> from pathlib import Path
    >>> sent = Path("收件")
    >>> corrects(sent / "责任区_更正.shp", sent / "责任区.shp", sent)
    True
    >>> corrects(sent / "东区_更正.shp", sent / "西区.shp", sent)
    False
    """
    told, others = _told(path, folder), _told(other, folder)
    if [name for name, _ in told] != [name for name, _ in others]:
        return False
    order = [_compared(one, two) for (_, one), (_, two) in zip(told, others, strict=True)]
    return None not in order and -1 not in order and 1 in order


def _told(path: Path, folder: Path) -> list[tuple[str, Marks]]:
    """Return the names below a folder without their days and marks of a correction, and these."""
    inside = path.relative_to(folder) if path.is_relative_to(folder) else path
    found = []
    for name in (*inside.parent.parts, inside.name.removesuffix(inside.suffix)):
        plain, marks = correction_in(_TAIL.sub("", DAY.sub("", name)))
        found.append((_TAIL.sub("", plain).casefold(), marks))
    return found


def _compared(one: Marks, other: Marks) -> int | None:
    """Return 1 where marks are later than others, 0 where they are the same; None where they do not say."""
    for mine, theirs in zip_longest(one, other):
        if mine == theirs:
            continue
        if mine is None or theirs is None:
            return 1 if theirs is None else -1
        if mine[0] != theirs[0]:
            return None
        return 1 if mine[1] > theirs[1] else -1
    return 0
