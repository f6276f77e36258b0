"""Clearances: net distances checked against the table, at crossings and alongside, and what cannot be judged.

Two pipes run east, the second `apart` metres north of the first, or cross at (50, 0):

    P2 ----------------------------      ^ apart
    P1 ----------------------------      v
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.spatial import cKDTree
from shapely import LineString, Point, box

from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.pipes import clearance_conflicts

X, Y = 573000, 4520000


def pipes_of(*rows):
    """Make pipes of dicts with `line` and columns."""
    table = pd.DataFrame([{k: v for k, v in row.items() if k != "line"} for row in rows])
    table.insert(0, "pipe_code", [f"P{i}" for i in range(1, len(rows) + 1)])
    lines = [LineString([(X + x, Y + y) for x, y in row["line"]]) for row in rows]
    return gpd.GeoDataFrame(table, geometry=lines, crs=4547)


def pipe(kind, line, mm=300, level=None, depth=None, **more):
    row = {"pipe_kind": kind, "line": line, "diameter_mm": mm} | more
    for name, value in (("level", level), ("depth", depth)):
        begin, end = value if isinstance(value, tuple) else (value, value)
        row |= {f"from_{name}_m": begin, f"to_{name}_m": end}
    return row


def east(y, x0=0, x1=100):
    return [(x0, y), (x1, y)]


NORTH = [(50, -50), (50, 50)]


def told(found, *columns):
    return [tuple(row) for row in found[list(columns)].itertuples(index=False)]


@pytest.mark.parametrize(
    ("mm", "apart", "expected"),
    [
        (200, 1.20, (0.95, 1.0, 0.05)),  # DN200 beside DN300
        (250, 1.20, (0.925, 1.5, 0.575)),  # the larger main must be farther off
        (200, 1.25, None),  # exactly 1.0 m net
        (200, 1.2499, (0.9999, 1.0, 0.0001)),
    ],
)
def test_a_water_main_beside_a_sewer(mm, apart, expected):
    found = clearance_conflicts(pipes_of(pipe("给水", east(0), mm), pipe("污水", east(apart), 300)))
    if expected is None:
        assert found.empty
        return
    assert found["kind"].tolist() == ["horizontal"]
    assert found[["net_m", "required_m", "shortfall_m"]].iloc[0].tolist() == pytest.approx(expected, abs=1e-6)
    assert told(found, "pipe_a", "pipe_b", "who_yields", "yields_by", "status", "confidence") == [
        ("P1", "P2", "P1", "gravity", "needs_review", "S")
    ]


class TestCrossings:
    def test_three_metres_apart_in_height_is_no_conflict(self):
        layer = pipes_of(pipe("给水", east(0), level=703), pipe("污水", NORTH, level=699))
        assert clearance_conflicts(layer).empty

    @pytest.mark.parametrize(
        ("top_of_water", "net"),
        [
            # The sewer's bottom is at 700, its top at 700.3; the main is measured at its top, 0.2 m above
            # its bottom; 0.40 m is asked.
            (700.90, None),
            (700.89, 0.39),
            (700.40, -0.10),  # one into the other
        ],
    )
    def test_bottom_and_top_are_told_apart(self, top_of_water, net):
        layer = pipes_of(pipe("给水", east(0), 200, level=top_of_water), pipe("污水", NORTH, 300, level=700))
        found = clearance_conflicts(layer)
        if net is None:
            assert found.empty
        else:
            assert told(found, "kind", "required_m") == [("crossing", 0.4)]
            assert found["net_m"].iloc[0] == pytest.approx(net)
            assert found.geometry.iloc[0].distance(Point(X + 50, Y)) < 1e-6

    def test_heights_are_those_at_the_crossing(self):
        # The main falls from 702.9 to 698.9; half way it is at 700.9.
        layer = pipes_of(
            pipe("给水", east(0), 200, level=(702.9, 698.9)), pipe("污水", NORTH, 300, level=700)
        )
        assert clearance_conflicts(layer).empty
        layer.loc[0, "to_level_m"] = 698.8
        assert clearance_conflicts(layer)["net_m"].tolist() == [pytest.approx(0.35)]

    def test_depths_do_where_levels_are_missing(self):
        layer = pipes_of(pipe("给水", east(0), 200, depth=1.0), pipe("污水", NORTH, 300, depth=2.0))
        # The sewer's top is 1.7 m deep, the main's bottom 1.2 m.
        assert clearance_conflicts(layer).empty
        layer["from_depth_m"] = layer["to_depth_m"] = [1.2, 2.0]
        assert clearance_conflicts(layer)["net_m"].tolist() == [pytest.approx(0.3)]

    def test_a_depth_missing_at_one_end_does_not_pass(self):
        layer = pipes_of(pipe("给水", east(0), level=(703, None)), pipe("污水", NORTH, level=699))
        found = clearance_conflicts(layer)
        assert told(found, "kind", "status", "lacking") == [
            ("crossing", "cannot_be_judged", "from_level_m;to_level_m")
        ]
        assert found["net_m"].isna().all()

    def test_one_on_top_of_the_other_without_crossing(self):
        layer = pipes_of(pipe("给水", east(0), level=701.5), pipe("污水", east(0.1), level=701))
        found = clearance_conflicts(layer).set_index("kind")
        assert found.loc["horizontal", "net_m"] == pytest.approx(0.1 - 0.3)
        assert found.loc["vertical", "net_m"] == pytest.approx(0.05 - 0.15)  # axes at 701.35 and 701.15


class TestUnknown:
    def test_an_unknown_size_passes_only_where_no_size_would_matter(self):
        # Power to sewage: 0.5 m. How wide the cable is nobody knows, nor that of any cable in the layer.
        for apart, expected in ((0.8, "needs_review"), (1.9, "cannot_be_judged"), (4.0, None)):
            layer = pipes_of(pipe("电力", east(apart), None, burial="直埋"), pipe("污水", east(0), 1000))
            found = clearance_conflicts(layer)
            found = found[found["kind"] == "horizontal"]
            lacking = {"needs_review": "", "cannot_be_judged": "diameter_mm"}
            assert told(found, "status", "lacking") == [(expected, lacking.get(expected))] * (
                expected is not None
            )

    def test_an_unknown_pressure_is_judged_by_what_all_pressures_ask(self):
        for net, expected in ((0.45, "needs_review"), (0.8, "cannot_be_judged"), (1.6, None)):
            layer = pipes_of(pipe("给水", east(0), 200), pipe("天然气", east(net + 0.2), 200))
            found = clearance_conflicts(layer)
            assert found["status"].tolist() == ([] if expected is None else [expected])
            if expected == "cannot_be_judged":
                assert found["lacking"].tolist() == ["gas_pressure"]

    @pytest.mark.parametrize(
        ("pressure", "asked"),
        [("低压", 1.0), ("中压B", 1.2), ("中压 A", 1.2), ("次高压B", 1.5), ("次高压A级", 2.0)],
    )
    def test_gas_beside_sewage_by_step_of_pressure(self, pressure, asked):
        near = pipes_of(
            pipe("污水", east(0), 300), pipe("TR", east(0.25 + asked - 0.01), 200, gas_pressure=pressure)
        )
        assert clearance_conflicts(near)["required_m"].tolist() == [asked]
        far = pipes_of(pipe("污水", east(0), 300), pipe("TR", east(0.25 + asked), 200, gas_pressure=pressure))
        assert clearance_conflicts(far).empty


class TestJoints:
    def test_pipes_of_one_line_that_meet_are_no_conflict(self):
        gas = {"gas_pressure": "低压"}
        straight = pipes_of(pipe("燃气", east(0, 0, 50), **gas), pipe("燃气", east(0, 50, 99), **gas))
        tee = pipes_of(pipe("燃气", east(0), **gas), pipe("燃气", [(50, 0), (50, 30)], **gas))
        named = pipes_of(
            pipe("燃气", east(0, 0, 50), from_manhole="A", to_manhole="B", **gas),
            pipe("燃气", east(0, 50.3, 99), from_manhole="B", to_manhole="C", **gas),
        )
        for layer in (straight, tee, named):
            assert clearance_conflicts(layer).empty

    def test_without_a_joint_they_are(self):
        layer = pipes_of(
            pipe("燃气", east(0, 0, 50), gas_pressure="低压"),
            pipe("燃气", east(0, 50.3, 99), gas_pressure="低压"),
        )
        assert told(clearance_conflicts(layer), "required_m", "who_yields") == [(0.4, "")]


class TestBeside:
    def test_buildings_trees_kerbs_and_railways(self):
        main = pipes_of(pipe("给水", east(0), 300))
        beside = {
            "buildings": gpd.GeoDataFrame(geometry=[box(X, Y + 3, X + 9, Y + 9)], crs=4547),
            "trees": gpd.GeoDataFrame({"tree_code": ["T1"]}, geometry=[Point(X + 50, Y + 1)], crs=4547),
            "kerbs": gpd.GeoDataFrame(geometry=[LineString([(X, Y - 1.7), (X + 9, Y - 1.7)])], crs=4547),
            "railways": gpd.GeoDataFrame(geometry=[LineString([(X, Y - 5), (X + 9, Y - 5)])], crs=4547),
        }
        found = clearance_conflicts(main, **beside)
        assert sorted(told(found.round(2), "group_b", "net_m", "required_m", "who_yields")) == [
            ("建筑", 2.85, 3.0, "P1"),
            ("树木", 0.85, 1.5, "P1"),
            ("铁路", 4.85, 5.0, "P1"),
        ]
        assert found["pipe_b"].isna().all()
        assert found.set_index("group_b").loc["树木", "beside_code"] == "T1"

    def test_a_pipe_under_a_building_is_found_however_large_it_is(self):
        house = gpd.GeoDataFrame(geometry=[box(X - 500, Y - 500, X + 500, Y + 500)], crs=4547)
        found = clearance_conflicts(pipes_of(pipe("污水", east(0), 300)), buildings=house)
        assert told(found, "group_b", "net_m") == [("建筑", -0.15)]

    def test_buildings_alone_are_no_question(self):
        houses = gpd.GeoDataFrame(geometry=[box(X, 0, X + 9, 9), box(X + 9.5, 0, X + 20, 9)], crs=4547)
        assert clearance_conflicts(pipes_of(pipe("污水", east(0), 300)), buildings=houses).empty


class TestInput:
    def test_kinds_in_any_spelling(self):
        counts = {
            len(clearance_conflicts(pipes_of(pipe(water, east(0), 200), pipe(sewage, east(1.1)))))
            for water, sewage in (("给水", "污水"), ("SS", "WS"), ("自来水", "sewage"))
        }
        assert counts == {1}

    def test_unknown_kinds_are_refused_by_name(self):
        with pytest.raises(InputError, match="xyz"):
            clearance_conflicts(pipes_of(pipe("xyz", east(0)), pipe("xyz", east(1))))

    def test_what_is_not_buried_is_set_aside(self):
        layer = pipes_of(
            pipe("电力", east(0), burial="架空"),
            pipe("给水", east(0.1), burial="直埋"),
            pipe("氢气", east(0.2)),
        )
        found = clearance_conflicts(layer)
        assert found.empty
        assert [row["why"] for row in found.attrs["set_aside"]] == ["above_ground", "no_rule"]

    def test_pressures_that_nobody_understands_are_refused_by_name(self):
        layer = pipes_of(pipe("燃气", east(0), gas_pressure="特高"), pipe("污水", east(1)))
        with pytest.raises(InputError, match=r"特高.*低压"):
            clearance_conflicts(layer)

    def test_no_column_of_kinds(self):
        with pytest.raises(MissingColumnError, match="pipe_kind"):
            clearance_conflicts(pipes_of(pipe("给水", east(0))).drop(columns="pipe_kind"))

    def test_own_rows_of_the_table(self):
        own = pd.DataFrame(
            {
                "direction": ["horizontal"],
                "first": ["给水"],
                "first_condition": ["DN≤200"],
                "second": ["排水"],
                "second_condition": [""],
                "distance_m": ["0.5"],
            }
        )
        layer = pipes_of(pipe("给水", east(0), 200), pipe("污水", east(1.2)))
        assert clearance_conflicts(layer, tables={"separations": own}).empty
        with pytest.raises(InputError, match="大口径"):
            clearance_conflicts(layer, tables={"separations": own.assign(first_condition="大口径")})

    def test_the_order_of_rows_changes_nothing(self):
        rng = np.random.default_rng(2)
        kinds = ["给水", "污水", "雨水", "燃气", "电力", "通信", "热力"]
        rows = [
            pipe(kinds[i % 7], [tuple(p) for p in rng.uniform(0, 60, (2, 2))], 200, level=700 + i % 3)
            for i in range(40)
        ]
        layer = pipes_of(*rows)
        one = clearance_conflicts(layer)
        other = clearance_conflicts(layer.iloc[rng.permutation(40)])
        assert len(one) > 10
        pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(other))


@pytest.mark.parametrize("seed", range(3))
def test_net_distances_are_those_of_geos_and_of_a_dense_sampling(seed):
    """Random pipes: every pair short of the table by pairwise GEOS is found, with the same distance."""
    rng = np.random.default_rng(seed)
    rows = [
        pipe("给水" if i % 2 else "污水", [(x, y), (x + dx, y + dy)], 200, level=(za, zb))
        for i, (x, y, dx, dy, za, zb) in enumerate(
            np.column_stack(
                [rng.uniform(0, 150, (120, 2)), rng.normal(0, 12, (120, 2)), rng.uniform(0, 2, (120, 2))]
            )
        )
    ]
    layer = pipes_of(*rows)
    found = clearance_conflicts(layer)
    flat = found[found["kind"] == "horizontal"]
    shapes, water = layer.geometry.to_numpy(), np.arange(120) % 2 == 1
    i, j = np.nonzero(water[:, None] & ~water[None])
    apart = shapely.distance(shapes[i], shapes[j])
    near = (apart > 0) & (apart - 0.2 < 1.0 - 1e-9)
    assert sorted(flat["net_m"]) == pytest.approx(sorted(apart[near] - 0.2), abs=1e-9)
    for row in found[found["kind"] == "crossing"].itertuples():
        a, b = (layer.set_index("pipe_code").loc[code] for code in (row.pipe_a, row.pipe_b))
        s = np.linspace(0, 1, 3001)[:, None]
        ca, cb = (np.array(p.geometry.coords) for p in (a, b))
        pa, pb = ca[0] + s * (ca[1] - ca[0]), cb[0] + s * (cb[1] - cb[0])
        k = np.argmin(np.hypot(*(pa - [row.geometry.x, row.geometry.y]).T))
        m = np.argmin(np.hypot(*(pb - [row.geometry.x, row.geometry.y]).T))

        def axis(p, t):
            lift = 0.1 if p.pipe_kind == "污水" else -0.1
            return p.from_level_m + t * (p.to_level_m - p.from_level_m) + lift

        drop = abs(axis(a, s[k, 0]) - axis(b, s[m, 0]))
        assert row.net_m == pytest.approx(drop - 0.2, abs=0.01)


def _sampled(pipe):
    """Return points of the axis of a pipe every 5 mm, and their levels: by its top, of sewage its bottom."""
    line = np.array(pipe["geometry"].coords)
    share = np.linspace(0, 1, int(np.hypot(*(line[1] - line[0])) / 0.005) + 2)[:, None]
    level = pipe["from_level_m"] + share[:, 0] * (pipe["to_level_m"] - pipe["from_level_m"])
    return line[0] + share * (line[1] - line[0]), level + (0.1 if pipe["pipe_kind"] == "污水" else -0.1)


def _measured(one, other):
    """Return the net distances of two pipes of 200 mm by comparing all their points, in three dimensions."""
    (places, level), (others, other_level) = _sampled(one), _sampled(other)
    far, at = cKDTree(others).query(places)
    back, other_at = cKDTree(places).query(others)
    if one["geometry"].crosses(other["geometry"]):
        least = far.argmin()
        return {"crossing": abs(level[least] - other_level[at[least]]) - 0.2}
    net = {"horizontal": far.min() - 0.2}
    over = [abs(level - other_level[at])[far < 0.2], abs(other_level - level[other_at])[back < 0.2]]
    if len(np.concatenate(over)):
        net["vertical"] = np.concatenate(over).min() - 0.2
    return net


def test_500_pairs_have_the_distances_of_a_dense_sampling():
    """Pairs 60 m from each other; every third runs along the other, over, under or through it."""
    rng = np.random.default_rng(5)
    rows = []
    for number in range(500):
        corner = np.array([X + number % 25 * 60.0, Y + number // 25 * 60.0])
        begin, turn = rng.uniform(-3, 3, 2), rng.uniform(0, np.pi)
        for kind in ("给水", "污水"):
            end = begin + rng.uniform(2, 8) * np.array([np.cos(turn), np.sin(turn)])
            levels = rng.uniform(700, 701.5, 2)
            rows.append(
                {
                    "pipe_code": f"{number:03d}{kind}",
                    "pipe_kind": kind,
                    "diameter_mm": 200,
                    "from_level_m": levels[0],
                    "to_level_m": levels[1],
                    "geometry": LineString([corner + begin, corner + end]),
                }
            )
            if number % 3:
                begin, turn = rng.uniform(-3, 3, 2), rng.uniform(0, np.pi)
            else:
                begin, turn = begin + rng.normal(0, 0.4, 2), turn + rng.normal(0, 0.05)
    found = clearance_conflicts(gpd.GeoDataFrame(rows, crs=4547))
    told = {(row.pipe_a[:3], row.kind): row.net_m for row in found.itertuples()}
    asked = found.groupby("kind")["required_m"].first().to_dict()
    assert asked == {"horizontal": 1.0, "crossing": 0.4, "vertical": 0.4}
    for number in range(500):
        net = _measured(rows[2 * number], rows[2 * number + 1])
        mine = {kind: told.pop((f"{number:03d}", kind), None) for kind in net}
        for kind, value in net.items():
            if mine[kind] is None:
                assert value > asked[kind] - 0.01
            else:
                assert mine[kind] == pytest.approx(value, abs=0.02)
    assert told == {}
