"""Classes of a choropleth: what they promise, held against trying everything."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zjk_gis.maps import style
from zjk_gis.maps.classes import class_breaks, class_texts, natural_breaks

numbers = st.lists(st.integers(-1000, 1000), min_size=1, max_size=30)


def spread(values, starts):
    """The squared distances to the means of the classes that begin at these values."""
    cuts = np.searchsorted(values, starts[1:])
    return sum(((part - part.mean()) ** 2).sum() for part in np.split(values, cuts) if len(part))


@given(st.lists(st.integers(0, 60), min_size=3, max_size=12), st.integers(2, 4))
def test_natural_breaks_are_the_best_there_are(values, classes):
    known = np.sort(np.array(values, dtype=float))
    different = np.unique(known)
    classes = min(classes, len(different))
    found = natural_breaks(known, classes)
    tries = itertools.combinations(different[1:], classes - 1)
    best = min(spread(known, [different[0], *cuts]) for cuts in tries)
    assert spread(known, found) == pytest.approx(best, abs=1e-6)


@given(numbers, st.integers(1, 7), st.sampled_from(["quantile", "natural", "equal"]))
def test_breaks_ascend_and_begin_no_higher_than_the_least_value(values, classes, method):
    breaks = class_breaks(np.array(values, dtype=float), method=method, classes=classes)
    assert breaks == sorted(set(breaks))
    assert len(breaks) <= classes
    assert breaks[0] <= min(values)


@given(numbers, st.randoms())
def test_the_order_of_rows_changes_nothing(values, random):
    shuffled = values[:]
    random.shuffle(shuffled)
    for method in ("quantile", "natural", "equal"):
        assert class_breaks(np.array(values), method=method) == class_breaks(
            np.array(shuffled), method=method
        )


def test_quantiles_share_out_the_rows():
    breaks = class_breaks(np.arange(1000.0), classes=4)
    counts = np.bincount(np.searchsorted(breaks, np.arange(1000.0), side="right") - 1)
    assert counts.tolist() == pytest.approx([250] * 4, abs=20)


def test_few_values_are_a_class_each_and_no_values_are_none():
    assert class_breaks(np.array([3, 1, 3, np.nan])) == [1, 3]
    assert class_breaks(np.array([np.nan, np.inf])) == []
    assert class_texts([], np.array([np.nan])) == []


def test_great_numbers_of_values_are_grouped_and_near_the_best():
    rng = np.random.default_rng(3)
    values = np.sort(np.concatenate([rng.normal(m, 1, 3000) for m in (0, 20, 50)]))
    assert natural_breaks(values, 3) == pytest.approx([values[0], values[3000], values[6000]], abs=0.5)


def test_texts_tell_the_bounds_as_people_write_them():
    assert class_texts([0, 0.5, 12345.6], np.array([20000])) == [
        "0 – 0.5",
        "0.5 – 12,345.6",
        "12,345.6 – 20,000",
    ]


def test_a_mark_without_an_inside_is_seen_by_its_edge():
    """A white cross on a light map would be nothing at all."""
    assert style.mark("#ffffff", "cross", edge=style.BLACK)["color"] == style.BLACK
    assert style.mark(style.ORANGE, "plus")["color"] == style.ORANGE
