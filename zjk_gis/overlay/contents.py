"""What lies in pieces of ground: people, buildings, roads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.crs import require_crs
from zjk_gis.layers.metric import ready
from zjk_gis.layers.set_aside import SetAside

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
        the geometry. ``attrs["people_unknown"]`` counts the rows of `people` that could not be counted, and
        ``attrs["set_aside"]`` lists those with a wrong population or no sound shape.

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
    aside = SetAside()
    if people is not None:
        columns["people"], unknown = _people(pieces, people, faults, aside)
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
        aside.told_in(told)
    return told


def _people(
    pieces: NDArray[Any], layer: gpd.GeoDataFrame, faults: gpd.GeoDataFrame, aside: SetAside
) -> tuple[NDArray[np.int64], int]:
    """Count the people in each piece, and the rows of which nobody knows how many they have."""
    sound = aside.sound(layer, "people", kind="polygon")
    population, unknown = aside.amounts(sound, "people", "population")
    if not len(layer):
        return np.zeros(len(pieces), np.int64), 0
    homes = ready(sound, "people", kind="polygon", crs=faults.crs).geometry.to_numpy()
    piece, home = shapely.STRtree(homes).query(pieces, predicate="intersects")
    share = shapely.area(shapely.intersection(pieces[piece], homes[home])) / shapely.area(homes[home])
    number = np.bincount(piece, weights=population[home] * share, minlength=len(pieces))
    return _rounded(number.astype(np.float64)), int(unknown.sum()) + len(layer) - len(sound)


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
