"""Maps on paper: sizes that a ruler confirms, text that can be searched, and nothing that runs."""

import inspect
import itertools
import json
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import folium
import geopandas as gpd
import numpy as np
import pypdf
import pytest
import shapely
from shapely import LineString, Point, Polygon, box

import zjk_gis
from zjk_gis.drawing import typefaces as fonts
from zjk_gis.drawing.canvas import Box
from zjk_gis.errors import EmptyLayerError, FileError, InputError
from zjk_gis.maps import city_map, heritage_map, print_map, zones_map
from zjk_gis.maps.printing import furniture, printed
from zjk_gis.maps.printing.hexagons import count_in_hexagons

X, Y = 573000, 4520000
SAMPLE = Path(__file__).parents[2] / "sample_data"
TABLES = Path(zjk_gis.__file__).parent / "standards" / "tables"
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = """</text><script>alert(1)</script>'"`&{{7*7}}#eval("1")\x00\u202e=HYPERLINK("x")""" + "长" * 10_000


def zones_of(n=4, side=500.0, **columns):
    shapes = [box(X + side * i, Y, X + side * (i + 1), Y + side) for i in range(n)]
    columns.setdefault("zone_code", [f"Z{i}" for i in range(n)])
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4547)


def drawn(**options):
    return city_map({"responsibility_zones": zones_of()}, title="张家口市责任区图", **options)


@pytest.fixture(scope="module")
def city():
    layers = {
        "responsibility_zones": zones_of(),
        "streets": zones_of(street_name=["堡子里街道", "明德北街街道", "新华街街道", "红旗楼街道"]),
        "roads": gpd.GeoDataFrame(
            {"road_class": ["主干路"]}, geometry=[LineString([(X, Y + 250), (X + 2000, Y + 250)])], crs=4547
        ),
        "parking_lots": gpd.GeoDataFrame({"lot_code": ["P1"]}, geometry=[Point(X + 9, Y + 9)], crs=4547),
    }
    return city_map(layers, title="张家口市责任区图")


def parsed(path):
    return ET.parse(path)  # noqa: S314  the file is our own


def texts_of(path):
    return [each.text for each in parsed(path).iter(f"{SVG}text")]


class TestPdf:
    def test_text_is_text_and_its_typeface_is_inside(self, city, tmp_path):
        made = print_map(city, tmp_path / "map.pdf", date="2025-12-31", source="合成示例")
        page = pypdf.PdfReader(made).pages[0]
        text = page.extract_text()
        for word in (
            "张家口市责任区图",
            "图例",
            "主干路",
            "堡子里街道",
            "1:10,000",
            "制图日期 2025-12-31",
            "合成示例",
            "EPSG:4547",
        ):
            assert word in text
        used = [font.get_object() for font in page["/Resources"]["/Font"].values()]
        assert used
        for font in used:
            descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            assert {"/FontFile2", "/FontFile3"} & set(descriptor), font["/BaseFont"]
        assert not page.images, "shapes stay shapes"

    @pytest.mark.parametrize(
        ("paper", "orientation", "millimetres"),
        [("A4", "landscape", (297, 210)), ("A4", "portrait", (210, 297)), ("A3", "landscape", (420, 297))],
    )
    def test_the_paper_has_its_size(self, paper, orientation, millimetres, tmp_path):
        made = print_map(drawn(), tmp_path / "map.pdf", paper=paper, orientation=orientation)
        page = pypdf.PdfReader(made).pages[0].mediabox
        assert [float(side) / 72 * 25.4 for side in (page.width, page.height)] == pytest.approx(
            millimetres, abs=0.1
        )

    def test_the_same_map_gives_the_same_file(self, tmp_path):
        for ending in ("pdf", "svg", "png"):
            one = print_map(drawn(), tmp_path / f"one.{ending}", date="2025-12-31").read_bytes()
            other = print_map(drawn(), tmp_path / f"other.{ending}", date="2025-12-31").read_bytes()
            assert one == other, ending


class TestTypeface:
    """The typeface comes with the package that prints; the machine's are for those who name one."""

    @pytest.fixture
    def another_machine(self, monkeypatch):
        """The same as a machine on which no typeface at all is installed."""
        monkeypatch.setattr(fonts, "_system_fonts", list)
        fonts._usual.cache_clear()
        yield monkeypatch
        monkeypatch.undo()
        fonts._usual.cache_clear()

    @pytest.mark.parametrize("ending", ["pdf", "svg", "png"])
    def test_a_sheet_is_the_same_on_a_machine_without_typefaces(self, ending, city, tmp_path, request):
        here = print_map(city, tmp_path / f"here.{ending}", date="2025-12-31").read_bytes()
        request.getfixturevalue("another_machine")
        assert print_map(city, tmp_path / f"there.{ending}", date="2025-12-31").read_bytes() == here

    def test_without_the_package_those_of_the_machine_serve(self, another_machine):
        carried = fonts.find_typeface().files[400][0]
        installed = fonts._fonts_in(carried.parent)
        another_machine.setattr(fonts, "_system_fonts", lambda: installed)
        another_machine.setitem(sys.modules, "pylopdf_fonts_zh_cn", None)
        fonts._usual.cache_clear()
        assert fonts.find_typeface().family == "Noto Sans SC"
        assert fonts.find_typeface("Noto Serif SC").family == "Noto Serif SC"

    def test_with_neither_the_message_says_what_to_install(self, another_machine, tmp_path):
        another_machine.setitem(sys.modules, "pylopdf_fonts_zh_cn", None)
        fonts._usual.cache_clear()
        with pytest.raises(InputError, match=r'pip install "zjk_gis\[print\]".* apt install fonts-noto'):
            print_map(drawn(), tmp_path / "m.pdf")

    def test_it_has_every_character_of_the_sample_city_and_of_the_tables(self):
        tables = [path.read_text(encoding="utf-8-sig") for path in TABLES.glob("*.csv")]
        sample = [(SAMPLE / "incidents.csv").read_text(encoding="utf-8-sig")]
        for name in zjk_gis.list_layers(SAMPLE / "city.gpkg"):
            layer = zjk_gis.read_layer(SAMPLE / "city.gpkg", layer=name)
            sample.append(layer.drop(columns="geometry", errors="ignore").to_csv())
        assert "责任" in "".join(tables)
        assert "街道" in "".join(sample)
        assert fonts.find_typeface().lacking([*tables, *sample]) == []

    def test_bold_by_stroke_leaves_each_name_once_and_on_a_halo(self, city, tmp_path):
        """A text has one stroke: the halo below a name is drawn as shapes, so that a search finds it once."""
        assert not fonts.find_typeface().has_bold
        page = parsed(print_map(city, tmp_path / "m.svg", date="2025-12-31"))
        (name,) = [each for each in page.iter(f"{SVG}text") if each.text == "堡子里街道"]
        assert name.get("font-weight") is None, "a browser would thicken it once more"
        assert name.get("stroke") == name.get("fill")
        assert float(name.get("stroke-width")) == pytest.approx(0.04 * float(name.get("font-size")), rel=0.01)
        shapes = {each.get("id"): each.get("d") for each in page.iter(f"{SVG}path") if each.get("id")}
        (halo,) = [
            group
            for group in page.iter(f"{SVG}g")
            if [each.get("href") for each in group] == [f"#c{ord(each):x}" for each in "堡子里街道"]
        ]
        assert all(shapes[each.get("href")[1:]].startswith("M") for each in halo)
        steps = np.diff([float(each.get("x")) for each in halo])
        assert (steps == 1000).all(), "a Chinese character is as wide as the letter is high"
        words = pypdf.PdfReader(print_map(city, tmp_path / "m.pdf")).pages[0].extract_text()
        assert words.count("堡子里街道") == 1

    def test_a_bold_face_is_used_where_there_is_one(self, another_machine, city, tmp_path):
        regular = fonts.find_typeface()
        both = fonts.Typeface(regular.family, {400: regular.files[400], 700: regular.files[400]})
        another_machine.setattr(printed, "find_typeface", lambda _: both)
        page = parsed(print_map(city, tmp_path / "m.svg", date="2025-12-31"))
        (name,) = [each for each in page.iter(f"{SVG}text") if each.text == "堡子里街道"]
        assert (name.get("font-weight"), name.get("stroke")) == ("700", "#fff")
        assert not list(page.iter(f"{SVG}use"))


class TestScale:
    def test_a_ruler_finds_a_kilometre(self, tmp_path):
        made = print_map(
            city_map({"responsibility_zones": zones_of(1, 1000)}), tmp_path / "m.svg", scale=12_500
        )
        path = next(p.get("d") for p in parsed(made).iter(f"{SVG}path"))
        steps = np.array(re.search("l([-0-9 ]+)", path)[1].split(), dtype=float).reshape(-1, 2)
        assert np.abs(steps).max() / 100 == pytest.approx(1000 / 12.5, abs=0.05)

    def test_the_roundest_scale_that_fits_is_taken(self, tmp_path):
        assert "1:10,000" in texts_of(print_map(drawn(), tmp_path / "m.svg", orientation="landscape"))

    def test_a_part_of_the_ground_comes_with_an_overview(self, city, tmp_path):
        whole = texts_of(print_map(city, tmp_path / "whole.svg"))
        west, south, east, north = zones_of(1).to_crs(4326).total_bounds
        part = texts_of(print_map(city, tmp_path / "part.svg", extent=(west, south, east, north)))
        assert "位置示意" not in whole
        assert "位置示意" in part
        assert "红旗楼街道" in whole
        assert "红旗楼街道" not in part


class TestWhatIsPrinted:
    def test_what_the_panel_shows_first_unless_others_are_named(self, city, tmp_path):
        assert "停车场" not in texts_of(print_map(city, tmp_path / "m.svg"))
        assert "停车场" in texts_of(print_map(city, tmp_path / "m.svg", show=["停车场"]))
        with pytest.raises(InputError, match=r"no layer '停车' ?; it has .*停车场"):
            print_map(city, tmp_path / "m.svg", show=["停车"])

    def test_names_do_not_run_into_each_other(self, tmp_path):
        rng = np.random.default_rng(0)
        spots = shapely.points(X + rng.random(300) * 2000, Y + rng.random(300) * 500).tolist()
        streets = gpd.GeoDataFrame(
            {"street_name": [f"街道{i:03}" for i in range(300)]},
            geometry=shapely.buffer(spots, 20),
            crs=4547,
        )
        made = print_map(
            city_map({"responsibility_zones": zones_of(), "streets": streets}), tmp_path / "m.svg"
        )
        names = [each for each in parsed(made).iter(f"{SVG}text") if str(each.text).startswith("街道")]
        face = fonts.find_typeface()
        places = [
            box(
                float(t.get("x")) - w / 2,
                float(t.get("y")) - 2.0,
                float(t.get("x")) + w / 2,
                float(t.get("y")),
            )
            for t in names
            for w in [face.width(t.text, 2.5, bold=True)]
        ]
        assert len(places) > 20
        one, other = shapely.STRtree(places).query(places, predicate="intersects")
        assert (one == other).all()
        assert f"{300 - len(places)} 个名称因互相重叠未标注" in " ".join(texts_of(made))

    def test_english_on_request(self, tmp_path):
        words = " ".join(texts_of(print_map(drawn(lang="en"), tmp_path / "m.svg", date="2025-12-31")))
        assert "Legend" in words
        assert "Made on 2025-12-31" in words
        assert "图例" not in words

    def test_a_picture_has_the_pixels_asked_for(self, tmp_path):
        made = print_map(drawn(), tmp_path / "m.png", orientation="landscape", dpi=100).read_bytes()
        assert made[:8] == b"\x89PNG\r\n\x1a\n"
        size = [int.from_bytes(made[at : at + 4], "big") for at in (16, 20)]
        assert size == pytest.approx([297 / 25.4 * 100, 210 / 25.4 * 100], abs=1)

    @pytest.mark.parametrize("crs", [4326, 4490, 4547, 4526, 3857, 4548])
    def test_any_system_lands_on_the_same_ground(self, crs, tmp_path):
        expected = print_map(drawn(), tmp_path / "one.svg", date="2025-12-31")
        other = city_map({"responsibility_zones": zones_of().to_crs(crs)}, title="张家口市责任区图")
        made = print_map(other, tmp_path / "other.svg", date="2025-12-31")
        assert "EPSG:4547" in made.read_text(encoding="utf-8")
        ours, theirs = ([p.get("d") for p in parsed(each).iter(f"{SVG}path")] for each in (expected, made))
        assert len(ours) == len(theirs)


@pytest.mark.browser
class TestHostileText:
    def hostile(self):
        text = [HOSTILE] * 4
        layers = {
            "responsibility_zones": zones_of(zone_code=text, chief_name=text),
            "streets": zones_of(street_name=text),
            "rivers": gpd.GeoDataFrame(
                {"river_name": text[:1]}, geometry=[box(X, Y, X + 9, Y + 9)], crs=4547
            ),
        }
        return city_map(layers, title=HOSTILE)

    def test_a_drawing_neither_runs_nor_breaks(self, visit, tmp_path):
        made = print_map(self.hostile(), tmp_path / "m.svg", title=HOSTILE, source=HOSTILE, date=HOSTILE)
        tree = parsed(made)
        assert not list(tree.iter(f"{SVG}script"))
        assert any("</text><script>alert(1)" in str(each.text) for each in tree.iter(f"{SVG}text"))
        seen = visit(made, ready="true")
        assert (seen.errors, seen.requests, seen.dialogs) == ([], [], [])

    def test_a_pdf_is_made_of_it(self, tmp_path):
        made = print_map(self.hostile(), tmp_path / "m.pdf", title=HOSTILE, source=HOSTILE)
        text = pypdf.PdfReader(made).pages[0].extract_text()
        assert '#eval("1")' in text, "the words do not reach Typst as its language"
        assert "alert(1)" in text

    def test_a_drawing_carries_its_typeface(self, visit, tmp_path):
        seen = visit(print_map(drawn(), tmp_path / "m.svg"), ready="true")
        loaded = seen.page.evaluate("document.fonts.ready.then(f => [...f].map(each => each.status))")
        assert loaded
        assert set(loaded) == {"loaded"}
        assert seen.requests == []


class TestWhatIsRefused:
    def test_maps_of_others(self, tmp_path):
        with pytest.raises(InputError, match="only maps that this package has drawn"):
            print_map(folium.Map(), tmp_path / "m.pdf")

    def test_nothing_to_print(self, tmp_path):
        with pytest.raises(EmptyLayerError, match="nothing to be printed"):
            print_map(city_map({}), tmp_path / "m.pdf")
        made = print_map(city_map({}), tmp_path / "m.svg", extent=(114.8, 40.8, 114.9, 40.85))
        assert "图例" in texts_of(made)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"paper": "A5"}, "paper must be one of A4, A3"),
            ({"orientation": "upright"}, "landscape or portrait"),
            ({"scale": 0}, "denominator"),
            ({"dpi": 1e9}, "dpi"),
            ({"extent": (115, 40, 114, 41)}, "west, south, east and north"),
            ({"font": "No Such Family"}, "installed with Chinese characters: .*"),
        ],
    )
    def test_options_that_cannot_be(self, options, message, tmp_path):
        with pytest.raises(InputError, match=message):
            print_map(drawn(), tmp_path / "m.svg", **options)
        assert not list(tmp_path.iterdir())

    def test_files_that_cannot_be(self, tmp_path):
        with pytest.raises(InputError, match=r"\.pdf, \.svg, \.png"):
            print_map(drawn(), tmp_path / "m.docx")
        with pytest.raises(FileError, match="no such file"):
            print_map(drawn(), tmp_path / "m.pdf", font=tmp_path / "none.ttf")

    def test_a_file_may_be_named_as_the_typeface(self, tmp_path):
        file, _ = fonts.find_typeface().files[400]
        made = print_map(drawn(), tmp_path / "m.pdf", font=file)
        assert "张家口市责任区图" in pypdf.PdfReader(made).pages[0].extract_text()


def test_it_is_a_public_name():
    assert zjk_gis.print_map is print_map


def test_codes_stand_at_marks(tmp_path):
    gaps = zones_of(2, 900, gap_code=["G001", "G002"], kind=["hole", "hole"])
    words = texts_of(print_map(zjk_gis.maps.gaps_map(None, zones_of(), gaps), tmp_path / "gaps.svg"))
    assert {"G001", "G002"} <= set(words)


def told_by_page(drawn):
    """What the panel of a map tells first: the layers that are on and their classes, with their counts."""
    script = next(child for child in drawn._children.values() if child.get_name().startswith("zjk_page"))
    layers = [each for each in json.loads(script.json)["layers"] if each["name"] and each["on"]]
    told = [(each["name"], each["count"]) for each in layers]
    told += [(key[1], key[2]) for each in layers for key in each["keys"]]
    return sorted(pair for pair in told if pair[1] not in ("", "无"))


def told_by_sheet(path, names):
    """The names of layers in the legend of a sheet, with the number behind each."""
    pairs = itertools.pairwise(texts_of(path))
    number = re.compile(r"\d{1,3}(,\d{3})*")  # unlike a coordinate
    return sorted((name, count) for name, count in pairs if name in names and number.fullmatch(count))


def pipes_and_manholes():
    """Three pipes of drainage and one of water; five manholes of drainage and two of water."""
    lines = [LineString([(X, Y + 50 * i), (X + 400, Y + 50 * i)]) for i in range(4)]
    pipes = gpd.GeoDataFrame({"pipe_kind": ["WS", "WS", "YS", "JS"]}, geometry=lines, crs=4547)
    spots = [Point(X + 60 * i, Y + 300) for i in range(7)]
    return pipes, gpd.GeoDataFrame({"pipe_kind": ["WS"] * 5 + ["JS"] * 2}, geometry=spots, crs=4547)


class TestCountsOfSheetAndPage:
    """Layers are told apart by what they are: several may have one name."""

    def drawn(self, kind):
        zones, gaps = zones_of(chief_name=["甲", None, "丙", "丁"]), zones_of(2, 100, kind=["hole", "edge"])
        found = ["inside", "border", "nearest", "none"]
        assigned = gpd.GeoDataFrame(
            {"zone_code": ["Z0"] * 4, "found": found, "ambiguous": [True] * 4},
            geometry=zones.centroid,
            crs=4547,
        )
        return {
            "pipes": lambda: zjk_gis.maps.pipes_map(*pipes_and_manholes()),
            "zones": lambda: zjk_gis.maps.zones_map(zones),
            "assignment": lambda: zjk_gis.maps.assignment_map(assigned, zones),
            "gaps": lambda: zjk_gis.maps.gaps_map(None, zones, gaps, gaps),
            "changes": lambda: zjk_gis.maps.changes_map(zones, zones_of(3), titles=("责任区", "责任区")),
            "parking": lambda: zjk_gis.maps.parking_map(zones.set_geometry(zones.centroid), gaps=gaps),
            "density": lambda: zjk_gis.maps.density_map(assigned),
            "choropleth": lambda: zjk_gis.maps.choropleth(zones.assign(v=[1, 2, 3, None]), "v"),
            "city": lambda: city_map({"responsibility_zones": zones}, results={"gaps": gaps}),
        }[kind]()

    @pytest.mark.parametrize(
        "kind",
        ["pipes", "zones", "assignment", "gaps", "changes", "parking", "density", "choropleth", "city"],
    )
    def test_they_agree(self, kind, tmp_path):
        drawn = self.drawn(kind)
        page = told_by_page(drawn)
        assert page
        made = print_map(drawn, tmp_path / "m.svg")
        assert told_by_sheet(made, {name for name, _ in page}) == page
        assert "图幅之外" not in " ".join(texts_of(made))

    def test_layers_of_one_name_keep_their_own(self, tmp_path):
        made = print_map(self.drawn("pipes"), tmp_path / "m.svg")
        expected = [("排水", "3"), ("排水", "5"), ("给水", "1"), ("给水", "2")]
        assert told_by_sheet(made, {"排水", "给水"}) == expected

    def test_one_of_several_of_a_name_is_chosen_by_its_heading(self, tmp_path):
        for show, told in (
            (["排水"], [("排水", "3"), ("排水", "5")]),
            (["窨井/排水"], [("排水", "5")]),
        ):
            made = print_map(self.drawn("pipes"), tmp_path / "m.svg", show=show)
            assert told_by_sheet(made, {"排水", "给水"}) == told

    def test_what_lies_beyond_the_sheet_is_the_rest(self, tmp_path):
        """At 1:1,000 the map is 217 m by 150: four of the manholes, and none of the pipes 150 m south."""
        ground = gpd.GeoSeries([box(X + 150, Y + 290, X + 250, Y + 310)], crs=4547).to_crs(4326)
        made = print_map(
            self.drawn("pipes"),
            tmp_path / "m.svg",
            extent=ground.total_bounds,
            scale=1000,
            orientation="landscape",
        )
        assert told_by_sheet(made, {"排水", "给水"}) == [("排水", "3"), ("给水", "1")]
        assert "7 个要素在图幅之外" in " ".join(texts_of(made))


class TestMarks:
    """Marks that overlap do not cut each other out: the densest places are the fullest."""

    def paths(self, made, colour):
        """Where in the drawing, and how, what has a colour is filled."""
        paths = list(parsed(made).iter(f"{SVG}path"))
        return [(at, path) for at, path in enumerate(paths) if path.get("fill") == colour]

    def test_rims_lie_below_all_marks_and_overlaps_are_filled(self, tmp_path):
        lots = gpd.GeoDataFrame(
            {"lot_code": list("abc")}, geometry=[Point(X + i, Y) for i in range(3)], crs=4547
        )
        made = print_map(zjk_gis.maps.parking_map(lots), tmp_path / "m.svg", scale=5000)
        ((_, marks),) = [each for each in self.paths(made, "#0072b2") if "M" in each[1].get("d")[1:]]
        assert marks.get("d").count("M") == 3
        assert marks.get("fill-rule") == "nonzero"
        assert marks.get("stroke") is None
        rims = [path for _, path in self.paths(made, "#ffffff") if path.get("d").count("M") == 3]
        assert [path.get("fill-rule") for path in rims] == ["nonzero"]
        order = list(parsed(made).iter(f"{SVG}path"))
        drawn = [path.get("d") for path in order]
        assert drawn.index(rims[0].get("d")) < drawn.index(marks.get("d"))

    def test_rims_of_one_class_are_below_the_marks_of_another(self, tmp_path):
        layer = gpd.GeoDataFrame(
            {"pipe_kind": ["WS", "JS"]}, geometry=[Point(X, Y), Point(X + 0.5, Y)], crs=4547
        )
        made = print_map(city_map({"manholes": layer}), tmp_path / "m.svg", show=["窨井"], scale=1000)
        fills = [path.get("fill") for path in parsed(made).iter(f"{SVG}path")]
        marks = [at for at, fill in enumerate(fills) if fill not in ("#ffffff", "none", "#1f2933", None)]
        rims = [at for at, fill in enumerate(fills) if fill == "#ffffff"]
        assert len(rims) >= 2
        assert max(rims[:2]) < min(marks)


class TestDensity:
    def sheet(self, tmp_path, points, **options):
        drawn = zjk_gis.maps.density_map(gpd.GeoDataFrame(geometry=points))
        return print_map(drawn, tmp_path / "density.svg", **options)

    def test_points_are_counted_in_hexagons_with_classes_and_a_legend(self, tmp_path):
        """At 1:10,000 a hexagon is 40 m wide: 3.5 mm are 35 m, and 40 is the next round number."""
        columns = [(0, 1), (1, 3), (2, 12), (6, 60)]  # which hexagon of the lowest row, and how many in it
        places = [(X // 40 * 40 + 40 * at, Y) for at, number in columns for _ in range(number)]
        lattice = 40 / np.sqrt(3) * 1.5 * 2  # the height of two rows, of which one is not shifted
        points = gpd.GeoSeries([Point(x, round(y / lattice) * lattice) for x, y in places], crs=4547)
        made = self.sheet(tmp_path, points, scale=10_000)
        words = texts_of(made)
        at = words.index("案件数量")
        assert words[at : at + 3] == ["案件数量", "76", "每个六边形（宽 40 米）内的数量"]
        assert words[at + 3 : at + 9] == ["1", "2–4", "5–9", "10–19", "20–49", "≥ 50"]
        hexagons = [p for p in parsed(made).iter(f"{SVG}path") if p.get("stroke") == "#cdb48a"]
        in_map = [p for p in hexagons if len(re.findall("[-0-9]+", p.get("d"))) == 2 + 2 * 6]
        assert [p.get("fill") for p in in_map] == ["#fff7dc", "#fee391", "#fe9929", "#993404"]

    def test_the_lattice_is_fixed_to_the_ground(self):
        rng = np.random.default_rng(1)
        points = rng.uniform(0, 5000, (2000, 2)) + [X, Y]
        whole = count_in_hexagons(points, 20.0)
        assert whole.counts.sum() == 2000
        west = count_in_hexagons(points[points[:, 0] < X + 2000], 20.0)
        inside = {shape.wkb: n for shape, n in zip(whole.shapes, whole.counts, strict=True)}
        middle = [
            (shape, n)
            for shape, n in zip(west.shapes, west.counts, strict=True)
            if shapely.bounds(shape)[2] < X + 2000
        ]
        assert len(middle) > 100
        assert all(inside[shape.wkb] == n for shape, n in middle)
        covered = shapely.STRtree(whole.shapes).query(
            shapely.points(points), predicate="dwithin", distance=1e-6
        )
        assert len(np.unique(covered[0])) == 2000


class TestManySmallAreas:
    def test_dashed_areas_that_touch_dash_their_border_once(self, tmp_path):
        blocks = zones_of(2, block_name=["甲", "乙"], scope=["建设控制地带"] * 2)
        text = print_map(heritage_map(blocks), tmp_path / "a.svg", date="2025-12-31").read_text("utf-8")
        assert text.count("stroke-dasharray") == 2  # all of the map's, and the swatch of the legend

    def test_areas_too_small_to_be_told_apart_are_one_ground(self, tmp_path):
        side = 40
        places = [(573000 + 20 * i, 4520000 + 20 * j) for i in range(side) for j in range(side)]
        zones = gpd.GeoDataFrame(
            {"zone_code": [f"Z{at}" for at in range(side**2)]},
            geometry=[box(x, y, x + 20, y + 20) for x, y in places],
            crs=4547,
        )
        near, far = (
            print_map(zones_map(zones), tmp_path / f"{scale}.svg", scale=scale, date="2025-12-31")
            for scale in (5_000, 50_000)
        )
        counts = [path.read_text("utf-8").count("<path") for path in (near, far)]
        assert counts[0] > side**2 / 2
        assert counts[1] < 20

    def test_ground_that_crosses_itself_is_printed_with_its_name(self, tmp_path):
        bow = Polygon([(573000, 4520000), (573900, 4520900), (573900, 4520000), (573000, 4520900)])
        zones = zones_of(1).set_geometry([bow])
        assert "Z0" in texts_of(print_map(zones_map(zones), tmp_path / "a.svg", date="2025-12-31"))


class TestTwoStates:
    @pytest.fixture
    def sheet(self, tmp_path):
        old, new = zones_of(2), zones_of(3)
        drawn = zjk_gis.maps.changes_map(old, new, titles=("去年", "今年"))
        return parsed(print_map(drawn, tmp_path / "m.svg", orientation="landscape"))

    def test_they_lie_side_by_side_at_one_scale(self, sheet):
        frames = [[float(r.get(k)) for k in ("x", "y", "width", "height")]
                  for c in sheet.iter(f"{SVG}clipPath") for r in c]  # fmt: skip
        (x, y, width, height), (right, top, wide, high) = frames
        assert (y, width, height) == (top, wide, high)
        assert right >= x + width + 3
        heads: dict[str, ET.Element] = {}
        for text in sheet.iter(f"{SVG}text"):  # the legend names the two after the headings
            heads.setdefault(text.text, text)
        assert [float(heads[word].get("x")) for word in ("去年", "今年")] == [x, right]
        assert all(float(heads[word].get("y")) < y for word in ("去年", "今年"))

    def test_each_shows_its_own_state(self, sheet):
        before, after = (group for group in sheet.iter(f"{SVG}g") if group.get("clip-path"))

        def zones(group):
            return [p for p in group if p.get("stroke") == "#64748b"]

        assert (len(zones(before)), len(zones(after))) == (2, 3)
        green = [p for p in after if p.get("stroke") == "#00573f"]  # the zone that is new
        assert len(green) == 1
        assert not [p for p in before if p.get("stroke") == "#00573f"]

    def test_in_one_frame_there_is_no_heading(self, tmp_path):
        sheet = parsed(print_map(drawn(), tmp_path / "m.svg"))
        assert len(list(sheet.iter(f"{SVG}clipPath"))) == 1


class TestNamesOfAreas:
    def zones(self, side, n=8):
        shapes = [box(X + side * i, Y + side * j, X + side * (i + 1), Y + side * (j + 1))
                  for i in range(n) for j in range(n)]  # fmt: skip
        names = [f"怡安街社区第{k}责任区" for k in range(n * n)]
        chiefs = [f"路长{k}号" for k in range(n * n)]
        return gpd.GeoDataFrame(
            {"zone_code": names, "zone_name": names, "chief_name": chiefs}, geometry=shapes, crs=4547
        )

    @pytest.mark.parametrize("paper", ["A4", "A3"])
    def test_a_name_wider_than_its_zone_is_broken_and_written_smaller(self, paper, tmp_path):
        """Zones of 400 m: 16 mm at 1:25,000, where a name of ten characters of 2.5 mm needs 25."""
        made = print_map(
            zjk_gis.maps.zones_map(self.zones(400)), tmp_path / "m.svg", paper=paper, scale=25_000
        )
        words = "".join(str(text) for text in texts_of(made))
        assert all(f"怡安街社区第{k}责任区" in words for k in range(64))
        assert "容不下名称" not in words

    def test_a_zone_too_small_for_its_name_is_counted(self, tmp_path):
        made = print_map(zjk_gis.maps.zones_map(self.zones(20)), tmp_path / "m.svg", scale=25_000)
        assert "64 个区域容不下名称，未标注" in " ".join(texts_of(made))

    def test_names_do_not_hide_marks(self, tmp_path):
        k = np.arange(160)
        spots = [Point(X + 20 * i, Y + 20 * j) for i in k for j in k]
        assigned = gpd.GeoDataFrame({"zone_code": "x", "found": "inside"}, geometry=spots, crs=4547,
                                    index=range(len(spots)))  # fmt: skip
        drawn = zjk_gis.maps.assignment_map(assigned, self.zones(400))
        words = " ".join(texts_of(print_map(drawn, tmp_path / "m.svg", scale=25_000)))
        assert "怡安街" not in words
        assert "64 个区域容不下名称，未标注" in words

    @pytest.mark.parametrize("first", ["丁", "丁" * 100])
    def test_a_name_of_a_hundred_characters_hides_no_other(self, first, tmp_path):
        """Twelve parking lots, 100 m apart: 20 mm at 1:5,000, and a name that is cut has 40."""
        names = [first, *(f"停车场{i}" for i in range(1, 12))]
        spots = [Point(X + 100 * (i % 4), Y + 100 * (i // 4)) for i in range(12)]
        lots = gpd.GeoDataFrame({"lot_code": names, "lot_name": names}, geometry=spots, crs=4547)
        made = print_map(zjk_gis.maps.parking_map(lots, within_m=10), tmp_path / "m.svg", scale=5000)
        assert {f"停车场{i}" for i in range(1, 12)} <= set(texts_of(made))


def test_an_explanation_frames_its_zone_whole_with_a_margin(tmp_path):
    """A zone of 3 km by 1 km, and an incident in its corner."""
    zones = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(X, Y, X + 3000, Y + 1000)], crs=4547)
    incident = gpd.GeoDataFrame(geometry=[Point(X + 10, Y + 10)], crs=4547)
    drawn = zjk_gis.maps.explanation_map(zjk_gis.explain_incident(incident, zones))
    west, south, east, north = gpd.GeoSeries([box(*drawn.extent)], crs=4326).to_crs(4547).total_bounds - [
        X,
        Y,
        X,
        Y,
    ]
    assert west < -150
    assert south < -150, "ground around the incident"
    assert 3030 < east < 3300
    assert 1030 < north < 1300
    sheet = print_map(drawn, tmp_path / "m.svg")
    assert told_by_sheet(sheet, {"责任区"}) == [("责任区", "1")]
    assert "位置示意" not in texts_of(sheet)


def test_a_map_of_a_day_leaves_out_zones_of_other_days(tmp_path):
    zones = zones_of(valid_to=[None, "2024-12-31", None, None])
    drawn = city_map({"responsibility_zones": zones}, date="2025-06-01")
    assert "1 个责任区当日不在有效期，未画出" in " ".join(texts_of(print_map(drawn, tmp_path / "m.svg")))


def test_every_ready_map_takes_the_day_that_is_told_on_it():
    ready = [name for name in zjk_gis.maps.__all__ if name.endswith("_map")]
    takes = {name: {*inspect.signature(getattr(zjk_gis.maps, name)).parameters} for name in ready}
    assert {name for name, options in takes.items() if "date" not in options} == {"add_base_map", "base_map"}


def test_day_and_source_are_the_maps_own_unless_others_are_named(tmp_path):
    zones = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(573000, 4520000, 574500, 4521000)], crs=4547)
    drawn = city_map({"responsibility_zones": zones}, source="市城管局", date="2025-12-31")
    own = print_map(drawn, tmp_path / "own.svg").read_text("utf-8")
    assert "数据来源：市城管局" in own
    assert "制图日期 2025-12-31" in own
    other = print_map(drawn, tmp_path / "other.svg", source="区局", date="2026-01-02").read_text("utf-8")
    assert "区局" in other
    assert "制图日期 2026-01-02" in other


def test_headings_one_below_another_go_to_the_next_column_with_their_key():
    """Room for a group or a layer of the next one, but not for both and a key."""
    style = {"fillColor": "#ffffff"}
    rows = [
        (None, 0, "案件", ""),
        (style, 2, "1", ""),
        (style, 2, "2–4", ""),
        (None, 0, "底图", ""),
        ({}, 0, "道路", ""),
    ]
    legend = furniture.Legend([*rows, (style, 1, "巷", "")])
    columns = [Box(at * 50.0, 0.0, 45.0, 28.0) for at in range(2)]
    places = furniture._places(columns, legend, 1.0, 2.0)
    assert [columns.index(room) for room, _ in places] == [0, 0, 0, 1, 1, 1]
