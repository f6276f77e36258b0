"""Positions that cannot be where the zones are: 120 incidents in a quarter of 36 zones, 100 m each.

The quarter is 600 m wide, so that GCJ-02 (540 m) puts most incidents outside, and BD-09 (1.4 km) all.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pyproj import CRS
from shapely import LineString, Point, box

from zjk_gis import assign_incidents, check_assignment
from zjk_gis.assign.doubts import refuse_misplaced
from zjk_gis.assign.plan import AssignmentPlan
from zjk_gis.crs.datum import wgs84_to_bd09, wgs84_to_gcj02
from zjk_gis.errors import InputError

X, Y = 573000, 4520000
SHIFTS = {"gcj02": wgs84_to_gcj02, "bd09": wgs84_to_bd09}


def make_zones(size=100, count=6):
    places = [(i, j) for i in range(count) for j in range(count)]
    return gpd.GeoDataFrame(
        {"zone_code": [f"Z{i}{j}" for i, j in places]},
        geometry=[box(X + size * i, Y + size * j, X + size * (i + 1), Y + size * (j + 1)) for i, j in places],
        crs=4547,
    )


ZONES = make_zones()
TOWN = make_zones(size=1000)  # 6 km: most of what is shifted lies in some other zone


def make_incidents(count=120, *, width=600, datum=None, seed=1, crs=4490, **columns):
    x, y = np.random.default_rng(seed).uniform(0, width, (2, count))
    points = gpd.GeoSeries.from_xy(X + x, Y + y, crs=4547).to_crs(4490)
    if datum is not None:
        points = gpd.GeoSeries.from_xy(*SHIFTS[datum](points.x, points.y), crs=4490)
    return gpd.GeoDataFrame(columns, geometry=points, crs=4490).to_crs(crs)


@pytest.mark.parametrize("crs", [4490, 4547, 4548])
@pytest.mark.parametrize(("datum", "title"), [("gcj02", "GCJ-02"), ("bd09", "BD-09")])
def test_most_lie_outside_and_come_in_when_converted(datum, title, crs):
    incidents = make_incidents(datum=datum, crs=crs)
    with pytest.raises(InputError) as refusal:
        assign_incidents(incidents, ZONES)
    words = str(refusal.value)
    assert words.startswith("incidents: ")
    assert f"taken for {title} 0% do; read them with datum='{datum}'" in words
    assert words.endswith("or assign them as they are with even_if_off=True")
    assigned = assign_incidents(incidents, ZONES, even_if_off=True)
    assert len(assigned) == 120


def test_right_positions_pass():
    assigned = assign_incidents(make_incidents(), ZONES)
    assert assigned["found"].isin(["inside", "border"]).all()


def test_fewer_than_twenty_positions_are_never_refused():
    assert len(assign_incidents(make_incidents(19, datum="bd09"), ZONES)) == 19
    with pytest.raises(InputError, match="datum='bd09'"):
        assign_incidents(make_incidents(20, datum="bd09"), ZONES)


def test_positions_that_are_none_do_not_count():
    incidents = make_incidents(19, datum="bd09")
    nowhere = [None, Point(0, 0), Point(np.inf, 1)]
    for at, point in enumerate(nowhere * 5):
        incidents.loc[19 + at, "geometry"] = point
    assigned = assign_incidents(incidents, ZONES)
    assert assigned["reason"].tolist()[19:22] == ["no_position", "zero", "bad_position"]


def test_exchanged_axes_are_told():
    right = make_incidents()
    swapped = right.set_geometry(gpd.GeoSeries.from_xy(right.geometry.y, right.geometry.x, crs=4490))
    with pytest.raises(InputError, match=r"with longitude and latitude exchanged 0% do; .* lon= and lat="):
        assign_incidents(swapped, ZONES)


def test_what_nothing_explains_is_refused_too_if_it_is_far():
    elsewhere = make_incidents()
    elsewhere = elsewhere.set_geometry(elsewhere.geometry.to_crs(4547).translate(xoff=9000))
    with pytest.raises(InputError, match=r"100% of 120 rows .* distance is 8,\d\d\d m; nothing explains it"):
        assign_incidents(elsewhere, ZONES)


def test_zones_with_gaps_between_them_are_no_reason():
    """A third of the ground has zones; nobody is far from one."""
    some = ZONES[ZONES["zone_code"].str.endswith(("0", "3"))]
    assigned = assign_incidents(make_incidents(), some)
    assert assigned["found"].eq("none").sum() > 10


def test_zones_of_a_part_of_the_city_are_no_reason_while_half_lie_in_them():
    near, far = make_incidents(), make_incidents(110, width=5000, seed=2)
    both = gpd.GeoDataFrame(geometry=[*near.geometry, *far.geometry], crs=4490)
    assert len(assign_incidents(both, ZONES)) == 230
    with pytest.raises(InputError, match="nothing explains it"):
        assign_incidents(far, ZONES)


def test_grids_that_hold_the_incidents_show_that_they_are_not_misplaced():
    grids = TOWN.assign(grid_code=[f"130703001001{i:03d}" for i in range(36)]).drop(columns="zone_code")
    far = make_incidents(width=5900, seed=2)
    assert len(assign_incidents(far, ZONES, grids=grids)) == 120


class TestShiftedWithinATown:
    """Nearly all lie in some zone; what gives them away is where they should be."""

    def test_without_any_evidence_nothing_is_refused(self):
        assert len(assign_incidents(make_incidents(width=6000, datum="gcj02"), TOWN)) == 120

    def test_by_the_codes_recorded(self):
        right = assign_incidents(make_incidents(width=6000), TOWN)
        shifted = make_incidents(width=6000, datum="gcj02", zone_code=right["zone_code"])
        told = r"rows lie far from the code that is recorded with them, and near it if taken for GCJ-02"
        with pytest.raises(InputError, match=told):
            assign_incidents(shifted, TOWN)
        recorded = make_incidents(width=6000, zone_code=right["zone_code"])
        assert assign_incidents(recorded, TOWN)["zone_code"].equals(right["zone_code"])

    @pytest.fixture
    def sections(self):
        lines = [LineString([(X, Y + 600 + 900 * i), (X + 6000, Y + 600 + 900 * i)]) for i in range(6)]
        columns = {"section_code": list("ABCDEF"), "road_name": [f"{i}路" for i in range(6)]}
        return gpd.GeoDataFrame(columns, geometry=lines, crs=4547)

    def beside(self, datum=None):
        along, street = np.random.default_rng(3).uniform(0, 5000, 120), np.arange(120) % 6
        points = gpd.GeoSeries.from_xy(X + along, Y + 600 + 900 * street + 15, crs=4547).to_crs(4490)
        if datum is not None:
            points = gpd.GeoSeries.from_xy(*SHIFTS[datum](points.x, points.y), crs=4490)
        return gpd.GeoDataFrame({"road_name": [f"{i}路" for i in street]}, geometry=points, crs=4490)

    def test_by_the_nearest_road_sections(self, sections):
        shifted = self.beside("gcj02").drop(columns="road_name")
        told = r"median distance from the nearest road section is 16\d m, 15 m if taken for GCJ-02"
        with pytest.raises(InputError, match=told):
            assign_incidents(shifted, TOWN, sections=sections)
        assert len(assign_incidents(self.beside(), TOWN, sections=sections)) == 120

    def test_by_the_road_that_each_names(self, sections):
        many = sections.assign(section_code=list("UVWXYZ"), road_name="小巷")
        many = many.set_geometry(many.geometry.translate(yoff=150))
        both = gpd.GeoDataFrame(pd.concat([sections, many], ignore_index=True), crs=4547)
        told = r"rows lie far from the road that is recorded with them, and near it if taken for GCJ-02"
        with pytest.raises(InputError, match=told):
            assign_incidents(self.beside("gcj02"), TOWN, sections=both)
        assert len(assign_incidents(self.beside(), TOWN, sections=both)) == 120

    def test_rows_with_swapped_axes_among_them_are_no_evidence(self, sections):
        mixed = self.beside()
        mixed.loc[[3, 7], "geometry"] = [Point(40.82, 114.88), Point(40.8, 114.9)]
        assigned = assign_incidents(mixed.assign(zone_code="Z00"), TOWN, sections=sections)
        assert assigned["reason"].iloc[[3, 7]].isin(["bad_position", "out_of_reach"]).all()

    def test_incidents_at_one_spot_are_one_observation(self, sections):
        one = self.beside("gcj02").drop(columns="road_name").iloc[[0] * 60].reset_index(drop=True)
        assert len(assign_incidents(one, TOWN, sections=sections)) == 60


def test_which_rows_are_looked_at_does_not_depend_on_their_order():
    plan = AssignmentPlan.prepare(ZONES)
    x, y = np.random.default_rng(4).uniform(0, 1200, (2, 30_000))
    messages = set()
    for order in (np.arange(30_000), np.random.default_rng(5).permutation(30_000)):
        with pytest.raises(InputError) as refusal:
            refuse_misplaced(X + 1500 + x[order], Y + y[order], CRS(4547), plan, name="a.csv")
        messages.add(str(refusal.value))
    assert len(messages) == 1
    assert messages.pop().startswith("a.csv: 100% of 2,000 rows")


class TestCheckingWhatWasRecorded:
    def test_a_shift_is_told_with_its_evidence_and_not_refused(self):
        right = assign_incidents(make_incidents(), ZONES)
        shifted = make_incidents(datum="gcj02", zone_code=right["zone_code"])
        check = check_assignment(shifted, ZONES)
        assert check.suspicions[["suspicion", "datum"]].to_numpy().tolist()[0] == ["shift", "gcj02"]

    def test_other_places_are_refused(self):
        elsewhere = make_incidents(zone_code=["Z00"] * 120)
        elsewhere = elsewhere.set_geometry(elsewhere.geometry.to_crs(4547).translate(xoff=90_000))
        with pytest.raises(InputError, match="nothing explains it"):
            check_assignment(elsewhere, ZONES)
        assert check_assignment(elsewhere, ZONES, even_if_off=True).agreement == 0
