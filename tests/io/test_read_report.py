"""The report of reading: it goes with its layer through pandas, into Parquet and back, and prints itself."""

import copy
import json
import pickle

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point

import zjk_gis
from zjk_gis.io import ReadReport, read_layer, read_table
from zjk_gis.read_report import report_of

TEXT = "案件编号,经度,纬度\n001,114.88,40.82\n002,,\n合计,2,\n"


def _carried(report):
    return pickle.loads(pickle.dumps(report))  # noqa: S301 - as workers hand layers over


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "案件.csv"
    file.write_bytes(TEXT.encode("gb18030"))
    return file


def test_a_reader_says_what_it_found_in_two_sentences(path):
    report = read_layer(path, spec="incidents").attrs["report"]
    assert isinstance(report, ReadReport)
    assert (report.encoding, report.crs, report.without_position) == (
        "GB18030",
        "EPSG:4490",
        {"missing": [1]},
    )
    assert repr(report).startswith(f"<ReadReport> {report}\n")
    assert str(report) == (
        "案件.csv: 2 rows read as GB18030, in EPSG:4490. "
        "1 row has no position (missing: 1), 1 row of the file is left out."
    )


def test_nothing_found_is_said_too():
    assert str(ReadReport(path="a.gpkg", rows=1, crs="EPSG:4547")) == (
        "a.gpkg: 1 row read, in EPSG:4547. Every row has its place and its values."
    )


def test_a_notebook_shows_a_table_in_which_rows_are_counted_and_data_is_text():
    report = ReadReport(
        path="<b>.csv",
        rows=9,
        renamed={"<i>": "a"},
        without_position={"missing": [3, 4, 5]},
        digits_lost={"<u>": {0: "1E+14"}},
        remarks=["<script>"],
    )
    page = report._repr_html_()
    for raw in ("<b>.csv", "<i>", "<u>", "<script>"):
        assert raw not in page
    assert "<td>missing: 3</td>" in page
    assert "<td>&lt;u&gt;: 1</td>" in page
    assert "&lt;script&gt;" in page
    assert "[3, 4, 5]" not in page


def test_it_tells_what_was_told_and_no_more(path):
    report = read_layer(path).attrs["report"]
    told = report.as_dict()
    assert "zeros_restored" not in told
    assert told["left_out"] == [{"row": 4, "why": "total", "text": "合计 | 2"}]
    told["left_out"].clear()
    assert report.left_out
    assert ReadReport(version=0).as_dict() == {"version": 0}


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, _carried])
def test_a_copy_is_a_report_and_equal(path, again):
    report = read_layer(path).attrs["report"]
    other = again(report)
    assert isinstance(other, ReadReport)
    assert other == report
    other.remarks = ["another"]
    assert other != report
    assert other["remarks"] == other.remarks == ["another"]


def test_it_survives_what_pandas_does_with_a_layer(path):
    layer = read_layer(path)
    for other in (layer.copy(), layer[layer.geometry.notna()], layer.to_crs(4547), layer.assign(a=1)):
        assert isinstance(other.attrs["report"], ReadReport)
        assert other.attrs["report"] == layer.attrs["report"]
        assert other.attrs["report"] is not layer.attrs["report"]
    assert pd.concat([layer, layer]).attrs["report"] == layer.attrs["report"]
    changed = layer.copy()
    changed.attrs["report"].remarks.append("moved")
    assert "moved" not in layer.attrs["report"].remarks
    assert "report" not in pd.concat([layer, changed]).attrs


def test_a_parquet_file_takes_it_along_as_json(path, tmp_path):
    layer, table = read_layer(path, spec="incidents"), read_table(path)
    layer.to_parquet(tmp_path / "layer.parquet")
    table.to_parquet(tmp_path / "table.parquet")
    for back, before in (
        (gpd.read_parquet(tmp_path / "layer.parquet"), layer),
        (pd.read_parquet(tmp_path / "table.parquet"), table),
    ):
        assert report_of(back) == before.attrs["report"]
    assert json.loads(json.dumps(layer.attrs["report"].as_dict()))["encoding"] == "GB18030"


def test_a_datum_declared_before_parquet_is_known_after_it(tmp_path):
    (tmp_path / "井盖.csv").write_text("编号,高德经度,高德纬度\n1,114.87835,40.819114\n", "utf-8")
    ground = read_layer(tmp_path / "井盖.csv")
    ground.to_parquet(tmp_path / "ground.parquet")
    back = gpd.read_parquet(tmp_path / "ground.parquet")
    with zjk_gis.Workspace.open(tmp_path / "city.gpkg") as city:
        city.write("covers", back, datum="gcj02")
        assert city.read("covers").geometry[0].equals_exact(ground.geometry[0], 1e-9)


def test_what_is_no_report_is_left_alone():
    layer = gpd.GeoDataFrame(geometry=[Point(114.9, 40.8)], crs=4490)
    layer.attrs["report"] = "of the bureau"
    assert report_of(layer) == ReadReport()
    assert layer.attrs["report"] == "of the bureau"
    layer.attrs["report"] = {"encoding": "GBK", "mood": "good"}
    assert report_of(layer) == ReadReport(encoding="GBK")


def test_a_field_that_there_is_not_is_refused():
    report = ReadReport()
    with pytest.raises(AttributeError, match="no field 'encodign'"):
        report.encodign = "UTF-8"
    with pytest.raises(TypeError, match="assign to its attributes"):
        report.pop("encoding")
    report["encoding"] = "UTF-8"
    assert report.encoding == "UTF-8"
