"""Shapes with parts and rings that cover no ground, and heights that are none."""

import numpy as np
import pytest
import shapely
from shapely import GeometryCollection, MultiPoint, MultiPolygon, Point, Polygon, box, from_wkt

from zjk_gis.layers.shapes import cleaned, inner_points

SQUARE, HOLE = box(0, 0, 9, 9), [(1, 1), (2, 1), (2, 2), (1, 1)]
HOLLOW = from_wkt("POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), EMPTY)")


@pytest.mark.parametrize(
    ("shape", "clean"),
    [
        (HOLLOW, SQUARE),
        (from_wkt("MULTIPOLYGON (((0 0, 9 0, 9 9, 0 9, 0 0)), EMPTY)"), MultiPolygon([SQUARE])),
        (MultiPolygon([HOLLOW, box(20, 0, 21, 1)]), MultiPolygon([SQUARE, box(20, 0, 21, 1)])),
        (GeometryCollection([Point(), SQUARE]), GeometryCollection([SQUARE])),
        (
            from_wkt("GEOMETRYCOLLECTION (MULTIPOLYGON (((0 0, 9 0, 9 9, 0 9, 0 0)), EMPTY), POINT (1 1))"),
            GeometryCollection([MultiPolygon([SQUARE]), Point(1, 1)]),
        ),
    ],
)
def test_what_covers_no_ground_is_left_out(shape, clean):
    rows = np.array([Point(5, 5), shape, None, Polygon()])
    shapes, had = cleaned(rows)
    assert had.tolist() == [False, True, False, False]
    assert shapely.equals_identical(*shapely.normalize([shapes[1], clean]))
    assert shapely.get_num_geometries(shapes[1]) == shapely.get_num_geometries(clean)
    assert shapely.to_wkt(shapes[1]).count("EMPTY") == 0
    assert rows[1] is shape


@pytest.mark.parametrize(
    "shape",
    [
        SQUARE,
        Polygon(SQUARE.exterior, [HOLE]),
        MultiPolygon([SQUARE, box(20, 0, 21, 1)]),
        MultiPoint(),
        Polygon(),
    ],
)
def test_what_is_whole_is_returned_itself(shape):
    rows = np.array([shape])
    shapes, had = cleaned(rows)
    assert shapes is rows
    assert had.tolist() == [False]


def test_an_infinite_height_is_none_and_every_other_stays():
    rows = np.array([Point(1, 2, np.inf), Point(1, 2, 3), Point(1, 2)])
    shapes, had = cleaned(rows)
    heights = shapely.get_coordinates(shapes, include_z=True)[:, 2]
    assert np.isnan(heights).tolist() == [True, False, True]
    assert (heights[1], had.any()) == (3, False)


def test_an_inner_point_lies_on_what_there_is():
    assert inner_points(np.array([HOLLOW]))[0].within(SQUARE)
