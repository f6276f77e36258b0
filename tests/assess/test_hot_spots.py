"""Hot spots by Getis and Ord's G*, on a field of nine by nine cells of 100 m that can be drawn on paper.

::

    +---+---+---+---+---+---+---+---+---+   900 m
    |   |   |   |   |   |   |   |   |   |
    |   |   |   |10 |10 |10 |   |   |   |   ten incidents in each of the nine cells in the middle,
    |   |   |   |10 |10 |10 |   |   |   |   none in the others
    |   |   |   |10 |10 |10 |   |   |   |
    |   |   |   |   |   |   |   |   |   |
    +---+---+---+---+---+---+---+---+---+
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box
from shapely.affinity import translate

from zjk_gis.assess import hot_spots
from zjk_gis.assess.local_statistics import levels_of
from zjk_gis.errors import InputError

REGION = gpd.GeoDataFrame(geometry=[box(0, 0, 900, 900)], crs=4547)


def points(places, **columns):
    return gpd.GeoDataFrame(columns, geometry=[Point(*place) for place in places], crs=4547)


MIDDLE = points([(x, y) for x in (350, 450, 550) for y in (350, 450, 550) for _ in range(10)])


def field(found, column):
    """Lay a column out as on the map, north above."""
    return found[column].to_numpy().reshape(9, 9)


def test_the_block_in_the_middle_is_as_hot_as_the_formula_says():
    found = hot_spots(MIDDLE, cells=100, region=REGION)
    z = field(found, "z_score")
    assert z[4, 4] == pytest.approx(8.944272, abs=1e-6)
    assert z[0, 0] == pytest.approx(-0.720750, abs=1e-6)
    assert field(found, "near_incidents")[4].tolist() == [0, 0, 30, 60, 90, 60, 30, 0, 0]
    assert field(found, "near_cells")[0].tolist() == [3, 5, 5, 5, 5, 5, 5, 5, 3]
    assert found["incidents"].sum() == found.attrs["incidents"] == 90


def test_cells_that_touch_are_those_within_a_side_and_a_half():
    touching = hot_spots(MIDDLE, cells=100, region=REGION)
    within = hot_spots(MIDDLE, cells=100, region=REGION, reach_m=150)
    assert np.array_equal(touching["z_score"], within["z_score"])
    assert touching["reach_m"].isna().all()
    assert (within["reach_m"] == 150).all()
    cross = hot_spots(MIDDLE, cells=100, region=REGION, reach_m=100)
    assert field(cross, "near_cells")[4, 4] == 4  # the reach is inclusive


def test_own_areas_that_touch_are_near_even_if_their_borders_differ_by_a_hair():
    cells = [box(100 * x, 100 * y, 100 * x + 99.995, 100 * y + 100) for y in range(9) for x in range(9)]
    grids = gpd.GeoDataFrame(
        {"grid_code": [f"{n:02d}" for n in range(81)]}, geometry=cells, crs=4547, index=range(500, 581)
    )
    found = hot_spots(MIDDLE, cells=grids)
    assert found.index.tolist() == grids.index.tolist()
    assert found["cell_code"].tolist() == [*grids["grid_code"]]
    assert found.loc[540, "z_score"] == pytest.approx(8.944272, abs=1e-6)
    assert found["cell_m"].isna().all()
    shuffled = hot_spots(MIDDLE, cells=grids.sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(found, shuffled.loc[found.index])


def test_an_island_stands_for_itself_and_the_answer_says_so():
    cells = [box(200 * n, 0, 200 * n + 100, 100) for n in range(40)]
    found = hot_spots(points([(50, 50)] * 5), cells=gpd.GeoDataFrame(geometry=cells, crs=4547))
    assert (found["near_cells"] == 0).all()
    values = np.array([5] + [0] * 39)
    assert found["z_score"].to_numpy() == pytest.approx((values - values.mean()) / values.std())
    assert any("40" in remark for remark in found.attrs["remarks"][3:])


def test_outside_the_region_there_are_no_cells():
    river = box(0, 400, 900, 500)
    land = gpd.GeoDataFrame(geometry=[REGION.geometry[0].difference(river)], crs=4547)
    found = hot_spots(MIDDLE, cells=100, region=land)
    assert len(found) == 72
    assert found.attrs["outside"] == 30
    assert found.area.sum() == pytest.approx(land.area.sum())


def test_a_cell_that_the_border_cuts_holds_only_what_lies_inside():
    region = gpd.GeoDataFrame(geometry=[box(0, 0, 930, 930)], crs=4547)
    cases = points([(920, 920), (930, 930), (931, 931), (450, 450)])
    found = hot_spots(cases, cells=100, region=region)
    assert len(found) == 100
    assert found["incidents"].sum() == 3
    assert found.attrs["outside"] == 1


def test_hexagons_have_six_neighbours():
    found = hot_spots(MIDDLE, cells=100, region=REGION, hexagons=True)
    inner = found[found.within(box(100, 100, 800, 800))]
    assert set(inner["near_cells"]) == {6}
    assert found["incidents"].sum() == 90
    assert found.area.sum() == pytest.approx(810_000)


def test_each_class_is_judged_by_itself():
    north = points([(450, 850)] * 20)
    both = pd.concat([MIDDLE.assign(event_code="0501"), north.assign(event_code=None)])
    found = hot_spots(both.set_crs(4547), cells=100, region=REGION, by="event_code")
    alone = hot_spots(MIDDLE, cells=100, region=REGION)
    assert len(found) == 162
    assert found["event_code"].isna().sum() == 81
    assert np.array_equal(found["z_score"][:81], alone["z_score"])


def test_what_was_one_report_to_so_many_people_is_not_hot():
    places = [(100 * x + 50, 100 * y + 50) for y in range(9) for x in range(9)]
    numbers = [1 + (x % 4) for x in range(9) for _ in range(9)]
    cases = points([place for place, number in zip(places, numbers, strict=True) for _ in range(number)])
    homes = [box(x - 50, y - 50, x + 50, y + 50) for x, y in places]
    people = gpd.GeoDataFrame({"population": [100 * n for n in numbers]}, geometry=homes, crs=4547)
    plain = hot_spots(cases, cells=100, region=REGION)
    rates = hot_spots(cases, cells=100, region=REGION, people=people)
    assert plain["z_score"].abs().max() > 1.8
    assert (rates["rate"] == 100.0).all()  # to 10,000 people
    assert rates["z_score"].isna().all()
    assert set(rates["hot_class"]) == {"not_judged"}
    assert set(rates["basis"]) == {"people"}
    assert set(plain["basis"]) == {"nothing"}


def test_counts_divided_by_patrols_or_roads():
    patrols = points([(350, 350)] * 4 + [(450, 450)] * 10 + [(50, 50)])
    found = hot_spots(MIDDLE, cells=100, region=REGION, patrols=patrols)
    cells = found.set_index("cell_code")["rate"].dropna()
    assert cells.to_dict() == {"C0041": 1.0, "C0049": 2.5, "C0073": 0.0}
    roads = gpd.GeoDataFrame(geometry=[LineString([(0, 450), (900, 450)])], crs=4547)
    along = hot_spots(MIDDLE, cells=100, region=REGION, roads=roads)
    assert along["rate"].max() == pytest.approx(100.0)  # ten on 100 m are a hundred to a kilometre
    assert (along["hot_class"] == "not_judged").sum() == 72
    with pytest.raises(InputError, match="one thing"):
        hot_spots(MIDDLE, cells=100, region=REGION, roads=roads, patrols=patrols)


def test_months_begin_and_end_by_the_clock_of_beijing():
    cases = points(
        [(450, 450), (450, 450), (450, 450), (450, 450)],
        occurred_at=[
            "2025-10-31T16:00:00Z",
            "2025-11-30T15:59:59Z",
            "2025-11-30T16:00:00Z",
            "2025-10-31T15:59:59Z",
        ],
    )
    naive = cases.assign(
        occurred_at=[
            "2025-11-01 00:00:00",
            "2025-11-30 23:59:59",
            "2025-12-01 00:00:00",
            "2025-10-31 23:59:59",
        ]
    )
    for rows in (cases, naive):
        assert hot_spots(rows, cells=100, region=REGION, month="2025-11")["incidents"].sum() == 2
        since = hot_spots(rows, cells=100, region=REGION, since="2025-11-01", until="2025-11-30")
        assert since["incidents"].sum() == 2


def test_fewer_classes_remain_when_false_discoveries_are_counted():
    rng = np.random.default_rng(2)
    cases = points(rng.uniform(0, 900, (200, 2)))
    plain = hot_spots(cases, cells=50, region=REGION, fdr=False)["hot_class"]
    corrected = hot_spots(cases, cells=50, region=REGION)["hot_class"]
    assert (plain != "not_significant").sum() > 20
    assert (corrected != "not_significant").sum() < 3


@given(st.lists(st.floats(-6, 6), min_size=1, max_size=40))
def test_levels_are_those_of_a_plain_benjamini_hochberg(values):
    from scipy.stats import false_discovery_control, norm

    z = np.array(values)
    q = false_discovery_control(2 * norm.sf(np.abs(z)))
    told = np.abs(levels_of(z, fdr=True))
    for level, alpha in ((90, 0.1), (95, 0.05), (99, 0.01)):
        clear = np.abs(q - alpha) > 1e-9
        assert ((told >= level) == (q <= alpha))[clear].all()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 899), st.integers(0, 899)), min_size=2, max_size=30), st.randoms())
def test_the_order_of_incidents_does_not_matter(places, random):
    shuffled = places[:]
    random.shuffle(shuffled)
    first, second = (
        hot_spots(points(each), cells=90, region=REGION, reach_m=200) for each in (places, shuffled)
    )
    pd.testing.assert_frame_equal(first, second)
    assert first["incidents"].sum() == len(places)


def test_z_is_that_of_esda_on_40_000_cells():
    import esda
    import libpysal

    rng = np.random.default_rng(5)
    side = 200
    region = gpd.GeoDataFrame(geometry=[box(0, 0, 100 * side, 100 * side)], crs=4547)
    spots = rng.uniform(0, 100 * side, (50, 2))
    places = spots[rng.integers(0, 50, 60_000)] + rng.normal(0, 700, (60_000, 2))
    cases = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*places.T), crs=4547)
    found = hot_spots(cases, cells=100, region=region)
    weights = libpysal.weights.lat2W(side, side, rook=False)
    counts = found["incidents"].to_numpy(dtype=float)
    peer = esda.G_Local(counts, weights, transform="B", star=True, permutations=0).Zs
    assert np.abs(found["z_score"].to_numpy() - peer).max() < 1e-9


def test_a_layer_in_degrees_is_measured_in_metres():
    moved = REGION.set_geometry([translate(REGION.geometry[0], 573000, 4520000)])
    shifted = MIDDLE.set_geometry(MIDDLE.translate(573000, 4520000))
    found = hot_spots(shifted.to_crs(4490), cells=100, region=moved)
    assert found["z_score"].max() == pytest.approx(8.944272, abs=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cells": 100}, "region="),
        ({"cells": 0, "region": REGION}, "more than 0"),
        ({"cells": 100, "region": REGION, "reach_m": 50}, "no other cell"),
        ({"cells": 0.1, "region": REGION}, "take larger ones"),
        ({"cells": 1, "region": REGION, "reach_m": 400}, "shorter reach"),
        ({"cells": REGION, "region": REGION}, "bring their ground"),
        ({"cells": 100, "region": REGION, "month": "2025-13"}, "2025-11"),
        ({"cells": 100, "region": REGION, "month": "2024-11"}, "none of 1 is of this period"),
        ({"cells": 100, "region": REGION, "since": "2025-12-01", "until": "2025-11-01"}, "not before"),
    ],
)
def test_what_cannot_be_answered_is_refused(options, message):
    cases = points([(450, 450)], occurred_at=["2025-11-03"])
    with pytest.raises(InputError, match=message):
        hot_spots(cases, **options)


def test_incidents_that_lie_nowhere_are_counted():
    cases = points([(450, 450), (5000, 5000)])
    lost = gpd.GeoDataFrame(geometry=[*cases.geometry, None, Point()], crs=4547)
    found = hot_spots(lost, cells=100, region=REGION)
    assert (found.attrs["incidents"], found.attrs["outside"], found.attrs["no_position"]) == (1, 1, 2)
    with pytest.raises(InputError, match="none of 3 lies in the cells"):
        hot_spots(lost.iloc[1:], cells=100, region=REGION)


def test_of_zones_those_of_the_finest_level_on_the_last_day_of_the_period_count():
    rows = [
        ("S", 1, None, None, box(0, 0, 900, 900)),
        ("A", 2, None, "2025-10-31", box(0, 0, 900, 900)),
        ("A", 2, "2025-11-01", None, box(0, 0, 450, 900)),
        ("B", 2, "2025-11-01", None, box(450, 0, 900, 900)),
    ]
    names = ["zone_code", "level", "valid_from", "valid_to", "geometry"]
    zones = gpd.GeoDataFrame(rows, columns=names, geometry="geometry", crs=4547)
    cases = points(
        [(100, 100), (800, 100), (810, 100)], occurred_at=["2025-10-03", "2025-11-03", "2025-11-04"]
    )
    after = hot_spots(cases, cells=zones, month="2025-11")
    assert dict(zip(after["cell_code"], after["incidents"], strict=True)) == {"A": 0, "B": 2}
    before = hot_spots(cases, cells=zones, until="2025-10-31")
    assert before["incidents"].tolist() == [1]


def test_a_report_to_a_metre_of_road_is_not_the_hottest_place():
    along = LineString([(0, 450), (900, 450)])
    stub = LineString([(50, 50), (51, 50)])
    roads = gpd.GeoDataFrame(geometry=[along, stub], crs=4547)
    cases = points([(350, 450)] * 3 + [(50, 50)])
    found = hot_spots(cases, cells=100, region=REGION, roads=roads).set_index("cell_code")
    assert found.loc["C0073", "hot_class"] == "not_judged"
    assert any("72" in remark and "10" in remark for remark in found.attrs["remarks"])
    every = hot_spots(cases, cells=100, region=REGION, roads=roads, least=0).set_index("cell_code")
    assert every.loc["C0073", "rate"] == 1000.0
    with pytest.raises(InputError, match="no cell has more"):
        hot_spots(cases, cells=100, region=REGION, roads=roads, least=500)
