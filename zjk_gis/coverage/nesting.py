"""Polygons compared with those they are made up of, and with their neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.errors import InputError, name_rows
from zjk_gis.layers.columns.codes import matched_codes
from zjk_gis.layers.columns.values import as_text
from zjk_gis.layers.metric import ready
from zjk_gis.layers.versions import zones_at
from zjk_gis.overlay.polygons import cover_of, solid_pieces, solid_pieces_of
from zjk_gis.standards import rules_table
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray
    from pyproj import CRS

    from zjk_gis.layers.labels import Language
    from zjk_gis.standards.rules import Overrides

__all__ = ["Faults", "Judged", "adjacent_parts", "judged", "nesting_differences"]

_SPECK_M2 = 0.01
_COLUMNS = ("rule", "title", "severity", "layer", "code", "other", "value", "unit", "limit", "message")


def adjacent_parts(shapes: NDArray[Any], within_m: float, least_border_m: float) -> list[list[int]]:
    """Sort polygons into parts within which one can walk from each to each across common borders.

    Parameters
    ----------
    shapes : ndarray of Polygon and MultiPolygon
    within_m : float
        Borders that run no further apart count as common.
    least_border_m : float
        How much common border makes neighbours; a corner is not enough.

    Returns
    -------
    list of list of int
        Positions, the part with the largest area first.

    Examples
    --------
    >>> adjacent_parts(shapely.box([0, 10, 30], [0, 9.5, 0], [10, 20, 40], [10, 19, 10]), 0.1, 1.0)
    [[0], [2], [1]]
    >>> adjacent_parts(shapely.box([0, 10, 20], [0, 5, 0], [10, 20, 40], [10, 20, 10]), 0.1, 1.0)
    [[0, 1, 2]]
    """
    label = np.arange(len(shapes))
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=within_m)
    once = one < other
    one, other = one[once], other[once]
    reach = shapely.buffer(shapes[other], within_m)
    border = shapely.length(shapely.intersection(shapely.boundary(shapes[one]), reach))
    joined = border >= least_border_m
    for first, second in zip(one[joined].tolist(), other[joined].tolist(), strict=True):
        low, high = sorted((label[first], label[second]))
        label[label == high] = low
    area = np.bincount(label, weights=shapely.area(shapes), minlength=len(shapes)).round(6)
    present = np.unique(label)
    return [np.flatnonzero(label == at).tolist() for at in present[np.argsort(-area[present], kind="stable")]]


def nesting_differences(parent: Any, children: NDArray[Any], tolerance_m: float) -> tuple[Any, NDArray[Any]]:
    """Return the ground of a polygon that none of its members has, and that of each outside of it.

    Parameters
    ----------
    parent : Polygon or MultiPolygon
    children : ndarray of Polygon and MultiPolygon
    tolerance_m : float
        What is nowhere wider is left out.

    Returns
    -------
    missing : Polygon or MultiPolygon
        Empty where there is none.
    outside : ndarray of Polygon or MultiPolygon
        One a child.

    Examples
    --------
    >>> children = shapely.box([0, 5], 0, [5, 12], [10, 8])
    >>> missing, outside = nesting_differences(shapely.box(0, 0, 10, 10), children, 0.5)
    >>> missing.area, shapely.area(outside).tolist()
    (10.0, [0.0, 16.0])
    """
    limits = {"min_area_m2": _SPECK_M2, "min_width_m": tolerance_m}
    pieces, _ = solid_pieces(shapely.difference(parent, cover_of(children)), **limits)
    missing = shapely.union_all(pieces) if len(pieces) else shapely.Polygon()
    beyond, owner, _ = solid_pieces_of(shapely.difference(children, parent), **limits)
    outside = np.array([*[shapely.Polygon()] * len(children), None], dtype=object)[:-1]
    for at in np.unique(owner):
        outside[at] = shapely.union_all(beyond[owner == at])
    return missing, outside


@dataclass(frozen=True, slots=True)
class Judged:
    """Rows that are judged: where they are and what they are called."""

    name: str
    shapes: NDArray[Any]
    codes: NDArray[np.object_]
    rows: gpd.GeoDataFrame


def judged(rows: gpd.GeoDataFrame, name: str, code: str, crs: CRS, at: str | dt.date | None) -> Judged:
    """Return the rows of a layer that are valid on a day, in a CRS; each code must come once."""
    kept = zones_at(
        ready(rows, name, kind="polygon", code=code, crs=crs).drop(columns="level", errors="ignore"), at
    )
    codes = as_text(kept[code])
    again = codes.duplicated(keep=False).to_numpy()
    if again.any():
        raise InputError(
            tr(
                "{name}: {again} rows share their {code} with another ({rows}); name the day with "
                "at=, or give each its own",
                name=name,
                again=int(again.sum()),
                code=code,
                rows=name_rows(kept.index[again]),
            )
        )
    return Judged(name, kept.geometry.to_numpy(), codes.to_numpy(dtype=object), kept)


class Faults:
    """The faults found so far."""

    def __init__(self, tables: Overrides | None, lang: Language) -> None:
        self._checks = rules_table("checks", overrides=tables).set_index("check")
        self.remarks: list[str] = []
        self._lang = lang
        self._rows: list[dict[str, Any]] = []

    def add(
        self,
        rule: str,
        layer: Judged,
        at: int,
        where: Any,
        *,
        other: str = "",
        value: float = np.nan,
        unit: str = "",
        limit: float = np.nan,
        **words: object,
    ) -> None:
        """Note a fault of one row of a layer."""
        check = self._checks.loc[rule]
        shown = {"other": other, "value": f"{value:,.1f}", "limit": f"{limit:,g}", **words}
        self._rows.append(
            {
                "rule": rule,
                "title": check[f"title_{self._lang}"],
                "severity": check["severity"],
                "layer": layer.name,
                "code": layer.codes[at],
                "other": other,
                "value": float(value),
                "unit": unit,
                "limit": float(limit),
                "message": check[f"message_{self._lang}"].format(**shown),
                "geometry": shapely.normalize(where),
            }
        )

    def matched(self, name: str, recorded: pd.Series, known: Judged) -> pd.Series:
        """Write recorded codes as a layer does (see `matched_codes`), and remember what was restored."""
        match = matched_codes(recorded, pd.Series(known.codes, dtype="str"))
        self.remarks += match.told(name, self._lang)
        return match.codes

    def told(self, crs: CRS) -> gpd.GeoDataFrame:
        """Return them by rule, layer and code."""
        rows = sorted(self._rows, key=lambda row: tuple(row[n] for n in ("rule", "layer", "code", "other")))
        table = pd.DataFrame(rows, columns=[*_COLUMNS, "geometry"])
        numeric = ("value", "limit")
        kinds = {name: "float64" if name in numeric else "str" for name in _COLUMNS}
        return gpd.GeoDataFrame(table.astype(kinds), geometry="geometry", crs=crs)
