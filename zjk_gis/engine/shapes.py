"""Polygons taken apart into flat arrays of vertices and rings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Rings"]


@dataclass(frozen=True, slots=True)
class Rings:
    """The rings of polygons: outer ones and holes alike, as a point in a hole crosses both.

    Attributes
    ----------
    coords : ndarray of float64, shape (v, 2)
        The vertices; the last of each ring repeats its first.
    starts : ndarray of int64
        Ring r is ``coords[starts[r]:starts[r + 1]]``.
    zone : ndarray of int32
        The polygon of each ring.
    n_zones : int
    low, high : ndarray of float64, shape (r, 2)
        The corners of each ring's bounding box.
    """

    coords: NDArray[np.float64]
    starts: NDArray[np.int64]
    zone: NDArray[np.int32]
    n_zones: int
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @classmethod
    def of(cls, polygons: NDArray[Any]) -> Rings:
        """Take polygons and multipolygons apart."""
        coords = shapely.get_coordinates(polygons)
        simple = (shapely.get_type_id(polygons) == 3) & (shapely.get_num_interior_rings(polygons) == 0)
        if simple.all():
            lengths, zone = shapely.get_num_coordinates(polygons), np.arange(len(polygons))
        else:
            parts, owner = shapely.get_parts(polygons, return_index=True)
            rings, part = shapely.get_rings(parts, return_index=True)
            lengths, zone = shapely.get_num_coordinates(rings), owner[part]
        return cls.from_arrays(coords, np.concatenate([[0], np.cumsum(lengths)]), zone, len(polygons))

    @classmethod
    def from_arrays(
        cls,
        coords: NDArray[np.float64],
        starts: NDArray[np.int64],
        zone: NDArray[np.integer[Any]],
        n_zones: int,
    ) -> Rings:
        """Complete rings by their bounding boxes."""
        starts = starts.astype(np.int64)
        low = np.minimum.reduceat(coords, starts[:-1], axis=0)
        high = np.maximum.reduceat(coords, starts[:-1], axis=0)
        return cls(coords, starts, zone.astype(np.int32), n_zones, low, high)

    def polygons(self) -> NDArray[Any]:
        """Put the polygons together again."""
        ring_of_vertex = np.repeat(np.arange(len(self.zone)), np.diff(self.starts))
        rings = shapely.linearrings(self.coords, indices=ring_of_vertex)
        counts = np.bincount(self.zone, minlength=self.n_zones)
        polygons = np.empty(self.n_zones, dtype=object)
        single = counts[self.zone] == 1
        polygons[self.zone[single]] = shapely.polygons(rings[single])
        for zone in np.flatnonzero(counts > 1).tolist():
            own = rings[self.zone == zone]
            polygons[zone] = shapely.build_area(shapely.geometrycollections(own))
        return polygons
