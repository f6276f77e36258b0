"""Zones before and after a change, under a bar that is drawn over the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.crs import convert_crs
from zjk_gis.layers.columns.nobody import somebody
from zjk_gis.layers.labels import label
from zjk_gis.layers.shapes import cleaned, has_place, inner_points, only
from zjk_gis.maps import parts, style
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    import folium
    import geopandas as gpd

    from zjk_gis.layers.labels import Language
    from zjk_gis.maps.page import Page

__all__ = ["changes_map"]


class _Changes(Protocol):
    @property
    def moved(self) -> gpd.GeoDataFrame: ...


@checked
def changes_map(
    old: gpd.GeoDataFrame,
    new: gpd.GeoDataFrame,
    changes: _Changes | gpd.GeoDataFrame | None = None,
    *,
    code: str | None = None,
    titles: tuple[str, str] | None = None,
    title: str | None = None,
    source: str | None = None,
    date: str | dt.date | None = None,
    lang: Language = "zh",
) -> folium.Map:
    """Draw zones before and after a change under a bar that is drawn over the map (责任区调整前后).

    Parameters
    ----------
    old, new : GeoDataFrame
        Zones before and after, in any CRS; of several levels the finest is drawn.
    changes : optional
        What moved: the result of `zjk_gis.compare_zones`, or its frame of moved ground with ``from_code``,
        ``to_code`` and ``area_m2``. Without it, zones are told apart by their codes: kept as they were,
        changed in shape or chief, gone, new.
    code : str, optional
        The column of codes; by default ``zone_code`` or ``grid_code``.
    titles : (str, str), optional
        What stands over the two sides.
    title, source : str, optional
    date : str or date, optional
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    folium.Map

    Raises
    ------
    MissingColumnError
        If there is no column of codes.
    CRSError
        If a layer has no CRS.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> old = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(0, 0, 100, 100)], crs=4547)
    >>> new = old.set_geometry([box(0, 0, 150, 100)], crs=4547)
    >>> changes_map(old, new, lang="en").get_root().title
    'Zones before and after the change'
    """
    page = parts.new_page(
        lang,
        title=title,
        default=tr("Zones before and after the change", lang=lang),
        groups=[tr("What changes", lang=lang), tr("Zones and road chiefs", lang=lang)],
        source=source,
        date=date,
    )
    page.sides = titles or (tr("Before", lang=lang), tr("After", lang=lang))
    states = {}
    colours: dict[object, int] = {}
    for side, zones, name in (("before", old, page.sides[0]), ("after", new, page.sides[1])):
        own = parts.code_of(zones, side, code)
        states[side] = (parts.drawn_zones(zones), own)
        colours = parts.add_zones(
            page,
            states[side][0],
            group=page.groups[1][0],
            name=name,
            code=own,
            side=side,
            colour_of=colours,
        )
    if changes is None:
        _add_changed(page, *states["before"], *states["after"])
    else:
        moved = changes if not hasattr(changes, "moved") else changes.moved
        _add_moved(page, moved)
    return page.map()


def _add_moved(page: Page, moved: gpd.GeoDataFrame) -> None:
    """Draw the ground that changes hands."""
    looks = {
        "other_zone": style.area(style.ORANGE, fill=0.35, weight=2.4, edge="#8a5a00", hatch="diagonal"),
        "other_chief": style.area(style.SKY, fill=0.35, weight=2.0, edge="#1d5f8a", hatch="dots"),
        "from_nobody": style.area(style.GREEN, fill=0.35, weight=2.4, edge="#00573f", hatch="level"),
        "to_nobody": style.area(style.VERMILION, fill=0.4, weight=2.4, edge="#a33f00", hatch="cross"),
    }
    kind = moved["kind"] if "kind" in moved else pd.Series("other_zone", index=moved.index, dtype=object)
    labels = None
    if {"from_code", "to_code"} <= set(moved.columns):
        empty = label("nobody", page.lang)
        labels = [
            f"{a or empty} → {b or empty}"
            for a, b in zip(moved["from_code"].fillna(""), moved["to_code"].fillna(""), strict=True)
        ]
    page.add(
        moved,
        name=label("moved", page.lang),
        group=page.groups[0][0],
        **parts.coded_looks(kind, looks, page.lang),
        columns=(
            "move_code",
            "kind",
            "from_code",
            "to_code",
            "from_chief",
            "to_chief",
            "area_m2",
            "from_share",
            "to_share",
            "road_m",
            "open",
        ),
        search=("move_code", "from_code", "to_code", "from_chief", "to_chief"),
        labels=labels,
        label_look={"size": 11.5, "color": "#6b4300", "rank": 4},
    )
    spots = parts.placed(moved)
    if len(spots):
        page.add(
            spots.set_geometry(inner_points(spots.geometry.to_numpy()), crs=spots.crs),
            name=tr("Where it is", lang=page.lang),
            group=page.groups[0][0],
            styles=[style.mark(style.ORANGE, "diamond", radius=4.5, edge=style.BLACK)],
            labels="move_code" if "move_code" in moved else None,
            label_look={"size": 11, "color": "#6b4300", "rank": 3, "above": 14},
        )
    area = f"{moved['area_m2'].sum():,.0f} m²" if "area_m2" in moved else ""
    page.subtitle = tr(
        "{moved_count:,} pieces of ground, {area}", moved_count=len(moved), area=area, lang=page.lang
    )


def _add_changed(
    page: Page, old: gpd.GeoDataFrame, old_code: str, new: gpd.GeoDataFrame, new_code: str
) -> None:
    """Say by the codes which zones are gone, new, changed in shape, or have another chief."""
    looks = {
        "zone_gone": style.area(style.VERMILION, fill=0.0, weight=3, edge=style.FAULT, hatch="back"),
        "zone_new": style.area(style.GREEN, fill=0.0, weight=3, edge="#00573f", hatch="level"),
        "zone_reshaped": style.area(style.ORANGE, fill=0.0, weight=3, edge="#8a5a00", hatch="diagonal"),
        "other_chief": style.area(style.SKY, fill=0.0, weight=3, edge="#1d5f8a", hatch="dots"),
    }
    words = list(looks)
    counts = dict.fromkeys(words, 0)
    before, after = _states(old, old_code), _states(new, new_code)
    for side, frame, code in (("before", old, old_code), ("after", new, new_code)):
        mine, other = (before, after) if side == "before" else (after, before)
        kinds = []
        for value in frame[code]:
            if value not in other:
                kinds.append(words.index("zone_gone" if side == "before" else "zone_new"))
            elif not _same_shape(mine[value][0], other[value][0]):
                kinds.append(words.index("zone_reshaped"))
            elif mine[value][1] != other[value][1]:
                kinds.append(words.index("other_chief"))
            else:
                kinds.append(-1)
        number = np.array(kinds, dtype=np.int64)
        for i, word in enumerate(words):
            if side == "before" or word == "zone_new":
                counts[word] += int((number == i).sum())
        page.add(
            frame[number >= 0],
            name=tr("Zones that change", lang=page.lang) + f"({page.sides[side == 'after']})",  # type: ignore[index]
            group=page.groups[0][0],
            styles=list(looks.values()),
            style_of=number[number >= 0],
            keys=[(i, label(word, page.lang)) for i, word in enumerate(words)],
            columns=(),
            side=side,
        )
    page.subtitle = " · ".join(
        f"{label(word, page.lang)} {count:,}" for word, count in counts.items() if count
    ) or tr("nothing changes", lang=page.lang)


def _states(zones: gpd.GeoDataFrame, code: str) -> dict[object, tuple[shapely.Geometry | None, object]]:
    """Return the shape and the chief of each code; of a code that occurs twice, the last."""
    if not len(zones):
        return {}
    shapes, _ = cleaned(convert_crs(zones.geometry, 4326).to_numpy())
    shapes = only(shapes, has_place(shapes))
    chiefs = somebody(zones["chief_name"]) if "chief_name" in zones else pd.Series("", index=zones.index)
    named = chiefs.astype(object).where(chiefs.notna(), None)
    return dict(zip(zones[code], zip(shapes, named, strict=True), strict=True))


def _same_shape(a: shapely.Geometry | None, b: shapely.Geometry | None) -> bool:
    """Say whether two shapes are the same within a decimetre."""
    if a is None or b is None:
        return a is b
    return bool(
        shapely.equals_exact(shapely.normalize(a), shapely.normalize(b), 1e-6) or shapely.equals(a, b)
    )
