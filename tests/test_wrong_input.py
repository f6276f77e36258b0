"""What is not what a function asks for is refused before any work, by an error of this library.

Anything else that escapes, a TypeError of NumPy's or an AttributeError of pandas', is a defect.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point, box

import zjk_gis
from zjk_gis import Workspace, ZoneIndex
from zjk_gis.errors import GeometryError, InputError, ZjkGisError
from zjk_gis.index import Policy, SectionIndex
from zjk_gis.pipes import CoverRegister

X, Y = 573000, 4520000
ZONES = gpd.GeoDataFrame(
    {"zone_code": ["A", "B"]}, geometry=[box(X, Y, X + 99, Y + 99), box(X + 99, Y, X + 198, Y + 99)], crs=4547
)
INCIDENTS = gpd.GeoDataFrame({"manhole_code": ["1"]}, geometry=[Point(X + 50, Y + 50)], crs=4547)
SECTIONS = gpd.GeoDataFrame({"section_code": ["1"]}, geometry=[LineString([(X, Y), (X + 99, Y)])], crs=4547)
AMOUNTS = ["x", None, [1], -1, float("nan")]
TAKE_AMOUNTS = {
    "border_within_m": lambda bad: zjk_gis.assign_incidents(INCIDENTS, ZONES, border_within_m=bad),
    "nearest_within_m": lambda bad: zjk_gis.assign_incidents(INCIDENTS, ZONES, nearest_within_m=bad),
    "undecided_below": lambda bad: zjk_gis.assign_incidents(INCIDENTS, ZONES, undecided_below=bad),
    "border_within_m of an index": lambda bad: ZoneIndex.build(ZONES).locate([X], [Y], border_within_m=bad),
    "undecided_below of an index": lambda bad: ZoneIndex.build(ZONES).locate([X], [Y], undecided_below=bad),
    "max_distance_m": lambda bad: ZoneIndex.build(ZONES).nearest([X], [Y], max_distance_m=bad),
    "max_distance_m of sections": lambda bad: SectionIndex.build(SECTIONS).nearest(
        [X], [Y], max_distance_m=bad
    ),
    "min_area_m2": lambda bad: zjk_gis.coverage_gaps(ZONES, ZONES, min_area_m2=bad),
    "within_m": lambda bad: CoverRegister.build(INCIDENTS).close_pairs(within_m=bad),
    "count": lambda bad: CoverRegister.build(INCIDENTS).nearest(X, Y, count=bad),
}


@pytest.mark.parametrize("bad", AMOUNTS, ids=repr)
@pytest.mark.parametrize("name", TAKE_AMOUNTS)
def test_an_amount_that_is_none(name, bad):
    with pytest.raises(InputError, match=name.partition(" ")[0]):
        TAKE_AMOUNTS[name](bad)


def without_geometry():
    """A layer with two columns of shapes, neither of them in use."""
    layer = gpd.GeoDataFrame(ZONES.assign(other=ZONES.geometry))
    layer._geometry_column_name = None
    return layer


NO_LAYERS = {
    "a table": pd.DataFrame({"zone_code": ["A"]}),
    "no geometry": gpd.GeoDataFrame({"zone_code": ["A"]}),
    "no geometry in use": without_geometry(),
    "columns of one name": pd.concat([ZONES, ZONES[["zone_code"]]], axis=1),
    "shapes alone": ZONES.geometry,
    "an array": ZONES.geometry.to_numpy(),
    "text": "zones.shp",
}
TAKE_LAYERS = {
    "zones": lambda bad: zjk_gis.assign_incidents(INCIDENTS, bad),
    "grids": lambda bad: zjk_gis.assign_incidents(INCIDENTS, ZONES, grids=bad),
    "sections": lambda bad: zjk_gis.assign_incidents(INCIDENTS, ZONES, sections=bad),
    "an index": ZoneIndex.build,
    "an index of sections": SectionIndex.build,
    "a register": lambda bad: CoverRegister.build(bad, code="zone_code"),
    "a region": lambda bad: zjk_gis.coverage_gaps(bad, ZONES),
    "edges": zjk_gis.coverage.coverage_edges,
    "a check": lambda bad: zjk_gis.check_assignment(bad, ZONES),
    "a map": zjk_gis.maps.zones_map,
}


@pytest.mark.parametrize("bad", NO_LAYERS)
@pytest.mark.parametrize("name", TAKE_LAYERS)
def test_what_is_not_a_layer(name, bad):
    with pytest.raises(ZjkGisError):
        TAKE_LAYERS[name](NO_LAYERS[bad])


def test_a_layer_whose_geometry_is_not_in_use_is_told_which_it_has():
    with pytest.raises(GeometryError, match=r"zones: no geometry column is in use; it has geometry, other"):
        zjk_gis.assign_incidents(INCIDENTS, without_geometry())


@pytest.mark.parametrize("bad", ["x", 1, ["lowest_code"], {"order": 1}], ids=repr)
@pytest.mark.parametrize(
    "use",
    [
        lambda bad: zjk_gis.assign_incidents(INCIDENTS, ZONES, policy=bad),
        lambda bad: ZoneIndex.build(ZONES, policy=bad),
        lambda bad: SectionIndex.build(SECTIONS, policy=bad),
    ],
)
def test_what_is_not_a_policy(use, bad):
    with pytest.raises(InputError, match="policy must be a Policy"):
        use(bad)
    use(Policy(order=("lowest_code",)))


BOXES = ["x", ("a", "b", "c", "d"), (1, 2), (1, 2, 3, "x"), 5, (np.nan,) * 4, (3, 3, 1, 1)]


@pytest.mark.parametrize("bad", BOXES, ids=repr)
def test_what_is_not_a_rectangle(tmp_path, bad):
    city = Workspace.open(tmp_path / "city.gpkg")
    city.write("zones", ZONES)
    with pytest.raises(InputError, match="bbox must be"):
        city.read("zones", bbox=bad)
    with pytest.raises(InputError, match="area must be"):
        CoverRegister.build(INCIDENTS).within(bad)


@pytest.mark.parametrize("option", ["where", "columns"])
def test_what_is_not_a_condition(tmp_path, option):
    city = Workspace.open(tmp_path / "city.gpkg")
    city.write("zones", ZONES)
    for bad in ("zone_code", 5.5):
        with pytest.raises(InputError, match=option):
            city.read("zones", **{option: bad})
