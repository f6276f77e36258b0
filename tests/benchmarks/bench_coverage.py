"""Gaps and overlaps of 20,000 zones beside overlay: ``python tests/benchmarks/bench_coverage.py [--quick]``.

A hundred zones are shrunk by 3 m and a hundred grown by as much. Ours and ``difference`` answer in one
process, in turn, and the first round is left out. A layer that was asked before has been divided already; the
others are copies, never asked before. `geopandas.overlay` and geoplanar look at every pair of neighbours:
each is asked once, in a process of its own, about fewer zones and then about all, and given up after a time
that is stated. Then 16 counties whose borders were each drawn by another hand are repaired.
"""

from __future__ import annotations

import argparse
import multiprocessing
import queue
import sys
from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).parent))
from data import make_counties, make_zones
from measuring import forget_peak, in_turn, measured, peak, timed
from table import Row, amount, print_rows, print_table

from zjk_gis import coverage_faults, coverage_gaps, overlapping_zones
from zjk_gis.coverage import apply_repairs, coverage_edges, repair_coverage

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
    return shapely.area(shapely.intersection(one, other)).sum() / 2  # each pair comes both ways round


PEERS = {
    "geopandas.overlay(difference)": overlay_gaps,
    "geopandas.overlay(intersection)": overlay_overlaps,
    "geoplanar.gaps": geoplanar_gaps,
    "geoplanar.overlaps": geoplanar_overlaps,
}


def ask(peer, size, answers):
    region, zones = make_layers(size)
    _, cpu, area = timed(lambda: PEERS[peer](region, zones))
    answers.put((cpu, area))


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


def total(question, *layers):
    return question(*layers).area.sum()


def ours_and_difference(size, rounds):
    """Return rows of what is ours beside uniting the zones and cutting them out of the region."""
    region, zones = make_layers(size)

    def anew(question, *others):
        return total(question, *others, zones.copy())

    jobs = {
        "gaps and overlaps": lambda: [each.area.sum() for each in coverage_faults(region, zones.copy())],
        "gaps and overlaps, the layer asked before": lambda: [
            each.area.sum() for each in coverage_faults(region, zones)
        ],
        "gaps alone": partial(anew, coverage_gaps, region),
        "gaps alone, the layer asked before": partial(total, coverage_gaps, region, zones),
        "overlaps alone": partial(anew, overlapping_zones),
        "overlaps alone, the layer asked before": partial(total, overlapping_zones, zones),
        "borders that do not match": lambda: float(len(coverage_edges(zones))),
        "difference": lambda: float(region.difference(zones.union_all()).area.sum()),
    }
    first = in_turn(jobs)  # code is loaded, and not counted
    done = in_turn(jobs, rounds)
    tell_again(f"{len(zones):,} zones, {2 * _FAULTS} of them wrong", first, done)
    theirs = done.pop("difference")
    same = {}
    for asked in ("", ", the layer asked before"):
        same["gaps alone" + asked] = done["gaps alone" + asked].result
        same["gaps and overlaps" + asked] = done["gaps and overlaps" + asked].result[0]
    peer = "region.difference(zones.union_all())"
    return [
        Row(
            f"{job}, {len(zones):,} zones", own.cpu, peer, theirs.cpu, peak_mb=own.peak_mb,
            same=abs(same[job] - theirs.result) < 1e-4 * theirs.result if job in same else None,
        )
        for job, own in done.items()
    ]  # fmt: skip


def tell_again(title, first, again):
    """Print what each took at first and again, in one process and in turn, beside the last of them."""
    peer = again[next(reversed(again))]
    rows = [
        (
            job,
            amount(first[job].cpu),
            amount(own.cpu),
            amount(own.seconds),
            amount(peer.cpu / own.cpu),
            amount(peer.seconds / own.seconds),
        )
        for job, own in again.items()
    ]
    heads = ("work", "first CPU s", "again, least CPU s", "least s", "CPU times", "times faster")
    print_table(heads, rows, title=title)


def beside_peers(wanted):
    """Return rows of gaps and overlaps beside each peer that looks at pairs."""
    rows, areas = [], {}
    for size in dict.fromkeys((_FEWER, "grids")):
        region, zones = make_layers(size)
        own = measured(partial(coverage_faults, region, zones), wanted.rounds)
        areas = {name: each.area.sum() for name, each in zip(("gaps", "overlaps"), own.result, strict=True)}
        for peer in PEERS:
            if any(row.at_least for row in rows if row.peer == peer):
                continue
            found = ask_within(peer, size, wanted.limit)
            word = "gaps" if peer.endswith(("gaps", "(difference)")) else "overlaps"
            told = wanted.limit if found is None else found[0]
            # Most of what geoplanar calls gaps here is ground of zones: its answer is no measure of ours.
            unlike = found is None or peer == "geoplanar.gaps"
            same = None if unlike else abs(found[1] - areas[word]) < 0.01 * areas[word]
            work = f"gaps and overlaps, {len(zones):,} zones"
            rows.append(Row(work, own.cpu, peer, told, same=same, at_least=found is None))
    return rows


def repairs(columns):
    """Return a row of the repair of counties whose borders were each drawn by another hand."""
    counties = make_counties(columns, columns)
    codes = [f"{at:02}" for at in range(len(counties))]
    zones = gpd.GeoDataFrame({"zone_code": codes}, geometry=counties, crs=4547)

    def repair():
        proposals = repair_coverage(None, zones)
        return len(proposals), apply_repairs(zones, proposals).attrs["repairs"]

    repair()
    done = measured(repair, 3)
    faults, account = done.result
    sound = not account["refused"] and (
        abs(account["covered_before_m2"] + account["filled_m2"] - account["covered_after_m2"]) < 1.0
    )
    work = f"repair_coverage and apply_repairs, {len(zones)} counties, {faults:,} repairs"
    return [Row(work, done.cpu, peak_mb=done.peak_mb, same=sound)]


def growth(wanted):
    """Time and memory by vertices: linear, if seconds a million vertices stay the same."""
    rows = []
    for size in ("50x50", "100x100", "200x100", "400x250", "500x400")[: 3 if wanted.quick else 5]:
        region, zones = make_layers(size)
        vertices = int(shapely.get_num_coordinates(zones.geometry.to_numpy()).sum())
        before = forget_peak()
        done = measured(partial(coverage_faults, region, zones))
        per = done.cpu / vertices * 1e6
        rows.append(
            (
                f"{len(zones):,}",
                f"{vertices:,}",
                amount(done.cpu),
                amount(per),
                f"{before:,.0f}",
                f"{peak():,.0f}",
            )
        )
    heads = ("zones", "vertices", "CPU s", "CPU s a million vertices", "MB with the layer", "MB at most")
    print_table(heads, rows, markdown=wanted.markdown)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2,500 zones, once")
    parser.add_argument("--growth", action="store_true", help="time and memory by size, up to 200,000 zones")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=120.0, help="seconds after which a peer is given up")
    parser.add_argument("--markdown", action="store_true")
    wanted = parser.parse_args()
    if wanted.growth:
        growth(wanted)
        return 0
    size, rounds = (_FEWER, 1) if wanted.quick else ("grids", wanted.rounds)
    rows = ours_and_difference(size, rounds)
    if not wanted.quick:
        rows += beside_peers(wanted)
    rows += repairs(2 if wanted.quick else 4)
    return print_rows(rows, markdown=wanted.markdown)


if __name__ == "__main__":
    sys.exit(main())
