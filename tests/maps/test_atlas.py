"""An atlas: every area on a sheet of its own, every zone on one, every name whole or numbered.

Two streets side by side, four zones in each, the gap between the lower ones of the east:

    north   Z0  Z1 | Z4  Z5
    south   Z2  Z3 | Z6 ▢ Z7
              S1   |    S2
"""

import re
import xml.etree.ElementTree as ET

import geopandas as gpd
import numpy as np
import pypdf
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

import zjk_gis
from zjk_gis.errors import EmptyLayerError, FileError, InputError, MissingColumnError
from zjk_gis.maps import city_map, print_atlas, print_map
from zjk_gis.maps.printing.homes import rows_by_area

X, Y, SIDE = 573000, 4520000, 400.0
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = """../../etc/</text><script>alert(1)</script>'"`&{{7*7}}#eval("1")\x00\u202e=HYPERLINK("x")"""
DAY = "2025-12-31"


def layer(shapes, **columns):
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4547)


def cell(column, row, width=1.0):
    west, south = X + SIDE * column, Y + SIDE * (1 - row)
    return box(west, south, west + SIDE * width, south + SIDE)


CELLS = [cell(0, 0), cell(1, 0), cell(0, 1), cell(1, 1), cell(2, 0), cell(3, 0), cell(2, 1, 0.8), cell(3, 1)]
STREETS = layer(
    [box(X, Y, X + 2 * SIDE, Y + 2 * SIDE), box(X + 2 * SIDE, Y, X + 4 * SIDE, Y + 2 * SIDE)],
    street_code=["S1", "S2"],
    street_name=["堡子里街道", "明德北街街道"],
)
GAP = layer([cell(2.8, 1, 0.2)], gap_code=["G1"], kind=["hole"])


def zones(**columns):
    said = {
        "zone_code": [f"Z{i}" for i in range(8)],
        "zone_name": [f"第{i}责任区" for i in range(8)],
        "chief_code": ["L1", "L1", "L2", "L2", "L2", "L3", "L3", None],
        "chief_name": ["张三", "张三", "李四", "李四", "李四", "王五", "王五", None],
    }
    return layer(CELLS, **(said | columns))


def page(own=None, **more):
    layers = {"responsibility_zones": zones() if own is None else own, "streets": STREETS, **more}
    return city_map(layers, results={"gaps": GAP}, title="责任区图册", date=DAY)


def atlas(folder, areas=STREETS, by="street_code", drawn=None, **options):
    return print_atlas(drawn or page(), folder, areas, by, **({"date": DAY} | options))


def texts_of(path):
    return [str(each.text) for each in ET.parse(path).iter(f"{SVG}text")]  # noqa: S314  the file is our own


class TestSheets:
    def test_a_sheet_for_each_street_after_the_index(self, tmp_path):
        counts = {"responsibility_zones": zones(), "gaps": GAP}
        made = atlas(tmp_path / "streets", name_column="street_name", counts=counts)
        assert sorted(each.name for each in made.path.iterdir()) == [
            "0000-图幅索引.svg",
            "0001-堡子里街道.svg",
            "0002-明德北街街道.svg",
        ]
        assert [(row.number, row.code, row.counts) for row in made.sheets] == [
            (1, "S1", {"responsibility_zones": 4, "gaps": 0}),
            (2, "S2", {"responsibility_zones": 4, "gaps": 1}),
        ]
        words = texts_of(made.path / "0002-明德北街街道.svg")
        assert {"责任区图册 · 明德北街街道", "第 2 幅，共 2 幅", "S2 · 责任区 4 · 责任空白 1"} <= {*words}
        index = texts_of(made.path / "0000-图幅索引.svg")
        for row in made.sheets:
            assert {row.name, row.code, f"1:{row.scale:,.0f}"} <= {*index}

    def test_a_chief_has_all_his_zones_on_one_sheet_and_nobodys_are_the_last(self, tmp_path):
        made = atlas(tmp_path / "chiefs", zones(), "chief_code", name_column="chief_name",
                     counts={"responsibility_zones": zones()})  # fmt: skip
        assert [(row.name, row.counts["responsibility_zones"]) for row in made.sheets] == [
            ("张三", 2), ("李四", 3), ("王五", 2), ("无路长编号", 1),
        ]  # fmt: skip
        words = texts_of(made.path / "0001-张三.svg")
        assert {"第0责任区", "第1责任区"} <= {*words}
        assert words.count("张三") == 2, "below the name of each zone"

    def test_a_finding_is_shown_with_what_lies_around(self, tmp_path):
        made = atlas(tmp_path / "gaps", GAP, "gap_code", dim=False)
        assert [row.name for row in made.sheets] == ["G1"]
        words = "".join(texts_of(made.path / "0001-G1.svg"))
        assert "第6责任区" in words
        assert "第7责任区" in words

    def test_the_frame_holds_the_area_at_a_round_scale(self, tmp_path):
        """800 m with a twentieth at each side on 185 mm of an A4 upright: 1:5,000."""
        made = atlas(tmp_path / "a", orientation="portrait")
        assert [row.scale for row in made.sheets] == [5000.0, 5000.0]
        drawn = ET.parse(made.path / "0001-S1.svg")  # noqa: S314
        paths = [each.get("d") for each in drawn.iter(f"{SVG}path") if each.get("stroke") == "#1f2933"]
        outline = next(
            each for each in paths if each.count("M") == 1 and each.endswith("z") and len(each) < 80
        )
        steps = np.array(re.search("l([-0-9 ]+)", outline)[1].split(), dtype=float).reshape(-1, 2)
        assert np.abs(steps).max() / 100 == pytest.approx(160, abs=0.1)

    def test_rows_and_their_order_do_not_matter(self, tmp_path):
        one = atlas(tmp_path / "one", zones(), "chief_code")
        other = atlas(tmp_path / "other", zones().iloc[::-1], "chief_code")
        for file in one.path.iterdir():
            assert file.read_bytes() == (other.path / file.name).read_bytes(), file.name


class TestPdf:
    def test_one_file_with_bookmarks_that_is_the_same_each_time(self, tmp_path):
        made = atlas(tmp_path / "a.pdf", name_column="street_name", source="合成示例")
        book = pypdf.PdfReader(made.path)
        assert len(book.pages) == made.pages == 3
        assert [each.title for each in book.outline] == ["图幅索引", "堡子里街道", "明德北街街道"]
        text = book.pages[1].extract_text()
        for word in ("堡子里街道", "第0责任区", "数据来源：合成示例", "制图日期 2025-12-31", "位置示意"):
            assert word in text
        again = atlas(tmp_path / "b.pdf", name_column="street_name", source="合成示例")
        assert again.path.read_bytes() == made.path.read_bytes()

    def test_sheets_are_bound_in_their_order_however_many(self, tmp_path):
        """Forty sheets are drawn in three goes."""
        strips = [box(X + 20 * i, Y, X + 20 * i + 20, Y + 800) for i in range(40)]
        areas = layer(strips, code=[f"A{i:02}" for i in range(40)])
        made = atlas(tmp_path / "a.pdf", areas, "code")
        book = pypdf.PdfReader(made.path)
        assert len(book.pages) == made.pages == 2 + 40, "the index has 40 rows, and goes on on a second page"
        for number in (1, 15, 16, 40):
            assert f"第 {number} 幅，共 40 幅" in book.pages[1 + number].extract_text()

    @pytest.mark.parametrize(
        ("paper", "orientation", "millimetres"),
        [("A4", "portrait", (210, 297)), ("A3", "landscape", (420, 297))],
    )
    def test_all_sheets_have_one_size(self, paper, orientation, millimetres, tmp_path):
        made = atlas(tmp_path / "a.pdf", paper=paper, orientation=orientation)
        for each in pypdf.PdfReader(made.path).pages:
            size = [float(side) / 72 * 25.4 for side in (each.mediabox.width, each.mediabox.height)]
            assert size == pytest.approx(millimetres, abs=0.1)


class TestNames:
    LONG = "张家口市桥西区堡子里街道责任区" * 7  # 105 characters

    def test_names_of_a_hundred_characters_are_whole(self, tmp_path):
        """In zones of 400 m there is room for seven rows and more; in those of 10 m for a number."""
        own = zones(zone_name=[f"{i}号{self.LONG}" for i in range(8)])
        made = atlas(tmp_path / "a", drawn=page(own), scale=None)
        for number, which in ((1, range(4)), (2, range(4, 8))):
            words = "".join(texts_of(made.path / f"000{number}-S{number}.svg"))
            for at in which:
                assert f"{at}号{self.LONG}" in words
            assert "…" not in words

    def test_a_name_without_room_is_a_number_with_a_row_beside_the_map(self, tmp_path):
        small = layer(
            [box(X + 9 * i, Y + 9 * j, X + 9 * i + 9, Y + 9 * j + 9) for i in range(3) for j in range(3)],
            zone_code=[f"N{i}" for i in range(9)],
            zone_name=[f"{i}号{self.LONG}" for i in range(9)],
        )
        drawn = city_map({"responsibility_zones": small, "streets": STREETS}, date=DAY)
        made = atlas(tmp_path / "a", drawn=drawn)
        pages = [texts_of(each) for each in sorted(made.path.iterdir()) if "S1" in each.name]
        for number in range(1, 10):
            assert sum(words.count(str(number)) for words in pages) >= 2, "on the map and in the table"
        whole = "".join("".join(words) for words in pages)
        assert all(f"{i}号{self.LONG}" in whole for i in range(9))
        assert "…" not in whole
        assert made.pages == 1 + 2 + (len(pages) - 1), "the index goes on where it has no room"

    def test_an_area_of_a_hundred_characters_is_whole_in_title_and_index(self, tmp_path):
        areas = STREETS.assign(street_name=[self.LONG, "短"])
        made = atlas(tmp_path / "a", areas, name_column="street_name")
        assert self.LONG in "".join(texts_of(made.path / "0000-图幅索引.svg"))
        (sheet,) = made.path.glob("0001-*")
        assert self.LONG in "".join(texts_of(sheet))


class TestWhereARowCounts:
    @given(
        st.lists(st.tuples(st.floats(0, 1500), st.floats(0, 750), st.floats(1, 900)), min_size=1, max_size=9)
    )
    @settings(max_examples=50, deadline=None)
    def test_every_zone_is_on_exactly_one_street_sheet(self, drawn):
        shapes = np.array([box(X + x, Y + y, X + x + w, Y + y + 40) for x, y, w in drawn])
        rows = rows_by_area(shapes, STREETS.geometry.to_numpy())
        assert sorted(np.concatenate(rows).tolist()) == list(range(len(drawn)))

    def test_an_overlap_of_two_areas_counts_on_both(self):
        areas = np.array([box(0, 0, 10, 10), box(8, 0, 20, 10)])
        assert [r.tolist() for r in rows_by_area(np.array([box(8, 0, 10, 10)]), areas)] == [[0], [0]]

    def test_what_lies_far_away_counts_nowhere(self):
        areas = np.array([box(0, 0, 10, 10)])
        assert [r.tolist() for r in rows_by_area(np.array([Point(99, 0), Point()]), areas)] == [[]]

    def test_lines_count_where_they_are_longest(self):
        areas = STREETS.geometry.to_numpy()
        line = LineString([(X + 700, Y + 5), (X + 1000, Y + 5)])
        assert [r.tolist() for r in rows_by_area(np.array([line]), areas)] == [[], [0]]


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("areas", "options", "error", "message"),
        [
            (STREETS, {"by": "street"}, MissingColumnError, "areas: has no column street; its columns are"),
            (STREETS, {"name_column": "name"}, MissingColumnError, "areas: has no column name"),
            (STREETS[:0], {}, EmptyLayerError, "no row has a geometry"),
            (STREETS, {"scale": 500}, InputError, r"at 1:500 2 areas are larger than the paper \(S1, S2\)"),
            (STREETS, {"pictures": "jpg"}, InputError, "pictures must be one of svg, png"),
            (STREETS, {"orientation": "upright"}, InputError, "auto, landscape or portrait"),
            (STREETS, {"paper": "A5"}, InputError, "paper must be one of A4, A3"),
        ],
    )
    def test_before_anything_is_written(self, areas, options, error, message, tmp_path):
        with pytest.raises(error, match=message):
            atlas(tmp_path / "a", areas, **options)
        assert not list(tmp_path.iterdir())

    def test_a_folder_that_is_not_empty(self, tmp_path):
        (tmp_path / "old.svg").write_text("old")
        with pytest.raises(FileError, match="is there already"):
            atlas(tmp_path)
        with pytest.raises(InputError, match="endings are .pdf"):
            atlas(tmp_path / "a.svg")

    def test_areas_without_geometry_are_told(self, tmp_path):
        areas = layer([*STREETS.geometry, None], street_code=["S1", "S2", "S3"])
        made = atlas(tmp_path / "a", areas)
        assert (len(made.sheets), made.nowhere) == (2, 1)


def test_hostile_names_neither_run_nor_leave_the_folder(tmp_path):
    own = zones(zone_name=[HOSTILE] * 8, chief_name=[HOSTILE] * 8, chief_code=[HOSTILE] * 8)
    made = atlas(tmp_path / "a", own, "chief_name", drawn=page(own), title=HOSTILE, source=HOSTILE)
    assert len([*tmp_path.rglob("*.svg")]) == made.pages
    for file in made.path.iterdir():
        assert re.fullmatch(r"[\w\-]+\.svg", file.name)
        assert not list(ET.parse(file).iter(f"{SVG}script"))  # noqa: S314
    book = atlas(tmp_path / "a.pdf", own, "chief_name", drawn=page(own), title=HOSTILE)
    assert 'eval("1")' in pypdf.PdfReader(book.path).pages[1].extract_text(), "not of Typst's language"


def test_print_map_frames_a_layer_with_a_margin(tmp_path):
    def frame(extent):
        return texts_of(print_map(page(), tmp_path / "m.svg", extent=extent, date=DAY))

    west = STREETS[STREETS["street_code"] == "S1"]
    assert "第0责任区" in frame(west)
    assert "位置示意" in frame(west)
    assert frame(west) == frame(west.to_crs(4326).geometry)
    with pytest.raises(EmptyLayerError, match="extent: no row has a geometry"):
        frame(west[:0])


def test_an_atlas_prints_itself(tmp_path):
    told = repr(atlas(tmp_path / "a", name_column="street_name"))
    assert "2" in told
    assert "堡子里街道" in told
    assert zjk_gis.maps.print_atlas is print_atlas
    assert shapely.union_all(CELLS).is_valid
