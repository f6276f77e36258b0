"""Clearances of a million pipes, each with about eight others near it, and of buildings beside them.

Run: python tests/benchmarks/bench_clearances.py [--quick] [--pipes 1000000]

Beside it stands ``geopandas.sjoin`` with ``dwithin`` that finds the candidate pairs alone: no distance, no
heights, no rule; of the pipes, and of pipes and buildings, both of which we judge. On a part of the pipes
every distance is compared with GEOS, pair by pair.
"""

from __future__ import annotations

import argparse
import resource
import time

import geopandas as gpd
import numpy as np
import shapely
from table import Row, amount, print_rows, print_table

from zjk_gis.engine.line_pairs import near_pairs
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.pipes import clearance_conflicts
from zjk_gis.pipes.clearance.things import things_of

_KINDS = np.array(["WS", "YS", "SS", "TR", "RS", "GD", "DX"], dtype=object)
_SIZES = {"WS": 400, "YS": 600, "SS": 200, "TR": 200, "RS": 300, "GD": 150, "DX": 110}
_REACH_M = 4.6  # what a candidate is: nearer than the largest distance that the table asks of pipes (4 m)
_BESIDE_M = 3.3  # and of a building the largest asked of these pipes (3 m)


def make(number: int, rng: np.random.Generator) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Lay pipes along streets, seven kinds side by side and more across, and houses along them."""
    lanes = number // 7 + 1
    side = int(np.sqrt(lanes)) + 1
    lane = np.arange(number) // 7
    kind = _KINDS[np.arange(number) % 7]
    offset = (np.arange(number) % 7) * 1.2 + rng.normal(0, 0.2, number)
    x0, y0 = (lane % side) * 31.0, (lane // side) * 24.0
    x = np.stack([x0, x0 + 30.0], axis=1) + rng.normal(0, 0.3, (number, 2))
    y = np.stack([y0 + offset, y0 + offset + rng.normal(0, 0.4, number)], axis=1)
    across = rng.random(number) < 0.08  # some cross the others
    x[across, 1] = x[across, 0] + 3.0
    y[across, 1] = y[across, 0] + 12.0
    level = 700 + rng.uniform(-2, 0, (number, 2))
    level[rng.random(number) < 0.02, 1] = np.nan
    pipes = gpd.GeoDataFrame(
        {
            "pipe_code": [f"P{i:07d}" for i in range(number)],
            "pipe_kind": kind,
            "diameter_mm": [_SIZES[each] for each in kind],
            "from_level_m": level[:, 0],
            "to_level_m": level[:, 1],
            "gas_pressure": np.where(kind == "TR", "中压A", None),
            "burial": "ZM",
        },
        geometry=shapely.linestrings(np.stack([x, y], axis=2) + [573000, 4520000]),
        crs=4547,
    )
    house = rng.choice(lanes, lanes // 2, replace=False)
    hx, hy = (
        (house % side) * 31.0 + 573003,
        (house // side) * 24.0 + 4520009 + rng.uniform(-1, 3, len(house)),
    )
    buildings = gpd.GeoDataFrame(geometry=shapely.box(hx, hy, hx + 20, hy + 9), crs=4547)
    return pipes, buildings


def compared(pipes: gpd.GeoDataFrame) -> tuple[int, float]:
    """Compare the distances of all pairs within reach with those of GEOS."""
    things = things_of(pipes.reset_index(drop=True), SetAside())
    lines = things.lines()
    reach = np.full((len(things.profiles), len(things.profiles)), _REACH_M)
    bare = type(lines)(lines.coords, lines.starts, lines.owner, lines.half * 0, lines.kind, lines.ends,
                       lines.nodes, lines.family)  # fmt: skip
    found = near_pairs(bare, reach)
    a, b = shapely.STRtree(things.shapes).query(things.shapes, predicate="dwithin", distance=_REACH_M - 1e-9)
    once = a < b
    key = a[once] * len(pipes) + b[once]
    wanted = shapely.distance(things.shapes[a[once]], things.shapes[b[once]])
    ours = found.a * len(pipes) + found.b
    assert np.isin(key, ours).all(), "a pair is missing"
    order = np.argsort(key)
    matched = np.searchsorted(key[order], ours)
    near = (matched < len(key)) & (key[order][np.minimum(matched, len(key) - 1)] == ours)
    assert (~near).sum() == 0 or found.distance[~near].min() > _REACH_M - 1e-6
    return len(key), float(np.abs(found.distance[near] - wanted[order][matched[near]]).max())


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--pipes", type=int, default=1_000_000)
    chosen = arguments.parse_args()
    number = 30_000 if chosen.quick else chosen.pipes
    rng = np.random.default_rng(20220317)
    pipes, buildings = make(number, rng)
    clearance_conflicts(pipes[:60_000], buildings=buildings[:200])  # compiled
    pairs, off = compared(pipes[: min(number, 100_000)])
    print(f"{pairs:,} pairs of {min(number, 100_000):,} pipes: at most {off:.1e} m from GEOS")
    near = pipes[["geometry"]]
    works = {
        "ours": lambda: clearance_conflicts(pipes, buildings=buildings),
        "pipes": lambda: gpd.sjoin(near, near, predicate="dwithin", distance=_REACH_M),
        "buildings": lambda: gpd.sjoin(near, buildings, predicate="dwithin", distance=_BESIDE_M),
    }
    told: dict[str, tuple[float, float]] = {}
    for _ in range(2):
        for name, work in works.items():
            begin, cpu = time.perf_counter(), time.process_time()
            answer = work()
            spent = (time.process_time() - cpu, time.perf_counter() - begin)
            told[name] = min(told.get(name, spent), spent)
            if name == "ours":
                found, peak = answer, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            elif name == "pipes":
                joined = answer
    (our_cpu, ours), pipes_alone, beside = told["ours"], told["pipes"], told["buildings"]
    their_cpu, theirs = (a + b for a, b in zip(pipes_alone, beside, strict=True))
    per_pipe = (len(joined) - len(pipes)) / len(pipes)
    rows = [
        ["clearance_conflicts, buildings too", f"{len(found):,} findings", amount(our_cpu), amount(ours), ""],
        ["sjoin dwithin, pipes alone", f"{per_pipe:.1f} candidates a pipe", *map(amount, pipes_alone),
         amount(pipes_alone[0] / our_cpu)],
        ["sjoin dwithin, buildings too", "", amount(their_cpu), amount(theirs), amount(their_cpu / our_cpu)],
    ]  # fmt: skip
    print_table(["form", "result", "CPU s", "seconds", "CPU times ours"], rows, title=f"{number:,} pipes")
    print(found["kind"].value_counts().to_dict(), found["status"].value_counts().to_dict())
    print(f"peak {peak / 1024:.1f} GB, {peak * 2**20 / number:,.0f} bytes a pipe with everything")
    work, peer = f"clearance_conflicts, {number:,} pipes", "sjoin dwithin, candidates alone"
    print_rows([Row(work, our_cpu, peer, their_cpu, peak_mb=peak, same=off < 1e-6)])


if __name__ == "__main__":
    main()
