"""Every kind of fault planted beside its near miss: all found, none invented, for any seed."""

import pytest

from zjk_gis.pipes import (
    adverse_slopes,
    clearance_conflicts,
    cover_depths,
    cover_faults,
    repeated_excavations,
    survey_faults,
)
from zjk_gis.synth.pipe_faults import make_pipe_faults

SEEDS = [1, 2, 3, 20220317]


@pytest.fixture(scope="module", params=SEEDS)
def field(request):
    return make_pipe_faults(seed=request.param)


def pairs(found):
    other = found["pipe_b"].fillna(found["beside_code"])
    return sorted(f"{a}|{b}" for a, b in zip(found["pipe_a"], other, strict=True))


def test_clearances(field):
    found = clearance_conflicts(
        field.layers["pipelines"],
        buildings=field.layers["building_footprints"],
        trees=field.layers["ancient_trees"],
    )
    by_status = {status: pairs(found[found["status"] == status]) for status in set(found["status"])}
    assert by_status["needs_review"] == field.truth["clearance_conflicts"]
    assert by_status["cannot_be_judged"] == field.truth["clearances_unjudged"]


def test_slopes(field):
    found = adverse_slopes(field.layers["pipelines"], manholes=field.layers["manholes"])
    found = found[found["slope_fault"] != "cannot_be_judged"]
    assert sorted(found["pipe_code"]) == field.truth["adverse_slopes"]


def test_survey(field):
    found = survey_faults(field.layers["manholes"], field.layers["pipelines"])
    points = {"several_depths", "wrong_degree", "orphan_point", "repeated_place"}
    rules = {rule for rule in field.truth if field.truth[rule]} & set(found["rule"])
    got = {
        rule: sorted(rows["manhole_code" if rule in points else "pipe_code"])
        for rule, rows in found.groupby("rule")
    }
    others = {
        name
        for name in field.truth
        if name.startswith(("clearance", "adverse", "cover", "repeated_ex", "twin"))
    }
    wanted = {rule: codes for rule, codes in field.truth.items() if codes and rule not in others}
    assert got == wanted
    assert rules == set(wanted)
    assert found["rule_source"].str.len().min() > 3
    assert set(found["confidence"]) <= {"S", "M"}


def test_cover(field):
    found = cover_depths(field.layers["pipelines"], carriageways=field.layers.get("carriageways"))
    found = found[found["status"] == "needs_review"]
    assert sorted(found["pipe_code"]) == field.truth["cover_depths"]


def test_covers(field):
    found = cover_faults(field.layers["manholes"], pipelines=field.layers["pipelines"])
    twins = found[found["rule"] == "twin_covers"]
    told = sorted(f"{a}|{b}" for a, b in zip(twins["manhole_code"], twins["other"], strict=True))
    assert told == field.truth["twin_covers"]
    assert set(found["rule"]) == {"twin_covers"}


def test_roads_dug_again(field):
    found = repeated_excavations(field.layers["excavation_permits"], field.layers["roads"])
    told = sorted(f"{a}|{b}" for a, b in zip(found["permit_a"], found["permit_b"], strict=True))
    assert told == field.truth["repeated_excavations"]
