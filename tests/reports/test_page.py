"""The report as one page: what it says, what it refuses, and that nothing from the data is more than text."""

import datetime as dt

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

from zjk_gis import city_map, write_page
from zjk_gis.errors import InputError, MissingColumnError

NOON = dt.datetime(2025, 12, 31, 12, 0)
HOSTILE = "</table><script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
GAPS = gpd.GeoDataFrame(
    {"gap_code": ["G001", "G002"], "area_m2": [1800.0, 90.0], "kind": ["edge", "hole"]},
    geometry=[box(573000, 4520000, 573020, 4520090), box(573100, 4520000, 573109, 4520010)],
    crs=4547,
)


@pytest.fixture
def written(tmp_path):
    def write(*arguments, **options):
        return write_page(tmp_path / "report.html", *arguments, created=NOON, **options).read_text("utf-8")

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
    assert 'style="width: 100.0%"' in text
    assert 'style="width: 5.0%"' in text


def test_in_english_every_word_of_the_page_is(written):
    text = written({"gaps": GAPS}, summary={"gaps": 2}, lang="en")
    assert "edge of the region" in text
    assert "Key figures" in text
    assert not [character for character in text if "\u4e00" <= character <= "\u9fff"]


def test_a_long_table_is_cut_and_says_so(written):
    text = written({"gaps": pd.concat([GAPS] * 40)}, summary={"gaps": 80}, most_rows=10)
    assert text.count("<td>G00") == 10
    assert "仅列出前 10 行,共 80 行" in text


def test_an_empty_table_is_none(written):
    assert "无" in written({"gaps": GAPS.iloc[:0]}, summary={"gaps": 0})


def test_the_same_answers_make_the_same_page(written):
    assert written({"gaps": GAPS}, summary={"gaps": 2}) == written({"gaps": GAPS}, summary={"gaps": 2})


def test_text_from_data_is_never_markup(written):
    table = pd.DataFrame({HOSTILE: [HOSTILE], "incidents": [1], "chief_code": [HOSTILE]})
    text = written(
        {"chiefs": table, HOSTILE: table},
        summary={HOSTILE: HOSTILE, "group" + HOSTILE: {HOSTILE: HOSTILE}},
        charts=[("chiefs", "chief_code", "incidents")],
        title=HOSTILE,
    )
    assert "<script" not in text
    assert "<img" not in text
    assert text.count("&lt;script&gt;") >= 10


def test_what_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"\.html"):
        write_page(tmp_path / "report.pdf", {}, summary={})
    with pytest.raises(MissingColumnError, match="'no_such'"):
        write_page(tmp_path / "r.html", {"gaps": GAPS}, summary={}, charts=[("gaps", "gap_code", "no_such")])
    assert not list(tmp_path.iterdir())


@pytest.mark.browser
def test_in_a_browser_without_network_the_map_is_there(tmp_path, visit):
    zones = gpd.GeoDataFrame(
        {"zone_code": [HOSTILE]}, geometry=[box(573000, 4520000, 573200, 4520200)], crs=4547
    )
    drawn = city_map({"responsibility_zones": zones}, results={"gaps": GAPS})
    path = write_page(tmp_path / "report.html", {"gaps": GAPS}, summary={"gaps": 2}, page_map=drawn)
    seen = visit(path, ready="document.querySelector('iframe') !== null")
    frame = seen.page.frame_locator("iframe")
    frame.locator(".leaflet-container").wait_for(timeout=15_000)
    assert seen.page.locator("tbody tr").count() == 2
    assert seen.errors == []
    assert seen.requests == []
    assert seen.dialogs == []
