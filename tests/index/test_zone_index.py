"""ZoneIndex: the face of the engine for layers.

Most tests use three zones of 100 m beside one another, A, B and C from west to east, with B and C 0.2 m
apart::

    +-----+-----+ +-----+
    |  A  |  B  | |  C  |      A 0..100, B 100..200, C 200.2..300
    +-----+-----+ +-----+
"""

import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import Transformer
from shapely import MultiPolygon, Point, Polygon, box

from zjk_gis import ZoneIndex
from zjk_gis.errors import (
    CRSError,
    EmptyLayerError,
    FileError,
    GeometryError,
    InputError,
    MissingColumnError,
)
from zjk_gis.index import Policy

EAST, NORTH = 573_000.0, 4_520_000.0
HUGE = (
    b'{"kind": "zone index", "about": {}, "bytes": 0, "arrays": {"words": '
    b'{"dtype": "<u4", "at": 0, "crc32": 0, "shape": [1099511627776, 1099511627776]}}}'
)


def make_zones(*shapes, crs=4547, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


def at(x, y):
    return np.atleast_1d(EAST + np.asarray(x, float)), np.atleast_1d(NORTH + np.asarray(y, float))


@pytest.fixture
def zones():
    boxes = [(0, 100), (100, 200), (200.2, 300)]
    shapes = [box(EAST + west, NORTH, EAST + east, NORTH + 100) for west, east in boxes]
    return make_zones(*shapes, zone_code=["A", "B", "C"])


@pytest.fixture
def index(zones):
    return ZoneIndex.build(zones)


class TestBuilding:
    def test_codes_come_in_the_order_of_the_layer(self, index):
        assert index.codes.tolist() == ["A", "B", "C"]
        assert repr(index).startswith("<ZoneIndex> An index of 3 zones with 15 vertices, EPSG:4547.\n")

    def test_a_layer_needs_no_codes(self, zones):
        assert ZoneIndex.build(zones[["geometry"]]).codes is None

    def test_invalid_rows_are_named(self):
        bow_tie = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
        zones = make_zones(box(0, 0, 1, 1), bow_tie, zone_code=["A", "B"]).set_index(np.array([17, 88]))
        with pytest.raises(GeometryError, match=r"1 of 2 rows are invalid .*row 88"):
            ZoneIndex.build(zones)

    def test_or_repaired_on_request_with_a_report(self):
        bow_tie = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
        index = ZoneIndex.build(make_zones(box(20, 0, 30, 10), bow_tie), repair=True)
        assert index.repaired == (1,)
        assert index.locate([9.0, 5.0], [5.0, 9.0]).row.tolist() == [1, -1]

    @pytest.mark.parametrize(
        ("shapes", "error", "said"),
        [
            ([], EmptyLayerError, "empty"),
            ([Point(0, 0)], GeometryError, "are not polygons"),
            ([None], GeometryError, "no geometry"),
            ([Polygon()], GeometryError, "no geometry"),
        ],
    )
    def test_what_cannot_be_compiled(self, shapes, error, said):
        with pytest.raises(error, match=said):
            ZoneIndex.build(make_zones(*shapes))

    def test_no_crs(self):
        with pytest.raises(CRSError, match="set_crs"):
            ZoneIndex.build(make_zones(box(0, 0, 1, 1), crs=None))

    def test_a_column_that_is_not_there(self, zones):
        with pytest.raises(MissingColumnError, match="'grid'"):
            ZoneIndex.build(zones, code="grid")
        with pytest.raises(MissingColumnError, match="'importance'"):
            ZoneIndex.build(zones, priority="importance")

    def test_many_vertices_are_checked_by_the_compiled_grid(self, monkeypatch):
        monkeypatch.setattr("zjk_gis.engine.polygons.index._FEW_VERTICES", 10)
        bow_tie = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
        spike = Polygon([(20, 0), (30, 0), (30, 10), (30, 20), (30, 10), (20, 10)])
        hole_in_hole = Polygon(box(40, 0, 60, 20).exterior, [box(45, 5, 55, 15).exterior])
        good = make_zones(box(100, 0, 110, 10), hole_in_hole)
        assert len(ZoneIndex.build(good)) == 2
        with pytest.raises(GeometryError, match=r"2 of 4 rows are invalid .*rows 1, 3"):
            ZoneIndex.build(make_zones(box(100, 0, 110, 10), bow_tie, hole_in_hole, spike))


class TestLocating:
    def test_exactly(self, index):
        found = index.locate(*at([50, 100, 200.1, 400], [50, 50, 50, 50]))
        assert found.row.tolist() == [0, 0, -1, -1]
        assert found.words.tolist() == ["inside", "border", "none", "none"]
        assert found.count.tolist() == [1, 2, 0, 0]
        assert (found.border_m, found.share, found.undecided) == (None, None, None)

    def test_points_that_are_none(self, index):
        found = index.locate([np.nan, np.inf, -np.inf], [NORTH, NORTH, np.nan])
        assert found.row.tolist() == [-1, -1, -1]

    def test_columns_of_pandas_are_taken_as_they_are(self, index, zones):
        centres = zones.geometry.centroid
        assert index.locate(centres.x, centres.y).row.tolist() == [0, 1, 2]

    def test_x_and_y_must_match(self, index):
        with pytest.raises(InputError, match="one length"):
            index.locate([1.0, 2.0], [1.0])
        with pytest.raises(InputError, match="coordinates"):
            index.locate(["east"], [1.0])

    @pytest.mark.parametrize("compiled", [False, True])
    def test_near_a_border_counts_as_on_it(self, index, compiled):
        """In the hairline gap B and C could answer, and the smaller C does; 30 cm inside A, A does."""
        if compiled:
            index.polygons.compile()
        found = index.locate(*at([200.1, 99.7, 50, 300.5, 301], [50, 50, 50, 50, 50]), border_within_m=0.5)
        assert found.words.tolist() == ["border", "border", "inside", "border", "none"]
        assert found.row.tolist() == [2, 0, 0, 2, -1]
        assert found.count.tolist() == [2, 2, 1, 1, 0]
        assert found.border_m.round(6).tolist()[:2] == [0.1, 0.3]
        assert np.isnan(found.border_m[2])
        offsets, rows = index.candidates(*at([200.1, 50], [50, 50]), border_within_m=0.5)
        assert (offsets.tolist(), rows.tolist()) == ([0, 2, 3], [1, 2, 0])

    @pytest.mark.parametrize("compiled", [False, True])
    def test_the_border_of_two_zones_is_not_answered_by_a_third_that_is_near(self, compiled):
        """Four squares of 10 m; 40 cm east of the common corner the border is that of C and D alone."""
        x, y = at([0, 0, 10, 10], [0, 10, 0, 10])
        squares = [
            shapely.box(*low, *high)
            for low, high in zip(zip(x, y, strict=True), zip(x + 10, y + 10, strict=True), strict=True)
        ]
        index = ZoneIndex.build(gpd.GeoDataFrame(geometry=squares, crs=4547))
        if compiled:
            index.polygons.compile()
        found = index.locate(*at([10.4, 9.6, 10, 10.4], [10, 10, 10, 10.2]), border_within_m=0.5)
        assert found.row.tolist() == [2, 0, 0, 3]
        assert found.count.tolist() == [4, 4, 4, 4]

    @pytest.mark.parametrize("compiled", [False, True])
    def test_the_accuracy_circle_is_shared_out(self, index, compiled):
        """On the border of A and B half the circle is A's; 5 m inside, with 5 m accuracy, all of it is."""
        if compiled:
            index.polygons.compile()
        found = index.locate(*at([100, 95, 97, 50, 400], [50] * 5), accuracy_m=[5, 5, 5, 0, 5])
        inside = (
            1 - (np.arccos(0.6) - 0.6 * 0.8) / np.pi
        )  # all but the cap beyond a chord 3 m from the centre
        assert found.share.round(9).tolist() == [0.5, 1.0, round(inside, 9), 1.0, 0.0]
        assert found.undecided.tolist() == [True, False, False, False, True]
        assert index.locate(*at(97, 50), accuracy_m=5, undecided_below=0.9).undecided.tolist() == [True]

    def test_holes_and_islands_share_the_circle_rightly(self):
        ring = Polygon(box(-50, -50, 50, 50).exterior, [box(-2, -2, 2, 2).exterior])
        zones = make_zones(MultiPolygon([ring, box(60, -1, 62, 1)]))
        share = ZoneIndex.build(zones).locate([0.0, 10.0], [30.0, 0.0], accuracy_m=[5.0, 30.0]).share
        assert share.round(9).tolist() == [1.0, round(1 - 16 / (np.pi * 900), 9)]

    @pytest.mark.parametrize(
        "wrong", [{"border_within_m": -1}, {"border_within_m": np.nan}, {"accuracy_m": -1}]
    )
    def test_distances_that_are_none(self, index, wrong):
        with pytest.raises(InputError):
            index.locate(*at(50, 50), **wrong)
        with pytest.raises(InputError, match="share"):
            index.locate(*at(50, 50), accuracy_m=1, undecided_below=80)

    def test_the_policy_decides_between_overlapping_zones(self):
        zones = make_zones(
            box(0, 0, 100, 100), box(0, 0, 50, 50), box(0, 0, 50, 50),
            zone_code=["C", "B", "A"], priority=[None, 1, 1], rank=[3, 2, 1],
        )  # fmt: skip
        point = [25.0], [25.0]

        def answer(**options):
            index = ZoneIndex.build(zones, **options)
            return index.codes[index.locate(*point).row[0]]

        assert answer() == "A"
        assert answer(priority="rank") == "C"
        assert answer(policy=Policy(order=("largest_area",))) == "C"
        assert answer(policy=Policy(order=("lowest_code",))) == "A"


class TestDistances:
    def test_nearest(self, index):
        row, distance_m = index.nearest(*at([50, 200.05, 330, 400], [50, 50, 50, 50]), within_m=50)
        assert row.tolist() == [0, 1, 2, -1]
        assert distance_m.round(6).tolist()[:3] == [0, 0.05, 30]
        assert np.isnan(distance_m[3])

    def test_equally_near_is_decided_by_the_policy(self, index):
        row, _ = index.nearest(*at([100], [110]))
        assert row.tolist() == [0]

    @pytest.mark.parametrize("crs", [4490, 3857])
    def test_zones_without_metres_are_measured_in_those_of_their_centre(self, zones, index, crs):
        """30 m east of C, 30 cm inside A, and the share of a circle: as the zones in metres answer."""
        own, points = zones.to_crs(crs), at([330, 99.7, 50], [50, 50, 50])
        x, y = Transformer.from_crs(4547, crs, always_xy=True).transform(*points)
        asked = ZoneIndex.build(own)
        assert (asked.crs.to_epsg(), asked.measured_in.to_epsg()) == (crs, 4547)
        row, distance_m = asked.nearest(x, y)
        assert (row.tolist(), distance_m.round(6).tolist()) == ([2, 0, 0], [30, 0, 0])
        found = asked.locate(x, y, border_within_m=0.5, accuracy_m=10)
        truth = index.locate(*points, border_within_m=0.5, accuracy_m=10)
        assert found.words.tolist() == truth.words.tolist() == ["none", "border", "inside"]
        assert found.share == pytest.approx(truth.share)
        offsets, rows = asked.candidates(*points, crs=4547)
        assert (offsets.tolist(), rows.tolist()) == ([0, 0, 1, 2], [0, 0])

    def test_degrees_for_which_there_are_no_metres_are_located_and_not_measured(self):
        """No one CRS has metres for most of the world; New York by itself has."""
        index = ZoneIndex.build(make_zones(box(-170, -80, 170, 80), crs=4326))
        assert index.locate([-73.5], [40.5]).row.tolist() == [0]
        for ask in (
            lambda: index.nearest([-73.5], [40.5]),
            lambda: index.locate([-73.5], [40.5], border_within_m=1),
            lambda: index.locate([-73.5], [40.5], accuracy_m=1),
        ):
            with pytest.raises(CRSError, match=r"to_crs\(\.\.\.\)"):
                ask()

    def test_feet_are_told_as_metres(self):
        index = ZoneIndex.build(make_zones(box(0, 0, 100, 100), crs=2263))  # US survey feet
        row, distance_m = index.nearest([200.0], [50.0], within_m=31)
        assert row.tolist() == [0]
        assert distance_m[0] == pytest.approx(100 * 1200 / 3937)
        assert index.nearest([200.0], [50.0], within_m=30)[0].tolist() == [-1]


class TestOtherCoordinates:
    @pytest.mark.parametrize("n", [500, 60_000])
    def test_the_answers_are_those_of_pyproj(self, index, n):
        """Among them points within a micrometre of a border, where the approximation must not be trusted."""
        rng = np.random.default_rng(5)
        x, y = at(rng.uniform(-20, 320, n), rng.uniform(-20, 120, n))
        x[: n // 2] = EAST + rng.choice([0, 100, 200, 200.2, 300], n // 2) + rng.normal(0, 1e-6, n // 2)
        lon, lat = Transformer.from_crs(4547, 4490, always_xy=True).transform(x, y)
        there = Transformer.from_crs(4490, 4547, always_xy=True).transform(lon, lat)
        asked, expected = index.locate(lon, lat, crs=4490), index.locate(*there)
        assert asked.row.tolist() == expected.row.tolist()
        assert asked.words.tolist() == expected.words.tolist()

    def test_borders_are_measured_where_the_point_lies(self, index):
        lon, lat = Transformer.from_crs(4547, 4490, always_xy=True).transform(*at([99.7], [50]))
        assert index.locate(lon, lat, crs=4490, border_within_m=0.5).words.tolist() == ["border"]

    def test_a_crs_nobody_knows(self, index):
        with pytest.raises(CRSError, match="'EPSG:0'"):
            index.locate([1.0], [1.0], crs="EPSG:0")


class TestSaving:
    @pytest.fixture
    def path(self, index, tmp_path):
        return index.save(tmp_path / "zones.idx")

    def test_a_loaded_index_answers_alike(self, zones, tmp_path):
        holed = Polygon(box(EAST, NORTH + 200, EAST + 90, NORTH + 290).exterior, [
            box(EAST + 30, NORTH + 230, EAST + 60, NORTH + 260).exterior
        ])  # fmt: skip
        island = box(EAST + 40, NORTH + 240, EAST + 50, NORTH + 250)
        more = make_zones(MultiPolygon([holed, island]), box(EAST, NORTH + 200, EAST + 50, NORTH + 250))
        layer = gpd.GeoDataFrame(
            {"zone_code": ["A", "B", "C", "岛", "重叠"]},
            geometry=[*zones.geometry, *more.geometry], crs=4547,
        )  # fmt: skip
        index = ZoneIndex.build(layer)
        loaded = ZoneIndex.load(index.save(tmp_path / "zones.idx"))
        rng = np.random.default_rng(2)
        x, y = at(rng.uniform(-20, 320, 5000), rng.uniform(-20, 320, 5000))
        for name in ("row", "found", "count", "border_m", "share"):
            options = {"border_within_m": 0.5, "accuracy_m": 3.0}
            one, two = (getattr(i.locate(x, y, **options), name) for i in (index, loaded))
            assert np.array_equal(one, two, equal_nan=name == "border_m")
        assert np.array_equal(index.nearest(x, y)[1], loaded.nearest(x, y)[1])
        assert loaded.codes.tolist() == index.codes.tolist()
        assert loaded.crs == index.crs
        again = loaded.polygons.rings.polygons()
        assert shapely.equals(again, layer.geometry.to_numpy()).all()

    @pytest.mark.parametrize("threads", ["1", "3"])
    def test_the_same_zones_make_the_same_file(self, path, zones, tmp_path, monkeypatch, threads):
        monkeypatch.setenv("ZJK_GIS_THREADS", threads)
        assert ZoneIndex.build(zones).save(tmp_path / "again.idx").read_bytes() == path.read_bytes()

    def test_every_truncation_is_refused(self, path):
        whole = path.read_bytes()
        for length in [0, 5, 20, 100, len(whole) // 2, len(whole) - 1]:
            path.write_bytes(whole[:length])
            with pytest.raises(FileError, match=r"saved index|truncated|bytes"):
                ZoneIndex.load(path)

    def test_every_damaged_byte_is_found(self, path):
        whole = bytearray(path.read_bytes())
        rng = np.random.default_rng(0)
        first = 24 + int.from_bytes(whole[8:16], "little")
        meant = set(range(first, -(-first // 64) * 64))  # filling between the directory and the arrays
        tried = 0
        for at_byte in [0, 9, 17, 21, 40, *rng.integers(24, len(whole), 40).tolist()]:
            if at_byte in meant:
                continue
            damaged = whole.copy()
            damaged[at_byte] ^= 0x40
            path.write_bytes(damaged)
            try:
                with warnings.catch_warnings():
                    loaded = ZoneIndex.load(path)
            except FileError:
                tried += 1
            else:  # between two arrays: nothing that is read
                assert loaded.locate(*at(50, 50)).row.tolist() == [0]
        assert tried >= 30

    def test_a_file_made_to_harm_is_refused_or_answers(self, tmp_path):
        """With right checksums for false offsets, words and counts; in a process that may die of it."""
        script = Path(__file__).with_name("crafted_files.py")
        done = subprocess.run(
            [sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, check=False
        )
        lines = done.stdout.splitlines()
        assert done.returncode == 0, f"{lines[-1]}: exit {done.returncode}\n{done.stderr[-2000:]}"
        assert sum(line.endswith("refused") for line in lines) > 1000

    @pytest.mark.parametrize(
        ("directory", "message"),
        [
            (b"[" * 100_000, "cannot be read"),
            (b"[]", "is not one"),
            (b'{"kind": "zone index", "about": {}, "arrays": {"words": 1}, "bytes": 0}', "describe words"),
            (HUGE, "no such shape"),
        ],
    )
    def test_a_directory_made_to_harm_is_refused(self, tmp_path, directory, message):
        path = tmp_path / "crafted.idx"
        sizes = (len(directory), 8), (zlib.crc32(directory), 4), (4, 4)
        head = b"ZJKGISIX" + b"".join(value.to_bytes(width, "little") for value, width in sizes)
        whole = head + directory
        path.write_bytes(whole + bytes(-len(whole) % 64))
        with pytest.raises(FileError, match=message):
            ZoneIndex.load(path)

    @pytest.mark.parametrize(
        "content", [b"", b"PK\x03\x04 a workbook", b"\x80\x05pickled", b"ZJKGISIX" + b"\xff" * 40]
    )
    def test_a_foreign_file_is_refused(self, tmp_path, content):
        path = tmp_path / "foreign.idx"
        path.write_bytes(content)
        with pytest.raises(FileError, match=r"foreign\.idx"):
            ZoneIndex.load(path)

    def test_a_missing_file_and_folder(self, index, tmp_path):
        with pytest.raises(FileError, match="cannot be read"):
            ZoneIndex.load(tmp_path / "nowhere.idx")
        with pytest.raises(FileError, match="cannot be written"):
            index.save(tmp_path / "nowhere" / "zones.idx")
        assert list(tmp_path.iterdir()) == []
