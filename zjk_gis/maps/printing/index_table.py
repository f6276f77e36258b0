"""Tables on sheets: of names that stand as numbers on a map, and of the sheets of an atlas."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from zjk_gis.drawing.palette import BLACK
from zjk_gis.drawing.typefaces import clean_text
from zjk_gis.maps.lettering import rows_within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zjk_gis.drawing.canvas import Box, Canvas

__all__ = ["Column", "draw_table", "height_of"]

_SIZE, _ROW, _PAD = 2.4, 1.28, 1.1  # how high; of a row, in sizes; between entries, in millimetres
_LEAST = 30.0  # millimetres of A4, for a column of names
_SOFT, _LINE = "#52606d", "#cbd2d9"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    title : str
    width : float
        In millimetres of A4; 0 takes what the others leave.
    number : bool
        Whether it stands at the right.
    """

    title: str
    width: float
    number: bool = False


def height_of(
    canvas: Canvas, width: float, columns: Sequence[Column], rows: Sequence[Sequence[str]], zoom: float
) -> float:
    """Return how high a table is that has a box of this width for itself."""
    size, pad = _SIZE * zoom, _PAD * zoom
    widths = _widths(columns, width, zoom)
    head = _cells([each.title for each in columns], widths, canvas, size, bold=True)
    parts = [head, *(_cells(row, widths, canvas, size) for row in rows)]
    return sum(_height(cells, size) + pad for cells in parts)


def draw_table(
    canvas: Canvas,
    boxes: Sequence[Box],
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    zoom: float,
) -> int:
    """Write rows into boxes one after the other, each below the titles, no text cut; tell how many had room.

    A row that is higher than a box goes into the next.
    """
    size, pad = _SIZE * zoom, _PAD * zoom
    done = 0
    for box in boxes:
        widths = _widths(columns, box.width, zoom)
        head = _cells([each.title for each in columns], widths, canvas, size, bold=True)
        y = box.y + _height(head, size) + pad
        entries: list[tuple[float, list[list[str]]]] = []
        while done + len(entries) < len(rows):
            cells = _cells(rows[done + len(entries)], widths, canvas, size)
            if y + _height(cells, size) + pad > box.foot:
                break
            entries.append((y, cells))
            y += _height(cells, size) + pad
        if not entries:
            continue
        _write(canvas, box, box.y, widths, columns, head, size, bold=True)
        for top, cells in entries:
            canvas.rect(box.x, top - 0.05, box.width, 0.1, fill=_LINE)
            _write(canvas, box, top + pad / 2, widths, columns, cells, size)
        done += len(entries)
    return done


def _widths(columns: Sequence[Column], room: float, zoom: float) -> list[float]:
    """Return how wide columns are: where fixed ones leave too little to the open ones, they are narrower."""
    open_ones = sum(not each.width for each in columns)
    fixed = sum(each.width for each in columns) * zoom
    shrunk = min(1.0, (room - open_ones * _LEAST * zoom) / fixed) if fixed else 1.0
    rest = (room - fixed * shrunk) / max(open_ones, 1)
    return [each.width * zoom * shrunk or rest for each in columns]


def _cells(
    texts: Sequence[str], widths: Sequence[float], canvas: Canvas, size: float, *, bold: bool = False
) -> list[list[str]]:
    """Break texts into rows that fit their columns."""
    wide = partial(canvas.typeface.width, size=size, bold=bold)
    return [
        rows_within(clean_text(text), width - 1.5, wide) for text, width in zip(texts, widths, strict=True)
    ]


def _height(cells: list[list[str]], size: float) -> float:
    return max(map(len, cells), default=1) * _ROW * size


def _write(
    canvas: Canvas,
    box: Box,
    top: float,
    widths: list[float],
    columns: Sequence[Column],
    cells: list[list[str]],
    size: float,
    *,
    bold: bool = False,
) -> None:
    x, colour = box.x, _SOFT if bold else BLACK
    for column, width, lines in zip(columns, widths, cells, strict=True):
        for at, line in enumerate(lines):
            y = top + (at + 0.86) * _ROW * size
            if column.number:
                canvas.text(x + width - 1.5, y, line, size, bold=bold, colour=colour, anchor="end")
            else:
                canvas.text(x, y, line, size, bold=bold, colour=colour)
        x += width
