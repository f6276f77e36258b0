"""Graphs of pipes and roads as arrays: what hangs together, what leads where, what a failure cuts off.

This floor knows nodes and edges by their numbers, never a column, a file or a rule. Edges have their own
number, so that two pipes side by side between two manholes stay two, and a pipe from a manhole to itself
is one.

**What is stored.** A `Graph` is two arrays, the node where each edge begins and the one where it ends. Lists
of neighbours (`Adjacency`) are made by counting sort when first asked for: twelve bytes an edge and
direction.

**What is asked.** `components`: union-find. `weak_spots`: bridges and cut vertices with what each cuts off,
one depth-first pass without recursion that skips the edge it came by, not the node, as a second pipe beside
the first is a second way. `upstream_totals` and `terminals`: all nodes at once in topological order; what
flows in a circle is taken as one node and said. `spread`: what can be reached, with stops and barriers.
`cut_at` and `segments`: what valves can isolate. `distances`: shortest ways, by scipy.

**Why it is exact.** Where flow divides and comes together again, adding up what arrives would count the same
pipe twice. Below a division every node keeps the set of divisions above it, 64 of them at a time in one word,
and each counts once.

**Why its own.** On 1,000,000 nodes and as many edges networkx takes from 25 to 400 times as long, and the
graph libraries written in C or Rust up to 20 times. One of these, rustworkx 0.18, calls one of two parallel
pipes a bridge. `tests/benchmarks/bench_networks.py` measures them side by side.
"""

from zjk_gis.networks.components import components
from zjk_gis.networks.flow import Terminals, Upstream, terminals, upstream_totals
from zjk_gis.networks.graph import Adjacency, Graph
from zjk_gis.networks.lowlink import WeakSpots, weak_spots
from zjk_gis.networks.reach import Reached, distances, spread
from zjk_gis.networks.segments import Pieces, cut_at, segments

__all__ = [
    "Adjacency",
    "Graph",
    "Pieces",
    "Reached",
    "Terminals",
    "Upstream",
    "WeakSpots",
    "components",
    "cut_at",
    "distances",
    "segments",
    "spread",
    "terminals",
    "upstream_totals",
    "weak_spots",
]
