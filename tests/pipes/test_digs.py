"""What a dig meets, what a section cuts, roads dug again.

0         100        200 m
|----A----|----B------|      road R1, opened 2022-06-01, new
    [ dig  ]                 a trench from 20 to 80 m
"""

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, Point, Polygon, box

from zjk_gis.errors import GeometryError, InputError, MissingColumnError
from zjk_gis.pipes import cross_section, excavation_impact, pipe_network, repeated_excavations

X, Y = 573000, 4520000


def at(shape):
    from shapely import affinity

    return affinity.translate(shape, X, Y)


PIPES = gpd.GeoDataFrame(
    {
        "pipe_code": ["GAS", "SEWER", "CABLE", "DEEP", "FAR"],
        "pipe_kind": ["燃气", "污水", "电力", "雨水", "给水"],
        "diameter_mm": [200, 400, 100, 800, 300],
        "from_depth_m": [1.2, 3.0, None, 6.0, 1.0],
        "to_depth_m": [2.2, 3.0, None, 6.0, 1.0],
        "owner": ["燃气公司", "排水公司", "无", "排水公司", "水司"],
    },
    geometry=[
        at(LineString([(0, 2), (100, 2)])),
        at(LineString([(0, 4), (100, 4)])),
        at(LineString([(0, 5.5), (100, 5.5)])),
        at(LineString([(30, -50), (30, 50)])),
        at(LineString([(0, 20), (100, 20)])),
    ],
    crs=4547,
)
DIG = gpd.GeoDataFrame({"permit_code": ["X1"]}, geometry=[at(box(20, 0, 80, 5))], crs=4547)


class TestDig:
    def test_pipes_by_what_happens_to_them(self):
        found = excavation_impact(DIG, PIPES, depth_m=2.0).set_index("pipe_code")
        assert found["impact"].to_dict() == {
            "GAS": "is_hit",  # its top lies 1.4 m deep where the dig begins
            "SEWER": "near_miss",  # 2.6 m of cover
            "DEEP": "clear",
            "CABLE": "cannot_be_judged",
        }
        assert found.loc["GAS", "cover_m"] == pytest.approx(1.4)
        assert found.loc["GAS", "length_m"] == pytest.approx(60)
        assert found.loc["CABLE", "distance_m"] == pytest.approx(0.5)
        assert found.loc["CABLE", "tell"] not in ("", "无")
        assert set(found["dig"]) == {"X1"}

    def test_without_a_depth_pipes_are_listed_and_not_judged(self):
        assert set(excavation_impact(DIG, PIPES)["impact"]) == {"cannot_be_judged"}

    def test_what_hangs_on_a_pipe_and_whose_ground_it_is(self):
        wells = gpd.GeoDataFrame(
            {"manhole_code": ["A", "B"]}, geometry=[at(Point(0, 2)), at(Point(100, 2))], crs=4547
        )
        blocks = gpd.GeoDataFrame(
            {"scope_code": ["S1", "S2"], "scope": ["核心保护范围", "建设控制地带"]},
            geometry=[at(box(0, 0, 50, 3)), at(box(0, 0, 100, 9))],
            crs=4547,
        )
        zones = gpd.GeoDataFrame(
            {"zone_code": ["Z"], "chief_name": ["甲"]}, geometry=[at(box(0, 0, 200, 99))], crs=4547
        )
        found = excavation_impact(
            DIG, PIPES, depth_m=2.0, network=pipe_network(wells, PIPES), blocks=blocks, zones=zones
        ).set_index("pipe_code")
        assert found["is_bridge"].dtype == bool
        assert found.loc["GAS", "scope"] == "核心保护范围"
        assert found.loc["SEWER", "scope"] == "建设控制地带"
        assert set(found["chief_name"]) == {"甲"}

    def test_a_dig_that_is_no_polygon_is_refused(self):
        with pytest.raises(GeometryError, match="dig"):
            excavation_impact(PIPES, PIPES)


class TestSection:
    def test_from_the_beginning_of_the_line_on(self):
        cut = cross_section(at(LineString([(50, 0), (50, 10)])), PIPES)
        assert cut["pipe_code"].tolist() == ["GAS", "SEWER", "CABLE"]
        assert cut["offset_m"].tolist() == pytest.approx([2, 4, 5.5])
        assert cut["cover_m"].round(6).tolist()[:2] == [1.7, 2.6]
        back = cross_section(at(LineString([(50, 10), (50, 0)])), PIPES)
        assert back["pipe_code"].tolist() == ["CABLE", "SEWER", "GAS"]

    def test_angles(self):
        cut = cross_section(at(LineString([(40, 0), (50, 10)])), PIPES)
        assert cut["angle"].round(3).tolist() == [45, 45, 45]

    def test_nothing_is_cut(self):
        assert cross_section(at(LineString([(500, 0), (500, 9)])), PIPES).empty

    @pytest.mark.parametrize("bad", [Point(0, 0), Polygon()])
    def test_what_is_no_line(self, bad):
        with pytest.raises(GeometryError, match="LineString"):
            cross_section(bad, PIPES)
        with pytest.raises(InputError, match="one line"):
            cross_section(PIPES, PIPES)


ROADS = gpd.GeoDataFrame(
    {
        "road_code": ["R1", "R2", "R3"],
        "opened_on": ["2022-06-01", "2022-06-01", None],
        "construction": ["新建", "大修", "新建"],
    },
    geometry=[
        at(LineString([(0, 0), (200, 0)])),
        at(LineString([(100, 1), (100, 90)])),
        at(LineString([(0, 300), (9, 300)])),
    ],
    crs=4547,
)


def permits(*rows):
    table = pd.DataFrame(
        [{"permit_code": f"X{i}", "valid_from": day} | more for i, (day, _, more) in enumerate(rows, 1)]
    )
    return gpd.GeoDataFrame(table, geometry=[at(shape) for _, shape, _ in rows], crs=4547)


class TestDugAgain:
    def test_the_case_of_the_notes(self):
        twice = permits(("2023-05-10", box(20, -3, 140, 3), {}), ("2025-04-12", box(20, -3, 140, 3), {}))
        found = repeated_excavations(twice, ROADS)
        row = found.iloc[0]
        assert len(found) == 1
        assert (row.road_code, row.permit_a, row.permit_b, row.months_between) == ("R1", "X1", "X2", 23)
        assert row.length_m == pytest.approx(120)
        assert row.moratorium_until == pd.Timestamp("2027-06-01")
        assert [r["why"] for r in found.attrs["set_aside"]] == ["no_opening_date"]

    @pytest.mark.parametrize(
        ("second", "shape", "found"),
        [
            ("2027-05-31", box(20, -3, 140, 3), True),
            ("2027-06-01", box(20, -3, 140, 3), False),  # allowed again
            ("2024-01-01", box(140, -3, 160, 3), False),  # beside the first
            ("2024-01-01", box(139, -3, 160, 3), True),  # one metre of both
            ("2024-01-01", box(139.01, -3, 160, 3), False),
        ],
    )
    def test_day_and_length_decide(self, second, shape, found):
        layer = permits(("2023-05-10", box(20, -3, 140, 3), {}), (second, shape, {}))
        assert len(repeated_excavations(layer, ROADS)) == found

    def test_half_a_road_is_dug_and_then_the_other_half(self):
        named = {"road_code": "R1"}
        layer = permits(("2023-05-10", box(20, 1, 80, 6), named), ("2024-05-10", box(50, -6, 90, -1), named))
        found = repeated_excavations(layer, ROADS)
        assert found["length_m"].tolist() == [pytest.approx(30)]

    def test_digs_of_two_roads_at_their_crossing_are_none(self):
        layer = permits(
            ("2023-05-10", box(90, -3, 110, 3), {"road_code": "R1"}),
            ("2024-05-10", box(97, -3, 103, 40), {"road_code": "R2"}),
        )
        assert repeated_excavations(layer, ROADS).empty

    def test_an_emergency_is_marked_and_own_years_count(self):
        layer = permits(
            ("2023-05-10", box(20, -3, 80, 3), {"purpose": "管线改造"}),
            ("2024-05-10", box(20, -3, 80, 3), {"purpose": "供水管抢修"}),
        )
        assert repeated_excavations(layer, ROADS)["emergency"].tolist() == [True]
        assert repeated_excavations(layer, ROADS, years={"新建": 1}).empty
        assert repeated_excavations(layer, ROADS, at="2024-01-01").empty

    def test_without_days_of_opening_nobody_can_tell(self):
        with pytest.raises(MissingColumnError, match="opened_on"):
            repeated_excavations(
                permits(("2023-05-10", box(0, 0, 9, 9), {})), ROADS.drop(columns="opened_on")
            )
