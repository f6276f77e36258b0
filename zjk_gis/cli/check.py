"""`zjk-gis check`: whether a layer looks as it must."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zjk_gis.cli.city import tell_report
from zjk_gis.cli.console import speaking
from zjk_gis.errors import InputError
from zjk_gis.io import list_layers, read_layer, write_table
from zjk_gis.layers.catalogue import CATALOGUE, spec_of
from zjk_gis.layers.validate import validate

if TYPE_CHECKING:
    import pandas as pd

    from zjk_gis.cli.console import Console
    from zjk_gis.layers.spec import LayerSpec

__all__ = ["command"]

_SHOWN = 20


@click.command("check")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--layer", help="Which layer of the file; by default every one the catalogue knows.")
@click.option("--as", "spec_name", help=f"What it should be: {', '.join(CATALOGUE)}, or the Chinese name.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write all problems to .csv or .xlsx.")
@speaking
def command(
    path: Path, layer: str | None, spec_name: str | None, output: Path | None, console: Console
) -> None:
    """Check a layer against what it must look like 检查图层.

    Prints the problems by rule and the first of them by row. Leaves with 1 if there is an error among them.
    """
    import pandas as pd

    found = []
    for name in [layer] if layer else list_layers(path):
        spec = _spec(path, name, spec_name, len(list_layers(path)) > 1)
        if spec is None:
            continue
        frame = read_layer(path, layer=name, spec=spec)
        tell_report(frame, console)
        problems = validate(frame, spec)
        found.append(problems.assign(layer=name))
        console.say(
            f"{spec.title} {name}:{len(frame):,} 行,{len(problems):,} 个问题",
            f"{spec.name} {name}: {len(frame):,} rows, {len(problems):,} problems",
        )
        for rule, count in problems["rule"].value_counts().sort_index().items():
            console.say(f"    {rule}: {count:,}", f"    {rule}: {count:,}")
    if not found:
        message = f"{path}: no layer of a name that the catalogue knows; say what it is with --as"
        raise InputError(message)
    problems = pd.concat(found, ignore_index=True)
    _print(problems, console)
    if output is not None:
        write_table(problems, output)
        console.say(f"全部问题已写入 {output}", f"all problems written to {output}")
    errors = int((problems["severity"] == "error").sum())
    console.result(
        {"problems": len(problems), "errors": errors, "rows": problems.astype(str).to_dict("records")}
    )
    if errors:
        click.get_current_context().exit(1)


def _spec(path: Path, name: str, spec_name: str | None, several: bool) -> LayerSpec | None:
    if spec_name is not None:
        return spec_of(spec_name)
    known = next((s for s in CATALOGUE.values() if name in (s.name, s.title)), None)
    if known is None and not several:
        message = f"{path}: what should {name!r} be? Say so with --as, for instance --as unit_grids"
        raise InputError(message)
    return known


def _print(problems: pd.DataFrame, console: Console) -> None:
    for problem in problems.head(_SHOWN).itertuples(index=False):
        line = f"  {problem.layer} [{problem.row}] {problem.field}: {problem.message}"
        console.say(line, line)
    rest = len(problems) - _SHOWN
    if rest > 0:
        console.say(f"  ……另有 {rest:,} 个", f"  ... and {rest:,} more")
