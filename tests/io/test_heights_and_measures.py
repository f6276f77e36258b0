"""Heights (Z) and measures (M): kept where a format holds them, told where it does not, never invented."""

from itertools import count

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString, Point, from_wkt

from zjk_gis import Workspace
from zjk_gis.crs import convert_crs
from zjk_gis.io import read_layer, write_layer

EAST, NORTH = 573000.0, 4520000.0
SOME_HIGH = [Point(EAST, NORTH), Point(EAST + 1, NORTH, 700), Point(EAST + 2, NORTH, 0)]
LINES = [LineString([(EAST, NORTH), (EAST, NORTH + 9)]), LineString([(EAST, NORTH, 1), (EAST, NORTH + 9, 2)])]
MEASURED = from_wkt([f"POINT M ({EAST} {NORTH} 5)", f"POINT ZM ({EAST} {NORTH} 700 6)"]).tolist()
NUMBERS = count()
FILES = ["gpkg", "shp", "geojson", "fgb", "gdb", "kml", "parquet", "csv"]


def layer(shapes, crs=4547, **columns):
    return gpd.GeoDataFrame({"n": range(len(shapes)), **columns}, geometry=list(shapes), crs=crs)


def heights(shapes):
    """The height of each shape's first place; None where it has none."""
    return [shapely.get_coordinates(each, include_z=True)[0, 2] if each.has_z else None for each in shapes]


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "gdb", "parquet", "kml"])
def test_each_row_keeps_its_own_dimension(tmp_path, ending, caplog):
    path = write_layer(layer(SOME_HIGH, 4547), tmp_path / f"a.{ending}")
    assert heights(read_layer(path).geometry) == [None, 700, 0]
    assert "height" not in caplog.text


@pytest.mark.parametrize("ending", ["shp", "fgb"])
def test_heights_of_some_points_become_a_column_where_the_format_wants_all_or_none(tmp_path, ending, caplog):
    read = read_layer(write_layer(layer(SOME_HIGH), tmp_path / f"a.{ending}"))
    assert heights(read.geometry) == [None, None, None]
    assert [None if pd.isna(z) else z for z in read["z"]] == [None, 700, 0]
    assert "only 2 of 3 have one: they stand in the column z (rows 1, 2)" in caplog.text


@pytest.mark.parametrize("ending", ["shp", "fgb"])
def test_heights_of_some_lines_are_left_out_and_told(tmp_path, ending, caplog):
    read = read_layer(write_layer(layer(LINES), tmp_path / f"a.{ending}"))
    assert heights(read.geometry) == [None, None]
    assert "only 1 of 2 have one: they are left out; write .gpkg to keep them (row 1)" in caplog.text


@pytest.mark.parametrize("ending", ["gpkg", "shp", "geojson", "fgb", "gdb", "kml", "parquet"])
def test_heights_of_all_stay_with_the_shapes_and_nothing_is_told(tmp_path, ending, caplog):
    read = read_layer(write_layer(layer(SOME_HIGH[1:]), tmp_path / f"a.{ending}"))
    assert heights(read.geometry) == [700, 0]
    assert "z" not in read
    assert "height" not in caplog.text


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_heights_and_measures_of_points_are_columns_of_a_table(tmp_path, ending):
    read = read_layer(write_layer(layer(SOME_HIGH), tmp_path / f"a.{ending}"))
    assert [None if pd.isna(z) else float(z) for z in read["z"]] == [None, 700, 0]
    assert "m" not in read
    read = read_layer(write_layer(layer(MEASURED), tmp_path / f"b.{ending}"))
    assert [[None if pd.isna(x) else float(x) for x in read[axis]] for axis in "zm"] == [[None, 700], [5, 6]]


def test_a_column_z_of_the_callers_own_is_kept_beside_the_heights(tmp_path):
    table = read_layer(write_layer(layer(SOME_HIGH, z=["a", "b", "c"]), tmp_path / "a.csv"))
    assert table["z_recorded"].tolist() == ["a", "b", "c"]
    same = read_layer(write_layer(layer(SOME_HIGH, z=[np.nan, 700.0, 0.0]), tmp_path / "b.csv"))
    assert "z_recorded" not in same


def test_heights_of_lines_stay_in_the_text_of_a_table(tmp_path):
    read = read_layer(write_layer(layer(LINES, 4547), tmp_path / "a.csv"))
    assert heights(read.geometry) == [None, 1]


@pytest.mark.parametrize("ending", ["gpkg", "shp", "geojson", "fgb", "gdb", "kml"])
def test_measures_that_a_format_does_not_hold_are_told_and_heights_kept(tmp_path, ending, caplog):
    read = read_layer(write_layer(layer(MEASURED[1:]), tmp_path / f"a.{ending}"))
    assert heights(read.geometry) == [700]
    assert not shapely.has_m(read.geometry.to_numpy()).any()
    assert "the measures (M) of 1 shapes are left out; write .parquet to keep them (row 0)" in caplog.text


def test_parquet_keeps_measures(tmp_path):
    read = read_layer(write_layer(layer(MEASURED), tmp_path / "a.parquet"))
    assert shapely.get_m(read.geometry.to_numpy()).tolist() == [5, 6]


def test_a_conversion_keeps_the_heights_of_measured_shapes():
    assert heights(convert_crs(layer(MEASURED), 4490).geometry) == [None, 700]


@pytest.mark.parametrize("ending", ["gpkg", "shp", "gdb"])
def test_columns_that_differ_by_case_alone_keep_their_values(tmp_path, ending, caplog):
    frame = layer(SOME_HIGH[:1], State=["a"], STATE=["b"], state_2=["c"])
    read = read_layer(write_layer(frame, tmp_path / f"a.{ending}"))
    assert read[["State", "STATE_3", "state_2"]].to_numpy().tolist() == [["a", "b", "c"]]
    assert "STATE -> STATE_3" in caplog.text


@pytest.mark.parametrize("ending", FILES)
def test_columns_of_one_name_keep_their_values(tmp_path, ending, caplog):
    frame = layer(SOME_HIGH[:1], a=["甲"], b=["乙"])
    frame.columns = ["n", "a", "a", "geometry"]
    read = read_layer(write_layer(frame, tmp_path / f"a.{ending}"))
    assert read[["a", "a_2"]].to_numpy().tolist() == [["甲", "乙"]]
    assert "a -> a_2" in caplog.text


@pytest.fixture(params=["geopackage", "postgis"])
def workspace(request, tmp_path):
    address = tmp_path / "city.gpkg"
    if request.param == "postgis":
        address = f"{request.getfixturevalue('postgis')}&schema=heights{next(NUMBERS)}"
    with Workspace.open(address) as opened:
        yield opened


def rows_of(shapes):
    return [shapely.to_wkt(each, rounding_precision=3) for each in shapes]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (SOME_HIGH, SOME_HIGH),
        (SOME_HIGH[:1], SOME_HIGH[1:]),
        (SOME_HIGH[1:], SOME_HIGH[:1]),
        (LINES, SOME_HIGH),
        (MEASURED, SOME_HIGH),
        (SOME_HIGH[:1], MEASURED),
        ([None, SOME_HIGH[0]], [None, SOME_HIGH[1]]),
    ],
    ids=["mixed", "flat+high", "high+flat", "lines+points", "measured+mixed", "flat+measured", "missing"],
)
def test_a_workspace_keeps_each_row_as_it_was_whatever_is_added(workspace, first, then):
    workspace.write("wells", layer(first))
    assert rows_of(workspace.read("wells").geometry) == rows_of(first)
    workspace.append("wells", layer(then))
    assert rows_of(workspace.read("wells").geometry) == rows_of([*first, *then])
    assert rows_of(workspace.read("wells", version=1).geometry) == rows_of(first)
    workspace.append("wells", layer(first))
    assert rows_of(workspace.read("wells").geometry) == rows_of([*first, *then, *first])


def test_postgis_knows_the_system_of_rows_of_several_dimensions(postgis):
    import sqlalchemy as sa

    schema = f"heights{next(NUMBERS)}"
    with Workspace.open(f"{postgis}&schema={schema}") as opened:
        opened.write("wells", layer(SOME_HIGH))
        opened.write("flat", layer(SOME_HIGH[:1]))
        opened.append("flat", layer(SOME_HIGH[1:]))
    engine = sa.create_engine(postgis.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        query = sa.text("SELECT f_table_name, srid FROM geometry_columns WHERE f_table_schema = :schema")
        found = dict(connection.execute(query, {"schema": schema}).fetchall())
    engine.dispose()
    assert (found["wells"], found["flat"]) == (4547, 4547)


@pytest.mark.parametrize("declared", ["PointZ", "Point", "PointM", "Geometry"])
def test_rows_can_be_added_to_a_table_of_others_whatever_its_dimension(postgis, declared):
    import sqlalchemy as sa

    schema = f"heights{next(NUMBERS)}"
    first = {"PointZ": "POINT Z (1 2 3)", "PointM": "POINT M (1 2 3)"}.get(declared, "POINT (1 2)")
    engine = sa.create_engine(postgis.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
        connection.exec_driver_sql(
            f"CREATE TABLE {schema}.wells (id integer PRIMARY KEY, n bigint, geom geometry({declared}, 4547))"
        )
        row = sa.text(f"INSERT INTO {schema}.wells VALUES (1, 7, ST_GeomFromText(:first, 4547))")  # noqa: S608
        connection.execute(row, {"first": first})
    engine.dispose()
    with Workspace.open(f"{postgis}&schema={schema}") as opened:
        assert rows_of(opened.read("wells").geometry) == [first]
        opened.append("wells", layer(SOME_HIGH))
        assert rows_of(opened.read("wells").geometry) == [first, *rows_of(SOME_HIGH)]
