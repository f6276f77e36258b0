"""What makes a map a document: title, frame with coordinates, legend, scale, north, overview, foot."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.drawing.canvas import Box, path_of, rings_of
from zjk_gis.drawing.palette import BLACK, FAULT, GREY
from zjk_gis.drawing.typefaces import clean_text
from zjk_gis.maps.classes import count_texts
from zjk_gis.maps.lettering import rows_within
from zjk_gis.maps.page import of_class
from zjk_gis.maps.printing.content import CELLS, swatch
from zjk_gis.maps.printing.sheet import HEADING
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from zjk_gis.drawing.canvas import Canvas
    from zjk_gis.drawing.typefaces import Typeface
    from zjk_gis.layers.labels import Language
    from zjk_gis.maps.drawn import DrawnLayer
    from zjk_gis.maps.printing.content import Shown, View
    from zjk_gis.maps.printing.sheet import Sheet

    _Row = tuple[Mapping[str, Any] | None, int, str, str]

__all__ = ["Legend", "draw_foot", "draw_frame", "draw_head", "draw_legend", "legend_of"]

_SOFT, _LINE = "#52606d", "#9aa5b1"
_TICK = 1.6
_TITLES = ((7.2, 1), (6.2, 1), (5.2, 1), (4.0, 2), (3.0, 3), (2.3, 4))  # how high, and in how many rows
_FOOTS, _FOOT_ROW = ((2.3, 2), (1.9, 3)), 1.3  # how high, and in how many rows
_TITLE_ROW, _LONGEST_TITLE = 1.12, 500
_SHRUNK = (1.0, 0.9, 0.9, 0.9, 0.9)


@dataclass(slots=True)
class Legend:
    """What the legend tells: headings (a text alone) and entries (style, dimension, text, count)."""

    rows: list[_Row] = field(default_factory=list)


def legend_of(
    layers: Sequence[DrawnLayer],
    shown: Mapping[DrawnLayer, Shown],
    lang: Language,
    groups: Sequence[str] = (),
) -> Legend:
    """Collect what the layers in the frame mean, the top one first, under the headings of their groups.

    Groups stand in the order given, others behind them; what was comes before what is.
    """
    legend = Legend()
    there = [each for each in reversed(layers) if each.name and each in shown and shown[each].number]
    listed = sorted(there, key=lambda each: each.side == "after")
    own = dict.fromkeys(each.group for each in listed)
    for group in sorted(own, key=lambda each: groups.index(each) if each in groups else len(groups)):
        if group:
            legend.rows.append((None, 0, group, ""))
        for layer in listed:
            if layer.group == group:
                legend.rows += _rows_of(layer, shown[layer], lang)
    return legend


def _rows_of(layer: DrawnLayer, shown: Shown, lang: Language) -> list[_Row]:
    """Tell a layer and its classes; one class is told as well as several."""
    dimension = int(shapely.get_dimensions(layer.shapes[0]))
    count = f"{shown.number if shown.own is None else shown.own:,}" if layer.count else ""
    if shown.hexagons is not None:
        cells, width = shown.hexagons, f"{shown.hexagons.width:,.0f}"
        texts = count_texts(cells.breaks)
        return [
            ({}, dimension, layer.name, count),
            ({}, dimension, tr("Count in each hexagon, {width} m wide", width=width, lang=lang), ""),
            *((look, 2, text, "") for look, text in zip(CELLS, texts, strict=False)),
        ]
    keys = [(at, text) for at, text in layer.keys if at in set(np.unique(layer.style_of).tolist())]
    if not any(text for _, text in keys):
        at = keys[0][0] if keys else int(layer.style_of[0])
        return [(layer.styles[at], dimension, layer.name, count)]
    tells = bool(layer.count) and shown.own is None and len(keys) > 1

    def counted(at: int) -> str:
        return f"{of_class(shown.by_style, at, layer.apart):,}"

    return [
        ({}, dimension, layer.name, count),
        *((layer.styles[at], dimension, text, counted(at) if tells else "") for at, text in keys),
    ]


def draw_head(
    canvas: Canvas, sheet: Sheet, title: str, subtitle: str, typeface: Typeface, corner: str = ""
) -> None:
    """Write the title over the map, smaller and in rows where it is long, and what stands in the corner."""
    box, zoom = sheet.head, sheet.zoom
    aside = typeface.width(corner, 4.4 * zoom, bold=True) + 4 if corner else 0.0
    canvas.text(box.right, box.y + 5 * zoom, corner, 4.4 * zoom, bold=True, colour=_SOFT, anchor="end")
    size, rows = _title_rows(title, box.width - aside, zoom, typeface)
    top = 6.2 * zoom if len(rows) == 1 else 0.9 * size
    for at, row in enumerate(rows):
        canvas.text(box.x, box.y + top + at * _TITLE_ROW * size, row, size, bold=True, colour=BLACK)
    if subtitle:
        text = typeface.fitted(subtitle, 3.4 * zoom, box.width)
        canvas.text(box.x, box.y + 12.2 * zoom, text, 3.4 * zoom, colour=_SOFT)


def _title_rows(title: str, room: float, zoom: float, typeface: Typeface) -> tuple[float, list[str]]:
    """Return how large a title is written and in which rows; one that no rows hold is cut."""
    plain = clean_text(title)
    if len(plain) <= _LONGEST_TITLE:
        for height, most in _TITLES:
            size = height * zoom
            rows = rows_within(plain, room, partial(typeface.width, size=size, bold=True))
            if len(rows) <= most:
                return size, rows
    return 7.2 * zoom, [typeface.fitted(plain, 7.2 * zoom, room, bold=True)]


def draw_frame(canvas: Canvas, sheet: Sheet, view: View, typeface: Typeface, heading: str = "") -> None:
    """Draw a map's frame, tell the ground's coordinates along it, and write its heading over it."""
    box, zoom = view.box, sheet.zoom
    if heading:
        text = typeface.fitted(heading, 3.6 * zoom, box.width, bold=True)
        canvas.text(box.x, box.y - (HEADING - 4.0) * zoom, text, 3.6 * zoom, bold=True, colour=BLACK)
    canvas.rect(box.x, box.y, box.width, box.height, stroke=BLACK, line=0.35)
    west, south, east, north = view.extent()
    step = _round_length((east - west) / 3)
    size = 1.9 * zoom
    for value in np.arange(np.ceil(west / step), np.floor(east / step) + 1) * step:
        x = box.x + (value - west) / view.metres
        if box.x + 8 < x < box.right - 8:
            canvas.rect(x - 0.05, box.y, 0.1, _TICK, fill=BLACK)
            canvas.rect(x - 0.05, box.foot - _TICK, 0.1, _TICK, fill=BLACK)
            canvas.text(
                x, box.foot - _TICK - 0.5, f"{value:.0f}", size, colour=_SOFT, anchor="middle", halo=0.5
            )
    for value in np.arange(np.ceil(south / step), np.floor(north / step) + 1) * step:
        y = box.foot - (value - south) / view.metres
        if box.y + 10 < y < box.foot - 10:
            canvas.rect(box.x, y - 0.05, _TICK, 0.1, fill=BLACK)
            canvas.rect(box.right - _TICK, y - 0.05, _TICK, 0.1, fill=BLACK)
            canvas.text(
                box.x + _TICK + 0.5 + size,
                y,
                f"{value:.0f}",
                size,
                colour=_SOFT,
                anchor="middle",
                halo=0.5,
                turn=-90,
            )


def draw_legend(
    canvas: Canvas,
    sheet: Sheet,
    view: View,
    legend: Legend,
    typeface: Typeface,
    lang: Language,
    overview: NDArray[Any] | None,
    own: NDArray[Any] | None = None,
    reserved: float = 0.0,
) -> list[Box]:
    """Fill the legend's place: north and scale at its end, an overview before them, the keys in the rest.

    Parameters
    ----------
    reserved : float
        Millimetres that the keys leave free in one of the columns, half of it at the most.

    Returns
    -------
    list of Box
        The rooms that are left.
    """
    zoom, box = sheet.zoom, sheet.legend
    column = (box.width - 4 * (sheet.columns - 1)) / sheet.columns
    last = Box(box.right - column, box.y, column, box.height)
    scale_height = 22 * zoom
    _draw_scale(canvas, Box(last.x, last.foot - scale_height, column, scale_height), view, lang, zoom)
    free = last.height - scale_height - 2
    if overview is not None:
        height = min(34 * zoom, free)
        _draw_overview(
            canvas,
            Box(last.x, last.foot - scale_height - height, column, height),
            view,
            overview,
            own,
            lang,
            zoom,
        )
        free -= height + 2
    rooms = [Box(box.x + at * (column + 4), box.y, column, box.height) for at in range(sheet.columns - 1)]
    rooms.append(Box(last.x, last.y, column, free))
    at = max(range(len(rooms)), key=lambda at: (rooms[at].height, at))
    left = min(reserved, rooms[at].height / 2)
    keyed = [replace(room, height=room.height - left * (each == at)) for each, room in enumerate(rooms)]
    used, foot = _draw_keys(canvas, keyed, legend, typeface, lang, zoom)
    if used == len(rooms):
        return [Box(rooms[at].x, keyed[at].foot, column, left)]
    return [replace(rooms[used], y=foot, height=rooms[used].foot - foot), *rooms[used + 1 :]]


def _draw_keys(
    canvas: Canvas,
    rooms: list[Box],
    legend: Legend,
    typeface: Typeface,
    lang: Language,
    zoom: float,
) -> tuple[int, float]:
    """Write the keys column by column, smaller where they would not find room, and tell what did not.

    Returns
    -------
    (int, float)
        The room in which the keys end, or how many rooms there are if these are full; and where they end.
    """
    first = rooms[0]
    canvas.text(first.x, first.y + 4 * zoom, tr("Legend", lang=lang), 4 * zoom, bold=True, colour=BLACK)
    places: list[tuple[Box, float] | None] = []
    for shrunk in _SHRUNK:
        zoom *= shrunk
        places = _places(rooms, legend, zoom, first.y + 7 * zoom / shrunk)
        if places[-1:] != [None]:
            break
    size = 2.7 * zoom
    for (style, dimension, told, count), place in zip(legend.rows, places, strict=True):
        if place is None:
            continue
        room, y = place
        if style is None:
            text = typeface.fitted(told, size, room.width, bold=True)
            canvas.text(room.x, y + size, text, size, bold=True, colour=_SOFT)
            continue
        indent = 9 * zoom if style else 0.0
        if style:
            swatch(canvas, style, dimension, Box(room.x + 0.5, y + 0.2 * zoom, 6.5 * zoom, 3.0 * zoom))
        tail = typeface.width(count, size) + 2 if count else 0.0
        text = typeface.fitted(told, size, room.width - indent - tail)
        canvas.text(room.x + indent, y + size, text, size, colour=BLACK)
        if count:
            canvas.text(room.right, y + size, count, size, colour=_SOFT, anchor="end")
    left = sum(
        1 for row, place in zip(legend.rows, places, strict=True) if place is None and row[0] is not None
    )
    if left:
        last = rooms[-1]
        canvas.text(last.x, last.foot - 0.5, tr("and {count} more", count=left, lang=lang), size, colour=GREY)
        return len(rooms), rooms[-1].foot
    end = places[-1] if places else None
    return (0, first.y + 9 * zoom) if end is None else (rooms.index(end[0]), end[1] + 6 * zoom)


def _places(rooms: list[Box], legend: Legend, zoom: float, top: float) -> list[tuple[Box, float] | None]:
    """Find where each row of the legend goes; None for those without room."""
    row, at, y = 4.7 * zoom, 0, top
    places: list[tuple[Box, float] | None] = []
    for number, (style, _, _, _) in enumerate(legend.rows):
        # Headings, perhaps one below another, are not left alone at the foot.
        headings = len(list(itertools.takewhile(lambda each: not each[0], legend.rows[number:])))
        needed = row * (1 + 1.2 * headings)
        while at < len(rooms) and y + needed > rooms[at].foot - (row if at + 1 == len(rooms) else 0):
            at += 1
            y = rooms[at].y + 1 if at < len(rooms) else y
        if at == len(rooms):
            places.append(None)
            continue
        y += 1.2 * zoom if style is None and y > rooms[at].y + 1 else 0.0
        places.append((rooms[at], y))
        y += row
    return places


def _draw_scale(canvas: Canvas, box: Box, view: View, lang: Language, zoom: float) -> None:
    """Draw an arrow to the north and a bar whose length is true on paper."""
    x, top = box.x + 4 * zoom, box.y + 3 * zoom
    arrow = np.array([[0, 0], [2.6, 8.5], [0, 6.8], [-2.6, 8.5], [0, 0]]) * zoom + [x, top]
    canvas.path(
        path_of(arrow, np.array([0, 5]), closed=True), {"fillColor": BLACK, "color": BLACK, "weight": 0.5}
    )
    canvas.text(x, top - 0.8 * zoom, tr("N", lang=lang), 2.8 * zoom, bold=True, colour=BLACK, anchor="middle")
    canvas.text(box.x + 11 * zoom, top + 5 * zoom, f"1:{view.scale:,.0f}", 4 * zoom, bold=True, colour=BLACK)
    room = box.width - 8 * zoom
    length = _round_length(room * view.metres)
    part, y = length / view.metres / 4, box.foot - 5 * zoom
    for at in range(4):
        fill = BLACK if at % 2 == 0 else "#ffffff"
        canvas.rect(box.x + 1 + at * part, y, part, 1.3 * zoom, fill=fill, stroke=BLACK, line=0.15)
    unit, divisor = (tr("km", lang=lang), 1000) if length >= 2000 else (tr("m", lang=lang), 1)
    for at in (0, 2, 4):
        text = f"{length * at / 4 / divisor:g}" + (f" {unit}" if at == 4 else "")
        canvas.text(
            box.x + 1 + at * part,
            y - 0.9 * zoom,
            text,
            2.3 * zoom,
            colour=_SOFT,
            anchor="middle" if at else "start",
        )


def _round_length(most: float) -> float:
    """Return the roundest length that is not longer."""
    power = 10.0 ** np.floor(np.log10(most))
    return float(power * next(each for each in (5, 2, 1) if each * power <= most))


def _draw_overview(
    canvas: Canvas,
    box: Box,
    view: View,
    outline: NDArray[Any],
    own: NDArray[Any] | None,
    lang: Language,
    zoom: float,
) -> None:
    """Show where the map's frame lies on the whole ground, and the area that it is about."""
    canvas.text(
        box.x, box.y + 2.7 * zoom, tr("Where it lies", lang=lang), 2.7 * zoom, bold=True, colour=_SOFT
    )
    inner = Box(box.x, box.y + 4 * zoom, box.width, box.height - 6 * zoom)
    west, south, east, north = view.extent()
    bounds = shapely.total_bounds(outline)
    low, high = np.minimum(bounds[:2], [west, south]), np.maximum(bounds[2:], [east, north])
    metres = max((high - low) / [inner.width - 2, inner.height - 2])
    middle = (low + high) / 2
    centre = np.array([inner.x + inner.width / 2, inner.y + inner.height / 2])

    def on_paper(coords: NDArray[np.float64]) -> NDArray[np.float64]:
        placed: NDArray[np.float64] = (coords - middle) / metres * [1, -1] + centre
        return placed

    canvas.rect(inner.x, inner.y, inner.width, inner.height, fill="#f5f7fa", stroke=_LINE, line=0.15)
    coords, offsets = rings_of(shapely.simplify(outline, 0.1 * metres))
    canvas.path(
        path_of(on_paper(coords), offsets, closed=True),
        {"fillColor": "#d9e2ec", "color": _LINE, "weight": 0.7},
    )
    if own is not None:
        coords, offsets = rings_of(shapely.simplify(own, 0.1 * metres))
        path = path_of(on_paper(coords), offsets, closed=True)
        canvas.path(path, {"fillColor": "#f2b8a0", "color": FAULT, "weight": 0.7})
    corners = on_paper(np.array([[west, north], [east, south]]))
    (x, y), (right, foot) = corners.tolist()
    canvas.rect(x, y, max(right - x, 1.2), max(foot - y, 1.2), stroke=FAULT, line=0.4)


def draw_foot(canvas: Canvas, sheet: Sheet, left: str, right: str, typeface: Typeface) -> None:
    """Write where it all comes from under the map."""
    box, size = sheet.foot, 2.3 * sheet.zoom
    room = box.width - typeface.width(right, size) - 4
    for height, most in _FOOTS:
        size = height * sheet.zoom
        rows = rows_within(left, room, partial(typeface.width, size=size)) if left else []
        if len(rows) <= most:
            break
    rows = [*rows[: most - 1], typeface.fitted("".join(rows[most - 1 :]), size, room)] if rows else []
    for at, row in enumerate(reversed(rows)):
        canvas.text(box.x, box.foot - 2 - at * _FOOT_ROW * size, row, size, colour=_SOFT)
    canvas.text(box.right, box.foot - 2, right, 2.3 * sheet.zoom, colour=_SOFT, anchor="end")
