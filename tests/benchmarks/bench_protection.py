"""A million pipes against the scopes of 25 blocks, beside geopandas.overlay, in one run.

Run: python tests/benchmarks/bench_protection.py [--quick]

overlay cuts; the strictest scope, depths, distances and who approves are not in its figures. Lengths inside
are checked against the intersection with the union of all scopes.
"""

from __future__ import annotations

import argparse
import sys

import geopandas as gpd
import numpy as np
import shapely
from measuring import measured
from table import Row, print_rows

from zjk_gis.protection import affected_features, protected_scope

SIDE_M = 20_000


def make_blocks(rng: np.random.Generator, number: int = 25) -> gpd.GeoDataFrame:
    """Draw cores of 200 vertices, each inside its control zone."""
    turn = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    shape = 1 + 0.2 * np.sin(5 * turn) + 0.05 * np.sin(31 * turn)
    middle = rng.uniform(1000, SIDE_M - 1000, (number, 2))
    rings = middle[:, None] + (shape * np.stack([np.cos(turn), np.sin(turn)])).T * 300
    cores = shapely.polygons(rings)
    controls = shapely.difference(shapely.buffer(cores, 150), cores)
    names = [f"B{at:02d}" for at in range(number)]
    return gpd.GeoDataFrame(
        {"block_name": names * 2, "scope": ["核心保护范围"] * number + ["建设控制地带"] * number},
        geometry=[*cores, *controls],
        crs=4547,
    )


def make_pipes(rng: np.random.Generator, number: int) -> gpd.GeoDataFrame:
    begin, turn = rng.uniform(0, SIDE_M, (number, 2)), rng.uniform(0, 2 * np.pi, number)
    step = np.stack([np.cos(turn), np.sin(turn)], axis=1) * rng.uniform(10, 60, (number, 1))
    lines = shapely.linestrings(np.stack([begin, begin + step], axis=1))
    return gpd.GeoDataFrame({"pipe_code": np.arange(number).astype(str)}, geometry=lines, crs=4547)


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--quick", action="store_true")
    number = 30_000 if arguments.parse_args().quick else 1_000_000
    rng = np.random.default_rng(20220317)
    blocks, pipes = make_blocks(rng), make_pipes(rng, number)
    extent = gpd.GeoDataFrame(geometry=[shapely.box(-100, -100, SIDE_M + 100, SIDE_M + 100)], crs=4547)
    protected_scope(pipes.head(1000), blocks)  # compiled
    found = measured(lambda: protected_scope(pipes, blocks, survey_extents=extent), 3)
    listed = measured(lambda: affected_features(blocks, {"pipelines": pipes}), 3)
    cut = measured(lambda: gpd.overlay(pipes, blocks, keep_geom_type=True), 3)
    inside = shapely.length(shapely.intersection(pipes.geometry.to_numpy(), blocks.union_all())).sum()
    print(f"{number:,} pipes, {len(blocks)} scopes, {inside:,.3f} m inside")
    rows = []
    for name, own, whole in (
        ("protected_scope", found, inside),
        ("affected_features", listed, cut.result.length.sum()),  # blocks may overlap: once each
    ):
        same = abs(own.result["inside_m"].sum() - whole) < 1e-6 * inside
        work = f"{name}, {number:,} pipes"
        rows.append(Row(work, own.cpu, "geopandas.overlay", cut.cpu, peak_mb=own.peak_mb, same=bool(same)))
    return print_rows(rows)


if __name__ == "__main__":
    sys.exit(main())
