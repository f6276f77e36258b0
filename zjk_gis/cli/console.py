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
from zjk_gis.text import table
from zjk_gis.words import LANGUAGE_VARIABLE, Language, language, tr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Console", "language_asked_for", "language_option"]

_LANGUAGES = get_args(Language)
# Before the name of a subcommand it is heeded by `language_asked_for`, which is asked first.
language_option = functools.partial(
    click.option,
    "--lang",
    type=click.Choice(list(_LANGUAGES)),
    help="The language; by default that of ZJK_GIS_LANG, else Chinese.",
)


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

    def list_files(self, files: Mapping[Path, str]) -> None:
        """Print which files were written, and what each is."""
        self.say(tr("files:"))
        self.show([(what, str(path)) for path, what in files.items()], [tr("what"), tr("file")])

    def result(self, values: Mapping[str, Any]) -> None:
        """Print the result for a script."""
        if self.as_json:
            values = {**values, "repaired": self.repaired} if self.repair else values
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
