"""Every column and every word of the room's results has a Chinese name, which tables and maps show.

    gate T1                    T2
o====+=====o==|river|==o========+==o     a street of 1 km with a bridge, three estates, two lots
                           |stub
"""

import re

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, Point, box

from zjk_gis import access
from zjk_gis.layers.headings import headed
from zjk_gis.layers.labels import label

X, Y = 573000, 4520000
CHINESE = re.compile("[\u4e00-\u9fff]")
WORD = re.compile("[a-z]+(_[a-z]+)*")


def layer(*shapes, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4547)


def street(*points):
    return LineString([(X + x, Y + y) for x, y in points])


ROADS = layer(
    street((0, 0), (400, 0)), street((400, 0), (440, 0)), street((440, 0), (1000, 0)),
    street((700, 0), (700, -80)), street((200.3, 0.2), (200, 90)), street((900, 60), (900, -60)),
    street((1000, 0), (1000, -150), (450, -150)), edge_code=list("ABCDEFG"), road_code=list("ABCDEFG"),
    road_name="街", is_bridge=[False, True, *[False] * 5],
)  # fmt: skip
RIVER = layer(box(X + 405, Y - 500, X + 435, Y + 500))
GROUND = layer(box(X - 99, Y - 400, X + 1200, Y + 400))
HOMES = layer(
    *(Point(X + at, Y + 20) for at in (100, 420, 650)), None, Point(X + 100, Y + 9000),
    estate_code=list("ABCDE"), population=[10, 20, 30, 40, 50], households=[1, 2, 3, 4, 5],
)  # fmt: skip
LOTS = layer(
    Point(X + 150, Y), Point(X + 950, Y), Point(X, Y + 9000), lot_code=["T1", "T2", "T3"],
    lot_kind=["公共", "专用", "?"], berths=[40, 60, None],
)  # fmt: skip
GATES = layer(Point(X + 160, Y), facility_code=["T1"], entrance_code=["M1"])
BLOCK = layer(box(X, Y - 50, X + 900, Y + 50), population=[900])
STREETS = layer(box(X - 9, Y - 99, X + 500, Y + 99), street_code=["S1"])


def results():
    network = access.road_network(ROADS, barriers=RIVER)
    homes = access.nearest_facilities(HOMES, LOTS, network, entrances=GATES)
    served = access.service_areas(LOTS, network, each=True, people=BLOCK)
    balance = access.berth_balance(HOMES, LOTS, network, vehicles_per_household=2)
    plan = access.site_facilities(HOMES, LOTS, network, count=1)
    ends = access.dead_ends(network, GROUND)
    areas = GROUND.assign(area_code="Q")
    return {
        "edges": network.edges,
        "nodes": network.nodes,
        "report": network.report,
        "nearest": homes,
        "ranked": access.nearest_facilities(HOMES, LOTS, network, count=2),
        "served": served,
        "coverage": access.coverage_of(homes, STREETS, served=served, facilities=LOTS),
        "density": access.facility_density(LOTS.iloc[:2], GROUND, centre=areas),
        "estates": access.lacking_facilities(HOMES, {"parking_lots": LOTS}, network),
        "berths of homes": balance.homes,
        "berths of lots": balance.lots,
        "berths by area": access.berths_by_area(
            LOTS, STREETS, homes=HOMES, vehicles_per_household=2, plan={"S1": 50}
        ),
        "authority": access.berth_authority(LOTS, STREETS),
        "sites": plan.sites,
        "demand": plan.demand,
        "ends": ends,
        "links": ends.attrs["links"],
        "missing links": access.missing_links(network),
        "bottlenecks": access.bottlenecks(network, homes=HOMES),
        "detours": access.detour_index(HOMES.iloc[:3], network, areas=STREETS),
        "gaps": access.parking_gaps(GROUND, LOTS, estates=BLOCK),
    }


RESULTS = results()


@pytest.mark.parametrize("name", RESULTS)
def test_a_written_table_is_chinese_throughout(name):
    """No column keeps its English name, no word of the library's is left, and no two headings are one."""
    table = pd.DataFrame(RESULTS[name].drop(columns="geometry", errors="ignore"))
    assert len(table)
    written = headed(table, "zh")
    assert [column for column in written.columns if not CHINESE.search(column)] == []
    assert written.columns.is_unique
    words = {value for column in written.columns for value in written[column] if isinstance(value, str)}
    assert sorted(word for word in words if WORD.fullmatch(word)) == []
    assert [column for column in table.columns if not CHINESE.search(label(str(column)))] == []


def test_a_distance_says_in_its_heading_along_what_it_is_measured():
    """A distance along the roads is never taken for one in a straight line."""
    for name in ("nearest", "coverage", "estates"):
        for column in map(str, RESULTS[name].columns):
            if "network" in column or "straight" in column:
                said = label(column)
                assert ("直线" in said) == ("straight" in column), column
                assert (("沿道路" in said) or ("路网" in said)) == ("network" in column), column
