"""A workspace keeps layers with their history: the same in a GeoPackage and in PostGIS."""

import datetime as dt
import itertools
import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from geopandas.testing import assert_geodataframe_equal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon, box

import zjk_gis
from zjk_gis import Workspace
from zjk_gis.errors import CRSError, FileError, InputError, WorkspaceError

_NUMBERS = itertools.count()


@pytest.fixture(params=["geopackage", "postgis"])
def target(request, tmp_path):
    """Where a workspace may begin: a file that is not there, or a schema that is not there."""
    if request.param == "geopackage":
        return str(tmp_path / "city.gpkg")
    return f"{request.getfixturevalue('postgis')}&schema=t{os.getpid()}_{next(_NUMBERS)}"


@pytest.fixture
def city(target):
    with Workspace.open(target) as workspace:
        yield workspace


def _zones(*codes, **more):
    shapes = [box(10 * i, 0, 10 * i + 10, 10) for i in range(len(codes))]
    return gpd.GeoDataFrame({"code": list(codes), **more}, geometry=shapes, crs=4547)


def _grids(count=3):
    """Unit grids that validate() finds nothing wrong with."""
    codes = [f"130703001001{i:03d}" for i in range(1, count + 1)]
    shapes = [box(500_000 + 100 * i, 4_520_000, 500_100 + 100 * i, 4_520_100) for i in range(count)]
    return gpd.GeoDataFrame({"grid_code": codes, "state": "使用"}, geometry=shapes, crs=4547)


class TestWhatComesBack:
    def test_every_kind_of_value_with_its_dtype(self, city):
        layer = gpd.GeoDataFrame(
            {
                "文本": pd.Series(["堡子里街道", None, ""], dtype="str"),
                "code": ["0130703001001001", "2", "3"],
                "whole": np.array([1, -(2**63), 2**63 - 1], dtype="int64"),
                "small": np.array([1, 2, 3], dtype="int16"),
                "perhaps": pd.array([1, None, 3], dtype="Int64"),
                "number": [0.1, np.nan, 1e300],
                "single": np.array([0.1, 2, 3], dtype="float32"),
                "infinite": [np.inf, -np.inf, 0.0],
                "yes": [True, False, True],
                "yes_perhaps": pd.array([True, None, False], dtype="boolean"),
                "day": pd.to_datetime(["2024-02-29", None, "1949-10-01"]),
                "moment": pd.to_datetime(["2024-02-29 23:59:59.999", "1970-01-01", None], format="ISO8601"),
                "zoned": pd.to_datetime(["2024-02-29", None, "2024-03-01"]).tz_localize("Asia/Shanghai"),
                "tricky": ["\\N", "a\tb\nc\\d\r", "'; DROP TABLE x; --"],
            },
            geometry=[Point(1, 2), None, Point()],
            crs=4547,
        )  # fmt: skip
        city.write("一切", layer)
        assert_geodataframe_equal(city.read("一切"), layer)

    @pytest.mark.parametrize(
        "shapes",
        [
            [Point(1, 2, 3), Point(4, 5, 6)],
            [box(0, 0, 1, 1), MultiPolygon([box(2, 2, 3, 3)])],
            [LineString([(0, 0), (1, 1)]), Polygon()],
            [Point(1, 2), LineString([(0, 0), (1, 1)])],
            [None, None],
        ],
        ids=["heights", "single and multi", "an empty one", "mixed kinds", "none at all"],
    )
    def test_every_kind_of_shape(self, city, shapes):
        layer = gpd.GeoDataFrame({"a": [1, 2]}, geometry=shapes, crs=4490)
        city.write("shapes", layer)
        assert_geodataframe_equal(city.read("shapes"), layer)

    def test_names_that_try_to_be_sql(self, city):
        names = [
            'a"b',
            "100%",
            "x:y",
            "a'; DROP TABLE t; --",
            "%(x)s",
            "fid",
            "geom",
            "选择 全部",
            "select",
            "{0}",
        ]
        layer = gpd.GeoDataFrame(
            {name: [i] for i, name in enumerate(names)}, geometry=[Point(0, 0)], crs=4547
        )
        city.write("odd", layer)
        assert_geodataframe_equal(city.read("odd"), layer)
        for name in names:
            assert len(city.read("odd", where={name: names.index(name)})) == 1, name

    def test_the_name_of_the_geometry_and_the_caller_keeps_its_frame(self, city):
        layer = _zones("A").rename_geometry("边界")
        before = layer.copy()
        city.write("zones", layer)
        assert city.read("zones").active_geometry_name == "边界"
        assert_geodataframe_equal(layer, before)

    def test_a_crs_without_a_code(self, city):
        own = "+proj=tmerc +lat_0=0 +lon_0=114.9 +k=1 +x_0=500000 +y_0=0 +ellps=GRS80 +units=m"
        layer = gpd.GeoDataFrame({"a": [1]}, geometry=[Point(500_000, 4_520_000)], crs=own)
        city.write("local", layer)
        assert city.read("local").crs == layer.crs

    @given(
        st.lists(
            st.tuples(
                st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])) | st.none(),
                st.integers(-(2**63), 2**63 - 1),
                st.floats(allow_nan=False),
                st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)).map(
                    lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000)
                ),
            ),
            min_size=1,
            max_size=5,
        )
    )
    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    def test_any_values(self, city, rows):
        text, whole, number, moment = zip(*rows, strict=True)
        layer = gpd.GeoDataFrame(
            {
                "text": pd.Series(text, dtype="str"),
                "whole": pd.Series(whole, dtype="int64"),
                "number": pd.Series(number, dtype="float64"),
                "moment": pd.Series(moment, dtype="datetime64[ms]"),
            },
            geometry=[Point(i, i) for i in range(len(rows))],
            crs=4547,
        )
        city.write("any_values", layer)
        assert_geodataframe_equal(city.read("any_values"), layer)


class TestHistory:
    def test_yesterdays_zones_are_there_tomorrow(self, city):
        city.write("zones", _zones("A", "B"), source="2024 划定", note="初版")
        city.append("zones", gpd.GeoDataFrame({"code": ["C"]}, geometry=[box(50, 0, 60, 10)], crs=4547))
        city.write("zones", _zones("X"), source="2025 调整")
        assert city.read("zones")["code"].tolist() == ["X"]
        assert city.read("zones", version=1)["code"].tolist() == ["A", "B"]
        assert city.read("zones", version=2)["code"].tolist() == ["A", "B", "C"]
        history = city.history("zones")
        assert history["version"].tolist() == [1, 2, 3]
        assert history["action"].tolist() == ["write", "append", "write"]
        assert history["rows"].tolist() == [2, 3, 1]
        assert history["source"].tolist() == ["2024 划定", "", "2025 调整"]
        assert history["note"][0] == "初版"

    def test_a_version_by_the_time_at_which_it_was_current(self, city):
        city.write("zones", _zones("A"))
        between = pd.Timestamp.now("Asia/Shanghai")
        time.sleep(0.01)
        city.write("zones", _zones("B"))
        assert city.read("zones", version=between)["code"].tolist() == ["A"]
        assert city.read("zones", version=between.tz_localize(None).isoformat())["code"].tolist() == ["A"]
        assert city.read("zones", version=between.date())["code"].tolist() == ["B"], "a day means its end"
        with pytest.raises(InputError, match="no version 2001"):
            city.read("zones", version="2001-01-01")
        for version in ("today", "08:30", "2025", "09/06/2025"):
            with pytest.raises(InputError, match="version must be a number or a time"):
                city.read("zones", version=version)

    def test_deleting_keeps_the_versions_unless_they_are_to_be_forgotten(self, city):
        city.write("zones", _zones("A", "B"))
        city.delete("zones", note="撤销")
        assert city.list().empty
        with pytest.raises(InputError, match=r"was deleted .*version=1 reads"):
            city.read("zones")
        assert city.read("zones", version=1)["code"].tolist() == ["A", "B"]
        assert city.history("zones")["action"].tolist() == ["write", "delete"]
        assert city.write("zones", _zones("C")) == 3
        city.delete("zones", forget=True)
        with pytest.raises(InputError, match="no layer 'zones'"):
            city.history("zones")

    def test_an_old_version_becomes_the_new_one(self, city):
        city.write("zones", _zones("A"))
        city.write("zones", _zones("B"))
        old = city.read("zones", version=1)
        with pytest.raises(WorkspaceError, match=r"began from version 1, and the newest is 2.*based_on=2"):
            city.write("zones", old)
        assert city.write("zones", old, based_on=2) == 3
        assert city.read("zones")["code"].tolist() == ["A"]

    def test_the_list(self, city):
        city.write("unit_grids", _grids(), source="普查")
        before = pd.Timestamp.now("Asia/Shanghai").floor("s")
        city.write("其他", _zones("A"))
        table = city.list().set_index("layer")
        assert table.loc["unit_grids", ["title", "rows", "version", "errors", "crs"]].tolist() == [
            "单元网格", 3, 1, 0, "EPSG:4547",
        ]  # fmt: skip
        assert pd.isna(table.loc["其他", "errors"])
        assert table.loc["其他", ["minx", "miny", "maxx", "maxy"]].tolist() == [0, 0, 10, 10]
        assert before <= table.loc["其他", "written_at"] <= pd.Timestamp.now("Asia/Shanghai")


class TestAsking:
    @pytest.fixture
    def zones(self, city):
        seen = pd.to_datetime(["2024-01-01 08:00", "2024-06-01", None, "2025-01-01"], format="mixed")
        layer = _zones(
            "A", "B", "C", "D",
            level=[1, 2, 2, 3],
            area=[1.5, 2.5, np.nan, 4.0],
            done=pd.array([True, False, None, True], dtype="boolean"),
            seen=seen,
            zoned=seen.tz_localize("Asia/Shanghai"),
            chief=pd.Series(["甲", None, "乙", "甲"], dtype="str"),
            valid_from=pd.to_datetime(["2020-01-01", "2024-01-01", None, "2025-01-01"]),
            valid_to=pd.to_datetime(["2023-12-31", None, None, "2025-12-31"]),
        )  # fmt: skip
        city.write("zones", layer)
        return city

    @pytest.mark.parametrize(
        ("where", "codes"),
        [
            ({"code": "B"}, "B"),
            ({"level": [1, 3]}, "AD"),
            ({"level": (2, None)}, "BCD"),
            ({"level": (None, 2)}, "ABC"),
            ({"level": (1.5, 2.5)}, "BC"),
            ({"level": 1.5}, ""),
            ({"area": (2.5, 4)}, "BD"),
            ({"area": None}, "C"),
            ({"done": True}, "AD"),
            ({"done": [False, None]}, "BC"),
            ({"chief": ["甲", None]}, "ABD"),
            ({"seen": "2024-06-01"}, "B"),
            ({"seen": ("2024-01-01 08:00", dt.date(2024, 12, 31))}, "AB"),
            ({"zoned": ("2024-01-01 08:00", "2024-12-31")}, "AB"),
            ({"zoned": pd.Timestamp("2024-01-01T00:00Z")}, "A"),
            ({"level": 2, "chief": "乙"}, "C"),
            ({"code": []}, ""),
            ({"code": "'; DROP TABLE zones; --"}, ""),
            ({"code": {"A", "D"}}, "AD"),
        ],
    )
    def test_where(self, zones, where, codes):
        assert "".join(zones.read("zones", where=where)["code"]) == codes

    @pytest.mark.parametrize(
        ("where", "message"),
        [
            ({"nothing": 1}, "no column 'nothing'; its columns are code, level"),
            ({"level": "2"}, "level holds integer; '2' is none"),
            ({"code": 1}, "code holds text; 1 is none"),
            ({"level": (1, 2, 3)}, r"a tuple is \(least, most\)"),
            ({"seen": "gestern"}, "zones: seen must be a date such as 2025-12-31, not 'gestern'"),
            ({"seen": "today"}, "seen must be a date"),
            ({"seen": 5}, "seen must be a date"),
            ({"seen": "09/06/2025"}, "seen must be a date"),
            ({"code": ["A", 1]}, "1 is none"),
        ],
    )
    def test_what_cannot_be_asked_is_refused(self, zones, where, message):
        with pytest.raises(InputError, match=message):
            zones.read("zones", where=where)

    @pytest.mark.parametrize(
        ("at", "codes"),
        [("2023-12-31", "AC"), ("2024-01-01", "BC"), ("2025-06-01", "BCD"), ("2026-01-01", "BC")],
    )
    def test_the_rows_that_hold_on_a_day(self, zones, at, codes):
        assert "".join(zones.read("zones", at=at)["code"]) == codes
        assert zones.read("zones", at=at, columns=["code"]).columns.tolist() == ["code", "geometry"]

    def test_a_rectangle_in_any_crs(self, zones):
        assert "".join(zones.read("zones", bbox=(12, 2, 18, 8))["code"]) == "B"
        assert "".join(zones.read("zones", bbox=(10, 0, 10, 10))["code"]) == "AB", "borders count"
        around = gpd.GeoSeries([box(12, 2, 28, 8)], crs=4547).to_crs(4490)
        assert "".join(zones.read("zones", bbox=around)["code"]) == "BC"
        zones.write("zones", _zones("X"))
        assert "".join(zones.read("zones", bbox=(12, 2, 18, 8), version=1)["code"]) == "B"
        with pytest.raises(InputError, match="bbox must be"):
            zones.read("zones", bbox=(1, 2, 3))

    def test_a_rectangle_means_the_shape_and_not_its_box(self, city):
        diagonal = gpd.GeoDataFrame({"a": [1]}, geometry=[LineString([(0, 0), (100, 100)])], crs=4547)
        city.write("line", diagonal)
        assert city.read("line", bbox=(80, 0, 100, 20)).empty

    def test_some_columns(self, zones):
        assert zones.read("zones", columns=["level", "code"]).columns.tolist() == [
            "level",
            "code",
            "geometry",
        ]
        assert zones.dtypes("zones")["level"] == "int64"
        with pytest.raises(InputError, match="no column 'kode'"):
            zones.read("zones", columns=["kode"])
        with pytest.raises(InputError, match="must be a list"):
            zones.read("zones", columns="code")

    def test_nothing_found_is_an_empty_layer_with_its_dtypes(self, zones):
        nothing = zones.read("zones", where={"code": "Z"})
        assert len(nothing) == 0
        assert nothing.dtypes.equals(zones.read("zones").dtypes)
        assert nothing.crs.to_epsg() == 4547

    def test_a_layer_that_is_not_there(self, zones):
        with pytest.raises(InputError, match="no layer 'zonen'; its layers are zones"):
            zones.read("zonen")
        with pytest.raises(InputError, match=r"no version 9 with rows; the newest versions are 1 \("):
            zones.read("zones", version=9)


class TestTakingIn:
    def test_a_layer_of_the_catalogue_is_held_against_its_spec(self, city):
        wrong = _grids()
        wrong.loc[1, "grid_code"] = wrong.loc[0, "grid_code"]
        with pytest.raises(InputError, match=r"unit_grids: .* errors .*row .*zjk_gis.validate"):
            city.write("unit_grids", wrong)
        assert city.list().empty
        city.write("unit_grids", wrong, on_problems="keep")
        assert city.list()["errors"].tolist() == [zjk_gis.validate(wrong, "unit_grids").errors]

    def test_a_spec_of_another_name_is_remembered(self, city):
        city.write("网格2025", _grids(2), spec="unit_grids")
        with pytest.raises(InputError, match="errors"):
            city.write("网格2025", _grids(2).drop(columns="grid_code"))

    def test_rows_are_appended_beside_those_that_are_there(self, city):
        city.write("unit_grids", _grids(3))
        more = _grids(5).iloc[3:]
        assert city.append("unit_grids", more.to_crs(4490)) == 2
        assert city.read("unit_grids")["grid_code"].tolist() == _grids(5)["grid_code"].tolist()
        assert city.history("unit_grids")["note"][1] == "converted from EPSG:4490"
        assert "".join(city.read("unit_grids", bbox=tuple(more.total_bounds))["grid_code"]).endswith("005")
        with pytest.raises(InputError, match=r"errors .*the first in row 0"):
            city.append("unit_grids", _grids(1))
        assert len(city.read("unit_grids")) == 5, "a refused append leaves nothing"

    def test_appended_rows_may_lack_columns_and_be_of_other_kinds(self, city):
        city.write("things", gpd.GeoDataFrame({"n": [1], "yes": [True]}, geometry=[Point(0, 0)], crs=4547))
        city.append(
            "things", gpd.GeoDataFrame({"n": [2.0]}, geometry=[LineString([(0, 0), (1, 1)])], crs=4547)
        )
        city.append("things", gpd.GeoDataFrame({"n": [3]}, geometry=[Point(1, 2, 3)], crs=4547))
        things = city.read("things")
        assert things["n"].tolist() == [1, 2, 3]
        assert things["yes"].isna().tolist() == [False, True, True]
        assert things.geom_type.tolist() == ["Point", "LineString", "Point"]
        assert city.read("things", version=1)["n"].dtype == "int64"

    def test_appended_rows_may_not_have_new_columns_or_other_types(self, city):
        city.write("things", gpd.GeoDataFrame({"n": [1]}, geometry=[Point(0, 0)], crs=4547))
        with pytest.raises(InputError, match="columns that it lacks: m"):
            city.append("things", gpd.GeoDataFrame({"m": [1]}, geometry=[Point(0, 0)], crs=4547))
        with pytest.raises(InputError, match="n: int64 and str do not go together"):
            city.append("things", gpd.GeoDataFrame({"n": ["x"]}, geometry=[Point(0, 0)], crs=4547))
        with pytest.raises(InputError, match="n holds whole numbers, and the new rows have others"):
            city.append("things", gpd.GeoDataFrame({"n": [2.5]}, geometry=[Point(0, 0)], crs=4547))
        assert city.history("things")["version"].tolist() == [1]

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "1st",
            "a b",
            "a;b",
            'a"b',
            "gpkg_contents",
            "zjk_versions",
            "长" * 16,
            "a/b",
            "spatial_ref_sys",
            7,
        ],
    )
    def test_names_that_no_table_bears(self, city, name):
        with pytest.raises(InputError, match=r"cannot be the name of a layer|name must be text, not 7"):
            city.write(name, _zones("A"))

    def test_names_that_differ_in_case_only(self, city):
        city.write("Zones", _zones("A"))
        with pytest.raises(InputError, match="there is a layer 'Zones'"):
            city.write("zones", _zones("A"))

    def test_columns_that_no_table_bears(self, city):
        with pytest.raises(InputError, match="do not tell columns apart by their case: A, a"):
            city.write("t", gpd.GeoDataFrame({"A": [1], "a": [2]}, geometry=[Point(0, 0)], crs=4547))
        with pytest.raises(InputError, match="at most 63 bytes"):
            city.write("t", gpd.GeoDataFrame({"列" * 22: [1]}, geometry=[Point(0, 0)], crs=4547))

    def test_a_layer_without_crs_or_geometry(self, city):
        with pytest.raises(CRSError):
            city.write("t", gpd.GeoDataFrame({"a": [1]}, geometry=[Point(0, 0)]))
        with pytest.raises(InputError, match="write_table writes a table"):
            city.write("t", pd.DataFrame({"a": [1]}))


def _another_name(target, tmp_path):
    """Another spelling of where a workspace is: a link to the file, or the server by another parameter."""
    if target.endswith(".gpkg"):
        link = tmp_path / "linked.gpkg"
        link.symlink_to(target)
        return str(link)
    return target.replace("/postgres?host=", "/?dbname=postgres&port=5432&host=")


class TestTogether:
    """Others work in the same place at the same time."""

    def test_a_change_that_began_from_an_old_version_is_refused(self, target, city):
        city.write("zones", _zones("A", "B"))
        with Workspace.open(target) as colleague:
            theirs, mine = colleague.read("zones"), city.read("zones")
            theirs["code"] = ["A1", "B"]
            colleague.write("zones", theirs)
        mine["code"] = ["A", "B1"]
        with pytest.raises(WorkspaceError, match="began from version 1, and the newest is 2"):
            city.write("zones", mine)
        assert city.read("zones")["code"].tolist() == ["A1", "B"]

    def test_the_same_place_under_another_name_is_the_same_workspace(self, target, city, tmp_path):
        city.write("zones", _zones("A", "B"))
        with Workspace.open(_another_name(target, tmp_path)) as alias:
            assert repr(alias) != repr(city)
            mine = alias.read("zones")
            city.write("zones", _zones("A1", "B"))
            with pytest.raises(WorkspaceError, match="began from version 1, and the newest is 2"):
                city.write("zones", mine)
            with pytest.raises(WorkspaceError, match="began from version 1, and the newest is 2"):
                alias.write("zones", mine)
        assert city.read("zones")["code"].tolist() == ["A1", "B"]

    def test_under_another_name_positions_are_not_moved_twice(self, target, city, tmp_path):
        calls = gpd.GeoDataFrame({"id": ["1"]}, geometry=[Point(114.87835, 40.819114)], crs=4490)
        city.write("calls", calls, source="12345", datum="gcj02")
        with Workspace.open(_another_name(target, tmp_path)) as alias:
            city.write("calls", alias.read("calls"), source="12345")
        assert city.read("calls").geometry.x.round(5).tolist() == [114.87222]

    def test_a_layer_that_lost_where_it_came_from_is_taken_for_the_one_read_last(self, target, city):
        city.write("zones", _zones("A", "B"))
        mine = gpd.GeoDataFrame(city.read("zones").to_dict("list"), crs=4547)
        mine.attrs = {}
        with Workspace.open(target) as colleague:
            colleague.write("zones", _zones("A1", "B"))
        with pytest.raises(WorkspaceError, match="version 1, which was read here last, and the newest is 2"):
            city.write("zones", mine)
        assert city.write("zones", mine, based_on=2) == 3
        assert city.write("zones", mine) == 4, "nobody else wrote since"
        city.append("zones", mine)
        assert city.write("zones", mine) == 6

    def test_a_layer_from_elsewhere_needs_no_reading(self, target, city):
        city.write("zones", _zones("A"))
        city.write("zones", _zones("B"))
        with Workspace.open(target) as colleague:
            colleague.write("zones", _zones("C"))
        assert city.write("zones", _zones("D")) == 4

    def test_appends_of_several_processes_all_survive(self, target, city):
        city.write("log", _zones("start"))
        program = textwrap.dedent(
            """
            import sys, geopandas as gpd
            from shapely import Point
            from zjk_gis import Workspace
            me, target = sys.argv[1:]
            with Workspace.open(target) as workspace:
                for i in range(5):
                    row = gpd.GeoDataFrame({"code": [f"{me}-{i}"]}, geometry=[Point(0, i)], crs=4547)
                    workspace.append("log", row)
            """
        )
        running = [subprocess.Popen([sys.executable, "-c", program, str(me), target]) for me in range(3)]
        assert [process.wait() for process in running] == [0, 0, 0]
        expected = {"start", *(f"{me}-{i}" for me in range(3) for i in range(5))}
        assert set(city.read("log")["code"]) == expected
        assert city.history("log")["version"].tolist() == list(range(1, 17))

    def test_who_reads_sees_whole_versions_only(self, target, city):
        """Each version has one letter in all its rows: a mixture would be two states at once."""
        city.write("zones", _zones(*"aaaa"))
        program = textwrap.dedent(
            """
            import sys, geopandas as gpd
            from shapely import Point
            from zjk_gis import Workspace
            with Workspace.open(sys.argv[1]) as workspace:
                for i in range(25):
                    if i == 12:
                        sys.stdin.readline()  # until the reader has seen a version come
                    letter = "abcdefghij"[i % 10]
                    points = [Point(0, 0)] * (i + 1)
                    frame = gpd.GeoDataFrame({"code": [letter] * (i + 1)}, geometry=points, crs=4547)
                    workspace.write("zones", frame)
            """
        )
        writer = subprocess.Popen([sys.executable, "-c", program, target], stdin=subprocess.PIPE)
        seen = set()
        while writer.poll() is None:
            zones = city.read("zones")
            number = zones.attrs["report"].version
            assert set(zones["code"]) == {"a" if number == 1 else "abcdefghij"[(number - 2) % 10]}
            assert len(zones) == (4 if number == 1 else number - 1)
            seen.add(number)
            if len(seen) > 1:
                writer.stdin.close()
        writer.stdin.close()
        assert writer.returncode == 0
        assert len(seen) > 1, "the reader saw versions come"

    def test_killed_while_writing_the_earlier_state_is_there(self, target, city):
        city.write("zones", _zones("A", "B"))
        program = textwrap.dedent(
            """
            import os, signal, sys, geopandas as gpd
            from shapely import box
            from zjk_gis import Workspace
            from zjk_gis.workspace import geopackage as store_geopackage, postgis as store_postgis
            for writing in (store_geopackage.GeoPackageWriting, store_postgis.PostgisWriting):
                # Everything is written; what is missing is the end of the transaction.
                after = writing.record
                writing.record = lambda self, version, after=after: (
                    after(self, version), os.kill(os.getpid(), signal.SIGKILL)
                )
            shapes = [box(i, 0, i + 1, 1) for i in range(20_000)]
            zones = gpd.GeoDataFrame({"code": ["X" * 200] * 20_000}, geometry=shapes, crs=4547)
            with Workspace.open(sys.argv[1]) as workspace:
                getattr(workspace, sys.argv[2])("zones", zones)
            """
        )
        for verb in ("write", "append"):
            done = subprocess.run([sys.executable, "-c", program, target, verb], check=False)
            assert done.returncode == -signal.SIGKILL
            assert city.read("zones")["code"].tolist() == ["A", "B"]
            assert city.history("zones")["version"].tolist() == [1]
        assert city.write("zones", _zones("C")) == 2

    def test_a_failure_in_the_middle_leaves_the_earlier_state(self, city, monkeypatch):
        city.write("zones", _zones("A"))

        def full(*_):
            raise OSError(28, "No space left on device")

        for writing in ("geopackage.GeoPackageWriting", "postgis.PostgisWriting"):
            monkeypatch.setattr(f"zjk_gis.workspace.{writing}.record", full)
        with pytest.raises(OSError, match="No space left"):
            city.write("zones", _zones("B", "C"))
        with pytest.raises(OSError, match="No space left"):
            city.append("zones", _zones("B"))
        monkeypatch.undo()
        assert city.read("zones")["code"].tolist() == ["A"]
        assert city.write("zones", _zones("D")) == 2


class TestTheGeoPackage:
    def test_other_programs_see_the_current_layers_under_their_names(self, tmp_path):
        city = Workspace.open(tmp_path / "city.gpkg")
        city.write("巡查片区", _zones("A"))
        city.write("巡查片区", _zones("B", "C"))
        city.append("巡查片区", gpd.GeoDataFrame({"code": ["D"]}, geometry=[box(90, 0, 99, 9)], crs=4547))
        assert pyogrio.list_layers(tmp_path / "city.gpkg")[:, 0].tolist() == ["巡查片区", "zjk_versions"]
        assert zjk_gis.list_layers(tmp_path / "city.gpkg") == ["巡查片区"]
        seen = pyogrio.read_dataframe(tmp_path / "city.gpkg", layer="巡查片区")
        assert seen["code"].tolist() == ["B", "C", "D"]
        boxed = pyogrio.read_dataframe(tmp_path / "city.gpkg", layer="巡查片区", bbox=(91, 1, 92, 2))
        assert boxed["code"].tolist() == ["D"], "the spatial index knows the appended row"
        info = pyogrio.read_info(tmp_path / "city.gpkg", layer="巡查片区", force_total_bounds=True)
        assert (info["features"], info["total_bounds"]) == (3, (0, 0, 99, 10))
        with sqlite3.connect(tmp_path / "city.gpkg") as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []
            assert database.execute("SELECT rtreecheck('rtree_巡查片区_geom')").fetchall() == [("ok",)]

    def test_no_other_program_changes_the_rows_of_a_version(self, tmp_path):
        Workspace.open(tmp_path / "city.gpkg").write("zones", _zones("A"))
        with sqlite3.connect(tmp_path / "city.gpkg") as database:
            for function in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
                database.create_function(function, 1, lambda _: 0)
            for change in ("UPDATE zones SET code = 'B'", "DELETE FROM zones"):
                with pytest.raises(sqlite3.IntegrityError, match="此图层保留历史版本"):
                    database.execute(change)
        with pytest.raises(Exception, match="保留历史版本"):
            pyogrio.write_dataframe(
                _zones("B"), tmp_path / "city.gpkg", layer="zones", append=True, GEOMETRY_NAME="geom"
            )
        with pytest.raises(FileError, match="kept there with its versions"):
            zjk_gis.write_layer(_zones("B"), tmp_path / "city.gpkg", layer="zones")
        assert Workspace.open(tmp_path / "city.gpkg").read("zones")["code"].tolist() == ["A"]

    @pytest.mark.parametrize(
        "written",
        ["2025-03-10T22:00Z", "2025-03-11T06:00+08:00", "2025-03-10T17:00-05:00", "2025-03-11T06:00"],
    )
    def test_times_of_a_layer_that_was_there_before_are_beijings(self, tmp_path, written):
        path = tmp_path / "city.gpkg"
        _zones("A").assign(seen=pd.to_datetime([written])).to_file(path, layer="zones")
        city = Workspace.open(path)
        assert city.read("zones")["seen"].tolist() == [pd.Timestamp("2025-03-11 06:00")]
        assert len(city.read("zones", where={"seen": "2025-03-11 06:00"})) == 1
        assert len(city.read("zones", where={"seen": ("2025-03-11 06:01", None)})) == 0

    def test_layers_that_were_there_before_keep_their_place_and_become_versions(self, tmp_path):
        path = tmp_path / "city.gpkg"
        zjk_gis.write_layer(_zones("A", n=[1]), path, layer="zones")
        zjk_gis.write_layer(_zones("B"), path, layer="other")
        city = Workspace.open(path)
        assert city.list()["version"].tolist() == [0, 0]
        assert city.read("zones")["code"].tolist() == ["A"]
        assert city.read("zones", where={"n": 1}).attrs["report"].version == 0
        assert city.append("zones", _zones("C", n=[2])) == 2
        assert city.write("zones", _zones("D")) == 3
        assert city.history("zones")["action"].tolist() == ["found", "append", "write"]
        assert city.read("zones", version=1)["code"].tolist() == ["A"]
        assert city.read("zones", version=2)["code"].tolist() == ["A", "C"]
        assert city.read("other")["code"].tolist() == ["B"]

    def test_what_is_no_geopackage(self, tmp_path):
        (tmp_path / "text.gpkg").write_text("no database")
        with pytest.raises(FileError, match="its content looks like plain text"):
            Workspace.open(tmp_path / "text.gpkg")
        with pytest.raises(InputError, match=r"the ending '.shp'"):
            Workspace.open(tmp_path / "a.shp")
        with pytest.raises(FileError, match=r"folder .* does not exist"):
            Workspace.open(tmp_path / "no" / "city.gpkg")
        for virtual in (
            "/vsimem/city.gpkg",
            "GPKG:city.gpkg",
            "https://example.org/city.gpkg",
            "mysql://x/y.gpkg",
        ):
            with pytest.raises(FileError):
                Workspace.open(virtual)

    def test_another_program_that_holds_the_file_is_waited_for(self, tmp_path):
        path = tmp_path / "city.gpkg"
        Workspace.open(path).write("zones", _zones("A"))
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(WorkspaceError, match="another program is writing"):
            Workspace.open(path, wait_s=0.1).write("zones", _zones("B"))
        assert Workspace.open(path).read("zones")["code"].tolist() == ["A"], "reading goes on meanwhile"
        other.execute("ROLLBACK")
        assert Workspace.open(path).write("zones", _zones("B")) == 2

    def test_a_damaged_file_is_told(self, tmp_path):
        path = tmp_path / "city.gpkg"
        Workspace.open(path).write("zones", _zones(*"ABCDEFGH"))
        data = bytearray(path.read_bytes())
        told = []
        for seed in range(30):
            rng = np.random.default_rng(seed)
            damaged = bytearray(data)
            for at in rng.integers(100, len(data), 400):
                damaged[at] = rng.integers(0, 256)
            path.write_bytes(damaged)
            try:
                found = Workspace.open(path)
                found.list()
                found.read("zones")
                found.write("zones", _zones("B"), based_on=None)
            except (FileError, InputError, WorkspaceError) as error:
                told.append(str(error))
        assert len(told) >= 20, "damage of 400 bytes is hardly ever without harm"
        assert all("city.gpkg" in message for message in told)


class TestPostgis:
    @pytest.fixture
    def address(self, postgis):
        return f"{postgis}&schema=p{os.getpid()}_{next(_NUMBERS)}"

    def _sql(self, address, statement):
        import sqlalchemy as sa

        url = sa.make_url(address).set(drivername="postgresql+psycopg")
        schema = url.query["schema"]
        engine = sa.create_engine(url.difference_update_query(["schema"]), poolclass=sa.pool.NullPool)
        with engine.begin() as connection:
            done = connection.exec_driver_sql(statement.replace("SCHEMA", schema))
            return done.fetchall() if done.returns_rows else None

    def test_other_programs_see_a_table_of_the_kind_with_an_index(self, address):
        Workspace.open(address).write("巡查片区", _zones("A"))
        kind = self._sql(
            address,
            "SELECT type, srid, coord_dimension FROM geometry_columns "
            "WHERE f_table_schema = 'SCHEMA' AND f_table_name = '巡查片区'",
        )
        assert kind == [("POLYGON", 4547, 2)]
        indexes = self._sql(
            address, "SELECT indexdef FROM pg_indexes WHERE schemaname = 'SCHEMA' AND tablename = '巡查片区'"
        )
        assert any("gist" in text for (text,) in indexes)

    @pytest.mark.parametrize(
        "change", ["UPDATE SCHEMA.zones SET code = 'B'", "DELETE FROM SCHEMA.zones", "TRUNCATE SCHEMA.zones"]
    )
    def test_no_other_program_changes_the_rows_of_a_version(self, address, change):
        Workspace.open(address).write("zones", _zones("A"))
        with pytest.raises(Exception, match="此图层保留历史版本"):
            self._sql(address, change)

    def test_layers_that_were_there_before_become_versions(self, address):
        Workspace.open(address).write("begun", _zones("A"))
        self._sql(
            address,
            "CREATE TABLE SCHEMA.old (gid serial PRIMARY KEY, 名称 text, n integer, extra jsonb, "
            "shape geometry(Point, 4490))",
        )
        self._sql(
            address,
            "INSERT INTO SCHEMA.old (名称, n, extra, shape) "
            "VALUES ('井', NULL, '{\"a\": 1}', 'SRID=4490;POINT(114.9 40.8)')",
        )
        city = Workspace.open(address)
        assert city.list().set_index("layer")["version"].to_dict() == {"begun": 1, "old": 0}
        old = city.read("old")
        assert (old["名称"][0], json.loads(old["extra"][0]), old.crs.to_epsg()) == ("井", {"a": 1}, 4490)
        assert old["n"].isna().all()
        assert city.write("old", old) == 2
        assert city.read("old", version=1)["名称"].tolist() == ["井"]

    def test_the_password_is_never_shown(self, postgis):
        folder = postgis.split("host=")[1]
        with Workspace.open(f"postgresql://postgres:geheim@/postgres?host={folder}&schema=quiet") as city:
            city.write("zones", _zones("A"))
            assert "geheim" not in repr(city) + str(city.read("zones").attrs)
        with Workspace.open(f"{postgis}&schema=quiet&password=geheim&user=postgres") as city:
            told = repr(city) + str(city.read("zones").attrs) + repr(city._store._engine)
            assert "geheim" not in told
            with pytest.raises(InputError) as caught:
                city.read("nothing")
            assert "geheim" not in str(caught.value)
        for address in (
            "postgresql://me@127.0.0.1:1/nowhere?password=geheim",
            "postgresql://me@127.0.0.1:1/nowhere?password=geheim&password=geheim",
            "postgresql://me@127.0.0.1:1/nowhere?sslpassword=geheim",
            "postgresql://me@127.0.0.1:1/nowhere?Password=geheim",
            "postgresql://me:geheim@127.0.0.1:1/nowhere",
            "postgresql://me:geheim@/nowhere?host=/nowhere",
            "postgresql://me:geheim@host:port/x",
            "postgresql://me:geheim@/x?schema=a;b",
        ):
            with pytest.raises((WorkspaceError, InputError)) as caught:
                Workspace.open(address, wait_s=2)
            told, error = "", caught.value
            while error is not None:
                told += str(error) + repr(error)
                error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
            assert "geheim" not in told

    def test_a_database_without_postgis(self, postgis):
        import sqlalchemy as sa

        url = sa.make_url(postgis).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql("DROP DATABASE IF EXISTS bare")
            connection.exec_driver_sql("CREATE DATABASE bare TEMPLATE template0")
        with pytest.raises(
            WorkspaceError, match="has no PostGIS; an administrator runs there: CREATE EXTENSION"
        ):
            Workspace.open(postgis.replace("/postgres?", "/bare?"))

    def test_another_program_that_holds_the_schema_is_waited_for(self, address):
        import sqlalchemy as sa

        city = Workspace.open(address, wait_s=0.2)
        city.write("zones", _zones("A"))
        url = sa.make_url(address).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(url.difference_update_query(["schema"]), poolclass=sa.pool.NullPool)
        with engine.begin() as other:
            other.exec_driver_sql(f"LOCK TABLE {url.query['schema']}.zones IN ACCESS SHARE MODE")
            with pytest.raises(WorkspaceError, match="another program is writing"):
                city.write("zones", _zones("B"))
        assert city.write("zones", _zones("B")) == 2

    def test_without_the_packages_for_it(self, postgis, monkeypatch):
        monkeypatch.setitem(sys.modules, "geoalchemy2", None)
        with pytest.raises(zjk_gis.errors.MissingExtraError, match=r'pip install "zjk_gis\[postgis\]"'):
            Workspace.open(postgis)
