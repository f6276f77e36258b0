"""A register that changes, beside an index that is made anew: a million covers, changes and questions mixed.

Run: python tests/benchmarks/bench_register.py [covers]

Each step sets, moves or takes out one cover and asks for the nearest one somewhere. A peer that cannot change
makes its index anew, at every step or once for a batch of changes (its answers are then out of date between).
CPU seconds, and those of the clock beside them: a change that is kept waits for the disk.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from table import amount, print_table

from zjk_gis.pipes import CoverRegister

COVERS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
STEPS, PEER_STEPS = 2_000, 5


def timed(work):
    """Return what some work gives, and its seconds of CPU and of the clock."""
    wall, cpu = time.perf_counter(), time.process_time()
    given = work()
    return given, np.array([time.process_time() - cpu, time.perf_counter() - wall])


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
    for kind, i, x, u, y, v in work:
        if kind == "insert":
            register.insert(f"new{i}", x, y)
        elif kind == "move":
            register.move(f"{i:07d}", x, y)
        else:
            register.delete(f"{i:07d}")
        register.nearest(u, v)


def of_tree(layer, work):
    """STRtree.nearest after every change, the points kept in an array."""
    points = list(layer.geometry.to_numpy())
    for kind, i, x, u, y, v in work:
        if kind == "insert":
            points.append(shapely.Point(x, y))
        elif kind == "move":
            points[i] = shapely.Point(x, y)
        else:
            points[i] = None
        shapely.STRtree(points).nearest(shapely.Point(u, v))


def of_sindex(layer, work):
    """The same as a user of geopandas writes it."""
    for kind, i, x, u, y, v in work:
        if kind == "delete":
            layer = layer.drop(index=i)
        elif kind == "move":
            layer.loc[i, "geometry"] = shapely.Point(x, y)
        else:
            layer.loc[len(layer) + i, ["manhole_code", "geometry"]] = [f"new{i}", shapely.Point(x, y)]
        layer.sindex.nearest(shapely.Point(u, v))


rng = np.random.default_rng(1)
layer = make(rng)
work = steps(rng, STEPS)
told = {}
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "covers.register")
    memory, in_memory = timed(lambda: CoverRegister.build(layer))
    disk, on_disk = timed(lambda: CoverRegister.build(layer, path))
    print(f"{COVERS:,} covers; register built in {in_memory[0]:.1f} s of CPU, on disk {on_disk[0]:.1f}")
    told["register in memory"] = timed(lambda: of_register(memory, work))[1] / STEPS
    told["register on disk, each change kept"] = timed(lambda: of_register(disk, work))[1] / STEPS
    disk.close()
    opened = timed(lambda: CoverRegister.open(path).close())[1]
    print(f"  opened from disk and closed in {opened[1]:.2f} s")
few = work[:PEER_STEPS]
told["STRtree made anew"] = timed(lambda: of_tree(layer, few))[1] / PEER_STEPS
told["GeoDataFrame.sindex made anew"] = timed(lambda: of_sindex(layer.copy(), few))[1] / PEER_STEPS
base = told["register in memory"][0]
rows = [
    [name, *(amount(each * 1e3) for each in seconds), f"{seconds[0] / base:,.0f}"]
    for name, seconds in told.items()
]
print_table(
    ["one change and one question", "ms of CPU", "ms of the clock", "CPU times ours"],
    rows,
    title=f"mean of {STEPS:,} ({PEER_STEPS} for what is made anew)",
)
