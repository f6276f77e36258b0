"""Base maps in a real browser: shifted tiles lie where they belong, local tiles travel inside the page."""

import contextlib
import gzip
import re
import sqlite3

import folium
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from tile_pictures import CENTRE, around, darkest, marks, metres_per_pixel, misplaced, tile, tile_server

from zjk_gis.crs.datum import wgs84_to_gcj02
from zjk_gis.errors import FileError, InputError
from zjk_gis.maps import add_base_map, base_map, city_map, save_offline
from zjk_gis.maps.offline.basemaps import MiniMap
from zjk_gis.maps.offline.tiles import read_tiles

HERE = (CENTRE[1], CENTRE[0])
KEY = "0123456789abcdef0123456789abcdef"


def empty_map(zoom=14):
    return folium.Map(HERE, zoom_start=zoom, tiles=None, zoom_control=False)


def settle(seen, name):
    """Wait until the map stands still and its tiles are there."""
    seen.rest(400)
    seen.page.wait_for_function(
        f"() => {{ let busy = {name}._animatingZoom; "
        f"{name}.eachLayer(l => {{ busy = busy || (l.isLoading && l.isLoading()); }}); return !busy; }}"
    )
    seen.rest(350)  # tiles fade in


def opened(visit, page, path, **options):
    name = page.get_name()
    seen = visit(save_offline(page, path, fetch_tiles="server" in options), ready=f"window.{name}", **options)
    settle(seen, name)
    return seen, name


def farthest(seen, name, zoom):
    """By how many pixels the mark that is worst off is misplaced."""
    return np.hypot(*misplaced(seen.page, name, zoom).T).max()


@pytest.fixture(scope="module")
def gcj_server():
    with tile_server("gcj02") as address:
        yield address


@pytest.fixture(scope="module")
def wgs_server():
    with tile_server("wgs84") as address:
        yield address


def folder_of_tiles(folder, zooms=(13, 14), datum="wgs84", reach=3, **_):
    for zoom in zooms:
        for x, y in around(zoom, reach):
            path = folder / str(zoom) / str(x) / f"{y}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(tile(zoom, x, y, datum))
    return folder


def mbtiles(path, zooms=(13, 14), datum="wgs84", reach=3, content=None):
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE tiles (zoom_level, tile_column, tile_row, tile_data BLOB)")
        for zoom in zooms:
            database.executemany(
                "INSERT INTO tiles VALUES (?, ?, ?, ?)",
                [
                    (zoom, x, 2**zoom - 1 - y, content or tile(zoom, x, y, datum))
                    for x, y in around(zoom, reach)
                ],
            )
    database.close()
    return path


def pmtiles(path, zooms=(13, 14), datum="wgs84", reach=3, content=None, kind=TileType.PNG):
    with path.open("wb") as file:
        writer = Writer(file)
        numbered = [(zxy_to_tileid(zoom, x, y), zoom, x, y) for zoom in zooms for x, y in around(zoom, reach)]
        for number, zoom, x, y in sorted(numbered):
            writer.write_tile(number, content or tile(zoom, x, y, datum))
        writer.finalize(
            {
                "tile_type": kind,
                "tile_compression": Compression.NONE,
                "min_lon_e7": 1140000000,
                "min_lat_e7": 400000000,
                "max_lon_e7": 1160000000,
                "max_lat_e7": 420000000,
                "center_zoom": 13,
                "center_lon_e7": 0,
                "center_lat_e7": 0,
            },
            {},
        )
    return path


@pytest.fixture(scope="module")
def whole_archive(tmp_path_factory):
    return pmtiles(tmp_path_factory.mktemp("archive") / "a.pmtiles", zooms=(13,), reach=1)


LOCAL = {"folder": folder_of_tiles, "city.mbtiles": mbtiles, "city.pmtiles": pmtiles}


@pytest.mark.browser
class TestShifting:
    def test_unshifted_the_marks_are_half_a_kilometre_off(self, visit, tmp_path, gcj_server):
        page = empty_map(11)
        base_map("amap", url=gcj_server + "/{z}/{x}/{y}.png", datum="wgs84").add_to(page)
        seen, name = opened(visit, page, tmp_path / "map.html", server=gcj_server)
        assert 500 < farthest(seen, name, 11) * metres_per_pixel(11) < 620

    @pytest.mark.parametrize("zoom", range(10, 19))
    def test_gcj02_tiles_lie_right_to_a_metre(self, visit, tmp_path, gcj_server, zoom):
        page = empty_map(zoom)
        base_map("amap", url=gcj_server + "/{z}/{x}/{y}.png").add_to(page)
        seen, name = opened(visit, page, tmp_path / "map.html", server=gcj_server)
        off = farthest(seen, name, zoom)
        # From a picture of the screen a fiftieth of a pixel can be told: over a metre at zoom 10.
        assert off < max(1.0 / metres_per_pixel(zoom), 0.02)
        assert off < 0.1
        assert (seen.errors, seen.requests) == ([], [])

    def test_they_still_do_after_panning_and_zooming(self, visit, tmp_path, gcj_server):
        page = empty_map(13)
        base_map("amap", url=gcj_server + "/{z}/{x}/{y}.png").add_to(page)
        seen, name = opened(visit, page, tmp_path / "map.html", server=gcj_server)
        for move, zoom in (
            ("panBy([310, -170])", 13),
            ("setZoom(15)", 15),
            ("panBy([-255, 90])", 15),
            ("zoomOut(3)", 12),
        ):
            seen.page.evaluate(f"() => {{ {name}.{move}; }}")
            settle(seen, name)
            assert farthest(seen, name, zoom) < max(1.0 / metres_per_pixel(zoom), 0.02), move
        assert seen.errors == []

    def test_the_browser_and_the_library_shift_alike(self, visit, tmp_path):
        page = empty_map()
        base_map("none").add_to(page)
        seen, _ = opened(visit, page, tmp_path / "map.html")
        lon = np.linspace(60, 140, 41).repeat(41)
        lat = np.tile(np.linspace(-5, 60, 41), 41)
        theirs = seen.page.evaluate(
            "places => places.map(p => zjkGcj02(p[0], p[1]))", np.column_stack([lon, lat]).tolist()
        )
        ours = np.column_stack(wgs84_to_gcj02(lon, lat))
        assert abs(np.array(theirs) - ours).max() < 1e-9  # a tenth of a millimetre

    def test_no_seam_shows_between_tiles(self, visit, tmp_path, gcj_server):
        page = empty_map(13)
        base_map("amap", url=gcj_server + "/{z}/{x}/{y}.png").add_to(page)
        seen, _ = opened(visit, page, tmp_path / "map.html", server=gcj_server)
        # Between two columns and two rows of marks the tiles are white; the ground under them is grey.
        assert darkest(seen.page, 490, 20, 90, 700) == 255
        assert darkest(seen.page, 100, 420, 900, 90) == 255
        assert darkest(seen.page, 100, 380, 900, 40) < 30

    def test_unshifted_services_lie_right_too(self, visit, tmp_path, wgs_server):
        page = empty_map(15)
        base_map("osm", url=wgs_server + "/{z}/{x}/{y}.png").add_to(page)
        seen, name = opened(visit, page, tmp_path / "map.html", server=wgs_server)
        assert farthest(seen, name, 15) < 0.1

    def test_two_base_maps_are_chosen_between(self, visit, tmp_path, gcj_server, wgs_server):
        page = empty_map(14)
        base_map("amap", url=gcj_server + "/{z}/{x}/{y}.png").add_to(page)
        base_map("osm", url=wgs_server + "/{z}/{x}/{y}.png", show=False).add_to(page)
        folium.LayerControl(collapsed=False).add_to(page)
        seen, name = opened(visit, page, tmp_path / "map.html", server="http://127.0.0.1")
        assert {url.startswith(gcj_server) for url in seen.asked} == {True}
        seen.page.get_by_text("OpenStreetMap").first.click()
        settle(seen, name)
        assert farthest(seen, name, 14) < 0.1
        assert any(url.startswith(wgs_server) for url in seen.asked)


@pytest.mark.browser
class TestLocalTiles:
    @pytest.mark.parametrize("kind", LOCAL)
    @pytest.mark.parametrize("datum", ["wgs84", "gcj02"])
    def test_they_are_in_the_page_and_lie_right(self, visit, tmp_path, kind, datum):
        source = LOCAL[kind](tmp_path / kind, datum=datum)
        page = empty_map(14)
        base_map(source, datum=datum).add_to(page)
        seen, name = opened(visit, page, tmp_path / "map.html")
        assert farthest(seen, name, 14) < 0.1
        assert (seen.errors, seen.requests) == ([], [])

    def test_beyond_the_greatest_zoom_they_are_enlarged(self, visit, tmp_path):
        page = empty_map(14)
        base_map(mbtiles(tmp_path / "city.mbtiles", zooms=(13,))).add_to(page)
        seen, name = opened(visit, page, tmp_path / "map.html")
        assert seen.page.locator(".leaflet-tile img").count() > 0
        assert farthest(seen, name, 13) < 0.1

    def test_far_out_the_map_still_zooms(self, visit, tmp_path):
        page = empty_map(14)
        base_map(mbtiles(tmp_path / "city.mbtiles", zooms=(14,))).add_to(page)
        seen, name = opened(visit, page, tmp_path / "map.html")
        seen.page.evaluate(f"() => {{ {name}.setZoom(6); }}")
        settle(seen, name)
        assert seen.page.evaluate(f"() => {name}.getZoom()") == 6
        assert seen.page.locator(".leaflet-tile").count() < 100
        assert (seen.errors, seen.requests) == ([], [])

    def test_under_a_city_map(self, visit, tmp_path):
        page = add_base_map(city_map({}), mbtiles(tmp_path / "city.mbtiles"))
        seen = visit(save_offline(page, tmp_path / "map.html"))
        settle(seen, "zjk.map")
        assert seen.page.locator(".leaflet-tile img").count() > 0
        assert (seen.errors, seen.requests) == ([], [])

    def test_a_folder_is_read_where_it_lies_if_asked(self, visit, tmp_path):
        source = folder_of_tiles(tmp_path / "a tile's {folder}#1")
        page = empty_map(14)
        base_map(source, embed=False).add_to(page)
        with pytest.raises(InputError, match="embed=False"):
            save_offline(page, tmp_path / "map.html")
        seen, name = opened(visit, page, tmp_path / "map.html", server=tmp_path.as_uri())
        assert seen.asked
        assert farthest(seen, name, 14) < 0.1

    def test_in_a_mini_map(self, visit, tmp_path):
        source = mbtiles(tmp_path / "city.mbtiles", zooms=(9, 14))
        page = empty_map(14)
        add_base_map(page, source)
        MiniMap(base_map(source), toggle_display=True).add_to(page)
        seen, _ = opened(visit, page, tmp_path / "map.html")
        assert seen.page.locator(".leaflet-control-minimap .leaflet-tile img").count() > 0
        text = (tmp_path / "map.html").read_text(encoding="utf-8")
        assert text.count("window.zjkTiles = ") == 1, "the same tiles are in the page once"
        assert (seen.errors, seen.requests) == ([], [])


@pytest.mark.browser
class TestTianditu:
    def url(self, server):
        return server + "/{z}/{x}/{y}.png?tk={key}"

    def test_the_page_asks_its_reader_for_the_key_and_keeps_it(
        self, visit, tmp_path, wgs_server, monkeypatch
    ):
        monkeypatch.setenv("TIANDITU_KEY", KEY)
        page = empty_map(14)
        base_map("tianditu", url=self.url(wgs_server)).add_to(page)
        seen, name = opened(visit, page, tmp_path / "map.html", server=wgs_server)
        assert KEY not in (tmp_path / "map.html").read_text(encoding="utf-8")
        assert seen.asked == []
        seen.page.fill(".zjk-key input", "a&b=<c>")
        seen.page.click(".zjk-key button")
        settle(seen, name)
        assert seen.page.locator(".zjk-key").count() == 0
        assert {url.split("?")[1] for url in seen.asked} == {"tk=a%26b%3D%3Cc%3E"}
        assert farthest(seen, name, 14) < 0.1
        seen.asked.clear()
        seen.page.reload()
        settle(seen, name)
        assert {url.split("?")[1] for url in seen.asked} == {"tk=a%26b%3D%3Cc%3E"}
        assert seen.page.locator(".zjk-key").count() == 0

    def test_the_key_is_in_the_page_if_asked(self, visit, tmp_path, wgs_server, monkeypatch):
        monkeypatch.setenv("TIANDITU_KEY", KEY)
        page = empty_map(14)
        base_map("tianditu", url=self.url(wgs_server), embed_key=True).add_to(page)
        seen, _ = opened(visit, page, tmp_path / "map.html", server=wgs_server)
        assert {url.split("?")[1] for url in seen.asked} == {f"tk={KEY}"}

    @pytest.mark.parametrize(("key", "words"), [("", "holds none"), ("a'b", "does not look like one")])
    def test_without_a_key_none_is_embedded(self, monkeypatch, key, words):
        monkeypatch.setenv("TIANDITU_KEY", key)
        with pytest.raises(InputError, match=words):
            base_map("tianditu", embed_key=True)


class TestServices:
    @pytest.mark.parametrize(
        ("name", "chinese", "hosts"),
        [
            ("amap", "高德地图", "autonavi.com"),
            ("amap-satellite", "高德影像", "autonavi.com"),
            ("tianditu", "天地图", "tianditu.gov.cn"),
            ("tianditu-satellite", "天地图影像", "tianditu.gov.cn"),
            ("osm", "OpenStreetMap", "openstreetmap.org"),
        ],
    )
    def test_the_page_may_fetch_its_tiles_and_nothing_else(self, tmp_path, name, chinese, hosts):
        page = empty_map()
        layer = base_map(name).add_to(page)
        assert layer.layer_name == chinese
        with pytest.raises(InputError, match=f"'{name}' needs a network"):
            save_offline(page, tmp_path / "map.html")
        text = save_offline(page, tmp_path / "map.html", fetch_tiles=True).read_text(encoding="utf-8")
        allowed = re.search(r"img-src data: blob:([^;]*);", text)[1].split()
        assert allowed
        assert all(host.startswith("https://") and host.endswith(hosts) for host in allowed)

    def test_annotations_come_in_the_language_asked_for(self):
        assert ["cva" in url for url in base_map("tianditu").spec["urls"]] == [False, True]
        assert ["eva" in url for url in base_map("tianditu", lang="en").spec["urls"]] == [False, True]
        assert "lang=en" in base_map("amap", lang="en").spec["urls"][0]

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"source": "baidu"}, "known are amap"),
            ({"source": "osm", "url": "javascript:alert(1)"}, "url must be an address"),
            ({"source": "osm", "url": "http://a/{x}/{y}"}, "url must be an address"),
            ({"source": "osm", "url": "http://a/{z}/{x}/{y}/{token}"}, "{token} is not known"),
            ({"source": "osm", "datum": "bd09"}, "datum must be"),
            ({"source": "osm", "opacity": 3}, "opacity"),
            ({"source": "osm", "lang": "fr"}, "lang"),
        ],
    )
    def test_what_is_not_known_is_refused(self, options, words):
        with pytest.raises(InputError, match=words):
            base_map(**options)

    def test_none_adds_nothing(self):
        page = empty_map()
        add_base_map(page, "none")
        assert len(page._children) == 0

    @pytest.mark.browser
    def test_names_are_text(self, visit, tmp_path):
        hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>'\"{{7*7}}"
        page = empty_map()
        base_map("none", name=hostile).add_to(page)
        folium.LayerControl(collapsed=False).add_to(page)
        seen, _ = opened(visit, page, tmp_path / "map.html")
        assert seen.page.inner_text(".leaflet-control-layers-base").strip() == hostile
        assert (seen.errors, seen.requests, seen.dialogs) == ([], [], [])


class TestReading:
    @pytest.mark.parametrize("kind", LOCAL)
    def test_all_kinds_hold_the_same(self, tmp_path, kind):
        tiles = read_tiles(LOCAL[kind](tmp_path / kind, reach=2))
        assert set(tiles.numbers) == {f"{z}/{x}/{y}" for z in (13, 14) for x, y in around(z, 2)}
        assert tiles.zooms == (13, 14)
        west, south, east, north = tiles.bounds
        assert west < CENTRE[0] < east
        assert south < CENTRE[1] < north

    @pytest.mark.parametrize("kind", LOCAL)
    def test_only_the_ground_and_zooms_asked_for_are_taken(self, tmp_path, kind):
        source = LOCAL[kind](tmp_path / kind, reach=2)
        lon, lat = CENTRE
        tiles = read_tiles(source, bounds=(lon, lat, lon + 1e-6, lat + 1e-6), zooms=(14, 20))
        assert list(tiles.numbers) == ["14/{}/{}".format(*around(14, 0)[0])]

    @pytest.mark.parametrize("kind", LOCAL)
    def test_too_much_is_refused_with_the_size_of_each_zoom(self, tmp_path, kind):
        source = LOCAL[kind](tmp_path / kind, reach=2)
        with pytest.raises(InputError, match=r"more than max_mb=0\.001 \(zoom 13: 0\.\d MB"):
            read_tiles(source, max_mb=0.001)

    def test_a_picture_that_many_tiles_share_is_there_once(self, tmp_path):
        tiles = read_tiles(mbtiles(tmp_path / "a.mbtiles", content=tile(14, 0, 0)))
        assert (len(tiles.pictures), len(tiles.numbers)) == (1, 98)

    def test_rows_from_the_south_if_so_told(self, tmp_path):
        (tmp_path / "1" / "0").mkdir(parents=True)
        (tmp_path / "1" / "0" / "0.png").write_bytes(tile(1, 0, 0))
        assert list(read_tiles(tmp_path, tms=True).numbers) == ["1/0/1"]

    def test_the_ground_is_told_in_wgs84_whatever_the_tiles_are_in(self, tmp_path):
        # At zoom 17 the shift is wider than a tile.
        source = mbtiles(tmp_path / "a.mbtiles", zooms=(17,), reach=4, datum="gcj02")
        lon, lat = CENTRE
        layer = base_map(source, datum="gcj02", bounds=(lon, lat, lon + 1e-6, lat + 1e-6))
        shifted = "17/{}/{}".format(*around(17, 0, place=wgs84_to_gcj02(*CENTRE))[0])
        assert shifted in layer.tiles_inside.numbers
        assert "17/{}/{}".format(*around(17, 0)[0]) not in layer.tiles_inside.numbers

    def test_a_table_without_end_is_left(self, tmp_path, monkeypatch):
        monkeypatch.setattr("zjk_gis.maps.offline.tiles._MOST_STEPS", 5)
        with sqlite3.connect(tmp_path / "a.mbtiles") as database:
            database.execute(
                "CREATE VIEW tiles AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                "SELECT 14 AS zoom_level, i AS tile_column, i AS tile_row, x'00' AS tile_data FROM n"
            )
        database.close()
        with pytest.raises(FileError, match="interrupted"):
            read_tiles(tmp_path / "a.mbtiles")

    @pytest.mark.parametrize("make", [mbtiles, pmtiles])
    @pytest.mark.parametrize("content", [b"\x1f\x8b vector", b"<svg onload='alert(1)'/>"])
    def test_what_is_no_picture_is_refused(self, tmp_path, make, content):
        with pytest.raises(InputError, match="vector tiles cannot be shown"):
            read_tiles(make(tmp_path / f"a.{make.__name__}", content=content))

    def test_an_archive_that_says_it_holds_vector_tiles_is_refused(self, tmp_path):
        with pytest.raises(InputError, match="holds vector tiles"):
            read_tiles(pmtiles(tmp_path / "a.pmtiles", kind=TileType.MVT))

    @pytest.mark.parametrize("name", ["a.mbtiles", "a.pmtiles"])
    @pytest.mark.parametrize("content", [b"", b"nonsense" * 40, b"PMTiles\x03" + b"\xff" * 200])
    def test_a_damaged_file_is_refused(self, tmp_path, name, content):
        (tmp_path / name).write_bytes(content)
        with pytest.raises((FileError, InputError), match=r"cannot be read as|is not a PMTiles|has no tile"):
            read_tiles(tmp_path / name)

    @settings(deadline=None, max_examples=60)
    @given(cut=st.integers(0, 400), flip=st.integers(0, 2000))
    def test_no_damage_to_an_archive_escapes(self, whole_archive, cut, flip):
        content = bytearray(whole_archive.read_bytes())
        content[flip % len(content)] ^= 0xA5
        damaged = whole_archive.with_name("damaged.pmtiles")
        damaged.write_bytes(content[: len(content) - cut])
        with contextlib.suppress(FileError, InputError):
            read_tiles(damaged)

    def test_a_missing_file_is_named(self, tmp_path):
        with pytest.raises(FileError, match=r"no\.mbtiles does not exist"):
            base_map(tmp_path / "no.mbtiles")

    def test_an_empty_folder_is_refused(self, tmp_path):
        with pytest.raises(InputError, match="has no tile at all"):
            base_map(tmp_path)

    def test_a_bomb_of_a_directory_is_refused(self, tmp_path):
        path = pmtiles(tmp_path / "a.pmtiles", zooms=(13,), reach=1)
        content = bytearray(path.read_bytes())
        bomb = gzip.compress(b"\x00" * (1 << 25))
        content[8:24] = len(content).to_bytes(8, "little") + len(bomb).to_bytes(8, "little")
        path.write_bytes(bytes(content) + bomb)
        with pytest.raises(FileError, match="larger than any should be"):
            read_tiles(path)

    def test_marks_are_where_they_should_be(self):
        lon, lat = marks(14)
        assert any((lon == CENTRE[0]) & (lat == CENTRE[1]))
