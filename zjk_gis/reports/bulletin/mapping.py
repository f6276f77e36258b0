"""Where the subjects of a bulletin lie: the ground of each area, and how it is coloured."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from zjk_gis.crs import as_metric
from zjk_gis.drawing.canvas import path_of, rings_of
from zjk_gis.drawing.palette import BLACK, BLUE, VERMILION
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.periods import validity_days
from zjk_gis.layers.columns.values import code_text
from zjk_gis.maps.classes import class_breaks, class_texts
from zjk_gis.maps.style import sequence
from zjk_gis.reports.telling import plain
from zjk_gis.text import display_width

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from pyproj import CRS

    from zjk_gis.reports.bulletin.result import Bulletin

__all__ = ["Ground", "Shades", "drawn_ground", "ground_of", "shades_of"]

_ELSEWHERE = ("responsibility_zones", "unit_grids")  # layers whose rows name the areas they lie in
_WIDTH, _HIGHEST = 620.0, 520.0  # of the drawing
_LETTER = 12.0
_LEVELS = (
    0.5,
    0.56,
    0.44,
    0.62,
    0.38,
    0.7,
    0.3,
    0.78,
    0.22,
)  # of the height of an area, where a name may stand
_FINEST = 0.5  # of the drawing: what is finer is not seen
_DARK = 150  # of 255: white stands out more than black below it
_NO_DATA = "#ffffff"


@dataclass(frozen=True, slots=True)
class Ground:
    """The ground of each subject that has any.

    Attributes
    ----------
    codes : list of str
    shapes : ndarray of Geometry
        One a code, in metres.
    crs : CRS
    """

    codes: list[str]
    shapes: NDArray[Any]
    crs: CRS


@dataclass(frozen=True, slots=True)
class Shades:
    """Classes of values and their colours, light for the least.

    Attributes
    ----------
    breaks : list of float
        Where classes begin.
    colours : list of str
    texts : list of str
        What each class holds.
    """

    breaks: list[float]
    colours: list[str]
    texts: list[str]

    def at(self, value: float) -> int | None:
        """Return the class of a value; None of no value."""
        if value != value or not self.breaks:
            return None
        return max(int(np.searchsorted(self.breaks, value, side="right")) - 1, 0)

    def colour(self, value: float) -> str:
        """Return the colour of a value; white where there is none."""
        at = self.at(value)
        return _NO_DATA if at is None else self.colours[at]

    def is_dark(self, value: float) -> bool:
        """Tell whether text on the colour must be white."""
        colour = self.colour(value)
        red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
        return 0.299 * red + 0.587 * green + 0.114 * blue < _DARK


def shades_of(values: Sequence[float] | NDArray[np.float64], *, percent: bool) -> Shades:
    """Divide values into at most five classes.

    Examples
    --------
    >>> shades = shades_of([0.5, 0.75, 1.0], percent=True)
    >>> shades.texts, shades.at(0.8), shades.at(float("nan"))
    (['50%', '75%', '100%'], 1, None)
    """
    known = np.asarray(values, dtype=np.float64)
    breaks = class_breaks(known, method="natural", classes=5)
    colours = sequence("blues", len(breaks)) if breaks else []
    texts = class_texts(breaks, known, percent=percent)
    if len(np.unique(known[np.isfinite(known)])) == len(breaks):  # each value is a class of its own
        texts = [f"{each * 100:.4g}%" if percent else f"{each:,.4g}" for each in breaks]
    return Shades(breaks, colours, texts)


def ground_of(bulletin: Bulletin, column: str) -> Ground | None:
    """Return the ground of the subjects of one column of codes; None where no layer shows it.

    It is taken from the layer of those areas, else joined from the zones or grids that lie in them, as they
    were valid on the last day that is judged.
    """
    own = [spec.name for spec in CATALOGUE.values() if spec.code == column]
    layers = bulletin.making.layers
    for name in (*own, *_ELSEWHERE):
        layer: Any = layers.get(name)
        if not isinstance(layer, gpd.GeoDataFrame) or column not in layer or layer.crs is None:
            continue
        begins, ends = validity_days(layer, name)
        day = (bulletin.as_of.to_datetime64() - np.timedelta64(1, "us")).astype("M8[D]").astype(np.int64)
        is_area = shapely.get_dimensions(layer.geometry.to_numpy()) == 2
        codes = code_text(layer[column])
        here = (begins <= day) & (day <= ends) & is_area & codes.notna().to_numpy()
        if not here.any():
            continue
        metric = as_metric(layer[here], name)
        shapes = shapely.make_valid(metric.geometry.to_numpy())
        told = codes.to_numpy()[here].astype(object)
        found = sorted(set(told))
        joined = np.array([shapely.union_all(shapes[told == code]) for code in found], dtype=object)
        return Ground(found, joined, metric.crs)
    return None


def drawn_ground(
    ground: Ground,
    values: Mapping[str, float],
    told: Mapping[str, str],
    short: Mapping[str, str],
    shades: Shades,
    title: str,
    *,
    hrefs: Mapping[str, str] | None = None,
    lines: Sequence[tuple[Any, str]] = (),
    marks: Sequence[tuple[Any, str]] = (),
) -> str:
    """Draw areas as SVG, coloured by a value, with their names where there is room.

    Parameters
    ----------
    ground : Ground
    values, told, short : mapping
        By code: the value, what is told when pointed at, and what is written on the area.
    shades : Shades
    title : str
    hrefs : mapping of str to str, optional
        By code: where an area leads.
    lines, marks : sequence of (Geometry, str)
        What is drawn upon the areas in the same CRS, with what is told when pointed at: lines, and crosses at
        points.

    Returns
    -------
    str
        An ``<svg>`` element; every text in it is escaped.
    """
    west, south, east, north = shapely.total_bounds([*ground.shapes, *(each for each, _ in lines)])
    scale = min(_WIDTH / max(east - west, 1.0), _HIGHEST / max(north - south, 1.0))
    height = (north - south) * scale + 8
    middle = (_WIDTH - (east - west) * scale) / 2

    def on_paper(coords: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([(coords[:, 0] - west) * scale + middle, (north - coords[:, 1]) * scale + 4])

    parts, names = [], []
    leads = hrefs or {}
    plainer = shapely.simplify(ground.shapes, _FINEST / scale, preserve_topology=True)
    for code, shape, whole in zip(ground.codes, plainer, ground.shapes, strict=True):
        coords, offsets = rings_of(np.array([shape], dtype=object))
        if not len(coords):
            continue
        value = values.get(code, float("nan"))
        fill = "url(#m-none)" if value != value else shades.colour(value)
        path = path_of(on_paper(coords), offsets, closed=True)
        tip = escape(plain(told.get(code, code)))
        drawn = (
            f'<path d="{path}" transform="scale(.01)" fill="{fill}" fill-rule="evenodd" stroke="#566474" '
            f'stroke-width="90"><title>{tip}</title></path>'
        )
        lead = escape(leads.get(code, ""), quote=True)
        parts.append(f'<a href="{lead}" aria-label="{tip}">{drawn}</a>' if lead else drawn)
        written, place = _written(plain(short.get(code, "")), whole, scale)
        if place is not None:
            ((x, y),) = on_paper(place)
            ink = "#ffffff" if shades.is_dark(value) else BLACK
            top = y + _LETTER / 3 - _LETTER * 1.15 * (len(written) - 1) / 2
            told_lines = "".join(
                f'<tspan x="{x:.1f}" y="{top + _LETTER * 1.15 * at:.1f}">{escape(line)}</tspan>'
                for at, line in enumerate(written)
            )
            names.append(
                f'<text text-anchor="middle" style="fill:{ink};pointer-events:none">{told_lines}</text>'
            )
    role = "group" if any(leads.values()) else "img"  # of a picture nobody hears where its parts lead
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {height:.0f}" role="{role}" '
        f'aria-label="{escape(plain(title), quote=True)}" font-size="{_LETTER:g}" class="ground">'
        '<defs><pattern id="m-none" width="700" height="700" patternUnits="userSpaceOnUse"><rect width="700" '
        'height="700" fill="#fff"/><circle cx="350" cy="350" r="100" fill="#566474"/></pattern></defs>'
        f"{''.join(parts)}{_upon(lines, marks, on_paper)}{''.join(names)}</svg>"
    )


def _written(name: str, shape: Any, scale: float) -> tuple[list[str], NDArray[np.float64] | None]:
    """Return the lines in which a name has room in an area, and the middle of that room; else None."""
    half = -(-len(name) // 2)
    for lines in ([name], [name[:half], name[half:]]) if name else ():
        width = max(map(display_width, lines)) * _LETTER * 0.52
        place = _room_in(shape, width / scale, len(lines) * _LETTER / scale)
        if place is not None:
            return lines, place
    return [], None


def _room_in(shape: Any, width: float, height: float) -> NDArray[np.float64] | None:
    """Return the middle of the level, the nearest to the middle of an area, on which so much has room."""
    west, south, east, north = shapely.bounds(shape)
    if not (width < east - west and height < north - south):
        return None
    for share in _LEVELS:
        y = south + (north - south) * share
        level = shapely.linestrings([(west - 1, y), (east + 1, y)])
        chords = shapely.get_parts(shapely.intersection(level, shape))
        lengths = shapely.length(chords)
        if len(chords) and lengths.max() > width:
            return shapely.get_coordinates(shapely.centroid(chords[np.argmax(lengths)]))
    return None


def _upon(
    lines: Sequence[tuple[Any, str]],
    marks: Sequence[tuple[Any, str]],
    on_paper: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> str:
    """Draw lines and crosses; every text is escaped."""
    drawn = []
    for shape, tip in lines:
        for line in shapely.get_parts(shape):
            points = on_paper(shapely.get_coordinates(line))
            told = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            drawn.append(
                f'<polyline points="{told}" fill="none" stroke="{BLUE}" stroke-width="3" '
                f'stroke-linecap="round"><title>{escape(plain(tip))}</title></polyline>'
            )
    for place, tip in marks:
        ((x, y),) = on_paper(shapely.get_coordinates(place))
        cross = f"M{x - 4:.1f} {y - 4:.1f}l8 8m0-8l-8 8"
        drawn.append(
            f'<path d="{cross}" stroke="#fff" stroke-width="5" stroke-linecap="round"/>'
            f'<path d="{cross}" stroke="{VERMILION}" stroke-width="2.6" stroke-linecap="round">'
            f"<title>{escape(plain(tip))}</title></path>"
        )
    return "".join(drawn)
