"""Points a second between WGS84, GCJ-02 and BD-09: ``python tests/benchmarks/bench_datum.py [--quick]``.

Beside coord-convert, which takes one point at a time, and beside pyproj's projection to EPSG:4547, which says
what a conversion of coordinates usually costs. In one process, in turn; medians are printed. That the answers
agree with those of coord-convert is checked.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from statistics import median

import coord_convert.transform
import numpy as np
from pyproj import Transformer

sys.path.insert(0, str(Path(__file__).parent))
from table import Row, amount, print_rows, print_table

from zjk_gis.crs import datum

_PEERS = {
    "wgs84_to_gcj02": "wgs2gcj",
    "gcj02_to_wgs84": "gcj2wgs",
    "gcj02_to_bd09": "gcj2bd",
    "bd09_to_gcj02": "bd2gcj",
    "wgs84_to_bd09": "wgs2bd",
    "bd09_to_wgs84": "bd2wgs",
}
_FORWARD = ("wgs84_to_gcj02", "gcj02_to_bd09", "wgs84_to_bd09")


def seconds(work, rounds):
    took = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return median(took)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="a million points instead of ten")
    arguments.add_argument("--markdown", action="store_true")
    options = arguments.parse_args()
    number, few = (300_000, 2_000) if options.quick else (10_000_000, 50_000)
    rng = np.random.default_rng(5)
    lon, lat = rng.uniform(113.8, 116.5, number), rng.uniform(39.5, 42.2, number)
    datum.wgs84_to_gcj02(lon[:few], lat[:few])
    rows, shared, wrong = [], [], False
    for ours, theirs in _PEERS.items():
        move, peer = getattr(datum, ours), getattr(coord_convert.transform, theirs)
        took = seconds(lambda move=move: move(lon, lat), 3)
        pairs = list(zip(lon[:few].tolist(), lat[:few].tolist(), strict=True))
        peer_took = seconds(lambda peer=peer, pairs=pairs: [peer(x, y) for x, y in pairs], 3)
        apart = ""
        if ours in _FORWARD:  # its inverses are approximate
            answers = np.array([peer(x, y) for x, y in pairs]).T
            moved = np.array(move(lon[:few], lat[:few]))
            apart = f"{np.abs(answers - moved).max():.0e}"
            wrong |= float(apart) > 1e-10
        same = None if apart == "" else float(apart) <= 1e-10
        work = f"{ours}, {number:,} points"
        shared.append(Row(work, took, "coord-convert, scaled", peer_took * number / few, "s", same=same))
        rate, peer_rate = number / took / 1e6, few / peer_took / 1e6
        rows.append((ours, amount(rate), amount(peer_rate), amount(rate / peer_rate), apart))
    project = Transformer.from_crs(4490, 4547, always_xy=True).transform
    rows.append(
        ("pyproj 4490 to 4547", amount(number / seconds(lambda: project(lon, lat), 1) / 1e6), "", "", "")
    )
    heads = ("", "million points/s", "coord-convert", "times", "most degrees apart")
    print_table(heads, rows, title=f"{number:,} points", markdown=options.markdown)
    print_rows(shared, markdown=options.markdown)
    return int(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
