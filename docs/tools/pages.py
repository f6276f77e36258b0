"""The pages that are made of what is in the package: commands, standards' tables and reference."""

from __future__ import annotations

import csv
import importlib
import inspect
import pkgutil
from importlib.resources import files
from typing import TYPE_CHECKING

import click
from running import run_command

import zjk_gis
from zjk_gis.cli import main as front

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zjk_gis.words import Language

__all__ = ["command_page", "reference_pages", "standards_page"]

MOST_ROWS = 400  # of a table of a standard; the rest is counted
CONFIDENCE = {
    "P": "政策原文",
    "S": "多处一致的资料",
    "M": "一处资料或通行做法",
    "U": "未查明，须自行填写",
    "user": "用户自填",
}


def command_page(lang: Language) -> str:
    """Return the help of every command, in a language."""
    parts = ["# 命令" if lang == "zh" else "# Commands", ""]
    for words in _commands(front._zjk_gis, ()):  # noqa: SLF001  the group itself
        code, text = run_command([*words, "--lang", lang, "--help"])
        if code:
            raise RuntimeError(text)
        parts += [f"## zjk-gis {' '.join(words)}".rstrip(), "", "```text", text, "```", ""]
    return "\n".join(parts)


def _commands(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Name a command and all below it."""
    yield words
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from _commands(inner, (*words, name))


def standards_page() -> str:
    """Return every table of the standards, with the source of each value and how sure it is."""
    parts = [
        "# 标准与参数表",
        "",
        "每个值都有来源（source）和可信程度（confidence）："
        + "；".join(f"`{key}` {text}" for key, text in CONFIDENCE.items())
        + "。自己的表优先：函数的 `tables=`，或环境变量 `ZJK_GIS_TABLES` 所指文件夹中的同名文件。",
        "",
    ]
    for path in sorted(files("zjk_gis.standards").joinpath("tables").iterdir(), key=lambda each: each.name):
        with path.open(encoding="utf-8", newline="") as text:
            head, *rows = csv.reader(text)
        parts += [f"## {path.name.removesuffix('.csv')}", ""]
        parts += _table(head, rows[:MOST_ROWS])
        rest = len(rows) - MOST_ROWS
        parts += [
            "",
            f"……另有 {rest:,} 行，见 `zjk_gis/standards/tables/{path.name}`。" if rest > 0 else "",
            "",
        ]
    return "\n".join(parts)


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    def row(cells: list[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells) + " |"

    return [row(head), row(["---"] * len(head)), *map(row, rows)]


def reference_pages() -> dict[str, str]:
    """Return the reference: one page for each room that has public names, made of its docstrings."""
    rooms = [zjk_gis, *(importlib.import_module(f"zjk_gis.{name}") for name in _rooms())]
    return {room.__name__.removeprefix("zjk_gis."): _room_page(room) for room in rooms}


def _rooms() -> list[str]:
    return [each.name for each in pkgutil.iter_modules(zjk_gis.__path__) if each.ispkg and each.name != "cli"]


def _room_page(room: object) -> str:
    name = room.__name__  # type: ignore[attr-defined]
    parts = [f"# {name}", "", inspect.getdoc(room) or "", ""]
    for public in sorted(getattr(room, "__all__", ())):
        thing = getattr(room, public)
        if not (inspect.isclass(thing) or inspect.isfunction(thing)):
            continue
        path = f"{thing.__module__}.{thing.__qualname__}"
        parts += [
            f"::: {path}",
            "    options:",
            f"      heading: {name}.{public}",
            "      heading_level: 2",
            "",
        ]
    return "\n".join(parts)
