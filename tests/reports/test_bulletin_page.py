"""The bulletin as page and print: what is shown is what the figures say, and every id leads to its rows."""

import html
import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, box

from zjk_gis.reports import monthly_bulletin, write_bulletin, write_bulletin_page, write_bulletin_sheets
from zjk_gis.reports.bulletin.figuring import value_told
from zjk_gis.reports.bulletin.mapping import ground_of
from zjk_gis.reports.bulletin.sheets import sheet_names
from zjk_gis.reports.bulletin.tiling import SIGNS, tile_of, tiles_of
from zjk_gis.words import speaking

HOSTILE = "</td></svg></title><script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
AREAS = {
    "130702": box(0, 0, 1000, 1000),
    "130703": box(1000, 0, 2000, 1000),
    "130705": box(0, 1000, 2000, 2000),
}
SHOWN = re.compile(
    r'<span class="f" role="button" tabindex="0" data-id="([^"]*)" title="[^"]*">([^<]*)</span>'
)


def cases_of(count=600, hostile=False):
    """Cases of thirteen months: an area a third, one trade of three, most of them handled in time."""
    at = np.arange(count)
    occurred = pd.Timestamp("2024-11-01") + pd.to_timedelta(at * 390 * 24 // count, unit="h")
    area = [list(AREAS)[each % 3] for each in at]
    took = np.where(at % 7 < 5 - at % 3, 2, 30)
    return gpd.GeoDataFrame(
        {
            "incident_code": [f"A{each:04}" for each in at],
            "event_code": [["0102", "0501", "0304"][each // 3 % 3] for each in at],
            "event_name": HOSTILE if hostile else "某类",
            "occurred_at": occurred,
            "filed_at": occurred,
            "due_at": occurred + pd.Timedelta(hours=24),
            "handled_at": occurred + pd.to_timedelta(took, unit="h"),
            "closed_at": occurred + pd.to_timedelta(took, unit="h"),
            "district_code": area,
            "district_name": HOSTILE if hostile else [f"第{each}区" for each in area],
            "chief_code": [f"../{HOSTILE}{each % 2}" if hostile else f"L{each % 4}" for each in at],
        },
        geometry=[
            AREAS[code].centroid if each % 9 else AREAS[code].representative_point()
            for each, code in zip(at, area, strict=True)
        ],
        crs=4547,
    )


def made(**changed):
    hostile = changed.pop("hostile", False)
    layers = {
        "incidents": cases_of(hostile=hostile),
        "roads": gpd.GeoDataFrame(
            {"road_code": ["R1"], "road_name": [HOSTILE if hostile else "某路"]},
            geometry=[LineString([(0, 490), (2000, 490)])],
            crs=4547,
        ),
        "districts": gpd.GeoDataFrame(
            {"district_code": list(AREAS)}, geometry=list(AREAS.values()), crs=4547
        ),
        "built_up_areas": gpd.GeoDataFrame(geometry=[box(-2000, -2000, 4000, 4000)], crs=4547),
    }
    asked = {"month": "2025-11", "least_n": 5, "targets": {"handled_in_time_rate": 0.9}, **changed}
    return monthly_bulletin(layers, **asked)


@pytest.fixture(scope="module")
def bulletin():
    return made()


@pytest.fixture(scope="module")
def page(bulletin, tmp_path_factory):
    return write_bulletin_page(bulletin, tmp_path_factory.mktemp("page") / "b.html")


def test_every_figure_on_the_page_is_one_of_the_bulletin_and_says_what_it_says(bulletin, page):
    shown = SHOWN.findall(page.read_text("utf-8"))
    assert len(shown) > 100
    known = bulletin.figures.set_index("figure")
    for figure, text in shown:
        row = known.loc[html.unescape(figure)]
        with speaking("zh"):
            value = value_told(row["value"], row["value_unit"])
        assert html.unescape(text) == value or re.match("较上|与上", text), (figure, text, value)


def test_every_id_on_the_page_leads_to_rows_that_give_the_figure(bulletin, page):
    text = page.read_text("utf-8")
    ids = {html.unescape(each) for each in re.findall(r'data-id="([^"]*)"', text)}
    ids |= {html.unescape(each) for each in re.findall(r'<code class="id"[^>]*>([^<]*)</code>', text)}
    for figure in ids:
        value = bulletin.figure(figure)["value"]
        again = bulletin.added_up(figure)[0]
        assert again == pytest.approx(value) or (np.isnan(again) and np.isnan(value)), figure


def test_every_section_is_there(page):
    text = page.read_text("utf-8")
    sections = re.findall(r'<section id="(\w+)"', text)
    assert sections == [
        "tiles", "ranking", "worst", "matrix", "trend", "repeat_places", "hot_places", "black_spots",
        "notice",
    ]  # fmt: skip
    assert '<html lang="zh' in text
    assert "第130702区" in text
    assert 'class="ground"' in text


def test_in_english_every_word_of_the_page_is(bulletin, tmp_path):
    text = write_bulletin_page(bulletin, tmp_path / "b.html", lang="en").read_text("utf-8")
    chinese = re.compile("[\u4e00-\u9fff]+")
    names = " ".join(name for column in bulletin.making.names.values() for name in column.values())
    named = set(chinese.findall(bulletin.notice("en").text() + names))
    assert set(chinese.findall(text)) <= named | {"第", "区", "某类"}


def test_a_tile_tells_target_course_and_judgement_by_sign_and_word(bulletin):
    with speaking("zh"):
        tile = tile_of(bulletin.figure("2025-11/handled_in_time_rate/all").to_dict())
    assert tile.target == "目标 ≥ 90.00%"
    assert (tile.judgement, tile.sign, tile.word) == ("bad", SIGNS["bad"], "较差")
    assert tile.change[0] in "↑↓→"
    assert tile.made.split(" ÷ ")[1] == f"{bulletin.figure(tile.figure)['denominator']:.0f}"


def test_signs_are_in_every_chinese_typeface():
    for sign in SIGNS.values():
        assert sign.encode("gbk")


def test_places_count_the_cases_that_are_their_rows(bulletin):
    for table in ("repeat_places", "hot_places", "black_spots"):
        assert len(bulletin.tables[table])
        for figure, count in bulletin.tables[table][["figure", "cases"]].itertuples(index=False):
            rows = bulletin.rows(figure)
            assert len(rows) == count > 0
    times = bulletin.tables["repeat_places"]
    assert (times["cases"] == times["times"]).all()


def test_without_the_ground_a_remark_says_what_is_missing(bulletin):
    with speaking("zh"):
        assert not [each for each in bulletin.remarks if "建成区" in each]
        plain = monthly_bulletin(pd.DataFrame(cases_of().drop(columns="geometry")), month="2025-11")
        assert "案件集中地点：案件没有坐标" in plain.remarks
    assert ground_of(plain, "district_code") is None


def test_a_sheet_for_each_area_and_each_of_the_worst(bulletin, tmp_path):
    pytest.importorskip("typst")
    pypdf = pytest.importorskip("pypdf")
    sheets = write_bulletin_sheets(bulletin, tmp_path)
    assert set(AREAS) < set(sheets)
    assert len(sheets) == len(AREAS) + len(bulletin.worst)
    for key, path in sheets.items():
        (one,) = pypdf.PdfReader(path).pages
        assert [round(float(side) * 25.4 / 72) for side in one.mediabox[2:]] == [210, 297]
        text = re.sub(r"\s", "", one.extract_text())
        with speaking("zh"):
            tiles = tiles_of(bulletin, key)
        assert tiles
        for tile in tiles:
            assert tile.figure in text, (key, tile.figure)
            assert tile.value.replace(" ", "") in text, (key, tile.value)


def test_names_of_sheets_are_safe_and_apart():
    bulletin = made(hostile=True, worst_by="chief_code")
    files = [file for _, _, file in sheet_names(bulletin).values()]
    assert len({file.lower() for file in files}) == len(files) == 3 + len(bulletin.worst)
    for file in files:
        assert re.fullmatch(r"[\w-]{1,50}\.pdf", file)


def test_the_folder_links_the_page_to_the_sheets(bulletin, tmp_path):
    pytest.importorskip("typst")
    found = write_bulletin(bulletin, tmp_path)
    assert {"bulletin.html", "sheets"} <= {path.name for path in found.files}
    links = re.findall(r'href="(sheets/[^"]+)"', (tmp_path / "bulletin.html").read_text("utf-8"))
    assert {tmp_path / html.unescape(each) for each in links} == set((tmp_path / "sheets").glob("*.pdf"))


def test_a_figure_tells_its_id_by_mouse_and_keyboard(bulletin, page, visit):
    seen = visit(page, ready="document.documentElement.dataset.ready === 'yes'")
    told, figure = seen.page.locator("#told"), "2025-11/handled_rate/all"
    assert not told.is_visible()
    seen.page.locator(f'.tile span.f[data-id="{figure}"]').click()
    assert seen.page.locator("#told-command").inner_text() == f"zjk-gis rows {figure}"
    seen.page.keyboard.press("Escape")
    assert not told.is_visible()
    first = seen.page.locator("table.figures span.f").first
    first.focus()
    seen.page.keyboard.press("ArrowRight")
    seen.page.keyboard.press("ArrowDown")
    seen.page.keyboard.press("Enter")
    on = seen.page.evaluate("document.activeElement.dataset.id")
    assert seen.page.locator("#told-command").inner_text() == f"zjk-gis rows {on}"
    assert on.split("/")[1] == "score"
    assert on == bulletin.ranking["figure"].iloc[1]
    assert not seen.errors
    assert not seen.requests


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_is_as_wide_as_the_screen(page, visit, width):
    seen = visit(page, width=width, height=850, ready="document.documentElement.dataset.ready === 'yes'")
    assert seen.page.evaluate("document.documentElement.scrollWidth") == width


def test_hostile_names_are_text(tmp_path, visit):
    path = write_bulletin_page(made(hostile=True, worst_by="chief_code"), tmp_path / "b.html")
    assert path.read_text("utf-8").count("<script") == 1  # the page's own
    seen = visit(path, ready="document.documentElement.dataset.ready === 'yes'")
    assert seen.page.locator("img").count() == 0
    assert not seen.errors
    assert not seen.requests
    assert not seen.dialogs
