"""Zones compiled, from a layer or from a file: whether they are valid, and whether lengths are true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zjk_gis.crs.requirements import unit_at
from zjk_gis.engine.polygons.index import PolygonIndex
from zjk_gis.engine.shapes import Rings
from zjk_gis.index.policy import rank_of
from zjk_gis.layers.columns.levels import choose_level
from zjk_gis.layers.columns.periods import validity_days

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["checked_by_compiling", "is_true_all_over", "polygons_of_file"]


def is_true_all_over(layer: gpd.GeoDataFrame) -> bool:
    """Tell whether lengths are true in all corners of a layer; half the world has no one metric CRS."""
    west, south, east, north = layer.total_bounds.tolist()
    corners = ((west, south), (west, north), (east, south), (east, north))
    return all(unit_at(layer.crs, *corner) is not None for corner in corners)


def checked_by_compiling(
    zones: gpd.GeoDataFrame, name: str, compiled: list[PolygonIndex], **options: Any
) -> Callable[[NDArray[Any]], NDArray[np.bool_]]:
    """Return what tells invalid geometry, and leaves the index behind that it was compiled for.

    To compile many edges and to look whether they meet are one work; it is done for all rows only, as the
    ranks of some are others.
    """

    def invalid(shapes: NDArray[Any]) -> NDArray[np.bool_]:
        if not choose_level(zones, options["level"], name).kept.all():
            return PolygonIndex(shapes).invalid(keep=False)
        begins, _ = validity_days(zones, name, tz=options["tz"])
        compiled[:] = [
            PolygonIndex(shapes, rank_of(zones, options["code"], begins, policy=options["policy"], name=name))
        ]
        return compiled[0].invalid()

    return invalid


def polygons_of_file(
    arrays: dict[str, NDArray[Any]], about: dict[str, Any], rank: NDArray[np.int64]
) -> PolygonIndex:
    """Return the polygons of a saved index, if its arrays are what they should be.

    Raises
    ------
    ValueError
        Saying what is wrong with them.
    """
    from zjk_gis.engine.polygons.grid import CompiledGrid
    from zjk_gis.engine.soundness import fault_of_grid, fault_of_rings

    coords, starts = arrays["coords"], arrays["ring_starts"]
    zone, part = arrays["ring_zone"], arrays["ring_part"]
    if fault := fault_of_rings(coords, starts, zone, part, rank):
        raise ValueError(fault)
    grid = CompiledGrid(
        words=arrays["words"], coords=coords, place=tuple(about["place"]), nx=about["nx"],
        ny=about["ny"], n_zones=len(rank), offsets=arrays["offsets"], members=arrays["members"],
        blocks=arrays["blocks"], tolerance=about["tolerance"],
    )  # fmt: skip
    if fault := fault_of_grid(grid, starts):
        raise ValueError(fault)
    return PolygonIndex(None, rank, rings=Rings.from_arrays(coords, starts, zone, part, len(rank)), grid=grid)
