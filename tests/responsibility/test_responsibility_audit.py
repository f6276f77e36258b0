"""The three promises, on ground of 100 m by 100 m."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box
from shapely.affinity import translate

from zjk_gis import assign_incidents, responsibility_audit
from zjk_gis.coverage import accept_fault
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.responsibility import who_handles
from zjk_gis.responsibility.chiefs import gini
from zjk_gis.responsibility.findings import _grounds, figures_of

REGION = gpd.GeoDataFrame(geometry=[box(0, 0, 100, 100)], crs=4547)


def zones(*shapes, **columns):
    codes = [f"Z{at}" for at in range(len(shapes))]
    return gpd.GeoDataFrame({"zone_code": codes, **columns}, geometry=list(shapes), crs=4547)


def test_ground_is_counted_once_several_times_or_not_at_all():
    audit = responsibility_audit(REGION, zones(box(0, 0, 60, 100), box(50, 0, 90, 100)))
    assert audit.figures.set_index("measure")["value"].head(3).to_dict() == {
        "ground_once": 8000,
        "ground_several": 1000,
        "ground_nobody": 1000,
    }
    assert len(audit.gaps) == len(audit.overlaps) == 1


def test_ground_that_needs_no_zone_is_in_no_figure():
    river = gpd.GeoDataFrame(geometry=[box(90, 0, 100, 100)], crs=4547)
    audit = responsibility_audit(REGION, zones(box(0, 0, 90, 100)), allowed=river)
    assert audit.figure("ground_once")["whole"] == 9000
    assert audit.figure("ground_once")["share"] == 1


def test_roads_are_summed_by_who_answers():
    roads = gpd.GeoDataFrame({"edge_code": ["R"]}, geometry=[LineString([(0, 50), (100, 50)])], crs=4547)
    audit = responsibility_audit(REGION, zones(box(0, 0, 60, 100), box(50, 0, 90, 100)), roads=roads)
    values = audit.figures.set_index("measure")["value"]
    assert values[["road_one", "road_several", "road_nobody"]].tolist() == [80, 10, 10]


def test_roads_on_borders_have_one_on_each_side():
    """Four squares of 50 m, their borders drawn on the centrelines of two roads that cross."""
    squares = [box(x, y, x + 50, y + 50) for x in (0, 50) for y in (0, 50)]
    lines = [LineString([(0, 50), (100, 50)]), LineString([(50.3, 0), (50.3, 100)])]
    roads = gpd.GeoDataFrame({"edge_code": ["R1", "R2"]}, geometry=lines, crs=4547)
    audit = responsibility_audit(REGION, zones(*squares), roads=roads)
    figures = audit.figures.set_index("measure")
    for measure in ("road_one", "road_border"):
        assert figures.loc[measure, ["value", "whole", "share"]].tolist() == pytest.approx([200, 200, 1])
    assert figures.loc["road_several", "value"] == figures.loc["road_nobody", "value"] == 0
    assert len(audit.unanswered_roads) == 0
    assert audit.stretches.attrs["border_within_m"] == 0.5
    closer = responsibility_audit(REGION, zones(*squares), roads=roads, border_within_m=0.1)
    assert closer.figure("road_border")["value"] == pytest.approx(100)


def test_incidents_count_for_the_chiefs_of_zone_and_section():
    layer = zones(box(0, 0, 50, 100), box(50, 0, 100, 100), chief_code=["L1", "L2"])
    sections = gpd.GeoDataFrame(
        {"section_code": ["S"], "chief_code": ["L3"]}, geometry=[LineString([(0, 50), (100, 50)])], crs=4547
    )
    assigned = pd.DataFrame(
        {
            "found": ["inside", "inside", "none"],
            "ambiguous": [False, True, True],
            "chief_code": ["L1", "L1", None],
            "section_chief_code": ["L3", None, None],
            "closed_at": pd.to_datetime(["2025-01-02", None, None]),
        },
        index=[7, 7, 8],
    )
    audit = responsibility_audit(REGION, layer, sections=sections, assigned=assigned)
    chiefs = audit.chiefs.set_index("chief_code")
    assert chiefs["incidents"].to_dict() == {"L1": 2, "L2": 0, "L3": 1}
    assert chiefs["open"].to_dict() == {"L1": 1, "L2": 0, "L3": 0}
    assert chiefs["standing"].to_dict() == {"L1": "", "L2": "idle", "L3": ""}
    assert audit.figure("incidents_answered")["share"] == pytest.approx(2 / 3)
    assert audit.figure("incidents_undoubted")["share"] == pytest.approx(1 / 3)


def test_without_incidents_the_load_is_the_ground():
    shapes = [box(0, 0, 10, 10), box(10, 0, 20, 10), box(20, 0, 30, 10), box(0, 10, 100, 100)]
    audit = responsibility_audit(REGION, zones(*shapes, chief_code=["L1", "L2", "L3", "L4"]))
    chiefs = audit.chiefs.set_index("chief_code")
    assert chiefs["standing"].to_dict() == {"L4": "overloaded", "L1": "", "L2": "", "L3": ""}
    assert chiefs.index[0] == "L4"


def test_nothing_to_divide_by_is_no_data():
    nowhere = pd.DataFrame({"found": pd.Series(dtype=str), "ambiguous": pd.Series(dtype=bool)})
    audit = responsibility_audit(REGION, zones(box(0, 0, 100, 100)), assigned=nowhere)
    assert np.isnan(audit.figure("incidents_answered")["share"])


def test_a_duty_holds_for_a_class_or_all_under_it_here_or_everywhere():
    duties = pd.DataFrame(
        {
            "event_code": ["01", "0102", "0501"],
            "department": ["环卫处", "街道办", "执法局"],
            "place_code": [None, "130703005", "130703005"],
        }
    )
    found = who_handles(duties, places=["130703005", "130703006"]).set_index(["event_code", "place_code"])
    assert found.loc[("0101", "130703006"), "departments"] == "环卫处"
    assert found.loc[("0102", "130703005"), "departments"] == "环卫处;街道办"
    assert found.loc[("0102", "130703005"), "answer"] == "several"
    assert found.loc[("0501", "130703005"), "answer"] == "one"
    assert found.loc[("0501", "130703006"), "answer"] == "fallback"


def test_what_is_missing_is_named():
    with pytest.raises(MissingColumnError, match="'department'"):
        who_handles(pd.DataFrame({"event_code": ["01"]}))
    with pytest.raises(MissingColumnError, match="'found'"):
        responsibility_audit(REGION, zones(box(0, 0, 1, 1)), assigned=pd.DataFrame({"a": [1]}))
    with pytest.raises(KeyError):
        responsibility_audit(REGION, zones(box(0, 0, 1, 1))).figure("no_such")


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20))
def test_gini_is_half_the_mean_difference_by_the_mean(amounts):
    values = np.array(amounts, dtype=float)
    if values.sum() == 0:
        assert np.isnan(gini(values))
        return
    expected = np.abs(values[:, None] - values).mean() / 2 / values.mean()
    assert gini(values) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(0, 90), st.integers(0, 90), st.integers(1, 60), st.integers(1, 60)),
        min_size=1,
        max_size=8,
    )
)
def test_ground_is_conserved_whatever_the_zones(rectangles):
    shapes = [box(x, y, x + width, y + height) for x, y, width, height in rectangles]
    figures = responsibility_audit(REGION, zones(*shapes)).figures.set_index("measure")["value"]
    count = np.zeros((100, 100), int)
    for x, y, width, height in rectangles:
        count[x : x + width, y : y + height] += 1
    found = figures[["ground_once", "ground_several", "ground_nobody"]].to_numpy()
    assert found == pytest.approx([(count == 1).sum(), (count > 1).sum(), (count == 0).sum()], abs=1e-6)


def test_an_accepted_fault_is_a_figure_of_its_own_and_reported_no_more():
    layer = zones(box(0, 0, 60, 100), box(50, 0, 90, 100))
    before = responsibility_audit(REGION, layer, at="2025-12-31")
    ledger = accept_fault(before.gaps, "G001", by="甲", why="河道", until="2026-12-31", on="2025-01-01")
    ledger = accept_fault(
        before.overlaps, "C001", by="甲", why="有争议", until="2025-06-30", on="2025-01-01", ledger=ledger
    )
    audit = responsibility_audit(REGION, layer, at="2025-12-31", accepted=ledger)
    assert audit.figures.set_index("measure")["value"].head(4).to_dict() == {
        "ground_once": 8000,
        "ground_several": 1000,
        "ground_nobody": 0,
        "ground_accepted": 1000,
    }
    assert len(audit.gaps) == 0
    assert audit.overlaps["exception"].tolist() == ["acceptance_expired"]
    assert audit.exceptions["gaps"]["withheld"] == 1
    assert audit.worst("every_road")["finding"].tolist() == ["overlap"]
    with pytest.raises(InputError, match="needs at="):
        responsibility_audit(REGION, layer, accepted=ledger)


def incidents(*places, **columns):
    columns = {"occurred_at": ["2025-06-01"] * len(places), "event_code": ["0505"] * len(places), **columns}
    return gpd.GeoDataFrame(
        columns, geometry=[None if place is None else Point(place) for place in places], crs=4547
    )


def test_a_small_gap_with_incidents_comes_before_a_large_one_without():
    layer = zones(
        box(0, 0, 60, 100), box(62, 50, 90, 100), box(62, 0, 90, 50).difference(box(70, 10, 71, 11))
    )
    assigned = assign_incidents(incidents((70.5, 10.5), (70.2, 10.1)), layer, nearest_within_m=0)
    audit = responsibility_audit(REGION, layer, assigned=assigned, gps_error_m=1.0, at="2025-12-31")
    worst = audit.worst("every_road")
    assert worst["area_m2"].round().tolist() == [1, 1000, 200]
    assert worst["incidents"].tolist() == [2, 0, 0]
    assert audit.gaps["rank"].tolist() == [1, 2, 3]
    late = responsibility_audit(REGION, layer, assigned=assigned, gps_error_m=1.0, at="2027-12-31")
    assert late.worst("every_road")["area_m2"].round().tolist() == [1000, 200, 1]  # two years ago


def test_incidents_in_doubt_are_gathered_by_cells_and_none_is_lost():
    layer = zones(box(0, 0, 50, 100), box(50, 0, 100, 100))
    places = [(50, 10), (50, 20), (50, 90), (10, 10), (500, 500), None]
    assigned = assign_incidents(incidents(*places), layer)
    audit = responsibility_audit(REGION, layer, assigned=assigned, hot_spot_m=40.0)
    spots = audit.hot_spots
    assert spots[["incidents", "nobody", "ambiguous", "concerned_codes"]].to_numpy().tolist() == [
        [2, 0, 2, "Z0"],
        [1, 1, 0, ""],
        [1, 0, 1, "Z0"],
    ]
    assert spots.geometry[0].equals(box(40, 0, 80, 40))
    worst = audit.worst("every_matter")
    assert worst[["rank", "finding", "incidents"]].to_numpy().tolist() == [
        [1, "hot_spot", 2],
        [2, "hot_spot", 1],
        [3, "hot_spot", 1],
        [4, "no_position", 1],
    ]
    in_doubt = audit.figure("incidents_undoubted")
    assert worst["incidents"].sum() == in_doubt["whole"] - in_doubt["value"]


def test_matters_are_ranked_by_their_incidents_in_the_street():
    streets = gpd.GeoDataFrame(
        {"street_code": ["130703005", "130703006"]},
        geometry=[box(0, 0, 50, 100), box(50, 0, 100, 100)],
        crs=4547,
    )
    duties = pd.DataFrame({"event_code": ["01", "02", "03", "05", "0505"], "department": list("甲乙丙丁戊")})
    layer = zones(box(0, 0, 100, 100))
    events = ["0505", "0505", "0401", "0505", "0101"]
    assigned = assign_incidents(
        incidents((10, 9), (20, 9), (60, 9), (70, 9), (80, 9), event_code=events), layer
    )
    audit = responsibility_audit(
        REGION, layer, assigned=assigned, duties=duties, streets=streets.to_crs(4490)
    )
    worst = audit.worst("every_matter", 4)
    assert worst[["finding", "finding_code", "concerned_codes", "incidents"]].to_numpy().tolist() == [
        ["matter_several", "0505", "130703005", 2],
        ["matter_several", "0505", "130703006", 1],
        ["matter_fallback", "0401", "130703006", 1],
        ["matter_fallback", "0401", "130703005", 0],
    ]
    assert worst.geometry.notna().all()
    assert set(audit.matters["place_code"]) == {"130703005", "130703006"}


@pytest.mark.parametrize(("asked", "told"), [(["130703006"], ["130703006"]), ([], [""])])
def test_places_that_are_named_come_before_the_streets_given(asked, told):
    """The incident lies in no street; asked for no place, its matter counts it all the same."""
    streets = gpd.GeoDataFrame({"street_code": ["130703005"]}, geometry=[box(50, 0, 100, 100)], crs=4547)
    duties = pd.DataFrame({"event_code": ["05"], "department": ["城管"]})
    assigned = assign_incidents(incidents((10, 9), event_code=["0101"]), zones(box(0, 0, 100, 100)))
    audit = responsibility_audit(
        REGION,
        zones(box(0, 0, 100, 100)),
        assigned=assigned,
        duties=duties,
        streets=streets,
        places=asked,
    )
    assert sorted(set(audit.matters["place_code"])) == told
    worst = audit.worst("every_matter", 1)
    assert worst["incidents"].tolist() == [1 if told == [""] else 0]


def test_the_ground_of_a_chief_is_that_of_the_zones_or_else_of_the_sections():
    layer = zones(box(0, 0, 50, 50), box(50, 0, 100, 50), chief_code=["L1", "L2"])
    ways = [LineString([(0, 80), (100, 80)]), LineString([(0, 90), (100, 90)])]
    sections = gpd.GeoDataFrame(
        {"section_code": ["S1", "S2"], "chief_code": ["L1", "L3"]}, geometry=ways, crs=4547
    )
    found = dict(
        zip("123", _grounds(pd.Series(["L1", "L2", "L3"]), layer, "zone_code", sections), strict=True)
    )
    assert [codes for codes, _ in found.values()] == ["S1;Z0", "Z1", "S2"]
    assert found["1"][1].equals(layer.geometry[0])
    assert found["2"][1].equals(layer.geometry[1])
    assert found["3"][1].equals(ways[1])


def test_zones_without_chief_and_chiefs_far_from_the_median():
    shapes = [box(20 * at, 0, 20 * at + 20, 100) for at in range(5)]
    layer = zones(*shapes, chief_code=["L1", "L2", "L3", "", None])
    places = [(5, 5 + at) for at in range(9)] + [(25, 5), (25, 9)] + [(65, 5)] * 3
    audit = responsibility_audit(REGION, layer, assigned=assign_incidents(incidents(*places), layer))
    worst = audit.worst("everyone")
    # L1 has 9 and L3 none, where the median is 2; in Z3, which nobody answers for, are 3, in Z4 none.
    assert worst[["finding", "finding_code", "consequence"]].to_numpy().tolist() == [
        ["chief_overloaded", "L1", 7],
        ["zone_without_chief", "Z3", 3],
        ["chief_idle", "L3", 2],
        ["zone_without_chief", "Z4", 0],
    ]
    assert worst.geometry.area.tolist() == [2000] * 4
    assert audit.figure("incidents_with_chief")[["value", "whole"]].tolist() == [11, 14]


def test_chiefs_of_sections_alone_of_the_day_and_by_name():
    layer = zones(box(0, 0, 100, 100))
    line = LineString([(0, 50), (100, 50)])
    sections = gpd.GeoDataFrame(
        {
            "section_code": ["Z0", "S2", "S3"],
            "chief_code": ["L3", "L4", ""],
            "chief_name": ["丙", "丁", "戊"],
            "valid_to": [None, "2024-12-31", None],
        },
        geometry=[line] * 3,
        crs=4547,
    )
    roads = gpd.GeoDataFrame({"edge_code": ["R"]}, geometry=[line], crs=4547)
    audit = responsibility_audit(REGION, layer, sections=sections, roads=roads, at="2025-12-31")
    chiefs = audit.chiefs.set_index("chief_code")
    assert sorted(chiefs.index) == ["L3", "戊"]  # L4 is none any more
    assert chiefs["sections"].tolist() == [1, 1]
    assert chiefs["zones"].tolist() == [0, 0]
    assert chiefs["road_m"].tolist() == [100, 100]  # both answer for all of it
    assert chiefs.loc["L3", "chief_name"] == "丙"
    assert audit.figure("zones_with_chief")["value"] == 0


def test_every_figure_says_whence_it_comes():
    audit = responsibility_audit(REGION, zones(box(0, 0, 60, 100), chief_code=["L1"]))
    row = audit.figure("ground_nobody")
    assert row[["layer", "filter", "amount", "whole_amount"]].tolist() == [
        "ground", "answer == 'nobody'", "sum(area_m2)", "sum(area_m2)",
    ]  # fmt: skip
    assert audit.ground.set_index("answer")["area_m2"].to_dict() == {
        "one": 6000,
        "several": 0,
        "nobody": 4000,
    }
    with pytest.raises(KeyError):
        audit.worst("no_such")


def test_the_order_of_rows_changes_nothing():
    layer = zones(box(0, 0, 40, 100), box(30, 0, 60, 100), box(65, 0, 90, 100), chief_code=["L1", "", "L2"])
    places = [(35, 5), (62, 9), (62, 9), (80, 4), (300, 300), None]
    roads = gpd.GeoDataFrame(
        {"edge_code": ["R1", "R2"]},
        geometry=[LineString([(0, 5), (100, 5)]), LineString([(0, 9), (100, 9)])],
        crs=4547,
    )
    points = incidents(*places)
    one = responsibility_audit(REGION, layer, roads=roads, assigned=assign_incidents(points, layer))
    other = responsibility_audit(
        REGION, layer[::-1], roads=roads[::-1], assigned=assign_incidents(points[::-1], layer[::-1])
    )
    pd.testing.assert_frame_equal(one.figures, other.figures)
    assert one.findings.drop(columns="geometry").equals(other.findings.drop(columns="geometry"))
    assert one.findings.to_wkb().equals(other.findings.to_wkb())
    assert one.chiefs.equals(other.chiefs)


def test_where_every_promise_holds_there_are_no_findings():
    layer = zones(box(0, 0, 50, 100), box(50, 0, 100, 100), chief_code=["L1", "L2"])
    assigned = assign_incidents(incidents((10, 10), (90, 10)), layer)
    audit = responsibility_audit(REGION, layer, assigned=assigned)
    assert len(audit.findings) == len(audit.worst("every_road")) == len(audit.worst("everyone")) == 0
    assert {"promise", "rank", "finding", "finding_code", "layer"} <= set(audit.findings)
    assert audit.figure("load_gini")["value"] == 0


@pytest.mark.parametrize("crs", [4490, 4549])
def test_layers_of_any_crs_give_the_same_figures(crs):
    at = (573000, 4520000)
    shapes = [translate(shape, *at) for shape in (box(0, 0, 60, 100), box(50, 0, 90, 100))]
    layer = zones(*shapes, chief_code=["L1", "L2"])
    region = REGION.translate(*at).to_frame("geometry")
    roads = gpd.GeoDataFrame(
        {"edge_code": ["R"]}, geometry=[translate(LineString([(0, 50), (100, 50)]), *at)], crs=4547
    )
    points = incidents(*[(at[0] + x, at[1] + 10) for x in (5, 75, 95)])
    audits = []
    for change in (lambda frame: frame, lambda frame: frame.to_crs(crs)):
        assigned = assign_incidents(change(points), change(layer))
        audits.append(
            responsibility_audit(
                region, change(layer), roads=change(roads), assigned=assigned, at="2025-12-31"
            )
        )
    one, other = (audit.figures["value"].to_numpy() for audit in audits)
    assert other == pytest.approx(one, rel=1e-6)
    # Where two weigh as much, the last digit of an area decides which comes first.
    names = ["promise", "finding", "finding_code", "incidents"]
    told = [sorted(audit.findings[names].to_numpy().tolist(), key=str) for audit in audits]
    assert told[0] == told[1]


@pytest.mark.parametrize("nobody", ["待定", "无", "-", "暂缺", None])
def test_a_chief_who_is_nobody_is_in_no_figure(nobody):
    layer = zones(box(0, 0, 50, 100), box(50, 0, 100, 100), chief_name=["甲", nobody])
    incidents = gpd.GeoDataFrame(geometry=[Point(10, 10), Point(90, 10)], crs=4547)
    assigned = assign_incidents(incidents, layer)
    assert assigned["chief_name"].fillna("").tolist() == ["甲", nobody or ""]  # as it came
    audit = responsibility_audit(REGION, layer, assigned=assigned)
    assert audit.chiefs[["chief_code", "incidents"]].to_numpy().tolist() == [["甲", 1]]
    assert audit.figure("zones_with_chief")["value"] == 1
    assert audit.figure("incidents_with_chief")["value"] == 1


def test_open_incidents_are_told_by_the_state_in_any_words():
    layer = zones(box(0, 0, 100, 100), chief_code=["L1"])
    told = {"found": ["inside"] * 3, "ambiguous": [False] * 3, "chief_code": ["L1"] * 3}
    assigned = pd.DataFrame({**told, "state": ["已结案", "办理中", "归档"]})
    chiefs = responsibility_audit(REGION, layer, assigned=assigned).chiefs
    assert chiefs[["open", "handled"]].to_numpy().tolist() == [[1, 2]]
    with pytest.raises(
        InputError, match=r"incidents: no value of state .* is understood: 'A1' \(rows 0, 1, 2"
    ):
        responsibility_audit(REGION, layer, assigned=assigned.assign(state="A1"))


class TestMatters:
    def answers(self, duties):
        found = who_handles(duties, places=["130703005"]).set_index("event_code")
        return found.loc[["0102", "0501"], "answer"].tolist(), found.attrs["set_aside"]

    @pytest.mark.parametrize("event", ["0102", "102", 102.0, "暴露垃圾", "０１０２"])
    def test_a_class_is_known_by_code_or_name(self, event):
        duties = pd.DataFrame({"event_code": [event], "department": ["环卫"]})
        assert self.answers(duties)[0] == ["one", "fallback"]

    @pytest.mark.parametrize(
        ("departments", "answer"), [("甲", "one"), ("甲乙", "several"), ("甲乙丙", "several")]
    )
    def test_two_departments_or_more_are_several(self, departments, answer):
        duties = pd.DataFrame({"event_code": "0102", "department": list(departments)})
        assert self.answers(duties)[0] == [answer, "fallback"]

    def test_a_department_that_is_nobody_handles_nothing(self):
        duties = pd.DataFrame({"event_code": ["01", "05"], "department": ["待定", "城管"]})
        assert self.answers(duties)[0] == ["fallback", "one"]

    def test_what_is_not_understood_is_told_and_all_of_it_refused(self):
        duties = pd.DataFrame({"event_code": ["0102", "9x"], "department": ["环卫", "城管"]})
        assert self.answers(duties)[1] == [
            {"layer": "duties", "row": 1, "why": "not_understood", "value": "9x"}
        ]
        with pytest.raises(InputError, match=r"duties.event_code: none of the 1 values is .* '9x' \(row 1"):
            self.answers(duties.iloc[1:])
        elsewhere = duties.iloc[:1].assign(place_code="130799999")
        with pytest.raises(InputError, match=r"none of the 1 values is one of places=: '130799999' \(row 0"):
            self.answers(elsewhere)


def test_a_figure_of_loads_has_the_whole_that_it_is_a_share_of():
    loads = pd.DataFrame({"chief_code": ["L1", "L2"], "load": [1.0, 3.0], "standing": ["", "overloaded"]})
    found = figures_of({"chiefs": loads})
    assert found.columns.tolist() == [
        "promise", "measure", "value", "whole", "unit", "share", "layer", "filter", "amount", "whole_amount",
    ]  # fmt: skip
    assert found[["measure", "value", "whole", "share"]].to_numpy().tolist() == [
        ["chiefs_idle", 0, 2, 0],
        ["chiefs_overloaded", 1, 2, 0.5],
        ["load_gini", 0.25, 1, 0.25],
        ["load_of_busiest", 3, 4, 0.75],
    ]
