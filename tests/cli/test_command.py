"""The command as its users meet it: what it prints, what it writes, how it leaves."""

import json
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, Point, Polygon, box

from zjk_gis.layers.headings import unheaded

X, Y = 573000, 4520000


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


def read_as_it_stands(path):
    return pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False)


def read_csv(path):
    return unheaded(read_as_it_stands(path))[0]


def test_assign_returns_every_row_once_assigned_or_rejected(run, zones_file, incidents_file, tmp_path):
    output = tmp_path / "out.csv"
    code, out, _ = run("assign", incidents_file, zones_file, "-o", output)
    assert code == 0
    assert "案件 5 件" in out
    assigned = read_csv(output)
    assert dict(zip(assigned["案件编号"], assigned["zone_code"], strict=True)) == {
        "001": "A",
        "002": "A",
        "003": "",
    }
    assert assigned["found"].tolist() == ["inside", "border", "none"]
    rejects = read_csv(tmp_path / "out.csv.rejects.csv")
    assert rejects[["row_number", "案件编号"]].to_numpy().tolist() == [["4", "004"], ["5", "005"]]
    assert (rejects["why"] != "").all()


def test_a_file_of_chinese_headings_is_reported_and_checked_as_any(run, zones_file, incidents_file, tmp_path):
    output = tmp_path / "out.csv"
    code, _, _ = run("assign", incidents_file, zones_file, "-o", output)
    assert code == 0
    assigned = read_as_it_stands(output)
    assert assigned["判定方式"].tolist() == ["区内", "边界", "无人负责"]
    assert assigned["责任区编码"].tolist() == ["A", "A", ""]
    assert list(read_as_it_stands(tmp_path / "out.csv.rejects.csv").columns[:2]) == ["行号", "未采用原因"]
    code, out, _ = run("report", output, "-o", tmp_path / "report.html", "--json")
    assert (code, json.loads(out)["rows"]) == (0, {"out": 3})
    code, out, _ = run("check-assignment", output, zones_file, "--json", "--even-if-off")
    assert '"agrees"' in out


def test_text_from_data_is_no_formula_in_a_table(run, zones_file, incidents_file, tmp_path):
    """What the program writes is guarded; the cells of a table that passes through it stay as they came."""
    run("assign", incidents_file, zones_file, "-o", tmp_path / "incidents.gpkg")
    run("assign", tmp_path / "incidents.gpkg", zones_file, "-o", tmp_path / "out.csv")
    assert read_csv(tmp_path / "out.csv")["问题描述"].tolist() == ["暴露垃圾", "'=1+1", "井盖缺失"]
    run("assign", incidents_file, zones_file, "-o", tmp_path / "out.csv")
    assert read_csv(tmp_path / "out.csv")["问题描述"].tolist() == ["暴露垃圾", "=1+1", "井盖缺失"]


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
    assert sum(summary["found"].values()) + summary["rejected"] == 5
    assert summary["reject_reasons"] == {"missing": 1, "not_a_number": 1}


def test_the_numbers_read_by_a_person_are_those_read_by_a_script(run, zones_file, incidents_file, tmp_path):
    """Rows that were set aside are counted once: as rejected, neither as found by nobody nor as doubtful."""
    _, out, _ = run("assign", incidents_file, zones_file, "-o", tmp_path / "o.csv", "--json")
    summary = json.loads(out)
    assert summary["found"] == {"inside": 1, "border": 1, "nearest": 0, "none": 1}
    assert (summary["rejected"], summary["ambiguous"]) == (2, 2)
    _, out, _ = run("assign", incidents_file, zones_file, "-o", tmp_path / "o.csv", "--lang", "en")
    lines = [line.split() for line in out.splitlines()]
    told = {" ".join(line[:-2]): line[-2] for line in lines if len(line) > 2 and line[-1].endswith("%")}
    assert told == {"inside": "1", "border": "1", "nearest": "0", "none": "1", "rejected": "2"}
    assert "to be looked at by a person: 2" in out


def test_jobs_of_one_stem_leave_each_other_s_rejects_alone(run, zones_file, incidents_file, tmp_path):
    run("assign", incidents_file, zones_file, "-o", tmp_path / "out.csv")
    sound = pd.read_csv(incidents_file, dtype=str, encoding="gb18030").iloc[:1]
    sound.to_csv(tmp_path / "sound.csv", index=False)
    run("assign", tmp_path / "sound.csv", zones_file, "-o", tmp_path / "out.gpkg")
    assert len(read_csv(tmp_path / "out.csv.rejects.csv")) == 2
    assert not (tmp_path / "out.gpkg.rejects.csv").exists()


def test_shuffled_rows_get_the_same_answers(run, zones_file, incidents_file, tmp_path):
    shuffled = tmp_path / "shuffled.csv"
    pd.read_csv(incidents_file, dtype=str, encoding="gb18030").sample(frac=1, random_state=3).to_csv(
        shuffled, index=False
    )
    run("assign", incidents_file, zones_file, "-o", tmp_path / "a.csv")
    run("assign", shuffled, zones_file, "-o", tmp_path / "b.csv")
    first, second = (
        read_csv(tmp_path / name).set_index("案件编号").sort_index() for name in ("a.csv", "b.csv")
    )
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize("kind", ["xlsx", "geojson"])
def test_what_is_read_whole_gets_the_same_answers(run, zones_file, incidents_file, tmp_path, kind):
    """Workbooks and GeoJSON are not read in batches; their columns keep their names all the same."""
    run("assign", incidents_file, zones_file, "-o", tmp_path / f"in.{kind}")
    run("assign", incidents_file, zones_file, "-o", tmp_path / "batch.csv")
    run("assign", tmp_path / f"in.{kind}", zones_file, "-o", tmp_path / "whole.csv")
    whole, batch = read_csv(tmp_path / "whole.csv"), read_csv(tmp_path / "batch.csv")
    for name in ("zone_code", "found", "reason", "chief_code"):
        assert whole[name].tolist() == batch[name].tolist()
    assert whole["案件编号"].tolist() == batch["案件编号"].tolist()


def test_positions_put_right_are_judged_with_all_rows_at_hand(run, zones_file, incidents_file, tmp_path):
    table = pd.read_csv(incidents_file, dtype=str, encoding="gb18030")
    table.loc[0, ["经度", "纬度"]] = table.loc[0, ["纬度", "经度"]].to_numpy()
    table.to_csv(incidents_file, index=False)
    code, out, _ = run("assign", incidents_file, zones_file, "-o", tmp_path / "out.csv", "--fix-positions")
    assert code == 0
    assert "已改正 1 行" in out
    assert read_csv(tmp_path / "out.csv")["zone_code"].tolist()[0] == "A"
    run("assign", incidents_file, zones_file, "-o", tmp_path / "out.csv")
    rejects = read_csv(tmp_path / "out.csv.rejects.csv")
    assert rejects["why"].tolist() == ["swapped_axes", "missing", "not_a_number"]


def test_a_stopped_command_leaves_with_130_and_goes_on(
    run, zones_file, incidents_file, tmp_path, monkeypatch
):
    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("zjk_gis.batch.ledger.Ledger.publish", stop)
        assert run("--lang", "en", "assign", incidents_file, zones_file, "-o", tmp_path / "out.csv")[0] == 130
    assert not (tmp_path / "out.csv").exists()
    code, out, err = run(
        "--lang", "en", "assign", incidents_file, zones_file, "-o", tmp_path / "out.csv", "--json"
    )
    assert code == 0
    assert json.loads(out)["resumed_from"] == 5
    assert "goes on after row 5" in err


def test_a_machine_without_pyarrow_assigns_too(run, zones_file, incidents_file, tmp_path, monkeypatch):
    monkeypatch.setattr("zjk_gis.batch.job.has", lambda _: False)
    code, _, _ = run("assign", incidents_file, zones_file, "-o", tmp_path / "out.csv")
    assert code == 0
    assert read_csv(tmp_path / "out.csv")["zone_code"].tolist() == ["A", "A", ""]


def test_gaps_prints_and_writes_both_layers(run, zones_file, tmp_path):
    region = tmp_path / "region.gpkg"
    gpd.GeoDataFrame({"name": ["城区"]}, geometry=[box(X, Y, X + 200, Y + 110)], crs=4547).to_file(region)
    output = tmp_path / "gaps.gpkg"
    code, out, _ = run("gaps", zones_file, "--region", region, "-o", output)
    assert code == 0
    assert "责任空白 1 处，共 2,000.0 m²" in out
    assert gpd.read_file(output, layer="gaps")["area_m2"].tolist() == [2000]
    assert len(gpd.read_file(output, layer="overlaps")) == 0


def test_repair_proposes_and_mends_on_request(run, zones_file, tmp_path):
    region = tmp_path / "region.gpkg"
    gpd.GeoDataFrame({"name": ["城区"]}, geometry=[box(X, Y, X + 200, Y + 110)], crs=4547).to_file(region)
    before = zones_file.read_bytes()
    output = tmp_path / "repaired.gpkg"
    arguments = ["repair", zones_file, "--region", region, "--max-area", 3000, "--max-width", 30]
    code, out, _ = run(*arguments)
    assert code == 0
    assert "修复建议 1 项，共 2,000.0 m²；待人工处理 0 项" in out
    assert "填补空白" in out
    assert "待人工处理 1 项" in run("repair", zones_file, "--region", region)[1]
    code, out, _ = run(*arguments, "--apply", "-o", output, "--json")
    assert code == 0
    told = json.loads(out)
    assert (told["applied"], told["filled_m2"], told["gaps_left"]) == (["R001"], 2000, 0)
    assert gpd.read_file(output, layer="repairs")["status"].tolist() == ["proposed"]
    mended, given = gpd.read_file(output, layer="responsibility_zones"), gpd.read_file(zones_file)
    assert mended["zone_code"].tolist() == given["责任区编码"].tolist()
    assert mended.area.sum() == given.area.sum() + 2000
    assert zones_file.read_bytes() == before
    assert "责任空白 0 处" in run("gaps", output, "--region", region)[1], (
        "other commands find the mended zones"
    )


def test_repair_never_writes_over_its_input(run, zones_file):
    for arguments in (["-o", zones_file, "--apply"], ["--apply"], ["-o", "repaired.csv"]):
        code, _, err = run("repair", zones_file, *arguments)
        assert (code, "gpkg" in err) == (2, True)
    assert len(gpd.list_layers(zones_file)) == 1


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
    assert "wrong_length 编码位数不符：1" in out
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
        (spoil_shape, "--repair makes them valid"),
        (spoil_bytes, "zones.gpkg"),
    ],
)
def test_a_bad_layer_is_one_line_that_says_what_to_do(
    run, zones_file, incidents_file, tmp_path, spoil, words
):
    spoil(zones_file)
    code, out, err = run("--lang", "en", "assign", incidents_file, zones_file, "-o", tmp_path / "out.csv")
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
        (["assign", "incidents.csv", "zones.gpkg"], "'-o' / '--output'"),
        (["assign", "incidents.csv", "zones.gpkg", "-o", "o.csv", "--level", "2"], "level"),
        (["assign", "/vsicurl/http://x/y.csv", "zones.gpkg", "-o", "o.csv"], "vsicurl"),
        (["gaps", "zones.gpkg"], "--region"),
        (["check", "zones.gpkg", "--as", "zones"], "there is no layer 'zones'"),
        (["map", "zones.gpkg", "-o", "m.html"], "none of its layers"),
        (["demo", "--data", "nowhere"], "zjk-gis synth"),
        (["asign"], "No such command 'asign'"),
    ],
)
def test_a_wrong_call_is_one_line_that_says_what_to_do(
    run, zones_file, incidents_file, tmp_path, monkeypatch, arguments, words
):
    monkeypatch.chdir(tmp_path)
    code, out, err = run("--lang", "en", *arguments)
    assert code == 2
    assert words in err
    assert "Traceback" not in out + err


def test_help_is_quick_as_nothing_heavy_is_loaded(monkeypatch):
    monkeypatch.delenv("ZJK_GIS_LANG", raising=False)
    code = (
        "import sys\n"
        "from zjk_gis.cli.main import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit:\n    print('geopandas' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "命令：" in printed
    assert printed.strip().endswith("False")


def test_audit_tells_the_promises_and_writes_what_breaks_them(run, tmp_path):
    city = tmp_path / "city.gpkg"
    zones = gpd.GeoDataFrame(
        {"zone_code": ["A", "B"], "chief_code": ["LZ01", ""], "chief_name": ["甲", ""]},
        geometry=[box(X, Y, X + 60, Y + 100), box(X + 50, Y, X + 90, Y + 100)],
        crs=4547,
    )
    region = gpd.GeoDataFrame(
        {"area_code": ["1"], "area_name": ["城区"]}, geometry=[box(X, Y, X + 100, Y + 100)], crs=4547
    )
    roads = gpd.GeoDataFrame(
        {"edge_code": ["R1"], "road_name": ["=1+1<script>"]},
        geometry=[LineString([(X, Y + 50), (X + 100, Y + 50)])],
        crs=4547,
    )
    for name, layer in (("responsibility_zones", zones), ("built_up_areas", region), ("roads", roads)):
        layer.to_file(city, layer=name)
    duties = tmp_path / "duties.csv"
    duties.write_text("event_code,department\n01,环卫\n", "utf-8")

    folder = tmp_path / "audit"
    code, out, err = run("audit", city, "--duties", duties, "--at", "2025-12-31", "-o", folder, "--json")
    assert code == 0, err
    told = json.loads(out)
    figures = {row["measure"]: row["share"] for row in told["figures"]}
    assert figures["ground_several"] == pytest.approx(0.1)
    assert figures["road_nobody"] == pytest.approx(0.4)  # where B answers nobody is named
    assert figures["zones_with_chief"] == 0.5
    assert {path.name for path in folder.iterdir()} == {
        "audit.gpkg",
        "audit.xlsx",
        "audit.html",
        "audit.pdf",
        "report.html",
    }
    stretches = gpd.read_file(folder / "audit.gpkg", layer="stretches")
    assert stretches["length_m"].sum() == pytest.approx(100)
    for page in ("audit.html", "report.html"):
        assert "=1+1<script>" not in (folder / page).read_text("utf-8")

    code, out, _ = run("audit", city, "--at", "2025-12-31")
    assert "路路有人管" in out
    assert "10.00%" in out


def test_an_audit_without_ground_says_what_it_needs(run, zones_file):
    code, _, err = run("audit", zones_file)
    assert code == 2
    assert "built_up_areas" in err


def test_a_table_without_a_channel_is_assigned_all_the_same(run, tmp_path):
    sample = Path(__file__).parents[2] / "sample_data"
    rows = pd.read_csv(sample / "incidents.csv", nrows=50).drop(columns=["上报渠道", "道路名称"])
    rows.to_csv(tmp_path / "incidents.csv", index=False, encoding="gb18030")
    for output in ("who.csv", "who.xlsx"):  # in batches, and whole
        code, _, err = run(
            "assign", tmp_path / "incidents.csv", sample / "city.gpkg", "-o", tmp_path / output
        )
        assert code == 0, err
        assert "未判断坐标是否为 GCJ-02" in err


def test_a_level_may_be_a_word_or_any(run, tmp_path):
    zones, region = tmp_path / "zones.gpkg", tmp_path / "region.gpkg"
    gpd.GeoDataFrame(
        {"zone_code": ["A", "B"], "level": ["街道级", "社区级"]},
        geometry=[box(X, Y, X + 200, Y + 100), box(X, Y, X + 150, Y + 100)],
        crs=4547,
    ).to_file(zones)
    gpd.GeoDataFrame({"name": ["城区"]}, geometry=[box(X, Y, X + 200, Y + 100)], crs=4547).to_file(region)
    for level, gaps, overlaps in (([], 1, 0), (["--level", "街道级"], 0, 0), (["--level", "any"], 0, 1)):
        code, out, _ = run("--lang", "en", "gaps", zones, "--region", region, "--json", *level)
        assert code == 0
        assert [json.loads(out)[name] for name in ("gaps", "overlaps")] == [gaps, overlaps]
    code, _, err = run("--lang", "en", "gaps", zones, "--region", region, "--level", "一级")
    assert (code, "the levels are 3 (街道级), 4 (社区级)" in err) == (2, True)


def test_repair_takes_your_own_words_for_priorities(run, tmp_path):
    zones = tmp_path / "zones.gpkg"
    gpd.GeoDataFrame(
        {"zone_code": ["A", "B"], "priority": ["甲类", "督办"]},
        geometry=[box(X, Y, X + 101, Y + 100), box(X + 100, Y, X + 300, Y + 100)],
        crs=4547,
    ).to_file(zones)
    code, _, err = run("repair", zones)
    assert (code, "'督办'" in err) == (2, True)
    for order, keeps in (("督办,甲类", "B"), ("甲类、督办", "A")):
        output = tmp_path / f"{keeps}.gpkg"
        assert run("repair", zones, "--priority-order", order, "-o", output)[0] == 0
        assert gpd.read_file(output, layer="repairs")["gaining_code"].tolist() == [keeps]


class TestCheckAssignmentOfATable:
    """The options that say where the positions of a table are read from, as `assign` has them."""

    @pytest.fixture
    def files(self, tmp_path):
        shapes = [box(573000 + 100 * at, 4520000, 573100 + 100 * at, 4520100) for at in (0, 1)]
        zones = gpd.GeoDataFrame({"zone_code": ["A", "B"]}, geometry=shapes, crs=4547)
        zones.to_file(tmp_path / "zones.gpkg")
        table = pd.DataFrame({"zone_code": ["A", "B"], "东": [573050.0, 573150.0], "北": [4520050.0] * 2})
        table.to_csv(tmp_path / "metres.csv", index=False)
        there = gpd.GeoSeries.from_xy(table["东"], table["北"], crs=4547).to_crs(3857)
        table.assign(lon=there.x, lat=there.y).to_csv(tmp_path / "web.csv", index=False)
        return tmp_path

    @pytest.mark.parametrize(
        ("table", "options"),
        [
            ("metres.csv", ("--lon", "东", "--lat", "北", "--crs", "EPSG:4547")),
            ("web.csv", ("--lon", "东", "--lat", "北", "--crs", "4547")),
            ("web.csv", ("--crs", "EPSG:3857")),
        ],
    )
    def test_both_rows_agree(self, run, files, table, options):
        code, out, err = run("check-assignment", files / table, files / "zones.gpkg", *options, "--json")
        assert code == 0, err
        assert json.loads(out)["agreement"]["agrees"] == 2

    def test_without_them_it_is_said_which(self, run, files):
        code, _, err = run("check-assignment", files / "metres.csv", files / "zones.gpkg")
        assert code == 2
        assert "--lon" in err
        assert "--lat" in err

    def test_zones_in_feet_or_elsewhere_are_told_in_the_readers_language(self, run, files):
        wards = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(-87.7, 41.8, -87.6, 41.9)], crs=4326)
        wards.to_file(files / "wards.gpkg")
        wards.to_crs(3435).to_file(files / "feet.gpkg")
        (files / "calls.csv").write_text("zone_code,lon,lat\nA,-87.65,41.85\n", "utf-8")
        calls = (files / "calls.csv", "--crs", "EPSG:4326")
        for name, zh, en in (
            (
                "wards",
                "坐标系为 WGS 84；长度和面积按 WGS 84 / UTM zone 16N 量算",
                "in WGS 84; lengths and areas are measured in WGS 84 / UTM zone 16N",
            ),
            (
                "feet",
                "按 NAD83 / Illinois East (ftUS) in metres 量算",
                "measured in NAD83 / Illinois East (ftUS) in metres",
            ),
        ):
            for lang, words in (("zh", zh), ("en", en)):
                code, out, err = run(
                    "check-assignment", *calls, files / f"{name}.gpkg", "--lang", lang, "--json"
                )
                assert (code, json.loads(out)["agreement"]["agrees"]) == (0, 1), err
                assert err.count(words) == 1
