"""What cannot be crossed on foot: water, railways, closed estates; everything but a road stops there."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.engine import FOUND, PolygonIndex
from zjk_gis.engine.lines import LineIndex
from zjk_gis.layers.metric import ready
from zjk_gis.overlay.polygons import cover_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS

__all__ = ["BANK_M", "Barriers"]

BANK_M = 0.05  # a road may be drawn along the bank: what lies no deeper in the water than this is not in it
_LEAST_M = 1e-3  # what is crossed for less than this is touched
_CELL_M = 500.0  # a long river is cut into pieces of this size, so that few vertices are looked at


class Barriers:
    """Polygons and lines that a straight way may not cross.

    Parameters
    ----------
    areas : ndarray of Polygon
        In metres.
    lines : ndarray of LineString

    Examples
    --------
    >>> river = Barriers(np.array([shapely.box(10, 0, 20, 100)]), np.empty(0, object))
    >>> river.crossed(np.array([[0, 5, 30, 5], [0, 5, 10, 5]], float)).tolist()
    [True, False]
    >>> river.hold(np.array([15.0, 5.0]), np.array([5.0, 5.0])).tolist()
    [True, False]
    """

    def __init__(self, areas: NDArray[Any], lines: NDArray[Any]) -> None:
        self.areas, self.lines = areas, lines

    @classmethod
    def of(cls, layers: gpd.GeoDataFrame | Sequence[gpd.GeoDataFrame] | None, crs: CRS) -> Barriers:
        """Read one layer or several, each of polygons, lines or both.

        Raises
        ------
        CRSError, GeometryError
            If a layer cannot be used; the message names the rows.
        """
        if layers is None:
            return cls(np.empty(0, object), np.empty(0, object))
        areas, lines = [], []
        given: Sequence[Any] = layers if isinstance(layers, list | tuple) else [layers]
        for layer in given:
            if not len(layer):
                continue
            is_line = layer.geom_type.isin(["LineString", "MultiLineString"]).to_numpy(dtype=bool)
            if is_line.any():
                lines.append(ready(layer[is_line], "barriers", kind="line", crs=crs).geometry.to_numpy())
            if not is_line.all():
                areas.append(ready(layer[~is_line], "barriers", kind="polygon", crs=crs).geometry.to_numpy())
        together = cover_of(np.concatenate(areas)) if areas else shapely.MultiPolygon()
        united = shapely.union_all(np.concatenate(lines)) if lines else shapely.MultiLineString()
        return cls(np.asarray(shapely.get_parts(together)), np.asarray(shapely.get_parts(united)))

    def __len__(self) -> int:
        return len(self.areas) + len(self.lines)

    @cached_property
    def inner(self) -> NDArray[Any]:
        """The polygons without a strip along their banks."""
        return np.asarray(shapely.get_parts(shapely.buffer(self.areas, -BANK_M, join_style="mitre")))

    @cached_property
    def ground(self) -> shapely.Geometry:
        """The polygons as one geometry, without a strip along their banks."""
        return shapely.MultiPolygon(self.inner.tolist())

    @cached_property
    def tracks(self) -> shapely.Geometry:
        """The lines as one geometry."""
        return shapely.MultiLineString(self.lines.tolist())

    @cached_property
    def _pieces(self) -> tuple[shapely.STRtree, NDArray[Any], NDArray[np.bool_]]:
        areas = _in_cells(self.inner) if len(self.inner) else self.inner
        pieces = np.concatenate([areas, self.lines])
        shapely.prepare(pieces)
        return shapely.STRtree(pieces), pieces, np.arange(len(pieces)) < len(areas)

    def crossed(self, legs: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which straight legs (rows of x, y, x, y) cross a barrier; touching a bank is not that."""
        found = np.zeros(len(legs), np.bool_)
        if not len(self) or not len(legs):
            return found
        tree, pieces, areal = self._pieces
        lines = np.asarray(shapely.linestrings(legs.reshape(-1, 2, 2)))
        leg, piece = tree.query(lines, predicate="intersects")
        wet = areal[piece]
        found[leg[~wet]] = True
        leg, piece = leg[wet], piece[wet]
        inside = shapely.length(shapely.intersection(lines[leg], pieces[piece]))
        found |= np.bincount(leg, weights=inside, minlength=len(legs)) > _LEAST_M
        return found

    @cached_property
    def _borders(self) -> LineIndex:
        rings = shapely.get_rings(self.inner) if len(self.inner) else self.inner
        return LineIndex(np.concatenate([np.asarray(rings, dtype=object), self.lines]))

    def nearer(
        self, x: NDArray[np.float64], y: NDArray[np.float64], than: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Tell which points have a border of a barrier, or a line that is one, no farther than a distance."""
        found = np.zeros(len(x), np.bool_)
        if len(self) and len(x):
            near = self._borders.nearest(x, y, within=float(than.max()))
            found[near.point] = near.distance <= than[near.point] * (1 + 1e-9)
        return found

    @cached_property
    def _located(self) -> PolygonIndex:
        return PolygonIndex(self.inner)

    def hold(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which points lie within a barrier, not merely on its border."""
        if not len(self.inner):
            return np.zeros(len(x), np.bool_)
        found: NDArray[np.bool_] = self._located.locate(x, y).found == FOUND.index("inside")
        return found

    def off(self, shapes: NDArray[Any]) -> NDArray[Any]:
        """Return lines without what lies within a barrier, cut where they cross one that is a line."""
        cut = np.array(shapes, dtype=object)
        for barrier in (self.ground, self.tracks):
            if shapely.is_empty(barrier):
                continue
            shapely.prepare(barrier)
            hit = shapely.intersects(barrier, cut)
            cut[hit] = shapely.difference(cut[hit], barrier)
        return cut


def _in_cells(areas: NDArray[Any]) -> NDArray[Any]:
    """Cut large polygons along a lattice."""
    found = []
    for area in areas:
        west, south, east, north = area.bounds
        columns = max(1, int(np.ceil((east - west) / _CELL_M)))
        rows = max(1, int(np.ceil((north - south) / _CELL_M)))
        if shapely.get_num_coordinates(area) < 50 or columns * rows == 1:
            found.append(np.array([area]))
            continue
        x, y = np.linspace(west, east, columns + 1), np.linspace(south, north, rows + 1)
        left, low = (each.ravel() for each in np.meshgrid(x[:-1], y[:-1]))
        right, high = (each.ravel() for each in np.meshgrid(x[1:], y[1:]))
        cells = shapely.box(left, low, right, high)
        shapely.prepare(area)
        pieces = shapely.intersection(area, cells[shapely.intersects(area, cells)])
        found.append(shapely.get_parts(pieces))
    pieces = np.concatenate(found)
    solid: NDArray[Any] = pieces[shapely.get_type_id(pieces) == shapely.GeometryType.POLYGON]
    return solid
