"""Hot spots of incidents: ``python tests/benchmarks/bench_hot_spots.py [--quick]``.

G* of cells beside esda, alone and with all that `hot_spots` does besides; hot spots by cell and month; and
Knox's test beside all pairs, which the peer does for ten of a thousand permutations. Answers are compared.
"""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import numpy as np
from shapely import box

sys.path.insert(0, str(Path(__file__).parent))
from measuring import in_turn, measured
from table import Row, print_rows

from zjk_gis.assess import emerging_hot_spots, hot_spots, near_repeats
from zjk_gis.assess.cells import cells_of
from zjk_gis.assess.local_statistics import g_star

ROUNDS = 3
CELL_M = 100


def clustered(count, side_m, months, spots=200):
    """Return incidents around some corners in a square, over some months."""
    import geopandas as gpd

    rng = np.random.default_rng(9)
    corners = rng.uniform(0, side_m, (spots, 2))
    places = np.clip(
        corners[rng.integers(0, spots, count)] + rng.normal(0, side_m / 60, (count, 2)), 1, side_m - 1
    )
    times = np.datetime64("2024-01-01", "s") + rng.integers(0, int(months * 30.4 * 86_400), count).astype(
        "m8[s]"
    )
    return gpd.GeoDataFrame({"occurred_at": times}, geometry=gpd.points_from_xy(*places.T), crs=4547)


def square(side_m):
    return gpd.GeoDataFrame(geometry=[box(0, 0, side_m, side_m)], crs=4547)


def beside_esda(side_m, incidents):
    """Return rows of G* and of all that `hot_spots` does, beside G* of esda."""
    cases, region, across = clustered(incidents, side_m, 12), square(side_m), side_m // CELL_M
    counts = hot_spots(cases, cells=CELL_M, region=region)["incidents"].to_numpy(dtype=float)[:, None]
    near = cells_of(CELL_M, region, hexagons=False, reach_m=None, day=None)
    own = counts[near.order]
    works = {
        "g": lambda: g_star(own, near.near).ravel(),
        "all": lambda: hot_spots(cases, cells=CELL_M, region=region),
    }
    one = f"G* of {across**2:,} cells, neighbours known"
    whole = f"hot_spots, {across**2:,} cells, {incidents:,} incidents"
    if find_spec("esda") is None or find_spec("libpysal") is None:
        done = in_turn(works, ROUNDS)
        return [
            Row(work, done[of].cpu, peak_mb=done[of].peak_mb) for work, of in ((one, "g"), (whole, "all"))
        ]
    import esda
    import libpysal

    def by_esda(weights):
        return esda.G_Local(counts.ravel(), weights, transform="B", star=True, permutations=0).Zs

    weights = libpysal.weights.lat2W(across, across, rook=False)
    by_esda(weights)
    works["esda"] = lambda: by_esda(weights)
    works["esda, neighbours too"] = lambda: by_esda(libpysal.weights.lat2W(across, across, rook=False))
    done = in_turn(works, ROUNDS)
    same = bool(np.abs(done["g"].result - done["esda"].result[near.order]).max() < 1e-9)
    return [
        Row(work, done[of].cpu, peer, done[peer].cpu, peak_mb=done[of].peak_mb, same=same)
        for work, of, peer in ((one, "g", "esda"), (whole, "all", "esda, neighbours too"))
    ]


def emerging(side_m, incidents):
    """Return a row of hot spots by cell and month."""
    cases, region = clustered(incidents, side_m, 24), square(side_m)
    done = measured(lambda: emerging_hot_spots(cases, cells=CELL_M, region=region), ROUNDS)
    cells = (side_m // CELL_M) ** 2
    work = f"emerging_hot_spots, {cells:,} cells by 24 months, {incidents:,} incidents"
    return [Row(work, done.cpu, peak_mb=done.peak_mb, same=len(done.result) == cells)]


def knox(incidents):
    """Return a row of Knox's test beside all pairs."""
    cases = clustered(incidents, 8000, 12)
    x, y = cases.geometry.x.to_numpy(), cases.geometry.y.to_numpy()
    day = cases["occurred_at"].to_numpy().astype("M8[D]").astype(np.int64)

    def all_pairs():
        near = np.triu(np.hypot(x[:, None] - x, y[:, None] - y) <= 200, 1)
        rng = np.random.default_rng(0)
        dealt = [day, *(rng.permutation(day) for _ in range(9))]
        return [int((near & (np.abs(each[:, None] - each) <= 7)).sum()) for each in dealt]

    done = in_turn(
        {
            "ours": lambda: near_repeats(cases, distances=[200], days=[7], permutations=999),
            "peer": all_pairs,
        },
        ROUNDS,
    )
    ours, peer = done["ours"], done["peer"]
    same = int(ours.result["pairs"].iloc[0]) == peer.result[0]
    work = f"near_repeats of {incidents:,} incidents, 999 permutations"
    return [Row(work, ours.cpu, "numpy, all pairs, scaled", 100 * peer.cpu, peak_mb=ours.peak_mb, same=same)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a sixteenth of the cells, fewer incidents")
    quick = parser.parse_args().quick
    rows = beside_esda(*((5_000, 20_000) if quick else (20_000, 300_000)))
    rows += emerging(*((10_000, 100_000) if quick else (50_000, 2_000_000)))
    rows += knox(1_000 if quick else 5_000)
    return print_rows(rows)


if __name__ == "__main__":
    sys.exit(main())
