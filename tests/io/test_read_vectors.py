"""Vector files other than shapefiles: their CRS, their tables without geometry, and the report."""

import json

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from shapely import Point

from zjk_gis.errors import CRSError, FileError, InputError
from zjk_gis.io import read_layer, write_layer
from zjk_gis.io.tables import xlsx as sheet_xml

WELLS = gpd.GeoDataFrame(
    {"井盖编码": [1307030102000001, 1307030102000002], "井深": ["2.5", "两米"]},
    geometry=[Point(573300, 4520900), Point(573310, 4520900)],
    crs=4547,
)


def write_geojson(path, *points):
    features = [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": point}}
        for point in points
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_the_report_tells_what_was_read(tmp_path):
    path = write_layer(WELLS, tmp_path / "wells.gpkg", layer="井")
    layer = read_layer(path, spec="manholes")
    assert layer["manhole_code"].tolist() == ["1307030102000001", "1307030102000002"]
    assert layer["well_depth_m"].tolist() == [2.5, "两米"]
    assert layer.attrs["report"].as_dict() == {
        "path": str(path),
        "format": "GPKG",
        "layer": "井",
        "encoding": "UTF-8",
        "encoding_found": "the format's",
        "crs": "EPSG:4547",
        "crs_from": "file",
        "rows": 2,
        "renamed": {"井盖编码": "manhole_code", "井深": "well_depth_m"},
        "unconverted": {"well_depth_m": [1]},
        "remarks": ["wells.gpkg: 1 values of well_depth_m are not numbers (record 2); kept as they came"],
    }
    json.dumps(layer.attrs["report"])


@pytest.mark.parametrize("ending", ["gpkg", "fgb", "parquet"])
def test_a_missing_crs_is_said_and_can_be_named(tmp_path, ending):
    path = write_layer(WELLS.set_crs(None, allow_override=True), tmp_path / f"a.{ending}")
    layer = read_layer(path)
    assert layer.crs is None
    assert f"a.{ending}: has no usable CRS; name its system with crs=" in layer.attrs["report"].remarks
    assert read_layer(path, crs="EPSG:4547").crs.to_epsg() == 4547


@pytest.mark.parametrize("ending", ["gpkg", "fgb", "parquet"])
def test_a_crs_that_contradicts_the_file_is_refused(tmp_path, ending):
    path = write_layer(WELLS, tmp_path / f"a.{ending}")
    assert read_layer(path, crs=4547).crs.to_epsg() == 4547
    with pytest.raises(CRSError, match=r"114E, but crs= says .* 117E; leave crs= out"):
        read_layer(path, crs=4548)


def test_a_geojson_is_wgs84_unless_its_numbers_cannot_be(tmp_path):
    degrees = read_layer(write_geojson(tmp_path / "a.geojson", [114.8, 40.8]))
    assert (degrees.crs.to_epsg(), degrees.attrs["report"].crs_from) == (4326, "format")
    path = write_geojson(tmp_path / "b.json", [573300, 4520900])
    metres = read_layer(path)
    assert metres.crs is None
    told, hint = metres.attrs["report"].remarks
    assert told == "b.json: holds no degrees and names no CRS; name its system with crs="
    assert hint.startswith("b.json: probably Gauss-Krüger, central meridian 114°E, no zone prefix (crs=4547")
    assert read_layer(path, crs=4547).crs.to_epsg() == 4547


def test_a_row_without_geometry_is_kept_and_named(tmp_path):
    path = write_layer(WELLS.set_geometry([None, WELLS.geometry[1]], crs=4547), tmp_path / "a.gpkg")
    layer = read_layer(path)
    assert layer.attrs["report"].without_position == {"missing": [0]}
    assert layer.attrs["report"].remarks == ["a.gpkg: 1 row has no usable geometry"]


def test_columns_of_coordinates_are_for_tables(tmp_path):
    path = write_layer(WELLS, tmp_path / "a.gpkg")
    with pytest.raises(InputError, match="has its own geometry; lon= and lat= are for tables"):
        read_layer(path, lon="井深", lat="井深")


def test_a_table_in_a_geopackage_is_placed_by_its_columns(tmp_path):
    table = pd.DataFrame({"id": [1, 2], "lon": [114.8, 114.9], "lat": [40.8, None]})
    pyogrio.write_dataframe(table, tmp_path / "a.gpkg")
    layer = read_layer(tmp_path / "a.gpkg")
    assert layer.geometry.isna().tolist() == [False, True]
    assert layer.crs.to_epsg() == 4490


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(tmp_path, monkeypatch):
    path = write_layer(WELLS, tmp_path / "a.xlsx")
    monkeypatch.setattr(sheet_xml, "_MOST_UNPACKED_BYTES", 100)
    with pytest.raises(FileError, match="unpacks to more than 0 MB"):
        read_layer(path)


@pytest.mark.parametrize("ending", ["gpkg", "fgb", "geojson", "gdb", "parquet"])
def test_a_missing_code_takes_no_digits_from_the_others(tmp_path, ending):
    codes = pd.array([130703010100000001, None, 130703010100000003], dtype="Int64")
    layer = gpd.GeoDataFrame(
        {"CODE": codes}, geometry=[Point(114.8, 40.8 + i / 10) for i in range(3)], crs=4490
    )
    read = read_layer(write_layer(layer, tmp_path / f"a.{ending}"))
    assert sorted(read["CODE"].dropna().tolist()) == [130703010100000001, 130703010100000003]
    assert read.geometry[read["CODE"].isna()].y.tolist() == [pytest.approx(40.9)]
