"""What flows through every node of a directed graph at once, and where it comes out.

1. What flows in a circle (a strongly connected part of more than one node) is taken as one node.
2. In topological order each node adds up what arrives. A node of which flow *divides* passes nothing on that
   way: each node below keeps the set of divisions above it, and what has arrived at each of these counts
   once, by however many ways it comes.
3. Against that order each node learns the nearest end (a node that nothing leaves), how far it is, and
   whether there is another.
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

    from zjk_gis.engine.arrays import Bools, Floats, Ints, Ints32

__all__ = ["Terminals", "Upstream", "terminals", "upstream_totals"]

_BITS = 64


@dataclass(frozen=True, slots=True)
class Upstream:
    """What lies above each node.

    Attributes
    ----------
    nodes, edges : ndarray of float64
        The weight of the distinct nodes above each node, itself included, and of the edges between them.
    in_cycle : ndarray of bool
        Of edges: whether one gets from its end back to its beginning.
    """

    nodes: NDArray[np.float64]
    edges: NDArray[np.float64]
    in_cycle: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Terminals:
    """Where what flows through each node comes out.

    Attributes
    ----------
    node : ndarray of int64
        The nearest node that nothing leaves; -1 where all ways end in a circle.
    distance : ndarray of float64
        How far it is, ways within a circle not counted; NaN where there is none.
    several : ndarray of bool
        Whether there is another.
    """

    node: NDArray[np.int64]
    distance: NDArray[np.float64]
    several: NDArray[np.bool_]


def upstream_totals(
    graph: Graph, node_weight: NDArray[np.float64], edge_weight: NDArray[np.float64]
) -> Upstream:
    """Add up for every node what drains into it.

    Parameters
    ----------
    graph : Graph
        Directed as it flows. An edge of unknown direction is there both ways; give one of the two no weight.
    node_weight, edge_weight : ndarray of float64

    Returns
    -------
    Upstream

    Examples
    --------
    Flow divides at node 0 and comes together at 3; what lies above counts once:

    >>> graph = Graph.of(5, [4, 0, 0, 1, 2], [0, 1, 2, 3, 3])
    >>> upstream_totals(graph, np.ones(5), np.array([5.0, 1.0, 1.0, 1.0, 1.0])).edges.tolist()
    [5.0, 6.0, 6.0, 9.0, 0.0]
    """
    group, size, order, straight = _in_order(graph)
    weight = addable(edge_weight)
    own = np.zeros((size, 2))
    own[:, 0] = np.bincount(group, addable(node_weight), size)
    own[:, 1] = np.bincount(group[graph.tail[~straight]], weight[~straight], size)
    passing = Graph(size, group[graph.tail[straight]], group[graph.head[straight]])
    total, divided, parents, starts, of_group = _arrivals(
        passing.out.starts,
        passing.into.starts,
        passing.into.nodes,
        passing.into.edges,
        weight[straight],
        own,
        order,
    )
    if len(divided):
        extra = _of_divisions(starts, parents, divided, total[divided])
        total = total + extra[of_group]
    return Upstream(total[group, 0], total[group, 1], ~straight)


def terminals(graph: Graph, length: NDArray[np.float64]) -> Terminals:
    """Find where what flows through every node comes out.

    Parameters
    ----------
    graph : Graph
        Directed as it flows.
    length : ndarray of float64
        Of edges.

    Returns
    -------
    Terminals

    Examples
    --------
    >>> graph = Graph.of(4, [0, 0, 3], [1, 2, 3])
    >>> ends = terminals(graph, np.array([5.0, 2.0, 1.0]))
    >>> ends.node.tolist(), ends.distance.tolist(), ends.several.tolist()
    ([2, 1, 2, -1], [2.0, 0.0, 0.0, nan], [True, False, False, False])
    """
    group, size, order, straight = _in_order(graph)
    passing = Graph(size, group[graph.tail[straight]], group[graph.head[straight]])
    # A circle of one node is a circle too, if an edge goes from it to itself.
    circles = np.bincount(group[graph.tail[~straight]], minlength=size) > 0
    first = np.full(size, graph.size, np.int64)
    np.minimum.at(first, group, np.arange(graph.size))
    near, far, several = _ends(
        passing.out.starts,
        passing.out.nodes,
        passing.out.edges,
        addable(length)[straight],
        order,
        circles,
        first,
    )
    return Terminals(near[group], far[group], several[group])


def _in_order(graph: Graph) -> tuple[NDArray[np.int32], int, NDArray[np.int32], NDArray[np.bool_]]:
    """Return the group of each node, how many there are, an order of them, and which edges lead on.

    A group is a node or all of a circle, and an edge within it does not lead on.
    """
    group, size = np.arange(graph.size, dtype=np.int32), graph.size
    straight = graph.tail != graph.head
    out = graph.out if straight.all() else graph.without(~straight)[0].out
    order = _topological(out.starts, out.nodes)
    if len(order) < graph.size:
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        ways = csr_array(
            (np.ones(len(out.nodes), np.int8), out.nodes, out.starts), shape=(graph.size, graph.size)
        )
        size, labels = connected_components(ways, directed=True, connection="strong")
        # Numbered by the first node of each, whatever order scipy found them in.
        _, first, number = np.unique(labels, return_index=True, return_inverse=True)
        group = np.argsort(np.argsort(first)).astype(np.int32)[number]
        straight = group[graph.tail] != group[graph.head]
        out = Graph(size, group[graph.tail[straight]], group[graph.head[straight]]).out
        order = _topological(out.starts, out.nodes)
    return group, size, order, straight


@compiled
def _topological(starts: Ints32, nodes: Ints32) -> Ints32:
    """Order nodes so that every edge leads to a later one; what lies in or behind a circle is left out."""
    size = len(starts) - 1
    waits = np.zeros(size, np.int32)
    for node in nodes:
        waits[node] += 1
    order = np.empty(size, np.int32)
    done = ready = 0
    for node in range(size):
        if waits[node] == 0:
            order[ready] = node
            ready += 1
    while done < ready:
        node = order[done]
        done += 1
        for at in range(starts[node], starts[node + 1]):
            waits[nodes[at]] -= 1
            if waits[nodes[at]] == 0:
                order[ready] = nodes[at]
                ready += 1
    return order[:ready]


@compiled
def _arrivals(
    leaving: Ints32,
    starts: Ints32,
    above: Ints32,
    by: Ints32,
    weight: Floats,
    own: Floats,
    order: Ints32,
) -> tuple[Floats, Ints32, Ints32, Ints32, Ints32]:
    """Add up what arrives without having passed a division, and list the sets of divisions above.

    Returns the sums; the divisions in topological order; the sets, as the sets each is made of (those of set
    s are `parents[begins[s]:begins[s + 1]]`; a negative one, -1 - d, is division d itself); and the set of
    each node, 0 being the empty one.
    """
    size = len(own)
    total = own.copy()
    divided = np.empty(size, np.int32)
    # The set above each node, and of a division the one that it hands on.
    of_node, handed = np.zeros(size, np.int32), np.zeros(size, np.int32)
    parents, begins = np.empty(2 * size + len(above) + 2, np.int32), np.empty(2 * size + 2, np.int32)
    begins[0] = begins[1] = 0
    sets, filled, divisions = 1, 0, 0
    for node in order:
        several, only, listed = False, 0, filled
        for at in range(starts[node], starts[node + 1]):
            source = above[at]
            total[node, 1] += weight[by[at]]
            splits = leaving[source + 1] - leaving[source] > 1
            if not splits:
                total[node, 0] += total[source, 0]
                total[node, 1] += total[source, 1]
            given = handed[source] if splits else of_node[source]
            if given:
                several |= only > 0 and given != only
                only = given
                parents[listed] = given
                listed += 1
        if several:  # else what is listed is written over
            filled = listed
            only = sets
            sets += 1
            begins[sets] = filled
        of_node[node] = only
        if leaving[node + 1] - leaving[node] > 1:
            divided[divisions] = node
            if only:
                parents[filled] = only
                filled += 1
            parents[filled] = -1 - divisions
            filled += 1
            divisions += 1
            handed[node] = sets
            sets += 1
            begins[sets] = filled
    return total, divided[:divisions], parents[:filled], begins[: sets + 1], of_node


@compiled
def _of_divisions(begins: Ints32, parents: Ints32, divided: Ints32, worth: Floats) -> Floats:
    """Add up for each set what its divisions are worth, 64 divisions at a time in one word."""
    sets = len(begins) - 1
    extra = np.zeros((sets, 2))
    word = np.zeros(sets, np.uint64)
    one = np.uint64(1)
    # What any eight divisions are worth together: 8 tables of 256 sums.
    table = np.zeros((8, 256, 2))
    first_set = 1
    for low in range(0, len(divided), _BITS):
        for part in range(8):
            for bits in range(1, 256):
                top = 7
                while not bits & (1 << top):
                    top -= 1
                at = low + 8 * part + top
                for column in range(2):
                    worth_of = worth[at, column] if at < len(divided) else 0.0
                    table[part, bits, column] = table[part, bits - (1 << top), column] + worth_of
        begun = False
        for one_set in range(first_set, sets):
            bits64 = np.uint64(0)
            for at in range(begins[one_set], begins[one_set + 1]):
                member = parents[at]
                if member >= 0:
                    bits64 |= word[member]
                elif low <= -1 - member < low + _BITS:
                    bits64 |= one << np.uint64(-1 - member - low)
            word[one_set] = bits64
            if bits64 == 0:
                continue
            if not begun:
                # Sets before the first that has any of these have none of the later ones either.
                first_set, begun = one_set, True
            for part in range(8):
                eight = (bits64 >> np.uint64(8 * part)) & np.uint64(255)
                if eight:
                    extra[one_set, 0] += table[part, eight, 0]
                    extra[one_set, 1] += table[part, eight, 1]
    return extra


@compiled
def _ends(
    starts: Ints32, nodes: Ints32, by: Ints32, length: Floats, order: Ints32, circles: Bools, first: Ints
) -> tuple[Ints, Floats, Bools]:
    """Find the nearest end of each group, the one of the smaller number where two are equally near."""
    size = len(order)
    near, far = np.full(size, -1, np.int64), np.full(size, np.nan)
    several = np.zeros(size, np.bool_)
    for at in range(size - 1, -1, -1):
        group = order[at]
        if starts[group] == starts[group + 1]:
            if not circles[group]:
                near[group], far[group] = first[group], 0.0
            continue
        for way in range(starts[group], starts[group + 1]):
            below = nodes[way]
            if near[below] < 0:
                continue
            distance = far[below] + length[by[way]]
            several[group] |= several[below] or near[group] not in (-1, near[below])
            if (
                near[group] < 0
                or distance < far[group]
                or (distance == far[group] and near[below] < near[group])
            ):
                near[group], far[group] = near[below], distance
    return near, far, several
