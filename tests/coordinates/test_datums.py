"""Whole layers between the datums, around the old town of Zhangjiakou."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import GeometryCollection, LineString, MultiPoint, MultiPolygon, Point, Polygon, box

import zjk_gis
from zjk_gis import convert_datum
from zjk_gis.coordinates.datums import in_declared_datum, shift, stated_datum
from zjk_gis.crs import datum, datum_of, shifted_crs
from zjk_gis.errors import CRSError, InputError
from zjk_gis.layers.columns.coordinates import coordinate_columns
from zjk_gis.layers.columns.datum_words import datum_in_name, parse_datum

LON, LAT = 114.88, 40.82
SHAPES = [
    Point(LON, LAT, 760.5),
    LineString([(LON, LAT), (LON + 0.01, LAT)]),
    box(LON, LAT, LON + 0.01, LAT + 0.01) - box(LON + 0.004, LAT + 0.004, LON + 0.006, LAT + 0.006),
    MultiPolygon([box(LON, LAT, LON + 0.01, LAT + 0.01), box(LON + 0.02, LAT, LON + 0.03, LAT + 0.01)]),
    GeometryCollection([Point(LON, LAT), LineString([(LON, LAT), (LON + 0.01, LAT)])]),
    MultiPoint([(LON, LAT), (LON + 0.01, LAT)]),
    Polygon(),
    None,
]


@pytest.fixture
def layer():
    frame = gpd.GeoDataFrame(
        {"name": list("abcdefgh")}, geometry=SHAPES, index=[5, 5, *range(6)], crs=4490
    ).rename_geometry("shape")
    frame.attrs = {"report": {"remarks": ["read"]}}
    return frame


def vertices(layer):
    return shapely.get_coordinates(layer.geometry.to_numpy())


@pytest.mark.parametrize("target", ["gcj02", "bd09"])
def test_every_kind_of_geometry_goes_and_comes_back(layer, target):
    before = layer.copy()
    there = convert_datum(layer, source="cgcs2000", target=target)
    expected = np.array(getattr(datum, f"wgs84_to_{target}")(*vertices(layer).T)).T
    assert np.array_equal(vertices(there), expected)
    assert datum_of(there.crs) == target
    assert there.geometry.name == "shape"
    assert there.geom_type.tolist() == layer.geom_type.tolist()
    assert there.geometry.iloc[0].z == 760.5
    assert there.geometry.iloc[6].is_empty
    assert there.geometry.iloc[7] is None
    back = convert_datum(there, source=target, target="cgcs2000")
    assert np.abs(vertices(back) - vertices(layer)).max() < 1e-10
    assert back.crs.to_epsg() == 4490
    pd.testing.assert_index_equal(back.index, layer.index)
    pd.testing.assert_series_equal(back["name"], layer["name"])
    assert layer.geometry.geom_equals(before.geometry).iloc[:7].all()
    assert layer.attrs == {"report": {"remarks": ["read"]}}
    remarks = back.attrs["report"].remarks
    assert remarks[0] == "read"
    assert [words.split()[2] for words in remarks[1:]] == ["CGCS2000", there.crs.name]


@pytest.mark.parametrize(
    ("source", "target", "epsg"),
    [("gcj02", "wgs84", 4326), ("gcj02", "cgcs2000", 4490), ("wgs84", "cgcs2000", 4490)],
)
def test_the_crs_is_that_of_the_target(source, target, epsg):
    series = gpd.GeoSeries([Point(LON, LAT)], crs=4326, index=["a"], name="spot")
    moved = convert_datum(series, source=source, target=target)
    assert isinstance(moved, gpd.GeoSeries)
    assert moved.crs.to_epsg() == epsg
    assert moved.name == "spot"
    assert moved.index.tolist() == ["a"]


def test_a_layer_in_metres_comes_back_in_its_projection():
    truth = gpd.GeoSeries([Point(LON, LAT)], crs=4490)
    web = convert_datum(truth, source="cgcs2000", target="gcj02").set_crs(4490, allow_override=True)
    metres = web.to_crs(4547)  # as if GCJ-02 had been the ground
    fixed = convert_datum(metres, source="gcj02", target="cgcs2000")
    assert fixed.crs.to_epsg() == 4547
    assert fixed.distance(truth.to_crs(4547)).max() < 1e-4
    assert datum_of(convert_datum(truth.to_crs(3857), source="wgs84", target="bd09").crs) == "bd09"


def test_rows_outside_china_are_counted_and_named():
    layer = gpd.GeoDataFrame(
        geometry=[Point(LON, LAT), Point(2.35, 48.86), LineString([(LON, LAT), (140, 40)]), None],
        index=list("abcd"),
        crs=4326,
    )
    moved = convert_datum(layer, source="wgs84", target="gcj02")
    assert moved.attrs["report"].datum == {
        "source": "wgs84",
        "target": "gcj02",
        "outside_china": 2,
        "outside_china_rows": ["b", "c"],
    }
    assert "2 rows lie outside China and stay as they were (rows b, c)" in moved.attrs["report"].remarks[0]
    assert moved.geometry["b"].equals(Point(2.35, 48.86))
    back = convert_datum(moved, source="gcj02", target="bd09")
    assert back.attrs["report"].datum["outside_china_rows"] == ["b", "c"]


def test_a_label_that_contradicts_is_refused():
    spot = gpd.GeoSeries([Point(LON, LAT)])
    with pytest.raises(CRSError, match="its CRS is Xian 1980, not GCJ-02"):
        convert_datum(spot.set_crs(4610), source="gcj02", target="wgs84")
    with pytest.raises(CRSError, match="its CRS is GCJ-02, not BD-09"):
        convert_datum(spot.set_crs(shifted_crs("gcj02")), source="bd09", target="wgs84")
    with pytest.raises(CRSError, match="its CRS is GCJ-02, not WGS 84"):
        convert_datum(spot.set_crs(shifted_crs("gcj02")), source="wgs84", target="gcj02")


def test_degrees_without_crs_are_taken_and_metres_refused():
    assert (
        convert_datum(gpd.GeoSeries([Point(LON, LAT)]), source="bd09", target="wgs84").crs.to_epsg() == 4326
    )
    with pytest.raises(CRSError, match="not longitude and latitude; set the CRS"):
        convert_datum(gpd.GeoSeries([Point(574000, 4520000)]), source="bd09", target="wgs84")
    assert convert_datum(gpd.GeoSeries([None]), source="bd09", target="wgs84").isna().all()


@pytest.mark.parametrize(
    ("x", "y", "are_degrees"),
    [
        (-180, -90, True), (360, 90, True), (-180.5, 0, False), (360.5, 0, False), (0, -90.5, False),
        (0, 90.5, False),
    ],
)  # fmt: skip
def test_degrees_without_crs_are_degrees_of_the_earth(x, y, are_degrees):
    where = gpd.GeoSeries([Point(x, y), Point(LON, LAT)])
    if are_degrees:
        assert len(convert_datum(where, source="gcj02", target="cgcs2000")) == 2
        return
    with pytest.raises(CRSError, match="not longitude and latitude"):
        convert_datum(where, source="gcj02", target="cgcs2000")


def test_an_unknown_datum_is_answered_with_the_known_ones():
    with pytest.raises(InputError, match="source must be one of wgs84, cgcs2000, gcj02, bd09, not 'mars'"):
        convert_datum(gpd.GeoSeries([Point(LON, LAT)]), source="mars", target="wgs84")


@pytest.mark.parametrize("ending", [".gpkg", ".shp"])
def test_a_file_remembers_that_it_is_shifted(tmp_path, ending):
    web = gpd.GeoDataFrame({"id": [1]}, geometry=[Point(LON, LAT)], crs=4326)
    shifted = convert_datum(web, source="wgs84", target="gcj02")
    zjk_gis.write_layer(shifted, tmp_path / f"web{ending}")
    again = zjk_gis.read_layer(tmp_path / f"web{ending}")
    assert datum_of(again.crs) == "gcj02"
    with pytest.raises(CRSError, match="convert_datum"):
        zjk_gis.write_layer(again, tmp_path / "web.geojson")


def test_positions_with_exchanged_axes_are_converted_and_stay_exchanged():
    spots = gpd.GeoSeries([Point(LON, LAT), Point(LAT, LON)], crs=4490)
    moved = convert_datum(spots, source="gcj02", target="cgcs2000")
    lon, lat = shift(np.array([LON]), np.array([LAT]), source="gcj02", target="wgs84")
    assert moved[0].equals(Point(lon[0], lat[0]))
    assert moved[1].equals(Point(lat[0], lon[0]))
    assert moved.attrs["report"].datum["outside_china"] == 0


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (
            (
                "gcj02",
                "GCJ-02",
                "gcj_02",
                "GCJ 02",
                "ＧＣＪ０２",
                "高德",
                "高德地图坐标",
                "火星坐标系",
                "腾讯",
                "AMap",
            ),
            "gcj02",
        ),
        (("bd09", "BD-09", "bd09ll", "百度", "百度经纬度", "Baidu"), "bd09"),
        (("wgs84", "WGS-84", "WGS 1984", "GPS", "84坐标系", "EPSG:4326"), "wgs84"),
        (("cgcs2000", "CGCS-2000", "国家2000", "2000国家大地坐标系", "大地2000", "EPSG:4490"), "cgcs2000"),
    ],
)
def test_a_datum_is_understood_as_people_write_it(texts, name):
    assert {text: parse_datum(text) for text in texts} == dict.fromkeys(texts, name)


@pytest.mark.parametrize("text", ["", "mars2", "bd09mc", "beijing54", "2383", None, 84])
def test_what_is_not_a_datum_is_answered_with_those_that_are(text):
    with pytest.raises(InputError, match=r"write gcj02 \(GCJ-02, 高德, 火星坐标\), bd09"):
        parse_datum(text)


@pytest.mark.parametrize(
    ("titles", "columns", "datum"),
    [
        (["井盖台账(高德坐标)"], ["经度", "纬度"], "gcj02"),
        (["井盖台账（百度）"], ["经度", "纬度"], "bd09"),
        (["坐标系：GCJ-02", "2025年3月"], ["经度", "纬度"], "gcj02"),
        (["坐标采用CGCS2000"], ["x", "y"], "cgcs2000"),
        ([], ["gcj02_lng", "gcj02_lat"], "gcj02"),
        ([], ["百度经度", "百度纬度"], "bd09"),
        ([], ["经度(WGS84)", "纬度(WGS84)"], "wgs84"),
        (["高德坐标"], ["bd09_lng", "bd09_lat"], "bd09"),
        ([], ["高德坐标"], "gcj02"),
    ],
)
def test_a_file_states_its_datum(titles, columns, datum):
    assert stated_datum(titles, columns).datum == datum


@pytest.mark.parametrize(
    "title", ["高德路井盖台账", "百度大厦周边案件", "BD-09标段井盖", "GCJ-02-001", "腾讯问卷"]
)
def test_a_name_that_is_not_said_of_coordinates_states_nothing(title):
    assert stated_datum([title], ["经度", "纬度"]) is None


@pytest.mark.parametrize("name", ["lng84", "lng4326", "lng_4490", "lng(EPSG:4326)", "84"])
def test_a_number_beside_an_axis_is_no_datum(name):
    assert datum_in_name(name, {"lng"}) is None


def test_several_datums_in_one_title_state_none():
    assert stated_datum(["百度坐标转CGCS2000坐标"], ["经度", "纬度"]).datum is None


def test_of_columns_in_several_datums_the_plain_come_first_and_then_those_on_the_ground():
    columns = ["gcj02_lng", "gcj02_lat", "wgs84_lng", "wgs84_lat"]
    assert coordinate_columns(columns).east == "wgs84_lng"
    assert coordinate_columns([*columns, "经度", "纬度"]).east == "经度"


def test_a_declaration_counts_once_and_the_later_one_replaces_what_the_file_states():
    truth = gpd.GeoSeries([Point(LON, LAT)], crs=4490)
    web = gpd.GeoSeries.from_xy(*datum.wgs84_to_gcj02([LON], [LAT]), crs=4490).to_crs(4547)
    ground = in_declared_datum(web, "gcj02", told="file: title")
    assert ground.crs.to_epsg() == 4547
    assert ground.distance(truth.to_crs(4547)).max() < 1e-3
    assert in_declared_datum(ground, "gcj02", told="argument") is ground
    as_given = in_declared_datum(ground, "wgs84", told="argument")
    assert as_given.distance(web).max() < 1e-3
    assert as_given.attrs["report"].datum == {
        "source": "wgs84",
        "target": "wgs84",
        "declared_by": "argument",
    }
    with pytest.raises(CRSError, match="its CRS is GCJ-02, not WGS 84"):
        in_declared_datum(truth.set_crs(shifted_crs("gcj02"), allow_override=True), "wgs84", told="argument")
