"""How rows must lie: to each other, to themselves, and to the place that their code names."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, box

from zjk_gis import validate
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.naming import conform

X, Y = 573000, 4520000
COMMUNITY = "130703005001"


def square(column, row=0, size=10.0):
    return box(X + column, Y + row, X + column + size, Y + row + size)


def found(layer, spec, *rules, **options):
    """Return row and rule of the problems of some rules, or of all."""
    problems = validate(layer, spec, **options).problems
    if rules:
        problems = problems[problems["rule"].isin(rules)]
    return list(zip(problems["row"], problems["rule"], strict=True))


def grids(*shapes, codes=None, **columns):
    codes = codes or [f"{COMMUNITY}{i + 1:03d}" for i in range(len(shapes))]
    return gpd.GeoDataFrame({"grid_code": codes, **columns}, geometry=list(shapes), crs=4547)


class TestCodesAgainstGround:
    @pytest.fixture
    def communities(self):
        codes = ["130703005001", "130703005002"]
        shapes = [square(0, size=100), square(100, size=100)]
        return gpd.GeoDataFrame({"community_code": codes}, geometry=shapes, crs=4547)

    def test_a_grid_lies_in_the_community_that_its_code_names(self, communities):
        layer = grids(square(0), square(150), square(95), square(500))
        report = validate(layer, "unit_grids", layers={"communities": communities}, lang="en")
        told = report.problems.set_index("row")["message"]
        assert told.index.tolist() == [1, 2, 3]
        assert "lies outside 130703005001, in 130703005002" in told[1]
        assert "only 50.0 % of it lies in 130703005001" in told[2]
        assert told[3].rstrip(".").endswith("lies outside 130703005001")
        assert report.not_checked == ()
        in_chinese = validate(layer, "unit_grids", layers={"communities": communities}, lang="zh")
        assert "只有 50.0 % 在 130703005001 内" in in_chinese.problems.set_index("row")["message"][2]

    def test_communities_in_degrees_do_as_well(self, communities):
        layer = grids(square(0), square(150))
        assert found(layer, "unit_grids", layers={"communities": communities.to_crs(4490)}) == [
            (1, "in_coded_place")
        ]

    def test_borders_drawn_twice_may_differ_by_a_hair(self, communities):
        assert found(grids(square(-0.05)), "unit_grids", layers={"communities": communities}) == []

    def test_a_place_that_the_layer_lacks_is_told_as_such(self, communities):
        layer = grids(square(0), codes=["130703006001001"])
        assert found(layer, "unit_grids", layers={"communities": communities}) == [(0, "place_not_in_layer")]

    def test_a_manhole_on_the_border_lies_in_both_districts(self):
        districts = gpd.GeoDataFrame(
            {"district_code": ["130702", "130703"]},
            geometry=[square(0, size=100), square(100, size=100)],
            crs=4547,
        )
        covers = gpd.GeoDataFrame(
            {"manhole_code": ["1307020102000001", "1307030102000001", "1307020102000002"]},
            geometry=[Point(X + 100, Y + 50), Point(X + 100, Y + 60), Point(X + 150, Y + 50)],
            crs=4547,
        )
        assert found(covers, "manholes", layers={"districts": districts}) == [(2, "in_coded_place")]

    def test_what_was_not_given_is_said_to_be_unchecked(self):
        report = validate(grids(square(0)), "unit_grids")
        assert report.ok
        assert report.not_checked == ("in_coded_place：layers={'communities': ...}",)


class TestOverlaps:
    def test_each_copy_is_told_of_another_one(self):
        layer = grids(square(0), square(0), square(0), square(5, size=2))
        problems = validate(layer, "unit_grids", lang="en").problems.set_index(["rule", "row"])["message"]
        first, second = f"{COMMUNITY}001", f"{COMMUNITY}002"
        assert problems["no_overlap"].tolist() == [
            f"overlaps {other} by {area}.00 m²"
            for other, area in ((second, 100), (first, 100), (first, 100), (first, 4))
        ]
        assert problems["repeated_geometry"].tolist() == [
            f"has the same geometry as {other}" for other in (second, first, first)
        ]

    def test_both_rows_are_told_of_each_other_with_the_area(self):
        problems = validate(grids(square(0), square(9), square(19)), "unit_grids", lang="en").problems
        assert problems[["row", "rule"]].to_numpy().tolist() == [[0, "no_overlap"], [1, "no_overlap"]]
        assert "10.00" in problems["message"][0]
        assert f"{COMMUNITY}002" in problems["message"][0]

    def test_neighbours_that_touch_and_hairs_are_no_overlap(self):
        assert found(grids(square(0), square(10), square(19.9999)), "unit_grids") == []

    def test_versions_of_different_times_lie_on_each_other(self):
        layer = grids(
            square(0), square(0), valid_from=["2020-01-01", "2024-01-01"], valid_to=["2023-12-31", None]
        )
        assert found(layer, "unit_grids") == []
        layer.loc[0, "valid_to"] = "2024-01-01"
        assert (0, "no_overlap") in found(layer, "unit_grids")

    def test_a_thousand_copies_are_told_in_a_moment(self):
        rules = [rule for _, rule in found(grids(*[square(0)] * 900), "unit_grids")]
        assert (rules.count("no_overlap"), rules.count("repeated_geometry")) == (900, 900)

    @given(
        st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(1, 4)), min_size=1, max_size=7)
    )
    @settings(max_examples=60, deadline=None)
    def test_any_squares_as_counted_cell_by_cell(self, squares):
        layer = grids(*[square(c, r, size) for c, r, size in squares])
        cells = [{(c + i, r + j) for i in range(s) for j in range(s)} for c, r, s in squares]
        expected = {i for i in range(len(cells)) for j in range(len(cells)) if i != j and cells[i] & cells[j]}
        assert {row for row, _ in found(layer, "unit_grids", "no_overlap")} == expected


class TestRepeats:
    def test_a_shape_drawn_twice_wherever_it_begins(self):
        turned = shapely.Polygon([*square(0).exterior.coords[2:], *square(0).exterior.coords[1:3]])
        assert found(grids(square(0), turned), "unit_grids", "repeated_geometry") == [
            (0, "repeated_geometry"),
            (1, "repeated_geometry"),
        ]

    def test_two_covers_within_a_centimetre(self):
        covers = gpd.GeoDataFrame(
            {
                "manhole_code": ["1307030102000001", "1307030102000002", "1307030102000003"],
                "pipe_kind": ["WS", "WS", "YS"],
            },
            geometry=[Point(X, Y), Point(X + 0.001, Y), Point(X, Y)],
            crs=4547,
        )
        told = found(covers, "manholes", "repeated_place")
        assert told == [(0, "repeated_place"), (1, "repeated_place")], "rain and sewage may share a point"


class TestPipes:
    @pytest.fixture
    def pipes(self):
        ends = [("A", "B"), ("B", "C"), ("C", "B"), ("D", "D"), ("E", "F")]
        starts = [0, 30, 30, 90, 120]  # P1 and P2 are one line
        lines = [LineString([(X + x, Y), (X + x + 20, Y)]) for x in starts]
        return gpd.GeoDataFrame(
            {
                "pipe_code": [f"P{i}" for i in range(len(ends))],
                "from_manhole": [a for a, _ in ends],
                "to_manhole": [b for _, b in ends],
            },
            geometry=lines,
            crs=4547,
        )

    def test_a_segment_given_twice_also_from_its_other_end(self, pipes):
        assert found(pipes, "pipelines", "repeated_segment") == [
            (1, "repeated_segment"),
            (2, "repeated_segment"),
        ]

    @pytest.mark.parametrize(
        ("beside", "again"),
        [
            ([(30, 0), (50, 0)], True),
            ([(50, 0), (30, 0)], True),  # digitised from the other end
            ([(30, 0.009), (50, 0.009)], True),  # as coordinates are rounded
            ([(30, 0), (40, 0), (50, 0)], True),  # a vertex more is the same line
            ([(30, 0.4), (50, 0.4)], False),  # the second of twin pipes
            ([(30, 0), (40, 3), (50, 0)], False),  # another way between the same wells
        ],
    )
    @pytest.mark.parametrize("crs", [4547, 4490])
    def test_twin_pipes_between_two_wells_are_two_pipes(self, pipes, beside, again, crs):
        shapes = list(pipes.geometry)
        shapes[2] = LineString([(X + x, Y + y) for x, y in beside])
        told = found(pipes.set_geometry(shapes, crs=4547).to_crs(crs), "pipelines", "repeated_segment")
        assert [row for row, _ in told] == ([1, 2] if again else [])

    def test_rows_of_a_table_without_lines_are_told_apart_by_their_ends(self, pipes):
        bare = pipes.set_geometry([None] * len(pipes), crs=4547)
        assert [row for row, _ in found(bare, "pipelines", "repeated_segment")] == [1, 2]

    def test_copies_among_twins_are_found_with_each_other(self):
        """Of four pipes from A to B the first and third are one line, the second and fourth another."""
        lines = [LineString([(X, Y + y), (X + 20, Y + y)]) for y in (0, 0.5, 0, 0.5)]
        ends = {"pipe_code": list("1234"), "from_manhole": ["A"] * 4, "to_manhole": ["B"] * 4}
        pipes = gpd.GeoDataFrame(ends, geometry=lines, crs=4547)
        told = validate(pipes, "pipelines", lang="en").problems
        told = told[told["rule"] == "repeated_segment"]
        assert [message.split(" as ")[1][0] for message in told["message"]] == ["3", "4", "1", "2"]

    def test_a_segment_that_starts_where_it_ends(self, pipes):
        assert found(pipes, "pipelines", "start_is_end") == [(3, "start_is_end")]

    def test_ends_that_are_no_manholes(self, pipes):
        covers = gpd.GeoDataFrame({"manhole_code": list("ABCDE")}, geometry=[Point(X, Y)] * 5, crs=4547)
        assert found(pipes, "pipelines", "unknown_reference", layers={"manholes": covers}) == [
            (4, "unknown_reference")
        ]

    def test_ends_are_named_by_code_or_by_either_number_of_a_survey(self):
        """起点号 and 终点号 are whichever number the survey's table gives: 物探点号 or 图上点号."""
        wells = pd.DataFrame(
            {"窨井编码": ["M1", "M2"], "物探点号": ["WT1", "WT2"], "图上点号": ["WS1", "WS2"]}
        )
        wells = conform(
            gpd.GeoDataFrame(wells, geometry=[Point(X, Y), Point(X + 30, Y)], crs=4547), CATALOGUE["manholes"]
        )
        points = pd.DataFrame({"物探点号": ["WT3"], "图上点号": ["WS3"]})
        points = conform(
            gpd.GeoDataFrame(points, geometry=[Point(X + 60, Y)], crs=4547), CATALOGUE["pipe_points"]
        )
        ends = [
            ("M1", "M2"),
            ("WT1", "WT2"),
            ("WS1", "WS2"),
            ("WS1", "M2"),
            ("WT2", "WT3"),
            ("WS2", "WS3"),
            ("WS9", "M1"),
        ]
        pipes = gpd.GeoDataFrame(
            {"pipe_code": list("ABCDEFG"), "起点号": [a for a, _ in ends], "终点号": [b for _, b in ends]},
            geometry=[LineString([(X, Y), (X + 30, Y)])] * len(ends),
            crs=4547,
        )
        pipes = conform(pipes, CATALOGUE["pipelines"])
        both = {"manholes": wells, "pipe_points": points}
        assert found(pipes, "pipelines", "unknown_reference", layers=both) == [(6, "unknown_reference")]
        alone = found(pipes, "pipelines", "unknown_reference", layers={"manholes": wells})
        assert [row for row, _ in alone] == [4, 5, 6]

    @pytest.mark.parametrize(
        ("kind", "diameter", "length", "odd"),
        [
            ("WS", 300, 0.04, True),  # hardly there, whatever it carries
            ("JS", 300, 0.04, True),
            (None, None, 0.06, False),
            ("WS", 300, 75, False),
            ("WS", 300, 75.1, True),
            ("污水", 600, 75.1, True),
            ("YS", 200, 75.1, True),  # smaller than the rule names: no farther than the smallest
            ("YS", 650, 99.9, False),
            ("YS", 1000, 100.1, True),
            ("HS", 1100, 150, False),
            ("HS", 1500, 150.1, True),
            ("YS", 2000, 200.1, True),
            ("YS", 2200, 900, False),  # larger than the rule knows
            ("WS", None, 200, False),  # not known: it may be the largest
            ("WS", None, 200.1, True),
            ("SS", 300, 900, False),  # water, gas, cables have no manholes at a distance
            ("天然气", 300, 900, False),
            ("GD", None, 900, False),
            (None, 300, 900, False),
        ],
    )
    def test_odd_lengths_are_those_of_drains_by_their_diameter(self, kind, diameter, length, odd):
        pipe = gpd.GeoDataFrame(
            {"pipe_code": ["P"], "pipe_kind": [kind], "diameter_mm": [diameter]},
            geometry=[LineString([(X, Y), (X + length, Y)])],
            crs=4547,
        )
        assert found(pipe, "pipelines", "odd_length") == ([(0, "odd_length")] if odd else [])

    def test_an_odd_length_is_told_with_its_bound(self):
        pipes = gpd.GeoDataFrame(
            {"pipe_code": ["P", "Q"], "pipe_kind": "WS", "diameter_mm": 800},
            geometry=[LineString([(X, Y), (X + metres, Y)]) for metres in (120, 0.02)],
            crs=4547,
        )
        told = validate(pipes, "pipelines", lang="zh").problems
        assert told.loc[told["rule"] == "odd_length", "message"].tolist() == [
            "长 120.00 m，此管径的检查井间距不应超过 100 m",
            "长 0.02 m，不应短于 0.05 m",
        ]

    def test_limits_are_the_users_to_change(self):
        line = LineString([(X, Y), (X + 90, Y)])
        pipe = gpd.GeoDataFrame(
            {"pipe_code": ["P"], "pipe_kind": ["WS"], "diameter_mm": [300]}, geometry=[line], crs=4547
        )
        own = {"limits": pd.DataFrame({"limit": ["manhole_spacing_dn300_600"], "value": ["90"]})}
        assert found(pipe, "pipelines", "odd_length") != []
        assert found(pipe, "pipelines", "odd_length", tables=own) == []

    def test_a_survey_point_is_a_feature_or_an_appurtenance(self):
        points = gpd.GeoDataFrame(
            {
                "point_code": ["1", "2", "3"],
                "feature": ["弯头", None, "三通"],
                "appurtenance": [None, None, "阀门"],
            },
            geometry=[Point(X + i, Y) for i in range(3)],
            crs=4547,
        )
        assert found(points, "pipe_points", "feature_or_appurtenance") == [
            (1, "feature_or_appurtenance"),
            (2, "feature_or_appurtenance"),
        ]


def test_the_grids_of_a_group_touch_along_an_edge():
    groups = gpd.GeoDataFrame(
        {"resp_grid_code": ["1", "2", "3"]},
        geometry=[
            MultiPolygon([square(0), square(10)]),
            MultiPolygon([square(100), square(120)]),
            MultiPolygon([square(200), square(210, 10)]),
        ],
        crs=4547,
    )
    rows = [row for row, _ in found(groups, "responsibility_grids", "members_apart")]
    assert rows == [1, 2], "a corner alone is no common edge"


class TestHistoricBlocks:
    def blocks(self, core, control, name="堡子里"):
        return gpd.GeoDataFrame(
            {
                "scope_code": ["1", "2"],
                "block_name": [name, "堡子里"],
                "scope": ["核心保护范围", "建设控制地带"],
            },
            geometry=[core, control],
            crs=4547,
        )

    def test_a_core_ringed_by_its_control_zone(self):
        outer, core = square(0, size=400), square(100, 100, size=200)
        assert (
            found(self.blocks(core, outer.difference(core)), "historic_blocks", "core_outside_control") == []
        )
        assert found(self.blocks(core, outer), "historic_blocks", "core_outside_control") == []

    @pytest.mark.parametrize("west", [0, -50])
    def test_a_core_that_reaches_the_outer_edge(self, west):
        outer, core = square(0, size=400), square(west, 100, size=200)
        told = found(self.blocks(core, outer.difference(core)), "historic_blocks", "core_outside_control")
        assert told == [(0, "core_outside_control")]

    def test_the_control_zone_of_another_block_does_not_count(self):
        outer, core = square(0, size=400), square(100, 100, size=200)
        told = found(self.blocks(core, outer, name="草厂巷"), "historic_blocks", "core_outside_control")
        assert told == [(0, "core_outside_control")]

    def test_a_core_below_a_hectare(self):
        outer = square(0, size=400)
        assert found(self.blocks(square(100, 100, size=99), outer), "historic_blocks", "small_core") == [
            (0, "small_core")
        ]
        assert found(self.blocks(square(100, 100, size=101), outer), "historic_blocks", "small_core") == []


def test_rows_on_another_continent_are_told_and_the_others_checked():
    here, there = square(0), box(2, 48, 2.1, 48.1)
    degrees = gpd.GeoSeries([here, square(5)], crs=4547).to_crs(4490).tolist()
    layer = grids(there, *degrees).set_crs(4490, allow_override=True)
    assert found(layer, "unit_grids") == [(0, "outside_china"), (1, "no_overlap"), (2, "no_overlap")]
    assert found(layer.iloc[:2], "unit_grids") == [(0, "outside_china")]
    assert layer.geometry.iloc[0] is there


def test_the_severity_of_a_check_is_the_users_to_change():
    layer = grids(square(0), square(9))
    own = {"checks": pd.DataFrame({"check": ["no_overlap"], "severity": ["warning"]})}
    assert not validate(layer, "unit_grids").ok
    report = validate(layer, "unit_grids", tables=own)
    assert report.ok
    assert report.clean.all()
    assert report.counts["severity"].tolist() == ["warning"]


def test_the_order_of_the_rows_does_not_matter():
    rng = np.random.default_rng(7)
    layer = grids(*[square(c, r, 3) for c, r in rng.integers(0, 20, (40, 2)).tolist()])
    layer.index = [f"r{i}" for i in range(len(layer))]
    shuffled = layer.sample(frac=1, random_state=1)
    assert sorted(found(layer, "unit_grids")) == sorted(found(shuffled, "unit_grids"))
