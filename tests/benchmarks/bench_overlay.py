"""Points, pipes and plots overlaid with zones, beside geopandas.sjoin and geopandas.overlay, in one run.

Run: python tests/benchmarks/bench_overlay.py [--quick]

sjoin tells of pairs only; what it leaves to do (rows doubled on borders, rows without a zone, how much lies
where) is not in its figures. overlay cuts as ours does with ``split=True``.
"""

from __future__ import annotations

import argparse
import time

import geopandas as gpd
import numpy as np
import shapely
from data import make_zones
from table import amount, print_table

from zjk_gis import overlay_layers


def timed(work, rounds):
    least, result = np.inf, None
    for _ in range(rounds):
        begin, cpu = time.perf_counter(), time.process_time()
        result = work()
        least = min(least, time.perf_counter() - begin)
        spent = time.process_time() - cpu
    return result, least, spent


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--quick", action="store_true")
    quick = arguments.parse_args().quick
    rng = np.random.default_rng(20220317)
    shapes = make_zones("50x40" if quick else "grids")
    west, south, east, north = shapely.total_bounds(shapes)
    zones = gpd.GeoDataFrame(
        {"zone_code": [f"Z{i:05d}" for i in range(len(shapes))]}, geometry=shapes, crs=4547
    )
    number = 100_000 if quick else 1_000_000
    x, y = rng.uniform(west, east, number), rng.uniform(south, north, number)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y), crs=4547)
    n = number // 5
    turn, length = rng.uniform(0, 2 * np.pi, n), rng.uniform(10, 120, n)
    ends = np.stack([x[:n] + length * np.cos(turn), y[:n] + length * np.sin(turn)], axis=1)
    lines = shapely.linestrings(np.stack([np.stack([x[:n], y[:n]], axis=1), ends], axis=1))
    pipes = gpd.GeoDataFrame(geometry=lines, crs=4547)
    plots = gpd.GeoDataFrame(geometry=shapely.box(x[:n], y[:n], x[:n] + 20, y[:n] + 15), crs=4547)
    rounds, rows = 3, []
    overlay_layers(points[:60_000], zones)  # compiled
    for name, layer, least in (("points", points, 1), ("pipes", pipes, 2), ("plots", plots, 2)):
        ours, seconds, cpu = timed(lambda layer=layer: overlay_layers(layer, zones), rounds)
        _, once, _ = timed(lambda layer=layer: overlay_layers(layer, zones, once=True), 1)
        joined, theirs, their_cpu = timed(
            lambda layer=layer: gpd.sjoin(layer, zones, how="left", predicate="intersects"), rounds
        )
        rows.append([name, len(layer), "overlay_layers", amount(seconds), amount(cpu), ""])
        rows.append([name, len(layer), "overlay_layers, once", amount(once), "", ""])
        rows.append(
            [
                name,
                len(layer),
                "sjoin (pairs only)",
                amount(theirs),
                amount(their_cpu),
                amount(theirs / seconds),
            ]
        )
        if least == 2:
            _, cut, _ = timed(lambda layer=layer: overlay_layers(layer, zones, split=True), 1)
            pieces, slow, slow_cpu = timed(
                lambda layer=layer: gpd.overlay(layer, zones, how="identity", keep_geom_type=True), 1
            )
            rows.append([name, len(layer), "overlay_layers, split", amount(cut), "", ""])
            rows.append(
                [
                    name,
                    len(layer),
                    "overlay (identity)",
                    amount(slow),
                    amount(slow_cpu),
                    amount(slow / seconds),
                ]
            )
            column = "length_m" if name == "pipes" else "area_m2"
            whole = layer.length.sum() if name == "pipes" else layer.area.sum()
            assert abs(ours[column].sum() - whole) < 1e-6 * whole
            measured = pieces.length.sum() if name == "pipes" else pieces.area.sum()
            assert abs(measured - whole) < 1e-6 * whole
        assert ours["row"].nunique() == len(layer)
        del joined
    print_table(["rows", "number", "form", "seconds", "CPU s", "times ours"], rows)


if __name__ == "__main__":
    main()
