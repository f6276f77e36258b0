"""A city and what was found in it, on one page."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.arguments import checked
from zjk_gis.layers.columns.coordinates import needs_a_look
from zjk_gis.layers.columns.levels import levels_of
from zjk_gis.layers.columns.periods import day_of, validity_days
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.labels import check_language, label
from zjk_gis.layers.versions import of_level
from zjk_gis.maps import packing, parts, style
from zjk_gis.maps.ready import facilities, heritage, incidents, surroundings
from zjk_gis.maps.ready.findings import FINDINGS, add_found
from zjk_gis.protection.answering import with_who_answers
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    import folium
    import geopandas as gpd

    from zjk_gis.layers.labels import Language
    from zjk_gis.maps.page import Page

__all__ = ["city_map"]

_RESULTS = ("assigned", "gaps", "overlaps", *FINDINGS)
_GROUPS = ("incidents", "findings", "zones", "facilities", "ground")
_FOLDED = ("facilities", "ground")


@checked
def city_map(
    layers: Mapping[str, gpd.GeoDataFrame],
    *,
    results: Mapping[str, gpd.GeoDataFrame] | None = None,
    rows: str = "incidents",
    title: str | None = None,
    source: str | None = None,
    date: str | dt.date | None = None,
    lang: Language = "zh",
) -> folium.Map:
    """Draw a city and what was found in it on one page.

    Parameters
    ----------
    layers : mapping of str to GeoDataFrame
        Layers by their names in the catalogue, in any CRS. Those not drawn by themselves (such as road
        sections) may be among them.
    results : mapping of str to GeoDataFrame, optional
        What was found: ``assigned``, ``gaps``, ``overlaps``, ``sections_without_chief``,
        ``manholes_outside_zones``, ``orphan_manholes``, ``misconnections``, ``pipelines_in_core``,
        ``parking_gaps``, ``parking_coverage``, ``dead_ends``, ``missing_links``, ``unanswered_roads``,
        ``moved`` (ground that changes hands), ``hot_spots``,
        ``open_matters``, ``zones_without_chief`` and ``uneven_chiefs``. Empty ones are listed as none.
    rows : str, default "incidents"
        What was ``assigned``, as the catalogue of layers names it, such as ``manholes``; empty where
        that is not known.
    title : str, optional
        Shown on the page and in the browser's tab.
    source : str, optional
        Where the data are from, told at the foot of the page.
    date : str or date, optional
        The day told at the foot; by default today.
    lang : {"zh", "en"}, default "zh"
        The language of every word that does not come from the data.

    Returns
    -------
    folium.Map
        Shows itself in a notebook; `save_offline` writes it to a file.

    Raises
    ------
    InputError
        If a result has a name that is not known.
    CRSError
        If a layer has no CRS.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A"]}, geometry=[box(573000, 4520000, 573100, 4520100)], crs=4547
    ... )
    >>> type(city_map({"responsibility_zones": zones})).__mro__[1].__name__
    'Map'
    """
    check_language(lang)
    results = dict(results or {})
    parts.require_results(results, _RESULTS)
    words = {name: tr(sentence, lang=lang) for name, sentence in _WORDS.items()}
    words["incidents"] = incidents.assignment_title(rows, lang)
    page = parts.new_page(
        lang,
        title=title,
        default=words["title"],
        groups=[words[name] for name in _GROUPS],
        source=source,
        date=date,
        subtitle=_subtitle(results, rows, lang),
    )
    page.groups = [
        (heading, name not in _FOLDED) for (heading, _), name in zip(page.groups, _GROUPS, strict=True)
    ]
    layers = _of_the_day(page, layers, date)
    _add_ground(page, layers, words)
    surroundings.add_rivers(page, layers, group=words["ground"])
    _add_responsibility(page, layers, results.get("assigned"), words)
    if "unit_grids" in layers and "grid_code" in results.get("assigned", ()):
        _add_density(page, layers["unit_grids"], results["assigned"], words)
    surroundings.add_roads(page, layers, group=words["ground"])
    _add_facilities(page, layers, words)
    _add_incidents(page, results.get("assigned"), rows, words, layers.get("streets"), date)
    add_found(page, results, group=words["findings"])
    for name in ("overlaps", "gaps"):
        parts.add_findings(page, results.get(name), what=name, group=words["findings"])
    surroundings.add_names(page, layers)
    parts.frame_by(page, [*layers.values(), *results.values()])
    return page.map()


_WORDS = {
    "title": "City management",
    "zones": "Zones and road chiefs",
    "findings": "Findings",
    "facilities": "Facilities",
    "ground": "Ground",
    "density": "Incidents per grid",
}


def _subtitle(results: Mapping[str, gpd.GeoDataFrame], rows: str, lang: Language) -> str:
    """Say the headline figures."""
    parts = []
    if "assigned" in results:
        assigned = results["assigned"]
        doubtful = int(needs_a_look(assigned).sum())
        parts.append(incidents.counted(rows, len(assigned), lang))
        parts.append(tr("{count:,} to be looked at", count=doubtful, lang=lang))
    if "gaps" in results:
        parts.append(tr("{count:,} gaps", count=len(results["gaps"]), lang=lang))
    if "overlaps" in results:
        parts.append(tr("{count:,} overlaps", count=len(results["overlaps"]), lang=lang))
    return " · ".join(parts)


def _add_ground(page: Page, layers: Mapping[str, gpd.GeoDataFrame], words: Mapping[str, str]) -> None:
    parts.add_ground(page, layers.get("built_up_areas"))
    if "unit_grids" in layers:
        page.add(
            layers["unit_grids"],
            name=label("unit_grids", page.lang),
            group=words["zones"],
            styles=[style.area("#ffffff", fill=0.01, weight=0.5, edge="#a7b1bc")],
            columns=("grid_code", "area_m2", "land_use", "management_level", "valid_from"),
            search=("grid_code",),
            on=False,
        )


def _of_the_day(
    page: Page, layers: Mapping[str, gpd.GeoDataFrame], date: str | dt.date | None
) -> Mapping[str, gpd.GeoDataFrame]:
    """Leave out zones that do not hold on the day of the map, and say how many."""
    zones = layers.get("responsibility_zones")
    if zones is None:
        return layers
    zones = parts.with_readable(page, zones)
    if date is None:
        return {**layers, "responsibility_zones": zones}
    begins, ends = validity_days(zones, "responsibility_zones")
    holds = (begins <= day_of(date)) & (day_of(date) <= ends)
    gone = int((~holds).sum())
    if gone:
        page.notes.append(tr("{gone:,} zones do not hold on that day", gone=gone, lang=page.lang))
    return {**layers, "responsibility_zones": zones[holds]}


def _add_responsibility(
    page: Page,
    layers: Mapping[str, gpd.GeoDataFrame],
    assigned: gpd.GeoDataFrame | None,
    words: Mapping[str, str],
) -> None:
    zones = layers.get("responsibility_zones")
    if zones is None:
        return
    code = parts.code_of(zones, "responsibility_zones")
    levels = levels_of(zones, "responsibility_zones").words if "level" in zones else {}
    for level in levels or [None]:
        kept, _ = of_level(zones, level)
        name = label("responsibility_zones", page.lang)
        if level is not None:
            name = parts.level_name(level, levels[level], page.lang)
        if level == max(levels, default=None):
            parts.add_zones(page, kept, group=words["zones"], name=name, code=code, assigned=assigned)
        else:
            parts.add_outlines(page, kept, group=words["zones"], name=name, on=False, code=code)


def _add_density(
    page: Page, grids: gpd.GeoDataFrame, assigned: gpd.GeoDataFrame, words: Mapping[str, str]
) -> None:
    """Colour the grids by their number of incidents, in classes that a reader can name."""
    found = code_text(assigned["grid_code"]).value_counts()
    counts = code_text(grids["grid_code"]).map(found).fillna(0).astype(int)
    breaks = _round_breaks(counts.to_numpy(), len(style.DENSITY))
    edges = [*breaks, int(counts.max()) + 1]
    texts = [f"{a}–{b - 1}" if b - a > 1 else f"{a}" for a, b in itertools.pairwise(edges)]
    page.add(
        grids.assign(incidents=counts),
        name=words["density"],
        group=words["incidents"],
        styles=[style.area(colour, fill=0.78, weight=0.4, edge="#ffffff") for colour in style.DENSITY],
        style_of=np.searchsorted(breaks, counts.to_numpy(), side="right") - 1,
        keys=list(enumerate(texts)),
        columns=("grid_code", "incidents", "area_m2", "land_use"),
        on=False,
    )


def _round_breaks(counts: Any, classes: int) -> list[int]:
    """Choose where classes begin: quantiles, rounded to numbers that people say."""
    wanted = np.quantile(counts, np.linspace(0, 1, classes + 1)[:-1])
    found = [0]
    for value in wanted[1:]:
        step = 10 ** max(0, int(np.floor(np.log10(max(value, 1)))) - 1) * 5 if value >= 10 else 1
        rounded = int(max(step, round(value / step) * step))
        if rounded > found[-1]:
            found.append(rounded)
    return found


def _add_facilities(page: Page, layers: Mapping[str, gpd.GeoDataFrame], words: Mapping[str, str]) -> None:
    group = words["facilities"]
    if "historic_blocks" in layers:
        buildings = layers.get("historic_buildings")
        heritage.add_historic(page, layers["historic_blocks"], buildings, group=group, on=False)
    if "residential_estates" in layers:
        page.add(
            layers["residential_estates"],
            name=label("residential_estates", page.lang),
            group=group,
            styles=[style.area("#b08d57", fill=0.35, weight=0.8)],
            on=False,
            columns=("estate_code", "estate_name", "population", "households", "built_year"),
            search=("estate_code", "estate_name"),
        )
    if "parking_lots" in layers:
        page.add(
            layers["parking_lots"],
            name=label("parking_lots", page.lang),
            group=group,
            styles=[style.mark(style.BLUE, "square", radius=5)],
            columns=("lot_code", "lot_name", "lot_kind", "berths"),
            search=("lot_code", "lot_name"),
            on=False,
        )
    for name in ("pipelines", "manholes"):
        if name in layers:
            facilities.add_pipes(
                page,
                layers[name],
                group=group,
                manholes=name == "manholes",
                on=False,
                together=label(name, page.lang),
            )


def _add_incidents(
    page: Page,
    assigned: gpd.GeoDataFrame | None,
    rows: str,
    words: Mapping[str, str],
    streets: gpd.GeoDataFrame | None,
    date: str | dt.date | None,
) -> None:
    """Draw what a person should look at first; the others only when asked for."""
    if assigned is None:
        return
    listed = incidents.rows_title(rows, page.lang)
    if streets is not None and {"street_code", "street_name"} <= {*streets} and "street_name" not in assigned:
        assigned = with_who_answers(assigned, None, streets, at=date)
    page.plays = False  # what else is on the page holds for one day
    days = packing.day_numbers(assigned, "occurred_at")
    found = list(style.FOUND_MARKS)
    looks = list(style.FOUND_MARKS.values())
    doubtful = needs_a_look(assigned)
    inside = assigned["found"] == "inside"
    for name, which, on in (
        ("ambiguous", doubtful, True),
        ("not_plain", ~inside & ~doubtful, True),
        ("plain", inside & ~doubtful, False),
    ):
        is_told = which.to_numpy(dtype=bool)
        own = assigned[is_told]
        page.add(
            own,
            name=label(name, page.lang),
            group=words["incidents"],
            styles=[style.OVERLAPPED_MARK, *looks[1:]] if name == "ambiguous" else looks,
            style_of=own["found"].map({word: i for i, word in enumerate(found)}).to_numpy(),
            keys=[
                (i, label("overlap" if name == "ambiguous" and word == "inside" else word, page.lang))
                for i, word in enumerate(found)
            ],
            columns=incidents.INCIDENT_COLUMNS,
            search=("incident_code",),
            days=None if days is None else days[is_told],
            on=on,
            rows=listed,
        )
