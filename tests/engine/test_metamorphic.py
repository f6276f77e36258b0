"""What must not matter does not: order, how rings are drawn, the grid, threads, the way taken."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely
import shapes
from answers import Answers, ask, compiled, in_numpy, smallest_first
from shapely import box

from zjk_gis.engine import PolygonIndex
from zjk_gis.engine.polygons.grid import CompiledGrid
from zjk_gis.index.zones import ZoneIndex

CITY = shapes.whole_city(0.005)
GROUPS = [
    "wiggly coverage", "counties and grids", "overlapping", "islands in lakes", "thousandfold", "combs",
    "whole-number boxes", "fan", "stack", "onion", "hair slivers", "specks",
]  # fmt: skip
pytestmark = pytest.mark.parametrize("name", GROUPS)


@pytest.fixture
def zones(name):
    return CITY[name]


@pytest.fixture
def points(zones):
    x, y = np.concatenate([shapes.hostile_points(zones, 900), shapes.random_points(zones, 300)], axis=1)
    return x, y


@pytest.fixture
def answers(zones, points):
    return ask(compiled(zones, smallest_first(zones)), *points)


def per_point(answers, of_zone=None):
    """Return each point's answers; `of_zone` translates the positions of zones."""
    of_zone = {k: k for k in {-1, *answers.rows}} if of_zone is None else of_zone
    points = []
    for i, how in enumerate(answers.found):
        part = slice(answers.offsets[i], answers.offsets[i + 1])
        every = sorted(zip((of_zone[k] for k in answers.rows[part]), answers.touches[part], strict=True))
        points.append((of_zone[answers.row[i]], how, answers.count[i], every))
    return points


def test_points_in_another_order(zones, points, answers):
    order = np.random.default_rng(0).permutation(len(points[0]))
    shuffled = ask(compiled(zones, smallest_first(zones)), points[0][order], points[1][order])
    expected = per_point(answers)
    assert per_point(shuffled) == [expected[k] for k in order]


def test_points_asked_again_and_again(zones, points, answers):
    x, y = (np.repeat(values, 3) for values in points)
    again = per_point(ask(compiled(zones, smallest_first(zones)), x, y))
    assert again[::3] == again[1::3] == again[2::3] == per_point(answers)


def test_points_a_few_at_a_time(zones, points, answers):
    index = compiled(zones, smallest_first(zones))
    cuts = [0, 1, 2, 513, 1025, len(points[0])]
    parts = [ask(index, points[0][a:b], points[1][a:b]) for a, b in pairwise(cuts)]
    assert [one for part in parts for one in per_point(part)] == per_point(answers)


def test_points_in_arrays_of_any_kind(zones, points, answers):
    index = compiled(zones, smallest_first(zones))
    table = np.stack(points, 1)  # its columns do not lie together
    locked = [values.copy() for values in points]
    for values in locked:
        values.flags.writeable = False
    for x, y in (table.T, locked, [values.tolist() for values in points]):
        assert ask(index, x, y) == answers


def test_zones_in_another_order(zones, points, answers):
    order = np.random.default_rng(1).permutation(len(zones))
    shuffled = ask(compiled(zones[order], smallest_first(zones)[order]), *points)
    assert per_point(shuffled, {-1: -1, **dict(enumerate(order.tolist()))}) == per_point(answers)


def test_rings_drawn_from_another_vertex_the_other_way_round_with_vertices_twice(zones, points, answers):
    def redrawn(ring):
        coords = np.roll(shapely.get_coordinates(ring)[:-1], 2, axis=0)[::-1]
        coords = np.repeat(coords, 1 + (np.arange(len(coords)) % 3 == 0), axis=0)
        return shapely.LinearRing(coords)

    def part(polygon):
        return shapely.Polygon(redrawn(polygon.exterior), [redrawn(hole) for hole in polygon.interiors])

    again = [shapely.MultiPolygon([part(p) for p in shapely.get_parts(zone)[::-1]]) for zone in zones]
    assert ask(compiled(np.array(again), smallest_first(zones)), *points) == answers


@pytest.mark.parametrize("away", [3e3, 1e6, 1e9, 1e14])
def test_other_zones_far_away(zones, points, answers, away):
    """They stretch the grid, so that all its cells and their corners are others."""
    finite = np.abs(points).max(axis=0) < 1e9
    x, y = points[0][finite], points[1][finite]
    east, north = np.max([x, y], axis=1) + away
    others = np.array([box(east, north, east + away, north + away), box(east, -away, east + 7, 7 - away)])
    rank = np.concatenate([smallest_first(zones) + 2, [0, 1]])
    found = per_point(ask(compiled(np.concatenate([zones, others]), rank), x, y))
    assert found == [one for one, keep in zip(per_point(answers), finite, strict=True) if keep]


@pytest.mark.parametrize("cells_per_edge", [0.0, 0.5, 1.0, 4.2, 60.0])
def test_a_grid_of_any_size(zones, points, answers, cells_per_edge):
    index = PolygonIndex(zones, smallest_first(zones))
    grid = CompiledGrid.compile(index.rings, index.rank, cells_per_edge=cells_per_edge)
    assert ask(PolygonIndex(None, index.rank, rings=index.rings, grid=grid), *points) == answers


def test_saved_and_loaded(zones, points, tmp_path):
    layer = gpd.GeoDataFrame(geometry=zones, crs=4547)
    index = ZoneIndex.build(layer)
    loaded = ZoneIndex.load(index.save(tmp_path / "zones.zjk"))
    assert ask(loaded.polygons, *points) == ask(in_numpy(zones, index.rank), *points)


def test_small_questions_and_large_ones(zones, points, answers):
    assert ask(in_numpy(zones, smallest_first(zones)), *points) == answers


def test_a_small_question_that_grows_large(zones, points, answers, monkeypatch):
    monkeypatch.setattr("zjk_gis.engine.polygons.index.FEW_POINTS", 5000)
    index = in_numpy(zones, smallest_first(zones))
    assert [ask(index, *points) for _ in range(3)] == [answers] * 3


def test_one_thread_or_three(zones, points, answers, monkeypatch):
    """The points are repeated until they are shared out to several threads."""
    times = 1 + (1 << 18) // len(points[0])
    ordinary = np.abs(points).max(axis=0) < 1e9  # the others are settled one by one, by integers
    ordinary &= np.where(np.array(points) == 0, 1, np.abs(points)).min(axis=0) > 1e-9
    x, y = (np.tile(values[ordinary], times) for values in points)
    found = []
    for threads in ("1", "3"):
        monkeypatch.setenv("ZJK_GIS_THREADS", threads)
        index = compiled(zones, smallest_first(zones))
        located = index.locate(x, y)
        offsets, rows, touches = index.candidates(x, y)
        found.append((located.row, located.found, located.count, offsets, rows, touches))
    for one, three in zip(*found, strict=True):
        assert np.array_equal(one, three)
    assert np.array_equal(found[0][0], np.tile(np.array(answers.row)[ordinary], times))


def test_several_callers_at_once(zones, points, answers):
    index = in_numpy(zones, smallest_first(zones))
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask, index, *points) for _ in range(8)]
        assert all(one.result() == answers for one in asked)


def test_turned_and_mirrored(zones, points):
    """Swapping and negating coordinates rounds nothing; the grid treats right and up differently."""
    expected = ask(compiled(zones), *points)
    turns = {
        "mirrored": lambda xy: xy * (-1, 1),
        "upside down": lambda xy: xy * (1, -1),
        "swapped": lambda xy: xy[:, ::-1],
        "turned": lambda xy: xy[:, ::-1] * (-1, 1),
    }
    for turn, way in turns.items():
        x, y = way(np.stack(points, 1)).T
        assert ask(compiled(shapely.transform(zones, way)), x, y) == expected, turn


def test_moved_and_scaled_by_powers_of_two(zones, points):
    """Coordinates in 64ths, moved by 2^24, and scaled by 2^-70 and 2^70: nothing is rounded on the way."""
    on_paper = shapely.transform(zones, lambda xy: np.round(xy * 64) / 64)
    on_paper = on_paper[
        shapely.is_valid(on_paper) & ~shapely.is_empty(on_paper) & (shapely.area(on_paper) > 0)
    ]
    if not len(on_paper):
        on_paper = np.array([box(0, 0, 1, 1)])
    fine = np.abs(np.stack(points)).max(axis=0) < 2**23
    x, y = (np.round(values[fine] * 64) / 64 for values in points)
    expected: Answers = ask(compiled(on_paper), x, y)
    for shift, scale in [
        (2.0**24, 1.0),
        (-(2.0**24), 1.0),
        (0, 2.0**-70),
        (2.0**24, 2.0**70),
        (2.0**24, 2.0**-350),
    ]:
        moved = shapely.transform(on_paper, lambda xy, s=shift, f=scale: (xy + s) * f)
        assert ask(compiled(moved), (x + shift) * scale, (y + shift) * scale) == expected, (shift, scale)
