"""A patrol walks east along y = 0, a fix every minute; places stand beside the way.

::

         W1 (50, 3)            W3 (150, 25)
    o--------------o--------------o        o   then nothing for ten minutes
    0             100            200      300
"""

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point, box

from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.protection import patrol_passes

PLACES = gpd.GeoDataFrame({"illegal_code": ["W1", "W3"]}, geometry=[Point(50, 3), Point(150, 25)], crs=4547)
TIMES = ["09:00", "09:01", "09:02", "09:12"]
TRACKS = gpd.GeoDataFrame(
    {"patrol_code": "P1", "recorded_at": [f"2025-06-02 {time}" for time in TIMES]},
    geometry=[Point(x, 0) for x in (0, 100, 200, 300)],
    crs=4547,
)


def told(found):
    return found[["place_code", "patrol_code", "nearest_m"]].to_numpy().tolist()


def test_who_passed_when_is_measured_on_the_way_between_fixes():
    found = patrol_passes(PLACES, TRACKS, within_m=5)
    assert told(found) == [["W1", "P1", 3.0]]
    # 4 m before and beyond the place, at 100 m a minute.
    assert found["arrived_at"].dt.strftime("%H:%M:%S.%f").str[:10].tolist() == ["09:00:27.6"]
    assert found["left_at"].dt.strftime("%H:%M:%S.%f").str[:10].tolist() == ["09:00:32.4"]
    assert found.geometry.iloc[0].equals(Point(50, 0))
    assert found.attrs["not_passed"] == ["W3"]


def test_over_a_gap_of_the_track_nobody_is_taken_to_have_walked():
    place = gpd.GeoDataFrame({"illegal_code": ["W9"]}, geometry=[Point(250, 0)], crs=4547)
    assert len(patrol_passes(place, TRACKS)) == 0
    assert len(patrol_passes(place, TRACKS, most_seconds=600)) == 1


def test_a_lone_fix_is_a_pass():
    place = gpd.GeoDataFrame({"illegal_code": ["W9"]}, geometry=[Point(300, 5)], crs=4547)
    found = patrol_passes(place, TRACKS)
    assert told(found) == [["W9", "P1", 5.0]]
    assert found["arrived_at"].equals(found["left_at"])


def test_coming_back_later_is_another_pass():
    back = TRACKS.iloc[::-1].assign(recorded_at=[f"2025-06-02 1{time[1:]}" for time in TIMES])
    both = pd.concat([TRACKS, back], ignore_index=True)
    found = patrol_passes(PLACES, both, within_m=5)
    assert found["arrived_at"].dt.hour.tolist() == [9]  # on the way back there is a gap before W1
    found = patrol_passes(PLACES, both, within_m=5, most_seconds=700)
    assert found["arrived_at"].dt.hour.tolist() == [9, 19]


def test_staying_is_one_pass():
    tracks = TRACKS.set_geometry([Point(50, y) for y in (0, 1, 2, 1)], crs=4547)
    found = patrol_passes(PLACES, tracks, most_seconds=600)
    assert (found["left_at"] - found["arrived_at"]).dt.total_seconds().tolist() == [720]


def test_only_the_days_asked_for():
    days = {"start": "2025-06-03"}
    assert patrol_passes(PLACES, TRACKS, **days).attrs["not_passed"] == ["W1", "W3"]
    assert len(patrol_passes(PLACES, TRACKS, end="2025-06-02", within_m=5)) == 1
    with pytest.raises(InputError, match="lies after end"):
        patrol_passes(PLACES, TRACKS, start="2025-06-03", end="2025-06-02")


def test_lines_and_areas_are_passed_too():
    places = gpd.GeoDataFrame(
        {"hazard_code": ["L", "A"]},
        geometry=[LineString([(0, 5), (200, 5)]), box(90, -50, 110, 50)],
        crs=4547,
    )
    found = patrol_passes(places, TRACKS.iloc[:3], within_m=6)
    assert told(found) == [["A", "P1", 0.0], ["L", "P1", 5.0]]
    assert (found["left_at"] - found["arrived_at"]).dt.total_seconds().tolist() == pytest.approx([19.2, 120])


def test_tracks_must_say_who_and_when():
    for column in ("patrol_code", "recorded_at"):
        with pytest.raises(MissingColumnError, match=f"tracks: no column '{column}'"):
            patrol_passes(PLACES, TRACKS.drop(columns=column))


@given(st.permutations(range(4)), st.floats(1, 60))
def test_the_order_of_fixes_and_places_makes_no_difference(order, within_m):
    first = patrol_passes(PLACES, TRACKS, within_m=within_m)
    again = patrol_passes(PLACES.iloc[::-1], TRACKS.iloc[order], within_m=within_m)
    assert first.to_wkt().equals(again.to_wkt())
    assert (first["arrived_at"] <= first["left_at"]).all()
    assert (first["nearest_m"] <= within_m).all()
