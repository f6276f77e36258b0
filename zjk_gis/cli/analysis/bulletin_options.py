"""What a bulletin is asked for on the command line, and how it is made: for `assess` and for `rows`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zjk_gis.assess import mark_repeats
from zjk_gis.assess.measured import MEASURED_LAYERS
from zjk_gis.cli.city import cases_options, read_cases, read_city, tell_set_aside
from zjk_gis.cli.options import WORDS
from zjk_gis.errors import FileError, InputError
from zjk_gis.io import read_table
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.reports import monthly_bulletin
from zjk_gis.words import tr
from zjk_gis.workspace.addresses import is_address

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from zjk_gis.cli.console import Console
    from zjk_gis.reports import Bulletin

__all__ = ["bulletin_options", "make_bulletin", "options_in", "record_of", "targets_of"]

_BY, _LEAST = ("district_code",), 30
_FILES = ("incidents", "deadlines", "previous", "targets", "measured")  # of the options: paths
_LAYERS = tuple(
    dict.fromkeys(
        (
            "responsibility_zones", "unit_grids", "streets", "communities", "districts", "built_up_areas",
            "enforcement_cases", "roads", *MEASURED_LAYERS,
        )
    )
)  # fmt: skip


def bulletin_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say how a month is judged."""
    file = click.Path(path_type=Path)
    for option in reversed((
        cases_options,
        click.option("--by", type=WORDS, help="The columns that are compared; by default district_code."),
        click.option("--as-of", help="How things stood on this day; by default the end of the month."),
        click.option(
            "--deadlines", type=file,
            help="How long each class may take: a table with event_code, deadline and clock.",
        ),
        click.option(
            "--repeats",
            is_flag=True,
            default=None,
            help="Find the repeats and tell their share: the same class again within 20 m and 90 days, after "
            "it was closed; what the file says of it does not count.",
        ),
        click.option("--least", type=int, help="With fewer cases nobody is ranked; by default 30."),
        click.option(
            "--targets", type=file, help="What indicators are to reach: a table with indicator and target."
        ),
        click.option(
            "--measured", type=file,
            help="What was measured of the policy's targets: a table with target, numerator and denominator.",
        ),
        click.option(
            "--previous", type=file,
            help="The ranking of the month before, if its cases are not there: with class_place.",
        ),
        click.option("--worst-by", help="Of whom the worst ten are listed, such as chief_code."),
    )):  # fmt: skip
        command = option(command)
    return command


def make_bulletin(city: Path | str, month: str, asked: dict[str, Any], console: Console) -> Bulletin:
    """Read what a bulletin is made from, and make it.

    Parameters
    ----------
    city : path or str
        Read for its incidents, and for its zones where the incidents lack codes.
    month : str
    asked : dict
        The options of `bulletin_options`, None where they were not given.
    console : Console
    """
    by = list(asked.get("by") or _BY)
    repeats = bool(asked.get("repeats"))
    cases = read_cases(
        city, asked.get("incidents"), console,
        datum=asked.get("datum"), fix=bool(asked.get("fix_positions")), by_roads=repeats,
    )  # fmt: skip
    if repeats:
        cases = mark_repeats(cases.drop(columns="is_repeat", errors="ignore"))
        tell_set_aside(cases, console)
    given: dict[str, pd.DataFrame] = {"incidents": cases}
    wanted = [*by, *filter(None, [asked.get("worst_by")])]
    if not all(name in cases for name in wanted) or is_address(city) or Path(city).exists():
        own = [spec.name for spec in CATALOGUE.values() if spec.code in wanted]
        given |= _layers(city, tuple(dict.fromkeys([*_LAYERS, *own])), console)
    tables = {name: read_table(asked[name]) for name in _FILES[1:] if asked.get(name) is not None}
    least = asked.get("least")
    return monthly_bulletin(
        given,
        month=month,
        by=by,
        as_of=asked.get("as_of"),
        deadlines=tables.get("deadlines"),
        least_n=_LEAST if least is None else least,
        previous=tables.get("previous"),
        targets=targets_of(tables["targets"]) if "targets" in tables else None,
        measured=tables.get("measured"),
        worst_by=asked.get("worst_by"),
    )


def record_of(city: Path | str, asked: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return what a folder has to say of how its bulletin was made; paths lead from the folder.

    The address of a database is not recorded, as it may hold a password.
    """
    options = {name: value for name, value in asked.items() if value is not None and value is not False}
    told = {name: _path_from(folder, value) if name in _FILES else value for name, value in options.items()}
    return {"city": None if is_address(city) else _path_from(folder, Path(city)), "options": told}


def options_in(record: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the options of a record, as `make_bulletin` takes them."""
    options = dict(record.get("options") or {})
    for name in _FILES:
        if name in options:
            options[name] = folder / str(options[name])
    if "by" in options:
        options["by"] = tuple(options["by"])
    return options


def _path_from(folder: Path, path: Path) -> str:
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:  # on another drive of Windows
        return path.resolve().as_posix()


def _layers(city: Path | str, names: tuple[str, ...], console: Console) -> dict[str, pd.DataFrame]:
    """Read layers that stand beside the incidents."""
    try:
        return dict(read_city(city, console, layers=names))
    except FileError as error:  # what is missing then is told by name
        console.note(str(error))
        return {}


def targets_of(table: pd.DataFrame) -> dict[str, float]:
    """Read what indicators are to reach: 0.95 or 95% of a share, hours as they are."""
    require_columns(table, "targets", "indicator", "target")
    found = {}
    for name, written in zip(table["indicator"], table["target"], strict=True):
        text = str(written).strip()
        try:
            found[str(name)] = float(text[:-1]) / 100 if text.endswith(("%", "％")) else float(text)
        except ValueError as error:
            raise InputError(
                tr("targets: {value!r} of {indicator} is not a number", value=text, indicator=str(name))
            ) from error
    return found
