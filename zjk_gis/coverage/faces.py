"""The ground as zones divide it: what they cover, and where several cover the same.

Edges along which two zones meet are taken away first. What is left are the rim and the faults; they divide
the ground into faces, each covered by as many zones everywhere. So robust overlay, which is slow, has to do
with the rim and the faults alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.engine import PolygonIndex
from zjk_gis.layers.ground import cover_of
from zjk_gis.layers.metric import ready

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS

__all__ = ["Faces", "faces_of", "ready_zones"]

_FEW_VERTICES = 50_000  # fewer are united one by one sooner than compiled code is loaded
_MESSY = 0.3  # the share of edges left above which the zones are united one by one


@dataclass(frozen=True, slots=True)
class Faces:
    """What zones make of the ground.

    Attributes
    ----------
    cover : Polygon or MultiPolygon
        The ground that at least one covers.
    several : ndarray of Polygon
        The faces that several cover; None where that is not known.
    """

    cover: shapely.Geometry
    several: NDArray[Any] | None


def faces_of(shapes: NDArray[Any]) -> Faces:
    """Divide the ground by zones.

    Parameters
    ----------
    shapes : ndarray of Polygon and MultiPolygon
        Valid ones; they may overlap.

    Examples
    --------
    >>> faces_of(shapely.box([0, 10, 18], 0, [10, 20, 30], 10)).cover.area
    300.0
    """
    from zjk_gis.engine.edges import chained, edges_left
    from zjk_gis.engine.shapes import Rings

    if not len(shapes):
        return Faces(shapely.MultiPolygon(), np.empty(0, dtype=object))
    rings = Rings.of(shapes)
    if len(rings.coords) < _FEW_VERTICES:
        return Faces(cover_of(shapes), None)
    left = edges_left(rings)
    if len(left) > _MESSY * len(rings.coords):
        return Faces(cover_of(shapes), None)
    coords, line = chained(left)
    lines = shapely.get_parts(shapely.union_all(shapely.linestrings(coords, indices=line)))
    faces = shapely.get_parts(shapely.polygonize(lines))
    inner = shapely.point_on_surface(faces)
    offsets, _, touches = PolygonIndex(shapes, rings=rings).candidates(
        shapely.get_x(inner), shapely.get_y(inner)
    )
    covering = np.zeros(len(faces), dtype=np.int64)
    np.add.at(covering, np.repeat(np.arange(len(faces)), np.diff(offsets)), ~touches)
    return Faces(shapely.coverage_union_all(faces[covering > 0]), faces[covering > 1])


def ready_zones(
    zones: gpd.GeoDataFrame, *, code: str, crs: CRS | None = None, name: str = "zones"
) -> gpd.GeoDataFrame:
    """Return a checked layer of zones in a metric CRS; see `ready`. Large ones are checked by the engine."""
    return ready(
        zones, name, kind="polygon", code=code, crs=crs, invalid=lambda shapes: PolygonIndex(shapes).invalid()
    )
