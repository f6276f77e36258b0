"""What `zjk-gis demo` asks so that every kind of planted fault is looked for, in the whole of the city."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import shapely

from zjk_gis.access import dead_ends, missing_links, nearest_facilities, public_lots, road_network
from zjk_gis.assess import (
    black_spots,
    case_ledgers,
    deadlines,
    duplicate_reports,
    hot_spots,
    indicators,
    repeat_incidents,
)
from zjk_gis.pipes import (
    adverse_slopes,
    clearance_conflicts,
    cover_depths,
    cover_faults,
    repeated_excavations,
    survey_faults,
)
from zjk_gis.protection import (
    building_changes,
    cables_along_tunnels,
    double_payment,
    footway_obstacles,
    protected_scope,
    risk_buffers,
    shareable_poles,
)
from zjk_gis.synth.hazards import SURVEYED
from zjk_gis.synth.planted_cases import PLANTED_CLASSES
from zjk_gis.synth.planting import KINDS, place_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import geopandas as gpd

__all__ = ["ask_for_planted", "known_indicators"]

_INSPECTED_WITHIN_DAYS = 365
_PARKING_M, _TOILETS_M = 300.0, 500.0
_SAME_M = 0.5
_CORE = "核心保护范围"


def ask_for_planted(
    city: Mapping[str, gpd.GeoDataFrame],
    truth: Mapping[str, Any],
    incidents: gpd.GeoDataFrame,
    rules: pd.DataFrame,
    *,
    steps: Callable[[list[str]], Iterator[str]] = iter,
) -> dict[str, list[str]]:
    """Ask all that planted faults concern.

    Parameters
    ----------
    city : mapping of str to GeoDataFrame
    truth : mapping
        What was planted; of clearances only those are judged that concern a pipe on the plots
        (``pipes_on_plots``), for the pipes under the streets were drawn without regard to them.
    incidents : GeoDataFrame
        With their positions fixed.
    rules : DataFrame
        How long each class of them may take.
    steps : callable, optional
        Wraps the list of questions, to show progress.

    Returns
    -------
    dict of str to list of str
        By kind of fault the codes of what was found, as `zjk_gis.synth.planting` writes them.
    """
    questions: dict[str, Callable[[], dict[str, list[str]]]] = {
        "clearance_conflicts": lambda: _clearances(city, set(truth["pipes_on_plots"])),
        "adverse_slopes": lambda: _slopes(city),
        "survey_faults": lambda: _survey(city),
        "cover_depths": lambda: _depths(city),
        "cover_faults": lambda: _covers(city, truth["as_of"]),
        "repeated_excavations": lambda: _digs(city),
        "dead_ends": lambda: _roads(city, truth),
        "in_protected_scopes": lambda: _scopes(city, truth["as_of"]),
        "building_changes": lambda: _buildings(city),
        "footway_obstacles": lambda: _streets(city),
        "double_payment": lambda: _contracts(city),
        "risk_buffers": lambda: _hazards(city),
        "deadlines": lambda: _overdue(incidents, rules, truth["as_of"]),
        "repeat_incidents": lambda: _again(incidents),
        "hot_spots": lambda: _hot(incidents, city["unit_grids"]),
        "black_spots": lambda: _thick(incidents, city["roads"]),
        "case_ledgers": lambda: _cases(city, truth["as_of"]),
    }
    found: dict[str, list[str]] = {}
    for name in steps(list(questions)):
        found |= questions[name]()
    return {kind: codes for kind, codes in found.items() if kind in KINDS}


def known_indicators(
    incidents: gpd.GeoDataFrame, rules: pd.DataFrame, truth: Mapping[str, Any]
) -> pd.DataFrame:
    """Compute those of the month that was counted one by one, as `check_against_truth` takes them."""
    parts = []
    for by in dict.fromkeys(row["by"] for row in truth["indicators"]):
        cases = incidents[incidents[by].notna()] if by else incidents
        part = indicators(cases, by=by or None, month=truth["month"], table=rules)
        parts.append(part.assign(by=by, area=part[by] if by else ""))
    return pd.concat(parts, ignore_index=True)


def _clearances(city: Mapping[str, gpd.GeoDataFrame], on_plots: set[str]) -> dict[str, list[str]]:
    found = clearance_conflicts(
        city["pipelines"], buildings=city["historic_buildings"], trees=city["ancient_trees"]
    )
    found = found[found["pipe_a"].isin(on_plots) | found["pipe_b"].isin(on_plots)]
    pairs = found["pipe_a"] + "|" + found["pipe_b"].fillna(found["beside_code"])
    return {
        "clearance_conflicts": pairs[found["status"] == "needs_review"].tolist(),
        "clearances_unjudged": pairs[found["status"] == "cannot_be_judged"].tolist(),
    }


def _slopes(city: Mapping[str, gpd.GeoDataFrame]) -> dict[str, list[str]]:
    found = adverse_slopes(city["pipelines"], manholes=city["manholes"])
    return {"adverse_slopes": found.loc[found["slope_fault"] != "cannot_be_judged", "pipe_code"].tolist()}


def _survey(city: Mapping[str, gpd.GeoDataFrame]) -> dict[str, list[str]]:
    found = survey_faults(city["manholes"], city["pipelines"])
    return _by_rule(found, {rule: found[_code_of(rule)] for rule in set(found["rule"])})


def _depths(city: Mapping[str, gpd.GeoDataFrame]) -> dict[str, list[str]]:
    found = cover_depths(city["pipelines"])
    return {"cover_depths": found.loc[found["status"] == "needs_review", "pipe_code"].tolist()}


def _covers(city: Mapping[str, gpd.GeoDataFrame], at: str) -> dict[str, list[str]]:
    found = cover_faults(
        city["manholes"],
        pipelines=city["pipelines"],
        at=at,
        inspected_within_days=_INSPECTED_WITHIN_DAYS,
    )
    codes = dict.fromkeys(set(found["rule"]), found["manhole_code"])
    codes["twin_covers"] = found["manhole_code"] + "|" + found["other"]
    codes["unnumbered_cover"] = found.geometry.map(lambda place: place_code(place.x, place.y))
    return _by_rule(found, codes)


def _digs(city: Mapping[str, gpd.GeoDataFrame]) -> dict[str, list[str]]:
    found = repeated_excavations(city["excavation_permits"], city["roads"])
    return {"repeated_excavations": (found["permit_a"] + "|" + found["permit_b"]).tolist()}


def _roads(city: Mapping[str, gpd.GeoDataFrame], truth: Mapping[str, Any]) -> dict[str, list[str]]:
    """Ask for reach, ends and links; the end of a link within half a metre of a known one is that."""
    network = road_network(city["roads"], barriers=city["rivers"])
    homes = city["residential_estates"]
    beyond = {
        kind: nearest_facilities(homes, sites, network, within_m=metres)["reason"] != "reached"
        for kind, sites, metres in (
            ("far_from_parking", public_lots(city["parking_lots"]), _PARKING_M),
            ("far_from_toilets", city["public_toilets"], _TOILETS_M),
        )
    }
    ends = dead_ends(network, city["built_up_areas"], entrances=city["entrances"])
    links = missing_links(network, count=len(network)).geometry
    told = [row["code"].split("|") for row in truth["planted"] if row["kind"] == "missing_links"]
    places = {code: shapely.Point(*map(float, code.split(","))) for pair in told for code in pair}

    def name(place: tuple[float, ...]) -> str:
        here = shapely.Point(*place)
        return next(
            (code for code, there in places.items() if here.dwithin(there, _SAME_M)), place_code(*place)
        )

    return {
        **{kind: homes.loc[rows, "estate_code"].tolist() for kind, rows in beyond.items()},
        "dead_end": ends.loc[ends["kind"] == "dead_end", "edge_code"].tolist(),
        "missing_links": ["|".join(sorted(map(name, line.coords))) for line in links],
    }


def _scopes(city: Mapping[str, gpd.GeoDataFrame], at: str) -> dict[str, list[str]]:
    scopes = {name: city[name] for name in ("historic_blocks", "ancient_trees")}

    def judged(layer: str, code: str, *words: str) -> list[str]:
        found = protected_scope(city[layer], scopes, survey_extents=city["survey_extents"], at=at)
        inside = (found["protection"] == "inside") & found["scope"].isin(words)
        return list(found.loc[inside, code])

    return {
        "works_in_core": judged("projects", "project_code", _CORE),
        "boards_in_control": judged("sign_boards", "board_code", _CORE, "建设控制地带"),
        "digs_at_trees": judged("excavation_permits", "permit_code", "古树名木保护范围"),
    }


def _buildings(city: Mapping[str, gpd.GeoDataFrame]) -> dict[str, list[str]]:
    houses = city["building_footprints"]
    found = building_changes(houses, houses, at_before=SURVEYED[0], at_after=SURVEYED[1])
    pairs = found["former_codes"] + "|" + found["present_codes"]
    return {kind: rows.str.strip("|").tolist() for kind, rows in pairs.groupby(found["change"])}


def _streets(city: Mapping[str, gpd.GeoDataFrame]) -> dict[str, list[str]]:
    obstacles = {name: city[name] for name in ("berths", "street_obstacles")}
    found = footway_obstacles(obstacles, footways=city["footways"], tactile_paving=city["tactile_paving"])
    on_paving = found["surface"] == "tactile_paving"
    return {
        "berths_on_footways": found.loc[~on_paving, "standing_code"].tolist(),
        "obstacles_on_paving": found.loc[on_paving, "standing_code"].tolist(),
        "shareable_poles": _pairs(shareable_poles(city["poles"], city["roads"])["members"]),
        "cables_along_tunnels": cables_along_tunnels(city["overhead_cables"], city["utility_tunnels"])[
            "cable_code"
        ].tolist(),
    }


def _contracts(city: Mapping[str, gpd.GeoDataFrame]) -> dict[str, list[str]]:
    found = double_payment(city["contractor_areas"])
    return {"double_payment": (found["first_area"] + "|" + found["second_area"]).tolist()}


def _hazards(city: Mapping[str, gpd.GeoDataFrame]) -> dict[str, list[str]]:
    hazards = city["hazards"]
    found = risk_buffers(hazards, facilities={"shelters": city["shelters"]})
    unknown = [each["row"] for each in found.set_aside if each["why"] == "no_distance"]
    return {
        "hazard_facilities": (found.inside["hazard_code"] + "|" + found.inside["facility_code"]).tolist(),
        "risk_faces": _pairs(found.faces.loc[found.faces["hazard_count"] > 1, "hazard_codes"]),
        "no_distance": hazards.loc[unknown, "hazard_code"].tolist(),
    }


def _overdue(incidents: gpd.GeoDataFrame, rules: pd.DataFrame, at: str) -> dict[str, list[str]]:
    """Ask for what is overdue by the calendar; where a deadline is recorded there is nothing to find out."""
    found = deadlines(incidents, rules, as_of=at)
    is_late = (found["deadline_state"] == "overdue") & incidents["due_at"].isna()
    return {"overdue_cases": found.loc[is_late, "incident_code"].tolist()}


def _cases(city: Mapping[str, gpd.GeoDataFrame], at: str) -> dict[str, list[str]]:
    """Ask which enforcement cases should have been decided or published by now."""
    ledger = case_ledgers(city["enforcement_cases"], as_of=at)
    late = ledger[ledger["deadline_state"] == "overdue"]
    duties = {"late_decisions": "decide", "late_publications": "publish"}
    return {kind: late.loc[late["duty"] == duty, "case_code"].tolist() for kind, duty in duties.items()}


def _again(incidents: gpd.GeoDataFrame) -> dict[str, list[str]]:
    """Ask for repeats and for several reports of one thing, among the classes that are planted."""
    repeats = repeat_incidents(_of(incidents, "repeated_places"))
    reports = duplicate_reports(_of(incidents, "several_reports"))
    groups = reports.groupby("main_code", sort=False)["incident_code"]
    return {
        "repeated_places": repeats["incident_codes"].tolist(),
        "several_reports": groups.agg(";".join).tolist(),
    }


def _hot(incidents: gpd.GeoDataFrame, grids: gpd.GeoDataFrame) -> dict[str, list[str]]:
    found = hot_spots(_of(incidents, "hot_grids"), cells=grids)
    return {"hot_grids": found.loc[found["hot_class"].str.startswith("hot"), "cell_code"].tolist()}


def _thick(incidents: gpd.GeoDataFrame, roads: gpd.GeoDataFrame) -> dict[str, list[str]]:
    found = black_spots(_of(incidents, "road_black_spots"), roads)
    return {"road_black_spots": found.loc[found["rank"].notna(), "piece_code"].tolist()}


def _of(incidents: gpd.GeoDataFrame, kind: str) -> gpd.GeoDataFrame:
    return incidents[incidents["event_code"].isin(PLANTED_CLASSES[kind])]


def _pairs(members: pd.Series) -> list[str]:
    return members.str.replace(";", "|").tolist()


def _code_of(rule: str) -> str:
    return "manhole_code" if KINDS.get(rule) == "manholes" else "pipe_code"


def _by_rule(found: pd.DataFrame, codes: Mapping[str, pd.Series]) -> dict[str, list[str]]:
    """List what each rule found; a rule that found nothing has an empty list, too, if it is in `codes`."""
    return {rule: told[found["rule"] == rule].tolist() for rule, told in codes.items()}
