"""How the command speaks: Chinese unless English is asked for, results on stdout, all else on stderr."""

from __future__ import annotations

import functools
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

import click

from zjk_gis.text import display_width
from zjk_gis.words import LANGUAGE_VARIABLE, Language, language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["Console", "language_asked_for", "language_option", "speaking", "table"]

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
    """

    lang: Language = field(default_factory=language)
    as_json: bool = False

    def pick(self, zh: str, en: str) -> str:
        """Choose the text in the reader's language."""
        return zh if self.lang == "zh" else en

    def say(self, zh: str, en: str) -> None:
        """Print a line of the result for a person; nothing where JSON was asked for."""
        if not self.as_json:
            click.echo(self.pick(zh, en))

    def note(self, zh: str, en: str) -> None:
        """Print a remark, such as what was inferred, on stderr."""
        click.echo(self.pick(zh, en), err=True)

    def show(self, rows: Sequence[Sequence[object]], header: Sequence[str]) -> None:
        """Print a small table for a person."""
        if not self.as_json:
            for line in table(rows, header):
                click.echo(line)

    def result(self, values: Mapping[str, Any]) -> None:
        """Print the result for a script."""
        if self.as_json:
            click.echo(json.dumps(values, ensure_ascii=False, indent=1, default=str, allow_nan=False))


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
    """Give a command the options `--lang` and `--json`, and hand it a console that heeds them."""

    @click.option("--lang", type=_CHOICE, help=_HELP)
    @click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
    @functools.wraps(command)
    def with_console(*args: Any, lang: Language | None, as_json: bool, **options: Any) -> Any:
        return command(*args, console=Console(lang=lang or language(), as_json=as_json), **options)

    return with_console


def table(rows: Sequence[Sequence[object]], header: Sequence[str]) -> Iterable[str]:
    """Lay out rows in columns; numbers to the right, Chinese characters counted as two columns wide.

    Examples
    --------
    >>> for line in table([["西一区", 3], ["东区", 12]], ["责任区", "案件"]):
    ...     print(line)
      责任区  案件
      西一区     3
      东区      12
    """
    cells = [list(header), *([_text(value) for value in row] for row in rows)]
    widths = [max(map(display_width, column)) for column in zip(*cells, strict=True)]
    numeric = [
        bool(rows) and all(isinstance(row[i], int | float) for row in rows) for i in range(len(header))
    ]
    for line in cells:
        padded = []
        for text, width, right in zip(line, widths, numeric, strict=True):
            space = " " * (width - display_width(text))
            padded.append(space + text if right else text + space)
        yield "  " + "  ".join(padded).rstrip()


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
