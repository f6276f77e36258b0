"""`zjk-gis refresh`, `undo` and `changes`: two weeks of a small city, from files to what changed.

In the first week zone B does not reach the edge of the built-up area; in the second it does, and A changes
hands::

    +---+---+-+
    | A | B | |
    +---+---+-+
"""

import json

import geopandas as gpd
import pytest
from shapely import box

from zjk_gis import write_layer
from zjk_gis.city.state import alone

X, Y, SIDE = 114.88, 40.81, 0.001
TOML = """
[city]
name = "示例市"
workspace = "工作库.gpkg"
history = "历史"
[coordinates]
measure = "EPSG:4547"
[[source]]
layer = "责任区"
files = "收件/*/责任区.geojson"
complete = true
[[source]]
layer = "built_up_areas"
files = "收件/*/城区.geojson"
complete = true
"""


def send(folder, day, width, chief):
    into = folder / "收件" / day
    into.mkdir(parents=True)
    zones = gpd.GeoDataFrame(
        {"zone_code": ["A", "B"], "chief_name": [chief, "李四"], "level": [3, 3]},
        geometry=[box(X, Y, X + SIDE, Y + SIDE), box(X + SIDE, Y, X + width * SIDE, Y + SIDE)],
        crs=4490,
    )
    write_layer(zones, into / "责任区.geojson")
    ground = gpd.GeoDataFrame({"area_code": ["1"]}, geometry=[box(X, Y, X + 2 * SIDE, Y + SIDE)], crs=4490)
    write_layer(ground, into / "城区.geojson")


@pytest.fixture
def toml(tmp_path):
    send(tmp_path, "2025-11-03", 1.8, "张三")
    path = tmp_path / "city.toml"
    path.write_text(TOML, encoding="utf-8")
    return path


def test_two_weeks_and_what_changed_between_them(run, toml, tmp_path):
    code, out, _ = run("refresh", toml, "--dry-run")
    assert code == 0
    assert "首版：2025-11-03" in out
    assert not (tmp_path / "工作库.gpkg").exists()

    code, out, err = run("refresh", toml, "--at", "2025-11-04")
    assert code == 0, err
    assert "第 1 次运行（2025-11-04）" in out
    assert "责任空白 1" in err
    assert "跳过，缺少图层" in err

    send(tmp_path, "2025-11-10", 2.0, "王五")
    code, out, err = run("refresh", toml, "--at", "2025-11-11", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told["answered"]["audit"] == "done"
    assert told["changes"][:2] == ["空白：新增 0 处，消除 1 处", "1 个责任区和路段换了路长"]

    code, out, _ = run("changes", toml, "-o", tmp_path / "变化.xlsx")
    assert code == 0
    assert "张三" in out
    assert "王五" in out
    code, out, _ = run("changes", toml, "--json")
    told = json.loads(out)
    assert [row["change"] for row in told["gaps"]] == ["closed"]
    assert {row["indicator"]: row["change"] for row in told["indicators"]}["ground_nobody"] == "better"

    code, out, _ = run("undo", toml)
    assert code == 0
    assert "已撤回第 2 次运行" in out
    code, _, err = run("changes", toml)
    assert code == 2
    assert "第二次运行起才能比较变化" in err
    code, _, err = run("refresh", toml, "--at", "2025-11-11")
    assert code == 1
    assert "所属的运行已撤回" in err


def test_what_stops_a_run_has_a_code_of_its_own(run, toml, tmp_path):
    assert run("refresh", toml)[0] == 0
    with alone(tmp_path / "历史" / "run.lock"):
        code, _, err = run("refresh", toml)
    assert code == 4
    assert "另有一次更新在运行" in err
    (tmp_path / "收件" / "2025-11-10").mkdir()
    (tmp_path / "收件" / "2025-11-10" / "责任区.geojson").write_text("{", encoding="utf-8")
    code, _, err = run("refresh", toml)
    assert code == 1
    assert "整件未收：" in err
    send(tmp_path, "2025-11-17", 2.0, "王五")
    zones = gpd.read_file(tmp_path / "收件" / "2025-11-17" / "责任区.geojson")
    write_layer(zones.head(1), tmp_path / "收件" / "2025-11-17" / "责任区.geojson")
    code, _, err = run("refresh", toml)
    assert code == 2
    assert "什么也没有收" in err
    assert run("refresh", toml, "--even-so", "街道")[0] == 2
