"""Options that several commands take, and how what is written in them is read."""

from __future__ import annotations

import re
from typing import Any

import click

from zjk_gis.words import tr

__all__ = ["LEVEL", "WORDS", "headings_option"]

_BETWEEN = re.compile(r"[,，、;；]")


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


headings_option = click.option(
    "--headings",
    type=click.Choice(["zh", "en"]),
    help="Of .csv and .xlsx: Chinese headings and words, or English names; by default as --lang.",
)
LEVEL = _Level()
WORDS = _Words()
