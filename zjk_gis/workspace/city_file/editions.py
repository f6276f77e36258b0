"""Of which day a file is: by its name and its folders', or else by when it was changed."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DAY", "date_in", "edition_of", "named_day"]

DAY = re.compile(
    r"(?<!\d)((?:19|20)\d\d)(?:([-._/])(\d{1,2})(?:\2(\d{1,2}))?|年(\d{1,2})月(?:(\d{1,2})日)?|(\d\d)(\d\d)?)(?!\d)"
)


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
