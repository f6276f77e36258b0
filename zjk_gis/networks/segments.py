"""What valves can isolate.

The vertices are the nodes *and* the pieces of edges between valves. An edge with valves on it is cut there;
its first piece hangs on the node where it begins, its last on the one where it ends, and a valve stands
between two pieces. What hangs together while all valves are shut is one segment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.networks.components import components

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.networks.graph import Graph

__all__ = ["Pieces", "cut_at", "segments"]


@dataclass(frozen=True, slots=True)
class Pieces:
    """A graph whose edges are cut where valves stand.

    Attributes
    ----------
    nodes : int
        How many nodes the graph has; piece p is vertex ``nodes + p``.
    edge : ndarray of int64
        The edge of each piece, in the order of the edges and along them.
    begins, ends : ndarray of float64
        From where to where it goes along its edge.
    first, second : ndarray of int32
        The vertices of each place where a piece meets a node or another piece.
    valve : ndarray of int64
        The valve there; -1 where a piece simply meets a node.
    """

    nodes: int
    edge: NDArray[np.int64]
    begins: NDArray[np.float64]
    ends: NDArray[np.float64]
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    valve: NDArray[np.int64]

    def __len__(self) -> int:
        return self.nodes + len(self.edge)


def cut_at(
    graph: Graph, length: NDArray[np.float64], edge: NDArray[np.int64], along: NDArray[np.float64]
) -> Pieces:
    """Cut edges where valves stand.

    Parameters
    ----------
    graph : Graph
    length : ndarray of float64
        Of edges.
    edge : ndarray of int64
        The edge that each valve stands on.
    along : ndarray of float64
        How far along it: 0 shuts it off from the node where it begins, its length from the other.

    Returns
    -------
    Pieces

    Examples
    --------
    One edge of 10 m with a valve at its end and one in the middle:

    >>> from zjk_gis.networks.graph import Graph
    >>> pieces = cut_at(
    ...     Graph.of(2, [0], [1]), np.array([10.0]), np.array([0, 0]), np.array([10.0, 5.0])
    ... )
    >>> pieces.begins.tolist(), pieces.ends.tolist(), pieces.valve.tolist()
    ([0.0, 5.0, 10.0], [5.0, 10.0, 10.0], [-1, -1, 1, 0])
    """
    count = len(graph)
    edge = np.asarray(edge, np.int64)
    along = np.clip(np.asarray(along, np.float64), 0.0, length[edge])
    order = np.lexsort((np.arange(len(edge)), along, edge))
    valves = np.bincount(edge, minlength=count)
    # An edge with v valves has v + 1 pieces: piece number i of edge e is at `start[e] + i`.
    start = np.concatenate([[0], np.cumsum(valves + 1)])
    of_piece = np.repeat(np.arange(count), valves + 1)
    begins, ends = np.zeros(len(of_piece)), length[of_piece].astype(np.float64)
    earlier = np.arange(len(order)) + edge[order]  # the piece before each valve: one more piece an edge
    ends[earlier] = along[order]
    begins[earlier + 1] = along[order]
    size = graph.size
    first = np.concatenate([graph.tail, graph.head, size + earlier]).astype(np.int32)
    second = np.concatenate([size + start[:-1], size + start[1:] - 1, size + earlier + 1]).astype(np.int32)
    valve = np.concatenate([np.full(2 * count, -1, np.int64), order])
    return Pieces(size, of_piece, begins, ends, first, second, valve)


def segments(pieces: Pieces, shut: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Label what hangs together while some valves are shut.

    Parameters
    ----------
    pieces : Pieces
    shut : ndarray of bool
        Which valves are.

    Returns
    -------
    ndarray of int32
        The segment of each vertex: nodes, then pieces.

    Examples
    --------
    >>> from zjk_gis.networks.graph import Graph
    >>> pieces = cut_at(Graph.of(2, [0], [1]), np.array([10.0]), np.array([0]), np.array([0.0]))
    >>> segments(pieces, np.array([True])).tolist(), segments(pieces, np.array([False])).tolist()
    ([0, 1, 0, 1], [0, 0, 0, 0])
    """
    is_open = np.ones(len(pieces.valve), np.bool_)
    stands = pieces.valve >= 0
    is_open[stands] = ~np.asarray(shut, np.bool_)[pieces.valve[stands]]
    return components(len(pieces), pieces.first[is_open], pieces.second[is_open])
