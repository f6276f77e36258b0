"""Points, pipes and plots overlaid with zones, beside geopandas.sjoin and geopandas.overlay, in one run.

Run: python tests/benchmarks/bench_overlay.py [--quick]

sjoin tells of pairs only; what it leaves to do (rows doubled on borders, rows without a zone, how much lies
where) is not in its figures. overlay cuts as ours does with ``split=True``.
"""

from __future__ import annotations

import argparse
import sys

import geopandas as gpd
import numpy as np
import shapely
from data import make_zones
from measuring import measured
from table import Row, print_rows

from zjk_gis import overlay_layers


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--quick", action="store_true")
    quick = arguments.parse_args().quick
    rng = np.random.default_rng(20220317)
    shapes = make_zones("25x20" if quick else "grids")
    west, south, east, north = shapely.total_bounds(shapes)
    zones = gpd.GeoDataFrame(
        {"zone_code": [f"Z{i:05d}" for i in range(len(shapes))]}, geometry=shapes, crs=4547
    )
    number = 20_000 if quick else 1_000_000
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
    for name, layer, cuts in (("points", points, False), ("pipes", pipes, True), ("plots", plots, True)):
        ours = measured(lambda layer=layer: overlay_layers(layer, zones), rounds)
        once = measured(lambda layer=layer: overlay_layers(layer, zones, once=True))
        joined = measured(
            lambda layer=layer: gpd.sjoin(layer, zones, how="left", predicate="intersects"), rounds
        )
        work, pairs = f"of {len(layer):,} {name} and {len(zones):,} zones", "sjoin, pairs alone"
        same = ours.result["row"].nunique() == len(layer)
        rows.append(row(f"overlay_layers {work}", ours, pairs, joined, same))
        rows.append(row(f"overlay_layers, once, {work}", once, pairs, joined))
        if cuts:
            cut = measured(lambda layer=layer: overlay_layers(layer, zones, split=True))
            pieces = measured(
                lambda layer=layer: gpd.overlay(layer, zones, how="identity", keep_geom_type=True)
            )
            column, size = ("length_m", "length") if name == "pipes" else ("area_m2", "area")
            whole, theirs = (getattr(each, size).sum() for each in (layer, pieces.result))
            same = abs(ours.result[column].sum() - whole) < 1e-6 * whole > abs(theirs - whole)
            rows.append(row(f"overlay_layers, split, {work}", cut, "geopandas.overlay", pieces, bool(same)))
    return print_rows(rows)


def row(work, own, peer, theirs, same=None):
    return Row(work, own.cpu, peer, theirs.cpu, peak_mb=own.peak_mb, same=same)


if __name__ == "__main__":
    sys.exit(main())
