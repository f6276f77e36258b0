"""Bridges and cut vertices, and what is cut off where one of them fails.

One depth-first pass. A node is numbered when it is found; its *low* is the smallest number that it and those
found through it reach by an edge outside the tree. An edge is a bridge where what was found through it
reaches no higher than its lower end; a node cuts off what was found through an edge of its own and reaches no
higher than itself. The pass comes to a node by an edge and skips this edge, not its other end: a second edge
beside it is another way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.engine.compiled import compiled
from zjk_gis.networks.graph import Graph
from zjk_gis.networks.weights import addable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.engine.arrays import Bools, Floats, Ints, Ints32, Whole

__all__ = ["WeakSpots", "weak_spots"]


@dataclass(frozen=True, slots=True)
class WeakSpots:
    """What is cut off where an edge or a node fails.

    Attributes
    ----------
    is_bridge : ndarray of bool
        Of edges.
    edge_cuts_nodes, edge_cuts_edges : ndarray of float64
        The weight of the nodes and of the edges that a bridge cuts off, itself not counted; 0 for others.
    is_cut : ndarray of bool
        Of nodes.
    node_cuts_nodes, node_cuts_edges : ndarray of float64
        The weight that a node cuts off, itself not counted.
    pieces : ndarray of int64
        In how many pieces what hung together falls where a node fails; 1 where it stays whole, 0 where
        nothing is left.
    is_fed : ndarray of bool
        Of nodes: whether a root reaches it; true for all where no roots were given.
    """

    is_bridge: NDArray[np.bool_]
    edge_cuts_nodes: NDArray[np.float64]
    edge_cuts_edges: NDArray[np.float64]
    is_cut: NDArray[np.bool_]
    node_cuts_nodes: NDArray[np.float64]
    node_cuts_edges: NDArray[np.float64]
    pieces: NDArray[np.int64]
    is_fed: NDArray[np.bool_]


def weak_spots(
    graph: Graph,
    node_weight: NDArray[np.float64],
    edge_weight: NDArray[np.float64],
    roots: NDArray[np.int64] | None = None,
) -> WeakSpots:
    """Find bridges and cut vertices with what each cuts off.

    Parameters
    ----------
    graph : Graph
        Taken without direction.
    node_weight, edge_weight : ndarray of float64
    roots : ndarray of int64, optional
        From which nodes the others are fed: cut off is what none of them reaches any more. Without roots it
        is all but the largest piece (by edges, then by nodes), and both are so in parts that no root reaches.

    Returns
    -------
    WeakSpots

    Examples
    --------
    Two parallel edges between nodes 0 and 1, and one on to node 2:

    >>> graph = Graph.of(3, [0, 0, 1], [1, 1, 2])
    >>> weak = weak_spots(graph, np.ones(3), np.array([10.0, 10.0, 7.0]))
    >>> weak.is_bridge.tolist(), weak.is_cut.tolist(), weak.node_cuts_edges.tolist()
    ([False, False, True], [False, True, False], [0.0, 7.0, 0.0])
    """
    size, edges = graph.size, len(graph)
    node_weight, edge_weight = addable(node_weight), addable(edge_weight)
    fed_from = np.empty(0, np.int32) if roots is None else np.unique(np.asarray(roots)).astype(np.int32)
    if len(fed_from):
        # A node more, tied to each root twice, so that these ties are no bridges.
        ties = np.repeat(fed_from, 2)
        graph = Graph(
            size + 1,
            np.concatenate([graph.tail, np.full(len(ties), size, np.int32)]),
            np.concatenate([graph.head, ties]),
        )
        node_weight = np.append(node_weight, 0.0)
        edge_weight = np.concatenate([edge_weight, np.zeros(len(ties))])
    near = graph.both
    bridge, cut, numbers, pieces, fed = _depth_first(
        near.starts,
        near.nodes,
        near.edges,
        node_weight,
        edge_weight,
        np.int64(size if len(fed_from) else -1),
    )
    of_edges, of_nodes = numbers[:, :2], numbers[:, 2:]
    return WeakSpots(
        bridge[:edges],
        np.ascontiguousarray(of_edges[:edges, 0]),
        np.ascontiguousarray(of_edges[:edges, 1]),
        cut[:size],
        np.ascontiguousarray(of_nodes[:size, 0]),
        np.ascontiguousarray(of_nodes[:size, 1]),
        pieces[:size],
        fed[:size],
    )


@compiled
def _depth_first(
    starts: Ints32, near: Ints32, by: Ints32, node_weight: Floats, edge_weight: Floats, first: Whole
) -> tuple[Bools, Bools, Floats, Ints, Bools]:
    """Do the pass from `first`, if it is a node, then from every node not yet found.

    Returns bridges, cut vertices, a table (row i: nodes and edges cut off by edge i, then by node i), pieces,
    and which nodes `first` reaches.
    """
    size, edges = len(node_weight), len(edge_weight)
    bridge, cut = np.zeros(edges, np.bool_), np.zeros(size, np.bool_)
    off = np.zeros((max(size, edges), 4))
    pieces, fed = np.zeros(size, np.int64), np.zeros(size, np.bool_)
    # When each node was found, how high it reaches, by which edge it was found, and its next neighbour.
    found, low = np.full(size, -1, np.int32), np.zeros(size, np.int32)
    came_by, place = np.full(size, -1, np.int32), starts[:-1].copy()
    # The weight of the nodes and edges found through a node, itself included.
    below_nodes, below_edges = node_weight.copy(), np.zeros(size)
    # Of the pieces that a node cuts off: how many, what they weigh, and the heaviest.
    number = np.zeros(size, np.int64)
    apart_nodes, apart_edges = np.zeros(size), np.zeros(size)
    most_nodes, most_edges = np.full(size, -1.0), np.full(size, -1.0)
    stack, order = np.empty(size, np.int32), np.empty(size, np.int32)
    clock = 0
    for start in range(-1, size):
        root = first if start < 0 else start
        if root < 0 or found[root] >= 0:
            continue
        began, top = clock, 0
        stack[0] = root
        found[root] = low[root] = clock
        order[clock] = root
        clock += 1
        while top >= 0:
            node = stack[top]
            if place[node] < starts[node + 1]:
                at = place[node]
                place[node] += 1
                edge, other = by[at], near[at]
                if edge == came_by[node]:
                    continue
                if other == node:  # stands twice in the list, half each time
                    below_edges[node] += 0.5 * edge_weight[edge]
                elif found[other] < 0:
                    # A tree edge: go down.
                    came_by[other] = edge
                    found[other] = low[other] = clock
                    order[clock] = other
                    clock += 1
                    top += 1
                    stack[top] = other
                elif found[other] < found[node]:
                    # An edge back up, or one beside the edge it was found by; from above it is passed over.
                    below_edges[node] += edge_weight[edge]
                    low[node] = min(low[node], found[other])
                continue
            # All neighbours are seen: tell the node above.
            top -= 1
            if top < 0:
                continue
            above, edge = stack[top], came_by[node]
            low[above] = min(low[above], low[node])
            if low[node] > found[above]:
                bridge[edge] = True
                off[edge, 0], off[edge, 1] = below_nodes[node], below_edges[node]
            with_edge = below_edges[node] + edge_weight[edge]
            if low[node] >= found[above]:
                number[above] += 1
                apart_nodes[above] += below_nodes[node]
                apart_edges[above] += with_edge
                if with_edge > most_edges[above] or (
                    with_edge == most_edges[above] and below_nodes[node] > most_nodes[above]
                ):
                    most_nodes[above], most_edges[above] = below_nodes[node], with_edge
            below_nodes[above] += below_nodes[node]
            below_edges[above] += with_edge
        # The part is whole: what its bridges and nodes cut off.
        all_nodes, all_edges = below_nodes[root], below_edges[root]
        for at in range(began, clock):
            node = order[at]
            fed[node] = first < 0 or root == first
            edge = came_by[node]
            if edge >= 0 and bridge[edge] and root != first:
                rest_nodes = all_nodes - off[edge, 0]
                rest_edges = all_edges - off[edge, 1] - edge_weight[edge]
                if rest_edges < off[edge, 1] or (rest_edges == off[edge, 1] and rest_nodes < off[edge, 0]):
                    off[edge, 0], off[edge, 1] = rest_nodes, rest_edges
            # Above a node that is not the root there is a piece more.
            rest = 0 if node == root else 1
            pieces[node] = number[node] + rest
            cut[node] = pieces[node] > 1
            if not cut[node]:
                continue
            rest_nodes = all_nodes - node_weight[node] - apart_nodes[node]
            rest_edges = all_edges - apart_edges[node]
            for loop in range(starts[node], starts[node + 1]):
                if near[loop] == node:  # an edge from it to itself belongs to no piece
                    rest_edges -= 0.5 * edge_weight[by[loop]]
            if root == first:
                off[node, 2], off[node, 3] = apart_nodes[node], apart_edges[node]
                continue
            heavy_nodes, heavy_edges = most_nodes[node], most_edges[node]
            if rest == 1 and (
                rest_edges > heavy_edges or (rest_edges == heavy_edges and rest_nodes > heavy_nodes)
            ):
                heavy_nodes, heavy_edges = rest_nodes, rest_edges
            off[node, 2] = apart_nodes[node] + (rest_nodes if rest == 1 else 0.0) - heavy_nodes
            off[node, 3] = apart_edges[node] + (rest_edges if rest == 1 else 0.0) - heavy_edges
    return bridge, cut, off, pieces, fed
