"""The audit of a city: asked of its layers, and written as layers, workbook, map, page and print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd

from zjk_gis.arguments import checked
from zjk_gis.coverage.border_sheet import border_sheet
from zjk_gis.errors import InputError
from zjk_gis.io import write_layer
from zjk_gis.maps import city_map, save_offline
from zjk_gis.progress import bar
from zjk_gis.reports.dossier import Dossier, ready_folder
from zjk_gis.reports.page import write_page
from zjk_gis.reports.workbook.writing import write_workbook
from zjk_gis.responsibility.audit import responsibility_audit
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Mapping

    import pandas as pd

    from zjk_gis.layers.labels import Language
    from zjk_gis.responsibility.audit import ResponsibilityAudit

__all__ = ["audit_city", "drawn_findings", "write_audit"]

_STEPS = 3  # of writing, as they are numbered there
_NEEDED = ("built_up_areas", "responsibility_zones")
# What lies in a fault and makes it grave, where the city has such layers.
_COMPONENTS = (
    "manholes", "street_lamps", "waste_points", "public_toilets", "ancient_trees", "hazards", "pipelines",
)  # fmt: skip
_LAYERS = (
    "findings", "ground", "gaps", "overlaps", "stretches", "unanswered_roads", "hot_spots", "judged_zones",
    "assigned", "border_sheet",
)  # fmt: skip
_SHEETS = (
    "figures", "findings", "gaps", "overlaps", "unanswered_roads", "road_totals", "ground", "hot_spots",
    "matters", "chiefs", "judged_zones", "stretches", "assigned",
)  # fmt: skip
_DRAWN = ("gaps", "overlaps", "unanswered_roads", "hot_spots", "assigned")
_ON_PAGE = (
    "figures", "findings", "gaps", "overlaps", "unanswered_roads", "road_totals", "hot_spots", "matters",
    "chiefs",
)  # fmt: skip
# Findings that have no layer of their own, by the name under which they are drawn.
_PLACES = {
    "zones_without_chief": ("zone_without_chief",),
    "uneven_chiefs": ("chief_idle", "chief_overloaded"),
    "open_matters": ("matter_several", "matter_fallback"),
}


@checked
def audit_city(
    city: Mapping[str, gpd.GeoDataFrame],
    *,
    assigned: gpd.GeoDataFrame | None = None,
    duties: pd.DataFrame | None = None,
    at: str | dt.date,
    level: int | str | None = None,
    name: str = "city",
    **times: Any,
) -> ResponsibilityAudit:
    """Audit responsibility by all layers that a city has.

    Parameters
    ----------
    city : mapping of str to GeoDataFrame
        Layers by their names in the catalogue, as `read_city` returns them: ``built_up_areas`` and
        ``responsibility_zones``, and perhaps ``rivers`` (which need no zone), ``roads``, ``road_sections``,
        ``streets``, ``residential_estates``, components and ``accepted_faults``.
    assigned : GeoDataFrame, optional
        Incidents with their zones, as `assign_incidents` returns them.
    duties : DataFrame, optional
    at : date or str
        The day that is judged.
    level : int or str, optional
    name : str, default "city"
        What the city is called where it is refused.
    **times
        See `responsibility_audit`.

    Returns
    -------
    ResponsibilityAudit

    Raises
    ------
    InputError
        If the ground to be covered or the zones are missing.
    """
    missing = [layer for layer in _NEEDED if layer not in city]
    if missing:
        raise InputError(
            tr(
                "{name}: has no layer {missing}; an audit needs {needed}",
                name=name,
                missing=missing[0],
                needed=listed(_NEEDED),
            )
        )
    estates = city.get("residential_estates")
    return responsibility_audit(
        city["built_up_areas"],
        city["responsibility_zones"],
        roads=city.get("roads"),
        sections=city.get("road_sections"),
        streets=city.get("streets"),
        assigned=assigned,
        duties=duties,
        allowed=city.get("rivers"),
        accepted=city.get("accepted_faults"),
        components={layer: city[layer] for layer in _COMPONENTS if layer in city} or None,
        people=estates if estates is not None and "population" in estates else None,
        at=at,
        level=level,
        **times,
    )


@checked
def write_audit(
    audit: ResponsibilityAudit,
    folder: str | os.PathLike[str],
    *,
    city: Mapping[str, gpd.GeoDataFrame],
    at: str | dt.date,
    level: int | str | None = None,
    source: str = "",
    lang: Language = "zh",
) -> Dossier:
    """Write the findings of an audit as layers, as a workbook, as a map, as a page and as a print.

    Parameters
    ----------
    audit : ResponsibilityAudit
        As `audit_city` returns it.
    folder : str or path
        Made where there is none. ``audit.gpkg``, ``audit.xlsx``, ``audit.html``, ``report.html`` and
        ``audit.pdf`` in it are replaced.
    city : mapping of str to GeoDataFrame
        The layers that were audited.
    at : date or str
        The day that was judged.
    level : int or str, optional
    source : str, optional
        Where the data come from, told on map, print, workbook and page.
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    Dossier

    Raises
    ------
    FileError
        If the folder cannot be made or a file cannot be written.
    """
    into, made = ready_folder(folder), Dossier()
    tables = {name: table for name in _SHEETS if (table := getattr(audit, name)) is not None}
    tables["border_sheet"] = border_sheet(
        city["responsibility_zones"],
        roads=city.get("roads"),
        rivers=city.get("rivers"),
        incidents=audit.assigned if isinstance(audit.assigned, gpd.GeoDataFrame) else None,
        at=at,
        level=level,
    )
    steps = bar(title=tr("writing", lang=lang), total=_STEPS)
    # 1. the layers, for QGIS
    layers_file = into / "audit.gpkg"
    layers_file.unlink(missing_ok=True)
    for name in _LAYERS:
        table = tables.get(name)
        if isinstance(table, gpd.GeoDataFrame):
            write_layer(table, layers_file, layer=name)
    made.files[layers_file] = tr("findings as layers (QGIS)", lang=lang)
    steps.update()
    # 2. the map, on a page and on paper, whose picture goes into workbook and report
    title = tr("Audit of responsibility ({day})", day=str(at), lang=lang)
    drawn = city_map(
        city, results=drawn_findings(audit), title=title, source=source or None, date=at, lang=lang
    )
    page = into / "audit.html"
    save_offline(drawn, page)
    made.files[page] = tr("map (open in a browser, no network needed)", lang=lang)
    told: dict[str, Any] = {
        "summary": audit.figures,
        "title": title,
        "as_of": at,
        "source": source,
        "map_file": page.name,
        "picture": made.print_map(drawn, into / "audit.pdf", lang=lang),
        "lang": lang,
    }
    steps.update()
    # 3. the workbook, and the report on one page
    workbook, report = into / "audit.xlsx", into / "report.html"
    write_workbook(tables, workbook, **told)
    made.files[workbook] = tr("workbook (one sheet a question)", lang=lang)
    write_page(
        {name: tables[name] for name in _ON_PAGE if name in tables and len(tables[name].columns)},
        report,
        charts=_charts(audit),
        page_map=drawn,
        **told,
    )
    made.files[report] = tr("report (one page, prints)", lang=lang)
    steps.close()
    return made


def _charts(audit: ResponsibilityAudit) -> list[tuple[str, str, str]]:
    """Choose by which amount faults and chiefs are compared: consequences and incidents, else area."""
    load = "incidents" if "incidents" in audit.chiefs else "area_m2"
    amount = "consequence" if (audit.findings["consequence"].fillna(0) > 0).any() else "area_m2"
    charts = [("gaps", "gap_code", amount), ("overlaps", "overlap_code", amount)]
    return charts + ([("chiefs", "chief_code", load)] if len(audit.chiefs) else [])


def drawn_findings(audit: ResponsibilityAudit) -> dict[str, gpd.GeoDataFrame]:
    """Return what a map shows of an audit: every finding that has a place, each in a layer of its kind."""
    tables = {name: getattr(audit, name) for name in _DRAWN}
    drawn = {name: table for name, table in tables.items() if isinstance(table, gpd.GeoDataFrame)}
    for name, kinds in _PLACES.items():
        rows = audit.findings[audit.findings["finding"].isin(kinds)]
        if len(rows):
            drawn[name] = _by_place(rows) if name == "open_matters" else rows
    return {name: gpd.GeoDataFrame(frame) for name, frame in drawn.items()}


def _by_place(matters: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Make one feature of the matters of a street, which all have its shape: a click shows them together."""
    placed = matters[matters.geometry.notna()]
    words = placed["finding_code"].astype(str) + " " + placed["event_name"].astype(str)
    grouped = placed.assign(event_name=words).groupby("concerned_codes", sort=True)
    return gpd.GeoDataFrame(
        {
            "concerned_codes": grouped["concerned_codes"].first(),
            "rank": grouped["rank"].min(),
            "incidents": grouped["incidents"].sum(),
            "event_name": grouped["event_name"].agg(";".join),
        },
        geometry=grouped["geometry"].first().to_numpy(),
        crs=matters.crs,
    ).reset_index(drop=True)
