"""Small networks drawn on graph paper, for the tests of pipes."""

from __future__ import annotations

import geopandas as gpd
from shapely import LineString, Point

CRS = 4547


def manholes_at(**places: tuple[float, float]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"manhole_code": [*places]}, geometry=[Point(place) for place in places.values()], crs=CRS
    )


def pipes_of(**lines: list[tuple[float, float]]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"pipe_code": [*lines], "pipe_kind": "WS"},
        geometry=[LineString(line) for line in lines.values()],
        crs=CRS,
    )


def valves_at(**places: tuple[float, float]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"valve_code": [*places]}, geometry=[Point(place) for place in places.values()], crs=CRS
    )


def sources_at(**places: tuple[float, float]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"source_code": [*places]}, geometry=[Point(place) for place in places.values()], crs=CRS
    )
