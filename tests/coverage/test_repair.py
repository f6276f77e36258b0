"""How gaps and overlaps are mended, and what is never done to a zone. Zones are drawn on squared paper."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from coverages import drawn_apart, straight_streets
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from zjk_gis import coverage_gaps, overlapping_zones, repair_coverage
from zjk_gis.coverage import apply_repairs, mend_coverage
from zjk_gis.coverage.mending import refusal
from zjk_gis.errors import InputError, MissingColumnError

X, Y = 573000, 4520000
NO_LIMITS = {
    "max_fill_area_m2": 1e9,
    "max_fill_width_m": 1e4,
    "max_cut_area_m2": 1e9,
    "max_cut_width_m": 1e4,
}


def square(x, y, width=100.0, height=100.0):
    return box(X + x, Y + y, X + x + width, Y + y + height)


def make_zones(*shapes, crs=4547, **columns):
    columns.setdefault("zone_code", [chr(ord("A") + i) for i in range(len(shapes))])
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


def make_region(*shapes):
    return gpd.GeoDataFrame(geometry=list(shapes), crs=4547)


def only(proposals):
    assert len(proposals) == 1
    return proposals.iloc[0]


class TestGaps:
    """A to the left, B to the right of a gap of 2 m; C above them, without a vertex where they end."""

    @pytest.fixture
    def zones(self):
        return make_zones(square(0, 0, 99), square(101, 0, 99), square(0, 100, 200))

    @pytest.fixture
    def region(self):
        return make_region(square(0, 0, 200, 200))

    def test_a_gap_goes_to_the_zone_with_the_longest_common_border(self, region, zones):
        zones.loc[1, "geometry"] = zones.geometry[1].difference(square(101, 0, 5, 50))
        gap = only(repair_coverage(region, zones, **NO_LIMITS))
        assert gap[["repair_code", "action", "status", "gaining_code", "losing_code", "by"]].tolist() == [
            "R001",
            "fill",
            "proposed",
            "B",
            "",
            "longest_border",
        ]
        assert (gap["neighbours"], gap["neighbour_borders_m"]) == ("B;A;C", "105.00;100.00;2.00")
        assert gap["area_m2"] == pytest.approx(450)
        assert gap["mean_width_m"] == pytest.approx(2 * 450 / 214)
        assert gap[["gaining_before_m2", "gaining_after_m2"]].tolist() == pytest.approx([9650, 10_100])

    def test_the_longest_border_wins_and_equal_ones_are_decided_by_code(self, region, zones):
        assert only(repair_coverage(region, zones))["gaining_code"] == "A"
        shorter = zones.assign(geometry=[square(0, 0, 99, 60), *zones.geometry[1:]])
        shorter = pd.concat([shorter, make_zones(square(0, 60, 99, 40), zone_code=["D"])], ignore_index=True)
        assert only(repair_coverage(region, shorter))["gaining_code"] == "B"

    def test_the_mended_border_has_the_same_vertices_on_both_sides(self, region, zones):
        mended = apply_repairs(zones, repair_coverage(region, zones), region=region)
        assert mended.area.tolist() == [10_100, 9900, 20_000]
        assert shapely.coverage_is_valid(mended.geometry.to_numpy())
        account = mended.attrs["repairs"]
        assert (account["changed_codes"], account["renoded_codes"]) == (["A"], ["C"])
        assert (account["gaps_left"], account["overlaps_left"]) == (0, 0)
        assert account["covered_after_m2"] == pytest.approx(account["covered_before_m2"] + 200, rel=1e-12)

    @pytest.mark.parametrize(
        ("limit", "reason"),
        [({"max_fill_area_m2": 199}, "too_large"), ({"max_fill_width_m": 1.9}, "too_wide")],
    )
    def test_what_exceeds_a_limit_is_left_to_a_person_who_may_still_accept_it(
        self, region, zones, limit, reason
    ):
        proposals = repair_coverage(region, zones, **limit)
        gap = only(proposals)
        assert (gap["status"], gap["reason"], gap["gaining_code"]) == ("left_to_a_person", reason, "A")
        assert apply_repairs(zones, proposals).geometry.tolist() == zones.geometry.tolist()
        assert apply_repairs(zones, proposals, accept=["R001"]).area[0] == 10_100

    def test_limits_are_kept_to_exactly(self, region, zones):
        gap = only(repair_coverage(region, zones, max_fill_area_m2=200, max_fill_width_m=2))
        assert gap["status"] == "proposed"

    def test_a_gap_that_nothing_borders_on_has_nobody_to_go_to(self, region):
        corner_only = make_zones(square(0, 0), square(100, 100))
        proposals = repair_coverage(region, corner_only, **NO_LIMITS)
        assert proposals["neighbours"].str.len().tolist() == [3, 3]
        island = make_zones(square(500, 500))
        gap = only(repair_coverage(make_region(square(0, 0)), island, **NO_LIMITS))
        assert (gap["reason"], gap["gaining_code"]) == ("no_neighbour", "")

    def test_a_person_can_say_who_is_to_have_it(self):
        proposals = repair_coverage(make_region(square(0, 0, 201)), make_zones(square(0, 0), square(101, 0)))
        assert only(proposals)["gaining_code"] == "A"
        mended = apply_repairs(
            make_zones(square(0, 0), square(101, 0)),
            proposals.assign(gaining_code="B", gaining_before_m2=1e4),
        )
        assert mended.area.tolist() == [10_000, 10_100]

    def test_a_hole_in_a_zone_is_closed(self):
        zones = make_zones(square(0, 0).difference(square(40, 40, 2, 2)))
        mended = apply_repairs(zones, repair_coverage(make_region(square(0, 0)), zones))
        assert mended.geometry[0].equals(square(0, 0))
        assert len(mended.geometry[0].interiors) == 0

    def test_ground_that_needs_no_zone_is_left_alone(self, region, zones):
        river = make_region(square(98, -10, 4, 300))
        proposals = repair_coverage(region, zones, allowed=river)
        assert proposals["action"].tolist() == ["match"] * 2  # C gets the corners of A and B
        mended = apply_repairs(zones, proposals)
        assert mended.area.tolist() == zones.area.tolist()
        assert shapely.coverage_is_valid(mended.geometry.to_numpy())

    def test_gaps_joined_by_a_hairline_are_two(self):
        joined = shapely.union_all([square(20, 49, 2, 2), square(80, 49, 2, 2), square(22, 50, 58, 0.002)])
        zones = make_zones(
            square(0, 50, 100, 50).difference(joined), square(0, 0, 100, 50).difference(joined)
        )
        proposals = repair_coverage(make_region(square(0, 0)), zones)
        assert sorted(proposals["action"]) == ["fill", "fill", "snap"]
        mended = apply_repairs(zones, proposals)
        assert shapely.coverage_is_valid(mended.geometry.to_numpy())
        assert mended.area.sum() == pytest.approx(10_000, rel=1e-12)


class TestOverlaps:
    """B begins 2 m before A ends."""

    @pytest.fixture
    def zones(self):
        return make_zones(square(0, 0), square(98, 0, 52))

    def test_the_smaller_zone_keeps_the_ground(self, zones):
        overlap = only(repair_coverage(None, zones))
        assert overlap[["action", "gaining_code", "losing_code", "by"]].tolist() == [
            "cut",
            "B",
            "A",
            "smallest_area",
        ]
        assert overlap[["losing_before_m2", "losing_after_m2"]].tolist() == [10_000, 9800]
        mended = apply_repairs(zones, repair_coverage(None, zones))
        assert mended.area.tolist() == [9800, 5200]
        assert shapely.coverage_is_valid(mended.geometry.to_numpy())

    def test_the_higher_priority_keeps_it_and_a_missing_one_comes_last(self, zones):
        for priority in ([2, 1], [1, None]):
            overlap = only(repair_coverage(None, zones.assign(priority=priority)))
            assert overlap[["gaining_code", "by"]].tolist() == ["A", "highest_priority"]
        assert (
            only(repair_coverage(None, zones.assign(weight=[2, 1]), priority="weight"))["gaining_code"] == "A"
        )
        with pytest.raises(MissingColumnError, match="rank"):
            repair_coverage(None, zones, priority="rank")

    def test_equal_zones_are_decided_by_code(self):
        equal = make_zones(square(0, 0), square(98, 0), zone_code=["9", "10"])
        assert only(repair_coverage(None, equal))[["gaining_code", "by"]].tolist() == ["10", "lowest_code"]

    def test_ground_that_three_claim_ends_with_one(self):
        zones = make_zones(square(0, 0), square(95, 0, 60), square(90, -60, 30, 65), priority=[1, 2, 3])
        proposals = repair_coverage(None, zones, **NO_LIMITS)
        mended = apply_repairs(zones, proposals)
        assert len(overlapping_zones(mended, min_area_m2=0, min_width_m=0)) == 0
        assert mended.geometry[2].equals(zones.geometry[2])
        assert mended.area.sum() == pytest.approx(
            shapely.union_all(zones.geometry.to_numpy()).area, rel=1e-12
        )

    def test_each_fix_stands_by_itself_whichever_are_accepted(self):
        zones = make_zones(square(0, 0), square(95, 0, 60), square(90, -60, 30, 65), priority=[1, 2, 3])
        proposals = repair_coverage(None, zones, **NO_LIMITS)
        covered = shapely.union_all(zones.geometry.to_numpy()).area
        for code in proposals["repair_code"]:
            mended = apply_repairs(zones, proposals, accept=[code])
            assert shapely.union_all(mended.geometry.to_numpy()).area == pytest.approx(covered, rel=1e-12)
            assert mended.attrs["repairs"]["applied"] == [code]

    def test_if_a_cut_would_split_one_zone_the_other_gives_way(self):
        zones = make_zones(square(0, 0), square(49, -50, 2, 149.5))  # a lane nearly through A
        across = make_zones(square(0, 0), square(40, -5, 2, 110))
        overlap = only(repair_coverage(None, zones))
        assert overlap[["gaining_code", "by"]].tolist() == ["B", "smallest_area"]
        both = only(repair_coverage(None, across))  # either way one falls apart
        assert both[["status", "reason", "gaining_code"]].tolist() == [
            "left_to_a_person",
            "would_be_split",
            "B",
        ]
        tongue = make_zones(
            square(0, 0), square(99, 40, 60, 2).union(square(150, 0, 9, 100)), priority=[2, 1]
        )
        assert only(repair_coverage(None, tongue))["status"] == "proposed"

    def test_the_other_gives_way_only_if_no_priority_says_otherwise(self):
        # B, the smaller, lies across the tip of A: cut from A, its tip would be left alone.
        tip = square(0, 0).union(square(100, 49, 10, 2))
        zones = make_zones(tip, square(104, 0, 2, 50.5).union(square(104, 0, 30, 30)))
        zones.loc[1, "geometry"] = zones.geometry[1].union(square(104, 50, 2, 1))
        overlap = only(repair_coverage(None, zones))
        assert overlap[["gaining_code", "losing_code", "by"]].tolist() == ["A", "B", "keeps_both_whole"]
        ranked = only(repair_coverage(None, zones.assign(priority=[1, 2])))
        assert ranked[["reason", "gaining_code"]].tolist() == ["would_be_split", "B"]


class TestTraps:
    """What a library's cleaner did to zones, and what is not done to them here."""

    NESTED = make_zones(square(0, 0), square(20, 20, 20, 20))
    DUPLICATE = make_zones(square(0, 0), square(0, 0))

    @pytest.mark.parametrize(("zones", "reason"), [(NESTED, "nested"), (DUPLICATE, "duplicate")])
    def test_nested_and_duplicate_zones_are_left_to_a_person(self, zones, reason):
        proposals = repair_coverage(make_region(square(0, 0)), zones, **NO_LIMITS)
        assert only(proposals)[["status", "reason"]].tolist() == ["left_to_a_person", reason]
        assert apply_repairs(zones, proposals).geometry.tolist() == zones.geometry.tolist()

    def test_a_nested_zone_that_a_person_accepts_becomes_a_hole_in_the_other(self):
        mended = apply_repairs(self.NESTED, repair_coverage(None, self.NESTED), accept=["R001"])
        assert mended.area.tolist() == [9600, 400]
        assert shapely.coverage_is_valid(mended.geometry.to_numpy())

    def test_a_duplicate_is_not_emptied_even_if_a_person_accepts_it(self):
        mended = apply_repairs(self.DUPLICATE, repair_coverage(None, self.DUPLICATE), accept=["R001"])
        assert mended.area.tolist() == [10_000, 10_000]
        assert mended.attrs["repairs"]["refused"] == {"R001": "would_be_empty"}
        assert mended.attrs["repairs"]["overlaps_left"] == 1

    @pytest.mark.parametrize("zones", [NESTED, DUPLICATE])
    def test_what_the_cleaner_of_geos_proposes_is_refused(self, zones):
        before = zones.geometry.to_numpy()
        cleaned = shapely.coverage_clean(before)
        assert "would_be_empty" in [refusal(*pair, 0.0) for pair in zip(before, cleaned, strict=True)]

    def test_a_neighbour_absorbed_for_want_of_a_vertex_is_refused_and_kept_here(self):
        left = Polygon([(X, Y), (X, Y + 100), (X + 50, Y + 100), (X + 50, Y + 40), (X + 50, Y)])
        right = Polygon([(X + 50, Y), (X + 50, Y + 100), (X + 90, Y + 50)])
        zones = make_zones(left, right)
        cleaned = shapely.coverage_clean([left, right], snapping_distance=0)
        refused = [refusal(*pair, 0.0) for pair in zip([left, right], cleaned, strict=True)]
        assert refused == ["area_not_conserved", "would_be_empty"]
        mended = apply_repairs(zones, repair_coverage(make_region(left, right), zones))
        assert mended.area.tolist() == [5000, 2000]

    def test_a_zone_that_absorbs_another_is_refused(self):
        apart = [square(0, 0), square(200, 0)]
        assert refusal(apart[0], MultiPolygon(apart), 0.0) == "would_be_split"
        assert refusal(apart[0], square(0, 0, 200), 0.0) == "area_not_conserved"

    def test_a_zone_apart_from_the_others_stays_as_it_is(self):
        zones = make_zones(square(0, 0, 99.99), square(100, 0), square(300, 0))
        region = make_region(square(0, 0, 200), square(300, 0))
        for snap in (0, 0.05):
            mended = apply_repairs(zones, repair_coverage(region, zones, snap_within_m=snap))
            assert mended.geometry[2] == zones.geometry[2]

    @pytest.mark.parametrize(
        ("after", "words"),
        [
            (Polygon(), "would_be_empty"),
            (None, "would_be_empty"),
            (Polygon([(0, 0), (9, 9), (9, 0), (0, 9)]), "would_be_invalid"),
            (shapely.LineString([(0, 0), (1, 1)]), "would_be_invalid"),
        ],
    )
    def test_the_guard_says_why(self, after, words):
        assert refusal(square(0, 0), after, 0.0) == words


class TestVertices:
    """C, below, has no vertex where A and B meet: no ground is in doubt, but the borders do not match."""

    ZONES = make_zones(square(0, 50, 50, 50), square(50, 50, 50, 50), square(0, 0, 100, 50))

    @pytest.mark.parametrize("crs", [4547, 4490])
    def test_a_zone_gets_the_vertices_of_its_neighbours(self, crs):
        zones = self.ZONES.to_crs(crs)
        if crs == 4490:  # drawn in degrees: the vertex lies on the straight line there
            low, high = (shapely.get_coordinates(zones.geometry[2])[at] for at in (1, 2))
            assert not np.array_equal(low, high)
        proposals = repair_coverage(None, zones)
        assert set(proposals["action"]) <= {"match", "snap"}
        assert set(proposals["gaining_code"]) <= {"A", "B", "C"}
        assert (proposals["status"] == "proposed").all()
        mended = apply_repairs(zones, proposals)
        account = mended.attrs["repairs"]
        assert shapely.coverage_is_valid(mended.geometry.to_numpy())
        assert (account["coverage_is_valid"], account["not_valid_codes"]) == (True, [])

    def test_the_proposal_names_the_points_and_whose_they_are(self):
        proposals = repair_coverage(None, self.ZONES)
        assert set(proposals["action"]) == {"match"}
        assert set(proposals["gaining_code"]) == {"C"}
        assert set(proposals["neighbours"]) <= {"A", "B"}
        assert set(proposals["by"]) == {"vertices_of_the_other"}
        assert proposals["area_m2"].tolist() == [0] * len(proposals)
        assert {(x, y) for x, y in shapely.get_coordinates(proposals.geometry.to_numpy())} == {
            (X + 50.0, Y + 50.0)
        }
        mended = apply_repairs(self.ZONES, proposals)
        assert mended.area.tolist() == self.ZONES.area.tolist()
        assert mended.attrs["repairs"]["changed_codes"] == []
        assert mended.attrs["repairs"]["renoded_codes"] == ["C"]

    def test_what_is_not_mended_is_named(self):
        mended = apply_repairs(self.ZONES, repair_coverage(None, self.ZONES), accept=[])
        account = mended.attrs["repairs"]
        assert (account["coverage_is_valid"], account["not_valid_codes"]) == (False, ["A", "B", "C"])

    def test_two_vertices_that_are_all_but_one_become_one(self):
        near = Polygon([(X, Y + 50), (X, Y), (X + 100, Y), (X + 100, Y + 50), (X + 50, Y + 50 + 3e-9)])
        zones = self.ZONES.assign(geometry=[*self.ZONES.geometry[:2], near])
        assert not shapely.coverage_is_valid(zones.geometry.to_numpy())
        mended = apply_repairs(zones, repair_coverage(None, zones))
        assert shapely.coverage_is_valid(mended.geometry.to_numpy())


class TestRounds:
    """Repairs are made until nothing is left, or only what a person must decide."""

    @pytest.mark.parametrize("crs", [4547, 4490])
    @pytest.mark.parametrize("amount", [0.02, 0.043, 0.5])
    def test_borders_drawn_by_many_hands_end_as_a_valid_coverage(self, amount, crs):
        region, zones = jittered_city(5, seed=1, amount=amount)
        for ground in (region, None):
            mended, repairs = mend_coverage(ground, zones.to_crs(crs), **NO_LIMITS)
            account = mended.attrs["repairs"]
            assert shapely.coverage_is_valid(mended.geometry.to_numpy())
            assert (account["coverage_is_valid"], account["not_valid_codes"]) == (True, [])
            assert account["gaps_left"] == account["overlaps_left"] == account["left_to_a_person"] == 0
            assert repairs["made"].all()
            assert len(account["applied"]) == len(repairs) > 20

    def test_what_a_person_must_decide_is_listed_and_its_zones_are_named(self):
        zones = make_zones(square(0, 0), square(0, 0), square(98, 0))
        mended, repairs = mend_coverage(None, zones)
        account = mended.attrs["repairs"]
        assert repairs[~repairs["made"]]["reason"].tolist() == ["duplicate"]
        assert (account["coverage_is_valid"], account["left_to_a_person"]) == (False, 1)
        assert {"A", "B"} <= set(account["not_valid_codes"])

    def test_what_has_been_mended_has_nothing_left_to_mend(self):
        """A lies 1 m over B; D, below, lacks the vertex where B and C meet."""
        upper = [square(0, 50, 51, 50), square(50, 50, 50, 50), square(100, 50, 50, 50)]
        zones = make_zones(*upper, square(0, 0, 150, 50))
        mended, repairs = mend_coverage(None, zones)
        assert set(repairs["action"]) == {"cut", "match"}
        assert mended.attrs["repairs"]["coverage_is_valid"]
        again, nothing = mend_coverage(None, mended)
        assert (len(nothing), again.geometry.tolist()) == (0, mended.geometry.tolist())

    def test_what_one_round_brings_to_light_is_mended_in_the_next(self):
        """A chamber borders on no zone until the corridor of 2 cm that leads to it has one."""
        region = make_region(
            shapely.union_all([square(0, 0), square(100, 50, 10, 0.02), square(110, 48.5, 3, 3)])
        )
        zones = make_zones(square(0, 0))
        first = repair_coverage(region, zones)
        assert dict(zip(first["action"], first["reason"], strict=True)) == {
            "fill": "no_neighbour",
            "snap": "",
        }
        mended, repairs = mend_coverage(region, zones)
        assert repairs[["action", "gaining_code", "round", "made"]].to_numpy().tolist() == [
            ["snap", "A", 1, True],
            ["fill", "A", 2, True],
        ]
        assert repairs["repair_code"].tolist() == ["R002", "R001-2"]
        assert mended.area.tolist() == [pytest.approx(10_009.2)]
        account = mended.attrs["repairs"]
        assert (account["rounds"], account["left_to_a_person"], account["gaps_left"]) == (2, 0, 0)
        once, left = mend_coverage(region, zones, rounds=1)
        assert once.area.tolist() == [pytest.approx(10_000.2)]
        assert left["made"].tolist() == [True, False]

    def test_the_one_zone_that_hinders_in_degrees_is_named_and_the_others_are_mended(self):
        """B takes 4.5 m of A, up to half a metre from a hole in A that H fills.

        Over 10 km what is straight in metres bends by 1.7 m in degrees: A's new border would cut the hole.
        """
        hole = square(4990, 975, 20, 20)
        zones = make_zones(
            square(0, 0, 10_000, 1000).difference(hole),
            square(0, 995.5, 10_000, 1000),
            square(0, -500, 51),
            square(50, -500, 50),
            hole,
            zone_code=["A", "B", "C", "D", "H"],
            priority=[1, 2, 1, 2, 1],
        )
        mended, repairs = mend_coverage(None, zones.to_crs(4490), **NO_LIMITS)
        assert mended.is_valid.all()
        account = mended.attrs["repairs"]
        assert account["not_valid_codes"] == ["A", "B"]
        assert account["changed_codes"] == ["C"]
        left = only(repairs[~repairs["made"]])
        assert left[["action", "losing_code", "status", "reason"]].tolist() == [
            "cut",
            "A",
            "left_to_a_person",
            "would_be_invalid",
        ]
        in_metres, repairs = mend_coverage(None, zones, **NO_LIMITS)
        assert in_metres.attrs["repairs"]["coverage_is_valid"]
        assert repairs["made"].all()

    @pytest.mark.parametrize("crs", [4547, 4490])
    def test_partings_that_open_to_the_outside_are_closed_without_a_region(self, crs):
        zones = make_zones(square(0, 0, 99.957), square(100, 0)).to_crs(crs)
        mended, repairs = mend_coverage(None, zones)
        assert only(repairs)[["action", "gaining_code"]].tolist() == ["snap", "B"]
        assert mended.to_crs(4547).area.round(3).tolist() == [9995.7, 10_004.3]
        assert mended.to_crs(4547).union_all().area == pytest.approx(20_000)
        wider = make_zones(square(0, 0, 99.94), square(100, 0)).to_crs(crs)
        assert len(mend_coverage(None, wider).repairs) == 0
        assert len(mend_coverage(None, zones, snap_within_m=0.04).repairs) == 0

    def test_a_dent_of_the_outline_is_no_parting(self):
        dented = square(0, 0).difference(square(50, 99, 0.04, 1))  # within one zone
        corner = make_zones(dented, square(100, 0, 100, 99.96), square(100, 99.97, 0.2, 5))
        assert set(repair_coverage(None, corner)["action"]) <= {"match"}

    def test_partings_of_many_zones_are_closed_border_by_border(self):
        """Nine squares part by 4.3 cm: each of the twelve borders is snapped by itself."""
        zones = make_zones(*(square(i * 100, j * 100, 99.957, 99.957) for i, j in np.ndindex(3, 3)))
        for ground in (None, make_region(square(0, 0, 299.957, 299.957))):
            mended, repairs = mend_coverage(ground, zones)
            assert repairs["action"].tolist() == ["snap"] * 12
            assert repairs["area_m2"].to_numpy() == pytest.approx([4.2986] * 12, abs=1e-3)
            assert (mended.area - zones.area).max() < 9
            assert mended.union_all().area == pytest.approx(299.957**2)
            assert mended.attrs["repairs"]["coverage_is_valid"]

    def test_vertices_beside_ground_that_is_left_wait_and_the_others_are_matched(self):
        """C lies above A, a gap of 20 m, B and D: of three vertices that it lacks two border on the gap."""
        zones = make_zones(square(0, 0, 90), square(110, 0, 90), square(0, 100, 300), square(200, 0, 100))
        region = make_region(square(0, 0, 300, 200))
        mended, repairs = mend_coverage(region, zones)
        made, left = (repairs[repairs["made"] == which] for which in (True, False))
        assert set(made["action"] + made["gaining_code"]) == {"matchC"}
        assert {tuple(at) for at in made.get_coordinates().to_numpy()} == {(X + 200.0, Y + 100.0)}
        assert only(left)[["action", "reason"]].tolist() == ["fill", "too_large"]
        assert mended.attrs["repairs"]["not_valid_codes"] == ["A", "B", "C"]
        same = make_zones(square(0, 0, 90), square(0, 0, 90), square(0, 100, 200), square(90, 0, 110))
        mended, repairs = mend_coverage(None, same)
        assert only(repairs)["reason"] == "duplicate"
        assert {"A", "B", "C"} <= set(mended.attrs["repairs"]["not_valid_codes"])

    def test_at_least_one_round_is_asked_for(self):
        with pytest.raises(InputError, match="rounds must be at least 1"):
            mend_coverage(None, TestVertices.ZONES, rounds=0)


class TestLargeLayers:
    """Layers as they come: they end as valid coverages, or with the zones named that need a person."""

    def test_counties_each_drawn_by_another_hand(self):
        counties = drawn_apart(4, per_side=175, apart=50.0, seed=1)
        assert counties.is_valid.all()
        assert shapely.get_num_coordinates(counties.geometry.to_numpy()).tolist() == [701] * 16
        mended, repairs = mend_coverage(None, counties, **NO_LIMITS)
        assert len(repairs) > 1000
        assert repairs["made"].all()
        assert shapely.coverage_is_valid(mended.geometry.to_numpy())
        assert mended.attrs["repairs"]["not_valid_codes"] == []

    @pytest.mark.parametrize("crs", [4547, 4490])
    def test_what_is_too_wide_is_left_and_its_zones_are_named(self, crs):
        counties = drawn_apart(3, per_side=20, apart=20.0, seed=2).to_crs(crs)
        mended, repairs = mend_coverage(None, counties)
        left = repairs[~repairs["made"]]
        assert len(left) > 20
        assert repairs["made"].sum() > 20
        assert set(left["status"]) == {"left_to_a_person"}
        assert set(left["reason"]) <= {"too_wide", "too_large"}
        account = mended.attrs["repairs"]
        assert not shapely.coverage_is_valid(mended.geometry.to_numpy())
        overlapping = left[left["losing_code"] != ""]
        named = set(overlapping["gaining_code"]) | set(overlapping["losing_code"])
        assert named <= set(account["not_valid_codes"])
        assert mended.is_valid.all()

    def test_wards_in_degrees_with_doubled_borders(self):
        wards = drawn_apart(4, per_side=20, apart=0.5, seed=3).to_crs(4490)
        mended, repairs = mend_coverage(None, wards, **NO_LIMITS)
        assert (mended.crs, repairs.crs) == (wards.crs, wards.crs)
        assert mended.attrs["repairs"]["measured_in"] == "EPSG:4547"
        assert repairs["made"].all()
        assert shapely.coverage_is_valid(mended.geometry.to_numpy())
        assert mended.attrs["repairs"]["coverage_is_valid"]

    @pytest.mark.parametrize("crs", [4547, 4490])
    @pytest.mark.parametrize("digits", [None, 6, 5, 3])
    def test_unmatched_vertices_along_straight_streets(self, digits, crs):
        """As computed, and as a file keeps them: rounding puts vertices off the line, by ever so little."""
        blocks = straight_streets(5, seed=2, digits=digits).to_crs(crs)
        assert not shapely.coverage_is_valid(blocks.geometry.to_numpy())
        mended, repairs = mend_coverage(None, blocks)
        assert repairs["made"].all()
        assert shapely.coverage_is_valid(mended.geometry.to_numpy())
        off = (mended.to_crs(4547).area - blocks.to_crs(4547).area).abs().max()
        assert off < (1e-5 if digits is None else 500 * 10.0**-digits)
        if digits is None:
            account = mended.attrs["repairs"]
            assert set(repairs["action"]) == {"match"}
            assert (account["changed_codes"], account["rounds"]) == ([], 1)


class TestSnapping:
    """The border of A and B was drawn twice, up to 3 cm apart: 8 slivers, of which 4 are gaps."""

    @pytest.fixture
    def zones(self):
        steps = np.arange(9) * 12.5
        other = np.where(np.arange(9) % 2, 0.03, -0.03)
        line = [(X + 100 + dx, Y + y) for dx, y in zip(other, steps, strict=True)]
        right = Polygon([*line, (X + 300, Y + 100), (X + 300, Y)])
        return make_zones(square(0, 0), right, zone_code=["A", "B"])

    def test_a_border_is_laid_on_the_line_of_the_zone_that_ranks_first(self, zones):
        region = make_region(square(0, 0, 300))
        proposals = repair_coverage(region, zones)
        assert proposals["action"].tolist() == ["snap", "snap"]
        assert set(proposals["gaining_code"] + proposals["losing_code"]) == {"B", "AB"}
        mended = apply_repairs(zones, proposals)
        assert mended.geometry[0].equals(square(0, 0))
        assert mended.geometry[1].equals(square(100, 0, 200))
        assert shapely.coverage_is_valid(mended.geometry.to_numpy())

    def test_without_snapping_slivers_are_single_faults_and_hairlines_stay(self, zones):
        region = make_region(square(0, 0, 300))
        assert set(repair_coverage(region, zones, snap_within_m=0)["action"]) == {"fill", "cut"}
        bulge = Polygon([(X + 100, Y), (X + 99.996, Y + 40), (X + 100, Y + 100), (X + 200, Y + 50)])
        hairline = make_zones(square(0, 0), bulge)
        assert len(repair_coverage(None, hairline, snap_within_m=0)) == 0
        assert only(repair_coverage(None, hairline))["action"] == "snap"


class TestTheLayer:
    def test_rows_index_columns_and_kinds_stay(self):
        zones = make_zones(
            MultiPolygon([square(0, 0)]), square(98, 0), crs=4547, name=["甲", "乙"], priority=[1, 2]
        )
        zones.index = pd.Index(["x", "x"], name="id")
        zones = zones.rename_geometry("shape")
        zones.attrs["source"] = "drawn"
        mended = apply_repairs(zones, repair_coverage(None, zones))
        assert mended.index.equals(zones.index)
        assert mended.columns.tolist() == zones.columns.tolist()
        assert mended.geom_type.tolist() == ["MultiPolygon", "Polygon"]
        assert (mended.attrs["source"], zones.attrs) == ("drawn", {"source": "drawn"})
        assert zones.area.tolist() == [10_000, 10_000]
        pd.testing.assert_frame_equal(
            pd.DataFrame(mended.drop(columns="shape")), pd.DataFrame(zones.drop(columns="shape"))
        )

    def test_zones_in_degrees_come_back_in_degrees_and_old_vertices_keep_every_digit(self):
        region = make_region(square(0, 0, 200, 200))
        zones = make_zones(square(0, 0, 99), square(101, 0, 99), square(0, 100, 200)).to_crs(4490)
        proposals = repair_coverage(region, zones)
        mended = apply_repairs(zones, proposals, region=region)
        assert proposals.crs == mended.crs == zones.crs
        assert mended.attrs["repairs"]["gaps_left"] == 0
        assert mended.to_crs(4547).area.round(4).tolist() == [10_100, 9900, 20_000]
        old = set(map(tuple, shapely.get_coordinates(zones.geometry.to_numpy())))
        assert old <= set(map(tuple, shapely.get_coordinates(mended.geometry.to_numpy())))
        assert shapely.coverage_is_valid(mended.geometry.to_numpy())

    def test_versions_and_other_levels_are_not_touched(self):
        zones = make_zones(
            square(0, 0),
            square(0, 0),
            square(98, 0),
            square(0, 0, 500),
            zone_code=["A", "A", "B", "S"],
            level=[2, 2, 2, 1],
            valid_to=["2024-12-31", None, None, None],
            valid_from=[None, "2025-01-01", None, None],
        )
        with pytest.raises(
            InputError, match=r"2 rows share their zone_code .*rows 0, 1.* name the day with at="
        ):
            repair_coverage(None, zones)
        proposals = repair_coverage(None, zones, at="2025-06-30")
        mended = apply_repairs(zones, proposals, at="2025-06-30")
        assert mended.area.tolist() == [10_000, 10_000, 9800, 50_000]

    def test_the_order_of_rows_changes_nothing(self):
        region, zones = jittered_city(6, seed=3, amount=1.0)
        mixed = zones.sample(frac=1, random_state=1)
        proposals, again = (repair_coverage(region, each, **NO_LIMITS) for each in (zones, mixed))
        pd.testing.assert_frame_equal(pd.DataFrame(proposals), pd.DataFrame(again))
        mended = apply_repairs(zones, proposals)
        other = apply_repairs(mixed, again.sample(frac=1, random_state=2)).sort_index()
        assert mended.geometry.normalize().tolist() == other.geometry.normalize().tolist()

    def test_proposals_survive_a_file(self, tmp_path):
        region, zones = jittered_city(4, seed=5, amount=1.0)
        repair_coverage(region, zones).to_file(tmp_path / "repairs.gpkg", layer="repairs")
        zones.to_file(tmp_path / "repairs.gpkg", layer="zones")
        read = {name: gpd.read_file(tmp_path / "repairs.gpkg", layer=name) for name in ("repairs", "zones")}
        mended = apply_repairs(read["zones"], read["repairs"])
        expected = apply_repairs(zones, repair_coverage(region, zones))
        assert mended.area.to_numpy() == pytest.approx(expected.area.to_numpy(), rel=1e-12)

    def test_nothing_to_mend(self):
        zones = make_zones(square(0, 0), square(100, 0))
        proposals = repair_coverage(make_region(square(0, 0, 200)), zones)
        assert len(proposals) == 0
        assert apply_repairs(zones, proposals).attrs["repairs"]["applied"] == []


class TestErrors:
    ZONES = make_zones(square(0, 0), square(98, 0))

    @pytest.mark.parametrize(
        ("change", "accept", "error", "words"),
        [
            (lambda p: p, ["R009"], InputError, "no repair R009"),
            (lambda p: p.drop(columns="status"), None, MissingColumnError, "status"),
            (lambda p: pd.concat([p, p]), None, InputError, "R001 comes twice"),
            (lambda p: p.assign(gaining_code="Q"), None, InputError, "Q is not a code"),
            (lambda p: p.assign(gaining_code=""), None, InputError, "R001 has no gaining_code"),
        ],
    )
    def test_proposals_that_do_not_fit_are_refused(self, change, accept, error, words):
        proposals = change(repair_coverage(None, self.ZONES))
        with pytest.raises(error, match=words):
            apply_repairs(self.ZONES, proposals, accept=accept)

    def test_proposals_for_zones_that_changed_since_are_refused(self):
        proposals = repair_coverage(None, self.ZONES)
        moved = self.ZONES.assign(geometry=[square(0, 0), square(99, 0)])
        moved.loc[0, "geometry"] = square(0, 0, 150)
        with pytest.raises(InputError, match="A changed since"):
            apply_repairs(moved, proposals)

    def test_ground_that_got_a_zone_since_is_not_given_away_again(self):
        zones = make_zones(square(0, 0), square(102, 0))
        proposals = repair_coverage(make_region(square(0, 0, 202)), zones)
        since = pd.concat([zones, make_zones(square(100, 0, 2), zone_code=["N"])], ignore_index=True)
        mended = apply_repairs(since, proposals)
        assert mended.attrs["repairs"]["refused"] == {"R001": "another_zone_there"}
        assert mended.geometry.tolist() == since.geometry.tolist()

    def test_an_overlap_that_nobody_would_keep_is_not_cut(self):
        proposals = repair_coverage(None, self.ZONES)
        moved = self.ZONES.assign(geometry=[square(0, 0), square(100, 0)])
        side = "gaining" if only(proposals)["gaining_code"] == "B" else "losing"
        mended = apply_repairs(moved, proposals.assign(**{f"{side}_before_m2": 10_000.0}))
        assert mended.attrs["repairs"]["refused"] == {"R001": "nobody_would_have_it"}

    @pytest.mark.parametrize("option", ["snap_within_m", "max_fill_area_m2", "max_cut_width_m"])
    def test_negative_limits_are_refused(self, option):
        with pytest.raises(InputError, match=option):
            repair_coverage(None, self.ZONES, **{option: -1})


def jittered_city(side, *, seed, amount, share=0.2):
    """Make side × side zones that fit, then move some of their vertices by up to an amount."""
    rng = np.random.default_rng(seed)
    corners = np.stack(np.meshgrid(*[np.arange(side + 1) * 100.0] * 2, indexing="ij"), axis=-1)
    corners[1:-1, 1:-1] += rng.uniform(-20, 20, (side - 1, side - 1, 2))
    middles = {}

    def border(one, other):
        first, last = sorted([one, other])
        if (first, last) not in middles:
            share_of = np.sort(rng.uniform(0.1, 0.9, 4))[:, None]
            middles[first, last] = corners[first] + share_of * (corners[last] - corners[first])
        line = [corners[first], *middles[first, last], corners[last]]
        return (line if first == one else line[::-1])[:-1]

    shapes = []
    for i, j in np.ndindex(side, side):
        ring = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1), (i, j)]
        points = np.array([point for k in range(4) for point in border(ring[k], ring[k + 1])])
        moved = rng.random(len(points)) < share
        points[moved] += rng.uniform(-amount, amount, (moved.sum(), 2))
        shapes.append(Polygon(points + (X, Y)))
    kept = [shape for shape in shapes if shape.is_valid]
    zones = make_zones(*kept, zone_code=[f"Z{at:05}" for at in range(len(kept))])
    return make_region(square(0, 0, side * 100, side * 100)), zones


@settings(max_examples=25, deadline=None)
@given(
    side=st.integers(2, 5),
    seed=st.integers(0, 10_000),
    amount=st.sampled_from([0.001, 0.02, 0.06, 0.5, 3.0, 15.0]),
    keep=st.floats(0, 1),
)
def test_whatever_is_accepted_nothing_is_lost_or_invented(side, seed, amount, keep):
    region, zones = jittered_city(side, seed=seed, amount=amount)
    proposals = repair_coverage(region, zones, **NO_LIMITS)
    ready = proposals.loc[proposals["status"] == "proposed", "repair_code"]
    accept = ready[np.random.default_rng(seed).random(len(ready)) <= keep].tolist()
    mended = apply_repairs(zones, proposals, accept=accept, region=region)
    account = mended.attrs["repairs"]
    # A cut may wait for another that was not accepted: alone it would leave a scrap.
    assert set(account["refused"].values()) <= ({"would_be_split"} if len(accept) < len(ready) else set())
    assert mended["zone_code"].tolist() == zones["zone_code"].tolist()
    assert mended.is_valid.all()
    assert not mended.is_empty.any()

    before, after = (shapely.union_all(each.geometry.to_numpy()) for each in (zones, mended))
    accepted = proposals[proposals["repair_code"].isin(account["applied"])]
    filled = accepted.loc[accepted["losing_code"] == "", "area_m2"].sum()
    assert after.area == pytest.approx(before.area + filled, rel=1e-9)
    cut = accepted.loc[accepted["losing_code"] != "", "area_m2"].sum()
    assert mended.area.sum() == pytest.approx(zones.area.sum() + filled - cut, rel=1e-9)

    left = proposals[~proposals["repair_code"].isin(account["applied"])].union_all()
    for found in (coverage_gaps(region, mended), overlapping_zones(mended)):
        outside = shapely.area(shapely.difference(found.geometry.to_numpy(), left.buffer(1e-5)))
        assert outside.sum() <= 1e-4
    if len(accept) == len(proposals):
        assert shapely.coverage_is_valid(mended.geometry.to_numpy())


def test_thousands_of_faults_are_mended():
    region, zones = jittered_city(32, seed=1, amount=0.5)
    proposals = repair_coverage(region, zones, **NO_LIMITS)
    assert len(proposals) > 3000
    assert (proposals["status"] == "proposed").mean() > 0.99
    account = apply_repairs(zones, proposals, region=region).attrs["repairs"]
    assert account["refused"] == {}
    assert account["gaps_left"] + account["overlaps_left"] <= (proposals["status"] != "proposed").sum() * 2
