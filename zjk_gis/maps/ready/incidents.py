"""Maps of incidents: to whom they were assigned, where and when they are many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.crs import convert_crs
from zjk_gis.errors import MissingColumnError
from zjk_gis.layers.columns.coordinates import needs_a_look
from zjk_gis.layers.columns.times import BEIJING
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.labels import label
from zjk_gis.layers.shapes import has_place
from zjk_gis.maps import packing, parts, style
from zjk_gis.maps.ready import cards
from zjk_gis.maps.ready.surroundings import add_surroundings
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    import folium
    from numpy.typing import NDArray

    from zjk_gis.layers.labels import Language
    from zjk_gis.maps.page import Page

__all__ = [
    "INCIDENT_COLUMNS",
    "add_assigned",
    "assignment_map",
    "assignment_title",
    "counted",
    "density_map",
    "rows_title",
]

INCIDENT_COLUMNS = (
    "incident_code", "occurred_at", "event_name", "state", "source", "road_name", "description",
    "street_name", "zone_code", "chief_name", "found", "reason", "distance_m", "candidates", "ambiguous",
    "grid_code", "section_code", "position_fix",
)  # fmt: skip
_SEARCH = ("incident_code", "road_name")


@checked
def assignment_map(
    assigned: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None = None,
    *,
    rows: str = "incidents",
    code: str | None = None,
    time: str = "occurred_at",
    dayfirst: bool | None = None,
    time_format: str | None = None,
    tz: str = BEIJING,
    title: str | None = None,
    source: str | None = None,
    date: str | dt.date | None = None,
    lang: Language = "zh",
) -> folium.Map:
    """Draw how incidents were assigned: inside, on a border, to the nearest with a line to it, or to nobody.

    Parameters
    ----------
    assigned : GeoDataFrame
        From `zjk_gis.assign_incidents`. Rows without coordinates are counted on the page. May be empty.
    zones : GeoDataFrame, optional
        The zones they were assigned to, for the lines and for what a click on a zone tells.
    rows : str, default "incidents"
        What was assigned, as the catalogue of layers names it, such as ``manholes``; empty where it is not
        known.
    code : str, optional
        The column of codes; by default ``zone_code``, ``grid_code`` or ``section_code``.
    time : str, default "occurred_at"
        The column of the time slider, where it is there.
    dayfirst, time_format, tz
        How the times are read, and whose days they are; see `zjk_gis.assign_incidents`.
    title, source : str, optional
    date : str or date, optional
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    folium.Map

    Raises
    ------
    MissingColumnError
        If `assigned` has no column ``found``, or a column of codes is missing.
    CRSError
        If a layer has no CRS.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point, box
    >>> from zjk_gis import assign_incidents
    >>> ground = [box(573000, 4520000, 573100, 4520100)]
    >>> zones = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=ground, crs=4547)
    >>> incidents = gpd.GeoDataFrame(geometry=[Point(573120, 4520050)], crs=4547)
    >>> assignment_map(assign_incidents(incidents, zones), zones).get_root().title
    '案件归属'
    """
    if "found" not in assigned:
        raise MissingColumnError(
            tr("assigned: has no column found; give what zjk_gis.assign_incidents returns")
        )
    own = parts.code_of(assigned, "assigned", code)
    page = parts.new_page(
        lang,
        title=title,
        default=assignment_title(rows, lang),
        groups=[assignment_title(rows, lang), tr("Zones and road chiefs", lang=lang)],
        source=source,
        date=date,
        subtitle=_assigned_subtitle(assigned, rows, lang),
    )
    days = packing.day_numbers(assigned, time, dayfirst=dayfirst, time_format=time_format, tz=tz)
    if zones is not None:
        shown = parts.drawn_zones(zones)
        parts.add_zones(
            page,
            shown,
            group=page.groups[1][0],
            name=label("responsibility_zones", lang),
            code=parts.code_of(zones, "zones", own),
            assigned=assigned,
            faint=True,
        )
        add_ways(page, assigned, shown, own, group=page.groups[0][0], days=days, rows=rows)
    add_assigned(page, assigned, group=page.groups[0][0], days=days, plain=True, rows=rows)
    parts.frame_by(page, [assigned])
    return page.map()


def assignment_title(rows: str, lang: Language) -> str:
    """Return what the assignment of a layer's rows is called.

    Examples
    --------
    >>> assignment_title("manholes", "zh"), assignment_title("", "en")
    ('窨井归属', 'Assignment of rows')
    """
    return tr("Assignment of {rows}", rows=rows_title(rows, lang), lang=lang)


def rows_title(rows: str, lang: Language) -> str:
    """Return what the rows of a layer are called where they are listed.

    Examples
    --------
    >>> rows_title("incidents", "zh"), rows_title("", "zh")
    ('案件', '行')
    """
    return label(rows or "rows", lang)


def counted(rows: str, count: int, lang: Language) -> str:
    """Say how many rows of a layer there are.

    Examples
    --------
    >>> counted("incidents", 1200, "zh"), counted("manholes", 3, "en"), counted("", 3, "en")
    ('案件 1,200 件', '3 manholes', '3 rows')
    """
    if rows == "incidents":
        return tr("{count:,} incidents", count=count, lang=lang)
    if not rows:
        return tr("{count:,} rows", count=count, lang=lang)
    return tr("{count:,} {rows}", count=count, rows=label(rows, lang), lang=lang)


def _assigned_subtitle(assigned: gpd.GeoDataFrame, rows: str, lang: Language) -> str:
    counts = assigned["found"].value_counts()
    words = [counted(rows, len(assigned), lang)]
    words += [f"{label(name, lang)} {counts[name]:,}" for name in style.FOUND_MARKS if name in counts]
    if "ambiguous" in assigned:
        words.append(f"{label('ambiguous', lang)} {int(needs_a_look(assigned).sum()):,}")
    return " · ".join(words)


def add_ways(
    page: Page,
    assigned: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    code: str,
    *,
    group: str,
    days: NDArray[np.int64] | None = None,
    rows: str = "incidents",
) -> None:
    """Draw lines from incidents to the nearest zone that they went to; both come and go together."""
    if not len(assigned):
        return
    is_far = (assigned["found"] == "nearest") & assigned[code].isin(code_text(zones[code]))
    is_far &= has_place(assigned.geometry.to_numpy())
    far = assigned[is_far.to_numpy(dtype=bool)]
    if not len(far):
        return
    far_days = None if days is None else days[is_far.to_numpy(dtype=bool)]
    points = convert_crs(far.geometry, zones.crs, name="assigned").to_numpy()
    begins, zone = _nearest_of_code(points, far[code].to_numpy(), zones, code)
    ways = gpd.GeoDataFrame(
        far.drop(columns=far.geometry.name).iloc[begins].reset_index(drop=True),
        geometry=shapely.shortest_line(points[begins], zones.geometry.to_numpy()[zone]),
        crs=zones.crs,
    )
    page.add(
        ways,
        name=tr("Way to the nearest zone", lang=page.lang),
        group=group,
        styles=[style.line("#1d5f8a", weight=1.8, dash="5 3")],
        columns=("incident_code", code, "chief_name", "distance_m"),
        days=None if far_days is None else far_days[begins],
        rows=rows_title(rows, page.lang),
        echo=True,
    )


def _nearest_of_code(
    points: Any, wanted: Any, zones: gpd.GeoDataFrame, code: str
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return for each point the nearest of the zones of its code; a code may have several versions."""
    pairs = pd.DataFrame({"code": wanted, "row": np.arange(len(points))}).merge(
        pd.DataFrame({"code": code_text(zones[code]).to_numpy(), "zone": np.arange(len(zones))}), on="code"
    )
    shapes = zones.geometry.to_numpy()[pairs["zone"]]
    pairs["away"] = shapely.distance(points[pairs["row"]], shapes)
    pairs = pairs.dropna(subset="away").sort_values(["row", "away", "zone"]).drop_duplicates("row")
    return pairs["row"].to_numpy(), pairs["zone"].to_numpy()


def add_assigned(
    page: Page,
    assigned: gpd.GeoDataFrame,
    *,
    group: str,
    days: NDArray[np.int64] | None,
    plain: bool,
    rows: str = "incidents",
) -> None:
    """Draw incidents by how they were found: a layer each, and rings around those a person should look at.

    Parameters
    ----------
    page : Page
    assigned : GeoDataFrame
    group : str
    days : ndarray of int64 or None
        For the time slider, as `packing.day_numbers` gives them.
    plain : bool
        Whether those inside one zone are shown at first.
    rows : str
        What was assigned, as the catalogue of layers names it.
    """
    listed = rows_title(rows, page.lang)
    doubtful = needs_a_look(assigned) if "ambiguous" in assigned else assigned["found"] == ""
    if doubtful.any():
        shapes = assigned.geometry.to_numpy()
        ringed = doubtful.to_numpy() & ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
        page.add(
            assigned[ringed],
            name=label("ambiguous", page.lang),
            group=group,
            styles=[{**style.mark("#ffffff", radius=8, edge=style.VERMILION, weight=2), "fill": False}],
            columns=("incident_code",),
            days=None if days is None else days[ringed],
            rows=listed,
            echo=True,
        )
    for found, look in style.FOUND_MARKS.items():
        is_found = (assigned["found"] == found).to_numpy(dtype=bool)
        page.add(
            assigned[is_found],
            name=label(found, page.lang),
            group=group,
            styles=[look],
            columns=INCIDENT_COLUMNS,
            search=_SEARCH,
            days=None if days is None else days[is_found],
            on=plain or found != "inside",
            rows=listed,
        )


@checked
def density_map(
    incidents: gpd.GeoDataFrame,
    *,
    region: gpd.GeoDataFrame | None = None,
    around: Mapping[str, gpd.GeoDataFrame] | None = None,
    time: str = "occurred_at",
    dayfirst: bool | None = None,
    time_format: str | None = None,
    tz: str = BEIJING,
    title: str | None = None,
    source: str | None = None,
    date: str | dt.date | None = None,
    lang: Language = "zh",
) -> folium.Map:
    """Draw where and when incidents are many: counts in hexagons, points when zoomed in, a time slider.

    Parameters
    ----------
    incidents : GeoDataFrame
        Points in any CRS; a million are fluent. Rows without coordinates are counted on the page.
    region : GeoDataFrame, optional
        The ground they stand on.
    around : mapping of str to GeoDataFrame, optional
        What lies around, by name, for orientation: ``streets``, ``roads``, ``rivers``.
    time : str, default "occurred_at"
        The column of the time slider, where it is there; rows without a time show under «all» only.
    dayfirst, time_format, tz
        How the times are read, and whose days they are; see `zjk_gis.assign_incidents`.
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

    Notes
    -----
    A hexagon's colour says how many incidents lie in it, by classes that the legend names for the scale
    shown; a click on it tells the count and the classes. The lattice is fixed to the ground.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> density_map(gpd.GeoDataFrame(geometry=[Point(114.9, 40.8)], crs=4490), lang="en").get_root().title
    'Where and when incidents are many'
    """
    page = parts.new_page(
        lang,
        title=title,
        default=tr("Where and when incidents are many", lang=lang),
        groups=[tr("Incidents", lang=lang)],
        source=source,
        date=date,
        subtitle=counted("incidents", len(incidents), lang),
    )
    parts.add_ground(page, region)
    add_surroundings(page, around)
    classes = cards.class_of_incidents(incidents) if len(incidents) else pd.Series([], dtype=str)
    frequent = classes[classes != ""].value_counts()
    names = sorted(frequent.index, key=lambda name: (-frequent[name], name))[: len(style.KIND_MARKS) - 1]
    number = parts.positions_in(classes, names, otherwise=len(names))
    page.add(
        incidents,
        name=tr("Count of incidents", lang=lang),
        group=page.groups[0][0],
        styles=list(style.KIND_MARKS[: len(names) + 1]),
        style_of=number,
        keys=[*enumerate(names), (len(names), tr("other", lang=lang))],
        columns=INCIDENT_COLUMNS,
        search=_SEARCH,
        days=packing.day_numbers(incidents, time, dayfirst=dayfirst, time_format=time_format, tz=tz),
        frames_the_page=page.extent is None,
        in_cells=True,
    )
    return page.map()
