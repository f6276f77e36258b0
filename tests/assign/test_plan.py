"""The plan that every batch is put to: the same answers, however the points come."""

import geopandas as gpd
import numpy as np
from pyproj import CRS, Transformer
from shapely import box

from zjk_gis.assign.plan import AssignmentPlan
from zjk_gis.index.coded import Coded

ZONES = gpd.GeoDataFrame(
    {
        "zone_code": ["A", "B", "C"],
        "chief_code": ["LZ1", None, "LZ3"],
        "valid_to": [None, None, "2024-12-31"],
    },
    geometry=[
        box(573_000, 4_520_000, 573_100, 4_520_100),
        box(573_100, 4_520_000, 573_200, 4_520_100),
        box(573_200, 4_520_000, 573_300, 4_520_100),
    ],
    crs=4547,
)


def texts(columns):
    return {name: (v.texts() if isinstance(v, Coded) else v).tolist() for name, v in columns.items()}


def test_degrees_and_metres_are_answered_alike():
    """60,000 points, many within a micrometre of a border or of its tolerance, some nowhere at all."""
    rng = np.random.default_rng(9)
    n = 60_000
    x, y = 573_000 + rng.uniform(-200, 500, n), 4_520_000 + rng.uniform(-200, 300, n)
    edge = rng.choice([0, 100, 200, 300], n // 2) + rng.choice([0, 0.5, -0.5, 50], n // 2)
    x[: n // 2] = 573_000 + edge + rng.normal(0, 1e-6, n // 2)
    lon, lat = Transformer.from_crs(4547, 4490, always_xy=True).transform(x, y)
    lon[::1000], lat[5::1000] = np.nan, np.inf
    x, y = Transformer.from_crs(4490, 4547, always_xy=True).transform(lon, lat)
    day = rng.choice([20_000, 20_500], n)
    plan = AssignmentPlan.prepare(ZONES, nearest_within_m=80)
    metres = texts(plan.answer(x, y, day, crs=CRS(4547)))
    degrees = texts(plan.answer(lon, lat, day, crs=CRS(4490)))
    for name, values in metres.items():
        assert np.array_equal(values, degrees[name], equal_nan=name == "distance_m"), name
    assert set(metres["reason"]) == {
        "one_zone", "shared_border", "outer_border", "within_reach", "tie", "expired_zone", "out_of_reach",
        "bad_position",
    }  # fmt: skip


def test_the_columns_are_those_of_the_layers():
    grids = ZONES.assign(grid_code=[f"13070300100100{k}" for k in range(3)])[["grid_code", "geometry"]]
    plan = AssignmentPlan.prepare(ZONES, grids=grids, accuracy_m=5)
    answer = ("found", "distance_m", "candidates", "ambiguous", "reason", "share")
    assert plan.columns == (
        "zone_code", *answer, "chief_code", "grid_code", *(f"grid_{name}" for name in answer),
        "community_code", "street_code", "district_code",
    )  # fmt: skip
    assert plan.needs_day
    assert not AssignmentPlan.prepare(ZONES, at="2025-01-01").needs_day


def test_no_share_of_a_circle_beyond_reach_lies_in_the_nearest_zone():
    """20 m west of A, good to 5 m: whether few points are asked for, or so many that the grid is compiled."""
    x, y, day = np.array([572_980.0]), np.array([4_520_050.0]), np.zeros(1, np.int64)
    plan = AssignmentPlan.prepare(ZONES, accuracy_m=5)
    small = plan.answer(x, y, day, crs=CRS(4547))
    plan.tasks[0].index.polygons.compile()
    for columns in (small, plan.answer(x, y, day, crs=CRS(4547))):
        assert columns["zone_code"].texts().tolist() == ["A"]
        assert columns["share"].round(9).tolist() == [0.0]
        assert columns["reason"].texts().tolist() == ["undecided"]
