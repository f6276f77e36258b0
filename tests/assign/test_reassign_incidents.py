"""After zones are redrawn only the incidents concerned are asked again, with the result of asking for all."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, box

import zjk_gis
from zjk_gis.errors import InputError, MissingColumnError

X, Y = 573000, 4520000


def square(x, y, width=100.0, height=100.0):
    return box(X + x, Y + y, X + x + width, Y + y + height)


def make_zones(shapes, crs=4547, **columns):
    columns.setdefault("zone_code", [chr(ord("A") + i) for i in range(len(shapes))])
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


def make_incidents(*points, **columns):
    shapes = [None if p is None else Point(X + p[0], Y + p[1]) for p in points]
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs=4547))


def assert_same_as_all(incidents, old, new, **options):
    """Hold the incidents asked for again against all of them; return how many were asked for."""
    assigned = zjk_gis.assign_incidents(incidents, old, **options)
    again = zjk_gis.assign.reassign_incidents(assigned, old, new, **options)
    everything = zjk_gis.assign_incidents(incidents, new, **options)
    pd.testing.assert_frame_equal(pd.DataFrame(again), pd.DataFrame(everything))
    assert again.attrs["assignment"] == everything.attrs["assignment"]
    assert again.crs == everything.crs
    assert again.attrs["reassigned"]["of"] == len(incidents)
    return again.attrs["reassigned"]["asked"]


@pytest.fixture
def incidents():
    """A row of incidents, every 10 m from 300 m west of the zones to 300 m east of them."""
    return make_incidents(*[(x, 50.25) for x in range(-295, 600, 10)])


@pytest.fixture
def old():
    return make_zones([square(0, 0), square(100, 0), square(200, 0)], chief_code=["L1", "L2", "L3"])


def test_nothing_is_asked_again_where_nothing_changed(incidents, old):
    assert assert_same_as_all(incidents, old, old.sample(frac=1, random_state=3)) == 0


def test_only_the_strip_that_changes_hands_is_asked_again(incidents, old):
    new = old.set_geometry([square(0, 0, 120), square(120, 0, 80), square(200, 0)])
    # At 105 and 115 m; and at -5 m, outside all zones and within 50 m of an edge of A that was redrawn.
    assert assert_same_as_all(incidents, old, new) == 3


def test_a_zone_that_goes_leaves_its_incidents_to_the_nearest(incidents, old):
    # Those in it, and those outside all zones no more than 50 m from it: 260, ... at 305 to 345 m.
    assert assert_same_as_all(incidents, old, old.iloc[:2]) == 15


def test_a_new_chief_is_told_to_all_in_his_zone(incidents, old):
    new = old.assign(chief_code=["L1", "L9", "L3"])
    assert assert_same_as_all(incidents, old, new) == 10


def test_an_area_that_changes_turns_the_answer_on_a_border_far_away(old):
    """A is smaller than B and answers on their border; grown in the west, it does no longer."""
    new = old.set_geometry([square(-50, 0, 150), square(100, 0), square(200, 0)])
    old = old.set_geometry([square(0, 0, 99.9999), square(99.9999, 0, 100.0001), square(200, 0)])
    new = new.set_geometry([square(-50, 0, 149.9999), square(99.9999, 0, 100.0001), square(200, 0)])
    on_border = make_incidents((99.9999, 50), (99.9999, 20), (50, 50), (150, 50))
    assert zjk_gis.assign_incidents(on_border, old)["zone_code"].tolist() == ["A", "A", "A", "B"]
    assert zjk_gis.assign_incidents(on_border, new)["zone_code"].tolist() == ["B", "B", "A", "B"]
    assert assert_same_as_all(on_border, old, new) == 2


def test_columns_of_the_caller_and_answers_by_other_layers_stay(incidents, old):
    incidents = incidents.assign(zone_code="said", chief_name="somebody")
    grids = make_zones([square(0, 0, 300)], grid_code=["130703001001001"]).drop(columns="zone_code")
    sections = gpd.GeoDataFrame(
        {"section_code": ["S"]}, geometry=[LineString([(X, Y), (X + 300, Y)])], crs=4547
    )
    new = old.set_geometry([square(0, 0, 120), square(120, 0, 80), square(200, 0)]).assign(
        chief_name=["甲", "乙", "丙"]
    )
    for first, second in ((old, new), (new, old)):
        assigned = zjk_gis.assign_incidents(incidents, first, grids=grids, sections=sections)
        everything = zjk_gis.assign_incidents(incidents, second, grids=grids, sections=sections)
        again = zjk_gis.assign.reassign_incidents(assigned, first, second)
        pd.testing.assert_frame_equal(pd.DataFrame(again), pd.DataFrame(everything))
        assert again.attrs["assignment"]["renamed"] == everything.attrs["assignment"]["renamed"]


def test_a_frame_that_was_read_from_a_file_can_be_assigned_again(incidents, old):
    new = old.iloc[1:]
    assigned = zjk_gis.assign_incidents(incidents, old)
    assigned.attrs = {}
    again = zjk_gis.assign.reassign_incidents(assigned, old, new)
    everything = zjk_gis.assign_incidents(incidents, new)
    pd.testing.assert_frame_equal(pd.DataFrame(again), pd.DataFrame(everything))


def test_what_was_assigned_otherwise_is_refused(incidents, old):
    assigned = zjk_gis.assign_incidents(incidents, old, nearest_within_m=20)
    with pytest.raises(InputError, match=r"assigned with nearest_within_m=20\.0, and now it is 50\.0"):
        zjk_gis.assign.reassign_incidents(assigned, old, old)
    with pytest.raises(
        MissingColumnError, match="assigned: no column 'zone_code'; give what assign_incidents"
    ):
        zjk_gis.assign.reassign_incidents(incidents, old, old)


def test_rows_that_are_no_points_are_named(incidents, old):
    assigned = zjk_gis.assign_incidents(incidents, old)
    assigned.loc[7, "geometry"] = square(0, 0)
    with pytest.raises(InputError, match=r"1 of 90 rows are not points but Polygon \(row 7\)"):
        zjk_gis.assign.reassign_incidents(assigned, old, old)


step = st.integers(0, 6)
rectangle = st.tuples(step, step, st.integers(1, 4), st.integers(1, 4))
zone = st.tuples(
    rectangle,
    st.sampled_from("ABC"),
    st.sampled_from(["L1", "L2"]),
    st.sampled_from([None, 1.0, 2.0]),
    st.sampled_from([None, "2025-01-01", "2025-03-01"]),
    st.sampled_from([None, "2025-02-28", "2025-12-31"]),
)


def layer_of(rows):
    shapes, codes, chiefs, priorities, begins, ends = zip(*rows, strict=True)
    return make_zones(
        [square(10 * x, 10 * y, 10 * w, 10 * h) for x, y, w, h in shapes],
        zone_code=list(codes),
        chief_code=list(chiefs),
        priority=np.array(priorities, dtype=float),
        valid_from=list(begins),
        valid_to=list(ends),
    )


@st.composite
def redrawn_layers(draw):
    """Zones on a coarse lattice, of which some come, go, are redrawn or change what they say."""
    before = draw(st.lists(zone, min_size=1, max_size=7))
    after = []
    for row in before:
        what = draw(st.sampled_from(["keep", "keep", "keep", "drop", "redraw", "say"]))
        if what in ("keep", "say", "redraw"):
            other = draw(zone) if what != "keep" else row
            after.append(
                (other[0], *row[1:]) if what == "redraw" else (row[0], *other[1:]) if what == "say" else row
            )
    after += draw(st.lists(zone, min_size=0 if after else 1, max_size=2))
    return layer_of(before), layer_of(after)


place = st.one_of(
    st.none(),
    st.tuples(
        st.integers(-8, 18).map(lambda v: 10 * v),
        st.integers(-8, 18).map(lambda v: 10 * v),
        st.sampled_from([0, 0.3, 0.5, 4, 5, 5.2]),
        st.sampled_from([0, 0.3, 0.5, 4, 5, 5.2]),
    ).map(lambda p: (p[0] + p[2], p[1] + p[3])),
)


@settings(max_examples=50, deadline=None)
@given(
    layers=redrawn_layers(),
    points=st.lists(place, min_size=1, max_size=25),
    days=st.sampled_from([None, "2025-02-10", "2025-03-10", "2026-01-01"]),
    options=st.fixed_dictionaries(
        {
            "border_within_m": st.sampled_from([0.0, 0.5, 6.0]),
            "nearest_within_m": st.sampled_from([0.0, 5.0, 30.0]),
            "policy": st.sampled_from(
                [
                    None,
                    zjk_gis.index.Policy(("latest_begin", "largest_area")),
                    zjk_gis.index.Policy(("smallest_area",)),
                ]
            ),
            "accuracy_m": st.sampled_from([None, None, 8.0]),
        }
    ),
)
def test_the_result_is_that_of_asking_for_all(layers, points, days, options):
    incidents = make_incidents(*points, occurred_at=[days] * len(points))
    assert_same_as_all(incidents, *layers, **options)


def test_a_large_city_is_answered_as_by_asking_for_all():
    """Thousands of incidents go through the compiled grid, the few asked again do not."""
    rng = np.random.default_rng(5)
    shapes = [square(50 * i, 50 * j, 50, 50) for i in range(40) for j in range(40)]
    old = make_zones(shapes, zone_code=[f"Z{i:04}" for i in range(len(shapes))])
    shapes[820] = Polygon([*list(shapes[820].exterior.coords)[:3], (X + 1003.5, Y + 1044.25)])
    new = old.set_geometry(shapes)
    incidents = make_incidents(*rng.uniform(-60, 2060, (30_000, 2)))
    asked = assert_same_as_all(incidents, old, new)
    assert 0 < asked < 60
