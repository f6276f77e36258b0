"""A network of a million pipes: made from tables, then outfalls, segments, bridges, beside graph libraries.

Run: python tests/benchmarks/bench_networks.py [pipes] [--quick]

A sewer-like network: wells on a jittered grid, each drains into a lower neighbour, 3 in 100 into two, 1 pipe
in 200 stands beside another. All are asked the same on the same arrays, and their answers are compared.
Seconds are those of the process (CPU) and of the clock; making the graph is told apart, as it is asked more
than once. rustworkx has no outfalls of all nodes: it gets a loop over its own topological order, as networkx
does; and it takes two pipes side by side for bridges, which are left out of its count.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from importlib.util import find_spec

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely
from table import Row, amount, print_rows, print_table

from zjk_gis.networks import Graph, components, cut_at, segments, terminals, upstream_totals, weak_spots
from zjk_gis.pipes import pipe_network

RNG = np.random.default_rng(20220317)


def make(pipes: int) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return wells, named by code and number, and pipes that name them by number."""
    side = int(np.sqrt(pipes / 1.035))
    count = side * side
    x = np.tile(np.arange(side), side) * 40.0 + RNG.uniform(-8, 8, count)
    y = np.repeat(np.arange(side), side) * 40.0 + RNG.uniform(-8, 8, count)
    well = np.arange(count)
    row, column = well // side, well % side
    west = ((RNG.random(count) < 0.5) & (column > 0)) | (row == 0)
    drains = (well > 0) & (RNG.random(count) > 3e-5)
    tail, head = well[drains], np.where(west, well - 1, well - side)[drains]
    second = RNG.choice(well[(row > 0) & (column > 0)], int(0.03 * count))
    beside = RNG.integers(0, len(tail), count // 200)
    tail, head = (
        np.concatenate([tail, second, tail[beside]]),
        np.concatenate([head, np.where(west[second], second - side, second - 1), head[beside]]),
    )
    number = np.char.add("WS", well.astype(str))
    wells = gpd.GeoDataFrame(
        {
            "manhole_code": pd.Series(
                np.char.add("130703", np.char.zfill(well.astype(str), 10)), dtype="str"
            ),
            "well_number": pd.Series(number, dtype="str"),
            "pipe_kind": pd.Series("WS", index=range(count), dtype="str"),
        },
        geometry=shapely.points(x, y),
        crs=4547,
    )
    at = np.column_stack([x, y])
    lines = gpd.GeoDataFrame(
        {
            "pipe_code": pd.Series(np.char.add("P", np.arange(len(tail)).astype(str)), dtype="str"),
            "pipe_kind": pd.Series("污水", index=range(len(tail)), dtype="str"),
            "from_manhole": pd.Series(number[tail], dtype="str"),
            "to_manhole": pd.Series(number[head], dtype="str"),
            "flow": pd.Series("顺向", index=range(len(tail)), dtype="str"),
        },
        geometry=shapely.linestrings(np.stack([at[tail], at[head]], axis=1)),
        crs=4547,
    )
    return wells, lines


def timed(work, rounds: int = 1):
    """Return the answer and the least CPU and wall seconds of some rounds."""
    best = (np.inf, np.inf)
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        answer = work()
        best = min(best, (time.process_time() - cpu, time.perf_counter() - wall))
    return answer, best


def ours(graph: Graph, length, valves):
    ones = np.ones(graph.size)

    def build():
        fresh = Graph(graph.size, graph.tail, graph.head)
        return fresh.out, fresh.both

    yield "make the graph", build
    yield "components", lambda: int(components(graph.size, graph.tail, graph.head).max()) + 1
    yield "outfalls of all nodes", lambda: int((terminals(graph, length).node >= 0).sum())
    yield "what drains through all", lambda: float(upstream_totals(graph, ones, length).edges.max())
    yield "bridges", lambda: int(weak_spots(graph, ones, length).is_bridge.sum())
    shut = np.ones(len(valves[0]), bool)
    yield "valve segments", lambda: int(segments(cut_at(graph, length, *valves), shut).max()) + 1


def of_networkx(graph: Graph, length, valves):
    pairs = list(zip(graph.tail.tolist(), graph.head.tolist(), strict=True))
    made: dict[str, object] = {}

    def build():
        made["two-way"], made["directed"] = nx.MultiGraph(), nx.MultiDiGraph()
        for each in made.values():
            each.add_nodes_from(range(graph.size))
            each.add_edges_from(pairs)

    yield "make the graph", build
    yield "components", lambda: nx.number_connected_components(made["two-way"])

    def outfalls():
        order, end = list(nx.topological_sort(made["directed"])), {}
        for node in reversed(order):
            below = next(iter(made["directed"].successors(node)), None)
            end[node] = node if below is None else end[below]
        return len(end)

    yield "outfalls of all nodes", outfalls
    yield "bridges", lambda: sum(1 for _ in nx.bridges(made["two-way"]))

    def parts():
        pieces = cut_at(graph, length, *valves)
        is_open = pieces.valve < 0
        whole = nx.Graph()
        whole.add_nodes_from(range(len(pieces)))
        whole.add_edges_from(
            zip(pieces.first[is_open].tolist(), pieces.second[is_open].tolist(), strict=True)
        )
        return nx.number_connected_components(whole)

    yield "valve segments", parts


def of_rustworkx(graph: Graph, length, valves):
    import rustworkx as rx

    pairs = list(zip(graph.tail.tolist(), graph.head.tolist(), strict=True))
    beside = {ends for ends, pipes in Counter(map(frozenset, pairs)).items() if pipes > 1}
    made: dict[str, object] = {}

    def build():
        made["two-way"], made["directed"] = rx.PyGraph(), rx.PyDiGraph()
        for each in made.values():
            each.add_nodes_from(range(graph.size))
            each.extend_from_edge_list(pairs)

    yield "make the graph", build
    yield "components", lambda: rx.number_connected_components(made["two-way"])

    def outfalls():
        end = [0] * graph.size
        for node in reversed(rx.topological_sort(made["directed"])):
            below = made["directed"].successor_indices(node)
            end[node] = end[below[0]] if len(below) else node
        return len(end)

    yield "outfalls of all nodes", outfalls
    yield (
        "bridges",
        lambda: sum(frozenset(each) not in beside for each in rx.bridges(made["two-way"])),
    )

    def parts():
        pieces = cut_at(graph, length, *valves)
        is_open = pieces.valve < 0
        whole = rx.PyGraph()
        whole.add_nodes_from(range(len(pieces)))
        whole.extend_from_edge_list(
            list(zip(pieces.first[is_open].tolist(), pieces.second[is_open].tolist(), strict=True))
        )
        return rx.number_connected_components(whole)

    yield "valve segments", parts


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("pipes", nargs="?", type=int, default=1_000_000)
    arguments.add_argument("--quick", action="store_true", help="20,000 pipes")
    chosen = arguments.parse_args()
    wells, lines = make(20_000 if chosen.quick else chosen.pipes)
    pipe_network(wells.head(2000), lines.head(1000))  # compiled
    network, (cpu, wall) = timed(lambda: pipe_network(wells, lines))
    graph, length = network.graph, network.length
    memory = sum(
        each.nbytes
        for each in (graph.tail, graph.head, network.edge_pipe, network.begins, network.stops,
                     network.ends.place, network.ends.node, network.ends.near, network.ends.distance)
    )  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{len(lines):,} pipes, {len(wells):,} wells: network made of the tables in {cpu:.1f} s of CPU, "
        f"{wall:.1f} s of the clock; arrays {memory / len(lines):.0f} bytes a pipe, process {peak:.1f} GB"
    )
    stands = RNG.choice(len(graph), len(graph) // 5, replace=False)
    valves = (stands, np.where(RNG.random(len(stands)) < 0.5, 0.0, length[stands]))
    peers = {"zjk_gis": ours, "networkx": of_networkx}
    if find_spec("rustworkx"):
        peers["rustworkx"] = of_rustworkx
    told: dict[str, dict[str, tuple[object, float, float]]] = {}
    for peer, tasks in peers.items():
        for task, work in tasks(graph, length, valves):
            if peer == "zjk_gis":
                work()
            answer, (used, waited) = timed(work, 3 if peer == "zjk_gis" else 1)
            told.setdefault(task, {})[peer] = (answer, used, waited)
    rows = []
    for task, answers in told.items():
        base = answers["zjk_gis"][1]
        row: list[object] = [task]
        for peer in peers:
            if peer in answers:
                result, used, _ = answers[peer]
                row += [amount(used), f"{used / base:,.0f}x", "" if task == "make the graph" else result]
            else:
                row += ["", "", ""]
        rows.append(row)
    heads = ["seconds of CPU"]
    for peer in peers:
        heads += [peer, "times ours", "answer"]
    print_table(heads, rows, title="the same questions of the same arrays")
    shared = [Row(f"pipe_network of {len(lines):,} pipes from tables", cpu)]
    for task, answers in told.items():
        result, used, _ = answers.pop("zjk_gis")
        for peer, (theirs, took, _) in answers.items():
            same = None if task == "make the graph" else result == theirs
            shared.append(Row(f"{task}, {len(lines):,} pipes", used, peer, took, same=same))
    return print_rows(shared)


if __name__ == "__main__":
    sys.exit(main())
