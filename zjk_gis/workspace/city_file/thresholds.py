"""The numbers that a city may set for itself, and the bounds within which they make sense."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["THRESHOLDS", "Threshold", "assignment_limits", "fault_limits", "limit_of"]


class Threshold(NamedTuple):
    """A number with its bounds, its usual value and what it is, in the words of the catalogue."""

    meaning: str
    usual: float
    least: float = 0.0
    most: float = math.inf
    is_whole: bool = False


THRESHOLDS = {
    "gap_min_m2": Threshold("gaps smaller than this are not reported, m²", 0.01),
    "overlap_min_m2": Threshold("overlaps smaller than this are not reported, m²", 0.01),
    "nearest_m": Threshold("the farthest that an incident goes to the nearest zone, m", 50.0),
    "border_m": Threshold("this near a border an incident is a case of the border, m", 0.5),
    "tolerated_share": Threshold("this share of recorded zones may be wrong", 0.05, most=1.0),
    "reach_m": Threshold("this far a facility is within reach, m", 300.0),
    "parking_m": Threshold("this far parking is within reach, m", 300.0),
    "repeat_m": Threshold("the same again within this distance is a repeat, m", 20.0),
    "repeat_days": Threshold("the same again within so many days is a repeat", 90, 1, is_whole=True),
    "duplicate_m": Threshold("reports of one thing lie within this distance, m", 20.0),
    "duplicate_hours": Threshold("reports of one thing come within so many hours", 24, 1, is_whole=True),
    "least_cases": Threshold("with fewer cases nobody is ranked", 30, 1, is_whole=True),
    "snap_m": Threshold("borders this near each other are joined in a repair, m", 0.05),
    "repair_max_m2": Threshold("larger gaps are not repaired, m²", 1000.0),
    "repair_max_width_m": Threshold("wider gaps are not repaired, m", 5.0),
}


def limit_of(thresholds: Mapping[str, float], name: str) -> float:
    """Return a number that a city sets, or the usual one.

    Examples
    --------
    >>> limit_of({"parking_m": 500.0}, "parking_m"), limit_of({}, "parking_m")
    (500.0, 300.0)
    """
    return thresholds.get(name, THRESHOLDS[name].usual)


def assignment_limits(thresholds: Mapping[str, float]) -> dict[str, Any]:
    """Return the limits that a city sets to assignment, by the arguments of `assign_incidents`.

    Examples
    --------
    >>> assignment_limits({"border_m": 2.0, "parking_m": 500.0})
    {'border_within_m': 2.0}
    """
    return _named(thresholds, {"border_m": "border_within_m", "nearest_m": "nearest_within_m"})


def fault_limits(thresholds: Mapping[str, float]) -> dict[str, Any]:
    """Return from which size on a city reports faults, by the arguments of `responsibility_audit`.

    Examples
    --------
    >>> fault_limits({"gap_min_m2": 2.0})
    {'gap_min_m2': 2.0}
    """
    return _named(thresholds, {name: name for name in ("gap_min_m2", "overlap_min_m2")})


def _named(thresholds: Mapping[str, float], names: Mapping[str, str]) -> dict[str, Any]:
    return {argument: thresholds[name] for name, argument in names.items() if name in thresholds}
