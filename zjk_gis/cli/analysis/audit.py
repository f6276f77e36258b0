"""`zjk-gis audit`: the three promises, and where they do not hold."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import geopandas as gpd

from zjk_gis.assign import assign_incidents
from zjk_gis.cli.analysis.assign import put_right
from zjk_gis.cli.city import datum_option, even_if_off_option, read_city, tell_report
from zjk_gis.cli.options import CITY, LEVEL
from zjk_gis.cli.pictures.prints import print_sheet
from zjk_gis.cli.speaking import repair_option, speaking
from zjk_gis.cli.times import reading_times
from zjk_gis.coverage.border_sheet import border_sheet
from zjk_gis.errors import FileError, InputError
from zjk_gis.index.steering import steering_words
from zjk_gis.io import read_layer, read_table, write_layer
from zjk_gis.layers.labels import label
from zjk_gis.maps import city_map, save_offline
from zjk_gis.reports import write_page, write_workbook
from zjk_gis.responsibility.audit import responsibility_audit
from zjk_gis.words import tr
from zjk_gis.workspace.reading import shown

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd

    from zjk_gis.cli.console import Console
    from zjk_gis.responsibility.audit import ResponsibilityAudit

__all__ = ["command", "write_audit"]

_NEEDED = ("built_up_areas", "responsibility_zones")
# What lies in a fault and makes it grave, where the city has such layers.
_COMPONENTS = (
    "manholes", "street_lamps", "waste_points", "public_toilets", "ancient_trees", "hazards", "pipelines",
)  # fmt: skip
_OF_PROMISE = {
    "every_road": (
        "rank", "finding", "finding_code", "consequence", "incidents", "components", "people", "road_m",
        "area_m2", "road_name", "concerned_codes",
    ),
    "every_matter": ("rank", "finding", "finding_code", "incidents", "event_name", "concerned_codes"),
    "everyone": ("rank", "finding", "finding_code", "consequence", "incidents", "area_m2"),
}  # fmt: skip
_LONGEST = 40
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


@click.command("audit")
@click.argument("city", type=CITY)
@click.option("--incidents", type=click.Path(path_type=Path), help="Incidents, to see who has how many.")
@click.option(
    "--duties", type=click.Path(path_type=Path), help="A table: event_code, department, place_code."
)
@click.option("--at", help="The day that is judged; by default today.")
@click.option("--level", type=LEVEL, help="Which level of zones is judged; by default the finest.")
@click.option("--fix-positions", is_flag=True, help="Fix swapped axes and GCJ-02, and say which.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="A folder for layers, workbook and map."
)
@click.option("--most", default=10, show_default=True, help="How many of the worst of each are printed.")
@datum_option
@even_if_off_option
@reading_times
@repair_option
@speaking
def command(
    city: Path | str,
    incidents: Path | None,
    duties: Path | None,
    at: str | None,
    level: int | str | None,
    fix_positions: bool,
    output: Path | None,
    most: int,
    datum: str | None,
    even_if_off: bool,
    times: dict[str, Any],
    console: Console,
) -> None:
    """Prove or refute that every road, every incident and everyone is taken care of.

    CITY is a GeoPackage or a PostGIS schema (postgresql://user@host/database?schema=zjk) with built_up_areas
    and responsibility_zones, and perhaps rivers (which need no zone), roads, road_sections, streets,
    residential_estates, components, and accepted_faults (the ledger that `zjk-gis accept` writes). The worst
    places come first by what lies in them: incidents of the last year, components, people, road. With -o the
    findings go to audit.gpkg, audit.xlsx and audit.html in that folder, and report.html tells it all on one
    page, which can be printed.
    """
    if output is not None:
        _make_folder(output)
    layers = read_city(city, console)
    missing = [name for name in _NEEDED if name not in layers]
    if missing:
        raise InputError(
            tr(
                "{shown}: has no layer {missing}; an audit needs {needed}",
                shown=shown(city),
                missing=missing[0],
                needed=" and ".join(_NEEDED),
            )
        )
    day = at or dt.date.today().isoformat()
    zones, roads, sections = (layers.get(n) for n in ("responsibility_zones", "roads", "road_sections"))
    assigned = None
    if incidents is not None:
        points = read_layer(incidents, datum=datum, spec="incidents", **times)
        tell_report(points, console)
        points = put_right(points, roads, console, change=fix_positions)
        assigned = assign_incidents(
            points, zones, level=level, sections=sections, even_if_off=even_if_off, **times
        )
        for words in steering_words(assigned.attrs["assignment"], console.lang):
            console.note(words)
        if "occurred_at" not in assigned:
            console.note(
                tr("incidents have no time: all of them make a fault grave", lang=console.lang),
            )
    audit = responsibility_audit(
        layers["built_up_areas"],
        layers["responsibility_zones"],
        roads=roads,
        sections=sections,
        streets=layers.get("streets"),
        assigned=assigned,
        duties=None if duties is None else read_table(duties),
        allowed=layers.get("rivers"),
        accepted=layers.get("accepted_faults"),
        components={name: layers[name] for name in _COMPONENTS if name in layers} or None,
        people=_with_population(layers),
        at=day,
        level=level,
        **times,
    )
    _show(audit, most, console)
    files = []
    if output is not None:
        borders = border_sheet(
            layers["responsibility_zones"],
            roads=roads,
            rivers=layers.get("rivers"),
            incidents=assigned,
            at=day,
            level=level,
        )
        files = write_audit(audit, borders, layers, output, day, console)
    figures = audit.figures.astype(object).where(audit.figures.notna(), None)
    console.result(
        {
            "at": day,
            "figures": figures.to_dict("records"),
            "worst": {promise: _records(audit, promise, most) for promise in _OF_PROMISE},
            "exceptions": audit.exceptions,
            "files": [str(path) for path in files],
        }
    )


def _with_population(layers: Mapping[str, gpd.GeoDataFrame]) -> gpd.GeoDataFrame | None:
    estates = layers.get("residential_estates")
    return estates if estates is not None and "population" in estates else None


def _show(audit: ResponsibilityAudit, most: int, console: Console) -> None:
    """Print the promises, and the worst of each."""
    lang = console.lang
    for promise, rows in audit.figures.groupby("promise", sort=False):
        name = str(promise)
        console.say(label(name, lang))
        console.show(
            [
                (
                    label(row["measure"], lang),
                    _amount(row["value"], row["unit"]),
                    _amount(row["whole"], row["unit"]),
                    f"{row['share']:.2%}" if row["whole"] > 0 else tr("no data", lang=console.lang),
                    _source(row),
                )
                for row in rows.to_dict("records")
            ],
            [label(heading, lang) for heading in ("measure", "value", "whole", "share", "layer")],
        )
        _show_worst(audit, name, most, console)
    _show_exceptions(audit, console)


def _source(row: Mapping[Hashable, str]) -> str:
    """Say in one expression which rows a figure is computed from."""
    return (
        f"{row['layer']}[{row['filter']}] {row['amount']}"
        if row["filter"]
        else f"{row['layer']} {row['amount']}"
    )


def _show_worst(audit: ResponsibilityAudit, promise: str, most: int, console: Console) -> None:
    found = audit.findings[audit.findings["promise"] == promise]
    shown = min(most, len(found))
    console.say(
        console.pick(
            f"问题 {len(found):,} 处,后果最重的 {shown:,} 处:" if shown else "未发现问题",
            f"{len(found):,} findings, the worst {shown:,}:" if shown else "nothing found amiss",
        ),
    )
    if not shown:
        return
    worst = audit.worst(promise, most)
    columns = [name for name in _OF_PROMISE[promise] if name in worst]
    told = worst[columns].astype(object).where(worst[columns].notna(), "")
    console.show(
        [tuple(_cell(cell, console) for cell in row) for row in told.itertuples(index=False)],
        [label(name, console.lang, unit=True) for name in columns],
    )


def _cell(cell: object, console: Console) -> object:
    if isinstance(cell, str):
        text = label(cell, console.lang).replace(";", " ")
        return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return cell


def _show_exceptions(audit: ResponsibilityAudit, console: Console) -> None:
    """Say what the ledger of accepted faults kept back, and what it no longer does."""
    for name, account in audit.exceptions.items():
        title = label(name, console.lang)
        console.say(
            tr(
                "{title}: {withheld:,} accepted ({withheld_area_m2:,.1f} m²), {expired_count:,} "
                "expired, {changed_count:,} changed in shape, {unused_count:,} entries without a "
                "fault",
                title=title,
                withheld=account["withheld"],
                withheld_area_m2=account["withheld_area_m2"],
                expired_count=len(account["expired"]),
                changed_count=len(account["changed"]),
                unused_count=len(account["unused"]),
                lang=console.lang,
            ),
        )


def _records(audit: ResponsibilityAudit, promise: str, most: int) -> list[dict[str, object]]:
    worst = audit.findings[audit.findings["promise"] == promise].head(most)
    columns = [name for name in _OF_PROMISE[promise] if name in worst]
    plain = worst[columns].astype(object)
    return [
        {str(k): v for k, v in row.items()} for row in plain.where(plain.notna(), None).to_dict("records")
    ]


def _amount(value: float, unit: str) -> str:
    text = f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.3f}"
    return f"{text} {unit}".rstrip()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            tr(
                "{folder}: cannot be made a folder ({strerror}); name another",
                folder=folder,
                strerror=error.strerror,
            )
        ) from error


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
    title = tr("Audit of responsibility ({day})", day=day, lang=console.lang)
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
    console.say(tr("files:", lang=console.lang))
    console.show(
        [(console.pick(*files[path.name]), str(path)) for path in paths],
        [tr("what", lang=console.lang), tr("file", lang=console.lang)],
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
