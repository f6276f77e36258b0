"""The notebooks as pages: run on the sample, each cell with what it answers, maps as pictures.

What a cell shows is what Jupyter would show: the value of its last line and what it printed. The same source
gives the same page: what depends on the machine, such as seconds, stands in cells with the tag ``timed``,
whose answers are left out.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import tempfile
import warnings
from concurrent.futures import ProcessPoolExecutor
from html import escape
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import folium
import jupytext
import pandas as pd

from zjk_gis.maps import print_map

__all__ = ["Notebooks", "notebook_page"]

MOST_ROWS, MOST_COLUMNS, MOST_LINES = 10, 12, 60
DOTS_PER_INCH = 80
WORKERS = 2
_TIMED = "*（本格的结果与机器快慢有关，此处不列。）*"
_PICTURE = "地图（在笔记本中可缩放、点选；此处为其打印图）"


class Notebooks:
    """The pages of all notebooks, made by processes of their own while others are written.

    Parameters
    ----------
    folder : Path
        Of the notebooks.
    sample : Path
        The folder of the sample.
    work : Path
        Where maps are printed before they are moved to their place.
    """

    def __init__(self, folder: Path, sample: Path, work: Path) -> None:
        work.mkdir(parents=True, exist_ok=True)
        self.pool = ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn"))
        self.asked = {
            path.stem: self.pool.submit(notebook_page, path, sample, work)
            for path in sorted(folder.glob("*.py"))
        }

    def pages(self) -> dict[str, str]:
        """Return the pages by the notebooks' names.

        Raises
        ------
        RuntimeError
            If a cell fails.
        """
        try:
            return {name: asked.result() for name, asked in self.asked.items()}
        finally:
            self.pool.shutdown(cancel_futures=True)


def notebook_page(path: Path, sample: Path, pictures: Path) -> str:
    """Run a notebook where the sample is, and return it as a page.

    Parameters
    ----------
    path : Path
        In jupytext's percent format.
    sample : Path
        The folder ``sample_data``.
    pictures : Path
        Where its maps are printed, as ``NAME-1.png`` and so on.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    parts: list[str] = []
    shown = _Shown(path.stem, pictures)
    with contextlib.chdir(sample.parent), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, cell in enumerate(jupytext.read(path).cells, 1):
            if cell.cell_type == "markdown":
                parts.append(cell.source)
                continue
            parts.append(f"```python\n{cell.source}\n```")
            try:
                told = _run(cell.source, names, shown)
            except Exception as error:
                raise RuntimeError(f"{path.name}: cell {number} failed: {error!r}") from error
            parts += [_TIMED] if "timed" in cell.metadata.get("tags", ()) else told
    page = "\n\n".join(parts) + "\n"
    if found := re.search(rf" at 0x[0-9a-f]+|{re.escape(tempfile.gettempdir())}/\S+", page):
        raise RuntimeError(f"{path.name}: shows what differs on each machine: {found[0]}")
    return page


def _run(source: str, names: dict[str, Any], shown: _Shown) -> list[str]:
    """Run a cell; return what it printed and what its last line is worth, as parts of a page."""
    body = ast.parse(source).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    told = io.StringIO()
    value = None
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(io.StringIO()):
        exec(compile(ast.Module(body, []), "<cell>", "exec"), names)  # noqa: S102  our own notebooks
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)  # noqa: S307
    return [*_text(told.getvalue()), *([] if value is None else shown.of(value))]


class _Shown:
    """How the values of a notebook's cells are shown; its maps are numbered."""

    def __init__(self, name: str, pictures: Path) -> None:
        self.name, self.pictures, self.count = name, pictures, 0

    def of(self, value: Any) -> list[str]:
        """Show a value as Jupyter would, a map as a picture."""
        if isinstance(value, folium.Map):
            return [self._map(value)]
        if isinstance(value, pd.Series):
            value = value.to_frame()
        if isinstance(value, pd.DataFrame):
            value = value.drop(columns=[n for n in value if str(value[n].dtype) == "geometry"])
        if hasattr(value, "_repr_html_"):
            with pd.option_context("display.max_rows", MOST_ROWS, "display.max_columns", MOST_COLUMNS):
                told = str(
                    pd.DataFrame._repr_html_(value)
                    if isinstance(value, pd.DataFrame)
                    else value._repr_html_()
                )
            return [f'<div class="answer">\n{_bare(told)}\n</div>']
        return _text(repr(value))

    def _map(self, drawn: folium.Map) -> str:
        self.count += 1
        name = f"{self.name}-{self.count}.png"
        print_map(drawn, self.pictures / name, dpi=DOTS_PER_INCH)
        return f"![{_PICTURE}]({name})"


def _bare(html: str) -> str:
    """Leave out a table's own style, blank lines, at which Markdown would end, and the tempfile's names."""
    html = re.sub(r"<style.*?</style>|<script.*?</script>", "", html, flags=re.DOTALL)
    html = re.sub(r' id="T_\w+"', "", html)  # made by chance
    return _without_places("\n".join(line.strip() for line in html.splitlines() if line.strip()))


def _text(told: str) -> list[str]:
    lines = _without_places(told).strip("\n").splitlines()
    rest = len(lines) - MOST_LINES
    lines = lines[:MOST_LINES] + ([f"……另有 {rest} 行"] if rest > 0 else [])
    return (
        ['<div class="answer"><pre>' + escape("\n".join(lines), quote=False) + "</pre></div>"]
        if lines
        else []
    )


def _without_places(text: str) -> str:
    """Leave out the folders of this machine."""
    passing, here = (
        re.escape(os.fspath(Path(each).resolve())) for each in (tempfile.gettempdir(), Path.cwd())
    )
    return re.sub(rf"(?:{passing}{os.sep}tmp\w{{8}}|{here})/", "", text)
