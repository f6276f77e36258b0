"""Many incidents are answered as few are: by compiled code, in passes over chunks, with the same frames.

Up to 50,000 points are answered without compiled code. So the same incidents are assigned all at once, and in
pieces that are too few for it; every column, dtype and attribute must agree.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import Point, box

from zjk_gis import ZoneIndex, assign_incidents
from zjk_gis.assign import AssignmentPlan

MANY, PIECE = 51_000, 25_500
ACCURACIES = [0.5, 3.0, 15.0, 40.0, 0.0, None, np.inf]


@pytest.fixture(scope="module")
def zones():
    """Overlapping versions, a gap in the middle, and one zone without a chief."""
    rng = np.random.default_rng(7)
    city = box(573_000, 4_520_000, 574_400, 4_521_000)
    seeds = shapely.MultiPoint(
        np.column_stack([rng.uniform(573_000, 574_400, 35), rng.uniform(4.52e6, 4.521e6, 35)])
    )
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=city))
    shaped = shapely.intersection(cells, city)
    shaped = np.concatenate([np.delete(shaped, 17), shaped[:3]])
    return gpd.GeoDataFrame(
        {
            "zone_code": [f"Z{number:02d}" for number in range(len(shaped))],
            "chief_name": [None, *["张伟", "李明"] * 18],
            "valid_to": [None if number % 5 else "2024-12-31" for number in range(len(shaped))],
        },
        geometry=shaped,
        crs=4547,
    )


@pytest.fixture(scope="module")
def incidents(zones):
    """Inside, at borders, in the gap, all around, without a position, without a fix."""
    rng = np.random.default_rng(1)
    west, south, east, north = zones.total_bounds
    x, y = rng.uniform(west, east, MANY), rng.uniform(south, north, MANY)
    x[:3000], y[:3000] = west + np.linspace(-400, 400, 3000), south + 50
    corners = shapely.get_coordinates(zones.geometry.to_numpy())
    x[3000 : 3000 + len(corners)], y[3000 : 3000 + len(corners)] = corners.T
    points = gpd.points_from_xy(x, y).to_numpy().copy()
    points[10], points[20], points[30] = None, Point(), Point(0, 0)
    days = np.where(np.arange(MANY) % 3, "2024-06-01", "2025-06-01")
    return gpd.GeoDataFrame(
        {
            "occurred_at": pd.to_datetime(days),
            "accuracy": pd.Series(np.resize(ACCURACIES, MANY), dtype=float),
            "found": "told",
        },
        geometry=points,
        crs=4547,
    )


def in_pieces(incidents, zones, **options):
    parts = [
        assign_incidents(incidents.iloc[start : start + PIECE], zones, even_if_off=True, **options)
        for start in range(0, len(incidents), PIECE)
    ]
    return pd.concat(parts)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"border_within_m": 0.0},
        {"nearest_within_m": 0.0},
        {"border_within_m": 15.0, "nearest_within_m": 300.0},
        {"at": "2025-01-01"},
        {"accuracy_m": 15.0},
        {"accuracy_m": "accuracy"},
    ],
    ids=str,
)
def test_frames_are_those_of_few(incidents, zones, options):
    whole = assign_incidents(incidents, zones, even_if_off=True, **options)
    pieces = in_pieces(incidents, zones, **options)
    pd.testing.assert_frame_equal(pd.DataFrame(whole), pd.DataFrame(pieces), check_exact=True)
    assert whole["found_recorded"].eq("told").all()
    assert {"inside", "none"} <= set(whole["found"])
    assert whole["reason"].iloc[[10, 20, 30]].tolist() == ["no_position", "no_position", "zero"]


@pytest.mark.parametrize("accuracy", [None, 5.0])
def test_incidents_in_degrees_are_placed_exactly_where_it_matters(incidents, zones, accuracy):
    degrees = incidents.to_crs(4326)
    whole = assign_incidents(degrees, zones, even_if_off=True, accuracy_m=accuracy)
    pieces = in_pieces(degrees, zones, accuracy_m=accuracy)
    pd.testing.assert_frame_equal(pd.DataFrame(whole), pd.DataFrame(pieces), check_exact=True)


def test_an_index_and_a_plan_answer_many_alike(incidents, zones):
    whole = assign_incidents(incidents, zones, even_if_off=True)
    index = ZoneIndex.build(zones)
    for given in (index, AssignmentPlan.prepare(index)):
        again = assign_incidents(incidents, given, even_if_off=True)
        pd.testing.assert_frame_equal(pd.DataFrame(whole), pd.DataFrame(again), check_exact=True)
