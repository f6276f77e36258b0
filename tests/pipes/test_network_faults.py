"""What a network itself shows amiss: each fault beside a near miss that is none.

M1 --P1-> M2 --P2-> M3        P2 flows uphill; M3 is an outfall, registered or not
"""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
from networks_of import CRS, manholes_at, pipes_of, sources_at
from shapely import Point

from zjk_gis.errors import InputError
from zjk_gis.pipes import network_faults, pipe_network

WELLS = manholes_at(M1=(0, 0), M2=(30, 0), M3=(60, 0))
DRAINS = pipes_of(P1=[(0, 0), (30, 0)], P2=[(30, 0), (60, 0)]).assign(
    flow="顺向", from_level_m=[9.0, 8.0], to_level_m=[8.0, 8.5]
)


def found(drains=DRAINS, wells=WELLS, **layers):
    faults = network_faults(pipe_network(wells, drains), layers)
    return {name: rows["pipe_code"].tolist() for name, rows in faults.items() if len(rows)}


def outfall_at(x, y, kind="WS"):
    return gpd.GeoDataFrame({"outfall_code": ["PK1"], "pipe_kind": [kind]}, geometry=[Point(x, y)], crs=CRS)


def test_a_flow_against_the_levels_is_found_and_one_millimetre_is_none():
    assert found() == {"uphill_flows": ["P2"]}
    assert found(DRAINS.assign(to_level_m=[8.0, 8.001])) == {}


@pytest.mark.parametrize(
    ("register", "missing"),
    [
        (outfall_at(64, 0), False),
        (outfall_at(65.1, 0), True),
        (outfall_at(61, 0, "YS"), True),
    ],
    ids=["within 5 m", "just beyond", "one of rain water"],
)
def test_drains_end_at_a_registered_outfall_of_their_kind(register, missing):
    flat = DRAINS.drop(columns=["from_level_m", "to_level_m"])
    assert found(flat, outfalls=register) == ({"unregistered_outfalls": ["P2"]} if missing else {})


def test_an_end_in_the_open_is_found_unless_it_is_an_outfall():
    flat = DRAINS.drop(columns=["from_level_m", "to_level_m"])
    wells = WELLS.iloc[:2]
    assert found(flat, wells) == {"unjoined_ends": ["P2"]}
    assert found(flat, wells, outfalls=outfall_at(60, 1)) == {}


def test_drains_in_a_circle_are_found():
    ring = pd.concat([DRAINS, pipes_of(P3=[(60, 0), (30, 9), (0, 0)]).assign(flow="顺向")], ignore_index=True)
    ring = ring.drop(columns=["from_level_m", "to_level_m"])
    assert found(ring) == {"drains_in_circles": ["P1", "P2", "P3"]}
    assert found(ring.assign(flow=["顺向", "顺向", "逆向"])) == {}


class TestSupply:
    MAINS = DRAINS.drop(columns=["flow", "from_level_m", "to_level_m"]).assign(pipe_kind="给水")

    @pytest.mark.parametrize("kind", ["给水", "JS", "water"])
    def test_what_no_source_reaches_is_found(self, kind):
        mains = self.MAINS.assign(pipe_kind="SS")
        apart = pd.concat([mains, pipes_of(P9=[(0, 90), (30, 90)]).assign(pipe_kind="SS")], ignore_index=True)
        wells = pd.concat([WELLS, manholes_at(M8=(0, 90), M9=(30, 90))], ignore_index=True)
        source = sources_at(S=(0, 0)).assign(pipe_kind=kind)
        assert found(apart, wells, supply_sources=source) == {"unfed_pipes": ["P9"]}

    def test_pipes_of_a_class_or_a_kind_without_sources_are_not_judged(self):
        source = sources_at(S=(0, 0)).assign(pipe_kind="天然气")
        assert found(self.MAINS, supply_sources=source) == {}
        reclaimed = self.MAINS.assign(pipe_kind="再生水")
        assert found(reclaimed, supply_sources=source.assign(pipe_kind="生活用水")) == {}

    def test_a_kind_of_sources_that_nobody_knows_is_refused(self):
        with pytest.raises(InputError, match="给氺"):
            found(self.MAINS, supply_sources=sources_at(S=(0, 0)).assign(pipe_kind="给氺"))
