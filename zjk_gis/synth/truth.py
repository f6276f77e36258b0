"""Holding answers against what was planted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import shapely

from zjk_gis.arguments import checked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import geopandas as gpd

__all__ = ["check_against_truth", "check_planted"]

_AREA_TOLERANCE = 1e-6
_CODES = {
    "sections_without_chief": "section_code",
    "manholes_outside_zones": "manhole_code",
    "orphan_manholes": "manhole_code",
    "misconnections": "pipe_code",
    "pipelines_in_core": "pipe_code",
    "unjoined_ends": "pipe_code",
    "unfed_pipes": "pipe_code",
    "unregistered_outfalls": "outfall_code",
}
_FIXES = ("swapped_axes", "gcj02")


@checked
def check_against_truth(
    truth: Mapping[str, Any], answers: pd.DataFrame, **results: pd.DataFrame
) -> pd.DataFrame:
    """Tell for every kind of planted fault how many were found, missed, and invented.

    Parameters
    ----------
    truth : mapping
        What `read_truth` read.
    answers : DataFrame
        The right answers for the incidents.
    **results : GeoDataFrame or DataFrame
        What the analyses found, by question: ``assigned`` (with ``incident_code``), ``gaps``,
        ``overlaps``, ``parking_gaps``, ``sections_without_chief``, ``manholes_outside_zones``,
        ``orphan_manholes``, ``misconnections``, ``pipelines_in_core``,
        ``unjoined_ends``, ``unfed_pipes``, ``unregistered_outfalls``; ``deadlines`` (a row an incident),
        ``indicators`` (with ``by`` and ``area``), ``targets`` and ``works`` (by ``area``). Those not given
        are not judged.

    Returns
    -------
    DataFrame
        One row a check: ``check`` (text), ``planted``, ``found``, ``missed``, ``invented`` (int64) and
        ``ok`` (bool). A gap or overlap counts as found only with its exact area (within 1e-6 of it) and its
        kind; an incident only with the right zone, and where it is fixed the right grid.

    Examples
    --------
    >>> from zjk_gis.synth import make_city
    >>> city = make_city(grids=300, incidents=1000, seed=7)
    >>> nothing = city.layers["pipelines"].iloc[:0]
    >>> check_against_truth(city.truth, city.answers, misconnections=nothing)
                check  planted  found  missed  invented     ok
    0  misconnections        3      0       3         0  False
    """
    rows = []
    if "assigned" in results:
        rows += _check_incidents(truth, answers, results["assigned"])
    for name in ("gaps", "overlaps"):
        if name in results:
            rows.append(_check_areas(name, truth[name], results[name]))
    for name, code in _CODES.items():
        if name in results:
            rows.append(_compare(name, truth[name], results[name][code]))
    if "parking_gaps" in results:
        rows.append(_check_deserts(truth["parking_gaps"], results["parking_gaps"]))
    if "deadlines" in results:
        rows.append(_check_states(answers, results["deadlines"]))
    if "indicators" in results:
        rows.append(_check_rates("indicators", truth["indicators"], results["indicators"], ["by", "area"]))
    if "works" in results:
        rows.append(_check_rates("work_indicators", truth["works"], results["works"], ["area"]))
    if "targets" in results:
        rows.append(_check_targets(truth["targets"], results["targets"]))
    checks = pd.DataFrame(rows, columns=["check", "planted", "found", "missed", "invented"])
    return checks.assign(ok=(checks["missed"] == 0) & (checks["invented"] == 0))


@checked
def check_planted(truth: Mapping[str, Any], codes_found: Mapping[str, Iterable[str]]) -> pd.DataFrame:
    """Tell for every kind of fault planted beside near misses how many were found, missed, and invented.

    Parameters
    ----------
    truth : mapping
        What `read_truth` read; its table ``planted`` names the kinds, the faults and the near misses.
    codes_found : mapping of str to iterable of str
        By kind the codes of what was found. A kind that was planted and is not among them is missed.

    Returns
    -------
    DataFrame
        As `check_against_truth` returns it, a row a kind, with ``near_misses`` (int64): how many keep the
        rule by a little. One that is reported all the same is invented.

    Examples
    --------
    >>> rows = [("odd_length", "P1", True), ("odd_length", "P2", False)]
    >>> truth = {"planted": [{"kind": kind, "code": code, "fault": fault} for kind, code, fault in rows]}
    >>> check_planted(truth, {"odd_length": ["P1", "P2"]})[["check", "found", "invented", "near_misses"]]
            check  found  invented  near_misses
    0  odd_length      1         1            1
    """
    kinds = list(dict.fromkeys([*(row["kind"] for row in truth["planted"]), *codes_found]))
    rows = []
    for kind in kinds:
        planted = [row for row in truth["planted"] if row["kind"] == kind]
        faults = [row["code"] for row in planted if row["fault"]]
        near = len(planted) - len(faults)
        rows.append(_compare(kind, faults, codes_found.get(kind, [])) | {"near_misses": near})
    checks = pd.DataFrame(rows, columns=["check", "planted", "found", "missed", "invented", "near_misses"])
    return checks.assign(ok=(checks["missed"] == 0) & (checks["invented"] == 0))


def _compare(check: str, planted: Iterable[object], found: Iterable[object]) -> dict[str, Any]:
    wanted, got = set(planted), set(found)
    return {
        "check": check,
        "planted": len(wanted),
        "found": len(wanted & got),
        "missed": len(wanted - got),
        "invented": len(got - wanted),
    }


def _check_areas(name: str, planted: list[dict[str, Any]], found: gpd.GeoDataFrame) -> dict[str, Any]:
    """Match each planted area with the one found area that holds its point and agrees in size and kind."""
    claimed: set[object] = set()
    pairs = {"first_code", "second_code"}
    for fault in planted:
        here = found[found.geometry.intersects(shapely.Point(fault["x"], fault["y"]))]
        same = (here["area_m2"] - fault["area_m2"]).abs() <= _AREA_TOLERANCE * fault["area_m2"]
        same &= here["kind"] == fault["kind"]
        for code in pairs & set(fault):
            same &= here[code] == fault[code]
        claimed |= set(here.index[same][:1])
    return {
        "check": name,
        "planted": len(planted),
        "found": len(claimed),
        "missed": len(planted) - len(claimed),
        "invented": len(found) - len(claimed),
    }


def _check_deserts(planted: list[dict[str, float]], found: gpd.GeoDataFrame) -> dict[str, Any]:
    """Match each planted area with the one found area that holds its point and is about as large.

    A disc drawn with more corners is a little larger, so areas need agree to 2 % only.
    """
    claimed: set[object] = set()
    for desert in planted:
        here = found[found.geometry.intersects(shapely.Point(desert["x"], desert["y"]).buffer(0.5))]
        same = (here["area_m2"] - desert["area_m2"]).abs() <= 0.02 * desert["area_m2"] + 5
        claimed |= set(here.index[same][:1])
    return {
        "check": "parking_gaps",
        "planted": len(planted),
        "found": len(claimed),
        "missed": len(planted) - len(claimed),
        "invented": len(found) - len(claimed),
    }


def _check_states(answers: pd.DataFrame, found: pd.DataFrame) -> dict[str, Any]:
    """Compare how each case stands on the last day with how it was made to stand."""
    wanted = zip(answers["incident_code"], answers["deadline_state"], strict=True)
    return _compare(
        "deadline_states", wanted, zip(found["incident_code"], found["deadline_state"], strict=True)
    )


def _check_rates(
    check: str, planted: list[dict[str, Any]], found: pd.DataFrame, columns: list[str]
) -> dict[str, Any]:
    """Compare numerators and denominators with those counted one by one."""
    columns = [*columns, "indicator", "numerator", "denominator"]
    own = found[found["indicator"].isin({row["indicator"] for row in planted})]
    return _compare(
        check,
        [tuple(row[name] for name in columns) for row in planted],
        own[columns].itertuples(index=False, name=None),
    )


def _check_targets(planted: list[dict[str, Any]], found: pd.DataFrame) -> dict[str, Any]:
    """Compare what could be measured of the policy's numbers, lengths to a decimetre."""
    columns = ["target", "area", "numerator", "denominator"]
    own = found.loc[found["data_lacking"] == "", columns].round(1).astype(object)
    return _compare(
        "measured_targets",
        [tuple(row[name] for name in columns) for row in planted],
        own.where(own.notna(), None).itertuples(index=False, name=None),
    )


def _check_incidents(
    truth: Mapping[str, Any], answers: pd.DataFrame, assigned: gpd.GeoDataFrame
) -> list[dict[str, Any]]:
    """Compare every answer, then every list of hard cases."""
    ours = pd.DataFrame(assigned.drop(columns=assigned.geometry.name)).set_index("incident_code")
    right = answers.set_index("incident_code")
    ours = ours.reindex(right.index)
    same = (ours["zone_code"].fillna("") == right["zone_code"]) & (ours["found"] == right["found"])
    if "grid_code" in ours:
        same &= (right["grid_code"] == "") | (ours["grid_code"] == right["grid_code"])
    wrong = int((~same).sum())
    rows = [
        {
            "check": "assigned",
            "planted": len(right),
            "found": len(right) - wrong,
            "missed": wrong,
            "invented": len(assigned) - len(right),
        }
    ]
    marks = {
        "border": ours["found"] == "border",
        "in_overlap": ours["reason"] == "overlap",
        "expired_zone": ours["reason"] == "expired_zone",
        "no_coordinates": ours["reason"].isin(["no_position", "bad_position", "zero"]),
    }
    if "position_fix" in ours:
        marks |= {fix: ours["position_fix"] == fix for fix in _FIXES}
    rows += [
        _compare(name, truth["incidents"].get(name, []), ours.index[mark]) for name, mark in marks.items()
    ]
    return rows
