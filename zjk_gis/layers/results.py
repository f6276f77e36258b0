"""The columns of every answer that the library gives, and the words that its coded columns hold.

By them a table is known: a file with the headings of an answer was written by the library, and its columns
are read back under their English names (see `zjk_gis.layers.headings`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.values import code_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import pandas as pd
    from numpy.typing import NDArray

    from zjk_gis.layers.spec import LayerSpec

__all__ = ["CODED", "RESULTS", "Result", "results_in", "row_codes", "spec_in"]

# Answers of a second and a third layer stand beside those of the zones.
_BESIDE = ("", "grid_", "section_")
_ANSWER = "found distance_m candidates ambiguous reason share level"


@dataclass(frozen=True, slots=True)
class Result:
    """One kind of answer.

    Attributes
    ----------
    keys : tuple of str
        The columns by which it is known.
    columns : tuple of str
        All columns that it may have, the keys among them.
    """

    keys: tuple[str, ...]
    columns: tuple[str, ...]


def _result(keys: str, others: str = "") -> Result:
    return Result(tuple(keys.split()), tuple(f"{keys} {others}".split()))


_PLACES = "community_code street_code district_code"
_FAULT = "incidents components component_counts people road_m consequence rank exception exception_code"
_SHAPE = "kind area_m2 width_m mean_width_m length_m"
_ANSWERS = "zone_code chief_code chief_name street_code street_name"
_STRETCH = "road_code road_name road_class street_code district_code from_m to_m side"
RESULTS: dict[str, Result] = {
    "assigned": _result(
        "found reason",
        " ".join(f"{beside}{name}" for beside in _BESIDE for name in _ANSWER.split())
        + " zone_code chief_code chief_name grid_code section_code section_chief_code section_chief_name "
        f"position_fix chief_serves {_PLACES}",
    ),
    "checked": _result("computed_code agreement", "recorded_m"),
    "agreements": _result("agreement count", "share"),
    "suspicions": _result(
        "suspicion agreement_before agreement_after",
        "rows first_code second_code version datum shift_m shift_east_m shift_north_m evidence",
    ),
    "gaps": _result("gap_code area_m2", f"{_SHAPE} neighbours neighbour_borders_m expired_codes {_FAULT}"),
    "overlaps": _result(
        "overlap_code first_code second_code", f"codes {_SHAPE} first_share second_share {_FAULT}"
    ),
    "ranked": _result("fault consequence", f"gap_code overlap_code edge_code answer {_SHAPE} {_FAULT}"),
    "exceptions": _result(
        "exception_code fault_code accepted_by",
        "fault_kind concerned_codes area_m2 accepted_why valid_from valid_to",
    ),
    "repairs": _result(
        "repair_code action status",
        "reason gaining_code losing_code by area_m2 mean_width_m neighbours neighbour_borders_m "
        "gaining_before_m2 gaining_after_m2 losing_before_m2 losing_after_m2 round made",
    ),
    "mismatches": _result(
        "mismatch_code kind", "first_code second_code lacking_code vertices deviation_m length_m"
    ),
    "border_sheet": _result(
        "border_code first_code second_code",
        "length_m road_name road_share river_name river_share incidents first_incidents second_incidents "
        "other_incidents nobody_incidents ambiguous ambiguous_share",
    ),
    "moved": _result(
        "move_code kind from_code to_code",
        "from_chief to_chief area_m2 from_share to_share road_m incidents open components",
    ),
    "moved_roads": _result("move_code road_m", "road_code road_name road_class edge_code"),
    "moved_incidents": _result("move_code from_code to_code open", "from_chief to_chief"),
    "handover": _result(
        "chief_code direction counterpart_chief",
        "chief_name from_code to_code area_m2 road_m incidents open open_incidents roads",
    ),
    "zone_changes": _result(
        "zone_code kind from_codes to_codes",
        "before_m2 after_m2 kept_m2 given_m2 taken_m2 from_chief to_chief",
    ),
    "positions": _result("row problem evidence"),
    "stretches": _result(
        "answering answer side",
        f"edge_code {_STRETCH} length_m counted_m border_road codes by level vacant {_FAULT}",
    ),
    "road_totals": _result("answer length_m share", "district_code street_code road_class"),
    "chiefs": _result(
        "chief_code load standing",
        "chief_name zones sections area_m2 road_m incidents open handled to_median",
    ),
    "busiest_chiefs": _result("chief_code zones incidents share", "chief_name"),
    "figures": _result("measure value unit", "promise whole share layer filter amount whole_amount"),
    "findings": _result(
        "finding finding_code promise",
        f"layer concerned_codes event_name road_name from_m to_m side area_m2 {_FAULT}",
    ),
    "hot_spots": _result("spot_code nobody ambiguous", "incidents concerned_codes"),
    "ground": _result("answer area_m2"),
    "judged_zones": _result("zone_code area_m2 has_chief", "incidents"),
    "timeline": _result("answer begins_on ends_on", "part codes chiefs days area_m2 sentence"),
    "lapses": _result(
        "lapse_code kind", "codes before_codes after_codes begins_on ends_on days area_m2 sentence"
    ),
    "group_faults": _result("rule severity code other", "title layer value unit limit message"),
    "codes": _result("code rule severity message", "row field value"),
    "problems": _result("rule severity message field", "layer row value"),
    "considered": _result(
        "relation verdict border_m", "zone_code grid_code section_code distance_m area_m2 chief_code "
        "valid_from valid_to priority level"
    ),
    "sections_without_chief": _result("section_code reason"),
    "manholes_outside_zones": _result("manhole_code distance_m reason"),
    "orphan_manholes": _result("manhole_code distance_m"),
    "misconnections": _result(
        "pipe_code misconnection into_pipes",
        "manhole_code drains_m drains_manholes outfall_code several_outfalls",
    ),
    "traced": _result("pipe_code steps distance_m from_node to_node", "length_m"),
    "backed_up": _result("pipe_code distance_m from_node to_node", "length_m"),
    "outfalls": _result(
        "pipe_code outfall_code upstream_length_m downstream_length_m",
        "upstream_manholes several_outfalls in_cycle is_registered from_node to_node length_m",
    ),
    "critical_pipes": _result(
        "pipe_code is_bridge cut_off_m", "cut_off_manholes is_fed from_node to_node length_m"
    ),
    "critical_manholes": _result("node_code is_cut pieces", "cut_off_m cut_off_manholes"),
    "isolation_segments": _result("pipe_code segment segment_length_m segment_valves", "length_m"),
    "valves_to_close": _result("valve_code ring feeds"),
    "unregistered_outfalls": _result(
        "outfall_code pipe_code upstream_manholes", "pipe_kind upstream_length_m"
    ),
    "unfed_pipes": _result("pipe_code is_fed is_bridge"),
    "pipe_joins": _result("pipe_code end node_code how", "row distance_m remark"),
    "unjoined_ends": _result("pipe_code end reason recorded near_code", "row distance_m"),
    "pipe_directions": _result("pipe_code way direction_source contradicts", "flow levels drawn_backwards"),
    "pipelines_in_core": _result("pipe_code length_m block_name"),
    "protected": _result(
        "protection scopes border_scopes",
        "scope protected_code protected_name inside_m inside_m2 scope_m scope_m2 share depth_m nearest_scope "
        "distance_m rule approver clause confidence known unknown_layers surveyed_on layer code zone_code "
        f"chief_code chief_name street_name {_PLACES}",
    ),
    "affected_features": _result(
        "protection protected_code code",
        "scope protected_name layer inside_m inside_m2 share depth_m rule approver clause confidence "
        f"zone_code chief_code chief_name street_name {_PLACES}",
    ),
    "block_conformity": _result(
        "block_name core_ha core_ok",
        "core_pieces largest_piece_ha protected_area_m2 building_area_m2 protected_share unknown_area_m2 "
        "unknown_buildings share_ok control_ha uncontrolled_m control_surrounds overlap_m2 overlaps_with "
        "rule confidence zone_code chief_code chief_name street_code street_name",
    ),
    "archives": _result(
        "missing_fields fields_required filled_share survey",
        "fields_filled has_photo survey_due_on zone_code chief_code chief_name street_code street_name",
    ),
    "archive_totals": _result(
        "buildings complete without_photo",
        "block_name protection_class complete_share filled_share survey_overdue never_surveyed missing_most",
    ),
    "height_conflicts": _result(
        "status limit_m excess_m",
        "height_zone_code height_rule layer code zone_code chief_code chief_name street_code street_name",
    ),
    "view_corridor_conflicts": _result(
        "corridor_code blocks_m sight_m",
        "status width_share corridor_share distance_m zone_code chief_code chief_name street_code "
        "street_name",
    ),
    "survey_faults": _result(
        "finding_code rule rule_source value limit",
        "title severity pipe_code manhole_code other message confidence owner",
    ),
    "adverse_slopes": _result("pipe_code slope slope_fault", "least_slope sure lacking rule confidence"),
    "clearance_conflicts": _result(
        "finding_code pipe_a net_m required_m",
        "kind pipe_b beside_code group_a group_b shortfall_m status lacking who_yields yields_by rule "
        "confidence",
    ),
    "cover_depths": _result("pipe_code cover_m road_place", "required_m shortfall_m status rule confidence"),
    "excavation_impact": _result(
        "dig pipe_code impact tell",
        "pipe_kind class_name owner length_m distance_m cover_m depth_margin_m is_bridge cut_off_m "
        "backs_up_m backs_up_manholes backs_up_first is_abandoned scope_code scope zone_code chief_name",
    ),
    "repeated_excavations": _result(
        "road_code permit_a permit_b",
        "finding_code months_between length_m moratorium_until applicants emergency rule confidence",
    ),
    "cross_section": _result(
        "offset_m pipe_code angle",
        "pipe_kind class_name owner diameter_mm width_mm height_mm level_m top_m bottom_m ground_m cover_m "
        "is_abandoned",
    ),
    "nearest_facilities": _result(
        "network_m straight_m reason", "facility_code entrance_code detour nearest_straight_m rank"
    ),
    "service_areas": _result("within_m road_m area_m2", "facility_code people buildings"),
    "road_report": _result("first_edge second_edge decision", "kind reason gap_m"),
    "road_edges": _result(
        "edge_code from_node to_node from_m",
        "road_code road_name road_class length_m grade_level is_bridge one_way width_m",
    ),
    "road_nodes": _result("node degree component"),
    "dead_ends": _result(
        "edge_code kind link_m saved_m", "road_code road_name length_m link_edge_code way_round_m"
    ),
    "missing_links": _result("link_code first_edge second_edge", "link_m way_round_m saved_m detour"),
    "dead_end_links": _result("edge_code link_edge_code link_m", "way_round_m saved_m"),
    "overlaid": _result(
        "row found candidates",
        "count length_m area_m2 share distance_m zone_code zone_name chief_code chief_name grid_code "
        f"section_code scope scope_code block_name street_name community_name district_name {_PLACES}",
    ),
    "coverage": _result(
        "homes_network homes_straight",
        "area_code homes people people_network people_straight share_network share_straight "
        "people_unknown people_too_far people_cut_off people_no_road people_in_barrier people_no_position "
        "area_m2 area_network_m2 area_straight_m2 area_share_network area_share_straight",
    ),
    "parking_coverage": _result("homes_network homes_straight", "area_code"),
    "facility_density": _result(
        "cell_code per_km2 short_by", "area_km2 facilities wanted_per_km2 is_judged falls_short"
    ),
    "lacking_facilities": _result(
        "facility within_m lacks", "estate_code facility_code network_m straight_m reason"
    ),
    "bottlenecks": _result("edge_code kind road_cut_off_m", "road_name is_bridge people"),
    "detour_index": _result("pairs detour_median detour_90", "area_code not_measured"),
    "berth_balance": _result("lots_reached berths_per_vehicle shortage", "vehicles berths_reached"),
    "berths_of_lots": _result("demand berths_per_vehicle unreached", "lot_code berths"),
    "berths_by_area": _result(
        "berths_public berths_private berths_on_street",
        "area_code berths_of_unknown_kind berths lots lots_without_berths vehicles ratio judgement planned "
        "share_of_plan",
    ),
    "berth_authority": _result("authority share_inside across_kerb"),
    "sites": _result("order gain people_served", "candidate"),
    "site_demand": _result("site_code network_m reason"),
    "deadlines": _result("deadline_state time_left", "due_at clock time_allowed time_used is_handled"),
    "case_ledgers": _result(
        "ledger duty due_on", "case_code cause department begun_on days_used days_left deadline_state"
    ),
    "indicators": _result("indicator numerator denominator value", "low_95 high_95 n month"),
    "repeat_incidents": _result(
        "place_code median_gap_days incident_codes",
        "event_code event_name part_code times first_at last_at spread_m while_open chief_codes " + _ANSWERS,
    ),
    "marked_repeats": _result("is_repeat place_code"),
    "duplicate_reports": _result(
        "main_code is_main likeness",
        "incident_code occurred_at event_code event_name source description reports distance_m "
        f"minutes_after {_ANSWERS}",
    ),
    "black_spots": _result(
        "piece_code per_100m left_side right_side",
        "rank road_code road_name road_part from_m to_m length_m incidents by_road_name incident_codes "
        + _ANSWERS,
    ),
    "scores": _result("score weight lacking_indicators", "n"),
    "score_parts": _result("indicator indicator_points contribution", "value weight"),
    "ranking": _result(
        "area_class class_place unranked",
        "score weight lacking_indicators n is_tied previous_place places_gained",
    ),
    "trends": _result(
        "indicator month_change year_change", "month value months year_slope tau p_value"
    ),
    "bulletin_figures": _result(
        "figure chapter judgement",
        "month grouped_by subject subject_name indicator value value_unit numerator denominator n low_95 "
        "high_95 target_value previous_value month_change year_change judged_by",
    ),
    "figure_rows": _result(
        "in_numerator", "in_denominator hours_taken deadline_state due_at is_counted figure"
    ),
    "target_progress": _result(
        "target progress reached_amount",
        "target_title clause area target_scope target_amount unit numerator denominator expected_by_now "
        "lacking_amount due_on counted_of quote measured_by left_out data_lacking",
    ),
    "measured_targets": _result(
        "target measured_by data_lacking", "target_title clause area numerator denominator left_out"
    ),
    "work_indicators": _result("indicator numerator denominator value", "low_95 high_95 n"),
    "hot_cells": _result(
        "cell_code z_score hot_class",
        "incidents near_incidents near_cells basis_amount rate p_value spot_code cell_m reach_m basis",
    ),
    "hot_patterns": _result(
        "cell_code pattern hot_steps",
        "incidents tau p_value cold_steps step_count first_hot last_hot last_z_score first_step last_step "
        "compare confidence_level cell_m reach_m basis",
    ),
    "hot_spot_places": _result(
        "spot_code cell_count z_score", "street_name community_name road_name incidents"
    ),
    "near_repeats": _result(
        "up_to_m to_days pairs ratio_to_chance", "over_m from_days expected_pairs p_value"
    ),
    "rejects": _result("row_number why"),
    "risk_buffers": _result(
        "hazard_code buffer_m weight",
        "hazard_kind hazard_grade area_m2 people facilities rule confidence " + _ANSWERS,
    ),
    "risk_faces": _result(
        "face_code hazard_codes risk", f"hazard_count ungraded area_m2 people {_ANSWERS}"
    ),
    "hazard_facilities": _result("hazard_code layer facility_code distance_m"),
    "hazard_resources": _result("hazard_code layer network_m straight_m reason", "facility_code"),
    "building_changes": _result(
        "change_code change former_codes present_codes",
        "added_m2 gone_m2 storeys_before storeys_after passes last_passed_at last_patrol " + _ANSWERS,
    ),
    "patrol_passes": _result("place_code patrol_code arrived_at", "left_at nearest_m"),
    "double_payment": _result(
        "first_contract second_contract paid_twice",
        "overlap_code first_area second_area first_contractor second_contractor service_kind area_m2 "
        f"first_paid second_paid status {_ANSWERS}",
    ),
    "shareable_poles": _result(
        "group_code host_code members",
        f"pole_count saved farthest_m pole_kinds owners road_name rule confidence {_ANSWERS}",
    ),
    "footway_obstacles": _result(
        "surface layer standing_code",
        f"surface_codes area_m2 length_m distance_m limit rule confidence {_ANSWERS}",
    ),
    "cables_along_tunnels": _result(
        "cable_code tunnel_codes from_m to_m",
        f"cable_kind owner length_m share rule confidence {_ANSWERS}",
    ),
}  # fmt: skip

_REASONS = (
    "one_zone overlap shared_border outer_border within_reach tie undecided expired_zone out_of_reach "
    "no_position bad_position zero no_chief expired uncovered too_large too_wide no_neighbour would_be_empty "
    "would_be_invalid would_be_split area_not_conserved another_zone_there nobody_would_have_it "
    "partial nested duplicate reached too_far cut_off no_road in_barrier within_tolerance "
    "same_level levels_differ level_unknown asked_for drawn_twice not_a_bridge served not_chosen"
)
_INDICATORS = (
    "filed_rate handled_rate handled_in_time_rate rework_rate overdue_open_rate extended_rate closed_rate "
    "closed_in_time_rate repeat_rate hours_median hours_90 filed_per_km2 filed_per_10000 filed_per_chief "
    "budget_share paid_rate private_fund_rate finished_rate finished_in_time_rate overdue_works_rate "
    "budget_per_km2 budget_per_10000 "
    "reported filed due overdue_open closing_due no_deadline no_time unpublished suspended void score "
    "class_place"
)
_FOUND = "inside border nearest none"
_PROBLEMS = "missing not_a_number zero swapped_axes outside_china outside_region gcj02 bd09 undecided_datum"
_LAYERS = (
    "ground stretches assigned judged_zones chiefs matters gaps overlaps unanswered_roads hot_spots zones "
    f"groups grids {' '.join(CATALOGUE)}"
)
# The words of the library's own that a column holds; several stand with semicolons between them. Within a
# column no two of them have one translation.
CODED: dict[str, tuple[str, ...]] = {
    name: tuple(words.split())
    for name, words in {
        **{f"{beside}found": _FOUND for beside in _BESIDE},
        **{f"{beside}reason": _REASONS for beside in _BESIDE},
        "position_fix": _PROBLEMS,
        "found": f"{_FOUND} partial crossing",
        "problem": _PROBLEMS,
        "agreement": "agrees overlap border near far expired unknown_code blank no_position",
        "suspicion": "shift gcj02 bd09 swapped_axes other_vintage swapped_codes renamed_code other_code "
        "unknown_codes",
        "datum": "gcj02 bd09",
        "kind": "missing_zone hole edge sliver uncovered duplicate nested partial unmatched_vertex "
        "near_edges other_zone other_chief from_nobody to_nobody unchanged chief_changed renamed merged "
        "split reshaped retired new gap overlap horizontal crossing vertical end_gap end_below "
        "common_vertex double_line barrier dead_end at_boundary at_entrance driveway road junction",
        "judgement": "too_few within too_many good watch bad no_data not_judged",
        "judged_by": "target city month_before",
        "chapter": "overall areas trades matrix ranking worst trend month_before year_before progress",
        "value_unit": "share hours cases score_points ordinal count",
        "authority": "traffic_police city_management",
        "facility": " ".join(CATALOGUE),
        "decision": "joined apart left_open passable",
        "slope_fault": "adverse flat below_least too_steep cannot_be_judged",
        "impact": "is_hit near_miss beside clear cannot_be_judged",
        "road_place": "carriageway footway unknown",
        "yields_by": "pipe gravity rigid size",
        "fault": "gaps overlaps unanswered_roads",
        "exception": "expired acceptance_expired shape_changed",
        "action": "fill cut snap match",
        "change": "newly_built grown storeys_added partly_gone gone",
        "surface": "tactile_paving footway",
        "status": "proposed left_to_a_person needs_review cannot_be_judged double_payment exceeds",
        **dict.fromkeys(
            ("missing_fields", "missing_most"),
            "building_code building_name address block_name protection_class built_era structure storeys "
            "building_use owner condition key_parts repairs photo_files drawing_files surveyed_on",
        ),
        "protection": "inside border outside unknown",
        "survey": "surveyed survey_overdue never_surveyed cannot_be_judged",
        "by": "zone section longest_border highest_priority smallest_area lowest_code line_of_the_other "
        "vertices_of_the_other keeps_both_whole",
        "direction": "gives gets",
        "answer": "one several nobody accepted",
        "standing": "idle overloaded",
        "promise": "every_road every_matter everyone",
        "measure": "ground_once ground_several ground_nobody ground_accepted road_one road_several "
        "road_nobody road_border matters_one matters_several matters_fallback incidents_answered "
        "incidents_undoubted incidents_with_chief zones_with_chief chiefs_idle chiefs_overloaded load_gini "
        "load_of_busiest ground_before_or_after ground_unmoved ground_moved ground_dropped ground_to_nobody "
        "zones_changed chiefs_concerned road_moved incidents_changed open_changed",
        "finding": "gap overlap road_nobody road_several no_position hot_spot matter_several matter_fallback "
        "chief_idle chief_overloaded zone_without_chief",
        "layer": _LAYERS,
        "component_counts": " ".join(CATALOGUE),
        "relation": "inside border nearby",
        "verdict": "answers outranked farther expired_zone out_of_reach",
        "severity": "error warning",
        "deadline_state": "in_time overdue not_due no_deadline unpublished not_filed no_time suspended void",
        "ledger": "countdown complex",
        "duty": "decide close publish",
        "indicator": _INDICATORS,
        "lacking_indicators": _INDICATORS,
        "unranked": "no_data few_cases",
        "hot_class": "hot_99 hot_95 hot_90 not_significant cold_90 cold_95 cold_99 not_judged",
        "pattern": "no_pattern new_hot consecutive_hot intensifying_hot persistent_hot diminishing_hot "
        "oscillating_hot sporadic_hot historical_hot new_cold consecutive_cold intensifying_cold "
        "persistent_cold diminishing_cold oscillating_cold sporadic_cold historical_cold not_judged",
        "basis": "nothing people roads patrols",
        "compare": "cube step",
        "progress": "achieved on_course behind not_achieved no_data",
        "why": "missing not_a_number zero swapped_axes too_many_cells outside_china outside_region no_point "
        "bad_time bad_position",
    }.items()
}


@cache
def _by_code() -> dict[str, LayerSpec]:
    return {spec.code: spec for spec in CATALOGUE.values()}


def results_in(columns: Collection[str]) -> list[str]:
    """Return which answers a table may be, by the names of its columns.

    Examples
    --------
    >>> results_in(["incident_code", "zone_code", "found", "reason"]), results_in(["code", "name"])
    (['assigned'], [])
    """
    return [name for name, result in RESULTS.items() if set(result.keys) <= set(columns)]


def spec_in(columns: Iterable[str]) -> LayerSpec | None:
    """Return the layer of the catalogue whose rows a table holds: that of its first column of codes.

    Examples
    --------
    >>> spec_in(["note", "manhole_code", "zone_code"]).name
    'manholes'
    """
    return next((_by_code()[name] for name in columns if name in _by_code()), None)


def row_codes(layer: pd.DataFrame) -> NDArray[np.object_]:
    """Return the codes of rows, empty where one is missing; of a layer without known codes the index labels.

    Examples
    --------
    >>> import pandas as pd
    >>> row_codes(pd.DataFrame({"manhole_code": ["W1", None]})).tolist()
    ['W1', '']
    >>> row_codes(pd.DataFrame(index=[7])).tolist()
    ['7']
    """
    spec = spec_in(map(str, layer.columns))
    codes = layer.index.astype(str) if spec is None else code_text(layer[spec.code]).fillna("")
    return np.asarray(codes, dtype=object)
