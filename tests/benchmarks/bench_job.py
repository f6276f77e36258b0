"""The job from file to file beside copying: ``python tests/benchmarks/bench_job.py [--rows N] [--quick]``.

Three sources: *narrow* is Parquet of five columns (number, kind, time, longitude, latitude), *wide* Parquet
of ten with codes and words, *text* the same ten as .csv; Parquet is packed with zstd and has the row groups
that pyarrow makes by itself. The zones are 20,000 unit grids with chiefs. Copying reads the same file batch
by batch with pyarrow and writes it again, with the same compression. Copy and job take turns, every run in a
process of its own that did the same with 30,000 rows before, and begins when the disk has nothing left to
write of what others made; what is printed are medians, the least, and the peak memory of the process.
SedonaDB joins the Parquet files where it is installed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from data import make_points, make_zones
from table import Row, print_rows, print_table

BATCH = 1 << 17
SOURCES = {"narrow": "parquet", "wide": "parquet", "text": "csv"}
SHARE = {"narrow": 1.0, "wide": 0.4, "text": 0.4}  # of the rows asked for
KINDS = ["暴露垃圾,请尽快处理", "占道经营", "井盖缺失,影响通行", "路灯不亮", "违章停车"]


def make_layers(zones="grids"):
    import geopandas as gpd

    grids = make_zones(zones)
    codes = [f"{130703001001001 + at}" for at in range(len(grids))]
    chiefs = [f"LZ{at % 900:04}" for at in range(len(grids))]
    zones = gpd.GeoDataFrame({"grid_code": codes, "chief_code": chiefs}, geometry=grids, crs=4547)
    west, south, east, north = zones.total_bounds  # to be moved to Zhangjiakou
    moved = zones.translate(573_000 - (west + east) / 2, 4_520_000 - (south + north) / 2)
    return zones.set_geometry(moved)


def make_source(folder, rows):
    """Write incidents: few columns and many as Parquet, and many as text."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    zones = make_layers()
    zones.to_parquet(folder / "zones.parquet")
    zones = zones.geometry.to_numpy()
    for (source, ending), is_small in product(SOURCES.items(), (False, True)):
        number = 30_000 if is_small else int(rows * SHARE[source])
        name = f"small_{source}" if is_small else source
        batches = (
            make_batch(zones, start, min(BATCH, number - start), few=source == "narrow")
            for start in range(0, number, BATCH)
        )
        if ending == "csv":
            first = next(batches)
            with csv.CSVWriter(folder / f"{name}.csv", first.schema) as writer:
                for batch in (first, *batches):
                    writer.write_batch(batch)
        else:
            table = pa.Table.from_batches(batches)
            parquet.write_table(table, folder / f"{name}.parquet", compression="zstd")


def make_batch(zones, start, size, *, few):
    import pyarrow as pa
    from pyproj import Transformer

    rng = np.random.default_rng(start)
    x, y = make_points(zones, "uniform", size, seed=start)
    lon, lat = Transformer.from_crs(4547, 4490, always_xy=True).transform(x, y)
    numbers = np.arange(start, start + size)
    seconds = np.datetime64("2025-01-01", "s") + rng.integers(0, 365 * 86_400, size).astype("timedelta64[s]")
    kinds = rng.integers(0, len(KINDS), size)
    when, lon, lat = pa.array(seconds.astype("datetime64[ms]")), np.round(lon, 7), np.round(lat, 7)
    if few:
        kinds = kinds.astype(np.int16)
        return pa.record_batch(
            {"number": numbers, "kind": kinds, "occurred_at": when, "lon": lon, "lat": lat}
        )
    return pa.record_batch(
        {
            "incident_code": [f"ZJK{at:010}" for at in numbers],
            "category": np.array(KINDS, dtype=object)[kinds],
            "description": [f"第{at}号" for at in rng.integers(0, 50_000, size)],
            "address": [f"桥东区建设街{at}号" for at in rng.integers(0, 900, size)],
            "reporter": [f"R{at:05}" for at in rng.integers(0, 20_000, size)],
            "state": np.array(["open", "closed"], dtype=object)[rng.integers(0, 2, size)],
            "weight": rng.integers(1, 100, size).astype(np.int32),
            "occurred_at": when,
            "lon": lon,
            "lat": lat,
        }
    )


def _ending(name):
    return SOURCES[name.removeprefix("small_")]


def copy(folder, name):
    import pyarrow as pa
    from pyarrow import csv, parquet

    if _ending(name) == "parquet":
        content = parquet.ParquetFile(folder / f"{name}.parquet")
        made = folder / f"out.{name}.parquet"
        with parquet.ParquetWriter(made, content.schema_arrow, compression="zstd") as writer:
            for batch in content.iter_batches(BATCH):
                writer.write_batch(batch)
        return content.metadata.num_rows
    source = folder / f"{name}.csv"
    with source.open(encoding="utf-8") as lines:
        names = lines.readline().strip().replace('"', "").split(",")
    as_text = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    options = csv.ReadOptions(block_size=1 << 23)
    with csv.open_csv(source, read_options=options, convert_options=as_text) as content:
        rows = 0
        with csv.CSVWriter(folder / f"out.{name}.csv", content.schema) as writer:
            for batch in content:
                writer.write_batch(batch)
                rows += batch.num_rows
    return rows


def zjk_gis(folder, name):
    import geopandas as gpd

    from zjk_gis.batch.job import assign_batch

    zones = gpd.read_parquet(folder / "zones.parquet")
    ending = _ending(name)
    return assign_batch(folder / f"{name}.{ending}", zones, folder / f"out.{name}.{ending}").rows_out


def sedonadb(folder, name):
    """Find the pairs that intersect, and write them with the columns of the source and of the zone."""
    import geopandas as gpd
    import sedonadb
    from pyarrow import parquet

    context = sedonadb.connect()
    zones = gpd.read_parquet(folder / "zones.parquet").to_crs(4490).set_crs(None, allow_override=True)
    context.create_data_frame(zones).to_view("zones")
    context.read_parquet(str(folder / f"{name}.parquet")).to_view("incidents")
    context.sql(
        "SELECT p.*, z.grid_code, z.chief_code FROM incidents p "
        "JOIN zones z ON ST_Intersects(z.geometry, ST_Point(p.lon, p.lat))"
    ).to_parquet(str(folder / f"out.{name}.parquet"), single_file_output=True)
    return parquet.read_metadata(folder / f"out.{name}.parquet").num_rows


def measure(job, name, folder):
    """Measure one job in this process, and print it as JSON."""
    globals()[job](Path(folder), f"small_{name}")  # whose code is loaded then
    start, worked = time.perf_counter(), time.process_time()
    rows = globals()[job](Path(folder), name)
    told = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - worked, "rows": rows}
    told["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(told))


def run(job, name, folder):
    command = [sys.executable, __file__, "--one", job, name, str(folder)]
    os.sync()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{job} {name}: {done.stderr.strip()}")
    for made in folder.glob("out.*"):
        made.unlink()
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=5_000_000, help="of the narrow source")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sources", default=",".join(SOURCES), help="which, with commas between them")
    parser.add_argument("--quick", action="store_true", help="200,000 rows, once, no wide source")
    parser.add_argument("--folder", help="where the files are made; by default a temporary one")
    parser.add_argument("--make", help=argparse.SUPPRESS)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.make:
        make_source(Path(wanted.make), wanted.rows)
        return 0
    if wanted.one:
        measure(*wanted.one)
        return 0
    if wanted.quick:
        wanted.rows, wanted.rounds, wanted.sources = 200_000, 1, "narrow,text"
    jobs = ["copy", "zjk_gis", *(["sedonadb"] if find_spec("sedonadb") else [])]
    rows = []
    with tempfile.TemporaryDirectory(dir=wanted.folder) as made:
        folder = Path(made)
        # In a process of its own, as the peak of a process counts what its parent held when it was made.
        subprocess.run([sys.executable, __file__, "--make", made, "--rows", str(wanted.rows)], check=True)
        heads = ("job", "s", "least", "CPU s", "times copying", "least", "CPU", "peak MB", "rows out")
        for name in wanted.sources.split(","):
            mine = [job for job in jobs if job != "sedonadb" or SOURCES[name] == "parquet"]
            found = {job: [] for job in mine}
            for job in mine * wanted.rounds:  # in turn, so that a busy machine is unfair to none
                found[job].append(run(job, name, folder))
            print_table(heads, [line(job, found) for job in mine], title=name)
            rows += rows_of(name, found)
    return print_rows(rows)


def rows_of(name, found):
    """Return ours beside each of the others, by median CPU seconds of all rounds."""
    took = {job: statistics.median(each["cpu"] for each in results) for job, results in found.items()}
    out = found["zjk_gis"][0]["rows"]
    work = f"assign_batch, {out:,} rows, {name} {SOURCES[name]}"
    peak = max(each["peak_mb"] for each in found["zjk_gis"])
    return [
        Row(work, took["zjk_gis"], job, theirs, peak_mb=peak)
        for job, theirs in took.items()
        if job != "zjk_gis"
    ]


def line(job, found):
    """Say of one job how long it took, and how many times as long as copying."""

    def of(key, which):
        mine, copied = (which([result[key] for result in found[each]]) for each in (job, "copy"))
        return mine, mine / copied

    median, least, cpu = (
        of(*each) for each in (("seconds", statistics.median), ("seconds", min), ("cpu", statistics.median))
    )
    peak = max(result["peak_mb"] for result in found[job])
    figures = [f"{value:.2f}" for value in (median[0], least[0], cpu[0], median[1], least[1], cpu[1])]
    return (job, *figures, f"{peak:.0f}", f"{found[job][0]['rows']:,}")


if __name__ == "__main__":
    sys.exit(main())
