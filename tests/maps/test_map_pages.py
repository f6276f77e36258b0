"""What a reader does on a page: searches, clicks, plays time, measures, drags the bar; in a real browser."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pyproj import Geod, Transformer
from shapely import Point, box

from zjk_gis.maps import (
    assignment_map,
    changes_map,
    choropleth,
    density_map,
    gaps_map,
    heritage_map,
    offline_frame,
    parking_map,
    pipes_map,
    save_offline,
    shell,
    style,
    zones_map,
)
from zjk_gis.maps.classes import count_breaks
from zjk_gis.maps.printing.hexagons import count_in_hexagons

X, Y = 573000, 4520000
HOSTILE = (
    """</script><script>alert(1)</script><img src=x onerror=alert(2)>'"`${alert(3)}{{7*7}}{% raw %}"""
    """\u2028\u202e</td><a href="javascript:alert(4)">x</a>=HYPERLINK("http://x","y")"""
)
ENDLESS = "长" * 10_000

pytestmark = pytest.mark.browser


def make_zones(n=4, **columns):
    shapes = [box(X + 300 * i, Y, X + 300 * (i + 1), Y + 300) for i in range(n)]
    names = {"zone_code": [f"Z{i}" for i in range(n)], "zone_name": [f"第{i + 1}责任区" for i in range(n)]}
    chiefs = {"chief_code": [f"L{i}" for i in range(n)], "chief_name": [f"路长{i}" for i in range(n)]}
    return gpd.GeoDataFrame(names | chiefs | columns, geometry=shapes, crs=4547)


def make_assigned():
    """Six: three inside Z0 in January, one on a border, one 20 m off in March, one nowhere, undated."""
    places = [(50, 50), (60, 60), (70, 70), (300, 150), (150, 320), (150, 2000)]
    return gpd.GeoDataFrame(
        {
            "incident_code": [f"A{i}" for i in range(6)],
            "event_code": ["0101", "0102", "0501", "0101", "0401", "0101"],
            "occurred_at": pd.to_datetime(
                ["2025-01-03", "2025-01-10", "2025-01-31", "2025-02-01", "2025-03-09", None]
            ),
            "zone_code": ["Z0", "Z0", "Z0", "Z0", "Z0", None],
            "chief_name": ["路长0"] * 5 + [None],
            "found": ["inside", "inside", "inside", "border", "nearest", "none"],
            "distance_m": [0, 0, 0, 0, 20.0, np.nan],
            "ambiguous": [False, False, False, True, False, False],
        },
        geometry=[Point(X + dx, Y + dy) for dx, dy in places],
        crs=4547,
    )


def click_at(seen, x, y):
    """Click where a place in metres is, and return the popup's rows."""
    lon, lat = Transformer.from_crs(4547, 4326, always_xy=True).transform(X + x, Y + y)
    at = seen.page.evaluate(
        "([lon, lat]) => { zjk.map.closePopup(); zjk.map.panTo([lat, lon], {animate: false});"
        " const p = zjk.map.latLngToContainerPoint([lat, lon]); return [p.x, p.y]; }",
        [lon, lat],
    )
    # The last one fades before it goes, and must not be read for the next.
    seen.page.wait_for_function("() => !document.querySelector('.zjk-popup')")
    seen.page.mouse.click(*at)
    return popup(seen)


def popup(seen):
    seen.page.wait_for_selector(".zjk-popup table tr")
    return seen.page.evaluate(
        "() => Object.fromEntries([...document.querySelectorAll('.zjk-popup tr')].map("
        "r => [r.cells[0].textContent, r.cells[1].textContent]))"
    )


def assert_quiet(seen):
    assert (seen.dialogs, seen.errors, seen.requests) == ([], [], [])


class TestZones:
    @pytest.fixture
    def seen(self, visit, tmp_path):
        drawn = zones_map(make_zones(), assigned=make_assigned(), source="试验数据", date="2025-12-31")
        return visit(save_offline(drawn, tmp_path / "map.html"))

    def test_a_click_tells_the_chief_the_incidents_by_class_and_the_neighbours(self, seen):
        rows = click_at(seen, 450, 150)
        assert (rows["责任区编码"], rows["路长姓名"], rows["相邻责任区"].split()) == (
            "Z1",
            "路长1",
            ["Z0", "Z2"],
        )
        assert click_at(seen, 200, 150)["案件"] == "合计5市容环境3突发事件1街面秩序1"
        assert_quiet(seen)

    def test_a_neighbour_is_one_click_away(self, seen):
        click_at(seen, 450, 150)
        seen.page.locator(".zjk-link", has_text="Z2").click()
        seen.page.wait_for_function("document.querySelector('.zjk-popup td').textContent === 'Z2'")

    @pytest.mark.parametrize("wanted", ["第3责任区", "z2", "路长2", "L2", " Z2"])
    def test_search_finds_by_code_and_name_in_chinese_with_the_keyboard_alone(self, seen, wanted):
        seen.page.keyboard.press("/")
        seen.page.keyboard.type(wanted)
        seen.page.wait_for_selector(".zjk-search li.on")
        seen.page.keyboard.press("Enter")
        assert popup(seen)["责任区编码"] == "Z2"

    def test_what_is_not_there_is_said_to_be_not_there(self, seen):
        seen.page.fill(".zjk-search input", "没有这个")
        seen.page.wait_for_selector(".zjk-search li.none")
        assert seen.page.inner_text(".zjk-search li.none") == "没有找到"

    def test_arrows_choose_and_escape_leaves(self, seen):
        seen.page.fill(".zjk-search input", "责任区")
        seen.page.wait_for_selector(".zjk-search li.on")
        seen.page.keyboard.press("ArrowDown")
        assert seen.page.inner_text(".zjk-search li.on span").startswith("Z1")
        seen.page.keyboard.press("Escape")
        assert seen.page.locator(".zjk-search li:visible").count() == 0

    def test_title_foot_north_scale_and_overview_are_there(self, seen):
        assert seen.page.inner_text(".zjk-title b") == "责任区与路长"
        assert seen.page.inner_text(".zjk-foot").startswith("数据来源：试验数据 · 制图日期：2025-12-31")
        assert seen.page.text_content(".zjk-north") == "北"
        assert seen.page.locator(".leaflet-control-scale-line:visible, .zjk-small:visible").count() == 2

    def test_labels_are_placed_where_they_fit_and_do_not_collide(self, seen):
        seen.rest(300)
        labels = seen.page.evaluate("zjk.sheets[0]._labels")
        assert sorted(labels) == [f"第{i}责任区\n路长{i - 1}" for i in range(1, 5)]
        # So far out that they do not fit in the narrow boxes either that stand for a missing typeface.
        seen.page.evaluate("void zjk.map.setZoom(zjk.map.getZoom() - 6, {animate: false})")
        seen.page.wait_for_function("zjk.sheets[0]._labels.length === 0")

    def test_measuring_agrees_with_the_ground(self, seen):
        seen.page.click(".zjk-tools .ruler")
        to_degrees = Transformer.from_crs(4547, 4326, always_xy=True).transform
        corners = [to_degrees(X + dx, Y + dy) for dx, dy in ((0, 0), (1000, 0), (1000, 500))]
        seen.page.evaluate("c => c.forEach(p => zjk.ruler.add(L.latLng(p[1], p[0])))", corners)
        # The grid stretches ground 73 km from its meridian by 65 millionths; the page tells the ground.
        area, _ = Geod(ellps="GRS80").polygon_area_perimeter(*zip(*corners, strict=True))
        words = seen.page.inner_text(".zjk-measured").split()
        assert words == ["长度", "1.50", "km", "面积", f"{abs(area):,.0f}", "m²"]
        seen.page.click(".zjk-tools .ruler")
        assert seen.page.locator(".zjk-measured").count() == 0

    def test_the_mouse_position_turns_from_degrees_to_metres(self, seen):
        lon, lat = Transformer.from_crs(4547, 4326, always_xy=True).transform(X + 100, Y + 100)
        tell = "([lon, lat]) => void zjk.map.fire('mousemove', {latlng: L.latLng(lat, lon)})"
        seen.page.evaluate(tell, [lon, lat])
        assert seen.page.inner_text(".zjk-mouse") == f"WGS84  {lon:.6f}°E  {lat:.6f}°N"
        seen.page.locator(".zjk-mouse").dispatch_event("click")
        metres = seen.page.inner_text(".zjk-mouse")
        assert metres == f"CGCS2000 / CM 114E  X {Y + 100}.0  Y {X + 100}.0 m"


def test_gauss_kruger_on_the_page_is_that_of_proj(visit, tmp_path):
    rng = np.random.default_rng(4)
    lons, lats = rng.uniform(112.5, 115.5, 50), rng.uniform(18, 53, 50)
    east, north = Transformer.from_crs(4326, 4547, always_xy=True).transform(lons, lats)
    script = shell.asset("script/ground.js") + "return p.map(q => gaussKruger(q[0], q[1], 114));"
    seen = visit(save_offline(zones_map(make_zones(1)), tmp_path / "map.html"))
    found = seen.page.evaluate(f"p => {{ {script} }}", np.column_stack([lons, lats]).tolist())
    assert np.abs(np.array(found) + [500000, 0] - np.column_stack([east, north])).max() < 0.001


class TestTime:
    @pytest.fixture
    def seen(self, visit, tmp_path):
        return visit(save_offline(assignment_map(make_assigned(), make_zones()), tmp_path / "map.html"))

    def test_the_slider_shows_what_happened_in_its_window(self, seen):
        assert seen.page.inner_text(".zjk-clock .when").split()[-2:] == ["5", "件"]
        seen.page.evaluate("void zjk.clock.set(0)")
        assert seen.page.inner_text(".zjk-clock .when").split() == ["2025-01", "3", "件"]
        assert {h["found"] for h in self.hits(seen)} == {"区内"}
        seen.page.evaluate("void zjk.clock.set(2)")
        assert {h["found"] for h in self.hits(seen)} == {
            "就近",
            "至就近责任区",
        }  # the line comes with its incident

    def test_the_legend_counts_what_the_window_shows(self, seen):
        counts = (
            "() => zjk.layers.filter(l => l.name === '区内' || l.name === '就近')"
            ".map(l => l.countBox.textContent)"
        )
        assert seen.page.evaluate(counts) == ["3", "1"]
        seen.page.evaluate("void zjk.clock.set(0)")
        assert seen.page.evaluate(counts) == ["3 / 3", "0 / 1"]
        seen.page.evaluate("void zjk.clock.set(-1)")
        assert seen.page.evaluate(counts) == ["3", "1"]

    def hits(self, seen):
        """What can be clicked around the zones, of the layers of incidents."""
        return seen.page.evaluate(
            """() => { const m = zjk.map, found = [];
              for (let x = 0; x < 1200; x += 4) for (let y = 0; y < 800; y += 4)
                for (const h of zjk.pick(m.containerPointToLatLng([x, y])))
                  if (h.layer.shapes.time) found.push({found: h.layer.name});
              return found; }"""
        )

    def test_it_plays_to_the_end_and_stops(self, seen):
        seen.page.select_option(".zjk-clock select", "week")
        seen.page.click(".zjk-clock .play")
        seen.page.wait_for_function("zjk.clock.at >= 2 && zjk.clock.playing")
        seen.page.wait_for_function("!zjk.clock.playing")
        assert seen.page.evaluate("zjk.clock.at") == 9
        seen.page.click(".zjk-clock .all")
        assert seen.page.evaluate("zjk.state.clock") is None
        assert_quiet(seen)

    def test_a_line_leads_from_a_fallback_to_its_zone(self, seen):
        seen.page.evaluate("void zjk.map.setZoom(18, {animate: false})")
        rows = click_at(seen, 150, 310)
        assert (rows["案件编号"], rows["距离(m)"]) == ("A4", "20")
        assert seen.page.inner_text(".zjk-popup b") == "至就近责任区"


class TestTechniqueByCount:
    def test_a_million_points_are_counted_and_no_point_is_lost(self, visit, tmp_path):
        n = 1_000_000
        rng = np.random.default_rng(2)
        places = gpd.points_from_xy(rng.uniform(114.8, 115.0, n), rng.uniform(40.7, 40.9, n))
        path = save_offline(density_map(gpd.GeoDataFrame(geometry=places, crs=4490)), tmp_path / "map.html")
        assert path.stat().st_size < 6e6
        seen = visit(path)
        legend = seen.page.inner_text(".zjk-panel")
        assert "每个六边形" in legend
        assert "1,000,000 个点，按六边形统计数量" in legend
        total = "zjk.layers.at(-1).found.counts.reduce((a, b) => a + b)"
        assert seen.page.evaluate(total) == n
        click_at(seen, 0, 0)
        counted = int(popup(seen)["数量"].replace(",", ""))
        assert counted in seen.page.evaluate("[...zjk.layers.at(-1).found.counts]")
        seen.page.evaluate("void zjk.map.setZoom(18, {animate: false})")
        seen.page.wait_for_function("zjk.layers.at(-1).legend.single")
        assert "逐点显示" in seen.page.inner_text(".zjk-panel")
        assert_quiet(seen)

    def test_fifty_thousand_areas_are_all_there_to_be_clicked(self, visit, tmp_path):
        k = 224
        x, y = (v.ravel() for v in np.meshgrid(np.arange(k) * 40.0, np.arange(k) * 40.0))
        shapes = [box(X + a, Y + b, X + a + 36, Y + b + 36) for a, b in zip(x, y, strict=True)]
        areas = gpd.GeoDataFrame({"zone_code": [f"N{i}" for i in range(k * k)]}, geometry=shapes, crs=4547)
        seen = visit(save_offline(zones_map(areas), tmp_path / "map.html"))
        assert f"{k * k:,} 个要素逐一绘制" in seen.page.inner_text(".zjk-panel")
        seen.page.wait_for_function("zjk.sheets[0].took && !zjk.sheets[0]._job")
        ground = seen.page.evaluate(
            """() => { const c = zjk.sheets[0]._front, at = L.latLngBounds(zjk.page.bounds).getCenter();
              const p = zjk.map.project(at, zjk.map.getZoom()).subtract(c.at.corner);
              const d = c.getContext("2d").getImageData(p.x - 15, p.y - 15, 30, 30).data, sum = [0, 0, 0];
              d.forEach((value, i) => { if (i % 4 < 3) sum[i % 4] += value / 900; });
              return sum; }"""
        )
        first = [int(style.PASTELS[0][at : at + 2], 16) for at in (1, 3, 5)]
        assert ground == pytest.approx(first, abs=12)  # one ground, not the grey that all colours make
        seen.page.evaluate("void zjk.search('N25025').then(r => zjk.show(r[0].layer, r[0].i))")
        assert popup(seen)["责任区编码"] == "N25025"
        assert click_at(seen, x[25026] + 10, y[25026] + 10)["责任区编码"] == "N25026"
        assert_quiet(seen)

    def test_a_browser_without_decompression_takes_the_slower_way(self, browser, tmp_path):
        path = save_offline(zones_map(make_zones(), assigned=make_assigned()), tmp_path / "map.html")
        old = browser.new_page()
        old.add_init_script("delete window.DecompressionStream")
        old.goto(path.as_uri())
        old.wait_for_function("window.zjk !== undefined")
        assert old.evaluate("zjk.layers[0].shapes.n") == 4
        assert old.evaluate("zjk.search('第3责任区').then(r => r[0].shown[0])") == "Z2"
        old.close()


class TestBeforeAndAfter:
    def test_the_bar_decides_which_state_a_click_meets(self, visit, tmp_path):
        old, new = make_zones(2), make_zones(2)
        new.loc[1, "chief_name"] = "新路长"
        seen = visit(save_offline(changes_map(old, new, titles=("去年", "今年")), tmp_path / "map.html"))
        assert seen.page.inner_text(".zjk-title span") == "换路长 1"
        assert seen.page.inner_text(".zjk-swipe").split() == ["去年", "今年"]
        seen.page.evaluate("void zjk.swipe.set(1)")
        assert click_at(seen, 450, 100)["路长姓名"] == "路长1"
        seen.page.evaluate("void zjk.swipe.set(0)")
        assert click_at(seen, 450, 100)["路长姓名"] == "新路长"
        assert_quiet(seen)

    def test_moved_ground_names_from_whom_to_whom(self, visit, tmp_path):
        moved = gpd.GeoDataFrame(
            {
                "move_code": ["M001"],
                "kind": ["other_zone"],
                "from_code": ["Z0"],
                "to_code": ["Z1"],
                "from_chief": ["路长0"],
                "to_chief": ["路长1"],
                "area_m2": [9000.0],
            },
            geometry=[box(X + 270, Y, X + 300, Y + 300)],
            crs=4547,
        )
        drawn = changes_map(make_zones(2), make_zones(2), moved)
        seen = visit(save_offline(drawn, tmp_path / "map.html"))
        seen.page.evaluate("void zjk.swipe.set(0.2)")
        rows = click_at(seen, 285, 100)
        assert (rows["原责任区"], rows["现责任区"], rows["面积(m²)"]) == ("Z0", "Z1", "9,000")
        assert "易手土地 1 处，9,000 m²" in seen.page.inner_text(".zjk-title span")


HIDDEN = {
    "a folded tab": ("display:none", "display:block"),
    "no width": ("width:0", "width:900px"),
    "no height": ("height:0", "height:600px"),
    "as small as frames are at first": ("width:30px;height:20px", "width:900px;height:600px"),
}


class TestAFrameWithoutSize:
    """A report's tab, a lazy frame, a cell that is not in view: the map frames itself at its first size."""

    def outer(self, tmp_path, drawn, style):
        frame = offline_frame(drawn)._repr_html_()
        size = "width:100% !important;height:100% !important"
        path = tmp_path / "outer.html"
        path.write_text(
            f'<meta charset="utf-8"><body style="margin:0"><style>iframe{{{size}}}</style>'
            f'<div id="tab" style="overflow:hidden;width:900px;height:600px;{style}">{frame}</div>',
            encoding="utf-8",
        )
        return path

    def view(self, frame):
        frame.wait_for_function("window.zjk !== undefined && zjk.sheets.every(s => s.painted)")
        frame.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
        )
        return frame.evaluate(
            "() => { const b = zjk.map.getBounds(), s = zjk.map.getSize();"
            " return {zoom: zjk.map.getZoom(), size: [s.x, s.y],"
            " west: b.getWest(), south: b.getSouth(), east: b.getEast(), north: b.getNorth()}; }"
        )

    @pytest.mark.parametrize("how", HIDDEN)
    @pytest.mark.parametrize("kind", ["zones", "changes", "density"])
    def test_it_opens_on_the_whole_when_it_is_shown(self, kind, how, visit, tmp_path):
        drawn = {
            "zones": lambda: zones_map(make_zones()),
            "changes": lambda: changes_map(make_zones(), make_zones(3)),
            "density": lambda: density_map(make_assigned()),
        }[kind]()
        before, after = HIDDEN[how]
        seen = visit(self.outer(tmp_path, drawn, before), ready="true")
        seen.rest(300)
        seen.page.evaluate("style => { document.getElementById('tab').style.cssText += style; }", after)
        seen.page.evaluate("() => { document.getElementById('tab').style.overflow = 'hidden'; }")
        (frame,) = seen.page.frames[1:]
        frame.wait_for_function("window.zjk !== undefined && zjk.map.getSize().x === 900")
        found = self.view(frame)
        west, south, east, north = drawn.extent
        assert found["size"] == [900, 600]
        assert found["west"] < west < east < found["east"]
        assert found["south"] < south < north < found["north"]
        assert found["zoom"] < 20
        # Half a zoom step nearer, the whole would not fit.
        assert (found["east"] - found["west"] < 3 * (east - west)) or (
            found["north"] - found["south"] < 3 * (north - south)
        )
        assert frame.evaluate("zjk.sheets[0]._front.width") > 900
        assert_quiet(seen)

    def test_it_frames_again_until_a_reader_moves_it(self, visit, tmp_path):
        drawn = zones_map(make_zones())
        seen = visit(self.outer(tmp_path, drawn, ""), ready="true")
        (frame,) = seen.page.frames[1:]
        first = self.view(frame)
        resize = "w => { document.getElementById('tab').style.width = w + 'px'; }"
        seen.page.evaluate(resize, 450)
        frame.wait_for_function("zjk.map.getSize().x === 450")
        half = self.view(frame)
        assert half["zoom"] == pytest.approx(
            first["zoom"] - 1, abs=0.5
        )  # the panel is folded on a narrow one
        assert half["west"] < drawn.extent[0] < drawn.extent[2] < half["east"]
        frame.evaluate("void zjk.map.setZoom(18, {animate: false})")
        seen.page.evaluate(resize, 900)
        frame.wait_for_function("zjk.map.getSize().x === 900")
        assert self.view(frame)["zoom"] == 18
        assert_quiet(seen)

    def test_one_that_is_hidden_and_shown_again_keeps_its_place(self, visit, tmp_path):
        seen = visit(self.outer(tmp_path, zones_map(make_zones()), ""), ready="true")
        (frame,) = seen.page.frames[1:]
        self.view(frame)
        frame.evaluate("void zjk.map.setZoom(18, {animate: false})")
        show = "how => { document.getElementById('tab').style.display = how; }"
        seen.page.evaluate(show, "none")
        seen.rest(200)
        seen.page.evaluate(show, "block")
        frame.wait_for_function("zjk.map.getSize().x === 900")
        assert self.view(frame)["zoom"] == 18


class TestOpening:
    def test_what_is_drawn_is_clear_of_the_panels(self, visit, tmp_path):
        drawn = zones_map(make_zones())
        seen = visit(save_offline(drawn, tmp_path / "map.html"))
        west, _, east, _ = drawn.extent
        left, right = seen.page.evaluate(
            "b => b.map(v => zjk.map.latLngToContainerPoint([40.81, v]).x)", [west, east]
        )
        tools, panel = (seen.page.locator(f".zjk-{what}").bounding_box() for what in ("tools", "panel"))
        assert tools["x"] + tools["width"] < left < right < panel["x"]

    def test_a_map_of_nothing_says_so(self, visit, tmp_path):
        seen = visit(save_offline(zones_map(make_zones().iloc[:0]), tmp_path / "map.html"))
        assert seen.page.inner_text(".zjk-empty") == "没有可绘制的内容：各图层均无带坐标的记录"
        assert_quiet(seen)


class TestLegends:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ([5] * 4, [["5", ""]]),
            ([None] * 4, [["无数据", ""]]),
            ([5, 5, 7, 7], [["5 – 7", "2"], ["7", "2"]]),
        ],
    )
    def test_every_class_is_told_even_if_it_is_the_only_one(self, values, expected, visit, tmp_path):
        drawn = choropleth(make_zones(value=values), "value")
        seen = visit(save_offline(drawn, tmp_path / "map.html"))
        keys = seen.page.locator(".zjk-panel .key").all()
        assert [key.locator("span").all_inner_texts() for key in keys] == expected
        assert seen.page.locator(".zjk-panel .key canvas.swatch").count() == len(expected)

    def test_a_layer_without_classes_has_its_swatch_beside_its_name(self, visit, tmp_path):
        seen = visit(save_offline(zones_map(make_zones()), tmp_path / "map.html"))
        assert seen.page.locator(".zjk-panel .key").count() == 0
        assert seen.page.locator(".zjk-panel label canvas.swatch").count() == 1

    def test_zones_that_all_lack_a_chief_are_said_to(self, visit, tmp_path):
        zones = make_zones(chief_name=None, chief_code=None)
        seen = visit(save_offline(zones_map(zones), tmp_path / "map.html"))
        assert seen.page.locator(".zjk-panel .key").all_inner_texts() == ["未落实路长"]


class TestNames:
    @pytest.mark.parametrize("first", ["丁", "长" * 100, "W" * 100])
    def test_a_name_of_a_hundred_characters_hides_no_other(self, first, visit, tmp_path):
        names = [first, *(f"停车场{i}" for i in range(1, 12))]
        spots = [Point(X + 100 * (i % 4), Y + 50 * (i // 4)) for i in range(12)]
        lots = gpd.GeoDataFrame({"lot_code": names, "lot_name": names}, geometry=spots, crs=4547)
        seen = visit(save_offline(parking_map(lots, within_m=100), tmp_path / "map.html"), width=600)
        seen.rest(200)
        labels = seen.page.evaluate("zjk.sheets[0]._labels")
        assert {f"停车场{i}" for i in range(1, 12)} <= set(labels)


class TestMarks:
    @pytest.mark.parametrize("number", [300, 21_000])
    def test_the_densest_place_is_the_fullest(self, number, visit, tmp_path):
        """Marks much nearer to each other than they are wide: a white rim around each would whiten all."""
        k = np.arange(number)
        spots = gpd.points_from_xy(X + 20 * np.cos(k) * (k / number), Y + 20 * np.sin(k) * (k / number))
        layer = gpd.GeoDataFrame({"zone_code": "A", "found": "inside"}, geometry=spots, crs=4547, index=k)
        seen = visit(save_offline(assignment_map(layer), tmp_path / "map.html"))
        seen.page.evaluate(
            "void zjk.map.setView(L.latLngBounds(zjk.page.bounds).getCenter(), 17, {animate: false})"
        )
        seen.page.wait_for_function("zjk.sheets[0]._front.at.zoom === 17 && !zjk.sheets[0]._job")
        colours = seen.page.evaluate(
            """() => { const c = zjk.sheets[0]._front, out = [];
              const d = c.getContext("2d").getImageData(c.width / 2 - 8, c.height / 2 - 8, 16, 16).data;
              for (let i = 0; i < d.length; i += 4) out.push([...d.slice(i, i + 4)]);
              return out; }"""
        )
        red = np.array(colours)[:, 0]
        assert np.array(colours)[:, 3].min() >= 250  # where marks lie amid others, nobody sees through
        assert red.max() < 40, "blue has hardly any red, white has all"


def test_classes_and_hexagons_on_paper_are_those_of_the_page(visit, tmp_path):
    script = shell.asset("script/cells.js")
    seen = visit(save_offline(zones_map(make_zones(1)), tmp_path / "map.html"))
    rng = np.random.default_rng(5)
    samples = [rng.geometric(p, n).tolist() for p, n in ((0.5, 7), (0.02, 300), (0.0001, 1000), (0.9, 40))]
    samples += [[1], [0, 0, 3], [2_000_000_000]]
    ran = seen.page.evaluate(
        f"s => {{ {script} return s.map(v => cellBreaks(Uint32Array.from(v), 6)); }}", samples
    )
    assert ran == [count_breaks(np.array(sample), 6) for sample in samples]
    points, width = rng.uniform(-500, 500, (400, 2)), 70.0
    found = count_in_hexagons(points, width / 3.5)
    assert found.width == 80.0
    cells = seen.page.evaluate(
        f"p => {{ {script} return p.map(q => hexAt(q[0], q[1], 80, 1.5 * 80 / Math.sqrt(3)).join()); }}",
        points.tolist(),
    )
    assert sorted(pd.Series(cells).value_counts()) == sorted(found.counts)


def hostile_frames(text):
    """Every kind of layer, with the text in every field that may hold one."""
    zones = make_zones(
        2, zone_code=[text, "B"], zone_name=[text, text], chief_name=[text, text], note=[text, text]
    )
    assigned = make_assigned().assign(incident_code=text, event_name=text, description=text, zone_code=text)
    assigned = assigned.drop(columns="event_code")
    gaps = make_zones(1, gap_code=[text], kind=[text], neighbours=[text])
    lots = make_zones(1, lot_code=[text], lot_name=[text])
    lots = lots.set_geometry(lots.centroid)
    pipes = make_zones(1, pipe_code=[text], pipe_kind=[text])
    pipes = pipes.set_geometry(pipes.boundary)
    blocks = make_zones(1, block_name=[text], scope=[text])
    buildings = make_zones(1, building_name=[text], protection_class=[text])
    moved = make_zones(1, from_code=[text], to_code=[text], move_code=[text])
    said = {"title": text, "source": text, "date": "2025-01-01"}
    return {
        "zones": zones_map(zones, assigned=assigned, **said),
        "assignment": assignment_map(assigned, zones, **said),
        "gaps": gaps_map(zones, zones, gaps, gaps.rename(columns={"gap_code": "overlap_code"}), **said),
        "changes": changes_map(zones, zones, moved, titles=(text, text), **said),
        "pipes": pipes_map(pipes, lots.assign(manhole_code=text), **said),
        "parking": parking_map(lots, gaps=gaps, **said),
        "heritage": heritage_map(blocks, buildings, **said),
        "density": density_map(assigned, **said),
        "choropleth": choropleth(zones.assign(**{text: [1, 2]}), text, unit=text, **said),
    }


@pytest.mark.parametrize("text", [HOSTILE, ENDLESS], ids=["hostile", "endless"])
@pytest.mark.parametrize("kind", ["zones", "assignment", "gaps", "changes", "pipes", "parking", "heritage",
                                  "density", "choropleth"])  # fmt: skip
def test_hostile_text_is_only_text_on_every_map(kind, text, visit, tmp_path):
    seen = visit(save_offline(hostile_frames(text)[kind], tmp_path / "map.html"))
    opened = seen.page.evaluate(
        """async () => { let n = 0;
          for (const layer of zjk.layers)
            if (layer.tells && layer.shapes.n) { await zjk.show(layer, 0); n++; }
          return n; }"""
    )
    assert opened > 0
    seen.rest(100)
    assert_quiet(seen)
    assert seen.page.text_content(".zjk-title b") == text
    assert text in seen.page.text_content(".zjk-popup") or kind in ("density", "pipes")
    assert (
        seen.page.locator("#map img, .zjk-popup a, .zjk-panel a, .zjk-title *:not(b):not(span)").count() == 0
    )
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 1200
    assert seen.page.evaluate("document.querySelector('.zjk-title').offsetHeight") < 260


@pytest.mark.parametrize("kind", ["assignment", "density", "changes"])
def test_on_a_phone_nothing_hangs_over_and_the_legend_unfolds(kind, visit, tmp_path):
    drawn = {
        "assignment": lambda: assignment_map(make_assigned(), make_zones()),
        "density": lambda: density_map(make_assigned()),
        "changes": lambda: changes_map(make_zones(), make_zones(3)),
    }[kind]()
    seen = visit(save_offline(drawn, tmp_path / "map.html"), width=390)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not seen.page.is_visible(".zjk-panel summary")
    seen.page.click(".zjk-fold")
    assert seen.page.is_visible(".zjk-panel summary")


def test_a_link_leads_to_a_place_and_what_is_there(visit, tmp_path):
    zones = make_zones()
    seen = visit(save_offline(zones_map(zones), tmp_path / "map.html"))
    place = zones.to_crs(4326).geometry.iloc[2].representative_point()
    seen.page.evaluate(f"window.location.hash = '#17/{place.y:.6f}/{place.x:.6f}'")
    seen.page.wait_for_selector(".zjk-popup table")
    assert "Z2" in seen.page.text_content(".zjk-popup")
    assert seen.page.evaluate("window.zjk.map.getZoom()") == 17
    centre = seen.page.evaluate("[window.zjk.map.getCenter().lng, window.zjk.map.getCenter().lat]")
    assert centre == pytest.approx([place.x, place.y], abs=1e-3)
    for hostile in ("#17/<b>/1", "#constructor", "#99/1e9/1e9", "#'-alert(1)-'"):
        seen.page.evaluate("hash => { window.location.hash = hash; }", hostile)
    seen.rest(100)
    assert_quiet(seen)
