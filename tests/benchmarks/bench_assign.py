"""Incidents assigned, beside a spatial join: ``python tests/benchmarks/bench_assign.py [--quick]``.

Tables in, tables out: `assign_incidents` as it is usually called, with an index and with a plan that were
made before, beside `geopandas.sjoin`; then what tolerances and accuracies cost above plain location. Every
measurement is made in a process of its own, in turn, and medians are printed; README.md says what the columns
mean.
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
from table import amount, print_table

from zjk_gis import ZoneIndex, assign_incidents
from zjk_gis.assign import AssignmentPlan

SETS = ("grids", "quarters")
HEADS = ("work", "seconds", "least", "CPU s", "times faster", "CPU times", "peak MB", "least peak MB")
_CRS = 4547
_WARM = 60_000


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


def measure(work, zones_name, n):
    """Do the work in this process, and print what it took as JSON."""
    shapes = make_zones(zones_name)
    zones = gpd.GeoDataFrame(
        {"zone_code": [f"Z{number:05d}" for number in range(len(shapes))]}, geometry=shapes, crs=_CRS
    )
    x, y = make_points(shapes, "uniform", n)
    incidents = gpd.GeoDataFrame({"no": np.arange(n)}, geometry=gpd.points_from_xy(x, y), crs=_CRS)

    def ready(some):
        return TABLES[work](some, zones) if work in TABLES else locate(some, zones, **LOCATIONS[work])

    ready(incidents.iloc[:_WARM])()
    job = ready(incidents)
    before = forget_peak()
    seconds, cpu, found = timed(job)
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": peak() - before, "rows": _size(found)}))


def _size(found):
    return len(found) if isinstance(found, gpd.GeoDataFrame) else len(found.row)


def ask(*words):
    """Run this script in a process of its own; return what it measured."""
    command = [sys.executable, __file__, "--one", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def compare(works, zones_name, n, rounds, *, markdown):
    """Measure the works in turn, and print a table; the first is what the others are compared with."""
    runs = {work: [] for work in works}
    for turn in range(rounds):
        for work in works:
            runs[work].append(ask(work, zones_name, n))
        print(f"{zones_name}: round {turn + 1} of {rounds}", file=sys.stderr, flush=True)
    middle = {
        work: {word: median(run[word] for run in each) for word in each[0]} for work, each in runs.items()
    }
    first = middle[works[0]]
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
    print_table(HEADS, rows, title=f"{n:,} points, {zones_name}", markdown=markdown)
    # Whoever answers for everybody answers for each once.
    return sum(own["rows"] != n for work, own in middle.items() if work != "sjoin")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="200,000 points, once")
    parser.add_argument("--number", type=int, default=2_000_000)
    parser.add_argument("--zones", choices=SETS, help="only these zones")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    if given.one:
        return measure(given.one[0], given.one[1], int(given.one[2]))
    n, rounds = (200_000, 1) if given.quick else (given.number, given.rounds)
    wrong = 0
    for zones_name in SETS if given.zones is None else (given.zones,):
        for works in (list(TABLES), list(LOCATIONS)):
            wrong += compare(works, zones_name, n, rounds, markdown=given.markdown)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
