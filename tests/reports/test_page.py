"""The report as one page: what it says, what it refuses, and that nothing from the data is more than text."""

import base64
import datetime as dt
import re
from xml.etree import ElementTree

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

from zjk_gis import city_map
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.columns.time_cells import today
from zjk_gis.reports import write_page

NOON = dt.datetime(2025, 12, 31, 12, 0)
HOSTILE = "</table></svg></title><script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
GAPS = gpd.GeoDataFrame(
    {"gap_code": ["G001", "G002"], "area_m2": [1800.0, 90.0], "kind": ["edge", "hole"]},
    geometry=[box(573000, 4520000, 573020, 4520090), box(573100, 4520000, 573109, 4520010)],
    crs=4547,
)


def pictures_of(text):
    return re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)


@pytest.fixture
def written(tmp_path):
    def write(*arguments, **options):
        return write_page(*arguments, tmp_path / "report.html", created=NOON, **options).read_text("utf-8")

    return write


def test_figures_tables_and_charts_are_said_in_chinese(written):
    text = written(
        {"gaps": GAPS},
        summary={"incidents": 1234, "路路有人管": {"ground_once": "98.89%"}},
        charts=[("gaps", "gap_code", "area_m2")],
        title="审计",
    )
    for words in (
        "审计",
        "2025-12-31 12:00",
        "1,234",
        "仅一方负责的土地",
        "98.89%",
        "城区边缘",
        "1,800.0",
        "经度",
    ):
        assert words in text


def test_in_english_every_word_of_the_page_is(written):
    text = written({"gaps": GAPS}, summary={"gaps": 2}, lang="en")
    assert "edge of the region" in text
    assert "Key figures" in text
    assert not [character for character in text if "\u4e00" <= character <= "\u9fff"]


def test_a_long_table_is_cut_and_says_so(written):
    text = written({"gaps": pd.concat([GAPS] * 40)}, summary={"gaps": 80}, most_rows=10)
    assert len(re.findall(r"<td[^>]*>G00", text)) == 10
    assert "仅列出前 10 行，共 80 行" in text


def test_an_empty_table_is_none(written):
    assert "无" in written({"gaps": GAPS.iloc[:0]}, summary={"gaps": 0})


def test_the_same_answers_make_the_same_page(written):
    assert written({"gaps": GAPS}, summary={"gaps": 2}) == written({"gaps": GAPS}, summary={"gaps": 2})


def test_text_from_data_is_never_markup(written):
    table = pd.DataFrame({HOSTILE: [HOSTILE] * 2, "incidents": [1, 2], "chief_code": [HOSTILE, "B"]})
    text = written(
        {"chiefs": table, HOSTILE: table},
        summary={HOSTILE: HOSTILE, "group" + HOSTILE: {HOSTILE: HOSTILE}},
        charts=[("chiefs", "chief_code", "incidents")],
        title=HOSTILE,
    )
    assert text.count("<script") == 1  # the page's own
    assert "<img" not in text
    assert text.count("&lt;script&gt;") >= 10
    for picture in pictures_of(text):
        ElementTree.fromstring(picture)  # noqa: S314  our own


def test_what_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"\.html"):
        write_page({}, tmp_path / "report.pdf", summary={})
    with pytest.raises(MissingColumnError, match="'no_such'"):
        write_page({"gaps": GAPS}, tmp_path / "r.html", summary={}, charts=[("gaps", "gap_code", "no_such")])
    assert not list(tmp_path.iterdir())


def test_a_section_asks_its_question_and_names_its_denominator(written):
    chiefs = pd.DataFrame({"chief_code": ["A", "B"], "incidents": [3, 1], "share": [0.5, 1 / 6]})
    text = written({"busiest_chiefs": chiefs, "gaps": GAPS}, summary={})
    assert "<h2>谁的案件最多？</h2>" in text
    assert "占比的分母为全部案件" in text
    assert text.index('href="#s1"') < text.index('href="#s2"') < text.index('id="s1"') < text.index('id="s2"')


def test_figures_of_an_audit_have_their_denominators(written):
    figures = pd.DataFrame(
        [("every_road", "ground_nobody", 50.0, 200.0, "m²"), ("everyone", "chiefs_idle", 0.0, 0.0, "")],
        columns=["promise", "measure", "value", "whole", "unit"],
    )
    text = written({}, summary=figures)
    assert "<b>25.0%</b><span>无人负责的土地</span><small>50 m² / 200 m²</small>" in text
    assert "<b>无数据</b><span>无任务的路长</span>" in text


def test_source_and_day_stand_under_the_title(written):
    text = written({"gaps": GAPS}, summary={}, source="12345 <热线>", as_of=dt.date(2025, 12, 31), lang="zh")
    assert "统计截至 2025-12-31" in text
    assert "数据来源：12345 &lt;热线&gt;" in text


def test_rows_lead_to_their_place_on_a_map_beside(written):
    text = written({"gaps": GAPS}, summary={}, map_file="地图.html")
    links = re.findall(r'href="([^"]+html#[^"]+)"', text)
    assert len(links) == 2
    assert re.fullmatch(r"%E5%9C%B0%E5%9B%BE\.html#17/40\.8\d{5}/114\.8\d{5}", links[0])
    with pytest.raises(InputError, match="plain name"):
        written({"gaps": GAPS}, summary={}, map_file="javascript:alert(1)")


def test_no_data_is_told_as_no_data(written):
    text = written({"t": pd.DataFrame({"社区": ["甲", "乙"], "人数": [4.5, None]})}, summary={"people": None})
    assert '<td class="n">—</td>' in text
    assert "无数据" in pictures_of(text)[0]
    assert "<b>无数据</b>" in text


def test_a_picture_stands_for_the_map_on_paper(written):
    text = written({}, summary={}, picture=PNG)
    assert f'src="data:image/png;base64,{base64.b64encode(PNG).decode()}"' in text
    with pytest.raises(InputError, match="is not a PNG"):
        written({}, summary={}, picture=b"<svg onload=alert(1)>")


def test_long_text_is_cut_and_says_so(written):
    text = written({"t": pd.DataFrame({"note": ["长" * 10_000]})}, summary={"note": "长" * 10_000})
    assert "…（共 10,000 字）" in text
    assert text.count("长") < 1500


def test_a_wide_table_keeps_what_answers(written):
    wide = pd.DataFrame({f"c{n:02}": ["x"] for n in range(30)} | {"zone_code": ["Z9"], "found": ["border"]})
    text = written({"t": wide}, summary={})
    assert "另有 18 列见工作簿或图层" in text
    assert "Z9" in text
    assert "边界" in text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_kind_of_table_may_be_empty(written, lang):
    kinds = {
        "figures": ["promise", "measure", "value", "whole", "unit", "share"],
        "assigned": ["found", "reason", "occurred_at", "event_name"],
        "ambiguous": ["reason"],
        "chiefs": ["chief_code", "incidents"],
        "unanswered_roads": ["answer", "length_m"],
        "overlaps": ["overlap_code", "kind", "area_m2"],
        "any": ["a", "b"],
        "nothing": [],
    }
    tables = {name: pd.DataFrame(columns=columns) for name, columns in kinds.items()}
    text = written(tables, summary={}, lang=lang)
    assert text.count('<p class="none">') == len(kinds)
    assert not pictures_of(text)


PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAG7buVgAAAABJRU5ErkJggg=="
)


@pytest.mark.browser
def test_in_a_browser_without_network_the_map_is_there(tmp_path, visit):
    zones = gpd.GeoDataFrame(
        {"zone_code": [HOSTILE]}, geometry=[box(573000, 4520000, 573200, 4520200)], crs=4547
    )
    drawn = city_map({"responsibility_zones": zones}, results={"gaps": GAPS})
    path = write_page({"gaps": GAPS}, tmp_path / "report.html", summary={"gaps": 2}, page_map=drawn)
    seen = visit(path, ready="document.querySelector('iframe') !== null")
    frame = seen.page.frame_locator("iframe")
    frame.locator(".leaflet-container").wait_for()
    assert seen.page.locator("tbody tr").count() == 2
    assert seen.errors == []
    assert seen.requests == []
    assert seen.dialogs == []


@pytest.mark.browser
def test_the_map_shows_the_whole_also_after_it_was_printed(tmp_path, visit):
    drawn = city_map({}, results={"gaps": GAPS})
    path = write_page({"gaps": GAPS}, tmp_path / "report.html", summary={}, page_map=drawn)
    seen = visit(path, ready="document.querySelector('iframe') !== null")
    seen.page.locator("iframe").scroll_into_view_if_needed()
    west, south, east, north = drawn.extent
    for _ in range(2):
        (frame,) = seen.page.frames[1:]
        frame.wait_for_function("window.zjk !== undefined && zjk.map.getSize().y === 638")
        shown = frame.evaluate("zjk.map.getBounds().toBBoxString().split(',').map(Number)")
        assert shown[0] < west < east < shown[2]
        assert shown[1] < south < north < shown[3]
        assert shown[2] - shown[0] < 6 * (east - west)
        seen.page.emulate_media(media="print")
        seen.rest(200)
        seen.page.emulate_media(media="screen")
        seen.rest(200)


def test_the_same_answers_give_the_same_bytes(tmp_path):
    """Without a time the page is of the day in Beijing: two runs of one day cannot be told apart."""
    sheets = {"gaps": GAPS}
    one, two = (
        write_page(sheets, tmp_path / name, summary={}, page_map=city_map(sheets)).read_text("utf-8")
        for name in ("one.html", "two.html")
    )
    assert one == two
    assert f"{today()}" in one
    assert not re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d", one)


ROWS = pd.DataFrame(
    {
        "gap_code": [f"G{n:03}" for n in range(8)],
        "kind": ["hole", "edge"] * 4,
        "note": [
            HOSTILE,
            "东关街 路灯",
            "东关街 井盖",
            "",
            "西坝岗",
            "x",
            "y",
            "南瓦盆窑村委会门前的十字路口",
        ],
    }
)


def in_view(page):
    return page.eval_on_selector_all(
        ".rows tbody tr", "rows => rows.filter(r => !r.hidden).map(r => r.cells[0].textContent)"
    )


class TestFilters:
    @pytest.fixture
    def seen(self, tmp_path, visit):
        path = write_page({"gaps": ROWS, "short": ROWS.head(3)}, tmp_path / "report.html", summary={})
        return visit(path, ready="document.querySelector('.filter:not([hidden])') !== null")

    @pytest.mark.browser
    def test_words_and_a_choice_leave_the_rows_that_fit(self, seen):
        page = seen.page
        assert page.locator(".filter").count() == 1  # three rows are seen at a glance
        page.get_by_label("筛选").fill("东关街 井盖")
        assert (in_view(page)[:1], page.locator("output").inner_text()) == (["G002"], "1 / 8")
        page.get_by_label("筛选").press("Escape")
        page.get_by_label("类型").select_option("城区边缘")
        assert in_view(page)[:4] == ["G001", "G003", "G005", "G007"]
        page.get_by_label("筛选").fill("没有的字")
        assert page.locator("output").inner_text() == "没有符合的行"
        page.get_by_label("筛选").press("Escape")
        assert len(in_view(page)) == 8 + 3
        assert (seen.errors, seen.dialogs, seen.requests) == ([], [], [])

    @pytest.mark.browser
    def test_no_column_is_a_tower_of_two_characters(self, seen):
        widths = seen.page.eval_on_selector_all(
            ".rows tbody tr:last-child td", "cells => cells.map(c => [c.clientWidth, c.clientHeight])"
        )
        assert min(width for width, _ in widths) >= 59  # three characters and the space around
        assert widths[2][0] >= 200  # a text of fourteen
        assert seen.page.evaluate("document.documentElement.scrollWidth") == 1200


def wheel_moves(page, element):
    """Turn the wheel over an element until the page has moved; a turn while it is being laid out is lost."""
    for _ in range(50):
        element.scroll_into_view_if_needed()
        box = element.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        before = page.evaluate("scrollY")
        page.mouse.wheel(0, 120)
        page.wait_for_timeout(200)
        if page.evaluate("scrollY") > before:
            return True
    return False


@pytest.mark.browser
def test_the_wheel_scrolls_the_report_until_the_map_is_clicked(tmp_path, visit):
    path = write_page(
        {"gaps": pd.concat([GAPS] * 20)},
        tmp_path / "report.html",
        summary={},
        page_map=city_map({}, results={"gaps": GAPS}),
    )
    seen = visit(path, ready="document.querySelector('iframe') !== null")
    (frame,) = seen.page.frames[1:]
    frame.wait_for_function("window.zjk !== undefined && zjk.ready")
    zoom = frame.evaluate("zjk.map.getZoom()")
    assert wheel_moves(seen.page, seen.page.locator("iframe"))
    assert frame.evaluate("zjk.map.getZoom()") == zoom
    assert not frame.evaluate("zjk.map.scrollWheelZoom.enabled()")
    seen.page.locator("iframe").click(position={"x": 500, "y": 200})
    assert frame.evaluate("zjk.map.scrollWheelZoom.enabled()")


def test_a_page_without_map_runs_its_own_script_alone(written):
    text = written({"gaps": ROWS}, summary={})
    assert re.search(r"script-src 'sha256-[\w+/]+=*'\"", text)
