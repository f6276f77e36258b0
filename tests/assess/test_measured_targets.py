"""Targets measured from layers by hand-countable rows, and what is missing named; works by area, add up.

::

    +---------+---------+
    |    A    |    B    |   two districts of 100 m x 100 m; a road of 60 m in A, one of 40 m in B,
    +---------+---------+   and one of 100 m on their common border
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point, box

from zjk_gis.assess import indicators, measured_targets, target_progress, work_indicators
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.words import speaking


def layer(columns, shapes):
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4547)


@pytest.fixture
def districts():
    return layer({"district_code": ["130702", "130703"]}, [box(0, 0, 100, 100), box(100, 0, 200, 100)])


@pytest.fixture
def city(districts):
    lines = [
        LineString([(20, 50), (80, 50)]),
        LineString([(150, 20), (150, 60)]),
        LineString([(100, 0), (100, 100)]),
    ]
    spots = [Point(10 * at, 10) for at in range(5)]
    return {
        "districts": districts,
        "roads": layer({"sweeping_method": ["机扫", "人工", "湿扫"]}, lines),
        "parking_lots": layer(
            {
                "lot_kind": ["公共", "道路临时泊位", "专用", "公共", "公共"],
                "berths": [100, 20, 400, 50, 30],
                "filed_on": ["2022-01-01", "2022-12-31", "2022-06-01", "2021-12-31", None],
            },
            spots,
        ),
        "communities": layer(
            {"community_code": ["C1", "C2"], "green_since": ["2022-05-01", None]},
            [box(0, 0, 100, 50), box(0, 50, 100, 100)],
        ),
        "waste_points": layer(
            {"community_code": ["C1", "C1", "C2"], "sorted_kinds": [4, 2, 3]}, spots[:3]
        ),
        "streets": layer(
            {
                "district_code": ["130702", "130702", "130703"],
                "model_title": ["精品街道", "美丽街区", None],
                "model_since": ["2022-10-01", None, None],
            },
            spots[:3],
        ),
        "enforcement_cases": layer(
            {
                "decided_on": ["2022-03-01", "2022-03-01", "2022-03-01", "2022-12-30", None],
                "published_on": ["2022-03-10", "2022-03-11", None, None, None],
            },
            spots,
        ),
    }  # fmt: skip


def figures(city, as_of="2022-12-31"):
    found = measured_targets(city, as_of=as_of)
    assert (found["data_lacking"] == "").all()
    return {
        (row["target"], row["area"]): (row["numerator"], row["denominator"])
        for row in found.to_dict("records")
    }


def test_each_target_is_counted_by_its_rule(city):
    found = figures(city)
    assert found["new_public_berths", ""][0] == 120  # one was filed a day too early, of one it is not known
    assert found["waste_sorting_coverage", ""] == (1, 2)
    assert found["mechanical_sweeping", "130702"] == (160, 160)  # the border counts for the lower code
    assert found["mechanical_sweeping", "130703"] == (0, 40)
    assert [found["streets_per_county", code][0] for code in ("130702", "130703")] == [2, 0]
    assert found["model_streets", ""][0] == 1
    assert found["green_communities", ""] == (1, 2)
    # published on the 7th working day, on the 8th, never; the fourth still has time
    assert found["penalties_published", ""] == (1, 3)


def test_what_happens_later_is_not_known_yet(city):
    found = figures(city, "2022-04-30")
    assert found["new_public_berths", ""][0] == 100
    assert found["model_streets", ""][0] == 0
    assert found["green_communities", ""] == (0, 2)


def test_rows_of_which_it_is_not_known_are_counted(city):
    found = measured_targets(city, as_of="2022-12-31").set_index("target")
    assert found.loc["new_public_berths", "left_out"] == 1
    city["roads"].loc[0, "sweeping_method"] = "不详"
    found = measured_targets(city, as_of="2022-12-31").set_index(["target", "area"])
    swept = found.loc[("mechanical_sweeping", "130702"), ["numerator", "denominator", "left_out"]]
    assert swept.tolist() == [100, 100, 1]


def test_what_is_missing_is_named(city):
    del city["waste_points"]
    city["communities"] = city["communities"].assign(green_since=None)
    with speaking("zh"):
        found = measured_targets(city, as_of="2022-12-31").set_index("target")
    assert found.loc["waste_sorting_coverage", "data_lacking"] == "缺垃圾收集点图层"
    assert found.loc["green_communities", "data_lacking"] == "社区图层缺“绿色社区达标日期”列"
    assert found.loc[["waste_sorting_coverage", "green_communities"], "numerator"].isna().all()
    with pytest.raises(InputError, match="parking_lots"):
        measured_targets({"poles": city["roads"]}, as_of="2022-12-31")


def test_it_goes_straight_into_the_progress(city):
    progress = target_progress(measured_targets(city, as_of="2022-12-31"), as_of="2022-12-31")
    told = progress.set_index(["target", "area"])
    assert told.loc[("mechanical_sweeping", "130702"), "progress"] == "achieved"
    assert told.loc[("mechanical_sweeping", "130703"), ["progress", "reached_amount"]].tolist() == [
        "behind",
        0,
    ]
    assert told.loc[("new_public_berths", ""), ["lacking_amount", "left_out"]].tolist() == [9880, 1]
    assert "7" in told.loc[("penalties_published", ""), "measured_by"]


class TestWorks:
    """One pipe of 100 m through both districts, a yard in A, one in nowhere."""

    @pytest.fixture
    def works(self):
        return layer(
            {
                "department": ["甲局", "乙局", "乙局", "乙局"],
                "fund_source": ["专项债", "企业投资", None, "PPP"],
                "budget_yuan": [1000.0, 500.0, None, 300.0],
                "paid_yuan": [400.0, 500.0, 10.0, None],
                "begins_on": ["2025-01-01", "2025-01-01", "2025-01-01", "2026-01-01"],
                "due_on": ["2025-06-30", "2025-06-30", "2025-06-30", "2026-06-30"],
                "ends_on": ["2025-06-30", "2025-07-01", None, None],
            },
            [LineString([(30, 5), (130, 5)]), box(10, 10, 20, 20), Point(900, 900), Point(50, 50)],
        )

    def told(self, found, by, indicator):
        rows = found[found["indicator"] == indicator]
        keys = rows[by].astype(object).where(rows[by].notna(), "")
        return dict(zip(keys, zip(rows["numerator"], rows["denominator"], strict=True), strict=True))

    def test_by_department(self, works):
        found = work_indicators(works, by="department", as_of="2025-12-31")
        assert self.told(found, "department", "budget_share") == {"甲局": (1000, 1500), "乙局": (500, 1500)}
        assert self.told(found, "department", "paid_rate") == {"甲局": (400, 1000), "乙局": (500, 500)}
        assert self.told(found, "department", "private_fund_rate") == {"甲局": (0, 1000), "乙局": (500, 500)}
        assert self.told(found, "department", "finished_in_time_rate") == {"甲局": (1, 1), "乙局": (0, 2)}
        assert self.told(found, "department", "overdue_works_rate") == {"甲局": (0, 1), "乙局": (1, 2)}
        assert found.attrs["amounts_unknown"] == 1  # what begins next year does not count yet

    def test_money_is_divided_by_ground_and_works_are_not(self, works, districts):
        found = work_indicators(works, by="district_code", areas=districts, as_of="2025-12-31")
        shares = self.told(found, "district_code", "budget_share")
        assert {code: pair[0] for code, pair in shares.items()} == pytest.approx(
            {"130702": 1200, "130703": 300, "": 0}
        )
        counts = found.drop_duplicates("district_code")["n"]
        assert counts.sum() == 3
        assert self.told(found, "district_code", "finished_rate") == {
            "130702": (2, 2),
            "130703": (0, 0),
            "": (0, 1),
        }
        per_km2 = found[found["indicator"] == "budget_per_km2"].set_index("district_code")["value"]
        assert per_km2["130702"] == pytest.approx(1200 / 0.01)

    def test_contracts_cost_their_sum_or_their_price_by_ground(self):
        contracts = layer(
            {"service_kind": ["清扫保洁"] * 2, "fee_sum": [900.0, None], "fee_per_m2": [None, 8.0]},
            [box(0, 0, 10, 10)] * 2,
        )
        found = work_indicators(contracts, by="service_kind", as_of="2025-12-31")
        assert found[["indicator", "numerator"]].to_numpy().tolist() == [["budget_share", 1700.0]]

    def test_what_cannot_be_asked_is_refused(self, works, districts):
        with pytest.raises(MissingColumnError, match="budget_yuan"):
            work_indicators(works[["department"]], by="department", as_of="2025-12-31")
        with pytest.raises(InputError, match="codes of areas"):
            work_indicators(works, by="department", areas=districts, as_of="2025-12-31")
        with pytest.raises(InputError, match="not a layer"):
            work_indicators(pd.DataFrame(works.drop(columns="geometry")), by="district_code", areas=districts,
                            as_of="2025-12-31")  # fmt: skip


def test_cases_by_the_estate_in_which_they_lie(districts):
    """Clause 二十一: each estate by itself, what lies in none apart, and nothing is lost."""
    estates = layer({"estate_code": ["X1", "X2"]}, [box(0, 0, 50, 50), box(50, 0, 100, 50)])
    cases = layer(
        {
            "occurred_at": ["2025-11-03"] * 5,
            "filed_at": ["2025-11-03 08:00"] * 5,
            "due_at": ["2025-11-03 12:00"] * 5,
            "closed_at": ["2025-11-03 11:00", "2025-11-03 13:00", None, None, None],
        },
        [Point(10, 10), Point(20, 20), Point(60, 10), Point(300, 300), None],
    )
    found = indicators(cases, by="estate_code", areas=estates, month="2025-11")
    rate = found[found["indicator"] == "handled_in_time_rate"]
    assert rate["estate_code"].astype(object).where(rate["estate_code"].notna(), "").tolist() == [
        "X1",
        "X2",
        "",
    ]
    assert rate[["numerator", "denominator"]].to_numpy().tolist() == [[1, 2], [0, 1], [0, 2]]
    assert found.attrs["set_aside"][0]["row"] == 4
    with pytest.raises(InputError, match="with places"):
        indicators(
            pd.DataFrame(cases.drop(columns="geometry")), by="estate_code", areas=estates, month="2025-11"
        )
    assert np.isclose(rate["value"].iloc[0], 0.5)
