"""One incident and the zones that were weighed for it, as a small map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import geopandas as gpd
import numpy as np
import shapely

from zjk_gis.arguments import checked
from zjk_gis.crs import convert_crs
from zjk_gis.layers.labels import check_language, label
from zjk_gis.maps import parts, style
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    import folium

    from zjk_gis.layers.labels import Language

__all__ = ["explanation_map"]

_LOOKS = {
    "answers": style.area(style.BLUE, fill=0.3, weight=3),
    "outranked": style.area(style.ORANGE, fill=0.25, weight=2, dash="5 3"),
    "farther": style.area("#7a7f87", fill=0.12, weight=1.5, dash="2 4"),
    "expired_zone": style.area(style.PURPLE, fill=0.12, weight=1.5, dash="1 5"),
    "out_of_reach": style.area("#7a7f87", fill=0.06, weight=1, dash="1 5"),
}
_LEAST_REACH_M = 150.0
_MARGIN = 0.04  # around what is framed, by the side of a square as large
_COLUMNS = (
    "zone_code", "grid_code", "section_code", "chief_code", "relation", "distance_m", "border_m",
    "area_m2", "priority", "valid_from", "valid_to", "verdict",
)  # fmt: skip


class _Explanation(Protocol):
    @property
    def incident(self) -> gpd.GeoDataFrame: ...

    @property
    def considered(self) -> gpd.GeoDataFrame: ...

    @property
    def code(self) -> str: ...

    def text(self, lang: Language = "zh") -> str: ...


@checked
def explanation_map(
    explanation: _Explanation, *, date: str | dt.date | None = None, lang: Language = "zh"
) -> folium.Map:
    """Draw an explanation: the incident, the zones that were weighed, and the way to the nearest.

    Parameters
    ----------
    explanation : Explanation
        From `zjk_gis.explain_incident`.
    date : str or date, optional
        The day told at the foot; by default today.
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    folium.Map
        To be shown in a notebook, or saved with `zjk_gis.save_offline`.

    Raises
    ------
    InputError
        If the language is not one of the two.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point, box
    >>> from zjk_gis import explain_incident
    >>> place = (573000, 4520000)
    >>> zones = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(*place, 573100, 4520100)], crs=4547)
    >>> incident = gpd.GeoDataFrame(geometry=[Point(573120, 4520050)], crs=4547)
    >>> explanation_map(explain_incident(incident, zones), lang="en").get_root().title
    'Why A: incident 0'
    """
    check_language(lang)
    incident, considered, code = explanation.incident, explanation.considered, explanation.code
    name = incident["incident_code"].iloc[0] if "incident_code" in incident else incident.index[0]
    answer = incident[code].iloc[0]
    who = answer if isinstance(answer, str) else label("none", lang)
    title = tr("Why {who}: incident {name}", who=who, name=name, lang=lang)
    group = label("found", lang)
    lines = explanation.text(lang).split("\n")
    page = parts.new_page(
        lang, title=None, default=title, groups=[group], source=None, date=date, subtitle=lines[1]
    )
    page.notes += lines[2:]
    verdicts = list(_LOOKS)
    page.add(
        considered,
        name=tr("zones", lang=lang),
        group=group,
        styles=list(_LOOKS.values()),
        style_of=considered["verdict"].map({verdict: i for i, verdict in enumerate(verdicts)}).to_numpy(),
        keys=[(i, label(verdict, lang)) for i, verdict in enumerate(verdicts)],
        columns=_COLUMNS,
    )
    ways = _ways(incident, considered)
    if len(ways):
        page.add(
            ways,
            name=tr("to the nearest place", lang=lang),
            group=group,
            styles=[style.line(style.BLACK, weight=2, dash="4 4")],
            columns=("distance_m",),
        )
    page.add(
        incident,
        name=label("incidents", lang),
        group=group,
        styles=[style.mark(style.VERMILION, "diamond", radius=7, edge=style.BLACK)],
        columns=[*incident.columns.drop(incident.geometry.name)],
    )
    page.extent = _extent(incident, considered)
    return page.map()


def _ways(incident: gpd.GeoDataFrame, considered: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return lines from the incident to the zones it lies outside of."""
    outside = considered[considered["distance_m"] > 0]
    point = convert_crs(incident.geometry, considered.crs, name="incident").iloc[0]
    return outside[["distance_m"]].set_geometry(
        shapely.shortest_line(np.full(len(outside), point), outside.geometry.to_numpy()), crs=considered.crs
    )


def _extent(incident: gpd.GeoDataFrame, considered: gpd.GeoDataFrame) -> list[float] | None:
    """Frame the zone that answers whole, the incident with some ground around it, and of others no more."""
    if not len(parts.placed(incident)) or not len(considered):
        return None
    point = convert_crs(incident.geometry, considered.crs, name="incident")
    reach = max(_LEAST_REACH_M, 2.0 * float(considered["distance_m"].max()))
    answering = considered.geometry[considered["verdict"] == "answers"]
    bounds = np.vstack([point.buffer(reach).total_bounds, *answering.bounds.to_numpy()])
    ground = shapely.box(*bounds[:, :2].min(axis=0), *bounds[:, 2:].max(axis=0))
    ground = shapely.buffer(ground, _MARGIN * np.sqrt(ground.area), join_style="mitre")
    west, south, east, north = (
        gpd.GeoSeries([shapely.segmentize(ground, reach)], crs=considered.crs).to_crs(4326).total_bounds
    )
    return [float(west), float(south), float(east), float(north)]
