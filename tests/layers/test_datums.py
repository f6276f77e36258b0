"""Whole layers between the datums, around the old town of Zhangjiakou."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import GeometryCollection, LineString, MultiPoint, MultiPolygon, Point, Polygon, box

import zjk_gis
from zjk_gis import convert_datum, datum
from zjk_gis.crs import datum_of, shifted_crs
from zjk_gis.errors import CRSError, InputError

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
    remarks = back.attrs["report"]["remarks"]
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
    assert moved.attrs["report"]["datum"] == {
        "source": "wgs84",
        "target": "gcj02",
        "outside_china": 2,
        "outside_china_rows": ["b", "c"],
    }
    assert "2 rows lie outside China and stay as they were (rows b, c)" in moved.attrs["report"]["remarks"][0]
    assert moved.geometry["b"].equals(Point(2.35, 48.86))
    back = convert_datum(moved, source="gcj02", target="bd09")
    assert back.attrs["report"]["datum"]["outside_china_rows"] == ["b", "c"]


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
    with pytest.raises(CRSError, match="no longitude and latitude; set the CRS"):
        convert_datum(gpd.GeoSeries([Point(574000, 4520000)]), source="bd09", target="wgs84")
    assert convert_datum(gpd.GeoSeries([None]), source="bd09", target="wgs84").isna().all()


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
