"""Printing a map: PDF, SVG and PNG on A4 or A3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from zjk_gis.arguments import checked
from zjk_gis.crs import convert_crs, crs_for, title_of_crs
from zjk_gis.crs.vertices import finite_bounds
from zjk_gis.drawing.canvas import Canvas
from zjk_gis.drawing.typefaces import clean_text, find_typeface
from zjk_gis.errors import EmptyLayerError, InputError
from zjk_gis.io.paths import target_file
from zjk_gis.layers.columns.time_cells import today
from zjk_gis.maps.printing.content import View, draw_layers
from zjk_gis.maps.printing.document import SHEETS, check_dpi, write_document
from zjk_gis.maps.printing.furniture import draw_foot, draw_frame, draw_head, draw_legend, legend_of
from zjk_gis.maps.printing.names import LeftOut, draw_names
from zjk_gis.maps.printing.sheet import scale_for, sheets_for
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Collection, Sequence
    from pathlib import Path

    import folium
    from numpy.typing import NDArray
    from pyproj import CRS

    from zjk_gis.maps.drawn import DrawnLayer
    from zjk_gis.maps.page import Page
    from zjk_gis.maps.printing.content import Shown
    from zjk_gis.maps.printing.sheet import Orientation, Sheet
    from zjk_gis.words import Language

__all__ = ["chosen", "foot_of", "page_of", "place", "print_map"]

_WGS84 = 4326
_FIRST_ZONE, _LAST_ZONE = 4534, 4554  # CGCS2000, 3 degrees, without prefix: 75°E to 135°E
_ROOM = 1.03  # how much more ground than the extent is shown
_SIDES: dict[int, tuple[str | None, ...]] = {1: (None,), 2: ("before", "after")}
_WHOLE = 0.75  # a frame that shows more of the ground than this needs no overview


@checked
def print_map(
    drawn: folium.Map,
    path: str | os.PathLike[str],
    *,
    paper: str = "A4",
    orientation: Orientation = "auto",
    extent: Sequence[float] | gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    scale: float | None = None,
    show: Collection[str] | None = None,
    title: str | None = None,
    date: str | dt.date | None = None,
    source: str | None = None,
    font: str | os.PathLike[str] | None = None,
    dpi: float = 200,
) -> Path:
    """Print a map on a sheet of paper that can hang in an office (打印出图).

    Parameters
    ----------
    drawn : folium.Map
        A map that this package has drawn, such as by `city_map`.
    path : path
        Ends with ``.pdf``, ``.svg`` or ``.png``. Written whole or not at all.
    paper : {"A4", "A3"}, default "A4"
    orientation : {"auto", "landscape", "portrait"}, default "auto"
        ``auto`` is the one on which the ground appears larger.
    extent : sequence of float, GeoDataFrame or GeoSeries, optional
        West, south, east and north in degrees (WGS84), or a layer in any CRS, shown whole with a margin; by
        default what the map opens on.
    scale : float, optional
        The scale's denominator, such as 10000; by default the roundest at which the extent fits.
    show : collection of str, optional
        The names of the layers to print, as the map's panel tells them; by default those it shows first. Of
        several layers of one name, ``窨井/排水`` is the one under that heading.
    title : str, optional
        By default the map's.
    date : date or str, optional
        Printed as the day of the map; by default the map's own.
    source : str, optional
        Where the data come from, printed at the foot; by default what the map says.
    font : str or path, optional
        A typeface with Chinese characters: a file, a folder or the name of an installed family. By default
        the one that the extra ``print`` brings.
    dpi : float, default 200
        Pixels an inch, of a PNG.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    MissingExtraError
        If the packages that print are not installed (extra ``print``).
    InputError
        If the map is none of this package's, there is no layer of a name, or no typeface with Chinese
        characters is found; the message says what to install.
    EmptyLayerError
        If there is nothing to be printed and no extent is given.
    CRSError
        If latitudes are greater than 90.
    FileError
        If the file cannot be written.

    Notes
    -----
    Shapes stay shapes and text stays text in PDF and SVG, with the characters that are used embedded. The
    ground is drawn in the CGCS2000 3-degree zone of its centre, outside China in its UTM zone or what fits it
    (see `zjk_gis.crs.crs_for`), whose coordinates stand along the frame, so that north is the grid's north
    and lengths can be measured with a ruler. Names that would run into each other are left out, the smaller
    one first. The same map and date give the same file, on every machine.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from shapely import box
    >>> from zjk_gis.maps import city_map
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A"]}, geometry=[box(573000, 4520000, 574500, 4521000)], crs=4547
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = print_map(
    ...         city_map({"responsibility_zones": zones}),
    ...         pathlib.Path(folder) / "zones.svg",
    ...         date="2025-12-31",
    ...     )
    ...     "1:7,500" in made.read_text(encoding="utf-8")
    True
    """
    target = target_file(path, SHEETS)
    check_dpi(dpi)
    page = page_of(drawn)
    typeface = find_typeface(font)
    layers = chosen(page, show)
    views, sheet, placed, crs = _views(page, layers, paper, orientation, extent, scale)

    canvas = Canvas(typeface)
    shown: dict[DrawnLayer, Shown] = {}
    left_out = LeftOut()
    for view, side, words in zip(views, _SIDES[len(views)], page.sides or ("",), strict=True):
        own = [(each, shapes) for each, shapes in placed if side is None or each.side in (None, side)]
        with canvas.inside(view.box):
            shown |= draw_layers(canvas, own, view)
        left_out += draw_names(canvas, own, view, sheet.zoom)
        draw_frame(canvas, sheet, view, typeface, words)
    heading = title or page.title
    draw_head(canvas, sheet, heading, page.subtitle, typeface)
    overview = _overview(page, placed, views[0])
    legend = legend_of(layers, shown, page.lang, [group for group, _ in page.groups])
    draw_legend(canvas, sheet, views[0], legend, typeface, page.lang, overview)
    outside = sum(len(each.shapes) - found.number for each, found in shown.items() if each.name)
    notes = [*page.notes, *_left_out(left_out, outside, page.lang)]
    left, right = foot_of(page, crs, date, source, notes)
    draw_foot(canvas, sheet, left, right, typeface)

    return write_document(canvas, target, sheet.width, sheet.height, title=heading, lang=page.lang, dpi=dpi)


def page_of(drawn: folium.Map) -> Page:
    """Return what a map draws, or refuse maps of others.

    Raises
    ------
    InputError
    """
    page: Page | None = getattr(drawn, "zjk_page", None)
    if page is None:
        raise InputError(
            tr(
                "only maps that this package has drawn can be printed (city_map and the like); other "
                "maps hold no shapes, but a program"
            )
        )
    return page


def chosen(page: Page, show: Collection[str] | None) -> list[DrawnLayer]:
    """Return the layers to be printed, and those without name that belong to the ground."""
    if show is None:
        return [each for each in page.drawn if each.on]
    wanted = set(show)
    calls = {each: {each.name, f"{each.group}/{each.name}"} for each in page.drawn if each.name}
    unknown = sorted(wanted.difference(*calls.values()))
    if unknown:
        names = dict.fromkeys(each.name for each in calls)
        raise InputError(
            tr("the map has no layer {unknown!r}; it has {names}", unknown=unknown[0], names=", ".join(names))
        )
    return [each for each in page.drawn if not each.name or calls[each] & wanted]


def _views(
    page: Page,
    layers: list[DrawnLayer],
    paper: str,
    orientation: Orientation,
    extent: Sequence[float] | gpd.GeoDataFrame | gpd.GeoSeries | None,
    scale: float | None,
) -> tuple[list[View], Sheet, list[tuple[DrawnLayer, NDArray[Any]]], CRS]:
    """Choose where on the sheet which ground is shown, on each of its maps, and bring the layers there."""
    exact = extent is not None and not isinstance(extent, gpd.GeoDataFrame | gpd.GeoSeries)
    bounds = _bounds_of(_whole(page, layers) if extent is None else extent)
    crs, placed = place(layers, bounds)
    west, south, east, north = bounds
    around = shapely.segmentize(shapely.box(west, south, east, north), 0.01)
    frame = gpd.GeoSeries([around], crs=_WGS84)
    west, south, east, north = convert_crs(frame, crs, name="extent").total_bounds
    size = np.maximum([east - west, north - south], 20.0) * (1.0 if exact else _ROOM)
    wanted = (0.0, 0.0, *size.tolist())
    panels = 1 if page.sides is None else 2
    sheets = sheets_for(paper, orientation, subtitle=bool(page.subtitle), panels=panels)
    sheet = min(sheets, key=lambda each: scale_for(wanted, each.maps[0]))
    centre = (west + east) / 2, (south + north) / 2
    views = [View(box, scale_for(wanted, box, scale), *centre) for box in sheet.maps]
    return views, sheet, placed, crs


def _bounds_of(extent: Sequence[float] | gpd.GeoDataFrame | gpd.GeoSeries) -> list[float]:
    """Return west, south, east and north in degrees of what a sheet should show."""
    if isinstance(extent, gpd.GeoDataFrame | gpd.GeoSeries):
        if not len(extent):
            raise EmptyLayerError(tr("extent: no row has a geometry; name a layer that has some"))
        found = finite_bounds(convert_crs(extent.geometry, _WGS84, name="extent").to_numpy())
        if not np.isfinite(found).all():
            raise EmptyLayerError(tr("extent: no row has a geometry; name a layer that has some"))
        return [float(value) for value in found]
    bounds = np.array(extent, dtype=np.float64)
    if bounds.shape != (4,) or not np.isfinite(bounds).all() or (bounds[:2] > bounds[2:]).any():
        raise InputError(
            tr("extent must be west, south, east and north in degrees, not {extent!r}", extent=extent)
        )
    return [float(value) for value in bounds]


def place(
    layers: list[DrawnLayer], bounds: Sequence[float]
) -> tuple[CRS, list[tuple[DrawnLayer, NDArray[Any]]]]:
    """Return the coordinate system that fits the ground within bounds in degrees, and the layers in it."""
    crs = crs_for(tuple(bounds)).crs
    placed = []
    for each in layers:
        if len(each.shapes):
            name = each.name or "map"
            shapes = convert_crs(gpd.GeoSeries(each.shapes, crs=_WGS84), crs, name=name).to_numpy()
            # Moved to another system, hair-thin ground may cross itself, and could not be cut to the frame.
            crossing = ~shapely.is_valid(shapes)
            if crossing.any():
                shapes = shapes.copy()
                shapes[crossing] = shapely.make_valid(shapes[crossing])
            placed.append((each, shapes))
    return crs, placed


def _whole(page: Page, layers: list[DrawnLayer]) -> list[float]:
    if page.extent is not None:
        return list(page.extent)
    bounds = [shapely.total_bounds(each.shapes) for each in layers if len(each.shapes)]
    if not bounds:
        raise EmptyLayerError(
            tr("there is nothing to be printed: no layer that is shown has a row; give extent= or show=")
        )
    stacked = np.array(bounds)
    return [*stacked[:, :2].min(axis=0).tolist(), *stacked[:, 2:].max(axis=0).tolist()]


def _overview(page: Page, placed: list[tuple[DrawnLayer, NDArray[Any]]], view: View) -> NDArray[Any] | None:
    """Return the ground as a whole, if the frame shows only a part of it."""
    areas = [
        shapes for each, shapes in placed if each.texts is None and shapely.get_dimensions(shapes[0]) == 2
    ]
    if not areas or page.extent is None:
        return None
    ground = areas[0]
    seen = shapely.area(
        shapely.intersection(shapely.box(*shapely.total_bounds(ground)), shapely.box(*view.extent()))
    )
    whole = shapely.area(shapely.box(*shapely.total_bounds(ground)))
    return ground if whole > 0 and seen < _WHOLE * whole else None


def foot_of(
    page: Page, crs: CRS, date: str | dt.date | None, source: str | None, notes: Sequence[str]
) -> tuple[str, str]:
    """Return what stands at the left of the foot, source and notes, and at its right: system and day."""
    day = str(date or page.day or today().isoformat())
    lang, source = page.lang, page.source if source is None else source
    left = [(tr("Source: ", lang=lang)) + clean_text(source)] if source else []
    left += [clean_text(note) for note in notes]
    right = [_title_of(crs, lang), (tr("Made on ", lang=lang)) + clean_text(day), "zjk_gis"]
    return " · ".join(left), " · ".join(right)


def _left_out(left_out: LeftOut, outside: int, lang: Language) -> list[str]:
    """Say what a sheet does not show."""
    told = []
    if outside:
        told.append(tr("{outside:,} features lie beyond the sheet", outside=outside, lang=lang))
    if left_out.collided:
        told.append(
            tr("{collided:,} names that would collide are left out", collided=left_out.collided, lang=lang)
        )
    if left_out.narrow:
        told.append(tr("{narrow:,} areas have no room for their names", narrow=left_out.narrow, lang=lang))
    return told


def _title_of(crs: CRS, lang: Language) -> str:
    code = crs.to_epsg()
    if code is not None and _FIRST_ZONE <= code <= _LAST_ZONE:
        meridian = 75 + 3 * (code - _FIRST_ZONE)
        return tr(
            "CGCS2000 3-degree zone, {meridian}°E (EPSG:{code})", meridian=meridian, code=code, lang=lang
        )
    name = title_of_crs(crs)
    return crs.name if name == crs.name else f"{crs.name} ({name})"
