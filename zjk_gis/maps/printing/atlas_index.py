"""The index of an atlas: where its sheets lie, and a table of what is on each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from zjk_gis.drawing.canvas import Box, Canvas, path_of, rings_of
from zjk_gis.drawing.palette import BLACK
from zjk_gis.layers.labels import label
from zjk_gis.maps.lettering import readable
from zjk_gis.maps.printing.area_sheet import body_of
from zjk_gis.maps.printing.furniture import draw_foot, draw_head
from zjk_gis.maps.printing.index_table import Column, draw_table
from zjk_gis.maps.printing.names import Taken
from zjk_gis.maps.style import PASTELS
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from zjk_gis.drawing.typefaces import Typeface
    from zjk_gis.layers.labels import Language
    from zjk_gis.maps.printing.area_sheet import Ground
    from zjk_gis.maps.printing.sheet import Sheet

__all__ = ["IndexRow", "draw_index"]

_LINE = "#64748b"
_SIZES = (3.2, 2.6, 2.1, 1.6)  # of numbers on the key map
_LEAST, _ABOVE = 4.0, 2.6  # millimetres: smaller areas have their number above; how high
_MARK = 1.6


@dataclass(frozen=True, slots=True)
class IndexRow:
    """A row of the index.

    Attributes
    ----------
    number : int
    code, name : str
    counts : dict of str to int
        How many of each layer are on the sheet.
    scale : float
        Its denominator.
    """

    number: int
    code: str
    name: str
    counts: dict[str, int]
    scale: float


def draw_index(
    sheet: Sheet,
    rows: list[IndexRow],
    ground: Ground,
    title: str,
    foot: tuple[str, str],
    typeface: Typeface,
    lang: Language,
) -> Iterator[Canvas]:
    """Draw the sheets of the index: a key map with the table beside or below it, and what follows."""
    columns, texts = _table(rows, lang)
    wide, done, first = sheet.width > sheet.height, 0, True
    while done < len(texts):
        canvas = Canvas(typeface)
        told = tr("Index of sheets", lang=lang) + " · " + tr("{count:,} sheets", count=len(rows), lang=lang)
        draw_head(canvas, sheet, title, told, typeface)
        left, right = foot
        if first:
            whole = body_of(sheet, 2 if wide else 1)
            key = whole[0] if wide else Box(whole[0].x, whole[0].y, whole[0].width, whole[0].height * 0.45)
            boxes = whole[1:] if wide else body_of(sheet, 1, key.foot + 4)
            unseen = _draw_key_map(canvas, key, ground, sheet.zoom)
            if unseen:
                note = tr("{count:,} sheets have no room for their numbers", count=unseen, lang=lang)
                left = " · ".join(filter(None, [note, left]))
        else:
            boxes = body_of(sheet, 2 if wide else 1)
        draw_foot(canvas, sheet, left, right, typeface)
        done += draw_table(canvas, boxes, columns, texts[done:], sheet.zoom)
        first = False
        yield canvas


def _table(rows: list[IndexRow], lang: Language) -> tuple[list[Column], list[list[str]]]:
    """Return the columns that say something, and the texts in them."""
    coded = any(row.code != row.name for row in rows)
    counted = list(rows[0].counts)
    columns = [Column(tr("Sheet", lang=lang), 9.0, number=True)]
    columns += [Column(tr("Code", lang=lang), 24.0)] if coded else []
    columns.append(Column(tr("Name", lang=lang), 0))
    columns += [Column(label(name, lang), 12.5, number=True) for name in counted]
    columns.append(Column(tr("Scale", lang=lang), 17.0, number=True))
    texts = [
        [
            str(row.number),
            *([readable(row.code)] if coded else []),
            row.name,
            *(f"{row.counts[name]:,}" for name in counted),
            f"1:{row.scale:,.0f}",
        ]
        for row in rows
    ]
    return columns, texts


def _draw_key_map(canvas: Canvas, box: Box, ground: Ground, zoom: float) -> int:
    """Draw all areas with their numbers, those of the largest first; tell how many found no room."""
    areas = ground.areas
    bounds = shapely.total_bounds(np.concatenate([areas, ground.outline]))
    metres = max(np.maximum((bounds[2:] - bounds[:2]) / [box.width - 4, box.height - 4], 1e-6))
    middle = (bounds[:2] + bounds[2:]) / 2
    centre = np.array([box.x + box.width / 2, box.y + box.height / 2])

    def on_paper(coords: NDArray[np.float64]) -> NDArray[np.float64]:
        placed: NDArray[np.float64] = (coords - middle) / metres * [1, -1] + centre
        return placed

    canvas.rect(box.x, box.y, box.width, box.height, fill="#f5f7fa", stroke=BLACK, line=0.3)
    shapes = shapely.transform(shapely.simplify(areas, 0.1 * metres), on_paper)
    sizes = np.ptp(shapely.bounds(shapes).reshape(-1, 2, 2), axis=1).max(axis=1)
    small, tiny = np.flatnonzero(sizes < _LEAST), np.flatnonzero(sizes < _MARK)
    shapes[tiny] = shapely.buffer(shapely.centroid(shapes[tiny]), _MARK / 2)
    with canvas.inside(box):
        coords, offsets = rings_of(shapely.transform(ground.outline, on_paper))
        path = path_of(coords, offsets, closed=True)
        canvas.path(path, {"fillColor": "#e4e7eb", "color": "#9aa5b1", "weight": 0.8})
        for at, shape in enumerate(shapes):
            coords, offsets = rings_of(np.array([shape], dtype=object))
            area = shapely.get_dimensions(shape) == 2
            colour = PASTELS[at % len(PASTELS)]
            path = path_of(coords, offsets, closed=bool(area))
            canvas.path(path, {"fillColor": colour, "fill": bool(area), "color": _LINE, "weight": 0.8})
    spots = shapely.get_coordinates(shapely.point_on_surface(shapes))
    spots[small, 1] -= _ABOVE * zoom  # a mark stays to be seen below its number
    order = np.lexsort((np.arange(len(shapes)), -shapely.area(shapes)))
    return _write_numbers(canvas, spots, order.tolist(), zoom)


def _write_numbers(canvas: Canvas, spots: NDArray[np.float64], order: list[int], zoom: float) -> int:
    taken, unseen = Taken(), 0
    for at in order:
        x, y = spots[at].tolist()
        for size in _SIZES:
            own, text = size * zoom, str(at + 1)
            half = canvas.typeface.width(text, own, bold=True) / 2 + 0.2
            place = (x - half, y - own / 2, x + half, y + own / 2)
            if taken.is_free(place):
                canvas.text(x, y + 0.36 * own, text, own, bold=True, colour=BLACK, anchor="middle", halo=0.5)
                taken.take(place)
                break
        else:
            unseen += 1
    return unseen
