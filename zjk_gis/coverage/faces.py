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
from zjk_gis.layers.periods import day_of, validity_days
from zjk_gis.layers.versions import of_level

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS

__all__ = ["Divided", "Faces", "Zones", "choose", "divide", "faces_of", "ready_zones"]

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
    edges : ndarray of float64, shape (n, 4)
        The edges of zones that border on the rim, gaps and overlaps; None where that is not known.
    zone : ndarray of int64, shape (n,)
        The zone of each of these edges.
    """

    cover: shapely.Geometry
    several: NDArray[Any] | None
    edges: NDArray[np.float64] | None = None
    zone: NDArray[np.int64] | None = None


def faces_of(shapes: NDArray[Any], index: PolygonIndex | None = None) -> Faces:
    """Divide the ground by zones.

    Parameters
    ----------
    shapes : ndarray of Polygon and MultiPolygon
        Valid ones; they may overlap.
    index : PolygonIndex, optional
        Over just these shapes, if there is one already.

    Examples
    --------
    >>> faces_of(shapely.box([0, 10, 18], 0, [10, 20, 30], 10)).cover.area
    300.0
    """
    if not len(shapes):
        return Faces(shapely.MultiPolygon(), np.empty(0, dtype=object))
    index = PolygonIndex(shapes) if index is None else index
    n_vertices = len(index.rings.coords)
    if n_vertices < _FEW_VERTICES:
        return Faces(cover_of(shapes), None)
    from zjk_gis.engine.edges import cancel_edges, chained

    cancelled = cancel_edges(index.rings)
    if len(cancelled.left) > _MESSY * n_vertices:
        return Faces(cover_of(shapes), None)
    coords, line = chained(cancelled.left)
    lines = shapely.get_parts(shapely.union_all(shapely.linestrings(coords, indices=line)))
    faces = shapely.get_parts(shapely.polygonize(lines))
    inner = shapely.point_on_surface(faces)
    offsets, _, touches = index.candidates(shapely.get_x(inner), shapely.get_y(inner))
    covering = np.zeros(len(faces), dtype=np.int64)
    np.add.at(covering, np.repeat(np.arange(len(faces)), np.diff(offsets)), ~touches)
    cover = shapely.coverage_union_all(faces[covering > 0])
    return Faces(cover, faces[covering > 1], cancelled.edges, cancelled.zone)


def ready_zones(
    zones: gpd.GeoDataFrame, *, code: str, crs: CRS | None = None, name: str = "zones"
) -> gpd.GeoDataFrame:
    """Return a checked layer of zones in a metric CRS; see `ready`. Large ones are checked by the engine."""
    return _ready(zones, code=code, crs=crs, name=name)[0]


@dataclass(frozen=True, slots=True)
class Zones:
    """Rows of a layer of zones, their shapes, and the codes they carry as text."""

    rows: gpd.GeoDataFrame
    shapes: NDArray[Any]
    codes: NDArray[np.object_]

    @classmethod
    def of(cls, rows: gpd.GeoDataFrame, code: str) -> Zones:
        return cls(rows, rows.geometry.to_numpy(), rows[code].astype(str).to_numpy(dtype=object))


@dataclass(frozen=True, slots=True)
class Divided:
    """The zones of one level that are judged, and the faces that they make of the ground.

    Attributes
    ----------
    valid, lapsed : Zones
        Those of the day, and those of other days.
    faces : Faces
        Of the valid ones.
    crs : CRS
    """

    valid: Zones
    lapsed: Zones
    faces: Faces
    crs: CRS


def divide(
    zones: gpd.GeoDataFrame,
    *,
    code: str,
    crs: CRS | None = None,
    at: str | dt.date | None = None,
    level: int | None = None,
) -> Divided:
    """Check a layer of zones, choose those that are judged, and divide the ground by them, once for all."""
    valid, lapsed, index, metric = choose(zones, code=code, crs=crs, at=at, level=level)
    return Divided(valid, lapsed, faces_of(valid.shapes, index), metric)


def choose(
    zones: gpd.GeoDataFrame,
    *,
    code: str,
    crs: CRS | None = None,
    at: str | dt.date | None = None,
    level: int | None = None,
) -> tuple[Zones, Zones, PolygonIndex | None, CRS]:
    """Check a layer of zones, and tell those of a level that hold on a day from the others.

    Returns
    -------
    valid, others : Zones
    index : PolygonIndex or None
        Over the valid ones, where checking has left one.
    crs : CRS
    """
    layer, index = _ready(zones, code=code, crs=crs, name="zones")
    of_one, _ = of_level(layer, level)
    holds = np.ones(len(of_one), dtype=bool)
    if at is not None:
        begins, ends = validity_days(of_one, "zones")
        holds = (begins <= day_of(at)) & (day_of(at) <= ends)
    valid, others = Zones.of(of_one[holds], code), Zones.of(of_one[~holds], code)
    return valid, others, index if len(valid.shapes) == len(layer) else None, layer.crs


def _ready(
    zones: gpd.GeoDataFrame, *, code: str, crs: CRS | None, name: str
) -> tuple[gpd.GeoDataFrame, PolygonIndex | None]:
    """Return the layer, and the index by which its shapes were checked last."""
    made: list[PolygonIndex] = []

    def invalid(shapes: NDArray[Any]) -> NDArray[np.bool_]:
        made.append(PolygonIndex(shapes))
        return made[-1].invalid()

    layer = ready(zones, name, kind="polygon", code=code, crs=crs, invalid=invalid)
    return layer, made[-1] if made else None
