"""A table for people, plain or in Markdown."""

from __future__ import annotations

__all__ = ["print_table"]


def print_table(heads, rows, *, markdown=False):
    """Print a table, the columns aligned."""
    rows = [tuple(str(value) for value in row) + ("",) * (len(heads) - len(row)) for row in rows]
    widths = [max(len(row[k]) for row in [heads, *rows]) for k in range(len(heads))]
    edge = "| " if markdown else ""
    lines = [
        edge
        + (" | " if markdown else "  ").join(v.ljust(w) for v, w in zip(row, widths, strict=True))
        + (" |" if markdown else "")
        for row in [heads, *rows]
    ]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|" if markdown else "-" * len(lines[0]))
    print("\n".join(line.rstrip() for line in lines))
