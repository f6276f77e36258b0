"""The synthetic city: whole, coherent, the same from the same seed, and wrong only where it says so.

What was planted is found again here by naive means, without the analyses it is to judge.
"""

import filecmp
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from zjk_gis.errors import FileError, InputError
from zjk_gis.layers import spec_of
from zjk_gis.layers.checks.validate import validate
from zjk_gis.standards import rules_table
from zjk_gis.synth import check_against_truth, make_city, read_truth, write_city

LAST_DAY = "2025-12-31"


@pytest.fixture(scope="module")
def city():
    return make_city(grids=300, incidents=1500, seed=3)


@pytest.fixture(scope="module")
def zones(city):
    """The finest zones of the last day."""
    layer = city.layers["responsibility_zones"]
    held = layer["valid_to"].isna() | (layer["valid_to"] >= LAST_DAY)
    return layer[(layer["level"] == 3) & held]


def degrees(roads):
    """Count the road edges that end at each junction."""
    ends = shapely.get_coordinates(
        np.concatenate([shapely.get_point(roads.geometry.to_numpy(), i) for i in (0, -1)])
    ).round(2)
    return pd.Series(map(tuple, ends.tolist())).value_counts()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_city(tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        write_city(make_city(grids=300, incidents=1000, seed=seed), tmp_path / name)
    files = ["city.gpkg", "incidents.csv", "truth.json", "truth_incidents.csv.gz"]
    assert filecmp.cmpfiles(tmp_path / "a", tmp_path / "b", files, shallow=False)[0] == files
    assert filecmp.cmpfiles(tmp_path / "a", tmp_path / "c", files, shallow=False)[1] == files


def test_what_is_written_reads_back(city, tmp_path):
    write_city(city, tmp_path)
    truth, answers = read_truth(tmp_path)
    assert truth == json.loads(json.dumps(city.truth))
    assert answers.to_numpy().tolist() == city.answers.to_numpy().tolist()
    assert set(gpd.list_layers(tmp_path / "city.gpkg")["name"]) == set(city.layers)
    with pytest.raises(FileError, match="zjk-gis synth"):
        read_truth(tmp_path / "nowhere")


@pytest.mark.parametrize("size", [{"grids": 10}, {"grids": 10**9}, {"incidents": 5}])
def test_a_size_it_cannot_make_is_refused(size):
    with pytest.raises(InputError, match="must be between"):
        make_city(**size)


def test_every_layer_is_as_the_catalogue_says(city):
    for name, layer in city.layers.items():
        # Some pipes name a point that no table has, or are there twice, and a cover has no code, as planted.
        wrong = {row["code"] for row in city.truth["planted"] if row["layer"] == name and row["fault"]}
        code = layer[spec_of(name).code]
        planted = code.isna() | code.isin(wrong if name in ("pipelines", "manholes") else [])
        report = validate(layer[~planted], spec_of(name), layers=city.layers)
        assert report.ok, str(report)


def test_grids_cover_the_ground_without_gap_or_overlap(city):
    grids = city.layers["unit_grids"]
    land = city.layers["built_up_areas"].geometry.iloc[0].difference(city.layers["rivers"].geometry.iloc[0])
    assert shapely.coverage_is_valid(grids.geometry.to_numpy())
    assert grids.area.sum() == pytest.approx(land.area, rel=1e-9)
    assert 3000 < grids.area.min() < grids.area.median() < grids.area.max() < 25_000
    assert grids.area.median() == pytest.approx(10_000, rel=0.1)


@pytest.mark.parametrize(
    ("layer", "code", "digits"),
    [("communities", "community_code", 12), ("streets", "street_code", 9), ("districts", "district_code", 6)],
)
def test_a_grid_lies_where_its_code_says(city, layer, code, digits):
    areas = city.layers[layer].set_index(code).geometry
    grids = city.layers["unit_grids"]
    inside = grids.representative_point().to_numpy()
    assert shapely.intersects(inside, areas.loc[grids["grid_code"].str[:digits]].to_numpy()).all()


def test_names_are_real(city):
    known = rules_table("streets").set_index("street_code")["street_name"]
    streets = city.layers["streets"].set_index("street_code")["street_name"]
    assert (streets == known.loc[streets.index]).all()
    fort = (
        city.layers["historic_blocks"]
        .query("block_name == '堡子里' and scope == '核心保护范围'")
        .geometry.iloc[0]
    )
    here = city.layers["streets"][city.layers["streets"].contains(fort.centroid)]
    assert here["street_name"].tolist() == ["堡子里街道"]


def test_bridges_are_the_only_way_across_the_river(city):
    roads, river = city.layers["roads"], city.layers["rivers"].geometry.iloc[0]
    across = roads.geometry.intersection(river.buffer(-1)).length > 10
    assert across.any()
    assert roads.loc[across, "is_bridge"].all()
    dry = city.layers["built_up_areas"].geometry.iloc[0].difference(river)
    west, east = sorted(shapely.get_parts(dry), key=lambda bank: bank.centroid.x)
    streets = roads[~roads["is_bridge"]]
    on_both = streets.intersects(west.buffer(-1)) & streets.intersects(east.buffer(-1))
    assert not on_both.any()


def test_there_are_dead_ends_inside_the_city(city):
    count = degrees(city.layers["roads"])
    ends = shapely.points([list(p) for p in count.index[count == 1]])
    edge = city.layers["built_up_areas"].geometry.iloc[0].boundary
    assert (shapely.distance(ends, edge) > 20).sum() >= 5


def test_sewage_and_rain_run_downhill_in_pipes_that_grow(city):
    pipes = city.layers["pipelines"]
    gravity = pipes[
        pipes["pipe_kind"].isin(["WS", "YS"]) & ~pipes["pipe_code"].isin(city.truth["pipes_on_plots"])
    ]
    assert (gravity["to_level_m"] <= gravity["from_level_m"]).all()
    assert gravity["diameter_mm"].nunique() >= 3


def test_ground_level_is_pipe_level_plus_depth_at_both_ends(city):
    ground = city.layers["manholes"].dropna(subset="manhole_code").set_index("manhole_code")["ground_level_m"]
    pipes = city.layers["pipelines"]
    pipes = pipes[~pipes["pipe_code"].isin(city.truth["pipes_on_plots"])]
    for end in ("from", "to"):
        pipes = pipes[pipes[f"{end}_manhole"].isin(ground.index)]
        level = pipes[f"{end}_level_m"] + pipes[f"{end}_depth_m"]
        assert np.allclose(level, ground.loc[pipes[f"{end}_manhole"]], atol=1e-6)


def test_pipes_end_at_the_manholes_they_name(city):
    where = city.layers["manholes"].dropna(subset="manhole_code").set_index("manhole_code").geometry
    pipes = city.layers["pipelines"]
    for end, position in (("from", 0), ("to", -1)):
        pipes = pipes[pipes[f"{end}_manhole"].isin(where.index)]
        points = shapely.get_point(pipes.geometry.to_numpy(), position)
        assert shapely.distance(points, where.loc[pipes[f"{end}_manhole"]].to_numpy()).max() < 1e-6


def test_what_zones_leave_over_is_what_was_planted(city, zones):
    land = city.layers["built_up_areas"].geometry.iloc[0].difference(city.layers["rivers"].geometry.iloc[0])
    bare = land.difference(shapely.union_all(zones.geometry.to_numpy()))
    planted = city.truth["gaps"]
    assert bare.area == pytest.approx(sum(gap["area_m2"] for gap in planted), rel=1e-6)
    assert all(bare.distance(shapely.Point(gap["x"], gap["y"])) < 0.01 for gap in planted)


def test_what_zones_share_is_what_was_planted(city, zones):
    shapes, codes = zones.geometry.to_numpy(), zones["zone_code"].to_numpy()
    shared = {
        tuple(sorted((codes[i], codes[j]))): shapes[i].intersection(shapes[j]).area
        for i in range(len(shapes))
        for j in range(i)
        if shapes[i].intersection(shapes[j]).area > 0.01
    }
    planted = {(o["first_code"], o["second_code"]): o["area_m2"] for o in city.truth["overlaps"]}
    assert shared.keys() == planted.keys()
    assert all(shared[pair] == pytest.approx(area, rel=1e-6) for pair, area in planted.items())


def test_facilities_are_wrong_only_where_planted(city, zones):
    layers, truth = city.layers, city.truth
    sections = layers["road_sections"]
    vacant = sections["chief_code"].isna() | (sections["valid_to"].fillna(LAST_DAY) < LAST_DAY)
    assert sorted(sections.loc[vacant, "section_code"]) == truth["sections_without_chief"]
    pipes, wells = layers["pipelines"], layers["manholes"]
    wells = wells.dropna(subset="manhole_code")
    named = set(pipes["from_manhole"]) | set(pipes["to_manhole"])
    ends = shapely.union_all([shapely.get_point(pipes.geometry.to_numpy(), end) for end in (0, -1)])
    alone = ~wells["manhole_code"].isin(named) & (wells.distance(ends) > 0.5)
    assert sorted(wells.loc[alone, "manhole_code"]) == truth["orphan_manholes"]
    kind = wells.set_index("manhole_code")["pipe_kind"]
    into_rain = (pipes["pipe_kind"] == "WS") & (pipes["to_manhole"].map(kind) == "YS")
    assert sorted(pipes.loc[into_rain, "pipe_code"]) == truth["misconnections"]
    core = layers["historic_blocks"].query("scope == '核心保护范围'").union_all()
    assert sorted(pipes.loc[pipes.intersects(core), "pipe_code"]) == truth["pipelines_in_core"]


class TestIncidents:
    def test_each_has_its_answer_and_the_planted_ones_are_listed(self, city):
        assert city.incidents["案件编号"].is_unique
        assert city.incidents["案件编号"].tolist() == city.answers["incident_code"].tolist()
        listed = city.answers[city.answers["fault"] != ""].groupby("fault")["incident_code"].apply(sorted)
        assert listed.to_dict() == city.truth["incidents"]

    def test_coordinates_are_spoilt_as_listed(self, city):
        raw = city.incidents.set_index("案件编号")
        faults = city.truth["incidents"]
        assert sorted(raw.index[raw["经度"].isna()]) == faults["no_coordinates"]
        assert sorted(raw.index[raw["经度"] < 60]) == faults["swapped_axes"]
        through_app = raw.index[raw["上报渠道"] == "随手拍小程序"]
        assert set(faults["gcj02"]) == set(through_app)

    def test_plain_ones_lie_in_their_grid(self, city):
        raw = city.incidents.assign(answer=city.answers["grid_code"], fault=city.answers["fault"])
        plain = raw[(raw["fault"] == "") & (raw["answer"] != "")]
        points = gpd.GeoSeries.from_xy(plain["经度"], plain["纬度"], crs=4490).to_crs(4547)
        grids = city.layers["unit_grids"].set_index("grid_code").geometry.loc[plain["answer"]]
        assert len(plain) > 1000
        assert shapely.contains(grids.to_numpy(), points.to_numpy()).all()

    def test_a_naive_answer_is_wrong(self, city):
        """Taking every coordinate as it stands, and zones of any day, misses hundreds of answers."""
        raw = city.incidents
        points = gpd.GeoDataFrame(
            geometry=gpd.points_from_xy(raw["经度"].fillna(0), raw["纬度"].fillna(0)), crs=4490
        )
        zones = city.layers["responsibility_zones"].query("level == 3")
        joined = points.to_crs(4547).sjoin(zones[["zone_code", "geometry"]], how="left")
        first = joined[~joined.index.duplicated()]["zone_code"].fillna("")
        assert (first.to_numpy() != city.answers["zone_code"].to_numpy()).sum() > 50


class TestTruthCheck:
    """The check itself can fail: it is given wrong answers here."""

    def test_a_missing_and_an_invented_one_are_counted(self, city):
        pipes = city.layers["pipelines"].set_index("pipe_code", drop=False)
        planted = city.truth["misconnections"]
        other = next(code for code in pipes.index if code not in planted)
        found = pipes.loc[[*planted[1:], other]]
        row = check_against_truth(city.truth, city.answers, misconnections=found).iloc[0]
        assert row[["planted", "found", "missed", "invented", "ok"]].tolist() == [3, 2, 1, 1, False]

    def test_a_gap_of_the_wrong_size_is_not_found(self, city):
        planted = city.truth["gaps"]
        shapes = [shapely.Point(gap["x"], gap["y"]).buffer(0.1) for gap in planted]
        found = gpd.GeoDataFrame(planted, geometry=shapes, crs=4547)
        right = check_against_truth(city.truth, city.answers, gaps=found)
        wrong = check_against_truth(
            city.truth, city.answers, gaps=found.assign(area_m2=found["area_m2"] * 1.001)
        )
        assert right["ok"].tolist() == [True]
        assert wrong[["found", "missed", "invented"]].to_numpy().tolist() == [[0, len(planted), len(planted)]]

    def test_one_wrong_zone_among_all_answers_is_seen(self, city):
        answers = city.answers
        assigned = gpd.GeoDataFrame(
            answers.assign(reason="", zone_code=answers["zone_code"].where(answers.index != 7, "Z3-wrong")),
            geometry=[shapely.Point()] * len(answers),
        )
        row = check_against_truth(city.truth, answers, assigned=assigned).iloc[0]
        assert row[["check", "missed", "ok"]].tolist() == ["assigned", 1, False]
