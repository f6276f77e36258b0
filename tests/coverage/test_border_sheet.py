"""What lies on each border, in a row of squares whose borders are known."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, box

from zjk_gis import assign_incidents
from zjk_gis.coverage import border_sheet
from zjk_gis.errors import EmptyLayerError, MissingColumnError

X, Y = 573000, 4520000


def zones(*shapes, crs=4547, **columns):
    codes = [chr(ord("A") + at) for at in range(len(shapes))]
    return gpd.GeoDataFrame({"zone_code": codes, **columns}, geometry=list(shapes), crs=crs)


def square(column, row, size=100):
    return box(X + size * column, Y + size * row, X + size * (column + 1), Y + size * (row + 1))


def lines(*ends, **columns):
    shapes = [LineString([(X + x, Y + y) for x, y in line]) for line in ends]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4547)


ROW = zones(square(0, 0), square(1, 0), square(2, 0))


def test_each_pair_with_a_common_border_has_a_row_and_corners_have_none():
    sheet = border_sheet(zones(square(0, 0), square(1, 0), square(0, 1), square(1, 1)))
    assert sheet[["border_code", "first_code", "second_code"]].to_numpy().tolist() == [
        ["B001", "A", "B"], ["B002", "A", "C"], ["B003", "B", "D"], ["B004", "C", "D"],
    ]  # fmt: skip
    assert sheet["length_m"].tolist() == [100] * 4
    assert sheet.geometry[0].equals(LineString([(X + 100, Y), (X + 100, Y + 100)]))


def test_the_border_of_a_zone_within_another_is_a_ring():
    hole = box(X + 10, Y + 10, X + 20, Y + 30)
    sheet = border_sheet(zones(square(0, 0).difference(hole), hole))
    assert sheet["length_m"].tolist() == [60]
    assert shapely.is_closed(sheet.geometry[0])


def test_a_vertex_that_stands_twice_makes_no_border_of_its_own():
    corners = [(100, 0), (200, 0), (200, 100), (100, 100), (100, 50), (100, 50)]
    east = Polygon([(X + x, Y + y) for x, y in corners])
    west = Polygon([(X + 200 - x, Y + y) for x, y in corners])
    sheet = border_sheet(zones(west, east))
    assert sheet["length_m"].tolist() == [100]
    assert shapely.get_coordinates(sheet.geometry[0]).tolist() == [
        [X + 100, Y], [X + 100, Y + 50], [X + 100, Y + 100],
    ]  # fmt: skip


def test_borders_drawn_with_other_vertices_are_shared_and_overlaps_and_gaps_share_none():
    with_vertex = Polygon(
        [(X + 100, Y), (X + 200, Y), (X + 200, Y + 100), (X + 100, Y + 100), (X + 100, Y + 33.3)]
    )
    assert border_sheet(zones(square(0, 0), with_vertex))["length_m"].tolist() == [
        pytest.approx(100, abs=0.05)
    ]
    overlapping = box(X + 99, Y, X + 200, Y + 100)
    apart = box(X + 101, Y, X + 200, Y + 100)
    for other in (overlapping, apart):
        assert len(border_sheet(zones(square(0, 0), other))) == 0


def test_the_road_and_the_river_that_most_of_a_border_runs_along():
    roads = lines(
        [(102, 0), (102, 75)], [(102, 60), (102, 80)], [(97, 80), (97, 100)], [(0, 50), (300, 50)],
        road_name=["明德街", "明德街", "短街", "横街"],
    )  # fmt: skip
    river = gpd.GeoDataFrame(
        {"river_name": ["清水河"]}, geometry=[box(X + 205, Y, X + 230, Y + 40)], crs=4547
    )
    sheet = border_sheet(ROW, roads=roads, rivers=river)
    assert sheet["road_name"].tolist() == ["明德街", ""]  # what crosses a border does not run along it
    assert sheet["road_share"].tolist() == [pytest.approx(0.8), 0]
    assert sheet["river_name"].tolist() == ["", "清水河"]
    # The river is 5 m away, and as far beyond its end as makes 10 m.
    assert sheet["river_share"].tolist() == [0, pytest.approx((40 + 75**0.5) / 100, abs=1e-3)]


def test_a_road_without_name_is_told_by_its_code():
    roads = lines([(100, 0), (100, 100)], [(200, 0), (200, 90)], road_name=["", None], edge_code=["E1", "E2"])
    assert border_sheet(ROW, roads=roads)["road_name"].tolist() == ["E1", "E2"]
    with pytest.raises(MissingColumnError, match="'road_name'"):
        border_sheet(ROW, roads=roads[["geometry"]])


def test_the_incidents_near_a_border_by_who_got_them():
    places = [(95, 50), (105, 50), (109, 20), (111, 20), (91, 10), None, (195, 5)]
    incidents = gpd.GeoDataFrame(
        {
            "zone_code": ["A", "B", "A", "B", None, "A", "C"],
            "ambiguous": [True, False, False, True, True, True, True],
        },
        geometry=[None if place is None else Point(X + place[0], Y + place[1]) for place in places],
        crs=4547,
        index=[3] * 7,
    )
    first = border_sheet(ROW, incidents=incidents).iloc[0]
    names = ["incidents", "first_incidents", "second_incidents", "other_incidents", "nobody_incidents"]
    assert first[names].tolist() == [4, 2, 1, 0, 1]
    assert first["ambiguous_share"] == 0.5
    wider = border_sheet(ROW, incidents=incidents, gps_error_m=100).iloc[0]
    assert wider[names].tolist() == [6, 2, 2, 1, 1]
    nothing = border_sheet(ROW, incidents=incidents.iloc[:0])
    assert nothing["incidents"].tolist() == [0, 0]
    assert nothing["ambiguous_share"].isna().all()


def test_with_assigned_incidents_in_degrees():
    incidents = gpd.GeoDataFrame(
        {"occurred_at": ["2025-06-01"] * 2},
        geometry=[Point(X + 99.8, Y + 9), Point(X + 150, Y + 50)],
        crs=4547,
    )
    assigned = assign_incidents(incidents.to_crs(4490), ROW)
    sheet = border_sheet(ROW.to_crs(4490), incidents=assigned)
    assert sheet.crs.to_epsg() == 4547
    assert sheet["length_m"].tolist() == [pytest.approx(100, abs=1e-3)] * 2
    assert sheet[["incidents", "first_incidents"]].to_numpy().tolist() == [[1, 1], [0, 0]]
    assert sheet["ambiguous_share"].tolist()[0] == 1


def test_versions_are_judged_by_the_day_and_are_no_neighbours_of_each_other():
    layer = zones(square(0, 0), square(1, 0)).assign(valid_from=[None, "2025-01-01"])
    assert len(border_sheet(layer, at="2024-12-31")) == 0
    assert len(border_sheet(layer, at="2025-01-01")) == 1
    assert len(border_sheet(layer.assign(zone_code="A"))) == 0


def test_empty_layers_and_what_is_missing():
    nothing = lines(road_name=[]), zones().rename(columns={"zone_code": "river_name"})
    sheet = border_sheet(ROW, roads=nothing[0], rivers=nothing[1])
    assert (
        sheet[["road_name", "road_share", "river_name", "river_share"]].to_numpy().tolist()
        == [["", 0, "", 0]] * 2
    )
    alone = border_sheet(
        zones(square(0, 0)), roads=lines([(0, 0), (9, 9)], road_name=["a"]), rivers=nothing[1]
    )
    assert len(alone) == 0
    with pytest.raises(EmptyLayerError):
        border_sheet(ROW.iloc[:0])
    with pytest.raises(MissingColumnError, match="'zone_code'"):
        border_sheet(ROW, incidents=gpd.GeoDataFrame(geometry=[Point(0, 0)], crs=4547))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 3), min_size=16, max_size=16), st.randoms(use_true_random=False))
def test_lengths_are_those_of_the_cells_and_the_order_of_rows_changes_nothing(owners, random):
    """Zones made of cells of 10 m: each pair shares the sides at which their cells meet."""
    owner = np.array(owners).reshape(4, 4)
    codes = sorted({*owners})
    shapes = [
        shapely.coverage_union_all([square(x, y, 10) for y, x in np.argwhere(owner == code)])
        for code in codes
    ]
    layer = gpd.GeoDataFrame({"zone_code": [f"Z{code}" for code in codes]}, geometry=shapes, crs=4547)
    expected = {}
    for one, other in ((owner[:, :-1], owner[:, 1:]), (owner[:-1], owner[1:])):
        for a, b in zip(one.ravel().tolist(), other.ravel().tolist(), strict=True):
            if a != b:
                key = (f"Z{min(a, b)}", f"Z{max(a, b)}")
                expected[key] = expected.get(key, 0) + 10
    sheet = border_sheet(layer)
    found = {(row.first_code, row.second_code): row.length_m for row in sheet.itertuples()}
    assert found == pytest.approx(expected, abs=1e-6)
    order = list(range(len(layer)))
    random.shuffle(order)
    again = border_sheet(layer.iloc[order])
    assert again.drop(columns="geometry").equals(sheet.drop(columns="geometry"))
    assert np.array_equal(again.geometry.to_wkb(), sheet.geometry.to_wkb())
