"""`zjk-gis map --kind`: one question on one map, from the files of a city."""

import json

import geopandas as gpd
import pytest
from shapely import box

from zjk_gis.io import write_layer
from zjk_gis.synth import make_city


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    city = make_city(grids=300, incidents=1000, seed=5)
    for name, layer in city.layers.items():
        write_layer(layer, folder / "city.gpkg", layer=name)
    city.incidents.to_csv(folder / "incidents.csv", index=False)
    return folder


@pytest.mark.parametrize(
    ("kind", "more", "counted"),
    [
        ("zones", [], "zones"),
        ("assignment", ["--incidents", "incidents.csv"], "assigned"),
        ("gaps", ["--at", "2025-12-31"], "gaps"),
        ("changes", ["--before", "city.gpkg"], "after"),
        ("pipes", [], "manholes"),
        ("parking", [], "parking_gaps"),
        ("heritage", [], "historic_blocks"),
        ("density", ["--incidents", "incidents.csv"], "incidents"),
        ("choropleth", ["--layer", "residential_estates", "--column", "population"], "residential_estates"),
    ],
)
def test_each_kind_is_one_page(run, files, tmp_path, monkeypatch, kind, more, counted):
    monkeypatch.chdir(files)
    page = tmp_path / "map.html"
    arguments = ["map", "city.gpkg", "--kind", kind, "-o", page, "--source", "试验", "--json", *more]
    code, out, _ = run(*arguments)
    result = json.loads(out)
    assert (code, result["kind"], result["bytes"]) == (0, kind, page.stat().st_size)
    assert result["features"][counted] > 0
    assert "资料来源:试验" in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--kind", "density"], "name their file with --incidents"),
        (["--kind", "changes"], "with --before"),
        (["--kind", "choropleth"], "--layer and the indicator with --column"),
        (["--kind", "heritage"], "has no layer historic_blocks"),
        (["--kind", "pipes"], "has no layer pipelines"),
    ],
)
def test_what_is_missing_is_named(run, tmp_path, arguments, words):
    zones = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(573000, 4520000, 573100, 4520100)], crs=4547)
    write_layer(zones, tmp_path / "city.gpkg", layer="responsibility_zones")
    code, out, err = run("map", tmp_path / "city.gpkg", "-o", tmp_path / "map.html", *arguments)
    assert code == 2
    assert words in err
    assert "Traceback" not in out + err
