"""The three promises, on ground of 100 m by 100 m."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, box

from zjk_gis import responsibility_audit, who_handles
from zjk_gis.coverage.chiefs import gini
from zjk_gis.errors import MissingColumnError

REGION = gpd.GeoDataFrame(geometry=[box(0, 0, 100, 100)], crs=4547)


def zones(*shapes, **columns):
    codes = [f"Z{at}" for at in range(len(shapes))]
    return gpd.GeoDataFrame({"zone_code": codes, **columns}, geometry=list(shapes), crs=4547)


def test_ground_is_counted_once_several_times_or_not_at_all():
    audit = responsibility_audit(REGION, zones(box(0, 0, 60, 100), box(50, 0, 90, 100)))
    assert audit.figures.set_index("measure")["value"].head(3).to_dict() == {
        "ground_once": 8000,
        "ground_several": 1000,
        "ground_nobody": 1000,
    }
    assert len(audit.gaps) == len(audit.overlaps) == 1


def test_ground_that_needs_no_zone_is_in_no_figure():
    river = gpd.GeoDataFrame(geometry=[box(90, 0, 100, 100)], crs=4547)
    audit = responsibility_audit(REGION, zones(box(0, 0, 90, 100)), allowed=river)
    assert audit.figure("ground_once")["whole"] == 9000
    assert audit.figure("ground_once")["share"] == 1


def test_roads_are_summed_by_who_answers():
    roads = gpd.GeoDataFrame({"edge_code": ["R"]}, geometry=[LineString([(0, 50), (100, 50)])], crs=4547)
    audit = responsibility_audit(REGION, zones(box(0, 0, 60, 100), box(50, 0, 90, 100)), roads=roads)
    values = audit.figures.set_index("measure")["value"]
    assert values[["road_one", "road_several", "road_nobody"]].tolist() == [80, 10, 10]


def test_incidents_count_for_the_chiefs_of_zone_and_section():
    layer = zones(box(0, 0, 50, 100), box(50, 0, 100, 100), chief_code=["L1", "L2"])
    sections = gpd.GeoDataFrame(
        {"section_code": ["S"], "chief_code": ["L3"]}, geometry=[LineString([(0, 50), (100, 50)])], crs=4547
    )
    assigned = pd.DataFrame(
        {
            "found": ["inside", "inside", "none"],
            "ambiguous": [False, True, True],
            "chief_code": ["L1", "L1", None],
            "section_chief_code": ["L3", None, None],
            "closed_at": pd.to_datetime(["2025-01-02", None, None]),
        },
        index=[7, 7, 8],
    )
    audit = responsibility_audit(REGION, layer, sections=sections, assigned=assigned)
    chiefs = audit.chiefs.set_index("chief_code")
    assert chiefs["incidents"].to_dict() == {"L1": 2, "L2": 0, "L3": 1}
    assert chiefs["open"].to_dict() == {"L1": 1, "L2": 0, "L3": 0}
    assert chiefs["standing"].to_dict() == {"L1": "", "L2": "idle", "L3": ""}
    assert audit.figure("incidents_answered")["share"] == pytest.approx(2 / 3)
    assert audit.figure("incidents_undoubted")["share"] == pytest.approx(1 / 3)


def test_without_incidents_the_load_is_the_ground():
    shapes = [box(0, 0, 10, 10), box(10, 0, 20, 10), box(20, 0, 30, 10), box(0, 10, 100, 100)]
    audit = responsibility_audit(REGION, zones(*shapes, chief_code=["L1", "L2", "L3", "L4"]))
    chiefs = audit.chiefs.set_index("chief_code")
    assert chiefs["standing"].to_dict() == {"L4": "overloaded", "L1": "", "L2": "", "L3": ""}
    assert chiefs.index[0] == "L4"


def test_nothing_to_divide_by_is_no_data():
    nowhere = pd.DataFrame({"found": pd.Series(dtype=str), "ambiguous": pd.Series(dtype=bool)})
    audit = responsibility_audit(REGION, zones(box(0, 0, 100, 100)), assigned=nowhere)
    assert np.isnan(audit.figure("incidents_answered")["share"])


def test_a_duty_holds_for_a_class_or_all_under_it_here_or_everywhere():
    duties = pd.DataFrame(
        {
            "event_code": ["01", "0102", "0501"],
            "department": ["环卫处", "街道办", "执法局"],
            "place_code": [None, "130703005", "130703005"],
        }
    )
    found = who_handles(duties, places=["130703005", "130703006"]).set_index(["event_code", "place_code"])
    assert found.loc[("0101", "130703006"), "departments"] == "环卫处"
    assert found.loc[("0102", "130703005"), "departments"] == "环卫处;街道办"
    assert found.loc[("0102", "130703005"), "answer"] == "several"
    assert found.loc[("0501", "130703005"), "answer"] == "one"
    assert found.loc[("0501", "130703006"), "answer"] == "fallback"


def test_what_is_missing_is_named():
    with pytest.raises(MissingColumnError, match="'department'"):
        who_handles(pd.DataFrame({"event_code": ["01"]}))
    with pytest.raises(MissingColumnError, match="'found'"):
        responsibility_audit(REGION, zones(box(0, 0, 1, 1)), assigned=pd.DataFrame({"a": [1]}))
    with pytest.raises(KeyError):
        responsibility_audit(REGION, zones(box(0, 0, 1, 1))).figure("no_such")


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20))
def test_gini_is_half_the_mean_difference_by_the_mean(amounts):
    values = np.array(amounts, dtype=float)
    if values.sum() == 0:
        assert np.isnan(gini(values))
        return
    expected = np.abs(values[:, None] - values).mean() / 2 / values.mean()
    assert gini(values) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(0, 90), st.integers(0, 90), st.integers(1, 60), st.integers(1, 60)),
        min_size=1,
        max_size=8,
    )
)
def test_ground_is_conserved_whatever_the_zones(rectangles):
    shapes = [box(x, y, x + width, y + height) for x, y, width, height in rectangles]
    figures = responsibility_audit(REGION, zones(*shapes)).figures.set_index("measure")["value"]
    count = np.zeros((100, 100), int)
    for x, y, width, height in rectangles:
        count[x : x + width, y : y + height] += 1
    found = figures[["ground_once", "ground_several", "ground_nobody"]].to_numpy()
    assert found == pytest.approx([(count == 1).sum(), (count > 1).sum(), (count == 0).sum()], abs=1e-6)
