"""`zjk-gis assign`: who answers for each incident of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zjk_gis.batch.job import assign_batch
from zjk_gis.cli.city import datum_option, even_if_off_option, place_options, tell_report
from zjk_gis.cli.invalid_rows import mend
from zjk_gis.cli.options import CITY, LEVEL, WORDS, headings_option
from zjk_gis.cli.pictures.report import MOST_REPORTED, check_report_path, report_assignment
from zjk_gis.cli.speaking import repair_option, speaking
from zjk_gis.cli.times import reading_times
from zjk_gis.coordinates.positions import review_positions
from zjk_gis.errors import FileError
from zjk_gis.index.policy import Policy
from zjk_gis.index.steering import steering_words
from zjk_gis.io import check_writable, read_layer
from zjk_gis.layers.labels import label
from zjk_gis.words import tr
from zjk_gis.workspace.city import answering_layers

if TYPE_CHECKING:
    import geopandas as gpd

    from zjk_gis.batch.outcome import JobSummary
    from zjk_gis.cli.console import Console

__all__ = ["command", "counts_by_outcome", "put_right", "tell_summary"]

_LOOKED_AT = 20_000  # positions, to judge the datum of a file that may be of any length


@click.command("assign")
@click.argument("incidents", type=click.Path(path_type=Path))
@click.argument("zones", type=CITY)
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The file to write.")
@click.option("--layer", help="The layer of ZONES that answers; by default its responsibility zones.")
@click.option("--code", help="The column of codes; by default zone_code, grid_code or section_code.")
@click.option(
    "--level", type=LEVEL, help="Which level answers: a number, word or any; by default the finest."
)
@click.option("--priority-order", type=WORDS, help="Words for priorities, the highest first: 高,中,低.")
@click.option("--time", default="occurred_at", show_default=True, help="The column of times.")
@click.option("--at", help="Judge all incidents by the zones of this day, such as 2025-12-31.")
@click.option("--border-within-m", default=0.5, show_default=True, help="How near to a border is on it.")
@click.option("--nearest-within-m", default=50.0, show_default=True, help="How far the fallback reaches.")
@place_options
@click.option("--fix-positions", is_flag=True, help="Fix swapped axes and GCJ-02, and say which.")
@datum_option
@even_if_off_option
@reading_times
@headings_option
@click.option("--report", type=click.Path(path_type=Path), help="A report of it: .html (prints) or .xlsx.")
@repair_option
@speaking
def command(
    incidents: Path,
    zones: Path | str,
    output: Path,
    layer: str | None,
    code: str | None,
    lon: str | None,
    lat: str | None,
    crs: str | None,
    fix_positions: bool,
    datum: str | None,
    even_if_off: bool,
    times: dict[str, Any],
    report: Path | None,
    priority_order: tuple[str, ...] | None,
    console: Console,
    **options: Any,
) -> None:
    """Assign each incident to the zone that answers for it.

    INCIDENTS is a .csv (also .csv.gz, .csv.zst), .parquet, .gpkg, .shp, .xlsx or .geojson file, or a folder
    of .csv or .parquet parts; ZONES is a file of zones. Where ZONES is a city in one GeoPackage, its unit
    grids and road sections answer too. Rows without usable coordinates go to OUTPUT.rejects.csv, with their
    row number and the reason; no row is lost.

    From .csv, .parquet, .gpkg and .shp to .csv, .parquet and .gpkg any number of rows passes in little
    memory, and a command that was stopped goes on where it was when it is given again.
    """
    made_from = (incidents, *([zones] if isinstance(zones, Path) else []))
    check_writable(output)
    if report is not None:
        check_report_path(report, (*made_from, output))
    if output.resolve() in [path.resolve() for path in made_from]:
        raise FileError(
            tr("{output}: would overwrite what it is made from; name another file", output=output)
        )
    how: dict[str, Any] = {"crs": crs, "lon": lon, "lat": lat}
    layers = _read_answering_layers(zones, layer, code, console)
    done = assign_batch(
        incidents,
        layers["zones"],
        output,
        grids=layers.get("unit_grids"),
        sections=layers.get("road_sections"),
        roads=layers.get("roads"),
        fix_positions=fix_positions,
        datum=datum,
        even_if_off=even_if_off,
        code=code,
        policy=Policy(priority_order=priority_order or ()),
        progress=False if console.as_json else None,
        lang=console.lang,
        **how,
        **times,
        **options,
    )
    for remark in done.remarks:
        console.note(remark)
    if done.lacking:
        tell_lacking(done.lacking, console)
    tell_positions(done.positions, done.fixed if fix_positions else None, console, done.layer)
    summary = _summary_of(done)
    tell_summary(summary, console, done.layer)
    for line in steering_words(done.about, console.lang):
        console.say(line)
    console.say(tr("result: {output}", output=output))
    _tell_what_is_aside(done, console)
    if report is not None:
        assigned = None
        if summary["incidents"] <= MOST_REPORTED:
            assigned = read_layer(output, spec="incidents", **how)
        report_assignment(report, summary, assigned, layers, incidents.name, console, done.layer)
        summary["report"] = str(report)
    console.result(summary)


def _tell_what_is_aside(done: JobSummary, console: Console) -> None:
    """Say which rows did not go out and why, and what was no row at all."""
    if done.rejects:
        reasons = [f"{label(why, console.lang)} {count:,}" for why, count in done.reject_reasons.items()]
        console.say(
            console.pick(
                f"{done.rejects:,} 行未采用({'、'.join(reasons)}),见 {done.rejects_path}",
                f"{done.rejects:,} rows set aside ({', '.join(reasons)}): {done.rejects_path}",
            ),
        )
    if done.left_out:
        kinds = [f"{label(f'left_{why}', console.lang)} {count:,}" for why, count in done.left_out.items()]
        console.say(
            console.pick(f"不计入的行:{'、'.join(kinds)}", f"lines that are not rows: {', '.join(kinds)}")
        )


def counts_by_outcome(summary: dict[str, Any]) -> dict[str, int]:
    """Count the incidents by how they were found, and the rejected ones, so that all add up."""
    return {**summary["found"], "rejected": summary["rejected"]}


def tell_summary(summary: dict[str, Any], console: Console, layer: str = "incidents") -> None:
    """Print how many rows were assigned how, and call them what the catalogue of layers does."""
    count = int(summary["incidents"])
    total, unit = max(count, 1), _unit(layer, console)
    if layer:
        name = label(layer, console.lang)
        console.say(console.pick(f"{name} {count:,} {unit}", f"{count:,} {name}"))
    else:
        console.say(tr("{count:,} {unit}", count=count, unit=unit))
    rows = [
        (label(outcome, console.lang), count, f"{count / total:.1%}")
        for outcome, count in counts_by_outcome(summary).items()
    ]
    console.show(
        rows, [label("found", console.lang), console.pick(f"{unit}数", "count"), label("share", console.lang)]
    )
    doubtful = summary["ambiguous"]
    console.say(
        console.pick(f"  其中需人工确认 {doubtful:,} {unit}", f"  to be looked at by a person: {doubtful:,}")
    )


def _unit(layer: str, console: Console) -> str:
    """Return what rows are counted in: incidents in 件, all else as rows."""
    if layer == "incidents":
        return tr("incidents")
    return tr("rows")


def put_right(
    points: gpd.GeoDataFrame, roads: gpd.GeoDataFrame | None, console: Console, *, change: bool = True
) -> gpd.GeoDataFrame:
    """Find positions that cannot be right as given and say so; put right what can be, if asked to."""
    found = review_positions(points, roads=roads, fix=change)
    if found.lacking:
        tell_lacking(found.lacking, console)
    tell_positions(found.problems, found.fixed if change else None, console)
    return found.points


def tell_lacking(name: str, console: Console) -> None:
    """Say for want of which column it is not judged whether positions are GCJ-02 or BD-09."""
    console.note(
        console.pick(
            f"注意:数据没有「{label(name)}」列,未判断坐标是否为 GCJ-02 或 BD-09",
            f"note: without a column {name!r} it is not judged whether positions are GCJ-02 or BD-09",
        ),
    )


def tell_positions(
    problems: dict[str, int], fixed: dict[str, int] | None, console: Console, layer: str = "incidents"
) -> None:
    """Say what is suspicious about positions, and what was fixed of it; None where nothing was to be."""
    unit = _unit(layer, console)
    for problem, count in problems.items():
        if fixed is not None:
            done = fixed.get(problem, 0)
            console.say(
                console.pick(
                    f"  坐标问题 {label(problem)}:{count:,} {unit},已改正 {done:,} {unit}",
                    f"  positions, {label(problem, 'en')}: {count:,} found, {done:,} fixed",
                ),
            )
        elif problem in ("swapped_axes", "gcj02", "bd09", "undecided_datum"):
            console.note(
                console.pick(
                    f"注意:{count:,} {unit}{label(problem)},未作改正;加 --fix-positions 可改正",
                    f"note: {count:,} {unit} have {label(problem, 'en')} and were left alone; "
                    "--fix-positions fixes them",
                ),
            )


def _summary_of(done: JobSummary) -> dict[str, Any]:
    """Return what a job did as plain numbers, counted as `assignment_summary` does."""
    return {
        "incidents": done.rows_in,
        "found": {name: done.found.get(name, 0) for name in ("inside", "border", "nearest", "none")},
        "reason": done.reason,
        "ambiguous": done.ambiguous,
        "rejected": done.rejects,
        "reject_reasons": done.reject_reasons,
        "left_out": done.left_out,
        "encoding": done.encoding,
        "steered_by": done.about["steered_by"],
        "levels": done.about["levels"],
        "output": str(done.target),
        "rejects": None if done.rejects_path is None else str(done.rejects_path),
        "seconds": round(done.seconds, 3),
        "resumed_from": done.resumed_from,
    }


def _read_answering_layers(
    city: Path | str, layer: str | None, code: str | None, console: Console
) -> dict[str, gpd.GeoDataFrame]:
    layers = answering_layers(city, layer, code=code)
    tell_report(layers["zones"], console)
    return {name: mend(each, name, console) for name, each in layers.items()}
