"""What lies in a fault decides how grave it is; on ground whose contents are known by construction."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, box

from zjk_gis.coverage import rank_faults
from zjk_gis.errors import CRSError, GeometryError, InputError, MissingColumnError

X, Y = 573000, 4520000


def faults(*shapes, **columns):
    codes = [f"G{at:03}" for at in range(1, len(shapes) + 1)]
    return gpd.GeoDataFrame({"gap_code": codes, **columns}, geometry=list(shapes), crs=4547)


def points(*places, days="2025-06-01", **columns):
    shapes = [None if place is None else Point(X + place[0], Y + place[1]) for place in places]
    index = range(len(shapes))
    return gpd.GeoDataFrame({"occurred_at": days, **columns}, index=index, geometry=shapes, crs=4547)


HILLSIDE = box(X, Y, X + 100, Y + 100)
CROSSING = box(X + 500, Y, X + 503, Y + 1)


def test_three_square_metres_under_a_busy_crossing_come_before_a_hectare_of_hillside():
    ranked = rank_faults(
        faults(HILLSIDE, CROSSING),
        incidents=points((501, 0), (508, 0)),
        components={"manholes": points((502, 0.5)), "street_lamps": points((50, 50), (501, 1), (499, 0))},
        people=points((502, 0.2), population=[7]),
        roads=gpd.GeoDataFrame(geometry=[LineString([(X + 490, Y + 0.5), (X + 510, Y + 0.5)])], crs=4547),
    )
    assert ranked.index.tolist() == [1, 0]
    crossing, hillside = ranked.loc[1], ranked.loc[0]
    # Incidents within 10 m count, as telephones are no more accurate; surveyed components only inside.
    assert crossing[["incidents", "components", "people", "rank"]].tolist() == [2, 2, 7, 1]
    assert crossing["component_counts"] == "manholes 1;street_lamps 1"
    assert crossing["road_m"] == pytest.approx(3)
    assert crossing["consequence"] == pytest.approx(2 + 0.2 * 2 + 0.1 * 7 + 0.05 * 3)
    assert hillside[["incidents", "components", "rank"]].tolist() == [0, 1, 2]


def test_where_nothing_lies_the_larger_comes_first():
    ranked = rank_faults(faults(CROSSING, HILLSIDE), incidents=points())
    assert ranked["gap_code"].tolist() == ["G002", "G001"]
    assert ranked["consequence"].tolist() == [0, 0]


def test_only_the_incidents_of_the_last_year_count_and_the_others_are_accounted_for():
    days = ["2025-12-31 23:59", "2025-01-01", "2024-12-31", "2026-01-01", None, "2025-06-01"]
    incidents = points((1, 1), (1, 1), (1, 1), (1, 1), (1, 1), None, days=days)
    ranked = rank_faults(faults(HILLSIDE), incidents=incidents, until="2025-12-31")
    assert ranked["incidents"].tolist() == [2]
    told = ranked.attrs["consequence"]
    assert (told["since"], told["until"]) == ("2025-01-01", "2025-12-31")
    assert (told["no_position"], told["no_time"], told["outside_period"]) == (1, 1, 2)
    assert rank_faults(faults(HILLSIDE), incidents=incidents, since_days=None)["incidents"].tolist() == [5]


def test_without_a_last_day_the_year_ends_with_the_last_incident():
    incidents = points((1, 1), (1, 1), days=["2020-03-01", "2019-03-02"])
    assert rank_faults(faults(HILLSIDE), incidents=incidents).attrs["consequence"]["until"] == "2020-03-01"


def test_people_of_an_estate_are_those_of_its_share_in_the_fault():
    estate = gpd.GeoDataFrame({"population": [400]}, geometry=[box(X + 50, Y, X + 150, Y + 100)], crs=4547)
    assert rank_faults(faults(HILLSIDE), people=estate)["people"].tolist() == [pytest.approx(200)]


def test_a_stretch_of_road_counts_its_own_length_and_what_is_beside_it():
    stretches = gpd.GeoDataFrame(
        {"edge_code": ["R1", "R2"], "side": ["两侧", "左侧"]},
        geometry=[LineString([(X, Y), (X + 100, Y)]), LineString([(X, Y + 200), (X + 100, Y + 200)])],
        crs=4547,
    )
    lamps = points((50, 8), (50, 12), (50, 205))
    ranked = rank_faults(stretches, components={"lamps": lamps}, roads=stretches).set_index("edge_code")
    assert ranked["road_m"].to_dict() == {"R1": 100, "R2": 50}
    assert ranked["components"].to_dict() == {"R1": 1, "R2": 1}


def test_weights_are_ones_own():
    layers = {
        "incidents": points((50, 50)),
        "components": {"lamps": points(*[(501 + at / 9, 0.5) for at in range(9)])},
    }
    assert rank_faults(faults(HILLSIDE, CROSSING), **layers)["gap_code"].tolist() == ["G002", "G001"]
    ranked = rank_faults(faults(HILLSIDE, CROSSING), **layers, weights={"components": 0.0})
    assert ranked["gap_code"].tolist() == ["G001", "G002"]
    assert ranked.attrs["consequence"]["weights"] == {
        "incidents": 1.0, "components": 0.0, "people": 0.1, "road_m": 0.05,
    }  # fmt: skip


def test_several_layers_are_ranked_together():
    overlaps = gpd.GeoDataFrame({"overlap_code": ["C001"]}, geometry=[CROSSING], crs=4547)
    ranked = rank_faults({"gaps": faults(HILLSIDE), "overlaps": overlaps}, incidents=points((501, 0)))
    assert ranked["fault"].tolist() == ["overlaps", "gaps"]
    assert ranked["overlap_code"].tolist()[0] == "C001"


def test_an_amount_that_the_faults_bring_counts_and_is_kept():
    known = faults(HILLSIDE, CROSSING, people=[0.0, 80.0])
    assert rank_faults(known)["gap_code"].tolist() == ["G002", "G001"]
    again = rank_faults(known, people=points((1, 1), population=[5]))
    assert again["people_recorded"].tolist() == [0.0, 80.0]
    assert again["gap_code"].tolist() == ["G001", "G002"]


def test_empty_layers_count_nothing_and_empty_faults_have_no_rank():
    nothing = gpd.GeoDataFrame({"occurred_at": []}, geometry=[], crs=4547)
    ranked = rank_faults(
        faults(HILLSIDE), incidents=nothing, components={"a": nothing}, roads=nothing,
        people=nothing.assign(population=[]),
    )  # fmt: skip
    assert ranked[["incidents", "components", "people", "road_m"]].to_numpy().tolist() == [[0, 0, 0, 0]]
    none = rank_faults({"gaps": faults().iloc[:0], "more": faults()}, incidents=points((1, 1)))
    assert len(none) == 0
    assert {"incidents", "consequence", "rank", "fault"} <= set(none)


@pytest.mark.parametrize("crs", [4490, 4326, 4549])
def test_layers_of_any_crs_are_measured_in_metres(crs):
    layers = {
        "incidents": points((501, 0), (520, 0)).to_crs(crs),
        "components": {"a": points((502, 0.5)).to_crs(crs)},
        "people": points((502, 0.2), population=[7]).to_crs(crs),
    }
    ranked = rank_faults(faults(HILLSIDE, CROSSING).to_crs(4490), **layers)
    assert ranked.loc[1, ["incidents", "components", "people"]].tolist() == [1, 1, 7]


def test_what_cannot_be_answered_is_refused():
    with pytest.raises(MissingColumnError, match="no column 'occurred_at'"):
        rank_faults(faults(HILLSIDE), incidents=points((1, 1)).drop(columns="occurred_at"))
    with pytest.raises(MissingColumnError, match="no column 'population'"):
        rank_faults(faults(HILLSIDE), people=points((1, 1)))
    with pytest.raises(InputError, match="'trees' is not known"):
        rank_faults(faults(HILLSIDE), weights={"trees": 1})
    with pytest.raises(InputError, match="finite number"):
        rank_faults(faults(HILLSIDE), weights={"people": -1})
    with pytest.raises(InputError, match="at least 1"):
        rank_faults(faults(HILLSIDE), incidents=points((1, 1)), since_days=0)
    with pytest.raises(InputError, match="at least one layer"):
        rank_faults({})
    with pytest.raises(GeometryError, match=r"1 of 1 rows are neither areas nor lines \(row 0\)"):
        rank_faults(faults(Point(0, 0)))
    with pytest.raises(GeometryError, match="invalid"):
        rank_faults(faults(Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])))
    with pytest.raises(CRSError):
        rank_faults(faults(HILLSIDE).set_crs(None, allow_override=True))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(1, 9)), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=15),
    st.randoms(use_true_random=False),
)
def test_the_order_of_rows_changes_nothing_and_counts_are_those_of_the_definition(squares, places, random):
    shapes = [box(X + x, Y + y, X + x + size, Y + y + size) for x, y, size in squares]
    layer, incidents = faults(*shapes), points(*places)
    ranked = rank_faults(layer, incidents=incidents, within_m=5.0)
    for row in ranked.itertuples():
        assert row.incidents == sum(row.geometry.distance(point) <= 5.0 for point in incidents.geometry)
    key = (
        pd.DataFrame({"c": -ranked["consequence"], "a": -ranked.area.round(4)}).apply(tuple, axis=1).tolist()
    )
    assert key == sorted(key)
    mixed, other = (list(range(size)) for size in (len(layer), len(incidents)))
    random.shuffle(mixed)
    random.shuffle(other)
    again = rank_faults(layer.iloc[mixed], incidents=incidents.iloc[other], within_m=5.0)
    assert np.array_equal(again.geometry.to_wkb(), ranked.geometry.to_wkb())
    assert again["consequence"].tolist() == ranked["consequence"].tolist()
