"""The job from file to file beside copying and SedonaDB: ``python tests/benchmarks/bench_job.py [--rows N]``.

The source has six columns, with codes, words, times, longitudes and latitudes; the zones are 20,000 unit
grids with chiefs. Every measurement runs in a process of its own; what is printed is the least of three runs,
and the peak memory of the process. Copying reads the same file batch by batch and writes it again, with the
same compression.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from data import make_points, make_zones
from table import Row, print_rows, print_table

BATCH = 1 << 17
JOBS = (
    ("copy", "parquet"),
    ("zjk_gis", "parquet"),
    ("sedonadb", "parquet"),
    ("copy", "csv"),
    ("zjk_gis", "csv"),
)


def make_layers():
    import geopandas as gpd

    grids = make_zones("grids")
    codes = [f"{130703001001001 + at}" for at in range(len(grids))]
    chiefs = [f"LZ{at % 900:04}" for at in range(len(grids))]
    zones = gpd.GeoDataFrame({"grid_code": codes, "chief_code": chiefs}, geometry=grids, crs=4547)
    west, south, east, north = zones.total_bounds  # to be moved to Zhangjiakou
    moved = zones.translate(573_000 - (west + east) / 2, 4_520_000 - (south + north) / 2)
    return zones.set_geometry(moved)


def make_source(folder, rows):
    """Write the same incidents as Parquet and as text."""
    import pyarrow as pa
    from pyarrow import csv, parquet
    from pyproj import Transformer

    zones = make_layers()
    zones.to_parquet(folder / "zones.parquet")
    to_degrees = Transformer.from_crs(4547, 4490, always_xy=True)
    words = np.array(["暴露垃圾,请尽快处理", "占道经营", "井盖缺失,影响通行", "路灯不亮", "违章停车"])
    table_writer = text_writer = None
    for start in range(0, rows, BATCH):
        size = min(BATCH, rows - start)
        rng = np.random.default_rng(start)
        x, y = make_points(zones.geometry.to_numpy(), "uniform", size, seed=start)
        lon, lat = to_degrees.transform(x, y)
        seconds = rng.integers(0, 365 * 86_400, size).astype("timedelta64[s]")
        batch = pa.record_batch(
            {
                "incident_code": [f"ZJK{at:010}" for at in range(start, start + size)],
                "category": words[rng.integers(0, 5, size)].astype(object),
                "description": [f"第{at}号" for at in rng.integers(0, 50_000, size)],
                "occurred_at": pa.array(
                    (np.datetime64("2025-01-01", "s") + seconds).astype("datetime64[ms]")
                ),
                "lon": np.round(lon, 7),
                "lat": np.round(lat, 7),
            }
        )
        if table_writer is None:
            table_writer = parquet.ParquetWriter(folder / "in.parquet", batch.schema)
            text_writer = csv.CSVWriter(folder / "in.csv", batch.schema)
        table_writer.write_batch(batch)
        text_writer.write_batch(batch)
    table_writer.close()
    text_writer.close()


def copy(folder, ending):
    import pyarrow as pa
    from pyarrow import csv, parquet

    if ending == "parquet":
        content = parquet.ParquetFile(folder / "in.parquet")
        with parquet.ParquetWriter(folder / "out.parquet", content.schema_arrow) as writer:
            for batch in content.iter_batches(BATCH):
                writer.write_batch(batch)
        return content.metadata.num_rows
    names = (folder / "in.csv").open(encoding="utf-8").readline().strip().replace('"', "").split(",")
    as_text = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    options = csv.ReadOptions(block_size=1 << 23)
    with csv.open_csv(folder / "in.csv", read_options=options, convert_options=as_text) as content:
        rows = 0
        with csv.CSVWriter(folder / "out.csv", content.schema) as writer:
            for batch in content:
                writer.write_batch(batch)
                rows += batch.num_rows
    return rows


def zjk_gis(folder, ending):
    import geopandas as gpd

    from zjk_gis.batch.job import assign_batch

    zones = gpd.read_parquet(folder / "zones.parquet")
    return assign_batch(folder / f"in.{ending}", zones, folder / f"out.{ending}").rows_out


def sedonadb(folder, ending):
    """Find the pairs that intersect, and write them with the columns of the source and of the zone."""
    import geopandas as gpd
    import sedonadb
    from pyarrow import parquet

    context = sedonadb.connect()
    zones = gpd.read_parquet(folder / "zones.parquet").to_crs(4490).set_crs(None, allow_override=True)
    context.create_data_frame(zones).to_view("zones")
    context.read_parquet(str(folder / f"in.{ending}")).to_view("incidents")
    context.sql(
        "SELECT p.*, z.grid_code, z.chief_code FROM incidents p "
        "JOIN zones z ON ST_Intersects(z.geometry, ST_Point(p.lon, p.lat))"
    ).to_parquet(str(folder / f"out.{ending}"), single_file_output=True)
    return parquet.read_metadata(folder / f"out.{ending}").num_rows


def measure(job, ending, folder):
    """Measure one job in this process, and print it as JSON."""
    start = time.perf_counter()
    rows = globals()[job](Path(folder), ending)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "rows": rows}))


def run(job, ending, folder):
    command = [sys.executable, __file__, "--one", job, ending, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{job} {ending}: {done.stderr.strip()}")
    for made in folder.glob("out.*"):
        made.unlink()
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="100,000 rows, once")
    parser.add_argument("--folder", help="where the files are made; by default a temporary one")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.one:
        measure(*wanted.one)
        return 0
    if wanted.quick:
        wanted.rows, wanted.repeat = 100_000, 1
    with tempfile.TemporaryDirectory(dir=wanted.folder) as name:
        folder = Path(name)
        make_source(folder, wanted.rows)
        found = {}
        jobs = [job for job in JOBS if job[0] != "sedonadb" or find_spec("sedonadb")]
        for job in jobs * wanted.repeat:  # in turn, so that a busy machine is unfair to none
            found.setdefault(job, []).append(run(*job, folder))
        rows = []
        for (job, ending), results in found.items():
            best = min(result["seconds"] for result in results)
            copied = min(result["seconds"] for result in found["copy", ending])
            rate = f"{wanted.rows / best / 1e6:.2f}"
            peak = f"{max(result['peak_mb'] for result in results):.0f}"
            out = f"{results[0]['rows']:,}"
            rows.append((ending, job, f"{best:.2f}", rate, f"{best / copied:.2f}", peak, out))
        print_table(("file", "job", "s", "million rows/s", "times copying", "peak MB", "rows out"), rows)
    best = {key: min(result["seconds"] for result in results) for key, results in found.items()}
    return print_rows(
        [
            Row(
                f"assign_batch, {wanted.rows:,} rows of {ending}", best["zjk_gis", ending], job, theirs, "s",
                peak_mb=max(result["peak_mb"] for result in found["zjk_gis", ending]),
            )
            for (job, ending), theirs in best.items()
            if job != "zjk_gis"
        ]
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
