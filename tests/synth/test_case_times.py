"""The times of the sample's cases are walked to a state chosen first, and read back as that state."""

import datetime as dt
from itertools import pairwise

import pandas as pd
import pytest

from zjk_gis.assess import WorkingCalendar, deadlines, indicators
from zjk_gis.io import read_layer
from zjk_gis.synth import make_city, write_city
from zjk_gis.synth.case_times import LIMITS, WorkingWalk, limits_table, read_clock, written

END = "2026-01-01 00:00:00"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    write_city(make_city(grids=300, incidents=4000, seed=8), folder)
    return folder


@pytest.fixture(scope="module")
def cases(folder):
    return read_layer(folder / "incidents.csv", spec="incidents")


@pytest.fixture(scope="module")
def answers(folder):
    return pd.read_csv(folder / "truth_incidents.csv.gz", dtype=str, keep_default_na=False)


@pytest.mark.parametrize(
    ("start", "amount", "clock", "end"),
    [
        ("2025-11-03 22:36:00", 2, "紧急工作时", "2025-11-04 00:36:00"),
        ("2025-01-27 17:00:00", 4, "工作时", "2025-02-05 11:00:00"),  # over Spring Festival
        ("2025-01-26 10:00:00", 2, "工作时", "2025-01-26 12:00:00"),  # a Sunday that is worked; noon is noon
        ("2025-11-03 11:59:59", 1, "工作时", "2025-11-03 14:59:59"),  # over noon
        ("2025-11-07 17:00:00", 1, "工作日", "2025-11-10 17:00:00"),  # over a weekend
        ("2025-11-07 17:00:00", 1, "自然日", "2025-11-08 17:00:00"),
    ],
)
def test_the_walk_is_that_of_a_person_with_a_calendar(start, amount, clock, end):
    assert written(WorkingWalk().after(read_clock(start), amount, clock)) == end


def test_the_walk_and_the_calendar_agree_for_every_clock(cases):
    calendar, walk = WorkingCalendar.of(), WorkingWalk()
    for start in cases["filed_at"].dropna().astype("M8[s]")[::40]:
        for amount, clock in ((2, "紧急工作时"), (4, "工作时"), (5, "工作日"), (3, "自然日")):
            told = written(walk.after(read_clock(str(start)), amount, clock))
            assert str(calendar.deadline(str(start), amount, clock)) == told


def test_every_case_stands_as_it_was_made_to_stand(cases, answers):
    found = deadlines(cases, limits_table(), as_of="2025-12-31")
    assert found["deadline_state"].tolist() == answers["deadline_state"].tolist()
    assert {"in_time", "overdue", "not_due", "suspended", "void"} <= {*found["deadline_state"]}


def test_recorded_deadlines_are_those_of_the_table_beside_them(folder, cases):
    """What was recorded is found again from the time of filing, the class and the calendar."""
    rules = pd.read_csv(folder / "deadlines.csv", dtype={"event_code": str})
    found = deadlines(cases.drop(columns="due_at"), rules, as_of="2025-12-31")
    recorded = cases["due_at"].astype("M8[us]")
    is_filed = cases["filed_at"].notna() & recorded.notna()
    extended = cases["extended_to"].astype("M8[us]").fillna(recorded)
    assert (found.loc[is_filed, "due_at"] == extended[is_filed]).all()


def test_steps_follow_one_another_and_nothing_is_known_of_the_future(cases):
    told = [cases[name] for name in ("occurred_at", "filed_at", "handled_at", "closed_at")]
    for before, after in pairwise(told):
        assert not (after < before).any()
        assert (after.isna() | before.notna()).all()
    assert all((times.dropna() <= pd.Timestamp(END)).all() for times in told)
    assert ((cases["state"] == "结案") == cases["closed_at"].notna()).all()
    is_extended = cases["extended_to"].notna() & cases["due_at"].notna()
    assert (cases.loc[is_extended, "extended_to"] > cases.loc[is_extended, "due_at"]).all()


def due_by_walk(case):
    """Where no deadline is recorded, that of the class."""
    if not pd.isna(case["due_at"]):
        return case["due_at"]
    limit = LIMITS[case["event_code"]]
    return pd.Timestamp(written(WorkingWalk().after(read_clock(str(case["filed_at"])), *limit)))


def test_indicators_by_hand(cases):
    """Counted one by one with plain comparisons, over a month and a district."""
    month = indicators(cases, by="district_code", month="2025-11", table=limits_table()).set_index(
        ["district_code", "indicator"]
    )
    end = dt.datetime(2025, 12, 1)
    due = done = extended = reworked = closing = 0
    for case in cases.to_dict("records"):
        if case["district_code"] != "130702" or f"{case['occurred_at']:%Y-%m}" != "2025-11":
            continue
        if case["state"] in ("作废", "挂账", "受理"):
            continue
        last = due_by_walk(case) if pd.isna(case["extended_to"]) else case["extended_to"]
        is_done = case["handled_at"] <= end
        is_due = is_done or last < end
        due += is_due
        done += is_due and is_done and case["handled_at"] <= last
        extended += is_due and not pd.isna(case["extended_to"])
        is_closing = case["closed_at"] <= end or last < end
        closing += is_closing
        reworked += is_closing and case["rework_count"] > 0
    told = {
        "handled_in_time_rate": (done, due),
        "extended_rate": (extended, due),
        "rework_rate": (reworked, closing),
    }
    assert due > 20
    for name, pair in told.items():
        row = month.loc[("130702", name)]
        assert (row["numerator"], row["denominator"]) == pair


def test_a_case_has_the_district_and_street_of_its_zone(cases, answers):
    is_known = (answers["fault"] != "no_coordinates").to_numpy()
    cases, zones = cases[is_known], answers.loc[is_known, "zone_code"]
    assert cases["street_code"].fillna("").tolist() == zones.str[3:12].tolist()
    assert cases["district_code"].fillna("").tolist() == zones.str[3:9].tolist()


def test_each_class_has_a_limit():
    assert limits_table()["event_code"].tolist() == list(LIMITS)
