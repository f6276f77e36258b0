"""A page: a folium map with a title, a panel that is legend and layer control at once, and packed layers.

Layers are drawn by the page's own script on one canvas, not by one folium object a row: a hundred thousand
areas or points stay fluent and the file small. More points than that are counted in hexagons until few enough
are in view. Text from data travels deflated or as JSON that cannot leave its script element, and the script
only ever sets it as text; no value of the data becomes HTML.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.crs import convert_crs
from zjk_gis.layers.labels import label
from zjk_gis.layers.shapes import cleaned, has_place, has_shape, inner_points, point_coordinates
from zjk_gis.maps import packing, style
from zjk_gis.maps.drawn import DrawnLayer
from zjk_gis.maps.lettering import pack_labels, readable, short
from zjk_gis.maps.shell import page_words, shell
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import folium
    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.layers.labels import Language
    from zjk_gis.maps.packing import Extra

__all__ = ["MOST_SINGLE", "Page", "of_class"]

MOST_SINGLE = 100_000  # points of a layer that are drawn one by one; more are counted in hexagons

_MICRODEGREES = 1e6  # 0.1 m: finer than any position here, and a third of the size of full precision
_METRES = 1e5  # 1 m, for points that are counted
_MANY = 20_000
_WGS84 = 4326


@dataclass(slots=True)
class Page:
    """A page in the making.

    Parameters
    ----------
    title, subtitle, foot : str
        The foot says source, date and coordinate system.
    source, day : str
        The same two, for who prints the map or writes a workbook beside it.
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
    source: str = ""
    day: str = ""
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
            those of the layer, ``fullAt`` the zoom until which marks and lines grow, and ``fills`` the
            colours that the legend shows side by side in one swatch.
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
        counts = np.bincount(chosen[usable])
        used = np.flatnonzero(counts).tolist() or [0]
        apart = _apart(styles, keys or ())
        layer: dict[str, Any] = {
            "name": name,
            "group": group,
            "on": on,
            "count": _count(int(usable.sum()), self.lang) if counted else "",
            "styles": list(styles),
            "look": int(np.bincount(kinds).argmax()) if len(kinds) else _kind_of(styles[0]),
            "keys": _keys(keys or (), counts, apart, counted=counted) or [[used[0], "", ""]],
            "keyed": any(meaning for _, meaning in keys or ()),
            "apart": apart,
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
                whole=None
                if texts is None
                else [readable(text) for text in np.asarray(texts, dtype=object)[usable]],
                apart=apart,
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
        content = {
            "lang": self.lang,
            "title": self.title,
            "subtitle": self.subtitle,
            "foot": self.foot,
            "notes": [*self.notes, *self.screen_notes],
            "groups": self.groups,
            "layers": self.layers,
            "words": page_words(self.lang),
            "time": self._time(),
            "sides": self.sides,
            "bounds": None if self.extent is None else [[south, west], [north, east]],
        }
        return shell(self, [west, south, east, north], content)

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


def _keys(
    keys: Sequence[tuple[int, str]], counts: NDArray[np.int64], apart: Sequence[int], *, counted: bool
) -> list[list[int | str]]:
    """Return what the legend explains of what is there, and how many each class has where several do."""
    used = [(at, text) for at, text in keys if at < len(counts) and counts[at]]
    tells = counted and len(used) > 1
    return [[at, text, f"{of_class(counts, at, apart):,}" if tells and text else ""] for at, text in used]


def of_class(counts: NDArray[np.int64], style: int, apart: Sequence[int]) -> int:
    """Return how many rows a style stands for: with those that only tell neighbours apart.

    Examples
    --------
    >>> of_class(np.array([3, 4, 1]), 0, apart=[0, 1]), of_class(np.array([3, 4, 1]), 2, apart=[0, 1])
    (7, 1)
    """
    same = apart if style in apart else [style]
    return int(sum(counts[at] for at in same if at < len(counts)))


def _kind_of(look: Mapping[str, Any]) -> int:
    """Say as what a layer without rows would be drawn, by its look."""
    if "shape" in look:
        return packing.POINT
    return packing.AREA if "fillColor" in look else packing.LINE


def _apart(styles: Sequence[Mapping[str, Any]], keys: Sequence[tuple[int, str]]) -> list[int]:
    """Return the styles that only tell neighbours apart: all that share a swatch of several colours."""
    if not any("fills" in look for look in styles):
        return []
    told = {at for at, _ in keys if "fills" not in styles[at]}
    return [at for at in range(len(styles)) if at not in told]


def _count(number: int, lang: Language) -> str:
    return f"{number:,}" if number else label("empty", lang)


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
