"""How the command speaks: Chinese unless English is asked for, results on stdout, all else on stderr."""

from __future__ import annotations

import functools
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from zjk_gis.cli.hints import in_options
from zjk_gis.errors import GeometryError
from zjk_gis.text import table
from zjk_gis.words import LANGUAGE_VARIABLE, Language, language

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Console", "language_asked_for", "language_option", "repair_option", "speaking"]

_LANGUAGES = get_args(Language)
_CHOICE = click.Choice(list(_LANGUAGES))
_HELP = "The language; by default that of ZJK_GIS_LANG, else Chinese."


@dataclass(frozen=True, slots=True)
class Console:
    """Where output goes and in which language.

    Attributes
    ----------
    lang : {"zh", "en"}
    as_json : bool
        Whether the result is one JSON object on stdout and nothing else.
    repair : bool or None
        Whether invalid polygons are made valid; None where the command cannot do that.
    target : Path
        What the command writes or, if that is nothing, what it reads: lists of rows are named after it.
    repaired : list of dict
        The rows that were made valid, which the result tells.
    """

    lang: Language = field(default_factory=language)
    as_json: bool = False
    repair: bool | None = None
    target: Path = Path("zjk-gis")
    repaired: list[dict[str, Any]] = field(default_factory=list)

    def beside(self, ending: str) -> Path:
        """Name a list of rows."""
        return self.target.with_name(f"{self.target.stem or self.target.name}.{ending}.csv")

    def pick(self, zh: str, en: str) -> str:
        """Choose the text in the reader's language."""
        return zh if self.lang != "en" else en

    def say(self, text: str = "") -> None:
        """Print a line of the result for a person; nothing where JSON was asked for."""
        if not self.as_json:
            click.echo(text)

    def note(self, text: str) -> None:
        """Print a remark, such as what was inferred, on stderr; arguments of the library as options."""
        here = click.get_current_context(silent=True)
        if here is not None:
            text = in_options(text, here.command, here.find_root().command)
        click.echo(text, err=True)

    def show(self, rows: Sequence[Sequence[object]], header: Sequence[str]) -> None:
        """Print a small table for a person."""
        if not self.as_json:
            for line in table(rows, header):
                click.echo(line)

    def result(self, values: Mapping[str, Any]) -> None:
        """Print the result for a script."""
        if self.as_json:
            values = {**values, "repaired": self.repaired} if self.repair else values
            click.echo(json.dumps(values, ensure_ascii=False, indent=1, default=str, allow_nan=False))


repair_option = click.option(
    "--repair", is_flag=True, help="Make invalid polygons valid, and list by row what changed."
)


def language_asked_for(arguments: Sequence[str]) -> Language:
    """Return the language that a call asks for, before any of it is understood.

    Parameters
    ----------
    arguments : sequence of str
        All that was written behind the name of the command.

    Returns
    -------
    {"zh", "en"}
        That of the last ``--lang``, wherever it stands; else that of ``ZJK_GIS_LANG``; else Chinese.

    Examples
    --------
    >>> language_asked_for(["assign", "a.csv", "--lang", "en", "--help"]), language_asked_for(["--lang=zh"])
    ('en', 'zh')
    """
    asked = ""
    for at, word in enumerate(arguments):
        if word == "--":
            break
        if word == "--lang":
            asked = "".join(arguments[at + 1 : at + 2])
        elif word.startswith("--lang="):
            asked = word.removeprefix("--lang=")
    if asked not in _LANGUAGES:  # to be refused, in a language all the same
        asked = os.environ.get(LANGUAGE_VARIABLE, "").strip().lower()[:2]
    return "en" if asked == "en" else "zh"


def language_option(group: Callable[..., Any]) -> Callable[..., Any]:
    """Let `--lang` stand before the name of a subcommand, too; `language_asked_for` has heeded it by then."""
    return click.option("--lang", type=_CHOICE, expose_value=False, help=_HELP)(group)


def speaking(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options `--lang` and `--json`, and hand it a console that heeds them.

    It heeds `--repair` too, where the command has that option. A layer that is refused for some of its rows
    is refused in the reader's language, with all of them.
    """

    @click.option("--lang", type=_CHOICE, help=_HELP)
    @click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
    @functools.wraps(command)
    def with_console(
        *args: Any, lang: Language | None, as_json: bool, repair: bool | None = None, **options: Any
    ) -> Any:
        console = Console(lang or language(), as_json, repair, _target_of(options))
        try:
            return command(*args, console=console, **options)
        except GeometryError as error:
            if error.rows is None:
                raise
            from zjk_gis.cli.invalid_rows import words_of

            raise GeometryError(words_of(error, console)) from error

    return with_console


def _target_of(options: Mapping[str, Any]) -> Path:
    """Return what a command writes, or the name of what it reads, in the folder where it is called."""
    output = options.get("output")
    if isinstance(output, Path):
        return output
    source = next((options[name] for name in ("zones", "city", "old") if options.get(name)), "zjk-gis")
    return Path(Path(source).name)
