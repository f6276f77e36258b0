"""Every kind of fault that is planted in a city is found, and no near miss beside it, whatever the seed."""

import pandas as pd
import pytest

from zjk_gis.cli.analysis.planted import ask_for_planted
from zjk_gis.synth import check_planted, make_city
from zjk_gis.synth.planting import KINDS

SEEDS = [4, 11, 2026]


@pytest.fixture(scope="module", params=SEEDS)
def city(request):
    return make_city(grids=300, incidents=1000, seed=request.param)


@pytest.fixture(scope="module")
def found(city):
    return ask_for_planted(city.layers, city.truth)


def test_all_is_found_and_none_invented(city, found):
    checks = check_planted(city.truth, found)
    assert checks[~checks["ok"]].to_dict("records") == []
    assert set(found) == set(KINDS)


def test_each_kind_has_a_fault_and_a_near_miss(city):
    planted = {(row["kind"], row["fault"]) for row in city.truth["planted"]}
    assert planted == {(kind, fault) for kind in KINDS for fault in (True, False)}


def test_what_is_planted_is_there(city):
    codes = [layer[name] for layer in city.layers.values() for name in layer if name.endswith("_code")]
    known = set(pd.concat(codes))
    for row in city.truth["planted"]:
        places = row["kind"] in ("missing_links", "unnumbered_cover") and "," in row["code"]
        assert places or set(row["code"].split("|")) <= known


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
