"""What several areas claim of one shape is counted once: against the intersection with their union."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, box

from zjk_gis.overlay.sharing import counted_once, measures, shared_amounts

places = st.integers(0, 6)
boxes = st.tuples(places, places, st.integers(1, 4), st.integers(1, 4)).map(
    lambda b: box(b[0], b[1], b[0] + b[2], b[1] + b[3])
)
lines = st.lists(st.tuples(places, places), min_size=2, max_size=4, unique=True).map(LineString)


@pytest.mark.parametrize(
    "shapes", [lines.filter(lambda line: line.is_simple), boxes], ids=["lines", "grounds"]
)
def test_amounts_add_up_to_the_intersection_with_the_union(shapes):
    @given(st.lists(shapes, min_size=1, max_size=3), st.lists(boxes, min_size=1, max_size=4), st.randoms())
    def check(drawn, claimed, random):
        asked, areas = np.array(drawn), np.array(claimed)
        rank = np.array(random.sample(range(len(areas)), len(areas)))
        once = counted_once(shared_amounts(asked, areas), asked, areas, rank)
        total = np.bincount(once.shape, weights=once.amount, minlength=len(asked))
        dimension = shapely.get_dimensions(asked[0])
        whole = measures(shapely.intersection(asked, shapely.union_all(areas)), dimension)
        assert total == pytest.approx(whole)

    check()


def test_what_two_areas_claim_of_a_line_that_leaves_both_is_counted_once():
    line, areas = np.array([LineString([(0, 5), (100, 5)])]), np.array([box(0, 0, 30, 10), box(0, 0, 31, 11)])
    once = counted_once(shared_amounts(line, areas), line, areas, np.array([0, 1]))
    assert once.amount.tolist() == [30.0, 1.0]
