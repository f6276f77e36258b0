"""Where lines lie along others: pieces of a straight line of 100 m, and of a ring of 40 m."""

import numpy as np
import pytest
import shapely
from shapely import LineString

from zjk_gis.overlay.linear import intervals_of, joined_lengths, stretches_along

STRAIGHT = LineString([(0, 0), (100, 0)])
RING = LineString([(0, 0), (10, 0), (10, 10), (0, 10), (0, 0)])


def told(found):
    return found[["from_m", "to_m"]].to_numpy().tolist()


@pytest.mark.parametrize(
    ("line", "piece", "expected"),
    [
        (STRAIGHT, [(20, 0), (50, 0)], [[20, 50]]),
        (STRAIGHT, [(50, 0), (20, 0)], [[20, 50]]),
        (STRAIGHT, [(50, 0), (50, 0)], []),
        (RING, [(10, 5), (10, 10), (0, 10), (0, 5)], [[15, 35]]),
        (RING, [(0, 5), (0, 0), (5, 0)], [[0, 5], [35, 40]]),  # over the place where the ring begins
        (RING, [(0, 2), (0, 0), (10, 0), (10, 2)], [[0, 12], [38, 40]]),
        (RING, [(5, 0), (10, 0), (10, 5)], [[5, 15]]),
    ],
)
def test_a_piece_of_a_line_has_a_beginning_and_an_end(line, piece, expected):
    one = np.zeros(1, dtype=np.intp)
    found = intervals_of(np.array([line]), one, one + 7, np.array([LineString(piece)]))
    assert told(found) == expected
    assert set(found["row"]) <= {7}


@pytest.mark.parametrize(
    ("other", "expected", "direction"),
    [
        ([(20, 2), (50, 2)], [[20, 50]], [1]),
        ([(50, 2), (20, 2)], [[20, 50]], [-1]),
        ([(20, 3.5), (50, 3.5)], [], []),  # too far
        ([(40, -50), (40, 50)], [], []),  # crosses
    ],
)
def test_what_lies_along_a_line_in_which_direction(other, expected, direction):
    found = stretches_along(np.array([STRAIGHT]), np.array([LineString(other)]), 3.0)
    assert told(found) == expected
    assert found["direction"].tolist() == direction


def test_a_line_that_wanders_off_is_along_only_where_it_is_near():
    away = LineString([(0, 1), (30, 1), (30, 50), (70, 50), (70, 1), (100, 1)])
    found = stretches_along(np.array([STRAIGHT]), np.array([away]), 2.0)
    assert found.index.tolist() == [0, 1]
    reach = 3**0.5  # of 2 m from a corner that lies 1 m off
    assert np.array(told(found)) == pytest.approx(np.array([[0, 30 + reach], [70 - reach, 100]]), abs=0.02)


def test_overlapping_stretches_count_once_line_by_line():
    found = intervals_of(
        np.array([STRAIGHT, shapely.transform(STRAIGHT, lambda at: at + 500)]),
        np.array([0, 0, 1], dtype=np.intp),
        np.zeros(3, dtype=np.intp),
        np.array(
            [
                LineString([(10, 0), (40, 0)]),
                LineString([(30, 0), (60, 0)]),
                LineString([(520, 500), (525, 500)]),
            ]
        ),
    )
    assert joined_lengths(found, ["line"])["metres"].tolist() == [30, 20, 5]
