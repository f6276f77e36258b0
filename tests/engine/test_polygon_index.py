"""Point location on squares that can be drawn on graph paper."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from zjk_gis.engine import LineIndex, PolygonIndex

WEST, EAST = box(0, 0, 10, 10), box(10, 0, 20, 10)
RING = Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(3, 3), (6, 3), (6, 6), (3, 6)]])


def contacts(polygons, points, border_within=0.0):
    """Return {(point, polygon): "inside" | "border" | "inside, at border"} for a few points."""
    x, y = np.array(points, dtype=float).T
    found = PolygonIndex(np.array(polygons, dtype=object)).contacts(x, y, border_within=border_within)
    words = []
    for inside, at_border in zip(found.inside, found.at_border, strict=True):
        words.append(", ".join(["inside"] * bool(inside) + ["at border"] * bool(at_border)))
    return dict(zip(zip(found.point.tolist(), found.item.tolist(), strict=True), words, strict=True))


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        ((5, 5), {(0, 0): "inside"}),
        ((10, 5), {(0, 0): "at border", (0, 1): "at border"}),
        ((0, 0), {(0, 0): "at border"}),
        ((np.nextafter(10, 0), 5), {(0, 0): "inside"}),
        ((-1, 5), {}),
        ((np.nan, 5), {}),
        ((np.inf, 5), {}),
    ],
)
def test_a_point_touches_exactly_what_it_touches(point, expected):
    assert contacts([WEST, EAST], [point]) == expected


def test_near_a_border_is_a_result_of_its_own():
    found = contacts([WEST, EAST], [(9.8, 5), (10.2, 5), (20.3, 5)], border_within=0.5)
    assert found == {
        (0, 0): "inside, at border",
        (0, 1): "at border",
        (1, 0): "at border",
        (1, 1): "inside, at border",
        (2, 1): "at border",
    }


def test_a_hole_is_outside_and_its_rim_is_a_border():
    assert contacts([RING], [(4.5, 4.5), (3, 4), (1, 1)]) == {(1, 0): "at border", (2, 0): "inside"}


def test_a_multipolygon_is_one_zone():
    both = MultiPolygon([box(0, 0, 1, 1), box(5, 5, 6, 6)])
    assert contacts([both], [(0.5, 0.5), (5.5, 5.5), (3, 3)]) == {(0, 0): "inside", (1, 0): "inside"}


def test_distance_is_to_the_polygon_not_to_its_border():
    index = PolygonIndex(np.array([WEST, EAST], dtype=object))
    near = index.near(np.array([5.0, 23.0]), np.array([5.0, 14.0]), within=6)
    assert (near.point.tolist(), near.item.tolist()) == ([0, 0, 1], [0, 1, 1])
    assert near.distance.tolist() == [0, 5, 5]


coordinate = st.integers(0, 20).map(float)


@given(
    corners=st.lists(
        st.tuples(coordinate, coordinate, st.integers(1, 8), st.integers(1, 8)), min_size=1, max_size=8
    ),
    points=st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=20),
)
def test_rectangles_agree_with_plain_arithmetic(corners, points):
    boxes = [(x, y, x + w, y + h) for x, y, w, h in corners]
    expected = {}
    for p, (x, y) in enumerate(points):
        for b, (x1, y1, x2, y2) in enumerate(boxes):
            if x1 < x < x2 and y1 < y < y2:
                expected[p, b] = "inside"
            elif x1 <= x <= x2 and y1 <= y <= y2:
                expected[p, b] = "at border"
    assert contacts([box(*b) for b in boxes], points) == expected


@pytest.mark.parametrize(
    ("point", "side"), [((50, 3), 1), ((50, -3), -1), ((50, 0), 0), ((97, 50), 1), ((103, 50), -1)]
)
def test_the_side_is_seen_along_the_line(point, side):
    bend = shapely.LineString([(0, 0), (100, 0), (100, 100)])
    x, y = np.array([point[0]], float), np.array([point[1]], float)
    index = LineIndex(np.array([bend], dtype=object))
    assert index.side(x, y, index.near(x, y, within=10)).tolist() == [side]


def test_a_line_of_several_parts_has_no_side():
    parts = shapely.MultiLineString([[(0, 0), (10, 0)], [(20, 0), (10, 0)]])
    index = LineIndex(np.array([parts], dtype=object))
    x, y = np.array([5.0]), np.array([1.0])
    assert index.side(x, y, index.near(x, y, within=5)).tolist() == [0]
