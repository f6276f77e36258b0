"""Repeats at one place, several reports of one thing, black spots: known answers, and brute force.

::

    A1 ---- 12 m ---- A2        one place: both lie within 20 m of the first
    A1 ---- 15 m ---- B ---- 15 m ---- C        C is 30 m from the anchor, so a place of its own
"""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point

from zjk_gis.assess import black_spots, duplicate_reports, indicators, mark_repeats, repeat_incidents
from zjk_gis.assess.reported import period_of
from zjk_gis.assess.same_things import bigrams
from zjk_gis.errors import GeometryError, InputError, MissingColumnError

EAST, NORTH = 573000.0, 4520000.0
FIRST_DAY = pd.Timestamp("2025-01-01")


def cases(rows, **columns):
    """Return cases from (code, day, x, y, days until closed or None) and other columns."""
    codes, days, x, y, closes = zip(*rows, strict=True)
    times = [FIRST_DAY + pd.Timedelta(days=day) for day in days]
    closed = [
        pd.NaT if after is None else time + pd.Timedelta(days=after)
        for time, after in zip(times, closes, strict=True)
    ]
    return gpd.GeoDataFrame(
        {"incident_code": codes, "event_code": "0102", "occurred_at": times, "closed_at": closed, **columns},
        geometry=gpd.points_from_xy(np.add(x, EAST), np.add(y, NORTH)),
        crs=4547,
    )


def chains(found):
    """Return the chains of cases."""
    return found["incident_codes"].tolist()


# --- repeats: planted chains -----------------------------------------------------------------------------


def test_three_cases_on_days_1_20_and_200_are_one_place_twice():
    found = repeat_incidents(cases([("A", 1, 0, 0, 2), ("B", 20, 12, 0, 1), ("C", 200, 0, 12, 1)]))
    assert chains(found) == ["A;B"]
    assert found.loc[0, ["place_code", "times", "median_gap_days"]].tolist() == ["A", 2, 19.0]
    assert found.geometry.iloc[0] == Point(EAST, NORTH)


def test_a_street_of_cases_15_m_apart_is_not_one_place():
    street = cases([(f"S{at}", at * 3, at * 15.0, 0, 1) for at in range(9)])
    found = repeat_incidents(street)
    assert sorted(chains(found)) == ["S0;S1", "S2;S3", "S4;S5", "S6;S7"]
    assert found["spread_m"].max() == 15.0


def test_a_chain_goes_on_from_its_last_case_and_is_measured_from_its_first():
    found = repeat_incidents(
        cases([("A", 0, 0, 0, 1), ("B", 80, 20, 0, 1), ("C", 160, -20, 0, 1), ("D", 251, 0, 0, 1)])
    )
    assert chains(found) == ["A;B;C"]  # D comes 91 days after C


@pytest.mark.parametrize(
    ("after", "answer", "waiting"),
    [(5, ["A;B"], [0]), (20, ["A;B"], [0]), (21, [], []), (None, [], [])],
)
def test_only_what_comes_after_the_last_was_closed_is_a_repeat(after, answer, waiting):
    found = repeat_incidents(cases([("A", 0, 0, 0, after), ("B", 20, 0, 0, 1)]))
    assert chains(found) == answer
    assert found["while_open"].tolist() == waiting


def test_a_report_while_the_case_is_open_neither_counts_nor_begins_a_chain():
    rows = [("A", 0, 0, 0, 10), ("dup", 5, 0, 0, 60), ("B", 20, 0, 0, 1)]
    found = repeat_incidents(cases(rows))
    assert chains(found) == ["A;B"]
    assert found["while_open"].tolist() == [1]
    assert chains(repeat_incidents(cases(rows), after_closing=False)) == ["A;dup;B"]


def test_where_both_name_a_part_the_part_decides():
    lamps = [("A", 0, 0, 0, 1), ("B", 10, 5, 0, 1), ("C", 20, 300, 0, 1), ("D", 30, 5, 5, 1)]
    found = repeat_incidents(cases(lamps, part_code=["L1", "L2", "L1", None]))
    # C is recorded 300 m away, and yet the same lamp; D names none and is nearest to B.
    assert sorted(chains(found)) == ["A;C", "B;D"]
    assert found.set_index("place_code")["part_code"].to_dict() == {"A": "L1", "B": "L2"}


def test_classes_are_apart_unless_asked_together():
    rows = cases([("A", 0, 0, 0, 1), ("B", 10, 0, 0, 1)], event_code=["0102", "0501"])
    assert len(repeat_incidents(rows)) == 0
    assert chains(repeat_incidents(rows, same=())) == ["A;B"]


def test_a_void_case_is_no_case_and_a_closing_without_time_is_told():
    rows = cases([("A", 0, 0, 0, 1), ("V", 5, 0, 0, 1), ("B", 10, 0, 0, None), ("C", 20, 0, 0, 1)],
                 state=["结案", "作废", "结案", "处置"])  # fmt: skip
    found = repeat_incidents(rows)
    assert chains(found) == ["A;B"]
    assert (found.attrs["void"], found.attrs["closing_unknown"]) == (1, 1)
    assert mark_repeats(rows)["is_repeat"].tolist() == [False, False, True, False]


def test_ties_of_time_go_by_code_and_row_order_makes_no_difference():
    rows = cases([("B", 0, 0, 0, 1), ("A", 0, 15, 0, 1), ("C", 9, -15, 0, 1), ("D", 9, 30, 0, 1)])
    found = repeat_incidents(rows, after_closing=False)
    assert chains(found) == ["A;B;D"]  # C is 30 m from A
    again = repeat_incidents(rows.iloc[::-1], after_closing=False)
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(again))


def test_times_without_zone_are_those_of_beijing():
    rows = cases([("A", 0, 0, 0, 1), ("B", 20, 0, 0, 1)])
    rows["occurred_at"] = ["2025-01-01 00:30", "2025-01-19T16:30:00Z"]  # 00:30 of the 20th
    found = repeat_incidents(rows)
    assert found["last_at"].tolist() == [pd.Timestamp("2025-01-20 00:30")]
    assert found["median_gap_days"].tolist() == [19.0]


def test_chiefs_are_listed_where_incidents_have_been_assigned():
    rows = cases([("A", 0, 0, 0, 1), ("B", 10, 0, 0, 1), ("C", 20, 0, 0, 1)],
                 chief_code=["L2", None, "L1"], chief_name=["甲", "乙", "丙"])  # fmt: skip
    assert repeat_incidents(rows)["chief_codes"].tolist() == ["L2;乙;L1"]


def test_what_cannot_be_judged_is_told_by_row():
    rows = cases([(code, day, 0, 0, 1) for day, code in enumerate("ABCDEFA")])
    rows.loc[1, "geometry"] = None
    rows.loc[2, "occurred_at"] = None
    rows.loc[3, "event_code"] = None
    rows.loc[4, "incident_code"] = " "
    rows.loc[5, "geometry"] = Point(0, 0)
    found = repeat_incidents(rows)
    assert len(found) == 0
    told = {(each["row"], each["why"]) for each in found.attrs["set_aside"]}
    assert told == {(1, "no_geometry"), (2, "not_filled"), (3, "not_filled"), (4, "not_filled"),
                    (5, "zero"), (6, "code_twice")}  # fmt: skip
    marked = mark_repeats(rows)
    assert marked["is_repeat"].tolist() == [False, *[pd.NA] * 6]
    assert marked.index.equals(rows.index)


@pytest.mark.parametrize("column", ["incident_code", "occurred_at", "event_code", "closed_at"])
def test_a_missing_column_is_named(column):
    rows = cases([("A", 0, 0, 0, 1)]).drop(columns=column)
    with pytest.raises(MissingColumnError, match=column):
        repeat_incidents(rows)


@pytest.mark.parametrize(
    "wrong", [{"within": "soon"}, {"within": "90"}, {"within": "-1d"}, {"within_m": -1}, {"least_n": 1}]
)
def test_a_wrong_option_is_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        repeat_incidents(cases([("A", 0, 0, 0, 1)]), **wrong)


def test_periods_are_read_as_people_write_them():
    day = 86_400_000_000
    written = ["1d", "1 天", "24h", "24小时", "1440min", dt.timedelta(days=1), pd.Timedelta("1D")]
    assert {period_of(each, "within") for each in written} == {day}


# --- repeats: the rate -----------------------------------------------------------------------------------


def test_the_repeat_rate_is_computed_directly():
    rows = cases([("A", 0, 0, 0, 2), ("B", 20, 12, 0, 1), ("C", 40, 12, 0, 1), ("D", 41, 500, 0, 1)])
    rows["filed_at"] = rows["occurred_at"]
    rows["due_at"] = rows["occurred_at"] + pd.Timedelta(days=3)
    # Repeats look back beyond the month: C repeats B of January.
    found = indicators(rows, month="2025-02", repeats=True).set_index("indicator").loc["repeat_rate"]
    assert (found["numerator"], found["denominator"]) == (1, 2)
    marked = indicators(mark_repeats(rows), month="2025-02").set_index("indicator").loc["repeat_rate"]
    pd.testing.assert_series_equal(found, marked)
    assert "repeat_rate" not in indicators(rows, month="2025-02")["indicator"].tolist()


def test_repeats_are_not_guessed_where_they_cannot_be_found():
    rows = cases([("A", 0, 0, 0, 2)]).assign(filed_at="2025-01-01", due_at="2025-01-09")
    with pytest.raises(InputError, match="mark_repeats"):
        indicators(pd.DataFrame(rows.drop(columns="geometry")), month="2025-01", repeats=True)
    with pytest.raises(InputError, match="is_repeat is there already"):
        indicators(rows.assign(is_repeat=True), month="2025-01", repeats=True)


# --- repeats: brute force --------------------------------------------------------------------------------


def brute_chains(rows, within_m, days, after_closing):
    """Chain cases one by one, each compared with every chain."""
    found = []
    for row in rows.sort_values(["occurred_at", "incident_code"]).itertuples():
        live = [
            (float(np.hypot(row.geometry.x - chain["x"], row.geometry.y - chain["y"])), order, chain)
            for order, chain in enumerate(found)
            if chain["class"] == row.event_code and row.occurred_at - chain["last"] <= pd.Timedelta(days=days)
        ]
        names_part = isinstance(row.part_code, str)
        same = [chain for *_, chain in live if names_part and chain["part"] == row.part_code]
        near = [each for each in live if each[0] <= within_m
                and not (names_part and isinstance(each[2]["part"], str))]  # fmt: skip
        best = same[-1] if same else min(near, default=(0, 0, None))[-1]
        if best is None:
            found.append({"class": row.event_code, "last": row.occurred_at, "closed": row.closed_at,
                          "x": row.geometry.x, "y": row.geometry.y, "part": row.part_code,
                          "codes": [row.incident_code]})  # fmt: skip
        elif not after_closing or best["closed"] <= row.occurred_at:
            best["codes"].append(row.incident_code)
            best["last"], best["closed"] = row.occurred_at, row.closed_at
    return sorted(";".join(chain["codes"]) for chain in found if len(chain["codes"]) > 1)


@st.composite
def many_cases(draw):
    size = draw(st.integers(1, 25))
    whole = st.integers(0, 6)
    rows = [
        (f"K{at:02}", draw(st.integers(0, 12)), draw(whole) * 5, draw(whole) * 5,
         draw(st.sampled_from([0, 1, 3, None])))
        for at in range(size)
    ]  # fmt: skip
    parts = [draw(st.sampled_from(["P1", "P2", None, None])) for _ in range(size)]
    classes = [draw(st.sampled_from(["0102", "0501"])) for _ in range(size)]
    return cases(rows, part_code=parts, event_code=classes).iloc[draw(st.permutations(range(size)))]


@settings(max_examples=150, deadline=None)
@given(many_cases(), st.sampled_from([0, 5, 10, 20]), st.sampled_from([0, 2, 5]), st.booleans())
def test_chains_are_those_of_brute_force(rows, within_m, days, after_closing):
    options = {"within_m": within_m, "within": f"{days}d", "after_closing": after_closing}
    found = repeat_incidents(rows, **options)
    assert sorted(chains(found)) == brute_chains(rows, within_m, days, after_closing)
    assert mark_repeats(rows, **options)["is_repeat"].sum() == (found["times"] - 1).sum()


# --- several reports of one thing ------------------------------------------------------------------------


def reports(*rows):
    """Return reports from (code, minute, x, text)."""
    placed = [(code, minute / 1440, x, 0, None) for code, minute, x, _ in rows]
    return cases(placed, description=[text for *_, text in rows])


def test_reports_of_one_thing_are_grouped_under_the_first():
    found = duplicate_reports(
        reports(
            ("A", 0, 0, "明德北街路口垃圾堆放"),
            ("B", 30, 12, "明德北街路口有垃圾堆放。"),
            ("C", 40, 12, "窨井盖破损"),
            ("D", 1441, 0, "明德北街路口垃圾堆放"),
            ("E", 50, 21, "明德北街路口垃圾堆放"),
        )
    )
    assert found["incident_code"].tolist() == ["A", "B"]
    assert found["is_main"].tolist() == [True, False]
    # 9 and 10 pairs of characters, of which 8 are shared.
    assert found["likeness"].tolist() == [1.0, 16 / 19]
    assert found["distance_m"].tolist() == [0.0, 12.0]
    assert found["minutes_after"].tolist() == [0.0, pytest.approx(30)]
    told = found.attrs
    assert (told["groups"], told["duplicates"], told["accuracy_m"]) == (1, 1, 10.0)


def test_a_report_without_text_stays_by_itself_unless_texts_are_not_asked():
    rows = reports(("A", 0, 0, "路灯不亮"), ("B", 5, 0, None), ("C", 6, 0, "……"), ("D", 9, 0, "路灯 不亮"))
    found = duplicate_reports(rows)
    assert found["incident_code"].tolist() == ["A", "D"]
    assert found.attrs["without_text"] == 2
    everything = duplicate_reports(rows, alike=0)
    assert everything["incident_code"].tolist() == ["A", "B", "C", "D"]
    assert everything["likeness"].isna().tolist() == [False, True, True, False]
    without = duplicate_reports(rows.drop(columns="description"), alike=0)
    assert without["reports"].tolist() == [4] * 4


def test_a_missing_text_column_is_named():
    with pytest.raises(MissingColumnError, match="description"):
        duplicate_reports(reports(("A", 0, 0, "")).drop(columns="description"))
    with pytest.raises(InputError, match="alike"):
        duplicate_reports(reports(("A", 0, 0, "")), alike=60)


def pairs_of(text):
    kept = "".join(each for each in text if each.isalnum()) if isinstance(text, str) else ""
    return {kept[at : at + 2] for at in range(len(kept) - 1)} or set(kept)


def brute_groups(rows, within_m, minutes, alike):
    """Group reports one by one, each compared with every main one."""
    mains, found = [], {}
    for row in rows.sort_values(["occurred_at", "incident_code"]).itertuples():
        here = []
        for order, (main, text, time, x) in enumerate(mains):
            a, b = pairs_of(row.description), pairs_of(text)
            like = 2 * len(a & b) / (len(a) + len(b)) if a and b else float("nan")
            far = abs(row.geometry.x - x)
            is_near = row.occurred_at - time <= pd.Timedelta(minutes=minutes) and far <= within_m
            if is_near and (alike == 0 or like >= alike):
                here.append((-(like if like == like else 0), far, order, main))
        if here:
            found[row.incident_code] = min(here)[-1]
        else:
            mains.append((row.incident_code, row.description, row.occurred_at, row.geometry.x))
    return found


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9), st.text("路灯不亮，", max_size=6) | st.none()),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from([0, 3, 20]),
    st.sampled_from([0, 4, 60]),
    st.sampled_from([0, 0.3, 0.6, 1]),
    st.randoms(),
)
def test_groups_are_those_of_brute_force(rows, within_m, minutes, alike, random):
    given_rows = reports(*((f"K{at:02}", *row) for at, row in enumerate(rows)))
    given_rows["occurred_at"] = given_rows["occurred_at"].dt.round("1min")
    order = list(range(len(rows)))
    random.shuffle(order)
    found = duplicate_reports(given_rows.iloc[order], within_m=within_m, within=f"{minutes}min", alike=alike)
    others = found[~found["is_main"]]
    told = dict(zip(others["incident_code"], others["main_code"], strict=True))
    assert told == brute_groups(given_rows, within_m, minutes, alike)


def test_pairs_of_characters_are_counted_once_each():
    grams, offsets = bigrams(pd.Series(["路灯路灯路灯", None, "Ａb a B"]))
    assert np.diff(offsets).tolist() == [2, 0, 2]  # ab, ba
    assert len(grams) == 4


# --- black spots -----------------------------------------------------------------------------------------


def roads(**lines):
    """Return roads by code; an edge ends where a list in the list does."""
    rows = [(code, edge) for code, edges in lines.items() for edge in edges]
    return gpd.GeoDataFrame(
        {"road_code": [code for code, _ in rows], "road_name": [f"{code}路" for code, _ in rows]},
        geometry=[LineString([(EAST + x, NORTH + y) for x, y in edge]) for _, edge in rows],
        crs=4547,
    )


def spots(*places, **columns):
    """Return accidents at places."""
    return gpd.GeoDataFrame(
        {"incident_code": [f"K{at}" for at in range(len(places))], **columns},
        geometry=[Point(EAST + x, NORTH + y) for x, y in places],
        crs=4547,
    )


def test_edges_of_a_road_are_one_line_and_its_rest_belongs_to_the_last_piece():
    road = roads(R1=[[(0, 0), (130, 0)], [(130, 0), (240, 0)]])
    found = black_spots(spots((10, 3), (150, 3), (239, -3), (239, -4)), road)
    assert found[
        ["piece_code", "from_m", "to_m", "incidents", "left_side", "right_side"]
    ].to_numpy().tolist() == [
        ["R1-1-0100", 100.0, 240.0, 3, 1, 2],
        ["R1-1-0000", 0.0, 100.0, 1, 1, 0],
    ]
    assert found["per_100m"].tolist() == [pytest.approx(3 / 1.4), 1.0]
    assert found["rank"].tolist() == [1, pd.NA]
    assert found.geometry.iloc[0].equals(LineString([(EAST + 100, NORTH), (EAST + 240, NORTH)]))


def test_a_rest_of_at_least_half_is_a_piece_and_a_stub_is_reckoned_as_half():
    two = roads(R1=[[(0, 0), (155, 0)]], R2=[[(300, 900), (302, 900)]])
    found = black_spots(spots((155, 0), (300, 900)), two, least_n=1)
    assert found.set_index("piece_code")["length_m"].to_dict() == {"R1-1-0100": 55.0, "R2-1-0000": 2.0}
    assert found.set_index("piece_code")["per_100m"].to_dict() == {
        "R1-1-0100": pytest.approx(100 / 55), "R2-1-0000": 2.0,
    }  # fmt: skip


def test_the_road_that_is_named_has_it_and_otherwise_the_nearest():
    two = roads(R1=[[(0, 0), (100, 0)]], R2=[[(0, 40), (100, 40)]])
    rows = spots((50, 5), (50, 5), (50, 5), (50, 300), road_name=["R2路", None, "R9路", "R1路"])
    found = black_spots(rows, two, least_n=1).set_index("road_code")
    assert found["incidents"].to_dict() == {"R1": 2, "R2": 1}
    assert found["by_road_name"].to_dict() == {"R1": 0, "R2": 1}
    told = found.attrs
    assert (told["named"], told["nearest"], told["named_elsewhere"], told["off_road"]) == (1, 2, 1, 1)
    assert told["set_aside"] == [{"layer": "incidents", "row": 3, "why": "no_road", "value": "K3"}]


def test_a_road_runs_as_most_of_it_was_drawn():
    drawn_west = roads(R1=[[(300, 0), (100, 0)], [(0, 0), (100, 0)]])
    found = black_spots(spots((250, 5), (20, 5)), drawn_west, least_n=1)
    assert found.sort_values("from_m")["from_m"].tolist() == [0.0, 200.0]
    assert found["left_side"].sum() == 0  # south is left of a road that runs west


def test_a_ring_begins_in_the_west():
    ring = roads(R1=[[(100, 0), (100, 100), (0, 100)], [(0, 100), (0, 0), (100, 0)]])
    found = black_spots(spots((2, 50), (50, 2)), ring, least_n=1)
    assert found.sort_values("from_m")["piece_code"].tolist() == ["R1-1-0000", "R1-1-0300"]


def test_a_road_needs_a_name_and_lines():
    with pytest.raises(MissingColumnError, match="road_code, road_name, edge_code"):
        black_spots(spots((0, 0)), roads(R1=[[(0, 0), (9, 0)]])[["geometry"]])
    with pytest.raises(GeometryError):
        black_spots(spots((0, 0)), spots((0, 0)).assign(road_code="R1"))
    with pytest.raises(InputError, match="every_m"):
        black_spots(spots((0, 0)), roads(R1=[[(0, 0), (9, 0)]]), every_m=0)


def test_several_parts_and_branches_are_numbered_from_the_west():
    apart = gpd.GeoDataFrame(
        {"road_code": ["R1", "R1"]},
        geometry=[
            MultiLineString([[(500, 0), (600, 0)], [(0, 0), (100, 0)]]),
            LineString([(250, 0), (350, 0)]),
        ],
        crs=4547,
    ).translate(EAST, NORTH)
    road = gpd.GeoDataFrame({"road_code": ["R1", "R1"]}, geometry=apart)
    found = black_spots(spots((50, 1), (300, 1), (550, 1)), road, least_n=1)
    assert sorted(found["piece_code"]) == ["R1-1-0000", "R1-2-0000", "R1-3-0000"]


def brute_pieces(points, lines, every_m, within_m):
    """Count with shapely, one incident after another."""
    found = {}
    for point in points.geometry:
        far = [point.distance(line) for line in lines.geometry]
        at = int(np.argmin(far))
        if far[at] <= within_m:
            line = lines.geometry.iloc[at]
            most = max(int(np.floor(line.length / every_m + 0.5)), 1)
            piece = min(int(line.project(point) // every_m), most - 1)
            key = f"{lines['road_code'].iloc[at]}-1-{piece * every_m:04.0f}"
            found[key] = found.get(key, 0) + 1
    return found


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-50, 450), st.floats(-60, 160)), min_size=1, max_size=30),
    st.sampled_from([30.0, 100.0, 170.0]),
    st.randoms(),
)
def test_pieces_are_those_of_brute_force(places, every_m, random):
    lines = roads(
        R1=[[(0, 0), (430, 7)]], R2=[[(3, 95), (260, 101), (377, 60)]], R3=[[(380, 90), (381, 150)]]
    )
    points = spots(*places)
    found = black_spots(points, lines, every_m=every_m)
    counted = dict(zip(found["piece_code"], found["incidents"].tolist(), strict=True))
    assert counted == brute_pieces(points, lines, every_m, 30.0)
    assert found["incidents"].sum() + found.attrs["off_road"] == len(places)
    order = list(range(3))
    random.shuffle(order)
    again = black_spots(points, lines.iloc[order], every_m=every_m)
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(again))
    assert shapely.length(found.geometry.to_numpy()) == pytest.approx(found["length_m"].to_numpy())
