"""Coordinates as callers give them, and as an index measures them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.crs import require_same_datum
from zjk_gis.engine.arrays import as_coordinates, as_floats
from zjk_gis.errors import CRSError, InputError
from zjk_gis.words import tr

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from pyproj import CRS, Transformer

    from zjk_gis.engine import PolygonIndex, Positions

__all__ = ["accuracy_radii", "given_coordinates", "in_crs", "placed", "transformer"]


def given_coordinates(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return two arrays of coordinates.

    Raises
    ------
    InputError
        If they are not numbers, or differ in length.
    """
    try:
        return as_coordinates(x, y)
    except (TypeError, ValueError) as error:
        raise InputError(tr("coordinates: {error}", error=error)) from error


def transformer(given: object, wanted: CRS, name: str = "points") -> Transformer | None:
    """Return what leads from one CRS to another, or None where nothing need be done.

    Parameters
    ----------
    given : CRS, int or str
    wanted : CRS
    name : str, default "points"
        What is converted, in errors.

    Raises
    ------
    CRSError
        If nobody knows the CRS given, or it is of another datum.
    """
    from pyproj import CRS, Transformer
    from pyproj.exceptions import CRSError as UnknownCRSError

    try:
        known = CRS.from_user_input(given)
    except UnknownCRSError as error:
        raise CRSError(
            tr("crs: {given!r} is not a coordinate reference system that pyproj knows", given=given)
        ) from error
    if known == wanted:
        return None
    require_same_datum(known, wanted, name)
    return Transformer.from_crs(known, wanted, always_xy=True)


def in_crs(
    x: NDArray[np.float64], y: NDArray[np.float64], given: object, wanted: CRS, name: str = "points"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coordinates in another CRS; NaN where they cannot be converted.

    Raises
    ------
    CRSError
        If nobody knows the CRS given, or it is of another datum.
    """
    there = transformer(given, wanted, name)
    if there is not None:
        x, y = there.transform(x, y)
    usable = np.isfinite(x) & np.isfinite(y)
    if usable.all():
        return x, y
    return np.where(usable, x, np.nan), np.where(usable, y, np.nan)


def accuracy_radii(accuracy_m: ArrayLike, size: int) -> NDArray[np.float64]:
    """Return the radius of each accuracy circle in metres."""
    try:
        radius = np.broadcast_to(as_floats(accuracy_m), (size,))
    except (TypeError, ValueError):
        raise InputError(tr("accuracy_m must be a number, or one for every point")) from None
    if not (np.isfinite(radius) & (radius >= 0)).all():
        raise InputError(tr("accuracy_m must be finite and at least 0 for every point"))
    return radius


def placed(
    polygons: PolygonIndex, there: Transformer, x: NDArray[np.float64], y: NDArray[np.float64]
) -> Positions:
    """Return where points lie among polygons, many of them about: exactly only where that is asked for."""
    from pyproj.enums import TransformDirection

    # The extent of the polygons in the CRS of the points, and a little more.
    west, south = (float(value) for value in polygons.rings.low.min(axis=0))
    east, north = (float(value) for value in polygons.rings.high.max(axis=0))
    back = TransformDirection.INVERSE
    bounds = there.transform_bounds(west, south, east, north, densify_pts=64, direction=back)
    slack = 0.01 * max(bounds[2] - bounds[0], bounds[3] - bounds[1])
    wider = (bounds[0] - slack, bounds[1] - slack, bounds[2] + slack, bounds[3] + slack)
    return polygons.place(there.transform, wider, x, y)
