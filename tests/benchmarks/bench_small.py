"""Small work from a fresh process, imports and all: ``python tests/benchmarks/bench_small.py [--quick]``.

1,000 points on 500 zones of 60 vertices. Every run is a process of its own; commands take turns, and medians
are printed. It is done with compiled code kept as usual, with nothing kept yet, and where nothing can be.
That sjoin and the others tell the points the same zones is checked; whether Numba was loaded is reported.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).parent))
from data import make_points, make_zones
from table import Row, amount, print_rows, print_table

RUNS = 11
# Code comes from where the command line says, not from a shell; data from files that NumPy reads.
SETUP = """
import sys
import numpy as np
import shapely
import geopandas as gpd
codes = [f"{k:03}" for k in range(500)]
rings = np.load(sys.argv[1])
zones = gpd.GeoDataFrame({"zone_code": codes}, geometry=shapely.polygons(rings), crs=4547)
x, y = np.load(sys.argv[2])
"""
POINTS = "points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y), crs=4547)\n"
COMMANDS = {
    "imports alone": "answer = None",
    "geopandas.sjoin": POINTS + "answer = gpd.sjoin(points, zones, how='left')['zone_code']",
    "ZoneIndex.locate": "from zjk_gis import ZoneIndex\n"
    "index = ZoneIndex.build(zones)\n"
    "row = index.locate(x, y).row\n"
    "answer = np.where(row >= 0, index.codes[row], None)",
    "assign_incidents": POINTS + "from zjk_gis import assign_incidents\n"
    "found = assign_incidents(points, zones)\n"
    "answer = found['zone_code'].where(found['distance_m'] == 0)",  # sjoin has no nearest zone
}
# What is not part of the work: the answers told to the parent.
TELL = """
import json
told = None if answer is None else [code if isinstance(code, str) else None for code in answer]
print(json.dumps({"answer": told, "numba": "numba" in sys.modules}))
"""


def caches(folder):
    """Return how compiled code may be kept: a name, and the directory to be set for each run."""
    blocked = folder / "a file"
    blocked.touch()
    return {
        "kept": lambda: None,
        "none yet": lambda: tempfile.mkdtemp(dir=folder),
        "cannot be kept": lambda: str(blocked / "cache"),  # no directory can be made in a file
    }


def run(command, files, cache, *, tell=False):
    """Run a command in a fresh process; return the seconds it took and what it told."""
    words = dict(os.environ) if cache is None else {**os.environ, "NUMBA_CACHE_DIR": cache}
    text = SETUP + command + (TELL if tell else "")
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", text, *files], check=True, env=words, capture_output=True, text=True
    )
    return time.perf_counter() - start, json.loads(done.stdout) if tell else None


def shared_rows(rows):
    """Return the rows of what is ours beside those of sjoin, in the form of all benchmarks."""
    theirs = {row[0]: float(row[2]) for row in rows if row[1] == "geopandas.sjoin"}
    return [
        Row(
            f"{row[1]}, 1,000 points, fresh process, code {row[0]}",
            float(row[2]), "geopandas.sjoin", theirs[row[0]], "s", same=row[-1] == 0,
        )
        for row in rows
        if row[1] in ("ZoneIndex.locate", "assign_incidents")
    ]  # fmt: skip


def compare(name, cache, files, runs):
    """Return a row for each command."""
    seconds = {command: [] for command in COMMANDS}
    for _ in range(runs):
        for command, text in COMMANDS.items():
            seconds[command].append(run(text, files, cache())[0])
    told = {command: run(text, files, cache(), tell=True)[1] for command, text in COMMANDS.items()}
    peer = "geopandas.sjoin"
    rows = []
    for command, each in seconds.items():
        answer = told[command]["answer"]
        differ = (
            ""
            if answer is None or command == peer
            else sum(a != b for a, b in zip(answer, told[peer]["answer"], strict=True))
        )
        middle, alone = median(each), median(seconds["imports alone"])
        rows.append(
            (
                name, command, amount(middle), amount(min(each)), amount(middle / median(seconds[peer])),
                amount((middle - alone) * 1000),
                "yes" if told[command]["numba"] else "no", differ,
            )
        )  # fmt: skip
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two runs, code kept as usual")
    parser.add_argument("--runs", type=int)
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    runs = given.runs or (2 if given.quick else RUNS)
    zones = make_zones("25x20")
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [str(folder / "rings.npy"), str(folder / "points.npy")]
        np.save(files[0], shapely.get_coordinates(zones).reshape(len(zones), -1, 2))
        np.save(files[1], make_points(zones, "uniform", 1000))
        ways = caches(folder)
        for way in ["kept"] if given.quick else ways:
            rows += compare(way, ways[way], files, runs)
    heads = (
        "compiled code", "command", "median s", "least s", "times sjoin", "ms above imports", "numba",
        "differ",
    )  # fmt: skip
    title = "1,000 points on 500 zones of 60 vertices, fresh process"
    print_table(heads, rows, title=title, markdown=given.markdown)
    return print_rows(shared_rows(rows), markdown=given.markdown)


if __name__ == "__main__":
    sys.exit(main())
