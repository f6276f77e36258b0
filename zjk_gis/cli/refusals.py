"""What a call is refused with: click's own sentences, in the language spoken.

Click says what is wrong by the class and the fields of an exception, and where it has no field for it (what
its types find wrong with a value) by one of the sentences below.
"""

from __future__ import annotations

import ast
import re
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

import click

from zjk_gis.words import language, listed, tr

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["refusal"]

# As click has them, values in braces. Those in _NAMES are themselves words to be translated.
_SENTENCES = (
    "{value!r} is not one of {choices}.",
    "{value!r} is not a valid {number_type}.",
    "{value} is not in the range {range}.",
    "{value!r} is not a valid boolean. Recognized values: {states}",
    "{value!r} is not a valid UUID.",
    "{value!r} does not match the format {format}.",
    "{value!r} does not match the formats {formats}.",
    "{kind} {filename!r} does not exist.",
    "{kind} {filename!r} is a file.",
    "{kind} {filename!r} is a directory.",
    "{kind} {filename!r} is not readable.",
    "{kind} {filename!r} is not writable.",
    "{kind} {filename!r} is not executable.",
    "{len_type} values are required, but {len_value} was given.",
    "{len_type} values are required, but {len_value} were given.",
    "Takes {nargs} values but 1 was given.",
    "Takes {nargs} values but {len} were given.",
    "Argument {name!r} takes {nargs} values.",
    "Option {name!r} does not take a value.",
    "Option {name!r} requires an argument.",
    "Option {name!r} requires {nargs} arguments.",
    "Got unexpected extra argument ({args})",
    "Got unexpected extra arguments ({args})",
    "Missing command.",
    "{value!r} is not {choice!r}.",
)
_NAMES = {
    "kind": ("File", "Directory", "Path"),
    "number_type": ("integer", "float", "integer range", "float range"),
}
_LISTS = ("choices", "formats")
_FIELD = re.compile(r"\{(\w+)(!r)?\}")


def refusal(error: click.ClickException) -> str:
    """Say why a call is refused: how it is meant, where to read more, and what is wrong with it.

    Parameters
    ----------
    error : click.ClickException

    Returns
    -------
    str
        Lines in the language spoken; the last says what is wrong.

    Examples
    --------
    >>> from zjk_gis.words import speaking
    >>> with speaking("zh"):
    ...     print(refusal(click.NoSuchOption("--layr", possibilities=["--layer", "--code"])))
    错误：没有选项 '--layr'。是否为 '--layer'？
    """
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.message
    lines = []
    if isinstance(error, click.UsageError) and error.ctx is not None:
        lines = [
            error.ctx.get_usage(),
            tr("Try '{command} --help' for help.", command=error.ctx.command_path),
            "",
        ]
    return "\n".join([*lines, tr("Error: {message}", message=_reason(error))])


def _reason(error: click.ClickException) -> str:
    if isinstance(error, click.FileError):
        return tr(
            "Could not open file {filename!r}: {message}", filename=error.ui_filename, message=error.message
        )
    if isinstance(error, click.NoSuchOption):
        return _together(tr("No such option {name!r}.", name=error.option_name), _meant(error.possibilities))
    if isinstance(error, click.exceptions.NoSuchCommand):
        return _together(tr("No such command {name!r}.", name=error.command_name), _meant(_near(error)))
    if isinstance(error, click.MissingParameter):
        return _missing(error)
    if isinstance(error, click.BadParameter):
        hint = _hint(error)
        if hint:
            return tr(
                "Invalid value for {param_hint}: {message}", param_hint=hint, message=_said(error.message)
            )
        return tr("Invalid value: {message}", message=_said(error.message))
    return _said(error.message)


def _missing(error: click.MissingParameter) -> str:
    kind = error.param_type or (error.param.param_type_name if error.param is not None else "parameter")
    hint = _hint(error)
    said = {
        "option": tr("Missing option {hint}.", hint=hint),
        "argument": tr("Missing argument {hint}.", hint=hint),
    }.get(kind, tr("Missing parameter {hint}.", hint=hint))
    if error.param is not None and isinstance(error.param.type, click.Choice):
        said = _together(said, tr("Choose from: {choices}.", choices=listed(error.param.type.choices)))
    return said


def _together(*sentences: str) -> str:
    """Put sentences one after another."""
    return ("" if language() == "zh" else " ").join(each for each in sentences if each)


def _near(error: click.exceptions.NoSuchCommand) -> list[str]:
    """Return the commands of a similar name; click knows only those that are imported already."""
    group = error.ctx.command if error.ctx is not None else None
    names = group.list_commands(error.ctx) if isinstance(group, click.Group) and error.ctx is not None else ()
    return get_close_matches(error.command_name, names)


def _meant(possibilities: Iterable[str] | None) -> str:
    """Name what may have been meant."""
    names = [repr(each) for each in sorted(possibilities or ())]
    if not names:
        return ""
    if len(names) == 1:
        return tr("Did you mean {possibility}?", possibility=names[0])
    return tr("(Did you mean one of: {possibilities}?)", possibilities=listed(names))


def _hint(error: click.BadParameter) -> str:
    """Name the option as it is written, or the argument as the usage has it."""
    hint, param = error.param_hint, error.param
    if hint is None and isinstance(param, click.Option):
        hint = [*param.opts, *param.secondary_opts]
    elif hint is None and param is not None:
        hint = [(param.metavar or (param.name or "").upper()).removesuffix("...").strip("[]")]
    return hint if isinstance(hint, str) else " / ".join(map(repr, hint or ()))


def _said(message: str) -> str:
    """Say one of click's sentences in the language spoken; another passes as it is."""
    for sentence, pattern in _patterns():
        match = pattern.fullmatch(message)
        if match is not None:
            values = _values(sentence, match)
            if values is not None:
                return tr(sentence, **values)
    return message


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((sentence, _pattern(sentence)) for sentence in _SENTENCES)


def _pattern(sentence: str) -> re.Pattern[str]:
    parts, end = [], 0
    for field in _FIELD.finditer(sentence):
        what = "|".join(sorted(_NAMES.get(field[1], ()), key=len, reverse=True)) or ".*"
        parts += [re.escape(sentence[end : field.start()]), f"(?P<{field[1]}>{what})"]
        end = field.end()
    return re.compile("".join([*parts, re.escape(sentence[end:])]), re.DOTALL)


def _values(sentence: str, match: re.Match[str]) -> dict[str, Any] | None:
    """Return the values in a sentence; None where what should be quoted text is not."""
    values: dict[str, Any] = {}
    for field in _FIELD.finditer(sentence):
        name, text = field[1], match[field[1]]
        try:
            if name in _LISTS:
                values[name] = listed(map(repr, ast.literal_eval(f"[{text}]")))
            elif name in _NAMES:
                values[name] = tr(text)
            else:
                values[name] = ast.literal_eval(text) if field[2] else text
        except (SyntaxError, ValueError):
            return None
    return values
