"""What the map on a sheet shows: layers cut to its frame, and names that do not run into each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.drawing.canvas import MM_PER_PIXEL, mark_path, path_of, rings_of
from zjk_gis.drawing.typefaces import clean_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from zjk_gis.drawing.canvas import Canvas
    from zjk_gis.drawing.typefaces import Typeface
    from zjk_gis.maps.drawn import DrawnLayer
    from zjk_gis.maps.printing.sheet import Box

__all__ = ["DOT", "View", "draw_layers", "draw_names", "swatch"]

_FINEST = 0.04  # millimetres: what lies nearer to a line is part of it on paper
_BEYOND = 3.0
_METRES_A_PIXEL = 156_543 * 0.757  # of zoom 0, at the latitude of Zhangjiakou
_NAME_SIZE = 2.5
_CODE, _NAME, _LABEL = 0, 1, 2
DOT = {"shape": "circle", "radius": 1.3, "weight": 0, "fillOpacity": 0.45, "fillColor": "#0072b2"}
_WATER = "#2f6f9f"
_GREY = "#3e4c59"


@dataclass(frozen=True, slots=True)
class View:
    """The part of the ground that the map shows, and where on paper it lies.

    Attributes
    ----------
    box : Box
    scale : float
        Its denominator.
    east, north : float
        The ground's coordinates at the middle of the box.
    """

    box: Box
    scale: float
    east: float
    north: float

    @property
    def metres(self) -> float:
        """How many metres a millimetre of paper is."""
        return self.scale / 1000

    def extent(self, beyond: float = 0.0) -> tuple[float, float, float, float]:
        """Return the ground that is shown, and so many millimetres around it."""
        half_x = (self.box.width / 2 + beyond) * self.metres
        half_y = (self.box.height / 2 + beyond) * self.metres
        return self.east - half_x, self.north - half_y, self.east + half_x, self.north + half_y

    def on_paper(self, coords: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn coordinates of the ground into millimetres of paper."""
        x = (coords[:, 0] - self.east) / self.metres + self.box.x + self.box.width / 2
        y = (self.north - coords[:, 1]) / self.metres + self.box.y + self.box.height / 2
        return np.column_stack([x, y])


def draw_layers(canvas: Canvas, layers: list[tuple[DrawnLayer, NDArray[Any]]], view: View) -> dict[str, int]:
    """Draw layers, the first at the bottom; return how many shapes of each lie in the frame."""
    shown: dict[str, int] = {}
    for layer, shapes in layers:
        if layer.texts is not None:
            continue
        near = np.flatnonzero(shapely.intersects(shapes, shapely.box(*view.extent(_BEYOND))))
        shown[layer.name] = len(near)
        own = shapes[near]
        which = np.asarray(layer.style_of)[near]
        kind = shapely.get_dimensions(own)
        for casing in (True, False):
            for at in np.unique(which).tolist():
                style = {**layer.styles[at], **(DOT if layer.crowded else {})}
                if casing:
                    if "casing" in style:
                        _draw(canvas, own[(which == at) & (kind == 1)], style["casing"], view)
                else:
                    for dimension in (2, 1, 0):
                        _draw(canvas, own[(which == at) & (kind == dimension)], style, view)
    return shown


def _draw(canvas: Canvas, shapes: NDArray[Any], style: Mapping[str, Any], view: View) -> None:
    if not len(shapes):
        return
    dimension = int(shapely.get_dimensions(shapes[0]))
    if dimension == 0:
        points = view.on_paper(shapely.get_coordinates(shapes))
        radius = float(style.get("radius", 4)) * MM_PER_PIXEL * _shrunk(style, view)
        canvas.path(mark_path(points, str(style.get("shape", "circle")), radius), style)
        return
    clipped = shapely.clip_by_rect(shapes, *view.extent(_BEYOND))
    plain = shapely.simplify(clipped, _FINEST * view.metres, preserve_topology=dimension == 2)
    if dimension == 1:
        coords, offsets = rings_of(plain)
        canvas.path(path_of(view.on_paper(coords), offsets, closed=False), {**style, "fill": False})
        return
    for shape in plain:
        coords, offsets = rings_of(np.array([shape], dtype=object))
        if len(coords):
            canvas.path(path_of(view.on_paper(coords), offsets, closed=True), style)


def _shrunk(style: Mapping[str, Any], view: View) -> float:
    """Return by how much marks are smaller that grow on screen until a zoom: what shows as much ground."""
    if "fullAt" not in style:
        return 1.0
    zoom = np.log2(_METRES_A_PIXEL / (view.metres * MM_PER_PIXEL))
    least = 1.0 / float(style.get("radius", 4))
    return float(np.clip(2.0 ** ((zoom - float(style["fullAt"])) / 2), least, 1.0))


def draw_names(
    canvas: Canvas,
    layers: list[tuple[DrawnLayer, NDArray[Any]]],
    view: View,
    typeface: Typeface,
    zoom: float,
) -> int:
    """Write names, those of the largest shapes first; return how many found no room.

    Where names are written for their own sake, labels of areas give way to them without being counted.
    """
    box = view.box
    rows: list[tuple[int, float, str, float, float, str]] = []  # codes of marks first, then names
    window = shapely.box(*view.extent())
    for layer, shapes in layers:
        texts = layer.texts or layer.labels
        if texts is None:
            continue
        visible = shapely.intersection(shapes, window)
        for at in np.flatnonzero(~shapely.is_empty(visible)).tolist():
            style = layer.styles[int(layer.style_of[at])]
            spot = view.on_paper(shapely.get_coordinates(shapely.point_on_surface(visible[at])))[0]
            colour = _WATER if style.get("className") == "water" else _GREY
            size = float(shapely.area(visible[at]) or shapely.length(visible[at]))
            text = clean_text(texts[at])
            if layer.texts is None and size and not _fits(text, visible[at], view, typeface, zoom):
                continue
            above = 0.0 if layer.texts or size else 2.4 * zoom  # a mark stays to be seen below its code
            order = _NAME if layer.texts else _LABEL if size else _CODE
            rows.append((order, -size, text, float(spot[0]), float(spot[1]) - above, colour))
    taken: list[tuple[float, float, float, float]] = []
    left_out = 0
    size = _NAME_SIZE * zoom
    for rank, _, name, at_x, at_y, colour in sorted(rows):
        text = typeface.fitted(name, size, 40 * zoom, bold=True)
        half = typeface.width(text, size, bold=True) / 2 + 0.6
        x = min(max(at_x, box.x + half), box.right - half)
        y = min(max(at_y, box.y + size), box.foot - size)
        place = (x - half, y - size * 0.75, x + half, y + size * 0.75)
        if any(_meet(place, other) for other in taken):
            left_out += rank < _LABEL
            continue
        taken.append(place)
        canvas.text(
            x, y + size * 0.36, text, size, bold=True, colour=colour, anchor="middle", halo=0.7 * zoom
        )
    return left_out


def _fits(text: str, shape: shapely.Geometry, view: View, typeface: Typeface, zoom: float) -> bool:
    """Tell whether a label is narrower than the area it names, as it is seen."""
    west, _, east, _ = shapely.bounds(shape)
    return bool(typeface.width(text, _NAME_SIZE * zoom, bold=True) <= 0.9 * (east - west) / view.metres)


def _meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def swatch(canvas: Canvas, style: Mapping[str, Any], dimension: int, box: Box) -> None:
    """Draw what the legend shows of a style."""
    middle = np.array([[box.x + box.width / 2, box.y + box.height / 2]])
    if dimension == 0:
        radius = min(float(style.get("radius", 4)) * MM_PER_PIXEL * 1.1, box.height / 2)
        canvas.path(mark_path(middle, str(style.get("shape", "circle")), max(radius, 0.7)), style)
        return
    x, y, right, foot = box.x, box.y, box.right, box.foot
    if dimension == 1:
        if "casing" not in style and style.get("color") == "#ffffff":
            canvas.rect(x, y, box.width, box.height, fill="#e4e7eb")  # white on white tells nothing
        ends = np.array([[x, middle[0, 1]], [right, middle[0, 1]]])
        for look in ([style["casing"]] if "casing" in style else []) + [style]:
            canvas.path(path_of(ends, np.array([0, 2]), closed=False), {**look, "fill": False})
        return
    ring = np.array([[x, y], [right, y], [right, foot], [x, foot], [x, y]])
    canvas.path(path_of(ring, np.array([0, 5]), closed=True), style)
