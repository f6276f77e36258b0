"""A city file in place of a city on the command line: what it says is done, and an option comes first."""

import json

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point, box

from zjk_gis import City, Workspace, access, write_layer
from zjk_gis.errors import InputError
from zjk_gis.standards import rules_table
from zjk_gis.standards.rules import own_tables
from zjk_gis.workspace.city_file.reading import read_file

X, Y = 488_000.0, 4_520_000.0
ZONES = gpd.GeoDataFrame(
    {"zone_code": ["A", "B"]},
    geometry=[box(X, Y, X + 100, Y + 100), box(X + 101, Y, X + 200, Y + 100)],
    crs=4547,
)
REGION = gpd.GeoDataFrame({"area_code": ["r"]}, geometry=[box(X, Y, X + 200, Y + 100)], crs=4547)


@pytest.fixture(scope="module")
def layers(tmp_path_factory):
    path = tmp_path_factory.mktemp("layers") / "库.gpkg"
    with Workspace.open(path) as workspace:
        workspace.write("responsibility_zones", ZONES)
        workspace.write("built_up_areas", REGION)
    return path


@pytest.fixture
def city(tmp_path, layers):
    def written(text=""):
        path = tmp_path / "city.toml"
        head = f'[city]\nname = "甲"\noutside = true\nworkspace = "{layers}"\n'
        path.write_text(head + text, encoding="utf-8")
        return path

    return written


def test_gaps_smaller_than_the_city_s_threshold_are_left_out(run, city):
    assert json.loads(run("gaps", city(), "--json")[1])["gaps"] == 1
    assert json.loads(run("gaps", city("[thresholds]\ngap_min_m2 = 200\n"), "--json")[1])["gaps"] == 0


def assigned(run, tmp_path, *options):
    cases = pd.DataFrame({"incident_code": ["1"], "x": [X - 60], "y": [Y + 50]})
    cases.to_csv(tmp_path / "cases.csv", index=False)
    code, _, told = run(
        "assign", tmp_path / "cases.csv", *options, "-o", tmp_path / "out.csv", "--headings", "en"
    )
    assert code == 0, told
    return pd.read_csv(tmp_path / "out.csv")["found"].item()


def test_an_option_comes_before_the_city_file_and_that_before_what_is_usual(run, city, tmp_path):
    assert assigned(run, tmp_path, city()) == "none"
    path = city("[thresholds]\nnearest_m = 70\n")
    assert assigned(run, tmp_path, path) == "nearest"
    assert assigned(run, tmp_path, path, "--nearest-within-m", "20") == "none"


def test_duties_of_the_city_file_are_audited_unless_others_are_named(run, city, tmp_path):
    path = city('[duties]\n"0102" = "环卫处"\n"暴露垃圾" = "城管局"\n')
    figures = json.loads(run("audit", path, "--json")[1])["figures"]
    assert figures != json.loads(run("audit", city(), "--json")[1])["figures"]
    others = pd.DataFrame({"event_code": ["0102"], "department": ["一家"]})
    others.to_csv(tmp_path / "duties.csv", index=False)
    path = city('[duties]\n"0102" = "环卫处"\n"暴露垃圾" = "城管局"\n')
    other = json.loads(run("audit", path, "--duties", tmp_path / "duties.csv", "--json")[1])["figures"]
    assert other != figures


def test_an_audit_tells_whom_to_call_in_the_streets_with_findings(run, tmp_path):
    streets = REGION.rename(columns={"area_code": "street_code"}).assign(street_code="130703005")
    with Workspace.open(tmp_path / "city.gpkg") as workspace:
        for name, layer in (
            ("responsibility_zones", ZONES),
            ("built_up_areas", REGION),
            ("streets", streets),
        ):
            workspace.write(name, layer, on_problems="keep")
    path = tmp_path / "city.toml"
    text = '[city]\n[contacts]\n"堡子里街道" = { name = "张三", phone = "0313-1" }\n"130703001" = "李四"\n'
    path.write_text(text, encoding="utf-8")
    code, told, _ = run("audit", path)
    assert code == 0
    assert "张三" in told
    assert "李四" not in told
    called = json.loads(run("audit", path, "--json")[1])["contacts"]
    assert [(each["street_code"], each["phone"]) for each in called] == [("130703005", "0313-1")]


def test_what_the_city_file_says_of_tables_holds_for_the_whole_command(city):
    text = '[deadlines]\n"暴露垃圾" = "4工作时"\n[weights]\nhandled_rate = 40\n[weights.risk]\n"重大" = 9\n'
    found = City.read(city(text + "[thresholds]\nparking_radius = 500\n"))
    with own_tables(found.tables):
        rows = rules_table("deadlines")
        own = rows[rows["practice"] == "city"]
        assert own[["event_code", "deadline", "clock", "confidence"]].to_numpy().tolist() == [
            ["0102", "4", "工作时", "user"]
        ]
        assert value_of("score_weights", "indicator", "handled_rate", "weight") == "40"
        assert value_of("score_weights", "indicator", "handled_rate", "best") == "1"
        assert value_of("risk_weights", "hazard_grade", "重大", "weight") == "9"
        assert value_of("limits", "limit", "parking_radius", "value") == "500"
    assert value_of("limits", "limit", "parking_radius", "value") == "300"


def value_of(table, key, name, column):
    rows = rules_table(table)
    return rows.loc[rows[key] == name, column].item()


def test_the_city_file_comes_before_the_folder_of_own_tables(tmp_path, monkeypatch):
    (tmp_path / "limits.csv").write_text("limit,value\nparking_radius,400\naccuracy_a,9\n", encoding="utf-8")
    monkeypatch.setenv("ZJK_GIS_TABLES", str(tmp_path))
    with own_tables({"limits": pd.DataFrame({"limit": ["parking_radius"], "value": ["500"]})}):
        values = rules_table("limits").set_index("limit")["value"]
    assert (values["parking_radius"], values["accuracy_a"]) == ("500", "9")


def test_which_lots_are_public_is_what_the_city_says():
    lots = gpd.GeoDataFrame(
        {"lot_code": ["1", "2", "3"], "lot_kind": ["公共", "专用", "道路临时泊位"]},
        geometry=[Point(0, 0)] * 3,
        crs=4547,
    )
    assert access.public_lots(lots, lot_kinds=["公共"])["lot_code"].tolist() == ["1"]
    assert access.public_lots(lots, also=["2"], never=["1"])["lot_code"].tolist() == ["2", "3"]
    with pytest.raises(InputError, match="公众"):
        access.public_lots(lots, lot_kinds=["公众"])


def test_a_city_file_with_faults_is_refused_with_their_lines(run, city):
    code, _, told = run("gaps", city("[thresholds]\ngap_min = 1\n"))
    assert code == 2
    assert "第 6 行 thresholds.gap_min" in told
    assert "gap_min_m2" in told


def test_the_layers_of_its_workspace_are_listed(run, city):
    assert [each["layer"] for each in json.loads(run("layers", city(), "--json")[1])["layers"]] == [
        "built_up_areas",
        "responsibility_zones",
    ]


def test_nothing_is_written_over_its_workspace(run, city, layers, tmp_path):
    code, _, told = run("repair", city(), "-o", layers)
    assert code == 2
    assert "库.gpkg" in told


def test_a_file_of_a_source_is_read_as_the_city_file_says(run, city, tmp_path):
    (tmp_path / "收件").mkdir()
    shown = gpd.GeoSeries([Point(X + 50, Y + 50)], crs=4547).to_crs(4490)
    cases = pd.DataFrame({"号": ["1"], "甲": shown.x, "乙": shown.y, "区": ["A"]})
    cases.to_csv(tmp_path / "收件" / "a.csv", index=False)
    columns = '[source.columns]\nincident_code = "号"\nlon = "甲"\nlat = "乙"\n'
    path = city(f'[[source]]\nlayer = "案件"\nfiles = "收件/*.csv"\n{columns}')
    code, _, told = run("check-assignment", tmp_path / "收件" / "a.csv", path, "--recorded", "区")
    assert code == 0, told
    out = tmp_path / "out.csv"
    code, _, told = run("assign", tmp_path / "收件" / "a.csv", path, "-o", out, "--headings", "en")
    assert code == 0, told
    assert pd.read_csv(out)["found"].item() == "inside"


def test_init_writes_a_city_file_and_replaces_one_only_by_force(run, tmp_path):
    folder = tmp_path / "收件"
    folder.mkdir()
    write_layer(ZONES, folder / "责任区.gpkg", layer="责任区")
    output = tmp_path / "city.toml"
    code, told, _ = run("init", folder, "-o", output)
    assert code == 0
    assert "责任区" in told
    assert City.read(output).sources[0].layer == "responsibility_zones"
    code, _, told = run("init", folder, "-o", output)
    assert code == 2
    assert "--force" in told
    assert run("init", folder, "-o", output, "--force")[0] == 0


LOTS = """[coordinates]
store = "EPSG:4490"
[[source]]
layer = "parking_lots"
files = "收件/*/车.csv"
encoding = "GBK"
crs = "EPSG:4547"
datum = "cgcs2000"
[source.columns]
lot_code = "编"
lot_kind = "类"
lon = "东"
lat = "北"
[source.values.lot_kind]
"收费" = "公共"
"""


@pytest.mark.parametrize("whole", [False, True])
def test_import_reads_files_of_sources_as_the_city_file_says(run, tmp_path, whole):
    folder = tmp_path / "收件" / "2025-03-07"
    folder.mkdir(parents=True)
    path = tmp_path / "city.toml"
    path.write_text(f'[city]\nname = "甲"\nworkspace = "库.gpkg"\n{LOTS}', encoding="utf-8")
    lots = pd.DataFrame({"编": ["T1"], "类": ["收费"], "东": [X], "北": [Y], "别的": ["x"]})
    lots.to_csv(folder / "车.csv", index=False, encoding="gb18030")
    pd.DataFrame({"案件编号": ["1"], "x": [X], "y": [Y]}).to_csv(folder / "案件.csv", index=False)
    others = [] if whole else ["--as", "案件.csv=incidents"]
    files = [folder] if whole else [folder / "车.csv", folder / "案件.csv"]
    code, _, told = run("import", *files, path, *others, "--crs", "案件.csv=EPSG:4547")
    assert code == 0, told
    with Workspace.open(path) as workspace:
        kept = workspace.read("parking_lots")
        assert kept[["lot_code", "lot_kind"]].to_numpy().tolist() == [["T1", "公共"]]
        assert {workspace.read(name).crs.to_epsg() for name in ("parking_lots", "incidents")} == {4490}
        assert workspace.datums() == {"车.csv": "cgcs2000"}
        assert workspace.list()["version"].tolist() == [1, 1]


def test_an_option_of_import_comes_before_the_city_file(run, tmp_path):
    path = tmp_path / "city.toml"
    path.write_text(f'[city]\nname = "甲"\nworkspace = "库.gpkg"\n{LOTS}', encoding="utf-8")
    folder = tmp_path / "收件" / "1"
    folder.mkdir(parents=True)
    lots = pd.DataFrame({"编": ["T1"], "类": ["收费"], "东": [X + 39_000_000], "北": [Y]})
    lots.to_csv(folder / "车.csv", index=False, encoding="gb18030")
    code, _, told = run("import", folder / "车.csv", path, "--crs", "EPSG:4527")
    assert code == 0, told
    with Workspace.open(path) as workspace:
        assert workspace.read("parking_lots").geometry.x.item() == pytest.approx(116.86, abs=0.01)


CASES = """[[source]]
layer = "案件"
files = "收件/案件*.{ending}"
{how}
crs = "EPSG:4547"
[source.columns]
incident_code = "号"
occurred_at = "时刻"
state = "级"
lon = "东"
lat = "北"
[source.values.state]
"甲" = "受理"
"""


@pytest.mark.parametrize(("ending", "how"), [("xlsx", 'sheet = "案件导出"'), ("csv", 'encoding = "GB18030"')])
def test_a_file_of_a_source_is_assigned_as_a_weekly_run_reads_it(run, city, tmp_path, ending, how):
    (tmp_path / "收件").mkdir()
    rows = pd.DataFrame(
        {"号": ["007"], "时刻": ["2025年11月3日 8时"], "级": ["甲"], "东": [X + 50], "北": [Y + 50]}
    )
    sent = tmp_path / "收件" / f"案件.{ending}"
    if ending == "csv":
        rows.to_csv(sent, index=False, encoding="gb18030")
    else:
        with pd.ExcelWriter(sent) as book:
            pd.DataFrame({"说明": ["x"]}).to_excel(book, sheet_name="封面", index=False)
            rows.to_excel(book, sheet_name="案件导出", index=False)
    path = city(CASES.format(ending=ending, how=how))
    asked = City.read(path)
    taken = read_file(asked, asked.sources[0], sent)
    out = tmp_path / "out.csv"
    code, _, told = run("assign", sent, "--city", path, "-o", out, "--headings", "en")
    assert code == 0, told
    found = pd.read_csv(out, dtype=str)
    assert found["zone_code"].tolist() == ["A"]
    for name in ("incident_code", "state"):
        assert found[name].tolist() == taken[name].tolist()
    assert pd.to_datetime(found["occurred_at"]).tolist() == taken["occurred_at"].tolist()
    zones = tmp_path / "zones.gpkg"
    write_layer(ZONES, zones)
    code, _, told = run("assign", sent, zones, "--city", path, "-o", out)
    assert code == 0, told
    assert pd.read_csv(out, dtype=str)["案件编号"].tolist() == ["007"]
    elsewhere = run("assign", sent, path, "-o", out, "--crs", "EPSG:4549", "--headings", "en")
    assert elsewhere[0] == 0
    assert pd.read_csv(out)["found"].tolist() == ["none"]  # an option comes first
    assert run("assign", sent, "-o", out)[0] == 2


def test_permutations_without_end_are_refused_before_the_work(run, city):
    code, _, told = run("near-repeats", city(), "--permutations", "1000000000")
    assert code == 2
    assert "99999" in told


def test_init_of_a_folder_without_a_layer_says_what_was_looked_for(run, tmp_path):
    (tmp_path / "收件").mkdir()
    for name in ("", "说明.csv"):
        if name:
            (tmp_path / "收件" / name).write_text("甲,乙\n1,2\n", encoding="utf-8")
        code, _, told = run("init", tmp_path / "收件", "-o", tmp_path / "city.toml")
        assert code == 2
        assert ".gpkg" in told
        assert name in told
        assert not (tmp_path / "city.toml").exists()


def test_a_workspace_in_a_database_is_refused_before_any_work(run, tmp_path):
    path = tmp_path / "city.toml"
    path.write_text('[city]\nworkspace = "postgresql://nobody@localhost/zjk"\n', encoding="utf-8")
    for command in ("refresh", "undo", "changes"):
        code, _, told = run(command, path)
        assert code == 2
        assert "GeoPackage" in told
    assert [each.name for each in tmp_path.iterdir()] == ["city.toml"]
