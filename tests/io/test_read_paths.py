"""Which paths are opened: real files whose content is what their ending says, and nothing else."""

import os
import random
import shutil

import geopandas as gpd
import pyogrio
import pytest
from shapely import Point, box

from zjk_gis.errors import FileError, InputError, ZjkGisError
from zjk_gis.io import check_writable, list_layers, read_layer, write_layer

POINTS = gpd.GeoDataFrame({"note": ["a", "b"]}, geometry=[Point(114.8, 40.8), Point(114.9, 40.9)], crs=4490)
SQUARES = gpd.GeoDataFrame(
    {"name": ["甲", "乙"]}, geometry=[box(573000, 4520000, 573100, 4520100), box(0, 0, 1, 1)], crs=4547
)
FORMATS = ["gpkg", "shp", "geojson", "fgb", "parquet", "csv", "xlsx"]


@pytest.mark.parametrize(
    "path",
    [
        "/vsicurl/http://example.com/a.gpkg",
        "/VSIZIP/a.zip/a.shp",
        "//vsizip/a.zip/a.shp",
        "/./vsimem/a.gpkg",
        "\\vsicurl\\a.gpkg",
        "http://example.com/a.geojson",
        "zip://a.zip!a.shp",
        "file:///etc/passwd",
        "GPKG:a.gpkg:layer",
        "PG:dbname=city",
        "ESRI Shapefile:a.shp",
        "a.gpkg\x00.csv",
        "",
        " ",
    ],
)
def test_what_is_no_plain_file_is_refused(path):
    with pytest.raises(FileError, match=r"is not a plain file|is not a path"):
        read_layer(path)
    with pytest.raises(FileError, match=r"is not a plain file|is not a path"):
        check_writable(path)


@pytest.mark.parametrize("path", [5, b"a.csv", None])
def test_a_path_is_text_or_a_path(path):
    with pytest.raises(InputError, match="path must be a path, not"):
        read_layer(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileError, match=r"missing\.csv: no such file$"):
        read_layer(tmp_path / "missing.csv")
    with pytest.raises(FileError, match="no such file, nor its folder"):
        read_layer(tmp_path / "nowhere" / "a.csv")
    with pytest.raises(FileError, match="is a folder"):
        read_layer(tmp_path)
    (tmp_path / "empty.csv").touch()
    with pytest.raises(FileError, match="the file is empty"):
        read_layer(tmp_path / "empty.csv")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_a_device_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(FileError, match="not a regular file"):
        read_layer(tmp_path / "pipe.csv")


@pytest.mark.parametrize("name", ["a.gml", "a.vrt", "a.mdb", "a"])
def test_an_unknown_ending_lists_the_known_ones(tmp_path, name):
    (tmp_path / name).write_text("x")
    with pytest.raises(InputError, match=r"\.gpkg, \.shp, \.geojson"):
        read_layer(tmp_path / name)
    with pytest.raises(InputError, match=r"\.gpkg, \.shp, \.geojson"):
        write_layer(POINTS, tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.gpkg", b"<OGRVRTDataSource/>", "XML or HTML"),
        ("a.shp", b"PK\x03\x04", "ZIP archive"),
        ("a.geojson", b"<OGRVRTDataSource/>", "XML or HTML"),
        ("a.geojson", b"lon,lat\n", "plain text"),
        ("a.parquet", b"lon,lat\n", "plain text"),
        ("a.xlsx", b"<html><table>", "XML or HTML"),
        ("a.xls", b"id\tname\n", "plain text"),
        ("a.csv", b"PK\x03\x04", r"\.xlsx workbook"),
        ("a.csv", b"a\x00b", "binary"),
        ("a.fgb", b"SQLite format 3\x00", "GeoPackage"),
    ],
)
def test_content_that_is_not_what_the_name_says_is_refused(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError, match=rf"named \.\w+, but its content looks like .*{words}"):
        read_layer(tmp_path / name)


def test_a_virtual_layer_hidden_in_a_geojson_is_not_opened(tmp_path):
    write_layer(POINTS, tmp_path / "secret.gpkg")
    virtual = (
        "<OGRVRTDataSource><OGRVRTLayer name='secret'>"
        f"<SrcDataSource>{tmp_path / 'secret.gpkg'}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    )
    path = tmp_path / "a.geojson"
    path.write_text(f'{{"type": "FeatureCollection", "note": "{virtual}", "features": []}}')
    assert len(pyogrio.read_dataframe(path)) == 2  # what GDAL does by itself
    assert len(read_layer(path)) == 0


@pytest.mark.parametrize("mark", ["!", ";"])
def test_a_path_that_would_be_misread_is_refused(tmp_path, mark):
    folder = tmp_path / f"a{mark}b"
    folder.mkdir()
    for ending in ("gpkg", "geojson"):
        with pytest.raises(FileError, match=rf"b/a\.{ending}: GDAL would misread '{mark}'"):
            write_layer(POINTS, folder / f"a.{ending}")
        shutil.copy(write_layer(POINTS, tmp_path / f"a.{ending}"), folder)
    with pytest.raises(FileError, match=rf"b/a\.gpkg: GDAL would misread '{mark}'"):
        read_layer(folder / "a.gpkg")
    assert len(read_layer(folder / "a.geojson")) == 2
    assert len(read_layer(write_layer(POINTS, folder / "a.csv"))) == 2


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", ["网格 a?b#c%20", "a:b'c\"d`$(x)"])
def test_odd_names_are_names(tmp_path, monkeypatch, name, ending):
    monkeypatch.chdir(tmp_path)
    path = write_layer(POINTS, f"./{name}.{ending}")
    assert path == tmp_path / f"{name}.{ending}"
    assert len(read_layer(path)) == 2
    assert len(list_layers(path)) == 1


@pytest.mark.parametrize("ending", ["GPKG", "Shp", "GeoJSON", "CSV"])
def test_the_case_of_an_ending_does_not_matter(tmp_path, ending):
    shutil.copy(write_layer(POINTS, tmp_path / f"a.{ending.lower()}"), tmp_path / f"b.{ending}")
    for part in tmp_path.glob("a.*"):
        if part.suffix != f".{ending.lower()}":
            shutil.copy(part, tmp_path / f"b{part.suffix.upper()}")
    assert len(read_layer(tmp_path / f"b.{ending}")) == 2


def complaint_about(path):
    """What the library says of a file; anything but its own errors goes through and fails the test."""
    try:
        read_layer(path)
    except ZjkGisError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    "ending", ["gpkg", "shp", "dbf", "shx", "prj", "cpg", "geojson", "fgb", "parquet", "csv", "xlsx"]
)
def test_a_broken_file_is_one_line_and_never_a_crash(tmp_path, ending):
    main = "shp" if ending in ("dbf", "shx", "prj", "cpg") else ending
    write_layer(SQUARES, tmp_path / f"a.{main}")
    sound = (tmp_path / f"a.{ending}").read_bytes()
    chance = random.Random(20220317)  # noqa: S311
    told = []
    for _ in range(12):
        broken = bytearray(sound[: chance.randrange(1, len(sound))] if chance.random() < 0.5 else sound)
        for _ in range(chance.choice([0, 1, 9])):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        (tmp_path / f"a.{ending}").write_bytes(broken)
        told.append(complaint_about(tmp_path / f"a.{main}"))
    assert all("a." in message and "\n" not in message for message in told if message)


def test_several_layers_must_be_named(tmp_path):
    path = tmp_path / "city.gpkg"
    write_layer(SQUARES, path, layer="districts")
    write_layer(SQUARES.iloc[:1], path, layer="单元网格")
    assert list_layers(path) == ["districts", "单元网格"]
    with pytest.raises(InputError, match="name one of its layers with layer=: districts, 单元网格"):
        read_layer(path)
    with pytest.raises(InputError, match="has no layer 'roads'; its layers are districts, 单元网格"):
        read_layer(path, layer="roads")
    assert len(read_layer(path, layer="districts")) == 2
    assert len(read_layer(path, spec="unit_grids")) == 1
    assert read_layer(path, spec="unit_grids").attrs["report"].layer == "单元网格"


def test_symbols_that_qgis_keeps_in_the_file_are_no_layer(tmp_path):
    path = write_layer(SQUARES, tmp_path / "a.gpkg")
    write_layer(SQUARES, path, layer="layer_styles")
    assert list_layers(path) == ["a"]


@pytest.mark.parametrize(
    ("path", "error", "words"),
    [
        ("a.docx", InputError, r"nothing is written under the ending '\.docx'; the endings are \.gpkg"),
        ("a", InputError, "a name without ending"),
        ("no/such/a.csv", FileError, "the folder .*no/such does not exist"),
        ("folder.csv", FileError, "is a folder or a device"),
    ],
)
def test_a_place_that_cannot_be_written_is_known_before_the_work(tmp_path, monkeypatch, path, error, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(error, match=words):
        check_writable(path)


def test_pages_and_layers_can_be_written(tmp_path):
    for ending in ("html", "gpkg", "CSV"):
        check_writable(tmp_path / f"a.{ending}")
    assert list(tmp_path.iterdir()) == []
