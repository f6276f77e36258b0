"""Pairs of lines near each other: the distances of GEOS, the places, and the heights there."""

import numpy as np
import pytest
import shapely

from zjk_gis.engine.line_pairs import CROSSES, JOINT, Lines, near_pairs


def lines_of(shapes, heights=None, half=0.0, nodes=None, family=None):
    """Make lines of shapes; heights by vertex, one list for each."""
    coords, row = shapely.get_coordinates(shapes, return_index=True)
    z = np.full(len(coords), np.nan) if heights is None else np.concatenate(heights)
    starts = np.flatnonzero(row[:-1] == row[1:])
    n = len(shapes)
    ends = np.array([[*s.coords[0][:2], *s.coords[-1][:2]] for s in shapes])
    return Lines(
        np.column_stack([coords, z, np.full(len(coords), np.nan)]),
        starts.astype(np.int64),
        row[starts].astype(np.int64),
        np.broadcast_to(np.asarray(half, float), n).copy(),
        np.zeros(n, np.int64),
        ends,
        np.full((n, 2), -1) if nodes is None else np.array(nodes),
        np.arange(n) if family is None else np.array(family),
    )


def random_lines(n, rng, *, size=400.0):
    steps = rng.normal(0, 15, (n, 3, 2))
    begin = rng.uniform(0, size, (n, 1, 2))
    return np.array([shapely.LineString(c) for c in np.concatenate([begin, begin + steps], axis=1)])


@pytest.mark.parametrize("seed", range(4))
def test_all_pairs_within_reach_are_found_at_the_distance_of_geos(seed):
    rng = np.random.default_rng(seed)
    shapes = random_lines(300, rng)
    found = near_pairs(lines_of(shapes), np.array([[5.0]]))
    one, other = np.triu_indices(len(shapes), 1)
    wanted = shapely.distance(shapes[one], shapes[other])
    near = wanted < 5.0
    least = {}
    for a, b, d in zip(found.a.tolist(), found.b.tolist(), found.distance.tolist(), strict=True):
        least[a, b] = min(d, least.get((a, b), np.inf))
    assert set(least) == set(zip(one[near].tolist(), other[near].tolist(), strict=True))
    got = np.array([least[pair] for pair in zip(one[near].tolist(), other[near].tolist(), strict=True)])
    assert np.abs(got - wanted[near]).max() < 1e-9


def test_places_are_that_far_apart():
    found = near_pairs(lines_of(random_lines(300, np.random.default_rng(9))), np.array([[5.0]]))
    apart = np.hypot(found.ax - found.bx, found.ay - found.by)
    assert apart == pytest.approx(found.distance, abs=1e-9)


def test_heights_at_a_crossing_are_those_of_a_dense_sampling():
    rng = np.random.default_rng(5)
    for _ in range(50):
        ends = rng.uniform(-10, 10, (4, 2))
        z = rng.uniform(0, 5, 4)
        a, b = shapely.LineString(ends[:2]), shapely.LineString(ends[2:])
        found = near_pairs(lines_of(np.array([a, b]), [z[:2], z[2:]]), np.array([[0.1]]))
        if not len(found.a) or found.how[0] != CROSSES:
            continue
        s = np.linspace(0, 1, 2001)
        pa, pb = (e[0] + s[:, None] * (e[1] - e[0]) for e in (ends[:2], ends[2:]))
        apart = np.hypot(*(pa[:, None] - pb[None]).transpose(2, 0, 1))
        i, j = np.unravel_index(apart.argmin(), apart.shape)
        drop = abs((z[0] + s[i] * (z[1] - z[0])) - (z[2] + s[j] * (z[3] - z[2])))
        assert found.rise[0] == pytest.approx(drop, abs=0.02)


def test_a_pipe_that_sinks_through_the_one_below_it_is_at_its_height_somewhere():
    shapes = np.array([shapely.LineString([(0, 0), (10, 0)]), shapely.LineString([(0, 0.1), (10, 0.1)])])
    found = near_pairs(lines_of(shapes, [[5, 3], [4, 4]], half=0.2), np.array([[1.0]]))
    assert found.rise.tolist() == [0.0]
    found = near_pairs(lines_of(shapes, [[5, 4.5], [4, 4]], half=0.2), np.array([[1.0]]))
    assert found.rise.tolist() == [0.5]


def test_joints_are_told_by_name_by_place_and_by_an_end_on_the_other():
    tee = np.array([shapely.LineString([(0, 0), (10, 0)]), shapely.LineString([(5, 0.01), (5, 9)])])
    how = [near_pairs(lines_of(tee, family=f), np.array([[1.0]])).how[0] for f in ([0, 0], [0, 1])]
    assert [each & JOINT for each in how] == [JOINT, 0]
    apart = np.array([shapely.LineString([(0, 0), (10, 0)]), shapely.LineString([(10.6, 0), (20, 0)])])
    named = lines_of(apart, nodes=[[1, 2], [2, 3]], family=[0, 0])
    assert near_pairs(named, np.array([[1.0]])).how.tolist() == [JOINT]
    assert near_pairs(lines_of(apart, family=[0, 0]), np.array([[1.0]])).how.tolist() == [0]


def test_the_order_of_lines_changes_nothing():
    rng = np.random.default_rng(3)
    shapes = random_lines(200, rng)
    order = rng.permutation(200)
    one, other = (
        near_pairs(lines_of(shapes), np.array([[3.0]])),
        near_pairs(lines_of(shapes[order]), np.array([[3.0]])),
    )
    pairs = sorted(zip(one.a.tolist(), one.b.tolist(), one.distance.tolist(), strict=True))
    again = sorted(
        (*sorted((int(order[a]), int(order[b]))), d)
        for a, b, d in zip(other.a.tolist(), other.b.tolist(), other.distance.tolist(), strict=True)
    )
    assert [pair[:2] for pair in pairs] == [pair[:2] for pair in again]
    assert [pair[2] for pair in pairs] == pytest.approx([pair[2] for pair in again])


def test_no_lines():
    assert len(near_pairs(lines_of(random_lines(1, np.random.default_rng(0))), np.array([[3.0]])).a) == 0
