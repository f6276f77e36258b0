"""Building time and size of the index against the number of vertices: ``python tests/benchmarks/build.py``.

``ZoneIndex.build`` checks validity and compiles the grid that serves the first points; the finer grid, made
once there are twice as many points as edges, is timed apart.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import geopandas as gpd
import shapely

sys.path.insert(0, str(Path(__file__).parent))
from data import wiggly_coverage
from table import print_table

from zjk_gis import ZoneIndex


def measure(columns):
    zones = wiggly_coverage(columns, 125)
    layer = gpd.GeoDataFrame(geometry=zones, crs=4547)
    ZoneIndex.build(layer)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    builds, fines = [], []
    for _ in range(5):
        start = time.perf_counter()
        index = ZoneIndex.build(layer)
        index.polygons.compile(fine=False)
        builds.append(time.perf_counter() - start)
        start = time.perf_counter()
        index.polygons.compile()
        fines.append(time.perf_counter() - start)
    vertices = int(shapely.get_num_coordinates(zones).sum())
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    values = (
        f"{len(zones):,}", f"{vertices:,}", f"{min(builds):.3f}", f"{min(builds) / vertices * 1e9:.0f}",
        f"{min(fines):.3f}", f"{index.nbytes / vertices:.0f}", f"{max(peak, 0) / vertices:.0f}",
    )  # fmt: skip
    print("\t".join(values))


def main():
    if len(sys.argv) > 1:
        return measure(int(sys.argv[1]))
    rows = []
    for columns in (20, 40, 80, 160):
        done = subprocess.run(
            [sys.executable, __file__, str(columns)], capture_output=True, text=True, check=True
        )
        rows.append(done.stdout.strip().split("\t"))
    heads = (
        "zones",
        "vertices",
        "build s",
        "ns a vertex",
        "finer grid s",
        "bytes a vertex",
        "peak bytes a vertex",
    )
    print_table(heads, rows)
    return None


if __name__ == "__main__":
    main()
