"""What can be reached from some nodes, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.engine.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.engine.arrays import Bools, Ints, Ints32
    from zjk_gis.networks.graph import Adjacency

__all__ = ["Reached", "distances", "spread"]


@dataclass(frozen=True, slots=True)
class Reached:
    """What can be reached.

    Attributes
    ----------
    nodes, edges : ndarray of int32
        After how many edges each node and edge is reached; the edges that leave a node one begins with are
        the first. -1 where they are not.
    """

    nodes: NDArray[np.int32]
    edges: NDArray[np.int32]


def spread(
    ways: Adjacency,
    edges: int,
    begin: NDArray[np.int64],
    *,
    stop: NDArray[np.bool_] | None = None,
    shut_nodes: NDArray[np.bool_] | None = None,
    shut_edges: NDArray[np.bool_] | None = None,
    stop_edges: NDArray[np.bool_] | None = None,
) -> Reached:
    """Go along all ways from some nodes, breadth first.

    Parameters
    ----------
    ways : Adjacency
    edges : int
        How many edges the graph has.
    begin : ndarray of int64
        The nodes to begin with.
    stop, stop_edges : ndarray of bool, optional
        Nodes and edges that are reached, but not gone beyond.
    shut_nodes, shut_edges : ndarray of bool, optional
        Nodes that are not entered, nor the edges that lead there; edges that are not gone along.

    Returns
    -------
    Reached

    Examples
    --------
    >>> from zjk_gis.networks.graph import Graph
    >>> graph = Graph.of(4, [0, 1, 2], [1, 2, 3])
    >>> reached = spread(graph.out, 3, np.array([0]), stop=np.array([False, False, True, False]))
    >>> reached.nodes.tolist(), reached.edges.tolist()
    ([0, 1, 2, -1], [1, 2, -1])
    """
    size = len(ways.starts) - 1
    marks = [
        np.zeros(count, np.bool_) if given is None else np.ascontiguousarray(given, np.bool_)
        for given, count in ((stop, size), (shut_nodes, size), (shut_edges, edges), (stop_edges, edges))
    ]
    first = np.unique(np.asarray(begin, np.int64))
    nodes, reached = _spread(ways.starts, ways.nodes, ways.edges, first, *marks)
    return Reached(nodes, reached)


def distances(
    ways: Adjacency,
    length: NDArray[np.float64],
    begin: NDArray[np.int64],
    *,
    shut_edges: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Return how far each node is from the nearest of some, along the ways; infinite where there is none.

    Parameters
    ----------
    ways : Adjacency
    length : ndarray of float64
        Of edges.
    begin : ndarray of int64
    shut_edges : ndarray of bool, optional
        Edges that are not gone along.

    Examples
    --------
    Of two edges side by side the shorter counts:

    >>> from zjk_gis.networks.graph import Graph
    >>> graph = Graph.of(3, [0, 0, 1], [1, 1, 2])
    >>> distances(graph.both, np.array([9.0, 4.0, 1.0]), np.array([2])).tolist()
    [5.0, 1.0, 0.0]
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    size = len(ways.starts) - 1
    if not len(begin):
        return np.full(size, np.inf)
    here = np.repeat(np.arange(size), np.diff(ways.starts))
    open_ = np.ones(len(here), np.bool_) if shut_edges is None else ~shut_edges[ways.edges]
    here, there, far = here[open_], ways.nodes[open_].astype(np.int64), length[ways.edges[open_]]
    # Of parallel edges the shortest: a sparse matrix would add them up.
    order = np.lexsort((far, there, here))
    here, there, far = here[order], there[order], far[order]
    kept = np.ones(len(here), np.bool_)
    kept[1:] = (here[1:] != here[:-1]) | (there[1:] != there[:-1])
    starts = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(here[kept], minlength=size), out=starts[1:])
    matrix = csr_array((far[kept], there[kept], starts), shape=(size, size))
    found: NDArray[np.float64] = dijkstra(matrix, indices=np.unique(begin), min_only=True)
    return found


@compiled
def _spread(
    starts: Ints32,
    near: Ints32,
    by: Ints32,
    begin: Ints,
    stop: Bools,
    shut_nodes: Bools,
    shut_edges: Bools,
    stop_edges: Bools,
) -> tuple[Ints32, Ints32]:
    nodes, edges = np.full(len(starts) - 1, -1, np.int32), np.full(len(shut_edges), -1, np.int32)
    queue = np.empty(len(nodes), np.int32)
    done = waiting = 0
    for node in begin:
        if not shut_nodes[node]:
            nodes[node] = 0
            queue[waiting] = node
            waiting += 1
    while done < waiting:
        node = queue[done]
        done += 1
        if stop[node]:
            continue
        for at in range(starts[node], starts[node + 1]):
            edge, other = by[at], near[at]
            if shut_edges[edge] or shut_nodes[other]:
                continue
            if edges[edge] < 0:
                edges[edge] = nodes[node] + 1
            if nodes[other] < 0 and not stop_edges[edge]:
                nodes[other] = nodes[node] + 1
                queue[waiting] = other
                waiting += 1
    return nodes, edges
