"""Zones with invalid shapes at every command that takes zones: all rows named, or made valid row by row.

::

    +---+---+---+     ten squares of 10 m a row; those named BAD have their upper corners exchanged, so that
    | A | ><| C |     they are two triangles of 25 m² together half the square of 100 m²
    +---+---+---+
"""

import json
import logging
import warnings

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from shapely import Polygon, box

from zjk_gis import coverage_gaps
from zjk_gis.cli import invalid_rows
from zjk_gis.errors import FileError, GeometryError

X, Y = 573000, 4520000
FAULT = "边界自相交"


def square(at, *, crossed=False):
    x, y = X + at % 10 * 10, Y + at // 10 * 10
    if crossed:
        return Polygon([(x, y), (x + 10, y + 10), (x + 10, y), (x, y + 10)])
    return box(x, y, x + 10, y + 10)


def zones_of(bad, count=60, **columns):
    shapes = [square(at, crossed=at in bad) for at in range(count)]
    codes = [f"Z{at:03}" for at in range(count)]
    return gpd.GeoDataFrame({"zone_code": codes, **columns}, geometry=shapes, crs=4547)


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Write a city with bad zones, and what the commands ask for besides; the folder is the current one."""
    monkeypatch.chdir(tmp_path)

    def make(bad):
        zones_of(bad, chief_code="LZ01").to_file("city.gpkg", layer="responsibility_zones")
        zones_of((), chief_code="LZ01").to_file("whole.gpkg", layer="responsibility_zones")
        region = gpd.GeoDataFrame({"area_code": ["R"]}, geometry=[box(X, Y, X + 100, Y + 60)], crs=4547)
        region.to_file("city.gpkg", layer="built_up_areas")
        points = gpd.points_from_xy([X + 3, X + 55], [Y + 5, Y + 55])
        codes = {"case_code": ["1", "2"], "zone_code": ["Z000", "Z055"]}
        cases = gpd.GeoDataFrame(codes, geometry=points, crs=4547)
        cases.to_file("cases.gpkg")
        return tmp_path

    return make


COMMANDS = {
    "assign": ["assign", "cases.gpkg", "city.gpkg", "-o", "out.csv"],
    "check-assignment": ["check-assignment", "cases.gpkg", "city.gpkg"],
    "a version": ["check-assignment", "cases.gpkg", "whole.gpkg", "--version", "city.gpkg",
                  "--layer", "responsibility_zones"],
    "audit": ["audit", "city.gpkg"],
    "gaps": ["gaps", "city.gpkg"],
    "repair": ["repair", "city.gpkg"],
    "the former zones": ["compare", "city.gpkg", "whole.gpkg", "--layer", "responsibility_zones"],
    "the zones that follow": ["compare", "whole.gpkg", "city.gpkg", "--layer", "responsibility_zones"],
    "accept": ["accept", "city.gpkg", "G001", "--by", "甲", "--why", "河", "--until", "never"],
    "map": ["map", "city.gpkg", "-o", "m.html", "--strict"],
    "map of gaps": ["map", "city.gpkg", "-o", "m.html", "--kind", "gaps"],
    "map of changes": ["map", "whole.gpkg", "-o", "m.html", "--kind", "changes", "--before", "city.gpkg"],
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_names_all_rows_and_the_option_that_mends(run, made, name):
    made({2, 17})
    code, out, err = run(*COMMANDS[name])
    assert code == 2
    assert "2 行的图形不能用" in err
    assert f"Z002  {FAULT}(573025, 4520005)" in err
    assert f"Z017  {FAULT}(573075, 4520015)" in err
    assert "--repair" in err
    for word in ("make_valid", "Self-intersection", "Traceback", "rows are invalid"):
        assert word not in out + err


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"accept", "check-assignment", "a version"}))
def test_every_command_goes_on_once_it_may_mend(run, made, name):
    made({2, 17})
    code, _, err = run(*COMMANDS[name], "--repair")
    assert code == 0
    assert "已修复 2 行无效图形" in err
    assert f"Z002  {FAULT}(573025, 4520005)" in err


def test_what_was_mended_is_told_row_by_row_in_the_result(run, made):
    made({2})
    code, out, _ = run("gaps", "city.gpkg", "--repair", "--json")
    assert code == 0
    (row,) = json.loads(out)["repaired"]
    assert row == {
        "layer": "zones",
        "row": 2,
        "code": "Z002",
        "fault": "crosses_itself",
        "x": 573025.0,
        "y": 4520005.0,
        "area_before_m2": 0.0,  # one triangle runs the other way
        "area_after_m2": 50.0,
        "parts_before": 1,
        "parts_after": 2,
    }
    assert json.loads(out)["gap_area_m2"] == pytest.approx(50)
    code, out, _ = run("gaps", "city.gpkg", "--json")
    assert (code, out) == (2, "")


def test_the_many_go_to_a_file_beside_what_is_written(run, made):
    folder = made(set(range(35)))
    code, _, err = run("assign", "cases.gpkg", "city.gpkg", "-o", "out.csv")
    assert code == 2
    assert "35 行的图形不能用" in err
    assert f"全部 35 行见 {folder / 'out.invalid.csv'}" in err
    assert "Z019" in err
    assert "Z020" not in err
    table = pd.read_csv("out.invalid.csv", dtype=str)
    assert table.columns.tolist() == ["行", "编码", "问题"]
    assert table["编码"].tolist() == [f"Z{at:03}" for at in range(35)]
    code, _, err = run("gaps", "city.gpkg", "--lang", "en")
    assert f"all 35 rows: {folder / 'city.invalid.csv'}" in err
    assert "border crosses itself at 573005, 4520005" in err
    code, _, err = run("gaps", "city.gpkg", "--repair")
    assert (code, len(pd.read_csv("city.repaired.csv"))) == (0, 35)
    assert f"全部 35 行见 {folder / 'city.repaired.csv'}" in err


def test_where_no_file_can_be_written_all_rows_are_printed(run, made, monkeypatch):
    made(set(range(35)))

    def refuse(*_):
        raise FileError("read-only")

    monkeypatch.setattr(invalid_rows, "write_table", refuse)
    err = run("gaps", "city.gpkg")[2]
    assert all(f"Z{at:03}" in err for at in range(35))


def test_what_no_mending_can_help_is_left_to_a_person(run, made):
    folder = made(())
    zones = zones_of({2})
    flat = Polygon([(X, Y), (X + 10, Y), (X + 5, Y)])
    zones.geometry = [*zones.geometry[:58], flat, None]
    zones.to_file(folder / "flat.gpkg")
    code, _, err = run("gaps", "flat.gpkg", "--region", "city.gpkg", "--repair")
    assert code == 2
    assert "Z002" in err  # was mended
    assert "Z059  无图形" in err
    assert "请补画、重画或删去这些行" in err
    zones.iloc[:59].to_file(folder / "flat.gpkg")
    code, _, err = run("gaps", "flat.gpkg", "--region", "city.gpkg", "--repair")
    assert code == 2
    assert "Z058" in err
    assert "请补画、重画或删去这些行" in err


def test_a_map_is_drawn_all_the_same_and_the_reason_is_told_once(run, made):
    made({2})
    code, _, err = run("map", "city.gpkg", "-o", "m.html")
    assert code == 0
    assert err.count("1 行的图形不能用") == 1
    assert "未能回答“" in err
    assert "make_valid" not in err


def test_the_error_of_the_library_names_all_rows():
    zones = zones_of(set(range(35))).set_index(pd.RangeIndex(100, 160))
    region = gpd.GeoDataFrame(geometry=[box(X, Y, X + 100, Y + 60)], crs=4547)
    with pytest.raises(GeometryError, match="35 of 60 rows are invalid") as raised:
        coverage_gaps(region, zones)
    rows = raised.value.rows
    assert rows["row"].tolist() == list(range(100, 135))
    assert rows.iloc[0].to_dict() == {
        "layer": "zones", "row": 100, "code": "Z000", "fault": "crosses_itself", "x": X + 5, "y": Y + 5,
    }  # fmt: skip


def test_words_of_libraries_do_not_reach_the_reader(run, made, monkeypatch):
    made(())

    def loud(*_, **__):
        logging.getLogger("fiona._env").error("GDAL signalled an error: err_no=1")
        warnings.showwarning("invalid value encountered", RuntimeWarning, "x.py", 1)
        logging.getLogger("zjk_gis.layers").warning("row 7 is told")
        raise shapely.GEOSException("TopologyException: side location conflict at 573000 4520000")

    monkeypatch.setattr("zjk_gis.cli.analysis.gaps.coverage_faults", loud)
    code, out, err = run("gaps", "city.gpkg")
    assert code == 3
    assert "这是程序缺陷，请报告：GEOSException" in err
    assert "row 7 is told" in err
    for word in ("GDAL", "TopologyException", "invalid value"):
        assert word not in out + err
    assert "this is a defect of the program" in run("gaps", "city.gpkg", "--lang", "en")[2]
