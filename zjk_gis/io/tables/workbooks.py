"""Workbooks: what a person sees in a sheet, as text, and what a spreadsheet has done to it."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis._optional import need
from zjk_gis.errors import name_rows
from zjk_gis.io.paths import blamed_on
from zjk_gis.io.tables.layout import shape_table
from zjk_gis.io.tables.sheet_columns import SheetColumns, cell_text
from zjk_gis.io.tables.xls import OldWorkbook
from zjk_gis.io.tables.xlsx import Package
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from pathlib import Path

    from zjk_gis.io.tables.headers import Merged
    from zjk_gis.io.tables.sheet_columns import Formats
    from zjk_gis.io.tables.xlsx import SheetFacts
    from zjk_gis.layers.spec import LayerSpec
    from zjk_gis.read_report import ReadReport

__all__ = ["read_workbook", "sheet_names"]

_NAMED = 5  # cells of a remark; the rest is counted


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


def read_workbook(path: Path, sheet: str, report: ReadReport, spec: LayerSpec | None = None) -> pd.DataFrame:
    """Read one sheet of a workbook; numbers and dates become the text a person would see.

    Parameters
    ----------
    path : Path
    sheet : str
    report : ReadReport
        Told what `shape_table` of the layout tells, and: in ``hidden`` the hidden ``rows`` and how many
        ``columns`` and other ``sheets`` are, all read nevertheless but for the sheets; in ``errors`` and
        ``uncomputed`` the cells that show ``#N/A`` and the like, and those with a formula that nobody has
        computed: both are missing values; in ``digits_lost``, by column and row of the table, what stands in
        cells with a number of more than 15 digits, of which Excel loses the last: missing too; in
        ``zeros_restored`` likewise the numbers that were codes and got their leading zeros back; in
        ``dates_for_codes`` the dates where codes stand, as when Excel took the code 3-12 for a day of March,
        with what their cells show; in ``other_shown`` the numbers in columns of text that their cells show
        otherwise, such as 130,703; in ``unknown_formats`` those of which it is not known what is shown, with
        their formats: both are read as plain numbers.
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
    after the 15th, and below 2**53 is exact: it is kept. A whole number in a cell whose format pads it, as
    codes are (``0000``, ``"ZR"000``, ``000-000``), is read as it is shown, unless its column holds numbers;
    in a column of text so is any number with words around it. Leading zeros are put back, too, where a
    column is a code of fixed length that may begin with 0; codes that begin with a district's never do.
    """
    with blamed_on(path):
        book, package = _open_workbook(path)
        number = book.sheet_names.index(sheet)
        facts, formats = _looked_into(package, sheet, number)
        page = book.get_sheet_by_name(sheet)
        top, left = page.start or (0, 0)
        cells = page.to_python(skip_empty_area=True)
        merged: list[Merged] = [
            (r1 + 1, c1 - left, r2 + 1, c2 - left)
            for (r1, c1), (r2, c2) in page.merged_cell_ranges or []
            if c1 >= left
        ]
        others = [one.name for one in book.sheets_metadata if _is_hidden(one)]
    columns = SheetColumns(cells, top, left, formats)
    columns.show_codes()
    frame = pd.DataFrame([[cell_text(cell) for cell in row] for row in cells], dtype="str")
    rows = np.arange(top + 1, top + 1 + len(frame), dtype=np.int64)
    shaped = shape_table(frame, rows, path, report, merged)
    _tell_facts(facts, [name for name in others if name != sheet], path, report)
    return columns.mended(shaped, path, report, spec)


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


def _looked_into(package: Package | OldWorkbook, sheet: str, number: int) -> tuple[SheetFacts, Formats]:
    """Return what the values of a sheet do not show, and how to ask for the formats of its cells."""
    if isinstance(package, Package):
        return package.facts(sheet), partial(package.formats, sheet)
    return package.facts(number), partial(package.formats, number)


def _is_hidden(sheet: Any) -> bool:
    return not str(sheet.visible).endswith(".Visible")


def _tell_facts(facts: SheetFacts, others: list[str], path: Path, report: ReadReport) -> None:
    remarks = report.remarks
    if facts.hidden_rows or facts.hidden_columns or others:
        report.hidden = {"rows": facts.hidden_rows, "columns": facts.hidden_columns, "sheets": others}
    if facts.hidden_rows:
        told = name_rows(facts.hidden_rows, is_counted=True)
        remarks.append(
            tr("{name}: {told} hidden, perhaps by a filter; read all the same", name=path.name, told=told)
        )
    if facts.hidden_columns:
        remarks.append(
            tr(
                "{name}: {hidden_columns} columns are hidden; read all the same",
                name=path.name,
                hidden_columns=facts.hidden_columns,
            )
        )
    if others:
        remarks.append(
            tr(
                "{name}: has hidden sheets: {others}; name one with layer=",
                name=path.name,
                others=listed(others),
            )
        )
    if facts.errors:
        report.errors = facts.errors
        remarks.append(
            tr(
                "{name}: {cells} show an error such as #N/A; read as missing",
                name=path.name,
                cells=_cells_named(facts.errors),
            )
        )
    if facts.uncomputed:
        report.uncomputed = facts.uncomputed
        remarks.append(
            tr(
                "{name}: {cells} hold a formula without a value; open and save it in Excel",
                name=path.name,
                cells=_cells_named(facts.uncomputed),
            )
        )


def _cells_named(names: list[str]) -> str:
    rest = len(names) - _NAMED
    if rest > 0:
        return tr("cells {cells} and {rest} more", cells=listed(names[:_NAMED]), rest=rest)
    return tr("cells {cells}", cells=listed(names)) if len(names) > 1 else tr("cell {cell}", cell=names[0])
