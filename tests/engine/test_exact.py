"""No answer of the engine is rounded: it is held against integers of any length, and against GEOS."""

import numpy as np
import oracle
import pytest
import shapely
import shapes
from answers import WAYS, answers_from, ask, compiled, in_numpy, smallest_first
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from zjk_gis.engine import PolygonIndex
from zjk_gis.engine.predicates import UNKNOWN, orient

CITY = shapes.whole_city(0.01)

# --- small zones on squared paper, told apart by hand-made integers -------------------------------

whole = st.integers(0, 12)
vertex = st.tuples(whole, whole)


@st.composite
def boxes(draw):
    x, y, w, h = draw(whole), draw(whole), draw(st.integers(1, 9)), draw(st.integers(1, 9))
    return box(x, y, x + w, y + h)


@st.composite
def holed(draw):
    """A box with a hole; the hole may touch the box in a corner of its own."""
    x, y = draw(whole), draw(whole)
    inner = [(2, 2), (6, draw(st.integers(1, 2))), (draw(st.sampled_from([6, 8])), 4), (3, 6)]
    return Polygon([(x, y), (x + 8, y), (x + 8, y + 8), (x, y + 8)], [[(x + a, y + b) for a, b in inner]])


@st.composite
def corner_to_corner(draw):
    """Two parts that meet in one vertex, or do not meet."""
    x, y, gap = draw(whole), draw(whole), draw(st.integers(0, 2))
    w = draw(st.integers(1, 5))
    return MultiPolygon(
        [box(x, y, x + w, y + w), box(x + w + gap, y + w + gap, x + w + gap + 3, y + w + gap + 2)]
    )


any_ring = (
    st.lists(vertex, min_size=3, max_size=7, unique=True).map(Polygon).filter(lambda ring: ring.is_valid)
)
slivers = st.tuples(vertex, st.integers(1, 9)).map(
    lambda drawn: Polygon(
        [drawn[0], (drawn[0][0] + 13, drawn[0][1] + drawn[1]), (drawn[0][0] + 12, drawn[0][1] + 9)]
    )
)
zone = st.one_of(boxes(), any_ring, holed(), corner_to_corner(), slivers.filter(lambda ring: ring.is_valid))


@st.composite
def drawn_zones(draw):
    """Up to six zones, some drawn twice, the other way round or finer, or moved by last places."""
    zones = draw(st.lists(zone, min_size=1, max_size=6))
    for k in draw(st.lists(st.integers(0, len(zones) - 1), max_size=2)):
        zones.append(zones[k].reverse() if draw(st.booleans()) else shapely.segmentize(zones[k], 2.0))
    zones = np.array(zones, dtype=object)
    shift = draw(st.sampled_from([(0, 0), (-6, -6), (2.0**19, 2.0**22), (-(2.0**40), 3)]))
    zones = shapely.transform(zones, lambda xy: xy + shift)
    if draw(st.booleans()):
        places = draw(st.lists(st.integers(-2, 2), min_size=4, max_size=4))
        moved = shapely.transform(zones, lambda xy: _moved(xy, places))
        zones = np.where(shapely.is_valid(moved), moved, zones)
    scale = draw(
        st.sampled_from([1.0, 1.0, 1.0, 2.0**-1020, 2.0**-900, 2.0**-300, 2.0**40, 2.0**498, 2.0**900])
    )
    return shapely.transform(zones, lambda xy: xy * scale)


def _moved(xy, places):
    """Move vertices by last places: alike where they are alike, so that shared borders stay shared."""
    a, b, c, d = places
    which = (xy[:, 0] % 5 == a % 5) | (xy[:, 1] % 7 == b % 7)
    size = np.where(xy == 0, 2.0**-52, np.spacing(xy))
    return xy + which[:, None] * np.array([c, d]) * size


@st.composite
def points_near(draw, zones):
    """Vertices, points computed on edges, neighbours of both by last places, and level with vertices."""
    coords = shapely.get_coordinates(zones)
    pick = st.integers(0, len(coords) - 1)
    points = []
    for _ in range(draw(st.integers(1, 12))):
        k = draw(pick)
        a, b = coords[k], coords[min(k + 1, len(coords) - 1)]
        point = a + draw(st.sampled_from([0.0, 0.5, 0.25, 1 / 3, 0.9, 2.0, -1.0])) * (b - a)
        if draw(st.integers(0, 4)) == 0:
            point = np.array([point[0], coords[draw(pick), 1]])
        steps = np.array([draw(st.integers(-1, 1)), draw(st.integers(-1, 1))])
        points.append(point + steps * np.spacing(point))
    return np.array(points).T.copy()


@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_every_contact_is_the_one_integers_find(data):
    zones = data.draw(drawn_zones())
    x, y = data.draw(points_near(zones))
    rank = np.array(data.draw(st.permutations(range(len(zones)))))
    expected = answers_from(oracle.contacts(zones, x, y), len(x), rank)
    for name, way in WAYS.items():
        assert ask(way(zones, rank), x, y) == expected, name


# --- on which side of a line ----------------------------------------------------------------------

ordinary = st.floats(-1e7, 1e7, allow_subnormal=False)
tame = st.one_of(ordinary, st.floats(-1e100, 1e100), st.integers(-9, 9).map(float))


@settings(max_examples=500, deadline=None)
@given(
    a=st.tuples(tame, tame),
    b=st.tuples(tame, tame),
    c=st.tuples(tame, tame),
    t=st.one_of(st.none(), st.floats(-2, 3)),
    steps=st.tuples(st.integers(-2, 2), st.integers(-2, 2)),
)
@example(a=(5e-324, 2.0), b=(2.0, 0.0), c=(1.0, 1.0), t=None, steps=(0, 0))
def test_the_side_of_a_line_is_exact_or_left_open(a, b, c, t, steps):
    """Where `t` is given, c is computed on the line and moved by a few last places."""
    if t is not None:
        on_line = [a[k] + t * (b[k] - a[k]) for k in (0, 1)]
        c = tuple(float(value + step * np.spacing(value)) for value, step in zip(on_line, steps, strict=True))
    answer = orient(*a, *b, *c)
    if answer == UNKNOWN:
        sizes = [abs(value) for value in (*a, *b, *c) if value != 0]
        assert min(sizes) < 1e-120 or max(sizes) > 1e120
    else:
        assert answer == oracle.side(a, b, c)


# --- large zones, held against GEOS ---------------------------------------------------------------


def test_the_zones_are_what_they_say():
    for name, zones in CITY.items():
        assert shapely.is_valid(zones).all(), name
    whole_size = shapes.wiggly_coverage()
    assert (len(whole_size), shapely.get_num_coordinates(whole_size).sum()) == (20_000, 1_220_000)


@pytest.mark.parametrize("name", CITY)
@pytest.mark.parametrize("points", [shapes.hostile_points, shapes.random_points])
def test_both_ways_agree_with_geos(name, points):
    zones = CITY[name]
    x, y = points(zones, 2000)
    expected = answers_from(_settled(zones, x, y), len(x), smallest_first(zones))
    for way in WAYS.values():
        assert ask(way(zones, smallest_first(zones)), x, y) == expected


def _settled(zones, x, y):
    """Return the contacts GEOS finds; points that its products cannot hold are settled by integers."""
    size = np.maximum(np.abs(x), np.abs(y))
    least = np.minimum(np.where(x == 0, 1, np.abs(x)), np.where(y == 0, 1, np.abs(y)))
    ordinary = np.isfinite(x) & np.isfinite(y) & (size < 1e100) & (least > 1e-100)
    tree, at = shapely.STRtree(zones), np.flatnonzero(ordinary)
    points = shapely.points(x[at], y[at])
    touching = {(int(at[p]), int(z)): "border" for p, z in tree.query(points, predicate="intersects").T}
    within = {(int(at[p]), int(z)): "inside" for p, z in tree.query(points, predicate="within").T}
    rest = np.flatnonzero(~ordinary)
    by_integers = oracle.contacts(zones, x[rest], y[rest])
    return touching | within | {(int(rest[p]), z): how for (p, z), how in by_integers.items()}


@pytest.mark.parametrize("angle", [6.123233995736766e-17, 2.0**-53, 2.0**-60])
def test_where_geos_rounds_integers_rule(angle):
    """A corner at cos(90°) = 6e-17 needs more digits than the double-doubles of GEOS hold.

    The line from (e, 2) to (2, -e) passes (1, 1) at a distance of about e²/2; GEOS takes that for 0.
    """
    zone = Polygon([(angle, 2), (2, -angle), (3, 3)])
    assert oracle.where(zone, 1.0, 1.0) == "none"
    assert shapely.touches(zone, shapely.Point(1, 1))
    assert compiled(np.array([zone])).locate([1.0], [1.0]).found.tolist() == [0]
    assert in_numpy(np.array([zone])).locate([1.0], [1.0]).found.tolist() == [0]


# --- the grid's own lines -------------------------------------------------------------------------


def cell_corners(grid, n, rng, steps=1):
    """Return corners of cells, and of the finer cells in them, moved by up to `steps` last places."""
    x0, y0, _, d = grid.place
    at = np.stack([x0 + rng.integers(0, grid.nx + 1, n) * d, y0 + rng.integers(0, grid.ny + 1, n) * d], 1)
    if len(grid.blocks):
        west, south, per_unit, side, _ = grid.blocks[rng.integers(0, len(grid.blocks), n)].T
        fine = (
            np.stack([west, south], 1)
            + rng.integers(0, side.astype(int)[:, None] + 1, (n, 2)) / per_unit[:, None]
        )
        at = np.where(rng.random((n, 1)) < 0.5, at, fine)
    return at + rng.integers(-steps, steps + 1, (n, 2)) * np.spacing(at)


def beside(zones, grid, n, rng):
    """Return points near vertices, level with them but for what single precision cannot tell."""
    coords = shapely.get_coordinates(zones)
    at, (*_, d) = coords[rng.integers(0, len(coords), n)], grid.place
    nearly = rng.choice([0.0, 1e-16, 1e-9, 1e-8, 1e-7, 1e-6], n) * rng.choice([-1, 1], n)
    far = rng.uniform(-1, 1, n)
    return at + np.where(rng.random(n) < 0.8, [far, nearly], [nearly, far]).T * d


@pytest.mark.parametrize("name", CITY)
def test_points_on_the_lines_of_the_grid(name):
    zones, rng = CITY[name], np.random.default_rng(31)
    index = compiled(zones)
    points = cell_corners(index.compile(), 2100, rng)
    coords = shapely.get_coordinates(zones)
    points[::3, 0] = coords[rng.integers(0, len(coords), 700), 0]
    points[1::3, 1] = coords[rng.integers(0, len(coords), 700), 1]
    x, y = points.T.copy()
    assert ask(index, x, y) == answers_from(_settled(zones, x, y), len(x), range(len(zones)))


def test_level_edges_along_the_rows_of_the_grid():
    """Long edges exactly on the line between two rows belong to the cells of both."""
    frame = box(0, 0, 1000, 700)
    grid = compiled(np.array([frame, Polygon([(1, 300), (999, 300), (500, 350)])])).compile()
    rows = grid.place[1] + np.arange(grid.ny + 1) * grid.place[3]
    for y in rows[(rows > 1) & (rows < 600)]:
        zones = np.array([frame, Polygon([(1, y), (999, y), (500, y + 50)])])
        index = compiled(zones)
        assert index.compile().place == grid.place
        px, py = (
            np.repeat(np.linspace(0.5, 999.5, 37), 3),
            np.tile([np.nextafter(y, 0), y, np.nextafter(y, 999)], 37),
        )
        assert ask(index, px, py) == answers_from(_settled(zones, px, py), len(px), range(2))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n", [40, 400])
def test_vertices_on_the_lines_of_the_grid(seed, n):
    """Triangles whose corners are corners of cells: the grid is seen first, then they are put on it."""
    rng = np.random.default_rng(seed)
    frame = box(0, 0, 1000, 700)
    some = shapely.polygons(rng.uniform(1, 699, (n, 3, 2)))
    grid = compiled(np.array([frame, *some])).compile()
    triangles = []
    while len(triangles) < n:
        reach = rng.choice([2, 5, 1000])
        cells = rng.integers(2, [grid.nx - 3, grid.ny - 3]) + rng.integers(-reach, reach + 1, (3, 2))
        cells = np.clip(cells, 2, [grid.nx - 3, grid.ny - 3])
        corners = np.array(grid.place[:2]) + cells * grid.place[3]
        corners += rng.integers(-1, 2, (3, 2)) * np.spacing(corners)
        if Polygon(corners).is_valid:
            triangles.append(Polygon(corners))
    zones = np.array([frame, *triangles])
    index = compiled(zones)
    assert index.compile().place == grid.place
    x, y = (
        np.concatenate(both)
        for both in zip(cell_corners(grid, 2000, rng).T, shapes.hostile_points(zones, 2000), strict=True)
    )
    assert ask(index, x, y) == answers_from(_settled(zones, x, y), len(x), range(len(zones)))


# --- the rule -------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_strictly_inside_comes_before_touching_whatever_the_rank(way):
    touched, holding = box(0, 0, 4, 4), box(2, 0, 9, 9)
    located = way(np.array([touched, holding]), np.array([0, 1])).locate([4.0, 4.0], [2.0, 9.5])
    assert (located.row.tolist(), located.found.tolist(), located.count.tolist()) == ([1, -1], [1, 0], [2, 0])


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_two_hundred_slivers_all_touch_their_common_corner(way):
    index = way(CITY["fan"])
    answers = ask(index, [shapes.EAST], [shapes.NORTH])
    assert (answers.count, answers.rows, set(answers.touches)) == ([200], list(range(200)), {True})


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_more_zones_at_a_point_than_a_word_has_bits(way):
    """Zone k of the onion is a box of half width 45 - k: the middle lies in all, (6, 0) on the 40th."""
    onion = CITY["onion"][:45]
    answers = ask(way(onion), shapes.EAST + np.array([0.25, 6.0]), shapes.NORTH + np.array([0.25, 0.25]))
    assert (answers.count, answers.row, answers.found) == ([45, 40], [0, 0], ["inside", "inside"])
    assert answers.touches == [False] * 45 + [False] * 39 + [True]


# --- what is valid ----------------------------------------------------------------------------------


@pytest.mark.parametrize("corners", [3, 4, 5, 6])
def test_invalid_rings_are_those_of_geos(corners, monkeypatch):
    """Rings on 5 by 5 points that cross, touch, turn back and repeat themselves, one beside the other."""
    rng = np.random.default_rng(corners)
    rings = (
        rng.integers(0, 5, (4000, corners, 2)) + 8.0 * np.stack(np.divmod(np.arange(4000), 64), 1)[:, None]
    )
    rings[::2] = (
        rings[::2][:, :, ::-1] * 2.0**-40 + 2.0**5
    )  # as small as the grid can tell apart, and smaller
    zones = shapely.polygons(rings)
    invalid = ~shapely.is_valid(zones)
    assert 0.03 < invalid.mean() < 0.97
    monkeypatch.setattr("zjk_gis.engine.polygons.index._FEW_VERTICES", 0)
    assert np.array_equal(PolygonIndex(zones).invalid(), invalid)


def test_a_ring_that_crosses_itself_far_from_its_vertices_is_invalid(monkeypatch):
    """A star of chords through one circle, among large valid neighbours."""
    turn = 2 * np.pi * np.arange(101) * 50 / 101
    chords = Polygon(np.stack([np.cos(turn), np.sin(turn)], 1) * 900 + (shapes.EAST, shapes.NORTH))
    zones = np.concatenate([CITY["wiggly coverage"], [chords]])
    monkeypatch.setattr("zjk_gis.engine.polygons.index._FEW_VERTICES", 0)
    assert np.flatnonzero(PolygonIndex(zones).invalid()).tolist() == [len(zones) - 1]
