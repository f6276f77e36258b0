"""In which scope a thing lies. The core of 堡子里 is the square of 100 m at A, its control zone the frame B.

::

        +-----------------+  150
        |        B        |
        |    +-------+    |  100
        |    |   A   |    |
        |    +-------+    |  0
        +-----------------+  -50
      -50    0      100  150
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPoint, Point, box

from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.catalogue import HISTORIC_BLOCKS
from zjk_gis.protection import affected_features, protected_scope
from zjk_gis.protection.scopes import layers_with_scopes

X, Y = 573000, 4520000
CORE, CONTROL, SETTING = "核心保护范围", "建设控制地带", "环境协调区"


def layer(*shapes, crs=4547, **columns):
    moved = [shapely.transform(shape, lambda coords: coords + [X, Y]) for shape in shapes]
    return gpd.GeoDataFrame(columns, geometry=moved, crs=crs)


A, AROUND = box(0, 0, 100, 100), box(-50, -50, 150, 150)
B = AROUND.difference(A)
BLOCKS = layer(A, B, scope_code=["H1", "H2"], block_name="堡子里", scope=[CORE, CONTROL])
EVERYWHERE = layer(box(-9000, -9000, 9000, 9000))


def judged(shape, scopes=BLOCKS, **options):
    return protected_scope(layer(shape), scopes, survey_extents=EVERYWHERE, **options).iloc[0]


@pytest.mark.parametrize(
    ("shape", "protection", "scope", "depth", "distance"),
    [
        (Point(50, 40), "inside", CORE, 40, 0),
        (Point(-20, 50), "inside", CONTROL, 20, 0),
        (Point(0, 50), "border", CORE, 0, 0),  # on the border of both: the stricter
        (Point(0.05, 50), "border", CORE, 0, 0),
        (Point(0.1, 50), "inside", CORE, 0.1, 0),
        (Point(-50.05, 50), "border", CONTROL, 0, 0.05),
        (Point(-50.2, 50), "outside", None, None, 0.2),
        (Point(-149, 50), "outside", None, None, 99),
        (Point(-151, 50), "outside", None, None, None),  # farther than is looked
        (MultiPoint([(50, 50), (-20, 50)]), "inside", CORE, 50, 0),
        (LineString([(-30, 50), (30, 50)]), "inside", CORE, 30, 0),
        (LineString([(-60, 160), (200, 160)]), "outside", None, None, 10),
        (box(-10, 10, 30, 30), "inside", CORE, 30, 0),
        (box(-50, -60, 150, -49.95), "border", CONTROL, 0, 0),  # digitising noise
        (box(-90, -90, 190, 190), "inside", CORE, 50, 0),  # covers the middle
    ],
)
def test_where_a_thing_lies_how_deep_and_how_far_away(shape, protection, scope, depth, distance):
    found = judged(shape)
    assert found["protection"] == protection
    assert (found["scope"] if scope else None) == scope
    for value, expected in ((found["depth_m"], depth), (found["distance_m"], distance)):
        assert np.isnan(value) if expected is None else value == pytest.approx(expected, abs=0.011)


def test_a_pipe_along_a_border_lies_where_its_depth_is():
    found = judged(LineString([(0.05, 10), (0.05, 90)]))
    assert found[["protection", "scope", "border_scopes"]].tolist() == ["border", CORE, f"{CORE};{CONTROL}"]
    assert found["inside_m"] == pytest.approx(80)
    assert judged(LineString([(0.05, 10), (0.05, 90)]), tolerance_m=0.01)["protection"] == "inside"


def test_a_project_over_ten_metres_of_core_and_five_hundred_of_control_is_in_the_core():
    found = judged(box(99, 0, 150, 10))
    assert found[["scope", "scopes"]].tolist() == [CORE, f"{CORE};{CONTROL}"]
    assert found[["scope_m2", "inside_m2", "share"]].tolist() == pytest.approx([10, 510, 1])
    assert "新建" in found["rule"]
    assert "规划" in found["approver"]
    assert found["protected_name"] == "堡子里"


def test_beyond_the_survey_nothing_is_free():
    things = layer(Point(200, 50), Point(400, 50), LineString([(290, 50), (310, 50)]), Point(50, 50))
    survey = layer(box(-100, -100, 300, 300), surveyed_on=["2024-06-30"], surveyed_layer=["historic_blocks"])
    found = protected_scope(things, BLOCKS, survey_extents=survey)
    assert found["protection"].tolist() == ["outside", "unknown", "unknown", "inside"]
    assert found["known"].tolist() == [True, False, False, True]
    assert found["unknown_layers"].fillna("").tolist() == ["", "historic_blocks", "historic_blocks", ""]
    assert found["surveyed_on"].fillna("").tolist() == ["2024-06-30", "", "2024-06-30", "2024-06-30"]
    assert protected_scope(things, BLOCKS)["protection"].tolist() == ["unknown"] * 3 + ["inside"]


def test_units_of_cultural_relics_lie_over_blocks_and_both_are_told():
    relics = layer(box(80, 80, 120, 120), relic_code=["W1"], relic_name="玉皇阁", relic_scope=["保护范围"])
    found = judged(Point(90, 90), {"historic_blocks": BLOCKS, "cultural_relics": relics})
    assert found["scopes"] == f"文物保护范围;{CORE}"
    assert found[["protected_code", "protected_name"]].tolist() == ["W1", "玉皇阁"]
    assert "文物" in found["approver"]


class TestTrees:
    """A crown of 10 m: protected are 5 m of it and 5 m around."""

    TREE = layer(Point(0, 0), tree_code=["G1"], crown_m=[10.0])

    @pytest.mark.parametrize(("x", "protection"), [(9, "inside"), (10, "border"), (10.2, "outside")])
    def test_the_crown_and_five_metres(self, x, protection):
        assert judged(Point(x, 0), self.TREE)["protection"] == protection

    def test_of_a_crown_that_is_not_known_the_certain_part_counts(self):
        tree = self.TREE.assign(crown_m=None)
        found = protected_scope(layer(Point(4, 0), Point(9, 0)), tree, survey_extents=EVERYWHERE)
        assert found["protection"].tolist() == ["inside", "outside"]
        assert found.attrs["set_aside"] == [
            {"layer": "ancient_trees", "row": 0, "why": "crown_not_known", "value": ""}
        ]
        assert protected_scope(layer(Point(4, 0)), tree.drop(columns="crown_m"))["protection"][0] == "inside"


class TestTheTable:
    def test_a_kind_without_a_distance_is_refused_by_name_until_the_city_fills_it(self):
        gas = layer(LineString([(0, 0), (50, 0)]), pipe_code=["P1"])
        with pytest.raises(InputError, match="the distance of 燃气设施保护范围 is not known"):
            judged(Point(10, 3), {"燃气设施保护范围": gas})
        own = {"protection_scopes": pd.DataFrame({"scope": ["燃气设施保护范围"], "distance_m": ["5"]})}
        found = judged(Point(10, 3), {"燃气设施保护范围": gas}, tables=own)
        assert found[["protection", "scope", "confidence"]].tolist() == ["inside", "燃气设施保护范围", "user"]

    def test_a_city_changes_the_order_and_adds_a_kind(self):
        own = pd.DataFrame({"scope": [CONTROL, "城墙遗址"], "rank": ["1.5", "0"], "distance_m": ["0", "10"]})
        wall = layer(LineString([(0, 0), (100, 0)]))
        found = judged(
            box(-20, 1, 20, 5),
            {"historic_blocks": BLOCKS, "城墙遗址": wall},
            tables={"protection_scopes": own.assign(around="shape", rule_zh=["", "禁止取土"])},
        )
        assert found["scopes"] == f"城墙遗址;{CONTROL};{CORE}"
        assert found["rule"] == "禁止取土"

    @pytest.mark.parametrize(
        ("scopes", "words"),
        [
            ({"parks": BLOCKS}, "no layer and no kind of scope 'parks'; known are cultural_relics"),
            (BLOCKS[["geometry"]], "it is not known what this layer protects"),
            (BLOCKS.assign(scope="缓冲区"), "no value of scope"),
            ({}, "name at least one layer"),
        ],
    )
    def test_what_is_not_known_is_refused(self, scopes, words):
        with pytest.raises(InputError, match=words):
            judged(Point(0, 0), scopes)

    def test_a_layer_without_its_column_is_refused(self):
        with pytest.raises(MissingColumnError, match="historic_blocks: no column 'scope'"):
            judged(Point(0, 0), {"historic_blocks": BLOCKS.drop(columns="scope")})

    def test_a_distance_that_is_not_a_number_is_refused(self):
        own = {"protection_scopes": pd.DataFrame({"scope": [CORE], "distance_m": ["-1"]})}
        with pytest.raises(InputError, match="the row 核心保护范围 needs a rank"):
            judged(Point(0, 0), tables=own)


def test_every_row_comes_back_under_its_index_and_what_has_no_shape_is_unknown():
    things = layer(Point(50, 50), Point(0, 900), Point(1, 1), scope=["a", "b", "c"])
    things.index = [7, 7, 3]
    things.loc[3, "geometry"] = None
    found = protected_scope(things, BLOCKS, survey_extents=EVERYWHERE)
    assert found.index.tolist() == [7, 7, 3]
    assert found["protection"].tolist() == ["inside", "outside", "unknown"]
    assert found["scope_recorded"].tolist() == ["a", "b", "c"]
    assert found.attrs["set_aside"] == [{"layer": "features", "row": 3, "why": "no_geometry", "value": ""}]


def test_spellings_are_understood_and_others_named():
    odd = pd.concat(
        [BLOCKS.assign(scope=["核心区", "建控地带"]), BLOCKS.assign(scope=["风貌协调区", "缓冲区"])]
    )
    found = protected_scope(layer(Point(50, 50)), odd)
    assert found["scopes"].tolist() == [f"{CORE};{SETTING}"]
    assert [(row["why"], row["value"]) for row in found.attrs["set_aside"]] == [("not_understood", "缓冲区")]


def test_who_answers_for_what_is_found():
    zones = layer(AROUND, zone_code=["Z1"], chief_code=["L1"], chief_name=["甲"])
    streets = layer(AROUND, street_code=["130703005"], street_name=["堡子里街道"])
    found = protected_scope(layer(Point(50, 50), Point(149.9, 151)), BLOCKS, zones=zones, streets=streets)
    columns = ["zone_code", "chief_code", "chief_name", "street_code", "street_name"]
    assert found.loc[0, columns].tolist() == ["Z1", "L1", "甲", "130703005", "堡子里街道"]
    assert found.loc[1, columns].isna().all()


def test_what_lies_in_a_scope_is_one_list():
    found = affected_features(
        BLOCKS,
        {
            "sign_boards": layer(Point(50, 50), Point(500, 0), board_code=["B1", "B2"]),
            "projects": layer(box(99, 0, 150, 10), project_code=["X1"]),
        },
    )
    told = found[["scope", "layer", "code", "inside_m2"]].astype(object).where(found.notna(), None)
    assert told.to_numpy().tolist() == [
        [CORE, "projects", "X1", 10.0],
        [CORE, "sign_boards", "B1", None],
        [CONTROL, "projects", "X1", 500.0],
    ]
    assert affected_features(BLOCKS, {"projects": layer(Point(900, 900))}).empty
    with pytest.raises(InputError, match="name at least one layer"):
        affected_features(BLOCKS, {})


places = st.integers(-60, 160)
rects = st.tuples(places, places, st.integers(1, 60), st.integers(1, 60)).map(
    lambda b: box(b[0], b[1], b[0] + b[2], b[1] + b[3])
)
lines = st.lists(st.tuples(places, places), min_size=2, max_size=4, unique=True).map(LineString)


@settings(max_examples=40)
@given(
    st.lists(lines.filter(lambda line: line.is_simple), min_size=1, max_size=4),
    st.lists(rects, min_size=1, max_size=4),
    st.lists(st.tuples(rects, st.sampled_from([CORE, CONTROL, SETTING])), min_size=1, max_size=5),
    st.randoms(),
)
def test_what_lies_inside_sums_to_the_intersection_with_the_union(ways, plots, scopes, random):
    blocks = layer(*(s for s, _ in scopes), block_name="x", scope=[kind for _, kind in scopes])
    things = layer(*ways, *plots)
    found = protected_scope(things, blocks)
    union = blocks.union_all()
    within = shapely.intersection(things.geometry.to_numpy(), union)
    assert found["inside_m"].sum() == pytest.approx(shapely.length(within[: len(ways)]).sum(), abs=1e-6)
    assert found["inside_m2"].sum() == pytest.approx(shapely.area(within[len(ways) :]).sum(), abs=1e-6)
    order = random.sample(range(len(blocks)), len(blocks))
    pd.testing.assert_frame_equal(
        pd.DataFrame(protected_scope(things, blocks.iloc[order])).drop(columns="geometry"),
        pd.DataFrame(found).drop(columns="geometry"),
    )


def test_digs_and_works_agree_on_which_scope_of_a_block_is_the_strictest():
    """`excavation_impact` goes by the order of the catalogue, `protected_scope` by the table of scopes."""
    words = list(HISTORIC_BLOCKS.field("scope").ordered_values())
    assert layers_with_scopes()["historic_blocks"] == words
