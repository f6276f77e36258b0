"""Which shapes meet which protected ground: inside, on the border or near, how much and how deep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.overlay.sharing import counted_once, measures, shared_amounts
from zjk_gis.protection.depths import depths_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.overlay.asked import Asked
    from zjk_gis.protection.scopes import Grounds

__all__ = ["AMOUNT", "meetings_of", "with_depths"]

AMOUNT = ("", "inside_m", "inside_m2")  # by dimension; of points there is nothing to measure


def meetings_of(
    shapes: NDArray[Any], asked: Asked, grounds: Grounds, *, within_m: float, tolerance_m: float
) -> pd.DataFrame:
    """Pair shapes with the grounds that they meet or lie near to.

    Parameters
    ----------
    shapes : ndarray of geometries
        Those of `asked` in the CRS of the grounds.
    asked : Asked
    grounds : Grounds
    within_m, tolerance_m : float

    Returns
    -------
    DataFrame
        By row, the strictest first: ``row``, ``ground`` and ``kind`` (positions), ``dimension`` of the row,
        ``size`` (what it measures in all), ``distance_m``, ``inside`` (deeper than the tolerance) and
        ``border`` (not inside, and no farther than it), ``amount`` (what lies inside, to the last hair) and
        ``once`` (without what lies in a ground before it).
    """
    parts = [
        _pairs(rows, shapes[rows], dimension, grounds, within_m, tolerance_m)
        for dimension, rows in asked.by_dimension(shapes)
    ]
    met = pd.concat(parts, ignore_index=True) if parts else _pairs_of([], [], [])
    met = met.assign(kind=grounds.kind[met["ground"]])
    met["border"] = ~met["inside"] & (met["distance_m"] <= tolerance_m)
    return met.sort_values(["row", "ground"], kind="stable", ignore_index=True)


def _pairs_of(row: Any, ground: Any, distance: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row": np.asarray(row, np.int64),
            "ground": np.asarray(ground, np.int64),
            "distance_m": np.asarray(distance, np.float64),
            "dimension": np.int64(0),
            "size": np.nan,
            "inside": False,
            "amount": 0.0,
            "once": 0.0,
        }
    )


def _pairs(
    rows: NDArray[np.int64],
    shapes: NDArray[Any],
    dimension: int,
    grounds: Grounds,
    within_m: float,
    tolerance_m: float,
) -> pd.DataFrame:
    areas = grounds.shapes
    reach = max(within_m, tolerance_m)
    ground, shape = shapely.STRtree(shapes).query(areas, predicate="dwithin", distance=reach)
    found = _pairs_of(shape, ground, shapely.distance(shapes[shape], areas[ground]))
    found["dimension"], found["size"] = dimension, measures(shapes, dimension)[shape]
    touched = np.flatnonzero(found["distance_m"].to_numpy() == 0)
    inside = np.zeros(len(found), dtype=bool)
    if tolerance_m:
        inner = shapely.buffer(areas, -tolerance_m, join_style="mitre")
        shapely.prepare(inner)
        inside[touched] = shapely.intersects(inner[ground[touched]], shapes[shape[touched]])
    else:
        shapely.prepare(areas)
        inside[touched] = ~shapely.touches(areas[ground[touched]], shapes[shape[touched]])
    found["inside"] = inside
    if dimension:
        shared = shared_amounts(shapes, areas)
        once = counted_once(shared, shapes, areas, np.arange(len(areas)))
        key = found["row"] * len(areas) + found["ground"]
        for name, each in (("amount", shared), ("once", once)):
            amounts = pd.Series(each.amount, index=each.shape * len(areas) + each.area)
            found[name] = key.map(amounts).fillna(0.0)
    return found.assign(row=rows[found["row"]])


def with_depths(met: pd.DataFrame, shapes: NDArray[Any], grounds: Grounds) -> pd.DataFrame:
    """Add ``depth_m`` to pairs: how far inside a row gets, 0 where it does not."""
    depth = np.zeros(len(met))
    at = np.flatnonzero(met["inside"].to_numpy())
    depth[at] = depths_of(shapes[met["row"].to_numpy()[at]], grounds.shapes[met["ground"].to_numpy()[at]])
    return met.assign(depth_m=depth)
