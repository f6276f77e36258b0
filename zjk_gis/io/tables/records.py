"""Rows of a text file as they stand: where each begins and ends in the text, and where its cells do."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from zjk_gis.io.tables.stream import MixedLines

__all__ = ["GUARDED", "Lot", "Records", "lines_in"]

# What `zjk_gis.io.spreadsheets.guard_formula` put an apostrophe before.
GUARDED = re.compile(r"'+[=+\-@\t\r]")


@dataclass(frozen=True, slots=True)
class Records:
    """Rows of text.

    Attributes
    ----------
    text : bytes or ndarray of uint8
        UTF-8, as the loops want it.
    begin, end : ndarray of int64
        Of each row, without its line end.
    cells : ndarray of int64
        How many cells it has.
    left, right : ndarray of int64
        Of the cells wanted, by slot and row.
    is_utf_8 : bool
        Whether it is known that the text is valid throughout.
    """

    text: Any
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    cells: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    is_utf_8: bool = False

    def only(self, rows: NDArray[np.bool_]) -> Records:
        """Return some of the rows."""
        return Records(
            self.text,
            self.begin[rows],
            self.end[rows],
            self.cells[rows],
            self.left[:, rows],
            self.right[:, rows],
        )

    def cells_of(self, slots: list[int]) -> Records:
        """Return the rows with the cells of some slots alone; the others take no more room."""
        return replace(self, left=self.left[slots], right=self.right[slots])

    def row(self, at: int) -> bytes:
        """Return the bytes of one row."""
        return bytes(self.text[self.begin[at] : self.end[at]])


@dataclass(frozen=True, slots=True)
class Lot:
    """Some rows of a table, and what stood among them that is none of it.

    Attributes
    ----------
    found : Records
    after : int
        The byte of the text, as UTF-8, at which the next lot begins.
    left_out : tuple of dict
        ``row`` (the line of the file, None where it is not known), ``why`` and ``text``.
    line : int or None
        The line of the file on which the block of text begins that the rows lie in.
    block : bytes
        That text.
    mixed : MixedLines
        What was in another encoding in the text read for it.
    """

    found: Records
    after: int
    left_out: tuple[dict[str, Any], ...]
    line: int | None
    block: bytes
    mixed: MixedLines

    def lines(self, rows: NDArray[np.int64]) -> list[int]:
        """Return the lines of the file on which some rows begin."""
        base = self.line or 0
        return [base + lines_in(self.block[: self.found.begin[row]]) for row in rows.tolist()]


def lines_in(content: bytes) -> int:
    """Count the line ends of a text, whatever program wrote them."""
    return content.count(b"\n") + content.count(b"\r") - content.count(b"\r\n")
