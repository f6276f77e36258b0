"""What changed between two sets of rows: by key, which columns, and by how many metres."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.city.digests import row_digests, texts_of
from zjk_gis.crs import convert_crs
from zjk_gis.errors import InputError, MissingColumnError, name_rows
from zjk_gis.layers.shapes import has_place
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

__all__ = ["compare_rows", "keys_of", "moved_metres"]

_BETWEEN = " | "
_CHANGES = ("added", "changed", "restored", "withdrawn")


@checked
def compare_rows(
    old: gpd.GeoDataFrame,
    new: gpd.GeoDataFrame,
    *,
    key: str | Sequence[str],
    measure: Any = None,
    tolerance_m: float = 0.05,
    complete: bool = True,
    withdrawn_before: Collection[str] = (),
) -> pd.DataFrame:
    """Return the rows that differ between two editions of a layer.

    Parameters
    ----------
    old, new : GeoDataFrame
        In one CRS. Columns that `new` lacks are not compared.
    key : str or sequence of str
        By which columns the same row is known.
    measure : optional
        The system in which it is measured how far a shape moved; by default that of the layers.
    tolerance_m : float, default 0.05
        A shape that moved by no more is the same.
    complete : bool, default True
        Whether rows that `new` lacks are withdrawn; otherwise they are left alone.
    withdrawn_before : collection of str
        Keys that were withdrawn earlier: they are restored when they come back.

    Returns
    -------
    DataFrame
        One row a difference, by key: ``row_key``, ``change`` (``added``, ``changed``, ``restored``,
        ``withdrawn``), ``columns`` (which, ``;`` between them; ``geometry`` for the shape) and ``moved_m``
        (float64, missing where the shape is the same).

    Raises
    ------
    InputError
        If a key is missing or stands twice.
    MissingColumnError
        If a column of the key is missing.

    Examples
    --------
    >>> from shapely import box
    >>> old = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B"], "chief_name": ["王", "李"]}, geometry=[box(0, 0, 9, 9)] * 2, crs=4547
    ... )
    >>> new = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "C"], "chief_name": ["张", "李"]},
    ...     geometry=[box(0, 0, 9, 9.02), box(0, 0, 9, 9)],
    ...     crs=4547,
    ... )
    >>> compare_rows(old, new, key="zone_code")[["row_key", "change", "columns"]].to_numpy().tolist()
    [['A', 'changed', 'chief_name'], ['B', 'withdrawn', ''], ['C', 'added', '']]
    """
    names = [key] if isinstance(key, str) else list(key)
    one, other = (_by_key(layer, names) for layer in (old, new))
    columns = [name for name in new.columns if name != new.active_geometry_name]
    both = other.index.intersection(one.index, sort=False)
    before, after = one.loc[both], other.loc[both]
    differ = row_digests(before, columns=columns).to_numpy() != row_digests(after).to_numpy()
    before, after = before[differ], after[differ]
    moved = moved_metres(before, after, measure)
    told = _columns_told(before, after, columns, moved > tolerance_m)
    there = np.array([bool(text) for text in told], dtype=bool)
    changed = pd.DataFrame(
        {
            "row_key": before.index[there],
            "change": "changed",
            "columns": [text for text in told if text],
            "moved_m": np.where(moved > tolerance_m, moved, np.nan)[there],
        }
    )
    fresh = other.index.difference(one.index)
    gone = one.index.difference(other.index) if complete else one.index[:0]
    rest = pd.DataFrame(
        {
            "row_key": [*fresh, *gone],
            "change": [
                *("restored" if each in withdrawn_before else "added" for each in fresh),
                *("withdrawn" for _ in gone),
            ],
            "columns": "",
            "moved_m": np.nan,
        }
    )
    found = pd.concat([each for each in (changed, rest) if len(each)] or [changed])
    found = found.sort_values(["row_key", "change"], ignore_index=True)
    types = {"row_key": "str", "change": "str", "columns": "str", "moved_m": "float64"}
    return found.astype(types)


def keys_of(layer: pd.DataFrame, key: Sequence[str]) -> pd.Series:
    """Return the key of each row as text; empty where its first column is.

    Raises
    ------
    MissingColumnError

    Examples
    --------
    >>> keys_of(pd.DataFrame({"a": ["1", None], "b": [2.0, 3.0]}), ["a", "b"]).tolist()
    ['1 | 2', '']
    """
    missing = [name for name in key if name not in layer]
    if missing:
        raise MissingColumnError(tr("no column {name!r}, by which rows are told apart", name=missing[0]))
    first, *others = (texts_of(layer[name]) for name in key)
    found = [
        _BETWEEN.join([head, *(each for each in rest if each)]) if head else ""
        for head, *rest in zip(first, *others, strict=True)
    ]
    return pd.Series(found, index=layer.index, dtype="str")


def moved_metres(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, measure: Any) -> NDArray[np.float64]:
    """Return how far each shape moved, by its farthest vertex; infinite where only one is there."""
    if not len(before):
        return np.empty(0)
    shapes = []
    for layer in (before, after):
        plain = layer[[layer.active_geometry_name]]
        measured = plain if measure is None or layer.crs is None else convert_crs(plain, measure)
        shapes.append(np.asarray(measured.geometry.to_numpy(), dtype=object))
    one, other = shapes
    here, there = has_place(one), has_place(other)
    moved = np.where(here == there, 0.0, np.inf)
    both = here & there
    moved[both] = shapely.hausdorff_distance(one[both], other[both])
    return moved


def _by_key(layer: gpd.GeoDataFrame, names: list[str]) -> gpd.GeoDataFrame:
    keys = keys_of(layer, names)
    wrong = (keys == "") | keys.duplicated(keep=False)
    if wrong.any():
        raise InputError(
            tr(
                "{count:,} rows have no {key} of their own ({rows}); give each one",
                count=int(wrong.sum()),
                key=_BETWEEN.join(names),
                rows=name_rows(layer.index[wrong]),
            )
        )
    return gpd.GeoDataFrame(layer.set_index(pd.Index(keys.to_numpy(), name="row_key")))


def _columns_told(
    before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, columns: list[str], moved: NDArray[np.bool_]
) -> list[str]:
    """Name the columns in which rows differ."""
    told: list[list[str]] = [[] for _ in range(len(before))]
    for name in sorted(map(str, columns)):
        was = texts_of(before[name]) if name in before else [""] * len(before)
        for at, (one, other) in enumerate(zip(was, texts_of(after[name]), strict=True)):
            if one != other:
                told[at].append(name)
    for at in np.flatnonzero(moved).tolist():
        told[at].append("geometry")
    return [";".join(each) for each in told]
