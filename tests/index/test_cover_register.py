"""A live register of covers answers as a plain list would, whatever was changed, and outlives a crash."""

import math
import os
import signal
import subprocess
import sys
import textwrap

import geopandas as gpd
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from shapely import Point, Polygon

from zjk_gis import CoverRegister
from zjk_gis.errors import CRSError, FileError, InputError, MissingColumnError


def covers(**places):
    points = [Point(*place) for place in places.values()]
    return gpd.GeoDataFrame({"manhole_code": list(places)}, geometry=points, crs=4547)


@pytest.fixture(params=["memory", "disk"])
def place(request, tmp_path):
    return None if request.param == "memory" else tmp_path / "covers.register"


def test_set_move_take_out_and_ask(place):
    with CoverRegister.build(covers(A=(0, 0), B=(10, 0)), place) as register:
        register.insert("C", 20, 0)
        register.insert(["D", "E"], [30, 40], [0, 0])
        register.move("A", 100, 0)
        register.move(["D", "E"], [31, 41], [1, 1])
        register.delete("B")
        assert len(register) == 4
        assert "A" in register
        assert "B" not in register
        found = register.nearest(21, 0, count=2)
        assert found["code"].tolist() == ["C", "D"]
        assert found["distance_m"].tolist() == [1.0, math.hypot(10, 1)]
        assert register.nearest(21, 0, count=9, within_m=5)["code"].tolist() == ["C"]
        assert register.within((0, 0, 31, 1))["code"].tolist() == ["C", "D"], "the border counts"
        assert register.within(Polygon([(20, 0), (41, 1), (20, 1)]))["code"].tolist() == ["C", "E", "D"][
            :1
        ] + ["D", "E"]
        assert register.to_layer()["manhole_code"].tolist() == ["A", "C", "D", "E"]


def test_what_is_equally_near_comes_by_code_whatever_came_first(place):
    ring = {f"{i:02d}": (100 * math.cos(i), 100 * math.sin(i)) for i in range(12)}
    backwards = dict(reversed(ring.items()))
    with CoverRegister.build(covers(**backwards), place) as register:
        near = register.nearest(0, 0, count=12)
    table = sorted((math.hypot(x, y), code) for code, (x, y) in ring.items())
    assert near["code"].tolist() == [code for _, code in table]
    four = CoverRegister.build(covers(D=(1, 0), C=(0, 1), B=(-1, 0), A=(0, -1)))
    assert four.nearest(0, 0, count=2)["code"].tolist() == ["A", "B"]


def test_nothing_there(place):
    with CoverRegister.build(covers(A=(0, 0)).iloc[:0], place) as register:
        assert register.nearest(0, 0).empty
        assert register.within((0, 0, 1, 1)).empty
        assert register.close_pairs().empty
        register.insert("A", 1, 1)
        register.delete("A")
        register.insert("A", 2, 2)
        assert register.nearest(0, 0)["code"].tolist() == ["A"]


def test_two_records_of_one_cover():
    register = CoverRegister.build(covers(A=(0, 0), B=(0.3, 0.4), C=(0, 0.2), D=(9, 9)))
    pairs = register.close_pairs(within_m=0.5)
    assert pairs[["code", "other_code"]].to_numpy().tolist() == [["A", "C"], ["B", "C"], ["A", "B"]]
    assert pairs["distance_m"].tolist() == [0.2, pytest.approx(math.hypot(0.3, 0.2)), 0.5]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.insert("A", 1, 1), "A is there already"),
        (lambda r: r.insert(["X", "X"], [1, 2], [1, 2]), "X is given twice"),
        (lambda r: r.insert(["X", "A"], [1, 2], [1, 2]), "A is there already"),
        (lambda r: r.insert("", 1, 1), "codes must be text"),
        (lambda r: r.insert(7, 1, 1), "codes must be text"),
        (lambda r: r.insert(["X", None], [1, 2], [1, 2]), "codes must be text that is not blank"),
        (lambda r: r.insert("X", float("nan"), 1), "missing or infinite"),
        (lambda r: r.insert("X", "east", 1), "must be numbers"),
        (lambda r: r.insert(["X", "Y"], [1], [1]), "2 codes, 1 x and 1 y"),
        (lambda r: r.move("Z", 1, 1), "Z is not in the register"),
        (lambda r: r.move(["A", "A"], [1, 2], [1, 2]), "given twice"),
        (lambda r: r.delete(["A", "Z"]), "Z is not in the register"),
        (lambda r: r.nearest(0, 0, count=0), "count must be at least 1"),
        (lambda r: r.nearest(float("inf"), 0), "missing or infinite"),
    ],
)
def test_what_cannot_be_done_changes_nothing(place, change, message):
    with CoverRegister.build(covers(A=(0, 0), B=(5, 0)), place) as register:
        with pytest.raises(InputError, match=message):
            change(register)
        assert register.to_table()["code"].tolist() == ["A", "B"]
        assert register.nearest(1, 0)["code"].tolist() == ["A"]


def test_a_failure_in_the_middle_changes_nothing(place, monkeypatch):
    with CoverRegister.build(covers(A=(0, 0), B=(5, 0)), place) as register:
        with monkeypatch.context() as patch:
            calls = iter([None])
            real = type(register._tree).insert

            def failing(self, *words):
                next(calls)
                real(self, *words)

            patch.setattr(type(register._tree), "insert", failing)
            with pytest.raises(StopIteration):
                register.insert(["C", "D"], [1, 1], [1, 1])
        assert register.to_table()["code"].tolist() == ["A", "B"]
        assert register.nearest(1, 1)["code"].tolist() == ["A"], "the index has forgotten C too"


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


def test_degrees_become_the_metres_of_their_zone():
    points = gpd.GeoDataFrame({"manhole_code": ["A"]}, geometry=[Point(114.88, 40.82)], crs=4490)
    register = CoverRegister.build(points)
    assert register.crs.to_epsg() == 4547
    ((x, y),) = register.to_table()[["x", "y"]].to_numpy().tolist()
    back = gpd.GeoSeries([Point(x, y)], crs=register.crs).to_crs(4490).iloc[0]
    assert back.equals_exact(Point(114.88, 40.82), 1e-9)


class TestOnDisk:
    def test_it_is_there_again_and_the_index_is_not_made_anew(self, tmp_path, monkeypatch):
        path = tmp_path / "covers.register"
        with CoverRegister.build(covers(A=(0, 0), B=(10, 0)), path) as register:
            register.insert("C", 20, 0)
        with monkeypatch.context() as patch:
            patch.setattr(CoverRegister, "_made_tree", lambda _: pytest.fail("made anew"))
            with CoverRegister.open(path) as register:
                assert register.crs.to_epsg() == 4547
                assert register.nearest(19, 0)["code"].tolist() == ["C"]

    @pytest.mark.parametrize("harm", ["gone", "older", "hostile", "emptied"])
    def test_an_index_that_is_not_as_it_was_left_is_made_again(self, tmp_path, harm):
        path = tmp_path / "covers.register"
        index = tmp_path / "covers.register.dat"
        CoverRegister.build(covers(A=(0, 0), B=(10, 0)), path).close()
        before = index.read_bytes()
        with CoverRegister.open(path) as register:
            register.move("A", 50, 0)
        if harm == "gone":
            index.unlink()
        else:
            index.write_bytes({"older": before, "hostile": os.urandom(5000), "emptied": b""}[harm])
        with CoverRegister.open(path) as register:
            assert register.nearest(0, 0)["code"].tolist() == ["B"]
            assert register.nearest(49, 0)["code"].tolist() == ["A"]

    def test_killed_in_the_middle_every_finished_change_is_there(self, tmp_path):
        path = tmp_path / "covers.register"
        CoverRegister.build(covers(A=(0, 0), B=(10, 0)), path).close()
        program = textwrap.dedent(
            """
            import os, signal, sys
            from zjk_gis import CoverRegister
            register = CoverRegister.open(sys.argv[1])
            register.insert(["C", "D"], [20, 30], [0, 0])
            register.delete("B")
            with register._changing():  # begun and not finished
                register._database.execute("DELETE FROM covers")
                os.kill(os.getpid(), signal.SIGKILL)
            """
        )
        done = subprocess.run([sys.executable, "-c", program, path], check=False)
        assert done.returncode == -signal.SIGKILL
        with CoverRegister.open(path) as register:
            assert register.to_table()["code"].tolist() == ["A", "C", "D"]
            assert register.nearest(10, 1)["code"].tolist() == ["A"]

    def test_one_process_at_a_time(self, tmp_path):
        path = tmp_path / "covers.register"
        with CoverRegister.build(covers(A=(0, 0)), path):
            program = "import sys; from zjk_gis import CoverRegister; CoverRegister.open(sys.argv[1])"
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
    steps = st.integers(0, 6).map(lambda i: i / 2)

    @initialize(start=st.dictionaries(codes, st.tuples(steps, steps)))
    def begin(self, start):
        self.truth = dict(start)
        layer = covers(**start) if start else covers(A=(0, 0)).iloc[:0]
        self.register = CoverRegister.build(layer)

    @rule(code=codes, x=steps, y=steps)
    def put(self, code, x, y):
        if code in self.truth:
            self.register.move(code, x, y)
        else:
            self.register.insert(code, x, y)
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
        found = self.register.nearest(x, y, count=count, within_m=within)
        assert list(zip(found["distance_m"], found["code"], strict=True)) == table

    @rule(x=steps, y=steps, size=steps)
    def inside(self, x, y, size):
        expected = sorted(c for c, (u, v) in self.truth.items() if x <= u <= x + size and y <= v <= y + size)
        if size:
            assert self.register.within((x, y, x + size, y + size))["code"].tolist() == expected

    @invariant()
    def the_same_covers(self):
        assert len(self.register) == len(self.truth)
        assert self.register.to_table()["code"].tolist() == sorted(self.truth)


TestAnyChanges = AnyChanges.TestCase
TestAnyChanges.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
