"""What the library calls its arguments, in the options of a command."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["in_options"]

# crs=, datum='gcj02', even_if_off=True
_ARGUMENT = re.compile(r"(?<![\w.-])([a-z][a-z0-9_]*)=(True\b|False\b|'[^']*'|\d+(?![\w.]))?", re.ASCII)
# A layer whose system or datum a command cannot be told is told it where it is taken into a workspace.
_ON_IMPORT = {"crs": "--crs", "datum": "--datum"}


def in_options(text: str, command: click.Command, group: click.Command) -> str:
    """Name the options of a command where the library names its arguments.

    Parameters
    ----------
    text : str
        What the library says.
    command : click.Command
        The one that was called.
    group : click.Command
        To which it belongs.

    Returns
    -------
    str
        With ``--datum gcj02`` for ``datum='gcj02'`` and the like, where the command has such an option; with
        that of `zjk-gis import` where only this has it. What no option is for is said to be the library's.

    Examples
    --------
    >>> crs, go_on = click.Option(["--crs"]), click.Option(["--even-if-off"])
    >>> assign, gaps = click.Command("assign", params=[crs, go_on]), click.Command("gaps")
    >>> group = click.Group(commands=[assign, gaps])
    >>> in_options("name the system with crs=; or go on with even_if_off=True", assign, group)
    'name the system with --crs; or go on with --even-if-off'
    >>> in_options("name the system with crs=; or go on with even_if_off=True", gaps, group)
    'name the system with `zjk-gis import --crs`; or go on with even_if_off=True (even_if_off: an argument of
    the Python library, for which this command has no option)'
    """
    if "=" not in text:
        return text
    options = _options(command)
    left: dict[str, None] = {}

    def named(match: re.Match[str]) -> str:
        name, value = match[1], match[2]
        if name in options:
            on, off = options[name]
            if value == "False":
                return off or match[0]
            return on if value in (None, "True") else f"{on} {value.strip(chr(39))}"
        if name in _ON_IMPORT:
            value = "" if value is None else f" {value.strip(chr(39))}"
            return f"`zjk-gis import {_ON_IMPORT[name]}{value}`"
        left[name] = None
        return match[0]

    told = _ARGUMENT.sub(named, text)
    known = {name for each in _commands(group) for name in _options(each)} if left else set()
    unheard = [name for name in left if name in known]
    if not unheard:
        return told
    names = listed(unheard)
    if len(unheard) == 1:
        return told + tr(
            " ({names}: an argument of the Python library, for which this command has no option)", names=names
        )
    return told + tr(
        " ({names}: arguments of the Python library, for which this command has no option)", names=names
    )


def _options(command: click.Command) -> dict[str, tuple[str, str]]:
    """Return the options of a command, on and off, by what the library calls them."""
    return {
        str(each.name): (each.opts[0], each.secondary_opts[0] if each.secondary_opts else "")
        for each in command.params
        if isinstance(each, click.Option) and each.opts
    }


def _commands(group: click.Command) -> Iterator[click.Command]:
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            found = group.get_command(context, name)
            if found is not None:
                yield found
