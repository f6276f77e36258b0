"""The catalogue's tables: what ships, what a city adds to it, and what a broken cell is answered with."""

import os
import subprocess
import sys
from importlib.resources import files

import geopandas as gpd
import pytest
from shapely import Point

from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.catalogue_tables import read_catalogue
from zjk_gis.layers.naming import conform
from zjk_gis.layers.spec import AREAL, PUNCTUAL
from zjk_gis.standards import rules_table

LAYERS = "name,title,geometry,code,confidence\nkiosks,报刊亭,point;area,kiosk_code,M\n"
FIELDS = "layer,field,title,aliases,dtype,required,minimum,domain\n"
KIOSK = "kiosks,kiosk_code,报刊亭编号,亭号,,yes,,\n"


@pytest.fixture
def own(tmp_path):
    """Write a city's tables and read the catalogue with them; a table left out is not there."""

    def read(layers=None, fields=None):
        for name, text in (("layers", layers), ("fields", fields)):
            if text is not None:
                (tmp_path / f"{name}.csv").write_text(text, "utf-8-sig")
        return read_catalogue(tmp_path)

    return read


@pytest.mark.parametrize("name", ["layers", "fields"])
def test_excel_reads_the_tables_as_what_they_are(name):
    assert files("zjk_gis.layers").joinpath("tables", f"{name}.csv").read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("spec", CATALOGUE.values(), ids=lambda spec: spec.name)
def test_what_a_layer_refers_to_exists(spec):
    dictionaries = {"pipe_kinds", *rules_table("dictionaries")["dictionary"]}
    assert set(spec.topology) <= set(rules_table("checks")["check"])
    assert {field.domain for field in spec.fields} <= dictionaries | {""}
    assert {scale for field in spec.fields for scale in field.scales} <= dictionaries
    assert {layer for field in spec.fields for layer in field.refers_to} <= set(CATALOGUE)
    assert not spec.versioned or {"valid_from", "valid_to"} <= {field.name for field in spec.fields}


def test_a_city_adds_a_layer(own):
    catalogue = own(LAYERS, FIELDS + KIOSK + "kiosks,seats,座位数,,integer,,0,\n")
    assert list(catalogue) == [*CATALOGUE, "kiosks"]
    kiosks = catalogue["kiosks"]
    assert (kiosks.title, kiosks.geometry, kiosks.code) == ("报刊亭", PUNCTUAL | AREAL, "kiosk_code")
    assert kiosks.field("kiosk_code").aliases == ("亭号",)
    assert (kiosks.field("seats").dtype, kiosks.field("seats").minimum) == ("integer", 0)
    assert {name: spec for name, spec in catalogue.items() if name != "kiosks"} == CATALOGUE


def test_a_city_adds_aliases_and_fields_and_what_ships_stays(own):
    catalogue = own(
        fields="layer,field,title,aliases\nmanholes,manhole_code,,我局井号;旧井号\nmanholes,sealed,封井,\n"
    )
    manholes, before = catalogue["manholes"], CATALOGUE["manholes"]
    assert manholes.field("manhole_code").aliases == (
        *before.field("manhole_code").aliases,
        "我局井号",
        "旧井号",
    )
    assert [field.name for field in manholes.fields] == [*(field.name for field in before.fields), "sealed"]
    layer = gpd.GeoDataFrame({"旧井号": ["1"]}, geometry=[Point(0, 0)], crs=4547)
    assert conform(layer, manholes).attrs["renamed"] == {"旧井号": "manhole_code"}


def test_a_row_that_says_what_ships_already_changes_nothing(own):
    text = files("zjk_gis.layers").joinpath("tables", "fields.csv").read_text("utf-8-sig")
    assert own(fields=text) == CATALOGUE


@pytest.mark.parametrize(
    ("layers", "fields", "words"),
    [
        (None, "layer,field,titel\n", r"fields.csv: has an unknown column 'titel'; the columns are layer, "),
        (None, "field,title\n", "has no column layer"),
        (None, "layer,field,layer\n", "has a column twice"),
        (
            None,
            FIELDS + "manhole,a,甲,,,,,\n",
            "row 2, column layer: 'manhole' is not one of accepted_f",
        ),
        (None, FIELDS + "\nmanholes,Sealed,封井,,,,,\n", "row 3, column field: 'Sealed' is not a name"),
        (None, FIELDS + "manholes,sealed,,,,,,\n", "row 2, column title: is empty"),
        (None, FIELDS + "manholes,a,甲,,whole,,,\n", "column dtype: 'whole' is not one of text, integer"),
        (None, FIELDS + "manholes,a,甲,,,是,,\n", "column required: '是' is not one of empty, yes"),
        (None, FIELDS + "manholes,a,甲,,number,,low,\n", "row 2, column minimum: 'low' is not a number"),
        (None, FIELDS + "manholes,a,甲,,,,,kinds\n", "column domain: the table dictionaries has no 'kinds'"),
        (None, FIELDS + "manholes,a,甲,,,,,,b,\n", "row 2, column 9: 'b' stands beyond the last column"),
        (None, FIELDS + "manholes,a,井号,,,,,\n", "column title: 井号 is a name of well_number already"),
        (None, FIELDS + 2 * "manholes,a,甲,,,,,\n", "row 3, column field: manholes has a already"),
        (
            None,
            FIELDS + "manholes,state,,,integer,,,\n",
            "column dtype: state has text here, which",
        ),
        (None, FIELDS + "manholes,state,,,,yes,,\n", "column required: state has nothing here"),
        (LAYERS, None, "layers.csv: row 2, column name: fields.csv has no field of kiosks"),
        (
            LAYERS,
            FIELDS + KIOSK.replace("yes", ""),
            "column code: fields.csv does not say that kiosk_code",
        ),
        (LAYERS.replace("point", "dot"), FIELDS + KIOSK, "column geometry: 'dot' is not one of point, line"),
        (LAYERS.replace("point;area", ""), FIELDS + KIOSK, "row 2, column geometry: is empty"),
        (
            LAYERS.replace(",M", ",X"),
            FIELDS + KIOSK,
            "column confidence: 'X' is not one of S, M, U, C",
        ),
        (
            LAYERS.replace("kiosks", "roads"),
            None,
            "column name: there is a layer roads already; fields",
        ),
        (LAYERS.replace("报刊亭", "窨井"), None, "column title: there is a layer 窨井 already"),
    ],
)
def test_a_broken_cell_is_named_by_row_and_column(own, layers, fields, words):
    with pytest.raises(InputError, match=words):
        own(layers, fields)


def test_a_table_in_gbk_says_how_it_is_saved(tmp_path):
    (tmp_path / "fields.csv").write_bytes("layer,field,aliases\nmanholes,state,井态\n".encode("gbk"))
    with pytest.raises(InputError, match=r"fields.csv: cannot be read as CSV in UTF-8; in Excel, save it as"):
        read_catalogue(tmp_path)


def test_the_variable_names_the_folder(own, tmp_path):
    own(LAYERS, FIELDS + KIOSK)
    asked = (
        "from zjk_gis.layers import spec_of\nfrom zjk_gis.standards import rules_table\n"
        "print(spec_of('报刊亭').code, len(rules_table('streets')))"
    )
    told = subprocess.run(
        [sys.executable, "-c", asked],
        env={**os.environ, "ZJK_GIS_TABLES": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert told.stdout.split() == ["kiosk_code", "246"]
