"""Tables that a spreadsheet will open: text stays text, whatever it begins with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis._optional import need
from zjk_gis.errors import InputError
from zjk_gis.layers.values import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["guard_formula", "write_csv", "write_sheets"]

_SHEET_ROWS, _SHEET_COLUMNS, _CELL_CHARACTERS = 1_048_576, 16_384, 32_767
_EXACT_DIGITS = 10**15
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


def write_sheets(tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write one sheet a table, cell by cell: pandas' own writer turns text into formulas and links."""
    xlsxwriter = need("xlsxwriter", extra="excel", purpose="write a workbook")
    for table in tables.values():
        if len(table) >= _SHEET_ROWS or table.shape[1] > _SHEET_COLUMNS:
            most = f"{_SHEET_ROWS - 1:,} rows and {_SHEET_COLUMNS:,} columns"
            message = f"{path.name}: a sheet holds {most}; write .csv"
            raise InputError(message)
    book = xlsxwriter.Workbook(str(path))
    for name, table in tables.items():
        page = book.add_worksheet(_sheet_name(name))
        page.freeze_panes(1, 0)
        _fill(page, table, path)
    book.close()


def _fill(page: Any, table: pd.DataFrame, path: Path) -> None:
    for at in range(table.shape[1]):
        column = table.iloc[:, at]
        page.write_string(0, at, str(table.columns[at]))
        numeric = pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)
        for row, value in enumerate(column.tolist(), start=1):
            text = text_of(value)
            if text is None:
                continue
            if numeric and np.isfinite(value) and abs(value) < _EXACT_DIGITS:
                page.write_number(row, at, value)
                continue
            if len(text) > _CELL_CHARACTERS:
                message = (
                    f"{path.name}: {table.columns[at]} of row {row} has {len(text):,} characters, a cell "
                    f"holds {_CELL_CHARACTERS:,}; write .csv or .gpkg"
                )
                raise InputError(message)
            page.write_string(row, at, text)


def _sheet_name(name: str) -> str:
    """Make a name that Excel accepts for a sheet."""
    kept = "".join("_" if character in "[]:*?/\\" else character for character in name)
    return kept[:31].strip("'") or "Sheet1"
