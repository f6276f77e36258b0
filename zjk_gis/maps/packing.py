"""Layers packed small: shapes as differences of whole numbers, texts by dictionary, both deflated.

The script's `unpack.js` reads what is written here. A shape's coordinates are whole parts of a degree, each
the difference to the one before; a number takes one byte for every seven bits, the lowest first.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.layers.columns.periods import day_of
from zjk_gis.layers.columns.times import BEIJING, time_order
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.labels import label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from zjk_gis.layers.labels import Language

__all__ = ["AREA", "LINE", "POINT", "Extra", "day_numbers", "kinds_of", "morton_order", "pack_shapes",
           "pack_table", "pack_text", "texts_of", "untimed"]  # fmt: skip

POINT, LINE, AREA = 0, 1, 2
_UNTIMED = 1_000_000_000
_CODES = ("_code", "_codes")
_EPOCH = day_of("1900-01-01")
_LINES = (
    shapely.GeometryType.LINESTRING,
    shapely.GeometryType.MULTILINESTRING,
    shapely.GeometryType.LINEARRING,
)
_AREAS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


@dataclass(frozen=True, slots=True)
class Extra:
    """A row of a popup that is more than a text.

    Attributes
    ----------
    title : str
    kind : {"bars", "links"}
        Bars show names with counts; links lead to other features.
    values : sequence of list
        For each row of the layer, pairs of (name, count), or numbers of rows of the same layer, which are
        called by their first column.
    """

    title: str
    kind: str
    values: Sequence[Sequence[Any]]

    def of_rows(self, rows: NDArray[np.int64], number: int, layer: int) -> dict[str, Any]:
        """Return what is packed for some rows of the layer; links lead to where those rows are now.

        Parameters
        ----------
        rows : ndarray of int
            The rows drawn, in the order they are drawn in.
        number : int
            How many rows there were.
        layer : int
            The layer's own number, which its links lead to.
        """
        values: list[list[Any]] = [list(self.values[row]) for row in rows]
        if self.kind == "links":
            now = np.full(number, -1)
            now[rows] = np.arange(len(rows))
            values = [[int(now[row]) for row in links if now[row] >= 0] for links in values]
        return {"t": self.title, "k": self.kind, "to": layer, "v": values}


def pack_text(data: bytes) -> str:
    """Deflate bytes and write them in base64."""
    return base64.b64encode(zlib.compress(data, 6)).decode("ascii")


def kinds_of(shapes: NDArray[Any]) -> NDArray[np.int64]:
    """Say of each shape whether it is drawn as a point, a line or an area."""
    types = shapely.get_type_id(shapes)
    return np.select([np.isin(types, _LINES), np.isin(types, _AREAS)], [LINE, AREA], POINT)


def pack_shapes(
    shapes: NDArray[Any],
    styles: NDArray[np.int64],
    *,
    digits: float,
    days: NDArray[np.int64] | None = None,
) -> str:
    """Pack shapes in degrees, with the number of each one's style and day.

    Parameters
    ----------
    shapes : ndarray of shapely.Geometry, shape (n,)
    styles : ndarray of int, shape (n,)
    digits : float
        How many parts a degree is counted in.
    days : ndarray of int, shape (n,), optional
        As `day_numbers` gives them.
    """
    kinds = kinds_of(shapes)
    rings, owner = _rings(shapes, kinds)
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    whole = np.round(coordinates * digits).astype(np.int64)
    keep = np.ones(len(ring), dtype=bool)
    if len(ring):
        starts = np.flatnonzero(np.diff(ring, prepend=-1))
        keep[1:] = (whole[1:] != whole[:-1]).any(axis=1)
        keep[starts] = True
        ends = np.append(starts[1:], len(ring)) - 1
        closed = (kinds[owner] == AREA) & (ends > starts)
        keep[ends[closed]] = False  # a ring of an area closes itself
    whole, ring = whole[keep], ring[keep]
    steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    zigzag = np.where(steps < 0, -2 * steps - 1, 2 * steps)
    head = [len(shapes), len(rings), len(whole), int(days is not None)]
    numbers = [
        np.array(head),
        kinds,
        styles,
        np.bincount(owner, minlength=len(shapes)),
        np.bincount(ring, minlength=len(rings)),
        zigzag[:, 0],
        zigzag[:, 1],
        *([] if days is None else [days]),
    ]
    return pack_text(_varints(np.concatenate(numbers).astype(np.uint64)))


def _rings(shapes: NDArray[Any], kinds: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return all lines that make up the shapes, in the order of the shapes, and whose each is."""
    found: list[NDArray[Any]] = []
    owners: list[NDArray[np.int64]] = []
    for kind in (POINT, LINE, AREA):
        rows = np.flatnonzero(kinds == kind)
        own = shapes[rows]
        if kind == POINT:
            odd = shapely.get_type_id(own) != shapely.GeometryType.POINT
            own = own.copy()
            own[odd] = shapely.point_on_surface(own[odd])
            parts, part = own, np.arange(len(own))
        else:
            # Outer rings one way and holes the other: areas of a style can then be filled together.
            parts, part = shapely.get_parts(
                shapely.orient_polygons(own) if kind == AREA else own, return_index=True
            )
            if kind == AREA:
                parts, inner = shapely.get_rings(parts, return_index=True)
                part = part[inner]
        found.append(parts)
        owners.append(rows[part])
    rings, owner = np.concatenate(found), np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    return rings[order], owner[order]


def _varints(numbers: NDArray[np.uint64]) -> bytes:
    """Write whole numbers in bytes of seven bits, the lowest first."""
    septets = np.stack([(numbers >> np.uint64(7 * i)) & np.uint64(127) for i in range(5)], axis=1).astype(
        np.uint8
    )
    lengths = np.maximum(1, 5 - np.argmax(septets[:, ::-1] > 0, axis=1))
    lengths[~septets.any(axis=1)] = 1
    place = np.arange(5)
    septets |= np.where(place < lengths[:, None] - 1, np.uint8(128), np.uint8(0))
    return bytes(septets[place < lengths[:, None]])


def morton_order(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return an order in which neighbours stand together, so that their differences are small."""

    def spread(values: NDArray[np.float64]) -> NDArray[np.uint64]:
        low, wide = values.min(initial=np.inf), np.ptp(values) if len(values) else 1.0
        bits = ((values - low) / (wide or 1.0) * 65535).astype(np.uint64)
        for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
            bits = (bits | (bits << np.uint64(shift))) & np.uint64(mask)
        return np.asarray(bits, dtype=np.uint64)

    # Ties by place, so that the file is the same whatever the order of the rows.
    return np.asarray(np.lexsort((y, x, spread(x) | (spread(y) << np.uint64(1)))), dtype=np.int64)


def day_numbers(
    frame: pd.DataFrame,
    time: str,
    *,
    dayfirst: bool | None = None,
    time_format: str | None = None,
    tz: str = BEIJING,
) -> NDArray[np.int64] | None:
    """Count the days of a column since 1900-01-01; rows without a time get a number beyond all days.

    None where there is no such column.

    Raises
    ------
    InputError
        If the column does not show in which order its dates are written.
    """
    if time not in frame:
        return None
    order = time_order(frame[time], dayfirst=dayfirst, time_format=time_format, tz=tz, name=time)
    days, _ = order.days(frame[time])
    is_early = days < _EPOCH  # as is what has no day
    return np.where(is_early, _UNTIMED, np.where(is_early, _EPOCH, days) - _EPOCH)


def untimed(days: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which rows have no time."""
    return days >= _UNTIMED


def pack_table(
    frame: pd.DataFrame, columns: Sequence[str], lang: Language, extras: Sequence[dict[str, Any]] = ()
) -> str:
    """Pack the texts that popups show, column by column; a text that occurs often is written once."""
    packed: list[dict[str, Any]] = []
    for column in columns:
        values = frame[column]
        texts, codes = texts_of(code_text(values) if column.endswith(_CODES) else values, lang)
        title = label(column, lang, unit=True)
        if len(texts) < 0.6 * max(len(codes), 1):
            packed.append({"t": title, "d": texts, "c": codes.tolist()})
        else:
            packed.append({"t": title, "v": [texts[code] for code in codes]})
    packed += extras
    return pack_text(json.dumps(packed, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))


def texts_of(values: pd.Series, lang: Language) -> tuple[list[str], NDArray[np.int64]]:
    """Return the different texts that people read for the values of a column, and which each row has."""
    plain = values.astype(object).where(values.notna(), None)
    try:
        codes, found = pd.factorize(plain)
    except TypeError:  # lists and the like
        codes, found = pd.factorize(plain.map(str, na_action="ignore"))
    texts = [_text(value, lang) for value in found]
    codes = np.where(codes < 0, len(texts), codes)
    return [*texts, ""], codes


def _text(value: Any, lang: Language) -> str:
    if isinstance(value, bool | np.bool_):
        return label("yes" if value else "no", lang)
    if isinstance(value, float | np.floating):
        return f"{value:,.2f}".rstrip("0").rstrip(".") if np.isfinite(value) else str(value)
    if isinstance(value, pd.Timestamp):
        return str(value)[:19].removesuffix(" 00:00:00")
    return label(str(value), lang)
