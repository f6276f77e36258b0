"""The kernel on Spark: a session of the caller's, the answers of one machine, and times stay Beijing's."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import clusters
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clusters import SOUTH, STEP, WEST

from zjk_gis.assign import AssignmentPlan
from zjk_gis.batch import answer_schema, assign_batches, assign_on_spark
from zjk_gis.batch.cluster import on_spark
from zjk_gis.errors import InputError, MissingColumnError

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
HOW = {"lon": "lon", "lat": "lat", "time": "occurred_at", "crs": 4490}


def _java_is_there():
    return shutil.which("java") is not None or "JAVA_HOME" in os.environ


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    """One session of two cores, with small batches, in a time zone that is not Beijing's."""
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed")
    if not _java_is_there():
        pytest.skip("Java is not installed")
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        patch.setenv("ZJK_GIS_PLANS", str(tmp_path_factory.mktemp("plans")))
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.delenv("ZJK_GIS_SKIPPED", raising=False)
        builder = SparkSession.builder.master("local[2, 2]").config("spark.ui.enabled", "false")
        settings = {
            "spark.driver.host": "127.0.0.1",
            "spark.sql.session.timeZone": "America/New_York",
            "spark.sql.shuffle.partitions": "2",
            "spark.local.dir": str(tmp_path_factory.mktemp("spark")),
            "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
        }
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("OFF")
        yield session
        session.stop()


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return AssignmentPlan.prepare(clusters.zones_with_periods()).save(tmp_path_factory.mktemp("plan") / "p")


def test_spark_gives_the_answers_of_one_machine(spark, plan, tmp_path):
    """Read and written by Spark in small batches; the plan is fetched by its address."""
    source = tmp_path / "in"
    clusters.write_parts(source, [49_999, 50_000, 0, 1, 150_000])
    frame = spark.read.parquet(str(source))
    assigned = assign_on_spark(frame, plan.as_uri(), **HOW)
    assert assigned.columns[:2] == ["number", "zone_code_recorded"]
    assigned.write.parquet(str(tmp_path / "out"))
    sums, rows = answers_here(source, plan)
    assert clusters.sum_of_parts(tmp_path / "out") == (sums, rows)
    assert rows == 250_000


def test_a_task_that_was_killed_and_runs_again_doubles_nothing(spark, plan, tmp_path, monkeypatch):
    """A Python worker is killed when rows have already left it."""
    source, mark = tmp_path / "in", tmp_path / "mark"
    clusters.write_parts(source, [4000, 0, 1, 3000])
    answered = on_spark._answered

    def dies_once(batches, **how):
        for batch in answered(batches, **how):
            yield batch
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(on_spark, "_answered", dies_once)
    assign_on_spark(spark.read.parquet(str(source)), plan, **HOW).write.parquet(str(tmp_path / "out"))
    assert mark.exists()
    assert clusters.sum_of_parts(tmp_path / "out") == answers_here(source, plan)


def answers_here(source, plan):
    """Add up what this process answers for the parts of a folder."""
    loaded = AssignmentPlan.load(plan)
    sums, rows = 0, 0
    for name in clusters.parts_in(source):
        content = pq.read_table(source / name, partitioning=None)
        batches = content.to_batches() or [pa.record_batch([[]] * 5, schema=content.schema)]
        some, count = clusters.sum_of(pa.Table.from_batches(assign_batches(batches, loaded, **HOW)))
        sums, rows = (sums + some) % 2**64, rows + count
    return sums, rows


def test_times_without_a_zone_stay_beijings_in_any_session(spark, plan, tmp_path):
    """Zone C ends with 2024: 17:00 that day is in it, but as a moment in UTC it is 2025 in Beijing."""
    moment = np.datetime64("2024-12-31T17:00", "us")
    kinds = {
        "naive": pa.array([moment]),
        "text": pa.array(["2024-12-31 17:00"]),
        "moment": pa.array([moment]).cast(pa.timestamp("us", "UTC")),
    }
    parts = []
    for name, when in kinds.items():
        part = tmp_path / f"{name}.parquet"
        place = {"kind": [name], "lon": [WEST + 2.2 * STEP], "lat": [SOUTH + STEP / 2]}
        pq.write_table(pa.table({**place, "occurred_at": when}), part)
        parts.append(assign_on_spark(spark.read.parquet(str(part)), plan, **HOW))
    found = dict.fromkeys(kinds)
    both = parts[0].select("kind", "zone_code")
    for each in parts[1:]:
        both = both.union(each.select("kind", "zone_code"))
    found = {row["kind"]: row["zone_code"] for row in both.collect()}
    assert found == {"naive": "C", "text": "C", "moment": "C2"}


def test_nothing_runs_before_it_is_asked_for(spark, plan):
    """No rows and only rejects are frames like others; what is wrong is said before a task starts."""
    frame = spark.createDataFrame(
        [(1, None, 40.82, "x")], "number long, lon double, lat double, reason string"
    )
    how = {"lon": "lon", "lat": "lat", "crs": 4490}
    always = plan.parent / "always"
    AssignmentPlan.load(plan).judged_at("2025-01-01").save(always)
    assigned = assign_on_spark(frame, always, **how)
    told = answer_schema(frame.schema, always, dialect="spark")
    assert told.startswith(
        "`number` bigint, `lon` double, `lat` double, `reason_recorded` string, `zone_code`"
    )
    row = assigned.union(assign_on_spark(frame.limit(0), always, **how)).collect()
    assert [(each["reason"], each["reason_recorded"], each["zone_code"]) for each in row] == [
        ("no_position", "x", None)
    ]
    with pytest.raises(MissingColumnError, match="time="):
        assign_on_spark(frame, plan, **how)
    few = assign_on_spark(frame, always, **how, columns=["zone_code"])
    assert few.columns == ["number", "lon", "lat", "reason", "zone_code"]
    assert [each["reason"] for each in few.collect()] == ["x"]
    with pytest.raises(MissingColumnError, match="no column 'x'"):
        assign_on_spark(frame, always, lon="x", lat="lat", crs=4490)


def test_the_script_runs_under_spark_submit(spark, plan, tmp_path):
    """It is what a platform starts, with the session that the platform gives."""
    import pyspark

    source, target = tmp_path / "in", tmp_path / "out"
    clusters.write_parts(source, [300, 200])
    where = [sys.executable, "-m", "zjk_gis.batch.cluster.spark_submit", "--where"]
    script = subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip()
    submit = Path(pyspark.__file__).parent / "bin" / "spark-submit"
    local = ["--master", "local[2]", "--conf", "spark.ui.enabled=false", script, source, plan, target]
    names = ["--lon", "lon", "--lat", "lat", "--time", "occurred_at", "--crs", "4490"]
    rest = ["--where-rows", "month = '2026-05'", "--partition-by", "month", "--columns", "zone_code,found"]
    done = subprocess.run([submit, *local, *names, *rest], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["rows_in"] == told["rows_out"] == 300
    assert told["counts"].keys() == {"border", "inside", "nearest", "none"}
    assert {name.split("/")[0] for name in clusters.parts_in(target)} == {"month=2026-05"}


def test_what_is_not_of_spark_is_refused(plan):
    with pytest.raises(InputError, match="DataFrame"):
        assign_on_spark([1, 2], plan, **HOW)
