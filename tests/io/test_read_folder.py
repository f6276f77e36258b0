"""A folder as it arrives: shapefiles in GBK, workbooks, archives, and what nobody can read."""

import io
import stat
import zipfile

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point, box

from zjk_gis import read_layer
from zjk_gis.errors import FileError, InputError
from zjk_gis.io import archives, read_folder
from zjk_gis.words import speaking

X, Y = 573000, 4520000
GRIDS = gpd.GeoDataFrame(
    {"网格编码": ["130703005001001", "130703005001002"], "责任主体": ["桥西区", "桥西区"]},
    geometry=[box(X, Y, X + 100, Y + 100), box(X + 100, Y, X + 200, Y + 100)],
    crs=4547,
)
INCIDENTS = "案件编号,经度,纬度\n001,114.88,40.82\n002,,\n"


def write_grids(folder, name="grids.shp", encoding="gb18030"):
    folder.mkdir(parents=True, exist_ok=True)
    GRIDS.to_file(folder / name, encoding=encoding)
    (folder / name).with_suffix(".cpg").unlink()


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def folder(tmp_path):
    """Make what a district sends."""
    sent = tmp_path / "桥西区报送"
    write_grids(sent / "网格")
    (sent / "案件.csv").write_bytes(INCIDENTS.encode("gbk"))
    (sent / "职责.csv").write_text("event_code,department\n01,环卫\n", "utf-8")
    (sent / "说明.docx").write_bytes(b"PK\x03\x04")
    (sent / "damaged.gpkg").write_bytes(b"SQLite format 3\x00" + b"\x00" * 100)
    (sent / "~$案件.xlsx").write_bytes(b"lock")
    (sent / "Thumbs.db").write_bytes(b"x")
    return sent


def test_every_file_is_read_or_accounted_for(folder):
    found = read_folder(folder)
    report = found.report.set_index("file")
    assert report["spec"].to_dict() == {
        "damaged.gpkg": "",
        "案件.csv": "incidents",
        "网格/grids.shp": "unit_grids",
        "职责.csv": "",
        "说明.docx": "",
    }
    assert report.loc["案件.csv", ["rows", "encoding", "without_position"]].tolist() == [2, "GB18030", 1]
    assert "no columns of coordinates" in report.loc["职责.csv", "remarks"]
    assert "'.docx'" in report.loc["说明.docx", "error"]
    assert "damaged.gpkg" in report.loc["damaged.gpkg", "error"]
    assert str(folder) not in report["error"].str.cat()
    assert len(found) == 3


def test_layers_come_with_the_names_and_types_of_what_they_are(folder):
    found = read_folder(folder)
    (grids,) = found.of("单元网格")
    assert grids["grid_code"].tolist() == GRIDS["网格编码"].tolist()
    assert found["网格/grids.shp"].attrs["report"].path == "网格/grids.shp"
    assert found["职责.csv"]["event_code"].tolist() == ["01"]
    assert "has its codes" in found.report.set_index("key").loc["网格/grids.shp", "evidence"]


def test_the_caller_knows_better(folder):
    found = read_folder(folder, specs={"网格/grids.shp": None})
    assert "网格编码" in found["网格/grids.shp"]
    with pytest.raises(InputError, match="'no_such'"):
        read_folder(folder, specs={"no_such": "unit_grids"})


def test_a_workbook_with_sheets_is_several_layers(tmp_path):
    with pd.ExcelWriter(tmp_path / "台账.xlsx") as book:
        for sheet in ("桥东", "桥西"):
            table = pd.DataFrame({"案件编号": [sheet], "经度": ["114.88"], "纬度": ["40.82"]})
            table.to_excel(book, sheet_name=sheet, index=False)
    found = read_folder(tmp_path)
    assert list(found) == ["台账.xlsx:桥东", "台账.xlsx:桥西"]
    assert [len(layer) for layer in found.of("incidents")] == [1, 1]


def test_an_archive_is_a_folder_too(tmp_path):
    write_grids(tmp_path / "made")
    members = {f"网格/{file.name}": file.read_bytes() for file in (tmp_path / "made").iterdir()}
    archive = zipped(tmp_path / "报送.zip", {**members, "readme.pdf": b"%PDF"})
    found = read_folder(archive)
    assert list(found) == ["网格/grids.shp"]
    sent = tmp_path / "sent"
    sent.mkdir()
    archive.rename(sent / archive.name)
    assert list(read_folder(sent)) == ["报送.zip/网格/grids.shp"]
    alone = read_layer(sent / archive.name, spec="unit_grids")
    assert alone["grid_code"].tolist() == GRIDS["网格编码"].tolist()
    assert alone.attrs["report"].path.endswith("报送.zip/网格/grids.shp")


def test_names_in_gbk_are_read_and_said_to_be(tmp_path):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("AAAA.csv", INCIDENTS.encode())
    path = tmp_path / "windows.zip"
    path.write_bytes(raw.getvalue().replace(b"AAAA.csv", "案件".encode("gbk") + b".csv"))
    found = read_folder(path)
    assert list(found) == ["案件.csv"]
    assert "GB18030" in found.report["remarks"].str.cat()


def test_an_archive_with_several_files_is_no_layer(tmp_path):
    archive = zipped(tmp_path / "two.zip", {"a.csv": INCIDENTS, "b.csv": INCIDENTS})
    with pytest.raises(InputError, match=r"a\.csv, b\.csv.*read_folder"):
        read_layer(archive)


@pytest.mark.parametrize("name", ["../up.csv", "/etc/up.csv", "a/../../up.csv", "C:\\up.csv", "..\\up.csv"])
def test_nothing_is_unpacked_outside_the_folder(tmp_path, name):
    archive = zipped(tmp_path / "hostile.zip", {name: INCIDENTS})
    with pytest.raises(FileError, match="outside the folder"):
        read_folder(archive)
    assert not list(tmp_path.rglob("up.csv"))


def test_a_link_in_an_archive_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        member = zipfile.ZipInfo("passwords.csv")
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(member, "/etc/passwd")
    with pytest.raises(FileError, match="is a link"):
        read_folder(tmp_path / "link.zip")


def test_a_link_in_a_folder_is_not_followed(tmp_path):
    (tmp_path / "outside.csv").write_text(INCIDENTS, "utf-8")
    sent = tmp_path / "sent"
    sent.mkdir()
    (sent / "inside.csv").symlink_to(tmp_path / "outside.csv")
    found = read_folder(sent)
    assert len(found) == 0
    assert "is a link" in found.report["error"].iloc[0]


def test_a_bomb_does_not_go_off(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_RATIO_FROM", 1 << 20)
    archive = zipped(tmp_path / "bomb.zip", {"zeros.csv": b"0" * (8 << 20)})
    with pytest.raises(FileError, match="as bombs do"):
        read_folder(archive)
    monkeypatch.setattr(archives, "_MOST_BYTES", 1 << 20)
    monkeypatch.setattr(archives, "_MOST_RATIO", 10**9)
    with pytest.raises(FileError, match="unpacks to over"):
        read_folder(archive)


def test_archives_in_archives_are_left_and_said_to_be(tmp_path):
    inner = zipped(tmp_path / "inner.zip", {"a.csv": INCIDENTS}).read_bytes()
    archive = zipped(tmp_path / "outer.zip", {"inner.zip": inner, "b.csv": INCIDENTS})
    found = read_folder(archive)
    assert list(found) == ["b.csv"]
    assert "archive within the archive" in found.report["remarks"].str.cat()


@pytest.mark.parametrize("cut", [10, 40, 80])
def test_a_damaged_archive_is_refused(tmp_path, cut):
    path = zipped(tmp_path / "cut.zip", {"a.csv": INCIDENTS * 50})
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(FileError, match="cannot be unpacked"):
        read_folder(path)


def test_a_layer_is_known_by_its_codes(tmp_path):
    both = gpd.GeoDataFrame({"备案编号": ["1"], "井号": ["1"]}, geometry=[Point(X, Y)], crs=4547)
    both.to_file(tmp_path / "points.gpkg")
    found = read_folder(tmp_path)
    assert found.report["spec"].tolist() == ["parking_lots"]  # wells are known by their codes alone
    assert len(found["points.gpkg"]) == 1


def test_what_is_no_folder_is_refused(tmp_path):
    with pytest.raises(FileError, match="no such file"):
        read_folder(tmp_path / "none")
    (tmp_path / "a.csv").write_text(INCIDENTS, "utf-8")
    with pytest.raises(InputError, match="read_layer"):
        read_folder(tmp_path / "a.csv")


def test_what_holds_for_one_file_and_for_all_others(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text("案件编号,x,y\n1,573000,4520000\n", "utf-8")
    found = read_folder(tmp_path, crs={"a.csv": 4548, "*": 4547}, specs={"b.csv": None})
    assert {key: found[key].crs.to_epsg() for key in found} == {"a.csv": 4548, "b.csv": 4547}
    assert found.report["spec"].tolist() == ["incidents", ""]
    for option in ("crs", "datum", "specs"):
        said = {"c.csv": {"crs": 4547, "datum": "gcj02", "specs": "incidents"}[option]}
        with pytest.raises(
            InputError, match=rf"{option}: there is no layer or file 'c.csv'; .* a.csv, b.csv"
        ):
            read_folder(
                tmp_path, **{"crs": 4547, option: {**said, **({"*": 4547} if option == "crs" else {})}}
            )


def test_parameters_of_proj_are_one_system(tmp_path):
    (tmp_path / "a.csv").write_text("案件编号,x,y\n1,573000,4520000\n", "utf-8")
    found = read_folder(tmp_path, crs={"proj": "utm", "zone": 50})
    assert found["a.csv"].crs.coordinate_operation.name.endswith("50N")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_table_without_coordinates_is_read_as_one_in_either_language(tmp_path, lang):
    (tmp_path / "部门.csv").write_text("部门编码,部门名称\n1,城管局\n", "utf-8")
    with speaking(lang):
        reading = read_folder(tmp_path)
    assert [len(frame) for frame in reading.layers.values()] == [1]
    assert reading.report["error"].tolist() == [""]
