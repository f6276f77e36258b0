"""`zjk-gis assign`: who answers for each incident of a file."""

from __future__ import annotations

from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zjk_gis.assign import assign_incidents
from zjk_gis.assign.job import assign_batch
from zjk_gis.cli.city import read_zones, tell_report
from zjk_gis.cli.console import speaking
from zjk_gis.cli.report import MOST_REPORTED, check_report_path, report_assignment
from zjk_gis.errors import FileError, InputError
from zjk_gis.io import check_writable, list_layers, read_layer, write_layer, write_table
from zjk_gis.io.batch_targets import is_batch_target
from zjk_gis.io.batches import first_points, is_batch_source, open_source
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.labels import label
from zjk_gis.layers.naming import conform
from zjk_gis.layers.positions import check_positions, fix_positions
from zjk_gis.reports import assignment_summary

if TYPE_CHECKING:
    import geopandas as gpd

    from zjk_gis.cli.console import Console

__all__ = ["command", "counts_by_outcome", "put_right", "set_aside_rejects", "tell_summary"]

_LOOKED_AT = 20_000  # positions, to judge the datum of a file that may be of any length


@click.command("assign")
@click.argument("incidents", type=click.Path(path_type=Path))
@click.argument("zones", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Its ending says how.")
@click.option("--layer", help="The layer of ZONES that answers; by default its responsibility zones.")
@click.option("--code", help="The column of codes; by default zone_code, grid_code or section_code.")
@click.option("--level", type=int, help="Which level answers; by default the finest.")
@click.option("--time", default="occurred_at", show_default=True, help="The column of times.")
@click.option("--at", help="Judge all incidents by the zones of this day, such as 2025-12-31.")
@click.option("--border-within-m", default=0.5, show_default=True, help="How near to a border is on it.")
@click.option("--nearest-within-m", default=50.0, show_default=True, help="How far the fallback reaches.")
@click.option("--lon", help="The column of longitudes or eastings of a table.")
@click.option("--lat", help="The column of latitudes or northings of a table.")
@click.option("--crs", help="The CRS of the incidents' coordinates, such as EPSG:4490.")
@click.option("--fix-positions", is_flag=True, help="Put swapped axes and GCJ-02 right, and say which.")
@click.option("--report", type=click.Path(path_type=Path), help="A report of it: .html (prints) or .xlsx.")
@speaking
def command(
    incidents: Path,
    zones: Path,
    output: Path,
    layer: str | None,
    code: str | None,
    lon: str | None,
    lat: str | None,
    crs: str | None,
    fix_positions: bool,
    report: Path | None,
    console: Console,
    **options: Any,
) -> None:
    """Assign each incident to the zone that answers for it 案件归属.

    INCIDENTS is a .csv (also .csv.gz, .csv.zst), .parquet, .gpkg, .shp, .xlsx or .geojson file, or a folder
    of .csv or .parquet parts; ZONES is a file of zones. Where ZONES is a city in one GeoPackage, its unit
    grids and road sections answer too. Rows without usable coordinates go to OUTPUT's name with
    `.rejects.csv`, with their row number and the reason; no row is lost.

    From .csv, .parquet, .gpkg and .shp to .csv, .parquet and .gpkg any number of rows passes in little
    memory, and a command that was stopped goes on where it was when it is given again.
    """
    check_writable(output)
    if report is not None:
        check_report_path(report, (incidents, zones, output))
    if output.resolve() in (incidents.resolve(), zones.resolve()):
        message = f"{output}: would overwrite what it is made from; name another file"
        raise FileError(message)
    how: dict[str, Any] = {"crs": crs, "lon": lon, "lat": lat}
    if _in_batches(incidents, output) and not fix_positions:
        layers = _read_answering_layers(zones, layer, code, console)
        summary = _assign_file(incidents, layers, output, console, code=code, **how, **options)
        assigned = None
    else:
        points = read_layer(incidents, spec="incidents", **how)
        tell_report(points, console)
        layers = _read_answering_layers(zones, layer, code, console)
        points = put_right(points, layers.get("roads"), console, change=fix_positions)
        summary, assigned = _assign_points(points, layers, output, code=code, **options)
    tell_summary(summary, console)
    console.say(f"结果:{output}", f"result: {output}")
    if summary["rejected"]:
        console.say(
            f"{summary['rejected']:,} 行未采用,原因见 {summary['rejects']}",
            f"{summary['rejected']:,} rows rejected, with reasons: {summary['rejects']}",
        )
    if report is not None:
        if assigned is None and summary["incidents"] <= MOST_REPORTED:
            assigned = read_layer(output, spec="incidents", **how)
        report_assignment(report, summary, assigned, layers, incidents.name, console)
        summary["report"] = str(report)
    console.result(summary)


def counts_by_outcome(summary: dict[str, Any]) -> dict[str, int]:
    """Count the incidents by how they were found; the rejected ones apart, so that all add up."""
    counts = {found: int(count) for found, count in summary["found"].items()}
    counts["none"] -= int(summary["rejected"])
    return counts | {"rejected": int(summary["rejected"])}


def tell_summary(summary: dict[str, Any], console: Console) -> None:
    """Print how many incidents were assigned how."""
    total = max(summary["incidents"], 1)
    console.say(f"案件 {summary['incidents']:,} 件", f"{summary['incidents']:,} incidents")
    rows = [
        (label(outcome, console.lang), count, f"{count / total:.1%}")
        for outcome, count in counts_by_outcome(summary).items()
    ]
    console.show(
        rows, [label("found", console.lang), console.pick("件数", "count"), label("share", console.lang)]
    )
    doubtful = summary["ambiguous"] - summary["rejected"]
    console.say(f"  其中需人工确认 {doubtful:,} 件", f"  to be looked at by a person: {doubtful:,}")


def set_aside_rejects(assigned: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Split off the rows that have no usable position, numbered from 1 as a spreadsheet shows them."""
    unusable = assigned["reason"].isin(["no_position", "bad_position"]).to_numpy()
    numbered = assigned.drop(columns=assigned.geometry.name)
    numbered.insert(0, "row_number", range(1, len(assigned) + 1))
    numbered.insert(1, "why", assigned["reason"].map(label))
    rejects = numbered[unusable].dropna(axis="columns", how="all")
    return assigned[~unusable], rejects


def put_right(
    points: gpd.GeoDataFrame, roads: gpd.GeoDataFrame | None, console: Console, *, change: bool = True
) -> gpd.GeoDataFrame:
    """Find positions that cannot be right as given and say so; put right what can be, if asked to."""
    lacking = [name for name in ("source", "road_name") if name not in points]
    if roads is not None and lacking:
        console.note(
            f"注意:数据没有「{label(lacking[0])}」列,未判断坐标是否为 GCJ-02 或 BD-09",
            f"note: without a column {lacking[0]!r} it is not judged whether positions are GCJ-02 or BD-09",
        )
        roads = None
    problems = check_positions(points, roads=roads)
    counts = problems["problem"].value_counts().sort_index()
    if not change:
        for problem, count in counts[counts.index.isin(["swapped_axes", "gcj02", "bd09"])].items():
            console.note(
                f"注意:{count:,} 件{label(str(problem))},未作改正;加 --fix-positions 可改正",
                f"note: {count:,} incidents have {label(str(problem), 'en')} and were left alone; "
                "--fix-positions puts them right",
            )
        return points
    fixed = fix_positions(points, problems)
    for problem, count in counts.items():
        done = int(fixed["position_fix"].str.contains(str(problem), regex=False).sum())
        console.say(
            f"  坐标问题 {label(str(problem))}:{count:,} 件,已改正 {done:,} 件",
            f"  positions, {label(str(problem), 'en')}: {count:,} found, {done:,} put right",
        )
    return fixed


def _in_batches(incidents: Path, output: Path) -> bool:
    """Tell whether the batch job reads the one and writes the other, here where pyarrow may be missing."""
    return is_batch_source(incidents) and is_batch_target(output) and find_spec("pyarrow") is not None


def _assign_file(
    incidents: Path,
    layers: dict[str, gpd.GeoDataFrame],
    output: Path,
    console: Console,
    *,
    time: str,
    **options: Any,
) -> dict[str, Any]:
    """Assign from file to file; what looks wrong with the first positions is said before."""
    how = {name: options[name] for name in ("crs", "lon", "lat")}
    points = first_points(open_source(incidents, time=time, batch_rows=_LOOKED_AT, **how))
    if "roads" in layers:
        _tell_doubts(points, layers["roads"], console)
    done = assign_batch(
        incidents,
        layers["zones"],
        output,
        grids=layers.get("unit_grids"),
        sections=layers.get("road_sections"),
        time=time,
        progress=False if console.as_json else None,
        **options,
    )
    for remark in done.remarks:
        console.note(remark, remark)
    return {
        "incidents": done.rows_in,
        "found": {name: done.found.get(name, 0) for name in ("inside", "border", "nearest")}
        | {"none": done.found.get("none", 0) + done.rejects},
        "reason": done.reason,
        "ambiguous": done.ambiguous + done.rejects,
        "rejected": done.rejects,
        "reject_reasons": done.reject_reasons,
        "output": str(done.target),
        "rejects": None if done.rejects_path is None else str(done.rejects_path),
        "seconds": round(done.seconds, 3),
        "resumed_from": done.resumed_from,
    }


def _tell_doubts(points: gpd.GeoDataFrame, roads: gpd.GeoDataFrame, console: Console) -> None:
    """Say what looks wrong with the first positions of a file."""
    with suppress(InputError):  # columns that could be several things matter to nobody but this
        points = conform(points, spec_of("incidents"))
        put_right(points, roads, console, change=False)
        if len(points) >= _LOOKED_AT:
            console.note(
                f"坐标只查看了前 {_LOOKED_AT:,} 行", f"only the first {_LOOKED_AT:,} rows were looked at"
            )


def _assign_points(
    points: gpd.GeoDataFrame, layers: dict[str, gpd.GeoDataFrame], output: Path, **options: Any
) -> tuple[dict[str, Any], gpd.GeoDataFrame]:
    """Assign what is in memory, and write it; return the counts and all rows."""
    assigned = assign_incidents(
        points,
        layers["zones"],
        grids=layers.get("unit_grids"),
        sections=layers.get("road_sections"),
        **options,
    )
    kept, rejects = set_aside_rejects(assigned)
    if len(kept) + len(rejects) != len(points):
        message = f"{len(points)} rows came in, but {len(kept)} + {len(rejects)} would go out"
        raise InputError(message)
    written = write_layer(kept, output)
    summary: dict[str, Any] = assignment_summary(assigned)
    summary |= {"output": str(written), "rejects": None}
    rejects_path = output.with_name(f"{output.stem}.rejects.csv")
    if len(rejects):
        write_table(rejects, rejects_path)
        summary["rejects"] = str(rejects_path)
    elif rejects_path.exists():
        rejects_path.unlink()  # of an earlier run: it would be taken for this one's
    return summary, assigned


def _read_answering_layers(
    path: Path, layer: str | None, code: str | None, console: Console
) -> dict[str, gpd.GeoDataFrame]:
    layers = {"zones": read_zones(path, layer, console)}
    if layer is None and code is None:
        for name in ("unit_grids", "road_sections", "roads"):
            if name in list_layers(path) and len(list_layers(path)) > 1:
                layers[name] = read_layer(path, layer=name, spec=name)
    return layers
