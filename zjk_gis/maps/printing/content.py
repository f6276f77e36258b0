"""What the map on a sheet shows: layers cut to its frame, points counted in hexagons where they are many."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.drawing.canvas import MM_PER_PIXEL, mark_path, path_of, rings_of
from zjk_gis.maps.printing.hexagons import count_in_hexagons
from zjk_gis.maps.style import DENSITY, area

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from zjk_gis.drawing.canvas import Box, Canvas
    from zjk_gis.maps.drawn import DrawnLayer
    from zjk_gis.maps.printing.hexagons import Hexagons

__all__ = ["CELLS", "Shown", "View", "draw_layers", "draw_shapes", "swatch"]

_FINEST = 0.04  # millimetres: what lies nearer to a line is part of it on paper
_BEYOND = 3.0
# Of more areas than this, those whose middle one is narrower than so many millimetres have thinner rims, and
# those that are narrower still are drawn as one where their colours tell nothing.
_SEVERAL, _FULL, _MERGED = 1_000, 4.0, 1.2
_METRES_A_PIXEL = 156_543 * 0.757  # of zoom 0, at the latitude of Zhangjiakou
CELLS = [area(colour, fill=0.9, weight=0.6, edge="#cdb48a") for colour in DENSITY]


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


@dataclass(frozen=True, slots=True)
class Shown:
    """What a sheet shows of a layer.

    Attributes
    ----------
    number : int
        How many of its shapes lie in the frame.
    hexagons : Hexagons, optional
        In which its points are counted.
    own : int, optional
        How many of them lie in the area that the sheet is about; the legend tells these.
    by_style : ndarray of int
        How many in the frame are of each style; none of what is counted in hexagons.
    """

    number: int
    hexagons: Hexagons | None = None
    own: int | None = None
    by_style: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def draw_layers(
    canvas: Canvas, layers: list[tuple[DrawnLayer, NDArray[Any]]], view: View
) -> dict[DrawnLayer, Shown]:
    """Draw layers, the first at the bottom; return what of each lies in the frame."""
    shown: dict[DrawnLayer, Shown] = {}
    for layer, shapes in layers:
        if layer.texts is not None:
            continue
        inside = shapely.intersects(shapes, shapely.box(*view.extent()))
        seen = int(inside.sum())
        if layer.in_cells:
            shown[layer] = Shown(seen, _draw_hexagons(canvas, shapes, view))
            continue
        shown[layer] = Shown(seen, by_style=np.bincount(np.asarray(layer.style_of)[inside]))
        near = np.flatnonzero(shapely.intersects(shapes, shapely.box(*view.extent(_BEYOND))))
        own = shapes[near]
        which = np.asarray(layer.style_of)[near]
        kind = shapely.get_dimensions(own)
        used = np.unique(which).tolist()
        for at in used:
            if "casing" in layer.styles[at]:
                draw_shapes(canvas, own[(which == at) & (kind == 1)], layer.styles[at]["casing"], view)
        typical = _typical(own[kind == 2], view)
        if typical < _MERGED and layer.apart:
            together = np.isin(which, layer.apart) & (kind == 2)
            _draw_merged(canvas, own[together], layer, view)
            used = [at for at in used if at not in layer.apart]
        for at in used:
            for dimension in (2, 1):
                look = layer.styles[at] if dimension == 1 else _faded(layer.styles[at], typical)
                draw_shapes(canvas, own[(which == at) & (kind == dimension)], look, view)
        for at in used:
            if "casing" in layer.styles[at]:
                draw_shapes(canvas, own[(which == at) & (kind == 0)], layer.styles[at]["casing"], view)
        for at in used:
            draw_shapes(canvas, own[(which == at) & (kind == 0)], layer.styles[at], view)
    return shown


def _typical(areas: NDArray[Any], view: View) -> float:
    """Return the larger side of the middle one of many areas, in millimetres; infinity of a few."""
    if len(areas) <= _SEVERAL:
        return np.inf
    west, south, east, north = shapely.bounds(areas).T
    return float(np.nanmedian(np.maximum(east - west, north - south)) / view.metres)


def _faded(look: Mapping[str, Any], typical: float) -> Mapping[str, Any]:
    """Draw the rims of many small areas thinner, as on screen, or their ground could not be seen."""
    if typical >= _FULL or "hatch" in look:
        return look
    return {**look, "weight": float(look.get("weight", 1.0)) * max(0.15, typical / _FULL)}


def _draw_merged(canvas: Canvas, areas: NDArray[Any], layer: DrawnLayer, view: View) -> None:
    """Draw areas too small to be told apart as one ground with a rim around it."""
    look = next(layer.styles[at] for at in layer.apart if "fills" in layer.styles[at])
    coords, offsets = rings_of(shapely.clip_by_rect(areas, *view.extent(_BEYOND)))
    if not len(coords):
        return
    path = path_of(view.on_paper(coords), offsets, closed=True)
    ground = _on_white(str(look["fillColor"]), float(look["fillOpacity"]))
    canvas.path(path, {"color": look["color"], "weight": 2 * float(look["weight"]), "fill": False})
    canvas.path(path, {"color": ground, "fillColor": ground, "weight": 0.5}, holes=False)


def _on_white(colour: str, opacity: float) -> str:
    """Return what a colour that lets paper through looks like.

    Examples
    --------
    >>> _on_white("#000000", 0.5)
    '#808080'
    """
    rgb = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(255 + (value - 255) * opacity):02x}" for value in rgb)


def _draw_hexagons(canvas: Canvas, shapes: NDArray[Any], view: View) -> Hexagons:
    """Colour hexagons by how many points lie in each; those that reach into the frame count whole."""
    odd = shapely.get_type_id(shapes) != shapely.GeometryType.POINT
    points = np.where(odd, shapely.point_on_surface(shapes), shapes)
    found = count_in_hexagons(shapely.get_coordinates(points), view.metres)
    inside = shapely.intersects(found.shapes, shapely.box(*view.extent()))
    found = replace(found, shapes=found.shapes[inside], counts=found.counts[inside])
    classes = found.classes
    for at in np.unique(classes).tolist():
        coords, offsets = rings_of(found.shapes[classes == at])
        canvas.path(path_of(view.on_paper(coords), offsets, closed=True), CELLS[at])
    return found


def draw_shapes(canvas: Canvas, shapes: NDArray[Any], style: Mapping[str, Any], view: View) -> None:
    """Draw shapes of one dimension in one look, cut to the frame."""
    if not len(shapes):
        return
    dimension = int(shapely.get_dimensions(shapes[0]))
    if dimension == 0:
        points = view.on_paper(shapely.get_coordinates(shapes))
        radius = float(style.get("radius", 4)) * MM_PER_PIXEL * _shrunk(style, view)
        draw_marks(canvas, points, style, radius)
        return
    clipped = shapely.clip_by_rect(shapes, *view.extent(_BEYOND))
    plain = shapely.simplify(clipped, _FINEST * view.metres, preserve_topology=dimension == 2)
    if dimension == 1:
        coords, offsets = rings_of(plain)
        weight = float(style.get("weight", 1.0)) * _shrunk(style, view)
        look = {**style, "weight": weight, "fill": False}
        canvas.path(path_of(view.on_paper(coords), offsets, closed=False), look)
        return
    is_dashed = bool(style.get("dashArray"))
    for shape in plain:
        coords, offsets = rings_of(np.array([shape], dtype=object))
        if len(coords):
            look = {**style, "stroke": False} if is_dashed else {**style}
            canvas.path(path_of(view.on_paper(coords), offsets, closed=True), look)
    if is_dashed:
        _dash_rims(canvas, clipped, style, view)


def _dash_rims(canvas: Canvas, areas: NDArray[Any], style: Mapping[str, Any], view: View) -> None:
    """Dash each border once: two areas that share it would fill each other's gaps."""
    rims = shapely.line_merge(shapely.union_all(shapely.boundary(areas)))
    plain = shapely.simplify(np.array([rims], dtype=object), _FINEST * view.metres)
    coords, offsets = rings_of(plain)
    if len(coords):
        canvas.path(path_of(view.on_paper(coords), offsets, closed=False), {**style, "fill": False})


def draw_marks(canvas: Canvas, points: NDArray[np.float64], style: Mapping[str, Any], radius: float) -> None:
    """Draw marks at points; those with a rim below them have none around."""
    path = mark_path(points, str(style.get("shape", "circle")), radius)
    canvas.path(path, {**style, "stroke": False} if "casing" in style else style, holes=False)


def _shrunk(style: Mapping[str, Any], view: View) -> float:
    """Return by how much marks and lines are smaller that grow on screen until a zoom."""
    if "fullAt" not in style:
        return 1.0
    zoom = np.log2(_METRES_A_PIXEL / (view.metres * MM_PER_PIXEL))
    # as on screen, where a mark is no smaller than this, and a line no thinner
    least = 0.7 / float(style["radius"]) if "radius" in style else 0.6 / float(style.get("weight", 1.0))
    return float(np.clip(2.0 ** ((zoom - float(style["fullAt"])) / 2), least, 1.0))


def swatch(canvas: Canvas, style: Mapping[str, Any], dimension: int, box: Box) -> None:
    """Draw what the legend shows of a style."""
    middle = np.array([[box.x + box.width / 2, box.y + box.height / 2]])
    if dimension == 0:
        radius = min(float(style.get("radius", 4)) * MM_PER_PIXEL * 1.1, box.height / 2)
        draw_marks(canvas, middle, style, max(radius, 0.7))
        return
    x, y, right, foot = box.x, box.y, box.right, box.foot
    if dimension == 1:
        if "casing" not in style and style.get("color") == "#ffffff":
            canvas.rect(x, y, box.width, box.height, fill="#e4e7eb")  # white on white tells nothing
        ends = np.array([[x, middle[0, 1]], [right, middle[0, 1]]])
        for look in ([style["casing"]] if "casing" in style else []) + [style]:
            canvas.path(path_of(ends, np.array([0, 2]), closed=False), {**look, "fill": False})
        return
    fills = style.get("fills", ())  # colours that mean the same stand side by side
    each = box.width / max(len(fills), 1)
    for at, fill in enumerate(fills):
        stripe = _ring(x + at * each, y, x + (at + 1) * each, foot)
        canvas.path(stripe, {**style, "fillColor": fill, "fillOpacity": 1, "weight": 0.7})
    canvas.path(_ring(x, y, right, foot), {**style, "fill": False} if fills else style)


def _ring(x: float, y: float, right: float, foot: float) -> str:
    corners = np.array([[x, y], [right, y], [right, foot], [x, foot], [x, y]])
    return path_of(corners, np.array([0, 5]), closed=True)
