"""`zjk-gis coordinates`, as an analyst meets it: a sheet of survey coordinates, and points from a web map."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString

from zjk_gis.crs.datum import wgs84_to_gcj02

E, N = 573000, 4520000


@pytest.fixture
def survey(tmp_path):
    path = tmp_path / "survey.csv"
    table = pd.DataFrame({"井号": ["1", "2"], "X坐标": [N, N + 50.5], "Y坐标": [38e6 + E, 38e6 + E + 10.25]})
    table.to_csv(path, index=False, encoding="gb18030")
    return path


@pytest.fixture
def web(tmp_path):
    truth = gpd.GeoSeries.from_xy(np.linspace(E, E + 1000, 30), np.full(30, N + 15.0), crs=4547).to_crs(4490)
    lon, lat = wgs84_to_gcj02(truth.x, truth.y)
    path = tmp_path / "web.xlsx"
    pd.DataFrame({"经度": lon, "纬度": lat}).to_excel(path, index=False)
    road = tmp_path / "road.gpkg"
    gpd.GeoDataFrame(geometry=[LineString([(E - 2000, N), (E + 3000, N)])], crs=4547).to_file(road)
    return path, road


def test_a_survey_table_is_told_with_evidence(run, survey):
    code, out, _ = run("coordinates", survey, "--lang", "en")
    assert code == 0
    assert "2 rows, 2 with a usable position" in out
    assert "1. Gauss-Krüger, zone prefix 38, northing first (survey order): EPSG:4526" in out
    assert "2 of 2 positions can be read so" in out
    assert "to measure lengths and areas in EPSG:4547: from 114.8" in out
    assert "把握 97 %" in run("coordinates", survey)[1]


def test_web_points_are_told_by_a_road_and_placed_when_confirmed(run, web, tmp_path):
    path, road = web
    placed = tmp_path / "placed.gpkg"
    code, out, _ = run("coordinates", path, "--reference", road, "--json", "--confirm", "1", "-o", placed)
    assert code == 0
    best = json.loads(out)["hypotheses"][0]
    assert (best["choice"], best["crs"], best["datum"]) == (1, 4490, "gcj02")
    assert best["confidence"] > 0.8
    layer = gpd.read_file(placed)
    assert len(layer) == 30
    assert layer.to_crs(4547).geometry.y.to_numpy() == pytest.approx(np.full(30, N + 15.0), abs=1e-3)


def test_numbers_of_no_known_kind_leave_with_one(run, tmp_path):
    path = tmp_path / "local.csv"
    path.write_text("x,y\n1200,340\n")
    code, out, _ = run("coordinates", path, "--json")
    assert code == 1
    assert json.loads(out)["hypotheses"][0]["crs"] is None
    assert "未知坐标" in run("coordinates", path)[1]


def test_wrong_calls_say_what_to_do(run, survey, tmp_path):
    for arguments, words in [
        ((survey, "--confirm", "1"), "--confirm and -o go together"),
        ((survey, "--confirm", "7", "-o", tmp_path / "a.gpkg"), "choice must be from 1 to 1, not 7"),
        ((survey, "--x", "井号"), "go together"),
        ((tmp_path / "none.csv",), "none.csv"),
    ]:
        code, _, err = run("--lang", "en", "coordinates", *arguments)
        assert code == 2
        assert words in err
        assert "Traceback" not in err


def test_one_swapped_row_does_not_choose_the_system_to_measure_in(run, tmp_path):
    """The middle of 114.88°E and 40.82°E is 78°E."""
    path = tmp_path / "doors.csv"
    rows = [f"{i},114.88{i:03d},40.82" for i in range(30)] + ["swapped,40.82,114.88", "none,,"]
    path.write_text("\n".join(["编号,经度,纬度", *rows]) + "\n", "utf-8")
    code, out, _ = run("coordinates", path, "--lang", "en")
    assert code == 0
    assert "1. longitude and latitude: EPSG:4490" in out
    assert "1 positions cannot be read so (row 30), 1 of them with the axes exchanged" in out
    assert "to measure lengths and areas in EPSG:4547" in out
