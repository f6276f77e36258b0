"""Shapes that GEOS does not know: arcs become lines of many corners, surfaces the areas they consist of.

The arc of these tests is the upper half of a circle of radius 1 around (1, 0), from (0, 0) over (1, 1) to
(2, 0); its length is pi, and the area below it pi / 2.
"""

import sqlite3
import struct

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from shapely import Point

from zjk_gis.batch.opening import open_source
from zjk_gis.batch.sources import Place
from zjk_gis.errors import GeometryError
from zjk_gis.io import read_layer
from zjk_gis.io.binary_shapes import shapes_of_wkb

ARC = [(0, 0), (1, 1), (2, 0)]
CIRCLE = [(0, 0), (1, 1), (2, 0), (1, -1), (0, 0)]
CORNER = [(0, 0, 5), (1, 0, 5), (0, 1, 5), (0, 0, 5)]


def line(kind, places, order="<"):
    numbers = [number for place in places for number in place]
    return struct.pack(f"{order}BII{len(numbers)}d", order == "<", kind, len(places), *numbers)


def several(kind, *parts, order="<"):
    return struct.pack(f"{order}BII", order == "<", kind, len(parts)) + b"".join(parts)


def area(kind, ring):
    numbers = [number for place in ring for number in place]
    return struct.pack(f"<BIII{len(numbers)}d", 1, kind, 1, len(ring), *numbers)


CURVED = {
    "CircularString": (line(8, ARC), "LineString", np.pi),
    "CompoundCurve": (several(9, line(2, [(-1, 0), (0, 0)]), line(8, ARC)), "LineString", np.pi + 1),
    "CurvePolygon": (several(10, line(8, CIRCLE)), "Polygon", 2 * np.pi),
    "MultiCurve": (several(11, line(8, ARC), line(2, [(0, 5), (1, 5)])), "MultiLineString", np.pi + 1),
    "MultiSurface": (several(12, several(10, line(8, CIRCLE))), "MultiPolygon", 2 * np.pi),
    "PolyhedralSurface": (several(1015, area(1003, CORNER)), "MultiPolygon", 2 + 2**0.5),
    "TIN": (several(1016, area(1017, CORNER)), "MultiPolygon", 2 + 2**0.5),
    "Triangle": (area(1017, CORNER), "Polygon", 2 + 2**0.5),
    "GeometryCollection": (several(7, line(8, ARC)), "GeometryCollection", np.pi),
}


def geopackage(path, blobs, kind="GEOMETRY"):
    """Write a GeoPackage whose shapes no library here writes."""
    layer = gpd.GeoDataFrame({"n": range(len(blobs))}, geometry=[Point(0, 0)] * len(blobs), crs=4547)
    pyogrio.write_dataframe(layer, path, geometry_type="Unknown", SPATIAL_INDEX="NO", layer="案件")
    with sqlite3.connect(path) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE gpkg_geometry_columns SET geometry_type_name = ?", [kind])
        for at, blob in enumerate(blobs):
            values = [None if blob is None else b"GP\0\1" + struct.pack("<i", 4547) + blob, at + 1]
            database.execute('UPDATE "案件" SET geom = ? WHERE fid = ?', values)
    database.close()
    return path


@pytest.mark.parametrize("name", CURVED)
@pytest.mark.parametrize("mode", ["raise", "ignore"])
def test_curves_and_surfaces_become_plain_shapes(name, mode):
    blob, kind, length = CURVED[name]
    shape, missing = shapes_of_wkb([blob, None], on_invalid=mode)
    assert (shape.geom_type, missing) == (kind, None)
    assert shape.length == pytest.approx(length, rel=1e-3)
    assert shape.has_z == (name in ("PolyhedralSurface", "TIN", "Triangle"))


def test_an_arc_meets_its_three_places_and_keeps_its_heights():
    heights = [(0, 0, 10), (1, 1, 20), (2, 0, 40)]
    places = shapes_of_wkb([line(1008, heights)])[0].coords
    assert all(place in list(places) for place in heights)
    assert [place[2] for place in places] == sorted(place[2] for place in places)
    assert np.hypot(np.array(places)[:, 0] - 1, np.array(places)[:, 1]) == pytest.approx(1)


def test_an_arc_is_followed_the_way_it_goes():
    over = shapes_of_wkb([line(8, ARC)])[0]
    under = shapes_of_wkb([line(8, [(0, 0), (1, -1), (2, 0)], order=">")])[0]
    assert (over.bounds, under.bounds) == (pytest.approx((0, 0, 2, 1)), pytest.approx((0, -1, 2, 0)))


def test_an_arc_that_is_straight_or_a_full_circle():
    straight, circle = shapes_of_wkb([line(8, [(0, 0), (1, 0), (2, 0)]), line(8, [(0, 0), (2, 0), (0, 0)])])
    assert straight.equals(shapely.LineString([(0, 0), (2, 0)]))
    assert (circle.length, circle.is_closed) == (pytest.approx(2 * np.pi, rel=1e-3), True)


@pytest.mark.parametrize("name", CURVED)
def test_a_curve_that_is_cut_off_is_no_shape(name):
    blob = CURVED[name][0][:-9]
    assert shapes_of_wkb([blob], on_invalid="ignore").tolist() == [None]
    with pytest.raises((GeometryError, shapely.errors.GEOSException)):
        shapes_of_wkb([blob])


def test_a_layer_of_curves_and_surfaces_is_read(tmp_path):
    path = geopackage(tmp_path / "a.gpkg", [blob for blob, _, _ in CURVED.values()])
    layer = read_layer(path)
    assert layer.geom_type.tolist() == [kind for _, kind, _ in CURVED.values()]
    assert layer.length.tolist() == pytest.approx([length for _, _, length in CURVED.values()], rel=1e-3)


@pytest.mark.parametrize("declared", ["CURVEPOLYGON", "MULTISURFACE", "GEOMETRYCOLLECTION"])
def test_a_layer_declared_as_curves_is_read(tmp_path, declared):
    layer = read_layer(geopackage(tmp_path / "a.gpkg", [CURVED["CurvePolygon"][0]], declared))
    assert layer.area.tolist() == pytest.approx([np.pi], rel=1e-2)


def test_a_layer_declared_as_a_surface_is_refused_by_name(tmp_path):
    with pytest.raises(
        GeometryError, match=r"a\.gpkg: the layer holds a triangulated surface.*multipolygons"
    ):
        read_layer(geopackage(tmp_path / "a.gpkg", [CURVED["TIN"][0]], "TIN"))


def test_curves_among_incidents_are_rejected_and_the_points_answered(tmp_path):
    point = shapely.to_wkb(Point(573000, 4520000))
    source = open_source(
        geopackage(tmp_path / "a.gpkg", [point, CURVED["TIN"][0], CURVED["CircularString"][0]])
    )
    (batch,) = source.batches(Place())
    places = source.places(batch)
    assert (places.why > 0).tolist() == [False, True, True]
    assert places.x[0] == 573000
