"""What was found amiss, on any map: which columns a click tells, and how it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zjk_gis.layers.labels import label
from zjk_gis.maps import style
from zjk_gis.maps.parts import RANKED

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from zjk_gis.maps.page import Page

__all__ = ["FINDINGS", "add_found"]

# What was found amiss: columns to show, and how it looks; in the order drawn.
FINDINGS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "parking_gaps": (("area_m2", "people"), style.area("#7b6d8d", fill=0.28, weight=1, dash="2 4")),
    "parking_coverage": (
        (
            "area_code",
            "people",
            "people_network",
            "share_network",
            "people_straight",
            "share_straight",
        ),
        style.area(style.STEEL, fill=0.12, weight=1, dash="4 3", hatch="dots"),
    ),
    "dead_ends": (
        ("edge_code", "road_name", "length_m", "link_edge_code", "link_m", "way_round_m", "saved_m"),
        style.mark(style.FAULT, "triangle", radius=5),
    ),
    "missing_links": (
        ("link_code", "first_edge", "second_edge", "link_m", "way_round_m", "saved_m"),
        style.found(style.FINE, weight=4, dash="6 4"),
    ),
    "moved": (
        ("move_code", "kind", "from_code", "to_code", "from_chief", "to_chief", "area_m2", "road_m", "open"),
        style.area(style.ORANGE, fill=0.55, weight=2),
    ),
    "sections_without_chief": (
        ("section_code", "road_name", "from_place", "to_place", "length_m", "reason", "valid_to"),
        style.found(style.FAULT, weight=5, dash="8 5"),
    ),
    "unanswered_roads": (
        ("edge_code", "road_name", "from_m", "to_m", "length_m", "side", "answer", "codes", "vacant"),
        style.found(style.VERMILION, weight=6),
    ),
    "hot_spots": (
        ("spot_code", "incidents", "nobody", "ambiguous", "concerned_codes"),
        style.area(style.FAULT, fill=0.25, weight=1.2, dash="2 3"),
    ),
    "open_matters": (
        ("rank", "concerned_codes", "incidents", "event_name"),
        style.area(style.GREY, fill=0.12, weight=1.5, dash="6 3", hatch="level"),
    ),
    "zones_without_chief": (
        ("rank", "finding_code", "incidents", "area_m2"),
        style.area(style.YELLOW, fill=0.4, weight=2.5),
    ),
    "uneven_chiefs": (
        ("rank", "finding", "finding_code", "incidents", "area_m2", "road_m", "concerned_codes"),
        style.area(style.INDIGO, fill=0.18, weight=2.5, dash="9 4"),
    ),
    "pipelines_in_core": (
        ("pipe_code", "pipe_kind", "block_name", "length_m", "diameter_mm", "owner"),
        style.found(style.BLACK, weight=3, dash="2 4"),
    ),
    "misconnections": (
        (
            "pipe_code",
            "misconnection",
            "manhole_code",
            "into_pipes",
            "drains_m",
            "outfall_code",
            "diameter_mm",
            "road_name",
            "owner",
        ),
        style.found(style.PINK, weight=5),
    ),
    "drains_in_circles": (
        ("pipe_code", "pipe_kind", "outfall_code", "upstream_length_m", "road_name"),
        style.found(style.INDIGO, weight=5, dash="2 6"),
    ),
    "unfed_pipes": (
        ("pipe_code", "pipe_kind", "length_m", "road_name", "owner"),
        style.found(style.GREY, weight=5, dash="6 4"),
    ),
    "uphill_flows": (
        ("pipe_code", "pipe_kind", "flow", "from_level_m", "to_level_m", "direction_source", "road_name"),
        style.found(style.ORANGE, weight=5, dash="10 3 2 3"),
    ),
    "unjoined_ends": (
        ("pipe_code", "end", "reason", "recorded", "near_code", "distance_m"),
        style.mark(style.FAULT, "plus", radius=5),
    ),
    "unregistered_outfalls": (
        ("outfall_code", "pipe_code", "pipe_kind", "upstream_length_m", "upstream_manholes"),
        style.mark(style.INDIGO, "triangle", radius=6, edge=style.BLACK),
    ),
    "manholes_outside_zones": (
        ("manhole_code", "pipe_kind", "road_name", "owner"),
        style.mark(style.YELLOW, "circle", radius=4, edge=style.BLACK),
    ),
    "repeated_excavations": (
        (
            "finding_code",
            "road_code",
            "permit_a",
            "permit_b",
            "months_between",
            "length_m",
            "moratorium_until",
            "applicants",
            "emergency",
        ),
        style.found(style.PURPLE, weight=7, dash="3 3"),
    ),
    "cover_depths": (
        ("pipe_code", "pipe_kind", "cover_m", "required_m", "shortfall_m", "road_place", "status", "rule"),
        style.found("#8c6d1f", weight=5, dash="4 4"),
    ),
    "adverse_slopes": (
        ("pipe_code", "pipe_kind", "slope_fault", "slope", "least_slope", "sure", "lacking", "rule"),
        style.found(style.VERMILION, weight=5, dash="14 4 2 4 2 4"),
    ),
    "survey_faults": (
        (
            "finding_code",
            "title",
            "pipe_code",
            "manhole_code",
            "other",
            "value",
            "limit",
            "message",
            "rule_source",
            "confidence",
        ),
        style.found(style.FAULT, weight=4, dash="2 4"),
    ),
    "clearance_conflicts": (
        (
            "finding_code",
            "kind",
            "pipe_a",
            "pipe_b",
            "beside_code",
            "net_m",
            "required_m",
            "shortfall_m",
            "status",
            "who_yields",
            "rule",
            "confidence",
        ),
        style.mark(style.FAULT, "diamond", radius=5, edge=style.BLACK),
    ),
    "archive_gaps": (
        (
            "building_code",
            "building_name",
            "block_name",
            "filled_share",
            "missing_fields",
            "survey",
            "survey_due_on",
        ),
        style.mark(style.YELLOW, "square", radius=5, edge=style.BLACK),
    ),
    "height_conflicts": (
        ("layer", "code", "status", "height_m", "limit_m", "excess_m", "height_zone_code", "height_rule"),
        style.area(style.PURPLE, fill=0.45, weight=2.2, hatch="upright"),
    ),
    "view_corridor_conflicts": (
        (
            "building_code",
            "corridor_code",
            "status",
            "sight_m",
            "blocks_m",
            "width_share",
            "corridor_share",
            "distance_m",
        ),
        style.area(style.VERMILION, fill=0.45, weight=2.2, dash="4 2"),
    ),
    "risk_buffers": (
        (
            "hazard_code",
            "hazard_kind",
            "hazard_grade",
            "buffer_m",
            "people",
            "facilities",
            "rule",
            "confidence",
        ),
        style.area("#c2410c", fill=0.08, weight=1.4, dash="5 4"),
    ),
    "risk_faces": (
        ("face_code", "hazard_codes", "hazard_count", "risk", "ungraded", "area_m2", "people"),
        style.area("#c2410c", fill=0.3, weight=1.8),
    ),
    "double_payment": (
        (
            "overlap_code",
            "first_contract",
            "second_contract",
            "first_contractor",
            "second_contractor",
            "service_kind",
            "area_m2",
            "paid_twice",
            "status",
        ),
        style.area(style.INDIGO, fill=0.3, weight=2, dash="7 3"),
    ),
    "building_changes": (
        (
            "change_code",
            "change",
            "former_codes",
            "present_codes",
            "added_m2",
            "gone_m2",
            "storeys_before",
            "storeys_after",
        ),
        style.area(style.VERMILION, fill=0.4, weight=2, hatch="back"),
    ),
    "cables_along_tunnels": (
        ("cable_code", "cable_kind", "owner", "length_m", "share", "tunnel_codes", "rule", "confidence"),
        style.found(style.ORANGE, weight=4, dash="10 4"),
    ),
    "shareable_poles": (
        ("group_code", "host_code", "members", "saved", "farthest_m", "pole_kinds", "owners", "road_name"),
        style.mark(style.SKY, "square", radius=5, edge=style.BLACK),
    ),
    "cover_faults": (
        ("finding_code", "title", "manhole_code", "other", "message", "owner", "rule_source", "confidence"),
        style.mark(style.ORANGE, "triangle", radius=5, edge=style.BLACK),
    ),
    "orphan_manholes": (
        ("manhole_code", "pipe_kind", "road_name", "owner"),
        style.mark("#ffffff", "circle", radius=5, edge=style.FAULT, weight=2.4),
    ),
}
_OFF = (
    "parking_gaps",
    "parking_coverage",
    "dead_ends",
    "missing_links",
    "manholes_outside_zones",
    "open_matters",
    "uneven_chiefs",
    "hot_spots",
)


def add_found(page: Page, results: Mapping[str, gpd.GeoDataFrame], *, group: str) -> None:
    """Draw the findings that are among results, in the order of `FINDINGS`."""
    for name, (columns, look) in FINDINGS.items():
        if name in results:
            page.add(
                results[name],
                name=label(name, page.lang),
                group=group,
                styles=[look],
                columns=(*columns, *(each for each in RANKED if each not in columns)),
                search=columns[:1],
                on=name not in _OFF,
            )
