"""Pipes under historic blocks."""

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, Point, box

from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.protection import pipelines_in_core

X, Y = 573000, 4520000


def make_manholes(**kinds):
    """Return manholes 30 m apart along the road, named and of the kinds given."""
    return gpd.GeoDataFrame(
        {"manhole_code": list(kinds), "pipe_kind": list(kinds.values())},
        geometry=[Point(X + 30 * i, Y) for i in range(len(kinds))],
        crs=4547,
    )


def make_pipe(kind="WS", start=None, end=None, line=((0, 0), (30, 0)), **columns):
    return gpd.GeoDataFrame(
        {"pipe_code": ["P"], "pipe_kind": [kind], "from_manhole": [start], "to_manhole": [end], **columns},
        geometry=[LineString([(X + x, Y + y) for x, y in line])],
        crs=4547,
    )


class TestPipelinesInCore:
    """The core of 堡子里 is the square from 0 to 100 m, its control zone 50 m around; 大境门 lies east."""

    @pytest.fixture
    def blocks(self):
        core = box(X, Y, X + 100, Y + 100)
        return gpd.GeoDataFrame(
            {
                "block_name": ["堡子里", "堡子里", "大境门"],
                "scope": ["核心保护范围", "建设控制地带", "核心保护范围"],
            },
            geometry=[core, core.buffer(50).difference(core), box(X + 200, Y, X + 300, Y + 100)],
            crs=4547,
        )

    @pytest.mark.parametrize(
        ("line", "length", "block"),
        [
            (((-20, 50), (120, 50)), 100, "堡子里"),
            (((-20, 50), (30, 50)), 30, "堡子里"),
            (((10, 10), (20, 10)), 10, "堡子里"),
            (((-20, 50), (320, 50)), 200, "堡子里;大境门"),
            (((-20, 50), (-5, 50)), None, None),  # the control zone alone
            (((-20, 50), (0.5, 50)), 0.5, "堡子里"),
            (((-20, 50), (0, 50)), None, None),  # ends at the border
            (((-20, 50), (0.005, 50)), None, None),  # and rounding cannot bring it in
        ],
    )
    def test_how_far_inside_which_core(self, blocks, line, length, block):
        found = pipelines_in_core(make_pipe(line=line), blocks)
        expected = [] if length is None else [(pytest.approx(length), block)]
        assert list(zip(found["length_m"], found["block_name"], strict=True)) == expected

    @pytest.mark.parametrize(("least", "count"), [(29.9, 1), (30, 0), (30.1, 0)])
    def test_more_than_the_least_length_is_inside(self, blocks, least, count):
        found = pipelines_in_core(make_pipe(line=((-20, 50), (30, 50))), blocks, min_length_m=least)
        assert len(found) == count

    def test_ground_of_two_cores_is_counted_once(self, blocks):
        twice = pd.concat([blocks, blocks.iloc[[0]].assign(block_name="堡子里二期")])
        found = pipelines_in_core(make_pipe(line=((-20, 50), (120, 50))), twice)
        assert found[["length_m", "block_name"]].to_numpy().tolist() == [[100, "堡子里;堡子里二期"]]

    def test_a_recorded_length_is_kept(self, blocks):
        found = pipelines_in_core(make_pipe(line=((-20, 50), (30, 50)), length_m=[50]), blocks)
        assert found[["length_m_recorded", "length_m"]].to_numpy().tolist() == [[50, 30]]

    def test_no_core_at_all_is_no_all_clear(self, blocks):
        with pytest.raises(InputError, match="no row has the scope 核心保护范围; there are 建设控制地带"):
            pipelines_in_core(make_pipe(), blocks.assign(scope="建设控制地带"))
        with pytest.raises(InputError, match=r"no value of scope \(保护范围\) is understood: '缓冲区' \(row"):
            pipelines_in_core(make_pipe(), blocks.assign(scope="缓冲区"))

    @pytest.mark.parametrize(
        "core", ["核心区", "核心保护区", " 核心 保护范围 ", "core", "核心保护范围(核心区)"]
    )
    def test_a_core_is_known_by_its_other_names(self, blocks, core):
        written = blocks.assign(scope=blocks["scope"].replace("核心保护范围", core))
        found = pipelines_in_core(make_pipe(line=((-20, 50), (30, 50))), written)
        assert found["length_m"].tolist() == [30]

    def test_one_scope_that_is_not_understood_is_set_aside(self, blocks):
        odd = pd.concat([blocks, blocks.iloc[[1, 1]]], ignore_index=True)
        odd.loc[[3, 4], "scope"] = ["缓冲区", None]
        found = pipelines_in_core(make_pipe(line=((-20, 50), (30, 50))), odd)
        assert found["length_m"].tolist() == [30]
        assert found.attrs["set_aside"] == [
            {"layer": "historic_blocks", "row": 3, "why": "not_understood", "value": "缓冲区"},
            {"layer": "historic_blocks", "row": 4, "why": "not_filled", "value": ""},
        ]
        with pytest.raises(InputError, match=r"2 of 5 rows have no known scope \(rows 3, 4\)"):
            pipelines_in_core(make_pipe(), odd, strict=True)

    @pytest.mark.parametrize("missing", ["scope", "block_name"])
    def test_what_is_needed_is_named(self, blocks, missing):
        with pytest.raises(MissingColumnError, match=f"historic_blocks: no column '{missing}'"):
            pipelines_in_core(make_pipe(), blocks.drop(columns=missing))

    def test_blocks_in_degrees(self, blocks):
        found = pipelines_in_core(make_pipe(line=((-20, 50), (30, 50))), blocks.to_crs(4490))
        assert found["length_m"].tolist() == [pytest.approx(30, abs=1e-3)]
