"""Text as it is shown: how many columns it takes, and how it is cut or divided to fit."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["cell_text", "display_width", "shortened", "table", "wrapped"]

_OPENING, _CLOSING = "（《「【", "，。；：、）》」】！？"
# What is not divided between lines: a word, or a Chinese character; marks stay with what they belong to.
_PIECE = re.compile(rf"\s+|[{_OPENING}]*(?:[^\s\u2e80-\uffff]+|\S)[{_CLOSING}]*")


def display_width(text: str) -> int:
    """Count the columns that text takes: Chinese characters take two.

    Examples
    --------
    >>> display_width("责任区 A1")
    9
    """
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def shortened(text: str, columns: int) -> str:
    """Cut text to so many columns, and say with … that it was cut; line breaks become spaces.

    Examples
    --------
    >>> shortened("张家口市桥东区", 8)
    '张家口…'
    """
    line = " ".join(text[: 4 * columns + 1].split())
    taken, kept = 0, 0  # columns so far, and characters that leave room for …
    for at, character in enumerate(line):
        taken += display_width(character)
        kept = at + 1 if taken < columns else kept
        if taken > columns:
            return line[:kept].rstrip() + "…"
    return line


def wrapped(text: str, width: int) -> list[str]:
    """Divide a paragraph into lines no wider than a number of columns, unless a single word is.

    A line may end at a blank and between Chinese characters, but never before a closing mark or after an
    opening one.

    Examples
    --------
    >>> wrapped("责任区（见 zones.gpkg）。", 12)
    ['责任区（见', 'zones.gpkg）。']
    """
    lines, line, taken = [], "", 0
    for piece in _PIECE.findall(" ".join(text.split())):
        wide = display_width(piece)
        if line and taken + wide > width and not piece.isspace():
            lines.append(line.rstrip())
            line, taken = "", 0
        if line or not piece.isspace():
            line, taken = line + piece, taken + wide
    return [*lines, line.rstrip()] if line else lines


def table(rows: Sequence[Sequence[object]], header: Sequence[str]) -> Iterable[str]:
    """Lay out rows in columns; numbers to the right, Chinese characters counted as two columns wide.

    Examples
    --------
    >>> for line in table([["西一区", 3], ["东区", 12]], ["责任区", "案件"]):
    ...     print(line)
      责任区  案件
      西一区     3
      东区      12
    """
    cells = [list(header), *([cell_text(value) for value in row] for row in rows)]
    widths = [max(map(display_width, column)) for column in zip(*cells, strict=True)]
    numeric = [
        bool(rows) and all(isinstance(row[i], int | float) for row in rows) for i in range(len(header))
    ]
    for line in cells:
        padded = []
        for text, width, right in zip(line, widths, numeric, strict=True):
            space = " " * (width - display_width(text))
            padded.append(space + text if right else text + space)
        yield "  " + "  ".join(padded).rstrip()


def cell_text(value: object) -> str:
    """Return a value as a table shows it: numbers with their thousands apart, nothing for NaN.

    Examples
    --------
    >>> cell_text(12345), cell_text(0.25), cell_text(float("nan")), cell_text("西一区")
    ('12,345', '0.2', '', '西一区')
    """
    if isinstance(value, float):
        return f"{value:,.1f}" if value == value else ""
    return f"{value:,}" if isinstance(value, int) else str(value)
