"""The grid of segments, held against looking at every segment."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from zjk_gis.engine.distance import segment_distances
from zjk_gis.engine.lines import LineIndex
from zjk_gis.engine.segments import SegmentGrid, segment_distance


def by_looking_at_all(coords, x, y):
    """Return the distance of every point from every segment, shape (n, s)."""
    a, b = coords[0::2], coords[1::2]
    spread = [np.repeat(v, len(a)) for v in (x, y)] + [np.tile(v, len(x)) for v in (*a.T, *b.T)]
    return segment_distances(*spread).reshape(len(x), len(a))


def make_segments(rng, how, n):
    if how == "even":
        a = rng.uniform(0, 1000, (n, 2))
        b = a + rng.normal(0, 20, (n, 2))
    elif how == "dense in one corner":
        a = rng.uniform(0, 10, (n, 2))
        a[: n // 10] = rng.uniform(0, 1e6, (n // 10, 2))
        b = a + rng.normal(0, 1, (n, 2))
    elif how == "long and level":
        a = np.column_stack([np.zeros(n), rng.uniform(0, 10, n)])
        b = a + [1e5, 0]
    else:  # on whole numbers: many equally near, some of no length
        a, b = rng.integers(0, 8, (2, n, 2)).astype(float)
    return np.stack([a, b], axis=1).reshape(-1, 2)


@pytest.mark.parametrize("how", ["even", "dense in one corner", "long and level", "on whole numbers"])
def test_nearest_and_within(how):
    rng = np.random.default_rng(4)
    n = 300
    coords = make_segments(rng, how, n)
    owner, rank = rng.integers(0, 40, n).astype(np.int32), rng.permutation(40)
    grid = SegmentGrid(coords, np.arange(0, 2 * n, 2), owner, rank=rank)
    low, high = coords.min(axis=0), coords.max(axis=0)
    x, y = rng.uniform(low - 0.3 * (high - low + 1), high + 0.3 * (high - low + 1), (400, 2)).T
    if how == "on whole numbers":
        x, y = x.round(), y.round()
    all_distances = by_looking_at_all(coords, x, y)
    if how == "on whole numbers":  # a segment of no length is no place of its own: lines and rings have none
        all_distances[:, (coords[0::2] == coords[1::2]).all(axis=1)] = np.inf
    least = all_distances.min(axis=1)

    found, distance, segment = grid.nearest(x, y)
    assert np.array_equal(distance, least)
    for i in range(len(x)):
        ties = np.flatnonzero(all_distances[i] == least[i])
        first = min(ties, key=lambda s: (rank[owner[s]], s))
        assert (found[i], segment[i]) == (owner[first], first)

    reach = np.where(np.arange(len(x)) % 3 == 0, least, 0.05 * float((high - low).max()))
    offsets, owners, distances, _ = grid.within(x, y, distance=reach)
    for i in range(len(x)):
        near = {}
        for s in np.flatnonzero(all_distances[i] <= reach[i]):
            near[int(owner[s])] = min(near.get(int(owner[s]), np.inf), all_distances[i, s])
        part = slice(offsets[i], offsets[i + 1])
        assert dict(zip(owners[part].tolist(), distances[part].tolist(), strict=True)) == near
        assert owners[part].tolist() == sorted(near)


def test_points_that_are_none_and_points_far_away():
    grid = SegmentGrid(np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([0]), np.array([0], np.int32))
    x, y = np.array([np.nan, np.inf, 1e12, -1e12, 0.5]), np.array([0.0, 0.0, 0.0, 1e12, 2.0])
    owner, distance, _ = grid.nearest(x, y)
    assert owner.tolist() == [-1, -1, 0, 0, 0]
    assert distance[2:].tolist() == [1e12 - 1, np.hypot(1e12, 1e12), 2.0]
    assert grid.nearest(x, y, within=2.0)[0].tolist() == [-1, -1, -1, -1, 0]
    assert grid.within(x, y, distance=2.0)[0].tolist() == [0, 0, 0, 0, 0, 1]


FINITE = st.floats(-1e6, 1e6)


@settings(max_examples=300, deadline=None)
@given(FINITE, FINITE, FINITE, FINITE, FINITE, FINITE)
def test_the_distance_has_the_same_bits_compiled_and_not_and_in_both_directions(px, py, ax, ay, bx, by):
    there = segment_distances(*(np.array([v]) for v in (px, py, ax, ay, bx, by)))[0]
    back = segment_distances(*(np.array([v]) for v in (px, py, bx, by, ax, ay)))[0]
    assert there == back == segment_distance(px, py, ax, ay, bx, by)


def test_a_point_on_a_line_far_from_the_origin_is_found():
    """Its distance is a rounding of the coordinates, which GEOS and the engine round otherwise."""
    line = shapely.LineString([(572963.72, 4520199.99), (572962.68, 4520205.05)])
    found = LineIndex(np.array([line])).nearest([572963.2], [4520202.52])
    assert found.item.tolist() == [0]
    assert found.distance[0] < 1e-9
