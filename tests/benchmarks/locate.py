"""Points told their zones, beside the peers: ``python tests/benchmarks/locate.py [--quick]``.

Every measurement runs in a process of its own, the peers in turn; what is printed is the least of three runs
(one for peers that take over 20 seconds), with the index built each time. Points are in memory as each peer
likes them best. That all find the same pairs is checked.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from data import POINTS, ZONES, make_points, make_zones
from peers import PEERS
from table import print_table


def measure(peer, zones_name, how, n):
    """Measure one peer in this process, and print it as JSON."""
    zones = make_zones(zones_name)
    x, y = make_points(zones, how, n)
    job, query, pairs = PEERS[peer](zones, x, y)
    if peer == "zjk_gis":
        job()  # the code is compiled once for all, and kept
    before = _peak()
    totals, queries, found = [], [], None
    while len(totals) < 3 and (not totals or totals[0] < 20):
        found = None
        start = time.perf_counter()
        found = job()
        totals.append(time.perf_counter() - start)
        if query is not None:
            start = time.perf_counter()
            query()
            queries.append(time.perf_counter() - start)
    result = {"total": min(totals), "query": min(queries, default=None), "peak_mb": _peak() - before}
    if pairs is not None:
        point, zone = pairs(found)
        result["pairs"] = len(point)
        result["digest"] = int(((np.asarray(point, np.uint64) + 1) * (np.asarray(zone, np.uint64) + 7)).sum())
    print(json.dumps(result))


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(peer, zones_name, how, n):
    command = [sys.executable, __file__, "--one", peer, zones_name, how, str(n)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1][:60]}
    return json.loads(done.stdout)


def compare(zones_name, how, n, peers):
    """Measure all peers on the same points; return a row for each."""
    results = {peer: run(peer, zones_name, how, n) for peer in peers}
    own = results["zjk_gis"]
    rows = []
    for peer, result in results.items():
        if "error" in result:
            rows.append((zones_name, how, f"{n:,}", peer, result["error"], "", "", "", ""))
            continue
        agrees = "" if "digest" not in result else ("yes" if result["digest"] == own["digest"] else "NO")
        rows.append(
            (
                zones_name, how, f"{n:,}", peer, f"{result['total']:.3f}", f"{n / result['total'] / 1e6:.2f}",
                f"{result['query'] and n / result['query'] / 1e6:.1f}" if result["query"] else "",
                f"{result['total'] / own['total']:.1f}", agrees, f"{result['peak_mb']:,.0f}",
            )
        )  # fmt: skip
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=4, metavar=("PEER", "ZONES", "POINTS", "N"))
    parser.add_argument("--quick", action="store_true", help="100,000 points over 20,000 grids only")
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    if given.one:
        peer, zones_name, how, n = given.one
        return measure(peer, zones_name, how, int(n))
    cases = [("grids", "uniform", 100_000)]
    if not given.quick:
        cases = [(zones, "uniform", 1_000_000) for zones in ZONES]
        cases += [("grids", how, 1_000_000) for how in POINTS[1:]]
        cases += [("grids", how, 10_000_000) for how in POINTS]
    rows = []
    for zones_name, how, n in cases:
        peers = [peer for peer in PEERS if n <= 1_000_000 or peer in ("zjk_gis", "SedonaDB", "floor")]
        rows += compare(zones_name, how, n, peers)
        print(f"{zones_name}, {how}, {n:,} done", file=sys.stderr, flush=True)
    heads = (
        "zones",
        "points",
        "number",
        "peer",
        "seconds",
        "M/s",
        "query alone M/s",
        "times ours",
        "same pairs",
        "peak MB",
    )
    print_table(heads, rows, markdown=given.markdown)
    return None


if __name__ == "__main__":
    main()
