"""Gaps and overlaps of 20,000 zones beside overlay: ``python tests/benchmarks/bench_coverage.py [--quick]``.

A hundred zones are shrunk by 3 m and a hundred grown by as much. Every peer answers in one process, in turn;
medians are printed. `geopandas.overlay` answers one question a call, and is asked once.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from statistics import median

import geopandas as gpd
import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).parent))
from data import make_zones
from table import amount, print_table

from zjk_gis import coverage_gaps, overlapping_zones

_FAULTS, _BY = 100, 3.0


def make_layers(size):
    shapes = make_zones(size).copy()
    some = np.random.default_rng(0).permutation(len(shapes))[: 2 * _FAULTS]
    shapes[some[:_FAULTS]] = shapely.buffer(shapes[some[:_FAULTS]], -_BY)
    shapes[some[_FAULTS:]] = shapely.buffer(shapes[some[_FAULTS:]], _BY)
    codes = [f"{at:05}" for at in range(len(shapes))]
    zones = gpd.GeoDataFrame({"zone_code": codes}, geometry=shapes, crs=4547)
    return gpd.GeoDataFrame(geometry=[shapely.box(*zones.total_bounds)], crs=4547), zones


def overlay_overlaps(zones):
    both = gpd.overlay(zones, zones, how="intersection", keep_geom_type=True)
    return both[both["zone_code_1"] < both["zone_code_2"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2,500 zones")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--markdown", action="store_true")
    wanted = parser.parse_args()
    region, zones = make_layers("50x50" if wanted.quick else "grids")
    jobs = {
        "zjk_gis: gaps": lambda: coverage_gaps(region, zones),
        "zjk_gis: overlaps": lambda: overlapping_zones(zones),
        "region.difference(zones.union_all())": lambda: region.difference(zones.union_all()),
        "overlay(difference)": lambda: gpd.overlay(region, zones, how="difference"),
        "overlay(intersection)": lambda: overlay_overlaps(zones),
    }
    for job in list(jobs)[:2]:
        jobs[job]()  # compiled code is loaded
    seconds, areas = {job: [] for job in jobs}, {}
    for turn in range(wanted.rounds):
        for job, work in jobs.items():
            if turn and job.startswith("overlay"):
                continue
            start = time.perf_counter()
            found = work()
            seconds[job].append(time.perf_counter() - start)
            areas[job] = found.area.sum()
    middle = {job: median(each) for job, each in seconds.items()}
    ours = middle["zjk_gis: gaps"] + middle["zjk_gis: overlaps"]
    rows = [(job, amount(each), amount(each / ours), f"{areas[job]:,.2f}") for job, each in middle.items()]
    rows.append(("zjk_gis: both", amount(ours), "1.00", ""))
    print_table(("what", "seconds", "times ours", "m²"), rows, markdown=wanted.markdown)


if __name__ == "__main__":
    main()
