"""A live register of covers answers as a plain list would, whatever was changed, and outlives a crash."""

import math
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap

import geopandas as gpd
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from shapely import Point, Polygon

from zjk_gis.errors import CRSError, FileError, InputError, MissingColumnError
from zjk_gis.pipes import CoverRegister

E, N = 573000, 4520000  # all places are measured from here


def covers(**places):
    points = [Point(E + x, N + y) for x, y in places.values()]
    return gpd.GeoDataFrame({"manhole_code": list(places)}, geometry=points, crs=4547)


@pytest.fixture(params=["memory", "disk"])
def place(request, tmp_path):
    return None if request.param == "memory" else tmp_path / "covers.register"


def test_set_move_take_out_and_ask(place):
    with CoverRegister.build(covers(A=(0, 0), B=(10, 0)), place) as register:
        register.insert("C", E + 20, N)
        register.insert(["D", "E"], [E + 30, E + 40], [N, N])
        register.move("A", E + 100, N)
        register.move(["D", "E"], [E + 31, E + 41], [N + 1, N + 1])
        register.delete("B")
        assert len(register) == 4
        assert "A" in register
        assert "B" not in register
        found = register.nearest(E + 21, N, count=2)
        assert found["code"].tolist() == ["C", "D"]
        assert found["distance_m"].tolist() == [1.0, math.hypot(10, 1)]
        assert register.nearest(E + 21, N, count=9, within_m=5)["code"].tolist() == ["C"]
        assert register.within((E, N, E + 31, N + 1))["code"].tolist() == ["C", "D"], "the border counts"
        assert register.within(Polygon([(E + 20, N), (E + 41, N + 1), (E + 20, N + 1)]))["code"].tolist() == [
            "C",
            "E",
            "D",
        ][:1] + ["D", "E"]
        assert register.to_layer()["manhole_code"].tolist() == ["A", "C", "D", "E"]


def test_what_is_equally_near_comes_by_code_whatever_came_first(place):
    ring = {f"{i:02d}": (100 * math.cos(i), 100 * math.sin(i)) for i in range(12)}
    backwards = dict(reversed(ring.items()))
    with CoverRegister.build(covers(**backwards), place) as register:
        near = register.nearest(E, N, count=12)
    table = sorted((math.hypot(E + x - E, N + y - N), code) for code, (x, y) in ring.items())
    assert near["code"].tolist() == [code for _, code in table]
    four = CoverRegister.build(covers(D=(1, 0), C=(0, 1), B=(-1, 0), A=(0, -1)))
    assert four.nearest(E, N, count=2)["code"].tolist() == ["A", "B"]


def test_nothing_there(place):
    with CoverRegister.build(covers(A=(0, 0)).iloc[:0], place) as register:
        assert register.nearest(E, N).empty
        assert register.within((E, N, E + 1, N + 1)).empty
        assert register.close_pairs().empty
        register.insert("A", E + 1, N + 1)
        register.delete("A")
        register.insert("A", E + 2, N + 2)
        assert register.nearest(E, N)["code"].tolist() == ["A"]


def test_two_records_of_one_cover():
    register = CoverRegister.build(covers(A=(0, 0), B=(0.375, 0.5), C=(0, 0.25), D=(9, 9)))
    pairs = register.close_pairs(within_m=0.625)
    assert pairs[["code", "other_code"]].to_numpy().tolist() == [["A", "C"], ["B", "C"], ["A", "B"]]
    assert pairs["distance_m"].tolist() == [0.25, pytest.approx(math.hypot(0.375, 0.25)), 0.625]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.insert("A", E + 1, N + 1), "A is there already"),
        (lambda r: r.insert(["X", "X"], [E, E + 2], [N, N]), "X is given twice"),
        (lambda r: r.insert(["X", "A"], [E, E + 2], [N, N]), "A is there already"),
        (lambda r: r.insert("", E + 1, N + 1), "codes must be text"),
        (lambda r: r.insert(7, 1, 1), "code must be text or a list, not 7"),
        (lambda r: r.insert(["X", None], [1, 2], [1, 2]), r"code\[1\] must be text, not None"),
        (lambda r: r.insert("X", float("nan"), 1), "missing or infinite"),
        (lambda r: r.insert("X", "east", 1), "must be numbers"),
        (lambda r: r.insert(["X", "Y"], [1], [1]), "2 codes, 1 x and 1 y"),
        (lambda r: r.move("Z", E + 1, N + 1), "Z is not in the register"),
        (lambda r: r.move(["A", "A"], [E, E + 2], [N, N]), "given twice"),
        (lambda r: r.delete(["A", "Z"]), "Z is not in the register"),
        (lambda r: r.nearest(E, N, count=0), "count must be at least 1"),
        (lambda r: r.nearest(float("inf"), 0), "missing or infinite"),
    ],
)
def test_what_cannot_be_done_changes_nothing(place, change, message):
    with CoverRegister.build(covers(A=(0, 0), B=(5, 0)), place) as register:
        with pytest.raises(InputError, match=message):
            change(register)
        assert register.to_table()["code"].tolist() == ["A", "B"]
        assert register.nearest(E + 1, N)["code"].tolist() == ["A"]


@pytest.mark.parametrize("table", ["covers", "places"])
def test_a_failure_in_the_middle_changes_nothing(place, table):
    with CoverRegister.build(covers(A=(0, 0), B=(5, 0)), place) as register:

        def refuse(action, at, *_):
            writes = action in {sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE}
            return sqlite3.SQLITE_DENY if writes and at == table else sqlite3.SQLITE_OK

        for change in (
            lambda: register.insert(["C", "D"], [E + 1, E + 1], [N + 1, N + 1]),
            lambda: register.move(["A", "B"], [E + 9, E + 9], [N, N]),
            lambda: register.delete(["A", "B"]),
        ):
            register._database.set_authorizer(refuse)
            with pytest.raises(FileError, match="not authorized"):
                change()
            register._database.set_authorizer(None)
            assert register.to_table()["code"].tolist() == ["A", "B"]
            assert register.to_table()["x"].tolist() == [E, E + 5]
            assert register.nearest(E + 9, N)[["code", "distance_m"]].to_numpy().tolist() == [["B", 4.0]]
            assert register.within((E, N, E + 9, N + 9))["code"].tolist() == ["A", "B"]


def test_covers_closer_than_the_numbers_of_the_tree_are_told_apart(place):
    """The tree knows a northing of 4.5 million to half a metre; covers every 1/64 m here."""
    row = {f"{i:03d}": (i / 64, i / 64) for i in range(200)}
    with CoverRegister.build(covers(**row), place) as register:
        for i in (0, 37, 111, 199):
            near = register.nearest(E + i / 64, N + i / 64, count=3)
            assert near["code"].tolist() == sorted(row, key=lambda code: (abs(int(code) - i), code))[:3]
            assert near["distance_m"].tolist()[0] == 0.0
        inside = register.within((E + 0.5, N, E + 0.75, N + 2))["code"].tolist()
        assert inside == [f"{i:03d}" for i in range(32, 49)]


@pytest.mark.parametrize("away", [0, 15.9, 16, 16.1, 5_000, 200_000])
def test_however_far_and_however_dense(place, away):
    """A cover in the corner of the box that is searched is farther than one straight ahead, outside the box.

    ::

        corner . . . .
               .   .
               ? . . . straight     (a box reaches `away`, its corner 1.41 x `away`)
    """
    crowd = {f"c{i:03d}": (300 + i % 10, 20 + i // 10) for i in range(100)}
    places = {"corner": (-away, away), "straight": (1.2 * away, 0), "same 1": (0, -away), "same 2": (0, away)}
    truth = {**crowd, **places} if away < 300 else places
    table = sorted((math.hypot(x, y), code) for code, (x, y) in truth.items())
    with CoverRegister.build(covers(**truth), place) as register:
        for count in (1, 2, 3, 4, 50, 10**9):
            found = register.nearest(E, N, count=count)
            assert found["code"].tolist() == [code for _, code in table[:count]]
        assert len(register.nearest(E, 1e300)) == 1


def test_layers_that_cannot_become_a_register(tmp_path):
    with pytest.raises(MissingColumnError, match="no column 'manhole_code'"):
        CoverRegister.build(covers(A=(0, 0)).rename(columns={"manhole_code": "x"}))
    with pytest.raises(CRSError):
        CoverRegister.build(covers(A=(0, 0)).set_crs(None, allow_override=True))
    with pytest.raises(InputError, match=r"1 rows are not points \(row 1\)"):
        CoverRegister.build(
            covers(A=(0, 0), B=(1, 1)).assign(geometry=[Point(0, 0), None]), tmp_path / "a.register"
        )
    with pytest.raises(InputError, match="A is given twice"):
        CoverRegister.build(covers(A=(0, 0), B=(1, 1)).assign(manhole_code="A"), tmp_path / "a.register")
    assert not (tmp_path / "a.register").exists(), "a register that failed leaves no file"


class TestPlacesThatCannotBe:
    def test_degrees_are_not_metres(self):
        register = CoverRegister.build(covers(A=(0, 0)))
        for change in (register.insert, register.move):
            for place in ((114.88, 40.82), (40.82, 114.88)):
                with pytest.raises(
                    InputError, match=r"covers: A is in degrees, and the register is in metres"
                ):
                    change("A", *place)
        with pytest.raises(InputError, match=r"covers: 114.88, 40.82 is in degrees"):
            register.nearest(114.88, 40.82)
        assert register.to_table()[["x", "y"]].to_numpy().tolist() == [[E, N]]

    def test_nobody_sets_a_cover_at_zero(self):
        register = CoverRegister.build(covers(A=(0, 0)))
        with pytest.raises(InputError, match=r"covers: Z is at 0, 0, which is not a position"):
            register.insert(["B", "Z"], [E, 0], [N, 0])
        assert len(register) == 1

    def test_a_cover_in_another_city_is_named_with_its_distance(self, tmp_path):
        row = {f"C{i}": (10 * i, 0) for i in range(9)}
        far = r"covers: FAR cannot be in this city: FAR lies 1,220 km from the middle of the covers"
        with pytest.raises(InputError, match=far):
            CoverRegister.build(covers(**row, FAR=(40, -1_220_000)), tmp_path / "a.register")
        register = CoverRegister.build(covers(**row))
        with pytest.raises(InputError, match=far):
            register.insert("FAR", E + 40, N - 1_220_000)
        with pytest.raises(InputError, match="C8 lies 1,220 km"):
            register.move("C8", E + 40, N - 1_220_000)
        assert register.to_table()["code"].tolist() == list(row)

    def test_a_cover_with_its_axes_swapped_does_not_choose_the_zone(self):
        points = [Point(114.88 + i / 1000, 40.82) for i in range(19)] + [Point(40.82, 114.88)]
        codes = [f"C{i}" for i in range(20)]
        layer = gpd.GeoDataFrame({"manhole_code": codes}, geometry=points, crs=4490)
        with pytest.raises(InputError, match=r"row 19|C19"):
            CoverRegister.build(layer)
        assert CoverRegister.build(layer.iloc[:19]).crs.to_epsg() == 4547


def test_degrees_become_the_metres_of_their_zone():
    points = gpd.GeoDataFrame({"manhole_code": ["A"]}, geometry=[Point(114.88, 40.82)], crs=4490)
    register = CoverRegister.build(points)
    assert register.crs.to_epsg() == 4547
    ((x, y),) = register.to_table()[["x", "y"]].to_numpy().tolist()
    back = gpd.GeoSeries([Point(x, y)], crs=register.crs).to_crs(4490).iloc[0]
    assert back.equals_exact(Point(114.88, 40.82), 1e-9)


class TestOnDisk:
    def test_it_is_there_again_in_one_file(self, tmp_path):
        path = tmp_path / "covers.register"
        with CoverRegister.build(covers(A=(0, 0), B=(10, 0)), path) as register:
            register.insert("C", E + 20, N)
        assert [file.name for file in tmp_path.iterdir()] == ["covers.register"]
        with CoverRegister.open(path) as register:
            assert register.crs.to_epsg() == 4547
            assert register.nearest(E + 19, N)["code"].tolist() == ["C"]

    def test_a_damaged_file_is_named(self, tmp_path):
        path = tmp_path / "covers.register"
        CoverRegister.build(covers(**{f"C{i}": (i, i) for i in range(2000)}), path).close()
        with path.open("r+b") as file:
            file.seek(4096 * 2)
            file.write(os.urandom(path.stat().st_size - 4096 * 2))
        with pytest.raises(FileError, match=r"covers.register: "), CoverRegister.open(path) as register:
            register.nearest(E, N, count=9)

    def test_killed_in_the_middle_every_finished_change_is_there(self, tmp_path):
        path = tmp_path / "covers.register"
        CoverRegister.build(covers(A=(0, 0), B=(10, 0)), path).close()
        program = textwrap.dedent(
            """
            import os, signal, sys
            from zjk_gis.pipes import CoverRegister
            register = CoverRegister.open(sys.argv[1])
            register.insert(["C", "D"], [573020, 573030], [4520000, 4520000])
            register.delete("B")
            with register._changing():  # begun and not finished
                register._database.execute("DELETE FROM covers")
                register._database.execute("DELETE FROM places")
                os.kill(os.getpid(), signal.SIGKILL)
            """
        )
        done = subprocess.run([sys.executable, "-c", program, path], check=False)
        assert done.returncode == -signal.SIGKILL
        with CoverRegister.open(path) as register:
            assert register.to_table()["code"].tolist() == ["A", "C", "D"]
            assert register.nearest(E + 10, N + 1)["code"].tolist() == ["A"]
            assert register.within((E, N, E + 99, N + 9))["code"].tolist() == ["A", "C", "D"]

    def test_one_process_at_a_time(self, tmp_path):
        path = tmp_path / "covers.register"
        with CoverRegister.build(covers(A=(0, 0)), path):
            program = "import sys; from zjk_gis.pipes import CoverRegister; CoverRegister.open(sys.argv[1])"
            done = subprocess.run(
                [sys.executable, "-c", program, path], check=False, capture_output=True, text=True
            )
        assert "covers.register: another process has it open" in done.stderr
        CoverRegister.open(path).close()

    def test_what_is_no_register(self, tmp_path):
        with pytest.raises(FileError, match="no such file"):
            CoverRegister.open(tmp_path / "none.register")
        (tmp_path / "text.register").write_text("covers, all of them, in a text that is long enough")
        with pytest.raises(FileError, match=r"text.register: file is not a database"):
            CoverRegister.open(tmp_path / "text.register")
        covers(A=(0, 0)).to_file(tmp_path / "a.gpkg")
        with pytest.raises(FileError, match="is no register of covers"):
            CoverRegister.open(tmp_path / "a.gpkg")
        CoverRegister.build(covers(A=(0, 0)), tmp_path / "a.register").close()
        with pytest.raises(FileError, match="is there already"):
            CoverRegister.build(covers(A=(0, 0)), tmp_path / "a.register")
        with pytest.raises(FileError, match="the folder does not exist"):
            CoverRegister.build(covers(A=(0, 0)), tmp_path / "no" / "a.register")


class AnyChanges(RuleBasedStateMachine):
    """Any changes in any order, beside a dict and arithmetic on all of it."""

    codes = st.sampled_from("ABCDEFGH")
    steps = st.integers(0, 6).map(lambda i: i / 2)  # from E, N

    @initialize(start=st.dictionaries(codes, st.tuples(steps, steps)))
    def begin(self, start):
        self.truth = dict(start)
        layer = covers(**start) if start else covers(A=(0, 0)).iloc[:0]
        self.register = CoverRegister.build(layer)

    @rule(code=codes, x=steps, y=steps)
    def put(self, code, x, y):
        if code in self.truth:
            self.register.move(code, E + x, N + y)
        else:
            self.register.insert(code, E + x, N + y)
        self.truth[code] = (x, y)

    @precondition(lambda self: self.truth)
    @rule(data=st.data())
    def take_out(self, data):
        some = data.draw(st.lists(st.sampled_from(sorted(self.truth)), unique=True, min_size=1))
        self.register.delete(some)
        for code in some:
            del self.truth[code]

    @rule(x=steps, y=steps, count=st.integers(1, 9), within=st.none() | steps)
    def near(self, x, y, count, within):
        table = sorted((math.hypot(u - x, v - y), code) for code, (u, v) in self.truth.items())
        table = [row for row in table[:count] if within is None or row[0] <= within]
        found = self.register.nearest(E + x, N + y, count=count, within_m=within)
        assert list(zip(found["distance_m"], found["code"], strict=True)) == table

    @rule(x=steps, y=steps, size=steps)
    def inside(self, x, y, size):
        expected = sorted(c for c, (u, v) in self.truth.items() if x <= u <= x + size and y <= v <= y + size)
        if size:
            assert (
                self.register.within((E + x, N + y, E + x + size, N + y + size))["code"].tolist() == expected
            )

    @invariant()
    def the_same_covers(self):
        assert len(self.register) == len(self.truth)
        assert self.register.to_table()["code"].tolist() == sorted(self.truth)


TestAnyChanges = AnyChanges.TestCase
TestAnyChanges.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
