"""Contractors' areas of 40 m by 10 m; A and B share 100 m², all along the ground of C.

::

    +------ A ------+==+------ B ------+      ==  100 m²
    +--------------- C ----------------+
"""

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

import zjk_gis
from zjk_gis.errors import EmptyLayerError, InputError, MissingColumnError
from zjk_gis.protection import double_payment
from zjk_gis.responsibility import responsibility_audit

AREAS = gpd.GeoDataFrame(
    {
        "work_area_code": ["A", "B", "C"],
        "contract_code": ["HT-1", "HT-2", "HT-3"],
        "contractor": ["甲公司", "乙公司", "丙公司"],
        "service_kind": ["清扫保洁", "清扫保洁", "绿化养护"],
        "fee_per_m2": [10.0, None, 5.0],
        "fee_sum": [None, 6000.0, None],
    },
    geometry=[box(0, 0, 40, 10), box(30, 0, 70, 10), box(0, 0, 70, 10)],
    crs=4547,
)
REGION = gpd.GeoDataFrame(geometry=[box(0, 0, 80, 10)], crs=4547)


def told(found):
    columns = ["first_area", "second_area", "first_paid", "second_paid", "paid_twice", "status"]
    return found[columns].to_numpy().tolist()


def test_ground_of_one_service_is_paid_for_twice_and_both_contracts_are_named():
    found = double_payment(AREAS)
    # 100 m² at 10 yuan; a quarter of 400 m² for 6,000 yuan.
    assert told(found) == [["A", "B", 1000.0, 1500.0, 1000.0, "double_payment"]]
    assert found[["first_contract", "second_contract"]].to_numpy().tolist() == [["HT-1", "HT-2"]]
    assert found[["first_contractor", "second_contractor"]].to_numpy().tolist() == [["甲公司", "乙公司"]]


def test_what_a_service_or_a_fee_is_nobody_guesses():
    found = double_payment(AREAS.assign(service_kind=["清扫保洁", None, "绿化养护"]))
    assert [row[:2] + row[-1:] for row in told(found)] == [
        ["B", "C", "needs_review"],
        ["A", "B", "needs_review"],
    ]
    found = double_payment(AREAS.assign(fee_sum=None))
    assert [row[:2] + row[-1:] for row in told(found)] == [["A", "B", "needs_review"]]
    assert found["paid_twice"].isna().all()


def test_contracts_without_a_day_in_common_pay_for_nothing_twice():
    dated = AREAS.assign(valid_from=["2025-01-01", "2026-01-01", None], valid_to=["2025-12-31", None, None])
    assert len(double_payment(dated)) == 0
    assert len(double_payment(dated.assign(valid_to=["2026-01-01", None, None]))) == 1
    assert len(double_payment(AREAS.assign(valid_to=["2025-12-31", None, None]), at="2026-01-01")) == 0


def test_a_sum_is_shared_out_over_all_areas_of_its_contract():
    more = AREAS.iloc[[1]].assign(work_area_code="B2").set_geometry([box(100, 0, 140, 10)], crs=4547)
    found = double_payment(pd.concat([AREAS, more], ignore_index=True))
    assert told(found) == [["A", "B", 1000.0, 750.0, 750.0, "double_payment"]]


def test_a_sum_pays_for_ground_of_its_own_contract_once():
    one = AREAS.assign(contract_code="HT-1", service_kind="清扫保洁").iloc[:2]
    assert len(double_payment(one)) == 0
    both = double_payment(one.assign(fee_per_m2=10.0))
    assert told(both) == [["A", "B", 1000.0, 1000.0, 1000.0, "double_payment"]]


def test_coverage_and_audit_take_the_layer_as_it_is():
    swept = AREAS[AREAS["service_kind"] == "清扫保洁"]
    faults = zjk_gis.coverage_faults(REGION, swept, code="work_area_code")
    assert faults.gaps["area_m2"].tolist() == [100.0]
    assert faults.overlaps[["first_code", "second_code", "area_m2"]].to_numpy().tolist() == [
        ["A", "B", 100.0]
    ]
    audit = responsibility_audit(REGION, swept, code="work_area_code")
    shares = audit.figures.set_index("measure")["share"]
    assert shares[["ground_once", "ground_several", "ground_nobody"]].tolist() == [0.75, 0.125, 0.125]


@pytest.mark.parametrize(
    ("areas", "error", "words"),
    [
        (AREAS.drop(columns="contract_code"), MissingColumnError, "no column 'contract_code'"),
        (AREAS.drop(columns=["fee_per_m2", "fee_sum"]), MissingColumnError, "no column 'fee_per_m2'"),
        (AREAS.assign(contract_code=["HT-1", None, "HT-3"]), InputError, "row 1 has no contract_code"),
        (AREAS.assign(work_area_code=["A", "A", "C"]), InputError, "A has rows that differ in contract"),
        (AREAS.assign(valid_to="2020-12-31"), EmptyLayerError, "none of its 3 rows is valid"),
    ],
)
def test_a_layer_that_cannot_answer_is_refused(areas, error, words):
    with pytest.raises(error, match=words):
        double_payment(areas, at="2025-06-30")


def test_a_fee_that_is_no_amount_is_told():
    found = double_payment(AREAS.assign(fee_per_m2=["ten", None, 5.0]))
    assert [(each["row"], each["why"]) for each in found.attrs["set_aside"]] == [(0, "not_an_amount")]
    assert found["status"].tolist() == ["needs_review"]
