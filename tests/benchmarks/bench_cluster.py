"""One kernel on several engines: ``python tests/benchmarks/bench_cluster.py [--rows N] [--quick]``.

The source is a folder of eight parts of Parquet of five columns (number, kind, time, longitude, latitude),
packed with zstd; the zones are 20,000 unit grids with chiefs. *threads* is `assign_batch` from folder to
folder in one process with two threads, *file* the same to one file; *dask* two processes of one thread with a
scheduler of their own; *spark* `assign_on_spark` in a session of two cores, beside two bounds: *identity*, a
`mapInArrow` that hands the same batches through Python, and *columns*, one that puts behind them as many
columns of the same types as answers have, from memory. *codes* is Spark with the codes of zones alone. Spark
writes what each gives. Every engine runs in a process of its own, answers for a small folder first, and is
measured by the clock and by the CPU seconds of all its processes, starting left out; engines take turns. The
answers are one multiset: number, zone and reason of every row, hashed and added up.

``--rates`` measures in one thread what `zjk_gis.batch.plan_cluster` reckons with (``tables/rates.csv``), of
zones in any number: ``--zones 500x400``. The source has row groups of 50,000 rows, as a platform may have
them: nothing of it passes undecoded.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from shutil import rmtree, which

sys.path.insert(0, str(Path(__file__).parent))
from bench_job import BATCH, make_batch, make_layers
from table import Row, print_rows, print_table

PARTS = 8
HOW = {"lon": "lon", "lat": "lat", "crs": 4490}
SPARK = ("identity", "columns", "codes", "spark")


def make_source(folder, rows):
    """Write the parts, a small folder of the same, and the plan."""
    import pyarrow as pa
    from pyarrow import parquet

    from zjk_gis.assign import AssignmentPlan

    zones = make_layers()
    AssignmentPlan.prepare(zones, expected=rows).save(folder / "plan")
    shapes = zones.geometry.to_numpy()
    for name, number in (("large", rows // PARTS), ("small", 20_000)):
        (folder / name).mkdir()
        for part in range(PARTS):
            first = part * number
            batches = [
                make_batch(shapes, first + at, min(BATCH, number - at), few=True)
                for at in range(0, number, BATCH)
            ]
            table = pa.Table.from_batches(batches)
            parquet.write_table(table, folder / name / f"part-{part}.parquet", compression="zstd")


@contextmanager
def threads(folder):
    """Work in this process, to a folder."""
    from zjk_gis.assign import AssignmentPlan
    from zjk_gis.batch import assign_batch

    plan = AssignmentPlan.load(folder / "plan")
    yield lambda source, target: assign_batch(source, plan, target, **HOW)


@contextmanager
def file(folder):
    """Work in this process, to one file."""
    with threads(folder) as work:
        yield lambda source, target: work(source, target.with_name("out.parquet"))


@contextmanager
def dask(folder):
    """Work on a cluster of two processes."""
    from distributed import Client, LocalCluster

    from zjk_gis.batch import assign_on_dask

    kinds = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": 50}
    with LocalCluster(**kinds, local_directory=str(folder)) as cluster, Client(cluster) as client:
        yield lambda source, target: assign_on_dask(source, folder / "plan", target, client=client, **HOW)


@contextmanager
def spark(folder, how="spark"):
    """Work in a session of two cores."""
    from pyspark.sql import SparkSession

    from zjk_gis.batch import answer_schema, assign_on_spark

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.memory", "2g")
    session = builder.config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()

    def work(source, target):
        frame = session.read.parquet(str(source))
        if how == "spark":
            made = assign_on_spark(frame, folder / "plan", **HOW)
        elif how == "codes":
            made = assign_on_spark(frame, folder / "plan", columns=["grid_code"], **HOW)
        elif how == "columns":
            wide = answer_schema(frame.schema, folder / "plan", dialect="spark")
            made = frame.mapInArrow(partial(with_columns, answers=some_answers(folder)), wide)
        else:
            made = frame.mapInArrow(same, frame.schema)
        made.write.mode("overwrite").parquet(str(target))

    try:
        yield work
    finally:
        session.stop()


def same(batches):
    """Hand batches on."""
    yield from batches


def with_columns(batches, answers):
    """Hand batches on with the answers of other rows behind them."""
    import pyarrow as pa

    for batch in batches:
        columns = [*batch.columns, *answers.slice(0, batch.num_rows).columns]
        yield pa.RecordBatch.from_arrays(columns, [*batch.schema.names, *answers.schema.names])


def some_answers(folder):
    """Return the answers of 10,000 rows, as many as Spark hands out at a time."""
    from pyarrow import parquet

    from zjk_gis.batch import assign_batches

    with parquet.ParquetFile(folder / "large" / "part-0.parquet") as content:
        rows = next(content.iter_batches(10_000))
    (found,) = assign_batches([rows], folder / "plan", **HOW)
    return found.select(found.schema.names[len(rows.schema) :])


def codes(folder):
    """Answer with the codes of zones alone."""
    return spark(folder, "codes")


def identity(folder):
    """Let the same rows through Python and write them."""
    return spark(folder, "identity")


def columns(folder):
    """Let the same rows through Python, and put columns behind them from memory."""
    return spark(folder, "columns")


def used():
    """Return the CPU seconds and the memory of this process and all below it."""
    import psutil

    me = psutil.Process()
    cpu, most = 0.0, 0.0
    for each in (me, *me.children(recursive=True)):
        try:
            times, memory = each.cpu_times(), each.memory_info().rss / 2**20
        except psutil.NoSuchProcess:
            continue
        cpu += times.user + times.system
        most = max(most, memory if "java" not in each.name() else 0.0)
    return cpu, most


def measure(engine, folder):
    """Measure one engine in this process, and print it as JSON."""
    folder = Path(folder)
    target = folder / "out"
    with globals()[engine](folder) as work:
        for _ in range(2):  # what is compiled and started late is there then
            work(folder / "small", target)
            rmtree(target, ignore_errors=True)
        (before, _), start = used(), time.perf_counter()
        work(folder / "large", target)
        seconds = time.perf_counter() - start
        after, most = used()
    told = {"seconds": seconds, "cpu": after - before, "peak_mb": most, "load": os.getloadavg()[0]}
    if engine not in SPARK[:3]:
        made = [folder / "out.parquet"] if engine == "file" else sorted(target.glob("*.parquet"))
        told |= summed(made)
        if (rejects := folder / "out.parquet.rejects.csv").exists():
            rejects.unlink()
    rmtree(target, ignore_errors=True)
    (folder / "out.parquet").unlink(missing_ok=True)
    print(json.dumps(told))


def summed(files):
    """Add up a hash of every row that has an answer."""
    import pandas as pd
    from pyarrow import parquet

    total, rows = 0, 0
    for name in files:
        for batch in parquet.ParquetFile(name).iter_batches(
            1 << 20, columns=["number", "grid_code", "reason"]
        ):
            frame = batch.to_pandas().astype({"grid_code": "str", "reason": "str"})
            total += int(pd.util.hash_pandas_object(frame, index=False).sum())
            rows += len(frame)
    return {"sum": total % 2**64, "rows": rows}


def rates(folder, rows, zones):
    """Print CPU seconds of one thread: decoding, assigning, and all that is left of a job."""
    import pyarrow as pa
    from pyarrow import parquet

    from zjk_gis.assign import AssignmentPlan
    from zjk_gis.batch import assign_batch, assign_batches

    os.environ["ZJK_GIS_THREADS"] = "1"
    pa.set_cpu_count(1)
    layers = make_layers(zones)
    plan = AssignmentPlan.prepare(layers, expected=rows)
    plan_bytes = sum(each.stat().st_size for each in plan.save(folder / "plan").iterdir())
    shapes = layers.geometry.to_numpy()
    batches = [make_batch(shapes, at, min(BATCH, rows - at), few=True) for at in range(0, rows, BATCH)]
    table = pa.Table.from_batches(batches)
    (folder / "in").mkdir()
    source = folder / "in" / "part.parquet"
    parquet.write_table(table, source, compression="zstd", row_group_size=50_000)

    def decode():
        with parquet.ParquetFile(source, pre_buffer=False) as content:
            for _ in content.iter_batches(BATCH, use_threads=False):
                pass

    def assign():
        for _ in assign_batches(batches, plan, columns=[], **HOW):
            pass

    def job():
        rmtree(folder / "out", ignore_errors=True)
        assign_batch(folder / "in", plan, folder / "out", **HOW)

    took = {}
    for work in (decode, assign, job):
        seconds = []
        for _ in range(6):
            began = time.process_time()
            work()
            seconds.append(time.process_time() - began)
        took[work.__name__] = statistics.median(seconds[1:])
    size_in, size_out = source.stat().st_size, (folder / "out" / source.name).stat().st_size
    made = parquet.read_metadata(folder / "out" / source.name)
    groups = (made.row_group(at) for at in range(made.num_row_groups))
    chunks = [group.column(at) for group in groups for at in range(len(table.schema), group.num_columns)]
    rest = took["job"] - took["decode"] - took["assign"]
    told = {
        "decode_mb_s": size_in / 1e6 / took["decode"],
        "assign_rows_s": rows / took["assign"],
        "write_mb_s": size_out / 1e6 / rest,
        "added_bytes": sum(each.total_compressed_size for each in chunks) / rows,
        "zone_bytes": plan_bytes / len(shapes),
        "bytes a row": size_in / rows,
        "job_rows_s": rows / took["job"],
    }
    heads = (f"{len(shapes):,} zones, {rows:,} rows, load {os.getloadavg()[0]:.1f}", "rate")
    print_table(heads, [(name, f"{value:,.1f}") for name, value in told.items()])


def run(engine, folder):
    command = [sys.executable, __file__, "--one", engine, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"ZJK_GIS_THREADS": "2"})
    if done.returncode:
        sys.exit(f"{engine}: {done.stderr.strip()[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engines", help="which, with commas between them")
    parser.add_argument("--quick", action="store_true", help="400,000 rows, one round, no Spark")
    parser.add_argument("--folder", help="where the files are made; by default a temporary one")
    parser.add_argument("--rates", action="store_true", help="what `plan_cluster` reckons with")
    parser.add_argument("--zones", default="grids", help="of --rates: columns x rows, 500x400")
    parser.add_argument("--make", help=argparse.SUPPRESS)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.make:
        make_source(Path(wanted.make), wanted.rows)
        return 0
    if wanted.one:
        measure(*wanted.one)
        return 0
    if wanted.rates:
        with tempfile.TemporaryDirectory(dir=wanted.folder) as made:
            rates(Path(made), min(wanted.rows, 2_000_000), wanted.zones)
        return 0
    if wanted.quick:
        wanted.rows, wanted.rounds, wanted.engines = 400_000, 1, "threads,dask"
    there = ["threads", "file"]
    there += ["dask"] if find_spec("distributed") else []
    there += SPARK if find_spec("pyspark") and which("java") else []
    engines = wanted.engines.split(",") if wanted.engines else there
    with tempfile.TemporaryDirectory(dir=wanted.folder) as made:
        subprocess.run([sys.executable, __file__, "--make", made, "--rows", str(wanted.rows)], check=True)
        found = {engine: [] for engine in engines}
        for engine in engines * wanted.rounds:
            found[engine].append(run(engine, made))
    heads = ("engine", "s", "least", "CPU s", "least", "a process, MB", "load", "rows")
    print_table(heads, [line(engine, results) for engine, results in found.items()])
    return print_rows(rows_of(found, wanted.rows))


def rows_of(found, rows):
    """Return dask beside threads, and Spark beside both bounds, by median CPU seconds."""
    took = {engine: statistics.median(each["cpu"] for each in results) for engine, results in found.items()}
    sums = {results[0]["sum"] for results in found.values() if "sum" in results[0]}
    told = []
    for ours, beside, peer in (
        ("dask", "threads", "one process, two threads"),
        ("spark", "identity", "identity mapInArrow"),
        ("spark", "columns", "mapInArrow that adds columns from memory"),
        ("codes", "identity", "identity mapInArrow"),
    ):
        if ours in took and beside in took:
            peak = max(each["peak_mb"] for each in found[ours])
            work = f"{ours}, {rows:,} rows, 20,000 zones"
            told.append(Row(work, took[ours], peer, took[beside], peak_mb=peak, same=len(sums) == 1))
    return told


def line(engine, results):
    """Say of one engine how long it took."""
    seconds, cpu = ([each[key] for each in results] for key in ("seconds", "cpu"))
    figures = [statistics.median(seconds), min(seconds), statistics.median(cpu), min(cpu)]
    load = statistics.median(each["load"] for each in results)
    peak = max(each["peak_mb"] for each in results)
    rows = results[0].get("rows", "")
    return (
        engine,
        *(f"{each:.1f}" for each in figures),
        f"{peak:.0f}",
        f"{load:.1f}",
        f"{rows:,}" if rows else "",
    )


if __name__ == "__main__":
    sys.exit(main())
