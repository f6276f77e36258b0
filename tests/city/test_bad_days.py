"""What goes wrong on a bad day is told in Chinese, and nothing is lost by it."""

import shutil
import sqlite3
from pathlib import Path

import click
import geopandas as gpd
import openpyxl
import pytest
from shapely import box

from zjk_gis.batch.cluster.capacity import plan_cluster
from zjk_gis.city import publish_city, refresh_city, undo_refresh
from zjk_gis.city.differences import changes_between
from zjk_gis.cli.options import NUMBERS
from zjk_gis.errors import FileError, InputError, RefreshError, WorkspaceError
from zjk_gis.words import speaking

TOML = "[city]\nname = '示例市'\n[[source]]\nlayer = 'shelters'\nfiles = '*.csv'\n"
HEADS = "避难场所编码,避难场所名称,经度,纬度\n"
DAY = "2025-11-04"


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A city after one run, with a row set aside."""
    folder = tmp_path_factory.mktemp("ran")
    (folder / "city.toml").write_text(TOML, encoding="utf-8")
    rows = f"{HEADS}S1,一中,114.88,40.82\nS2,二中,,\n"
    (folder / "2025-11-03.csv").write_text(rows, encoding="utf-8")
    with speaking("zh"):
        refresh_city(folder / "city.toml", at=DAY)
    return folder


@pytest.fixture
def folder(ran, tmp_path):
    shutil.copytree(ran, tmp_path / "city")
    with speaking("zh"):
        yield tmp_path / "city"


def test_a_link_that_leads_out_of_the_folder_is_not_read(folder, tmp_path):
    (tmp_path / "secret.csv").write_text("秘密,经度,纬度\n1,114,40\n", encoding="utf-8")
    (folder / "2025-11-20.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(RefreshError, match="是链接") as caught:
        refresh_city(folder / "city.toml", at=DAY)
    assert "秘密" not in str(caught.value)


def test_a_link_within_the_folder_is_read(folder):
    (folder / "sent").mkdir()
    (folder / "sent" / "a.csv").write_text(f"{HEADS}S9,九中,114.88,40.82\n", encoding="utf-8")
    (folder / "2025-11-20.csv").symlink_to(folder / "sent" / "a.csv")
    assert "new" in refresh_city(folder / "city.toml", at="2025-11-20").taken["verdict"].tolist()


def test_a_workbook_that_cannot_be_read_whole_is_kept(folder):
    workbook = folder / "待改正.xlsx"
    book = openpyxl.load_workbook(workbook)
    book.active.cell(1, 1).value = "编号"
    book.active.cell(2, 8).value = "写了很久"
    book.save(workbook)
    before = workbook.read_bytes()
    refresh_city(folder / "city.toml", at=DAY)
    assert [each.read_bytes() for each in (folder / "history").glob("*_待改正.xlsx")] == [before]


def test_a_column_that_was_renamed_is_told(folder):
    workbook = folder / "待改正.xlsx"
    book = openpyxl.load_workbook(workbook)
    book.active.cell(1, 6).value = "处理"
    book.active.cell(2, 6).value = "不收"
    book.save(workbook)
    told = refresh_city(folder / "city.toml", at=DAY, dry_run=True).remarks
    assert any("没有“处理（不收则填“不收”）”列" in each for each in told)


def test_undoing_keeps_what_was_written_in_the_workbook(folder):
    before = (folder / "待改正.xlsx").read_bytes()
    undo_refresh(folder / "city.toml")
    assert [each.read_bytes() for each in (folder / "history").glob("*_待改正.xlsx")] == [before]


def test_answers_of_a_workspace_that_was_deleted_are_not_those_of_the_next(folder):
    (folder / "city.gpkg").unlink()
    result = refresh_city(folder / "city.toml", at=DAY)
    assert result.run == 2
    assert result.answered
    assert (folder / "history" / f"0001_{DAY}").is_dir()


@pytest.mark.parametrize(
    "change", ["UPDATE zjk_city_runs SET state = '{bad'", "UPDATE zjk_city_runs SET record = '[]'"]
)
def test_what_is_remembered_may_be_damaged(folder, change):
    database = sqlite3.connect(folder / "city.gpkg")
    with database:
        database.execute(change)
    database.close()
    with pytest.raises(WorkspaceError, match="记录已损坏"):
        refresh_city(folder / "city.toml", at="2025-11-05")


def test_the_words_of_sqlite_are_told_in_chinese(folder):
    (folder / "city.gpkg").write_bytes(b"garbage" * 100)
    with pytest.raises(FileError, match="不是数据库文件"):
        refresh_city(folder / "city.toml", at=DAY)


def test_a_run_is_not_compared_with_itself(folder):
    refresh_city(folder / "city.toml", at="2025-11-11")
    with pytest.raises(InputError, match="同一次运行"):
        changes_between(folder / "city.toml", earlier=2, later=2)


def zones(**columns):
    shape = box(573000, 4520000, 573100, 4520100)
    return gpd.GeoDataFrame({"zone_code": ["A"], "chief_name": ["甲"], **columns}, geometry=[shape], crs=4547)


def test_notes_and_unknown_columns_are_not_for_the_public(tmp_path):
    city = {"responsibility_zones": zones(note=["张三来电"], 备忘=["李四来电"])}
    made = publish_city(city, tmp_path / "外部", audience="public", at=DAY, printed=False)
    files = [each for each in made.folder.rglob("*") if each.suffix in {".html", ".json"}]
    text = "".join(each.read_text(encoding="utf-8") for each in files)
    books = [
        str(cell)
        for path in made.folder.rglob("*.xlsx")
        for sheet in openpyxl.load_workbook(path)
        for row in sheet.iter_rows(values_only=True)
        for cell in row
    ]
    assert not [name for name in ("张三", "李四") if name in text or any(name in cell for cell in books)]
    assert any("2 列" in each for each in made.remarks)


def test_a_layer_without_rows_stops_no_publication(tmp_path):
    empty = gpd.GeoDataFrame({"section_code": []}, geometry=[], crs=4547)
    city = {"responsibility_zones": zones(), "road_sections": empty}
    made = publish_city(city, tmp_path / "out", at=DAY, printed=False)
    assert any("没有行" in each for each in made.remarks)


def test_a_folder_that_cannot_be_listed_or_made_is_refused(tmp_path):
    if not Path("/proc/self").exists():
        pytest.skip("has no /proc")
    with pytest.raises(FileError):
        publish_city({"responsibility_zones": zones()}, "/proc/zjk", at=DAY, printed=False)


@pytest.mark.parametrize("hours", [float("nan"), float("inf")])
def test_hours_that_are_no_number_are_refused(hours):
    with pytest.raises(InputError, match="hours"):
        plan_cluster(10**10, 100, 2 * 10**12, hours=hours)


def test_days_without_an_end_are_refused():
    with pytest.raises(click.BadParameter):
        NUMBERS.convert("7,1e400", None, None)
