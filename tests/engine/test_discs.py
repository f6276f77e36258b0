"""Discs shared out among polygons: few in NumPy, many by compiled code, the same to twelve decimals."""

import numpy as np
import pytest
import shapely
import shapes
from answers import WAYS
from shapely import Polygon, box

from zjk_gis.engine.polygons.discs import ChainedRings, disc_shares
from zjk_gis.engine.shapes import Rings

SETS = shapes.whole_city(0.001)
NAMES = (
    "wiggly coverage",
    "counties and grids",
    "overlapping",
    "islands in lakes",
    "fan",
    "far apart",
    "specks",
)


def both(zones, x, y, radius, zone):
    """Share discs out in both ways."""
    rings = Rings.of(zones)
    asked = [np.asarray(values, np.float64) for values in (x, y, radius)] + [np.asarray(zone, np.int64)]
    return disc_shares(rings, *asked), ChainedRings(rings).disc_shares(*asked)


@pytest.mark.parametrize("name", NAMES)
def test_many_are_shared_out_as_few_are(name):
    """Of any size, and such as just reach the border, where a sum that is torn apart would show."""
    zones = SETS[name]
    x, y = shapes.hostile_points(zones, 400, seed=5)
    there = (np.abs(x) < 1e9) & (np.abs(y) < 1e9)
    x, y = x[there], y[there]
    points = shapely.points(x, y)
    zone = shapely.STRtree(zones).nearest(points)
    rng = np.random.default_rng(6)
    just = np.maximum(shapely.distance(points, shapely.boundary(zones[zone])), 1e-3)
    for radius in (10 ** rng.uniform(-3, 4, len(x)), just, just * 1.001):
        few, many = both(zones, x, y, radius, zone)
        np.testing.assert_allclose(many, few, rtol=0, atol=2e-12)


@pytest.mark.parametrize("sides", [4, 7, 8, 9, 128, 129, 5000])
def test_a_ring_of_any_number_of_edges_holds_a_disc_or_does_not(sides):
    """Runs of eight edges, and of many runs, are passed over: within a ring, beside it, and around it."""
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = Polygon(np.column_stack([100 * np.cos(angle), 100 * np.sin(angle)]))
    few, many = both(np.array([ring]), [0, 30, 200, 0], [0, -30, 0, 0], [5, 10, 50, 1000], [0] * 4)
    assert few.tolist() == many.tolist()
    assert many.tolist() == [1.0, 1.0, 0.0, round(ring.area / (np.pi * 1e6), 12)]


def test_little_is_lost_where_an_edge_is_long():
    """A centimetre around the corner of a square of a thousand kilometres: a quarter lies in it."""
    few, many = both(np.array([box(0, 0, 1e6, 1e6)]), [1e6], [1e6], [0.01], [0])
    assert few.tolist() == many.tolist() == [0.25]


@pytest.mark.parametrize("way", WAYS)
def test_an_index_shares_discs_out_in_any_order(way):
    """The share of each is that of the polygon that GEOS cuts with a disc of many corners."""
    zones = shapes.wiggly_coverage(6, 5)
    index = WAYS[way](zones)
    x, y = shapes.random_points(zones, 200, seed=3)
    zone = shapely.STRtree(zones).nearest(shapely.points(x, y))
    radius = np.random.default_rng(4).uniform(1, 150, len(x))
    shares = index.disc_shares(x, y, radius, zone)
    discs = shapely.buffer(shapely.points(x, y), radius, quad_segs=256)
    plain = shapely.area(shapely.intersection(discs, zones[zone])) / shapely.area(discs)
    np.testing.assert_allclose(shares, plain, atol=1e-4)
    assert index.disc_shares(x[::-1], y[::-1], radius[::-1], zone[::-1]).tolist() == shares[::-1].tolist()
