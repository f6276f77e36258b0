"""A graph as two arrays, and the lists of neighbours made of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.engine.compiled import compiled
from zjk_gis.words import tr

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from zjk_gis.engine.arrays import Ints32, Whole

__all__ = ["Adjacency", "Graph"]


@dataclass(frozen=True, slots=True)
class Adjacency:
    """The neighbours of each node, one list behind the other.

    Attributes
    ----------
    starts : ndarray of int32, shape (nodes + 1,)
        Where the list of each node begins.
    nodes, edges : ndarray of int32
        The neighbour, and the edge that leads there; in the order of the edges.
    """

    starts: NDArray[np.int32]
    nodes: NDArray[np.int32]
    edges: NDArray[np.int32]


@dataclass(frozen=True)
class Graph:
    """Nodes numbered from 0, and edges from one to another.

    Parameters
    ----------
    size : int
        How many nodes there are.
    tail, head : ndarray of int32
        Where each edge begins and ends. Parallel edges and edges from a node to itself are allowed.

    Examples
    --------
    >>> graph = Graph.of(3, [0, 1, 0], [1, 2, 1])
    >>> graph.out.starts.tolist(), graph.out.nodes.tolist(), graph.out.edges.tolist()
    ([0, 2, 3, 3], [1, 1, 2], [0, 2, 1])
    """

    size: int
    tail: NDArray[np.int32]
    head: NDArray[np.int32]

    @classmethod
    def of(cls, size: int, tail: ArrayLike, head: ArrayLike) -> Graph:
        """Return a graph of any whole numbers.

        Raises
        ------
        ValueError
            If the arrays differ in length, or name a node that there is not.
        """
        begins, ends = (np.ascontiguousarray(each, dtype=np.int32) for each in (tail, head))
        if begins.ndim != 1 or begins.shape != ends.shape:
            raise ValueError(tr("tail and head must be two arrays of one length"))
        if len(begins) and (min(begins.min(), ends.min()) < 0 or max(begins.max(), ends.max()) >= size):
            raise ValueError(tr("an edge names a node that there is not"))
        return cls(size, begins, ends)

    def __len__(self) -> int:
        return len(self.tail)

    @cached_property
    def out(self) -> Adjacency:
        """Where one gets from each node along the edges."""
        return Adjacency(*_by_node(self.size, self.tail, self.head))

    @cached_property
    def into(self) -> Adjacency:
        """Where one gets from each node against the edges."""
        return Adjacency(*_by_node(self.size, self.head, self.tail))

    @cached_property
    def both(self) -> Adjacency:
        """Where one gets from each node either way; an edge from a node to itself is there twice."""
        ends = np.concatenate([self.tail, self.head]), np.concatenate([self.head, self.tail])
        starts, nodes, places = _by_node(self.size, *ends)
        return Adjacency(starts, nodes, places % np.int32(max(len(self), 1)))

    def without(self, gone: NDArray[np.bool_]) -> tuple[Graph, NDArray[np.int64]]:
        """Return the graph without some edges, and the old number of each edge that is left."""
        left = np.flatnonzero(~gone)
        return Graph(self.size, self.tail[left], self.head[left]), left


@compiled
def _by_node(size: Whole, here: Ints32, there: Ints32) -> tuple[Ints32, Ints32, Ints32]:
    """Sort edges by the node they lie at: counting sort, which keeps their order."""
    starts = np.zeros(size + 1, np.int32)
    for edge in range(len(here)):
        starts[here[edge] + 1] += 1
    for node in range(size):
        starts[node + 1] += starts[node]
    # `place` says where the next edge of each node goes.
    place = starts[:-1].copy()
    nodes, edges = np.empty(len(here), np.int32), np.empty(len(here), np.int32)
    for edge in range(len(here)):
        at = place[here[edge]]
        place[here[edge]] += 1
        nodes[at], edges[at] = there[edge], edge
    return starts, nodes, edges
