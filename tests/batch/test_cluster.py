"""One kernel everywhere: batches and folders, here and on dask; nothing lost or doubled, whoever dies."""

import json
import os
import shutil
import signal
import subprocess
import sys
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
from zjk_gis.batch.cluster.folders import Folder, open_folder
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


def test_only_the_answers_that_are_asked_for_come(plan):
    """What is not wanted is not made, and a column of the source keeps the name that it does not take."""
    table = clusters.incidents(300)
    whole = answers(table.to_batches(), plan)
    some = answers(table.to_batches(), plan, columns=["chief_code", "reason"])
    assert some.schema.names == [*table.schema.names, "reason", "chief_code"]
    assert some.schema.equals(answer_schema(table.schema, plan, columns=["reason", "chief_code"]))
    for name in ("chief_code", "reason"):
        assert some[name].equals(whole[name])
    assert answers(table.to_batches(), plan, columns=["found"])["found"].equals(whole["found"])
    with pytest.raises(MissingColumnError, match="no column 'zone'; it gives zone_code, found, "):
        answers(table.to_batches(), plan, columns=["zone"])


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
    assert answers(clusters.incidents(150_000).to_batches(), plan).num_rows == 150_000


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
    (target / "notes.txt").write_text("of somebody else")
    other = assign_batch(source, loaded.judged_at("2024-06-01"), target, lang="en")
    assert (target / "notes.txt").exists()
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


def test_geoparquet_keeps_its_covering(plan, tmp_path):
    """Points pass as they came, and readers still find by the box what lies where."""
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    points = gpd.points_from_xy(WEST + np.arange(30) * STEP / 10, [SOUTH + STEP / 2] * 30, crs=4490)
    layer = gpd.GeoDataFrame({"number": range(30), "occurred_at": ["2025-03-01"] * 30}, geometry=points)
    layer.to_parquet(source / "a.parquet", write_covering_bbox=True, schema_version="1.1.0")
    assign_batch(source, AssignmentPlan.load(plan), target, lang="en")
    box = (WEST, SOUTH, WEST + STEP * 0.95, SOUTH + STEP)
    found = gpd.read_parquet(target / "a.parquet", bbox=box)
    assert found["number"].tolist() == list(range(10))
    assert set(found["zone_code"]) == {"A"}


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    """A folder of two parts of points, the second with one that is nowhere."""
    source = tmp_path_factory.mktemp("points") / "in"
    source.mkdir()
    places = gpd.points_from_xy(WEST + np.arange(30) * STEP / 10, [SOUTH + STEP / 2] * 30, crs=4490)
    layer = gpd.GeoDataFrame({"number": range(30), "occurred_at": ["2025-03-01"] * 30}, geometry=places)
    layer.to_parquet(source / "a.parquet")
    layer["number"] += 30
    layer.loc[0, "geometry"] = None
    layer.to_parquet(source / "b.parquet")
    return source


@pytest.mark.parametrize("batch_rows", [5, 30, 1000])  # of several batches, passed as it is, in one
def test_points_get_a_covering_where_it_is_asked_for(points, plan, tmp_path, batch_rows):
    """Readers find by it what lies where, row group by row group; no point loses anything."""
    how = {"lang": "en", "covering": True, "batch_rows": batch_rows}
    done = assign_batch(points, AssignmentPlan.load(plan), tmp_path / "out", **how)
    assign_batch(points, AssignmentPlan.load(plan), tmp_path / "whole.parquet", **how)
    box = (WEST, SOUTH, WEST + STEP * 0.95, SOUTH + STEP)
    for name, numbers in (
        ("out/a.parquet", [*range(10)]),
        ("out/b.parquet", [*range(31, 40)]),
        ("whole.parquet", [*range(10), *range(31, 40)]),
    ):
        made = tmp_path / name
        assert gpd.read_parquet(made, bbox=box)["number"].tolist() == numbers
        about = json.loads(pq.read_schema(made).metadata[b"geo"])
        assert about["version"] == "1.1.0"
        assert about["columns"]["geometry"]["covering"]["bbox"]["ymax"] == ["bbox", "ymax"]
        groups = pq.read_metadata(made)
        for group in (groups.row_group(at) for at in range(groups.num_row_groups)):
            facts = {group.column(at).path_in_schema: group.column(at) for at in range(group.num_columns)}
            assert WEST <= facts["bbox.xmin"].statistics.min <= facts["bbox.xmax"].statistics.max < WEST + 1
            assert facts["found"].statistics.max in ("inside", "border")
        boxes = pq.read_table(made, columns=["bbox"])["bbox"].to_pylist()
        assert [each["xmin"] for each in boxes] == gpd.read_parquet(made).geometry.x.tolist()
    assert (done.rows_out, done.rejects) == (59, 1)


def test_a_covering_that_is_there_stays_and_without_points_there_is_none(points, small, plan, tmp_path):
    loaded = AssignmentPlan.load(plan)
    assign_batch(points, loaded, tmp_path / "once", covering=True)
    assign_batch(tmp_path / "once", loaded, tmp_path / "twice", covering=True)
    made = pq.read_schema(tmp_path / "twice" / "a.parquet")
    assert [name for name in made.names if name.startswith("bbox")] == ["bbox"]
    for source, target in ((small, "out"), (small, "out.parquet"), (points, "out.csv")):
        with pytest.raises(InputError, match="covering="):
            assign_batch(source, loaded, tmp_path / target, covering=True)
    assert not (tmp_path / "out").exists()


def test_a_file_of_several_does_not_claim_the_extent_of_the_first(points, plan, tmp_path):
    target = tmp_path / "whole.parquet"
    assign_batch(points, AssignmentPlan.load(plan), target)
    assert "bbox" not in json.loads(pq.read_schema(target).metadata[b"geo"])["columns"]["geometry"]


def test_a_file_system_in_memory_is_a_folder_like_others(small, plan, tmp_path):
    """What pyarrow reaches by fsspec; what is made is written beside and renamed, as on HDFS."""
    memory = pytest.importorskip("fsspec", reason="fsspec is not installed").filesystem("memory")
    address = f"fsspec+memory://{tmp_path.name}"
    try:
        memory.put(str(small), f"/{tmp_path.name}/in", recursive=True)
        memory.put(str(plan), f"/{tmp_path.name}/plan", recursive=True)
        loaded = loaded_plan(f"{address}/plan")
        done = assign_batch(f"{address}/in", loaded, f"{address}/out", lang="en")
        memory.get(f"/{tmp_path.name}/out", str(tmp_path / "out"), recursive=True)
        again = assign_batch(f"{address}/in", loaded, f"{address}/out", lang="en")
    finally:
        memory.rm(f"/{tmp_path.name}", recursive=True)
    assert clusters.parts_in(tmp_path / "out") == clusters.parts_in(small)
    assert not [*tmp_path.rglob("*.tmp")]
    assign_batch(small, loaded, tmp_path / "here", lang="en")
    assert clusters.sum_of_parts(tmp_path / "out") == clusters.sum_of_parts(tmp_path / "here")
    assert (done.rows_in, again.resumed_from) == (4101, 4101)


@pytest.fixture
def bucket(monkeypatch):
    """The address of a bucket in a store on this machine, without its options, and these."""
    server = pytest.importorskip("moto.server", reason="moto is not installed")
    from pyarrow import fs

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    store = server.ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    store.start()
    _, port = store.get_host_and_port()
    options = f"?region=cn-north-1&scheme=http&endpoint_override=127.0.0.1%3A{port}"
    fs.FileSystem.from_uri(f"s3://city{options}&allow_bucket_creation=true")[0].create_dir("city")
    yield "s3://city/", options
    store.stop()


def test_a_bucket_is_a_folder_like_others(small, plan, bucket, tmp_path):
    """The parts, the plan and what is made lie in a store; a part is there whole, and is not made again."""
    address, options = bucket
    for name, folder in (("in", small), ("plan", plan)):
        there = open_folder(f"{address}{name}{options}")
        for each in folder.rglob("*"):
            if each.is_file():
                there.put(each, each.relative_to(folder).as_posix())
    source, target = f"{address}in{options}", f"{address}out{options}"
    loaded = loaded_plan(f"{address}plan{options}")
    done = assign_batch(source, loaded, target, lang="en", only={"month": "2026-05"})
    assert (str(done.target), done.rows_in) == ("s3://city/out", 1101)
    made = open_folder(target)
    for name in clusters.parts_in(small):
        if name.startswith("month=2026-05"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            made.fetch(name, tmp_path / name)
    here = tmp_path / "here"
    assign_batch(small, loaded, here, lang="en", only={"month": "2026-05"})
    assert clusters.sum_of_parts(tmp_path / "month=2026-05") == clusters.sum_of_parts(here)
    again = assign_batch(source, loaded, target, lang="en", only={"month": "2026-05"})
    assert again.resumed_from == again.rows_in


# dask ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    """The folder of a dask cluster of three processes, two of which will die."""
    pytest.importorskip("distributed", reason="dask is not installed")
    folder = tmp_path_factory.mktemp("dask")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZJK_GIS_PLANS", str(tmp_path_factory.mktemp("plans")))
        with clusters.dask_cluster(folder, workers=3):
            yield folder


@pytest.fixture
def client(workers):
    with clusters.client_of(workers) as client:
        yield client


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Ten parts: of no row, of one, of rejects alone and of thousands."""
    folder = tmp_path_factory.mktemp("many") / "in"
    clusters.write_parts(folder, [3000, 0, 1, *[3000] * 7])
    part = folder / "month=2026-05" / "part-04.parquet"
    table = pq.read_table(part, partitioning=None)
    nowhere = pa.nulls(table.num_rows, pa.float64())
    pq.write_table(table.set_column(table.schema.get_field_index("lon"), "lon", nowhere), part)
    return folder


@pytest.fixture(scope="module")
def wanted(many, plan, tmp_path_factory):
    """What one machine makes of them: the sum of all rows, and the summary."""
    target = tmp_path_factory.mktemp("wanted") / "whole.parquet"
    done = assign_batch(many, AssignmentPlan.load(plan), target, lang="en", even_if_off=True)
    return clusters.sum_of(pq.read_table(target, partitioning=None)), done


def dies_at(moment):
    """Return what makes a worker die when it comes to a function of the work on a part."""

    def arm():
        from zjk_gis.batch.cluster import parts

        setattr(parts, moment, lambda *_: os.kill(os.getpid(), signal.SIGKILL))

    return arm


def test_dask_answers_as_one_machine_though_workers_are_killed(many, wanted, plan, client, tmp_path):
    """One dies before anything of its part is there, one when the rows are there and the record is not."""
    target = tmp_path / "out"
    client.wait_for_workers(3)
    before = [*client.nthreads()]
    for worker, moment in zip(before, ("_refuse_other_job", "record_name"), strict=False):
        client.run(dies_at(moment), workers=[worker])
    summary = assign_on_dask(many, plan, target, client=client, lang="en", even_if_off=True)
    assert [*client.nthreads()] == before[2:]
    rows, told = wanted
    assert clusters.sum_of_parts(target) == rows
    for name in ("rows_in", "rows_out", "rejects", "found", "reason", "reject_reasons", "ambiguous"):
        assert getattr(summary, name) == getattr(told, name), name
    assert summary.rows_in == 24_001
    assert not (target / "_work").exists()
    # The bytes of a part hang on nothing but the part.
    assign_batch(many, AssignmentPlan.load(plan), tmp_path / "here", lang="en", even_if_off=True)
    for name in clusters.parts_in(target):
        assert (target / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


def waits_for(mark, target):
    """Return what makes a worker wait for a file once two parts are done."""

    def arm():
        from zjk_gis.batch.cluster import parts

        refuse = parts._refuse_other_job

        def wait(job):
            until = time.monotonic() + 60
            while (
                len([*target.glob("_ledger/*/*.json")]) > 1 and not mark.exists() and time.monotonic() < until
            ):
                time.sleep(0.01)
            refuse(job)

        parts._refuse_other_job = wait

    return arm


def test_when_the_scheduler_is_started_again_the_job_goes_on(many, wanted, plan, tmp_path):
    """At the same address; what was done stays, also what the worker finishes that has lost its scheduler."""
    target, mark = tmp_path / "out", tmp_path / "mark"
    how = {"lang": "en", "even_if_off": True}

    def first(other):
        with pytest.raises(FileError, match=r"dask cluster went away after \d of 10 parts"):
            assign_on_dask(many, plan, target, client=other, **how)

    with clusters.dask_cluster(tmp_path, workers=1) as scheduler:
        with ThreadPoolExecutor(1) as pool, clusters.client_of(tmp_path) as other:
            address = other.scheduler.address
            other.run(waits_for(mark, target))
            job = pool.submit(first, other)
            while not job.done() and len([*target.glob("_ledger/*/*.json")]) < 2:
                time.sleep(0.01)
            scheduler.kill()
            job.result()
        mark.touch()
    before = {each: each.stat().st_mtime_ns for each in target.glob("_ledger/*/*.json")}
    assert 2 <= len(before) < 10
    (tmp_path / "again").mkdir()
    port = address.rpartition(":")[2]
    with (
        clusters.dask_cluster(tmp_path / "again", port=port),
        clusters.client_of(tmp_path / "again") as other,
    ):
        assert other.scheduler.address == address
        done = assign_on_dask(many, plan, target, client=other, **how)
    assert done.resumed_from == sum(json.loads(each.read_text())["tally"]["rows"] for each in before)
    assert all(each.stat().st_mtime_ns == stamp for each, stamp in before.items())
    assert clusters.sum_of_parts(target) == wanted[0]


def test_workers_work_on_a_file_system_that_is_no_disk(many, wanted, plan, client, tmp_path, monkeypatch):
    """As on HDFS: parts and plan are fetched, and what is made is written beside and renamed."""
    from pyarrow import fs

    elsewhere = fs.SubTreeFileSystem(tmp_path.as_posix(), fs.LocalFileSystem())
    shutil.copytree(many, tmp_path / "city" / "in")
    monkeypatch.setattr(
        folder_job, "open_folder", lambda address: Folder(address, address.removeprefix("hdfs://"), elsewhere)
    )
    loaded = AssignmentPlan.load(plan)
    done = assign_on_dask("hdfs://city/in", loaded, "hdfs://city/out", client=client, even_if_off=True)
    assert (done.target, done.rows_in) == ("hdfs://city/out", 24_001)
    assert clusters.sum_of_parts(tmp_path / "city" / "out") == wanted[0]
    left = [each.relative_to(tmp_path).as_posix() for each in tmp_path.rglob("*.tmp")]
    assert (left, (tmp_path / "city" / "out" / "_plan").exists()) == ([], False)


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
