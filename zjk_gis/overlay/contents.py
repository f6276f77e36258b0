"""What lies in pieces of ground: people, buildings, roads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.crs import require_crs
from zjk_gis.layers.metric import ready
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.overlay.sharing import shared_amounts

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS

__all__ = ["contents_of", "people_inside"]


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
        columns["people"], unknown = people_inside(pieces, people, "people", faults.crs, aside)
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


def people_inside(
    pieces: NDArray[Any], people: gpd.GeoDataFrame, name: str, crs: CRS, aside: SetAside
) -> tuple[NDArray[np.int64], int]:
    """Count the people in each piece of ground, by the share of an area that lies in it.

    Parameters
    ----------
    pieces : ndarray of Polygon
    people : GeoDataFrame
        Polygons with ``population``.
    name : str
        What the layer is called.
    crs : CRS
        Of the pieces; metric.
    aside : SetAside
        Takes the rows that cannot be counted.

    Returns
    -------
    people : ndarray of int64
        They sum to the rounded total.
    unknown : int
        The rows of which nobody knows how many they have.
    """
    sound = aside.sound(people, name, kind="polygon")
    population, unknown = aside.amounts(sound, name, "population")
    if not len(people):
        return np.zeros(len(pieces), np.int64), 0
    homes = ready(sound, name, kind="polygon", crs=crs).geometry.to_numpy()
    shared = shared_amounts(homes, pieces)
    share = shared.amount / shapely.area(homes)[shared.shape]
    number = np.bincount(shared.area, weights=population[shared.shape] * share, minlength=len(pieces))
    return _rounded(number.astype(np.float64)), int(unknown.sum()) + len(people) - len(sound)


def _rounded(amounts: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round to whole numbers that sum to the rounded total, giving to the largest remainders first."""
    exact = amounts.round(6)  # so that noise decides no remainder
    whole = np.floor(exact).astype(np.int64)
    missing = round(float(exact.sum())) - int(whole.sum())
    first = np.lexsort((np.arange(len(exact)), -(exact - whole)))
    whole[first[:missing]] += 1
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
