"""Each peer's ways to tell points their zones: the way that is usual, and the fastest that was found.

A peer is a function of zones (shapely polygons), x and y (float64) that returns a `Peer`: what it does in the
time that is measured, with the inputs in the form it likes best already. Making that form is timed apart.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BEST", "PEERS", "Peer"]

THREADS = 2
_CRS = 4547


@dataclass
class Peer:
    """What is timed.

    Attributes
    ----------
    job : callable
        Builds the index and finds the zones of all points.
    pairs : callable or None
        Turns what `job` returned into positions of points and of their zones.
    query : callable or None
        The same as `job` with the index built before, where the peer can keep one.
    """

    job: Callable[[], Any]
    pairs: Callable[[Any], tuple[Any, Any]] | None
    query: Callable[[], Any] | None = None


def zone_index(zones, x, y):
    """Return the zone that answers, how, and how many contain or touch the point."""
    import geopandas as gpd

    from zjk_gis import ZoneIndex

    layer = gpd.GeoDataFrame(geometry=zones, crs=_CRS)
    kept = []

    def job():
        kept[:] = [ZoneIndex.build(layer)]
        return kept[0].locate(x, y)

    def pairs(found):
        offsets, rows = kept[0].candidates(x, y)
        count = np.diff(offsets)
        point = np.repeat(np.arange(len(x)), count)
        first_is_one_of_them = np.bincount(point[rows == found.row[point]], minlength=len(x)) == (count > 0)
        if not ((count == found.count).all() and first_is_one_of_them.all()):
            message = "locate and candidates contradict each other"
            raise AssertionError(message)
        return point, rows

    return Peer(job, pairs, lambda: kept[0].locate(x, y))


def zone_index_pairs(zones, x, y):
    """Return all pairs, as the peers do."""
    import geopandas as gpd

    from zjk_gis import ZoneIndex

    layer = gpd.GeoDataFrame(geometry=zones, crs=_CRS)
    kept = []

    def job():
        kept[:] = [ZoneIndex.build(layer)]
        return kept[0].candidates(x, y)

    def pairs(found):
        return np.repeat(np.arange(len(x)), np.diff(found[0])), found[1]

    return Peer(job, pairs, lambda: kept[0].candidates(x, y))


def sedonadb(zones, x, y, *, settings=()):
    """Join views held in memory, points as geometry."""
    import geopandas as gpd
    import pyarrow as pa
    import sedonadb

    context = sedonadb.connect()
    for setting in settings:
        pa.table(context.sql(f"SET {setting}"))
    context.create_data_frame(pa.table({"i": np.arange(len(x)), "x": x, "y": y})).to_view("given")
    context.sql("SELECT i, ST_Point(x, y) AS geometry FROM given").to_memtable().to_view("points")
    layer = gpd.GeoDataFrame({"z": np.arange(len(zones))}, geometry=zones)
    context.create_data_frame(layer).to_memtable().to_view("zones")
    text = "SELECT p.i, z.z FROM points p JOIN zones z ON ST_Intersects(z.geometry, p.geometry)"
    return Peer(lambda: pa.table(context.sql(text)), _columns)


def sedonadb_natural(zones, x, y):
    """Index the edges of a polygon by a tree instead of stripes: faster where polygons have few edges."""
    return sedonadb(zones, x, y, settings=["sedona.spatial_join.tg.index_type = 'natural'"])


def duckdb(zones, x, y, *, ordered=True):
    """Join two tables held in memory, both of geometry, by the spatial join operator."""
    import duckdb
    import duckdb_extensions
    import pyarrow as pa

    connection = duckdb.connect()
    duckdb_extensions.import_extension("spatial", con=connection)
    connection.execute("LOAD spatial")
    given = {
        "given_points": pa.table({"i": np.arange(len(x)), "x": x, "y": y}),
        "given_zones": pa.table({"z": np.arange(len(zones)), "shape": shapely.to_wkb(zones)}),
    }
    for name, table in given.items():
        connection.register(name, table)
    connection.execute("CREATE TABLE points AS SELECT i, ST_Point(x, y) AS point FROM given_points")
    connection.execute("CREATE TABLE zones AS SELECT z, ST_GeomFromWKB(shape) AS shape FROM given_zones")
    text = "SELECT p.i, z.z FROM points p JOIN zones z ON ST_Intersects(z.shape, p.point)"
    if ordered:
        return Peer(lambda: connection.execute(text).to_arrow_table(), _columns)
    # Only so do several threads work on one join.
    connection.execute("SET preserve_insertion_order = false")

    def job():
        connection.execute(f"CREATE OR REPLACE TEMP TABLE found AS {text}")
        return connection.execute("FROM found").to_arrow_table()

    return Peer(job, _columns)


def duckdb_unordered(zones, x, y):
    """Give up the order of the rows, so that the join is shared by the threads."""
    return duckdb(zones, x, y, ordered=False)


def strtree(zones, x, y):
    """Put the zones into the tree, and ask it for each point."""
    points = shapely.points(x, y)
    kept = []

    def job():
        kept[:] = [shapely.STRtree(zones)]
        return kept[0].query(points, predicate="intersects")

    return Peer(job, tuple, lambda: kept[0].query(points, predicate="intersects"))


def strtree_of_points(zones, x, y):
    """Put the points into the tree and ask it for each zone, which GEOS prepares; in threads."""
    points = shapely.points(x, y)
    parts = np.array_split(np.arange(len(zones)), min(len(zones), 16 * THREADS))

    def job():
        tree = shapely.STRtree(points)

        def ask(part):
            zone, point = tree.query(zones[part], predicate="intersects")
            return point, zone + part[0]

        with ThreadPoolExecutor(THREADS) as pool:
            return np.concatenate(list(pool.map(ask, parts)), axis=1)

    return Peer(job, tuple)


def sjoin(zones, x, y, *, zones_first=False):
    """Join points with zones, as it is usually written."""
    import geopandas as gpd

    layer = gpd.GeoDataFrame({"z": np.arange(len(zones))}, geometry=zones, crs=_CRS)
    points = gpd.GeoDataFrame({"i": np.arange(len(x))}, geometry=gpd.points_from_xy(x, y), crs=_CRS)
    frames = (layer, points) if zones_first else (points, layer)
    return Peer(lambda: gpd.sjoin(*frames, predicate="intersects"), lambda found: (found["i"], found["z"]))


def sjoin_zones_first(zones, x, y):
    """Join zones with points, so that each zone is prepared once for all its points."""
    return sjoin(zones, x, y, zones_first=True)


def floor(zones, x, y):
    """Read one label for each point from a grid with as many cells as the index has, and do nothing else."""
    import geopandas as gpd
    from numba import njit

    from zjk_gis import ZoneIndex
    from zjk_gis.threads import in_chunks

    index = ZoneIndex.build(gpd.GeoDataFrame(geometry=zones, crs=_CRS))
    index.locate(x, y)
    grid = index.polygons.compile(fine=False)
    cells = grid.nx * grid.ny + (grid.blocks[:, 3] ** 2).sum()
    x0, y0, width, height = x.min(), y.min(), np.ptp(x), np.ptp(y)
    inv = np.sqrt(cells / (width * height))
    nx, ny = int(width * inv) + 1, int(height * inv) + 1
    # Filled: memory never written to would all be one page, always at hand.
    labels = np.arange(nx * ny, dtype=np.uint32)

    @njit(nogil=True, error_model="numpy")
    def read(x, y, to, labels, x0, y0, inv, nx):
        for k in range(x.size):
            to[k] = labels[np.int64((y[k] - y0) * inv) * nx + np.int64((x[k] - x0) * inv)]

    def job():
        to = np.empty(len(x), np.uint32)
        in_chunks(lambda part: read(x[part], y[part], to[part], labels, x0, y0, inv, nx), len(x))
        return to

    read(x[:1], y[:1], np.empty(1, np.uint32), labels, x0, y0, inv, nx)
    return Peer(job, None, job)


def _columns(table):
    return table["i"].to_numpy(), table["z"].to_numpy()


PEERS = {
    "zjk_gis": zone_index,
    "zjk_gis, all pairs": zone_index_pairs,
    "SedonaDB": sedonadb,
    "SedonaDB, natural": sedonadb_natural,
    "DuckDB": duckdb,
    "DuckDB, unordered": duckdb_unordered,
    "STRtree of zones": strtree,
    "STRtree of points": strtree_of_points,
    "sjoin(points, zones)": sjoin,
    "sjoin(zones, points)": sjoin_zones_first,
    "floor": floor,
}
# The faster form of each.
BEST = (
    "zjk_gis",
    "zjk_gis, all pairs",
    "SedonaDB, natural",
    "DuckDB, unordered",
    "STRtree of points",
    "sjoin(zones, points)",
    "floor",
)
