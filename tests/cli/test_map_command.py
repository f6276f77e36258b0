"""`zjk-gis map`: the page with a base map, without a network and with one."""

import json
import re
import sqlite3

import geopandas as gpd
import pylopdf_fonts_zh_cn
import pypdf
import pytest
from shapely import box
from tile_pictures import around, tile

X, Y = 573000, 4520000  # 114.866°E, 40.811°N


@pytest.fixture
def city(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shapes = [box(X, Y, X + 100, Y + 100), box(X + 100, Y, X + 200, Y + 100)]
    zones = gpd.GeoDataFrame(
        {"zone_code": ["A", "B"], "chief_code": ["LZ01", "LZ02"]}, geometry=shapes, crs=4547
    )
    zones.to_file("city.gpkg", layer="responsibility_zones")
    with sqlite3.connect("tiles.mbtiles") as database:
        database.execute("CREATE TABLE tiles (zoom_level, tile_column, tile_row, tile_data BLOB)")
        for x, y in around(13):
            database.execute("INSERT INTO tiles VALUES (13, ?, ?, ?)", (x, 2**13 - 1 - y, tile(13, x, y)))
    database.close()
    return "city.gpkg"


def test_local_tiles_around_the_city_are_in_the_page(run, city, tmp_path):
    code, _, err = run("map", city, "-o", "map.html", "--base-map", "tiles.mbtiles")
    assert (code, err.count("Traceback")) == (0, 0)
    text = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert 1 <= text.count("data:image/png;base64") < 20  # of 81 tiles
    assert "<script src" not in text
    assert "img-src data: blob:;" in text


def test_online_the_page_may_fetch_its_tiles(run, city, tmp_path):
    code, _, _ = run("map", city, "-o", "map.html", "--base-map", "amap", "--online")
    assert code == 0
    text = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert "<script src" not in text
    assert "img-src data: blob: https://webrd01.is.autonavi.com " in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--base-map", "amap"], "'amap' needs a network; say --online"),
        (["--base-map", "gaode"], "'gaode' is not known"),
        (["--base-map", "no/such.mbtiles"], "does not exist"),
    ],
)
def test_a_base_map_that_cannot_be_had_is_refused_at_once(run, city, tmp_path, arguments, words):
    code, out, err = run("--lang", "en", "map", city, "-o", "map.html", *arguments)
    assert code == 2
    assert words in err
    assert "分析" not in out + err
    assert not (tmp_path / "map.html").exists()


def test_a_sheet_takes_another_typeface_by_name_and_refuses_what_is_none(run, city, tmp_path):
    code, _, err = run("--lang", "en", "map", city, "-o", "map.svg", "--at", "2025-12-31")
    assert code == 0, err
    serif = pylopdf_fonts_zh_cn.serif_path()
    code, _, err = run("--lang", "en", "map", city, "-o", "other.svg", "--at", "2025-12-31", "--font", serif)
    assert code == 0, err
    assert "'Noto Sans SC'" in (tmp_path / "map.svg").read_text(encoding="utf-8")
    assert "'Noto Serif SC'" in (tmp_path / "other.svg").read_text(encoding="utf-8")
    code, _, err = run("--lang", "en", "map", city, "-o", "none.svg", "--font", "none.ttf")
    assert code == 2
    assert "none.ttf: no such file" in err


@pytest.fixture
def streets(city):
    shapes = [box(X, Y, X + 100, Y + 100), box(X + 100, Y, X + 200, Y + 100)]
    names = {"street_code": ["S1", "S2"], "street_name": ["堡子里街道", "明德北街街道"]}
    gpd.GeoDataFrame(names, geometry=shapes, crs=4547).to_file(city, layer="streets")
    return city


class TestPrints:
    def texts(self, path):
        return path.read_text(encoding="utf-8")

    @pytest.mark.parametrize(("orientation", "width"), [("portrait", 210), ("landscape", 297)])
    def test_the_paper_lies_as_it_is_told(self, run, city, tmp_path, orientation, width):
        assert run("map", city, "-o", "m.svg", "--orientation", orientation, "--at", "2025-12-31")[0] == 0
        text = self.texts(tmp_path / "m.svg")
        assert f'width="{width}mm"' in text
        assert "制图日期 2025-12-31" in text
        assert "数据来源：city.gpkg" in text

    @pytest.mark.parametrize("extent", ["堡子里街道", "S1", "A", "LZ01", " ", "，"])
    def test_the_ground_is_told_by_name_code_or_four_numbers(self, run, streets, tmp_path, extent):
        """100 m on 190 mm of an A4 upright."""
        if not extent.isalnum():  # what stands between the numbers
            bounds = gpd.GeoSeries([box(X, Y, X + 100, Y + 100)], crs=4547).to_crs(4326).total_bounds
            extent = extent.join(f"{each:.6f}" for each in bounds)
        code, _, err = run("map", streets, "-o", "m.svg", "--extent", extent)
        assert code == 0, err
        assert re.search(r">1:(600|750)<", self.texts(tmp_path / "m.svg"))

    @pytest.mark.parametrize(
        ("extent", "words"),
        [
            ("堡子理街道", "堡子里街道"),
            ("LZ03", "LZ01"),
            ("1,2,3", "no street, community, zone or chief"),
            ("115,40,114,41", "west, south, east and north"),
        ],
    )
    def test_ground_that_is_not_known_is_refused_with_what_is_near(
        self, run, streets, tmp_path, extent, words
    ):
        code, _, err = run("--lang", "en", "map", streets, "-o", "m.svg", "--extent", extent)
        assert code == 2
        assert words in err
        assert not (tmp_path / "m.svg").exists()

    def test_a_name_that_several_have_asks_for_a_code(self, run, streets):
        shapes = [box(X, Y, X + 50, Y + 50), box(X + 50, Y, X + 99, Y + 50)]
        twins = {"community_code": ["C1", "C2"], "community_name": ["北关", "北关"]}
        gpd.GeoDataFrame(twins, geometry=shapes, crs=4547).to_file(streets, layer="communities")
        code, _, err = run("map", streets, "-o", "m.svg", "--extent", "北关")
        assert code == 2
        assert "C1" in err
        assert "C2" in err

    @pytest.mark.parametrize(
        ("atlas", "sheets"), [("streets", ["堡子里街道", "明德北街街道"]), ("chiefs", ["LZ01", "LZ02"])]
    )
    def test_an_atlas_has_a_sheet_for_each(self, run, streets, tmp_path, atlas, sheets):
        code, out, err = run("map", streets, "-o", "a.pdf", "--atlas", atlas, "--json")
        assert code == 0, err
        assert [row["name"] for row in json.loads(out)["sheets"]] == sheets
        assert len(pypdf.PdfReader(tmp_path / "a.pdf").pages) == 3

    def test_a_folder_takes_pictures(self, run, streets, tmp_path):
        assert run("map", streets, "-o", "图册", "--atlas", "streets", "--pictures", "png")[0] == 0
        assert [each.suffix for each in (tmp_path / "图册").iterdir()] == [".png"] * 3

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["-o", "m.html", "--extent", "S1"], "for prints"),
            (["-o", "m.html", "--orientation", "portrait"], "for prints"),
            (["-o", "a.pdf", "--atlas", "streets"], "needs the layer streets"),
            (["-o", "a.pdf", "--atlas", "chiefs", "--extent", "S1"], "leave one out"),
            (["-o", "a.svg", "--atlas", "chiefs"], "endings are .pdf"),
            (["-o", "a.pdf", "--atlas", "findings"], "no gap, overlap or section without a chief"),
        ],
    )
    def test_what_does_not_go_together_is_refused(self, run, city, arguments, words):
        code, _, err = run("--lang", "en", "map", city, *arguments)
        assert code == 2
        assert words in err
