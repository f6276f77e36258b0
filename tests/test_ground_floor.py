"""CRS, labels and tables: the floor everything stands on."""

import geopandas as gpd
import pytest
from pyproj import CRS
from shapely import Point

from zjk_gis import crs
from zjk_gis._optional import need
from zjk_gis.errors import CRSError, InputError, MissingExtraError
from zjk_gis.layers import CATALOGUE, label, spec_of
from zjk_gis.standards import rules_table


@pytest.mark.parametrize(
    ("longitude", "epsg"), [(114.0, 4547), (115.49, 4547), (115.51, 4548), (75, 4534), (135, 4554)]
)
def test_the_zone_is_that_of_the_nearest_central_meridian(longitude, epsg):
    assert crs.metric_crs(longitude) == epsg
    name = CRS(epsg).name
    assert float(name.split("CM ")[1].rstrip("E")) == 3 * round(longitude / 3)


@pytest.mark.parametrize("longitude", [40.8, 0, 140])
def test_outside_china_there_is_no_zone(longitude):
    with pytest.raises(CRSError, match="swapped"):
        crs.metric_crs(longitude)


@pytest.mark.parametrize(
    ("epsg", "metric"),
    [(4547, True), (4526, True), (32650, True), (4490, False), (3857, False), (2263, False)],
)
def test_only_true_metres_are_metric(epsg, metric):
    assert crs.is_metric(CRS(epsg)) is metric


def test_a_layer_without_crs_is_told_how_to_set_one():
    with pytest.raises(CRSError, match=r"incidents: no coordinate reference system; .*set_crs\(4490\)"):
        crs.as_metric(gpd.GeoDataFrame(geometry=[Point(0, 0)]), "incidents")


def test_a_layer_of_empty_geometries_becomes_metric_too():
    empty = gpd.GeoDataFrame(geometry=[Point()], crs=4490)
    assert crs.is_metric(crs.as_metric(empty, "x").crs)


def test_every_column_of_the_catalogue_has_a_chinese_name_of_its_own_in_its_layer():
    for spec in CATALOGUE.values():
        accepted = [name for field in spec.fields for name in field.names]
        assert len(accepted) == len(set(accepted)), spec.name
        assert spec.field(spec.code).required


def test_a_column_that_layers_name_differently_has_a_term_of_its_own():
    titles = {}
    for spec in CATALOGUE.values():
        for field in spec.fields:
            titles.setdefault(field.name, set()).add(field.title)
    disputed = {name for name, several in titles.items() if len(several) > 1}
    assert disputed <= set(rules_table("terms")["key"])
    assert label("valid_from") == "生效日期"  # not 许可起日, as excavation permits have it
    for name in titles.keys() - set(rules_table("terms")["key"]):
        assert label(name) in titles[name]


def test_an_unknown_layer_is_answered_with_the_known_ones():
    with pytest.raises(InputError, match=r"there is no layer 'grids'; the layers are: .*unit_grids 单元网格"):
        spec_of("grids")


def test_every_term_has_both_languages_once():
    terms = rules_table("terms")
    assert terms["key"].is_unique
    assert (terms[["zh", "en"]] != "").all(axis=None)


def test_a_table_may_be_changed_without_changing_it_for_others():
    mine = rules_table("streets")
    mine["street_name"] = "其他"
    assert "堡子里街道" in set(rules_table("streets")["street_name"])


def test_a_language_it_does_not_speak_is_refused():
    with pytest.raises(InputError, match="lang must be one of zh, en, not 'fr'"):
        label("border", "fr")


def test_a_broken_optional_package_is_not_called_missing(tmp_path, monkeypatch):
    (tmp_path / "installed_but_broken.py").write_text("import a_package_it_lacks")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="a_package_it_lacks"):
        need("installed_but_broken", extra="excel", purpose="x")
    with pytest.raises(MissingExtraError, match=r'run: pip install "zjk_gis\[excel\]"'):
        need("a_package_it_lacks", extra="excel", purpose="x")
