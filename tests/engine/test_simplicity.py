"""Rings that meet themselves: all that GEOS calls invalid are among those marked, and no plain ring is."""

import numpy as np
import pytest
import shapely
from shapes import wiggly_coverage

from zjk_gis.engine.polygons.index import PolygonIndex
from zjk_gis.engine.polygons.simplicity import may_meet_themselves
from zjk_gis.engine.shapes import Rings

# A B        each letter is a vertex; the ring goes through them in the order that is written
# D C        at whole numbers, so that what touches touches exactly
A, B, C, D, M = (0, 4), (4, 4), (4, 0), (0, 0), (2, 2)


@pytest.mark.parametrize(
    ("ring", "marked"),
    [
        pytest.param([A, B, C, D], False, id="a square"),
        pytest.param([A, A, B, C, C, C, D], False, id="vertices that come twice in a row"),
        pytest.param([A, B, (8, 4), C, D], False, id="a vertex in the middle of a side"),
        pytest.param([A, C, B, D], True, id="two sides cross"),
        pytest.param([A, M, B, C, M, D], True, id="it touches itself in a vertex"),
        pytest.param([A, B, C, D, (0, 2), M, (0, 2)], True, id="a spike"),
        pytest.param([A, B, C, (4, 6), (4, 0), D], True, id="one side leads back over another"),
        pytest.param([A, B, C, (2, 4), D], True, id="a vertex lies on a side"),
    ],
)
def test_a_ring_is_marked_where_it_meets_itself(ring, marked):
    rings = Rings.of(np.array([shapely.Polygon(ring)]))
    assert may_meet_themselves(rings).tolist() == [marked]


def scribbles(number, vertices, rng):
    """Draw rings whose vertices lie on whole numbers, some simple and most not."""
    turn = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    reach = rng.uniform(5, 12, (number, vertices))
    shift = rng.normal(0, 1, (number, vertices, 2)) * rng.choice([0, 1, 4], (number, 1, 1))
    return shapely.polygons((reach[..., None] * np.stack([np.cos(turn), np.sin(turn)], -1) + shift).round())


@pytest.mark.parametrize("vertices", [4, 9, 40, 400])
def test_what_is_not_marked_is_valid(vertices):
    shapes = scribbles(3000 // vertices, vertices, np.random.default_rng(vertices))
    marked = may_meet_themselves(Rings.of(shapes))
    assert shapely.is_valid(shapes[~marked]).all()
    # What GEOS finds valid is marked only if it has a spike or touches itself, which are never valid.
    assert (marked == ~shapely.is_valid(shapes)).all()


def test_neither_the_size_of_blocks_nor_who_works_changes_it(monkeypatch):
    shapes = wiggly_coverage(4, 3, per_edge=400)
    crossed = shapely.get_coordinates(shapes[5])
    crossed[[200, 900]] = crossed[[900, 200]]
    shapes[5] = shapely.Polygon(crossed)
    for threads in ("1", "3"):
        monkeypatch.setenv("ZJK_GIS_THREADS", threads)
        assert np.flatnonzero(may_meet_themselves(Rings.of(shapes))).tolist() == [5]


def test_large_layers_are_checked_as_geos_does():
    shapes = wiggly_coverage(80, 60)
    shapes[7] = shapely.difference(shapes[7], shapes[7].centroid.buffer(5))  # a hole is left to GEOS
    ring = shapely.get_coordinates(shapes[100])
    ring[[3, 30]] = ring[[30, 3]]
    shapes[100] = shapely.Polygon(ring)
    for keep in (True, False):
        found = PolygonIndex(shapes).invalid(keep=keep)
        assert np.flatnonzero(found).tolist() == np.flatnonzero(~shapely.is_valid(shapes)).tolist() == [100]
