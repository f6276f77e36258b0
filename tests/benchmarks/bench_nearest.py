"""The nearest section and the nearest zone beside the peers: ``python tests/benchmarks/bench_nearest.py``.

150,000 road sections of 7 vertices; and a coverage of 20,000 zones of which a third is missing, asked with
the points that lie in none. Building the index is part of the time; the peers are asked for a twentieth of
the points, and their time is multiplied.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).parent))
from data import make_points, make_zones
from table import print_table

from zjk_gis import ZoneIndex
from zjk_gis.index import SectionIndex

FEWER = 20


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def make_sections(n, rng):
    heading = rng.uniform(0, 2 * np.pi, n)
    place = rng.uniform(0, 60_000, (n, 2))
    vertices = [place]
    for _ in range(6):
        heading = heading + rng.normal(0, 0.2, n)
        place = place + 25 * np.column_stack([np.cos(heading), np.sin(heading)])
        vertices.append(place)
    codes = [f"S{at:06}" for at in range(n)]
    lines = shapely.linestrings(np.stack(vertices, axis=1))
    return gpd.GeoDataFrame({"section_code": codes}, geometry=lines, crs=4547)


def main():
    rng = np.random.default_rng(3)
    rows = []
    sections = make_sections(150_000, rng)
    x, y = rng.uniform(0, 60_000, (2, 1_000_000))
    SectionIndex.build(sections[:1000]).nearest(x[:30_000], y[:30_000])
    own, found = min(
        (timed(lambda: SectionIndex.build(sections).nearest(x, y)) for _ in range(3)), key=lambda t: t[0]
    )
    few = shapely.points(x[: len(x) // FEWER], y[: len(x) // FEWER])
    peer, (pairs, distance) = timed(
        lambda: shapely.STRtree(sections.geometry.to_numpy()).query_nearest(
            few, return_distance=True, all_matches=False
        )
    )
    agree = np.allclose(distance, found.distance_m[pairs[0]], rtol=1e-9, atol=1e-9)
    rows.append(("SectionIndex.nearest", "STRtree.query_nearest", own, peer * FEWER, agree))

    zones = make_zones("grids")
    zones = zones[rng.random(len(zones)) < 0.67]
    layer = gpd.GeoDataFrame(geometry=zones, crs=4547)
    x, y = make_points(zones, "uniform", 3_000_000)
    outside = ZoneIndex.build(layer).locate(x, y).row < 0
    x, y = x[outside][:900_000], y[outside][:900_000]
    own, (_, distance_m) = min(
        (timed(lambda: ZoneIndex.build(layer).nearest(x, y)) for _ in range(3)), key=lambda t: t[0]
    )
    few = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x[: len(x) // FEWER], y[: len(x) // FEWER]), crs=4547)
    peer, joined = timed(lambda: gpd.sjoin_nearest(few, layer, distance_col="d"))
    agree = np.allclose(
        joined["d"].groupby(level=0).first().to_numpy(), distance_m[: len(few)], rtol=1e-9, atol=1e-9
    )
    rows.append(("ZoneIndex.nearest", "geopandas.sjoin_nearest", own, peer * FEWER, agree))
    print_table(
        ("ours", "peer", "ours s", "peer s", "ratio", "same distances"),
        [
            (a, b, f"{s:.2f}", f"{t:.1f}", f"{t / s:.1f}", "yes" if same else "NO")
            for a, b, s, t, same in rows
        ],
    )
    return int(not all(row[-1] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
