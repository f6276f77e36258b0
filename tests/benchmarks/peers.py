"""Each peer's way to tell points their zones, in the form that suits it best.

A peer is a function of zones, x and y that prepares what may be prepared beforehand (points as objects or
tables of its own) and returns two functions: `job`, which builds the index and finds all pairs of a point
and a zone, and `pairs`, which turns what the job returned into two arrays.
"""

from __future__ import annotations

import numpy as np
import shapely

__all__ = ["PEERS"]


def ours(zones, x, y):
    import geopandas as gpd

    from zjk_gis import ZoneIndex

    layer = gpd.GeoDataFrame(geometry=zones, crs=4547)
    built = []

    def job():
        built[:] = [ZoneIndex.build(layer)]
        return built[0].locate(x, y)

    def query():
        return built[0].locate(x, y)

    def pairs(_):
        offsets, rows = built[0].candidates(x, y)
        return np.repeat(np.arange(len(x)), np.diff(offsets)), rows

    return job, query, pairs


def sjoin(zones, x, y):
    import geopandas as gpd

    layer = gpd.GeoDataFrame({"z": np.arange(len(zones))}, geometry=zones, crs=4547)
    points = gpd.GeoDataFrame({"i": np.arange(len(x))}, geometry=gpd.points_from_xy(x, y), crs=4547)

    def job():
        layer.geometry.values._sindex = None  # built anew each time
        return gpd.sjoin(points, layer, predicate="intersects")

    return job, None, lambda found: (found["i"].to_numpy(), found["z"].to_numpy())


def strtree(zones, x, y):
    points = shapely.points(x, y)
    return lambda: shapely.STRtree(zones).query(points, predicate="intersects"), None, lambda found: found


def sedonadb(zones, x, y):
    import geopandas as gpd
    import pyarrow as pa
    import sedonadb

    context = sedonadb.connect()
    context.create_data_frame(pa.table({"i": np.arange(len(x)), "x": x, "y": y})).to_view("points")
    context.create_data_frame(gpd.GeoDataFrame({"z": np.arange(len(zones))}, geometry=zones)).to_view("zones")
    text = "SELECT p.i, z.z FROM points p JOIN zones z ON ST_Intersects(z.geometry, ST_Point(p.x, p.y))"
    return lambda: pa.table(context.sql(text)), None, _columns


def duckdb(zones, x, y):
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
    return lambda: connection.execute(text).to_arrow_table(), None, _columns


def floor(zones, x, y):
    """One label read for each point, from a grid with as many cells as the index has, and nothing else."""
    import geopandas as gpd
    from numba import njit

    from zjk_gis import ZoneIndex
    from zjk_gis.threads import in_chunks

    index = ZoneIndex.build(gpd.GeoDataFrame(geometry=zones, crs=4547))
    index.locate(x, y)
    grid = index.polygons.compile()
    labels = np.zeros(grid.nx * grid.ny, np.uint32)
    place, nx = grid.place, grid.nx

    @njit(nogil=True, error_model="numpy")
    def read(x, y, to, labels, x0, y0, inv, nx):
        for k in range(x.size):
            to[k] = labels[np.int64((y[k] - y0) * inv) * nx + np.int64((x[k] - x0) * inv)]

    def job():
        to = np.empty(len(x), np.uint32)
        in_chunks(lambda part: read(x[part], y[part], to[part], labels, *place[:3], nx), len(x))
        return to

    job()
    return job, None, None


def _columns(table):
    return table["i"].to_numpy(), table["z"].to_numpy()


PEERS = {
    "zjk_gis": ours,
    "SedonaDB": sedonadb,
    "DuckDB spatial": duckdb,
    "shapely STRtree": strtree,
    "geopandas.sjoin": sjoin,
    "floor": floor,
}
