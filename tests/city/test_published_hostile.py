"""A folder of names and codes that somebody chose to break it, and of cities that lack almost everything."""

import html
import re
import zipfile
from urllib.parse import unquote

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point, box

from zjk_gis.city import publish_city
from zjk_gis.city.publish.naming import file_names
from zjk_gis.errors import InputError
from zjk_gis.synth import make_city

X, Y, DAY = 573000, 4520000, "2025-11-30"
DIGEST = file_names(["../a"])["../a"]
CODES = [
    "../../a",
    "CON",
    "aux",
    "a",
    "A",
    "a/b",
    "all",
    DIGEST,
    "../a",
    "甲;乙",
    "index",
    '"><i>',
    "{{1}}",
    "%2e",
]
NAMES = [
    "</title><script>alert(1)</script>", "=cmd|'/c calc'!A0", "长" * 5000, "", "   ", "同名", "同名",
    "#eval(1) $x$ *b*", "\u202egnp", "a\nb", "@SUM(1)", "<img src=x onerror=alert(1)>", "{{ 7*7 }}",
    "..\\..\\a",
]  # fmt: skip
FOR_CHIEFS = ["L1", "L2", "L1;L2", *CODES[:11]]


def hostile(count=14):
    """Streets beside each other, one zone in each but the last, which has none, and 40 cases in each zone."""
    ground = [box(X + 300 * n, Y, X + 300 * n + 300, Y + 300) for n in range(count)]
    zone = np.repeat(np.arange(count - 1), 40)
    occurred = pd.Timestamp("2025-11-01") + pd.to_timedelta(np.arange(len(zone)) % 600, unit="h")
    return {
        "streets": gpd.GeoDataFrame({"street_code": CODES, "street_name": NAMES}, geometry=ground, crs=4547),
        "built_up_areas": gpd.GeoDataFrame(
            {"area_code": ["B"]}, geometry=[box(X, Y, X + 300 * count, Y + 300)], crs=4547
        ),
        "responsibility_zones": gpd.GeoDataFrame(
            {
                "zone_code": [f"Z{n:02}" for n in range(count - 1)],
                "zone_name": NAMES[:-1],
                "chief_code": FOR_CHIEFS[:-1],
                "chief_name": NAMES[:-1],
            },
            geometry=[box(X + 300 * n, Y, X + 300 * n + 300, Y + 280) for n in range(count - 1)],
            crs=4547,
        ),
        "incidents": gpd.GeoDataFrame(
            {
                "incident_code": [f"A{n}" for n in range(len(zone))], "event_code": "0102",
                "event_name": np.array(NAMES, dtype=object)[zone],
                "description": np.array(NAMES, dtype=object)[zone],
                "occurred_at": occurred, "due_at": occurred + pd.Timedelta(hours=24),
                "handled_at": occurred + pd.to_timedelta(np.arange(len(zone)) % 48, unit="h"),
                "closed_at": occurred + pd.Timedelta(hours=50),
                "street_code": np.array(CODES, dtype=object)[zone], "zone_code": [f"Z{n:02}" for n in zone],
                "chief_code": np.array(FOR_CHIEFS, dtype=object)[zone],
            },
            geometry=[Point(X + 300 * n + 150, Y + 150) for n in zone], crs=4547,
        ),
    }  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return publish_city(
        hostile(),
        tmp_path_factory.mktemp("share") / "out",
        title=NAMES[0],
        source=NAMES[1],
        approval=NAMES[7],
    )


def text_of(made, name):
    return (made.folder / name).read_text("utf-8")


def pages_of(made):
    return [name for name in made.files if name.endswith(".html") and name != "地图.html"]


def test_nobody_s_name_is_a_path_and_every_street_and_chief_has_a_page_of_its_own(made):
    assert made.pages["streets"] == len(CODES)
    assert made.pages["chiefs"] == len(FOR_CHIEFS) - 1
    assert all(re.fullmatch(r"[\w./-]+", name) and ".." not in name for name in made.files)
    assert len({name.casefold() for name in made.files}) == len(made.files)
    assert sorted(
        each.relative_to(made.folder).as_posix() for each in made.folder.rglob("*") if each.is_file()
    ) == (sorted(made.files))
    assert not any(each.is_symlink() for each in made.folder.rglob("*"))


def test_a_digest_that_is_somebody_s_code_is_nobody_else_s_file():
    names = file_names(["../a", DIGEST])
    assert len(set(names.values())) == 2


def test_no_name_is_markup_a_template_or_a_formula(made):
    for name in [*pages_of(made), "地图.html"]:
        text = text_of(made, name)
        for bad in ("<script>alert", "<img src=x", "<i>", "<title></title><script>"):
            assert bad not in text, (name, bad)
    for name in (each for each in made.files if each.endswith(".xlsx")):
        with zipfile.ZipFile(made.folder / name) as book:
            sheets = "".join(book.read(each).decode() for each in book.namelist() if "worksheets/" in each)
        assert not [
            each for each in re.findall("<f>([^<]*)</f>", sheets) if "cmd" in each or "SUM(1)" in each
        ]


def test_all_links_lead_somewhere_whatever_the_codes(made):
    for name in pages_of(made):
        for link in re.findall(r'href="([^"]*)"', text_of(made, name)):
            path, _, anchor = html.unescape(link).partition("#")
            target = ((made.folder / name).parent / unquote(path)).resolve() if path else made.folder / name
            assert target.is_relative_to(made.folder.resolve()), link
            assert target.is_file(), (name, link)
            if anchor and target.suffix == ".html" and target.name != "地图.html":
                assert f'id="{html.escape(unquote(anchor))}"' in target.read_text("utf-8"), (name, link)


def test_streets_of_any_code_have_their_figures_and_the_ranking_leads_to_them(made):
    front = text_of(made, "index.html")
    ranking = front.split('id="ranking"')[1].split("</section>")[0]
    rows = re.findall(r'<th scope="row" class="row">(.*?)</th>', ranking, re.DOTALL)
    assert len(rows) == len(CODES) - 1
    assert all("sheet-link" in row for row in rows)
    for name in file_names(CODES[:-1]).values():
        assert "受理" in text_of(made, f"街道/{name}.html").split('id="tiles"')[1].split("</section>")[0]


def test_a_code_that_holds_the_mark_between_codes_is_one_chief(made):
    files = file_names(FOR_CHIEFS[:-1])
    for code in ("L1", "L2", "L1;L2"):
        tiles = text_of(made, f"路长/{files[code]}.html").split('id="tiles"')[1].split("</section>")[0]
        assert re.findall(r"责任区</span>.*?#zones[^>]*>(\d+)<", tiles, re.DOTALL) == ["1"], code


def test_a_street_without_zones_says_so(made):
    page = text_of(made, f"街道/{file_names(CODES)[CODES[-1]]}.html")
    assert "（无）" in page or ">无<" in page


def test_very_long_names_are_cut_where_they_are_headings(made):
    page = text_of(made, f"街道/{file_names(CODES)[CODES[2]]}.html")
    assert len(re.search("<h1>(.*?)</h1>", page, re.DOTALL)[1]) < 120


def test_a_month_without_incidents_is_refused_by_its_name(tmp_path):
    with pytest.raises(InputError, match="2024-01"):
        publish_city(hostile(), tmp_path / "a", month="2024-01", printed=False)


LAYERS = make_city(grids=300, incidents=1000).layers


@pytest.mark.parametrize("name", [*sorted(LAYERS), ""])
def test_a_city_of_one_layer_alone_or_none_is_published(tmp_path, name):
    layers = {name: LAYERS[name]} if name else {}
    made = publish_city(layers, tmp_path / "a", at=DAY, printed=False)
    front = text_of(made, "index.html")
    assert "没有案件数据" in front
    assert made.largest_bytes < 5_000_000


def test_chiefs_beyond_the_limit_are_in_the_list_and_the_workbook(tmp_path):
    layers = {"responsibility_zones": hostile()["responsibility_zones"]}
    made = publish_city(layers, tmp_path / "a", at=DAY, printed=False, most_chiefs=3)
    assert made.pages["chiefs"] == 3
    assert len(list((made.folder / "路长").glob("*.html"))) == 4
    assert any("13 名路长中" in remark for remark in made.remarks)
    listed = text_of(made, "路长/index.html")
    assert listed.count("<tr>") - 1 == 13
    assert 'href="#zones' not in listed
    book = pd.read_excel(made.folder / "表格/责任区.xlsx", sheet_name=None, header=3, engine="calamine")
    assert 13 in [len(rows) for rows in book.values()]
