"""`zjk-gis assign`: who answers for each incident of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zjk_gis._optional import need
from zjk_gis.assign.plan import AssignmentPlan
from zjk_gis.batch.cluster.folder_job import is_folder_job
from zjk_gis.batch.cluster.on_dask import assign_on_dask
from zjk_gis.batch.job import assign_batch
from zjk_gis.cli.city import (
    datum_option,
    even_if_off_option,
    held_by,
    place_options,
    tell_lacking,
    tell_positions,
    tell_report,
)
from zjk_gis.cli.invalid_rows import mend
from zjk_gis.cli.options import CITY, LEVEL, ONLY, PLACE, WORDS, current_city, headings_option
from zjk_gis.cli.speaking import repair_option, speaking
from zjk_gis.cli.times import reading_times
from zjk_gis.errors import FileError, InputError
from zjk_gis.index.policy import Policy
from zjk_gis.index.steering import steering_words
from zjk_gis.io import check_writable
from zjk_gis.layers.labels import label
from zjk_gis.maps.ready.incidents import counted
from zjk_gis.read_report import report_of
from zjk_gis.reports import write_assignment_report
from zjk_gis.reports.indicators import counts_by_outcome, job_summary
from zjk_gis.reports.report import check_report_path
from zjk_gis.words import listed, tr
from zjk_gis.workspace.city import answering_layers
from zjk_gis.workspace.city_file.reading import read_file, source_of

if TYPE_CHECKING:
    import geopandas as gpd

    from zjk_gis.batch.outcome import JobSummary
    from zjk_gis.cli.console import Console

__all__ = ["command", "tell_summary"]


@click.command("assign")
@click.argument("incidents", type=PLACE)
@click.argument("zones", type=CITY, required=False)
@click.option(
    "--city", type=CITY, help="A city file that says how INCIDENTS are read; by default ZONES, if it is one."
)
@click.option("-o", "--output", required=True, type=PLACE, help="The file or folder to write.")
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
@click.option("--only", type=ONLY, multiple=True, help="Rows to take from Parquet: month=2026-05,2026-06.")
@click.option("--covering", is_flag=True, help="Put a bbox column beside points in GeoParquet.")
@click.option(
    "--engine",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="Where the work is done: here, or on a dask cluster, from folder to folder.",
)
@click.option("--scheduler", help="The address of dask's scheduler, such as tcp://10.0.0.5:8786.")
@repair_option
@speaking
def command(
    incidents: Path | str,
    zones: Path | str | None,
    city: Path | str | None,
    output: Path | str,
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
    only: tuple[tuple[str, tuple[str, ...]], ...],
    covering: bool,
    engine: str,
    scheduler: str | None,
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

    Where INCIDENTS is a file of a source of the city file (city.toml), it is read as `zjk-gis refresh` reads
    it, all of it in memory: with the sheet, encoding, columns, values, system and datum that the file names.
    An option of the call comes first.

    A folder of .parquet parts becomes a folder of parts where OUTPUT has no ending; both may be addresses
    (s3://, hdfs://), and with --engine dask the workers of a cluster do it. Records of all parts are in
    OUTPUT/_ledger, and rows that were set aside in OUTPUT/_rejects.
    """
    zones = city if zones is None else zones
    if zones is None:
        raise InputError(tr("name the ZONES, or a city file with --city"))
    in_parts = engine == "dask" or is_folder_job(incidents, output)
    _check_output((incidents, *held_by(zones)), output, report, in_parts=in_parts)
    how: dict[str, Any] = {"crs": crs, "lon": lon, "lat": lat, "datum": datum}
    how = (_axes_as_sent(incidents) if in_parts else {}) | {
        name: each for name, each in how.items() if each is not None
    }
    points = None if in_parts else _read_as_sent(incidents, how | times)
    if points is not None:
        options["time"] = report_of(points).renamed.get(options["time"], options["time"])
    layers = _read_answering_layers(zones, layer, code, console)
    asked: dict[str, Any] = {
        "grids": layers.get("unit_grids"),
        "sections": layers.get("road_sections"),
        "code": code,
        "policy": Policy(priority_order=priority_order or ()),
        **options,
    }
    reading: dict[str, Any] = {"even_if_off": even_if_off, "only": dict(only), "covering": covering}
    reading |= {**how, **times}
    shown: dict[str, Any] = {"progress": False if console.as_json else None, "lang": console.lang}
    if engine == "dask":
        if fix_positions:
            raise InputError(tr("fix_positions: all rows are held in memory for it; write to one file"))
        done = _on_dask(incidents, layers["zones"], output, scheduler, asked, reading | shown)
    else:
        done = assign_batch(
            incidents,
            layers["zones"],
            output,
            points=points,
            roads=layers.get("roads"),
            fix_positions=fix_positions,
            **asked,
            **reading,
            **shown,
        )
    for remark in done.remarks:
        console.note(remark)
    if done.lacking:
        tell_lacking(done.lacking, console)
    tell_positions(done.positions, done.fixed if fix_positions else None, console)
    summary = job_summary(done)
    tell_summary(summary, console, done.layer)
    for line in steering_words(done.about, console.lang):
        console.say(line)
    console.say(tr("result: {output}", output=output))
    _tell_what_is_aside(done, console)
    if report is not None:
        remarks = write_assignment_report(
            done,
            report,
            layers=layers,
            source=Path(incidents).name,
            as_of=options.get("at"),
            lang=console.lang,
            **(how if points is None else {}),
        )
        for remark in remarks:
            console.note(remark)
        console.say(tr("report: {report}", report=report))
        summary["report"] = str(report)
    console.result(summary)


def _axes_as_sent(incidents: Path | str) -> dict[str, Any]:
    """Return where the positions of a file are by the city file: workers read it by themselves."""
    city = current_city()
    source = source_of(city, incidents, "incidents") if city and isinstance(incidents, Path) else None
    if source is None:
        return {}
    axes = {name: source.columns[name] for name in ("lon", "lat") if name in source.columns}
    more = {"crs": source.crs, "datum": source.datum}
    return axes | {name: each for name, each in more.items() if each}


def _read_as_sent(incidents: Path | str, said: dict[str, Any]) -> gpd.GeoDataFrame | None:
    """Read a file of one of the city's sources as the city file says; None for any other file."""
    city = current_city()
    if city is None or not isinstance(incidents, Path):
        return None
    source = source_of(city, incidents, "incidents", or_only=True)
    return None if source is None else read_file(city, source, incidents, **said)


def _check_output(
    made_from: tuple[Path | str, ...], output: Path | str, report: Path | None, *, in_parts: bool
) -> None:
    """Refuse what could not be written, before the work."""
    if in_parts:
        if report is not None:
            raise InputError(tr("--report: is made of one file; leave it out where OUTPUT is a folder"))
        return
    check_writable(output)
    paths = [path for path in made_from if isinstance(path, Path)]
    if report is not None:
        check_report_path(report, (*paths, Path(output)))
    if Path(output).resolve() in [path.resolve() for path in paths]:
        raise FileError(
            tr("{output}: would overwrite what it is made from; name another file", output=output)
        )


def _on_dask(
    incidents: Path | str,
    zones: gpd.GeoDataFrame,
    output: Path | str,
    scheduler: str | None,
    asked: dict[str, Any],
    reading: dict[str, Any],
) -> JobSummary:
    """Have the workers of a cluster do it."""
    if scheduler is None:
        raise InputError(tr("--engine dask needs --scheduler, such as tcp://10.0.0.5:8786"))
    distributed = need("distributed", extra="cluster", purpose="work on a cluster")
    reading |= {"time": asked.pop("time"), "headings": asked.pop("headings")}
    plan = AssignmentPlan.prepare(zones, tz=reading.pop("tz"), **asked)
    try:
        client = distributed.Client(scheduler)
    except (OSError, ValueError) as error:
        raise FileError(
            tr("{scheduler}: no scheduler of dask answers there ({why})", scheduler=scheduler, why=error)
        ) from error
    with client:
        return assign_on_dask(incidents, plan, output, client=client, **reading)


def _tell_what_is_aside(done: JobSummary, console: Console) -> None:
    """Say which rows did not go out and why, and what was no row at all."""
    if done.rejects:
        reasons = [f"{label(why, console.lang)} {count:,}" for why, count in done.reject_reasons.items()]
        console.say(
            tr(
                "{count:,} rows set aside ({reasons}): {path}",
                count=done.rejects,
                reasons=listed(reasons),
                path=done.rejects_path,
            )
        )
    if done.left_out:
        kinds = [f"{label(f'left_{why}', console.lang)} {count:,}" for why, count in done.left_out.items()]
        console.say(tr("lines that are not rows: {kinds}", kinds=listed(kinds)))


def tell_summary(summary: dict[str, Any], console: Console, layer: str = "incidents") -> None:
    """Print how many rows were assigned how, and call them what the catalogue of layers does."""
    count = int(summary["incidents"])
    console.say(counted(layer, count, console.lang))
    rows = [
        (label(outcome, console.lang), number, f"{number / max(count, 1):.1%}")
        for outcome, number in counts_by_outcome(summary).items()
    ]
    console.show(rows, [label("found", console.lang), tr("count"), label("share", console.lang)])
    console.say(tr("  to be looked at by a person: {count:,}", count=summary["ambiguous"]))


def _read_answering_layers(
    city: Path | str, layer: str | None, code: str | None, console: Console
) -> dict[str, gpd.GeoDataFrame]:
    layers = answering_layers(city, layer, code=code)
    tell_report(layers["zones"], console)
    return {name: mend(each, name, console) for name, each in layers.items()}
