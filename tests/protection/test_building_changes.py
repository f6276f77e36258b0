"""Two surveys of a few houses of 10 m by 10 m, 30 m apart."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, box

from zjk_gis.errors import EmptyLayerError, GeometryError, InputError
from zjk_gis.protection import building_changes


def survey(*houses, codes=None, storeys=None, **columns):
    columns = {"footprint_code": codes or [f"F{at}" for at in range(len(houses))]} | columns
    if storeys is not None:
        columns["storeys"] = storeys
    return gpd.GeoDataFrame(columns, geometry=list(houses), crs=4547)


def house(x, y=0.0, wide=10.0, deep=10.0):
    return box(x, y, x + wide, y + deep)


def told(found, *columns):
    return found[list(columns or ("change", "former_codes", "present_codes"))].to_numpy().tolist()


def test_a_survey_drawn_anew_under_other_codes_changes_nothing():
    before = survey(house(0), house(30))
    after = survey(house(30.4), house(-0.3, 0.3), codes=["X", "Y"])
    assert len(building_changes(before, after)) == 0


def test_what_lies_beyond_the_noise_is_found():
    before, after = survey(house(0)), survey(house(0.6))
    assert len(building_changes(before, after, tolerance_m=0.7)) == 0
    found = building_changes(before, after, tolerance_m=0.5)
    assert told(found, "change") == [["partly_gone"], ["grown"]]
    assert found["added_m2"].tolist() == pytest.approx([0, 6], abs=1e-4)
    assert found["gone_m2"].tolist() == pytest.approx([6, 0], abs=1e-4)


def test_the_smallest_ground_that_counts():
    shed = [house(50, wide=2.0, deep=deep) for deep in (0.99, 1.0)]
    found = [building_changes(survey(house(0)), survey(house(0), each)) for each in shed]
    assert [len(each) for each in found] == [0, 1]
    assert found[0].attrs["dropped"] == {"count": 1, "area_m2": 1.98}
    assert told(found[1], "change", "added_m2") == [["newly_built", 2.0]]


def test_a_lean_to_is_told_with_all_its_ground_and_not_the_noise_beside():
    before, after = survey(house(0)), survey(house(0.3, wide=13.7))
    found = building_changes(before, after)
    assert told(found, "change", "added_m2") == [["grown", 40.0]]
    assert found.geometry.iloc[0].equals(house(10, wide=4.0))


def test_houses_united_and_divided_are_the_same_ground():
    halves = survey(house(0, wide=5.0), house(5, wide=5.0), codes=["A", "B"], storeys=[2, 3])
    whole = survey(house(0), codes=["C"], storeys=[3])
    assert len(building_changes(halves, whole)) == 0
    assert len(building_changes(whole, halves)) == 0
    raised = building_changes(halves, whole.assign(storeys=4))
    assert told(raised) == [["storeys_added", "A;B", "C"]]
    assert told(raised, "storeys_before", "storeys_after") == [[3.0, 4.0]]


def test_storeys_that_a_survey_does_not_know_are_counted_not_guessed():
    before = survey(house(0), house(30), storeys=[None, 2])
    after = survey(house(0), house(30), storeys=[9, 3])
    found = building_changes(before, after)
    assert told(found, "change", "present_codes") == [["storeys_added", "F1"]]
    assert found.attrs["storeys_unknown"] == 1


def test_gone_grown_and_raised():
    before = survey(house(0), house(30), codes=["A", "B"], storeys=[1, 1])
    after = survey(house(30, wide=15.0), codes=["B2"], storeys=[2])
    found = building_changes(before, after)
    assert told(found) == [["gone", "A", ""], ["grown;storeys_added", "B", "B2"]]
    assert found["change_code"].tolist() == ["B001", "B002"]


def test_a_neighbours_wall_is_not_the_same_house():
    # Row houses of which the left one is gone: the right one, drawn 0.4 m off, lies on its edge.
    before = survey(house(0), house(10), codes=["A", "B"])
    after = survey(house(9.6), codes=["B"])
    found = building_changes(before, after)
    assert told(found, "change", "former_codes", "gone_m2") == [["gone", "A", 96.0]]


TRACKS = gpd.GeoDataFrame(
    {
        "patrol_code": ["P1", "P2", "P2"],
        "recorded_at": ["2025-01-10 09:00", "2025-02-10 09:00", "2025-04-10 09:00"],
    },
    geometry=[Point(-15, 5)] * 3,
    crs=4547,
)


def test_whether_a_patrol_passed_between_the_surveys():
    before = survey(house(60), surveyed_on=["2025-01-01"])
    after = survey(house(0), house(60), surveyed_on=["2025-03-01"] * 2)
    found = building_changes(before, after, tracks=TRACKS)
    assert told(found, "passes", "last_patrol") == [[2, "P2"]]
    assert str(found["last_passed_at"].iloc[0]) == "2025-02-10 09:00:00"
    assert building_changes(before, after, tracks=TRACKS, within_m=14)["passes"].tolist() == [0]


def test_two_days_of_one_layer():
    houses = survey(
        house(0), house(30), house(0, wide=15.0),
        valid_from=["2024-01-01", "2024-01-01", "2025-01-01"], valid_to=["2024-12-31", None, None],
    )  # fmt: skip
    found = building_changes(houses, houses, at_before="2024-06-30", at_after="2025-06-30")
    assert told(found) == [["grown", "F0", "F2"]]
    with pytest.raises(InputError, match="at_before"):
        building_changes(houses, houses, at_before="2025-06-30", at_after="2024-06-30")
    with pytest.raises(EmptyLayerError, match="before: none of its 3 rows is valid on 2020-01-01"):
        building_changes(houses, houses, at_before="2020-01-01")


def test_rows_without_a_shape_are_set_aside_or_refused():
    before, after = survey(house(0), None), survey(house(0))
    assert [each["row"] for each in building_changes(before, after).attrs["set_aside"]] == [1]
    with pytest.raises(GeometryError, match="before: 1 of 2 rows"):
        building_changes(before, after, strict=True)


jitter = st.floats(-0.3, 0.3)


@given(
    st.lists(st.lists(st.tuples(jitter, jitter), min_size=4, max_size=4), min_size=1, max_size=5),
    st.randoms(),
)
def test_noise_of_drawing_is_never_a_change(noise, random):
    rows = [house(at * 30) for at in range(len(noise))]
    drawn = [
        shapely.Polygon(shapely.get_coordinates(row)[:4] + np.array(moved))
        for row, moved in zip(rows, noise, strict=True)
    ]
    random.shuffle(drawn)
    assert len(building_changes(survey(*rows), survey(*drawn))) == 0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(3, 12), st.integers(3, 12)), min_size=1, max_size=4))
def test_before_and_after_exchanged_gain_what_was_lost(sizes):
    one = survey(*[house(at * 40) for at in range(len(sizes))])
    two = survey(*[house(at * 40 + x, 0, wide, deep) for at, (x, wide, deep) in enumerate(sizes)])
    there, back = building_changes(one, two), building_changes(two, one)
    assert there["added_m2"].sum() == pytest.approx(back["gone_m2"].sum())
    assert there["gone_m2"].sum() == pytest.approx(back["added_m2"].sum())
