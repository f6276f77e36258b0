"""Scores, places, totals, trends and targets whose right answer is known."""

import numpy as np
import pandas as pd
import pytest

from zjk_gis.assess import area_trade_matrix, composite_score, indicators, ranking, target_progress, trend
from zjk_gis.errors import InputError
from zjk_gis.words import speaking

FIVE = ["handled_rate", "handled_in_time_rate", "rework_rate", "overdue_open_rate", "extended_rate"]


def rates(area, *values, n=100):
    return pd.DataFrame({"district_code": area, "indicator": FIVE, "value": values, "n": n})


def test_five_indicators_by_the_weights_of_one_district_and_one_without_data_either_way():
    """30, 20, 20, 20, 10; of the last three less is better."""
    full = rates("A", 0.9, 0.8, 0.1, 0.2, 0.3)
    lacking = rates("B", 0.9, 0.8, np.nan, 0.2, 0.3)
    both = pd.concat([full, lacking])
    without = composite_score(both, by="district_code").scores.set_index("district_code")
    assert without.loc["A", "score"] == pytest.approx(0.3 * 90 + 0.2 * 80 + 0.2 * 90 + 0.2 * 80 + 0.1 * 70)
    assert without.loc["B", "score"] == pytest.approx((0.3 * 90 + 0.2 * 80 + 0.2 * 80 + 0.1 * 70) / 0.8)
    assert without.loc["B", ["weight", "lacking_indicators"]].tolist() == [0.8, "rework_rate"]
    zero = composite_score(both, by="district_code", missing="zero")
    assert zero.scores["score"].tolist() == pytest.approx([84, 66])
    assert zero.parts.groupby("district_code")["contribution"].sum().tolist() == pytest.approx([84, 66])


def test_one_without_any_data_has_no_score():
    found = composite_score(rates("A", *[np.nan] * 5), by="district_code")
    assert found.scores["score"].isna().all()
    assert "没有任何数据" in _said(found)


def _said(result):
    with speaking("zh"):
        return repr(result)


def test_mutual_scores_and_those_of_third_parties_stand_beside_the_figures():
    """A's score of itself is left out; B was rated by nobody else."""
    weights = pd.DataFrame(
        {"indicator": ["handled_rate", "互评"], "weight": [60, 40], "best": [1, 100], "worst": [0, 0]}
    )
    mutual = pd.DataFrame(
        {"district_code": ["A", "A", "A", "B"], "rated_by": ["B", "C", "A", "B"], "score": [80, 90, 100, 99]}
    )
    both = pd.concat([rates("A", 0.5, 0, 0, 0, 0), rates("B", 1.0, 0, 0, 0, 0)])
    found = composite_score(both, by="district_code", score_weights=weights, sheets={"互评": mutual}).scores
    assert found["score"].tolist() == pytest.approx([0.6 * 50 + 0.4 * 85, 100])
    assert found["lacking_indicators"].tolist() == ["", "互评"]


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ({"indicator": ["x"], "weight": [1], "best": [1], "worst": [0]}, "x is neither an indicator"),
        (
            {"indicator": ["handled_rate"], "weight": [0], "best": [1], "worst": [0]},
            "'handled_rate' needs one row",
        ),
        (
            {"indicator": ["handled_rate"], "weight": [1], "best": [1], "worst": [1]},
            "a best that is not its worst",
        ),
    ],
)
def test_weights_that_cannot_be_used_are_refused(weights, told):
    with pytest.raises(InputError, match=told):
        composite_score(rates("A", 0, 0, 0, 0, 0), by="district_code", score_weights=pd.DataFrame(weights))


def test_places_are_shared_changed_and_kept_apart_by_class():
    scores = pd.DataFrame(
        {
            "district_code": list("ABCDEF"),
            "score": [80.0, 90, 90, 70, np.nan, 99],
            "n": [50, 50, 50, 50, 0, 2],
        }
    )
    classes = pd.DataFrame({"district_code": list("ABCDEF"), "area_class": list("AAABBB")})
    before = pd.DataFrame({"district_code": list("ABCD"), "class_place": [1, 2, 3, 1]})
    found = ranking(scores, area_classes=classes, previous=before, least_n=5)
    columns = ["area_class", "district_code", "class_place", "is_tied", "unranked", "places_gained"]
    assert found[columns].astype(object).where(found[columns].notna(), None).to_numpy().tolist() == [
        ["A", "B", 1, True, "", 1],
        ["A", "C", 1, True, "", 2],
        ["A", "A", 3, False, "", -2],
        ["B", "D", 1, False, "", 0],
        ["B", "E", None, False, "no_data", None],
        ["B", "F", None, False, "few_cases", None],
    ]
    with pytest.raises(InputError, match="F is in none"):
        ranking(scores, area_classes=classes.iloc[:5])


def test_places_do_not_depend_on_the_order_of_rows():
    scores = pd.DataFrame({"street_code": [f"{at:02d}" for at in range(40)], "score": np.arange(40) // 3})
    pd.testing.assert_frame_equal(ranking(scores), ranking(scores.sample(frac=1, random_state=1)))


def test_totals_are_all_numerators_by_all_denominators():
    cases = pd.DataFrame(
        {
            "occurred_at": "2025-11-03", "filed_at": "2025-11-03", "due_at": "2025-11-05",
            "closed_at": ["2025-11-04"] * 9 + ["2025-11-06"] * 3,
            "district_code": ["A"] * 8 + ["B"] * 4, "event_code": (["0102"] * 3 + ["0501"]) * 3,
        }
    )  # fmt: skip
    by = ["district_code", "event_code"]
    with speaking("zh"):
        matrix = area_trade_matrix(indicators(cases, by=by, month="2025-11"), *by).set_index(by)
    assert matrix.loc[("合计", "合计"), ["numerator", "denominator"]].tolist() == [9, 12]
    for name, group in matrix.drop("合计", level=0).groupby(level=0):
        cells = group.drop("合计", level=1)
        assert group.loc[(name, "合计"), "numerator"] == cells["numerator"].sum()
    assert matrix.loc[("B", "合计"), "value"] == 0.25
    with pytest.raises(InputError, match="no numerator"):
        area_trade_matrix(indicators(cases, by=by, month="2025-11"), *by, indicator="hours_median")


def months(first, last):
    return [str(each) for each in np.arange(first, last, dtype="M8[M]")]


def test_a_season_is_no_trend_and_a_trend_is_one_under_a_season():
    """Sand in spring each year; in the second indicator every year is a little better than the last."""
    at = months("2022-01", "2026-01")
    season = np.tile([0.5, 0.3, 0.2, 0.2] + [0.8] * 8, 4)
    better = season + np.repeat(np.arange(4), 12) * 0.02
    rows = pd.concat(
        [
            pd.DataFrame({"month": at, "indicator": "closed_rate", "value": season}),
            pd.DataFrame({"month": at, "indicator": "handled_rate", "value": better}),
        ]
    ).sample(frac=1, random_state=2)
    found = trend(rows).set_index("indicator")
    assert found.loc["closed_rate", ["tau", "p_value", "year_slope", "year_change"]].tolist() == [0, 1, 0, 0]
    rising = found.loc["handled_rate"]
    # Kendall's S of four rising years is 6, its variance 4·3·13/18; twelve such months add up.
    z = (12 * 6 - 1) / np.sqrt(12 * 4 * 3 * 13 / 18)
    assert (rising["tau"], rising["months"]) == (1, 48)
    assert rising["year_slope"] == pytest.approx(0.02)
    assert rising["p_value"] == pytest.approx(_two_sided(z), rel=1e-9)


def _two_sided(z):
    from scipy.stats import norm

    return 2 * norm.sf(z)


def test_a_month_that_is_not_there_is_no_change():
    found = trend(
        pd.DataFrame({"month": ["2025-09", "2025-11"], "indicator": "closed_rate", "value": [0.5, 0.7]})
    )
    assert found[["month_change", "year_change", "tau"]].isna().all(axis=None)
    with pytest.raises(InputError, match="written as 2025-11"):
        trend(pd.DataFrame({"month": ["2025年11月"], "indicator": "closed_rate", "value": [0.5]}))
    with pytest.raises(InputError, match="2025-11 is there several times"):
        trend(pd.DataFrame({"month": ["2025-11"] * 2, "indicator": "closed_rate", "value": [0.5, 0.7]}))


@pytest.mark.parametrize(
    ("numerator", "as_of", "state"),
    [
        (10_000, "2022-06-30", "achieved"),
        (5_000, "2022-06-30", "on_course"),  # 105 of 289 days, so that 3,634 are expected
        (3_600, "2022-06-30", "behind"),
        (9_999, "2022-12-31", "behind"),
        (None, "2022-12-31", "no_data"),
    ],
)
def test_berths_against_the_policy(numerator, as_of, state):
    measured = pd.DataFrame({"target": ["new_public_berths"], "numerator": [numerator]})
    found = target_progress(measured, as_of=as_of).set_index("target")
    assert found.loc["new_public_berths", "progress"] == state


def test_a_percentage_names_its_denominator():
    measured = pd.DataFrame(
        {
            "target": ["green_communities"] * 2,
            "area": ["甲", "乙"],
            "numerator": [70, 50],
            "denominator": [100, 100],
        }
    )
    found = target_progress(measured, as_of="2025-11-30").set_index(["target", "area"])
    told = found.loc["green_communities", ["reached_amount", "lacking_amount", "progress", "counted_of"]]
    assert told.loc["甲"].tolist() == [70, 0, "achieved", "城市社区数"]
    assert told.loc["乙"].tolist() == [50, 10, "not_achieved", "城市社区数"]
    assert found.loc[("mechanical_sweeping", ""), "progress"] == "no_data"
    with pytest.raises(InputError, match="needs a denominator"):
        target_progress(measured.drop(columns="denominator"), as_of="2025-11-30")
    with pytest.raises(InputError, match="berths is no target"):
        target_progress(pd.DataFrame({"target": ["berths"], "numerator": [1]}), as_of="2025-11-30")
