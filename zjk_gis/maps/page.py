"""A page: a folium map with a title, a panel that is legend and layer control at once, and packed layers.

Layers are drawn by the page's own script on one canvas, not by one folium object a row: a hundred thousand
areas or points stay fluent and the file small. More points than that are counted in hexagons until few enough
are in view. Text from data travels deflated or as JSON that cannot leave its script element, and the script
only ever sets it as text; no value of the data becomes HTML.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import folium
import numpy as np
import shapely
from branca.element import Element, MacroElement
from jinja2 import Template

from zjk_gis.crs import convert_crs
from zjk_gis.layers.labels import label
from zjk_gis.layers.shapes import cleaned, has_place, has_shape, inner_points, point_coordinates
from zjk_gis.maps import packing, style
from zjk_gis.maps.drawn import DrawnLayer
from zjk_gis.maps.lettering import pack_labels, short
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.layers.labels import Language
    from zjk_gis.maps.packing import Extra

__all__ = ["MOST_SINGLE", "Page", "id_of", "script_json"]

MOST_SINGLE = 100_000  # points of a layer that are drawn one by one; more are counted in hexagons

_SCRIPTS = ("unpack", "inflate", "ground", "places", "looks", "paint", "cells", "labels", "sheet", "popup",
            "panel", "search", "clock", "tools", "swipe", "rows", "desk", "address", "page")  # fmt: skip
_LEAFLET = [url for name, url in folium.Map.default_js if name == "leaflet"]
_LEAFLET_CSS = [url for name, url in folium.Map.default_css if name == "leaflet_css"]
_JINJA_OPENS = re.compile(r"\{(?=[{%#])")
_MICRODEGREES = 1e6  # 0.1 m: finer than any position here, and a third of the size of full precision
_METRES = 1e5  # 1 m, for points that are counted
_MANY = 20_000
_WGS84 = 4326
# What the page itself says: its tools, its legend of hexagons, time.
_WORDS = {
    "legend": "Legend and layers",
    "search": "Search code or name (press /)",
    "notFound": "nothing found",
    "whole": "Whole map",
    "measure": "Measure length and area",
    "measureHow": "Click point by point; Esc ends",
    "length": "length",
    "area": "area",
    "full": "Full screen",
    "zoomIn": "Zoom in",
    "zoomOut": "Zoom out",
    "mouseHow": "Click to switch: degrees / CGCS2000 metres of the 3-degree zone",
    "north": "N",
    "small": "Overview: click to move",
    "time": "Time",
    "step": "Step",
    "month": "by month",
    "week": "by week",
    "day": "by day",
    "allTimes": "All",
    "play": "Play",
    "pause": "Pause",
    "counted": "{count} items",
    "untimed": "{count} without a time are shown under All only",
    "perCell": "Count in each hexagon (about {width} wide)",
    "single": "{count} points in view, shown singly",
    "points": "count",
    "byKind": "by kind",
    "kind": "kind",
    "before": "Previous",
    "next": "Next",
    "swipe": "Drag to compare before and after",
    "mapHow": "arrow keys move the map, + and - change the scale, Enter tells what lies in the middle",
    "desk": "Filter, table and export",
    "shut": "Close",
    "whatRows": "What is listed",
    "filters": "Filters",
    "filterText": "Text in any column",
    "from": "From day",
    "to": "To day",
    "inView": "In view only",
    "clearAll": "Clear filters",
    "asCsv": "Export CSV",
    "asGeoJson": "Export GeoJSON",
    "copyLink": "Copy link",
    "linkCopied": "link copied",
    "left": "{count} of {total}",
    "blank": "(empty)",
    "more": "{count} more",
    "fewer": "show fewer",
    "sortBy": "Sort by {column}",
    "showRow": "Show on the map",
    "noneLeft": "No row meets all filters",
    "lon": "longitude",
    "lat": "latitude",
}


class _Map(folium.Map):
    """A folium map that asks for Leaflet alone: the page needs neither jQuery nor Bootstrap."""

    default_js = [("leaflet", url) for url in _LEAFLET]  # noqa: RUF012  folium's own way to say so
    default_css = [("leaflet_css", url) for url in _LEAFLET_CSS]  # noqa: RUF012
    zjk_page: Page  # what is drawn, for those who draw it elsewhere than in a browser
    extent: list[float] | None

    def _repr_html_(self, **kwargs: Any) -> str:
        """Show the page in a notebook, without a network if the scripts are at hand."""
        from zjk_gis.errors import MissingExtraError
        from zjk_gis.maps.offline.saving import offline_frame

        try:
            return str(offline_frame(self)._repr_html_())
        except MissingExtraError:
            return str(super()._repr_html_(**kwargs))


class _Script(MacroElement):
    """Hands a page to the page's script."""

    _template = Template(
        "{% macro script(this, kwargs) %}zjkPage({{ this.map_name }}, {{ this.json }});{% endmacro %}"
    )

    def __init__(self, page: folium.Map, content: dict[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "ZjkPage"
        self.json = script_json(content)
        page._id = id_of(self.json)  # noqa: SLF001 - folium draws it at random
        self.map_name = page.get_name()


def id_of(content: str) -> str:
    """Name a part of a map by what it holds; folium names it at random, and no page were twice the same.

    Examples
    --------
    >>> id_of("{}") == id_of("{}"), len(id_of("{}"))
    (True, 32)
    """
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def script_json(value: object) -> str:
    r"""Write a value as JSON that is safe inside a script element.

    Examples
    --------
    >>> script_json({"text": "</script><b>"})
    '{"text":"\\u003c/script\\u003e\\u003cb\\u003e"}'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    # folium passes the text through Jinja, which would run what stands in {{ }}. In JSON these pairs of
    # characters occur inside strings only.
    return _JINJA_OPENS.sub(r"\\u007b", text)


@dataclass(slots=True)
class Page:
    """A page in the making.

    Parameters
    ----------
    title, subtitle, foot : str
        The foot says source, date and coordinate system.
    lang : {"zh", "en"}
    groups : list of (str, bool)
        The headings of the panel, in their order, and whether each is unfolded.
    notes : list of str
        What the reader should know: what was left out, how it is drawn.
    screen_notes : list of str
        What holds for the screen alone, such as how hexagons are counted.
    sides : (str, str), optional
        Titles of the left and the right side of a page that compares two states.
    plays : bool
        Whether time is played by a bar of its own; otherwise it is only filtered by.
    """

    title: str
    subtitle: str = ""
    foot: str = ""
    lang: Language = "zh"
    groups: list[tuple[str, bool]] = field(default_factory=list)
    layers: list[dict[str, Any]] = field(default_factory=list)
    drawn: list[DrawnLayer] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    screen_notes: list[str] = field(default_factory=list)
    extent: list[float] | None = None
    sides: tuple[str, str] | None = None
    plays: bool = True
    _days: list[NDArray[np.int64]] = field(default_factory=list)

    def add(
        self,
        frame: gpd.GeoDataFrame,
        *,
        name: str,
        group: str,
        styles: Sequence[Mapping[str, Any]],
        style_of: Sequence[int] | NDArray[Any] | None = None,
        keys: Sequence[tuple[int, str]] | None = None,
        columns: Sequence[str] = (),
        extras: Sequence[Extra] = (),
        search: Sequence[str] = (),
        days: NDArray[np.int64] | None = None,
        labels: str | Sequence[str] | None = None,
        label_look: Mapping[str, Any] | None = None,
        on: bool = True,
        as_text: str | None = None,
        frames_the_page: bool = False,
        counted: bool = True,
        side: str | None = None,
        note: str = "",
        in_cells: bool = False,
        rows: str | None = None,
        echo: bool = False,
    ) -> None:
        """Add a layer.

        Parameters
        ----------
        frame : GeoDataFrame
            In any CRS; rows without geometry are left out and counted in the page's notes.
        name : str
            As shown in the panel; an empty one is not listed.
        group : str
            The heading under which it is listed.
        styles : sequence of mapping
            Leaflet path options; ``shape`` may be circle, square, triangle, diamond, cross or plus, ``hatch``
            diagonal, back, cross, dots, level or upright, ``casing`` a wider line or a larger mark below all
            those of the layer, and ``fullAt`` the zoom until which marks grow.
        style_of : sequence of int, optional
            For each row which style it takes; by default the first.
        keys : sequence of (int, str), optional
            What the legend explains: a style and its meaning.
        columns : sequence of str
            The columns shown when a feature is clicked, those that are there.
        extras : sequence of Extra
            Further rows of the popup, with a value for each row of the frame.
        search : sequence of str
            The columns in which the search box looks, those that are there and shown.
        days : ndarray of int64, optional
            For the time slider: the day of each row, as `packing.day_numbers` counts them.
        labels : str or sequence of str, optional
            A column, or texts, drawn at the features where there is room.
        label_look : mapping, optional
            ``size``, ``color``, ``italic``, ``rank`` (the higher is placed first), ``above`` (pixels) and
            ``free`` (may be wider than its area).
        on : bool
            Whether it is shown at first.
        as_text : str, optional
            A column whose text is drawn at each feature instead of the feature.
        frames_the_page : bool
            Whether the page opens on this layer's extent.
        counted : bool
            Whether the panel tells how many features there are.
        side : {"before", "after"}, optional
            On which side of a comparing page it is; by default on both.
        note : str
            A line below the layer in the legend.
        in_cells : bool
            Whether points are counted in hexagons even if they are few. More than `MOST_SINGLE` always are,
            and then single points have no popup.
        rows : str, optional
            What its rows are called where they are filtered, listed and exported; layers of one name are
            listed together. By default the layer's own name.
        echo : bool
            Whether it only repeats rows of that name, such as rings around some of them: it is filtered with
            them by its first column, and not listed.
        """
        frame = frame.reset_index(drop=True)
        chosen = (
            np.zeros(len(frame), dtype=np.int64) if style_of is None else np.asarray(style_of, dtype=np.int64)
        )
        shapes = _degrees(frame, name)
        there = has_shape(shapes)
        usable = there & _on_earth(shapes)
        self.note_left_out(name, int((~there).sum()), int((there & ~usable).sum()))
        if frames_the_page and usable.any():
            self.extent = [float(v) for v in shapely.total_bounds(shapes[usable])]
        shown = [column for column in columns if column in frame]
        kinds = packing.kinds_of(shapes[usable])
        many = int(usable.sum()) > MOST_SINGLE
        cells = bool((in_cells or many) and (kinds == packing.POINT).all() and as_text is None and len(kinds))
        used = sorted({int(number) for number in chosen[usable]}) or [0]
        layer: dict[str, Any] = {
            "name": name,
            "group": group,
            "on": on,
            "count": _count(int(usable.sum()), self.lang) if counted else "",
            "styles": list(styles),
            "look": int(np.bincount(kinds).argmax()) if len(kinds) else packing.AREA,
            "keys": [list(key) for key in keys or () if key[0] in used] or [[used[0], ""]],
            "keyed": any(meaning for _, meaning in keys or ()),
            "frames": frames_the_page,
            "side": side,
            "note": note,
            "rows": name if rows is None else rows,
            "echo": echo,
            "tells": bool(shown or extras or cells) and as_text is None,
        }
        self.layers.append(layer)
        texts = frame[as_text] if as_text else frame[labels] if isinstance(labels, str) else labels
        self.drawn.append(
            DrawnLayer(
                name=name,
                group=group,
                on=on,
                shapes=shapes[usable],
                styles=list(styles),
                style_of=chosen[usable],
                keys=[key for key in keys or [] if key[0] in used],
                count=layer["count"],
                texts=[short(text) for text in frame[as_text][usable]] if as_text else None,
                labels=None
                if as_text or texts is None
                else [short(text) for text in np.asarray(texts, dtype=object)[usable]],
                in_cells=cells,
                side=side,
            )
        )
        if texts is not None:
            layer["labels"] = pack_labels(
                shapes[usable], list(np.asarray(texts, dtype=object)[usable]), label_look or {}
            )
        layer["textOnly"] = as_text is not None
        if as_text is not None:
            self._add_names(layer, frame, shapes, usable, as_text)
            return
        if days is not None:
            days = days[usable]
            self._days.append(days)
        if not cells:
            self._note_many(layer["name"], int(usable.sum()))
            layer |= {"digits": _MICRODEGREES, "shapes": _packed(shapes, usable, chosen, days)}
            order = np.flatnonzero(usable)
        else:
            order = np.flatnonzero(usable)[
                self._add_cells(layer, shapes[usable], chosen[usable], days, many=many)
            ]
        if (shown or extras) and not (cells and many):
            kept = [e.of_rows(order, len(frame), len(self.layers) - 1) for e in extras]
            layer["table"] = packing.pack_table(frame.iloc[order], shown, self.lang, kept)
            layer["search"] = [shown.index(column) for column in search if column in shown]
            if shown:
                named = (at for at, column in enumerate(shown) if column.endswith("_name"))
                layer["hover"] = next(named, 0)

    def _add_names(
        self,
        layer: dict[str, Any],
        frame: gpd.GeoDataFrame,
        shapes: NDArray[Any],
        usable: NDArray[np.bool_],
        column: str,
    ) -> None:
        """Let the search lead to names that stand on the map without a shape of their own."""
        named = usable & frame[column].notna().to_numpy()
        places = inner_points(shapes[named])
        first = np.zeros(len(places), dtype=np.int64)
        layer |= {
            "title": label(column, self.lang),
            "rows": "",
            "digits": _MICRODEGREES,
            "shapes": packing.pack_shapes(places, first, digits=_MICRODEGREES),
            "table": packing.pack_table(frame[named], [column], self.lang),
            "search": [0],
        }

    def _add_cells(
        self,
        layer: dict[str, Any],
        shapes: NDArray[Any],
        chosen: NDArray[np.int64],
        days: NDArray[np.int64] | None,
        *,
        many: bool,
    ) -> NDArray[np.int64]:
        """Add points to be counted, and return the order they are in."""
        points = shapes.copy()
        odd = shapely.get_type_id(points) != shapely.GeometryType.POINT
        points[odd] = inner_points(points[odd])
        order = packing.morton_order(*point_coordinates(points))
        digits = _METRES if many else _MICRODEGREES
        layer |= {
            "cells": True,
            "ramp": list(style.DENSITY),
            "marks": layer["styles"],
            "digits": digits,
            "shapes": packing.pack_shapes(
                points[order], chosen[order], digits=digits, days=None if days is None else days[order]
            ),
        }
        name = layer["name"]
        told = tr(
            "{name}: {count:,} points in hexagons, or singly where fewer than 3,000 are in view",
            name=name,
            count=len(points),
            lang=self.lang,
        )
        if many:
            told += tr("; positions to 1 m, single points without attributes", lang=self.lang)
        self.screen_notes.append(told)
        return order

    def map(self) -> folium.Map:
        """Return the page as a folium map, to be shown, added to or saved."""
        west, south, east, north = self.extent or (114.7, 40.7, 115.1, 40.95)
        page = _Map(
            tiles=None,
            location=[(south + north) / 2, (west + east) / 2],
            zoom_start=13,
            zoom_snap=0.25,
            max_zoom=21,
            prefer_canvas=True,
            control_scale=False,
            attribution_control=True,
        )
        figure: Any = page.get_root()
        figure.title = html.escape(self.title)  # folium writes it as it is
        figure.header.add_child(_verbatim("style", _asset("page.css")), name="zjk_style")
        figure.html.add_child(_verbatim("script", _script()), name="zjk_script")
        content = {
            "lang": self.lang,
            "title": self.title,
            "subtitle": self.subtitle,
            "foot": self.foot,
            "notes": [*self.notes, *self.screen_notes],
            "groups": self.groups,
            "layers": self.layers,
            "words": _words(self.lang),
            "time": self._time(),
            "sides": self.sides,
            "bounds": None if self.extent is None else [[south, west], [north, east]],
        }
        page.add_child(_Script(page, content))
        page.zjk_page = self
        page.extent = self.extent  # base maps of local tiles are cut to it
        return page

    def _time(self) -> dict[str, int] | None:
        """Return the first day, how many there are, and how many rows have none."""
        days = np.concatenate(self._days) if self._days else np.array([], dtype=np.int64)
        without = packing.untimed(days)
        if without.all():
            return None
        first, last = int(days[~without].min()), int(days[~without].max())
        return {
            "first": first,
            "days": last - first + 1,
            "untimed": int(without.sum()),
            "plays": int(self.plays),
        }

    def _note_many(self, name: str, count: int) -> None:
        """Say that small areas are simplified where there are many."""
        if count > _MANY:
            self.screen_notes.append(
                tr(
                    "{name}: {count:,} features, one by one; small ones without rims, one mark a spot",
                    name=name,
                    count=count,
                    lang=self.lang,
                )
            )

    def note_left_out(self, name: str, nowhere: int, astray: int) -> None:
        """Say in the notes how many rows are not drawn: without a geometry, and with one not on earth."""
        name = name or (tr("labels", lang=self.lang))
        if nowhere:
            self.notes.append(
                tr(
                    "{name}: {nowhere:,} rows have no geometry and are not drawn",
                    name=name,
                    nowhere=nowhere,
                    lang=self.lang,
                )
            )
        if astray:
            self.notes.append(
                tr(
                    "{name}: {astray:,} rows have coordinates that are not on earth and are not drawn",
                    name=name,
                    astray=astray,
                    lang=self.lang,
                )
            )


def _count(number: int, lang: Language) -> str:
    return f"{number:,}" if number else label("empty", lang)


def _words(lang: Language) -> dict[str, str]:
    """Return the words of the page's script, which fills in {} itself."""
    blank = dict.fromkeys(("count", "width", "total", "column"), "{}")
    return {key: tr(sentence, lang=lang, **blank) for key, sentence in _WORDS.items()}


def _packed(
    shapes: NDArray[Any], usable: NDArray[np.bool_], chosen: NDArray[np.int64], days: NDArray[np.int64] | None
) -> str:
    return packing.pack_shapes(shapes[usable], chosen[usable], digits=_MICRODEGREES, days=days)


def _degrees(frame: gpd.GeoDataFrame, name: str) -> NDArray[Any]:
    if not len(frame):
        return np.array([], dtype=object)
    shapes = convert_crs(frame.geometry, _WGS84, name=name or tr("the layer")).to_numpy()
    return cleaned(shapes)[0]


def _on_earth(shapes: NDArray[Any]) -> NDArray[np.bool_]:
    bounds = shapely.bounds(shapes)
    limits = np.array([180.0, 90.0, 180.0, 90.0])
    return has_place(shapes) & (np.abs(np.nan_to_num(bounds)) <= limits).all(axis=1)


def _verbatim(tag: str, text: str) -> Element:
    """Wrap the package's own script or style so that Jinja leaves it alone."""
    return Element(f"{{% raw %}}<{tag}>{text}</{tag}>{{% endraw %}}")


@cache
def _script() -> str:
    """Join the parts of the script; they see each other and nothing else sees them."""
    parts = "\n".join(_asset(f"script/{name}.js") for name in _SCRIPTS)
    return f'(function () {{\n"use strict";\n{parts}\nwindow.zjkPage = zjkPage;\n}})();'


@cache
def _asset(name: str) -> str:
    return files("zjk_gis.maps").joinpath(name).read_text(encoding="utf-8")
