"""Incidents assigned, beside a spatial join: ``python tests/benchmarks/bench_assign.py [--quick]``.

Tables in, tables out: `assign_incidents` as it is usually called, with an index and with a plan that were
made before, beside `geopandas.sjoin`; then what tolerances and accuracies cost above plain location. Every
measurement is made in a process of its own, in turn, and medians are printed; README.md says what the columns
mean.

What is called *again* is another figure: all are asked in one process, in turn, round after round, and the
first round is left out. Memory has been touched then, and the layer compiled, if it is the same one; with
*a layer never asked before* it is a copy each time. Two million points lie evenly over 20,000 grids and 277
quarters, 6.7 million in 277 communities, whose borders have seven times as many vertices, at street corners.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median

import geopandas as gpd
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from data import make_points, make_zones
from measuring import forget_peak, peak, timed
from table import Row, amount, print_rows, print_table

from zjk_gis import ZoneIndex, assign_incidents
from zjk_gis.assign import AssignmentPlan

SETS = ("grids", "quarters")
# Zones asked again: how the points lie, and how many there are for each of a smaller set.
AGAIN = {"grids": ("uniform", 1.0), "quarters": ("uniform", 1.0), "communities": ("in time order", 3.35)}
HEADS = ("work", "seconds", "least", "CPU s", "times faster", "CPU times", "peak MB", "least peak MB")
_CRS = 4547
_WARM = 60_000
_NEVER_ASKED = "assign_incidents, a layer never asked before"


def join(incidents, zones):
    """Join as it is usually written."""
    return lambda: gpd.sjoin(incidents, zones, predicate="intersects")


def assign(incidents, zones):
    """Call with a layer, which is checked and compiled each time."""
    return lambda: assign_incidents(incidents, zones)


def assign_by_index(incidents, zones):
    """Call with an index that has been asked before."""
    index = _index(zones)
    return lambda: assign_incidents(incidents, index)


def assign_by_plan(incidents, zones):
    """Call with a plan that has been asked before."""
    plan = AssignmentPlan.prepare(_index(zones))
    return lambda: assign_incidents(incidents, plan)


def assign_inaccurate(incidents, zones, *, accuracy_m=15.0):
    """Call with a plan and an accuracy of all positions."""
    plan = AssignmentPlan.prepare(_index(zones), accuracy_m=accuracy_m)
    return lambda: assign_incidents(incidents, plan)


def locate(incidents, zones, **options):
    """Ask an index for arrays of points."""
    index, x, y = _index(zones), incidents.geometry.x.to_numpy(), incidents.geometry.y.to_numpy()
    index.locate(x[:10], y[:10], **options)
    return lambda: index.locate(x, y, **options)


def _index(zones):
    index = ZoneIndex.build(zones)
    index.polygons.compile(fine=False)
    return index


TABLES = {
    "sjoin": join,
    "assign_incidents": assign,
    "assign_incidents, ZoneIndex given": assign_by_index,
    "assign_incidents, plan given": assign_by_plan,
    "assign_incidents, plan with accuracy_m=15": assign_inaccurate,
}
LOCATIONS = {
    "locate": {},
    "locate, border_within_m=0.5": {"border_within_m": 0.5},
    "locate, border_within_m=15": {"border_within_m": 15.0},
    "locate, accuracy_m=0.5": {"accuracy_m": 0.5},
    "locate, accuracy_m=15": {"accuracy_m": 15.0},
}


def make_layers(zones_name, n, how="uniform"):
    """Return incidents and zones."""
    shapes = make_zones(zones_name)
    zones = gpd.GeoDataFrame(
        {"zone_code": [f"Z{number:05d}" for number in range(len(shapes))]}, geometry=shapes, crs=_CRS
    )
    x, y = make_points(shapes, how, n)
    return gpd.GeoDataFrame({"no": np.arange(n)}, geometry=gpd.points_from_xy(x, y), crs=_CRS), zones


def measure(work, zones_name, n):
    """Do the work in this process, and print what it took as JSON."""
    incidents, zones = make_layers(zones_name, n)

    def ready(some):
        return TABLES[work](some, zones) if work in TABLES else locate(some, zones, **LOCATIONS[work])

    ready(incidents.iloc[:_WARM])()
    job = ready(incidents)
    before = forget_peak()
    seconds, cpu, found = timed(job)
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": peak() - before, "rows": _size(found)}))


def measure_again(zones_name, n, rounds):
    """Do all works in this process, in turn, and print as JSON what each took from the second round on."""
    incidents, zones = make_layers(zones_name, n, AGAIN[zones_name][0])
    works = {name: TABLES[name](incidents, zones) for name in list(TABLES)[:4]}
    runs = {name: [] for name in (*works, _NEVER_ASKED)}
    for turn in range(rounds + 1):
        for name, each in runs.items():
            work = works[name] if name in works else assign(incidents, zones.copy())
            before = forget_peak()
            seconds, cpu, found = timed(work)
            if turn:
                told = {
                    "seconds": seconds,
                    "cpu": cpu,
                    "peak_mb": max(peak() - before, 0.0),
                    "rows": _size(found),
                }
                each.append(told)
            del found
    print(json.dumps(runs))


def _size(found):
    return len(found) if isinstance(found, gpd.GeoDataFrame) else len(found.row)


def ask(how, *words):
    """Run this script in a process of its own; return what it measured."""
    command = [sys.executable, __file__, how, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def compare(works, zones_name, n, rounds, *, markdown):
    """Measure the works in turn, each in a process of its own; print a table, and return its rows."""
    runs = {work: [] for work in works}
    for turn in range(rounds):
        for work in works:
            runs[work].append(ask("--one", work, zones_name, n))
        print(f"{zones_name}: round {turn + 1} of {rounds}", file=sys.stderr, flush=True)
    return told(runs, f"{n:,} points, {zones_name}", n, markdown=markdown)


def told(runs, about, n, *, markdown):
    """Print a table of runs; the first work is what the others are compared with.

    Returns what `print_rows` takes: ours beside the join, or what locating costs above locating plainly.
    """
    middle = {
        work: {word: median(run[word] for run in each) for word in each[0]} for work, each in runs.items()
    }
    peer = next(iter(runs))
    first = middle[peer]
    rows = []
    for work, each in runs.items():
        own = middle[work]
        rows.append(
            (
                work,
                amount(own["seconds"]),
                amount(min(run["seconds"] for run in each)),
                amount(own["cpu"]),
                amount(first["seconds"] / own["seconds"]),
                amount(first["cpu"] / own["cpu"]),
                f"{own['peak_mb']:,.0f}",
                f"{min(run['peak_mb'] for run in each):,.0f}",
            )
        )
    print_table(HEADS, rows, title=about, markdown=markdown)
    # Whoever answers for everybody answers for each once.
    return [
        Row(
            f"{work}, {about}",
            own["cpu"],
            peer,
            first["cpu"],
            peak_mb=own["peak_mb"],
            same=own["rows"] == n,
        )
        for work, own in middle.items()
        if work != peer
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--again", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="200,000 points, few processes, no quarters")
    parser.add_argument("--number", type=int, default=2_000_000)
    parser.add_argument("--zones", choices=AGAIN, help="only these zones")
    parser.add_argument("--warm", action="store_true", help="only what is asked again")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    if given.one:
        return measure(given.one[0], given.one[1], int(given.one[2]))
    if given.again:
        return measure_again(given.again[0], int(given.again[1]), int(given.again[2]))
    n, rounds = (200_000, 1) if given.quick else (given.number, given.rounds)
    rows = []
    names = [name for name in AGAIN if not given.quick or name != "quarters"]
    for zones_name in names if given.zones is None else (given.zones,):
        if zones_name in SETS and not given.warm:
            works_of = (list(TABLES), list(LOCATIONS))
            if given.quick:  # each work is a process, which makes the zones anew
                works_of = works_of[1:]
            for works in works_of:
                rows += compare(works, zones_name, n, rounds, markdown=given.markdown)
        points = n if given.quick else int(n * AGAIN[zones_name][1])
        runs = ask("--again", zones_name, points, 2 if given.quick else max(rounds, 3))
        about = f"again, {points:,} points, {zones_name}"
        rows += told(runs, about, points, markdown=given.markdown)
    return print_rows(rows, markdown=given.markdown)


if __name__ == "__main__":
    sys.exit(main())
