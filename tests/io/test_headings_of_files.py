"""Files for people stand in Chinese and are read back; a GeoPackage says in Chinese what its columns are.

zones A and B side by side; the incidents lie inside A, on the border, beyond B, and nowhere
"""

import sqlite3
import warnings
import xml.etree.ElementTree as ET
from contextlib import closing

import fiona
import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
from shapely import LineString, Point, box

import zjk_gis
from zjk_gis.assign.check import check_assignment
from zjk_gis.io import list_layers, read_layer, read_table, write_layer, write_table
from zjk_gis.words import speaking

X, Y = 573000, 4520000
PEOPLE = ["csv", "xlsx"]


@pytest.fixture(scope="module")
def zones():
    squares = [box(X, Y, X + 100, Y + 100), box(X + 100, Y, X + 200, Y + 100)]
    return gpd.GeoDataFrame({"zone_code": ["A", "B"], "priority": [1, 2]}, geometry=squares, crs=4547)


@pytest.fixture(scope="module")
def assigned(zones):
    points = [Point(X + 50, Y + 50), Point(X + 100, Y + 50), Point(X + 220, Y + 50), Point(X + 999, Y), None]
    incidents = gpd.GeoDataFrame(
        {
            "incident_code": ["1", "2", "3", "4", "5"],
            "state": ["处置中", "new", "已结案", "<&\"'>", "=1"],
            "我的列": [True, False, True, False, True],
        },
        geometry=points,
        crs=4547,
    )
    return zjk_gis.assign_incidents(incidents, zones)


@pytest.fixture(scope="module")
def answers(zones, assigned):
    """Every kind of table of which a file may be made, small."""
    region = gpd.GeoDataFrame(geometry=[box(X - 40, Y, X + 200, Y + 100)], crs=4547)
    shifted = zones.set_geometry([zones.geometry[0], box(X + 95, Y, X + 200, Y + 100)], crs=4547)
    roads = gpd.GeoDataFrame(
        {"edge_code": ["E1"], "road_code": ["R1"], "road_name": ["北街"]},
        geometry=[LineString([(X - 40, Y + 50), (X + 200, Y + 50)])],
        crs=4547,
    )
    faults = zjk_gis.coverage_faults(region, shifted)
    changes = zjk_gis.compare_zones(zones, shifted, incidents=assigned)
    checked = check_assignment(assigned, shifted)
    audit = zjk_gis.responsibility_audit(region, shifted, roads=roads, assigned=assigned)
    return {
        "assigned": assigned,
        "gaps": faults.gaps,
        "overlaps": faults.overlaps,
        "ranked": zjk_gis.coverage.rank_faults(
            {"gaps": faults.gaps, "overlaps": faults.overlaps}, incidents=assigned, since_days=None
        ),
        "accepted": zjk_gis.coverage.accept_fault(
            faults.gaps, "G001", by="李局长", why="河道", until="2026-12-31", on="2026-01-01"
        ),
        "repairs": zjk_gis.repair_coverage(region, shifted),
        "borders": zjk_gis.coverage.border_sheet(zones),
        "moved": changes.moved,
        "handover": changes.handover,
        "zone_changes": changes.zones,
        "moved_incidents": changes.incidents,
        "checked": checked.rows,
        "agreements": checked.summary,
        "suspicions": checked.suspicions,
        "figures": audit.figures,
        "findings": audit.findings,
        "stretches": audit.stretches,
        "ground": audit.ground,
        "positions": zjk_gis.check_positions(assigned),
        "codes": zjk_gis.standards.check_codes(["13", "130703005001001"], "unit_grid"),
    }


def written(table, path, headings):
    if isinstance(table, gpd.GeoDataFrame) and table.active_geometry_name is not None:
        return read_layer(write_layer(table, path, headings=headings), spec=_spec(table))
    return read_table(write_table(table, path, headings=headings))


def _spec(table):
    return "incidents" if "incident_code" in table else None


@pytest.mark.parametrize("ending", PEOPLE)
def test_every_answer_stands_in_chinese_and_is_read_back_as_the_english_file_is(tmp_path, answers, ending):
    for name, table in answers.items():
        there = written(table, tmp_path / f"en.{ending}", "en")
        here = written(table, tmp_path / f"zh.{ending}", "zh")
        pd.testing.assert_frame_equal(pd.DataFrame(here), pd.DataFrame(there), obj=name)
        assert here.attrs["report"]["renamed"], name


def test_no_heading_and_no_code_is_left_in_english(tmp_path, answers):
    plain = {"lon", "lat", "wkt", "at"}
    for name, table in answers.items():
        write = write_layer if isinstance(table, gpd.GeoDataFrame) else write_table
        cells = pd.read_csv(write(table, tmp_path / "a.csv", headings="zh"), dtype=str)
        assert [each for each in cells.columns if each.isascii() and each not in plain] == [], name


def test_a_file_says_in_chinese_what_the_library_found_and_leaves_the_rest(tmp_path, assigned):
    """The state is the office's, whatever word it is; the coordinates are what every program reads."""
    table = pd.read_csv(write_layer(assigned, tmp_path / "a.csv", headings="zh"), dtype=str)
    assert list(table.columns) == [
        "案件编号", "案件状态", "我的列", "责任区编码", "判定方式", "距离(m)", "候选数", "待确认归属",
        "原因", "lon", "lat",
    ]  # fmt: skip
    assert table["判定方式"].tolist() == ["区内", "边界", "就近", "无人负责", "无人负责"]
    assert table["待确认归属"].tolist() == ["否", "是", "否", "是", "是"]
    assert table["案件状态"].tolist() == ["处置中", "new", "已结案", "<&\"'>", "'=1"]
    assert table["我的列"].tolist() == ["True", "False", "True", "False", "True"]
    sheet = openpyxl.load_workbook(write_layer(assigned, tmp_path / "a.xlsx", headings="zh")).active
    assert [cell.value for cell in sheet[1]] == list(table.columns)


def test_the_headings_are_of_the_language_that_is_spoken(tmp_path, assigned):
    for lang, found in (("zh", "判定方式"), ("en", "found")):
        with speaking(lang):
            write_layer(assigned, tmp_path / "a.csv")
        assert found in pd.read_csv(tmp_path / "a.csv").columns


def test_as_written_leaves_a_file_as_it_stands(tmp_path, assigned):
    path = write_layer(assigned, tmp_path / "a.csv", headings="zh")
    assert "判定方式" in read_layer(path, as_written=True)
    assert read_layer(path)["found"].tolist()[:2] == ["inside", "border"]


def test_files_for_programs_keep_the_english_names(tmp_path, assigned):
    for ending in ("gpkg", "parquet", "geojson"):
        path = write_layer(assigned, tmp_path / f"a.{ending}", headings="zh")
        assert read_layer(path)["found"].tolist()[:2] == ["inside", "border"]


# A GeoPackage in QGIS --------------------------------------------------------------------------------------


def sql(path, query, *values):
    with closing(sqlite3.connect(path)) as database:
        found = database.execute(query, values).fetchall()
        database.commit()
        return found


def style_of(path, layer):
    ((text,),) = sql(path, "SELECT styleQML FROM layer_styles WHERE f_table_name = ? AND useAsDefault", layer)
    assert text.startswith("<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis ")
    return ET.fromstring(text)  # noqa: S314 - what was just written


def test_a_geopackage_has_the_chinese_names_where_gdal_finds_them(tmp_path, assigned):
    path = write_layer(assigned, tmp_path / "a.gpkg")
    told = {
        name: rest
        for name, *rest in sql(path, "SELECT column_name, name, title, description FROM gpkg_data_columns")
    }
    assert told["distance_m"] == ["距离(m)", "距离", "距离(m)"]
    assert told["found"][2] == "判定方式:inside 区内、border 边界、nearest 就近、none 无人负责"
    assert "我的列" not in told
    extensions = sql(
        path, "SELECT table_name, scope FROM gpkg_extensions WHERE extension_name = 'gpkg_schema'"
    )
    assert extensions == [
        ("gpkg_data_columns", "read-write"),
        ("gpkg_data_column_constraints", "read-write"),
    ]
    assert sql(path, "PRAGMA integrity_check") == [("ok",)]


def test_qgis_opens_it_coloured_and_in_chinese(tmp_path, assigned):
    path = write_layer(assigned, tmp_path / "a.gpkg")
    style = style_of(path, "a")
    renderer = style.find("renderer-v2")
    assert (renderer.get("type"), renderer.get("attr")) == ("categorizedSymbol", "found")
    told = {each.get("value"): each.get("label") for each in renderer.findall("categories/category")}
    assert told == {"inside": "区内", "border": "边界", "nearest": "就近", "none": "无人负责", "": "其他"}
    symbols = {each.get("name"): each for each in renderer.findall("symbols/symbol")}
    assert {each.get("symbol") for each in renderer.findall("categories/category")} == set(symbols)
    looks = {
        tuple(
            option.get("value") for option in each.iter("Option") if option.get("name") in ("name", "color")
        )
        for each in symbols.values()
    }
    assert len(looks) == len(symbols)
    aliases = {each.get("field"): each.get("name") for each in style.findall("aliases/alias")}
    assert (aliases["found"], aliases["incident_code"]) == ("判定方式", "案件编号")
    shown = style.find("fieldConfiguration/field[@name='found']/editWidget[@type='ValueMap']")
    pairs = {each.get("name"): each.get("value") for each in shown.iter("Option") if each.get("value")}
    assert pairs["边界"] == "border"
    ((catalog, schema, geometry),) = sql(
        path, "SELECT f_table_catalog, f_table_schema, f_geometry_column FROM layer_styles"
    )
    assert (catalog, schema, geometry) == ("", "", "geom")


def test_areas_are_told_apart_by_hatch_and_a_plain_layer_has_one_symbol(tmp_path, answers, zones):
    path = write_layer(answers["gaps"], tmp_path / "a.gpkg", layer="gaps")
    write_layer(zones, path, layer="责任区 'x\"")
    style = style_of(path, "gaps")
    assert style.find("renderer-v2").get("attr") == "kind"
    assert style.find("layerGeometryType").text == "2"
    plain = style_of(path, "责任区 'x\"").find("renderer-v2")
    assert plain.get("type") == "singleSymbol"
    assert [each.get("class") for each in plain.iter("layer")] == ["SimpleFill"]


def test_pipes_have_the_colours_of_the_standard_however_their_kind_is_written(tmp_path):
    pipes = gpd.GeoDataFrame(
        {"pipe_code": list("abc"), "pipe_kind": ["WS", "给水", "?"]},
        geometry=[LineString([(X, Y), (X + 50, Y)])] * 3,
        crs=4547,
    )
    style = style_of(write_layer(pipes, tmp_path / "a.gpkg"), "a")
    listed = style.findall("renderer-v2/categories/category")
    told = [(each.get("value"), each.get("label")) for each in listed]
    assert told == [("WS", "污水"), ("给水", "给水"), ("", "其他")]
    colours = [each.get("value") for each in style.iter("Option") if each.get("name") == "line_color"]
    assert colours == ["76,57,38,255", "0,183,183,255", "123,135,148,255"]


def test_a_layer_of_others_has_neither_titles_nor_style(tmp_path):
    layer = gpd.GeoDataFrame({"a": [1]}, geometry=[Point(X, Y)], crs=4547)
    path = write_layer(layer, tmp_path / "a.gpkg")
    tables = {name for (name,) in sql(path, "SELECT name FROM sqlite_master")}
    assert not tables & {"layer_styles", "gpkg_data_columns"}


def test_the_same_layer_again_has_one_style_and_the_users_own_stays(tmp_path, assigned, zones):
    path = write_layer(assigned, tmp_path / "a.gpkg")
    write_layer(zones, path, layer="zones")
    mine = "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
    mine += "styleName, styleQML, useAsDefault) VALUES ('', '', 'a', 'geom', 'mine', '<qgis/>', 1)"
    sql(path, "UPDATE layer_styles SET useAsDefault = 0 WHERE f_table_name = 'a'")
    sql(path, mine)
    before = sql(path, "SELECT styleQML FROM layer_styles WHERE f_table_name = 'zones'")
    write_layer(assigned, path, layer="a")
    rows = sql(path, "SELECT f_table_name, styleName, useAsDefault FROM layer_styles ORDER BY 1, 3")
    assert rows == [("a", "张家口城市管理", 0), ("a", "mine", 1), ("zones", "张家口城市管理", 1)]
    assert sql(path, "SELECT styleQML FROM layer_styles WHERE f_table_name = 'zones'") == before


def test_other_programs_read_and_append_without_a_word(tmp_path, assigned):
    path = write_layer(assigned, tmp_path / "a.gpkg")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = pyogrio.read_dataframe(path, layer="a")
        assert set(rows.columns) == set(assigned.columns)
        pyogrio.write_dataframe(rows, path, layer="a", append=True)
        with fiona.open(path, layer="a") as opened:
            assert len(opened) == 10
            assert "found" in opened.schema["properties"]
    assert list_layers(path) == ["a"]
    assert len(read_layer(path)) == 10


def test_a_workspace_has_the_same_and_no_more_after_a_new_version(tmp_path, zones):
    path = tmp_path / "city.gpkg"
    with zjk_gis.Workspace.open(path) as workspace:
        workspace.write("responsibility_zones", zones)
        workspace.write("responsibility_zones", zones.iloc[:1])
        assert len(workspace.read("responsibility_zones")) == 1
    assert sql(path, "SELECT f_table_name FROM layer_styles") == [("responsibility_zones",)]
    assert style_of(path, "responsibility_zones").find("aliases/alias").get("name") == "责任区编码"
    assert list_layers(path) == ["responsibility_zones"]
    ((count,),) = sql(path, "SELECT count(*) FROM gpkg_data_columns")
    assert count == 2
