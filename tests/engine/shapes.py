"""Zones that are hard on a point-location engine, each with a name, and points that are hard on any zones.

All are valid by construction, depend on nothing but their seed, and can be had in any size. What is hard
about each is said in its first line.
"""

from __future__ import annotations

import numpy as np
import shapely

EAST, NORTH = 560_000.0, 4_500_000.0  # about where the city lies in its metric coordinates


def wiggly_coverage(nx=160, ny=125, *, per_edge=15, cell=(200.0, 200.0), origin=(EAST, NORTH), seed=1):
    """Neighbours that share wiggly borders; by default 20,000 with 1.22 million vertices.

    A jittered grid whose edges are replaced by chains, each used by both its neighbours. A chain stays
    within a slim rhombus around its edge; rhombi of neighbouring edges meet in their corner only.
    """
    rng = np.random.default_rng(seed)
    i, j = np.meshgrid(np.arange(nx + 1.0), np.arange(ny + 1.0), indexing="ij")
    corners = np.stack([i, j], -1) + rng.uniform(-0.25, 0.25, (nx + 1, ny + 1, 2))
    along = _chains(corners[:-1], corners[1:], per_edge, rng)
    up = _chains(corners[:, :-1], corners[:, 1:], per_edge, rng)
    scale, shift = np.array(cell), np.array(origin)
    corners, along, up = (part * scale + shift for part in (corners, along, up))
    east = np.concatenate([along, corners[1:, :, None]], 2)
    north = np.concatenate([up, corners[:, 1:, None]], 2)
    sides = [east[:, :-1, :-1], north[1:, :, :-1], east[:, 1:, :0:-1], north[:-1, :, ::-1]]
    rings = np.concatenate(sides, 2)
    return shapely.polygons(rings.reshape(nx * ny, -1, 2))


def _chains(start, stop, per_edge, rng):
    t = np.arange(per_edge) / per_edge
    along = stop - start
    across = np.stack([-along[..., 1], along[..., 0]], -1)
    phase = rng.uniform(0, 2 * np.pi, (*start.shape[:-1], 1))
    wiggle = 0.06 * np.sin(4 * np.pi * t + phase) * np.sin(np.pi * t)
    wiggle = wiggle + rng.uniform(-0.032, 0.032, wiggle.shape)
    wiggle = np.clip(wiggle, -0.3 * np.minimum(t, 1 - t), 0.3 * np.minimum(t, 1 - t))
    return start[..., None, :] + along[..., None, :] * t[:, None] + across[..., None, :] * wiggle[..., None]


def stars(centres, radii, corners, rng):
    """Rings around centres, at angles that differ, so that they never cross themselves."""
    angle = 2 * np.pi * (np.arange(corners) + rng.uniform(0.1, 0.9, (len(centres), corners))) / corners
    reach = np.asarray(radii).reshape(-1, 1) * rng.uniform(0.3, 1.0, (len(centres), corners))
    return np.stack([np.cos(angle) * reach, np.sin(angle) * reach], -1) + np.asarray(centres)[:, None]


def overlapping(n=400, *, corners=25, seed=2):
    """Zones drawn without regard to each other: many borders cross, and most places have several."""
    rng = np.random.default_rng(seed)
    side = 100.0 * n**0.5
    centres = rng.uniform(0, side, (n, 2)) + (EAST, NORTH)
    return shapely.polygons(stars(centres, rng.uniform(50, 250, n), corners, rng))


def islands_in_lakes(n=60, *, corners=12, seed=3):
    """Multipolygons with holes, islands in the holes, and parts that touch in one vertex."""
    rng = np.random.default_rng(seed)
    zones = []
    for k in range(n):
        parts = []
        for m in range(3):
            centre = np.array(
                [[EAST + 300.0 * (k % 10) + 90 * m, NORTH + 300.0 * (k // 10) + 90 * ((k + m) % 3)]]
            )
            land = stars(centre, [40.0], corners, rng)[0]
            lake, isle = (land - centre) * 0.7 + centre, (land - centre) * 0.4 + centre
            parts += [shapely.Polygon(land, [lake[::-1]]), shapely.Polygon(isle)]
        x, y = EAST + 300.0 * (k % 10) + 20, NORTH + 300.0 * (k // 10) - 60
        parts += [shapely.box(x, y, x + 8, y + 8), shapely.box(x + 8, y + 8, x + 16, y + 16)]
        zones.append(shapely.MultiPolygon(parts))
    return np.array(zones, dtype=object)


def thousandfold(n=500, *, seed=4):
    """Sizes from 1 m to 1,000 m and more, mixed and overlapping: no one cell size suits them."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, 4000, (n, 2)) + (EAST, NORTH)
    return shapely.polygons(stars(centres, 10.0 ** rng.uniform(0, 3.3, n), 17, rng))


def combs(teeth=200, *, seed=5):
    """Two combs whose pointed teeth interlock, and the gap of a hair between them as a zone."""
    rng = np.random.default_rng(seed)
    x = EAST + np.arange(2.0 * teeth + 1)
    y = NORTH + np.where(np.arange(len(x)) % 2, rng.uniform(90, 95, len(x)), rng.uniform(5, 10, len(x)))
    lower = np.stack([x, y], 1)
    upper = lower + (0, 2.0**-12)
    lower_comb = np.concatenate([lower, [[x[-1], NORTH], [x[0], NORTH]]])
    upper_comb = np.concatenate([upper, [[x[-1], NORTH + 99], [x[0], NORTH + 99]]])
    gap = np.concatenate([lower, upper[::-1]])
    return np.array([shapely.Polygon(ring) for ring in (lower_comb, upper_comb, gap)], dtype=object)


def spiral(turns=30, *, per_turn=60):
    """A long thin spiral and the spiral between its windings: edges of one zone everywhere, twice."""
    angle = 2 * np.pi * np.arange(turns * per_turn + 1) / per_turn
    unit = np.stack([np.cos(angle), np.sin(angle)], 1)

    def curve(shift):
        return unit * (5 + angle / (2 * np.pi) * 4 + shift)[:, None] + (EAST, NORTH)

    first = np.concatenate([curve(0.0), curve(2.0)[::-1]])
    gap = np.concatenate([curve(2.0)[:-per_turn], curve(0.0)[per_turn:][::-1]])
    return np.array([shapely.Polygon(first), shapely.Polygon(gap)], dtype=object)


def whole_number_boxes(n=400, *, seed=6):
    """Upright boxes on whole numbers: borders run along each other, and corners lie on others' borders."""
    rng = np.random.default_rng(seed)
    west, south = rng.integers(0, 60, (2, n)).astype(float)
    width, height = rng.integers(1, 12, (2, n)).astype(float)
    return shapely.box(west, south, west + width, south + height)


def whole_number_tiles(n=24):
    """A chessboard of unit boxes: every point with whole coordinates is a corner of four."""
    west, south = np.meshgrid(np.arange(float(n)), np.arange(float(n)))
    return shapely.box(west.ravel(), south.ravel(), west.ravel() + 1, south.ravel() + 1)


def fan(degree=200, *, centre=(EAST, NORTH), radius=1000.0, overlap=0):
    """Slivers that all meet in one vertex, each sharing its sides with the next."""
    angle = 2 * np.pi * np.arange(degree) / degree
    rim = np.stack([np.cos(angle), np.sin(angle)], 1) * radius + centre
    middle = np.broadcast_to(np.array(centre), rim.shape)
    parts = [middle, *(np.roll(rim, -k, 0) for k in range(overlap + 2))]
    return shapely.polygons(np.stack(parts, 1))


def stack(n=75, *, seed=7):
    """Zones laid over one place: up to 75 at a point, with borders of dozens through one cell."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 5, (n, 2)) + (EAST, NORTH)
    return shapely.polygons(stars(centres, rng.uniform(60, 120, n), 40, rng))


def onion(n=45):
    """Zones nested without touching, and again each as the ring between it and the next."""
    half = np.arange(n, 0, -1.0)
    boxes = shapely.box(EAST - half, NORTH - half, EAST + half, NORTH + half)
    rings = shapely.difference(boxes[:-1], boxes[1:])
    return np.concatenate([boxes, rings])


def counties_and_grids(nx=160, ny=125, *, counties=19, seed=8):
    """Few large zones with long borders over many small ones: by default 19 over 20,000."""
    small = wiggly_coverage(nx, ny, seed=seed)
    large = wiggly_coverage(
        counties, 1, per_edge=max(15, nx), cell=(200.0 * nx / counties, 200.0 * ny), seed=seed + 1
    )
    return np.concatenate([large, small])


def hair_slivers(n=60, *, seed=9):
    """Triangles a few last places wide, at every angle, and others that share their long side."""
    rng = np.random.default_rng(seed)
    zones = []
    while len(zones) < n:
        a = rng.uniform(0, 100, 2) + (EAST, NORTH)
        b = a + rng.uniform(-50, 50, 2)
        c = (a + b) / 2
        c = c + rng.integers(-3, 4, 2) * np.spacing(c)
        pair = [shapely.Polygon([a, b, c]), shapely.Polygon([a, b, b + (b - a)[::-1] * (-1, 1)])]
        zones += [zone for zone in pair if zone.area > 0 and zone.is_valid]
    return np.array(zones[:n], dtype=object)


def other_vertices(n=30, *, seed=10):
    """Strips along shared slanted lines with other vertices on either side: slivers of overlap and gap."""
    rng = np.random.default_rng(seed)
    zones = []
    for k in range(n):
        for low in (k, k + 1):  # the strip above line k, and the one below line k + 1, drawn on their own
            t = np.sort(rng.uniform(0, 1, 6))
            lower = np.stack([EAST + 100 * t, NORTH + 10 * low + 37 * t], 1)
            s = np.sort(rng.uniform(0, 1, 5))[::-1]
            upper = np.stack([EAST + 100 * s, NORTH + 10 * (low + 1) + 37 * s], 1)
            zone = shapely.Polygon(np.concatenate([lower, upper]))
            if zone.is_valid:
                zones.append(zone)
    return np.array(zones, dtype=object)


def far_apart(seed=11):
    """Three clusters a thousand kilometres apart: nearly all of any grid over them is empty."""
    rng = np.random.default_rng(seed)
    zones = []
    for x, y in [(0.0, 0.0), (1e6, 3.0), (2.0, 1e6)]:
        centres = rng.uniform(0, 1, (40, 2)) + (x, y)
        zones.append(shapely.polygons(stars(centres, rng.uniform(0.01, 0.3, 40), 9, rng)))
    return np.concatenate(zones)


def degrees(nx=30, ny=30):
    """The coverage in degrees, where a metre is a hundred-thousandth."""
    return wiggly_coverage(nx, ny, cell=(0.002, 0.002), origin=(114.88, 40.77), seed=12)


def origin_crossing(n=120, *, seed=13):
    """Zones around (0, 0) with vertices of every magnitude from 1e-12 to 1: differences are rounded."""
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, (n, 9)), axis=1)
    reach = 10.0 ** rng.uniform(-12, 0, (n, 9))
    zones = shapely.polygons(np.stack([np.cos(angle) * reach, np.sin(angle) * reach], -1))
    return zones[shapely.is_valid(zones) & (shapely.area(zones) > 0)]


def specks(n=12, *, seed=14):
    """Triangles from 1e-3 down to 1e-40 around (0, 0), in a zone of 2 km: no grid resolves them."""
    rng = np.random.default_rng(seed)
    zones = [shapely.box(-1000, -1000, 1000, 1000)]
    for size in 10.0 ** np.arange(-3, -41, -4.0):
        corners = size * (rng.uniform(-3, 3, (n, 1, 2)) + rng.uniform(-1, 1, (n, 3, 2)))
        zones += [zone for zone in shapely.polygons(corners) if zone.is_valid]
    return np.array(zones, dtype=object)


def minute_edges(n=60, *, seed=15):
    """Rings with edges of one last place and level edges, where rows and columns of any grid may run."""
    rng = np.random.default_rng(seed)
    zones = [shapely.box(EAST, NORTH, EAST + 64, NORTH + 64)]
    while len(zones) < n:
        x, y = EAST + rng.uniform(1, 50), NORTH + rng.uniform(1, 50)
        up, right = np.spacing(y), np.spacing(x)
        w, h = rng.uniform(1, 12, 2)
        ring = [(x, y), (x + w, y), (x + w + right, y + up), (x + w, y + h), (x, y + h), (x, y + 2 * up)]
        if shapely.Polygon(ring).is_valid:
            zones.append(shapely.Polygon(ring))
    return np.array(zones, dtype=object)


def whole_city(scale=1.0):
    """All sets by name; `scale` shrinks or stretches the number of zones of the large ones."""
    nx, ny = max(4, round(160 * scale**0.5)), max(4, round(125 * scale**0.5))
    sets = {
        "wiggly coverage": wiggly_coverage(nx, ny),
        "counties and grids": counties_and_grids(nx, ny),
        "overlapping": overlapping(max(60, round(4000 * scale))),
        "islands in lakes": islands_in_lakes(),
        "thousandfold": thousandfold(max(60, round(2000 * scale))),
        "combs": combs(),
        "spiral": spiral(),
        "whole-number boxes": whole_number_boxes(),
        "whole-number tiles": whole_number_tiles(),
        "fan": fan(),
        "overlapping fan": fan(overlap=3),
        "stack": stack(),
        "onion": onion(),
        "hair slivers": hair_slivers(),
        "other vertices": other_vertices(),
        "far apart": far_apart(),
        "degrees": degrees(),
        "origin crossing": origin_crossing(),
        "specks": specks(),
        "minute edges": minute_edges(),
    }
    return {name: np.asarray(zones, dtype=object) for name, zones in sets.items()}


def hostile_points(zones, n, *, seed=0):
    """Return n points that are hard on these zones, in equal parts and mixed.

    Vertices; points computed on edges; midpoints; the neighbours of all these by one or two last places
    in 8 directions; points level with or above one another's vertices; points beyond the ends of edges,
    in line with them; the bounding box and beyond; tiny, huge and not finite coordinates.
    """
    rng = np.random.default_rng(seed)
    rings = shapely.get_rings(shapely.get_parts(zones))
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    edge = np.flatnonzero(ring[:-1] == ring[1:])[rng.integers(0, np.count_nonzero(ring[:-1] == ring[1:]), n)]
    a, b = coords[edge], coords[edge + 1]
    t = rng.uniform(0, 1, (n, 1))
    points = a.copy()
    kind = rng.integers(0, 10, n)
    on_edge = np.isin(kind, (1, 2, 3))
    points[on_edge] = (a + t * (b - a))[on_edge]
    points[kind == 4] = ((a + b) / 2)[kind == 4]
    beyond = kind == 5
    points[beyond] = (b + (1 + t) * (b - a) * rng.choice([-2.0, 1e-9, 0.5], (n, 1)))[beyond]
    other = coords[rng.integers(0, len(coords), n)]
    points[kind == 6, 1] = other[kind == 6, 1]
    near = kind == 7  # level with a vertex, a little beside it
    points[near, 0] += ((t[:, 0] - 0.5) * 2 * np.hypot(*(b - a).T))[near]
    low, high = coords.min(axis=0), coords.max(axis=0)
    points[kind == 8] = (low + rng.choice([-1e-9, 0.0, 0.5, 1.0, 1.5], (n, 2)) * (high - low))[kind == 8]
    steps = rng.integers(-1, 2, (n, 2)) * rng.integers(0, 3, (n, 1))
    points = points + steps * np.spacing(points)
    strange = np.flatnonzero(kind == 9)[: max(n // 200, 10)]
    values = [
        0.0,
        -0.0,
        5e-324,
        -1e-300,
        1e-150,
        1e-20,
        1e16,
        1e150,
        -1e200,
        1.7e308,
        np.nan,
        np.inf,
        -np.inf,
    ]
    points[strange, rng.integers(0, 2, len(strange))] = rng.choice(values, len(strange))
    return np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])


def random_points(zones, n, *, seed=0):
    """Return n points spread over the zones and a little beyond, half of them where zones are dense."""
    rng = np.random.default_rng(seed)
    coords = shapely.get_coordinates(zones)
    low, high = coords.min(axis=0), coords.max(axis=0)
    anywhere = rng.uniform(low - 0.02 * (high - low), high + 0.02 * (high - low), (n, 2))
    bounds = shapely.bounds(zones)[rng.integers(0, len(zones), n)]
    in_zones = bounds[:, :2] + rng.uniform(-0.1, 1.1, (n, 2)) * (bounds[:, 2:] - bounds[:, :2])
    points = np.where(rng.random((n, 1)) < 0.5, anywhere, in_zones)
    return np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])
