"""The page of the policy's clauses: each question's call and command are run on the sample, and shown."""

from __future__ import annotations

import ast
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
from running import run_command

from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.labels import label
from zjk_gis.text import cell_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Clause", "clause_page", "read_clauses"]

PLACES = {
    "CITY": "sample_data/city.gpkg",
    "CASES": "sample_data/incidents.csv",
    "LIMITS": "sample_data/deadlines.csv",
}
MOST_LINES, MOST_ROWS, MOST_COLUMNS = 40, 5, 9

_HEAD = """# 按政策条款查用法

《张家口市关于加强城市精细化管理助力全国文明城市创建工作的意见》（2022 年 3 月 17 日）共三十四条。
下面逐条说明：这一条有什么空间问题，需要哪些图层，用哪个函数、哪条命令回答。
所有结果都是生成本页时在示例城市上实际运行得到的；示例城市的图形、人员和案件全部虚构。

各段代码共用这一段开头（示例城市由 `zjk-gis demo` 或 `zjk-gis synth sample_data` 生成）：

```python
{prelude}
```
"""
PRELUDE = """
import zjk_gis
from zjk_gis import access, assess, pipes, protection

city = zjk_gis.read_city("sample_data/city.gpkg")
incidents = zjk_gis.read_layer("sample_data/incidents.csv", spec="incidents")
day = "2025-12-31"
""".strip()


@dataclass(frozen=True)
class Clause:
    """One clause of the policy: what answers its spatial question, or why it has none."""

    number: str
    title: str
    none: str = ""
    question: str = ""
    layers: tuple[str, ...] = ()
    call: str = ""
    columns: str = ""
    command: str = ""
    exit: int = 0

    @property
    def words(self) -> list[str]:
        """Return the command as a shell would hand it over, with the sample's files in it."""
        return [PLACES.get(word, word) for word in self.command.split()]


def read_clauses(path: Path) -> list[Clause]:
    """Read the table of clauses."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["clause"]
    return [Clause(**{**row, "layers": tuple(row.get("layers", ()))}) for row in rows]


def clause_page(clauses: list[Clause]) -> str:
    """Run every clause, where the sample is, and return the page; raise where one fails."""
    names: dict[str, Any] = {}
    exec(PRELUDE, names)  # noqa: S102  our own few lines, which the page shows
    parts = [_HEAD.format(prelude=PRELUDE), *_contents(clauses)]
    for clause in clauses:
        parts += _section(clause, names)
    return "\n".join(parts) + "\n"


def _contents(clauses: list[Clause]) -> Iterator[str]:
    yield "| 条 | 题目 | 空间问题 |\n|---|---|---|"
    for clause in clauses:
        yield f"| [（{clause.number}）](#c{clause.number}) | {clause.title} | {clause.question or '无'} |"
    yield ""


def _section(clause: Clause, names: dict[str, Any]) -> Iterator[str]:
    yield f"## （{clause.number}）{clause.title} {{ #c{clause.number} }}\n"
    if clause.none:
        yield clause.none + "\n"
        return
    yield f"**问题**：{clause.question}\n"
    yield f"**图层**：{'、'.join(_layer(name) for name in clause.layers)}\n"
    code = clause.call.strip()
    yield f"```python\n{code}\n```\n"
    yield _shown(_answer(clause, code, dict(names)), clause.columns.split()) + "\n"
    yield f"```sh\nzjk-gis {' '.join(clause.words)}\n```\n"
    yield f"```text\n{_printed(clause)}\n```\n"


def _layer(name: str) -> str:
    return f"[{label(name, 'zh')}](layers.zh.md) `{name}`" if name in CATALOGUE else name


def _answer(clause: Clause, code: str, names: dict[str, Any]) -> Any:
    """Run the call, and return what its last line says."""
    *before, last = ast.parse(code).body
    if not isinstance(last, ast.Expr):
        raise TypeError(f"clause {clause.number}: the last line of its call is not an expression")
    try:
        exec(compile(ast.Module(before, []), "<clause>", "exec"), names)  # noqa: S102
        return eval(compile(ast.Expression(last.value), "<clause>", "eval"), names)  # noqa: S307
    except Exception as error:
        raise RuntimeError(f"clause {clause.number}: its call failed: {error}") from error


def _printed(clause: Clause) -> str:
    """Run the command in this process, and return what it printed."""
    code, text = run_command([*clause.words, "--lang", "zh"])
    if code != clause.exit:
        raise RuntimeError(f"clause {clause.number}: zjk-gis {clause.command} left with {code}:\n{text}")
    lines = text.splitlines()
    rest = len(lines) - MOST_LINES
    return "\n".join(lines[:MOST_LINES] + ([f"……另有 {rest} 行"] if rest > 0 else []))


def _shown(value: Any, columns: list[str]) -> str:
    """Show a table as a table, anything else as it prints itself."""
    if isinstance(value, pd.Series):
        value = value.to_frame().reset_index()
    if not isinstance(value, pd.DataFrame):
        return f"```text\n{value!r}\n```"
    every = [name for name in value if str(value[name].dtype) != "geometry"]
    columns = columns or every[:MOST_COLUMNS]
    head = [label(str(name), "zh", unit=True) for name in columns]
    rows = [[_cell(cell) for cell in row] for row in value[columns].head(MOST_ROWS).itertuples(index=False)]
    lines = [_row(head), _row("---" for _ in head), *map(_row, rows)]
    return "\n".join([*lines, "", f"（共 {len(value):,} 行 {len(list(value))} 列）"])


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value == value:  # a number that is there
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    if isinstance(value, pd.Timestamp):
        return str(value).removesuffix(" 00:00:00")
    return label(cell_text(value), "zh")


def _row(cells: Any) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
