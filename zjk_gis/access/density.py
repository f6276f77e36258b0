"""How many facilities there are to a square kilometre, as a mean and where it is not kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.crs import convert_crs, require_crs
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.requirements import require_rows
from zjk_gis.layers.metric import ready, require_amounts, require_shares
from zjk_gis.layers.shapes import inner_points
from zjk_gis.overlay.lattice import Lattice
from zjk_gis.overlay.polygons import cover_of
from zjk_gis.standards import rules_table
from zjk_gis.words import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["facility_density"]

_KM2 = 1e6


@checked
def facility_density(
    facilities: gpd.GeoDataFrame,
    region: gpd.GeoDataFrame,
    *,
    least: float | None = None,
    centre: gpd.GeoDataFrame | None = None,
    least_centre: float | None = None,
    cell_m: float = 1000.0,
    least_share: float = 0.25,
) -> gpd.GeoDataFrame:
    """Compare the number of facilities to a square kilometre with what is asked for (公厕密度 and others).

    Parameters
    ----------
    facilities : GeoDataFrame
        Points or areas; each counts where a point within it lies.
    region : GeoDataFrame
        The built-up area (建成区).
    least : float, optional
        How many to a square kilometre are asked for; by default the limit ``toilets_per_km2``.
    centre : GeoDataFrame, optional
        The centre, where more are asked for.
    least_centre : float, optional
        How many are asked for there; by default the limit ``toilets_per_km2_centre``.
    cell_m : float, default 1000.0
        The side of the cells that the region is shown by.
    least_share : float, default 0.25
        A cell of which less than this lies in the region is shown and not judged: one facility would be too
        many to its square kilometre, and none too few.

    Returns
    -------
    GeoDataFrame
        One row a cell, clipped to the region, from north to south and west to east:

        - ``cell_code`` (text);
        - ``area_km2`` (float64), of its part in the region;
        - ``facilities`` (int64), ``per_km2`` (float64);
        - ``wanted_per_km2`` (float64): what is asked for, by the shares of the cell in the centre and beyond;
        - ``short_by`` (int64): how many more it would take; 0 where none;
        - ``is_judged``, ``falls_short`` (bool).

        ``attrs["mean"]`` and, with `centre`, ``attrs["mean_centre"]`` hold ``facilities``, ``area_km2``,
        ``per_km2``, ``wanted_per_km2`` and ``reached``: this mean is what the standard asks about, the cells
        show where it comes from. ``attrs["outside"]`` counts facilities beyond the region, and
        ``attrs["no_position"]`` those without a geometry.

    Raises
    ------
    EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used.
    InputError
        If a number is negative, or `cell_m` is 0.

    Notes
    -----
    CJJ 27 as quoted asks for 4 public toilets to a square kilometre of the built-up area, 6 in the centre
    (confidence S): a mean over the area, not a rule for each cell.

    Examples
    --------
    Two square kilometres, of which the western has four toilets and the eastern none:

    >>> import geopandas as gpd
    >>> from shapely import Point, box
    >>> region = gpd.GeoDataFrame(geometry=[box(0, 0, 2000, 1000)], crs=4547)
    >>> toilets = gpd.GeoDataFrame(geometry=[Point(x, 500) for x in (200, 400, 600, 800)], crs=4547)
    >>> cells = facility_density(toilets, region)
    >>> cells[["cell_code", "per_km2", "short_by", "falls_short"]]
      cell_code  per_km2  short_by  falls_short
    0      C001      4.0         0        False
    1      C002      0.0         4         True
    >>> cells.attrs["mean"]["per_km2"], cells.attrs["mean"]["reached"]
    (2.0, False)
    """
    require_amounts(cell_m=cell_m)
    require_shares(least_share=least_share)
    if cell_m <= 0:
        raise InputError(tr("cell_m must be more than 0"))
    wanted = _limit("toilets_per_km2") if least is None else least
    wanted_centre = _limit("toilets_per_km2_centre") if least_centre is None else least_centre
    require_amounts(least=wanted, least_centre=wanted_centre)
    region = ready(region, "region", kind="polygon")
    ground = cover_of(region.geometry.to_numpy())
    core: shapely.Geometry = shapely.MultiPolygon()
    if centre is not None and len(centre):
        inner = ready(centre, "centre", kind="polygon", crs=region.crs)
        core = shapely.intersection(cover_of(inner.geometry.to_numpy()), ground)
    points, without = _points(facilities, region)
    shapely.prepare(ground)
    here = points[shapely.intersects(ground, points)]
    _, cells = Lattice(float(cell_m)).over(ground)
    count = _counted(cells, here)
    area = shapely.area(cells) / _KM2
    in_core = shapely.area(shapely.intersection(cells, core)) / _KM2
    asked = (wanted * (area - in_core) + wanted_centre * in_core) / area
    judged = area >= least_share * cell_m**2 / _KM2
    # A facility lacks where its absence shows: rounding of areas makes no difference.
    lacking = np.maximum(np.ceil((asked * area - count).round(6)), 0).astype(np.int64)
    lacking[~judged] = 0
    table = gpd.GeoDataFrame(
        {
            "cell_code": pd.Series([f"C{n:03d}" for n in range(1, len(cells) + 1)], dtype="str"),
            "area_km2": area,
            "facilities": count,
            "per_km2": count / area,
            "wanted_per_km2": asked,
            "short_by": lacking,
            "is_judged": judged,
            "falls_short": lacking > 0,
        },
        geometry=cells,
        crs=region.crs,
    )
    table.attrs["mean"] = _mean(len(here), ground, wanted)
    if centre is not None:
        inside = int(shapely.intersects(core, here).sum())
        table.attrs["mean_centre"] = _mean(inside, core, wanted_centre)
    table.attrs["outside"] = len(points) - len(here)
    table.attrs["no_position"] = without
    return table


def _limit(name: str) -> float:
    limits = rules_table("limits")
    return float(limits.loc[limits["limit"] == name, "value"].iloc[0])


def _points(facilities: gpd.GeoDataFrame, region: gpd.GeoDataFrame) -> tuple[NDArray[Any], int]:
    """Return a point in each facility, and how many have none."""
    require_crs(facilities, "facilities")
    require_rows(facilities, "facilities")
    points = inner_points(convert_crs(facilities, region.crs, name="facilities").geometry.to_numpy())
    missing = shapely.is_missing(points)
    return points[~missing], int(missing.sum())


def _counted(cells: NDArray[Any], points: NDArray[Any]) -> NDArray[np.int64]:
    """Count points in cells; one on a line between two counts in the first."""
    at, cell = shapely.STRtree(cells).query(points, predicate="intersects")
    order = np.lexsort((cell, at))
    first = order[np.unique(at[order], return_index=True)[1]]
    return np.bincount(cell[first], minlength=len(cells)).astype(np.int64)


def _mean(count: int, ground: shapely.Geometry, wanted: float) -> dict[str, Any]:
    area = float(shapely.area(ground)) / _KM2
    per = count / area if area > 0 else None
    return {
        "facilities": count,
        "area_km2": area,
        "per_km2": per,
        "wanted_per_km2": wanted,
        "reached": per is not None and per >= wanted - 1e-9,
    }
