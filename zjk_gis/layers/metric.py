"""Layers made ready to be measured: checked, and brought to one CRS whose unit is the true metre."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from zjk_gis.crs import as_metric, convert_crs, require_crs, title_of_crs
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.codes import with_text_codes
from zjk_gis.layers.versions import check_layer
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS

__all__ = ["ready", "require_amounts", "require_reach", "require_shares"]


def ready(
    layer: gpd.GeoDataFrame,
    name: str,
    *,
    kind: Literal["polygon", "line", "point"],
    code: str | None = None,
    named_by: str | None = None,
    crs: CRS | None = None,
    invalid: Callable[[NDArray[Any]], NDArray[np.bool_]] | None = None,
) -> gpd.GeoDataFrame:
    """Return a checked layer in a metric CRS, its codes as text; its rows and index stay as they are.

    Parameters
    ----------
    layer : GeoDataFrame
    name : str
        What the layer is called in errors.
    kind : {"polygon", "line", "point"}
        What its geometry must be.
    code : str, optional
        A column that must be there and filled in every row.
    crs : CRS, optional
        The CRS wanted, that of the layer it is compared with; by default the layer's own if that is metric,
        otherwise the one that `zjk_gis.crs.as_metric` chooses.
    named_by : str, optional
        The argument by which the caller names that column; by default it has none.
    invalid : callable, optional
        Tells which of an array of geometries are invalid; by default GEOS is asked.

    Returns
    -------
    GeoDataFrame
        `layer` itself where nothing had to be converted or left out. Columns of codes are text, so that
        130703.0, as a number beside missing ones comes, is the code 130703 in every answer.

    Raises
    ------
    InputError
        If the layer cannot be used; see `zjk_gis.layers.versions.check_layer`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> lonlat = gpd.GeoDataFrame(geometry=[box(114.88, 40.82, 114.881, 40.821)], crs=4490)
    >>> ready(lonlat, "region", kind="polygon").crs.to_epsg()
    4547
    """
    require_crs(layer, name)
    layer = check_layer(layer, name, kind=kind, code=code, named_by=named_by, invalid=invalid)
    converted = as_metric(layer, name) if crs is None else convert_crs(layer, crs, name=name)
    if converted is not layer:
        # Far outside its zone a projection gives infinities, and a sound polygon can lose its shape.
        converted = check_layer(
            converted,
            tr("{name} (converted to {system})", name=name, system=title_of_crs(converted.crs)),
            kind=kind,
            invalid=invalid,
        )
    return with_text_codes(converted, code)


def require_amounts(**amounts: float) -> None:
    """Refuse distances and areas that are negative or not finite.

    Parameters
    ----------
    **amounts : float
        By the names of the options they came with.

    Raises
    ------
    InputError

    Examples
    --------
    >>> require_amounts(min_area_m2=0, within_m=-1)
    Traceback (most recent call last):
    zjk_gis.errors.InputError: within_m must be a finite number of at least 0, not -1
    """
    for name, value in amounts.items():
        if not (_is_number(value) and np.isfinite(value) and value >= 0):
            raise InputError(
                tr("{name} must be a finite number of at least 0, not {value!r}", name=name, value=value)
            )


def require_reach(**distances: float) -> None:
    """Refuse distances that are negative or not a number; they may be infinite.

    Parameters
    ----------
    **distances : float
        By the names of the options they came with.

    Raises
    ------
    InputError
    """
    for name, value in distances.items():
        if not (_is_number(value) and value >= 0):
            raise InputError(
                tr("{name} must be a number of at least 0, not {value!r}", name=name, value=value)
            )


def require_shares(**shares: float) -> None:
    """Refuse shares that are not from 0 to 1.

    Parameters
    ----------
    **shares : float
        By the names of the options they came with.

    Raises
    ------
    InputError
    """
    for name, value in shares.items():
        if not (_is_number(value) and 0 <= value <= 1):
            raise InputError(tr("{name} must be a share from 0 to 1, not {value!r}", name=name, value=value))


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real)
