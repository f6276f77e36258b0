"""A table as a page shows it: what is in each cell, how wide a column is, where a row leads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zjk_gis.reports.telling import told
from zjk_gis.text import display_width
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zjk_gis.layers.labels import Language
    from zjk_gis.reports.columns import SheetColumn

__all__ = ["FILTER_FROM", "NUMBERS", "PLACES", "PageTable", "page_table", "table_words"]

FILTER_FROM = 6  # rows; fewer are seen at a glance
NUMBERS = ("integer", "number", "measure", "share", "degrees", "year")
PLACES = ("longitude", "latitude", "经度", "纬度", "lon", "lat")

_MOST_COLUMNS = 14  # what a landscape page holds and can be read
_WIDE_FROM = 10
_MOST_CHARACTERS = 300
_SHORT_TO, _LONG_FROM = 14, 28  # columns of text that are not broken, and that are broken anywhere
_NARROWEST, _WIDEST = 3, 16  # characters of Chinese across that a column is given at least
_WORDS = {
    "filter": "Filter",
    "filter_how": "words, with spaces between; Esc clears",
    "all": "all values",
    "no_row": "No row fits",
    "nothing": "none",
    "place": "place",
    "show": "see map",
}


@dataclass(frozen=True, slots=True)
class PageTable:
    """What a page shows of a table.

    Attributes
    ----------
    heads : list of dict
        Of each column: ``title``, ``look``, ``width`` and ``words`` (whether it holds the library's words).
    rows : list of sequence of str
    links : list of str
        For each row where a map shows it; empty where there is no map.
    rest : str
        What is left out, and where it is.
    has_places, wide : bool
        Whether it tells coordinates, and whether it needs a sheet on its side.
    hrefs : dict of int to list of str
        By the place of a column: where its cells lead.
    anchors : list of str
        Of each row, to be led to.
    """

    heads: list[dict[str, Any]]
    rows: list[tuple[str, ...]]
    links: list[str]
    rest: str = ""
    has_places: bool = False
    wide: bool = False
    hrefs: dict[int, list[str]] = field(default_factory=dict)
    anchors: list[str] = field(default_factory=list)


def table_words(lang: Language) -> dict[str, str]:
    """Return the words around the rows of a table."""
    return {key: tr(sentence, lang=lang) for key, sentence in _WORDS.items()}


def page_table(
    columns: list[SheetColumn],
    lang: Language,
    *,
    link: Callable[[float, float], str] | None = None,
    rest: str = "",
    hides_places: bool = False,
) -> PageTable:
    """Lay out the columns of a table; of many the fullest are kept.

    Parameters
    ----------
    columns : list of SheetColumn
        See `columns_of`; the rows that are in them are shown.
    lang : {"zh", "en"}
    link : callable, optional
        From longitude and latitude to an address; see `place_links`.
    rest : str
        What is said of the rows that are not shown.
    hides_places : bool, default False
        Leave out the coordinates, to which links lead.
    """
    shown, left_out = _fitting([each for each in columns if not (hides_places and each.kind == "degrees")])
    cells = [[_told(column.kind, cell, lang) for cell in column.cells] for column in shown]
    more = tr("{count} more columns are in the workbook or the layers.", count=left_out, lang=lang)
    return PageTable(
        [
            {
                "title": column.title,
                "look": _look(column, texts),
                "width": _room(texts),
                "words": column.is_word,
            }
            for column, texts in zip(shown, cells, strict=True)
        ],
        list(zip(*cells, strict=True)),
        list(_links(columns, link)),
        " ".join([*([rest] if rest else []), *([more] if left_out else [])]),
        any(column.kind == "degrees" for column in shown),
        len(shown) >= _WIDE_FROM,
    )


def _look(column: SheetColumn, texts: list[str]) -> str:
    """Numbers to the right, and long text broken wherever it must."""
    if column.kind in NUMBERS:
        return "n"
    if column.kind in ("date", "datetime"):
        return "short"
    widest = max((display_width(text) for text in texts), default=0)
    return "long" if widest > _LONG_FROM else "short" if widest <= _SHORT_TO else ""


def _room(texts: list[str]) -> int:
    """Return how many Chinese characters across a column needs, so that none is a tower of two."""
    widest = max((display_width(text) for text in texts), default=0)
    return min(max(-(-widest // 2), _NARROWEST), _WIDEST)


def _fitting(columns: list[SheetColumn]) -> tuple[list[SheetColumn], int]:
    """Choose the columns that a page can hold, leaving out those without any value first."""
    if len(columns) <= _MOST_COLUMNS:
        return columns, 0
    filled = [column for column in columns if any(cell is not None for cell in column.cells)]
    # Codes and answers first, coordinates last; shown in the table's own order.
    ranked = sorted(filled, key=lambda c: (c.name in PLACES, not (c.is_word or c.kind == "code")))
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
    if cell is None and kind in NUMBERS:
        return "—"  # no data, and not nothing
    text = told(kind, cell)
    if len(text) > _MOST_CHARACTERS:
        return text[:_MOST_CHARACTERS] + tr("… ({count:,} characters)", count=len(text), lang=lang)
    return text
