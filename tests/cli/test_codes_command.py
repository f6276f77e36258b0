"""`zjk-gis codes`, as an analyst calls it."""

import json

import pandas as pd
import pytest


@pytest.fixture
def grids(tmp_path):
    path = tmp_path / "grids.csv"
    codes = ["130703005001001", "130703099001001", "130703005001007"]
    pd.DataFrame({"网格编码": codes}).to_csv(path, index=False, encoding="gb18030")
    return path


def test_explain(run):
    code, out, _ = run("codes", "explain", "130703005001001", "52012204")
    assert code == 0
    assert "第 7–9 位 005：街道 堡子里街道" in out
    assert "管线大类 排水" in out
    assert run("codes", "explain", "1")[0] == 2


def test_check_lists_and_writes_what_is_wrong(run, grids, tmp_path):
    code, out, _ = run(
        "codes",
        "check",
        grids,
        "--column",
        "网格编码",
        "--scheme",
        "unit_grid",
        "-o",
        tmp_path / "p.csv",
    )
    assert code == 1
    assert "3 个编码，1 个错误，0 个提醒" in out
    assert "130703 桥西区没有街道 099" in out
    assert len(pd.read_csv(tmp_path / "p.csv")) == 1
    _, told, _ = run("codes", "check", grids, "--column", "网格编码", "--scheme", "unit_grid", "--json")
    assert json.loads(told)["problems"][0]["rule"] == "unknown_street"


def test_a_column_that_is_not_there_lists_those_that_are(run, grids):
    code, _, err = run(
        "--lang", "en", "codes", "check", grids, "--column", "grid_code", "--scheme", "unit_grid"
    )
    assert code == 2
    assert "has no column 'grid_code'; its columns are 网格编码" in err


def test_next_counts_on_after_void_ones(run, grids, tmp_path):
    asked = (
        "next",
        grids,
        "--column",
        "网格编码",
        "--scheme",
        "unit_grid",
        "--prefix",
        "130703005001",
        "--count",
        2,
    )
    assert run("codes", *asked)[1].split() == ["130703005001008", "130703005001009"]
    void = tmp_path / "void.csv"
    pd.DataFrame({"网格编码": ["130703005001020"]}).to_csv(void, index=False)
    assert run("codes", *asked, "--retired", void)[1].split() == ["130703005001021", "130703005001022"]
