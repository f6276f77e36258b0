"""Which datum each row of a channel is in, by how many of its rows speak for which."""

import numpy as np
import pytest

from zjk_gis.coordinates.datum_evidence import UNDECIDED, judge_datums, spoken_datums
from zjk_gis.coordinates.datums import shift

LON, LAT = 114.88, 40.82
SILENT = 3


def judged(ground=0, gcj02=0, bd09=0, *, astray=0, has_channel=True, declared=None):
    """Judge rows that name a road and stand on it in a datum, some that are 22 km off, three that name none.

    Returns
    -------
    The verdict on the rows of each kind, one word for all of them.
    """
    kinds = np.repeat(["wgs84", "gcj02", "bd09", "astray", "silent"], [ground, gcj02, bd09, astray, SILENT])
    lon, lat = np.full(len(kinds), LON), np.full(len(kinds), LAT)
    for datum in ("gcj02", "bd09"):
        here = kinds == datum
        lon[here], lat[here] = shift(lon[here], lat[here], source="wgs84", target=datum)
    lat[kinds == "astray"] += 0.2  # 22 km
    if declared:  # the reader has converted them all
        lon, lat = shift(lon, lat, source=declared, target="wgs84")

    def distance_m(x, y, at):
        return np.hypot((x - LON) * 84_000, (y - LAT) * 111_000)

    verdict = judge_datums(
        lon,
        lat,
        np.flatnonzero(kinds != "silent"),
        distance_m,
        np.full(len(kinds), 0 if has_channel else -1),
        ["12345"],
        usable=np.ones(len(kinds), dtype=bool),
        fixed=np.full(len(kinds), -1),
        declared=declared,
    )
    told = {kind: set(verdict.datum[kinds == kind]) for kind in dict.fromkeys(kinds.tolist())}
    assert all(len(words) == 1 for words in told.values())
    assert ((verdict.datum == "") == (verdict.evidence == "")).all()
    return {kind: next(iter(words)) for kind, words in told.items()}


@pytest.mark.parametrize(
    ("ground", "gcj02", "astray", "speaking", "silent"),
    [
        # rule 3: at least 20 that speak for it, and more than are astray
        (0, 19, 0, UNDECIDED, UNDECIDED),
        (0, 20, 0, "gcj02", "gcj02"),
        (0, 20, 19, "gcj02", "gcj02"),
        (0, 20, 20, UNDECIDED, UNDECIDED),
        # rule 4: silent rows follow 95 % of those that speak
        (2, 38, 0, "gcj02", "gcj02"),
        (3, 38, 0, "gcj02", UNDECIDED),
        # rule 6: at least 5, and more than 5 %, are not on the ground
        (6, 4, 0, UNDECIDED, ""),
        (6, 5, 0, UNDECIDED, UNDECIDED),
        (94, 5, 0, UNDECIDED, UNDECIDED),
        (95, 5, 0, UNDECIDED, ""),
    ],
)
def test_how_many_must_speak(ground, gcj02, astray, speaking, silent):
    told = judged(ground, gcj02, astray=astray)
    assert (told["gcj02"], told["silent"]) == (speaking, silent)
    assert told.get("wgs84", "") == "", "a row on the ground is right"


@pytest.mark.parametrize(("ground", "speaking"), [(198, UNDECIDED), (199, UNDECIDED), (200, "")])
def test_fewer_than_one_in_two_hundred_are_chance(ground, speaking):
    assert judged(ground, 1)["gcj02"] == speaking


def test_rows_without_a_channel_have_nobody_to_follow():
    told = judged(0, 20, has_channel=False)
    assert (told["gcj02"], told["silent"]) == ("gcj02", "")


def test_nothing_that_was_declared_is_contradicted_but_doubted():
    told = judged(30, 30, declared="gcj02")
    assert told == {"wgs84": UNDECIDED, "gcj02": "", "silent": UNDECIDED}
    assert set(judged(0, 30, declared="gcj02").values()) == {""}


def test_of_two_datums_in_one_channel_each_row_is_in_its_own():
    assert judged(0, 20, 20) == {"gcj02": "gcj02", "bd09": "bd09", "silent": UNDECIDED}


@pytest.mark.parametrize(
    ("metres", "datum"),
    [
        ((60, 500, 500), 0),
        ((60.5, 500, 500), -1),  # too far from its road
        ((5, 100, 500), -1),  # another is too near
        ((5, 100.5, 500), 0),
        ((40, 120, 500), -1),  # three times as far is not more than that
        ((40, 120.5, 500), 0),
        ((500, 500, 30), 2),
        ((np.inf, 5, np.inf), 1),
    ],
)
def test_a_row_speaks_when_one_datum_is_near_and_the_others_are_far(metres, datum):
    assert spoken_datums(np.array([metres], dtype=float).T).tolist() == [datum]
