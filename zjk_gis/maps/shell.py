"""What stands around the layers of a page: folium's map, the package's own script and style, its words."""

from __future__ import annotations

import hashlib
import html
import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import folium
from branca.element import Element, MacroElement
from jinja2 import Template

from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.layers.labels import Language
    from zjk_gis.maps.page import Page

__all__ = ["asset", "id_of", "page_words", "script_json", "shell"]

_SCRIPTS = ("unpack", "inflate", "ground", "places", "looks", "paint", "cells", "labels", "sheet", "popup",
            "panel", "search", "clock", "tools", "swipe", "rows", "desk", "address", "page")  # fmt: skip
_LEAFLET = [url for name, url in folium.Map.default_js if name == "leaflet"]
_LEAFLET_CSS = [url for name, url in folium.Map.default_css if name == "leaflet_css"]
_JINJA_OPENS = re.compile(r"\{(?=[{%#])")

# What the page itself says: its tools, its legend of hexagons, time.
_WORDS = {
    "legend": "Legend and layers",
    "search": "Search code or name (press /)",
    "notFound": "nothing found",
    "nothing": "There is nothing to draw: no layer has a row with a place",
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
    "comma": ", ",
    "unknown": "not on this page, left out: {what}",
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


def shell(page: Page, bounds: list[float], content: dict[str, Any]) -> folium.Map:
    """Make the folium map that holds a page and hands it to its script.

    Parameters
    ----------
    page : Page
    bounds : list of float
        West, south, east and north, in degrees.
    content : dict
        What the script is given.
    """
    west, south, east, north = bounds
    made = _Map(
        tiles=None,
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=13,
        zoom_snap=0.25,
        max_zoom=21,
        prefer_canvas=True,
        control_scale=False,
        attribution_control=True,
    )
    figure: Any = made.get_root()
    figure.title = html.escape(page.title)  # folium writes it as it is
    figure.header.add_child(_verbatim("style", asset("page.css")), name="zjk_style")
    figure.html.add_child(_verbatim("script", _script()), name="zjk_script")
    made.add_child(_Script(made, content))
    made.zjk_page = page
    made.extent = page.extent  # base maps of local tiles are cut to it
    return made


def page_words(lang: Language) -> dict[str, str]:
    """Return the words of the page's script, which fills in {} itself."""
    blank = dict.fromkeys(("count", "width", "total", "column", "what"), "{}")
    return {key: tr(sentence, lang=lang, **blank) for key, sentence in _WORDS.items()}


def _verbatim(tag: str, text: str) -> Element:
    """Wrap the package's own script or style so that Jinja leaves it alone."""
    return Element(f"{{% raw %}}<{tag}>{text}</{tag}>{{% endraw %}}")


@cache
def _script() -> str:
    """Join the parts of the script; they see each other and nothing else sees them."""
    parts = "\n".join(asset(f"script/{name}.js") for name in _SCRIPTS)
    return f'(function () {{\n"use strict";\n{parts}\nwindow.zjkPage = zjkPage;\n}})();'


@cache
def asset(name: str) -> str:
    """Return a part of the page's script or style."""
    return files("zjk_gis.maps").joinpath(name).read_text(encoding="utf-8")
