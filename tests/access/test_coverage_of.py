"""Who is served, by area and by either way of measuring.

area A: x from 0 to 100, area B: from 100 to 200, area C has nobody
"""

import geopandas as gpd
import pytest
from shapely import LineString, Point, box

from zjk_gis.access import coverage_of, nearest_facilities, road_network, service_areas
from zjk_gis.errors import InputError, MissingColumnError

X, Y = 573000, 4520000


def layer(*shapes, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4547)


def squares(*wests):
    return [box(X + west, Y, X + west + 100, Y + 100) for west in wests]


AREAS = layer(*squares(100, 0, 200), community_code=["B", "A", "C"])
HOMES = layer(
    *[Point(X + x, Y + 50) for x in (50, 60, 150, 900)],
    population=[100, None, 60, 7],
    network_m=[250.0, 100.0, 850.0, None],
    nearest_straight_m=[200.0, 90.0, 50.0, 400.0],
    reason=["reached", "reached", "too_far", "cut_off"],
)


def test_people_by_area_with_their_denominators():
    table = coverage_of(HOMES, AREAS)
    assert table["area_code"].fillna("-").tolist() == ["A", "B", "C", "-"]
    assert table["homes"].tolist() == [2, 1, 0, 1]
    assert table["people"].tolist() == [100, 60, 0, 7]
    assert table["people_unknown"].tolist() == [1, 0, 0, 0]
    assert table["people_network"].tolist() == [100, 0, 0, 0]
    assert table["people_straight"].tolist() == [100, 60, 0, 0]
    assert table["share_network"].fillna(-1).tolist() == [1, 0, -1, 0]
    assert table["people_too_far"].tolist() == [0, 60, 0, 0]
    assert table["people_cut_off"].tolist() == [0, 0, 0, 7]
    assert table.attrs["total"]["share_straight"] == pytest.approx(160 / 167)


def test_another_distance_is_judged_anew():
    table = coverage_of(HOMES, within_m=100)
    assert table[["homes_network", "homes_straight"]].iloc[0].tolist() == [1, 2]
    assert table["people_too_far"].tolist() == [160]


def test_homes_alone_where_nobody_is_counted():
    table = coverage_of(HOMES.drop(columns="population"))
    assert table.columns.tolist() == ["area_code", "homes", "homes_network", "homes_straight"]


def test_the_sums_are_those_of_all_homes():
    whole, by_area = coverage_of(HOMES), coverage_of(HOMES, AREAS)
    for name in whole.columns.drop("area_code"):
        if not name.startswith("share"):
            assert by_area[name].sum() == pytest.approx(whole[name].iloc[0]), name


def test_ground_either_way():
    roads = layer(LineString([(X, Y + 50), (X + 300, Y + 50)]))
    lots = layer(Point(X, Y + 50), lot_code=["T1"])
    network = road_network(roads)
    homes = nearest_facilities(HOMES[["population", "geometry"]], lots, network)
    served = service_areas(lots, network, within_m=100)
    table = coverage_of(homes, AREAS, within_m=100, served=served, facilities=lots)
    assert table["area_m2"].tolist() == [10_000, 10_000, 10_000, 0]
    assert table["area_straight_m2"].iloc[0] == pytest.approx(9_566, rel=0.01)
    assert 0 < table["area_network_m2"].iloc[0] < 100 * 60
    assert table["area_share_network"].iloc[0] == table["area_network_m2"].iloc[0] / 10_000


def test_what_is_no_answer_of_nearest_facilities_is_refused():
    with pytest.raises(MissingColumnError, match="network_m"):
        coverage_of(AREAS)
    with pytest.raises(InputError, match="several rows a home"):
        coverage_of(HOMES.assign(rank=[1, 2, 1, 1]))
    with pytest.raises(MissingColumnError, match="areas: no column 'nr'"):
        coverage_of(HOMES, AREAS, code="nr")
