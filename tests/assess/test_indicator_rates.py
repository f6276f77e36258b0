"""Indicators: a published month added up again, cases right by construction, and SQL on random rows."""

import sqlite3

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from zjk_gis.assess import WorkingCalendar, indicators
from zjk_gis.errors import InputError, MissingColumnError

CALENDAR = WorkingCalendar.of()


def figures(found, **where):
    for name, value in where.items():
        found = found[found[name] == value]
    return found.set_index("indicator")


def repeated(count, **told):
    base = {"occurred_at": "2016-12-05", "filed_at": "2016-12-05", "due_at": "2016-12-15", "closed_at": None}
    return [base | {"kind": "events"} | told] * count


def test_a_published_month_adds_up_again():
    """Tianmen, December 2016: 受理 1,054, 立案 996, 应结案 972, 结案 911, of them in time 737."""
    in_time, late = {"closed_at": "2016-12-10"}, {"closed_at": "2016-12-20"}
    month = pd.DataFrame(
        [
            *repeated(735, **in_time),
            *repeated(167, **late),
            *repeated(54),
            *repeated(2, kind="parts", **in_time),
            *repeated(7, kind="parts", **late),
            *repeated(7, kind="parts"),
            *repeated(24, due_at="2017-01-05"),
            *repeated(58, filed_at=None),
        ]
    )
    whole = figures(indicators(month, month="2016-12"))
    assert whole.loc["filed_rate", ["numerator", "denominator"]].tolist() == [996, 1054]
    assert whole.loc["closed_rate", ["numerator", "denominator"]].tolist() == [911, 972]
    assert whole.loc["closed_in_time_rate", ["numerator", "denominator"]].tolist() == [737, 972]
    shares = whole["value"].mul(100).round(2)
    assert shares[["closed_rate", "closed_in_time_rate"]].tolist() == [93.72, 75.82]
    parts = indicators(month, by="kind", month="2016-12")
    assert figures(parts, kind="events").loc["closed_rate", ["numerator", "denominator"]].tolist() == [
        902,
        956,
    ]
    both = [
        round(100 * figures(parts, kind=kind).loc["closed_rate", "value"], 2) for kind in ("events", "parts")
    ]
    assert both == [94.35, 56.25]


BASE = {"occurred_at": "2025-11-03 07:50", "filed_at": "2025-11-03 08:00", "due_at": "2025-11-05 18:00"}
MONTH = pd.DataFrame(
    [
        BASE | {"handled_at": "2025-11-03 12:00", "closed_at": "2025-11-03 18:00"},
        BASE | {"handled_at": "2025-11-05 18:00", "closed_at": "2025-11-06 09:00", "rework_count": 1},
        BASE | {"handled_at": "2025-11-06 08:00", "closed_at": None},
        BASE | {"handled_at": None, "is_repeat": True},
        BASE | {"due_at": "2025-12-31 18:00"},
        BASE | {"due_at": "2025-11-04", "extended_to": "2025-11-10 18:00", "handled_at": "2025-11-09"},
        BASE | {"state": "作废"},
        BASE | {"state": "挂账"},
        BASE | {"filed_at": None, "state": "受理"},
        BASE | {"due_at": None, "event_code": "0501", "handled_at": "2025-11-03 10:00"},
    ]
)


def test_every_rate_has_the_numerator_and_the_denominator_that_it_should():
    found = figures(indicators(MONTH, month="2025-11"))
    told = {
        name: (row.numerator, row.denominator)
        for name, row in found.iterrows()
        if row.numerator == row.numerator
    }
    assert told == {
        "filed_rate": (8, 10),  # neither the one that is void nor the one that waits
        "handled_rate": (4, 5),
        "handled_in_time_rate": (3, 5),
        "rework_rate": (1, 5),
        "overdue_open_rate": (1, 5),
        "extended_rate": (1, 5),
        "closed_rate": (2, 5),
        "closed_in_time_rate": (1, 5),
        "repeat_rate": (1, 8),
    }
    assert (found["n"] == 10).all()
    assert found.loc[["hours_median", "hours_90"], ["denominator", "value"]].to_numpy().tolist() == [
        [5, 58],
        [5, 136],
    ]


def test_nothing_to_share_is_no_data_and_never_0_or_100_percent():
    found = figures(indicators(MONTH.iloc[[8]], month="2025-11"))
    assert np.isnan(found.loc["handled_rate", ["value", "low_95", "high_95"]].astype(float)).all()
    nothing = figures(indicators(MONTH, month="2025-10"))
    assert nothing["value"].isna().all()
    assert nothing.loc["filed_rate", "denominator"] == 0


def test_a_rate_whose_column_is_not_there_is_not_told():
    columns = ["occurred_at", "filed_at", "due_at", "handled_at"]
    assert {"rework_rate", "extended_rate", "repeat_rate"} & {
        *indicators(MONTH.iloc[:4][columns], month="2025-11")["indicator"]
    } == set()


def test_a_month_begins_and_ends_at_midnight_in_beijing():
    edges = pd.DataFrame(
        {
            "occurred_at": [
                "2025-10-31T15:59:59Z",
                "2025-10-31T16:00:00Z",
                "2025-11-30 23:59:59",
                "2025-12-01",
            ],
            "filed_at": None,
            "closed_at": None,
        }
    )
    assert figures(indicators(edges, month="2025-11"))["n"].unique().tolist() == [2]


def test_what_is_compared_is_said():
    cases = MONTH.assign(district_code=["A"] * 6 + ["B"] * 4)
    bases = gpd.GeoDataFrame(
        {"district_code": ["A", "B"], "population": [20_000, 0], "chiefs": [3, None]},
        geometry=[box(573000, 4520000, 575000, 4521000), box(575000, 4520000, 576000, 4521000)],
        crs=4547,
    )
    found = indicators(cases, by="district_code", month="2025-11", bases=bases)
    told = figures(found, district_code="A").loc[["filed_per_km2", "filed_per_10000", "filed_per_chief"]]
    assert told["value"].tolist() == [3, 3, 2]
    assert told["denominator"].tolist() == [2, 2, 3]
    other = figures(found, district_code="B")
    assert np.isnan(other.loc[["filed_per_10000", "filed_per_chief"], "value"]).all()
    with pytest.raises(InputError, match="several rows of one group"):
        indicators(cases, by="district_code", month="2025-11", bases=pd.concat([bases, bases]))
    with pytest.raises(MissingColumnError, match="none of the columns area_km2"):
        indicators(cases, by="district_code", month="2025-11", bases=pd.DataFrame({"district_code": ["A"]}))


@pytest.mark.parametrize("month", ["2025-13", "202511", "2025-1"])
def test_a_month_is_one(month):
    with pytest.raises(InputError, match="written as 2025-11"):
        indicators(MONTH, month=month)


def test_without_a_month_one_says_as_of_when():
    with pytest.raises(InputError, match="month= or as_of="):
        indicators(MONTH)
    assert figures(indicators(MONTH, as_of="2025-11-30"))["n"].unique().tolist() == [10]


def random_rows(rng, count):
    """Rows of any kind: some open, some late, some void, some without a district."""
    base = np.datetime64("2025-10-20", "s")
    occurred = base + rng.integers(0, 50 * 86400, count).astype("m8[s]")
    hours = np.timedelta64(3600, "s")
    filed = occurred + rng.integers(0, 30, count) * hours
    due = filed + rng.integers(1, 200, count) * hours
    handled = filed + rng.integers(0, 240, count) * hours
    closed = handled + rng.integers(0, 30, count) * hours
    nothing = np.datetime64("NaT", "s")
    pick = rng.random((4, count))
    rows = pd.DataFrame(
        {
            "occurred_at": occurred,
            "filed_at": np.where(pick[0] < 0.1, nothing, filed),
            "due_at": np.where(pick[1] < 0.1, nothing, due),
            "handled_at": np.where(pick[2] < 0.2, nothing, handled),
            "closed_at": np.where(pick[2] < 0.3, nothing, closed),
            "state": rng.choice(["处置", "挂账", "作废", "受理"], count, p=[0.8, 0.05, 0.05, 0.1]),
            "event_code": rng.choice(["0501", "0504"], count),
            "district_code": pd.Series(rng.choice(["A", "B", "C", ""], count)).replace("", None),
        }
    )
    rows.loc[rows["filed_at"].isna(), "state"] = "受理"
    rows.loc[rows["filed_at"].isna(), ["handled_at", "closed_at"]] = nothing
    return rows


QUERY = """
with month as (
    select *,
        case when filed_at <= :end then filed_at end as filed,
        case when closed_at <= :end then closed_at end as closed,
        case when handled_at <= :end then handled_at when closed_at <= :end then closed_at end as handled
    from cases where occurred_at >= '2025-11-01' and occurred_at < :end
), told as (
    select *,
        state = '作废' as void, state = '挂账' and handled is null as hangs,
        filed is not null or (state not in ('上报', '受理') and filed_at is null) as is_filed
    from month
), due as (
    select *,
        filed is not null and not void and not hangs and due_at is not null
            and (handled is not null or due_at < :end) as is_due,
        filed is not null and not void and not hangs and due_at is not null
            and (closed is not null or due_at < :end) as is_closing
    from told
)
select coalesce(district_code, '-') as district, event_code,
    count(*) as reported, sum(is_filed and not void) as filed,
    sum(is_due) as due, sum(is_due and handled is not null) as handled,
    sum(is_due and handled <= due_at) as in_time, sum(is_due and handled is null) as open,
    sum(is_closing) as closing, sum(is_closing and closed is not null) as closed,
    sum(is_closing and closed <= due_at) as closed_in_time
from due group by 1, 2
"""


def by_sql(rows):
    with sqlite3.connect(":memory:") as base:
        text = rows.assign(
            **{name: rows[name].dt.strftime("%Y-%m-%d %H:%M:%S") for name in rows if name.endswith("_at")}
        )
        text.astype(object).where(text.notna(), None).to_sql("cases", base, index=False)
        found = pd.read_sql(QUERY, base, params={"end": "2025-12-01 00:00:00"})
    base.close()
    return found.set_index(["district", "event_code"]).fillna(0)


def check(found, sql):
    found = found.assign(district=found["district_code"].fillna("-"))
    for name, (above, below) in {
        "filed_rate": ("filed", "reported"),
        "handled_rate": ("handled", "due"),
        "handled_in_time_rate": ("in_time", "due"),
        "overdue_open_rate": ("open", "due"),
        "closed_rate": ("closed", "closing"),
        "closed_in_time_rate": ("closed_in_time", "closing"),
    }.items():
        own = found[found["indicator"] == name].set_index(["district", "event_code"])
        assert own.index.equals(sql.loc[own.index].index)
        assert len(own) == len(sql)
        assert own["numerator"].tolist() == sql.loc[own.index, above].tolist(), name
        assert own["denominator"].tolist() == sql.loc[own.index, below].tolist(), name


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.integers(40, 2000))
def test_counts_are_those_of_a_query(seed, count):
    rows = random_rows(np.random.default_rng(seed), count)
    found = indicators(rows, by=["district_code", "event_code"], month="2025-11", calendar=CALENDAR)
    check(found, by_sql(rows))
    shuffled = indicators(
        rows.sample(frac=1, random_state=seed),
        by=["district_code", "event_code"],
        month="2025-11",
        calendar=CALENDAR,
    )
    pd.testing.assert_frame_equal(found, shuffled)


def test_a_file_is_counted_as_a_table_is_and_its_hours_are_half_a_percent_off_at_most(tmp_path, monkeypatch):
    rows = random_rows(np.random.default_rng(3), 30_000)
    monkeypatch.setattr("zjk_gis.assess.rates._CHUNK", 7_000)
    folder = tmp_path / "cases"
    folder.mkdir()
    rows.iloc[:20_000].to_parquet(folder / "a.parquet")
    rows.iloc[20_000:].to_parquet(folder / "b.parquet")
    asked = {"by": ["district_code", "event_code"], "month": "2025-11", "calendar": CALENDAR}
    found, table = indicators(folder, **asked), indicators(rows, **asked)
    check(found, by_sql(rows))
    is_hours = table["indicator"].isin(["hours_median", "hours_90"])
    columns = [name for name in table if name != "value"]
    pd.testing.assert_frame_equal(found[columns], table[columns])
    pd.testing.assert_frame_equal(found[~is_hours], table[~is_hours])
    assert found.loc[is_hours, "value"].to_numpy() == pytest.approx(
        table.loc[is_hours, "value"].to_numpy(), rel=0.006
    )
    assert (found.attrs["hours"], table.attrs["hours"]) == ("classes", "exact")


def test_months_are_a_group_like_any_other():
    rows = random_rows(np.random.default_rng(5), 3_000)
    asked = {"as_of": "2025-12-31", "calendar": CALENDAR}
    crossed = indicators(rows, by=["month", "event_code"], **asked)
    assert sorted(crossed["month"].unique()) == ["2025-10", "2025-11", "2025-12"]
    for month, own in crossed.groupby("month"):
        alone = indicators(rows, by="event_code", month=month, **asked)
        pd.testing.assert_frame_equal(own.drop(columns="month").reset_index(drop=True), alone)


def test_a_path_without_parquet_is_refused(tmp_path):
    with pytest.raises(InputError, match="no Parquet file"):
        indicators(tmp_path, month="2025-11")
