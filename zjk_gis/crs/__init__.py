"""Coordinate reference systems: which one a layer is in, which one to measure in, and ways between them.

Areas and distances are never computed in degrees or in Web Mercator (whose areas are 1.75 times too large
at Zhangjiakou), nor in feet: a layer in any of them is converted to metres, in China to the 3-degree
Gauss-Krüger zone of its centre, elsewhere to its UTM zone or what fits it, and the caller is told. Nothing
goes from an old datum to another without parameters, unless the caller accepts the error.
"""

from __future__ import annotations

from zjk_gis.crs import datum
from zjk_gis.crs.conversion import convert_crs, require_same_datum
from zjk_gis.crs.fits import ControlFit, fit_helmert7, fit_similarity
from zjk_gis.crs.measuring import as_metric, crs_for, measured_otherwise
from zjk_gis.crs.parameters import Helmert7, Similarity
from zjk_gis.crs.projections import title_of_crs
from zjk_gis.crs.requirements import is_metric, is_stretched, require_crs, require_layer
from zjk_gis.crs.systems import CGCS2000, SYSTEMS, WGS84, datum_of, in_china, metric_crs, shifted_crs
from zjk_gis.crs.vertices import without_measures

__all__ = [
    "CGCS2000",
    "SYSTEMS",
    "WGS84",
    "ControlFit",
    "Helmert7",
    "Similarity",
    "as_metric",
    "convert_crs",
    "crs_for",
    "datum",
    "datum_of",
    "fit_helmert7",
    "fit_similarity",
    "in_china",
    "is_metric",
    "is_stretched",
    "measured_otherwise",
    "metric_crs",
    "require_crs",
    "require_layer",
    "require_same_datum",
    "shifted_crs",
    "title_of_crs",
    "without_measures",
]
