"""What `zjk-gis audit` leaves in a folder: layers, a workbook, a map and a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd

from zjk_gis.cli.pictures.prints import print_sheet
from zjk_gis.io import write_layer
from zjk_gis.maps import city_map, save_offline
from zjk_gis.reports import write_page, write_workbook

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from zjk_gis.cli.console import Console
    from zjk_gis.responsibility.audit import ResponsibilityAudit

__all__ = ["write_audit"]

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


def write_audit(
    audit: ResponsibilityAudit,
    borders: gpd.GeoDataFrame,
    layers: Mapping[str, gpd.GeoDataFrame],
    folder: Path,
    day: str,
    console: Console,
) -> list[Path]:
    """Write the findings as layers, as a workbook, as a map and as a page; return the files."""
    files = {
        "audit.gpkg": ("问题图层(QGIS)", "findings as layers (QGIS)"),
        "audit.xlsx": ("工作簿(一问一表)", "workbook (one sheet a question)"),
        "audit.html": ("地图(浏览器打开,无需网络)", "map (open in a browser, no network needed)"),
        "report.html": ("报告(一页,可打印)", "report (one page, prints)"),
        "audit.pdf": ("地图(A4,可张贴)", "map (A4, to hang up)"),
    }
    layers_file, workbook, page, report, sheet = paths = [folder / name for name in files]
    tables = {name: table for name in _SHEETS if (table := getattr(audit, name)) is not None}
    tables["border_sheet"] = borders
    layers_file.unlink(missing_ok=True)
    for name in _LAYERS:
        table = tables.get(name)
        if isinstance(table, gpd.GeoDataFrame):
            write_layer(table, layers_file, layer=name)
    title = console.pick(f"责任审计({day})", f"Audit of responsibility ({day})")
    drawn = city_map(layers, results=_drawn(audit, tables), title=title, date=day, lang=console.lang)
    save_offline(drawn, page)
    sheet.unlink(missing_ok=True)
    told: dict[str, Any] = {
        "summary": audit.figures,
        "title": title,
        "as_of": day,
        "map_file": page.name,
        "picture": print_sheet(drawn, sheet, day=day, console=console),
        "lang": console.lang,
    }
    write_workbook(workbook, tables, **told)
    load = "incidents" if "incidents" in audit.chiefs else "area_m2"
    amount = "consequence" if (audit.findings["consequence"].fillna(0) > 0).any() else "area_m2"
    charts = [("gaps", "gap_code", amount), ("overlaps", "overlap_code", amount)]
    charts += [("chiefs", "chief_code", load)] if len(audit.chiefs) else []
    write_page(
        report,
        {name: tables[name] for name in _ON_PAGE if name in tables and len(tables[name].columns)},
        charts=charts,
        page_map=drawn,
        **told,
    )
    paths = [path for path in paths if path.exists()]
    console.say("结果文件:", "files:")
    console.show(
        [(console.pick(*files[path.name]), str(path)) for path in paths],
        [console.pick("内容", "what"), console.pick("文件", "file")],
    )
    return paths


def _drawn(audit: ResponsibilityAudit, tables: Mapping[str, pd.DataFrame]) -> dict[str, gpd.GeoDataFrame]:
    """Return what the map shows: every finding that has a place, each in a layer of its kind."""
    drawn = {name: tables[name] for name in _DRAWN if isinstance(tables.get(name), gpd.GeoDataFrame)}
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
