"""Options that travel together are one value, taken as ``rules=`` wherever the options are.

::

    0        60  62       100       zones A and B, 2 m apart, in a region of 100 m by 50 m;
    +---------+..+---------+        C lies over 4 m of B
    |    A    |  |    B  [C|
    +---------+..+---------+

An option said beside ``rules=`` has the last word, whatever it is, even where it is the usual value.
"""

import dataclasses
import inspect

import geopandas as gpd
import pytest
from shapely import Point, box

import zjk_gis
from zjk_gis import changes, coverage
from zjk_gis.coverage import FaultRules, GapRules, OverlapRules, RankingRules, RepairRules, SizeRules
from zjk_gis.errors import InputError

ZONES = gpd.GeoDataFrame(
    {"zone_code": ["A", "B", "C"], "weight": [3, 1, 2]},
    geometry=[box(0, 0, 60, 50), box(62, 0, 100, 50), box(96, 0, 100, 50)],
    crs=4547,
)
VERSIONS = ZONES.assign(valid_from=["2024-01-01", "2025-03-01", "2025-03-01"], valid_to=None)
REGION = gpd.GeoDataFrame(geometry=[box(0, 0, 100, 50)], crs=4547)
GAPS = gpd.GeoDataFrame({"gap_code": ["G001"]}, geometry=[box(60, 0, 62, 50)], crs=4547)
INCIDENTS = gpd.GeoDataFrame({"occurred_at": ["2025-06-01"]}, geometry=[Point(61, 25)], crs=4547)

# Each function, the kind of its rules, and options that change its answer.
TAKE_RULES = {
    coverage.coverage_gaps: (GapRules, lambda **how: coverage.coverage_gaps(REGION, ZONES, **how)),
    coverage.overlapping_zones: (OverlapRules, lambda **how: coverage.overlapping_zones(ZONES, **how)),
    coverage.coverage_faults: (FaultRules, lambda **how: coverage.coverage_faults(REGION, ZONES, **how)),
    coverage.repair_coverage: (RepairRules, lambda **how: coverage.repair_coverage(REGION, ZONES, **how)),
    coverage.mend_coverage: (RepairRules, lambda **how: coverage.mend_coverage(REGION, ZONES, **how)),
    coverage.rank_faults: (
        RankingRules,
        lambda **how: coverage.rank_faults(GAPS, incidents=INCIDENTS, **how),
    ),
    changes.compare_zones: (SizeRules, lambda **how: changes.compare_zones(ZONES, ZONES[:2], **how).moved),
    changes.coverage_over_time: (
        SizeRules,
        lambda **how: changes.coverage_over_time(VERSIONS, "2025-01-01", "2025-12-31", **how),
    ),
    changes.responsibility_timeline: (
        SizeRules,
        lambda **how: changes.responsibility_timeline(VERSIONS, REGION, **how),
    ),
}
OTHER = {  # a value that changes what the functions above answer, and one that does not
    "min_area_m2": (150.0, 0.01),
    "min_width_m": (3.0, 0.01),
    "sliver_width_m": (5.0, 1.0),
    "missing_zone_share": (0.001, 0.5),
    "allowed_within_m": (1.0, 0.0),
    "by": ("set", "pair"),
    "snap_within_m": (3.0, 0.05),
    "max_fill_area_m2": (1.0, 1000.0),
    "max_fill_width_m": (1.0, 5.0),
    "max_cut_area_m2": (1.0, 1000.0),
    "max_cut_width_m": (1.0, 5.0),
    "priority": ("weight", "priority"),
    "priority_order": (("高", "低"), ("high", "low")),
    "since_days": (None, 365),
    "within_m": (0.0, 10.0),
    "weights": ({"incidents": 5.0}, {"incidents": 1.0}),
}
EACH = [
    pytest.param(function, option, id=f"{function.__name__}-{option.name}")
    for function, (kind, _) in TAKE_RULES.items()
    for option in dataclasses.fields(kind)
]


def public_functions():
    rooms = [getattr(zjk_gis, name) for name in zjk_gis.__all__]
    names = [getattr(room, name) for room in filter(inspect.ismodule, rooms) for name in room.__all__]
    return list(filter(inspect.isfunction, names))


def same(one, other):
    frames = [each if isinstance(each, tuple) else (each,) for each in (one, other)]
    return all(a.equals(b) for a, b in zip(*frames, strict=True))


@pytest.mark.parametrize(("function", "option"), EACH)
def test_an_option_in_rules_is_the_option_said_singly(function, option):
    kind, ask = TAKE_RULES[function]
    changed, usual = OTHER[option.name]
    in_rules = ask(rules=kind(**{option.name: changed}))
    assert same(in_rules, ask(**{option.name: changed}))
    # beside rules the option said singly has the last word, the usual value, too
    beside = ask(rules=kind(**{option.name: changed}), **{option.name: usual})
    assert same(beside, ask(**{option.name: usual}))


@pytest.mark.parametrize("function", TAKE_RULES, ids=lambda each: each.__name__)
def test_what_is_not_rules_is_refused(function):
    _, ask = TAKE_RULES[function]
    for bad in ("GapRules", {"min_area_m2": 5.0}, 5):
        with pytest.raises(InputError, match="rules must be "):
            ask(rules=bad)


@pytest.mark.parametrize("function", public_functions(), ids=lambda each: each.__name__)
def test_whoever_takes_all_options_of_rules_takes_the_rules(function):
    takes = set(inspect.signature(function).parameters)
    for kind in (SizeRules, GapRules, OverlapRules, FaultRules, RepairRules):
        if {each.name for each in dataclasses.fields(kind)} <= takes:
            assert "rules" in takes
            assert function in TAKE_RULES


def test_rules_of_one_search_serve_another():
    rules = FaultRules(min_area_m2=150.0)
    gaps, overlaps = coverage.coverage_faults(REGION, ZONES, rules=rules)
    assert same(gaps, coverage.coverage_gaps(REGION, ZONES, rules=rules))
    assert same(overlaps, coverage.overlapping_zones(ZONES, rules=rules))
    assert gaps.empty
    assert overlaps["area_m2"].tolist() == [200.0]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: GapRules(min_area_m2=-1),
        lambda: OverlapRules(by="trio"),
        lambda: RepairRules(max_cut_width_m=float("nan")),
        lambda: RankingRules(weights={"trees": 1.0}),
        lambda: RankingRules(since_days=0),
    ],
)
def test_rules_that_cannot_be_are_refused_when_they_are_made(wrong):
    with pytest.raises(InputError):
        wrong()
