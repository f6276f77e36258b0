"""Well-known binary from elsewhere, which holds more than GEOS takes.

GEOS ends the process over shapes that lie too deep in each other, and knows neither curves nor surfaces:
curves become lines of many corners here, surfaces and triangulated ones the areas that they are made of.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shapely

from zjk_gis.errors import GeometryError
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["PLAIN_BYTES", "lies_too_deep", "shapes_of_wkb", "straightened"]

_DEEPEST = 32
PLAIN_BYTES = _DEEPEST * 9  # at least 9 for each: the byte order, the kind, and how many parts
_POINT, _LINE, _POLYGON, _COLLECTION = 1, 2, 3, 7
_ARC, _CURVED_LINE, _CURVED_AREA, _TRIANGLE = 8, 9, 10, 17
_FIRST_CURVE = _ARC
# Several curves, several areas, and the two kinds of surface consist of what has a plain kind.
_MADE_OF = {11: 5, 12: 6, 15: 6, 16: 6}
_ARC_STEP = np.radians(4)


def shapes_of_wkb(
    values: Iterable[bytes | None], *, on_invalid: Literal["raise", "ignore"] = "raise"
) -> NDArray[np.object_]:
    """Read shapes from well-known binary, in any of its dialects.

    Parameters
    ----------
    values : iterable of bytes or None
    on_invalid : {"raise", "ignore"}, default "raise"
        Whether what is not a shape, or has collections more than 32 deep in each other, is an error or None.

    Returns
    -------
    ndarray of geometries

    Raises
    ------
    GeometryError
        If collections lie too deep in each other.
    GEOSException
        If a value is not a shape.

    Examples
    --------
    >>> nested = struct.pack("<BII", 1, 7, 1) * 100_000
    >>> shapes_of_wkb([shapely.to_wkb(shapely.Point(1, 2)), nested, None], on_invalid="ignore").tolist()
    [<POINT (1 2)>, None, None]
    """
    checked = np.array([*values, None], dtype=object)[:-1]
    for at, value in enumerate(checked):
        if value is not None and lies_too_deep(value):
            if on_invalid == "raise":
                raise GeometryError(
                    tr(
                        "the shape of row {at} has collections more than {deepest} deep in each other",
                        at=at,
                        deepest=_DEEPEST,
                    )
                )
            checked[at] = None
        elif value is not None and _kind(value, 0)[0] == _COLLECTION:
            # A curve within a collection is let through by shapely, which fails over it later.
            checked[at] = _or_as_it_is(value)
    as_given: Any = checked  # an array, which the stubs of shapely do not expect
    try:
        with np.errstate(invalid="ignore"):  # a coordinate that is not a number is not a fault of the reading
            shapes: NDArray[np.object_] = np.atleast_1d(shapely.from_wkb(as_given, on_invalid=on_invalid))
    except (NotImplementedError, shapely.errors.GEOSException):
        return np.array([*(_shape(value, on_invalid) for value in checked), None], dtype=object)[:-1]
    there = np.array([value is not None for value in checked], dtype=bool)
    unread = np.flatnonzero(shapely.is_missing(shapes) & there)
    for at in unread.tolist():  # «ignore» passes over surfaces too
        shapes[at] = _shape(checked[at], on_invalid)
    return shapes


def _or_as_it_is(value: bytes) -> bytes:
    try:
        return straightened(value)
    except (struct.error, ValueError):  # for GEOS to refuse
        return value


def _shape(value: bytes | None, on_invalid: Literal["raise", "ignore"]) -> Any:
    """Read one shape, which may be curved or a surface."""
    if value is None:
        return None
    try:
        value = straightened(value)
        with np.errstate(invalid="ignore"):
            return shapely.from_wkb(value, on_invalid=on_invalid)
    except (struct.error, ValueError, NotImplementedError):  # it is cut off
        if on_invalid == "ignore":
            return None
        raise GeometryError(
            tr("a shape is a curve or a surface that ends too early; the data are damaged")
        ) from None


def straightened(value: bytes) -> bytes:
    """Return a shape without curves and surfaces: as lines of many corners, and as the areas they consist of.

    Parameters
    ----------
    value : bytes
        Well-known binary in any of its dialects.

    Returns
    -------
    bytes
        The same bytes where there is nothing of the kind in it.

    Examples
    --------
    >>> arc = struct.pack("<BII6d", 1, 8, 3, 0, 0, 1, 1, 2, 0)
    >>> line = shapely.from_wkb(straightened(arc))
    >>> line.geom_type, round(line.length, 2), len(line.coords)
    ('LineString', 3.14, 47)
    """
    if _kind(value, 0)[0] < _FIRST_CURVE and _kind(value, 0)[0] != _COLLECTION:
        return value
    found, _ = _straight(value, 0)
    return found


def _straight(value: bytes, at: int) -> tuple[bytes, int]:
    """Return the shape that begins here, made straight, and where what follows begins."""
    kind, axes, order, start = _kind(value, at)
    if not kind:
        raise ValueError(tr("no shape"))
    head = value[at:start]
    if kind == _POINT:
        end = start + 8 * axes
        return value[at:end], end
    (number,) = struct.unpack_from(f"{order}I", value, start)
    end = start + 4
    if kind in (_LINE, _ARC):
        end += 8 * axes * number
        if kind == _LINE:
            return value[at:end], end
        return _line(head, order, _along(_places(value, order, start + 4, number, axes))), end
    if kind in (_POLYGON, _TRIANGLE):
        for _ in range(number):
            end += 4 + 8 * axes * int(struct.unpack_from(f"{order}I", value, end)[0])
        return _renamed(head, order, _POLYGON) + value[start:end], end
    parts = []
    for _ in range(number):
        part, end = _straight(value, end)
        parts.append(part)
    if kind == _CURVED_LINE:
        return _line(head, order, _joined(parts, axes)), end
    if kind == _CURVED_AREA:
        rings = [part[_kind(part, 0)[3] :] for part in parts]
        return _renamed(head, order, _POLYGON) + struct.pack(f"{order}I", number) + b"".join(rings), end
    head = _renamed(head, order, _MADE_OF.get(kind, kind))
    return head + struct.pack(f"{order}I", number) + b"".join(parts), end


def _places(value: bytes, order: str, start: int, number: int, axes: int) -> NDArray[np.float64]:
    found = np.frombuffer(value, f"{order}f8", number * axes, start)
    return found.reshape(number, axes).astype(np.float64)


def _line(head: bytes, order: str, places: NDArray[np.float64]) -> bytes:
    content = places.astype(f"{order}f8").tobytes()
    return _renamed(head, order, _LINE) + struct.pack(f"{order}I", len(places)) + content


def _renamed(head: bytes, order: str, kind: int) -> bytes:
    """Put another kind of shape into the first bytes, whose dialect and axes stay."""
    code = struct.unpack_from(f"{order}I", head, 1)[0]
    was = (code & 0x0FFFFFFF) % 1000
    return head[:1] + struct.pack(f"{order}I", code - was + kind) + head[5:]


def _joined(parts: list[bytes], axes: int) -> NDArray[np.float64]:
    """Put lines together, each of which begins where the one before ends."""
    lines: list[NDArray[np.float64]] = []
    for part in parts:
        _, _, order, start = _kind(part, 0)
        places = _places(part, order, start + 4, struct.unpack_from(f"{order}I", part, start)[0], axes)
        lines.append(places[1:] if lines else places)
    return np.concatenate(lines) if lines else np.empty((0, axes))


def _along(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Follow arcs, each through three places of which the last begins the next one."""
    arcs = [_arc(*places[first : first + 3])[1:] for first in range(0, len(places) - 2, 2)]
    return np.concatenate([places[:1], *arcs])


@np.errstate(all="ignore")
def _arc(begin: Any, middle: Any, end: Any) -> NDArray[np.float64]:
    """Return places along the arc through three, about four degrees apart; heights change evenly.

    The middle is met exactly. Where begin and end are one, it lies opposite on a full circle.
    """
    (ax, ay), (bx, by), (cx, cy) = begin[:2], middle[:2], end[:2]
    closed = ax == cx and ay == cy
    if closed:
        centre = (begin[:2] + middle[:2]) / 2
    else:
        turn = 2 * ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))
        if turn == 0:
            return np.stack([begin, middle, end])
        b, c = (bx - ax) ** 2 + (by - ay) ** 2, (cx - ax) ** 2 + (cy - ay) ** 2
        centre = np.array(
            [ax + ((cy - ay) * b - (by - ay) * c) / turn, ay + ((bx - ax) * c - (cx - ax) * b) / turn]
        )
    radius = float(np.hypot(*(begin[:2] - centre)))
    if not np.isfinite(radius):
        return np.stack([begin, middle, end])
    angles = [float(np.arctan2(*(each[:2] - centre)[::-1])) for each in (begin, middle, end)]
    left = closed or turn > 0
    spans = [(angles[at + 1] - angles[at]) % (2 * np.pi) for at in (0, 1)]
    spans = spans if left else [span - 2 * np.pi if span else span for span in spans]
    made = [begin[None, :]]
    for one, other, angle, span in ((begin, middle, angles[0], spans[0]), (middle, end, angles[1], spans[1])):
        steps = max(1, int(np.ceil(abs(span) / _ARC_STEP)))
        share = np.arange(1, steps)[:, None] / steps
        at = angle + span * share[:, 0]
        between = one + (other - one) * share
        between[:, :2] = centre + radius * np.column_stack([np.cos(at), np.sin(at)])
        made += [between, other[None, :]]
    return np.concatenate(made)


def lies_too_deep(value: bytes) -> bool:
    """Tell whether collections lie more than 32 deep in each other; False for what is not a shape at all."""
    if len(value) <= PLAIN_BYTES or _kind(value, 0)[0] in (_POINT, _LINE, _POLYGON):
        return False
    open_parts: list[int] = []  # of each collection that is being read: parts to come
    at = 0
    while True:
        kind, axes, order, start = _kind(value, at)
        number = struct.unpack_from(f"{order}I", value, start)[0] if start + 4 <= len(value) else -1
        if kind == 0 or number < 0:
            return False
        if kind == _POINT:
            at = start + 8 * axes
        elif kind in (_LINE, 8):
            at = start + 4 + 8 * axes * number
        elif kind in (_POLYGON, 17):
            at = start + 4
            for _ in range(number):
                if at + 4 > len(value):
                    return False
                at += 4 + 8 * axes * struct.unpack_from(f"{order}I", value, at)[0]
        else:
            at = start + 4
            open_parts.append(number)
            if len(open_parts) > _DEEPEST:
                return True
            open_parts[-1] += 1  # it closes below as if it were a part of its own
        while open_parts:
            open_parts[-1] -= 1
            if open_parts[-1]:
                break
            open_parts.pop()
        if not open_parts:
            return False


def _kind(value: bytes, at: int) -> tuple[int, int, str, int]:
    """Return the kind of the shape that begins here, its axes, its byte order, and where it goes on."""
    if at + 5 > len(value) or value[at] > 1:
        return 0, 0, "", at
    order = "<" if value[at] else ">"
    code = struct.unpack_from(f"{order}I", value, at + 1)[0]
    kind, flags = code & 0x0FFFFFFF, code >> 28
    iso, kind = divmod(kind, 1000)
    if iso > 3:
        return 0, 0, "", at
    axes = 2 + max((iso > 0) + (iso == 3), bool(flags & 8) + bool(flags & 4))
    return kind, axes, order, at + 5 + (4 if flags & 2 else 0)
