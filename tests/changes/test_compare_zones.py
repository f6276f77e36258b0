"""What a change of zones moves, on zones that can be drawn on graph paper.

Before, four zones of 100 m stand in a row, and D has no chief::

    +---+---+---+---+
    | A | B | C | D |
    +---+---+---+---+
    0  100 200 300 400
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, box

import zjk_gis
from zjk_gis.errors import EmptyLayerError, GeometryError, InputError, MissingColumnError

X, Y = 573000, 4520000


def square(x, y=0, width=100.0, height=100.0):
    return box(X + x, Y + y, X + x + width, Y + y + height)


def make_zones(crs=4547, **shapes):
    """Make zones by their codes; each has the chief L and its code."""
    chiefs = [f"L{code}" for code in shapes]
    return gpd.GeoDataFrame(
        {"zone_code": list(shapes), "chief_code": chiefs}, geometry=list(shapes.values()), crs=crs
    )


@pytest.fixture
def old():
    return make_zones(A=square(0), B=square(100), C=square(200), D=square(300))


def moves(changes):
    columns = ["kind", "from_code", "to_code", "from_chief", "to_chief", "area_m2"]
    return [tuple(row) for row in changes.moved[columns].round(6).to_numpy().tolist()]


def kinds(changes):
    return dict(zip(changes.zones["zone_code"], changes.zones["kind"], strict=True))


def test_nothing_moves_between_the_same_zones_in_any_order(old):
    changes = zjk_gis.compare_zones(old, old.sample(frac=1, random_state=2))
    assert len(changes.moved) == len(changes.handover) == 0
    assert set(changes.zones["kind"]) == {"unchanged"}
    assert changes.figure("ground_unmoved") == 40_000
    assert changes.figure("zones_changed") == 0


def test_a_strip_changes_hands(old):
    new = old.set_geometry([square(0, width=130), square(130, width=70), square(200), square(300)])
    changes = zjk_gis.compare_zones(old, new)
    assert moves(changes) == [("other_zone", "B", "A", "LB", "LA", 3000.0)]
    measures = ["ground_before_or_after", "ground_unmoved", "ground_moved", "ground_dropped"]
    assert [round(changes.figure(name), 6) for name in measures] == [40_000, 37_000, 3000, 0]
    row = changes.moved.iloc[0]
    assert row["from_share"] == pytest.approx(0.3)
    assert row["to_share"] == pytest.approx(3 / 13)
    assert row.geometry.equals(square(100, width=30))
    assert kinds(changes) == {"A": "reshaped", "B": "reshaped", "C": "unchanged", "D": "unchanged"}
    zones = changes.zones.set_index("zone_code")
    assert zones.loc["A", "from_codes"] == "A;B"
    assert zones.loc["B", "to_codes"] == "B;A"
    assert zones.loc["B", ["before_m2", "after_m2", "kept_m2", "given_m2", "taken_m2"]].tolist() == [
        10_000, 7000, 7000, 3000, 0,
    ]  # fmt: skip


def test_ground_is_left_to_nobody_and_taken_from_nobody(old):
    new = old.set_geometry([square(20, width=80), square(100), square(200), square(300, width=150)])
    changes = zjk_gis.compare_zones(old, new)
    assert moves(changes) == [
        ("from_nobody", "", "D", "", "LD", 5000.0),
        ("to_nobody", "A", "", "LA", "", 2000.0),
    ]
    assert np.isnan(changes.moved["from_share"].iloc[0])
    assert changes.figure("ground_to_nobody") == 2000
    assert changes.handover[
        ["chief_code", "direction", "counterpart_chief", "area_m2"]
    ].to_numpy().tolist() == [
        ["LA", "gives", "", 2000.0],
        ["LD", "gets", "", 5000.0],
    ]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        # A is cut in two, of which neither keeps the code.
        (
            {"A1": square(0, width=40), "A2": square(40, width=60)},
            {"A": "split", "A1": "split", "A2": "split", "B": "unchanged"},
        ),
        # A keeps one half.
        (
            {"A": square(0, width=40), "A2": square(40, width=60)},
            {"A": "split", "A2": "split", "B": "unchanged"},
        ),
        # The same ground, another code.
        ({"E": square(0)}, {"A": "renamed", "E": "renamed", "B": "unchanged"}),
        # A and B in one.
        ({"B": None, "E": square(0, width=200)}, {"A": "merged", "B": "merged", "E": "merged"}),
        ({"B": square(0, width=200)}, {"A": "merged", "B": "merged"}),
        # A is given up, and nobody has its ground.
        ({}, {"A": "retired", "B": "unchanged"}),
        # A is given up, and all have a part of its ground.
        (
            {
                "B": square(50, width=150),
                "E": Polygon([(X, Y), (X + 50, Y), (X + 50, Y + 100), (X - 200, Y + 100)]),
            },
            {"A": "retired", "B": "reshaped", "E": "new"},
        ),
    ],
)
def test_what_became_of_each_code(old, after, expected):
    rest = {"B": square(100), "C": square(200), "D": square(300)} | after
    new = make_zones(**{code: shape for code, shape in rest.items() if shape is not None})
    found = kinds(zjk_gis.compare_zones(old, new))
    assert found == {**expected, "C": "unchanged", "D": "unchanged"}


def test_another_chief_moves_the_whole_ground_without_an_overlay(old):
    new = old.assign(chief_code=["LA", "L9", "LC", None])
    changes = zjk_gis.compare_zones(old, new)
    assert moves(changes) == [
        ("other_chief", "B", "B", "LB", "L9", 10_000.0),
        ("other_chief", "D", "D", "LD", "", 10_000.0),
    ]
    assert kinds(changes) == {"A": "unchanged", "B": "chief_changed", "C": "unchanged", "D": "chief_changed"}
    assert changes.figure("ground_unmoved") == 20_000


def test_where_zones_overlap_all_that_hold_the_ground_are_named():
    old = make_zones(A=square(0), B=square(60), C=square(300))
    new = make_zones(A=square(0), B=square(100, width=60), C=square(300)).assign(
        chief_code=["L9", "LB", "LC"]
    )
    changes = zjk_gis.compare_zones(old, new)
    assert moves(changes) == [
        ("other_chief", "A", "A", "LA", "L9", 6000.0),
        ("other_zone", "A;B", "A", "LA;LB", "L9", 4000.0),
    ]
    assert changes.figure("ground_unmoved") == 16_000
    gives = changes.handover[changes.handover["direction"] == "gives"]
    assert gives[["chief_code", "counterpart_chief", "from_code", "area_m2"]].to_numpy().tolist() == [
        ["LA", "L9", "A", 10_000.0],
        ["LB", "L9", "B", 4000.0],
    ]


@pytest.fixture
def city():
    """A road along y = 50 and one along the new border, manholes every 10 m, and incidents, one closed."""
    return {
        "roads": gpd.GeoDataFrame(
            {"edge_code": ["E1", "E2"], "road_name": ["长青路", "边界街"]},
            geometry=[
                LineString([(X, Y + 50), (X + 400, Y + 50)]),
                LineString([(X + 130, Y), (X + 130, Y + 100)]),
            ],
            crs=4547,
        ),
        "components": {
            "manholes": gpd.GeoDataFrame(
                geometry=[Point(X + x, Y + 50) for x in range(5, 400, 10)], crs=4547
            ),
            "trees": gpd.GeoDataFrame({"n": []}, geometry=[], crs=4547),
        },
        "incidents": gpd.GeoDataFrame(
            {
                "incident_code": ["I1", "I2", "I3", "I4"],
                "state": ["处置", "结案", "处置", "处置"],
            },
            geometry=[Point(X + x, Y + 20) for x in (110, 120, 50, 99.8)],
            crs=4547,
            index=[7, 8, 9, 10],
        ),
    }


def test_roads_components_and_open_incidents_are_handed_over(old, city):
    new = old.set_geometry([square(0, width=130), square(130, width=70), square(200), square(300)])
    changes = zjk_gis.compare_zones(old, new, **city)
    row = changes.moved.iloc[0]
    assert row["road_m"] == pytest.approx(30 + 50)  # of the one along the border the half
    assert (row["manholes"], row["trees"], row["open"]) == (3, 0, 1)
    assert changes.roads[["move_code", "road_name", "road_m"]].round(3).to_numpy().tolist() == [
        ["M001", "边界街", 50.0],
        ["M001", "长青路", 30.0],
    ]
    # The one 0.2 m west of the former border was A's and stays so: nearest to it.
    assert changes.incidents.index.tolist() == [7, 8]
    assert changes.incidents["open"].tolist() == [True, False]
    assert changes.incidents["move_code"].tolist() == ["M001", "M001"]
    for at, (chief, direction, other) in enumerate([("LA", "gets", "LB"), ("LB", "gives", "LA")]):
        listed = changes.handover.iloc[at]
        assert listed[["chief_code", "direction", "counterpart_chief", "from_code", "to_code"]].tolist() == [
            chief, direction, other, "B", "A",
        ]  # fmt: skip
        assert listed["roads"] == "边界街 50.0 m;长青路 30.0 m"
        assert listed[["area_m2", "road_m", "manholes", "trees", "open"]].tolist() == [3000, 80, 3, 0, 1]
        assert listed["open_incidents"] == "I1"


def test_half_a_metre_of_road_counts_and_a_building_counts_where_its_middle_lies(old):
    new = old.set_geometry([square(0, width=130), square(130, width=70), square(200), square(300)])
    road = gpd.GeoDataFrame(
        {"road_name": ["巷"]}, geometry=[LineString([(X + 99, Y + 9), (X + 100.5, Y + 9)])], crs=4547
    )
    houses = gpd.GeoDataFrame(geometry=[square(95, 10, 30, 10), square(125, 10, 30, 10)], crs=4547)
    changes = zjk_gis.compare_zones(old, new, roads=road, components={"houses": houses})
    row = changes.moved.iloc[0]
    assert (row["road_m"], row["houses"]) == (pytest.approx(0.5), 1)


@pytest.mark.parametrize(("width", "kind"), [(150, "renamed"), (151, "new")])
def test_the_same_share_of_ground_is_the_same_zone(width, kind):
    """Two thirds of the ground of E are that of A, which lies in it whole; of a wider one it is less."""
    old, new = make_zones(A=square(0)), make_zones(E=square(0, width=width))
    found = kinds(zjk_gis.compare_zones(old, new, same_share=100 / 150))
    assert found == {"A": "renamed" if kind == "renamed" else "retired", "E": kind}


def test_zones_that_only_change_their_chief_are_told_each_with_its_ground(old):
    new = old.assign(chief_code=["L1", "LB", "L2", "L3"])
    moved = zjk_gis.compare_zones(old, new).moved
    assert moved[["from_code", "to_code", "to_chief"]].to_numpy().tolist() == [
        ["A", "A", "L1"], ["C", "C", "L2"], ["D", "D", "L3"],
    ]  # fmt: skip
    assert all(shape.equals(old.geometry[at]) for shape, at in zip(moved.geometry, (0, 2, 3), strict=True))


def test_a_zone_of_two_rows_is_one_zone():
    rest = make_zones(A=square(50, width=50), B=square(100), C=square(200))
    two = pd.concat([make_zones(A=square(0, width=50)), rest])
    new = two.set_geometry([square(0, width=50), square(50, width=40), square(90, width=110), square(200)])
    row = zjk_gis.compare_zones(two, new).moved.iloc[0]
    assert (row["from_code"], row["to_code"], row["area_m2"]) == ("A", "B", 1000)
    assert (row["from_share"], row["to_share"]) == pytest.approx((0.1, 1000 / 11_000))


def test_ground_of_two_zones_is_counted_once_whichever_of_them_changes():
    old = make_zones(A=square(0), B=square(90))
    new = old.set_geometry([square(0), square(90, width=90)])
    changes = zjk_gis.compare_zones(old, new)
    measures = ["ground_before_or_after", "ground_unmoved", "ground_moved", "ground_to_nobody"]
    assert [round(changes.figure(name), 6) for name in measures] == [19_000, 18_000, 1000, 1000]


def test_a_chief_hands_nothing_over_to_himself(old, city):
    old = old.assign(chief_code="L1", chief_name="张三")
    new = old.set_geometry([square(0, width=130), square(130, width=70), square(200), square(300)])
    changes = zjk_gis.compare_zones(old, new, **city)
    assert len(changes.moved) == 1
    assert len(changes.handover) == 0
    assert len(changes.incidents) == 2


def test_two_days_of_one_layer_are_compared(old):
    city = pd.concat(
        [
            old.assign(valid_to="2025-06-30"),
            make_zones(E=square(0, width=400)).assign(valid_from="2025-07-01"),
        ],
        ignore_index=True,
    )
    changes = zjk_gis.compare_zones(city, city, at_old="2025-06-30", at_new="2025-07-01")
    assert set(changes.zones["kind"]) == {"merged"}
    with pytest.raises(EmptyLayerError, match="old: none of its 4 zones holds on 2026-01-01"):
        zjk_gis.compare_zones(old.assign(valid_to="2025-06-30"), old, at_old="2026-01-01")


def test_hairlines_are_no_moves_and_are_counted(old):
    """Where the border of B gets a vertex that rounding puts a hundredth of a millimetre off."""
    bent = Polygon(
        [(X + 100, Y), (X + 200, Y), (X + 200, Y + 100), (X + 100, Y + 100), (X + 100.00001, Y + 50)]
    )
    new = old.set_geometry([square(0), bent, square(200), square(300)])
    changes = zjk_gis.compare_zones(old, new)
    assert len(changes.moved) == 0
    assert kinds(changes)["B"] == "unchanged"
    assert changes.figure("ground_dropped") == pytest.approx(0.0005, rel=1e-3)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda z: z.rename(columns={"zone_code": "id"}), MissingColumnError, "new: no column 'zone_code'"),
        (lambda z: z.iloc[:0], EmptyLayerError, "new: the layer is empty"),
        (
            lambda z: z.set_geometry([*z.geometry[:3], Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])]),
            GeometryError,
            r"new: 1 of 4 rows are invalid .*\(row 3\)",
        ),
        (lambda z: z.assign(zone_code=["A", None, "C", " "]), InputError, r"2 of 4 rows .*\(rows 1, 3\)"),
        (lambda z: z.assign(valid_to="soon"), InputError, "new|zones: valid_to"),
    ],
)
def test_unusable_layers_are_refused_by_row(old, change, error, words):
    with pytest.raises(error, match=words):
        zjk_gis.compare_zones(old, change(old), at_new="2025-01-01")


def test_unusable_options_are_refused(old):
    with pytest.raises(InputError, match="same_share must be a share above"):
        zjk_gis.compare_zones(old, old, same_share=0.5)
    with pytest.raises(InputError, match="'kind' is a column of the result already"):
        zjk_gis.compare_zones(old, old, components={"kind": old})


step = st.integers(0, 8)
rectangle = st.tuples(step, step, st.integers(1, 5), st.integers(1, 5))
claims = st.lists(st.tuples(rectangle, st.sampled_from("ABCD")), min_size=1, max_size=6)


def layer_of(rows, chief):
    shapes = [square(10 * x + 0.1 * y, 10 * y, 10 * w, 10 * h) for (x, y, w, h), _ in rows]
    return gpd.GeoDataFrame(
        {"zone_code": [code for _, code in rows], "chief_code": chief}, geometry=shapes, crs=4547
    )


@settings(max_examples=80, deadline=None)
@given(
    before=claims, kept=st.lists(st.booleans(), min_size=6, max_size=6), after=claims, seed=st.integers(0, 99)
)
def test_no_ground_is_lost_and_no_order_matters(before, kept, after, seed):
    after = [row for row, keep in zip(before, kept, strict=False) if keep] + after
    old, new = layer_of(before, "L1"), layer_of(after, "L1")
    changes = zjk_gis.compare_zones(old, new, min_area_m2=0, min_width_m=0)
    whole = shapely.union_all([*old.geometry, *new.geometry]).area
    moved = changes.moved["area_m2"].sum()
    assert moved + changes.figure("ground_unmoved") == pytest.approx(whole, rel=1e-9)
    assert changes.moved.geometry.union_all().area == pytest.approx(moved, rel=1e-9, abs=1e-6)
    # Each code, held against GEOS alone.
    for row in changes.zones.itertuples():
        held = [layer.geometry[layer["zone_code"] == row.zone_code].union_all() for layer in (old, new)]
        assert row.given_m2 == pytest.approx(held[0].difference(held[1]).area, rel=1e-9, abs=1e-6)
        assert row.taken_m2 == pytest.approx(held[1].difference(held[0]).area, rel=1e-9, abs=1e-6)
    shuffled = zjk_gis.compare_zones(
        old.sample(frac=1, random_state=seed),
        new.sample(frac=1, random_state=seed),
        min_area_m2=0,
        min_width_m=0,
    )
    pd.testing.assert_frame_equal(pd.DataFrame(shuffled.moved), pd.DataFrame(changes.moved))
    pd.testing.assert_frame_equal(shuffled.zones, changes.zones)
    pd.testing.assert_frame_equal(shuffled.handover, changes.handover)


@pytest.mark.parametrize("nobody", ["待定", "-", "无", None])
def test_ground_whose_chief_becomes_nobody_is_handed_to_nobody(old, nobody):
    new = old.assign(chief_code=["LA", "LB", "LC", nobody])
    changes = zjk_gis.compare_zones(old, new)
    assert moves(changes) == [("other_chief", "D", "D", "LD", "", 10000)]
    assert zjk_gis.compare_zones(new, new.assign(chief_code=["LA", "LB", "LC", "暂缺"])).moved.empty


def test_levels_that_are_no_hierarchy_are_compared_if_all_are_asked_for(old):
    layer = old.assign(level=[1, 2, 3, 3])
    with pytest.raises(InputError, match="does not make a hierarchy"):
        zjk_gis.compare_zones(layer, layer)
    changes = zjk_gis.compare_zones(layer, layer.assign(chief_code=["LX", "LB", "LC", "LD"]), level="any")
    assert [row[1] for row in moves(changes)] == ["A"]


@pytest.mark.parametrize("lost", [int, float])
def test_codes_that_lost_their_zeros_are_no_change(lost):
    old = make_zones(**{"01": square(0), "12": square(100)}).assign(chief_code=["007", "010"])
    new = old.assign(zone_code=old["zone_code"].map(lost), chief_code=old["chief_code"].map(lost))
    for first, second in ((old, new), (new, old)):
        changes = zjk_gis.compare_zones(first, second)
        assert len(changes.moved) == len(changes.handover) == 0
        assert kinds(changes) == {"01": "unchanged", "12": "unchanged"}
        assert {name: match.restored for name, match in changes.code_matches.items()} == {
            "zone_code": {"1": "01"},
            "chief_code": {"7": "007", "10": "010"},
        }
