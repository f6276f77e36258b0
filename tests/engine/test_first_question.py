"""The first large question on a machine: what is compiled for it, where it is kept, and what is told.

All of it is compiled once for this file, by `zjk_gis.engine.warming.warm` into a directory of its own; other
processes then find it there, whole, damaged, or on a disk that takes nothing.
"""

import os
import pickle
import subprocess
import sys
from collections import Counter

import pytest

from zjk_gis.engine.warming import GROUPS

# What is compiled for more than one kind of argument, and why. A new row costs everybody seconds: a bare 0
# for an int64, or int32 beside int64, is no reason.
SEVERAL = {
    "cells._room": 3,  # arrays of int32, int64 and uint32 grow
}
COUNT = """
import sys
from numba.core import event
class Listener(event.Listener):
    count = 0
    def on_start(self, event):
        self.count += event.data["dispatcher"].py_func.__module__.startswith("zjk_gis.")
    def on_end(self, event): pass
listener = Listener()
event.register("numba:compile", listener)
"""
QUESTION = """
import geopandas as gpd, numpy as np, shapely
from zjk_gis import assign_incidents
x, y = (each.ravel() * 100.0 for each in np.meshgrid(np.arange(20), np.arange(20)))
rng = np.random.default_rng(1)
points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*rng.uniform(-50, 2050, (2, 60_000))), crs=4547)
zones = gpd.GeoDataFrame({"zone_code": range(400)}, geometry=shapely.box(x, y, x + 100, y + 100), crs=4547)
print(assign_incidents(points, zones)["zone_code"].notna().sum() > 50_000, listener.count)
"""
BY_DEGREES = """
zones = zones.set_geometry(zones.translate(400_000, 4_500_000))
points = points.set_geometry(points.translate(400_000, 4_500_000)).to_crs(4490)
found = assign_incidents(points, zones, border_within_m=15.0, accuracy_m=10.0)
print(found["zone_code"].notna().sum() > 50_000, listener.count)
"""
ONE_KERNEL = COUNT + (
    "from zjk_gis.engine.predicates import lesser, orient\n"
    "print(orient(0.0, 0.0, 1.0, 1.0, 0.0, 1.0), lesser(1.0, 2.0), listener.count)"
)
# A disk that may be read and not be written to, for whoever runs this, root as well.
READ_ONLY = """
import errno, os, sys
def refuse(event, args):
    if event == "open" and isinstance(args[0], str) and args[0].startswith({kept}):
        if args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError({error}, "refused", args[0])
sys.addaudithook(refuse)
"""


def ask(code, **environment):
    """Let a process run; return the words it printed, and what it said on stderr."""
    told = {**os.environ, "ZJK_GIS_LANG": "en", **{name: str(value) for name, value in environment.items()}}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=told, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split(), done.stderr


def refusing(*kept, error="errno.EACCES"):
    starts = tuple(str(each) for each in kept)
    return READ_ONLY.format(kept=starts, error=error)


@pytest.fixture(scope="module")
def warmed(tmp_path_factory):
    """A directory in which everything that `warm` compiles is kept."""
    kept = tmp_path_factory.mktemp("kept")
    done, said = ask("from zjk_gis.engine.warming import warm; print(*warm())", NUMBA_CACHE_DIR=kept)
    assert done == ["True"] * len(GROUPS)
    assert said == ""
    return kept


def signatures(kept):
    """Return how many varieties of each kernel are kept."""
    counts = Counter()
    for path in kept.rglob("*.nbi"):
        with path.open("rb") as file:
            pickle.load(file)  # noqa: S301 - written by this test
            _, overloads = pickle.loads(file.read())  # noqa: S301
        counts[path.name.split("-")[0]] += len(overloads)
    return counts


def test_every_kernel_is_compiled_for_one_kind_of_argument(warmed):
    counts = signatures(warmed)
    assert {name: number for name, number in counts.items() if number > 1} == SEVERAL
    assert {"cells.compile_band", "locate.locate_points", "contacts.find_contacts"} <= set(counts)


def test_after_warming_large_questions_compile_nothing_and_say_nothing(warmed):
    out, said = ask(COUNT + QUESTION + BY_DEGREES, NUMBA_CACHE_DIR=warmed)
    assert (out, said) == (["True", "0"] * 2, "")


def test_what_cannot_be_written_to_is_read(warmed):
    """As in an image made by another user, or on a disk that is read only."""
    out, said = ask(refusing(warmed) + COUNT + QUESTION, NUMBA_CACHE_DIR=warmed)
    assert (out, said) == (["True", "0"], "")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_where_nothing_can_be_kept_it_is_said_once(lang, tmp_path):
    """Every directory that numba would write to refuses."""
    code = "import zjk_gis, pathlib\n" + refusing("/") + ONE_KERNEL
    out, said = ask(code, NUMBA_CACHE_DIR=tmp_path, ZJK_GIS_LANG=lang)
    assert (out[:2], int(out[2]) > 1) == (["1", "1.0"], True)
    assert said.count("\n") == 1
    assert {"en": "cannot be kept", "zh": "无处保存"}[lang] in said
    assert list(tmp_path.rglob("*.nb?")) == []


def test_a_disk_that_fills_is_no_error_and_not_tried_again(tmp_path):
    """The directory can be written to when it is looked for, and is full when there is something to keep."""
    code = (
        "import zjk_gis.engine.predicates\n"
        + refusing(tmp_path, error="errno.ENOSPC")
        + "tried = []\n"
        + "def note(event, args):\n"
        + "    if event == 'open' and '.nb' in str(args[0]) and args[2] & os.O_CREAT: tried.append(args[0])\n"
        + "sys.addaudithook(note)\n"
        + ONE_KERNEL
        + "\nprint(len(tried))"
    )
    out, said = ask(code, NUMBA_CACHE_DIR=tmp_path)
    assert out[:2] == ["1", "1.0"]
    assert int(out[3]) <= 1
    assert said.count("compiling the engine") == 1


def test_a_directory_that_is_not_there_is_made(tmp_path):
    _, said = ask(ONE_KERNEL, NUMBA_CACHE_DIR=tmp_path / "not" / "yet")
    assert said.count("once for this machine; `zjk-gis warm` does it beforehand") == 1
    assert list((tmp_path / "not" / "yet").rglob("*.nbc"))


def test_it_is_said_in_chinese(tmp_path):
    _, said = ask(ONE_KERNEL, NUMBA_CACHE_DIR=tmp_path, ZJK_GIS_LANG="zh")
    assert said == ("zjk_gis：本机首次使用，正在编译计算引擎，只需一次；事先运行 `zjk-gis warm` 可免等待\n")


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_what_is_damaged_is_compiled_again(suffix, tmp_path):
    """A power cut leaves files that are empty, or half of what was to be written."""
    _, _ = ask(ONE_KERNEL, NUMBA_CACHE_DIR=tmp_path)
    for path in tmp_path.rglob(f"*{suffix}"):
        path.write_bytes(path.read_bytes()[:40])
    again, said = ask(ONE_KERNEL, NUMBA_CACHE_DIR=tmp_path)
    assert again[:2] == ["1", "1.0"]
    assert "Traceback" not in said
    then, said = ask(ONE_KERNEL, NUMBA_CACHE_DIR=tmp_path)
    assert (then, said) == (["1", "1.0", "0"], "")


def test_killed_while_warming_leaves_what_the_next_can_use(tmp_path):
    """It dies where it does the most harm: the index names a file of code that is not there yet."""
    die = (
        "import os, sys, zjk_gis.engine.predicates\n"
        "def die(event, args):\n"
        "    name = os.path.basename(str(args[0])) if event == 'open' and args[2] & os.O_CREAT else ''\n"
        "    if name.startswith('predicates.orient-') and '.nbc' in name: os._exit(9)\n"
        "sys.addaudithook(die)\n"
    )
    told = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    killed = subprocess.run(
        [sys.executable, "-c", die + ONE_KERNEL], env=told, check=False, capture_output=True
    )
    assert killed.returncode == 9
    assert signatures(tmp_path)["predicates.orient"] == 1
    again, _ = ask(ONE_KERNEL, NUMBA_CACHE_DIR=tmp_path)
    assert again[:2] == ["1", "1.0"]
    assert 0 < int(again[2]) < int(ask(ONE_KERNEL, NUMBA_CACHE_DIR=tmp_path / "none")[0][2])
    then, said = ask(ONE_KERNEL, NUMBA_CACHE_DIR=tmp_path)
    assert (then, said) == (["1", "1.0", "0"], "")


@pytest.mark.parametrize(("lang", "title"), [("en", "compiling the engine"), ("zh", "正在编译计算引擎")])
def test_how_far_it_has_come_is_shown_to_who_watches(lang, title, tmp_path):
    code = (
        "from zjk_gis import progress\n"
        "from zjk_gis.engine import announcing\n"
        "progress._somebody_watches, announcing._LONG = lambda: True, 0\n"
    )
    out, said = ask(code + ONE_KERNEL, NUMBA_CACHE_DIR=tmp_path, ZJK_GIS_LANG=lang)
    assert out[:2] == ["1", "1.0"]
    assert said.count("zjk-gis warm") == 1
    assert f"{title}:   0%" in said
    assert f"{title}: 100%" in said
    _, said = ask(code + ONE_KERNEL, NUMBA_CACHE_DIR=tmp_path, ZJK_GIS_LANG=lang)
    assert said == ""


def test_nobody_is_asked_to_help_where_nothing_can_be_kept(monkeypatch):
    """What another process compiles would be lost with it."""
    from zjk_gis.engine import warming
    from zjk_gis.engine.compiled import lean
    from zjk_gis.engine.kept import KeptCode

    kernel = lean(lambda number: number)
    started = []
    monkeypatch.setattr(warming, "count", lambda: 2)

    def start(group):
        started.append(group)
        return subprocess.Popen([sys.executable, "-c", ""])

    monkeypatch.setattr(warming, "_started", start)
    with warming.beside("points", kernel):
        pass
    assert started == ["points"]
    monkeypatch.setattr(KeptCode, "failed", True)
    with warming.beside("points", kernel):
        pass
    assert started == ["points"]
