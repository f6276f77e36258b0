"""Weeks of deliveries end as the truth says: in order, in any other order, and killed at random and gone on.

Nine weeks bring all that a year brings: see `zjk_gis.synth.weeks`.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

import zjk_gis.city.refresh
from zjk_gis import Workspace
from zjk_gis.city import refresh_city
from zjk_gis.city.state import load_state
from zjk_gis.errors import FileError, InputError
from zjk_gis.synth import make_weeks

WEEKS = 9
PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_weeks(tmp_path_factory.mktemp("weeks") / "made", weeks=WEEKS, grids=16, incidents=4)


@pytest.fixture
def unasked(monkeypatch):
    """What runs answer is tested elsewhere."""
    monkeypatch.setattr(zjk_gis.city.refresh, "answer_all", lambda *_, **__: [])


class Inbox:
    """A city's folder into which deliveries are laid."""

    def __init__(self, path, made):
        self.path, self.made, self.toml = path, made, path / "city.toml"
        path.mkdir()
        shutil.copy(made.folder / "city.toml", path)
        self.verdicts = {}

    def lay(self, files):
        """Lay files where they belong; what is sent again replaces what was sent."""
        for name in files:
            source, target = self.made.folder / name, self.path / name.replace("补发/", "收件/")
            target.parent.mkdir(parents=True, exist_ok=True)
            parts = [source.with_suffix(each) for each in PARTS] if source.suffix == ".shp" else [source]
            for part in parts:
                if part.exists():
                    shutil.copy(part, target.with_suffix(part.suffix))

    def run(self, day):
        """Run the week; return the files that were damaged, without which all else is taken."""
        found = refresh_city(self.toml, at=day).taken
        self.verdicts |= dict(zip(found["source"] + " " + found["day"], found["verdict"], strict=True))
        return found.loc[found["verdict"] == "unreadable", "files"].tolist()

    def state(self):
        with Workspace.open(self.path / "工作库.gpkg") as layers:
            known = layers.list()
            rows = {name: layers.read(name) for name in known["layer"]}
        state = load_state(self.path / "工作库.gpkg")
        return rows, dict(zip(known["layer"], known["version"], strict=True)), state


def assert_ends_as_the_truth_says(inbox):
    made = inbox.made
    rows, _, state = inbox.state()
    assert set(rows) == set(made.layers)
    for name, wanted in made.layers.items():
        code = wanted.columns[0]
        found = rows[name].sort_values(code, ignore_index=True)
        assert found[code].tolist() == wanted[code].tolist()
        assert shapely.equals(found.geometry.normalize(), wanted.geometry.normalize()).all() or np.allclose(
            shapely.get_coordinates(found.geometry), shapely.get_coordinates(wanted.geometry), atol=1e-7
        )
        for column in wanted.columns.drop([code, "geometry"]):
            one, other = found[column], wanted[column]
            if column == "occurred_at":
                other = pd.to_datetime(other)
                one = pd.to_datetime(one)
            assert one.tolist() == other.tolist(), (name, column)
    assert sorted(each["key"] for each in state.aside.values()) == made.truth["aside"]


def newest_of(state):
    """Return the day of the newest edition of each source that became its layer's, or is the same as it."""
    found = {}
    for source, editions in state.editions.items():
        last = [each for each in editions if each.current][-1]
        same = [each.day for each in editions if each.rows == last.rows]
        found[source] = max(same) if source != "incidents" else max(each.day for each in editions)
    return found


@pytest.mark.usefixtures("unasked")
def test_weeks_taken_one_after_the_other_end_as_the_truth_says(tmp_path, made):
    inbox = Inbox(tmp_path / "city", made)
    damaged = []
    for week in made.deliveries:
        inbox.lay(week["files"])
        damaged += inbox.run(week["day"])
    assert_ends_as_the_truth_says(inbox)
    _, versions, state = inbox.state()
    assert versions == made.truth["versions"]
    assert newest_of(state) == made.truth["current"]
    assert set(damaged) == {made.truth["damaged"]}


def shuffled(made, chance):
    """Return deliveries in another order; what replaces a file stays behind it."""
    weeks = list(made.deliveries)
    while True:
        chance.shuffle(weeks)
        files = [file for week in weeks for file in week["files"]]
        resent = [file for file in files if file.startswith("补发/")]
        if all(files.index(file.replace("补发/", "收件/")) < files.index(file) for file in resent):
            return weeks


@pytest.mark.usefixtures("unasked")
def test_weeks_end_the_same_in_another_order(tmp_path, made):
    chance = random.Random(1)  # noqa: S311
    inbox = Inbox(tmp_path / "city", made)
    for week in shuffled(made, chance):
        files = list(week["files"])
        chance.shuffle(files)
        at = chance.randrange(len(files) + 1)
        for part in (files[:at], files[at:]):  # some of a week's files come a day later than the others
            inbox.lay(part)
        inbox.run("2025-12-31")
    inbox.run("2025-12-31")
    assert_ends_as_the_truth_says(inbox)


@pytest.mark.usefixtures("unasked")
def test_weeks_end_the_same_all_at_once(tmp_path, made):
    inbox = Inbox(tmp_path / "city", made)
    files = [file for week in made.deliveries for file in week["files"]]
    inbox.lay(sorted(files, reverse=True))  # what is sent again comes last, see below
    inbox.lay([file for file in files if file.startswith("补发/")])
    assert not inbox.run("2025-12-31")
    assert_ends_as_the_truth_says(inbox)
    assert not inbox.run("2025-12-31")
    assert set(inbox.verdicts.values()) == {"unchanged"}


# Children are made by a process that has read the library and begun nothing: no thread is lost in them.
KILLED = """
import os, signal, sys
import zjk_gis.city.refresh as room
from zjk_gis.city import refresh_city
import zjk_gis.io, zjk_gis.workspace, zjk_gis.city.publish, pyogrio, openpyxl
room.answer_all = lambda *_, **__: []
for line in sys.stdin:
    toml, day, after = line.rstrip().split("|")
    child = os.fork()
    if not child:
        touched = 0
        def count(event, _):
            global touched
            touched += event == "open" or event.startswith(("os.", "shutil.", "sqlite3.", "tempfile."))
            if touched > int(after) and event != "os.kill":
                os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(count)
        try:
            refresh_city(toml, at=day)
        except BaseException:
            pass
        os._exit(0)
    print(os.waitpid(child, 0)[1], flush=True)
"""


@pytest.fixture
def killing():
    """A function that runs a city in a process which is killed when it has touched so many files."""
    with subprocess.Popen(
        [sys.executable, "-c", KILLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:  # fmt: skip

        def run(toml, day, after):
            process.stdin.write(f"{toml}|{day}|{after}\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield run
        process.stdin.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are made in another way")
@pytest.mark.usefixtures("unasked")
def test_weeks_that_are_killed_at_random_and_gone_on_end_the_same(tmp_path, made, killing):
    chance = random.Random(5)  # noqa: S311
    inbox = Inbox(tmp_path / "city", made)
    ended = []
    for week in made.deliveries:
        inbox.lay(week["files"])
        ended.append(killing(inbox.toml, week["day"], chance.randrange(1, 400)))
        inbox.run(week["day"])
    assert ended.count(signal.SIGKILL) > WEEKS // 2
    assert_ends_as_the_truth_says(inbox)
    assert inbox.state()[1] == made.truth["versions"]


def test_the_same_seed_gives_the_same_weeks(tmp_path, made):
    again = make_weeks(tmp_path / "again", weeks=WEEKS, grids=16, incidents=4)
    assert again.truth == made.truth
    for name in ("truth.json", "收件/2025-01-06/案件.xlsx", "收件/2025-01-20/停车场.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (made.folder / name).read_bytes()
    with pytest.raises(FileError, match="holds deliveries already"):
        make_weeks(tmp_path / "again")
    with pytest.raises(InputError, match="weeks must be at least 8, not 3"):
        make_weeks(tmp_path / "few", weeks=3)


def test_the_weeks_bring_what_they_are_said_to(made):
    files = [file for week in made.deliveries for file in week["files"]]
    assert {"补发/2025-02-03/停车场.xlsx", "补发/2025-02-10/责任区.geojson"} <= set(files)
    assert "收件/2025-02-17/责任区2025-02-03.shp" in files
    assert "收件/2025-02-17/案件2025-02-10.csv" in files
    assert "任务号".encode("gbk") in (made.folder / "收件/2025-01-13/案件.csv").read_bytes()
    lots = pd.read_csv(made.folder / "收件/2025-03-03/停车场.csv").set_index("停车场编码")
    true = made.layers["parking_lots"].set_index("lot_code").geometry
    assert (lots["经度"] - true.x).abs().min() > 0.005  # on GCJ-02
