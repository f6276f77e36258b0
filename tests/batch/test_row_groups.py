"""Row groups that lose no row go out with the bytes of their columns; all others are made anew."""

from contextlib import contextmanager

import duckdb
import fastparquet
import geopandas as gpd
import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box

from zjk_gis import assign_incidents, read_layer
from zjk_gis.batch import parquet_reader, row_groups
from zjk_gis.batch.job import assign_batch
from zjk_gis.errors import FileError

WEST, SOUTH, STEP = 114.88, 40.82, 0.001
ADDED = ["zone_code", "found", "distance_m", "candidates", "ambiguous", "reason", "chief_code"]


def two_zones(**more):
    shapes = [
        box(WEST, SOUTH, WEST + STEP, SOUTH + STEP),
        box(WEST + STEP, SOUTH, WEST + 2 * STEP, SOUTH + STEP),
    ]
    return gpd.GeoDataFrame(
        {"zone_code": ["A", "B"], "chief_code": ["LZ1", None], **more}, geometry=shapes, crs=4490
    )


ZONES = two_zones()


def incidents(rows, without=()):
    """Make incidents in and around two zones; the rows of some numbers have no place."""
    draw = np.random.default_rng(rows)
    lon, lat = WEST + draw.random(rows) * 0.003 - 0.0005, SOUTH + draw.random(rows) * 0.002 - 0.0005
    number = np.arange(rows)
    return pa.table(
        {
            "number": number,
            "kind": pa.array([("积水", "占道", None)[at % 3] for at in number]).dictionary_encode(),
            "note": [None if at % 5 == 0 else f"第{at}号" for at in number],
            "parts": pa.array([[at, None] if at % 4 else None for at in number], pa.list_(pa.int32())),
            "occurred_at": pa.array(number * 1000, pa.timestamp("ms")),
            "lon": pa.array(lon, mask=np.isin(number, list(without))),
            "lat": lat,
        }
    )


@contextmanager
def nothing_passed():
    """Make all row groups anew, as is done where they cannot pass."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet_reader, "passable_groups", lambda *_, **__: {})
        yield


def plainly(source, target, zones=ZONES, **options):
    with nothing_passed():
        return assign_batch(source, zones, target, **options)


def same(one, other):
    """Tell whether two files hold the same columns, types, remarks and values."""
    tables = [pq.read_table(path) for path in (one, other)]
    return tables[0].equals(tables[1]) and tables[0].schema.equals(tables[1].schema, check_metadata=True)


def chunk_bytes(path, group):
    """Return the bytes of each column of a row group, by name."""
    content, about = path.read_bytes(), pq.read_metadata(path).row_group(group)
    found = {}
    for at in range(about.num_columns):
        column = about.column(at)
        first = column.dictionary_page_offset or column.data_page_offset
        found[column.path_in_schema] = content[first : first + column.total_compressed_size]
    return found


# What comes out --------------------------------------------------------------------------------------------


@settings(max_examples=20)
@given(
    rows=st.integers(1, 120),
    group_rows=st.integers(5, 60),
    batch_rows=st.integers(4, 50),
    without=st.sets(st.integers(0, 119), max_size=3),
)
def test_what_is_read_back_is_what_is_made_anew(tmp_path_factory, rows, group_rows, batch_rows, without):
    folder = tmp_path_factory.mktemp("job")
    pq.write_table(incidents(rows, without), folder / "in.parquet", row_group_size=group_rows)
    told = assign_batch(folder / "in.parquet", ZONES, folder / "out.parquet", batch_rows=batch_rows)
    anew = plainly(folder / "in.parquet", folder / "anew.parquet", batch_rows=batch_rows)
    assert same(folder / "out.parquet", folder / "anew.parquet")
    for name in ("rows_in", "rows_out", "rejects", "found", "reason", "reject_reasons", "ambiguous"):
        assert getattr(told, name) == getattr(anew, name)
    rejects = [folder / f"{name}.parquet.rejects.csv" for name in ("out", "anew")]
    assert [each.exists() for each in rejects] == [bool(told.rejects)] * 2
    assert not told.rejects or rejects[0].read_bytes() == rejects[1].read_bytes()


def test_only_a_group_that_loses_a_row_is_made_anew(tmp_path):
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(incidents(300, without=[150]), source, row_group_size=100, compression="zstd")
    summary = assign_batch(source, ZONES, target, batch_rows=50)
    assert (summary.rows_out, summary.rejects) == (299, 1)
    assert [pq.read_metadata(target).row_group(at).num_rows for at in range(4)] == [100, 50, 49, 100]
    for before, after in ((0, 0), (2, 3)):
        own, out = chunk_bytes(source, before), chunk_bytes(target, after)
        assert list(out) == [*own, *ADDED]
        assert all(out[name] == own[name] for name in own)


def test_the_answers_are_those_of_assign_incidents(tmp_path):
    table = incidents(200)
    pq.write_table(table, tmp_path / "in.parquet", row_group_size=60)
    assign_batch(tmp_path / "in.parquet", ZONES, tmp_path / "out.parquet", batch_rows=50)
    points = gpd.points_from_xy(table["lon"], table["lat"], crs=4490)
    expected = assign_incidents(gpd.GeoDataFrame({"number": table["number"]}, geometry=points), ZONES)
    found = pd.read_parquet(tmp_path / "out.parquet")
    assert found["number"].tolist() == list(range(200))
    for name in ADDED:
        assert found[name].astype(object).where(found[name].notna(), None).tolist() == (
            expected[name].astype(object).where(expected[name].notna(), None).tolist()
        )


def test_the_days_of_a_group_decide_where_zones_have_periods(tmp_path):
    zones = two_zones(valid_from=["1970-01-01", None], valid_to=["1970-01-01", None])
    table = incidents(200).set_column(
        4, "occurred_at", pa.array(np.arange(200) * 3_600_000, pa.timestamp("ms"))
    )
    pq.write_table(table, tmp_path / "in.parquet", row_group_size=100)
    assign_batch(tmp_path / "in.parquet", zones, tmp_path / "out.parquet", batch_rows=100)
    plainly(tmp_path / "in.parquet", tmp_path / "anew.parquet", zones, batch_rows=100)
    assert same(tmp_path / "out.parquet", tmp_path / "anew.parquet")
    when = pd.read_parquet(tmp_path / "out.parquet").groupby("zone_code", observed=True)["occurred_at"].max()
    assert when["A"] < pd.Timestamp("1970-01-02") <= when["B"]


def test_points_of_geoparquet_pass_too(tmp_path):
    points = gpd.GeoDataFrame({"n": range(90)}, geometry=[Point(WEST + STEP / 2, SOUTH)] * 90, crs=4490)
    points.to_parquet(tmp_path / "in.parquet", row_group_size=30)
    assign_batch(tmp_path / "in.parquet", ZONES, tmp_path / "out.parquet", batch_rows=20)
    found = read_layer(tmp_path / "out.parquet")
    assert found.geometry.geom_equals(points.geometry).all()
    assert (
        chunk_bytes(tmp_path / "out.parquet", 2)["geometry"]
        == chunk_bytes(tmp_path / "in.parquet", 2)["geometry"]
    )
    assign_batch(tmp_path / "in.parquet", ZONES, tmp_path / "out.gpkg", batch_rows=20)
    assert read_layer(tmp_path / "out.gpkg")["zone_code"].tolist() == found["zone_code"].tolist()


@pytest.mark.parametrize("nested", [True, False])
def test_the_footer_says_of_every_column_what_pyarrow_would(tmp_path, nested):
    table = incidents(300, without=[250])
    table = table if nested else table.drop_columns("parts")
    pq.write_table(table, tmp_path / "in.parquet", row_group_size=100)
    assign_batch(tmp_path / "in.parquet", ZONES, tmp_path / "out.parquet", batch_rows=100)
    about = pq.read_metadata(tmp_path / "out.parquet")
    read = pq.read_table(tmp_path / "out.parquet")
    begin = 0
    for at in range(about.num_row_groups):
        group = about.row_group(at)
        pq.write_table(read.slice(begin, group.num_rows), tmp_path / "alone.parquet")
        alone = pq.read_metadata(tmp_path / "alone.parquet").row_group(0)
        for column in range(group.num_columns):
            mine, theirs = (each.column(column).statistics.to_dict() for each in (group, alone))
            assert mine == theirs, group.column(column).path_in_schema
        sizes = [group.column(column).total_uncompressed_size for column in range(group.num_columns)]
        assert group.total_byte_size == sum(sizes)
        begin += group.num_rows
    assert begin == about.num_rows == 299
    kept = ds.dataset(tmp_path / "out.parquet").to_table(filter=ds.field("chief_code") == "LZ1")
    assert kept.num_rows == (read["zone_code"].to_pylist()).count("A")


def test_two_runs_and_any_number_of_threads_write_the_same_bytes(tmp_path, monkeypatch):
    pq.write_table(incidents(1000, without=[450]), tmp_path / "in.parquet", row_group_size=100)
    for threads in ("1", "5", "2"):
        monkeypatch.setenv("ZJK_GIS_THREADS", threads)
        assign_batch(tmp_path / "in.parquet", ZONES, tmp_path / f"out{threads}.parquet", batch_rows=50)
    made = {(tmp_path / f"out{threads}.parquet").read_bytes() for threads in ("1", "5", "2")}
    assert len(made) == 1


def test_several_files_pass_and_go_out_as_one(tmp_path):
    table = incidents(400, without=[120])
    (tmp_path / "parts").mkdir()
    for at in range(4):
        pq.write_table(table.slice(at * 100, 100), tmp_path / "parts" / f"{at}.parquet", row_group_size=40)
    assign_batch(tmp_path / "parts", ZONES, tmp_path / "out.parquet", batch_rows=30)
    own = table.filter(table["lon"].is_valid())
    assert pq.read_table(tmp_path / "out.parquet").select(table.schema.names).equals(own)


def by_fastparquet(path):
    with path.open("rb") as content:
        return fastparquet.ParquetFile(content).to_pandas()["number"].tolist()


READERS = {
    "pandas": lambda path: pd.read_parquet(path)["number"].tolist(),
    "duckdb": lambda path: duckdb.read_parquet(str(path)).fetchnumpy()["number"].tolist(),
    "polars": lambda path: polars.read_parquet(path)["number"].to_list(),
    "fastparquet": by_fastparquet,
}


@pytest.mark.parametrize("reader", READERS)
def test_others_read_the_file(tmp_path, reader):
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    flat = incidents(300, without=[150]).drop_columns("parts")
    pq.write_table(flat, source, row_group_size=100, compression="zstd")
    assign_batch(source, ZONES, target, batch_rows=50)
    assert READERS[reader](target) == [at for at in range(300) if at != 150]


# What does not pass ----------------------------------------------------------------------------------------


def passed(source, zones=ZONES, **options):
    """Count the row groups that go out as they are, and hold the file against one made anew."""
    seen = []
    folder = source.parent
    with pytest.MonkeyPatch.context() as patch:
        blocks = row_groups.RowGroup.blocks
        patch.setattr(row_groups.RowGroup, "blocks", lambda self: seen.append(self.number) or blocks(self))
        assign_batch(source, zones, folder / "out.parquet", **options)
    plainly(source, folder / "anew.parquet", zones, **options)
    assert same(folder / "out.parquet", folder / "anew.parquet")
    return len(seen)


def test_groups_too_large_to_be_worked_on_at_once_or_not_worth_it_are_made_anew(tmp_path):
    table = incidents(300)
    with pq.ParquetWriter(tmp_path / "in.parquet", table.schema) as out:
        for begin, end in ((0, 100), (100, 103), (103, 300)):
            out.write_table(table.slice(begin, end - begin))
    assert passed(tmp_path / "in.parquet", batch_rows=20) == 1


def test_a_group_without_rows_is_none(tmp_path):
    table = incidents(4)
    with pq.ParquetWriter(tmp_path / "in.parquet", table.schema) as out:
        for begin, end in ((0, 2), (2, 2), (2, 4)):
            out.write_table(table.slice(begin, end - begin))
    assert passed(tmp_path / "in.parquet", batch_rows=1) == 2


@pytest.mark.parametrize(
    "written",
    [{"version": "1.0"}, {"data_page_version": "2.0"}, {"write_page_index": True}, {"compression": "gzip"}],
)
def test_however_pyarrow_wrote_them_they_pass_if_they_are_declared_alike(tmp_path, written):
    pq.write_table(incidents(100), tmp_path / "in.parquet", row_group_size=50, **written)
    assert passed(tmp_path / "in.parquet", batch_rows=50) == 2
    column = pq.read_metadata(tmp_path / "out.parquet").row_group(0).column(0)
    assert not column.has_offset_index  # it stands elsewhere in the source


def test_a_column_that_must_give_way_to_one_that_is_added_is_written_again(tmp_path):
    table = incidents(100).append_column("zone_code", pa.array(["old"] * 100))
    pq.write_table(table, tmp_path / "in.parquet", row_group_size=50)
    assert passed(tmp_path / "in.parquet", batch_rows=50) == 0
    assert "zone_code_recorded" in pq.read_schema(tmp_path / "out.parquet").names


def test_old_times_are_written_as_today(tmp_path):
    pq.write_table(incidents(100), tmp_path / "in.parquet", use_deprecated_int96_timestamps=True)
    assert passed(tmp_path / "in.parquet", batch_rows=50) == 0


@pytest.mark.parametrize(
    ("name", "count"), [(b"parquet-cpp-arrow version 9.", 0), (b"parquet-mr version 1.13", 0)]
)
def test_what_another_program_says_of_its_columns_is_not_said_in_the_name_of_this_one(tmp_path, name, count):
    source = tmp_path / "in.parquet"
    pq.write_table(incidents(100), source)
    content = source.read_bytes()
    own = pq.read_metadata(source).created_by.encode()
    assert content.count(own) == 1
    source.write_bytes(content.replace(own, name.ljust(len(own), b"0")))
    assert passed(source, batch_rows=50) == count


def test_a_source_cut_short_meanwhile_is_noticed(tmp_path):
    source = tmp_path / "in.parquet"
    pq.write_table(incidents(100), source)
    group = row_groups.passable_groups(
        source, pq.read_metadata(source), row_groups.read_footer(source), least=1, most=100
    )[0]
    whole = b"".join(group.blocks())
    assert whole == b"".join(chunk_bytes(source, 0).values())
    with source.open("r+b") as file:
        file.truncate(len(whole) // 2)
    with pytest.raises(FileError, match="changed while it was read"):
        list(group.blocks())
