"""The first large question on a machine: ``python tests/benchmarks/bench_cold.py [--beside TREE]``.

A process with nothing kept asks `assign_incidents` for 300,000 points in 2,000 zones; a second one asks again
with what the first has kept, and one that finds all compiled by `zjk-gis warm`. With ``--beside`` another
tree of this project takes its turn before this one. CPU seconds are those of the question, with the process
beside it and without imports; "in one process" is the same without that process. README.md says more.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from table import Row, amount, print_rows, print_table

HERE = Path(__file__).resolve().parents[2]
POINTS, SIDE = 300_000, 45


def ask():
    """Ask once in this process; print seconds, compilations and a digest of the answer as JSON."""
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import shapely
    from numba.core import event

    from zjk_gis import assign_incidents

    number = np.arange(SIDE * SIDE)
    x, y = number % SIDE * 100.0, number // SIDE * 100.0
    zones = gpd.GeoDataFrame(
        {"zone_code": [f"{each:05d}" for each in number]},
        geometry=shapely.segmentize(shapely.box(x, y, x + 100, y + 100), 10.0),
        crs=4547,
    )
    rng = np.random.default_rng(1)
    places = gpd.points_from_xy(*rng.uniform(0, SIDE * 100, (2, POINTS)), crs=4547)
    listener = _listener(event)
    start, start_cpu = time.perf_counter(), _cpu()
    found = assign_incidents(gpd.GeoDataFrame(geometry=places), zones)
    told = {"wall": time.perf_counter() - start, "cpu": _cpu() - start_cpu}
    digest = pd.util.hash_pandas_object(found.drop(columns="geometry")).sum()
    print(json.dumps(told | {"compiled": listener.rows, "digest": int(digest)}))


def _listener(event):
    class Listener(event.Listener):
        """Notes of each compilation in this process its function and its own CPU seconds."""

        def __init__(self):
            self.rows, self.open = [], []

        def on_start(self, event):
            self.open.append([time.process_time(), 0.0])

        def on_end(self, event):
            began, inside = self.open.pop()
            took = time.process_time() - began
            if self.open:
                self.open[-1][1] += took
            function = event.data["dispatcher"].py_func
            self.rows.append([f"{function.__module__}.{function.__qualname__}", took - inside])

    listener = Listener()
    event.register("numba:compile", listener)
    return listener


def _cpu():
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def measure(tree, kept, threads):
    """Let a process of its own ask, with what is kept in a directory; count what is kept afterwards."""
    here = {"PYTHONPATH": str(tree), "NUMBA_CACHE_DIR": str(kept), "ZJK_GIS_THREADS": str(threads)}
    command = [sys.executable, str(Path(__file__).resolve()), "--ask"]
    done = subprocess.run(command, env={**os.environ, **here}, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    return told | {"kept": len(list(Path(kept).rglob("*.nbc")))}


def _warmed(tree, kept):
    here = {"PYTHONPATH": str(tree), "NUMBA_CACHE_DIR": str(kept)}
    command = [sys.executable, "-c", "from zjk_gis.engine.warming import warm; list(warm())"]
    subprocess.run(command, env={**os.environ, **here}, check=True, stderr=subprocess.DEVNULL)


def main():
    """Measure, print, and end with 1 if answers differ or anything is compiled after warming."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ask", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--beside", type=Path, help="another tree of this project, measured in turn")
    parser.add_argument("--functions", action="store_true", help="tell what each function takes to compile")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="as it is asked, by two processes, and again")
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    if args.ask:
        ask()
        return 0
    trees = {"this tree": HERE} | ({"beside": args.beside.resolve()} if args.beside else {})
    rows, digests, late = [], set(), 0
    for _ in range(args.rounds):
        for name, tree in reversed(trees.items()):  # this tree is the last
            with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
                told = {"two processes": measure(tree, second, 2), "asked again": measure(tree, second, 2)}
                if not args.quick:
                    told = {"in one process": measure(tree, first, 1)} | told
                if tree == HERE and not args.quick:
                    _warmed(tree, second)
                    told["after zjk-gis warm"] = measure(tree, second, 2)
                    late += len(told["after zjk-gis warm"]["compiled"])
            for what, each in told.items():
                digests.add(each["digest"])
                counts = [str(len(each["compiled"])), str(each["kept"])]
                rows.append([name, what, amount(each["cpu"]), amount(each["wall"]), *counts])
            if args.functions and tree == HERE and not args.quick:
                _print_functions(told["in one process"]["compiled"], args.markdown)
    heads = ("tree", "question", "CPU s", "wall s", "compiled in it", "kept")
    print_table(heads, rows, markdown=args.markdown)
    same = len(digests) == 1 and late == 0
    mine = {what: float(each["cpu"]) for what, each in told.items()}
    first = next(iter(mine))
    return print_rows(
        [
            Row(f"first large question, {what}", cpu, first, mine[first], same=same)
            for what, cpu in mine.items()
            if what != first
        ]
    )


def _print_functions(compiled, markdown):
    took = defaultdict(list)
    for function, seconds in compiled:
        took[function].append(seconds)
    ordered = sorted(took.items(), key=lambda each: -sum(each[1]))
    rows = [[function, str(len(all_)), amount(sum(all_))] for function, all_ in ordered[:20]]
    print_table(("function", "times", "CPU s of its own"), rows, markdown=markdown)


if __name__ == "__main__":
    sys.exit(main())
