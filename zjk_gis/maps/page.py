"""A page: a folium map with a title, a panel that is legend and layer control at once, and compact layers.

Layers are drawn by the page's own small script on one canvas, not by one folium object a row: twenty thousand
points stay fluent and the file small. Text from data travels as JSON that cannot leave its script element,
and the script only ever sets it as text; no value of the data becomes HTML.
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

import folium
import numpy as np
import pandas as pd
import shapely
from branca.element import Element, MacroElement
from jinja2 import Template

from zjk_gis.crs import convert_crs
from zjk_gis.layers.labels import label
from zjk_gis.maps.drawn import DrawnLayer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd

    from zjk_gis.layers.labels import Language

__all__ = ["Page", "script_json"]

_LEAFLET = [url for name, url in folium.Map.default_js if name == "leaflet"]
_LEAFLET_CSS = [url for name, url in folium.Map.default_css if name == "leaflet_css"]
_JINJA_OPENS = re.compile(r"\{(?=[{%#])")
_MICRODEGREES = 1e6  # 0.1 m: finer than any position here, and a third of the size of full precision
_WGS84 = 4326


class _Map(folium.Map):
    """A folium map that asks for Leaflet alone: the page needs neither jQuery nor Bootstrap."""

    default_js = [("leaflet", url) for url in _LEAFLET]  # noqa: RUF012  folium's own way to say so
    default_css = [("leaflet_css", url) for url in _LEAFLET_CSS]  # noqa: RUF012
    zjk_page: Page  # what is drawn, for those who draw it elsewhere than in a browser


class _Script(MacroElement):
    """Hands a page to the page's script."""

    _template = Template(
        "{% macro script(this, kwargs) %}zjkPage({{ this.map_name }}, {{ this.json }});{% endmacro %}"
    )

    def __init__(self, map_name: str, page: dict[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "ZjkPage"
        self.map_name, self.json = map_name, script_json(page)


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
    lang : {"zh", "en"}
    groups : list of (str, bool)
        The headings of the panel, in their order, and whether each is unfolded.
    """

    title: str
    subtitle: str = ""
    foot: str = ""
    lang: Language = "zh"
    groups: list[tuple[str, bool]] = field(default_factory=list)
    layers: list[dict[str, Any]] = field(default_factory=list)
    drawn: list[DrawnLayer] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    extent: list[float] | None = None

    def add(
        self,
        frame: gpd.GeoDataFrame,
        *,
        name: str,
        group: str,
        styles: Sequence[Mapping[str, Any]],
        style_of: Sequence[int] | np.ndarray[Any, Any] | None = None,
        keys: Sequence[tuple[int, str]] | None = None,
        columns: Sequence[str] = (),
        on: bool = True,
        as_text: str | None = None,
        frames_the_page: bool = False,
        counted: bool = True,
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
            Leaflet path options; ``shape`` may be circle, square, triangle, diamond or cross.
        style_of : sequence of int, optional
            For each row which style it takes; by default the first.
        keys : sequence of (int, str), optional
            What the legend explains: a style and its meaning.
        columns : sequence of str
            The columns shown when a feature is clicked, those that are there.
        as_text : str, optional
            A column whose text is drawn at each feature instead of the feature.
        frames_the_page : bool
            Whether the page opens on this layer's extent.
        counted : bool
            Whether the panel tells how many features there are.
        """
        frame = frame.reset_index(drop=True)
        chosen = np.zeros(len(frame), dtype=int) if style_of is None else np.asarray(style_of)
        drawn = (frame.geometry.notna() & ~frame.geometry.is_empty).to_numpy()
        if not drawn.all():
            self._note_left_out(name, int((~drawn).sum()))
        frame, chosen = frame[drawn], chosen[drawn]
        shapes = _degrees(frame, name)
        if frames_the_page and len(frame):
            self.extent = [float(v) for v in shapely.total_bounds(shapes)]
        shown = [column for column in columns if column in frame]
        values = _texts(frame, [as_text] if as_text else shown, self.lang)
        features = [
            [*_encode(shape, as_point=as_text is not None), int(style), row]
            for shape, style, row in zip(shapes, chosen, values, strict=True)
        ]
        used = sorted({int(style) for style in chosen}) or [0]
        self.drawn.append(
            DrawnLayer(
                name=name,
                group=group,
                on=on,
                shapes=shapes,
                styles=list(styles),
                style_of=chosen,
                keys=[key for key in keys or [] if key[0] in used],
                count=_count(len(features), self.lang) if counted else "",
                texts=[row[0] for row in values] if as_text else None,
            )
        )
        self.layers.append(
            {
                "name": name,
                "group": group,
                "on": on,
                "kind": features[0][0] if features else "a",
                "count": _count(len(features), self.lang) if counted else "",
                "styles": list(styles),
                "keys": [list(key) for key in keys if key[0] in used] if keys else [[used[0], ""]],
                "columns": [] if as_text else [label(column, self.lang, unit=True) for column in shown],
                "features": [[kind, style, parts, row] for kind, parts, style, row in features],
            }
        )

    def map(self) -> folium.Map:
        """Return the page as a folium map, to be shown, added to or saved."""
        west, south, east, north = self.extent or (114.7, 40.7, 115.1, 40.95)
        page = _Map(
            tiles=None,
            location=[(south + north) / 2, (west + east) / 2],
            zoom_start=13,
            zoom_snap=0.25,
            max_zoom=20,
            prefer_canvas=True,
            control_scale=False,
            attribution_control=True,
        )
        figure: Any = page.get_root()
        figure.title = html.escape(self.title)  # folium writes it as it is
        figure.header.add_child(_verbatim("style", _asset("page.css")), name="zjk_style")
        figure.html.add_child(_verbatim("script", _asset("page.js")), name="zjk_script")
        content = {
            "title": self.title,
            "subtitle": self.subtitle,
            "foot": self.foot,
            "notes": self.notes,
            "groups": self.groups,
            "layers": self.layers,
            "bounds": None if self.extent is None else [[south, west], [north, east]],
        }
        page.add_child(_Script(page.get_name(), content))
        page.zjk_page = self
        return page

    def _note_left_out(self, name: str, count: int) -> None:
        if self.lang == "zh":
            self.notes.append(f"{name}:{count:,} 行没有坐标,未画出")
        else:
            self.notes.append(f"{name}: {count:,} rows have no geometry and are not drawn")


def _count(number: int, lang: Language) -> str:
    return f"{number:,}" if number else label("empty", lang)


def _degrees(frame: gpd.GeoDataFrame, name: str) -> np.ndarray[Any, Any]:
    if not len(frame):
        return np.array([], dtype=object)
    shapes: np.ndarray[Any, Any] = convert_crs(frame.geometry, _WGS84, name=name).to_numpy()
    return shapes


def _encode(shape: Any, *, as_point: bool) -> tuple[Literal["p", "l", "a", "t"], Any]:
    """Turn a geometry into differences of whole microdegrees."""
    if as_point:
        return "t", _differences(shapely.get_coordinates(shapely.point_on_surface(shape)))
    if shape.geom_type == "Point":
        return "p", _differences(shapely.get_coordinates(shape))
    parts = shapely.get_parts(shape)
    if "Line" in shape.geom_type:
        return "l", [_differences(shapely.get_coordinates(part)) for part in parts]
    if "Polygon" in shape.geom_type:
        return "a", [
            [_differences(shapely.get_coordinates(ring)) for ring in (p.exterior, *p.interiors)]
            for p in parts
        ]
    return "p", _differences(shapely.get_coordinates(shapely.point_on_surface(shape)))


def _differences(coordinates: np.ndarray[Any, Any]) -> list[int]:
    whole = np.round(coordinates[:, :2] * _MICRODEGREES).astype(np.int64)
    steps: list[int] = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)).ravel().tolist()
    return steps


def _texts(frame: gpd.GeoDataFrame, columns: Sequence[str], lang: Language) -> list[list[str]]:
    """Turn the values to be shown into the texts that are shown."""
    shown = [_column_texts(frame[column], lang) for column in columns]
    return [list(row) for row in zip(*shown, strict=True)] if shown else [[] for _ in range(len(frame))]


def _column_texts(values: pd.Series, lang: Language) -> list[str]:
    missing = values.isna().to_numpy()
    if pd.api.types.is_bool_dtype(values.dtype):
        words = {True: label("yes", lang), False: label("no", lang)}
        texts = [words[bool(v)] if not gone else "" for v, gone in zip(values, missing, strict=True)]
    elif pd.api.types.is_float_dtype(values.dtype):
        texts = [
            "" if gone else f"{v:,.2f}".rstrip("0").rstrip(".")
            for v, gone in zip(values, missing, strict=True)
        ]
    elif pd.api.types.is_datetime64_any_dtype(values.dtype):
        texts = [
            "" if gone else str(v)[:19].removesuffix(" 00:00:00")
            for v, gone in zip(values, missing, strict=True)
        ]
    else:
        texts = ["" if gone else label(str(v), lang) for v, gone in zip(values, missing, strict=True)]
    return texts


def _verbatim(tag: str, text: str) -> Element:
    """Wrap the package's own script or style so that Jinja leaves it alone."""
    return Element(f"{{% raw %}}<{tag}>{text}</{tag}>{{% endraw %}}")


@cache
def _asset(name: str) -> str:
    return files("zjk_gis.maps").joinpath(name).read_text(encoding="utf-8")
