"""Points in longitude and latitude against zones in metres: ``python tests/benchmarks/lonlat.py``.

Beside points projected already, and beside projecting all with pyproj first. The answers must be equal.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
from pyproj import Transformer

sys.path.insert(0, str(Path(__file__).parent))
from data import make_points, make_zones
from table import print_table

from zjk_gis import ZoneIndex


def main():
    zones = make_zones("grids")
    index = ZoneIndex.build(gpd.GeoDataFrame(geometry=zones, crs=4547))
    x, y = make_points(zones, "uniform", 5_000_000)
    lon, lat = Transformer.from_crs(4547, 4490, always_xy=True).transform(x, y)
    forward = Transformer.from_crs(4490, 4547, always_xy=True)
    x, y = forward.transform(lon, lat)
    ways = {
        "projected already": lambda: index.locate(x, y),
        "longitude and latitude": lambda: index.locate(lon, lat, crs=4490),
        "all projected with pyproj first": lambda: index.locate(*forward.transform(lon, lat)),
    }
    found = {name: way() for name, way in ways.items()}
    seconds = {name: [] for name in ways}
    for _ in range(7):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - start)
    first = next(iter(ways))
    rows = []
    for name, each in seconds.items():
        same = all(
            np.array_equal(getattr(found[name], k), getattr(found[first], k))
            for k in ("row", "found", "count")
        )
        least = min(each)
        rows.append(
            (
                name,
                f"{least:.3f}",
                f"{5 / least:.1f}",
                f"{least / min(seconds[first]):.2f}",
                "yes" if same else "NO",
            )
        )
    print_table(("points", "seconds", "M/s", "times projected", "same answers"), rows)
    return int(any(row[-1] == "NO" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
