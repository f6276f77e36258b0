"""Coordinates as callers give them, and as an index measures them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.crs import require_same_datum
from zjk_gis.engine.arrays import as_coordinates
from zjk_gis.errors import CRSError, InputError
from zjk_gis.words import tr

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from pyproj import CRS, Transformer

__all__ = ["given_coordinates", "in_crs", "transformer"]


def given_coordinates(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return two arrays of coordinates.

    Raises
    ------
    InputError
        If they are no numbers or differ in length.
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
            tr("crs: {given!r} is no coordinate reference system pyproj knows", given=given)
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
