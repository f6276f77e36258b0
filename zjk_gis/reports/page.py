"""One page that says it all: figures, map, charts and tables in a single file that prints well."""

from __future__ import annotations

import datetime as dt
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from zjk_gis.errors import MissingColumnError
from zjk_gis.io.paths import target_file, workshop
from zjk_gis.layers.labels import check_language, label
from zjk_gis.maps.offline import PAGES, whole_page
from zjk_gis.reports.columns import SheetColumn, cell_of, columns_of, title_of

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import folium
    import pandas as pd

    from zjk_gis.layers.labels import Language

__all__ = ["write_page"]

_WORDS = {
    "zh": {
        "title": "城市精细化管理空间分析报告",
        "figures": "主要指标",
        "map": "地图",
        "charts": "图表",
        "nothing": "无",
        "rows": "{:,} 行",
        "rest": "仅列出前 {:,} 行,共 {:,} 行;全部见工作簿或图层。",
        "made": "生成于 {}",
        "note": "经度、纬度为 CGCS2000/WGS84 坐标;面状、线状要素取其内部一点。",
    },
    "en": {
        "title": "City management: spatial report",
        "figures": "Key figures",
        "map": "Map",
        "charts": "Charts",
        "nothing": "none",
        "rows": "{:,} rows",
        "rest": "The first {:,} rows of {:,}; all are in the workbook or the layers.",
        "made": "made on {}",
        "note": "Longitude and latitude are CGCS2000/WGS84; areas and lines show a point in them.",
    },
}
_NUMBERS = ("integer", "number", "measure", "share", "degrees", "year")


def write_page(
    path: str | os.PathLike[str],
    sheets: Mapping[str, pd.DataFrame],
    *,
    summary: Mapping[str, object],
    charts: Sequence[tuple[str, str, str]] = (),
    page_map: folium.Map | None = None,
    most_rows: int = 50,
    lang: Language = "zh",
    title: str | None = None,
    created: dt.datetime | None = None,
) -> Path:
    """Write the answers as one HTML page: key figures, a map, charts, and the first rows of each table.

    Parameters
    ----------
    path : str or path
        An .html file; one of that name is replaced, and only when the new one is complete.
    sheets : mapping of str to DataFrame or GeoDataFrame
        The tables by name, in this order. Names, columns and the library's own words are shown in the
        language asked for; a geometry becomes longitude and latitude. The index is not shown.
    summary : mapping
        The key figures; a mapping inside a mapping is a group of them.
    charts : sequence of (str, str, str)
        Bars to be drawn: the table, the column that names each bar, and the column of its length. The first
        dozen rows are drawn.
    page_map : folium.Map, optional
        Put into the page, with all scripts and styles.
    most_rows : int, default 50
        How many rows of a table are shown.
    lang : {"zh", "en"}, default "zh"
    title : str, optional
    created : datetime, optional
        The time told on the page; by default now.

    Returns
    -------
    Path
        Where it was written. The page asks nothing of any network.

    Raises
    ------
    InputError
        If the path does not end in .html, or the language is unknown.
    MissingColumnError
        If a chart names a table or column that is not there.
    MissingExtraError
        If there is a map, and ``folium-offline`` is not installed (extra ``offline-maps``).
    FileError
        If the file cannot be written.

    Notes
    -----
    Nothing from the data is taken for markup, and the map runs in a frame that cannot reach the page.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> gaps = pd.DataFrame({"gap_code": ["G001"], "area_m2": [1800.0], "kind": ["hole"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_page(pathlib.Path(folder, "report.html"), {"gaps": gaps}, summary={"gaps": 1})
    ...     "空洞" in path.read_text("utf-8")
    True
    """
    check_language(lang)
    target = target_file(path, PAGES)
    words = _WORDS[lang]
    tables = {name: columns_of(frame, name, lang) for name, frame in sheets.items()}
    when = (created or dt.datetime.now()).strftime("%Y-%m-%d %H:%M")
    text = _template().render(
        lang="zh-CN" if lang == "zh" else "en",
        words=words,
        title=title or words["title"],
        subtitle=words["made"].format(when),
        figures=_figures(summary, lang),
        map=None if page_map is None else whole_page(page_map),
        charts=[_chart(tables, *chart, lang) for chart in charts],
        sheets=[_sheet(name, columns, most_rows, lang) for name, columns in tables.items()],
    )
    with workshop(target) as folder:
        made = folder / target.name
        made.write_text(text, encoding="utf-8")
        made.replace(target)
    return target


def _figures(summary: Mapping[str, object], lang: Language) -> list[dict[str, Any]]:
    """Sort the figures into groups of cards: those that stand alone first."""
    from collections.abc import Mapping as Group

    alone: list[tuple[str, str]] = []
    groups = [{"title": "", "cards": alone}]
    for key, value in summary.items():
        if isinstance(value, Group):
            cards = [(title_of(str(name), lang), _told(*cell_of(item, lang))) for name, item in value.items()]
            groups.append({"title": title_of(str(key), lang), "cards": cards})
        else:
            alone.append((title_of(str(key), lang), _told(*cell_of(value, lang))))
    return [group for group in groups if group["cards"]]


def _sheet(name: str, columns: list[SheetColumn], most: int, lang: Language) -> dict[str, Any]:
    count = len(columns[0].cells) if columns else 0
    shown = [[_told(column.kind, cell) for cell in column.cells[:most]] for column in columns]
    words = _WORDS[lang]
    return {
        "title": label(name, lang),
        "count": words["rows"].format(count),
        "heads": [{"title": column.title, "number": column.kind in _NUMBERS} for column in columns],
        "rows": list(zip(*shown, strict=True)),
        "rest": words["rest"].format(most, count) if count > most else "",
    }


def _chart(
    tables: Mapping[str, list[SheetColumn]], sheet: str, names: str, values: str, lang: Language
) -> dict[str, Any]:
    columns = {column.name: column for column in tables.get(sheet, [])}
    for column in (names, values):
        if column not in columns:
            message = f"charts: the table {sheet!r} has no column {column!r}"
            raise MissingColumnError(message)
    bars = [
        (str(name), value)
        for name, value in zip(columns[names].cells, columns[values].cells, strict=True)
        if isinstance(value, int | float)
    ][:12]
    longest = max((abs(value) for _, value in bars), default=0) or 1
    return {
        "title": f"{label(sheet, lang)}:{columns[values].title}",
        "bars": [
            {
                "name": name,
                "percent": f"{100 * abs(value) / longest:.1f}",
                "value": _told(columns[values].kind, value),
            }
            for name, value in bars
        ],
    }


def _told(kind: str, cell: Any) -> str:
    """Write a cell as a reader expects it."""
    if cell is None:
        return ""
    if kind == "share":
        return f"{cell:.1%}"
    if kind == "degrees":
        return f"{cell:.6f}"
    if kind == "measure":
        return f"{cell:,.1f}"
    if kind == "integer":
        return f"{cell:,.0f}"
    if kind == "date":
        return f"{cell:%Y-%m-%d}"
    if kind == "datetime":
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, float):
        return f"{cell:,.3f}".rstrip("0").rstrip(".")
    return str(cell)


@cache
def _template() -> Any:
    import jinja2

    source = files("zjk_gis.reports").joinpath("page.html").read_text("utf-8")
    return jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(source)
