"""The columns of a sheet as they are shown: codes that a spreadsheet holds as numbers or took for dates."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any, Protocol

from zjk_gis.errors import name_rows
from zjk_gis.layers.columns.values import is_code
from zjk_gis.layers.naming import field_of
from zjk_gis.standards import SCHEMES
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    import pandas as pd

    from zjk_gis.io.tables.layout import Shaped
    from zjk_gis.io.tables.number_formats import NumberFormat
    from zjk_gis.layers.spec import Field, LayerSpec
    from zjk_gis.read_report import ReadReport

    class Formats(Protocol):
        """Asks a workbook for the formats of a sheet's cells, by row and column from 0."""

        def __call__(
            self, wanted: Callable[[NumberFormat], bool], columns: Collection[int] | None = None
        ) -> dict[tuple[int, int], NumberFormat]: ...


__all__ = ["SheetColumns", "cell_text"]

_EXACT_DIGITS = 1e15
_EXACT_WHOLE = 2**53  # up to which a float64 holds every whole number
_NUMBER = re.compile(r"-?[\d,]*\.?\d*(?:E[+-]?\d+)?")  # a number, however it is dressed
# 3-12, A-7, 2/115; not 2025-3-12, which may be a day.
_CODE = re.compile(r"\w{1,6}[-/]\w{1,6}|(?=.*[A-Za-z])\w{1,6}(?:[-/]\w{1,6}){2}", re.ASCII)
_OF_TIME = re.compile(r"日期|时间|年月|date|time", re.IGNORECASE)
_OF_CODES = re.compile(r"(?:编号|编码|代码|(?:^|_)code)\s*(?:[(（].*[)）])?\s*$", re.IGNORECASE)


def cell_text(cell: object) -> str:
    """Write a cell as a person would: whole numbers plain, dates without a midnight.

    Examples
    --------
    >>> [cell_text(cell) for cell in (7.0, True, dt.datetime(2025, 3, 12))]
    ['7', '是', '2025-03-12']
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ", timespec="seconds").removesuffix(" 00:00:00")
    return str(cell)


class SheetColumns:
    """The cells of a sheet, and how each is shown.

    Parameters
    ----------
    cells : list of list
        By row and column; changed in place by `show_codes`.
    top, left : int
        Where the first one is in the sheet, from 0.
    formats : callable
    """

    def __init__(self, cells: list[list[Any]], top: int, left: int, formats: Formats) -> None:
        for row in cells:
            for at, value in enumerate(row):
                if type(value) is int:  # an .xls file keeps small numbers so
                    row[at] = float(value)
        self._cells = cells
        self._top, self._left = top, left
        self._formats = formats
        self._covered: dict[tuple[int, int], Any] = {}  # what is held by the cells that are shown as codes

    def show_codes(self) -> None:
        """Put what is shown in the place of whole numbers that are padded and of dressed text."""
        for (row, column), form in self._formats(lambda form: form.pads or form.dresses_text).items():
            at, place = row - self._top, column - self._left
            if not (0 <= at < len(self._cells) and 0 <= place < len(self._cells[at])):
                continue
            value, shown = self._cells[at][place], None
            if isinstance(value, float) and form.pads and value.is_integer() and abs(value) < _EXACT_DIGITS:
                shown = form.of_number(value)
            elif isinstance(value, str) and value and form.dresses_text:
                shown = form.of_text(value)
            if shown is not None and shown != value:
                self._covered[at, place] = value
                self._cells[at][place] = shown

    def mended(self, shaped: Shaped, path: Path, report: ReadReport, spec: LayerSpec | None) -> pd.DataFrame:
        """Return the table with its columns as their fields ask: see `read_workbook`."""
        table = shaped.table
        told: dict[str, dict[str, dict[int, str]]] = {
            key: {}
            for key in (
                "digits_lost",
                "zeros_restored",
                "dates_for_codes",
                "other_shown",
                "unknown_formats",
            )
        }
        for name, column in zip(list(table.columns), shaped.columns, strict=True):
            field = field_of(name, spec) if spec is not None else None
            rows = self._rows_of(shaped, table[name], column)
            values = [self._cells[row][column] for row in rows]
            changed: dict[int, str | None] = {}
            if field is not None and field.dtype != "text":
                changed |= {
                    at: cell_text(self._covered[row, column])
                    for at, row in enumerate(rows)
                    if (row, column) in self._covered
                }
            else:
                changed |= self._shown_numbers(name, column, rows, values, field, told)
                changed |= self._shown_dates(name, column, rows, values, field, told)
                changed |= _without_lost_digits(name, values, told)
            changed |= _with_zeros(name, values, field, told)
            if changed:
                column_of = table[name].astype(object)
                column_of.iloc[list(changed)] = list(changed.values())
                table = table.assign(**{name: column_of.astype("str")})
        _tell(told, table, path, report)
        return table

    def _rows_of(self, shaped: Shaped, texts: pd.Series, column: int) -> list[int]:
        """Return the row of the cell that holds each value: of cells merged downwards, the first."""
        rows: list[int] = []
        filled = texts.notna().tolist()
        for row, has_text in zip(shaped.at.tolist(), filled, strict=True):
            from_above = has_text and rows and self._cells[row][column] == ""
            rows.append(rows[-1] if from_above else row)
        return rows

    def _formats_of(
        self, column: int, wanted: Callable[[NumberFormat], bool] = bool
    ) -> dict[int, NumberFormat]:
        found = self._formats(wanted, {column + self._left})
        return {row - self._top: form for (row, _), form in found.items()}

    def _shown_numbers(
        self,
        name: str,
        column: int,
        rows: list[int],
        values: list[Any],
        field: Field | None,
        told: dict[str, dict[str, dict[int, str]]],
    ) -> dict[int, str | None]:
        """Return the numbers of a column of text that are shown with words; tell what else is shown.

        Of a column of which it is not known what it holds, only formats that are not known are told.
        """
        numbers = [at for at, value in enumerate(values) if isinstance(value, float)]
        if not numbers:
            return {}
        forms = self._formats_of(
            column, bool if field is not None or _holds_codes(name, field) else _is_unknown
        )
        changed: dict[int, str | None] = {}
        for at in numbers:
            form = forms.get(rows[at])
            if form is None or abs(values[at]) >= _EXACT_DIGITS:
                continue
            shown, plain = form.of_number(values[at]), cell_text(values[at])
            if shown is None:
                told["unknown_formats"].setdefault(name, {})[at] = form.code
            elif shown != plain and _NUMBER.fullmatch(shown) and not form.pads:
                told["other_shown"].setdefault(name, {})[at] = shown
            elif shown != plain:
                changed[at] = shown or None
        return changed

    def _shown_dates(
        self,
        name: str,
        column: int,
        rows: list[int],
        values: list[Any],
        field: Field | None,
        told: dict[str, dict[str, dict[int, str]]],
    ) -> dict[int, str | None]:
        """Return what the dates show that stand among codes: a code typed as 3-12, or as 1:30, became one."""
        of_codes = _holds_codes(name, field)
        kinds = (dt.date, dt.time, dt.timedelta) if of_codes else (dt.date,)
        days = [at for at, value in enumerate(values) if isinstance(value, kinds)]
        if not days:
            return {}
        if not of_codes:
            texts = [value.strip() for value in values if isinstance(value, str) and value.strip()]
            if not texts or _OF_TIME.search(name) or not all(map(_CODE.fullmatch, texts)):
                return {}
        forms = self._formats_of(column)
        told["dates_for_codes"][name] = {at: _date_shown(values[at], forms.get(rows[at])) for at in days}
        return dict(told["dates_for_codes"][name])


def _holds_codes(name: str, field: Field | None) -> bool:
    """Tell whether a column holds codes: by its field, by its heading where it has none."""
    return is_code(field) if field is not None else bool(_OF_CODES.search(name))


def _date_shown(value: Any, form: NumberFormat | None) -> str:
    shown = form.of_date(value) if form is not None and isinstance(value, dt.date) else None
    return shown or cell_text(value)


def _is_unknown(form: NumberFormat) -> bool:
    return not form.is_date and not form.sections[0].is_known


def _without_lost_digits(
    name: str, values: list[Any], told: dict[str, dict[str, dict[int, str]]]
) -> dict[int, str | None]:
    """Take out numbers that have lost digits."""
    cut = {
        at: str(int(value))
        for at, value in enumerate(values)
        if isinstance(value, float) and abs(value) >= _EXACT_DIGITS and _has_lost_digits(value)
    }
    if cut:
        told["digits_lost"][name] = cut
    return dict.fromkeys(cut)


def _with_zeros(
    name: str, values: list[Any], field: Field | None, told: dict[str, dict[str, dict[int, str]]]
) -> dict[int, str | None]:
    """Put back the zeros that codes of fixed length have lost as numbers."""
    width = field.width if field is not None and is_code(field) else None
    if field is None or width is None or _begins_with_district(field.scheme):
        return {}
    short = {
        at: str(int(value))
        for at, value in enumerate(values)
        if isinstance(value, float) and value.is_integer() and 0 <= value < 10 ** (width - 1)
    }
    if short:
        told["zeros_restored"][name] = short
    return {at: text.zfill(width) for at, text in short.items()}


def _tell(
    told: dict[str, dict[str, dict[int, str]]], table: pd.DataFrame, path: Path, report: ReadReport
) -> None:
    remarks = report.remarks
    for name, cells in told["digits_lost"].items():
        remarks.append(
            tr(
                "{name}: {cells_count} values of {name_2} are numbers of more than 15 digits, the "
                "last of which Excel has lost ({rows}): read as missing; get them again as text",
                name=path.name,
                cells_count=len(cells),
                name_2=name,
                rows=name_rows(cells),
            )
        )
    for name, cells in told["zeros_restored"].items():
        at, text = next(iter(cells.items()))
        remarks.append(
            tr(
                "{name}: {cells_count} codes of {name_2} were numbers and got their leading zeros "
                "back (row {at}: {text} is {iloc})",
                name=path.name,
                cells_count=len(cells),
                name_2=name,
                at=at,
                text=text,
                iloc=table[name].iloc[at],
            )
        )
    for name, cells in told["dates_for_codes"].items():
        shown = next(iter(cells.values()))
        remarks.append(
            tr(
                "{name}: {cells_count} cells of {name_2} hold a date where codes stand ({rows}), as "
                "when Excel takes 3-12 for a day or 1:30 for a time; read as they are shown (such as "
                "{shown!r}); type the codes again as text",
                name=path.name,
                cells_count=len(cells),
                name_2=name,
                rows=name_rows(cells),
                shown=shown,
            )
        )
    for name, cells in told["other_shown"].items():
        at, shown = next(iter(cells.items()))
        remarks.append(
            tr(
                "{name}: {cells_count} numbers of {name_2} are shown otherwise than they are read "
                "({rows}; {shown} is read as {iloc})",
                name=path.name,
                cells_count=len(cells),
                name_2=name,
                rows=name_rows(cells),
                shown=shown,
                iloc=table[name].iloc[at],
            )
        )
    for name, cells in told["unknown_formats"].items():
        code = next(iter(cells.values()))
        remarks.append(
            tr(
                "{name}: what {cells_count} cells of {name_2} show is not known ({rows}, with the "
                "format {code}); read as plain numbers",
                name=path.name,
                cells_count=len(cells),
                name_2=name,
                rows=name_rows(cells),
                code=code,
            )
        )
    for key, cells_of in told.items():
        setattr(report, key, cells_of)


def _has_lost_digits(value: float) -> bool:
    return abs(value) >= _EXACT_WHOLE or int(value) % 10 == 0


def _begins_with_district(scheme: str) -> bool:
    return bool(scheme) and SCHEMES[scheme].parts[0].name == "district"
