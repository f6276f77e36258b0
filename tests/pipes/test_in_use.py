"""The network of a day.

M1 --P1--> M2 --P2--> M3      P1 laid in 1990, P2 in 2020 and given up on 2024-06-30, P3 planned for 2030
            \\--P3--> M4
"""

import geopandas as gpd
import pandas as pd
import pytest
from networks_of import CRS, manholes_at, valves_at
from shapely import LineString, box

from zjk_gis import pipes as rooms
from zjk_gis.errors import EmptyLayerError, InputError
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.pipes import PipeNetwork, critical_pipes, misconnections, outfalls, pipe_network, shut_off, trace
from zjk_gis.pipes.in_use import in_use

WELLS = manholes_at(M1=(0, 0), M2=(30, 0), M3=(60, 0), M4=(30, 40)).assign(pipe_kind="WS")
DRAINS = gpd.GeoDataFrame(
    {
        "pipe_code": ["P1", "P2", "P3"],
        "pipe_kind": "污水",
        "flow": "顺向",
        "diameter_mm": 300,
        "from_depth_m": 0.5,
        "to_depth_m": 0.5,
        "built_year": [1990, None, None],
        "valid_from": [None, "2020-05-01", "2030-01-01"],
        "valid_to": [None, "2024-06-30", None],
    },
    geometry=[
        LineString([(0, 0), (30, 0)]),
        LineString([(30, 0), (60, 0)]),
        LineString([(30, 0), (30, 40)]),
    ],
    crs=CRS,
)
EVERY = pipe_network(WELLS, DRAINS)


def codes(rows):
    return sorted(set(rows["pipe_code"]))


@pytest.mark.parametrize(
    ("day", "there"),
    [
        ("1991-01-01", ["P1"]),
        ("2020-04-30", ["P1"]),
        ("2020-05-01", ["P1", "P2"]),
        ("2024-06-30", ["P1", "P2"]),
        ("2024-07-01", ["P1"]),
        ("2030-01-01", ["P1", "P3"]),
    ],
)
def test_both_days_belong_to_the_time_in_use(day, there):
    assert codes(pipe_network(WELLS, DRAINS, at=day).pipelines) == there
    assert codes(EVERY.on(day).pipelines) == there


def test_what_is_left_out_is_counted_and_told_why():
    network = pipe_network(WELLS, DRAINS, at="2025-01-01")
    assert {(row["value"], row["why"]) for row in network.set_aside} == {
        ("P2", "no_longer_in_use"),
        ("P3", "not_yet_laid"),
    }
    report = network.report().set_index("what")["number"]
    assert report["set_aside"] == 2
    assert len(trace(EVERY, "M2", at="2025-01-01").attrs["set_aside"]) == 2


def test_a_day_on_which_nothing_lay_is_refused():
    with pytest.raises(EmptyLayerError, match="1980"):
        pipe_network(WELLS, DRAINS, at="1980-01-01")
    with pytest.raises(InputError, match="valid_to"):
        pipe_network(WELLS, DRAINS.assign(valid_to="soon"), at="2025-01-01")


def test_a_state_that_says_abandoned_counts_unless_a_date_says_since_when():
    drains = DRAINS.assign(
        state="废弃", valid_to=["2026-01-01", None, None], valid_from=None, built_year=None
    )
    assert codes(pipe_network(WELLS, drains, at="2025-01-01").pipelines) == ["P1"]


def test_the_network_of_a_day_is_the_one_that_is_built_for_it():
    for day in ("2022-01-01", "2025-01-01", "2031-01-01"):
        one, other = EVERY.on(day), pipe_network(WELLS, DRAINS, at=day)
        columns = ["pipe_code", "outfall_code", "upstream_length_m", "from_node", "to_node"]
        pd.testing.assert_frame_equal(outfalls(one)[columns], outfalls(other)[columns])
        assert one.joins().equals(other.joins())
        assert one.directions().equals(other.directions())


def test_a_saved_network_still_knows_the_days(tmp_path):
    loaded = PipeNetwork.load(EVERY.save(tmp_path / "pipes.net"))
    assert codes(loaded.on("2025-01-01").pipelines) == ["P1"]


def test_every_answer_is_that_of_the_day():
    # In 2022 P1 hangs on P2 to the outfall M3; in 2025 it ends at M2.
    assert outfalls(EVERY, at="2022-01-01")["outfall_code"].tolist() == ["M3", "M3"]
    assert outfalls(EVERY, at="2025-01-01")["outfall_code"].tolist() == ["M2"]
    assert codes(critical_pipes(EVERY, at="2022-01-01")) == ["P1", "P2"]
    assert codes(trace(EVERY, "M1", direction="downstream", at="2031-01-01")) == ["P1", "P3"]
    assert misconnections(EVERY, at="2025-01-01").empty
    assert codes(rooms.cover_depths(DRAINS, at="2022-01-01")) == ["P1", "P2"]
    assert set(rooms.survey_faults(WELLS, DRAINS, at="2025-01-01")["pipe_code"].dropna()) <= {"P1"}
    assert rooms.orphan_manholes(WELLS, DRAINS, at="2025-01-01")["manhole_code"].tolist() == ["M3", "M4"]
    assert rooms.archive_completeness(
        WELLS.assign(owner="甲", valid_to=["2020-01-01", None, None, None]), fields=["owner"], at="2025-01-01"
    )["manholes"].tolist() == [3]


def test_a_valve_that_is_not_there_yet_closes_nothing():
    mains = DRAINS.assign(pipe_kind="给水", valid_from=None, valid_to=None)
    valves = valves_at(V1=(10, 0), V2=(20, 0)).assign(valid_from=[None, "2030-01-01"])
    closed = shut_off(pipe_network(WELLS, mains), "P2", valves=valves, at="2025-01-01")
    assert closed.valves["valve_code"].tolist() == ["V1"]
    assert closed.left_out[["code", "why"]].to_numpy().tolist() == [["V2", "not_yet_laid"]]


def test_a_dig_still_meets_what_was_given_up():
    dig = gpd.GeoDataFrame(geometry=[box(25, -5, 65, 45)], crs=CRS)
    found = rooms.excavation_impact(dig, DRAINS, network=EVERY, depth_m=2.0, at="2025-01-01")
    assert found.set_index("pipe_code")["is_abandoned"].to_dict() == {"P1": False, "P2": True}
    cut = rooms.cross_section(LineString([(45, -5), (45, 5)]), DRAINS, at="2025-01-01")
    assert cut[["pipe_code", "is_abandoned"]].to_numpy().tolist() == [["P2", True]]


def test_without_a_day_or_a_layer_nothing_is_asked():
    assert in_use(DRAINS, "pipelines", None, SetAside()) is DRAINS
    assert in_use(None, "valves", "2025-01-01", SetAside()) is None
