"""`zjk-gis import`, `layers` and `export`: from a bureau's folder to a workspace and out again."""

import json
import os

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

from zjk_gis import Workspace, read_layer

X, Y = 573000, 4520000


def _grids(codes, first=0):
    shapes = [box(X + 100 * (first + i), Y, X + 100 * (first + i) + 100, Y + 100) for i in range(len(codes))]
    return gpd.GeoDataFrame({"网格编码": codes, "网格状态": "使用"}, geometry=shapes, crs=4547)


@pytest.fixture
def folder(tmp_path):
    """A folder as two districts send it: grids in two files, one of them in GBK, and a note."""
    folder = tmp_path / "收件"
    folder.mkdir()
    _grids(["130703001001001", "130703001001002"]).to_file(folder / "桥西网格.shp", encoding="GB18030")
    _grids(["130702001001001"], first=5).to_file(folder / "桥东网格.gpkg")
    (folder / "说明.docx").write_bytes(b"PK\x03\x04")
    return folder


@pytest.fixture(params=["geopackage", "postgis"])
def target(request, tmp_path):
    if request.param == "geopackage":
        return str(tmp_path / "city.gpkg")
    return f"{request.getfixturevalue('postgis')}&schema=cli_{os.getpid()}_{abs(hash(tmp_path))}"


def test_a_folder_comes_in_and_goes_out(run, folder, target, tmp_path):
    code, out, err = run("import", folder, target, "--note", "三月报送")
    assert code == 0, err
    assert "说明.docx：不是图层，跳过" in err
    assert "unit_grids：" in out
    assert "（追加）" in out, "two files of one kind are one layer"
    code, out, _ = run("layers", target, "--json")
    (layer,) = json.loads(out)["layers"]
    assert (layer["layer"], layer["title"], layer["rows"], layer["version"]) == (
        "unit_grids",
        "单元网格",
        3,
        2,
    )
    code, out, _ = run("layers", target, "--history", "unit_grids")
    assert code == 0
    assert out.count("三月报送") == 2
    assert "追加" in out
    code, out, _ = run(
        "export",
        target,
        "unit_grids",
        tmp_path / "out.gpkg",
        "--where",
        "grid_code=130702001001001",
    )
    assert code == 0
    assert read_layer(tmp_path / "out.gpkg")["grid_code"].tolist() == ["130702001001001"]


def test_what_is_wrong_stays_out_and_is_told(run, tmp_path, target):
    twice = _grids(["130703001001001", "130703001001001"])
    twice.to_file(tmp_path / "grids.gpkg", layer="unit_grids")
    code, _, err = run("import", tmp_path / "grids.gpkg", target)
    assert code == 1
    assert "未导入" in err
    assert "130703001001001" in err
    assert "Traceback" not in err
    assert Workspace.open(target).list().empty
    assert run("import", tmp_path / "grids.gpkg", target, "--keep-problems")[0] == 0
    assert Workspace.open(target).list()["errors"].tolist() == [2]


def test_a_layer_without_system_is_told_what_to_add(run, tmp_path, target):
    _grids(["130703001001001"]).to_file(tmp_path / "a.shp", encoding="GB18030")
    (tmp_path / "a.prj").unlink()
    for lang, words in {"zh": "没有坐标系；请加 --crs", "en": "name it with --crs"}.items():
        code, _, err = run("import", tmp_path / "a.shp", target, "--as", "unit_grids", "--lang", lang)
        assert code == 1
        assert words in err
        assert "set_crs" not in err
    assert run("import", tmp_path / "a.shp", target, "--as", "unit_grids", "--crs", "EPSG:4547")[0] == 0


def test_a_file_under_a_name_of_ones_own_and_more_rows_of_it(run, tmp_path, target):
    _grids(["130703001001001"]).to_file(tmp_path / "a.gpkg")
    _grids(["130703001001002"], first=1).to_file(tmp_path / "b.gpkg")
    assert (
        run("--lang", "en", "import", tmp_path / "a.gpkg", target, "--as", "单元网格", "--name", "网格2025")[
            0
        ]
        == 0
    )
    assert (
        run(
            "--lang",
            "en",
            "import",
            tmp_path / "b.gpkg",
            target,
            "--as",
            "unit_grids",
            "--name",
            "网格2025",
            "--append",
        )[0]
        == 0
    )
    assert len(Workspace.open(target).read("网格2025")) == 2
    code, _, err = run(
        "--lang", "en", "import", tmp_path / "a.gpkg", tmp_path / "b.gpkg", target, "--name", "x"
    )
    assert (code, err) == (
        2,
        "zjk-gis: --as, --name and --layer are for one file; of a file among others say --as FILE=KIND\n",
    )


def test_conditions_have_the_type_of_their_column(run, tmp_path, target):
    frame = _grids(["A", "B", "C"]).assign(
        n=[1, 2, 3], w=[0.5, 1.5, None], ok=pd.array([True, False, None], "boolean")
    )
    Workspace.open(target).write("things", frame)
    asked = {
        ("n=1,3",): "AC",
        ("n=2..",): "BC",
        ("w=",): "C",
        ("w=..1",): "A",
        ("ok=是",): "A",
        ("网格编码=B", "n=1..2"): "B",
    }
    for conditions, codes in asked.items():
        options = [word for condition in conditions for word in ("--where", condition)]
        assert run("--lang", "en", "export", target, "things", tmp_path / "out.csv", *options)[0] == 0
        assert "".join(pd.read_csv(tmp_path / "out.csv")["网格编码"]) == codes
    for condition, message in {"n=x": "'x' is none", "q=1": "must be COLUMN=VALUE", "n": "must be"}.items():
        code, _, err = run(
            "--lang", "en", "export", target, "things", tmp_path / "out.csv", "--where", condition
        )
        assert code == 2
        assert message in err
    assert (
        run(
            "--lang",
            "en",
            "export",
            target,
            "things",
            tmp_path / "b.csv",
            "--bbox",
            f"{X},{Y},{X + 1},{Y + 1}",
        )[0]
        == 0
    )
    assert len(pd.read_csv(tmp_path / "b.csv")) == 1
    assert run("--lang", "en", "export", target, "things", tmp_path / "b.csv", "--bbox", "1,2,x,4")[0] == 2


def test_an_older_version_goes_out(run, tmp_path, target):
    city = Workspace.open(target)
    city.write("zones", _grids(["A"]))
    city.write("zones", _grids(["B"]))
    assert "第 1 版" in run("export", target, "zones", tmp_path / "old.csv", "--version", "1")[1]
    assert pd.read_csv(tmp_path / "old.csv")["网格编码"].tolist() == ["A"]
    code, _, err = run(
        "--lang", "en", "export", target, "zones", tmp_path / "old.csv", "--version", "2001-01-01"
    )
    assert code == 2
    assert "the newest versions are 1 (" in err


def test_no_workspace_is_there(run, tmp_path):
    code, out, _ = run("layers", tmp_path / "none.gpkg")
    assert (code, "还没有图层" in out) == (0, True)
    assert run("layers", "postgresql://nobody@127.0.0.1:1/x")[0] == 2
    assert run("export", tmp_path / "none.gpkg", "zones", tmp_path / "a.csv")[0] == 2


def test_the_datum_of_a_source_is_named_once_and_remembered(run, tmp_path):
    web = tmp_path / "calls.csv"
    web.write_text("编号,经度,纬度\n1,114.878350,40.819114\n", "utf-8")
    city = tmp_path / "city.gpkg"
    options = ("--name", "calls", "--source", "12345")
    code, _, err = run("--lang", "en", "import", web, city, *options, "--datum", "高德")
    assert code == 0, err
    code, _, err = run("import", web, city, *options, "--append")
    assert code == 0, err
    assert "坐标基准按来源「12345」记录的取 GCJ-02" in err
    with Workspace.open(city) as workspace:
        assert workspace.read("calls").geometry.x.round(5).tolist() == [114.87222, 114.87222]
    code, _, err = run("--lang", "en", "import", web, city, *options, "--datum", "mars2")
    assert code == 2
    assert "--datum mars2 is not a datum" in err


class TestWhatIsSaidOfOneFile:
    """`--as`, `--crs` and `--datum` for one file of a folder, by its name or path."""

    @pytest.fixture
    def mixed(self, tmp_path):
        folder = tmp_path / "收件"
        (folder / "桥西").mkdir(parents=True)
        _grids(["130703001001001"]).to_file(folder / "桥西" / "网格.shp", encoding="GB18030")
        (folder / "桥西" / "网格.prj").unlink()
        eastern = _grids(["130702001001001"], first=5).to_crs(4526)
        eastern.to_file(folder / "桥东网格.shp", encoding="GB18030")
        (folder / "桥东网格.prj").unlink()
        lamps = gpd.GeoDataFrame({"灯号": ["1"]}, geometry=gpd.points_from_xy([X], [Y]), crs=4547)
        lamps.to_crs(4490).get_coordinates().assign(灯号="1").rename(
            columns={"x": "经度", "y": "纬度"}
        ).to_csv(folder / "灯.csv", index=False)
        return folder

    def test_the_system(self, run, mixed, tmp_path):
        target = tmp_path / "city.gpkg"
        code, _, err = run(
            "--lang",
            "en",
            "import",
            mixed,
            target,
            "--crs",
            "网格.shp=4547",
            "--crs",
            "桥东网格.shp=EPSG:4526",
        )
        assert code == 0, err
        bounds = read_layer(target, layer="unit_grids").to_crs(4547).total_bounds
        assert bounds.tolist() == pytest.approx([X, Y, X + 600, Y + 100], abs=1e-3)

    def test_the_system_of_all_but_one(self, run, mixed, tmp_path):
        target = tmp_path / "city.gpkg"
        options = ("--crs", "EPSG:4526", "--crs", "桥西/网格.shp=EPSG:4547")
        (mixed / "灯.csv").unlink()
        code, _, err = run("--lang", "en", "import", mixed, target, *options)
        assert code == 0, err
        assert read_layer(target, layer="unit_grids").total_bounds[2] % 1e6 == pytest.approx(
            X + 600, abs=1e-3
        )

    def test_the_kind(self, run, mixed, tmp_path):
        target = tmp_path / "city.gpkg"
        known = ("--crs", "网格.shp=4547", "--crs", "桥东网格.shp=4526", "--keep-problems")
        assert run("--lang", "en", "import", mixed, target, *known)[0] == 0
        assert "street_lamps" not in _layers_in(run, target)
        assert run("--lang", "en", "import", mixed, target, *known, "--as", "灯.csv=street_lamps")[0] == 0
        assert "street_lamps" in _layers_in(run, target)

    def test_the_datum(self, run, mixed, tmp_path):
        target, known = tmp_path / "city.gpkg", ("--crs", "网格.shp=4547", "--crs", "桥东网格.shp=4526")
        code, _, err = run("--lang", "en", "import", mixed, target, *known, "--datum", "灯.csv=高德")
        assert code == 0, err
        there = read_layer(target, layer="灯").to_crs(4547).geometry.iloc[0]
        assert 300 < there.distance(gpd.points_from_xy([X], [Y])[0]) < 900

    def test_of_several_files(self, run, mixed, tmp_path):
        target = tmp_path / "city.gpkg"
        files = (mixed / "桥西" / "网格.shp", mixed / "桥东网格.shp")
        options = ("--as", "网格.shp=单元网格", "--as", f"{files[1]}=unit_grids")
        code, _, err = run(
            "--lang",
            "en",
            "import",
            *files,
            target,
            *options,
            "--crs",
            "EPSG:4547",
            "--crs",
            "桥东网格.shp=4526",
        )
        assert code == 0, err
        assert read_layer(target, layer="unit_grids").total_bounds[2] == pytest.approx(X + 600, abs=1e-3)

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (("--crs", "没有.shp=4547"), "--crs: there is no file 没有.shp"),
            (("--as", "没有.shp=unit_grids"), "--as: there is no file 没有.shp"),
            (("--datum", "没有.csv=gcj02"), "--datum: there is no file 没有.csv"),
            (("--crs", "4547", "--crs", "4490"), "--crs 4490: is given twice"),
            (("--crs", "灯.csv=4547", "--crs", "灯.csv=4490"), "--crs 灯.csv=4490: is given twice"),
            (("--as", "unit_grids"), "--as FILE=KIND"),
            (("--as", "灯.csv=路灯灯"), "路灯灯"),
            (("--crs", "灯.csv=EPSG:0"), "names no coordinate reference system"),
        ],
    )
    def test_what_cannot_be_meant_is_refused_before_anything_is_taken_in(
        self, run, mixed, tmp_path, options, words
    ):
        code, _, err = run("--lang", "en", "import", mixed, tmp_path / "city.gpkg", *options)
        assert code == 2
        assert words in err
        assert not (tmp_path / "city.gpkg").exists()


def _layers_in(run, target):
    return {layer["layer"] for layer in json.loads(run("layers", target, "--json")[1])["layers"]}
