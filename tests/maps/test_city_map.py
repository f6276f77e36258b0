"""The map as a reader meets it: in a real browser, without a network, with hostile text in every field."""

import json

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

import zjk_gis
from zjk_gis.errors import CRSError, FileError, InputError, MissingExtraError
from zjk_gis.layers import label
from zjk_gis.maps import city_map, packing, save_offline, shell, style
from zjk_gis.maps.page import Page
from zjk_gis.synth import make_city

X, Y = 573000, 4520000
HOSTILE = (
    """</script><script>alert(1)</script><img src=x onerror=alert(2)>'"`${alert(3)}{{7*7}}\u2028\u202e</td>"""
)


def make_zones(n=4, crs=4547, **columns):
    shapes = [box(X + 300 * i, Y, X + 300 * (i + 1), Y + 300) for i in range(n)]
    columns.setdefault("zone_code", [f"Z{i}" for i in range(n)])
    return gpd.GeoDataFrame({"chief_name": ["路长一号"] * n} | columns, geometry=shapes, crs=crs)


@pytest.fixture(scope="module")
def city():
    return make_city(grids=300, incidents=1000, seed=3)


@pytest.fixture(scope="module")
def surveyed(city):
    raw = city.incidents.rename(columns={"案件编号": "incident_code", "发生时间": "occurred_at"})
    shapes = gpd.points_from_xy(raw["经度"], raw["纬度"])
    incidents = gpd.GeoDataFrame(raw, geometry=np.where(raw["经度"].isna(), None, shapes), crs=4490)
    return zjk_gis.reports.survey_city(city.layers, incidents, at="2025-12-31")


@pytest.mark.browser
class TestInABrowser:
    def test_a_whole_city_opens_without_error_or_request(self, city, surveyed, visit, tmp_path):
        path = save_offline(
            city_map(city.layers, results=surveyed, title="试验市一张图"), tmp_path / "map.html"
        )
        seen = visit(path)
        assert (seen.errors, seen.requests) == ([], [])
        assert seen.page.title() == "试验市一张图"
        assert seen.page.inner_text(".zjk-title b") == "试验市一张图"
        panel = seen.page.text_content(".zjk-panel")
        for name in ("责任空白", "责任重叠", "无路长路段", "三级责任区", "待确认归属", "历史文化街区"):
            assert name in panel
        assert seen.page.locator(".leaflet-control-scale-line").count() == 1

    def test_something_is_drawn_in_the_middle(self, visit, tmp_path):
        seen = visit(save_offline(city_map({"responsibility_zones": make_zones(1)}), tmp_path / "map.html"))
        colours = seen.page.evaluate(
            """() => {
                const c = document.querySelector('.zjk-sheet canvas:not([style*="hidden"])');
                const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
                const seen = new Set();
                for (let i = 0; i < d.length; i += 4) if (d[i + 3]) seen.add(d.slice(i, i + 3).join());
                return seen.size;
            }"""
        )
        assert colours > 1

    def test_layers_come_and_go_with_their_boxes(self, visit, tmp_path):
        seen = visit(save_offline(city_map({"responsibility_zones": make_zones()}), tmp_path / "map.html"))
        zones = "() => window.zjk.pick(window.zjk.map.getCenter()).length"
        assert seen.page.evaluate(zones) > 0
        seen.page.locator(".zjk-panel input").first.click()
        assert seen.page.evaluate(zones) == 0
        seen.page.locator(".zjk-panel input").first.click()
        assert seen.page.evaluate(zones) > 0

    def test_a_click_tells_what_is_there_in_chinese_with_units(self, visit, tmp_path):
        gaps = make_zones(1, gap_code=["G001"], area_m2=[1234.5], kind=["hole"], neighbours=["Z1;Z2"])
        seen = visit(save_offline(city_map({}, results={"gaps": gaps}), tmp_path / "map.html"))
        seen.page.mouse.click(480, 440)
        seen.page.wait_for_selector(".zjk-popup")
        assert seen.page.inner_text(".zjk-popup b") == "责任空白"
        rows = dict(
            line.split("\t") for line in seen.page.inner_text(".zjk-popup table").splitlines() if "\t" in line
        )
        assert rows == {"空白编号": "G001", "类型": "空洞", "面积(m²)": "1,234.5", "相邻责任区": "Z1;Z2"}

    def test_the_search_leads_to_whatever_name_stands_on_the_map(self, city, visit, tmp_path):
        seen = visit(save_offline(city_map(city.layers), tmp_path / "map.html"))
        for layer, column in (("rivers", "river_name"), ("streets", "street_name")):
            name = city.layers[layer][column].iloc[0]
            seen.page.fill(".zjk-search input", name)
            seen.page.locator(".zjk-search li.on span", has_text=name).wait_for()
            seen.page.keyboard.press("Enter")
            seen.page.locator(".zjk-popup td", has_text=name).wait_for()
            seen.page.keyboard.press("Escape")
        assert (seen.errors, seen.requests) == ([], [])

    def test_the_title_counts_what_the_layer_of_doubtful_ones_holds(self, city, surveyed, visit, tmp_path):
        seen = visit(save_offline(city_map(city.layers, results=surveyed), tmp_path / "map.html"))
        told = zjk_gis.reports.assignment_summary(surveyed["assigned"])["ambiguous"]
        counts = "() => Object.fromEntries(zjk.layers.map(l => [l.name, l.count]))"
        assert f"待确认 {told:,} ·" in seen.page.inner_text(".zjk-title span")
        assert seen.page.evaluate(counts)["待确认归属"] == f"{told:,}"

    def test_incidents_are_filtered_by_the_street_they_lie_in(self, city, surveyed, visit, tmp_path):
        seen = visit(save_offline(city_map(city.layers, results=surveyed), tmp_path / "map.html"))
        found = seen.page.evaluate(
            "async () => { await zjk.desk.show('案件');"
            " const c = zjk.desk.set.facets.find(c => c.title === '街道名称');"
            " return Object.fromEntries(c.texts.map((t, i) => [t, c.counts[i]])); }"
        )
        places = surveyed["assigned"][["geometry"]].to_crs(4547)
        held = gpd.sjoin(
            places[~places.is_empty & places.geometry.notna()], city.layers["streets"].to_crs(4547)
        )
        assert {name: n for name, n in found.items() if name} == dict(held["street_name"].value_counts())

    def test_hostile_text_is_only_text(self, visit, tmp_path):
        zones = make_zones(1, zone_code=[HOSTILE], zone_name=[HOSTILE])
        rivers = gpd.GeoDataFrame({"river_name": [HOSTILE]}, geometry=zones.geometry, crs=4547)
        drawn = city_map({"responsibility_zones": zones, "rivers": rivers}, title=HOSTILE)
        seen = visit(save_offline(drawn, tmp_path / "map.html"))
        seen.page.mouse.click(600, 300)
        seen.page.wait_for_selector(".zjk-popup table")
        seen.rest(300)
        assert (seen.dialogs, seen.errors, seen.requests) == ([], [], [])
        assert HOSTILE in seen.page.text_content(".zjk-popup table")
        assert seen.page.text_content(".zjk-title b") == HOSTILE
        assert seen.page.locator(".zjk-popup img, .zjk-title img").count() == 0

    def test_in_english_no_chinese_word_is_of_ours(self, city, surveyed, visit, tmp_path):
        seen = visit(save_offline(city_map(city.layers, results=surveyed, lang="en"), tmp_path / "map.html"))
        panel = seen.page.inner_text(".zjk-panel") + seen.page.inner_text(".zjk-title")
        ours = [c for c in panel if "\u4e00" <= c <= "\u9fff"]
        assert "".join(ours) == ""

    def test_on_a_phone_nothing_hangs_over(self, visit, tmp_path):
        seen = visit(
            save_offline(city_map({"responsibility_zones": make_zones()}), tmp_path / "map.html"), width=390
        )
        assert seen.page.evaluate("() => document.documentElement.scrollWidth") <= 390


class TestLayers:
    def test_any_crs_comes_out_as_degrees(self):
        for crs in (4547, 4490, 3857):
            drawn = Page(title="")
            drawn.add(make_zones(1).to_crs(crs), name="z", group="g", styles=[{}], frames_the_page=True)
            assert drawn.extent == pytest.approx([114.8647, 40.8101, 114.8683, 40.8128], abs=2e-3)

    def test_rows_without_geometry_are_counted_not_drawn(self):
        zones = make_zones(3)
        zones.loc[1, "geometry"] = None
        drawn = Page(title="")
        drawn.add(zones, name="责任区", group="g", styles=[{}])
        assert (drawn.layers[0]["count"], drawn.notes) == ("2", ["责任区：1 行没有坐标，未画出"])

    def test_rows_that_are_not_on_earth_are_counted_not_drawn(self):
        zones = make_zones(3).set_crs(4326, allow_override=True)
        drawn = Page(title="", lang="en")
        drawn.add(zones, name="zones", group="g", styles=[{}])
        assert drawn.notes == ["zones: 3 rows have coordinates that are not on earth and are not drawn"]

    def test_an_empty_layer_is_listed_as_none(self):
        drawn = Page(title="")
        drawn.add(make_zones(0), name="z", group="g", styles=[{}])
        assert drawn.layers[0]["count"] == label("empty")

    def test_a_layer_without_crs_is_refused(self):
        with pytest.raises(CRSError, match="no coordinate reference system"):
            city_map({"rivers": make_zones(1).set_crs(None, allow_override=True)})

    @pytest.mark.parametrize(
        ("value", "text"),
        [(True, "是"), (1234.5, "1,234.5"), (2.0, "2"), (float("nan"), ""), ("border", "边界"), (None, "")],
    )
    def test_values_read_as_people_write_them(self, value, text):
        texts, codes = packing.texts_of(pd.Series([value, value]), "zh")
        assert [texts[code] for code in codes] == [text, text]

    def test_neighbours_get_different_colours_whatever_the_order(self):
        zones = make_zones(12)
        colours = style.colour_areas(zones, 4)
        assert (colours[1:] != colours[:-1]).all()
        shuffled = zones.sample(frac=1, random_state=2)
        again = pd.Series(style.colour_areas(shuffled, 4), index=shuffled.index).sort_index()
        assert again.tolist() == colours.tolist()

    def test_an_unknown_result_is_refused(self):
        with pytest.raises(InputError, match="results: gap cannot be drawn; known are assigned"):
            city_map({}, results={"gap": make_zones(1)})

    @given(st.text())
    def test_json_in_a_script_element_stays_there(self, text):
        written = shell.script_json({"text": text})
        assert not set(written) & set("<>&\u2028\u2029")
        assert not any(opening in written for opening in ("{{", "{%", "{#"))
        assert json.loads(written) == {"text": text}


class TestSaving:
    def test_all_scripts_are_inside(self, tmp_path):
        text = save_offline(city_map({}), tmp_path / "map.html").read_text(encoding="utf-8")
        assert "<script src" not in text
        assert "<link" not in text

    def test_a_plain_folium_map_is_saved_too(self, tmp_path):
        plain = folium.Map(tiles=None)
        folium.Marker([40.8, 114.9], popup="here").add_to(plain)
        assert "<script src" not in save_offline(plain, tmp_path / "map.html").read_text(encoding="utf-8")

    def test_tiles_need_a_network_and_are_refused(self, tmp_path):
        with pytest.raises(InputError, match="tiles=None"):
            save_offline(folium.Map(), tmp_path / "map.html")
        assert not (tmp_path / "map.html").exists()

    def test_an_unknown_script_is_named(self, tmp_path):
        drawn = folium.Map(tiles=None)
        drawn.get_root().header.add_child(folium.JavascriptLink("https://example.org/own.js"))
        with pytest.raises(InputError, match=r"https://example\.org/own\.js"):
            save_offline(drawn, tmp_path / "map.html")

    @pytest.mark.parametrize(
        ("name", "error", "words"),
        [
            ("map.pdf", InputError, r"\.html"),
            ("no/such/folder/map.html", FileError, "does not exist"),
        ],
    )
    def test_a_name_it_cannot_write_is_refused(self, tmp_path, name, error, words):
        with pytest.raises(error, match=words):
            save_offline(city_map({}), tmp_path / name)

    def test_without_its_carrier_it_says_what_to_install(self, tmp_path, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "offlinefolium.elements", None)
        monkeypatch.setitem(__import__("sys").modules, "offlinefolium", None)
        with pytest.raises(MissingExtraError, match=r"zjk_gis\[offline-maps\]"):
            save_offline(city_map({}), tmp_path / "map.html")

    def test_points_are_marks_with_a_shape(self):
        shapes = {look["shape"] for look in style.FOUND_MARKS.values()}
        assert len(shapes) == len(style.FOUND_MARKS)
