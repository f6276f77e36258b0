"""Vertices made one, and the account of several rounds of repairs."""

import geopandas as gpd
import shapely
from shapely import box

from zjk_gis.coverage import repair_rounds
from zjk_gis.coverage.repair_rounds import _summed, mend_coverage
from zjk_gis.overlay.snapping import weld


def test_a_vertex_of_a_zone_within_the_edge_of_a_gap_is_one_of_the_gap_too():
    """The gap lies from 10 to 12; east of it two zones meet half way up."""
    zones = shapely.box([0, 12, 12], [0, 0, 5], [10, 20, 20], [10, 5, 10])
    welded, pieces = weld(zones, shapely.box([10], 0, 12, [10]))
    assert [shape.equals(zone) for shape, zone in zip(welded, zones, strict=True)] == [True] * 3
    assert (12, 5) in pieces[0].exterior.coords
    assert shapely.get_num_coordinates(pieces[0]) == 6


def test_the_account_of_all_rounds_begins_with_the_first_and_ends_with_the_last():
    one = {
        "applied": ["R001", "R002"], "changed_codes": ["B"], "renoded_codes": ["A", "C"],
        "covered_before_m2": 90.0, "covered_after_m2": 95.0, "filled_m2": 5.0, "gaps_left": 1,
    }  # fmt: skip
    other = {
        "applied": ["R001-2"], "changed_codes": ["A"], "renoded_codes": ["D"],
        "covered_before_m2": 95.0, "covered_after_m2": 98.0, "filled_m2": 3.0, "gaps_left": 0,
    }  # fmt: skip
    assert _summed([one, other]) == {
        "rounds": 2, "applied": ["R001", "R002", "R001-2"], "changed_codes": ["A", "B"],
        "renoded_codes": ["C", "D"], "covered_before_m2": 90.0, "covered_after_m2": 98.0,
        "filled_m2": 8.0, "gaps_left": 0,
    }  # fmt: skip


def test_a_repair_of_a_later_round_has_its_number(monkeypatch):
    """Of the two that overlap their neighbour, each round proposes one."""
    whole = repair_rounds.repair_coverage
    monkeypatch.setattr(
        repair_rounds, "repair_coverage", lambda *given, **options: whole(*given, **options)[:1]
    )
    shapes = [box(0, 0, 11, 10), box(10, 0, 21, 10), box(20, 0, 30, 10)]
    zones = gpd.GeoDataFrame({"zone_code": list("ABC")}, geometry=shapes, crs=4547)
    limits = {"max_cut_area_m2": 1e3, "max_cut_width_m": 10}
    _, repairs = mend_coverage(None, zones, **limits)
    assert repairs[["repair_code", "round"]].to_numpy().tolist() == [["R001", 1], ["R001-2", 2]]
