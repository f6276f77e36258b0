"""Points told their zones, beside the peers: ``python tests/benchmarks/bench_locate.py [--quick]``.

Every measurement is made in a process of its own, and the peers take turns, round after round; medians are
printed. Before it is measured, each process does a small job, so that code is loaded and compiled. README.md
says what the columns mean.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).parent))
from bench_peers import BEST, PEERS
from data import POINTS, SIZES, ZONES, make_points, make_zones
from measuring import forget_peak, peak, resident, timed
from table import amount, print_table

ROUNDS = 5
_MILLION = 1_000_000
_LONG = 60.0  # seconds: a peer that would take longer is measured on a tenth of the points
_SLOW = 15.0  # seconds: a peer that takes longer is measured once
HEADS = (
    "peer", "convert s", "seconds", "least", "CPU s", "M points/s", "times ours", "CPU times",
    "query s", "query M/s", "of floor", "input MB", "peak MB", "differ",
)  # fmt: skip


def measure(peer, zones_name, how, n, pairs_to):
    """Measure one peer in this process, and print it as JSON."""
    small = make_zones("9x8")
    _, _, warm = timed(lambda: PEERS[peer](small, *make_points(small, "uniform", 60_000)))
    warm.job()
    del warm
    zones = make_zones(zones_name)
    x, y = make_points(zones, how, n)
    empty = resident()
    result = {}
    result["convert"], _, ready = timed(lambda: PEERS[peer](zones, x, y))
    result["input_mb"] = resident() - empty
    before = forget_peak()
    result["seconds"], result["cpu"], found = timed(ready.job)
    result["peak_mb"] = peak() - before
    if ready.query is not None:
        result["query"], _, _ = timed(ready.query)
    if pairs_to and ready.pairs is not None:
        point, zone = (np.asarray(part, np.int64) for part in ready.pairs(found))
        keys = point * len(zones) + zone
        keys.sort()
        np.save(pairs_to, keys)
    print(json.dumps(result))


def measure_build(size):
    """Measure how long the grid takes to compile and how large it is, in this process."""
    import geopandas as gpd

    from zjk_gis import ZoneIndex

    small = ZoneIndex.build(gpd.GeoDataFrame(geometry=make_zones("75x50"), crs=4547))
    small.polygons.compile()
    layer = gpd.GeoDataFrame(geometry=make_zones(size), crs=4547)
    before = forget_peak()
    build, _, index = timed(lambda: ZoneIndex.build(layer))
    fine, _, grid = timed(index.polygons.compile)
    result = {"build": build, "fine": fine, "peak_mb": peak() - before}
    result["vertices"] = int(shapely.get_num_coordinates(layer.geometry.to_numpy()).sum())
    result["grid_bytes"] = sum(part.nbytes for part in (grid.words, grid.offsets, grid.members, grid.blocks))
    result["cells"] = int(grid.nx * grid.ny + (grid.blocks[:, 3] ** 2).sum())
    with tempfile.TemporaryDirectory() as folder:
        result["file_bytes"] = index.save(Path(folder) / "index.zidx").stat().st_size
    print(json.dumps(result))


def ask(*words):
    """Run this script in a process of its own; return what it measured."""
    command = [sys.executable, __file__, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return {"error": lines[-1] if lines else f"ended with {done.returncode}"}
    return json.loads(done.stdout.strip().splitlines()[-1])


def compare(zones_name, how, n, peers, rounds, folder):
    """Measure the peers in turn; return for each its measurements and its pairs."""
    runs = {peer: [] for peer in peers}
    size = dict.fromkeys(peers, n)
    for turn in range(rounds):
        for peer in peers:
            if any("error" in run for run in runs[peer]):
                continue
            if turn == 0 and n > _MILLION:
                tried = ask("--one", peer, zones_name, how, n // 10, "")
                if tried.get("seconds", 0.0) * 10 > _LONG:
                    size[peer] = n // 10
            if turn and median(run["seconds"] for run in runs[peer]) > _SLOW:
                continue
            pairs_to = folder / f"{peer}.npy" if turn == 0 else ""
            runs[peer].append(ask("--one", peer, zones_name, how, size[peer], pairs_to))
        print(f"{zones_name}, {how}, {n:,}: round {turn + 1} of {rounds}", file=sys.stderr, flush=True)
    return runs, size


def rows_of(runs, size, n, n_zones, folder):
    """Return a row of the table for each peer."""
    middle = {
        peer: {word: median(run[word] for run in each) for word in each[0]}
        for peer, each in runs.items()
        if not any("error" in run for run in each)
    }
    ours, lowest = middle["zjk_gis"], middle.get("floor")
    rows = []
    for peer, each in runs.items():
        if peer not in middle:
            rows.append((peer, next(run["error"] for run in each if "error" in run)))
            continue
        part, scale = middle[peer], n / size[peer]
        is_floor = peer == "floor"
        seconds, query = part["seconds"] * scale, part.get("query")
        rows.append(
            (
                peer + (f" (on {size[peer]:,}, scaled)" if scale > 1 else ""),
                "" if is_floor else amount(part["convert"] * scale),
                amount(seconds),
                amount(min(run["seconds"] for run in each) * scale),
                amount(part["cpu"] * scale),
                amount(n / seconds / 1e6),
                amount(seconds / ours["seconds"]),
                amount(part["cpu"] * scale / ours["cpu"]),
                amount(query and query * scale),
                amount(query and n / (query * scale) / 1e6),
                amount(query and lowest and query * scale / lowest["query"]),
                "" if is_floor else f"{part['input_mb'] * scale:,.0f}",
                f"{part['peak_mb'] * scale:,.0f}",
                # Scaled peers were asked other points; the floor is no answer.
                "" if is_floor or scale > 1 or peer == "zjk_gis" else differing(folder, peer, n_zones),
            )
        )
    return rows


def differing(folder, peer, n_zones):
    """Count the points that peer tells other zones than ours does."""
    theirs, ours = (np.load(folder / f"{name}.npy") for name in (peer, "zjk_gis"))
    return f"{len(np.unique(np.setxor1d(ours, theirs, assume_unique=True) // n_zones)):,}"


def show_locate(cases, asked, rounds, *, markdown):
    wrong = 0
    for zones_name, how, n in cases:
        peers = asked or list(PEERS if n == _MILLION else BEST)
        n_zones = len(make_zones(zones_name))
        with tempfile.TemporaryDirectory() as name:
            runs, size = compare(zones_name, how, n, peers, rounds, Path(name))
            rows = rows_of(runs, size, n, n_zones, Path(name))
        wrong += sum(row[-1] not in ("", "0") for row in rows)
        print_table(HEADS, rows, title=f"{zones_name}, {n:,} points {how}", markdown=markdown)
    return wrong


def show_build(rounds, *, markdown):
    names = [f"{columns}x{rows}" for columns, rows in SIZES]
    runs = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            runs[name].append(ask("--size", name))
    rows = []
    for each in runs.values():
        if any("error" in run for run in each):
            rows.append((next(run["error"] for run in each if "error" in run),))
            continue
        run = {word: median(run[word] for run in each) for word in each[0]}
        vertices = run["vertices"]
        rows.append(
            (
                f"{vertices:,.0f}", amount(run["build"]), amount(run["fine"]),
                amount((run["build"] + run["fine"]) / vertices * 1e6), f"{run['cells']:,.0f}",
                amount(run["grid_bytes"] / vertices), amount(run["file_bytes"] / vertices),
                f"{run['peak_mb']:,.0f}",
            )
        )  # fmt: skip
    heads = (
        "vertices", "build s", "fine grid s", "both, s per M vertices", "cells", "grid bytes per vertex",
        "file bytes per vertex", "peak MB",
    )  # fmt: skip
    print_table(heads, rows, title="the index by itself", markdown=markdown)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)
    parser.add_argument("--size", help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="200,000 points, each peer's best form")
    parser.add_argument("--zones", choices=list(ZONES), help="only these zones")
    parser.add_argument("--points", choices=POINTS, help="only points that lie so")
    parser.add_argument("--number", type=int, help="only so many points")
    parser.add_argument("--peers", help="names, separated by ';'")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    if given.one:
        peer, zones_name, how, n, pairs_to = given.one
        return measure(peer, zones_name, how, int(n), pairs_to)
    if given.size:
        return measure_build(given.size)
    rounds = given.rounds or (1 if given.quick else ROUNDS)
    peers = given.peers.split(";") if given.peers else None
    if given.quick:
        cases = [("grids", "uniform", 200_000)]
    else:
        cases = [(zones, "uniform", _MILLION) for zones in ZONES]
        cases += [("grids", how, _MILLION) for how in POINTS[1:]]
        cases += [("grids", how, 10 * _MILLION) for how in POINTS]
    asked = (given.zones, given.points, given.number)
    cases = [
        case for case in cases if all(word in (None, part) for word, part in zip(asked, case, strict=True))
    ]
    wrong = show_locate(cases, peers, rounds, markdown=given.markdown)
    if not given.quick and asked == (None, None, None):
        show_build(3, markdown=given.markdown)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
