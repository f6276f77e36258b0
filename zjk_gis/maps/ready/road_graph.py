"""A map of the road graph: its parts, where lines do not simply meet, and on which road a quarter hangs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.arguments import checked
from zjk_gis.layers.labels import label
from zjk_gis.maps import parts, style
from zjk_gis.maps.ready.access import add_classes, add_water
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    import folium
    import geopandas as gpd

    from zjk_gis.access import RoadNetwork
    from zjk_gis.layers.labels import Language
    from zjk_gis.maps.ready.access import Look

__all__ = ["roads_map"]

_DECISIONS: dict[str, Look] = {
    "left_open": (style.FAULT, "triangle", None),
    "passable": (style.ORANGE, "diamond", None),
    "apart": (style.GREY, "circle", None),
    "joined": (style.FINE, "square", None),
}
_REPORTED = ("first_edge", "second_edge", "kind", "decision", "reason", "gap_m")
_WEAK = ("kind", "edge_code", "road_name", "is_bridge", "road_cut_off_m", "people")


@checked
def roads_map(
    network: RoadNetwork,
    *,
    bottlenecks: gpd.GeoDataFrame | None = None,
    region: gpd.GeoDataFrame | None = None,
    barriers: gpd.GeoDataFrame | None = None,
    title: str | None = None,
    source: str | None = None,
    date: str | dt.date | None = None,
    lang: Language = "zh",
) -> folium.Map:
    """Draw the roads as a graph: parts cut off from the largest, places to be looked at, and bottlenecks.

    Parameters
    ----------
    network : RoadNetwork
    bottlenecks : GeoDataFrame, optional
        From `zjk_gis.access.bottlenecks`.
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
    CRSError
        If a layer has no CRS.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> from zjk_gis.access import road_network
    >>> street = gpd.GeoDataFrame(geometry=[LineString([(573000, 4520000), (574000, 4520000)])], crs=4547)
    >>> roads_map(road_network(street)).get_root().title
    '道路路网'
    """
    page = parts.new_page(
        lang,
        title=title,
        default=tr("Road network", lang=lang),
        groups=[tr("Roads", lang=lang), tr("Ground", lang=lang)],
        source=source,
        date=date,
        subtitle=tr(
            "{km:,.1f} km of road; {count:,} places where lines do not simply meet",
            km=float(network.length_m.sum()) / 1000,
            count=len(network.report),
            lang=lang,
        ),
    )
    group, ground = page.groups[0][0], page.groups[1][0]
    parts.add_ground(page, region)
    add_water(page, barriers, ground)
    edges = network.edges
    part = network.part[network.graph.tail]
    astray = part != np.bincount(part, weights=network.length_m).argmax()
    page.add(
        edges,
        name=label("road_edges", lang),
        group=group,
        styles=[style.line("#5b6b7b", weight=1.6), style.line(style.FAULT, weight=3)],
        style_of=astray.astype(np.int64),
        keys=[
            (0, tr("in the largest part", lang=lang)),
            (1, tr("cut off from the largest part", lang=lang)),
        ],
        columns=("edge_code", "road_name", "road_class", "length_m", "one_way", "grade_level", "is_bridge"),
        counted=False,
    )
    if bottlenecks is not None and len(bottlenecks):
        for kind, look in (
            ("road", style.line(style.PINK, weight=5)),
            ("junction", style.mark(style.PINK, "circle", radius=6)),
        ):
            page.add(
                bottlenecks[bottlenecks["kind"] == kind],
                name=tr("Bottlenecks: {kind}", kind=label(kind, lang), lang=lang),
                group=group,
                styles=[look],
                columns=_WEAK,
            )
    add_classes(
        page, network.report, label("road_report", lang), group, network.report["decision"], _DECISIONS,
        columns=_REPORTED,
    )  # fmt: skip
    parts.frame_by(page, [edges])
    return page.map()
