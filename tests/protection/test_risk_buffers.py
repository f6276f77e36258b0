"""Hazards on a line.

::

    H1 (燃气, 重大)      H2 (危房, 一般)          H3 (边坡, 低)
    x = 0, 50 m          x = 60, 20 m             x = 900: nobody knows how far it reaches
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point, box

from zjk_gis.access import road_network
from zjk_gis.errors import EmptyLayerError, GeometryError, InputError, MissingColumnError
from zjk_gis.protection import risk_buffers

OWN = {
    "risk_distances": pd.DataFrame({"hazard_kind": ["燃气", "危房"], "distance_m": ["50", "20"]}),
}
HAZARDS = gpd.GeoDataFrame(
    {
        "hazard_code": ["H1", "H2", "H3"],
        "hazard_kind": ["燃气", "危房", "边坡"],
        "hazard_grade": ["重大", "一般", "低"],
    },
    geometry=[Point(0, 0), Point(60, 0), Point(900, 0)],
    crs=4547,
)


def test_a_distance_that_nobody_stated_is_refused_by_its_kind():
    with pytest.raises(InputError, match=r"no distance is known for 危房, 燃气, 边坡; fill in distance_m"):
        risk_buffers(HAZARDS)
    with pytest.raises(InputError, match="no distance is known for 边坡"):
        risk_buffers(HAZARDS, tables=OWN, strict=True)
    told = risk_buffers(HAZARDS, tables=OWN)
    assert told.buffers["hazard_code"].tolist() == ["H1", "H2"]
    assert told.set_aside == [{"layer": "hazards", "row": 2, "why": "no_distance", "value": "边坡"}]


def test_what_ships_states_no_distance():
    from zjk_gis.standards import rules_table

    assert set(rules_table("risk_distances")["distance_m"]) == {""}


def test_a_row_has_the_last_word_and_says_where_its_distance_comes_from():
    hazards = HAZARDS.assign(buffer_m=[None, 35.0, 10.0])
    told = risk_buffers(hazards, tables=OWN).buffers
    assert told["buffer_m"].tolist() == [50.0, 35.0, 10.0]
    assert told["confidence"].tolist() == ["user"] * 3
    assert told["rule"].iloc[0].endswith("燃气 50 m")
    assert told["rule"].iloc[1] == told["rule"].iloc[2]


def test_a_wrong_distance_of_a_row_is_no_distance():
    told = risk_buffers(HAZARDS.assign(buffer_m=[-5.0, None, 10.0]), tables=OWN)
    assert told.buffers["hazard_code"].tolist() == ["H2", "H3"]
    assert [(each["row"], each["why"]) for each in told.set_aside] == [(0, "not_an_amount")]


def test_hazards_add_up_where_they_overlap():
    told = risk_buffers(HAZARDS, tables=OWN).faces
    assert told[["hazard_codes", "hazard_count", "risk"]].to_numpy().tolist() == [
        ["H1;H2", 2, 6.0],
        ["H1", 1, 4.0],
        ["H2", 1, 2.0],
    ]
    own = OWN | {"risk_weights": pd.DataFrame({"hazard_grade": ["一般"], "weight": ["10"]})}
    assert risk_buffers(HAZARDS, tables=own).faces["risk"].tolist() == [14.0, 10.0, 4.0]


def test_a_grade_that_is_not_known_weighs_nothing_and_is_counted():
    told = risk_buffers(HAZARDS.assign(hazard_grade=["重大", None, None]), tables=OWN).faces
    assert told[["hazard_codes", "risk", "ungraded"]].to_numpy().tolist() == [
        ["H1;H2", 4.0, 1],
        ["H1", 4.0, 0],
        ["H2", 0.0, 1],
    ]


def test_people_and_facilities_within():
    estates = gpd.GeoDataFrame({"population": [1000]}, geometry=[box(0, 0, 100, 100)], crs=4547)
    lots = gpd.GeoDataFrame(
        {"lot_code": ["T1", "T2", "T3"]}, geometry=[Point(49.9, 0), Point(0, 50.1), None], crs=4547
    )
    told = risk_buffers(HAZARDS, estates, facilities={"parking_lots": lots}, tables=OWN)
    # A quarter of a disc of 50 m: 1963.5 m² of 10,000; half of one of 20 m: 628.3.
    assert told.buffers["people"].tolist() == [196, 63]
    assert told.buffers["facilities"].tolist() == [1, 1]
    assert told.inside[["hazard_code", "facility_code"]].to_numpy().tolist() == [["H1", "T1"], ["H2", "T1"]]
    assert told.inside["distance_m"].tolist() == pytest.approx([49.9, 10.1])
    assert told.faces["people"].sum() <= 196 + 63
    assert [(each["layer"], each["row"]) for each in told.set_aside] == [("hazards", 2), ("parking_lots", 2)]


def test_the_nearest_resource_is_found_along_the_roads():
    roads = gpd.GeoDataFrame(
        {"edge_code": ["R1", "R2"]},
        geometry=[LineString([(0, 0), (300, 0)]), LineString([(300, 0), (300, 40)])],
        crs=4547,
    )
    hydrants = gpd.GeoDataFrame(
        {"hydrant_code": ["F1", "F2"]}, geometry=[Point(300, 40), Point(290, 0)], crs=4547
    )
    asked = {"resources": {"fire_hydrants": hydrants}, "network": road_network(roads), "tables": OWN}
    told = risk_buffers(HAZARDS, within_m=240, **asked).resources
    assert told[["hazard_code", "layer", "facility_code", "network_m", "reason"]].to_numpy().tolist() == [
        ["H1", "fire_hydrants", "F2", 290.0, "too_far"],
        ["H2", "fire_hydrants", "F2", 230.0, "reached"],
    ]
    with pytest.raises(InputError, match="resources= needs network="):
        risk_buffers(HAZARDS, resources={"fire_hydrants": hydrants}, tables=OWN)


def test_only_hazards_of_the_day_count():
    dated = HAZARDS.assign(found_on=["2025-01-10", None, None], cleared_on=[None, "2025-03-01", None])
    codes = {
        day: risk_buffers(dated, tables=OWN, at=day).buffers["hazard_code"].tolist()
        for day in ("2025-01-09", "2025-01-10", "2025-02-28", "2025-03-01")
    }
    assert codes == {
        "2025-01-09": ["H2"],
        "2025-01-10": ["H1", "H2"],
        "2025-02-28": ["H1", "H2"],
        "2025-03-01": ["H1"],
    }


@pytest.mark.parametrize(
    ("hazards", "error", "words"),
    [
        (HAZARDS.iloc[:0], EmptyLayerError, "hazards: the layer is empty"),
        (HAZARDS.drop(columns="hazard_kind"), MissingColumnError, "hazards: no column 'hazard_kind'"),
        (HAZARDS.assign(hazard_kind="什么"), InputError, "no value of hazard_kind"),
        (HAZARDS.set_geometry([None, Point(0, 0), Point(1, 1)], crs=4547), GeometryError, "hazards: 1 of 3"),
    ],
)
def test_a_layer_that_cannot_answer_is_refused(hazards, error, words):
    with pytest.raises(error, match=words):
        risk_buffers(hazards, tables=OWN, strict=True)


@pytest.mark.parametrize("value", ["far", "-1", "inf"])
def test_a_table_with_a_wrong_number_is_refused(value):
    own = {"risk_distances": pd.DataFrame({"hazard_kind": ["燃气"], "distance_m": [value]})}
    with pytest.raises(InputError, match="risk_distances: distance_m of 燃气 must be a number"):
        risk_buffers(HAZARDS, tables=own)


places = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 200), st.integers(1, 60)), min_size=1, max_size=8
)


@given(places)
def test_faces_hold_each_buffer_once(rows):
    x, y, reach = np.array(rows, dtype=float).T
    hazards = gpd.GeoDataFrame({"buffer_m": reach}, geometry=shapely.points(x, y), crs=4547)
    told = risk_buffers(hazards)
    faces, grounds = told.faces, told.buffers.geometry.to_numpy()
    assert (faces["area_m2"] * faces["hazard_count"]).sum() == pytest.approx(told.buffers["area_m2"].sum())
    assert faces["area_m2"].sum() == pytest.approx(shapely.area(shapely.union_all(grounds)))
