"""Manholes on a pipe that is drawn as one piece: where it is to be cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
    points = shapely.points(node_at)
    # Nodes are looked for among pipes, not pipes among nodes: boxes of points are small.
    pipe, node = shapely.STRtree(points).query(lines, predicate="dwithin", distance=within_m)
    inner = (node != ends[0][pipe]) & (node != ends[1][pipe])
    pipe, node = pipe[inner], node[inner]
    fits = (node_kind[node] == kind[pipe]) | (node_kind[node] == "") | (kind[pipe] == "")
    pipe, node = pipe[fits], node[fits]
    has_pipes = np.zeros(len(node_at), dtype=bool)
    for each in ends:
        has_pipes[each[each < len(node_at)]] = True
    distance = shapely.distance(lines[pipe], points[node])
    along = shapely.line_locate_point(lines[pipe], points[node])
    length = shapely.length(lines[pipe])
    right = (distance <= np.where(has_pipes[node], min(_ON_LINE_M, within_m), within_m)) & (
        np.minimum(along, length - along) > within_m
    )
    order = np.lexsort((node[right], along[right], pipe[right]))
    return Cuts(*(each[right][order] for each in (pipe, node, along, distance)))
