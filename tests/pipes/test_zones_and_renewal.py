"""Areas of a network with their denominators, the pipes over their borders, and which pipes to renew.

    D1      |      D2          outside
A ---P1--- B|--P2--- C ---P3---|--- D
            70                 200
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from networks_of import CRS, manholes_at, pipes_of, valves_at
from shapely import Point, box

from zjk_gis.errors import FileError, InputError
from zjk_gis.pipes import (
    network_zone_figures,
    pipe_network,
    renewal_list,
    write_epanet,
    write_swmm,
    zone_crossings,
)

WELLS = manholes_at(A=(0, 0), B=(60, 0), C=(120, 0), D=(240, 0))
MAINS = pipes_of(P1=[(0, 0), (60, 0)], P2=[(60, 0), (120, 0)], P3=[(120, 0), (240, 0)]).assign(
    pipe_kind="给水",
    built_year=[1990, 2010, None],
    material=["灰口铸铁", "PE", "PE"],
    diameter_mm=[200, 300, 300],
)
NETWORK = pipe_network(WELLS, MAINS)
ZONES = gpd.GeoDataFrame(
    {
        "network_zone_code": ["D1", "D2"],
        "supplied_m3": [1000.0, 500.0],
        "registered_m3": [880.0, 400.0],
    },
    geometry=[box(-10, -10, 70, 10), box(70, -10, 200, 10)],
    crs=CRS,
)


def breaks_at(*places, days):
    return gpd.GeoDataFrame(
        {"break_code": [f"B{n}" for n in range(len(places))], "occurred_on": days},
        geometry=[Point(place) for place in places],
        crs=CRS,
    )


def meters_at(*rows):
    table = pd.DataFrame(
        rows, columns=["meter_code", "x", "network_zone_code", "other_zone_code", "metered_m3"]
    )
    points = gpd.points_from_xy(table.pop("x"), [0] * len(table))
    return gpd.GeoDataFrame(table, geometry=points, crs=CRS)


class TestMeters:
    """Water comes in at the left, through D1, and on to D2; the pipe ends beyond it."""

    def test_a_zone_balances_by_what_its_meters_read(self):
        meters = meters_at(("L1", 5, "D1", None, 1500.0), ("L2", 68, "D2", "D1", 550.0))
        told = network_zone_figures(NETWORK, ZONES, meters=meters).set_index("network_zone_code")
        assert told["metered_m3"].to_dict() == {"D1": 950.0, "D2": 550.0}
        assert told["inlet_meters"].to_dict() == {"D1": 1, "D2": 1}
        assert told["outlet_meters"].to_dict() == {"D1": 1, "D2": 0}
        assert told["balance_by"].to_dict() == {"D1": "meters", "D2": "meters"}
        assert told["lost_m3"].to_dict() == {"D1": 70.0, "D2": 150.0}
        assert told["leak_rate"].to_dict() == {"D1": 0.0737, "D2": 0.2727}
        # The border at x = 70 has a meter 2 m away; that at 200 m has none.
        assert told["unmetered_crossings"].to_dict() == {"D1": 0, "D2": 1}

    def test_without_a_reading_the_recorded_supply_counts_and_that_is_said(self):
        meters = meters_at(("L1", 5, "D1", None, None), ("L2", 68, "D2", "D1", 550.0))
        zones = ZONES.assign(supplied_m3=[1000.0, None])
        told = network_zone_figures(NETWORK, zones, meters=meters).set_index("network_zone_code")
        assert told["unread_meters"].to_dict() == {"D1": 1, "D2": 0}
        assert told["balance_by"].to_dict() == {"D1": "supplied_m3", "D2": "meters"}
        nothing = network_zone_figures(NETWORK, zones.assign(supplied_m3=None), meters=meters.iloc[:1])
        assert nothing["balance_by"].tolist() == ["", ""]
        assert nothing["leak_rate"].isna().all()


class TestFigures:
    def test_lengths_ages_and_materials_are_those_inside(self):
        told = network_zone_figures(NETWORK, ZONES, at="2026-01-01").set_index("network_zone_code")
        assert told["pipes_m"].to_dict() == {"D1": 70.0, "D2": 130.0}
        # D1: 60 m of 36 years and 10 m of 16; D2: 50 m of 16 years, 80 m of which nobody knows.
        assert told["mean_age_years"].to_dict() == {"D1": 33.1, "D2": 16.0}
        assert told["age_known_share"].to_dict() == {"D1": 1.0, "D2": 0.3846}
        assert told["main_material"].to_dict() == {"D1": "灰口铸铁", "D2": "PE"}

    def test_a_leak_rate_is_lost_by_supplied_and_none_where_nothing_is_known_to_be_supplied(self):
        zones = ZONES.assign(supplied_m3=[1000.0, 0.0])
        told = network_zone_figures(NETWORK, zones, at="2026-01-01")
        assert told["leak_rate"].tolist()[0] == 0.12
        assert np.isnan(told["leak_rate"].tolist()[1])
        assert told["leaks_too_much"].tolist() == [False, False]  # 12 % is what is tolerated
        over = network_zone_figures(NETWORK, ZONES.assign(registered_m3=[879.0, 400.0]), at="2026-01-01")
        assert over["leaks_too_much"].tolist() == [True, True]

    def test_breaks_are_counted_up_to_the_day_and_told_with_length_and_years(self):
        breaks = breaks_at((5, 0), (70, 0), (100, 0), days=["2024-01-01", "2025-01-01", "2027-01-01"])
        told = network_zone_figures(NETWORK, ZONES, breaks=breaks, at="2026-01-01")
        assert told["breaks"].tolist() == [2, 0]  # the one on the border once
        assert told["break_years"].tolist() == [2.0, 2.0]
        assert told["breaks_per_km_year"].tolist() == pytest.approx([2 / 0.07 / 2.0, 0.0], rel=1e-2)

    def test_a_zone_without_pipes_has_no_rate(self):
        far = ZONES.iloc[:1].assign(geometry=[box(900, 900, 950, 950)])
        told = network_zone_figures(
            NETWORK, far, breaks=breaks_at((5, 0), days=["2024-01-01"]), at="2026-01-01"
        )
        assert told["pipes_m"].tolist() == [0.0]
        assert told["breaks_per_km_year"].isna().all()
        assert told["mean_age_years"].isna().all()

    def test_users_and_households_are_counted(self):
        users = gpd.GeoDataFrame(
            {"user_code": ["1", "2", "3"], "households": [100, None, 7]},
            geometry=[Point(5, 5), Point(6, 5), Point(500, 500)],
            crs=CRS,
        )
        told = network_zone_figures(NETWORK, ZONES, users=users, at="2026-01-01")
        assert told[["users", "households"]].to_numpy(dtype=object).tolist() == [[2, 100], [0, 0]]


class TestCrossings:
    def test_each_is_listed_once_with_both_sides(self):
        told = zone_crossings(NETWORK, ZONES)
        assert told[["pipe_code", "network_zone_code", "other_zone_code"]].fillna("").to_numpy(
            dtype=object
        ).tolist() == [
            ["P2", "D1", "D2"],
            ["P3", "D2", ""],
        ]
        assert told["is_open"].all()

    def test_a_closed_valve_near_the_border_closes_it(self):
        valves = valves_at(V1=(75, 0), V2=(199, 0)).assign(valve_state=["关", "开"])
        told = zone_crossings(NETWORK, ZONES, valves=valves)
        assert told[["is_open", "valve_code"]].fillna("").to_numpy(dtype=object).tolist() == [
            [False, "V1"],
            [True, ""],
        ]
        assert zone_crossings(NETWORK, ZONES, valves=valves, valve_within_m=4.9)["is_open"].all()
        figures = network_zone_figures(NETWORK, ZONES, valves=valves, at="2026-01-01")
        assert figures[["crossings", "open_crossings"]].to_numpy(dtype=object).tolist() == [[1, 0], [2, 1]]

    def test_what_ends_at_a_border_does_not_cross_it(self):
        wells = manholes_at(A=(0, 0), B=(70, 0))
        mains = pipes_of(P=[(0, 0), (70, 0)]).assign(pipe_kind="给水")
        assert len(zone_crossings(pipe_network(wells, mains), ZONES)) == 0


class TestRenewal:
    def test_age_and_material_are_reasons_and_the_more_pressing_comes_first(self):
        breaks = breaks_at((80, 0), (90, 0), days=["2024-01-01", "2025-01-01"]).assign(pipe_code="P2")
        listed = renewal_list(NETWORK, breaks=breaks, at="2026-01-01")
        assert listed[["renewal_rank", "pipe_code", "renewal_reasons", "breaks"]].to_numpy(
            dtype=object
        ).tolist() == [
            [1, "P1", "over_age;renewal_material", 0],
            [2, "P2", "breaks", 2],
        ]

    @pytest.mark.parametrize(
        ("kind", "year", "listed"),
        [("给水", 1996, 1), ("给水", 1997, 0), ("天然气", 2006, 1), ("热水", 2007, 0), ("污水", 1976, 1)],
    )
    def test_the_age_is_that_of_the_class_and_includes_its_last_year(self, kind, year, listed):
        mains = MAINS.iloc[:1].assign(pipe_kind=kind, built_year=year, material="PE")
        assert len(renewal_list(pipe_network(WELLS, mains), at="2026-06-30")) == listed

    def test_what_hangs_on_it_is_told(self):
        users = gpd.GeoDataFrame({"user_code": ["1"]}, geometry=[Point(30, 9)], crs=CRS)
        (row,) = renewal_list(NETWORK, users=users, at="2026-01-01").to_dict("records")
        assert (row["users"], row["cut_off_m"], row["length_m"]) == (1, 0.0, 60.0)


class TestModels:
    def test_epanet_reads_the_same_network(self, tmp_path):
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import wntr

            source = gpd.GeoDataFrame({"source_code": ["S"]}, geometry=[Point(0, 0)], crs=CRS)
            valves = valves_at(V=(150, 0)).assign(valve_state="关")
            file = write_epanet(NETWORK, tmp_path / "water.inp", sources=source, valves=valves)
            model = wntr.network.WaterNetworkModel(str(file))
        assert set(model.junction_name_list) == {"B", "C", "D"}
        assert model.reservoir_name_list == ["A"]
        pipes = {name: model.get_link(name) for name in model.pipe_name_list}
        ends = {name: (pipe.start_node_name, pipe.end_node_name) for name, pipe in pipes.items()}
        assert ends == {"P1": ("A", "B"), "P2": ("B", "C"), "P3": ("C", "D")}
        assert [round(pipe.length, 3) for pipe in pipes.values()] == [60.0, 60.0, 120.0]
        assert [pipe.diameter for pipe in pipes.values()] == [0.2, 0.3, 0.3]
        assert str(pipes["P3"].initial_status) == "Closed"

    def test_epanet_gets_pumps_and_the_valves_that_control(self, tmp_path):
        import warnings

        mains = MAINS.assign(flow=["顺向", "逆向", None])
        sources = gpd.GeoDataFrame(
            {"source_code": ["S", "泵站"], "source_kind": ["水厂", "加压泵站"]},
            geometry=[Point(0, 0), Point(30, 0)],
            crs=CRS,
        )
        valves = valves_at(V=(90, 0), K=(150, 0)).assign(valve_kind=["减压阀", "止回阀"])
        file = write_epanet(
            pipe_network(WELLS, mains), tmp_path / "water.inp", sources=sources, valves=valves
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import wntr

            model = wntr.network.WaterNetworkModel(str(file))
        (pump,), (valve,) = (
            [(model.get_link(name), name) for name in names]
            for names in (model.pump_name_list, model.valve_name_list)
        )
        # Both stand in the middle of pipes of 60 m; P2 flows against its numbering, and so does its valve.
        assert (pump[1], pump[0].start_node_name, pump[0].end_node_name) == ("泵站", "泵站.a", "泵站.b")
        assert (valve[0].valve_type, valve[0].start_node_name, valve[0].end_node_name) == (
            "PRV",
            "V.b",
            "V.a",
        )
        assert str(valve[0].initial_status) == "Open"  # nobody surveyed its setting
        lengths = {name: round(model.get_link(name).length, 3) for name in model.pipe_name_list}
        assert lengths == {"P1.1": 30.0, "P1.2": 30.0, "P2.1": 30.0, "P2.2": 30.0, "P3": 120.0}
        assert model.reservoir_name_list == ["A"]
        # Which way water goes through P3 nobody knows: its check valve is named and left out.
        assert "not known: K" in file.read_text(encoding="utf-8")

    def test_a_check_valve_opens_the_way_water_flows(self, tmp_path):
        mains = MAINS.assign(flow="逆向")
        valves = valves_at(K=(150, 0)).assign(valve_kind="止回阀")
        file = write_epanet(pipe_network(WELLS, mains), tmp_path / "water.inp", valves=valves)
        (row,) = [line for line in file.read_text(encoding="utf-8").splitlines() if line.endswith("CV")]
        assert row.split("\t")[:3] == ["P3", "D", "C"]

    def test_swmm_has_conduits_as_they_flow_and_an_outfall_of_one_pipe(self, tmp_path):
        drains = MAINS.assign(
            pipe_kind="WS",
            flow=["顺向", "顺向", "逆向"],
            from_level_m=[9.0, 8.0, 7.0],
            to_level_m=[8.5, 7.5, 8.0],
        )
        file = write_swmm(pipe_network(WELLS.assign(ground_level_m=12.0), drains), tmp_path / "drains.inp")
        sections = {
            block.split("]")[0]: [row.split("\t") for row in block.splitlines()[1:] if row and row[0] != ";"]
            for block in file.read_text(encoding="utf-8").split("[")[1:]
        }
        assert [row[:3] for row in sections["CONDUITS"]] == [
            ["P1", "A", "B"],
            ["P2", "B", "C"],
            ["P3", "D", "C"],
            ["out_C", "C", "end_C"],
        ]
        assert [row[:2] for row in sections["OUTFALLS"]] == [["end_C", "7.000"]]
        assert {row[0]: row[1] for row in sections["JUNCTIONS"]}["A"] == "9.000"

    def test_codes_that_the_format_cannot_hold_are_written_otherwise(self, tmp_path):
        wells = WELLS.assign(manhole_code=["A 1", "A;1", "井" * 20, "D"])
        file = write_epanet(pipe_network(wells, MAINS), tmp_path / "water.inp")
        rows = file.read_text(encoding="utf-8").split("[JUNCTIONS]")[1].split("[")[0].splitlines()[2:]
        names = [row.split("\t")[0] for row in rows if row]
        assert names == ["A_1", "A_1~2", "井" * 10, "D"]

    def test_a_file_that_cannot_be_written_is_an_error_of_ours(self, tmp_path):
        with pytest.raises(InputError, match="inp"):
            write_epanet(NETWORK, tmp_path / "water.txt")
        with pytest.raises(FileError):
            write_epanet(NETWORK, tmp_path / "none" / "water.inp")
