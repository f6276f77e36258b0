"""Every answer of the engine held against GEOS, by the million: ``python tests/benchmarks/exactness.py``.

For each set of hostile zones, random and hostile points are asked of the compiled grid. GEOS is asked
pair by pair. Where the two differ, integers of any length decide: GEOS rounds beyond double-doubles, and
each time it is found wrong is counted, too. Prints a line for each set, and ends with 1 if the engine was
wrong anywhere.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine"))

import oracle
import shapes
from answers import compiled, in_numpy, smallest_first

sys.path.insert(0, str(Path(__file__).parent))
from table import Row, print_rows

CHUNK = 100_000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=10_000_000, help="random points over all sets")
    parser.add_argument(
        "--hostile", type=int, help="hostile points over all sets; by default a fifth of the random"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of zones in the large sets")
    parser.add_argument("--only", help="the sets whose names contain this")
    parser.add_argument("--small", action="store_true", help="answer in NumPy, as small questions are")
    parser.add_argument("--quick", action="store_true", help="20,000 points, sets of a hundredth of the size")
    wanted = parser.parse_args()
    if wanted.quick:
        wanted.points, wanted.scale = 20_000, 0.01
    hostile = wanted.points // 5 if wanted.hostile is None else wanted.hostile
    sets = {
        name: zones for name, zones in shapes.whole_city(wanted.scale).items() if (wanted.only or "") in name
    }
    head = ("zones", "count", "vertices", "points", "contacts", "wrong", "GEOS wrong", "s")
    print("{:<20}{:>8}{:>10}{:>12}{:>12}{:>7}{:>12}{:>8}".format(*head))
    wrong, asked, spent = 0, 0, 0.0
    for name, zones in sets.items():
        started = time.perf_counter()
        totals = np.zeros(4, np.int64)
        for ask_for, n in ((shapes.random_points, wanted.points), (shapes.hostile_points, hostile)):
            totals += disagreements(zones, ask_for, -(-n // len(sets)), small=wanted.small)
        points, contacts, ours, theirs = totals.tolist()
        vertices, seconds = shapely.get_num_coordinates(zones).sum(), time.perf_counter() - started
        line = f"{name:<20}{len(zones):>8,}{vertices:>10,}{points:>12,}{contacts:>12,}"
        print(f"{line}{ours:>7}{theirs:>12}{seconds:>8.1f}", flush=True)
        wrong += ours
        asked, spent = asked + points, spent + seconds
    print(f"wrong answers: {wrong}")
    work = f"each of {asked:,} answers decided exactly, {len(sets)} sets of hostile zones"
    return print_rows([Row(work, spent, unit="s", same=wrong == 0)])


def disagreements(zones, ask_for, n, *, small):
    """Return how many points and contacts there were, and how many points the engine and GEOS had wrong."""
    rank = smallest_first(zones)
    tree, index = shapely.STRtree(zones), None if small else compiled(zones, rank)
    totals = np.zeros(4, np.int64)
    for seed, start in enumerate(range(0, n, CHUNK)):
        x, y = ask_for(zones, min(CHUNK, n - start), seed=seed)
        for part in range(0, len(x), 20_000 if small else CHUNK):
            px, py = (
                x[part : part + (20_000 if small else CHUNK)],
                y[part : part + (20_000 if small else CHUNK)],
            )
            totals += _compare(zones, rank, tree, in_numpy(zones, rank) if small else index, px, py)
    return totals


def _compare(zones, rank, tree, index, x, y):
    located = index.locate(x, y)
    offsets, rows, touches = index.candidates(x, y)
    point = np.repeat(np.arange(len(x)), np.diff(offsets))
    ours = np.sort((point * len(zones) + rows) * 2 + touches)
    theirs = _of_geos(tree, x, y)
    doubtful = np.unique(np.setxor1d(ours, theirs) // 2 // len(zones))
    wrong, geos_wrong = set(), 0
    for p in doubtful.tolist():
        truth = _of_integers(zones, tree, x[p], y[p])
        low, high = np.searchsorted(ours, [p * len(zones) * 2, (p + 1) * len(zones) * 2])
        if set((ours[low:high] - p * len(zones) * 2).tolist()) != truth:
            wrong.add(p)
        low, high = np.searchsorted(theirs, [p * len(zones) * 2, (p + 1) * len(zones) * 2])
        geos_wrong += set((theirs[low:high] - p * len(zones) * 2).tolist()) != truth
    # Given the contacts, the rule is plain: inside before touching, then the lowest rank.
    order = np.lexsort((rank[rows], touches, point))
    first = order[np.unique(point[order], return_index=True)[1]]
    row, found = np.full(len(x), -1), np.zeros(len(x))
    row[point[first]], found[point[first]] = rows[first], 1 + touches[first]
    bad = (row != located.row) | (found != located.found) | (np.diff(offsets) != located.count)
    wrong.update(np.flatnonzero(bad).tolist())
    return np.array([len(x), len(ours), len(wrong), geos_wrong])


def _of_geos(tree, x, y):
    """Return the contacts as sorted numbers: (point * zones + zone) * 2, and 1 more where it only touches."""
    usable = np.isfinite(x) & np.isfinite(y)
    points = np.full(len(x), None, dtype=object)
    points[usable] = shapely.points(x[usable], y[usable])
    size = len(tree.geometries)
    near, inside = (tree.query(points, predicate=word).astype(np.int64) for word in ("intersects", "within"))
    near, inside = np.sort(near[0] * size + near[1]), np.sort(inside[0] * size + inside[1])
    return near * 2 + ~np.isin(near, inside, assume_unique=True)


def _of_integers(zones, tree, x, y):
    if not (np.isfinite(x) and np.isfinite(y)):
        return set()
    near = tree.query(shapely.box(x, y, x, y)).tolist()
    hows = {zone: oracle.where(zones[zone], x, y) for zone in near}
    return {zone * 2 + (how == oracle.BORDER) for zone, how in hows.items() if how != oracle.NONE}


if __name__ == "__main__":
    sys.exit(main())
