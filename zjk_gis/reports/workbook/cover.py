"""The cover: title, headline figures as tiles, and a table of contents that leads to the sheets."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from zjk_gis.layers.labels import label
from zjk_gis.reports.places import PLACES_NOTE, png_size
from zjk_gis.reports.telling import told_time
from zjk_gis.reports.workbook.looks import write_cell, write_text
from zjk_gis.text import shortened
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zjk_gis.layers.labels import Language
    from zjk_gis.reports.charts import Chart
    from zjk_gis.reports.headlines import Group, Tile

__all__ = ["Listed", "internal", "write_cover", "write_picture"]

_ACROSS = 4  # tiles in a row: columns B, D, F and H, with narrow ones between
_CONTENTS = {"charts": "charts and their data", "map": "map (a picture)"}
# On which sheet a figure is explained, by how its name begins.
_EXPLAINED = {
    "ground_nobody": "gaps", "ground_several": "overlaps", "road_": "unanswered_roads",
    "matters_": "matters", "incidents_": "assigned", "chiefs_": "chiefs", "load_": "chiefs",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listed:
    """One sheet of the workbook.

    Attributes
    ----------
    sheet : str
        Its name in the workbook.
    kind : {"cover", "charts", "calendar", "map", "table"}
    key, question : str
        Of a table: its name in the report, and what it answers.
    start, rows : int
        Which rows of the table it holds.
    chart : Chart, optional
        Of a calendar.
    notes : tuple of str
        Of a table: what would be a chart of a single bar, and which columns are not drawn and why.
    """

    sheet: str
    kind: Literal["cover", "charts", "calendar", "map", "table"]
    key: str = ""
    question: str = ""
    start: int = 0
    rows: int = 0
    chart: Chart | None = None
    notes: tuple[str, ...] = ()


def internal(sheet: str) -> str:
    """Return the address of a sheet's first cell."""
    quoted = sheet.replace("'", "''")
    return f"internal:'{quoted}'!A1"


def write_cover(
    page: Any,
    groups: list[Group],
    listed: list[Listed],
    about: Mapping[str, Any],
    lang: Language,
    looks: dict[str, Any],
) -> None:
    """Write the cover from the top down, as a workbook that keeps little in memory must be."""
    page.hide_gridlines(2)
    page.fit_to_pages(1, 1)
    page.set_portrait()  # it is hardly wider than high
    page.center_horizontally()
    page.set_column(0, 0, 2)
    for at in range(_ACROSS):
        page.set_column(1 + 2 * at, 1 + 2 * at, 27)
        page.set_column(2 + 2 * at, 2 + 2 * at, 2)
    told = [
        tr("as of {day}", day=about["as_of"], lang=lang) if about["as_of"] else "",
        tr("Source: {source}", source=about["source"], lang=lang) if about["source"] else "",
        tr("made on {day}", day=told_time(about["created"]), lang=lang),
    ]
    for row, (text, look, height) in enumerate(
        [(about["title"], "title", 46), ("  ·  ".join(filter(None, told)), "band", 24)]
    ):
        page.set_row(row, height)
        page.write_blank(row, 0, None, looks[look])
        write_text(page, row, 1, text, look, looks)
        for at in range(2, 2 * _ACROSS + 1):
            page.write_blank(row, at, None, looks[look])
    sheets = {one.key: one.sheet for one in reversed(listed) if one.kind == "table"}
    row = 3
    for number, group in enumerate(groups):
        row = _write_group(
            page, row, group, tr("Key figures", lang=lang) if number == 0 else "", sheets, looks
        )
    _write_contents(page, row, listed, lang, looks)


def _write_group(
    page: Any, row: int, group: Group, otherwise: str, sheets: Mapping[str, str], looks: dict[str, Any]
) -> int:
    """Write figures that belong together, and return the next free row."""
    heading = group.title or otherwise
    if heading:
        _write_heading(page, row, [heading], looks)
        row += 1
    page.set_row(row, 6)
    row += 1
    for start in range(0, len(group.tiles), _ACROSS):
        row = _write_tiles(page, row, group.tiles[start : start + _ACROSS], sheets, looks)
    if group.table:
        for at, column in enumerate(group.table):
            write_text(page, row, 1 + 2 * at, column.title, "header", looks)
        for cells in zip(*(column.cells for column in group.table), strict=True):
            row += 1
            for at, cell in enumerate(cells):
                write_cell(page, row, 1 + 2 * at, group.table[at].kind, cell, looks)
        row += 2
    return row


def _write_tiles(
    page: Any, row: int, tiles: list[Tile], sheets: Mapping[str, str], looks: dict[str, Any]
) -> int:
    page.set_row(row, 22)
    for at, tile in enumerate(tiles):
        sheet = sheets.get(_sheet_of(tile.key))
        if sheet is None:
            write_text(page, row, 1 + 2 * at, tile.name, "tile_name", looks)
        else:
            page.write_url(row, 1 + 2 * at, internal(sheet), looks["tile_link"], tile.name[:250])
    page.set_row(row + 1, 40)
    for at, tile in enumerate(tiles):
        cell = tile.cell[:200] if isinstance(tile.cell, str) else tile.cell
        write_cell(page, row + 1, 1 + 2 * at, tile.kind, cell, looks, prefix="tile_")
    page.set_row(row + 2, 30)
    for at, tile in enumerate(tiles):
        write_text(page, row + 2, 1 + 2 * at, tile.note, "tile_note", looks)
    page.set_row(row + 3, 8)
    return row + 4


def _sheet_of(key: str) -> str:
    return next((sheet for start, sheet in _EXPLAINED.items() if key.startswith(start)), key)


def _write_heading(page: Any, row: int, texts: list[str], looks: dict[str, Any]) -> None:
    for at in range(1, 2 * _ACROSS):
        text = texts[at // 2] if at % 2 and at // 2 < len(texts) else ""
        write_text(page, row, at, text, "heading", looks)


def _write_contents(page: Any, row: int, listed: list[Listed], lang: Language, looks: dict[str, Any]) -> None:
    """List the sheets with links to them, what each answers, and how many rows it has."""
    row += 1
    _write_heading(
        page, row, [tr("Contents", lang=lang), tr("question", lang=lang), "", label("row_count", lang)], looks
    )
    for one in listed:
        row += 1
        page.set_row(row, 20)
        page.write_url(row, 1, internal(one.sheet), looks["link"], one.sheet)
        told = tr(_CONTENTS[one.kind], lang=lang) if one.kind in _CONTENTS else one.question
        told = one.chart.title if one.chart is not None else told
        write_text(page, row, 3, shortened(told, 60), "note", looks)
        if one.kind == "table":
            page.write_number(row, 7, one.rows, looks["rows"])
    page.write_string(row + 2, 1, tr(PLACES_NOTE, lang=lang), looks["note"])


def write_picture(page: Any, image: bytes | None) -> None:
    """Put the picture of the map on a sheet of its own, as large as an A4 page takes it."""
    size = None if image is None else png_size(image)
    if image is None or size is None:
        return
    width, height, dots = size
    scale = min(1040 / width, 660 / height) * dots / 96
    page.hide_gridlines(2)
    page.fit_to_pages(1, 1)
    page.insert_image(
        0, 0, "map.png", {"image_data": io.BytesIO(image), "x_scale": scale, "y_scale": scale,
                          "object_position": 3}
    )  # fmt: skip
