"""The monthly bulletin: every figure is added up again from the rows that it says it is made of."""

import numpy as np
import pandas as pd
import pytest

from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.reports import monthly_bulletin

DISTRICTS = ["130702", "130703", "130705", None]
TRADES = ["0102", "0501", "0304", "9999"]
NOW = "2025-11"


def many_cases(count=4000, seed=7):
    """Cases of fourteen months by chance, with all that platforms leave out."""
    chance = np.random.default_rng(seed)
    begin = pd.Timestamp("2024-10-01")
    occurred = begin + pd.to_timedelta(chance.uniform(0, 427 * 24 * 60, count).round(), unit="min")
    filed = occurred + pd.to_timedelta(chance.integers(5, 600, count), unit="min")
    due = filed + pd.to_timedelta(chance.integers(4, 72, count), unit="h")
    handled = filed + pd.to_timedelta(chance.exponential(30, count), unit="h").round("min")
    closed = handled + pd.to_timedelta(chance.integers(0, 300, count), unit="min")
    missing = pd.DataFrame(chance.uniform(size=(count, 4)) < [0.05, 0.1, 0.08, 0.9])
    district = chance.choice(len(DISTRICTS), count, p=[0.4, 0.35, 0.2, 0.05])
    return pd.DataFrame(
        {
            "incident_code": [f"A{at:05}" for at in range(count)],
            "occurred_at": occurred,
            "filed_at": pd.Series(filed).mask(missing[0]),
            "due_at": pd.Series(due).mask(missing[2]),
            "handled_at": pd.Series(handled).mask(missing[1]),
            "closed_at": pd.Series(closed).mask(missing[1]),
            "extended_to": pd.Series(due + pd.Timedelta(days=1)).where(~missing[3]),
            "rework_count": chance.integers(0, 2, count),
            "state": chance.choice(["结案", "处置", "挂账", "作废"], count, p=[0.7, 0.2, 0.05, 0.05]),
            "district_code": pd.Series([DISTRICTS[at] for at in district], dtype="str"),
            "chief_code": [f"LZ{at:02}" for at in chance.integers(0, 20, count)],
            "chief_name": "某某",
            "event_code": chance.choice(TRADES, count),
        }
    )


@pytest.fixture(scope="module")
def bulletin():
    return monthly_bulletin(many_cases(), month=NOW, least=5)


def test_every_figure_is_added_up_again(bulletin):
    differing = {}
    for figure, value in bulletin.figures.set_index("figure")["value"].items():
        again, words = bulletin.added_up(figure)
        if not (np.isnan(value) and np.isnan(again)) and abs(value - again) > 1e-9:
            differing[figure] = (value, again, words)
    assert differing == {}
    assert len(bulletin.figures) > 400


def test_an_id_stands_once(bulletin):
    assert bulletin.figures["figure"].is_unique


def test_what_is_no_figure_is_refused_and_near_ids_are_named(bulletin):
    with pytest.raises(InputError, match="2025-11/closed_rate/130703"):
        bulletin.rows("2025-11/closed_rate/130704")
    with pytest.raises(InputError, match="is not the id of a figure"):
        bulletin.rows("closed_rate")


def test_a_month_without_cases_is_refused_and_the_months_are_named():
    with pytest.raises(InputError, match="2031-01 has no cases; there are cases from 2024-10 to 2025-12"):
        monthly_bulletin(many_cases(), month="2031-01")


def test_a_column_of_areas_that_is_not_there_is_refused():
    with pytest.raises(MissingColumnError, match="street_code"):
        monthly_bulletin(many_cases(), month=NOW, by="street_code")
