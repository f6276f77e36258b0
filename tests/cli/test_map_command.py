"""`zjk-gis map`: the page with a base map, without a network and with one."""

import sqlite3

import geopandas as gpd
import pylopdf_fonts_zh_cn
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
