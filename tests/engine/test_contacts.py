"""Zones near a point, told by the compiled grid as in NumPy: the same to the last bit, at any distance."""

import numpy as np
import pytest
import shapes
from answers import compiled, in_numpy
from shapely import box

SETS = shapes.whole_city(0.001)
NAMES = ("wiggly coverage", "counties and grids", "islands in lakes", "fan", "hair slivers", "other vertices")


def columns(found):
    return [
        getattr(found, name).tolist()
        for name in ("point", "item", "distance", "inside", "at_border", "border")
    ]


@pytest.mark.parametrize("ask_for", [shapes.random_points, shapes.hostile_points])
@pytest.mark.parametrize("name", NAMES)
def test_contacts_are_those_found_in_numpy(name, ask_for):
    zones = SETS[name]
    x, y = ask_for(zones, 400, seed=5)
    grid, few = compiled(zones), in_numpy(zones)
    for within in (0.0, 1e-7, 0.5, 15.0):
        found = grid.contacts(x, y, border_within=within)
        assert columns(found) == columns(few.contacts(x, y, border_within=within))
        offsets, rows, touches = grid.candidates(x, y, border_within=within)
        assert rows.tolist() == found.item.tolist()
        assert offsets.tolist() == np.searchsorted(found.point, np.arange(len(x) + 1)).tolist()
        assert touches.tolist() == ((found.distance == 0) & ~found.inside).tolist()
        # Whom a border is near is told so while it is located.
        near = grid.locate(x, y, near=within).near
        assert within == 0 or near[found.point[found.border < np.inf]].all()
    row, distance = grid.nearest(x, y, within=15.0)
    expected, metres = few.nearest(x, y, within=15.0)
    assert row.tolist() == expected.tolist()
    np.testing.assert_array_equal(distance, metres)


def test_every_point_may_have_a_distance_of_its_own():
    row_of_boxes = np.array([box(k, 0, k + 1, 1) for k in range(10)])
    index = compiled(row_of_boxes)
    found = index.contacts([4.5, 4.5, 4.5], [0.5, 0.5, 0.5], border_within=[0.0, 0.5, 1.6])
    assert [found.item[found.point == k].tolist() for k in range(3)] == [[4], [3, 4, 5], [2, 3, 4, 5, 6]]
    assert found.border[found.point == 2].tolist() == [1.5, 0.5, 0.5, 0.5, 1.5]


def test_lists_grow_until_every_zone_finds_room():
    """A point in hundreds of zones at once needs more room than a point usually has."""
    nested = np.array([box(-k, -k, k, k) for k in range(1, 301)])
    index = compiled(nested)
    found = index.contacts(np.zeros(50), np.zeros(50), border_within=1000.0)
    assert found.item.tolist() == [*range(300)] * 50
    assert found.border.tolist() == [float(k) for k in range(1, 301)] * 50
