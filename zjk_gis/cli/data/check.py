"""`zjk-gis check`: whether layers look as they must."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import geopandas as gpd

from zjk_gis.cli.city import datum_option, tell_report
from zjk_gis.cli.speaking import speaking
from zjk_gis.errors import InputError
from zjk_gis.io import check_writable, list_layers, read_folder, read_layer, write_problems
from zjk_gis.layers.catalogue import CATALOGUE, spec_of
from zjk_gis.layers.checks.validate import validate
from zjk_gis.layers.labels import label
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console
    from zjk_gis.layers.checks.problems import ValidationReport
    from zjk_gis.layers.spec import LayerSpec

__all__ = ["command"]

_SHOWN = 20


@click.command("check")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--layer", help="Which layer of the file; by default every one the catalogue knows.")
@click.option("--as", "spec_name", help="What it should be, such as unit_grids or 单元网格.")
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    help="A GeoPackage with layers to check codes against: communities, streets, districts, manholes.",
)
@click.option(
    "--tables",
    type=click.Path(path_type=Path),
    help="A folder with your own rows of the tables, such as streets.csv or checks.csv.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write all problems to .xlsx, .csv or .gpkg."
)
@datum_option
@speaking
def command(
    path: Path,
    layer: str | None,
    spec_name: str | None,
    against: Path | None,
    tables: Path | None,
    output: Path | None,
    datum: str | None,
    console: Console,
) -> None:
    """Check a layer, or all in a GeoPackage or folder, against what they must look like.

    Layers of one file or folder are checked against each other too: grids against communities, pipes against
    manholes. Prints the problems by rule and the first of them by row. Leaves with 1 if there is an error
    among them.
    """
    if output is not None:
        check_writable(output)
    frames = _frames(path, layer, spec_name, datum, console)
    if not frames:
        raise InputError(
            tr("{path}: no layer of a name that the catalogue knows; say what it is with --as", path=path)
        )
    others = {spec.name: frame for spec, frame in frames.values()}
    if against is not None:
        others |= {spec.name: frame for spec, frame in _frames(against, None, None, None, console).values()}
    reports = {}
    for name, (spec, frame) in frames.items():
        reports[name] = validate(frame, spec, layers=others, tables=tables, lang=console.lang)
        _print(name, reports[name], console)
    if output is not None:
        written = write_problems(reports, output)
        console.say(tr("all problems written to {written}", written=written))
    errors = sum(report.errors for report in reports.values())
    console.result(
        {
            "problems": sum(len(report.problems) for report in reports.values()),
            "errors": errors,
            "layers": {name: _values(report) for name, report in reports.items()},
        }
    )
    if errors:
        click.get_current_context().exit(1)


def _frames(
    path: Path, layer: str | None, spec_name: str | None, datum: str | None, console: Console
) -> dict[str, tuple[LayerSpec, gpd.GeoDataFrame]]:
    """Read the layers to be checked: those named, or all whose kind is known."""
    folder = path.is_dir() and path.suffix.lower() != ".gdb"
    if (folder or path.suffix.lower() == ".zip") and layer is None and spec_name is None:
        return _of_folder(path, datum, console)
    found = {}
    names = list_layers(path)
    for name in [layer] if layer else names:
        spec = _spec(path, name, spec_name, len(names) > 1)
        if spec is not None:
            frame = read_layer(path, layer=name, datum=datum, spec=spec)
            tell_report(frame, console)
            found[name] = (spec, frame)
    return found


def _of_folder(
    path: Path, datum: str | None, console: Console
) -> dict[str, tuple[LayerSpec, gpd.GeoDataFrame]]:
    reading = read_folder(path, datum=datum)
    found = {}
    for file, key, spec_name, error in reading.report[["file", "key", "spec", "error"]].to_numpy().tolist():
        if error:
            console.note(tr("{file}: not read: {error}", file=file, error=error))
        elif not spec_name:
            console.note(tr("{key}: what it is is not known; not checked", key=key))
        else:
            frame = reading[key]
            tell_report(frame, console)
            found[key] = (spec_of(spec_name), gpd.GeoDataFrame(frame))
    return found


def _spec(path: Path, name: str, spec_name: str | None, several: bool) -> LayerSpec | None:
    if spec_name is not None:
        return spec_of(spec_name)
    known = next((s for s in CATALOGUE.values() if name in (s.name, s.title)), None)
    if known is None and not several:
        raise InputError(
            tr(
                "{path}: what should {name!r} be? Say so with --as, for instance --as unit_grids",
                path=path,
                name=name,
            )
        )
    return known


def _print(name: str, report: ValidationReport, console: Console) -> None:
    spec = report.spec
    console.say(
        tr(
            "{kind} {name}: {rows:,} rows, {problems:,} problems, {clean:,} rows clean",
            kind=spec.title if console.lang == "zh" else spec.name,
            name=name,
            rows=report.rows,
            problems=len(report.problems),
            clean=int(report.clean.sum()),
        )
    )
    for count in report.counts.itertuples(index=False):
        what = f"{label(str(count.severity), console.lang)} {count.rule} {count.title}"
        console.say(tr("    {rule}: {count:,}", rule=what, count=count.problems))
    for problem in report.problems.head(_SHOWN).itertuples(index=False):
        value = f" {problem.value!r}" if problem.value else ""
        where = f"[{problem.row}] {problem.field}{value}"
        console.say(tr("  {where}: {why}", where=where, why=problem.message))
    rest = len(report.problems) - _SHOWN
    if rest > 0:
        console.say(tr("  ... and {rest:,} more", rest=rest))
    for each in report.not_checked:
        console.note(tr("    not checked: {each}", each=each))


def _values(report: ValidationReport) -> dict[str, object]:
    problems = report.problems.drop(columns="geometry").astype(object)
    rows = problems.where(problems.notna(), None).to_dict("records")
    return {
        "spec": report.spec.name,
        "rows": report.rows,
        "clean": int(report.clean.sum()),
        "not_checked": list(report.not_checked),
        "problems": rows,
    }
