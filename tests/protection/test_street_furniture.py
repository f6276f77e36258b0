"""Poles, footways and cables along a road from west to east."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point, box

from zjk_gis.errors import EmptyLayerError, InputError, MissingColumnError
from zjk_gis.protection import cables_along_tunnels, footway_obstacles, shareable_poles

ROADS = gpd.GeoDataFrame(
    {"road_name": ["东街", "北路"]},
    geometry=[LineString([(-200, 0), (200, 0)]), LineString([(150, 0), (150, 200)])],
    crs=4547,
)


def poles(*places, kinds=None, **columns):
    codes = [f"P{at:02d}" for at in range(len(places))]
    kinds = {} if kinds is None else {"pole_kind": kinds}
    return gpd.GeoDataFrame(
        {"pole_code": codes} | kinds | columns, geometry=[Point(*place) for place in places], crs=4547
    )


def groups(found):
    return found[["host_code", "members"]].to_numpy().tolist()


@pytest.mark.parametrize(("apart", "grouped"), [(4.9, True), (5.0, True), (5.1, False)])
def test_how_far_apart_poles_may_stand(apart, grouped):
    assert len(shareable_poles(poles((0, 3), (apart, 3)), ROADS)) == grouped


def test_poles_on_two_sides_of_a_road_share_none():
    assert groups(shareable_poles(poles((0, 1), (0, -1), (1, -1)), ROADS)) == [["P01", "P01;P02"]]


def test_poles_beside_no_road_are_not_looked_at():
    found = shareable_poles(poles((0, 99), (1, 99)), ROADS)
    assert len(found) == 0
    assert found.attrs["off_road"] == 2


def test_a_chain_of_poles_is_not_one_group():
    found = shareable_poles(poles(*[(4 * at, 3) for at in range(5)]), ROADS)
    # P01 takes in its two neighbours; of what is left, P03 and P04.
    assert groups(found) == [["P01", "P00;P01;P02"], ["P03", "P03;P04"]]
    assert found["saved"].tolist() == [2, 1]
    assert found["farthest_m"].tolist() == [4.0, 4.0]


def test_of_equals_the_lamp_post_stays():
    found = shareable_poles(
        poles((0, 3), (2, 3), kinds=["监控杆", "路灯杆"], owner=["公安", "路灯所"]), ROADS
    )
    assert found[["host_code", "pole_kinds", "owners", "road_name"]].to_numpy().tolist() == [
        ["P01", "监控杆;路灯杆", "公安;路灯所", "东街"]
    ]


def test_lamps_are_posts_and_abandoned_posts_are_to_go():
    lamps = gpd.GeoDataFrame({"lamp_code": ["L1"]}, geometry=[Point(1, 3)], crs=4547)
    two = poles((0, 3), (2, 3), state=["完好", "废弃"])
    assert groups(shareable_poles(two, ROADS, lamps=lamps)) == [["L1", "L1;P00"]]


def test_poles_without_a_position_are_told_and_a_code_twice_is_refused():
    lost = poles((0, 3), (1, 3), (2, 3)).set_geometry([None, Point(1, 3), Point(2, 3)], crs=4547)
    found = shareable_poles(lost, ROADS)
    assert groups(found) == [["P01", "P01;P02"]]
    assert [each["row"] for each in found.attrs["set_aside"]] == [0]
    with pytest.raises(InputError, match="the code X is there twice"):
        shareable_poles(lost.assign(pole_code="X"), ROADS)


spots = st.lists(st.tuples(st.integers(0, 40), st.integers(-6, 6)), min_size=1, max_size=20, unique=True)


@given(spots, st.randoms())
def test_every_member_reaches_its_host_and_is_in_one_group(places, random):
    rows = poles(*places)
    found = shareable_poles(rows, ROADS)
    at = dict(zip(rows["pole_code"], rows.geometry, strict=True))
    members = [(host, each) for host, all_of in groups(found) for each in all_of.split(";")]
    assert len({each for _, each in members}) == len(members)
    for host, each in members:
        assert at[host].distance(at[each]) <= 5
        assert host == each or not LineString([at[host], at[each]]).intersects(ROADS.geometry.iloc[0])
    shuffled = random.sample(range(len(rows)), len(rows))
    assert found.to_wkt().equals(shareable_poles(rows.iloc[shuffled], ROADS).to_wkt())
    # Of those left alone no two could share one.
    alone = [each for code, each in at.items() if code not in {each for _, each in members}]
    left = gpd.GeoDataFrame({"pole_code": [str(n) for n in range(len(alone))]}, geometry=alone, crs=4547)
    assert not alone or not len(shareable_poles(left, ROADS))


FOOTWAYS = gpd.GeoDataFrame(
    {"footway_code": ["F1", "F2"]}, geometry=[box(0, 3, 50, 6), box(40, 3, 90, 6)], crs=4547
)
PAVING = gpd.GeoDataFrame(
    {"paving_code": ["M1"], "width_m": [0.5]}, geometry=[LineString([(0, 4), (90, 4)])], crs=4547
)


def cones(*places):
    codes = [f"K{at}" for at in range(len(places))]
    return gpd.GeoDataFrame({"obstacle_code": codes}, geometry=[Point(*each) for each in places], crs=4547)


def test_ground_of_two_footways_counts_once():
    berths = gpd.GeoDataFrame({"berth_code": ["B1"]}, geometry=[box(38, 2, 43, 4)], crs=4547)
    found = footway_obstacles({"berths": berths}, footways=FOOTWAYS)
    assert found[["surface_codes", "area_m2", "limit"]].to_numpy().tolist() == [["F1;F2", 5.0, 0.0]]


def test_tactile_paving_asks_for_clearance():
    # Its edge is at 4.25; 0.25 m are kept at 4.5.
    found = footway_obstacles({"street_obstacles": cones((5, 4), (6, 4.49), (7, 4.5))}, tactile_paving=PAVING)
    assert found["standing_code"].tolist() == ["K0", "K1"]
    assert found["distance_m"].tolist() == pytest.approx([0, 0.24])
    assert set(found["rule"]) == {"GB 50763-2012 无障碍设计规范: 0.25 m"}
    own = {"limits": pd.DataFrame({"limit": ["tactile_clearance"], "value": ["0.2"]})}
    found = footway_obstacles({"street_obstacles": cones((6, 4.49))}, tactile_paving=PAVING, tables=own)
    assert len(found) == 0


def test_paving_comes_before_the_footway_it_lies_in():
    found = footway_obstacles(
        {"street_obstacles": cones((5, 4), (5, 5.5), (5, 9))}, footways=FOOTWAYS, tactile_paving=PAVING
    )
    assert found[["surface", "standing_code"]].to_numpy().tolist() == [
        ["tactile_paving", "K0"],
        ["footway", "K0"],
        ["footway", "K1"],
    ]


def test_footways_need_something_to_be_compared():
    with pytest.raises(InputError, match="is needed: where nothing may stand"):
        footway_obstacles({"street_obstacles": cones((0, 0))})
    with pytest.raises(InputError, match="obstacles is empty"):
        footway_obstacles({}, footways=FOOTWAYS)
    with pytest.raises(EmptyLayerError, match="street_obstacles"):
        footway_obstacles({"street_obstacles": cones((0, 0)).iloc[:0]}, footways=FOOTWAYS)


TUNNELS = gpd.GeoDataFrame(
    {"tunnel_code": ["G1", "G2"]},
    geometry=[LineString([(0, 0), (100, 0)]), LineString([(90, 0), (200, 0)])],
    crs=4547,
)


def cables(*lines, **columns):
    codes = [f"C{at}" for at in range(len(lines))]
    return gpd.GeoDataFrame({"cable_code": codes} | columns, geometry=list(lines), crs=4547)


def told(found):
    return found[["cable_code", "from_m", "to_m", "tunnel_codes"]].to_numpy().tolist()


def test_a_cable_along_two_tunnels_counts_each_metre_once():
    found = cables_along_tunnels(cables(LineString([(-50, 10), (250, 10)])), TUNNELS)
    assert told(found) == [["C0", 50.0, 250.0, "G1;G2"]]
    assert found["share"].tolist() == [200 / 300]


def test_what_crosses_or_leads_away_does_not_run_along():
    bent = LineString([(50, -90), (50, 5), (80, 5), (80, 90)])  # up to the tunnel, along it, away again
    assert told(cables_along_tunnels(cables(bent), TUNNELS)) == [["C0", 95.0, 125.0, "G1"]]
    assert len(cables_along_tunnels(cables(LineString([(50, -90), (50, 90)])), TUNNELS)) == 0


def test_a_cable_that_comes_back_has_two_stretches():
    there_and_back = LineString([(0, 5), (60, 5), (60, 80), (20, 80), (20, 5), (0, 5)])
    found = cables_along_tunnels(cables(there_and_back), TUNNELS)
    assert told(found) == [["C0", 0.0, 60.0, "G1"], ["C0", 250.0, 270.0, "G1"]]


def test_stretches_shorter_than_asked_are_left_out():
    short = cables(LineString([(0, 5), (9.9, 5)]), LineString([(0, 5), (10.1, 5)]))
    assert cables_along_tunnels(short, TUNNELS)["cable_code"].tolist() == ["C1"]


def test_kinds_and_owners_are_told_and_cables_need_codes():
    found = cables_along_tunnels(
        cables(LineString([(0, 5), (60, 5)]), cable_kind="弱电", owner="待定"), TUNNELS
    )
    assert found[["cable_kind", "owner"]].to_numpy().tolist() == [["弱电", ""]]
    with pytest.raises(MissingColumnError, match="overhead_cables: no column 'cable_code'"):
        cables_along_tunnels(found[["geometry"]], TUNNELS)


vertices = st.lists(
    st.tuples(st.integers(-50, 250), st.integers(-60, 60)), min_size=2, max_size=6, unique=True
)


@given(vertices)
def test_stretches_lie_on_the_cable_near_a_tunnel(places):
    cable = LineString(places)
    found = cables_along_tunnels(cables(cable), TUNNELS, min_length_m=0.5)
    assert found["length_m"].sum() <= cable.length + 1e-6
    assert shapely.length(found.geometry).tolist() == pytest.approx(found["length_m"].tolist())
    near = shapely.union_all(TUNNELS.geometry.to_numpy()).buffer(30.01)
    assert all(near.covers(each) for each in found.geometry)
    assert (found["from_m"].to_numpy()[1:] > found["to_m"].to_numpy()[:-1]).all()
