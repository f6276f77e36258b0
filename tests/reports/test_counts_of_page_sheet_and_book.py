"""Page, printed sheet and workbook of one survey, or of one audit, tell the same numbers."""

import io
import json
import re

import geopandas as gpd
import numpy as np
import openpyxl
import pypdf
import pytest

from zjk_gis.layers.labels import label
from zjk_gis.reports import audit_city, survey_city, write_audit, write_survey
from zjk_gis.synth import make_city

DAY = "2025-12-31"
pytestmark = pytest.mark.filterwarnings("ignore:.* extension is not supported")  # bars behind amounts

NUMBER = re.compile(r"\d{1,3}(,\d{3})*")
ROWS = re.compile(r"共 ([\d,]+) 行")


def told_by_page(path):
    """The layers that the panel names, with their numbers."""
    text = path.read_text("utf-8")
    start = text.rindex("zjkPage(map_")
    content, _ = json.JSONDecoder().raw_decode(text, text.index("{", start))
    return {each["name"]: each["count"] for each in content["layers"] if each["name"] and each["count"]}


def told_by_sheet(path):
    """What the legend writes with a number behind it."""
    with path.open("rb") as file:
        lines = [line.strip() for line in pypdf.PdfReader(file).pages[0].extract_text().splitlines()]
    return {
        name: count for name, _, count in (line.rpartition(" ") for line in lines) if NUMBER.fullmatch(count)
    }


def told_by_book(path):
    """The rows that each sheet says it has, and those that it has."""
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    found = {}
    for sheet in book:
        said = ROWS.match(str(sheet["A2"].value))
        if said:
            rows = [
                row for row in sheet.iter_rows(min_row=5, values_only=True) if any(row) and row[0] != "无"
            ]
            found[sheet.title] = (said[1], f"{len(rows):,}")
    return found


@pytest.fixture(scope="module")
def city():
    return make_city(grids=300, incidents=1000, seed=5)


@pytest.fixture(scope="module")
def incidents(city):
    raw = city.incidents.rename(columns={"案件编号": "incident_code", "发生时间": "occurred_at"})
    points = np.where(raw["经度"].isna(), None, gpd.points_from_xy(raw["经度"], raw["纬度"]))
    return gpd.GeoDataFrame(raw, geometry=points, crs=4490)


@pytest.fixture(scope="module", params=["survey", "audit"])
def told(request, city, incidents, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "survey":
        answers = survey_city(city.layers, incidents, at=DAY, unanswered={}, even_if_off=True)
        write_survey(answers, folder, city=city.layers, at=DAY)
        files = ("map.html", "map.pdf", "report.xlsx")
    else:
        write_audit(audit_city(city.layers, at=DAY), folder, city=city.layers, at=DAY)
        files = ("audit.html", "audit.pdf", "audit.xlsx")
    page, sheet, book = (folder / name for name in files)
    return told_by_page(page), told_by_sheet(sheet), told_by_book(book)


def test_a_sheet_of_the_book_says_how_many_rows_it_has(told):
    book = told[2]
    assert book
    assert {name: rows for name, rows in book.items() if rows[0] != rows[1]} == {}


def test_page_and_book_agree(told):
    page, _, book = told
    both = sorted({*page} & {*book})
    assert {label(name, "zh") for name in ("gaps", "overlaps")} <= {*both}
    assert [page[name] for name in both] == [book[name][0] for name in both]


def test_page_and_sheet_agree_on_what_is_found(told):
    page, sheet, book = told
    all_three = sorted({*page} & {*sheet} & {*book})
    assert len(all_three) >= 2
    assert [page[name] for name in all_three] == [sheet[name] for name in all_three]
