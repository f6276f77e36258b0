"""Shapes from elsewhere that lie so deep in each other that GEOS would end the process over them."""

import sqlite3
import struct

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon

from zjk_gis import Workspace
from zjk_gis.errors import ZjkGisError
from zjk_gis.io import read_layer, write_layer
from zjk_gis.io.binary_shapes import lies_too_deep, shapes_of_wkb
from zjk_gis.io.tables.cell_positions import geometry_of

POINT = shapely.to_wkb(Point(114.8, 40.8))
RING = LineString([(0, 0, 5), (4, 0, 5), (4, 4, 5), (0, 0, 5)])
HOLED = Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(1, 1), (2, 1), (2, 2)], [(5, 5), (6, 5), (6, 6)]])
SIMPLE = [
    Point(1, 2), Point(1, 2, 3), Point(), RING, LineString(), HOLED, Polygon(), MultiPolygon(),
    MultiPoint([(1, 2), (3, 4)]), MultiLineString([RING, RING]), GeometryCollection(),
    MultiPolygon([HOLED, Polygon([(20, 20), (21, 20), (21, 21)])]),
]  # fmt: skip


def nested(depth, kind=7, order="<"):
    """Return so many collections in each other, with a point in the innermost."""
    return struct.pack(f"{order}BII", order == "<", kind, 1) * depth + POINT


shapes = st.recursive(
    st.sampled_from(SIMPLE), lambda inner: st.lists(inner, max_size=4).map(GeometryCollection)
)


@given(
    shape=shapes,
    order=st.sampled_from([0, 1]),
    form=st.sampled_from(["iso", "extended", "srid"]),
)
def test_sound_shapes_are_read_as_shapely_reads_them(shape, order, form):
    shape = shapely.set_srid(shape, 4490)
    flavor = "iso" if form == "iso" else "extended"
    made = shapely.to_wkb(shape, byte_order=order, flavor=flavor, include_srid=form == "srid")
    assert shapely.equals_exact(shapes_of_wkb([made])[0], shape)


@given(shape=shapes, depth=st.integers(0, 60), order=st.sampled_from([0, 1]))
def test_the_depth_is_counted_behind_other_parts_too(shape, depth, order):
    deep = shapely.from_wkb(nested(depth))
    made = shapely.to_wkb(GeometryCollection([HOLED, shape, deep]), byte_order=order)
    own = 0
    while isinstance(shape, GeometryCollection) or hasattr(shape, "geoms"):
        own += 1
        shape = max(shape.geoms, key=height, default=Point())
    assert lies_too_deep(made) == (1 + max(own, depth) > 32)


def height(shape):
    return 1 + max(map(height, shape.geoms), default=0) if hasattr(shape, "geoms") else 0


@given(st.binary(max_size=2000))
def test_bytes_that_are_no_shape_end_the_check(content):
    assert lies_too_deep(nested(3) + content) in (True, False)
    assert lies_too_deep(content) in (True, False)


@pytest.mark.parametrize("kind", [4, 5, 6, 7, 1007, 2007, 3007, 0x80000007, 9, 10, 11, 12, 15, 16])
@pytest.mark.parametrize("order", ["<", ">"])
def test_what_would_end_the_process_is_refused(kind, order):
    assert lies_too_deep(nested(300_000, kind, order))
    assert shapes_of_wkb([POINT, nested(300_000, kind, order)], on_invalid="ignore").tolist()[1:] == [None]


@pytest.mark.parametrize(
    "text",
    [
        nested(300_000).hex(),
        "GEOMETRYCOLLECTION (" * 300_000 + "POINT (1 2)" + ")" * 300_000,
        "COMPOUNDCURVE (" * 300_000 + "POINT (1 2)" + ")" * 300_000,
        "MULTISURFACE (" * 300_000,
        '{"type":"GeometryCollection","geometries":[' * 300_000,
    ],
    ids=["binary", "collections", "curves", "surfaces", "json"],
)
def test_no_cell_of_a_table_is_too_deep(text):
    read, _ = geometry_of(pd.Series(["POINT (1 2)", text]))
    assert read.tolist() == [Point(1, 2), None]


def test_a_parquet_file_with_such_a_shape_is_refused(tmp_path):
    frame = gpd.GeoDataFrame({"id": [1]}, geometry=[Point(114.8, 40.8)], crs=4490)
    path = write_layer(frame, tmp_path / "a.parquet")
    table = pq.read_table(path)
    deep = pa.array([nested(300_000)], pa.binary())
    pq.write_table(table.set_column(1, table.schema.field(1), deep), path)
    with pytest.raises(ZjkGisError, match=r"a\.parquet: has collections that lie too deep in each other"):
        read_layer(path)


def test_a_workspace_changed_by_others_says_what_it_cannot_read(tmp_path):
    zones = gpd.GeoDataFrame({"note": ["a"]}, geometry=[GeometryCollection([Point(114.8, 40.8)])], crs=4490)
    workspace = Workspace.open(tmp_path / "city.gpkg")
    workspace.write("my_layer", zones)
    with sqlite3.connect(tmp_path / "city.gpkg") as database:
        tables = [name for (name,) in database.execute("SELECT table_name FROM gpkg_geometry_columns")]
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        for name in tables:
            header = b"GP\x00\x01" + struct.pack("<i", 4490)
            change = f'UPDATE "{name}" SET geom = ?'  # noqa: S608
            database.execute(change, [header + nested(300_000)])
    database.close()
    with pytest.raises(ZjkGisError, match="the shape of row 0 has collections more than 32 deep"):
        workspace.read("my_layer")


def test_missing_values_stay_missing():
    assert shapes_of_wkb([None, POINT]).tolist() == [None, Point(114.8, 40.8)]
    assert shapes_of_wkb([]).shape == (0,)
    assert np.array_equal(shapes_of_wkb(iter([POINT])), [Point(114.8, 40.8)])
