"""File Geodatabases: written, added to, read back, and held to being nothing else."""

import logging
import shutil
import zipfile

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from shapely import LineString, MultiPolygon, Point, Polygon, box

from zjk_gis.errors import FileError, GeometryError, InputError
from zjk_gis.io import list_layers, read_folder, read_layer, write_layer

WELLS = gpd.GeoDataFrame(
    {
        "井盖编码": ["0012", "=1+1"],
        "井深": [2.5, None],
        "层数": pd.array([3, None], dtype="Int64"),
        "建成": pd.to_datetime(["2025-01-02 03:04:05", None]),
        "OBJECTID": [7, 8],
        "SHAPE": ["圆", "方"],
    },
    geometry=[Point(573300, 4520900), None],
    crs=4547,
)
ZONES = gpd.GeoDataFrame(
    {"zone_code": ["A", "B"]},
    geometry=[box(0, 0, 9, 9), MultiPolygon([box(20, 0, 21, 1), box(22, 0, 23, 1)])],
    crs=4547,
)


def test_what_is_written_is_read_back(tmp_path):
    path = write_layer(WELLS, tmp_path / "城市.gdb", layer="井盖")
    back = read_layer(path)
    assert list(back.columns) == list(WELLS.columns)
    for column in WELLS.columns[:-1]:
        assert back[column].astype(object).where(back[column].notna(), None).tolist() == (
            WELLS[column].astype(object).where(WELLS[column].notna(), None).tolist()
        )
    assert back.geometry.isna().tolist() == [False, True]
    assert back.geometry[0].distance(WELLS.geometry[0]) < 1e-3
    assert (back.crs.to_epsg(), back.attrs["report"].format) == (4547, "OpenFileGDB")


def test_coordinates_are_kept_far_below_a_millimetre(tmp_path):
    for crs, x, y in (
        (4547, 573300.12345678, 4520900.5),
        (4490, 114.8812345678901, 40.8),
        (4526, 38573300.5, 1e6),
    ):
        point = gpd.GeoDataFrame(geometry=[Point(x, y)], crs=crs)
        back = read_layer(write_layer(point, tmp_path / f"{crs}.gdb")).geometry[0]
        assert (back.geom_type, back.x, back.y) == (
            "Point",
            pytest.approx(x, abs=1e-8),
            pytest.approx(y, abs=1e-8),
        )


@pytest.mark.parametrize("ending", ["gdb", "geojson", "kml"])
def test_slivers_that_rounding_breaks_are_told(tmp_path, caplog, ending):
    x, y = 573300.0, 4520900.0
    sliver = Polygon([(x, y), (x + 9, y), (x + 9, y + 9), (x + 4, y + 2**-30), (x, y + 9)])
    assert sliver.is_valid
    layer = gpd.GeoDataFrame(geometry=[box(x, y, x + 1, y + 1), sliver], index=["a", "b"], crs=4547)
    with caplog.at_level(logging.WARNING):
        back = read_layer(write_layer(layer, tmp_path / f"a.{ending}"))
    told = "1 shapes have slivers that rounding makes invalid; repair them (row b)" in caplog.text
    assert told == (not back.is_valid.all())
    assert back.is_valid[0]


def test_layers_are_added_and_replaced(tmp_path):
    path = write_layer(WELLS, tmp_path / "a.gdb", layer="wells")
    write_layer(ZONES, path, layer="zones")
    assert sorted(list_layers(path)) == ["wells", "zones"]
    write_layer(WELLS.iloc[:1], path, layer="wells")
    assert (len(read_layer(path, layer="wells")), len(read_layer(path, layer="zones"))) == (1, 2)
    with pytest.raises(InputError, match=r"name one of its layers with layer=: .*zones"):
        read_layer(path)


def test_numbers_of_64_bits_and_milliseconds_are_kept_and_told(tmp_path, caplog):
    times = pd.to_datetime(["2025-01-02 03:04:05.678"] * 2)
    layer = ZONES.assign(big=[2**40, -(2**53)], small=[1, -(2**31)], at=times, yes=[True, False])
    with caplog.at_level(logging.WARNING):
        back = read_layer(write_layer(layer, tmp_path / "a.gdb"))
    assert back["big"].tolist() == [2**40, -(2**53)]
    assert back["small"].tolist() == [1, -(2**31)]
    assert back["at"].tolist() == layer["at"].tolist()
    assert back["yes"].tolist() == [1, 0]
    assert "big, at: whole numbers over 32 bits or milliseconds need ArcGIS Pro 3.2 or newer" in caplog.text
    assert "yes: true and false are written as 1 and 0" in caplog.text


def test_times_are_those_of_beijing(tmp_path):
    layer = ZONES.assign(at=pd.to_datetime(["2025-01-01T20:00Z", "2025-01-02T00:00Z"]))
    back = read_layer(write_layer(layer, tmp_path / "a.gdb"))
    assert [str(time) for time in back["at"]] == ["2025-01-02 04:00:00", "2025-01-02 08:00:00"]


def test_a_layer_holds_one_kind_of_shape(tmp_path):
    mixed = gpd.GeoDataFrame(geometry=[Point(0, 0), LineString([(0, 0), (1, 1)])], crs=4547)
    with pytest.raises(GeometryError, match=r"one kind of shape, not LineString, Point; write \.gpkg"):
        write_layer(mixed, tmp_path / "a.gdb")
    assert not (tmp_path / "a.gdb").exists()


def test_old_programs_can_open_a_plain_layer(tmp_path):
    path = write_layer(ZONES, tmp_path / "a.gdb")
    info = pyogrio.read_info(path)
    assert (info["driver"], info["features"], info["geometry_type"]) == ("OpenFileGDB", 2, "MultiPolygon")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: (path / "a.vrt").write_text("<OGRVRTDataSource/>"), r"'a\.vrt' in it is not part"),
        (lambda path: (path / "sub").mkdir(), "'sub' in it is not part"),
        (lambda path: (path / "a00000001.gdbtable").unlink(), "its tables are missing"),
        (lambda path: (path / "a000000ff.gdbtable").symlink_to("/etc/passwd"), "is a link"),
    ],
)
def test_what_does_not_belong_there_is_refused(tmp_path, change, words):
    path = write_layer(ZONES, tmp_path / "a.gdb")
    change(path)
    with pytest.raises(FileError, match=words):
        read_layer(path)
    with pytest.raises(FileError, match=words):
        write_layer(ZONES, path, layer="more")


def test_locks_and_descriptions_of_arcgis_do_no_harm(tmp_path):
    path = write_layer(ZONES, tmp_path / "a.gdb")
    for name in ("a.GDB.sr.lock", "Thumbs.db", "timestamps", "zones.shp.xml"):
        (path / name).write_bytes(b"")
    assert len(read_layer(path)) == 2


def test_a_zipped_one_and_one_in_a_folder_are_found(tmp_path):
    (tmp_path / "in").mkdir()
    path = write_layer(ZONES, tmp_path / "in" / "a.gdb")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for part in path.iterdir():
            archive.write(part, f"数据/a.gdb/{part.name}")
    assert len(read_layer(tmp_path / "a.zip")) == 2
    assert list_layers(tmp_path / "a.zip") == ["a"]
    write_layer(WELLS, path, layer="wells")
    found = read_folder(tmp_path / "in")
    assert sorted(len(layer) for layer in found.layers.values()) == [2, 2]


def test_a_cut_table_is_told(tmp_path):
    points = gpd.points_from_xy(range(2000), range(2000))
    path = write_layer(gpd.GeoDataFrame({"n": range(2000)}, geometry=points, crs=4547), tmp_path / "a.gdb")
    largest = max(path.glob("*.gdbtable"), key=lambda part: part.stat().st_size)
    largest.write_bytes(largest.read_bytes()[: largest.stat().st_size // 2])
    with pytest.raises(FileError, match=r"a\.gdb"):
        read_layer(path)


def test_a_copy_that_lacks_the_rest_is_refused(tmp_path):
    path = write_layer(ZONES, tmp_path / "a.gdb")
    part = tmp_path / "b.gdb"
    part.mkdir()
    shutil.copy(path / "a00000004.gdbtable", part)
    with pytest.raises(FileError, match="its tables are missing; copy the whole folder"):
        list_layers(part)
