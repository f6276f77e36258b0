"""Who reaches what along the roads, beside the peers: ``python tests/benchmarks/bench_access.py``.

A lattice of 300,000 junctions with some streets left out, a river with six bridges, 1,500 lots and 1,000,000
homes. The nearest lot of every home with setting it on the road, beside the same way through networkx (set on
by STRtree, all lots at once); the ten nearest, and all of 50 lots, beside scipy's Dijkstra run lot by lot;
ground within reach; choosing 60 of 2,000 sites for 20,000 homes, beside scipy's solver (HiGHS). Seconds are
those of CPU; ours uses all processors, the peers one.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely
from scipy import optimize, sparse
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

sys.path.insert(0, str(Path(__file__).parent))
from measuring import measured
from table import Row, print_rows

from zjk_gis.access import nearest_facilities, road_network, service_areas
from zjk_gis.access.choice import cover_most
from zjk_gis.access.places import facilities_on, homes_on
from zjk_gis.engine.arrays import expand
from zjk_gis.networks.nearest import near_sites

BLOCK_M = 60.0
X, Y = 573000.0, 4520000.0


def timed(work):
    """Return the seconds of CPU that some work takes, of all threads, and what it gives."""
    done = measured(work)
    return done.cpu, done.result


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


def on_roads(tree, network, layer):
    """Set points on their nearest edge, as one does with shapely; nothing keeps them on their bank."""
    points = layer.geometry.to_numpy()
    (at, edge), leg = tree.query_nearest(points, return_distance=True, all_matches=False)
    along = np.clip(shapely.line_locate_point(network.lines[edge], points[at]), 0, network.length_m[edge])
    return edge, along, leg


def graph_of(network):
    """Make a graph of networkx of the roads, the shorter of two between the same junctions."""
    graph = nx.Graph()
    ends = zip(network.graph.tail.tolist(), network.graph.head.tolist(), strict=True)
    for (a, b), metres in zip(ends, network.length_m.tolist(), strict=True):
        if not graph.has_edge(a, b) or graph[a][b]["weight"] > metres:
            graph.add_edge(a, b, weight=metres)
    return graph


def by_networkx(graph, network, homes, lots):
    """Find how far the nearest lot of each home is, and which it is, by networkx."""
    tree = shapely.STRtree(network.lines)
    tail, head, length = network.graph.tail, network.graph.head, network.length_m
    edge, along, leg = on_roads(tree, network, lots)
    for lot, (e, here, metres) in enumerate(zip(edge.tolist(), along.tolist(), leg.tolist(), strict=True)):
        graph.add_edge(-1 - lot, int(tail[e]), weight=here + metres)
        graph.add_edge(-1 - lot, int(head[e]), weight=length[e] - here + metres)
    far, paths = nx.multi_source_dijkstra(graph, [-1 - lot for lot in range(len(lots))])
    at, first = np.full(network.graph.size, np.inf), np.full(network.graph.size, -1)
    for node, metres in far.items():
        if node >= 0:
            at[node], first[node] = metres, -1 - paths[node][0]
    on, here, extra = on_roads(tree, network, homes)
    by_tail, by_head = at[tail[on]] + here, at[head[on]] + length[on] - here
    metres, lot = np.minimum(by_tail, by_head), np.where(by_tail <= by_head, first[tail[on]], first[head[on]])
    # Lots on a home's own edge.
    there = pd.DataFrame({"edge": edge, "there": along, "leg": leg, "lot": np.arange(len(edge))})
    both = pd.DataFrame({"edge": on, "here": here, "home": np.arange(len(on))}).merge(there)
    both["metres"] = (both["here"] - both["there"]).abs() + both["leg"]
    best = both.sort_values("metres").drop_duplicates("home")
    shorter = best[best["metres"].to_numpy() < metres[best["home"].to_numpy()]]
    metres[shorter["home"]], lot[shorter["home"]] = shorter["metres"], shorter["lot"]
    return metres + extra, lot


def ten_by_scipy(network, places, sites, within_m):
    """Find the ten nearest sites of each place within reach: Dijkstra from some sites at a time."""
    size, tail, head, length = network.graph.size, network.graph.tail, network.graph.head, network.length_m
    count = len(sites)
    # Each site is a node more, joined to both ends of its edge.
    own = size + np.arange(count)
    first = np.concatenate([tail, own, own])
    second = np.concatenate([head, tail[sites.edge], head[sites.edge]])
    rest = length[sites.edge] - sites.along
    metres = np.concatenate([length, sites.along + sites.leg, rest + sites.leg])
    roads = sparse.coo_array((metres, (first, second)), shape=(size + count, size + count)).tocsr()
    by_edge = np.argsort(places.edge, kind="stable")
    starts = np.searchsorted(places.edge[by_edge], np.arange(len(length) + 1))
    told = []
    for site in range(count):
        far = dijkstra(roads, directed=False, indices=own[site], limit=within_m)[:size]
        near = np.isfinite(far)
        edges = np.flatnonzero(near[tail] | near[head])
        item = by_edge[expand(starts[edges], starts[edges + 1] - starts[edges])]
        on, here = places.edge[item], places.along[item]
        way = np.minimum(far[tail[on]] + here, far[head[on]] + length[on] - here)
        same = on == sites.edge[site]
        way[same] = np.minimum(way[same], np.abs(here[same] - sites.along[site]) + sites.leg[site])
        way += places.leg[item]
        kept = way <= within_m
        told.append((item[kept], np.full(kept.sum(), site), way[kept]))
    place, site, way = (np.concatenate(each) for each in zip(*told, strict=True))
    order = np.lexsort((site, way, place))
    place, way = place[order], way[order]
    rank = np.arange(len(place)) - np.searchsorted(place, place)
    answer = np.full((len(places), 10), np.inf)
    answer[place[rank < 10], rank[rank < 10]] = way[rank < 10]
    return answer


def lot_by_lot(network, lots, few):
    """Run scipy's Dijkstra from each lot, both ends of its road."""
    tree = cKDTree(network.node_xy)
    nodes = tree.query(shapely.get_coordinates(lots.geometry.to_numpy()[:few]))[1]
    size = network.graph.size
    both = sparse.coo_array((network.length_m, (network.graph.tail, network.graph.head)), shape=(size, size))
    return nodes, dijkstra(both.tocsr(), directed=False, indices=nodes)


def siting(rng, rows, homes, sites, chosen, limit_s):
    reach = 500
    demand, places = rng.uniform(0, 15_000, (homes, 2)), rng.uniform(0, 15_000, (sites, 2))
    weight = rng.integers(20, 400, homes).astype(float)
    near = cKDTree(places).query_ball_tree(cKDTree(demand), reach)
    row = np.repeat(np.arange(sites), [len(each) for each in near])
    column = np.concatenate([np.array(each, int) for each in near])
    serves = sparse.csr_array((np.ones(len(row), bool), (row, column)), shape=(sites, homes))
    own, plan = timed(lambda: cover_most(weight, serves, chosen))
    inner = serves.T.astype(float)
    cost = np.concatenate([np.zeros(sites), -weight])
    rules = sparse.hstack([-inner, sparse.eye_array(homes)]).tocsr()
    only = sparse.csr_array(np.concatenate([np.ones(sites), np.zeros(homes)])[None, :])
    peer, found = timed(
        lambda: optimize.milp(
            cost,
            constraints=[
                optimize.LinearConstraint(rules, ub=np.zeros(homes)),
                optimize.LinearConstraint(only, ub=chosen),
            ],
            integrality=np.concatenate([np.ones(sites), np.zeros(homes)]),
            bounds=optimize.Bounds(0, 1),
            options={"time_limit": limit_s},
        )
    )
    served = 0.0 if found.x is None else -found.fun
    good = plan.value >= 0.995 * plan.bound and plan.value >= served * (1 - 1e-6)
    work = f"{chosen} of {sites:,} sites, {homes:,} homes"
    rows.append((work, f"scipy.milp (HiGHS), {limit_s:.0f} s", own, peer, good))
    print(f"sites: ours {plan.value:,.0f}, bound {plan.bound:,.0f}; the solver {served:,.0f}")


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="a twentieth of the size")
    quick = options.parse_args().quick
    side, number, lots_count = (90, 20_000, 60) if quick else (548, 1_000_000, 1_500)
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
    made, graph = timed(lambda: graph_of(network))
    print(f"a graph of networkx of these roads: {made:.1f} s")
    peer, (far, lot) = timed(lambda: by_networkx(graph, network, homes, lots))
    # The peer sets homes and lots on the road across the river, too; else both must say the same.
    told = found["network_m"].to_numpy()
    codes = lots["lot_code"].to_numpy(dtype=object)
    alike = (np.abs(told - far) < 1e-6) & (found["facility_code"].to_numpy(dtype=object) == codes[lot])
    print(f"the nearest: {(~alike).mean():.4%} of homes are told another way by networkx")
    rows.append(
        (f"nearest lot of {number:,} homes", "networkx, set on by STRtree", own, peer, alike.mean() > 0.995)
    )
    there = facilities_on(lots, network, travel="foot", to_road_m=200.0)
    here = homes_on(homes, network, travel="foot", to_road_m=200.0)
    asked = (network.ways("foot"), here.places, there.sites, there.label)
    near_sites(*asked, count=10, within=1000.0)
    own, ten = timed(lambda: near_sites(*asked, count=10, within=1000.0))
    peer, far = timed(lambda: ten_by_scipy(network, here.places, there.sites, 1000.0))
    within = np.where(ten.distance <= 1000.0, ten.distance, np.inf)
    agree = bool(np.allclose(within, far, rtol=0, atol=1e-6))
    rows.append(("10 nearest lots within 1,000 m", f"scipy, {len(lots):,} times", own, peer, agree))
    own, _ = timed(lambda: near_sites(*asked, count=10))
    print(f"10 nearest lots however far: {own:.2f} s")
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
    ground, shapes = timed(lambda: service_areas(lots, network, within_m=300, each=True))
    wet = float(shapely.area(shapely.intersection(shapes.geometry.to_numpy(), river.geometry.iloc[0])).max())
    print(f"service areas of {len(lots):,} lots: {ground:.1f} s")
    print(f"most ground in the river (decks): {wet:,.0f} m²")
    united, _ = timed(lambda: service_areas(lots, network, within_m=300))
    print(f"the same united: {united:.1f} s")
    straight = int((found["nearest_straight_m"] <= 500).sum())
    reached = int((found["reason"] == "reached").sum())
    print(f"within 500 m: {straight:,} homes in a straight line, {reached:,} along the roads")
    size = (1_500, 120, 12, 10.0) if quick else (20_000, 2_000, 60, 120.0)
    siting(np.random.default_rng(0), rows, *size)
    return print_rows(
        [Row(work, own, peer, theirs, same=bool(same)) for work, peer, own, theirs, same in rows]
    )


if __name__ == "__main__":
    sys.exit(main())
