"""When incidents are due and how they stand; the ledgers of enforcement cases."""

import pandas as pd
import pytest

from zjk_gis.assess import case_ledgers, deadlines
from zjk_gis.errors import InputError, MissingColumnError

TABLE = pd.DataFrame(
    {
        "event_code": ["0102", "0401", "0101"],
        "deadline": [4, 2, 30],
        "clock": ["工作时", "紧急工作时", "自然日"],
    }
)


def case(**told):
    return {"event_code": "0102", "filed_at": "2025-11-03 08:00", "closed_at": None, **told}


def states(*cases, as_of="2025-11-10", **options):
    return deadlines(pd.DataFrame(list(cases)), TABLE, as_of=as_of, **options)["deadline_state"].tolist()


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({"closed_at": "2025-11-03 12:00"}, "in_time"),  # at the deadline
        ({"closed_at": "2025-11-03 12:01"}, "overdue"),
        ({}, "overdue"),
        ({"filed_at": "2025-11-10 17:00"}, "not_due"),
        (
            {"filed_at": "2025-11-10 09:00", "closed_at": "2025-11-11 09:00"},
            "overdue",
        ),  # due at 15:00, not closed yet
        ({"filed_at": "2025-11-10 17:00", "closed_at": "2025-11-12 09:00"}, "not_due"),  # nor is this one
        ({"event_code": "0501"}, "no_deadline"),
        ({"event_code": "0501", "due_at": "2025-11-05 18:00", "closed_at": "2025-11-05 17:00"}, "in_time"),
        ({"due_at": "2025-11-20"}, "not_due"),  # what the platform recorded comes before the table
        ({"extended_to": "2025-11-12 18:00"}, "not_due"),
        ({"extended_to": "2025-11-12 18:00", "closed_at": "2025-11-07"}, "in_time"),
        ({"state": "挂账"}, "suspended"),
        ({"state": "挂账", "closed_at": "2025-11-03 09:00"}, "in_time"),
        ({"state": "作废", "closed_at": "2025-11-03 09:00"}, "void"),
        ({"filed_at": None, "state": "受理"}, "not_filed"),
        ({"filed_at": "2025-11-11 08:00"}, "not_filed"),  # the day after
        ({"filed_at": None, "state": "派遣"}, "no_time"),
        ({"state": "已结案"}, "no_time"),
    ],
)
def test_how_a_case_stands(told, state):
    assert states(case(**told)) == [state]


def test_what_reaches_into_a_year_without_a_calendar_is_marked_and_the_others_go_on():
    found = states(
        case(filed_at="2026-12-31 17:00"),
        case(filed_at="2026-12-31 09:00"),
        case(filed_at="2026-12-31 23:00", event_code="0401"),  # a clock that never stops
        as_of="2027-01-05",
    )
    assert found == ["unpublished", "overdue", "overdue"]


def test_used_and_left_are_in_the_unit_of_the_clock():
    cases = pd.DataFrame(
        [
            case(filed_at="2025-11-07 17:00"),
            case(filed_at="2025-11-07 22:36", event_code="0401", closed_at="2025-11-08 01:36"),
            case(filed_at="2025-11-01 00:00", event_code="0101"),
        ]
    )
    found = deadlines(cases, TABLE, as_of="2025-11-10 10:00")
    assert found["clock"].tolist() == ["工作时", "紧急工作时", "自然日"]
    assert found["time_allowed"].tolist() == [4, 2, 30]
    assert found["time_used"].tolist() == pytest.approx([3, 3, 9 + 10 / 24])
    assert found["time_left"].tolist() == pytest.approx([1, -1, 21 - 10 / 24])


def test_rows_keep_their_order_and_their_index():
    cases = pd.DataFrame([case(incident_code=f"A{at}") for at in range(3)], index=[7, 5, 6])
    found = deadlines(cases, TABLE, as_of="2025-11-10")
    assert found.index.tolist() == [7, 5, 6]
    assert found["incident_code"].tolist() == ["A0", "A1", "A2"]


def test_an_answer_does_not_depend_on_what_happened_later():
    """As of a day in the past the case is as it was then."""
    one = case(closed_at="2025-11-06 09:00", handled_at="2025-11-03 11:00")
    assert states(one, as_of="2025-11-03 10:00") == ["not_due"]
    assert states(one, as_of="2025-11-03 11:00") == ["in_time"]


def test_the_tables_of_other_cities_are_not_taken_for_this_one():
    cases = pd.DataFrame([case()])
    assert deadlines(cases, as_of="2025-11-10")["deadline_state"].tolist() == ["no_deadline"]
    there = deadlines(cases, as_of="2025-11-10", practice="another city")
    assert there["due_at"].tolist() == [pd.Timestamp("2025-11-03 18:00")]
    own = {
        "deadlines": pd.DataFrame(
            {"event_code": ["0102"], "practice": ["本市"], "deadline": ["1"], "clock": ["工作时"]}
        )
    }
    assert deadlines(cases, as_of="2025-11-10", tables=own)["due_at"].tolist() == [
        pd.Timestamp("2025-11-03 09:00")
    ]
    with pytest.raises(InputError, match="'nowhere' is not in the table"):
        deadlines(cases, as_of="2025-11-10", practice="nowhere")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"event_code": ["0102", "0102", "0101"]}, "0102 has several rows"),
        ({"deadline": [4, 0, 3]}, "deadline of 0401 must be a number greater than 0, not '0'"),
        ({"deadline": [4, "soon", 3]}, "deadline of 0401"),
        ({"clock": ["工作时", "小时", "自然日"]}, "clock of 0401 must be .*, not '小时'"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(change, told):
    with pytest.raises(InputError, match=told):
        deadlines(pd.DataFrame([case()]), TABLE.assign(**change), as_of="2025-11-10")


def test_what_is_needed_is_named():
    with pytest.raises(MissingColumnError, match="no column 'filed_at'"):
        deadlines(pd.DataFrame({"closed_at": []}), TABLE, as_of="2025-11-10")
    with pytest.raises(MissingColumnError, match="neither handled_at nor closed_at"):
        deadlines(pd.DataFrame({"filed_at": []}), TABLE, as_of="2025-11-10")
    with pytest.raises(MissingColumnError, match="no column 'event_code'"):
        deadlines(pd.DataFrame([case()]).drop(columns="event_code"), TABLE, as_of="2025-11-10")


CASES = pd.DataFrame(
    {
        "case_code": ["A", "B", "C", "D", "E"],
        "filed_on": ["2025-08-01", "2025-10-01", "2025-10-20", "2025-10-21", "2025-10-22"],
        "decided_on": [None, None, "2025-11-03", "2025-10-24", None],
        "published_on": [None, None, None, "2025-10-30", None],
        "closed_on": [None, None, None, "2025-11-01", None],
        "is_complex": ["是", "否", None, None, None],
        "case_state": ["调查", "调查", "决定", "结案", "撤销"],
    }
)


def test_the_two_ledgers_count_back_from_the_last_day():
    found = case_ledgers(CASES, as_of="2025-11-05")
    told = (
        found[["case_code", "ledger", "duty", "due_on", "days_left", "deadline_state"]]
        .astype("str")
        .fillna("")
        .to_numpy()
        .tolist()
    )
    assert told == [
        ["A", "complex", "decide", "2025-10-30", "-6.0", "overdue"],  # 90 days after 1 August
        ["C", "countdown", "publish", "2025-11-12", "7.0", "not_due"],  # 7 working days after Monday the 3rd
        ["B", "countdown", "decide", "2025-12-30", "55.0", "not_due"],
        ["A", "complex", "close", "", "", "no_deadline"],
        ["B", "countdown", "close", "", "", "no_deadline"],
        ["C", "countdown", "close", "", "", "no_deadline"],
    ]


def test_limits_of_yours_hold_for_closing_and_for_complex_cases():
    limits = pd.DataFrame(
        {
            "limit": ["case_closed_within", "complex_penalty_decided_within"],
            "value": ["60", "120"],
            "unit": ["working days", "days"],
        }
    )
    found = case_ledgers(CASES, as_of="2025-11-05", tables={"limits": limits}).set_index(
        ["case_code", "duty"]
    )
    assert found.loc[("A", "decide"), "due_on"] == pd.Timestamp("2025-11-29")
    assert found.loc[("B", "decide"), "due_on"] == pd.Timestamp("2025-12-30")
    assert found.loc[("C", "close"), "due_on"] == pd.Timestamp("2026-01-13")  # Sunday 4 January is worked
    with pytest.raises(InputError, match="_within must be a whole number of days"):
        case_ledgers(CASES, as_of="2025-11-05", tables={"limits": limits.assign(unit="months")})


def test_publishing_that_reaches_into_a_year_without_a_calendar_is_marked():
    late = pd.DataFrame({"case_code": ["Z"], "filed_on": ["2026-12-01"], "decided_on": ["2026-12-28"]})
    found = case_ledgers(late, as_of="2026-12-30").set_index("duty")
    assert found.loc["publish", "deadline_state"] == "unpublished"
