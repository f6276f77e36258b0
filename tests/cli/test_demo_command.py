"""`zjk-gis demo` fails where it does not find what was planted, or finds more."""

import json
from pathlib import Path

import pytest

from zjk_gis.synth import make_city, write_city


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    write_city(make_city(grids=300, incidents=1000, seed=12), folder)
    return folder


def test_one_near_miss_called_a_fault_makes_it_fail_and_is_named(run, planted, tmp_path):
    truth = json.loads((planted / "truth.json").read_text("utf-8"))
    near = next(row for row in truth["planted"] if row["kind"] == "inspection_due" and not row["fault"])
    near["fault"] = True
    (planted / "truth.json").write_text(json.dumps(truth), "utf-8")
    code, out, _ = run("demo", "--data", planted, "-o", tmp_path / "out", "--json")
    checks = {row["check"]: row for row in json.loads(out)["checks"]}
    assert code == 1
    assert [name for name, row in checks.items() if not row["ok"]] == ["inspection_due"]
    told = checks["inspection_due"]
    assert (told["planted"], told["found"], told["missed"], told["invented"]) == (2, 1, 1, 0)
    assert checks["odd_length"]["near_misses"] == 1


def test_it_says_which_lots_count(run, planted, tmp_path):
    _, out, _ = run("demo", "--data", planted, "-o", tmp_path / "out")
    assert "只计对公众开放的停车场" in out


def test_a_sample_is_made_where_there_is_none_and_into_no_folder_that_somebody_made(
    run, tmp_path, monkeypatch
):
    made = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("zjk_gis.cli.analysis.demo.make_city", lambda: "a city")
    monkeypatch.setattr("zjk_gis.cli.analysis.demo.write_city", lambda *city: made.append(city))
    assert "正在生成示例城市" in run("demo")[1]
    assert made == [("a city", Path("sample_data"))]

    Path("sample_data").mkdir()
    code, out, told = run("demo")
    assert code == 2
    assert "正在生成示例城市" not in out
    assert "zjk-gis synth sample_data" in told
    assert len(made) == 1
