"""Tables for people, plain or in Markdown, and the one form of row that every benchmark tells.

A script makes a `Row` of each piece of work and passes them to `print_rows`, which prints them and, under
``make bench``, hands them on to the one table of all scripts (`run.py`).
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["HEADS", "ROWS_FILE", "Row", "amount", "print_rows", "print_table"]

ROWS_FILE = "BENCH_ROWS"
"""Names the variable of the environment that says to which file rows are added, one JSON object a line."""

HEADS = ("work", "ours", "peer", "of the peer", "unit", "ratio", "MB", "answers")


@dataclass(frozen=True)
class Row:
    """One piece of work, by zjk_gis and by a peer.

    Attributes
    ----------
    work : str
        What is done and to how much of it. Work and peer name the row: they stay the same from run to run.
    ours : float
        What zjk_gis takes, in `unit`.
    peer : str
        What stands beside it; empty if nothing does.
    theirs : float or None
        What the peer takes, in `unit`, scaled to the same work. None if it could not be measured.
    unit : str
        ``"CPU s"`` (of all threads; varies least on a busy machine), ``"s"`` or ``"ms"`` of the clock,
        ``"MB"``: less is better in all of them.
    peak_mb : float or None
        The most memory that ours took above its inputs. None: the runner states the peak of the script.
    same : bool or None
        Whether both answers agree where they must; None if that is not compared.
    at_least : bool
        Whether the peer was given up, so that `theirs` is a bound from below.
    """

    work: str
    ours: float
    peer: str = ""
    theirs: float | None = None
    unit: str = "CPU s"
    peak_mb: float | None = None
    same: bool | None = None
    at_least: bool = False

    def __post_init__(self):
        """Take NumPy's truths for Python's own."""
        if self.same is not None:
            object.__setattr__(self, "same", bool(self.same))

    @property
    def ratio(self):
        """How many times ours the peer takes."""
        return None if self.theirs is None or not self.ours else self.theirs / self.ours

    def cells(self):
        """Return what the columns of `HEADS` say."""
        bound = "> " if self.at_least else ""
        return (
            self.work,
            amount(self.ours),
            self.peer,
            bound + amount(self.theirs) if self.theirs is not None else "",
            self.unit,
            bound + amount(self.ratio) if self.ratio is not None else "",
            amount(self.peak_mb),
            {None: "", True: "same", False: "DIFFER"}[self.same],
        )


def print_rows(rows, *, title=None, markdown=False):
    """Print rows of a benchmark, and add them to the table of all if it is being made.

    Returns 1 if answers differ where they must not, as a script ends, else 0.
    """
    if os.environ.get(ROWS_FILE):
        with Path(os.environ[ROWS_FILE]).open("a", encoding="utf-8") as told:
            told.writelines(json.dumps(asdict(row), default=float) + "\n" for row in rows)
    print_table(HEADS, [row.cells() for row in rows], title=title, markdown=markdown)
    return int(any(row.same is False for row in rows))


def amount(value, digits=3):
    """Write a number to so many digits that count, and nothing for None."""
    if value is None:
        return ""
    whole = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    return f"{value:,.{max(digits - whole, 0)}f}"


def print_table(heads, rows, *, title=None, markdown=False):
    """Print a table, its columns aligned; columns of numbers to the right."""
    cells = [[str(value) for value in row] + [""] * (len(heads) - len(row)) for row in rows]
    columns = list(zip(heads, *cells, strict=True))
    widths = [max(map(len, column)) for column in columns]
    to_right = [all(_is_number(value) for value in column[1:]) for column in columns]
    edges = ("| ", " | ", " |") if markdown else ("", "  ", "")

    def line(values):
        aligned = [
            value.rjust(width) if right else value.ljust(width)
            for value, width, right in zip(values, widths, to_right, strict=True)
        ]
        return (edges[0] + edges[1].join(aligned) + edges[2]).rstrip()

    rule = "-" * len(line(heads))
    if markdown:
        marks = [
            "-" * (width + 1) + (":" if right else "-") for width, right in zip(widths, to_right, strict=True)
        ]
        rule = "|" + "|".join(marks) + "|"
    if title:
        print(f"{'### ' if markdown else ''}{title}{chr(10) if markdown else ''}")
    print("\n".join([line(heads), rule, *map(line, cells), ""]), flush=True)


def _is_number(text):
    return not text.strip() or text.strip().lstrip("> ")[:1].isdigit()
