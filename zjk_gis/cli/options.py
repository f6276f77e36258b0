"""Options that several commands take, and how what is written in them is read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from zjk_gis.words import tr
from zjk_gis.workspace.reading import is_address

__all__ = ["CITY", "LEVEL", "NUMBERS", "WORDS", "headings_option"]

_BETWEEN = re.compile(r"[,，、;；]")


class _City(click.ParamType[Any]):
    """What holds a city's layers: a file, or the address of a PostGIS schema, which no path could carry."""

    name = "city"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        """Return an address as it is, and everything else as a path."""
        return value if is_address(value) else Path(value)


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
            return tuple(float(number) for number in _BETWEEN.split(str(value)))
        except ValueError:
            self.fail(tr("write numbers with commas between them, such as 100,200"), param, ctx)


CITY = _City()
headings_option = click.option(
    "--headings",
    type=click.Choice(["zh", "en"]),
    help="Of .csv and .xlsx: Chinese headings and words, or English names; by default as --lang.",
)
LEVEL = _Level()
NUMBERS = _Numbers()
WORDS = _Words()
