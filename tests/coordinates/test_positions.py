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

from zjk_gis.coordinates.datums import in_declared_datum
from zjk_gis.coordinates.position_fixes import fix_positions, review_positions
from zjk_gis.coordinates.positions import check_positions
from zjk_gis.crs.datum import wgs84_to_bd09, wgs84_to_gcj02
from zjk_gis.errors import CRSError, GeometryError, InputError, MissingColumnError

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
    assert listed(problems) == [[1, "missing"], [2, "not_a_number"], [3, "zero"]]
    assert problems["evidence"].tolist()[:2] == ["经度: blank, 纬度: 40.82", "经度: 东经, 纬度: 40.82"]
    renamed = points.rename(columns={"经度": "a", "纬度": "b"})
    assert listed(check_positions(renamed)) == [[1, "missing"], [2, "missing"], [3, "missing"]]
    assert listed(check_positions(renamed, lon="a", lat="b")) == listed(problems)


def test_what_is_not_fixed_is_told_by_kind_in_the_order_of_their_names():
    points = gpd.GeoDataFrame(
        geometry=[Point(0, 0), None, Point(2.35, 48.86), Point(114.88, 40.82)], crs=4490
    )
    fixed = fix_positions(points, check_positions(points))
    assert list(fixed.attrs["report"].not_fixed.items()) == [
        ("missing", [1]), ("outside_china", [2]), ("zero", [0]),
    ]  # fmt: skip


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
    spoken = "channel 随手拍: of 29 rows that tell 29 speak for GCJ-02"
    assert problems["evidence"][0].endswith(f"20 m if converted from GCJ-02; {spoken}")
    assert problems["evidence"].iloc[-1] == f"follows its channel; {spoken}"
    fixed = fix_positions(points, problems)
    assert metres_off(fixed.iloc[30:]).max() < 1e-3
    assert fixed["position_fix"].tolist() == [""] * 30 + ["gcj02"] * 30
    assert check_positions(fixed, roads=roads).empty


@pytest.mark.parametrize(
    "points",
    [make_points(gcj02=True, road="不存在的路"), make_points(gcj02=True, road=None), make_points()],
    ids=["unknown road", "no road", "no shift"],
)
def test_without_evidence_there_is_nothing_to_list(points, roads):
    assert check_positions(points, roads=roads).empty


def test_fewer_than_twenty_rows_are_listed_and_left_alone(roads):
    points = make_points(20, gcj02=True)
    assert set(check_positions(points, roads=roads)["problem"]) == {"gcj02"}
    fewer = points.iloc[:19]
    problems = check_positions(fewer, roads=roads)
    assert set(problems["problem"]) == {"undecided_datum"}
    fixed = fix_positions(fewer, problems)
    assert fixed.geometry.equals(fewer.geometry)
    assert fixed.attrs["report"].not_fixed == {"undecided_datum": fewer.index.tolist()}


def test_a_row_without_a_channel_is_judged_by_its_own_road_and_follows_nobody(roads):
    points = make_points(gcj02=True, channel=None)
    points.loc["c29", "road_name"] = None
    assert listed(check_positions(points, roads=roads)) == [[f"c{i}", "gcj02"] for i in range(29)]


class TestAChannelInTwoDatums:
    """Of 50 rows 30 are in GCJ-02; two of each half do not name their road."""

    @pytest.fixture
    def points(self):
        points = pd.concat([make_points(20), make_points(30, gcj02=True)], ignore_index=True)
        points.loc[[0, 1, 48, 49], "road_name"] = None
        return points

    def true(self, points):
        spots = [Point(X + 10 * i, Y + 20) for i in (*range(20), *range(30))]
        return gpd.GeoSeries(spots, crs=4547, index=points.index)

    def test_each_row_is_judged_by_the_road_that_it_names(self, points, roads):
        problems = check_positions(points, roads=roads)
        assert listed(problems) == [
            [0, "undecided_datum"],
            [1, "undecided_datum"],
            *([row, "gcj02"] for row in range(20, 48)),
            [48, "undecided_datum"],
            [49, "undecided_datum"],
        ]
        assert problems["evidence"][0] == (
            "does not tell its datum; channel 随手拍: of 46 rows that tell 18 speak for the ground, "
            "28 speak for GCJ-02"
        )
        fixed = fix_positions(points, problems)
        off = fixed.geometry.to_crs(4547).distance(self.true(points))
        assert off[:48].max() < 1e-3
        assert off[48:].min() > 500
        assert fixed.geometry[:20].equals(points.geometry[:20]), "what is right stays where it is"

    def test_what_is_undecided_stays_listed_when_the_others_are_fixed(self, points, roads):
        fixed = fix_positions(points, check_positions(points, roads=roads))
        assert listed(check_positions(fixed, roads=roads)) == [
            [row, "undecided_datum"] for row in (0, 1, 48, 49)
        ]

    def test_a_row_that_is_swapped_too_is_fixed_whole_or_listed_as_not_fixed(self, points, roads):
        swap(points, 30)
        swap(points, 49)
        problems = check_positions(points, roads=roads)
        assert problems.loc[problems["row"].isin([30, 49]), ["row", "problem"]].to_numpy().tolist() == [
            [30, "swapped_axes"],
            [30, "gcj02"],
            [49, "swapped_axes"],
            [49, "undecided_datum"],
        ]
        fixed = fix_positions(points, problems)
        assert fixed["position_fix"][[30, 49]].tolist() == ["swapped_axes;gcj02", "swapped_axes"]
        assert fixed.geometry.to_crs(4547).distance(self.true(points))[30] < 1e-3
        assert 49 in fixed.attrs["report"].not_fixed["undecided_datum"]


@pytest.mark.parametrize(("shifted", "alone"), [(220, "gcj02"), (180, "")])
def test_one_voice_in_two_hundred_is_chance_and_follows_its_channel(roads, shifted, alone):
    """A row in GCJ-02 may come near the road that it names as given; among few it counts as right."""
    parts = [make_points(20, gcj02=True)] * (shifted // 20)
    points = pd.concat([*parts, make_points(1)], ignore_index=True)
    problems = check_positions(points, roads=roads).set_index("row")["problem"]
    assert problems.get(shifted, "") == alone
    assert (problems[:shifted] == "gcj02").all()


def test_a_swapped_gcj02_row_in_a_channel_that_is_right_is_listed_as_undecided(roads):
    points = make_points()
    web = make_points(gcj02=True)
    points.loc["c3", "geometry"] = web.geometry["c3"]
    swap(points, "c3")
    problems = check_positions(points, roads=roads)
    assert listed(problems) == [["c3", "swapped_axes"], ["c3", "undecided_datum"]]
    assert problems["evidence"][1].startswith("174 m from the road it names as given, 20 m if converted")


def test_a_silent_row_follows_a_channel_that_is_nearly_unanimous(roads):
    points = pd.concat([make_points(1), make_points(30, gcj02=True)], ignore_index=True)
    points.loc[30, "road_name"] = None
    assert listed(check_positions(points, roads=roads)) == [[row, "gcj02"] for row in range(1, 31)]


def test_wrong_addresses_that_come_near_their_road_by_chance_are_not_moved(roads):
    """25 rows look like GCJ-02, but 30 are far from their road in every datum: bad addresses."""
    wrong = make_points(30)
    wrong = wrong.set_geometry(wrong.geometry.to_crs(4547).translate(yoff=5000).to_crs(4490))
    points = pd.concat([make_points(200), make_points(25, gcj02=True), wrong], ignore_index=True)
    problems = check_positions(points, roads=roads)
    assert problems.loc[problems["row"].between(200, 224), "problem"].eq("undecided_datum").all()
    assert "gcj02" not in set(problems["problem"])


def test_a_point_at_zero_is_zero():
    points = gpd.GeoDataFrame(geometry=[Point(0, 0), Point(1e-12, 0), Point(114.88, 40.82)], crs=4490)
    assert listed(check_positions(points)) == [[0, "zero"], [1, "zero"]]
    assert listed(check_positions(gpd.GeoDataFrame(geometry=[Point(0, 0)], crs=4547))) == [[0, "zero"]]


class TestADeclaredDatum:
    def test_what_was_converted_on_reading_is_not_converted_again(self, roads):
        points = in_declared_datum(make_points(gcj02=True), "gcj02", told="argument")
        assert metres_off(points).max() < 1e-3
        assert check_positions(points, roads=roads).empty
        with pytest.raises(InputError, match=r"were read as GCJ-02, as declared, so row c3 cannot be"):
            fix_positions(points, pd.DataFrame({"row": ["c3"], "problem": ["gcj02"]}))

    def test_a_wrong_declaration_is_contradicted_and_nothing_is_moved(self, roads):
        points = in_declared_datum(make_points(), "gcj02", told="argument")
        problems = check_positions(points, roads=roads)
        assert set(problems["problem"]) == {"undecided_datum"}
        assert (
            "from the road it names converted from GCJ-02, as declared, 20 m as the file has it"
            in (problems["evidence"][0])
        )

    def test_it_comes_before_the_evidence(self, roads):
        points = in_declared_datum(make_points(gcj02=True), "wgs84", told="argument")
        assert set(check_positions(points, roads=roads)["problem"]) == {"undecided_datum"}


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
    with pytest.raises(InputError, match="gcj02 was already fixed in row 89"):
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
    with pytest.raises(InputError, match=r"gcj02 was already fixed in rows c0, c1"):
        fix_positions(fixed, problems)


def test_problems_of_other_points_are_refused():
    points = make_points()
    other = pd.DataFrame({"row": ["z9"], "problem": ["swapped_axes"]})
    with pytest.raises(InputError, match="row z9 of swapped_axes are not in points"):
        fix_positions(points, other)
    with pytest.raises(MissingColumnError, match="pass what check_positions returned"):
        fix_positions(points, other.drop(columns="problem"))
    swap(points, "c1")
    with pytest.raises(InputError, match="row c1 are listed as shifted, but their axes are swapped"):
        fix_positions(points, pd.DataFrame({"row": ["c1"], "problem": ["gcj02"]}))
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


def test_a_review_counts_what_is_wrong_and_fixes_it_if_asked(roads):
    points = make_points(gcj02=True)
    swap(points, "c3")
    found = review_positions(points, roads=roads)
    assert (found.problems, found.fixed, found.lacking) == ({"gcj02": 30, "swapped_axes": 1}, {}, "")
    assert found.points is points
    fixed = review_positions(points, roads=roads, fix=True)
    assert fixed.fixed == fixed.problems == found.problems
    assert metres_off(fixed.points).max() < 0.01
    assert fixed.points.loc["c3", "position_fix"] == "swapped_axes;gcj02"


@pytest.mark.parametrize("column", ["source", "road_name"])
def test_a_review_says_for_want_of_which_column_no_datum_was_judged(roads, column):
    points = make_points(gcj02=True).drop(columns=column)
    found = review_positions(points, roads=roads, fix=True)
    assert (found.lacking, found.problems) == (column, {})
    assert review_positions(points).lacking == ""  # nobody asked for it
