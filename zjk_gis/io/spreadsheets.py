"""Tables that a spreadsheet will open: text stays text, whatever it begins with."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis._optional import need
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.values import text_of
from zjk_gis.text import display_width
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["guard_formula", "midnight", "write_csv", "write_sheets"]

_SHEET_ROWS, _SHEET_COLUMNS, _CELL_CHARACTERS = 1_048_576, 16_384, 32_767
_EXACT_DIGITS = 10**15
_MEASURED_ROWS, _WIDEST = 100, 50  # for the width of a column
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
    return dt.datetime.combine(dt.date.today(), dt.time())


def write_sheets(tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write one sheet a table, cell by cell: pandas' own writer turns text into formulas and links."""
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
    for name, table in tables.items():
        page = book.add_worksheet(_sheet_name(name))
        page.freeze_panes(1, 0)
        for at in range(table.shape[1]):
            _fill(page, at, str(table.columns[at]), table.iloc[:, at], shown, path)
    book.close()


def _fill(page: Any, at: int, name: str, column: pd.Series, shown: Mapping[bool, Any], path: Path) -> None:
    page.write_string(0, at, name)
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
            page.write_number(row, at, value)
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
        page.write_string(row, at, text)
    page.set_column(at, at, min(widest, _WIDEST) + 2)


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
