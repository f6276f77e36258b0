"""What is not what a function asks for is refused before any work, by an error of this library.

Anything else that escapes, a TypeError of NumPy's or an AttributeError of pandas', is a defect.

The first tests walk over all public names: a function that is added tomorrow is asked, too.
"""

import inspect
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from public import public_callables
from shapely import LineString, Point, box

import zjk_gis
from zjk_gis import Workspace, ZoneIndex, words
from zjk_gis.errors import GeometryError, InputError, ZjkGisError
from zjk_gis.index import Policy, SectionIndex
from zjk_gis.pipes import CoverRegister


class Anything:
    """Of no type that a function asks for."""


# What each annotation must not let pass, besides `Anything`.
TABLE, FILE = pd.DataFrame({"zone_code": ["A"]}), Path("zones.shp")
WRONG = {
    "str": [5, ["zone_code"], None],
    "float": ["300", [300.0], None, True],
    "int": ["3", 3.5, [3], None],
    "bool": ["yes", 1, None],
    "dt.date": [5, 20250301, ["2025-03-01"]],
    "os.PathLike[str]": [5, ["a.csv"], None],
    "gpd.GeoDataFrame": [TABLE, FILE, "zones.shp", 5],
    "pd.DataFrame": ["zones.csv", FILE, 5],
    "Mapping[": ["zones", 5, ["zones"]],
    "Sequence[": [5, {"a": 1}],
}
# Anything may come in, so that the function itself looks: coordinate systems, arrays, what others define.
OPEN = {"Any", "object", "ArrayLike", "_Changes", "_Explanation", "_Parameters", "T"}


def arguments():
    for path, function, before in public_callables():
        for parameter in list(inspect.signature(function).parameters.values())[len(before) :]:
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            yield pytest.param(function, before, parameter, id=f"{path}-{parameter.name}")


def refused_by(annotation):
    """Return the values that an annotation rules out, each of which only if no other alternative takes it."""
    alternatives = set(re.split(r" \| (?![^\[]*\])", annotation))
    if alternatives & OPEN or any(each[-4:] == "Any]" for each in alternatives if each.startswith("type")):
        return []
    bad = [Anything()]
    for kind, values in WRONG.items():
        if len(alternatives - {"None"}) == 1 and next(iter(alternatives - {"None"})).startswith(kind):
            bad += [value for value in values if value is not None or "None" not in alternatives]
    return bad


@pytest.mark.parametrize(("function", "before", "parameter"), list(arguments()))
def test_a_wrong_type_is_refused_by_the_name_of_the_argument(function, before, parameter):
    for bad in refused_by(str(parameter.annotation)):
        with pytest.raises(InputError, match=rf"^{parameter.name}(\[.*\])? must be .*, not "):
            function(*before, **{parameter.name: bad})


def test_a_wrong_type_inside_a_list_or_a_mapping_is_named():
    with pytest.raises(
        InputError, match=r"layers\['zones'\] must be a GeoDataFrame, not 'a.shp'; read_layer"
    ):
        zjk_gis.city_map({"zones": "a.shp"})
    with pytest.raises(InputError, match=r"accept\[1\] must be text, not 5"):
        zjk_gis.coverage.apply_repairs(ZONES, ZONES, accept=["R001", 5])


@pytest.mark.parametrize("wrong", [{"at": 5}, {"code": ["zone_code"]}, {"level": [1]}, {"min_area_m2": "1"}])
def test_wrong_types_in_chinese(wrong):
    (name,) = wrong
    with words.speaking("zh"), pytest.raises(InputError, match=f"^{name} 须为.*，不能是 "):
        zjk_gis.coverage_gaps(None, ZONES, **wrong)


def test_numbers_and_days_of_other_libraries_are_taken():
    """A number of NumPy's is a number, and a Timestamp a day."""
    gaps = zjk_gis.coverage_gaps(
        None, ZONES, min_area_m2=np.float32(1), sliver_width_m=np.int64(2), at=pd.Timestamp("2025-03-01")
    )
    assert gaps.empty


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
    "within_m of zones": lambda bad: ZoneIndex.build(ZONES).nearest([X], [Y], within_m=bad),
    "within_m of sections": lambda bad: SectionIndex.build(SECTIONS).nearest([X], [Y], within_m=bad),
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
