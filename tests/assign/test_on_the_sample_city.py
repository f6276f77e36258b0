"""The whole sample, held against an independent computation, day by day."""

from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

import zjk_gis

SAMPLE = Path(__file__).parents[2] / "sample_data"


@pytest.fixture(scope="module")
def zones():
    return zjk_gis.read_layer(SAMPLE / "city.gpkg", layer="responsibility_zones", spec="responsibility_zones")


@pytest.fixture(scope="module")
def incidents():
    points = zjk_gis.read_layer(SAMPLE / "incidents.csv", spec="incidents")
    roads = zjk_gis.read_layer(SAMPLE / "city.gpkg", layer="roads", spec="roads")
    return zjk_gis.coordinates.fix_positions(points, zjk_gis.check_positions(points, roads=roads))


@pytest.fixture(scope="module")
def assigned(incidents, zones):
    return zjk_gis.assign_incidents(incidents, zones)


def test_a_spatial_join_agrees_on_every_incident_strictly_inside_one_zone(incidents, zones, assigned):
    finest = zones[zones["level"] == 3]
    begins = pd.to_datetime(finest["valid_from"])
    ends = pd.to_datetime(finest["valid_to"]).fillna(pd.Timestamp("2100-01-01"))
    points = incidents[incidents.geometry.notna()].to_crs(zones.crs)
    days = pd.to_datetime(points["occurred_at"]).dt.normalize()
    compared = 0
    # Zones change on few days only; between two of them one join answers for all.
    changes = sorted({*begins, *(ends + pd.Timedelta(days=1))})
    for first, after in pairwise(changes):
        held = finest.loc[(begins <= first) & (ends >= first), ["zone_code", "geometry"]]
        then = points.loc[(days >= first) & (days < after), ["geometry"]]
        joined = gpd.sjoin(then, held, predicate="within")
        once = joined[~joined.index.duplicated(keep=False)]
        assert (assigned.loc[once.index, "zone_code"] == once["zone_code"]).all()
        compared += len(once)
    assert compared > 19_000


def test_shuffling_every_row_changes_no_answer(incidents, zones, assigned):
    again = zjk_gis.assign_incidents(
        incidents.sample(frac=1, random_state=1), zones.sample(frac=1, random_state=2)
    )
    pd.testing.assert_frame_equal(pd.DataFrame(again.sort_index()), pd.DataFrame(assigned.sort_index()))


def test_every_incident_comes_back_once_in_its_order(incidents, assigned):
    assert assigned["incident_code"].tolist() == incidents["incident_code"].tolist()
    assert assigned.index.equals(incidents.index)
