"""What the tests of clusters share: zones, incidents in parts, sums that no order changes, a dask cluster."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from shapely import box

WEST, SOUTH, STEP = 114.88, 40.82, 0.001
WORDS = ["zone_code", "found", "reason", "chief_code"]


def zones_with_periods():
    """Four zones in a row; the third ends with 2024 and another takes its ground, the last overlaps it."""
    boxes = [box(WEST + at * STEP, SOUTH, WEST + (at + 1) * STEP, SOUTH + STEP) for at in (0, 1, 2, 2, 2.5)]
    return gpd.GeoDataFrame(
        {
            "zone_code": ["A", "B", "C", "C2", "D"],
            "chief_code": ["LZ1", None, "LZ3", "LZ4", "LZ5"],
            "valid_from": [None, None, None, "2025-01-01", None],
            "valid_to": [None, None, "2024-12-31", None, None],
        },
        geometry=boxes,
        crs=4490,
    )


def incidents(rows, seed=0, *, hostile=True):
    """Incidents around the zones: on corners and borders, at 0, 0, without a place, without a time."""
    draw = np.random.default_rng(seed)
    lon = WEST + draw.integers(-5, 45, rows) * STEP / 10
    lat = SOUTH + draw.integers(-3, 14, rows) * STEP / 10
    inside = draw.random(rows) < 0.5
    lon, lat = np.where(inside, lon + draw.random(rows) * STEP / 10, lon), lat + inside * STEP / 37
    days = np.datetime64("2024-12-31T20:00") + draw.integers(-300, 300, rows).astype("timedelta64[m]")
    kinds = draw.integers(0, 40, rows) if hostile else np.full(rows, 9)
    lon = np.select([kinds == 0, kinds == 1, kinds == 2], [0.0, np.inf, 100.0], lon)
    lat = np.where(kinds == 0, 0.0, lat)
    return pa.table(
        {
            "number": np.arange(rows) + seed * 10_000_000,
            "zone_code": pa.array(["recorded"] * rows, pa.string()),
            "occurred_at": pa.array(days.astype("datetime64[us]"), mask=kinds == 3),
            "lon": pa.array(lon, mask=kinds == 4),
            "lat": pa.array(lat),
        }
    )


def write_parts(folder, rows_of_parts):
    """Write parts of so many rows, in folders of two months; return how many rows there are."""
    for at, rows in enumerate(rows_of_parts):
        part = folder / f"month=2026-{5 + at % 2:02}" / f"part-{at:02}.parquet"
        part.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(incidents(rows, at), part, compression="zstd")
    return sum(rows_of_parts)


def parts_in(folder):
    """Name the parts of a folder."""
    found = (each for each in folder.rglob("*.parquet") if "_work" not in each.parts)
    return sorted(each.relative_to(folder).as_posix() for each in found)


def sum_of(table):
    """Add up a hash of every row: it tells whether two tables have the same rows, however often each."""
    frame = table.select(["number", *WORDS, "candidates", "ambiguous", "distance_m"]).to_pandas()
    frame["distance_m"] = frame["distance_m"].round(6)
    frame = frame.astype(dict.fromkeys(WORDS, "str"))
    return int(pd.util.hash_pandas_object(frame, index=False).sum()), len(frame)


def sum_of_parts(folder):
    """The same over all parts of a folder."""
    sums = [sum_of(pq.read_table(folder / name, partitioning=None)) for name in parts_in(folder)]
    return sum(each for each, _ in sums) % 2**64, sum(rows for _, rows in sums)


@contextmanager
def dask_cluster(folder, workers=2, port=0):
    """Start a scheduler and workers, whom nobody starts again; yield the process of the scheduler."""
    told, root = folder / "scheduler.json", Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}
    start = {"cwd": folder, "env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    run = [sys.executable, "-m", "distributed.cli.dask_"]
    common = ["--scheduler-file", told, "--dashboard-address", ":0", "--host", "127.0.0.1"]
    scheduler = subprocess.Popen([*run[:2], run[2] + "scheduler", *common, "--port", str(port)], **start)
    kinds = ["--no-nanny", "--nthreads", "1", "--local-directory", folder]
    started = [
        subprocess.Popen([*run[:2], run[2] + "worker", *common, *kinds], **start) for _ in range(workers)
    ]
    try:
        while not told.exists():
            assert scheduler.poll() is None, "the scheduler did not start"
            time.sleep(0.05)
        yield scheduler
    finally:
        for each in (*started, scheduler):
            each.kill()
            each.wait()


@contextmanager
def client_of(folder):
    """Open a client of that cluster."""
    from distributed import Client

    with Client(scheduler_file=str(folder / "scheduler.json")) as client:
        client.wait_for_workers(1)
        yield client
