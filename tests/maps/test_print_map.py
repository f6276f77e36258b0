"""Maps on paper: sizes that a ruler confirms, text that can be searched, and nothing that runs."""

import re
import xml.etree.ElementTree as ET

import folium
import geopandas as gpd
import numpy as np
import pypdf
import pytest
import shapely
from shapely import LineString, Point, box

import zjk_gis
from zjk_gis.errors import EmptyLayerError, FileError, InputError
from zjk_gis.maps import city_map, print_map
from zjk_gis.maps.printing import fonts

X, Y = 573000, 4520000
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

    def test_a_machine_without_chinese_characters_is_told_what_to_install(self, monkeypatch, tmp_path):
        fonts._installed.cache_clear()
        latin = [each for each in fonts._system_fonts() if each.family.startswith(("DejaVu", "Liberation"))]
        monkeypatch.setattr(fonts, "_system_fonts", lambda: latin)
        with pytest.raises(InputError, match="apt install fonts-noto-cjk"):
            print_map(drawn(), tmp_path / "m.pdf")
        fonts._installed.cache_clear()

    def test_a_file_may_be_named_as_the_typeface(self, tmp_path):
        file, _ = fonts.find_typeface().files[400]
        made = print_map(drawn(), tmp_path / "m.pdf", font=file)
        assert "张家口市责任区图" in pypdf.PdfReader(made).pages[0].extract_text()


def test_it_is_a_public_name():
    assert zjk_gis.print_map is print_map


def test_codes_stand_at_marks_and_crowds_are_dots(tmp_path):
    gaps = zones_of(2, 900, gap_code=["G001", "G002"], kind=["hole", "hole"])
    words = texts_of(print_map(zjk_gis.gaps_map(None, zones_of(), gaps), tmp_path / "gaps.svg"))
    assert {"G001", "G002"} <= set(words)
    rng = np.random.default_rng(0)
    points = gpd.points_from_xy(X + rng.random(500) * 2000, Y + rng.random(500) * 500, crs=4547)
    made = print_map(zjk_gis.density_map(gpd.GeoDataFrame(geometry=points)), tmp_path / "density.svg")
    assert "六边形" not in " ".join(texts_of(made)), "how hexagons are counted is for the screen"


def test_a_map_of_a_day_leaves_out_zones_of_other_days(tmp_path):
    zones = zones_of(valid_to=[None, "2024-12-31", None, None])
    drawn = city_map({"responsibility_zones": zones}, date="2025-06-01")
    assert "1 个责任区当日不在有效期,未画出" in " ".join(texts_of(print_map(drawn, tmp_path / "m.svg")))
