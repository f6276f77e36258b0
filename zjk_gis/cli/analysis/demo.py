"""`zjk-gis demo`: the main job on the sample city, from its files to a map and a workbook."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zjk_gis.assign.incidents import split_rejects
from zjk_gis.cli.analysis.assign import counts_by_outcome, put_right, tell_summary
from zjk_gis.cli.analysis.gaps import show_gaps
from zjk_gis.cli.city import read_city, tell_report
from zjk_gis.cli.options import headings_option
from zjk_gis.cli.pictures.prints import print_sheet
from zjk_gis.cli.speaking import speaking
from zjk_gis.errors import FileError
from zjk_gis.io import read_layer, write_layer, write_table
from zjk_gis.layers.labels import label
from zjk_gis.maps import city_map, save_offline
from zjk_gis.progress import track
from zjk_gis.reports import assignment_summary, busiest_chiefs, survey_city, write_workbook
from zjk_gis.synth import check_against_truth, read_truth
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    import pandas as pd

    from zjk_gis.cli.console import Console
    from zjk_gis.layers.labels import Language

__all__ = ["command"]


@click.command("demo")
@click.option(
    "--data",
    default="sample_data",
    show_default=True,
    type=click.Path(path_type=Path),
    help="A folder that `zjk-gis synth` made.",
)
@click.option(
    "-o",
    "--output",
    default="build/demo",
    show_default=True,
    type=click.Path(path_type=Path),
    help="A folder.",
)
@headings_option
@speaking
def command(data: Path, output: Path, headings: Language | None, console: Console) -> None:
    """Run the main job on the sample city.

    Reads the city, fixes positions, assigns every incident, looks for gaps, overlaps and neglected
    facilities, writes layers, tables, a workbook and a map, and checks the answers against the known truth.
    Leaves with 1 if they do not agree.
    """
    started = time.monotonic()
    if not (data / "city.gpkg").is_file():
        raise FileError(
            tr(
                "{data}: no city.gpkg here; run this where sample_data/ is, or first: zjk-gis synth {data}",
                data=data,
            )
        )
    output.mkdir(parents=True, exist_ok=True)
    truth, answers = read_truth(data)
    console.say(tr("reading {data} ...", data=data, lang=console.lang))
    city = read_city(data / "city.gpkg", console)
    incidents = read_layer(data / "incidents.csv", spec="incidents")
    tell_report(incidents, console)
    incidents = put_right(incidents, city.get("roads"), console)
    results = survey_city(
        city,
        incidents,
        at=truth["as_of"],
        steps=lambda names: track(names, title=tr("analysing", lang=console.lang), total=len(names)),
    )

    summary = assignment_summary(results["assigned"])
    chiefs = busiest_chiefs(results["assigned"], top=10)
    console.say()
    tell_summary(summary, console)
    console.say()
    show_gaps(results["gaps"], results["overlaps"], 10, console)
    console.say()
    _tell_chiefs(chiefs, console)
    checks = check_against_truth(truth, answers, **results)
    _tell_checks(checks, console)
    files = _write(output, city, results, summary, chiefs, truth["as_of"], headings, console)
    console.say()
    console.say(tr("files:", lang=console.lang))
    console.show(
        [(console.pick(zh, en), str(path)) for path, zh, en in files],
        [tr("what", lang=console.lang), tr("file", lang=console.lang)],
    )
    seconds = time.monotonic() - started
    console.say(tr("took {seconds:.0f} s", seconds=seconds, lang=console.lang))
    console.result(
        summary
        | {"checks": checks.to_dict("records"), "files": [str(path) for path, _, _ in files]}
        | {name: len(rows) for name, rows in results.items() if name != "assigned"}
    )
    if not checks["ok"].all():
        click.get_current_context().exit(1)


def _tell_chiefs(chiefs: pd.DataFrame, console: Console) -> None:
    console.say(tr("busiest road chiefs", lang=console.lang))
    console.show(
        [
            (
                row["chief_code"],
                row["chief_name"],
                int(row["zones"]),
                int(row["incidents"]),
                f"{row['share']:.1%}",
            )
            for row in chiefs.to_dict("records")
        ],
        [label(name, console.lang) for name in ("chief_code", "chief_name", "zones", "incidents", "share")],
    )


def _tell_checks(checks: pd.DataFrame, console: Console) -> None:
    """Say how the answers compare with what is known to be true of the sample."""
    agree = bool(checks["ok"].all())
    console.say()
    console.say(tr("held against the known truth", lang=console.lang))
    console.show(
        [
            (
                "✓" if row["ok"] else "✗",
                label(row["check"], console.lang),
                *(int(row[name]) for name in ("planted", "found", "missed", "invented")),
            )
            for row in checks.to_dict("records")
        ],
        ["", *(label(name, console.lang) for name in ("check", "planted", "detected", "missed", "invented"))],
    )
    console.say(
        console.pick(
            "全部一致:埋设的问题一个不少,也没有误报" if agree else "与真值不一致,见上表 ✗",
            "all agree: every planted fault was found, and no other"
            if agree
            else "they disagree: see ✗ above",
        ),
    )


def _write(
    output: Path,
    city: dict[str, gpd.GeoDataFrame],
    results: dict[str, gpd.GeoDataFrame],
    summary: dict[str, Any],
    chiefs: pd.DataFrame,
    day: str,
    headings: Language | None,
    console: Console,
) -> list[tuple[Path, str, str]]:
    """Write every result and return the files with what they hold."""
    kept, rejects = split_rejects(results["assigned"])
    findings = {name: rows for name, rows in results.items() if name != "assigned"}
    files = [
        (output / "map.html", "地图(浏览器打开,无需网络)", "map (open in a browser, no network needed)"),
        (output / "map.pdf", "地图(A4,可张贴)", "map (A4, to hang up)"),
        (output / "report.xlsx", "工作簿(一问一表)", "workbook (one sheet a question)"),
        (output / "assigned.gpkg", "案件归属(QGIS)", "assigned incidents (QGIS)"),
        (output / "assigned.csv", "案件归属(Excel)", "assigned incidents (Excel)"),
        (output / "assigned.csv.rejects.csv", "未采用的行及原因", "rejected rows and why"),
        (output / "findings.gpkg", "空白、重叠等问题图层", "gaps, overlaps and other findings"),
    ]
    paths = {path.name: path for path, _, _ in files}
    for name in ("assigned.gpkg", "findings.gpkg", "map.pdf"):
        paths[name].unlink(missing_ok=True)

    def write_findings() -> None:
        for name, rows in findings.items():
            write_layer(rows, paths["findings.gpkg"], layer=name)

    title = tr("Zhangjiakou city management (synthetic data)", lang=console.lang)
    drawn = city_map(city, results=results, title=title, date=day, lang=console.lang)

    def write_book() -> None:
        write_workbook(
            {"assigned": kept, **findings, "busiest_chiefs": chiefs, "rejects": rejects},
            paths["report.xlsx"],
            summary=_headlines(summary, findings, console),
            title=title,
            as_of=day,
            map_file="map.html",
            picture=print_sheet(drawn, paths["map.pdf"], day=day, console=console),
            lang=console.lang,
        )

    steps: dict[str, Callable[[], object]] = {
        "assigned.gpkg": lambda: write_layer(kept, paths["assigned.gpkg"]),
        "assigned.csv": lambda: write_layer(kept, paths["assigned.csv"], headings=headings),
        "assigned.csv.rejects.csv": lambda: write_table(
            rejects, paths["assigned.csv.rejects.csv"], headings=headings
        ),
        "findings.gpkg": write_findings,
        "map.html": lambda: save_offline(drawn, paths["map.html"]),
        "report.xlsx": write_book,
    }
    for step in track(list(steps.values()), title=tr("writing", lang=console.lang)):
        step()
    return [each for each in files if each[0].exists()]


def _headlines(
    summary: dict[str, Any], findings: dict[str, gpd.GeoDataFrame], console: Console
) -> dict[str, object]:
    """Choose the figures for the workbook's cover."""
    lang = console.lang
    figures: dict[str, object] = {label("incidents", lang): summary["incidents"]}
    figures |= {label(outcome, lang): count for outcome, count in counts_by_outcome(summary).items()}
    figures[label("ambiguous", lang)] = summary["ambiguous"]
    return figures | {label(name, lang): len(rows) for name, rows in findings.items()}
