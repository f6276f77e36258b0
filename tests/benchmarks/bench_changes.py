"""What a change of zones moves, beside overlay: ``python tests/benchmarks/bench_changes.py [--quick]``.

A hundred of 20,000 zones give half of their ground to a neighbour. Then incidents are assigned again: all of
them, and only those that the change can concern; both results are compared. All in one process, in turn.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

sys.path.insert(0, str(Path(__file__).parent))
from data import make_points, make_zones
from measuring import in_turn
from table import Row, print_rows

from zjk_gis import assign_incidents, compare_zones
from zjk_gis.assign import reassign_incidents

_MOVES = 100


def make_layers(size, most):
    """Return the zones before and after."""
    before = make_zones(size)
    after, taken = before.copy(), np.zeros(len(before), dtype=bool)
    tree = shapely.STRtree(before)
    moves = 0
    for giver in np.random.default_rng(0).permutation(len(before)):
        around = tree.query(before[giver], predicate="intersects")
        if taken[around].any() or moves == most:
            continue
        west, south, east, north = before[giver].bounds
        half = before[giver].intersection(shapely.box((west + east) / 2, south - 1, east + 1, north + 1))
        common = shapely.length(shapely.intersection(half, before[around])) * (around != giver)
        taker = around[np.argmax(common)]
        after[giver], after[taker] = before[giver].difference(half), before[taker].union(half)
        taken[around] = True
        moves += 1
    codes = [f"{at:05}" for at in range(len(before))]
    columns = {"zone_code": codes, "chief_code": codes}
    frame = gpd.GeoDataFrame(columns, geometry=before, crs=4547)
    return frame, frame.set_geometry(after)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="500 zones")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--points", type=int, help="how many incidents; by default a million")
    parser.add_argument("--markdown", action="store_true")
    wanted = parser.parse_args()
    most = 20 if wanted.quick else _MOVES
    old, new = make_layers("25x20" if wanted.quick else "grids", most)
    compare_zones(old.iloc[:9], new.iloc[:9])  # compiled code is loaded once

    plain = [layer[["zone_code", "geometry"]] for layer in (old, new)]
    done = in_turn(
        {
            "ours": lambda: compare_zones(old, new),
            "chiefs": lambda: compare_zones(old, old.assign(chief_code="L")),
        },
        wanted.rounds,
    )
    done |= in_turn({"overlay": lambda: gpd.overlay(*plain, how="union", keep_geom_type=True)})
    ours, changes = done["ours"], done["ours"].result
    whole = shapely.union_all([*old.geometry, *new.geometry]).area
    rest = changes.figure("ground_before_or_after") / whole - 1
    print(f"{len(old):,} zones, {len(changes.moved)} moves; whole ground off by {rest:.1e}")
    what, peer = f"{len(old):,} zones", "geopandas.overlay(how='union')"
    rows = [
        Row(f"compare_zones, {what}, {text}", own.cpu, peer, done["overlay"].cpu, peak_mb=own.peak_mb)
        for text, own in ((f"{most} moves", ours), ("every chief another", done["chiefs"]))
    ]

    points = wanted.points or (50_000 if wanted.quick else 1_000_000)
    x, y = make_points(old.geometry.to_numpy(), "uniform", points)
    incidents = gpd.GeoDataFrame(geometry=shapely.points(x, y), crs=4547)
    assigned = assign_incidents(incidents, old)
    done = in_turn(
        {
            "few": lambda: reassign_incidents(assigned, old, new),
            "all": lambda: assign_incidents(incidents, new),
        },
        wanted.rounds,
    )
    few, everything = done["few"], done["all"]
    same = pd.DataFrame(few.result).equals(pd.DataFrame(everything.result))
    asked = few.result.attrs["reassigned"]["asked"]
    print(f"{asked:,} of {len(incidents):,} incidents asked again")
    work = f"reassign_incidents, {points:,} points"
    rows.append(Row(work, few.cpu, "assign_incidents", everything.cpu, peak_mb=few.peak_mb, same=same))
    return print_rows(rows, markdown=wanted.markdown)


if __name__ == "__main__":
    sys.exit(main())
