"""Maps of what a network answers: where it comes from, what a burst cuts off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.layers.labels import label
from zjk_gis.maps import parts, style
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    import folium
    import geopandas as gpd

    from zjk_gis.layers.labels import Language
    from zjk_gis.maps.page import Page

__all__ = ["shut_off_map", "trace_map"]

_FOUND, _CONTEXT = ("结果", "Answer"), ("背景", "Context")
_PIPE = ("pipe_code", "pipe_kind", "diameter_mm", "material", "length_m", "road_name", "owner")
_FAINT_PIPE = style.line("#b6bfca", weight=1.2)
_FAINT_MANHOLE = style.mark("#c5ccd6", radius=2.2, weight=0.4)
_STATES = {
    "isolated": style.line("#b3261e", weight=5),
    "without_supply": style.line(style.ORANGE, weight=5, dash="9 5"),
}


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
        default=("管线追溯", "Traced pipes"),
        groups=[_FOUND, _CONTEXT],
        source=source,
        date=date,
        subtitle=tr("{count:,} pipes, {length:,.0f} m", count=len(traced), length=length, lang=lang),
    )
    _add_context(page, pipes, manholes)
    # Near the beginning dark, far away light: a smell is looked for near its place first.
    far = traced["distance_m"].to_numpy(dtype=np.float64)
    steps = np.searchsorted([100.0, 500.0, 2000.0], far, side="right")
    shades = ("#08306b", "#2171b5", "#6baed6", "#9ecae1")
    within = ("0-100 m", "100-500 m", "500-2,000 m", "> 2,000 m")
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
        default=("爆管关阀", "Burst: valves to close"),
        groups=[_FOUND, _CONTEXT],
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
        styles=[*_STATES.values()],
        style_of=parts.positions_in(lost["state"], [*_STATES], otherwise=1),
        keys=[(number, label(state, lang)) for number, state in enumerate(_STATES)],
        columns=("pipe_code", "state", *_PIPE[1:]),
        search=("pipe_code",),
        frames_the_page=len(lost) > 0,
    )
    if users is not None:
        page.add(
            users,
            name=label("lost_users", lang),
            group=group,
            styles=[style.mark("#b3261e", "square", radius=4), style.mark(style.ORANGE, "square", radius=4)],
            style_of=parts.positions_in(users["state"], [*_STATES], otherwise=1),
            keys=[(number, label(state, lang)) for number, state in enumerate(_STATES)],
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
            )
    parts.frame_by(page, [pipes, manholes])
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
