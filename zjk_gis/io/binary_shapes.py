"""Well-known binary from elsewhere: GEOS ends the process over shapes that lie too deep in each other."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shapely

from zjk_gis.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["PLAIN_BYTES", "lies_too_deep", "shapes_of_wkb"]

_DEEPEST = 32
PLAIN_BYTES = _DEEPEST * 9  # at least 9 for each: the byte order, the kind, and how many parts
_POINT, _LINE, _POLYGON = 1, 2, 3


def shapes_of_wkb(
    values: Iterable[bytes | None], *, on_invalid: Literal["raise", "ignore"] = "raise"
) -> NDArray[np.object_]:
    """Read shapes from well-known binary, in any of its dialects.

    Parameters
    ----------
    values : iterable of bytes or None
    on_invalid : {"raise", "ignore"}, default "raise"
        Whether what is no shape, or has collections more than 32 deep in each other, is an error or None.

    Returns
    -------
    ndarray of geometries

    Raises
    ------
    GeometryError
        If collections lie too deep in each other.
    GEOSException
        If a value is no shape.

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
                message = f"the shape of row {at} has collections more than {_DEEPEST} deep in each other"
                raise GeometryError(message)
            checked[at] = None
    as_given: Any = checked  # an array, which the stubs of shapely do not expect
    with np.errstate(invalid="ignore"):  # a coordinate that is not a number is no fault of the reading
        shapes: NDArray[np.object_] = np.atleast_1d(shapely.from_wkb(as_given, on_invalid=on_invalid))
    return shapes


def lies_too_deep(value: bytes) -> bool:
    """Tell whether collections lie more than 32 deep in each other; False for what is no shape at all."""
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
