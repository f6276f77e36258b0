"""The ground as zones divide it: what they cover, and where several cover the same.

Edges along which two zones meet are taken away first. What is left are the rim and the faults; they divide
the ground into faces, each covered by as many zones everywhere. So robust overlay, which is slow, has to do
with the rim and the faults alone.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import shapely

from zjk_gis.crs import require_layer
from zjk_gis.engine import PolygonIndex
from zjk_gis.engine.arrays import expand
from zjk_gis.engine.shapes import Rings
from zjk_gis.engine.signs import orientations
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.periods import day_of, validity_days
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.metric import ready
from zjk_gis.layers.remembered import remembered
from zjk_gis.layers.versions import of_level
from zjk_gis.overlay.polygons import cover_of, united_faces
from zjk_gis.threads import all_of, alone

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS

__all__ = ["Divided", "Faces", "Zones", "choose", "divide", "faces_of", "ready_zones"]

_FEW_VERTICES = 50_000  # fewer are united one by one sooner than compiled code is loaded
_MESSY = 0.3  # the share of edges left above which the zones are united one by one


@dataclass(frozen=True)
class Faces:
    """What zones make of the ground.

    Attributes
    ----------
    several : ndarray of Polygon
        The faces that several cover; None where that is not known.
    edges : ndarray of float64, shape (n, 4)
        The edges of zones that border on the rim, gaps and overlaps; None where that is not known.
    zone : ndarray of int64, shape (n,)
        The zone of each of these edges.
    """

    several: NDArray[Any] | None
    _covered: Callable[[], shapely.Geometry]
    edges: NDArray[np.float64] | None = None
    zone: NDArray[np.int64] | None = None

    @cached_property
    def cover(self) -> shapely.Geometry:
        """The ground that at least one zone covers; overlaps never ask for it."""
        return self._covered()


def faces_of(shapes: NDArray[Any], rings: Rings | None = None) -> Faces:
    """Divide the ground by zones.

    Parameters
    ----------
    shapes : ndarray of Polygon and MultiPolygon
        Valid ones; they may overlap.
    rings : Rings, optional
        Of just these shapes, if they have been taken apart already.

    Examples
    --------
    >>> faces_of(shapely.box([0, 10, 18], 0, [10, 20, 30], 10)).cover.area
    300.0
    """
    if not len(shapes):
        return Faces(np.empty(0, dtype=object), shapely.MultiPolygon)
    rings = Rings.of(shapes) if rings is None else rings
    n_vertices = len(rings.coords)
    if n_vertices < _FEW_VERTICES:
        return Faces(None, partial(cover_of, shapes))
    from zjk_gis.engine.edges import cancel_edges, chained

    cancelled = cancel_edges(rings)
    if len(cancelled.left) > _MESSY * n_vertices:
        return Faces(None, partial(cover_of, shapes))
    coords, line = chained(cancelled.left)
    lines = shapely.get_parts(shapely.union_all(shapely.linestrings(coords, indices=line)))
    faces = shapely.get_parts(shapely.polygonize(lines))
    covering = _depths(shapely.get_coordinates(shapely.point_on_surface(faces)), cancelled.left)
    unite = partial(united_faces, faces[covering > 0])
    return Faces(faces[covering > 1], unite, cancelled.edges, cancelled.zone)


def _depths(points: NDArray[np.float64], left: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how many polygons cover each point, by the edges that are left of them.

    A ray to the east leaves a polygon where it crosses an edge that runs up, and enters one where it runs
    down. The polygons themselves are not asked: the point may lie on a border that two of them share.
    """
    order = np.argsort(points[:, 1], kind="stable")
    x, y = points[order].T
    ax, ay, bx, by = left.T
    starts = np.searchsorted(y, np.minimum(ay, by))
    counts = np.searchsorted(y, np.maximum(ay, by)) - starts
    level, edge = expand(starts, counts), np.repeat(np.arange(len(left)), counts)
    up = by[edge] > ay[edge]
    side = orientations(ax[edge], ay[edge], bx[edge], by[edge], x[level], y[level])
    crosses = np.where(up, side > 0, side < 0)
    depths = np.zeros(len(points))
    np.add.at(depths, order[level], np.where(up, 1, -1) * crosses)
    return depths.astype(np.int64)


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
        """Take a layer apart."""
        return cls(rows, rows.geometry.to_numpy(), code_text(rows[code]).to_numpy(dtype=object))


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
    level: int | str | None = None,
) -> Divided:
    """Check a layer of zones, choose those that are judged, and divide the ground by them, once for all.

    What was made of a large layer is kept for the next question about it: gaps, then overlaps, then others
    (see `zjk_gis.layers.remembered`).
    """
    chosen = partial(choose, zones, code=code, crs=crs, at=at, level=level)
    require_layer(zones, "zones")
    if shapely.get_num_coordinates(zones.geometry.to_numpy()).sum() < _FEW_VERTICES:
        return _divided(*chosen())
    return remembered(zones, ("divide", code, crs, at, level), partial(_divided_at_once, chosen))


def _divided(valid: Zones, lapsed: Zones, rings: Rings, metric: CRS) -> Divided:
    return Divided(valid, lapsed, faces_of(valid.shapes, rings), metric)


def _divided_at_once(chosen: Callable[..., tuple[Zones, Zones, Rings, CRS]]) -> Divided:
    """Divide the ground while polygons are looked through that may be invalid: either takes as long.

    Where one is, or the work came to grief, all is done again in order, so that the layer is refused as ever.
    """
    postponed: list[PolygonIndex] = []
    with contextlib.suppress(InputError, shapely.GEOSException):
        taken = chosen(postponed=postponed)
        if all(np.isfinite([layer.rings.low, layer.rings.high]).all() for layer in postponed):
            works: tuple[Callable[[], Any], ...] = (
                partial(_divided, *taken),
                partial(_any_invalid, postponed),
            )
            divided, some_are_invalid = all_of(lambda work: work(), works)
            if not some_are_invalid:
                return cast("Divided", divided)
    return _divided(*chosen())


def choose(
    zones: gpd.GeoDataFrame,
    *,
    code: str,
    crs: CRS | None = None,
    at: str | dt.date | None = None,
    level: int | str | None = None,
    postponed: list[PolygonIndex] | None = None,
) -> tuple[Zones, Zones, Rings, CRS]:
    """Check a layer of zones, and tell those of a level that are valid on a day from the others.

    With `postponed`, polygons that may be invalid are put on that list and taken for valid ones.

    Returns
    -------
    valid, others : Zones
    rings : Rings
        Of the valid ones.
    crs : CRS
    """
    layer, rings = _ready(zones, code=code, crs=crs, name="zones", postponed=postponed)
    of_one, _ = of_level(layer, level)
    holds = np.ones(len(of_one), dtype=bool)
    if at is not None:
        begins, ends = validity_days(of_one, "zones")
        holds = (begins <= day_of(at)) & (day_of(at) <= ends)
    valid, others = Zones.of(of_one[holds], code), Zones.of(of_one[~holds], code)
    whole = len(valid.shapes) == len(layer)
    return valid, others, rings if whole else Rings.of(valid.shapes), layer.crs


def _ready(
    zones: gpd.GeoDataFrame,
    *,
    code: str,
    crs: CRS | None,
    name: str,
    postponed: list[PolygonIndex] | None = None,
) -> tuple[gpd.GeoDataFrame, Rings]:
    """Return the layer, and the rings that were checked last, or are to be: those are put on the list."""
    made: list[Rings] = []

    def invalid(shapes: NDArray[Any]) -> NDArray[np.bool_]:
        made.append(Rings.of(shapes))
        index = PolygonIndex(shapes, rings=made[-1])
        if postponed is None:
            return index.invalid(keep=False)
        postponed.append(index)
        return np.zeros(len(shapes), np.bool_)

    layer = ready(zones, name, kind="polygon", code=code, named_by="code", crs=crs, invalid=invalid)
    return layer, made[-1]


def _any_invalid(layers: list[PolygonIndex]) -> bool:
    """Tell whether any polygon is invalid; the other processors have work of their own."""
    with alone():
        return any(bool(layer.invalid(keep=False).any()) for layer in layers)
