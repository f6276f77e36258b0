"""Manholes on a pipe that is drawn as one piece: where it is to be cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.engine.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.engine.arrays import Floats, Ints

__all__ = ["Cuts", "cuts_at_nodes"]

_ON_LINE_M = 0.1


@dataclass(frozen=True, slots=True)
class Cuts:
    """Where pipes are cut: sorted by pipe, then along it.

    Attributes
    ----------
    pipe, node : ndarray of int64
    along, distance : ndarray of float64
        How far along the pipe as it is drawn, and how far beside it the node lies.
    """

    pipe: NDArray[np.int64]
    node: NDArray[np.int64]
    along: NDArray[np.float64]
    distance: NDArray[np.float64]


def cuts_at_nodes(
    lines: NDArray[Any],
    kind: NDArray[np.object_],
    ends: tuple[NDArray[np.int64], NDArray[np.int64]],
    node_at: NDArray[np.float64],
    node_kind: NDArray[np.object_],
    within_m: float,
) -> Cuts:
    """Find the nodes that lie on a pipe of their own kind between its ends.

    A node on which no pipe hangs counts within `within_m`; one that has pipes of its own counts only within
    10 cm, as a second pipe beside the first may have manholes of its own.

    Parameters
    ----------
    lines : ndarray of LineString
    kind : ndarray of str
        Of pipes.
    ends : tuple of ndarray of int64
        The nodes that each pipe begins and ends at.
    node_at : ndarray of float64, shape (n, 2)
        Of manholes and survey points.
    node_kind : ndarray of str
        Empty where it is not known: such a node counts for every pipe.
    within_m : float

    Returns
    -------
    Cuts
    """
    pipe, node = _beside(lines, ends, node_at, within_m)
    fits = (node_kind[node] == kind[pipe]) | (node_kind[node] == "") | (kind[pipe] == "")
    pipe, node = pipe[fits], node[fits]
    has_pipes = np.zeros(len(node_at), dtype=bool)
    for each in ends:
        has_pipes[each[each < len(node_at)]] = True
    points = np.asarray(shapely.points(node_at[node]))
    distance = np.asarray(shapely.distance(lines[pipe], points))
    along = np.asarray(shapely.line_locate_point(lines[pipe], points))
    length = np.asarray(shapely.length(lines[pipe]))
    right = (distance <= np.where(has_pipes[node], min(_ON_LINE_M, within_m), within_m)) & (
        np.minimum(along, length - along) > within_m
    )
    order = np.lexsort((node[right], along[right], pipe[right]))
    return Cuts(*(each[right][order] for each in (pipe, node, along, distance)))


def _beside(
    lines: NDArray[Any],
    ends: tuple[NDArray[np.int64], NDArray[np.int64]],
    node_at: NDArray[np.float64],
    within_m: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each line with each node that may lie within reach of it and is not one of its ends.

    Nodes are sorted into square cells about as large as a segment is long. A tree over them takes ten times
    as long, since it has to be told of the two ends of every line, too.
    """
    if not len(node_at) or not len(lines):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    coords, line = shapely.get_coordinates(lines, return_index=True)
    same = line[1:] == line[:-1]
    long = np.hypot(*(coords[1:][same] - coords[:-1][same]).T)
    low, high = node_at.min(axis=0), node_at.max(axis=0)
    cell = max(float(long.mean()) if len(long) else 0.0, 4 * within_m, 1e-3)
    while ((high - low) // cell + 1).prod() > 4 * len(node_at) + 1000:  # a few nodes far apart
        cell *= 2
    columns, rows = ((high - low) // cell + 1).astype(np.int64).tolist()
    at = ((node_at - low) // cell).astype(np.int64)
    number = at[:, 1] * columns + at[:, 0]
    order = np.argsort(number, kind="stable")
    starts = np.searchsorted(number[order], np.arange(columns * rows + 1))
    found = _near_segments(
        coords, line, ends[0], ends[1], node_at[order], order, starts,
        np.array([low[0], low[1], cell, within_m + 1e-6]), np.array([columns, rows]),
    )  # fmt: skip
    pairs = np.unique(found, axis=0)
    return pairs[:, 0], pairs[:, 1]


@compiled
def _near_segments(
    coords: Floats,
    line: Ints,
    first: Ints,
    last: Ints,
    places: Floats,
    node: Ints,
    starts: Ints,
    grid: Floats,
    size: Ints,
) -> Ints:
    """Return the pairs of lines and nodes that are near, once for each segment."""
    west, south, cell, reach = grid
    found = np.empty((1024, 2), np.int64)
    count = 0
    for at in range(len(line) - 1):
        here = line[at]
        if line[at + 1] != here:
            continue
        x, y = coords[at]
        dx, dy = coords[at + 1, 0] - x, coords[at + 1, 1] - y
        square = dx * dx + dy * dy
        # The cells around the segment.
        left = max((min(x, x + dx) - reach - west) // cell, 0.0)
        right = min((max(x, x + dx) + reach - west) // cell, size[0] - 1.0)
        below = max((min(y, y + dy) - reach - south) // cell, 0.0)
        above = min((max(y, y + dy) + reach - south) // cell, size[1] - 1.0)
        for row in range(int(below), int(above) + 1):
            begin = starts[row * size[0] + int(left)] if left <= right else 0
            stop = starts[row * size[0] + int(right) + 1] if left <= right else 0
            for position in range(begin, stop):
                other = node[position]
                if other == first[here] or other == last[here]:
                    continue
                # From the node to the nearest place on the segment.
                px, py = places[position, 0] - x, places[position, 1] - y
                along = 0.0 if square == 0.0 else min(max((px * dx + py * dy) / square, 0.0), 1.0)
                ex, ey = px - along * dx, py - along * dy
                if ex * ex + ey * ey <= reach * reach:
                    if count == len(found):
                        larger = np.empty((2 * count, 2), np.int64)
                        larger[:count] = found
                        found = larger
                    found[count, 0], found[count, 1] = here, other
                    count += 1
    return found[:count]
