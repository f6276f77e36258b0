"""What lies in pieces of ground: people, buildings, roads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.crs import require_crs
from zjk_gis.errors import InputError, MissingColumnError, name_rows
from zjk_gis.layers.metric import ready

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["contents_of"]


def contents_of(
    faults: gpd.GeoDataFrame,
    *,
    people: gpd.GeoDataFrame | None = None,
    buildings: gpd.GeoDataFrame | None = None,
    roads: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Add to pieces of ground what lies in them.

    Parameters
    ----------
    faults : GeoDataFrame
        Polygons in a metric CRS, such as gaps.
    people : GeoDataFrame, optional
        Polygons with ``population``: each counts by the share of its area.
    buildings : GeoDataFrame, optional
        Polygons or points: each counts where any of it lies inside.
    roads : GeoDataFrame, optional
        Lines, or polygons, which count with half their border.

    Returns
    -------
    GeoDataFrame
        With ``people`` (int64), ``buildings`` (int64) and ``road_m`` (float64), of the layers given, before
        the geometry.

    Raises
    ------
    MissingColumnError, CRSError, GeometryError, InputError
        If a layer cannot be used.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString, box
    >>> gaps = gpd.GeoDataFrame(geometry=[box(0, 0, 100, 10)], crs=4547)
    >>> estates = gpd.GeoDataFrame({"population": [300]}, geometry=[box(0, 0, 50, 20)], crs=4547)
    >>> roads = gpd.GeoDataFrame(geometry=[LineString([(50, -5), (50, 30)])], crs=4547)
    >>> contents_of(gaps, people=estates, roads=roads)[["people", "road_m"]].iloc[0].tolist()
    [150.0, 10.0]
    """
    pieces = faults.geometry.to_numpy()
    columns: dict[str, NDArray[Any]] = {}
    unknown = None
    if people is not None:
        columns["people"], unknown = _people(pieces, people, faults)
    if buildings is not None:
        columns["buildings"] = _buildings(pieces, buildings, faults)
    if roads is not None:
        columns["road_m"] = _roads(pieces, roads, faults)
    if not columns:
        return faults
    shapes = faults.geometry.name
    told = faults.assign(**columns)[[*faults.columns.drop(shapes), *columns, shapes]]
    told.attrs |= faults.attrs
    if unknown is not None:
        told.attrs["people_unknown"] = unknown
    return told


def _people(
    pieces: NDArray[Any], layer: gpd.GeoDataFrame, faults: gpd.GeoDataFrame
) -> tuple[NDArray[np.int64], int]:
    """Count the people in each piece, and the rows of which nobody knows how many they have."""
    if "population" not in layer:
        message = f"people: no column 'population'; its columns are {', '.join(map(str, layer.columns))}"
        raise MissingColumnError(message)
    population = pd.to_numeric(layer["population"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    unknown = layer["population"].isna().to_numpy()
    wrong = ~unknown & ~(np.isfinite(population) & (population >= 0))
    if wrong.any():
        message = (
            f"people: {int(wrong.sum())} of {len(layer)} rows have a population that is no number of at "
            f"least 0 ({name_rows(layer.index[wrong])}); put them right or leave them empty"
        )
        raise InputError(message)
    if not len(layer):
        return np.zeros(len(pieces), np.int64), 0
    homes = ready(layer, "people", kind="polygon", crs=faults.crs).geometry.to_numpy()
    piece, home = shapely.STRtree(homes).query(pieces, predicate="intersects")
    share = shapely.area(shapely.intersection(pieces[piece], homes[home])) / shapely.area(homes[home])
    number = np.bincount(
        piece, weights=np.where(unknown, 0.0, population)[home] * share, minlength=len(pieces)
    )
    return _rounded(number.astype(np.float64)), int(unknown.sum())


def _rounded(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round so that the sum is the rounded total: the largest rests are rounded up."""
    whole = np.floor(numbers + 1e-9).astype(np.int64)
    more = int(np.rint(numbers.sum())) - int(whole.sum())
    rest = numbers - whole
    whole[np.lexsort((np.arange(len(rest)), -rest.round(9)))[: max(more, 0)]] += 1
    return whole


def _usable(layer: gpd.GeoDataFrame, name: str, faults: gpd.GeoDataFrame) -> NDArray[Any]:
    """Return the shapes of a layer that may hold several kinds, in the CRS of the faults."""
    require_crs(layer, name)
    kinds = {"Point": "point", "MultiPoint": "point", "LineString": "line", "MultiLineString": "line"}
    kind = layer.geom_type.map(kinds).fillna("polygon")
    shapes = np.empty(len(layer), dtype=object)
    for each in kind.unique():
        rows = (kind == each).to_numpy()
        shapes[rows] = ready(layer[rows], name, kind=each, crs=faults.crs).geometry.to_numpy()
    return shapes


def _buildings(pieces: NDArray[Any], layer: gpd.GeoDataFrame, faults: gpd.GeoDataFrame) -> NDArray[np.int64]:
    shapes = _usable(layer, "buildings", faults)
    piece, at = shapely.STRtree(shapes).query(pieces, predicate="intersects")
    areal = shapely.area(shapes)[at] > 0
    inside = ~areal
    inside[areal] = shapely.area(shapely.intersection(pieces[piece[areal]], shapes[at[areal]])) > 0
    return np.bincount(piece[inside], minlength=len(pieces)).astype(np.int64)


def _roads(pieces: NDArray[Any], layer: gpd.GeoDataFrame, faults: gpd.GeoDataFrame) -> NDArray[np.float64]:
    shapes = _usable(layer, "roads", faults)
    piece, at = shapely.STRtree(shapes).query(pieces, predicate="intersects")
    lines = shapely.area(shapes) == 0
    length = shapely.length(shapely.intersection(pieces[piece], shapes[at])) * np.where(lines[at], 1.0, 0.5)
    return np.bincount(piece, weights=length, minlength=len(pieces)).astype(np.float64)
