"""What is written is what is read back, whole or not at all, and harmless in a spreadsheet."""

import datetime as dt
import json
import logging
import os
import re
import sqlite3
import time
from contextlib import closing

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, box

from zjk_gis.errors import CRSError, FileError, GeometryError, InputError
from zjk_gis.io import list_layers, read_layer, write_layer, write_table
from zjk_gis.io.spreadsheets import guard_formula
from zjk_gis.io.vector.shapefile import DBF_NAMES, short_names
from zjk_gis.layers.catalogue import CATALOGUE

X, Y = 573000, 4520000
FORMATS = ["gpkg", "shp", "geojson", "fgb", "kml", "gdb", "parquet", "csv", "xlsx"]


def make_incidents():
    """Three incidents as they are after assignment; the last has no position."""
    return gpd.GeoDataFrame(
        {
            "incident_code": ["0001", "0002", "0003"],
            "occurred_at": pd.to_datetime(["2025-01-02 03:04", "2025-01-03 00:00", None]),
            "description": ["暴露垃圾", None, "=1+1"],
            "distance_m": [0.0, 1.25, None],
            "candidates": [1, 2, 0],
            "ambiguous": [False, True, False],
        },
        geometry=[Point(X, Y), Point(X + 0.123456, Y), None],
        index=[7, 5, 3],
        crs=4547,
    )


def make_zones():
    return gpd.GeoDataFrame(
        {"zone_code": ["A", "B"]},
        geometry=[
            box(X, Y, X + 9, Y + 9),
            MultiPolygon([box(X, Y, X + 1, Y + 1), box(X + 5, Y, X + 6, Y + 1)]),
        ],
        crs=4547,
    )


@pytest.mark.parametrize("ending", FORMATS)
def test_points_come_back_as_they_were(tmp_path, ending):
    layer = make_incidents()
    before = layer.copy()
    result = read_layer(write_layer(layer, tmp_path / f"案件.{ending}"), spec="incidents")
    pd.testing.assert_frame_equal(layer, before)
    assert result["incident_code"].tolist() == ["0001", "0002", "0003"]
    assert result["occurred_at"].tolist()[:2] == layer["occurred_at"].tolist()[:2]
    assert result["occurred_at"].isna().tolist() == [False, False, True]
    assert result["description"].fillna("").tolist() == ["暴露垃圾", "", "=1+1"]
    assert result["distance_m"].astype(float).fillna(-1).tolist() == [0.0, 1.25, -1]
    assert result["ambiguous"].astype(str).str.lower().replace({"0": "false", "1": "true"}).tolist() == [
        "false", "true", "false"
    ]  # fmt: skip
    back = result.geometry.to_crs(4547)
    assert back.isna().tolist() == [False, False, True]
    assert back[1].distance(layer.geometry[5]) < 1e-4


@pytest.mark.parametrize("ending", ["gpkg", "shp", "geojson", "fgb", "kml", "gdb", "parquet", "csv"])
def test_areas_come_back_as_they_were(tmp_path, ending):
    layer = make_zones()
    result = read_layer(write_layer(layer, tmp_path / f"zones.{ending}"))
    back = result.geometry.to_crs(4547)
    assert result["zone_code"].tolist() == ["A", "B"]
    assert (back.hausdorff_distance(layer.geometry) < 1e-3).all()


def test_areas_in_a_workbook_are_a_point_within(tmp_path):
    result = read_layer(write_layer(make_zones(), tmp_path / "zones.xlsx"))
    assert result.geometry.to_crs(4547).within(make_zones().geometry).all()


@pytest.mark.parametrize("ending", FORMATS)
def test_a_layer_without_rows_can_be_written(tmp_path, ending):
    result = read_layer(write_layer(make_incidents().iloc[:0], tmp_path / f"a.{ending}"))
    assert len(result) == 0


@pytest.mark.parametrize("ending", FORMATS)
def test_a_layer_without_a_single_position_can_be_written(tmp_path, ending):
    result = read_layer(write_layer(make_incidents().iloc[2:], tmp_path / f"a.{ending}"))
    assert result.geometry.isna().tolist() == [True]


@pytest.mark.parametrize("ending", FORMATS)
def test_unusual_columns_become_text(tmp_path, ending):
    layer = gpd.GeoDataFrame(
        {
            "mixed": [1, "约3"],
            "list": [[1], None],
            "kind": pd.Categorical(["a", "b"]),
            "day": [pd.Timestamp("2025-01-02").date(), None],
            "fid": ["x", "y"],
            "geom": ["[1, 2]", "z"],
            "other": gpd.GeoSeries([Point(1, 2), None]),
        },
        geometry=[Point(114.8, 40.8), Point(114.9, 40.9)],
        crs=4490,
    )
    result = read_layer(write_layer(layer, tmp_path / f"a.{ending}"))
    assert result["mixed"].tolist() == ["1", "约3"]
    assert result["kind"].tolist() == ["a", "b"]
    assert result["geom"].tolist() == ["[1, 2]", "z"]
    assert result["fid"].tolist() == ["x", "y"]
    assert str(result["day"][0])[:10] == "2025-01-02"
    assert result["list"].fillna("").tolist() == ["[1]", ""]


@pytest.mark.parametrize("ending", ["gpkg", "shp", "fgb", "gdb", "parquet"])
def test_a_layer_without_crs_stays_without(tmp_path, ending):
    layer = make_zones().set_crs(None, allow_override=True)
    assert read_layer(write_layer(layer, tmp_path / f"a.{ending}")).crs is None


@pytest.mark.parametrize("ending", ["geojson", "kml", "csv", "xlsx"])
def test_degrees_cannot_be_written_without_crs(tmp_path, ending):
    layer = make_incidents().set_crs(None, allow_override=True)
    with pytest.raises(CRSError, match="no coordinate reference system"):
        write_layer(layer, tmp_path / f"a.{ending}")
    assert list(tmp_path.iterdir()) == []


def test_geojson_is_wgs84_as_its_standard_demands(tmp_path):
    path = write_layer(make_incidents(), tmp_path / "a.geojson")
    content = json.loads(path.read_text("utf-8"))
    assert "crs" not in content
    assert content["features"][0]["geometry"]["coordinates"] == pytest.approx(
        [114.865186, 40.811498], abs=1e-6
    )


def test_a_layer_is_added_to_a_geopackage_or_replaces_its_namesake(tmp_path):
    path = tmp_path / "city.gpkg"
    write_layer(make_zones(), path, layer="zones")
    write_layer(make_incidents(), path, layer="incidents")
    write_layer(make_zones().iloc[:1], path, layer="zones")
    assert sorted(list_layers(path)) == ["incidents", "zones"]
    assert len(read_layer(path, layer="zones")) == 1
    assert len(read_layer(path, layer="incidents")) == 3
    assert [part.name for part in tmp_path.iterdir()] == ["city.gpkg"]


def test_a_geopackage_open_elsewhere_is_left_alone(tmp_path):
    path = write_layer(make_zones(), tmp_path / "a.gpkg")
    path.with_name("a.gpkg-wal").write_bytes(b"unsaved")
    with pytest.raises(FileError, match="is open in another program such as QGIS"):
        write_layer(make_zones(), path)


def test_a_file_that_is_no_geopackage_is_not_added_to(tmp_path):
    path = tmp_path / "a.gpkg"
    path.write_text("precious")
    with pytest.raises(FileError, match="looks like plain text"):
        write_layer(make_zones(), path)
    assert path.read_text() == "precious"


def contents(folder):
    return {part.name: part.read_bytes() for part in folder.rglob("*") if part.is_file()}


@pytest.mark.parametrize("ending", ["gpkg", "shp", "kml", "gdb", "csv", "xlsx"])
def test_a_failure_leaves_the_old_file_as_it_was(tmp_path, monkeypatch, ending):
    path = write_layer(make_incidents(), tmp_path / f"a.{ending}")
    before = contents(tmp_path)

    def fail(*_, **__):
        raise OSError("no space left on device")

    monkeypatch.setattr("zjk_gis.io.writing._move_into_place", fail)
    with pytest.raises(FileError, match=rf"a\.{ending}: cannot be written: no space left"):
        write_layer(make_zones(), path)
    assert contents(tmp_path) == before


def test_what_described_the_old_shapefile_goes_with_it(tmp_path):
    path = write_layer(make_incidents(), tmp_path / "a.shp")
    for stale in ("a.qix", "a.sbn", "a.DBF"):
        (tmp_path / stale).write_bytes(b"old")
    (tmp_path / "a.txt").write_text("notes")
    write_layer(make_zones().set_crs(None, allow_override=True), path)
    assert sorted(part.name for part in tmp_path.iterdir()) == ["a.cpg", "a.dbf", "a.shp", "a.shx", "a.txt"]
    assert len(read_layer(path)) == 2


def test_a_shapefile_tells_what_it_shortens(tmp_path, caplog):
    layer = make_incidents().assign(description="桥" * 100, 单元网格编码="1")
    with caplog.at_level(logging.WARNING):
        result = read_layer(write_layer(layer, tmp_path / "a.shp"))
    assert "description is cut to 254 bytes in rows 7, 5, 3" in caplog.text
    assert "incident_code -> incid_code" in caplog.text
    assert "单元网格编码 -> 单元网" in caplog.text
    assert result["description"].str.len().tolist() == [84, 84, 84]


def test_every_long_name_of_the_catalogue_has_a_short_one():
    names = {field.name for spec in CATALOGUE.values() for field in spec.fields}
    assert {name for name in names if len(name) > 10} <= set(DBF_NAMES)
    assert len({*DBF_NAMES.values()}) == len(DBF_NAMES)
    assert all(len(short) <= 10 and short not in names for short in DBF_NAMES.values())
    assert all(len(name) > 10 for name in DBF_NAMES)


@settings(deadline=None)
@given(st.lists(st.text("abC网格_", min_size=1, max_size=14), unique_by=str.casefold, max_size=12))
def test_short_names_fit_and_differ(names):
    renamed = short_names(names)
    result = [renamed.get(name, name).casefold() for name in names]
    assert len(set(result)) == len(names)
    assert all(len(name.encode()) <= 10 for name in result)


def test_a_shapefile_holds_one_kind_of_shape(tmp_path):
    layer = gpd.GeoDataFrame(geometry=[Point(X, Y), LineString([(X, Y), (X + 1, Y)])], crs=4547)
    with pytest.raises(GeometryError, match="one kind of shape, not LineString, Point; write"):
        write_layer(layer, tmp_path / "a.shp")


HOSTILE = [
    "=cmd|'/C calc'!A0",
    "+1+2",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "'=quoted",
    "http://x.example/",
    "-5",
]


def test_text_is_never_a_formula_in_a_csv(tmp_path):
    table = gpd.GeoDataFrame({"=name": HOSTILE}, geometry=[Point(114.8, 40.8)] * len(HOSTILE), crs=4490)
    path = write_layer(table, tmp_path / "a.csv")
    cells = pd.read_csv(path, dtype=str, encoding="utf-8-sig")
    assert list(cells) == ["'=name", "lon", "lat"]
    assert not cells["'=name"].str.match(r"[=+@\t\r]|-\D|-\d+\D").any()
    assert cells["'=name"].tolist()[-1] == "-5"
    assert read_layer(path)["=name"].tolist() == HOSTILE


def test_text_is_never_a_formula_or_link_in_a_workbook(tmp_path):
    path = write_table(pd.DataFrame({"=name": HOSTILE, "code": ["0102"] * len(HOSTILE)}), tmp_path / "a.xlsx")
    page = openpyxl.load_workbook(path).active
    cells = [cell for row in page.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.hyperlink is None for cell in cells)
    assert [page["A1"].value, page["A2"].value, page["B2"].value] == ["=name", HOSTILE[0], "0102"]


def test_numbers_in_a_workbook_are_numbers_unless_excel_would_cut_them(tmp_path):
    table = pd.DataFrame(
        {"n": [1.5, -2, float("inf")], "long": [1, 10**15, 1307030050010012], "yes": [True, False, None]}
    )
    page = openpyxl.load_workbook(write_table(table, tmp_path / "a.xlsx")).active
    assert [[cell.value for cell in row] for row in page.iter_rows(min_row=2)] == [
        [1.5, 1, "True"],
        [-2, "1000000000000000", "False"],
        ["inf", "1307030050010012", None],
    ]


@settings(deadline=None)
@given(st.text(max_size=12))
def test_a_guarded_text_is_harmless_and_comes_back(text):
    guarded = guard_formula(text)
    assert not guarded.startswith(("=", "+", "@", "\t", "\r"))
    assert not guarded.startswith("-") or float(guarded) <= 0
    assert guarded in (text, "'" + text)


@settings(deadline=None)
@given(
    st.lists(
        st.text(
            st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=["Cs"]), max_size=9
        ),
        min_size=1,
        max_size=5,
    )
)
def test_any_text_survives_a_csv(tmp_path_factory, texts):
    layer = gpd.GeoDataFrame(
        {"note": pd.Series(texts, dtype="str")}, geometry=[Point(114.8, 40.8)] * len(texts), crs=4490
    )
    result = read_layer(write_layer(layer, tmp_path_factory.mktemp("csv") / "a.csv"))
    assert result["note"].fillna("").tolist() == texts


def test_recorded_coordinates_are_kept_beside_the_geometry(tmp_path):
    layer = gpd.GeoDataFrame(
        {"lon": ["40.82", "114.9"], "lat": ["114.88", "40.9"]},
        geometry=[Point(114.88, 40.82), Point(114.9, 40.9)],
        crs=4490,
    )
    result = read_layer(write_layer(layer, tmp_path / "a.csv"))
    assert list(result.columns) == ["lon_recorded", "lat_recorded", "lon", "lat", "geometry"]
    assert result.geometry.tolist() == layer.geometry.tolist()
    same = layer.iloc[1:]
    assert list(read_layer(write_layer(same, tmp_path / "b.csv")).columns) == ["lon", "lat", "geometry"]


def test_a_sheet_is_named_as_excel_allows(tmp_path):
    path = write_layer(make_incidents(), tmp_path / "a.xlsx", layer="责任区[2025]/一季度:" + "长" * 40)
    assert openpyxl.load_workbook(path).sheetnames == [("责任区_2025__一季度_" + "长" * 40)[:31]]


def test_what_a_sheet_cannot_hold_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"note of row 1 has 40,000 characters, a cell holds 32,767"):
        write_table(pd.DataFrame({"note": ["x" * 40_000]}), tmp_path / "a.xlsx")
    with pytest.raises(InputError, match="a sheet holds 1,048,575 rows"):
        write_table(pd.DataFrame({"n": range(1_048_576)}), tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_table_goes_to_a_table(tmp_path):
    with pytest.raises(InputError, match=r"the endings are \.csv, \.xlsx"):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / "a.gpkg")
    with pytest.raises(InputError, match="write_table writes a table"):
        write_layer(pd.DataFrame({"a": [1]}), tmp_path / "a.csv")


def test_writing_twice_gives_the_same_rows(tmp_path):
    """Row order is kept, in FlatGeobuf too, whose index would sort them by place."""
    layer = gpd.GeoDataFrame(
        {"n": range(50)},
        geometry=[Point(X + (i * 7919) % 1000, Y + (i * 104729) % 1000) for i in range(50)],
        crs=4547,
    )
    for ending in FORMATS:
        result = read_layer(write_layer(layer, tmp_path / f"a.{ending}"))
        assert result["n"].astype(int).tolist() == list(range(50)), ending


def test_the_geopackage_is_one_that_others_read(tmp_path):
    path = write_layer(make_zones(), tmp_path / "a.gpkg")
    with sqlite3.connect(path) as database:
        layers = database.execute("SELECT srs_id FROM gpkg_contents WHERE data_type = 'features'").fetchall()
    database.close()
    assert layers == [(4547,)]
    assert gpd.read_file(path, layer="a").geometry.area.tolist() == [81, 2]


@pytest.mark.parametrize("ending", FORMATS)
def test_any_text_and_number_comes_back(tmp_path_factory, ending):
    """Text as it was but for blanks at its ends; numbers to the last bit that the format has."""
    writable = st.characters(
        codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"
    )
    numbers = st.one_of(st.none(), st.floats(-1e9, 1e9), st.floats(-1e-3, 1e-3))

    @settings(deadline=None, max_examples=40)
    @given(
        st.lists(
            st.tuples(st.text(writable, max_size=9), numbers, st.integers(-(2**31), 2**31 - 1)), min_size=1
        )
    )
    def comes_back(rows):
        texts, floats, integers = (list(column) for column in zip(*rows, strict=True))
        layer = gpd.GeoDataFrame(
            {
                "note": pd.Series(texts, dtype="str"),
                "depth": pd.Series(floats, dtype="float64"),
                "count": pd.Series(integers, dtype="int64"),
            },
            geometry=[Point(114.8, 40.8)] * len(rows),
            crs=4490,
        )
        back = read_layer(write_layer(layer, tmp_path_factory.mktemp(ending) / f"a.{ending}"))
        notes = back.get("note", pd.Series("", back.index))  # KML has no column without any value
        assert notes.fillna("").str.strip().tolist() == [text.strip() for text in texts]
        read = pd.to_numeric(back["depth"]) if "depth" in back else pd.Series(float("nan"), back.index)
        assert read.fillna(0).tolist() == pytest.approx([each or 0 for each in floats], rel=1e-14, abs=1e-14)
        assert pd.to_numeric(back["count"]).tolist() == integers

    comes_back()


def test_what_a_killed_process_left_is_removed_after_a_day(tmp_path):
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    (outside / "kept").touch()
    folder = tmp_path / "city"
    folder.mkdir()
    old, fresh, busy, link = (folder / f".zjk-gis-{name}" for name in ("old", "fresh", "busy", "link"))
    for each in (old, fresh, busy):
        each.mkdir()
        (each / "made.gpkg").touch()
    link.symlink_to(outside)
    two_days_ago = time.time() - 2 * 86_400
    for each in (old / "made.gpkg", old, busy, outside):
        os.utime(each, (two_days_ago, two_days_ago))
    write_layer(make_zones(), folder / "a.gpkg")
    assert sorted(each.name for each in folder.iterdir()) == [
        ".zjk-gis-busy",
        ".zjk-gis-fresh",
        ".zjk-gis-link",
        "a.gpkg",
    ]
    assert (outside / "kept").exists()


def test_times_of_several_kinds_in_one_column_are_written_as_those_of_beijing(tmp_path):
    times = [dt.datetime(2025, 3, 10, 22, tzinfo=dt.UTC), dt.datetime(2025, 3, 11, 6), None]
    layer = make_incidents().iloc[:3]
    layer = layer.assign(seen=pd.Series(times, index=layer.index, dtype=object))
    back = read_layer(write_layer(layer, tmp_path / "a.gpkg"))
    assert [str(time) for time in back["seen"]] == ["2025-03-11 06:00:00", "2025-03-11 06:00:00", "NaT"]


def test_the_same_layer_is_the_same_geopackage(tmp_path):
    """All but the time of the change, which the format asks for."""
    layer = gpd.GeoDataFrame({"名称": ["甲", "乙"]}, geometry=[Point(1, 2), Point(3, 4)], crs=4547)

    def content(name):
        with closing(sqlite3.connect(write_layer(layer, tmp_path / name / "a.gpkg"))) as file:
            return [re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "now", line) for line in file.iterdump()]

    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    assert content("one") == content("two")
