"""`zjk-gis audit`: the three promises, and where they do not hold."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zjk_gis.assign import assign_incidents
from zjk_gis.cli.assign import put_right
from zjk_gis.cli.city import read_city, tell_report
from zjk_gis.cli.console import speaking
from zjk_gis.cli.gaps import show_gaps
from zjk_gis.coverage.audit import responsibility_audit
from zjk_gis.errors import FileError, InputError
from zjk_gis.io import read_layer, read_table, write_layer
from zjk_gis.layers.labels import label
from zjk_gis.maps import city_map, save_offline
from zjk_gis.reports import write_page, write_workbook

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import pandas as pd

    from zjk_gis.cli.console import Console
    from zjk_gis.coverage.audit import ResponsibilityAudit

__all__ = ["command"]

_NEEDED = ("built_up_areas", "responsibility_zones")
_LISTED = ("edge_code", "road_name", "from_m", "to_m", "side", "answer", "codes")
_OF_CHIEFS = ("chief_code", "area_m2", "road_m", "incidents", "open", "to_median", "standing")


@click.command("audit")
@click.argument("city", type=click.Path(path_type=Path))
@click.option("--incidents", type=click.Path(path_type=Path), help="Incidents, to see who has how many.")
@click.option(
    "--duties", type=click.Path(path_type=Path), help="A table: event_code, department, place_code."
)
@click.option("--at", help="The day that is judged; by default today.")
@click.option("--level", type=int, help="Which level of zones is judged; by default the finest.")
@click.option("--fix-positions", is_flag=True, help="Put swapped axes and GCJ-02 right, and say which.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="A folder for layers, workbook and map."
)
@click.option("--most", default=10, show_default=True, help="How many of the worst are printed.")
@speaking
def command(
    city: Path,
    incidents: Path | None,
    duties: Path | None,
    at: str | None,
    level: int | None,
    fix_positions: bool,
    output: Path | None,
    most: int,
    console: Console,
) -> None:
    """Prove or refute that every road, every matter and everyone is taken care of 责任审计.

    CITY is a GeoPackage with built_up_areas and responsibility_zones, and perhaps rivers (which need no
    zone), roads, road_sections and streets. With -o the findings go to audit.gpkg, audit.xlsx and audit.html
    in that folder, and report.html tells it all on one page, which can be printed.
    """
    if output is not None:
        _make_folder(output)
    layers = read_city(city, console)
    missing = [name for name in _NEEDED if name not in layers]
    if missing:
        message = f"{city}: has no layer {missing[0]}; an audit needs {' and '.join(_NEEDED)}"
        raise InputError(message)
    day = at or dt.date.today().isoformat()
    zones, roads, sections = (layers.get(n) for n in ("responsibility_zones", "roads", "road_sections"))
    assigned = None
    if incidents is not None:
        points = read_layer(incidents, spec="incidents")
        tell_report(points, console)
        points = put_right(points, roads, console, change=fix_positions)
        assigned = assign_incidents(points, zones, level=level, sections=sections)
    streets = layers.get("streets")
    audit = responsibility_audit(
        layers["built_up_areas"],
        layers["responsibility_zones"],
        roads=roads,
        sections=sections,
        assigned=assigned,
        duties=None if duties is None else read_table(duties),
        places=None if streets is None else sorted(streets["street_code"].astype(str)),
        allowed=layers.get("rivers"),
        at=day,
        level=level,
    )
    _show(audit, most, console)
    files = [] if output is None else _write(audit, layers, assigned, output, day, console)
    figures = audit.figures.astype(object).where(audit.figures.notna(), None)
    console.result(
        {"at": day, "figures": figures.to_dict("records"), "files": [str(path) for path, _, _ in files]}
    )


def _show(audit: ResponsibilityAudit, most: int, console: Console) -> None:
    """Print the promises, and the worst of each."""
    lang = console.lang
    for promise, rows in audit.figures.groupby("promise", sort=False):
        console.say(label(str(promise), lang), label(str(promise), lang))
        console.show(
            [
                (
                    label(row["measure"], lang),
                    _amount(row["value"], row["unit"]),
                    _amount(row["whole"], row["unit"]),
                    f"{row['share']:.2%}" if row["whole"] > 0 else console.pick("无数据", "no data"),
                )
                for row in rows.to_dict("records")
            ],
            [label(name, lang) for name in ("measure", "value", "whole", "share")],
        )
    show_gaps(audit.gaps, audit.overlaps, most, console)
    if audit.stretches is not None:
        worst = _unanswered(audit.stretches)
        console.say(
            f"无人或多方负责的道路 {len(worst):,} 段", f"{len(worst):,} stretches with nobody or several"
        )
        _show_rows(worst.nlargest(most, "length_m"), _LISTED, console)
    if len(audit.chiefs):
        console.say("任务最重的路长", "chiefs with the most to do")
        _show_rows(audit.chiefs.head(most), _OF_CHIEFS, console)


def _show_rows(rows: pd.DataFrame, columns: tuple[str, ...], console: Console) -> None:
    shown = [name for name in columns if name in rows]
    console.show(
        [
            tuple(label(cell, console.lang) if isinstance(cell, str) else float(cell) for cell in row)
            for row in rows[shown].itertuples(index=False)
        ],
        [label(name, console.lang, unit=True) for name in shown],
    )


def _amount(value: float, unit: str) -> str:
    text = f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.3f}"
    return f"{text} {unit}".rstrip()


def _unanswered(stretches: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    worst: gpd.GeoDataFrame = stretches[stretches["answer"] != "one"]
    return worst


def _write(
    audit: ResponsibilityAudit,
    layers: Mapping[str, gpd.GeoDataFrame],
    assigned: gpd.GeoDataFrame | None,
    folder: Path,
    day: str,
    console: Console,
) -> list[tuple[Path, str, str]]:
    """Write the findings as layers, as a workbook and as a map."""
    found = {"gaps": audit.gaps, "overlaps": audit.overlaps}
    if audit.stretches is not None:
        found["unanswered_roads"] = _unanswered(audit.stretches)
    tables: dict[str, pd.DataFrame] = {"figures": audit.figures, **found, "chiefs": audit.chiefs}
    if audit.matters is not None:
        tables["matters"] = audit.matters
    files = [
        (folder / "audit.gpkg", "问题图层(QGIS)", "findings as layers (QGIS)"),
        (folder / "audit.xlsx", "工作簿(一问一表)", "workbook (one sheet a question)"),
        (folder / "audit.html", "地图(浏览器打开,无需网络)", "map (open in a browser, no network needed)"),
        (folder / "report.html", "报告(一页,可打印)", "report (one page, prints)"),
    ]
    layers_file, workbook, page, report = (path for path, _, _ in files)
    layers_file.unlink(missing_ok=True)
    for name, rows in (
        found | ({"stretches": audit.stretches} if audit.stretches is not None else {})
    ).items():
        write_layer(rows, layers_file, layer=name)
    title = console.pick(f"责任审计({day})", f"Audit of responsibility ({day})")
    shares = audit.figures.dropna(subset="share")
    promises: dict[str, dict[str, str]] = {}
    for row in shares[shares["measure"] != "load_gini"].to_dict("records"):
        promise = promises.setdefault(label(row["promise"], console.lang), {})
        promise[label(row["measure"], console.lang)] = f"{row['share']:.2%}"
    write_workbook(workbook, tables, summary=promises, title=title, lang=console.lang)
    results = found if assigned is None else {**found, "assigned": assigned}
    drawn = city_map(layers, results=results, title=title, lang=console.lang)
    save_offline(drawn, page)
    load = "incidents" if "incidents" in audit.chiefs else "area_m2"
    charts = [("gaps", "gap_code", "area_m2"), ("overlaps", "overlap_code", "area_m2")]
    charts += [("chiefs", "chief_code", load)] if len(audit.chiefs) else []
    write_page(
        report,
        {name: rows for name, rows in tables.items() if len(rows.columns)},
        summary=promises,
        charts=charts,
        page_map=drawn,
        title=title,
        lang=console.lang,
    )
    console.say("结果文件:", "files:")
    console.show(
        [(console.pick(zh, en), str(path)) for path, zh, en in files],
        [console.pick("内容", "what"), console.pick("文件", "file")],
    )
    return files


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{folder}: cannot be made a folder ({error.strerror}); name another"
        raise FileError(message) from error
