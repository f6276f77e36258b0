"""Who answers for an incident: the rule, case by case, on zones that can be drawn on graph paper.

Two zones stand side by side, each 100 m square; A is west of B::

    4520100 +-------+-------+
            |   A   |   B   |
    4520000 +-------+-------+
          573000  573100  573200
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, box

import zjk_gis
from zjk_gis.assign.incidents import split_rejects
from zjk_gis.errors import CRSError, EmptyLayerError, GeometryError, InputError, MissingColumnError
from zjk_gis.index.steering import steering_words

X, Y = 573000, 4520000


def square(x, y, width=100.0, height=100.0):
    return box(X + x, Y + y, X + x + width, Y + y + height)


def make_zones(shapes, crs=4547, **columns):
    columns.setdefault("zone_code", [chr(ord("A") + i) for i in range(len(shapes))])
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)


def make_incidents(*points, **columns):
    shapes = [None if p is None else Point(X + p[0], Y + p[1]) for p in points]
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs=4547))


@pytest.fixture
def zones():
    return make_zones([square(0, 0), square(100, 0)])


def answer(incidents, zones, **options):
    row = zjk_gis.assign_incidents(incidents, zones, **options).iloc[0]
    code = None if pd.isna(row["zone_code"]) else row["zone_code"]
    return code, row["found"], row["reason"], int(row["candidates"]), bool(row["ambiguous"])


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        ((50, 50), ("A", "inside", "one_zone", 1, False)),
        ((150, 50), ("B", "inside", "one_zone", 1, False)),
        ((100, 50), ("A", "border", "shared_border", 2, True)),
        ((99.7, 50), ("A", "border", "shared_border", 2, True)),
        ((100.3, 50), ("B", "border", "shared_border", 2, True)),
        ((0, 50), ("A", "border", "outer_border", 1, False)),
        ((200.4, 50), ("B", "border", "outer_border", 1, False)),
        ((220, 50), ("B", "nearest", "within_reach", 1, False)),
        ((100, 120), ("A", "nearest", "tie", 2, True)),
        ((251, 50), (None, "none", "out_of_reach", 0, True)),
    ],
)
def test_where_an_incident_lies_decides_how_it_is_found(zones, point, expected):
    assert answer(make_incidents(point), zones) == expected


def test_distance_is_zero_inside_metres_outside_and_missing_for_nobody(zones):
    assigned = zjk_gis.assign_incidents(make_incidents((50, 50), (230, 140), (900, 0)), zones)
    assert assigned["distance_m"].tolist()[:2] == [0, 50]
    assert np.isnan(assigned["distance_m"].iloc[2])


def test_a_hairline_gap_is_a_border(zones):
    zones.geometry = [square(0, 0, width=99.9), square(100, 0)]
    assert answer(make_incidents((99.95, 50)), zones)[:3] == ("A", "border", "shared_border")


def test_zero_tolerance_is_exact(zones):
    assert answer(make_incidents((99.9999, 50)), zones, border_within_m=0)[1] == "inside"
    assert answer(make_incidents((100, 50)), zones, border_within_m=0)[1] == "border"


def test_no_fallback_when_turned_off(zones):
    assert answer(make_incidents((201, 50)), zones, nearest_within_m=0, border_within_m=0)[1] == "none"


class TestOverlaps:
    """Several zones contain the incident: the rule decides, and a person is asked to look."""

    def test_the_smallest_area_answers(self):
        zones = make_zones([square(0, 0), square(40, 40, 20, 20)])
        assert answer(make_incidents((50, 50)), zones) == ("B", "inside", "overlap", 2, True)

    def test_the_highest_priority_comes_before_the_smallest_area(self):
        zones = make_zones([square(0, 0), square(40, 40, 20, 20)], priority=[5, 1])
        assert answer(make_incidents((50, 50)), zones)[0] == "A"

    def test_a_missing_priority_comes_last(self):
        zones = make_zones([square(0, 0), square(40, 40, 20, 20)], priority=[0, None])
        assert answer(make_incidents((50, 50)), zones)[0] == "A"

    def test_then_the_lowest_code(self):
        zones = make_zones([square(0, 0), square(0, 0)], zone_code=["Z9", "Z10"])
        assert answer(make_incidents((50, 50)), zones)[0] == "Z10"  # codes are text

    def test_a_containing_zone_comes_before_a_smaller_one_that_is_merely_near(self):
        zones = make_zones([square(0, 0), square(100, 0, 5, 5)])
        assert answer(make_incidents((99.8, 2)), zones) == ("A", "border", "shared_border", 2, True)


class TestNearCrossings:
    """Four squares of 10 m: "1" south-west, "2" south-east, "3" north-west, "4" north-east."""

    @pytest.fixture
    def crossing(self):
        squares = [square(0, 0, 10, 10), square(10, 0, 10, 10), square(0, 10, 10, 10), square(10, 10, 10, 10)]
        return make_zones(squares, zone_code=["1", "2", "3", "4"])

    @pytest.mark.parametrize(
        ("point", "code", "candidates"),
        [
            ((10.4, 10), "2", 4),  # on the border of 2 and 4, and 0.4 m from 1 and 3
            ((9.6, 10), "1", 4),
            ((10, 10.4), "3", 4),
            ((10, 10), "1", 4),  # on all four
            ((10.4, 10.2), "4", 4),  # inside 4, near all
            ((10.4, 10.0001), "4", 4),
            ((10.4, 9.9999), "2", 4),
        ],
    )
    def test_the_border_of_two_zones_is_not_answered_by_a_third(self, crossing, point, code, candidates):
        expected = (code, "border", "shared_border", candidates, True)
        assert answer(make_incidents(point), crossing) == expected
        assert (
            zjk_gis.explain_incident(make_incidents(point), crossing).considered["zone_code"].iloc[0] == code
        )

    def test_the_border_of_two_is_theirs_where_rounding_parts_them_too(self, crossing):
        parted = crossing.geometry.to_numpy()
        parted[3] = square(10, 10.0004, 10, 9.9996)
        zones = crossing.assign(geometry=parted, priority=[9, 1, 9, 2])
        assert answer(make_incidents((10.4, 10.0002)), zones)[0] == "4"

    def test_the_rule_decides_between_those_that_it_touches_and_not_those_near(self, crossing):
        zones = crossing.assign(priority=[9, 1, 9, 2])
        assert answer(make_incidents((10.4, 10)), zones)[0] == "4"
        explanation = zjk_gis.explain_incident(make_incidents((10.4, 10)), zones)
        assert explanation.rule == "highest_priority"

    def test_of_zones_that_are_merely_near_the_rule_still_picks(self, crossing):
        zones = crossing.drop(index=[3])
        assert answer(make_incidents((10.3, 10.2)), zones)[0] == "1"

    def test_the_one_zone_that_it_touches_comes_before_one_that_is_near(self):
        zones = make_zones([square(0, 0, 9.7, 10), square(10, 0, 10, 10)])
        point = make_incidents((10, 5))
        assert answer(point, zones) == ("B", "border", "shared_border", 2, True)
        assert zjk_gis.explain_incident(point, zones).rule == "touching"


class TestTime:
    """The zone valid when the incident occurred answers, both days of a period included."""

    @pytest.fixture
    def versions(self):
        """A was redrawn on 1 January 2025: its eastern half went to B."""
        return make_zones(
            [square(0, 0), square(0, 0, width=50), square(50, 0, width=50)],
            zone_code=["A", "A", "B"],
            valid_from=["2024-01-01", "2025-01-01", "2025-01-01"],
            valid_to=["2024-12-31", None, None],
        )

    @pytest.mark.parametrize(
        ("time", "code"),
        [("2024-12-31 23:59:59", "A"), ("2025-01-01 00:00:00", "B"), ("2024-12-31T16:30:00Z", "B")],
    )
    def test_by_the_version_of_the_day(self, versions, time, code):
        assert answer(make_incidents((75, 50), occurred_at=[time]), versions)[0] == code

    def test_all_by_one_day(self, versions):
        incidents = make_incidents((75, 50), occurred_at=["2024-06-01"])
        assert answer(incidents, versions, at="2025-06-01")[0] == "B"

    def test_versions_of_one_zone_are_one_candidate(self, versions):
        assert answer(make_incidents((25, 50), occurred_at=["2024-06-01"]), versions)[3:] == (1, False)

    def test_a_zone_that_expired_is_named_as_the_reason(self, versions):
        versions.loc[2, "valid_to"] = "2025-03-31"
        incidents = make_incidents((99, 50), occurred_at=["2025-04-01"])
        assert answer(incidents, versions, nearest_within_m=10) == (None, "none", "expired_zone", 0, True)
        assert answer(incidents, versions) == ("A", "nearest", "expired_zone", 1, False)

    def test_an_unknown_time_is_answered_but_looked_at(self, versions):
        assert answer(make_incidents((25, 50), occurred_at=[None]), versions)[4] is True

    def test_without_any_times_the_caller_must_say(self, versions):
        with pytest.raises(MissingColumnError, match=r"time=.*at="):
            zjk_gis.assign_incidents(make_incidents((25, 50)), versions)

    def test_a_time_that_is_none_is_named_by_row(self, versions):
        incidents = make_incidents((25, 50), (25, 50), occurred_at=["2025-01-01", "昨天"])
        with pytest.raises(
            InputError, match=r"occurred_at: 1 of 2 values are not dates \(row 1, such as '昨天'\)"
        ):
            zjk_gis.assign_incidents(incidents, versions)


class TestHowTimesAreRead:
    """By one order for the whole column, which the column shows or the caller says; never by a guess."""

    @pytest.fixture
    def zones(self):
        """The ground was A's until 31 March 2025 and is B's since."""
        return make_zones(
            [square(0, 0)] * 2, valid_from=["2024-01-01", "2025-04-01"], valid_to=["2025-03-31", None]
        )

    def codes(self, times, zones, **options):
        incidents = make_incidents(*[(50, 50)] * len(times), occurred_at=times)
        return zjk_gis.assign_incidents(incidents, zones, **options)["zone_code"].tolist()

    def test_one_row_tells_for_all(self, zones):
        assert self.codes(["10/03/2025", "30/03/2025"], zones) == ["A", "A"]
        assert self.codes(["10/03/2025", "03/30/2025"], zones) == ["B", "A"]

    def test_what_could_be_two_days_is_refused_until_the_caller_says(self, zones):
        with pytest.raises(InputError, match=r"incidents: occurred_at: 2 of 2 values .*rows 0, 1.*dayfirst="):
            self.codes(["03/10/2025", "04/11/2025"], zones)
        assert self.codes(["03/10/2025", "04/11/2025"], zones, dayfirst=True) == ["B", "B"]
        assert self.codes(["03/10/2025", "04/11/2025"], zones, dayfirst=False) == ["A", "B"]
        assert self.codes(["03.10.25", "04.11.25"], zones, time_format="%m.%d.%y") == ["A", "B"]

    @pytest.mark.parametrize("time", ["08:30", "today", "2025", "25/3/10", 5, True])
    def test_what_is_not_a_time_is_named_by_row(self, zones, time):
        with pytest.raises(InputError, match=r"1 of 2 values are not dates \(row 1, such as"):
            self.codes(["2025-03-31", time], zones)

    @pytest.mark.parametrize(
        ("times", "remark"),
        [
            ([20250331, 20250401], "yyyymmdd"),
            ([45747.5, 45748.0], "days as Excel counts them"),
            ([1743393600, 1743436800], "seconds since 1970"),
            ([1743393600000, 1743436800000], "milliseconds since 1970"),
            (["2025-03-31T15:59Z", "2025-03-31T16:00Z"], r"2 of the 2 times are in another zone"),
        ],
    )
    def test_numbers_and_zones_are_read_and_told(self, zones, times, remark):
        incidents = make_incidents((50, 50), (50, 50), occurred_at=times)
        assigned = zjk_gis.assign_incidents(incidents, zones)
        assert assigned["zone_code"].tolist() == ["A", "B"]
        assert assigned["reason"].tolist() == ["one_zone"] * 2
        (told,) = assigned.attrs["assignment"]["remarks"]
        assert told.startswith("incidents: occurred_at: ")
        assert remark in told

    def test_days_are_those_of_a_zone_that_is_named(self, zones):
        midnight = ["2025-03-31T16:30Z", "2025-04-01 00:30:00+08"]
        assert self.codes(midnight, zones) == ["B", "B"]
        assert self.codes(midnight, zones, tz="Europe/Berlin") == ["A", "A"]
        incidents = make_incidents((50, 50), occurred_at=["2025-04-01"])
        told = zjk_gis.assign_incidents(incidents, zones, tz="Europe/Berlin").attrs["assignment"]
        assert (told["tz"], told["remarks"]) == ("Europe/Berlin", [])

    @pytest.mark.parametrize("at", [5, "09/06/2025", "2025", "today", True])
    def test_the_day_that_is_judged_has_its_year_first(self, zones, at):
        with pytest.raises(InputError, match="at must be a date such as 2025-12-31"):
            self.codes([None], zones, at=at)

    def test_times_that_nothing_depends_on_are_not_asked(self, zones):
        undated = zones.drop(columns=["valid_from", "valid_to"]).iloc[:1]
        assert self.codes(["03/10/2025"], undated) == ["A"]
        assert self.codes(["soon"], zones, at="2025-04-01") == ["B"]

    def test_periods_are_read_by_the_same_rule(self, zones):
        incidents = make_incidents((50, 50), occurred_at=["2025-03-31"])
        written = zones.assign(valid_from=["01/01/2024", "01/04/2025"], valid_to=["31/03/2025", None])
        with pytest.raises(InputError, match=r"zones: valid_from: 1 of 2 values can be read day first"):
            zjk_gis.assign_incidents(incidents, written)
        written = written.assign(valid_from=["20240101", "2025年4月1日"])
        assert zjk_gis.assign_incidents(incidents, written)["zone_code"].tolist() == ["A"]

    def test_all_that_reads_times_takes_the_same_options(self, zones):
        incidents = make_incidents((50, 50), (50, 50), occurred_at=["01/04/2025", "31/03/2025"])
        incidents["zone_code"] = ["B", "A"]
        check = zjk_gis.check_assignment(incidents, zones)
        assert check.rows["agreement"].tolist() == ["agrees", "agrees"]
        # One row alone does not show it.
        with pytest.raises(InputError, match="dayfirst="):
            zjk_gis.explain_incident(incidents.iloc[:1], zones)
        why = zjk_gis.explain_incident(incidents.iloc[:1], zones, dayfirst=True)
        assert why.incident["zone_code"].tolist() == ["B"]

    def test_an_incident_that_is_asked_again_is_read_as_its_whole_column_is(self, zones):
        apart = make_zones([square(200, 0)], zone_code=["C"], valid_from=["2025-02-01"], valid_to=[None])
        old = pd.concat([zones, apart], ignore_index=True)
        new = old.set_geometry([*zones.geometry, square(220, 0, width=80)], crs=4547)
        incidents = make_incidents((205, 50), (20, 50), occurred_at=["01/04/2025", "31/03/2025"])
        assigned = zjk_gis.assign_incidents(incidents, old)
        again = zjk_gis.assign.reassign_incidents(assigned, old, new)
        assert again.attrs["reassigned"] == {"asked": 1, "of": 2}  # the row that shows the order is not asked
        assert again["found"].tolist() == ["nearest", "inside"]
        assert again["zone_code"].tolist() == ["C", "A"]
        with pytest.raises(InputError, match="was assigned with tz='Asia/Shanghai', and now it is 'UTC'"):
            zjk_gis.assign.reassign_incidents(assigned, zones, zones, tz="UTC")


class TestOneRowEach:
    """Every incident comes back once, in its order, under its label, with its columns."""

    def test_order_index_and_columns_are_kept(self, zones):
        incidents = make_incidents((900, 0), (100, 50), None, (50, 50), note=list("wxyz"))
        incidents.index = [7, 7, "third", 1]
        before = incidents.copy()
        assigned = zjk_gis.assign_incidents(incidents, zones)
        assert assigned.index.tolist() == [7, 7, "third", 1]
        assert assigned["note"].tolist() == list("wxyz")
        assert assigned["found"].tolist() == ["none", "border", "none", "inside"]
        assert assigned["reason"].tolist()[2] == "no_position"
        pd.testing.assert_frame_equal(pd.DataFrame(incidents), pd.DataFrame(before))

    def test_no_incidents_no_answers(self, zones):
        assigned = zjk_gis.assign_incidents(make_incidents(), zones)
        assert len(assigned) == 0
        assert {"zone_code", "found", "distance_m"} <= set(assigned.columns)

    def test_an_answer_that_came_with_the_data_is_kept(self, zones):
        incidents = make_incidents((50, 50), zone_code=["B"])
        once = zjk_gis.assign_incidents(incidents, zones)
        assert (once.loc[0, "zone_code"], once.loc[0, "zone_code_recorded"]) == ("A", "B")
        assert once.attrs["assignment"]["renamed"] == {"zone_code": "zone_code_recorded"}
        twice = zjk_gis.assign_incidents(once, zones)
        assert twice.loc[0, "zone_code_recorded"] == "B"
        assert twice.loc[0, "zone_code_recorded_earlier"] == "A"

    def test_any_crs_comes_in_and_goes_out(self, zones):
        lonlat = make_incidents((50, 50), (220, 50)).to_crs(4490)
        assigned = zjk_gis.assign_incidents(lonlat, zones.to_crs(4490))
        assert assigned.crs == lonlat.crs
        assert assigned["zone_code"].tolist() == ["A", "B"]
        assert assigned["distance_m"].iloc[1] == pytest.approx(20, abs=0.01)
        assert assigned.attrs["assignment"]["crs"] == "EPSG:4547"

    def test_coordinates_no_projection_can_take_are_said_to_be_bad(self, zones):
        swapped = gpd.GeoDataFrame(geometry=[Point(40.8, 114.87)], crs=4490)
        assert answer(swapped, zones)[:3] == (None, "none", "bad_position")


class TestGridsAndSections:
    GRID = "130703005001012"

    def test_community_street_and_district_are_read_off_the_grid_code(self, zones):
        grids = make_zones([square(0, 0)], zone_code=["-"], grid_code=[self.GRID]).drop(columns="zone_code")
        row = zjk_gis.assign_incidents(make_incidents((50, 50)), zones, grids=grids).iloc[0]
        assert (row["grid_code"], row["grid_found"], row["grid_distance_m"]) == (self.GRID, "inside", 0)
        assert (row["community_code"], row["street_code"], row["district_code"]) == (
            "130703005001",
            "130703005",
            "130703",
        )

    def test_nothing_is_read_off_a_code_of_another_scheme(self):
        grids = make_zones([square(0, 0)], grid_code=["G-1"]).drop(columns="zone_code")
        assert pd.isna(zjk_gis.assign_incidents(make_incidents((50, 50)), grids).loc[0, "street_code"])

    @pytest.fixture
    def sections(self):
        """A street running east, its two sides under two chiefs, and one that crosses it at x = 100."""
        east, north = [(X, Y), (X + 200, Y)], [(X + 100, Y - 100), (X + 100, Y + 100)]
        return gpd.GeoDataFrame(
            {
                "section_code": ["R1L", "R1R", "R2"],
                "side": ["左侧", "右侧", "两侧"],
                "chief_code": ["LZ1", "LZ2", "LZ3"],
            },
            geometry=[LineString(east), LineString(east), LineString(north)],
            crs=4547,
        )

    @pytest.mark.parametrize(
        ("point", "code", "ambiguous"),
        [((30, 4), "R1L", False), ((30, -4), "R1R", False), ((99, 30), "R2", False), ((97, 3), "R1L", True)],
    )
    def test_the_nearest_section_on_that_side_answers(self, zones, sections, point, code, ambiguous):
        row = zjk_gis.assign_incidents(make_incidents(point), zones, sections=sections).iloc[0]
        assert (row["section_code"], row["section_found"], bool(row["section_ambiguous"])) == (
            code,
            "nearest",
            ambiguous,
        )
        assert row["section_chief_code"] == sections.set_index("section_code").loc[code, "chief_code"]

    def test_sections_may_be_the_layer_that_answers(self, sections):
        row = zjk_gis.assign_incidents(make_incidents((30, 4)), sections).iloc[0]
        assert (row["section_code"], row["distance_m"], row["chief_code"]) == ("R1L", 4.0, "LZ1")


class TestLevels:
    def test_the_finest_level_answers_unless_another_is_asked_for(self):
        zones = make_zones([square(0, 0), square(0, 0, 50, 50)], zone_code=["S", "G"], level=[1, 3])
        assert answer(make_incidents((20, 20)), zones) == ("G", "inside", "one_zone", 1, False)
        assert answer(make_incidents((20, 20)), zones, level=1)[0] == "S"
        with pytest.raises(InputError, match="no zone has level 2; the levels are 1, 3"):
            answer(make_incidents((20, 20)), zones, level=2)

    @pytest.mark.parametrize(
        ("levels", "number"),
        [
            (["一级", "二级"], 2),
            (["1级", "2级"], 2),
            (["Ⅰ", "II"], 2),
            ([1.0, 2.0], 2),
            (["1.0", "2"], 2),
            (["区级", "社区级"], 4),
            (["街道级路长", "网格"], 5),
        ],
    )
    def test_levels_are_numbers_or_words_of_an_order(self, levels, number):
        zones = make_zones([square(0, 0), square(0, 0, 90, 90)], zone_code=["S", "G"], level=levels)
        incidents = make_incidents((20, 20))
        assert answer(incidents, zones) == ("G", "inside", "one_zone", 1, False)
        assigned = zjk_gis.assign_incidents(incidents, zones)
        assert assigned.attrs["assignment"]["level"] == number
        assert answer(incidents, zones, level=levels[0])[0] == "S"
        assert answer(incidents, zones, level="any")[3] == 2  # candidates

    def test_words_that_are_not_levels_are_refused_by_name(self):
        zones = make_zones([square(0, 0), square(0, 0, 90, 90)], zone_code=["S", "G"], level=["一级", "重点"])
        with pytest.raises(InputError, match=r"1 of 2 values of level .* '重点' \(row 1"):
            answer(make_incidents((20, 20)), zones)
        assert answer(make_incidents((20, 20)), zones, level="any")[0] == "G"

    def test_a_column_level_of_neighbours_switches_nobody_off_unseen(self):
        zones = make_zones(
            [square(0, 0), square(100, 0), square(200, 0)], zone_code=["A", "B", "C"], level=[1, 2, 3]
        )
        incidents = make_incidents((50, 50), (150, 50), (250, 50))
        with pytest.raises(InputError, match=r"does not make a hierarchy .*level=3, or level='any'"):
            zjk_gis.assign_incidents(incidents, zones)
        every = zjk_gis.assign_incidents(incidents, zones, level="any")
        assert every["zone_code"].tolist() == ["A", "B", "C"]
        assert every.attrs["assignment"]["steered_by"] == {"level": "all_levels_answer"}
        only = zjk_gis.assign_incidents(incidents, zones, level=3, nearest_within_m=0)
        assert only["zone_code"].isna().tolist() == [True, True, False]

    def test_a_zone_without_a_level_belongs_to_every_one(self):
        zones = make_zones(
            [square(0, 0, 200, 100), square(0, 0), square(100, 0)],
            zone_code=["S", "A", "B"],
            level=[1, 2, None],
        )
        assigned = zjk_gis.assign_incidents(make_incidents((50, 50), (150, 50)), zones)
        assert assigned["zone_code"].tolist() == ["A", "B"]
        assert assigned.attrs["assignment"]["levels"] == {
            "number": 2,
            "word": "2",
            "left_out": 1,
            "covered": 0.5,
            "without": "row 2",
        }


class TestSteering:
    def test_what_each_column_did_is_told(self):
        zones = make_zones(
            [square(0, 0), square(0, 0, 60, 60)],
            zone_code=["S", "G"],
            level=["一级", "二级"],
            priority=["高", "低"],
            valid_from=["2020-01-01", None],
            valid_to=[None, None],
            side=["左侧", "右侧"],
            state=["完好", "完好"],
        )
        about = zjk_gis.assign_incidents(make_incidents((20, 20)), zones, at="2025-01-01").attrs["assignment"]
        assert about["steered_by"] == {
            "level": "one_level_answers",
            "priority": "highest_priority_answers",
            "side": "not_used",
            "valid_from": "valid_ones_answer",
            "valid_to": "not_used",
            "state": "not_used",
        }
        assert steering_words(about) == [
            "level 级别：只由一个级别的责任区负责：二级；其他级别 1 个未参与，其面积 36% 有该级责任区",
            "priority 优先级：重叠处优先级高者负责",
            "valid_from 生效日期：只由当日有效者负责",
            "未参与判断：side 侧别、valid_to 失效日期、state 状态",
        ]

    def test_columns_of_grids_and_sections_are_told_apart(self):
        zones = make_zones([square(0, 0)], zone_code=["A"])
        sections = gpd.GeoDataFrame(
            {"section_code": ["R"], "side": ["左"], "level": [2]},
            geometry=[LineString([(X, Y), (X + 100, Y)])],
            crs=4547,
        )
        incidents = make_incidents((50, 5))
        assigned = zjk_gis.assign_incidents(incidents, zones, sections=sections)
        assert assigned["section_code"].tolist() == ["R"]
        assert assigned.attrs["assignment"]["steered_by"] == {
            "section_level": "all_levels_answer",
            "section_side": "own_side_answers",
        }
        other_side = zjk_gis.assign_incidents(incidents, zones, sections=sections.assign(side="R"))
        assert other_side["section_found"].tolist() == ["none"]
        with pytest.raises(InputError, match=r"1 of 1 values of side .* '0' \(row 0\); known are 两侧, 左侧"):
            zjk_gis.assign_incidents(incidents, zones, sections=sections.assign(side=0))


BOW_TIE = Polygon([(X, Y), (X + 9, Y + 9), (X + 9, Y), (X, Y + 9)])


@pytest.mark.parametrize(
    ("spoil", "error", "words"),
    [
        (lambda z: z.drop(columns="zone_code"), MissingColumnError, "zones: no column of codes; .*code="),
        (
            lambda z: z.assign(zone_code=["A", ""]),
            InputError,
            r"zones: 1 of 2 rows have no zone_code \(row 1\)",
        ),
        (lambda z: z.iloc[:0], EmptyLayerError, "zones: the layer is empty"),
        (lambda z: z.set_crs(None, allow_override=True), CRSError, "zones: no coordinate reference system"),
        (
            lambda z: z.set_geometry([square(0, 0), None]),
            GeometryError,
            r"1 of 2 rows have no geometry \(row 1\)",
        ),
        (
            lambda z: z.set_geometry([square(0, 0), BOW_TIE]),
            GeometryError,
            r"invalid \(the first: border crosses itself at 573004.5, 4520004.5\) \(row 1\)",
        ),
        (
            lambda z: z.set_geometry([square(0, 0), Point(X, Y)]),
            GeometryError,
            r"1 of 2 rows are not polygons",
        ),
    ],
)
def test_a_bad_zone_layer_is_refused_before_any_work(zones, spoil, error, words):
    bad = spoil(zones)
    if bad.crs is None and words != "zones: no coordinate reference system":
        bad = bad.set_crs(4547)
    with pytest.raises(error, match=words):
        zjk_gis.assign_incidents(make_incidents((50, 50)), bad)


@pytest.mark.parametrize(
    ("incidents", "options", "words"),
    [
        (gpd.GeoDataFrame(geometry=[Point(0, 0)]), {}, "incidents: no coordinate reference system"),
        (
            gpd.GeoDataFrame(geometry=[square(0, 0)], crs=4547),
            {},
            r"1 of 1 rows are not points but Polygon \(row 0\)",
        ),
        (make_incidents((0, 0)), {"border_within_m": -1}, "border_within_m must be a finite number"),
        (make_incidents((0, 0)), {"nearest_within_m": np.nan}, "nearest_within_m must be a finite number"),
        (make_incidents((0, 0)), {"at": "someday"}, "at must be a date"),
    ],
)
def test_bad_incidents_and_options_are_refused(zones, incidents, options, words):
    with pytest.raises(InputError, match=words):
        zjk_gis.assign_incidents(incidents, zones, **options)


@pytest.mark.parametrize("kind", ["POLYGON", "LINESTRING", "MULTIPOINT", "GEOMETRYCOLLECTION"])
def test_an_incident_without_a_place_stops_no_other_whatever_kind_of_nothing_it_has(zones, kind):
    incidents = make_incidents((50, 50), (50, 50))
    incidents.geometry = [incidents.geometry[0], shapely.from_wkt(f"{kind} EMPTY")]
    assert zjk_gis.assign_incidents(incidents, zones)["reason"].tolist()[1] == "no_position"
    assert zjk_gis.assign_incidents(incidents, zones)["found"].tolist()[0] == "inside"


@st.composite
def crowded_layers(draw):
    """Zones on a coarse lattice, so that borders, corners, overlaps and duplicates abound."""
    step = st.integers(0, 6)
    rectangles = draw(
        st.lists(st.tuples(step, step, st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=8)
    )
    points = draw(st.lists(st.tuples(step, step), min_size=1, max_size=12))
    shapes = [square(10 * x, 10 * y, 10 * w, 10 * h) for x, y, w, h in rectangles]
    codes = draw(st.lists(st.sampled_from("ABC"), min_size=len(shapes), max_size=len(shapes)))
    return make_zones(shapes, zone_code=codes), make_incidents(*[(10 * x, 10 * y) for x, y in points])


@settings(max_examples=60, deadline=None)
@given(layers=crowded_layers(), seed=st.integers(0, 2**32 - 1))
def test_no_answer_depends_on_the_order_of_rows(layers, seed):
    zones, incidents = layers
    expected = zjk_gis.assign_incidents(incidents, zones)
    shuffled = zjk_gis.assign_incidents(
        incidents.sample(frac=1, random_state=seed), zones.sample(frac=1, random_state=seed)
    )
    pd.testing.assert_frame_equal(pd.DataFrame(shuffled.sort_index()), pd.DataFrame(expected))


@settings(max_examples=60, deadline=None)
@given(layers=crowded_layers())
def test_a_far_zone_changes_nothing(layers):
    zones, incidents = layers
    far = make_zones([square(5000, 5000)], zone_code=["0"])
    with_far = gpd.GeoDataFrame(pd.concat([far, zones], ignore_index=True), crs=4547)
    pd.testing.assert_frame_equal(
        pd.DataFrame(zjk_gis.assign_incidents(incidents, with_far)),
        pd.DataFrame(zjk_gis.assign_incidents(incidents, zones)),
    )


def test_agreement_with_a_spatial_join_on_every_incident_strictly_inside_one_zone():
    rng = np.random.default_rng(8)
    seeds = shapely.MultiPoint(rng.uniform(0, 1000, (300, 2)) + [X, Y])
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds))
    zones = make_zones(list(cells), zone_code=[f"V{i:03}" for i in range(len(cells))])
    incidents = make_incidents(*rng.uniform(0, 1000, (5000, 2)))
    joined = gpd.sjoin(incidents, zones, predicate="within", how="inner")
    once = joined[~joined.index.duplicated(keep=False)]
    assigned = zjk_gis.assign_incidents(incidents, zones)
    assert len(once) > 4900
    assert (assigned.loc[once.index, "zone_code"] == once["zone_code"]).all()


class TestAccuracy:
    """A position known to some metres only may lie in the neighbour's zone: the share of its circle tells."""

    def test_a_circle_that_lies_in_the_zone_by_too_little_is_undecided(self, zones):
        incidents = make_incidents((95, 50), (97, 50), (99, 50))
        assigned = zjk_gis.assign_incidents(incidents, zones, accuracy_m=5)
        assert assigned["zone_code"].tolist() == ["A", "A", "A"]
        assert assigned["share"].round(3).tolist() == [1.0, 0.858, 0.626]
        assert assigned["reason"].tolist() == ["one_zone", "one_zone", "undecided"]
        assert assigned["ambiguous"].tolist() == [False, False, True]

    def test_from_a_column_and_unknown_where_it_is_empty(self, zones):
        incidents = make_incidents((99, 50), (99, 50)).assign(gps_error=[5, None])
        assigned = zjk_gis.assign_incidents(incidents, zones, accuracy_m="gps_error", undecided_below=0.7)
        assert assigned["ambiguous"].tolist() == [True, False]

    def test_a_circle_without_end_lies_in_no_zone(self, zones):
        """Infinity, as devices say that they do not know, and a radius whose square is none."""
        for boundless in (float("inf"), "inf", 1e200, 3e7):
            incidents = make_incidents((50, 50), (50, 50)).assign(gps=[boundless, 5])
            assigned = zjk_gis.assign_incidents(incidents, zones, accuracy_m="gps")
            assert assigned["share"].tolist() == [0.0, 1.0]
            assert assigned["reason"].tolist() == ["undecided", "one_zone"]
            assert assigned["ambiguous"].tolist() == [True, False]
        everywhere = zjk_gis.assign_incidents(make_incidents((50, 50)), zones, accuracy_m=1e200)
        assert everywhere["share"].tolist() == [0.0]

    def test_a_wrong_one_is_set_aside_and_told(self, zones):
        incidents = make_incidents((99, 50), (99, 50), (99, 50)).assign(gps=[5, -1, "good"])
        assigned = zjk_gis.assign_incidents(incidents, zones, accuracy_m="gps", undecided_below=0.7)
        assert assigned["ambiguous"].tolist() == [True, False, False]
        assert [(row["row"], row["value"]) for row in assigned.attrs["set_aside"]] == [(1, "-1"), (2, "good")]

    def test_what_is_no_accuracy(self, zones):
        with pytest.raises(InputError, match="accuracy_m"):
            zjk_gis.assign_incidents(make_incidents((1, 1)), zones, accuracy_m=-1)
        with pytest.raises(MissingColumnError, match="'gps'"):
            zjk_gis.assign_incidents(make_incidents((1, 1)), zones, accuracy_m="gps")
        with pytest.raises(InputError, match="undecided_below"):
            zjk_gis.assign_incidents(make_incidents((1, 1)), zones, undecided_below=80)


def test_another_policy_answers_otherwise(zones):
    both = zones.assign(
        geometry=[zones.geometry.iloc[0], zones.geometry.iloc[0].buffer(5)] + list(zones.geometry[2:])
    )
    incidents = make_incidents((50, 50))
    assert zjk_gis.assign_incidents(incidents, both)["zone_code"].tolist() == ["A"]
    largest = zjk_gis.index.Policy(order=("largest_area",))
    assert zjk_gis.assign_incidents(incidents, both, policy=largest)["zone_code"].tolist() == ["B"]


def test_codes_that_came_as_numbers_are_answered_as_text():
    """A column with gaps is one of floats: 130703005001001.0 and, of the chiefs, 101.0 beside NaN."""
    layer = gpd.GeoDataFrame(
        {"grid_code": [130703005001001.0, 130703005001002.0], "chief_code": [101.0, np.nan]},
        geometry=[box(0, 0, 100, 100), box(100, 0, 200, 100)],
        crs=4547,
    )
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy([50, 150], [50, 50]), crs=4547)
    assigned = zjk_gis.assign_incidents(points, layer)
    assert assigned["grid_code"].tolist() == ["130703005001001", "130703005001002"]
    assert assigned["street_code"].tolist() == ["130703005"] * 2
    assert assigned["chief_code"].fillna("-").tolist() == ["101", "-"]
    assert zjk_gis.ZoneIndex.build(layer).codes.tolist() == ["130703005001001", "130703005001002"]


def test_rejects_are_numbered_as_in_the_sheet_and_every_row_is_in_one_of_both(zones):
    incidents = make_incidents((50, 50), None, (150, 50), (900, 900), no=list("abcd"), empty=None)
    incidents.index = [7, 7, 8, 9]
    assigned = zjk_gis.assign_incidents(incidents, zones)
    kept, rejects = split_rejects(assigned)
    assert kept["no"].tolist() == ["a", "c", "d"]  # who is far from every zone has a place
    assert rejects[["row_number", "no"]].to_numpy().tolist() == [[2, "b"]]
    assert rejects["why"].tolist() == ["missing"]
    assert {"geometry", "empty"}.isdisjoint(rejects.columns)
