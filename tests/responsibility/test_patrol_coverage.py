"""A section of 100 m, and who walked along it when."""

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString

from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.responsibility import patrol_coverage

SECTION = gpd.GeoDataFrame(
    {"section_code": ["S"], "level": [2]}, geometry=[LineString([(0, 0), (100, 0)])], crs=4547
)


def track(*fixes, patrol="P"):
    """Make a track of (x, y, minutes since nine o'clock on 2 June 2025)."""
    x, y, minutes = zip(*fixes, strict=True)
    times = pd.Timestamp("2025-06-02 09:00") + pd.to_timedelta(list(minutes), unit="min")
    return gpd.GeoDataFrame(
        {"patrol_code": patrol, "recorded_at": times}, geometry=gpd.points_from_xy(x, y), crs=4547
    )


def walked(tracks, **options):
    return patrol_coverage(SECTION, tracks, **options).iloc[0]


def test_who_walks_all_along_has_walked_all():
    found = walked(track((-10, 2, 0), (50, 2, 1), (110, 2, 2)))
    assert found["walked_m"] == pytest.approx(100)
    assert found["days_walked"] == 1
    assert found["last_walked"] == pd.Timestamp("2025-06-02")


def test_a_metre_walked_twice_counts_once():
    there_and_back = track((0, 1, 0), (60, 1, 1), (0, 1, 2))
    assert walked(there_and_back)["walked_m"] == pytest.approx(60)


def test_a_gap_in_the_track_is_no_walk():
    tracks = track((0, 1, 0), (30, 1, 1), (70, 1, 9), (100, 1, 10))
    found = patrol_coverage(SECTION, tracks)
    assert found["walked_m"].iloc[0] == pytest.approx(60)
    assert found.attrs["tracks"] == {
        "fixes": 4,
        "steps": 2,
        "gaps": 1,
        "unusable": 0,
        "tz": "Asia/Shanghai",
        "remarks": [],
    }


def whole_walk(first, second):
    tracks = track((0, 1, 0), (100, 1, 1))
    return tracks.assign(recorded_at=pd.Series([first, second], dtype=object))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2025-06-02T22:00:00Z", "2025-06-02T22:01:00Z"),
        (pd.Timestamp("2025-06-02 22:00", tz="UTC"), pd.Timestamp("2025-06-02 22:01", tz="UTC")),
        ("2025-06-03 06:00:00+08", "2025-06-03 06:01:00+08"),
        ("2025年6月3日6时00分", "2025年6月3日6时01分"),
        ("2025-06-03T06:00", "2025-06-03T06:01:00.5"),
        (1748901600, 1748901660),
    ],
)
def test_a_walk_at_six_in_the_morning_is_of_that_day(first, second):
    tracks = whole_walk(first, second)
    found = walked(tracks, start="2025-06-03", end="2025-06-03")
    assert (found["walked_m"], found["last_walked"]) == (100, pd.Timestamp("2025-06-03"))
    assert walked(tracks, start="2025-06-02", end="2025-06-02")["walked_m"] == 0


def test_days_may_be_those_of_another_zone():
    tracks = whole_walk("2025-06-02T22:30:00Z", "2025-06-02T22:31:00Z")
    there = patrol_coverage(SECTION, tracks, tz="America/New_York", start="2025-06-02", end="2025-06-02")
    assert there["walked_m"].tolist() == [100]
    assert there.attrs["tracks"]["tz"] == "America/New_York"
    assert "2 of the 2 times are in another zone (+00:00)" in there.attrs["tracks"]["remarks"][0]


def test_times_that_can_be_read_two_ways_are_refused_until_the_caller_says():
    tracks = whole_walk("02/06/2025 09:00", "02/06/2025 09:01")
    with pytest.raises(InputError, match=r"tracks: recorded_at: 2 of 2 values .* dayfirst="):
        walked(tracks)
    assert walked(tracks, dayfirst=True)["last_walked"] == pd.Timestamp("2025-06-02")
    assert walked(tracks, time_format="%m/%d/%Y %H:%M")["last_walked"] == pd.Timestamp("2025-02-06")


def test_crossing_the_section_is_no_walk_along_it():
    assert walked(track((50, -15, 0), (50, 15, 1)))["walked_m"] == 0


def test_two_patrols_are_not_joined_to_one_track():
    tracks = pd.concat([track((0, 1, 0), patrol="P"), track((100, 1, 1), patrol="Q")])
    assert walked(tracks)["walked_m"] == 0


def test_each_side_by_itself_where_both_are_asked():
    left = track((0, 5, 0), (100, 5, 1))
    assert walked(left, both_sides=True)["share"] == pytest.approx(0.5)
    both = track((0, 5, 0), (100, 5, 1), (100, -5, 2), (0, -5, 3))
    assert walked(both, both_sides=True)["share"] == pytest.approx(1, abs=0.06)


class TestAslant:
    """A section from (0, 0) to (80, 60), 100 m long; left of it is north-west. The origin is far away."""

    EAST, NORTH = 573000, 4520000
    SECTION = gpd.GeoDataFrame(
        {"section_code": ["S"]},
        geometry=[LineString([(EAST, NORTH), (EAST + 80, NORTH + 60)])],
        crs=4547,
    )

    def walk(self, *parts):
        """Make a track of (metres along, metres to the left), a minute apart."""
        fixes = [
            (self.EAST + 0.8 * along - 0.6 * left, self.NORTH + 0.6 * along + 0.8 * left, minute)
            for minute, (along, left) in enumerate(parts)
        ]
        return patrol_coverage(self.SECTION, track(*fixes), both_sides=True, most_metres=100.5).iloc[0]

    @pytest.mark.parametrize("off", [0.5, 5.0])
    def test_the_left_and_the_right_side_are_told_apart(self, off):
        assert self.walk((0, off), (100, off))["walked_m"] == pytest.approx(100)
        assert self.walk((0, -off), (100, -off))["walked_m"] == pytest.approx(100)
        there_and_back = self.walk((0, off), (100, off), (100, -off), (0, -off))
        assert there_and_back["walked_m"] == pytest.approx(200, abs=2 * off)
        assert there_and_back["share"] == pytest.approx(1, abs=0.01 * off)
        twice_on_one_side = self.walk((0, off), (100, off), (0, off))
        assert twice_on_one_side["share"] == pytest.approx(0.5)

    def test_fixes_are_as_far_apart_as_they_are_north_and_east(self):
        assert self.walk((0, 1), (100, 1))["walked_m"] == pytest.approx(100)
        far = patrol_coverage(
            self.SECTION, track((573000, 4520000, 0), (573000, 4520101, 1)), most_metres=100
        )
        assert (far.attrs["tracks"]["steps"], far.attrs["tracks"]["gaps"]) == (0, 1)
        near = patrol_coverage(
            self.SECTION, track((573000, 4520000, 0), (573000, 4520099, 1)), most_metres=100
        )
        assert (near.attrs["tracks"]["steps"], near.attrs["tracks"]["gaps"]) == (1, 0)


def test_the_period_and_how_often_it_was_asked():
    days = [track((0, 1, at), (100, 1, at + 1)) for at in (0, 24 * 60, 5 * 24 * 60)]
    tracks = pd.concat(days)
    found = walked(tracks, required={2: 3})
    assert (found["days_walked"], found["days_required"], found["fulfilled"]) == (3, 3, True)
    found = walked(tracks, start="2025-06-02", end="2025-06-03", required={2: 3})
    assert (found["days_walked"], found["fulfilled"]) == (2, False)


def test_fixes_that_tell_nothing_are_counted():
    tracks = track((0, 1, 0), (50, 1, 1), (100, 1, 2))
    tracks.loc[1, "recorded_at"] = pd.NaT
    found = patrol_coverage(SECTION, tracks)
    assert found.attrs["tracks"]["unusable"] == 1
    assert found["walked_m"].iloc[0] == pytest.approx(100)  # the others are close enough


def test_no_track_at_all_walks_nothing():
    found = walked(track((0, 1, 0)))
    assert (found["share"], found["days_walked"]) == (0, 0)
    assert pd.isna(found["last_walked"])


@pytest.mark.parametrize(("level", "asked"), [("二级", 2), (2.0, "二级"), ("街道级", "街道级")])
def test_required_days_are_by_level_however_it_is_written(level, asked):
    tracks = track((0, 1, 0), (100, 1, 1))
    found = patrol_coverage(SECTION.assign(level=level), tracks, required={asked: 2, 9: 5}).iloc[0]
    assert (found["days_required"], found["fulfilled"]) == (2, False)


def test_levels_that_no_section_has_are_refused():
    tracks = track((0, 1, 0), (100, 1, 1))
    with pytest.raises(InputError, match=r"none has a level of required= \(1\); the levels are 2"):
        patrol_coverage(SECTION, tracks, required={1: 1})


def test_what_cannot_be_answered_is_refused():
    tracks = track((0, 1, 0), (100, 1, 1))
    with pytest.raises(MissingColumnError, match="'recorded_at'"):
        patrol_coverage(SECTION, tracks.drop(columns="recorded_at"))
    with pytest.raises(InputError, match="complete_from"):
        patrol_coverage(SECTION, tracks, complete_from=0)
    with pytest.raises(InputError, match="after"):
        patrol_coverage(SECTION, tracks, start="2025-07-01", end="2025-06-01")
    with pytest.raises(MissingColumnError, match="'level'"):
        patrol_coverage(SECTION.drop(columns="level"), tracks, required={2: 1})


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 100), min_size=2, max_size=20), st.randoms(use_true_random=False))
def test_walked_metres_are_those_between_the_fixes(places, random):
    tracks = track(*[(x, 1, minute) for minute, x in enumerate(places)])
    metres = np.zeros(100, bool)
    for a, b in itertools.pairwise(places):
        metres[min(a, b) : max(a, b)] = True
    order = list(range(len(tracks)))
    random.shuffle(order)
    found = walked(tracks.iloc[order])
    assert found["walked_m"] == pytest.approx(metres.sum(), abs=1e-6)
