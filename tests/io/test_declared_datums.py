"""A datum that is declared: to a reader, by a file itself, or to a workspace that remembers it of a source.

One incident stands at 114.88°E 40.82°N; a web map writes it 517 m east and 148 m north of that.
"""

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point

from zjk_gis import Workspace, check_positions, read_layer, write_layer
from zjk_gis.coordinates import fix_positions
from zjk_gis.crs.datum import wgs84_to_bd09, wgs84_to_gcj02
from zjk_gis.errors import InputError
from zjk_gis.io import read_folder

LON, LAT = 114.88, 40.82
GCJ = tuple(float(value[0]) for value in wgs84_to_gcj02([LON], [LAT]))
BD = tuple(float(value[0]) for value in wgs84_to_bd09([LON], [LAT]))
TRUTH = gpd.GeoSeries([Point(LON, LAT)], crs=4490).to_crs(4547)[0]


def metres_off(layer):
    return layer.geometry.to_crs(4547).distance(TRUTH)


def table(path, place, *, title="", columns=("经度", "纬度")):
    lines = [title] if title else []
    lines += [f"案件编号,{columns[0]},{columns[1]}", f"A1,{place[0]:.9f},{place[1]:.9f}"]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.mark.parametrize(
    ("datum", "place"), [("GCJ-02", GCJ), ("高德", GCJ), ("bd09", BD), ("wgs84", (LON, LAT))]
)
def test_positions_come_in_on_the_ground(tmp_path, datum, place):
    layer = read_layer(table(tmp_path / "a.csv", place), datum=datum, spec="incidents")
    assert metres_off(layer).max() < 0.01
    assert layer.crs.to_epsg() == 4490
    told = layer.attrs["report"].datum
    assert (told["source"], told["declared_by"]) == (
        {"GCJ-02": "gcj02", "高德": "gcj02"}.get(datum, datum),
        "argument",
    )


@pytest.mark.parametrize("ending", [".gpkg", ".geojson", ".shp", ".xlsx"])
def test_a_layer_of_any_format_is_converted(tmp_path, ending):
    web = gpd.GeoDataFrame({"code": ["A1"]}, geometry=[Point(*GCJ)], crs=4326)
    path = write_layer(web, tmp_path / f"a{ending}")
    layer = read_layer(path, datum="gcj02")
    assert metres_off(layer).max() < 0.01
    assert metres_off(read_layer(path)).min() > 500


def test_a_title_above_the_table_is_evidence_that_is_applied_and_told(tmp_path):
    path = table(tmp_path / "a.csv", GCJ, title="井盖台账(高德坐标)")
    layer = read_layer(path)
    assert metres_off(layer).max() < 0.01
    report = layer.attrs["report"]
    assert report.datum["declared_by"] == 'file: title "井盖台账(高德坐标)"'
    assert 'a.csv: the datum is GCJ-02 (火星坐标), as the title "井盖台账(高德坐标)" says' in report.remarks


def test_names_of_columns_are_evidence(tmp_path):
    layer = read_layer(table(tmp_path / "a.csv", BD, columns=("百度经度", "百度纬度")))
    assert metres_off(layer).max() < 0.01
    assert layer.attrs["report"].coordinates == {"east": "百度经度", "north": "百度纬度"}


def test_the_caller_comes_before_the_file(tmp_path):
    path = table(tmp_path / "a.csv", (LON, LAT), title="井盖台账(高德坐标)")
    assert metres_off(read_layer(path, datum="cgcs2000")).max() < 0.01


def test_a_title_with_several_datums_is_told_and_nothing_is_converted(tmp_path):
    layer = read_layer(table(tmp_path / "a.csv", GCJ, title="由百度坐标转为高德坐标"))
    assert layer.attrs["report"].datum == {}
    assert any("names several datums" in remark for remark in layer.attrs["report"].remarks)


def test_rows_with_swapped_axes_are_converted_with_the_rest(tmp_path):
    layer = read_layer(table(tmp_path / "a.csv", GCJ[::-1], columns=("lon", "lat")), datum="gcj02")
    assert check_positions(layer)["problem"].tolist() == ["swapped_axes"]
    assert metres_off(fix_positions(layer, check_positions(layer))).max() < 0.01


def test_an_unknown_datum_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(InputError, match="datum='mars2' is not a datum"):
        read_layer(table(tmp_path / "a.csv", GCJ), datum="mars2")
    with pytest.raises(InputError, match="datum='mars2' is not a datum"):
        read_folder(tmp_path, datum={"a.csv": "mars2"})


def test_a_folder_in_one_datum_or_file_by_file(tmp_path):
    table(tmp_path / "a.csv", GCJ)
    assert metres_off(read_folder(tmp_path, datum="gcj02")["a.csv"]).max() < 0.01
    table(tmp_path / "b.csv", BD)
    table(tmp_path / "c.csv", (LON, LAT))
    found = read_folder(tmp_path, datum={"a.csv": "gcj02", "b.csv": "bd09"})
    assert pd.concat([metres_off(found[name]) for name in found]).max() < 0.01


@pytest.mark.parametrize("crs", [4490, 4547])
def test_a_point_at_zero_is_kept_without_a_place(tmp_path, crs):
    points = gpd.GeoDataFrame({"code": list("abc")}, geometry=[Point(0, 0), Point(1e-10, 0), None], crs=crs)
    points.to_file(tmp_path / "a.gpkg")
    layer = read_layer(tmp_path / "a.gpkg")
    assert layer["code"].tolist() == list("abc")
    assert layer.geometry.isna().all()
    assert layer.attrs["report"].without_position == {"zero": [0, 1], "missing": [2]}


def test_zero_is_a_place_in_a_local_system(tmp_path):
    with pytest.warns(UserWarning, match="'crs' was not provided"):
        gpd.GeoDataFrame({"code": ["a"]}, geometry=[Point(0, 0)]).to_file(tmp_path / "a.shp")
    assert read_layer(tmp_path / "a.shp").geometry[0].equals(Point(0, 0))


class TestAWorkspaceRemembers:
    @pytest.fixture
    def city(self, tmp_path):
        with Workspace.open(tmp_path / "city.gpkg") as workspace:
            yield workspace

    def web(self, place=GCJ):
        return gpd.GeoDataFrame({"code": ["A1"]}, geometry=[Point(*place)], crs=4490)

    def test_the_datum_of_a_source_for_every_layer_that_comes_from_it(self, city):
        city.write("calls", self.web(), source="12345", datum="高德")
        city.write("calls", self.web(), source="12345")
        city.append("calls", self.web(), source="12345")
        city.write("others", self.web(), source="12345")
        city.write("strangers", self.web(), source="12319")
        assert city.datums() == {"12345": "gcj02"}
        for name in ("calls", "others"):
            assert metres_off(city.read(name)).max() < 0.01
        assert metres_off(city.read("strangers")).min() > 500
        history = city.history("calls")
        assert history["datum"].tolist() == ["gcj02"] * 3
        assert history["note"][2] == "positions taken for GCJ-02 (火星坐标) (workspace: remembered of 12345)"

    def test_what_the_reader_converted_is_not_converted_again(self, city, tmp_path):
        layer = read_layer(table(tmp_path / "a.csv", GCJ), datum="gcj02")
        city.write("calls", layer, source="12345")
        city.write("more", layer, source="12345", datum="gcj02")
        assert city.datums() == {"12345": "gcj02"}, "what was declared to the reader is remembered"
        for name in ("calls", "more"):
            assert metres_off(city.read(name)).max() < 0.01

    def test_an_option_comes_before_what_is_remembered_and_that_before_the_file(self, city, tmp_path):
        city.write("calls", self.web(), source="12345", datum="gcj02")
        city.write("calls", self.web((LON, LAT)), source="12345", datum="wgs84")
        assert metres_off(city.read("calls")).max() < 0.01
        assert city.datums() == {"12345": "wgs84"}
        titled = read_layer(table(tmp_path / "a.csv", (LON, LAT), title="案件(高德坐标)"))
        assert metres_off(titled).min() > 500
        city.write("calls", titled, source="12345")
        assert metres_off(city.read("calls")).max() < 0.01

    def test_what_is_read_from_it_is_on_the_ground(self, city):
        city.write("calls", self.web(), source="12345", datum="gcj02")
        city.write("calls", city.read("calls"), source="12345")
        assert metres_off(city.read("calls")).max() < 0.01

    def test_what_is_forgotten_is_forgotten(self, city):
        city.write("calls", self.web(), source="12345", datum="gcj02")
        city.delete("calls", forget=True)
        assert city.datums() == {}


def test_what_is_left_out_of_a_folder_is_not_read_and_a_name_that_is_not_there_is_refused(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("案件编号,经度,纬度\n1,114.88,40.82\n", encoding="utf-8")
    assert list(read_folder(tmp_path, leave_out=["a.csv"], datum={"a.csv": "gcj02"})) == ["b.csv"]
    with pytest.raises(InputError, match=r"c\.csv"):
        read_folder(tmp_path, leave_out=["c.csv"])
