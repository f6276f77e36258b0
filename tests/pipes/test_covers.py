"""Covers: too weak for their place, of another kind than their pipe, due, unowned, twice; and their files.

M1 (0,0)   M2 (50,0)   M3 (50.3,0)   M4 (100,0)
P1 -----------------------------------------      a sewer along all of them
"""

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, Point, box

from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.pipes import archive_completeness, cover_faults, incidents_per_cover

X, Y = 573000, 4520000


def wells(*places, **columns):
    columns.setdefault("manhole_code", [f"M{i}" for i in range(1, len(places) + 1)])
    columns.setdefault("owner", ["排水公司"] * len(places))
    return gpd.GeoDataFrame(columns, geometry=[Point(X + x, Y + y) for x, y in places], crs=4547)


def told(found):
    return sorted(zip(found["rule"], found["manhole_code"].fillna(""), strict=True))


@pytest.mark.parametrize(
    ("place", "load_class", "weak"),
    [
        ("车行道", "D400", False),
        ("车行道", "C250", True),
        ("机动车道", "b125", True),
        ("路缘", "C250", False),
        ("路边", "B125", True),
        ("人行道", "B125", False),
        ("人行道", "A15", True),
        ("绿化带", "A15", False),
        ("背街小巷", "B125", True),
        ("货运站", "E600", False),
        ("机场跑道", "E600", True),
    ],
)
def test_load_classes_by_place(place, load_class, weak):
    found = cover_faults(wells((0, 0), place=[place], load_class=[load_class]))
    assert told(found) == ([("weak_cover", "M1")] if weak else [])


def test_the_ground_tells_the_place_where_the_file_does_not():
    roads = gpd.GeoDataFrame({"place": ["车行道"]}, geometry=[box(X - 5, Y - 5, X + 60, Y + 5)], crs=4547)
    layer = wells((0, 0), (50, 0), (100, 0), load_class=["B125"] * 3, place=[None, "人行道", None])
    assert told(cover_faults(layer, places=roads)) == [("weak_cover", "M1")]
    with pytest.raises(MissingColumnError, match="place"):
        cover_faults(layer, places=roads.rename(columns={"place": "kind"}))


def test_the_kind_is_that_of_a_pipe_at_it():
    pipes = gpd.GeoDataFrame(
        {"pipe_code": ["P1", "P2"], "pipe_kind": ["WS", "YS"]},
        geometry=[LineString([(X, Y), (X + 60, Y)]), LineString([(X, Y + 0.5), (X + 60, Y + 0.5)])],
        crs=4547,
    )
    layer = wells((0, 0), (20, 0), (40, 0), (0, 90), pipe_kind=["污水", "排水", "给水", "给水"])
    found = cover_faults(layer, pipelines=pipes, lang="en")
    assert told(found) == [("kind_disagrees", "M3")]
    assert found["message"].iloc[0] == "the manhole is of water supply, the nearest pipe P1 of sewage"


def test_what_is_due_on_a_day():
    layer = wells(
        (0, 0),
        (50, 0),
        (100, 0),
        pipe_kind=["WS", "YS", "给水"],
        has_net=["否", "是", "否"],
        net_due_on=[None, "2025-06-30", None],
        inspected_on=["2025-05-01", "2025-06-30", None],
    )
    on = {
        day: told(cover_faults(layer, at=day, inspected_within_days=30))
        for day in ("2025-06-30", "2025-07-01")
    }
    assert on["2025-06-30"] == [("inspection_due", "M1"), ("no_net", "M1")]
    assert on["2025-07-01"] == [("inspection_due", "M1"), ("net_due", "M2"), ("no_net", "M1")]
    assert told(cover_faults(layer)) == [("no_net", "M1")]


def test_twins_are_of_one_kind_and_near():
    layer = wells(
        (0, 0),
        (0.5, 0),
        (10, 0),
        (10.4, 0),
        (20, 0),
        (20.51, 0),
        pipe_kind=["WS", "WS", "WS", "YS"] * 1 + ["WS"] * 2,
    )
    found = cover_faults(layer)
    assert told(found) == [("twin_covers", "M1")]
    assert found["other"].tolist() == ["M2"]


def test_nobody_is_named_in_many_ways_and_the_fallback_answers():
    layer = wells((0, 0), (9, 0), (18, 0), owner=["待定", None, "排水公司"])
    found = cover_faults(layer, fallback="城管局")
    assert told(found) == [("no_owner", "M1"), ("no_owner", "M2")]
    assert found["owner"].tolist() == ["城管局", "城管局"]


def test_a_cover_without_a_number_is_told_of():
    layer = wells((0, 0), (9, 0), manhole_code=["M1", None])
    found = cover_faults(layer)
    assert told(found) == [("unnumbered_cover", "")]
    assert found.geometry.iloc[0].x == X + 9


def test_unknown_words_are_refused_by_name():
    with pytest.raises(InputError, match="特重"):
        cover_faults(wells((0, 0), load_class=["特重"], place=["车行道"]))


def test_completeness_has_its_denominator():
    layer = wells((0, 0), (9, 0), (18, 0), owner=["甲", "甲", "-"], state=["完好", None, ""])
    found = archive_completeness(layer, fields=["state", "depth"])
    assert found["manholes"].tolist() == [2, 1]
    assert found["state_filled"].tolist() == [1, 0]
    assert found["depth_filled"].tolist() == [0, 0]
    assert found["filled_share"].tolist() == [0.25, 0.0]
    with pytest.raises(MissingColumnError, match="street_code"):
        archive_completeness(layer, by="street_code")


def test_incidents_belong_to_the_nearest_cover_of_the_days_asked():
    layer = wells((0, 0), (50, 0))
    incidents = gpd.GeoDataFrame(
        {"occurred_at": ["2025-01-01", "2025-06-01", "2025-06-02", "2025-06-03"]},
        geometry=[Point(X + x, Y) for x in (1, 1, 49, 20)],
        crs=4547,
    )
    counted = incidents_per_cover(layer, incidents)
    assert counted[["manhole_code", "incidents"]].to_numpy().tolist() == [["M1", 2], ["M2", 1]]
    assert counted.attrs["elsewhere"] == 1
    lately = incidents_per_cover(layer, incidents, at="2025-06-01", days=30)
    assert lately["manhole_code"].tolist() == ["M1"]
    assert lately["last_incident_on"].tolist() == [pd.Timestamp("2025-06-01")]
    with pytest.raises(InputError, match="at="):
        incidents_per_cover(layer, incidents, days=30)
