"""How the cells of the workbook look, and how they are written."""

from __future__ import annotations

from typing import Any

from zjk_gis.drawing.palette import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from zjk_gis.io.spreadsheets import HEADER_LOOK
from zjk_gis.reports.telling import plain

__all__ = ["FORMATS", "MOST_CHARACTERS", "SERIES_COLOURS", "make_looks", "write_cell", "write_text"]

MOST_CHARACTERS = 32_767
SERIES_COLOURS = (BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE)
_LARGE = 100  # from here on two decimals suffice
_DARK, _SOFT = "#0B3D66", "#566474"
# Also the full-width forms, which some spreadsheets turn into the narrow ones.
_LIKE_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
FORMATS: dict[str, dict[str, Any]] = {
    "text": {"valign": "top", "text_wrap": True},
    "code": {"num_format": "@", "valign": "top"},
    "integer": {"num_format": "#,##0", "valign": "top", "align": "right", "indent": 1},
    "year": {"num_format": "0", "valign": "top"},
    "number": {"num_format": "#,##0.00#", "valign": "top", "align": "right", "indent": 1},
    "measure": {"num_format": "#,##0.00", "valign": "top", "align": "right", "indent": 1},
    "share": {"num_format": "0.0%", "valign": "top", "align": "right", "indent": 1},
    "exact_share": {"num_format": "0.00%", "valign": "top", "align": "right", "indent": 1},
    "degrees": {"num_format": "0.000000", "valign": "top", "align": "right", "indent": 1},
    "date": {"num_format": "yyyy-mm-dd", "align": "left", "valign": "top"},
    "datetime": {"num_format": "yyyy-mm-dd hh:mm", "align": "left", "valign": "top"},
    "marked": {"num_format": "@", "quote_prefix": True, "valign": "top", "text_wrap": True},
    "header": HEADER_LOOK,
    "title": {"bold": True, "font_size": 22, "font_color": "#FFFFFF", "bg_color": _DARK, "valign": "vcenter"},
    "band": {"font_size": 11, "font_color": "#CFDEEA", "bg_color": _DARK, "valign": "vcenter"},
    "question": {"bold": True, "font_size": 15, "font_color": _DARK, "valign": "vcenter"},
    "heading": {"bold": True, "font_size": 13, "font_color": _DARK, "bottom": 2, "bottom_color": "#A9BFD2"},
    "tile_name": {"bg_color": "#F1F5F9", "top": 5, "top_color": BLUE, "indent": 1, "valign": "vcenter"},
    "tile_link": {
        "bg_color": "#F1F5F9", "top": 5, "top_color": BLUE, "indent": 1, "valign": "vcenter",
        "font_color": "#0563C1", "underline": 1,
    },
    "tile_note": {"bg_color": "#F1F5F9", "font_color": _SOFT, "font_size": 9, "indent": 1, "valign": "top",
                  "text_wrap": True},
    "link": {"font_color": "#0563C1", "underline": 1, "valign": "top"},
    "note": {"font_color": _SOFT, "font_size": 10},
    "rows": {"num_format": "#,##0", "font_color": _SOFT, "align": "right"},
    "warned": {"bg_color": "#FBE3D6", "font_color": "#7A2E00", "bold": True},
    "doubted": {"bg_color": "#FFF1CC", "font_color": "#5C4400"},
}  # fmt: skip
_TILE = {"bg_color": "#F1F5F9", "font_size": 24, "bold": True, "font_color": BLACK, "indent": 1,
         "align": "left", "valign": "vcenter"}  # fmt: skip


def make_looks(book: Any) -> dict[str, Any]:
    """Make the formats of a workbook, those of tiles among them as ``tile_`` and the kind of the figure."""
    font = {"font_name": "Microsoft YaHei", "font_size": 11}
    looks = {name: book.add_format({**font, **wanted}) for name, wanted in FORMATS.items()}
    for kind in ("text", "integer", "year", "number", "measure", "share", "degrees", "date", "datetime"):
        number = {"num_format": FORMATS[kind]["num_format"]} if "num_format" in FORMATS[kind] else {}
        shape = {"text_wrap": True, "font_size": 14} if kind == "text" else {}
        looks[f"tile_{kind}"] = book.add_format({**font, **_TILE, **number, **shape})
    exact = {"num_format": "0.00%"}
    looks["tile_share"] = book.add_format({**font, **_TILE, **exact})
    looks["tile_code"] = looks["tile_marked"] = book.add_format(
        {**font, **_TILE, "num_format": "@", "font_size": 14, "quote_prefix": True, "text_wrap": True}
    )
    return looks


def write_cell(
    page: Any, row: int, at: int, kind: str, cell: Any, looks: dict[str, Any], *, prefix: str = ""
) -> None:
    """Write a cell of a kind; nothing where the value is missing."""
    if cell is None:
        return
    if isinstance(cell, str):
        write_text(page, row, at, cell, kind, looks, prefix=prefix)
    elif kind in ("date", "datetime"):
        page.write_datetime(row, at, cell, looks[prefix + kind])
    else:
        if kind == "number":
            kind = "integer" if float(cell).is_integer() else "measure" if abs(cell) >= _LARGE else kind
        page.write_number(row, at, cell, looks[prefix + kind])


def write_text(
    page: Any, row: int, at: int, text: str, kind: str, looks: dict[str, Any], *, prefix: str = ""
) -> None:
    """Write text as text, whatever it looks like; what no cell can hold is cut and says so."""
    text = plain(text)
    if _length(text) > MOST_CHARACTERS:
        notice = f" …[{len(text):,}]"
        text = text[: MOST_CHARACTERS - len(notice)]
        while _length(text) > MOST_CHARACTERS - len(notice):
            text = text[:-1000]
        text += notice
    marked = kind in ("text", "code") and text.startswith(_LIKE_A_FORMULA)
    page.write_string(row, at, text, looks[prefix + ("marked" if marked else kind)])


def _length(text: str) -> int:
    """Count as Excel does, in UTF-16."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
