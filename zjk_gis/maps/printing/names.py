"""Names on a sheet: in rows that fit the area they name, and none over another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import rtree
import shapely

from zjk_gis.drawing.canvas import MM_PER_PIXEL, mark_path, path_of
from zjk_gis.drawing.typefaces import clean_text
from zjk_gis.maps.lettering import is_cut, rows_within, wrapped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from zjk_gis.drawing.canvas import Canvas
    from zjk_gis.drawing.typefaces import Typeface
    from zjk_gis.maps.drawn import DrawnLayer
    from zjk_gis.maps.printing.content import View

    _Place = tuple[float, float, float, float]  # west, north, east and south of a name

__all__ = ["LeftOut", "Taken", "draw_all_names", "draw_names"]

_SIZE, _SMALLEST = 2.5, 1.75  # millimetres; a name that finds no room in its area is written smaller
_STEP = 0.87
_HALO = 0.25  # of the size
_ROW = 1.2
_WIDEST = 40.0
_INSIDE = 0.93  # the share of a name that must lie in its area
_ALIKE = 0.85  # of the names that can be written at all, those that must fit for a size to be taken for all
_ROOMS = (1.0, 0.75, 0.55)  # the shares of an area's width to which its label is broken
_EXACT = 2_000  # labels of a layer; the midst of more areas is not sought
_MOST_ROWS = 2  # of a label among names
_OTHERS = 3  # places where a label is tried besides its best
_ASIDE = (-2.2, 2.2, -4.0, 4.0, -6.0, 6.0, -9.0, 9.0)  # sizes above and below where else a name may stand
_MOST_WHOLE = 3  # of a name that is not cut
_MOST_HIDDEN = 2  # marks that the label of an area may cover
_NUMBER, _BAND = 2.1, 8.0  # of numbers: how high; how far apart from north to south they are in one row
_AROUND, _FAR = 16, (2.4, 4.2, 6.5, 9.5, 13.0)  # where else a number may stand: ways, and radii away
_USUAL_RADIUS = 6.0  # pixels, of the marks that most codes stand over
_CODE, _NAME, _LABEL = 0, 1, 2  # codes of marks first, then names, then labels of areas
_WATER, _GREY, _FAINT = "#2f6f9f", "#3e4c59", "#8a97a5"


@dataclass(slots=True)
class LeftOut:
    """How many names are not written.

    Attributes
    ----------
    collided : int
        Of marks, and of what is named for its own sake: another is there.
    narrow : int
        Of areas that are too small, or taken.
    """

    collided: int = 0
    narrow: int = 0

    def __add__(self, other: LeftOut) -> LeftOut:
        return LeftOut(self.collided + other.collided, self.narrow + other.narrow)


@dataclass(frozen=True, slots=True, order=True)
class _Name:
    """One name and where it may stand; they are written in this order."""

    cut: bool
    kind: int
    less: float
    rows: tuple[str, ...]
    x: float
    y: float
    size: float
    colour: str


@dataclass(frozen=True, slots=True)
class _Sought:
    """A name, the ways in which it may be written, the best first, and the spots for its number."""

    whole: str
    ways: tuple[_Name, ...]
    spots: tuple[tuple[float, float], ...]


class Taken:
    """The places that are taken: an index that grows with every name, as STRtree cannot."""

    def __init__(self) -> None:
        self._places: list[_Place] = []
        self._near = rtree.index.Index()

    def is_free(self, place: _Place) -> bool:
        """Tell whether nothing is there."""
        return not any(_meet(place, self._places[at]) for at in self._near.intersection(place))

    def take(self, place: _Place) -> None:
        """Put something there."""
        self._near.insert(len(self._places), place)
        self._places.append(place)


def draw_names(
    canvas: Canvas, layers: list[tuple[DrawnLayer, NDArray[Any]]], view: View, zoom: float
) -> LeftOut:
    """Write names, those of the largest shapes first and cut ones last; tell how many found no room.

    Where names are written for their own sake, labels of areas give way to them without being counted, and
    are written only where they fit in full size and in two rows.
    """
    left_out = LeftOut()
    has_names = any(layer.texts is not None for layer, _ in layers)
    smallest = _SIZE * zoom if has_names else _SMALLEST
    names: list[_Sought] = []
    for layer, shapes in layers:
        for found in _names_of(layer, shapes, view, canvas.typeface, zoom, smallest):
            ways = tuple(way for way in found.ways if not has_names or len(way.rows) <= _MOST_ROWS)
            if ways:
                names.append(_Sought(found.whole, ways, found.spots))
            else:
                left_out.narrow += 1
    for missing in _write_where_free(canvas, names, Taken(), _marks(layers, view), view, zoom):
        left_out.narrow += missing.ways[0].kind == _LABEL
        left_out.collided += missing.ways[0].kind != _LABEL
    if has_names:
        left_out.narrow = 0
    return left_out


def draw_all_names(
    canvas: Canvas,
    own: list[tuple[DrawnLayer, NDArray[Any]]],
    around: list[tuple[DrawnLayer, NDArray[Any]]],
    view: View,
    zoom: float,
) -> list[str]:
    """Write every name of one's own whole, or a number where it does not fit; others faintly, where they fit.

    Returns
    -------
    list of str
        The names that stand as numbers, 1 first; they are numbered from the north to the south.
    """
    face, taken = canvas.typeface, Taken()
    marks = _marks([*own, *around], view)
    names = [
        found
        for layer, shapes in own
        for found in _names_of(layer, shapes, view, face, zoom, _SMALLEST, whole=True)
    ]
    missing = [each for each in names if not each.ways]
    missing += _write_where_free(canvas, [each for each in names if each.ways], taken, marks, view, zoom)
    missing.sort(key=lambda each: (round(each.spots[0][1] / _BAND), each.spots[0][0], each.whole))
    for number, each in enumerate(missing, start=1):
        _write_number(canvas, number, each.spots, taken, view, zoom)
    others = [
        _Sought(found.whole, ways, found.spots)
        for layer, shapes in around
        for found in _names_of(layer, shapes, view, face, zoom, _SIZE * zoom)
        if (ways := tuple(replace(way, colour=_FAINT) for way in found.ways if not way.cut))
    ]
    _write_where_free(canvas, others, taken, marks, view, zoom)
    return [each.whole for each in missing]


def _write_where_free(
    canvas: Canvas,
    names: list[_Sought],
    taken: Taken,
    marks: shapely.STRtree,
    view: View,
    zoom: float,
) -> list[_Sought]:
    """Write names in their order, each in the first way whose place is free; return those without any."""
    missing = []
    for each in sorted(names, key=lambda each: each.ways):
        for name in each.ways:
            rows, x, y, place = _placed(name, view, canvas.typeface, zoom)
            if not taken.is_free(place):
                continue
            if name.kind == _LABEL and len(marks.query(shapely.box(*place))) > _MOST_HIDDEN:
                continue
            taken.take(place)
            _write(canvas, name, rows, x, y)
            break
        else:
            missing.append(each)
    return missing


def _write_number(
    canvas: Canvas,
    number: int,
    spots: tuple[tuple[float, float], ...],
    taken: Taken,
    view: View,
    zoom: float,
) -> None:
    """Write a number in a ring at the first spot that is free, or beside with a line that leads there."""
    size, box = _NUMBER * zoom, view.box
    radius = 0.62 * size + 0.22 * size * len(str(number))
    turns = np.arange(_AROUND) * 2 * np.pi / _AROUND
    beside = [
        (spots[0][0] + far * radius * np.cos(turn), spots[0][1] + far * radius * np.sin(turn))
        for far in _FAR
        for turn in turns.tolist()
    ]
    for at_x, at_y in (*spots, *beside, spots[0]):
        x = min(max(at_x, box.x + radius), box.right - radius)
        y = min(max(at_y, box.y + radius), box.foot - radius)
        place = (x - radius, y - radius, x + radius, y + radius)
        if taken.is_free(place):
            break
    taken.take(place)
    if min(np.hypot(x - east, y - south) for east, south in spots) > radius:
        line = path_of(np.array([spots[0], (x, y)]), np.array([0, 2]), closed=False)
        canvas.path(line, {"color": _GREY, "weight": 0.8, "fill": False})
    ring = {"fillColor": "#ffffff", "color": _GREY, "weight": 0.9}
    canvas.path(mark_path(np.array([[x, y]]), "circle", radius), ring)
    canvas.text(x, y + 0.36 * size, number, size, bold=True, colour=_GREY, anchor="middle")


def _marks(layers: list[tuple[DrawnLayer, NDArray[Any]]], view: View) -> shapely.STRtree:
    """Gather the marks that are drawn one by one: the label of an area does not hide them."""
    shapes = [all_of for layer, all_of in layers if layer.texts is None and not layer.in_cells]
    points = [some[shapely.get_type_id(some) == shapely.GeometryType.POINT] for some in shapes]
    coords = view.on_paper(shapely.get_coordinates(np.concatenate([*points, np.array([], dtype=object)])))
    return shapely.STRtree(np.asarray(shapely.points(coords), dtype=object))


def _placed(
    name: _Name, view: View, typeface: Typeface, zoom: float
) -> tuple[list[str], float, float, _Place]:
    """Cut a name to the widest there may be, and keep it within the frame."""
    box = view.box
    rows = [typeface.fitted(row, name.size, _WIDEST * zoom, bold=True) for row in name.rows]
    around, between = (0.1, 0.0) if name.kind == _LABEL else (0.6, 0.3)
    half = max(typeface.width(row, name.size, bold=True) for row in rows) / 2 + around
    high = (_ROW * len(rows) + between) / 2 * name.size
    edge = high + 0.25 * name.size
    x = min(max(name.x, box.x + half), box.right - half)
    y = min(max(name.y, box.y + edge), box.foot - edge)
    return rows, x, y, (x - half, y - high, x + half, y + high)


def _write(canvas: Canvas, name: _Name, rows: list[str], x: float, y: float) -> None:
    size, halo = name.size, _HALO * name.size
    for at, row in enumerate(rows):
        base = y + (at - (len(rows) - 1) / 2) * _ROW * size + 0.36 * size
        canvas.text(x, base, row, size, bold=True, colour=name.colour, anchor="middle", halo=halo)


def _names_of(
    layer: DrawnLayer,
    shapes: NDArray[Any],
    view: View,
    typeface: Typeface,
    zoom: float,
    smallest: float,
    *,
    whole: bool = False,
) -> list[_Sought]:
    """Return how each name of a layer may be written; no way where it finds no room.

    Whole names are neither cut nor left without their second line.
    """
    texts = layer.texts if layer.texts is not None else layer.labels
    if texts is None:
        return []
    full = layer.whole or texts
    texts = full if whole else texts
    seen = shapely.intersection(shapes, shapely.box(*view.extent()))
    rows = [[row for line in text.split("\n") if (row := clean_text(line))] for text in texts]
    named = np.flatnonzero(~shapely.is_empty(seen) & np.array([bool(some) for some in rows], dtype=bool))
    found: list[_Sought] = []
    labels: list[_Area] = []
    for at in named.tolist():
        style = layer.styles[int(layer.style_of[at])]
        colour = _WATER if style.get("className") == "water" else _GREY
        extent = float(shapely.area(seen[at]) or shapely.length(seen[at]))
        told = " · ".join(rows[at])
        cut = is_cut(texts[at]) and not whole
        if layer.texts is None and shapely.area(seen[at]) > 0:
            parts = shapely.get_parts(seen[at])
            largest = parts[shapely.area(parts).argmax()]
            labels.append(_Area(largest, extent, rows[at], cut, colour, told))
            continue
        ((x, y),) = view.on_paper(shapely.get_coordinates(shapely.point_on_surface(seen[at]))).tolist()
        kind = _NAME if layer.texts is not None else _LABEL if extent else _CODE
        size = _SIZE * zoom
        lines = rows[at]
        if whole:
            wide = partial(typeface.width, size=size, bold=True)
            lines = [row for line in lines for row in rows_within(line, _WIDEST * zoom, wide)]
        above = _above(style, len(lines), size, zoom) if kind == _CODE else 0.0
        name = _Name(cut, kind, -extent, tuple(lines), x, y - above, size, colour)
        ways: tuple[_Name, ...] = (name,) if not whole or len(lines) <= _MOST_WHOLE else ()
        if whole and ways and shapely.area(seen[at]) > 0:
            shape = shapely.transform(seen[at], view.on_paper)
            steps = [y + far * size for far in _ASIDE if shapely.intersects_xy(shape, x, y + far * size)]
            ways = (name, *(replace(name, y=step) for step in steps))
        found.append(_Sought(told, ways, ((x, y - above),)))
    return found + _labels_of(labels, view, typeface, _SIZE * zoom, smallest, whole=whole)


def _above(style: Mapping[str, Any], rows: int, size: float, zoom: float) -> float:
    """Return how far over a mark the middle of its code stands: the mark stays to be seen below."""
    larger = max(float(style.get("radius", 0.0)) - _USUAL_RADIUS, 0.0) * MM_PER_PIXEL
    return 2.4 * zoom + larger + (rows - 1) / 2 * _ROW * size


@dataclass(frozen=True, slots=True)
class _Area:
    """An area as it is seen, and what it is called."""

    seen: shapely.Polygon
    extent: float
    rows: list[str]
    cut: bool
    colour: str
    told: str


def _labels_of(
    areas: list[_Area],
    view: View,
    typeface: Typeface,
    largest: float,
    smallest: float,
    *,
    whole: bool = False,
) -> list[_Sought]:
    """Write labels in one way where nearly all fit so, the others in the next way that fits.

    All of a label is better than its first line, and large better than small.
    """
    steps = int(np.log(smallest / largest) / np.log(_STEP))
    sizes = list(dict.fromkeys([*(largest * _STEP**step for step in range(steps + 1)), smallest]))
    ways = [(first_only, size) for first_only in ((False,) if whole else (False, True)) for size in sizes]
    shapes = [shapely.transform(area.seen, view.on_paper) for area in areas]
    few = len(areas) <= _EXACT
    spots = [_spots_in(shape, exact=few and _least_side(shape) >= _SMALLEST) for shape in shapes]
    fits = [
        _ways_of(area, shape, own, ways, typeface)
        for area, shape, own in zip(areas, shapes, spots, strict=True)
    ]
    counts = [sum(some[way] is not None for some in fits) for way in range(len(ways))]
    common = next(way for way, count in enumerate(counts) if count >= _ALIKE * max(counts))
    order = [way for way in range(common, len(ways)) if ways[way][1] <= ways[common][1]]
    found: list[_Sought] = []
    for area, shape, some, own in zip(areas, shapes, fits, spots, strict=True):
        names = [name for way in order if (name := some[way]) is not None]
        if whole and names:
            tried = list(dict.fromkeys(name.size for name in names))
            names += _elsewhere(area, shape, names[0], tried, typeface)
        found.append(_Sought(area.told, tuple(names), tuple(own)))
    return found


def _elsewhere(
    area: _Area, shape: shapely.Polygon, first: _Name, sizes: list[float], typeface: Typeface
) -> list[_Name]:
    """Return where else in its area a label fits, should its best place be taken: in what is left of it."""
    found: list[_Name] = []
    rest: shapely.Geometry = shape
    name = first
    for _ in range(_OTHERS):
        wide = max(typeface.width(row, name.size, bold=True) for row in name.rows) / 2
        high = _ROW * name.size * len(name.rows) / 2
        rest = shapely.difference(
            rest, shapely.box(name.x - wide, name.y - high, name.x + wide, name.y + high)
        )
        parts = shapely.get_parts(rest)
        parts = parts[shapely.get_dimensions(parts) == 2]
        if not len(parts) or _least_side(largest := parts[shapely.area(parts).argmax()]) < _SMALLEST:
            break
        spots = _spots_in(largest, exact=True)
        fitting = ((size, _fitting(area.rows, largest, spots, size, typeface)) for size in sizes)
        own = [_Name(area.cut, _LABEL, -area.extent, *at, size, area.colour) for size, at in fitting if at]
        if not own:
            break
        found.append(own[0])
        name = own[0]
    return found


def _ways_of(
    area: _Area,
    shape: shapely.Polygon,
    spots: list[tuple[float, float]],
    ways: list[tuple[bool, float]],
    typeface: Typeface,
) -> list[_Name | None]:
    """Return how a label fits its area in each way (the first line only or all, how large), if it does."""
    if _least_side(shape) < _SMALLEST:
        return [None] * len(ways)
    found: list[_Name | None] = []
    for first_only, size in ways:
        lines = area.rows[:1] if first_only else area.rows
        fitting = _fitting(lines, shape, spots, size, typeface)
        found.append(
            None if fitting is None else _Name(area.cut, _LABEL, -area.extent, *fitting, size, area.colour)
        )
    return found


def _least_side(shape: shapely.Polygon) -> float:
    west, north, east, south = shapely.bounds(shape).tolist()
    return float(min(east - west, south - north))


def _spots_in(shape: shapely.Polygon, *, exact: bool) -> list[tuple[float, float]]:
    """Return where a label may stand: in the midst of the most room, or else anywhere inside."""
    points = [shapely.centroid(shape), shapely.point_on_surface(shape)]
    if exact:
        points.insert(0, shapely.get_point(shapely.maximum_inscribed_circle(shape, tolerance=0.1), 0))
    return [(point.x, point.y) for point in points]


def _fitting(
    lines: list[str],
    shape: shapely.Geometry,
    spots: list[tuple[float, float]],
    size: float,
    typeface: Typeface,
) -> tuple[tuple[str, ...], float, float] | None:
    """Break lines into rows that lie in a shape on paper; return them and where their middle is."""

    def width(text: str) -> float:
        return typeface.width(text, size, bold=True)

    west, north, east, south = shapely.bounds(shape).tolist()
    widest = _WIDEST / _SIZE * size
    for share in _ROOMS:
        broken = [wrapped(line, min(share * (east - west), widest), width) for line in lines]
        rows = tuple(row for some in broken for row in some or ())
        wide, high = max(map(width, rows), default=0.0) / 2, _ROW * size * len(rows) / 2
        if None in broken or 2 * high > south - north:
            continue
        for x, y in spots:
            place = shapely.box(x - wide, y - high, x + wide, y + high)
            if shapely.area(shapely.intersection(place, shape)) >= _INSIDE * shapely.area(place):
                return rows, x, y
    return None


def _meet(one: _Place, other: _Place) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
