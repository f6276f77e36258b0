"""`zjk-gis covers`, through the life of a cover."""

import json

import geopandas as gpd
import pytest
from shapely import Point

from zjk_gis import read_layer


@pytest.fixture
def register(run, tmp_path):
    codes = ["1307030102000001", "1307030102000002"]
    wells = gpd.GeoDataFrame(
        {"井盖编码": codes}, geometry=[Point(573000, 4520000), Point(573010, 4520000)], crs=4547
    )
    wells.to_file(tmp_path / "wells.gpkg")
    path = tmp_path / "covers.register"
    code, out, _ = run("covers", "build", tmp_path / "wells.gpkg", path)
    assert (code, out) == (0, f"{path}：2 个井盖\n")
    return path


def test_the_life_of_a_cover(run, register, tmp_path):
    points = gpd.GeoSeries([Point(573003, 4520000), Point(573003.2, 4520000)], crs=4547).to_crs(4490)
    (lon, lat), (near_lon, near_lat) = points.get_coordinates().to_numpy()
    code, out, _ = run("covers", "near", register, lon, lat, "--json")
    found = json.loads(out)["covers"]
    assert [(each["code"][-1], round(each["distance_m"], 3)) for each in found] == [("1", 3.0), ("2", 7.0)]
    assert found[0]["lon"] == pytest.approx(lon, abs=1e-4)
    assert run("covers", "add", register, "X", lon, lat)[0] == 0
    code, _, err = run("covers", "add", register, "Y", near_lon, near_lat)
    assert (code, "X 只有 0.20 m 远" in err) == (0, True)
    code, out, _ = run("covers", "check", register)
    assert (code, "X" in out, "1 对" in out) == (1, True, True)
    assert run("covers", "move", register, "Y", near_lon + 0.001, near_lat)[0] == 0
    assert run("covers", "check", register)[0] == 0
    assert run("covers", "remove", register, "X", "1307030102000001")[0] == 0
    assert run("covers", "export", register, tmp_path / "out.gpkg")[0] == 0
    assert read_layer(tmp_path / "out.gpkg")["manhole_code"].tolist() == ["1307030102000002", "Y"]


def test_what_cannot_be_done_is_one_line(run, register, tmp_path):
    assert (
        run("--lang", "en", "covers", "remove", register, "Z")[2]
        == "zjk-gis: covers: Z is not in the register\n"
    )
    assert "no such file" in run("--lang", "en", "covers", "near", tmp_path / "x.register", 114.9, 40.8)[2]
    assert "is there already" in run("--lang", "en", "covers", "build", tmp_path / "wells.gpkg", register)[2]
