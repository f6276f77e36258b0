"""What distances from known ground say of a datum."""

import numpy as np
import pytest

from zjk_gis.coordinates.shifted import DATUMS, ShiftTest, shift_test


def judged(means, inside=(0, 0, 0), *, points=100, is_areal=False):
    means, inside = (dict(zip(DATUMS, values, strict=True)) for values in (means, inside))
    return ShiftTest(points, means, means, dict.fromkeys(DATUMS, 0), inside, is_areal)


def test_distances_are_counted_up_to_a_kilometre_and_five_metres_are_inside():
    distances = np.array([0.0, 5.0, 5.5, 989.5, 5000.0])
    found = shift_test(np.full(5, 114.88), np.full(5, 40.82), lambda lon, lat: distances)
    assert set(found.mean_m.values()) == {2000 / 5}
    assert set(found.median_m.values()) == {5.5}
    assert set(found.inside.values()) == {0.4}
    assert found.nearest == {"wgs84": 5, "gcj02": 0, "bd09": 0}, "of equals the ground"
    assert found.points == 5


@pytest.mark.parametrize(
    ("means", "best", "clear"),
    [
        ((20, 500, 900), "wgs84", True),
        ((500, 20, 900), "gcj02", True),
        ((500, 500, 20), "bd09", True),
        ((195, 995, 995), "wgs84", True),
        ((200, 995, 995), "wgs84", True),
        ((200.5, 995, 995), "wgs84", False),  # near nothing
        ((95, 195, 995), "wgs84", True),  # twice as near: four fifths
        ((95, 170, 995), "wgs84", False),  # less than three quarters
        ((50, 50, 50), "wgs84", False),
    ],
)
def test_by_distances(means, best, clear):
    found = judged(means)
    assert (found.best, found.is_clear) == (best, clear)
    assert sum(found.odds.values()) == pytest.approx(1)


def test_the_odds_go_with_the_square_of_the_distance_and_five_metres_of_noise():
    odds = judged((5, 15, 15)).odds
    assert [odds[datum] for datum in DATUMS] == pytest.approx([4 / 6, 1 / 6, 1 / 6])


@pytest.mark.parametrize(
    ("inside", "points", "clear"),
    [
        ((1, 0.9375, 0.5), 160, True),  # ten points more
        ((1, 0.9375, 0.5), 159, False),
        ((1, 0.96, 0.5), 1000, False),  # 4 % more
        ((1, 0.94, 0.5), 1000, True),
    ],
)
def test_of_areas_more_must_lie_inside(inside, points, clear):
    found = judged((0, 0, 0), inside, points=points, is_areal=True)
    assert (found.best, found.is_clear) == ("wgs84", clear)
