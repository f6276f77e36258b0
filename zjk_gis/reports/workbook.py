"""The workbook: a cover with the key figures, then one sheet for each question.

Nothing that comes from data becomes a formula or a link: every text is written as a string, and one that
begins like a formula is marked as text, so that it stays one when a person edits the cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from zjk_gis._optional import need
from zjk_gis.errors import InputError
from zjk_gis.io.paths import target_file, workshop
from zjk_gis.layers.labels import Language, check_language, label
from zjk_gis.reports.columns import SheetColumn, cell_of, columns_of, display_width, title_of

if TYPE_CHECKING:
    import datetime as dt
    import os
    from pathlib import Path

__all__ = ["write_workbook"]

_MOST_ROWS = 1_048_575  # Excel's limit, less the header
_MOST_COLUMNS = 16_384
_MOST_CHARACTERS = 32_767
_NAME_CHARACTERS = 31
_LIKE_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FORMATS: dict[str, dict[str, Any]] = {
    "text": {},
    "code": {"num_format": "@"},
    "integer": {"num_format": "#,##0"},
    "year": {"num_format": "0"},
    "number": {},
    "measure": {"num_format": "#,##0.00"},
    "share": {"num_format": "0.0%"},
    "degrees": {"num_format": "0.000000"},
    "date": {"num_format": "yyyy-mm-dd", "align": "left"},
    "datetime": {"num_format": "yyyy-mm-dd hh:mm", "align": "left"},
    "marked": {"num_format": "@", "quote_prefix": True},
    "header": {"bold": True, "bg_color": "#DCE6F1", "bottom": 1, "valign": "vcenter"},
    "title": {"bold": True, "font_size": 18},
    "heading": {"bold": True, "font_size": 12, "bottom": 1},
    "link": {"font_color": "#0563C1", "underline": 1},
    "note": {"font_color": "#595959", "italic": True},
}
_WORDS = {
    "zh": {
        "cover": "封面",
        "title": "城市精细化管理空间分析报告",
        "figures": "主要指标",
        "contents": "目录",
        "sheet": "工作表",
        "rows": "行数",
        "note": "经度、纬度为 CGCS2000/WGS84 坐标;面状、线状要素取其内部一点。",
    },
    "en": {
        "cover": "Cover",
        "title": "City management: spatial report",
        "figures": "Key figures",
        "contents": "Contents",
        "sheet": "sheet",
        "rows": "rows",
        "note": "Longitude and latitude are CGCS2000/WGS84; areas and lines show a point in them.",
    },
}


def write_workbook(
    path: str | os.PathLike[str],
    sheets: Mapping[str, pd.DataFrame],
    *,
    summary: Mapping[str, object] | pd.DataFrame,
    lang: Language = "zh",
    title: str | None = None,
    created: dt.datetime | None = None,
) -> Path:
    """Write the answers as an Excel workbook: a cover with key figures, then one sheet a question.

    Parameters
    ----------
    path : str or path
        An .xlsx file; one of that name is replaced, and only when the new one is complete.
    sheets : mapping of str to DataFrame or GeoDataFrame
        The sheets by name, in this order. Names and column names that the library knows are shown in the
        language asked for, with units; its own words (such as ``border``) too. A geometry becomes longitude
        and latitude. The index is not written.
    summary : mapping or DataFrame
        The key figures for the cover; a mapping inside a mapping is shown item by item.
    lang : {"zh", "en"}, default "zh"
    title : str, optional
        The heading of the cover.
    created : datetime, optional
        The time recorded in the file; by default now. With the same time, the same answers give the same
        bytes.

    Returns
    -------
    Path
        The absolute path written.

    Raises
    ------
    MissingExtraError
        If XlsxWriter is not installed (extra ``excel``).
    InputError
        If the path does not end in .xlsx, the language is unknown, or a sheet has more than 16,384 columns.
    CRSError
        If a layer has no CRS.
    FileError
        If the file cannot be written; an existing one is then as it was.

    Notes
    -----
    A table of more than 1,048,575 rows goes on in further sheets. Text of more than 32,767 characters, which
    no cell can hold, is cut and says so. Codes are text, so that no digit is lost.

    A chart is added to a sheet that ranks chiefs by incidents (``chief_code`` and ``incidents``).

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from zjk_gis.reports import write_workbook
    >>> gaps = pd.DataFrame({"gap_code": ["G001"], "area_m2": [1800.0], "kind": ["hole"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_workbook(pathlib.Path(folder, "report.xlsx"), {"gaps": gaps}, summary={"gaps": 1})
    ...     path.name, path.stat().st_size > 5000
    ('report.xlsx', True)
    """
    xlsxwriter = need("xlsxwriter", extra="excel", purpose="write a workbook")
    check_language(lang)
    target = target_file(path, (".xlsx",))
    parts = list(_parts(sheets, lang))
    with workshop(target) as folder:
        made = folder / target.name
        book = xlsxwriter.Workbook(str(made), {"constant_memory": True, "tmpdir": str(folder)})
        try:
            if created is not None:
                book.set_properties({"created": created})
            formats = {
                name: book.add_format({"font_name": "Microsoft YaHei", **wanted})
                for name, wanted in _FORMATS.items()
            }
            cover = book.add_worksheet(_WORDS[lang]["cover"])
            _write_cover(cover, summary, parts, title or _WORDS[lang]["title"], lang, formats)
            for name, columns in parts:
                _write_sheet(book, book.add_worksheet(name), name, columns, lang, formats)
        finally:  # also after a failure: rows wait in open files, which nothing else closes
            book.close()
        made.replace(target)
    return target


def _parts(sheets: Mapping[str, pd.DataFrame], lang: Language) -> Iterator[tuple[str, list[SheetColumn]]]:
    """Yield each sheet's name and columns; a table too long for one sheet goes on in the next."""
    taken = {_WORDS[lang]["cover"].casefold()}
    for key, frame in sheets.items():
        if frame.shape[1] + 2 > _MOST_COLUMNS:
            message = f"{key}: {frame.shape[1]:,} columns; a sheet holds {_MOST_COLUMNS:,}, so choose some"
            raise InputError(message)
        for start in range(0, max(len(frame), 1), _MOST_ROWS):
            name = _sheet_name(label(key, lang), taken)
            taken.add(name.casefold())
            yield name, columns_of(frame.iloc[start : start + _MOST_ROWS], key, lang)


def _sheet_name(wanted: str, taken: set[str]) -> str:
    """Make a name that Excel accepts and no other sheet has."""
    plain = "".join("_" if mark in "[]:*?/\\" or ord(mark) < ord(" ") else mark for mark in wanted)
    plain = plain.strip().strip("'") or "Sheet"
    if plain.casefold() == "history":  # Excel keeps this name for itself
        plain += "_"
    number, name = 1, _shortened(plain, "")
    while name.casefold() in taken:
        number += 1
        name = _shortened(plain, f" ({number})")
    return name


def _shortened(text: str, ending: str) -> str:
    """Cut text so that with its ending it has at most as many characters as Excel counts, in UTF-16."""
    while len((text + ending).encode("utf-16-le")) > 2 * _NAME_CHARACTERS:
        text = text[:-1]
    return text.rstrip("' ") + ending


def _write_cover(
    page: Any,
    summary: Mapping[str, object] | pd.DataFrame,
    parts: list[tuple[str, list[SheetColumn]]],
    title: str,
    lang: Language,
    formats: dict[str, Any],
) -> None:
    """Write the title, the key figures, and a list of the sheets with links to them."""
    words = _WORDS[lang]
    page.hide_gridlines(2)
    figures = _figures(summary, lang)
    links = [[("link", name), cell_of(_rows(columns), lang)] for name, columns in parts]
    widths = [
        max([24, *(display_width(str(row[at][1])) + 4 for row in [*figures, *links] if at < len(row))])
        for at in range(max(map(len, [*figures, *links]), default=0))
    ]
    for at, width in enumerate(widths):
        page.set_column(at, at, min(width, 60))
    page.set_row(0, 30)
    _write_text(page, 0, 0, title, "title", formats)
    page.write_string(2, 0, words["figures"], formats["heading"])
    row = 3
    for cells in figures:
        for at, (kind, cell) in enumerate(cells):
            _write_cell(page, row, at, kind, cell, formats)
        row += 1
    row += 1
    page.write_string(row, 0, words["contents"], formats["heading"])
    page.write_string(row, 1, words["rows"], formats["heading"])
    for (_, name), (kind, cell) in links:
        row += 1
        quoted = name.replace("'", "''")
        page.write_url(row, 0, f"internal:'{quoted}'!A1", formats["link"], name)
        _write_cell(page, row, 1, kind, cell, formats)
    page.write_string(row + 2, 0, words["note"], formats["note"])


def _figures(summary: Mapping[str, object] | pd.DataFrame, lang: Language) -> list[list[tuple[str, Any]]]:
    """Turn the key figures into rows of cells."""
    rows: list[list[tuple[str, Any]]]
    if isinstance(summary, pd.DataFrame):
        columns = columns_of(summary, "summary", lang)
        rows = [[("header", column.title) for column in columns]]
        rows += [[(c.kind, c.cells[row]) for c in columns] for row in range(len(summary))]
        return rows
    rows = []
    for key, value in summary.items():
        if isinstance(value, Mapping):
            rows.append([("text", title_of(str(key), lang))])
            rows += [
                [("text", "    " + title_of(str(name), lang)), cell_of(item, lang)]
                for name, item in value.items()
            ]
        else:
            rows.append([("text", title_of(str(key), lang)), cell_of(value, lang)])
    return rows


def _rows(columns: list[SheetColumn]) -> int:
    return len(columns[0].cells) if columns else 0


def _write_sheet(
    book: Any, page: Any, name: str, columns: list[SheetColumn], lang: Language, formats: dict[str, Any]
) -> None:
    """Write one sheet row by row, as a workbook that keeps little in memory must be."""
    for at, column in enumerate(columns):
        page.set_column(at, at, column.width)
    page.freeze_panes(1, 0)
    page.set_row(0, 22)
    for at, column in enumerate(columns):
        page.write_string(0, at, column.title[:_MOST_CHARACTERS], formats["header"])
    kinds = [column.kind for column in columns]
    for row, cells in enumerate(zip(*(column.cells for column in columns), strict=True), start=1):
        for at, cell in enumerate(cells):
            _write_cell(page, row, at, kinds[at], cell, formats)
    if columns:
        page.autofilter(0, 0, _rows(columns), len(columns) - 1)
        _add_chart(book, page, name, columns, lang)


def _write_cell(page: Any, row: int, at: int, kind: str, cell: Any, formats: dict[str, Any]) -> None:
    if cell is None:
        return
    if isinstance(cell, str):
        _write_text(page, row, at, cell, kind, formats)
    elif kind in ("date", "datetime"):
        page.write_datetime(row, at, cell, formats[kind])
    else:
        page.write_number(row, at, cell, formats[kind])


def _write_text(page: Any, row: int, at: int, text: str, kind: str, formats: dict[str, Any]) -> None:
    if len(text) > _MOST_CHARACTERS:
        notice = f" …[{len(text):,}]"
        text = text[: _MOST_CHARACTERS - len(notice)] + notice
    marked = kind in ("text", "code") and text.startswith(_LIKE_A_FORMULA)
    page.write_string(row, at, text, formats["marked" if marked else kind])


def _add_chart(book: Any, page: Any, name: str, columns: list[SheetColumn], lang: Language) -> None:
    """Draw who has most incidents, beside the table that says so."""
    at = {column.name: position for position, column in enumerate(columns)}
    last = _rows(columns)
    if not last or not {"chief_code", "incidents"} <= set(at):
        return
    named = at.get("chief_name", at["chief_code"])
    chart = book.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": [name, 0, at["incidents"]],
            "categories": [name, 1, named, last, named],
            "values": [name, 1, at["incidents"], last, at["incidents"]],
            # What was written is no longer in memory, and a chart without it looks empty until recalculated.
            "categories_data": columns[named].cells,
            "values_data": columns[at["incidents"]].cells,
            "fill": {"color": "#0072B2"},
            "gap": 60,
            "data_labels": {"value": True},
        }
    )
    chart.set_title({"name": label("busiest_chiefs", lang)})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True})
    chart.set_x_axis({"major_gridlines": {"visible": False}, "visible": False})
    chart.set_size({"width": 560, "height": max(240, 60 + 28 * last)})
    page.insert_chart(1, len(columns) + 1, chart)
