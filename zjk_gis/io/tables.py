"""Tables: text files and workbooks, every cell as text until somebody says what it is.

A code that passes through a number loses its zeros, a date its order, so nothing is turned here.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

import pandas as pd

from zjk_gis._optional import need
from zjk_gis.errors import FileError
from zjk_gis.io.encoding import decode_text
from zjk_gis.io.paths import blamed_on

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_text_table", "read_workbook", "sheet_names"]

_DELIMITERS = ",;\t|"
_MOST_UNPACKED_BYTES = 2**31  # a workbook that unpacks to more is a bomb, not a table
_EXACT_DIGITS = 1e15
# What `zjk_gis.io.spreadsheets.guard_formula` put an apostrophe before.
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def read_text_table(path: Path, report: dict[str, Any]) -> pd.DataFrame:
    """Read a .csv, .tsv or .txt file; encoding and delimiter are found from the content.

    Parameters
    ----------
    path : Path
    report : dict
        Told the encoding and the delimiter.

    Returns
    -------
    DataFrame
        Of str; empty cells are missing. The apostrophe before a guarded formula is taken off again.

    Raises
    ------
    FileError
        If it cannot be decoded or is no table.
    """
    with blamed_on(path):
        content = path.read_bytes()
    text, encoding = decode_text(content, path)
    if "\x00" in text:
        message = f"{path}: holds NUL characters and is no text; export it again"
        raise FileError(message)
    delimiter = _sniff_delimiter(text)
    report |= {"encoding": encoding.name, "encoding_found": encoding.found, "delimiter": delimiter}
    if not encoding.sure:
        report["remarks"].append(f"{path.name}: read as {encoding.name} ({encoding.found})")
    with blamed_on(path):
        cells = pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            header=None,
            dtype=str,
            na_filter=False,
            index_col=False,
            skip_blank_lines=True,
        )
    if "'" in text:
        cells = cells.map(lambda cell: cell[1:] if _GUARDED.match(cell) else cell)
    return _with_header(cells, path, report)


def sheet_names(path: Path) -> list[str]:
    """Return the names of a workbook's sheets that hold anything.

    Raises
    ------
    FileError
        If it cannot be read.
    MissingExtraError
        If python-calamine is not installed.
    """
    with blamed_on(path):
        book = _open_workbook(path)
        sheets = [sheet.name for sheet in book.sheets_metadata if "Work" in str(sheet.typ)]
        return [name for name in sheets if _rows_of(book, name)]


def read_workbook(path: Path, sheet: str, report: dict[str, Any]) -> pd.DataFrame:
    """Read one sheet of a workbook; numbers and dates become the text a person would see.

    Parameters
    ----------
    path : Path
    sheet : str
    report : dict
        Told the rows above the header that were passed over, and the cells whose long numbers have lost
        digits.

    Returns
    -------
    DataFrame
        Of str; empty cells are missing.

    Raises
    ------
    FileError
        If it cannot be read.
    """
    with blamed_on(path):
        rows = _rows_of(_open_workbook(path), sheet)
    filled = [sum(cell != "" for cell in row) for row in rows]
    # A title above the table fills one cell, perhaps merged over all columns.
    skipped = (
        next((at for at, count in enumerate(filled) if count > 1), 0) if max(filled, default=0) > 1 else 0
    )
    if skipped:
        report["remarks"].append(
            f"{path.name}: the header is row {skipped + 1}; the title above was passed over"
        )
    rows = [row for row, count in zip(rows[skipped:], filled[skipped:], strict=True) if count]
    lossy = sum(isinstance(cell, float) and abs(cell) >= _EXACT_DIGITS for row in rows for cell in row)
    if lossy:
        report["remarks"].append(
            f"{path.name}: {lossy} cells hold numbers of more than 15 digits, the last of which Excel has "
            "lost; codes must be stored as text"
        )
    report |= {"sheet": sheet, "lossy_numbers": lossy}
    return _with_header(pd.DataFrame([[_cell_text(cell) for cell in row] for row in rows]), path, report)


def _sniff_delimiter(text: str) -> str:
    """Return the delimiter of the first line: the one that occurs most outside quotes."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", line)
    return max(_DELIMITERS, key=bare.count)


def _open_workbook(path: Path) -> Any:
    calamine = need("python_calamine", extra="excel", purpose="read a workbook")
    content = path.read_bytes()
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MOST_UNPACKED_BYTES:
                message = f"{path}: unpacks to more than 2 GB; split it or export it as .csv"
                raise FileError(message)
    return calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))


def _rows_of(book: Any, sheet: str) -> list[list[Any]]:
    rows: list[list[Any]] = book.get_sheet_by_name(sheet).to_python(skip_empty_area=True)
    return rows


def _cell_text(cell: object) -> str:
    """Write a cell as a person would: whole numbers plain, dates without a midnight."""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ", timespec="seconds").removesuffix(" 00:00:00")
    return str(cell)


def _with_header(cells: pd.DataFrame, path: Path, report: dict[str, Any]) -> pd.DataFrame:
    """Take the first row as names: blank ones are numbered, repeated ones too."""
    if not len(cells):
        message = f"{path}: holds no table"
        raise FileError(message)
    names: list[str] = []
    for at, cell in enumerate(cells.iloc[0].tolist()):
        name = " ".join(str(cell).split()) or f"column_{at + 1}"
        number, base = 1, name
        while name in names:
            number += 1
            name = f"{base}_{number}"
        if name != base:
            report["remarks"].append(f"{path.name}: the column {base!r} comes again and is called {name!r}")
        names.append(name)
    table = cells.iloc[1:].set_axis(names, axis="columns").reset_index(drop=True).astype("str")
    table = table.mask(table == "")
    unnamed = [name for name in names if name.startswith("column_") and table[name].isna().all()]
    return table.drop(columns=unnamed)
