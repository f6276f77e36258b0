"""Deliveries that are not as they should be: corrections of one day, damage, days to come, no rows.

Shelters come as whole lists (``避难场所``), incidents as parts (``案件``), in folders named after the day::

    收件/2025-11-03/避难场所.csv   S1 S2 S3 S4, each of which holds 10 people
    收件/2025-11-03/案件.csv       A1 A2
"""

import gzip
import os
import zipfile
from pathlib import Path

import openpyxl
import pytest

import zjk_gis.city.refresh
from zjk_gis import City, Workspace
from zjk_gis.city import refresh_city, undo_refresh
from zjk_gis.errors import BusyError, InputError, RefreshError
from zjk_gis.words import speaking
from zjk_gis.workspace import read_city
from zjk_gis.workspace.city_file.editions import corrects

TOML = """
[city]
name = "示例市"
workspace = "工作库.gpkg"
history = "历史"
[[source]]
layer = "shelters"
files = "收件/*/避难场所.csv"
complete = true
[[source]]
layer = "incidents"
files = "收件/*/案件*.csv"
complete = false
"""
AT = "2025-11-20"
S_HEADS, A_HEADS = "避难场所编码,避难场所名称,经度,纬度,容纳人数\n", "案件编号,经度,纬度,发生时间,描述\n"


def places(**holds):
    """Shelters by code, with how many people they hold."""
    rows = [f"{code},{code}校,114.88{code[1:]},40.81,{n}\n" for code, n in holds.items()]
    return S_HEADS + "".join(rows)


def cases(**told):
    """Incidents by code, with what is told of them."""
    return A_HEADS + "".join(
        f"{code},114.88{code[1:]},40.81,2025-11-01 08:00,{text}\n" for code, text in told.items()
    )


ALL = {"S1": 10, "S2": 10, "S3": 10, "S4": 10}


class Inbox:
    def __init__(self, path, toml=TOML):
        self.path, self.toml = path, path / "city.toml"
        path.mkdir(exist_ok=True)
        self.toml.write_text(toml, encoding="utf-8")

    def lay(self, name, text):
        path = self.path / "收件" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def run(self, at=AT, **how):
        return refresh_city(self.toml, at=at, **how)

    def holds(self):
        rows = self._rows("shelters")
        return dict(zip(rows["shelter_code"], rows["capacity"].astype(int), strict=True))

    def told(self):
        rows = self._rows("incidents")
        return dict(zip(rows["incident_code"], rows["description"], strict=True))

    def _rows(self, layer):
        with Workspace.open(self.path / "工作库.gpkg") as layers:
            return layers.read(layer)


@pytest.fixture(autouse=True)
def unasked(monkeypatch):
    """What runs answer is tested elsewhere."""
    monkeypatch.setattr(zjk_gis.city.refresh, "answer_all", lambda *_, **__: [])


@pytest.fixture
def inbox(tmp_path):
    made = Inbox(tmp_path / "city")
    made.lay("2025-11-03/避难场所.csv", places(**ALL))
    made.lay("2025-11-03/案件.csv", cases(A1="一", A2="二"))
    return made


def verdicts(result):
    return dict(zip(result.taken["files"], result.taken["verdict"], strict=True))


@pytest.mark.parametrize(
    ("name", "other", "said"),
    [
        ("责任区_更正.shp", "责任区.shp", True),
        ("责任区.shp", "责任区_更正.shp", False),
        ("责任区更正2.shp", "责任区_更正.shp", True),
        ("责任区20250307_v3.csv", "责任区2025-03-07 V2.xlsx", True),
        ("责任区(1).shp", "责任区.shp", True),
        ("责任区（2）.shp", "责任区(1).shp", True),
        ("责任区-修订版.shp", "责任区.shp", True),
        ("责任区_最终版.shp", "责任区.shp", True),
        ("2025-03-07更正/责任区.shp", "2025-03-07/责任区.shp", True),
        ("责任区_v2.shp", "责任区_更正.shp", False),
        ("责任区东_更正.shp", "责任区西.shp", False),
        ("东/责任区_更正.shp", "西/责任区.shp", False),
        ("10kV2.shp", "10k.shp", False),
    ],
)
def test_what_corrects_what_is_told_by_names(name, other, said):
    assert corrects(Path("收件", name), Path("收件", other), Path("收件")) == said


def test_a_file_of_the_same_day_whose_name_says_so_corrects_the_other(inbox):
    inbox.lay("2025-11-03/避难场所_更正.csv", places(**ALL | {"S2": 22}))
    inbox.lay("2025-11-03/案件(1).csv", cases(A2="二改"))
    found = inbox.run()
    assert (found.aside, found.is_clean) == (0, True)
    assert inbox.holds() == ALL | {"S2": 22}
    assert inbox.told() == {"A1": "一", "A2": "二改"}
    assert any("corrects 收件/2025-11-03/避难场所.csv" in each for each in found.remarks)


def test_a_correction_may_come_later_and_be_corrected_again_and_its_folder_may_say_so(inbox):
    inbox.run()
    inbox.lay("2025-11-03/避难场所_更正.csv", places(**ALL | {"S2": 22}))
    assert (
        verdicts(inbox.run())["收件/2025-11-03/避难场所.csv; 收件/2025-11-03/避难场所_更正.csv"]
        == "correction"
    )
    assert inbox.holds()["S2"] == 22
    inbox.lay("2025-11-03_更正2/避难场所.csv", places(**ALL | {"S2": 33}))
    inbox.run()
    assert inbox.holds()["S2"] == 33


def test_of_a_complete_set_a_correction_replaces_all_rows_and_numbered_parts_are_put_together(inbox):
    inbox.toml.write_text(TOML.replace("避难场所.csv", "避难场所*.csv"), encoding="utf-8")
    inbox.lay("2025-11-03/避难场所_更正.csv", places(S1=1, S2=2, S3=3))
    inbox.run()
    assert inbox.holds() == {"S1": 1, "S2": 2, "S3": 3}
    inbox.lay("2025-11-10/避难场所(1).csv", places(S1=1, S2=2))
    inbox.lay("2025-11-10/避难场所(2).csv", places(S3=3, S4=4))
    inbox.run()
    assert inbox.holds() == {"S1": 1, "S2": 2, "S3": 3, "S4": 4}


def test_rows_in_which_two_files_of_one_day_differ_are_asked_about_by_the_names_of_both(inbox):
    inbox.lay("2025-11-03/案件东.csv", cases(A2="东", A3="三", A4="四", A5="五"))
    found = inbox.run()
    assert found.aside == 2
    assert inbox.told() == {"A1": "一", "A3": "三", "A4": "四", "A5": "五"}
    sheet = openpyxl.load_workbook(found.workbook).worksheets[0]
    why = [row[3].value for row in sheet.iter_rows(min_row=2)]
    assert all("收件/2025-11-03/案件.csv" in each and "收件/2025-11-03/案件东.csv" in each for each in why)
    # To name the right one as a correction is enough.
    (inbox.path / "收件" / "2025-11-03" / "案件东.csv").rename(inbox.path / "收件/2025-11-03/案件_更正.csv")
    found = inbox.run()
    assert (found.aside, found.workbook) == (0, None)
    assert inbox.told()["A2"] == "东"


def test_two_files_of_one_day_that_differ_throughout_are_set_aside_and_all_else_is_taken(inbox):
    inbox.lay("2025-11-03/甲/避难场所.csv", places(**dict.fromkeys(ALL, 11)))
    inbox.lay("2025-11-03/乙/避难场所.csv", places(**dict.fromkeys(ALL, 12)))
    text = TOML.replace("收件/*/避难场所.csv", "收件/**/避难场所.csv")
    inbox.toml.write_text(text, encoding="utf-8")
    (inbox.path / "收件" / "2025-11-03" / "避难场所.csv").unlink()
    found = inbox.run()
    assert found.taken.set_index("source")["verdict"].to_dict() == {
        "shelters": "disputed",
        "incidents": "first",
    }
    sentence = found.taken.set_index("source").loc["shelters", "sentence"]
    assert "甲/避难场所.csv" in sentence
    assert "乙/避难场所.csv" in sentence
    assert not found.is_clean
    (inbox.path / "收件/2025-11-03/甲/避难场所.csv").unlink()
    assert inbox.run().is_clean
    assert set(inbox.holds().values()) == {12}


def test_the_file_that_comes_in_a_later_run_corrects_one_that_was_there(inbox):
    inbox.run()
    inbox.lay("2025-11-03/案件晚.csv", cases(A1="晚"))
    found = inbox.run()
    assert found.aside == 0
    assert inbox.told() == {"A1": "晚", "A2": "二"}


def test_a_damaged_file_is_set_aside_alone(inbox):
    inbox.lay("2025-11-03/避难场所.csv", b"\x00\x01\x02" * 50)
    inbox.lay("2025-11-03/案件坏.csv", b"")
    found = inbox.run()
    assert verdicts(found) == {
        "收件/2025-11-03/避难场所.csv": "unreadable",
        "收件/2025-11-03/案件坏.csv": "unreadable",
        "收件/2025-11-03/案件.csv": "first",
    }
    assert not found.is_clean
    assert inbox.told() == {"A1": "一", "A2": "二"}
    sheet = openpyxl.load_workbook(found.workbook).worksheets[-1]
    assert {row[0].value for row in sheet.iter_rows(min_row=2)} == {
        "收件/2025-11-03/避难场所.csv",
        "收件/2025-11-03/案件坏.csv",
    }
    again = inbox.run()
    assert (again.run, again.is_clean) == (found.run, False)
    assert verdicts(again)["收件/2025-11-03/案件.csv"] == "unchanged"
    inbox.lay("2025-11-03/避难场所.csv", places(**ALL))
    inbox.lay("2025-11-03/案件坏.csv", cases(A3="三"))
    mended = inbox.run()
    assert (mended.is_clean, mended.workbook) == (True, None)
    assert inbox.holds() == ALL
    assert sorted(inbox.told()) == ["A1", "A2", "A3"]


def test_a_complete_set_of_several_files_is_not_taken_without_one_of_them(inbox):
    inbox.toml.write_text(TOML.replace("避难场所.csv", "避难场所*.csv"), encoding="utf-8")
    inbox.lay("2025-11-10/避难场所东.csv", places(S1=10, S2=20, S3=10, S4=10))
    inbox.lay("2025-11-10/避难场所西.csv", "避难场所编码,经度\n")
    found = inbox.run()
    assert verdicts(found)["收件/2025-11-10/避难场所东.csv"] == "unreadable"
    assert inbox.holds() == ALL
    assert inbox.run().taken["verdict"].tolist()[0] == "unchanged"


def test_a_file_that_lacks_the_column_of_keys_is_set_aside_alone(inbox):
    inbox.lay("2025-11-10/避难场所.csv", "名字,经度,纬度\n一,114.88,40.81\n")
    inbox.lay("2025-11-10/案件.csv", cases(A9="九"))
    found = inbox.run()
    assert verdicts(found)["收件/2025-11-10/避难场所.csv"] == "unreadable"
    assert "A9" in inbox.told()


@pytest.mark.parametrize(("day", "verdict"), [("2099-01-01", "future"), ("2025-11-21", "new")])
def test_an_edition_of_a_day_to_come_is_set_aside(inbox, day, verdict):
    inbox.run()
    inbox.lay(f"{day}/避难场所.csv", places(**ALL | {"S1": 99}))
    found = inbox.run()
    assert verdicts(found)[f"收件/{day}/避难场所.csv"] == verdict
    assert found.is_clean == (verdict == "new")
    told = found.taken[found.taken["verdict"] == "future"]["sentence"].tolist()
    assert all("it is of 2099-01-01, and the run is of 2025-11-20" in each for each in told)
    inbox.run(at="2099-01-01")
    assert inbox.holds()["S1"] == 99


def test_part_of_incidents_without_rows_is_nothing_new(inbox):
    inbox.run()
    inbox.lay("2025-11-10/案件.csv", A_HEADS)
    told = []
    found = inbox.run(tell=told.append)
    assert verdicts(found)["收件/2025-11-10/案件.csv"] == "empty"
    assert any("no rows under the headings" in each for each in told)
    assert (found.run, found.is_clean) == (1, True)
    inbox.lay("2025-11-05/案件.csv", cases(A5="五"))
    assert verdicts(inbox.run())["收件/2025-11-05/案件.csv"] == "new"


def test_a_complete_set_without_rows_has_shrunk(inbox):
    inbox.run()
    inbox.lay("2025-11-10/避难场所.csv", S_HEADS)
    with pytest.raises(RefreshError, match="a complete set with 0 rows, and 4 are there: 100% fewer"):
        inbox.run()
    inbox.run(even_so=["shelters"])
    assert inbox.holds() == {}


def test_a_dry_run_says_that_the_run_would_stop(inbox):
    inbox.run()
    inbox.lay("2025-11-10/避难场所.csv", places(S1=10))
    found = inbox.run(dry_run=True)
    assert not found.is_clean
    with pytest.raises(RefreshError) as stopped:
        inbox.run()
    assert found.stops[0] in str(stopped.value)
    assert inbox.run(dry_run=True, even_so=["shelters"]).stops == []


def test_a_dry_run_ends_as_the_run_would(run, inbox):
    assert run("refresh", inbox.toml, "--at", AT)[0] == 0
    inbox.lay("2025-11-10/避难场所.csv", places(S1=10))
    dry, wet = run("refresh", inbox.toml, "--at", AT, "--dry-run"), run("refresh", inbox.toml, "--at", AT)
    assert dry[0] == wet[0] == 2
    assert wet[2].splitlines()[-3:] == dry[2].splitlines()[-3:]
    inbox.lay("2025-11-10/避难场所.csv", b"")
    assert run("refresh", inbox.toml, "--at", AT, "--dry-run")[0] == 1
    assert run("refresh", inbox.toml, "--at", AT)[0] == 1


def test_a_first_run_to_which_nothing_comes_says_what_was_looked_at(tmp_path):
    empty = Inbox(tmp_path / "city")
    for dry in (True, False):
        with pytest.raises(InputError, match=r"收件/\*/避难场所\.csv"):
            empty.run(dry_run=dry)


def test_files_of_no_source_are_named(inbox):
    inbox.lay("2025-11-10/新来的.csv", places(S1=10))
    inbox.lay("2025-11-10/~$案件.csv", b"\x00")
    inbox.lay("2025-11-10/._案件.csv", b"\x00")
    found = inbox.run()
    assert [each for each in found.remarks if "of no source" in each] == [
        "files that are of no source of city.toml were not looked at, 1: 收件/2025-11-10/新来的.csv"
    ]


def test_a_source_may_come_packed(inbox):
    inbox.toml.write_text(TOML.replace("避难场所.csv", "避难场所*.*"), encoding="utf-8")
    path = inbox.lay("2025-11-03/避难场所.csv", places(**ALL))
    with zipfile.ZipFile(path.with_suffix(".zip"), "w") as archive:
        archive.write(path, path.name)
    path.unlink()
    inbox.lay("2025-11-03/案件2.csv.gz", gzip.compress(cases(A3="三").encode()))
    inbox.run()
    assert inbox.holds() == ALL


def test_the_city_is_held_by_one_and_it_is_told_by_whom(inbox):
    from zjk_gis.city.state import alone

    (inbox.path / "历史").mkdir()
    with alone(inbox.path / "历史" / "run.lock"), pytest.raises(BusyError, match=r"at work \(\d+ on"):
        inbox.run()


def test_undoing_a_run_with_files_set_aside_leaves_them_for_the_next(inbox):
    inbox.run()
    inbox.lay("2025-11-10/避难场所.csv", places(**ALL | {"S1": 11}))
    inbox.lay("2025-11-10/案件.csv", b"")
    inbox.run()
    undo_refresh(inbox.toml)
    assert inbox.holds() == ALL
    found = inbox.run()
    assert verdicts(found)["收件/2025-11-10/避难场所.csv"] == "undone"
    assert verdicts(found)["收件/2025-11-10/案件.csv"] == "unreadable"


def test_without_a_workspace_the_same_files_are_read(inbox):
    inbox.lay("2025-11-03/避难场所_更正.csv", places(**ALL | {"S2": 22}))
    inbox.lay("2025-11-03/案件_更正.csv", cases(A2="二改"))
    inbox.lay("2099-01-01/避难场所.csv", places(S1=99))
    layers = read_city(City.read(inbox.toml))
    assert dict(
        zip(layers["shelters"]["shelter_code"], layers["shelters"]["capacity"], strict=True)
    ) == ALL | {"S2": 22}
    told = layers["incidents"].set_index("incident_code")["description"].to_dict()
    assert told == {"A1": "一", "A2": "二改"}


def test_what_is_set_aside_is_told_in_chinese(inbox):
    inbox.lay("2025-11-03/避难场所.csv", b"")
    inbox.lay("2099-01-01/案件.csv", cases(A9="九"))
    with speaking("zh"):
        found = inbox.run()
    told = found.taken["sentence"].tolist()
    assert sum(each.startswith("整件未收：") for each in told) == 2
    assert openpyxl.load_workbook(found.workbook).sheetnames == ["整件未收"]
    assert Path(found.workbook).name == "待改正.xlsx"


def test_what_is_no_file_is_set_aside_and_nothing_waits_for_it(inbox):
    inbox.run()
    sent = inbox.path / "收件" / "2025-11-10"
    sent.mkdir()
    (sent / "案件.csv").mkdir()
    (sent / "案件1.csv").symlink_to(sent / "案件2.csv")
    (sent / "案件2.csv").symlink_to(sent / "案件1.csv")
    if hasattr(os, "mkfifo"):
        os.mkfifo(sent / "案件3.csv")
    found = inbox.run()
    wrong = found.taken[found.taken["verdict"] == "unreadable"]
    assert len(wrong) == 3 + hasattr(os, "mkfifo")
    assert not any(str(inbox.path) in each for each in wrong["sentence"])


def test_a_set_without_features_or_with_other_keys_is_asked_about(inbox):
    inbox.toml.write_text(TOML.replace("避难场所.csv", "避难场所.*"), encoding="utf-8")
    inbox.run()
    inbox.lay("2025-11-10/避难场所.geojson", '{"type": "FeatureCollection", "features": []}')
    with pytest.raises(RefreshError, match="a complete set with 0 rows"):
        inbox.run()
    (inbox.path / "收件" / "2025-11-10" / "避难场所.geojson").unlink()
    inbox.lay("2025-11-10/避难场所.csv", places(**{f"S{number}": 10 for number in range(1, 31)}))
    inbox.run()
    inbox.lay("2025-11-17/避难场所.csv", places(**{f"T{number}": 10 for number in range(1, 31)}))
    with pytest.raises(RefreshError, match="30 of the 30 rows that are there are not in it"):
        inbox.run(at="2025-11-18")


def test_a_few_rows_may_all_be_others(inbox):
    inbox.run()
    inbox.lay("2025-11-10/避难场所.csv", places(S6=10, S7=10, S8=10, S9=10))
    assert "new" in set(inbox.run().taken["verdict"])


def test_few_rows_that_cannot_be_taken_stop_no_run_and_what_a_run_writes_is_no_delivery(inbox):
    text = TOML.replace('"收件/*/案件*.csv"', '["收件/*/案件*.csv", "**/*.xlsx"]')
    inbox.toml.write_text(text, encoding="utf-8")
    inbox.lay("2025-11-10/案件.csv", A_HEADS + "A9,,,2025-11-01 08:00,九\n")
    assert inbox.run().aside == 1
    found = inbox.run()
    assert (found.aside, set(found.taken["verdict"])) == (1, {"unchanged"})
