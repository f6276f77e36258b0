"""One visual language: no two entries of a legend look alike, and what was found lies above all else."""

import itertools
import json
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString, Point, box

import zjk_gis
from zjk_gis.access import RoadNetwork, Siting, road_network
from zjk_gis.assign import assign_incidents
from zjk_gis.drawing import palette
from zjk_gis.drawing.palette import HOT_CLASSES, HOT_PATTERNS
from zjk_gis.layers import label
from zjk_gis.maps import (
    access_map,
    changes_map,
    city_map,
    dead_ends_map,
    dig_map,
    gaps_map,
    heritage_map,
    hot_spots_map,
    parking_map,
    pipes_map,
    print_map,
    roads_map,
    save_offline,
    shut_off_map,
    siting_map,
    style,
    trace_map,
    zones_map,
)
from zjk_gis.maps.ready.access import _ENDS as ENDS
from zjk_gis.maps.ready.access import _REASONS as REASONS
from zjk_gis.maps.ready.findings import FINDINGS
from zjk_gis.maps.ready.heritage import _FINDINGS as IN_PROTECTION
from zjk_gis.maps.ready.kinds import Question, draw_kind
from zjk_gis.maps.ready.networks import _IMPACTS as IMPACTS
from zjk_gis.maps.ready.networks import _STATES as STATES
from zjk_gis.maps.ready.road_graph import _DECISIONS as DECISIONS
from zjk_gis.maps.ready.siting import _REASONS as SITED
from zjk_gis.standards import rules_table
from zjk_gis.synth import make_city

X, Y = 573000, 4520000
DAY = "2025-10-01"
APART = 20  # in CIELAB: shades of one colour lie nearer


def lab(colour, opacity=1.0):
    """A colour on white ground, in CIELAB."""
    rgb = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255 * opacity + (1 - opacity)
    rgb = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ rgb / [0.9505, 1, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def stroke(look):
    """Dashes as the eye sorts them: none, dots, short, long, mixed."""
    lengths = [float(each) for each in look.get("dashArray", "").split()]
    drawn = lengths[::2]
    if not lengths or not any(lengths[1::2]):
        return "full"
    return f"mixed {len(drawn)}" if len(drawn) > 1 else np.digitize(drawn[0], [3.5, 7.5]).item()


def seen(look, dimension):
    """What can be seen of a look in a swatch: its form, and its colours."""
    rim = look.get("casing", {}).get("color", style.WHITE)
    if dimension == 0:
        inside = [(look["fillColor"], look["fillOpacity"])] if look.get("fill") is not False else []
        edge = [] if "casing" in look else [(look["color"], 1.0)]
        return (0, look["shape"], bool(edge)), inside + edge
    if dimension == 1:
        rims = [] if rim == style.WHITE else [(rim, 1.0)]
        return (1, stroke(look), bool(rims)), [(look["color"], 1.0), *rims]
    fill = (look["fillColor"], look["fillOpacity"])
    return (2, stroke(look), look.get("hatch"), bool(look.get("fills"))), [fill, (look["color"], 1.0)]


def entries(page):
    """The entries of a page's legend, which are those of its sheet."""
    for layer in page.drawn:
        if not layer.name or layer.texts is not None or layer.in_cells or not len(layer.shapes):
            continue
        dimension = int(np.bincount(shapely.get_dimensions(layer.shapes)).argmax())
        keys = [key for key in layer.keys if key[1]] or [(int(layer.style_of[0]), layer.name)]
        for at, text in keys:
            yield text, layer.name, seen(layer.styles[at], dimension), layer.side


def are_alike(one, other):
    (form, colours), (other_form, other_colours) = one, other
    if form != other_form or len(colours) != len(other_colours):
        return False
    apart = [np.linalg.norm(lab(*a) - lab(*b)) for a, b in zip(colours, other_colours, strict=True)]
    return max(apart) < APART


def confused(page):
    """Pairs of entries of a legend that mean different things and look alike, on the same side of a map."""
    return [
        f"{a[1]}: {a[0]} / {b[1]}: {b[0]}"
        for a, b in itertools.combinations(entries(page), 2)
        if a[0] != b[0] and {a[3], b[3]} != {"before", "after"} and are_alike(a[2], b[2])
    ]


@pytest.fixture(scope="module")
def question():
    city = make_city(grids=300, incidents=1000, seed=3)
    raw = city.incidents.rename(columns={"案件编号": "incident_code", "发生时间": "occurred_at"})
    points = np.where(raw["经度"].isna(), None, gpd.points_from_xy(raw["经度"], raw["纬度"]))
    incidents = gpd.GeoDataFrame(raw, geometry=points, crs=4490)
    return Question(city.layers, at=DAY, incidents=incidents)


def one(look):
    """A row of a finding, of the shape that it is drawn as."""
    shape = Point(X, Y) if "shape" in look else box(X, Y, X + 9, Y + 9)
    shape = shape if "fillColor" in look or "shape" in look else LineString([(X, Y), (X + 9, Y)])
    return gpd.GeoDataFrame(geometry=[shape], crs=4547)


def some(kinds):
    return gpd.GeoDataFrame({"kind": list(kinds)}, geometry=[box(X, Y, X + 9, Y + 9)] * len(kinds), crs=4547)


@pytest.fixture(scope="module")
def everything(question):
    """The map of a city with every finding there is."""
    zones = question.layers["responsibility_zones"]
    results = {name: one(look) for name, (_, look) in FINDINGS.items()}
    results |= {"gaps": some(style.GAP_LOOKS), "overlaps": some(style.OVERLAP_LOOKS)}
    results["assigned"] = assign_incidents(question.incidents, zones)
    return city_map(question.layers, results=results, date=DAY).zjk_page


class TestNoTwoLookAlike:
    @pytest.mark.parametrize(
        "kind", ["zones", "assignment", "gaps", "pipes", "parking", "heritage", "density"]
    )
    def test_on_the_map_of_one_question(self, question, kind):
        assert confused(draw_kind(kind, question)[0].zjk_page) == []

    def test_on_the_map_of_a_city_with_every_finding(self, everything):
        assert confused(everything) == []

    def test_among_what_is_found_in_protected_ground(self, question):
        found = {name: one(FINDINGS[name][1]) for name in IN_PROTECTION if name in FINDINGS}
        layers = {"streets": question.layers["streets"]}
        drawn = heritage_map(question.layers["historic_blocks"], findings=found, layers=layers)
        assert confused(drawn.zjk_page) == []

    @pytest.mark.parametrize("given", ["pipes", "manholes"])
    def test_among_pipes_of_every_kind_that_the_standard_names(self, given):
        kinds = rules_table("pipe_kinds")["pipe_kind"].tolist()
        shape = LineString([(X, Y), (X + 9, Y)]) if given == "pipes" else Point(X, Y)
        rows = gpd.GeoDataFrame({"pipe_kind": [*kinds, "?"]}, geometry=[shape] * (len(kinds) + 1), crs=4547)
        assert confused(pipes_map(**{given: rows}).zjk_page) == []

    def test_shades_of_a_colour_are_alike_and_shapes_or_hatches_are_not(self):
        plain, dashed = style.area(style.FAULT), style.area(style.FAULT, dash="6 4")
        assert are_alike(seen(plain, 2), seen(style.area("#b82d25"), 2))
        assert not are_alike(seen(plain, 2), seen(dashed, 2))
        assert not are_alike(seen(style.mark(style.BLUE), 0), seen(style.mark(style.BLUE, "square"), 0))


def coded(looks, column, **more):
    """One row of each value of a column, in one layer of areas."""
    words = list(looks)
    shapes = [box(X + 9 * at, Y, X + 9 * at + 9, Y + 9) for at in range(len(words))]
    return gpd.GeoDataFrame({column: words} | more, geometry=shapes, crs=4547)


def pointed(rows):
    return rows.set_geometry(rows.representative_point())


def lined(rows):
    return rows.set_geometry(rows.boundary)


LOTS = gpd.GeoDataFrame({"lot_code": ["T1"]}, geometry=[Point(X, Y)], crs=4547)


def sited(demand):
    sites = gpd.GeoDataFrame({"order": [1]}, geometry=[Point(X, Y)], crs=4547)
    return Siting(sites, demand, "cover", 1.0, 1.0, 1.0, 1.0, 0.0, [])


MOVED = ("other_zone", "other_chief", "from_nobody", "to_nobody")
ZONES, VALVES = coded("ab", "zone_code"), pointed(coded("v", "valve_code"))
MORE = {
    "access": lambda: access_map(coded(REASONS, "reason"), LOTS, served=coded([500.0], "within_m")),
    "access of homes that are points": lambda: access_map(pointed(coded(REASONS, "reason")), LOTS),
    "dead ends": lambda: dead_ends_map(pointed(coded(ENDS, "kind")), links=lined(coded("x", "link_code"))),
    "siting": lambda: siting_map(sited(coded(SITED, "reason")), existing=LOTS),
    "hot spots": lambda: hot_spots_map(coded(HOT_CLASSES, "hot_class"), streets=coded("s", "street_name")),
    "patterns": lambda: hot_spots_map(coded(HOT_PATTERNS, "pattern"), streets=coded("s", "street_name")),
    "trace": lambda: trace_map(lined(coded([0, 200, 900, 5000], "distance_m")), street()),
    "burst": lambda: shut_off_map(
        lined(coded(STATES, "state")), VALVES, stuck=VALVES, users=pointed(coded(STATES, "state")),
        pipes=street(),
    ),
    "dig": lambda: dig_map(lined(coded(IMPACTS, "impact", pipe_code="P")), coded("d", "permit_code")),
    "changes": lambda: changes_map(ZONES, ZONES, coded(MOVED, "kind", move_code="M", area_m2=1.0)),
    "parking": lambda: parking_map(
        pointed(coded(["公共", "专用"], "lot_kind")), gaps=coded("g", "gap_code"), region=ZONES
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MORE)
def test_no_two_look_alike_on_any_other_map(name):
    assert confused(MORE[name]().zjk_page) == []


def test_no_two_look_alike_on_the_map_of_roads(monkeypatch):
    told = pointed(coded(DECISIONS, "decision"))
    monkeypatch.setattr(RoadNetwork, "report", property(lambda _: told))
    apart = [LineString([(X, Y), (X + 90, Y)]), LineString([(X, Y + 900), (X + 50, Y + 900)])]
    network = road_network(gpd.GeoDataFrame(geometry=apart, crs=4547))
    weak = pd.concat([lined(coded(["road"], "kind")), pointed(coded(["junction"], "kind"))])
    assert confused(roads_map(network, bottlenecks=weak).zjk_page) == []


def test_a_lot_that_is_not_public_serves_nobody_and_no_reach_lies_over_a_gap():
    lots = pointed(coded(["公共", "专用"], "lot_kind"))
    gap = gpd.GeoDataFrame({"gap_code": ["g"]}, geometry=[box(X + 7, Y, X + 18, Y + 9)], crs=4547)
    page = parking_map(lots, gaps=gap, within_m=6).zjk_page
    reach = next(layer for layer in page.drawn if "服务范围" in layer.name)
    moved = gpd.GeoSeries(reach.shapes, crs=4326).to_crs(4547)
    assert moved.distance(lots.geometry[1]).item() > 5  # of the other lot alone, and cut
    assert moved.intersection(gap.geometry[0]).area.item() < 0.1
    assert [key[1] for key in page.layers[1]["keys"]] == ["对公众开放", "不对公众开放，不计入服务范围"]


class TestWhatWasFoundLiesOnTop:
    def is_last(self, page, names):
        drawn = [layer.name for layer in page.drawn if layer.name and layer.texts is None]
        first = min(drawn.index(name) for name in names)
        return set(drawn[first:]) <= set(names)

    def test_of_a_city(self, everything):
        names = [
            label(name, "zh") for name in (*FINDINGS, "gaps", "overlaps", "gaps_spots", "overlaps_spots")
        ]
        assert self.is_last(everything, names)

    def test_of_gaps_and_of_parking(self, question):
        for kind, named in (("gaps", "gaps overlaps gaps_spots overlaps_spots"), ("parking", "parking_gaps")):
            page = draw_kind(kind, question)[0].zjk_page
            assert self.is_last(page, [label(name, "zh") for name in named.split()])

    def test_of_pipes_and_of_protection(self, question):
        pipes = question.layers["pipelines"]
        found = one(FINDINGS["misconnections"][1])
        page = pipes_map(pipes, question.layers["manholes"], findings={"misconnections": found}).zjk_page
        assert self.is_last(page, [label("misconnections", "zh")])
        page = draw_kind("heritage", question)[0].zjk_page
        assert self.is_last(page, [label("pipelines_in_core", "zh")])

    def test_lines_have_a_casing_that_sets_them_off_from_the_pipes_below(self):
        lines = [look for _, look in FINDINGS.values() if "fillColor" not in look and "shape" not in look]
        assert lines
        assert all(look["casing"]["color"] == style.WHITE for look in lines)
        assert all(look["casing"]["weight"] > look["weight"] for look in lines)


def zones():
    shapes = [box(X + 200 * i, Y, X + 200 * (i + 1), Y + 200) for i in range(3)]
    return gpd.GeoDataFrame({"zone_code": list("abc")}, geometry=shapes, crs=4547)


class TestTheSwatchOfZones:
    def test_it_shows_every_colour_that_is_used_and_the_legend_says_they_mean_nothing(self):
        layer = zones_map(zones()).zjk_page.layers[0]
        assert layer["styles"][layer["keys"][0][0]]["fills"] == list(style.PASTELS[:3])
        assert layer["note"] == "颜色只用于区分相邻责任区"

    def test_one_zone_has_one_colour_and_no_note(self):
        layer = zones_map(zones().iloc[:1]).zjk_page.layers[0]
        assert layer["styles"][0]["fills"] == [style.PASTELS[0]]
        assert layer["note"] == ""

    def test_the_sheet_shows_them_side_by_side(self, tmp_path):
        text = print_map(zones_map(zones()), tmp_path / "a.svg", date=DAY).read_text(encoding="utf-8")
        drawn = [text.count(f'fill="{colour}"') for colour in style.PASTELS[:4]]
        assert drawn == [2, 2, 2, 0]  # on the map and in the legend

    @pytest.mark.browser
    def test_so_does_the_page(self, visit, tmp_path):
        page = visit(save_offline(zones_map(zones()), tmp_path / "a.html")).page
        colours = page.evaluate(
            """() => {
                const ctx = document.querySelector(".zjk-panel canvas").getContext("2d");
                const d = ctx.getImageData(6, 16, 36, 1);
                const seen = new Set();
                for (let i = 0; i < d.data.length; i += 4) { seen.add(d.data.slice(i, i + 3).join()); }
                return seen.size;
            }"""
        )
        assert colours >= 3


def street():
    """Sewage and power three metres apart, along 600 metres."""
    lines = [LineString([(X, Y + 3 * i), (X + 600, Y + 3 * i)]) for i in range(2)]
    return gpd.GeoDataFrame({"pipe_kind": ["WS", "GD"]}, geometry=lines, crs=4547)


# How many pixels of the column in the middle of the map are covered.
THICK = """() => {
    const canvas = document.querySelector('.zjk-sheet canvas:not([style*="hidden"])'), w = canvas.width;
    const column = canvas.getContext("2d").getImageData(w >> 1, 0, 1, canvas.height).data;
    let sum = 0;
    for (let i = 3; i < column.length; i += 4) { sum += column[i] / 255; }
    return sum;
}"""


class TestPipesOfOneStreet:
    @pytest.mark.browser
    def test_from_afar_they_are_thin_and_near_by_they_are_full(self, visit, tmp_path):
        seen = visit(save_offline(pipes_map(street().iloc[:1]), tmp_path / "a.html"))
        thick = {}
        for zoom in (13, 15, 18):
            seen.page.evaluate("zoom => void zjk.map.setZoom(zoom, { animate: false })", zoom)
            seen.rest(600)
            thick[zoom] = seen.page.evaluate(THICK)
        assert thick == pytest.approx({13: 0.6, 15: 1.2, 18: 2.4}, abs=0.25)

    def test_on_paper_they_are_as_thin_as_on_a_screen_that_shows_as_much(self, tmp_path):
        def line(scale):
            made = print_map(pipes_map(street()), tmp_path / "a.svg", scale=scale, date=DAY)
            text = made.read_text(encoding="utf-8")
            colour = style.pipe_colour("PS")
            return float(text.split(f'stroke="{colour}" stroke-width="')[1].split('"')[0])

        full, far, farthest = line(500), line(20_000), line(200_000)
        assert farthest == pytest.approx(full / 4, rel=0.01)
        assert farthest < far < full

    def test_drains_keep_the_brown_of_the_standard_and_differ_inside(self):
        rows = gpd.GeoDataFrame(
            {"pipe_kind": ["WS", "YS", "HS"]}, geometry=[street().geometry[0]] * 3, crs=4547
        )
        layer = pipes_map(rows).zjk_page.layers[0]
        sewage, rain, combined = layer["styles"]
        brown = style.pipe_colour("PS")
        assert (sewage["color"], rain["casing"]["color"], combined["casing"]["color"]) == (brown,) * 3
        assert (rain["color"], rain.get("dashArray")) == (style.WHITE, None)
        assert (combined["color"], combined["dashArray"]) == (style.WHITE, "5 4")


def test_levels_of_zones_have_outlines_of_their_own():
    levels = gpd.GeoDataFrame(
        {"zone_code": list("abcd"), "level": [1, 2, 3, 4]}, geometry=[box(X, Y, X + 9, Y + 9)] * 4, crs=4547
    )
    looks = [json.dumps(each["styles"]) for each in zones_map(levels).zjk_page.layers]
    assert len(set(looks)) == 4


def test_a_map_of_gaps_alone_has_no_two_alike():
    assert confused(gaps_map(None, None, some(style.GAP_LOOKS), some(style.OVERLAP_LOOKS)).zjk_page) == []


def test_the_colours_of_the_house_are_written_once():
    """Pages, sheets, charts, workbooks and QGIS styles all take them from the palette by name."""
    named = {value for value in vars(palette).values() if isinstance(value, str) and value.startswith("#")}
    room = Path(zjk_gis.__file__).parent
    written = [
        f"{path.relative_to(room)}: {colour}"
        for path in sorted(room.rglob("*.py"))
        if path.name != "palette.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if not line.lstrip().startswith(">>>")
        for colour in re.findall(r'"(#[0-9a-f]{6})"', line)
        if colour in named
    ]
    assert len(named) >= 14
    assert written == []
