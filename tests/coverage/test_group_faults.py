"""Grids of 100 m by 100 m, named by column and row, in groups, communities and levels."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, box

from zjk_gis.coverage import group_faults
from zjk_gis.coverage.nesting import nesting_differences
from zjk_gis.errors import CRSError, InputError, MissingColumnError

X, Y = 573000, 4520000


def square(x, y, width=100.0, height=100.0):
    return box(X + x, Y + y, X + x + width, Y + y + height)


def layer(shapes, crs=4547, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


@pytest.fixture
def grids():
    """Four columns and three rows: a0, a1, a2, b0, ..."""
    names = [f"{column}{row}" for column in "abcd" for row in range(3)]
    return layer(
        [square(100 * (ord(name[0]) - ord("a")), 100 * int(name[1])) for name in names], grid_code=names
    )


def group(grids, *members, **changes):
    shape = grids.set_index("grid_code").loc[list(members)].union_all()
    return layer([shape], **({"resp_grid_code": ["W1"], "member_codes": [";".join(members)]} | changes))


def rows(faults, *columns):
    return faults[list(columns)].to_numpy().tolist()


class TestMembers:
    def test_members_that_share_borders_are_in_order(self, grids):
        faults = group_faults(grids, groups=group(grids, "a0", "a1", "b1", "b2"))
        assert len(faults) == 0
        assert faults.columns.tolist() == [
            "rule",
            "title",
            "severity",
            "layer",
            "code",
            "other",
            "value",
            "unit",
            "limit",
            "message",
            "geometry",
        ]

    @pytest.mark.parametrize("apart", [("c2",), ("b2",), ("d0", "d1")])  # b2 touches a corner of a1
    def test_members_apart_are_told_with_those_outside_the_largest_part(self, grids, apart):
        fault = group_faults(grids, groups=group(grids, "a0", "a1", *apart)).iloc[0]
        assert (fault["rule"], fault["severity"], fault["code"]) == ("members_apart", "error", "W1")
        assert (fault["other"], fault["value"]) == (";".join(apart), 2)
        assert fault["message"] == "由 2 块互不相邻的部分组成"
        assert fault["geometry"].area == 10_000 * len(apart)

    def test_a_border_drawn_twice_still_makes_neighbours(self, grids):
        grids.loc[grids["grid_code"] == "b0", "geometry"] = square(100.05, 0)
        assert len(group_faults(grids, groups=group(grids, "a0", "b0"))) == 0
        grids.loc[grids["grid_code"] == "b0", "geometry"] = square(100.5, 0)
        assert rows(group_faults(grids, groups=group(grids, "a0", "b0")), "rule") == [["members_apart"]]

    @pytest.mark.parametrize("text", ["a0;a1", "a0,a1", "a0、a1", " a0 a1;", "a0；a1"])
    def test_lists_as_bureaus_write_them(self, grids, text):
        assert len(group_faults(grids, groups=group(grids, "a0", "a1", member_codes=[text]))) == 0

    def test_members_that_are_not_there_and_in_two_groups(self, grids):
        groups = layer(
            [square(0, 0, 100, 200), square(0, 100, 100, 200)],
            resp_grid_code=["W1", "W2"],
            member_codes=["a0;a1;z9", "a1;a2"],
        )
        faults = group_faults(grids, groups=groups, lang="en")
        assert rows(faults, "rule", "layer", "code", "other", "value") == [
            ["grid_in_two_groups", "grids", "a1", "W1;W2", 2.0],
            ["unknown_reference", "groups", "W1", "z9", pytest.approx(np.nan, nan_ok=True)],
        ]

    def test_a_group_is_what_its_members_make_up(self, grids):
        larger = group(grids, "a0", "a1").assign(geometry=[square(0, 0, 110, 200)])
        fault = group_faults(grids, groups=larger).iloc[0]
        assert (fault["rule"], fault["code"], fault["value"]) == ("ground_not_divided", "W1", 2000)
        assert fault["geometry"].equals(square(100, 0, 10, 200))
        smaller = group(grids, "a0", "a1").assign(geometry=[square(0, 0, 90, 200)])
        assert rows(group_faults(grids, groups=smaller), "rule", "layer", "code", "other", "value") == [
            ["outside_parent", "grids", "a0", "W1", 1000],
            ["outside_parent", "grids", "a1", "W1", 1000],
        ]

    def test_a_group_without_a_list_is_judged_by_its_parts(self, grids):
        parts = MultiPolygon([square(0, 0, 100, 200), square(300, 0)])
        for cells in (None, grids):
            fault = group_faults(cells, groups=layer([parts], resp_grid_code=["W1"])).iloc[0]
            assert (fault["rule"], fault["value"]) == ("members_apart", 2)
            assert fault["geometry"].equals(square(300, 0))


class TestCommunities:
    def test_a_grid_lies_in_one_community(self, grids):
        communities = layer([square(0, 0, 230, 300), square(230, 0, 170, 300)], community_code=["1", "2"])
        faults = group_faults(grids, communities=communities, lang="en")
        assert rows(faults, "rule", "code", "other", "value", "limit") == [
            ["grid_across_communities", f"c{row}", "2", pytest.approx(70), 99] for row in range(3)
        ]
        assert faults.geometry[0].equals(square(200, 0, 30, 100))
        assert faults["message"][0] == "only 70.0 % of it lies in community 2; at least 99 % should"

    def test_borders_drawn_again_may_differ_by_a_hair(self, grids):
        communities = layer([square(0, 0, 200.9, 300), square(200.9, 0, 200, 300)], community_code=["1", "2"])
        assert len(group_faults(grids, communities=communities)) == 0

    def test_a_grid_outside_all(self, grids):
        faults = group_faults(grids, communities=layer([square(0, 0, 300, 300)], community_code=["1"]))
        assert rows(faults, "code", "other", "value") == [["d0", "", 0], ["d1", "", 0], ["d2", "", 0]]


class TestLevels:
    def zones(self, *children, parent=None):
        shapes = [parent or square(0, 0, 200), *children]
        codes = ["P", *(f"C{at}" for at in range(len(children)))]
        return layer(
            shapes,
            zone_code=codes,
            parent_code=[None, *["P"] * len(children)],
            level=[1, *[2] * len(children)],
        )

    def test_a_zone_made_up_of_those_below_is_in_order(self):
        assert len(group_faults(zones=self.zones(square(0, 0), square(100, 0)))) == 0

    def test_ground_that_none_below_has(self):
        fault = group_faults(zones=self.zones(square(0, 0), square(100, 0, 90))).iloc[0]
        assert (fault["rule"], fault["severity"], fault["code"]) == ("ground_not_divided", "warning", "P")
        assert fault["value"] == 1000
        assert fault["geometry"].equals(square(190, 0, 10))

    def test_one_below_that_reaches_out(self):
        fault = group_faults(zones=self.zones(square(0, 0), square(100, 0, 110))).iloc[0]
        assert (fault["rule"], fault["code"], fault["other"]) == ("outside_parent", "C1", "P")
        assert fault["value"] == 1000

    def test_a_line_drawn_twice_is_no_difference(self):
        zones = self.zones(square(0, 0), square(100.3, 0, 99.5))
        assert len(group_faults(zones=zones)) == 0
        strict = {"limits": pd.DataFrame({"limit": ["nesting_tolerance"], "value": ["0.1"]})}
        assert rows(group_faults(zones=zones, tables=strict), "rule") == [["ground_not_divided"]]

    def test_a_parent_that_lost_its_zeros_is_known(self):
        zones = self.zones(square(0, 0), square(100, 0)).assign(
            zone_code=["01", "11", "12"], parent_code=[np.nan, 1.0, 1.0]
        )
        faults = group_faults(zones=zones, lang="en")
        assert len(faults) == 0
        assert faults.attrs["remarks"] == [
            "parent_code: 2 codes matched after their zeros were restored (such as 1 is 01)"
        ]

    def test_one_above_that_is_not_there(self):
        zones = self.zones(square(0, 0, 200)).assign(parent_code=["Q", "P"])
        assert rows(group_faults(zones=zones), "rule", "code", "other") == [["unknown_reference", "P", "Q"]]

    def test_only_the_zones_of_the_day_count(self):
        zones = pd.concat([self.zones(square(0, 0, 200)), self.zones(square(0, 0, 150))], ignore_index=True)
        zones["valid_from"] = ["2024-01-01", "2024-01-01", "2025-01-01", "2025-01-01"]
        zones["valid_to"] = ["2024-12-31", "2024-12-31", None, None]
        assert len(group_faults(zones=zones, at="2024-06-30")) == 0
        assert rows(group_faults(zones=zones, at="2025-06-30"), "value") == [[5000]]
        with pytest.raises(InputError, match="4 rows share their zone_code"):
            group_faults(zones=zones)


class TestSizes:
    @pytest.mark.parametrize(
        ("width", "limit"), [(89.9, 9000), (90.0, None), (110.0, None), (110.1, 11_000), (300, 11_000)]
    )
    def test_in_the_centre_a_grid_has_a_hectare_within_a_tenth(self, width, limit):
        grids = layer([square(0, 0, width)], grid_code=["a"])
        faults = group_faults(grids, centre=layer([square(-500, -500, 2000, 2000)]))
        assert rows(faults, "rule", "limit") == ([] if limit is None else [["odd_grid_size", limit]])

    def test_outside_the_centre_any_size_is_fine(self):
        grids = layer([square(0, 0, 200), square(200, 0, 200)], grid_code=["a", "b"])
        assert rows(group_faults(grids, centre=layer([square(0, 0, 250)])), "code") == [["a"]]

    def test_the_city_may_have_its_own_size(self):
        own = {"limits": pd.DataFrame({"limit": ["grid_area"], "value": ["20000"]})}
        grids = layer([square(0, 0, 200)], grid_code=["a"])
        assert len(group_faults(grids, centre=grids, tables=own)) == 0


class TestBuildings:
    def test_a_building_cut_by_a_border(self, grids):
        buildings = layer(
            [square(80, 20, 30, 10), square(99, 40, 40, 10), square(10, 10, 20, 20)],
            building_code=["cut", "hair", "whole"],
        )
        fault = group_faults(grids, buildings=buildings)
        assert rows(fault, "rule", "code", "other", "severity") == [["building_cut", "cut", "b0", "warning"]]
        assert fault["value"][0] == pytest.approx(100 / 3)
        assert fault.geometry[0].equals(square(100, 20, 10, 10))

    def test_a_building_in_four_grids_and_one_at_the_rim(self, grids):
        buildings = layer([square(80, 90, 40, 20), square(-50, 0, 60, 10)])
        fault = group_faults(grids, buildings=buildings)
        assert rows(fault, "code", "other", "value") == [["0", "a1;b0;b1", pytest.approx(75)]]


def test_what_was_not_given_is_said_to_be_unchecked(grids):
    assert group_faults(grids).attrs["not_checked"] == [
        "members_apart",
        "ground_not_divided",
        "grid_across_communities",
        "odd_grid_size",
        "building_cut",
    ]


def test_the_severity_is_the_users_to_change(grids):
    own = {"checks": pd.DataFrame({"check": ["odd_grid_size"], "severity": ["error"]})}
    grids = layer([square(0, 0, 200)], grid_code=["a"])
    assert group_faults(grids, centre=grids, tables=own)["severity"].tolist() == ["error"]


def test_degrees_are_measured_in_metres(grids):
    degrees = grids.to_crs(4490)
    communities = layer([square(0, 0, 230, 300), square(230, 0, 170, 300)], community_code=["1", "2"])
    faults = group_faults(degrees, communities=communities)
    assert faults.crs.to_epsg() == 4547
    assert faults["value"].round(2).tolist() == [70, 70, 70]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda g: {}, InputError, "give grids, groups or zones"),
        (lambda g: {"grids": g.drop(columns="grid_code")}, MissingColumnError, "grid_code"),
        (lambda g: {"grids": g.set_crs(None, allow_override=True)}, CRSError, "grids"),
        (
            lambda g: {"zones": g.rename(columns={"grid_code": "zone_code"})},
            MissingColumnError,
            "parent_code",
        ),
        (lambda g: {"grids": pd.concat([g, g.head(1)])}, InputError, "2 rows share their grid_code"),
        (lambda g: {"grids": g, "lang": "fr"}, InputError, "lang"),
    ],
)
def test_what_cannot_be_judged_is_refused(grids, change, error, words):
    with pytest.raises(error, match=words):
        group_faults(**change(grids))


@settings(max_examples=40, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1), st.randoms())
def test_members_are_adjacent_exactly_if_one_can_walk_between_them(cells, random):
    """Against counting the parts of squares on paper."""
    names = {cell: f"g{cell[0]}{cell[1]}" for cell in cells}
    shuffled = sorted(cells)
    random.shuffle(shuffled)
    grids = layer([square(100 * x, 100 * y) for x, y in shuffled], grid_code=[names[c] for c in shuffled])
    groups = layer([grids.union_all()], resp_grid_code=["W"], member_codes=[";".join(grids["grid_code"])])
    left, parts = set(cells), 0
    while left:
        parts, todo = parts + 1, [left.pop()]
        while todo:
            x, y = todo.pop()
            near = {(x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)} & left
            left -= near
            todo += near
    faults = group_faults(grids, groups=groups)
    assert faults["value"].tolist() == ([parts] if parts > 1 else [])
    assert shapely.area(faults.geometry.to_numpy()).sum() < shapely.area(grids.geometry.to_numpy()).sum()


def test_specks_that_a_tolerance_lets_pass_are_left_out():
    """A member reaches out by squares of 8 cm and of 20 cm, both wider than the 5 cm that may pass."""
    child = shapely.union_all([box(0, 0, 10, 10), box(10, 1, 10.08, 1.08), box(10, 5, 10.2, 5.2)])
    missing, outside = nesting_differences(box(0, 0, 10, 10), np.array([child]), 0.05)
    assert missing.is_empty
    assert shapely.area(outside).tolist() == [pytest.approx(0.04)]
