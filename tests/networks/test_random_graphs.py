"""The kernels on random graphs with parallel edges and loops, compared with networkx and with plain
definitions.

a--b==c       == two edges side by side, neither is a bridge
   |  |o      o  an edge from a node to itself
   d--e
"""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zjk_gis.networks import (
    Graph,
    components,
    cut_at,
    distances,
    segments,
    spread,
    terminals,
    upstream_totals,
    weak_spots,
)

SEEDS = range(20)


def random_graph(seed: int, *, nodes: int = 60, edges: int = 75) -> Graph:
    """Return a graph with edges side by side and edges from a node to itself among the others."""
    rng = np.random.default_rng(seed)
    tail, head = rng.integers(0, nodes, (2, edges))
    twins, loops = rng.integers(0, edges, 6), rng.integers(0, nodes, 3)
    return Graph.of(nodes, [*tail, *tail[twins], *loops], [*head, *head[twins], *loops])


def as_networkx(graph: Graph, *, directed: bool = False) -> nx.MultiGraph:
    peer = nx.MultiDiGraph() if directed else nx.MultiGraph()
    peer.add_nodes_from(range(graph.size))
    pairs = zip(graph.tail.tolist(), graph.head.tolist(), strict=True)
    peer.add_edges_from((a, b, edge) for edge, (a, b) in enumerate(pairs))
    return peer


def lengths_of(graph: Graph) -> np.ndarray:
    return np.arange(1.0, len(graph) + 1) ** 1.5


@pytest.mark.parametrize("seed", SEEDS)
def test_components_are_those_of_networkx(seed):
    graph = random_graph(seed)
    label = components(graph.size, graph.tail, graph.head)
    ours = {frozenset(np.flatnonzero(label == number).tolist()) for number in range(label.max() + 1)}
    assert ours == {frozenset(part) for part in nx.connected_components(as_networkx(graph))}


@pytest.mark.parametrize("seed", SEEDS)
def test_bridges_and_cut_vertices_are_those_of_networkx_on_multigraphs(seed):
    graph = random_graph(seed)
    weak = weak_spots(graph, np.ones(graph.size), lengths_of(graph))
    peer = as_networkx(graph)
    bridges = {frozenset(pair) for pair in nx.bridges(peer)}
    assert {frozenset((graph.tail[e], graph.head[e])) for e in np.flatnonzero(weak.is_bridge)} == bridges
    simple = nx.Graph(peer)
    simple.remove_edges_from(nx.selfloop_edges(simple))
    assert set(np.flatnonzero(weak.is_cut).tolist()) == set(nx.articulation_points(simple))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("rooted", [False, True])
def test_what_an_edge_or_a_node_cuts_off_is_what_falls_apart_without_it(seed, rooted):
    graph = random_graph(seed, nodes=30, edges=32)
    length = lengths_of(graph)
    roots = np.array([0, 7]) if rooted else np.empty(0, np.int64)
    weak = weak_spots(graph, np.ones(graph.size), length, roots)
    for edge in range(len(graph)):
        assert cut_off_by_hand(graph, length, roots, edge=edge) == pytest.approx(
            (weak.edge_cuts_nodes[edge], weak.edge_cuts_edges[edge])
        ), edge
    for node in range(graph.size):
        assert cut_off_by_hand(graph, length, roots, node=node) == pytest.approx(
            (weak.node_cuts_nodes[node], weak.node_cuts_edges[node])
        ), node


def cut_off_by_hand(
    graph: Graph, length: np.ndarray, roots: np.ndarray, *, edge: int | None = None, node: int | None = None
) -> tuple[float, float]:
    """Take an edge or a node away and weigh what hung together with it and no longer does."""
    whole, peer = as_networkx(graph), as_networkx(graph)
    if edge is not None:
        peer.remove_edge(int(graph.tail[edge]), int(graph.head[edge]), edge)
        part = nx.node_connected_component(whole, int(graph.tail[edge]))
    else:
        peer.remove_node(node)
        part = nx.node_connected_component(whole, node) - {node}
    weights = []
    for piece in nx.connected_components(peer.subgraph(part)):
        inner = sum(length[e] for _, _, e in peer.subgraph(piece).edges(keys=True))
        if node is not None:
            inner += sum(length[e] for a, b, e in whole.edges(node, keys=True) if b in piece)
        fed = any(root in piece for root in roots)
        weights.append((inner, len(piece), fed))
    if set(roots.tolist()) & nx.node_connected_component(whole, next(iter(part), node)):
        lost = [each for each in weights if not each[2]]
    else:
        lost = sorted(weights)[:-1]
    return sum(n for _, n, _ in lost), sum(w for w, _, _ in lost)


@pytest.mark.parametrize("seed", SEEDS)
def test_traces_are_the_ancestors_and_descendants_of_networkx(seed):
    graph, start = random_graph(seed), seed % 60
    peer = as_networkx(graph, directed=True)
    for ways, wanted in ((graph.out, nx.descendants(peer, start)), (graph.into, nx.ancestors(peer, start))):
        reached = spread(ways, len(graph), np.array([start]))
        assert set(np.flatnonzero(reached.nodes >= 0).tolist()) == wanted | {start}
        steps = nx.single_source_shortest_path_length(peer if ways is graph.out else peer.reverse(), start)
        assert {node: int(reached.nodes[node]) for node in steps} == steps


@pytest.mark.parametrize("seed", SEEDS)
def test_distances_take_the_shorter_of_two_parallel_edges(seed):
    graph = random_graph(seed)
    peer, length = as_networkx(graph), lengths_of(graph)
    for _, _, edge, of_edge in peer.edges(keys=True, data=True):
        of_edge["far"] = length[edge]
    wanted = nx.multi_source_dijkstra_path_length(peer, {1, 2}, weight="far")
    found = distances(graph.both, length, np.array([2, 1]))
    assert {node: found[node] for node in np.flatnonzero(np.isfinite(found))} == pytest.approx(wanted)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("edges", [25, 45, 90])
def test_what_drains_through_each_node_counts_every_pipe_once(seed, edges):
    """Sparse graphs are trees; dense ones divide, come together again and have circles."""
    graph = random_graph(seed, nodes=40, edges=edges)
    peer, length = as_networkx(graph, directed=True), lengths_of(graph)
    upstream = upstream_totals(graph, np.ones(graph.size), length)
    for node in range(graph.size):
        above = nx.ancestors(peer, node) | {node}
        inner = sum(length[e] for e in range(len(graph)) if {int(graph.tail[e]), int(graph.head[e])} <= above)
        assert upstream.nodes[node] == len(above)
        assert upstream.edges[node] == pytest.approx(inner)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_node_comes_out_at_a_node_that_nothing_leaves(seed):
    graph = random_graph(seed, nodes=40, edges=38)
    peer = as_networkx(graph, directed=True)
    ends = terminals(graph, lengths_of(graph))
    final = {node for node in peer if peer.out_degree(node) == 0}
    for node in range(graph.size):
        reachable = (nx.descendants(peer, node) | {node}) & final
        assert bool(ends.several[node]) == (len(reachable) > 1)
        assert (ends.node[node] in reachable) if reachable else ends.node[node] == -1


def test_many_divisions_are_more_than_one_word_holds():
    """A ladder of 200 rungs: flow divides and meets again at every one."""
    rungs = 200
    tail = [node for rung in range(rungs) for node in (2 * rung, 2 * rung, 2 * rung + 1)]
    head = [node for rung in range(rungs) for node in (2 * rung + 1, 2 * rung + 2, 2 * rung + 2)]
    graph = Graph.of(2 * rungs + 1, tail, head)
    upstream = upstream_totals(graph, np.ones(graph.size), np.ones(len(graph)))
    assert upstream.edges[-1] == 3 * rungs
    assert upstream.nodes.tolist() == [1, *(float(n) for n in range(2, 2 * rungs + 2))]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_segments_are_the_parts_left_when_all_valves_are_shut(data):
    nodes = data.draw(st.integers(2, 8))
    ends = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1))
    edges = data.draw(st.lists(ends, min_size=1, max_size=12))
    stands = st.tuples(st.integers(0, len(edges) - 1), st.sampled_from([0.0, 3.0, 6.0, 10.0]))
    valves = data.draw(st.lists(stands, max_size=8))
    shut = np.array(data.draw(st.lists(st.booleans(), min_size=len(valves), max_size=len(valves))), bool)
    graph = Graph.of(nodes, *zip(*edges, strict=True))
    pieces = cut_at(
        graph, np.full(len(edges), 10.0), [e for e, _ in valves], np.array([s for _, s in valves], float)
    )
    label = segments(pieces, shut)
    peer = nx.Graph()
    peer.add_nodes_from(range(len(pieces)))
    open_ = [v < 0 or not shut[v] for v in pieces.valve]
    peer.add_edges_from(
        (a, b) for a, b, o in zip(pieces.first.tolist(), pieces.second.tolist(), open_, strict=True) if o
    )
    ours = {frozenset(np.flatnonzero(label == number).tolist()) for number in set(label.tolist())}
    assert ours == {frozenset(part) for part in nx.connected_components(peer)}
    assert len(pieces.edge) == len(edges) + len(valves)
    assert (pieces.ends - pieces.begins).sum() == pytest.approx(10.0 * len(edges))


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 1000))
def test_the_order_of_edges_changes_nothing(shuffler, seed):
    graph = random_graph(seed, nodes=12, edges=14)
    order = list(range(len(graph)))
    shuffler.shuffle(order)
    length = lengths_of(graph)
    other = Graph.of(graph.size, graph.tail[order], graph.head[order])
    for one, two in (
        (weak_spots(graph, np.ones(12), length), weak_spots(other, np.ones(12), length[order])),
        (terminals(graph, length), terminals(other, length[order])),
        (upstream_totals(graph, np.ones(12), length), upstream_totals(other, np.ones(12), length[order])),
    ):
        for name in type(one).__slots__:
            values, again = getattr(one, name), getattr(two, name)
            values = values[order] if len(values) == len(graph) else values
            np.testing.assert_array_equal(values, again, err_msg=name)
