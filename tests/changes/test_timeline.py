"""Who answered for a place when, on squares of 100 m."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

import zjk_gis
from zjk_gis.errors import EmptyLayerError, GeometryError, InputError, MissingColumnError

X, Y = 573000, 4520000


def square(x, y=0, width=100.0, height=100.0):
    return box(X + x, Y + y, X + x + width, Y + y + height)


def make_zones(*rows):
    """Make zones of rows: code, shape, first day, last day."""
    codes, shapes, begins, ends = zip(*rows, strict=True)
    return gpd.GeoDataFrame(
        {"zone_code": codes, "valid_from": begins, "valid_to": ends}, geometry=list(shapes), crs=4547
    )


def spells(frame, *columns):
    told = frame[["answer", "codes", *columns]].copy()
    for name in ("begins_on", "ends_on"):
        told[name] = frame[name].dt.strftime("%m-%d").fillna("")
    return [tuple(row) for row in told.to_numpy().tolist()]


def lapses(frame):
    rows = frame.assign(
        begins_on=frame["begins_on"].dt.strftime("%m-%d"), ends_on=frame["ends_on"].dt.strftime("%m-%d")
    )
    columns = ["kind", "codes", "begins_on", "ends_on", "days", "area_m2"]
    return [tuple(row) for row in rows[columns].to_numpy().tolist()]


@pytest.fixture
def zones():
    """A holds the ground until the end of February, B from 15 March; C overlaps B from May to July."""
    return make_zones(
        ("A", square(0), None, "2025-02-28"),
        ("B", square(0), "2025-03-15", None),
        ("C", square(60), "2025-05-01", "2025-07-31"),
    )


def test_a_point_is_told_spell_by_spell(zones):
    told = zjk_gis.changes.responsibility_timeline(zones, Point(X + 80, Y + 50))
    assert spells(told) == [
        ("one", "A", "", "02-28"),
        ("nobody", "", "03-01", "03-14"),
        ("one", "B", "03-15", "04-30"),
        ("several", "B;C", "05-01", "07-31"),
        ("one", "B", "08-01", ""),
    ]
    assert told["days"].tolist() == [pd.NA, 14, 47, 92, pd.NA]
    assert told["sentence"].iloc[1] == (
        "2025-03-01 至 2025-03-14 无人负责，共 14 天；此前由 A 负责，此后由 B 负责"
    )


def test_a_window_of_days_cuts_the_ends_off(zones):
    told = zjk_gis.changes.responsibility_timeline(
        zones, Point(X + 20, Y + 50), start="2025-03-10", end="2025-03-20", lang="en"
    )
    assert spells(told, "days") == [("nobody", "", 5, "03-10", "03-14"), ("one", "B", 6, "03-15", "03-20")]
    assert told["sentence"].tolist() == [
        "from 2025-03-10 to 2025-03-14 nobody answers, 5 days; after B",
        "from 2025-03-15 to 2025-03-20 B answers, 6 days",
    ]


def test_a_polygon_is_told_part_by_part(zones):
    told = zjk_gis.changes.responsibility_timeline(zones, square(0, width=110))
    assert told.groupby("part")["area_m2"].first().tolist() == [6000.0, 4000.0, 1000.0]
    assert spells(told[told["part"] == 3]) == [
        ("nobody", "", "", "04-30"),
        ("one", "C", "05-01", "07-31"),
        ("nobody", "", "08-01", ""),
    ]
    assert told[told["part"] == 1].geometry.iloc[0].normalize() == square(0, width=60).normalize()


def test_a_point_on_a_border_belongs_to_those_that_meet_there_unless_one_holds_it():
    zones = make_zones(
        ("A", square(0), None, None),
        ("B", square(100), None, None),
        ("C", square(50), "2025-06-01", "2025-06-30"),
    )
    told = zjk_gis.changes.responsibility_timeline(zones, Point(X + 100, Y + 50))
    assert [row[1] for row in spells(told)] == ["A;B", "C", "A;B"]


def test_a_place_may_come_in_another_system_and_chiefs_are_named(zones):
    place = gpd.GeoDataFrame(geometry=[Point(X + 20, Y + 50)], crs=4547).to_crs(4490)
    told = zjk_gis.changes.responsibility_timeline(zones.assign(chief_code=["L1", "L2", "L3"]), place)
    assert told["chiefs"].tolist() == ["L1", "", "L2"]
    assert told["sentence"].iloc[0] == "至 2025-02-28 为止 由 A 负责（路长 L1）"


def test_a_seamless_change_of_version_is_no_lapse():
    zones = make_zones(("A", square(0), None, "2025-02-28"), ("A", square(0), "2025-03-01", None))
    assert len(zjk_gis.changes.coverage_over_time(zones, "2025-01-01", "2025-12-31")) == 0
    assert len(zjk_gis.changes.responsibility_timeline(zones, Point(X + 5, Y + 5))) == 1


def test_gaps_and_overlaps_of_a_layer_are_told(zones):
    found = zjk_gis.changes.coverage_over_time(zones, "2025-01-01", "2025-12-31")
    assert lapses(found) == [
        # East of the others, C begins and ends alone.
        ("gap", "", "08-01", "12-31", 153, 6000.0),
        ("gap", "", "01-01", "04-30", 120, 6000.0),
        ("overlap", "B;C", "05-01", "07-31", 92, 4000.0),
        ("gap", "", "03-01", "03-14", 14, 6000.0),
        ("gap", "", "03-01", "03-14", 14, 4000.0),
    ]
    assert found["lapse_code"].tolist() == ["T001", "T002", "T003", "T004", "T005"]
    assert found["before_codes"].tolist() == ["C", "", "B", "A", "A"]
    assert found["after_codes"].tolist() == ["", "C", "B", "B", "B"]


def test_what_holds_all_the_time_or_lies_outside_the_region_is_left_out(zones):
    steady = make_zones(("S", square(500), None, None), ("T", square(550), None, None))
    zones = pd.concat([zones, steady], ignore_index=True)
    region = gpd.GeoDataFrame(geometry=[square(0, width=60)], crs=4547)
    found = zjk_gis.changes.coverage_over_time(zones, "2025-01-01", "2025-12-31", region=region)
    assert lapses(found) == [("gap", "", "03-01", "03-14", 14, 6000.0)]
    assert len(zjk_gis.changes.coverage_over_time(zones, "2025-08-01", "2025-12-31")) == 0


def test_unusable_input_is_refused_by_row(zones):
    wrong = zones.assign(valid_from=["2025-03-01", "2025-03-15", "2025-05-01"])
    with pytest.raises(InputError, match=r"zones: 1 of 3 rows have a valid_to before .* \(row 0\)"):
        zjk_gis.changes.coverage_over_time(wrong, "2025-01-01", "2025-12-31")
    with pytest.raises(InputError, match=r"end \(2024-01-01\) is before start"):
        zjk_gis.changes.coverage_over_time(zones, "2025-01-01", "2024-01-01")
    with pytest.raises(InputError, match="start must be a date"):
        zjk_gis.changes.coverage_over_time(zones, "", "2024-01-01")
    with pytest.raises(MissingColumnError, match="zones: no column 'grid'"):
        zjk_gis.changes.responsibility_timeline(zones, Point(X, Y), code="grid")
    with pytest.raises(GeometryError, match="place: must be a point or a valid polygon, not this LineString"):
        zjk_gis.changes.responsibility_timeline(zones, LineString([(X, Y), (X + 1, Y)]))
    with pytest.raises(InputError, match="place: 3 rows; give one place"):
        zjk_gis.changes.responsibility_timeline(zones, zones)
    with pytest.raises(EmptyLayerError, match="place: has no geometry"):
        zjk_gis.changes.responsibility_timeline(zones, gpd.GeoSeries([None], crs=4547))


step = st.integers(0, 6)
day = st.one_of(st.none(), st.integers(0, 9))
claim = st.tuples(
    st.tuples(step, step, st.integers(1, 4), st.integers(1, 4)), st.sampled_from("ABC"), day, day
).filter(lambda row: row[2] is None or row[3] is None or row[2] <= row[3])


def date(number):
    return None if number is None else f"2025-01-{number + 1:02}"


def expected_day_m2(claims):
    """Count the days and square metres of gaps and overlaps cell by cell, 10 m each way."""
    held = np.zeros((10, 10, 10, 3), dtype=bool)  # day, x, y, code
    turns = np.zeros((10, 10), dtype=bool)
    for (x, y, w, h), code, begin, end in claims:
        first, last = 0 if begin is None else begin, 9 if end is None else end
        held[first : last + 1, x : x + w, y : y + h, "ABC".index(code)] = True
        if first > 0 or last < 9:
            turns[x : x + w, y : y + h] = True
    many = held.sum(axis=3)
    steady = (held == held[0]).all(axis=(0, 3))
    counts = turns & ~steady
    return 100 * ((many == 0) & counts).sum(), 100 * ((many > 1) & counts).sum()


@settings(max_examples=40, deadline=None)
@given(claims=st.lists(claim, min_size=1, max_size=6), seed=st.integers(0, 99))
def test_the_lapses_are_those_of_every_single_day(claims, seed):
    zones = make_zones(
        *(
            (code, square(10 * x, 10 * y, 10 * w, 10 * h), date(begin), date(end))
            for (x, y, w, h), code, begin, end in claims
        )
    )
    first, last = date(0), date(9)
    found = zjk_gis.changes.coverage_over_time(zones, first, last)
    day_m2 = (found["days"].astype(float) * found["area_m2"]).groupby(found["kind"]).sum()
    gaps, overlaps = expected_day_m2(claims)
    assert day_m2.get("gap", 0.0) == pytest.approx(gaps)
    assert day_m2.get("overlap", 0.0) == pytest.approx(overlaps)
    again = zjk_gis.changes.coverage_over_time(zones.sample(frac=1, random_state=seed), first, last)
    pd.testing.assert_frame_equal(pd.DataFrame(again), pd.DataFrame(found))
    place = Point(X + 35.5, Y + 25.5)
    told = zjk_gis.changes.responsibility_timeline(zones, place, start=first, end=last)
    assert told["days"].sum() == 10
    for number in range(10):
        now = told[(told["begins_on"] <= date(number)) & (date(number) <= told["ends_on"])]
        valid = zjk_gis.layers.zones_at(zones, date(number))
        assert now["codes"].tolist() == [";".join(sorted(set(valid["zone_code"][valid.contains(place)])))]
