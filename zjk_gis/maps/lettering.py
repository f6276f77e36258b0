"""Names on the map: what is written in which rows, where it stands, and how much room there is."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.maps.packing import AREA, kinds_of, pack_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

__all__ = ["columns_of", "is_cut", "pack_labels", "readable", "rows_within", "short", "wrapped"]

_ROW, _MOST_ROWS = 24.0, 2  # columns of a row: twelve Chinese characters
_MOST_READ = 200  # characters of a name that are looked at
_UNWRITTEN = ("Cc", "Cf", "Zl", "Zp", "Cs")
_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_BREAKS = re.compile(rf"(?:(?<=[{_WIDE}])|(?=[{_WIDE}])|(?<=[-_/\s]))(?![)）,、。;」』》】%])")
_EVENLY = (1.0, 1.1, 1.25)
_EXACT_LABELS = 2_000
_MICRODEGREES = 1e6


def pack_labels(shapes: NDArray[Any], texts: list[Any], look: Mapping[str, Any]) -> str:
    """Pack the texts drawn on the map with where they stand and how much room there is."""
    said = [short(text) for text in texts]
    named = np.array([bool(text) for text in said], dtype=bool)
    shapes, said = shapes[named], [text for text in said if text]
    areas = kinds_of(shapes) == AREA
    places = shapely.point_on_surface(shapes)
    if len(shapes) <= _EXACT_LABELS and areas.any():
        places[areas] = _middles(shapes[areas])
    bounds = shapely.bounds(shapes)
    weight = bounds[:, 2] - bounds[:, 0] if len(shapes) else np.array([])
    room = np.where(areas & (not look.get("free")), weight, 0.0)
    at = np.round(shapely.get_coordinates(places) * _MICRODEGREES).astype(np.int64)
    steps = np.diff(at, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    content = {
        "lon": steps[:, 0].tolist(),
        "lat": steps[:, 1].tolist(),
        "room": np.round(room * _MICRODEGREES).astype(np.int64).tolist(),
        "weight": np.round(weight * _MICRODEGREES).astype(np.int64).tolist(),
        "of": np.flatnonzero(named).tolist(),
        "text": said,
        "cut": [at for at, text in enumerate(said) if is_cut(text)],
        "look": dict(look),
    }
    return pack_text(json.dumps(content, ensure_ascii=False).encode("utf-8", "replace"))


def _middles(areas: NDArray[Any]) -> NDArray[Any]:
    """Return the middle of the largest circle inside each area, which looks better than any point inside."""
    # In degrees that are as long one way as the other, as on the map.
    squeeze = np.cos(np.radians(np.clip(shapely.bounds(areas)[:, 1].mean(), -80, 80)))
    even = shapely.transform(areas, lambda xy: xy * [squeeze, 1.0])
    try:
        middles = shapely.get_point(shapely.maximum_inscribed_circle(even, tolerance=1e-6), 0)
    except shapely.GEOSException:  # an area without any ground
        return np.asarray(shapely.point_on_surface(areas), dtype=object)
    return np.asarray(shapely.transform(middles, lambda xy: xy / [squeeze, 1.0]), dtype=object)


def short(text: Any) -> str:
    r"""Write a name as it stands on a map: at most two lines, each in at most two rows, cut with an ellipsis.

    Marks that turn the direction of a text would turn that of its neighbours, and are left out.

    Examples
    --------
    >>> short("怡安街社区第1责任区\n张三"), short("长" * 100)
    ('怡安街社区第1责任区\n张三', '长长长长长长长长长长长长\n长长长长长长长长长长长…')
    """
    return "\n".join(row for line in _lines_of(text) for row in _rows_of(line))


def readable(text: Any) -> str:
    r"""Return a name whole, as an index tells it: at most two lines of the characters that can be written.

    Only what is longer than any name, more than 200 characters, is cut with an ellipsis.

    Examples
    --------
    >>> readable("怡安街社区第1责任区\n张三"), len(readable("长" * 100)), len(readable("长" * 1000))
    ('怡安街社区第1责任区\n张三', 100, 201)
    """
    return "\n".join(_lines_of(text, "…"))


def _lines_of(text: Any, cut: str = "") -> list[str]:
    if text is None or text is pd.NA or text is pd.NaT or (isinstance(text, float) and np.isnan(text)):
        return []
    lines = [
        "".join(c for c in line[:_MOST_READ] if unicodedata.category(c) not in _UNWRITTEN).strip()
        + (cut if len(line) > _MOST_READ else "")
        for line in str(text).split("\n")[:2]
    ]
    return [line for line in lines if line]


def is_cut(text: str) -> bool:
    """Tell whether a name is cut: it comes after all others, and takes no place from them."""
    return "…" in text


def _rows_of(line: str) -> list[str]:
    rows = rows_within(line, _ROW, columns_of)
    if len(rows) <= _MOST_ROWS:
        return rows
    last = rows[_MOST_ROWS - 1]
    while columns_of(last) > _ROW - 1:
        last = last[:-1]
    return [*rows[: _MOST_ROWS - 1], last + "…"]


def columns_of(text: str) -> float:
    """Return how wide a text is, in halves of a Chinese character."""
    return float(sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text))


def wrapped(
    text: str, room: float, width: Callable[[str], float], *, anywhere: bool = False
) -> list[str] | None:
    """Break a name into rows of much the same length, beside Chinese characters, blanks and hyphens.

    Parameters
    ----------
    text : str
        Of one line.
    room : float
        The widest that a row may be.
    width : callable
        Tells how wide a text is, in the unit of `room`.
    anywhere : bool
        Whether words and numbers may be broken too.

    Returns
    -------
    list of str, or None
        None where a word or number is wider than the room.

    Examples
    --------
    >>> wrapped("怡安街社区第1责任区", 12, columns_of), wrapped("Z3-130702", 5, columns_of)
    (['怡安街社区', '第1责任区'], None)
    """
    pieces = list(text) if anywhere else [piece for piece in _BREAKS.split(text) if piece]
    widest = max((width(piece.strip()) for piece in pieces), default=0.0)
    if widest > room:
        return None
    rows = _filled(pieces, room, width)
    for share in _EVENLY:
        even = _filled(pieces, max(share * width(text) / max(len(rows), 1), widest), width)
        if len(even) == len(rows) and all(width(row) <= room for row in even):
            return even
    return rows


def rows_within(text: str, room: float, width: Callable[[str], float]) -> list[str]:
    """Break a text into rows that fit a room, beside words where that can be, and within them where not.

    Examples
    --------
    >>> rows_within("Z3-130702", 5, columns_of)
    ['Z3-13', '0702']
    """
    return wrapped(text, room, width) or wrapped(text, room, width, anywhere=True) or list(text)


def _filled(pieces: list[str], room: float, width: Callable[[str], float]) -> list[str]:
    """Fill one row after the other."""
    rows = [""]
    for piece in pieces:
        if rows[-1] and width((rows[-1] + piece).strip()) > room:
            rows.append("")
        rows[-1] += piece
    return [row.strip() for row in rows if row.strip()]
