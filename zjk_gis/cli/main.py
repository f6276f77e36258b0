"""The entry point: subcommands, languages, errors and exit codes."""

from __future__ import annotations

import itertools
import logging
import os
import sys
import traceback
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from zjk_gis._version import __version__
from zjk_gis.cli.hints import in_options
from zjk_gis.errors import ZjkGisError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["main"]

# Their messages are those of GEOS and GDAL.
_FOREIGN = ("GEOSException", "TopologicalError", "DataSourceError", "DriverError", "CPLE_BaseError")
EXIT_BAD_INPUT, EXIT_DEFECT, EXIT_STOPPED = 2, 3, 130

# Commands are imported when called: `zjk-gis --help` must not wait for geopandas.
_COMMANDS = {
    "accept": ("zjk_gis.cli.analysis.accept", "Accept gaps or overlaps as they are 认可例外."),
    "assign": ("zjk_gis.cli.analysis.assign", "Assign each incident to its zone 案件归属."),
    "audit": ("zjk_gis.cli.analysis.audit", "Prove or refute that everything has someone 责任审计."),
    "catalogue": ("zjk_gis.cli.data.catalogue", "Say what each layer must look like 图层目录."),
    "check": ("zjk_gis.cli.data.check", "Check a layer against what it must look like 检查图层."),
    "check-assignment": ("zjk_gis.cli.analysis.check_assignment", "Check recorded zones 归属核对."),
    "codes": ("zjk_gis.cli.data.codes", "Explain, check and continue codes 编码."),
    "compare": ("zjk_gis.cli.analysis.compare", "Tell what moves when zones are redrawn 责任区调整对比."),
    "coordinates": ("zjk_gis.cli.data.coordinates", "Say what coordinates probably are, and why 判断坐标."),
    "covers": ("zjk_gis.cli.analysis.covers", "Keep a live register of covers 井盖台账."),
    "demo": ("zjk_gis.cli.analysis.demo", "Run the main job on the sample city 演示."),
    "export": ("zjk_gis.cli.data.export_layer", "Write a layer of a workspace to a file 导出图层."),
    "gaps": ("zjk_gis.cli.analysis.gaps", "Find ground that no zone covers or several do 责任空白与重叠."),
    "import": ("zjk_gis.cli.data.import_layers", "Take files and folders into a workspace 导入图层."),
    "layers": ("zjk_gis.cli.data.layers", "List the layers of a workspace and their versions 图层与版本."),
    "map": ("zjk_gis.cli.pictures.draw", "Draw a city and what is wrong with it on one map 出图."),
    "report": ("zjk_gis.cli.pictures.report", "Make a report of any table of indicators 报告."),
    "repair": (
        "zjk_gis.cli.analysis.repair",
        "Propose how gaps and overlaps could be mended, and mend them 修复空白与重叠.",
    ),
    "synth": ("zjk_gis.cli.data.synth", "Make a synthetic Zhangjiakou with known faults 生成模拟城市."),
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
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in sorted(_COMMANDS.items())])


@click.command(cls=_LateCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="zjk-gis")
def _zjk_gis() -> None:
    """City management on the map 城市精细化管理: who answers for what, and where nobody does.

    Exit codes: 0 done; 1 done, and `check` found errors or `check-assignment` is not passed; 2 the input
    or the call cannot be used; 3 a defect of this program; 130 stopped by the user.
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
    with _own_words():
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
    """Run the command; return its exit code."""
    try:
        code = _zjk_gis.main(arguments, prog_name="zjk-gis", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = EXIT_BAD_INPUT
    except (click.Abort, KeyboardInterrupt):
        click.echo("zjk-gis: stopped", err=True)
        code = EXIT_STOPPED
    except ZjkGisError as error:
        click.echo(f"zjk-gis: {_told(error, sys.argv[1:] if arguments is None else arguments)}", err=True)
        code = EXIT_BAD_INPUT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:  # the last resort: a user of the command sees no traceback
        if os.environ.get("ZJK_GIS_DEBUG"):
            traceback.print_exc()
        click.echo(_defect(error, sys.argv[1:] if arguments is None else arguments), err=True)
        code = EXIT_DEFECT
    return code if isinstance(code, int) else 0


def _defect(error: Exception, arguments: Sequence[str]) -> str:
    """Say that the program failed, with the error's own words unless they are those of a library in C."""
    lang = "en" if "--lang=en" in arguments or "en" in _after("--lang", arguments) else "zh"
    what = type(error).__name__
    if what not in _FOREIGN:
        what = f"{what}: {error}"
    if lang == "zh":
        return f"zjk-gis: 程序出错,请报告此问题:{what}(设 ZJK_GIS_DEBUG=1 可看到出错之处)"
    ask = "set ZJK_GIS_DEBUG=1 to see where"
    return f"zjk-gis: this is a defect of the program, please report it: {what} ({ask})"


def _after(option: str, arguments: Sequence[str]) -> list[str]:
    """Return what follows an option."""
    return [value for name, value in itertools.pairwise(arguments) if name == option]


def _told(error: ZjkGisError, arguments: Sequence[str]) -> str:
    """Return what the library says in the words of the command that was called."""
    command = _zjk_gis.get_command(click.Context(_zjk_gis), arguments[0]) if arguments else None
    return str(error) if command is None else in_options(str(error), command, _zjk_gis)
