"""Suspicious positions, on one road that runs east-west through the middle of the city.

Incidents lie 20 m north of the road that they name::

    o   o   o   o   o   o     incidents, every 10 m
    ----------------------    清远路, at N 4520000
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, MultiPoint, Point, box

from zjk_gis.datum import wgs84_to_bd09, wgs84_to_gcj02
from zjk_gis.errors import CRSError, GeometryError, InputError, MissingColumnError
from zjk_gis.layers.positions import check_positions, fix_positions

X, Y = 573000, 4520000


@pytest.fixture
def roads():
    return gpd.GeoDataFrame(
        {"road_name": ["清远路", "清远路", None]},
        geometry=[
            LineString([(X - 500, Y), (X, Y)]),
            LineString([(X, Y), (X + 1500, Y)]),
            LineString([(X, Y + 900), (X + 1500, Y + 900)]),
        ],
        crs=4547,
    )


def make_points(count=30, *, gcj02=False, channel="随手拍", road="清远路"):
    true = gpd.GeoSeries([Point(X + 10 * i, Y + 20) for i in range(count)], crs=4547).to_crs(4490)
    lon, lat = true.x.to_numpy(), true.y.to_numpy()
    if gcj02:
        lon, lat = wgs84_to_gcj02(lon, lat)
    return gpd.GeoDataFrame(
        {"source": channel, "road_name": road},
        geometry=gpd.points_from_xy(lon, lat),
        crs=4490,
        index=[f"c{i}" for i in range(count)],
    )


def swap(points, label):
    point = points.geometry[label]
    points.loc[label, points.geometry.name] = Point(point.y, point.x)


def listed(problems):
    return problems[["row", "problem"]].to_numpy().tolist()


def metres_off(points):
    true = gpd.GeoSeries(
        [Point(X + 10 * i, Y + 20) for i in range(len(points))], crs=4547, index=points.index
    )
    return points.geometry.to_crs(4547).distance(true)


def test_good_positions_have_no_problems(roads):
    problems = check_positions(make_points(), roads=roads)
    assert problems.empty
    assert list(problems.columns) == ["row", "problem", "evidence"]


def test_swapped_axes_are_certain_and_put_right_where_listed():
    points = make_points()
    swap(points, "c3")
    swap(points, "c7")
    problems = check_positions(points)
    assert listed(problems) == [["c3", "swapped_axes"], ["c7", "swapped_axes"]]
    assert "longitude 40.8" in problems["evidence"][0]
    fixed = fix_positions(points, problems.iloc[:1])
    assert fixed["position_fix"].loc[["c2", "c3", "c7"]].tolist() == ["", "swapped_axes", ""]
    assert metres_off(fixed).drop("c7").max() < 1e-6
    assert fixed.geometry["c7"].y > 90
    assert "position_fix" not in points


def test_missing_and_unreadable_positions_are_told_apart_by_the_columns():
    table = pd.DataFrame({"经度": ["114.88", "", "东经", "0"], "纬度": ["40.82", "40.82", "40.82", "0"]})
    points = gpd.GeoDataFrame(table, geometry=[Point(114.88, 40.82), None, None, None], crs=4490)
    problems = check_positions(points)
    assert listed(problems) == [[1, "missing"], [2, "not_a_number"], [3, "missing"]]
    assert problems["evidence"].tolist()[:2] == ["经度: blank, 纬度: 40.82", "经度: 东经, 纬度: 40.82"]
    renamed = points.rename(columns={"经度": "a", "纬度": "b"})
    assert listed(check_positions(renamed)) == [[1, "missing"], [2, "missing"], [3, "missing"]]
    assert listed(check_positions(renamed, lon="a", lat="b")) == listed(problems)


def test_a_position_abroad_is_outside_china():
    points = gpd.GeoDataFrame(geometry=[Point(2.35, 48.86), Point(114.88, 40.82)], crs=4490)
    assert listed(check_positions(points)) == [[0, "outside_china"]]


def test_a_position_far_from_the_city_is_told_with_its_distance():
    points = gpd.GeoDataFrame(geometry=[Point(X, Y), Point(X + 16_000, Y)], crs=4547)
    city = gpd.GeoDataFrame(geometry=[box(X - 1000, Y - 1000, X + 1000, Y + 1000)], crs=4547)
    problems = check_positions(points, region=city)
    assert listed(problems) == [[1, "outside_region"]]
    assert problems["evidence"][0] == "15.0 km outside the region"


def test_a_channel_in_gcj02_is_found_and_put_right_whole(roads):
    points = pd.concat([make_points(channel="热线"), make_points(gcj02=True)])
    points.index = range(60)
    points.loc[59, "road_name"] = None
    problems = check_positions(points, roads=roads)
    assert listed(problems) == [[row, "gcj02"] for row in range(30, 60)]
    assert "channel 随手拍: 29 rows name a road" in problems["evidence"][0]
    assert "20 m if converted" in problems["evidence"][0]
    fixed = fix_positions(points, problems)
    assert metres_off(fixed.iloc[30:]).max() < 1e-3
    assert fixed["position_fix"].tolist() == [""] * 30 + ["gcj02"] * 30
    assert check_positions(fixed, roads=roads).empty


@pytest.mark.parametrize(
    "points",
    [
        make_points(19, gcj02=True),
        make_points(gcj02=True, road="不存在的路"),
        make_points(gcj02=True, road=None),
        make_points(gcj02=True, channel=None),
        make_points(),
    ],
    ids=["19 rows", "unknown road", "no road", "no channel", "no shift"],
)
def test_too_little_evidence_is_no_verdict(points, roads):
    assert check_positions(points, roads=roads).empty


def test_a_channel_in_bd09_is_told_from_one_in_gcj02(roads):
    baidu = make_points(channel="百度")
    baidu["geometry"] = gpd.points_from_xy(*wgs84_to_bd09(baidu.geometry.x, baidu.geometry.y), crs=4490)
    points = pd.concat([make_points(channel="热线"), make_points(gcj02=True), baidu], ignore_index=True)
    problems = check_positions(points, roads=roads)
    assert listed(problems) == [
        *([row, "gcj02"] for row in range(30, 60)),
        *([row, "bd09"] for row in range(60, 90)),
    ]
    assert "20 m if converted from BD-09" in problems["evidence"].iloc[-1]
    fixed = fix_positions(points, problems)
    for part in (fixed.iloc[30:60], fixed.iloc[60:]):
        assert metres_off(part).max() < 1e-3
    assert fixed["position_fix"].iloc[-1] == "bd09"
    assert check_positions(fixed, roads=roads).empty
    with pytest.raises(InputError, match="gcj02 was already put right in row 89"):
        fix_positions(fixed, pd.DataFrame({"row": [89], "problem": ["gcj02"]}))
    with pytest.raises(InputError, match="row 89 are listed as gcj02 and as bd09"):
        fix_positions(points, pd.DataFrame({"row": [89, 89], "problem": ["gcj02", "bd09"]}))


def test_points_that_are_far_either_way_are_no_gcj02(roads):
    points = make_points(gcj02=True)
    moved = points.set_geometry(points.geometry.to_crs(4547).translate(yoff=3000).to_crs(4490))
    assert check_positions(moved, roads=roads).empty


def test_the_verdict_does_not_depend_on_the_order_of_rows(roads):
    points = make_points(gcj02=True)
    swap(points, "c3")
    shuffled = points.sample(frac=1, random_state=1)
    first = check_positions(points, roads=roads)
    second = check_positions(shuffled, roads=roads.iloc[::-1])
    columns = ["row", "problem", "evidence"]
    pd.testing.assert_frame_equal(
        first.sort_values(columns, ignore_index=True), second.sort_values(columns, ignore_index=True)
    )


def test_a_row_with_both_faults_is_listed_twice_and_put_right(roads):
    points = make_points(gcj02=True)
    swap(points, "c3")
    problems = check_positions(points, roads=roads)
    assert problems.loc[problems["row"] == "c3", "problem"].tolist() == ["swapped_axes", "gcj02"]
    fixed = fix_positions(points, problems)
    assert fixed.loc["c3", "position_fix"] == "swapped_axes;gcj02"
    assert metres_off(fixed).max() < 1e-3


def test_a_projected_layer_comes_back_in_its_own_system(roads):
    points = make_points(gcj02=True).to_crs(4548)
    fixed = fix_positions(points, check_positions(points, roads=roads))
    assert fixed.crs.to_epsg() == 4548
    assert metres_off(fixed).max() < 1e-3


def test_axes_swapped_before_projecting_are_recovered_from_the_columns():
    points = make_points().assign(lon=lambda p: p.geometry.x, lat=lambda p: p.geometry.y)
    points.loc["c3", ["lon", "lat"]] = points.loc["c3", ["lat", "lon"]].to_numpy()
    swap(points, "c3")
    projected = points.to_crs(4547)
    assert not np.isfinite(projected.geometry.x["c3"])
    problems = check_positions(projected)
    assert listed(problems) == [["c3", "swapped_axes"]]
    assert metres_off(fix_positions(projected, problems)).max() < 1e-6


def test_heights_are_kept():
    points = gpd.GeoDataFrame(geometry=[Point(40.82, 114.88, 700)], crs=4490)
    assert fix_positions(points, check_positions(points)).geometry[0].equals(Point(114.88, 40.82, 700))
    assert fix_positions(points, check_positions(points)).geometry[0].z == 700


def test_nothing_is_put_right_twice(roads):
    points = make_points(gcj02=True)
    problems = check_positions(points, roads=roads)
    fixed = fix_positions(points, problems)
    with pytest.raises(InputError, match=r"gcj02 was already put right in rows c0, c1"):
        fix_positions(fixed, problems)


def test_problems_of_other_points_are_refused():
    points = make_points()
    other = pd.DataFrame({"row": ["z9"], "problem": ["swapped_axes"]})
    with pytest.raises(InputError, match="row z9 of swapped_axes are not in points"):
        fix_positions(points, other)
    with pytest.raises(MissingColumnError, match="pass what check_positions returned"):
        fix_positions(points, other.drop(columns="problem"))
    swap(points, "c1")
    twice = points.set_index(pd.Index(["a"] * len(points)))
    with pytest.raises(InputError, match="more than once"):
        fix_positions(twice, check_positions(twice))
    nowhere = gpd.GeoDataFrame(geometry=[None], crs=4490)
    with pytest.raises(InputError, match="row 0 have no position"):
        fix_positions(nowhere, pd.DataFrame({"row": [0], "problem": ["gcj02"]}))


def test_layers_that_cannot_be_judged_say_why(roads):
    points = make_points()
    with pytest.raises(CRSError, match="points: no coordinate reference system"):
        check_positions(points.set_crs(None, allow_override=True))
    with pytest.raises(MissingColumnError, match="points: no column 'source'"):
        check_positions(points.drop(columns="source"), roads=roads)
    with pytest.raises(MissingColumnError, match="roads: no column 'road_name'"):
        check_positions(points, roads=roads.drop(columns="road_name"))
    points.loc["c1", "geometry"] = MultiPoint([(1, 2)])
    with pytest.raises(GeometryError, match="row c1"):
        check_positions(points)
