"""The published folder: every figure leads to its rows, nothing goes out that should not, nobody sees half.

::

    +-------+-------+   two streets, 01 and 02, of four zones each, in columns of two;
    | 01    | 02    |   the last zone of 02 has no chief, and ground above it has no zone
    +-------+-------+
"""

import base64
import html
import re
import zipfile
import zlib
from urllib.parse import unquote

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point, box

from zjk_gis.city import publish_city
from zjk_gis.city.publish.audience import released
from zjk_gis.city.publish.naming import file_names
from zjk_gis.errors import FileError, InputError

X, Y = 573000, 4520000
HOSTILE = "../<b>\"'CON"
CHIEFS = ["L1", "l1", HOSTILE, "L4", "NUL", "L6", "L7", None]
CORNERS = [(X + 500 * (at % 4), Y + 500 * (at // 4)) for at in range(8)]
ZONES = [box(x, y, x + 500, y + 500) for x, y in CORNERS]
STREET = ["130703001" if at % 4 < 2 else "130703002" for at in range(8)]
MARKUP = "</td><script>alert(1)</script>"


def city(count=700):
    """A city of two streets, with cases of three months: most of the last."""
    at = np.arange(count)
    zone = at % 8
    occurred = pd.Timestamp("2025-09-01") + pd.to_timedelta(at * 91 * 24 // count, unit="h")
    took = pd.to_timedelta(np.where(at % 5, 3, 40), unit="h")
    handled = pd.Series(occurred + took).where(at % 11 != 0)
    incidents = gpd.GeoDataFrame(
        {
            "incident_code": [f"A{each:04}" for each in at],
            "event_code": "0102", "event_name": "暴露垃圾",
            "occurred_at": occurred, "filed_at": occurred, "due_at": occurred + pd.Timedelta(hours=24),
            "handled_at": handled, "closed_at": handled,
            "description": "请回电13812345678", "投诉人": "张三丰", "联系电话": "13987654321",
            "street_code": [STREET[each] for each in zone], "zone_code": [f"Z{each}" for each in zone],
            "chief_code": [CHIEFS[each] for each in zone],
        },
        geometry=[
            Point(CORNERS[own][0] + 200 + each % 97, CORNERS[own][1] + 250)
            for each, own in enumerate(zone)
        ],
        crs=4547,
    )  # fmt: skip
    pipes = [LineString([(X, Y + 100 * each), (X + 1900, Y + 100 * each)]) for each in range(3)]
    return {
        "built_up_areas": gpd.GeoDataFrame(
            {"area_code": ["B"]}, geometry=[box(X, Y, X + 2000, Y + 1100)], crs=4547
        ),
        "streets": gpd.GeoDataFrame(
            {"street_code": ["130703001", "130703002"], "street_name": ["甲街道", MARKUP]},
            geometry=[box(X, Y, X + 1000, Y + 1100), box(X + 1000, Y, X + 2000, Y + 1100)], crs=4547,
        ),
        "responsibility_zones": gpd.GeoDataFrame(
            {
                "zone_code": [f"Z{each}" for each in range(8)], "chief_code": CHIEFS,
                "chief_name": ["张一", "李二", MARKUP, "赵四", "钱五", "孙六", "周七", None],
                "联系电话": [f"1390000000{each}" for each in range(8)],
            },
            geometry=ZONES, crs=4547,
        ),
        "pipelines": gpd.GeoDataFrame(
            {"pipe_code": ["OPEN1", "SECRET2", "UNSAID3"], "secrecy": ["公开", "秘密", None]},
            geometry=pipes, crs=4547,
        ),
        "incidents": incidents,
    }  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return publish_city(city(), tmp_path_factory.mktemp("share") / "发布", printed=False, least_n=5)


@pytest.fixture(scope="module")
def public(tmp_path_factory):
    folder = tmp_path_factory.mktemp("share") / "out"
    return publish_city(city(), folder, audience="public", printed=False, least_n=5)


def text_of(made, name):
    return (made.folder / name).read_text("utf-8")


def all_text(made):
    """Everything that can be read in the folder, also what is packed in workbooks and the map."""
    for name in made.files:
        path = made.folder / name
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                yield name, "".join(book.read(each).decode("utf-8", "replace") for each in book.namelist())
            continue
        text = path.read_text("utf-8")
        yield name, text
        for packed in re.findall(r'"([A-Za-z0-9+/]{24,}=*)"', text):
            for wbits in (15, -15):
                try:
                    yield name, zlib.decompress(base64.b64decode(packed), wbits).decode("utf-8", "replace")
                except (ValueError, zlib.error):
                    continue


def part(page, key):
    """Return a section of a page."""
    return re.split("</section>", page.split(f'id="{key}"', 1)[1], maxsplit=1)[0]


def bare(markup):
    return html.unescape(re.sub("<[^>]+>", "", markup))


def rows_in(markup):
    """Return the rows of a table: of each cell its markup."""
    body = markup.split("<tbody>", 1)[1] if "<tbody>" in markup else ""
    return [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL) for row in body.split("</tr>")[:-1]]


def heads_of(markup):
    return [bare(each) for each in re.findall(r"<th[^>]*>(.*?)</th>", markup.split("<tbody>")[0])]


def followed(made, link):
    path, _, anchor = unquote(html.unescape(link)).partition("#")
    return text_of(made, path), anchor, path


def counted(made, link, kind=""):
    """Return how many rows a link leads to, which the section tells and, of few, lists; or of one kind."""
    page, anchor, path = followed(made, link)
    shown = part(page, anchor) if anchor else page
    told = re.search(r"共 ([\d,]+) 行", shown)
    count = int(told[1].replace(",", "")) if told else 0
    listed = rows_in(shown)
    if count <= 100:
        assert len(listed) == count, (path, anchor)
    if not kind:
        return count
    if count <= 100:
        return sum(bare(row[0]) == kind for row in listed)
    book = pd.read_excel(made.folder / path.replace(".html", ".xlsx"), sheet_name="问题", header=None)
    return int((book == kind).any(axis=1).sum())


def number(text):
    return float(re.sub(r"[^\d.]", "", text) or "nan")


def check_figure(made, link, shown, smalls):
    """A figure, what it is made of and how it changed are what the row says that it leads to."""
    page, anchor, _ = followed(made, link)
    row = re.search(rf'<tr id="{re.escape(anchor)}">(.*?)</tr>', page)
    assert row, link
    cells = [bare(each) for each in re.findall("<td[^>]*>(.*?)</td>", row[1])]
    told = dict(zip(heads_of(part(page, "areas")), cells, strict=True))
    value, before = told["数值"], told.get("上月值", "")
    assert shown == value, (link, shown)
    for small in smalls:
        if "÷" in small:
            assert small == f"{told['分子']} ÷ {told['分母']}", link
        elif re.search(r"\d", small) and before:
            moved = abs(number(value) - number(before))
            assert number(small) == pytest.approx(moved, abs=0.06), (link, small, value, before)


def test_every_number_on_the_front_page_is_what_the_rows_say_that_it_leads_to(made):
    front = text_of(made, "index.html").split("</header>", 1)[1]
    seen = 0
    # 1. tiles: figures of the bulletin, and counts
    for tile in part(front, "tiles").split('<div class="tile ')[1:]:
        link, shown = re.search(r'<a class="f" href="([^"]+)"[^>]*>([^<]+)</a>', tile).groups()
        if "#a-" in link:
            smalls = [bare(each) for each in re.findall("<small[^>]*>(.*?)</small>", tile)]
            check_figure(made, link, shown, smalls)
        else:
            assert counted(made, link) == number(shown), link
        seen += 1
    # 2. the ranking: a figure a cell, its change below it
    table = part(front, "ranking")
    for row in rows_in(table):
        for cell in row:
            figure = re.search(r'<a class="f" href="([^"]+)"[^>]*>([^<]+)</a>', cell)
            if figure:
                smalls = [bare(each) for each in re.findall('<small[^>]*title="([^"]*)"', cell)]
                check_figure(made, *figure.groups(), smalls)
                seen += 1
        places = re.findall(r"\d+", bare(row[3]))
        own = next(
            [bare(each) for each in other]
            for other in rows_in(part(text_of(made, "依据/class_place.html"), "made_of"))
            if bare(other[1]) == bare(row[1])
        )
        assert not places or places[-1] == own[3], (row[3], own)
    # 3. streets and chiefs: each number is a count of rows on the page of its row
    sums = {}
    for key in ("streets", "chiefs"):
        table = part(front, key)
        heads = heads_of(table)
        for row in rows_in(table):
            for head, cell in zip(heads, row, strict=True):
                link = re.search('href="([^"]+)"', cell)
                if not re.fullmatch(r"[\d,]+", bare(cell)):
                    continue
                kind = head if link[1].endswith("#findings") and head != "问题数" else ""
                assert counted(made, link[1], kind) == number(bare(cell)), (head, cell)
                sums[key, head] = sums.get((key, head), 0) + number(bare(cell))
                seen += 1
    assert seen > 60
    # 4. what lies in no street is the rest of the tiles
    nowhere = dict(re.findall(r"(责任区|发现的问题)：([\d,]+)", part(front, "streets")))
    for name, head in (("责任区", "责任区数"), ("发现的问题", "问题数")):
        tile = re.search(rf"<span>{name}</span>.*?<a [^>]*>([\d,]+)<", part(front, "tiles"))
        assert number(tile[1]) == sums["streets", head] + number(nowhere.get(name, "0")), name


def test_no_number_of_the_front_page_stands_alone(made):
    front = text_of(made, "index.html").split("</header>", 1)[1].split("<script>")[0]
    for key in ("books",):
        front = front.replace(part(front, key), "")
    told = re.sub(r"<(svg|code|small|li|h2|figcaption|caption|thead)\b.*?</\1>", "", front, flags=re.DOTALL)
    told = re.sub(r'<p class="(?:said|approval)[^>]*>.*?</p>', "", told, flags=re.DOTALL)
    told = re.sub(r'<section class="lead">.*?</section>', "", told, flags=re.DOTALL)
    told = re.sub(r"<a\b.*?</a>", "", told, flags=re.DOTALL)  # leads somewhere
    left = [bare(each) for each in re.findall(r">([^<]*\d[^<]*)<", told)]
    # codes of chiefs, places gained (told on the page of places), thousands never
    assert [each for each in left if not re.search("L\\d|l1|NUL|上月第|CON|^90% ", each)] == []


def test_the_column_of_a_figure_in_the_workbook_adds_up_to_it(made):
    book = made.folder / "表格/案件.xlsx"
    cases = pd.read_excel(book, sheet_name="指标逐案对照", header=3, engine="calamine")
    figures = ("reported", "handled_in_time_rate", "closed_rate", "overdue_open")
    pages = "".join(text_of(made, f"依据/{each}.html") for each in figures)
    told = dict(re.findall(r"<p>([^:：<]+)：([^<]+)</p>", pages))
    assert len(told) == 4
    for name, total in told.items():
        column = cases[f"{name}（计入）"].dropna()
        if "÷" in total:
            top, base = (
                int(each.replace(",", "")) for each in re.match(r"([\d,]+) ÷ ([\d,]+)", total).groups()
            )
            assert (column.sum(), len(column)) == (top, base)
        else:
            assert column.sum() == int(total.replace(",", ""))


def test_areas_add_up_to_the_whole_city(made):
    table = re.findall(r'<tr id="a-[^"]+">(.*?)</tr>', text_of(made, "依据/closed_rate.html"))
    cells = [
        [re.sub("<[^>]+>", "", cell) for cell in re.findall("<td[^>]*>(.*?)</td>", row)] for row in table
    ]
    whole, areas = cells[0], cells[1:]
    for at in (2, 3):
        assert sum(int(row[at]) for row in areas) == int(whole[at])


def test_all_links_within_the_folder_lead_somewhere(made):
    for name in (each for each in made.files if each.endswith(".html") and not each.startswith("地图")):
        for link in re.findall(r'href="([^"]+)"', text_of(made, name)):
            path, _, anchor = unquote(html.unescape(link)).partition("#")
            assert not re.match(r"[a-z]+:|/|\\", path), link
            target = ((made.folder / name).parent / path).resolve() if path else made.folder / name
            assert target.is_relative_to(made.folder.resolve()), link
            assert target.is_file(), (name, link)
            if anchor and target.suffix == ".html" and not anchor.startswith("17/"):
                assert f'id="{anchor}"' in target.read_text("utf-8"), (name, link)


def test_names_of_files_are_such_as_windows_takes(made):
    assert all(re.fullmatch(r"[\w./-]+", name) and len(name) < 80 for name in made.files)
    assert not any(re.match(r"(con|nul)\b", name.rsplit("/")[-1], re.IGNORECASE) for name in made.files)
    assert len({name.casefold() for name in made.files}) == len(made.files)
    assert made.pages["chiefs"] == 7


def test_a_code_is_its_own_name_unless_a_system_objects():
    names = file_names(["130703001", "../x", "CON", "com1", "a", "A", "x" * 41, "路长"])
    assert names["130703001"] == "130703001"
    assert all(re.fullmatch("x[0-9a-f]{12}", name) for code, name in names.items() if code != "130703001")
    assert len(set(names.values())) == len(names)


def test_text_from_data_is_never_markup(made, public):
    for each in (made, public):
        for name in each.files:
            if name.endswith(".html"):
                assert "<script>alert" not in text_of(each, name)


def test_in_the_bureau_reporters_are_masked_and_chiefs_are_reached(made):
    found = "".join(text for _, text in all_text(made))
    assert "13812345678" not in found
    assert "13987654321" not in found
    assert "张三丰" not in found
    assert "张**" in found
    assert "13900000003" in text_of(made, "路长/L4.html")


def test_the_public_gets_neither_persons_nor_pipes_that_are_not_said_to_be_public(public):
    found = "".join(text for _, text in all_text(public))
    for word in ("13812345678", "138****", "张三丰", "张**", "13900000003", "请回电", "SECRET2", "UNSAID3"):
        assert word not in found, word
    assert "OPEN1" in found  # so that what is packed in the map was looked at
    assert "赵四" in found
    assert any("2 行未标明公开" in remark for remark in public.remarks)


def test_a_mask_is_not_enough_for_the_public(tmp_path):
    with pytest.raises(InputError, match="personal"):
        publish_city(city(), tmp_path / "a", audience="public", personal="mask")
    with pytest.raises(InputError, match="audience"):
        publish_city(city(), tmp_path / "a", audience="press")


def test_pipes_without_a_word_on_secrecy_stay_inside_and_layers_can_be_left_out():
    layers = city()
    layers["pipelines"] = layers["pipelines"].drop(columns="secrecy")
    assert "pipelines" not in released(layers, "public", "drop")[0]
    assert "pipelines" in released(layers, "bureau", "mask")[0]
    assert {"投诉人", "联系电话"}.isdisjoint(released(layers, "bureau", "drop")[0]["incidents"])
    kept, remarks = released(layers, "bureau", "mask", ["地下管线"])
    assert "pipelines" not in kept
    assert remarks
    with pytest.raises(InputError, match="tubes"):
        released(layers, "bureau", "mask", ["tubes"])


def test_the_place_of_the_approval_number_is_empty_for_all_to_see(public):
    assert "审图号：＿＿＿＿" in text_of(public, "index.html")
    assert "审图号：＿＿＿＿" in "".join(text for name, text in all_text(public) if name == "地图.html")
    assert "审图号" in public.remarks[0]


def test_an_approval_number_stands_on_maps_and_in_workbooks(tmp_path):
    layers = {name: city()[name] for name in ("responsibility_zones", "streets", "built_up_areas")}
    made = publish_city(
        layers, tmp_path / "a", audience="public", approval="冀S(2025)001号", at="2025-12-01", printed=True
    )
    texts = dict(all_text_of_pages(made))
    for name in ("index.html", "地图.html", "街道/130703001.html", "路长/L4.html", "表格/责任区.xlsx"):
        assert "冀S(2025)001号" in texts[name], name
    assert not any("审图号" in remark for remark in made.remarks)
    assert "没有案件数据" in texts["index.html"]
    assert re.search(r"%E8%A1%97%E9%81%93\.pdf#page=\d", texts["街道/130703001.html"])
    assert {"打印/街道.pdf", "打印/路长.pdf", "打印/全市.pdf"} <= {*made.files}


def all_text_of_pages(made):
    found = {}
    for name in (each for each in made.files if not each.endswith(".pdf")):
        path = made.folder / name
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                found[name] = "".join(book.read(each).decode("utf-8", "replace") for each in book.namelist())
        else:
            found[name] = path.read_text("utf-8")
    return found


def test_the_same_data_in_any_order_give_the_same_bytes(made, tmp_path):
    shuffled = {
        name: layer.sample(frac=1, random_state=3).set_axis([7] * len(layer))
        for name, layer in city().items()
    }
    again = publish_city(shuffled, tmp_path / "a", printed=False, least_n=5)
    assert again.files == made.files
    different = [
        name for name in made.files if (again.folder / name).read_bytes() != (made.folder / name).read_bytes()
    ]
    assert different == []


def small():
    return {"responsibility_zones": city()["responsibility_zones"]}


def publish_small(folder, **asked):
    return publish_city(small(), folder, at="2025-12-01", printed=False, **asked)


def test_what_is_missing_is_told_in_its_place(tmp_path):
    made = publish_small(tmp_path / "a")
    front = text_of(made, "index.html")
    for words in ("没有案件数据", "没有街道图层", "全部路长"):
        assert words in front
    assert "缺少建成区或责任区图层" in text_of(made, "路长/L4.html")
    assert made.month == ""


def test_without_any_date_a_day_must_be_named(tmp_path):
    with pytest.raises(InputError, match="at="):
        publish_city(small(), tmp_path / "a", printed=False)


def test_in_english_it_speaks_english(tmp_path):
    made = publish_small(tmp_path / "a", lang="en")
    assert {"chiefs/L4.html", "workbooks/zones.xlsx", "map.html"} <= {*made.files}
    assert "The city has no incidents" in text_of(made, "index.html")
    page = text_of(made, "chiefs/L4.html").split("</style>")[1]
    assert set(re.findall("[一-鿿]+", page)) <= {"赵四", "联系电话"}


class TestTheFolder:
    def test_one_that_was_published_is_replaced_whole(self, tmp_path):
        publish_small(tmp_path / "a")
        layers = small()
        layers["responsibility_zones"] = layers["responsibility_zones"].iloc[:2]
        made = publish_city(layers, tmp_path / "a", at="2025-12-01", printed=False)
        assert made.pages["chiefs"] == 2
        assert not (tmp_path / "a/路长/L4.html").exists()
        assert [each.name for each in tmp_path.iterdir()] == ["a"]

    def test_others_files_are_never_lost(self, tmp_path):
        folder = tmp_path / "a"
        folder.mkdir()
        (folder / "报告.docx").write_text("x")
        with pytest.raises(FileError, match=r"报告\.docx"):
            publish_small(folder)
        (folder / "报告.docx").unlink()
        publish_small(folder)  # an empty folder is filled
        (folder / "笔记.txt").write_text("x")
        before = sorted(folder.rglob("*"))
        with pytest.raises(FileError, match=r"笔记\.txt"):
            publish_small(folder)
        assert sorted(folder.rglob("*")) == before

    def test_a_file_a_link_and_a_missing_parent_are_refused(self, tmp_path):
        (tmp_path / "f").write_text("x")
        (tmp_path / "d").mkdir()
        (tmp_path / "l").symlink_to(tmp_path / "d")
        for name in ("f", "l", "no/where"):
            with pytest.raises(FileError):
                publish_small(tmp_path / name)

    def test_where_it_fails_midway_the_old_one_stays(self, tmp_path, monkeypatch):
        publish_small(tmp_path / "a")
        before = {each: each.read_bytes() for each in (tmp_path / "a").rglob("*") if each.is_file()}

        def fail(*_):
            raise InputError("midway")

        monkeypatch.setattr("zjk_gis.city.publish.publishing.write_front", fail)
        with pytest.raises(InputError, match="midway"):
            publish_small(tmp_path / "a")
        assert {each: each.read_bytes() for each in (tmp_path / "a").rglob("*") if each.is_file()} == before
        assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_long_lists_are_cut_and_say_where_all_rows_are(made):
    page = text_of(made, "依据/reported.html")
    assert re.search("共 2[34]\\d 行，此处为前 200 行，全部见 表格/案件.xlsx。", page)
    assert made.largest_bytes < 5_000_000


def test_nothing_tells_when_it_was_made(made):
    today = pd.Timestamp.now().strftime("%Y-%m-%d")
    assert not any(today in text for _, text in all_text(made))


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 390])
def test_in_a_browser_without_network_the_keyboard_leads_from_figure_to_rows(made, visit, width):
    root = made.folder.as_uri()
    seen = visit(made.folder / "index.html", width, 900, "document.readyState === 'complete'", server=root)
    page = seen.page
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) == 0
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "f"
    page.keyboard.press("Enter")
    page.wait_for_url("**/*.html#a-all")
    page.wait_for_load_state("load")
    assert page.evaluate(wide) == 0
    page.goto(f"{root}/{'街道/130703001.html'}")
    page.locator("#zones td a[href*=L]").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/L*.html")
    page.wait_for_load_state("load")
    assert page.evaluate(wide) == 0
    assert (seen.errors, seen.requests, seen.dialogs) == ([], [], [])
