"""Which system bare numbers are in, and which positions cannot be in it."""

import numpy as np
import pytest
from pyproj import CRS

from zjk_gis.coordinates.bare_numbers import fits, limit_of, misfits, system_of
from zjk_gis.errors import CRSError

HOME = (114.88, 40.82)
METRES = (573000.0, 4520000.0)
FAR, FARTHER = 1e8, 1.1e8


@pytest.mark.parametrize(
    ("place", "limit", "why"),
    [
        (HOME, "china", ""),
        ((73, 3), "china", ""),
        ((136, 54), "china", ""),
        ((72.9, 40), "china", "outside_china"),
        ((136.1, 40), "china", "outside_china"),
        ((114, 2.9), "china", "outside_china"),
        ((114, 54.1), "china", "outside_china"),
        (HOME[::-1], "china", "swapped_axes"),
        ((2.35, 48.86), "china", "outside_china"),
        ((-180, -90), "china", "outside_china"),
        ((181, 45), "china", "bad_position"),  # no longitude
        ((2, 91), "china", "bad_position"),  # no latitude
        (METRES, "china", "bad_position"),
        ((180, 90), "globe", ""),
        ((180, 90.5), "globe", "bad_position"),
        ((180.5, 90), "globe", "bad_position"),
        (HOME[::-1], "globe", "swapped_axes"),
        ((FAR, FAR), "metres", ""),
        ((FARTHER, 0), "metres", "bad_position"),
        ((0, -FARTHER), "metres", "bad_position"),
        (HOME, "metres", ""),
        (METRES, "bare_metres", ""),
        (HOME, "bare_metres", "bad_position"),  # degrees among metres
        (HOME[::-1], "bare_metres", "bad_position"),
        ((FARTHER, 0), "bare_metres", "bad_position"),
    ],
)
def test_where_a_position_can_be(place, limit, why):
    x, y = np.array([place[0], np.nan], dtype=float), np.array([place[1], 1.0], dtype=float)
    assert misfits(x, y, limit).tolist() == [why, ""], "where there is no position nothing is wrong with it"
    assert fits(x, y, limit).tolist() == [not why, False]


def test_the_limit_of_a_system_that_is_named():
    assert limit_of(CRS(4490)) == "globe"
    assert (limit_of(CRS(4547)), limit_of(CRS(4547), is_bare=False)) == ("bare_metres", "metres")


def found(places, given=None):
    x, y = np.array(places, dtype=float).T
    return system_of(x, y, given=given, name="a.csv", columns="x and y")


class TestDegrees:
    def test_a_datum_that_nobody_knows_is_said(self):
        system = found([HOME] * 9 + [(2.35, 48.86)])
        assert (system.crs.to_epsg(), system.limit) == (4490, "china")
        assert system.found == "assumed: 9 of 10 positions are degrees in China"
        remark = "a.csv: x and y taken for CGCS2000 (EPSG:4490): 9 of 10 positions are degrees in China"
        assert system.said(datum_known=True) == [remark]
        (said,) = system.said(datum_known=False)
        assert said.startswith(f"{remark}; whether they are GCJ-02 or BD-09 is undecided")

    def test_axes_exchanged_are_counted(self):
        assert found([HOME] * 3 + [HOME[::-1]] * 2).remark.endswith(
            ": all 5 positions are degrees in China, 2 of them with the axes exchanged (see check_positions)"
        )

    def test_nothing_assumed_is_nothing_said(self):
        system = found([HOME], CRS(4490))
        assert (system.limit, system.found) == ("globe", "argument")
        assert system.said(datum_known=False) == []


class TestMetres:
    def test_one_sure_reading_is_taken_and_its_datum_is_no_question(self):
        spread = [(38573000.0 + 500 * at, 4520000.0 + 300 * at) for at in range(10)]
        system = found(spread)
        assert system.limit == "bare_metres"
        (said,) = system.said(datum_known=False)
        assert said == system.remark
        sure = int(said.partition(" % sure")[0].rpartition(" ")[2])
        assert 90 <= sure <= 100

    def test_rows_without_a_position_do_not_count(self):
        system = found([(np.nan, 40.0), (114.0, np.inf)])
        assert (system.crs, system.limit) == (None, "globe")

    def test_half_of_each_is_for_a_person(self):
        with pytest.raises(CRSError, match="1 of 2 positions are not degrees in China"):
            found([HOME, (2.35, 48.86)])

    @pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
    def test_a_contradiction_is_refused_in_either_order_of_the_axes(self, order):
        with pytest.raises(CRSError, match="hold degrees, but crs="):
            found([HOME[order]], CRS(4547))
        with pytest.raises(CRSError, match="hold metres, but crs="):
            found([METRES[order]], CRS(4490))
