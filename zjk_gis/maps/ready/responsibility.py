"""Maps of who answers for which ground: zones and chiefs, gaps and overlaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis.arguments import checked
from zjk_gis.layers.columns.levels import ANY_LEVEL, levels_of
from zjk_gis.layers.columns.nobody import CHIEF, chiefs_of
from zjk_gis.layers.labels import label
from zjk_gis.layers.versions import zones_at
from zjk_gis.maps import parts
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    import folium
    import geopandas as gpd

    from zjk_gis.layers.labels import Language
    from zjk_gis.maps.page import Page

__all__ = ["gaps_map", "zones_map"]


@checked
def zones_map(
    zones: gpd.GeoDataFrame,
    *,
    assigned: gpd.GeoDataFrame | None = None,
    code: str | None = None,
    level: int | str | None = None,
    at: str | dt.date | None = None,
    title: str | None = None,
    source: str | None = None,
    date: str | dt.date | None = None,
    lang: Language = "zh",
) -> folium.Map:
    """Draw responsibility zones (责任区) and their road chiefs (路长); those without a chief are hatched.

    Parameters
    ----------
    zones : GeoDataFrame
        Zones or unit grids in any CRS, perhaps of several levels and in several versions. May be empty.
    assigned : GeoDataFrame, optional
        Incidents with their zones, from `zjk_gis.assign_incidents`: a click on a zone then tells how many of
        each class it has.
    code : str, optional
        The column of codes; by default ``zone_code`` or ``grid_code``.
    level : int or str, optional
        The level that is filled, as a number or word; by default the finest. Coarser ones are outlines.
    at : date or str, optional
        Draw only what is valid on this day; what is not is counted on the page.
    title : str, optional
    source : str, optional
        Where the data are from, told at the foot of the page.
    date : str or date, optional
        The day told at the foot; by default today.
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    folium.Map
        Shows itself in a notebook; `zjk_gis.save_offline` writes it to a file.

    Raises
    ------
    MissingColumnError
        If there is no column of codes, or `level` is asked for and there are no levels.
    InputError
        If a date cannot be read, or there is no such level.
    CRSError
        If a layer has no CRS.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A"], "chief_name": ["张三"]}, geometry=[box(114.8, 40.8, 114.81, 40.81)], crs=4490
    ... )
    >>> zones_map(zones, title="桥西区").get_root().title
    '桥西区'
    """
    page = parts.new_page(
        lang,
        title=title,
        default=tr("Responsibility zones and road chiefs", lang=lang),
        groups=[tr("Zones and road chiefs", lang=lang)],
        source=source,
        date=at if date is None else date,
    )
    own = parts.code_of(zones, "zones", code)
    zones = parts.with_readable(page, zones)
    levels = _levels(zones, level)
    finest = max(levels, default=None)
    filled: int | str | None = finest or level  # all levels are drawn: they need be no hierarchy
    chosen = zones_at(zones, at, level=filled) if len(zones) else zones
    same_level = zones_at(zones, level=filled) if len(zones) else zones
    _note_invalid(page, len(same_level) - len(chosen), at)
    parts.add_zones(
        page,
        chosen,
        group=page.groups[0][0],
        name=_level_name(finest, levels, lang),
        code=own,
        assigned=assigned,
    )
    for rank, coarser in enumerate(sorted(levels)[:-1]):
        parts.add_outlines(
            page,
            zones_at(zones, at, level=coarser),
            group=page.groups[0][0],
            name=_level_name(coarser, levels, lang),
            on=False,
            code=own,
            rank=rank,
        )
    page.subtitle = _zones_subtitle(chosen, lang)
    return page.map()


def _levels(zones: gpd.GeoDataFrame, level: int | str | None) -> dict[int, str]:
    """Return the levels drawn, as the layer writes them: the coarsest first, the one that is filled last."""
    if "level" not in zones or level == ANY_LEVEL:
        return {}
    levels = levels_of(zones, "zones")
    most = max(levels.words, default=0) if level is None else levels.number(level, "zones")
    return {number: word for number, word in levels.words.items() if number <= most}


def _level_name(level: int | None, levels: dict[int, str], lang: Language) -> str:
    if level is None:
        return label("responsibility_zones", lang)
    return parts.level_name(level, levels[level], lang)


def _note_invalid(page: Page, count: int, at: str | dt.date | None) -> None:
    if count:
        page.notes.append(
            tr("{count:,} zones are not valid on {at} and not drawn", count=count, at=at, lang=page.lang)
        )


def _zones_subtitle(zones: gpd.GeoDataFrame, lang: Language) -> str:
    texts = [tr("{zones_count:,} zones", zones_count=len(zones), lang=lang)]
    if {*CHIEF} & {*zones}:
        chiefs = chiefs_of(zones)
        texts.append(tr("{chiefs:,} chiefs", chiefs=chiefs.nunique(), lang=lang))
        vacant = int(chiefs.isna().sum())
        if vacant:
            texts.append(tr("{vacant:,} without a chief", vacant=vacant, lang=lang))
    return " · ".join(texts)


@checked
def gaps_map(
    region: gpd.GeoDataFrame | None,
    zones: gpd.GeoDataFrame | None,
    gaps: gpd.GeoDataFrame | None = None,
    overlaps: gpd.GeoDataFrame | None = None,
    *,
    title: str | None = None,
    source: str | None = None,
    date: str | dt.date | None = None,
    lang: Language = "zh",
) -> folium.Map:
    """Draw the ground that nobody answers for (责任空白) and that more than one does (责任重叠).

    Parameters
    ----------
    region : GeoDataFrame or None
        The ground that should be covered.
    zones : GeoDataFrame or None
    gaps : GeoDataFrame, optional
        From `zjk_gis.coverage_gaps`; each kind has its own hatch, each gap a mark with its code.
    overlaps : GeoDataFrame, optional
        From `zjk_gis.overlapping_zones`.
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
    >>> from shapely import box
    >>> found = {"gap_code": ["G001"], "kind": ["hole"]}
    >>> gaps = gpd.GeoDataFrame(found, geometry=[box(0, 0, 9, 9)], crs=4547)
    >>> gaps_map(None, None, gaps).get_root().title
    '责任空白与重叠'
    """
    texts = []
    if gaps is not None:
        texts.append(_found(gaps, lang, "{count:,} gaps"))
    if overlaps is not None:
        texts.append(_found(overlaps, lang, "{count:,} overlaps"))
    page = parts.new_page(
        lang,
        title=title,
        default=tr("Gaps and overlaps", lang=lang),
        groups=[tr("Findings", lang=lang), tr("Zones and road chiefs", lang=lang)],
        source=source,
        date=date,
        subtitle=" · ".join(texts),
    )
    parts.add_ground(page, region)
    if zones is not None:
        code = parts.code_of(zones, "zones")
        shown = parts.drawn_zones(zones)
        parts.add_zones(
            page,
            shown,
            group=page.groups[1][0],
            name=label("responsibility_zones", lang),
            code=code,
            faint=True,
        )
    parts.add_findings(page, overlaps, what="overlaps", group=page.groups[0][0])
    parts.add_findings(page, gaps, what="gaps", group=page.groups[0][0])
    parts.frame_by(page, [gaps, overlaps])
    return page.map()


def _found(found: gpd.GeoDataFrame, lang: Language, sentence: str) -> str:
    text = tr(sentence, count=len(found), lang=lang)
    if "area_m2" in found and len(found):
        text += tr(" ({area_m2:,.0f} m² in all)", area_m2=found["area_m2"].sum(), lang=lang)
    return text
