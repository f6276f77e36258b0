"""How wide text is on a screen or in a cell: Chinese characters take two columns."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["display_width", "wrapped"]

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
