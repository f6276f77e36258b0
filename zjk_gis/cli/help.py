"""Help pages in the reader's language, laid out as wide as they look.

English stands in the code: docstrings, ``help=``, the names of arguments. What a reader meets is a copy of a
command with these in the language that is spoken; the command itself keeps its own.
"""

from __future__ import annotations

import copy
import inspect
import re
from typing import TYPE_CHECKING

import click

from zjk_gis.text import display_width, wrapped
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

__all__ = ["in_language", "one_line"]

# What click writes behind the help of an option: [default: 10; x>=1; required].
_EXTRAS = re.compile(r"\[(?:(?:default: |env var: )[^\[\]]*|[^\[\];]*x[<>]=?[^\[\];]*|required|; )+\]\Z")


class _Formatter(click.HelpFormatter):
    """Lays out help by what is seen: a Chinese character takes two columns."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        head = f"{tr('Usage: ') if prefix is None else prefix}{prog} "
        indent = " " * display_width(head)
        lines = wrapped(args, self.width - len(indent)) or [""]
        self.write("".join(f"{head if n == 0 else indent}{line}\n" for n, line in enumerate(lines)))

    def write_heading(self, heading: str) -> None:
        self.write(f"{' ' * self.current_indent}{tr(f'{heading}:')}\n")

    def write_text(self, text: str) -> None:
        indent = " " * self.current_indent
        pages = [wrapped(paragraph, self.width - len(indent)) for paragraph in text.split("\n\n")]
        self.write("\n\n".join("\n".join(indent + line for line in lines) for lines in pages) + "\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        rows = list(rows)
        beside = min(max(display_width(term) for term, _ in rows), col_max)
        indent = " " * (self.current_indent + beside + col_spacing)
        for term, text in rows:
            lines = _with_extras(text, max(self.width - len(indent), 10))
            space = beside - display_width(term)
            if space < 0 and lines:
                lines = ["", *lines]
            first = lines[0] if lines else ""
            self.write(
                f"{' ' * self.current_indent}{term}{' ' * (space + col_spacing)}{first}".rstrip() + "\n"
            )
            self.write("".join(f"{indent}{line}\n" for line in lines[1:]))


def _with_extras(text: str, width: int) -> list[str]:
    """Divide the help of an option into lines, and put what click adds to it behind it, undivided."""
    found = _EXTRAS.search(text)
    lines = wrapped(text[: found.start()] if found else text, width)
    if found:
        extras = _extras(found[0])
        if lines and display_width(lines[-1]) + 2 + display_width(extras) <= width:
            lines[-1] += f"  {extras}"
        else:
            lines.append(extras)
    return lines


def _extras(text: str) -> str:
    """Say in the language spoken what click adds to a help text: [default: 10; x>=1; required]."""
    items = []
    for item in text[1:-1].split("; "):
        name, colon, value = item.partition(": ")
        items.append(tr(f"{name}: {{value}}", value=value) if colon else tr(item))
    return f"[{tr('; ').join(items)}]"


class _Context(click.Context):
    formatter_class = _Formatter

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if isinstance(error, click.UsageError) and error.ctx is None:
            error.ctx = self  # so that it is said how the command is meant
        return super().__exit__(kind, error, trace)


def in_language(command: click.Command) -> click.Command:
    """Return a copy of a command with its texts, and those of its commands, in the language spoken.

    Parameters
    ----------
    command : click.Command

    Returns
    -------
    click.Command

    Examples
    --------
    >>> from zjk_gis.words import speaking
    >>> with speaking("zh"):
    ...     said = in_language(click.Command("x", help="Write all covers to a file.", params=[]))
    >>> said.help
    '把台账中的全部井盖写入文件。'
    """
    said = copy.copy(command)
    said.context_class = _Context
    said.params = [_parameter(each) for each in command.params]
    said.help = tr(one_line(command.help or ""))
    said.short_help = _first_sentence(said.help)
    said.options_metavar = tr(command.options_metavar or "")
    click.help_option("-h", "--help", help=tr("Show this message and exit."))(said)
    if isinstance(said, click.Group):
        said.subcommand_metavar = tr(said.subcommand_metavar)
        said.commands = {name: in_language(each) for name, each in said.commands.items()}
    return said


def one_line(text: str) -> str:
    r"""Return a help text as the catalogue has it: a line for each paragraph, however the code is broken up.

    Examples
    --------
    >>> one_line(" A head.\n\n    Some text\n    goes on.\n    ")
    'A head.\n\nSome text goes on.'
    """
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _parameter(given: click.Parameter) -> click.Parameter:
    said = copy.copy(given)
    if isinstance(said, click.Option) and said.help:
        said.help = tr(one_line(said.help))
    if isinstance(given, click.Option) and (given.is_flag or given.count):
        return said
    if not isinstance(given.type, click.Choice):
        name = (
            given.metavar
            or (given.type.name if isinstance(given, click.Option) else given.name or "").upper()
        )
        said.metavar = tr(name)
        if isinstance(given, click.Argument) and not given.required:
            said.metavar = f"[{said.metavar}]"
        if given.nargs != 1:
            said.metavar += "..."
    return said


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=。)|(?<=\.)\s", text.partition("\n")[0])[0].rstrip("。.")
