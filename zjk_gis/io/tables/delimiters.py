"""What the cells of a text are separated by, found from its first lines."""

from __future__ import annotations

import csv
import io
import re

__all__ = ["SNIFFED_BYTES", "STAND_IN", "WIDE_COMMA", "first_lines", "sniff_delimiter", "with_commas"]

_DELIMITERS = ",;\t|"
WIDE_COMMA = "\uff0c"
STAND_IN = "\x1f"  # of a delimiter that takes more than one byte, which the scanner cannot have
_SNIFFED_LINES = 50
SNIFFED_BYTES = 1 << 16


def sniff_delimiter(text: str) -> str:
    r"""Return the delimiter of a text: the one that most lines have equally often, outside quotes.

    Parameters
    ----------
    text : str
        The beginning of the file; its first lines are looked at.

    Examples
    --------
    >>> sniff_delimiter("井盖表\nid;wkt\n1;LINESTRING (114 40, 115 41, 115 42)\n")
    ';'
    """
    lines = first_lines(text)
    best, most = _DELIMITERS[0], (0, 0)
    for delimiter in _DELIMITERS:
        counts = [line.count(delimiter) for line in lines]
        present = [count for count in counts if count]
        if present:
            usual = max(set(present), key=lambda count: (present.count(count), count))
            if (present.count(usual), usual) > most:
                best, most = delimiter, (present.count(usual), usual)
    return best


def first_lines(text: str) -> list[str]:
    """Return the first lines that hold anything, without what stands in quotes."""
    bare = re.sub(r'"[^"]*"', "", text[:SNIFFED_BYTES])
    return [line for line in bare.splitlines() if line.strip()][:_SNIFFED_LINES]


def with_commas(text: str) -> str:
    """Write a text whose cells are separated by full-width commas with plain ones."""
    most = csv.field_size_limit(max(len(text), 1 << 17))
    try:
        rows = csv.reader(io.StringIO(text.replace(WIDE_COMMA, STAND_IN), newline=""), delimiter=STAND_IN)
        written = io.StringIO(newline="")
        out = csv.writer(written, lineterminator="\n")
        out.writerows([cell.replace(STAND_IN, WIDE_COMMA) for cell in row] for row in rows)
    finally:
        csv.field_size_limit(most)
    return written.getvalue()
