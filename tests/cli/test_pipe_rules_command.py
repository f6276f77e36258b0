"""`zjk-gis pipes survey`, `dig`, `section`, and `zjk-gis overlay`, on the field of planted faults."""

import json

import geopandas as gpd
import pytest
from shapely import box

from zjk_gis.synth.pipe_faults import make_pipe_faults

FIELD = make_pipe_faults(seed=4)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    path = tmp_path_factory.mktemp("field") / "city.gpkg"
    for name in (
        "manholes", "pipelines", "ancient_trees", "roads", "excavation_permits", "building_footprints",
        "carriageways",
    ):  # fmt: skip
        FIELD.layers[name].to_file(path, layer=name, mode="a" if path.exists() else "w")
    return path


@pytest.fixture(scope="module")
def dig(tmp_path_factory):
    path = tmp_path_factory.mktemp("dig") / "dig.gpkg"
    pipe = FIELD.layers["pipelines"].geometry.iloc[0]
    x, y = pipe.interpolate(0.5, normalized=True).coords[0]
    gpd.GeoDataFrame({"permit_code": ["X9"]}, geometry=[box(x - 5, y - 5, x + 5, y + 5)], crs=4547).to_file(
        path
    )
    return path


def test_survey_counts_every_kind_and_writes_what_it_found(run, city, tmp_path):
    code, out, _ = run("pipes", "survey", city, "--at", "2025-12-31", "--json", "-o", tmp_path)
    told = json.loads(out)
    assert code == 0
    assert set(told["faults"]) == {
        "survey_faults", "adverse_slopes", "clearance_conflicts", "cover_depths", "cover_faults",
        "repeated_excavations",
    }  # fmt: skip
    assert told["faults"]["repeated_excavations"] == len(FIELD.truth["repeated_excavations"])
    shallow = gpd.read_file(tmp_path / "survey.gpkg", layer="cover_depths")
    assert set(FIELD.truth["cover_depths"]) <= set(shallow["pipe_code"])
    assert "carriageway" in set(shallow["road_place"])
    found = gpd.read_file(tmp_path / "survey.gpkg", layer="clearance_conflicts")
    beside = set(zip(found["pipe_a"], found["beside_code"], strict=True))
    assert {("P006A", "B006"), ("P008A", "T008")} <= beside  # a building and a tree
    assert sorted(p.name for p in tmp_path.iterdir()) == ["survey.gpkg", "survey.html", "survey.xlsx"]


def test_survey_speaks_chinese(run, city):
    code, out, _ = run("pipes", "survey", city, "--at", "2025-12-31")
    assert code == 0
    for word in ("净距冲突", "逆坡", "无法判断", "需复核", "拉链路", "水平", "交叉", "三通"):
        assert word in out


def test_a_dig_tells_pipes_and_whom_to_tell(run, city, dig, tmp_path):
    code, out, _ = run("pipes", "dig", city, dig, "--depth", "4.5", "--map", tmp_path / "dig.html", "--json")
    told = json.loads(out)
    assert code == 0
    assert FIELD.layers["pipelines"]["pipe_code"].iloc[0] in told["pipes"]
    assert told["tell"] == ["市政管线公司"]
    assert (tmp_path / "dig.html").exists()
    assert len(told["backs_up_m"]) == len(told["pipes"])


def test_a_section_is_printed_from_its_beginning(run, city):
    pipe = FIELD.layers["pipelines"].geometry.iloc[0]
    (ax, ay), (bx, by) = pipe.coords
    x, y = (ax + bx) / 2, (ay + by) / 2
    dx, dy = (by - ay) / pipe.length * 8, -(bx - ax) / pipe.length * 8
    code, out, _ = run("pipes", "section", city, "--line", x - dx, y - dy, x + dx, y + dy, "--json")
    cut = json.loads(out)["pipes"]
    assert code == 0
    assert len(cut) == 2  # the main and the sewer beside it
    assert cut[0]["offset_m"] < cut[1]["offset_m"]
    assert {round(each["angle"]) for each in cut} == {90}
    assert run("pipes", "section", city)[0] == 2


def test_a_section_is_drawn_and_cut_on_a_day(run, city, tmp_path):
    pipe = FIELD.layers["pipelines"].geometry.iloc[0]
    (ax, ay), (bx, by) = pipe.coords
    x, y = (ax + bx) / 2, (ay + by) / 2
    line = ["--line", x, y - 8, x, y + 8] if ay == by else ["--line", x - 8, y, x + 8, y]
    code, out, _ = run("pipes", "section", city, *line, "--picture", tmp_path / "s.svg")
    assert code == 0
    assert "s.svg" in out
    assert "管线横断面图" in (tmp_path / "s.svg").read_text(encoding="utf-8")


def test_a_network_of_a_day_on_which_nothing_lay_is_refused(run, city, tmp_path):
    layers = {name: FIELD.layers[name] for name in ("manholes", "pipelines")}
    layers["pipelines"] = layers["pipelines"].assign(valid_from="2030-01-01")
    path = tmp_path / "later.gpkg"
    for name, rows in layers.items():
        rows.to_file(path, layer=name, mode="a" if path.exists() else "w")
    code, _, err = run("pipes", path, "--at", "2025-12-31")
    assert code != 0
    assert "2025-12-31" in err


def test_overlay_says_how_much_lies_where(run, tmp_path):
    pipes = FIELD.layers["pipelines"]
    west, south, east, north = pipes.total_bounds
    half = (west + east) / 2
    zones = gpd.GeoDataFrame(
        {"zone_code": ["W", "E"]},
        geometry=[box(west, south, half, north), box(half, south, east, north)],
        crs=4547,
    )
    a, b, written = tmp_path / "pipes.gpkg", tmp_path / "zones.gpkg", tmp_path / "out.gpkg"
    pipes.to_file(a)
    zones.to_file(b)
    code, out, _ = run("overlay", a, b, "--json", "-o", written)
    told = json.loads(out)
    assert code == 0
    assert told["nowhere"] == 0
    assert sum(row["length_m"] for row in told["totals"]) == pytest.approx(pipes.length.sum())
    assert [row["zone_code"] for row in told["totals"]] == ["E", "W"]
    assert len(gpd.read_file(written, layer="out")) >= len(pipes)
    _, out, _ = run("overlay", a, b, "--lang", "zh", "-o", written.with_suffix(".csv"))
    assert "占比" in out
    assert "%" in out
    headings = written.with_suffix(".csv").read_text("utf-8-sig").splitlines()[0].split(",")
    assert {"行", "责任区编码", "判定方式", "长度(m)", "占比", "候选数"} <= set(headings)


def test_a_field_of_planted_faults_is_written_with_what_is_to_be_found(run, tmp_path):
    code, _, _ = run(
        "synth", tmp_path, "--grids", "300", "--incidents", "1000", "--pipe-faults", "--seed", "5"
    )
    truth = json.loads((tmp_path / "pipe_faults.json").read_text("utf-8"))
    assert code == 0
    assert truth == FIELD.truth
    assert len(gpd.read_file(tmp_path / "pipe_faults.gpkg", layer="pipelines")) == len(
        FIELD.layers["pipelines"]
    )


def test_a_dig_or_section_off_the_pipes_is_refused_not_answered_with_nothing(run, city, tmp_path):
    far = tmp_path / "far.gpkg"
    gpd.GeoDataFrame({"permit_code": ["X8"]}, geometry=[box(0, 0, 9, 9)], crs=4547).to_file(far)
    code, out, err = run("pipes", "dig", city, far)
    assert (code, out) == (2, "")
    assert "开挖范围：不在管线图层覆盖的范围内" in err
    code, out, err = run("pipes", "section", city, "--line", "114.88", "40.82", "114.89", "40.82")
    assert (code, out) == (2, "")
    assert "断面线：不在管线图层覆盖的范围内" in err
    code, _, err = run("pipes", "section", city, "--line", "573000", "4520000", "573000", "4520000")
    assert code == 2
    assert "断面线长度为零" in err


def test_digs_that_meet_no_pipe_are_named(run, city, dig, tmp_path):
    both = gpd.read_file(dig)
    west, south, _, _ = FIELD.layers["pipelines"].total_bounds
    more = gpd.GeoDataFrame(
        {"permit_code": ["X8"]}, geometry=[box(west - 90, south, west - 80, south + 9)], crs=4547
    )
    path = tmp_path / "two.gpkg"
    gpd.GeoDataFrame(
        {"permit_code": ["X9", "X8"]}, geometry=[*both.geometry, *more.geometry], crs=4547
    ).to_file(path)
    code, _, err = run("pipes", "dig", city, path)
    assert code == 0
    assert "下列开挖范围内及周边 1 米没有管线记录：X8" in err


@pytest.mark.parametrize("options", [["--inspected-within", "-1"], ["--at", "去年"]])
def test_survey_refuses_what_it_cannot_judge_by(run, city, options):
    assert run("pipes", "survey", city, *options)[0] == 2
