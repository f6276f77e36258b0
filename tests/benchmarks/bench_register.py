"""A register that changes, beside an index that is made anew: a million covers, changes and questions mixed.

Run: python tests/benchmarks/bench_register.py [covers]

Each step sets, moves or takes out one cover and asks for the nearest one somewhere. A peer that cannot change
makes its index anew, at every step; it is asked a few, and its seconds are multiplied.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from measuring import measured
from table import Row, print_rows

from zjk_gis.pipes import CoverRegister

PEER_STEPS = 5


def make(rng, covers):
    x, y = rng.uniform(565_000, 600_000, covers), rng.uniform(4_500_000, 4_530_000, covers)
    codes = [f"{i:07d}" for i in range(covers)]
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("covers", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="30,000 covers")
    given = parser.parse_args()
    covers, count = (30_000, 500) if given.quick else (given.covers, 2_000)
    rng = np.random.default_rng(1)
    layer = make(rng, covers)
    work = steps(rng, count)
    ours = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "covers.register")
        memory, disk = (
            measured(lambda: CoverRegister.build(layer)),
            measured(lambda: CoverRegister.build(layer, path)),
        )
        print(f"{covers:,} covers; register built in {memory.cpu:.1f} s of CPU, on disk {disk.cpu:.1f}")
        ours["in memory"] = measured(lambda: of_register(memory.result, work))
        ours["on disk, each kept"] = measured(lambda: of_register(disk.result, work))
        disk.result.close()
        opened = measured(lambda: CoverRegister.open(path).close())
        print(f"opened from disk and closed in {opened.seconds:.2f} s")
    few = work[:PEER_STEPS]
    peers = {
        "STRtree made anew": measured(lambda: of_tree(layer, few)),
        "GeoDataFrame.sindex made anew": measured(lambda: of_sindex(layer.copy(), few)),
    }
    return print_rows(
        [
            Row(
                f"{count:,} changes and questions of {covers:,} covers, {where}", own.cpu, peer,
                theirs.cpu * count / PEER_STEPS, peak_mb=own.peak_mb,
            )
            for where, own in ours.items()
            for peer, theirs in peers.items()
        ]
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
