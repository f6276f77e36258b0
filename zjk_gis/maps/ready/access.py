"""Maps of who reaches what along the roads, and of where roads end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from zjk_gis.arguments import checked
from zjk_gis.layers.columns.values import as_text
from zjk_gis.layers.labels import label
from zjk_gis.layers.results import spec_in
from zjk_gis.maps import parts, style
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    import folium
    import geopandas as gpd
    import pandas as pd

    from zjk_gis.layers.labels import Language
    from zjk_gis.maps.page import Page

__all__ = [
    "Look",
    "access_map",
    "add_classes",
    "add_facilities",
    "add_water",
    "called",
    "dead_ends_map",
    "look_of",
]

# Of each class its colour, the shape of a mark and the hatch of an area, so that colour is never alone.
Look = tuple[str, str, str | None]
_REASONS: dict[str, Look] = {
    "reached": (style.FINE, "circle", None),
    "too_far": (style.ORANGE, "triangle", "diagonal"),
    "cut_off": (style.FAULT, "square", "cross"),
    "no_road": ("#7b6d8d", "diamond", "back"),
    "in_barrier": (style.STEEL, "triangle", "level"),
    "no_position": (style.GREY, "circle", "dots"),
}
_ENDS: dict[str, Look] = {
    "dead_end": (style.FAULT, "triangle", None),
    "at_boundary": (style.GREY, "circle", None),
    "at_entrance": (style.STEEL, "square", None),
    "driveway": ("#b08d57", "diamond", None),
}
_HOME_COLUMNS = (
    "estate_code", "estate_name", "population", "facility_code", "network_m", "straight_m", "detour",
    "reason",
)  # fmt: skip


@checked
def access_map(
    homes: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    *,
    served: gpd.GeoDataFrame | None = None,
    region: gpd.GeoDataFrame | None = None,
    barriers: gpd.GeoDataFrame | None = None,
    title: str | None = None,
    source: str | None = None,
    date: str | dt.date | None = None,
    lang: Language = "zh",
) -> folium.Map:
    """Draw which homes reach a facility along the roads and why others do not, over the ground within reach.

    Parameters
    ----------
    homes : GeoDataFrame
        From `zjk_gis.access.nearest_facilities`.
    facilities : GeoDataFrame
    served : GeoDataFrame, optional
        From `zjk_gis.access.service_areas`, each distance a layer; distances are those along the roads.
    region, barriers : GeoDataFrame, optional
        The ground, and rivers.
    title, source : str, optional
    date : str or date, optional
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    folium.Map

    Raises
    ------
    MissingColumnError
        If `homes` has no ``reason``.
    CRSError
        If a layer has no CRS.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> homes = gpd.GeoDataFrame({"reason": ["reached"]}, geometry=[Point(573000, 4520000)], crs=4547)
    >>> lots = gpd.GeoDataFrame({"lot_code": ["T1"]}, geometry=[Point(573100, 4520000)], crs=4547)
    >>> access_map(homes, lots).get_root().title
    '沿道路的可达性'
    """
    parts.code_of(homes, "homes", "reason")
    reached = int((homes["reason"] == "reached").sum())
    page = parts.new_page(
        lang,
        title=title,
        default=tr("Within reach along the roads", lang=lang),
        groups=[tr("Access", lang=lang), tr("Ground", lang=lang)],
        source=source,
        date=date,
        subtitle=tr(
            "{reached:,} of {total:,} homes within reach, measured along the roads",
            reached=reached,
            total=len(homes),
            lang=lang,
        ),
    )
    group, ground = page.groups[0][0], page.groups[1][0]
    parts.add_ground(page, region)
    add_water(page, barriers, ground)
    if served is not None:
        _add_served(page, served, group)
    add_classes(
        page,
        homes,
        called(homes, "homes", lang),
        group,
        homes["reason"],
        _REASONS,
        columns=_HOME_COLUMNS,
    )
    add_facilities(page, facilities, called(facilities, "facility", lang), group)
    parts.frame_by(page, [homes, facilities])
    return page.map()


@checked
def dead_ends_map(
    ends: gpd.GeoDataFrame,
    *,
    roads: gpd.GeoDataFrame | None = None,
    links: gpd.GeoDataFrame | None = None,
    region: gpd.GeoDataFrame | None = None,
    barriers: gpd.GeoDataFrame | None = None,
    title: str | None = None,
    source: str | None = None,
    date: str | dt.date | None = None,
    lang: Language = "zh",
) -> folium.Map:
    """Draw where roads end, the dead ends with the links that would open them, and other missing links.

    Parameters
    ----------
    ends : GeoDataFrame
        From `zjk_gis.access.dead_ends`; its links are drawn too.
    roads : GeoDataFrame, optional
    links : GeoDataFrame, optional
        From `zjk_gis.access.missing_links`.
    region, barriers : GeoDataFrame, optional
        The ground, and rivers.
    title, source : str, optional
    date : str or date, optional
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    folium.Map

    Raises
    ------
    MissingColumnError
        If `ends` has no ``kind``.
    CRSError
        If a layer has no CRS.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> ends = gpd.GeoDataFrame({"kind": ["dead_end"]}, geometry=[Point(573000, 4520000)], crs=4547)
    >>> dead_ends_map(ends).get_root().title
    '断头路与可打通路段'
    """
    parts.code_of(ends, "ends", "kind")
    page = parts.new_page(
        lang,
        title=title,
        default=tr("Dead ends and missing links", lang=lang),
        groups=[tr("Roads", lang=lang), tr("Ground", lang=lang)],
        source=source,
        date=date,
        subtitle=tr("{count:,} dead ends", count=int((ends["kind"] == "dead_end").sum()), lang=lang),
    )
    group, ground = page.groups[0][0], page.groups[1][0]
    parts.add_ground(page, region)
    add_water(page, barriers, ground)
    if roads is not None:
        page.add(
            roads,
            name=label("roads", lang),
            group=ground,
            styles=[style.line("#9aa5b1", weight=1.6)],
            counted=False,
        )
    for layer, name, look in (
        (links, "missing_links", style.line(style.FINE, weight=4, dash="6 4")),
        (ends.attrs.get("links"), "dead_end_links", style.line(style.FAULT, weight=3, dash="3 4")),
    ):
        if layer is not None and len(layer):
            page.add(
                layer,
                name=label(name, lang),
                group=group,
                styles=[look],
                columns=(
                    "edge_code",
                    "link_edge_code",
                    "first_edge",
                    "second_edge",
                    "link_m",
                    "way_round_m",
                    "saved_m",
                ),
            )
    add_classes(
        page, ends, label("dead_ends", lang), group, ends["kind"], _ENDS,
        columns=("edge_code", "road_name", "kind", "length_m", "link_edge_code", "link_m", "saved_m"),
    )  # fmt: skip
    parts.frame_by(page, [ends, roads])
    return page.map()


def called(layer: gpd.GeoDataFrame, otherwise: str, lang: Language) -> str:
    """Return the name of the layer of the catalogue whose rows these are."""
    spec = spec_in(map(str, layer.columns))
    return label(otherwise if spec is None else spec.name, lang)


def add_facilities(page: Page, facilities: gpd.GeoDataFrame, name: str, group: str) -> None:
    """Draw facilities, with their codes and names."""
    page.add(
        facilities,
        name=name,
        group=group,
        styles=[look_of(facilities, style.BLUE, "square")],
        columns=[name for name in map(str, facilities.columns) if name.endswith(("_code", "_name"))],
    )


def add_water(page: Page, barriers: gpd.GeoDataFrame | None, group: str) -> None:
    """Draw rivers, where there are any."""
    if barriers is not None:
        page.add(
            barriers,
            name=label("rivers", page.lang),
            group=group,
            styles=[style.RIVER],
            counted=False,
        )


def _add_served(page: Page, served: gpd.GeoDataFrame, group: str) -> None:
    """Draw the ground within reach, the widest first."""
    for within in sorted(served["within_m"].unique().tolist(), reverse=True):
        ring = served[served["within_m"] == within]
        page.add(
            ring[~ring.geometry.is_empty],
            name=tr("Within {radius} along the roads", radius=f"{within:,.0f} m", lang=page.lang),
            group=group,
            styles=[style.area(style.BLUE, fill=0.16, weight=1.2, edge=style.STEEL)],
            columns=("facility_code", "within_m", "road_m", "area_m2", "people"),
            counted=False,
        )


def add_classes(
    page: Page,
    layer: gpd.GeoDataFrame,
    name: str,
    group: str,
    words: pd.Series,
    classes: dict[str, Look],
    *,
    columns: tuple[str, ...],
) -> None:
    """Draw a layer by the classes of a coded column."""
    looks = {word: look_of(layer, *look) for word, look in classes.items()}
    page.add(
        layer,
        name=name,
        group=group,
        **parts.coded_looks(as_text(words), looks, page.lang, otherwise=len(looks) - 1),
        columns=columns,
        search=columns[:2],
    )


def look_of(
    layer: gpd.GeoDataFrame, colour: str, shape: str = "circle", hatch: str | None = None
) -> dict[str, object]:
    """Return how a layer of points or areas looks."""
    shapes = layer.geometry.to_numpy()
    there = shapes[~shapely.is_missing(shapes)]
    if len(there) and (np.asarray(shapely.get_dimensions(there)) == 2).any():
        return style.area(colour, fill=0.45, weight=1, hatch=hatch)
    return style.mark(colour, shape, radius=5)
