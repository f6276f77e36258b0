"""`zjk-gis compare` and `zjk-gis check-assignment` as their users meet them."""

import json

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, Point, box

import zjk_gis

X, Y = 573000, 4520000


def zones_with_border_at(x):
    return gpd.GeoDataFrame(
        {"zone_code": ["A", "=B"], "chief_code": ["L1", "<b>L2"]},
        geometry=[box(X, Y, X + x, Y + 100), box(X + x, Y, X + 200, Y + 100)],
        crs=4547,
    )


@pytest.fixture
def city(tmp_path):
    """Make a city whose border moves from 100 to 120 m, with a road across it and two incidents."""
    path = tmp_path / "city.gpkg"
    dated = [
        zones_with_border_at(100).assign(valid_from=None, valid_to="2025-06-30"),
        zones_with_border_at(120).assign(valid_from="2025-07-01", valid_to=None),
    ]
    zones = pd.concat(dated, ignore_index=True)
    zjk_gis.write_layer(zones, path, layer="responsibility_zones")
    roads = gpd.GeoDataFrame(
        {"edge_code": ["E1"], "road_name": ["长青路"]},
        geometry=[LineString([(X, Y + 50), (X + 200, Y + 50)])],
        crs=4547,
    )
    zjk_gis.write_layer(roads, path, layer="roads")
    incidents = gpd.GeoDataFrame(
        {"incident_code": ["I1", "I2"], "zone_code": ["A", "=B"]},
        geometry=[Point(X + 50, Y + 50), Point(X + 110, Y + 50)],
        crs=4547,
    )
    zjk_gis.write_layer(incidents, tmp_path / "incidents.gpkg", layer="incidents")
    return path


def test_two_days_of_a_city_are_compared_and_written(run, city, tmp_path):
    out = tmp_path / "out"
    days = ("--at-old", "2025-06-30", "--at-new", "2025-07-01")
    code, printed, error = run("compare", city, *days, "--incidents", tmp_path / "incidents.gpkg", "-o", out)
    assert code == 0, error
    assert "易手土地" in printed
    assert "2,000.0" in printed
    moved = gpd.read_file(out / "changes.gpkg", layer="moved")
    assert moved[["from_code", "to_code", "area_m2", "road_m", "open"]].to_numpy().tolist() == [
        ["=B", "A", 2000.0, 20.0, 1]
    ]
    listed = pd.read_excel(
        out / "changes.xlsx", sheet_name="移交清单", dtype=str, engine="calamine", header=3
    )
    assert listed["移交未结案件"].tolist() == ["I2", "I2"]
    page = (out / "changes.html").read_text(encoding="utf-8")
    assert "易手土地" in page
    assert "<b>L2" not in page


def test_two_files_and_two_versions_are_compared(run, tmp_path):
    old, new = tmp_path / "old.gpkg", tmp_path / "new.gpkg"
    zjk_gis.write_layer(zones_with_border_at(100), old)
    zjk_gis.write_layer(zones_with_border_at(120), new)
    _, printed, _ = run("compare", old, new, "--json")
    told = json.loads(printed)
    assert told["figures"]["ground_moved"] == 2000
    assert told["zones"] == {"reshaped": 2}
    path = tmp_path / "workspace.gpkg"
    with zjk_gis.Workspace.open(path) as workspace:
        for x in (100, 120):
            workspace.write("responsibility_zones", zones_with_border_at(x), on_problems="keep")
    _, printed, _ = run("compare", path, "--old-version", 1, "--new-version", 2, "--json")
    assert json.loads(printed)["figures"] == told["figures"]


def test_nothing_to_compare_is_refused(run, city):
    code, _, error = run("--lang", "en", "compare", city)
    assert code == 2
    assert "two days (--at-old, --at-new) or two versions" in error


def test_recorded_zones_are_checked(run, city, tmp_path):
    incidents = tmp_path / "incidents.gpkg"
    code, printed, _ = run("check-assignment", incidents, city, "--at", "2025-06-30")
    assert code == 0
    assert "一致" in printed
    assert "100.0%" in printed
    assert "可核对的 2 件中有 0 件（0.0%）与图层不一致，未超过容许的 5.0%" in printed
    wrong = gpd.read_file(incidents, layer="incidents").replace({"zone_code": {"A": "Q"}})
    zjk_gis.write_layer(wrong, tmp_path / "wrong.gpkg", layer="incidents")
    rows = tmp_path / "rows.csv"
    code, printed, _ = run(
        "check-assignment", tmp_path / "wrong.gpkg", city, "--at", "2025-06-30", "--lang", "en", "-o", rows
    )
    assert code == 1
    assert "the layer lacks 1 recorded codes, in 1 rows: Q (1)" in printed
    assert pd.read_csv(rows)["agreement"].tolist() == ["unknown_code", "agrees"]


def test_recorded_zones_that_disagree_without_a_pattern_are_no_all_clear(run, city, tmp_path):
    recorded = gpd.read_file(tmp_path / "incidents.gpkg", layer="incidents")
    swapped = recorded.assign(zone_code=recorded["zone_code"].to_numpy()[::-1])
    zjk_gis.write_layer(swapped, tmp_path / "swapped.gpkg", layer="incidents")
    ask = ("check-assignment", tmp_path / "swapped.gpkg", city, "--at", "2025-06-30")
    code, printed, _ = run(*ask)
    assert code == 1
    assert "（100.0%）与图层不一致，超过容许的 5.0%；原因未能查明" in printed
    code, printed, _ = run(*ask, "--json", "--tolerated-share", 1)
    told = json.loads(printed)
    assert (code, told["passed"], told["judged"], told["disagreement"]) == (0, True, 2, 1.0)


def test_the_order_in_which_dates_are_written_can_be_said(run, city, tmp_path):
    table = tmp_path / "incidents.csv"
    x, y = X + 110, Y + 50  # in =B until 30 June, in A since
    lines = ["zone_code,occurred_at,lon,lat", f"'=B,05/06/2025,{x},{y}", f"A,06/07/2025,{x},{y}"]
    table.write_text("\n".join(lines), "utf-8")
    ask = ("check-assignment", table.with_suffix(".gpkg"), city, "--json")
    points = zjk_gis.read_layer(table, crs=4547)
    zjk_gis.write_layer(points, table.with_suffix(".gpkg"), layer="incidents")
    code, _, error = run("--lang", "en", *ask)
    assert code == 2
    assert "can be read day first or month first" in error
    for option, agreeing in (("--day-first", 2), ("--month-first", 1)):
        _, printed, _ = run("--lang", "en", *ask, option)
        assert json.loads(printed)["agreement"]["agrees"] == agreeing, option
    _, printed, _ = run("--lang", "en", *ask, "--time-format", "%d/%m/%Y", "--tz", "Europe/Berlin")
    assert json.loads(printed)["agreement"]["agrees"] == 2
    code, _, error = run("--lang", "en", *ask, "--tz", "Peking")
    assert code == 2
    assert "tz must be the name of a time zone" in error
