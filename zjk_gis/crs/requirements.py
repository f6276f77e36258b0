"""What is asked of a layer's coordinate system: that there is one, and whether it measures metres."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import geopandas as gpd

from zjk_gis.arguments import checked
from zjk_gis.crs.projections import (
    is_true_at,
    metre_of,
    plane_of,
)
from zjk_gis.errors import CRSError, GeometryError, InputError
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from pyproj import CRS

__all__ = ["is_metric", "is_stretched", "require_crs", "require_layer", "unit_at"]


@checked
def require_layer(layer: object, name: str) -> None:
    """Refuse what is not a layer whose columns and geometry can be told apart.

    Parameters
    ----------
    layer : GeoDataFrame
    name : str
        What the layer is called in the error.

    Raises
    ------
    InputError
        If it is not a GeoDataFrame, or several of its columns have one name.
    GeometryError
        If it has no geometry column that is in use.

    Examples
    --------
    >>> import pandas as pd
    >>> require_layer(pd.DataFrame({"zone_code": ["A"]}), "zones")
    Traceback (most recent call last):
    zjk_gis.errors.InputError: zones: must be a GeoDataFrame, not DataFrame; read_layer reads one from a file
    """
    if not isinstance(layer, gpd.GeoDataFrame):
        raise InputError(
            tr(
                "{name}: must be a GeoDataFrame, not {name_2}; read_layer reads one from a file",
                name=name,
                name_2=type(layer).__name__,
            )
        )
    if layer.active_geometry_name is None or layer.active_geometry_name not in layer.columns:
        shapes = layer.select_dtypes("geometry").columns
        known = tr("it has {columns}: use", columns=listed(shapes)) if len(shapes) else tr("make one with")
        raise GeometryError(
            tr(
                "{name}: no geometry column is in use; {known} layer.set_geometry(...)",
                name=name,
                known=known,
            )
        )
    if not layer.columns.is_unique:
        twice = ", ".join(map(str, layer.columns[layer.columns.duplicated()].unique()))
        raise InputError(
            tr(
                "{name}: several columns have one name: {twice}; rename or drop all but one",
                name=name,
                twice=twice,
            )
        )


@checked
def require_crs(layer: gpd.GeoDataFrame | gpd.GeoSeries, name: str) -> CRS:
    """Return a layer's CRS, or say how to set one.

    Parameters
    ----------
    layer : GeoDataFrame or GeoSeries
    name : str
        What the layer is called in the error.

    Raises
    ------
    CRSError
        If the layer has none.
    InputError
        If it is not a layer; see `require_layer`.
    """
    if not isinstance(layer, gpd.GeoSeries):
        require_layer(layer, name)
    if layer.crs is None:
        raise CRSError(
            tr(
                "{name}: no coordinate reference system; set the one the data were made in, for "
                "instance layer.set_crs(4490) for longitude and latitude or layer.set_crs(4547) for "
                "CGCS2000 / CM 114E",
                name=name,
            )
        )
    crs: CRS = layer.crs
    return crs


@checked
def is_metric(crs: CRS) -> bool:
    """Tell whether lengths and areas measured in a CRS can be true metres; where it is used also counts.

    Examples
    --------
    >>> from pyproj import CRS
    >>> [is_metric(CRS(code)) for code in (4547, 4526, 32616, 4490, 3857, 2229)]
    [True, True, True, False, False, False]
    """
    return bool(crs.is_projected and not crs.is_compound and not is_stretched(crs) and metre_of(crs) == 1.0)


@checked
def is_stretched(crs: CRS) -> bool:
    """Tell whether a projection stretches lengths as Web Mercator does, more the farther from the equator.

    Examples
    --------
    >>> from pyproj import CRS
    >>> is_stretched(CRS(3857)), is_stretched(CRS(4547)), is_stretched(CRS(3078))
    (True, False, False)
    """
    plane = plane_of(crs)
    method = plane.coordinate_operation.method_name if plane.coordinate_operation is not None else ""
    return "Mercator" in method and "Transverse" not in method and "Oblique" not in method


def unit_at(crs: CRS, x: float, y: float) -> float | None:
    """Return how many metres the unit of a CRS is at a place; None where its lengths are not true there.

    Parameters
    ----------
    crs : pyproj.CRS
    x, y : float
        In its units.

    Examples
    --------
    >>> from pyproj import CRS
    >>> round(unit_at(CRS(6539), 980_000, 200_000), 6), unit_at(CRS(4087), 12_788_000, 4_540_000)
    (0.304801, None)
    """
    metre = metre_of(crs) if crs.is_projected and not is_stretched(crs) else math.nan
    return metre if math.isfinite(metre) and is_true_at(crs, x, y) else None
