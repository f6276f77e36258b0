"""Hot spots over twelve months, on fifteen by fifteen cells of 100 m; what happens, happens in the middle."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import erfc
from shapely import Point, box

from zjk_gis.assess import emerging_hot_spots
from zjk_gis.assess.local_statistics import mann_kendall
from zjk_gis.assess.patterns import PATTERNS, patterns_of
from zjk_gis.errors import InputError

REGION = gpd.GeoDataFrame(geometry=[box(0, 0, 1500, 1500)], crs=4547)
MONTHS = [f"2025-{month:02d}" for month in range(1, 13)]


def cases(by_month, place=(750, 750)):
    """Return so many incidents of each month in one cell, and one a month in a corner."""
    times = [f"{month}-15" for month, number in zip(MONTHS, by_month, strict=True) for _ in range(number)]
    rows = {"occurred_at": times + [f"{month}-01" for month in MONTHS]}
    return gpd.GeoDataFrame(rows, geometry=[Point(place)] * len(times) + [Point(50, 50)] * 12, crs=4547)


def middle(rows, **options):
    return emerging_hot_spots(rows, cells=100, region=REGION, **options).loc[112]


FOUND_EITHER_WAY = [
    ([0] * 11 + [40], "new_hot"),
    ([0] * 9 + [40, 40, 40], "consecutive_hot"),
    ([30, 28] * 6, "persistent_hot"),
    ([40, 0, 0, 40, 40, 0, 0, 0, 40, 0, 0, 0], "sporadic_hot"),
    ([40] * 11 + [0], "historical_hot"),
    ([0] * 12, "no_pattern"),
]
FOUND_IN_THE_CUBE = [  # within its own step the middle is always as far above the corner
    ([0, *range(20, 42, 2)], "intensifying_hot"),
    ([*range(42, 30, -1)], "diminishing_hot"),
]


@pytest.mark.parametrize(
    ("compare", "by_month", "pattern"),
    [
        *(("cube", *each) for each in FOUND_EITHER_WAY + FOUND_IN_THE_CUBE),
        *(("step", *each) for each in FOUND_EITHER_WAY),
    ],
)
def test_patterns_by_what_happened_in_twelve_months(by_month, pattern, compare):
    found = middle(cases(by_month), compare=compare)
    assert found["pattern"] == pattern
    assert found["hot_steps"] == sum(number > 0 for number in by_month)
    assert found["incidents"] == sum(by_month)


def test_the_first_and_the_last_hot_month_are_told():
    found = middle(cases([0, 40, 0, 0, 40, 40, 0, 0, 0, 0, 0, 0]))
    assert found[["first_hot", "last_hot"]].tolist() == ["2025-02", "2025-06"]
    assert found[["first_step", "last_step", "step_count"]].tolist() == ["2025-01", "2025-12", 12]


def plain_pattern(side, tau, p, alpha):
    """Say the definitions once more, one place at a time."""
    for sign, name in ((1, "hot"), (-1, "cold")):
        steps = [each == sign for each in side]
        most, last = sum(steps) >= 0.9 * len(steps), steps[-1]
        before = steps[:]
        while before and before[-1]:
            before.pop()
        run = len(steps) - len(before)
        if last and run == 1 and not any(before):
            return f"new_{name}"
        if run >= 2 and not any(before) and not most:
            return f"consecutive_{name}"
        if most and last:
            if p > alpha or tau == 0:
                return f"persistent_{name}"
            return f"{'intensifying' if sign * tau > 0 else 'diminishing'}_{name}"
        if most and side[-1] == 0:
            return f"historical_{name}"
        if any(steps) and -sign not in side:
            return f"sporadic_{name}"
        if last and -sign in side:
            return f"oscillating_{name}"
    return "no_pattern"


@given(
    st.integers(10, 24).flatmap(
        lambda size: st.lists(st.sampled_from([-1, 0, 1]), min_size=size, max_size=size)
    ),
    st.sampled_from([-0.5, 0.0, 0.5]),
    st.sampled_from([0.01, 0.05, 0.3]),
    st.booleans(),
)
def test_the_patterns_are_those_of_the_definitions(side, tau, p, is_steady):
    if is_steady:  # the same nearly always
        side = [1 if each else 0 for each in side[:-1]] + side[-1:]
    found = patterns_of(np.array([side], dtype=np.int8).T, np.array([tau]), np.array([p]), 0.05)
    assert PATTERNS[found[0]] == plain_pattern(side, tau, p, 0.05)


def test_cold_mirrors_hot():
    rng = np.random.default_rng(1)
    side = rng.choice(np.array([-1, 0, 1], dtype=np.int8), (12, 3000), p=[0.05, 0.15, 0.8])
    tau, p = rng.uniform(-1, 1, 3000), rng.uniform(0, 0.1, 3000)
    hot, cold = patterns_of(side, tau, p, 0.05), patterns_of(-side, -tau, p, 0.05)
    assert len(set(hot)) > 6
    names = {"no_pattern": "no_pattern"}
    names |= {name: name.replace("_hot", "_cold") for name in PATTERNS if name.endswith("_hot")}
    names |= {name: name.replace("_cold", "_hot") for name in PATTERNS if name.endswith("_cold")}
    assert [names[PATTERNS[each]] for each in hot] == [PATTERNS[each] for each in cold]


def plain_mann_kendall(series):
    score = sum(np.sign(b - a) for n, a in enumerate(series) for b in series[n + 1 :])
    size = len(series)
    ties = [series.count(value) for value in set(series)]
    variance = (size * (size - 1) * (2 * size + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    z = (score - np.sign(score)) / np.sqrt(variance) if variance else 0.0
    return 2 * score / (size * (size - 1)), erfc(abs(z) / np.sqrt(2))


@given(arrays(np.float64, st.tuples(st.integers(3, 15), st.integers(1, 4)), elements=st.integers(0, 5)))
def test_mann_kendall_is_that_of_a_plain_loop_with_ties(values):
    tau, p = mann_kendall(values)
    for column, series in enumerate(values.T.tolist()):
        assert (tau[column], p[column]) == pytest.approx(plain_mann_kendall(series))


@pytest.mark.parametrize("steps_back", [0, 1, 2])
def test_z_in_the_cube_is_that_of_the_formula_over_all_cells_and_months(steps_back):
    rng = np.random.default_rng(4)
    number = 4000
    months = rng.integers(0, 12, number)
    rows = gpd.GeoDataFrame(
        {"occurred_at": [f"{MONTHS[month]}-10" for month in months]},
        geometry=gpd.points_from_xy(rng.beta(2, 5, number) * 1500, rng.beta(2, 2, number) * 1500),
        crs=4547,
    )
    found = emerging_hot_spots(rows, cells=100, region=REGION, steps_back=steps_back)
    cube = np.zeros((12, 15, 15))
    column, row = (rows.geometry.x // 100).astype(int), 14 - (rows.geometry.y // 100).astype(int)
    np.add.at(cube, (months, row, column), 1)
    expected = []
    for y in range(15):
        for x in range(15):
            block = cube[11 - steps_back :, max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
            size, total = block.size, cube.size
            spread = cube.std() * np.sqrt((total * size - size**2) / (total - 1))
            expected.append((block.sum() - cube.mean() * size) / spread)
    assert found["last_z_score"].to_numpy() == pytest.approx(np.array(expected), abs=1e-9)


def test_steps_are_weeks_from_monday_and_quarters():
    days = pd.date_range("2025-01-06", periods=84, freq="D")  # a Monday, twelve weeks
    rows = gpd.GeoDataFrame({"occurred_at": days}, geometry=[Point(750, 750)] * 84, crs=4547)
    weeks = middle(rows, step="week")
    assert weeks[["first_step", "last_step", "step_count"]].tolist() == ["2025-01-06", "2025-03-24", 12]
    years = pd.date_range("2023-01-15", periods=36, freq="MS")
    rows = gpd.GeoDataFrame({"occurred_at": years}, geometry=[Point(750, 750)] * 36, crs=4547)
    quarters = middle(rows, step="quarter")
    assert quarters[["first_step", "last_step", "step_count"]].tolist() == ["2023Q1", "2026Q1", 13]


def test_of_a_month_that_the_period_cuts_nothing_counts():
    rows = cases([4] * 12)
    found = emerging_hot_spots(rows, cells=100, region=REGION, since="2025-01-10", until="2025-12-31")
    assert found.loc[112, ["first_step", "step_count"]].tolist() == ["2025-02", 11]
    assert found.attrs["cut_off"] == 4  # of 15 January; the one of 1 January is before the period
    assert found.attrs["incidents"] == 55


def test_a_night_in_beijing_belongs_to_its_month():
    rows = cases([0] * 12)
    late = rows.assign(
        occurred_at=pd.to_datetime(rows["occurred_at"]).dt.tz_localize("Asia/Shanghai").dt.tz_convert("UTC")
    )
    first, second = (emerging_hot_spots(each, cells=100, region=REGION) for each in (rows, late))
    pd.testing.assert_frame_equal(first, second)


@settings(max_examples=10, deadline=None)
@given(st.randoms())
def test_the_order_of_rows_does_not_matter(random):
    rows = cases([3, 0, 5, 8, 0, 1, 1, 9, 2, 20, 30, 40])
    order = list(range(len(rows)))
    random.shuffle(order)
    first, second = (emerging_hot_spots(each, cells=100, region=REGION) for each in (rows, rows.iloc[order]))
    pd.testing.assert_frame_equal(first, second)


def test_nine_months_are_too_few():
    with pytest.raises(InputError, match="9 whole months"):
        middle(cases([4] * 12), until="2025-09-30")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"step": "day"}, "week, month"),
        ({"compare": "step", "steps_back": 1}, "no steps before it"),
        ({"confidence": 80}, "90, 95 or 99"),
    ],
)
def test_options_that_mean_nothing_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        middle(cases([4] * 12), **options)
