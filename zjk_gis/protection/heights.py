"""What stands, or is planned, higher than the plan allows (限高冲突)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import as_text, code_text
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.shapes import flat
from zjk_gis.layers.versions import zones_at
from zjk_gis.overlay.asked import Asked
from zjk_gis.overlay.sharing import shared_amounts
from zjk_gis.protection.answering import with_who_answers

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.layers.set_aside import SetAside

__all__ = ["height_conflicts", "numbers_in"]


@checked
def height_conflicts(
    features: gpd.GeoDataFrame,
    height_zones: gpd.GeoDataFrame,
    *,
    tolerance_m: float = 0.1,
    zones: gpd.GeoDataFrame | None = None,
    streets: gpd.GeoDataFrame | None = None,
    at: str | dt.date | None = None,
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Find buildings and projects that are higher than their zone allows (限高冲突).

    Parameters
    ----------
    features : GeoDataFrame
        Buildings or projects with ``height_m``, above the ground.
    height_zones : GeoDataFrame
        Zones of limited height (限高分区): polygons with ``limit_m``.
    tolerance_m : float, default 0.1
        By how much a height may be more, and how much of a building's side, or of its ground as that of a
        square, may reach into a zone.
    zones, streets : GeoDataFrame, optional
        Who answers.
    at : date or str, optional
        The day on which all zones are valid.
    strict : bool, default False
        Refuse rows that cannot be judged, instead of setting them aside.

    Returns
    -------
    GeoDataFrame
        The rows of `features` that are too high, and those in a zone whose height is not known, in their
        order, with ``status`` (text: ``exceeds`` or ``cannot_be_judged``), ``limit_m`` (float64, the lowest
        of the zones that it lies in), ``excess_m`` (float64, NaN where the height is not known),
        ``height_zone_code`` (text: the zone of that limit) and ``height_rule`` (text, what the zone says of
        its source), and who answers. ``attrs["set_aside"]`` lists rows without a sound shape, and heights and
        limits that are not numbers.

    Raises
    ------
    MissingColumnError
        If there is no ``height_m``, ``limit_m`` or ``height_zone_code``.
    EmptyLayerError, CRSError, GeometryError, InputError
        If a layer cannot be used.

    Notes
    -----
    Whether heights are told to the eaves or to the ridge is for the plan to say: heights and limits must be
    of one kind. The number of storeys is not taken for a height.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point, box
    >>> limits = gpd.GeoDataFrame(
    ...     {"height_zone_code": ["X1", "X2"], "limit_m": [9.0, 18.0]},
    ...     geometry=[box(0, 0, 100, 100), box(50, 0, 200, 100)],
    ...     crs=4547,
    ... )
    >>> houses = gpd.GeoDataFrame(
    ...     {"building_code": ["H1", "H2", "H3"], "height_m": [10.0, 12.0, None]},
    ...     geometry=[Point(60, 50), Point(150, 50), Point(20, 50)],
    ...     crs=4547,
    ... )
    >>> height_conflicts(houses, limits)[["building_code", "status", "limit_m", "excess_m"]]
      building_code            status  limit_m  excess_m
    0            H1           exceeds      9.0       1.0
    2            H3  cannot_be_judged      9.0       NaN
    """
    require_amounts(tolerance_m=tolerance_m)
    asked = Asked(features, "features", strict=strict)
    limited = ready(height_zones, "height_zones", kind="polygon", code="height_zone_code")
    limited = zones_at(limited, at) if {"valid_from", "valid_to"} & set(limited.columns) else limited
    height, limit = (
        numbers_in(layer, name, column, asked.aside)
        for layer, name, column in ((features, "features", "height_m"), (limited, "height_zones", "limit_m"))
    )
    asked.aside.note(
        limited, "height_zones", np.isnan(limit), "not_filled", pd.Series("limit_m", index=limited.index)
    )
    limited, limit = limited[~np.isnan(limit)], limit[~np.isnan(limit)]
    shapes = asked.in_crs(limited.crs)
    row, zone = _in_zones(shapes, asked, flat(limited.geometry.to_numpy()), tolerance_m)
    codes = code_text(limited["height_zone_code"]).to_numpy(dtype=object)
    order = np.lexsort((codes[zone].astype(str), limit[zone], row))
    row, first = np.unique(row[order], return_index=True)
    zone = zone[order][first]
    excess = height[row] - limit[zone]
    told = np.isnan(excess) | (excess.round(6) > tolerance_m)
    row, zone, excess = row[told], zone[told], excess[told]
    rows = features.iloc[row]
    rule = as_text(limited["height_rule"]) if "height_rule" in limited else pd.Series("", limited.index)
    status = np.where(np.isnan(excess), "cannot_be_judged", "exceeds")
    answers: dict[str, Any] = {
        "status": pd.Series(status, index=rows.index, dtype="str"),
        "limit_m": limit[zone],
        "excess_m": excess,
        "height_zone_code": pd.Series(codes[zone], index=rows.index, dtype="str"),
        "height_rule": pd.Series(rule.to_numpy(dtype=object)[zone], index=rows.index, dtype="str"),
    }
    found = with_who_answers(with_answers(rows, answers), zones, streets, at=at)
    return asked.aside.told_in(found)


def numbers_in(layer: pd.DataFrame, name: str, column: str, aside: SetAside) -> NDArray[np.float64]:
    """Read a column of metres; NaN where nothing stands, or something else, which is noted."""
    require_columns(layer, name, column)
    amounts, unknown = aside.amounts(layer, name, column)
    return np.where(unknown, np.nan, amounts)


def _in_zones(
    shapes: NDArray[Any], asked: Asked, areas: NDArray[Any], tolerance_m: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which rows lie in which zones, by more than a sliver."""
    rows, zones = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for dimension, at in asked.by_dimension(shapes):
        shared = shared_amounts(shapes[at], areas)
        enough = shared.amount > tolerance_m**dimension * (dimension > 0)
        rows.append(at[shared.shape[enough]])
        zones.append(shared.area[enough])
    return np.concatenate(rows), np.concatenate(zones)
