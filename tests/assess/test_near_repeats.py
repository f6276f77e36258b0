"""Knox's test: pairs of incidents that are near in place and time, compared with days dealt anew."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point

from zjk_gis.assess import near_repeats
from zjk_gis.errors import InputError

START = pd.Timestamp("2025-01-01")


def incidents(rows):
    """Return incidents at (x, y) some days after the first of January."""
    times = [START + pd.Timedelta(days=day) for *_, day in rows]
    return gpd.GeoDataFrame({"occurred_at": times}, geometry=[Point(x, y) for x, y, _ in rows], crs=4547)


def brute_force(rows, far, late):
    """Count pairs one by one."""
    told = np.zeros((len(far), len(late)), dtype=int)
    for n, (x, y, day) in enumerate(rows):
        for u, v, other in rows[n + 1 :]:
            i = np.searchsorted(far, np.hypot(x - u, y - v))
            j = np.searchsorted(late, abs(day - other))
            if i < len(far) and j < len(late):
                told[i, j] += 1
    return told


PLACES = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 30))


@settings(max_examples=30, deadline=None)
@given(st.lists(PLACES, min_size=2, max_size=25), st.randoms())
def test_pairs_are_those_of_a_plain_loop_whatever_the_order(rows, random):
    options = {"distances": [0, 10, 20], "days": [0, 3, 9], "permutations": 5}
    found = near_repeats(incidents(rows), **options)
    assert (
        found["pairs"].to_numpy().reshape(3, 3).tolist() == brute_force(rows, [0, 10, 20], [0, 3, 9]).tolist()
    )
    shuffled = rows[:]
    random.shuffle(shuffled)
    pd.testing.assert_frame_equal(found, near_repeats(incidents(shuffled), **options))


def test_5_000_incidents_have_the_pairs_of_all_against_all():
    rng = np.random.default_rng(3)
    x, y, day = rng.uniform(0, 8000, 5000), rng.uniform(0, 8000, 5000), rng.integers(0, 365, 5000)
    found = near_repeats(
        incidents([*zip(x, y, day.tolist(), strict=True)]),
        distances=[100, 200],
        days=[7, 14],
        permutations=99,
    )
    apart = np.hypot(x[:, None] - x, y[:, None] - y)[np.triu_indices(5000, 1)]
    later = np.abs(day[:, None] - day)[np.triu_indices(5000, 1)]
    expected = [
        ((apart <= far) & (apart > near) & (later <= end) & (later > begin)).sum()
        for near, far in ((-1, 100), (100, 200))
        for begin, end in ((-1, 7), (7, 14))
    ]
    assert found["pairs"].tolist() == expected
    # Places and days that have nothing to do with each other: by chance a share of days of the near pairs.
    within = pd.Series(apart <= 100).sum() * (later <= 7).mean()
    assert found["expected_pairs"][0] == pytest.approx(within, rel=0.03)
    assert found["ratio_to_chance"][0] == pytest.approx(1, abs=0.2)
    assert found["p_value"].min() > 0.02


def test_what_follows_nearby_within_days_is_found():
    rng = np.random.default_rng(6)
    first = np.column_stack([rng.uniform(0, 5000, (200, 2)), rng.integers(0, 300, 200)])
    again = first[:60] + np.column_stack([rng.uniform(-20, 20, (60, 2)), rng.integers(1, 5, 60)])
    found = near_repeats(incidents(np.vstack([first, again]).tolist()), distances=[50, 200], days=[7, 30])
    assert found["p_value"][0] == 0.001
    assert found["ratio_to_chance"][0] > 10
    assert (found["p_value"][1:] > 0.01).all()


def test_the_seed_alone_decides_how_days_are_dealt():
    rows = [(x, x % 7, (x * 13) % 50) for x in range(60)]
    options = {"distances": [5, 30], "days": [7], "permutations": 50}
    one, same, other = (near_repeats(incidents(rows), **options, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    assert one["expected_pairs"].tolist() != other["expected_pairs"].tolist()


def test_days_are_those_of_beijing():
    rows = incidents([(0, 0, 0), (1, 0, 0)]).assign(
        occurred_at=["2025-01-01T15:59:00Z", "2025-01-01T16:01:00Z"]
    )
    found = near_repeats(rows, distances=[5], days=[0, 1], permutations=9)
    assert found["pairs"].tolist() == [0, 1]  # shortly before and after midnight


def test_incidents_without_a_place_or_a_time_are_counted():
    rows = incidents([(0, 0, 0), (1, 0, 1), (2, 0, 2)])
    rows.loc[2, "occurred_at"] = None
    lost = pd.concat([rows, gpd.GeoDataFrame({"occurred_at": [START]}, geometry=[None], crs=4547)])
    found = near_repeats(lost, distances=[5], days=[7], permutations=9)
    told = {name: found.attrs[name] for name in ("incidents", "no_position", "no_time")}
    assert told == {"incidents": 2, "no_position": 1, "no_time": 1}
    with pytest.raises(InputError, match="fewer than two"):
        near_repeats(lost.iloc[2:], distances=[5], days=[7])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"distances": [], "days": [7]}, "distances must be ascending"),
        ({"distances": [200, 100], "days": [7]}, "distances must be ascending"),
        ({"distances": [100], "days": [7, 7]}, "days must be ascending"),
        ({"distances": [100], "days": [1.5]}, "whole"),
        ({"distances": [100], "days": [7], "permutations": 0}, "from 1 to 99,999, not 0"),
        ({"distances": [100], "days": [7], "permutations": 10**9}, "from 1 to 99,999, not 1000000000"),
        ({"distances": [100], "days": [7], "seed": -1}, "seed must be a whole number of at least 0"),
    ],
)
def test_bands_that_mean_nothing_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        near_repeats(incidents([(0, 0, 0), (1, 0, 1)]), **options)
