"""Reading CAD drawings (.dxf): entities as rows, layers as a column, Chinese intact, blocks bounded.

Fiona opens them, as it can be held to one driver and told the encoding for this file alone, and hands out
records one after the other. GDAL believes the code page that the drawing names, which is that of the machine
it was drawn on rather than that of its text; so the text is decoded here, and handed on as UTF-8.
"""

from __future__ import annotations

import logging
import re
import tempfile
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import shapely.geometry

from zjk_gis.errors import FileError
from zjk_gis.io.paths import blamed_on
from zjk_gis.io.tables.stream import decode_text
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zjk_gis.read_report import ReadReport

__all__ = ["read_drawing"]

_MOST = 5_000_000  # entities, with those of blocks as often as they are inserted
_DEEPEST = 32
_ESCAPE = re.compile(r"\\U\+([0-9A-Fa-f]{4})")
_LINE = re.compile(r"error at line (\d+)")
_NUMBER = re.compile(r"\s*[+-]?\d{1,9}")
_COLUMNS = {
    "Layer": "layer", "Text": "text", "SubClasses": "subclasses", "Linetype": "linetype",
    "EntityHandle": "entity_handle", "PaperSpace": "paper_space", "BlockName": "block",
}  # fmt: skip


def read_drawing(source: Path, report: ReadReport) -> gpd.GeoDataFrame:
    """Read the entities of a .dxf file.

    Parameters
    ----------
    source : Path
    report : ReadReport
        Told the encoding and how many entities have no shape.

    Returns
    -------
    GeoDataFrame
        One row an entity: ``layer`` (the drawing's), ``text``, ``subclasses``, ``linetype``,
        ``entity_handle`` and ``paper_space``, where any has them. A drawing has no CRS. Blocks stand where
        they are inserted, arcs as lines of many corners.

    Raises
    ------
    FileError
        If it is not a drawing, is cut off or damaged, or its blocks unfold to too much.
    """
    import fiona

    with blamed_on(source):
        content = source.read_bytes()
    text, encoding = decode_text(content, source)
    encoding.tell(report, source)
    text = _ESCAPE.sub(lambda found: _character(found[1]), text.removeprefix("\ufeff"))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\x00" in text:
        raise FileError(
            tr("{source}: is damaged: there are zero bytes in its text; save it again", source=source)
        )
    _check_drawing(text, source)
    damage: list[str] = []
    with tempfile.TemporaryDirectory(prefix="zjk-gis-") as folder, blamed_on(source):
        copy = Path(folder, "drawing.dxf")
        copy.write_text(text, encoding="utf-8", newline="\n")
        with (
            fiona.Env(DXF_ENCODING="UTF-8"),
            _told_to(damage),
            fiona.open(copy, driver="DXF", enabled_drivers=["DXF"]) as opened,
        ):
            names = list(opened.schema["properties"])
            rows, shapes = [], []
            for record in islice(opened, _MOST + 1):
                rows.append(dict(record.properties))
                shapes.append(None if record.geometry is None else shapely.geometry.shape(record.geometry))
    if damage:
        raise FileError(tr("{source}: is damaged: {damage}; save it again", source=source, damage=damage[0]))
    if len(rows) > _MOST:
        raise _too_much(source)
    table = pd.DataFrame(rows, columns=names).rename(columns=_COLUMNS)
    table = table.dropna(axis="columns", how="all")
    for name in table.columns:
        table[name] = table[name].astype("boolean" if name == "paper_space" else "str")
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, index=table.index), crs=None)


@contextmanager
def _told_to(damage: list[str]) -> Iterator[None]:
    """Take down what GDAL calls an error: Fiona only logs it, and ends the records there."""
    log = logging.getLogger("fiona._env")

    class Listener(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            if record.levelno < logging.ERROR:
                return True
            line = _LINE.search(record.getMessage())
            damage.append(
                tr("line {line} cannot be understood", line=line[1]) if line else record.getMessage()
            )
            return False

    listener = Listener()
    log.addFilter(listener)
    try:
        yield
    finally:
        log.removeFilter(listener)


def _character(digits: str) -> str:
    """Return the character of an escape; half of a pair stays an escape, for it is none."""
    code = int(digits, 16)
    return f"\\U+{digits}" if 0xD800 <= code <= 0xDFFF or code < 0x20 else chr(code)


def _pairs(text: str, source: Path) -> Iterator[tuple[int, str]]:
    """Yield the group codes and values as GDAL takes them, which takes what is not a number for zero."""
    lines = text.split("\n")
    for i in range(0, len(lines) - 1, 2):
        code = _NUMBER.match(lines[i])
        if code is None:
            raise FileError(
                tr(
                    "{source}: is damaged: line {i} should be a group code; save it again",
                    source=source,
                    i=i + 1,
                )
            )
        yield int(code[0]), lines[i + 1].strip().upper()


def _check_drawing(text: str, source: Path) -> None:
    """Refuse what is not a drawing, one that was cut off, and one whose blocks unfold to too much."""
    inside: dict[str, list[tuple[str, int]]] = {}  # of each block: what it inserts, and how often
    own: dict[str, int] = {}
    sections: set[str] = set()
    block, entity, name, columns, rows = "", "", "", 1, 1

    def finish() -> None:
        if entity == "INSERT":
            inside.setdefault(block, []).append((name, max(columns, 1) * max(rows, 1)))
        elif entity not in ("", "BLOCK", "ENDBLK", "SECTION", "ENDSEC", "EOF"):
            own[block] = own.get(block, 0) + 1

    for code, value in _pairs(text, source):
        if code == 0:
            if entity == "EOF":
                break
            finish()
            if entity in ("ENDBLK", "ENDSEC"):
                block = ""
            entity, columns, rows = value, 1, 1
        elif code == 2 and entity == "SECTION":
            sections.add(value)
        elif code == 2 and entity == "BLOCK":
            block = value
        elif code == 2 and entity == "INSERT":
            name = value
        elif code in (70, 71) and entity == "INSERT":
            found = _NUMBER.match(value)
            number = int(found[0]) if found else 1
            columns, rows = (number, rows) if code == 70 else (columns, number)
    finish()
    if entity != "EOF":
        raise FileError(
            tr("{source}: is cut off: its last line should be EOF; copy or save it again", source=source)
        )
    if "ENTITIES" not in sections:
        raise FileError(
            tr(
                "{source}: is not a drawing, or damaged: it has no section ENTITIES; save it again",
                source=source,
            )
        )
    _check_blocks(inside, own, source)


def _check_blocks(inside: dict[str, list[tuple[str, int]]], own: dict[str, int], source: Path) -> None:
    """Refuse blocks that, inserted in each other, unfold to more than there is room for."""
    sizes: dict[str, int] = {}

    def size(of: str, depth: int) -> int:
        if of not in sizes:
            if depth > _DEEPEST:
                raise _too_much(source)
            sizes[of] = _MOST + 1  # a block that inserts itself has no end
            parts = sum(times * max(size(each, depth + 1), 1) for each, times in inside.get(of, []))
            sizes[of] = min(own.get(of, 0) + parts, _MOST + 1)
        return sizes[of]

    if size("", 0) > _MOST:
        raise _too_much(source)


def _too_much(source: Path) -> FileError:
    return FileError(
        tr(
            "{source}: its blocks unfold to over {most:,} entities, or insert themselves; it is damaged",
            source=source,
            most=_MOST,
        )
    )
