"""The monthly bulletin: every figure is added up again from the rows that it says it is made of."""

import json
import re
import warnings

import numpy as np
import openpyxl
import pandas as pd
import pytest

from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.io import read_layer
from zjk_gis.reports import monthly_bulletin, write_bulletin
from zjk_gis.reports.bulletin.figuring import value_told
from zjk_gis.reports.bulletin.folder import content_of
from zjk_gis.reports.bulletin.ids import encoded, figure_id, parsed, subject_key
from zjk_gis.words import speaking
from zjk_gis.workspace import read_city

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


def few_cases(**months):
    """Twelve cases a month and area: so many of them closed in time, the others a day late."""
    rows = [
        (area, f"{month[1:].replace('_', '-')}-03 {hour:02}:00", hour < good)
        for month, areas in months.items()
        for area, good in areas.items()
        for hour in range(12)
    ]
    cases = pd.DataFrame(rows, columns=["district_code", "occurred_at", "good"])
    filed = pd.to_datetime(cases["occurred_at"])
    late = np.where(cases.pop("good"), 1, 30)
    return cases.assign(
        filed_at=filed,
        due_at=filed + pd.Timedelta(hours=2),
        closed_at=filed + pd.to_timedelta(late, unit="h"),
    )


def not_added_up(bulletin, figures):
    """Return the figures that their rows do not give."""
    differing = {}
    for figure, value in zip(figures["figure"], figures["value"], strict=True):
        again, words = bulletin.added_up(figure)
        if not (np.isnan(value) and np.isnan(again)) and abs(value - again) > 1e-9:
            differing[figure] = (value, again, words)
    return differing


def opened(path, **how):
    """Open a workbook; openpyxl leaves out what it does not know, and says so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(path, **how)


@pytest.fixture(scope="module")
def bulletin():
    return monthly_bulletin(many_cases(), month=NOW, least_n=5, targets={"handled_rate": 0.95})


@pytest.fixture(scope="module")
def sample():
    """The bulletin of the sample city, whose incidents get their districts by where they lie."""
    layers = read_city("sample_data/city.gpkg", layers=["responsibility_zones", "unit_grids", "districts"])
    cases = read_layer("sample_data/incidents.csv", spec="incidents")
    measured = pd.DataFrame({"target": ["green_communities"], "numerator": [50], "denominator": [78]})
    return monthly_bulletin({**layers, "incidents": cases}, month=NOW, measured=measured)


CHAPTERS = [
    "overall", "areas", "trades", "matrix", "ranking", "worst", "trend", "month_before", "year_before",
    "progress",
]  # fmt: skip


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_figure_is_added_up_again(bulletin, chapter):
    own = bulletin.figures[bulletin.figures["chapter"] == chapter]
    assert len(own) >= 6
    assert not_added_up(bulletin, own) == {}


def test_there_is_no_other_chapter_and_an_id_stands_once(bulletin):
    assert set(bulletin.figures["chapter"]) == set(CHAPTERS)
    assert bulletin.figures["figure"].is_unique


def test_every_figure_of_the_sample_city_is_added_up_again(sample):
    assert len(sample.figures) > 300
    assert set(sample.ranking["district_code"]) == {"130702", "130703"}
    assert not_added_up(sample, sample.figures) == {}
    assert sample.added_up("2025-11/green_communities/all")[1] == "50 ÷ 78 = 64.10 %"


def test_rows_of_a_rate_say_what_each_counts_for():
    cases = few_cases(m2025_11={"130703": 9})
    found = monthly_bulletin(cases, month=NOW)
    rows = found.rows("2025-11/handled_in_time_rate/130703")
    assert (rows["in_numerator"].sum(), rows["in_denominator"].sum()) == (9, 12)
    assert set(rows.loc[~rows["in_numerator"], "deadline_state"]) == {"overdue"}
    assert found.added_up("2025-11/handled_in_time_rate/130703") == (0.75, "9 ÷ 12 = 75.00 %")
    assert found.added_up("2025-11/reported/all") == (12.0, "12")


def test_rows_of_a_median_are_its_values_in_order():
    rows = monthly_bulletin(few_cases(m2025_11={"130703": 9}), month=NOW).rows("2025-11/hours_90/all")
    assert rows["hours_taken"].tolist() == [1.0] * 9 + [30.0] * 3
    assert rows.index[rows["in_numerator"]].tolist() == [10]  # the eleventh of twelve: nine in ten


def test_a_score_is_the_sum_of_its_parts_and_a_place_counts_those_ahead(bulletin):
    parts = bulletin.rows("2025-11/score/130703")
    for figure, value in zip(parts["figure"], parts["value"], strict=True):
        assert bulletin.figure(figure)["value"] == pytest.approx(value)
    ahead = bulletin.rows("2025-11/class_place/130705")
    assert ahead["is_counted"].sum() + 1 == bulletin.figure("2025-11/class_place/130705")["value"]


def test_what_is_no_figure_is_refused_and_near_ids_are_named(bulletin):
    with pytest.raises(InputError, match="2025-11/closed_rate/130703"):
        bulletin.rows("2025-11/closed_rate/130704")
    for wrong in ("closed_rate", "2025-13/closed_rate/all", "2025-11//all", "../../etc/passwd"):
        with pytest.raises(InputError, match="is not the id of a figure"):
            bulletin.rows(wrong)


@pytest.mark.parametrize("code", ["../x", "a b", "all", "~", "1+2", "k=v", "桥西/区", "'; DROP", "=1+1", ""])
def test_any_code_makes_an_id_that_is_safe_and_leads_back(code):
    by = ["district_code"]
    figure = figure_id(NOW, "closed_rate", subject_key([("district_code", code), ("own", None)], by))
    assert re.fullmatch(r"[\w\-~+=/]+", figure)
    assert parsed(figure, by) == (NOW, "closed_rate", {"district_code": code, "own": None})
    assert encoded("130703") == "130703"


def test_hostile_codes_are_figures_like_others(tmp_path):
    cases = few_cases(m2025_11={"=HYPERLINK(1)": 9, "../up": 3, "\ue000a|b\ue001c\ue002": 6})
    found = monthly_bulletin(cases, month=NOW, least_n=1)
    assert not_added_up(found, found.figures) == {}
    text = found.notice("zh").text()
    assert "=HYPERLINK(1)" in text
    assert not set("\ue000\ue001\ue002") & set(text)
    made = write_bulletin(found, tmp_path / "通报")
    assert {path.parent for path in made.files} == {tmp_path / "通报"}
    book = opened(tmp_path / "通报" / "bulletin.xlsx")
    formulas = {cell.value for sheet in book for row in sheet for cell in row if cell.data_type == "f"}
    assert all(re.fullmatch(r"=[A-Z]+\d+/[A-Z]+\d+", formula) for formula in formulas)


def test_ranking_says_who_moved_and_who_shares_a_place():
    areas = {"m2025_10": {"A": 10, "B": 6, "C": 4}, "m2025_11": {"A": 5, "B": 9, "C": 5}}
    ranking = monthly_bulletin(few_cases(**areas), month=NOW, least_n=5).ranking
    told = ranking[["district_code", "class_place", "is_tied", "previous_place", "places_gained"]]
    assert told.to_numpy().tolist() == [["B", 1, False, 2, 1], ["A", 2, True, 1, -1], ["C", 2, True, 3, 1]]


def test_a_ranking_that_was_published_takes_the_place_of_the_month_before():
    before = pd.DataFrame({"district_code": ["A", "B"], "class_place": [2, 1]})
    cases = few_cases(m2025_11={"A": 9, "B": 5})
    found = monthly_bulletin(cases, month=NOW, least_n=5, previous=before)
    assert found.ranking["places_gained"].tolist() == [1, -1]
    assert found.figure("2025-11/class_place/A")["previous_value"] == 2


def test_few_cases_are_not_ranked_and_nobody_is_worst():
    found = monthly_bulletin(few_cases(m2025_11={"A": 9, "B": 5}), month=NOW)
    assert set(found.ranking["unranked"]) == {"few_cases"}
    assert found.worst.empty
    text = found.notice("zh").text()
    assert "没有区域参加排名" in text
    assert "没有一个的按期处置率计算基数达到 30 件" in text


def test_the_worst_are_the_finest_of_whom_two_have_enough_cases():
    cases = few_cases(m2025_11={"A": 9, "B": 5, "C": 12})
    cases = cases.assign(street_code=cases["district_code"] + "1", chief_code=[f"L{at}" for at in range(36)])
    worst = monthly_bulletin(cases, month=NOW, least_n=5).worst
    assert worst["figure"].tolist() == [f"2025-11/handled_in_time_rate/street_code={each}1" for each in "BA"]
    asked = monthly_bulletin(cases, month=NOW, least_n=5, worst_by="chief_code")
    assert asked.worst.empty
    assert "按路长统计，没有一个的按期处置率计算基数达到 5 件" in asked.notice("zh").text()


def test_a_month_is_compared_with_the_month_and_the_year_before_at_the_same_time_of_their_own():
    areas = {"m2024_11": {"A": 3}, "m2025_10": {"A": 6}, "m2025_11": {"A": 9}}
    row = monthly_bulletin(few_cases(**areas), month=NOW).figure("2025-11/handled_in_time_rate/A")
    assert (row["value"], row["previous_value"]) == (0.75, 0.5)
    assert (row["month_change"], row["year_change"]) == (0.25, 0.5)
    # on the third at noon some cases of either month are not due yet
    early = monthly_bulletin(few_cases(**areas), month=NOW, as_of="2025-11-03 06:00")
    assert early.figure("2025-11/reported/A")["value"] == early.figure("2025-10/reported/A")["value"] == 7


def test_figures_are_judged_by_target_city_or_month_before():
    cases = few_cases(m2025_10={"A": 12, "B": 12}, m2025_11={"A": 12, "B": 2})
    found = monthly_bulletin(cases, month=NOW, targets={"closed_in_time_rate": 0.9})
    judged = found.figures.set_index("figure")[["judgement", "judged_by"]]
    assert judged.loc["2025-11/closed_in_time_rate/A"].tolist() == ["good", "target"]
    assert judged.loc["2025-11/closed_in_time_rate/B"].tolist() == ["bad", "target"]
    assert judged.loc["2025-11/handled_in_time_rate/B"].tolist() == ["bad", "city"]
    assert judged.loc["2025-11/handled_in_time_rate/all"].tolist() == ["bad", "month_before"]
    assert judged.loc["2025-11/reported/A"].tolist() == ["not_judged", ""]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_numbers_of_the_notice_are_the_figures(bulletin, lang):
    spans = [span for each in bulletin.notice(lang).paragraphs for span in each.spans if span.figure]
    assert len(spans) > 40
    with speaking(lang):
        for span in spans:
            row = bulletin.figure(span.figure)
            if span.column == "value":
                assert span.text == value_told(row["value"], row["value_unit"])
            else:
                amount = abs(row[span.column])
                told = [float(each.replace(",", "")) for each in re.findall(r"[\d,.]*\d", span.text)]
                assert not told or min(abs(told[0] - amount), abs(told[0] - 100 * amount)) < 0.051


def test_the_notice_says_in_both_languages_what_it_is_about(bulletin):
    chinese, english = bulletin.notice("zh").text(ids=True), bulletin.notice("en").text(ids=True)
    assert chinese.startswith("关于2025年11月城市管理考核情况的通报\n")
    assert "一、总体情况" in chinese
    assert "〔1〕2025-11/reported/all" in chinese
    assert english.startswith("Notice on the assessment of city management in 2025-11\n")
    assert bulletin.notice("en").figures == bulletin.notice("zh").figures


def test_what_could_not_be_computed_is_said_by_name():
    cases = few_cases(m2025_11={"A": 9}).drop(columns=["filed_at", "due_at", "closed_at"])
    found = monthly_bulletin(cases.assign(state="立案"), month=NOW)
    with speaking("zh"):
        told = "\n".join(found.remarks)
    for words in (
        "“立案时间”一列",
        "“结案时间”一列",
        "“返工次数”一列",
        "2025-10 没有案件",
        "2024-11 没有案件",
    ):
        assert words in told
    assert found.figure("2025-11/reported/all")["value"] == 12
    assert found.figure("2025-11/closed_rate/all")["judgement"] == "no_data"
    assert "无数据" in found.notice("zh").text()


def test_cases_without_a_deadline_are_a_figure_with_rows_and_named_by_class():
    cases = few_cases(m2025_11={"A": 9}).assign(event_code="0304").drop(columns="due_at")
    found = monthly_bulletin(cases, month=NOW)
    assert len(found.rows("2025-11/no_deadline/all")) == 12
    assert "0304 施工占道" in found.notice("zh").text()


def test_penalty_decisions_published_in_time_are_counted_and_the_ledgers_are_a_sheet(tmp_path):
    """Decided on Monday 3 November, the last of seven working days is Wednesday the 12th."""
    penalties = pd.DataFrame(
        {
            "case_code": ["P1", "P2", "P3", "P4"],
            "filed_on": "2025-10-20",
            "decided_on": ["2025-11-03", "2025-11-03", "2025-11-03", "2025-11-27"],
            "published_on": ["2025-11-12", "2025-11-13", None, None],  # the last is not due yet
        }
    )
    layers = {"incidents": few_cases(m2025_11={"A": 9}), "enforcement_cases": penalties}
    found = monthly_bulletin(layers, month=NOW)
    assert found.added_up("2025-11/penalties_published/all")[1] == "1 ÷ 3 = 33.33 %"
    assert found.rows("2025-11/penalties_published/all")["case_code"].tolist() == ["P1", "P2", "P3"]
    assert not_added_up(found, found.figures[found.figures["chapter"] == "progress"]) == {}
    assert found.tables["case_ledgers"].query("duty == 'publish'")["case_code"].tolist() == ["P3", "P4"]
    write_bulletin(found, tmp_path, lang="zh")
    assert "执法案件双台账" in opened(tmp_path / "bulletin.xlsx").sheetnames


def test_telephones_and_who_reported_are_left_out():
    cases = few_cases(m2025_11={"A": 9})
    cases = cases.assign(
        举报人="某某", 联系电话="13812345678", description="请回电13812345678", event_code="0102"
    )
    found = monthly_bulletin(cases, month=NOW)
    for rows in (found.rows("2025-11/reported/all"), found.late):
        assert not {"举报人", "联系电话"} & {*rows.columns}
        assert set(rows["description"]) == {"请回电138********"}


def test_a_month_without_cases_is_refused_and_the_months_are_named():
    with pytest.raises(InputError, match="2031-01 has no cases; there are cases from 2024-10 to 2025-12"):
        monthly_bulletin(many_cases(), month="2031-01")


def test_a_column_of_areas_that_is_not_there_is_refused():
    with pytest.raises(MissingColumnError, match="street_code"):
        monthly_bulletin(many_cases(), month=NOW, by="street_code")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"targets": {"closed_rat": 1.0}}, "closed_rat is not an indicator"),
        ({"indicator": "reported"}, "indicator must be one of"),
        ({"worst_by": "zone_code"}, "zone_code"),
        ({"previous": pd.DataFrame({"class_place": [1]})}, "previous"),
        ({"as_of": "2025-10-01"}, "before 2025-11 begins"),
        ({"by": "chief_code", "area_classes": pd.DataFrame({"area_class": ["A"]})}, "area_classes"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(asked, words):
    with pytest.raises((InputError, MissingColumnError), match=words):
        monthly_bulletin(many_cases(), month=NOW, **asked)


def test_areas_may_be_told_by_several_columns():
    found = monthly_bulletin(many_cases(), month=NOW, by=["district_code", "chief_code"], least_n=1)
    assert found.added_up("2025-11/reported/130703+LZ05")[0] == len(
        found.rows("2025-11/reported/130703+LZ05")
    )
    assert not_added_up(found, found.figures.sample(300, random_state=1)) == {}


def test_the_order_of_rows_changes_nothing(bulletin):
    shuffled = monthly_bulletin(
        many_cases().sample(frac=1, random_state=3), month=NOW, least_n=5, targets={"handled_rate": 0.95}
    )
    pd.testing.assert_frame_equal(bulletin.figures, shuffled.figures)
    assert bulletin.notice("zh").text() == shuffled.notice("zh").text()
    assert content_of(bulletin) == content_of(shuffled)


def test_a_rate_in_the_workbook_is_a_formula_of_its_two_cells(bulletin, tmp_path):
    write_bulletin(bulletin, tmp_path, lang="zh")
    book = opened(tmp_path / "bulletin.xlsx")
    wanted = [
        "通报",
        "考核排名",
        "指标明细",
        "区域×行业",
        "区域×行业明细",
        "最差十",
        "未按期案件",
        "近十二个月",
        "目标进度",
    ]
    assert [name for name in book.sheetnames if name in wanted] == wanted
    sheet = book["指标明细"]
    titles = {cell.value: cell.column - 1 for cell in sheet[4]}
    seen = 0
    for row in sheet.iter_rows(min_row=5):
        figure = bulletin.figure(row[titles["数字编号"]].value)
        cell = row[titles["数值"]]
        if figure["value_unit"] == "share" and figure["value"] == figure["value"]:
            top, base = row[titles["分子"]], row[titles["分母"]]
            assert cell.value == f"={top.coordinate}/{base.coordinate}"
            assert top.value / base.value == figure["value"]
            seen += 1
        else:
            assert cell.data_type != "f"
    assert seen > 50
    # what a reader sees who does not compute: the values are stored beside the formulas
    stored = opened(tmp_path / "bulletin.xlsx", data_only=True)["指标明细"]
    assert all(
        row[titles["数值"]].value is not None or row[titles["分母"]].value in (0, None)
        for row in stored.iter_rows(min_row=5)
    )


def test_the_folder_says_what_it_was_made_from(bulletin, tmp_path):
    made = write_bulletin(bulletin, tmp_path / "通报", lang="zh", made_from={"city": "../city.gpkg"})
    assert {path.name for path in made.files} == {path.name for path in (tmp_path / "通报").iterdir()}
    record = json.loads((tmp_path / "通报" / "made_from.json").read_text("utf-8"))
    assert (record["month"], record["city"]) == (NOW, "../city.gpkg")
    assert record["content"] == content_of(bulletin)
    figures = pd.read_csv(tmp_path / "通报" / "figures.csv")
    assert len(figures) == len(bulletin.figures)
