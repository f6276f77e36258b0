"""What is planted at protected ground is found, and nothing else, whatever the seed."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from zjk_gis.protection import protected_scope
from zjk_gis.synth.places import historic_cores, make_historic
from zjk_gis.synth.protection import plant_protection

GROUND = gpd.GeoDataFrame(geometry=[shapely.box(571_000, 4_518_000, 577_000, 4_525_000)], crs=4547)


@pytest.mark.parametrize("seed", [1, 2, 7, 2022])
def test_what_is_planted_is_found_and_the_near_misses_are_not(seed):
    blocks, _ = make_historic(historic_cores(1000), GROUND.union_all(), np.random.default_rng(seed))
    layers, planted = plant_protection(blocks, GROUND, seed=seed)
    truth = {kind: [code for code, inside in codes.items() if inside] for kind, codes in planted.items()}
    scopes = {"historic_blocks": blocks, "ancient_trees": layers["ancient_trees"]}

    def judged(name):
        return protected_scope(layers[name], scopes, survey_extents=layers["survey_extents"])

    works, boards, digs = (judged(name) for name in ("projects", "sign_boards", "excavation_permits"))
    core = works["scope"] == "核心保护范围"
    assert works.loc[core, "project_code"].tolist() == truth["works_in_core"]
    assert set(works.loc[~core, "scope"]) == {"建设控制地带"}
    assert boards.loc[boards["protection"] == "inside", "board_code"].tolist() == truth["boards_in_control"]
    assert set(boards["protection"]) == {"inside", "outside"}
    assert digs.loc[digs["protection"] == "inside", "permit_code"].tolist() == truth["digs_at_trees"]
    assert set(digs["protection"]) == {"inside", "outside"}
    assert len(core) == 2 * len(truth["works_in_core"])


def test_the_same_seed_plants_the_same():
    blocks, _ = make_historic(historic_cores(1000), GROUND.union_all(), np.random.default_rng(1))
    first, second = (plant_protection(blocks, GROUND, seed=3) for _ in range(2))
    assert first[1] == second[1]
    for name, layer in first[0].items():
        assert layer.equals(second[0][name])
