"""The command as its users meet it: what it prints, what it writes, how it leaves."""

import json
import subprocess
import sys

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point, Polygon, box

from zjk_gis.cli.main import main

X, Y = 573000, 4520000


@pytest.fixture
def run(capsys):
    """Run the command in this process; return its exit code and what it printed."""

    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return left.value.code, printed.out, printed.err

    return call


@pytest.fixture
def zones_file(tmp_path):
    zones = gpd.GeoDataFrame(
        {"责任区编码": ["A", "B"], "路长编号": ["LZ01", "LZ02"]},
        geometry=[box(X, Y, X + 100, Y + 100), box(X + 100, Y, X + 200, Y + 100)],
        crs=4547,
    )
    path = tmp_path / "zones.gpkg"
    zones.to_file(path)
    return path


@pytest.fixture
def incidents_file(tmp_path):
    """Make a hotline's table: inside A, on the border, far off, without a place, with words for one."""
    points = gpd.GeoSeries(
        [Point(X + 50, Y + 50), Point(X + 100, Y + 50), Point(X + 5000, Y)], crs=4547
    ).to_crs(4490)
    table = pd.DataFrame(
        {
            "案件编号": ["001", "002", "003", "004", "005"],
            "经度": [*points.x.round(7).astype(str), "", "东经一百一十四度"],
            "纬度": [*points.y.round(7).astype(str), "", "40.82"],
            "问题描述": ["暴露垃圾", "=1+1", "井盖缺失", "占道", "积水"],
        }
    )
    path = tmp_path / "incidents.csv"
    table.to_csv(path, index=False, encoding="gb18030")
    return path


def read_csv(path):
    return pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False)


def test_assign_returns_every_row_once_assigned_or_rejected(run, zones_file, incidents_file, tmp_path):
    output = tmp_path / "out.csv"
    code, out, _ = run("assign", incidents_file, zones_file, "-o", output)
    assert code == 0
    assert "案件 5 件" in out
    assigned = read_csv(output)
    assert dict(zip(assigned["incident_code"], assigned["zone_code"], strict=True)) == {
        "001": "A",
        "002": "A",
        "003": "",
    }
    assert assigned["found"].tolist() == ["inside", "border", "none"]
    rejects = read_csv(tmp_path / "out.rejects.csv")
    assert rejects[["row_number", "incident_code"]].to_numpy().tolist() == [["4", "004"], ["5", "005"]]
    assert (rejects["why"] != "").all()


def test_text_from_data_is_no_formula_in_a_table(run, zones_file, incidents_file, tmp_path):
    run("assign", incidents_file, zones_file, "-o", tmp_path / "out.csv")
    assert not read_csv(tmp_path / "out.csv")["description"].str.startswith("=").any()


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "parquet", "shp", "fgb", "xlsx", "csv"])
def test_assign_writes_what_the_name_asks_for(run, zones_file, incidents_file, tmp_path, ending):
    output = tmp_path / f"归属.{ending}"
    code, _, err = run("assign", incidents_file, zones_file, "-o", output)
    assert (code, output.exists()) == (0, True), err


def test_json_is_all_that_is_on_stdout(run, zones_file, incidents_file, tmp_path):
    code, out, _ = run("assign", incidents_file, zones_file, "-o", tmp_path / "o.gpkg", "--json")
    summary = json.loads(out)
    assert code == 0
    assert (summary["incidents"], summary["rejected"], summary["found"]["inside"]) == (5, 2, 1)


def test_shuffled_rows_get_the_same_answers(run, zones_file, incidents_file, tmp_path):
    shuffled = tmp_path / "shuffled.csv"
    pd.read_csv(incidents_file, dtype=str, encoding="gb18030").sample(frac=1, random_state=3).to_csv(
        shuffled, index=False
    )
    run("assign", incidents_file, zones_file, "-o", tmp_path / "a.csv")
    run("assign", shuffled, zones_file, "-o", tmp_path / "b.csv")
    first, second = (
        read_csv(tmp_path / name).set_index("incident_code").sort_index() for name in ("a.csv", "b.csv")
    )
    pd.testing.assert_frame_equal(first, second)


def test_batches_change_no_answer(run, zones_file, incidents_file, tmp_path, monkeypatch):
    run("assign", incidents_file, zones_file, "-o", tmp_path / "whole.csv")
    monkeypatch.setattr("zjk_gis.cli.assign._BATCH", 2)
    run("assign", incidents_file, zones_file, "-o", tmp_path / "batches.csv")
    assert (tmp_path / "whole.csv").read_bytes() == (tmp_path / "batches.csv").read_bytes()


def test_gaps_prints_and_writes_both_layers(run, zones_file, tmp_path):
    region = tmp_path / "region.gpkg"
    gpd.GeoDataFrame({"name": ["城区"]}, geometry=[box(X, Y, X + 200, Y + 110)], crs=4547).to_file(region)
    output = tmp_path / "gaps.gpkg"
    code, out, _ = run("gaps", zones_file, "--region", region, "-o", output)
    assert code == 0
    assert "责任空白 1 处,共 2,000.0 m²" in out
    assert gpd.read_file(output, layer="gaps")["area_m2"].tolist() == [2000]
    assert len(gpd.read_file(output, layer="overlaps")) == 0


def test_check_leaves_with_one_if_there_are_errors(run, tmp_path):
    grids = gpd.GeoDataFrame(
        {"网格编码": ["130703005001001", "13070300500100"]},
        geometry=[box(X, Y, X + 100, Y + 100), box(X + 100, Y, X + 200, Y + 100)],
        crs=4547,
    )
    path = tmp_path / "grids.gpkg"
    grids.to_file(path)
    code, out, _ = run("check", path, "--as", "unit_grids")
    assert code == 1
    assert "bad_code: 1" in out
    grids.iloc[:1].to_file(path)
    assert run("check", path, "--as", "单元网格")[0] == 0


BOW_TIE = Polygon([(X, Y), (X + 9, Y + 9), (X + 9, Y), (X, Y + 9)])


def spoil_crs(path):
    gpd.read_file(path).set_crs(None, allow_override=True).to_file(path)


def spoil_code(path):
    gpd.read_file(path).drop(columns="责任区编码").to_file(path)


def spoil_rows(path):
    gpd.read_file(path).iloc[:0].to_file(path)


def spoil_shape(path):
    gpd.read_file(path).set_geometry([BOW_TIE, box(X, Y, X + 1, Y + 1)]).to_file(path)


def spoil_bytes(path):
    path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 500)


@pytest.mark.filterwarnings("ignore::UserWarning")  # writing a layer without CRS warns, and that is the point
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (spoil_crs, "no coordinate reference system"),
        (spoil_code, "no column of codes"),
        (spoil_rows, "empty"),
        (spoil_shape, "1 of 2 rows are invalid"),
        (spoil_bytes, "zones.gpkg"),
    ],
)
def test_a_bad_layer_is_one_line_that_says_what_to_do(
    run, zones_file, incidents_file, tmp_path, spoil, words
):
    spoil(zones_file)
    code, out, err = run("assign", incidents_file, zones_file, "-o", tmp_path / "out.csv")
    assert code == 2
    assert words in err.splitlines()[-1]
    assert "Traceback" not in out + err
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["assign", "missing.csv", "zones.gpkg", "-o", "out.csv"], "missing.csv"),
        (["assign", "incidents.csv", "zones.gpkg", "-o", "out.docx"], ".gpkg"),
        (["assign", "incidents.csv", "zones.gpkg", "-o", "no/such/folder/out.csv"], "folder"),
        (["assign", "incidents.csv", "zones.gpkg", "-o", "incidents.csv"], "overwrite"),
        (["assign", "incidents.csv", "zones.gpkg"], "Missing option"),
        (["assign", "incidents.csv", "zones.gpkg", "-o", "o.csv", "--level", "2"], "level"),
        (["assign", "/vsicurl/http://x/y.csv", "zones.gpkg", "-o", "o.csv"], "vsicurl"),
        (["gaps", "zones.gpkg"], "--region"),
        (["check", "zones.gpkg", "--as", "zones"], "there is no layer 'zones'"),
        (["map", "zones.gpkg", "-o", "m.html"], "none of its layers"),
        (["demo", "--data", "nowhere"], "zjk-gis synth"),
        (["asign"], "No such command"),
    ],
)
def test_a_wrong_call_is_one_line_that_says_what_to_do(
    run, zones_file, incidents_file, tmp_path, monkeypatch, arguments, words
):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*arguments)
    assert code == 2
    assert words in err
    assert "Traceback" not in out + err


def test_help_is_quick_as_nothing_heavy_is_loaded():
    code = (
        "import sys\n"
        "from zjk_gis.cli.main import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit:\n    print('geopandas' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "Commands:" in printed
    assert printed.strip().endswith("False")
