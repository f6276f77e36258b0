"""One sheet of an atlas: an area in its frame, what lies around it paler, every name written or numbered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.drawing.canvas import Box, Canvas, path_of, rings_of
from zjk_gis.drawing.palette import BLACK
from zjk_gis.maps.printing.content import draw_layers
from zjk_gis.maps.printing.furniture import draw_foot, draw_frame, draw_head, draw_legend, legend_of
from zjk_gis.maps.printing.homes import rows_by_area
from zjk_gis.maps.printing.index_table import Column, draw_table, height_of
from zjk_gis.maps.printing.names import draw_all_names
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from zjk_gis.drawing.typefaces import Typeface
    from zjk_gis.layers.labels import Language
    from zjk_gis.maps.drawn import DrawnLayer
    from zjk_gis.maps.printing.content import Shown, View
    from zjk_gis.maps.printing.sheet import Sheet

__all__ = ["AreaSheet", "Ground", "body_of", "draw_area_sheet", "draw_continued", "ground_of"]

_AROUND = 12.0  # millimetres beyond the frame: marks and hexagons reach into it
_WIDE = 3.0  # millimetres at either side of a line that is what a sheet is about
_VEIL = {"fillColor": "#ffffff", "fillOpacity": 0.66, "stroke": False}
_RIM = {"color": "#ffffff", "weight": 7.5, "fill": False}
_OUTLINE = {"color": BLACK, "weight": 3.6, "fill": False}
_NUMBER_WIDTH = 9.0


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer on the ground of an atlas, with an index, and which of its rows each sheet is about."""

    drawn: DrawnLayer
    shapes: NDArray[Any]
    tree: shapely.STRtree
    concerned: list[NDArray[np.int64]] | None


@dataclass(frozen=True, slots=True)
class Ground:
    """What all sheets of an atlas share.

    Attributes
    ----------
    layers : list
        From the bottom to the top.
    areas : ndarray of Geometry
        That the sheets are about, in metres.
    outline : ndarray of Geometry
        The ground as a whole, as the overview and the index show it.
    dim : bool
        Whether what is not of an area is paler on its sheet.
    """

    layers: list[_Layer]
    areas: NDArray[Any]
    outline: NDArray[Any]
    dim: bool


@dataclass(frozen=True, slots=True)
class AreaSheet:
    """What a sheet is about and what its words say.

    Attributes
    ----------
    at : int
        Which of the areas.
    title, subtitle, corner : str
    view : View
    foot : (str, str)
    """

    at: int
    title: str
    subtitle: str
    corner: str
    view: View
    foot: tuple[str, str]


def ground_of(layers: Sequence[tuple[DrawnLayer, NDArray[Any]]], areas: NDArray[Any], *, dim: bool) -> Ground:
    """Index the layers of a map by place and by sheet, once for all sheets."""
    found = []
    for each, own in layers:
        drawn, shapes = each, own
        if drawn.texts is None and drawn.labels is None and not drawn.count:
            parts, of = shapely.get_parts(shapes, return_index=True)  # many short lines are quicker to find
            drawn, shapes = replace(drawn, shapes=parts, style_of=np.asarray(drawn.style_of)[of]), parts
        valid = np.where(shapely.is_valid(shapes), shapes, shapely.make_valid(shapes))
        concerned = None
        if drawn.count or drawn.texts is not None or drawn.labels is not None:
            concerned = rows_by_area(valid, areas)
        found.append(_Layer(drawn, valid, shapely.STRtree(valid), concerned))
    bottom = (each.shapes for each in found if each.drawn.texts is None)
    whole = shapely.union_all(next((own for own in bottom if shapely.get_dimensions(own[0]) == 2), areas))
    size = np.ptp(shapely.total_bounds([whole]).reshape(2, 2), axis=0).max()
    outline = shapely.simplify(whole, size / 1000)
    return Ground(found, areas, np.array([outline], dtype=object), dim)


def draw_area_sheet(
    ground: Ground, sheet: Sheet, about: AreaSheet, typeface: Typeface, lang: Language
) -> tuple[Canvas, list[tuple[str, str]]]:
    """Draw a sheet; return it with the numbered names for which its own index has no room."""
    canvas, view, area = Canvas(typeface), about.view, ground.areas[about.at]
    near: list[tuple[DrawnLayer, NDArray[Any]]] = []
    own: list[tuple[DrawnLayer, NDArray[Any]]] = []
    around: list[tuple[DrawnLayer, NDArray[Any]]] = []
    counts: dict[DrawnLayer, int] = {}
    frame = shapely.box(*view.extent(_AROUND))
    for layer in ground.layers:
        rows = np.sort(layer.tree.query(frame))
        if not len(rows):
            continue
        part = _part_of(layer, rows)
        near.append(part)
        if layer.concerned is None:
            continue
        mine = np.intersect1d(rows, layer.concerned[about.at]) if ground.dim else rows
        counts[part[0]] = len(layer.concerned[about.at])
        own.append(_part_of(layer, mine))
        around.append(_part_of(layer, np.setdiff1d(rows, mine)))
    with canvas.inside(view.box):
        shown = draw_layers(canvas, near, view)
        _draw_area(canvas, area, view, dim=ground.dim)
    if ground.dim:
        shown = {each: _counted(found, counts.get(each)) for each, found in shown.items()}
    numbered = [
        (str(at), name)
        for at, name in enumerate(draw_all_names(canvas, own, around, view, sheet.zoom), start=1)
    ]
    draw_frame(canvas, sheet, view, typeface)
    draw_head(canvas, sheet, about.title, about.subtitle, typeface, about.corner)
    legend = legend_of([each for each, _ in near], shown, lang)
    own_area = np.array([area], dtype=object)
    width = (sheet.legend.width - 4 * (sheet.columns - 1)) / sheet.columns
    needed = height_of(canvas, width, _columns(lang), numbered, sheet.zoom) + 1 if numbered else 0.0
    rooms = draw_legend(
        canvas, sheet, view, legend, typeface, lang, ground.outline, own_area, reserved=needed
    )
    draw_foot(canvas, sheet, *about.foot, typeface)
    done = draw_table(canvas, rooms, _columns(lang), numbered, sheet.zoom)
    return canvas, numbered[done:]


def draw_continued(
    sheet: Sheet, about: AreaSheet, names: list[tuple[str, str]], typeface: Typeface, lang: Language
) -> Iterator[Canvas]:
    """Draw sheets that continue the index of names of the one before."""
    while names:
        canvas = Canvas(typeface)
        told = tr("Names on the map by their numbers, continued", lang=lang)
        draw_head(canvas, sheet, about.title, told, typeface, about.corner)
        draw_foot(canvas, sheet, *about.foot, typeface)
        boxes = body_of(sheet, 3 if sheet.width > sheet.height else 2)
        names = names[draw_table(canvas, boxes, _columns(lang), names, sheet.zoom) :]
        yield canvas


def body_of(sheet: Sheet, columns: int, top: float | None = None) -> list[Box]:
    """Return the sheet between head and foot in so many columns, from the top or from further down."""
    first, gap = sheet.head.foot if top is None else top, 6.0
    width = (sheet.head.width - gap * (columns - 1)) / columns
    return [
        Box(sheet.head.x + at * (width + gap), first, width, sheet.foot.y - 2 - first)
        for at in range(columns)
    ]


def _columns(lang: Language) -> list[Column]:
    return [Column(tr("No.", lang=lang), _NUMBER_WIDTH), Column(tr("Name on the map", lang=lang), 0)]


def _part_of(layer: _Layer, rows: NDArray[np.int64]) -> tuple[DrawnLayer, NDArray[Any]]:
    """Return the rows of a layer, as a layer."""
    drawn = layer.drawn
    told: dict[str, Any] = {
        name: [said[at] for at in rows.tolist()]
        for name in ("texts", "labels", "whole")
        if (said := getattr(drawn, name)) is not None
    }
    part = replace(drawn, shapes=layer.shapes[rows], style_of=np.asarray(drawn.style_of)[rows], **told)
    return part, layer.shapes[rows]


def _counted(shown: Shown, own: int | None) -> Shown:
    return shown if own is None else replace(shown, own=own)


def _draw_area(canvas: Canvas, area: Any, view: View, *, dim: bool) -> None:
    """Lay a veil over all but the area, and draw its outline; a line is outlined at either side."""
    if shapely.get_dimensions(area) < 2:
        area = shapely.buffer(area, _WIDE * view.metres)
    shape = shapely.clip_by_rect(area, *view.extent(_AROUND))
    shape = shapely.simplify(shape, 0.04 * view.metres)
    coords, offsets = rings_of(np.array([shape], dtype=object))
    if not len(coords):
        return
    rings = path_of(view.on_paper(coords), offsets, closed=True)
    if dim:
        west, south, east, north = view.extent(_AROUND)
        frame = np.array([[west, south], [east, south], [east, north], [west, north], [west, south]])
        both = np.concatenate([frame, coords])
        ends = np.concatenate([[0], offsets + len(frame)])
        canvas.path(path_of(view.on_paper(both), ends, closed=True), _VEIL)
    canvas.path(rings, _RIM)
    canvas.path(rings, _OUTLINE)
