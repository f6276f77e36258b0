"""What every command is given: a console in the reader's language, and what to do with bad shapes."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zjk_gis.cli.console import Console, language_option
from zjk_gis.cli.invalid_rows import words_of
from zjk_gis.cli.options import current_city
from zjk_gis.errors import GeometryError
from zjk_gis.standards.rules import own_tables
from zjk_gis.words import language
from zjk_gis.words import speaking as in_words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zjk_gis.words import Language

__all__ = ["repair_option", "speaking"]


repair_option = click.option(
    "--repair", is_flag=True, help="Make invalid polygons valid, and list by row what changed."
)


def speaking(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options `--lang` and `--json`, and hand it a console that heeds them.

    It heeds `--repair` too, where the command has that option. A layer that is refused for some of its rows
    is refused in the reader's language, with all of them.
    """

    @language_option()
    @click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
    @functools.wraps(command)
    def with_console(
        *args: Any, lang: Language | None, as_json: bool, repair: bool | None = None, **options: Any
    ) -> Any:
        console = Console(lang or language(), as_json, repair, _target_of(options))
        city = current_city()
        with in_words_of(console.lang), own_tables({} if city is None else city.tables):
            try:
                return command(*args, console=console, **options)
            except GeometryError as error:
                if error.rows is None:
                    raise
                raise GeometryError(words_of(error, console)) from error

    return with_console


def _target_of(options: Mapping[str, Any]) -> Path:
    """Return what a command writes, or the name of what it reads, in the folder where it is called."""
    output = options.get("output")
    if isinstance(output, Path):
        return output
    source = next((options[name] for name in ("zones", "city", "old") if options.get(name)), "zjk-gis")
    return Path(Path(source).name)
