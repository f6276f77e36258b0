"""Who reaches what along the roads, beside the peers: ``python tests/benchmarks/bench_access.py``.

A lattice of 300,000 junctions with some streets left out, a river with six bridges, 1,500 lots and 1,000,000
homes. The nearest lot of every home with setting it on the road, beside networkx (all lots at once, from the
nearest junction) and beside scipy's Dijkstra run lot by lot for 50 lots; ground within reach; choosing 60 of
2,000 sites for 20,000 homes, beside scipy's solver (HiGHS).
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import shapely
from scipy import optimize, sparse
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

sys.path.insert(0, str(Path(__file__).parent))
from table import print_table

from zjk_gis.access import nearest_facilities, road_network, service_areas
from zjk_gis.access.choice import cover_most

BLOCK_M = 60.0
X, Y = 573000.0, 4520000.0


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def make_city(side, homes, lots, rng):
    """Draw a lattice of streets, a river through its middle, homes and lots."""
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    xy = np.column_stack([x.ravel(), y.ravel()]) * BLOCK_M + rng.uniform(-15, 15, (side * side, 2)) + [X, Y]
    number = np.arange(side * side).reshape(side, side)
    ends = np.vstack(
        [
            np.column_stack([number[:, :-1].ravel(), number[:, 1:].ravel()]),
            np.column_stack([number[:-1].ravel(), number[1:].ravel()]),
        ]
    )
    middle = side // 2
    over = (ends[:, 0] // side == middle - 1) & (ends[:, 1] // side == middle)
    bridges = np.zeros(len(ends), bool)
    bridges[rng.choice(np.flatnonzero(over), min(6, over.sum()), replace=False)] = True
    kept = (rng.random(len(ends)) < 0.95) & ~over | bridges
    ends, bridges = ends[kept], bridges[kept]
    roads = gpd.GeoDataFrame(
        {"edge_code": [f"R{n:07}" for n in range(len(ends))], "is_bridge": bridges},
        geometry=shapely.linestrings(xy[ends]),
        crs=4547,
    )
    low = Y + (middle - 1) * BLOCK_M + 18
    river = gpd.GeoDataFrame(geometry=[shapely.box(X - 99, low, X + side * BLOCK_M + 99, low + 20)], crs=4547)

    def scatter(count):
        places = rng.uniform(0, side * BLOCK_M, (count, 2)) + [X, Y]
        return places[(places[:, 1] < low) | (places[:, 1] > low + 20)]

    lot_places = scatter(lots)
    return (
        roads,
        river,
        gpd.GeoDataFrame(geometry=shapely.points(scatter(homes)), crs=4547),
        gpd.GeoDataFrame(
            {"lot_code": [f"T{n:05}" for n in range(len(lot_places))]},
            geometry=shapely.points(lot_places),
            crs=4547,
        ),
    )


def by_networkx(network, homes, lots):
    """Set all on their nearest junctions, and let networkx find the nearest lot of each."""
    graph = nx.Graph()
    for a, b, metres in zip(
        network.graph.tail.tolist(), network.graph.head.tolist(), network.length_m.tolist(), strict=True
    ):
        graph.add_edge(a, b, weight=metres)
    tree = cKDTree(network.node_xy)
    sources = set(tree.query(shapely.get_coordinates(lots.geometry.to_numpy()))[1].tolist())
    far = nx.multi_source_dijkstra_path_length(graph, sources)
    nodes = tree.query(shapely.get_coordinates(homes.geometry.to_numpy()))[1]
    return np.array([far.get(node, np.inf) for node in nodes.tolist()])


def lot_by_lot(network, lots, few):
    """Run scipy's Dijkstra from each lot, both ends of its road."""
    tree = cKDTree(network.node_xy)
    nodes = tree.query(shapely.get_coordinates(lots.geometry.to_numpy()[:few]))[1]
    size = network.graph.size
    both = sparse.coo_array((network.length_m, (network.graph.tail, network.graph.head)), shape=(size, size))
    return nodes, dijkstra(both.tocsr(), directed=False, indices=nodes)


def siting(rng, rows):
    homes, sites, reach = 20_000, 2_000, 500
    demand, places = rng.uniform(0, 15_000, (homes, 2)), rng.uniform(0, 15_000, (sites, 2))
    weight = rng.integers(20, 400, homes).astype(float)
    near = cKDTree(places).query_ball_tree(cKDTree(demand), reach)
    row = np.repeat(np.arange(sites), [len(each) for each in near])
    column = np.concatenate([np.array(each, int) for each in near])
    serves = sparse.csr_array((np.ones(len(row), bool), (row, column)), shape=(sites, homes))
    own, plan = timed(lambda: cover_most(weight, serves, 60))
    inner = serves.T.astype(float)
    cost = np.concatenate([np.zeros(sites), -weight])
    rules = sparse.hstack([-inner, sparse.eye_array(homes)]).tocsr()
    only = sparse.csr_array(np.concatenate([np.ones(sites), np.zeros(homes)])[None, :])
    peer, found = timed(
        lambda: optimize.milp(
            cost,
            constraints=[
                optimize.LinearConstraint(rules, ub=np.zeros(homes)),
                optimize.LinearConstraint(only, ub=60),
            ],
            integrality=np.concatenate([np.ones(sites), np.zeros(homes)]),
            bounds=optimize.Bounds(0, 1),
            options={"time_limit": 120.0},
        )
    )
    served = 0.0 if found.x is None else -found.fun
    good = plan.value >= 0.995 * plan.bound and plan.value >= served * (1 - 1e-6)
    rows.append(("60 of 2,000 sites, 20,000 homes", "scipy.milp (HiGHS), 120 s", own, peer, good))
    print(f"sites: ours {plan.value:,.0f}, bound {plan.bound:,.0f}; the solver {served:,.0f}")


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="a twentieth of the size")
    quick = options.parse_args().quick
    side, number, lots_count = (120, 50_000, 100) if quick else (548, 1_000_000, 1_500)
    rng = np.random.default_rng(0)
    warm = make_city(20, 100, 5, np.random.default_rng(1))
    warm_network = road_network(warm[0], barriers=warm[1])
    nearest_facilities(warm[2], warm[3], warm_network)
    service_areas(warm[3], warm_network)
    roads, river, homes, lots = make_city(side, number, lots_count, rng)
    built, network = timed(lambda: road_network(roads, barriers=river))
    print(f"{network}: {built:.1f} s, {len(homes):,} homes, {len(lots):,} lots")
    network.stretches.index.nearest(np.array([X] * 30_000), np.array([Y] * 30_000))
    rows = []
    nearest_facilities(homes.iloc[:30_000], lots, network)
    own, found = timed(lambda: nearest_facilities(homes, lots, network, within_m=500))
    peer, far = timed(lambda: by_networkx(network, homes, lots))
    # At the nearest junction instead of on the edge: the same but for the way there.
    shift = np.abs(found["network_m"].fillna(np.inf).to_numpy() - far)
    same = bool(np.median(shift[np.isfinite(shift)]) < 2 * BLOCK_M)
    rows.append(("nearest_facilities", "networkx, junctions", own, peer, same))
    few = min(50, len(lots))
    only, _ = timed(lambda: nearest_facilities(lots, lots.iloc[:few], network, within_m=np.inf, count=few))
    peer, (nodes, matrix) = timed(lambda: lot_by_lot(network, lots, few))
    # From the junctions themselves both must say the same.
    spots = gpd.GeoDataFrame(geometry=shapely.points(network.node_xy[nodes]), crs=4547)
    posts = spots.assign(lot_code=[f"T{n:05}" for n in range(few)])
    table = nearest_facilities(spots, posts, network, within_m=np.inf, count=few)
    told = np.full((few, few), np.inf)
    for row, label, metres in zip(table.index, table["facility_code"], table["network_m"], strict=True):
        if isinstance(label, str):
            told[row, int(label[1:])] = metres
    agree = bool(np.allclose(told, matrix[:, nodes].T, rtol=0, atol=1e-6))
    rows.append((f"all of {few} lots for {len(lots):,} places", f"scipy, {few} times", only, peer, agree))
    cpu = time.process_time()
    ground, shapes = timed(lambda: service_areas(lots, network, within_m=300, each=True))
    cpu = time.process_time() - cpu
    wet = float(shapely.area(shapely.intersection(shapes.geometry.to_numpy(), river.geometry.iloc[0])).max())
    print(f"service areas of {len(lots):,} lots: {ground:.1f} s ({cpu:.1f} of all threads)")
    print(f"most ground in the river (decks): {wet:,.0f} m²")
    united, _ = timed(lambda: service_areas(lots, network, within_m=300))
    print(f"the same united: {united:.1f} s")
    straight = int((found["nearest_straight_m"] <= 500).sum())
    reached = int((found["reason"] == "reached").sum())
    print(f"within 500 m: {straight:,} homes in a straight line, {reached:,} along the roads")
    siting(np.random.default_rng(0), rows)
    print_table(
        ("ours", "peer", "ours s", "peer s", "ratio", "answers hold"),
        [
            (a, b, f"{s:.2f}", f"{t:.1f}", f"{t / s:.1f}", "yes" if same else "NO")
            for a, b, s, t, same in rows
        ],
    )
    return int(not all(row[-1] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
