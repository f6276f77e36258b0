"""`zjk-gis demo`: the main job on the sample city, from its files to a map and a workbook."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pandas as pd

from zjk_gis.assess import deadlines, measured_targets, work_indicators
from zjk_gis.cli.analysis.assign import tell_summary
from zjk_gis.cli.analysis.gaps import show_gaps
from zjk_gis.cli.analysis.planted import ask_for_planted, known_indicators
from zjk_gis.cli.city import read_city, read_incidents
from zjk_gis.cli.options import headings_option
from zjk_gis.cli.speaking import speaking
from zjk_gis.errors import FileError
from zjk_gis.io import read_table
from zjk_gis.layers.labels import label
from zjk_gis.progress import track
from zjk_gis.reports import assignment_summary, busiest_chiefs, survey_city, write_survey
from zjk_gis.reports.dossier import ready_folder
from zjk_gis.standards import rules_table
from zjk_gis.synth import check_against_truth, check_planted, make_city, read_truth, write_city
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd

    from zjk_gis.cli.console import Console
    from zjk_gis.layers.labels import Language

__all__ = ["command"]

_SAMPLE = Path("sample_data")
_CHECK_COLUMNS = ("check", "planted", "detected", "missed", "invented", "near_misses")


@click.command("demo")
@click.option(
    "--data",
    default=_SAMPLE,
    show_default=True,
    type=click.Path(path_type=Path),
    help="A folder that `zjk-gis synth` made; a sample_data that is not there is made first.",
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
    facilities, writes layers, tables, a workbook and a map, and checks the answers against the known truth:
    every kind of fault that was planted, with near misses beside it. Leaves with 1 if they do not agree.
    """
    started = time.monotonic()
    _ready_sample(data, console)
    ready_folder(output)
    truth, answers = read_truth(data)
    console.say(tr("reading {data} ...", data=data))
    city = read_city(data / "city.gpkg", console)
    incidents = read_incidents(data / "incidents.csv", console, roads=city.get("roads"), fix=True)
    results = survey_city(
        city,
        incidents,
        at=truth["as_of"],
        steps=lambda names: track(names, title=tr("analysing"), total=len(names)),
    )

    summary = assignment_summary(results["assigned"])
    chiefs = busiest_chiefs(results["assigned"], top=10)
    console.say()
    tell_summary(summary, console)
    console.say()
    show_gaps(results["gaps"], results["overlaps"], 10, console)
    console.say()
    _tell_chiefs(chiefs, console)
    console.say()
    _tell_lots(city["parking_lots"], results["parking_gaps"], console)
    rules = read_table(data / "deadlines.csv")
    planted = ask_for_planted(
        city,
        truth,
        incidents,
        rules,
        steps=lambda names: track(names, title=tr("analysing"), total=len(names)),
    )
    clocks = {
        "deadlines": deadlines(incidents, rules, as_of=truth["as_of"]),
        "indicators": known_indicators(incidents, rules, truth),
        "targets": measured_targets(city, as_of=truth["as_of"]),
        "works": work_indicators(city["projects"], by="department", as_of=truth["as_of"]).rename(
            columns={"department": "area"}
        ),
    }
    checks = pd.concat(
        [
            check_against_truth(truth, answers, **results, **clocks).assign(near_misses=0),
            check_planted(truth, planted),
        ],
        ignore_index=True,
    )
    _tell_checks(checks, console)
    made = write_survey(
        results,
        output,
        city=city,
        at=truth["as_of"],
        title=tr("Zhangjiakou city management (synthetic data)"),
        headings=headings,
        lang=console.lang,
    )
    for remark in made.remarks:
        console.note(remark)
    console.say()
    console.list_files(made.files)
    seconds = time.monotonic() - started
    console.say(tr("took {seconds:.0f} s", seconds=seconds))
    console.result(
        summary
        | {"checks": checks.to_dict("records"), "files": [str(path) for path in made.files]}
        | {name: len(rows) for name, rows in results.items() if name != "assigned"}
    )
    if not checks["ok"].all():
        click.get_current_context().exit(1)


def _ready_sample(data: Path, console: Console) -> None:
    """Make the sample where nobody named another folder and there is none yet; nothing is overwritten."""
    if data == _SAMPLE and not data.exists():
        console.say(tr("{data} is not here: making the sample city, once ...", data=data))
        write_city(make_city(), data)
    if not (data / "city.gpkg").is_file():
        raise FileError(tr("{data}: no city.gpkg here; first: zjk-gis synth {data}", data=data))


def _tell_chiefs(chiefs: pd.DataFrame, console: Console) -> None:
    console.say(tr("busiest road chiefs"))
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


def _tell_lots(lots: gpd.GeoDataFrame, gaps: gpd.GeoDataFrame, console: Console) -> None:
    """Say which lots count for the reach of parking."""
    private = len(gaps.attrs["lots_not_public"])
    console.say(
        tr(
            "reach of parking: only lots open to the public count, {public:,} of {all:,}; "
            "{private:,} are for own use",
            public=len(lots) - private,
            all=len(lots),
            private=private,
        )
    )


def _tell_checks(checks: pd.DataFrame, console: Console) -> None:
    """Say how the answers compare with what is known to be true of the sample."""
    agree = bool(checks["ok"].all())
    titles = rules_table("checks").set_index("check")[f"title_{console.lang}"].to_dict()
    console.say()
    console.say(tr("compared with the known truth"))
    console.show(
        [
            (
                "✓" if row["ok"] else "✗",
                titles.get(row["check"]) or label(row["check"], console.lang),
                *(int(row[name]) for name in ("planted", "found", "missed", "invented")),
                int(row["near_misses"]) or "",
            )
            for row in checks.to_dict("records")
        ],
        ["", *(label(name, console.lang) for name in _CHECK_COLUMNS)],
    )
    console.say(
        tr(
            "near misses keep a rule by a little: one that is reported counts as invented; "
            "clearances are judged at the pipes of the survey plots alone"
        )
    )
    console.say(
        tr("all agree: every planted fault was found, and no other")
        if agree
        else tr("they disagree: see ✗ above")
    )
