"""One small city in every kind of system: metres, feet, degrees and stretched projections, on any continent.

200 +---------+---------+      C and D lie above A and B; between B and D is a gap of 100 × 40 m, and B
    |    C    |    D    |      reaches 5 m into A. Incidents: 1 in A, 2 in the gap 15 m above B, 3 in the
140 |         +---------+      overlap, 4 30 m east of B, 5 100 m east of B.
100 +---------+=========+
    |    A   |3|   B    |  4      5
  0 +---------+---------+
    0       95 100     200
"""

import logging

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Geod, Transformer
from shapely import LineString, Point, box

import zjk_gis
from zjk_gis import crs
from zjk_gis.crs.measuring import measured_otherwise
from zjk_gis.crs.projections import in_metres, scale_at
from zjk_gis.crs.requirements import unit_at
from zjk_gis.errors import CRSError

# Where the corner of the city lies, in metres of a system there, and the systems it is drawn in.
PLACES = {
    "Chicago": (32616, (448000, 4636000), [32616, 3435, 4326, 3857, 4087, 5070]),
    "Los Angeles": (32611, (385000, 3768000), [2229]),
    "New York": (32618, (585000, 4512000), [6539]),
    "London": (27700, (530000, 180000), [27700, 4277]),
    "Sydney": (32756, (334000, 6250000), [4283, 3857]),
    "Quito": (32717, (780000, 9976000), [4326]),
    "Taveuni, on both sides of 180°": (32701, (178400, 8137400), [4326]),
    "Tromsø": (32634, (421000, 7728000), [4326]),
    "Zhangjiakou": (4547, (573000, 4520000), [4490, 3857]),
}
SYSTEMS = [(place, system) for place, (_, _, systems) in PLACES.items() for system in systems]


def layer(place, system, shapes, **columns):
    """Draw shapes of the city at a place, in a system."""
    own, (east, north), _ = PLACES[place]
    # A vertex every 5 m, so that borders match in every projection.
    drawn = gpd.GeoSeries(shapes).segmentize(5).translate(east, north).set_crs(own)
    return gpd.GeoDataFrame(columns, geometry=drawn.to_crs(system))


class City:
    def __init__(self, place, system):
        def draw(shapes, **columns):
            return layer(place, system, shapes, **columns)

        self.place, self.draw = place, draw
        self.crs = CRS(system)
        self.region = draw([box(0, 0, 200, 200)])
        squares = [box(0, 0, 100, 100), box(95, 0, 200, 100), box(0, 100, 100, 200), box(100, 140, 200, 200)]
        self.zones = draw(squares, zone_code=list("ABCD"))
        spots = [Point(50, 50), Point(150, 115), Point(97, 50), Point(230, 50), Point(300, 50)]
        self.incidents = draw(spots, incident_code=list("12345"), zone_code=["A", "D", "A", "B", "B"])
        self.sections = draw([LineString([(0, -5), (200, -5)])], section_code=["S1"], chief_code=["R1"])
        self.roads = draw([LineString([(10, 50), (190, 50)])], edge_code=["L1"], road_name=["Main"])
        self.manholes = draw([Point(50, 50), Point(150, 120)], manhole_code=["M1", "M2"])
        self.pipes = draw(
            [LineString([(50, 50), (90, 50)])],
            pipe_code=["W1"],
            pipe_kind=["WS"],
            start_manhole=["M1"],
            end_manhole=["M9"],
        )
        self.lots = draw([Point(0, 0)], lot_code=["P1"])
        self.blocks = draw([box(60, 0, 200, 200)], block_name=["Old town"], scope=["核心保护范围"])


@pytest.fixture(params=SYSTEMS, ids=[f"{place} {system}" for place, system in SYSTEMS])
def city(request):
    return City(*request.param)


def near(*numbers):
    """Lengths and areas as drawn, to the 0.2 % by which UTM and the like are too short or long."""
    return pytest.approx(numbers, rel=5e-3, abs=1e-3)


class TestEveryAnswerIsInMetres:
    def test_incidents(self, city):
        assigned = zjk_gis.assign_incidents(
            city.incidents, city.zones, sections=city.sections, nearest_within_m=56
        )
        assert assigned["zone_code"].fillna("-").tolist() == ["A", "B", "A", "B", "-"]
        assert assigned["found"].tolist() == ["inside", "nearest", "inside", "nearest", "none"]
        assert assigned["distance_m"].tolist()[1::2] == near(15, 30)
        assert assigned["section_code"].fillna("-").tolist() == ["S1", "-", "S1", "-", "-"]
        assert assigned["section_distance_m"].tolist()[:1] == near(55)
        assert assigned.crs == city.incidents.crs
        told = zjk_gis.explain_incident(city.incidents.iloc[[1]], city.zones).considered
        assert told["distance_m"].tolist()[:2] == near(15, 25)
        assert told["area_m2"].tolist()[:2] == near(10500, 6000)

    def test_what_was_recorded(self, city):
        check = zjk_gis.check_assignment(city.incidents, city.zones)
        assert check.rows["agreement"].tolist() == ["agrees", "near", "agrees", "agrees", "far"]
        assert check.rows["recorded_m"].tolist()[1::3] == near(25, 100)

    def test_a_batch(self, city, tmp_path):
        points = city.incidents.geometry
        table = pd.DataFrame(
            {"incident_code": city.incidents["incident_code"], "lon": points.x, "lat": points.y}
        )
        table.to_csv(tmp_path / "incidents.csv", index=False)
        done = zjk_gis.assign_batch(
            tmp_path / "incidents.csv", city.zones, tmp_path / "out.csv", crs=city.crs, lon="lon", lat="lat"
        )
        out = pd.read_csv(tmp_path / "out.csv")
        assert done.rejects == 0
        assert out["zone_code"].fillna("-").tolist() == ["A", "B", "A", "B", "-"]
        assert out["distance_m"].tolist()[1::2] == near(15, 30)

    def test_holes_and_overlaps(self, city, tmp_path):
        gaps = zjk_gis.coverage_gaps(city.region, city.zones)
        assert gaps[["area_m2", "width_m", "length_m"]].iloc[0].tolist() == near(4000, 40, 100)
        overlaps = zjk_gis.overlapping_zones(city.zones)
        assert overlaps[["area_m2", "width_m", "length_m"]].iloc[0].tolist() == near(500, 5, 100)
        assert overlaps.crs == gaps.crs
        zjk_gis.write_layer(gaps, tmp_path / "gaps.gpkg")
        assert zjk_gis.read_layer(tmp_path / "gaps.gpkg").area.tolist() == near(4000)
        ranked = zjk_gis.coverage.rank_faults(
            gaps.to_crs(city.crs), incidents=city.incidents, since_days=None
        )
        assert ranked["area_m2"].tolist() == near(4000)

    def test_repairs(self, city):
        proposals = zjk_gis.repair_coverage(city.region, city.zones, max_cut_width_m=4.5)
        assert proposals["status"].tolist() == ["left_to_a_person"] * 2
        proposals = zjk_gis.repair_coverage(city.region, city.zones, max_cut_width_m=5.5)
        assert proposals["area_m2"].tolist() == near(4000, 500)
        assert proposals["status"].tolist() == ["left_to_a_person", "proposed"]
        mended = zjk_gis.coverage.apply_repairs(city.zones, proposals)
        assert mended.crs == city.zones.crs
        assert mended.to_crs(PLACES[city.place][0]).area.tolist() == near(10000, 10000, 10000, 6000)

    def test_unmatched_borders(self, city):
        apart = city.draw([box(0, 0, 100, 100), box(100.08, 0, 200, 100)], zone_code=["A", "B"])
        assert len(zjk_gis.coverage.coverage_edges(apart)) == 1
        assert len(zjk_gis.coverage.coverage_edges(apart, within_m=0.06)) == 0

    def test_roads_and_the_audit(self, city):
        audit = zjk_gis.responsibility_audit(city.region, city.zones, roads=city.roads, assigned=None)
        figures = audit.figures.set_index("measure")
        assert figures.loc[["ground_once", "ground_nobody"], "value"].tolist() == near(35500, 4000)
        assert figures.loc[["road_one", "road_several"], "value"].tolist() == near(175, 5)
        beside = zjk_gis.responsibility.road_responsibility(
            city.roads, sections=city.sections, section_within_m=56
        )
        assert beside["answering"].tolist() == [1]

    def test_patrols(self, city):
        times = pd.date_range("2025-05-01 08:00", periods=5, freq="60s").astype(str)
        fixes = city.draw([Point(x, 13) for x in range(0, 201, 50)], patrol_code="P1", recorded_at=times)
        seen = zjk_gis.responsibility.patrol_coverage(city.sections, fixes)
        assert seen["length_m"].tolist() == near(200)
        assert seen["share"].tolist() == near(1)
        assert zjk_gis.responsibility.patrol_coverage(city.sections, fixes, within_m=17)[
            "share"
        ].tolist() == [0]

    def test_manholes_and_pipes(self, city):
        assert zjk_gis.pipes.manholes_outside_zones(city.manholes, city.zones)["manhole_code"].tolist() == [
            "M2"
        ]
        assert zjk_gis.pipes.orphan_manholes(city.manholes, city.pipes, within_m=91)[
            "manhole_code"
        ].tolist() == ["M2"]
        assert (
            zjk_gis.pipes.orphan_manholes(city.manholes, city.pipes, within_m=93)["manhole_code"].tolist()
            == []
        )
        assert zjk_gis.protection.pipelines_in_core(city.pipes, city.blocks)["length_m"].tolist() == near(30)
        register = zjk_gis.pipes.CoverRegister.build(city.manholes)
        assert register.close_pairs(within_m=130)["distance_m"].tolist() == near(np.hypot(100, 70))

    def test_services(self, city):
        gaps = zjk_gis.access.parking_gaps(city.region, city.lots, within_m=100)
        assert gaps["area_m2"].sum() == pytest.approx(40000 - np.pi * 100**2 / 4, rel=5e-3)

    def test_changes(self, city):
        new = city.zones.assign(zone_code=["A", "B", "C", "B"])
        assert zjk_gis.compare_zones(city.zones, new).moved["area_m2"].tolist() == near(6000)

    def test_checks_of_layers(self, city):
        small = city.draw(
            [box(0, 0, 99, 99)], scope_code=["1"], block_name=["Old town"], scope=["核心保护范围"]
        )
        assert "small_core" in set(zjk_gis.validate(small, "historic_blocks").problems["rule"])
        large = city.draw(
            [box(0, 0, 101, 101)], scope_code=["1"], block_name=["Old town"], scope=["核心保护范围"]
        )
        assert "small_core" not in set(zjk_gis.validate(large, "historic_blocks").problems["rule"])

    def test_an_index_by_hand(self, city):
        metric = crs.as_metric(city.zones, "zones")
        places = city.incidents.geometry
        found = zjk_gis.ZoneIndex.build(metric).locate(places.x, places.y, crs=city.crs, border_within_m=2.5)
        assert np.isfinite(found.border_m).tolist() == [False, False, True, False, False]


@pytest.mark.parametrize("place", ["Chicago", "Sydney", "Zhangjiakou"])
def test_a_sheet_of_any_place_has_a_scale(place, tmp_path):
    city = City(place, 4326)
    page = zjk_gis.city_map({"responsibility_zones": city.zones})
    sheet = zjk_gis.print_map(page, tmp_path / "a.svg", date="2025-12-31").read_text("utf-8")
    assert "1:1,250" in sheet
    names = {"Chicago": "UTM zone 16N (EPSG:32616)", "Sydney": "UTM zone 56S (EPSG:32756)"}
    assert names.get(place, "中央经线 114°E（EPSG:4547）") in sheet


class TestWhichSystem:
    @pytest.mark.parametrize(
        ("own", "lon", "lat", "measured"),
        [
            (4326, -87.65, 41.85, "WGS 84 / UTM zone 16N"),
            (4269, -87.65, 41.85, "NAD83 / UTM zone 16N"),
            (3857, 151.2, -33.9, "WGS 84 / UTM zone 56S"),
            (4490, -0.1, 51.5, "WGS 84 / UTM zone 30N"),
            (4807, 2.35, 48.86, "WGS 84 / UTM zone 31N"),  # gon from Paris
            (4326, 10.0, 89.0, "WGS 84 / LAEA 89, 10"),
            (4326, 179.999, -16.9, "WGS 84 / UTM zone 60S"),
            (4326, 114.88, 40.82, "CGCS2000 / 3-degree Gauss-Kruger CM 114E"),
            (4610, 114.88, 40.82, "Xian 1980 / 3-degree Gauss-Kruger CM 114E"),
            (4087, 114.88, 40.82, "CGCS2000 / 3-degree Gauss-Kruger CM 114E"),
        ],
    )
    def test_of_a_place(self, own, lon, lat, measured):
        degrees = gpd.GeoDataFrame(geometry=[Point(lon, lat).buffer(1e-3)], crs=4610 if own == 4610 else 4326)
        assert crs.as_metric(degrees.to_crs(own), "zones").crs.name == measured

    @pytest.mark.parametrize("own", [32616, 27700, 4547, 4526, 3035, 2326, 3078])
    def test_true_metres_stay(self, own):
        middle = Transformer.from_crs(own, 4326, always_xy=True)
        assert middle is not None
        area = CRS(own).area_of_use
        lon, lat = (area.west + area.east) / 2, (area.south + area.north) / 2
        layer = gpd.GeoDataFrame(geometry=[Point(lon, lat)], crs=4326).to_crs(own)
        assert crs.as_metric(layer, "zones") is layer

    def test_feet_stay_the_same_projection_so_that_straight_borders_stay_straight(self):
        zones = gpd.GeoDataFrame(geometry=[box(6.5e6, 1.84e6, 6.5e6 + 3937, 1.84e6 + 7874)], crs=2229)
        metric = crs.as_metric(zones, "zones")
        assert metric.area.tolist() == pytest.approx([1200 * 2400], rel=1e-12)
        assert len(np.unique(metric.geometry.iloc[0].exterior.coords.xy[0])) == 2
        assert crs.convert_crs(metric, 2229).geometry.iloc[0].equals_exact(zones.geometry.iloc[0], 1e-8)

    @pytest.mark.parametrize("code", [2229, 3435, 6539, 2204, 2225, 2263])
    def test_the_metre_of_a_projection_is_a_metre(self, code):
        area = CRS(code).area_of_use
        lon, lat = (area.west + area.east) / 2, (area.south + area.north) / 2
        metric = in_metres(CRS(code))
        x, y = Transformer.from_crs(4326, metric, always_xy=True).transform(lon, lat)
        assert unit_at(metric, x, y) == 1.0
        assert scale_at(metric, x, y) == pytest.approx((1, 1), abs=4e-4)

    def test_heights_in_feet_do_not_hide_the_plane(self):
        layer = gpd.GeoDataFrame(geometry=[Point(6.5e6, 1.84e6)], crs="EPSG:2229+5703")
        assert crs.as_metric(layer, "wells").geometry.x.tolist() == pytest.approx([6.5e6 * 1200 / 3937])

    @pytest.mark.parametrize("width", [1.0, 6.0, 9.0, 40.0])
    def test_any_breadth_is_measured_truly(self, width):
        choice = crs.crs_for((-100.0, 38.0, -100.0 + width, 42.0))
        assert ("LAEA" in choice.crs.name) == (width >= 6)
        assert ("no UTM zone reaches all of it" in choice.reason) == (width >= 6)
        assert abs(choice.most_scale_ppm) < 1500 * max(1.0, (width / 6) ** 2)

    def test_a_city_on_both_sides_of_180_degrees_is_measured_there(self):
        east, west = box(179.9, -17.0, 180.0, -16.9), box(-180.0, -17.0, -179.9, -16.9)
        zones = gpd.GeoDataFrame(geometry=[east, west], crs=4326)
        metric = crs.as_metric(zones, "zones")
        assert "UTM zone" in metric.crs.name
        assert metric.geometry.distance(metric.geometry.iloc[0]).max() < 1e-6

    def test_one_stray_row_does_not_move_the_city(self):
        zones = City("Chicago", 4326).zones
        stray = pd.concat(
            [zones, gpd.GeoDataFrame({"zone_code": ["X"]}, geometry=[box(0, 0, 1, 1)], crs=4326)]
        )
        assert crs.as_metric(stray, "zones").crs.to_epsg() == 32616

    def test_a_local_system_is_refused_by_name(self):
        local = CRS.from_wkt('LOCAL_CS["site grid",UNIT["metre",1]]')
        zones = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(0, 0, 1, 1)], crs=local)
        with pytest.raises(CRSError, match=r"zones: its system, site grid, is a local one"):
            zjk_gis.coverage_gaps(None, zones)
        assert zjk_gis.validate(zones, "responsibility_zones").problems["rule"].isin(["no_crs"]).any()

    @given(st.floats(-179.9, 179.9), st.floats(-89.0, 89.0))
    @settings(max_examples=60, deadline=None)
    def test_a_kilometre_is_a_kilometre_anywhere(self, lon, lat):
        there = Geod(ellps="WGS84").fwd(lon, lat, 30, 1000)
        line = gpd.GeoDataFrame(geometry=[LineString([(lon, lat), there[:2]])], crs=4326)
        if abs(there[0] - lon) < 180:
            assert crs.as_metric(line, "roads").length.iloc[0] == pytest.approx(1000, rel=2e-3)


class TestWhatIsTold:
    def test_the_log_says_where_it_is_measured_unless_it_is_as_usual(self, caplog):
        caplog.set_level(logging.INFO, "zjk_gis")
        crs.as_metric(City("Zhangjiakou", 4490).zones, "zones")
        crs.as_metric(City("Chicago", 32616).zones, "zones")
        assert caplog.text == ""
        crs.as_metric(City("Chicago", 4326).zones, "zones")
        crs.as_metric(City("Chicago", 3435).zones, "wards")
        assert "zones: measured in WGS 84 / UTM zone 16N" in caplog.text
        assert "wards: its lengths are told in metres: NAD83 / Illinois East (ftUS) in metres" in caplog.text

    def test_an_assignment_names_the_system(self):
        city = City("Chicago", 4326)
        told = zjk_gis.assign_incidents(city.incidents, city.zones).attrs["assignment"]
        assert told["crs"] == "EPSG:32616"
        city = City("Chicago", 3435)
        told = zjk_gis.assign_incidents(city.incidents, city.zones).attrs["assignment"]
        assert told["crs"] == "NAD83 / Illinois East (ftUS) in metres"

    @pytest.mark.parametrize("system", [32616, 3435, 4326])
    def test_a_file_that_names_its_system_is_not_guessed_at(self, system, tmp_path):
        city = City("Chicago", system)
        zjk_gis.write_layer(city.zones, tmp_path / "zones.gpkg")
        remarks = zjk_gis.read_layer(tmp_path / "zones.gpkg").attrs["report"].remarks
        assert len(remarks) == 1
        assert remarks[0].startswith("zones.gpkg: lies outside China by its system")
        assert "probably" not in remarks[0]

    def test_a_layer_of_another_country_is_told_once(self):
        city = City("Chicago", 4326)
        problems = zjk_gis.validate(city.zones.assign(level=1), "responsibility_zones").problems
        rules = problems["rule"].tolist()
        assert rules.count("layer_outside_china") == 1
        assert "outside_china" not in rules
        assert problems.loc[problems["rule"] == "layer_outside_china", "severity"].tolist() == ["warning"]

    def test_swapped_axes_are_no_other_country(self):
        zones = City("Zhangjiakou", 4490).zones
        swapped = zones.set_geometry(zones.geometry.affine_transform([0, 1, 1, 0, 0, 0]))
        rules = zjk_gis.validate(swapped, "responsibility_zones").problems["rule"].tolist()
        assert rules.count("outside_china") == len(zones)
        assert "layer_outside_china" not in rules

    def test_positions_of_another_country_are_no_problem_each(self):
        city = City("Chicago", 4326)
        found = zjk_gis.check_positions(city.incidents, region=city.region.to_crs(3435))
        assert found.empty
        assert "most lie outside China" in found.attrs["remarks"][0]
        far = pd.concat([city.incidents, City("New York", 4326).incidents.iloc[:1]], ignore_index=True)
        assert zjk_gis.check_positions(far, region=city.region)["problem"].tolist() == ["outside_region"]

    def test_what_is_measured_otherwise(self):
        assert measured_otherwise(City("Zhangjiakou", 4490).zones) is None
        own, measured = measured_otherwise(City("Zhangjiakou", 3857).zones)
        assert (own.to_epsg(), measured.to_epsg()) == (3857, 4547)
