"""Shortest ways between places that lie along edges, not only at nodes.

1. A place lies on an edge, so far along it, and has a leg: what it takes to get from the place to the edge.
2. The ways from all *sites* spread at once, from the nearest on, against the direction of travel. A node
   keeps the nearest `count` sites of different labels; of equally near ones those of the lowest label.
3. A place hears from the nodes at both ends of its edge and from the sites on its own edge.

Where no edge is one-way the direction makes no difference. Ties go by label, so that the answer is the same
whatever the order of edges, sites and threads; a heap as scipy's gives any of the equally near ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.engine.arrays import offsets_of
from zjk_gis.engine.compiled import compiled, lean
from zjk_gis.networks.graph import Adjacency, Graph
from zjk_gis.threads import each_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.engine.arrays import Bools, Floats, Ints, Ints32, Real, Whole

__all__ = ["NearPairs", "NearSites", "Places", "Ways", "near_pairs", "near_sites"]


@dataclass(frozen=True, slots=True)
class Places:
    """Places along edges.

    Attributes
    ----------
    edge : ndarray of int64
    along : ndarray of float64
        How far from where the edge begins.
    leg : ndarray of float64
        What it takes to get to the edge.
    """

    edge: NDArray[np.int64]
    along: NDArray[np.float64]
    leg: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.edge)


@dataclass(frozen=True)
class Ways:
    """Edges with their lengths and the directions in which one may go along them.

    Attributes
    ----------
    graph : Graph
    length : ndarray of float64
    forward, backward : ndarray of bool
    """

    graph: Graph
    length: NDArray[np.float64]
    forward: NDArray[np.bool_]
    backward: NDArray[np.bool_]

    @cached_property
    def against(self) -> Adjacency:
        """From each node the nodes from which one gets to it."""
        return self._directed(self.graph.head, self.graph.tail)

    @cached_property
    def ahead(self) -> Adjacency:
        """From each node the nodes to which one gets."""
        return self._directed(self.graph.tail, self.graph.head)

    def _directed(self, here: NDArray[np.int32], there: NDArray[np.int32]) -> Adjacency:
        forward, backward = np.flatnonzero(self.forward), np.flatnonzero(self.backward)
        edge = np.concatenate([forward, backward]).astype(np.int32)
        arcs = Graph(
            self.graph.size,
            np.concatenate([here[forward], there[backward]]),
            np.concatenate([there[forward], here[backward]]),
        ).out
        return Adjacency(arcs.starts, arcs.nodes, edge[arcs.edges])


@dataclass(frozen=True, slots=True)
class NearSites:
    """The nearest sites of each place.

    Attributes
    ----------
    site : ndarray of int64, shape (places, count)
        -1 where there are not so many.
    distance : ndarray of float64, shape (places, count)
        Both legs included; infinite where there is none.
    """

    site: NDArray[np.int64]
    distance: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NearPairs:
    """All places and labels within reach of each other, sorted by label and then by place.

    Attributes
    ----------
    label, place : ndarray of int64
    distance : ndarray of float64
    """

    label: NDArray[np.int64]
    place: NDArray[np.int64]
    distance: NDArray[np.float64]


def near_sites(
    ways: Ways,
    places: Places,
    sites: Places,
    label: NDArray[np.int64],
    *,
    count: int = 1,
    within: float = np.inf,
) -> NearSites:
    """Find for each place the nearest sites.

    Parameters
    ----------
    ways : Ways
    places, sites : Places
        One goes from a place to a site.
    label : ndarray of int64
        What each site belongs to, from 0; only the nearest site of a label is found, and of equally near ones
        those of the lowest label, then the lowest number.
    count : int, default 1
        How many labels.
    within : float, optional
        What is farther than this is found only where it is the nearest of all: so that to find many within
        reach takes little longer than to find one.

    Returns
    -------
    NearSites

    Examples
    --------
    A street of 100 m; sites at 10 m and 90 m, a place at 60 m, 5 m from the street:

    >>> ways = Ways(Graph.of(2, [0], [1]), np.array([100.0]), np.array([True]), np.array([True]))
    >>> sites = Places(np.array([0, 0]), np.array([10.0, 90.0]), np.zeros(2))
    >>> place = Places(np.array([0]), np.array([60.0]), np.array([5.0]))
    >>> found = near_sites(ways, place, sites, np.array([0, 1]), count=2)
    >>> found.site.tolist(), found.distance.tolist()
    ([[1, 0]], [[35.0, 55.0]])
    """
    label = np.ascontiguousarray(label, np.int64)
    labels = int(label.max(initial=-1)) + 1
    if 1 < labels <= count and within == np.inf:
        return _of_every_label(ways, places, sites, label, count)
    node, cost, site = _entries(ways, sites)
    near = _spread(
        ways.against.starts, ways.against.nodes, ways.against.edges, ways.length,
        node, cost, site, label, np.int64(count), float(within),
    )  # fmt: skip
    order = np.lexsort((sites.along, sites.edge))
    starts = offsets_of(np.bincount(sites.edge, minlength=len(ways.length)))
    found, far = _gather(
        places.edge, places.along, places.leg, ways.graph.tail, ways.graph.head, ways.length,
        ways.forward, ways.backward, *near, label, starts, order, sites.along, sites.leg, float(within),
    )  # fmt: skip
    return NearSites(found, far)


def _of_every_label(
    ways: Ways, places: Places, sites: Places, label: NDArray[np.int64], count: int
) -> NearSites:
    """Find the nearest site of each label by itself: where all are asked for, a node need not keep many."""
    order = np.argsort(label, kind="stable")
    starts = offsets_of(np.bincount(label))
    ways.against  # noqa: B018 - made once, and not by each thread

    def nearest(which: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        own = order[starts[which] : starts[which + 1]]
        some = Places(sites.edge[own], sites.along[own], sites.leg[own])
        found = near_sites(ways, places, some, np.zeros(len(own), np.int64))
        site, far = found.site[:, 0], found.distance[:, 0]
        return np.where(site >= 0, np.append(own, -1)[site], -1), far

    site, far = np.full((len(places), count), -1), np.full((len(places), count), np.inf)
    for which, found in enumerate(each_of(nearest, range(len(starts) - 1))):
        site[:, which], far[:, which] = found
    by_distance = np.argsort(far, axis=1, kind="stable")  # of equally near ones the lowest label
    return NearSites(np.take_along_axis(site, by_distance, 1), np.take_along_axis(far, by_distance, 1))


def near_pairs(
    ways: Ways, places: Places, sites: Places, label: NDArray[np.int64], *, limit: float
) -> NearPairs:
    """Find all places from which a label's sites are within reach.

    Parameters
    ----------
    ways : Ways
    places, sites : Places
    label : ndarray of int64
        What each site belongs to, from 0.
    limit : float
        The greatest distance, both legs included.

    Returns
    -------
    NearPairs

    Examples
    --------
    >>> ways = Ways(Graph.of(2, [0], [1]), np.array([100.0]), np.array([True]), np.array([True]))
    >>> sites = Places(np.array([0, 0]), np.array([10.0, 90.0]), np.zeros(2))
    >>> place = Places(np.array([0]), np.array([60.0]), np.array([5.0]))
    >>> pairs = near_pairs(ways, place, sites, np.array([0, 1]), limit=40)
    >>> pairs.label.tolist(), pairs.place.tolist(), pairs.distance.tolist()
    ([1], [0], [35.0])
    """
    node, cost, site = _entries(ways, sites)
    labels = int(label.max()) + 1 if len(label) else 0
    by_label = np.lexsort((site, label[site]))
    entry_starts = offsets_of(np.bincount(label[site], minlength=labels))
    site_order = np.argsort(label, kind="stable")
    site_starts = offsets_of(np.bincount(label, minlength=labels))
    order = np.argsort(places.edge, kind="stable")
    starts = offsets_of(np.bincount(places.edge, minlength=len(ways.length)))
    found = _pairs(
        ways.against.starts, ways.against.nodes, ways.against.edges, ways.length,
        ways.graph.tail, ways.graph.head, ways.forward, ways.backward,
        node[by_label], cost[by_label], entry_starts, site_order, site_starts,
        sites.edge, sites.along, sites.leg, starts, order, places.along, places.leg, float(limit),
        ways.graph.both.starts, ways.graph.both.edges,
    )  # fmt: skip
    which, place, far = found
    order = np.lexsort((place, which))
    return NearPairs(which[order], place[order], far[order])


def _entries(ways: Ways, sites: Places) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int64]]:
    """Return the nodes by which one comes to each site, what the rest of the way takes, and the site."""
    number = np.arange(len(sites))
    by_tail, by_head = ways.forward[sites.edge], ways.backward[sites.edge]
    rest = ways.length[sites.edge] - sites.along
    node = np.concatenate([ways.graph.tail[sites.edge][by_tail], ways.graph.head[sites.edge][by_head]])
    cost = np.concatenate([(sites.along + sites.leg)[by_tail], (rest + sites.leg)[by_head]])
    return node, cost, np.concatenate([number[by_tail], number[by_head]])


@lean
def _is_before(key: Real, item: Whole, other_key: Real, other: Whole, label: Ints) -> bool:
    """Compare two entries of the heap: by distance, then label, then site and node."""
    if key != other_key:
        return bool(key < other_key)
    which, other_which = label[item >> 32], label[other >> 32]
    return bool(which < other_which or (which == other_which and item < other))


@lean
def _push(keys: Floats, items: Ints, label: Ints, size: Whole, key: Real, item: Whole) -> None:
    """Add an entry (a site and a node in one number) to a heap of so many, each with four below it."""
    at = size
    while at > 0:
        above = (at - 1) >> 2
        if not _is_before(key, item, keys[above], items[above], label):
            break
        keys[at], items[at] = keys[above], items[above]
        at = above
    keys[at], items[at] = key, item


@lean
def _take_first(keys: Floats, items: Ints, label: Ints, size: Whole) -> None:
    """Close the gap that the first entry leaves in a heap; so many stay."""
    key, item = keys[size], items[size]
    at = 0
    while 4 * at + 1 < size:
        low = 4 * at + 1
        for below in range(low + 1, min(low + 4, size)):
            if _is_before(keys[below], items[below], keys[low], items[low], label):
                low = below
        if not _is_before(keys[low], items[low], key, item, label):
            break
        keys[at], items[at] = keys[low], items[low]
        at = low
    keys[at], items[at] = key, item


@compiled
def _roomier(keys: Floats, items: Ints) -> tuple[Floats, Ints]:
    """Return a heap with twice the room."""
    room = len(keys)
    return np.concatenate((keys, np.empty(room))), np.concatenate((items, np.empty(room, np.int64)))


@lean
def _offer(
    found: Ints, far: Floats, row: Whole, seed: Whole, metres: Real, label: Ints, begin: Whole, within: Real
) -> bool:
    """Put a site among the nearest of a row, if it is one; the first `begin` of these are settled."""
    count, which = found.shape[1], label[seed]
    at = count
    if found[row, 0] >= 0 and max(metres, far[row, 0]) > within:
        # Of what is out of reach only the nearest of all is kept.
        if begin > 0 or metres > far[row, 0]:
            return False
        first = label[found[row, 0]]
        if metres == far[row, 0] and (which > first or (which == first and seed >= found[row, 0])):
            return False
        at = 0
    elif found[row, count - 1] >= 0 and metres > far[row, count - 1]:
        return False
    else:
        for k in range(count):
            other = found[row, k]
            if other < 0:
                at = k
                break
            if label[other] == which:
                # Of its own label: the better of the two stays.
                if k < begin or metres > far[row, k] or (metres == far[row, k] and seed >= other):
                    return False
                at = k
                break
        if at == count:
            at = count - 1
            if at < begin or (metres == far[row, at] and which >= label[found[row, at]]):
                return False
    while at > begin and (
        metres < far[row, at - 1] or (metres == far[row, at - 1] and which < label[found[row, at - 1]])
    ):
        found[row, at], far[row, at] = found[row, at - 1], far[row, at - 1]
        at -= 1
    found[row, at], far[row, at] = seed, metres
    return True


@compiled
def _spread(
    starts: Ints32,
    near: Ints32,
    by: Ints32,
    length: Floats,
    seed_node: Ints32,
    seed_cost: Floats,
    seed_site: Ints,
    label: Ints,
    count: Whole,
    within: Real,
) -> tuple[Floats, Ints]:
    size = len(starts) - 1
    distance = np.full((size, count), np.inf)
    site = np.full((size, count), -1, np.int64)
    settled = np.zeros(size, np.int64)
    keys, items = np.empty(1024), np.empty(1024, np.int64)
    waiting = 0
    for at in range(len(seed_node)):
        node, seed, far = np.int64(seed_node[at]), seed_site[at], seed_cost[at]
        if _offer(site, distance, node, seed, far, label, np.int64(0), within):
            if waiting == len(keys):
                keys, items = _roomier(keys, items)
            _push(keys, items, label, waiting, far, (seed << 32) + node)
            waiting += 1
    while waiting > 0:
        far, seed, node = keys[0], items[0] >> 32, items[0] & 0xFFFFFFFF
        waiting -= 1
        _take_first(keys, items, label, waiting)
        # The node keeps it, unless a better one came meanwhile.
        have = settled[node]
        if have == count or site[node, have] != seed or distance[node, have] != far:
            continue
        settled[node] = have + 1
        # Tell the nodes from which one gets here.
        for at in range(starts[node], starts[node + 1]):
            other, farther = np.int64(near[at]), far + length[by[at]]
            if _offer(site, distance, other, seed, farther, label, settled[other], within):
                if waiting == len(keys):
                    keys, items = _roomier(keys, items)
                _push(keys, items, label, waiting, farther, (seed << 32) + other)
                waiting += 1
    return distance, site


@compiled
def _gather(
    edge: Ints,
    along: Floats,
    leg: Floats,
    tail: Ints32,
    head: Ints32,
    length: Floats,
    forward: Bools,
    backward: Bools,
    distance: Floats,
    site: Ints,
    label: Ints,
    starts: Ints,
    listed: Ints,
    site_along: Floats,
    site_leg: Floats,
    within: Real,
) -> tuple[Ints, Floats]:
    count = site.shape[1]
    found = np.full((len(edge), count), -1, np.int64)
    far = np.full((len(edge), count), np.inf)
    for place in range(len(edge)):
        e, here = edge[place], along[place]
        # By the ends of the edge.
        for k in range(count):
            seed, other = site[tail[e], k], site[head[e], k]
            if backward[e] and seed >= 0:
                metres = distance[tail[e], k] + here + leg[place]
                _offer(found, far, place, seed, metres, label, np.int64(0), within)
            if forward[e] and other >= 0:
                metres = distance[head[e], k] + (length[e] - here) + leg[place]
                _offer(found, far, place, other, metres, label, np.int64(0), within)
        # Along the edge itself.
        for at in range(starts[e], starts[e + 1]):
            seed = listed[at]
            ahead = site_along[seed] - here
            if (ahead > 0 and not forward[e]) or (ahead < 0 and not backward[e]):
                continue
            _offer(
                found, far, place, seed, site_leg[seed] + abs(ahead) + leg[place], label, np.int64(0), within
            )
    return found, far


@compiled
def _pairs(  # noqa: C901
    starts: Ints32,
    near: Ints32,
    by: Ints32,
    length: Floats,
    tail: Ints32,
    head: Ints32,
    forward: Bools,
    backward: Bools,
    entry_node: Ints32,
    entry_cost: Floats,
    entry_starts: Ints,
    site_order: Ints,
    site_starts: Ints,
    site_edge: Ints,
    site_along: Floats,
    site_leg: Floats,
    place_starts: Ints,
    place_order: Ints,
    place_along: Floats,
    place_leg: Floats,
    limit: Real,
    all_starts: Ints32,
    all_edges: Ints32,
) -> tuple[Ints, Ints, Floats]:
    size = len(starts) - 1
    distance = np.full(size, np.inf)
    settled = np.zeros(size, np.bool_)
    touched = np.empty(size, np.int64)
    marked = np.full(len(length), -1, np.int64)
    edges = np.empty(len(length), np.int64)
    best = np.full(len(place_along), np.inf)
    keys, items, alike = np.empty(1024), np.empty(1024, np.int64), np.zeros(1, np.int64)
    space = 4096
    out_label, out_place, out_far = np.empty(space, np.int64), np.empty(space, np.int64), np.empty(space)
    written = 0
    for which in range(len(entry_starts) - 1):
        # 1. Spread from the sites of this label as far as the limit goes.
        waiting = reached = 0
        for at in range(entry_starts[which], entry_starts[which + 1]):
            if entry_cost[at] > limit:
                continue
            if waiting == len(keys):
                keys, items = _roomier(keys, items)
            _push(keys, items, alike, waiting, entry_cost[at], np.int64(entry_node[at]))
            waiting += 1
        while waiting > 0:
            far, node = keys[0], items[0]
            waiting -= 1
            _take_first(keys, items, alike, waiting)
            if settled[node]:
                continue
            settled[node] = True
            distance[node] = far
            touched[reached] = node
            reached += 1
            for at in range(starts[node], starts[node + 1]):
                other = near[at]
                farther = far + length[by[at]]
                if settled[other] or farther > limit or farther >= distance[other]:
                    continue
                distance[other] = farther
                if waiting == len(keys):
                    keys, items = _roomier(keys, items)
                _push(keys, items, alike, waiting, farther, np.int64(other))
                waiting += 1
        # 2. The edges at those nodes, and those of the sites, each once.
        listed = 0
        for at in range(reached):
            node = touched[at]
            for way in range(all_starts[node], all_starts[node + 1]):
                e = all_edges[way]
                if marked[e] != which:
                    marked[e] = which
                    edges[listed] = e
                    listed += 1
        for at in range(site_starts[which], site_starts[which + 1]):
            e = site_edge[site_order[at]]
            if marked[e] != which:
                marked[e] = which
                edges[listed] = e
                listed += 1
        # 3. What lies on them, by the ends first and then along the edge itself.
        for at in range(listed):
            e = edges[at]
            for item in range(place_starts[e], place_starts[e + 1]):
                place = place_order[item]
                here = place_along[place]
                metres = np.inf
                if backward[e]:
                    metres = distance[tail[e]] + here
                if forward[e]:
                    metres = min(metres, distance[head[e]] + length[e] - here)
                best[place] = metres + place_leg[place]
        for at in range(site_starts[which], site_starts[which + 1]):
            seed = site_order[at]
            e = site_edge[seed]
            for item in range(place_starts[e], place_starts[e + 1]):
                place = place_order[item]
                ahead = site_along[seed] - place_along[place]
                if (ahead > 0 and not forward[e]) or (ahead < 0 and not backward[e]):
                    continue
                best[place] = min(best[place], site_leg[seed] + abs(ahead) + place_leg[place])
        # 4. Write down what is within reach, and forget the rest.
        for at in range(listed):
            e = edges[at]
            for item in range(place_starts[e], place_starts[e + 1]):
                place = place_order[item]
                if best[place] <= limit:
                    if written == space:
                        out_label = np.concatenate((out_label, np.empty(space, np.int64)))
                        out_place = np.concatenate((out_place, np.empty(space, np.int64)))
                        out_far = np.concatenate((out_far, np.empty(space)))
                        space *= 2
                    out_label[written], out_place[written] = which, place
                    out_far[written] = best[place]
                    written += 1
                best[place] = np.inf
        for at in range(reached):
            distance[touched[at]] = np.inf
            settled[touched[at]] = False
    return out_label[:written], out_place[:written], out_far[:written]
