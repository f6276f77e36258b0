"""`zjk-gis assess`: two districts, one of which closes everything in time."""

import json

import pandas as pd
import pytest


@pytest.fixture
def cases(tmp_path):
    """Forty cases a district; in the second ten are closed late and ten are open."""
    good = [("130702", "2025-11-03 10:00")] * 40
    worse = [("130703", "2025-11-03 10:00")] * 20 + [("130703", "2025-11-05")] * 10 + [("130703", "")] * 10
    rows = pd.DataFrame(good + worse, columns=["district_code", "结案时间"])
    rows["案件编号"] = [f"A{at:03}" for at in range(len(rows))]
    rows = rows.assign(发生时间="2025-11-03 07:50", 立案时间="2025-11-03 08:00", 事件代码="0102")
    rows.assign(经度=114.88, 纬度=40.82).to_csv(tmp_path / "cases.csv", index=False)
    rules = pd.DataFrame({"event_code": ["0102"], "deadline": [4], "clock": ["工作时"]})
    rules.to_csv(tmp_path / "rules.csv", index=False)
    return tmp_path / "cases.csv"


def asked(cases, *more):
    city = cases.with_name("city.gpkg")
    rules = cases.with_name("rules.csv")
    return "assess", city, "--month", "2025-11", "--incidents", cases, "--deadlines", rules, *more


def test_the_answer_is_two_sentences_and_a_workbook(run, cases, tmp_path):
    code, out, _ = run(*asked(cases, "-o", tmp_path / "月报.xlsx", "--lang", "zh"))
    assert code == 0
    assert "2025-11：受理案件 80 件，立案 80 件；应结案 80 件，结案率 87.50%，按期结案率 75.00%。" in out
    assert "排名第一的是 130702，得 100.00 分；末位是 130703" in out
    sheets = {
        name: pd.read_excel(
            tmp_path / "月报.xlsx", sheet_name=name, engine="calamine", header=3, dtype={0: str}
        )
        for name in ("考核排名", "指标明细")
    }
    assert sheets["考核排名"]["组内名次"].tolist() == [1, 2]
    rows = sheets["指标明细"].to_numpy().tolist()
    assert ["130703", "结案率", 30, 40, 0.75, 0.5981, 0.8581, 40] in rows


def test_the_same_as_json(run, cases):
    code, out, _ = run(*asked(cases, "--json"))
    told = json.loads(out)
    assert code == 0
    assert [row["district_code"] for row in told["ranking"]] == ["130702", "130703"]
    rate = {row["indicator"]: row for row in told["indicators"]}["closed_in_time_rate"]
    assert (rate["numerator"], rate["denominator"]) == (60, 80)


def test_few_cases_are_not_ranked(run, cases):
    _, out, _ = run(*asked(cases, "--least", "50", "--json"))
    assert {row["unranked"] for row in json.loads(out)["ranking"]} == {"few_cases"}


def test_what_lacks_a_column_or_a_month_is_refused(run, cases):
    code, _, err = run(*asked(cases, "--by", "street_code"))
    assert code == 2
    assert "street_code" in err
    code, _, err = run("assess", cases, "--month", "11月", "--incidents", cases, "--lang", "zh")
    assert code == 2
    assert "月份应写作 2025-11" in err
