"""A register that changes, beside an index that is made anew: a million covers, changes and questions mixed.

Run: python tests/benchmarks/bench_register.py [covers]

Each step sets, moves or takes out one cover and asks for the nearest one somewhere. A peer that cannot change
makes its index anew, at every step or once for a batch of changes (its answers are then out of date between).
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from zjk_gis.pipes import CoverRegister

COVERS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
STEPS, PEER_STEPS = 2_000, 5


def make(rng):
    x, y = rng.uniform(565_000, 600_000, COVERS), rng.uniform(4_500_000, 4_530_000, COVERS)
    codes = [f"{i:07d}" for i in range(COVERS)]
    return gpd.GeoDataFrame({"manhole_code": codes}, geometry=gpd.points_from_xy(x, y), crs=4547)


def steps(rng, count):
    kinds = rng.choice(["insert", "move", "delete"], count)
    x, y = rng.uniform(565_000, 600_000, (2, count)), rng.uniform(4_500_000, 4_530_000, (2, count))
    return [
        (kind, i, *place)
        for i, (kind, place) in enumerate(zip(kinds, np.vstack([x, y]).T.tolist(), strict=True))
    ]


def of_register(register, work):
    begin = time.perf_counter()
    for kind, i, x, u, y, v in work:
        if kind == "insert":
            register.insert(f"new{i}", x, y)
        elif kind == "move":
            register.move(f"{i:07d}", x, y)
        else:
            register.delete(f"{i:07d}")
        register.nearest(u, v)
    return (time.perf_counter() - begin) / len(work)


def of_tree(layer, work):
    """STRtree.nearest after every change, the points kept in an array."""
    points = list(layer.geometry.to_numpy())
    begin = time.perf_counter()
    for kind, i, x, u, y, v in work:
        if kind == "insert":
            points.append(shapely.Point(x, y))
        elif kind == "move":
            points[i] = shapely.Point(x, y)
        else:
            points[i] = None
        shapely.STRtree(points).nearest(shapely.Point(u, v))
    return (time.perf_counter() - begin) / len(work)


def of_sindex(layer, work):
    """The same as a user of geopandas writes it."""
    begin = time.perf_counter()
    for kind, i, x, u, y, v in work:
        if kind == "delete":
            layer = layer.drop(index=i)
        elif kind == "move":
            layer.loc[i, "geometry"] = shapely.Point(x, y)
        else:
            layer.loc[len(layer) + i, ["manhole_code", "geometry"]] = [f"new{i}", shapely.Point(x, y)]
        layer.sindex.nearest(shapely.Point(u, v))
    return (time.perf_counter() - begin) / len(work)


rng = np.random.default_rng(1)
layer = make(rng)
work = steps(rng, STEPS)
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "covers.register")
    begin = time.perf_counter()
    memory = CoverRegister.build(layer)
    in_memory = time.perf_counter() - begin
    begin = time.perf_counter()
    disk = CoverRegister.build(layer, path)
    on_disk = time.perf_counter() - begin
    print(f"{COVERS:,} covers; register built in {in_memory:.1f} s in memory, {on_disk:.1f} s on disk")
    first, second = of_register(memory, work), of_register(disk, work)
    disk.close()
    begin = time.perf_counter()
    CoverRegister.open(path).close()
    print(f"  opened from disk and closed in {time.perf_counter() - begin:.2f} s")
tree, sindex = of_tree(layer, work[:PEER_STEPS]), of_sindex(layer.copy(), work[:PEER_STEPS])
print(f"  one change and one question, mean of {STEPS:,} ({PEER_STEPS} for what is made anew)")
for name, seconds in {
    "register in memory": first,
    "register on disk, each change kept": second,
    "STRtree made anew": tree,
    "GeoDataFrame.sindex made anew": sindex,
}.items():
    print(f"    {name:36s} {seconds * 1e3:10.3f} ms   {seconds / first:10,.0f} x")
begin = time.perf_counter()
fresh = shapely.STRtree(layer.geometry.to_numpy())
fresh.nearest(shapely.Point(570_000, 4_510_000))
made = time.perf_counter() - begin
print(f"  an STRtree made anew once takes {made:.2f} s: {made / first:,.0f} changes and questions here")
