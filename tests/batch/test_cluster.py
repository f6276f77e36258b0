"""One kernel everywhere: batches and folders, here and on dask; nothing lost or doubled, whoever dies."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import clusters
import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clusters import SOUTH, STEP, WEST

from zjk_gis import assign_incidents, threads
from zjk_gis.assign import AssignmentPlan
from zjk_gis.batch import answer_schema, assign_batch, assign_batches, assign_on_dask
from zjk_gis.batch.cluster import folder_job, parts
from zjk_gis.batch.cluster.folders import open_folder
from zjk_gis.batch.cluster.plan_copies import loaded_plan, plan_folder
from zjk_gis.errors import FileError, InputError, MissingColumnError

HOW = {"lon": "lon", "lat": "lat", "time": "occurred_at", "crs": 4490}


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    """The folder of a plan whose zones have periods."""
    return AssignmentPlan.prepare(clusters.zones_with_periods()).save(tmp_path_factory.mktemp("plan") / "p")


@pytest.fixture(autouse=True)
def _plans_of_their_own(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("ZJK_GIS_PLANS", str(tmp_path_factory.mktemp("plans")))


def answers(batches, plan, **how):
    return pa.Table.from_batches(assign_batches(batches, plan, **(HOW | how)))


# Batches ---------------------------------------------------------------------------------------------------


def test_batches_are_answered_as_incidents_are(plan):
    """On corners, borders, in overlaps and zones that have ended; in batches of any length."""
    table = clusters.incidents(3000)
    layer = gpd.GeoDataFrame(
        table.to_pandas(), geometry=gpd.points_from_xy(table["lon"], table["lat"]), crs=4490
    )
    layer.loc[table["lon"].is_null().to_numpy(), "geometry"] = None
    wanted = assign_incidents(layer, AssignmentPlan.load(plan), even_if_off=True)
    for rows in (3000, 700, 1):
        some = table.slice(0, 40) if rows == 1 else table
        found = answers(some.to_batches(max_chunksize=rows), plan).to_pandas()
        assert found["number"].tolist() == some["number"].to_pylist()
        for name in ("zone_code", "found", "candidates", "chief_code", "reason", "ambiguous"):
            one, other = (each[name].astype("str").tolist() for each in (found, wanted[: len(found)]))
            assert one == other, name
        assert np.allclose(found["distance_m"], wanted["distance_m"][: len(found)], equal_nan=True)
    assert {"shared_border", "overlap", "out_of_reach", "no_position", "zero"} <= {*wanted["reason"]}


def test_rejects_stay_in_their_place_and_say_why(plan):
    batch = pa.record_batch(
        {
            "lon": [None, 0.0, np.inf, 40.82, 114.8805],
            "lat": [40.8, 0.0, 40.8, 114.88, 40.8205],
            "occurred_at": ["2025-01-01", "2025-01-01", "2025-01-01", "2025-01-01", "soon"],
        }
    )
    found = answers([batch], plan)
    assert found["reason"].to_pylist() == [
        "no_position",
        "zero",
        "bad_position",
        "bad_position",
        "bad_time",
    ]
    assert set(found["zone_code"].to_pylist()) == {None}


def test_the_schema_is_told_before_any_row_comes(plan):
    """A column named like an answer gives way; no rows, one row and only rejects are batches like others."""
    table = clusters.incidents(1)
    told = answer_schema(table.schema, plan)
    assert told.names[:2] == ["number", "zone_code_recorded"]
    for batch in (table.to_batches()[0], table.schema.empty_table().to_batches() or [_empty(table.schema)]):
        batches = batch if isinstance(batch, list) else [batch]
        (found,) = assign_batches(batches, plan, **HOW)
        assert found.schema.equals(told)
        assert found.num_rows == batches[0].num_rows
    assert list(assign_batches([], plan, **HOW)) == []


def _empty(schema):
    return pa.RecordBatch.from_arrays([pa.array([], each.type) for each in schema], schema=schema)


def test_times_without_a_zone_are_of_beijing_and_others_are_moments(plan):
    """Zone C ends with the last day of 2024: 17:00 UTC on that day is the next in Beijing."""
    moment = np.datetime64("2024-12-31T17:00", "us")
    place = {"lon": [WEST + 2.2 * STEP], "lat": [SOUTH + STEP / 2]}
    kinds = {
        "naive": (pa.array([moment]), "C"),
        "moment": (pa.array([moment]).cast(pa.timestamp("us", "UTC")), "C2"),
        "text": (pa.array(["2024-12-31 17:00"]), "C"),
        "text_with_zone": (pa.array(["2024-12-31T17:00Z"]), "C2"),
        "day": (pa.array([moment]).cast(pa.date32()), "C"),
    }
    for name, (when, zone) in kinds.items():
        (found,) = assign_batches([pa.record_batch({**place, "occurred_at": when})], plan, **HOW)
        assert found["zone_code"].to_pylist() == [zone], name


def test_what_is_not_said_is_asked_for(plan):
    rows = clusters.incidents(3).to_batches()
    for how, words in (
        ({"lon": None}, "lon= and lat="),
        ({"lon": "x"}, "no column 'x' among number"),
        ({"crs": None}, "crs="),
        ({"geometry": "point"}, "lon= and lat="),
        ({"datum": "wgs72"}, "not a datum"),
    ):
        with pytest.raises(InputError, match=words):
            list(assign_batches(rows, plan, **(HOW | how)))
    with pytest.raises(MissingColumnError, match="time="):
        list(assign_batches(rows, plan, **(HOW | {"time": None})))


def test_a_task_works_in_one_thread(plan, monkeypatch):
    monkeypatch.setattr(threads, "ThreadPoolExecutor", None)
    assert answers(clusters.incidents(400_000).to_batches(), plan).num_rows == 400_000


# The plan on every host ------------------------------------------------------------------------------------

_ASK = """
import sys
from zjk_gis.batch.cluster.plan_copies import loaded_plan, plan_folder
print(plan_folder(sys.argv[1]), loaded_plan(sys.argv[1]).fingerprint)
"""


def test_a_plan_elsewhere_is_fetched_once_however_many_ask(plan, tmp_path):
    address = plan.as_uri()
    with ThreadPoolExecutor(4) as pool:
        found = {*pool.map(plan_folder, [address] * 4)}
    (folder,) = found
    stamp = folder.stat().st_ctime_ns
    told = subprocess.run([sys.executable, "-c", _ASK, address], capture_output=True, text=True, check=True)
    assert told.stdout.split() == [str(folder), AssignmentPlan.load(plan).fingerprint]
    assert folder.stat().st_ctime_ns == stamp
    assert [each.name for each in folder.parent.iterdir() if each.name.startswith(".")] == []
    assert loaded_plan(address) is loaded_plan(folder)


def test_a_plan_that_is_missing_or_damaged_is_not_kept(plan, tmp_path):
    with pytest.raises(FileError, match="no saved plan"):
        plan_folder(tmp_path.as_uri())
    broken = shutil.copytree(plan, tmp_path / "broken")
    content = bytearray((broken / "zones.idx").read_bytes())
    content[len(content) // 2] ^= 1
    (broken / "zones.idx").write_bytes(content)
    with pytest.raises(FileError, match="damaged"):
        plan_folder(broken.as_uri())
    with pytest.raises(FileError, match="damaged"):
        plan_folder(broken.as_uri())


# Folders on this machine -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Parts of no row, of one and of some."""
    folder = tmp_path_factory.mktemp("small") / "in"
    clusters.write_parts(folder, [400, 0, 1, 3000, 700])
    return folder


def test_a_folder_becomes_a_folder_part_by_part(small, plan, tmp_path):
    """The same rows as in one file, each part in its place, every count told."""
    loaded = AssignmentPlan.load(plan)
    done = assign_batch(small, loaded, tmp_path / "out", lang="en")
    whole = assign_batch(small, loaded, tmp_path / "whole.parquet", lang="en")
    assert clusters.parts_in(tmp_path / "out") == clusters.parts_in(small)
    table = pq.read_table(tmp_path / "whole.parquet", partitioning=None)
    assert clusters.sum_of_parts(tmp_path / "out") == clusters.sum_of(table)
    assert set(table["month"].to_pylist()) == {"2026-05", "2026-06"}
    for name in ("rows_in", "rows_out", "rejects", "found", "reason", "reject_reasons", "ambiguous"):
        assert getattr(done, name) == getattr(whole, name), name
    records = [json.loads(each.read_text()) for each in (tmp_path / "out" / "_ledger").rglob("*.json")]
    assert sum(each["tally"]["rows"] for each in records) == done.rows_in == 4101
    rejects = [each.read_text("utf-8-sig") for each in (tmp_path / "out" / "_rejects").rglob("*.csv")]
    assert sum(text.count("\n") - 1 for text in rejects) == done.rejects > 0
    assert not (tmp_path / "out" / "_work").exists()


def test_only_what_is_asked_for_is_read(small, plan, tmp_path):
    loaded = AssignmentPlan.load(plan)
    numbers = [str(each) for each in (5, 6, 7, 30_000_001)]
    done = assign_batch(small, loaded, tmp_path / "out", only={"month": "2026-05", "number": numbers})
    assert clusters.parts_in(tmp_path / "out") == [
        name for name in clusters.parts_in(small) if name.startswith("month=2026-05")
    ]
    assert done.rows_in == 3
    both = assign_batch(small, loaded, tmp_path / "one.parquet", only={"number": numbers}, even_if_off=True)
    assert both.rows_in == 4
    for only, words in (
        ({"month": "2030-01"}, "no part has"),
        ({"district": "130702"}, "no column or folder 'district'"),
        ({"number": "many"}, "type int64"),
    ):
        with pytest.raises(InputError, match=words):
            assign_batch(small, loaded, tmp_path / "none", only=only)


def test_what_is_done_is_not_done_again_and_what_changed_is(small, plan, tmp_path):
    source, target, loaded = (
        shutil.copytree(small, tmp_path / "in"),
        tmp_path / "out",
        AssignmentPlan.load(plan),
    )
    assign_batch(source, loaded, target, lang="en")
    before = {name: (target / name).stat().st_mtime_ns for name in clusters.parts_in(target)}
    names = list(before)
    pq.write_table(clusters.incidents(50, 9), source / names[0])
    (source / names[1]).unlink()
    (target / names[2]).write_bytes(b"damaged")
    done = assign_batch(source, loaded, target, lang="en")
    after = {name: (target / name).stat().st_mtime_ns for name in clusters.parts_in(target)}
    assert {*before} - {*after} == {names[1]}
    assert {name for name in after if after[name] != before[name]} == {names[0], names[2]}
    assert "goes on after 2 of 4 parts" in " ".join(done.remarks)
    other = assign_batch(source, loaded.judged_at("2024-06-01"), target, lang="en")
    assert "begun again" in " ".join(other.remarks)
    assert other.resumed_from == 0


def test_a_part_made_twice_at_once_is_the_same(small, plan, tmp_path, monkeypatch):
    """An engine thinks a task lost and runs it again beside itself."""
    monkeypatch.setattr(folder_job, "_clear", lambda job: None)
    seen = {}

    def twice(job, todo):
        seen["job"] = job
        for part in todo:
            with ThreadPoolExecutor(2) as pool:
                one, other = pool.map(lambda part: parts.work_on(job, part), [part, part])
            assert one == other
            yield from (one, other)

    options = folder_job.FolderOptions(lang="en")
    loaded = AssignmentPlan.load(plan)
    done = folder_job.assign_folder(small, loaded, tmp_path / "out", twice, options, elsewhere=False)
    assert done.rows_in == 4101
    # A task of this job that comes after another has taken the target changes nothing.
    assign_batch(small, loaded.judged_at("2024-06-01"), tmp_path / "out", lang="en")
    kept = clusters.sum_of_parts(tmp_path / "out")
    with pytest.raises(FileError, match="another job"):
        parts.work_on(seen["job"], seen["job"].source.entries()[0])
    assert clusters.sum_of_parts(tmp_path / "out") == kept


def test_what_cannot_be_made_is_refused_before_anything_is_written(small, plan, tmp_path):
    loaded = AssignmentPlan.load(plan)
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("dear")
    with pytest.raises(FileError, match=r"letter\.txt"):
        assign_batch(small, loaded, other)
    with pytest.raises(FileError, match="folder that is read"):
        assign_batch(small, loaded, small / "out")
    mixed = shutil.copytree(small, tmp_path / "mixed")
    name = clusters.parts_in(mixed)[-1]
    pq.write_table(clusters.incidents(5).drop_columns(["zone_code"]), mixed / name)
    with pytest.raises(InputError, match="columns"):
        assign_batch(mixed, loaded, tmp_path / "out")
    (mixed / "notes.csv").write_text("a\n")
    with pytest.raises(InputError, match=r"notes\.csv"):
        assign_batch(mixed, loaded, tmp_path / "out")
    with pytest.raises(InputError, match="one file"):
        assign_batch(small, loaded, tmp_path / "out", fix_positions=True)
    assert other.joinpath("letter.txt").read_text() == "dear"


def test_secrets_of_an_address_are_told_nobody():
    folder = open_folder("s3://user:secret@bucket/incidents?region=cn-north-1&scheme=http")
    assert folder.title == "s3://bucket/incidents"
    with pytest.raises(InputError) as refused:
        open_folder("s3://user:secret@bucket/incidents?no_such_option=1")
    assert "secret" not in str(refused.value)
    with pytest.raises(InputError, match="address"):
        open_folder("ftp://host/incidents")


# dask ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    """The folder of a dask cluster of two processes."""
    pytest.importorskip("distributed", reason="dask is not installed")
    folder = tmp_path_factory.mktemp("dask")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZJK_GIS_PLANS", str(tmp_path_factory.mktemp("plans")))
        with clusters.dask_cluster(folder):
            yield folder


@pytest.fixture
def client(workers):
    with clusters.client_of(workers) as client:
        yield client


@pytest.fixture(scope="module")
def million(tmp_path_factory):
    """A million incidents in ten parts."""
    folder = tmp_path_factory.mktemp("million") / "in"
    assert clusters.write_parts(folder, [100_000] * 10) == 1_000_000
    return folder


@pytest.fixture(scope="module")
def wanted(million, plan, tmp_path_factory):
    """What one machine makes of them: the sum of all rows, and the summary."""
    target = tmp_path_factory.mktemp("wanted") / "whole.parquet"
    done = assign_batch(million, AssignmentPlan.load(plan), target, lang="en", even_if_off=True)
    return clusters.sum_of(pq.read_table(target, partitioning=None)), done


def test_dask_answers_as_one_machine_though_a_worker_is_killed(million, wanted, plan, client, tmp_path):
    target = tmp_path / "out"
    done = []
    job = threading.Thread(
        target=lambda: done.append(
            assign_on_dask(million, plan, target, client=client, lang="en", even_if_off=True)
        )
    )
    job.start()
    while job.is_alive() and not list(target.glob("_ledger/*/*.json")):
        time.sleep(0.01)
    os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)
    job.join()
    (summary,) = done
    rows, told = wanted
    assert clusters.sum_of_parts(target) == rows
    assert (summary.rows_in, summary.rows_out, summary.found) == (1_000_000, told.rows_out, told.found)
    assert not (target / "_work").exists()
    # The bytes of a part hang on nothing but the part.
    assign_batch(million, AssignmentPlan.load(plan), tmp_path / "here", lang="en", even_if_off=True)
    for name in clusters.parts_in(target):
        assert (target / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


def test_when_the_scheduler_dies_a_fresh_client_goes_on(million, wanted, plan, client, tmp_path):
    target = tmp_path / "out"
    how = {"lang": "en", "even_if_off": True}
    lost = []

    def first(other):
        try:
            assign_on_dask(million, plan, target, client=other, **how)
        except FileError as error:
            lost.append(str(error))

    with clusters.dask_cluster(tmp_path) as scheduler, clusters.client_of(tmp_path) as other:
        job = threading.Thread(target=first, args=[other])
        job.start()
        while job.is_alive() and len(list(target.glob("_ledger/*/*.json"))) < 2:
            time.sleep(0.01)
        scheduler.kill()
        job.join()
    assert "dask cluster went away" in lost[0]
    before = {each: each.stat().st_mtime_ns for each in target.glob("_ledger/*/*.json")}
    assert 2 <= len(before) < 10
    done = assign_on_dask(million, plan, target, client=client, **how)
    assert done.resumed_from == 100_000 * len(before)
    assert all(each.stat().st_mtime_ns == stamp for each, stamp in before.items())
    assert clusters.sum_of_parts(target) == wanted[0]


def test_the_command_hands_the_work_to_a_scheduler(small, workers, tmp_path, run):
    zones = tmp_path / "zones.gpkg"
    clusters.zones_with_periods().to_file(zones)
    target = tmp_path / "out"
    address = json.loads((workers / "scheduler.json").read_text())["address"]
    words = ["--engine", "dask", "--scheduler", address, "--only", "month=2026-05"]
    code, out, err = run("assign", small, zones, "-o", target, *words, "--json", "--lang", "en")
    assert code == 0, err
    assert json.loads(out)["incidents"] == 1101
    assert clusters.parts_in(target) == [
        name for name in clusters.parts_in(small) if name.startswith("month=2026-05")
    ]
    code, _, err = run("assign", small, zones, "-o", target, "--engine", "dask", "--lang", "en")
    assert code != 0
    assert "--scheduler" in err


def test_without_a_client_it_is_told_how_to_get_one(small, plan, tmp_path):
    pytest.importorskip("distributed", reason="dask is not installed")
    with pytest.raises(InputError, match=r"distributed\.Client"):
        assign_on_dask(small, plan, tmp_path / "out")
