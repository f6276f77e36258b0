"""Small work from a fresh process, imports and all: ``python tests/benchmarks/small.py``.

1,000 points on 500 zones of 60 vertices. Each command is a process of its own; they take turns, and the
medians are printed, with compiled code kept, with no cache to keep it in, and with a cache that cannot be
written.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from table import print_table

SETUP = """
import sys; import numpy as np; import shapely; import geopandas as gpd
zones = gpd.GeoDataFrame({"zone_code": [str(k) for k in range(500)]},
                         geometry=shapely.from_wkb(np.load(sys.argv[1], allow_pickle=False)), crs=4547)
x, y = np.load(sys.argv[2])
"""
COMMANDS = {
    "geopandas.sjoin": "gpd.sjoin(gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y), crs=4547), zones)",
    "ZoneIndex": "from zjk_gis import ZoneIndex; ZoneIndex.build(zones).locate(x, y)",
    "assign_incidents": "from zjk_gis import assign_incidents; "
    "assign_incidents(gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y), crs=4547), zones)",
}
RUNS = 11


def main():
    import numpy as np
    import shapely
    from data import make_points, wiggly_coverage

    zones = wiggly_coverage(25, 20, per_edge=15)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        wkb = shapely.to_wkb(zones)
        files = [f"{folder}/zones.npy", f"{folder}/points.npy"]
        np.save(files[0], np.array(wkb, dtype=f"V{max(map(len, wkb))}"))
        np.save(files[1], make_points(zones, "uniform", 1000))
        seconds = {name: [] for name in COMMANDS}
        for _ in range(RUNS):
            for name, command in COMMANDS.items():
                start = time.perf_counter()
                subprocess.run([sys.executable, "-c", SETUP + command, *files], check=True, env=os.environ)
                seconds[name].append(time.perf_counter() - start)
    peer = statistics.median(seconds["geopandas.sjoin"])
    for name, each in seconds.items():
        rows.append(
            (
                name,
                f"{statistics.median(each):.3f}",
                f"{min(each):.3f}",
                f"{statistics.median(each) / peer:.2f}",
            )
        )
    print_table(("command", "median s", "least s", "times sjoin"), rows)


if __name__ == "__main__":
    main()
