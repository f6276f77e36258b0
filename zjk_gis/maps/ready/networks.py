"""Maps of what a network answers: where it comes from, what a burst cuts off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.arguments import checked
from zjk_gis.layers.labels import label
from zjk_gis.maps import parts, style
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    import folium
    import geopandas as gpd

    from zjk_gis.layers.labels import Language
    from zjk_gis.maps.page import Page

__all__ = ["dig_map", "shut_off_map", "trace_map"]

_PIPE = ("pipe_code", "pipe_kind", "diameter_mm", "material", "length_m", "road_name", "owner")
_FAINT_PIPE = style.line("#b9b4ac", weight=1.2)
_FAINT_MANHOLE = style.mark("#c5ccd6", radius=2.2, weight=0.4)
_STATES = {
    "isolated": style.line(style.FAULT, weight=5),
    "without_supply": style.line(style.ORANGE, weight=5, dash="9 5"),
}
_USERS = {
    "isolated": style.mark(style.FAULT, "square", radius=4),
    "without_supply": style.mark(style.ORANGE, "square", radius=4),
}


@checked
def trace_map(
    traced: gpd.GeoDataFrame,
    pipes: gpd.GeoDataFrame | None = None,
    manholes: gpd.GeoDataFrame | None = None,
    *,
    title: str | None = None,
    source: str | None = None,
    date: str | dt.date | None = None,
    lang: Language = "zh",
) -> folium.Map:
    """Draw pipes that were traced (上下游追溯) over the others.

    Parameters
    ----------
    traced : GeoDataFrame
        What `zjk_gis.pipes.trace` found.
    pipes, manholes : GeoDataFrame, optional
        The network, drawn faint.
    title, source : str, optional
    date : str or date, optional
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    folium.Map

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> traced = gpd.GeoDataFrame(
    ...     {"pipe_code": ["P1"], "steps": [1], "distance_m": [0.0]},
    ...     geometry=[LineString([(573000, 4520000), (573050, 4520000)])],
    ...     crs=4547,
    ... )
    >>> trace_map(traced).get_root().title
    '管线追溯'
    """
    length = float(traced["length_m"].sum()) if "length_m" in traced else float(traced.length.sum())
    page = parts.new_page(
        lang,
        title=title,
        default=tr("Traced pipes", lang=lang),
        groups=[tr("Answer", lang=lang), tr("Context", lang=lang)],
        source=source,
        date=date,
        subtitle=tr("{count:,} pipes, {length:,.0f} m", count=len(traced), length=length, lang=lang),
    )
    _add_context(page, pipes, manholes)
    # Near the beginning dark, far away light: a smell is looked for near its place first.
    far = traced["distance_m"].to_numpy(dtype=np.float64)
    steps = np.searchsorted([100.0, 500.0, 2000.0], far, side="right")
    shades = ("#08306b", "#2171b5", "#4fa3d9", "#84cdea")
    within = ("0–100 m", "100–500 m", "500–2,000 m", "> 2,000 m")
    page.add(
        traced,
        name=label("traced", lang),
        group=page.groups[0][0],
        styles=[style.line(shade, weight=5) for shade in shades],
        style_of=steps,
        keys=list(enumerate(within)),
        columns=("pipe_code", "steps", "distance_m", "from_node", "to_node", *_PIPE[1:]),
        search=("pipe_code",),
        frames_the_page=len(traced) > 0,
    )
    parts.frame_by(page, [pipes, manholes])
    return page.map()


@checked
def shut_off_map(
    lost: gpd.GeoDataFrame,
    valves: gpd.GeoDataFrame,
    *,
    stuck: gpd.GeoDataFrame | None = None,
    users: gpd.GeoDataFrame | None = None,
    pipes: gpd.GeoDataFrame | None = None,
    manholes: gpd.GeoDataFrame | None = None,
    title: str | None = None,
    source: str | None = None,
    date: str | dt.date | None = None,
    lang: Language = "zh",
) -> folium.Map:
    """Draw what closing valves at a burst does (爆管关阀): pipes out of supply, valves to close, users.

    Parameters
    ----------
    lost : GeoDataFrame
        The pipes of a `zjk_gis.pipes.ShutOff`, with ``state``.
    valves : GeoDataFrame
        Its valves.
    stuck, users : GeoDataFrame, optional
        Its valves that cannot be turned, and its users.
    pipes, manholes : GeoDataFrame, optional
        The network, drawn faint.
    title, source : str, optional
    date : str or date, optional
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    folium.Map

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> lost = gpd.GeoDataFrame(
    ...     {"pipe_code": ["P1"], "state": ["isolated"], "length_m": [50.0]},
    ...     geometry=[LineString([(573000, 4520000), (573050, 4520000)])],
    ...     crs=4547,
    ... )
    >>> valves = gpd.GeoDataFrame(
    ...     {"valve_code": ["V1"], "ring": [1]}, geometry=gpd.points_from_xy([573000], [4520000]), crs=4547
    ... )
    >>> shut_off_map(lost, valves).get_root().title
    '爆管关阀'
    """
    users_told = (
        "" if users is None else " · " + tr("{count:,} users out of supply", count=len(users), lang=lang)
    )
    page = parts.new_page(
        lang,
        title=title,
        default=tr("Burst: valves to close", lang=lang),
        groups=[tr("Answer", lang=lang), tr("Context", lang=lang)],
        source=source,
        date=date,
        subtitle=tr("{count:,} valves to close", count=len(valves), lang=lang) + users_told,
    )
    _add_context(page, pipes, manholes)
    group = page.groups[0][0]
    page.add(
        lost,
        name=label("lost_pipes", lang),
        group=group,
        **parts.coded_looks(lost["state"], _STATES, lang, otherwise=1),
        columns=("pipe_code", "state", *_PIPE[1:]),
        search=("pipe_code",),
        frames_the_page=len(lost) > 0,
    )
    if users is not None:
        page.add(
            users,
            name=label("lost_users", lang),
            group=group,
            **parts.coded_looks(users["state"], _USERS, lang, otherwise=1),
            columns=("user_code", "user_name", "user_kind", "households", "state", "address"),
            search=("user_code", "user_name"),
        )
    for rows, name, look in (
        (stuck, "stuck_valves", style.mark("#ffffff", "cross", radius=7, edge=style.BLACK, weight=2.4)),
        (valves, "valves_to_close", style.mark(style.BLUE, "diamond", radius=7, edge=style.BLACK)),
    ):
        if rows is not None and len(rows):
            page.add(
                rows,
                name=label(name, lang),
                group=group,
                styles=[look],
                columns=("valve_code", "ring", "feeds", "valve_kind", "diameter_mm", "road_name"),
                search=("valve_code",),
                labels="valve_code",
                label_look={"above": 16, "rank": 2},
            )
    parts.frame_by(page, [pipes, manholes])
    return page.map()


_IMPACTS = {
    "is_hit": style.found(style.FAULT, weight=6),
    "near_miss": style.found(style.ORANGE, weight=5, dash="9 4"),
    "beside": style.found("#c9a227", weight=4, dash="3 4"),
    "cannot_be_judged": style.found(style.BLACK, weight=5, dash="2 5"),
    "clear": style.found(style.GREEN, weight=4),
}


@checked
def dig_map(
    found: gpd.GeoDataFrame,
    dig: gpd.GeoDataFrame,
    pipes: gpd.GeoDataFrame | None = None,
    manholes: gpd.GeoDataFrame | None = None,
    *,
    title: str | None = None,
    source: str | None = None,
    date: str | dt.date | None = None,
    lang: Language = "zh",
) -> folium.Map:
    """Draw what a dig meets under the ground (开挖影响).

    Parameters
    ----------
    found : GeoDataFrame
        From `zjk_gis.pipes.excavation_impact`.
    dig : GeoDataFrame
        The polygons that are dug up.
    pipes, manholes : GeoDataFrame, optional
        The network, drawn faint.
    title, source : str, optional
    date : str or date, optional
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    folium.Map

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString, box
    >>> pipe = [LineString([(573000, 4520000), (573050, 4520000)])]
    >>> found = gpd.GeoDataFrame({"pipe_code": ["P1"], "impact": ["is_hit"]}, geometry=pipe, crs=4547)
    >>> dig = gpd.GeoDataFrame(geometry=[box(573000, 4519990, 573050, 4520010)], crs=4547)
    >>> dig_map(found, dig).get_root().title
    '开挖影响'
    """
    hit = int((found["impact"] == "is_hit").sum())
    page = parts.new_page(
        lang,
        title=title,
        default=tr("What a dig meets", lang=lang),
        groups=[tr("Answer", lang=lang), tr("Context", lang=lang)],
        source=source,
        date=date,
        subtitle=tr("{count:,} pipes concerned, {hit:,} of them hit", count=len(found), hit=hit, lang=lang),
    )
    _add_context(page, pipes, manholes)
    group = page.groups[0][0]
    page.add(
        dig,
        name=label("dig", lang),
        group=group,
        styles=[style.area("#7b6d8d", fill=0.25, weight=2, edge="#51405f", hatch="diagonal")],
        columns=("permit_code", "applicant", "purpose", "valid_from", "valid_to"),
        frames_the_page=True,
    )
    page.add(
        found,
        name=label("excavation_impact", lang),
        group=group,
        **parts.coded_looks(found["impact"], _IMPACTS, lang, otherwise=3),
        columns=("pipe_code", "class_name", "impact", "cover_m", "depth_margin_m", "length_m", "owner",
                 "tell", "scope", "zone_code", "chief_name"),
        search=("pipe_code", "owner"),
        labels="pipe_code",
        label_look={"above": 12},
    )  # fmt: skip
    parts.frame_by(page, [dig, pipes])
    return page.map()


def _add_context(page: Page, pipes: gpd.GeoDataFrame | None, manholes: gpd.GeoDataFrame | None) -> None:
    for rows, name, look, columns, on in (
        (pipes, "pipelines", _FAINT_PIPE, _PIPE, True),
        (manholes, "manholes", _FAINT_MANHOLE, ("manhole_code", "well_number", "pipe_kind"), False),
    ):
        if rows is not None:
            page.add(
                rows,
                name=label(name, page.lang),
                group=page.groups[-1][0],
                styles=[look],
                columns=columns,
                search=columns[:1],
                on=on,
            )
