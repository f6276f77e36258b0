"""Edges that cancel out, and the faces that the rest make."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import wiggly_coverage

from zjk_gis.engine.edges import chained, edges_left
from zjk_gis.engine.shapes import Rings


def left_of(shapes):
    return edges_left(Rings.of(np.asarray(shapes, dtype=object)))


def test_of_a_clean_coverage_only_the_rim_is_left():
    zones = wiggly_coverage(6, 5)
    rim = shapely.union_all(zones).exterior
    left = shapely.union_all(shapely.linestrings(left_of(zones).reshape(-1, 2, 2)))
    assert shapely.equals(left, rim)


def test_the_direction_in_which_rings_were_drawn_does_not_matter():
    zones = wiggly_coverage(4, 4)
    some = np.arange(len(zones)) % 3 == 0
    drawn = zones.copy()
    drawn[some] = shapely.reverse(zones[some])
    assert np.array_equal(left_of(zones), left_of(drawn))


def test_a_hole_is_filled_by_the_zone_in_it():
    lake = shapely.Point(50, 50).buffer(20)
    land = shapely.box(0, 0, 100, 100).difference(lake)
    assert len(left_of([land, lake])) == 4


def test_what_is_covered_twice_is_left_twice():
    square = shapely.box(0, 0, 10, 10)
    assert len(left_of([square, square])) == 8
    assert len(left_of([square, shapely.box(10, 0, 20, 10), square])) == 10


@settings(deadline=None)
@given(st.permutations(range(12)))
def test_the_order_of_zones_changes_nothing(order):
    zones = np.concatenate([wiggly_coverage(4, 2), shapely.box([3, 20, 40, 90], 5, [30, 60, 44, 120], 30)])
    assert np.array_equal(left_of(zones), left_of(zones[order]))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12, unique=True))
def test_chains_hold_every_edge_once(pairs):
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    edges = np.array([[*corners[a], *corners[b]] for a, b in pairs if a != b]).reshape(-1, 4)
    if not len(edges):
        return
    coords, line = chained(edges)
    same = line[1:] == line[:-1]
    found = np.hstack([coords[:-1], coords[1:]])[same]
    assert sorted(map(tuple, found)) == sorted(map(tuple, edges))
