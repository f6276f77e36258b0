"""`zjk-gis assess` and `zjk-gis rows`: two districts, one of which closes everything in time."""

import json

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point


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
    assert "排名第一的是 桥东区（130702），得 100.00 分；末位是 桥西区（130703）" in out
    sheets = {
        name: pd.read_excel(
            tmp_path / "月报.xlsx", sheet_name=name, engine="calamine", header=3, dtype={0: str}
        )
        for name in ("考核排名", "指标明细")
    }
    assert sheets["考核排名"]["组内名次"].tolist() == [1, 2]
    rows = sheets["指标明细"].set_index("数字编号")
    row = rows.loc["2025-11/closed_rate/130703", ["对象名称", "考核指标", "数值", "分子", "分母", "案件基数"]]
    assert row.tolist() == ["桥西区", "结案率", 0.75, 30, 40, 40]


def test_the_same_as_json(run, cases):
    code, out, _ = run(*asked(cases, "--json"))
    told = json.loads(out)
    assert code == 0
    assert [row["district_code"] for row in told["ranking"]] == ["130702", "130703"]
    rate = {row["indicator"]: row for row in told["indicators"]}["closed_in_time_rate"]
    assert (rate["numerator"], rate["denominator"]) == (60, 80)


@pytest.fixture
def folder(run, cases, tmp_path):
    """The bulletin's folder."""
    code, out, err = run(*asked(cases, "-o", tmp_path / "通报"))
    assert code == 0
    assert "没有“返工次数”一列" in err
    assert "bulletin.xlsx" in out
    return tmp_path / "通报"


def test_a_folder_is_written_where_the_output_has_no_ending(folder):
    names = [
        "bulletin.html", "bulletin.xlsx", "figures.csv", "made_from.json", "notice.txt",
        "notice_with_ids.txt", "sheets",
    ]  # fmt: skip
    assert sorted(path.name for path in folder.iterdir()) == names
    text = (folder / "notice.txt").read_text("utf-8")
    assert "应结案 80 件，结案率87.50%" in text
    record = json.loads((folder / "made_from.json").read_text("utf-8"))
    assert record["options"] == {"incidents": "../cases.csv", "deadlines": "../rules.csv"}


def test_another_ending_is_refused_before_any_work(run, cases, tmp_path):
    code, _, err = run(*asked(cases, "-o", tmp_path / "月报.pdf"))
    assert code == 2
    assert "通报写成一个文件夹，或只写工作簿（.xlsx）" in err


def test_rows_prints_what_a_figure_is_made_of_and_the_sum(run, folder, tmp_path):
    code, out, _ = run("rows", "2025-11/closed_rate/130703", folder, "-o", tmp_path / "rows.csv")
    assert code == 0
    assert "2025-11 桥西区，结案率：30 ÷ 40 = 75.00 %" in out
    assert "共 40 行" in out
    written = pd.read_csv(tmp_path / "rows.csv")
    assert written["计入分子"].tolist() == ["是"] * 30 + ["否"] * 10
    assert len(written) == 40


def test_rows_of_every_figure_of_a_folder_give_what_it_told(run, folder):
    told = pd.read_csv(folder / "figures.csv")
    for figure, value in (
        told.dropna(subset="数值").set_index("数字编号")["数值"].sample(6, random_state=1).items()
    ):
        code, out, _ = run("rows", figure, folder, "--json")
        assert code == 0
        assert json.loads(out)["value"] == pytest.approx(value)
        assert not json.loads(out)["data_changed"]


def test_rows_of_a_city_with_the_same_options(run, cases):
    command = ("rows", "2025-11/closed_rate/all", cases.with_name("city.gpkg"))
    code, out, _ = run(*command, "--incidents", cases, "--deadlines", cases.with_name("rules.csv"))
    assert code == 0
    assert "全市，结案率：70 ÷ 80 = 87.50 %" in out


def test_rows_of_decisions_name_the_cases(run, cases):
    decisions = gpd.GeoDataFrame(
        {
            "case_code": ["ZF1", "ZF2"],
            "decided_on": ["2025-11-10", "2025-11-10"],
            "published_on": ["2025-11-19", "2025-11-20"],  # the seventh working day, and the eighth
        },
        geometry=[Point(114.88, 40.82)] * 2,
        crs=4490,
    )
    city = cases.with_name("city.gpkg")
    decisions.to_file(city, layer="enforcement_cases")
    options = ("--incidents", cases, "--deadlines", cases.with_name("rules.csv"))
    code, out, _ = run("rows", "2025-11/penalties_published/all", city, *options)
    assert code == 0
    assert "处罚决定按期公示率：1 ÷ 2 = 50.00 %" in out
    rows = [line.split() for line in out.splitlines() if "ZF" in line]
    assert rows == [
        ["是", "是", "ZF1", "2025-11-10", "2025-11-19", "2025-11-19"],
        ["否", "是", "ZF2", "2025-11-10", "2025-11-20", "2025-11-19"],
    ]
    code, _, err = run(*asked(cases))
    assert code == 0
    assert "未能计算：执法案件双台账：cases：没有列 'filed_on'" in err  # the rest is made all the same


def test_data_that_changed_since_are_told(run, cases, folder):
    table = pd.read_csv(cases, dtype=str)
    table.loc[table["结案时间"].isna(), "结案时间"] = "2025-11-06"
    table.to_csv(cases, index=False)
    code, out, err = run("rows", "2025-11/closed_rate/all", folder)
    assert code == 0
    assert "80 ÷ 80 = 100.00 %" in out
    assert "数据已有变动" in err
    assert "通报所载为 0.875，现为 1" in err
    _, _, err = run("rows", "2025-11/reported/all", folder)
    assert "此项数字与通报所载相同" in err


def test_what_is_no_figure_of_a_folder_is_refused(run, folder, monkeypatch):
    code, _, err = run("rows", "2025-11/closed_rate/130704", folder)
    assert code == 2
    assert "相近的有" in err
    assert "2025-11/closed_rate/130702" in err
    code, _, err = run("rows", "2025-11/closed_rate/all", folder, "--least", "5")
    assert code == 2
    assert "请去掉 --least" in err
    monkeypatch.chdir(folder.parent)
    code, _, err = run("rows", "2025-11/closed_rate/all")
    assert code == 2
    assert "当前文件夹里没有通报" in err
    (folder / "made_from.json").write_text("[]", "utf-8")
    code, _, err = run("rows", "2025-11/closed_rate/all", folder)
    assert code == 2
    assert "不是通报的制作依据" in err


def test_targets_are_read_as_shares_or_percent(run, cases, tmp_path):
    (tmp_path / "targets.csv").write_text("indicator,target\nclosed_rate,90%\n", "utf-8")
    code, _, _ = run(*asked(cases, "--targets", tmp_path / "targets.csv", "-o", tmp_path / "通报"))
    assert code == 0
    assert "结案率目标 90.00%：全市 87.50%，未达标；未达标的：桥西区 75.00%。" in (
        tmp_path / "通报" / "notice.txt"
    ).read_text("utf-8")
    (tmp_path / "targets.csv").write_text("indicator,target\nclosed_rate,many\n", "utf-8")
    code, _, err = run(*asked(cases, "--targets", tmp_path / "targets.csv"))
    assert code == 2
    assert "closed_rate 的 'many' 不是数值" in err


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
