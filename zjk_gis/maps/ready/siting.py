"""A map of where the next facilities should stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis.arguments import checked
from zjk_gis.layers.labels import label
from zjk_gis.maps import parts, style
from zjk_gis.maps.ready.access import add_classes, add_facilities, add_water, called
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    import folium
    import geopandas as gpd

    from zjk_gis.access import Siting
    from zjk_gis.layers.labels import Language
    from zjk_gis.maps.ready.access import Look

__all__ = ["siting_map"]

_REASONS: dict[str, Look] = {
    "served": (style.FINE, "circle", None),
    "not_chosen": ("#b08d57", "square", "upright"),
    "too_far": (style.ORANGE, "triangle", "diagonal"),
    "cut_off": (style.FAULT, "square", "cross"),
    "no_road": ("#7b6d8d", "diamond", "back"),
    "in_barrier": (style.STEEL, "triangle", "level"),
    "no_position": (style.GREY, "circle", "dots"),
}
_HOME_COLUMNS = ("estate_code", "estate_name", "population", "site_code", "network_m", "reason")


@checked
def siting_map(
    siting: Siting,
    *,
    existing: gpd.GeoDataFrame | None = None,
    region: gpd.GeoDataFrame | None = None,
    barriers: gpd.GeoDataFrame | None = None,
    title: str | None = None,
    source: str | None = None,
    date: str | dt.date | None = None,
    lang: Language = "zh",
) -> folium.Map:
    """Draw a plan of new sites: where each stands, who is within reach then, and why others are not.

    Parameters
    ----------
    siting : Siting
        From `zjk_gis.access.site_facilities`.
    existing : GeoDataFrame, optional
        The facilities that there are.
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
    >>> from shapely import LineString, Point
    >>> from zjk_gis.access import road_network, site_facilities
    >>> start = Point(573000, 4520000)
    >>> street = gpd.GeoDataFrame(geometry=[LineString([(573000, 4520000), (574000, 4520000)])], crs=4547)
    >>> homes = gpd.GeoDataFrame({"population": [100]}, geometry=[start], crs=4547)
    >>> places = gpd.GeoDataFrame({"lot_code": ["A"]}, geometry=[start], crs=4547)
    >>> siting_map(site_facilities(homes, places, road_network(street), count=1)).get_root().title
    '新增设施选址'
    """
    page = parts.new_page(
        lang,
        title=title,
        default=tr("Sites for new facilities", lang=lang),
        groups=[tr("Sites", lang=lang), tr("Ground", lang=lang)],
        source=source,
        date=date,
        subtitle=tr(
            "{count:,} new sites: {served:,.0f} of {people:,.0f} people within reach along the roads",
            count=len(siting.sites),
            served=siting.served,
            people=siting.people,
            lang=lang,
        ),
    )
    group, ground = page.groups[0][0], page.groups[1][0]
    parts.add_ground(page, region)
    add_water(page, barriers, ground)
    add_classes(
        page, siting.demand, called(siting.demand, "homes", lang), group, siting.demand["reason"], _REASONS,
        columns=_HOME_COLUMNS,
    )  # fmt: skip
    if existing is not None and len(existing):
        name = tr("{layer}, existing", layer=called(existing, "facility", lang), lang=lang)
        add_facilities(page, existing, name, group)
    sites = siting.sites.set_geometry(siting.sites.geometry.representative_point())
    page.add(
        sites,
        name=label("sites", lang),
        group=group,
        styles=[style.mark(style.PINK, "circle", radius=9)],
        columns=[name for name in map(str, sites.columns) if name != "geometry"],
        labels=[str(order) for order in sites["order"]],
    )
    parts.frame_by(page, [siting.demand, sites])
    return page.map()
