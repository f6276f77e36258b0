"""The nearest sites of places along edges, beside Dijkstra run site by site in networkx."""

from itertools import pairwise

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from zjk_gis.networks import Graph
from zjk_gis.networks.nearest import Places, Ways, near_pairs, near_sites


def random_ways(rng, *, one_way):
    nodes, edges = int(rng.integers(2, 9)), int(rng.integers(1, 14))
    tail, head = rng.integers(0, nodes, (2, edges))
    forward, backward = np.ones(edges, bool), np.ones(edges, bool)
    if one_way:
        kind = rng.integers(0, 3, edges)
        forward, backward = kind != 1, kind != 2
    # Whole numbers, so that ties are real and sums are exact.
    return Ways(Graph.of(nodes, tail, head), rng.integers(1, 9, edges).astype(float), forward, backward)


def random_places(rng, ways, size):
    edge = rng.integers(0, len(ways.length), size)
    along = np.floor(rng.uniform(0, 1, size) * (ways.length[edge] + 1))
    return Places(edge, np.minimum(along, ways.length[edge]), rng.integers(0, 3, size).astype(float))


def brute_force(ways, places, sites):
    """Measure from each place to each site in a graph in which both are nodes."""
    graph = nx.MultiDiGraph()
    points = [(kind, at, all_) for kind, all_ in (("p", places), ("s", sites)) for at in range(len(all_))]
    for e, length in enumerate(ways.length.tolist()):
        stops = [(0.0, ("n", int(ways.graph.tail[e]), 0))]
        stops += [(float(all_.along[at]), (kind, at, 1)) for kind, at, all_ in points if all_.edge[at] == e]
        stops.append((length, ("n", int(ways.graph.head[e]), 0)))
        stops[1:-1] = sorted(stops[1:-1])
        for (a, one), (b, other) in pairwise(stops):
            # Two places on one spot are reached from each other whatever the direction.
            if ways.forward[e] or (b == a and one[0] != "n" and other[0] != "n"):
                graph.add_edge(one, other, weight=b - a)
            if ways.backward[e] or (b == a and one[0] != "n" and other[0] != "n"):
                graph.add_edge(other, one, weight=b - a)
    far = np.full((len(places), len(sites)), np.inf)
    for p in range(len(places)):
        if ("p", p, 1) in graph:
            found = nx.single_source_dijkstra_path_length(graph, ("p", p, 1))
            for s in range(len(sites)):
                far[p, s] = found.get(("s", s, 1), np.inf) + places.leg[p] + sites.leg[s]
    return far


@given(st.integers(0, 2**32 - 1), st.booleans(), st.integers(1, 6))
def test_every_place_has_its_nearest_labels_and_ties_go_to_the_lowest(seed, one_way, count):
    rng = np.random.default_rng(seed)
    ways = random_ways(rng, one_way=one_way)
    places, sites = random_places(rng, ways, 5), random_places(rng, ways, 6)
    label = rng.integers(0, 4, 6)
    far = brute_force(ways, places, sites)
    found = near_sites(ways, places, sites, label, count=count)
    for p in range(len(places)):
        by_label = {}
        for s in range(len(sites)):
            if np.isfinite(far[p, s]):
                by_label.setdefault(int(label[s]), []).append(far[p, s])
        right = sorted((min(metres), which) for which, metres in by_label.items())[:count]
        told = [
            (float(metres), int(label[s]))
            for s, metres in zip(found.site[p], found.distance[p], strict=True)
            if s >= 0
        ]
        assert told == right


@given(st.integers(0, 2**32 - 1), st.booleans(), st.integers(0, 15))
def test_pairs_are_all_that_lie_within_the_limit(seed, one_way, limit):
    rng = np.random.default_rng(seed)
    ways = random_ways(rng, one_way=one_way)
    places, sites = random_places(rng, ways, 5), random_places(rng, ways, 6)
    label = rng.integers(0, 4, 6)
    far = brute_force(ways, places, sites)
    right = {
        (which, p): float(far[p, label == which].min())
        for which in set(label.tolist())
        for p in range(len(places))
        if far[p, label == which].min() <= limit
    }
    found = near_pairs(ways, places, sites, label, limit=limit)
    keys = list(zip(found.label.tolist(), found.place.tolist(), strict=True))
    assert dict(zip(keys, found.distance.tolist(), strict=True)) == right
    assert keys == sorted(right)


@given(st.integers(0, 2**32 - 1))
def test_the_order_of_sites_changes_no_answer(seed):
    rng = np.random.default_rng(seed)
    ways = random_ways(rng, one_way=False)
    places, sites = random_places(rng, ways, 5), random_places(rng, ways, 6)
    label = np.arange(6)
    order = rng.permutation(6)
    again = Places(sites.edge[order], sites.along[order], sites.leg[order])
    one = near_sites(ways, places, sites, label, count=2)
    other = near_sites(ways, places, again, label[order], count=2)
    assert (np.where(other.site >= 0, order[other.site], -1) == one.site).all()
    assert (one.distance == other.distance).all()
