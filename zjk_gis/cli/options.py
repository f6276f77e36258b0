"""Options that several commands take, and how what is written in them is read.

Where a command is given a city file, options that nobody writes are what the file says: its thresholds. What
is written comes first.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zjk_gis.io.paths import is_remote
from zjk_gis.words import tr
from zjk_gis.workspace.addresses import is_address
from zjk_gis.workspace.city_file.city import city_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zjk_gis.workspace.city_file import City

__all__ = [
    "CITY",
    "LEVEL",
    "NUMBERS",
    "ONLY",
    "PLACE",
    "WORDS",
    "current_city",
    "headings_option",
    "thresholds_said",
]

_BETWEEN = re.compile(r"[,，、;；]")


# By the name of a command: which threshold of the city file an option is.
_THRESHOLDS = {
    "assign": {"border_within_m": "border_m", "nearest_within_m": "nearest_m"},
    "assess": {"least": "least_cases"},
    "berths": {"within": "parking_m"},
    "check-assignment": {"tolerated_share": "tolerated_share"},
    "duplicates": {"within_m": "duplicate_m", "within": "duplicate_hours"},
    "reach": {"within": "reach_m"},
    "repair": {"snap_within": "snap_m", "max_area": "repair_max_m2", "max_width": "repair_max_width_m"},
    "repeats": {"within_m": "repeat_m", "within": "repeat_days"},
    "rows": {"least": "least_cases"},
    "site": {"within": "reach_m"},
}
_UNITS = {"duplicate_hours": "{:.0f}h", "repeat_days": "{:.0f}d"}
_CITY = "zjk_gis.city"


class _City(click.ParamType[Any]):
    """What holds a city: a file, a city file, or the address of a PostGIS schema, which is no path."""

    name = "city"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        """Return an address as it is, and everything else as a path; heed what a city file says."""
        if is_address(value):
            return value
        city = city_of(value)
        if city is not None and ctx is not None:
            ctx.meta[_CITY] = city
            ctx.default_map = {**(ctx.default_map or {}), **_defaults_of(city, ctx.info_name or "")}
        return Path(value)


def _defaults_of(city: City, command: str) -> dict[str, Any]:
    """Return what options of a command are unless they are written."""
    return {
        option: _UNITS.get(name, "{:.15g}").format(city.thresholds[name])
        for option, name in _THRESHOLDS.get(command, {}).items()
        if name in city.thresholds
    }


def current_city() -> City | None:
    """Return the city file that the command was given; None where it was given none."""
    here = click.get_current_context(silent=True)
    return None if here is None else here.meta.get(_CITY)


def thresholds_said() -> Mapping[str, float]:
    """Return the numbers that the city file sets; none without one."""
    city = current_city()
    return {} if city is None else city.thresholds


class _Level(click.ParamType[Any]):
    """A level of zones: a number, a word such as 街道级, or any."""

    name = "level"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Return a number where one is written."""
        text = str(value).strip()
        if not text:
            self.fail(tr("name a level, such as 3, 三级, 街道级 or any"), param, ctx)
        return int(text) if text.isdecimal() else text


class _Words(click.ParamType[Any]):
    """Several words with commas between them, the first first."""

    name = "words"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Return the words."""
        if isinstance(value, tuple):
            return value
        words = tuple(word.strip() for word in _BETWEEN.split(str(value)))
        if not all(words):
            self.fail(tr("write words with commas between them, such as 高,中,低"), param, ctx)
        return words


class _Place(click.ParamType[Any]):
    """A file or folder, by its path or by an address such as s3://bucket/incidents."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        """Return an address as it is, and everything else as a path."""
        return value if is_remote(value) else Path(value)


class _Only(click.ParamType[Any]):
    """A column and the values its rows must have: month=2026-05,2026-06."""

    name = "column=values"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, tuple[str, ...]]:
        """Return the column and its values."""
        if isinstance(value, tuple):
            return value
        column, equal, values = str(value).partition("=")
        among = tuple(each.strip() for each in _BETWEEN.split(values))
        if not (column.strip() and equal and all(among)):
            self.fail(tr("write a column and its values, such as month=2026-05,2026-06"), param, ctx)
        return column.strip(), among


class _Numbers(click.ParamType[Any]):
    """Several numbers with commas between them."""

    name = "numbers"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        """Return the numbers."""
        if isinstance(value, tuple):
            return value
        try:
            numbers = tuple(float(number) for number in _BETWEEN.split(str(value)))
        except ValueError:
            numbers = (math.nan,)
        if not all(map(math.isfinite, numbers)):
            self.fail(tr("write numbers with commas between them, such as 100,200"), param, ctx)
        return numbers


CITY = _City()
headings_option = click.option(
    "--headings",
    type=click.Choice(["zh", "en"]),
    help="Of .csv and .xlsx: Chinese headings and words, or English names; by default as --lang.",
)
LEVEL = _Level()
NUMBERS = _Numbers()
ONLY = _Only()
PLACE = _Place()
WORDS = _Words()
