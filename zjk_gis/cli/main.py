"""The entry point: subcommands, languages, errors and exit codes."""

from __future__ import annotations

import logging
import os
import sys
import traceback
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from zjk_gis._version import __version__
from zjk_gis.cli.console import language_asked_for, language_option
from zjk_gis.cli.help import in_language
from zjk_gis.cli.hints import in_options
from zjk_gis.cli.refusals import refusal
from zjk_gis.errors import BusyError, ZjkGisError
from zjk_gis.words import speaking, tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["main"]

# Their messages are those of GEOS and GDAL.
_FOREIGN = ("GEOSException", "TopologicalError", "DataSourceError", "DriverError", "CPLE_BaseError")
EXIT_BAD_INPUT, EXIT_DEFECT, EXIT_BUSY, EXIT_STOPPED = 2, 3, 4, 130

# Commands are imported when called: `zjk-gis --help` must not wait for geopandas.
_COMMANDS = {
    "accept": ("zjk_gis.cli.analysis.accept", "Accept gaps or overlaps as they are."),
    "access": ("zjk_gis.cli.access.command", "Who reaches what along the city's own roads."),
    "assess": ("zjk_gis.cli.analysis.assess", "Make the bulletin of a month, and rank."),
    "assign": ("zjk_gis.cli.analysis.assign", "Assign each incident to its zone."),
    "audit": ("zjk_gis.cli.analysis.audit", "Prove or refute that everything has someone."),
    "black-spots": ("zjk_gis.cli.analysis.black_spots", "Tell where along the roads incidents lie thickest."),
    "catalogue": ("zjk_gis.cli.data.catalogue", "Say what each layer must look like."),
    "changes": ("zjk_gis.cli.runs.changes", "Tell what changed between two runs of a city."),
    "check": ("zjk_gis.cli.data.check", "Check a layer against what it must look like."),
    "check-assignment": ("zjk_gis.cli.analysis.check_assignment", "Check recorded zones."),
    "codes": ("zjk_gis.cli.data.codes", "Explain, check and continue codes."),
    "compare": ("zjk_gis.cli.analysis.compare", "Tell what moves when zones are redrawn."),
    "coordinates": ("zjk_gis.cli.data.coordinates", "Say what coordinates probably are, and why."),
    "covers": ("zjk_gis.cli.analysis.covers", "Keep a live register of covers."),
    "demo": ("zjk_gis.cli.analysis.demo", "Run the main job on the sample city."),
    "duplicates": ("zjk_gis.cli.analysis.duplicates", "Group several reports of one thing."),
    "export": ("zjk_gis.cli.data.export_layer", "Write a layer of a workspace to a file."),
    "gaps": ("zjk_gis.cli.analysis.gaps", "Find ground that no zone covers or several do."),
    "hot-spots": ("zjk_gis.cli.analysis.hot_spots", "Tell where incidents gather beyond chance."),
    "import": ("zjk_gis.cli.data.import_layers", "Take files and folders into a workspace."),
    "init": ("zjk_gis.cli.data.init", "Write a city file from what lies in a folder."),
    "layers": ("zjk_gis.cli.data.layers", "List the layers of a workspace and their versions."),
    "map": ("zjk_gis.cli.pictures.draw", "Draw a city and what is wrong with it on one map."),
    "refresh": ("zjk_gis.cli.runs.refresh", "Run a city: take what is new, and tell what changed."),
    "report": ("zjk_gis.cli.pictures.report", "Make a report of any table of indicators."),
    "near-repeats": ("zjk_gis.cli.analysis.near_repeats", "Tell whether one incident brings another soon."),
    "overlay": ("zjk_gis.cli.analysis.overlay", "Give the rows of one layer the codes of another."),
    "pipes": ("zjk_gis.cli.pipes.command", "Check a network of pipes, trace it, shut off a burst."),
    "plan-cluster": ("zjk_gis.cli.data.plan_cluster", "Say how many workers billions of rows need."),
    "protect": ("zjk_gis.cli.protect.command", "Tell what may not be where, and who decides."),
    "repair": (
        "zjk_gis.cli.analysis.repair",
        "Propose repairs of gaps and overlaps, and make them.",
    ),
    "repeats": ("zjk_gis.cli.analysis.repeats", "List where the same thing happened again."),
    "publish": ("zjk_gis.cli.pictures.publish", "Publish a city as a folder of pages."),
    "rows": ("zjk_gis.cli.analysis.figure_rows", "Print the rows that a figure of a bulletin is made of."),
    "synth": ("zjk_gis.cli.data.synth", "Make a synthetic Zhangjiakou with known faults."),
    "undo": ("zjk_gis.cli.runs.undo", "Undo the last run of a city."),
    "works": ("zjk_gis.cli.analysis.works", "Tell what works cost, and whether they end in time."),
    "warm": ("zjk_gis.cli.data.warm", "Compile the engine before anybody waits for it."),
}


class _LateCommands(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        from importlib import import_module

        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(_COMMANDS[cmd_name][0]).command
        return in_language(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, tr(text).rstrip("。.")) for name, (_, text) in sorted(_COMMANDS.items())]
            )


@click.command(cls=_LateCommands)
@language_option(expose_value=False)
@click.version_option(
    __version__,
    "-V",
    "--version",
    prog_name="zjk-gis",
    message="%(prog)s %(version)s",
    help="Show the version and exit.",
)
def _zjk_gis() -> None:
    """City management on the map: who answers for what, and where nobody does.

    Exit codes: 0 done; 1 done, and `check` found errors or `check-assignment` is not passed; 2 the input
    or the call cannot be used; 3 a defect of this program; 4 another run of the city is at work; 130 stopped
    by the user.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command and leave with an exit code that means something.

    Parameters
    ----------
    arguments : list of str, optional
        By default the process's own.

    Raises
    ------
    SystemExit
        Always, with one of the codes that ``zjk-gis --help`` lists.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a Windows console may not be UTF-8, nor a server with LANG=C
            stream.reconfigure(encoding="utf-8", errors="replace")
    with speaking(language_asked_for(sys.argv[1:] if arguments is None else arguments)), _own_words():
        code = _code_of(arguments)
    raise SystemExit(code)


@contextmanager
def _own_words() -> Iterator[None]:
    """Keep from the reader what libraries say in words of theirs; with ZJK_GIS_DEBUG=1 it is shown."""
    if os.environ.get("ZJK_GIS_DEBUG"):
        yield
        return
    shown, handler, own = warnings.showwarning, logging.NullHandler(), _Remarks(logging.WARNING)
    logging.getLogger().addHandler(handler)  # without any, Python prints to stderr
    logging.getLogger("zjk_gis").addHandler(own)
    warnings.showwarning = lambda *_, **__: None
    try:
        yield
    finally:
        warnings.showwarning = shown
        logging.getLogger().removeHandler(handler)
        logging.getLogger("zjk_gis").removeHandler(own)


class _Remarks(logging.Handler):
    """Prints what this library remarks on."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(f"zjk-gis: {record.getMessage()}", err=True)


def _code_of(arguments: list[str] | None) -> int:
    """Run the command; return its exit code, and say what went wrong."""
    try:
        code = in_language(_zjk_gis).main(arguments, prog_name="zjk-gis", standalone_mode=False)
    except click.ClickException as error:
        click.echo(refusal(error), err=True)
        code = EXIT_BAD_INPUT
    except (click.Abort, KeyboardInterrupt):
        click.echo(tr("zjk-gis: stopped"), err=True)
        code = EXIT_STOPPED
    except ZjkGisError as error:
        click.echo(f"zjk-gis: {_told(error, sys.argv[1:] if arguments is None else arguments)}", err=True)
        code = EXIT_BUSY if isinstance(error, BusyError) else EXIT_BAD_INPUT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:  # the last resort: a user of the command sees no traceback
        if os.environ.get("ZJK_GIS_DEBUG"):
            traceback.print_exc()
        click.echo(f"zjk-gis: {_defect(error)}", err=True)
        code = EXIT_DEFECT
    return code if isinstance(code, int) else 0


def _defect(error: Exception) -> str:
    """Say that the program failed, with the error's own words unless they are those of a library in C."""
    kind = type(error).__name__
    if kind in _FOREIGN:
        return tr(
            "this is a defect of the program, please report it: {kind} (set ZJK_GIS_DEBUG=1 to see where)",
            kind=kind,
        )
    return tr(
        "this is a defect of the program, please report it: {kind}: {error} "
        "(set ZJK_GIS_DEBUG=1 to see where)",
        kind=kind,
        error=error,
    )


def _told(error: ZjkGisError, arguments: Sequence[str]) -> str:
    """Return what the library says in the words of the command that was called."""
    command: click.Command = _zjk_gis
    for word in arguments:
        if isinstance(command, click.Group):
            command = command.get_command(click.Context(command), word) or command
    return str(error) if command is _zjk_gis else in_options(str(error), command, _zjk_gis)
