"""Why geometries are invalid, in words of the field, and polygons made valid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.crs import as_metric
from zjk_gis.errors import CRSError
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.labels import label
from zjk_gis.layers.shapes import has_place, has_shape
from zjk_gis.layers.spec import AREAL
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from zjk_gis.layers.labels import Language

__all__ = ["faults_of", "made_valid", "rows_named", "tell_fault"]

# What GEOS calls a fault: its key among the terms.
_FAULTS = {
    "Self-intersection": "crosses_itself",
    "Ring Self-intersection": "touches_itself",
    "Hole lies outside shell": "hole_outside",
    "Holes are nested": "nested_holes",
    "Nested shells": "nested_parts",
    "Duplicate Rings": "ring_twice",
    "Interior is disconnected": "interior_cut",
    "Too few points in geometry component": "too_few_vertices",
    "Ring is not closed": "ring_open",
    "Invalid Coordinate": "bad_coordinate",
}


def faults_of(shapes: NDArray[Any]) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """Say why geometries are invalid, and where.

    Parameters
    ----------
    shapes : ndarray of shapely.Geometry, shape (n,)

    Returns
    -------
    faults : ndarray of str
        A key that `zjk_gis.layers.labels.label` knows, such as ``crosses_itself``; empty for a valid one.
    places : ndarray of float64, shape (n, 2)
        Not a number where no place is named.

    Examples
    --------
    >>> bow_tie = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    >>> faults, places = faults_of(np.array([bow_tie, shapely.box(0, 0, 1, 1)]))
    >>> faults.tolist(), places[0].tolist()
    (['crosses_itself', ''], [1.0, 1.0])
    """
    faults = np.full(len(shapes), "", dtype=object)
    places = np.full((len(shapes), 2), np.nan)
    rows = np.flatnonzero(~shapely.is_valid(shapes) & ~shapely.is_missing(shapes))
    for row, text in zip(rows.tolist(), shapely.is_valid_reason(shapes[rows]).tolist(), strict=True):
        words, _, place = text.partition("[")
        faults[row] = _FAULTS.get(words.strip(), "invalid_geometry")
        ordinates = place.rstrip("] ").split()
        if len(ordinates) >= 2:
            places[row] = [float(ordinate) for ordinate in ordinates[:2]]
    return faults, places


def tell_fault(fault: str, place: Sequence[float], lang: Language = "zh") -> str:
    """Put a fault and its place into words.

    Examples
    --------
    >>> tell_fault("crosses_itself", (1.0, 1.0)), tell_fault("ring_open", (float("nan"),) * 2, "en")
    ('边界自相交(1, 1)', 'ring not closed')
    """
    words = label(fault, lang)
    if not np.isfinite(place).all():
        return words
    where = ", ".join(f"{ordinate:.10g}" for ordinate in place)
    return tr("{words} at {where}", words=words, where=where, lang=lang)


def rows_named(
    layer: gpd.GeoDataFrame,
    name: str,
    wrong: NDArray[np.bool_],
    faults: NDArray[np.object_] | str,
    places: NDArray[np.float64] | None = None,
    *,
    code: str | None = None,
) -> pd.DataFrame:
    """Name rows of a layer: ``layer``, ``row``, ``code``, ``fault``, and ``x`` and ``y`` of the fault."""
    at = np.flatnonzero(wrong)
    spots = np.full((len(layer), 2), np.nan) if places is None else places
    return pd.DataFrame(
        {
            "layer": name,
            "row": layer.index[at],
            "code": _codes_of(layer, code)[at],
            "fault": np.broadcast_to(np.asarray(faults, dtype=object), len(layer))[at],
            "x": spots[at, 0],
            "y": spots[at, 1],
        }
    )


def made_valid(layer: gpd.GeoDataFrame, name: str = "zones") -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Make the invalid polygons of a layer valid (几何修复), and tell row by row what changed.

    Parameters
    ----------
    layer : GeoDataFrame
        Rows of other kinds, without a place, or of which no ground would be left stay as they are.
    name : str, default "zones"
        What the layer is called.

    Returns
    -------
    layer : GeoDataFrame
        `layer` itself where nothing was invalid; otherwise a copy. The ground is that between the lines, as
        GEOS's make-valid finds it by the structure of shells and holes.
    changes : DataFrame
        ``layer``, ``row`` (the index label), ``code``, ``fault``, ``x`` and ``y`` of the fault,
        ``area_before_m2`` (as any GIS computes it of the invalid shape: loops that run the other way are
        subtracted), ``area_after_m2``, ``parts_before`` and ``parts_after``.

    Examples
    --------
    >>> bow_tie = shapely.Polygon([(0, 0), (20, 20), (20, 0), (0, 20)])
    >>> zones = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[bow_tie], crs=4547)
    >>> zones, changes = made_valid(zones)
    >>> zones.geometry.area.tolist(), changes[["row", "code", "fault", "area_before_m2", "area_after_m2"]]
    ([200.0],    row code           fault  area_before_m2  area_after_m2
    0    0    A  crosses_itself             0.0          200.0)
    """
    shapes = layer.geometry.to_numpy()
    kinds = [shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON]
    areal = np.isin(shapely.get_type_id(shapes), kinds)
    # A vertex that is not a number is not left out: where the border ran there, nobody knows.
    rows = np.flatnonzero(areal & ~shapely.is_valid(shapes) & has_place(shapes))
    whole = np.asarray(shapely.make_valid(shapes[rows], method="structure", keep_collapsed=False))
    kept = has_shape(whole)
    rows, whole = rows[kept], whole[kept]
    wrong = np.zeros(len(layer), dtype=bool)
    wrong[rows] = True
    faults, places = faults_of(shapes[rows])
    changes = rows_named(layer[wrong], name, np.ones(len(rows), dtype=bool), faults, places)
    changes["area_before_m2"] = _areas_m2(shapes[rows], layer)
    changes["area_after_m2"] = _areas_m2(whole, layer)
    changes["parts_before"] = shapely.get_num_geometries(shapes[rows])
    changes["parts_after"] = shapely.get_num_geometries(whole)
    if not len(rows):
        return layer, changes
    mended = layer.geometry.copy()
    mended.iloc[rows] = whole
    return layer.set_geometry(mended), changes


def _codes_of(layer: gpd.GeoDataFrame, code: str | None) -> NDArray[np.object_]:
    """Return the codes of rows as text; empty where there are none."""
    known = [str(spec.code) for spec in CATALOGUE.values() if spec.geometry & AREAL]
    column = code if code in layer else next((name for name in ("zone_code", *known) if name in layer), None)
    if column is None:
        return np.full(len(layer), "", dtype=object)
    return code_text(layer[column]).fillna("").to_numpy(dtype=object)


def _areas_m2(shapes: NDArray[Any], layer: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Measure shapes; not a number where the layer has no system in which that can be done."""
    if not len(shapes) or layer.crs is None:
        return np.full(len(shapes), np.nan)
    try:
        metric = as_metric(gpd.GeoDataFrame(geometry=gpd.GeoSeries(shapes, crs=layer.crs)), tr("the layer"))
    except CRSError:
        return np.full(len(shapes), np.nan)
    return np.asarray(metric.area.to_numpy(dtype=np.float64))
