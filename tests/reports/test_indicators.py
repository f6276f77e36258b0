"""The key figures of an assignment."""

import json

import pandas as pd
import pytest

from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.reports import assignment_summary, busiest_chiefs


def make_assigned(*rows):
    """Each row: zone, chief, how it was found, reason, whether a person should look."""
    columns = ["zone_code", "chief_code", "found", "reason", "ambiguous"]
    assigned = pd.DataFrame(list(rows), columns=columns).astype({"ambiguous": bool})
    return assigned.assign(chief_name="路长" + assigned["chief_code"].astype("str"))


@pytest.fixture
def assigned():
    return make_assigned(
        ("A", "LZ1", "inside", "one_zone", False),
        ("A", "LZ1", "inside", "overlap", True),
        ("B", "LZ2", "border", "shared_border", True),
        ("C", "LZ2", "nearest", "within_reach", False),
        (None, None, "none", "out_of_reach", True),
        (None, None, "none", "no_position", True),
        (None, None, "none", "bad_position", True),
    )


def test_every_incident_is_counted_once(assigned):
    summary = assignment_summary(assigned)
    assert summary == {
        "incidents": 7,
        "found": {"inside": 2, "border": 1, "nearest": 1, "none": 1},
        "reason": {
            "bad_position": 1,
            "no_position": 1,
            "one_zone": 1,
            "out_of_reach": 1,
            "overlap": 1,
            "shared_border": 1,
            "within_reach": 1,
        },
        "ambiguous": 3,
        "rejected": 2,
    }
    assert sum(summary["found"].values()) + summary["rejected"] == summary["incidents"]
    assert sum(summary["reason"].values()) == summary["incidents"]
    assert json.loads(json.dumps(summary)) == summary


def test_no_incidents_are_counted_too():
    summary = assignment_summary(make_assigned())
    assert (summary["incidents"], summary["found"]["inside"], summary["rejected"]) == (0, 0, 0)
    assert len(busiest_chiefs(make_assigned())) == 0


def test_chiefs_by_incidents_then_by_code(assigned):
    chiefs = busiest_chiefs(assigned)
    assert chiefs.to_dict("list") == {
        "chief_code": ["LZ1", "LZ2"],
        "chief_name": ["路长LZ1", "路长LZ2"],
        "zones": [1, 2],
        "incidents": [2, 2],
        "share": [2 / 7, 2 / 7],  # of all incidents, whoever answers
    }


def test_the_ranking_does_not_depend_on_the_order_of_rows(assigned):
    assigned.loc[1, "chief_name"] = "路长另一名"
    backwards = assigned.iloc[::-1]
    pd.testing.assert_frame_equal(busiest_chiefs(backwards), busiest_chiefs(assigned))


def test_only_the_top_is_listed(assigned):
    assert busiest_chiefs(assigned, top=1)["chief_code"].tolist() == ["LZ1"]
    with pytest.raises(InputError, match="top must be at least 1, not 0"):
        busiest_chiefs(assigned, top=0)


def test_a_chief_without_a_name_still_counts(assigned):
    assert busiest_chiefs(assigned.drop(columns="chief_name"))["chief_name"].tolist() == ["", ""]
    assert busiest_chiefs(assigned.assign(chief_name=None))["chief_name"].tolist() == ["", ""]


def test_what_was_not_assigned_cannot_be_counted(assigned):
    with pytest.raises(MissingColumnError, match="assigned: no column found; give what assign_incidents"):
        assignment_summary(assigned.drop(columns="found"))
    with pytest.raises(
        MissingColumnError, match=r"assigned: no column chief_code; .* zones that have chiefs"
    ):
        busiest_chiefs(assigned.drop(columns="chief_code"))
    with pytest.raises(MissingColumnError, match="grid_code"):
        busiest_chiefs(assigned, code="grid_code")


def test_a_chief_who_is_nobody_is_not_the_busiest():
    rows = [("A", "待定", "inside", "one_zone", False)] * 3 + [("B", "LZ2", "inside", "one_zone", False)]
    chiefs = busiest_chiefs(make_assigned(*rows))
    assert chiefs[["chief_code", "incidents", "share"]].to_numpy().tolist() == [["LZ2", 1, 0.25]]
