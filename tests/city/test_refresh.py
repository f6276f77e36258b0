"""A year of weeks in small: what comes is taken by content, all or nothing, and can be undone.

Three zones of 100 m side by side, in folders named after the day on which they came::

    +---+---+---+
    | A | B | C |
    +---+---+---+
"""

import contextlib
import itertools
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from shapely import box

from zjk_gis import Workspace, convert_datum, write_layer
from zjk_gis.city import refresh_city, undo_refresh
from zjk_gis.city.digests import file_digest, row_digests
from zjk_gis.city.state import alone, transaction
from zjk_gis.errors import BusyError, FileError, InputError, RefreshError, WorkspaceError
from zjk_gis.layers.labels import label

X, Y, SIDE = 114.88, 40.81, 0.001
TOML = """
[city]
name = "示例市"
workspace = "工作库.gpkg"
history = "历史"
[coordinates]
store = "EPSG:4490"
measure = "EPSG:4547"
[[source]]
layer = "责任区"
files = "收件/*/责任区.*"
complete = true
[[source]]
layer = "shelters"
files = "收件/*/避难场所.csv"
complete = false
[[source]]
layer = "parking_lots"
files = "收件/*/停车场.csv"
datum = "gcj02"
complete = true
[rules]
shrink = 0.4
"""


def zones(codes="ABC", chiefs=None, shift=0.0):
    """Zones in a row."""
    at = ["ABCDEFGH".index(each) for each in codes]
    return gpd.GeoDataFrame(
        {
            "zone_code": list(codes),
            "chief_name": chiefs or [f"{each}路长" for each in codes],
            "level": 3,
        },
        geometry=[box(X + i * SIDE, Y + shift, X + (i + 1) * SIDE, Y + SIDE + shift) for i in at],
        crs=4490,
    )


def shelters(**capacity):
    """Places by code with how many people they hold."""
    rows = [f"{code},{code}校,{X + 0.001 * i},{Y},{n}" for i, (code, n) in enumerate(capacity.items())]
    return "\n".join(["避难场所编码,避难场所名称,经度,纬度,容纳人数", *rows, ""])


class Folder:
    """A city's folder."""

    def __init__(self, path, toml=TOML):
        self.path, self.toml = path, path / "city.toml"
        path.mkdir(parents=True, exist_ok=True)
        self.toml.write_text(toml, encoding="utf-8")
        self.workspace, self.book = path / "工作库.gpkg", path / "待改正.xlsx"

    def zones(self, day, layer, ending="shp"):
        return write_layer(layer, self._of(day) / f"责任区.{ending}")

    def text(self, day, name, text):
        (self._of(day) / name).write_text(text, encoding="utf-8")

    def run(self, at="2025-12-01", **how):
        return refresh_city(self.toml, at=at, **how)

    def layer(self, name, **how):
        with Workspace.open(self.workspace) as layers:
            return layers.read(name, **how)

    def versions(self, name):
        with Workspace.open(self.workspace) as layers:
            return layers.history(name)

    def codes(self):
        return "".join(sorted(self.layer("responsibility_zones")["zone_code"]))

    def _of(self, day):
        (self.path / "收件" / day).mkdir(parents=True, exist_ok=True)
        return self.path / "收件" / day


@pytest.fixture
def city(tmp_path):
    """A city in which one week has come."""
    made = Folder(tmp_path / "city")
    made.zones("2025-11-03", zones())
    return made


def verdicts(result):
    rows = result.taken[result.taken["verdict"] != "missing"]
    return dict(zip(rows["source"] + " " + rows["day"], rows["verdict"], strict=True))


ZONES = "responsibility_zones "


def test_the_first_run_takes_and_the_second_has_nothing_to_do(city):
    first = city.run()
    assert verdicts(first) == {f"{ZONES}2025-11-03": "first"}
    assert city.codes() == "ABC"
    assert first.is_clean
    second = city.run()
    assert verdicts(second) == {f"{ZONES}2025-11-03": "unchanged"}
    assert second.run == first.run == 1
    assert len(city.versions("responsibility_zones")) == 1


def test_another_export_of_the_same_rows_is_not_a_new_edition(city):
    city.run()
    city.zones("2025-11-10", zones().iloc[::-1], ending="geojson")
    found = city.run()
    assert verdicts(found)[f"{ZONES}2025-11-10"] == "same_rows"
    assert len(city.versions("responsibility_zones")) == 1


def test_an_older_file_is_never_put_over_a_newer_one(city):
    city.zones("2025-11-10", zones(chiefs=["甲", "B路长", "C路长"]))
    city.run()
    city.zones("2025-10-27", zones(chiefs=["旧", "旧", "旧"]))
    city.zones("2025-11-17", zones())  # the rows of the first week again
    found = city.run()
    assert verdicts(found)[f"{ZONES}2025-10-27"] == "older"
    assert verdicts(found)[f"{ZONES}2025-11-17"] == "old_again"
    assert not found.is_clean
    assert "甲" in set(city.layer("responsibility_zones")["chief_name"])
    taken = city.run(even_so=["responsibility_zones"])
    assert "甲" in set(city.layer("responsibility_zones")["chief_name"])  # what was refused stays refused
    assert taken.run == found.run
    city.zones("2025-11-18", zones())
    taken = city.run(even_so=["responsibility_zones"])
    assert verdicts(taken)[f"{ZONES}2025-11-18"] == "new"
    assert "甲" not in set(city.layer("responsibility_zones")["chief_name"])


def test_an_older_file_is_kept_as_history_where_the_city_file_says_so(city):
    city.toml.write_text(TOML + 'older = "keep"\n', encoding="utf-8")
    city.run()
    city.zones("2025-10-27", zones(chiefs=["旧", "旧", "旧"]))
    found = city.run()
    assert found.taken.set_index("day").loc["2025-10-27", "takes"] == "history"
    assert "旧" not in set(city.layer("responsibility_zones")["chief_name"])
    assert set(city.layer("responsibility_zones", version=2)["chief_name"]) == {"旧"}


def test_the_rows_that_changed_are_told_by_key_and_column(city):
    city.run()
    city.zones("2025-11-10", zones("ABD", ["A路长", "新", "D路长"]))
    found = city.run()
    told = found.rows[["row_key", "change", "columns"]].to_numpy().tolist()
    assert told == [["B", "changed", "chief_name"], ["C", "withdrawn", ""], ["D", "added", ""]]
    assert city.codes() == "ABD"
    city.zones("2025-11-17", zones("ABCD", ["A路长", "新", "C路长", "D路长"]))
    assert city.run().rows[["row_key", "change"]].to_numpy().tolist() == [["C", "restored"]]


def test_a_border_that_moved_by_less_than_the_tolerance_is_the_same(city):
    city.run()
    city.zones("2025-11-10", zones(shift=2e-7))
    found = city.run()
    assert verdicts(found)[f"{ZONES}2025-11-10"] == "same_rows"
    assert city.layer("responsibility_zones").total_bounds[1] == Y


def test_a_complete_set_that_has_shrunk_stops_the_run_and_nothing_is_written(city):
    city.run()
    city.zones("2025-11-10", zones("A"))
    city.text("2025-11-10", "避难场所.csv", shelters(S1=10))
    before = city.workspace.read_bytes()
    with pytest.raises(RefreshError, match="a complete set with 1 rows, and 3 are there: 67% fewer"):
        city.run()
    assert city.workspace.read_bytes() == before
    city.run(even_so=["responsibility_zones"])
    assert city.codes() == "A"


def test_columns_that_are_gone_and_another_system_stop_the_run(city):
    city.run()
    city.zones("2025-11-10", zones().drop(columns="chief_name").to_crs(4547))
    with pytest.raises(RefreshError) as stopped:
        city.run()
    assert "the columns chief_name are gone since last time" in str(stopped.value)
    assert "the coordinate system is EPSG:4547, and last time it was EPSG:4490" in str(stopped.value)


def test_a_geojson_which_can_only_say_wgs84_follows_degrees_of_cgcs2000(city):
    city.run()
    city.zones("2025-11-10", zones("ABD"), ending="geojson")
    assert verdicts(city.run())[f"{ZONES}2025-11-10"] == "new"
    assert city.codes() == "ABD"


def test_a_file_of_several_sources_is_digested_once(city, monkeypatch):
    city.toml.write_text(TOML.replace("收件/*/停车场.csv", "收件/*/避难场所.csv"), encoding="utf-8")
    city.text("2025-11-03", "避难场所.csv", shelters(S1=10))
    asked = []

    def digest(path):
        asked.append(path.name)
        return file_digest(path)

    monkeypatch.setattr("zjk_gis.city.sending.file_digest", digest)
    with contextlib.suppress(RefreshError):
        city.run(dry_run=True)
    assert sorted(asked) == ["责任区.shp", "避难场所.csv"]


def test_parts_are_put_together_by_row_whatever_the_order_in_which_they_come(city):
    parts = {
        "2025-11-03": shelters(S1=10, S2=20),
        "2025-11-10": shelters(S2=21, S3=30),
        "2025-11-17": shelters(S3=31),
    }
    for order in list(itertools.permutations(parts))[1::2]:
        here = Folder(city.path.parent / "".join(order))
        for day in order:
            here.text(day, "避难场所.csv", parts[day])
            here.run()
        rows = here.layer("shelters").set_index("shelter_code")["capacity"]
        assert rows.sort_index().to_dict() == {"S1": 10, "S2": 21, "S3": 31}


def lots(*places):
    """A list of lots at places on the ground, as a map service sells it: in GCJ-02."""
    ground = gpd.GeoDataFrame(
        {"lot_code": [f"P{i}" for i in range(len(places))]},
        geometry=gpd.points_from_xy(*zip(*places, strict=True)),
        crs=4490,
    )
    moved = convert_datum(ground, source="cgcs2000", target="gcj02")
    rows = [f"{code},{p.x:.8f},{p.y:.8f}" for code, p in zip(moved["lot_code"], moved.geometry, strict=True)]
    return "\n".join(["停车场编码,经度,纬度", *rows, ""])


def test_the_datum_that_is_declared_holds_at_every_import(city):
    at = [(X, Y), (X + 0.01, Y)]
    city.text("2025-11-03", "停车场.csv", lots(*at))
    city.run()
    for day, places in (("2025-11-10", at), ("2025-11-17", [*at, (X, Y + 0.01)])):
        city.text(day, "停车场.csv", lots(*places))
        city.run()
        found = city.layer("parking_lots").set_index("lot_code").geometry
        assert np.allclose(shapely.get_coordinates(found.loc[["P0", "P1"]]), at, atol=1e-6)


def test_what_somebody_corrected_in_the_workspace_stays_until_the_source_sends_something_else(city):
    city.run()
    with Workspace.open(city.workspace) as layers:
        rows = layers.read("responsibility_zones")
        rows.loc[rows["zone_code"] == "A", "chief_name"] = "手改"
        layers.write("responsibility_zones", rows)
    city.zones("2025-11-10", zones("ABCD"))
    city.run()
    assert set(city.layer("responsibility_zones")["chief_name"]) == {"手改", "B路长", "C路长", "D路长"}
    city.zones("2025-11-17", zones("ABCD", ["来改", "B路长", "C路长", "D路长"]))
    city.run()
    assert "来改" in set(city.layer("responsibility_zones")["chief_name"])


def test_rows_that_cannot_be_taken_are_corrected_in_the_workbook_and_fed_back(city):
    bad = (
        shelters(S1=10, S2=20, S3=30, S4=40)
        .replace("S2校,114.881,40.81", "S2校,,")
        .replace(",30\n", ",很多\n")
    )
    city.text("2025-11-03", "避难场所.csv", bad)
    first = city.run()
    assert (first.aside, first.workbook) == (2, city.book)
    assert city.layer("shelters")["shelter_code"].tolist() == ["S1", "S4"]
    book = openpyxl.load_workbook(city.book)
    (sheet,) = book.worksheets
    heads = [cell.value for cell in sheet[1]]
    rows = {row[heads.index(label("shelter_code", "en"))].value: row for row in sheet.iter_rows(min_row=2)}
    assert rows["S2"][heads.index("record")].value in (2, "2")
    assert "position" in rows["S2"][3].value or "geometry" in rows["S2"][3].value
    rows["S2"][heads.index("lon (CGCS2000)")].value = X
    rows["S2"][heads.index("lat (CGCS2000)")].value = Y
    rows["S3"][heads.index(label("capacity", "en"))].value = 33
    book.save(city.book)
    second = city.run()
    assert (second.aside, second.workbook, city.book.exists()) == (0, None, False)
    found = city.layer("shelters").set_index("shelter_code")
    assert found["capacity"].to_dict() == {"S1": 10, "S2": 20, "S3": 33, "S4": 40}
    assert shapely.get_coordinates(found.geometry["S2"]).tolist() == [[X, Y]]
    # The same bad rows come again: the correction holds.
    city.text("2025-11-10", "避难场所.csv", bad)
    third = city.run()
    assert third.aside == 0
    assert city.layer("shelters").set_index("shelter_code")["capacity"]["S3"] == 33


def test_a_row_that_is_set_aside_is_not_withdrawn_and_one_can_be_left_out_for_good(city):
    city.run()
    twice = pd.concat([zones(), zones("C", ["另一人"])], ignore_index=True)
    city.zones("2025-11-10", gpd.GeoDataFrame(twice, crs=4490))
    found = city.run()
    assert found.aside == 2
    assert city.codes() == "ABC"
    book = openpyxl.load_workbook(city.book)
    for row in book.worksheets[0].iter_rows(min_row=2):
        if "C路长" in [cell.value for cell in row]:
            row[5].value = "不收"
    book.save(city.book)
    assert city.run().aside == 0
    assert "另一人" in set(city.layer("responsibility_zones")["chief_name"])


def test_the_workbook_is_left_alone_where_nothing_can_be_made_of_it(city):
    city.text("2025-11-03", "避难场所.csv", shelters(S1=10, S2="很多", S3=30))
    city.run()
    city.book.write_bytes(b"no workbook")
    with pytest.raises(FileError, match="待改正"):
        city.run()
    assert city.book.read_bytes() == b"no workbook"


def test_a_bad_week_is_undone_by_one_call(city):
    city.run()
    before = city.layer("responsibility_zones")
    city.zones("2025-11-10", zones("ABD"))
    city.text("2025-11-10", "避难场所.csv", shelters(S1=10, S2="?"))
    city.run()
    undone = undo_refresh(city.toml)
    assert (undone.kind, undone.undoes) == ("undo", 2)
    after = city.layer("responsibility_zones")
    assert row_digests(after).tolist() == row_digests(before).tolist()
    with pytest.raises(InputError, match="shelters"):
        city.layer("shelters")
    assert not city.book.exists()
    # The bad files are still there, and the next run does not take them again.
    found = city.run()
    assert verdicts(found)[f"{ZONES}2025-11-10"] == "undone"
    assert city.codes() == "ABC"
    again = city.run(again=True)
    assert verdicts(again)[f"{ZONES}2025-11-10"] == "new"
    assert city.codes() == "ABD"


def test_undone_files_that_were_corrected_are_taken(city):
    city.run()
    city.zones("2025-11-10", zones("AB"))
    city.run()
    undo_refresh(city.toml)
    city.zones("2025-11-10", zones("ABCD"))
    city.run()
    assert city.codes() == "ABCD"
    undo_refresh(city.toml)
    undo_refresh(city.toml)
    with pytest.raises(InputError, match="no run to be undone"):
        undo_refresh(city.toml)


def test_nothing_that_somebody_changed_since_is_undone(city):
    city.run()
    with Workspace.open(city.workspace) as layers:
        layers.write("responsibility_zones", layers.read("responsibility_zones"), note="by hand")
    with pytest.raises(InputError, match="was changed since run 1"):
        undo_refresh(city.toml)


def test_a_dry_run_tells_what_it_would_take_and_writes_nothing(city):
    found = city.run(dry_run=True)
    assert found.is_dry
    assert verdicts(found) == {f"{ZONES}2025-11-03": "first"}
    assert found.rows["change"].tolist() == ["added"] * 3
    assert not city.workspace.exists()
    assert {each.name for each in (city.path / "历史").iterdir()} <= {"run.lock"}


def test_two_runs_do_not_meet(city):
    (city.path / "历史").mkdir()
    with alone(city.path / "历史" / "run.lock"), pytest.raises(BusyError, match="at work"):
        city.run()


def test_a_transaction_is_whole_or_not_at_all(city):
    city.run()
    before = city.workspace.read_bytes()

    def stopped():
        with transaction(city.workspace) as copy:
            with Workspace.open(copy) as layers:
                layers.delete("responsibility_zones")
            raise KeyboardInterrupt

    def met():
        with transaction(city.workspace), contextlib.closing(sqlite3.connect(city.workspace)) as other:
            other.execute("CREATE TABLE others (a)")
            other.commit()

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert city.workspace.read_bytes() == before
    with pytest.raises(WorkspaceError, match="changed by another program"):
        met()


def test_nothing_is_written_outside_the_citys_folder(city, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (city.path / "历史").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileError, match="outside the city's folder"):
        city.run()
    assert not list((tmp_path / "elsewhere").iterdir())


def test_every_run_writes_a_log_of_its_day(city):
    told = []
    city.run(tell=told.append)
    (log,) = (city.path / "历史" / "log").iterdir()
    text = log.read_text(encoding="utf-8")
    assert len(text.splitlines()) == len(told)
    assert "the first edition, of 2025-11-03" in text


def truth_after(weeks):
    """Zones as the newest complete set says, shelters as the newest part of each says."""
    places = {}
    for week in weeks:
        places |= week["shelters"]
    return weeks[-1]["zones"], places


@pytest.fixture(scope="module")
def weeks():
    """Weeks in which zones come, go and change hands, and shelters are counted again."""
    chance = random.Random(7)  # noqa: S311
    made = []
    for number in range(4):
        codes = sorted(chance.sample("ABCDEFGH", 6))
        made.append(
            {
                "day": f"2025-{10 + number // 4:02d}-{1 + 7 * (number % 4):02d}",
                "zones": {code: chance.choice("甲乙丙丁") for code in codes},
                "shelters": {f"S{chance.randrange(8)}": chance.randrange(99) for _ in range(3)},
            }
        )
    return made


def send(here, week):
    codes = list(week["zones"])
    here.zones(week["day"], zones(codes, list(week["zones"].values())))
    here.text(week["day"], "避难场所.csv", shelters(**week["shelters"]))


def state_of(here):
    zones_now = here.layer("responsibility_zones")
    shelters_now = here.layer("shelters")
    return (
        dict(zip(zones_now["zone_code"], zones_now["chief_name"], strict=True)),
        {
            code: int(n)
            for code, n in zip(shelters_now["shelter_code"], shelters_now["capacity"], strict=True)
        },
    )


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [2, 0, 3, 1]])
def test_weeks_end_as_the_truth_says_whatever_their_order(tmp_path, weeks, order):
    here = Folder(tmp_path / "city")
    for at in order:
        send(here, weeks[at])
        here.run(even_so=["responsibility_zones"])
    assert state_of(here) == truth_after(weeks)


@pytest.fixture(scope="module")
def two_weeks(tmp_path_factory, weeks):
    """A city with two weeks in it, and the others waiting."""
    here = Folder(tmp_path_factory.mktemp("killed") / "city")
    for week in weeks[:2]:
        send(here, week)
    here.run(even_so=["responsibility_zones"])
    for week in weeks[2:]:
        send(here, week)
    return here


def copied(here, place):
    shutil.copytree(here.path, place / "city")
    return Folder(place / "city")


def test_a_run_that_is_killed_goes_on(tmp_path, two_weeks, weeks):
    here = copied(two_weeks, tmp_path)
    script = (
        "import sys; from zjk_gis.city import refresh_city; print('go', flush=True);"
        "refresh_city(sys.argv[1], at='2025-12-01', even_so=['responsibility_zones'])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(here.toml)],
        stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    process.stdout.readline()
    time.sleep(random.Random().uniform(0.1, 1.0))  # noqa: S311
    process.kill()
    process.communicate()
    here.run(even_so=["responsibility_zones"])
    assert state_of(here) == truth_after(weeks)


@pytest.mark.parametrize(
    "seam",
    ["plan.read_files", "refresh.save_run", "refresh._hand_out", "answers._keep", "refresh.compare_runs"],
)
def test_a_run_that_stops_at_any_seam_goes_on(tmp_path, monkeypatch, two_weeks, weeks, seam):
    here = copied(two_weeks, tmp_path)
    here.text("2025-10-01", "案件.csv", "案件编号,经度,纬度,发生时间\n1,114.8801,40.8101,2025-10-01 08:00\n")
    here.toml.write_text(
        TOML + '[[source]]\nlayer = "incidents"\nfiles = "收件/*/案件.csv"\n', encoding="utf-8"
    )

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"zjk_gis.city.{seam}", stop)
        with pytest.raises(KeyboardInterrupt):
            here.run(even_so=["responsibility_zones"])
    result = here.run(even_so=["responsibility_zones"])
    assert state_of(here) == truth_after(weeks)
    assert result.run == 2
    assert {each.step: each.outcome for each in result.answered}["assignment"] in ("done", "kept")


def test_the_first_edition_is_kept_in_the_system_that_the_city_file_names(tmp_path):
    toml = TOML.replace('measure = "EPSG:4547"\n', "")
    made = Folder(tmp_path / "city", toml)
    made.zones("2025-11-03", zones().to_crs(4547))
    made.run()
    assert made.layer("responsibility_zones").crs.to_epsg() == 4490
    assert np.allclose(made.layer("responsibility_zones").total_bounds, zones().total_bounds, atol=1e-7)
