"""Longitudes and latitudes asked of zones in metres: ``python tests/benchmarks/bench_lonlat.py [--quick]``.

Points in CGCS2000 longitude and latitude (EPSG:4490) are located in zones in EPSG:4547, beside what a caller
would do otherwise: project all points with pyproj, then locate. All is done in one process, in turn; medians
are printed. That both give the same answers is checked, for points at the zones' vertices, too.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).parent))
from data import POINTS, make_points, make_zones
from table import Row, amount, print_rows, print_table

_PROJECTED, _GEOGRAPHIC = 4547, 4490
HEADS = (
    "points", "number", "projected s", "lon/lat s", "times projected", "pyproj s", "pyproj + projected s",
    "times lon/lat", "found", "differ",
)  # fmt: skip


def points_of(zones, how, n):
    """Return n points, or as many vertices of zones, each moved by less than a millimetre or not at all."""
    if how != "vertices":
        return make_points(zones, how, n)
    rng = np.random.default_rng(3)
    x, y = shapely.get_coordinates(zones)[rng.integers(0, shapely.get_num_coordinates(zones).sum(), n)].T
    reach = rng.choice([0.0, 1e-9, 1e-6, 1e-3], n)
    return x + reach * rng.uniform(-1, 1, n), y + reach * rng.uniform(-1, 1, n)


def compare(zones, how, n, rounds):
    import geopandas as gpd
    from pyproj import Transformer

    from zjk_gis import ZoneIndex

    there = Transformer.from_crs(_GEOGRAPHIC, _PROJECTED, always_xy=True)
    lon, lat = there.transform(*points_of(zones, how, n), direction="INVERSE")
    index = ZoneIndex.build(gpd.GeoDataFrame(geometry=zones, crs=_PROJECTED))
    index.polygons.compile()
    jobs = {
        "pyproj": lambda: there.transform(lon, lat),
        "projected": lambda: index.locate(x, y),
        "lonlat": lambda: index.locate(lon, lat, crs=_GEOGRAPHIC),
    }
    x, y = jobs["pyproj"]()
    answers = {word: jobs[word]() for word in ("projected", "lonlat")}
    seconds = {word: [] for word in jobs}
    for _ in range(rounds):
        for word, job in jobs.items():
            start = time.perf_counter()
            job()
            seconds[word].append(time.perf_counter() - start)
    first, second = answers["projected"], answers["lonlat"]
    same = (first.row == second.row) & (first.found == second.found) & (first.count == second.count)
    middle = {word: median(each) for word, each in seconds.items()}
    otherwise = middle["pyproj"] + middle["projected"]
    return (
        how, f"{n:,}", amount(middle["projected"]), amount(middle["lonlat"]),
        amount(middle["lonlat"] / middle["projected"]), amount(middle["pyproj"]), amount(otherwise),
        amount(otherwise / middle["lonlat"]), f"{(first.row >= 0).mean():.1%}", f"{(~same).sum():,}",
    )  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="300,000 points only")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    zones = make_zones("50x50" if given.quick else "grids")
    numbers = (300_000,) if given.quick else (1_000_000, 10_000_000)
    cases = [(how, n) for n in numbers for how in (*POINTS, "vertices")]
    rows = [compare(zones, how, n, given.rounds) for how, n in cases]
    print_table(HEADS, rows, title=f"lon/lat, {len(zones):,} grids", markdown=given.markdown)
    shared = [
        Row(
            f"locate in lon/lat, {row[1]} points {row[0]}",
            float(row[3]), "pyproj, then locate", float(row[6]), "s", same=row[-1] == "0",
        )
        for row in rows
    ]  # fmt: skip
    return print_rows(shared, markdown=given.markdown)


if __name__ == "__main__":
    sys.exit(main())
