"""The largest circle in a shape: known by construction, and the same in compiled code and without."""

import numpy as np
import pytest
import shapely
from shapely import Point, box

from zjk_gis.engine.widths import inscribed
from zjk_gis.engine.widths.inscribed import greatest_widths


def stars(number, seed=0):
    """Draw polygons with many reflex corners around a common centre."""
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, (number, 24)), axis=1)
    radii = rng.uniform(20, 100, (number, 24))
    rings = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=2)
    shapes = shapely.polygons(rings)
    return shapes[shapely.is_valid(shapes)]


@pytest.mark.parametrize("few", [0, 10**12], ids=["compiled", "plain"])
class TestWidths:
    @pytest.fixture(autouse=True)
    def way(self, few, monkeypatch):
        monkeypatch.setattr(inscribed, "_FEW_PAIRS", few)

    def test_what_is_known_by_construction(self):
        ring = Point(0, 0).buffer(103, quad_segs=64).difference(Point(0, 0).buffer(100, quad_segs=64))
        corner = shapely.union(box(0, 0, 90, 10), box(0, 0, 10, 90))  # where two corridors of 10 m meet
        shapes = np.array([box(0, 0, 60, 0.4), ring, corner, Point(0, 0).buffer(7), shapely.Polygon()])
        widths = greatest_widths(shapes)
        root = 20 * (2 - np.sqrt(2))  # it touches both outer walls and the inner corner
        assert widths == pytest.approx([0.4, 3.0, root, 14.0, 0.0], rel=2e-3)

    def test_of_several_parts_the_widest_counts(self):
        both = shapely.union(box(0, 0, 50, 2), box(100, 0, 105, 5))
        assert greatest_widths(np.array([both])) == pytest.approx([5.0])

    def test_agrees_with_the_search_of_geos(self):
        shapes = stars(300)
        shapes = np.concatenate([shapes, shapely.difference(shapes[:20], shapely.buffer(shapes[:20], -3))])
        theirs = 2 * shapely.length(shapely.maximum_inscribed_circle(shapes, tolerance=1e-7))
        assert greatest_widths(shapes) == pytest.approx(theirs, rel=1e-6)

    def test_a_vertex_where_the_circle_touches_a_straight_side_is_no_obstacle(self):
        plus = shapely.Polygon([(0, 0), (10, 0), (20, 0), (20, 10), (20, 20), (10, 20), (0, 20), (0, 10)])
        assert greatest_widths(np.array([plus])) == pytest.approx([20.0], rel=1e-9)

    def test_far_from_the_origin_a_circle_does_not_slip_through_a_corner(self):
        far = shapely.transform(stars(300), lambda coords: coords + [573_000, 4_520_000])
        theirs = 2 * shapely.length(shapely.maximum_inscribed_circle(far, tolerance=1e-7))
        assert greatest_widths(far) == pytest.approx(theirs, rel=1e-6)


def test_a_border_of_thousands_of_edges_hides_nothing():
    rng = np.random.default_rng(0)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 3000))
    radii = 100 + np.cumsum(rng.normal(0, 0.05, 3000))
    disc = shapely.Polygon(np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)).buffer(0)
    shapes = np.array([disc, disc.difference(disc.buffer(-6))], dtype=object)
    theirs = 2 * shapely.length(shapely.maximum_inscribed_circle(shapes, tolerance=1e-4))
    assert greatest_widths(shapes) == pytest.approx(theirs, rel=1e-4)


def test_compiled_code_and_plain_agree_to_a_millionth(monkeypatch):
    shapes = stars(40, seed=1)
    monkeypatch.setattr(inscribed, "_FEW_PAIRS", 0)
    compiled = greatest_widths(shapes)
    monkeypatch.setattr(inscribed, "_FEW_PAIRS", 10**12)
    assert compiled == pytest.approx(greatest_widths(shapes), rel=1e-6)


@pytest.mark.parametrize("few", [0, 10**12], ids=["compiled", "plain"])
def test_vertices_that_rounding_has_split_mislead_nobody(few, monkeypatch):
    monkeypatch.setattr(inscribed, "_FEW_PAIRS", few)
    x, y = 573903.2965503222, 4521207.513923256
    split = [(x, y), (x - 1e-10, y + 1e-10), (x - 10, y + 10), (x - 20, y), (x - 10, y - 10), (x + 1e-10, y)]
    shapes = np.array([shapely.Polygon(split), shapely.Polygon(np.delete(split, [1, 5], axis=0))])
    assert greatest_widths(shapes) == pytest.approx([10 * 2**0.5] * 2, rel=1e-6)
