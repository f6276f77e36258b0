"""Pipes joined as they must not be, and pipes under historic blocks."""

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, MultiLineString, Point, box

from zjk_gis.errors import GeometryError, InputError, MissingColumnError
from zjk_gis.pipes import sewage_into_rain
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


class TestSewageIntoRain:
    WELLS = make_manholes(W1="WS", R1="YS", R2="YS")

    @pytest.mark.parametrize(
        ("pipe", "rain"),
        [
            (make_pipe("WS", "W1", "R1"), "R1"),
            (make_pipe("WS", "R1", "W1"), "R1"),  # joined at either end
            (make_pipe("WS", "R2", "R1"), "R1;R2"),
            (make_pipe("WS", "W1", "W1"), None),
            (make_pipe("YS", "R1", "R2"), None),  # a rain pipe may
            (make_pipe("HS", "W1", "R1"), None),  # a combined pipe is another matter
            # Where a name is missing or unknown, the manhole at that end counts.
            (make_pipe("WS", None, None), "R1"),
            (make_pipe("WS", "W1", "X9"), "R1"),
            (make_pipe("WS", None, None, line=((0, 0), (30, 0.4))), "R1"),
            (make_pipe("WS", None, None, line=((0, 0), (30, 0.6))), None),
            # A known name is believed, wherever the line was drawn.
            (make_pipe("WS", "W1", "W1", line=((0, 0), (30, 0))), None),
        ],
    )
    def test_a_sewage_pipe_at_a_rain_manhole(self, pipe, rain):
        found = sewage_into_rain(self.WELLS, pipe)["rain_manholes"].tolist()
        assert found == ([] if rain is None else [rain])

    @pytest.mark.parametrize("sewage", ["WS", "ws", " ＷＳ ", "污水", "污水管", "sewage", "WS(污水)"])
    @pytest.mark.parametrize("rain", ["YS", "雨水", "雨水管道", "rain water", "雨水-YS"])
    def test_kinds_are_codes_or_names(self, sewage, rain):
        wells = make_manholes(W1=sewage, R1=rain)
        found = sewage_into_rain(wells, make_pipe(sewage, "W1", "R1"))
        assert found["rain_manholes"].tolist() == ["R1"]
        assert found["pipe_kind"].tolist() == [sewage]  # as it came

    def test_kinds_of_which_none_is_understood_are_refused_and_never_an_empty_answer(self):
        with pytest.raises(
            InputError, match=r"pipelines: no value of pipe_kind .* '污水菅' \(row 0; nearest: WS"
        ):
            sewage_into_rain(self.WELLS, make_pipe("污水菅", "W1", "R1"))
        with pytest.raises(InputError, match="manholes: no value of pipe_kind"):
            sewage_into_rain(make_manholes(W1="甲", R1="乙"), make_pipe("WS", "W1", "R1"))

    def test_a_kind_that_is_not_understood_is_told_by_row(self):
        wells = make_manholes(W1="污水", R1="雨水", X1="下水")
        found = sewage_into_rain(wells, make_pipe("污水", "W1", "R1"))
        assert found["rain_manholes"].tolist() == ["R1"]
        assert found.attrs["set_aside"] == [
            {"layer": "manholes", "row": 2, "why": "not_understood", "value": "下水"}
        ]

    @pytest.mark.parametrize(("first", "second"), [("01", "12"), ("1", "12"), (1.0, 12.0)])
    @pytest.mark.parametrize("name", ["1", 1.0, "1.0"])
    def test_a_name_that_became_a_number_is_the_name_it_was(self, first, second, name):
        far = make_manholes(W1="WS", R1="YS").assign(manhole_code=[second, first])
        assert sewage_into_rain(far, make_pipe("WS", name, name))["rain_manholes"].tolist() == [
            {"01": "01"}.get(first, "1")
        ]

    def test_rows_that_cannot_be_judged_are_set_aside_and_told(self):
        wells = self.WELLS.assign(geometry=[*self.WELLS.geometry[:2], None])
        pipes = pd.concat([make_pipe("WS", "W1", "R1"), make_pipe(None), make_pipe()], ignore_index=True)
        pipes.loc[2, "geometry"] = Point(X, Y)
        found = sewage_into_rain(wells, pipes)
        assert found["rain_manholes"].tolist() == ["R1"]
        assert found.attrs["set_aside"] == [
            {"layer": "pipelines", "row": 1, "why": "not_filled", "value": "pipe_kind"},
            {"layer": "pipelines", "row": 2, "why": "other_geometry", "value": "Point"},
            {"layer": "manholes", "row": 2, "why": "no_geometry", "value": ""},
        ]
        with pytest.raises(GeometryError, match="row 2"):
            sewage_into_rain(wells, pipes, strict=True)

    def test_names_may_be_well_numbers_but_codes_come_first(self):
        wells = self.WELLS.assign(well_number=["YS1", "WS1", "W1"])
        assert len(sewage_into_rain(wells, make_pipe("WS", "W1", "YS1"))) == 0
        assert sewage_into_rain(wells, make_pipe("WS", "W1", "WS1"))["rain_manholes"].tolist() == ["R1"]

    def test_two_manholes_of_one_place_are_both_looked_at(self):
        wells = make_manholes(W1="WS", W2="WS", R2="YS")
        wells.geometry = [Point(X, Y), Point(X + 30, Y), Point(X + 30, Y)]
        assert sewage_into_rain(wells, make_pipe())["rain_manholes"].tolist() == ["R2"]

    def test_a_pipe_in_parts_has_its_ends_at_both_ends_of_all(self):
        pipe = make_pipe("WS")
        pipe.geometry = [
            MultiLineString([[(X + 60, Y + 9), (X + 30, Y + 9)], [(X + 30, Y + 9), (X + 30, Y)]])
        ]
        assert sewage_into_rain(self.WELLS, pipe)["rain_manholes"].tolist() == ["R1"]

    @pytest.mark.parametrize("line", [[(30, 0), (40, 9), (60, 9)], [(60, 9), (40, 9), (30, 0)]])
    def test_a_bend_is_no_end(self, line):
        bent = make_pipe("WS", line=line)
        assert sewage_into_rain(self.WELLS, bent)["rain_manholes"].tolist() == ["R1"]
        past = make_pipe("WS", line=[(10, 9), (30, 0), (60, 9)])
        assert len(sewage_into_rain(self.WELLS, past)) == 0

    def test_without_columns_of_names_places_decide(self):
        pipe = make_pipe("WS").drop(columns=["from_manhole", "to_manhole"])
        assert len(sewage_into_rain(self.WELLS, pipe)) == 1

    def test_zero_reach_means_exactly_there(self):
        assert len(sewage_into_rain(self.WELLS, make_pipe("WS"), within_m=0)) == 1
        near = make_pipe("WS", line=((0, 0), (30, 0.1)))
        assert len(sewage_into_rain(self.WELLS, near, within_m=0)) == 0

    def test_rows_come_back_as_they_were(self):
        pipes = pd.concat([make_pipe("YS", "R1", "R2"), make_pipe("WS", "W1", "R1", rain_manholes=["?"])])
        pipes.index = ["a", "b"]
        found = sewage_into_rain(self.WELLS, pipes.to_crs(4490))
        assert found.index.tolist() == ["b"]
        assert found[["rain_manholes_recorded", "rain_manholes"]].to_numpy().tolist() == [["?", "R1"]]
        assert found.crs.to_epsg() == 4490

    @pytest.mark.parametrize("missing", ["pipe_code", "pipe_kind"])
    def test_what_is_needed_is_named(self, missing):
        with pytest.raises(MissingColumnError, match=f"pipelines: no column '{missing}'"):
            sewage_into_rain(self.WELLS, make_pipe().drop(columns=missing))
        with pytest.raises(MissingColumnError, match="manholes: no column 'pipe_kind'"):
            sewage_into_rain(self.WELLS.drop(columns="pipe_kind"), make_pipe())


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
        with pytest.raises(InputError, match=r"no value of scope \(保护范围\) is understood: '协调区' \(row"):
            pipelines_in_core(make_pipe(), blocks.assign(scope="协调区"))

    @pytest.mark.parametrize(
        "core", ["核心区", "核心保护区", " 核心 保护范围 ", "core", "核心保护范围(核心区)"]
    )
    def test_a_core_is_known_by_its_other_names(self, blocks, core):
        written = blocks.assign(scope=blocks["scope"].replace("核心保护范围", core))
        found = pipelines_in_core(make_pipe(line=((-20, 50), (30, 50))), written)
        assert found["length_m"].tolist() == [30]

    def test_one_scope_that_is_not_understood_is_set_aside(self, blocks):
        odd = pd.concat([blocks, blocks.iloc[[1, 1]]], ignore_index=True)
        odd.loc[[3, 4], "scope"] = ["环境协调区", None]
        found = pipelines_in_core(make_pipe(line=((-20, 50), (30, 50))), odd)
        assert found["length_m"].tolist() == [30]
        assert found.attrs["set_aside"] == [
            {"layer": "historic_blocks", "row": 3, "why": "not_understood", "value": "环境协调区"},
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
