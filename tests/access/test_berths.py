"""Berths and the vehicles that want them.

1---A---2---B---3      homes 1, 2, 3 at 0, 400, 800 m; lots A and B at 200 and 600 m of one street
"""

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point, box

from zjk_gis.access import berth_authority, berth_balance, berths_by_area, nearest_facilities, road_network
from zjk_gis.errors import InputError, MissingColumnError

X, Y = 573000, 4520000


def layer(*shapes, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4547)


def at(*places):
    return [Point(X + x, Y) for x in places]


NETWORK = road_network(layer(LineString(at(0, 800))))
HOMES = layer(*at(0, 400, 800), vehicles=[100, 50, 200])
LOTS = layer(*at(200, 600), lot_code=["A", "B"], berths=[30, 60])


class TestBalance:
    def test_two_steps_by_hand(self):
        """The figures of the `access` package (PySAL) 1.1.10 for the same demand, supply and reach."""
        balance = berth_balance(HOMES, LOTS, NETWORK)
        assert balance.homes["berths_per_vehicle"].tolist() == pytest.approx([0.20, 0.44, 0.24])
        assert balance.homes["lots_reached"].tolist() == [1, 2, 1]
        assert balance.homes["berths_reached"].tolist() == [30, 90, 60]
        assert balance.lots["demand"].tolist() == [150, 250]
        assert balance.ratio == pytest.approx(90 / 350)
        assert balance.wanted == (1.1, 1.3)

    def test_steps_make_a_far_lot_worth_less(self):
        near = layer(*at(150), vehicles=[10])
        far = layer(*at(0), vehicles=[10])
        both = layer(*at(150, 0), vehicles=[10, 10])
        lot = LOTS.iloc[:1]
        steps = [(100, 1.0), (300, 0.5)]
        assert berth_balance(near, lot, NETWORK, decay=steps).homes["berths_per_vehicle"].tolist() == [3]
        assert berth_balance(far, lot, NETWORK, decay=steps).homes["berths_per_vehicle"].tolist() == [3]
        shared = berth_balance(both, lot, NETWORK, decay=steps).homes["berths_per_vehicle"].tolist()
        assert shared == pytest.approx([30 / 15, 30 / 15 * 0.5])

    def test_a_curve_is_1_at_the_door_and_0_at_the_end(self):
        homes = layer(*at(200, 500), vehicles=[10, 10])
        told = berth_balance(homes, LOTS.iloc[:1], NETWORK, decay="gaussian", within_m=300)
        assert told.homes["berths_per_vehicle"].tolist() == pytest.approx([3, 0])

    def test_vehicles_from_households(self):
        homes = layer(*at(0), households=[50])
        assert berth_balance(homes, LOTS, NETWORK, vehicles_per_household=0.8).homes["vehicles"].tolist() == [
            40
        ]
        with pytest.raises(MissingColumnError, match="vehicles_per_household"):
            berth_balance(homes, LOTS, NETWORK)

    def test_a_lot_that_nobody_reaches_is_idle_and_a_home_without_one_lacks_all(self):
        balance = berth_balance(layer(*at(0), vehicles=[7]), LOTS.iloc[1:], NETWORK)
        assert balance.lots["unreached"].tolist() == [True]
        assert balance.homes["shortage"].tolist() == [7]

    def test_wrong_numbers_are_set_aside_and_wrong_options_refused(self):
        balance = berth_balance(HOMES, LOTS.assign(berths=[30, -4]), NETWORK)
        assert [row["why"] for row in balance.set_aside] == ["not_an_amount"]
        for decay in ("linear", [], [(300, 1), (100, 0.5)], [(100, 2)], 7):
            with pytest.raises(InputError, match="decay must be"):
                berth_balance(HOMES, LOTS, NETWORK, decay=decay)

    @given(st.integers(0, 2**32 - 1), st.sampled_from([None, "gaussian", [(100, 1.0), (250, 0.3)]]))
    def test_berths_are_shared_out_once(self, seed, decay):
        rng = np.random.default_rng(seed)
        homes = layer(*at(*rng.uniform(0, 800, 9)), vehicles=rng.integers(0, 50, 9))
        lots = layer(*at(*rng.uniform(0, 800, 4)), lot_code=list("abcd"), berths=rng.integers(0, 90, 4))
        balance = berth_balance(homes, lots, NETWORK, within_m=250, decay=decay)
        given_out = (balance.homes["berths_per_vehicle"] * balance.homes["vehicles"]).sum()
        assert given_out == pytest.approx(balance.lots.loc[~balance.lots["unreached"], "berths"].sum())
        reached = nearest_facilities(homes, lots, NETWORK, within_m=250)["reason"] == "reached"
        if decay is None:
            assert ((balance.homes["lots_reached"] > 0) == reached).all()


STEPS = [(100, 1.0), (200, 0.68), (300, 0.22)]


@given(st.integers(0, 2**32 - 1), st.sampled_from([None, STEPS]))
def test_both_steps_are_those_written_out_for_all_pairs(seed, decay):
    """As the `access` package (PySAL) 1.1.10 has them: on 6 cities of 200 homes and 25 lots the two differ by
    no more than 2e-16, without weights and with these.
    """
    rng = np.random.default_rng(seed)
    place, stand = rng.uniform(0, 800, 12), rng.uniform(0, 800, 5)
    homes = layer(*at(*place), vehicles=rng.integers(1, 50, 12))
    lots = layer(*at(*stand), lot_code=list("abcde"), berths=rng.integers(0, 90, 5))
    metres = np.abs(place[:, None] - stand[None, :])
    weight = (metres <= 300).astype(float)
    if decay is not None:
        weight = np.select([metres <= far for far, _ in decay], [worth for _, worth in decay], 0.0)
    demand = weight.T @ homes["vehicles"].to_numpy(float)
    share = np.divide(lots["berths"].to_numpy(float), demand, out=np.zeros(5), where=demand > 0)
    balance = berth_balance(homes, lots, NETWORK, decay=decay)
    assert balance.lots["demand"].to_numpy() == pytest.approx(demand)
    assert balance.homes["berths_per_vehicle"].to_numpy() == pytest.approx(weight @ share)


class TestByArea:
    STREETS = layer(
        box(X + 400, Y - 9, X + 900, Y + 9), box(X - 9, Y - 9, X + 399, Y + 9), street_code=["S2", "S1"]
    )

    def test_kinds_are_kept_apart(self):
        lots = layer(
            *at(0, 100, 500, 600, 5000), berths=[10, 20, 30, None, 5], lot_code=list("abcde"),
            lot_kind=["公共", "专用", "路内", "公共停车场", "?"],
        )  # fmt: skip
        lots.loc[2, "lot_kind"] = "道路临时泊位"
        lots.loc[3, "lot_kind"] = "公共"
        table = berths_by_area(lots, self.STREETS, homes=HOMES, plan={"S1": 60})
        assert table["area_code"].fillna("-").tolist() == ["S1", "S2", "-"]
        assert table["berths_public"].tolist() == [10, 0, 0]
        assert table["berths_private"].tolist() == [20, 0, 0]
        assert table["berths_on_street"].tolist() == [0, 30, 0]
        assert table["berths_of_unknown_kind"].tolist() == [0, 0, 5]
        assert table["lots_without_berths"].tolist() == [0, 1, 0]
        assert table["vehicles"].tolist() == [100, 250, 0]
        assert table["judgement"].fillna("-").tolist() == ["too_few", "too_few", "-"]
        assert table["share_of_plan"].iloc[0] == 0.5

    def test_a_plan_for_nowhere_is_refused(self):
        with pytest.raises(InputError, match="no area has the code S9; the areas are S1, S2"):
            berths_by_area(LOTS.assign(lot_kind="公共"), self.STREETS, plan={"S9": 1})
        with pytest.raises(MissingColumnError, match="lot_kind"):
            berths_by_area(LOTS, self.STREETS)


def test_who_answers_by_the_kerb():
    kerb = layer(box(X, Y, X + 100, Y + 12))
    berths = layer(
        box(X + 5, Y, X + 10, Y + 2), box(X + 5, Y + 11, X + 10, Y + 13), box(X + 5, Y + 20, X + 10, Y + 22),
        Point(X + 50, Y + 6), None,
    )  # fmt: skip
    told = berth_authority(berths, kerb)
    assert told["authority"].fillna("-").tolist() == [
        "traffic_police", "traffic_police", "city_management", "traffic_police", "-",
    ]  # fmt: skip
    assert told["across_kerb"].tolist() == [False, True, False, False, False]
