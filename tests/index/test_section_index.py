"""SectionIndex: the nearest road section, how far along it, and on which side.

A street runs east from 0 to 100, its left and its right side under two sections; a lane runs north from its
end; a ring road has two parts.
"""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString

from zjk_gis.errors import GeometryError, InputError
from zjk_gis.index import SectionIndex


@pytest.fixture(params=["small question", "large question"])
def index(request, monkeypatch):
    if request.param == "large question":
        monkeypatch.setattr("zjk_gis.engine.lines._SMALL", -1)
    street, lane = LineString([(0, 0), (100, 0)]), LineString([(100, 0), (100, 60)])
    ring = MultiLineString([[(0, 200), (50, 200)], [(60, 200), (60, 260)]])
    sections = gpd.GeoDataFrame(
        {"section_code": ["left", "right", "lane", "ring"], "side": ["左侧", "右侧", "双侧", None]},
        geometry=[street, street, lane, ring],
        crs=4547,
    )
    return SectionIndex.build(sections)


def ask(index, x, y, **options):
    found = index.nearest([x], [y], **options)
    code = index.codes[found.row[0]] if found.row[0] >= 0 else None
    return code, found.distance_m[0].round(9), found.chainage_m[0].round(9), found.side[0]


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (30, 4, ("left", 4, 30, 1)),
        (30, -4, ("right", 4, 30, -1)),
        (96, 3, ("left", 3, 96, 1)),
        (99, 30, ("lane", 1, 30, 1)),
        (110, 30, ("lane", 10, 30, -1)),
        (100, 70, ("lane", 10, 60, 0)),  # beyond its end, in its own direction
        (-6, 8, ("left", 10, 0, 1)),
        (-6, -8, ("right", 10, 0, -1)),
        (57, 230, ("ring", 3, 80, 0)),  # 50 of the first part and 30 of the second; no one direction
    ],
)
def test_the_nearest_section_that_answers_for_the_side(index, x, y, expected):
    assert ask(index, x, y) == expected


def test_on_the_line_either_side_may_answer_and_the_lower_code_does(index):
    assert ask(index, 50, 0) == ("left", 0, 50, 0)


def test_out_of_reach(index):
    found = index.nearest([50, np.nan], [-20, 0], within_m=19.9)
    assert found.row.tolist() == [-1, -1]
    assert np.isnan(found.distance_m).all()
    assert index.nearest([50], [-20], within_m=20).row.tolist() == [1]


def test_the_nearest_may_answer_for_the_other_side_only(monkeypatch):
    """South of streets that answer for their north side only, another street answers, however far."""
    north = [LineString([(0, y), (100, y)]) for y in (0, 10)]
    far = LineString([(0, -5000), (100, -5000)])
    sections = gpd.GeoDataFrame({"side": ["左侧", "左侧", "双侧"]}, geometry=[*north, far], crs=4547)
    for small in (20_000, -1):
        monkeypatch.setattr("zjk_gis.engine.lines._SMALL", small)
        index = SectionIndex.build(sections)
        assert index.nearest([50, 50], [-1, 2]).row.tolist() == [2, 0]
        assert index.nearest([50], [-1], within_m=4000).row.tolist() == [-1]


def test_at_a_corner_the_side_is_that_of_the_tangent_between():
    """Outside a right-angled corner a point may lie left of one segment's line and right of the other's."""
    corner = LineString([(0, 0), (100, 0), (100, 100)])
    index = SectionIndex.build(gpd.GeoDataFrame(geometry=[corner], crs=4547))
    found = index.nearest([103, 130, 97, 101], [-3, -1, 3, -30])
    assert found.side.tolist() == [-1, -1, 1, -1]
    assert found.chainage_m.tolist()[0] == 100


def test_what_cannot_be_compiled_or_asked(index):
    with pytest.raises(GeometryError, match="are not lines"):
        SectionIndex.build(gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)], crs=4547))
    with pytest.raises(InputError, match="within_m"):
        index.nearest([0], [0], within_m=-1)


COORDINATES = st.integers(0, 12).map(float)
LINES = st.lists(
    st.lists(st.tuples(COORDINATES, COORDINATES), min_size=2, max_size=5).filter(lambda p: len(set(p)) > 1),
    min_size=1,
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(LINES, st.lists(st.tuples(st.floats(-20, 40), st.floats(-20, 40)), min_size=1, max_size=20))
@example([[(0.0, 0.0), (0.0, 2.0)]], [(0.0, -6.908712044459423e-10)])  # which GEOS finds only with a margin
def test_small_and_large_questions_have_one_answer_to_the_last_bit(lines, points):
    layer = gpd.GeoDataFrame(geometry=[LineString(line) for line in lines], crs=4547)
    x, y = np.array(points).T
    small, large = SectionIndex.build(layer), SectionIndex.build(layer)
    with pytest.MonkeyPatch.context() as patch:
        one = small.nearest(x, y)
        patch.setattr("zjk_gis.engine.lines._SMALL", -1)
        two = large.nearest(x, y)
    for name in ("row", "distance_m", "chainage_m", "side"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
    truth = shapely.distance(shapely.points(x, y)[:, None], layer.geometry.to_numpy()[None, :]).min(axis=1)
    assert np.allclose(one.distance_m, truth, rtol=1e-12, atol=1e-12)
