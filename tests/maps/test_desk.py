"""What an analyst does with a page: filters, sorts, exports, shares it; by mouse, keyboard and thumb."""

import csv
import io
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point, Polygon, box

from zjk_gis.maps import assignment_map, save_offline, zones_map
from zjk_gis.maps.page import Page
from zjk_gis.maps.style import area, line, mark

X, Y = 573000, 4520000
HOSTILE = '=HYPERLINK("http://x","y")</script><img src=x onerror=alert(1)>'

pytestmark = pytest.mark.browser


def make_assigned():
    """Eight: classes 1 to 3 in streets 甲 and 乙, in January to March; one hostile, one near with a line."""
    return gpd.GeoDataFrame(
        {
            "incident_code": [f"A{i}" for i in range(8)],
            "event_name": ["垃圾", "垃圾", "垃圾", "游商", "游商", "积水", HOSTILE, "垃圾"],
            "street_name": ["甲", "甲", "乙", "甲", "乙", "乙", "乙", "乙"],
            "occurred_at": pd.to_datetime(
                ["2025-01-03", "2025-01-31", "2025-02-01", "2025-02-09", "2025-03-09", "2025-03-10", None,
                 "2025-03-31"]
            ),
            "zone_code": ["Z0"] * 8,
            "chief_name": ["路长0"] * 8,
            "found": ["inside"] * 7 + ["nearest"],
            "distance_m": [0, 2, 10, 0, 0, 0, 0, 40.0],
            "ambiguous": [False] * 8,
        },
        geometry=[*(Point(X + 20 + 30 * i, Y + 100) for i in range(7)), Point(X + 150, Y + 340)],
        crs=4547,
    )  # fmt: skip


def make_zones():
    return gpd.GeoDataFrame({"zone_code": ["Z0"]}, geometry=[box(X, Y, X + 300, Y + 300)], crs=4547)


@pytest.fixture
def seen(visit, tmp_path):
    seen = visit(save_offline(assignment_map(make_assigned(), make_zones()), tmp_path / "map.html"))
    yield seen
    assert (seen.dialogs, seen.errors, seen.requests) == ([], [], [])


def opened(seen, rows="案件"):
    seen.page.click(".zjk-tools .desk")
    seen.page.wait_for_selector(".zjk-desk table")
    seen.page.select_option(".zjk-desk select", rows)
    seen.page.wait_for_function("rows => zjk.desk.set.name === rows", arg=rows)


def bars(seen, column):
    """The values of a column as they are offered, and how many rows each would give."""
    return seen.page.evaluate(
        "column => Object.fromEntries([...document.querySelectorAll('.zjk-desk .facet')]"
        ".filter(f => f.querySelector('h3').textContent === column)"
        ".flatMap(f => [...f.querySelectorAll('.bar')])"
        ".map(b => [b.dataset.value, Number(b.querySelector('em').textContent)]))",
        column,
    )


def choose(seen, column, value):
    seen.page.locator(".zjk-desk .facet", has=seen.page.locator("h3", has_text=column)).locator(
        ".bar", has_text=value
    ).click()
    told(seen)


def told(seen):
    """Wait for what is written a frame after the counts: the table, the legend, the time."""
    seen.page.wait_for_function("!zjk.desk.busy")


def listed(seen):
    told(seen)
    return seen.page.locator(".zjk-desk tbody tr td:first-child").all_inner_texts()


def status(seen):
    return seen.page.inner_text(".zjk-desk .left")


class TestFilters:
    def test_the_desk_lists_the_incidents_of_all_layers_as_one(self, seen):
        opened(seen)
        assert (status(seen), sorted(listed(seen))) == ("8 / 8", [f"A{i}" for i in range(8)])

    def test_a_column_counts_what_another_choice_of_it_would_give(self, seen):
        opened(seen)
        choose(seen, "街道名称", "甲")
        assert bars(seen, "事件名称") == {"垃圾": 2, "游商": 1}
        assert bars(seen, "街道名称") == {"乙": 5, "甲": 3}  # leaves out its own filter
        choose(seen, "事件名称", "垃圾")
        assert (bars(seen, "街道名称"), listed(seen), status(seen)) == (
            {"甲": 2, "乙": 2},
            ["A0", "A1"],
            "2 / 8",
        )

    def test_values_of_one_column_add_up_and_a_second_press_takes_one_back(self, seen):
        opened(seen)
        choose(seen, "事件名称", "游商")
        choose(seen, "事件名称", "积水")
        assert sorted(listed(seen)) == ["A3", "A4", "A5"]
        choose(seen, "事件名称", "游商")
        assert listed(seen) == ["A5"]

    def test_days_are_from_and_to_both_included_and_what_has_no_day_is_left_out(self, seen):
        opened(seen)
        seen.page.fill(".zjk-desk input[type=date] >> nth=0", "2025-01-31")
        seen.page.fill(".zjk-desk input[type=date] >> nth=1", "2025-02-09")
        assert sorted(listed(seen)) == ["A1", "A2", "A3"]
        seen.page.fill(".zjk-desk input[type=date] >> nth=1", "")
        assert sorted(listed(seen)) == ["A1", "A2", "A3", "A4", "A5", "A7"]

    def test_text_is_found_in_any_column_and_nothing_found_is_said(self, seen):
        opened(seen)
        seen.page.fill(".zjk-desk input[type=search]", " a6 ")
        assert listed(seen) == ["A6"]
        for typed, found in (("a", 8), ("a6", 1), ("a", 8), ("垃", 4), ("圾", 4), ("垃圾", 4), ("aa6", 0)):
            seen.page.fill(".zjk-desk input[type=search]", typed)
            assert status(seen) == f"{found} / 8"
        seen.page.fill(".zjk-desk input[type=search]", "没有这个")
        assert seen.page.inner_text(".zjk-desk .none") == "没有同时符合全部条件的行"
        assert seen.page.is_disabled("text=导出 CSV")
        seen.page.click("text=清除筛选")
        assert status(seen) == "8 / 8"

    def test_in_view_follows_the_map(self, seen):
        opened(seen)
        seen.page.check(".zjk-desk input[type=checkbox]")
        seen.page.evaluate("() => void zjk.show(zjk.layers.find(l => l.name === '就近'), 0)")
        seen.page.evaluate(
            "() => { const p = zjk.map.getCenter();"
            " zjk.map.setView([p.lat + 1, p.lng], 17, {animate: false}); }"
        )
        seen.page.wait_for_function("zjk.desk.set.left === 0")

    def test_the_map_the_legend_the_time_and_the_line_follow(self, seen):
        opened(seen)
        choose(seen, "街道名称", "甲")
        hidden = """() => Object.fromEntries(zjk.layers.filter(
            l => l.shapes && l.shapes.n && l.group === '案件归属').map(l =>
            [l.name, [l.countBox.textContent, l.mask ? [...l.mask].reduce((a, b) => a + b) : 0]]))"""
        assert seen.page.evaluate(hidden) == {
            "区内": ["3 / 7", 4],
            "就近": ["0 / 1", 1],
            "至就近责任区": ["0 / 1", 1],
        }
        assert seen.page.inner_text(".zjk-clock .when").split()[-2:] == ["3", "件"]


PAINTED = """async fresh => {
  const sheet = zjk.sheets[0], done = new Promise(done => { sheet.waiting = done; });
  if (fresh) { sheet._below.key = sheet._above.key = ""; }
  sheet.repaint();
  await done;
  return sheet._front.toDataURL();
}"""


class TestWhatIsKept:
    """Below the first layer that a filter changes, and of the names, the picture is laid again."""

    def test_it_is_what_a_whole_picture_would_be(self, seen):
        opened(seen)
        seen_before = set()
        for change in (
            ".zjk-desk [aria-label=街道名称] .bar[data-value=甲]",
            ".zjk-panel input >> nth=-1",
            ".leaflet-control-zoom-in",
            ".zjk-desk [aria-label=街道名称] .bar[data-value=甲]",
            ".zjk-panel input >> nth=-1",
        ):
            seen.page.click(change)
            seen.rest(400)
            told(seen)
            kept = seen.page.evaluate(PAINTED, False)
            assert kept == seen.page.evaluate(PAINTED, True)
            seen_before.add(kept)
        assert len(seen_before) == 5

    def test_names_of_rows_that_a_filter_hides_go_with_them(self, visit, tmp_path):
        shapes = [box(X + 300 * i, Y, X + 300 * (i + 1), Y + 300) for i in range(4)]
        zones = gpd.GeoDataFrame(
            {"zone_code": list("ABCD"), "chief_name": ["甲", "甲", "乙", "乙"]}, geometry=shapes, crs=4547
        )
        seen = visit(save_offline(zones_map(zones), tmp_path / "map.html"))
        opened(seen, "责任区")
        assert len(seen.page.evaluate("zjk.sheets[0]._labels")) == 4
        choose(seen, "路长姓名", "甲")
        assert len(seen.page.evaluate("zjk.sheets[0]._labels")) == 2
        assert seen.page.evaluate(PAINTED, False) == seen.page.evaluate(PAINTED, True)


class TestTable:
    def test_numbers_are_sorted_as_numbers_and_back_by_a_third_press(self, seen):
        opened(seen)
        for wanted in (
            ["A0", "A3", "A4", "A5", "A6", "A1", "A2", "A7"],
            ["A7", "A2", "A1", "A0", "A3", "A4", "A5", "A6"],
        ):
            seen.page.locator(".zjk-desk th button", has_text="距离").click()
            assert listed(seen) == wanted
        assert seen.page.get_attribute(".zjk-desk th[aria-sort]", "aria-sort") == "descending"
        seen.page.locator(".zjk-desk th button", has_text="距离").click()
        assert seen.page.locator(".zjk-desk th[aria-sort]").count() == 0

    def test_a_row_shows_itself_on_the_map_above_the_desk(self, seen):
        opened(seen)
        seen.page.locator(".zjk-desk .zjk-link", has_text="A4").click()
        seen.page.wait_for_selector(".zjk-popup td")
        place = seen.page.locator(".leaflet-popup").bounding_box()
        assert seen.page.locator(".zjk-popup td").first.inner_text() == "A4"
        assert place["y"] + place["height"] <= seen.page.locator(".zjk-desk").bounding_box()["y"] + 1
        assert place["x"] + place["width"] <= seen.page.locator(".zjk-panel").bounding_box()["x"]

    def test_many_rows_are_turned_page_by_page(self, visit, tmp_path):
        n = 120
        zones = gpd.GeoDataFrame(
            {"zone_code": [f"Z{i:03d}" for i in range(n)]},
            geometry=[box(X + 30 * i, Y, X + 30 * (i + 1), Y + 30) for i in range(n)],
            crs=4547,
        )
        seen = visit(save_offline(zones_map(zones), tmp_path / "map.html"))
        opened(seen, "责任区")
        assert (len(listed(seen)), seen.page.inner_text(".zjk-desk .pager span")) == (50, "1–50 / 120")
        seen.page.click(".zjk-desk .pager button >> nth=1")
        seen.page.click(".zjk-desk .pager button >> nth=1")
        assert (listed(seen)[-1], seen.page.is_disabled(".zjk-desk .pager button >> nth=1")) == ("Z119", True)


def saved(seen, press):
    with seen.page.expect_download() as made:
        seen.page.click(f"text={press}")
    return made.value.suggested_filename, made.value.path().read_bytes()


class TestExport:
    def test_csv_opens_in_excel_and_holds_no_formula(self, seen):
        opened(seen)
        choose(seen, "街道名称", "乙")
        name, data = saved(seen, "导出 CSV")
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
        assert (name, data[:3], [r["案件编号"] for r in rows]) == (
            "案件归属-案件.csv", b"\xef\xbb\xbf", ["A2", "A4", "A5", "A6", "A7"],
        )  # fmt: skip
        assert rows[3]["事件名称"] == "'" + HOSTILE
        where = gpd.points_from_xy([r["经度"] for r in rows], [r["纬度"] for r in rows], crs=4326).to_crs(
            4547
        )
        assert np.abs(where.x - [X + 80, X + 140, X + 170, X + 200, X + 150]).max() < 0.2

    def test_geojson_is_what_was_drawn_holes_and_parts_and_all(self, visit, tmp_path):
        ring = Polygon([(0, 0), (90, 0), (90, 90), (0, 90)], [[(20, 20), (40, 20), (40, 40), (20, 40)]])
        shapes = [ring.union(box(200, 0, 260, 60)), box(300, 0, 350, 50)]
        page = Page("形状", groups=[("形状", True)])
        frame = gpd.GeoDataFrame({"name": ["多", "一"]}, geometry=shapes, crs=4547).translate(X, Y)
        layer = gpd.GeoDataFrame({"name": ["多", "一"]}, geometry=frame, crs=4547)
        page.add(
            layer, name="面", group="形状", styles=[area("#888888")], columns=("name",), frames_the_page=True
        )
        lines = layer.set_geometry(layer.boundary)
        page.add(lines, name="线", group="形状", styles=[line("#888888")], columns=("name",))
        seen = visit(save_offline(page.map(), tmp_path / "map.html"))
        for rows, wanted in (("面", layer), ("线", lines)):
            opened(seen, rows)
            _, data = saved(seen, "导出 GeoJSON")
            found = gpd.GeoDataFrame.from_features(json.loads(data), crs=4326).to_crs(4547)
            assert (found.hausdorff_distance(wanted.geometry) < 0.2).all()
            assert np.allclose(found.area, wanted.area, rtol=0.01)
            seen.page.keyboard.press("Escape")


class TestAddress:
    def test_an_address_brings_back_place_layers_filter_and_days(self, seen):
        opened(seen)
        choose(seen, "事件名称", "垃圾")
        seen.page.fill(".zjk-desk input[type=date] >> nth=1", "2025-02-28")
        seen.page.evaluate(
            "() => { zjk.layers.find(l => l.name === '就近').check.click();"
            " zjk.map.setView([40.81, 114.87], 16.5, {animate: false}); zjk.address.write(); }"
        )
        state = (
            "() => [zjk.map.getZoom(), zjk.desk.set.left,"
            " zjk.layers.filter(l => l.name && l.on).map(l => l.name)]"
        )
        wanted = seen.page.evaluate(state)
        assert (wanted[0], wanted[1], "就近" in wanted[2]) == (16.5, 3, False)
        seen.page.reload()
        seen.page.wait_for_function("window.zjk !== undefined && zjk.desk.set")
        assert seen.page.evaluate(state) == wanted
        assert sorted(listed(seen)) == ["A0", "A1", "A2"]
        assert seen.page.locator(".zjk-popup").count() == 0

    def test_a_value_that_is_no_longer_there_is_left_out_and_said(self, seen):
        seen.page.evaluate(
            """() => { location.hash = '#17/40.8/114.9&rows=案件&is=["街道名称","甲"]'
               + '&is=["街道名称","丙"]&is=["旧列","x"]'; }"""
        )
        seen.page.wait_for_function("zjk.desk.set && zjk.desk.set.left === 3")
        assert status(seen) == "3 / 8 · 本页没有，已略去：街道名称 丙，旧列 x"

    def test_a_second_address_takes_the_filter_of_the_first_back(self, seen):
        for told, left in (
            ('&rows=案件&is=["街道名称","甲"]', 3),
            ('&rows=案件&is=["事件名称","游商"]', 2),
            ("&on=0.1.2.3.4", 8),
        ):
            seen.page.evaluate("told => { location.hash = '#17/40.8/114.9' + told; }", told)
            seen.page.wait_for_function("left => zjk.desk.set && zjk.desk.set.left === left", arg=left)
        assert seen.page.is_hidden(".zjk-desk")

    def test_a_filter_goes_along_though_the_desk_is_shut(self, seen):
        opened(seen)
        choose(seen, "街道名称", "甲")
        seen.page.keyboard.press("Escape")
        seen.page.evaluate("zjk.address.write()")
        seen.page.reload()
        seen.page.wait_for_function("window.zjk !== undefined && zjk.desk.set")
        assert status(seen) == "3 / 8"

    @pytest.mark.parametrize(
        "told",
        ["#17/40.8/114.9&on=a.-1.99999&rows=没有&is=[1",
         "#17/40.8/114.9&rows=案件&is=%5B%22x%22%5D&from=x&to=9",
         '#17/40.8/114.9&rows=案件&text=%3Cimg src=x onerror=alert(1)%3E&is=["事件名称","<b>"]'],
    )  # fmt: skip
    def test_what_an_address_says_wrongly_does_no_harm(self, seen, told):
        seen.page.evaluate("told => { location.hash = told; }", told)
        seen.page.wait_for_function("zjk.map.getZoom() === 17")
        seen.rest(50)


class TestManners:
    def test_the_keyboard_alone_filters_sorts_shows_and_closes(self, seen):
        seen.page.focus(".zjk-tools .desk")
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_selector(".zjk-desk .facet")
        seen.page.focus(".zjk-desk .facet .bar[data-value=垃圾]")
        seen.page.keyboard.press("Space")
        assert status(seen) == "4 / 8"
        held = "() => { const e = document.activeElement; return [e.dataset.value, e.ariaPressed]; }"
        assert seen.page.evaluate(held) == ["垃圾", "true"]  # the focus stays where it was
        seen.page.focus(".zjk-desk tbody .zjk-link")
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_selector(".zjk-popup td")
        for left in (".zjk-popup", ".zjk-desk"):
            seen.page.keyboard.press("Escape")
            seen.page.wait_for_function(
                "what => { const e = document.querySelector(what); return !e || e.hidden; }", arg=left
            )
        assert seen.page.evaluate("document.activeElement.className") == "desk"

    def test_escape_ends_measuring_wherever_the_focus_is(self, seen):
        seen.page.click(".zjk-tools .ruler")
        seen.page.evaluate("document.activeElement.blur()")
        seen.page.keyboard.press("Escape")
        assert seen.page.locator(".zjk-measured").count() == 0
        assert seen.page.get_attribute(".zjk-tools .ruler", "aria-pressed") == "false"

    def test_enter_on_the_map_tells_what_lies_in_its_middle(self, seen):
        seen.page.evaluate("() => { const l = zjk.layers.find(l => l.name === '就近'); zjk.show(l, 0); }")
        seen.page.wait_for_selector(".zjk-popup td")
        seen.page.keyboard.press("Escape")
        seen.page.focus(".leaflet-container")
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_selector(".zjk-popup td")
        assert seen.page.locator(".zjk-popup td").first.inner_text() == "A7"
        held = "() => document.activeElement.className.split(' ')[0]"
        assert seen.page.evaluate(held) == "zjk-popup"  # what it holds is next
        seen.page.keyboard.press("Escape")
        assert seen.page.evaluate(held) == "folium-map"

    def test_the_language_the_map_and_every_control_have_a_name(self, seen):
        opened(seen)
        assert seen.page.evaluate("document.documentElement.lang") == "zh-CN"
        assert seen.page.get_attribute(".leaflet-container", "aria-label").startswith("案件归属")
        nameless = """() => [...document.querySelectorAll('button, input, select')].filter(e => !e.hidden
            && !e.getAttribute('aria-label') && !e.textContent.trim() && !e.closest('label'))
            .map(e => e.outerHTML)"""
        assert seen.page.evaluate(nameless) == []

    def test_what_is_under_the_pointer_is_named(self, seen):
        at = seen.page.evaluate(
            "() => { const l = zjk.layers.find(l => l.name === '就近'), s = l.shapes; zjk.show(l, 0);"
            " const k = 2 ** zjk.map.getZoom(), o = zjk.map.getPixelBounds().min;"
            " return [s.x[0] * k - o.x, s.y[0] * k - o.y]; }"
        )
        seen.page.wait_for_selector(".zjk-popup td")
        seen.page.keyboard.press("Escape")
        seen.rest(80)
        seen.page.mouse.move(*at)
        seen.page.wait_for_selector(".zjk-hover:not([hidden])")
        assert seen.page.inner_text(".zjk-hover") == "垃圾"

    def test_a_dark_room_has_dark_panels_that_can_be_read(self, seen):
        opened(seen)
        seen.page.emulate_media(color_scheme="dark")
        read = """() => ['.zjk-panel', '.zjk-desk', '.zjk-title'].map(what => {
            const style = getComputedStyle(document.querySelector(what)), light = c => {
              const [r, g, b] = c.match(/[\\d.]+/g).map(v => v / 255).map(
                v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
              return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
            const ink = light(style.color), paper = light(style.backgroundColor);
            return [paper < 0.1, (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05) >= 4.5]; })"""
        assert seen.page.evaluate(read) == [[True, True]] * 3


class TestPhone:
    @pytest.fixture
    def seen(self, visit, tmp_path):
        saved = save_offline(assignment_map(make_assigned(), make_zones()), tmp_path / "map.html")
        return visit(saved, width=390, height=844)

    def test_a_touch_tells_in_a_sheet_at_the_foot(self, seen):
        seen.page.evaluate("() => zjk.show(zjk.layers.find(l => l.name === '就近'), 0)")
        sheet = seen.page.locator(".zjk-below")
        sheet.wait_for()
        place = sheet.bounding_box()
        assert (place["x"], place["width"], round(place["y"] + place["height"])) == (0, 390, 844)
        assert "A7" in sheet.inner_text()
        assert seen.page.locator(".leaflet-popup").count() == 0
        sheet.locator(".shut").click()
        assert sheet.count() == 0

    def test_the_desk_is_a_sheet_and_nothing_is_wider_than_the_page(self, seen):
        opened(seen)
        place = seen.page.locator(".zjk-desk").bounding_box()
        assert (place["width"], round(place["y"] + place["height"])) == (390, 844)
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390
        choose(seen, "街道名称", "甲")
        assert status(seen) == "3 / 8"


def test_a_page_without_rows_has_no_desk(visit, tmp_path):
    page = Page("空", groups=[("空", True)])
    page.add(
        gpd.GeoDataFrame(geometry=[Point(X, Y)], crs=4547), name="点", group="空", styles=[mark("#888888")],
        frames_the_page=True,
    )  # fmt: skip
    seen = visit(save_offline(page.map(), tmp_path / "map.html"))
    assert seen.page.locator(".zjk-tools .desk").count() == 0
    assert (seen.errors, seen.requests) == ([], [])
