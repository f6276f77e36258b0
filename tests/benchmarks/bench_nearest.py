"""The nearest section and the nearest zone beside the peers: ``python tests/benchmarks/bench_nearest.py``.

150,000 road sections of 7 vertices; and a coverage of 20,000 zones of which a third is missing, asked with
the points that lie in none. Building the index is part of the time; the peers are asked for a twentieth of
the points, and their time is multiplied.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).parent))
from data import make_points, make_zones
from measuring import measured
from table import Row, print_rows

from zjk_gis import ZoneIndex
from zjk_gis.index import SectionIndex

FEWER = 20


def make_sections(n, rng):
    heading = rng.uniform(0, 2 * np.pi, n)
    place = rng.uniform(0, 60_000, (n, 2))
    vertices = [place]
    for _ in range(6):
        heading = heading + rng.normal(0, 0.2, n)
        place = place + 25 * np.column_stack([np.cos(heading), np.sin(heading)])
        vertices.append(place)
    codes = [f"S{at:06}" for at in range(n)]
    lines = shapely.linestrings(np.stack(vertices, axis=1))
    return gpd.GeoDataFrame({"section_code": codes}, geometry=lines, crs=4547)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of all")
    quick = parser.parse_args().quick
    less = 10 if quick else 1
    rng = np.random.default_rng(3)
    rows = []
    sections = make_sections(150_000 // less, rng)
    x, y = rng.uniform(0, 60_000, (2, 1_000_000 // less))
    SectionIndex.build(sections[:1000]).nearest(x[:30_000], y[:30_000])
    own = measured(lambda: SectionIndex.build(sections).nearest(x, y), 3)
    few = shapely.points(x[: len(x) // FEWER], y[: len(x) // FEWER])
    peer = measured(
        lambda: shapely.STRtree(sections.geometry.to_numpy()).query_nearest(
            few, return_distance=True, all_matches=False
        )
    )
    pairs, distance = peer.result
    agree = np.allclose(distance, own.result.distance_m[pairs[0]], rtol=1e-9, atol=1e-9)
    rows.append(
        row(f"nearest of {len(sections):,} sections", len(x), own, "STRtree.query_nearest", peer, agree)
    )

    zones = make_zones("50x40" if quick else "grids")
    zones = zones[rng.random(len(zones)) < 0.67]
    layer = gpd.GeoDataFrame(geometry=zones, crs=4547)
    x, y = make_points(zones, "uniform", 3_000_000 // less)
    outside = ZoneIndex.build(layer).locate(x, y).row < 0
    x, y = x[outside][: 900_000 // less], y[outside][: 900_000 // less]
    own = measured(lambda: ZoneIndex.build(layer).nearest(x, y), 3)
    distance_m = own.result[1]
    few = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x[: len(x) // FEWER], y[: len(x) // FEWER]), crs=4547)
    peer = measured(lambda: gpd.sjoin_nearest(few, layer, distance_col="d"))
    agree = np.allclose(
        peer.result["d"].groupby(level=0).first().to_numpy(), distance_m[: len(few)], rtol=1e-9, atol=1e-9
    )
    rows.append(row(f"nearest of {len(zones):,} zones", len(x), own, "geopandas.sjoin_nearest", peer, agree))
    return print_rows(rows)


def row(work, number, own, peer, theirs, agree):
    """Return a row; the peer was asked a part of the points."""
    seconds = theirs.cpu * number / (number // FEWER)
    return Row(f"{work}, {number:,} points", own.cpu, peer, seconds, peak_mb=own.peak_mb, same=bool(agree))


if __name__ == "__main__":
    sys.exit(main())
