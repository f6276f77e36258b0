"""One sheet a question: the question as a sentence, what it is counted of, then the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.io.spreadsheets import columns_printed
from zjk_gis.layers.columns.coordinates import UNUSABLE_REASONS
from zjk_gis.layers.labels import label
from zjk_gis.reports.columns import blocks_of
from zjk_gis.reports.questions import whole_of
from zjk_gis.reports.workbook.cover import internal
from zjk_gis.reports.workbook.looks import write_cell, write_text
from zjk_gis.text import display_width
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from zjk_gis.layers.labels import Language
    from zjk_gis.reports.columns import SheetColumn
    from zjk_gis.reports.workbook.cover import Listed

__all__ = ["HEADER_ROW", "MOST_COLUMNS", "write_sheet"]

HEADER_ROW = 3  # counted from 0
MOST_COLUMNS = 16_384
_MOST_LINKS = 60_000  # Excel allows 65,530 on a sheet
_HEADER_CHARACTERS = 250
_LINE, _MOST_LINES = 17, 8  # points a line of wrapped text, and how tall a row grows
_MOST_PRINTED, _PRINTED = 100, 40  # a longer table is one of rows: on paper its first page stands for it
_AMOUNTS = ("integer", "number", "measure", "share")
_EQUAL = 1e-12  # a rounded share is no quotient of its cells
_BARS = ("integer", "measure", "number")
_NO_AMOUNTS = ("from_m", "to_m", "rank", "level")  # where on a road, in an order, in a hierarchy
_MOST_BARS = 2  # columns of amounts that get bars: more would be noise
_MOST_COLOURED = 5000  # rows: in a longer table nobody compares bars
_WARNED = ("nobody", "none", "overloaded", "out_of_reach", *UNUSABLE_REASONS)
_DOUBTED = ("several", "idle", "fallback", "overlap", "shared_border")


def write_sheet(
    page: Any,
    frame: pd.DataFrame,
    listed: Listed,
    cover: str,
    link: Callable[[float, float], str] | None,
    lang: Language,
    looks: dict[str, Any],
) -> None:
    """Write a table row by row, some thousands at a time, as a workbook that keeps little in memory must be.

    Parameters
    ----------
    page : Worksheet
    frame : DataFrame
    listed : Listed
        Which rows of which table these are.
    cover : str
        The sheet to which a link leads back.
    link : callable, optional
        From longitude and latitude to where the map shows it.
    lang : {"zh", "en"}
    looks : dict
        The formats; see `make_looks`.
    """
    last, printed = HEADER_ROW, min(listed.rows, _PRINTED if _is_long(listed) else listed.rows)
    columns: list[SheetColumn] = []
    places: list[int] = []
    ratios: _Ratios | None = None
    for number, block in enumerate(blocks_of(frame, listed.key, lang)):
        if number == 0:
            columns = block
            found = {column.name: at for at, column in enumerate(block) if column.kind == "degrees"}
            both = [found[name] for name in ("longitude", "latitude") if name in found]
            places = both if link is not None and len(both) == 2 else []
            _write_head(page, listed, columns, cover, bool(places), lang, looks)
            ratios = _ratios(frame, columns)
        kinds = [column.kind for column in block]
        widths = [column.width for column in columns]
        for cells in zip(*(column.cells for column in block), strict=True):
            last += 1
            lines = max(map(_lines_of, cells, widths), default=1)
            if lines > 1:
                page.set_row(last, _LINE * min(lines, _MOST_LINES))
            for at, cell in enumerate(cells):
                if ratios is not None and at == ratios.at and ratios.holds[last - HEADER_ROW - 1]:
                    page.write_formula(last, at, ratios.formula(last), looks["exact_share"], cell)
                else:
                    write_cell(page, last, at, kinds[at], cell, looks)
            if places and link is not None and last - HEADER_ROW <= _MOST_LINKS:
                lon, lat = (cells[at] for at in places)
                if lon is not None and lat is not None:
                    page.write_url(
                        last, len(cells), _address(link(lon, lat), tr("see map", lang=lang)), looks["link"]
                    )
    if last == HEADER_ROW:
        page.write_string(HEADER_ROW + 1, 0, tr("none", lang=lang), looks["note"])
    if columns:
        width = len(columns) + bool(places)
        page.autofilter(HEADER_ROW, 0, last, width - 1)
        page.print_area(
            0, 0, HEADER_ROW + max(printed, 1), min(width, _columns_printed(columns) + bool(places)) - 1
        )
        # Codes are text on purpose: without this, each gets a green triangle.
        page.ignore_errors({"number_stored_as_text": f"A1:XFD{last + 1}"})
        _colour(page, frame, columns, last, lang, looks)


@dataclass(frozen=True, slots=True)
class _Ratios:
    """Where a column ``value`` is a share, the quotient of two other columns.

    Attributes
    ----------
    at, top, base : int
        The columns of value, numerator and denominator.
    holds : ndarray of bool
        Which rows are such.
    """

    at: int
    top: int
    base: int
    holds: NDArray[np.bool_]

    def formula(self, row: int) -> str:
        """Return the formula of the quotient: of cells alone, never of what they hold."""
        from xlsxwriter.utility import xl_rowcol_to_cell

        return f"={xl_rowcol_to_cell(row, self.top)}/{xl_rowcol_to_cell(row, self.base)}"


def _ratios(frame: pd.DataFrame, columns: list[SheetColumn]) -> _Ratios | None:
    """Tell which rows have a share that is their numerator by their denominator; None where none has."""
    places = {column.name: at for at, column in enumerate(columns)}
    wanted = ("value", "numerator", "denominator")
    if not all(name in places and columns[places[name]].kind in _AMOUNTS for name in wanted):
        return None
    value, top, base = (frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in wanted)
    with np.errstate(divide="ignore", invalid="ignore"):
        holds = (base > 0) & (value >= 0) & (value <= 1) & (np.abs(top / base - value) < _EQUAL)
    at, above, below = (places[name] for name in wanted)
    return _Ratios(at, above, below, holds) if holds.any() else None


def _address(place: str, text: str) -> Any:
    """Return a link to a place on a page beside the workbook."""
    from xlsxwriter.url import Url

    name, _, where = place.partition("#")
    address = Url(f"external:{name}")
    address._text = text  # noqa: SLF001  there is no other door for either
    address._anchor = where  # noqa: SLF001  given with the name, its slashes would be turned around
    return address


def _lines_of(cell: object, width: float) -> int:
    """Count the lines that wrapped text takes."""
    if not isinstance(cell, str) or (2 * len(cell) <= width and "\n" not in cell):
        return 1
    parts = cell[: int(width) * _MOST_LINES].split("\n")
    return sum(max(-(-display_width(part) // max(int(width) - 1, 1)), 1) for part in parts)


def _write_head(
    page: Any,
    listed: Listed,
    columns: list[SheetColumn],
    cover: str,
    has_links: bool,
    lang: Language,
    looks: dict[str, Any],
) -> None:
    """Write what stands above the rows, and keep it in view."""
    for at, column in enumerate(columns):
        page.set_column(at, at, column.width)
    page.set_row(0, 28)
    write_text(page, 0, 0, listed.question, "question", looks)
    rows = tr("{count:,} rows", count=listed.rows, lang=lang)
    if listed.start:
        rows = tr(
            "rows {first:,} to {last:,}",
            first=listed.start + 1,
            last=listed.start + listed.rows,
            lang=lang,
        )
    told = [rows, _printed_of(listed, columns, lang), whole_of(listed.key, lang), *listed.notes]
    write_text(page, 1, 0, "  ·  ".join(filter(None, told)), "note", looks)
    page.write_url(2, 0, internal(cover), looks["link"], tr("← {sheet}", sheet=cover, lang=lang))
    page.set_row(HEADER_ROW, 34)
    titles = [column.title for column in columns] + ([tr("place", lang=lang)] if has_links else [])
    for at, title in enumerate(titles):
        write_text(page, HEADER_ROW, at, title[:_HEADER_CHARACTERS], "header", looks)
    wide_table = len(columns) > 8 and columns[0].kind in ("code", "text") and columns[0].width <= 30
    page.freeze_panes(HEADER_ROW + 1, 1 if wide_table else 0)
    page.repeat_rows(HEADER_ROW)


def _is_long(listed: Listed) -> bool:
    """Tell whether a sheet holds rows to be filtered on the screen rather than findings to be read."""
    return listed.rows > _MOST_PRINTED or listed.start > 0


def _columns_printed(columns: Sequence[SheetColumn]) -> int:
    """Return how many columns, from the left, a page holds across."""
    return columns_printed(column.width for column in columns)


def _printed_of(listed: Listed, columns: Sequence[SheetColumn], lang: Language) -> str:
    """Say what of a sheet is printed, where that is not all; empty where it is."""
    held = _columns_printed(columns)
    if _is_long(listed) and held < len(columns):
        return tr(
            "printed: the first {rows:,} rows, {columns} of {count} columns; the rest is for the screen",
            rows=min(_PRINTED, listed.rows),
            columns=held,
            count=len(columns),
            lang=lang,
        )
    if _is_long(listed):
        return tr(
            "printed: the first {rows:,} rows; the rest is for the screen",
            rows=min(_PRINTED, listed.rows),
            lang=lang,
        )
    if held < len(columns):
        return tr(
            "printed: {columns} of {count} columns; the rest is for the screen",
            columns=held,
            count=len(columns),
            lang=lang,
        )
    return ""


def _differ(frame: pd.DataFrame, column: SheetColumn) -> bool:
    rows = frame.loc[:, frame.columns == column.name]
    return len(rows.drop_duplicates()) > 1


def _colour(
    page: Any,
    frame: pd.DataFrame,
    columns: list[SheetColumn],
    last: int,
    lang: Language,
    looks: dict[str, Any],
) -> None:
    """Draw bars behind amounts and shares, and mark words that ask for action: all can be read without.

    Where all rows have one amount, bars would compare nothing.
    """
    first = HEADER_ROW + 1
    if last <= first or last > _MOST_COLOURED:
        return
    one_unit = not any(column.name in ("unit", "value_unit") for column in columns)
    amounts = [
        at
        for at, column in enumerate(columns)
        if column.kind in _BARS and one_unit and _differ(frame, column) and column.name not in _NO_AMOUNTS
    ][:_MOST_BARS]
    for at, column in enumerate(columns):
        if (column.kind == "share" and _differ(frame, column)) or at in amounts:
            ends = {"min_type": "num", "min_value": 0}
            ends |= {"max_type": "num", "max_value": 1} if column.kind == "share" else {}
            page.conditional_format(
                first, at, last, at,
                {"type": "data_bar", "bar_color": "#9CC7E4", "bar_solid": True, "data_bar_2010": True}
                | ends,
            )  # fmt: skip
        if column.is_word:
            for keys, look in ((_WARNED, "warned"), (_DOUBTED, "doubted")):
                for word in dict.fromkeys(label(key, lang) for key in keys):
                    page.conditional_format(
                        first, at, last, at,
                        {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": looks[look]},
                    )  # fmt: skip
