"""Tables that a spreadsheet will open: text stays text, whatever it begins with."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis._optional import need
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.time_cells import today
from zjk_gis.layers.columns.values import text_of
from zjk_gis.text import display_width
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["HEADER_LOOK", "columns_printed", "guard_formula", "midnight", "set_up_print", "write_csv",
           "write_sheets"]  # fmt: skip

HEADER_LOOK: dict[str, Any] = {
    "bold": True, "bg_color": "#DCE8F2", "font_color": "#0B3D66", "bottom": 2, "bottom_color": "#A9BFD2",
    "valign": "vcenter", "text_wrap": True,
}  # fmt: skip

_SHEET_ROWS, _SHEET_COLUMNS, _CELL_CHARACTERS = 1_048_576, 16_384, 32_767
_EXACT_DIGITS = 10**15
_SHOWN_DIGITS = "0.0#####"  # of what is no whole number; the cell holds all of it
_MEASURED_ROWS, _WIDEST = 100, 50  # for the width of a column
_LINE, _MOST_LINES, _MEASURED = 15, 8, 500  # points a line of wrapped text, and how tall a row grows
_PAGE_WIDTH = 230  # characters that a landscape A4 page holds across and that can still be read
# Excel takes 1900 for a leap year, so earlier days are others elsewhere.
_FIRST_DAY, _DAY_AFTER_LAST = pd.Timestamp("1900-03-01"), pd.Timestamp("9999-12-31")
# A spreadsheet takes a cell that begins so for a formula. Text that has an apostrophe before that already
# gets one more, so that taking one off on reading always gives back what was written.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NEGATIVE = re.compile(r"-(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def guard_formula(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula; negative numbers stay.

    Examples
    --------
    >>> [guard_formula(text) for text in ("=1+1", "-3.5", "-2+3", "@cmd", "桥西", "'=quoted")]
    ["'=1+1", '-3.5', "'-2+3", "'@cmd", '桥西', "''=quoted"]
    """
    if _FORMULA.match(text) and not _NEGATIVE.fullmatch(text):
        return "'" + text
    return text


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as UTF-8 with byte order mark, by which Excel knows it."""
    # RFC 4180's line ends; with others pandas leaves a carriage return within text unquoted.
    guarded(table).to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def guarded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of text in which no cell or heading is a formula; numbers stay numbers."""
    result = pd.DataFrame(index=table.index)
    for at, name in enumerate(table.columns):
        column = table.iloc[:, at]
        if not (
            pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_datetime64_any_dtype(column.dtype)
        ):
            column = column.map(text_of, na_action="ignore").map(guard_formula, na_action="ignore")
        result.insert(at, guard_formula(str(name)), column, allow_duplicates=True)
    return result


def midnight() -> dt.datetime:
    """Return when today began: what a file tells of when it was made, so that a day's files are the same."""
    return dt.datetime.combine(today(), dt.time())


def set_up_print(page: Any, title: str, source: str = "", day: str = "") -> None:
    """Set a sheet up for A4, as wide as the paper; the foot tells title, source, day and page.

    Parameters
    ----------
    page : Worksheet
        Of xlsxwriter.
    title, source, day : str
        Empty where it is not known.
    """
    page.set_landscape()
    page.set_paper(9)
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    page.fit_to_pages(1, 0)
    left, middle = title[:80], "  ·  ".join(filter(None, [source[:60], day[:20]]))
    # a foot holds 255 characters, and & begins its own codes
    told = f"&L{left.replace('&', '&&')}&C{middle.replace('&', '&&')}"
    page.set_footer(f"{told[:240]}&R&P / &N")


def columns_printed(widths: Iterable[float]) -> int:
    """Return how many columns, from the left, a page holds across so that they can be read.

    Examples
    --------
    >>> columns_printed([20, 200, 30]), columns_printed([500, 10])
    (2, 1)
    """
    across, held = 0.0, 0
    for width in widths:
        across += width
        if held and across > _PAGE_WIDTH:
            break
        held += 1
    return held


def write_sheets(tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write one sheet a table, cell by cell: pandas' own writer turns text into formulas and links.

    The first row stays the header, so that other programs read the table; paper repeats it on each page, as
    wide as can be read, with the name of the file and the day at the foot.
    """
    xlsxwriter = need("xlsxwriter", extra="excel", purpose="write a workbook")
    for table in tables.values():
        if len(table) >= _SHEET_ROWS or table.shape[1] > _SHEET_COLUMNS:
            raise InputError(
                tr(
                    "{name}: a sheet holds {rows:,} rows and {columns:,} columns; write .csv",
                    name=path.name,
                    rows=_SHEET_ROWS - 1,
                    columns=_SHEET_COLUMNS,
                )
            )
    book = xlsxwriter.Workbook(str(path))
    book.set_properties({"created": midnight()})
    shown = {True: book.add_format({"num_format": "yyyy-mm-dd"})}
    shown[False] = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    header, wrapped = book.add_format(HEADER_LOOK), book.add_format({"text_wrap": True, "valign": "top"})
    parts = book.add_format({"num_format": _SHOWN_DIGITS})
    for name, table in tables.items():
        page = book.add_worksheet(_sheet_name(name))
        page.freeze_panes(1, 0)
        page.repeat_rows(0)
        set_up_print(page, " · ".join(dict.fromkeys([path.stem, name])), day=f"{midnight():%Y-%m-%d}")
        widths, tall = [], dict[int, int]()
        for at in range(table.shape[1]):
            page.write_string(0, at, str(table.columns[at]), header)
            widths.append(
                _fill(page, at, str(table.columns[at]), table.iloc[:, at], shown, wrapped, parts, path, tall)
            )
        for row, lines in tall.items():
            page.set_row(row, _LINE * min(lines, _MOST_LINES))
        if widths:
            page.print_area(0, 0, len(table), columns_printed(widths) - 1)
            page.autofilter(0, 0, len(table), len(widths) - 1)
            page.ignore_errors({"number_stored_as_text": f"A1:XFD{len(table) + 1}"})
    book.close()


def _fill(
    page: Any,
    at: int,
    name: str,
    column: pd.Series,
    shown: Mapping[bool, Any],
    wrapped: Any,
    parts: Any,
    path: Path,
    tall: dict[int, int],
) -> float:
    """Write the cells of a column, and return how wide it was made; `tall` learns the lines of each row."""
    numeric = pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)
    dates = _exact_dates(column)
    form = shown[bool((dates.dropna().dt.normalize() == dates.dropna()).all())]
    widest = display_width(name[:_WIDEST])
    for row, (value, date) in enumerate(zip(column.tolist(), dates.tolist(), strict=True), start=1):
        text = text_of(value)
        if text is None:
            continue
        if row <= _MEASURED_ROWS:
            widest = max(widest, display_width(text[:_WIDEST]))
        if date is not pd.NaT:
            page.write_datetime(row, at, date.to_pydatetime(), form)
            continue
        if numeric and np.isfinite(value) and abs(value) < _EXACT_DIGITS:
            page.write_number(row, at, value, *([] if float(value).is_integer() else [parts]))
            continue
        if len(text) > _CELL_CHARACTERS:
            raise InputError(
                tr(
                    "{name}: {name_2} of row {row} has {text_count:,} characters, a cell holds "
                    "{cell_characters:,}; write .csv or .gpkg",
                    name=path.name,
                    name_2=name,
                    row=row,
                    text_count=len(text),
                    cell_characters=_CELL_CHARACTERS,
                )
            )
        is_long = (len(text) > _WIDEST // 2 and display_width(text) > _WIDEST) or "\n" in text
        page.write_string(row, at, text, *([wrapped] if is_long else []))
        if is_long:
            lines = sum(max(-(-display_width(part) // _WIDEST), 1) for part in text[:_MEASURED].split("\n"))
            tall[row] = max(tall.get(row, 1), lines)
    if numeric and len(column):  # a number that is wider than its column is shown as ###
        ends = [value for value in (column.min(), column.max()) if np.isfinite(value)]
        widest = max([widest, *(min(display_width(str(text_of(round(value, 6)))), 20) for value in ends)])
    width = float(min(widest, _WIDEST) + 2)
    page.set_column(at, at, width)
    return width


def _exact_dates(column: pd.Series) -> pd.Series:
    """Return the times that a spreadsheet holds to the last digit; the others are written as text."""
    none = pd.Series(pd.NaT, index=column.index, dtype="datetime64[us]")
    if not pd.api.types.is_datetime64_dtype(column.dtype):
        return none
    fit = (column >= _FIRST_DAY) & (column < _DAY_AFTER_LAST) & (column.dt.floor("s") == column)
    return column.astype("datetime64[us]").where(fit, none)


def _sheet_name(name: str) -> str:
    """Make a name that Excel accepts for a sheet."""
    kept = "".join("_" if character in "[]:*?/\\" else character for character in name)
    return kept[:31].strip("'") or "Sheet1"
