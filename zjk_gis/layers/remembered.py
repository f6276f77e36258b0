"""What was compiled of a layer, kept for the next call with the very same layer.

A notebook asks again and again with one layer of zones. To compile 20,000 of them takes as long as to answer
for two million incidents, so what was made of the last few layers is kept as long as the caller keeps them.

It is used only while nothing of the layer is another:

1. It is the same object, asked with the same options, in the same language.
2. Every geometry is the same object. Geometries cannot be changed, only replaced; those seen are held, so
   that no other one can have taken the place of one of them in memory.
3. Every other column has the same name, type and content; numbers are compared bit by bit. Cells of mixed
   kinds are held and compared as geometries are. A layer with cells that could change (lists, say) is not
   kept.
4. The CRS and the labels of the rows are the same.
"""

from __future__ import annotations

import datetime as dt
import decimal
import threading
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from zjk_gis.words import language

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd

__all__ = ["remembered"]

_MOST = 4  # layers
_UNCHANGING = frozenset(
    {str, bytes, int, float, bool, complex, type(None), type(pd.NA), type(pd.NaT), pd.Timestamp, pd.Timedelta,
     dt.date, dt.datetime, dt.time, decimal.Decimal}
)  # fmt: skip

_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class _Column:
    """What a column held: cells by what they are and where, numbers by their bits, others as a copy."""

    kind: Any
    content: Any
    held: Any = None

    @classmethod
    def of(cls, values: Any) -> _Column | None:
        """Look at a column or the labels of the rows; None where they could change unseen."""
        kind = values.dtype
        is_mixed, is_geometry = kind.kind == "O" and isinstance(kind, np.dtype), kind.name == "geometry"
        if not (is_mixed or is_geometry):
            is_plain = isinstance(kind, np.dtype)
            return cls(kind, values.to_numpy().tobytes() if is_plain else values.array.copy())
        cells = values.to_numpy().tolist()
        if is_mixed and not {*map(type, cells)} <= _UNCHANGING:
            return None
        return cls(kind, [*map(id, cells)], cells)

    def is_like(self, other: _Column | None) -> bool:
        """Tell whether another look saw the same."""
        if other is None or self.kind != other.kind:
            return False
        if isinstance(self.content, (bytes, list)):
            return bool(self.content == other.content)
        return bool(self.content.equals(other.content))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a layer was."""

    names: list[Any]
    geometry: Any
    crs: Any
    columns: list[_Column]

    @classmethod
    def of(cls, layer: gpd.GeoDataFrame) -> _Seen | None:
        """Look at a layer; None where it could change unseen."""
        if isinstance(layer.index, pd.MultiIndex) or not layer.columns.is_unique:
            return None
        columns: list[_Column] = []
        for values in (layer.index, *(layer[name] for name in layer.columns)):
            seen = _Column.of(values)
            if seen is None:
                return None
            columns.append(seen)
        return cls(layer.columns.tolist(), layer.active_geometry_name, layer.crs, columns)

    def is_like(self, other: _Seen) -> bool:
        """Tell whether another look saw the same."""
        return (
            self.names == other.names
            and self.geometry == other.geometry
            and self.crs == other.crs
            and all(own.is_like(its) for own, its in zip(self.columns, other.columns, strict=True))
        )


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was made of a layer that may be gone."""

    layer: weakref.ref[Any]
    said: tuple[Any, ...]
    seen: _Seen
    made: Any


_kept: list[_Kept] = []
_lock = threading.RLock()  # a layer may go, and be forgotten, while another is looked up


def remembered(layer: gpd.GeoDataFrame, said: tuple[Any, ...], make: Callable[[], _Made]) -> _Made:
    """Return what was made of a layer before with the same options, or make it and keep it.

    Parameters
    ----------
    layer : GeoDataFrame
        It is not held; what is made of it must not hold it either.
    said : tuple
        All else by which it is made.
    make : callable

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> layer = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(0, 0, 1, 1)], crs=4547)
    >>> made = [remembered(layer, ("zone_code",), lambda: object()) for _ in range(2)]
    >>> made[0] is made[1]
    True
    >>> layer.loc[0, "zone_code"] = "B"
    >>> remembered(layer, ("zone_code",), lambda: object()) is made[0]
    False
    """
    seen = _Seen.of(layer)
    if seen is None:
        return make()
    said = (*said, language())
    with _lock:
        known = [each for each in _kept if each.layer() is layer and each.said == said]
    for each in known:
        if each.seen.is_like(seen):
            return each.made  # type: ignore[no-any-return]
    made = make()
    with _lock:
        others = [each for each in _kept if each not in known]
        _kept[:] = [*others[1 - _MOST :], _Kept(weakref.ref(layer, _forget), said, seen, made)]
    return made


def _forget(gone: weakref.ref[Any]) -> None:
    with _lock:
        _kept[:] = [each for each in _kept if each.layer is not gone]
