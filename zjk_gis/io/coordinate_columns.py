"""From a layer to a table: the columns that say where its shapes are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from zjk_gis.crs import CGCS2000, WGS84, convert_crs, require_crs
from zjk_gis.layers.columns.coordinates import Pair, read_positions
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.shapes import has_shape, inner_points, point_coordinates
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["with_coordinates"]

_SAME_DEGREES = 1e-7  # a centimetre


def with_coordinates(frame: gpd.GeoDataFrame, *, wkt: bool) -> pd.DataFrame:
    """Replace the geometry by columns: lon and lat in CGCS2000 degrees, z and m; or text for other shapes."""
    name = frame.active_geometry_name
    table = pd.DataFrame(frame.drop(columns=name))
    shapes = frame.geometry
    if not shapes.isna().all():
        require_crs(frame, tr("the layer"))
    given = shapes.to_numpy()
    # WGS 84 is the same to a decimetre, and a point whose axes are swapped must not be lost in a conversion.
    if shapes.crs is not None and shapes.crs.to_epsg() not in (CGCS2000, WGS84):
        shapes = convert_crs(shapes, CGCS2000, name=tr("the layer"))
    values = shapes.to_numpy()
    here = has_shape(values)
    points = bool((shapely.get_type_id(values[here]) == shapely.GeometryType.POINT).all())
    if not points and wkt:
        text = pd.Series(shapely.to_wkt(values, rounding_precision=-1), index=frame.index, dtype="str")
        with_text: pd.DataFrame = with_answers(table, {"wkt": text})
        return with_text
    if not points:
        values = inner_points(values)
    lon, lat = (_rounded(degrees) for degrees in point_coordinates(values))
    answers = {} if _say_the_same(table, lon, lat) else {"lon": lon, "lat": lat}
    if points:
        axes = _heights_and_measures(given)
        answers |= {axis: values for axis, values in axes.items() if not _is_there(table, axis, values)}
    placed: pd.DataFrame = with_answers(table, answers) if answers else table
    return placed


def _heights_and_measures(points: NDArray[np.object_]) -> dict[str, NDArray[np.float64]]:
    """Return z and m of points; NaN where there are none, of which GEOS says nothing for empty ones."""
    axes = {"z": np.full(len(points), np.nan), "m": np.full(len(points), np.nan)}
    here = np.flatnonzero(~shapely.is_missing(points) & ~shapely.is_empty(points))
    axes["z"][here], axes["m"][here] = shapely.get_z(points[here]), shapely.get_m(points[here])
    return axes


def _is_there(table: pd.DataFrame, axis: str, values: NDArray[np.float64]) -> bool:
    """Tell whether a column says already what the points do of heights or measures, or they say nothing."""
    if np.isnan(values).all():
        return True
    if axis not in table:
        return False
    recorded = pd.to_numeric(table[axis], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return bool(np.array_equal(recorded, values, equal_nan=True))


def _rounded(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to a tenth of a millimetre: what lies below is the noise of conversion."""
    return np.where(np.isfinite(degrees), np.round(degrees, 9), np.nan)


def _say_the_same(table: pd.DataFrame, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> bool:
    """Tell whether the table has lon and lat already, and they are where the geometry is."""
    if not {"lon", "lat"} <= set(table.columns):
        return False
    recorded = read_positions(table, Pair("lon", "lat", sure=True))
    return bool(
        np.allclose(recorded.x, lon, rtol=0, atol=_SAME_DEGREES, equal_nan=True)
        and np.allclose(recorded.y, lat, rtol=0, atol=_SAME_DEGREES, equal_nan=True)
    )
