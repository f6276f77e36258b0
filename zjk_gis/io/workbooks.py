"""Workbooks: what a person sees in a sheet, as text, and what a spreadsheet has done to it."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis._optional import need
from zjk_gis.errors import FileError
from zjk_gis.io.paths import blamed_on
from zjk_gis.io.shaping import shape_table

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_workbook", "sheet_names"]

_MOST_UNPACKED_BYTES = 2**31  # a workbook that unpacks to more is a bomb, not a table
_EXACT_DIGITS = 1e15


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
        return [name for name in sheets if book.get_sheet_by_name(name).start is not None]


def read_workbook(path: Path, sheet: str, report: dict[str, Any]) -> pd.DataFrame:
    """Read one sheet of a workbook; numbers and dates become the text a person would see.

    Parameters
    ----------
    path : Path
    sheet : str
    report : dict
        Told what `zjk_gis.io.shaping.shape_table` tells.

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
        page = _open_workbook(path).get_sheet_by_name(sheet)
        top, left = page.start or (0, 0)
        cells = page.to_python(skip_empty_area=True)
        merged = [
            (r1 + 1, c1 - left, r2 + 1, c2 - left)
            for (r1, c1), (r2, c2) in page.merged_cell_ranges or []
            if c1 >= left
        ]
    lossy = sum(isinstance(cell, float) and abs(cell) >= _EXACT_DIGITS for row in cells for cell in row)
    if lossy:
        report["remarks"].append(
            f"{path.name}: {lossy} cells hold numbers of more than 15 digits, the last of which Excel has "
            "lost; codes must be stored as text"
        )
    report |= {"sheet": sheet, "lossy_numbers": lossy}
    frame = pd.DataFrame([[_cell_text(cell) for cell in row] for row in cells], dtype="str")
    rows = np.arange(top + 1, top + 1 + len(frame), dtype=np.int64)
    return shape_table(frame, rows, path, report, merged)


def _open_workbook(path: Path) -> Any:
    calamine = need("python_calamine", extra="excel", purpose="read a workbook")
    content = path.read_bytes()
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MOST_UNPACKED_BYTES:
                message = f"{path}: unpacks to more than 2 GB; split it or export it as .csv"
                raise FileError(message)
    return calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))


def _cell_text(cell: object) -> str:
    """Write a cell as a person would: whole numbers plain, dates without a midnight."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ", timespec="seconds").removesuffix(" 00:00:00")
    return str(cell)
