"""From file to file: every row once, every cell as it came, and no harm from a crash at any moment."""

import csv
import datetime as dt
import io
import os
import random
import resource
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box

from zjk_gis import assign_incidents, read_layer, write_layer
from zjk_gis.batch import job
from zjk_gis.batch.job import assign_batch
from zjk_gis.batch.ledger import GrowingFile, Ledger
from zjk_gis.errors import CRSError, FileError, InputError, MissingColumnError

WEST, SOUTH, STEP = 114.88, 40.82, 0.001
ADDED = ["zone_code", "found", "distance_m", "candidates", "ambiguous", "reason", "chief_code", "chief_name"]


@pytest.fixture
def zones():
    """Two zones side by side; A has a chief whose name a spreadsheet would run."""
    return gpd.GeoDataFrame(
        {"zone_code": ["A", "B"], "chief_code": ["LZ1", None], "chief_name": ["=路长", "路长〇二号"]},
        geometry=[
            box(WEST, SOUTH, WEST + STEP, SOUTH + STEP),
            box(WEST + STEP, SOUTH, WEST + 2 * STEP, SOUTH + STEP),
        ],
        crs=4490,
    )


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def many(path, rows, seed=0):
    """Write a .csv of so many incidents, some of them without a place, some with lines within a cell."""
    draw = np.random.default_rng(seed)
    lon, lat = WEST + draw.random(rows) * 0.003 - 0.0005, SOUTH + draw.random(rows) * 0.002 - 0.0005
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["code", "lon", "lat", "note"])
        for at, (x, y) in enumerate(zip(lon.round(7).tolist(), lat.round(7).tolist(), strict=True)):
            note = f"第一行\n第{at}行" if at % 7 == 0 else f"积水,{at}"
            writer.writerow([f"{at:06}", "" if at % 13 == 0 else x, y, note])
    return path


def many_columns(path, rows, group_rows=997):
    """Write the same as Parquet, in row groups."""
    table = pd.read_csv(many(path.with_suffix(".tmp"), rows), dtype={"code": str})
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), path, row_group_size=group_rows)
    return path


def many_groups(path, rows, group_rows):
    """Write the same in row groups of which every third alone has rows without a place."""
    table = pq.read_table(many_columns(path, rows))
    numbers = np.arange(rows)
    usable = table["lon"].fill_null(WEST + STEP / 2)
    lon = pa.compute.if_else(pa.array(numbers // group_rows % 3 == 2), table["lon"], usable)
    table = table.set_column(table.schema.get_field_index("lon"), "lon", lon)
    pq.write_table(table, path, row_group_size=group_rows)
    return path


def written(folder, kind, rows, group_rows):
    """Write incidents as one of the kinds of sources."""
    if kind == "csv":
        return many(folder / "in.csv", rows)
    make = many_groups if kind == "groups" else many_columns
    return make(folder / "in.parquet", rows, group_rows)


def same_result(one, other, kind):
    """Tell whether two targets are the same: to the byte, unless batches were cut elsewhere."""
    return same_rows(one, other) if kind == "parquet" else one.read_bytes() == other.read_bytes()


def same_rows(one, other):
    return pq.read_table(one).equals(pq.read_table(other))


def files_in(folder):
    return sorted(entry.name for entry in folder.iterdir())


# What comes out --------------------------------------------------------------------------------------------


def test_rows_of_text_go_out_as_they_came(tmp_path, zones):
    """Quotes, blanks, zeros and lines within a cell stay; the answers stand behind; an empty row is none."""
    source = write(
        tmp_path / "in.csv",
        f'code;lon;lat;note\r\n007;{WEST + STEP / 2};{SOUTH + STEP / 2};"two\r\nlines; ""quoted"""\r\n'
        f"\r\n008; {WEST + STEP * 1.5} ;{SOUTH + STEP / 2};=1+1\r\n009;;;''\r\n",
        "gb18030",
    )
    summary = assign_batch(source, zones, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes().decode("utf-8-sig") == (
        "code;lon;lat;note;" + ";".join(ADDED) + "\r\n"
        f'007;{WEST + STEP / 2};{SOUTH + STEP / 2};"two\r\nlines; ""quoted"""'
        ";A;inside;0;1;False;one_zone;LZ1;'=路长\r\n"
        f"008; {WEST + STEP * 1.5} ;{SOUTH + STEP / 2};=1+1;B;inside;0;1;False;one_zone;;路长〇二号\r\n"
    )
    assert (tmp_path / "out.csv.rejects.csv").read_bytes().decode("utf-8-sig") == (
        "row_number;why;code;lon;lat;note\r\n3;无坐标;009;;;''\r\n"
    )
    assert (summary.rows_in, summary.rows_out, summary.rejects) == (3, 2, 1)
    assert summary.found == {"inside": 2}
    assert summary.reject_reasons == {"missing": 1}
    assert summary.ambiguous == 0
    assert files_in(tmp_path) == ["in.csv", "out.csv", "out.csv.rejects.csv"]


@pytest.mark.parametrize("batch_rows", [1, 3, 1000])
@pytest.mark.parametrize("ending", ["csv", "parquet", "gpkg"])
def test_the_answers_are_those_of_assign_incidents(tmp_path, zones, ending, batch_rows):
    source = many(tmp_path / "in.csv", 60)
    target = tmp_path / f"out.{ending}"
    summary = assign_batch(source, zones, target, batch_rows=batch_rows)
    expected = assign_incidents(read_layer(source), zones)
    expected = expected[expected.geometry.notna()].reset_index(drop=True)
    got = read_layer(target)
    assert len(got) == summary.rows_out == len(expected)
    for name in ADDED:
        there, here = expected[name], got[name]
        if name == "distance_m":
            np.testing.assert_allclose(here.astype("float64"), there, rtol=0, atol=1e-12)
        else:
            there, here = (column.astype(object).fillna("").map(str).tolist() for column in (there, here))
            assert here == there


@given(
    rows=st.lists(st.sampled_from(["in", "out", "none", "word", "absurd", "long"]), max_size=30),
    batch_rows=st.integers(1, 8),
)
@settings(max_examples=30, deadline=None)
def test_every_row_is_either_out_or_rejected(tmp_path_factory, rows, batch_rows):
    folder = tmp_path_factory.mktemp("rows")
    zones = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(WEST, SOUTH, WEST + 1, SOUTH + 1)], crs=4490)
    place = {"in": f"{WEST},{SOUTH},", "out": "100,30,", "none": ",,", "word": "x,y,"}
    place |= {"absurd": "200,99,", "long": ",,,,"}
    text = "lon,lat,n,m\n" + "".join(f"{place[kind]}{at}\n" for at, kind in enumerate(rows))
    summary = assign_batch(
        write(folder / "in.csv", text), zones, folder / "out.csv", crs=4490, batch_rows=batch_rows
    )
    bad = [at + 1 for at, kind in enumerate(rows) if kind in ("none", "word", "absurd", "long")]
    kept = list(csv.reader(io.StringIO((folder / "out.csv").read_text("utf-8-sig"))))[1:]
    assert len(kept) == summary.rows_out == len(rows) - len(bad)
    assert summary.rows_in == len(rows) == summary.rows_out + summary.rejects
    if bad:
        rejects = list(csv.reader(io.StringIO((folder / "out.csv.rejects.csv").read_text("utf-8-sig"))))[1:]
        assert [int(row[0]) for row in rejects] == bad
    else:
        assert not (folder / "out.csv.rejects.csv").exists()


def odd_table():
    inside = [WEST + STEP / 2] * 3, [SOUTH + STEP / 2] * 3
    return pa.table(
        {
            "lon": pa.array([inside[0][0], None, inside[0][2]]),
            "lat": pa.array(inside[1], pa.float32()),
            "zoned": pa.array([0, None, 10**15], pa.timestamp("us", "Asia/Shanghai")),
            "nanos": pa.array([1, None, 3], pa.timestamp("ns")),
            "money": pa.array([Decimal("1.10"), None, Decimal("3.30")], pa.decimal128(10, 2)),
            "coded": pa.array(["x", None, "y"]).dictionary_encode(),
            "list": pa.array([[1, 2], None, []], pa.list_(pa.int16())),
            "struct": pa.array([{"a": 1}, None, {"a": None}]),
            "map": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int8())),
            "raw": pa.array([b"\x00", None, b""]),
            "nothing": pa.nulls(3),
            "tiny": pa.array([1, None, 255], pa.uint8()),
            "time": pa.array([dt.time(8, 30), None, dt.time(23)], pa.time64("us")),
            "large": pa.array(["积水", None, ""], pa.large_string()),
        },
        metadata={"kept": "as it is"},
    )  # fmt: skip


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "lz4"])
def test_parquet_keeps_types_values_and_metadata(tmp_path, zones, compression):
    table = odd_table()
    pq.write_table(table, tmp_path / "in.parquet", compression=compression)
    assign_batch(tmp_path / "in.parquet", zones, tmp_path / "out.parquet")
    out = pq.read_table(tmp_path / "out.parquet")
    assert out.select(table.schema.names).equals(table.take([0, 2]))
    assert out.schema.field("zoned").type == table.schema.field("zoned").type
    assert out.schema.metadata[b"kept"] == b"as it is"
    assert out.schema.names[-len(ADDED) :] == ADDED
    assert out["zone_code"].to_pylist() == ["A", "A"]
    assert pa.types.is_dictionary(out.schema.field("zone_code").type)
    codecs = [
        pq.read_metadata(tmp_path / name).row_group(0).column(0).compression
        for name in ("in.parquet", "out.parquet")
    ]
    assert codecs[0] == codecs[1]
    rejects = list(csv.DictReader(io.StringIO((tmp_path / "out.parquet.rejects.csv").read_text("utf-8-sig"))))
    assert [(row["row_number"], row["coded"]) for row in rejects] == [("2", "")]


def test_odd_types_go_into_text_and_geopackages(tmp_path, zones):
    pq.write_table(odd_table().drop_columns(["nanos", "time"]), tmp_path / "in.parquet")
    assign_batch(tmp_path / "in.parquet", zones, tmp_path / "out.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text("utf-8-sig"))))
    assert [(row["list"], row["struct"], row["money"]) for row in rows] == [
        ("[1, 2]", '{"a": 1}', "1.10"), ("[]", '{"a": null}', "3.30"),
    ]  # fmt: skip
    assert [row["chief_name"] for row in rows] == ["'=路长"] * 2
    assign_batch(tmp_path / "in.parquet", zones, tmp_path / "out.gpkg")
    layer = read_layer(tmp_path / "out.gpkg")
    assert layer["list"].tolist() == ["[1, 2]", "[]"]
    assert layer.crs.to_epsg() == 4490
    assert layer.geometry.x.tolist() == [WEST + STEP / 2] * 2


def test_geoparquet_stays_geoparquet(tmp_path, zones):
    points = gpd.GeoDataFrame(
        {"n": [1, 2, 3]}, geometry=[Point(WEST, SOUTH), None, Point(WEST, SOUTH)], crs=4490, index=[7, 8, 9]
    )
    points.to_crs(4547).to_parquet(tmp_path / "in.parquet")
    assign_batch(tmp_path / "in.parquet", zones, tmp_path / "out.parquet")
    out = gpd.read_parquet(tmp_path / "out.parquet")
    assert out.crs.to_epsg() == 4547
    assert out["n"].tolist() == [1, 3]
    assert out.index.tolist() == [7, 9]
    assert out.geometry.x.notna().all()


def test_points_of_layers_become_degrees_in_text(tmp_path, zones):
    points = gpd.GeoDataFrame(
        {"lon": ["as told"], "found": ["by a passer-by"]}, geometry=[Point(WEST + STEP / 2, SOUTH)], crs=4490
    )
    points.to_crs(4547).to_file(tmp_path / "in.gpkg")
    assign_batch(tmp_path / "in.gpkg", zones, tmp_path / "out.csv")
    (row,) = csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text("utf-8-sig")))
    assert float(row["lon"]) == pytest.approx(WEST + STEP / 2, abs=1e-8)
    assert (row["lon_recorded"], row["found_recorded"], row["found"]) == (
        "as told",
        "by a passer-by",
        "border",
    )
    assign_batch(tmp_path / "in.gpkg", zones, tmp_path / "out.parquet")
    assert gpd.read_parquet(tmp_path / "out.parquet").crs.to_epsg() == 4547


def test_a_column_of_a_name_that_is_added_is_kept(tmp_path, zones):
    text = f'lon,lat,reason,"zone_code"\n{WEST},{SOUTH},told,Z9\n'
    source = write(tmp_path / "in.csv", text)
    for ending in ("csv", "parquet"):
        assign_batch(source, zones, tmp_path / f"out.{ending}")
        out = read_layer(tmp_path / f"out.{ending}")
        assert out[["reason_recorded", "zone_code_recorded"]].iloc[0].tolist() == ["told", "Z9"]
        assert out[["zone_code", "reason"]].iloc[0].tolist() == ["A", "outer_border"]


def test_incidents_are_judged_by_the_zones_of_their_day(tmp_path, zones):
    zones = zones.assign(valid_from=["2025-01-01", "2025-01-01"], valid_to=["2025-06-30", None])
    text = "".join(
        f"{WEST + STEP / 2},{SOUTH + STEP / 2},{when}\n"
        for when in ("2025-06-30 23:59", "2025-07-01", "2025年6月30日", "soon", "")
    )
    source = write(tmp_path / "in.csv", "lon,lat,发生时间\n" + text)
    summary = assign_batch(source, zones, tmp_path / "out.csv", nearest_within_m=0)
    out = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text("utf-8-sig"))))
    assert [(row["zone_code"], row["reason"]) for row in out] == [
        ("A", "one_zone"), ("", "expired_zone"), ("A", "one_zone"), ("A", "one_zone"),
    ]  # fmt: skip
    assert summary.reject_reasons == {"bad_time": 1}
    summary = assign_batch(source, zones, tmp_path / "out.csv", at="2025-03-01")
    assert summary.found == {"inside": 5}
    with pytest.raises(MissingColumnError, match="time="):
        assign_batch(source, zones, tmp_path / "out.csv", time="结案时间")


def test_a_geopackage_keeps_its_other_layers(tmp_path, zones):
    write_layer(zones, tmp_path / "city.gpkg", layer="zones")
    assign_batch(many(tmp_path / "in.csv", 50), zones, tmp_path / "city.gpkg")
    assert len(read_layer(tmp_path / "city.gpkg", layer="zones")) == 2
    assert len(read_layer(tmp_path / "city.gpkg", layer="city")) == 46


def test_a_file_without_rows_gives_one_without_rows(tmp_path, zones):
    source = write(tmp_path / "in.csv", "lon,lat\n")
    for ending in ("csv", "parquet", "gpkg"):
        summary = assign_batch(source, zones, tmp_path / f"out.{ending}", crs=4490)
        assert (summary.rows_in, summary.rows_out) == (0, 0)
        assert len(read_layer(tmp_path / f"out.{ending}", crs=4490)) == 0


def test_parts_are_read_as_one(tmp_path, zones):
    whole = many_columns(tmp_path / "whole.parquet", 500)
    (tmp_path / "parts").mkdir()
    table = pq.read_table(whole)
    for at in range(5):
        pq.write_table(table.slice(at * 100, 100), tmp_path / "parts" / f"part-{at}.parquet")
    assign_batch(whole, zones, tmp_path / "a.parquet")
    assign_batch(tmp_path / "parts", zones, tmp_path / "b.parquet", batch_rows=64)
    assert same_rows(tmp_path / "a.parquet", tmp_path / "b.parquet")


# Before any work -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "error", "words"),
    [
        ("out.docx", InputError, "the endings are .gpkg"),
        ("in.csv", FileError, "would overwrite"),
        ("nowhere/out.csv", FileError, "does not exist"),
        ("in.csv.rejects.csv", None, ""),
    ],
)
def test_a_target_that_cannot_be_is_refused_at_once(tmp_path, zones, target, error, words):
    source = many(tmp_path / "in.csv", 3)
    if error is None:  # only the name resembles
        assign_batch(source, zones, tmp_path / target)
        return
    with pytest.raises(error, match=words):
        assign_batch(source, zones, tmp_path / target)
    assert files_in(tmp_path) == ["in.csv"]


def test_a_target_among_the_parts_that_are_read_is_refused(tmp_path, zones):
    many(tmp_path / "part-1.csv", 3)
    with pytest.raises(FileError, match="lies in the folder that is read"):
        assign_batch(tmp_path, zones, tmp_path / "out.csv")


def test_what_is_read_is_never_overwritten_by_rejects(tmp_path, zones):
    source = many(tmp_path / "out.csv.rejects.csv", 3)
    with pytest.raises(FileError, match="would overwrite"):
        assign_batch(source, zones, tmp_path / "out.csv")


def test_a_file_without_a_known_system_is_refused_at_once(tmp_path, zones):
    source = write(tmp_path / "in.csv", "x,y\n463000,4020000\n")
    with pytest.raises(CRSError, match="crs="):
        assign_batch(source, zones, tmp_path / "out.csv")
    assert files_in(tmp_path) == ["in.csv"]


# Crashes ---------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """What no except clause of the library may catch."""


def stop_at(monkeypatch, number):
    """Break off at the so-manieth step that changes the disk; count those there were."""
    steps = [0]

    def counted(original):
        def step(*arguments, **options):
            steps[0] += 1
            if steps[0] == number:
                raise Killed
            return original(*arguments, **options)

        return step

    monkeypatch.setattr(GrowingFile, "write", counted(GrowingFile.write))
    monkeypatch.setattr(GrowingFile, "sync", counted(GrowingFile.sync))
    monkeypatch.setattr(Ledger, "_write_manifest", counted(Ledger._write_manifest))
    monkeypatch.setattr(Path, "replace", counted(Path.replace))
    return steps


@pytest.mark.parametrize("kind", ["csv", "parquet", "groups"])
def test_broken_off_at_any_step_it_goes_on_to_the_same_result(tmp_path, zones, monkeypatch, kind):
    monkeypatch.setattr(job, "_PART_BATCHES", 2)
    source = written(tmp_path, kind, 400, 50 if kind == "groups" else 997)
    ending = source.suffix[1:]
    whole, target = tmp_path / f"whole.{ending}", tmp_path / f"out.{ending}"
    with monkeypatch.context() as patch:
        steps = stop_at(patch, 0)
        undisturbed = assign_batch(source, zones, whole, batch_rows=40)
    resumed = set()
    for step in np.unique(np.linspace(1, steps[0], 30, dtype=int)).tolist():
        with monkeypatch.context() as patch:
            stop_at(patch, step)
            with pytest.raises(Killed):
                assign_batch(source, zones, target, batch_rows=40)
        assert not target.exists()
        summary = assign_batch(source, zones, target, batch_rows=40)
        resumed.add(summary.resumed_from)
        assert (summary.rows_in, summary.found) == (undisturbed.rows_in, undisturbed.found)
        assert summary.reject_reasons == undisturbed.reject_reasons
        assert same_result(target, whole, kind)
        rejects = (tmp_path / f"out.{ending}.rejects.csv").read_bytes()
        assert rejects == (tmp_path / f"whole.{ending}.rejects.csv").read_bytes()
        assert not [name for name in files_in(tmp_path) if name.endswith((".parts", ".lock"))]
        target.unlink()
    assert len(resumed) > 3  # parts were indeed taken over


RUN = """
import os, signal, sys
from pathlib import Path
import geopandas as gpd
from zjk_gis.batch import job
from zjk_gis.batch.ledger import GrowingFile
steps, last, end = 0, int(sys.argv[4]), signal.Signals[sys.argv[5]]
def step():
    global steps
    steps += 1
    if steps == last:
        os.kill(os.getpid(), end)
def counted(done):
    def then(*arguments):
        step()
        return done(*arguments)
    return then
write = counted(GrowingFile.write)
def in_two_pieces(file, content):  # so that the end may come between them
    content = memoryview(content).cast("B")
    half = len(content) // 2
    return write(file, content[:half]) + write(file, content[half:])
GrowingFile.write = in_two_pieces
GrowingFile.sync = counted(GrowingFile.sync)
Path.replace = counted(Path.replace)
job._PART_BATCHES = 4
zones = gpd.read_parquet(sys.argv[2])
job.assign_batch(sys.argv[1], zones, sys.argv[3], batch_rows=250)
print(steps)
"""


def start(source, zones, target, last=0, end=signal.SIGKILL):
    """Run the job in a process of its own, which meets its end at its last step."""
    command = [sys.executable, "-c", RUN, *map(str, (source, zones, target, last)), end.name]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("kind", ["csv", "parquet", "groups"])
def test_killed_at_random_moments_it_ends_with_the_same_result(tmp_path, zones, kind):
    source = written(tmp_path, kind, 10_000, 500)
    ending = source.suffix[1:]
    zones.to_parquet(tmp_path / "zones.parquet")
    said, errors = start(source, tmp_path / "zones.parquet", tmp_path / f"whole.{ending}").communicate()
    assert not errors
    steps = int(said)
    target, draw, kills = tmp_path / f"out.{ending}", random.Random(7), 0  # noqa: S311
    while not target.exists():
        process = start(source, tmp_path / "zones.parquet", target, draw.randint(1, steps // 2))
        said = process.communicate()[1]
        assert process.returncode in (0, -signal.SIGKILL), said
        kills += process.returncode != 0
    assert kills > 1
    assert same_result(target, tmp_path / f"whole.{ending}", kind)
    rejects = (tmp_path / f"out.{ending}.rejects.csv").read_bytes()
    assert rejects == (tmp_path / f"whole.{ending}.rejects.csv").read_bytes()
    assert not [name for name in files_in(tmp_path) if name.endswith((".parts", ".lock"))]


def test_a_killed_run_is_told_of_and_its_lock_taken_over(tmp_path, zones):
    source = many(tmp_path / "in.csv", 10_000)
    zones.to_parquet(tmp_path / "zones.parquet")
    process = start(source, tmp_path / "zones.parquet", tmp_path / "out.csv", 60, signal.SIGSTOP)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), "it still holds its lock"
    with pytest.raises(FileError, match=f"being made by another run .process {process.pid} on "):
        assign_batch(source, zones, tmp_path / "out.csv", batch_rows=250)
    process.kill()
    process.communicate()
    summary = assign_batch(source, zones, tmp_path / "out.csv", batch_rows=250)
    assert f"an earlier run (process {process.pid} on" in " ".join(summary.remarks)
    assert summary.rows_in == 10_000


def test_a_full_disk_is_said_and_the_parts_are_kept(tmp_path, zones, monkeypatch):
    monkeypatch.setattr(job, "_PART_BATCHES", 1)
    source = many(tmp_path / "in.csv", 3000)
    for ending in ("csv", "parquet"):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, before[1]))
        try:
            with pytest.raises(FileError, match="the disk is full"):
                assign_batch(source, zones, tmp_path / f"out.{ending}", batch_rows=200)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert not (tmp_path / f"out.{ending}").exists()
        summary = assign_batch(source, zones, tmp_path / f"out.{ending}", batch_rows=200)
        assert summary.resumed_from > 0
        assert summary.rows_in == 3000
        assert len(read_layer(tmp_path / f"out.{ending}")) == summary.rows_out


def test_what_differs_begins_anew_and_says_so(tmp_path, zones, monkeypatch):
    monkeypatch.setattr(job, "_PART_BATCHES", 1)
    source = many(tmp_path / "in.csv", 400)

    def break_off():
        with monkeypatch.context() as patch:
            stop_at(patch, 12)
            with pytest.raises(Killed):
                assign_batch(source, zones, tmp_path / "out.csv", batch_rows=50)

    for change, words in (
        ({"nearest_within_m": 7.0}, "options differ"),
        ({"zones": zones.assign(chief_code="LZ9")}, "zones differ"),
        ({"resume": False}, "thrown away, as asked"),
    ):
        break_off()
        options = {"zones": zones, "target": tmp_path / "out.csv", "batch_rows": 50} | change
        summary = assign_batch(source, **options)
        assert summary.resumed_from == 0
        assert words in " ".join(summary.remarks)
    break_off()
    many(source, 400, seed=1)
    summary = assign_batch(source, zones, tmp_path / "out.csv", batch_rows=50)
    assert "source differ" in " ".join(summary.remarks)


def test_a_source_that_changes_meanwhile_is_noticed(tmp_path, zones, monkeypatch):
    source = many(tmp_path / "in.csv", 400)
    original = Ledger.commit

    def commit(*arguments):
        original(*arguments)
        with source.open("a") as file:
            file.write("late,,,\n")

    monkeypatch.setattr(Ledger, "commit", commit)
    with pytest.raises(FileError, match="changed while it was read"):
        assign_batch(source, zones, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_threads_change_nothing(tmp_path, zones, monkeypatch):
    source = many(tmp_path / "in.csv", 2000)
    for threads in ("1", "5"):
        monkeypatch.setenv("ZJK_GIS_THREADS", threads)
        assign_batch(source, zones, tmp_path / f"out{threads}.csv", batch_rows=100)
    assert (tmp_path / "out1.csv").read_bytes() == (tmp_path / "out5.csv").read_bytes()
