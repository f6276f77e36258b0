"""Which charts a table gets, and what they show."""

from xml.etree import ElementTree

import openpyxl
import pandas as pd
import pytest

from zjk_gis import write_workbook
from zjk_gis.errors import MissingColumnError
from zjk_gis.reports import write_page
from zjk_gis.reports.charts import Chart, Series, described, lorenz
from zjk_gis.reports.drawing import drawn
from zjk_gis.reports.pictures import bars_asked_for, charts_of, drawn_and_said, suggested, undrawn_of
from zjk_gis.reports.tables import with_numbers

SVG = "{http://www.w3.org/2000/svg}"


def drawing(chart):
    return ElementTree.fromstring(drawn(chart, "zh", 1))  # noqa: S314  our own


def texts(root):
    return ["".join(found.itertext()) for found in root.iter(f"{SVG}text")]


def only(kind, name, frame):
    (chart,) = [chart for chart in charts_of(name, frame, "zh") if chart.kind == kind]
    return chart


def said(name, frame, lang="zh"):
    return drawn_and_said(suggested(name, frame, lang), lang)[1]


class TestWhatIsDrawn:
    def test_parts_of_one_whole_are_one_bar(self):
        rows = [("every_road", f"ground_{part}", value, 10.0, "m²") for part, value in
                (("once", 8.0), ("several", 1.0), ("nobody", 1.0))]  # fmt: skip
        rows += [("every_road", f"road_{part}", value, 9.0, "m") for part, value in
                 (("one", 9.0), ("several", 0.0), ("nobody", 0.0))]  # fmt: skip
        rows += [("everyone", "zones_with_chief", 3.0, 4.0, ""), ("everyone", "load_gini", 0.4, 1.0, "")]
        rows += [("everyone", "chiefs_idle", 1.0, 4.0, "")]
        frame = pd.DataFrame(rows, columns=["promise", "measure", "value", "whole", "unit"])
        ground, people = charts_of("figures", frame, "zh")
        assert (ground.title, ground.names, ground.units) == (
            "路路有人管：由几方负责",
            ["土地", "道路"],
            ["m²", "m"],
        )
        assert [(one.name, one.amounts, one.tone) for one in ground.series] == [
            ("一方", [8.0, 9.0], "good"),
            ("多方", [1.0, 0.0], "doubtful"),
            ("无人", [1.0, 0.0], "bad"),
        ]
        assert people.title == "人人都管事：占总数的比例"
        assert (people.names, people.series[0].amounts) == (["已配路长的责任区", "无任务的路长"], [3.0, 1.0])

    def test_a_single_bar_is_a_sentence(self):
        """A bar that has no other beside it shows less than its number says."""
        incidents = pd.DataFrame({"found": ["inside"] * 3 + ["border"], "reason": "one_zone"})
        assert charts_of("assigned", incidents, "zh") == []
        assert said("assigned", incidents) == [
            "案件如何找到责任区：案件共 4，其中区内 3（75.0%）；边界 1（25.0%）"
        ]
        alone = pd.DataFrame({"社区": ["甲"], "案件": [3]})
        assert (charts_of("六月", alone, "zh"), said("六月", alone)) == ([], ["六月：案件：甲 3"])
        road = pd.DataFrame({"road_class": ["主干路"], "answer": ["nobody"], "length_m": [289.0]})
        assert charts_of("stretches", road, "zh") == []

    def test_bars_that_are_all_as_long_are_a_sentence(self):
        table = pd.DataFrame({"路": [f"路{n}" for n in range(30)], "沿路比例": [1.0] * 29 + [0.5]})
        assert charts_of("台账", table, "zh") == []
        assert said("台账", table) == ["台账：沿路比例：前 12 项均为 100%，未画图"]

    def test_rows_without_a_name_and_rows_of_one_name_are_told_apart(self):
        table = pd.DataFrame(
            {"zone_code": ["A", "B", "C"], "zone_name": ["东", "东", None], "incidents": [3, 2, 1]}
        )
        (chart,) = charts_of("t", table, "zh")
        assert chart.names == ["东（A）", "东（B）", "C"]
        nameless = pd.DataFrame({"社区": ["甲", None], "案件": [3, 2]})
        assert charts_of("t", nameless, "zh")[0].names == ["甲", "未填写（第 2 行）"]

    def test_a_title_names_subject_measure_and_unit(self):
        table = pd.DataFrame({"社区": ["甲", "乙"], "distance_m": [3.0, 2.0]})
        assert [chart.title for chart in charts_of("停车场", table, "zh")] == ["停车场：距离(m)"]

    def test_incidents_by_outcome_month_hour_and_class(self):
        incidents = pd.DataFrame(
            {
                "occurred_at": ["2024-12-30 08:00", "2025-02-01 23:59", "2025-02-02 00:00", None],
                "event_name": ["垃圾", "垃圾", "井盖", "井盖"],
                "found": ["inside", "border", "none", "none"],
                "reason": ["one_zone", "shared_border", "out_of_reach", "no_position"],
            }
        )
        charts = charts_of("assigned", incidents, "zh")
        assert [chart.kind for chart in charts] == ["lines", "heat", "panels"]
        months, hours, classes = charts
        (told,) = said("assigned", incidents)
        assert told.endswith("其中区内 1（25.0%）；边界 1（25.0%）；无人负责 1（25.0%）；未采用 1（25.0%）")
        # A month without incidents is none, not left out; an incident without time is told.
        assert (months.names, months.series[0].amounts) == (
            ["2024-12", "2025-01", "2025-02"],
            [1.0, 0.0, 2.0],
        )
        assert "另有 1 件无时间" in months.note
        assert [(one.name, one.amounts) for one in hours.series if any(one.amounts)] == [
            ("0", [0, 0, 0, 0, 0, 0, 1]),
            ("8", [1, 0, 0, 0, 0, 0, 0]),
            ("23", [0, 0, 0, 0, 0, 1, 0]),
        ]
        assert [(one.name, one.amounts) for one in classes.series] == [
            ("垃圾", [1, 0, 1]),
            ("井盖", [0, 0, 1]),
        ]

    def test_roads_by_class_and_who_answers(self):
        roads = pd.DataFrame(
            {
                "road_class": ["巷", "巷", None],
                "answer": ["nobody", "one", "one"],
                "length_m": [1.0, 3.0, 9.0],
            }
        )
        chart = only("shares", "stretches", roads)
        assert chart.names == ["等级未填写", "巷"]
        assert [(one.name, one.amounts) for one in chart.series] == [("一方", [9, 3]), ("无人", [0, 1])]

    def test_chiefs_are_ranked_and_their_load_is_held_against_equality(self):
        chiefs = pd.DataFrame({"chief_code": list("ABCD"), "incidents": [0, 0, 0, 8]})
        bars, curve = charts_of("chiefs", chiefs, "zh")
        assert bars.names == ["D", "A", "B", "C"]
        assert curve.headline.startswith("基尼系数 0.750")
        assert curve.series[1].amounts == [0, 0, 0, 0, 1]

    def test_nobody_has_anything(self):
        chiefs = pd.DataFrame({"chief_code": list("ABC"), "incidents": [0, 0, 0]})
        drawn, (said,) = drawn_and_said(suggested("chiefs", chiefs, "zh"), "zh")
        assert (drawn, said.endswith("：3 行均为 0，故未画图")) == ([], True)
        assert lorenz([]) == lorenz([0, 0]) == ([], [])

    def test_any_table_is_drawn_by_its_columns_of_amounts(self):
        table = pd.DataFrame({"社区名称": ["甲", "乙", "丙"], "案件": [3, None, 7], "备注": ["x", "y", "z"]})
        (chart,) = charts_of("t", table, "zh")
        assert (chart.names, chart.series[0].amounts) == (["丙", "甲", "乙"], [7, 3, None])
        assert "1 项无数据" in chart.note

    def test_months_make_a_line_in_their_order(self):
        table = pd.DataFrame({"月份": ["2025年10月", "2025年9月"], "案件": [5, 4]})
        (chart,) = charts_of("t", table, "zh")
        assert (chart.kind, chart.names, chart.series[0].amounts) == (
            "lines",
            ["2025年9月", "2025年10月"],
            [4, 5],
        )

    def test_the_order_of_rows_does_not_matter(self):
        table = pd.DataFrame({"社区": [f"{n:02}" for n in range(40)], "案件": [n % 7 for n in range(40)]})
        assert charts_of("t", table.iloc[::-1], "zh") == charts_of("t", table, "zh")
        assert len(charts_of("t", table, "zh")[0].names) == 12

    def test_a_chart_that_cannot_be_drawn_is_refused(self):
        with pytest.raises(MissingColumnError, match="the table 'gaps' has no column 'a'"):
            bars_asked_for({}, ("gaps", "a", "b"), "zh")


class TestDrawing:
    @pytest.mark.parametrize("kind", ["bars", "shares", "lines", "panels", "heat", "lorenz"])
    def test_text_from_data_is_text(self, kind):
        hostile = "</svg><script>alert(1)</script>\"'&\x00\u202e{{7*7}}" + "长" * 10_000
        series = [Series(hostile, [0.0, 1.0]), Series(hostile, [0.0, 1.0])]
        chart = Chart(kind, hostile, hostile, [hostile, "b"], series, headline=hostile)
        text = drawn(chart, "zh", 1)
        root = ElementTree.fromstring(text)  # noqa: S314  our own
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
            "svg", "title", "desc", "defs", "pattern", "rect", "circle", "path", "text", "line", "polyline",
            "polygon",
        }  # fmt: skip
        assert len(text) < 60_000

    @pytest.mark.parametrize("kind", ["bars", "shares", "lines", "panels", "heat", "lorenz"])
    def test_nothing_to_draw_is_no_error(self, kind):
        empty = Chart(kind, "t", names=[], series=[Series("a", []), Series("b", [])])
        assert drawing(empty).attrib["role"] == "img"

    def test_it_is_told_in_words_too(self):
        chart = Chart("bars", "案件", names=["甲", "乙"], series=[Series("件", [1200.0, None])])
        root = drawing(chart)
        assert (root.find(f"{SVG}title").text, root.find(f"{SVG}desc").text) == ("案件", "甲 1,200; 乙 –")
        assert {"甲", "1,200", "乙", "无数据"} == set(texts(root))
        assert described(chart) == "甲 1,200; 乙 –"

    def test_bars_are_as_long_as_their_values_and_go_left_below_zero(self):
        chart = Chart("bars", "t", names=["a", "b", "c"], series=[Series("v", [4.0, 2.0, -1.0])])
        bars = drawing(chart).findall(f"{SVG}rect")
        widths = [float(box.attrib["width"]) for box in bars]
        assert widths[0] == pytest.approx(2 * widths[1], abs=0.1)
        assert widths[1] == pytest.approx(2 * widths[2], abs=0.1)
        assert float(bars[2].attrib["x"]) == pytest.approx(float(bars[0].attrib["x"]) - widths[2], abs=0.1)

    def test_shares_are_told_apart_without_colour(self):
        series = [Series("好", [6.0], "good"), Series("疑", [3.0], "doubtful"), Series("坏", [1.0], "bad")]
        root = drawing(Chart("shares", "t", names=["土地"], series=series, unit="m²"))
        fills = [box.attrib["fill"] for box in root.findall(f"{SVG}rect")]
        assert {"url(#c1-doubtful)", "url(#c1-bad)"} <= set(fills)
        assert {"好 60.0%", "疑 30.0%", "坏 10.0%", "共 10 m²"} <= set(texts(root))

    def test_a_whole_of_nothing_has_no_shares(self):
        root = drawing(Chart("shares", "t", names=["土地"], series=[Series("好", [0.0], "good")]))
        assert "无数据" in texts(root)


class TestNumbersInTables:
    @pytest.mark.parametrize(
        ("name", "values", "expected"),
        [
            ("案件", ["1,204", " 7 ", None], [1204, 7, None]),
            ("得分", ["1.5", "—", "-2"], [1.5, None, -2]),
            ("结案率", ["97.5%", "暂无", "100%"], [0.975, None, 1.0]),
            ("同比", ["120%", "80%"], ["120", "80"]),  # more than all is no share
            ("网格编码", ["1", "2"], ["1", "2"]),
            ("点号", ["007", "8"], ["007", "8"]),
            ("证件", ["130703198001010011"], ["130703198001010011"]),
            ("备注", ["3 处", "4"], ["3 处", "4"]),
            ("比值", ["3%", "4"], ["3%", "4"]),
            ("案件", ["1，204", "７", "1,204"], [1204, 7, 1204]),
            ("结案率", ["97.5％", "0", "100%"], [0.975, 0.0, 1.0]),  # none is none in either way
            ("人口", ["1.2万", "9800", "3.5亿", "-2 万"], [12000, 9800, 350000000, -20000]),
            ("月份", ["9月", "10月"], ["9月", "10月"]),
            ("楼", ["3号", "4号"], ["3号", "4号"]),
            ("产值", ["1.2万元", "98元", "3件"], ["1.2万元", "98元", "3件"]),
            ("案件", ["1e30", "2"], [1e30, 2.0]),
        ],
    )
    def test_what_becomes_a_number(self, name, values, expected):
        column = with_numbers(pd.DataFrame({name: values})).iloc[:, 0]
        if name == "同比":
            assert (column.name, column.tolist()) == ("同比(%)", [120.0, 80.0])
        else:
            assert [None if pd.isna(value) else value for value in column] == expected

    def test_a_unit_beside_ten_thousands_goes_to_the_name(self):
        column = with_numbers(pd.DataFrame({"产值": ["1.2万元", "0.03亿元", "无"]})).iloc[:, 0]
        assert (column.name, column.tolist()) == ("产值(元)", [12000, 3000000, pd.NA])


class TestWhatIsNotDrawnIsSaid:
    @pytest.mark.parametrize(
        ("values", "told"),
        [
            (["97%", "0.9", "95%"], "「x」未画图：有的值带百分号，有的不带（1 个，如「0.9」）"),
            (["0.97", "90%", "0.95"], "「x」未画图：有的值带百分号，有的不带（1 个，如「90%」）"),
            (["1.2万元", "98", "3.4万元"], "「x」未画图：1 个值不是数字，如「98」"),
            (["3", "约 4", "5"], "「x」未画图：1 个值不是数字，如「约 4」"),
            (["正常", "3", "破损"], None),  # words
            (["97%", "96%", "95%"], None),  # drawn
        ],
    )
    def test_a_column_that_looks_like_amounts(self, values, told):
        table = pd.DataFrame({"社区": ["甲", "乙", "丙"], "x": values})
        assert undrawn_of("t", table, "zh") == ([told] if told else [])
        assert len(charts_of("t", table, "zh")) == (values[1] == "96%")

    def test_amounts_written_as_text_are_drawn(self):
        table = pd.DataFrame({"社区": ["甲", "乙"], "人口": ["1.2万", "9，800"]})
        (chart,) = charts_of("t", table, "zh")
        assert (chart.names, chart.series[0].amounts) == (["甲", "乙"], [12000, 9800])
        asked = bars_asked_for({"t": table}, ("t", "社区", "人口"), "zh")
        assert asked.series[0].amounts == [12000, 9800]

    def test_columns_beyond_the_sixth_and_tables_without_names(self):
        many = pd.DataFrame({"社区": ["甲", "乙"]} | {f"指标{n}": [n, n + 1] for n in range(8)})
        assert len(charts_of("t", many, "zh")) == 6
        assert undrawn_of("t", many, "zh") == ["另有 2 列数字未画图，自「指标6」起"]
        assert undrawn_of("t", many.drop(columns="社区"), "zh") == ["没有可作名称的列，未画图"]
        long = pd.DataFrame({"社区": ["甲"] * 10_001, "数": range(10_001)})
        assert undrawn_of("t", long, "en") == ["more than 10,000 rows, so that nothing is drawn"]

    def test_tables_of_the_library_have_charts_of_their_own(self):
        chiefs = pd.DataFrame({"chief_code": ["A", "B"], "incidents": [1, 2], "note": ["3", "x"]})
        assert undrawn_of("chiefs", chiefs, "zh") == []

    def test_every_door_says_it(self, tmp_path):
        table = pd.DataFrame({"社区": ["甲", "乙"], "结案率": ["97%", "0.9"]})
        page = write_page({"t": table}, tmp_path / "r.html", summary={}).read_text("utf-8")
        assert "「结案率」未画图" in page
        book = openpyxl.load_workbook(write_workbook({"t": table}, tmp_path / "r.xlsx", summary={}))
        assert "「结案率」未画图" in book.worksheets[-1]["A2"].value


def test_a_rank_and_a_chainage_are_no_amounts():
    listed = pd.DataFrame(
        {"road_name": ["甲", "乙"], "rank": [1, 2], "from_m": [0.0, 5.0], "incidents": [3, 9]}
    )
    assert [chart.title for chart in charts_of("listed", listed, "zh")] == ["listed：案件数"]
    findings = pd.DataFrame(
        {"finding": ["gap", "gap", "overlap"], "rank": [1, 2, 3], "from_m": [0.0, 1.0, 2.0]}
    )
    (chart,) = charts_of("findings", findings, "zh")
    assert (chart.names, chart.series[0].amounts) == (["责任空白", "责任区重叠"], [2.0, 1.0])
