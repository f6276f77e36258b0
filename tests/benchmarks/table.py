"""A table for people, plain or in Markdown."""

from __future__ import annotations

__all__ = ["amount", "print_table"]


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
    return not text.strip() or text.strip()[0].isdigit()
