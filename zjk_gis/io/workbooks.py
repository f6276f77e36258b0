"""Workbooks: what a person sees in a sheet, as text, and what a spreadsheet has done to it."""

from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis._optional import need
from zjk_gis.errors import name_rows
from zjk_gis.io.old_workbooks import OldWorkbook
from zjk_gis.io.paths import blamed_on
from zjk_gis.io.shaping import shape_table
from zjk_gis.io.sheet_xml import Package
from zjk_gis.layers.naming import field_of
from zjk_gis.layers.values import is_code
from zjk_gis.standards import SCHEMES

if TYPE_CHECKING:
    from pathlib import Path

    from zjk_gis.io.headers import Merged
    from zjk_gis.io.shaping import Shaped
    from zjk_gis.io.sheet_xml import SheetFacts
    from zjk_gis.layers.spec import LayerSpec

__all__ = ["read_workbook", "sheet_names"]

_EXACT_DIGITS = 1e15
_EXACT_WHOLE = 2**53  # up to which a float64 holds every whole number


def sheet_names(path: Path, *, hidden: bool = False) -> list[str]:
    """Return the names of a workbook's sheets that hold anything.

    Parameters
    ----------
    path : Path
    hidden : bool, default False
        Whether hidden sheets, such as the lists behind a form's choices, count beside others.

    Raises
    ------
    FileError
        If it cannot be read.
    MissingExtraError
        If python-calamine is not installed.
    """
    with blamed_on(path):
        book, package = _open_workbook(path)
        filled = [
            sheet
            for sheet in book.sheets_metadata
            if "Work" in str(sheet.typ)
            and (
                package.is_filled(sheet.name)
                if isinstance(package, Package)
                else book.get_sheet_by_name(sheet.name).start is not None
            )
        ]
        shown = [sheet.name for sheet in filled if not _is_hidden(sheet)]
        return shown if shown and not hidden else [sheet.name for sheet in filled]


def read_workbook(
    path: Path, sheet: str, report: dict[str, Any], spec: LayerSpec | None = None
) -> pd.DataFrame:
    """Read one sheet of a workbook; numbers and dates become the text a person would see.

    Parameters
    ----------
    path : Path
    sheet : str
    report : dict
        Told what `zjk_gis.io.shaping.shape_table` tells, and: in ``hidden`` the hidden ``rows`` and how many
        ``columns`` and other ``sheets`` are, all read nevertheless but for the sheets; in ``errors`` and
        ``uncomputed`` the cells that show ``#N/A`` and the like, and those with a formula that nobody has
        computed: both are missing values; in ``digits_lost``, by column and row of the table, what stands in
        cells with a number of more than 15 digits, of which Excel loses the last: missing too; in
        ``zeros_restored`` likewise the numbers that were codes and got their leading zeros back.
    spec : LayerSpec, optional
        Whose codes have leading zeros that a number has lost.

    Returns
    -------
    DataFrame
        Of str; empty cells are missing.

    Raises
    ------
    FileError
        If it cannot be read.

    Notes
    -----
    A number of 16 digits that does not end in 0 was not written by Excel, which writes 0 for every digit
    after the 15th, and below 2**53 is exact: it is kept. Leading zeros are put back where a cell is a number
    and either its format shows zeros (``0000``) or its column is a code of fixed length that may begin with
    0; codes that begin with a district's never do.
    """
    with blamed_on(path):
        book, package = _open_workbook(path)
        number = book.sheet_names.index(sheet)
        facts = package.facts(sheet) if isinstance(package, Package) else package.facts(number)
        page = book.get_sheet_by_name(sheet)
        top, left = page.start or (0, 0)
        cells = page.to_python(skip_empty_area=True)
        merged: list[Merged] = [
            (r1 + 1, c1 - left, r2 + 1, c2 - left)
            for (r1, c1), (r2, c2) in page.merged_cell_ranges or []
            if c1 >= left
        ]
        others = [one.name for one in book.sheets_metadata if _is_hidden(one)]
    _show_zeros(cells, facts, top, left)
    frame = pd.DataFrame([[_cell_text(cell) for cell in row] for row in cells], dtype="str")
    rows = np.arange(top + 1, top + 1 + len(frame), dtype=np.int64)
    shaped = shape_table(frame, rows, path, report, merged)
    report["sheet"] = sheet
    _tell_facts(facts, [name for name in others if name != sheet], path, report)
    return _mended(shaped, cells, path, report, spec)


def _open_workbook(path: Path) -> tuple[Any, Package | OldWorkbook]:
    """Open a workbook once it is known that its reader will bear it."""
    calamine = need("python_calamine", extra="excel", purpose="read a workbook")
    content = path.read_bytes()
    package: Package | OldWorkbook
    if content.startswith(b"PK"):
        package = Package(content, path)
    else:
        package = OldWorkbook(content, path)
        package.check()  # the reader takes all its sheets at once
    return calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)), package


def _is_hidden(sheet: Any) -> bool:
    return not str(sheet.visible).endswith(".Visible")


def _show_zeros(cells: list[list[Any]], facts: SheetFacts, top: int, left: int) -> None:
    """Turn numbers whose format shows leading zeros into the text that is shown."""
    for (row, column), digits in facts.zero_digits.items():
        if not (0 <= row - top < len(cells) and 0 <= column - left < len(cells[row - top])):
            continue
        value = cells[row - top][column - left]
        if isinstance(value, float) and value.is_integer() and 0 <= value < _EXACT_DIGITS:
            cells[row - top][column - left] = str(int(value)).zfill(digits)


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


def _tell_facts(facts: SheetFacts, others: list[str], path: Path, report: dict[str, Any]) -> None:
    remarks = report["remarks"]
    if facts.hidden_rows or facts.hidden_columns or others:
        report["hidden"] = {"rows": facts.hidden_rows, "columns": facts.hidden_columns, "sheets": others}
    if facts.hidden_rows:
        told = name_rows(facts.hidden_rows)
        remarks.append(f"{path.name}: {told} hidden, perhaps by a filter; read all the same")
    if facts.hidden_columns:
        remarks.append(f"{path.name}: {facts.hidden_columns} columns are hidden; read all the same")
    if others:
        remarks.append(f"{path.name}: has hidden sheets: {', '.join(others)}; name one with layer=")
    for key, names, what in (
        ("errors", facts.errors, "show an error such as #N/A; read as missing"),
        ("uncomputed", facts.uncomputed, "hold a formula without a value; open and save it in Excel"),
    ):
        if names:
            report[key] = names
            told = name_rows(names).replace("rows", "cells", 1).replace("row", "cell", 1)
            remarks.append(f"{path.name}: {told} {what}")


def _mended(
    shaped: Shaped, cells: list[list[Any]], path: Path, report: dict[str, Any], spec: LayerSpec | None
) -> pd.DataFrame:
    """Put back the zeros that codes have lost as numbers; take out numbers that have lost digits."""
    table = shaped.table
    lost: dict[str, dict[int, str]] = {}
    restored: dict[str, dict[int, str]] = {}
    for name, column in zip(list(table.columns), shaped.columns, strict=True):
        values = [cells[at][column] for at in shaped.at.tolist()]
        numbers = [isinstance(value, float) for value in values]
        if not any(numbers):
            continue
        field = field_of(name, spec) if spec is not None else None
        if field is None or field.dtype == "text":
            cut = {
                at: str(int(value))
                for at, value in enumerate(values)
                if numbers[at] and abs(value) >= _EXACT_DIGITS and _has_lost_digits(value)
            }
            if cut:
                lost[name] = cut
                table = table.assign(**{name: table[name].mask(table.index.isin(list(cut)))})
        width = field.width if field is not None and is_code(field) else None
        if field is None or width is None or _begins_with_district(field.scheme):
            continue
        short = {
            at: table[name].iloc[at]
            for at, value in enumerate(values)
            if numbers[at] and value.is_integer() and 0 <= value < 10 ** (width - 1)
        }
        if short:
            restored[name] = short
            padded = table[name].str.zfill(width)
            table = table.assign(**{name: table[name].mask(table.index.isin(list(short)), padded)})
    for name, cut in lost.items():
        report["remarks"].append(
            f"{path.name}: {len(cut)} values of {name} are numbers of more than 15 digits, the last of which "
            f"Excel has lost ({name_rows(cut)}): read as missing; get them again as text"
        )
    for name, short in restored.items():
        at, text = next(iter(short.items()))
        report["remarks"].append(
            f"{path.name}: {len(short)} codes of {name} were numbers and got their leading zeros back "
            f"(row {at}: {text} is {table[name].iloc[at]})"
        )
    report |= {key: value for key, value in (("digits_lost", lost), ("zeros_restored", restored)) if value}
    return table


def _has_lost_digits(value: float) -> bool:
    return abs(value) >= _EXACT_WHOLE or int(value) % 10 == 0


def _begins_with_district(scheme: str) -> bool:
    return bool(scheme) and SCHEMES[scheme].parts[0].name == "district"
