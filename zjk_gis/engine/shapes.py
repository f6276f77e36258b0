"""Polygons and lines taken apart into flat arrays of vertices, rings and parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.engine.arrays import offsets_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Parts", "Rings"]


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
    part : ndarray of int32
        The part of a multipolygon that each ring bounds, numbered through; the first ring of a part is its
        outer one, the others are holes.
    n_zones : int
    low, high : ndarray of float64, shape (r, 2)
        The corners of each ring's bounding box.
    """

    coords: NDArray[np.float64]
    starts: NDArray[np.int64]
    zone: NDArray[np.int32]
    part: NDArray[np.int32]
    n_zones: int
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @classmethod
    def of(cls, polygons: NDArray[Any]) -> Rings:
        """Take polygons and multipolygons apart."""
        if not len(polygons):
            none = np.empty((0, 2))
            nothing = np.empty(0, np.int32)
            return cls(none, np.zeros(1, np.int64), nothing, nothing, 0, none, none)
        coords = shapely.get_coordinates(polygons)
        simple = (shapely.get_type_id(polygons) == 3) & (shapely.get_num_interior_rings(polygons) == 0)
        if simple.all():
            lengths = shapely.get_num_coordinates(polygons)
            zone = part = np.arange(len(polygons))
        else:
            parts, owner = shapely.get_parts(polygons, return_index=True)
            rings, part = shapely.get_rings(parts, return_index=True)
            lengths, zone = shapely.get_num_coordinates(rings), owner[part]
        return cls.from_arrays(coords, offsets_of(lengths), zone, part, len(polygons))

    @classmethod
    def from_arrays(
        cls,
        coords: NDArray[np.float64],
        starts: NDArray[np.int64],
        zone: NDArray[np.integer[Any]],
        part: NDArray[np.integer[Any]],
        n_zones: int,
    ) -> Rings:
        """Complete rings by their bounding boxes."""
        low = np.minimum.reduceat(coords, starts[:-1], axis=0)
        high = np.maximum.reduceat(coords, starts[:-1], axis=0)
        return cls(coords, starts, zone.astype(np.int32), part.astype(np.int32), n_zones, low, high)

    @property
    def may_be_tiny(self) -> bool:
        """Whether a ring reaches to where coordinates are nearly 0: elsewhere none can be."""
        return bool(((self.low < 1.0) & (self.high > -1.0)).any())

    @property
    def is_hole(self) -> NDArray[np.bool_]:
        """Whether each ring bounds a hole."""
        return np.concatenate([[False], self.part[1:] == self.part[:-1]])

    @property
    def turned(self) -> NDArray[np.bool_]:
        """Whether each ring has the inside of its polygon to its right."""
        x, y = (self.coords - np.repeat(self.low, np.diff(self.starts), axis=0)).T
        cross = np.zeros(len(x))
        cross[:-1] = x[:-1] * y[1:] - x[1:] * y[:-1]
        cross[self.starts[1:] - 1] = 0.0  # from one ring to the next there is no edge
        return np.asarray((np.add.reduceat(cross, self.starts[:-1]) < 0) != self.is_hole)

    def edges(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the edges, each with the inside to its left, and the polygon of each."""
        ring = np.repeat(np.arange(len(self.zone)), np.diff(self.starts))
        is_edge = (ring[1:] == ring[:-1]) & (self.coords[1:] != self.coords[:-1]).any(axis=1)
        at = np.flatnonzero(is_edge)
        edges = np.hstack([self.coords[at], self.coords[at + 1]])
        turned = self.turned[ring[at]]
        return np.where(turned[:, None], edges[:, [2, 3, 0, 1]], edges), self.zone[ring[at]].astype(np.int64)

    def of_zones(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rings ordered by polygon, and where those of each polygon begin."""
        order = np.argsort(self.zone, kind="stable")
        return order, np.searchsorted(self.zone[order], np.arange(self.n_zones + 1))

    def polygons(self) -> NDArray[Any]:
        """Put the polygons together again."""
        ring_of_vertex = np.repeat(np.arange(len(self.zone)), np.diff(self.starts))
        rings: NDArray[Any] = np.asarray(shapely.linearrings(self.coords, indices=ring_of_vertex))
        outer = np.flatnonzero(~self.is_hole)
        parts = np.empty(len(outer), dtype=object)
        ends = np.append(outer[1:], len(rings))
        plain = ends - outer == 1
        parts[plain] = shapely.polygons(rings[outer[plain]])
        for k in np.flatnonzero(~plain).tolist():
            parts[k] = shapely.Polygon(rings[outer[k]], rings[outer[k] + 1 : ends[k]].tolist())
        zone = self.zone[outer]
        counts = np.bincount(zone, minlength=self.n_zones)
        polygons = np.empty(self.n_zones, dtype=object)
        single = counts[zone] == 1
        polygons[zone[single]] = parts[single]
        for several in np.flatnonzero(counts > 1).tolist():
            polygons[several] = shapely.MultiPolygon(parts[zone == several].tolist())
        return polygons


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of lines, without repeated vertices.

    Attributes
    ----------
    coords : ndarray of float64, shape (v, 2)
    starts : ndarray of int64
        Part p is ``coords[starts[p]:starts[p + 1]]``.
    line : ndarray of int64
        The line of each part, ascending.
    n_lines : int
    """

    coords: NDArray[np.float64]
    starts: NDArray[np.int64]
    line: NDArray[np.int64]
    n_lines: int

    @classmethod
    def of(cls, lines: NDArray[Any]) -> tuple[NDArray[Any], Parts]:
        """Take lines and multilines apart; return them without repeated vertices, too."""
        if (shapely.get_type_id(lines) == 1).all():
            parts, line = lines, np.arange(len(lines))
        else:
            parts, line = shapely.get_parts(lines, return_index=True)
        coords = shapely.get_coordinates(parts)
        starts = offsets_of(shapely.get_num_coordinates(parts))
        repeated = (coords[1:] == coords[:-1]).all(axis=1)
        repeated[starts[1:-1] - 1] = False  # where one part ends another may begin
        if repeated.any():
            return cls.of(shapely.remove_repeated_points(lines))
        return lines, cls(coords, starts, line.astype(np.int64), len(lines))

    def lines(self) -> NDArray[Any]:
        """Put the lines together again.

        Examples
        --------
        >>> two = np.array([shapely.LineString([(0, 0), (1, 0)]), shapely.LineString([(2, 0), (3, 0)])])
        >>> Parts.of(two)[1].lines()[1]
        <LINESTRING (2 0, 3 0)>
        """
        part_of_vertex = np.repeat(np.arange(len(self.line)), np.diff(self.starts))
        parts: NDArray[Any] = np.asarray(shapely.linestrings(self.coords, indices=part_of_vertex))
        single = np.bincount(self.line, minlength=self.n_lines)[self.line] == 1
        lines = np.empty(self.n_lines, dtype=object)
        lines[self.line[single]] = parts[single]
        for several in np.unique(self.line[~single]).tolist():
            lines[several] = shapely.MultiLineString(parts[self.line == several].tolist())
        return lines
