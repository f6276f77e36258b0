"""What counts as a fault and how far it may be repaired: options that travel together are one value.

Each function that takes such options takes them singly, or as ``rules=``; an option said beside ``rules=``
has the last word. `FaultRules` are those of gaps and of overlaps at once: one value serves every search.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.metric import require_amounts
from zjk_gis.layers.usual import UsualCount, UsualNumber, UsualText, is_usual
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CONSEQUENCE_WEIGHTS",
    "FaultRules",
    "GapRules",
    "OverlapRules",
    "RankingRules",
    "RepairRules",
    "SizeRules",
    "rules_of",
]

# What one incident weighs is 1; the others are what a bureau would answer for as soon as for that incident:
# ten residents, five components, twenty metres of road. A judgement, to be replaced by one's own.
CONSEQUENCE_WEIGHTS: Mapping[str, float] = {
    "incidents": 1.0,
    "components": 0.2,
    "people": 0.1,
    "road_m": 0.05,
}

# The defaults, which the signatures show and which are told from the same values said by a caller.
MIN_AREA_M2 = UsualNumber(0.01)
MIN_WIDTH_M = UsualNumber(0.01)
SLIVER_WIDTH_M = UsualNumber(1.0)
MISSING_ZONE_SHARE = UsualNumber(0.5)
ALLOWED_WITHIN_M = UsualNumber(0.0)
BY: Any = UsualText("pair")
SNAP_WITHIN_M = UsualNumber(0.05)
MAX_AREA_M2 = UsualNumber(1000.0)
MAX_WIDTH_M = UsualNumber(5.0)
PRIORITY = UsualText("priority")
SINCE_DAYS = UsualCount(365)
NEAR_M = UsualNumber(10.0)

_Rules = TypeVar("_Rules", bound="SizeRules | RepairRules | RankingRules")


@checked
@dataclass(frozen=True, kw_only=True)
class SizeRules:
    """How small a piece of ground may be and still count; see `zjk_gis.coverage_gaps`."""

    min_area_m2: float = 0.01
    min_width_m: float = 0.01

    def __post_init__(self) -> None:
        _check_amounts(self)


@checked
@dataclass(frozen=True, kw_only=True)
class GapRules(SizeRules):
    """What counts as a gap, and of which kind; see `zjk_gis.coverage_gaps`.

    Examples
    --------
    >>> GapRules(sliver_width_m=2.0).sliver_width_m
    2.0
    """

    sliver_width_m: float = 1.0
    missing_zone_share: float = 0.5
    allowed_within_m: float = 0.0


@checked
@dataclass(frozen=True, kw_only=True)
class OverlapRules(SizeRules):
    """What counts as an overlap, and of which kind; see `zjk_gis.overlapping_zones`."""

    sliver_width_m: float = 1.0
    by: Literal["pair", "set"] = "pair"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.by not in ("pair", "set"):
            raise InputError(tr("by must be 'pair' or 'set', not {by!r}", by=self.by))


@checked
@dataclass(frozen=True, kw_only=True)
class FaultRules(GapRules, OverlapRules):
    """What counts as a gap and what as an overlap; see `zjk_gis.coverage_faults`.

    They are rules of gaps and rules of overlaps as well.
    """


@checked
@dataclass(frozen=True, kw_only=True)
class RepairRules:
    """Up to where a repair is proposed, and who keeps ground that several claim; see `repair_coverage`."""

    snap_within_m: float = 0.05
    max_fill_area_m2: float = 1000.0
    max_fill_width_m: float = 5.0
    max_cut_area_m2: float = 1000.0
    max_cut_width_m: float = 5.0
    priority: str = "priority"
    priority_order: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_amounts(self)


@checked
@dataclass(frozen=True, kw_only=True)
class RankingRules:
    """Which incidents count for a fault, and what each thing in it weighs; see `rank_faults`."""

    since_days: int | None = 365
    within_m: float = 10.0
    weights: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        require_amounts(within_m=self.within_m)
        own = self.weights or {}
        unknown = sorted(set(own) - set(CONSEQUENCE_WEIGHTS))
        if unknown:
            raise InputError(
                tr(
                    "weights: {unknown!r} is not known; there are {amounts}",
                    unknown=unknown[0],
                    amounts=", ".join(CONSEQUENCE_WEIGHTS),
                )
            )
        require_amounts(**{f"weights[{name!r}]": value for name, value in own.items()})
        if self.since_days is not None and self.since_days < 1:
            raise InputError(
                tr(
                    "since_days must be at least 1, or None for all incidents, not {since_days!r}",
                    since_days=self.since_days,
                )
            )

    @property
    def all_weights(self) -> dict[str, float]:
        """What each thing weighs: those given, and for the others what is usual."""
        return {**CONSEQUENCE_WEIGHTS, **(self.weights or {})}


def rules_of(kind: type[_Rules], rules: _Rules | None, **said: Any) -> _Rules:
    """Return the rules by which a function goes: those given, changed by what is said beside them.

    Parameters
    ----------
    kind : type
        `GapRules`, `OverlapRules`, ...
    rules : optional
        Of that kind; its own defaults, where none are given.
    **said
        Options said singly; those that have their usual value say nothing.

    Raises
    ------
    InputError
        If an option is not what it should be.

    Examples
    --------
    >>> rules_of(SizeRules, SizeRules(min_area_m2=5.0), min_area_m2=MIN_AREA_M2, min_width_m=0.5)
    SizeRules(min_area_m2=5.0, min_width_m=0.5)
    """
    usual = kind()
    own = {
        name: value
        for name, value in said.items()
        if not (is_usual(value) or (_is_nothing(value) and _is_nothing(getattr(usual, name))))
    }
    return replace(usual if rules is None else rules, **own)


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, tuple) and not value)


def _check_amounts(rules: SizeRules | RepairRules) -> None:
    """Refuse distances, areas and shares that are negative or not finite."""
    amounts = [each.name for each in fields(rules) if each.type == "float"]
    require_amounts(**{name: getattr(rules, name) for name in amounts})
