"""Gaps and overlaps of 20,000 zones beside overlay: ``python tests/benchmarks/bench_coverage.py [--quick]``.

A hundred zones are shrunk by 3 m and a hundred grown by as much. Ours and ``difference`` answer in one
process, in turn; medians are printed. `geopandas.overlay` and geoplanar look at every pair of neighbours:
each is asked once, in a process of its own, about fewer zones and then about all, and given up after a time
that is stated.
"""

from __future__ import annotations

import argparse
import multiprocessing
import queue
import resource
import sys
import time
from functools import partial
from pathlib import Path
from statistics import median

import geopandas as gpd
import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).parent))
from data import make_zones
from table import amount, print_table

from zjk_gis import coverage_faults, coverage_gaps, overlapping_zones
from zjk_gis.coverage import coverage_edges

_FAULTS, _BY = 100, 3.0
_FEWER = "50x50"


def make_layers(size):
    shapes = make_zones(size).copy()
    some = np.random.default_rng(0).permutation(len(shapes))[: 2 * _FAULTS]
    shapes[some[:_FAULTS]] = shapely.buffer(shapes[some[:_FAULTS]], -_BY)
    shapes[some[_FAULTS:]] = shapely.buffer(shapes[some[_FAULTS:]], _BY)
    codes = [f"{at:06}" for at in range(len(shapes))]
    zones = gpd.GeoDataFrame({"zone_code": codes}, geometry=shapes, crs=4547)
    return gpd.GeoDataFrame(geometry=[shapely.box(*zones.total_bounds)], crs=4547), zones


def overlay_overlaps(region, zones):
    """Ask for all pairs: a zone meets itself and touches eight more, so most of the work is for lines."""
    both = gpd.overlay(zones, zones, how="intersection", keep_geom_type=True)
    return both[both["zone_code_1"] < both["zone_code_2"]].area.sum()


def overlay_gaps(region, zones):
    return gpd.overlay(region, zones, how="difference").area.sum()


def geoplanar_gaps(region, zones):
    import geoplanar

    return geoplanar.gaps(zones).area.sum()


def geoplanar_overlaps(region, zones):
    import geoplanar

    pairs = geoplanar.overlaps(zones)
    one, other = (zones.geometry.to_numpy()[at] for at in np.asarray(pairs))
    return shapely.area(shapely.intersection(one, other)).sum()


PEERS = {
    "geopandas.overlay(difference)": overlay_gaps,
    "geopandas.overlay(intersection)": overlay_overlaps,
    "geoplanar.gaps": geoplanar_gaps,
    "geoplanar.overlaps": geoplanar_overlaps,
}


def ask(peer, size, answers):
    region, zones = make_layers(size)
    start = time.perf_counter()
    area = PEERS[peer](region, zones)
    answers.put((time.perf_counter() - start, area))


def ask_within(peer, size, limit):
    """Ask in a process that is ended when its time is up; return seconds and area, or None."""
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    asked = context.Process(target=ask, args=(peer, size, answers))
    asked.start()
    try:
        return answers.get(timeout=limit)
    except queue.Empty:
        return None
    finally:
        asked.terminate()
        asked.join()


def timed(jobs, rounds):
    """Ask all in turn, as often as asked, after one round that is not counted."""
    seconds, areas = {job: [] for job in jobs}, {}
    for turn in range(rounds + 1):
        for job, work in jobs.items():
            start = time.perf_counter()
            areas[job] = work()
            if turn:
                seconds[job].append(time.perf_counter() - start)
    return {job: median(each) for job, each in seconds.items()}, areas


def total(question, *layers):
    return question(*layers).area.sum()


def ours_and_difference(size, rounds):
    region, zones = make_layers(size)
    jobs = {
        "zjk_gis: gaps and overlaps": lambda: sum(f.area.sum() for f in coverage_faults(region, zones)),
        "zjk_gis: gaps alone": partial(total, coverage_gaps, region, zones),
        "zjk_gis: overlaps alone": partial(total, overlapping_zones, zones),
        "zjk_gis: borders that do not match": lambda: float(len(coverage_edges(zones))),
        "region.difference(zones.union_all())": lambda: float(
            region.difference(zones.union_all()).area.sum()
        ),
    }
    return timed(jobs, rounds)


def beside_peers(wanted):
    size = _FEWER if wanted.quick else "grids"
    middle, areas = ours_and_difference(size, wanted.rounds)
    ours = next(iter(middle.values()))
    rows = [
        (job, size, amount(each), amount(each / ours), f"{areas[job]:,.2f}") for job, each in middle.items()
    ]
    fewer = make_layers(_FEWER)
    few = timed({"": partial(coverage_faults, *fewer)}, wanted.rounds)[0][""]
    for peer in PEERS:
        for asked in dict.fromkeys((_FEWER, size)):
            found = ask_within(peer, asked, wanted.limit)
            base = few if asked == _FEWER else ours
            if found is None:
                rows.append((peer, asked, f"> {wanted.limit:g}", f"> {amount(wanted.limit / base)}", ""))
                break
            rows.append((peer, asked, amount(found[0]), amount(found[0] / base), f"{found[1]:,.2f}"))
    heads = ("what", "zones", "seconds", "times ours (both)", "m²")
    print_table(heads, rows, markdown=wanted.markdown)


def growth(wanted):
    """Time and memory by vertices: linear, if seconds a million vertices stay the same."""
    rows = []
    for size in ("50x50", "100x100", "200x100", "400x250", "500x400")[: 3 if wanted.quick else 5]:
        region, zones = make_layers(size)
        vertices = int(shapely.get_num_coordinates(zones.geometry.to_numpy()).sum())
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        middle, _ = timed({"": partial(coverage_faults, region, zones)}, 1)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        per = middle[""] / vertices * 1e6
        rows.append(
            (
                f"{len(zones):,}",
                f"{vertices:,}",
                amount(middle[""]),
                amount(per),
                f"{before:,.0f}",
                f"{peak:,.0f}",
            )
        )
    heads = ("zones", "vertices", "seconds", "s a million vertices", "MB with the layer", "MB at most")
    print_table(heads, rows, markdown=wanted.markdown)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2,500 zones")
    parser.add_argument("--growth", action="store_true", help="time and memory by size, up to 200,000 zones")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=120.0, help="seconds after which a peer is given up")
    parser.add_argument("--markdown", action="store_true")
    wanted = parser.parse_args()
    if wanted.growth:
        growth(wanted)
    else:
        beside_peers(wanted)


if __name__ == "__main__":
    main()
