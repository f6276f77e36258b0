"""One page that says it all: figures, map, charts and tables in a single file that prints well."""

from __future__ import annotations

import base64
import itertools
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from zjk_gis.arguments import checked
from zjk_gis.io.paths import target_file, workshop
from zjk_gis.layers.labels import check_language, label
from zjk_gis.maps.offline.saving import PAGES, whole_page
from zjk_gis.reports.columns import columns_of
from zjk_gis.reports.drawing import drawn
from zjk_gis.reports.headlines import headlines
from zjk_gis.reports.pictures import bars_asked_for, charts_of, undrawn_of
from zjk_gis.reports.places import PLACES_NOTE, picture_bytes, place_links
from zjk_gis.reports.questions import question_of, whole_of
from zjk_gis.reports.telling import plain, told, told_time
from zjk_gis.text import display_width
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import folium
    import pandas as pd

    from zjk_gis.layers.labels import Language
    from zjk_gis.reports.charts import Chart
    from zjk_gis.reports.columns import SheetColumn

__all__ = ["write_page"]

# What stands in the template.
_WORDS = {
    "figures": "Key figures",
    "map": "Map",
    "map_note": "In CGCS2000/WGS84.",
    "on_screen": "The live map is on this page when read on a screen.",
    "contents": "Contents",
    "nothing": "none",
    "place": "place",
    "show": "see map",
}
_NUMBERS = ("integer", "number", "measure", "share", "degrees", "year")
_MOST_COLUMNS = 14  # what a landscape page holds and can be read
_WIDE_FROM = 10
_PLACES = ("longitude", "latitude", "经度", "纬度", "lon", "lat")
_MOST_CHARACTERS = 300
_SHORT_TO, _LONG_FROM = 14, 28  # columns of text that are not broken, and that are broken anywhere


@checked
def write_page(
    sheets: Mapping[str, pd.DataFrame],
    path: str | os.PathLike[str],
    *,
    summary: Mapping[str, object] | pd.DataFrame,
    charts: Sequence[tuple[str, str, str]] = (),
    page_map: folium.Map | None = None,
    picture: bytes | str | os.PathLike[str] | None = None,
    map_file: str | None = None,
    most_rows: int = 50,
    source: str = "",
    as_of: str | dt.date | None = None,
    lang: Language = "zh",
    title: str | None = None,
    created: dt.datetime | None = None,
) -> Path:
    """Write the answers as one HTML page that prints well: key figures, a map, charts, and tables.

    Parameters
    ----------
    sheets : mapping of str to DataFrame or GeoDataFrame
        The tables by name, in this order. Names, columns and the library's own words are shown in the
        language asked for; a geometry becomes longitude and latitude. The index is not shown.
    path : str or path
        An .html file; one of that name is replaced, and only when the new one is complete.
    summary : mapping or DataFrame
        The key figures; a mapping inside a mapping is a group of them. A table with ``measure``, ``value``
        and ``whole``, such as the figures of an audit, shows each with its denominator.
    charts : sequence of (str, str, str)
        Bars to be drawn beside the charts that each table suggests: the table, the column that names each
        bar, and the column of its length. The longest dozen are drawn.
    page_map : folium.Map, optional
        Put into the page, with all scripts and styles.
    picture : bytes or path, optional
        A PNG of the map, such as `print_map` makes. On paper it stands for the live map.
    map_file : str, optional
        The page of a map beside this one, such as ``audit.html``: rows with a place then link to it there.
    most_rows : int, default 50
        How many rows of a table are shown.
    source : str, optional
        Where the data come from, told under the title.
    as_of : date or str, optional
        The day that the figures hold for.
    lang : {"zh", "en"}, default "zh"
    title : str, optional
    created : datetime, optional
        The time told on the page; by default the day. With the same one, the same answers give the same
        bytes.

    Returns
    -------
    Path
        Where it was written. The page asks nothing of any network.

    Raises
    ------
    InputError
        If the path does not end in .html, the language is unknown, the picture is no PNG, or the map's file
        is no plain name of a page.
    MissingColumnError
        If a chart names a table or column that is not there.
    MissingExtraError
        If there is a map, and ``folium-offline`` is not installed (extra ``offline-maps``).
    FileError
        If the file cannot be written.

    Notes
    -----
    Nothing from the data is taken for markup, and the map runs in a frame that cannot reach the page. Which
    charts a table gets is told from its columns; text of more than 300 characters is cut and says so, and of
    wide tables the first 14 columns are shown.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> gaps = pd.DataFrame({"gap_code": ["G001"], "area_m2": [1800.0], "kind": ["hole"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_page({"gaps": gaps}, pathlib.Path(folder, "report.html"), summary={"gaps": 1})
    ...     "空洞" in path.read_text("utf-8")
    True
    """
    check_language(lang)
    target = target_file(path, PAGES)
    asked = [(chart[0], bars_asked_for(sheets, chart, lang)) for chart in charts]
    link = place_links(map_file)
    numbers = itertools.count(1)
    parts = []
    for at, (name, frame) in enumerate(sheets.items(), start=1):
        suggested = charts_of(name, frame, lang)
        known = {(chart.kind, chart.title) for chart in suggested}
        more = [chart for sheet, chart in asked if sheet == name and (chart.kind, chart.title) not in known]
        pictures = [_picture(chart, lang, next(numbers)) for chart in [*suggested, *more]]
        parts.append(_sheet(f"s{at}", name, frame, pictures, most_rows, link, lang))
    told_under = [
        tr("as of {day}", day=as_of, lang=lang) if as_of else "",
        tr("Source: {source}", source=source, lang=lang) if source else "",
        tr("made on {day}", day=told_time(created), lang=lang),
    ]
    image = picture_bytes(picture)
    text = _template().render(
        lang=tr("en", lang=lang),
        words={key: tr(sentence, lang=lang) for key, sentence in _WORDS.items()},
        title=plain(title or tr("City management: spatial report", lang=lang)),
        told_under=[plain(line) for line in told_under if line],
        figures=headlines(summary, lang),
        told=told,
        numbers=_NUMBERS,
        map=None if page_map is None else whole_page(page_map),
        picture="" if image is None else base64.b64encode(image).decode("ascii"),
        note=tr(PLACES_NOTE, lang=lang) if any(part["has_places"] for part in parts) else "",
        sheets=parts,
    )
    with workshop(target) as folder:
        made = folder / target.name
        made.write_text(text, encoding="utf-8")
        made.replace(target)
    return target


def _picture(chart: Chart, lang: Language, number: int) -> dict[str, Any]:
    import markupsafe

    return {
        "title": chart.title,
        "note": chart.note,
        "wide": chart.kind in ("heat", "panels"),
        "svg": markupsafe.Markup(drawn(chart, lang, number)),  # noqa: S704  drawn() escapes every text
    }


def _sheet(
    key: str,
    name: str,
    frame: pd.DataFrame,
    pictures: list[dict[str, Any]],
    most: int,
    link: Callable[[float, float], str] | None,
    lang: Language,
) -> dict[str, Any]:
    """Gather what is shown of a table."""
    columns = columns_of(frame, name, lang, most=most)
    links = list(_links(columns, link))
    shown, left_out = _fitting(columns)
    cells = [[_told(column.kind, cell, lang) for cell in column.cells] for column in shown]
    title, question = plain(label(name, lang)), question_of(name, lang)
    rest = []
    if len(frame) > most:
        rest.append(
            tr(
                "The first {most:,} rows of {count:,}; all are in the workbook or the layers.",
                most=most,
                count=len(frame),
                lang=lang,
            )
        )
    if left_out:
        rest.append(tr("{count} more columns are in the workbook or the layers.", count=left_out, lang=lang))
    return {
        "key": key,
        "title": title,
        "question": question or title,
        "count": tr("{count:,} rows", count=len(frame), lang=lang),
        "whole": whole_of(name, lang),
        "pictures": pictures,
        "undrawn": (tr("; ", lang=lang)).join(undrawn_of(name, frame, lang)),
        "heads": [
            {"title": column.title, "look": _look(column, texts)}
            for column, texts in zip(shown, cells, strict=True)
        ],
        "rows": list(zip(*cells, strict=True)),
        "links": links,
        "has_places": any(column.kind == "degrees" for column in shown),
        "wide": len(shown) >= _WIDE_FROM,
        "rest": " ".join(rest),
    }


def _look(column: SheetColumn, texts: list[str]) -> str:
    """Numbers to the right, and long text broken wherever it must."""
    if column.kind in _NUMBERS:
        return "n"
    if column.kind in ("date", "datetime"):
        return "short"
    widest = max((display_width(text) for text in texts), default=0)
    return "long" if widest > _LONG_FROM else "short" if widest <= _SHORT_TO else ""


def _fitting(columns: list[SheetColumn]) -> tuple[list[SheetColumn], int]:
    """Choose the columns that a page can hold, leaving out those without any value first."""
    if len(columns) <= _MOST_COLUMNS:
        return columns, 0
    filled = [column for column in columns if any(cell is not None for cell in column.cells)]
    # Codes and answers first, coordinates last; shown in the table's own order.
    ranked = sorted(filled, key=lambda c: (c.name in _PLACES, not (c.is_word or c.kind == "code")))
    kept = {id(column) for column in ranked[:_MOST_COLUMNS]}
    shown = [column for column in columns if id(column) in kept]
    return shown, len(columns) - len(shown)


def _links(columns: list[SheetColumn], link: Callable[[float, float], str] | None) -> Iterator[str]:
    """Yield for each row where the map shows it; nothing where there is no map or the table has no places."""
    places = {column.name: column.cells for column in columns if column.kind == "degrees"}
    if link is None or not {"longitude", "latitude"} <= set(places):
        return
    for lon, lat in zip(places["longitude"], places["latitude"], strict=True):
        yield "" if lon is None or lat is None else link(lon, lat)


def _told(kind: str, cell: Any, lang: Language) -> str:
    if cell is None and kind in _NUMBERS:
        return "—"  # no data, and not nothing
    text = told(kind, cell)
    if len(text) > _MOST_CHARACTERS:
        return text[:_MOST_CHARACTERS] + tr("… ({count:,} characters)", count=len(text), lang=lang)
    return text


@cache
def _template() -> Any:
    import jinja2

    source = files("zjk_gis.reports").joinpath("page.html").read_text("utf-8")
    return jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(source)
