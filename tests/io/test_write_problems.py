"""What validation found, for those who must put it right."""

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from shapely import Point, box

import zjk_gis
from zjk_gis.errors import InputError

EVIL = '=HYPERLINK("http://example.org","x")'
SCRIPT = "<script>alert(1)</script>{{7*7}}"


@pytest.fixture
def report():
    """Five covers: two sound, one with a formula for its state, one with a script, one without geometry."""
    covers = gpd.GeoDataFrame(
        {
            "manhole_code": [f"13070301020000{i:02d}" for i in range(1, 6)],
            "state": ["完好", "完好", EVIL, SCRIPT, "完好"],
        },
        geometry=[*[Point(573000 + 10 * i, 4520000) for i in range(4)], None],
        crs=4547,
    )
    return zjk_gis.validate(covers, "manholes")


def test_a_workbook_has_a_summary_and_the_rows(report, tmp_path):
    book = openpyxl.load_workbook(zjk_gis.io.write_problems(report, tmp_path / "problems.xlsx"))
    assert book.sheetnames == ["汇总", "问题"]
    summary = list(book["汇总"].iter_rows(values_only=True))
    assert summary[0] == (
        "图层",
        "行数",
        "无误行数",
        "问题",
        "规则",
        "严重程度",
        "数量",
    )
    assert ("manholes", 5, 2, "不在值域内", "not_allowed", "错误", 2) in summary
    assert any("未检查" in str(line[3]) for line in summary), "what was not checked is told"
    cells = [cell for line in book["问题"].iter_rows() for cell in line]
    assert [cell.data_type for cell in cells if cell.value == EVIL] == ["s"], "text, not a formula"
    assert all(cell.data_type != "f" and cell.hyperlink is None for cell in cells)


def test_a_table_for_other_programs(report, tmp_path):
    table = pd.read_csv(zjk_gis.io.write_problems(report, tmp_path / "problems.csv"), dtype="str")
    assert table.columns.tolist() == ["图层", "行", "字段", "值", "规则", "严重程度", "说明"]
    assert table["行"].tolist() == ["2", "3", "4"]
    assert table["值"][0] == "'" + EVIL


def test_a_layer_to_be_opened_over_the_data(report, tmp_path):
    layer = gpd.read_file(zjk_gis.io.write_problems(report, tmp_path / "problems.gpkg"), layer="problems")
    assert layer["row"].tolist() == ["2", "3", "4"]
    assert layer.crs.to_epsg() == 4547
    assert layer.geometry.isna().tolist() == [False, False, True]


def test_several_layers_in_one_file_and_in_english(tmp_path):
    grids = gpd.GeoDataFrame({"grid_code": ["1"]}, geometry=[box(573000, 4520000, 573001, 4520001)], crs=4547)
    reports = {
        "east": zjk_gis.validate(grids, "unit_grids", lang="en"),
        "west": zjk_gis.validate(grids.iloc[:0], "unit_grids", lang="en"),
    }
    book = openpyxl.load_workbook(zjk_gis.io.write_problems(reports, tmp_path / "problems.xlsx"))
    assert book.sheetnames == ["summary", "problems"]
    lines = list(book["summary"].iter_rows(values_only=True))
    assert [line[0] for line in lines[1:] if line[6] is not None] == ["east", "west"]


def test_a_layer_without_crs_can_be_told_of_too(tmp_path):
    grids = gpd.GeoDataFrame({"grid_code": ["1"]}, geometry=[box(0, 0, 1, 1)])
    path = zjk_gis.io.write_problems(zjk_gis.validate(grids, "unit_grids"), tmp_path / "problems.gpkg")
    assert "no_crs" in gpd.read_file(path, layer="problems")["rule"].tolist()


def test_layers_of_several_crs_are_no_one_layer(tmp_path):
    grids = gpd.GeoDataFrame({"grid_code": ["1"]}, geometry=[box(573000, 4520000, 573001, 4520001)], crs=4547)
    reports = {
        "a": zjk_gis.validate(grids, "unit_grids"),
        "b": zjk_gis.validate(grids.to_crs(4490), "unit_grids"),
    }
    with pytest.raises(InputError, match="are in 2 CRS"):
        zjk_gis.io.write_problems(reports, tmp_path / "problems.gpkg")
    assert zjk_gis.io.write_problems(reports, tmp_path / "problems.xlsx").exists()


def test_a_notebook_shows_data_as_text(report):
    page = report._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("name", ["problems.shp", "problems", "problems.pkl"])
def test_other_endings_are_refused(report, tmp_path, name):
    with pytest.raises(InputError, match="nothing is written under"):
        zjk_gis.io.write_problems(report, tmp_path / name)
