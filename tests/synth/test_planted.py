"""Every kind of fault that is planted in a city is found, and no near miss beside it, whatever the seed."""

import re

import pandas as pd
import pytest

from zjk_gis.assess import deadlines
from zjk_gis.cli.analysis.planted import ask_for_planted, known_indicators
from zjk_gis.coordinates import check_positions, fix_positions
from zjk_gis.io import read_layer
from zjk_gis.synth import check_against_truth, check_planted, make_city, write_city
from zjk_gis.synth.case_times import limits_table
from zjk_gis.synth.planted_cases import PLANTED_CLASSES
from zjk_gis.synth.planting import KINDS

SEEDS = [4, 11, 2026]


@pytest.fixture(scope="module", params=SEEDS)
def city(request):
    return make_city(grids=300, incidents=1000, seed=request.param)


@pytest.fixture(scope="module")
def incidents(city, tmp_path_factory):
    """As the bureau's file is read, with positions fixed."""
    folder = tmp_path_factory.mktemp("city")
    write_city(city, folder)
    points = read_layer(folder / "incidents.csv", spec="incidents")
    return fix_positions(points, check_positions(points, roads=city.layers["roads"]))


@pytest.fixture(scope="module")
def found(city, incidents):
    return ask_for_planted(city.layers, city.truth, incidents, limits_table())


def test_all_is_found_and_none_invented(city, found):
    checks = check_planted(city.truth, found)
    assert checks[~checks["ok"]].to_dict("records") == []
    assert set(found) == set(KINDS)


def test_each_kind_has_a_fault_and_a_near_miss(city):
    planted = {(row["kind"], row["fault"]) for row in city.truth["planted"]}
    assert planted == {(kind, fault) for kind in KINDS for fault in (True, False)}


def test_what_is_planted_is_there(city):
    codes = [layer[name] for layer in city.layers.values() for name in layer if name.endswith("_code")]
    known = {*pd.concat(codes), *city.incidents["案件编号"]}
    for row in city.truth["planted"]:
        places = row["kind"] in ("missing_links", "unnumbered_cover") and "," in row["code"]
        named = row["code"].removesuffix("-1-0000") if row["kind"] == "road_black_spots" else row["code"]
        assert places or set(re.split("[|;]", named)) <= known


def test_planted_cases_leave_all_others_as_they_were(city):
    """As many incidents as asked for, each with a code of its own; a class of the planted has no other."""
    codes = {code for row in city.truth["planted"] for code in row["code"].split(";")}
    for kind in ("repeated_places", "several_reports"):  # of the others places are named, not cases
        own = city.incidents["事件代码"].isin(PLANTED_CLASSES[kind])
        assert set(city.incidents.loc[own, "案件编号"]) <= codes
    assert len(city.incidents) == city.incidents["案件编号"].nunique() == 1000


def test_the_known_month_is_found_again(city, incidents):
    clocks = {
        "deadlines": deadlines(incidents, limits_table(), as_of=city.truth["as_of"]),
        "indicators": known_indicators(incidents, limits_table(), city.truth),
    }
    checks = check_against_truth(city.truth, city.answers, **clocks)
    assert checks["ok"].all(), str(checks)
    assert checks["planted"].min() > 40
    wrong = clocks["indicators"].assign(numerator=clocks["indicators"]["numerator"] + 1)
    assert not check_against_truth(city.truth, city.answers, indicators=wrong)["ok"].any()


def test_a_miss_and_a_near_miss_that_is_reported_are_seen(city, found):
    near = next(row for row in city.truth["planted"] if row["kind"] == "odd_length" and not row["fault"])
    worse = found | {"odd_length": [*found["odd_length"], near["code"]], "twin_covers": []}
    checks = check_planted(city.truth, worse).set_index("check")
    assert checks.index[~checks["ok"]].tolist() == ["odd_length", "twin_covers"]
    assert checks.loc["odd_length", "invented"] == 1
    assert checks.loc["twin_covers", "missed"] == 1


def test_a_kind_that_is_not_asked_for_is_missed(city):
    checks = check_planted(city.truth, {})
    assert (checks["missed"] == checks["planted"]).all()
    assert not checks["ok"].any()
