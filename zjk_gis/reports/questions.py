"""The question that each table answers, and what its figures are counted of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.layers.labels import Language

__all__ = ["question_of", "whole_of"]

_QUESTIONS: dict[str, str] = {
    "figures": "How far are the three promises kept?",
    "gaps": "Which ground has no responsibility zone?",
    "overlaps": "Which ground has several responsibility zones?",
    "unanswered_roads": "Which roads have nobody or several?",
    "stretches": "Who answers for each stretch of road?",
    "chiefs": "How much has each road chief to do?",
    "busiest_chiefs": "Which road chiefs have most incidents?",
    "matters": "Which department handles each matter?",
    "assigned": "Who answers for each incident?",
    "ambiguous": "Which incidents need a look?",
    "incidents": "Which incidents are there?",
    "rejects": "Which rows were rejected, and why?",
    "sections_without_chief": "Which road sections have no chief?",
    "manholes_outside_zones": "Which manholes lie outside every zone?",
    "orphan_manholes": "Which manholes have no pipe?",
    "misconnections": "Which drains run into the wrong network?",
    "unjoined_ends": "Which ends of pipes are not joined?",
    "unregistered_outfalls": "Which outfalls are not registered?",
    "unfed_pipes": "Which pipes does nothing feed?",
    "pipelines_in_core": "Which pipelines run through a historic core?",
    "parking_gaps": "Which ground is beyond the reach of parking open to the public?",
    "parking_coverage": "How many people have parking within reach, along the roads and in a straight line?",
    "homes": "Who reaches a facility along the roads, and why do others not?",
    "coverage": "How many people and how much ground are within reach, by area?",
    "service_areas": "Which ground is within reach along the roads?",
    "road_report": "Where do lines not simply meet, and what was decided?",
    "sites": "Where do the next facilities do most good?",
    "site_demand": "Who is within reach once they are built?",
    "dead_ends": "Where do roads end, and which ends could be opened?",
    "dead_end_links": "Which links would open dead ends?",
    "missing_links": "Which short links would shorten long ways round?",
    "bottlenecks": "On which single roads and junctions does a part of the city hang?",
    "detour_index": "How roundabout are ways along the roads?",
    "facility_density": "Where are there too few facilities to a square kilometre?",
    "estates_lacking": "Which estates lack most within reach?",
    "lacking_facilities": "How far is each kind of facility from each estate?",
    "berth_balance": "Which homes have no berth within reach?",
    "berths_of_lots": "How many vehicles share the berths of each lot?",
    "berths_by_area": "How many berths are there to a vehicle, by area and kind of lot?",
    "in_protected_scopes": "What lies in protected scopes, and who approves it?",
    "scope_totals": "How much of each layer lies in protected scopes, and of how much is that not known?",
    "block_conformity": "Are historic blocks what the standard asks for?",
    "archive_gaps": "What do the files of historic buildings lack?",
    "archive_totals": "How complete are the files, by block and class?",
    "height_conflicts": "What is higher than its zone allows?",
    "view_corridor_conflicts": "Which buildings stand in a view corridor?",
    "double_payment": "For which ground do two contracts pay?",
    "shareable_poles": "Which poles could share one?",
    "footway_obstacles": "What stands on footways and tactile paving?",
    "cables_along_tunnels": "Which overhead cables could go into a tunnel?",
    "building_changes": "Which buildings are new, grown, raised or gone?",
    "risk_buffers": "How far does each hazard reach, and who is within?",
    "risk_faces": "Where do several hazards add up?",
    "hazard_facilities": "Which facilities are within reach of a hazard?",
    "hazard_resources": "Where is help nearest to each hazard?",
    "notice": "What is the bulletin of the month?",
    "ranking": "Who comes first, and who moved?",
    "indicators": "What are the figures, and what is each made of?",
    "area_trade_matrix": "How does each area do in each trade?",
    "area_trade_figures": "From what are the cells of areas by trades computed?",
    "worst_ten": "Who does worst?",
    "repeat_places": "Where does the same thing come back?",
    "hot_places": "Where do cases gather?",
    "black_spots": "On which pieces of road do cases lie thickest?",
    "late_cases": "Which cases were not handled in time?",
    "trend": "How did the city do over twelve months?",
    "target_progress": "How far are the policy's targets reached?",
    "case_ledgers": "What is still to be done in each enforcement case, and until when?",
}
_WHOLES: dict[str, str] = {
    **dict.fromkeys(
        ("indicators", "area_trade_figures", "worst_ten", "trend"),
        "A share is a formula of its numerator and denominator; zjk-gis rows prints the cases of an id.",
    ),
    "figures": "share = value ÷ whole; where the whole is zero there is no share, neither 0 nor 100 %.",
    "overlaps": "Shares are of the area of the zone that is named.",
    "unanswered_roads": "Lengths are of the centre line; where one side alone is amiss, that side is listed.",
    "chiefs": "times the median: a chief's load by the median load of all chiefs.",
    "busiest_chiefs": "Shares are of all incidents, also of those that nobody answers for.",
    "parking_coverage": "Only lots open to the public count; along the roads and in a straight line are "
    "counted apart.",
    "coverage": "Shares are of all people, or all ground, of the area; along the roads and in a straight "
    "line are counted apart.",
    "homes": "The distance along the roads is to the facility named; the nearest in a straight line may be "
    "another.",
    "sites": "Gain: people more within reach; where distance is the goal, person-metres saved.",
    "dead_ends": "The length is that of the road that ends; what is saved is measured along the roads.",
    "facility_density": "The standard asks about the mean; a cell of which little lies in the region is "
    "not judged.",
    "parking_gaps": "Only lots open to the public count, car parks and kerbside berths; "
    "those for own use do not.",
    "block_conformity": "Shares are of the ground that buildings of known class stand on inside the core.",
    "assigned": "One row an incident; those without usable coordinates are listed apart.",
}


def question_of(name: str, lang: Language) -> str:
    """Return the question that a table answers; empty for a table that the library does not know.

    Examples
    --------
    >>> question_of("gaps", "zh"), question_of("my table", "zh")
    ('哪些地方没有责任区？', '')
    """
    return tr(_QUESTIONS[name], lang=lang) if name in _QUESTIONS else ""


def whole_of(name: str, lang: Language) -> str:
    """Return what the figures of a table are counted of; empty where the columns' titles say all.

    Examples
    --------
    >>> whole_of("busiest_chiefs", "zh")
    '占比的分母为全部案件，包括无人负责的。'
    """
    return tr(_WHOLES[name], lang=lang) if name in _WHOLES else ""
