"""One page that says it all: figures, map, charts and tables in a single file that prints well."""

from __future__ import annotations

import base64
import itertools
from typing import TYPE_CHECKING, Any

from zjk_gis.arguments import checked
from zjk_gis.io.paths import target_file
from zjk_gis.layers.labels import check_language, label
from zjk_gis.maps.offline.saving import PAGES, whole_page
from zjk_gis.reports.columns import columns_of
from zjk_gis.reports.drawing import drawn
from zjk_gis.reports.headlines import headlines
from zjk_gis.reports.page_table import FILTER_FROM, NUMBERS, page_table, table_words
from zjk_gis.reports.pictures import bars_asked_for, drawn_and_said, suggested, undrawn_of
from zjk_gis.reports.places import PLACES_NOTE, picture_bytes, place_links
from zjk_gis.reports.questions import question_of, whole_of
from zjk_gis.reports.shell import rendered, write_rendered
from zjk_gis.reports.telling import plain, told, told_time
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import folium
    import pandas as pd

    from zjk_gis.layers.labels import Language
    from zjk_gis.reports.charts import Chart

__all__ = ["write_page"]

# What stands in the template.
_WORDS = {
    "figures": "Key figures",
    "map": "Map",
    "map_note": "In CGCS2000/WGS84. Once it is clicked, the wheel zooms it.",
    "on_screen": "The live map is on this page when read on a screen.",
    "contents": "Contents",
}


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
    Nothing from the data is taken for markup, and the map runs in a frame that cannot reach the page. Tables
    of six rows and more have a filter: words that a row must hold, and a choice for each column of the
    library's words; it sees the rows that are on the page. Which
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
        own = suggested(name, frame, lang)
        known = {(chart.kind, chart.title) for chart in own}
        more = [chart for sheet, chart in asked if sheet == name and (chart.kind, chart.title) not in known]
        charted, said = drawn_and_said([*own, *more], lang)
        pictures = [_picture(chart, lang, next(numbers)) for chart in charted]
        parts.append(_sheet(f"s{at}", name, frame, pictures, said, most_rows, link, lang))
    told_under = [
        tr("as of {day}", day=as_of, lang=lang) if as_of else "",
        tr("Source: {source}", source=source, lang=lang) if source else "",
        tr("made on {day}", day=told_time(created), lang=lang),
    ]
    image = picture_bytes(picture)
    text = rendered(
        "reports/page.html",
        script="reports/page.js",
        lang=tr("en", lang=lang),
        words={key: tr(sentence, lang=lang) for key, sentence in _WORDS.items()} | table_words(lang),
        title=plain(title or tr("City management: spatial report", lang=lang)),
        told_under=[plain(line) for line in told_under if line],
        figures=headlines(summary, lang),
        told=told,
        numbers=NUMBERS,
        map=None if page_map is None else whole_page(page_map),
        picture="" if image is None else base64.b64encode(image).decode("ascii"),
        note=tr(PLACES_NOTE, lang=lang) if any(part["table"].has_places for part in parts) else "",
        sheets=parts,
        filter_from=FILTER_FROM,
    )
    return write_rendered(target, text)


def _picture(chart: Chart, lang: Language, number: int) -> dict[str, Any]:
    import markupsafe

    return {
        "title": chart.title,
        "note": chart.note,
        "wide": chart.kind in ("heat", "panels"),
        "svg": markupsafe.Markup(drawn(chart, lang, number)),  # noqa: S704  drawn() escapes every text
        "key": (),
    }


def _sheet(
    key: str,
    name: str,
    frame: pd.DataFrame,
    pictures: list[dict[str, Any]],
    said: list[str],
    most: int,
    link: Callable[[float, float], str] | None,
    lang: Language,
) -> dict[str, Any]:
    """Gather what is shown of a table."""
    rest = ""
    if len(frame) > most:
        rest = tr(
            "The first {most:,} rows of {count:,}; all are in the workbook or the layers.",
            most=most,
            count=len(frame),
            lang=lang,
        )
    table = page_table(columns_of(frame, name, lang, most=most), lang, link=link, rest=rest)
    title, question = plain(label(name, lang)), question_of(name, lang)
    return {
        "key": key,
        "title": title,
        "question": question or title,
        "count": tr("{count:,} rows", count=len(frame), lang=lang),
        "whole": whole_of(name, lang),
        "pictures": pictures,
        "sentences": [plain(sentence) for sentence in said],
        "undrawn": (tr("; ", lang=lang)).join(undrawn_of(name, frame, lang)),
        "table": table,
    }
