"""Text as it is shown: how many columns it takes, and how it is cut to fit."""

from __future__ import annotations

import unicodedata

__all__ = ["display_width", "shortened"]


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
